//! `00-HEAD`: who wrote this bundle, for whom, after which, and what its manifest must be. Lines of
//! `key: value`, each ended by one LF, UTF-8 without anything outside printable ASCII, in this order:
//!
//! ```text
//! okibi-bundle: 1
//! reader: 1
//! bundle: <64 lower-case hex digits, random>
//! circle: <64 hex: the id of the circle, which is that of its genesis record>
//! certificate: <base64 with padding of the signer's certificate statement, or "-" for none>
//! sequence: <decimal, no leading zero, at most 2^53 - 1>
//! previous: <64 hex: sha256 of the previous bundle's 00-HEAD> or "none"
//! standalone: yes|no
//! recipient: <64 hex hint> <base64 with padding of the sealed token>      1 to 128 lines
//! manifest-sha256: <64 hex>
//! manifest-size: <decimal>
//! ```
//!
//! hint = BLAKE3 keyed with the bundle id, over the recipient's 32-byte X25519 receive key; no hint
//! stands twice. The sealed token is an age file of 16 random bytes for that one receive key. HEAD lies in
//! the age stream: only recipients read which circle it is. At most 64 KiB.
//!
//! Versions: the first two lines are read first. `reader` greater than ours is `Newer`, whatever
//! follows. In `okibi-bundle: 1` an unknown key, or another order, is refused; in a later format
//! whose `reader` we satisfy, lines with unknown keys are skipped and all else is the same.

use data_encoding::{BASE64, HEXLOWER};

use super::limits::{
    CERTIFICATE_BYTES, HEAD_BYTES, MANIFEST_BYTES, RECIPIENTS, SEALED_TOKEN_BYTES, SEQUENCE,
};
use super::{BundleError, FORMAT, READER};

/// One recipient's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// `hint(bundle, receive key)`.
    pub hint: [u8; 32],
    /// An age file for this recipient alone, of 16 random bytes.
    pub sealed: Vec<u8>,
}

/// What HEAD says. Nothing of it may be believed before its signature was verified and judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Format version.
    pub format: u64,
    /// Least reader version.
    pub reader: u64,
    /// The bundle's random id.
    pub bundle: [u8; 32],
    /// The id of the circle.
    pub circle: [u8; 32],
    /// The signer's certificate statement, opaque here; empty if the signer is known otherwise.
    pub certificate: Vec<u8>,
    /// The signer's running number of bundles.
    pub sequence: u64,
    /// sha256 of the HEAD before this one.
    pub previous: Option<[u8; 32]>,
    /// Nothing was left out as already known to the recipients.
    pub standalone: bool,
    /// For whom; 1 to 128.
    pub recipients: Vec<Recipient>,
    /// sha256 of `01-MANIFEST.cbor`.
    pub manifest_sha256: [u8; 32],
    /// Bytes of `01-MANIFEST.cbor`.
    pub manifest_size: u64,
}

/// What a recipient finds itself by: BLAKE3 keyed with the bundle id, over its receive key, or over what a
/// recipient from outside is named by.
pub fn hint(bundle: &[u8; 32], name: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(bundle, name).as_bytes()
}

const KEYS: [&str; 11] = [
    "okibi-bundle",
    "reader",
    "bundle",
    "circle",
    "certificate",
    "sequence",
    "previous",
    "standalone",
    "recipient",
    "manifest-sha256",
    "manifest-size",
];

impl Head {
    /// The one encoding.
    pub fn encode(&self) -> Vec<u8> {
        let hex = |bytes: &[u8; 32]| HEXLOWER.encode(bytes);
        let mut text = String::new();
        let mut line = |key: &str, value: &str| {
            text.push_str(key);
            text.push_str(": ");
            text.push_str(value);
            text.push('\n');
        };
        line("okibi-bundle", &self.format.to_string());
        line("reader", &self.reader.to_string());
        line("bundle", &hex(&self.bundle));
        line("circle", &hex(&self.circle));
        if self.certificate.is_empty() {
            line("certificate", "-");
        } else {
            line("certificate", &BASE64.encode(&self.certificate));
        }
        line("sequence", &self.sequence.to_string());
        match &self.previous {
            Some(hash) => line("previous", &hex(hash)),
            None => line("previous", "none"),
        }
        line("standalone", if self.standalone { "yes" } else { "no" });
        for recipient in &self.recipients {
            let value = format!(
                "{} {}",
                hex(&recipient.hint),
                BASE64.encode(&recipient.sealed)
            );
            line("recipient", &value);
        }
        line("manifest-sha256", &hex(&self.manifest_sha256));
        line("manifest-size", &self.manifest_size.to_string());
        text.into_bytes()
    }

