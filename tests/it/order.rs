//! Threat 6 and the law behind it: a set of records gives one set hash and one state hash, whatever arrived
//! when, how often and in which company; and so do the bundles that carry it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use okibi::fold::testing::{World, random::Dice, random::history};
use okibi::fold::{self, History, State};
use okibi::identity::Verified;
use okibi::node::{Decision, Handle, Target};
use okibi::record::{BlobRef, Body, CircleId, ContentKind, Record, RootKey, Statement};
use okibi::store::{Batch, Join, Scope, Source, Standing, Store};

use crate::homes::{self, Place, admit, circle, decide, export, import, open, share, state};

/// `OKIBI_ORDER_SEEDS` asks for more.
fn seeds() -> u64 {
    let asked = std::env::var("OKIBI_ORDER_SEEDS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(24)
}

#[derive(Clone)]
enum Item {
    Statement(Verified<Statement>),
    Record(Verified<Record>),
}

/// Everything of a world, some of it twice, in the order that `way` says.
fn items(world: &World, way: usize, dice: &mut Dice) -> Vec<Item> {
    let statements = world.statements.iter().cloned().map(Item::Statement);
    let records = world.records.iter().cloned().map(Item::Record);
    let mut items: Vec<Item> = statements.chain(records).collect();
    match way {
        // As it was written.
        0 => {}
        // The newest first.
        1 => items.reverse(),
        _ => {
            for _ in 0..items.len() / 4 {
                items.push(items[dice.below(items.len())].clone());
            }
            dice.shuffle(&mut items);
        }
    }
    items
}

/// Takes everything in, batch by batch; now and then the cache is held against the fold.
fn take_in(world: &World, way: usize, dice: &mut Dice, roots: &[RootKey]) -> Store {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), 0, [0; 8]).unwrap();
    let mut items = items(world, way, dice).into_iter().peekable();
    let (mut clock, mut marks) = (1_000, BTreeMap::new());
    while items.peek().is_some() {
        let most = [1, 1, 3, 9, 40][dice.below(5)];
        let mut batch = Batch {
            join: Some(Join {
                standing: Standing::Member,
            }),
            road: "usb",
            ..Batch::default()
        };
        for item in items.by_ref().take(most) {
            match item {
                Item::Statement(statement) => batch.statements.push(statement),
                Item::Record(record) => {
                    // Its content may come with it, before it or never.
                    batch
                        .blobs
                        .extend(content(&record).filter(|_| dice.chance(50)));
                    batch.records.push(record);
                }
            }
        }
        let source = match dice.pick(roots) {
            Some(root) if dice.chance(80) => Source::Member(root),
            _ => Source::Own,
        };
        clock += 1;
        store
            .ingest(world.circle, batch, source, roots[0], clock)
            .unwrap();
        let mark = store.shelf_mark(&world.circle).unwrap();
        let shown = (
            store.shelf(&world.circle).unwrap(),
            store.missing_blobs(&world.circle).unwrap(),
        );
        let same = marks.entry(mark).or_insert_with(|| shown.clone());
        assert_eq!(*same, shown, "one mark, one shelf");
        if dice.chance(20) {
            agrees(&store, &store.history(&world.circle).unwrap(), world);
        }
    }
    store
}

/// What a record's content is.
fn content(record: &Verified<Record>) -> Option<BlobRef> {
    match Body::decode(record.value().kind, &record.value().body) {
        Some(Body::Content(it)) => Some(it.blob()),
        _ => None,
    }
}

