//! `okibi circle forget` and `okibi gc` give back: the database is small again, and nothing that remains is lost.

use okibi::fold::testing::{Draft, World, document};
use okibi::record::{CircleId, Claim, Kind, Policy, RecordId, Role, RootKey};
use okibi::store::{Batch, Join, Left, Source, Standing, Store};

use crate::homes::Place;

const ME: RootKey = RootKey([9; 32]);

fn bytes(store: &Store) -> u64 {
    store.checkpoint().unwrap();
    let path = store.home().join("okibi.db");
    path.metadata().unwrap().len()
}

fn take_in(store: &mut Store, world: &World) {
    let batch = Batch {
        statements: world.statements.clone(),
        records: world.records.clone(),
        join: Some(Join {
            standing: Standing::Member,
        }),
        road: "usb",
        ..Batch::default()
    };
    let source = Source::Member(RootKey([8; 32]));
    store.ingest(world.circle, batch, source, ME, 1).unwrap();
}

/// A circle of two, and what one of them shares.
fn circle(first: usize) -> World {
    let mut world = World::new(false);
    let (feed, second) = (world.device(first, 0), world.device(first + 1, 0));
    let admins = [world.owner(feed)];
    world.found(feed, &admins, Policy::default());
    let root = world.owner(second);
    world.admit(feed, root);
    world.document(second, "a document");
    world
}

/// Statements of throw-away roots.
fn strangers(count: u32) -> World {
    let mut world = World::new(false);
    for number in 0..count {
        let mut key = [0xee; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        for device in 0..8 {
            let claim = Claim::Certificate {
                role: Role::Sign,
                key: [device; 32],
                replaces: None,
                proof: [0; 64],
            };
            world.state(RootKey(key), claim);
        }
    }
    world
}

/// The set's hash, as it is kept and as it comes of the pool.
fn hashes(store: &Store, id: &CircleId) -> ([u8; 32], [u8; 32], usize) {
    let membership = store.membership(id).unwrap();
    let (statements, bytes) = store.circle_statements(id).unwrap();
    (membership.set_hash, statements, bytes.len())
}

#[test]
fn a_forgotten_circle_and_statements_of_strangers_give_their_space_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), 0, [0; 8]).unwrap();
    store.set_meta("root", &ME.0).unwrap();
    let stays = circle(10);
    take_in(&mut store, &stays);
    let (empty, before) = (bytes(&store), hashes(&store, &stays.circle));

    let mut goes = circle(20);
    let feed = goes.device(21, 0);
    for _ in 0..40 {
        let mut draft = Draft::new(feed, &document("large"));
        // A byte string of CBOR, of a kind that nobody knows.
        draft.kind = Kind(1_000);
        draft.body = [&[0x59, 0xc0, 0x00][..], &[7; 0xc000]].concat();
        goes.add(draft);
    }
    // My own statements and those of a stranger lie between.
    let claim = Claim::Certificate {
        role: Role::Sign,
        key: [1; 32],
        replaces: None,
        proof: [0; 64],
    };
    goes.state(ME, claim);
    goes.statements.extend(strangers(300).statements);
    take_in(&mut store, &goes);
    let full = bytes(&store);
    assert!(full > empty + 2_000_000, "{empty} {full}");

    // What no circle names goes without a circle's being forgotten; a dry run only counts.
    let kept = hashes(&store, &goes.circle);
    for dry in [true, false] {
        let swept = store.sweep(dry).unwrap();
        assert_eq!((swept.statements, swept.records), (300 * 8, 0));
    }
    assert_eq!(store.sweep(false).unwrap().statements, 0);
    assert_eq!(hashes(&store, &goes.circle), kept);

    store.drop_circle(&goes.circle, Some("goes")).unwrap();
    let all = store.directory().unwrap();
    let mut left: Vec<_> = all.statements().map(|it| it.value().root).collect();
    left.sort_unstable();
    left.dedup();
    let owners = stays.statements.iter().map(|it| it.value().root);
    let mut named: Vec<_> = owners.chain([ME]).collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(left, named);
    assert!(store.consent(&goes.circle).unwrap().is_some());

    // Who reads meanwhile is not disturbed, and nothing fails.
    let other = Store::open(folder.path(), 0, [0; 8]).unwrap();
    other
        .database()
        .execute_batch("BEGIN; SELECT * FROM meta;")
        .unwrap();
    other.record(&RecordId([0; 32])).unwrap();
    assert_eq!(store.compact().unwrap().left, Some(Left::Busy));
    drop(other);
    let compacted = store.compact().unwrap();
    assert_eq!(compacted.left, None);
    let small = bytes(&store);
    assert!(small < empty + 200_000, "{empty} {full} {small}");
    assert_eq!(hashes(&store, &stays.circle), before);
    // There is nothing left to be given back.
    assert_eq!(store.compact().unwrap().bytes, 0);
    take_in(&mut store, &goes);
    assert_eq!(hashes(&store, &goes.circle), kept);
}

