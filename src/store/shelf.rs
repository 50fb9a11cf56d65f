//! What a circle shares: its current documents and models. They grow with the circle's history, so that nothing
//! loads them but who asks for all of them; what goes by one record or one blob is found by index.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use crate::fold::{Shared, State};
use crate::identity::Verified;
use crate::record::{
    BlobHash, BlobRef, Body, CircleId, Content, ContentKind, Kind, Record, RecordId, RootKey,
};

use super::{Store, StoreError, cache, pool};

/// Things in one answer of `at_hand`.
const SOME: i64 = 256;

/// The current documents and models of a circle, by record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shelf {
    pub contents: BTreeMap<RecordId, Shared>,
}

impl Shelf {
    /// The record that shares a blob as content of this kind.
    pub fn find(&self, kind: ContentKind, blob: &BlobRef) -> Option<RecordId> {
        let mut all = self.contents.iter();
        let found = all.find(|(_, it)| it.content.kind() == kind && it.content.blob() == *blob);
        found.map(|(id, _)| *id)
    }
}

impl From<State> for Shelf {
    fn from(state: State) -> Self {
        Self {
            contents: state.contents,
        }
    }
}

/// A document or model that a circle shares and whose content is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtHand {
    /// Its place in the order of arrival on this node.
    pub arrival: i64,
    pub record: RecordId,
    pub author: RootKey,
    pub content: Content,
}

impl Store {
    /// The circle's whole state; as large as its history.
    pub fn state(&self, id: &CircleId) -> Result<State, StoreError> {
        match cache::load(&self.db, id)? {
            Some(cached) => cached.state(&self.db, id),
            None => Ok(cache::compute(&self.db, id)?.state),
        }
    }

    /// Everything that a circle shares; as large as its history.
    pub fn shelf(&self, id: &CircleId) -> Result<Shelf, StoreError> {
        Ok(self.state(id)?.into())
    }

    /// The document or model that a record of this circle shares, if it counts and was not withdrawn.
    pub fn shared(
        &self,
        circle: &CircleId,
        record: &RecordId,
    ) -> Result<Option<Content>, StoreError> {
        let sql = "SELECT r.bytes FROM fact f JOIN record r ON r.arrival = f.arrival
                   WHERE r.id = ?2 AND f.circle = ?1 AND f.author IS NOT NULL";
        self.content(sql, circle, &record.0)
    }

    /// The document or model of this circle whose content is this blob; of several, the same one each time.
    pub fn shared_blob(
        &self,
        circle: &CircleId,
        blob: &BlobHash,
    ) -> Result<Option<Content>, StoreError> {
        let sql = "SELECT r.bytes FROM fact f JOIN record r ON r.arrival = f.arrival
                   WHERE f.blob = ?2 AND f.circle = ?1 AND f.author IS NOT NULL
                   ORDER BY f.kind, r.id LIMIT 1";
        self.content(sql, circle, &blob.0)
    }

    /// Whether a record of this circle shares something that counts and was not withdrawn.
    pub fn is_shared(&self, circle: &CircleId, record: &RecordId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM fact f JOIN record r ON r.arrival = f.arrival
                   WHERE r.id = ?2 AND f.circle = ?1 AND f.author IS NOT NULL";
        Ok(self
            .db
            .prepare_cached(sql)?
            .exists(params![circle.0, record.0])?)
    }

