//! Blobs in pieces: each is verified by itself, comes from any peer, and is asked for again alone.
//!
//! BLAKE3 is a tree over chunks of 1,024 bytes. A *piece* is a whole subtree of it (a power of two of chunks), and the
//! *list* of a blob holds the chaining value of each of its pieces. The list is verified by merging it up to the
//! blob's name; a piece by hashing it into its value. A blob of one piece needs no list: its name is its hash.
//! (BLAKE3 specification, sections 2.4 and 2.5; `blake3::hazmat`.)

use blake3::hazmat::{self, ChainingValue, HasherExt, Mode};

use crate::record::BlobHash;

use super::limits;

/// How a blob of a size is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub size: u64,
    /// Bytes of each piece but the last.
    pub piece: u64,
}

impl Cut {
    /// The cut that both sides compute; none for a blob that is too large to travel.
    pub fn of(size: u64) -> Option<Self> {
        let mut piece = limits::PIECE_BYTES;
        while size.div_ceil(piece) > limits::PIECES {
            piece *= 2;
        }
        (piece <= limits::PIECE_MOST).then_some(Self { size, piece })
    }

    /// How many pieces there are: at least one.
    pub fn count(&self) -> u64 {
        self.size.div_ceil(self.piece).max(1)
    }

    /// Offset and length of a piece.
    pub fn range(&self, number: u64) -> Option<(u64, u64)> {
        if number >= self.count() {
            return None;
        }
        let start = number * self.piece;
        Some((start, (self.size - start).min(self.piece)))
    }

    /// The chaining value of a piece of a blob that has more than one.
    pub fn value(&self, number: u64, bytes: &[u8]) -> ChainingValue {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(number * self.piece);
        hasher.update(bytes);
        hasher.finalize_non_root()
    }
}

/// The chaining values of a blob's pieces, held against its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    cut: Cut,
    hash: BlobHash,
    values: Vec<ChainingValue>,
}

impl List {
    /// Takes a list that came from a peer, if it belongs to the blob.
    pub fn verify(hash: BlobHash, size: u64, bytes: &[u8]) -> Option<Self> {
        let cut = Cut::of(size)?;
        let (values, rest) = bytes.as_chunks::<32>();
        let one = cut.count() == 1;
        let expected = if one { 0 } else { cut.count() };
        if !rest.is_empty() || values.len() as u64 != expected {
            return None;
        }
        if !one && root(&cut, values)? != hash.0 {
            return None;
        }
        Some(Self {
            cut,
            hash,
            values: values.to_vec(),
        })
    }

    /// The cut.
    pub fn cut(&self) -> &Cut {
        &self.cut
    }

    /// Whether these bytes are this piece.
    pub fn fits(&self, number: u64, bytes: &[u8]) -> bool {
        match self.cut.range(number) {
            Some((_, length)) if length == bytes.len() as u64 => {}
            _ => return false,
        }
        if self.values.is_empty() {
            return *blake3::hash(bytes).as_bytes() == self.hash.0;
        }
        let at = usize::try_from(number).ok();
        let value = at.and_then(|at| self.values.get(at));
        value == Some(&self.cut.value(number, bytes))
    }
}

/// The root hash over two or more pieces.
fn root(cut: &Cut, values: &[ChainingValue]) -> Option<[u8; 32]> {
    let left = hazmat::left_subtree_len(cut.size);
    let (a, b) = values.split_at_checked(usize::try_from(left / cut.piece).ok()?)?;
    let a = merged(cut, left, a)?;
    let b = merged(cut, cut.size - left, b)?;
    Some(*hazmat::merge_subtrees_root(&a, &b, Mode::Hash).as_bytes())
}

/// The chaining value of a subtree of `size` bytes.
fn merged(cut: &Cut, size: u64, values: &[ChainingValue]) -> Option<ChainingValue> {
    if let [only] = values {
        return Some(*only);
    }
    let left = hazmat::left_subtree_len(size);
    let (a, b) = values.split_at_checked(usize::try_from(left / cut.piece).ok()?)?;
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (a, b) = (merged(cut, left, a)?, merged(cut, size - left, b)?);
    Some(hazmat::merge_subtrees_non_root(&a, &b, Mode::Hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of a blob, as its server makes it.
    fn list(bytes: &[u8]) -> Vec<u8> {
        let cut = Cut::of(bytes.len() as u64).unwrap();
        if cut.count() == 1 {
            return Vec::new();
        }
        let pieces = bytes.chunks(cut.piece as usize).enumerate();
        pieces
            .flat_map(|(n, piece)| cut.value(n as u64, piece))
            .collect()
    }

    /// Sizes at the edges: of a chunk, of a piece, of trees that lean.
    #[test]
    fn pieces_at_the_edges_are_verified() {
        let piece = limits::PIECE_BYTES as usize;
        let sizes = [
            0,
            1,
            1023,
            1024,
            1025,
            piece - 1,
            piece,
            piece + 1,
            2 * piece,
            2 * piece + 1,
        ];
        for size in sizes
            .into_iter()
            .chain([3 * piece, 5 * piece + 7, 7 * piece + 1024])
        {
            // No two pieces are alike.
            let noise = |n: usize| (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
            let bytes: Vec<u8> = (0..size).map(|n| noise(n) as u8).collect();
            let hash = BlobHash(*blake3::hash(&bytes).as_bytes());
            let made = list(&bytes);
            let list = List::verify(hash, size as u64, &made).unwrap();
            for number in 0..list.cut().count() {
                let (start, length) = list.cut().range(number).unwrap();
                let mut part = bytes[start as usize..(start + length) as usize].to_vec();
                assert!(list.fits(number, &part), "{size} {number}");
                assert!(!list.fits(number + 1, &part) || length == 0);
                if let Some(byte) = part.first_mut() {
                    *byte ^= 1;
                    assert!(!list.fits(number, &part), "{size} {number}");
                }
                part.push(0);
                assert!(!list.fits(number, &part));
            }
            assert_eq!(list.cut().range(list.cut().count()), None);
            // A list of another blob, of another length, or with one wrong value is none.
            assert!(
                List::verify(BlobHash([9; 32]), size as u64, &made).is_none() || made.is_empty()
            );
            if let Some(at) = made.len().checked_sub(1) {
                let mut wrong = made.clone();
                wrong[at] ^= 1;
                assert!(List::verify(hash, size as u64, &wrong).is_none());
                assert!(List::verify(hash, size as u64, &made[..at]).is_none());
            }
        }
    }

    #[test]
    fn large_blobs_have_larger_pieces_and_an_end() {
        let cut = Cut::of(16 << 30).unwrap();
        assert_eq!(
            (cut.piece, cut.count()),
            (limits::PIECE_BYTES, limits::PIECES)
        );
        assert_eq!(Cut::of((16 << 30) + 1).unwrap().piece, 512 << 10);
        assert_eq!(Cut::of(64 << 30).unwrap().piece, limits::PIECE_MOST);
        assert_eq!(Cut::of((64 << 30) + 1), None);
        assert_eq!(Cut::of(u64::MAX), None);
    }
}
