//! Decisions in a circle: what they would do, doing them, and why something counts or does not.
//!
//! A decision is looked at before it is made: the record is written in a transaction that is rolled back,
//! and the two folded states are compared. So what is shown is what the rules say, not what this module thinks.

use std::collections::BTreeSet;

use crate::fold::{self, Authority, Reason, Subject};
use crate::identity::{KeyCard, Verified};
use crate::record::{
    Body, CircleId, Entry, FeedKey, Kind, Place, Policy, Previous, Record, RecordId, RootKey,
    Statement, limits,
};
use crate::store::{CircleView, Draft, OwnFeed};

use super::membership::valid_name;
use crate::node::clock::now;
use crate::node::{Exit, Failure, Handle};

/// Something that a member decides.
#[derive(Debug, Clone)]
pub enum Decision {
    Admit {
        card: KeyCard,
        name: String,
    },
    /// What the member wrote until now stays; with `from_start` nothing of it does.
    Suspend {
        root: RootKey,
        reason: String,
        from_start: bool,
    },
    /// Ends the suspension in force.
    Lift {
        root: RootKey,
    },
    /// Admits a suspended member again, with the feeds that it had.
    Readmit {
        root: RootKey,
    },
    AddAdmin {
        root: RootKey,
    },
    Endorse {
        target: RecordId,
    },
    Policy {
        policy: Policy,
    },
}

/// One difference between two states of a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Member(RootKey),
    Suspended(RootKey),
    Restored(RootKey),
    Admin(RootKey),
    NoAdmin(RootKey),
    Policy(Policy),
    /// An earlier record that counts now, or does not any more.
    Counts(RecordId),
    WithoutEffect(RecordId),
}

/// What a decision does.
#[derive(Debug, Clone)]
pub struct Effect {
    pub record: RecordId,
    /// Why the record has no effect (yet); none: it counts.
    pub without: Option<&'static str>,
    pub changes: Vec<Change>,
    /// The circle afterwards.
    pub after: CircleView,
}

/// One authority record, for `circle log`.
#[derive(Debug, Clone)]
pub struct Decided {
    pub record: Verified<Record>,
    pub author: Option<RootKey>,
    pub without: Option<&'static str>,
}

impl Handle {
    /// The name of a record's kind in the log; none: the record is not here.
    pub fn kind_of(&self, id: &RecordId) -> Result<Option<String>, Failure> {
        let record = self.store.record(id)?;
        Ok(record.map(|record| kind_name(record.value().kind)))
    }

    /// What a decision would do; nothing is written.
    pub fn look_at(&mut self, circle: &CircleView, decision: &Decision) -> Result<Effect, Failure> {
        self.weigh(circle, decision, false)
    }

    /// Makes a decision.
    pub fn decide(&mut self, circle: &CircleView, decision: &Decision) -> Result<Effect, Failure> {
        self.weigh(circle, decision, true)
    }

    fn weigh(
        &mut self,
        circle: &CircleView,
        decision: &Decision,
        write: bool,
    ) -> Result<Effect, Failure> {
        self.may_write(circle)?;
        // It would wait for a full certificate, and what is looked at would not be what comes of it.
        if self.identity().spare_signs()? {
            return Err(Failure::new("spare-only", Exit::Locked));
        }
        let (statements, draft) = self.draft(circle, decision)?;
        let (secret, certificate) = self.identity().sign_key()?;
        let owner = OwnFeed {
            root: self.root,
            signer: &secret,
            certificate,
        };
        let drafts = [draft];
        let done = if write {
            self.store
                .decide(&circle.id, &owner, &statements, &drafts, now())
        } else {
            self.store
                .foresee(&circle.id, &owner, &statements, &drafts, now())
        };
        let (ids, state) = done?;
        let record = ids
            .first()
            .copied()
            .ok_or_else(|| Failure::new("nothing-written", Exit::Failed))?;
        Ok(Effect {
            record,
            without: state.without_effect.get(&record).copied(),
            changes: changes(&circle.state, &state),
            after: CircleView {
                state: state.authority,
                ..circle.clone()
            },
        })
    }

