//! Who someone is: root keys, certificates, key cards, fingerprints and words; and the only maker of
//! `Verified<T>`.

/// Something that holds an Ed25519 secret key and signs with it: a file today, a token tomorrow.
pub trait Signer {
    /// The public half.
    fn public(&self) -> [u8; 32];
    /// Signs a message (RFC 8032, Ed25519).
    fn sign(&self, message: &[u8]) -> [u8; 64];
}
