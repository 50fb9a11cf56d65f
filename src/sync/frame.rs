//! Frames: what travels on the stream (`docs/sync.md`, "Frames"); `reader` finds them in it.
//!
//! A frame is one byte for its type, four for its length (big-endian), and a payload of deterministic CBOR. Each type
//! has its own limit, which is looked at before a byte of the payload is held; a type has to be expected in the phase
//! that the session is in.

use bytes::Bytes;
use minicbor::Decoder;
use thiserror::Error;

use crate::record::cbor::{self, Read, Writer, Written};
use crate::record::{Epoch, FeedKey, Frontier, StatementId};

use super::event::Whereabouts;
use super::limits;

/// Version of the exchange that this code speaks.
pub const VERSION: u64 = 1;
/// Bytes before the payload.
pub(super) const HEAD: usize = 5;

/// Why the other side is not understood. The session ends.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("frame type {0} is unknown")]
    Unknown(u8),
    #[error("frame type {kind} of {size} bytes is larger than its limit")]
    Large { kind: u8, size: usize },
    #[error("frame type {kind}: {why}")]
    Malformed { kind: u8, why: String },
}

/// A peer's acknowledgement as it travels: the difference to one that both sides hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckFrame {
    pub circle: u64,
    /// Frames of records and statements of this circle that were taken in during this session.
    pub consumed: u64,
    pub certificate: StatementId,
    pub feed: FeedKey,
    pub epoch: Epoch,
    pub sequence: u64,
    pub statements: [u8; 32],
    /// The acknowledgement that `changed` and `gone` change; none: they change an empty frontier.
    pub base: Option<(Epoch, u64)>,
    pub changed: Frontier,
    pub gone: Vec<FeedKey>,
    /// None: as in the base.
    pub wanted: Option<Vec<[u8; 32]>>,
    pub signature: [u8; 64],
}

/// Which part of a blob is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The chaining values of its pieces.
    List,
    Piece(u64),
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Hello {
        version: u64,
        tags: Vec<[u8; limits::TAG_BYTES]>,
    },
    Auth {
        key: [u8; 32],
        certificate: Vec<u8>,
        instance: [u8; 8],
        signature: [u8; 64],
    },
    /// One number for each circle in common: 0 no, 1 yes, 2 unknown.
    Verdict(Vec<u64>),
    Chain {
        circle: u64,
        last: bool,
        statements: Vec<Vec<u8>>,
        records: Vec<Vec<u8>>,
    },
    /// What only members open: `introduce`.
    Introduce(Vec<u8>),
    Open {
        circle: u64,
        statements: [u8; 32],
        have: Option<(Epoch, u64)>,
    },
    Ack(Box<AckFrame>),
    Ids {
        circle: u64,
        prefixes: Vec<u8>,
    },
    Statements {
        circle: u64,
        last: bool,
        statements: Vec<Vec<u8>>,
    },
    Records {
        circle: u64,
        records: Vec<Vec<u8>>,
    },
    /// Nothing more for now, after so many acknowledgements of this circle.
    Sent {
        circle: u64,
        acks: u64,
    },
    Credit(u64),
    /// Where nodes of the circle are reached beyond the network.
    Places {
        circle: u64,
        nodes: Vec<Whereabouts>,
    },
    /// Within one circle: what is here by another road is not here.
    Ask {
        circle: u64,
        id: u64,
        blob: [u8; 32],
        part: Part,
    },
    Piece {
        id: u64,
        bytes: Bytes,
    },
    Lack {
        id: u64,
    },
    Join {
        card: String,
        name: String,
        proof: [u8; 32],
    },
    Confirm,
    Admitted {
        circle: [u8; 32],
    },
    Bye(u64),
}

/// Type and limit of each frame: the one table.
const TABLE: [(u8, usize); 20] = [
    (0x01, limits::HELLO_BYTES),
    (0x02, limits::AUTH_BYTES),
    (0x03, limits::SMALL_BYTES),
    (0x04, limits::BATCH_BYTES),
    (0x05, limits::INTRODUCTION + 16),
    (0x10, limits::SMALL_BYTES),
    (0x11, limits::ACK_BYTES),
    (0x12, limits::IDS_BYTES),
    (0x13, limits::BATCH_BYTES),
    (0x14, limits::BATCH_BYTES),
    (0x15, limits::SMALL_BYTES),
    (0x16, limits::SMALL_BYTES),
    (0x17, limits::PLACES_BYTES),
    (0x20, limits::SMALL_BYTES),
    (0x21, limits::PIECE_FRAME),
    (0x22, limits::SMALL_BYTES),
    (0x30, limits::JOIN_BYTES),
    (0x31, limits::SMALL_BYTES),
    (0x32, limits::SMALL_BYTES),
    (0x3f, limits::SMALL_BYTES),
];

