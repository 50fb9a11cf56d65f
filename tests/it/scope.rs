//! A content belongs to where it is from: what is here privately, or by another circle, is not here for anybody who names
//! its hash, by a bundle, by a wire, in an acknowledgement. What one circle says changes nothing outside of it.

use std::collections::BTreeSet;

use okibi::fold::testing::{World, random::Dice, random::history};
use okibi::identity::Verified;
use okibi::record::{BlobHash, BlobRef, Body, CircleId, Record, RootKey};
use okibi::store::{Batch, Join, Scope, Source, Standing, Store};

use crate::homes::{Home, Place};
use crate::wire::{append, document, report, serve, sync, two};

const DIARY: &str = "# Diary\n\nI met the journalist on Tuesday at the mill.\n";

fn store(home: &Home) -> Store {
    Store::open(&home.path, 1, [0; 8]).unwrap()
}

/// The circle of this name.
fn circle(home: &Home, name: &str) -> CircleId {
    let circles = store(home).circles().unwrap();
    circles.iter().find(|it| it.state.name == name).unwrap().id
}

fn blob_of(text: &str) -> BlobRef {
    use sha2::Digest;
    BlobRef {
        blake3: BlobHash(*blake3::hash(text.as_bytes()).as_bytes()),
        sha256: sha2::Sha256::digest(text).into(),
        size: text.len() as u64,
    }
}

/// Documents that a bundle for a member would hold.
fn would_hold(home: &Home, to: &str) -> u64 {
    let args = ["export-bundle", "--to", to, "--full", "--dry-run"];
    let args = args
        .into_iter()
        .chain(["--circle", "hearth", "-o", "x.okb"]);
    let export = home.fact("export", args);
    export["documents"].as_u64().unwrap()
}

/// A member names the hash of what another keeps to herself: right, and with a size and a SHA-256 that are wrong.
#[test]
fn nobody_gets_a_private_content_by_naming_it() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    bob.ok([
        "library",
        "add",
        &place.file("diary.md", DIARY),
        "--title",
        "Diary",
    ]);
    let right = blob_of(DIARY);
    let wrong = BlobRef {
        sha256: [0; 32],
        size: 7,
        ..right
    };
    append(
        &alice,
        &[document("a".into(), right), document("b".into(), wrong)],
    );
    // By wire: he lacks it in this circle, says so like of any other, and serves nothing.
    let (node, address) = serve(&bob);
    let round = report(sync(&alice, &[address]));
    assert_eq!(
        (&round["blobs_in"], &round["peers"][0]["in_step"]),
        (&0.into(), &true.into())
    );
    drop(node);
    let hearth = circle(&bob, "hearth");
    assert_eq!(
        store(&bob).missing_blobs(&hearth).unwrap(),
        [right.blake3.0]
    );
    // By bundle, as a person and as a courier writes it.
    assert_eq!(would_hold(&bob, "alice"), 0);
    let titles = bob.facts("document", ["library", "list"]);
    assert_eq!(titles.len(), 1, "{titles:?}");
    assert_eq!(titles[0]["shelf"], "private");
    // What bob says that he lacks is what he said before he had it: nobody learns that it is here.
    let ack = |home: &Home| store(home).missing_blobs(&hearth).unwrap();
    assert_eq!(ack(&bob), ack(&alice));

    // The same bytes arrive by the circle: from then on they are there, and in both places.
    alice.ok([
        "library",
        "add",
        &place.file("same.md", DIARY),
        "--title",
        "Same",
    ]);
    let scope = Scope::Circle(hearth);
    store(&alice).add_scope(scope, &right.blake3).unwrap();
    let (_node, address) = serve(&alice);
    let round = report(sync(&bob, &[address]));
    assert_eq!(round["blobs_in"], 1, "{round}");
    let all = store(&bob).scopes().unwrap();
    let of: Vec<Scope> = all
        .iter()
        .filter(|it| it.1 == right.blake3)
        .map(|it| it.0)
        .collect();
    assert_eq!(of, [Scope::Private, scope]);
    assert_eq!(would_hold(&bob, "alice"), 1);
    // And the circle's going takes nothing private along.
    bob.ok(["circle", "forget", "hearth", "--yes"]);
    bob.ok(["gc"]);
    assert_eq!(store(&bob).blob(&right.blake3).unwrap(), Some(right));
}

