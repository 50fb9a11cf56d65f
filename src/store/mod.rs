//! What a node keeps: one SQLite database (WAL, several processes) and content-addressed blob files.
//!
//! Owns everything under its folder but the key files. It offers one way in for shared facts, `ingest`,
//! whatever road they came by, and one way to write own ones, `append`. Both are one `BEGIN IMMEDIATE`
//! transaction with `synchronous=FULL`; after a crash at any moment the old or the new state is there.
//!
//! The pool of records holds what is in a circle's set and what waits. Which is which, and the folded
//! state, are pure functions of the pool (`fold`); the columns that hold them are caches.
//!
//! Nothing here reads a clock: callers pass milliseconds since 1970.

mod ack;
mod append;
mod audit;
mod blobs;
mod cache;
mod circle;
mod cite;
mod gaps;
mod history;
mod ingest;
pub mod keys;
mod migrate;
mod models;
mod news;
mod offers;
mod own;
mod page;
mod peers;
mod pool;
mod reclaim;
mod shelf;
mod verify;
mod work;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use thiserror::Error;

use crate::fold;
use crate::record::{CircleId, Epoch, Hlc};

pub use ack::{AckAuthor, Owed, Sent};
pub use append::{Draft, OwnFeed};
pub use audit::AuditLine;
pub use blobs::{Scope, blobs_of};
pub use cache::Tally;
pub use circle::{CircleView, Standing};
pub use gaps::Delivered;
pub use history::{Figures, FoundMessage, MessageRow, NewMessage, Privacy, SessionRow, Speaker};
pub use ingest::{Batch, Join, Receipt, Source};
pub use models::ModelRow;
pub use news::{NAMED, News};
pub use offers::{Consent, OfferRow};
pub use own::{Said, others_branch};
pub use page::{Outline, Walk};
pub use peers::{Opinion, PairingRow, PeerRow, TicketRow};
pub use reclaim::{Compacted, Left, Swept};
pub use shelf::{AtHand, Shelf};
pub use work::{STAGING, Work};

/// How long a process waits for another one's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the store cannot do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("the database is in use by another process")]
    Busy,
    #[error("the disk is full")]
    NoSpace,
    #[error("the database is of layout {found}, made by a newer okibi; this one knows {known}")]
    Newer { found: i64, known: i64 },
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("this feed is full: `okibi key new-feed` opens another one")]
    FeedFull,
    #[error("this feed may not be written: {0}")]
    FeedStopped(&'static str),
    #[error("this node does not belong to circle {0}")]
    UnknownCircle(String),
    #[error("the circle decides by rules of a newer okibi; this one takes no decision in it")]
    NewerCircle,
    #[error("what this is about is not in the set of the circle: {0}")]
    NotHere(String),
    #[error("{path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("database: {0}")]
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::NoSpace,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Sql(error),
        }
    }
}

impl StoreError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| match source.kind() {
            std::io::ErrorKind::StorageFull => Self::NoSpace,
            _ => Self::Io {
                path: path.to_owned(),
                source,
            },
        }
    }
}

/// An open store.
pub struct Store {
    db: Connection,
    home: PathBuf,
}

/// The database's file in a home.
const DATABASE: &str = "okibi.db";

impl Store {
    /// Whether a home has a database.
    pub fn exists(home: &Path) -> bool {
        home.join(DATABASE).exists()
    }

    /// Opens the store in `home`, making or migrating it as needed. `random` seeds a new store's epoch.
    pub fn open(home: &Path, now: u64, random: [u8; 8]) -> Result<Self, StoreError> {
        let blobs = home.join("blobs");
        if !blobs.is_dir() {
            std::fs::create_dir_all(&blobs).map_err(StoreError::io(home))?;
            blobs::sync_folder(home)?;
        }
        let path = home.join(DATABASE);
        let db = migrate::open(&path, migrate::LAYOUTS)?;
        let mut store = Self {
            db,
            home: home.to_owned(),
        };
        store.settle_stale()?;
        if store.meta("epoch")?.is_none() {
            let epoch = Epoch::next(None, now, random);
            let sql = "INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?1)";
            store.db.execute(sql, [epoch.to_bytes()])?;
        }
        Ok(store)
    }

