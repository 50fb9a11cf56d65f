//! Histories and results as JSON that an implementation without any cryptography can read.
//!
//! Ids and keys are strings of hexadecimal digits in the vectors. For random histories they are numbers: the
//! rank of the id among those of its sort, which keeps every comparison and a tenth of the size.

use std::collections::{BTreeMap, BTreeSet};

use okibi::fold::testing::World;
use okibi::fold::{Lack, Membership, Shares, State};
use okibi::record::{Body, Claim, ContentKind, Entry, Place, Previous, Record};
use serde_json::{Value, json};

/// How ids are written.
pub enum Names {
    Hex,
    Ranks(BTreeMap<[u8; 32], usize>),
}

impl Names {
    /// Ranks over everything that a history mentions.
    pub fn ranks(world: &World) -> Self {
        let all = std::cell::RefCell::new(BTreeSet::new());
        let collect = |id: &[u8; 32]| {
            all.borrow_mut().insert(*id);
            Value::Null
        };
        collect(&world.circle.0);
        input(world, &collect, false);
        let ranks = all.into_inner().into_iter().zip(0..).collect();
        Self::Ranks(ranks)
    }

    fn of(&self, id: &[u8; 32]) -> Value {
        match self {
            Self::Hex => json!(data_encoding::HEXLOWER.encode(id)),
            Self::Ranks(ranks) => json!(ranks.get(id)),
        }
    }
}

/// The history and what comes out of it.
pub fn dump(world: &World, names: &Names, result: (&Membership, &State), bytes: bool) -> Value {
    let id = |id: &[u8; 32]| names.of(id);
    let (statements, records) = input(world, &id, bytes);
    let mut out = json!({
        "circle": id(&world.circle.0),
        "statements": statements,
        "records": records,
        "set": set(result.0, &id),
        "state": state(result.1, &id),
    });
    if world.shares != Shares::default() {
        out["shares"] = json!([world.shares.feeds, world.shares.seats]);
    }
    out
}

type Id<'a> = dyn Fn(&[u8; 32]) -> Value + 'a;

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn input(world: &World, id: &Id<'_>, bytes: bool) -> (Vec<Value>, Vec<Value>) {
    let statements = world.statements.iter().map(|statement| {
        let value = statement.value();
        let claim = match &value.claim {
            Claim::Certificate { role, key, .. } => {
                json!({"certificate": role.name(), "key": id(key)})
            }
            Claim::Revocation { key, circle, cut } => json!({
                "revokes": id(key),
                "circle": circle.map(|circle| id(&circle.0)),
                "cut": cut.map(|(height, at)| json!([height, id(&at.0)])),
            }),
            Claim::Recovery { .. } | Claim::Unknown { .. } => json!({}),
        };
        let mut out =
            json!({"id": id(&statement.id().0), "root": id(&value.root.0), "claim": claim});
        if bytes {
            out["bytes"] = json!(hex(statement.bytes()));
        }
        out
    });
    let statements = statements.collect();
    let records = world.records.iter().map(|record| {
        let value = record.value();
        let places = |places: &[Place]| -> Vec<Value> {
            let place = |p: &Place| json!([id(&p.feed.0), p.height, id(&p.id.0)]);
            places.iter().map(place).collect()
        };
        let previous = match &value.previous {
            Previous::Certificate(at) => json!({"certificate": id(&at.0)}),
            Previous::Record(at) => json!({"record": id(&at.0)}),
        };
        let mut out = json!({
            "id": id(&record.id().0),
            "feed": id(&value.feed.0),
            "height": value.height,
            "previous": previous,
            "kind": value.kind.0,
            "size": record.bytes().len(),
            "seen": places(&value.seen),
            "cut": places(&value.cut),
            "body": body(value, id),
        });
        if bytes {
            out["bytes"] = json!(hex(record.bytes()));
        }
        out
    });
    (statements, records.collect())
}

