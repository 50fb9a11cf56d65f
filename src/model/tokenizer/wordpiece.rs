//! The `bert` kind: WordPiece (Schuster and Nakajima 2012; Devlin et al. 2019), as BERT's uncased models use
//! it.
//!
//! Text is taken apart into words at white space, punctuation and Chinese characters, without accents and in
//! lower case; each word is then covered from its left by the longest tokens that there are. A word that cannot
//! be covered is unknown as a whole, and so is one of more than a hundred characters (as BERT has it), which
//! also bounds the time: a word takes at most so many look-ups from each of its places.

use std::sync::OnceLock;

use fancy_regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::SPACE_MARK;
use super::strings::Strings;

/// Characters of the longest word that is looked up (BERT's `max_input_chars_per_word`).
const MAX_WORD: usize = 100;

pub(super) struct WordPiece {
    pub(super) unknown: Option<u32>,
    /// Bytes of the longest token.
    pub(super) longest: usize,
    /// Capitals become small letters (uncased models).
    pub(super) lowercase: bool,
    /// Marks are left out.
    pub(super) strip_accents: bool,
}

/// What a character is to BERT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Space,
    /// Left out: control and format characters.
    Nothing,
    /// An accent.
    Mark,
    /// A word of its own.
    Alone,
    Letter,
}

fn class(character: char) -> Class {
    if character.is_whitespace() {
        return Class::Space;
    }
    if character.is_ascii() {
        return match character {
            c if c.is_ascii_control() => Class::Nothing,
            c if c.is_ascii_punctuation() => Class::Alone,
            _ => Class::Letter,
        };
    }
    // Chinese characters as in the tokenizers that published models are used with: the blocks of unified and
    // compatibility ideographs, less the first of extension E (a slip there that is part of the models now).
    let chinese = matches!(character as u32,
        0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x2a6df
        | 0x2a700..=0x2b73f | 0x2b740..=0x2b81f | 0x2b920..=0x2ceaf | 0x2f800..=0x2fa1f);
    if chinese || matches(r"\A\p{P}", character) {
        return Class::Alone;
    }
    if matches(r"\A\p{Mn}", character) {
        return Class::Mark;
    }
    match character == char::REPLACEMENT_CHARACTER || matches(r"\A\p{C}", character) {
        true => Class::Nothing,
        false => Class::Letter,
    }
}

/// Whether a character is of one of the classes that the standard library does not know.
fn matches(pattern: &'static str, character: char) -> bool {
    static PUNCTUATION: OnceLock<Option<Regex>> = OnceLock::new();
    static MARK: OnceLock<Option<Regex>> = OnceLock::new();
    static NOTHING: OnceLock<Option<Regex>> = OnceLock::new();
    let regex = match pattern {
        r"\A\p{P}" => &PUNCTUATION,
        r"\A\p{Mn}" => &MARK,
        _ => &NOTHING,
    };
    let regex = regex.get_or_init(|| Regex::new(pattern).ok());
    let mut buffer = [0; 4];
    let text: &str = character.encode_utf8(&mut buffer);
    // A pattern without look-around cannot fail.
    regex
        .as_ref()
        .is_some_and(|regex| regex.is_match(text).unwrap_or(false))
}

impl WordPiece {
    /// Appends the tokens of `text`.
    pub(super) fn encode(&self, vocab: &Strings, text: &str, out: &mut Vec<u32>) {
        let mut word = String::new();
        let taken_apart: Box<dyn Iterator<Item = char>> = match self.strip_accents {
            true => Box::new(text.nfd()),
            false => Box::new(text.chars()),
        };
        for character in taken_apart {
            match class(character) {
                Class::Letter if self.lowercase => word.extend(character.to_lowercase()),
                Class::Letter => word.push(character),
                Class::Mark if self.strip_accents => {}
                Class::Mark => word.push(character),
                Class::Nothing => {}
                Class::Space => self.word(vocab, &mut word, out),
                Class::Alone => {
                    self.word(vocab, &mut word, out);
                    word.push(character);
                    self.word(vocab, &mut word, out);
                }
            }
        }
        self.word(vocab, &mut word, out);
    }

    /// Appends the tokens of one word and empties it.
    fn word(&self, vocab: &Strings, word: &mut String, out: &mut Vec<u32>) {
        if word.is_empty() {
            return;
        }
        let begin = out.len();
        // In these files a mark stands before what begins a word, instead of `##` before what does not.
        let marked = format!("{SPACE_MARK}{word}");
        let mut covered = word.chars().count() <= MAX_WORD;
        let mut rest = marked.as_str();
        while covered && !rest.is_empty() {
            let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
            let ends: Vec<usize> = ends.take_while(|&end| end <= self.longest).collect();
            let found = ends.iter().rev().find_map(|&end| {
                let id = vocab.find(&rest.as_bytes()[..end])?;
                Some((id, end))
            });
            match found {
                Some((id, end)) => {
                    out.push(id);
                    rest = &rest[end..];
                }
                None => covered = false,
            }
        }
        if !covered {
            out.truncate(begin);
            out.extend(self.unknown);
        }
        word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_covered_from_the_left() {
        let mut vocab = Strings::new(0);
        for token in [
            "?",
            "\u{2581}a",
            "\u{2581}ab",
            "c",
            "cd",
            "\u{2581}熾",
            "\u{2581}!",
        ] {
            vocab.intern(token.as_bytes());
        }
        let wordpiece = WordPiece {
            unknown: Some(0),
            longest: 6,
            lowercase: true,
            strip_accents: true,
        };
        let encode = |text: &str| {
            let mut out = Vec::new();
            wordpiece.encode(&vocab, text, &mut out);
            out
        };
        assert_eq!(encode("abcd ÁB!"), [2, 4, 2, 6]);
        assert_eq!(encode("a熾c"), [1, 5, 0], "c begins no word");
        assert_eq!(encode("a\u{200d}b\tab\u{301}"), [2, 2]);
        assert_eq!(encode("abx"), [0], "unknown as a whole");
        assert_eq!(encode(&format!("a{}", "c".repeat(100))), [0], "too long");
        assert!(encode("").is_empty());
        let cased = WordPiece {
            lowercase: false,
            strip_accents: false,
            ..wordpiece
        };
        let mut out = Vec::new();
        cased.encode(&vocab, "ab AB a\u{301}", &mut out);
        assert_eq!(out, [2, 0, 0], "cased models see capitals and accents");
    }
}
