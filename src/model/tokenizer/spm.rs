//! The `llama` kind: SentencePiece's byte-pair encoding by score (Kudo and Richardson 2018).
//!
//! Text is split into characters; again and again the neighbours that together are the token with the
//! highest score are joined, the leftmost first among equals. What is no token in the end is written as
//! the tokens of its bytes. A queue of candidates makes this O(n log n).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::strings::Strings;

/// Longer pieces are not looked up, so that a hostile vocabulary of long tokens cannot make each of n joins
/// hash a long string. The longest tokens in real vocabularies have some hundred bytes.
const MAX_PIECE: usize = 1024;

pub(super) struct Spm {
    pub(super) scores: Vec<f32>,
    /// Token of each byte, for characters that are no token.
    pub(super) byte_tokens: Box<[Option<u32>; 256]>,
    pub(super) unknown: Option<u32>,
}

/// A run of the text, linked to its neighbours. A joined-away run has no length.
struct Symbol {
    start: usize,
    len: usize,
    previous: Option<usize>,
    next: Option<usize>,
}

/// Two neighbours that together are a token.
struct Candidate {
    score: f32,
    left: usize,
    right: usize,
    /// Length of both, to see later whether either has changed.
    len: usize,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then(other.left.cmp(&self.left))
    }
}
impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Candidate {}

impl Spm {
    /// Appends the tokens of `text`, whose spaces are already written as U+2581.
    pub(super) fn encode(&self, vocab: &Strings, text: &str, out: &mut Vec<u32>) {
        let mut symbols: Vec<Symbol> = Vec::with_capacity(text.len());
        for (start, character) in text.char_indices() {
            let index = symbols.len();
            symbols.push(Symbol {
                start,
                len: character.len_utf8(),
                previous: index.checked_sub(1),
                next: Some(index + 1),
            });
        }
        if let Some(last) = symbols.last_mut() {
            last.next = None;
        }

        let mut queue = BinaryHeap::new();
        for right in 1..symbols.len() {
            queue.extend(self.candidate(vocab, text, &symbols, right - 1, right));
        }
        while let Some(best) = queue.pop() {
            let (left, right) = (&symbols[best.left], &symbols[best.right]);
            if left.len == 0 || right.len == 0 || left.len + right.len != best.len {
                continue;
            }
            let (after, before) = (right.next, left.previous);
            symbols[best.left].len = best.len;
            symbols[best.left].next = after;
            symbols[best.right].len = 0;
            if let Some(after) = after {
                symbols[after].previous = Some(best.left);
                queue.extend(self.candidate(vocab, text, &symbols, best.left, after));
            }
            if let Some(before) = before {
                queue.extend(self.candidate(vocab, text, &symbols, before, best.left));
            }
        }

        for symbol in symbols.iter().filter(|symbol| symbol.len > 0) {
            let piece = &text.as_bytes()[symbol.start..symbol.start + symbol.len];
            match vocab.find(piece) {
                Some(id) => out.push(id),
                None => out.extend(
                    piece
                        .iter()
                        .filter_map(|&byte| self.byte_tokens[byte as usize].or(self.unknown)),
                ),
            }
        }
    }

    fn candidate(
        &self,
        vocab: &Strings,
        text: &str,
        symbols: &[Symbol],
        left: usize,
        right: usize,
    ) -> Option<Candidate> {
        let len = symbols[left].len + symbols[right].len;
        if len > MAX_PIECE {
            return None;
        }
        let start = symbols[left].start;
        let id = vocab.find(&text.as_bytes()[start..start + len])?;
        Some(Candidate {
            // Adding zero turns -0.0 into 0.0, which `total_cmp` would tell apart.
            score: self.scores.get(id as usize)? + 0.0,
            left,
            right,
            len,
        })
    }
}