fn body(record: &Record, id: &Id<'_>) -> Value {
    let Some(body) = Body::decode(record.kind, &record.body) else {
        return Value::Null;
    };
    match body {
        Body::Genesis {
            name,
            policy,
            admins,
            ..
        } => json!({
            "name": name,
            "policy": [policy.invitations, policy.quorum, policy.rules],
            "admins": admins.iter().map(|a| json!([id(&a.root.0), a.paper.map(|p| id(&p.0))])).collect::<Vec<_>>(),
        }),
        Body::Admit {
            root,
            name,
            lifts,
            feeds,
        } => json!({
            "root": id(&root.0),
            "name": name,
            "lifts": lifts.iter().map(|l| id(&l.0)).collect::<Vec<_>>(),
            "feeds": feeds.iter().map(|f| id(&f.0)).collect::<Vec<_>>(),
        }),
        Body::Suspend { root, .. } | Body::AddAdmin { root } => json!({"root": id(&root.0)}),
        Body::Lift { suspension } => json!({"suspension": id(&suspension.0)}),
        Body::Endorse { target } | Body::Withdraw { target } => json!({"target": id(&target.0)}),
        Body::Policy { replaces, policy } => json!({
            "replaces": id(&replaces.0), "policy": [policy.invitations, policy.quorum, policy.rules]}),
        Body::Pointer {
            slot,
            replaces,
            target,
        } => json!({"slot": slot, "replaces": id(&replaces.0), "target": id(&target.0)}),
        Body::Vote { subject, choice } => json!({"subject": id(&subject.0), "choice": choice}),
        Body::Successor { feed } => json!({"feed": id(&feed.0)}),
        Body::Recover { .. } | Body::Merge | Body::Content(_) => json!({}),
    }
}

fn set(found: &Membership, id: &Id<'_>) -> Value {
    let frontier = found.frontier.0.iter().map(|(feed, entry)| match entry {
        Entry::Head { height, id: head } => json!([id(&feed.0), height, id(&head.0)]),
        Entry::Forked {
            height,
            first,
            second,
            tips,
        } => json!([
            id(&feed.0),
            height,
            id(&first.0),
            id(&second.0),
            tips.iter().map(|tip| id(&tip.0)).collect::<Vec<_>>()
        ]),
    });
    let waiting = found.waiting.iter().map(|(at, lacks)| {
        // Which of several things is lacking is advice to the store; that it waits is the rule.
        let branch = *lacks == [Lack::Branch].into();
        json!([id(&at.0), if branch { "branch" } else { "waits" }])
    });
    json!({
        "records": found.records.iter().map(|at| id(&at.0)).collect::<Vec<_>>(),
        "statements": found.statements.iter().map(|at| id(&at.0)).collect::<Vec<_>>(),
        "frontier": frontier.collect::<Vec<_>>(),
        "waiting": waiting.collect::<Vec<_>>(),
        "hash": hex(&found.set_hash),
    })
}

fn state(state: &State, id: &Id<'_>) -> Value {
    let members = state.members.iter().map(|(root, member)| {
        json!({
            "root": id(&root.0),
            "name": member.name,
            "admission": id(&member.admission.0),
            "sponsor": id(&member.sponsor.0),
            "admin": member.admin,
            "suspension": member.suspension.map(|at| id(&at.0)),
            "feeds": member.feeds.iter().map(|feed| id(&feed.0)).collect::<Vec<_>>(),
            "open": member.open.iter().map(|feed| id(&feed.0)).collect::<Vec<_>>(),
            "weight": member.weight,
            "trunk": id(&member.trunk.0),
        })
    });
    let pointers = state.pointers.iter().map(|(slot, target)| {
        let head = &state.pointer_heads[slot];
        json!([slot, id(&head.0), id(&target.0)])
    });
    let votes = state.votes.iter().flat_map(|(subject, votes)| {
        votes.iter().map(move |(root, vote)| {
            json!([id(&subject.0), id(&root.0), id(&vote.record.0), vote.choice])
        })
    });
    let without = state.without_effect.iter();
    let shared = |kind| {
        let of = state.of(kind);
        of.map(|(at, _)| id(&at.0)).collect::<Vec<_>>()
    };
    json!({
        "name": state.name,
        "founder": state.founder.map(|root| id(&root.0)),
        "policy": [state.policy.invitations, state.policy.quorum, state.policy.rules],
        "policy_head": id(&state.policy_head.0),
        "members": members.collect::<Vec<_>>(),
        "documents": shared(ContentKind::Document),
        "models": shared(ContentKind::Model),
        "withdrawn": state.withdrawn.iter().map(|at| id(&at.0)).collect::<Vec<_>>(),
        "pointers": pointers.collect::<Vec<_>>(),
        "votes": votes.collect::<Vec<_>>(),
        "without_effect": without.map(|(at, code)| json!([id(&at.0), code])).collect::<Vec<_>>(),
        "hash": hex(&state.state_hash()),
    })
}
