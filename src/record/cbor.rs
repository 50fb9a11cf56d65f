//! Deterministic CBOR (RFC 8949, section 4.2.1) in the profile that okibi signs: unsigned and negative
//! integers, byte and text strings, arrays, maps, true, false, null. No tags, no floats, no
//! indefinite lengths; shortest heads; map keys strictly ascending by their encoded bytes; at most
//! `limits::CBOR_DEPTH` levels; nothing behind the item.
//!
//! `check` walks foreign bytes once without allocating. What passes has exactly one encoding, so
//! "differs from its own deterministic re-encoding" and "fails `check`" are the same thing.

use std::convert::Infallible;

use minicbor::{Decoder, Encoder, decode};
use thiserror::Error;

use super::limits;

/// Why bytes are not deterministic CBOR in our profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CborError {
    #[error("the CBOR ends early")]
    Short,
    #[error("bytes follow the CBOR item")]
    Trailing,
    #[error("a CBOR head is not in its shortest form")]
    NotShortest,
    #[error("a CBOR type outside the profile (tag, float, indefinite length or reserved value)")]
    Type,
    #[error("CBOR map keys are not strictly ascending")]
    KeyOrder,
    #[error("a CBOR text is not UTF-8")]
    Text,
    #[error("CBOR nested deeper than {} levels", limits::CBOR_DEPTH)]
    Depth,
}

/// Checks that `bytes` are exactly one item of deterministic CBOR in the profile.
pub fn check(bytes: &[u8]) -> Result<(), CborError> {
    let rest = item(bytes, limits::CBOR_DEPTH)?;
    if rest.is_empty() {
        Ok(())
    } else {
        Err(CborError::Trailing)
    }
}

/// Checks one item and returns what follows it.
fn item(bytes: &[u8], depth: usize) -> Result<&[u8], CborError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(CborError::Depth);
    };
    let (&first, rest) = bytes.split_first().ok_or(CborError::Short)?;
    let (major, info) = (first >> 5, first & 0x1f);
    if major == 7 {
        return match info {
            20..=22 => Ok(rest),
            _ => Err(CborError::Type),
        };
    }
    let (value, mut rest) = argument(info, rest)?;
    match major {
        0 | 1 => Ok(rest),
        2 | 3 => {
            let length = usize::try_from(value).map_err(|_| CborError::Short)?;
            let (content, after) = rest.split_at_checked(length).ok_or(CborError::Short)?;
            if major == 3 && std::str::from_utf8(content).is_err() {
                return Err(CborError::Text);
            }
            Ok(after)
        }
        4 => {
            for _ in 0..value {
                rest = item(rest, depth)?;
            }
            Ok(rest)
        }
        5 => {
            let mut last: Option<&[u8]> = None;
            for _ in 0..value {
                let after_key = item(rest, depth)?;
                let key = &rest[..rest.len() - after_key.len()];
                if last.is_some_and(|last| last >= key) {
                    return Err(CborError::KeyOrder);
                }
                last = Some(key);
                rest = item(after_key, depth)?;
            }
            Ok(rest)
        }
        _ => Err(CborError::Type),
    }
}

/// Reads a head's argument; it must not fit into a shorter form.
fn argument(info: u8, rest: &[u8]) -> Result<(u64, &[u8]), CborError> {
    let (width, least) = match info {
        0..=23 => return Ok((u64::from(info), rest)),
        24 => (1, 24),
        25 => (2, 1 << 8),
        26 => (4, 1 << 16),
        27 => (8, 1 << 32),
        _ => return Err(CborError::Type),
    };
    let (bytes, rest) = rest.split_at_checked(width).ok_or(CborError::Short)?;
    let value = bytes
        .iter()
        .fold(0, |value, &byte| value << 8 | u64::from(byte));
    if value < least {
        return Err(CborError::NotShortest);
    }
    Ok((value, rest))
}

/// What writing into a `Vec` gives; it cannot fail.
pub(crate) type Written = Result<(), minicbor::encode::Error<Infallible>>;
/// An encoder that appends to memory.
pub(crate) type Writer<'a> = Encoder<&'a mut Vec<u8>>;
/// What reading gives; the message is for developers, the caller says which field it was.
pub(crate) type Read<T> = Result<T, decode::Error>;

