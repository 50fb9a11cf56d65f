//! Statements: what a root key signs. They stand alone, without height or circle, in a grow-only set
//! keyed by id. The payload is an array `[version, kind, root, time, ...]`; what follows belongs to the
//! kind. A kind or shape that we do not know is kept and forwarded, without effect.

use minicbor::Decoder;

use super::cbor::{self, Read};
use super::cose::{EnvelopeError, Payload};
use super::ids::{CircleId, RecordId, RootKey, StatementId};
use super::{Hlc, limits};

const VERSION: u64 = 1;
const PROOF_CONTEXT: &[u8] = b"okibi-key-proof@v1";

/// What a certified key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Ed25519: writes one feed per circle.
    Sign,
    /// Ed25519: iroh identity and inner authentication.
    Transport,
    /// X25519: age recipient.
    Receive,
    /// Ed25519: a sign key certified in advance. It writes ordinary kinds only until its root certifies it as `Sign`.
    Spare,
}

impl Role {
    fn number(self) -> u64 {
        match self {
            Self::Sign => 0,
            Self::Transport => 1,
            Self::Receive => 2,
            Self::Spare => 3,
        }
    }

    fn from_number(number: u64) -> Option<Self> {
        [Self::Sign, Self::Transport, Self::Receive, Self::Spare]
            .into_iter()
            .find(|role| role.number() == number)
    }

    /// The role's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Transport => "transport",
            Self::Receive => "receive",
            Self::Spare => "spare",
        }
    }
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// `key` serves this root in `role`; `replaces` names the certificate that it succeeds, and `proof` is the key's own
    /// signature over `Statement::proof_message`.
    Certificate {
        role: Role,
        key: [u8; 32],
        replaces: Option<StatementId>,
        proof: [u8; 64],
    },
    /// `key` is no longer this root's. In `circle` (or in all, when none) its feed counts up to and including `cut`; with no cut, nothing of it does.
    Revocation {
        key: [u8; 32],
        circle: Option<CircleId>,
        cut: Option<(u64, RecordId)>,
    },
    /// Signed by a paper key of `old`: in `circle`, `new` stands for `old` from now on.
    Recovery {
        circle: CircleId,
        old: RootKey,
        new: RootKey,
    },
    /// A kind or shape of a newer okibi: the array's elements behind the time, as they came.
    Unknown {
        kind: u64,
        elements: u64,
        rest: Vec<u8>,
    },
}

/// A key and the proof that whoever holds it agreed to be certified. `identity::verify` judges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Possession<'a> {
    pub root: &'a RootKey,
    pub role: Role,
    pub key: &'a [u8; 32],
    pub proof: &'a [u8; 64],
}

/// A fact about a root's keys, signed by that root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub root: RootKey,
    /// Advisory.
    pub time: Hlc,
    pub claim: Claim,
}

impl Statement {
    /// What a certified key signs: that it serves this root in this role. No other thing that an okibi signs begins
    /// with these letters.
    pub fn proof_message(root: &RootKey, role: Role, key: &[u8; 32]) -> Vec<u8> {
        let role = u8::try_from(role.number()).unwrap_or(u8::MAX);
        [PROOF_CONTEXT, &root.0, &[role], key].concat()
    }
}

impl Payload for Statement {
    const CONTEXT: &'static str = "okibi-statement@v1";
    const LIMIT: usize = limits::STATEMENT_BYTES;

