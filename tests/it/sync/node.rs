//! A node in memory: a pool, the fold over it, and the answers that a session asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use bytes::Bytes;
use okibi::fold::testing::World;
use okibi::fold::{self, History, Membership, State};
use okibi::identity::{Signer, SigningSecret, Verified, verify};
use okibi::record::{
    Ack, BlobHash, CircleId, Claim, Epoch, FeedKey, Frontier, Payload, Previous, Record, RecordId,
    Role, RootKey, Signed, Statement, StatementId, difference, statements_hash,
};
use okibi::sync::{
    Chain, Holdings, Input, Offer, Output, Part, Proof, Setup, Side, Subject, Verdict, limits,
    pair_key, prove,
};

/// What two roots of a test recognise each other by.
pub fn pair(circle: &CircleId, a: &RootKey, b: &RootKey) -> Offer {
    Offer {
        secret: pair_key(&[0x5e; 32], circle, [a, b]),
        subject: Subject::Pair {
            circle: *circle,
            root: *b,
        },
    }
}

/// The keys of `World`'s `n`th root, as it makes them itself.
pub fn key(label: &str) -> SigningSecret {
    SigningSecret::from_bytes(&blake3::derive_key("okibi test keys", label.as_bytes()))
}

/// Certifies a root's sign and transport keys.
pub fn introduce(world: &mut World, n: usize) -> RootKey {
    let root = world.root(n);
    world.device(n, 0);
    let transport = key(&format!("transport {n}"));
    let (public, role) = (transport.public(), Role::Transport);
    let proof = transport.sign(&Statement::proof_message(&root, role, &public));
    world.state(
        root,
        Claim::Certificate {
            role,
            key: public,
            replaces: None,
            proof,
        },
    );
    root
}

/// What was found out already: the same bytes are not verified, and the same pool is not folded, by every node again.
#[derive(Default)]
pub struct Notary {
    known: HashMap<Vec<u8>, bool>,
    folded: HashMap<[u8; 32], Rc<Folded>>,
}

/// A pool's members and state, and where each record of it stands.
struct Folded(Membership, State, BTreeMap<(FeedKey, u64), Vec<RecordId>>);

impl Folded {
    fn of(history: &History, records: &BTreeMap<RecordId, Verified<Record>>) -> Self {
        let (membership, state) = fold::evaluate(history);
        let mut places: BTreeMap<_, Vec<RecordId>> = BTreeMap::new();
        for id in &membership.records {
            let value = records[id].value();
            places
                .entry((value.feed, value.height))
                .or_default()
                .push(*id);
        }
        Self(membership, state, places)
    }
}

/// Pools whose fold is kept.
const POOLS: usize = 512;

impl Notary {
    pub fn verify<T: Payload>(&mut self, bytes: &[u8]) -> Option<Verified<T>> {
        let signed = Signed::<T>::decode(bytes).ok()?;
        match self.known.get(bytes) {
            Some(true) => Some(okibi::identity::from_own_store(signed)),
            Some(false) => None,
            None => {
                let verified = verify(signed).ok();
                self.known.insert(bytes.to_vec(), verified.is_some());
                verified
            }
        }
    }

    fn fold(&mut self, node: &Node) -> Rc<Folded> {
        if self.folded.len() >= POOLS && !self.folded.contains_key(&node.pool) {
            self.folded.clear();
        }
        let folded = self.folded.entry(node.pool);
        folded
            .or_insert_with(|| Rc::new(Folded::of(&node.history(), &node.records)))
            .clone()
    }
}

pub struct Node {
    pub n: usize,
    pub root: RootKey,
    pub circle: CircleId,
    statements: BTreeMap<StatementId, Verified<Statement>>,
    records: BTreeMap<RecordId, Verified<Record>>,
    arrival: Vec<RecordId>,
    /// The sum of all ids: it names the pool.
    pool: [u8; 32],
    folded: Rc<Folded>,
    epoch: Epoch,
    said: BTreeMap<RootKey, Signed<Ack>>,
    pub heard: BTreeMap<RootKey, Ack>,
    pub blobs: BTreeMap<BlobHash, Vec<u8>>,
}

