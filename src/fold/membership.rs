//! Which part of a pool is the circle's set.
//!
//! A record is a *candidate* when it is present, its root is named by genesis or by a permitted admission
//! that is a candidate, and all that it names are candidates. The set is what of the candidates is *kept*
//! (`keep`): those of roots with a share of their own that stand below the lowest fork of their feed, and of
//! the others those that something kept reaches. This depends on the pool alone, never on what arrived first;
//! and the set together with the two records of each fork's evidence gives the same set again, so a store may
//! drop the rest.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::record::{
    Body, Claim, Entry, FeedKey, Frontier, RecordId, Role, RootKey, Statement, StatementId, limits,
    set_hash,
};

use super::graph::{Act, Graph, NONE};
use super::history::{Lack, Membership};
use super::keep::{Candidates, Fork, Kept};
use super::rules::Rules;

struct Sieve<'r, 'g, 'a> {
    graph: &'g Graph<'a>,
    rules: &'r Rules<'g, 'a>,
    candidate: Vec<bool>,
    /// What the chain of each candidate has written of its budget.
    spent: Vec<Spent>,
    /// Records over the budget of their chain.
    over: Vec<bool>,
    /// Root: candidate admissions that are permitted.
    admissions: BTreeMap<u32, Vec<u32>>,
    /// Feed: height and the two smallest ids of its lowest fork.
    forks: BTreeMap<u32, Fork>,
    /// Root: its statements within the limit.
    statements: HashMap<RootKey, Vec<(StatementId, &'a Statement)>>,
}

/// What one chain has written: authority records not given as admin, ordinary ones and their bytes.
#[derive(Clone, Copy, Default)]
struct Spent {
    authority: u64,
    ordinary: u64,
    bytes: u64,
}

impl Spent {
    fn over(&self) -> bool {
        self.authority > limits::FEED_AUTHORITY
            || self.ordinary > limits::FEED_ORDINARY
            || self.bytes > limits::FEED_BYTES
    }
}

/// Sorts a pool.
pub(super) fn sift<'a>(graph: &Graph<'a>, rules: &Rules<'_, 'a>) -> Membership {
    let count = graph.records.len();
    let mut sieve = Sieve {
        graph,
        rules,
        candidate: vec![false; count],
        spent: vec![Spent::default(); count],
        over: vec![false; count],
        admissions: BTreeMap::new(),
        forks: BTreeMap::new(),
        statements: HashMap::new(),
    };
    sieve.find_candidates();
    sieve.find_forks();
    sieve.limit_statements();
    let candidates = Candidates {
        graph,
        rules,
        candidate: &sieve.candidate,
        admissions: &sieve.admissions,
        forks: &sieve.forks,
        statements: &sieve.statements,
    };
    let kept = candidates.keep();
    sieve.finish(&kept)
}

