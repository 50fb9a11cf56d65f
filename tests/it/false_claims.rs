//! False claims about content: a member who names a blob by a wrong size or a wrong SHA-256 keeps
//! nobody from it.

use okibi::record::{BlobHash, BlobRef};
use okibi::store::Store;

use crate::homes::{Home, Place};
use crate::wire::{append, document, report, serve, sync, two};

/// Bytes of the content: two pieces of a wire.
const SIZE: usize = 300_000;

/// Writes records of documents into the circle, as a changed program can.
fn write(home: &Home, blobs: &[BlobRef]) {
    let bodies = blobs.iter().enumerate();
    let bodies = bodies.map(|(number, blob)| document(format!("lie {number}"), *blob));
    append(home, &bodies.collect::<Vec<_>>());
}

fn documents(home: &Home) -> usize {
    let store = Store::open(&home.path, 1, [0; 8]).unwrap();
    store.blobs().unwrap().len()
}

/// Bob says the same lie often, so that it comes first in any order. (One record spoke for a blob: by its size or its
/// SHA-256 nobody could complete the transfer, and who sent what was right was cut off.)
#[test]
fn who_lies_of_content_keeps_nobody_from_it() {
    let lies: [fn(&mut BlobRef); 5] = [
        |blob| blob.sha256 = [7; 32],
        |blob| blob.size += 1,
        |blob| blob.size -= 1,
        |blob| blob.size = 100,
        |blob| blob.size *= 100,
    ];
    // Each in homes of its own; most of the time is waiting.
    std::thread::scope(|scope| {
        for (number, lie) in lies.into_iter().enumerate() {
            scope.spawn(move || told(number, lie));
        }
    });
}

/// Contents that nobody has, more of them than are fetched at once, keep nobody from one that is there.
#[test]
fn what_nobody_has_holds_nothing_up() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    let nowhere = |n: u8| BlobRef {
        blake3: BlobHash([n; 32]),
        sha256: [n; 32],
        size: u64::from(n),
    };
    let nowhere: Vec<BlobRef> = (1..=9).map(nowhere).collect();
    write(&alice, &nowhere);
    alice.share_document("here", &place.file("here.txt", "words ".repeat(100)));
    let (_node, address) = serve(&alice);
    let round = report(sync(&bob, &[address]));
    assert_eq!(round["blobs_in"], 1, "{round}");
}

fn told(number: usize, lie: fn(&mut BlobRef)) {
    let line = "words that say nothing at all\n";
    let text = line.repeat(SIZE / line.len());
    let place = Place::new();
    let (alice, bob) = two(&place);
    let carol = place.home("carol");
    alice.admit(&carol, "carol");
    let bundle = place.path("carol.okb");
    let bundle = bundle.to_str().unwrap();
    alice.ok(["export-bundle", "--to", "carol", "-o", bundle]);
    carol.ok(["import-bundle", bundle]);
    alice.share_document("long", &place.file("long.txt", &text));
    let mut blob = {
        let store = Store::open(&alice.path, 1, [0; 8]).unwrap();
        let blobs = store.blobs().unwrap();
        let named = blobs.iter().find(|it| it.size == text.len() as u64);
        *named.unwrap()
    };
    let right = blob;
    lie(&mut blob);
    write(&bob, &[blob; 3]);
    // Carol hears the lies alone, and of the truth only when she has believed them.
    let (liar, at) = serve(&bob);
    report(sync(&carol, &[at]));
    drop(liar);
    let (node, address) = serve(&alice);
    report(sync(&bob, &[address]));
    let round = report(sync(&carol, &[address]));
    assert_eq!(round["blobs_in"], 1, "lie {number}: {round}");
    assert_eq!(round["peers"][0]["in_step"], true, "lie {number}: {round}");
    let store = Store::open(&carol.path, 1, [0; 8]).unwrap();
    assert_eq!(store.blob(&right.blake3).unwrap(), Some(right));
    // A bundle of it is whole, too.
    drop(node);
    let whole = place.path("whole.okb");
    let whole = whole.to_str().unwrap();
    carol.ok(["export-bundle", "--to", "bob", "--full", "-o", whole]);
    bob.ok(["import-bundle", whole]);
    assert_eq!(documents(&bob), documents(&carol), "lie {number}");
    assert_eq!(bob.hashes(), alice.hashes());
}