    fn decode(payload: &[u8]) -> Result<Self, EnvelopeError> {
        let malformed = |why: &str| EnvelopeError::Malformed {
            what: "statement",
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
                what: "statement",
                found: version,
            });
        }
        let rest = length
            .checked_sub(4)
            .ok_or_else(|| malformed("fewer than four elements"))?;
        let mut head =
            || -> Read<_> { Ok((d.u64()?, RootKey(cbor::fixed(&mut d)?), Hlc::read(&mut d)?)) };
        let (kind, root, time) = head().map_err(|error| malformed(&error.to_string()))?;
        let tail = payload.get(d.position()..).unwrap_or_default();
        let claim = claim(kind, rest, tail).unwrap_or_else(|| Claim::Unknown {
            kind,
            elements: rest,
            rest: tail.to_vec(),
        });
        Ok(Self { root, time, claim })
    }

    fn encode(&self) -> Vec<u8> {
        let (kind, length) = match &self.claim {
            Claim::Certificate { .. } => (0, 4),
            Claim::Revocation { .. } => (1, 3),
            Claim::Recovery { .. } => (2, 3),
            Claim::Unknown { kind, elements, .. } => (*kind, *elements),
        };
        let mut bytes = cbor::encode(|e| {
            e.array(4 + length)?
                .u64(VERSION)?
                .u64(kind)?
                .bytes(&self.root.0)?
                .u64(self.time.0)?;
            match &self.claim {
                Claim::Certificate {
                    role,
                    key,
                    replaces,
                    proof,
                } => {
                    e.u64(role.number())?.bytes(key)?;
                    e.bytes(replaces.as_ref().map_or(&[], |id| &id.0[..]))?
                        .bytes(proof)?;
                }
                Claim::Revocation { key, circle, cut } => {
                    e.bytes(key)?
                        .bytes(circle.as_ref().map_or(&[], |id| &id.0[..]))?;
                    match cut {
                        None => e.array(0)?,
                        Some((height, id)) => e.array(2)?.u64(*height)?.bytes(&id.0)?,
                    };
                }
                Claim::Recovery { circle, old, new } => {
                    e.bytes(&circle.0)?.bytes(&old.0)?.bytes(&new.0)?;
                }
                Claim::Unknown { .. } => {}
            }
            Ok(())
        });
        if let Claim::Unknown { rest, .. } = &self.claim {
            bytes.extend(rest);
        }
        bytes
    }

    fn signer(&self) -> [u8; 32] {
        self.root.0
    }

    fn possession(&self) -> Option<Possession<'_>> {
        match &self.claim {
            Claim::Certificate {
                role, key, proof, ..
            } => Some(Possession {
                root: &self.root,
                role: *role,
                key,
                proof,
            }),
            _ => None,
        }
    }
}

/// Reads what stands behind the time, if kind and shape are known.
fn claim(kind: u64, elements: u64, tail: &[u8]) -> Option<Claim> {
    let mut d = Decoder::new(tail);
    let claim = match (kind, elements) {
        (0, 4) => certificate(&mut d).ok().flatten(),
        (1, 3) => revocation(&mut d).ok(),
        (2, 3) => recovery(&mut d).ok(),
        _ => None,
    }?;
    cbor::end(&d).ok()?;
    Some(claim)
}

fn certificate(d: &mut Decoder<'_>) -> Read<Option<Claim>> {
    let Some(role) = Role::from_number(d.u64()?) else {
        return Ok(None);
    };
    let (key, replaces) = (cbor::fixed(d)?, cbor::fixed_or_empty(d)?.map(StatementId));
    Ok(Some(Claim::Certificate {
        role,
        key,
        replaces,
        proof: cbor::fixed(d)?,
    }))
}

fn revocation(d: &mut Decoder<'_>) -> Read<Claim> {
    let (key, circle) = (cbor::fixed(d)?, cbor::fixed_or_empty(d)?.map(CircleId));
    let cut = match d.array()? {
        Some(0) => None,
        Some(2) => {
            let height = d.u64()?;
            if height > limits::HEIGHT {
                return Err(minicbor::decode::Error::message("height out of range"));
            }
            Some((height, RecordId(cbor::fixed(d)?)))
        }
        _ => {
            return Err(minicbor::decode::Error::message(
                "a cut has zero or two elements",
            ));
        }
    };
    Ok(Claim::Revocation { key, circle, cut })
}

fn recovery(d: &mut Decoder<'_>) -> Read<Claim> {
    let (circle, old, new) = (cbor::fixed(d)?, cbor::fixed(d)?, cbor::fixed(d)?);
    Ok(Claim::Recovery {
        circle: CircleId(circle),
        old: RootKey(old),
        new: RootKey(new),
    })
}
