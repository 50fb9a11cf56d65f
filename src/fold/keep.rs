//! Which candidates are kept, whose shares are open, and which forks matter (`docs/circles.md`, section 4).
//!
//! Kept records of a first round, the *core*, come of those roots only that an admin vouched for. It depends on nobody
//! else, so it can say in which order the guests of an inviter take the seats that there are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};

use crate::record::{Claim, FeedKey, RecordId, RootKey, Statement, StatementId};

use super::bits::Bits;
use super::graph::{Act, Graph};
use super::rules::{Outside, Rules, Verdict};

/// The lowest fork of a feed: its height and the two smallest ids there, as records.
pub(super) type Fork = (u64, u32, u32);

/// What the candidates of a pool are.
pub(super) struct Candidates<'r, 'g, 'a> {
    pub(super) graph: &'g Graph<'a>,
    pub(super) rules: &'r Rules<'g, 'a>,
    pub(super) candidate: &'r [bool],
    /// Root: candidate admissions that are permitted.
    pub(super) admissions: &'r BTreeMap<u32, Vec<u32>>,
    /// Feed: its lowest fork.
    pub(super) forks: &'r BTreeMap<u32, Fork>,
    /// Root: its statements within the limit.
    pub(super) statements: &'r HashMap<RootKey, Vec<(StatementId, &'a Statement)>>,
}

/// What is kept of the candidates.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) records: Vec<bool>,
    /// The forks that matter.
    pub(super) forks: BTreeMap<u32, Fork>,
    /// The roots that have a share of their own: vouched for, or with a seat.
    pub(super) roots: BTreeSet<u32>,
    /// The feeds of each root within its limit.
    pub(super) feeds: BTreeMap<u32, BTreeSet<u32>>,
}

/// Root: the records that keep it a root of candidates, vouched for, or in its seats.
type Anchors = BTreeMap<u32, Vec<u32>>;

