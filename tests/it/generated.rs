//! What is generated and committed equals what the program writes today: man pages and completions.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

#[test]
fn man_pages_are_current() {
    compare("man");
}

#[test]
fn completions_are_current() {
    compare("completions");
}

/// Holds the folder `what` against what `okibi internal WHAT` writes.
fn compare(what: &str) {
    let fresh = tempfile::tempdir().expect("a folder");
    let home = tempfile::tempdir().expect("a folder");
    let status = Command::new(env!("CARGO_BIN_EXE_okibi"))
        .args(["internal", what])
        .arg(fresh.path())
        .env("OKIBI_HOME", home.path())
        .status()
        .expect("okibi runs");
    assert!(status.success(), "okibi internal {what}: {status}");
    let (now, committed) = (
        read(fresh.path()),
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(what)),
    );
    assert!(!now.is_empty(), "nothing was written");
    let differ: Vec<&String> = now
        .keys()
        .chain(committed.keys())
        .filter(|name| now.get(*name) != committed.get(*name))
        .collect();
    assert!(
        differ.is_empty(),
        "run `just {what}` and commit: {differ:?}"
    );
    let left = std::fs::read_dir(home.path()).expect("a folder").count();
    assert_eq!(left, 0, "writing {what} opens no home");
}

fn read(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    paths
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            // Compared as text: a checkout may have changed line ends.
            (
                name,
                std::fs::read_to_string(path)
                    .expect("text")
                    .replace("\r\n", "\n")
                    .into_bytes(),
            )
        })
        .collect()
}
