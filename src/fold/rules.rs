//! The fold of a set of authority records, step by step as in `docs/circles.md`.
//!
//! One function, `Rules::fold`, serves twice: for the past of a record, where it decides whether that
//! record is *permitted*, and for the whole set, where it decides what *counts*. Revocations are known
//! in the second case only, so permission is fixed for each record, whatever arrives later.
//!
//! Nodes are visited in causal order, and each decision looks at permitted records only. Nothing here
//! depends on which of the possible causal orders the graph happens to have.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::record::{Policy, RecordId};

use super::bits::Bits;
use super::graph::{Act, Graph};
use super::permit::Judgement;
use super::stretches::Spot;
use super::suspend::Round;

/// Why a record does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Why {
    Unreadable,
    Newer,
    Dangling,
    /// No admission of its author is in its past, or none that counts.
    NoMember,
    /// Its author was suspended by this node, and knew it.
    Suspended(u32),
    NoAdmin,
    /// More admissions than a member may give.
    Invitations,
    /// Nobody may say this of that root.
    Target,
    /// It stands behind a successor in its own feed.
    Succeeded,
    Revoked,
    Forked,
    /// Beyond the cut of this suspension.
    Beyond(u32),
    /// The author's right rests on records that do not count.
    Unsupported,
    /// A kind that has no effect yet.
    Inert,
    /// Not enough roots stand behind it.
    Votes,
    /// A proposal that had enough behind it, where another one won.
    Replaced,
}

/// A suspension in force.
#[derive(Debug, Clone)]
pub(super) struct Force {
    pub(super) suspension: u32,
    /// Re-admissions that lift it for some feeds.
    pub(super) readmissions: Vec<u32>,
    pub(super) feeds: BTreeSet<u32>,
}

/// Height and id up to which a revoked feed counts; none: not at all.
pub(super) type RevocationCut = Option<(u64, RecordId)>;

/// The roots behind a record.
#[derive(Debug, Default)]
pub(super) struct Behind {
    pub(super) roots: BTreeSet<u32>,
    /// Those of them that were admins in the fold of the record's past.
    pub(super) admins: BTreeSet<u32>,
}

/// What holds from outside the records: for the whole set only.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// Feed: its lowest fork.
    pub(super) forks: HashMap<u32, u64>,
    /// Root and feed: the highest place that lies within the cuts of all its revocations; none: nothing does.
    pub(super) revocations: HashMap<(u32, u32), Option<Spot>>,
}

impl Outside {
    /// Notes a revocation of a feed by its root. A cut that names no record of the feed holds nothing in.
    pub(super) fn revoke(&mut self, graph: &Graph<'_>, key: (u32, u32), cut: RevocationCut) {
        let top = cut.and_then(|(height, id)| {
            let top = graph.find(&id)?;
            let present = &graph.records[top as usize];
            let named = present.feed == key.1 && present.record.height == height;
            named.then(|| graph.spot(top))
        });
        let held = self.revocations.entry(key).or_insert(top);
        *held = held
            .zip(top)
            .and_then(|(one, other)| graph.stretches.meet(one, other));
    }
}

/// The fold's result.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// The permitted authority records, in causal order.
    pub(super) list: Vec<u32>,
    /// Why a node does not count; nodes outside `list` have no entry.
    pub(super) why: HashMap<u32, Why>,
    /// Root: its admissions that count (none for those that genesis names).
    pub(super) members: BTreeMap<u32, Vec<u32>>,
    pub(super) admins: Rc<[u32]>,
    /// Root: suspensions in force.
    pub(super) forces: HashMap<u32, Vec<Force>>,
    /// Suspensions that came into force, with the liftings that ended them.
    pub(super) lifted: HashMap<u32, Vec<u32>>,
    /// Records that count and whose authors acted as admins.
    pub(super) as_admin: BTreeSet<u32>,
    pub(super) endorsements: HashMap<u32, Vec<u32>>,
    /// Suspensions that came into force (lifted or not), liftings and re-admissions that took effect,
    /// and the endorsements that carried them.
    pub(super) effective: BTreeSet<u32>,
    /// Proposals that are or were current.
    pub(super) chain: BTreeSet<u32>,
    /// Slot of a pointer: the proposal that is current.
    pub(super) slots: BTreeMap<u64, u32>,
    pub(super) policy: Policy,
    /// The proposal that is current, or genesis.
    pub(super) policy_head: Option<u32>,
}

impl Verdict {
    /// Whether a permitted record counts.
    pub(super) fn counts(&self, node: u32) -> bool {
        !self.why.contains_key(&node)
    }

    /// The suspension that keeps a root from writing in a feed.
    pub(super) fn barred(&self, root: u32, feed: u32) -> Option<u32> {
        let forces = self.forces.get(&root)?;
        let mut barring = forces.iter().filter(|force| !force.feeds.contains(&feed));
        barring.next().map(|force| force.suspension)
    }

    /// The suspensions that keep a root out altogether.
    pub(super) fn suspended(&self, root: u32) -> impl Iterator<Item = u32> {
        let forces = self.forces.get(&root).into_iter().flatten();
        forces
            .filter(|force| force.readmissions.is_empty())
            .map(|force| force.suspension)
    }

    pub(super) fn active(&self, root: u32) -> bool {
        self.members.contains_key(&root) && self.suspended(root).next().is_none()
    }
}

