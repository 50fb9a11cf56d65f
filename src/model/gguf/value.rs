//! Metadata values: numbers, truth values, strings, and arrays of them.
//!
//! Arrays stay where they are in the file. Reading one walks its strings once, so that an [`Array`] in
//! hand is known to lie inside the file and iterating over it cannot fail.

use super::read::{GgufError, Reader};

/// What a value, or each element of an array, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the format's own names, which say it all")]
pub enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    Str,
    U64,
    I64,
    F64,
}

/// Number of the array type, which is no [`Kind`].
const ARRAY: u32 = 9;

impl Kind {
    fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::U8,
            1 => Self::I8,
            2 => Self::U16,
            3 => Self::I16,
            4 => Self::U32,
            5 => Self::I32,
            6 => Self::F32,
            7 => Self::Bool,
            8 => Self::Str,
            10 => Self::U64,
            11 => Self::I64,
            12 => Self::F64,
            _ => return None,
        })
    }

    /// Bytes of one element, `None` for strings.
    fn width(self) -> Option<u64> {
        Some(match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
            Self::Str => return None,
        })
    }
}

/// One metadata value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Any unsigned integer.
    Unsigned(u64),
    /// Any signed integer.
    Signed(i64),
    /// A float of either width.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A string: UTF-8 by the format, any bytes in practice.
    Str(&'a [u8]),
    /// An array.
    Array(Array<'a>),
}

impl<'a> Value<'a> {
    /// The string, where it is one and UTF-8.
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Self::Str(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The integer, where it is one and not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Self::Unsigned(n) => Some(n),
            Self::Signed(n) => u64::try_from(n).ok(),
            _ => None,
        }
    }

    /// The number as a float.
    pub fn as_f32(&self) -> Option<f32> {
        match *self {
            Self::Float(x) => Some(x as f32),
            Self::Unsigned(n) => Some(n as f32),
            Self::Signed(n) => Some(n as f32),
            _ => None,
        }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match *self {
            Self::Bool(b) => Some(b),
            _ => None,
        }
    }
}

/// An array in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<'a> {
    kind: Kind,
    len: usize,
    bytes: &'a [u8],
}

impl<'a> Array<'a> {
    /// What its elements are.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        let kind = self.kind;
        // Cannot fail: `read` walked the same bytes.
        (0..self.len).map_while(move |_| scalar(&mut reader, kind).ok())
    }

    /// The elements of an array of strings; nothing for any other.
    pub fn strings(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.iter().map_while(|value| match value {
            Value::Str(bytes) => Some(bytes),
            _ => None,
        })
    }
}

/// Reads a type and the value after it.
pub(super) fn read<'a>(reader: &mut Reader<'a>) -> Result<Value<'a>, GgufError> {
    let number = reader.u32()?;
    if number == ARRAY {
        return array(reader);
    }
    scalar(reader, kind(number)?)
}

fn kind(number: u32) -> Result<Kind, GgufError> {
    Kind::from_number(number).ok_or(GgufError::ValueType {
        key: String::new(),
        number,
    })
}

fn array<'a>(reader: &mut Reader<'a>) -> Result<Value<'a>, GgufError> {
    // An array of arrays is legal in the format; no model has one, and llama.cpp refuses it, too.
    let kind = kind(reader.u32()?)?;
    let count = reader.u64()?;
    // A string takes at least its own length field.
    reader.check_count("an array", count, u64::MAX, kind.width().unwrap_or(8))?;
    let bytes = match kind.width() {
        // Cannot overflow: `check_count` held the product against the rest of the file.
        Some(width) => reader.take(count * width)?,
        None => {
            let start = reader.position();
            let mut ahead = reader.fork();
            for _ in 0..count {
                ahead.bytes()?;
            }
            reader.take((ahead.position() - start) as u64)?
        }
    };
    Ok(Value::Array(Array {
        kind,
        len: count as usize,
        bytes,
    }))
}

fn scalar<'a>(reader: &mut Reader<'a>, kind: Kind) -> Result<Value<'a>, GgufError> {
    let Some(width) = kind.width() else {
        return Ok(Value::Str(reader.bytes()?));
    };
    let mut word = [0; 8];
    word[..width as usize].copy_from_slice(reader.take(width)?);
    let n = u64::from_le_bytes(word);
    Ok(match kind {
        Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 => Value::Unsigned(n),
        Kind::I8 => Value::Signed((n as u8 as i8).into()),
        Kind::I16 => Value::Signed((n as u16 as i16).into()),
        Kind::I32 => Value::Signed((n as u32 as i32).into()),
        Kind::I64 => Value::Signed(n as i64),
        Kind::F32 => Value::Float(f32::from_bits(n as u32).into()),
        Kind::F64 => Value::Float(f64::from_bits(n)),
        Kind::Bool => Value::Bool(n != 0),
        // Strings have no width and left above.
        Kind::Str => Value::Str(&[]),
    })
}
