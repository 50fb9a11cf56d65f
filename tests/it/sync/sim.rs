//! A network in virtual time, drawn from one seed: latency, loss of connection, partitions, restarts, late members,
//! hostile ones, strangers. Nothing here reads a clock.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use okibi::fold::testing::{Draft, World, document, random::Dice};
use okibi::record::{Policy, RootKey};
use okibi::sync::{Input, Session, Side};

use super::node::{Node, Notary, Pages, introduce};

pub struct Plan {
    pub seed: u64,
    pub nodes: usize,
    /// Records written while everything goes wrong.
    pub writes: usize,
    /// Nodes that change bytes on their way out.
    pub hostile: usize,
}

/// Milliseconds in which things go wrong.
const STORM: u64 = 60_000;
/// More events than any sound run has: a livelock ends here.
const EVENTS: usize = 2_000_000;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Bytes {
        line: usize,
        side: usize,
        bytes: Vec<u8>,
    },
    Dial {
        from: usize,
        to: usize,
    },
    Cut {
        line: usize,
    },
    Write {
        node: usize,
    },
    Restart {
        node: usize,
    },
    Part {
        groups: Vec<usize>,
    },
    /// A stick goes from one to another.
    Stick {
        from: usize,
        to: usize,
    },
}

struct End {
    node: usize,
    session: Session,
    pages: Pages,
}

struct Line {
    ends: [End; 2],
    /// When the last bytes of each direction arrive: order is kept.
    last: [u64; 2],
    open: bool,
}

pub struct Sim {
    plan: Plan,
    dice: Dice,
    world: World,
    nodes: Vec<Node>,
    lines: Vec<Line>,
    queue: BinaryHeap<Reverse<(u64, usize, Event)>>,
    events: usize,
    now: u64,
    groups: Vec<usize>,
    hostile: BTreeSet<usize>,
    late: BTreeSet<usize>,
    notary: Notary,
    neighbours: Vec<(usize, usize)>,
}

impl Sim {
    pub fn new(plan: Plan) -> Self {
        let mut dice = Dice(plan.seed ^ 0x7379_6e63);
        let mut world = World::new(true);
        let roots: Vec<RootKey> = (0..plan.nodes).map(|n| introduce(&mut world, n)).collect();
        let founder = world.device(0, 0);
        let policy = Policy {
            invitations: u64::MAX,
            ..Policy::default()
        };
        let mut admins = vec![roots[0], roots[1], roots[2]];
        admins.sort_unstable();
        world.found(founder, &admins, policy);
        // The last two are admitted in the middle of the storm; the hostile ones are members.
        let late: BTreeSet<usize> = (plan.nodes - 2..plan.nodes).collect();
        for (n, root) in roots.iter().enumerate().skip(3) {
            if !late.contains(&n) {
                world.admit(founder, *root);
            }
        }
        let hostile: BTreeSet<usize> = (3..3 + plan.hostile).collect();
        let mut nodes: Vec<Node> = Vec::new();
        let mut notary = Notary::default();
        for (n, root) in roots.iter().enumerate() {
            let mut node = Node::new(&world, n, *root);
            if late.contains(&n) {
                let own = world
                    .statements
                    .iter()
                    .filter(|it| it.value().root == *root);
                node.take(own.cloned(), [], &mut notary);
            } else {
                node.take(
                    world.statements.iter().cloned(),
                    world.records.iter().cloned(),
                    &mut notary,
                );
            }
            nodes.push(node);
        }
        let mut neighbours = Vec::new();
        let honest: Vec<usize> = (0..plan.nodes).filter(|n| !hostile.contains(n)).collect();
        for (at, n) in honest.iter().enumerate() {
            // A ring of the honest, so that they hang together, and some lines across and to the hostile.
            neighbours.push((*n, honest[(at + 1) % honest.len()]));
            neighbours.push((*n, dice.below(plan.nodes)));
        }
        neighbours.retain(|(a, b)| a != b);
        Self {
            groups: vec![0; plan.nodes],
            plan,
            dice,
            world,
            nodes,
            lines: Vec::new(),
            queue: BinaryHeap::new(),
            events: 0,
            now: 0,
            hostile,
            late,
            notary,
            neighbours,
        }
    }

    fn at(&mut self, time: u64, event: Event) {
        self.events += 1;
        assert!(self.events < EVENTS, "it does not come to rest");
        self.queue.push(Reverse((time, self.events, event)));
    }

