//! The record: one fact in one feed. The payload is an array of ten:
//! `[version, circle, feed, height, previous, time, kind, seen, cut, body]`.
//!
//! The header alone decides where a record stands and what it needs, so that a node can order, store
//! and forward kinds that it does not know. The body is deterministic CBOR that only the fold opens: a
//! body that does not fit its kind makes a record *without effect*, never an invalid one, because
//! membership of the set must not depend on the version of the reader.

use minicbor::Decoder;

use super::cbor::{self, Read, Writer, Written};
use super::cose::{EnvelopeError, Payload};
use super::ids::{CircleId, FeedKey, RecordId, StatementId};
use super::{Hlc, limits};

/// Version of the record format that this code writes and reads.
const VERSION: u64 = 1;

/// A position in a feed with the id that stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub feed: FeedKey,
    pub height: u64,
    pub id: RecordId,
}

impl Place {
    pub(crate) fn write(&self, e: &mut Writer<'_>) -> Written {
        e.array(3)?
            .bytes(&self.feed.0)?
            .u64(self.height)?
            .bytes(&self.id.0)?;
        Ok(())
    }

    pub(crate) fn read(d: &mut Decoder<'_>) -> Read<Self> {
        cbor::array(d, 3)?;
        Ok(Self {
            feed: FeedKey(cbor::fixed(d)?),
            height: height(d)?,
            id: RecordId(cbor::fixed(d)?),
        })
    }
}

/// What a record follows in its feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Previous {
    /// Height 0 names the certificate of the feed's key.
    Certificate(StatementId),
    /// Every other height names the record one below.
    Record(RecordId),
}

impl Previous {
    /// The 32 bytes as they stand in the payload.
    pub fn bytes(&self) -> &[u8; 32] {
        match self {
            Self::Certificate(id) => &id.0,
            Self::Record(id) => &id.0,
        }
    }
}

/// A record's kind. Below 64 a kind is *critical*: it decides who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub u64);

impl Kind {
    pub const GENESIS: Self = Self(0);
    pub const ADMIT: Self = Self(1);
    pub const SUSPEND: Self = Self(2);
    pub const LIFT: Self = Self(3);
    pub const ADD_ADMIN: Self = Self(4);
    pub const ENDORSE: Self = Self(5);
    pub const POLICY: Self = Self(6);
    pub const POINTER: Self = Self(7);
    pub const VOTE: Self = Self(8);
    pub const SUCCESSOR: Self = Self(9);
    pub const RECOVER: Self = Self(10);
    pub const MERGE: Self = Self(11);
    pub const DOCUMENT: Self = Self(64);
    pub const MODEL: Self = Self(65);
    pub const WITHDRAW: Self = Self(66);

    /// Authority kinds carry `seen` and may carry a cut; everybody must understand them.
    pub fn is_critical(self) -> bool {
        self.0 < 64
    }

    /// The kind's name for people, or none for a kind of a newer okibi.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::GENESIS => "genesis",
            Self::ADMIT => "admit",
            Self::SUSPEND => "suspend",
            Self::LIFT => "lift",
            Self::ADD_ADMIN => "add-admin",
            Self::ENDORSE => "endorse",
            Self::POLICY => "policy",
            Self::POINTER => "pointer",
            Self::VOTE => "vote",
            Self::SUCCESSOR => "successor",
            Self::RECOVER => "recover",
            Self::MERGE => "merge",
            Self::DOCUMENT => "document",
            Self::MODEL => "model",
            Self::WITHDRAW => "withdraw",
            _ => return None,
        })
    }
}

/// One fact in one feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// None for a genesis record, whose own id is the circle.
    pub circle: Option<CircleId>,
    pub feed: FeedKey,
    pub height: u64,
    pub previous: Previous,
    /// Advisory: nothing is refused or parked for its time.
    pub time: Hlc,
    pub kind: Kind,
    /// Authority heads that the author knew, strictly ascending; empty for kinds from 64 up.
    pub seen: Vec<Place>,
    /// At most one place per feed, ascending by feed; empty for kinds from 64 up.
    pub cut: Vec<Place>,
    /// Deterministic CBOR; `Body::decode` opens it.
    pub body: Vec<u8>,
}

