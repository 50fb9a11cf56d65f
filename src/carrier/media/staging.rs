//! The folder in which members are staged: one flat folder on this machine's disk, each file hashed while it is
//! written, synced, and named after its member.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::bundle::{Entry, Kind, Manifest, names};

use super::MediaError;
use super::files::{Files, OpenFile};

/// A member that lies in staging, durable and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedMember {
    /// The member's name; of a content in several parts, without the part's number.
    pub name: String,
    /// The unit of apply.
    pub unit: u64,
    /// The unit's kind.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Bytes when it is unpacked, as the manifest lists them; of a content `size`.
    pub raw: u64,
    /// Of the whole file.
    pub sha256: [u8; 32],
    /// Of the whole file.
    pub blake3: [u8; 32],
    /// The file.
    pub path: PathBuf,
}

pub(super) fn part(entry: &Entry) -> Option<u16> {
    names::parse(&entry.name)?.part
}

/// The name without the part's number.
pub(super) fn stem(entry: &Entry) -> &str {
    match part(entry) {
        Some(_) => &entry.name[..entry.name.len() - ".000".len()],
        None => &entry.name,
    }
}

/// Both hashes of one content.
#[derive(Default)]
pub(super) struct Hashes {
    sha256: Sha256,
    blake3: blake3::Hasher,
}

impl Hashes {
    pub fn update(&mut self, bytes: &[u8]) {
        // Side by side where it is worth the way to the other thread.
        const WORTH: usize = 64 * 1024;
        let Self { sha256, blake3 } = self;
        if bytes.len() < WORTH {
            sha256.update(bytes);
            blake3.update(bytes);
        } else {
            rayon::join(
                || sha256.update(bytes),
                || {
                    blake3.update(bytes);
                },
            );
        }
    }

    pub fn finish(self) -> ([u8; 32], [u8; 32]) {
        (
            self.sha256.finalize().into(),
            *self.blake3.finalize().as_bytes(),
        )
    }
}

/// Where members are staged.
pub(super) struct Sink<'a> {
    pub files: &'a Files,
    pub folder: &'a Path,
    pub members: Vec<StagedMember>,
}

impl Sink<'_> {
    pub fn fits(&self, manifest: &Manifest) -> Result<(), MediaError> {
        // A folder's entries and the last blocks of files come on top.
        const MARGIN: u64 = 1024 * 1024;
        let listed = manifest.entries.iter().filter(|e| e.kind != Kind::Trust);
        let staged = listed.map(|e| e.size.next_multiple_of(4096)).sum::<u64>();
        // Records go into the database; contents are moved there.
        let need = staged + manifest.raw(Kind::Records) + MARGIN;
        let place = self.files.path(self.folder);
        let have = self.files.free_space().map_err(MediaError::io(&place))?;
        if have < need {
            return Err(MediaError::NoSpace { place, need, have });
        }
        Ok(())
    }

    /// Removes what was staged of this unit and of those behind it, half files among that.
    pub fn drop_from(&mut self, unit: u64, manifest: &Manifest) -> Result<(), MediaError> {
        self.members.retain(|member| member.unit < unit);
        let behind = manifest.entries.iter().filter(|entry| entry.unit >= unit);
        for entry in behind {
            let removed = self.files.remove_all(self.name(entry));
            removed.map_err(MediaError::io(&self.path(entry)))?;
        }
        Ok(())
    }

    /// A member's file: its name with `-` for `/`, so that staging is one flat folder.
    fn name(&self, entry: &Entry) -> PathBuf {
        self.folder.join(stem(entry).replace('/', "-"))
    }

    pub fn path(&self, entry: &Entry) -> PathBuf {
        self.files.path(self.name(entry))
    }

    pub fn create(&self, entry: &Entry) -> Result<OpenFile, MediaError> {
        let made = self.files.create(self.name(entry));
        made.map_err(MediaError::io(&self.path(entry)))
    }

    pub fn keep(
        &mut self,
        entry: &Entry,
        mut file: OpenFile,
        (sha256, blake3): ([u8; 32], [u8; 32]),
    ) -> Result<(), MediaError> {
        let path = self.path(entry);
        file.sync().map_err(MediaError::io(&path))?;
        self.members.push(StagedMember {
            name: stem(entry).to_owned(),
            unit: entry.unit,
            kind: entry.kind,
            size: file.len(),
            raw: match entry.kind {
                Kind::Records => entry.raw,
                _ => file.len(),
            },
            sha256,
            blake3,
            path,
        });
        Ok(())
    }
}

/// Empties a folder and leaves it, because its lock lies on it.
pub(super) fn clear(files: &Files, folder: &Path) -> Result<(), MediaError> {
    let at = files.path(folder);
    let emptied = || -> std::io::Result<()> {
        for entry in std::fs::read_dir(&at)? {
            files.remove_all(folder.join(entry?.file_name()))?;
        }
        Ok(())
    };
    emptied().map_err(MediaError::io(&at))
}
