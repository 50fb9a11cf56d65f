//! Nodes in step with each other: in each generation all train, then all have everything.

use std::collections::BTreeMap;

use okibi::learn::{
    Delta, Entry, Examples, Layout, Mantissa, Merge, Mlp, Profile, Residual, Set, Training,
    quantize,
};
use okibi::record::{RecordId, RootKey};

/// The perceptron of all tests here: 2,410 parameters.
pub fn mlp() -> Mlp {
    Mlp::new(&[64, 32, 10])
}

pub fn layout() -> Layout {
    Layout::new(mlp().shapes(), Mantissa::Int4).unwrap()
}

pub fn key(node: usize) -> RootKey {
    RootKey([node as u8 + 1; 32])
}

/// What a delta's record would be called.
pub fn name(node: usize, generation: u32, seq: u64) -> RecordId {
    let mut name = (node as u64).to_le_bytes().to_vec();
    name.extend(generation.to_le_bytes());
    name.extend(seq.to_le_bytes());
    RecordId(*blake3::hash(&name).as_bytes())
}

/// How nodes learn together. `training.seed` tells runs apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    pub profile: Profile,
    pub training: Training,
    /// Bytes of a blob.
    pub most: usize,
    /// Whether nodes train on speckled images too.
    pub speckled: bool,
}

impl Way {
    /// The seed of one node's training in one generation.
    pub fn training(&self, node: usize, generation: u32) -> Training {
        let seed = self.training.seed * 1_000_000 + u64::from(generation) * 1_000 + node as u64;
        Training {
            seed,
            ..self.training
        }
    }
}

/// What came out of a run.
#[derive(Debug)]
pub struct Out {
    pub accuracy: f64,
    /// Bytes of the largest blob and of all together.
    pub largest: usize,
    pub bytes: usize,
    pub hash: [u8; 32],
}

pub fn run(
    base: &[f32],
    nodes: &[Examples],
    judged_on: &Examples,
    generations: u32,
    way: &Way,
) -> Out {
    let (mlp, layout) = (mlp(), layout());
    let mut merge = Merge::new(layout.clone(), way.profile, base).unwrap();
    let (mut set, mut blobs) = (Set::default(), BTreeMap::<RecordId, Vec<u8>>::new());
    let mut left: Vec<Residual> = nodes.iter().map(|_| Residual::none(&layout)).collect();
    let (mut theta, mut before, mut hash) = (base.to_vec(), Vec::new(), [0; 32]);
    for generation in 1..=generations {
        let mut now = Vec::new();
        for (node, examples) in nodes.iter().enumerate() {
            let (_, update) = mlp.learn(&theta, examples, &way.training(node, generation));
            let samples = examples.len() as u32;
            let (delta, rest) =
                quantize(&layout, &update, &left[node], samples, Some(way.most)).unwrap();
            left[node] = rest;
            let (id, blob) = (name(node, generation, 0), delta.encode(&layout));
            assert_eq!(Delta::decode(&layout, &blob), Ok(delta));
            let entry = Entry {
                author: key(node),
                generation,
                seq: 0,
                cites: before.clone(),
                weight: 1 << 16,
                withdrawn: false,
            };
            set.insert(id, entry);
            blobs.insert(id, blob);
            now.push(id);
        }
        before = now;
        let merged = merge.fold(&set, |id| blobs.get(id).cloned());
        assert!(merged.waiting.is_empty() && merged.refused.is_empty());
        assert_eq!(
            (merged.theta.generation(), merged.computed),
            (generation, 1)
        );
        (theta, hash) = (merged.theta.weights(), merged.theta.hash());
    }
    Out {
        accuracy: mlp.accuracy(&theta, judged_on),
        largest: blobs.values().map(Vec::len).max().unwrap(),
        bytes: blobs.values().map(Vec::len).sum(),
        hash,
    }
}
