//! The index of a parity run: how the slices were cut, and a hash of every block.
//!
//! ```text
//! frame = "okibipar" || length of the index, 8 bytes big-endian || BLAKE3 of the index, 32 bytes
//! run   = frame || index || parity blocks || index || frame
//! index = [1, first: uint, slices: [* size: uint], cut: uint, block: uint, data: uint, parity: uint,
//!          bstr: 16 bytes for each block of data, bstr: 16 bytes for each block of parity]
//! ```
//!
//! Deterministic CBOR in the profile of `record::cbor`. A reader takes whichever copy is whole.

use crate::record::cbor;

use super::mend::Run;
use super::{HASH, MediaError, Shape, WIDTH};
use crate::carrier::media::medium::SLICES;

/// Bytes of a frame.
pub const FRAME: usize = 48;
const MAGIC: &[u8; 8] = b"okibipar";
/// Bytes of an index: 32,768 blocks of data, as many of parity, and a thousand slices take 1.1 MB.
const MOST: u64 = 2 << 20;

/// The index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The first slice's number.
    pub first: u16,
    /// Bytes of each slice.
    pub slices: Vec<u64>,
    /// Bytes after which a parity file ends and the next one begins.
    pub cut: u64,
    shape: Shape,
    data: Vec<u8>,
    parity: Vec<u8>,
}

/// The frame of an index.
pub fn frame(index: &[u8]) -> [u8; FRAME] {
    let mut frame = [0; FRAME];
    frame[..8].copy_from_slice(MAGIC);
    frame[8..16].copy_from_slice(&(index.len() as u64).to_be_bytes());
    frame[16..].copy_from_slice(blake3::hash(index).as_bytes());
    frame
}

/// Length and hash that a frame promises.
fn promised(frame: &[u8; FRAME]) -> Option<(u64, [u8; 32])> {
    let (magic, rest) = frame.split_at(8);
    let (length, hash) = rest.split_at(8);
    let length = u64::from_be_bytes(length.try_into().ok()?);
    (magic == MAGIC && length <= MOST).then_some((length, hash.try_into().ok()?))
}

impl Index {
    /// With hashes still to be set.
    pub fn new(first: u16, slices: Vec<u64>, cut: u64, shape: Shape) -> Self {
        let bytes = |blocks: u64| vec![0; usize::try_from(blocks).unwrap_or(0) * HASH];
        Self {
            first,
            slices,
            cut,
            shape,
            data: bytes(shape.blocks),
            parity: bytes(shape.stripes * shape.parity),
        }
    }

    /// How the run is cut.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The hash of a block of data.
    pub fn data(&self, block: u64) -> Option<[u8; HASH]> {
        at(&self.data, block)
    }

    /// The hash of a block of parity.
    pub fn parity(&self, block: u64) -> Option<[u8; HASH]> {
        at(&self.parity, block)
    }

    /// Notes a hash; blocks beyond the run are zeros and have none.
    pub fn set_data(&mut self, block: u64, hash: &[u8]) {
        set(&mut self.data, block, hash);
    }

    /// Notes a hash.
    pub fn set_parity(&mut self, block: u64, hash: &[u8]) {
        set(&mut self.parity, block, hash);
    }

    /// Bytes of frame and index.
    pub fn framed_size(&self) -> u64 {
        (FRAME + self.encode().len()) as u64
    }

    /// The one encoding.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(9)?.u64(1)?.u64(u64::from(self.first))?;
            e.array(self.slices.len() as u64)?;
            for size in &self.slices {
                e.u64(*size)?;
            }
            e.u64(self.cut)?.u64(self.shape.block)?;
            e.u64(self.shape.data)?.u64(self.shape.parity)?;
            e.bytes(&self.data)?.bytes(&self.parity)?;
            Ok(())
        })
    }

    /// Reads an index; `None` for what breaks a rule.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() as u64 > MOST {
            return None;
        }
        cbor::check(bytes).ok()?;
        let index = read(bytes).ok()?;
        let total = index
            .slices
            .iter()
            .try_fold(0u64, |sum, size| sum.checked_add(*size))?;
        let shape = index.shape;
        let blocks = total.div_ceil(shape.block);
        let fits = total > 0
            && index.slices.iter().all(|size| *size > 0)
            && usize::from(index.first) + index.slices.len() <= usize::from(SLICES)
            && index.cut > 0
            // A block that is larger than its run would be hashed for hours, zeros for the most part.
            && shape.block == Shape::block(total)
            && shape.stripes == blocks.div_ceil(WIDTH)
            && shape.data == blocks.div_ceil(shape.stripes.max(1))
            && (1..=shape.data).contains(&shape.parity)
            && index.data.len() as u64 == blocks * HASH as u64
            && index.parity.len() as u64 == shape.stripes * shape.parity * HASH as u64;
        fits.then_some(index)
    }

    /// Finds a whole copy in a run of parity files, and where the parity blocks begin.
    pub fn find(run: &mut Run) -> Result<Option<(Self, u64)>, MediaError> {
        let total = run.total();
        let mut frame = [0; FRAME];
        for front in [true, false] {
            let at = if front {
                Some(0)
            } else {
                total.checked_sub(FRAME as u64)
            };
            let Some(at) = at else { continue };
            if !run.whole(at, &mut frame)? {
                continue;
            }
            let Some((length, hash)) = promised(&frame) else {
                continue;
            };
            let at = if front {
                Some(FRAME as u64)
            } else {
                at.checked_sub(length)
            };
            let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
            let Some(at) = at else { continue };
            if at.saturating_add(length) > total || !run.whole(at, &mut bytes)? {
                continue;
            }
            if *blake3::hash(&bytes).as_bytes() == hash
                && let Some(index) = Self::decode(&bytes)
            {
                let begins = index.framed_size();
                return Ok(Some((index, begins)));
            }
        }
        Ok(None)
    }
}

fn at(hashes: &[u8], block: u64) -> Option<[u8; HASH]> {
    let start = usize::try_from(block).ok()?.checked_mul(HASH)?;
    hashes.get(start..start.checked_add(HASH)?)?.try_into().ok()
}

fn set(hashes: &mut [u8], block: u64, hash: &[u8]) {
    let start = usize::try_from(block).unwrap_or(usize::MAX / HASH) * HASH;
    if let Some(place) = hashes.get_mut(start..start.saturating_add(HASH)) {
        place.copy_from_slice(hash);
    }
}

fn read(bytes: &[u8]) -> cbor::Read<Index> {
    let bad = || minicbor::decode::Error::message("value out of range");
    let mut d = minicbor::Decoder::new(bytes);
    cbor::array(&mut d, 9)?;
    if d.u64()? != 1 {
        return Err(bad());
    }
    let first = u16::try_from(d.u64()?).map_err(|_| bad())?;
    let slices = cbor::list(&mut d, usize::from(SLICES), |d| d.u64())?;
    let cut = d.u64()?;
    let (block, data, parity) = (d.u64()?, d.u64()?, d.u64()?);
    if !(4_096..=1 << 40).contains(&block) || !block.is_power_of_two() {
        return Err(bad());
    }
    let (hashes, checks) = (d.bytes()?.to_vec(), d.bytes()?.to_vec());
    cbor::end(&d)?;
    let blocks = (hashes.len() / HASH) as u64;
    let shape = Shape {
        block,
        blocks,
        stripes: blocks.div_ceil(WIDTH),
        data,
        parity,
    };
    Ok(Index {
        first,
        slices,
        cut,
        shape,
        data: hashes,
        parity: checks,
    })
}
