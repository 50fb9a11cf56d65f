//! `00-HEAD.sig`: an SSHSIG (OpenSSH, PROTOCOL.sshsig) as `ssh-keygen -Y sign` writes it, of exactly
//! one kind: version 1, `ssh-ed25519`, namespace `okibi-bundle@v1`, empty reserved field, sha512. So
//! every byte but the public key and the signature is fixed, and so is the armour (base64 in lines of
//! 70, LF, one LF at the end): a signature has one encoding and any other is refused.
//!
//! That is why no SSH library reads this: with everything fixed there is no length to believe and no
//! algorithm to choose. Verification is Ed25519 `verify_strict`; whether the key is one that may sign
//! is the caller's question.

use data_encoding::BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha512};

use super::BundleError;
use super::limits::SIGNATURE_BYTES;
use crate::identity::Signer;

/// What the signature is for; a signature made for anything else is refused.
pub const NAMESPACE: &str = "okibi-bundle@v1";

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";
/// Columns of base64 that `ssh-keygen` writes.
const COLUMNS: usize = 70;
const KEY_TYPE: &[u8] = b"ssh-ed25519";
const HASH: &[u8] = b"sha512";
const MAGIC: &[u8] = b"SSHSIG";

/// A signature that was read and not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSig {
    /// The Ed25519 public key that it claims.
    pub key: [u8; 32],
    /// The Ed25519 signature.
    pub signature: [u8; 64],
}

/// Signs `message`.
pub fn sign(message: &[u8], signer: &dyn Signer) -> SshSig {
    SshSig {
        key: signer.public(),
        signature: signer.sign(&signed_data(NAMESPACE, &Sha512::digest(message).into())),
    }
}

