//! Files of other projects that some tests compare with: never committed, found by `OKIBI_PEER_DATA`.

use std::path::PathBuf;

/// The path of a peer's file. `None`, after a loud line, where `OKIBI_PEER_DATA` is not set.
///
/// # Panics
/// Where the variable is set and the file is missing: a check that was asked for must not vanish silently.
pub fn file(name: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("OKIBI_PEER_DATA").filter(|root| !root.is_empty()) else {
        eprintln!("SKIPPED: {name} (set OKIBI_PEER_DATA to the folder with the peers' files)");
        return None;
    };
    let path = PathBuf::from(root).join(name);
    assert!(
        path.is_file(),
        "OKIBI_PEER_DATA is set, but {} is missing",
        path.display()
    );
    Some(path)
}
