//! Text that somebody else chose: names, titles, reasons, sources. Wherever a person or a program reads it, it goes through
//! `Foreign`, which quotes it, cuts it and makes harmless what would steer a terminal, begin a line of its own, change the
//! direction of writing, or stand there unseen. Nothing that a stranger chose can look like a sentence of ours.

use std::borrow::Cow;
use std::fmt;

/// Columns of a name, at most.
pub const NAME: usize = 32;

/// Text from others, to be shown inside of a sentence or a log: quoted, cut, harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign<'a> {
    text: Cow<'a, str>,
    columns: usize,
}

impl<'a> Foreign<'a> {
    /// A name: at most `NAME` columns.
    pub fn name(text: impl Into<Cow<'a, str>>) -> Self {
        Self::wide(text, NAME)
    }

    /// A title or a reason, of at most so many columns.
    pub fn wide(text: impl Into<Cow<'a, str>>, columns: usize) -> Self {
        let text = text.into();
        Self { text, columns }
    }

    /// The same without quotation marks, for a column of a table or a field of its own.
    pub fn bare(&self) -> String {
        cut(
            &without_fingerprint(&harmless_line(&self.text)),
            self.columns,
        )
    }
}

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Quotation marks of its own would end ours.
        let inner = self.bare();
        let inner = inner.replace(['“', '”', '「', '」', '"'], "'");
        write!(to, "“{inner}”")
    }
}

/// Names one after the other, each quoted.
pub fn listed<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names = names.into_iter();
    let quoted = names.map(|name| Foreign::name(name.as_ref()).to_string());
    quoted.collect::<Vec<_>>().join(", ")
}

/// Whether a text is, or contains, groups as those of a fingerprint, four characters of Crockford's base32 with a line
/// between them: three of them, or two with a digit, since names are spelled like that too.
pub fn like_fingerprint(text: &str) -> bool {
    fingerprint_at(text).is_some()
}

/// Where fingerprint-like groups begin in a text.
fn fingerprint_at(text: &str) -> Option<usize> {
    let symbol = |byte: &u8| {
        let byte = byte.to_ascii_lowercase();
        byte.is_ascii_digit()
            || (byte.is_ascii_lowercase() && !matches!(byte, b'i' | b'l' | b'o' | b'u'))
    };
    let bytes = text.as_bytes();
    let group = |at: usize| {
        bytes
            .get(at..at + 4)
            .is_some_and(|group| group.iter().all(symbol))
    };
    (0..bytes.len()).find(|&at| {
        let begins = at == 0 || bytes.get(at - 1).is_none_or(|byte| !symbol(byte));
        let ends = |at: usize| bytes.get(at).is_none_or(|byte| !symbol(byte));
        let next = |at: usize| bytes.get(at) == Some(&b'-') && group(at + 1);
        let two = begins && group(at) && next(at + 4) && ends(at + 9);
        let pair = bytes.get(at..at + 9).unwrap_or_default();
        let digits = pair.iter().any(u8::is_ascii_digit);
        two && (digits || (next(at + 9) && ends(at + 14)))
    })
}

/// A name with a fingerprint in it ends before that. One that is nothing but a whole fingerprint is what okibi itself calls
/// a member without a name.
fn without_fingerprint(text: &str) -> Cow<'_, str> {
    const WHOLE: usize = 39;
    match fingerprint_at(text) {
        Some(0)
            if text.len() == WHOLE
                && text.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric()) =>
        {
            Cow::Borrowed(text)
        }
        Some(at) => Cow::Owned(format!("{}…", text.get(..at).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

/// The beginning of a text, so that it takes at most so many columns.
fn cut(text: &str, columns: usize) -> String {
    let mut used = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        used += width(c);
        if used > columns {
            return format!("{}…", text.get(..end).unwrap_or_default());
        }
        // With the ellipsis behind it, it must still fit.
        if used < columns {
            end = at + c.len_utf8();
        }
    }
    text.to_owned()
}

/// Columns of a character, never less than it takes: East Asian scripts and everything beyond them count double.
fn width(c: char) -> usize {
    match u32::from(c) {
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f000.. => 2,
        _ => 1,
    }
}

/// `text` as one harmless line: control characters, line breaks, characters that change the direction of writing and such
/// as stand there unseen become U+FFFD, tabs a space.
#[must_use]
pub fn harmless_line(text: &str) -> Cow<'_, str> {
    harmless(text, false)
}

