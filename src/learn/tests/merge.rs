use std::collections::BTreeMap;

use data_encoding::HEXLOWER as HEX;
use proptest::prelude::*;

use super::super::*;
use super::{layout, shape, some};
use crate::record::{RecordId, RootKey};

/// Deltas with their blobs.
#[derive(Clone, Default)]
struct World {
    set: Set,
    blobs: BTreeMap<RecordId, Vec<u8>>,
}

fn key(n: usize) -> RootKey {
    RootKey([n as u8 + 1; 32])
}

impl World {
    fn add(
        &mut self,
        author: usize,
        generation: u32,
        seq: u64,
        cites: &[RecordId],
        blob: Vec<u8>,
    ) -> RecordId {
        let mut name = [author as u8, generation as u8, seq as u8].to_vec();
        name.extend(&blob);
        let id = RecordId(*blake3::hash(&name).as_bytes());
        let entry = Entry {
            author: key(author),
            generation,
            seq,
            cites: cites.to_vec(),
            weight: if author == 3 { 1 << 14 } else { 1 << 16 },
            withdrawn: false,
        };
        self.set.insert(id, entry);
        self.blobs.insert(id, blob);
        id
    }

    /// `generations` of deltas by five authors, some of them superseded, each citing all of the generation before.
    fn made(seed: u64, generations: u32) -> Self {
        let layout = layout(Mantissa::Int4);
        let (mut world, mut dice, mut before) = (Self::default(), Dice(seed), Vec::new());
        for generation in 1..=generations {
            let mut now = Vec::new();
            for author in 0..5 {
                for seq in 0..=dice.below(2) as u64 {
                    let blob = some(&layout, dice.next_u64()).encode(&layout);
                    now.push(world.add(author, generation, seq, &before, blob));
                }
            }
            world.set.judge(now[0], key(1), dice.below(9) as i64);
            before = now;
        }
        world
    }

    fn folded(&self, merge: &mut Merge) -> Merged {
        merge.fold(&self.set, |id| self.blobs.get(id).cloned())
    }

    fn merged(&self, profile: Profile) -> Merged {
        self.folded(&mut merge(profile))
    }
}

fn merge(profile: Profile) -> Merge {
    let base: Vec<f32> = (0..21).map(|n| n as f32 / 7.0 - 1.5).collect();
    Merge::new(layout(Mantissa::Int4), profile, &base).unwrap()
}

fn profiles() -> [Profile; 3] {
    let odd = Profile {
        aggregate: Aggregate::TrimmedMean { trim: 1, quorum: 9 },
        momentum: 255,
        clip: 1 << 20,
        ..Profile::FAMILY
    };
    [Profile::FAMILY, Profile::community(5, 0), odd]
}

