//! Everything of one circle that is at hand, and which of it is in the set.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::Verified;
use crate::record::{CircleId, ForkEvidence, Frontier, Record, RecordId, Statement, StatementId};

/// The pool: records and statements of one circle, in the set or waiting.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) circle: CircleId,
    pub(super) statements: BTreeMap<StatementId, Verified<Statement>>,
    pub(super) records: BTreeMap<RecordId, Verified<Record>>,
}

impl History {
    /// An empty pool.
    pub fn new(circle: CircleId) -> Self {
        Self {
            circle,
            statements: BTreeMap::new(),
            records: BTreeMap::new(),
        }
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
    /// `record::set_hash` of the above.
    pub set_hash: [u8; 32],
}

impl Membership {
    /// The records that show the forks. Those outside the set must be kept and passed on like it: the set and
    /// the evidence alone give the same set again.
    pub fn evidence(&self) -> impl Iterator<Item = RecordId> {
        self.forks.iter().flat_map(|fork| [fork.2, fork.3])
    }

    /// How many records wait for something that may still come: branches that nothing reaches, and what can
    /// never belong, do not wait.
    pub fn pending(&self) -> usize {
        let idle = |lack: &Lack| matches!(lack, Lack::Branch | Lack::Quota | Lack::Never);
        let waiting = self.waiting.values();
        waiting.filter(|lacks| !lacks.iter().any(idle)).count()
    }

    /// Whether a waiting record may be dropped for good, because it will never be in the set or is a branch that
    /// nothing reaches (whoever cites it later brings it along).
    pub fn may_drop(&self, id: &RecordId) -> bool {
        let droppable = |lack: &Lack| matches!(lack, Lack::Branch | Lack::Quota | Lack::Never);
        let lacks = self.waiting.get(id);
        lacks.is_some_and(|lacks| lacks.iter().any(droppable))
            && !self.evidence().any(|half| half == *id)
    }
}
