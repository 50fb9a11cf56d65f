//! The one file layer: everything that is written to a medium, to staging or as a published blob goes
//! through `Files`, with paths relative to one root. A missing fsync cannot be found by killing a
//! process, so this layer can record every operation; `Recording::rebuild` then makes the directory
//! that a power cut after any prefix of them would have left.
//!
//! What holds: files are made new (an existing name is never opened for writing, so no link is
//! followed) with mode 0600, folders with 0700. `write_new_synced` and `publish` are the two ways to
//! make something durable; whoever uses the parts alone states the order of his fsyncs.
//!
//! On a medium times tell nothing: what is written there has the time `BLANK`, files when they are synced and folders when
//! their names are. The time of creation that FAT keeps, and the time of change of Unix file systems, are the system's own.
//!
//! Faults (tests only): at the operation with a given index the layer returns ENOSPC or EIO, writes
//! short, starts to lose writes, or stops for good as a crash does.

mod replay;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use replay::{Recording, Survival};

/// The time of everything on a medium, in seconds since 1970: the first second of the year 2000 in UTC. FAT begins in 1980.
pub const BLANK: i64 = 946_684_800;

fn blank() -> rustix::fs::Timestamps {
    let time = rustix::fs::Timespec {
        tv_sec: BLANK,
        tv_nsec: 0,
    };
    rustix::fs::Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// One operation that changed something, or made it durable. Paths are relative to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    Create {
        file: u64,
        path: PathBuf,
    },
    Write {
        file: u64,
        offset: u64,
        bytes: Vec<u8>,
    },
    Sync {
        file: u64,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Mkdir {
        path: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    RemoveDir {
        path: PathBuf,
    },
    SyncDir {
        path: PathBuf,
    },
}

/// What goes wrong, once, at one operation; `Crash` and `Lose` last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The disk is full.
    NoSpace,
    /// The device failed.
    Io,
    /// A write takes half of its bytes; other operations succeed.
    Short,
    /// From here on writes claim success and are lost, as on a stick that lies about its size.
    Lose,
    /// Nothing happens any more, not even the cleaning up.
    Crash,
}

/// A failure and the index of the operation that meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub at: u64,
    pub failure: Failure,
}

/// What recording and faults need to know.
#[derive(Debug, Default)]
struct Log {
    operations: Vec<Operation>,
    attempts: u64,
    files: u64,
    fault: Option<Fault>,
    crashed: bool,
    losing: bool,
}

/// What an operation is told before it is done.
enum Verdict {
    Go,
    Half,
    Lose,
}

impl Log {
    fn ask(&mut self) -> io::Result<Verdict> {
        let index = self.attempts;
        self.attempts += 1;
        if let Some(fault) = self.fault
            && fault.at == index
        {
            match fault.failure {
                Failure::NoSpace => return Err(rustix::io::Errno::NOSPC.into()),
                Failure::Io => return Err(rustix::io::Errno::IO.into()),
                Failure::Short => return Ok(Verdict::Half),
                Failure::Lose => self.losing = true,
                Failure::Crash => self.crashed = true,
            }
        }
        if self.crashed {
            return Err(io::Error::from(rustix::io::Errno::IO));
        }
        Ok(if self.losing {
            Verdict::Lose
        } else {
            Verdict::Go
        })
    }
}

/// The file layer below one root.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
    log: Option<Arc<Mutex<Log>>>,
    /// The bytes that the medium has in all, where a test says so.
    bytes: Option<u64>,
    /// What is written has the time `BLANK`.
    timeless: bool,
}

