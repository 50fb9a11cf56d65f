//! The data of `fixtures/digits/`, and what is cut from it.

use std::path::Path;

use okibi::learn::{Dice, Examples};

pub struct Digits {
    images: Vec<[f32; 64]>,
    labels: Vec<u8>,
    train: Vec<usize>,
    test: Vec<usize>,
    partitions: serde_json::Value,
    /// Weights that every lineage here begins with.
    pub base: Vec<f32>,
}

/// One of the partitions of the training part.
#[derive(Debug, Clone, Copy)]
pub struct Partition {
    pub nodes: usize,
    pub seed: u64,
}

/// Seeds of the partitions that there are.
pub const SEEDS: [u64; 3] = [2024, 2025, 2026];

fn indices(list: &serde_json::Value) -> Vec<usize> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it.as_u64().unwrap() as usize).collect()
}

impl Digits {
    pub fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/digits");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        for line in read("digits.csv").lines().skip(2) {
            let numbers: Vec<u8> = line.split(',').map(|it| it.parse().unwrap()).collect();
            assert_eq!(numbers.len(), 65);
            images.push(std::array::from_fn(|at| f32::from(numbers[at]) / 16.0));
            labels.push(numbers[64]);
        }
        let whole: serde_json::Value =
            serde_json::from_str(&read("digits_partition.json")).unwrap();
        let base = read("init_w_64_32_10.csv");
        Self {
            train: indices(&whole["split"]["train"]),
            test: indices(&whole["split"]["test"]),
            partitions: whole["partitions"].clone(),
            base: base.lines().map(|it| it.parse().unwrap()).collect(),
            images,
            labels,
        }
    }

    pub fn examples(&self, indices: &[usize]) -> Examples {
        let mut examples = Examples {
            width: 64,
            ..Examples::default()
        };
        for at in indices {
            examples.push(&self.images[*at], self.labels[*at]);
        }
        examples
    }

    /// What no choice was made on.
    pub fn test(&self) -> Examples {
        self.examples(&self.test)
    }

    fn parts(&self, partition: Partition) -> Vec<Vec<usize>> {
        let name = format!("dirichlet_a0.3_n{}_seed{}", partition.nodes, partition.seed);
        let clients = self.partitions[name]["clients"].as_array().unwrap();
        clients.iter().map(indices).collect()
    }

    /// Each node's own examples.
    pub fn nodes(&self, partition: Partition) -> Vec<Examples> {
        let parts = self.parts(partition);
        parts.iter().map(|part| self.examples(part)).collect()
    }

    /// A fifth of each node's examples put aside for choosing, and the rest to train with: the test part has no say.
    pub fn for_choosing(&self, partition: Partition, fold: u64) -> (Vec<Examples>, Examples) {
        let (mut nodes, mut aside) = (Vec::new(), Vec::new());
        for (node, mut part) in self.parts(partition).into_iter().enumerate() {
            Dice(node as u64 + 100 * fold).shuffle(&mut part);
            let rest = part.split_off(part.len() / 5);
            aside.extend(part);
            nodes.push(self.examples(&rest));
        }
        (nodes, self.examples(&aside))
    }
}

#[test]
fn parts_are_what_they_say() {
    let digits = Digits::read();
    assert_eq!(digits.base.len(), 2_410);
    assert_eq!((digits.train.len(), digits.test.len()), (1_437, 360));
    assert!(digits.train.iter().all(|it| !digits.test.contains(it)));
    for seed in SEEDS {
        for nodes in [3, 10] {
            let mut all = digits.parts(Partition { nodes, seed }).concat();
            all.sort_unstable();
            assert_eq!(all, digits.train);
        }
    }
}
