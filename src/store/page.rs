//! What an exchange over a wire asks of a circle: without loading what the circle shares, and page by page.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use crate::fold::Authority;
use crate::identity::Verified;
use crate::record::{
    CircleId, Entry, FeedKey, Frontier, Gap, Record, RecordId, StatementId, statements_hash,
};

use super::{Store, StoreError, cache, pool};

/// A circle's authority, frontier and statements: what can be told without its documents and models.
pub struct Outline {
    pub state: Authority,
    pub frontier: Frontier,
    pub statements: Vec<StatementId>,
}

impl Outline {
    /// `record::statements_hash` of the circle's statements.
    pub fn statements_hash(&self) -> [u8; 32] {
        statements_hash(&self.statements.iter().copied().collect())
    }
}

/// Where a walk through a circle's records stands.
#[derive(Debug, Default, Clone)]
pub struct Walk {
    arrival: i64,
    ended: bool,
}

impl Walk {
    /// Nothing is left.
    pub fn ended(&self) -> bool {
        self.ended
    }
}

impl Store {
    /// The circle's outline.
    pub fn outline(&self, id: &CircleId) -> Result<Outline, StoreError> {
        if let Some(cached) = cache::load(&self.db, id)? {
            return Ok(Outline {
                state: cached.authority,
                frontier: cached.frontier,
                statements: cached.statements.into_iter().collect(),
            });
        }
        let settled = cache::compute(&self.db, id)?;
        Ok(Outline {
            state: settled.state.authority,
            frontier: settled.membership.frontier,
            statements: settled.membership.statements.into_iter().collect(),
        })
    }

    /// The circles in which this node is a member, by id.
    pub fn memberships(&self) -> Result<Vec<CircleId>, StoreError> {
        let sql = "SELECT id FROM circle WHERE standing = 'member' ORDER BY id";
        let mut sql = self.db.prepare(sql)?;
        let rows = sql.query_map([], |row| Ok(CircleId(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The heights up to which a feed's records are needed to judge others: its highest authority record in a range.
    pub fn authority_top(
        &self,
        circle: &CircleId,
        feed: &FeedKey,
        heights: &std::ops::Range<u64>,
    ) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT max(height) FROM record WHERE circle = ?1 AND kind < 64 AND feed = ?2
                   AND in_set = 1 AND height >= ?3 AND height < ?4";
        let (start, end) = (heights.start as i64, heights.end as i64);
        let top: Option<i64> =
            self.db
                .query_row(sql, params![circle.0, feed.0, start, end], |row| row.get(0))?;
        Ok(top.map(i64::unsigned_abs))
    }

    /// The next page of a walk through a circle's set, in the order of arrival: those records that `wanted` chooses by
    /// feed and height, up to about so many bytes.
    pub fn walk(
        &self,
        circle: &CircleId,
        walk: &mut Walk,
        bytes: usize,
        mut wanted: impl FnMut(&FeedKey, u64) -> bool,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT arrival, feed, height, bytes FROM record
                   WHERE circle = ?1 AND in_set = 1 AND arrival > ?2 ORDER BY arrival";
        // Without the hint SQLite may sort the whole circle by arrival for each page.
        let sql = sql.replace("FROM record", "FROM record NOT INDEXED");
        let mut sql = self.db.prepare_cached(&sql)?;
        let mut rows = sql.query(params![circle.0, walk.arrival])?;
        let (mut page, mut size) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            walk.arrival = row.get(0)?;
            let (feed, height) = (FeedKey(row.get(1)?), row.get::<_, i64>(2)?.unsigned_abs());
            if wanted(&feed, height) {
                let record: Vec<u8> = row.get(3)?;
                size += record.len();
                page.push(record);
                if size >= bytes {
                    return Ok(page);
                }
            }
        }
        walk.ended = true;
        Ok(page)
    }

    /// What of a circle with frontier `mine` a node with `theirs` lacks.
    pub fn lacking(
        &self,
        circle: &CircleId,
        mine: &Frontier,
        theirs: &Frontier,
    ) -> Result<Vec<Gap>, StoreError> {
        let mut failure = None;
        let mut sql = self.db.prepare(
            "SELECT id FROM record WHERE circle = ?1 AND feed = ?2 AND height = ?3 AND in_set = 1",
        )?;
        let gaps = crate::record::difference(mine, theirs, |feed, height| {
            let length = match mine.0.get(feed) {
                Some(Entry::Head { height, .. }) => height + 1,
                Some(Entry::Forked { height, .. }) => *height,
                None => 0,
            };
            if height >= length {
                return None;
            }
            let found = sql
                .query_row(params![circle.0, feed.0, height as i64], |row| row.get(0))
                .optional();
            match found {
                Ok(id) => id.map(RecordId),
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        });
        failure.map_or(Ok(gaps), |error| Err(error.into()))
    }

    /// The newest records that judge others, and what they rest on, up to so many bytes: what convinces somebody of an
    /// admission.
    pub fn chain(&self, circle: &CircleId, bytes: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut tops: BTreeMap<FeedKey, u64> = BTreeMap::new();
        let sql = "SELECT feed, max(height) FROM record WHERE circle = ?1 AND kind < 64 AND in_set = 1 GROUP BY feed";
        let mut sql = self.db.prepare(sql)?;
        let rows = sql.query_map([circle.0], |row| {
            Ok((FeedKey(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        for row in rows {
            let (feed, top) = row?;
            tops.insert(feed, top);
        }
        let sql = "SELECT feed, height, bytes FROM record NOT INDEXED
                   WHERE circle = ?1 AND in_set = 1 ORDER BY arrival DESC";
        let mut sql = self.db.prepare(sql)?;
        let mut rows = sql.query([circle.0])?;
        let (mut chosen, mut size) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let (feed, height) = (FeedKey(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs());
            if tops.get(&feed).is_some_and(|top| height <= *top) {
                let record: Vec<u8> = row.get(2)?;
                size += record.len() + 64;
                if size > bytes {
                    break;
                }
                chosen.push(record);
            }
        }
        chosen.reverse();
        Ok(chosen)
    }

    /// Statements by id, as they came.
    pub fn statement_bytes(&self, ids: &[StatementId]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut sql = self
            .db
            .prepare("SELECT bytes FROM statement WHERE id = ?1")?;
        let mut found = Vec::new();
        for id in ids {
            let bytes: Option<Vec<u8>> = sql.query_row([id.0], |row| row.get(0)).optional()?;
            found.extend(bytes);
        }
        Ok(found)
    }

    /// Bytes of a record of a circle's pool.
    pub fn record_of(
        &self,
        circle: &CircleId,
        id: &RecordId,
    ) -> Result<Option<Verified<Record>>, StoreError> {
        let sql = "SELECT bytes FROM record WHERE id = ?1 AND circle = ?2";
        let bytes: Option<Vec<u8>> = self
            .db
            .query_row(sql, params![id.0, circle.0], |row| row.get(0))
            .optional()?;
        bytes.map(|bytes| pool::decode(&bytes)).transpose()
    }
}
