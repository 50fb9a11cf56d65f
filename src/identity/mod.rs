//! Who someone is: keys, certificates, key cards, fingerprints and words; and the only maker of
//! `Verified<T>`.
//!
//! A *root key* is a person or device for as long as it lives and signs statements only. Statements give
//! other keys to it, each for one role. Nothing here reads a clock, a file or the system's random
//! numbers: secrets come in as bytes, and whoever keeps them keeps them elsewhere.
//!
//! The only validity predicate, on every path, is Ed25519's `verify_strict`. Batch verification accepts
//! signatures that strict verification refuses, so two nodes could disagree; it is never used.

mod card;
mod directory;
mod fingerprint;
mod keys;
mod proof;
mod verify;

pub use card::{CardError, KeyCard};
pub use directory::Directory;
pub use fingerprint::{Words, fingerprint, words, words_of};
pub use keys::{ReceiveSecret, Signer, SigningSecret, certificate, revocation};
pub use proof::{Holder, Receiving, edwards_of};
pub use verify::{Verified, VerifyError, from_own_store, verify, verify_all, verify_message};