    /// What the circle shares of one kind and is here: the next after `after` in the order of arrival, or none at the
    /// end. So many at a time that nobody needs memory for all of them.
    pub fn at_hand(
        &self,
        circle: &CircleId,
        kind: ContentKind,
        after: i64,
    ) -> Result<Vec<AtHand>, StoreError> {
        let sql = "SELECT f.arrival, f.author, r.bytes FROM fact f JOIN record r ON r.arrival = f.arrival
                   WHERE f.arrival > ?3 AND f.circle = ?1 AND f.kind = ?2 AND f.lacking = 0 AND f.author IS NOT NULL
                   ORDER BY f.arrival LIMIT ?4";
        let mut sql = self.db.prepare_cached(sql)?;
        let rows = sql.query_map(
            params![circle.0, kind.record().0 as i64, after, SOME],
            |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)),
        )?;
        let mut found = Vec::new();
        for row in rows {
            let (arrival, author, bytes) = row?;
            let record = pool::decode::<Record>(&bytes)?;
            // A fact's record was read before it became one.
            found.extend(content_of(&record).map(|content| AtHand {
                arrival,
                record: record.id(),
                author: RootKey(author),
                content,
            }));
        }
        Ok(found)
    }

    /// What is said of a blob in this circle, one word of each who shares it: whoever lies does not hide the others.
    pub fn claims(&self, circle: &CircleId, blob: &BlobHash) -> Result<Vec<BlobRef>, StoreError> {
        let sql = "SELECT r.bytes FROM record r JOIN (
                       SELECT min(arrival) AS first FROM fact
                       WHERE blob = ?2 AND circle = ?1 AND author IS NOT NULL GROUP BY author
                   ) ON r.arrival = first ORDER BY r.arrival";
        let mut sql = self.db.prepare_cached(sql)?;
        let rows = sql.query_map(params![circle.0, blob.0], |row| row.get::<_, Vec<u8>>(0))?;
        let mut claims = Vec::new();
        for row in rows {
            let record = pool::decode::<Record>(&row?)?;
            let claim = content_of(&record).map(|content| content.blob());
            claims.extend(claim.filter(|claim| !claims.contains(claim)));
        }
        Ok(claims)
    }

    fn content(
        &self,
        sql: &str,
        circle: &CircleId,
        key: &[u8; 32],
    ) -> Result<Option<Content>, StoreError> {
        let mut sql = self.db.prepare_cached(sql)?;
        let bytes: Option<Vec<u8>> = sql
            .query_row(params![circle.0, key], |row| row.get(0))
            .optional()?;
        let Some(bytes) = bytes else { return Ok(None) };
        Ok(content_of(&pool::decode::<Record>(&bytes)?))
    }

    /// Blobs that the circle's current documents and models name and this store lacks, ascending.
    pub fn missing_blobs(&self, circle: &CircleId) -> Result<Vec<[u8; 32]>, StoreError> {
        let sql =
            "SELECT DISTINCT blob FROM fact WHERE circle = ?1 AND lacking = 1 AND blob IS NOT NULL
                   ORDER BY blob";
        let mut sql = self.db.prepare_cached(sql)?;
        let rows = sql.query_map([circle.0], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The current documents and models of the circle whose content this store lacks, with who shares each, by record.
    pub fn missing(&self, circle: &CircleId) -> Result<Vec<(Content, RootKey)>, StoreError> {
        let sql = "SELECT r.bytes, f.author FROM fact f JOIN record r ON r.arrival = f.arrival
                   WHERE f.circle = ?1 AND f.lacking = 1 AND f.author IS NOT NULL ORDER BY r.id";
        let mut sql = self.db.prepare_cached(sql)?;
        let rows = sql.query_map([circle.0], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))
        })?;
        let mut missing = Vec::new();
        for row in rows {
            let (bytes, author) = row?;
            let record = pool::decode::<Record>(&bytes)?;
            missing.extend(content_of(&record).map(|content| (content, RootKey(author))));
        }
        Ok(missing)
    }

    /// The members who share a content in a circle, by arrival, each with its kind there.
    pub fn sharers(
        &self,
        circle: &CircleId,
        blob: &BlobHash,
    ) -> Result<Vec<(RootKey, ContentKind)>, StoreError> {
        let sql = "SELECT author, kind FROM fact
                   WHERE blob = ?2 AND circle = ?1 AND author IS NOT NULL ORDER BY arrival";
        let mut sql = self.db.prepare_cached(sql)?;
        let rows = sql.query_map(params![circle.0, blob.0], |row| {
            let kind = Kind(row.get::<_, i64>(1)?.unsigned_abs());
            Ok((RootKey(row.get(0)?), ContentKind::of(kind)))
        })?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
        Ok(rows
            .filter_map(|(author, kind)| Some((author, kind?)))
            .collect())
    }

    /// Whether something that counts in a circle names exactly this content.
    pub fn names_blob(&self, circle: &CircleId, blob: &BlobRef) -> Result<bool, StoreError> {
        let sql = "SELECT r.bytes FROM fact f JOIN record r ON r.arrival = f.arrival
                   WHERE f.blob = ?2 AND f.circle = ?1 AND f.author IS NOT NULL";
        let mut sql = self.db.prepare_cached(sql)?;
        let mut rows = sql.query(params![circle.0, blob.blake3.0])?;
        while let Some(row) = rows.next()? {
            let record = pool::decode::<Record>(&row.get::<_, Vec<u8>>(0)?)?;
            if content_of(&record).is_some_and(|content| content.blob() == *blob) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Bytes of the contents that this store has in a circle, by who shares them. What two members share counts for both.
    pub fn contents_by_author(
        &self,
        circle: &CircleId,
    ) -> Result<std::collections::HashMap<RootKey, u64>, StoreError> {
        let sql = "SELECT author, sum(size) FROM (
                       SELECT DISTINCT f.author, b.blake3, b.size FROM fact f
                       JOIN scope s ON s.circle = f.circle AND s.blob = f.blob
                       JOIN blob b ON b.blake3 = f.blob
                       WHERE f.circle = ?1 AND f.author IS NOT NULL)
                   GROUP BY author";
        let mut sql = self.db.prepare_cached(sql)?;
        let rows = sql.query_map([circle.0], |row| {
            Ok((RootKey(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A mark that changes whenever the circle's state or the contents at hand change, at a cost that does not go by
    /// either: the same authority, frontier and statements are the same set, and so the same documents and models.
    pub fn shelf_mark(&self, circle: &CircleId) -> Result<[u8; 32], StoreError> {
        let mut mark = blake3::Hasher::new_derive_key("okibi 2026 what shelves were made of v1");
        let sql = "SELECT fold_version, state, frontier, statements FROM circle WHERE id = ?1";
        let row = self.db.query_row(sql, [circle.0], |row| {
            let blob = |at| row.get::<_, Option<Vec<u8>>>(at);
            Ok((
                row.get::<_, Option<i64>>(0)?,
                [blob(1)?, blob(2)?, blob(3)?],
            ))
        });
        let Some((version, parts)) = row.optional()? else {
            return Err(StoreError::UnknownCircle(circle.short()));
        };
        mark.update(&version.unwrap_or_default().to_be_bytes());
        for part in parts
            .into_iter()
            .chain([self.missing_blobs(circle)?.concat()].map(Some))
        {
            let part = part.unwrap_or_default();
            mark.update(&(part.len() as u64).to_be_bytes())
                .update(&part);
        }
        Ok(*mark.finalize().as_bytes())
    }

    /// The hash of a circle's set; computed anew, from all ids, when the set has changed since it was asked for.
    pub fn set_hash(&self, id: &CircleId) -> Result<[u8; 32], StoreError> {
        match cache::load(&self.db, id)? {
            Some(cached) => cached.set_hash(&self.db, id),
            None => Ok(cache::compute(&self.db, id)?.membership.set_hash),
        }
    }
}

/// The content that a record shares, if any.
fn content_of(record: &Verified<Record>) -> Option<Content> {
    match Body::decode(record.value().kind, &record.value().body)? {
        Body::Content(content) => Some(content),
        _ => None,
    }
}
