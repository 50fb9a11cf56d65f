//! From a verdict on the whole set to the state that others read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::record::{Body, Claim, ContentKind, Kind, Record, RecordId, RootKey};

use super::graph::{Act, Graph};
use super::history::Membership;
use super::rules::{Outside, Rules, Verdict, Why};
use super::state::{Member, Shared, State, Vote};
use super::weight::admissions;

/// What revocations and known forks say of a set.
pub(super) fn outside(graph: &Graph<'_>, membership: &Membership) -> Outside {
    let mut outside = Outside::default();
    for (feed, height, _, _) in &membership.forks {
        if let Some(&feed) = graph.feed_index.get(feed) {
            outside.forks.insert(feed, *height);
        }
    }
    for id in &membership.statements {
        let Some(statement) = graph.history.statements.get(id) else {
            continue;
        };
        let statement = statement.value();
        if let Claim::Revocation { key, circle, cut } = &statement.claim
            && circle.is_none_or(|circle| circle == graph.history.circle)
            && let Some(&root) = graph.root_index.get(&statement.root)
            && let Some(&feed) = graph.feed_index.get(&crate::record::FeedKey(*key))
        {
            // A cut that names nothing in the set holds nothing in.
            let cut = cut.filter(|(_, id)| membership.records.contains(id));
            outside.revoke(graph, (root, feed), cut);
        }
    }
    outside
}

/// The verdict on the whole set.
pub(super) fn judge(rules: &Rules<'_, '_>, membership: &Membership, outside: &Outside) -> Verdict {
    let graph = rules.graph;
    let mut set = super::bits::Bits::default();
    for node in 0..graph.nodes.len() as u32 {
        if membership.records.contains(&graph.record_of(node).id) {
            set.insert(node);
        }
    }
    rules.fold(&set, Some(outside))
}

/// The stable code of each reason.
pub(super) fn code(why: Why) -> &'static str {
    match why {
        Why::Unreadable => "unreadable",
        Why::Newer => "newer",
        Why::Dangling => "dangling",
        Why::NoMember => "no-member",
        Why::Suspended(_) => "suspended",
        Why::NoAdmin => "no-admin",
        Why::Invitations => "invitations",
        Why::Target => "target",
        Why::Succeeded => "succeeded",
        Why::Revoked => "revoked",
        Why::Forked => "forked",
        Why::Beyond(_) => "beyond",
        Why::Unsupported => "unsupported",
        Why::Inert => "inert",
        Why::Votes => "votes",
        Why::Replaced => "replaced",
    }
}

/// All codes, for reading them back.
pub(super) const CODES: [&str; 16] = [
    "unreadable",
    "newer",
    "dangling",
    "no-member",
    "suspended",
    "no-admin",
    "invitations",
    "target",
    "succeeded",
    "revoked",
    "forked",
    "beyond",
    "unsupported",
    "inert",
    "votes",
    "replaced",
];

/// Puts the state together.
pub(super) fn state(rules: &Rules<'_, '_>, membership: &Membership) -> State {
    let graph = rules.graph;
    let mut state = State::empty(graph.history.circle);
    let Some(genesis) = rules.genesis else {
        return state;
    };
    if !membership.records.contains(&graph.record_of(genesis).id) {
        return state;
    }
    let outside = outside(graph, membership);
    let verdict = judge(rules, membership, &outside);
    let root = |index: u32| graph.roots[index as usize];
    if let Some(Body::Genesis {
        name, predecessor, ..
    }) = &graph.nodes[genesis as usize].body
    {
        state.name.clone_from(name);
        state.predecessor.clone_from(predecessor);
    }
    state.founder = Some(root(rules.author(genesis)));
    state.policy = verdict.policy;
    if let Some(head) = verdict.policy_head {
        state.policy_head = graph.record_of(head).id;
    }
    members(rules, &verdict, genesis, &mut state);
    ordinary(rules, &verdict, &outside, membership, &mut state);
    pointers(rules, &verdict, genesis, &mut state);
    votes(rules, &verdict, &mut state);
    for id in &membership.records {
        let node = graph.find(id).and_then(|at| graph.node_of(at));
        if let Some(node) = node.filter(|&node| graph.record_of(node).record.kind.is_critical())
            && let Some(why) = reason(rules, &verdict, node)
        {
            state.without_effect.insert(*id, code(why));
        }
    }
    state
}

