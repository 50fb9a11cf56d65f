//! The canonical bytes of a state: deterministic CBOR, tagged with the version of the rules.
//!
//! The state hash is taken over them, and the store keeps them as a cache that it can always rebuild.
//! Reading them back trusts nothing: a cache that does not read is rebuilt.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::Decoder;

use crate::record::cbor::{self, Read, Writer, Written};
use crate::record::{
    Body, CircleId, ContentKind, FeedKey, Hlc, Policy, Predecessor, RecordId, RootKey,
};

use super::build::CODES;
use super::state::{Member, Shared, State, Vote};

impl State {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| self.write(e))
    }

    /// The hash over the canonical bytes: two members with one set have one state hash.
    pub fn state_hash(&self) -> [u8; 32] {
        blake3::derive_key("okibi 2026 state hash v1", &self.encode())
    }

    /// Reads what `encode` wrote. None: the bytes are damaged or of another version of the rules, and
    /// whoever kept them folds again.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        cbor::check(bytes).ok()?;
        let mut d = Decoder::new(bytes);
        let state = read(&mut d).ok()?;
        cbor::end(&d).ok()?;
        Some(state)
    }

    fn write(&self, e: &mut Writer<'_>) -> Written {
        e.array(FIELDS)?.u64(super::VERSION)?;
        e.bytes(&self.circle.0)?.str(&self.name)?;
        e.bytes(self.founder.as_ref().map_or(&[], |root| &root.0[..]))?;
        match &self.predecessor {
            None => {
                e.array(0)?;
            }
            Some(old) => {
                e.array(3)?.bytes(&old.circle.0)?.bytes(&old.set_hash)?;
                ids(e, old.admins.iter().map(|root| &root.0))?;
            }
        }
        e.array(3)?
            .u64(self.policy.invitations)?
            .u64(self.policy.quorum)?
            .u64(self.policy.rules)?;
        e.bytes(&self.policy_head.0)?;
        e.array(self.members.len() as u64)?;
        for (root, member) in &self.members {
            e.array(10)?.bytes(&root.0)?.str(&member.name)?;
            e.bytes(&member.admission.0)?.bytes(&member.sponsor.0)?;
            e.bool(member.admin)?;
            e.bytes(member.suspension.as_ref().map_or(&[], |id| &id.0[..]))?;
            ids(e, member.feeds.iter().map(|feed| &feed.0))?;
            ids(e, member.open.iter().map(|feed| &feed.0))?;
            e.u64(member.weight)?.bytes(&member.trunk.0)?;
        }
        for kind in ContentKind::ALL {
            e.array(self.of(kind).count() as u64)?;
            for (id, it) in self.of(kind) {
                e.array(4)?.bytes(&id.0)?.bytes(&it.author.0)?;
                let body = Body::Content(it.content.clone());
                e.u64(it.time.0)?.bytes(&body.encode())?;
            }
        }
        ids(e, self.withdrawn.iter().map(|id| &id.0))?;
        e.array(self.pointers.len() as u64)?;
        for (slot, target) in &self.pointers {
            let head = self.pointer_heads.get(slot).unwrap_or(target);
            e.array(3)?.u64(*slot)?.bytes(&head.0)?.bytes(&target.0)?;
        }
        e.array(self.votes.len() as u64)?;
        for (subject, votes) in &self.votes {
            e.array(2)?.bytes(&subject.0)?.array(votes.len() as u64)?;
            for (root, vote) in votes {
                e.array(3)?.bytes(&root.0)?.bytes(&vote.record.0)?;
                e.u64(vote.choice)?;
            }
        }
        e.array(self.without_effect.len() as u64)?;
        for (id, code) in &self.without_effect {
            e.array(2)?.bytes(&id.0)?.str(code)?;
        }
        Ok(())
    }
}

/// Elements of the array.
const FIELDS: u64 = 14;
/// A state has no limit of its own: its records have theirs.
const ANY: usize = usize::MAX;

fn ids<'b>(e: &mut Writer<'_>, ids: impl ExactSizeIterator<Item = &'b [u8; 32]>) -> Written {
    e.array(ids.len() as u64)?;
    for id in ids {
        e.bytes(id)?;
    }
    Ok(())
}

