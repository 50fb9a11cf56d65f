//! A writer of GGUF files (version 3), for tools and for tests.
//!
//! It writes what it is told, in the order in which it is told, and checks nothing: [`super::parse`] is
//! the judge. Tests use it to make tiny and hostile files; a hostile offset is set with
//! [`Writer::tensor_at`].

use super::types::DType;

/// A file in the making.
///
/// ```
/// use okibi::model::gguf::{parse, write::Writer};
/// let file = Writer::new().str("general.architecture", "llama").finish();
/// assert_eq!(parse(&file).unwrap().str("general.architecture"), Some("llama"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Writer {
    metadata_count: u64,
    metadata: Vec<u8>,
    tensor_count: u64,
    tensors: Vec<u8>,
    data: Vec<u8>,
    alignment: usize,
}

fn put_str(out: &mut Vec<u8>, text: &[u8]) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text);
}

impl Writer {
    /// An empty file with the default alignment of 32.
    pub fn new() -> Self {
        Self::aligned(32)
    }

    /// An empty file whose tensors begin at multiples of `alignment`, a power of two. The caller adds
    /// `general.alignment` where that is not 32.
    pub fn aligned(alignment: usize) -> Self {
        Self {
            alignment,
            ..Self::default()
        }
    }

    /// Adds a value of the type `number`, already encoded.
    #[must_use]
    pub fn raw(mut self, key: &str, number: u32, encoded: &[u8]) -> Self {
        put_str(&mut self.metadata, key.as_bytes());
        self.metadata.extend(number.to_le_bytes());
        self.metadata.extend(encoded);
        self.metadata_count += 1;
        self
    }

    /// Adds an entry of another file's metadata as it stands there (see [`super::Gguf::entries`]).
    #[must_use]
    pub fn entry(mut self, entry: &[u8]) -> Self {
        self.metadata.extend(entry);
        self.metadata_count += 1;
        self
    }

    /// Adds a string.
    #[must_use]
    pub fn str(self, key: &str, value: &str) -> Self {
        let mut encoded = Vec::new();
        put_str(&mut encoded, value.as_bytes());
        self.raw(key, 8, &encoded)
    }

    /// Adds an unsigned 32-bit integer.
    #[must_use]
    pub fn u32(self, key: &str, value: u32) -> Self {
        self.raw(key, 4, &value.to_le_bytes())
    }

    /// Adds a 32-bit float.
    #[must_use]
    pub fn f32(self, key: &str, value: f32) -> Self {
        self.raw(key, 6, &value.to_le_bytes())
    }

    /// Adds a truth value.
    #[must_use]
    pub fn bool(self, key: &str, value: bool) -> Self {
        self.raw(key, 7, &[value.into()])
    }

    /// Adds an array of strings.
    #[must_use]
    pub fn strings<S: AsRef<[u8]>>(self, key: &str, values: &[S]) -> Self {
        let mut encoded = Vec::new();
        encoded.extend(8u32.to_le_bytes());
        encoded.extend((values.len() as u64).to_le_bytes());
        for value in values {
            put_str(&mut encoded, value.as_ref());
        }
        self.raw(key, 9, &encoded)
    }

    /// Adds an array of 32-bit floats.
    #[must_use]
    pub fn f32s(self, key: &str, values: &[f32]) -> Self {
        let words = values.iter().map(|value| value.to_le_bytes());
        self.words(key, 6, values.len(), words)
    }

    /// Adds an array of signed 32-bit integers.
    #[must_use]
    pub fn i32s(self, key: &str, values: &[i32]) -> Self {
        let words = values.iter().map(|value| value.to_le_bytes());
        self.words(key, 5, values.len(), words)
    }

    fn words(
        self,
        key: &str,
        number: u32,
        count: usize,
        words: impl Iterator<Item = [u8; 4]>,
    ) -> Self {
        let mut encoded = Vec::with_capacity(12 + 4 * count);
        encoded.extend(number.to_le_bytes());
        encoded.extend((count as u64).to_le_bytes());
        encoded.extend(words.flatten());
        self.raw(key, 9, &encoded)
    }

    /// Adds a tensor (`dims` with the fastest running first) behind those already there.
    #[must_use]
    pub fn tensor(mut self, name: &str, dims: &[u64], dtype: DType, bytes: &[u8]) -> Self {
        self.pad();
        let offset = self.data.len() as u64;
        self.data.extend(bytes);
        self.tensor_at(name, dims, dtype.number(), offset)
    }

    /// Adds a row to the table of tensors that points to `offset`, with no bytes of its own.
    #[must_use]
    pub fn tensor_at(mut self, name: &str, dims: &[u64], dtype: u32, offset: u64) -> Self {
        put_str(&mut self.tensors, name.as_bytes());
        self.tensors.extend((dims.len() as u32).to_le_bytes());
        self.tensors
            .extend(dims.iter().flat_map(|dim| dim.to_le_bytes()));
        self.tensors.extend(dtype.to_le_bytes());
        self.tensors.extend(offset.to_le_bytes());
        self.tensor_count += 1;
        self
    }

    fn pad(&mut self) {
        let padded = self.data.len().next_multiple_of(self.alignment);
        self.data.resize(padded, 0);
    }

    /// The whole file.
    pub fn finish(mut self) -> Vec<u8> {
        self.pad();
        let mut file = self.head();
        file.extend(&self.data);
        file
    }

    /// All that stands before the tensors' bytes, for a caller that writes those itself.
    pub fn head(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend(self.tensor_count.to_le_bytes());
        file.extend(self.metadata_count.to_le_bytes());
        file.extend(&self.metadata);
        file.extend(&self.tensors);
        file.resize(file.len().next_multiple_of(self.alignment), 0);
        file
    }
}