    /// Reads HEAD; `BundleError::Newer` or `BundleError::Head`.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        use BundleError::Head as Bad;
        if bytes.len() as u64 > HEAD_BYTES {
            return Err(Bad("larger than 64 KiB"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Bad("not UTF-8"))?;
        if !text
            .bytes()
            .all(|b| b == b'\n' || (b' '..=b'~').contains(&b))
        {
            return Err(Bad("a byte outside printable ASCII"));
        }
        let body = text
            .strip_suffix('\n')
            .ok_or(Bad("no line feed at the end"))?;
        let mut lines = Vec::new();
        for line in body.split('\n') {
            let pair = line
                .split_once(": ")
                .ok_or(Bad("a line is no \"key: value\""))?;
            lines.push(pair);
        }
        let format = number(&lines, 0, "okibi-bundle")?;
        let reader = number(&lines, 1, "reader")?;
        if format == 0 || reader == 0 || reader > format {
            return Err(Bad("impossible version"));
        }
        if reader > READER {
            return Err(BundleError::Newer { needs: reader });
        }
        if format > FORMAT {
            lines.retain(|(key, _)| KEYS.contains(key));
        }
        let mut lines = lines.into_iter().skip(2).peekable();
        let mut next = |key: &str| match lines.next_if(|(found, _)| *found == key) {
            Some((_, value)) => Ok(value),
            None => Err(Bad("a key is unknown, missing or out of order")),
        };
        let bundle = hash(next("bundle")?)?;
        let circle = hash(next("circle")?)?;
        let certificate = match next("certificate")? {
            "-" => Vec::new(),
            value => base64(value, CERTIFICATE_BYTES)?,
        };
        let sequence = decimal(next("sequence")?)?;
        if sequence > SEQUENCE {
            return Err(Bad("sequence too large"));
        }
        let previous = match next("previous")? {
            "none" => None,
            value => Some(hash(value)?),
        };
        let standalone = match next("standalone")? {
            "yes" => true,
            "no" => false,
            _ => return Err(Bad("standalone is neither yes nor no")),
        };
        let mut recipients: Vec<Recipient> = Vec::new();
        let mut value = Some(next("recipient")?);
        while let Some(line) = value {
            if recipients.len() == RECIPIENTS {
                return Err(Bad("more than 128 recipients"));
            }
            let (hint, sealed) = line
                .split_once(' ')
                .ok_or(Bad("a recipient has two parts"))?;
            let hint = hash(hint)?;
            if recipients.iter().any(|known| known.hint == hint) {
                return Err(Bad("a recipient stands twice"));
            }
            let sealed = base64(sealed, SEALED_TOKEN_BYTES)?;
            recipients.push(Recipient { hint, sealed });
            value = next("recipient").ok();
        }
        let manifest_sha256 = hash(next("manifest-sha256")?)?;
        let manifest_size = decimal(next("manifest-size")?)?;
        if manifest_size > MANIFEST_BYTES {
            return Err(Bad("manifest larger than 16 MiB"));
        }
        if lines.next().is_some() {
            return Err(Bad("a key is unknown, missing or out of order"));
        }
        Ok(Self {
            format,
            reader,
            bundle,
            circle,
            certificate,
            sequence,
            previous,
            standalone,
            recipients,
            manifest_sha256,
            manifest_size,
        })
    }

    /// The place of a recipient, found by its receive key or other name.
    pub fn recipient(&self, name: &[u8]) -> Option<usize> {
        let hint = hint(&self.bundle, name);
        self.recipients.iter().position(|r| r.hint == hint)
    }
}

fn number(lines: &[(&str, &str)], at: usize, key: &str) -> Result<u64, BundleError> {
    match lines.get(at) {
        Some((found, value)) if *found == key => decimal(value),
        _ => Err(BundleError::Head("the first lines are not the versions")),
    }
}

/// A decimal number of one form: digits only, no leading zero.
fn decimal(text: &str) -> Result<u64, BundleError> {
    let bad = BundleError::Head("a number is malformed");
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad);
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(bad);
    }
    text.parse().map_err(|_| bad)
}

fn hash(text: &str) -> Result<[u8; 32], BundleError> {
    HEXLOWER
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(BundleError::Head("a value is not 64 lower-case hex digits"))
}