fn read(d: &mut Decoder<'_>) -> Read<State> {
    cbor::array(d, FIELDS)?;
    if d.u64()? != super::VERSION {
        return Err(minicbor::decode::Error::message("another version"));
    }
    let mut state = State::empty(CircleId(cbor::fixed(d)?));
    state.name = d.str()?.to_owned();
    state.founder = cbor::fixed_or_empty(d)?.map(RootKey);
    state.predecessor = match d.array()? {
        Some(0) => None,
        Some(3) => Some(Predecessor {
            circle: CircleId(cbor::fixed(d)?),
            set_hash: cbor::fixed(d)?,
            admins: cbor::list(d, ANY, |d| cbor::fixed(d).map(RootKey))?,
        }),
        _ => return Err(minicbor::decode::Error::message("no predecessor")),
    };
    cbor::array(d, 3)?;
    state.policy = Policy {
        invitations: d.u64()?,
        quorum: d.u64()?,
        rules: d.u64()?,
    };
    state.policy_head = RecordId(cbor::fixed(d)?);
    state.members = map(d, |d| {
        cbor::array(d, 10)?;
        let root = RootKey(cbor::fixed(d)?);
        let member = Member {
            name: d.str()?.to_owned(),
            admission: RecordId(cbor::fixed(d)?),
            sponsor: RootKey(cbor::fixed(d)?),
            admin: d.bool()?,
            suspension: cbor::fixed_or_empty(d)?.map(RecordId),
            feeds: set(d, FeedKey)?,
            open: set(d, FeedKey)?,
            weight: d.u64()?,
            trunk: RootKey(cbor::fixed(d)?),
        };
        Ok((root, member))
    })?;
    for kind in ContentKind::ALL {
        let all = map(d, |d| content(d, kind))?;
        state.contents.extend(all);
    }
    state.withdrawn = set(d, RecordId)?;
    let pointers: BTreeMap<u64, (RecordId, RecordId)> = map(d, |d| {
        cbor::array(d, 3)?;
        let slot = d.u64()?;
        let (head, target) = (RecordId(cbor::fixed(d)?), RecordId(cbor::fixed(d)?));
        Ok((slot, (head, target)))
    })?;
    for (slot, (head, target)) in pointers {
        state.pointer_heads.insert(slot, head);
        state.pointers.insert(slot, target);
    }
    state.votes = map(d, |d| {
        cbor::array(d, 2)?;
        let subject = RecordId(cbor::fixed(d)?);
        let votes = map(d, |d| {
            cbor::array(d, 3)?;
            let root = RootKey(cbor::fixed(d)?);
            let vote = Vote {
                record: RecordId(cbor::fixed(d)?),
                choice: d.u64()?,
            };
            Ok((root, vote))
        })?;
        Ok((subject, votes))
    })?;
    state.without_effect = map(d, |d| {
        cbor::array(d, 2)?;
        let id = RecordId(cbor::fixed(d)?);
        let found = d.str()?;
        let code = CODES.iter().find(|code| **code == found);
        let code = code.ok_or_else(|| minicbor::decode::Error::message("unknown code"))?;
        Ok((id, *code))
    })?;
    Ok(state)
}

fn map<'b, K: Ord, V>(
    d: &mut Decoder<'b>,
    read: impl FnMut(&mut Decoder<'b>) -> Read<(K, V)>,
) -> Read<BTreeMap<K, V>> {
    Ok(cbor::list(d, ANY, read)?.into_iter().collect())
}

fn set<T: Ord>(d: &mut Decoder<'_>, name: impl Fn([u8; 32]) -> T) -> Read<BTreeSet<T>> {
    let all = cbor::list(d, ANY, |d| cbor::fixed(d).map(&name))?;
    Ok(all.into_iter().collect())
}

fn content(d: &mut Decoder<'_>, kind: ContentKind) -> Read<(RecordId, Shared)> {
    cbor::array(d, 4)?;
    let id = RecordId(cbor::fixed(d)?);
    let (author, time) = (RootKey(cbor::fixed(d)?), Hlc(d.u64()?));
    let Some(Body::Content(content)) = Body::decode(kind.record(), d.bytes()?) else {
        return Err(minicbor::decode::Error::message("no content"));
    };
    let shared = Shared {
        author,
        time,
        content,
    };
    Ok((id, shared))
}
