//! The rules one by one, on small histories.

use super::testing::{Draft, World, admit, document, readmit, suspend};
use super::*;
use std::collections::BTreeSet;

use crate::record::{Body, Entry, FeedKey, Kind, Policy, RecordId, Role, RootKey, StatementId};

/// A circle with `admins` admins; one device each.
fn circle(admins: usize, others: usize) -> (World, Vec<RootKey>, Vec<FeedKey>) {
    let mut world = World::new(false);
    let roots: Vec<RootKey> = (0..admins + others).map(|n| world.root(n)).collect();
    let feeds: Vec<FeedKey> = (0..admins + others).map(|n| world.device(n, 0)).collect();
    world.found(feeds[0], &roots[..admins], Policy::default());
    (world, roots, feeds)
}

#[test]
fn a_signed_world_verifies() {
    let mut world = World::new(true);
    let (root, feed) = (world.root(0), world.device(0, 0));
    world.found(feed, &[root], Policy::default());
    let document = world.document(feed, "a");
    for record in &world.records {
        crate::identity::verify(record.clone().into_signed()).unwrap();
    }
    let (membership, state) = world.evaluate();
    assert!(membership.waiting.is_empty());
    assert!(state.contents.contains_key(&document));
    assert_eq!(state.founder, Some(root));
}

#[test]
fn a_state_survives_its_bytes() {
    let (mut world, roots, feeds) = circle(2, 2);
    world.admit(feeds[0], roots[2]);
    world.document(feeds[2], "a");
    let gone = world.document(feeds[2], "b");
    let hiding = world.withdraw(feeds[2], gone);
    world.suspend(feeds[1], roots[2], &[hiding]);
    world.write(
        feeds[0],
        &Body::Vote {
            subject: gone,
            choice: 3,
        },
    );
    let (_, state) = world.evaluate();
    assert_eq!(State::decode(&state.encode()), Some(state.clone()));
    assert_eq!(state.withdrawn.len(), 1);
    assert_eq!(state.votes.len(), 1);
    let mut other = state.encode();
    other[1] = 9;
    assert_eq!(State::decode(&other), None);
    assert_eq!(State::decode(&[]), None);
}

#[test]
fn without_genesis_nothing_is_in_the_set() {
    let (mut world, roots, feeds) = circle(1, 1);
    world.admit(feeds[0], roots[1]);
    let genesis = world.records[0].id();
    let (membership, state) = evaluate(&world.without(&[genesis]));
    assert!(membership.records.is_empty() && membership.statements.is_empty());
    assert_eq!(state, State::empty(world.circle));
    let lack = membership.waiting.values().next().unwrap();
    assert!(lack.contains(&Lack::Record(genesis)));
}

#[test]
fn a_founder_who_is_no_admin_founds_nothing() {
    let mut world = World::new(false);
    let (other, feed) = (world.root(1), world.device(0, 0));
    world.found(feed, &[other], Policy::default());
    let (membership, state) = world.evaluate();
    assert!(membership.records.is_empty());
    assert_eq!(state.founder, None);
}

#[test]
fn a_member_admits_three() {
    let (mut world, roots, feeds) = circle(1, 6);
    world.admit(feeds[0], roots[1]);
    let given: Vec<RecordId> = (2..6).map(|n| world.admit(feeds[1], roots[n])).collect();
    world.document(feeds[5], "from the fourth");
    let (membership, state) = world.evaluate();
    assert_eq!(state.members.len(), 5);
    assert_eq!(state.without_effect[&given[3]], "invitations");
    assert_eq!(membership.waiting.len(), 1);
    assert_eq!(state.members[&roots[4]].trunk, roots[1]);
    assert_eq!(state.members[&roots[4]].weight, (1 << 16) / 4);
}