/// A graph with the standing of each node.
pub(super) struct Rules<'g, 'a> {
    pub(super) graph: &'g Graph<'a>,
    pub(super) genesis: Option<u32>,
    pub(super) genesis_admins: BTreeSet<u32>,
    pub(super) genesis_policy: Policy,
    pub(super) standing: Vec<Judgement>,
    /// How many of them were judged by a fold, and not recalled.
    pub(super) judged: usize,
}

impl Rules<'_, '_> {
    /// Folds the permitted records of `set`.
    pub(super) fn fold(&self, set: &Bits, outside: Option<&Outside>) -> Verdict {
        let own;
        let outside = match outside {
            Some(outside) => outside,
            None => {
                own = self.forks_within(set);
                &own
            }
        };
        let mut verdict = Verdict {
            list: set.iter().filter(|&n| self.permitted(n)).collect(),
            policy: self.genesis_policy,
            policy_head: self.genesis,
            ..Verdict::default()
        };
        for &node in &verdict.list {
            if let Act::Endorse { target } = self.graph.nodes[node as usize].act {
                verdict.endorsements.entry(target).or_default().push(node);
            }
        }
        let ever = self.ever_admins(&verdict);
        self.suspend(Round::Admins, &ever, outside, &mut verdict);
        self.suspend(Round::Others, &ever, outside, &mut verdict);
        self.count(outside, &mut verdict);
        self.conclude(&mut verdict);
        verdict
    }

    pub(super) fn permitted(&self, node: u32) -> bool {
        self.standing
            .get(node as usize)
            .is_some_and(|standing| standing.refusal.is_none())
    }

    pub(super) fn act(&self, node: u32) -> &Act {
        &self.graph.nodes[node as usize].act
    }

    pub(super) fn author(&self, node: u32) -> u32 {
        self.graph.record_of(node).root
    }

    pub(super) fn reaches(&self, node: u32, other: u32) -> bool {
        self.graph.nodes[node as usize].past.has(other)
    }

    /// The forks of which both halves are in the set.
    fn forks_within(&self, set: &Bits) -> Outside {
        let mut outside = Outside::default();
        for (feed, height, nodes) in &self.graph.siblings {
            if nodes.iter().filter(|&&n| set.has(n)).count() > 1 {
                let lowest = outside.forks.entry(*feed).or_insert(*height);
                *lowest = (*lowest).min(*height);
            }
        }
        outside
    }

    /// Step 1: whether a record is dropped by a successor, a revocation or a fork.
    pub(super) fn dropped(&self, record: u32, outside: &Outside) -> Option<Why> {
        let present = &self.graph.records[record as usize];
        if present.succeeded {
            return Some(Why::Succeeded);
        }
        if let Some(held) = outside.revocations.get(&(present.root, present.feed)) {
            let spot = self.graph.spot(record);
            let within = held.is_some_and(|top| self.graph.stretches.at_or_below(spot, top));
            // A revocation whose cut names one branch settles the fork for it.
            return (!within).then_some(Why::Revoked);
        }
        let forked = outside
            .forks
            .get(&present.feed)
            .is_some_and(|&height| height <= present.record.height);
        forked.then_some(Why::Forked)
    }

    /// Steps 1 to 3 for one record: whether it lies beyond something. The cuts of a root's suspensions
    /// hold in place of forks and of its own revocations.
    pub(super) fn beyond(
        &self,
        record: u32,
        outside: &Outside,
        forces: &HashMap<u32, Vec<Force>>,
    ) -> Option<Why> {
        let present = &self.graph.records[record as usize];
        if present.succeeded {
            return Some(Why::Succeeded);
        }
        let Some(forces) = forces.get(&present.root) else {
            return self.dropped(record, outside);
        };
        // The code must not depend on the order of the suspensions: `beyond` first, and of several that
        // with the smallest id.
        let mut dropped = false;
        let mut beyond: Option<(RecordId, u32)> = None;
        for force in forces {
            if self.within_cut(record, force.suspension) {
                continue;
            }
            if force.feeds.contains(&present.feed) {
                dropped = true;
            } else {
                let id = self.graph.record_of(force.suspension).id;
                beyond = beyond.into_iter().chain([(id, force.suspension)]).min();
            }
        }
        match beyond {
            Some((_, suspension)) => Some(Why::Beyond(suspension)),
            None if dropped => self.dropped(record, outside),
            None => None,
        }
    }

    pub(super) fn within_cut(&self, record: u32, suspension: u32) -> bool {
        let cut = &self.graph.record_of(suspension).record.cut;
        self.graph.within(record, cut)
    }

    /// Who stands behind a record: its author and the authors of its endorsements that pass a test.
    pub(super) fn behind(
        &self,
        node: u32,
        verdict: &Verdict,
        passes: impl Fn(u32) -> bool,
    ) -> Behind {
        let admins = &self.standing[node as usize].admins;
        let mut behind = Behind::default();
        let endorsements = verdict.endorsements.get(&node).into_iter().flatten();
        for &by in std::iter::once(&node).chain(endorsements) {
            if passes(by) {
                let root = self.author(by);
                behind.roots.insert(root);
                // An admin then, and still one when endorsing.
                if admins.contains(&root) && self.standing[by as usize].as_admin {
                    behind.admins.insert(root);
                }
            }
        }
        behind
    }
}