/// What the store finds by index is what stands in the state.
fn asks_by_index(store: &Store, circle: &CircleId, state: &State) {
    let mut missing = BTreeSet::new();
    let mut here = BTreeMap::new();
    for (id, it) in &state.contents {
        let blob = it.content.blob();
        assert!(store.is_shared(circle, id).unwrap());
        assert_eq!(store.shared(circle, id).unwrap(), Some(it.content.clone()));
        let named = store.shared_blob(circle, &blob.blake3).unwrap();
        assert_eq!(named.unwrap().blob().blake3, blob.blake3);
        let scope = Scope::Circle(*circle);
        if store.blob_in(scope, &blob.blake3).unwrap().is_none() {
            missing.insert(blob.blake3.0);
        } else {
            here.insert(*id, it.content.clone());
        }
    }
    for id in &state.withdrawn {
        assert!(!store.is_shared(circle, id).unwrap());
        assert_eq!(store.shared(circle, id).unwrap(), None);
    }
    let mut found = BTreeMap::new();
    for kind in ContentKind::ALL {
        let mut after = 0;
        while let Some(last) = {
            let some = store.at_hand(circle, kind, after).unwrap();
            let last = some.last().map(|it| it.arrival);
            found.extend(some.into_iter().map(|it| (it.record, it.content)));
            last
        } {
            after = last;
        }
    }
    assert_eq!(found, here);
    let missing: Vec<_> = missing.into_iter().collect();
    assert_eq!(store.missing_blobs(circle).unwrap(), missing);
}

/// What the store says of the circle is what the fold makes of this pool.
fn agrees(store: &Store, pool: &History, world: &World) {
    let (membership, expected) = fold::evaluate(pool);
    let view = store.circle(&world.circle).unwrap();
    let state = store.state(&world.circle).unwrap();
    assert_eq!((&state, &view.state), (&expected, &expected.authority));
    assert_eq!(state.state_hash(), expected.state_hash());
    asks_by_index(store, &world.circle, &expected);
    assert_eq!(view.frontier, membership.frontier);
    assert_eq!(store.set_hash(&world.circle).unwrap(), membership.set_hash);
    let sql = "SELECT id FROM record WHERE in_set = 1";
    let mut sql = store.database().prepare(sql).unwrap();
    let marked = sql.query_map([], |row| row.get::<_, [u8; 32]>(0)).unwrap();
    let marked: BTreeSet<[u8; 32]> = marked.map(Result::unwrap).collect();
    assert_eq!(marked, membership.records.iter().map(|id| id.0).collect());
}

#[test]
fn any_order_gives_one_state() {
    let (mut forks, mut suspensions, mut inert, mut waiting, mut withdrawn) = (0, 0, 0, 0, 0);
    for seed in 0..seeds() {
        let mut world = history(seed, 3 + seed as usize % 5, 30 + seed as usize % 30);
        let roots: Vec<RootKey> = (0..3).map(|n| world.root(n)).collect();
        let pool = world.history();
        let (membership, expected) = fold::evaluate(&pool);
        forks += membership.forks.len();
        let suspended = expected.members.values();
        suspensions += suspended
            .filter(|member| member.suspension.is_some())
            .count();
        inert += expected.without_effect.len();
        waiting += membership.waiting.len();
        withdrawn += expected.withdrawn.len();
        let mut dice = Dice(seed ^ 0x006f_7264_6572);
        for way in 0..5 {
            let store = take_in(&world, way, &mut dice, &roots);
            agrees(&store, &pool, &world);
        }
    }
    // The histories are worth it: every kind of trouble is among them.
    let met = [forks, suspensions, inert, waiting, withdrawn];
    assert!(met.iter().all(|count| *count >= 1), "{met:?}");
}

/// Alice, Bob and Carol; what happened in the circle, bundle by bundle for Bob; Bob's home before it all.
struct Tale {
    place: Place,
    before: PathBuf,
    bundles: Vec<PathBuf>,
    end: ([u8; 32], [u8; 32]),
}

