//! Steps 0, 2 and 3: who was ever an admin, and which suspensions and liftings are in force.
//!
//! All that is judged here is permitted and was judged by who was an admin (or weighed what) in the fold of
//! its own past. So the result depends on no step that comes later, and mutual suspensions of one
//! round need no order among them: they all count.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Act;
use super::rules::{Force, Outside, Rules, Verdict};

/// Which of the two rounds of suspensions is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    Admins,
    Others,
}

impl Rules<'_, '_> {
    /// Step 0: who ever became an admin, and by which records, cuts aside.
    pub(super) fn ever_admins(&self, verdict: &Verdict) -> BTreeMap<u32, Vec<u32>> {
        let mut ever: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for &node in &verdict.list {
            if let Act::AddAdmin { root } = *self.act(node) {
                let behind = self.behind(node, verdict, |_| true);
                if 2 * behind.admins.len() > self.standing[node as usize].admins.len() {
                    ever.entry(root).or_default().push(node);
                }
            }
        }
        ever
    }

    /// Steps 2 and 3.
    pub(super) fn suspend(
        &self,
        round: Round,
        ever: &BTreeMap<u32, Vec<u32>>,
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
        // Who made an admin of somebody and knew of a suspension made it no matter of admins.
        let of_round = |suspension: u32, root: u32| {
            let grants = ever.get(&root).map_or(&[][..], Vec::as_slice);
            let admin = self.genesis_admins.contains(&root)
                || grants.iter().any(|&grant| !self.reaches(grant, suspension));
            admin == (round == Round::Admins)
        };
        let list = verdict.list.clone();
        for &node in &list {
            if let Act::Suspend { root } = *self.act(node)
                && of_round(node, root)
                && self.judge(round, node, root, verdict, passes)
            {
                let force = Force {
                    suspension: node,
                    readmissions: Vec::new(),
                    feeds: BTreeSet::new(),
                };
                verdict.forces.entry(root).or_default().push(force);
                self.took_effect(node, verdict, passes);
            }
        }
        for &node in &list {
            if let Act::Lift { suspension } = *self.act(node)
                && let Act::Suspend { root } = *self.act(suspension)
                && of_round(suspension, root)
                && verdict.effective.contains(&suspension)
                && self.judge(round, node, root, verdict, passes)
            {
                let forces = verdict.forces.entry(root).or_default();
                forces.retain(|force| force.suspension != suspension);
                if forces.is_empty() {
                    verdict.forces.remove(&root);
                }
                self.took_effect(node, verdict, passes);
                verdict.lifted.entry(suspension).or_default().push(node);
            }
        }
        for &node in &list {
            if let Act::Admit { root, lifts, feeds } = self.act(node)
                && !lifts.is_empty()
                && self.judge(round, node, *root, verdict, passes)
            {
                let feeds = self.followed(*root, feeds, verdict, outside);
                let lifted = |force: &&mut Force| {
                    lifts.contains(&force.suspension) && of_round(force.suspension, *root)
                };
                let forces = verdict.forces.get_mut(root).into_iter().flatten();
                let mut any = false;
                for force in forces.filter(lifted) {
                    force.readmissions.push(node);
                    force.feeds.extend(&feeds);
                    any = true;
                }
                if any {
                    self.took_effect(node, verdict, passes);
                }
            }
        }
    }

    /// Notes a record that took effect, and the endorsements that carried it.
    fn took_effect(&self, node: u32, verdict: &mut Verdict, passes: impl Fn(u32) -> bool) {
        verdict.effective.insert(node);
        let endorsements = verdict.endorsements.get(&node).into_iter().flatten();
        let passing = endorsements.copied().filter(|&by| passes(by));
        verdict.effective.extend(passing);
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
        let mut behind = self.behind(node, verdict, passes);
        behind.roots.remove(&target);
        behind.admins.remove(&target);
        let (have, all) = (behind.admins.len(), standing.admins.len());
        let heavy = || {
            let weights = standing.weights.as_deref();
            weights.is_some_and(|weights| weights.majority(&behind.roots))
        };
        let several = || {
            let weights = standing.weights.as_deref();
            weights.is_some_and(|weights| weights.known(&behind.roots) >= 2)
        };
        match round {
            Round::Admins => match standing
                .admins
                .iter()
                .filter(|&&root| root != target)
                .count()
            {
                0 => false,
                1 => have == 1 && several() && heavy(),
                _ => 2 * have > all && have >= 2,
            },
            Round::Others => have >= 1 || heavy(),
        }
    }
}