#[test]
fn two_devices_of_a_member_share_its_invitations() {
    let (mut world, roots, feeds) = circle(1, 8);
    let start = world.admit(feeds[0], roots[1]);
    let other = world.device(1, 1);
    for (n, feed) in [(2, feeds[1]), (3, feeds[1]), (4, feeds[1])] {
        world.add(Draft::new(feed, &admit(roots[n])).seen(&[start]));
    }
    for n in [5, 6, 7] {
        world.add(Draft::new(other, &admit(roots[n])).seen(&[start]));
    }
    let (membership, state) = world.evaluate();
    assert_eq!(state.members.len(), 5, "three of six count");
    assert_eq!(membership.records.len(), world.records.len());
}

#[test]
fn a_suspension_cuts_a_member() {
    let (mut world, roots, feeds) = circle(1, 3);
    world.admit(feeds[0], roots[1]);
    let kept = world.admit(feeds[1], roots[2]);
    let before = world.document(feeds[1], "before");
    let lost = world.admit(feeds[1], roots[3]);
    let after = world.document(feeds[1], "after");
    let suspension = world.suspend(feeds[0], roots[1], &[before]);
    let (membership, state) = world.evaluate();
    assert_eq!(membership.records.len(), world.records.len());
    assert!(state.contents.contains_key(&before) && !state.contents.contains_key(&after));
    assert!(state.is_active(&roots[2]) && !state.members.contains_key(&roots[3]));
    assert_eq!(state.without_effect[&lost], "beyond");
    assert_eq!(state.members[&roots[1]].suspension, Some(suspension));
    assert!(!state.without_effect.contains_key(&kept));

    world.lift(feeds[0], suspension);
    let (_, state) = world.evaluate();
    assert!(state.is_active(&roots[1]) && state.contents.contains_key(&after));
}

#[test]
fn a_revocation_and_a_successor_end_a_feed() {
    let (mut world, roots, feeds) = circle(1, 1);
    world.admit(feeds[0], roots[1]);
    let first = world.document(feeds[1], "1");
    let second = world.document(feeds[1], "2");
    world.revoke(feeds[1], Some(first));
    let (_, state) = world.evaluate();
    assert!(state.contents.contains_key(&first) && !state.contents.contains_key(&second));
    assert!(state.members[&roots[1]].feeds.contains(&feeds[1]));
    assert!(state.members[&roots[1]].open.is_empty());

    let next = world.device(0, 1);
    world.write(feeds[0], &Body::Successor { feed: next });
    let behind = world.document(feeds[0], "behind");
    let ahead = world.document(next, "ahead");
    let (membership, state) = world.evaluate();
    assert!(membership.records.contains(&behind));
    assert!(!state.contents.contains_key(&behind) && state.contents.contains_key(&ahead));
}

#[test]
fn a_fork_freezes_a_feed_and_a_citation_keeps_its_branch() {
    let (mut world, roots, feeds) = circle(2, 1);
    world.admit(feeds[0], roots[2]);
    let base = world.document(feeds[2], "base");
    let left = world.add(Draft::new(feeds[2], &document("left")).after(base));
    let right = world.add(Draft::new(feeds[2], &document("right")).after(base));
    let tip = world.add(Draft::new(feeds[2], &Body::Merge).after(right).seen(&[]));
    let (membership, state) = world.evaluate();
    assert_eq!(membership.waiting.len(), 3);
    assert_eq!(membership.waiting[&left], [Lack::Branch].into());
    assert_eq!(membership.forks.len(), 1);
    assert!(state.contents.contains_key(&base) && !state.contents.contains_key(&left));

    world.add(Draft::new(feeds[1], &Body::Merge).seen(&[tip]));
    let (membership, state) = world.evaluate();
    assert_eq!(membership.waiting.keys().collect::<Vec<_>>(), [&left]);
    let Entry::Forked { height, tips, .. } = &membership.frontier.0[&feeds[2]] else {
        panic!("the frontier shows the fork");
    };
    assert_eq!((*height, tips), (1, &vec![tip]));
    assert!(!state.contents.contains_key(&right));

    // A suspension's cut settles the fork for the branch that it names.
    world.suspend(feeds[0], roots[2], &[right]);
    let (_, state) = world.evaluate();
    assert!(state.contents.contains_key(&right) && !state.contents.contains_key(&left));
}