impl Tale {
    fn new() -> Self {
        let place = Place::new();
        let paths = ["alice", "bob", "carol"].map(|name| place.path(name));
        let [alice_at, bob_at, carol_at] = &paths;
        let mut alice = open(alice_at);
        alice.found("hearth", "alice", &[]).unwrap();
        for (name, path) in [("bob", bob_at), ("carol", carol_at)] {
            admit(&mut alice, &open(path), name);
            let first = place.path("first.okb");
            export(&mut alice, name, Target::File(&first)).unwrap();
            import(&mut open(path), &first);
        }
        let before = place.path("bob-before");
        homes::copy(bob_at, &before);
        let mut tale = Self {
            place,
            before,
            bundles: Vec::new(),
            end: state(&alice).unwrap(),
        };
        let mut bob = open(bob_at);
        share(&mut alice, &tale.place, "one", "the first text\n");
        tale.pass(&mut alice, &mut bob);

        // Carol writes, and then her home is set back and writes again: a fork, of which Alice hears in two parts.
        share(
            &mut open(carol_at),
            &tale.place,
            "hers",
            "a text of carol\n",
        );
        let back = tale.place.path("carol-back");
        homes::copy(carol_at, &back);
        for (name, text) in [("left", "one way\n"), ("right", "another way\n")] {
            let mut carol = open(carol_at);
            share(&mut carol, &tale.place, name, text);
            let bundle = tale.place.path("carol.okb");
            export(&mut carol, "alice", Target::File(&bundle)).unwrap();
            drop(carol);
            import(&mut alice, &bundle);
            share(
                &mut alice,
                &tale.place,
                &format!("after {name}"),
                &format!("and on from {name}\n"),
            );
            tale.pass(&mut alice, &mut bob);
            std::fs::remove_dir_all(carol_at).unwrap();
            homes::copy(&back, carol_at);
        }
        assert_eq!(alice.status(0).unwrap().circles[0].forked.len(), 1);

        let hearth = circle(&alice);
        let carol = alice.find_member(&hearth, "carol").unwrap();
        let suspension = Decision::Suspend {
            root: carol,
            reason: String::new(),
            from_start: false,
        };
        decide(&mut alice, suspension);
        tale.pass(&mut alice, &mut bob);
        let hearth = circle(&alice);
        let one = alice.find_shared(&hearth, "one").unwrap();
        alice.withdraw(&hearth, one).unwrap();
        tale.pass(&mut alice, &mut bob);
        share(&mut alice, &tale.place, "last", "the end\n");
        tale.pass(&mut alice, &mut bob);
        tale.end = state(&alice).unwrap();
        assert_eq!(state(&bob), Some(tale.end));
        tale
    }

    /// One more bundle for Bob, who takes it in and acknowledges: the next one will rest on it.
    fn pass(&mut self, alice: &mut Handle, bob: &mut Handle) {
        let bundle = self.place.path(&format!("{}.okb", self.bundles.len()));
        export(alice, "bob", Target::File(&bundle)).unwrap();
        import(bob, &bundle);
        let ack = self.place.path("ack.okb");
        export(bob, "alice", Target::File(&ack)).unwrap();
        import(alice, &ack);
        self.bundles.push(bundle);
    }
}

#[test]
fn bundles_in_any_order_give_one_state() {
    let tale = Tale::new();
    let bob_at = tale.place.path("bob");
    let (mut dice, mut waited) = (Dice(7), 0);
    for round in 0..12 {
        std::fs::remove_dir_all(&bob_at).unwrap();
        homes::copy(&tale.before, &bob_at);
        let mut bob = open(&bob_at);
        let mut order = tale.bundles.clone();
        if round == 0 {
            order.reverse();
        } else {
            order.push(order[dice.below(order.len())].clone());
            dice.shuffle(&mut order);
        }
        for bundle in &order {
            import(&mut bob, bundle);
            waited += bob.status(0).unwrap().circles[0].waiting;
        }
        assert_eq!(state(&bob), Some(tale.end), "{order:?}");
        assert_eq!(bob.documents().unwrap().len(), 4, "{order:?}");
        // The fork is said; the branch that nothing reaches waits for nothing.
        assert_eq!(homes::ails(&bob), ["doctor-fork"]);
    }
    assert!(waited > 0, "no bundle ever came before what it rests on");
}
