//! What one new record costs a store, as instruction counts: the difference between a run that appends two
//! records and one that appends one, so that opening and closing cancel out.
//!
//! ```text
//! export OKIBI_COST_HOME=/tmp/cost OKIBI_COST_RECORDS=100000
//! cargo test --release --test it cost::prepare -- --ignored --exact
//! for n in 1 2; do OKIBI_COST_APPEND=$n valgrind --tool=callgrind --callgrind-out-file=/dev/null \
//!     target/release/deps/it-* cost::append -- --ignored --exact; done
//! ```

use std::path::PathBuf;

use okibi::identity::{Signer, SigningSecret, certificate, verify};
use okibi::record::{
    Admin, BlobHash, BlobRef, Body, CircleId, Document, Hlc, Policy, Role, RootKey,
};
use okibi::store::{Draft, OwnFeed, Standing, Store};

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
    Body::Document(Document {
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
    let statement = certificate(&root, Role::Sign, secret.public(), None, Hlc(0));
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
            .found(owner, genesis, Standing::Member, None, &[], 1)
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
    let statement = certificate(&root, Role::Sign, secret.public(), None, Hlc(0));
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