/// What one session has left to send.
#[derive(Default)]
pub struct Pages {
    records: Vec<Vec<u8>>,
    upto: Frontier,
}

impl Node {
    pub fn new(world: &World, n: usize, root: RootKey) -> Self {
        Self {
            n,
            root,
            circle: world.circle,
            statements: BTreeMap::new(),
            records: BTreeMap::new(),
            arrival: Vec::new(),
            pool: [0; 32],
            folded: Rc::new(Folded::of(&History::new(world.circle), &BTreeMap::new())),
            epoch: Epoch::next(None, n as u64, [n as u8; 8]),
            said: BTreeMap::new(),
            heard: BTreeMap::new(),
            blobs: BTreeMap::new(),
        }
    }

    fn history(&self) -> History {
        let mut history = History::new(self.circle);
        for statement in self.statements.values() {
            history.add_statement(statement.clone());
        }
        for record in self.records.values() {
            history.add_record(record.clone());
        }
        history
    }

    pub fn hashes(&self) -> ([u8; 32], [u8; 32]) {
        (self.folded.0.set_hash, self.folded.1.state_hash())
    }

    pub fn size(&self) -> usize {
        self.folded.0.records.len()
    }

    pub fn is_member(&self) -> bool {
        self.folded.1.is_active(&self.root)
    }

    /// Takes facts in; returns whether anything was new.
    pub fn take(
        &mut self,
        statements: impl IntoIterator<Item = Verified<Statement>>,
        records: impl IntoIterator<Item = Verified<Record>>,
        notary: &mut Notary,
    ) -> bool {
        let before = (self.statements.len(), self.records.len());
        for statement in statements {
            let id = statement.id();
            if self.statements.insert(id, statement).is_none() {
                self.name(&id.0);
            }
        }
        for record in records {
            let id = record.id();
            if record.value().circle(id) == self.circle && self.records.insert(id, record).is_none()
            {
                self.arrival.push(id);
                self.name(&id.0);
            }
        }
        let new = before != (self.statements.len(), self.records.len());
        if new {
            self.folded = notary.fold(self);
        }
        new
    }

    fn name(&mut self, id: &[u8; 32]) {
        for (sum, byte) in self.pool.iter_mut().zip(id) {
            *sum ^= byte;
        }
    }

    /// What a process that ended leaves behind: all that was taken in, said and heard, and nothing that was derived.
    pub fn restarted(&self, notary: &mut Notary) -> Self {
        let mut node = Self {
            statements: BTreeMap::new(),
            records: BTreeMap::new(),
            arrival: Vec::new(),
            pool: [0; 32],
            folded: Rc::new(Folded::of(&History::new(self.circle), &BTreeMap::new())),
            said: self.said.clone(),
            heard: self.heard.clone(),
            blobs: self.blobs.clone(),
            ..*self
        };
        let records = self.arrival.iter().map(|id| self.records[id].clone());
        node.take(self.statements.values().cloned(), records, notary);
        node
    }

    /// Everything that it holds, as a stick would carry it.
    pub fn all(&self) -> (Vec<Verified<Statement>>, Vec<Verified<Record>>) {
        let statements = self.statements.values().cloned().collect();
        (statements, self.records.values().cloned().collect())
    }

    pub fn setup(&self, side: Side, exporter: [u8; 32], instance: u64) -> Setup {
        let transport = key(&format!("transport {}", self.n));
        let certificate = self.statements.values().find(|statement| {
            matches!(statement.value().claim, Claim::Certificate { role: Role::Transport, key, .. }
                if key == transport.public())
        });
        let instance = instance.to_be_bytes();
        let members = &self.folded.1.members;
        let others = members
            .iter()
            .filter(|(root, member)| **root != self.root && member.suspension.is_none());
        let offers = others.map(|(root, _)| pair(&self.circle, &self.root, root));
        Setup {
            side,
            root: self.root,
            exporter,
            offers: offers.collect(),
            proof: Proof {
                key: transport.public(),
                certificate: certificate
                    .map(|it| it.bytes().to_vec())
                    .unwrap_or_default(),
                instance,
                signature: prove(&transport, &exporter, side, &instance),
            },
            seed: exporter,
            request: None,
        }
    }

