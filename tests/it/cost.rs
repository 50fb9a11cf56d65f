//! What one new record costs a store, as instruction counts: the difference between a run that appends (or takes in)
//! two records and one that does so with one, so that opening and closing cancel out; how fast many are taken in; and
//! what it costs to bring one small change to a stick.
//!
//! ```text
//! export OKIBI_COST_HOME=/tmp/cost OKIBI_COST_RECORDS=100000
//! cargo test --release --test it cost::prepare -- --ignored --exact
//! for n in 1 2; do OKIBI_COST_APPEND=$n valgrind --tool=callgrind --callgrind-out-file=/dev/null \
//!     target/release/deps/it-* cost::append -- --ignored --exact; done
//! cargo test --release --test it cost::take_in -- --ignored --exact --nocapture
//! ```
//!
//! Each run on a copy of the home that `prepare` made; `cost::ingest` in the same way. An export, from the opening of
//! the home to the end of the process, whose past is that long:
//!
//! ```text
//! cargo test --release --test it cost::prepare_export -- --ignored --exact
//! mkdir /tmp/stick
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/okibi --home /tmp/cost/alice \
//!     export-bundle --to bob /tmp/stick
//! ```

use std::path::{Path, PathBuf};
use std::time::Instant;

use okibi::identity::{Signer, SigningSecret, certificate, verify};
use okibi::node::{Handle, Label};
use okibi::record::{
    Admin, BlobHash, BlobRef, Body, CircleId, Content, Document, Hlc, Policy, Record, Role,
    RootKey, Signed, StatementId,
};
use okibi::store::keys::KeyFolder;
use okibi::store::{Batch, Draft, Join, OwnFeed, Source, Standing, Store};

use crate::homes;

/// Authority records in the circle: admissions, and records that merge heads.
const ADMISSIONS: usize = 100;
const MERGES: usize = 900;
/// Ordinary records written in one transaction.
const BATCH: usize = 1_000;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn home() -> PathBuf {
    PathBuf::from(std::env::var_os("OKIBI_COST_HOME").expect("OKIBI_COST_HOME names a folder"))
}

fn document(number: usize) -> Draft {
    let blake3 = BlobHash(*blake3::hash(&number.to_le_bytes()).as_bytes());
    let blob = BlobRef {
        blake3,
        sha256: [0; 32],
        size: 1,
    };
    Body::from(Document {
        title: format!("document {number}"),
        media_type: "text/plain".into(),
        language: String::new(),
        source: String::new(),
        licence: String::new(),
        blob,
    })
    .into()
}