/// The same on every processor: these are the hashes of theta after four generations under each profile.
#[test]
fn golden_hashes() {
    let world = World::made(46, 4);
    let hashes = profiles().map(|profile| {
        let merged = world.merged(profile);
        assert!(
            merged.waiting.is_empty() && merged.refused.is_empty(),
            "{merged:?}"
        );
        assert_eq!(merged.theta.generation(), 4);
        HEX.encode(&merged.theta.hash())
    });
    assert_eq!(
        hashes,
        [
            "72f02793ae4b4bcd19d5e8c3819bf5fc3f4ae47bd5bb2f647893503530357648",
            "892199a5dc71b23cb21a413913593cc9ff1428d51afb2f90b7603fdfafc429ba",
            "85019d60500a52c0b724413fa6b878f838a477f16acb927d050839a272e5cd09"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any order, any duplicates, any two halves put together, kept steps or none: one theta.
    #[test]
    fn theta_is_a_function_of_the_set(seed: u64, order: u64, stops in proptest::collection::vec(0_usize..40, 0..4)) {
        let whole = World::made(seed, 4);
        let mut dice = Dice(order);
        let mut arrivals: Vec<_> = whole.set.entries().collect();
        arrivals.extend(arrivals.clone());
        dice.shuffle(&mut arrivals);
        for profile in profiles() {
            let expected = whole.merged(profile);
            let mut halves = [Set::default(), Set::default()];
            let (mut arrived, mut kept) = (World { blobs: whole.blobs.clone(), ..World::default() }, merge(profile));
            for (number, (id, entry)) in arrivals.iter().enumerate() {
                arrived.set.insert(**id, (*entry).clone());
                halves[dice.below(2)].insert(**id, (*entry).clone());
                if stops.contains(&number) {
                    arrived.folded(&mut kept);
                }
            }
            arrived.set = Set::default();
            arrived.set.union(&halves[1]);
            arrived.set.union(&halves[0]);
            arrived.set.union(&whole.set);
            let merged = arrived.folded(&mut kept);
            prop_assert_eq!(&merged.theta, &expected.theta);
            prop_assert_eq!(&merged.refused, &expected.refused);
            prop_assert_eq!(&arrived.set, &whole.set);
        }
    }

    /// Blobs that come late, in any order: theta waits and in the end is the same.
    #[test]
    fn blobs_may_come_late(seed: u64, order: u64) {
        let whole = World::made(seed, 3);
        let mut late: Vec<_> = whole.blobs.clone().into_iter().collect();
        Dice(order).shuffle(&mut late);
        for profile in profiles() {
            let (mut world, mut kept) = (World { set: whole.set.clone(), ..World::default() }, merge(profile));
            for (id, blob) in &late {
                let merged = world.folded(&mut kept);
                let generation = merged.theta.generation();
                prop_assert!(merged.waiting.is_empty() == (generation == 3));
                prop_assert!(merged.waiting.iter().all(|id| whole.set.get(id).unwrap().generation == generation + 1));
                world.blobs.insert(*id, blob.clone());
            }
            prop_assert_eq!(world.folded(&mut kept).theta, whole.merged(profile).theta);
        }
    }
}

#[test]
fn one_late_delta_is_one_bucket() {
    let mut world = World::made(7, 6);
    let mut kept = merge(profiles()[1]);
    assert_eq!(world.folded(&mut kept).computed, 6);
    assert_eq!(world.folded(&mut kept).computed, 0);
    let cites: Vec<RecordId> = world
        .set
        .entries()
        .filter(|(_, entry)| entry.generation == 1)
        .map(|(id, _)| *id)
        .collect();
    let blob = some(&layout(Mantissa::Int4), 99).encode(&layout(Mantissa::Int4));
    world.add(5, 2, 0, &cites, blob);
    let merged = world.folded(&mut kept);
    assert_eq!(merged.computed, 1);
    assert_eq!(merged.theta, world.merged(profiles()[1]).theta);
}

/// (Steps of an earlier fold lay behind the first unknown generation, and were taken for known.)
#[test]
fn nothing_is_known_behind_a_missing_blob() {
    let mut world = World::made(7, 4);
    let mut kept = merge(profiles()[0]);
    let before = world.folded(&mut kept);
    let first = world.set.entries().find(|(_, it)| it.generation == 1);
    let cites = [*first.unwrap().0];
    let late = world.add(5, 2, 0, &cites, vec![]);
    world.blobs.remove(&late);
    let merged = world.folded(&mut kept);
    assert_eq!((merged.waiting, merged.theta.generation()), (vec![late], 1));
    assert_eq!(kept.after(1), Some(merged.theta));
    assert_eq!(kept.after(2), None);
    // It turns out to be none: what was kept holds again.
    world.blobs.insert(late, vec![]);
    let merged = world.folded(&mut kept);
    assert_eq!((merged.theta, merged.computed), (before.theta, 1));
}

#[test]
fn the_clock_refuses_who_runs_ahead() {
    let layout = layout(Mantissa::Int4);
    let blob = || some(&layout, 1).encode(&layout);
    let mut world = World::default();
    let first: Vec<RecordId> = (0..3)
        .map(|author| world.add(author, 1, 0, &[], blob()))
        .collect();
    let twice = world.add(0, 1, 1, &[], blob());
    let good = world.add(0, 2, 0, &first, blob());
    // Two deltas of one author are one author.
    let few = world.add(
        1,
        2,
        0,
        &[first[0], twice, first[1], RecordId([9; 32])],
        blob(),
    );
    let gap = world.add(2, 4, 0, &first, blob());
    let after_refused = world.add(3, 3, 0, &[few, good], blob());
    let never = world.add(4, 0, 0, &first, blob());
    let last = world.add(4, u32::MAX, 0, &first, blob());
    let merged = world.merged(Profile {
        judging: None,
        ..Profile::community(5, 0)
    });
    let mut expected = [
        (few, Refusal::Early(2)),
        (gap, Refusal::Early(0)),
        (after_refused, Refusal::Early(1)),
        (never, Refusal::Generation),
        (last, Refusal::Generation),
    ];
    expected.sort_by_key(|(id, _)| *id);
    assert_eq!(merged.refused, expected);
    assert_eq!(merged.theta.generation(), 2);
}

#[test]
fn the_next_generation_waits_for_a_majority() {
    let profile = Profile::community(5, 0);
    let blob = some(&layout(Mantissa::Int4), 1).encode(&layout(Mantissa::Int4));
    let mut world = World::default();
    assert_eq!(world.set.next(&profile), (1, vec![]));
    let mut first = Vec::new();
    for (author, expected) in [(0, 1), (1, 1), (1, 1), (2, 2), (3, 2)] {
        let seq = first.len() as u64;
        first.push(world.add(author, 1, seq, &[], blob.clone()));
        assert_eq!(world.set.next(&profile).0, expected);
    }
    first.sort();
    assert_eq!(world.set.next(&profile).1, first);
    for (author, expected) in [(0, 2), (1, 2), (2, 3)] {
        world.add(author, 2, 0, &first, blob.clone());
        let (generation, cites) = world.set.next(&profile);
        assert_eq!(generation, expected);
        assert_eq!(cites == first, expected == 2);
    }
    let mut merge = merge(profile);
    let merged = world.folded(&mut merge);
    assert_eq!(merge.after(2), Some(merged.theta));
    assert_eq!(merge.after(0).map(|it| it.generation()), Some(0));
    assert_eq!(merge.after(3), None);
}

#[test]
fn a_blob_that_is_none_is_refused_and_the_rest_goes_on() {
    let profile = profiles()[1];
    let mut world = World::made(11, 3);
    let expected = world.merged(profile);
    let bad = world.add(5, 1, 0, &[], b"rubbish".to_vec());
    let merged = world.merged(profile);
    assert_eq!(merged.refused, [(bad, Refusal::Blob(DeltaError::Short))]);
    assert_eq!(merged.theta, expected.theta);
}

#[test]
fn withdrawn_and_weightless_deltas_keep_the_clock() {
    let profile = Profile {
        judging: None,
        ..Profile::community(5, 0)
    };
    let world = World::made(13, 2);
    for change in [
        |it: &mut Entry| it.withdrawn = true,
        |it: &mut Entry| it.weight = 0,
    ] {
        let (mut changed, mut without) = (World::default(), World::default());
        for (id, entry) in world.set.entries() {
            let mut entry = entry.clone();
            if entry.author == key(2) && entry.generation == 1 {
                change(&mut entry);
            } else {
                let mut other = entry.clone();
                other
                    .cites
                    .retain(|it| world.set.get(it).is_some_and(|it| it.author != key(2)));
                without.set.insert(*id, other);
            }
            changed.set.insert(*id, entry);
        }
        (changed.blobs, without.blobs) = (world.blobs.clone(), world.blobs.clone());
        let merged = changed.merged(profile);
        assert!(merged.refused.is_empty());
        assert_eq!(merged.theta, without.merged(profile).theta);
        assert_ne!(merged.theta, world.merged(profile).theta);
    }
}

/// More than half of the roster: three of five judges take a delta's weight, two do not, and nobody alone.
/// A withdrawal that is heard of before or after the delta, or by the other of two nodes, is one.
#[test]
fn a_withdrawal_counts_whenever_it_comes() {
    let world = World::made(3, 2);
    let (id, entry) = world.set.entries().next().unwrap();
    let gone = Entry {
        withdrawn: true,
        ..entry.clone()
    };
    let (mut before, mut after) = (Set::default(), world.set.clone());
    before.insert(*id, gone.clone());
    let alone = before.clone();
    before.union(&world.set);
    after.insert(*id, gone);
    let mut joined = world.set.clone();
    joined.union(&alone);
    assert_eq!(before, after);
    assert_eq!(before, joined);
    assert!(before.get(id).unwrap().withdrawn);
}

#[test]
fn judges_decide_by_their_median() {
    let profile = Profile::community(5, 100);
    let mut world = World::made(17, 2);
    let before = world.merged(profile);
    let ids: Vec<RecordId> = world.set.entries().map(|(id, _)| *id).collect();
    let voter = *ids
        .iter()
        .find(|id| world.set.get(id).unwrap().author == key(4))
        .unwrap();
    let generation = world.set.get(&voter).unwrap().generation;
    // Whatever its seq: both are judged.
    let both: Vec<RecordId> = ids
        .into_iter()
        .filter(|id| {
            world
                .set
                .get(id)
                .is_some_and(|it| it.author == key(4) && it.generation == generation)
        })
        .collect();
    for (judge, loss) in [(0, 101), (0, 5_000), (1, 101), (2, 100)] {
        both.iter()
            .for_each(|id| world.set.judge(*id, key(judge), loss));
        assert_eq!(world.merged(profile).theta, before.theta);
    }
    both.iter().for_each(|id| world.set.judge(*id, key(3), 101));
    let merged = world.merged(profile);
    assert_eq!(merged.refused.len(), 1);
    assert_eq!(merged.refused[0].1, Refusal::Harmful);
    assert_ne!(merged.theta, before.theta);
}

/// What leave-one-out says is what a fold without that delta says.
#[test]
fn leave_one_out_is_a_fold_without_it() {
    let profile = Profile {
        judging: None,
        ..Profile::community(5, 0)
    };
    let world = World::made(19, 3);
    let blob = |id: &RecordId| world.blobs.get(id).cloned();
    let measure = |theta: &Weights| theta.units()[5];
    let losses = merge(profile).leave_one_out(&world.set, 3, blob, measure);
    assert_eq!(losses.len(), 5);
    let with = measure(&world.merged(profile).theta);
    for (id, loss) in losses {
        let mut muted = World::default();
        for (other, entry) in world.set.entries() {
            let mut entry = entry.clone();
            let own = world.set.get(&id).unwrap();
            if (entry.author, entry.generation) == (own.author, own.generation) {
                entry.weight = 0;
            }
            muted.set.insert(*other, entry);
        }
        muted.blobs = world.blobs.clone();
        assert_eq!(loss, with - measure(&muted.merged(profile).theta));
    }
    assert!(
        merge(profile)
            .leave_one_out(&world.set, 4, blob, measure)
            .is_empty()
    );
    assert!(
        merge(profile)
            .leave_one_out(&world.set, 0, blob, measure)
            .is_empty()
    );
}

/// Hand-made numbers, in units of 2^-24: one parameter, so that each rule can be checked by eye.
#[test]
fn the_steps_by_hand() {
    let layout = Layout::new(vec![shape(1, 1)], Mantissa::Int8).unwrap();
    let step = |profile: Profile, votes: &[(i8, u8, u32, u32)]| {
        let (mut set, mut blobs) = (Set::default(), BTreeMap::new());
        for (author, (mantissa, exponent, samples, weight)) in votes.iter().enumerate() {
            let delta = Delta::new(&layout, *samples, vec![*exponent], vec![*mantissa]).unwrap();
            let entry = Entry {
                author: key(author),
                generation: 1,
                seq: 0,
                cites: vec![],
                weight: *weight,
                withdrawn: false,
            };
            let id = RecordId([author as u8; 32]);
            set.insert(id, entry);
            blobs.insert(id, delta.encode(&layout));
        }
        let mut merge = Merge::new(layout.clone(), profile, &[0.0]).unwrap();
        merge.fold(&set, |id| blobs.get(id).cloned()).theta.units()[0]
    };
    let full = 1 << 16;
    // (3 * 1 + 4 * 2) / 3 = 3.67; halves go up: 3.5 is 4, -3.5 is -3.
    assert_eq!(
        step(Profile::FAMILY, &[(3, 24, 1, full), (4, 24, 2, full)]),
        4
    );
    assert_eq!(
        step(Profile::FAMILY, &[(3, 24, 1, full), (4, 24, 1, full)]),
        4
    );
    assert_eq!(
        step(Profile::FAMILY, &[(-3, 24, 1, full), (-4, 24, 1, full)]),
        -3
    );
    // Nobody has samples: no step.
    assert_eq!(step(Profile::FAMILY, &[(3, 24, 0, full)]), 0);
    // 100 is clipped to 1.5 times the lower median 10: 15. A mean of 12.5 is 13.
    assert_eq!(
        step(Profile::FAMILY, &[(10, 24, 1, full), (100, 24, 1, full)]),
        13
    );
    // C_max: one alone, 2^-24 of 100 to 7. The ratio is rounded down: 100 * floor(7 * 2^16 / 100) / 2^16 = 6.9995.
    assert_eq!(
        step(
            Profile {
                clip: 7,
                ..Profile::FAMILY
            },
            &[(100, 24, 1, full)]
        ),
        7
    );
    let robust = |trim, quorum| Profile {
        aggregate: Aggregate::TrimmedMean { trim, quorum },
        ..Profile::FAMILY
    };
    // Sorted 1, 5, 6, 7, 9: without the ends 6. Samples do not count.
    let five = [
        (5, 24, 9, full),
        (9, 24, 1, full),
        (1, 24, 1, full),
        (6, 24, 1, full),
        (7, 24, 1, full),
    ];
    assert_eq!(step(robust(1, 0), &five), 6);
    // One alone among three: its neighbours vote zero.
    assert_eq!(step(robust(1, 0), &[(100, 24, 1, full)]), 0);
    // A quorum of ten: five zeros more. 0 0 0 0 0 1 5 6 7 9 without ends: 19 / 8 = 2.4.
    assert_eq!(step(robust(1, 10), &five), 2);
    // Two who share one weight are one: 4 4 (half each) and 8 and 9, one full weight off each end: 8.
    assert_eq!(
        step(
            robust(1, 0),
            &[
                (4, 24, 1, full / 2),
                (4, 24, 1, full / 2),
                (8, 24, 1, full),
                (6, 24, 1, full)
            ]
        ),
        6
    );
}

/// The largest numbers that the limits allow, in all places: no sum overflows (debug builds check).
#[test]
fn the_largest_numbers_fit() {
    let layout = Layout::new(vec![shape(1, 2)], Mantissa::Int8).unwrap();
    let blob = |m: i8| {
        Delta::new(&layout, limits::SAMPLES, vec![0], vec![m, m])
            .unwrap()
            .encode(&layout)
    };
    let blobs = [blob(127), blob(-127)];
    for profile in [
        Profile::FAMILY,
        Profile {
            aggregate: Aggregate::TrimmedMean {
                trim: 0,
                quorum: u16::MAX,
            },
            ..Profile::FAMILY
        },
    ] {
        let profile = Profile {
            clip: u64::MAX,
            momentum: 255,
            ..profile
        };
        let (mut set, mut authors) = (Set::default(), BTreeMap::new());
        for author in 0..10_001_u32 {
            let mut name = [0; 32];
            name[..4].copy_from_slice(&author.to_be_bytes());
            let entry = Entry {
                author: RootKey(name),
                generation: 1,
                seq: u64::MAX,
                cites: vec![],
                weight: u32::MAX,
                withdrawn: false,
            };
            set.insert(RecordId(name), entry);
            authors.insert(RecordId(name), usize::from(author % 5_000 == 4_999));
        }
        let mut merge = Merge::new(layout.clone(), profile, &[-32_767.0, 32_767.0]).unwrap();
        let merged = merge.fold(&set, |id| Some(blobs[authors[id]].clone()));
        assert_eq!(merged.refused.len(), 1);
        assert_eq!(merged.refused[0].1, Refusal::Crowd);
        assert!(merged.theta.units()[0] > Weights::base(&[-32_767.0]).unwrap().units()[0]);
    }
}

#[test]
fn a_base_is_exact_or_refused() {
    let theta = Weights::base(&[0.5, -1.25, 1e-30, 3.0e-8]).unwrap();
    assert_eq!(theta.units(), [1 << 23, -5 << 22, 0, 1]);
    assert_eq!(theta.weights(), [0.5, -1.25, 0.0, 1.0 / 16_777_216.0]);
    for bad in [f32::NAN, f32::INFINITY, 32_768.0, -1e9] {
        assert_eq!(Weights::base(&[0.0, bad]), Err(BaseError::Weight(1)));
    }
    let short = Merge::new(layout(Mantissa::Int4), Profile::FAMILY, &[0.0; 20]);
    assert_eq!(
        short.err(),
        Some(BaseError::Lengths {
            there: 20,
            wanted: 21
        })
    );
}
