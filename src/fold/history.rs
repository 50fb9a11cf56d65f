//! Everything of one circle that is at hand, and which of it is in the set.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::Verified;
use crate::record::{
    CircleId, FeedKey, ForkEvidence, Frontier, Record, RecordId, RootKey, Statement, StatementId,
    limits,
};

use super::known::Permissions;

/// How many feeds of one root, and how many guests of one inviter, have a share of the set. Only tests of the rules have
/// other numbers than the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    pub feeds: usize,
    pub seats: usize,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            feeds: limits::FEEDS_PER_ROOT,
            seats: limits::SEATS,
        }
    }
}

/// The pool: records and statements of one circle, in the set or waiting.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) circle: CircleId,
    pub(super) statements: BTreeMap<StatementId, Verified<Statement>>,
    pub(super) records: BTreeMap<RecordId, Verified<Record>>,
    pub(super) shares: Shares,
    pub(super) known: Permissions,
}

impl History {
    /// An empty pool.
    pub fn new(circle: CircleId) -> Self {
        Self {
            circle,
            statements: BTreeMap::new(),
            records: BTreeMap::new(),
            shares: Shares::default(),
            known: Permissions::default(),
        }
    }

    /// An empty pool with shares of other sizes.
    #[doc(hidden)]
    pub fn with_shares(circle: CircleId, shares: Shares) -> Self {
        Self {
            shares,
            ..Self::new(circle)
        }
    }

    /// Takes over what an earlier evaluation of records of this circle came to, by whoever kept it safe: what it says is
    /// believed.
    pub fn know(&mut self, permissions: Permissions) {
        self.known = permissions;
    }

    /// Adds a statement of any root; adding one twice changes nothing.
    pub fn add_statement(&mut self, statement: Verified<Statement>) {
        self.statements.insert(statement.id(), statement);
    }

    /// Adds a record; one of another circle is ignored, one that is there already changes nothing.
    pub fn add_record(&mut self, record: Verified<Record>) {
        if record.value().circle(record.id()) == self.circle {
            self.records.entry(record.id()).or_insert(record);
        }
    }
}

/// What a waiting record waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// A record that it names, directly or through others that are here.
    Record(RecordId),
    /// The certificate of a feed.
    Certificate(StatementId),
    /// An admission of its author, or of the author of something that it names.
    Admission,
    /// It stands at or above a fork of its own feed, and nothing that counts reaches it.
    Branch,
    /// Its root has more feeds than one root may have, and nothing that counts reaches this one.
    Feeds,
    /// No admin vouched for its root, whose inviters have no seat left, and nothing that counts reaches it.
    Seat,
    /// Its chain has written as much as one feed may: it will wait for ever.
    Quota,
    /// It contradicts itself (it names a record at a place where that does not stand, or a certificate
    /// that is none for its key) or stands on one that does: it will wait for ever.
    Never,
}

/// Which part of a pool is the circle's set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    pub records: BTreeSet<RecordId>,
    pub statements: BTreeSet<StatementId>,
    /// The lowest fork of each feed.
    pub forks: BTreeSet<ForkEvidence>,
    /// What is at hand and not in the set, with what it lacks.
    pub waiting: BTreeMap<RecordId, BTreeSet<Lack>>,
    pub frontier: Frontier,
    /// Roots with a share of their own and their feeds within it: what is written below a fork there is kept.
    pub shares: BTreeSet<(RootKey, FeedKey)>,
    /// `record::set_hash` of statements, records and forks.
    pub set_hash: [u8; 32],
}

impl Lack {
    /// Whether what lacks this is in the set only if something else brings it along, or never: it waits for no arrival.
    fn is_idle(&self) -> bool {
        match self {
            Self::Branch | Self::Feeds | Self::Seat | Self::Quota | Self::Never => true,
            Self::Record(_) | Self::Certificate(_) | Self::Admission => false,
        }
    }
}

impl Membership {
    /// The records that show the forks. Those outside the set must be kept and passed on like it: the set and
    /// the evidence alone give the same set again.
    pub fn evidence(&self) -> impl Iterator<Item = RecordId> {
        self.forks.iter().flat_map(|fork| [fork.2, fork.3])
    }

    /// How many records wait for something that may still come: what nothing reaches, and what can never belong, do
    /// not wait.
    pub fn pending(&self) -> usize {
        let waiting = self.waiting.values();
        waiting
            .filter(|lacks| !lacks.iter().any(Lack::is_idle))
            .count()
    }

    /// Whether a waiting record may be dropped for good, because it will never be in the set or because it has no share and
    /// nothing reaches it (whoever cites it later, or finds it a share again, brings it along).
    pub fn may_drop(&self, id: &RecordId) -> bool {
        let lacks = self.waiting.get(id);
        lacks.is_some_and(|lacks| lacks.iter().any(Lack::is_idle))
            && !self.evidence().any(|half| half == *id)
    }
}