#[test]
fn a_spare_key_writes_ordinary_kinds_only() {
    let (mut world, roots, _) = circle(1, 1);
    let spare = world.spare(0);
    let document = world.document(spare, "restored");
    let admission = world.admit(spare, roots[1]);
    let (membership, state) = world.evaluate();
    assert!(state.contents.contains_key(&document));
    assert!(matches!(
        membership.waiting[&admission].first(),
        Some(Lack::Certificate(_))
    ));
    world.certify(roots[0], spare, Role::Sign);
    let (membership, state) = world.evaluate();
    assert!(membership.waiting.is_empty() && state.is_active(&roots[1]));
}

#[test]
fn an_admin_falls_to_more_than_half_of_all_admins() {
    let (mut world, roots, feeds) = circle(3, 0);
    let lone = world.add(Draft::new(feeds[1], &suspend(roots[0])));
    let (_, state) = world.evaluate();
    assert!(state.is_active(&roots[0]));
    assert_eq!(state.without_effect[&lone], "votes");
    world.endorse(feeds[2], lone);
    let (_, state) = world.evaluate();
    assert_eq!(state.members[&roots[0]].suspension, Some(lone));
    assert_eq!(state.admins().count(), 2);

    // Re-admitted as a member, without the office.
    let back = world.write(feeds[1], &readmit(roots[0], &[lone], &[feeds[0]]));
    world.endorse(feeds[2], back);
    let document = world.document(feeds[0], "again");
    let (_, state) = world.evaluate();
    assert!(state.is_active(&roots[0]) && state.contents.contains_key(&document));
    assert_eq!(state.admins().count(), 2);
    let again = world.add_admin(feeds[1], roots[0]);
    world.endorse(feeds[2], again);
    let (_, state) = world.evaluate();
    assert_eq!(state.admins().count(), 3);
}

#[test]
fn admins_are_added_by_a_majority_of_admins() {
    let (mut world, roots, feeds) = circle(2, 1);
    world.admit(feeds[0], roots[2]);
    let grant = world.add_admin(feeds[0], roots[2]);
    let (_, state) = world.evaluate();
    assert_eq!(state.without_effect[&grant], "votes");
    world.endorse(feeds[1], grant);
    let (_, state) = world.evaluate();
    assert_eq!(state.admins().count(), 3);
}

#[test]
fn a_policy_needs_its_quorum() {
    let (mut world, _, feeds) = circle(3, 0);
    let genesis = world.records[0].id();
    let policy = Policy {
        invitations: 1,
        ..Policy::default()
    };
    let proposal = world.policy(feeds[0], genesis, policy);
    assert_eq!(world.evaluate().1.policy, Policy::default());
    world.endorse(feeds[2], proposal);
    let state = world.evaluate().1;
    assert_eq!((state.policy, state.policy_head), (policy, proposal));
}

#[test]
fn bodies_that_do_not_fit_are_without_effect() {
    let (mut world, _, feeds) = circle(1, 0);
    let mut draft = Draft::new(feeds[0], &Body::Merge);
    draft.kind = Kind::ADMIT;
    let odd = world.add(draft.clone());
    draft.kind = Kind(40);
    let newer = world.add(draft);
    let (_, state) = world.evaluate();
    assert_eq!(state.without_effect[&odd], "unreadable");
    assert_eq!(state.without_effect[&newer], "newer");
    assert!(
        !state.newer(),
        "a record that nobody understands takes nothing from anybody"
    );
}

fn codes(world: &World, subject: Subject) -> Vec<&'static str> {
    let reasons = explain(&world.history(), subject);
    reasons.iter().map(|reason| reason.code).collect()
}

