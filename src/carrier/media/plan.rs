//! What shall go into a bundle, and the manifest that follows from it: names, units, parts. Everything
//! is known beforehand (contents since they were taken in, records since they were spooled), which is
//! what lets the bundle be written in one pass.

use std::io;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::bundle::{Entry, Kind, Manifest, limits, names};

use super::medium;
use super::records::Spooled;
use super::write::{Hashing, pass};
use super::{MediaError, Small};

/// An adapter, a document or a blob: a file whose size and hashes are known since it was taken in.
#[derive(Debug, Clone)]
pub struct Content {
    /// `Adapter`, `Document` or `Blob`.
    pub kind: Kind,
    /// Of the whole content.
    pub blake3: [u8; 32],
    /// Of the whole content.
    pub sha256: [u8; 32],
    /// Bytes.
    pub size: u64,
    /// Where to read it.
    pub path: PathBuf,
}

/// What goes into a bundle. `records` yields each record's bytes, in the order in which they shall be
/// taken in.
pub struct Plan<R> {
    /// The circle's id.
    pub circle: [u8; 32],
    /// The signer's certificate statement; empty if the readers know the signer otherwise.
    pub certificate: Vec<u8>,
    /// The signer's running number of bundles.
    pub sequence: u64,
    /// sha256 of the HEAD before.
    pub previous: Option<[u8; 32]>,
    /// Nothing was left out as already known to the recipients.
    pub standalone: bool,
    /// Members of `trust/`, ascending by name.
    pub trust: Vec<Small>,
    /// Members of `acks/`, ascending by name.
    pub acks: Vec<Small>,
    /// Records.
    pub records: R,
    /// Adapters, then documents, then blobs; in an order of value within each kind.
    pub contents: Vec<Content>,
    /// Bytes after which a content is cut into parts: `limits::MEMBER_BYTES`; tests take less.
    pub part_bytes: u64,
}

/// Lists all members, in order, with their units.
pub(super) fn manifest(
    small: &[Small],
    records: &[Spooled],
    contents: &[Content],
    part_bytes: u64,
) -> Result<Manifest, MediaError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut add = |name: String, new_unit: bool, (size, raw): (u64, u64), hashes: Hashes| {
        let kind = names::parse(&name).and_then(|name| Kind::of(name.class));
        let Some(kind) = kind else {
            return Err(MediaError::Plan(format!("{name:?} is no member's name")));
        };
        let unit = match entries.last() {
            None => 0,
            Some(last) => last.unit + u64::from(new_unit || last.kind != kind),
        };
        entries.push(Entry {
            name,
            unit,
            kind,
            size,
            raw,
            sha256: hashes.0,
            blake3: hashes.1,
            offset: 0,
        });
        Ok(())
    };
    for member in small {
        let hashes = (
            Sha256::digest(&member.bytes).into(),
            *blake3::hash(&member.bytes).as_bytes(),
        );
        let size = member.bytes.len() as u64;
        add(member.name.clone(), false, (size, size), hashes)?;
    }
    for (number, spooled) in records.iter().enumerate() {
        let hashes = (spooled.sha256, spooled.blake3);
        let sizes = (spooled.size, spooled.raw);
        add(names::records(number), false, sizes, hashes)?;
    }
    for content in contents {
        let class = content.kind.class();
        let named = |part| {
            names::part(class, &content.blake3, part)
                .ok_or_else(|| MediaError::Plan("a content has no such kind".into()))
        };
        if content.size <= part_bytes {
            let hashes = (content.sha256, content.blake3);
            add(named(None)?, true, (content.size, content.size), hashes)?;
            continue;
        }
        for (part, (size, hashes)) in parts(content, part_bytes)?.into_iter().enumerate() {
            let number = u16::try_from(part)
                .ok()
                .filter(|_| part < limits::PARTS)
                .ok_or_else(|| MediaError::Plan("a content has over 1,000 parts".into()))?;
            add(named(Some(number))?, part == 0, (size, size), hashes)?;
        }
    }
    Ok(Manifest { entries })
}

/// sha256 and blake3.
type Hashes = ([u8; 32], [u8; 32]);

/// A part's size, and its hashes.
type Part = (u64, Hashes);

/// Cuts a content over the limit; its parts are not known since ingest, so this reads it once more.
fn parts(content: &Content, part_bytes: u64) -> Result<Vec<Part>, MediaError> {
    let path = &content.path;
    let mut file = medium::open_file(path)?;
    let mut left = content.size;
    let mut found = Vec::new();
    while left > 0 {
        let size = left.min(part_bytes.max(1));
        let (mut sha256, mut blake3) = (Hashing::new(io::sink()), blake3::Hasher::new());
        pass(&mut file, path, size, &mut blake3, &mut sha256, path)?;
        let hashes = (
            sha256.sha256.finalize().into(),
            *blake3.finalize().as_bytes(),
        );
        found.push((size, hashes));
        left -= size;
    }
    Ok(found)
}
