//! How long a full rebuild takes. Nothing here asserts a time; the numbers are in `docs/circles.md`.

use std::time::Duration;

use okibi::fold::testing::random::Dice;
use okibi::fold::testing::{Draft, World, admit};
use okibi::fold::{evaluate, evaluate_and_keep, fold, membership};
use okibi::record::{Body, FeedKey, Policy, RecordId};

/// A stopwatch over this thread's time on a processor, so that a busy machine does not show.
struct Watch(Duration);

impl Watch {
    fn start() -> Self {
        Self(Self::now())
    }

    fn now() -> Duration {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let spent = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
        Duration::from_nanos(spent.unwrap_or(0))
    }

    fn elapsed(&self) -> Duration {
        Self::now() - self.0
    }
}

/// A circle of 40 members with `authority` authority records and `ordinary` documents.
fn grown(authority: usize, ordinary: usize) -> World {
    let mut world = World::new(false);
    let mut dice = Dice(1);
    let roots: Vec<_> = (0..40).map(|n| world.root(n)).collect();
    let feeds: Vec<FeedKey> = (0..40).map(|n| world.device(n, 0)).collect();
    let genesis = world.found(feeds[0], &roots[..3], Policy::default());
    for root in &roots[3..] {
        world.admit(feeds[0], *root);
    }
    let mut proposals = vec![genesis];
    for _ in 0..authority.saturating_sub(38) {
        let feed = feeds[dice.below(40)];
        let some = proposals[dice.below(proposals.len())];
        let id = match dice.below(6) {
            0 => world.admit(feed, roots[dice.below(40)]),
            1 => world.suspend(feed, roots[3 + dice.below(37)], &[]),
            2 => world.write(feed, &Body::Merge),
            3 => world.write(
                feed,
                &Body::Vote {
                    subject: some,
                    choice: 1,
                },
            ),
            _ => world.endorse(feed, some),
        };
        proposals.push(id);
    }
    for n in 0..ordinary {
        world.document(feeds[dice.below(40)], &format!("document {n}"));
    }
    world
}

#[test]
#[ignore = "prints timings; run it alone, optimised"]
fn rebuild() {
    for (authority, ordinary) in [(1_000, 0), (1_000, 10_000), (1_000, 99_000), (3_000, 7_000)] {
        let history = grown(authority, ordinary).history();
        let start = Watch::start();
        let found = membership(&history);
        let sifted = start.elapsed();
        let state = fold(&history, &found);
        let folded = start.elapsed() - sifted;
        let start = Watch::start();
        let both = evaluate(&history);
        let both_time = start.elapsed();
        assert_eq!(both.1, state);
        let start = Watch::start();
        state.state_hash();
        println!(
            "{authority} authority, {ordinary} ordinary: membership {sifted:?}, fold {folded:?}, both \
             {both_time:?}, state hash {:?}, {} members, {} active",
            start.elapsed(),
            state.members.len(),
            state.active().count(),
        );
    }
}

/// What one more admission costs in a circle that one admin filled, with what is known of the others' permissions and
/// without.
#[test]
#[ignore = "prints timings; run it alone, optimised"]
fn one_more_member() {
    for count in [1_000, 3_000, 9_000] {
        let mut world = World::new(false);
        let founder = world.root(0);
        let feed = world.device(0, 0);
        world.found(feed, &[founder], Policy::default());
        for n in 1..count {
            let root = world.root(n);
            world.admit(feed, root);
        }
        let (_, _, known) = evaluate_and_keep(&world.history());
        let root = world.root(count);
        world.admit(feed, root);
        let mut history = world.history();
        let start = Watch::start();
        let (membership, state, _) = evaluate_and_keep(&history);
        let anew = start.elapsed();
        let bytes = known.encode().len();
        history.know(known);
        let start = Watch::start();
        let again = evaluate_and_keep(&history);
        let knowing = start.elapsed();
        assert_eq!((&again.0, &again.1), (&membership, &state));
        println!("{count} members: {anew:?}, knowing {knowing:?}; {bytes} bytes are kept");
    }
}

/// Something to say about genesis, the `n`th time.
type Say = fn(&mut World, RecordId, usize) -> Body;

/// One member's key floods the circle with whatever a member may say.
#[test]
#[ignore = "prints timings; run it alone, optimised"]
fn flood() {
    let bodies: [(&str, Say); 4] = [
        ("endorsements", |_, target, _| Body::Endorse { target }),
        ("suspensions", |world, _, n| Body::Suspend {
            root: world.root(n % 3),
            reason: String::new(),
        }),
        ("votes", |_, subject, n| Body::Vote {
            subject,
            choice: n as u64,
        }),
        ("admissions", |world, _, n| admit(world.root(1_000 + n))),
    ];
    for (name, body) in bodies {
        for count in [1_000, 4_000] {
            let mut world = grown(41, 0);
            let genesis = RecordId::from(world.circle);
            let feed = world.device(5, 1);
            let tip = world.merge(feed);
            for n in 0..count {
                let body = body(&mut world, genesis, n);
                world.add(Draft::new(feed, &body).seen(&[tip]));
            }
            let history = world.history();
            let start = Watch::start();
            let (membership, _) = evaluate(&history);
            println!(
                "{count} {name}: {:?}, {} records",
                start.elapsed(),
                membership.records.len()
            );
        }
    }
}
