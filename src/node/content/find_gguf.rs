//! The search of this machine for GGUF files: a person who has no model here may have one elsewhere.

use std::path::{Path, PathBuf};

/// Bounds of the search for GGUF files: folders deep, entries looked at, files named.
const DEPTH: usize = 5;
const ENTRIES: usize = 20_000;
const FOUND: usize = 10;

/// GGUF files in the places where people and other programs keep them; bounded. A link is named where it leads to a
/// file (the cache of Hugging Face's hub is made of such), never followed into a folder.
pub(in crate::node) fn find_gguf() -> Vec<PathBuf> {
    let mut folders: Vec<(PathBuf, usize)> = Vec::new();
    folders.extend(std::env::current_dir().ok().map(|folder| (folder, 1)));
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let set = [
        named("HF_HUB_CACHE"),
        named("HUGGINGFACE_HUB_CACHE"),
        named("HF_HOME").map(|folder| folder.join("hub")),
        named("LLAMA_CACHE"),
    ];
    folders.extend(set.into_iter().flatten().map(|folder| (folder, DEPTH)));
    if let Ok(home) = etcetera::home_dir() {
        let known = [
            "Downloads",
            "models",
            "Models",
            ".cache/huggingface/hub",
            ".cache/lm-studio/models",
            ".cache/llama.cpp",
            "Library/Caches/llama.cpp",
        ];
        folders.extend(known.iter().map(|folder| (home.join(folder), DEPTH)));
        folders.extend([".lmstudio/models", ".local/share/models"].map(|f| (home.join(f), DEPTH)));
    }
    let (mut found, mut left) = (Vec::new(), ENTRIES);
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            left = left.saturating_sub(1);
            if left == 0 || found.len() >= FOUND {
                found.sort();
                return found;
            }
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let path = entry.path();
            if kind.is_dir() && depth > 1 {
                folders.push((path, depth - 1));
            } else if is_gguf(&path) && (kind.is_file() || kind.is_symlink() && path.is_file()) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn is_gguf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}
