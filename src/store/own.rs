//! What others hold of this home's own feeds and is not here. A word of theirs is a question, never a proof: only a record
//! that my own key signed is one (`branch`).

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use crate::identity::Verified;
use crate::record::{
    Ack, CircleId, Claim, Entry, FeedKey, Frontier, Record, RecordId, Role, RootKey,
};

use super::{Store, StoreError, pool};

/// A member says that it holds records of a feed of mine that are not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub from: RootKey,
    pub feed: FeedKey,
    /// The one that is not here.
    pub id: [u8; 32],
}

impl Store {
    /// What members say that they hold of my feeds and is not here, by their latest acknowledgements.
    pub fn said_of_mine(&self, circle: &CircleId, me: &RootKey) -> Result<Vec<Said>, StoreError> {
        said(&self.db, circle, me)
    }

    /// Feeds of mine in which a frontier has a record that is not here.
    pub fn strange_feeds(
        &self,
        me: &RootKey,
        frontier: &Frontier,
    ) -> Result<BTreeSet<FeedKey>, StoreError> {
        let mut strange = BTreeSet::new();
        for feed in feeds(&self.db, me)? {
            if lacking(&self.db, frontier.0.get(&feed))?.is_some() {
                strange.insert(feed);
            }
        }
        Ok(strange)
    }

    /// The keys that my root certified to write, whatever became of them.
    pub fn my_feeds(&self, me: &RootKey) -> Result<BTreeSet<FeedKey>, StoreError> {
        feeds(&self.db, me)
    }

    /// From this height on what is here of a feed, and whether this home wrote it itself; by height.
    pub fn from_height(
        &self,
        circle: &CircleId,
        feed: &FeedKey,
        height: u64,
    ) -> Result<Vec<(Verified<Record>, bool)>, StoreError> {
        let sql = "SELECT bytes, deliverer IS NULL FROM record
                   WHERE circle = ?1 AND feed = ?2 AND height >= ?3 ORDER BY height, id";
        let mut sql = self.db.prepare(sql)?;
        let rows = sql.query_map(params![circle.0, feed.0, height as i64], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))
        })?;
        rows.map(|row| {
            let (bytes, own) = row?;
            Ok((pool::decode(&bytes)?, own))
        })
        .collect()
    }
}

/// Keys that a root certified to write, whatever became of them.
pub(super) fn feeds(db: &Connection, root: &RootKey) -> Result<BTreeSet<FeedKey>, StoreError> {
    let directory = pool::of_root(db, root)?;
    let keys = directory
        .statements()
        .filter_map(|it| match it.value().claim {
            Claim::Certificate {
                role: Role::Sign | Role::Spare,
                key,
                ..
            } => Some(FeedKey(key)),
            _ => None,
        });
    Ok(keys.collect())
}

/// The record of a frontier's entry that is not here, if there is one.
fn lacking(db: &Connection, entry: Option<&Entry>) -> Result<Option<[u8; 32]>, StoreError> {
    let ids: Vec<&RecordId> = match entry {
        None => Vec::new(),
        Some(Entry::Head { id, .. }) => vec![id],
        Some(Entry::Forked { first, second, .. }) => vec![first, second],
    };
    for id in ids {
        if !pool::has_record(db, id)? {
            return Ok(Some(id.0));
        }
    }
    Ok(None)
}

pub(super) fn said(
    db: &Connection,
    circle: &CircleId,
    me: &RootKey,
) -> Result<Vec<Said>, StoreError> {
    let mine = feeds(db, me)?;
    let mut all = Vec::new();
    let mut sql = db.prepare("SELECT bytes FROM ack WHERE circle = ?1 AND to_root = ?2")?;
    for bytes in sql.query_map(params![circle.0, me.0], |row| row.get::<_, Vec<u8>>(0))? {
        let ack: Verified<Ack> = pool::decode(&bytes?)?;
        let ack = ack.value();
        for feed in &mine {
            if let Some(id) = lacking(db, ack.frontier.0.get(feed))? {
                all.push(Said {
                    from: ack.from,
                    feed: *feed,
                    id,
                });
            }
        }
    }
    Ok(all)
}

/// Of records from a fork on, the longest branch that others brought: its records from the fork up.
pub fn others_branch(records: &[(Verified<Record>, bool)]) -> Vec<&Verified<Record>> {
    use crate::record::Previous;
    let mut longest: BTreeMap<RecordId, Vec<&Verified<Record>>> = BTreeMap::new();
    for (record, own) in records {
        if *own {
            continue;
        }
        let mut branch = match record.value().previous {
            Previous::Record(below) => longest.get(&below).cloned().unwrap_or_default(),
            Previous::Certificate(_) => Vec::new(),
        };
        branch.push(record);
        longest.insert(record.id(), branch);
    }
    longest
        .into_values()
        .max_by_key(|branch| branch.len())
        .unwrap_or_default()
}
