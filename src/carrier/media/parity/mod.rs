//! Parity beside the slices: what repairs a medium that lost some of its bytes. Made in a second pass over
//! what was written; docs/bundle-format.md has the format, exact to the byte.
//!
//! The slices of one medium are taken as one run of bytes and cut into blocks. `n` blocks make
//! `ceil(n / 200)` stripes; a stripe takes every so-many-th block, so that a stretch of damage, a whole
//! missing slice among that, is spread evenly over all stripes. Each stripe has its own Reed-Solomon parity,
//! and an index, which stands twice, knows a hash of every block: so damage is found without any key.
//!
//! Parity authenticates nothing: what is repaired must still be what `SUMS` says and then open as age.

mod index;
mod mend;

use std::io;
use std::path::{Path, PathBuf};

use reed_solomon_simd::engine::DefaultEngine;
use reed_solomon_simd::rate::{HighRateEncoder, RateEncoder};

use super::MediaError;
use super::files::{Files, OpenFile};
use super::medium;

pub use index::Index;
use mend::Run;
pub use mend::{Mended, damaged_parity, mend, parity_files};

/// Blocks of data in a stripe, at most.
pub const WIDTH: u64 = 200;
/// Blocks of data in all, about: what their hashes cost stays below a megabyte.
const BLOCKS: u64 = 32_768;
/// Bytes of a block, at least: a file system's block.
const LEAST_BLOCK: u64 = 4_096;
/// Bytes of each block that are in memory at once; a multiple of the code's 64.
const PIECE: u64 = 64 * 1024;
/// Bytes of a block's hash: BLAKE3, cut. It finds damage; it is no defence.
pub const HASH: usize = 16;

/// How a run of bytes is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of a block, a power of two.
    pub block: u64,
    /// Blocks of data in all; the last one is filled up with zeros.
    pub blocks: u64,
    pub stripes: u64,
    /// Blocks of data in a stripe; where the run has fewer, zeros stand.
    pub data: u64,
    /// Blocks of parity in a stripe.
    pub parity: u64,
}

impl Shape {
    /// For `total` > 0 bytes and 1 to 100 percent.
    pub fn of(total: u64, percent: u8) -> Self {
        let block = Self::block(total);
        let blocks = total.div_ceil(block).max(1);
        let stripes = blocks.div_ceil(WIDTH);
        let data = blocks.div_ceil(stripes);
        let parity = (data * u64::from(percent.clamp(1, 100))).div_ceil(100);
        Self {
            block,
            blocks,
            stripes,
            data,
            parity,
        }
    }

    /// Bytes of a block of `total` bytes.
    fn block(total: u64) -> u64 {
        total.div_ceil(BLOCKS).next_power_of_two().max(LEAST_BLOCK)
    }

    /// Bytes in memory of a block at once.
    fn piece(self) -> u64 {
        self.block.min(PIECE)
    }
}

/// Bytes that the parity of `total` bytes in `slices` slices takes, at most.
pub fn size(total: u64, slices: u64, percent: u8) -> u64 {
    if percent == 0 || total == 0 {
        return 0;
    }
    let shape = Shape::of(total, percent);
    let parity = shape.stripes * shape.parity;
    let index = 64 + 9 * slices + (shape.blocks + parity) * HASH as u64;
    parity * shape.block + 2 * (index + index::FRAME as u64)
}

/// The most bytes that fit into `free` beside their own parity.
pub fn room(free: u64, percent: u8) -> u64 {
    if percent == 0 {
        return free;
    }
    let fits = |total: u64| total.saturating_add(size(total, 1_000, percent)) <= free;
    let (mut low, mut high) = (0, free);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// What was made.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// sha256 of each file.
    pub sums: Vec<[u8; 32]>,
    pub bytes: u64,
}

/// The files that take the parity, cut at `cut` bytes.
struct Out<'a> {
    files: &'a Files,
    name: &'a dyn Fn(u16) -> PathBuf,
    cut: u64,
    open: Vec<OpenFile>,
}

impl Out<'_> {
    fn at(&self, number: usize) -> PathBuf {
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        self.files.path((self.name)(number))
    }

    fn put(&mut self, mut offset: u64, mut bytes: &[u8]) -> Result<(), MediaError> {
        while !bytes.is_empty() {
            let number = usize::try_from(offset / self.cut).unwrap_or(usize::MAX);
            if number >= usize::from(medium::SLICES) {
                return Err(MediaError::Plan("over 1,000 parity files".to_owned()));
            }
            while self.open.len() <= number {
                let path = (self.name)(u16::try_from(self.open.len()).unwrap_or(u16::MAX));
                let made = self.files.create(&path);
                self.open
                    .push(made.map_err(MediaError::io(&self.files.path(&path)))?);
            }
            let within = offset % self.cut;
            let most = usize::try_from(self.cut - within).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(most.min(bytes.len()));
            let at = self.at(number);
            if let Some(file) = self.open.get_mut(number) {
                file.put_at(now, within).map_err(MediaError::io(&at))?;
            }
            offset += now.len() as u64;
            bytes = rest;
        }
        Ok(())
    }
}

/// Makes the parity of a medium's slices, or none for 0 percent.
pub(super) fn write(
    files: &Files,
    (folder, first, sizes): (&Path, u16, &[u64]),
    percent: u8,
    cut: u64,
) -> Result<Made, MediaError> {
    let slices = (first..).take(sizes.len());
    let data = slices.map(|number| files.path(folder.join(medium::slice_name(number))));
    let name = |number| folder.join(medium::parity_name(number));
    write_files(files, (first, data.collect(), sizes), &name, percent, cut)
}