/// In which phase a frame may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Hello,
    Auth,
    Open,
}

impl Frame {
    /// The frame's type.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Hello { .. } => 0x01,
            Self::Auth { .. } => 0x02,
            Self::Verdict(_) => 0x03,
            Self::Chain { .. } => 0x04,
            Self::Introduce(_) => 0x05,
            Self::Open { .. } => 0x10,
            Self::Ack(_) => 0x11,
            Self::Ids { .. } => 0x12,
            Self::Statements { .. } => 0x13,
            Self::Records { .. } => 0x14,
            Self::Sent { .. } => 0x15,
            Self::Credit(_) => 0x16,
            Self::Places { .. } => 0x17,
            Self::Ask { .. } => 0x20,
            Self::Piece { .. } => 0x21,
            Self::Lack { .. } => 0x22,
            Self::Join { .. } => 0x30,
            Self::Confirm => 0x31,
            Self::Admitted { .. } => 0x32,
            Self::Bye(_) => 0x3f,
        }
    }

    /// The frame's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (mut bytes, content) = self.parts();
        bytes.extend_from_slice(&content);
        bytes
    }

    /// The frame's bytes in two parts, of which the second is a piece's content, uncopied.
    pub(super) fn parts(&self) -> (Vec<u8>, Bytes) {
        let payload = cbor::encode(|e| self.write(e));
        let content = match self {
            Self::Piece { bytes, .. } => bytes.clone(),
            _ => Bytes::new(),
        };
        let size = payload.len() + content.len();
        let mut bytes = Vec::with_capacity(HEAD + payload.len());
        bytes.push(self.kind());
        // A payload is far below 4 GiB: its parts are limited where they are made.
        bytes.extend(u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(payload);
        (bytes, content)
    }

    fn write(&self, e: &mut Writer<'_>) -> Written {
        match self {
            Self::Hello { version, tags } => {
                e.array(2)?.u64(*version)?.bytes(tags.as_flattened())?;
            }
            Self::Auth {
                key,
                certificate,
                instance,
                signature,
            } => {
                e.array(4)?.bytes(key)?.bytes(certificate)?;
                e.bytes(instance)?.bytes(signature)?;
            }
            Self::Introduce(sealed) => {
                e.array(1)?.bytes(sealed)?;
            }
            Self::Verdict(values) => {
                e.array(values.len() as u64)?;
                for value in values {
                    e.u64(*value)?;
                }
            }
            Self::Chain {
                circle,
                last,
                statements,
                records,
            } => {
                e.array(4)?.u64(*circle)?.bool(*last)?;
                write_list(e, statements)?;
                write_list(e, records)?;
            }
            Self::Open {
                circle,
                statements,
                have,
            } => {
                e.array(3)?.u64(*circle)?.bytes(statements)?;
                write_mark(e, have.as_ref())?;
            }
            Self::Ack(ack) => write_ack(e, ack)?,
            Self::Ids { circle, prefixes } => {
                e.array(2)?.u64(*circle)?.bytes(prefixes)?;
            }
            Self::Statements {
                circle,
                last,
                statements,
            } => {
                e.array(3)?.u64(*circle)?.bool(*last)?;
                write_list(e, statements)?;
            }
            Self::Records { circle, records } => {
                e.array(2)?.u64(*circle)?;
                write_list(e, records)?;
            }
            Self::Places { circle, nodes } => {
                e.array(2)?.u64(*circle)?.array(nodes.len() as u64)?;
                for node in nodes {
                    e.array(2)?.bytes(&node.key)?;
                    e.array(node.places.len() as u64)?;
                    for place in &node.places {
                        e.str(place)?;
                    }
                }
            }
            Self::Ask {
                circle,
                id,
                blob,
                part,
            } => {
                e.array(4)?.u64(*circle)?.u64(*id)?.bytes(blob)?;
                match part {
                    Part::List => e.null()?,
                    Part::Piece(n) => e.u64(*n)?,
                };
            }
            Self::Piece { id, bytes } => {
                // The content itself follows: `parts`.
                e.array(2)?.u64(*id)?.bytes_len(bytes.len() as u64)?;
            }
            Self::Sent { circle, acks } => {
                e.array(2)?.u64(*circle)?.u64(*acks)?;
            }
            Self::Credit(number) | Self::Lack { id: number } | Self::Bye(number) => {
                e.array(1)?.u64(*number)?;
            }
            Self::Join { card, name, proof } => {
                e.array(3)?.str(card)?.str(name)?.bytes(proof)?;
            }
            Self::Confirm => {
                e.array(0)?;
            }
            Self::Admitted { circle } => {
                e.array(1)?.bytes(circle)?;
            }
        }
        Ok(())
    }

    /// Reads one payload. What a newer okibi would add comes with a newer version in HELLO.
    pub(super) fn decode(kind: u8, payload: Bytes) -> Result<Self, FrameError> {
        let malformed = |why: String| FrameError::Malformed { kind, why };
        cbor::check(&payload).map_err(|error| malformed(error.to_string()))?;
        let mut d = Decoder::new(&payload);
        let frame = read(kind, &mut d, &payload).map_err(|error| malformed(error.to_string()))?;
        cbor::end(&d).map_err(|error| malformed(error.to_string()))?;
        Ok(frame)
    }
}

