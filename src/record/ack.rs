//! Acknowledgements: what one root says to another that it holds. They are no records: the latest by
//! `(epoch, sequence)` counts and replaces the older one, and they travel encrypted to their addressee.

use minicbor::Decoder;

use super::cbor::{self, Read};
use super::cose::{EnvelopeError, Payload};
use super::ids::{CircleId, FeedKey, RootKey, StatementId};
use super::{Frontier, limits};

const VERSION: u64 = 1;

/// Names one life of a store. Restoring a backup starts a new one, and a later epoch voids what was
/// acknowledged in an earlier one. The counter grows with every restore and is at least the
/// wall clock's milliseconds then, so that epochs of one store sort by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    pub counter: u64,
    pub random: [u8; 8],
}

impl Epoch {
    /// The epoch that follows `before`, or a first one.
    pub fn next(before: Option<Self>, now_millis: u64, random: [u8; 8]) -> Self {
        let least = before.map_or(0, |before| before.counter + 1);
        Self {
            counter: now_millis.max(least),
            random,
        }
    }

    /// Counter (big-endian) and random bytes, so that bytes sort as epochs do.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.counter.to_be_bytes());
        bytes[8..].copy_from_slice(&self.random);
        bytes
    }

    /// Reads what `to_bytes` wrote.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let (mut counter, mut random) = ([0; 8], [0; 8]);
        counter.copy_from_slice(&bytes[..8]);
        random.copy_from_slice(&bytes[8..]);
        Self {
            counter: u64::from_be_bytes(counter),
            random,
        }
    }
}

/// What `from` tells `to` about its part of one circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    pub circle: CircleId,
    pub from: RootKey,
    /// The sign key that signs this, and the certificate that gives it to `from`.
    pub feed: FeedKey,
    pub certificate: StatementId,
    pub to: RootKey,
    pub epoch: Epoch,
    pub sequence: u64,
    /// `frontier::statements_hash` of the statements held.
    pub statements: [u8; 32],
    pub frontier: Frontier,
    /// Ids of records, statements or blobs that are known to lack; ascending.
    pub wanted: Vec<[u8; 32]>,
}

impl Payload for Ack {
    const CONTEXT: &'static str = "okibi-ack@v1";
    const LIMIT: usize = limits::ACK_BYTES;

    fn decode(payload: &[u8]) -> Result<Self, EnvelopeError> {
        let malformed = |why: &str| EnvelopeError::Malformed {
            what: "acknowledgement",
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
                what: "acknowledgement",
                found: version,
            });
        }
        if length != 11 {
            return Err(malformed("not an array of eleven"));
        }
        let ack = read(&mut d).map_err(|error| malformed(&error.to_string()))?;
        if !ack.wanted.is_sorted_by(|a, b| a < b) {
            return Err(malformed("wanted ids are not strictly ascending"));
        }
        Ok(ack)
    }

    fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(11)?
                .u64(VERSION)?
                .bytes(&self.circle.0)?
                .bytes(&self.from.0)?;
            e.bytes(&self.feed.0)?
                .bytes(&self.certificate.0)?
                .bytes(&self.to.0)?;
            e.bytes(&self.epoch.to_bytes())?
                .u64(self.sequence)?
                .bytes(&self.statements)?;
            self.frontier.write(e)?;
            e.array(self.wanted.len() as u64)?;
            for id in &self.wanted {
                e.bytes(id)?;
            }
            Ok(())
        })
    }

    fn signer(&self) -> [u8; 32] {
        self.feed.0
    }
}

fn read(d: &mut Decoder<'_>) -> Read<Ack> {
    let ack = Ack {
        circle: CircleId(cbor::fixed(d)?),
        from: RootKey(cbor::fixed(d)?),
        feed: FeedKey(cbor::fixed(d)?),
        certificate: StatementId(cbor::fixed(d)?),
        to: RootKey(cbor::fixed(d)?),
        epoch: Epoch::from_bytes(cbor::fixed(d)?),
        sequence: d.u64()?,
        statements: cbor::fixed(d)?,
        frontier: Frontier::read(d)?,
        wanted: cbor::list(d, limits::WANTED, cbor::fixed)?,
    };
    if ack.sequence > limits::HEIGHT {
        return Err(minicbor::decode::Error::message("sequence out of range"));
    }
    cbor::end(d)?;
    Ok(ack)
}
