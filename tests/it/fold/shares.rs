//! Named histories about shares: who brings what into the set, however many feeds, forks and guests somebody has. The
//! limits are small here, so that the vectors are.

use std::collections::BTreeSet;

use okibi::fold::testing::{Draft, World, admit, document};
use okibi::fold::{Lack, Shares, Subject};
use okibi::record::{Body, Entry, FeedKey, RecordId};

use super::scenes::{Build, Check, Scene, holds};

pub const ALL: [Build; 6] = [
    siblings_take_no_settled_seat,
    concurrent_feeds_share_the_seats,
    settled_guests_come_first,
    excess_forks_are_not_held,
    a_cited_branch_shows_its_fork,
    siblings_that_admit_one_guest,
];

/// A member (root 1) with `guests` roots that write a document once somebody admits them.
fn scene(guests: usize, feeds: usize, seats: usize) -> (Scene, RecordId) {
    let mut s = Scene::new(true, 1, 1 + guests);
    s.world.shares = Shares { feeds, seats };
    let admission = s.world.admit(s.feeds[0], s.roots[1]);
    (s, admission)
}

/// Each of these guests writes a document.
fn write(s: &mut Scene, guests: std::ops::Range<usize>) -> Vec<RecordId> {
    let feeds: Vec<FeedKey> = guests.map(|guest| s.feeds[guest]).collect();
    let documents = feeds
        .into_iter()
        .map(|feed| s.world.document(feed, "hello"));
    documents.collect()
}

/// Which of these records are in the set.
fn kept(world: &World, records: &[RecordId]) -> usize {
    let found = world.evaluate().0;
    let kept = records.iter().filter(|id| found.records.contains(id));
    kept.count()
}

/// A thief of a member's key writes siblings, each of which admits somebody. The guest from below the fork stays.
fn siblings_take_no_settled_seat() -> (&'static str, World, Check) {
    let (mut s, admission) = scene(5, 32, 2);
    let guest = s.world.admit(s.feeds[1], s.roots[2]);
    for whom in 3..7 {
        let draft = Draft::new(s.feeds[1], &admit(s.roots[whom])).after(guest);
        s.world.add(draft.seen(&[admission]));
    }
    let honest = write(&mut s, 2..3);
    let others = write(&mut s, 3..7);
    assert_eq!(kept(&s.world, &honest), 1);
    assert_eq!(kept(&s.world, &others), 1, "one seat was left");
    let check = holds(move |state| {
        assert_eq!(state.contents.keys().collect::<Vec<_>>(), [&honest[0]]);
    });
    ("siblings-take-no-settled-seat", s.world, check)
}

/// Three feeds of one member admit two guests each, none knowing of another: two guests have a seat.
fn concurrent_feeds_share_the_seats() -> (&'static str, World, Check) {
    let (mut s, admission) = scene(6, 32, 2);
    for device in 0..3 {
        let feed = s.world.device(1, device);
        for whom in [2 + 2 * device, 3 + 2 * device] {
            let draft = Draft::new(feed, &admit(s.roots[whom]));
            s.world.add(draft.seen(&[admission]));
        }
    }
    let documents = write(&mut s, 2..8);
    assert_eq!(kept(&s.world, &documents), 2);
    let found = s.world.evaluate().0;
    let lacks: BTreeSet<&Lack> = found.waiting.values().flatten().collect();
    assert_eq!(lacks, [&Lack::Seat].into());
    // A store waits for nothing there, may drop it, and can say why.
    assert_eq!((found.pending(), found.waiting.len()), (0, 4));
    for id in found.waiting.keys() {
        let reasons = okibi::fold::explain(&s.world.history(), Subject::Record(*id));
        assert!(found.may_drop(id) && reasons[0].code == "seat");
    }
    // An admin's endorsement gives a share that needs no seat.
    let late = documents.iter().position(|id| !found.records.contains(id));
    let root = s.roots[2 + late.unwrap()];
    let admits = |body: &Body| matches!(body, Body::Admit { root: whom, .. } if *whom == root);
    let target = s.world.records.iter().find(|it| {
        let body = Body::decode(it.value().kind, &it.value().body);
        body.is_some_and(|body| admits(&body))
    });
    let target = target.unwrap().id();
    s.world.endorse(s.feeds[0], target);
    assert_eq!(kept(&s.world, &documents), 3);
    let check = holds(move |state| assert!(state.contents.len() >= 2));
    ("concurrent-feeds-share-the-seats", s.world, check)
}

