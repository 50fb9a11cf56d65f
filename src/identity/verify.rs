//! The one door between bytes that somebody sent and facts that somebody signed.

use std::ops::Deref;

use ed25519_dalek::{Signature, VerifyingKey};
use rayon::prelude::*;
use thiserror::Error;

use crate::record::{Payload, Signed};

use super::proof;

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VerifyError {
    #[error("the signer's key is no valid Ed25519 key")]
    Key,
    #[error("the signature does not belong to this content and key")]
    Signature,
    #[error("the certified key does not prove that it belongs to this root")]
    Proof,
}

/// An envelope whose encoding is canonical and whose signature is valid under the key that it names.
/// Whether what it says *counts* is the fold's affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T>(Signed<T>);

impl<T> Verified<T> {
    /// The envelope itself.
    pub fn into_signed(self) -> Signed<T> {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = Signed<T>;
    fn deref(&self) -> &Signed<T> {
        &self.0
    }
}

/// Verifies one envelope; of a certificate, the certified key's proof as well.
pub fn verify<T: Payload>(signed: Signed<T>) -> Result<Verified<T>, VerifyError> {
    let key = VerifyingKey::from_bytes(&signed.value().signer()).map_err(|_| VerifyError::Key)?;
    let signature = Signature::from_bytes(&signed.signature());
    key.verify_strict(&signed.message(), &signature)
        .map_err(|_| VerifyError::Signature)?;
    if let Some(claim) = signed.value().possession() {
        proof::check(claim.root, claim.role, claim.key, claim.proof)?;
    }
    Ok(Verified(signed))
}

/// Verifies a bare message, as the proofs of a session are.
pub fn verify_message(
    key: &[u8; 32],
    message: &[u8],
    signature: &[u8; 64],
) -> Result<(), VerifyError> {
    let key = VerifyingKey::from_bytes(key).map_err(|_| VerifyError::Key)?;
    key.verify_strict(message, &Signature::from_bytes(signature))
        .map_err(|_| VerifyError::Signature)
}

/// Verifies many envelopes over all cores, one by one; the results stand in the order of the input.
pub fn verify_all<T: Payload + Send>(
    signed: Vec<Signed<T>>,
) -> Vec<Result<Verified<T>, VerifyError>> {
    signed.into_par_iter().map(verify).collect()
}

/// Takes back what this node's own store hands out: it verified these bytes on their way in, and whoever
/// can write into the store's files can also change what a second verification would read.
pub fn from_own_store<T>(signed: Signed<T>) -> Verified<T> {
    Verified(signed)
}