/// Why an authority record of the set has no effect.
pub(super) fn reason(rules: &Rules<'_, '_>, verdict: &Verdict, node: u32) -> Option<Why> {
    if let Some(why) = rules.standing[node as usize].refusal {
        return Some(why);
    }
    let why = verdict.why.get(&node).copied();
    let effective = verdict.effective.contains(&node);
    match rules.act(node) {
        Act::Genesis => None,
        // These are judged in steps of their own, where the cuts of step 4 do not apply.
        Act::Suspend { .. } | Act::Lift { .. } => (!effective).then(|| why.unwrap_or(Why::Votes)),
        Act::Endorse { .. } if effective => None,
        Act::Admit { lifts, .. } if !lifts.is_empty() => {
            why.or_else(|| (!effective).then_some(Why::Votes))
        }
        Act::AddAdmin { .. } => {
            why.or_else(|| (!rules.is_granted(node, verdict, |_| true)).then_some(Why::Votes))
        }
        Act::Policy | Act::Pointer { .. } => why.or_else(|| {
            let (have, need) = rules.backing(node, verdict);
            let current = verdict.chain.contains(&node);
            match (current, have < need) {
                (true, _) => None,
                (false, true) => Some(Why::Votes),
                (false, false) => Some(Why::Replaced),
            }
        }),
        _ => why,
    }
}

fn members(rules: &Rules<'_, '_>, verdict: &Verdict, genesis: u32, state: &mut State) {
    let graph = rules.graph;
    let key = |index: u32| graph.roots[index as usize];
    let weights = rules.weights(verdict);
    let placed = admissions(rules, verdict);
    for (&root, counting) in &verdict.members {
        let named = rules.genesis_admins.contains(&root);
        let first = match placed.get(&root) {
            Some(&node) => Some(node),
            None => counting
                .iter()
                .min_by_key(|&&node| graph.record_of(node).id)
                .copied(),
        };
        let name = first.and_then(|node| match &graph.nodes[node as usize].body {
            Some(Body::Admit { name, .. }) => Some(name.clone()),
            _ => None,
        });
        let admission = if named {
            genesis
        } else {
            first.unwrap_or(genesis)
        };
        let suspensions = verdict.suspended(root);
        let member = Member {
            name: name.unwrap_or_else(|| founding_name(rules, genesis, &key(root))),
            admission: graph.record_of(admission).id,
            sponsor: key(rules.author(admission)),
            admin: verdict.admins.contains(&root),
            suspension: suspensions.map(|node| graph.record_of(node).id).min(),
            feeds: BTreeSet::new(),
            open: BTreeSet::new(),
            weight: weights.of.get(&root).copied().unwrap_or(0),
            trunk: key(weights.trunk.get(&root).copied().unwrap_or(root)),
        };
        state.members.insert(key(root), member);
    }
}

