//! What an import changes, as far as it is told by name. Documents and models may be many, so what was shared before stands in
//! a temporary table and not in memory.

use rusqlite::params;

use crate::record::{Body, CircleId, ContentKind, Record, RootKey};

use super::{Store, StoreError, pool};

/// Titles that one report names of each kind; the others are counted.
pub const NAMED: usize = 100;

/// What is shared now and was not before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// The name of each, kind by kind, in order of arrival; the first `NAMED` of each kind.
    pub names: Vec<(ContentKind, String)>,
    /// How many more there are.
    pub unnamed: usize,
}

impl Store {
    /// The place of the newest record in the order of arrival.
    pub fn last_arrival(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(arrival), 0) FROM record";
        Ok(self.db.query_row(sql, [], |row| row.get(0))?)
    }

    /// Records of a circle's set that a member brought behind a place in the order of arrival.
    pub fn brought_since(
        &self,
        circle: &CircleId,
        by: &RootKey,
        arrival: i64,
    ) -> Result<usize, StoreError> {
        let sql = "SELECT count(*) FROM record
                   WHERE arrival > ?3 AND circle = ?1 AND deliverer = ?2 AND in_set = 1";
        let count: i64 = self
            .db
            .query_row(sql, params![circle.0, by.0, arrival], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Keeps in mind what a circle shares now, of what arrived up to `arrival`, until `news` is asked.
    pub fn note_shared(&self, circle: &CircleId, arrival: i64) -> Result<(), StoreError> {
        self.db.execute_batch(
            "CREATE TEMP TABLE IF NOT EXISTS shared_before (arrival INTEGER PRIMARY KEY) STRICT;
             DELETE FROM temp.shared_before;",
        )?;
        let sql = "INSERT INTO temp.shared_before
                   SELECT arrival FROM fact WHERE circle = ?1 AND author IS NOT NULL AND arrival <= ?2";
        self.db.execute(sql, params![circle.0, arrival])?;
        Ok(())
    }

    /// What a circle shares now and did not when `note_shared` was called.
    pub fn news(&self, circle: &CircleId) -> Result<News, StoreError> {
        let sql = "SELECT r.bytes FROM fact f JOIN record r ON r.arrival = f.arrival
                   WHERE f.circle = ?1 AND f.kind = ?2 AND f.author IS NOT NULL
                   AND f.arrival NOT IN (SELECT arrival FROM temp.shared_before) ORDER BY f.arrival";
        let mut sql = self.db.prepare(sql)?;
        let mut news = News::default();
        for kind in ContentKind::ALL {
            let mut rows = sql.query(params![circle.0, kind.record().0 as i64])?;
            let mut count = 0_usize;
            while let Some(row) = rows.next()? {
                count += 1;
                if count > NAMED {
                    continue;
                }
                let record = pool::decode::<Record>(&row.get::<_, Vec<u8>>(0)?)?;
                if let Some(Body::Content(content)) =
                    Body::decode(record.value().kind, &record.value().body)
                {
                    news.names.push((kind, content.name().to_owned()));
                }
            }
            news.unnamed += count.saturating_sub(NAMED);
        }
        Ok(news)
    }
}