impl Candidates<'_, '_, '_> {
    /// Finds what is kept.
    pub(super) fn keep(&self) -> Kept {
        let feeds = self.feeds();
        let vouchers = self.vouchers();
        let mut roots = self.rules.genesis_admins.clone();
        roots.extend(vouchers.keys().filter(|root| feeds.contains_key(root)));
        let core = self.grow(&roots, &feeds, None);
        let core_forks = self.mattering(&roots, &feeds, &core);
        // Who wrote nothing leaves nothing that would keep a voucher.
        let in_core = |records: &Vec<u32>| records.iter().any(|&at| core[at as usize]);
        let silent = vouchers.iter().filter(|(_, records)| in_core(records));
        roots.extend(silent.map(|(root, _)| *root));
        let mut anchors = self.anchors(&vouchers, &roots, &core);
        let outside = self.outside(&roots, &core, &core_forks);
        for (guest, invitation) in self.seated(&roots, &feeds, &core, &outside) {
            anchors.entry(guest).or_default().push(invitation);
            roots.insert(guest);
        }
        let records = self.grow(&roots, &feeds, Some(&anchors));
        let forks = self.mattering(&roots, &feeds, &records);
        Kept {
            records,
            forks,
            roots,
            feeds,
        }
    }

    /// Of each root the feeds with the smallest keys, as many as one root may have.
    fn feeds(&self) -> BTreeMap<u32, BTreeSet<u32>> {
        let mut feeds: BTreeMap<u32, BTreeSet<(FeedKey, u32)>> = BTreeMap::new();
        let mut seen = HashSet::new();
        for (at, present) in self.graph.records.iter().enumerate() {
            if self.candidate[at] && seen.insert((present.root, present.feed)) {
                let of_root = feeds.entry(present.root).or_default();
                of_root.insert((present.record.feed, present.feed));
            }
        }
        let limit = self.graph.history.shares.feeds;
        let within = |feeds: BTreeSet<(FeedKey, u32)>| {
            let within = feeds.into_iter().take(limit);
            within.map(|(_, feed)| feed).collect()
        };
        feeds
            .into_iter()
            .map(|(root, feeds)| (root, within(feeds)))
            .collect()
    }

    /// Root: the candidates by which an admin vouched for it.
    fn vouchers(&self) -> BTreeMap<u32, Vec<u32>> {
        let mut vouchers: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (node, record) in self.graph.nodes.iter().map(|it| it.record).enumerate() {
            let node = node as u32;
            if self.candidate[record as usize]
                && self.rules.permitted(node)
                && self.rules.standing[node as usize].as_admin
                && let Some(root) = self.rules.vouches(node)
            {
                vouchers.entry(root).or_default().push(record);
            }
        }
        vouchers
    }

    /// The least set that the rules keep for these roots.
    fn grow(
        &self,
        roots: &BTreeSet<u32>,
        feeds: &BTreeMap<u32, BTreeSet<u32>>,
        anchors: Option<&Anchors>,
    ) -> Vec<bool> {
        let graph = self.graph;
        // Genesis stays whatever stands beside it: without it there is no circle.
        let genesis = self.rules.genesis;
        let genesis = genesis.map(|node| graph.nodes[node as usize].record);
        let mut queue: Vec<u32> = genesis.into_iter().collect();
        for (at, present) in graph.records.iter().enumerate() {
            let fork = self.forks.get(&present.feed);
            if self.candidate[at]
                && roots.contains(&present.root)
                && feeds[&present.root].contains(&present.feed)
                && fork.is_none_or(|fork| present.record.height < fork.0)
            {
                queue.push(at as u32);
            }
        }
        for root in roots {
            self.cuts(*root, &mut queue);
        }
        let mut kept = vec![false; graph.records.len()];
        let mut shown = HashSet::new();
        let mut anchored = HashSet::new();
        let mut show = |feed: u32, queue: &mut Vec<u32>| {
            let Some(&(_, first, second)) = self.forks.get(&feed) else {
                return;
            };
            if shown.insert(feed) {
                // Evidence is kept outside the set; what it stands on belongs to the set.
                for half in [first, second] {
                    let half = &graph.records[half as usize];
                    queue.extend(&half.names);
                    queue.extend(
                        anchors
                            .and_then(|it| it.get(&half.root))
                            .into_iter()
                            .flatten(),
                    );
                }
            }
        };
        for feed in roots.iter().filter_map(|root| feeds.get(root)).flatten() {
            show(*feed, &mut queue);
        }
        while let Some(at) = queue.pop() {
            if std::mem::replace(&mut kept[at as usize], true) {
                continue;
            }
            let present = &graph.records[at as usize];
            queue.extend(&present.names);
            if anchored.insert(present.root) {
                queue.extend(
                    anchors
                        .and_then(|it| it.get(&present.root))
                        .into_iter()
                        .flatten(),
                );
            }
            if self.at_a_fork(at) {
                show(present.feed, &mut queue);
            }
        }
        kept
    }

    /// What the cuts of a root's revocations name, so that it can settle a fork.
    fn cuts(&self, root: u32, queue: &mut Vec<u32>) {
        let graph = self.graph;
        let key = graph.roots[root as usize];
        for (_, statement) in self.statements.get(&key).into_iter().flatten() {
            if let Claim::Revocation {
                key,
                circle,
                cut: Some((height, id)),
            } = &statement.claim
                && circle.is_none_or(|circle| circle == graph.history.circle)
                && let Some(at) = graph.find(id)
            {
                let present = &graph.records[at as usize];
                if self.candidate[at as usize]
                    && present.record.feed.0 == *key
                    && present.record.height == *height
                    && present.root == root
                {
                    queue.push(at);
                }
            }
        }
    }

    fn at_a_fork(&self, at: u32) -> bool {
        let present = &self.graph.records[at as usize];
        let fork = self.forks.get(&present.feed);
        fork.is_some_and(|fork| fork.0 <= present.record.height)
    }

    /// The forks of feeds with a share, and of those in which something at or above the fork is kept.
    fn mattering(
        &self,
        roots: &BTreeSet<u32>,
        feeds: &BTreeMap<u32, BTreeSet<u32>>,
        kept: &[bool],
    ) -> BTreeMap<u32, Fork> {
        let mut matter: BTreeSet<u32> = BTreeSet::new();
        matter.extend(roots.iter().filter_map(|root| feeds.get(root)).flatten());
        for (at, _) in kept.iter().enumerate().filter(|(_, kept)| **kept) {
            if self.at_a_fork(at as u32) {
                matter.insert(self.graph.records[at].feed);
            }
        }
        let forks = self.forks.iter().filter(|(feed, _)| matter.contains(feed));
        forks.map(|(feed, fork)| (*feed, *fork)).collect()
    }

    /// By which admission each root comes among the candidates, when those of the core, then those with small ids go
    /// first. Any other choice could rest on records that rest on it: X's only kept admission may have records of X in its
    /// past that X wrote by another one.
    fn openers(&self, core: &[bool]) -> BTreeMap<u32, u32> {
        let graph = self.graph;
        let mut open: Vec<u32> = Vec::with_capacity(graph.records.len());
        let mut named_by = vec![Vec::new(); graph.records.len()];
        let mut of_root: HashMap<u32, Vec<u32>> = HashMap::new();
        for (at, present) in graph.records.iter().enumerate() {
            open.push(present.names.len() as u32 + 1);
            for &name in &present.names {
                named_by[name as usize].push(at as u32);
            }
            if self.candidate[at] {
                of_root.entry(present.root).or_default().push(at as u32);
            }
        }
        let mut openers = BTreeMap::new();
        let mut heap = BinaryHeap::new();
        let mut ready = Vec::new();
        let mut begin: Vec<u32> = self.rules.genesis_admins.iter().copied().collect();
        loop {
            for root in begin.drain(..) {
                for at in of_root.remove(&root).unwrap_or_default() {
                    settle(at, &mut open, &mut ready);
                }
            }
            while let Some(at) = ready.pop() {
                for &above in &named_by[at as usize] {
                    settle(above, &mut open, &mut ready);
                }
                if let Some(node) = graph.node_of(at)
                    && self.rules.permitted(node)
                    && let Act::Admit { root, .. } = *self.rules.act(node)
                {
                    let id = graph.records[at as usize].id;
                    heap.push(Reverse((!core[at as usize], id, at, root)));
                }
            }
            let Some(Reverse((.., at, root))) = heap.pop() else {
                return openers;
            };
            if !self.rules.genesis_admins.contains(&root) && !openers.contains_key(&root) {
                openers.insert(root, at);
                begin.push(root);
            }
        }
    }

    /// What keeps each root among the candidates and vouched.
    fn anchors(
        &self,
        vouchers: &BTreeMap<u32, Vec<u32>>,
        vouched: &BTreeSet<u32>,
        core: &[bool],
    ) -> Anchors {
        let openers = self.openers(core).into_iter();
        let mut anchors: Anchors = openers.map(|(root, at)| (root, vec![at])).collect();
        for (root, vouchers) in vouchers {
            if !vouched.contains(root)
                || self.rules.genesis_admins.contains(root)
                || vouchers.iter().any(|&at| core[at as usize])
            {
                continue;
            }
            let first = vouchers.iter().copied();
            let first = first.min_by_key(|&at| self.graph.records[at as usize].id);
            anchors.entry(*root).or_default().extend(first);
        }
        anchors
    }

    /// The rank of a permitted first admission that was not given as admin.
    fn invitation(&self, at: u32) -> Option<u32> {
        let node = self.graph.node_of(at)?;
        let standing = &self.rules.standing[node as usize];
        let invitation = standing.refusal.is_none()
            && !standing.as_admin
            && matches!(self.rules.act(node), Act::Admit { lifts, .. } if lifts.is_empty());
        invitation.then_some(standing.rank)
    }

    /// What the statements of these roots revoke, and the forks: what a fold of the core needs.
    fn outside(
        &self,
        roots: &BTreeSet<u32>,
        core: &[bool],
        forks: &BTreeMap<u32, Fork>,
    ) -> Outside {
        let graph = self.graph;
        let mut outside = Outside {
            forks: forks.iter().map(|(feed, fork)| (*feed, fork.0)).collect(),
            ..Outside::default()
        };
        for &root in roots {
            let statements = self.statements.get(&graph.roots[root as usize]);
            for (_, statement) in statements.into_iter().flatten() {
                if let Claim::Revocation { key, circle, cut } = &statement.claim
                    && circle.is_none_or(|circle| circle == graph.history.circle)
                    && let Some(&feed) = graph.feed_index.get(&FeedKey(*key))
                {
                    // A cut that names nothing in the core holds nothing in.
                    let holds = |id: &RecordId| graph.find(id).is_some_and(|at| core[at as usize]);
                    let cut = (*cut).filter(|(_, id)| holds(id));
                    outside.revoke(graph, (root, feed), cut);
                }
            }
        }
        outside
    }

    /// The guests that have a seat of one of their inviters, with the invitation that gave it, once for each seat: those
    /// that are members by the core come first.
    fn seated(
        &self,
        vouched: &BTreeSet<u32>,
        feeds: &BTreeMap<u32, BTreeSet<u32>>,
        core: &[bool],
        outside: &Outside,
    ) -> Vec<(u32, u32)> {
        let graph = self.graph;
        // Inviter: its invitations that may give a seat, and whom they name.
        let mut lists: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        for (&guest, admissions) in self.admissions {
            if vouched.contains(&guest) {
                continue;
            }
            for &at in admissions {
                let stands = core[at as usize] || feeds.contains_key(&guest);
                if stands && self.invitation(at).is_some() {
                    let author = graph.records[at as usize].root;
                    lists.entry(author).or_default().push((guest, at));
                }
            }
        }
        let seats = graph.history.shares.seats;
        // The fold costs something, and only a crowd needs it: the order says who goes without.
        let crowded = lists.values().any(|list| {
            let guests: BTreeSet<u32> = list.iter().map(|(guest, _)| *guest).collect();
            guests.len() > seats
        });
        let verdict = crowded.then(|| {
            let nodes = (0..graph.nodes.len() as u32)
                .filter(|&node| core[graph.nodes[node as usize].record as usize]);
            let mut set = Bits::default();
            nodes.for_each(|node| set.insert(node));
            self.rules.fold(&set, Some(outside))
        });
        let mut seated = Vec::new();
        for mut list in lists.into_values() {
            list.sort_by_cached_key(|&(_, at)| {
                let in_core = core[at as usize];
                let node = graph.node_of(at);
                let counts = |verdict: &Verdict| node.is_some_and(|node| verdict.counts(node));
                let counts = in_core && verdict.as_ref().is_none_or(counts);
                let id = graph.records[at as usize].id;
                (!counts, !in_core, self.invitation(at), id)
            });
            let mut taken = BTreeSet::new();
            for (guest, at) in list {
                if taken.len() < seats && taken.insert(guest) {
                    seated.push((guest, at));
                }
            }
        }
        seated
    }
}

/// One thing less to wait for.
fn settle(at: u32, open: &mut [u32], ready: &mut Vec<u32>) {
    open[at as usize] -= 1;
    if open[at as usize] == 0 {
        ready.push(at);
    }
}