#[test]
fn reasons_name_what_decides() {
    let (mut world, roots, feeds) = circle(3, 2);
    let admission = world.admit(feeds[0], roots[3]);
    let kept = world.document(feeds[3], "kept");
    let lost = world.document(feeds[3], "lost");
    let suspension = world.suspend(feeds[1], roots[3], &[kept]);
    let against = world.add(Draft::new(feeds[1], &suspend(roots[0])));
    assert_eq!(codes(&world, Subject::Record(kept)), ["counts", "admitted"]);
    let reasons = explain(&world.history(), Subject::Record(lost));
    assert_eq!(
        (reasons[0].code, &reasons[0].records),
        ("beyond", &[suspension].into())
    );
    let reasons = explain(&world.history(), Subject::Root(roots[3]));
    assert_eq!(reasons[0].code, "suspended");
    assert_eq!(reasons[1].records, [admission].into());
    assert_eq!(reasons[2].code, "suspension");
    assert_eq!(
        codes(&world, Subject::Record(against)),
        ["votes", "endorsed"]
    );
    assert_eq!(codes(&world, Subject::Root(roots[4])), ["unknown"]);
    assert_eq!(
        codes(&world, Subject::Record(RecordId([1; 32]))),
        ["unknown"]
    );
    assert_eq!(
        codes(&world, Subject::Root(roots[0])),
        ["admin", "named-by-genesis"]
    );
    world.admit(feeds[4], roots[4]);
    assert_eq!(codes(&world, Subject::Root(roots[4])), ["no-member"]);
}