impl SshSig {
    /// The armoured file, as `ssh-keygen` writes it.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_for(NAMESPACE)
    }

    fn encode_for(&self, namespace: &str) -> Vec<u8> {
        let base64 = BASE64.encode(&self.blob(namespace));
        let mut text = String::from(BEGIN);
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(COLUMNS));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str(END);
        text.into_bytes()
    }

    /// Reads the armoured file; all errors are `BundleError::Signature`.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        Self::decode_for(bytes, NAMESPACE)
    }

    /// The same for a signature that was made for something else.
    pub fn decode_for(bytes: &[u8], namespace: &str) -> Result<Self, BundleError> {
        use BundleError::Signature as Bad;
        if bytes.len() as u64 > SIGNATURE_BYTES {
            return Err(Bad("larger than 4 KiB"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Bad("not text"))?;
        let body = text
            .strip_prefix(BEGIN)
            .and_then(|text| text.strip_suffix(END))
            .ok_or(Bad("no SSH signature armour"))?;
        let base64: String = body.split('\n').collect();
        let blob = BASE64
            .decode(base64.as_bytes())
            .map_err(|_| Bad("the armour is not base64"))?;
        let found = parse(&blob, namespace)?;
        if found.encode_for(namespace) != bytes {
            return Err(Bad("not in the form that ssh-keygen writes"));
        }
        Ok(found)
    }

    /// Verifies over `message`, strictly: no weak key, no malleable signature.
    pub fn verify(&self, message: &[u8]) -> Result<(), BundleError> {
        self.verify_digest(NAMESPACE, &Sha512::digest(message).into())
    }

    /// The same over a message of which only the SHA-512 is at hand.
    pub fn verify_digest(&self, namespace: &str, digest: &[u8; 64]) -> Result<(), BundleError> {
        use BundleError::Signature as Bad;
        let key = VerifyingKey::from_bytes(&self.key).map_err(|_| Bad("not an Ed25519 key"))?;
        key.verify_strict(
            &signed_data(namespace, digest),
            &Signature::from_bytes(&self.signature),
        )
        .map_err(|_| Bad("not valid over what it stands beside"))
    }

    fn blob(&self, namespace: &str) -> Vec<u8> {
        let mut key = Vec::new();
        string(&mut key, KEY_TYPE);
        string(&mut key, &self.key);
        let mut signature = Vec::new();
        string(&mut signature, KEY_TYPE);
        string(&mut signature, &self.signature);
        let mut blob = MAGIC.to_vec();
        blob.extend(1u32.to_be_bytes());
        string(&mut blob, &key);
        string(&mut blob, namespace.as_bytes());
        string(&mut blob, b"");
        string(&mut blob, HASH);
        string(&mut blob, &signature);
        blob
    }
}

/// What Ed25519 signs: PROTOCOL.sshsig, "Signed Data".
fn signed_data(namespace: &str, digest: &[u8; 64]) -> Vec<u8> {
    let mut data = MAGIC.to_vec();
    string(&mut data, namespace.as_bytes());
    string(&mut data, b"");
    string(&mut data, HASH);
    string(&mut data, digest);
    data
}

/// A public key as its line says it: `ssh-ed25519 AAAA...`.
pub fn public_line(key: &[u8; 32]) -> String {
    let mut blob = Vec::new();
    string(&mut blob, KEY_TYPE);
    string(&mut blob, key);
    format!("ssh-ed25519 {}", BASE64.encode(&blob))
}

/// An SSH string: length in 4 bytes, big endian, and the bytes.
fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    // Our strings have at most 83 bytes.
    out.extend((bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Takes an SSH string off the front.
fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], BundleError> {
    let short = BundleError::Signature("the blob ends early");
    let Some((length, after)) = rest.split_first_chunk::<4>() else {
        return Err(short);
    };
    let length = u32::from_be_bytes(*length) as usize;
    let Some((bytes, after)) = after.split_at_checked(length) else {
        return Err(short);
    };
    *rest = after;
    Ok(bytes)
}

/// Reads the blob with an error of its own for each thing that is not ours.
fn parse(blob: &[u8], namespace: &str) -> Result<SshSig, BundleError> {
    use BundleError::Signature as Bad;
    let mut rest = blob.strip_prefix(MAGIC).ok_or(Bad("no SSHSIG magic"))?;
    rest = rest
        .strip_prefix(&1u32.to_be_bytes())
        .ok_or(Bad("not version 1"))?;
    let mut key = take(&mut rest)?;
    if take(&mut key)? != KEY_TYPE {
        return Err(Bad("the key is not ssh-ed25519"));
    }
    let public = take(&mut key)?;
    if take(&mut rest)? != namespace.as_bytes() {
        return Err(Bad("made for another namespace"));
    }
    if !take(&mut rest)?.is_empty() {
        return Err(Bad("the reserved field is not empty"));
    }
    if take(&mut rest)? != HASH {
        return Err(Bad("the hash is not sha512"));
    }
    let mut signature = take(&mut rest)?;
    if take(&mut signature)? != KEY_TYPE {
        return Err(Bad("the signature is not ssh-ed25519"));
    }
    let raw = take(&mut signature)?;
    if !(rest.is_empty() && key.is_empty() && signature.is_empty()) {
        return Err(Bad("bytes that belong to nothing"));
    }
    Ok(SshSig {
        key: public
            .try_into()
            .map_err(|_| Bad("a key of another length"))?,
        signature: raw
            .try_into()
            .map_err(|_| Bad("a signature of another length"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::testing::Key;

    fn armour(blob: &[u8]) -> Vec<u8> {
        let base64 = BASE64.encode(blob);
        let lines: Vec<_> = base64
            .as_bytes()
            .chunks(COLUMNS)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        format!("{BEGIN}{}\n{END}", lines.join("\n")).into_bytes()
    }

    fn replaced(blob: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
        let at = blob.windows(from.len()).position(|w| w == from).unwrap();
        [&blob[..at], to, &blob[at + from.len()..]].concat()
    }

    #[test]
    fn a_signature_survives_its_armour_and_verifies() {
        let made = sign(b"message", &Key::new(1));
        let read = SshSig::decode(&made.encode()).unwrap();
        assert_eq!(read, made);
        read.verify(b"message").unwrap();
        assert!(read.verify(b"another").is_err());
        let mut other = read.clone();
        other.key = crate::identity::Signer::public(&Key::new(2));
        assert!(other.verify(b"message").is_err());
        other.key = [0; 32];
        assert!(other.verify(b"message").is_err());
    }

    #[test]
    fn other_kinds_are_refused() {
        let made = sign(b"message", &Key::new(1));
        let blob = made.blob(NAMESPACE);
        assert_eq!(SshSig::decode(&armour(&blob)).unwrap(), made);
        let cases: [(&[u8], &[u8]); 7] = [
            (b"okibi-bundle@v1", b"okibi-record@v1"),
            (b"sha512", b"sha256"),
            (
                b"\0\0\0\x0bssh-ed25519\0\0\0\x20",
                b"\0\0\0\x0bssh-ed25518\0\0\0\x20",
            ),
            (
                b"\0\0\0\x0bssh-ed25519\0\0\0\x40",
                b"\0\0\0\x0bssh-ed25518\0\0\0\x40",
            ),
            (b"SSHSIG\0\0\0\x01", b"SSHSIG\0\0\0\x02"),
            (b"SSHSIG", b"SSHSIH"),
            (b"\0\0\0\0\0\0\0\x06", b"\0\0\0\x01x\0\0\0\x06"),
        ];
        for (from, to) in cases {
            let changed = replaced(&blob, from, to);
            assert!(SshSig::decode(&armour(&changed)).is_err(), "{from:?}");
        }
        assert!(SshSig::decode(&armour(&[&blob[..], b"x"].concat())).is_err());
        for cut in 0..blob.len() {
            assert!(SshSig::decode(&armour(&blob[..cut])).is_err(), "{cut}");
        }
    }

    #[test]
    fn another_armour_is_refused() {
        let text = String::from_utf8(sign(b"m", &Key::new(1)).encode()).unwrap();
        for changed in [
            text.replace('\n', "\r\n"),
            text.trim_end().to_owned(),
            format!("{text}\n"),
            format!("\n{text}"),
            text.replacen("\nU1", "\n U1", 1),
            text.replacen("=\n", "\n", 1),
            text.replacen("BEGIN SSH", "BEGIN PGP", 1),
            "x".repeat(5000),
        ] {
            assert_ne!(changed, text);
            assert!(SshSig::decode(changed.as_bytes()).is_err(), "{changed}");
        }
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let bytes = sign(b"message", &Key::new(1)).encode();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let taken = SshSig::decode(&changed).and_then(|sig| sig.verify(b"message"));
                assert!(taken.is_err(), "{at} {bit}");
            }
        }
    }
}
