//! Secret keys as files: `keys/ROLE-PUBLIC.key`, mode 0600, one line of hexadecimal. The statements in the
//! database say which of them are in use; a file that no statement names is the rest of an interrupted
//! command and harmless. Root keys are unencrypted by default, which `doctor` says; one that is locked lies in
//! `root-PUBLIC.age`, and under a plugin `root-PUBLIC.identity` says which.
//!
//! A key file may be the only copy of its key, so none is ever opened for writing once it has its name: a new file
//! `….new` is written, synced, read back and tried, and only then renamed over the old one.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a key file cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    #[error("{path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0} holds no key")]
    Malformed(PathBuf),
    /// What was written is not what can be read: the old file is still there.
    #[error("{0} does not read back as it was written")]
    ReadBack(PathBuf),
}

/// How a key lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// In clear.
    Plain,
    /// In an age file.
    Locked,
    /// What an age plugin finds the key by.
    Identity,
}

impl Rest {
    const ALL: [Self; 3] = [Self::Plain, Self::Locked, Self::Identity];

    fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "key",
            Self::Locked => "age",
            Self::Identity => "identity",
        }
    }
}

/// Whether a file of this name has its place in the folder: `ROLE-PUBLIC.SUFFIX`.
pub fn is_key_file(name: &str) -> bool {
    const ROLES: [&str; 5] = ["root", "sign", "spare", "transport", "receive"];
    let Some((stem, suffix)) = name.split_once('.') else {
        return false;
    };
    let Some((role, public)) = stem.split_once('-') else {
        return false;
    };
    let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    ROLES.contains(&role)
        && public.len() == 64
        && public.bytes().all(hex)
        && Rest::ALL.iter().any(|rest| rest.suffix() == suffix)
}

/// Asked before each operation on the disk; tests let it fail there.
type Gate = Arc<dyn Fn() -> io::Result<()> + Send + Sync>;

/// The folder of key files.
#[derive(Clone)]
pub struct KeyFolder {
    folder: PathBuf,
    gate: Option<Gate>,
}

impl std::fmt::Debug for KeyFolder {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_tuple("KeyFolder").field(&self.folder).finish()
    }
}

impl KeyFolder {
    /// The key folder of a home.
    pub fn of(home: &Path) -> Self {
        Self {
            folder: home.join("keys"),
            gate: None,
        }
    }

    /// The same; `gate` is asked before each operation that changes something, and its error is that operation's.
    #[doc(hidden)]
    pub fn gated(home: &Path, gate: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self {
            gate: Some(Arc::new(gate)),
            ..Self::of(home)
        }
    }

    fn ask(&self) -> io::Result<()> {
        self.gate.as_ref().map_or(Ok(()), |gate| gate())
    }

