//! The exchange over a wire: what have you, what do I lack. One session for every carrier; `docs/sync.md` is its format.
//!
//! Pure: no socket, no clock, no randomness, no store. A `Session` is fed with bytes and with its owner's answers, and
//! is asked for bytes and for questions (`session` says in which order). What arrives is *not* verified here but for
//! the proof of who the peer is: records go the one path, through `identity::verify` and the store.
//!
//! - `hello`: tags that only members recognise, proofs bound to the connection.
//! - `introduce`: how a member shows itself to one that has not heard of it.
//! - `handshake`: who are you, in which circles, by whose word; or pairing with a ticket.
//! - `exchange`: one circle: acknowledgements as differences, statements, records, and when both are in step.
//! - `pieces`: blobs cut into pieces that are verified one by one.
//! - `frame`, `reader`: the codec; `limits`: what a session holds for another, at most.

mod event;
mod exchange;
mod frame;
mod handshake;
mod hello;
mod introduce;
pub mod limits;
pub mod pieces;
mod reader;
mod session;

pub use event::{
    Chain, Closed, Holdings, Input, JoinRequest, Offer, Output, Proof, Request, Setup, Subject,
    Verdict, Violation, Whereabouts,
};
pub use frame::{AckFrame, Frame, FrameError, Part, Phase};
pub use hello::{EXPORTER_LABEL, Side, join_proof, pair_key, pairing_digest, prove, tag};
pub use introduce::{Introduction, Link};
pub use reader::FrameReader;
pub use session::Session;