#[test]
fn a_late_record_changes_decisions_and_is_told() {
    let (mut world, roots, feeds) = circle(2, 2);
    world.admit(feeds[0], roots[2]);
    let kept = world.document(feeds[2], "kept");
    let admission = world.admit(feeds[2], roots[3]);
    let lost = world.document(feeds[3], "lost");
    let (_, before) = world.evaluate();
    world.document(feeds[0], "new");
    assert_eq!(changes(&before, &world.evaluate().1), []);
    world.suspend(feeds[1], roots[2], &[kept]);
    let told = changes(&before, &world.evaluate().1);
    let change = |subject, was, is| Change { subject, was, is };
    for expected in [
        change(Subject::Root(roots[2]), "member", "suspended"),
        change(Subject::Root(roots[3]), "member", "no-member"),
        change(Subject::Record(admission), "counts", "beyond"),
        change(Subject::Record(lost), "counts", "void"),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
    assert_eq!(told.len(), 4);
    assert_eq!(before.exposures(), ["two-admins", "two-trunks"]);
}

/// Feed 33 with a small key must not void what others built on the first 32.
#[test]
fn a_root_with_too_many_feeds_voids_nobody() {
    let (mut world, roots, feeds) = circle(1, 2);
    world.admit(feeds[0], roots[1]);
    let base = world.admit(feeds[0], roots[2]);
    let devices: Vec<FeedKey> = (0..60).map(|device| world.device(1, device)).collect();
    let mut written: Vec<(FeedKey, RecordId)> = Vec::new();
    for &feed in &devices {
        let id = world.add(Draft::new(feed, &Body::Merge).seen(&[base]));
        written.push((feed, id));
    }
    written.sort();
    let (within, cited, beyond) = (written[0], written[59], written[58]);
    let draft = Draft::new(feeds[2], &Body::Merge).seen(&[cited.1]);
    let citing = world.add(draft);
    let (membership, state) = world.evaluate();
    for id in [within.1, cited.1, citing] {
        assert!(membership.records.contains(&id));
    }
    assert_eq!(membership.waiting[&beyond.1], [Lack::Feeds].into());
    assert_eq!(membership.waiting.len(), 27);
    assert_eq!(state.members[&roots[1]].feeds.len(), 33);
}

/// More statements than one root may have must not take away a certificate in use.
#[test]
fn a_root_with_too_many_statements_voids_nobody() {
    let (mut world, roots, feeds) = circle(1, 1);
    world.admit(feeds[0], roots[1]);
    for device in 0..280 {
        world.device(1, 100 + device);
    }
    let used = world.statements.iter().map(|statement| statement.id());
    let used: BTreeSet<StatementId> = used.collect();
    let mut theirs: Vec<StatementId> = world
        .statements
        .iter()
        .filter(|statement| statement.value().root == roots[1])
        .map(|statement| statement.id())
        .collect();
    theirs.sort();
    // Every feed with a certificate beyond the limit writes something.
    let mut documents = Vec::new();
    for device in 0..280 {
        let feed = world.device(1, 100 + device);
        if theirs[256..].contains(&world.certificate(feed)) {
            documents.push(world.document(feed, "used"));
        }
    }
    assert_eq!(used.len(), world.statements.len());
    let (membership, state) = world.evaluate();
    assert_eq!(state.contents.len(), documents.len());
    assert!(documents.len() >= 24 && membership.statements.len() >= 257 + documents.len());
}

/// A feed writes so much and no more, whatever arrives when; what stands behind waits for ever, and an admin's
/// decisions take nothing of it.
#[test]
fn a_feed_has_a_budget() {
    let (mut world, roots, feeds) = circle(1, 2);
    world.admit(feeds[0], roots[1]);
    world.admit(feeds[0], roots[2]);
    let limit = usize::try_from(crate::record::limits::FEED_AUTHORITY).unwrap();
    for feed in [feeds[0], feeds[1]] {
        for _ in 0..limit + 3 {
            world.write(feed, &Body::Merge);
        }
    }
    let behind = world.document(feeds[1], "behind");
    let (membership, state) = world.evaluate();
    let waiting: Vec<_> = membership.waiting.values().collect();
    assert_eq!(waiting, [&[Lack::Quota].into(); 4]);
    assert!(membership.may_drop(&behind) && membership.pending() == 0);
    assert_eq!(world.of_feed(feeds[0]).len(), 3 + limit + 3);
    assert_eq!(state.members.len(), 3);
}

/// Bytes of ordinary records count, too.
#[test]
fn a_feed_has_a_budget_of_bytes() {
    let (mut world, roots, feeds) = circle(1, 1);
    world.admit(feeds[0], roots[1]);
    let size = 60_000;
    for n in 0..300_u64 {
        let mut draft = Draft::new(feeds[1], &document(&n.to_string()));
        draft.kind = Kind(1_000);
        let mut zeros = vec![0x59, (size >> 8) as u8, size as u8];
        zeros.resize(3 + size, 0);
        draft.body = zeros;
        world.add(draft);
    }
    let membership = world.evaluate().0;
    let bytes: usize = world
        .records
        .iter()
        .filter(|record| {
            record.value().feed == feeds[1] && membership.records.contains(&record.id())
        })
        .map(|record| record.bytes().len())
        .sum();
    let limit = usize::try_from(crate::record::limits::FEED_BYTES).unwrap();
    assert!(bytes <= limit && bytes + size + 1_000 > limit, "{bytes}");
    assert!(
        membership
            .waiting
            .values()
            .all(|it| *it == [Lack::Quota].into())
    );
}

/// The tree below a member has depth one, until an admin stands for the guest.
#[test]
fn guests_invite_nobody_until_an_admin_vouches() {
    let (mut world, roots, feeds) = circle(1, 4);
    world.admit(feeds[0], roots[1]);
    let guest = world.admit(feeds[1], roots[2]);
    let early = world.admit(feeds[2], roots[3]);
    let state = world.evaluate().1;
    assert_eq!(state.without_effect[&early], "invitations");
    assert!(state.members.contains_key(&roots[2]) && !state.members.contains_key(&roots[3]));
    world.endorse(feeds[1], guest);
    let still = world.admit(feeds[2], roots[3]);
    assert_eq!(world.evaluate().1.without_effect[&still], "invitations");
    world.endorse(feeds[0], guest);
    world.admit(feeds[2], roots[3]);
    let state = world.evaluate().1;
    assert!(state.members.contains_key(&roots[3]));
    assert_eq!(state.without_effect.len(), 2);
}
