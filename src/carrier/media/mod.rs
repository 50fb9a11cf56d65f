//! The stick: bundles on removable media, in plain files and over pipes. `bundle` knows the
//! container's grammar; here it is wrapped in age and zstd, put on a medium and taken off it again.
//!
//! - `files`: the one layer through which anything is written; it can record and be made to fail.
//! - `seal`: age encryption, and the tokens inside of HEAD; `keyring`: for whom, and what opens it.
//! - `medium`: the layout on the stick, its locks and receipts.
//! - `filesystem`: what file system a path is on; `slices`: one stream over one medium or several; `parity`: what repairs it.
//! - `plan`: what shall go; `write`: plan -> sealed bundle; `read`: sealed bundle -> staged, verified files.
//! - `pipe`: bytes from one thread to another.
//! - `partial_sets`: slices that arrive before the others of their bundle.
//! - `usb`: which removable media are mounted.
//! - `records`: the zstd-compressed sequences of records inside.
//!
//! What always holds: nothing on a medium is executed, no symbolic link on it is followed, and nothing
//! counts as staged before the whole stream verified. A bundle on a medium exists from the moment its
//! `SUMS` is there. Failure is one `MediaError`, whose variants are what exit codes are made of.

pub mod files;
pub mod filesystem;
pub mod keyring;
pub mod medium;
pub mod parity;
pub mod partial_sets;
mod pipe;
pub mod plan;
pub mod read;
mod read_back;
pub mod records;
pub mod relay_store;
pub mod seal;
pub mod slices;
mod staging;
pub mod usb;
pub mod write;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::bundle::BundleError;

/// A member of `trust/` or `acks/`, held in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Small {
    /// The whole name, in the grammar of `bundle::names`: `trust/0000-genesis.cose`.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why a bundle was not written or not taken. The comments name the exit code of the command line.
#[derive(Debug, Error)]
pub enum MediaError {
    /// 10: no stanza of the age header opens with my keys.
    #[error("nothing here is for this node")]
    NothingForMe,
    /// 11: a slice is not on this medium, or is not what `SUMS` says.
    #[error("slice {which} is missing or damaged")]
    SliceMissing { which: String },
    /// 12: signature, decryption or format.
    #[error("the bundle is refused: {0}")]
    Refused(String),
    /// 16: found before the first byte was written; or said by the file system while writing, and
    /// then `need` and `have` are 0.
    #[error("no space left in {}{}", .place.display(), shortfall(*.need, *.have))]
    NoSpace {
        place: PathBuf,
        need: u64,
        have: u64,
    },
    /// 18: another process works on this medium or staging folder.
    #[error("{} is in use by another process", .0.display())]
    Busy(PathBuf),
    /// 20: HEAD asks for a later reader.
    #[error("the bundle needs a newer okibi (reader {needs})")]
    NewerOkibi { needs: u64 },
    /// 21: the path is not there.
    #[error("there is no medium at {}", .0.display())]
    NoMedium(PathBuf),
    /// 1: what was written does not read back: the medium is broken or lies about its size.
    #[error("{} does not read back as it was written", .0.display())]
    ReadBack(PathBuf),
    /// 1: a file that was to be sent is no longer what it was when the plan was made.
    #[error("{} has changed since it was taken in", .0.display())]
    Changed(PathBuf),
    /// 1: the plan asks for what no reader would take.
    #[error("the bundle cannot be written: {0}")]
    Plan(String),
    /// 1: anything else that the operating system said.
    #[error("{}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

fn shortfall(need: u64, have: u64) -> String {
    match need {
        0 => String::new(),
        _ => format!(": {need} bytes are needed, {have} are free"),
    }
}

impl MediaError {
    /// An operating system's error at a path; "no space" becomes `NoSpace`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace {
                place: path,
                need: 0,
                have: 0,
            },
            _ => Self::Io { path, source },
        }
    }

    /// A container's error met while reading from `path`. age and zstd say `InvalidData` and
    /// `UnexpectedEof` for what they refuse; an operating system's error is something else.
    pub(crate) fn reading(path: &Path) -> impl FnOnce(BundleError) -> Self {
        let path = path.to_owned();
        move |error| match error {
            BundleError::Newer { needs } => Self::NewerOkibi { needs },
            BundleError::Io(source) if !is_refusal(&source) => Self::io(&path)(source),
            other => Self::Refused(other.to_string()),
        }
    }
}

/// Does this error speak of the bytes, not of the device?
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    error.raw_os_error().is_none()
        && matches!(
            error.kind(),
            InvalidData | InvalidInput | Other | UnexpectedEof
        )
}

#[cfg(test)]
mod tests;