fn write_list(e: &mut Writer<'_>, items: &[Vec<u8>]) -> Written {
    e.array(items.len() as u64)?;
    for item in items {
        e.bytes(item)?;
    }
    Ok(())
}

fn write_mark(e: &mut Writer<'_>, mark: Option<&(Epoch, u64)>) -> Written {
    match mark {
        None => e.array(0)?,
        Some((epoch, sequence)) => e.array(2)?.bytes(&epoch.to_bytes())?.u64(*sequence)?,
    };
    Ok(())
}

fn write_ack(e: &mut Writer<'_>, ack: &AckFrame) -> Written {
    e.array(12)?.u64(ack.circle)?.u64(ack.consumed)?;
    e.bytes(&ack.certificate.0)?.bytes(&ack.feed.0)?;
    e.bytes(&ack.epoch.to_bytes())?.u64(ack.sequence)?;
    e.bytes(&ack.statements)?;
    write_mark(e, ack.base.as_ref())?;
    ack.changed.write(e)?;
    e.array(ack.gone.len() as u64)?;
    for feed in &ack.gone {
        e.bytes(&feed.0)?;
    }
    match &ack.wanted {
        None => {
            e.null()?;
        }
        Some(wanted) => {
            e.array(wanted.len() as u64)?;
            for id in wanted {
                e.bytes(id)?;
            }
        }
    }
    e.bytes(&ack.signature)?;
    Ok(())
}

fn read(kind: u8, d: &mut Decoder<'_>, payload: &Bytes) -> Read<Frame> {
    let misfit = |why: &str| minicbor::decode::Error::message(why.to_owned());
    Ok(match kind {
        0x01 => {
            cbor::array(d, 2)?;
            let version = d.u64()?;
            let (tags, rest) = d.bytes()?.as_chunks();
            let many = limits::TAGS_LEAST..=limits::TAGS;
            if !rest.is_empty() || !tags.len().is_power_of_two() || !many.contains(&tags.len()) {
                return Err(misfit(
                    "the number of tags is no power of two from 16 to 16,384",
                ));
            }
            if !tags.is_sorted() {
                return Err(misfit("tags do not ascend"));
            }
            Frame::Hello {
                version,
                tags: tags.to_vec(),
            }
        }
        0x02 => {
            cbor::array(d, 4)?;
            Frame::Auth {
                key: cbor::fixed(d)?,
                certificate: d.bytes()?.to_vec(),
                instance: cbor::fixed(d)?,
                signature: cbor::fixed(d)?,
            }
        }
        0x03 => Frame::Verdict(cbor::list(d, limits::COMMON, |d| d.u64())?),
        0x04 => {
            cbor::array(d, 4)?;
            Frame::Chain {
                circle: d.u64()?,
                last: d.bool()?,
                statements: read_list(d)?,
                records: read_list(d)?,
            }
        }
        0x05 => {
            cbor::array(d, 1)?;
            let sealed = d.bytes()?.to_vec();
            if sealed.len() != limits::INTRODUCTION {
                return Err(misfit("an introduction has one size"));
            }
            Frame::Introduce(sealed)
        }
        0x10 => {
            cbor::array(d, 3)?;
            Frame::Open {
                circle: d.u64()?,
                statements: cbor::fixed(d)?,
                have: read_mark(d)?,
            }
        }
        0x11 => Frame::Ack(Box::new(read_ack(d)?)),
        0x12 => {
            cbor::array(d, 2)?;
            let circle = d.u64()?;
            let prefixes = d.bytes()?.to_vec();
            let (ids, rest) = prefixes.as_chunks::<{ limits::ID_PREFIX }>();
            if !rest.is_empty() || !ids.is_sorted() {
                return Err(misfit("ids do not ascend"));
            }
            Frame::Ids { circle, prefixes }
        }
        0x13 => {
            cbor::array(d, 3)?;
            Frame::Statements {
                circle: d.u64()?,
                last: d.bool()?,
                statements: read_list(d)?,
            }
        }
        0x14 => {
            cbor::array(d, 2)?;
            Frame::Records {
                circle: d.u64()?,
                records: read_list(d)?,
            }
        }
        0x15 => {
            cbor::array(d, 2)?;
            Frame::Sent {
                circle: d.u64()?,
                acks: d.u64()?,
            }
        }
        0x16 => Frame::Credit(number(d)?),
        0x17 => {
            cbor::array(d, 2)?;
            Frame::Places {
                circle: d.u64()?,
                nodes: cbor::list(d, limits::PLACES_NODES, |d| {
                    cbor::array(d, 2)?;
                    Ok(Whereabouts {
                        key: cbor::fixed(d)?,
                        places: cbor::list(d, limits::PLACES, |d| {
                            cbor::text(d, limits::PLACE_BYTES)
                        })?,
                    })
                })?,
            }
        }
        0x20 => {
            cbor::array(d, 4)?;
            let (circle, id, blob) = (d.u64()?, d.u64()?, cbor::fixed(d)?);
            let part = match d.datatype()? {
                minicbor::data::Type::Null => {
                    d.null()?;
                    Part::List
                }
                _ => Part::Piece(d.u64()?),
            };
            Frame::Ask {
                circle,
                id,
                blob,
                part,
            }
        }
        0x21 => {
            cbor::array(d, 2)?;
            Frame::Piece {
                id: d.u64()?,
                bytes: payload.slice_ref(d.bytes()?),
            }
        }
        0x22 => Frame::Lack { id: number(d)? },
        0x30 => {
            cbor::array(d, 3)?;
            Frame::Join {
                card: cbor::text(d, limits::JOIN_BYTES)?,
                name: cbor::text(d, crate::record::limits::NAME_BYTES)?,
                proof: cbor::fixed(d)?,
            }
        }
        0x31 => {
            cbor::array(d, 0)?;
            Frame::Confirm
        }
        0x32 => {
            cbor::array(d, 1)?;
            Frame::Admitted {
                circle: cbor::fixed(d)?,
            }
        }
        _ => Frame::Bye(number(d)?),
    })
}

