//! Hashing of whole files, which may take seconds: the callers run it on threads of their own.
//!
//! It says which pieces of an unfinished file are good already, makes the list of pieces of a file,
//! and its SHA-256. Memory is one piece or `CHUNK`, whatever the file's size. A file that cannot be
//! read gives no hash, and no good piece.

use std::fs::File;
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};

use crate::sync::pieces::{Cut, List};

/// Bytes read at a time while hashing.
const CHUNK: usize = 1 << 20;

/// Which pieces of a file are good already.
pub(super) fn good_pieces(file: &File, list: &List) -> Vec<bool> {
    let mut good = Vec::new();
    let mut bytes = Vec::new();
    for number in 0..list.cut().count() {
        let Some((start, length)) = list.cut().range(number) else {
            break;
        };
        bytes.resize(usize::try_from(length).unwrap_or(0), 0);
        let read = file.read_exact_at(&mut bytes, start);
        // Holes are read as zeros, which is quick to see.
        let hole = bytes.first() == Some(&0) && bytes.iter().all(|byte| *byte == 0) && length > 0;
        good.push(read.is_ok() && !hole && list.fits(number, &bytes));
    }
    good
}

/// The chaining values of a whole file.
pub(super) fn values(file: &File, cut: &Cut) -> Option<Vec<u8>> {
    let mut list = Vec::new();
    let mut bytes = Vec::new();
    for number in 0..cut.count() {
        let (start, length) = cut.range(number)?;
        bytes.resize(usize::try_from(length).ok()?, 0);
        file.read_exact_at(&mut bytes, start).ok()?;
        list.extend(cut.value(number, &bytes));
    }
    Some(list)
}

pub(super) fn sha256(file: &File) -> Option<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut at = 0;
    loop {
        match file.read_at(&mut buffer, at).ok()? {
            0 => return Some(hasher.finalize().into()),
            count => {
                hasher.update(buffer.get(..count)?);
                at += count as u64;
            }
        }
    }
}