impl Files {
    /// The layer as it is used: nothing is recorded, nothing fails but the device.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            log: None,
            bytes: None,
            timeless: false,
        }
    }

    /// The same layer, and what is written has the time `BLANK`.
    #[must_use]
    pub fn timeless(&self) -> Self {
        Self {
            timeless: true,
            ..self.clone()
        }
    }

    /// A layer over a medium of so many bytes: tests have no small sticks.
    #[doc(hidden)]
    pub fn bounded(root: impl Into<PathBuf>, bytes: u64) -> Self {
        Self {
            bytes: Some(bytes),
            ..Self::new(root)
        }
    }

    /// A layer that records, and fails where `fault` says; what is below `root` already is taken as durable.
    pub fn recording(
        root: impl Into<PathBuf>,
        fault: Option<Fault>,
    ) -> io::Result<(Self, Recording)> {
        let root = root.into();
        let log = Arc::new(Mutex::new(Log {
            fault,
            ..Log::default()
        }));
        let recording = Recording::new(&root, Arc::clone(&log))?;
        let files = Self {
            root,
            log: Some(log),
            bytes: None,
            timeless: false,
        };
        Ok((files, recording))
    }

    /// The root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root, for reading.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// Makes a new file; an existing name is `AlreadyExists`.
    pub fn create(&self, path: impl AsRef<Path>) -> io::Result<OpenFile> {
        let path = path.as_ref();
        self.ask()?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(path))?;
        let id = self.note(|log| {
            log.files += 1;
            let file = log.files;
            log.operations.push(Operation::Create {
                file,
                path: path.to_owned(),
            });
            file
        });
        Ok(OpenFile {
            file,
            offset: 0,
            id: id.unwrap_or_default(),
            log: self.log.clone(),
            timeless: self.timeless,
        })
    }

    /// Renames, and replaces what had the new name. Durable after `sync_dir` of both folders.
    pub fn rename(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
        let (from, to) = (from.as_ref(), to.as_ref());
        self.ask()?;
        fs::rename(self.path(from), self.path(to))?;
        self.push(|| Operation::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        });
        Ok(())
    }

    /// Makes a folder; an existing name is `AlreadyExists`.
    pub fn mkdir(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        self.ask()?;
        DirBuilder::new().mode(0o700).create(self.path(path))?;
        self.push(|| Operation::Mkdir {
            path: path.to_owned(),
        });
        Ok(())
    }

    /// Makes a folder durably unless it is there. A link or a file in its place is an error.
    pub fn ensure_dir(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        match fs::symlink_metadata(self.path(path)) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.mkdir(path)?;
                self.sync_dir(parent(path))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a file.
    pub fn remove(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        self.ask()?;
        fs::remove_file(self.path(path))?;
        self.push(|| Operation::Remove {
            path: path.to_owned(),
        });
        Ok(())
    }

    /// Removes an empty folder.
    pub fn rmdir(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        self.ask()?;
        fs::remove_dir(self.path(path))?;
        self.push(|| Operation::RemoveDir {
            path: path.to_owned(),
        });
        Ok(())
    }

    /// Removes a file, or a folder with all that is in it, if it is there; links are removed, not followed.
    pub fn remove_all(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let found = match fs::symlink_metadata(self.path(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        if !found.is_dir() {
            return self.remove(path);
        }
        for entry in fs::read_dir(self.path(path))? {
            self.remove_all(path.join(entry?.file_name()))?;
        }
        self.rmdir(path)
    }

    /// Makes the names in a folder durable. File systems that cannot sync a folder are taken at their word.
    pub fn sync_dir(&self, path: impl AsRef<Path>) -> io::Result<()> {
        use rustix::io::Errno;
        let path = path.as_ref();
        self.ask()?;
        let folder = File::open(self.path(path))?;
        if self.timeless {
            let _ = rustix::fs::futimens(&folder, &blank());
        }
        match rustix::fs::fsync(&folder) {
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
        self.push(|| Operation::SyncDir {
            path: path.to_owned(),
        });
        Ok(())
    }

    /// Writes a new file and makes its bytes durable; its name is durable after `sync_dir`.
    pub fn write_new_synced(&self, path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.create(path)?;
        file.write_all(bytes)?;
        file.sync()
    }

    /// Gives a file whose bytes are durable its final name, durably: after this returned, the name is
    /// there with all its bytes; before, it was not there or was the old one.
    pub fn publish(&self, tmp: impl AsRef<Path>, last: impl AsRef<Path>) -> io::Result<()> {
        let (tmp, last) = (tmp.as_ref(), last.as_ref());
        self.rename(tmp, last)?;
        self.sync_dir(parent(last))?;
        if parent(tmp) != parent(last) {
            self.sync_dir(parent(tmp))?;
        }
        Ok(())
    }

    /// `write_new_synced` to a temporary name beside it, and `publish`.
    pub fn replace(&self, path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        let path = path.as_ref();
        let tmp = path.with_extension("tmp");
        self.remove_all(&tmp)?;
        self.write_new_synced(&tmp, bytes)?;
        self.publish(&tmp, path)
    }

    /// Bytes that an ordinary user may still write below the root.
    pub fn free_space(&self) -> io::Result<u64> {
        if let Some(bytes) = self.bytes {
            return Ok(bytes.saturating_sub(used(&self.root)?));
        }
        let found = rustix::fs::statvfs(&self.root)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// Bytes of the file system below the root, used or not.
    pub fn total_space(&self) -> io::Result<u64> {
        if let Some(bytes) = self.bytes {
            return Ok(bytes);
        }
        let found = rustix::fs::statvfs(&self.root)?;
        Ok(found.f_blocks.saturating_mul(found.f_frsize))
    }

    fn ask(&self) -> io::Result<()> {
        match &self.log {
            Some(log) => lock(log).ask().map(drop),
            None => Ok(()),
        }
    }

    fn note<T>(&self, note: impl FnOnce(&mut Log) -> T) -> Option<T> {
        self.log.as_ref().map(|log| note(&mut lock(log)))
    }

    fn push(&self, operation: impl FnOnce() -> Operation) {
        self.note(|log| log.operations.push(operation()));
    }
}

/// Bytes of all files below a folder.
fn used(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.file_type()?.is_dir() {
            true => used(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(bytes)
}

/// The folder of a relative path; the root is the empty path.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// A log is only pushed to, so a panic elsewhere leaves it whole.
fn lock(log: &Mutex<Log>) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new file, written from its start.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
    offset: u64,
    id: u64,
    log: Option<Arc<Mutex<Log>>>,
    timeless: bool,
}

impl OpenFile {
    /// Makes the bytes durable.
    pub fn sync(&mut self) -> io::Result<()> {
        if let Some(log) = &self.log {
            lock(log).ask()?;
        }
        if self.timeless {
            // A file system that keeps no times has none to tell.
            let _ = rustix::fs::futimens(&self.file, &blank());
        }
        self.file.sync_all()?;
        if let Some(log) = &self.log {
            lock(log).operations.push(Operation::Sync { file: self.id });
        }
        Ok(())
    }

    /// Asks the kernel to forget the synced bytes, so that reading them asks the device. Advice only.
    pub fn forget(&self) {
        let _ = rustix::fs::fadvise(&self.file, 0, None, rustix::fs::Advice::DontNeed);
    }

    /// Bytes written.
    pub fn len(&self) -> u64 {
        self.offset
    }

    /// Nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.offset == 0
    }
}

impl OpenFile {
    /// Writes all of `bytes` at an offset; what lies between it and the file's end reads as zeros.
    pub fn put_at(&mut self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_some(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = bytes.get(count..).unwrap_or_default();
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_some(&mut self, buffer: &[u8], offset: u64) -> io::Result<usize> {
        let mut count = buffer.len();
        if let Some(log) = &self.log {
            match lock(log).ask()? {
                Verdict::Go => {}
                Verdict::Half => count = count.div_ceil(2),
                Verdict::Lose => {
                    self.offset = self.offset.max(offset + count as u64);
                    return Ok(count);
                }
            }
        }
        let count = self.file.write_at(&buffer[..count], offset)?;
        if let Some(log) = &self.log {
            lock(log).operations.push(Operation::Write {
                file: self.id,
                offset,
                bytes: buffer[..count].to_vec(),
            });
        }
        self.offset = self.offset.max(offset + count as u64);
        Ok(count)
    }
}

impl Write for OpenFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.write_some(buffer, self.offset)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
