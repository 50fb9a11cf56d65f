//! Finds special tokens in text: the longest at the first place where any begins.
//!
//! Cost per byte of text is bounded by the number of different lengths among the special tokens that begin
//! with that byte, at most [`MAX_LEN`], so neither a long text nor a hostile vocabulary makes it quadratic.

use std::collections::{HashMap, HashSet};

/// Special tokens longer than this are not looked for in text; real ones have some tens of bytes.
const MAX_LEN: usize = 256;

/// A piece of text, or a special token that stood in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Text(&'t str),
    Token(u32),
}

#[derive(Default)]
pub(super) struct Specials {
    /// Token by text, and whether it is found even where special tokens are not parsed.
    tokens: HashMap<Box<[u8]>, (u32, bool)>,
    /// Lengths of the tokens that begin with this byte, longest first.
    lengths: HashMap<u8, Vec<usize>>,
    /// The white space that follows these tokens is theirs.
    eaters: HashSet<u32>,
}

impl Specials {
    /// Adds a token. `always`: a "user defined" token, which is found whether or not the caller asks for
    /// special tokens (llama.cpp does so, too).
    pub(super) fn add(&mut self, text: &[u8], id: u32, always: bool) {
        let Some(&first) = text.first() else { return };
        if text.len() > MAX_LEN || std::str::from_utf8(text).is_err() {
            return;
        }
        self.tokens.entry(text.into()).or_insert((id, always));
        let lengths = self.lengths.entry(first).or_default();
        if let Err(at) = lengths.binary_search_by(|len| text.len().cmp(len)) {
            lengths.insert(at, text.len());
        }
    }

    /// Gives every token but these the white space that follows it.
    pub(super) fn eat_space_except(&mut self, plain: &[&[u8]]) {
        let tokens = self.tokens.iter();
        let eaters = tokens.filter(|(text, _)| !plain.contains(&&***text));
        self.eaters = eaters.map(|(_, (id, _))| *id).collect();
    }

    fn at(&self, rest: &[u8], parse: bool) -> Option<(u32, usize)> {
        for &len in self.lengths.get(rest.first()?)? {
            if let Some(&(id, always)) = rest.get(..len).and_then(|text| self.tokens.get(text))
                && (parse || always)
            {
                return Some((id, len));
            }
        }
        None
    }

    /// The places of all texts of tokens that are found only where special tokens are parsed, overlapping ones
    /// included: what is left after one of them is disguised must not be another.
    pub(super) fn find(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let control = |at: usize| {
            let rest = &text.as_bytes()[at..];
            let lengths = self.lengths.get(rest.first()?)?;
            lengths.iter().find_map(|&len| {
                let (_, always) = self.tokens.get(rest.get(..len)?)?;
                (!always).then_some(at..at + len)
            })
        };
        (0..text.len()).filter_map(control).collect()
    }

    /// Cuts a text at its special tokens; with `parse` unset, only at those that are always found.
    pub(super) fn split<'t>(&self, text: &'t str, parse: bool) -> Vec<Part<'t>> {
        let mut parts = Vec::new();
        let (mut start, mut at) = (0, 0);
        while at < text.len() {
            // A token is UTF-8, so it can only match where a character begins and ends.
            if let Some((id, len)) = self.at(&text.as_bytes()[at..], parse) {
                if start < at {
                    parts.push(Part::Text(&text[start..at]));
                }
                parts.push(Part::Token(id));
                at += len;
                if self.eaters.contains(&id) {
                    let rest = &text.as_bytes()[at..];
                    // As C's `isspace`: with the vertical tab, which Rust's ASCII white space lacks.
                    let space = |byte: &&u8| byte.is_ascii_whitespace() || **byte == 0x0b;
                    at += rest.iter().take_while(space).count();
                }
                start = at;
            } else {
                at += 1;
            }
        }
        if start < text.len() {
            parts.push(Part::Text(&text[start..]));
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_token_at_the_first_place_is_taken() {
        let mut specials = Specials::default();
        specials.add(b"<a>", 1, false);
        specials.add(b"<a>b", 2, false);
        specials.add("…".as_bytes(), 3, true);
        specials.add(b"", 4, true);
        let parts = specials.split("x<a>b<a>…y", true);
        assert_eq!(
            parts,
            [
                Part::Text("x"),
                Part::Token(2),
                Part::Token(1),
                Part::Token(3),
                Part::Text("y")
            ]
        );
        assert_eq!(
            specials.split("x<a>b…", false),
            [Part::Text("x<a>b"), Part::Token(3)]
        );
        assert!(specials.split("", true).is_empty());
        assert_eq!(specials.find("x<a>b…<a>"), [1..5, 8..11]);
        specials.add(b"a>b", 5, false);
        assert_eq!(specials.find("<a>b"), [0..4, 1..4]);
        specials.eat_space_except(&[b"<a>b"]);
        let parts = specials.split("<a> \n x<a>b y", true);
        let expected = [
            Part::Token(1),
            Part::Text("x"),
            Part::Token(2),
            Part::Text(" y"),
        ];
        assert_eq!(parts, expected);
    }
}
