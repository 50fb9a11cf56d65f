//! Which records are permitted: each judged in the fold of its own past, once and for all.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use crate::record::{Body, CircleId, Policy, RecordId, limits};

use super::bits::Bits;
use super::graph::{Act, Graph};
use super::known::Recall;
use super::rules::{Rules, Verdict, Why};
use super::weight::Weights;

/// The judgement of a node by the fold of its own past.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// Why it is not permitted.
    pub(super) refusal: Option<Why>,
    /// Whether that took a fold.
    pub(super) folded: bool,
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

/// What was made of the last few pasts: memory must not grow with their number.
struct Recent<T> {
    found: HashMap<Bits, Rc<T>>,
    order: VecDeque<Bits>,
}

/// How many pasts are remembered.
const RECENT: usize = 32;

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self {
            found: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T> Recent<T> {
    fn get_or(&mut self, key: &Bits, make: impl FnOnce() -> T) -> Rc<T> {
        if let Some(found) = self.found.get(key) {
            return Rc::clone(found);
        }
        if self.order.len() >= RECENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.found.remove(&oldest);
        }
        let made = Rc::new(make());
        self.found.insert(key.clone(), Rc::clone(&made));
        self.order.push_back(key.clone());
        made
    }
}

/// Folds of pasts, and of which permitted admissions by members have been seen.
#[derive(Default)]
struct Memory {
    folds: Recent<Verdict>,
    weights: Recent<Weights>,
    /// Root: permitted records by which an admin vouched for it.
    vouched: HashMap<u32, Vec<u32>>,
    /// Nodes that can make a difference in a fold.
    relevant: Bits,
    /// Root: permitted nodes that admit it.
    admissions: HashMap<u32, Vec<u32>>,
    /// Author: permitted first admissions that it gave as a member, and whom they admit.
    given: HashMap<u32, Vec<(u32, u32)>>,
    /// Node: the roots of all its endorsements, permitted or not.
    endorsers: HashMap<u32, BTreeSet<u32>>,
    /// Feed, target, whether as admin: endorsements of suspensions and liftings, as records.
    endorsed: HashMap<(u32, u32, bool), Vec<u32>>,
}

impl Memory {
    /// What of a node's past can make a difference.
    fn key(&self, rules: &Rules<'_, '_>, node: u32) -> Bits {
        rules.graph.nodes[node as usize].past.meet(&self.relevant)
    }

    /// The fold of a node's past.
    fn verdict(&mut self, rules: &Rules<'_, '_>, node: u32) -> Rc<Verdict> {
        let key = self.key(rules, node);
        self.folds.get_or(&key, || rules.fold(&key, None))
    }

