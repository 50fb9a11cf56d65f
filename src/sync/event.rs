//! The events between a session and its owner: `Input` goes in, `Output` comes out.
//!
//! They are plain values, so that a test, a simulator and a daemon are owners alike. `Setup` is how
//! a session begins, `Holdings` is what an owner tells of one circle, and `Closed` says why a
//! session ended.
//!
//! **Always holds.** A value owns all that it carries: no socket, no file and no part of the store is
//! behind it. Nothing here can fail.

use std::sync::Arc;

use bytes::Bytes;

use crate::identity::{KeyCard, Verified};
use crate::record::{Ack, BlobHash, CircleId, Frontier, RootKey, Signed, Statement};

use super::frame::{FrameError, Part};
use super::hello::Side;
use super::limits;

/// Who is recognised by a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A circle, and a member of it whom this node holds for an active one.
    Pair { circle: CircleId, root: RootKey },
    /// This node itself, which has other addresses too.
    Own,
    /// An invitation, by its id.
    Ticket([u8; 16]),
}

impl Subject {
    /// The circle of a pair.
    pub fn circle(&self) -> Option<CircleId> {
        match self {
            Self::Pair { circle, .. } => Some(*circle),
            _ => None,
        }
    }
}

/// A secret by which this node may be recognised.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    pub secret: [u8; 32],
    pub subject: Subject,
}

/// The proof of who one is, made with `hello::prove`.
#[derive(Debug, Clone)]
pub struct Proof {
    pub key: [u8; 32],
    /// The transport certificate's envelope.
    pub certificate: Vec<u8>,
    pub instance: [u8; 8],
    pub signature: [u8; 64],
}

/// What a joiner asks for.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    pub issuer: RootKey,
    pub card: KeyCard,
    pub name: String,
}

/// How a session begins.
#[derive(Debug, Clone)]
pub struct Setup {
    pub side: Side,
    pub root: RootKey,
    pub exporter: [u8; 32],
    /// By what this node may be recognised, `limits::TAGS` at most.
    pub offers: Arc<[Offer]>,
    pub proof: Proof,
    /// 32 random bytes: the padding of tags.
    pub seed: [u8; 32],
    /// Set on the side that joins by a ticket.
    pub request: Option<JoinRequest>,
}

/// What the owner thinks of a peer in a circle. The number is what travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    No = 0,
    Yes = 1,
    /// Never admitted, as far as is known here.
    Unknown = 2,
}

/// What convinces somebody of an admission: envelopes, unverified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    pub statements: Vec<Vec<u8>>,
    pub records: Vec<Vec<u8>>,
}

/// Who asks to be admitted, or who was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub ticket: [u8; 16],
    pub name: String,
    pub root: RootKey,
}

/// My holdings of a circle, as acknowledged to one peer and by it.
#[derive(Debug, Clone)]
pub struct Holdings {
    /// My acknowledgement to the peer now.
    pub ack: Signed<Ack>,
    /// My acknowledgement to it before that.
    pub said: Option<Ack>,
    /// Its last acknowledgement to me.
    pub heard: Option<Ack>,
}

/// A node by its transport key, and where it may be reached beyond its network, as text that the owner understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    pub key: [u8; 32],
    pub places: Vec<String>,
}

/// A violation of the protocol: well-formed frames that no peer sends who follows `docs/sync.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("a frame came out of turn")]
    OutOfTurn,
    #[error("no circle has this number")]
    UnknownCircle,
    #[error("a circle was opened twice")]
    OpenedTwice,
    #[error("an acknowledgement changes one that is not here")]
    UnknownBase,
    #[error("more was taken in than sent")]
    MoreTaken,
    #[error("more was heard than told")]
    MoreHeard,
    #[error("more was sent than could be taken in")]
    MoreSent,
    #[error("nobody asked for statements")]
    UnaskedStatements,
    #[error("too many statements")]
    TooManyStatements,
    #[error("statements were asked for twice at once")]
    AskedTwiceAtOnce,
    #[error("the same statements were asked for again and again")]
    AskedAgain,
    #[error("nobody asked for a chain")]
    UnaskedChain,
    #[error("a chain is too long")]
    LongChain,
    #[error("a chain was asked for twice")]
    ChainTwice,
    #[error("a verdict does not fit")]
    Verdict,
    #[error("too many pieces were asked for at once")]
    TooManyPieces,
    #[error("nobody asked for this piece")]
    UnaskedPiece,
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// Nothing in common.
    Stranger,
    /// It may not speak with me: no proof, no member, suspended.
    Refused,
    /// It is this very node.
    Myself,
    /// It speaks another version.
    Version(u64),
    /// It broke the protocol.
    Wrong(Violation),
    Frame(FrameError),
    /// A person said no.
    Denied,
    /// The peer said goodbye, with its reason.
    Bye(u64),
    /// This side ended it.
    Here,
}

