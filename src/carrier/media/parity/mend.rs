//! Repair: the damaged blocks are found by their hashes, computed anew from what is left of their stripes,
//! and written into copies of the slices on this machine's disk. The medium itself is not touched: it has
//! shown that it cannot be trusted.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use reed_solomon_simd::engine::DefaultEngine;
use reed_solomon_simd::rate::{HighRateDecoder, RateDecoder};

use super::index::Index;
use super::{HASH, Shape, code, lost};
use crate::carrier::media::MediaError;
use crate::carrier::media::files::{Files, OpenFile};
use crate::carrier::media::medium::{Found, hash_file, open_file, parity_name};

/// Files open at once: a set may have a thousand slices, a process may not.
const OPEN: usize = 64;

/// Several files as one run of bytes.
pub struct Run {
    /// Each file's path, where it begins and its length.
    parts: Vec<(PathBuf, u64, u64)>,
    total: u64,
    open: HashMap<usize, File>,
}

impl Run {
    /// Over files of these lengths, whatever the files themselves say.
    pub fn new(paths: Vec<PathBuf>, sizes: &[u64]) -> Self {
        let mut total = 0;
        let parts = paths.into_iter().zip(sizes).map(|(path, &size)| {
            let start = total;
            total += size;
            (path, start, size)
        });
        let parts = parts.collect();
        Self {
            parts,
            total,
            open: HashMap::new(),
        }
    }

