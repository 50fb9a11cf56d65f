//! Why a record or a root counts or does not, for people: stable codes and the records that decide.
//!
//! It looks at the verdict that the state was built from and never judges anything itself. Each
//! `Reason` stands alone; the first ones say the result, those after them what it rests on.

use std::collections::BTreeSet;

use crate::record::{Body, Claim, FeedKey, Kind, RecordId, RootKey, StatementId};

use super::build::{code, judge, outside, reason};
use super::graph::{Act, Graph, NONE};
use super::history::{History, Lack, Membership};
use super::membership::sift;
use super::rules::{Outside, Rules, Verdict, Why};

/// What is to be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Record(RecordId),
    Root(RootKey),
}

/// One reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    /// Stable; `docs/circles.md` lists them.
    pub code: &'static str,
    /// The records that decide it, ascending.
    pub records: BTreeSet<RecordId>,
    /// The statements that decide it, ascending.
    pub statements: BTreeSet<StatementId>,
    /// The roots that it speaks of, ascending.
    pub roots: BTreeSet<RootKey>,
    /// How many stand behind it, and how many it needs, where admins are counted.
    pub count: Option<(u64, u64)>,
}

struct Explainer<'r, 'g, 'a> {
    graph: &'g Graph<'a>,
    rules: &'r Rules<'g, 'a>,
    membership: Membership,
    outside: Outside,
    verdict: Verdict,
}

/// Explains a record or a root.
pub fn explain(history: &History, subject: Subject) -> Vec<Reason> {
    let graph = Graph::new(history);
    let rules = Rules::new(&graph);
    let membership = sift(&graph, &rules);
    let outside = outside(&graph, &membership);
    let verdict = judge(&rules, &membership, &outside);
    let explainer = Explainer {
        graph: &graph,
        rules: &rules,
        membership,
        outside,
        verdict,
    };
    match subject {
        Subject::Record(id) => explainer.record(id),
        Subject::Root(root) => explainer.root(root),
    }
}

fn plain(code: &'static str) -> Reason {
    Reason {
        code,
        ..Reason::default()
    }
}

