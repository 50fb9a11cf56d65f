//! A bounded cursor over bytes, and the errors of the format.

/// Why bytes are not a GGUF file that okibi accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// The first four bytes are not `GGUF`.
    #[error("not a GGUF file")]
    NotGguf,
    /// Written for a big-endian machine.
    #[error("a big-endian GGUF file, which is not supported")]
    BigEndian,
    /// Neither version 2 nor 3.
    #[error("GGUF version {0} is not supported (2 and 3 are)")]
    Version(u32),
    /// The file ends inside something.
    #[error("the file ends too early (truncated, or a length in it is wrong)")]
    Truncated,
    /// More entries than the file can hold or than is sensible.
    #[error("the file claims {count} entries of {what}, which cannot be")]
    Count {
        /// What is counted.
        what: &'static str,
        /// What the file claims.
        count: u64,
    },
    /// A key or a name is longer than the format allows.
    #[error("a {what} is too long ({len} bytes)")]
    TooLong {
        /// `key` or `tensor name`.
        what: &'static str,
        /// Its length in the file.
        len: u64,
    },
    /// A key or a name is not UTF-8.
    #[error("a {0} is not UTF-8")]
    NotUtf8(&'static str),
    /// A key occurs twice.
    #[error("the key {0:?} occurs twice")]
    DuplicateKey(String),
    /// A value has a type that the format does not have, or an array lies in an array.
    #[error("the value of {key:?} has the unknown or unsupported type {number}")]
    ValueType {
        /// The key that it stands under.
        key: String,
        /// The number of the type.
        number: u32,
    },
    /// A value is cut short or wrong.
    #[error("the value of {0:?} is damaged")]
    Value(String),
    /// `general.alignment` is no power of two between 8 and 2^20.
    #[error("general.alignment is {0}, not a power of two between 8 and 1048576")]
    Alignment(u64),
    /// A tensor's dimensions are none, too many, zero or too large.
    #[error("the tensor {0:?} has impossible dimensions")]
    Dimensions(String),
    /// A tensor's type is not known.
    #[error("the tensor {tensor:?} has the unknown type number {number}")]
    UnknownType {
        /// The tensor.
        tensor: String,
        /// Its type's number in the file.
        number: u32,
    },
    /// A row of a tensor is not a whole number of blocks.
    #[error("the rows of the tensor {tensor:?} are no whole blocks of {dtype}")]
    Blocks {
        /// The tensor.
        tensor: String,
        /// The name of its type.
        dtype: &'static str,
    },
    /// A tensor occurs twice.
    #[error("the tensor {0:?} occurs twice")]
    DuplicateTensor(String),
    /// A tensor does not begin at the file's alignment.
    #[error("the tensor {0:?} is not aligned")]
    Unaligned(String),
    /// A tensor reaches beyond the end of the file.
    #[error("the tensor {0:?} reaches beyond the end of the file (is it cut short?)")]
    Outside(String),
    /// Two tensors share bytes.
    #[error("the tensors {0:?} and {1:?} overlap")]
    Overlap(String, String),
}

impl GgufError {
    /// Names the key under which a value failed.
    pub(super) fn at_key(self, key: &str) -> Self {
        match self {
            Self::ValueType { number, .. } => Self::ValueType {
                key: key.into(),
                number,
            },
            _ => Self::Value(key.into()),
        }
    }
}

/// A place in bytes; every step is held against what is left.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// A second cursor at the same place.
    pub(super) fn fork(&self) -> Self {
        Self { ..*self }
    }

    pub(super) fn take(&mut self, len: u64) -> Result<&'a [u8], GgufError> {
        let len = usize::try_from(len).map_err(|_| GgufError::Truncated)?;
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let taken = rest.get(..len).ok_or(GgufError::Truncated)?;
        self.position += len;
        Ok(taken)
    }

    pub(super) fn u32(&mut self) -> Result<u32, GgufError> {
        let mut word = [0; 4];
        word.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(word))
    }

    pub(super) fn u64(&mut self) -> Result<u64, GgufError> {
        let mut word = [0; 8];
        word.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(word))
    }

    /// A length-prefixed run of bytes.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], GgufError> {
        let len = self.u64()?;
        self.take(len)
    }

    /// A length-prefixed UTF-8 string of at most `max` bytes.
    pub(super) fn string(&mut self, what: &'static str, max: u64) -> Result<&'a str, GgufError> {
        let len = self.u64()?;
        if len > max {
            return Err(GgufError::TooLong { what, len });
        }
        std::str::from_utf8(self.take(len)?).map_err(|_| GgufError::NotUtf8(what))
    }

    /// Refuses a count above `max`, or one whose entries of `min_bytes` each cannot fit in the rest.
    pub(super) fn check_count(
        &self,
        what: &'static str,
        count: u64,
        max: u64,
        min_bytes: u64,
    ) -> Result<(), GgufError> {
        let left = (self.bytes.len() - self.position) as u64;
        if count > max || count > left / min_bytes {
            return Err(GgufError::Count { what, count });
        }
        Ok(())
    }
}
