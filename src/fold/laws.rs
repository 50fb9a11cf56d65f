//! The laws of the merge, on random histories. `OKIBI_FOLD_SEEDS` asks for more than the default.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::rules::Rules;
use super::testing::World;
use super::testing::random::{Dice, crowd, history};
use super::*;
use crate::record::RecordId;

const ROOTS: usize = 8;
const RECORDS: usize = 60;

fn seeds(default: u64) -> std::ops::Range<u64> {
    let asked = std::env::var("OKIBI_FOLD_SEEDS").ok();
    0..asked.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The histories of some seeds: plain ones, and those in which members crowd.
fn worlds(seeds: std::ops::Range<u64>) -> impl Iterator<Item = (String, World)> {
    seeds.flat_map(|seed| {
        [
            (format!("{seed}"), history(seed, ROOTS, RECORDS)),
            (format!("crowd {seed}"), crowd(seed, ROOTS + 2, RECORDS)),
        ]
    })
}

fn pool(world: &World, keep: impl Fn(&RecordId) -> bool) -> History {
    let mut pool = History::with_shares(world.circle, world.shares);
    for statement in &world.statements {
        pool.add_statement(statement.clone());
    }
    for record in world.records.iter().filter(|record| keep(&record.id())) {
        pool.add_record(record.clone());
    }
    pool
}

/// A number of its own for each history.
fn blake(name: &str) -> u64 {
    let hash = blake3::hash(name.as_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap())
}

/// What is permitted, by record.
fn permissions(history: &History) -> BTreeMap<RecordId, bool> {
    let graph = Graph::new(history);
    let rules = Rules::new(&graph);
    let nodes = 0..graph.nodes.len() as u32;
    nodes
        .map(|node| (graph.record_of(node).id, rules.permitted(node)))
        .collect()
}

#[test]
fn permission_never_changes_and_membership_only_grows() {
    for (seed, world) in worlds(seeds(150)) {
        let (all, _) = world.evaluate();
        let permitted = permissions(&world.history());
        let forked: BTreeMap<_, _> = all.forks.iter().map(|fork| (fork.0, fork.1)).collect();
        let mut dice = Dice(blake(&seed) ^ 0xfeed);
        for share in [30, 60, 90] {
            let chosen: BTreeSet<RecordId> = world
                .records
                .iter()
                .map(|record| record.id())
                .filter(|_| dice.chance(share))
                .collect();
            let part = pool(&world, |id| chosen.contains(id));
            for (id, was) in permissions(&part) {
                assert_eq!(permitted.get(&id), Some(&was), "{seed}: {id}");
            }
            for id in membership(&part).records.difference(&all.records) {
                let record = world.records.iter().find(|record| record.id() == *id);
                let record = record.unwrap().value();
                // Only a fork found later takes a record out again, and who comes before its root or feed. It
                // stays a candidate.
                let fork = forked.get(&record.feed).copied();
                let lacks = all.waiting[id].iter().collect::<Vec<_>>();
                let fits = match lacks[..] {
                    [Lack::Branch] => fork.is_some_and(|height| height <= record.height),
                    [Lack::Feeds | Lack::Seat] => world.shares != Shares::default(),
                    _ => false,
                };
                assert!(fits, "{seed}: {id} lacks {lacks:?}");
            }
        }
    }
}

/// Permissions kept from any part of a pool, through their bytes, change nothing in an evaluation of the whole, or of
/// another part; and they are what the whole comes to by itself.
#[test]
fn kept_permissions_change_nothing() {
    for seed in seeds(80) {
        let world = history(seed, ROOTS, RECORDS);
        let mut dice = Dice(seed ^ 0xcace);
        for share in [20, 50, 80, 100] {
            let chosen: BTreeSet<RecordId> = world
                .records
                .iter()
                .map(|record| record.id())
                .filter(|_| dice.chance(share))
                .collect();
            let (_, _, kept) = evaluate_and_keep(&pool(&world, |id| chosen.contains(id)));
            let kept = Permissions::decode(&kept.encode()).expect("what was written reads");
            let (mut plain, mut knowing) = (world.history(), world.history());
            if share == 100 {
                // What was dropped since is known and not at hand.
                let rest: BTreeSet<RecordId> =
                    chosen.into_iter().filter(|_| dice.chance(60)).collect();
                plain = pool(&world, |id| rest.contains(id));
                knowing = plain.clone();
            }
            knowing.know(kept);
            assert_eq!(
                evaluate_and_keep(&knowing),
                evaluate_and_keep(&plain),
                "seed {seed}, {share} of 100"
            );
        }
    }
}

/// What was judged once is not folded again: of a pool that grew, only what is new is judged.
#[test]
fn only_what_is_new_is_judged() {
    let world = history(3, ROOTS, RECORDS);
    let half: BTreeSet<RecordId> = world
        .records
        .iter()
        .map(|it| it.id())
        .take(RECORDS / 5)
        .collect();
    let (_, _, kept) = evaluate_and_keep(&pool(&world, |id| half.contains(id)));
    let (_, _, all) = evaluate_and_keep(&world.history());
    for (known, judged) in [
        (Permissions::default(), all.len()),
        (kept.clone(), all.len() - kept.len()),
        (all.clone(), 0),
    ] {
        let mut history = world.history();
        history.know(known);
        assert_eq!(Rules::new(&Graph::new(&history)).judged, judged);
    }
    assert!(
        kept.len() > 3 && all.len() > kept.len() + 3,
        "{} of {}",
        kept.len(),
        all.len()
    );
}

/// A cache that was damaged is no cache; nothing in it makes an evaluation fail.
#[test]
fn damaged_permissions_do_not_read_or_are_judged_again() {
    let world = history(7, ROOTS, RECORDS);
    let (_, _, kept) = evaluate_and_keep(&world.history());
    let bytes = kept.encode();
    assert!(kept.len() > 20, "{}", kept.len());
    let mut dice = Dice(1);
    for _ in 0..2_000 {
        let mut bytes = bytes.clone();
        let at = dice.below(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
        if let Some(other) = Permissions::decode(&bytes) {
            let mut history = world.history();
            history.know(other);
            evaluate(&history);
        }
        bytes.truncate(at);
        assert_eq!(Permissions::decode(&bytes), None);
    }
}

#[test]
fn any_order_duplication_and_batching_gives_one_set_and_one_state() {
    for (seed, world) in worlds(seeds(40)) {
        let (all, state) = world.evaluate();
        let evidence: BTreeSet<RecordId> = all.evidence().collect();
        let mut dice = Dice(blake(&seed) ^ 0xabcd);
        for round in 0..3 {
            let mut order: Vec<usize> = (0..world.records.len()).collect();
            dice.shuffle(&mut order);
            let mut node = History::with_shares(world.circle, world.shares);
            let mut statements = world.statements.clone();
            dice.shuffle(&mut statements);
            let mut at = 0;
            let give = |node: &mut History, at: usize| {
                node.add_record(world.records[order[at]].clone());
            };
            while at < order.len() {
                // One at a time in the first round, in batches in the others; some arrive twice.
                let batch = if round == 0 { 1 } else { 1 + dice.below(20) };
                for _ in 0..batch {
                    if at < order.len() {
                        give(&mut node, at);
                        if dice.chance(20) {
                            give(&mut node, at / 2);
                        }
                        at += 1;
                    }
                }
                if let Some(statement) = statements.pop() {
                    node.add_statement(statement);
                }
                // The store drops branches that nothing reaches, but for the evidence.
                let found = membership(&node);
                node = forget_branches(node, &found);
            }
            for statement in statements {
                node.add_statement(statement);
            }
            // What it dropped before it knew better is sent again by whoever holds it.
            for record in &world.records {
                if all.records.contains(&record.id()) || evidence.contains(&record.id()) {
                    node.add_record(record.clone());
                }
            }
            let (found, folded) = evaluate(&node);
            assert_eq!(found.set_hash, all.set_hash, "{seed}, round {round}");
            assert_eq!(found.frontier, all.frontier, "{seed}, round {round}");
            assert_eq!(folded, state, "{seed}, round {round}");
            assert_eq!(folded.state_hash(), state.state_hash());
        }
    }
}

fn forget_branches(node: History, found: &Membership) -> History {
    let mut kept = History::with_shares(node.circle, node.shares);
    for statement in node.statements.values() {
        kept.add_statement(statement.clone());
    }
    for (id, record) in &node.records {
        if !found.may_drop(id) {
            kept.add_record(record.clone());
        }
    }
    kept
}

#[test]
fn the_set_and_its_evidence_give_the_set_again() {
    for (seed, world) in worlds(seeds(150)) {
        let (all, state) = world.evaluate();
        let evidence: BTreeSet<RecordId> = all.evidence().collect();
        let mut alone = History::with_shares(world.circle, world.shares);
        for statement in &world.statements {
            if all.statements.contains(&statement.id()) {
                alone.add_statement(statement.clone());
            }
        }
        for record in &world.records {
            if all.records.contains(&record.id()) || evidence.contains(&record.id()) {
                alone.add_record(record.clone());
            }
        }
        let (again, folded) = evaluate(&alone);
        assert_eq!(again.records, all.records, "{seed}");
        assert_eq!(again.set_hash, all.set_hash, "{seed}");
        assert_eq!(folded, state, "{seed}");
        assert_eq!(State::decode(&state.encode()), Some(state));
    }
}

/// Whatever a store dropped of what is not in the set, it has the same set. Else two nodes that dropped different things
/// would disagree for ever, since neither asks for what is in nobody's set.
#[test]
fn anything_between_the_set_and_the_pool_gives_the_set() {
    for (seed, world) in worlds(seeds(150)) {
        let (all, state) = world.evaluate();
        let evidence: BTreeSet<RecordId> = all.evidence().collect();
        let mut dice = Dice(blake(&seed) ^ 0x5a4d);
        for share in [25, 75] {
            let dropped: BTreeSet<RecordId> = all
                .waiting
                .keys()
                .filter(|id| !evidence.contains(*id) && dice.chance(share))
                .copied()
                .collect();
            let (found, folded) = evaluate(&pool(&world, |id| !dropped.contains(id)));
            assert_eq!(found.records, all.records, "{seed}");
            assert_eq!(found.set_hash, all.set_hash, "{seed}");
            assert_eq!(folded, state, "{seed}");
        }
    }
}

/// The crowds must crowd: unseated guests, feeds over the limit, forks that do not matter.
#[test]
fn crowds_meet_the_shares() {
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..100 {
        let world = crowd(seed, ROOTS + 2, RECORDS);
        let (all, state) = world.evaluate();
        let lacks: BTreeSet<&Lack> = all.waiting.values().flatten().collect();
        let roots: BTreeSet<_> = all.shares.iter().map(|it| it.0).collect();
        let admins = state.admins().count();
        let mut note = |name, happened: bool| {
            *met.entry(name).or_default() += usize::from(happened);
        };
        note("branch", lacks.contains(&Lack::Branch));
        note("feeds", lacks.contains(&Lack::Feeds));
        note("seat", lacks.contains(&Lack::Seat));
        note("guests", roots.len() > admins + 2);
        // Two siblings in a feed whose fork nobody needs to know.
        let known: BTreeSet<_> = all.forks.iter().map(|fork| fork.0).collect();
        let idle = |id: &RecordId| {
            let lacks = all
                .waiting
                .get(id)
                .map(|lacks| lacks.iter().collect::<Vec<_>>());
            matches!(lacks.as_deref(), Some([Lack::Seat | Lack::Feeds]))
        };
        let waiting = world.records.iter().map(|it| (it.id(), it.value()));
        let mut places = std::collections::HashSet::new();
        let sibling = waiting.filter(|(id, _)| idle(id)).any(|(_, it)| {
            !places.insert((it.feed, it.height, it.previous)) && !known.contains(&it.feed)
        });
        note("idle fork", sibling);
    }
    println!("{met:?}");
    assert!(
        met.len() == 5 && met.values().all(|count| *count > 10),
        "{met:?}"
    );
}

/// What the generator makes must meet the rules, or the laws above say little.
#[test]
fn random_histories_meet_every_rule() {
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..150 {
        let world = history(seed, ROOTS, RECORDS);
        let (all, state) = world.evaluate();
        for code in state.without_effect.values() {
            *met.entry(code).or_default() += 1;
        }
        let mut note = |name, happened: bool| {
            *met.entry(name).or_default() += usize::from(happened);
        };
        note("+fork", !all.forks.is_empty());
        note("+waiting", !all.waiting.is_empty());
        note("+newer", state.newer());
        note("+policy", state.policy_head != RecordId::from(state.circle));
        note("+pointer", !state.pointers.is_empty());
        note("+vote", !state.votes.is_empty());
        note("+withdrawn", !state.withdrawn.is_empty());
        let suspended = |admin: bool| {
            let members = state.members.values();
            members.filter(|m| m.suspension.is_some()).count() > usize::from(admin)
        };
        note("+suspended", suspended(false));
        note("+members", state.members.len() > 4);
        note("+admins", state.admins().count() > 2);
    }
    println!("{met:?}");
    let rare: Vec<_> = super::build::CODES
        .into_iter()
        .filter(|code| met.get(code).is_none_or(|count| *count == 0))
        .collect();
    assert!(rare.is_empty(), "never met: {rare:?} of {met:?}");
    assert!(met.values().all(|count| *count > 0), "{met:?}");
}
