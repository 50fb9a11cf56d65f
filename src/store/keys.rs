//! Secret keys as files: `keys/ROLE-PUBLIC.key`, mode 0600, one line of hexadecimal. The statements in the
//! database say which of them are in use; a file that no statement names is the rest of an interrupted
//! command and harmless. Root keys are unencrypted by default, which `doctor` says; one that is locked lies in
//! `root-PUBLIC.age`, and under a plugin `root-PUBLIC.identity` says which.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

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

/// The folder of key files.
#[derive(Debug, Clone)]
pub struct KeyFolder(PathBuf);

impl KeyFolder {
    /// The key folder of a home.
    pub fn of(home: &Path) -> Self {
        Self(home.join("keys"))
    }

    /// Whether there is a key of this role.
    pub fn has(&self, role: &str) -> bool {
        let begin = format!("{role}-");
        let entries = std::fs::read_dir(&self.0).into_iter().flatten();
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with(&begin))
    }

    /// Where the key of this role and public half is kept.
    pub fn path(&self, role: &str, public: &[u8; 32]) -> PathBuf {
        self.path_of(role, public, Rest::Plain)
    }

    /// Where it is kept in this form.
    pub fn path_of(&self, role: &str, public: &[u8; 32], rest: Rest) -> PathBuf {
        let name = format!("{role}-{}.{}", HEXLOWER.encode(public), rest.suffix());
        self.0.join(name)
    }

    /// Every key file, by name.
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
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
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
        File::open(&self.0)
            .and_then(|folder| folder.sync_all())
            .map_err(fail)
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

    /// Writes a key, synced, readable by its owner only.
    pub fn write(&self, role: &str, public: &[u8; 32], secret: &[u8; 32]) -> Result<(), KeyError> {
        let line = Zeroizing::new(format!("{}\n", *Zeroizing::new(HEXLOWER.encode(secret))));
        self.write_bytes(role, public, Rest::Plain, line.as_bytes())
    }

    /// Writes a key's file as it shall lie there, synced, readable by its owner only.
    pub fn write_bytes(
        &self,
        role: &str,
        public: &[u8; 32],
        rest: Rest,
        bytes: &[u8],
    ) -> Result<(), KeyError> {
        let path = self.path_of(role, public, rest);
        let fail = |source| KeyError::Io {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(&self.0).map_err(fail)?;
        std::fs::set_permissions(&self.0, std::fs::Permissions::from_mode(0o700)).map_err(fail)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        file.write_all(bytes).map_err(fail)?;
        file.sync_all().map_err(fail)?;
        File::open(&self.0)
            .and_then(|folder| folder.sync_all())
            .map_err(fail)
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
        let Ok(entries) = std::fs::read_dir(&self.0) else {
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
}
