//! What the known kinds say. Each body is an array of fixed length; a shape never changes, a new shape
//! takes a new kind. Only the fold opens bodies: one that does not fit makes its record without effect.

use minicbor::Decoder;

use super::cbor::{self, Read, Writer, Written};
use super::content::{Content, ContentKind};
use super::ids::{CircleId, FeedKey, RecordId, RootKey};
use super::{Kind, limits};

/// How a circle decides. Pointer proposals replace it as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Policy {
    /// How many roots a member that is no admin may admit.
    pub invitations: u64,
    /// How many admins must stand behind a proposal; 0 stands for a majority of the admins.
    pub quorum: u64,
    /// Version of the rules by which the circle decides. Who knows only older ones takes no decision in it.
    pub rules: u64,
}

impl Default for Policy {
    /// Three invitations a member; the majority of the admins decides.
    fn default() -> Self {
        Self {
            invitations: 3,
            quorum: 0,
            rules: 1,
        }
    }
}

impl Policy {
    fn write(&self, e: &mut Writer<'_>) -> Written {
        e.array(3)?
            .u64(self.invitations)?
            .u64(self.quorum)?
            .u64(self.rules)?;
        Ok(())
    }

    fn read(d: &mut Decoder<'_>) -> Read<Self> {
        cbor::array(d, 3)?;
        Ok(Self {
            invitations: d.u64()?,
            quorum: d.u64()?,
            rules: d.u64()?,
        })
    }
}

/// An admin named at genesis: what it is called, and the key on paper that may recover it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Admin {
    pub root: RootKey,
    pub name: String,
    pub paper: Option<RootKey>,
}

/// The circle that a refounded circle goes on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predecessor {
    pub circle: CircleId,
    pub set_hash: [u8; 32],
    /// The old circle's admins, ascending.
    pub admins: Vec<RootKey>,
}

/// The content of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Genesis {
        name: String,
        salt: [u8; 16],
        policy: Policy,
        admins: Vec<Admin>,
        predecessor: Option<Predecessor>,
    },
    /// First admissions have empty `lifts` and `feeds`; a re-admission lists the suspensions that it lifts and the feeds that count again.
    Admit {
        root: RootKey,
        name: String,
        lifts: Vec<RecordId>,
        feeds: Vec<FeedKey>,
    },
    Suspend {
        root: RootKey,
        reason: String,
    },
    Lift {
        suspension: RecordId,
    },
    AddAdmin {
        root: RootKey,
    },
    Endorse {
        target: RecordId,
    },
    Policy {
        replaces: RecordId,
        policy: Policy,
    },
    /// `slot` 0 is the current model, 1 the current adapter.
    Pointer {
        slot: u64,
        replaces: RecordId,
        target: RecordId,
    },
    Vote {
        subject: RecordId,
        choice: u64,
    },
    Successor {
        feed: FeedKey,
    },
    Recover {
        old: RootKey,
        new: RootKey,
    },
    Merge,
    /// It shares a content.
    Content(Content),
    Withdraw {
        target: RecordId,
    },
}

impl Body {
    /// The kind that this body belongs to.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Genesis { .. } => Kind::GENESIS,
            Self::Admit { .. } => Kind::ADMIT,
            Self::Suspend { .. } => Kind::SUSPEND,
            Self::Lift { .. } => Kind::LIFT,
            Self::AddAdmin { .. } => Kind::ADD_ADMIN,
            Self::Endorse { .. } => Kind::ENDORSE,
            Self::Policy { .. } => Kind::POLICY,
            Self::Pointer { .. } => Kind::POINTER,
            Self::Vote { .. } => Kind::VOTE,
            Self::Successor { .. } => Kind::SUCCESSOR,
            Self::Recover { .. } => Kind::RECOVER,
            Self::Merge => Kind::MERGE,
            Self::Content(content) => content.kind().record(),
            Self::Withdraw { .. } => Kind::WITHDRAW,
        }
    }

    /// Writes the body's array.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| self.write(e))
    }

    /// Reads a body of a known kind. None: the kind is unknown, or the body does not fit it; either way
    /// the record has no effect for us (and for a critical unknown kind, we take no decision).
    pub fn decode(kind: Kind, body: &[u8]) -> Option<Self> {
        let mut d = Decoder::new(body);
        let read = read(kind, &mut d).ok().flatten()?;
        cbor::end(&d).ok()?;
        Some(read)
    }

    fn write(&self, e: &mut Writer<'_>) -> Written {
        match self {
            Self::Genesis {
                name,
                salt,
                policy,
                admins,
                predecessor,
            } => {
                e.array(5)?.str(name)?.bytes(salt)?;
                policy.write(e)?;
                e.array(admins.len() as u64)?;
                for admin in admins {
                    e.array(3)?.bytes(&admin.root.0)?.str(&admin.name)?;
                    e.bytes(admin.paper.as_ref().map_or(&[], |key| &key.0[..]))?;
                }
                match predecessor {
                    None => e.null()?,
                    Some(old) => {
                        e.array(3)?.bytes(&old.circle.0)?.bytes(&old.set_hash)?;
                        e.array(old.admins.len() as u64)?;
                        for root in &old.admins {
                            e.bytes(&root.0)?;
                        }
                        e
                    }
                };
            }
            Self::Admit {
                root,
                name,
                lifts,
                feeds,
            } => {
                e.array(4)?
                    .bytes(&root.0)?
                    .str(name)?
                    .array(lifts.len() as u64)?;
                for id in lifts {
                    e.bytes(&id.0)?;
                }
                e.array(feeds.len() as u64)?;
                for feed in feeds {
                    e.bytes(&feed.0)?;
                }
            }
            Self::Suspend { root, reason } => {
                e.array(2)?.bytes(&root.0)?.str(reason)?;
            }
            Self::Lift { suspension: id }
            | Self::Endorse { target: id }
            | Self::Withdraw { target: id } => {
                e.array(1)?.bytes(&id.0)?;
            }
            Self::AddAdmin { root } => {
                e.array(1)?.bytes(&root.0)?;
            }
            Self::Policy { replaces, policy } => {
                e.array(2)?.bytes(&replaces.0)?;
                policy.write(e)?;
            }
            Self::Pointer {
                slot,
                replaces,
                target,
            } => {
                e.array(3)?
                    .u64(*slot)?
                    .bytes(&replaces.0)?
                    .bytes(&target.0)?;
            }
            Self::Vote { subject, choice } => {
                e.array(2)?.bytes(&subject.0)?.u64(*choice)?;
            }
            Self::Successor { feed } => {
                e.array(1)?.bytes(&feed.0)?;
            }
            Self::Recover { old, new } => {
                e.array(2)?.bytes(&old.0)?.bytes(&new.0)?;
            }
            Self::Merge => {
                e.array(0)?;
            }
            Self::Content(content) => content.write(e)?,
        }
        Ok(())
    }
}

