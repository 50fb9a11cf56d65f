//! The pool: every record and statement at hand, as bytes that this store verified when they came in.

use rusqlite::{Connection, OptionalExtension, params};

use crate::fold::{History, Permissions};
use crate::identity::{Directory, Verified, from_own_store};
use crate::record::{
    CircleId, Kind, Payload, Record, RecordId, RootKey, Signed, Statement, StatementId,
};

use super::StoreError;

/// Reads back what this store verified when it came in.
pub(super) fn decode<T: Payload>(bytes: &[u8]) -> Result<Verified<T>, StoreError> {
    let signed = Signed::decode(bytes).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(from_own_store(signed))
}

pub(super) fn directory(db: &Connection) -> Result<Directory, StoreError> {
    let mut directory = Directory::default();
    let mut sql = db.prepare("SELECT bytes FROM statement")?;
    for bytes in sql.query_map([], |row| row.get::<_, Vec<u8>>(0))? {
        directory.insert(decode(&bytes?)?);
    }
    Ok(directory)
}

/// The statements of one root.
pub(super) fn of_root(db: &Connection, root: &RootKey) -> Result<Directory, StoreError> {
    let mut directory = Directory::default();
    let mut sql = db.prepare_cached("SELECT bytes FROM statement WHERE root = ?1")?;
    for bytes in sql.query_map([root.0], |row| row.get::<_, Vec<u8>>(0))? {
        directory.insert(decode(&bytes?)?);
    }
    Ok(directory)
}

pub(super) fn history(db: &Connection, id: &CircleId) -> Result<History, StoreError> {
    let mut history = History::new(*id);
    for statement in directory(db)?.statements() {
        history.add_statement(statement.clone());
    }
    let mut sql = db.prepare("SELECT bytes FROM record WHERE circle = ?1")?;
    for bytes in sql.query_map([id.0], |row| row.get::<_, Vec<u8>>(0))? {
        history.add_record(decode(&bytes?)?);
    }
    let sql = "SELECT permissions FROM circle WHERE id = ?1";
    let known: Option<Vec<u8>> = db
        .query_row(sql, [id.0], |row| row.get(0))
        .optional()?
        .flatten();
    if let Some(known) = known.and_then(|bytes| Permissions::decode(&bytes)) {
        history.know(known);
    }
    Ok(history)
}

pub(super) fn has_record(db: &Connection, id: &RecordId) -> Result<bool, StoreError> {
    let mut sql = db.prepare_cached("SELECT 1 FROM record WHERE id = ?1")?;
    Ok(sql.exists([id.0])?)
}

pub(super) fn has_statement(db: &Connection, id: &StatementId) -> Result<bool, StoreError> {
    let mut sql = db.prepare_cached("SELECT 1 FROM statement WHERE id = ?1")?;
    Ok(sql.exists([id.0])?)
}

pub(super) fn insert_statement(
    db: &Connection,
    statement: &Verified<Statement>,
) -> Result<bool, StoreError> {
    let sql = "INSERT OR IGNORE INTO statement (id, root, bytes) VALUES (?1, ?2, ?3)";
    let (id, root) = (statement.id().0, statement.value().root.0);
    Ok(db.execute(sql, params![id, root, statement.bytes()])? > 0)
}

/// A minute, in milliseconds: batches closer together share a line.
const ARRIVED_STEP: i64 = 60_000;

/// Notes that what is inserted from here on came now; called before a batch.
pub(super) fn arriving(db: &Connection, now: u64) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO arrived (arrival, at)
               SELECT coalesce((SELECT max(arrival) FROM record), 0) + 1, ?1
               WHERE NOT EXISTS (SELECT 1 FROM (SELECT at FROM arrived ORDER BY arrival DESC LIMIT 1)
                                 WHERE at <= ?1 AND at > ?1 - ?2)";
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    db.execute(sql, params![now, ARRIVED_STEP])?;
    Ok(())
}

pub(super) fn insert_record(
    db: &Connection,
    record: &Verified<Record>,
    deliverer: Option<&[u8; 32]>,
    in_set: bool,
) -> Result<bool, StoreError> {
    let sql =
        "INSERT OR IGNORE INTO record (id, circle, feed, height, kind, in_set, deliverer, bytes)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (id, value) = (record.id(), record.value());
    let Kind(kind) = value.kind;
    let changed = db.prepare_cached(sql)?.execute(params![
        id.0,
        value.circle(id).0,
        value.feed.0,
        value.height as i64,
        kind as i64,
        in_set,
        deliverer,
        record.bytes()
    ])?;
    Ok(changed > 0)
}
