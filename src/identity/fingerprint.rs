//! What people compare: the fingerprint of a root key, and words for reading aloud.

use data_encoding::{Encoding, Specification};
use unicode_normalization::UnicodeNormalization;

use crate::record::RootKey;

/// Bytes of a fingerprint: 160 bits, out of reach for a second preimage.
const FINGERPRINT_BYTES: usize = 20;
/// Words that stand for at least 64 bits: 6 x 11.
const WORDS: usize = 6;

/// The fingerprint of a root key: 160 bits of its BLAKE3 in Crockford's base32, in eight groups of four.
pub fn fingerprint(root: &RootKey) -> String {
    let digest = digest(root);
    let text = crockford().encode(&digest[..FINGERPRINT_BYTES]);
    let groups: Vec<&str> = (0..text.len())
        .step_by(4)
        .filter_map(|at| text.get(at..at + 4))
        .collect();
    groups.join("-")
}

/// Which list the words are taken from (BIP-39's lists: 2,048 words each, told apart by their first letters).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    English,
    Japanese,
}

/// Six words, 66 bits of the same digest as the fingerprint's.
pub fn words(root: &RootKey, list: Words) -> [String; WORDS] {
    words_of(&digest(root), list)
}

/// Six words, the first 66 bits of a digest: what two people compare.
pub fn words_of(digest: &[u8; 32], list: Words) -> [String; WORDS] {
    let list = match list {
        Words::English => bip39::Language::English,
        Words::Japanese => bip39::Language::Japanese,
    }
    .word_list();
    std::array::from_fn(|word| {
        let index = (0..11).fold(0_usize, |index, bit| {
            let at = word * 11 + bit;
            index << 1 | usize::from(digest[at / 8] >> (7 - at % 8) & 1)
        });
        // BIP-39 keeps its lists decomposed; people and fonts expect composed characters.
        list[index].nfc().collect()
    })
}

fn digest(root: &RootKey) -> [u8; 32] {
    blake3::derive_key("okibi 2026 fingerprint v1", &root.0)
}

/// Crockford's base32 alphabet in lower case: no i, l, o, u.
fn crockford() -> Encoding {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("0123456789abcdefghjkmnpqrstvwxyz");
    // The alphabet is a constant of 32 distinct ASCII characters, so the specification is valid.
    specification
        .encoding()
        .unwrap_or(data_encoding::BASE32_NOPAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        let root = RootKey([7; 32]);
        assert_eq!(
            fingerprint(&root),
            "cd4t-tyt8-mwvq-2fv1-pmcv-f8ew-t37h-h1q1"
        );
        assert_eq!(
            words(&root, Words::English).join(" "),
            "globe estate gain mule inflict review"
        );
        assert_eq!(
            words(&root, Words::Japanese).join(" "),
            "したぎ ごうほう さゆう たんのう せあぶら ねっしん"
        );
    }

    #[test]
    fn shape() {
        let print = fingerprint(&RootKey([1; 32]));
        assert_eq!(print.len(), 39);
        assert!(
            print
                .chars()
                .all(|c| c == '-' || c.is_ascii_lowercase() || c.is_ascii_digit())
        );
    }
}
