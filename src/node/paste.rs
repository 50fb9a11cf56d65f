//! Text as people save, paste and mail it: with byte order marks, in UTF-16, wrapped, quoted, in another form of
//! Unicode. What means the same is read as the same.

use unicode_normalization::UnicodeNormalization as _;

use crate::identity::{CardError, KeyCard};

/// The text of some bytes: UTF-8 or UTF-16, with a byte order mark or without one.
///
/// None: it is neither.
pub fn text(bytes: &[u8]) -> Option<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok())?
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

/// A passphrase in the form that is used: composed (NFC, as RFC 8265 has it for passwords), without the byte order
/// mark that an editor writes.
pub fn passphrase(typed: &str) -> String {
    typed.trim_start_matches('\u{feff}').nfc().collect()
}

/// A key card in a text that may hold more: it may be wrapped or quoted, and words may stand before and behind it.
///
/// # Errors
/// As [`KeyCard::parse`], of the text from the card's beginning on.
pub fn card(pasted: &str) -> Result<KeyCard, CardError> {
    let Some(start) = pasted.find("okibi-card-") else {
        return KeyCard::parse(pasted);
    };
    let mut whole = String::new();
    let mut first = None;
    for line in pasted[start..].lines() {
        let line = line.trim_start_matches(['>', ' ', '\t']).trim_end();
        // A soft line break of quoted-printable mail.
        whole.push_str(line.strip_suffix('=').unwrap_or(line));
        whole.retain(|c| !c.is_whitespace());
        match KeyCard::parse(&whole) {
            // The checksum tells where it ends.
            Err(CardError::Damaged) => first = first.or(Some(CardError::Damaged)),
            decided => return decided,
        }
    }
    Err(first.unwrap_or(CardError::Damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_however_it_was_saved() {
        for bytes in [
            b"caf\xc3\xa9".as_slice(),
            b"\xef\xbb\xbfcaf\xc3\xa9",
            b"\xff\xfec\0a\0f\0\xe9\0",
            b"\xfe\xff\0c\0a\0f\0\xe9",
        ] {
            assert_eq!(text(bytes).as_deref(), Some("café"));
        }
        assert_eq!(text(b"\xff\xfec"), None);
        assert_eq!(text(b"\xff"), None);
    }

    #[test]
    fn a_passphrase_is_the_same_in_any_form() {
        assert_eq!(passphrase("e\u{301}cole \u{30ab}\u{3099}"), "école ガ");
        assert_eq!(passphrase("\u{feff}école"), "école");
    }

    #[test]
    fn other_text_is_no_card() {
        assert_eq!(card("hello"), Err(CardError::Prefix));
        assert_eq!(
            card("> okibi-card-1:AAAA\n> and more"),
            Err(CardError::Damaged)
        );
        assert_eq!(card("okibi-card-2:AAAA"), Err(CardError::Newer));
    }
}
