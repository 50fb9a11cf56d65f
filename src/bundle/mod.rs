//! The bundle container's grammar, over `Read` and `Write`: HEAD and its signature, the manifest, the
//! tar, the padding. Pure: no paths, no clock, no randomness (random ids are arguments), no age and
//! no zstd; `carrier::media` wraps those around it.
//!
//! The tar's members, in this order and nothing else: `00-HEAD`, `00-HEAD.sig`, `01-MANIFEST.cbor`,
//! `01-MANIFEST.sha256`, `trust/`, `acks/`, `records/`, `adapters/`, `docs/`, `blobs/`, `99-PAD`.
//! HEAD is signed and names the manifest by sha256 and size; the manifest names every member behind
//! it by name, size, sha256, blake3 and offset. `01-MANIFEST.sha256` and `99-PAD` are functions of
//! the manifest, so they are not listed in it: a reader derives them and compares.
//!
//! Every member is a plain file of the strict ustar that `tar` describes; data stands behind its header,
//! padded to 512 bytes. `compose` says how the sizes before fix the offsets. Around the whole tar goes
//! one age stream (`carrier::media::seal`).
//!
//! What always holds: each thing has exactly one encoding and any other is refused; a length is
//! believed only within `limits` and what HEAD and manifest promised; nothing is decoded before the
//! hash or signature over it was checked by the caller's order of calls (HEAD, signature, manifest,
//! members). No input panics.

pub mod compose;
pub mod head;
pub mod limits;
pub mod manifest;
pub mod names;
pub mod pad;
pub mod sshsig;
pub mod tar;

use std::io;

use thiserror::Error;

pub use compose::{Composed, compose};
pub use head::{Head, Recipient};
pub use manifest::{Entry, Kind, Manifest};

/// The reader version of this program: a HEAD that asks for more is refused as `Newer`.
pub const READER: u64 = 1;
/// The format version that this program writes.
pub const FORMAT: u64 = 1;

/// Why a container is not taken.
#[derive(Debug, Error)]
pub enum BundleError {
    /// HEAD asks for a later reader.
    #[error("the bundle needs a newer okibi (reader {needs}; this one is {READER})")]
    Newer { needs: u64 },
    /// `00-HEAD` is not in the one form that this format version has.
    #[error("00-HEAD: {0}")]
    Head(&'static str),
    /// `00-HEAD.sig` is not an SSHSIG of our kind, or not valid over HEAD.
    #[error("00-HEAD.sig: {0}")]
    Signature(&'static str),
    /// The manifest is not what HEAD names, not deterministic CBOR, or breaks its own rules.
    #[error("01-MANIFEST.cbor: {0}")]
    Manifest(&'static str),
    /// The tar is not in the strict shape.
    #[error("the archive: {0}")]
    Archive(&'static str),
    /// The manifest lists a member that does not stand at its place in the tar.
    #[error("member {name} is missing")]
    MemberMissing { name: String },
    /// The tar holds a member that the manifest does not list at this place.
    #[error("member {name} is not in the manifest")]
    MemberExtra { name: String },
    /// Size, hash or content of a member is not what was promised.
    #[error("member {name}: {why}")]
    MemberDiffers { name: String, why: &'static str },
    /// The bytes end inside of something.
    #[error("the bundle ends early")]
    Truncated,
    /// The reader or writer underneath failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[cfg(test)]
pub(crate) mod testing {
    use ed25519_dalek::{Signer as _, SigningKey};

    /// A signer with a fixed secret.
    pub struct Key(pub SigningKey);

    impl Key {
        pub fn new(seed: u8) -> Self {
            Self(SigningKey::from_bytes(&[seed; 32]))
        }
    }

    impl crate::identity::Signer for Key {
        fn public(&self) -> [u8; 32] {
            self.0.verifying_key().to_bytes()
        }
        fn sign(&self, message: &[u8]) -> [u8; 64] {
            self.0.sign(message).to_bytes()
        }
    }
}
