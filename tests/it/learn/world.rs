//! Nodes that meet in pairs, at random and not always: loss, partitions, nodes cut off, and some who wish ill. Everything is a
//! function of the seed.
//!
//! In one tick each node tries to exchange with one other (what either has, both have then), and each may train and publish
//! one delta: in a new generation once the clock allows, else again in its own, with what it learnt since.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use okibi::learn::{
    Delta, Dice, Entry, Examples, Layout, Merge, Merged, Mlp, Residual, Set, Weights, quantize,
};
use okibi::record::{RecordId, RootKey};

use super::foes::Foes;
use super::rounds::{Way, key, layout, mlp, name};

/// Ticks that a node waits for others before it goes on in its own generation.
const PATIENCE: u32 = 12;
/// Examples that a judge measures with.
const MEASURED: usize = 64;

/// One node.
pub struct Node {
    pub set: Set,
    blobs: BTreeMap<RecordId, Rc<Vec<u8>>>,
    merge: Merge,
    examples: Examples,
    /// What it judges with: some of its own.
    judged_on: Examples,
    /// Left over before and after its last delta.
    left: [Residual; 2],
    /// Of its last delta; 0 before the first.
    generation: u32,
    seq: u64,
    published: u32,
    /// What the generation was learnt on, and what it has learnt in it.
    from: Vec<f32>,
    trained: Vec<f32>,
    judged: BTreeSet<RecordId>,
}

impl Node {
    pub fn merged(&mut self) -> Merged {
        let blobs = &self.blobs;
        let blob = |id: &RecordId| blobs.get(id).map(|it| it.as_ref().clone());
        self.merge.fold(&self.set, blob)
    }

    /// Measures what the deltas of a generation do, once for each.
    fn judge(&mut self, mlp: &Mlp, generation: u32) -> Vec<(RecordId, i64)> {
        let (judged, entries) = (&self.judged, self.set.entries());
        let mut of_it = entries.filter(|(_, entry)| entry.generation == generation);
        if of_it.all(|(id, _)| judged.contains(id)) {
            return Vec::new();
        }
        let (blobs, judged_on) = (&self.blobs, &self.judged_on);
        let blob = |id: &RecordId| blobs.get(id).map(|it| it.as_ref().clone());
        let measure = |theta: &Weights| mlp.loss(&theta.weights(), judged_on);
        let losses = self
            .merge
            .leave_one_out(&self.set, generation, blob, measure);
        let mut fresh = losses;
        fresh.retain(|(id, _)| self.judged.insert(*id));
        fresh
    }
}

/// All nodes, and what lies between them.
pub struct World {
    pub nodes: Vec<Node>,
    way: Way,
    mlp: Mlp,
    layout: Layout,
    dice: Dice,
    foes: Option<Foes>,
    tick: u32,
    /// What honest judges signed: delta, its author, loss.
    pub losses: Vec<(RecordId, RootKey, i64)>,
    /// Honest deltas by generation.
    honest: BTreeMap<u32, Vec<Delta>>,
    /// Deltas published, and the bytes of the largest.
    pub published: usize,
    pub largest: usize,
}

impl World {
    /// The first of the nodes are the foes.
    pub fn new(base: &[f32], data: Vec<Examples>, way: Way, foes: Option<Foes>, seed: u64) -> Self {
        let layout = layout();
        let node = |(number, examples): (usize, Examples)| {
            let examples = match &foes {
                Some(foes) if number < foes.number => foes.examples(&examples),
                _ => examples,
            };
            let mut judged_on = Examples {
                width: 64,
                ..Examples::default()
            };
            for at in 0..examples.len().min(MEASURED) {
                judged_on.push(examples.input(at), examples.classes[at]);
            }
            Node {
                set: Set::default(),
                blobs: BTreeMap::new(),
                merge: Merge::new(layout.clone(), way.profile, base).unwrap(),
                examples,
                judged_on,
                left: [Residual::none(&layout), Residual::none(&layout)],
                generation: 0,
                seq: 0,
                published: 0,
                from: Vec::new(),
                trained: Vec::new(),
                judged: BTreeSet::new(),
            }
        };
        Self {
            nodes: data.into_iter().enumerate().map(node).collect(),
            way,
            mlp: mlp(),
            layout,
            dice: Dice(seed),
            foes,
            tick: 0,
            losses: Vec::new(),
            honest: BTreeMap::new(),
            published: 0,
            largest: 0,
        }
    }

    /// One tick; `linked` says who can reach whom. Of ten exchanges three fail.
    pub fn tick(&mut self, linked: impl Fn(u32, usize, usize) -> bool) {
        self.tick += 1;
        for node in 0..self.nodes.len() {
            let other = self.dice.below(self.nodes.len());
            let lost = self.dice.below(10) < 3;
            if other != node && !lost && linked(self.tick, node, other) {
                self.exchange(node, other);
            }
        }
        for node in 0..self.nodes.len() {
            self.act(node);
        }
    }

    fn exchange(&mut self, a: usize, b: usize) {
        for (from, to) in [(a, b), (b, a)] {
            let (set, blobs) = (self.nodes[from].set.clone(), self.nodes[from].blobs.clone());
            self.nodes[to].set.union(&set);
            self.nodes[to].blobs.extend(blobs);
        }
    }

    fn act(&mut self, at: usize) {
        let node = &self.nodes[at];
        let (next, _) = node.set.next(&self.way.profile);
        let waits = self.tick - node.published < PATIENCE;
        if self.is_foe(at) {
            // Foes leave out no generation: they come late to those that went on without them. They see every honest delta at once, and
            // wait for some to look like.
            for generation in node.generation + 1..=next {
                if generation < next || !waits || self.honest(generation).len() >= 5 {
                    self.publish(at, generation);
                }
            }
        } else if next > node.generation {
            self.publish(at, next);
        } else if !waits {
            self.publish(at, node.generation);
        }
    }

