//! Random lineages, merged here and by `tests/learn/second.py`, which was written from `docs/learning.md` alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use data_encoding::HEXLOWER as HEX;
use okibi::learn::{Aggregate, Delta, Dice, Entry, Layout, Mantissa, Merge, Profile, Set, Shape};
use okibi::record::RecordId;
use serde_json::json;

use super::rounds::{key, name};

const LINEAGES: u64 = 40;

/// A lineage of five authors with all that may happen: superseded and withdrawn deltas, odd weights, and some who cite too few.
fn lineage(seed: u64) -> String {
    let mut dice = Dice(seed);
    let shape = |rows, columns| Shape { rows, columns };
    let shapes = vec![shape(5, 4), shape(1, 4), shape(4, 3), shape(1, 3)];
    let mantissa = [Mantissa::Int4, Mantissa::Int8][dice.below(2)];
    let layout = Layout::new(shapes, mantissa).unwrap();
    let (trim, quorum) = (dice.below(3) as u16, dice.below(8) as u16);
    let profile = Profile {
        aggregate: [Aggregate::Mean, Aggregate::TrimmedMean { trim, quorum }][dice.below(2)],
        clock: 1 + dice.below(3) as u16,
        momentum: [0, 64, 128, 255][dice.below(4)],
        clip: 1 << (10 + dice.below(25)),
        judging: None,
    };
    let base: Vec<f32> = (0..layout.parameters())
        .map(|_| dice.below(2_000) as f32 / 999.0 - 1.0)
        .collect();
    let (mut set, mut blobs) = (Set::default(), BTreeMap::<RecordId, Vec<u8>>::new());
    let (mut before, mut deltas) = (Vec::new(), Vec::new());
    for generation in 1..=4 {
        let mut now = Vec::new();
        for author in 0..5 {
            for seq in 0..dice.below(3) as u64 {
                let most = usize::from(mantissa.most()) + 1;
                let mantissas = (0..layout.parameters())
                    .map(|_| (dice.below(most) as i8) * (dice.below(3) as i8 - 1));
                let mantissas = mantissas.collect();
                let exponents = (0..4).map(|_| dice.below(25) as u8).collect();
                let samples = dice.below(500) as u32;
                let delta = Delta::new(&layout, samples, exponents, mantissas).unwrap();
                let (id, blob) = (name(author, generation, seq), delta.encode(&layout));
                let mut cites: Vec<RecordId> = before.clone();
                cites.retain(|_| dice.below(5) > 0);
                let entry = Entry {
                    author: key(author),
                    generation,
                    seq,
                    cites,
                    weight: [1 << 16, 1 << 15, 12_345, 0][dice.below(4)],
                    withdrawn: dice.below(8) == 0,
                };
                let cites: Vec<String> = entry.cites.iter().map(RecordId::to_string).collect();
                deltas.push(json!({
                    "id": id.to_string(), "author": author, "generation": generation, "seq": seq, "cites": cites,
                    "weight": entry.weight, "withdrawn": entry.withdrawn, "blob": HEX.encode(&blob),
                }));
                set.insert(id, entry);
                blobs.insert(id, blob);
                now.push(id);
            }
        }
        before = now;
    }
    let mut merge = Merge::new(layout.clone(), profile, &base).unwrap();
    let merged = merge.fold(&set, |id| blobs.get(id).cloned());
    let trim = match profile.aggregate {
        Aggregate::Mean => None,
        Aggregate::TrimmedMean { trim, .. } => Some(trim),
    };
    let shapes: Vec<[u32; 2]> = layout
        .tensors()
        .iter()
        .map(|it| [it.rows, it.columns])
        .collect();
    let line = json!({
        "shapes": shapes, "deltas": deltas, "theta": merged.theta.units(),
        "base": merge.after(0).unwrap().units(),
        "profile": {
            "trim": trim, "quorum": quorum, "clock": profile.clock, "momentum": profile.momentum, "clip": profile.clip,
        },
    });
    line.to_string()
}

#[test]
fn a_second_implementation_agrees() {
    let lines: Vec<String> = (0..LINEAGES).map(lineage).collect();
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("lineages.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/learn/second.py");
    match Command::new("python3").arg(script).arg(file).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            let wrong = String::from_utf8_lossy(&output.stderr);
            println!("{said}{wrong}");
            assert!(output.status.success(), "{said}{wrong}");
        }
        Err(error) => {
            println!("SKIPPED: no python3 on this machine: {error}");
            assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        }
    }
}