/// Branches that nothing reaches go; what shows the fork stays, and the set is the same.
#[test]
fn branches_that_nothing_reaches_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), 0, [0; 8]).unwrap();
    let mut world = circle(10);
    let feed = world.device(11, 0);
    let base = *world.of_feed(feed).last().unwrap();
    let branch = |world: &mut World, title: &str| {
        let mut draft = Draft::new(feed, &document(title)).after(base).seen(&[]);
        for step in 0..5 {
            let next = world.add(draft);
            let title = format!("{title} {step}");
            draft = Draft::new(feed, &document(&title)).after(next).seen(&[]);
        }
    };
    branch(&mut world, "one");
    branch(&mut world, "two");
    take_in(&mut store, &world);
    let before = store.membership(&world.circle).unwrap();
    let swept = store.sweep(false).unwrap();
    assert_eq!(swept.records, 8);
    let after = store.membership(&world.circle).unwrap();
    assert_eq!(after.set_hash, before.set_hash);
    assert_eq!(after.waiting.len(), before.waiting.len() - 8);
    assert_eq!(store.sweep(false).unwrap().records, 0);
}

/// Who comes back to a circle goes on counting where it stopped: what it acknowledges is taken.
#[test]
fn numbers_go_on_behind_a_forgotten_circle() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let stick = place.stick("stick");
    for title in ["one", "two", "three"] {
        alice.share_document(title, &place.file(title, format!("# {title}\n\nwords\n")));
        for home in [&alice, &bob, &alice] {
            home.ok(["courier", &stick]);
        }
    }
    let sequence = || {
        let store = Store::open(&alice.path, 1, [0; 8]).unwrap();
        let circle = store
            .circle_ids()
            .unwrap()
            .into_iter()
            .find(|id| store.circle(id).unwrap().state.name == "hearth");
        let circle = circle.unwrap();
        let me = RootKey::from_slice(&store.meta("root").unwrap().unwrap()).unwrap();
        let members = store.circle(&circle).unwrap().state.members;
        let other = members.into_keys().find(|root| *root != me).unwrap();
        store
            .ack(&circle, &other, &me)
            .unwrap()
            .unwrap()
            .value()
            .sequence
    };
    let before = sequence();
    let id = bob.fact("circle", ["circle", "list"])["circle"].clone();
    bob.ok(["circle", "forget", "hearth", "--yes"]);
    let gc = bob.fact("gc", ["gc"]);
    assert!(gc["database"]["bytes"].is_u64(), "{gc}");
    assert_eq!(gc["database"]["left"], serde_json::Value::Null);
    bob.accept(id.as_str().unwrap());
    let bundle = place.path("full.okb");
    alice.ok([
        "export-bundle",
        "--to",
        "bob",
        "--full",
        "-o",
        bundle.to_str().unwrap(),
    ]);
    bob.ok(["import-bundle", bundle.to_str().unwrap()]);
    for home in [&bob, &alice] {
        home.ok(["courier", &stick]);
    }
    assert!(sequence() > before, "{before} {}", sequence());
    assert_eq!(alice.hashes(), bob.hashes());
}

/// A deliverer whose records are too much loses first those that can never count, however new they are.
#[test]
fn branches_are_put_out_before_what_still_waits() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), 0, [0; 8]).unwrap();
    let mut world = circle(10);
    let feed = world.device(11, 0);
    let base = *world.of_feed(feed).last().unwrap();
    take_in(&mut store, &world);
    let large = |after| {
        let mut draft = Draft::new(feed, &document("large")).after(after).seen(&[]);
        draft.kind = Kind(1_000);
        draft.body = [&[0x59, 0xf0, 0x00][..], &[7; 0xf000]].concat();
        draft
    };
    // A chain whose first record does not come, and then branches of a fork beside it.
    let mut waits = Vec::new();
    let absent = world.add(large(base));
    let mut tip = absent;
    for _ in 0..100 {
        tip = world.add(large(tip));
        waits.push(tip);
    }
    world.records.retain(|record| record.id() != absent);
    take_in(&mut store, &world);
    for title in ["one", "two"] {
        let draft = Draft::new(feed, &document(title)).after(base).seen(&[]);
        tip = world.add(draft);
    }
    for _ in 0..200 {
        tip = world.add(large(tip));
    }
    take_in(&mut store, &world);
    let left = store.membership(&world.circle).unwrap().waiting;
    assert!(left.len() < 300, "{}", left.len());
    for id in &waits {
        assert!(left.contains_key(id), "what waits was put out");
    }
}