    fn acknowledge(&mut self, to: RootKey) -> Holdings {
        let membership = &self.folded.0;
        let before = self.said.get(&to).map(|ack| ack.value().clone());
        let wanted = membership
            .waiting
            .values()
            .flatten()
            .filter_map(|lack| match lack {
                fold::Lack::Record(id) => Some(id.0),
                fold::Lack::Certificate(id) => Some(id.0),
                _ => None,
            });
        let wanted: BTreeSet<[u8; 32]> = wanted.collect();
        let sign = key(&format!("feed {}.0", self.n));
        let certificate = self.statements.values().find(|statement| {
            matches!(statement.value().claim, Claim::Certificate { key, .. } if key == sign.public())
        });
        let mut ack = Ack {
            circle: self.circle,
            from: self.root,
            feed: FeedKey(sign.public()),
            certificate: certificate.map_or(StatementId([0; 32]), |it| it.id()),
            to,
            epoch: self.epoch,
            sequence: before.as_ref().map_or(0, |ack| ack.sequence),
            statements: statements_hash(&membership.statements),
            frontier: membership.frontier.clone(),
            wanted: wanted.into_iter().collect(),
        };
        if before.as_ref() != Some(&ack) {
            ack.sequence += 1;
            let signed = Signed::build(ack, |message| sign.sign(message));
            self.said.insert(to, signed);
        }
        Holdings {
            ack: self.said[&to].clone(),
            said: before,
            heard: self.heard.get(&to).cloned(),
        }
    }

