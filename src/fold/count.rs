//! Step 4: which of the other authority records count, and what is current.
//!
//! One pass in causal order: each record looks at those of its past that were found to count. Invitations
//! of concurrent admissions are settled before, among what is permitted and within the cuts, so that no
//! record waits for one that is not in its past.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::record::{Body, RecordId, limits};

use super::graph::Act;
use super::rules::{Outside, Rules, Verdict, Why};
use super::weight::Weights;

impl Rules<'_, '_> {
    /// Step 4: what counts of the other authority records.
    pub(super) fn count(&self, outside: &Outside, verdict: &mut Verdict) {
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
                // A re-admission that lifts nothing is no way around the limit.
                Act::Admit { lifts, .. }
                    if !lifts.is_empty() && !admin && !verdict.effective.contains(&node) =>
                {
                    verdict.why.insert(node, Why::Votes);
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
        let counts = |n: u32| verdict.as_admin.contains(&n) && verdict.counts(n);
        let behind = self.behind(node, verdict, |n| counts(n) && (n == node || passes(n)));
        behind.admins
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
                let policy = self.standing[node as usize].policy;
                let limit = policy.invitations.min(limits::INVITATIONS);
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
    pub(super) fn conclude(&self, verdict: &mut Verdict) {
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
