//! Builds histories for tests: deterministic keys from small numbers, one call per kind.
//!
//! Not part of the interface of the crate. A `World` knows everything that anybody ever wrote; a test
//! takes from it what a node has at hand. A record made by one of the short calls follows the newest
//! record of its feed and has seen every authority record of the world; a `Draft` says otherwise.
//! An unsigned world saves the cost of Ed25519 where ten thousand histories are folded.

pub mod random;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::identity::{Signer, SigningSecret, Verified, from_own_store};
use crate::record::{
    Admin, BlobHash, BlobRef, Body, CircleId, Claim, Document, FeedKey, Hlc, Kind, Model, Place,
    Policy, Previous, Record, RecordId, Role, RootKey, Signed, Statement, StatementId,
};

use super::{History, Membership, Shares, State, evaluate};

/// Everything that was ever written in one circle.
pub struct World {
    signed: bool,
    /// The circle, once it is founded.
    pub circle: CircleId,
    /// What a root and an inviter may have in the set.
    pub shares: Shares,
    pub statements: Vec<Verified<Statement>>,
    pub records: Vec<Verified<Record>>,
    places: HashMap<RecordId, Place>,
    secrets: HashMap<[u8; 32], SigningSecret>,
    certificates: BTreeMap<FeedKey, StatementId>,
    owners: BTreeMap<FeedKey, RootKey>,
    heads: BTreeMap<FeedKey, RecordId>,
    tips: BTreeSet<RecordId>,
    clock: u64,
}

/// A record to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    pub feed: FeedKey,
    pub kind: Kind,
    pub body: Vec<u8>,
    /// The record that it follows in its feed: none stands for the feed's newest.
    pub after: Option<RecordId>,
    /// Whether it opens its feed (again).
    pub first: bool,
    /// What it has seen: none stands for everything.
    pub seen: Option<Vec<RecordId>>,
    pub cut: Vec<RecordId>,
}

impl Draft {
    pub fn new(feed: FeedKey, body: &Body) -> Self {
        Self {
            feed,
            kind: body.kind(),
            body: body.encode(),
            after: None,
            first: false,
            seen: None,
            cut: Vec::new(),
        }
    }

    pub fn after(mut self, id: RecordId) -> Self {
        self.after = Some(id);
        self
    }

    pub fn first(mut self) -> Self {
        self.first = true;
        self
    }

    pub fn seen(mut self, ids: &[RecordId]) -> Self {
        self.seen = Some(ids.to_vec());
        self
    }

    pub fn cut(mut self, ids: &[RecordId]) -> Self {
        self.cut = ids.to_vec();
        self
    }
}

/// An admission.
pub fn admit(root: RootKey) -> Body {
    Body::Admit {
        root,
        name: format!("member {}", root.short()),
        lifts: Vec::new(),
        feeds: Vec::new(),
    }
}

/// A re-admission.
pub fn readmit(root: RootKey, lifts: &[RecordId], feeds: &[FeedKey]) -> Body {
    let lifts: BTreeSet<RecordId> = lifts.iter().copied().collect();
    let feeds: BTreeSet<FeedKey> = feeds.iter().copied().collect();
    Body::Admit {
        root,
        name: "again".into(),
        lifts: lifts.into_iter().collect(),
        feeds: feeds.into_iter().collect(),
    }
}

/// A suspension; the cut belongs to the draft.
pub fn suspend(root: RootKey) -> Body {
    Body::Suspend {
        root,
        reason: String::new(),
    }
}

impl World {
    /// An empty world; signatures are real if `signed`.
    pub fn new(signed: bool) -> Self {
        Self {
            signed,
            circle: CircleId([0; 32]),
            shares: Shares::default(),
            statements: Vec::new(),
            records: Vec::new(),
            places: HashMap::new(),
            secrets: HashMap::new(),
            certificates: BTreeMap::new(),
            owners: BTreeMap::new(),
            heads: BTreeMap::new(),
            tips: BTreeSet::new(),
            clock: 0,
        }
    }

    fn key(&mut self, label: &str) -> [u8; 32] {
        let seed = blake3::derive_key("okibi test keys", label.as_bytes());
        if !self.signed {
            return seed;
        }
        let secret = SigningSecret::from_bytes(&seed);
        let public = secret.public();
        self.secrets.entry(public).or_insert(secret);
        public
    }

    fn sign(&self, key: [u8; 32], message: &[u8]) -> [u8; 64] {
        self.secrets
            .get(&key)
            .map_or([0; 64], |secret| secret.sign(message))
    }