/// What a session asks and tells its owner.
#[derive(Debug)]
pub enum Output {
    /// Is this root a member that may be spoken with? Answer: `Input::Verdict`.
    Judge {
        circle: CircleId,
        root: RootKey,
        certificate: Verified<Statement>,
        chain: Option<Chain>,
    },
    /// The server does not recognise this node: what does it say to those who may know of it? Answer: `Input::Introduction`.
    Introduce { exporter: [u8; 32] },
    /// Somebody introduces itself, sealed and unverified. Answer: `Input::Recognised`.
    Introduced { exporter: [u8; 32], sealed: Vec<u8> },
    /// What convinces a peer of my admission? Answer: `Input::Chain`.
    Chain { circle: CircleId },
    /// Both sides know each other in these circles.
    Opened {
        root: RootKey,
        instance: [u8; 8],
        circles: Vec<CircleId>,
    },
    /// What do I hold? Answer: `Input::State`.
    State { circle: CircleId, peer: RootKey },
    /// The ids of the circle's statements. Answer: `Input::Ids`.
    Ids { circle: CircleId },
    /// The circle's statements but those whose ids begin like this (ascending). Answer: `Input::Statements`.
    Statements {
        circle: CircleId,
        known: Vec<[u8; limits::ID_PREFIX]>,
    },
    /// What does the peer lack, first page? Answer: `Input::Records`.
    Fill {
        circle: CircleId,
        theirs: Frontier,
        wanted: Vec<[u8; 32]>,
    },
    /// The next page. Answer: `Input::Records`.
    More { circle: CircleId },
    /// Envelopes came, unverified. Answer: `Input::Taken`, with the same numbers.
    Arrived {
        circle: CircleId,
        statements: Vec<Vec<u8>>,
        records: Vec<Vec<u8>>,
        bytes: u64,
    },
    /// An acknowledgement came, unverified.
    Ack { circle: CircleId, ack: Signed<Ack> },
    /// The peer says where nodes of the circle are, which nothing proves. Answer: `Input::Placed`.
    Places {
        circle: CircleId,
        nodes: Vec<Whereabouts>,
    },
    /// Both have what the other has, as far as either can tell.
    InStep { circle: CircleId },
    /// The peer asks for a part of a blob of a circle. Answer: `Input::Served`.
    Serve {
        circle: CircleId,
        id: u64,
        blob: BlobHash,
        part: Part,
    },
    /// A part that was asked for, unverified.
    Got { id: u64, bytes: Bytes },
    /// The peer has not got it.
    Lacking { id: u64 },
    /// Pairing: people compare the words of this digest. Answer: `Input::Confirm` or `Input::Deny`.
    Compare { request: Request, digest: [u8; 32] },
    /// Pairing: both confirmed; the issuer writes the admission. Answer: `Input::Admitted` or `Input::Deny`.
    Admit { card: KeyCard, request: Request },
    /// Pairing: admitted.
    Joined { circle: CircleId, chain: Chain },
}

/// What the owner tells its session.
#[derive(Debug)]
pub enum Input {
    /// `limits::INTRODUCTION` bytes, of `Introduction::seal`.
    Introduction(Vec<u8>),
    /// The pair by which to go on; none: a stranger.
    Recognised(Option<Offer>),
    Verdict {
        circle: CircleId,
        verdict: Verdict,
    },
    Chain {
        circle: CircleId,
        chain: Chain,
    },
    State {
        circle: CircleId,
        state: Box<Holdings>,
    },
    Ids {
        circle: CircleId,
        ids: Vec<[u8; 32]>,
    },
    Statements {
        circle: CircleId,
        statements: Vec<Vec<u8>>,
    },
    /// A page of records, in causal order; `upto` is what the peer holds once it has the last page.
    Records {
        circle: CircleId,
        records: Vec<Vec<u8>>,
        upto: Frontier,
        more: bool,
    },
    Taken {
        circle: CircleId,
        bytes: u64,
    },
    /// The circle may have changed.
    Changed {
        circle: CircleId,
    },
    /// Tell the peer where nodes of the circle are; what is beyond the limits stays untold.
    Places {
        circle: CircleId,
        nodes: Vec<Whereabouts>,
    },
    /// What the peer told of places was seen.
    Placed,
    /// Ask the peer for a part of a blob of a circle; `id` is the owner's and not in use.
    Fetch {
        circle: CircleId,
        id: u64,
        blob: BlobHash,
        part: Part,
    },
    /// None: not here, or not for this peer.
    Served {
        id: u64,
        bytes: Option<Bytes>,
    },
    Confirm,
    Deny,
    Admitted {
        circle: CircleId,
        chain: Chain,
    },
    /// End the session.
    Close,
}
