//! Models by name: rows that point at blobs.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::record::{BlobHash, CircleId, RecordId};

use super::{Store, StoreError};

/// A model that can be named with `-m`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRow {
    pub name: String,
    pub blob: BlobHash,
    /// Who it came from, for people.
    pub origin: String,
    pub record: Option<RecordId>,
    pub circle: Option<CircleId>,
    pub toy: bool,
    pub note: String,
    pub licence: String,
    pub source: String,
}

/// The origin of a model that a person added here, and of the starter's.
const OWN: [&str; 2] = ["local", "starter"];

impl ModelRow {
    /// Somebody else shared it: it answers only when it is named, and never without its origin.
    pub fn is_foreign(&self) -> bool {
        !OWN.contains(&self.origin.as_str())
    }
}

const COLUMNS: &str = "name, blob, origin, record, circle, toy, note, licence, source";

impl Store {
    /// All models, by name.
    pub fn models(&self) -> Result<Vec<ModelRow>, StoreError> {
        let mut sql = self
            .db
            .prepare(&format!("SELECT {COLUMNS} FROM model ORDER BY name"))?;
        let rows = sql.query_map([], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The model of this name.
    pub fn model(&self, name: &str) -> Result<Option<ModelRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM model WHERE name = ?1");
        Ok(self.db.query_row(&sql, [name], read).optional()?)
    }

    /// Adds a model; the name must be free. Returns whether it was.
    pub fn add_model(&self, model: &ModelRow) -> Result<bool, StoreError> {
        insert(&self.db, model)
    }

    /// Gives a model another name; whether that was free.
    pub fn rename_model(&self, name: &str, new: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE OR IGNORE model SET name = ?2 WHERE name = ?1";
        Ok(self.db.execute(sql, params![name, new])? > 0)
    }

    /// Says that a local model is now also a shared fact.
    pub fn mark_model_shared(
        &self,
        name: &str,
        circle: &CircleId,
        record: &RecordId,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE model SET circle = ?2, record = ?3 WHERE name = ?1";
        self.db.execute(sql, params![name, circle.0, record.0])?;
        Ok(())
    }

    /// Says that the model of a shared record stays away here, or may come back.
    pub fn keep_model_away(&self, record: &RecordId, away: bool) -> Result<(), StoreError> {
        let sql = match away {
            true => "INSERT OR IGNORE INTO model_removed (record) VALUES (?1)",
            false => "DELETE FROM model_removed WHERE record = ?1",
        };
        self.db.execute(sql, [record.0])?;
        Ok(())
    }

    /// Whether the model of a shared record was removed here.
    pub fn model_is_away(&self, record: &RecordId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM model_removed WHERE record = ?1";
        let row = self.db.query_row(sql, [record.0], |_| Ok(())).optional()?;
        Ok(row.is_some())
    }

    /// Forgets a name; the blob stays until `gc` finds that nothing names it.
    pub fn remove_model(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self
            .db
            .execute("DELETE FROM model WHERE name = ?1", [name])?
            > 0)
    }
}

pub(super) fn insert(db: &Connection, model: &ModelRow) -> Result<bool, StoreError> {
    let sql = format!(
        "INSERT OR IGNORE INTO model ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    );
    let (record, circle) = (model.record.map(|id| id.0), model.circle.map(|id| id.0));
    let changed = db.execute(
        &sql,
        params![
            model.name,
            model.blob.0,
            model.origin,
            record,
            circle,
            model.toy,
            model.note,
            model.licence,
            model.source
        ],
    )?;
    Ok(changed > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ModelRow> {
    Ok(ModelRow {
        name: row.get(0)?,
        blob: BlobHash(row.get(1)?),
        origin: row.get(2)?,
        record: row.get::<_, Option<[u8; 32]>>(3)?.map(RecordId),
        circle: row.get::<_, Option<[u8; 32]>>(4)?.map(CircleId),
        toy: row.get(5)?,
        note: row.get(6)?,
        licence: row.get(7)?,
        source: row.get(8)?,
    })
}
