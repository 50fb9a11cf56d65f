//! A home goes back to a snapshot and writes on: it is told at the next meeting and at every later one, and nobody loses a
//! document.

use okibi::identity::{Signer, SigningSecret, verify};
use okibi::record::{
    Ack, Claim, Entry, Hlc, RecordId, Role, RootKey, Signed, Statement, StatementId, limits,
};
use okibi::store::keys::KeyFolder;
use okibi::store::{Batch, Source, Store};

use crate::homes::{Home, Place, copy};

fn has(home: &Home, title: &str) -> bool {
    home.ok(["library", "list"]).out.contains(title)
}

/// Alice shared one, bob has it, she went back to before, and shared two.
fn scene() -> (Place, Home, Home, String) {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let stick = place.stick("stick");
    for home in [&alice, &bob, &alice] {
        home.ok(["courier", &stick]);
    }
    let snapshot = place.path("snapshot");
    alice.copy(&snapshot);
    alice.share_document("one", &place.file("one.md", "# one\n\nwords\n"));
    for home in [&alice, &bob] {
        home.ok(["courier", &stick]);
    }
    std::fs::remove_dir_all(&alice.path).unwrap();
    copy(&snapshot, &alice.path);
    alice.share_document("two", &place.file("two.md", "# two\n\nwords\n"));
    (place, alice, bob, stick)
}

#[test]
fn a_home_that_was_set_back_is_told_and_takes_nothing_from_anybody() {
    let (place, alice, bob, stick) = scene();
    // Bob only says so: she is told, what she wrote since is kept from him, and she may write.
    let told = alice.ok(["courier", &stick]);
    assert!(told.err.contains("set back"), "{told:#?}");
    assert_eq!(alice.run(["status", "--strict"]).status.code(), Some(15));
    assert!(alice.run(["doctor"]).out.contains("set back"));
    bob.ok(["courier", &stick]);
    assert!(has(&bob, "one"));
    // He brings what her own key signed: that is evidence, and she goes on in a new feed.
    alice.run(["courier", &stick]);
    assert_eq!(alice.run(["status", "--strict"]).status.code(), Some(15));
    assert!(has(&alice, "one") && has(&alice, "two"));
    alice.share_document("three", &place.file("three.md", "# three\n\nwords\n"));
    for home in [&alice, &bob, &alice, &bob] {
        home.run(["courier", &stick]);
    }
    for title in ["one", "two", "three"] {
        assert!(has(&bob, title), "bob lost {title}");
        assert!(has(&alice, title), "alice lost {title}");
    }
    assert_eq!(alice.hashes(), bob.hashes());
}

/// Bob says that he holds the greatest record that there can be of alice's feed. (Nobody whose feed he named could write any
/// more, so that nobody could suspend him.)
#[test]
fn a_word_about_my_feed_stops_nobody() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let stick = place.stick("stick");
    for home in [&alice, &bob, &alice] {
        home.ok(["courier", &stick]);
    }
    let (root, certificate, signer) = key(&bob);
    let (me, ..) = key(&alice);
    let mut store = Store::open(&alice.path, 1, [0; 8]).unwrap();
    let circles = store.circles().unwrap();
    let circle = circles.iter().find(|it| it.state.name == "hearth").unwrap();
    let now = okibi::node::wall_clock();
    let held = store.ack(&circle.id, &root, &me).unwrap().unwrap();
    let mut lie = held.value().clone();
    lie.sequence += 1;
    for entry in lie.frontier.0.values_mut() {
        *entry = Entry::Head {
            height: limits::HEIGHT,
            id: RecordId([9; 32]),
        };
    }
    let say = |ack: Ack| verify(Signed::build(ack, |message| signer.sign(message))).unwrap();
    let mut told = |ack: Ack, from: RootKey| {
        let batch = Batch {
            acks: vec![say(ack)],
            road: "usb",
            ..Batch::default()
        };
        let ingested = store.ingest(circle.id, batch, Source::Member(from), me, now);
        ingested.unwrap().acks
    };
    // Another's bundle does not carry his word, an epoch of the far future is none, and neither is another certificate.
    assert_eq!(told(lie.clone(), me), 0);
    let mut late = lie.clone();
    late.epoch.counter = now + 400 * 86_400_000;
    assert_eq!(told(late, root), 0);
    let mut other = lie.clone();
    other.certificate = StatementId([1; 32]);
    assert_eq!(told(other, root), 0);
    assert_eq!(told(lie, root), 1);
    drop(store);
    assert_ne!(certificate, StatementId([1; 32]));
    alice.share_document("still", &place.file("still.md", "# still\n\nwords\n"));
    assert_eq!(alice.run(["status", "--strict"]).status.code(), Some(15));
    alice.ok(["circle", "suspend", "bob", "--yes"]);
}

