//! What came in and what left, by which road. A line is committed before the first byte leaves and
//! completed by a second line afterwards; one without its second line reads "possibly left". The hash
//! of each line covers the one before it, and number and hash of the last are kept apart from the lines, so that an end that
//! was cut off shows: local evidence, not proof against the machine's own owner. Who noted the last hash elsewhere, or has
//! a backup, has more.

use rusqlite::Connection;
use serde_json::Value;

use super::{Store, StoreError};

/// Where number and hash of the last line are kept.
const HEAD: &str = "audit";

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

    /// Number and hash of the last line that was ever written; 0 and zeros before the first.
    pub fn audit_head(&self) -> Result<(u64, [u8; 32]), StoreError> {
        let (sequence, hash) = head(&self.db)?;
        Ok((sequence.unsigned_abs(), hash))
    }

    /// The number of the first line whose hash does not follow from the lines before it, or that is not there any more.
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
        // What was written last is not here: the end was cut off, or all of it.
        let (count, _) = head(&self.db)?;
        Ok((count >= expected).then_some(expected.unsigned_abs()))
    }
}

/// Number and hash of the last line, as they are kept apart.
fn head(db: &Connection) -> Result<(i64, [u8; 32]), StoreError> {
    let kept = super::meta(db, HEAD)?;
    let parts = kept
        .as_deref()
        .and_then(|bytes| bytes.split_first_chunk::<8>());
    Ok(match parts {
        Some((count, hash)) => (
            i64::from_be_bytes(*count),
            hash.try_into().unwrap_or([0; 32]),
        ),
        None => (0, [0; 32]),
    })
}

pub(super) fn append(db: &Connection, now: u64, line: &Value) -> Result<u64, StoreError> {
    // From what is kept, not from what is there: a trail that was cut never looks whole again.
    let (last, hash) = head(db)?;
    let (sequence, at, text) = (last + 1, now as i64, line.to_string());
    let hash = chain(&hash, sequence, at, &text);
    let sql = "INSERT INTO audit (sequence, at, line, hash) VALUES (?1, ?2, ?3, ?4)";
    db.execute(sql, rusqlite::params![sequence, at, text, hash])?;
    super::set_meta(db, HEAD, &[&sequence.to_be_bytes()[..], &hash].concat())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The end cut off, the whole of it, a line in the middle, and a line written after a cut.
    #[test]
    fn a_cut_shows_and_is_never_mended() {
        let cases = [
            ("DELETE FROM audit WHERE sequence = 3", 3),
            ("DELETE FROM audit WHERE sequence > 1", 2),
            ("DELETE FROM audit", 1),
            ("DELETE FROM audit WHERE sequence = 2", 3),
        ];
        for (cut, first) in cases {
            let home = tempfile::tempdir().unwrap();
            let mut store = Store::open(home.path(), 1, [1; 8]).unwrap();
            assert_eq!(store.audit_head().unwrap(), (0, [0; 32]));
            for number in 1..=3 {
                let written = store.audit(number, &serde_json::json!({"what": number}));
                assert_eq!(written.unwrap(), number);
            }
            assert_eq!(store.audit_break().unwrap(), None);
            assert_eq!(store.audit_head().unwrap().0, 3);
            store.db.execute(cut, []).unwrap();
            assert_eq!(store.audit_break().unwrap(), Some(first), "{cut}");
            assert_eq!(store.audit(4, &serde_json::json!({})).unwrap(), 4);
            assert!(store.audit_break().unwrap().is_some(), "{cut}");
        }
    }
}