    /// The record that a decision is, and the statements that it rests on.
    fn draft(
        &self,
        circle: &CircleView,
        decision: &Decision,
    ) -> Result<(Vec<Verified<Statement>>, Draft), Failure> {
        let known = |root: &RootKey| {
            let member = circle.state.members.get(root);
            member.ok_or_else(|| {
                Failure::new("member-unknown", Exit::Failed)
                    .with("name", root.short())
                    .with("circle", &circle.state.name)
            })
        };
        let draft: Draft = match decision {
            Decision::Admit { card, name } => {
                valid_name(name)?;
                let root = card.root();
                if circle.state.is_active(&root) {
                    return Err(Failure::new("member-known", Exit::Failed)
                        .with("name", self.name_of(circle, &root)));
                }
                let mut others = circle
                    .state
                    .members
                    .iter()
                    .filter(|(other, _)| **other != root);
                if others.any(|(_, member)| member.name == *name) {
                    return Err(Failure::new("name-taken", Exit::Failed).with("name", name));
                }
                let body = Body::Admit {
                    root,
                    name: name.clone(),
                    lifts: vec![],
                    feeds: vec![],
                };
                return Ok((card.statements().to_vec(), body.into()));
            }
            Decision::Suspend {
                root,
                reason,
                from_start,
            } => {
                let cut = if *from_start {
                    Vec::new()
                } else {
                    self.cut_of(circle, root)?
                };
                Draft {
                    body: Body::Suspend {
                        root: *root,
                        reason: reason.clone(),
                    },
                    cut,
                }
            }
            Decision::Lift { root } => {
                let suspension = known(root)?.suspension.ok_or_else(|| {
                    Failure::new("not-suspended", Exit::Failed)
                        .with("name", self.name_of(circle, root))
                })?;
                Body::Lift { suspension }.into()
            }
            Decision::Readmit { root } => {
                let member = known(root)?;
                let lifts = self.suspensions_of(circle, root)?;
                if member.suspension.is_none() || lifts.is_empty() {
                    return Err(Failure::new("not-suspended", Exit::Failed)
                        .with("name", self.name_of(circle, root)));
                }
                let feeds = nameable(member).into_iter().collect();
                Body::Admit {
                    root: *root,
                    name: member.name.clone(),
                    lifts,
                    feeds,
                }
                .into()
            }
            Decision::AddAdmin { root } => {
                if known(root)?.admin {
                    return Err(Failure::new("admin-known", Exit::Failed)
                        .with("name", self.name_of(circle, root)));
                }
                Body::AddAdmin { root: *root }.into()
            }
            Decision::Endorse { target } => Body::Endorse { target: *target }.into(),
            Decision::Policy { policy } => Body::Policy {
                replaces: circle.state.policy_head,
                policy: *policy,
            }
            .into(),
        };
        Ok((Vec::new(), draft))
    }

    /// The suspensions of a root in a circle's set, ascending; a re-admission names those that it lifts.
    fn suspensions_of(
        &self,
        circle: &CircleView,
        root: &RootKey,
    ) -> Result<Vec<RecordId>, Failure> {
        let mut ids: Vec<RecordId> = Vec::new();
        for record in self.store.authority(&circle.id)? {
            if let Some(Body::Suspend { root: target, .. }) =
                Body::decode(record.value().kind, &record.value().body)
                && target == *root
                && !circle.state.without_effect.contains_key(&record.id())
            {
                ids.push(record.id());
            }
        }
        ids.sort();
        Ok(ids)
    }

    /// A cut that keeps everything of a root that this node knows, as far as one record can name it.
    fn cut_of(&self, circle: &CircleView, root: &RootKey) -> Result<Vec<Place>, Failure> {
        let Some(member) = circle.state.members.get(root) else {
            return Ok(Vec::new());
        };
        let mut cut = Vec::new();
        for feed in &nameable(member) {
            match circle.frontier.0.get(feed) {
                Some(Entry::Head { height, id }) => {
                    cut.push(Place {
                        feed: *feed,
                        height: *height,
                        id: *id,
                    });
                }
                // Below the fork is one chain: the record that both halves follow.
                Some(Entry::Forked { height, first, .. }) if *height > 0 => {
                    if let Some(half) = self.store.record(first)?
                        && let Previous::Record(id) = half.value().previous
                    {
                        cut.push(Place {
                            feed: *feed,
                            height: height - 1,
                            id,
                        });
                    }
                }
                _ => {}
            }
        }
        Ok(cut)
    }

