//! The `gpt2` kind: byte-level byte-pair encoding by rank (Sennrich et al. 2016, Radford et al. 2019).
//!
//! The text is first cut into words (`super::pre`); in each word the neighbours whose merge has the lowest
//! rank are joined, the leftmost first among equals. The files write bytes as printable characters
//! (space as `Ġ`); here everything is turned back into bytes at load. A merge makes the concatenation of
//! its parts, never anything else, so each join shortens the word and no list of merges can loop.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::strings::Strings;

pub(super) struct Bpe {
    /// (left, right) to (rank, joined), in numbers of the strings; those beyond the vocabulary are parts
    /// that are no token themselves.
    merges: HashMap<(u32, u32), (u32, u32)>,
    bytes: Box<[Option<u32>; 256]>,
    vocab_len: u32,
    /// A word that is a token is taken whole, whatever the merges say (Llama 3).
    ignore_merges: bool,
}

/// GPT-2's printable character for a byte.
#[cfg(test)]
fn printable(byte: u8) -> char {
    match byte {
        b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => byte as char,
        // The others are numbered from U+0100 in the order of their values.
        0..=b' ' => char::from_u32(0x100 + u32::from(byte)).unwrap_or(' '),
        0x7f..=0xa0 => char::from_u32(0x100 + 33 + u32::from(byte - 0x7f)).unwrap_or(' '),
        0xad => '\u{143}',
    }
}

/// The byte that GPT-2 writes as this character.
fn byte_of(character: char) -> Option<u8> {
    Some(match character as u32 {
        code @ (0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff) => code as u8,
        code @ 0x100..=0x120 => (code - 0x100) as u8,
        code @ 0x121..=0x142 => (code - 0x121) as u8 + 0x7f,
        0x143 => 0xad,
        _ => return None,
    })
}

/// The bytes behind a token's printable form; text with other characters in it (an added token) stays.
pub(super) fn decode(token: &[u8]) -> Vec<u8> {
    std::str::from_utf8(token)
        .ok()
        .and_then(|text| text.chars().map(byte_of).collect())
        .unwrap_or_else(|| token.to_vec())
}

struct Symbol {
    id: u32,
    previous: Option<usize>,
    next: Option<usize>,
    live: bool,
}

impl Bpe {
    /// Takes the merges (`left right`, in order of rank); parts that are no token are added to `strings`
    /// behind the vocabulary.
    pub(super) fn new<'a>(
        strings: &mut Strings,
        merges: impl Iterator<Item = &'a [u8]>,
        ignore_merges: bool,
    ) -> Self {
        let vocab_len = strings.len() as u32;
        let mut table = HashMap::with_capacity(merges.size_hint().0);
        for (rank, merge) in merges.enumerate() {
            // The first byte may itself be the space of an oddly written merge.
            let Some(at) = merge.iter().skip(1).position(|&byte| byte == b' ') else {
                continue;
            };
            let (left, right) = (decode(&merge[..=at]), decode(&merge[at + 2..]));
            let joined = [left.as_slice(), right.as_slice()].concat();
            let key = (strings.intern(&left), strings.intern(&right));
            let joined = strings.intern(&joined);
            table.entry(key).or_insert((rank as u32, joined));
        }
        let mut bytes = Box::new([None; 256]);
        for (byte, id) in bytes.iter_mut().enumerate() {
            *id = Some(strings.intern(&[byte as u8]));
        }
        Self {
            merges: table,
            bytes,
            vocab_len,
            ignore_merges,
        }
    }

    /// Appends the tokens of one word.
    pub(super) fn encode(&self, strings: &Strings, word: &[u8], out: &mut Vec<u32>) {
        if self.ignore_merges
            && let Some(id) = strings.find(word).filter(|&id| id < self.vocab_len)
        {
            out.push(id);
            return;
        }
        let mut symbols: Vec<Symbol> = word
            .iter()
            .enumerate()
            .filter_map(|(index, &byte)| {
                Some(Symbol {
                    id: self.bytes[byte as usize]?,
                    previous: index.checked_sub(1),
                    next: (index + 1 < word.len()).then_some(index + 1),
                    live: true,
                })
            })
            .collect();

        let mut queue = BinaryHeap::new();
        let candidate = |symbols: &[Symbol], left: usize, right: usize| {
            let pair = (symbols[left].id, symbols[right].id);
            self.merges
                .get(&pair)
                .map(|&(rank, joined)| Reverse((rank, left, right, pair, joined)))
        };
        for right in 1..symbols.len() {
            queue.extend(candidate(&symbols, right - 1, right));
        }
        while let Some(Reverse((_, left, right, pair, joined))) = queue.pop() {
            let current = symbols[left].next == Some(right)
                && symbols[left].live
                && (symbols[left].id, symbols[right].id) == pair;
            if !current {
                continue;
            }
            let (before, after) = (symbols[left].previous, symbols[right].next);
            symbols[left].id = joined;
            symbols[left].next = after;
            symbols[right].live = false;
            if let Some(after) = after {
                symbols[after].previous = Some(left);
                queue.extend(candidate(&symbols, left, after));
            }
            if let Some(before) = before {
                queue.extend(candidate(&symbols, before, left));
            }
        }

        for symbol in symbols.iter().filter(|symbol| symbol.live) {
            if symbol.id < self.vocab_len {
                out.push(symbol.id);
                continue;
            }
            // No token: its bytes one by one, and a byte without a token is lost, as in llama.cpp.
            let bytes = strings.get(symbol.id).iter();
            out.extend(
                bytes
                    .filter_map(|&byte| self.bytes[byte as usize])
                    .filter(|&id| id < self.vocab_len),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_forms_go_both_ways() {
        let mut seen = std::collections::HashSet::new();
        for byte in 0..=255 {
            assert!(seen.insert(printable(byte)));
            assert_eq!(byte_of(printable(byte)), Some(byte));
        }
        assert_eq!(printable(b' '), 'Ġ');
        assert_eq!(printable(b'\n'), 'Ċ');
        assert_eq!(decode("Ġa".as_bytes()), b" a");
        assert_eq!(decode("<a b>".as_bytes()), b"<a b>", "a space is no byte");
    }

    #[test]
    fn hostile_merges_end() {
        let mut strings = Strings::new(0);
        strings.intern(b"a");
        let merges: [&[u8]; 6] = [b"a a", b"aa a", b"a aa", b" ", b"a", b"aaa aaa"];
        let bpe = Bpe::new(&mut strings, merges.into_iter(), false);
        let mut out = Vec::new();
        bpe.encode(&strings, &[b'a'; 1000], &mut out);
        assert_eq!(out, [0; 1000], "what is no token falls back to bytes");
        out.clear();
        bpe.encode(&strings, b"xa", &mut out);
        assert_eq!(out, [0], "a byte without a token is lost");
    }
}
