//! GGUF, the container of model files: metadata, a table of tensors, and their bytes.
//!
//! [`parse`] reads versions 2 and 3 (little-endian) out of plain bytes, usually a memory map, and borrows
//! everything from them: a file's metadata is walked once and nothing of it is copied. The format is
//! described in `docs/gguf.md` of the ggml project.
//!
//! A GGUF comes from a stranger. What always holds here:
//! - no count, length or offset is believed before it is held against the bytes that are left, so that
//!   memory is bounded by the size of the file;
//! - nothing is read outside the given bytes, and no arithmetic on sizes can wrap;
//! - a tensor that [`parse`] returns lies inside the file, at the file's alignment, has whole blocks in
//!   each row and shares no byte with another tensor;
//! - keys and tensor names are unique.
//!
//! What fails, fails with a [`GgufError`] that names the key or the tensor. Whether okibi can *run* the
//! model is not decided here but in [`crate::model::load()`].

mod read;
pub mod types;
mod value;
pub mod write;

use std::collections::HashSet;

pub use read::GgufError;
use read::Reader;
pub use types::DType;
pub use value::{Array, Kind, Value};

/// Limit for each of the two counts in the header. The largest models have a few thousand tensors.
const MAX_ENTRIES: u64 = 1 << 16;
/// Longest key, as the format has it.
const MAX_KEY: u64 = 65_535;
/// Longest name of a tensor, as the format has it.
const MAX_NAME: u64 = 64;
/// Most dimensions of a tensor (ggml's `GGML_MAX_DIMS`).
const MAX_DIMS: u32 = 4;
/// Alignment where a file does not say (`general.alignment`).
const DEFAULT_ALIGNMENT: u64 = 32;
/// No sensible file pads more than this between tensors.
const MAX_ALIGNMENT: u64 = 1 << 20;

/// A parsed file, borrowing from its bytes.
#[derive(Debug)]
pub struct Gguf<'a> {
    version: u32,
    metadata: Vec<(&'a str, Value<'a>)>,
    /// Where each entry of the metadata lies in the file: key, type and value.
    entries: Vec<std::ops::Range<usize>>,
    tensors: Vec<Tensor<'a>>,
    alignment: u64,
    data_start: usize,
    bytes: &'a [u8],
}

/// One row of the table of tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<'a> {
    /// Its name, such as `blk.0.attn_q.weight`.
    pub name: &'a str,
    /// Element counts, the fastest running first: a matrix of `n` rows of length `k` is `[k, n]`.
    pub dims: Vec<u64>,
    /// The type of its elements.
    pub dtype: DType,
    /// First byte, counted from the start of the file.
    pub start: usize,
    /// Number of bytes.
    pub len: usize,
}

impl Tensor<'_> {
    /// Number of elements.
    pub fn elements(&self) -> u64 {
        // Cannot overflow: `parse` has checked the product.
        self.dims.iter().product()
    }
}

/// Reads a GGUF file.
///
/// # Errors
/// For everything that the module's header lists: see [`GgufError`].
pub fn parse(bytes: &[u8]) -> Result<Gguf<'_>, GgufError> {
    let mut reader = Reader::new(bytes);
    if reader.take(4)? != b"GGUF" {
        return Err(GgufError::NotGguf);
    }
    let version = reader.u32()?;
    if version.swap_bytes() == 2 || version.swap_bytes() == 3 {
        return Err(GgufError::BigEndian);
    }
    if version != 2 && version != 3 {
        return Err(GgufError::Version(version));
    }
    let tensor_count = reader.u64()?;
    let metadata_count = reader.u64()?;

    // The shortest entry is an empty key (8 bytes), a type (4) and one byte.
    reader.check_count("metadata", metadata_count, MAX_ENTRIES, 13)?;
    let mut metadata = Vec::with_capacity(metadata_count as usize);
    let mut entries = Vec::with_capacity(metadata_count as usize);
    let mut seen = HashSet::with_capacity(metadata_count as usize);
    for _ in 0..metadata_count {
        let begin = reader.position();
        let key = reader.string("key", MAX_KEY)?;
        if !seen.insert(key) {
            return Err(GgufError::DuplicateKey(key.into()));
        }
        let value = value::read(&mut reader).map_err(|error| error.at_key(key))?;
        metadata.push((key, value));
        entries.push(begin..reader.position());
    }

    let alignment = match metadata.iter().find(|(key, _)| *key == "general.alignment") {
        None => DEFAULT_ALIGNMENT,
        Some((_, value)) => value.as_u64().unwrap_or(0),
    };
    // Eight is the format's minimum, and it makes each element's own alignment hold.
    if !alignment.is_power_of_two() || !(8..=MAX_ALIGNMENT).contains(&alignment) {
        return Err(GgufError::Alignment(alignment));
    }

    // The shortest entry: an empty name (8), dimensions (4), one of them (8), type (4), offset (8).
    reader.check_count("tensors", tensor_count, MAX_ENTRIES, 32)?;
    let mut tensors = Vec::with_capacity(tensor_count as usize);
    let mut seen = HashSet::with_capacity(tensor_count as usize);
    for _ in 0..tensor_count {
        let (tensor, offset) = read_tensor(&mut reader)?;
        if !seen.insert(tensor.name) {
            return Err(GgufError::DuplicateTensor(tensor.name.into()));
        }
        tensors.push((tensor, offset));
    }

    // The data begins at the next multiple of the alignment. A file without tensors may end before it.
    let data_start = (reader.position() as u64).next_multiple_of(alignment);
    let tensors = place(tensors, data_start, alignment, bytes.len() as u64)?;
    Ok(Gguf {
        version,
        metadata,
        entries,
        tensors,
        alignment,
        data_start: data_start.min(bytes.len() as u64) as usize,
        bytes,
    })
}

