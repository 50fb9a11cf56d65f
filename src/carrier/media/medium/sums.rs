//! The two small texts beside the slices. ASCII lines, LF, fixed order; anything else is refused.
//!
//! `SUMS`, written last, is what makes a bundle exist on a medium. `sha256sum -c SUMS` reads it too:
//!
//! ```text
//! # okibi-sums: 1
//! # slices: 000-000                      the slices on this medium: first and last
//! # last: yes|no                         the last of them is the bundle's last
//! # token: <64 hex: BLAKE3 of a recipient's token>      in HEAD's order of recipients, 1 to 128
//! <64 hex: sha256>  000.age              one line per slice of the range
//! <64 hex: sha256>  000.par              one line per parity file, if there are any
//! # end: <64 hex: sha256 of all bytes before this line>
//! ```
//!
//! `<handle>.done` holds the tokens of those who have taken the bundle in; a token can only be known
//! to who has opened HEAD, so a courier that can read nothing knows when a bundle may go:
//!
//! ```text
//! okibi-done: 1
//! token: <32 hex>                        ascending, 1 to 128
//! ```

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::bundle::limits::RECIPIENTS;
use crate::carrier::media::seal::TOKEN_BYTES;

/// Slices are named with three digits.
pub const SLICES: u16 = 1_000;
/// Bytes of `SUMS`: a thousand slices, a thousand parity files and 128 recipients take 160 KiB.
pub const SUMS_BYTES: u64 = 256 * 1024;
/// Bytes of a receipt.
pub const DONE_BYTES: u64 = 8 * 1024;

/// What `SUMS` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Number of the first slice on this medium.
    pub first: u16,
    /// Is the last slice on this medium the bundle's last?
    pub last: bool,
    /// BLAKE3 of each recipient's token.
    pub tokens: Vec<[u8; 32]>,
    /// sha256 of each slice on this medium.
    pub slices: Vec<[u8; 32]>,
    /// sha256 of each parity file on this medium, from 000 on.
    pub parity: Vec<[u8; 32]>,
}

/// A slice's file name.
pub fn slice_name(number: u16) -> String {
    format!("{number:03}.age")
}

/// A parity file's name.
pub fn parity_name(number: u16) -> String {
    format!("{number:03}.par")
}

impl Sums {
    /// The one encoding.
    pub fn encode(&self) -> Vec<u8> {
        let end = usize::from(self.first) + self.slices.len().saturating_sub(1);
        let mut text = format!(
            "# okibi-sums: 1\n# slices: {:03}-{end:03}\n# last: {}\n",
            self.first,
            if self.last { "yes" } else { "no" }
        );
        for token in &self.tokens {
            text.push_str(&format!("# token: {}\n", HEXLOWER.encode(token)));
        }
        for (number, hash) in (self.first..).zip(&self.slices) {
            let hash = HEXLOWER.encode(hash);
            text.push_str(&format!("{hash}  {}\n", slice_name(number)));
        }
        for (number, hash) in (0..).zip(&self.parity) {
            let hash = HEXLOWER.encode(hash);
            text.push_str(&format!("{hash}  {}\n", parity_name(number)));
        }
        let sum = HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
        text.push_str(&format!("# end: {sum}\n"));
        text.into_bytes()
    }

    /// Reads it; `None` for anything that `encode` does not write, a torn file among that.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() as u64 > SUMS_BYTES {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let range = text.lines().nth(1)?.strip_prefix("# slices: ")?;
        let first = range.split_once('-')?.0.parse().ok()?;
        let mut found = Self {
            first,
            last: text.lines().nth(2)? == "# last: yes",
            tokens: Vec::new(),
            slices: Vec::new(),
            parity: Vec::new(),
        };
        for line in text.lines().skip(3) {
            if let Some(token) = line.strip_prefix("# token: ") {
                found.tokens.push(hex(token)?);
            } else if !line.starts_with('#') {
                let (hash, name) = line.split_once("  ")?;
                if name.ends_with(".par") {
                    found.parity.push(hex(hash)?);
                } else {
                    found.slices.push(hex(hash)?);
                }
            }
        }
        let counts = (1..=RECIPIENTS).contains(&found.tokens.len())
            && !found.slices.is_empty()
            && usize::from(first) + found.slices.len() <= usize::from(SLICES)
            && found.parity.len() <= usize::from(SLICES);
        (counts && found.encode() == bytes).then_some(found)
    }
}

/// Writes a receipt; the tokens are sorted.
pub fn encode_done(tokens: &[[u8; TOKEN_BYTES]]) -> Vec<u8> {
    let mut tokens = tokens.to_vec();
    tokens.sort_unstable();
    tokens.dedup();
    let mut text = String::from("okibi-done: 1\n");
    for token in tokens {
        text.push_str(&format!("token: {}\n", HEXLOWER.encode(&token)));
    }
    text.into_bytes()
}

/// Reads a receipt; `None` for anything that `encode_done` does not write.
pub fn decode_done(bytes: &[u8]) -> Option<Vec<[u8; TOKEN_BYTES]>> {
    if bytes.len() as u64 > DONE_BYTES {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let mut tokens = Vec::new();
    for line in text.lines().skip(1) {
        tokens.push(hex(line.strip_prefix("token: ")?)?);
    }
    let fine = (1..=RECIPIENTS).contains(&tokens.len()) && encode_done(&tokens) == bytes;
    fine.then_some(tokens)
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_survive_and_nothing_else_is_taken() {
        let sums = Sums {
            first: 7,
            last: false,
            tokens: vec![[1; 32], [2; 32]],
            slices: vec![[3; 32], [4; 32]],
            parity: vec![[5; 32]],
        };
        let bytes = sums.encode();
        assert_eq!(Sums::decode(&bytes), Some(sums.clone()));
        assert!(String::from_utf8_lossy(&bytes).contains("# slices: 007-008\n"));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(Sums::decode(&changed), None, "{at}");
            assert_eq!(Sums::decode(&bytes[..at]), None, "{at}");
        }
        let beyond = Sums { first: 999, ..sums };
        assert_eq!(Sums::decode(&beyond.encode()), None);
    }

    #[test]
    fn receipts_survive_and_nothing_else_is_taken() {
        let bytes = encode_done(&[[9; 16], [1; 16], [9; 16]]);
        assert_eq!(decode_done(&bytes), Some(vec![[1; 16], [9; 16]]));
        for at in 0..bytes.len() {
            // Cut behind its first token it is the receipt of that one.
            assert_eq!(decode_done(&bytes[..at]).is_some(), at == 54, "{at}");
        }
        assert_eq!(decode_done(b"okibi-done: 1\n"), None);
        assert_eq!(decode_done(b"okibi-done: 2\ntoken: 00\n"), None);
    }
}
