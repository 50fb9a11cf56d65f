//! Opening the database: its layout is a number (`user_version`), each layout an SQL text that leads from
//! the one before. A newer database is refused untouched. Before a migration the database is
//! copied beside itself, and the migration is one transaction.

use std::io::Read;
use std::path::Path;

use rusqlite::Connection;

use super::{BUSY_TIMEOUT, StoreError};

/// The layouts, in order. Layout 1 is the first text.
pub(super) const LAYOUTS: &[&str] = &[
    concat!(
        include_str!("schema/0001.sql"),
        include_str!("schema/library.sql")
    ),
    include_str!("schema/arrived.sql"),
    include_str!("schema/sent.sql"),
    include_str!("schema/peers.sql"),
    include_str!("schema/conversations.sql"),
    include_str!("schema/facts.sql"),
];

/// Opens `path` at the newest of `layouts`.
pub(super) fn open(path: &Path, layouts: &[&str]) -> Result<Connection, StoreError> {
    let known = layouts.len() as i64;
    // Looked at before SQLite opens anything: a database that we may not touch stays as it is, to the file.
    refuse_newer(peek(path)?, known)?;
    let mut db = Connection::open(path)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", "ON")?;
    // Ids are random, so their index is written all over: 16 MiB of pages, in kibibytes.
    db.pragma_update(None, "cache_size", -16_384)?;
    // For the same reason the log is carried over to the file four times as rarely as by default: 16 MiB.
    db.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    let found = version(&db)?;
    // The log of a newer okibi that was killed may say what the file does not say yet.
    refuse_newer(found, known)?;
    if found < known {
        if found > 0 {
            copy(&db, path, found)?;
        }
        let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Another process may have been first.
        for at in version(&tx)?..known {
            if let Some(layout) = usize::try_from(at).ok().and_then(|at| layouts.get(at)) {
                tx.execute_batch(layout)?;
            }
        }
        tx.pragma_update(None, "user_version", known)?;
        tx.commit()?;
    }
    Ok(db)
}

/// Opens `path` without a chance to write: no migration, and the file itself is all there is, unless a log lies beside
/// it that SQLite can read.
pub(super) fn open_read_only(path: &Path, layouts: &[&str]) -> Result<Connection, StoreError> {
    use rusqlite::OpenFlags;
    let known = layouts.len() as i64;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let plain = Connection::open_with_flags(path, flags);
    let db = match plain.and_then(|db| version_of(&db).map(|_| db)) {
        Ok(db) => db,
        // Without the log's shared memory only a file that nobody changes can be read.
        Err(_) => {
            let mut name = String::from("file:");
            for byte in path.as_os_str().as_encoded_bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                        name.push(char::from(*byte));
                    }
                    other => name.push_str(&format!("%{other:02X}")),
                }
            }
            name.push_str("?immutable=1");
            Connection::open_with_flags(name, flags)?
        }
    };
    let found = version(&db)?;
    refuse_newer(found, known)?;
    if found < known {
        let why = "its layout is an older one and it cannot be written";
        return Err(StoreError::Damaged(why.to_owned()));
    }
    Ok(db)
}

fn version_of(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn refuse_newer(found: i64, known: i64) -> Result<(), StoreError> {
    if found > known {
        Err(StoreError::Newer { found, known })
    } else {
        Ok(())
    }
}

/// `user_version` as it stands in the file: four bytes, big-endian, at offset 60 (SQLite's file format,
/// section 1.3). 0 where there is no file or it is too short to be one.
fn peek(path: &Path) -> Result<i64, StoreError> {
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(StoreError::io(path)(error)),
    };
    let mut header = [0; 64];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(0),
        Err(error) => return Err(StoreError::io(path)(error)),
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(StoreError::Damaged("it is no database".to_owned()));
    }
    let [.., a, b, c, d] = header;
    Ok(i64::from(i32::from_be_bytes([a, b, c, d])))
}

fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(version_of(db)?)
}

/// Keeps the database as it was before a migration, as `okibi.db.before-layout-N`.
fn copy(db: &Connection, path: &Path, found: i64) -> Result<(), StoreError> {
    let target = path.with_extension(format!("db.before-layout-{}", found + 1));
    if !target.exists() {
        db.execute("VACUUM INTO ?1", [target.to_string_lossy()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "CREATE TABLE a (x INTEGER);";
    const TWO: &str = "ALTER TABLE a ADD COLUMN y INTEGER;";

    #[test]
    fn a_migration_copies_first_and_keeps_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("okibi.db");
        open(&path, &[ONE])
            .unwrap()
            .execute("INSERT INTO a VALUES (7)", [])
            .unwrap();
        let db = open(&path, &[ONE, TWO]).unwrap();
        let row = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        assert_eq!(
            db.query_row("SELECT x FROM a WHERE y IS NULL", [], row)
                .unwrap(),
            7
        );
        let copy = Connection::open(dir.path().join("okibi.db.before-layout-2")).unwrap();
        assert_eq!(copy.query_row("SELECT x FROM a", [], row).unwrap(), 7);
        assert_eq!(version(&copy).unwrap(), 1);
    }

    #[test]
    fn what_is_no_database_is_damaged_not_newer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("okibi.db");
        std::fs::write(&path, [0x5a; 4096]).unwrap();
        assert!(matches!(open(&path, &[ONE]), Err(StoreError::Damaged(_))));
        assert_eq!(std::fs::read(&path).unwrap(), [0x5a; 4096]);
    }

    #[test]
    fn a_failed_migration_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("okibi.db");
        open(&path, &[ONE]).unwrap();
        assert!(open(&path, &[ONE, "CREATE TABLE b (x); CREATE TABLE b (x);"]).is_err());
        let db = open(&path, &[ONE]).unwrap();
        assert!(db.prepare("SELECT * FROM b").is_err());
    }

    #[test]
    fn a_newer_database_is_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("okibi.db");
        drop(open(&path, &[ONE, TWO]).unwrap());
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(
            open(&path, &[ONE]),
            Err(StoreError::Newer { found: 2, known: 1 })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let names: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(names, ["okibi.db"]);
    }
}