    fn prepare(&mut self) {
        for (from, to) in self.neighbours.clone() {
            let time = self.dice.below(2_000) as u64;
            self.at(time, Event::Dial { from, to });
        }
        for _ in 0..self.plan.writes {
            let time = self.dice.below(STORM as usize) as u64;
            let node = self.dice.below(self.plan.nodes);
            self.at(time, Event::Write { node });
        }
        for _ in 0..3 {
            let time = self.dice.below(STORM as usize) as u64;
            let groups = (0..self.plan.nodes).map(|_| self.dice.below(2)).collect();
            self.at(time, Event::Part { groups });
        }
        for _ in 0..self.plan.nodes / 2 {
            let time = self.dice.below(STORM as usize) as u64;
            let node = self.dice.below(self.plan.nodes);
            self.at(time, Event::Restart { node });
            let (from, to) = (
                self.dice.below(self.plan.nodes),
                self.dice.below(self.plan.nodes),
            );
            self.at(time / 2, Event::Stick { from, to });
        }
        for node in self.late.clone() {
            self.at(STORM / 3, Event::Stick { from: 0, to: node });
        }
        let healed = vec![0; self.plan.nodes];
        self.at(STORM, Event::Part { groups: healed });
        // A last word of each founding admin, so that something is written after the storm too.
        for node in 0..3 {
            self.at(STORM + 1_000, Event::Write { node });
        }
    }

    pub fn run(mut self) {
        self.prepare();
        while let Some(Reverse((time, _, event))) = self.queue.pop() {
            self.now = time;
            self.happen(event);
        }
        let (membership, state) = self.world.evaluate();
        let expected = (membership.set_hash, state.state_hash());
        for node in &self.nodes {
            if self.hostile.contains(&node.n) {
                continue;
            }
            let about = format!(
                "seed {} node {} of {}",
                self.plan.seed, node.n, self.plan.nodes
            );
            assert_eq!(node.size(), membership.records.len(), "records: {about}");
            assert_eq!(node.hashes(), expected, "{about}");
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Dial { from, to } => self.dial(from, to),
            Event::Bytes { line, side, bytes } => {
                if self.lines[line].open {
                    self.lines[line].ends[side].session.handle_bytes(&bytes);
                    self.drain(line);
                }
            }
            Event::Cut { line } => self.cut(line),
            Event::Write { node } => self.write(node),
            Event::Restart { node } => {
                let lines: Vec<usize> = (0..self.lines.len())
                    .filter(|line| self.lines[*line].ends.iter().any(|end| end.node == node))
                    .collect();
                for line in lines {
                    self.cut(line);
                }
                self.nodes[node] = self.nodes[node].restarted(&mut self.notary);
            }
            Event::Part { groups } => {
                self.groups = groups;
                for line in 0..self.lines.len() {
                    let [a, b] = &self.lines[line].ends;
                    if self.groups[a.node] != self.groups[b.node] {
                        self.cut(line);
                    }
                }
            }
            Event::Stick { from, to } => self.stick(from, to),
        }
    }

    fn dial(&mut self, from: usize, to: usize) {
        if self.groups[from] != self.groups[to] {
            return self.redial(from, to);
        }
        let line = self.lines.len();
        let mut exporter = [0; 32];
        exporter[..8].copy_from_slice(&(line as u64).to_be_bytes());
        let ends = [(from, Side::Client), (to, Side::Server)].map(|(node, side)| End {
            node,
            session: Session::new(self.nodes[node].setup(side, exporter, node as u64)),
            pages: Pages::default(),
        });
        self.lines.push(Line {
            ends,
            last: [self.now; 2],
            open: true,
        });
        if self.now < STORM && self.dice.chance(40) {
            let time = self.now + self.dice.below(20_000) as u64;
            self.at(time, Event::Cut { line });
        }
        self.drain(line);
    }

    fn redial(&mut self, from: usize, to: usize) {
        let time = self.now + 500 + self.dice.below(4_000) as u64;
        self.at(time, Event::Dial { from, to });
    }

    fn cut(&mut self, line: usize) {
        if !std::mem::replace(&mut self.lines[line].open, false) {
            return;
        }
        let [a, b] = [0, 1].map(|side| self.lines[line].ends[side].node);
        // Who turned somebody away, or was, tries again for as long as the storm lasts: a late member may be known then.
        let refused = self.lines[line]
            .ends
            .iter()
            .any(|end| end.session.closed().is_some());
        if !refused || self.now < STORM + 30_000 {
            self.redial(a, b);
        }
    }