/// The same with a content of another circle, over one session of two who have both circles in common: what one circle
/// named is asked for in that circle, and is not there.
#[test]
fn nobody_gets_another_circles_content_by_naming_it() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    let carol = place.home("carol");
    carol.ok(["circle", "found", "orchard", "--as", "carol"]);
    // Each is to know of the other in both circles.
    carol.admit(&alice, "alice");
    carol.admit(&bob, "bob");
    for (home, name) in [(&alice, "alice"), (&bob, "bob")] {
        let bundle = place.path(&format!("{name}.okb"));
        let bundle = bundle.to_str().unwrap();
        carol.ok(["export-bundle", "--to", name, "-o", bundle]);
        home.ok(["import-bundle", bundle]);
    }
    let letter = place.file("letter.md", "# Letter\n\nTo carol alone.\n");
    bob.ok(["library", "add", &letter, "--title", "Letter"]);
    bob.ok(["library", "share", "Letter", "--circle", "orchard"]);
    let blob = blob_of("# Letter\n\nTo carol alone.\n");
    append(&alice, &[document("a".into(), blob)]);
    let (_node, address) = serve(&bob);
    let round = report(sync(&alice, &[address]));
    // Once, in the circle in which it was shared.
    assert_eq!(round["blobs_in"], 1, "{round}");
    let scopes = |home: &Home| -> Vec<Scope> {
        let all = store(home).scopes().unwrap().into_iter();
        all.filter(|it| it.1 == blob.blake3)
            .map(|it| it.0)
            .collect()
    };
    let orchard = circle(&bob, "orchard");
    assert_eq!(scopes(&alice), [Scope::Circle(orchard)]);
    for home in [&alice, &bob] {
        let missing = store(home).missing_blobs(&circle(home, "hearth")).unwrap();
        assert_eq!(missing, [blob.blake3.0]);
    }
    assert_eq!(would_hold(&bob, "alice"), 0);
}

/// What goes with its last scope, and what was taken back, is gone.
#[test]
fn a_content_goes_with_its_last_scope() {
    let place = Place::new();
    let (alice, _) = two(&place);
    let blob = blob_of(DIARY);
    alice.share_document("Diary", &place.file("diary.md", DIARY));
    alice.ok(["gc"]);
    let hearth = circle(&alice, "hearth");
    let of = || store(&alice).scopes().unwrap();
    assert!(of().contains(&(Scope::Circle(hearth), blob.blake3)));
    alice.ok(["library", "withdraw", "Diary"]);
    assert!(!of().contains(&(Scope::Circle(hearth), blob.blake3)));
    alice.ok(["gc"]);
    assert_eq!(store(&alice).blob(&blob.blake3).unwrap(), None);
}

/// What a record's content is.
fn content(record: &Verified<Record>) -> Option<BlobRef> {
    match Body::decode(record.value().kind, &record.value().body) {
        Some(Body::Content(it)) => Some(it.blob()),
        _ => None,
    }
}

/// Takes a world's records in, some with their contents.
fn take_in(store: &mut Store, world: &World, dice: &mut Dice) {
    let mut records = world.records.clone();
    dice.shuffle(&mut records);
    for (at, some) in records.chunks(7).enumerate() {
        let batch = Batch {
            records: some.to_vec(),
            blobs: some
                .iter()
                .filter_map(content)
                .filter(|_| dice.chance(60))
                .collect(),
            join: Some(Join {
                standing: Standing::Member,
            }),
            road: "usb",
            ..Batch::default()
        };
        let me = RootKey([9; 32]);
        store
            .ingest(world.circle, batch, Source::Own, me, at as u64)
            .unwrap();
    }
}

