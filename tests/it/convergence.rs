//! Convergence: ten nodes take in a heap of bundles late, early, again and in any order, and end in
//! one state. Threat 6 at large; `OKIBI_CROWD_IMPORTS=10000` is the long run.

use std::path::PathBuf;

use okibi::fold::testing::random::Dice;
use okibi::node::{Decision, Exit, Handle, Target};

use crate::homes::{self, Place, admit, circle, decide, open, share, state};

const NODES: usize = 10;
/// Its home is set back once, so that its feed forks.
const FORKED: usize = 8;
/// It is suspended, and the suspension lifted.
const SUSPENDED: usize = 9;

/// Imports before the nodes settle.
fn imports() -> usize {
    let asked = std::env::var("OKIBI_CROWD_IMPORTS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(400)
}

struct Crowd {
    place: Place,
    nodes: Vec<Handle>,
    /// A bundle, and whom it is for.
    bundles: Vec<(PathBuf, Vec<usize>)>,
    dice: Dice,
    shared: usize,
    imports: usize,
}

fn name(node: usize) -> String {
    format!("node{node}")
}

impl Crowd {
    fn new() -> Self {
        let place = Place::new();
        let mut nodes: Vec<Handle> = (0..NODES).map(|n| open(&place.path(&name(n)))).collect();
        let (founder, others) = nodes.split_at_mut(1);
        founder[0].found("hearth", &name(0), &[]).unwrap();
        for (other, n) in others.iter().zip(1..) {
            admit(&mut founder[0], other, &name(n));
        }
        let mut crowd = Self {
            place,
            nodes,
            bundles: Vec::new(),
            dice: Dice(10),
            shared: 0,
            imports: 0,
        };
        let all: Vec<usize> = (1..NODES).collect();
        assert!(crowd.export(0, &all));
        for node in 1..NODES {
            crowd.import(node, 0);
        }
        crowd
    }

    /// Writes a bundle for some others; false if there was nothing to write, or no right to.
    fn export(&mut self, from: usize, to: &[usize]) -> bool {
        let path = self.place.path(&format!("{}.okb", self.bundles.len()));
        let node = &mut self.nodes[from];
        let circle = circle(node);
        let find = |to: &usize| node.find_member(&circle, &name(*to)).unwrap();
        let active = |to: &&usize| circle.state.is_active(&find(to));
        let to: Vec<usize> = to.iter().filter(active).copied().collect();
        let roots: Vec<_> = to.iter().map(find).collect();
        if roots.is_empty() {
            return false;
        }
        match homes::patiently(|| node.export(&circle, &roots, Target::File(&path), false, false)) {
            Ok(export) if export.written.is_some() => self.bundles.push((path, to)),
            Ok(_) => return false,
            Err(failure) => {
                assert!([FORKED, SUSPENDED].contains(&from), "{failure:?}");
                return false;
            }
        }
        true
    }

    /// Whom it is for takes a bundle in. A bundle signed by someone suspended is refused whole; what was said in it
    /// comes by others.
    fn import(&mut self, node: usize, bundle: usize) {
        let path = self.bundles[bundle].0.clone();
        let report = homes::try_import(&mut self.nodes[node], &path).unwrap();
        for (_, failure) in &report.failures {
            assert_eq!(failure.exit, Exit::Refused, "{failure:?}");
        }
        self.imports += 1;
    }

    fn share(&mut self, node: usize) {
        let title = format!("text {} of {}", self.shared, name(node));
        self.shared += 1;
        share(&mut self.nodes[node], &self.place, &title, &title);
    }

    /// A home is set back and writes again: two records stand in one place of its feed.
    fn fork(&mut self) {
        let (at, back) = (self.place.path(&name(FORKED)), self.place.path("back"));
        homes::copy(&at, &back);
        self.share(FORKED);
        assert!(self.export(FORKED, &[1, 2, 3]));
        // Closes the home before it is replaced.
        self.nodes[FORKED] = open(&self.place.path("aside"));
        std::fs::remove_dir_all(&at).unwrap();
        homes::copy(&back, &at);
        self.nodes[FORKED] = open(&at);
        self.share(FORKED);
        assert!(self.export(FORKED, &[4, 5, 6]));
    }

    /// Something is said, written or carried.
    fn step(&mut self) {
        let node = self.dice.below(NODES);
        if self.dice.chance(12) && node != SUSPENDED && node != FORKED {
            self.share(node);
        }
        if self.dice.chance(45) {
            let mut others: Vec<usize> = (0..NODES).filter(|other| *other != node).collect();
            self.dice.shuffle(&mut others);
            others.truncate(1 + self.dice.below(4));
            self.export(node, &others);
        }
        // The newer bundles more often than the older.
        for _ in 0..4 {
            let range = if self.dice.chance(60) { 30 } else { usize::MAX };
            let bundle = self.bundles.len() - 1 - self.dice.below(self.bundles.len().min(range));
            let to = &self.bundles[bundle].1;
            let node = to[self.dice.below(to.len())];
            self.import(node, bundle);
        }
    }

    fn states(&self) -> Vec<([u8; 32], [u8; 32])> {
        self.nodes.iter().map(|node| state(node).unwrap()).collect()
    }
}

#[test]
fn ten_nodes_and_their_bundles_end_in_one_state() {
    let mut crowd = Crowd::new();
    let (total, mut told) = (imports(), 0);
    while crowd.imports < total {
        crowd.step();
        let part = crowd.imports * 4 / total;
        while told < part.min(3) {
            told += 1;
            let founder = &mut crowd.nodes[0];
            let hearth = circle(founder);
            let root = founder.find_member(&hearth, &name(SUSPENDED)).unwrap();
            match told {
                1 => crowd.fork(),
                2 => decide(
                    founder,
                    Decision::Suspend {
                        root,
                        reason: String::new(),
                        from_start: false,
                    },
                ),
                _ => {
                    let suspension = hearth.state.members[&root].suspension;
                    assert!(suspension.is_some());
                    decide(founder, Decision::Lift { root });
                }
            }
        }
    }
    // Everyone hears of everything: to the founder, from the founder, and everyone acknowledges.
    for _ in 0..3 {
        for node in 1..NODES {
            if crowd.export(node, &[0]) {
                crowd.import(0, crowd.bundles.len() - 1);
            }
        }
        for node in 1..NODES {
            if crowd.export(0, &[node]) {
                crowd.import(node, crowd.bundles.len() - 1);
            }
        }
    }
    // Old bundles once more, in any order: nothing moves.
    let settled = crowd.states();
    assert!(settled.iter().all(|state| *state == settled[0]));
    for _ in 0..NODES * 4 {
        let bundle = crowd.dice.below(crowd.bundles.len());
        let to = crowd.bundles[bundle].1.clone();
        let node = to[crowd.dice.below(to.len())];
        crowd.import(node, bundle);
    }
    assert_eq!(crowd.states(), settled);
    let hearth = circle(&crowd.nodes[0]);
    assert_eq!(crowd.nodes[0].status(0).unwrap().circles[0].forked.len(), 1);
    let shelf = crowd.nodes[0].store().shelf(&hearth.id).unwrap();
    assert!(shelf.contents.len() > 5);
    println!(
        "{} imports of {} bundles, {} texts",
        crowd.imports,
        crowd.bundles.len(),
        crowd.shared
    );
}
