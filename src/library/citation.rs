//! How a quotation is named: whose words, from where, exactly which bytes.
//!
//! A citation must let a person find the place again and let nobody pass words off as another's. So it
//! always has the document's title, the section's heading path, the origin, the blob's hash and the
//! byte range. Titles, headings and origins were written by others: what a [`Citation`] displays is
//! one line without control or direction characters, so that a shared document can neither colour the
//! terminal nor reorder what stands beside it.

use std::fmt;
use std::ops::Range;

use super::{Hit, Shelf};

/// Joins the parts of a heading path.
pub const PATH_JOINT: &str = " \u{203a} ";

/// The place that a quotation comes from. `Display` gives all of it on one line; [`Citation::name`]
/// is the short form for a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Title of the document.
    pub title: String,
    /// Heading path within it, joined by [`PATH_JOINT`]; empty in plain text.
    pub heading: String,
    /// Whom it came from.
    pub origin: String,
    /// Which shelf it stands on.
    pub shelf: Shelf,
    /// BLAKE3 of the document.
    pub blob: [u8; 32],
    /// Bytes of the document's text.
    pub range: Range<u64>,
}

impl Citation {
    /// Title and heading path on one line, the title not said twice.
    #[must_use]
    pub fn name(&self) -> String {
        let below = self
            .heading
            .strip_prefix(self.title.as_str())
            .filter(|rest| rest.is_empty() || rest.starts_with(PATH_JOINT))
            .map_or(self.heading.as_str(), |rest| {
                rest.strip_prefix(PATH_JOINT).unwrap_or(rest)
            });
        let joint = if below.is_empty() { "" } else { PATH_JOINT };
        printable_line(&format!("{}{joint}{below}", self.title)).into_owned()
    }
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = printable_line(&self.origin);
        // Twelve hex digits are for recognising; the full hash is in the JSON.
        let blob: String = data_encoding::HEXLOWER
            .encode(&self.blob)
            .chars()
            .take(12)
            .collect();
        let Range { start, end } = self.range;
        write!(f, "{} ({origin}; {blob}, bytes {start}-{end})", self.name())
    }
}

impl From<&Hit> for Citation {
    fn from(hit: &Hit) -> Self {
        Self {
            title: hit.title.clone(),
            heading: hit.heading.clone(),
            origin: hit.origin.clone(),
            shelf: hit.shelf,
            blob: hit.blob,
            range: hit.range.clone(),
        }
    }
}

pub use crate::record::foreign::{
    harmless_line as printable_line, harmless_text as printable_text,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::foreign::is_active;
    use proptest::prelude::*;

    fn citation(title: &str, heading: &str, origin: &str) -> Citation {
        Citation {
            title: title.to_owned(),
            heading: heading.to_owned(),
            origin: origin.to_owned(),
            shelf: Shelf::Private,
            blob: [0xab; 32],
            range: 5..17,
        }
    }

    #[test]
    fn it_names_the_place() {
        let full = citation("Water", "Wells › Depth", "local");
        assert_eq!(
            full.to_string(),
            "Water › Wells › Depth (local; abababababab, bytes 5-17)"
        );
        assert_eq!(citation("Water", "", "x").name(), "Water");
        assert_eq!(citation("Water", "Water", "x").name(), "Water");
        assert_eq!(
            citation("Water", "Water › Wells", "x").name(),
            "Water › Wells"
        );
        assert_eq!(
            citation("Water", "Waterfalls", "x").name(),
            "Water › Waterfalls"
        );
    }

    #[test]
    fn foreign_labels_are_harmless() {
        let evil = citation("\u{1b}[31mred\u{202e}", "a\nb\tc", "me\r\u{7}");
        assert_eq!(
            evil.to_string(),
            "\u{fffd}[31mred\u{fffd} › a\u{fffd}b c (me\u{fffd}\u{fffd}; abababababab, bytes 5-17)"
        );
        assert_eq!(printable_text("a\r\nb\tc\u{1b}"), "a\nb\tc\u{fffd}");
    }

    proptest! {
        #[test]
        fn a_line_is_a_line(text in any::<String>()) {
            let line = printable_line(&text);
            prop_assert!(!line.chars().any(is_active));
            prop_assert_eq!(printable_line(&line), line.as_ref());
        }
    }
}