/// Reads one row of the table: the tensor (its place still open) and its offset in the data.
fn read_tensor<'a>(reader: &mut Reader<'a>) -> Result<(Tensor<'a>, u64), GgufError> {
    let name = reader.string("tensor name", MAX_NAME)?;
    let n_dims = reader.u32()?;
    if n_dims == 0 || n_dims > MAX_DIMS {
        return Err(GgufError::Dimensions(name.into()));
    }
    let mut dims = Vec::with_capacity(n_dims as usize);
    let mut elements = 1u64;
    for _ in 0..n_dims {
        let dim = reader.u64()?;
        // ggml counts elements in an `i64`; zero would be a tensor without bytes.
        elements = elements
            .checked_mul(dim)
            .filter(|&n| n != 0 && n <= i64::MAX as u64)
            .ok_or_else(|| GgufError::Dimensions(name.into()))?;
        dims.push(dim);
    }
    let number = reader.u32()?;
    let dtype = DType::from_number(number).ok_or_else(|| GgufError::UnknownType {
        tensor: name.into(),
        number,
    })?;
    if !dims[0].is_multiple_of(dtype.block_len()) {
        return Err(GgufError::Blocks {
            tensor: name.into(),
            dtype: dtype.name(),
        });
    }
    let len = (elements / dtype.block_len())
        .checked_mul(dtype.block_bytes())
        .and_then(|len| usize::try_from(len).ok())
        .ok_or_else(|| GgufError::Dimensions(name.into()))?;
    let offset = reader.u64()?;
    let tensor = Tensor {
        name,
        dims,
        dtype,
        start: 0,
        len,
    };
    Ok((tensor, offset))
}

/// Turns offsets into places in the file, each aligned, inside, and disjoint from all others.
fn place<'a>(
    tensors: Vec<(Tensor<'a>, u64)>,
    data_start: u64,
    alignment: u64,
    file_len: u64,
) -> Result<Vec<Tensor<'a>>, GgufError> {
    let mut placed = Vec::with_capacity(tensors.len());
    for (mut tensor, offset) in tensors {
        if !offset.is_multiple_of(alignment) {
            return Err(GgufError::Unaligned(tensor.name.into()));
        }
        let start = data_start.checked_add(offset);
        let end = start.and_then(|start| start.checked_add(tensor.len as u64));
        match (start, end) {
            (Some(start), Some(end)) if end <= file_len => tensor.start = start as usize,
            _ => return Err(GgufError::Outside(tensor.name.into())),
        }
        placed.push(tensor);
    }
    let mut order: Vec<&Tensor<'_>> = placed.iter().collect();
    order.sort_by_key(|tensor| tensor.start);
    for pair in order.windows(2) {
        if pair[0].start + pair[0].len > pair[1].start {
            return Err(GgufError::Overlap(pair[0].name.into(), pair[1].name.into()));
        }
    }
    Ok(placed)
}

impl<'a> Gguf<'a> {
    /// The format's version, 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// All metadata, in the file's order.
    pub fn metadata(&self) -> &[(&'a str, Value<'a>)] {
        &self.metadata
    }

    /// Each key of the metadata with the bytes of its whole entry, as they stand in the file.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let keys = self.metadata.iter().map(|(key, _)| *key);
        let bytes = self.bytes;
        let spans = self.entries.iter();
        // In bounds: `parse` read them there.
        keys.zip(spans.map(move |span| bytes.get(span.clone()).unwrap_or_default()))
    }

    /// What tensors begin at multiples of.
    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    /// All tensors, in the file's order.
    pub fn tensors(&self) -> &[Tensor<'a>] {
        &self.tensors
    }

    /// Where the tensors' bytes begin in the file.
    pub fn data_start(&self) -> usize {
        self.data_start
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.metadata
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// The string under `key`; `None` also where it is no string or not UTF-8.
    pub fn str(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// The number under `key`; `None` also where it is no integer or negative.
    pub fn u64(&self, key: &str) -> Option<u64> {
        self.get(key)?.as_u64()
    }

    /// The number under `key`, from a float of either width or an integer.
    pub fn f32(&self, key: &str) -> Option<f32> {
        self.get(key)?.as_f32()
    }

    /// The truth value under `key`.
    pub fn bool(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// The array under `key`.
    pub fn array(&self, key: &str) -> Option<&Array<'a>> {
        match self.get(key)? {
            Value::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The tensor called `name`.
    pub fn tensor(&self, name: &str) -> Option<&Tensor<'a>> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The bytes of a tensor of this file.
    pub fn bytes_of(&self, tensor: &Tensor<'_>) -> &'a [u8] {
        // In bounds by `place`; a tensor of another file gives no bytes rather than a panic.
        self.bytes
            .get(tensor.start..tensor.start.saturating_add(tensor.len))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
