//! This home's own feed, where somebody else wrote on in it.
//!
//! **A stolen sign key is taken back**: in every circle what this home knows of the key's feed stays, and nothing that
//! anybody writes with it later counts. The root says so, so it works while the thief still writes.
//!
//! **A home that was set back**: an older copy of it wrote on, and its own feed is forked by accident. Found out by a record
//! that its own key signed and somebody else brought. The other branch is the one that others hold, so it stays: the root
//! revokes the key with a cut at that branch's head, and this home says its own records again in a new feed.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::{Verified, revocation};
use crate::record::{Body, CircleId, Entry, FeedKey, Hlc, Previous, Record, RecordId};
use crate::store::{CircleView, Draft, OwnFeed, others_branch};

use super::identity::own;
use super::unlock::RootLock;
use crate::node::clock::{now, random};
use crate::node::{Failure, Handle};

/// Height of a fork, and height and id of a branch's head.
type Branch = (u64, (u64, RecordId));

impl Handle {
    /// Takes the sign key in use back and goes on with a new one. Returns in how many circles something of it stays.
    pub fn revoke(&mut self) -> Result<usize, Failure> {
        let root = self.root_secret()?;
        let feed: FeedKey = self.feed()?;
        let time = Hlc::from_millis(now());
        let (mut statements, mut kept) = (Vec::new(), 0);
        for circle in self.store.circles()? {
            let cut = match circle.frontier.0.get(&feed) {
                Some(Entry::Head { height, id }) => Some((*height, *id)),
                // Below the fork is one chain: the record that both halves follow.
                Some(Entry::Forked { height, first, .. }) if *height > 0 => self
                    .store
                    .record(first)?
                    .and_then(|half| match half.value().previous {
                        Previous::Record(id) => Some((height - 1, id)),
                        Previous::Certificate(_) => None,
                    }),
                _ => None,
            };
            kept += usize::from(cut.is_some());
            let statement = revocation(&root, feed.0, Some(circle.id), cut, time);
            statements.push(own(statement)?);
        }
        // The new key is there before the old one goes: a crash in between leaves one that signs.
        self.start_feed()?;
        self.store.add_statements(&statements)?;
        Ok(kept)
    }

    /// Mends a fork of my own feed in this circle where nobody has to be asked: the root key is in clear, and others
    /// hold no decision of mine that is not here (those may be a thief's: `okibi key revoke` or `okibi key new-feed`).
    pub(in crate::node) fn mend_if_set_back(&mut self, circle: &CircleId) -> Result<bool, Failure> {
        if !matches!(self.root_at_rest().lock_state(), RootLock::Plain)
            || self.store.meta("stopped")?.is_some()
        {
            return Ok(false);
        }
        self.mend_fork(circle, false)
    }

    /// Mends forks of my own feed in all circles, whatever others hold.
    pub(super) fn mend_forks(&mut self, feed: &FeedKey) -> Result<(), Failure> {
        for circle in self.store.circles()? {
            if let Some(cut) = self.branch_of_others(&circle.id, feed, true)? {
                self.settle_fork(&circle.id, feed, cut)?;
            }
        }
        Ok(())
    }

    /// Begins a new life where a member says something new of my feeds that is not here: what this home acknowledged
    /// before may be more than it has, and whoever holds more shows it only to one that says so.
    pub(in crate::node) fn heed(&mut self, circle: &CircleId) -> Result<(), Failure> {
        let said = self.store.said_of_mine(circle, &self.root)?;
        if said.is_empty() {
            return Ok(());
        }
        let mut hasher = blake3::Hasher::new();
        for it in &said {
            hasher.update(&it.feed.0).update(&it.id);
        }
        let digest = *hasher.finalize().as_bytes();
        if self.store.meta("heeded")?.as_deref() != Some(&digest) {
            self.store.renew_epoch(now(), random()?)?;
            self.store.set_meta("heeded", &digest)?;
        }
        Ok(())
    }

    /// Whether some of these stand in a feed of mine.
    pub(in crate::node) fn any_of_mine(
        &self,
        records: &[Verified<Record>],
    ) -> Result<bool, Failure> {
        let mine = self.store.my_feeds(&self.root)?;
        Ok(records.iter().any(|it| mine.contains(&it.value().feed)))
    }

    /// Names of the members who say that they hold records of mine that are not here.
    pub(in crate::node) fn said_by(&self, circle: &CircleView) -> Result<Vec<String>, Failure> {
        let said = self.store.said_of_mine(&circle.id, &self.root)?;
        let from: BTreeSet<_> = said.iter().map(|it| it.from).collect();
        Ok(from.iter().map(|root| self.name_of(circle, root)).collect())
    }

    fn mend_fork(&mut self, circle: &CircleId, decisions: bool) -> Result<bool, Failure> {
        let feed = self.feed()?;
        let Some(cut) = self.branch_of_others(circle, &feed, decisions)? else {
            return Ok(false);
        };
        self.start_feed()?;
        self.settle_fork(circle, &feed, cut)?;
        Ok(true)
    }

    /// Height of the fork, and the head of the branch that others hold.
    fn branch_of_others(
        &self,
        circle: &CircleId,
        feed: &FeedKey,
        decisions: bool,
    ) -> Result<Option<Branch>, Failure> {
        let frontier = self.store.outline(circle)?.frontier;
        let Some(Entry::Forked { height, .. }) = frontier.0.get(feed) else {
            return Ok(None);
        };
        let records = self.store.from_height(circle, feed, *height)?;
        let branch = others_branch(&records);
        if !decisions && branch.iter().any(|it| it.value().kind.is_critical()) {
            return Ok(None);
        }
        let head = branch.last().map(|it| (it.value().height, it.id()));
        Ok(head.map(|head| (*height, head)))
    }

    /// Revokes the feed's key beyond the others' branch, and says again in the feed of now what this home shared.
    fn settle_fork(
        &mut self,
        circle: &CircleId,
        feed: &FeedKey,
        (height, cut): (u64, (u64, RecordId)),
    ) -> Result<(), Failure> {
        let root = self.root_secret()?;
        let time = Hlc::from_millis(now());
        let statement = own(revocation(&root, feed.0, Some(*circle), Some(cut), time))?;
        self.store.add_statements(&[statement])?;
        let (secret, certificate) = self.identity().sign_key()?;
        let owner = OwnFeed {
            root: self.root,
            signer: &secret,
            certificate,
        };
        let mut again: BTreeMap<RecordId, RecordId> = BTreeMap::new();
        for (record, written_here) in self.store.from_height(circle, feed, height)? {
            let kind = record.value().kind;
            if !written_here || kind.is_critical() {
                continue;
            }
            let body = match Body::decode(kind, &record.value().body) {
                Some(Body::Withdraw { target }) => Body::Withdraw {
                    target: again.get(&target).copied().unwrap_or(target),
                },
                Some(body) => body,
                None => continue,
            };
            let ids = self
                .store
                .append(circle, &owner, &[Draft::from(body)], now())?;
            again.extend(ids.last().map(|id| (record.id(), *id)));
        }
        Ok(())
    }
}
