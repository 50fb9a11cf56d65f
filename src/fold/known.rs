//! Permissions that are known from an earlier evaluation. A record's permission depends on its past alone and never changes
//! (`docs/circles.md`, section 3), so whoever keeps a pool keeps what came of it beside the pool, and a later
//! evaluation folds only the pasts of what is new.
//!
//! They are a cache like the state: bytes that do not read are dropped, and everything is judged again.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use minicbor::Decoder;

use crate::record::cbor::{self, Read};
use crate::record::{Policy, RecordId, RootKey};

use super::graph::Graph;
use super::permit::Judgement;
use super::rules::{Rules, Why};

/// What the fold of a record's past said, for records of one circle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// The sets of admins there were, each once.
    admins: Vec<Vec<RootKey>>,
    of: BTreeMap<RecordId, Known>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    refusal: Option<Refusal>,
    as_admin: bool,
    rank: u32,
    policy: Policy,
    /// Which set of admins.
    admins: usize,
}

/// A reason that a fold gives; those that need none are found again each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NoMember,
    NoAdmin,
    Invitations,
    Target,
    Succeeded,
    Forked,
    Suspended(RecordId),
}

/// The codes of `Refusal`, by number.
const PLAIN: [Refusal; 6] = [
    Refusal::NoMember,
    Refusal::NoAdmin,
    Refusal::Invitations,
    Refusal::Target,
    Refusal::Succeeded,
    Refusal::Forked,
];
/// The number of what is permitted, and of what a suspension refuses.
const PERMITTED: u64 = PLAIN.len() as u64;
const SUSPENDED: u64 = PERMITTED + 1;

impl Permissions {
    /// How many records they are of.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Their bytes, tagged with the version of the rules.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(3)?.u64(super::VERSION)?;
            e.array(self.admins.len() as u64)?;
            for set in &self.admins {
                let keys: Vec<u8> = set.iter().flat_map(|root| root.0).collect();
                e.bytes(&keys)?;
            }
            e.array(self.of.len() as u64)?;
            for (id, known) in &self.of {
                let (code, suspension) = match known.refusal {
                    None => (PERMITTED, None),
                    Some(Refusal::Suspended(id)) => (SUSPENDED, Some(id)),
                    Some(plain) => {
                        let at = PLAIN.iter().position(|it| *it == plain);
                        (at.unwrap_or(0) as u64, None)
                    }
                };
                e.array(9)?.bytes(&id.0)?.u64(code)?;
                e.bytes(suspension.as_ref().map_or(&[], |id| &id.0[..]))?;
                e.bool(known.as_admin)?.u64(u64::from(known.rank))?;
                let policy = &known.policy;
                e.u64(policy.invitations)?.u64(policy.quorum)?;
                e.u64(policy.rules)?.u64(known.admins as u64)?;
            }
            Ok(())
        })
    }

    /// Reads what `encode` wrote. None: the bytes are damaged or of another version of the rules.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        cbor::check(bytes).ok()?;
        let mut d = Decoder::new(bytes);
        let read = Self::read(&mut d).ok()??;
        cbor::end(&d).ok()?;
        Some(read)
    }

    fn read(d: &mut Decoder<'_>) -> Read<Option<Self>> {
        cbor::array(d, 3)?;
        if d.u64()? != super::VERSION {
            return Ok(None);
        }
        let admins = cbor::list(d, usize::MAX, |d| {
            let (keys, _) = d.bytes()?.as_chunks();
            Ok(keys.iter().copied().map(RootKey).collect())
        })?;
        let all = cbor::list(d, usize::MAX, |d| {
            cbor::array(d, 9)?;
            let (id, code) = (RecordId(cbor::fixed(d)?), d.u64()?);
            let suspension = RecordId::from_slice(d.bytes()?);
            let (as_admin, rank) = (d.bool()?, d.u32()?);
            let policy = Policy {
                invitations: d.u64()?,
                quorum: d.u64()?,
                rules: d.u64()?,
            };
            let plain = usize::try_from(code).ok().and_then(|code| PLAIN.get(code));
            let refusal = match (code, suspension, plain) {
                (PERMITTED, _, _) => None,
                (SUSPENDED, Some(id), _) => Some(Refusal::Suspended(id)),
                (_, _, Some(plain)) => Some(*plain),
                _ => return Ok(None),
            };
            let known = Known {
                refusal,
                as_admin,
                rank,
                policy,
                admins: usize::try_from(d.u64()?).unwrap_or(usize::MAX),
            };
            Ok(Some((id, known)))
        })?;
        let of: Option<BTreeMap<RecordId, Known>> = all.into_iter().collect();
        let read = of.map(|of| Self { admins, of });
        Ok(read.filter(|it: &Self| it.of.values().all(|known| known.admins < it.admins.len())))
    }

    /// What the folds of an evaluation came to.
    pub(super) fn of(rules: &Rules<'_, '_>) -> Self {
        let graph = rules.graph;
        let mut found = Self::default();
        let mut sets: HashMap<Vec<u32>, usize> = HashMap::new();
        for (node, standing) in (0..).zip(&rules.standing) {
            let refusal = match standing.refusal {
                None => None,
                Some(Why::NoMember) => Some(Refusal::NoMember),
                Some(Why::NoAdmin) => Some(Refusal::NoAdmin),
                Some(Why::Invitations) => Some(Refusal::Invitations),
                Some(Why::Target) => Some(Refusal::Target),
                Some(Why::Succeeded) => Some(Refusal::Succeeded),
                Some(Why::Forked) => Some(Refusal::Forked),
                Some(Why::Suspended(by)) => Some(Refusal::Suspended(graph.record_of(by).id)),
                // No fold said so.
                Some(_) => continue,
            };
            if !standing.folded {
                continue;
            }
            let admins = match sets.get(&standing.admins[..]) {
                Some(&at) => at,
                None => {
                    let keys = standing.admins.iter();
                    let keys = keys.map(|&root| graph.roots[root as usize]);
                    found.admins.push(keys.collect());
                    sets.insert(standing.admins.to_vec(), sets.len());
                    sets.len() - 1
                }
            };
            let known = Known {
                refusal,
                as_admin: standing.as_admin,
                rank: standing.rank,
                policy: standing.policy,
                admins,
            };
            found.of.insert(graph.record_of(node).id, known);
        }
        found
    }
}

