//! The signed fact. Types, codec, ids, feeds, frontiers and their difference: everything that two
//! nodes must agree on to the byte before they can agree on anything else. `docs/records.md` says it
//! for a second implementer; the golden vectors in `fixtures/records/` hold both to it.
//!
//! What always holds here: no clock, no randomness, no I/O. Decoding never trusts a length, never
//! allocates more than the input's size times a small constant and never panics. Whether a signature
//! is *valid* is the business of `identity`; whether a record *counts*, of `fold`.

mod ack;
mod body;
pub(crate) mod cbor;
mod content;
mod cose;
pub mod foreign;
mod frontier;
mod header;
mod hlc;
mod ids;
pub mod limits;
mod statement;
#[cfg(test)]
mod tests;

pub use ack::{Ack, Epoch};
pub use body::{Admin, Body, Policy, Predecessor};
pub use cbor::{CborError, check as check_cbor};
pub use content::{BlobRef, Content, ContentKind, Document, Model};
pub use cose::{EnvelopeError, Payload, Signed};
pub use foreign::Foreign;
pub use frontier::{Entry, ForkEvidence, Frontier, Gap, difference, set_hash, statements_hash};
pub use header::{Kind, Place, Previous, Record};
pub use hlc::Hlc;
pub use ids::{BlobHash, CircleId, FeedKey, NotHex, RecordId, RootKey, StatementId};
pub use statement::{Claim, Possession, Role, Statement};

impl Signed<Record> {
    /// The record's id.
    pub fn id(&self) -> RecordId {
        RecordId(self.raw_id())
    }

    /// Where the record stands.
    pub fn place(&self) -> Place {
        Place {
            feed: self.value().feed,
            height: self.value().height,
            id: self.id(),
        }
    }
}

impl Signed<Statement> {
    /// The statement's id.
    pub fn id(&self) -> StatementId {
        StatementId(self.raw_id())
    }
}