    /// The `n`th root.
    pub fn root(&mut self, n: usize) -> RootKey {
        RootKey(self.key(&format!("root {n}")))
    }

    /// The `n`th root's sign key `device`, certified.
    pub fn device(&mut self, n: usize, device: usize) -> FeedKey {
        let feed = FeedKey(self.key(&format!("feed {n}.{device}")));
        if !self.certificates.contains_key(&feed) {
            let root = self.root(n);
            self.certify(root, feed, Role::Sign);
        }
        feed
    }

    /// The `n`th root's spare key, certified as such.
    pub fn spare(&mut self, n: usize) -> FeedKey {
        let feed = FeedKey(self.key(&format!("spare {n}")));
        let root = self.root(n);
        self.certify(root, feed, Role::Spare);
        feed
    }

    /// The secret half of a sign key of a signed world.
    pub fn secret(&self, feed: FeedKey) -> SigningSecret {
        SigningSecret::from_bytes(&self.secrets[&feed.0].to_bytes())
    }

    /// The certificate that a feed names at height 0.
    pub fn certificate(&self, feed: FeedKey) -> StatementId {
        self.certificates[&feed]
    }

    /// Whose feed it is.
    pub fn owner(&self, feed: FeedKey) -> RootKey {
        self.owners[&feed]
    }

    /// A certificate for a feed; the last one made is the one that height 0 names.
    pub fn certify(&mut self, root: RootKey, feed: FeedKey, role: Role) -> StatementId {
        let claim = Claim::Certificate {
            role,
            key: feed.0,
            replaces: None,
            proof: self.sign(feed.0, &Statement::proof_message(&root, role, &feed.0)),
        };
        let id = self.state(root, claim);
        if role == Role::Spare || !self.certificates.contains_key(&feed) {
            self.certificates.insert(feed, id);
            self.owners.insert(feed, root);
        }
        id
    }

    /// Revokes a feed's key at a record of it (none: nothing counts).
    pub fn revoke(&mut self, feed: FeedKey, cut: Option<RecordId>) -> StatementId {
        let claim = Claim::Revocation {
            key: feed.0,
            circle: Some(self.circle),
            cut: cut.map(|id| (self.places[&id].height, id)),
        };
        self.state(self.owners[&feed], claim)
    }

    /// Any statement.
    pub fn state(&mut self, root: RootKey, claim: Claim) -> StatementId {
        self.clock += 1;
        let statement = Statement {
            root,
            time: Hlc(self.clock),
            claim,
        };
        let signed = Signed::build(statement, |message| self.sign(root.0, message));
        let id = signed.id();
        self.statements.push(from_own_store(signed));
        id
    }

    /// Founds the circle.
    pub fn found(&mut self, feed: FeedKey, admins: &[RootKey], policy: Policy) -> RecordId {
        let roots: BTreeSet<RootKey> = admins.iter().copied().collect();
        let body = Body::Genesis {
            name: "hearth".into(),
            salt: [7; 16],
            policy,
            admins: roots
                .into_iter()
                .map(|root| Admin {
                    root,
                    name: String::new(),
                    paper: None,
                })
                .collect(),
            predecessor: None,
        };
        self.add(Draft::new(feed, &body).first().seen(&[]))
    }

    /// Writes a draft.
    pub fn add(&mut self, draft: Draft) -> RecordId {
        let below = match (draft.first, draft.after) {
            (true, _) => None,
            (false, Some(id)) => Some(id),
            (false, None) => self.heads.get(&draft.feed).copied(),
        };
        let (height, previous) = match below {
            None => (0, Previous::Certificate(self.certificates[&draft.feed])),
            Some(id) => (self.places[&id].height + 1, Previous::Record(id)),
        };
        let critical = draft.kind.is_critical();
        let seen: BTreeSet<RecordId> = match (&draft.seen, critical) {
            (_, false) => BTreeSet::new(),
            (Some(ids), true) => ids.iter().copied().collect(),
            (None, true) => self.tips.clone(),
        };
        let mut places: Vec<Place> = seen
            .iter()
            .filter(|&&id| Some(id) != below)
            .map(|id| self.places[id])
            .collect();
        places.sort_unstable();
        let cut: BTreeMap<FeedKey, Place> = draft
            .cut
            .iter()
            .map(|id| (self.places[id].feed, self.places[id]))
            .collect();
        self.clock += 1;
        let record = Record {
            circle: (draft.kind != Kind::GENESIS).then_some(self.circle),
            feed: draft.feed,
            height,
            previous,
            time: Hlc(self.clock),
            kind: draft.kind,
            seen: places,
            cut: cut.into_values().collect(),
            body: draft.body,
        };
        let signed = Signed::build(record, |message| self.sign(draft.feed.0, message));
        let id = signed.id();
        if draft.kind == Kind::GENESIS {
            self.circle = CircleId::from(id);
        }
        self.places.insert(id, signed.place());
        self.heads.insert(draft.feed, id);
        if critical {
            for id in seen.iter().chain(below.iter()) {
                self.tips.remove(id);
            }
            self.tips.insert(id);
        }
        self.records.push(from_own_store(signed));
        id
    }