/// Permissions in the numbers of one graph.
pub(super) struct Recall<'g> {
    known: &'g Permissions,
    admins: Vec<Option<Rc<[u32]>>>,
}

impl<'g> Recall<'g> {
    pub(super) fn new(graph: &'g Graph<'_>) -> Self {
        let known = &graph.history.known;
        let index = |root: &RootKey| graph.root_index.get(root).copied();
        let admins = known.admins.iter().map(|set| {
            let set: Option<Vec<u32>> = set.iter().map(index).collect();
            let mut set = set?;
            set.sort_unstable();
            Some(Rc::from(set))
        });
        Self {
            known,
            admins: admins.collect(),
        }
    }

    /// What is known of a node; none where it has to be judged.
    pub(super) fn standing(&self, graph: &Graph<'_>, node: u32) -> Option<Judgement> {
        let known = self.known.of.get(&graph.record_of(node).id)?;
        let refusal = match known.refusal {
            None => None,
            Some(Refusal::NoMember) => Some(Why::NoMember),
            Some(Refusal::NoAdmin) => Some(Why::NoAdmin),
            Some(Refusal::Invitations) => Some(Why::Invitations),
            Some(Refusal::Target) => Some(Why::Target),
            Some(Refusal::Succeeded) => Some(Why::Succeeded),
            Some(Refusal::Forked) => Some(Why::Forked),
            Some(Refusal::Suspended(by)) => Some(Why::Suspended(graph.node_of(graph.find(&by)?)?)),
        };
        Some(Judgement {
            refusal,
            folded: true,
            as_admin: known.as_admin,
            admins: Rc::clone(self.admins.get(known.admins)?.as_ref()?),
            policy: known.policy,
            weights: None,
            rank: known.rank,
        })
    }
}
