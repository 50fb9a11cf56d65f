//! The merge of 225 deltas with 2,410 parameters each: from nothing, and after one late delta.

use std::collections::BTreeMap;

use okibi::learn::{
    Delta, Dice, Entry, Layout, Mantissa, Merge, Mlp, Profile, Residual, Set, quantize,
};
use okibi::record::{RecordId, RootKey};

const AUTHORS: u32 = 10;
const DELTAS: u32 = 225;

/// Deltas as large as real ones: most numbers are small, and half of the inputs' rows are zero.
fn lineage() -> (Layout, Set, BTreeMap<RecordId, Vec<u8>>) {
    let layout = Layout::new(Mlp::new(&[64, 32, 10]).shapes(), Mantissa::Int4).unwrap();
    let (mut set, mut blobs, mut dice) = (Set::default(), BTreeMap::new(), Dice(1));
    let mut names: Vec<RecordId> = Vec::new();
    for number in 0..DELTAS {
        let generation = number / AUTHORS + 1;
        let update: Vec<f32> = (0..layout.parameters())
            .map(|at| {
                let sum: usize = (0..4).map(|_| dice.below(1_000)).sum();
                let empty = at < 2_048 && at / 32 % 8 < 2;
                if empty {
                    0.0
                } else {
                    sum as f32 / 4_000.0 - 0.5
                }
            })
            .collect();
        let none = Residual::none(&layout);
        let (delta, _) = quantize(&layout, &update, &none, 144, Some(550)).unwrap();
        let id = RecordId(*blake3::hash(&number.to_le_bytes()).as_bytes());
        let first = ((generation.max(2) - 2) * AUTHORS) as usize;
        let entry = Entry {
            author: RootKey([(number % AUTHORS) as u8; 32]),
            generation,
            seq: 0,
            cites: names[first.min(names.len())..((generation - 1) * AUTHORS) as usize].to_vec(),
            weight: 1 << 16,
            withdrawn: false,
        };
        set.insert(id, entry);
        blobs.insert(id, delta.encode(&layout));
        names.push(id);
    }
    (layout, set, blobs)
}

fn merge(layout: &Layout, profile: Profile) -> Merge {
    Merge::new(layout.clone(), profile, &vec![0.1; layout.parameters()]).unwrap()
}

/// All steps from the blobs.
#[divan::bench(args = [false, true])]
fn fold_of_225_deltas(bencher: divan::Bencher<'_, '_>, community: bool) {
    let (layout, set, blobs) = lineage();
    let profile = match community {
        true => Profile::community(10, 0),
        false => Profile::FAMILY,
    };
    bencher
        .with_inputs(|| merge(&layout, profile))
        .bench_values(|mut merge| {
            let merged = merge.fold(&set, |id| blobs.get(id).cloned());
            assert_eq!((merged.computed, merged.refused.len()), (23, 0));
            merged
        });
}

/// All steps are kept but one.
#[divan::bench]
fn fold_after_a_late_delta(bencher: divan::Bencher<'_, '_>) {
    let (layout, set, blobs) = lineage();
    let mut before = Set::default();
    let late = blake3::hash(&55_u32.to_le_bytes());
    for (id, entry) in set.entries().filter(|(id, _)| id.0 != *late.as_bytes()) {
        before.insert(*id, entry.clone());
    }
    let mut kept = merge(&layout, Profile::community(10, 0));
    kept.fold(&before, |id| blobs.get(id).cloned());
    bencher
        .with_inputs(|| kept.clone())
        .bench_values(|mut merge| {
            let merged = merge.fold(&set, |id| blobs.get(id).cloned());
            assert_eq!((merged.computed, merged.refused.len()), (1, 0));
            merged
        });
}

/// One blob of some 550 bytes.
#[divan::bench]
fn decode_a_delta(bencher: divan::Bencher<'_, '_>) {
    let (layout, _, blobs) = lineage();
    let blob = blobs.values().next().unwrap();
    bencher.bench(|| Delta::decode(&layout, blob).unwrap());
}