impl Sieve<'_, '_, '_> {
    fn find_candidates(&mut self) {
        let graph = self.graph;
        if self.rules.genesis.is_none() {
            return;
        }
        let mut open: Vec<u32> = Vec::with_capacity(graph.records.len());
        let mut named_by = vec![Vec::new(); graph.records.len()];
        let mut of_root: HashMap<u32, Vec<u32>> = HashMap::new();
        for (at, present) in graph.records.iter().enumerate() {
            open.push(present.names.len() as u32 + 1);
            for &name in &present.names {
                named_by[name as usize].push(at as u32);
            }
            of_root.entry(present.root).or_default().push(at as u32);
        }
        let mut ready = Vec::new();
        let settle = |at: u32, open: &mut Vec<u32>, ready: &mut Vec<u32>| {
            open[at as usize] -= 1;
            if open[at as usize] == 0 {
                ready.push(at);
            }
        };
        for root in &self.rules.genesis_admins {
            for at in of_root.remove(root).unwrap_or_default() {
                settle(at, &mut open, &mut ready);
            }
        }
        while let Some(at) = ready.pop() {
            self.spent[at as usize] = self.spend(at);
            if self.spent[at as usize].over() {
                self.over[at as usize] = true;
                continue;
            }
            self.candidate[at as usize] = true;
            for &above in &named_by[at as usize] {
                settle(above, &mut open, &mut ready);
            }
            if let Some(node) = graph.node_of(at)
                && self.rules.permitted(node)
                && let Act::Admit { root, .. } = graph.nodes[node as usize].act
            {
                self.admissions.entry(root).or_default().push(at);
                for waiting in of_root.remove(&root).unwrap_or_default() {
                    settle(waiting, &mut open, &mut ready);
                }
            }
        }
    }

    /// What a chain has written with this record; nothing, where genesis names its root.
    fn spend(&self, at: u32) -> Spent {
        let present = &self.graph.records[at as usize];
        let mut spent = match present.previous {
            NONE => Spent::default(),
            below => self.spent[below as usize],
        };
        if self.rules.genesis_admins.contains(&present.root) {
            return spent;
        }
        if !present.record.kind.is_critical() {
            let record = self.graph.history.records.get(&present.id);
            spent.ordinary += 1;
            spent.bytes += record.map_or(0, |record| record.bytes().len() as u64);
        } else {
            let node = self.graph.node_of(at);
            let as_admin = node.is_some_and(|node| {
                self.rules.permitted(node) && self.rules.standing[node as usize].as_admin
            });
            spent.authority += u64::from(!as_admin);
        }
        spent
    }

    fn find_forks(&mut self) {
        let graph = self.graph;
        for (feed, height, nodes) in &graph.siblings {
            let mut halves: Vec<u32> = nodes
                .iter()
                .map(|&node| graph.nodes[node as usize].record)
                .filter(|&record| self.candidate[record as usize])
                .collect();
            halves.sort_by_key(|&record| graph.records[record as usize].id);
            if let [first, second, ..] = halves[..]
                && self.forks.get(feed).is_none_or(|fork| *height < fork.0)
            {
                self.forks.insert(*feed, (*height, first, second));
            }
        }
    }

    /// The statements of the circle's roots: of each root those with the smallest ids.
    fn limit_statements(&mut self) {
        let graph = self.graph;
        let mut roots = self.named_by_genesis();
        roots.extend(
            self.admissions
                .keys()
                .map(|&root| graph.roots[root as usize]),
        );
        for (&id, statement) in &graph.history.statements {
            let statement = statement.value();
            if roots.contains(&statement.root) {
                let of_root = self.statements.entry(statement.root).or_default();
                if of_root.len() < limits::STATEMENTS_PER_ROOT {
                    of_root.push((id, statement));
                }
            }
        }
    }

    /// The admins of genesis and their paper keys, which may speak for them one day.
    fn named_by_genesis(&self) -> BTreeSet<RootKey> {
        let body = self
            .rules
            .genesis
            .and_then(|node| self.graph.nodes[node as usize].body.as_ref());
        match body {
            Some(Body::Genesis { admins, .. }) => admins
                .iter()
                .flat_map(|admin| std::iter::once(admin.root).chain(admin.paper))
                .collect(),
            _ => BTreeSet::new(),
        }
    }

    fn finish(self, kept: &Kept) -> Membership {
        let graph = self.graph;
        let mut out = Membership::default();
        let evidence = kept.forks.values().flat_map(|f| [f.1, f.2]);
        let mut spares = BTreeSet::new();
        let held = (0..graph.records.len()).filter(|&at| kept.records[at]);
        for at in held.chain(evidence.map(|half| half as usize)) {
            let present = &graph.records[at];
            out.statements.insert(present.certificate);
            if present.record.kind.is_critical() {
                spares.insert((graph.roots[present.root as usize], present.record.feed));
            }
        }
        // A spare key that writes as a full one needs the certificate that made it one.
        for (&id, statement) in &graph.history.statements {
            if let Claim::Certificate {
                role: Role::Sign,
                key,
                ..
            } = statement.value().claim
                && spares.contains(&(statement.value().root, FeedKey(key)))
            {
                out.statements.insert(id);
            }
        }
        let mut named = self.named_by_genesis();
        named.extend(kept.roots.iter().map(|&root| graph.roots[root as usize]));
        for root in &named {
            let within = self.statements.get(root).into_iter().flatten();
            out.statements.extend(within.map(|(id, _)| *id));
        }
        for &root in &kept.roots {
            let key = graph.roots[root as usize];
            for &feed in kept.feeds.get(&root).into_iter().flatten() {
                out.shares.insert((key, graph.feeds[feed as usize]));
            }
        }

        let mut lacks: Vec<BTreeSet<Lack>> = vec![BTreeSet::new(); graph.records.len()];
        for (at, present) in graph.records.iter().enumerate() {
            if kept.records[at] {
                out.records.insert(present.id);
                continue;
            }
            let mut lack = BTreeSet::new();
            if self.candidate[at] {
                let within = kept.feeds.get(&present.root);
                let within = within.is_some_and(|feeds| feeds.contains(&present.feed));
                lack.insert(match (kept.roots.contains(&present.root), within) {
                    (false, _) => Lack::Seat,
                    (true, false) => Lack::Feeds,
                    (true, true) => Lack::Branch,
                });
            } else {
                for &name in &present.names {
                    lack.extend(lacks[name as usize].iter().cloned());
                }
                if self.over[at] {
                    lack.insert(Lack::Quota);
                } else if !lack.contains(&Lack::Quota) {
                    lack.insert(Lack::Admission);
                }
            }
            lacks[at] = lack.clone();
            out.waiting.insert(present.id, lack);
        }
        out.waiting.extend(graph.absent.clone());

        out.frontier = self.frontier(kept);
        for (&feed, &(height, first, second)) in &kept.forks {
            let id = |record: u32| graph.records[record as usize].id;
            let feed = graph.feeds[feed as usize];
            out.forks.insert((feed, height, id(first), id(second)));
        }
        out.set_hash = set_hash(&out.statements, &out.records, &out.forks);
        out
    }

    fn frontier(&self, kept: &Kept) -> Frontier {
        let graph = self.graph;
        let mut entries: BTreeMap<FeedKey, Entry> = BTreeMap::new();
        let mut tips: BTreeMap<u32, BTreeMap<u32, RecordId>> = BTreeMap::new();
        for (at, present) in graph
            .records
            .iter()
            .enumerate()
            .filter(|(at, _)| kept.records[*at])
        {
            let (height, id) = (present.record.height, present.id);
            match kept.forks.get(&present.feed) {
                None => match entries.get(&present.record.feed) {
                    Some(Entry::Head { height: found, .. }) if *found > height => {}
                    _ => {
                        entries.insert(present.record.feed, Entry::Head { height, id });
                    }
                },
                Some(fork) if fork.0 <= height => {
                    // Causal order: what a tip follows was there before it.
                    let of_feed = tips.entry(present.feed).or_default();
                    of_feed.remove(&present.previous);
                    of_feed.insert(at as u32, id);
                }
                Some(_) => {}
            }
        }
        for (&feed, &(height, first, second)) in &kept.forks {
            let id = |record: u32| graph.records[record as usize].id;
            let tips: BTreeSet<RecordId> = tips
                .remove(&feed)
                .unwrap_or_default()
                .into_values()
                .collect();
            let entry = Entry::Forked {
                height,
                first: id(first),
                second: id(second),
                tips: tips.into_iter().take(limits::TIPS).collect(),
            };
            entries.insert(graph.feeds[feed as usize], entry);
        }
        Frontier(entries)
    }
}