/// What genesis calls one of its admins.
fn founding_name(rules: &Rules<'_, '_>, genesis: u32, root: &RootKey) -> String {
    match &rules.graph.nodes[genesis as usize].body {
        Some(Body::Genesis { admins, .. }) => {
            let admin = admins.iter().find(|admin| admin.root == *root);
            admin.map(|admin| admin.name.clone()).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// Step 5, and the feeds that count.
fn ordinary(
    rules: &Rules<'_, '_>,
    verdict: &Verdict,
    outside: &Outside,
    membership: &Membership,
    state: &mut State,
) {
    let graph = rules.graph;
    let open = open_feeds(rules, verdict, outside, membership);
    let mut withdrawals: Vec<(RootKey, RecordId)> = Vec::new();
    let shared = |author: RootKey, record: &Record| {
        let shows = record.kind == Kind::WITHDRAW || ContentKind::of(record.kind).is_some();
        let body = shows.then(|| Body::decode(record.kind, &record.body));
        (author, record.time, body.flatten())
    };
    for (at, present) in graph.records.iter().enumerate() {
        let author = graph.roots[present.root as usize];
        if !membership.records.contains(&present.id)
            || rules_out(rules, verdict, outside, at as u32)
        {
            continue;
        }
        let Some(member) = state.members.get_mut(&author) else {
            continue;
        };
        member.feeds.insert(present.record.feed);
        if open.contains(&(present.root, present.feed)) {
            member.open.insert(present.record.feed);
        }
        let (author, time, body) = shared(author, present.record);
        match body {
            Some(Body::Content(content)) => {
                let shared = Shared {
                    author,
                    time,
                    content,
                };
                state.contents.insert(present.id, shared);
            }
            Some(Body::Withdraw { target }) => withdrawals.push((author, target)),
            _ => {}
        }
    }
    for (author, target) in withdrawals {
        let Some(at) = graph.find(&target) else {
            continue;
        };
        let present = &graph.records[at as usize];
        let kind = present.record.kind;
        if membership.records.contains(&target)
            && graph.roots[present.root as usize] == author
            && !kind.is_critical()
            && kind != Kind::WITHDRAW
        {
            state.withdrawn.insert(target);
            state.contents.remove(&target);
        }
    }
}

/// Feeds in which a record on top would be kept and count: within the share of their root, not forked, revoked or
/// succeeded, and given back by each suspension of their root.
fn open_feeds(
    rules: &Rules<'_, '_>,
    verdict: &Verdict,
    outside: &Outside,
    membership: &Membership,
) -> HashSet<(u32, u32)> {
    let graph = rules.graph;
    let mut open: HashSet<(u32, u32)> = HashSet::new();
    for (root, feed) in &membership.shares {
        let indices = (graph.root_index.get(root), graph.feed_index.get(feed));
        if let (Some(&root), Some(&feed)) = indices {
            open.insert((root, feed));
        }
    }
    open.retain(|key| {
        !outside.forks.contains_key(&key.1)
            && !outside.revocations.contains_key(key)
            && verdict.barred(key.0, key.1).is_none()
    });
    for node in 0..graph.nodes.len() as u32 {
        let present = graph.record_of(node);
        if matches!(rules.act(node), Act::Successor { .. })
            && membership.records.contains(&present.id)
        {
            open.remove(&(present.root, present.feed));
        }
    }
    open
}

fn rules_out(rules: &Rules<'_, '_>, verdict: &Verdict, outside: &Outside, record: u32) -> bool {
    rules.beyond(record, outside, &verdict.forces).is_some()
}

fn pointers(rules: &Rules<'_, '_>, verdict: &Verdict, genesis: u32, state: &mut State) {
    let graph = rules.graph;
    for (&slot, &proposal) in &verdict.slots {
        if proposal == genesis {
            continue;
        }
        if let Some(Body::Pointer { target, .. }) = graph.nodes[proposal as usize].body {
            state
                .pointer_heads
                .insert(slot, graph.record_of(proposal).id);
            state.pointers.insert(slot, target);
        }
    }
}

/// The votes that count: of several of one root on one subject, those that no other of them follows,
/// then the smallest id.
fn votes(rules: &Rules<'_, '_>, verdict: &Verdict, state: &mut State) {
    let graph = rules.graph;
    let mut all: BTreeMap<(RecordId, u32), Vec<(u32, u64)>> = BTreeMap::new();
    for &node in verdict.list.iter().filter(|&&node| verdict.counts(node)) {
        if let Some(Body::Vote { subject, choice }) = graph.nodes[node as usize].body {
            let of_root = all.entry((subject, rules.author(node))).or_default();
            of_root.retain(|&(older, _)| !graph.nodes[node as usize].past.has(older));
            of_root.push((node, choice));
        }
    }
    for ((subject, root), votes) in all {
        let votes = votes.into_iter().map(|(node, choice)| Vote {
            record: graph.record_of(node).id,
            choice,
        });
        if let Some(vote) = votes.min_by_key(|vote| vote.record) {
            let of_subject = state.votes.entry(subject).or_default();
            of_subject.insert(graph.roots[root as usize], vote);
        }
    }
}