impl Record {
    /// The circle that this record belongs to, given its own id.
    pub fn circle(&self, id: RecordId) -> CircleId {
        self.circle.unwrap_or(CircleId::from(id))
    }
}

fn height(d: &mut Decoder<'_>) -> Read<u64> {
    let height = d.u64()?;
    if height > limits::HEIGHT {
        return Err(minicbor::decode::Error::message("height out of range"));
    }
    Ok(height)
}

impl Payload for Record {
    const CONTEXT: &'static str = "okibi-record@v1";
    const LIMIT: usize = limits::RECORD_BYTES;

    fn decode(payload: &[u8]) -> Result<Self, EnvelopeError> {
        let malformed = |why: &str| EnvelopeError::Malformed {
            what: "record",
            why: why.to_owned(),
        };
        let mut d = Decoder::new(payload);
        let length = d
            .array()
            .ok()
            .flatten()
            .ok_or_else(|| malformed("not an array"))?;
        let version = d.u64().map_err(|_| malformed("no version"))?;
        if version != VERSION {
            return Err(EnvelopeError::Newer {
                what: "record",
                found: version,
            });
        }
        if length != 10 {
            return Err(malformed("not an array of ten"));
        }
        let record = read(&mut d, payload).map_err(|error| malformed(&error.to_string()))?;
        let genesis = record.kind == Kind::GENESIS;
        if genesis != record.circle.is_none() {
            return Err(malformed("only a genesis record has an empty circle"));
        }
        if genesis && (record.height != 0 || !record.seen.is_empty() || !record.cut.is_empty()) {
            return Err(malformed(
                "a genesis record stands at height 0 and cites nothing",
            ));
        }
        let cites = !record.seen.is_empty() || !record.cut.is_empty();
        if cites && !record.kind.is_critical() {
            return Err(malformed("an ordinary kind carries `seen` or a cut"));
        }
        if !record.seen.is_sorted_by(|a, b| a < b) {
            return Err(malformed("`seen` is not strictly ascending"));
        }
        if !record.cut.is_sorted_by(|a, b| a.feed < b.feed) {
            return Err(malformed("the cut is not strictly ascending by feed"));
        }
        Ok(record)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = cbor::encode(|e| {
            e.array(10)?.u64(VERSION)?;
            e.bytes(self.circle.as_ref().map_or(&[], |circle| &circle.0[..]))?;
            e.bytes(&self.feed.0)?
                .u64(self.height)?
                .bytes(self.previous.bytes())?;
            e.u64(self.time.0)?.u64(self.kind.0)?;
            for places in [&self.seen, &self.cut] {
                e.array(places.len() as u64)?;
                for place in places {
                    place.write(e)?;
                }
            }
            Ok(())
        });
        bytes.extend(&self.body);
        bytes
    }

    fn signer(&self) -> [u8; 32] {
        self.feed.0
    }
}

fn read(d: &mut Decoder<'_>, payload: &[u8]) -> Read<Record> {
    let circle = cbor::fixed_or_empty(d)?.map(CircleId);
    let feed = FeedKey(cbor::fixed(d)?);
    let height = height(d)?;
    let previous = cbor::fixed(d)?;
    let previous = match height {
        0 => Previous::Certificate(StatementId(previous)),
        _ => Previous::Record(RecordId(previous)),
    };
    let time = Hlc::read(d)?;
    let kind = Kind(d.u64()?);
    if kind.0 > limits::HEIGHT {
        return Err(minicbor::decode::Error::message("kind out of range"));
    }
    let seen = cbor::list(d, limits::SEEN, Place::read)?;
    let cut = cbor::list(d, limits::CUT, Place::read)?;
    let start = d.position();
    d.skip()?;
    let body = payload
        .get(start..d.position())
        .unwrap_or_default()
        .to_vec();
    cbor::end(d)?;
    Ok(Record {
        circle,
        feed,
        height,
        previous,
        time,
        kind,
        seen,
        cut,
        body,
    })
}