/// Everything that is to be seen of a store outside of one circle.
fn outside(store: &Store, but: &CircleId, hashes: &BTreeSet<BlobHash>) -> String {
    use std::fmt::Write;
    let mut seen = String::new();
    for view in store.circles().unwrap().iter().filter(|it| it.id != *but) {
        let id = &view.id;
        let shelf = store.shelf(id).unwrap();
        let missing = store.missing_blobs(id).unwrap();
        write!(
            seen,
            "{:?}{:?}{shelf:?}{missing:?}",
            view.state, view.frontier
        )
        .unwrap();
        write!(
            seen,
            "{:?}{:?}",
            store.missing(id).unwrap(),
            store.shelf_mark(id).unwrap()
        )
        .unwrap();
        for hash in hashes {
            let here = store.blob_in(Scope::Circle(*id), hash).unwrap();
            let said = (
                store.claims(id, hash).unwrap(),
                store.shared_blob(id, hash).unwrap(),
            );
            write!(seen, "{here:?}{said:?}").unwrap();
        }
    }
    for hash in hashes {
        write!(seen, "{:?}", store.blob_in(Scope::Private, hash).unwrap()).unwrap();
    }
    write!(
        seen,
        "{:?}{:?}",
        store.models().unwrap(),
        store.offers().unwrap()
    )
    .unwrap();
    seen
}

/// The property: whatever a circle's records name and whatever comes with them, nothing that is seen of another circle or
/// of the private shelf is otherwise; and nothing is otherwise when the circle is gone again.
#[test]
fn one_circles_bytes_change_nothing_outside_of_it() {
    let (mut shared, mut counted) = (0, 0);
    for seed in 0..12 {
        let mut one = history(seed, 4, 40);
        let other = history(seed + 1_000, 4, 40);
        // Its members name all that the other circle has, now rightly, now by another size and SHA-256.
        let contents: Vec<BlobRef> = other.records.iter().filter_map(content).collect();
        for (at, blob) in contents.into_iter().enumerate() {
            let lie = BlobRef {
                sha256: [7; 32],
                size: 3,
                ..blob
            };
            let feed = one.device(at % 3, 0);
            let named = if at % 2 == 0 { lie } else { blob };
            one.write(feed, &document(format!("document {at}"), named));
        }
        let of = |world: &World| -> BTreeSet<BlobHash> {
            let all = world.records.iter().filter_map(content);
            all.map(|blob| blob.blake3).collect()
        };
        let hashes: BTreeSet<BlobHash> = of(&one).union(&of(&other)).copied().collect();
        shared += of(&one).intersection(&of(&other)).count();
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), 0, [0; 8]).unwrap();
        let mut dice = Dice(seed);
        // What a root says of its own keys belongs to no circle.
        let statements = [&one, &other]
            .map(|world| world.statements.clone())
            .concat();
        let batch = Batch {
            statements,
            join: Some(Join {
                standing: Standing::Member,
            }),
            road: "usb",
            ..Batch::default()
        };
        store
            .ingest(other.circle, batch, Source::Own, RootKey([9; 32]), 0)
            .unwrap();
        take_in(&mut store, &other, &mut dice);
        // Some of it a person has, too.
        for hash in hashes.iter().filter(|_| dice.chance(30)) {
            if store.blob(hash).unwrap().is_some() {
                store.add_scope(Scope::Private, hash).unwrap();
            }
        }
        let before = outside(&store, &one.circle, &hashes);
        take_in(&mut store, &one, &mut dice);
        counted += store.shelf(&one.circle).unwrap().contents.len();
        assert_eq!(outside(&store, &one.circle, &hashes), before, "seed {seed}");
        store.drop_circle(&one.circle, Some("one")).unwrap();
        assert_eq!(outside(&store, &one.circle, &hashes), before, "seed {seed}");
    }
    assert!(counted > 4, "the circle shares something: {counted}");
    assert!(
        shared > 4,
        "the two circles name the same contents: {shared}"
    );
}
