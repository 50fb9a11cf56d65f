//! What this node is, has and lacks.

use std::collections::BTreeSet;

use crate::identity::fingerprint;
use crate::record::{CircleId, ContentKind, Entry, Frontier, RecordId, RootKey};
use crate::store::{CircleView, Standing};

use crate::node::clock::now;
use crate::node::{AuditLine, Exit, Failure, Handle};

/// One member as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStatus {
    pub root: RootKey,
    pub name: String,
    pub fingerprint: String,
    pub admin: bool,
    pub suspended: bool,
    pub me: bool,
    /// Milliseconds since something newer of it was first taken in, and by which road.
    pub heard: Option<(u64, String)>,
    /// That was at a time that lies in the future by the clock of this machine, so its age is not known.
    pub future: bool,
    /// Records of mine that it has not acknowledged; none: it never acknowledged anything.
    pub behind: Option<u64>,
    pub stale: bool,
    /// Bundles of it that did not come here while it has records that are not here, by number, from one to another.
    pub missing: Vec<(u64, u64)>,
}

/// One circle as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircleStatus {
    pub id: CircleId,
    pub name: String,
    pub shelf: bool,
    pub set_hash: [u8; 32],
    pub state_hash: [u8; 32],
    pub records: u64,
    pub documents: usize,
    pub models: usize,
    pub members: Vec<MemberStatus>,
    /// Feeds that two records stand in at one height.
    pub forked: Vec<String>,
    /// Members who say that they hold records of my own feed that are not here.
    pub set_back: Vec<String>,
    /// Records that wait for something.
    pub waiting: usize,
    /// What they wait for, by id.
    pub wanted: BTreeSet<String>,
    pub missing_blobs: usize,
    /// The circle decides by rules of a newer okibi.
    pub newer: bool,
}

/// The whole node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub root: RootKey,
    pub fingerprint: String,
    pub home: String,
    pub circles: Vec<CircleStatus>,
    pub models: Vec<String>,
    /// Documents of the library, the manual aside.
    pub documents: usize,
    /// Bytes of all blobs.
    pub blob_bytes: u64,
    /// Circles that admit this node and that nobody here joined.
    pub offers: usize,
    /// Writing is stopped until a new feed is opened.
    pub stopped: bool,
}

/// Milliseconds by which a time may lie in the future before the clock counts as wrong: an hour, as clocks that are
/// set by hand differ.
const SKEW: u64 = 3_600_000;

/// The audit trail holds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCheck {
    pub lines: usize,
    /// The hash of its last line.
    pub head: [u8; 32],
}

impl Handle {
    /// The audit trail, oldest line first.
    pub fn audit(&self) -> Result<Vec<AuditLine>, Failure> {
        Ok(self.store.audit_lines()?)
    }

    /// Computes the trail's hashes again.
    ///
    /// # Errors
    /// Fails with `audit-broken` at the first line that does not follow from those before it.
    pub fn verify_audit(&self) -> Result<AuditCheck, Failure> {
        if let Some(line) = self.store.audit_break()? {
            return Err(Failure::new("audit-broken", Exit::Failed).with("line", line));
        }
        Ok(AuditCheck {
            lines: self.store.audit_lines()?.len(),
            head: self.store.audit_head()?.1,
        })
    }

    /// Decisions that late records changed, each told once.
    pub fn take_notices(&mut self) -> Result<Vec<serde_json::Value>, Failure> {
        if self.store.is_read_only() {
            return Ok(Vec::new());
        }
        Ok(self.store.take_notices()?)
    }

    /// Looks at everything; `max_age` in milliseconds decides who is stale.
    pub fn status(&self, max_age: u64) -> Result<Status, Failure> {
        let circles = self.store.circles()?;
        let circles = circles
            .iter()
            .map(|circle| self.circle_status(circle, max_age));
        Ok(Status {
            root: self.root,
            fingerprint: fingerprint(&self.root),
            home: self.store.home().display().to_string(),
            circles: circles.collect::<Result<_, _>>()?,
            models: self
                .store
                .models()?
                .into_iter()
                .map(|model| model.name)
                .collect(),
            documents: self.documents()?.len(),
            blob_bytes: self.store.blobs()?.iter().map(|blob| blob.size).sum(),
            offers: self.offers()?.len(),
            stopped: self.store.meta("stopped")?.is_some(),
        })
    }

    /// Bundles of a member that did not come here, as long as it has records that are not here: a later bundle brings all
    /// that was not acknowledged, so that a lost stick is no loss by itself.
    pub(in crate::node) fn missing_bundles(
        &self,
        circle: &CircleView,
        root: &RootKey,
    ) -> Result<Vec<(u64, u64)>, Failure> {
        let gaps = self.store.bundle_gaps(&circle.id, root)?;
        if gaps.is_empty() {
            return Ok(gaps);
        }
        let said = self.store.ack(&circle.id, root, &self.root)?;
        let all_here = said.is_some_and(|ack| behind(&ack.value().frontier, &circle.frontier) == 0);
        Ok(if all_here { Vec::new() } else { gaps })
    }

    fn circle_status(&self, circle: &CircleView, max_age: u64) -> Result<CircleStatus, Failure> {
        let tally = self.store.tally(&circle.id)?;
        let state = self.store.state(&circle.id)?;
        let now = now();
        let mut members = Vec::new();
        for (root, member) in &circle.state.members {
            let me = *root == self.root;
            let heard = self.store.heard(&circle.id, root)?;
            // A clock was wrong then, or is now: how long ago that was is not known.
            let future = heard.as_ref().is_some_and(|(at, _)| *at > now + SKEW);
            let heard = heard.map(|(at, road)| (now.saturating_sub(at), road));
            let ack = self.store.ack(&circle.id, root, &self.root)?;
            let behind = ack.map(|ack| behind(&circle.frontier, &ack.value().frontier));
            let suspended = member.suspension.is_some();
            let old = future || heard.as_ref().is_none_or(|(age, _)| *age > max_age);
            members.push(MemberStatus {
                root: *root,
                name: self.name_of(circle, root),
                fingerprint: fingerprint(root),
                admin: member.admin,
                suspended,
                me,
                heard,
                future,
                behind,
                missing: self.missing_bundles(circle, root)?,
                stale: old && !me && !suspended && circle.standing == Standing::Member,
            });
        }
        let wanted = tally.wanted.iter().map(|id| RecordId(*id).to_string());
        let forked = circle.frontier.0.iter();
        let forked = forked.filter(|(_, entry)| matches!(entry, Entry::Forked { .. }));
        Ok(CircleStatus {
            id: circle.id,
            name: circle.state.name.clone(),
            shelf: circle.standing == Standing::Shelf,
            set_hash: tally.set_hash,
            state_hash: state.state_hash(),
            records: tally.records,
            documents: state.of(ContentKind::Document).count(),
            models: state.of(ContentKind::Model).count(),
            members,
            forked: forked.map(|(feed, _)| feed.to_string()).collect(),
            set_back: self.said_by(circle)?,
            waiting: tally.waiting,
            wanted: wanted.collect(),
            missing_blobs: self.store.missing_blobs(&circle.id)?.len(),
            newer: circle.state.newer(),
        })
    }
}

/// How many records of chains `theirs` lacks.
fn behind(mine: &Frontier, theirs: &Frontier) -> u64 {
    let length = |entry: &Entry| match entry {
        Entry::Head { height, .. } => height + 1,
        Entry::Forked { height, .. } => *height,
    };
    mine.0
        .iter()
        .map(|(feed, entry)| length(entry).saturating_sub(theirs.0.get(feed).map_or(0, length)))
        .sum()
}