    /// Writes a body at the newest place of a feed, having seen everything.
    pub fn write(&mut self, feed: FeedKey, body: &Body) -> RecordId {
        self.add(Draft::new(feed, body))
    }

    /// Adds a record as it is; the short calls do not know of it.
    pub fn insert(&mut self, record: Record) -> RecordId {
        let feed = record.feed;
        let signed = Signed::build(record, |message| self.sign(feed.0, message));
        let id = signed.id();
        self.records.push(from_own_store(signed));
        id
    }

    pub fn admit(&mut self, feed: FeedKey, root: RootKey) -> RecordId {
        self.write(feed, &admit(root))
    }

    /// Suspends a root with the cut named by records of its feeds.
    pub fn suspend(&mut self, feed: FeedKey, root: RootKey, cut: &[RecordId]) -> RecordId {
        self.add(Draft::new(feed, &suspend(root)).cut(cut))
    }

    pub fn lift(&mut self, feed: FeedKey, suspension: RecordId) -> RecordId {
        self.write(feed, &Body::Lift { suspension })
    }

    pub fn add_admin(&mut self, feed: FeedKey, root: RootKey) -> RecordId {
        self.write(feed, &Body::AddAdmin { root })
    }

    pub fn endorse(&mut self, feed: FeedKey, target: RecordId) -> RecordId {
        self.write(feed, &Body::Endorse { target })
    }

    pub fn policy(&mut self, feed: FeedKey, replaces: RecordId, policy: Policy) -> RecordId {
        self.write(feed, &Body::Policy { replaces, policy })
    }

    pub fn merge(&mut self, feed: FeedKey) -> RecordId {
        self.write(feed, &Body::Merge)
    }

    pub fn document(&mut self, feed: FeedKey, title: &str) -> RecordId {
        self.write(feed, &document(title))
    }

    pub fn withdraw(&mut self, feed: FeedKey, target: RecordId) -> RecordId {
        self.write(feed, &Body::Withdraw { target })
    }

    /// The records of a feed, in the order in which they were written.
    pub fn of_feed(&self, feed: FeedKey) -> Vec<RecordId> {
        let records = self.records.iter();
        records
            .filter(|record| record.value().feed == feed)
            .map(|record| record.id())
            .collect()
    }

    /// Everything, as one node's pool.
    pub fn history(&self) -> History {
        let mut history = History::with_shares(self.circle, self.shares);
        for statement in &self.statements {
            history.add_statement(statement.clone());
        }
        for record in &self.records {
            history.add_record(record.clone());
        }
        history
    }

    /// Everything but these records.
    pub fn without(&self, absent: &[RecordId]) -> History {
        let mut history = History::with_shares(self.circle, self.shares);
        for statement in &self.statements {
            history.add_statement(statement.clone());
        }
        for record in self.records.iter().filter(|r| !absent.contains(&r.id())) {
            history.add_record(record.clone());
        }
        history
    }

    /// The set and state of everything.
    pub fn evaluate(&self) -> (Membership, State) {
        evaluate(&self.history())
    }
}

/// A document's body.
pub fn document(title: &str) -> Body {
    Body::from(Document {
        title: title.into(),
        media_type: "text/plain".into(),
        language: "en".into(),
        source: String::new(),
        licence: String::new(),
        blob: blob(title),
    })
}

/// A model's body.
pub fn model(name: &str) -> Body {
    Body::from(Model {
        name: name.into(),
        format: "gguf".into(),
        architecture: "llama".into(),
        source: String::new(),
        licence: String::new(),
        note: String::new(),
        toy: true,
        blob: blob(name),
    })
}

fn blob(content: &str) -> BlobRef {
    BlobRef {
        blake3: BlobHash(*blake3::hash(content.as_bytes()).as_bytes()),
        sha256: [0; 32],
        size: content.len() as u64,
    }
}
