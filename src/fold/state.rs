//! What the fold makes of a set.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use crate::record::{
    CircleId, Content, ContentKind, FeedKey, Hlc, Policy, Predecessor, RecordId, RootKey,
};

/// A root that was ever admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name that its admission gave it. An admin that genesis names has that of the counting admission with
    /// the smallest id, or none.
    pub name: String,
    /// The admission that counts, or the genesis record. Of several it is one by a root nearer to genesis, then
    /// the one with the smallest id.
    pub admission: RecordId,
    /// Who signed that admission.
    pub sponsor: RootKey,
    pub admin: bool,
    /// The suspension in force, if any (smallest id of several).
    pub suspension: Option<RecordId>,
    /// Its feeds that count: those in which at least one record of the set lies within all cuts.
    pub feeds: BTreeSet<FeedKey>,
    /// Those of them in which a record on top would count as well. What is forked, revoked, succeeded or cut
    /// off is none of them, even where its older records count.
    pub open: BTreeSet<FeedKey>,
    /// Its share of influence where admins are not counted by head; 0 while suspended.
    pub weight: u64,
    /// The root at the top of its admissions, whose 2^16 it shares.
    pub trunk: RootKey,
}

/// Something shared, with who shared it and when by their clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    pub author: RootKey,
    pub time: Hlc,
    pub content: Content,
}

/// A root's vote on a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    pub record: RecordId,
    pub choice: u64,
}

/// What a circle decided, without what it shares: everything but its current documents and models. Its size goes by
/// members and decisions, that of documents and models by the circle's whole history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    pub circle: CircleId,
    pub name: String,
    /// None while the genesis record is not at hand or names no valid circle.
    pub founder: Option<RootKey>,
    /// The circle that this one goes on from.
    pub predecessor: Option<Predecessor>,
    pub policy: Policy,
    /// The policy proposal that is current, or genesis; the next one names it in `replaces`.
    pub policy_head: RecordId,
    pub members: BTreeMap<RootKey, Member>,
    /// Records hidden by a withdrawal of their author.
    pub withdrawn: BTreeSet<RecordId>,
    /// Slots of `Pointer` records and their current target.
    pub pointers: BTreeMap<u64, RecordId>,
    /// Slots and the proposal that is current; the next one names it in `replaces`.
    pub pointer_heads: BTreeMap<u64, RecordId>,
    /// Subject: the votes that count.
    pub votes: BTreeMap<RecordId, BTreeMap<RootKey, Vote>>,
    /// Critical records of the set that do not count, each with its reason as a stable code.
    pub without_effect: BTreeMap<RecordId, &'static str>,
}

/// The state of one circle: what it decided and what it shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub authority: Authority,
    /// Contents that count and are not withdrawn, by record.
    pub contents: BTreeMap<RecordId, Shared>,
}

/// A state is its authority and more; what is decided is asked in the same words of both.
impl Deref for State {
    type Target = Authority;
    fn deref(&self) -> &Authority {
        &self.authority
    }
}

impl DerefMut for State {
    fn deref_mut(&mut self) -> &mut Authority {
        &mut self.authority
    }
}

impl State {
    /// The state of a circle of which nothing is known.
    pub fn empty(circle: CircleId) -> Self {
        Authority::empty(circle).into()
    }

    /// The contents of one kind.
    pub fn of(&self, kind: ContentKind) -> impl Iterator<Item = (&RecordId, &Shared)> {
        let all = self.contents.iter();
        all.filter(move |(_, it)| it.content.kind() == kind)
    }
}

/// A circle that shares nothing.
impl From<Authority> for State {
    fn from(authority: Authority) -> Self {
        Self {
            authority,
            contents: BTreeMap::new(),
        }
    }
}

impl Authority {
    /// Whether the circle decides by rules that this okibi does not know.
    pub fn newer(&self) -> bool {
        self.policy.rules > super::VERSION
    }

    /// The authority of a circle of which nothing is known.
    pub fn empty(circle: CircleId) -> Self {
        Self {
            circle,
            name: String::new(),
            founder: None,
            predecessor: None,
            policy: Policy::default(),
            policy_head: RecordId::from(circle),
            members: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            pointers: BTreeMap::new(),
            pointer_heads: BTreeMap::new(),
            votes: BTreeMap::new(),
            without_effect: BTreeMap::new(),
        }
    }

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

    /// The roots that are admins now.
    pub fn admins(&self) -> impl Iterator<Item = &RootKey> {
        let admins = self.members.iter().filter(|(_, member)| member.admin);
        admins.map(|(root, _)| root)
    }
}
