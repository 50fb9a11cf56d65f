//! Which records are permitted: each judged in the fold of its own past, once and for all.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::record::{Body, CircleId, Policy, RecordId, limits};

use super::bits::Bits;
use super::graph::{Act, Graph};
use super::rules::{Rules, Verdict, Why};
use super::weight::Weights;

/// What the fold of a node's past says about the node.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Why it is not permitted.
    pub(super) refusal: Option<Why>,
    /// Whether its author was an admin.
    pub(super) as_admin: bool,
    /// The admins there were.
    pub(super) admins: Rc<[u32]>,
    pub(super) policy: Policy,
    /// For what is judged by weight.
    pub(super) weights: Option<Rc<Weights>>,
    /// How many admissions its author had given as a member.
    pub(super) rank: u32,
}

/// Folds of pasts, and of which permitted admissions by members have been seen.
#[derive(Default)]
struct Memory {
    folds: HashMap<Bits, Rc<Verdict>>,
    weights: HashMap<Bits, Rc<Weights>>,
    /// Nodes that can make a difference in a fold.
    relevant: Bits,
    /// Root: permitted nodes that admit it.
    admissions: HashMap<u32, Vec<u32>>,
    /// Author: permitted first admissions that it gave as a member, and whom they admit.
    given: HashMap<u32, Vec<(u32, u32)>>,
}

impl<'g, 'a> Rules<'g, 'a> {
    /// Judges every node of a graph.
    pub(super) fn new(graph: &'g Graph<'a>) -> Self {
        let mut rules = Self {
            graph,
            genesis: None,
            genesis_admins: BTreeSet::new(),
            genesis_policy: Policy::default(),
            standing: Vec::with_capacity(graph.nodes.len()),
        };
        let circle: CircleId = graph.history.circle;
        let genesis = graph.find(&RecordId::from(circle));
        if let Some(node) = genesis.and_then(|record| graph.node_of(record))
            && let Some(Body::Genesis { admins, policy, .. }) = &graph.nodes[node as usize].body
        {
            let founder = graph.roots[graph.record_of(node).root as usize];
            if admins.iter().any(|admin| admin.root == founder) {
                rules.genesis = Some(node);
                rules.genesis_policy = *policy;
                let indices = admins.iter().filter_map(|a| graph.root_index.get(&a.root));
                rules.genesis_admins = indices.copied().collect();
            }
        }
        let mut memory = Memory::default();
        for (_, _, nodes) in &graph.siblings {
            for &node in nodes {
                memory.relevant.insert(node);
            }
        }
        for node in 0..graph.nodes.len() as u32 {
            let standing = rules.stand(node, &mut memory);
            rules.remember(node, &standing, &mut memory);
            rules.standing.push(standing);
        }
        rules
    }

    fn remember(&self, node: u32, standing: &Standing, memory: &mut Memory) {
        if standing.refusal.is_some() {
            return;
        }
        match self.act(node) {
            Act::Admit { root, lifts, .. } => {
                memory.admissions.entry(*root).or_default().push(node);
                if lifts.is_empty() && !standing.as_admin {
                    let given = memory.given.entry(self.author(node)).or_default();
                    given.push((node, *root));
                }
            }
            Act::Suspend { .. }
            | Act::Lift { .. }
            | Act::AddAdmin { .. }
            | Act::Endorse { .. }
            | Act::Policy
            | Act::Successor { .. } => {}
            _ => return,
        }
        memory.relevant.insert(node);
    }