/// A home's root, and its sign key with the certificate.
fn key(home: &Home) -> (RootKey, StatementId, SigningSecret) {
    let root = crate::homes::open(&home.path).root();
    let store = Store::open(&home.path, 1, [0; 8]).unwrap();
    let directory = store.directory_of(&root).unwrap();
    let (certificate, public) = directory.current(&root, Role::Sign).unwrap();
    let secret = KeyFolder::of(&home.path).read("sign", &public).unwrap();
    (root, certificate, SigningSecret::from_bytes(&secret))
}

#[test]
fn receive_and_transport_keys_can_be_replaced_and_taken_back() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let (old, new) = (place.stick("old"), place.stick("new"));
    alice.share_document("one", &place.file("one.md", "# one\n\nwords\n"));
    alice.ok(["courier", &old]);
    let before = bob.fact("identity", ["key", "identity"]);
    bob.ok(["key", "rotate", "--receive"]);
    bob.ok(["key", "rotate", "--transport"]);
    assert_ne!(bob.fact("identity", ["key", "identity"]), before);
    // What was written for the key before still opens.
    bob.ok(["courier", &old]);
    assert!(has(&bob, "one"));
    bob.ok(["courier", &new]);
    alice.ok(["courier", &new]);
    alice.share_document("two", &place.file("two.md", "# two\n\nwords\n"));
    alice.ok(["courier", &new]);
    bob.ok(["key", "revoke", "--receive", "--yes"]);
    // Written for the key that was taken back meanwhile: nothing here opens it any more.
    bob.run(["courier", &new]);
    assert!(!has(&bob, "two"));
    let last = place.stick("last");
    for home in [&bob, &alice, &bob] {
        home.run(["courier", &last]);
    }
    assert!(has(&bob, "two"));
}

/// A member brings statements of roots that nobody admitted, more than this node keeps of such.
#[test]
fn statements_of_strangers_are_bounded() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let ((me, ..), (from, ..)) = (key(&alice), key(&bob));
    let mut store = Store::open(&alice.path, 1, [0; 8]).unwrap();
    let circles = store.circles().unwrap();
    let circle = circles.iter().find(|it| it.state.name == "hearth").unwrap();
    let before = store.directory().unwrap().statements().count();
    for batch in 0..3_u16 {
        let statements = (0..2_000_u16).map(|n| {
            let seed = blake3::hash(&[batch.to_le_bytes(), n.to_le_bytes()].concat());
            let root = SigningSecret::from_bytes(seed.as_bytes());
            let filling = [&[0x59, 0x0f, 0x00][..], &[n as u8; 0x0f00]].concat();
            let statement = Statement {
                root: RootKey(root.public()),
                time: Hlc(0),
                claim: Claim::Unknown {
                    kind: 99,
                    elements: 1,
                    rest: filling,
                },
            };
            verify(Signed::build(statement, |message| root.sign(message))).unwrap()
        });
        let batch = Batch {
            statements: statements.collect(),
            road: "usb",
            ..Batch::default()
        };
        let source = Source::Member(from);
        store.ingest(circle.id, batch, source, me, 1).unwrap();
    }
    let directory = store.directory().unwrap();
    let bytes: usize = directory.statements().map(|it| it.bytes().len()).sum();
    assert!(bytes < (17 << 20), "{bytes}");
    assert!(directory.statements().count() > before);
    assert_eq!(store.directory_of(&me).unwrap().statements().count(), 4);
}
