//! The signed fact. Types, codec, ids, feeds, frontiers and their difference: everything that two
//! nodes must agree on to the byte before they can agree on anything else. `docs/records.md` says it
//! for a second implementer; the golden vectors in `fixtures/records/` hold both to it.
//!
//! What always holds here: no clock, no randomness, no I/O. Decoding never trusts a length, never
//! allocates more than the input's size times a small constant and never panics. Whether a signature
//! is *valid* is the business of `identity`; whether a record *counts*, of `fold`.

pub(crate) mod cbor;
pub mod cose;
pub mod ids;
pub mod limits;

pub use cbor::{CborError, check as check_cbor};
pub use cose::{EnvelopeError, Payload, Signed};
pub use ids::{BlobHash, CircleId, FeedKey, NotHex, RecordId, RootKey, StatementId};
