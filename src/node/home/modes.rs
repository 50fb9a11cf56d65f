//! The home belongs to its owner only, as ssh has it for `~/.ssh`. What others could read, of what is ours to repair, is
//! closed and said once. What others could have *changed* is refused, and so is a key that others could read: nobody but
//! a person can tell what became of it.
//!
//! A file system without modes (FAT) shows the same ones whatever is set. There nothing can be closed; `doctor` says so.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::store::keys::KeyFolder;

use crate::node::{Event, Exit, Failure, Sink};

/// Read or written by somebody else.
const OTHERS: u32 = 0o077;
/// Written by somebody else.
const OTHERS_WRITE: u32 = 0o022;

/// From now on what this process makes is readable and writable by its owner only.
pub fn private_by_default() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

fn loose(path: &Path, mode: u32) -> Failure {
    let fix = format!("chmod {mode:o} {}", path.display());
    Failure::new("home-loose", Exit::Locked)
        .with("path", path.display())
        .with("fix", fix)
}

/// Makes the home, or sees that nobody else could have been at it.
pub(super) fn private_folder(home: &Path, sink: &mut Sink) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::io(home, error);
    if home.exists() && !home.is_dir() {
        return Err(Failure::new("home-is-file", Exit::Usage).with("path", home.display()));
    }
    if !home.exists() {
        fs::create_dir_all(home).map_err(fail)?;
        return fs::set_permissions(home, Permissions::from_mode(0o700)).map_err(fail);
    }
    let data = fs::metadata(home).map_err(fail)?;
    if data.uid() != rustix::process::geteuid().as_raw() {
        let path = home.display();
        return Err(Failure::new("home-not-yours", Exit::Locked).with("path", path));
    }
    let before = data.permissions().mode();
    if before & OTHERS == 0 {
        return keys_are_closed(home);
    }
    // In an empty folder nobody left anything.
    let empty = fs::read_dir(home).map_err(fail)?.next().is_none();
    let closed = fs::set_permissions(home, Permissions::from_mode(0o700)).is_ok()
        && fs::metadata(home).is_ok_and(|data| data.permissions().mode() & OTHERS == 0);
    if !closed {
        // It cannot be written, or its file system knows no modes.
        return Ok(());
    }
    if before & OTHERS_WRITE != 0 && !empty {
        // As it was: a person has to look, and says so by the command.
        let _ = fs::set_permissions(home, Permissions::from_mode(before & 0o7777));
        return Err(loose(home, 0o700));
    }
    for name in ["okibi.db", "okibi.db-wal", "okibi.db-shm"] {
        let path = home.join(name);
        if fs::symlink_metadata(&path).is_ok_and(|data| data.is_file()) {
            let _ = fs::set_permissions(&path, Permissions::from_mode(0o600));
        }
    }
    if !empty {
        sink(Event::HomeClosed);
    }
    keys_are_closed(home)
}

/// A key that others could read may be theirs by now.
fn keys_are_closed(home: &Path) -> Result<(), Failure> {
    match KeyFolder::of(home).exposed().first() {
        Some(path) => Err(loose(path, 0o600)),
        None => Ok(()),
    }
}

/// Opens a file of the home to lock it: made if missing, never followed and never emptied.
pub(super) fn lock_file(path: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(std::io::ErrorKind::InvalidInput.into()),
    }
}

/// A file with a secret in it, as a person names it: others must not be able to read it. Pipes are whoever opened them.
pub(in crate::node) fn is_private(path: &Path) -> Result<(), Failure> {
    let data = fs::metadata(path).map_err(|error| Failure::io(path, error))?;
    if data.is_file() && data.permissions().mode() & OTHERS != 0 {
        let fix = format!("chmod 600 {}", path.display());
        return Err(Failure::new("secret-loose", Exit::Locked)
            .with("path", path.display())
            .with("fix", fix));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn opened(home: &Path) -> (Result<(), Failure>, usize) {
        let said = Arc::new(Mutex::new(0));
        let count = Arc::clone(&said);
        let mut sink: Sink = Box::new(move |_| *count.lock().unwrap() += 1);
        let done = private_folder(home, &mut sink);
        let said = *said.lock().unwrap();
        (done, said)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_home_that_others_could_read_is_closed_and_said_once() {
        let place = tempfile::tempdir().unwrap();
        let home = place.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("okibi.db"), "x").unwrap();
        for path in [home.join("okibi.db"), home.clone()] {
            let mode = if path == home { 0o755 } else { 0o644 };
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        let (done, said) = opened(&home);
        assert!(done.is_ok() && said == 1);
        assert_eq!((mode(&home), mode(&home.join("okibi.db"))), (0o700, 0o600));
        assert_eq!(opened(&home).1, 0);
    }

    #[test]
    fn what_others_could_change_is_refused_with_the_command() {
        let place = tempfile::tempdir().unwrap();
        let home = place.path().join("home");
        fs::create_dir(&home).unwrap();
        // Nobody left anything in an empty one.
        fs::set_permissions(&home, Permissions::from_mode(0o777)).unwrap();
        assert!(opened(&home).0.is_ok());
        assert_eq!(mode(&home), 0o700);
        fs::write(home.join("okibi.db"), "x").unwrap();
        fs::set_permissions(&home, Permissions::from_mode(0o775)).unwrap();
        let failure = opened(&home).0.unwrap_err();
        assert_eq!((failure.code, failure.exit), ("home-loose", Exit::Locked));
        assert!(failure.to_string().contains("chmod 700"), "{failure}");
        assert_eq!(mode(&home), 0o775);
    }

    #[test]
    fn a_key_that_others_could_read_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let home = place.path().join("home");
        assert!(opened(&home).0.is_ok());
        let keys = KeyFolder::of(&home);
        keys.write("root", &[1; 32], &[2; 32]).unwrap();
        assert!(opened(&home).0.is_ok());
        let path = keys.path("root", &[1; 32]);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let failure = opened(&home).0.unwrap_err();
        assert_eq!(failure.code, "home-loose");
        assert!(failure.to_string().contains("chmod 600"), "{failure}");
    }

    #[test]
    fn a_lock_follows_no_link_and_empties_nothing() {
        let place = tempfile::tempdir().unwrap();
        let (victim, lock) = (place.path().join("victim"), place.path().join("lock"));
        fs::write(&victim, "whole").unwrap();
        std::os::unix::fs::symlink(&victim, &lock).unwrap();
        assert!(lock_file(&lock).is_err());
        assert_eq!(fs::read(&victim).unwrap(), b"whole");
        assert!(lock_file(&victim).is_ok());
        assert_eq!(fs::read(&victim).unwrap(), b"whole");
    }
}