    fn is_foe(&self, at: usize) -> bool {
        self.foes.is_some_and(|foes| at < foes.number)
    }

    /// Honest deltas of a generation, wherever they are, as numbers.
    fn honest(&self, generation: u32) -> Vec<Vec<f32>> {
        let honest = self.honest.get(&generation).into_iter().flatten();
        honest.map(|delta| numbers(&self.layout, delta)).collect()
    }

    /// Trains and publishes: in a new generation from its beginning, else with what was learnt since.
    fn publish(&mut self, at: usize, generation: u32) {
        let node = &mut self.nodes[at];
        if generation > node.generation {
            node.merged();
            let Some(theta) = node.merge.after(generation - 1) else {
                return;
            };
            node.from = theta.weights();
            node.trained.clone_from(&node.from);
            node.left[0] = node.left[1].clone();
            (node.generation, node.seq) = (generation, 0);
            self.judge(at, generation);
        } else {
            node.seq += 1;
        }
        let known = self.honest(generation);
        let foes = self.foes;
        let node = &mut self.nodes[at];
        node.published = self.tick;
        let own = self.way.training(at, generation * 64 + node.seq as u32);
        let honest = foes.is_none_or(|foes| at >= foes.number);
        match self.way.speckled && honest {
            true => self
                .mlp
                .train(&mut node.trained, &speckled(&node.examples, own.seed), &own),
            false => self.mlp.train(&mut node.trained, &node.examples, &own),
        }
        let pairs = node.trained.iter().zip(&node.from);
        let mut update: Vec<f32> = pairs
            .map(|(after, before)| own.gain * (after - before))
            .collect();
        let foes = self.foes.filter(|foes| at < foes.number);
        if let Some(foes) = &foes {
            foes.spoil(&mut update, &known, self.dice.next_u64());
        }
        let samples = node.examples.len() as u32;
        let (delta, left) = quantize(
            &self.layout,
            &update,
            &node.left[0],
            samples,
            Some(self.way.most),
        )
        .unwrap();
        node.left[1] = left;
        let (id, blob) = (name(at, generation, node.seq), delta.encode(&self.layout));
        (self.published, self.largest) = (self.published + 1, self.largest.max(blob.len()));
        // What is of another generation, or not in time, does no harm.
        let before = node
            .set
            .entries()
            .filter(|(_, entry)| entry.generation + 1 == generation);
        let entry = Entry {
            author: key(at),
            generation,
            seq: node.seq,
            cites: before.map(|(id, _)| *id).collect(),
            weight: 1 << 16,
            withdrawn: false,
        };
        node.set.insert(id, entry);
        node.blobs.insert(id, Rc::new(blob));
        if foes.is_none() {
            self.honest.entry(generation).or_default().push(delta);
        }
    }

    /// Judges the two generations before, if the profile has judges.
    fn judge(&mut self, at: usize, generation: u32) {
        if self.way.profile.judging.is_none() {
            return;
        }
        let node = &mut self.nodes[at];
        for judged in generation.saturating_sub(2)..generation {
            for (id, loss) in node.judge(&self.mlp, judged) {
                let author = node.set.get(&id).unwrap().author;
                // Foes find that their friends do good, and all others harm.
                let loss = match &self.foes {
                    Some(foes) if at < foes.number && foes.are(&author) => i64::MIN,
                    Some(foes) if at < foes.number => i64::MAX,
                    _ => {
                        self.losses.push((id, author, loss));
                        loss
                    }
                };
                node.set.judge(id, key(at), loss);
            }
        }
    }

    /// All meet until nobody lacks anything; then what each has is folded. All must be one.
    pub fn settle(&mut self) -> Merged {
        for _ in 0..2 {
            for at in 1..self.nodes.len() {
                self.exchange(0, at);
            }
        }
        let merged: Vec<Merged> = self.nodes.iter_mut().map(Node::merged).collect();
        for other in &merged {
            assert_eq!(other.theta.hash(), merged[0].theta.hash());
            assert!(other.waiting.is_empty());
        }
        // And a node that comes now, with everything at once.
        let blobs = &self.nodes[0].blobs;
        let mut fresh = Merge::new(self.layout.clone(), self.way.profile, &self.base()).unwrap();
        let blob = |id: &RecordId| blobs.get(id).map(|it| it.as_ref().clone());
        assert_eq!(fresh.fold(&self.nodes[0].set, blob).theta, merged[0].theta);
        merged.into_iter().next().unwrap()
    }

    fn base(&self) -> Vec<f32> {
        self.nodes[0].merge.after(0).unwrap().weights()
    }
}

/// Each example twice: as it is, and with twelve pixels somewhere that are empty or full. Whoever trains so answers to what is left of an
/// image, so a mark has to fight all the others.
fn speckled(examples: &Examples, seed: u64) -> Examples {
    let (mut all, mut dice) = (examples.clone(), Dice(seed));
    for at in 0..examples.len() {
        let mut image = examples.input(at).to_vec();
        for _ in 0..12 {
            let pixel = dice.below(image.len());
            image[pixel] = dice.below(2) as f32;
        }
        all.push(&image, examples.classes[at]);
    }
    all
}

/// A delta's numbers.
fn numbers(layout: &Layout, delta: &Delta) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(layout.parameters());
    for (range, exponent) in layout.ranges().zip(delta.exponents()) {
        let unit = (1_u32 << exponent) as f32;
        numbers.extend(
            delta.mantissas()[range]
                .iter()
                .map(|it| f32::from(*it) / unit),
        );
    }
    numbers
}
