//! What a person's own files are replaced by: nothing, unless it is what the same command wrote there before.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use crate::node::{Exit, Failure};

/// How every bundle and backup begins (the age file format, its version line).
const SEALED: &[u8] = b"age-encryption.org/v1\n";

fn exists(path: &Path) -> Failure {
    Failure::new("file-exists", Exit::Failed).with("path", path.display())
}

/// Writes a file that is not there yet.
///
/// # Errors
/// Fails with `file-exists` where it is, and where it cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    let written = made.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => Failure::io(path, error),
    })
}

/// Whether a bundle or a backup may be written to this path: there is nothing, or an older one. A job that saves to one
/// name every night goes on; a text that somebody named by mistake stays.
///
/// # Errors
/// Fails with `file-exists` where something else lies there.
pub fn may_replace(path: &Path) -> Result<(), Failure> {
    let Ok(found) = std::fs::metadata(path) else {
        return Ok(());
    };
    if !found.is_file() {
        // Devices and pipes are written to; a folder is told apart by whoever opens it.
        return Ok(());
    }
    let mut start = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| Failure::io(path, error))?;
    file.take(SEALED.len() as u64)
        .read_to_end(&mut start)
        .map_err(|error| Failure::io(path, error))?;
    // An empty file is what a shell or `mktemp` left.
    if start.is_empty() || start == SEALED {
        Ok(())
    } else {
        Err(exists(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `okibi backup notes.md` replaced the notes.
    #[test]
    fn only_an_older_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("file");
        assert!(may_replace(&at).is_ok());
        for (content, may) in [
            (&b"# Notes\n"[..], false),
            (b"age-encryption.org/v2\n", false),
            (b"age-encryption.org/v1\n-> X25519", true),
            (b"", true),
        ] {
            std::fs::write(&at, content).unwrap();
            assert_eq!(may_replace(&at).is_ok(), may);
            let refused = write_new(&at, b"x").unwrap_err();
            assert_eq!(refused.code, "file-exists");
            assert_eq!(std::fs::read(&at).unwrap(), content);
        }
        assert!(may_replace(folder.path()).is_ok());
        std::fs::remove_file(&at).unwrap();
        write_new(&at, b"x").unwrap();
        assert_eq!(std::fs::read(&at).unwrap(), b"x");
    }
}
