//! Who works on the files of a home, so that the living are told from the dead.
//!
//! One lock of the operating system on the folder `staging`: held shared from before a command's first file
//! there until what names its files is committed, and exclusively by whoever removes files. It ends with
//! its process. Who gets it alone knows that nobody else is at work: what lies in `staging` then was left by
//! a killed process, and a blob's file without a row is no half of anybody's transaction.
//!
//! File systems without locks work without: there nothing is ever taken for dead.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Store, StoreError};

/// The folder for files on their way into the store or out of it.
pub const STAGING: &str = "staging";

/// This process works on files of the home, until this is dropped.
#[derive(Debug)]
pub struct Work {
    _lock: Option<File>,
}

impl Store {
    /// Says that files are worked on. If nobody else does, the rests of killed processes go first.
    pub fn work(&self) -> Result<Work, StoreError> {
        drop(self.alone()?);
        let folder = self.staging()?;
        let lock = File::open(&folder).map_err(StoreError::io(&folder))?;
        let lock = lock.lock_shared().is_ok().then_some(lock);
        Ok(Work { _lock: lock })
    }

    /// The same for whoever removes files: none while anybody works on them.
    pub fn alone(&self) -> Result<Option<Work>, StoreError> {
        let folder = self.staging()?;
        let lock = File::open(&folder).map_err(StoreError::io(&folder))?;
        match lock.try_lock() {
            Ok(()) => {
                empty(&folder).map_err(StoreError::io(&folder))?;
                Ok(Some(Work { _lock: Some(lock) }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(_)) => Ok(Some(Work { _lock: None })),
        }
    }

    /// Runs `work`, which asks and changes this store through shared references, in one immediate transaction.
    pub fn immediately<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let run = |db: &Connection, sql| db.execute_batch(sql).map_err(StoreError::from);
        run(&self.db, "BEGIN IMMEDIATE")?;
        let done = work().and_then(|value| {
            run(&self.db, "COMMIT")?;
            Ok(value)
        });
        if done.is_err() {
            // The first error is the one to tell; where this fails, SQLite has rolled back already.
            let _ = run(&self.db, "ROLLBACK");
        }
        done
    }

    /// From now on until `end_rehearsal` this store shows what it would be, and nothing of it is kept. Others wait for the
    /// database meanwhile.
    pub fn begin_rehearsal(&self) -> Result<(), StoreError> {
        Ok(self.db.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// Everything is as it was before `begin_rehearsal`.
    pub fn end_rehearsal(&self) -> Result<(), StoreError> {
        Ok(self.db.execute_batch("ROLLBACK")?)
    }

    fn staging(&self) -> Result<PathBuf, StoreError> {
        let folder = self.home.join(STAGING);
        std::fs::create_dir_all(&folder).map_err(StoreError::io(&folder))?;
        Ok(folder)
    }
}

fn empty(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // Links are removed, not followed.
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_go_when_nobody_is_at_work() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 0, [0; 8]).unwrap();
        let other = Store::open(dir.path(), 0, [1; 8]).unwrap();
        let work = store.work().unwrap();
        let rest = dir.path().join(STAGING).join("import-1-0");
        std::fs::create_dir(&rest).unwrap();
        std::fs::write(rest.join("records"), "half").unwrap();
        // Somebody is at work: it may be theirs.
        let second = other.work().unwrap();
        assert!(other.alone().unwrap().is_none());
        assert!(rest.exists());
        drop((work, second));
        drop(other.work().unwrap());
        assert!(!rest.exists());
        assert!(store.alone().unwrap().is_some());
    }

    #[test]
    fn what_fails_is_rolled_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 0, [0; 8]).unwrap();
        let failed: Result<(), StoreError> = store.immediately(|| {
            store.set_meta("a", b"1")?;
            Err(StoreError::Busy)
        });
        assert!(matches!(failed, Err(StoreError::Busy)));
        assert_eq!(store.meta("a").unwrap(), None);
        let done: Result<(), StoreError> = store.immediately(|| store.set_meta("a", b"2"));
        done.unwrap();
        assert_eq!(store.meta("a").unwrap().unwrap(), b"2");
    }
}
