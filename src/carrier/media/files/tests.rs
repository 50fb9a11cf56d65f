use std::collections::BTreeMap;

use super::*;

/// Paths and bytes below a folder; folders have none.
fn image(at: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(at.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                open.push(path.clone());
                found.insert(path, None);
            } else {
                found.insert(path, Some(fs::read(entry.path()).unwrap()));
            }
        }
    }
    found
}

fn rebuilt(
    recording: &Recording,
    prefix: usize,
    survival: Survival,
) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let folder = tempfile::tempdir().unwrap();
    recording.rebuild(prefix, survival, folder.path()).unwrap();
    image(folder.path())
}

#[test]
fn a_full_replay_is_what_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("before"), b"old").unwrap();
    let (files, recording) = Files::recording(folder.path(), None).unwrap();
    files.ensure_dir("a").unwrap();
    files.ensure_dir("a").unwrap();
    files.write_new_synced("a/x.tmp", b"one").unwrap();
    files.publish("a/x.tmp", "a/x").unwrap();
    files.replace("a/x", b"two").unwrap();
    files.mkdir("gone").unwrap();
    files.write_new_synced("gone/y", b"y").unwrap();
    files.remove_all("gone").unwrap();
    files.remove_all("never").unwrap();
    files.rename("a", "b").unwrap();
    let all = recording.operations().len();
    assert_eq!(
        rebuilt(&recording, all, Survival::All),
        image(folder.path())
    );
    assert_eq!(
        image(folder.path())[Path::new("b/x")],
        Some(b"two".to_vec())
    );
    assert_eq!(rebuilt(&recording, 0, Survival::Synced).len(), 1);
}

#[test]
fn without_fsync_nothing_survives() {
    let folder = tempfile::tempdir().unwrap();
    let (files, recording) = Files::recording(folder.path(), None).unwrap();
    let mut file = files.create("x").unwrap();
    file.write_all(b"bytes").unwrap();
    let at = |n| rebuilt(&recording, n, Survival::Synced);
    assert!(at(2).is_empty());
    assert_eq!(
        rebuilt(&recording, 2, Survival::Names)[Path::new("x")],
        Some(vec![])
    );
    file.sync().unwrap();
    assert!(at(3).is_empty(), "fsync of a file does not keep its name");
    files.sync_dir("").unwrap();
    assert_eq!(at(4)[Path::new("x")], Some(b"bytes".to_vec()));
    files.rename("x", "y").unwrap();
    assert!(at(5).contains_key(Path::new("x")));
    files.sync_dir("").unwrap();
    assert!(at(6).contains_key(Path::new("y")));
    files.mkdir("d").unwrap();
    files.write_new_synced("d/z", b"z").unwrap();
    files.sync_dir("d").unwrap();
    assert!(
        !at(11).contains_key(Path::new("d/z")),
        "its folder has no durable name"
    );
}

#[test]
fn replace_leaves_the_old_or_the_new_bytes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), b"old").unwrap();
    let (files, recording) = Files::recording(folder.path(), None).unwrap();
    files.replace("x", b"new").unwrap();
    let all = recording.operations().len();
    for prefix in 0..=all {
        for survival in Survival::EACH {
            let found = rebuilt(&recording, prefix, survival)[Path::new("x")].clone();
            let found = found.unwrap();
            assert!(found == b"old" || found == b"new", "{prefix} {survival:?}");
            assert!(prefix < all || found == b"new");
        }
    }
}

#[test]
fn faults_come_when_asked() {
    let run = |at, failure| {
        let folder = tempfile::tempdir().unwrap();
        let (files, recording) =
            Files::recording(folder.path(), Some(Fault { at, failure })).unwrap();
        let done = files.write_new_synced("x", b"bytes");
        let later = files.mkdir("later");
        let found = fs::read(folder.path().join("x")).unwrap_or_default();
        (
            done.map_err(|e| e.kind()),
            later.is_ok(),
            found,
            recording.attempts(),
        )
    };
    assert_eq!(
        run(1, Failure::NoSpace),
        (Err(io::ErrorKind::StorageFull), true, vec![], 3)
    );
    assert!(run(2, Failure::Io).0.is_err());
    assert_eq!(run(1, Failure::Short), (Ok(()), true, b"bytes".to_vec(), 5));
    assert_eq!(run(1, Failure::Lose), (Ok(()), true, vec![], 4));
    let crashed = run(1, Failure::Crash);
    assert!(crashed.0.is_err() && !crashed.1);
}

#[test]
fn nothing_is_overwritten_or_followed() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path());
    std::os::unix::fs::symlink("/nowhere/else", folder.path().join("link")).unwrap();
    assert_eq!(
        files.create("link").unwrap_err().kind(),
        io::ErrorKind::AlreadyExists
    );
    assert!(files.ensure_dir("link").is_err());
    files.write_new_synced("x", b"1").unwrap();
    assert!(files.create("x").is_err());
    files.remove_all("link").unwrap();
    assert!(files.free_space().unwrap() > 0);
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(files.path("x")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}
