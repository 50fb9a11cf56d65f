//! What came in and what left, by which road. A line is committed before the first byte leaves and
//! completed by a second line afterwards; one without its second line reads "possibly left". The hash
//! of each line covers the one before it: local evidence, not proof against the machine's own owner.

use rusqlite::Connection;
use serde_json::Value;

use super::{Store, StoreError};

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditLine {
    pub sequence: u64,
    /// Milliseconds since 1970, local clock.
    pub at: u64,
    pub line: Value,
}

impl Store {
    /// Appends a line and returns its number.
    pub fn audit(&mut self, now: u64, line: &Value) -> Result<u64, StoreError> {
        self.transaction(|tx| append(tx, now, line))
    }

    /// The whole trail, oldest first.
    pub fn audit_lines(&self) -> Result<Vec<AuditLine>, StoreError> {
        let mut sql = self
            .db
            .prepare("SELECT sequence, at, line FROM audit ORDER BY sequence")?;
        let rows = sql.query_map([], |row| {
            let text: String = row.get(2)?;
            Ok(AuditLine {
                sequence: row.get::<_, i64>(0)?.unsigned_abs(),
                at: row.get::<_, i64>(1)?.unsigned_abs(),
                line: serde_json::from_str(&text).unwrap_or(Value::String(text)),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notices that nobody was told yet; from now on they are told.
    pub fn take_notices(&mut self) -> Result<Vec<Value>, StoreError> {
        self.transaction(|tx| {
            let mut sql = tx.prepare("SELECT line FROM notice WHERE shown = 0 ORDER BY id")?;
            let lines = sql.query_map([], |row| row.get::<_, String>(0))?;
            let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
            if !lines.is_empty() {
                tx.execute("UPDATE notice SET shown = 1 WHERE shown = 0", [])?;
            }
            Ok(lines
                .iter()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect())
        })
    }

    /// The number of the first line whose hash does not follow from the lines before it.
    pub fn audit_break(&self) -> Result<Option<u64>, StoreError> {
        let mut sql = self
            .db
            .prepare("SELECT sequence, at, line, hash FROM audit ORDER BY sequence")?;
        let mut rows = sql.query([])?;
        let (mut last, mut expected) = ([0; 32], 1);
        while let Some(row) = rows.next()? {
            let (sequence, at): (i64, i64) = (row.get(0)?, row.get(1)?);
            let (line, hash): (String, [u8; 32]) = (row.get(2)?, row.get(3)?);
            last = chain(&last, sequence, at, &line);
            if last != hash || sequence != expected {
                return Ok(Some(sequence.unsigned_abs()));
            }
            expected += 1;
        }
        Ok(None)
    }
}

pub(super) fn append(db: &Connection, now: u64, line: &Value) -> Result<u64, StoreError> {
    let sql = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1";
    let last = db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
    let (last, hash): (i64, [u8; 32]) = match last {
        Err(rusqlite::Error::QueryReturnedNoRows) => (0, [0; 32]),
        other => other?,
    };
    let (sequence, at, text) = (last + 1, now as i64, line.to_string());
    let hash = chain(&hash, sequence, at, &text);
    let sql = "INSERT INTO audit (sequence, at, line, hash) VALUES (?1, ?2, ?3, ?4)";
    db.execute(sql, rusqlite::params![sequence, at, text, hash])?;
    Ok(sequence.unsigned_abs())
}

fn chain(last: &[u8; 32], sequence: i64, at: i64, line: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("okibi 2026 audit line v1");
    hasher
        .update(last)
        .update(&sequence.to_be_bytes())
        .update(&at.to_be_bytes());
    hasher.update(line.as_bytes());
    *hasher.finalize().as_bytes()
}