/// `text` harmless over several lines: as [`harmless_line`], but line feeds and tabs stay, and a carriage return before a
/// line feed goes.
#[must_use]
pub fn harmless_text(text: &str) -> Cow<'_, str> {
    harmless(text, true)
}

fn harmless(text: &str, lines: bool) -> Cow<'_, str> {
    let is_kept = |c: char| !is_active(c) || (lines && matches!(c, '\n' | '\t'));
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let source = if lines {
        Cow::Owned(text.replace("\r\n", "\n"))
    } else {
        Cow::Borrowed(text)
    };
    let replaced = source
        .chars()
        .map(|c| match c {
            c if is_kept(c) => c,
            '\t' => ' ',
            _ => char::REPLACEMENT_CHARACTER,
        })
        .collect();
    Cow::Owned(replaced)
}

/// Characters that act instead of showing: C0, C1, DEL, line and paragraph separators, the bidirectional marks,
/// embeddings, overrides and isolates (Unicode TR 9), and what has no width and joins nothing: zero width space, word
/// joiner, byte order mark, soft hyphen, interlinear marks, tags.
pub fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// JSON with nothing in it but printable ASCII: every other character as `\uXXXX`, which means the same.
pub fn ascii_json(json: &str) -> Cow<'_, str> {
    let plain = |c: char| matches!(c, ' '..='~');
    if json.chars().all(plain) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if plain(c) {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_quoted_cut_and_no_sentence() {
        let shown = |text: &str| Foreign::name(text).to_string();
        assert_eq!(shown("bob"), "“bob”");
        assert_eq!(
            shown("a\u{1b}[2J\nokibi: b"),
            "“a\u{fffd}[2J\u{fffd}okibi: b”"
        );
        assert_eq!(shown("garden”, founded by me"), "“garden', founded by me”");
        let print = "7zpb-4kqt-90hs-w2mn-7zpb-4kqt-90hs-hb14";
        assert_eq!(shown(&format!("garden {print}")), "“garden …”");
        assert_eq!(shown(print), format!("“{}…”", &print[..31]));
        assert_eq!(Foreign::wide(print, 39).bare(), print);
        assert_eq!(shown(&"x".repeat(40)), format!("“{}…”", "x".repeat(31)));
        assert_eq!(shown(&"火".repeat(40)), format!("“{}…”", "火".repeat(15)));
        assert_eq!(listed(["a, b", "c"]), "“a, b”, “c”");
    }

    #[test]
    fn fingerprints_are_told_from_words() {
        for text in [
            "7zpb-4kqt",
            "x 7ZPB-4KQT y",
            "(7zpb-4kqt-90hs)",
            "mary-anne-kate",
        ] {
            assert!(like_fingerprint(text), "{text}");
        }
        for text in [
            "bob",
            "mary-anne",
            "2026-11-30",
            "well-known-name",
            "7zpb-4kqtx",
            "",
        ] {
            assert!(!like_fingerprint(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_acts(text in any::<String>(), columns in 1_usize..80) {
            let shown = Foreign::wide(text.as_str(), columns).to_string();
            prop_assert!(!shown.chars().any(is_active));
            prop_assert!(shown.chars().map(width).sum::<usize>() <= columns + 2);
            prop_assert!(shown.starts_with('“') && shown.ends_with('”'));
            prop_assert_eq!(shown.matches(['“', '”']).count(), 2);
        }

        #[test]
        fn json_says_the_same_in_ascii(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let ascii = ascii_json(&json);
            prop_assert!(ascii.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(serde_json::from_str::<String>(&ascii).unwrap(), text);
        }
    }
}