    /// The authority records of a circle, in the order in which they arrived here.
    pub fn decisions(&self, circle: &CircleView) -> Result<Vec<Decided>, Failure> {
        let records = self.store.authority(&circle.id)?;
        let decided = records.into_iter().map(|record| {
            let feed = record.value().feed;
            let mut members = circle.state.members.iter();
            let author = members
                .find(|(_, member)| member.feeds.contains(&feed))
                .map(|(root, _)| *root);
            let without = circle.state.without_effect.get(&record.id()).copied();
            Decided {
                record,
                author,
                without,
            }
        });
        Ok(decided.collect())
    }

    /// Why a person or a record counts or does not. `what` is a member's name, or the beginning of a
    /// fingerprint, a root key or a record's id.
    pub fn explain(
        &self,
        circle: &CircleView,
        what: &str,
    ) -> Result<(Subject, Vec<Reason>), Failure> {
        let subject = match self.find_member(circle, what) {
            Ok(root) => Subject::Root(root),
            Err(_) => Subject::Record(self.find_record(&circle.id, what)?),
        };
        Ok((
            subject,
            fold::explain(&self.store.history(&circle.id)?, subject),
        ))
    }

    /// The record whose id begins with these digits.
    pub fn find_record(&self, circle: &CircleId, prefix: &str) -> Result<RecordId, Failure> {
        let found = if prefix.len() >= 4 {
            self.store.find_records(circle, prefix)?
        } else {
            Vec::new()
        };
        match found.as_slice() {
            [record] => Ok(record.id()),
            [] => Err(Failure::new("record-unknown", Exit::Failed).with("id", prefix)),
            _ => Err(Failure::new("document-ambiguous", Exit::Usage).with("name", prefix)),
        }
    }

    /// What an endorsement is for: a record, or the admission of a member.
    pub fn find_endorsable(&self, circle: &CircleView, what: &str) -> Result<RecordId, Failure> {
        match self.find_member(circle, what) {
            Ok(root) => {
                let member = circle
                    .state
                    .members
                    .get(&root)
                    .map(|member| member.admission);
                member
                    .filter(|id| *id != RecordId::from(circle.id))
                    .ok_or_else(|| {
                        Failure::new("founder-needs-none", Exit::Failed).with("name", what)
                    })
            }
            Err(_) => self.find_record(&circle.id, what),
        }
    }
}

/// What differs between two states, in a fixed order.
fn changes(before: &Authority, after: &Authority) -> Vec<Change> {
    let mut changes = Vec::new();
    let roots: BTreeSet<&RootKey> = before.members.keys().chain(after.members.keys()).collect();
    for root in roots {
        let (old, new) = (before.members.get(root), after.members.get(root));
        let was = old.is_some_and(|member| member.suspension.is_some());
        let is = new.is_some_and(|member| member.suspension.is_some());
        match (old, new) {
            (None, Some(_)) => changes.push(Change::Member(*root)),
            (Some(_), Some(_)) if !was && is => changes.push(Change::Suspended(*root)),
            (Some(_), Some(_)) if was && !is => changes.push(Change::Restored(*root)),
            _ => {}
        }
        let admin = |member: Option<&fold::Member>| member.is_some_and(|member| member.admin);
        match (admin(old), admin(new)) {
            (false, true) => changes.push(Change::Admin(*root)),
            (true, false) => changes.push(Change::NoAdmin(*root)),
            _ => {}
        }
    }
    if before.policy != after.policy {
        changes.push(Change::Policy(after.policy));
    }
    let inert = |state: &Authority| -> BTreeSet<RecordId> {
        state.without_effect.keys().copied().collect()
    };
    let (old, new) = (inert(before), inert(after));
    changes.extend(old.difference(&new).map(|id| Change::Counts(*id)));
    // The decision itself is told apart by its caller.
    changes.extend(new.difference(&old).map(|id| Change::WithoutEffect(*id)));
    changes
}

/// What a kind is called in the log.
pub fn kind_name(kind: Kind) -> String {
    kind.name()
        .map_or_else(|| format!("kind {}", kind.0), str::to_owned)
}

/// The feeds of a member that a cut or a re-admission names: one record has room for `limits::CUT`. Only somebody who
/// cites one feed from another has more than 32; those that can be written to come first, the others would not count.
fn nameable(member: &fold::Member) -> BTreeSet<FeedKey> {
    let closed = member.feeds.difference(&member.open);
    let feeds = member.open.iter().chain(closed).copied();
    feeds.take(limits::CUT).collect()
}
