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

use crate::record::{Body, Policy, RecordId};

use super::bits::Bits;
use super::graph::{Act, Graph};
use super::permit::Standing;
use super::weight::Weights;

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
type RevocationCut = Option<(u64, RecordId)>;

/// What holds from outside the records: for the whole set only.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// Feed: its lowest fork.
    pub(super) forks: HashMap<u32, u64>,
    /// Root and feed: the cuts of its revocations.
    pub(super) revocations: HashMap<(u32, u32), Vec<RevocationCut>>,
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
    /// Suspensions that came into force (lifted or not), liftings and re-admissions that took effect.
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
        let barring = forces.iter().find(|force| !force.feeds.contains(&feed));
        barring.map(|force| force.suspension)
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
    pub(super) standing: Vec<Standing>,
}

/// Which of the two rounds of suspensions is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Admins,
    Others,
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

    fn reaches(&self, node: u32, other: u32) -> bool {
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
        if let Some(cuts) = outside.revocations.get(&(present.root, present.feed)) {
            let within = |cut: &RevocationCut| {
                cut.is_some_and(|(height, id)| {
                    self.graph.index.get(&id).is_some_and(|&top| {
                        self.graph.records[top as usize].record.height == height
                            && self.graph.at_or_below(record, top)
                    })
                })
            };
            // A revocation whose cut names one branch settles the fork for it.
            return (!cuts.iter().all(within)).then_some(Why::Revoked);
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
        for force in forces {
            if self.within_cut(record, force.suspension) {
                continue;
            }
            if !force.feeds.contains(&present.feed) {
                return Some(Why::Beyond(force.suspension));
            }
            if let Some(why) = self.dropped(record, outside) {
                return Some(why);
            }
        }
        None
    }

    fn within_cut(&self, record: u32, suspension: u32) -> bool {
        let cut = &self.graph.record_of(suspension).record.cut;
        self.graph.within(record, cut)
    }

    /// Step 0: genesis's admins and all that ever became admins, cuts aside.
    fn ever_admins(&self, verdict: &Verdict) -> BTreeSet<u32> {
        let mut ever = self.genesis_admins.clone();
        for &node in &verdict.list {
            if let Act::AddAdmin { root } = *self.act(node) {
                let admins = &self.standing[node as usize].admins;
                let behind = self.supporters(node, verdict, |_| true);
                let enough = behind.iter().filter(|r| admins.contains(r)).count();
                if 2 * enough > admins.len() {
                    ever.insert(root);
                }
            }
        }
        ever
    }

    /// The author of a record and those of its endorsements that pass a test, as roots.
    pub(super) fn supporters(
        &self,
        node: u32,
        verdict: &Verdict,
        passes: impl Fn(u32) -> bool,
    ) -> BTreeSet<u32> {
        let endorsements = verdict.endorsements.get(&node).into_iter().flatten();
        std::iter::once(&node)
            .chain(endorsements)
            .filter(|&&n| passes(n))
            .map(|&n| self.author(n))
            .collect()
    }

    /// Steps 2 and 3.
    fn suspend(
        &self,
        round: Round,
        ever: &BTreeSet<u32>,
        outside: &Outside,
        verdict: &mut Verdict,
    ) {
        // Mutual suspensions of one round all count, so the cuts of this round do not apply in it.
        let before = verdict.forces.clone();
        let passes = |node: u32| {
            let record = self.graph.nodes[node as usize].record;
            match round {
                Round::Admins => self.dropped(record, outside).is_none(),
                Round::Others => self.beyond(record, outside, &before).is_none(),
            }
        };
        let of_round = |root: u32| ever.contains(&root) == (round == Round::Admins);
        let list = verdict.list.clone();
        for &node in &list {
            if let Act::Suspend { root } = *self.act(node)
                && of_round(root)
                && self.judge(round, node, root, verdict, passes)
            {
                let force = Force {
                    suspension: node,
                    readmissions: Vec::new(),
                    feeds: BTreeSet::new(),
                };
                verdict.forces.entry(root).or_default().push(force);
                verdict.effective.insert(node);
            }
        }
        for &node in &list {
            if let Act::Lift { suspension } = *self.act(node)
                && let Act::Suspend { root } = *self.act(suspension)
                && of_round(root)
                && self.judge(round, node, root, verdict, passes)
                && verdict.effective.contains(&suspension)
            {
                let forces = verdict.forces.entry(root).or_default();
                forces.retain(|force| force.suspension != suspension);
                if forces.is_empty() {
                    verdict.forces.remove(&root);
                }
                verdict.effective.insert(node);
                verdict.lifted.entry(suspension).or_default().push(node);
            }
        }
        for &node in &list {
            let Act::Admit { root, lifts, feeds } = self.act(node) else {
                continue;
            };
            if !lifts.is_empty()
                && of_round(*root)
                && self.judge(round, node, *root, verdict, passes)
            {
                let feeds = self.followed(*root, feeds, verdict, outside);
                let forces = verdict.forces.get_mut(root).into_iter().flatten();
                for force in forces.filter(|force| lifts.contains(&force.suspension)) {
                    force.readmissions.push(node);
                    force.feeds.extend(&feeds);
                    verdict.effective.insert(node);
                }
            }
        }
    }

    /// Feeds of a root that count again, with those that their successor records lead to.
    fn followed(
        &self,
        root: u32,
        feeds: &[u32],
        verdict: &Verdict,
        outside: &Outside,
    ) -> BTreeSet<u32> {
        let mut all: BTreeSet<u32> = feeds.iter().copied().collect();
        loop {
            let before = all.len();
            for &node in &verdict.list {
                let present = self.graph.record_of(node);
                if let Act::Successor { feed } = *self.act(node)
                    && present.root == root
                    && all.contains(&present.feed)
                    && self
                        .dropped(self.graph.nodes[node as usize].record, outside)
                        .is_none()
                {
                    all.insert(feed);
                }
            }
            if all.len() == before {
                return all;
            }
        }
    }

    /// Whether enough stand behind a suspension of `target`, or behind its lifting.
    fn judge(
        &self,
        round: Round,
        node: u32,
        target: u32,
        verdict: &Verdict,
        passes: impl Fn(u32) -> bool,
    ) -> bool {
        if !passes(node) {
            return false;
        }
        let standing = &self.standing[node as usize];
        let mut behind = self.supporters(node, verdict, passes);
        behind.remove(&target);
        let admins = &standing.admins;
        let for_it = behind.iter().filter(|root| admins.contains(root)).count();
        let heavy = || {
            let weights = standing.weights.as_deref();
            weights.is_some_and(|weights| weights.majority(&behind))
        };
        match round {
            Round::Admins => match admins.iter().filter(|&&root| root != target).count() {
                0 => false,
                1 => for_it == 1 && behind.len() >= 2 && heavy(),
                _ => 2 * for_it > admins.len() && for_it >= 2,
            },
            Round::Others => for_it >= 1 || heavy(),
        }
    }

    /// Step 4: what counts of the other authority records.
    fn count(&self, outside: &Outside, verdict: &mut Verdict) {
        let over = self.over_invited(outside, verdict);
        let mut granted: HashMap<u32, Vec<u32>> = HashMap::new();
        for at in 0..verdict.list.len() {
            let node = verdict.list[at];
            let record = self.graph.nodes[node as usize].record;
            let root = self.author(node);
            if let Some(why) = self.beyond(record, outside, &verdict.forces) {
                verdict.why.insert(node, why);
                continue;
            }
            let admitted = self.genesis_admins.contains(&root)
                || verdict
                    .members
                    .get(&root)
                    .is_some_and(|admissions| admissions.iter().any(|&a| self.reaches(node, a)));
            if !admitted {
                verdict.why.insert(node, Why::Unsupported);
                continue;
            }
            let admin =
                self.standing[node as usize].as_admin && self.rules(node, &granted, verdict);
            if admin {
                verdict.as_admin.insert(node);
            }
            match self.act(node) {
                Act::Admit { lifts, .. }
                    if lifts.is_empty() && self.standing[node as usize].as_admin && !admin =>
                {
                    verdict.why.insert(node, Why::Unsupported);
                }
                Act::Admit { .. } if over.contains(&node) => {
                    verdict.why.insert(node, Why::Invitations);
                }
                Act::Admit { root, .. } => {
                    verdict.members.entry(*root).or_default().push(node);
                }
                Act::AddAdmin { .. } if !admin => {
                    verdict.why.insert(node, Why::Unsupported);
                }
                Act::AddAdmin { root } => granted.entry(*root).or_default().push(node),
                Act::Recover => {
                    verdict.why.insert(node, Why::Inert);
                }
                _ => {}
            }
        }
        for &root in &self.genesis_admins {
            verdict.members.entry(root).or_default();
        }
        let admins = verdict.members.keys().copied().filter(|&root| {
            let forces = verdict.forces.get(&root).map_or(&[][..], Vec::as_slice);
            if self.genesis_admins.contains(&root) && forces.is_empty() {
                return true;
            }
            let grants = granted.get(&root).into_iter().flatten();
            let mut known =
                grants.filter(|&&g| forces.iter().all(|force| self.reaches(g, force.suspension)));
            known.any(|&g| self.is_granted(g, verdict, |_| true))
        });
        verdict.admins = admins.filter(|&root| verdict.active(root)).collect();
    }

    /// Whether the author of a record was an admin by those records of its past that count.
    fn rules(&self, node: u32, granted: &HashMap<u32, Vec<u32>>, verdict: &Verdict) -> bool {
        let root = self.author(node);
        let record = self.graph.nodes[node as usize].record;
        // A suspension takes the office away, but for what lies within its cut.
        let forces = verdict.forces.get(&root).into_iter().flatten();
        let off: Vec<u32> = forces
            .map(|force| force.suspension)
            .filter(|&suspension| !self.within_cut(record, suspension))
            .collect();
        if self.genesis_admins.contains(&root) && off.is_empty() {
            return true;
        }
        let mut grants = granted.get(&root).into_iter().flatten();
        grants.any(|&grant| {
            self.reaches(node, grant)
                && off
                    .iter()
                    .all(|&suspension| self.reaches(grant, suspension))
                && self.is_granted(grant, verdict, |n| self.reaches(node, n))
        })
    }

    /// Whether enough admins stand behind an `add-admin`, by records that count and pass a test.
    pub(super) fn is_granted(
        &self,
        grant: u32,
        verdict: &Verdict,
        passes: impl Fn(u32) -> bool,
    ) -> bool {
        let admins = &self.standing[grant as usize].admins;
        2 * self.admins_behind(grant, verdict, passes).len() > admins.len()
    }

    /// The admins (of a record's past) that stand behind it, by records that count and pass a test.
    pub(super) fn admins_behind(
        &self,
        node: u32,
        verdict: &Verdict,
        passes: impl Fn(u32) -> bool,
    ) -> BTreeSet<u32> {
        let admins = &self.standing[node as usize].admins;
        let counts = |n: u32| verdict.as_admin.contains(&n) && verdict.counts(n);
        let mut behind = self.supporters(node, verdict, |n| counts(n) && (n == node || passes(n)));
        behind.retain(|root| admins.contains(root));
        behind
    }

    /// Admissions by members beyond what one member may give. Those of several devices or branches
    /// compete in the order of how many came before each, then of their ids.
    fn over_invited(&self, outside: &Outside, verdict: &Verdict) -> BTreeSet<u32> {
        let mut by_author: BTreeMap<u32, Vec<(u32, RecordId, u32, u32)>> = BTreeMap::new();
        for &node in &verdict.list {
            let standing = &self.standing[node as usize];
            let present = self.graph.record_of(node);
            if let Act::Admit { root, lifts, .. } = self.act(node)
                && lifts.is_empty()
                && !standing.as_admin
                && self
                    .beyond(
                        self.graph.nodes[node as usize].record,
                        outside,
                        &verdict.forces,
                    )
                    .is_none()
            {
                let entry = (standing.rank, present.id, node, *root);
                by_author.entry(present.root).or_default().push(entry);
            }
        }
        let mut over = BTreeSet::new();
        for mut admissions in by_author.into_values() {
            admissions.sort_unstable();
            let mut taken = BTreeSet::new();
            for (_, _, node, root) in admissions {
                let limit = self.standing[node as usize].policy.invitations;
                if taken.contains(&root) || (taken.len() as u64) < limit {
                    taken.insert(root);
                } else {
                    over.insert(node);
                }
            }
        }
        over
    }

    /// What is current: the policy, and each slot of the pointers.
    fn conclude(&self, verdict: &mut Verdict) {
        let Some(genesis) = self.genesis else { return };
        let mut policies = Vec::new();
        let mut pointers: BTreeMap<u64, Vec<(u32, RecordId)>> = BTreeMap::new();
        for &node in &verdict.list {
            match (self.act(node), &self.graph.nodes[node as usize].body) {
                (Act::Policy, Some(Body::Policy { replaces, .. })) => {
                    policies.push((node, *replaces));
                }
                (Act::Pointer { slot }, Some(Body::Pointer { replaces, .. })) => {
                    pointers.entry(*slot).or_default().push((node, *replaces));
                }
                _ => {}
            }
        }
        let head = self.current(genesis, &policies, verdict);
        verdict.policy_head = Some(head);
        if let Some(Body::Policy { policy, .. }) = self.graph.nodes[head as usize].body {
            verdict.policy = policy;
        }
        for (slot, proposals) in pointers {
            let head = self.current(genesis, &proposals, verdict);
            verdict.slots.insert(slot, head);
        }
    }

    /// Follows a pointer from genesis: of the effective proposals that replace what is current, the one
    /// that most roots endorse, then the one with the smallest id.
    pub(super) fn current(
        &self,
        genesis: u32,
        proposals: &[(u32, RecordId)],
        verdict: &mut Verdict,
    ) -> u32 {
        let mut current = genesis;
        loop {
            let id = self.graph.record_of(current).id;
            let candidates = proposals
                .iter()
                .filter(|(_, replaces)| *replaces == id)
                .filter_map(|&(node, _)| {
                    let (have, need) = self.backing(node, verdict);
                    let id = self.graph.record_of(node).id;
                    (verdict.counts(node) && have >= need).then_some((
                        std::cmp::Reverse(have),
                        id,
                        node,
                    ))
                });
            match candidates.min() {
                // Ids are hashes over what they replace, so this ends.
                Some((_, _, next)) => {
                    verdict.chain.insert(next);
                    current = next;
                }
                None => return current,
            }
        }
    }

    /// How many admins stand behind a proposal, and how many it needs.
    pub(super) fn backing(&self, node: u32, verdict: &Verdict) -> (u64, u64) {
        let standing = &self.standing[node as usize];
        let all = standing.admins.len() as u64;
        let need = match standing.policy.quorum {
            0 => all / 2 + 1,
            quorum => quorum.min(all).max(1),
        };
        let have = self.admins_behind(node, verdict, |_| true).len() as u64;
        (have, need)
    }

    pub(super) fn weights(&self, verdict: &Verdict) -> Weights {
        Weights::new(self, verdict)
    }
}