    /// Computes circles anew that an older version of the rules or of the layout left.
    fn settle_stale(&mut self) -> Result<(), StoreError> {
        let stale = |db: &Connection| -> Result<Vec<[u8; 32]>, StoreError> {
            let mut sql = db.prepare("SELECT id FROM circle WHERE fold_version IS NOT ?1")?;
            let rows = sql.query_map([fold::VERSION as i64], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        if stale(&self.db)?.is_empty() {
            return Ok(());
        }
        self.transaction(|tx| {
            for id in stale(tx)? {
                cache::settle(tx, &CircleId(id))?;
            }
            Ok(())
        })
    }

    /// Opens a store on a file system that cannot be written.
    pub fn open_read_only(home: &Path) -> Result<Self, StoreError> {
        let db = migrate::open_read_only(&home.join(DATABASE), migrate::LAYOUTS)?;
        let home = home.to_owned();
        Ok(Self { db, home })
    }

    /// Whether it can only be read.
    pub fn is_read_only(&self) -> bool {
        self.db.is_readonly("main").unwrap_or(false)
    }

    /// The folder that this store lives in.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Whether the database's file holds together, in SQLite's words: `ok` where it does. `whole`: its indices are held
    /// against its tables, too, which takes much longer.
    pub fn soundness(&self, whole: bool) -> Result<String, StoreError> {
        let sql = match whole {
            true => "PRAGMA integrity_check(1)",
            false => "PRAGMA quick_check(1)",
        };
        Ok(self.db.query_row(sql, [], |row| row.get(0))?)
    }

    /// The database's journal mode: `wal`, unless the file system cannot.
    pub fn journal(&self) -> Result<String, StoreError> {
        Ok(self
            .db
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))?)
    }

    /// The database, for the library's functions over it.
    pub fn database(&self) -> &Connection {
        &self.db
    }

    /// Names this life of the store.
    pub fn epoch(&self) -> Result<Epoch, StoreError> {
        let bytes = self.meta("epoch")?.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Epoch::from_bytes)
            .ok_or_else(|| StoreError::Damaged("no epoch".into()))
    }

    /// Begins a new life of this store: older acknowledgements are void.
    pub fn renew_epoch(&self, now: u64, random: [u8; 8]) -> Result<(), StoreError> {
        let next = Epoch::next(Some(self.epoch()?), now, random);
        self.set_meta("epoch", &next.to_bytes())
    }

    /// Writes a consistent copy of the database, while others may go on writing to it.
    pub fn snapshot(&self, path: &Path) -> Result<(), StoreError> {
        self.db
            .execute("VACUUM INTO ?1", [path.to_string_lossy()])?;
        Ok(())
    }

    /// Moves the log into the database's file and empties it.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.db.query_row(sql, [], |_| Ok(()))?;
        Ok(())
    }

    /// A small named value.
    pub fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        meta(&self.db, key)
    }

    /// Sets a small named value.
    pub fn set_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        set_meta(&self.db, key, value)
    }

    /// Removes a small named value.
    pub fn forget_meta(&self, key: &str) -> Result<(), StoreError> {
        self.db.execute("DELETE FROM meta WHERE key = ?1", [key])?;
        Ok(())
    }

    /// Runs `work` in one immediate transaction: it sees and leaves a consistent state, or nothing happens.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // In a rehearsal each step is whole or not at all, too.
        if !self.db.is_autocommit() {
            let step = self.db.savepoint()?;
            let result = work(&step)?;
            step.commit()?;
            return Ok(result);
        }
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&tx)?;
        tx.commit()?;
        Ok(result)
    }
}

fn meta(db: &Connection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    Ok(db.query_row(sql, [key], |row| row.get(0)).optional()?)
}

fn set_meta(db: &Connection, key: &str, value: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    db.execute(sql, rusqlite::params![key, value])?;
    Ok(())
}

/// The node's hybrid clock, kept in the database so that several processes share it.
fn clock(db: &Connection) -> Result<Hlc, StoreError> {
    let bytes = meta(db, "clock")?.and_then(|bytes| bytes.try_into().ok());
    Ok(Hlc(bytes.map_or(0, u64::from_be_bytes)))
}

fn set_clock(db: &Connection, clock: Hlc) -> Result<(), StoreError> {
    set_meta(db, "clock", &clock.0.to_be_bytes())
}