    /// Bytes in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Fills the buffer from an offset on; behind the end stand zeros.
    pub fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), MediaError> {
        buffer.fill(0);
        let end = offset.saturating_add(buffer.len() as u64);
        let first = self
            .parts
            .partition_point(|(_, start, size)| start + size <= offset);
        for number in first..self.parts.len() {
            let Some((path, start, size)) = self.parts.get(number).cloned() else {
                break;
            };
            if start >= end {
                break;
            }
            let (from, to) = (offset.max(start), end.min(start + size));
            if from >= to {
                continue;
            }
            if self.open.len() > OPEN {
                self.open.clear();
            }
            let file = match self.open.entry(number) {
                std::collections::hash_map::Entry::Occupied(it) => it.into_mut(),
                std::collections::hash_map::Entry::Vacant(it) => it.insert(open_file(&path)?),
            };
            let place = (from - offset) as usize..(to - offset) as usize;
            if let Some(part) = buffer.get_mut(place) {
                file.read_exact_at(part, from - start)
                    .map_err(MediaError::io(&path))?;
            }
        }
        Ok(())
    }

    /// The same; false where the bytes are lost.
    pub fn whole(&mut self, offset: u64, buffer: &mut [u8]) -> Result<bool, MediaError> {
        match self.read(offset, buffer) {
            Ok(()) => Ok(true),
            Err(MediaError::Io { source, .. }) if lost(&source) => Ok(false),
            Err(MediaError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The hash of a block.
    pub fn hash(
        &mut self,
        offset: u64,
        block: u64,
        buffer: &mut [u8],
    ) -> Result<[u8; HASH], MediaError> {
        let mut hasher = blake3::Hasher::new();
        for part in 0..block / (buffer.len() as u64).max(1) {
            self.read(offset + part * buffer.len() as u64, buffer)?;
            hasher.update(buffer);
        }
        let mut short = [0; HASH];
        short.copy_from_slice(&hasher.finalize().as_bytes()[..HASH]);
        Ok(short)
    }

    /// Is the block what it was?
    fn sound(
        &mut self,
        (offset, block): (u64, u64),
        expected: Option<[u8; HASH]>,
        buffer: &mut [u8],
    ) -> Result<bool, MediaError> {
        match self.hash(offset, block, buffer) {
            Ok(hash) => Ok(Some(hash) == expected),
            Err(MediaError::Io { source, .. }) if lost(&source) => Ok(false),
            Err(MediaError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A bundle whose damaged slices are replaced by repaired copies.
#[derive(Debug)]
pub struct Mended {
    pub found: Found,
    /// How many blocks were computed anew.
    pub blocks: usize,
    /// Names of the slices that were damaged or missing.
    pub slices: Vec<String>,
}

/// A slice that is written anew.
struct Patch {
    number: usize,
    start: u64,
    size: u64,
    path: PathBuf,
    file: OpenFile,
}

/// Repairs what a medium lost of a bundle, into the folder `folder` of the layer `files`, which must exist.
/// `None` if there is no parity, or more is lost than it can give back.
pub fn mend((files, folder): (&Files, &Path), found: &Found) -> Result<Option<Mended>, MediaError> {
    let paths = parity_files(found);
    // Slices that claim more than ever was written: their blocks would be hashed for hours.
    if paths.is_empty() || claims(found) {
        return Ok(None);
    }
    let Some((index, mut parity, begins)) = find(&paths)? else {
        return Ok(None);
    };
    let first = found.sums.as_ref().map_or(0, |sums| sums.first);
    if index.first != first || index.slices.len() != found.slices.len() {
        return Ok(None);
    }
    let mut data = Run::new(found.slices.clone(), &index.slices);
    let bad = damaged(&mut data, &index)?;
    let Some(plan) = plan(&bad, &mut parity, (&index, begins))? else {
        return Ok(None);
    };
    let mut patches = patches((files, folder), (found, &index), &bad)?;
    let shape = index.shape();
    copy_sound(&mut data, &mut patches, shape, &bad)?;
    for (stripe, (lost, rows)) in &plan {
        let blocks = (shape, *stripe, &lost[..], &rows[..]);
        rebuild(&mut data, (&mut parity, begins), &mut patches, blocks)?;
    }
    let mut mended = Mended {
        found: found.clone(),
        blocks: bad.len(),
        slices: Vec::new(),
    };
    for mut patch in patches {
        let at = files.path(&patch.path);
        patch.file.sync().map_err(MediaError::io(&at))?;
        let expected = found
            .sums
            .as_ref()
            .map(|sums| sums.slices.get(patch.number));
        if expected.is_some_and(|sum| hash_file(&at).ok().as_ref() != sum) {
            return Ok(None);
        }
        if let Some(path) = mended.found.slices.get_mut(patch.number) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            mended.slices.push(name.into_owned());
            *path = at;
        }
    }
    Ok((!mended.slices.is_empty()).then_some(mended))
}

/// Whether files claim bytes that are not there: a little may be lost, most of it not.
fn claims(found: &Found) -> bool {
    use std::os::unix::fs::MetadataExt;
    const LITTLE: u64 = 64 << 20;
    let parity = parity_files(found);
    let data = found.slices.iter().chain(&parity);
    let (mut length, mut there) = (0u64, 0u64);
    for data in data.filter_map(|path| std::fs::symlink_metadata(path).ok()) {
        length = length.saturating_add(data.len());
        there = there.saturating_add(data.blocks().saturating_mul(512));
    }
    length > there.saturating_mul(4).saturating_add(LITTLE)
}

/// The parity files of a bundle: those that `SUMS` lists, or the one beside a plain file.
pub fn parity_files(found: &Found) -> Vec<PathBuf> {
    let Some(first) = found.slices.first() else {
        return Vec::new();
    };
    let Some(sums) = &found.sums else {
        let mut name = first.clone().into_os_string();
        name.push(".par");
        let path = PathBuf::from(name);
        return path.is_file().then_some(path).into_iter().collect();
    };
    let numbers = 0..u16::try_from(sums.parity.len()).unwrap_or(0);
    numbers
        .map(|number| first.with_file_name(parity_name(number)))
        .collect()
}

/// The index, the run of parity files as it was, and where its blocks begin.
fn find(paths: &[PathBuf]) -> Result<Option<(Index, Run, u64)>, MediaError> {
    let mut sizes = Vec::new();
    for path in paths {
        sizes.push(std::fs::metadata(path).map_or(0, |found| found.len()));
    }
    let Some((index, begins)) = Index::find(&mut Run::new(paths.to_vec(), &sizes))? else {
        return Ok(None);
    };
    let shape = index.shape();
    let blocks = shape.stripes.saturating_mul(shape.parity);
    let mut left = blocks
        .saturating_mul(shape.block)
        .saturating_add(2 * begins);
    let sizes: Vec<u64> = paths
        .iter()
        .map(|_| {
            let size = left.min(index.cut);
            left -= size;
            size
        })
        .collect();
    let whole = left == 0;
    Ok(whole.then(|| (index, Run::new(paths.to_vec(), &sizes), begins)))
}

fn buffer(shape: Shape) -> Vec<u8> {
    vec![0; usize::try_from(shape.piece()).unwrap_or(0)]
}

/// Numbers of the blocks of data that are not what they were.
fn damaged(data: &mut Run, index: &Index) -> Result<Vec<u64>, MediaError> {
    let shape = index.shape();
    let mut bad = Vec::new();
    let mut buffer = buffer(shape);
    for block in 0..shape.blocks {
        let place = (block * shape.block, shape.block);
        if !data.sound(place, index.data(block), &mut buffer)? {
            bad.push(block);
        }
    }
    Ok(bad)
}

/// For each stripe with damage: its lost blocks, and the rows of parity that are used for them.
type Plan = BTreeMap<u64, (Vec<u64>, Vec<u64>)>;

/// `None` if a stripe has lost more than its parity gives back.
fn plan(
    bad: &[u64],
    parity: &mut Run,
    (index, begins): (&Index, u64),
) -> Result<Option<Plan>, MediaError> {
    let shape = index.shape();
    let mut plan = Plan::new();
    for block in bad {
        plan.entry(block % shape.stripes)
            .or_default()
            .0
            .push(*block);
    }
    let mut buffer = buffer(shape);
    for (stripe, (lost, rows)) in &mut plan {
        for row in 0..shape.parity {
            if rows.len() == lost.len() {
                break;
            }
            let block = stripe * shape.parity + row;
            let place = (begins + block * shape.block, shape.block);
            if parity.sound(place, index.parity(block), &mut buffer)? {
                rows.push(row);
            }
        }
        if rows.len() < lost.len() {
            return Ok(None);
        }
    }
    Ok(Some(plan))
}

/// Opens a copy for each slice that a damaged block lies in.
fn patches(
    (files, folder): (&Files, &Path),
    (found, index): (&Found, &Index),
    bad: &[u64],
) -> Result<Vec<Patch>, MediaError> {
    let block = index.shape().block;
    let (mut wanted, mut need, mut start) = (Vec::new(), 0u64, 0u64);
    for (number, &size) in index.slices.iter().enumerate() {
        let hit = |at: &u64| at * block < start + size && (at + 1) * block > start;
        // A damaged block may reach into a slice that is sound itself.
        let sums = found.sums.as_ref().and_then(|sums| sums.slices.get(number));
        let sound = || {
            let hash = found.slices.get(number).map(|path| hash_file(path));
            sums.is_some_and(|sum| matches!(&hash, Some(Ok(hash)) if hash == sum))
        };
        if bad.iter().any(hit) && !sound() {
            wanted.push((number, start, size));
            need += size;
        }
        start += size;
    }
    let place = files.path(folder);
    let have = files.free_space().map_err(MediaError::io(&place))?;
    if have < need {
        return Err(MediaError::NoSpace { place, need, have });
    }
    let mut patches = Vec::new();
    for (number, start, size) in wanted {
        let name = found.slices.get(number).and_then(|path| path.file_name());
        let mut name = name.unwrap_or_default().to_owned();
        name.push(".mended");
        let path = folder.join(name);
        let at = files.path(&path);
        files.remove_all(&path).map_err(MediaError::io(&at))?;
        let file = files.create(&path).map_err(MediaError::io(&at))?;
        patches.push(Patch {
            number,
            start,
            size,
            path,
            file,
        });
    }
    Ok(patches)
}

impl Patch {
    /// Writes what of these bytes of the run lies in this slice.
    fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<(), MediaError> {
        let end = offset + bytes.len() as u64;
        let (from, to) = (offset.max(self.start), end.min(self.start + self.size));
        if from >= to {
            return Ok(());
        }
        let place = (from - offset) as usize..(to - offset) as usize;
        if let Some(part) = bytes.get(place) {
            let written = self.file.put_at(part, from - self.start);
            written.map_err(MediaError::io(&self.path))?;
        }
        Ok(())
    }
}

/// Copies what is sound of the slices that are written anew.
fn copy_sound(
    data: &mut Run,
    patches: &mut [Patch],
    shape: Shape,
    bad: &[u64],
) -> Result<(), MediaError> {
    let mut buffer = buffer(shape);
    for patch in patches {
        let blocks = patch.start / shape.block..(patch.start + patch.size).div_ceil(shape.block);
        for block in blocks.filter(|block| bad.binary_search(block).is_err()) {
            for part in 0..shape.block / shape.piece() {
                let at = block * shape.block + part * shape.piece();
                data.read(at, &mut buffer)?;
                patch.put(at, &buffer)?;
            }
        }
    }
    Ok(())
}

/// Computes a stripe's lost blocks, piece by piece.
fn rebuild(
    data: &mut Run,
    (parity, begins): (&mut Run, u64),
    patches: &mut [Patch],
    (shape, stripe, lost, rows): (Shape, u64, &[u64], &[u64]),
) -> Result<(), MediaError> {
    let mut buffer = buffer(shape);
    let mut decoder = HighRateDecoder::new(
        shape.data as usize,
        shape.parity as usize,
        buffer.len(),
        DefaultEngine::new(),
        None,
    )
    .map_err(code)?;
    for part in 0..shape.block / shape.piece() {
        let within = part * shape.piece();
        for row in 0..shape.data {
            let block = row * shape.stripes + stripe;
            if !lost.contains(&block) {
                data.read(block * shape.block + within, &mut buffer)?;
                decoder
                    .add_original_shard(row as usize, &buffer)
                    .map_err(code)?;
            }
        }
        for row in rows {
            let block = stripe * shape.parity + row;
            parity.read(begins + block * shape.block + within, &mut buffer)?;
            decoder
                .add_recovery_shard(*row as usize, &buffer)
                .map_err(code)?;
        }
        let restored = decoder.decode().map_err(code)?;
        for (row, bytes) in restored.restored_original_iter() {
            let block = row as u64 * shape.stripes + stripe;
            for patch in patches.iter_mut() {
                patch.put(block * shape.block + within, bytes)?;
            }
        }
    }
    Ok(())
}

/// Which parity files of a medium are not what `SUMS` says; reads all of them.
pub fn damaged_parity(found: &Found) -> Result<Vec<String>, MediaError> {
    let mut bad = Vec::new();
    let sums = found.sums.iter().flat_map(|sums| &sums.parity);
    for (path, expected) in parity_files(found).iter().zip(sums) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match hash_file(path) {
            Ok(hash) if hash == *expected => {}
            Ok(_) | Err(MediaError::Refused(_)) => bad.push(name),
            Err(MediaError::Io { source, .. }) if lost(&source) => bad.push(name),
            Err(error) => return Err(error),
        }
    }
    Ok(bad)
}
