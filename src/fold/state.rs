//! What the fold makes of a set.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{CircleId, Document, FeedKey, Hlc, Model, Policy, RecordId, RootKey};

/// A root that was ever admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name that its admitter gave it (of several counting admissions, of the one with the smallest id).
    pub name: String,
    /// The admission that counts (smallest id of several), or the genesis record.
    pub admission: RecordId,
    /// Who signed that admission.
    pub sponsor: RootKey,
    pub admin: bool,
    /// The suspension in force, if any.
    pub suspension: Option<RecordId>,
    /// Its feeds that count.
    pub feeds: BTreeSet<FeedKey>,
}

/// Something shared, with who shared it and when by their clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared<T> {
    pub author: RootKey,
    pub time: Hlc,
    pub content: T,
}

/// The state of one circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub circle: CircleId,
    pub name: String,
    pub founder: Option<RootKey>,
    pub policy: Policy,
    pub members: BTreeMap<RootKey, Member>,
    /// Documents that count and are not withdrawn, by record.
    pub documents: BTreeMap<RecordId, Shared<Document>>,
    /// Models that count and are not withdrawn, by record.
    pub models: BTreeMap<RecordId, Shared<Model>>,
    /// Records hidden by a withdrawal of their author.
    pub withdrawn: BTreeSet<RecordId>,
    /// Slots of `Pointer` records and their current target.
    pub pointers: BTreeMap<u64, RecordId>,
    /// Critical records of the set that do not count, each with its reason as a stable code.
    pub without_effect: BTreeMap<RecordId, &'static str>,
}

impl State {
    /// Members that are not suspended.
    pub fn active(&self) -> impl Iterator<Item = (&RootKey, &Member)> {
        self.members
            .iter()
            .filter(|(_, member)| member.suspension.is_none())
    }

    /// Whether a root belongs and is not suspended.
    pub fn is_active(&self, root: &RootKey) -> bool {
        self.members
            .get(root)
            .is_some_and(|member| member.suspension.is_none())
    }
}