    /// Whether there is a key of this role.
    pub fn has(&self, role: &str) -> bool {
        let begin = format!("{role}-");
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(&begin) && is_key_file(&name)
        })
    }

    /// Where the key of this role and public half is kept.
    pub fn path(&self, role: &str, public: &[u8; 32]) -> PathBuf {
        self.path_of(role, public, Rest::Plain)
    }

    /// Where it is kept in this form.
    pub fn path_of(&self, role: &str, public: &[u8; 32], rest: Rest) -> PathBuf {
        let name = format!("{role}-{}.{}", HEXLOWER.encode(public), rest.suffix());
        self.folder.join(name)
    }

    /// Every key file, by name.
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten();
        let named = entries.filter(|entry| is_key_file(&entry.file_name().to_string_lossy()));
        let mut files: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
        files.sort();
        files
    }

    /// Removes a key's file of this form, durably; none there is fine.
    pub fn remove(&self, role: &str, public: &[u8; 32], rest: Rest) -> Result<(), KeyError> {
        let path = self.path_of(role, public, rest);
        let fail = |source| KeyError::Io {
            path: path.clone(),
            source,
        };
        let removed = self.ask().and_then(|()| std::fs::remove_file(&path));
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
        self.sync().map_err(fail)
    }

    /// Makes the names in the folder durable.
    fn sync(&self) -> io::Result<()> {
        self.ask()?;
        File::open(&self.folder)?.sync_all()
    }

    /// The bytes of a file that is not in clear.
    pub fn read_bytes(
        &self,
        role: &str,
        public: &[u8; 32],
        rest: Rest,
    ) -> Result<Vec<u8>, KeyError> {
        let path = self.path_of(role, public, rest);
        let mut bytes = Vec::new();
        File::open(&path)
            // A plugin may need some kilobytes; anything longer is not ours.
            .and_then(|file| file.take(64 << 10).read_to_end(&mut bytes))
            .map_err(|source| KeyError::Io { path, source })?;
        Ok(bytes)
    }

    /// Writes a key, as `write_bytes` does.
    pub fn write(&self, role: &str, public: &[u8; 32], secret: &[u8; 32]) -> Result<(), KeyError> {
        let line = Zeroizing::new(format!("{}\n", *Zeroizing::new(HEXLOWER.encode(secret))));
        self.write_bytes(role, public, Rest::Plain, line.as_bytes(), |_| Ok(()))
    }

    /// Gives a key the file that it shall have, durably and readable by its owner only. `tried` gets the bytes as they
    /// were read back, and says whether they give the key. Until it and the disk have agreed, the old file stands; on an
    /// error it still does. Errors: `Io`, `ReadBack`, or what `tried` says.
    pub fn write_bytes<E: From<KeyError>>(
        &self,
        role: &str,
        public: &[u8; 32],
        rest: Rest,
        bytes: &[u8],
        tried: impl FnOnce(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = self.path_of(role, public, rest);
        let mut name = path.clone().into_os_string();
        name.push(".new");
        let new = PathBuf::from(name);
        let fail = |source| KeyError::Io {
            path: path.clone(),
            source,
        };
        let written = self
            .write_new(&new, bytes)
            .map_err(|error| E::from(fail(error)))
            .and_then(|back| match *back == bytes {
                true => tried(&back),
                false => Err(KeyError::ReadBack(new.clone()).into()),
            })
            .and_then(|()| {
                let named = self.ask().and_then(|()| std::fs::rename(&new, &path));
                named.map_err(|error| E::from(fail(error)))
            });
        if written.is_err() {
            // What cannot be removed now is removed before the next one is written.
            let _ = self.ask().and_then(|()| std::fs::remove_file(&new));
            return written;
        }
        Ok(self.sync().map_err(fail)?)
    }

    /// Writes a new file, synced, and reads it back.
    fn write_new(&self, new: &Path, bytes: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        if !self.folder.is_dir() {
            self.ask()?;
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700).create(&self.folder)?;
            if let Some(home) = self.folder.parent() {
                File::open(home)?.sync_all()?;
            }
        }
        std::fs::set_permissions(&self.folder, std::fs::Permissions::from_mode(0o700))?;
        self.ask()?;
        match std::fs::remove_file(new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.ask()?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(new)?;
        self.ask()?;
        file.write_all(bytes)?;
        self.ask()?;
        file.sync_all()?;
        let mut back = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
        File::open(new)?
            .take(bytes.len() as u64 + 1)
            .read_to_end(&mut back)?;
        Ok(back)
    }

    /// Reads a key.
    pub fn read(&self, role: &str, public: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let path = self.path(role, public);
        let mut line = Zeroizing::new(String::new());
        File::open(&path)
            // 64 digits and a line end; anything longer is not ours.
            .and_then(|file| file.take(128).read_to_string(&mut line))
            .map_err(|source| KeyError::Io {
                path: path.clone(),
                source,
            })?;
        let mut secret = Zeroizing::new([0; 32]);
        let text = line.trim_end().as_bytes();
        match HEXLOWER.decode_len(text.len()) {
            Ok(32) => HEXLOWER
                .decode_mut(text, &mut secret[..])
                .map_err(|_| KeyError::Malformed(path))?,
            _ => return Err(KeyError::Malformed(path)),
        };
        Ok(secret)
    }

    /// Key files that others may read, for `doctor`.
    pub fn exposed(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let exposed = entries.flatten().filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
        });
        exposed.map(|entry| entry.path()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyFolder::of(dir.path());
        keys.write("root", &[1; 32], &[2; 32]).unwrap();
        assert_eq!(*keys.read("root", &[1; 32]).unwrap(), [2; 32]);
        assert!(keys.exposed().is_empty());
        let path = keys.path("root", &[1; 32]);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(keys.exposed(), std::slice::from_ref(&path));
        std::fs::write(&path, "rubbish").unwrap();
        assert!(matches!(
            keys.read("root", &[1; 32]),
            Err(KeyError::Malformed(_))
        ));
    }

    /// A disk that is full at one operation, or stops for good there.
    fn failing(at: usize, for_good: bool) -> impl Fn() -> io::Result<()> + Send + Sync {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let count = AtomicUsize::new(0);
        move || {
            let now = count.fetch_add(1, Ordering::Relaxed);
            let fails = now == at || (for_good && now > at);
            match fails {
                true => Err(io::ErrorKind::StorageFull.into()),
                false => Ok(()),
            }
        }
    }

    #[test]
    fn at_every_point_the_old_key_file_stands_or_the_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyFolder::of(dir.path());
        let put = |keys: &KeyFolder, bytes: &[u8]| {
            let tried = |back: &[u8]| {
                assert_eq!(back, bytes);
                Ok::<(), KeyError>(())
            };
            keys.write_bytes("root", &[1; 32], Rest::Locked, bytes, tried)
        };
        for for_good in [false, true] {
            put(&keys, b"old").unwrap();
            for at in 0.. {
                let failing = KeyFolder::gated(dir.path(), failing(at, for_good));
                let done = put(&failing, b"new");
                let found = keys.read_bytes("root", &[1; 32], Rest::Locked).unwrap();
                if done.is_ok() {
                    assert!(at >= 5, "the operations are asked for");
                    assert_eq!(found, b"new");
                    break;
                }
                assert!(found == b"old" || found == b"new", "at {at}: {found:?}");
            }
        }
        // Nothing is left that would stop the next one, and nothing of it counts as a key.
        assert_eq!(keys.files().len(), 1);
    }

    #[test]
    fn what_does_not_give_the_key_back_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyFolder::of(dir.path());
        keys.write("root", &[1; 32], &[2; 32]).unwrap();
        let path = keys.path("root", &[1; 32]);
        let no = |_: &[u8]| Err(KeyError::Malformed(path.clone()));
        let done = keys.write_bytes("root", &[1; 32], Rest::Plain, b"rubbish", no);
        assert!(matches!(done, Err(KeyError::Malformed(_))));
        assert_eq!(*keys.read("root", &[1; 32]).unwrap(), [2; 32]);
        assert_eq!(
            std::fs::read_dir(dir.path().join("keys")).unwrap().count(),
            1
        );
    }

    #[test]
    fn a_link_where_the_new_file_goes_is_removed_and_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyFolder::of(dir.path());
        keys.write("root", &[1; 32], &[2; 32]).unwrap();
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "whole").unwrap();
        let path = keys.path("root", &[1; 32]);
        std::os::unix::fs::symlink(&victim, path.with_extension("key.new")).unwrap();
        keys.write("root", &[1; 32], &[3; 32]).unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"whole");
        assert_eq!(*keys.read("root", &[1; 32]).unwrap(), [3; 32]);
    }
}