/// Opens the store with the only writer's keys.
fn with_owner<T>(work: impl FnOnce(&mut Store, &OwnFeed<'_>) -> T) -> T {
    let root = SigningSecret::from_bytes(&[1; 32]);
    let secret = SigningSecret::from_bytes(&[2; 32]);
    let statement = certificate(&root, Role::Sign, &secret, None, Hlc(0));
    let statement = verify(statement).unwrap();
    let mut store = Store::open(&home(), 1, [0; 8]).unwrap();
    store
        .add_statements(std::slice::from_ref(&statement))
        .unwrap();
    let owner = OwnFeed {
        root: RootKey(root.public()),
        signer: &secret,
        certificate: statement.id(),
    };
    work(&mut store, &owner)
}

#[test]
#[ignore = "makes a large store; see the module's header"]
fn prepare() {
    let _ = std::fs::remove_dir_all(home());
    std::fs::create_dir_all(home()).unwrap();
    with_owner(|store, owner| {
        let genesis = Body::Genesis {
            name: "cost".into(),
            salt: [0; 16],
            policy: Policy::default(),
            admins: vec![Admin {
                root: owner.root,
                name: "a".into(),
                paper: None,
            }],
            predecessor: None,
        };
        let circle = store
            .found(owner, genesis, Standing::Member, &[], 1)
            .unwrap();
        for n in 0..ADMISSIONS {
            let root = SigningSecret::from_bytes(blake3::hash(&n.to_le_bytes()).as_bytes());
            let body = Body::Admit {
                root: RootKey(root.public()),
                name: format!("member {n}"),
                lifts: vec![],
                feeds: vec![],
            };
            store.append(&circle, owner, &[body.into()], 1).unwrap();
        }
        let merges = vec![Draft::from(Body::Merge); MERGES];
        store.append(&circle, owner, &merges, 1).unwrap();
        let records = number("OKIBI_COST_RECORDS", 1_000);
        for start in (0..records).step_by(BATCH) {
            let drafts: Vec<Draft> = (start..records.min(start + BATCH)).map(document).collect();
            store.append(&circle, owner, &drafts, 1).unwrap();
        }
        std::fs::write(home().join("circle"), circle.to_string()).unwrap();
    });
}

#[test]
#[ignore = "meant for callgrind; see the module's header"]
fn append() {
    let circle: CircleId = std::fs::read_to_string(home().join("circle"))
        .unwrap()
        .parse()
        .unwrap();
    // Opened as a command opens it: the statement is there already.
    let root = SigningSecret::from_bytes(&[1; 32]);
    let secret = SigningSecret::from_bytes(&[2; 32]);
    let statement = certificate(&root, Role::Sign, &secret, None, Hlc(0));
    let mut store = Store::open(&home(), 1, [0; 8]).unwrap();
    let owner = OwnFeed {
        root: RootKey(root.public()),
        signer: &secret,
        certificate: statement.id(),
    };
    for n in 0..number("OKIBI_COST_APPEND", 1) {
        let written = store
            .append(&circle, &owner, &[document(usize::MAX - n)], 1)
            .unwrap();
        assert_eq!(written.len(), 1);
    }
}

/// Takes records one by one that another home with the same past has written: `OKIBI_COST_FROM` names that home, a
/// copy of `OKIBI_COST_HOME` in which `append` ran.
#[test]
#[ignore = "meant for callgrind; see the module's header"]
fn ingest() {
    let from = PathBuf::from(std::env::var_os("OKIBI_COST_FROM").unwrap());
    let circle: CircleId = std::fs::read_to_string(home().join("circle"))
        .unwrap()
        .parse()
        .unwrap();
    let more: Vec<Vec<u8>> = {
        let store = Store::open(&from, 1, [0; 8]).unwrap();
        let sql = "SELECT bytes FROM record ORDER BY arrival DESC LIMIT 8";
        let mut sql = store.database().prepare(sql).unwrap();
        let rows = sql.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let mut store = Store::open(&home(), 1, [0; 8]).unwrap();
    let (mut left, mut taken) = (number("OKIBI_COST_APPEND", 1), 0);
    for bytes in more.iter().rev() {
        let record = verify(Signed::<Record>::decode(bytes).unwrap()).unwrap();
        if left == 0 || store.record(&record.id()).unwrap().is_some() {
            continue;
        }
        let batch = Batch {
            records: vec![record],
            road: "lan",
            ..Batch::default()
        };
        let me = RootKey([9; 32]);
        taken += store
            .ingest(circle, batch, Source::Own, me, 1)
            .unwrap()
            .taken;
        left -= 1;
    }
    assert_eq!(taken, number("OKIBI_COST_APPEND", 1));
}

/// A new node takes in everything that `prepare` wrote, in batches, beside the bare verification of the same bytes.
#[test]
#[ignore = "measures; see the module's header"]
fn take_in() {
    use rayon::prelude::*;
    let circle: CircleId = std::fs::read_to_string(home().join("circle"))
        .unwrap()
        .parse()
        .unwrap();
    let (bytes, statements) = {
        let store = Store::open(&home(), 1, [0; 8]).unwrap();
        let mut sql = store
            .database()
            .prepare("SELECT bytes FROM record ORDER BY arrival")
            .unwrap();
        let rows = sql.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let bytes: Vec<Vec<u8>> = rows.map(Result::unwrap).collect();
        let statements: Vec<_> = store.directory().unwrap().statements().cloned().collect();
        (bytes, statements)
    };
    let decoded = |bytes: &[u8]| verify(Signed::<Record>::decode(bytes).unwrap()).unwrap();
    for _ in 0..number("OKIBI_COST_ROUNDS", 5) {
        let begun = Instant::now();
        let verified = bytes
            .par_iter()
            .filter(|bytes| decoded(bytes).id().0 != [0; 32]);
        let count = verified.count();
        let bare = begun.elapsed();

        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), 1, [0; 8]).unwrap();
        let begun = Instant::now();
        let mut taken = 0;
        for batch in bytes.chunks(BATCH) {
            let batch = Batch {
                statements: statements.clone(),
                records: batch.par_iter().map(|bytes| decoded(bytes)).collect(),
                join: Some(Join {
                    standing: Standing::Member,
                }),
                road: "lan",
                ..Batch::default()
            };
            let me = RootKey([9; 32]);
            let receipt = store.ingest(circle, batch, Source::Own, me, 1).unwrap();
            taken += receipt.taken;
        }
        let whole = begun.elapsed();
        assert_eq!(taken, count);
        println!(
            "{count} records: verified in {bare:.2?}, taken in within {whole:.2?}: {:.2} of the bare rate",
            bare.as_secs_f64() / whole.as_secs_f64()
        );
    }
}

