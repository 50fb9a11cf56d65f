//! Everything signed in a database, verified once more: after a restore, whoever made the file is the only one who vouches
//! for what this node itself once verified.

use rusqlite::Connection;

use crate::identity;
use crate::record::{Ack, Payload, Record, Signed, Statement};

use super::{Store, StoreError};

/// Envelopes that are verified at once.
const BATCH: usize = 4_096;

impl Store {
    /// Whether every record, statement and acknowledgement is signed by who it says. What was derived from them is
    /// derived anew.
    pub fn verify_all(&mut self) -> Result<bool, StoreError> {
        let sound = table::<Statement>(&self.db, "statement", Some("id"))?
            && table::<Record>(&self.db, "record", Some("id"))?
            && table::<Ack>(&self.db, "ack", None)?;
        self.db
            .execute("UPDATE circle SET fold_version = NULL, set_hash = NULL", [])?;
        Ok(sound)
    }
}

fn table<T: Payload + Send>(
    db: &Connection,
    table: &str,
    id: Option<&str>,
) -> Result<bool, StoreError> {
    let id = id.unwrap_or("NULL");
    let mut sql = db.prepare(&format!("SELECT bytes, {id} FROM {table}"))?;
    let mut rows = sql.query([])?;
    let mut batch = Vec::new();
    loop {
        let row = rows.next()?;
        let last = row.is_none();
        if let Some(row) = row {
            let (bytes, id): (Vec<u8>, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
            let Ok(signed) = Signed::<T>::decode(&bytes) else {
                return Ok(false);
            };
            if id.is_some_and(|id| id != signed.raw_id()) {
                return Ok(false);
            }
            batch.push(signed);
        }
        if batch.len() == BATCH || last {
            let verified = identity::verify_all(std::mem::take(&mut batch));
            if verified.iter().any(Result::is_err) {
                return Ok(false);
            }
        }
        if last {
            return Ok(true);
        }
    }
}