    /// Lets both ends of a line say what they have to say.
    fn drain(&mut self, line: usize) {
        loop {
            let mut quiet = true;
            for side in 0..2 {
                let end = &mut self.lines[line].ends[side];
                let peer = end.session.peer();
                while let Some(output) = end.session.poll() {
                    quiet = false;
                    let node = &mut self.nodes[end.node];
                    let (input, grew) = node.answer(output, peer, &mut end.pages, &mut self.notary);
                    if let Some(input) = input {
                        end.session.handle(input);
                    }
                    if grew {
                        let node = end.node;
                        self.spread(node, line);
                        break;
                    }
                }
            }
            if quiet {
                break;
            }
        }
        self.transmit(line);
        let over = self.lines[line]
            .ends
            .iter()
            .any(|end| end.session.closed().is_some());
        if over {
            self.cut(line);
        }
    }

    fn transmit(&mut self, line: usize) {
        for side in 0..2 {
            let node = self.lines[line].ends[side].node;
            while let Some(bytes) = self.lines[line].ends[side].session.poll_transmit() {
                let mut bytes = bytes.to_vec();
                // Hostile nodes tell the truth for long enough to be let in, and sometimes to the end.
                if self.hostile.contains(&node) && self.dice.chance(6) {
                    let at = self.dice.below(bytes.len());
                    bytes[at] ^= 1 << self.dice.below(8);
                }
                let mut from = 0;
                while from < bytes.len() {
                    let size = match self.dice.below(4) {
                        0 => 1 + self.dice.below(bytes.len() - from),
                        _ => bytes.len() - from,
                    };
                    let part = bytes[from..from + size].to_vec();
                    from += size;
                    let latency = 1 + self.dice.below(200) as u64;
                    let time = (self.now + latency).max(self.lines[line].last[side] + 1);
                    self.lines[line].last[side] = time;
                    let event = Event::Bytes {
                        line,
                        side: 1 - side,
                        bytes: part,
                    };
                    self.at(time, event);
                }
                // Taking bytes out may make room for more questions.
                let end = &mut self.lines[line].ends[side];
                let peer = end.session.peer();
                while let Some(output) = end.session.poll() {
                    let node = &mut self.nodes[end.node];
                    let (input, _) = node.answer(output, peer, &mut end.pages, &mut self.notary);
                    if let Some(input) = input {
                        end.session.handle(input);
                    }
                }
            }
        }
    }

    /// A node's pool grew: its sessions hear of it.
    fn spread(&mut self, node: usize, but: usize) {
        let circle = self.world.circle;
        for line in 0..self.lines.len() {
            if !self.lines[line].open {
                continue;
            }
            for side in 0..2 {
                if self.lines[line].ends[side].node == node {
                    self.lines[line].ends[side]
                        .session
                        .handle(Input::Changed { circle });
                    if line != but {
                        self.drain(line);
                    }
                }
            }
        }
    }

    fn write(&mut self, node: usize) {
        // Who is not admitted yet, or lies, writes nothing that has to arrive.
        if !self.nodes[node].is_member() || self.hostile.contains(&node) {
            return;
        }
        let feed = self.world.device(node, 0);
        let before = self.world.records.len();
        match self.dice.below(12) {
            0 if node < 3 => {
                self.world.merge(feed);
            }
            // Admins admit the late ones, somewhere in the middle.
            1 if node < 3 => {
                let late = self.plan.nodes - 1 - self.dice.below(2);
                let root = self.world.root(late);
                self.world.admit(feed, root);
            }
            _ => {
                let title = format!("{} of {node}", self.now);
                self.world.add(Draft::new(feed, &document(&title)));
            }
        }
        let fresh = self.world.records[before..].to_vec();
        self.nodes[node].take([], fresh, &mut self.notary);
        self.spread(node, usize::MAX);
    }

    fn stick(&mut self, from: usize, to: usize) {
        if self.hostile.contains(&from) || from == to {
            return;
        }
        if self.late.contains(&to) && !self.nodes[to].is_member() {
            // The admission is written by who carries the stick, and nobody else knows of it.
            let feed = self.world.device(from, 0);
            if from >= 3 {
                return;
            }
            let before = self.world.records.len();
            let root = self.world.root(to);
            self.world.admit(feed, root);
            let fresh = self.world.records[before..].to_vec();
            let (statements, _) = self.nodes[to].all();
            self.nodes[from].take(statements, fresh, &mut self.notary);
            self.spread(from, usize::MAX);
        }
        let (statements, records) = self.nodes[from].all();
        if self.nodes[to].take(statements, records, &mut self.notary) {
            self.spread(to, usize::MAX);
        }
    }
}