/// Bytes before padding that an export after one small change may come to.
const SMALL_EXPORT: u64 = 16 * 1024;

/// Two homes with a long past: alice and bob in one circle, `OKIBI_COST_RECORDS` documents of alice that bob has and
/// has acknowledged, and one more document since. Returns alice's home, open.
fn two_homes(at: &Path, records: usize) -> Handle {
    let (mut alice, mut bob) = (homes::open(&at.join("alice")), homes::open(&at.join("bob")));
    alice.found("cost", "alice", &[]).unwrap();
    homes::admit(&mut alice, &bob, "bob");
    let circle = homes::circle(&alice).id;
    // One small file that all of them name: what is measured is the records.
    let blob = alice.store().add_blob_bytes(b"A line.\n").unwrap();
    let scope = okibi::store::Scope::Circle(circle);
    alice.store().add_scope(scope, &blob.blake3).unwrap();
    let certificate = alice.store().meta("signing").unwrap().unwrap();
    let certificate = StatementId::from_slice(&certificate).unwrap();
    let feed = alice.feed().unwrap();
    let secret = KeyFolder::of(&at.join("alice")).read("sign", &feed.0);
    let signer = SigningSecret::from_bytes(&secret.unwrap());
    let owner = OwnFeed {
        root: alice.root(),
        signer: &signer,
        certificate,
    };
    let title = |number: usize| match document(number).body {
        Body::Content(Content::Document(it)) => Draft::from(Body::from(Document { blob, ..it })),
        other => other.into(),
    };
    // A connection beside the open home's own, as another process would have it.
    let mut store = Store::open(&at.join("alice"), 1, [0; 8]).unwrap();
    for start in (0..records).step_by(BATCH) {
        let end = records.min(start + BATCH);
        let drafts: Vec<Draft> = (start..end).map(title).collect();
        store.append(&circle, &owner, &drafts, 1).unwrap();
    }
    let stick = at.join("first");
    std::fs::create_dir_all(&stick).unwrap();
    homes::onto(&mut alice, "bob", &stick).unwrap();
    homes::import(&mut bob, &stick);
    // What bob left on the stick says what he has.
    homes::import(&mut alice, &stick);
    std::fs::remove_dir_all(&stick).unwrap();
    let path = at.join("news.txt");
    std::fs::write(&path, "One more.\n").unwrap();
    let (news, _) = alice.add_document(&path, &Label::default()).unwrap();
    let circle = homes::circle(&alice);
    let shared = alice.share_document(&circle, &news, &Label::default());
    shared.unwrap();
    alice
}

/// What one small change costs on a stick does not go by the history.
#[test]
fn a_small_change_is_a_small_export() {
    let folder = tempfile::tempdir().unwrap();
    let mut alice = two_homes(folder.path(), 3 * BATCH);
    let stick = folder.path().join("stick");
    std::fs::create_dir(&stick).unwrap();
    let report = homes::onto(&mut alice, "bob", &stick).unwrap();
    assert_eq!((report.records, report.documents), (1, 1));
    assert!(!report.standalone);
    let written = report.written.unwrap();
    assert!(written.used_bytes < SMALL_EXPORT, "{}", written.used_bytes);
    println!("{} bytes before padding", written.used_bytes);
}

/// Makes `OKIBI_COST_HOME/alice`, whose export for bob is one small change, for callgrind over the program itself.
#[test]
#[ignore = "makes large homes; see the module's header"]
fn prepare_export() {
    let _ = std::fs::remove_dir_all(home());
    std::fs::create_dir_all(home()).unwrap();
    drop(two_homes(&home(), number("OKIBI_COST_RECORDS", 1_000)));
}
