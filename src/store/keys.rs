//! Secret keys as files: `keys/ROLE-PUBLIC.key`, mode 0600, one line of hexadecimal. The statements in the
//! database say which of them are in use; a file that no statement names is the rest of an interrupted
//! command and harmless. Root keys are unencrypted by default, which `doctor` says.

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

/// The folder of key files.
#[derive(Debug, Clone)]
pub struct KeyFolder(PathBuf);

impl KeyFolder {
    /// The key folder of a home.
    pub fn of(home: &Path) -> Self {
        Self(home.join("keys"))
    }

    /// Where the key of this role and public half is kept.
    pub fn path(&self, role: &str, public: &[u8; 32]) -> PathBuf {
        self.0
            .join(format!("{role}-{}.key", HEXLOWER.encode(public)))
    }

    /// Writes a key, synced, readable by its owner only.
    pub fn write(&self, role: &str, public: &[u8; 32], secret: &[u8; 32]) -> Result<(), KeyError> {
        let path = self.path(role, public);
        let fail = |source| KeyError::Io {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(&self.0).map_err(fail)?;
        std::fs::set_permissions(&self.0, std::fs::Permissions::from_mode(0o700)).map_err(fail)?;
        let line = Zeroizing::new(HEXLOWER.encode(secret));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        file.write_all(line.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .map_err(fail)?;
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