/// Encodes with `write` into a new buffer.
#[expect(
    clippy::unreachable,
    reason = "the writer's error type is uninhabited, and no `Encode` implementation of ours returns a message"
)]
pub(crate) fn encode(write: impl FnOnce(&mut Writer<'_>) -> Written) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes);
    match write(&mut encoder) {
        Ok(()) => bytes,
        Err(_) => unreachable!("encoding into memory cannot fail"),
    }
}

/// Reads an array head that must have exactly `length` elements.
pub(crate) fn array(d: &mut Decoder<'_>, length: u64) -> Read<()> {
    match d.array()? {
        Some(found) if found == length => Ok(()),
        _ => Err(decode::Error::message("array of another length")),
    }
}

/// Reads an array head of at most `limit` elements and each element with `read`.
pub(crate) fn list<'b, T>(
    d: &mut Decoder<'b>,
    limit: usize,
    mut read: impl FnMut(&mut Decoder<'b>) -> Read<T>,
) -> Read<Vec<T>> {
    let length = d
        .array()?
        .ok_or_else(|| decode::Error::message("indefinite array"))?;
    if length > limit as u64 {
        return Err(decode::Error::message("array too long"));
    }
    (0..length).map(|_| read(d)).collect()
}

/// Reads a byte string of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(d: &mut Decoder<'_>) -> Read<[u8; N]> {
    d.bytes()?
        .try_into()
        .map_err(|_| decode::Error::message("byte string of another length"))
}

/// Reads a byte string that is empty or has exactly 32 bytes.
pub(crate) fn fixed_or_empty(d: &mut Decoder<'_>) -> Read<Option<[u8; 32]>> {
    let bytes = d.bytes()?;
    if bytes.is_empty() {
        return Ok(None);
    }
    bytes
        .try_into()
        .map(Some)
        .map_err(|_| decode::Error::message("neither empty nor 32 bytes"))
}

/// Reads a text of at most `limit` bytes.
pub(crate) fn text(d: &mut Decoder<'_>, limit: usize) -> Read<String> {
    let text = d.str()?;
    if text.len() > limit {
        return Err(decode::Error::message("text too long"));
    }
    Ok(text.to_owned())
}

/// Requires that nothing follows.
pub(crate) fn end(d: &Decoder<'_>) -> Read<()> {
    if d.position() == d.input().len() {
        Ok(())
    } else {
        Err(decode::Error::end_of_input())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_taken() {
        let bytes = encode(|e| {
            e.array(7)?
                .u64(0)?
                .i64(-1)?
                .bytes(b"x")?
                .str("é")?
                .bool(true)?
                .null()?;
            e.map(2)?.u8(1)?.u8(2)?.u8(24)?.array(0)?;
            Ok(())
        });
        assert_eq!(check(&bytes), Ok(()));
    }

    #[test]
    fn everything_else_is_refused() {
        let cases: &[(&[u8], CborError)] = &[
            (b"", CborError::Short),
            (b"\x82\x01", CborError::Short),
            (b"\x01\x01", CborError::Trailing),
            (b"\x18\x17", CborError::NotShortest),
            (b"\x19\x00\xff", CborError::NotShortest),
            (
                b"\x1b\x00\x00\x00\x00\xff\xff\xff\xff",
                CborError::NotShortest,
            ),
            (b"\x58\x01a", CborError::NotShortest),
            (b"\x9f\xff", CborError::Type),
            (b"\x5f\x41a\xff", CborError::Type),
            (b"\xc1\x01", CborError::Type),
            (b"\xf9\x3c\x00", CborError::Type),
            (b"\xf7", CborError::Type),
            (b"\xf8\x20", CborError::Type),
            (b"\x1c", CborError::Type),
            (b"\x61\xff", CborError::Text),
            (b"\xa2\x02\x00\x01\x00", CborError::KeyOrder),
            (b"\xa2\x01\x00\x01\x00", CborError::KeyOrder),
            (&[0x81; 40], CborError::Depth),
            (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", CborError::Short),
            (b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", CborError::Short),
        ];
        for (bytes, error) in cases {
            assert_eq!(check(bytes), Err(*error), "{bytes:02x?}");
        }
    }
}