fn number(d: &mut Decoder<'_>) -> Read<u64> {
    cbor::array(d, 1)?;
    d.u64()
}

fn read_list(d: &mut Decoder<'_>) -> Read<Vec<Vec<u8>>> {
    cbor::list(d, limits::BATCH_BYTES, |d| Ok(d.bytes()?.to_vec()))
}

fn read_mark(d: &mut Decoder<'_>) -> Read<Option<(Epoch, u64)>> {
    match d.array()? {
        Some(0) => Ok(None),
        Some(2) => Ok(Some((Epoch::from_bytes(cbor::fixed(d)?), d.u64()?))),
        _ => Err(minicbor::decode::Error::message("no mark")),
    }
}

fn read_ack(d: &mut Decoder<'_>) -> Read<AckFrame> {
    cbor::array(d, 12)?;
    Ok(AckFrame {
        circle: d.u64()?,
        consumed: d.u64()?,
        certificate: StatementId(cbor::fixed(d)?),
        feed: FeedKey(cbor::fixed(d)?),
        epoch: Epoch::from_bytes(cbor::fixed(d)?),
        sequence: d.u64()?,
        statements: cbor::fixed(d)?,
        base: read_mark(d)?,
        changed: Frontier::read(d)?,
        gone: cbor::list(d, limits::ACK_BYTES, |d| Ok(FeedKey(cbor::fixed(d)?)))?,
        wanted: match d.datatype()? {
            minicbor::data::Type::Null => {
                d.null()?;
                None
            }
            _ => Some(cbor::list(d, crate::record::limits::WANTED, cbor::fixed)?),
        },
        signature: cbor::fixed(d)?,
    })
}

/// How many bytes of payload a frame of this type may have, if it may come now.
pub(super) fn limit(kind: u8, phase: Phase) -> Result<usize, FrameError> {
    let known = TABLE.iter().find(|(known, _)| *known == kind);
    let known = known.filter(|_| may_come(kind, phase));
    known
        .map(|(_, limit)| *limit)
        .ok_or(FrameError::Unknown(kind))
}

fn may_come(kind: u8, phase: Phase) -> bool {
    match kind {
        0x3f => true,
        0x01 | 0x05 => phase == Phase::Hello,
        0x02..=0x04 | 0x30..=0x32 => phase == Phase::Auth,
        _ => phase == Phase::Open,
    }
}
