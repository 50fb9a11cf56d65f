//! What a person should hear about a state: decisions that changed, and what the circle's shape exposes it to.

use std::collections::BTreeSet;

use crate::record::{RecordId, RootKey};

use super::explain::Subject;
use super::state::{Authority, State};

/// A decision that was one thing and is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    pub subject: Subject,
    /// For roots `no-member`, `member`, `admin` or `suspended`; for authority records `counts` or the code of why
    /// not; for ordinary ones `counts` or `void`.
    pub was: &'static str,
    pub is: &'static str,
}

/// What was decided in `before` and is decided otherwise in `after`. What is merely new is no change. Ask
/// `explain` which records did it: those among the reasons that are newer than `before`.
pub fn changes(before: &State, after: &State) -> Vec<Change> {
    let mut all = Vec::new();
    let mut note = |subject, was: &'static str, is: &'static str| {
        if was != is {
            all.push(Change { subject, was, is });
        }
    };
    for root in before.members.keys() {
        note(
            Subject::Root(*root),
            before.standing(root),
            after.standing(root),
        );
    }
    let codes = before
        .without_effect
        .keys()
        .chain(after.without_effect.keys());
    let ids: BTreeSet<RecordId> = codes.copied().collect();
    for id in ids {
        let code = |state: &Authority| state.without_effect.get(&id).copied();
        match (code(before), code(after)) {
            (Some(was), is) => note(Subject::Record(id), was, is.unwrap_or("counts")),
            // Whether it counted before or was not there, only what was visible of it tells.
            (None, Some(is)) if before.shows(&id) => note(Subject::Record(id), "counts", is),
            (None, _) => {}
        }
    }
    for id in before.contents.keys() {
        let gone = !after.contents.contains_key(id);
        if gone && !after.withdrawn.contains(id) {
            note(Subject::Record(*id), "counts", "void");
        }
    }
    all
}

impl Authority {
    /// What a root is: `no-member`, `member`, `admin` or `suspended`.
    pub fn standing(&self, root: &RootKey) -> &'static str {
        match self.members.get(root) {
            None => "no-member",
            Some(member) if member.suspension.is_some() => "suspended",
            Some(member) if member.admin => "admin",
            Some(_) => "member",
        }
    }

    /// Whether an authority record is what something in this state rests on.
    fn shows(&self, id: &RecordId) -> bool {
        let members = self.members.values();
        members
            .clone()
            .any(|member| member.admission == *id || member.suspension == Some(*id))
            || self.policy_head == *id
            || self.pointer_heads.values().any(|head| head == id)
            || self
                .votes
                .values()
                .any(|votes| votes.values().any(|vote| vote.record == *id))
    }

    /// What the circle's present shape exposes it to, as stable codes: `no-admin` (authority needs a new
    /// circle), `one-admin` (that root, or its thief, can end the circle), `two-admins` (neither can be
    /// suspended without more than half of the weight), `two-trunks` (no weight is ever more than half
    /// against one of them).
    pub fn exposures(&self) -> Vec<&'static str> {
        let admins = self.admins().count();
        let trunks: BTreeSet<RootKey> = self.active().map(|(_, member)| member.trunk).collect();
        let mut all = Vec::new();
        all.extend(match admins {
            0 if self.founder.is_some() => Some("no-admin"),
            1 => Some("one-admin"),
            2 => Some("two-admins"),
            _ => None,
        });
        if trunks.len() == 2 {
            all.push("two-trunks");
        }
        all
    }
}
