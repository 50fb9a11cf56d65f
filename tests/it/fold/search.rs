//! All histories up to a size, in a small world: what no test of single cases would have thought of.
//!
//! A move is a writer, something to say and what the writer has seen (everything, or only genesis and the own
//! feed). A history is extended move by move; one whose last record was refused or waits is looked at
//! and not extended, because refusal is for ever and what is refused has no effect (which is checked).
//! `OKIBI_FOLD_DEPTH` asks for longer histories than the default.

use std::collections::BTreeSet;

use okibi::fold::testing::{Draft, World, admit, readmit, suspend};
use okibi::fold::{State, evaluate, membership};
use okibi::record::{Body, FeedKey, Policy, RecordId, RootKey};

fn depth(default: usize) -> usize {
    let asked = std::env::var("OKIBI_FOLD_DEPTH").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Say {
    Admit(usize),
    /// Suspends a root with nothing, or everything so far, within the cut.
    Suspend(usize, bool),
    AddAdmin(usize),
    /// Endorses the record so many back.
    Endorse(usize),
    Lift,
    Readmit,
    /// Opens the own feed a second time.
    Fork(usize),
    Policy,
}

#[derive(Debug, Clone, Copy)]
struct Move {
    /// Root and device.
    writer: (usize, usize),
    say: Say,
    blind: bool,
}

struct Small {
    admins: usize,
    moves: Vec<Move>,
}

struct Played {
    world: World,
    roots: Vec<RootKey>,
    last: Option<RecordId>,
}

impl Small {
    fn new(admins: usize, writers: &[(usize, usize)], say: &[Say]) -> Self {
        let mut moves = Vec::new();
        for &writer in writers {
            for &say in say {
                for blind in [false, true] {
                    moves.push(Move { writer, say, blind });
                }
            }
        }
        Self { admins, moves }
    }

    /// Plays moves; none if one of them makes no sense there.
    fn play(&self, moves: &[Move]) -> Option<Played> {
        let mut world = World::new(false);
        let roots: Vec<RootKey> = (0..5).map(|n| world.root(n)).collect();
        let founder = world.device(0, 0);
        let policy = Policy {
            invitations: 1,
            ..Policy::default()
        };
        let genesis = world.found(founder, &roots[..self.admins], policy);
        let mut said: Vec<(RecordId, Say)> = Vec::new();
        for step in moves {
            let feed = world.device(step.writer.0, step.writer.1);
            let mut draft = draft(&mut world, &roots, &said, feed, step.say, genesis)?;
            if step.blind {
                draft = draft.seen(&[genesis]);
            }
            said.push((world.add(draft), step.say));
        }
        Some(Played {
            last: said.last().map(|(id, _)| *id),
            world,
            roots,
        })
    }

    fn search(&self, depth: usize, look: &mut dyn FnMut(&Played, &State)) -> u64 {
        let mut count = 0;
        let mut stack: Vec<Vec<Move>> = vec![Vec::new()];
        while let Some(moves) = stack.pop() {
            for step in &self.moves {
                let mut longer = moves.clone();
                longer.push(*step);
                let Some(played) = self.play(&longer) else {
                    continue;
                };
                count += 1;
                let (membership, state) = played.world.evaluate();
                look(&played, &state);
                let last = played.last.unwrap();
                let refused = match state.without_effect.get(&last) {
                    Some(code) => *code != "votes" && *code != "replaced",
                    None => !membership.records.contains(&last),
                };
                let forked = !membership.forks.is_empty();
                if refused && !forked {
                    let (_, before) = evaluate(&played.world.without(&[last]));
                    let mut without = state.clone();
                    without.without_effect.remove(&last);
                    for (root, member) in &mut without.members {
                        // That a feed was written in at all shows.
                        if let Some(old) = before.members.get(root) {
                            member.feeds.clone_from(&old.feeds);
                            member.open.clone_from(&old.open);
                        }
                    }
                    assert_eq!(without, before, "refused with an effect: {longer:?}");
                } else if longer.len() < depth {
                    stack.push(longer);
                }
            }
        }
        count
    }
}

fn draft(
    world: &mut World,
    roots: &[RootKey],
    said: &[(RecordId, Say)],
    feed: FeedKey,
    say: Say,
    genesis: RecordId,
) -> Option<Draft> {
    let suspension = || {
        let mut back = said.iter().rev();
        back.find_map(|(id, say)| match say {
            Say::Suspend(whom, _) => Some((*id, *whom)),
            _ => None,
        })
    };
    Some(match say {
        Say::Admit(whom) => Draft::new(feed, &admit(roots[whom])),
        Say::Suspend(whom, all) => {
            let mut cut = Vec::new();
            for device in 0..2 {
                let theirs = world.device(whom, device);
                cut.extend(world.of_feed(theirs).last().copied().filter(|_| all));
            }
            Draft::new(feed, &suspend(roots[whom])).cut(&cut)
        }
        Say::AddAdmin(whom) => Draft::new(feed, &Body::AddAdmin { root: roots[whom] }),
        Say::Endorse(back) => {
            let (target, _) = *said.get(said.len().checked_sub(back)?)?;
            Draft::new(feed, &Body::Endorse { target })
        }
        Say::Lift => {
            let (suspension, _) = suspension()?;
            Draft::new(feed, &Body::Lift { suspension })
        }
        Say::Readmit => {
            let (suspension, whom) = suspension()?;
            let theirs = world.device(whom, 0);
            Draft::new(feed, &readmit(roots[whom], &[suspension], &[theirs]))
        }
        Say::Fork(whom) => {
            if world.of_feed(feed).is_empty() || world.of_feed(feed)[0] == genesis {
                return None;
            }
            Draft::new(feed, &admit(roots[whom])).first()
        }
        Say::Policy => {
            let policy = Policy {
                invitations: 9,
                quorum: 1,
                ..Policy::default()
            };
            let replaces = genesis;
            Draft::new(feed, &Body::Policy { replaces, policy })
        }
    })
}

/// Two admins and two others, everybody does anything: nobody decides without a right, and the set of a part
/// of the records is a part of the set.
#[test]
fn nobody_decides_without_a_right_and_arrival_never_matters() {
    let say = [
        Say::Admit(2),
        Say::Admit(3),
        Say::Suspend(0, false),
        Say::Suspend(2, true),
        Say::AddAdmin(2),
        Say::Endorse(1),
        Say::Endorse(2),
        Say::Lift,
        Say::Readmit,
        Say::Fork(3),
    ];
    let small = Small::new(2, &[(0, 0), (1, 0), (2, 0), (3, 0)], &say);
    let mut turn = 0;
    let count = small.search(depth(3), &mut |played, state| {
        let all = membership(&played.world.history());
        // Whoever is a member got there by a chain of sponsors from genesis, each of them a member.
        for (root, member) in &state.members {
            let mut sponsor = member.sponsor;
            let mut seen = BTreeSet::from([*root]);
            while !played.roots[..2].contains(&sponsor) {
                assert!(seen.insert(sponsor), "sponsors in a circle");
                sponsor = state.members[&sponsor].sponsor;
            }
        }
        // What outsiders write changes nothing.
        let outsiders: Vec<RecordId> = played
            .world
            .records
            .iter()
            .filter(|record| {
                let owner = played.world.owner(record.value().feed);
                !state.members.contains_key(&owner)
            })
            .map(|record| record.id())
            .collect();
        let voided = state.members.len() < played.roots.len()
            && state.without_effect.values().any(|code| *code == "beyond");
        if !outsiders.is_empty() && !voided && all.forks.is_empty() {
            let (_, without) = evaluate(&played.world.without(&outsiders));
            assert_eq!(without.members, state.members);
            assert_eq!(without.policy, state.policy);
        }
        // Each history is tried with one record that has not arrived; which one goes round.
        turn += 1;
        let record = &played.world.records[turn % played.world.records.len()];
        let part = membership(&played.world.without(&[record.id()]));
        for id in part.records.difference(&all.records) {
            let record = played.world.records.iter().find(|r| r.id() == *id);
            let record = record.unwrap().value();
            let fork = all.forks.iter().find(|fork| fork.0 == record.feed);
            assert!(fork.is_some_and(|fork| fork.1 <= record.height));
        }
    });
    println!("{count} histories");
}

/// One of three admins and his guests against the two others, who say nothing until it is over: they stay
/// admins, nothing they decided moves, and then two records end it.
#[test]
fn fewer_than_a_majority_of_admins_lock_nobody_out() {
    let say = [
        Say::Admit(3),
        Say::Suspend(1, false),
        Say::Suspend(2, true),
        Say::AddAdmin(3),
        Say::Endorse(1),
        Say::Endorse(2),
        Say::Readmit,
        Say::Fork(4),
        Say::Policy,
    ];
    let small = Small::new(3, &[(0, 0), (0, 1), (3, 0)], &say);
    let count = small.search(depth(3), &mut |played, state| {
        let honest = &played.roots[1..3];
        let founders: BTreeSet<RootKey> = played.roots[..3].iter().copied().collect();
        let admins: BTreeSet<RootKey> = state.admins().copied().collect();
        assert!(honest.iter().all(|root| admins.contains(root)));
        assert!(admins.is_subset(&founders));
        assert_eq!(state.policy_head, RecordId::from(state.circle));

        let mut after = played.world.history();
        let others = verdict(played);
        for record in others.records {
            after.add_record(record);
        }
        for statement in others.statements {
            after.add_statement(statement);
        }
        let (_, ended) = evaluate(&after);
        assert!(!ended.is_active(&played.roots[0]));
        assert_eq!(ended.admins().count(), 2);
        assert_eq!(ended.active().count(), 2, "the guests are gone too");
    });
    println!("{count} histories");
}

/// The two others suspend the first, having seen nothing but genesis.
fn verdict(played: &Played) -> World {
    let mut world = World::new(false);
    let genesis = RecordId::from(played.world.circle);
    let roots: Vec<RootKey> = (0..5).map(|n| world.root(n)).collect();
    let founder = world.device(0, 0);
    let policy = Policy {
        invitations: 1,
        ..Policy::default()
    };
    assert_eq!(world.found(founder, &roots[..3], policy), genesis);
    let (one, two) = (world.device(1, 0), world.device(2, 0));
    let suspension = world.add(Draft::new(one, &suspend(roots[0])).seen(&[genesis]));
    let endorsement = Body::Endorse { target: suspension };
    world.add(Draft::new(two, &endorsement).seen(&[suspension]));
    world
}
