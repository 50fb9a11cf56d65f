//! The grammar of member names. Names are built from a fixed grammar instead of being cleaned: so an
//! absolute path, `..`, a backslash, NUL, a name that differs from another only in case, `CON`, non-ASCII
//! and very long names cannot be written down at all.
//!
//! ```text
//! 00-HEAD  00-HEAD.sig  01-MANIFEST.cbor  01-MANIFEST.sha256  99-PAD
//! trust/LEAF  acks/LEAF     LEAF = 4 digits, then "-" or ".", then 1 to 60 of [a-z0-9.-], ending in [a-z0-9],
//!                                  no two dots in a row
//! records/NNNN.cborseq.zst
//! adapters/HASH[.NNN]  docs/HASH[.NNN]  blobs/HASH[.NNN]
//!                           HASH = 64 lower-case hex digits: BLAKE3 of the whole content; NNN only if it
//!                                  has more than one part, from 000
//! ```
//!
//! A leaf starts with four digits, so it is no device name of any system.

use data_encoding::HEXLOWER;

/// `00-HEAD`.
pub const HEAD: &str = "00-HEAD";
/// `00-HEAD.sig`.
pub const SIGNATURE: &str = "00-HEAD.sig";
/// `01-MANIFEST.cbor`.
pub const MANIFEST: &str = "01-MANIFEST.cbor";
/// `01-MANIFEST.sha256`.
pub const SUMS: &str = "01-MANIFEST.sha256";
/// `99-PAD`.
pub const PAD: &str = "99-PAD";

/// Where a member stands; the order of the variants is the order in the tar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Head,
    Signature,
    Manifest,
    Sums,
    Trust,
    Acks,
    Records,
    Adapter,
    Document,
    Blob,
    Pad,
}

/// A name taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// Where it stands.
    pub class: Class,
    /// For adapters, documents and blobs: BLAKE3 of the whole content.
    pub content: Option<[u8; 32]>,
    /// For a content of several parts: which one.
    pub part: Option<u16>,
}

/// Takes a name apart; `None` if it is not in the grammar.
pub fn parse(name: &str) -> Option<Name> {
    let plain = |class| Name {
        class,
        content: None,
        part: None,
    };
    match name {
        HEAD => return Some(plain(Class::Head)),
        SIGNATURE => return Some(plain(Class::Signature)),
        MANIFEST => return Some(plain(Class::Manifest)),
        SUMS => return Some(plain(Class::Sums)),
        PAD => return Some(plain(Class::Pad)),
        _ => {}
    }
    let (folder, leaf) = name.split_once('/')?;
    match folder {
        "trust" if is_leaf(leaf) => Some(plain(Class::Trust)),
        "acks" if is_leaf(leaf) => Some(plain(Class::Acks)),
        "records" => {
            let digits = leaf.strip_suffix(".cborseq.zst")?;
            (digits.len() == 4 && is_digits(digits)).then(|| plain(Class::Records))
        }
        "adapters" => content(Class::Adapter, leaf),
        "docs" => content(Class::Document, leaf),
        "blobs" => content(Class::Blob, leaf),
        _ => None,
    }
}

/// The name of a records member.
pub fn records(number: usize) -> String {
    format!("records/{number:04}.cborseq.zst")
}

/// The name of a content's member; `None` for a class that holds no contents.
pub fn part(class: Class, hash: &[u8; 32], part: Option<u16>) -> Option<String> {
    let folder = match class {
        Class::Adapter => "adapters",
        Class::Document => "docs",
        Class::Blob => "blobs",
        _ => return None,
    };
    let hash = HEXLOWER.encode(hash);
    Some(match part {
        None => format!("{folder}/{hash}"),
        Some(part) => format!("{folder}/{hash}.{part:03}"),
    })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_leaf(leaf: &str) -> bool {
    let Some((digits, rest)) = leaf.split_at_checked(4) else {
        return false;
    };
    let Some(tail) = rest.strip_prefix(['-', '.']) else {
        return false;
    };
    let fine = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase();
    is_digits(digits)
        && (1..=60).contains(&tail.len())
        && tail.bytes().all(|b| fine(b) || b == b'.' || b == b'-')
        && tail.bytes().next_back().is_some_and(fine)
        && !rest.contains("..")
}

fn content(class: Class, leaf: &str) -> Option<Name> {
    let (hash, number) = match leaf.split_once('.') {
        None => (leaf, None),
        Some((hash, digits)) if digits.len() == 3 && is_digits(digits) => {
            (hash, Some(digits.parse().ok()?))
        }
        Some(_) => return None,
    };
    let hash = HEXLOWER.decode(hash.as_bytes()).ok()?;
    Some(Name {
        class,
        content: Some(hash.try_into().ok()?),
        part: number,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_grammar_are_taken() {
        let hash = [0xab; 32];
        for (name, class) in [
            (HEAD, Class::Head),
            (SIGNATURE, Class::Signature),
            (MANIFEST, Class::Manifest),
            (SUMS, Class::Sums),
            ("trust/0000-genesis.cose", Class::Trust),
            ("trust/0001.cborseq", Class::Trust),
            ("acks/0003-a.b-c.cose", Class::Acks),
            (PAD, Class::Pad),
        ] {
            assert_eq!(parse(name).map(|n| n.class), Some(class), "{name}");
        }
        assert_eq!(parse(&records(12)).map(|n| n.class), Some(Class::Records));
        for class in [Class::Adapter, Class::Document, Class::Blob] {
            for number in [None, Some(0), Some(999)] {
                let name = part(class, &hash, number).unwrap();
                let expected = Name {
                    class,
                    content: Some(hash),
                    part: number,
                };
                assert_eq!(parse(&name), Some(expected), "{name}");
            }
        }
    }

    #[test]
    fn every_other_name_is_refused() {
        let hex = "ab".repeat(32);
        let long = format!("trust/0000-{}", "a".repeat(61));
        for name in [
            "",
            "/",
            "00-head",
            "/00-HEAD",
            "./00-HEAD",
            "../00-HEAD",
            "00-HEAD/",
            "00-HEAD\0",
            "trust/",
            "trust//0000-a",
            "trust/../0000-a",
            "trust/0000-..",
            "trust/0000-a..b",
            "trust/0000-a.",
            "trust/0000-A",
            "trust/0000-a b",
            "trust/0000-a/b",
            "trust/0000-a\\b",
            "trust/0000-é",
            "trust/0000",
            "trust/0000-",
            "trust/000-a",
            "trust/con",
            "trust/CON",
            "trust/.ssh",
            "C:\\x",
            "records/1.cborseq.zst",
            "records/00001.cborseq.zst",
            "records/000a.cborseq.zst",
            "records/0001.cborseq",
            &long,
            &format!("blobs/{}", &hex[2..]),
            &format!("blobs/{}", hex.to_uppercase()),
            &format!("blobs/{hex}.00"),
            &format!("blobs/{hex}.0000"),
            &format!("blobs/{hex}.+01"),
            &format!("blobs/{hex}.001.x"),
            &format!("other/{hex}"),
        ] {
            assert_eq!(parse(name), None, "{name:?}");
        }
    }
}
