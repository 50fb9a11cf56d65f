//! The signed envelope: a tagged COSE_Sign1 (RFC 9052, section 4.2) with EdDSA, an empty unprotected
//! map and an external AAD that says what kind of thing is signed, so that no signature of one kind
//! is ever valid for another. Decoding is strict: every byte but the payload and the signature is
//! fixed, so one payload and one signature have exactly one encoding.
//!
//! `id = BLAKE3(Sig_structure)`: it covers what is signed and not the signature.

use thiserror::Error;

use super::cbor::{self, CborError};
use super::statement::Possession;

/// Tag 18, array of four, protected header `{1: -8}` as a byte string, empty map.
const HEAD: &[u8] = b"\xd2\x84\x43\xa1\x01\x27\xa0";
/// Byte string of 64 bytes.
const SIGNATURE_HEAD: &[u8] = b"\x58\x40";

/// Why bytes are not one of our signed envelopes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvelopeError {
    #[error("larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("not a COSE_Sign1 with EdDSA and an empty unprotected map")]
    Shape,
    #[error("the payload is not deterministic: {0}")]
    Payload(#[from] CborError),
    #[error("{what} of version {found} needs a newer okibi")]
    Newer { what: &'static str, found: u64 },
    #[error("{what} is malformed: {why}")]
    Malformed { what: &'static str, why: String },
}

/// What can stand in an envelope.
pub trait Payload: Sized {
    /// The external AAD.
    const CONTEXT: &'static str;
    /// Greatest size of the whole envelope, in bytes.
    const LIMIT: usize;

    /// Reads the payload, which is known to be deterministic CBOR in the profile.
    fn decode(payload: &[u8]) -> Result<Self, EnvelopeError>;
    /// Writes the payload.
    fn encode(&self) -> Vec<u8>;
    /// The Ed25519 key that the signature must be valid under.
    fn signer(&self) -> [u8; 32];
    /// What a certificate has to prove beside its signature; nothing else has one.
    fn possession(&self) -> Option<Possession<'_>> {
        None
    }
}

/// A decoded envelope whose signature nobody has looked at yet: `identity::verify` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<T> {
    value: T,
    bytes: Vec<u8>,
    id: [u8; 32],
}

impl<T: Payload> Signed<T> {
    /// Reads an envelope; the received bytes are kept as they are.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > T::LIMIT {
            return Err(EnvelopeError::TooLarge { limit: T::LIMIT });
        }
        let payload = payload(bytes).ok_or(EnvelopeError::Shape)?;
        cbor::check(payload)?;
        let value = T::decode(payload)?;
        let id = *blake3::hash(&to_be_signed::<T>(payload)).as_bytes();
        Ok(Self {
            value,
            bytes: bytes.to_vec(),
            id,
        })
    }

    /// Builds an envelope; `sign` gets the `Sig_structure` and returns the signature.
    pub fn build(value: T, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Self {
        let payload = value.encode();
        let message = to_be_signed::<T>(&payload);
        let signature = sign(&message);
        let mut bytes = HEAD.to_vec();
        bytes.extend(cbor::encode(|e| {
            e.bytes(&payload)?;
            Ok(())
        }));
        bytes.extend(SIGNATURE_HEAD);
        bytes.extend(signature);
        Self {
            value,
            bytes,
            id: *blake3::hash(&message).as_bytes(),
        }
    }

    /// The bytes over which the signature is made.
    pub fn message(&self) -> Vec<u8> {
        // `bytes` came through `decode` or `build`, so the payload is there.
        to_be_signed::<T>(payload(&self.bytes).unwrap_or_default())
    }

    /// The signature's 64 bytes.
    pub fn signature(&self) -> [u8; 64] {
        let mut signature = [0; 64];
        let start = self.bytes.len().saturating_sub(64);
        signature.copy_from_slice(&self.bytes[start..]);
        signature
    }
}

impl<T> Signed<T> {
    /// What is signed.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The whole envelope as received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// BLAKE3 of the `Sig_structure`.
    pub fn raw_id(&self) -> [u8; 32] {
        self.id
    }
}

/// Finds the payload of an envelope of exactly our shape.
fn payload(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(HEAD)?;
    let mut decoder = minicbor::Decoder::new(rest);
    let payload = decoder.bytes().ok()?;
    let mut head = Vec::with_capacity(9);
    minicbor::Encoder::new(&mut head)
        .bytes_len(payload.len() as u64)
        .ok()?;
    if !rest.starts_with(&head) {
        return None;
    }
    let signature = rest
        .get(decoder.position()..)?
        .strip_prefix(SIGNATURE_HEAD)?;
    (signature.len() == 64).then_some(payload)
}

/// `Sig_structure` of RFC 9052, section 4.4.
fn to_be_signed<T: Payload>(payload: &[u8]) -> Vec<u8> {
    cbor::encode(|e| {
        e.array(4)?.str("Signature1")?.bytes(&HEAD[3..6])?;
        e.bytes(T::CONTEXT.as_bytes())?.bytes(payload)?;
        Ok(())
    })
}
