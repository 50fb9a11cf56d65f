//! How a member shows itself to one that has not heard of its admission: a message that only members open, with the
//! admissions that lead to it. `docs/sync.md`, section 2, "Introduction".
//!
//! It has one size, whoever it is for and whether or not anybody can open it, and it fits one connection.

use chacha20poly1305::{AeadInPlace, ChaCha20Poly1305, Key, KeyInit, Nonce, Tag as Seal};
use minicbor::Decoder;
use zeroize::Zeroizing;

use crate::identity::ReceiveSecret;
use crate::record::CircleId;
use crate::record::cbor::{self, Read};

use super::limits;

/// Bytes of one recipient's entry: what it is found by, and the wrapped key.
const ENTRY: usize = 16 + 32;

/// Who introduces itself, as what: envelopes, unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    pub circle: CircleId,
    /// The certificate of the receive key by which it wants to be recognised.
    pub receive: Vec<u8>,
    /// From an admin of genesis to it: each admission with its author's certificate.
    pub path: Vec<Link>,
}

/// One admission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub certificate: Vec<u8>,
    pub record: Vec<u8>,
}

impl Introduction {
    /// Its bytes; none where it is too long.
    pub fn encode(&self) -> Option<Vec<u8>> {
        if self.path.len() > limits::PATH {
            return None;
        }
        let bytes = cbor::encode(|e| {
            e.array(3)?.bytes(&self.circle.0)?.bytes(&self.receive)?;
            e.array(self.path.len() as u64)?;
            for link in &self.path {
                e.array(2)?.bytes(&link.certificate)?.bytes(&link.record)?;
            }
            Ok(())
        });
        (bytes.len() <= limits::INTRODUCTION_BODY - 4).then_some(bytes)
    }

    /// Reads them back; none where they are not of this form.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        cbor::check(bytes).ok()?;
        let mut d = Decoder::new(bytes);
        let introduction = Self::read(&mut d).ok()?;
        cbor::end(&d).ok()?;
        Some(introduction)
    }

    fn read(d: &mut Decoder<'_>) -> Read<Self> {
        cbor::array(d, 3)?;
        Ok(Self {
            circle: CircleId(cbor::fixed(d)?),
            receive: d.bytes()?.to_vec(),
            path: cbor::list(d, limits::PATH, |d| {
                cbor::array(d, 2)?;
                Ok(Link {
                    certificate: d.bytes()?.to_vec(),
                    record: d.bytes()?.to_vec(),
                })
            })?,
        })
    }

    /// Seals it to receive keys, of which the first `limits::INTRODUCED_TO` count; `random` is 64 secret random bytes.
    /// With nothing to say, or nobody to say it to, it comes to bytes that nobody can open.
    pub fn seal(
        introduction: Option<&Self>,
        to: &[[u8; 32]],
        exporter: &[u8; 32],
        random: &[u8; 64],
    ) -> Vec<u8> {
        let body = introduction.and_then(Self::encode);
        let to = if body.is_some() { to } else { &[] };
        let mut noise = blake3::Hasher::new_derive_key("okibi 2026 introduction noise v1");
        let mut noise = noise.update(random).finalize_xof();
        let (mut own, mut key) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        noise.fill(own.as_mut());
        noise.fill(key.as_mut());
        let own = ReceiveSecret::from_bytes(*own);
        let ephemeral = own.public();
        let mut entries: Vec<[u8; ENTRY]> = Vec::with_capacity(limits::INTRODUCED_TO);
        for public in to.iter().take(limits::INTRODUCED_TO) {
            if let Some(shared) = own.agree(public) {
                let (hint, wrap) = derived(&shared, &ephemeral, public);
                let mut entry = [0; ENTRY];
                entry[..16].copy_from_slice(&hint);
                for ((to, key), wrap) in entry[16..].iter_mut().zip(key.iter()).zip(wrap.iter()) {
                    *to = key ^ wrap;
                }
                entries.push(entry);
            }
        }
        while entries.len() < limits::INTRODUCED_TO {
            let mut entry = [0; ENTRY];
            noise.fill(&mut entry);
            entries.push(entry);
        }
        // Their order tells nothing.
        entries.sort_unstable();
        let mut plain = Zeroizing::new(vec![0; limits::INTRODUCTION_BODY]);
        if let Some(body) = &body {
            plain[..4].copy_from_slice(&(body.len() as u32).to_be_bytes());
            plain[4..4 + body.len()].copy_from_slice(body);
        }
        let mut sealed = Vec::with_capacity(limits::INTRODUCTION);
        sealed.extend(ephemeral);
        sealed.extend(entries.as_flattened());
        // The key is used for this once: the nonce may be zero. What is too long for the cipher does not exist here.
        let cipher = ChaCha20Poly1305::new(Key::from_slice(key.as_ref()));
        let seal = cipher.encrypt_in_place_detached(&Nonce::default(), exporter, &mut plain);
        sealed.extend(plain.iter());
        sealed.extend(seal.unwrap_or_default());
        sealed
    }

    /// Opens it, if it is for this key and for this connection.
    pub fn open(sealed: &[u8], mine: &ReceiveSecret, exporter: &[u8; 32]) -> Option<Self> {
        if sealed.len() != limits::INTRODUCTION {
            return None;
        }
        let (ephemeral, rest) = sealed.split_first_chunk::<32>()?;
        let (entries, rest) = rest.split_at_checked(limits::INTRODUCED_TO * ENTRY)?;
        let (body, seal) = rest.split_at_checked(limits::INTRODUCTION_BODY)?;
        let shared = mine.agree(ephemeral)?;
        let (hint, wrap) = derived(&shared, ephemeral, &mine.public());
        let entry = entries.as_chunks::<ENTRY>().0.iter();
        let mut entry = entry.filter(|entry| entry.starts_with(&hint));
        let wrapped = entry.next()?.last_chunk::<32>()?;
        let mut key = Zeroizing::new([0; 32]);
        for ((key, wrapped), wrap) in key.iter_mut().zip(wrapped).zip(wrap.iter()) {
            *key = wrapped ^ wrap;
        }
        let cipher = ChaCha20Poly1305::new(Key::from_slice(key.as_ref()));
        let mut plain = Zeroizing::new(body.to_vec());
        let seal = Seal::from_slice(seal);
        cipher
            .decrypt_in_place_detached(&Nonce::default(), exporter, &mut plain, seal)
            .ok()?;
        let (length, rest) = plain.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        Self::decode(rest.get(..length)?)
    }
}