    fn chain_id(&self, feed: &FeedKey, height: u64) -> Option<RecordId> {
        match self.folded.2.get(&(*feed, height)).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        }
    }

    fn lacks(&self, theirs: &Frontier, wanted: &[[u8; 32]]) -> Vec<Vec<u8>> {
        let Folded(membership, _, places) = &*self.folded;
        let gaps = difference(&membership.frontier, theirs, |feed, height| {
            self.chain_id(feed, height)
        });
        let mut chosen: BTreeSet<RecordId> = wanted.iter().copied().map(RecordId).collect();
        for gap in gaps {
            let feed = places.range((gap.feed, 0)..=(gap.feed, u64::MAX));
            for ((_, height), ids) in feed {
                if gap.heights.contains(height) {
                    chosen.extend(ids);
                }
            }
            for tip in gap.branches {
                let mut next = Some(tip);
                while let Some(id) = next {
                    let Some(record) = self.records.get(&id) else {
                        break;
                    };
                    chosen.insert(id);
                    next = match record.value().previous {
                        Previous::Record(below) if record.value().height > gap.heights.end => {
                            Some(below)
                        }
                        _ => None,
                    };
                }
            }
        }
        let order = self.arrival.iter().filter(|id| chosen.contains(id));
        order.map(|id| self.records[id].bytes().to_vec()).collect()
    }

    fn page(&self, pages: &mut Pages) -> Input {
        let rest = pages.records.split_off(pages.records.len().min(7));
        let records = std::mem::replace(&mut pages.records, rest);
        Input::Records {
            circle: self.circle,
            records,
            upto: pages.upto.clone(),
            more: !pages.records.is_empty(),
        }
    }

    /// Answers a session. The flag says that the pool grew.
    pub fn answer(
        &mut self,
        output: Output,
        peer: Option<RootKey>,
        pages: &mut Pages,
        notary: &mut Notary,
    ) -> (Option<Input>, bool) {
        let circle = self.circle;
        let mut grew = false;
        let input = match output {
            Output::Judge {
                root,
                certificate,
                chain,
                ..
            } => {
                let verdict = |state: &State| match state.members.get(&root) {
                    Some(member) if member.suspension.is_none() => Verdict::Yes,
                    Some(_) => Verdict::No,
                    None => Verdict::Unknown,
                };
                let mut judged = verdict(&self.folded.1);
                if let (Verdict::Unknown, Some(chain)) = (judged, chain) {
                    let (statements, records) = read(&chain, notary);
                    let mut candidate = self.history();
                    for statement in statements.iter().chain([&certificate]) {
                        candidate.add_statement(statement.clone());
                    }
                    for record in &records {
                        candidate.add_record(record.clone());
                    }
                    judged = verdict(&fold::evaluate(&candidate).1);
                    if judged == Verdict::Yes {
                        grew = self.take(statements, records, notary);
                    }
                }
                Input::Verdict {
                    circle,
                    verdict: judged,
                }
            }
            // Who is not recognised waits until others have told of it: only whole nodes introduce themselves.
            Output::Introduce { .. } => Input::Introduction(vec![0; limits::INTRODUCTION]),
            Output::Introduced { .. } => Input::Recognised(None),
            Output::Chain { .. } => {
                let critical = self.records.values();
                let critical = critical.filter(|record| record.value().kind.is_critical());
                let chain = Chain {
                    statements: self
                        .statements
                        .values()
                        .map(|it| it.bytes().to_vec())
                        .collect(),
                    records: critical.map(|it| it.bytes().to_vec()).collect(),
                };
                Input::Chain { circle, chain }
            }
            Output::State { peer, .. } => Input::State {
                circle,
                state: Box::new(self.acknowledge(peer)),
            },
            Output::Ids { .. } => Input::Ids {
                circle,
                ids: self.folded.0.statements.iter().map(|id| id.0).collect(),
            },
            Output::Statements { known, .. } => {
                let mine = self.folded.0.statements.iter();
                let lacking = mine.filter(|id| !known.iter().any(|start| id.0.starts_with(start)));
                Input::Statements {
                    circle,
                    statements: lacking
                        .map(|id| self.statements[id].bytes().to_vec())
                        .collect(),
                }
            }
            Output::Fill { theirs, wanted, .. } => {
                pages.records = self.lacks(&theirs, &wanted);
                pages.upto = self.folded.0.frontier.clone();
                self.page(pages)
            }
            Output::More { .. } => self.page(pages),
            Output::Arrived {
                statements,
                records,
                bytes,
                ..
            } => {
                let chain = Chain {
                    statements,
                    records,
                };
                let (statements, records) = read(&chain, notary);
                grew = self.take(statements, records, notary);
                Input::Taken { circle, bytes }
            }
            Output::Ack { ack, .. } => {
                if let Some(ack) = notary.verify::<Ack>(ack.bytes()) {
                    let value = ack.value();
                    let later = self.heard.get(&value.from).is_none_or(|old| {
                        (old.epoch, old.sequence) < (value.epoch, value.sequence)
                    });
                    if later && Some(value.from) == peer {
                        self.heard.insert(value.from, value.clone());
                    }
                }
                return (None, false);
            }
            Output::Serve { id, blob, part, .. } => Input::Served {
                id,
                bytes: self.blobs.get(&blob).map(|bytes| match part {
                    Part::List => Bytes::new(),
                    Part::Piece(_) => bytes.clone().into(),
                }),
            },
            _ => return (None, false),
        };
        (Some(input), grew)
    }
}

fn read(chain: &Chain, notary: &mut Notary) -> (Vec<Verified<Statement>>, Vec<Verified<Record>>) {
    let statements = chain.statements.iter();
    let records = chain.records.iter();
    (
        statements
            .filter_map(|bytes| notary.verify(bytes))
            .collect(),
        records.filter_map(|bytes| notary.verify(bytes)).collect(),
    )
}
