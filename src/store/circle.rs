//! Circles: the pool loaded for the fold, and the cached result.

use rusqlite::{Connection, OptionalExtension, params};

use crate::fold::{Authority, History, Membership};
use crate::identity::{Directory, Verified};
use crate::record::{
    CircleId, FeedKey, Frontier, Gap, Previous, Record, RecordId, RootKey, Statement, difference,
    statements_hash,
};

use super::cache::Tally;
use super::{Consent, Store, StoreError, cache, offers, pool, reclaim};

/// What this node is to a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may write there.
    Member,
    /// It only reads: the shelf of a starter bundle.
    Shelf,
}

impl Standing {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Shelf => "shelf",
        }
    }
}

/// A circle as this node sees it now; nothing in it grows with the number of ordinary records.
#[derive(Debug, Clone)]
pub struct CircleView {
    pub id: CircleId,
    pub standing: Standing,
    pub frontier: Frontier,
    /// What it decided; what it shares is asked of the store.
    pub state: Authority,
}

impl Store {
    /// The circles of this node, by id.
    pub fn circles(&self) -> Result<Vec<CircleView>, StoreError> {
        let ids = self.circle_ids()?.into_iter();
        ids.map(|id| self.circle(&id)).collect()
    }

    /// The ids of the circles of this node, ascending.
    pub fn circle_ids(&self) -> Result<Vec<CircleId>, StoreError> {
        let mut sql = self.db.prepare("SELECT id FROM circle ORDER BY id")?;
        let rows = sql.query_map([], |row| row.get(0).map(CircleId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One circle, from the cache where that is valid.
    pub fn circle(&self, id: &CircleId) -> Result<CircleView, StoreError> {
        let sql = "SELECT standing FROM circle WHERE id = ?1";
        let row = self.db.query_row(sql, [id.0], |row| {
            let standing: String = row.get(0)?;
            let standing = if standing == "shelf" {
                Standing::Shelf
            } else {
                Standing::Member
            };
            Ok(standing)
        });
        let standing = row
            .optional()?
            .ok_or_else(|| StoreError::UnknownCircle(id.short()))?;
        let (state, frontier) = match cache::load(&self.db, id)? {
            Some(cached) => (cached.authority, cached.frontier),
            // Of a store that can only be read, and an older version of the rules.
            None => {
                let settled = cache::compute(&self.db, id)?;
                (settled.state.authority, settled.membership.frontier)
            }
        };
        Ok(CircleView {
            id: *id,
            standing,
            frontier,
            state,
        })
    }

    /// Whether all of these are here already.
    pub fn holds(
        &self,
        statements: &[Verified<Statement>],
        records: &[Verified<Record>],
    ) -> Result<bool, StoreError> {
        for statement in statements {
            if !pool::has_statement(&self.db, &statement.id())? {
                return Ok(false);
            }
        }
        for record in records {
            if !pool::has_record(&self.db, &record.id())? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Which records of a circle are in its set and what the others wait for, computed from the pool.
    pub fn membership(&self, id: &CircleId) -> Result<Membership, StoreError> {
        Ok(cache::compute(&self.db, id)?.membership)
    }

    /// How much of a circle is in its set, and what waits.
    pub fn tally(&self, id: &CircleId) -> Result<Tally, StoreError> {
        cache::tally(&self.db, id)
    }

    /// Everything at hand of a circle.
    pub fn history(&self, id: &CircleId) -> Result<History, StoreError> {
        pool::history(&self.db, id)
    }

    /// The statements of one root: what a command about oneself needs, however many others are here.
    pub fn directory_of(&self, root: &RootKey) -> Result<Directory, StoreError> {
        pool::of_root(&self.db, root)
    }

    /// All statements, indexed.
    pub fn directory(&self) -> Result<Directory, StoreError> {
        pool::directory(&self.db)
    }

    /// One record of the pool.
    pub fn record(&self, id: &RecordId) -> Result<Option<Verified<Record>>, StoreError> {
        let sql = "SELECT bytes FROM record WHERE id = ?1";
        let bytes: Option<Vec<u8>> = self
            .db
            .query_row(sql, [id.0], |row| row.get(0))
            .optional()?;
        bytes.map(|bytes| pool::decode(&bytes)).transpose()
    }

    /// The records of a circle's set whose id begins with these hexadecimal digits.
    pub fn find_records(
        &self,
        id: &CircleId,
        prefix: &str,
    ) -> Result<Vec<Verified<Record>>, StoreError> {
        let sql = "SELECT bytes FROM record WHERE circle = ?1 AND substr(hex(id), 1, length(?2)) = upper(?2)";
        let mut sql = self.db.prepare(sql)?;
        let rows = sql.query_map(params![id.0, prefix], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|bytes| pool::decode(&bytes?)).collect()
    }

    /// The authority records of a circle's set, in order of arrival.
    pub fn authority(&self, id: &CircleId) -> Result<Vec<Verified<Record>>, StoreError> {
        let sql = "SELECT bytes FROM record WHERE circle = ?1 AND in_set = 1 AND kind < 64 ORDER BY arrival";
        let mut sql = self.db.prepare(sql)?;
        let rows = sql.query_map([id.0], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|bytes| pool::decode(&bytes?)).collect()
    }

    /// What of this circle's set a node with `theirs` lacks, as `record::difference` says.
    pub fn gaps(&self, circle: &CircleView, theirs: &Frontier) -> Result<Vec<Gap>, StoreError> {
        let mut failure = None;
        let gaps = difference(&circle.frontier, theirs, |feed, height| {
            match chain_id(&self.db, circle, feed, height) {
                Ok(id) => id,
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        });
        failure.map_or(Ok(gaps), |error| Err(error.into()))
    }

    /// The records of the set that fill these gaps.
    pub fn fill(
        &self,
        circle: &CircleId,
        gaps: &[Gap],
    ) -> Result<Vec<Verified<Record>>, StoreError> {
        let mut found = Vec::new();
        let sql =
            "SELECT bytes FROM record WHERE circle = ?1 AND feed = ?2 AND height BETWEEN ?3 AND ?4
                   AND in_set = 1 ORDER BY height, id";
        let mut chain = self.db.prepare(sql)?;
        for gap in gaps {
            if !gap.heights.is_empty() {
                let (first, last) = (gap.heights.start as i64, gap.heights.end as i64 - 1);
                let rows = chain.query_map(params![circle.0, gap.feed.0, first, last], |row| {
                    row.get::<_, Vec<u8>>(0)
                })?;
                for bytes in rows {
                    found.push(pool::decode(&bytes?)?);
                }
            }
            for tip in &gap.branches {
                // A branch goes down to the chain; what the gap's heights cover is there already.
                let mut next = Some(*tip);
                while let Some(id) = next {
                    let Some(record) = self.record(&id)? else {
                        break;
                    };
                    next = match record.value().previous {
                        Previous::Record(below) if record.value().height > gap.heights.end => {
                            Some(below)
                        }
                        _ => None,
                    };
                    found.push(record);
                }
            }
        }
        found.sort_by_key(|record| (record.value().height, record.id()));
        found.dedup_by_key(|record| record.id());
        Ok(found)
    }

    /// The records of the set that came in at or after a time (milliseconds since 1970, by the local clock); of
    /// those that came within a minute before, some may be among them.
    pub fn records_since(
        &self,
        circle: &CircleId,
        at: u64,
    ) -> Result<Vec<Verified<Record>>, StoreError> {
        let sql = "SELECT bytes FROM record WHERE circle = ?1 AND in_set = 1 AND arrival >=
                   coalesce((SELECT max(arrival) FROM arrived WHERE at <= ?2), 0) ORDER BY height, id";
        let mut sql = self.db.prepare(sql)?;
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        let rows = sql.query_map(params![circle.0, at], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|bytes| pool::decode(&bytes?)).collect()
    }

    /// The hash of the statements of a circle's set, and their bytes.
    pub fn circle_statements(
        &self,
        id: &CircleId,
    ) -> Result<([u8; 32], Vec<Verified<Statement>>), StoreError> {
        let ids = match cache::load(&self.db, id)? {
            Some(cached) => cached.statements,
            None => self.membership(id)?.statements,
        };
        let directory = self.directory()?;
        let chosen = directory
            .statements()
            .filter(|statement| ids.contains(&statement.id()));
        Ok((statements_hash(&ids), chosen.cloned().collect()))
    }
}

impl Frontier {
    pub(super) fn encode(&self) -> Vec<u8> {
        crate::record::cbor::encode(|e| self.write(e))
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        Self::read(&mut minicbor::Decoder::new(bytes)).ok()
    }
}

/// My chain's id at a height: none above its head, and none at or above a fork.
fn chain_id(
    db: &Connection,
    circle: &CircleView,
    feed: &FeedKey,
    height: u64,
) -> rusqlite::Result<Option<RecordId>> {
    use crate::record::Entry;
    let length = match circle.frontier.0.get(feed) {
        Some(Entry::Head { height, .. }) => height + 1,
        Some(Entry::Forked { height, .. }) => *height,
        None => 0,
    };
    if height >= length {
        return Ok(None);
    }
    let sql =
        "SELECT id FROM record WHERE circle = ?1 AND feed = ?2 AND height = ?3 AND in_set = 1";
    let id = db.query_row(sql, params![circle.id.0, feed.0, height as i64], |row| {
        row.get(0)
    });
    Ok(id.optional()?.map(RecordId))
}

impl Store {
    /// Forgets a circle with all its records and the statements that nothing else here rests on. With the name of what a
    /// person forgot it stays away until a person accepts it.
    pub fn drop_circle(
        &mut self,
        id: &CircleId,
        forgotten: Option<&str>,
    ) -> Result<(), StoreError> {
        self.transaction(|tx| {
            if let Some(name) = forgotten {
                offers::say(tx, id, &Consent::Forgotten(name.to_owned()))?;
            }
            reclaim::forget_circle(tx, id)
        })
    }
}