/// What a recipient finds its entry by, and what wraps the key in it.
fn derived(
    shared: &[u8; 32],
    ephemeral: &[u8; 32],
    recipient: &[u8; 32],
) -> ([u8; 16], Zeroizing<[u8; 32]>) {
    let mut hasher = blake3::Hasher::new_derive_key("okibi 2026 introduction v1");
    hasher.update(shared).update(ephemeral).update(recipient);
    let mut output = hasher.finalize_xof();
    let (mut hint, mut wrap) = ([0; 16], Zeroizing::new([0; 32]));
    output.fill(&mut hint);
    output.fill(wrap.as_mut());
    (hint, wrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Introduction {
        let link = Link {
            certificate: vec![2; 200],
            record: vec![3; 400],
        };
        Introduction {
            circle: CircleId([1; 32]),
            receive: vec![4; 200],
            path: vec![link.clone(), link],
        }
    }

    /// Members open it on their connection; nobody else does, and an empty one looks the same.
    #[test]
    fn only_members_open_an_introduction() {
        let secrets = [[1; 32], [2; 32], [3; 32]].map(ReceiveSecret::from_bytes);
        let to = [secrets[0].public(), [0; 32], secrets[1].public()];
        let (exporter, random) = ([7; 32], [8; 64]);
        let sealed = Introduction::seal(Some(&sample()), &to, &exporter, &random);
        assert_eq!(sealed.len(), limits::INTRODUCTION);
        let open =
            |sealed: &[u8], n: usize, exporter| Introduction::open(sealed, &secrets[n], exporter);
        assert_eq!(open(&sealed, 0, &exporter), Some(sample()));
        assert_eq!(open(&sealed, 1, &exporter), Some(sample()));
        assert_eq!(open(&sealed, 2, &exporter), None);
        assert_eq!(open(&sealed, 0, &[9; 32]), None);
        for at in [0, sealed.len() - 1, sealed.len() - 17] {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_eq!(open(&other, 0, &exporter), None, "{at}");
        }
        assert_eq!(open(&sealed[1..], 0, &exporter), None);
        let empty = Introduction::seal(None, &to, &exporter, &random);
        assert_eq!(empty.len(), sealed.len());
        assert_eq!(open(&empty, 0, &exporter), None);
    }

    #[test]
    fn what_is_too_long_is_not_said() {
        let mut long = sample();
        long.receive = vec![0; limits::INTRODUCTION_BODY];
        assert_eq!(long.encode(), None);
        let mut many = sample();
        many.path = vec![many.path[0].clone(); limits::PATH + 1];
        assert_eq!(many.encode(), None);
        let bytes = sample().encode().unwrap();
        assert_eq!(Introduction::decode(&bytes), Some(sample()));
        assert_eq!(Introduction::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Introduction::decode(&[&bytes[..], &[0]].concat()), None);
    }
}