fn base64(text: &str, limit: usize) -> Result<Vec<u8>, BundleError> {
    let bytes = BASE64
        .decode(text.as_bytes())
        .map_err(|_| BundleError::Head("a value is not base64"))?;
    if bytes.is_empty() || bytes.len() > limit {
        return Err(BundleError::Head("a base64 value is empty or too long"));
    }
    // The decoder takes several padded pieces in a row; one value has one spelling.
    if BASE64.encode(&bytes) != text {
        return Err(BundleError::Head("a value is not canonical base64"));
    }
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::limits::TOKEN_TARGET_BYTES;
    use super::*;
    use proptest::prelude::*;

    pub fn sample() -> Head {
        Head {
            format: 1,
            reader: 1,
            bundle: [1; 32],
            circle: [6; 32],
            certificate: b"certificate".to_vec(),
            sequence: 7,
            previous: Some([2; 32]),
            standalone: false,
            recipients: vec![
                Recipient {
                    hint: hint(&[1; 32], &[3; 32]),
                    sealed: vec![9; 200],
                },
                Recipient {
                    hint: hint(&[1; 32], &[4; 32]),
                    sealed: vec![8; 201],
                },
            ],
            manifest_sha256: [5; 32],
            manifest_size: 1234,
        }
    }

    fn edited(from: &str, to: &str) -> Result<Head, BundleError> {
        let text = String::from_utf8(sample().encode()).unwrap();
        assert!(text.contains(from), "{from}");
        Head::decode(text.replacen(from, to, 1).as_bytes())
    }

    #[test]
    fn a_head_survives_its_text() {
        let head = sample();
        assert_eq!(Head::decode(&head.encode()).unwrap(), head);
        assert_eq!(head.recipient(&[4; 32]), Some(1));
        assert_eq!(head.recipient(&[5; 32]), None);
    }

    #[test]
    fn the_largest_head_fits() {
        let mut head = sample();
        head.certificate = vec![7; CERTIFICATE_BYTES];
        head.sequence = SEQUENCE;
        head.manifest_size = MANIFEST_BYTES;
        head.recipients = (0..RECIPIENTS)
            .map(|i| Recipient {
                hint: [i as u8; 32],
                sealed: vec![1; TOKEN_TARGET_BYTES],
            })
            .collect();
        let bytes = head.encode();
        assert!(bytes.len() as u64 <= HEAD_BYTES, "{}", bytes.len());
        assert_eq!(Head::decode(&bytes).unwrap(), head);
        head.recipients.push(Recipient {
            hint: [200; 32],
            sealed: vec![1],
        });
        assert!(Head::decode(&head.encode()).is_err());
    }

    #[test]
    fn newer_readers_are_told_apart() {
        assert!(matches!(
            edited(
                "okibi-bundle: 1\nreader: 1\n",
                "okibi-bundle: 9\nreader: 4\nwhat: ever\n"
            ),
            Err(BundleError::Newer { needs: 4 })
        ));
        let later = edited(
            "okibi-bundle: 1\nreader: 1\n",
            "okibi-bundle: 2\nreader: 1\nnew: x\n",
        );
        assert_eq!(later.unwrap().format, 2);
        assert!(edited("reader: 1\n", "reader: 1\nnew: x\n").is_err());
    }

    #[test]
    fn everything_else_is_refused() {
        for (from, to) in [
            ("okibi-bundle: 1", "okibi-bundle: 0"),
            ("okibi-bundle: 1", "okibi-bundle: 01"),
            ("okibi-bundle: 1", "okibi-bundle:  1"),
            ("okibi-bundle: 1\n", ""),
            ("reader: 1", "reader: 0"),
            ("reader: 1", "reader: 2"),
            ("reader: 1", "Reader: 1"),
            ("reader: 1\n", "reader: 1\r\n"),
            ("reader: 1\n", "reader: 1\n\n"),
            ("bundle: 01", "bundle: 0"),
            ("circle: ", "circle: A"),
            ("sequence: 7", "sequence: +7"),
            ("sequence: 7", "sequence: 07"),
            ("sequence: 7", "sequence: 9007199254740992"),
            ("sequence: 7", "sequence: 99999999999999999999"),
            ("sequence: 7\n", "sequence: 7\nsequence: 7\n"),
            ("standalone: no", "standalone: maybe"),
            ("manifest-size: 1234", "manifest-size: 16777217"),
            ("manifest-size: 1234\n", "manifest-size: 1234"),
            ("manifest-size: 1234\n", "manifest-size: 1234\nx: y\n"),
            ("certificate: ", "certificate: é"),
            ("certificate: Y", "certificate: "),
        ] {
            assert!(edited(from, to).is_err(), "{from:?} -> {to:?}");
        }
        let mut twice = sample();
        twice.recipients[1].hint = twice.recipients[0].hint;
        assert!(Head::decode(&twice.encode()).is_err());
        let mut none = sample();
        none.recipients.clear();
        assert!(Head::decode(&none.encode()).is_err());
        let mut sealed = sample();
        sealed.recipients[0].sealed = vec![0; SEALED_TOKEN_BYTES + 1];
        assert!(Head::decode(&sealed.encode()).is_err());
        let mut certificate = sample();
        certificate.certificate = vec![0; CERTIFICATE_BYTES + 1];
        assert!(Head::decode(&certificate.encode()).is_err());
        assert!(Head::decode(&vec![b'a'; HEAD_BYTES as usize + 1]).is_err());
        assert!(Head::decode(b"").is_err());
    }

    proptest! {
        /// What is taken is the one encoding of what it says.
        #[test]
        fn taken_means_canonical(at in 0usize..900, byte in any::<u8>()) {
            let mut bytes = sample().encode();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(head) = Head::decode(&bytes)
                && head.format == FORMAT
            {
                prop_assert_eq!(head.encode(), bytes);
            }
        }
    }
}