fn read(kind: Kind, d: &mut Decoder<'_>) -> Read<Option<Body>> {
    let name = |d: &mut Decoder<'_>| cbor::text(d, limits::NAME_BYTES);
    let words = |d: &mut Decoder<'_>| cbor::text(d, limits::TEXT_BYTES);
    Ok(Some(match kind {
        Kind::GENESIS => {
            cbor::array(d, 5)?;
            let (name, salt, policy) = (name(d)?, cbor::fixed(d)?, Policy::read(d)?);
            let admins = cbor::list(d, limits::ADMINS, |d| {
                cbor::array(d, 3)?;
                Ok(Admin {
                    root: RootKey(cbor::fixed(d)?),
                    name: cbor::text(d, limits::NAME_BYTES)?,
                    paper: cbor::fixed_or_empty(d)?.map(RootKey),
                })
            })?;
            ascending(admins.iter().map(|admin| admin.root))?;
            Body::Genesis {
                name,
                salt,
                policy,
                admins,
                predecessor: predecessor(d)?,
            }
        }
        Kind::ADMIT => {
            cbor::array(d, 4)?;
            let (root, name) = (RootKey(cbor::fixed(d)?), name(d)?);
            let lifts = cbor::list(d, limits::SEEN, |d| cbor::fixed(d).map(RecordId))?;
            let feeds = cbor::list(d, limits::CUT, |d| cbor::fixed(d).map(FeedKey))?;
            ascending(lifts.iter())?;
            ascending(feeds.iter())?;
            Body::Admit {
                root,
                name,
                lifts,
                feeds,
            }
        }
        Kind::SUSPEND => {
            cbor::array(d, 2)?;
            Body::Suspend {
                root: RootKey(cbor::fixed(d)?),
                reason: words(d)?,
            }
        }
        Kind::LIFT => Body::Lift {
            suspension: one_id(d)?,
        },
        Kind::ADD_ADMIN => {
            cbor::array(d, 1)?;
            Body::AddAdmin {
                root: RootKey(cbor::fixed(d)?),
            }
        }
        Kind::ENDORSE => Body::Endorse { target: one_id(d)? },
        Kind::POLICY => {
            cbor::array(d, 2)?;
            Body::Policy {
                replaces: RecordId(cbor::fixed(d)?),
                policy: Policy::read(d)?,
            }
        }
        Kind::POINTER => {
            cbor::array(d, 3)?;
            let slot = d.u64()?;
            Body::Pointer {
                slot,
                replaces: RecordId(cbor::fixed(d)?),
                target: RecordId(cbor::fixed(d)?),
            }
        }
        Kind::VOTE => {
            cbor::array(d, 2)?;
            Body::Vote {
                subject: RecordId(cbor::fixed(d)?),
                choice: d.u64()?,
            }
        }
        Kind::SUCCESSOR => {
            cbor::array(d, 1)?;
            Body::Successor {
                feed: FeedKey(cbor::fixed(d)?),
            }
        }
        Kind::RECOVER => {
            cbor::array(d, 2)?;
            Body::Recover {
                old: RootKey(cbor::fixed(d)?),
                new: RootKey(cbor::fixed(d)?),
            }
        }
        Kind::MERGE => {
            cbor::array(d, 0)?;
            Body::Merge
        }
        Kind::WITHDRAW => Body::Withdraw { target: one_id(d)? },
        _ => {
            let Some(kind) = ContentKind::of(kind) else {
                return Ok(None);
            };
            Body::Content(Content::read(kind, d)?)
        }
    }))
}

fn one_id(d: &mut Decoder<'_>) -> Read<RecordId> {
    cbor::array(d, 1)?;
    cbor::fixed(d).map(RecordId)
}

fn predecessor(d: &mut Decoder<'_>) -> Read<Option<Predecessor>> {
    if d.datatype()? == minicbor::data::Type::Null {
        d.null()?;
        return Ok(None);
    }
    cbor::array(d, 3)?;
    let (circle, set_hash) = (CircleId(cbor::fixed(d)?), cbor::fixed(d)?);
    let admins = cbor::list(d, limits::ADMINS, |d| cbor::fixed(d).map(RootKey))?;
    ascending(admins.iter())?;
    Ok(Some(Predecessor {
        circle,
        set_hash,
        admins,
    }))
}

fn ascending<T: Ord>(items: impl Iterator<Item = T>) -> Read<()> {
    if items.is_sorted_by(|a, b| a < b) {
        Ok(())
    } else {
        Err(minicbor::decode::Error::message("not strictly ascending"))
    }
}
