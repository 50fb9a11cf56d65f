//! How much each root weighs where admins are not counted by head.
//!
//! A root vouched for (admitted, or its admission endorsed) by two admins, or by the only one there was,
//! is a *trunk*, and so is an admin of genesis. Every other root belongs to the first trunk up its
//! admissions. Each trunk weighs 2^16, shared evenly with those under it: who invites many divides
//! their own influence and never multiplies it.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Act;
use super::rules::{Rules, Verdict};

/// What a trunk and all under it weigh together.
pub(super) const TRUNK: u64 = 1 << 16;

/// Weights of the active roots.
#[derive(Debug, Default)]
pub(super) struct Weights {
    pub(super) of: BTreeMap<u32, u64>,
    /// The trunk that each member belongs to, suspended ones too.
    pub(super) trunk: BTreeMap<u32, u32>,
    total: u64,
}

impl Weights {
    pub(super) fn new(rules: &Rules<'_, '_>, verdict: &Verdict) -> Self {
        let mut vouchers: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        let mut trunks = rules.genesis_admins.clone();
        let mut vouch = |node: u32, root: u32| {
            let author = rules.author(node);
            if author == root || !verdict.as_admin.contains(&node) {
                return;
            }
            let all = vouchers.entry(root).or_default();
            all.insert(author);
            if all.len() > 1 || rules.standing[node as usize].admins.len() == 1 {
                trunks.insert(root);
            }
        };
        for &node in verdict.list.iter().filter(|&&node| verdict.counts(node)) {
            match *rules.act(node) {
                Act::Admit { root, .. } => vouch(node, root),
                Act::Endorse { target } if verdict.counts(target) && rules.permitted(target) => {
                    if let Act::Admit { root, .. } = *rules.act(target) {
                        vouch(node, root);
                    }
                }
                _ => {}
            }
        }

        let admissions = admissions(rules, verdict);
        let mut trunk: BTreeMap<u32, u32> = BTreeMap::new();
        for &root in verdict.members.keys() {
            let mut top = root;
            // Admissions lead up to genesis's admins, which are trunks.
            while !trunks.contains(&top)
                && let Some(&admission) = admissions.get(&top)
            {
                top = rules.author(admission);
            }
            trunk.insert(root, top);
        }

        let mut groups: BTreeMap<u32, u64> = BTreeMap::new();
        let active = || trunk.iter().filter(|&(&root, _)| verdict.active(root));
        for (_, &top) in active() {
            *groups.entry(top).or_default() += 1;
        }
        let of: BTreeMap<u32, u64> = active()
            .map(|(&root, top)| (root, groups.get(top).map_or(0, |count| TRUNK / count)))
            .collect();
        let total = of.values().sum();
        Self { of, trunk, total }
    }

    /// How many of some roots were active members.
    pub(super) fn known(&self, roots: &BTreeSet<u32>) -> usize {
        roots
            .iter()
            .filter(|root| self.of.contains_key(root))
            .count()
    }

    /// Whether roots weigh more than half of all.
    pub(super) fn majority(&self, roots: &BTreeSet<u32>) -> bool {
        let sum: u64 = roots.iter().filter_map(|root| self.of.get(root)).sum();
        2 * sum > self.total
    }
}

/// The admission of each member that genesis does not name: level by level away from genesis, and of
/// several by roots of earlier levels the one with the smallest id. So sponsors never form a circle.
pub(super) fn admissions(rules: &Rules<'_, '_>, verdict: &Verdict) -> BTreeMap<u32, u32> {
    let mut found: BTreeMap<u32, u32> = BTreeMap::new();
    loop {
        let mut next = Vec::new();
        for (&root, admissions) in &verdict.members {
            if rules.genesis_admins.contains(&root) || found.contains_key(&root) {
                continue;
            }
            let placed = admissions.iter().copied().filter(|&admission| {
                let sponsor = rules.author(admission);
                rules.genesis_admins.contains(&sponsor) || found.contains_key(&sponsor)
            });
            let first = placed.min_by_key(|&node| rules.graph.record_of(node).id);
            next.extend(first.map(|node| (root, node)));
        }
        if next.is_empty() {
            return found;
        }
        found.extend(next);
    }
}