/// A fork takes a guest's membership and, where siblings come before it, its seat; a suspension whose cut names the honest
/// branch gives both back.
fn settled_guests_come_first() -> (&'static str, World, Check) {
    let (mut s, admission) = scene(6, 32, 2);
    let merge = Draft::new(s.feeds[1], &Body::Merge).seen(&[admission]);
    let below = s.world.add(merge);
    let mut head = below;
    for whom in 2..4 {
        head = s.world.admit(s.feeds[1], s.roots[whom]);
    }
    let honest = write(&mut s, 2..4);
    for whom in 4..8 {
        let draft = Draft::new(s.feeds[1], &admit(s.roots[whom])).after(below);
        s.world.add(draft.seen(&[admission]));
    }
    write(&mut s, 4..8);
    assert!(kept(&s.world, &honest) < 2);
    let draft = Draft::new(s.feeds[0], &okibi::fold::testing::suspend(s.roots[1]));
    s.world.add(draft.seen(&[admission]).cut(&[head]));
    assert_eq!(kept(&s.world, &honest), 2);
    let check = holds(move |state| {
        let expected: BTreeSet<_> = honest.iter().collect();
        assert_eq!(state.contents.keys().collect::<BTreeSet<_>>(), expected);
    });
    ("settled-guests-come-first", s.world, check)
}

/// A fork in a feed over the limit is nobody's business.
fn excess_forks_are_not_held() -> (&'static str, World, Check) {
    let (mut s, admission) = scene(0, 2, 2);
    let mut feeds: Vec<FeedKey> = (0..4).map(|device| s.world.device(1, device)).collect();
    feeds.sort();
    for &feed in &feeds {
        for title in ["left", "right"] {
            s.world.add(Draft::new(feed, &document(title)).first());
        }
    }
    let found = s.world.evaluate().0;
    let forked = found.frontier.0.iter();
    let forked = forked.filter(|(_, entry)| matches!(entry, Entry::Forked { .. }));
    let forked: Vec<FeedKey> = forked.map(|(feed, _)| *feed).collect();
    assert_eq!(forked, feeds[..2]);
    assert_eq!(found.evidence().count(), 4);
    let check = holds(move |state| {
        assert!(state.contents.is_empty() && !state.without_effect.contains_key(&admission));
    });
    ("excess-forks-are-not-held", s.world, check)
}

/// An admin cites a branch in a feed over the limit: then its fork matters, and the admission of whoever wrote it stays.
fn a_cited_branch_shows_its_fork() -> (&'static str, World, Check) {
    let (mut s, admission) = scene(0, 1, 1);
    let mut feeds: Vec<FeedKey> = (0..2).map(|device| s.world.device(1, device)).collect();
    feeds.sort();
    s.world.document(feeds[0], "within");
    let merge = |feed| Draft::new(feed, &Body::Merge).first().seen(&[admission]);
    let cited = s.world.add(merge(feeds[1]));
    let genesis = s.genesis;
    let rival = Draft::new(feeds[1], &Body::Merge).first().seen(&[genesis]);
    let rival = s.world.add(rival);
    assert!(s.world.evaluate().0.forks.is_empty());
    s.world
        .add(Draft::new(s.feeds[0], &Body::Merge).seen(&[cited]));
    let found = s.world.evaluate().0;
    let halves: BTreeSet<RecordId> = found.evidence().collect();
    assert_eq!(halves, [cited, rival].into());
    let check = holds(move |state| {
        assert_eq!(state.without_effect.get(&cited), Some(&"forked"));
        assert_eq!(state.contents.len(), 1);
    });
    ("a-cited-branch-shows-its-fork", s.world, check)
}

/// Six siblings admit one guest: one of them is kept for it.
fn siblings_that_admit_one_guest() -> (&'static str, World, Check) {
    let (mut s, admission) = scene(1, 32, 2);
    let merge = Draft::new(s.feeds[1], &Body::Merge).seen(&[admission]);
    let below = s.world.add(merge);
    let mut siblings = Vec::new();
    for n in 0..6 {
        let body = Body::Admit {
            root: s.roots[2],
            name: format!("guest {n}"),
            lifts: Vec::new(),
            feeds: Vec::new(),
        };
        let draft = Draft::new(s.feeds[1], &body)
            .after(below)
            .seen(&[admission]);
        siblings.push(s.world.add(draft));
    }
    let documents = write(&mut s, 2..3);
    assert_eq!(kept(&s.world, &documents), 1);
    assert_eq!(kept(&s.world, &siblings), 1);
    let check = holds(move |state| assert!(state.contents.is_empty()));
    ("siblings-that-admit-one-guest", s.world, check)
}
