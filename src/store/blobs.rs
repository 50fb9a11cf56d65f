//! Content-addressed files: `blobs/ab/abcdef...`. A blob exists when its database row does; a file without a row
//! is rubbish of an interrupted import and is taken or removed later. Files are written to a temporary
//! name, synced and renamed, so a name always has its content.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use crate::record::{BlobHash, BlobRef, CircleId};

use super::{STAGING, Store, StoreError};

/// From where this node has a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A person added it here.
    Private,
    /// A circle in which this node got it or shared it.
    Circle(CircleId),
}

impl Scope {
    fn key(self) -> [u8; 32] {
        match self {
            // No record has this id.
            Self::Private => [0; 32],
            Self::Circle(circle) => circle.0,
        }
    }

    fn read(key: [u8; 32]) -> Self {
        match key {
            [0, ..] if key == [0; 32] => Self::Private,
            _ => Self::Circle(CircleId(key)),
        }
    }
}

/// Bytes moved at a time.
const CHUNK: usize = 1 << 18;

/// Hash and SHA-256 of every blob that a snapshot of the database names, by hash.
pub fn blobs_of(snapshot: &Path) -> Result<Vec<(BlobHash, [u8; 32])>, StoreError> {
    let db = Connection::open_with_flags(snapshot, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut sql = db.prepare("SELECT blake3, sha256, size FROM blob ORDER BY blake3")?;
    let rows = sql.query_map([], read)?;
    rows.map(|blob| blob.map(|blob| (blob.blake3, blob.sha256)))
        .collect::<Result<_, _>>()
        .map_err(StoreError::from)
}

impl Store {
    /// Where a blob's file is, or would be.
    pub fn blob_path(&self, hash: &BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.home.join("blobs").join(&name[..2]).join(name)
    }

    /// The blob, if this store has it within a scope. Whatever is told to others is asked here.
    pub fn blob_in(&self, scope: Scope, hash: &BlobHash) -> Result<Option<BlobRef>, StoreError> {
        let sql = "SELECT b.blake3, b.sha256, b.size FROM blob b
                   JOIN scope s ON s.blob = b.blake3 WHERE s.circle = ?1 AND s.blob = ?2";
        let mut sql = self.db.prepare_cached(sql)?;
        let row = sql.query_row(rusqlite::params![scope.key(), hash.0], read);
        Ok(row.optional()?)
    }

    /// Says that a blob of this store is also of a scope; whether it was not before.
    pub fn add_scope(&self, scope: Scope, hash: &BlobHash) -> Result<bool, StoreError> {
        add_scope(&self.db, scope, hash)
    }

    /// Takes a scope from a blob; its file stays until `gc` finds that no scope is left.
    pub fn drop_scope(&self, scope: Scope, hash: &BlobHash) -> Result<(), StoreError> {
        let sql = "DELETE FROM scope WHERE circle = ?1 AND blob = ?2";
        self.db
            .execute(sql, rusqlite::params![scope.key(), hash.0])?;
        Ok(())
    }

    /// Every scope of every blob.
    pub fn scopes(&self) -> Result<Vec<(Scope, BlobHash)>, StoreError> {
        let mut sql = self
            .db
            .prepare("SELECT circle, blob FROM scope ORDER BY circle, blob")?;
        let rows = sql.query_map([], |row| {
            Ok((Scope::read(row.get(0)?), BlobHash(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The blob, if this store has it, from wherever; for this node's own use.
    pub fn blob(&self, hash: &BlobHash) -> Result<Option<BlobRef>, StoreError> {
        blob(&self.db, hash)
    }

    /// Every blob, by hash.
    pub fn blobs(&self) -> Result<Vec<BlobRef>, StoreError> {
        let mut sql = self
            .db
            .prepare("SELECT blake3, sha256, size FROM blob ORDER BY blake3")?;
        let rows = sql.query_map([], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Copies a file into the store, as a person's own, and returns its name.
    pub fn add_blob(&self, source: &Path) -> Result<BlobRef, StoreError> {
        let mut file = File::open(source).map_err(StoreError::io(source))?;
        self.take(&mut file, source)
    }

    /// Copies bytes into the store, as a person's own.
    pub fn add_blob_bytes(&self, bytes: &[u8]) -> Result<BlobRef, StoreError> {
        self.take(&mut &bytes[..], Path::new("memory"))
    }

    fn take(&self, source: &mut dyn Read, from: &Path) -> Result<BlobRef, StoreError> {
        let _work = self.work()?;
        let (temporary, mut file) = self.temporary()?;
        let taken = copy(source, from, &mut file, &temporary).and_then(|blob| {
            self.publish_blob(&temporary, &blob.blake3)?;
            insert(&self.db, &blob)?;
            add_scope(&self.db, Scope::Private, &blob.blake3)?;
            Ok(blob)
        });
        if taken.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        taken
    }

    /// Takes a complete and verified file of this home in by its name, as one of a circle.
    pub fn adopt_blob(
        &self,
        file: &Path,
        blob: &BlobRef,
        circle: &CircleId,
    ) -> Result<(), StoreError> {
        let _work = self.work()?;
        File::open(file)
            .and_then(|file| file.sync_all())
            .map_err(StoreError::io(file))?;
        self.publish_blob(file, &blob.blake3)?;
        insert(&self.db, blob)?;
        add_scope(&self.db, Scope::Circle(*circle), &blob.blake3).map(drop)
    }

    /// Gives a complete, synced and verified file its name.
    fn publish_blob(&self, file: &Path, hash: &BlobHash) -> Result<(), StoreError> {
        let target = self.blob_path(hash);
        // The target has a parent by construction.
        let folder = target.parent().unwrap_or(&self.home);
        std::fs::create_dir_all(folder).map_err(StoreError::io(folder))?;
        std::fs::rename(file, &target).map_err(StoreError::io(&target))?;
        sync_folder(folder)?;
        sync_folder(&self.home.join("blobs"))
    }

    /// Removes a blob's row and file.
    pub fn drop_blob(&self, hash: &BlobHash) -> Result<(), StoreError> {
        self.db
            .execute("DELETE FROM blob WHERE blake3 = ?1", [hash.0])?;
        let path = self.blob_path(hash);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::Io {
                path,
                source: error,
            }),
            _ => Ok(()),
        }
    }

    /// Files in the blob folder without a row: rests of interrupted commands. Returns how many and their bytes.
    /// Who removes them is `alone`: else they may be half of somebody's work.
    pub fn stray_files(&self, dry: bool) -> Result<(usize, u64), StoreError> {
        let (mut count, mut bytes) = (0, 0);
        let root = self.home.join("blobs");
        for folder in std::fs::read_dir(&root)
            .map_err(StoreError::io(&root))?
            .flatten()
        {
            let Ok(files) = std::fs::read_dir(folder.path()) else {
                continue;
            };
            for file in files.flatten() {
                let hash = file.file_name().to_string_lossy().parse::<BlobHash>();
                let known = match hash {
                    Ok(hash) => self.blob(&hash)?.is_some(),
                    Err(_) => false,
                };
                if !known {
                    count += 1;
                    bytes += file.metadata().map_or(0, |data| data.len());
                    if !dry {
                        std::fs::remove_file(file.path()).map_err(StoreError::io(&file.path()))?;
                    }
                }
            }
        }
        Ok((count, bytes))
    }

    /// A new file in staging, whoever else makes one at the same time.
    fn temporary(&self) -> Result<(PathBuf, File), StoreError> {
        let mut number = 0u64;
        loop {
            let name = format!("blob-{}-{number}", std::process::id());
            let path = self.home.join(STAGING).join(name);
            match File::create_new(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(StoreError::io(&path)(error)),
            }
        }
    }
}

fn copy(
    source: &mut dyn Read,
    from: &Path,
    target: &mut File,
    to: &Path,
) -> Result<BlobRef, StoreError> {
    let (mut blake3, mut sha256, mut size) = (blake3::Hasher::new(), Sha256::new(), 0);
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StoreError::io(from)(error)),
        };
        let bytes = &buffer[..read];
        blake3.update(bytes);
        sha256.update(bytes);
        target.write_all(bytes).map_err(StoreError::io(to))?;
        size += read as u64;
    }
    target.sync_all().map_err(StoreError::io(to))?;
    let blake3 = BlobHash(*blake3.finalize().as_bytes());
    Ok(BlobRef {
        blake3,
        sha256: sha256.finalize().into(),
        size,
    })
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(StoreError::io(folder))
}

pub(super) fn insert(db: &Connection, blob: &BlobRef) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO blob (blake3, sha256, size) VALUES (?1, ?2, ?3)";
    db.execute(
        sql,
        rusqlite::params![blob.blake3.0, blob.sha256, blob.size as i64],
    )?;
    Ok(())
}

pub(super) fn add_scope(
    db: &Connection,
    scope: Scope,
    hash: &BlobHash,
) -> Result<bool, StoreError> {
    let sql = "INSERT OR IGNORE INTO scope (circle, blob) VALUES (?1, ?2)";
    Ok(db.execute(sql, rusqlite::params![scope.key(), hash.0])? > 0)
}

pub(super) fn blob(db: &Connection, hash: &BlobHash) -> Result<Option<BlobRef>, StoreError> {
    let sql = "SELECT blake3, sha256, size FROM blob WHERE blake3 = ?1";
    Ok(db.query_row(sql, [hash.0], read).optional()?)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<BlobRef> {
    let size: i64 = row.get(2)?;
    Ok(BlobRef {
        blake3: BlobHash(row.get(0)?),
        sha256: row.get(1)?,
        size: size.unsigned_abs(),
    })
}