/// The same for files of any names.
pub(super) fn write_files(
    files: &Files,
    (first, data, sizes): (u16, Vec<PathBuf>, &[u64]),
    name: &dyn Fn(u16) -> PathBuf,
    percent: u8,
    cut: u64,
) -> Result<Made, MediaError> {
    let total: u64 = sizes.iter().sum();
    if percent == 0 || total == 0 {
        return Ok(Made::default());
    }
    let shape = Shape::of(total, percent);
    let mut index = Index::new(first, sizes.to_vec(), cut, shape);
    let front = index.framed_size();
    let mut run = Run::new(data, sizes);
    let mut out = Out {
        files,
        name,
        cut,
        open: Vec::new(),
    };
    // The index is known at the end; until then its place is held.
    out.put(0, &vec![0; usize::try_from(front).unwrap_or(0)])?;
    for stripe in 0..shape.stripes {
        encode_stripe((&mut run, &mut out), (shape, stripe), (front, &mut index))?;
    }
    let end = front + shape.stripes * shape.parity * shape.block;
    let bytes = index.encode();
    let frame = index::frame(&bytes);
    out.put(end, &[&bytes[..], &frame[..]].concat())?;
    out.put(0, &[&frame[..], &bytes[..]].concat())?;
    settle(out, (front, end), &index)
}

type Encoder = HighRateEncoder<DefaultEngine>;

fn code(error: reed_solomon_simd::Error) -> MediaError {
    MediaError::Plan(format!("parity: {error}"))
}

/// Makes a stripe's parity, piece by piece, and notes the hashes of its blocks.
fn encode_stripe(
    (run, out): (&mut Run, &mut Out<'_>),
    (shape, stripe): (Shape, u64),
    (front, index): (u64, &mut Index),
) -> Result<(), MediaError> {
    let (data, parity) = (shape.data as usize, shape.parity as usize);
    let piece = shape.piece() as usize;
    let mut hashers = vec![blake3::Hasher::new(); data + parity];
    let mut buffer = vec![0; piece];
    let mut encoder =
        Encoder::new(data, parity, piece, DefaultEngine::new(), None).map_err(code)?;
    for part in 0..shape.block / shape.piece() {
        for (row, hasher) in hashers.iter_mut().take(data).enumerate() {
            let block = row as u64 * shape.stripes + stripe;
            run.read(block * shape.block + part * shape.piece(), &mut buffer)?;
            hasher.update(&buffer);
            encoder.add_original_shard(&buffer).map_err(code)?;
        }
        let made = encoder.encode().map_err(code)?;
        for (row, bytes) in made.recovery_iter().enumerate() {
            if let Some(hasher) = hashers.get_mut(data + row) {
                hasher.update(bytes);
            }
            let block = stripe * shape.parity + row as u64;
            let at = front + block * shape.block + part * shape.piece();
            out.put(at, bytes)?;
        }
    }
    for (row, hasher) in hashers.iter().enumerate() {
        let hash = hasher.finalize();
        let (short, _) = hash.as_bytes().split_at(HASH);
        if row < data {
            index.set_data(row as u64 * shape.stripes + stripe, short);
        } else {
            index.set_parity(stripe * shape.parity + (row - data) as u64, short);
        }
    }
    Ok(())
}

/// Syncs the files, reads them back and compares: the index by its bytes, the blocks by their hashes.
fn settle(out: Out<'_>, (front, end): (u64, u64), index: &Index) -> Result<Made, MediaError> {
    let mut made = Made::default();
    let mut paths = Vec::new();
    for (number, mut file) in out.open.into_iter().enumerate() {
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        let at = out.files.path((out.name)(number));
        file.sync().map_err(MediaError::io(&at))?;
        file.forget();
        made.bytes += file.len();
        paths.push(at);
    }
    for at in &paths {
        made.sums.push(medium::hash_file(at)?);
    }
    let mut sizes = Vec::new();
    for at in &paths {
        let found = std::fs::metadata(at).map_err(MediaError::io(at))?;
        sizes.push(found.len());
    }
    let broken = || MediaError::ReadBack(paths.first().cloned().unwrap_or_default());
    let mut run = Run::new(paths.clone(), &sizes);
    let shape = index.shape();
    let mut same = Index::find(&mut run)?.is_some_and(|(found, _)| found == *index);
    let mut back = vec![0; usize::try_from(front).unwrap_or(0)];
    run.read(end, &mut back)?;
    let bytes = index.encode();
    same &= back == [&bytes[..], &index::frame(&bytes)[..]].concat();
    let mut buffer = vec![0; usize::try_from(shape.piece()).unwrap_or(0)];
    for block in 0..shape.stripes * shape.parity {
        let hash = run.hash(front + block * shape.block, shape.block, &mut buffer)?;
        same &= index.parity(block) == Some(hash);
    }
    if same { Ok(made) } else { Err(broken()) }
}

/// An error of reading that means "these bytes are lost", and not "this program cannot go on".
pub(super) fn lost(error: &io::Error) -> bool {
    use io::ErrorKind::{NotFound, UnexpectedEof};
    matches!(error.kind(), NotFound | UnexpectedEof)
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

#[cfg(test)]
mod tests;