    fn stand(&self, node: u32, memory: &mut Memory) -> Standing {
        let refused = |why| Standing {
            refusal: Some(why),
            ..Standing::default()
        };
        match self.act(node) {
            Act::Genesis if self.genesis == Some(node) => return Standing::default(),
            Act::Genesis | Act::Unreadable => return refused(Why::Unreadable),
            Act::Newer => return refused(Why::Newer),
            Act::Dangling => return refused(Why::Dangling),
            Act::Link => return refused(Why::Inert),
            _ => {}
        }
        let author = self.author(node);
        let past = &self.graph.nodes[node as usize].past;
        let reached = |nodes: &Vec<u32>| nodes.iter().any(|&n| past.has(n));
        if !self.genesis_admins.contains(&author)
            && !memory.admissions.get(&author).is_some_and(reached)
            || !self.genesis.is_some_and(|genesis| past.has(genesis))
        {
            return refused(Why::NoMember);
        }

        let key = past.meet(&memory.relevant);
        let verdict = match memory.folds.get(&key) {
            Some(verdict) => Rc::clone(verdict),
            None => {
                let verdict = Rc::new(self.fold(&key, None));
                memory.folds.insert(key.clone(), Rc::clone(&verdict));
                verdict
            }
        };
        let mut standing = Standing {
            refusal: None,
            as_admin: verdict.admins.contains(&author),
            admins: Rc::clone(&verdict.admins),
            policy: verdict.policy,
            weights: None,
            rank: 0,
        };
        standing.refusal = self.refusal(node, &verdict, &mut standing, memory);
        let weighed = match self.act(node) {
            Act::Suspend { .. } | Act::Lift { .. } => true,
            Act::Admit { lifts, .. } => !lifts.is_empty(),
            _ => false,
        };
        if weighed && standing.refusal.is_none() {
            let weights = memory.weights.entry(key);
            let weights = weights.or_insert_with(|| Rc::new(self.weights(&verdict)));
            standing.weights = Some(Rc::clone(weights));
        }
        standing
    }

    /// Why a record is not permitted in the fold of its past.
    fn refusal(
        &self,
        node: u32,
        verdict: &Verdict,
        standing: &mut Standing,
        memory: &Memory,
    ) -> Option<Why> {
        let present = self.graph.record_of(node);
        let author = present.root;
        if present.succeeded {
            return Some(Why::Succeeded);
        }
        if !verdict.members.contains_key(&author) {
            return Some(Why::NoMember);
        }
        if let Some(suspension) = verdict.barred(author, present.feed) {
            return Some(Why::Suspended(suspension));
        }
        let past = &self.graph.nodes[node as usize].past;
        if self.forked_below(node, past) {
            return Some(Why::Forked);
        }
        match self.act(node) {
            Act::Admit { root, .. } if *root == author => Some(Why::Target),
            Act::Admit { root, lifts, .. } if !lifts.is_empty() => {
                let known = standing.as_admin || verdict.members.contains_key(root);
                (!known).then_some(Why::Target)
            }
            Act::Admit { root, .. } => {
                let new = !verdict.members.contains_key(root);
                if new && verdict.members.len() >= limits::MEMBERS {
                    return Some(Why::Invitations);
                }
                if standing.as_admin {
                    return None;
                }
                let given = memory.given.get(&author).into_iter().flatten();
                let given: Vec<u32> = given
                    .filter(|(node, _)| past.has(*node))
                    .map(|(_, whom)| *whom)
                    .collect();
                standing.rank = given.len() as u32;
                let others: BTreeSet<&u32> = given.iter().filter(|whom| *whom != root).collect();
                (others.len() as u64 >= verdict.policy.invitations).then_some(Why::Invitations)
            }
            Act::AddAdmin { .. } if !standing.as_admin => Some(Why::NoAdmin),
            Act::AddAdmin { root } => (!verdict.active(*root)).then_some(Why::Target),
            _ => None,
        }
    }

    /// Whether a fork of the record's own feed, at or below its height, is known in its past.
    fn forked_below(&self, node: u32, past: &Bits) -> bool {
        let present = self.graph.record_of(node);
        self.graph.siblings.iter().any(|(feed, height, nodes)| {
            *feed == present.feed
                && *height <= present.record.height
                && nodes.iter().filter(|&&n| past.has(n) || n == node).count() > 1
        })
    }
}