    /// What each root weighs in it.
    fn weights(&mut self, rules: &Rules<'_, '_>, node: u32) -> Rc<Weights> {
        let key = self.key(rules, node);
        let folds = &mut self.folds;
        let mut verdict = || folds.get_or(&key, || rules.fold(&key, None));
        self.weights.get_or(&key, || rules.weights(&verdict()))
    }
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
            judged: 0,
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
        let recall = Recall::new(graph);
        let mut memory = Memory::default();
        for (_, _, nodes) in &graph.siblings {
            for &node in nodes {
                memory.relevant.insert(node);
            }
        }
        for node in 0..graph.nodes.len() as u32 {
            if let Act::Endorse { target } = *rules.act(node) {
                let author = rules.author(node);
                memory.endorsers.entry(target).or_default().insert(author);
            }
        }
        for node in 0..graph.nodes.len() as u32 {
            let recalled = recall.standing(graph, node);
            let known = recalled.is_some();
            let standing = rules.stand(node, recalled, &mut memory);
            rules.judged += usize::from(standing.folded && !known);
            rules.remember(node, &standing, &mut memory);
            rules.standing.push(standing);
        }
        rules
    }

    fn remember(&self, node: u32, standing: &Judgement, memory: &mut Memory) {
        if standing.refusal.is_some() {
            return;
        }
        if let Some(root) = self.vouches(node).filter(|_| standing.as_admin) {
            memory.vouched.entry(root).or_default().push(node);
        }
        if let Act::Admit { root, lifts, .. } = self.act(node) {
            memory.admissions.entry(*root).or_default().push(node);
            if lifts.is_empty() && !standing.as_admin {
                let given = memory.given.entry(self.author(node)).or_default();
                given.push((node, *root));
            }
        }
        if self.relevant(node, standing, memory) {
            memory.relevant.insert(node);
        }
    }

    /// The root for which a record vouches, if it was given as admin.
    pub(super) fn vouches(&self, node: u32) -> Option<u32> {
        match *self.act(node) {
            Act::Admit { root, .. } | Act::AddAdmin { root } => Some(root),
            Act::Endorse { target } => match *self.act(target) {
                Act::Admit { root, .. } if self.permitted(target) => Some(root),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a permitted record can make a difference in the fold of any past. This only spares work: a
    /// member's key that says a hundred thousand things that nobody carries costs one fold, not as many.
    fn relevant(&self, node: u32, standing: &Judgement, memory: &mut Memory) -> bool {
        // Behind a record stand in no past more than all who ever endorsed it.
        let behind = || {
            let mut roots = memory.endorsers.get(&node).cloned().unwrap_or_default();
            roots.insert(self.author(node));
            roots
        };
        match *self.act(node) {
            Act::Admit { ref lifts, .. } if lifts.is_empty() => true,
            Act::Admit { .. } | Act::Suspend { .. } | Act::Lift { .. } => {
                let behind = behind();
                let weights = standing.weights.as_deref();
                standing.admins.iter().any(|root| behind.contains(root))
                    || weights.is_some_and(|weights| weights.majority(&behind))
            }
            Act::Policy => {
                let behind = behind();
                standing.admins.iter().any(|root| behind.contains(root))
            }
            Act::AddAdmin { .. } | Act::Successor { .. } => true,
            Act::Endorse { target } => {
                let carries = memory.relevant.has(target);
                match self.act(target) {
                    Act::Admit { .. } | Act::AddAdmin { .. } | Act::Policy if standing.as_admin => {
                        carries
                    }
                    // Only permission and place matter here, and both hold for what is below in the chain,
                    // if they hold for this one.
                    Act::Suspend { .. } | Act::Lift { .. } | Act::Admit { .. }
                        if carries && self.lifting(target) =>
                    {
                        let present = self.graph.record_of(node);
                        let key = (present.feed, target, standing.as_admin);
                        let record = self.graph.nodes[node as usize].record;
                        let earlier = memory.endorsed.entry(key).or_default();
                        let said = earlier.iter().any(|&e| self.graph.at_or_below(e, record));
                        if !said {
                            earlier.push(record);
                        }
                        !said
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn stand(&self, node: u32, known: Option<Judgement>, memory: &mut Memory) -> Judgement {
        let refused = |why| Judgement {
            refusal: Some(why),
            ..Judgement::default()
        };
        match self.act(node) {
            Act::Genesis if self.genesis == Some(node) => return Judgement::default(),
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
        // For whom no admin vouched invites nobody: the tree below a member has depth one.
        if matches!(self.act(node), Act::Admit { lifts, .. } if lifts.is_empty())
            && !self.genesis_admins.contains(&author)
            && !memory.vouched.get(&author).is_some_and(reached)
        {
            return refused(Why::Invitations);
        }

        let mut standing = known.unwrap_or_else(|| {
            let verdict = memory.verdict(self, node);
            let mut standing = Judgement {
                refusal: None,
                folded: true,
                as_admin: verdict.admins.contains(&author),
                admins: Rc::clone(&verdict.admins),
                policy: verdict.policy,
                weights: None,
                rank: 0,
            };
            standing.refusal = self.refusal(node, &verdict, &mut standing, memory);
            standing
        });
        let weighed = match self.act(node) {
            Act::Suspend { .. } | Act::Lift { .. } => true,
            Act::Admit { lifts, .. } => !lifts.is_empty(),
            _ => false,
        };
        if weighed && standing.refusal.is_none() {
            standing.weights = Some(memory.weights(self, node));
        }
        standing
    }

    /// Why a record is not permitted in the fold of its past.
    fn refusal(
        &self,
        node: u32,
        verdict: &Verdict,
        standing: &mut Judgement,
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
            Act::Admit { root, .. } if self.own_admission(author, *root, verdict) => {
                Some(Why::Target)
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
                (others.len() as u64 >= verdict.policy.invitations.min(limits::INVITATIONS))
                    .then_some(Why::Invitations)
            }
            Act::AddAdmin { .. } if !standing.as_admin => Some(Why::NoAdmin),
            Act::AddAdmin { root } => (!verdict.active(*root)).then_some(Why::Target),
            _ => None,
        }
    }

    /// Whether a record is judged in steps 2 and 3.
    fn lifting(&self, node: u32) -> bool {
        !matches!(self.act(node), Act::Admit { lifts, .. } if lifts.is_empty())
    }

    /// Whether an admission of a root by this author counts.
    fn own_admission(&self, author: u32, root: u32, verdict: &Verdict) -> bool {
        let counting = verdict.members.get(&root).into_iter().flatten();
        counting.into_iter().any(|&node| {
            let first = matches!(self.act(node), Act::Admit { lifts, .. } if lifts.is_empty());
            first && self.author(node) == author
        })
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