impl Explainer<'_, '_, '_> {
    fn by(&self, code: &'static str, nodes: impl IntoIterator<Item = u32>) -> Reason {
        let id = |node| self.graph.record_of(node).id;
        let author = |node: &u32| self.graph.roots[self.rules.author(*node) as usize];
        let nodes: Vec<u32> = nodes.into_iter().collect();
        Reason {
            roots: nodes.iter().map(author).collect(),
            records: nodes.into_iter().map(id).collect(),
            ..plain(code)
        }
    }

    fn record(&self, id: RecordId) -> Vec<Reason> {
        if let Some(lacks) = self.membership.waiting.get(&id) {
            let mut reasons: Vec<Reason> = lacks.iter().map(|lack| self.lack(id, lack)).collect();
            if lacks.contains(&Lack::Seat)
                && let Some(at) = self.graph.find(&id)
            {
                reasons.extend(self.admissions(self.graph.records[at as usize].root));
            }
            return reasons;
        }
        let Some(at) = self.graph.find(&id) else {
            return vec![plain("unknown")];
        };
        let present = &self.graph.records[at as usize];
        if present.record.kind.is_critical() {
            // A critical record that is present is a node.
            let node = self.graph.node_of(at);
            return node.map_or_else(Vec::new, |node| self.authority(node));
        }
        if let Some(why) = self.rules.beyond(at, &self.outside, &self.verdict.forces) {
            return vec![self.because(at, why)];
        }
        if !self.verdict.members.contains_key(&present.root) {
            let mut reasons = vec![plain("no-member")];
            reasons.extend(self.admissions(present.root));
            return reasons;
        }
        let mut withdrawals = BTreeSet::new();
        for (other, above) in self.graph.records.iter().enumerate() {
            if above.record.kind == Kind::WITHDRAW
                && above.root == present.root
                && self.membership.records.contains(&above.id)
                && present.record.kind != Kind::WITHDRAW
                && Body::decode(Kind::WITHDRAW, &above.record.body)
                    == Some(Body::Withdraw { target: id })
                && self
                    .rules
                    .beyond(other as u32, &self.outside, &self.verdict.forces)
                    .is_none()
            {
                withdrawals.insert(above.id);
            }
        }
        if !withdrawals.is_empty() {
            return vec![Reason {
                records: withdrawals,
                ..plain("withdrawn")
            }];
        }
        let mut reasons = vec![plain("counts")];
        reasons.extend(self.admissions(present.root));
        reasons
    }

    fn lack(&self, id: RecordId, lack: &Lack) -> Reason {
        match lack {
            Lack::Record(other) => Reason {
                records: [*other].into(),
                ..plain("lacks-record")
            },
            Lack::Certificate(other) => Reason {
                statements: [*other].into(),
                ..plain("lacks-certificate")
            },
            Lack::Admission => plain("lacks-admission"),
            Lack::Branch => {
                let at = self.graph.find(&id);
                let feed = at.map(|at| self.graph.records[at as usize].record.feed);
                Reason {
                    records: feed.map_or_else(BTreeSet::new, |feed| self.halves(feed)),
                    ..plain("branch")
                }
            }
            Lack::Feeds => plain("feeds"),
            Lack::Seat => plain("seat"),
            Lack::Quota => plain("quota"),
            Lack::Never => plain("never"),
        }
    }

    fn halves(&self, feed: FeedKey) -> BTreeSet<RecordId> {
        let forks = self.membership.forks.iter().filter(|fork| fork.0 == feed);
        forks.flat_map(|fork| [fork.2, fork.3]).collect()
    }

    /// A reason with what decides it.
    fn because(&self, record: u32, why: Why) -> Reason {
        let present = &self.graph.records[record as usize];
        let code = code(why);
        match why {
            Why::Suspended(suspension) | Why::Beyond(suspension) => self.by(code, [suspension]),
            Why::Forked => Reason {
                records: self.halves(present.record.feed),
                ..plain(code)
            },
            Why::Revoked => Reason {
                statements: self.revocations(present.root, present.record.feed),
                ..plain(code)
            },
            Why::Succeeded => {
                let mut below = present.previous;
                let mut records = BTreeSet::new();
                while below != NONE {
                    let at = &self.graph.records[below as usize];
                    if at.record.kind == Kind::SUCCESSOR {
                        records.insert(at.id);
                    }
                    below = at.previous;
                }
                Reason {
                    records,
                    ..plain(code)
                }
            }
            _ => plain(code),
        }
    }

    fn revocations(&self, root: u32, feed: FeedKey) -> BTreeSet<StatementId> {
        let root = self.graph.roots[root as usize];
        let statements = self.membership.statements.iter().filter(|id| {
            let statement = self.graph.history.statements.get(id).map(|s| s.value());
            statement.is_some_and(|statement| {
                statement.root == root
                    && matches!(&statement.claim, Claim::Revocation { key, .. } if *key == feed.0)
            })
        });
        statements.copied().collect()
    }

    fn authority(&self, node: u32) -> Vec<Reason> {
        let verdict = &self.verdict;
        let record = self.graph.nodes[node as usize].record;
        let author = self.rules.author(node);
        let mut reasons = Vec::new();
        match reason(self.rules, verdict, node) {
            None => reasons.push(plain("counts")),
            Some(Why::Unsupported | Why::NoMember) => {
                let why = reason(self.rules, verdict, node).map_or("unsupported", code);
                reasons.push(plain(why));
                reasons.extend(self.admissions(author));
            }
            Some(Why::Invitations) => {
                let others = verdict.list.iter().copied().filter(|&other| {
                    other != node
                        && verdict.counts(other)
                        && self.rules.author(other) == author
                        && matches!(self.rules.act(other), Act::Admit { .. })
                });
                reasons.push(self.by("invitations", others));
            }
            Some(Why::Replaced) => {
                let current = verdict.chain.iter().copied().filter(|&other| {
                    std::mem::discriminant(self.rules.act(other))
                        == std::mem::discriminant(self.rules.act(node))
                });
                reasons.push(self.by("replaced", current));
            }
            Some(why) => reasons.push(self.because(record, why)),
        }
        if let Some(lifts) = verdict.lifted.get(&node) {
            reasons.push(self.by("lifted", lifts.iter().copied()));
        }
        let proposal = matches!(
            self.rules.act(node),
            Act::Suspend { .. }
                | Act::Lift { .. }
                | Act::AddAdmin { .. }
                | Act::Policy
                | Act::Pointer { .. }
        );
        if proposal && self.rules.permitted(node) {
            let endorsements = verdict.endorsements.get(&node).into_iter().flatten();
            let mut reason = self.by(
                "endorsed",
                std::iter::once(node).chain(endorsements.copied()),
            );
            let (have, need) = self.rules.backing(node, verdict);
            reason.count = match self.rules.act(node) {
                Act::Policy | Act::Pointer { .. } => Some((have, need)),
                Act::AddAdmin { .. } => {
                    let all = self.rules.standing[node as usize].admins.len() as u64;
                    Some((have, all / 2 + 1))
                }
                _ => None,
            };
            reasons.push(reason);
        }
        reasons
    }

    /// What names a root: the admissions that count, and those that do not.
    fn admissions(&self, root: u32) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.rules.genesis_admins.contains(&root) {
            reasons.push(self.by("named-by-genesis", self.rules.genesis));
        }
        let counting = self.verdict.members.get(&root).into_iter().flatten();
        let counting: BTreeSet<u32> = counting.copied().collect();
        if !counting.is_empty() {
            reasons.push(self.by("admitted", counting.iter().copied()));
        }
        for node in 0..self.graph.nodes.len() as u32 {
            let names =
                matches!(self.rules.act(node), Act::Admit { root: named, .. } if *named == root);
            let id = self.graph.record_of(node).id;
            if names && !counting.contains(&node) && self.membership.records.contains(&id) {
                reasons.push(self.by("admission-without-effect", [node]));
            }
        }
        reasons
    }

    fn root(&self, key: RootKey) -> Vec<Reason> {
        let Some(&root) = self.graph.root_index.get(&key) else {
            return vec![plain("unknown")];
        };
        let verdict = &self.verdict;
        let mut reasons = Vec::new();
        let suspended: Vec<u32> = verdict.suspended(root).collect();
        if !verdict.members.contains_key(&root) {
            reasons.push(plain("no-member"));
        } else if !suspended.is_empty() {
            reasons.push(self.by("suspended", suspended));
        } else if verdict.admins.contains(&root) {
            reasons.push(plain("admin"));
        } else {
            reasons.push(plain("member"));
        }
        reasons.extend(self.admissions(root));
        let grants = verdict.list.iter().copied().filter(|&node| {
            matches!(self.rules.act(node), Act::AddAdmin { root: named } if *named == root)
                && reason(self.rules, verdict, node).is_none()
        });
        let grants: Vec<u32> = grants.collect();
        if !grants.is_empty() {
            reasons.push(self.by("made-admin", grants));
        }
        for force in verdict.forces.get(&root).into_iter().flatten() {
            let node = force.suspension;
            let endorsements = verdict.endorsements.get(&node).into_iter().flatten();
            let behind = std::iter::once(node).chain(endorsements.copied());
            reasons.push(self.by("suspension", behind));
            if !force.readmissions.is_empty() {
                reasons.push(self.by("readmitted", force.readmissions.iter().copied()));
            }
        }
        reasons
    }
}
