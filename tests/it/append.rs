//! Eight processes append to one feed while being killed: no two records of one height, an unbroken chain, and
//! what was reported as written is there.
//!
//! A writer is this test binary again: `writer` does nothing unless the environment names a home.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use okibi::fold::testing::random::Dice;
use okibi::identity::{Signer, SigningSecret, certificate, verify};
use okibi::record::{
    Admin, BlobHash, BlobRef, Body, CircleId, Document, Entry, FeedKey, Hlc, Policy, Previous,
    RecordId, Role, RootKey,
};
use okibi::store::{Draft, OwnFeed, Standing, Store};

const HOME: &str = "OKIBI_TEST_APPEND_HOME";
const MARK: &str = "wrote ";
const WRITERS: usize = 8;
const KILLS_EACH: usize = 6;

fn keys() -> (SigningSecret, SigningSecret) {
    (
        SigningSecret::from_bytes(&[1; 32]),
        SigningSecret::from_bytes(&[2; 32]),
    )
}

/// The root's certificate for the sign key, always the same.
fn certified() -> okibi::identity::Verified<okibi::record::Statement> {
    let (root, sign) = keys();
    verify(certificate(&root, Role::Sign, &sign, None, Hlc(1))).unwrap()
}

fn document(title: String) -> Draft {
    Draft::from(Body::from(Document {
        title,
        media_type: "text/plain".into(),
        language: String::new(),
        source: String::new(),
        licence: String::new(),
        blob: BlobRef {
            blake3: BlobHash([0; 32]),
            sha256: [0; 32],
            size: 0,
        },
    }))
}

fn found(home: &Path) -> CircleId {
    let (root, sign) = keys();
    let mut store = Store::open(home, 1, [0; 8]).unwrap();
    let statement = certified();
    store
        .add_statements(std::slice::from_ref(&statement))
        .unwrap();
    let owner = OwnFeed {
        root: RootKey(root.public()),
        signer: &sign,
        certificate: statement.id(),
    };
    let genesis = Body::Genesis {
        name: "hearth".into(),
        salt: [0; 16],
        policy: Policy::default(),
        admins: vec![Admin {
            root: RootKey(root.public()),
            name: "a".into(),
            paper: None,
        }],
        predecessor: None,
    };
    store
        .found(&owner, genesis, Standing::Member, &[], 1)
        .unwrap()
}

/// Appends until it is killed: one record, or two at once, and says after each call which are written.
#[test]
fn writer() {
    let Some(home) = std::env::var_os(HOME) else {
        return;
    };
    let (root, sign) = keys();
    let owner = OwnFeed {
        root: RootKey(root.public()),
        signer: &sign,
        certificate: certified().id(),
    };
    let mut store = Store::open(home.as_ref(), 1, [0; 8]).unwrap();
    let circle = store.circles().unwrap()[0].id;
    let process = std::process::id();
    for number in 0..u64::MAX {
        let drafts = match number % 3 {
            0 => vec![
                document(format!("pair {process} {number} a")),
                document(format!("pair {process} {number} b")),
            ],
            _ => vec![document(format!("one {process} {number}"))],
        };
        let ids = store.append(&circle, &owner, &drafts, number).unwrap();
        let ids: Vec<String> = ids.iter().map(RecordId::to_string).collect();
        let mut out = std::io::stdout().lock();
        // Who reads may be gone before this process is.
        if writeln!(out, "\n{MARK}{}", ids.join(" "))
            .and_then(|()| out.flush())
            .is_err()
        {
            return;
        }
    }
}

fn spawn(home: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "append::writer", "--nocapture"])
        .env(HOME, home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Starts writers one after the other and kills each after some reports; returns everything reported.
fn slot(home: &Path, mut dice: Dice) -> Vec<RecordId> {
    let mut reported = Vec::new();
    for _ in 0..KILLS_EACH {
        let mut child = spawn(home);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = dice.below(6);
        let (mut seen, mut killed) = (0, false);
        for line in lines {
            let line = line.unwrap();
            let Some(ids) = line.strip_prefix(MARK) else {
                // libtest's own words come first: zero reports is a writer that is killed while it opens.
                killed |= wanted == 0 && end(&mut child, &mut dice);
                continue;
            };
            // The last line of a killed process may be torn; then its end is not said.
            let ids = ids.split(' ').map_while(|id| id.parse::<RecordId>().ok());
            reported.extend(ids);
            seen += 1;
            killed |= !killed && seen == wanted && end(&mut child, &mut dice);
        }
        assert!(killed, "the writer ended by itself");
        child.wait().unwrap();
    }
    reported
}

/// Kills at a moment of chance.
fn end(child: &mut Child, dice: &mut Dice) -> bool {
    std::thread::sleep(Duration::from_micros(dice.roll() % 4_000));
    child.kill().unwrap();
    true
}

#[test]
fn killed_writers_never_share_a_height() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let circle = found(home);
    let reported = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for seed in 0..WRITERS as u64 {
            let reported = &reported;
            scope.spawn(move || reported.lock().unwrap().extend(slot(home, Dice(seed))));
        }
    });
    let reported = reported.into_inner().unwrap();

    let store = Store::open(home, 1, [0; 8]).unwrap();
    let sound: String = store
        .database()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
    let sql = "SELECT height, id FROM record ORDER BY height";
    let mut sql = store.database().prepare(sql).unwrap();
    let rows = sql.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?, row.get(1).map(RecordId)?))
    });
    let rows: Vec<(i64, RecordId)> = rows.unwrap().map(Result::unwrap).collect();
    let mut pairs: BTreeMap<String, usize> = BTreeMap::new();
    let mut below = None;
    for (expected, (height, id)) in rows.iter().enumerate() {
        assert_eq!(
            *height, expected as i64,
            "two records of one height, or a gap"
        );
        let record = store.record(id).unwrap().unwrap();
        match below {
            None => assert!(matches!(record.value().previous, Previous::Certificate(_))),
            Some(below) => assert_eq!(record.value().previous, Previous::Record(below)),
        }
        below = Some(*id);
        if let Some(Body::Content(content)) =
            Body::decode(record.value().kind, &record.value().body)
            && let Some(pair) = content.name().strip_suffix([' ', 'a', 'b'])
            && pair.starts_with("pair")
        {
            *pairs.entry(pair.trim_end().to_owned()).or_default() += 1;
        }
    }
    let there: BTreeSet<RecordId> = rows.iter().map(|(_, id)| *id).collect();
    assert!(
        reported.is_subset(&there),
        "something was reported and is not there"
    );
    assert!(
        pairs.values().all(|count| *count == 2),
        "half of an append: {pairs:?}"
    );
    assert!(reported.len() >= WRITERS * KILLS_EACH, "{}", reported.len());

    // The state that was kept step by step is the one that the fold makes of it all.
    let view = store.circle(&circle).unwrap();
    let (membership, state) = okibi::fold::evaluate(&store.history(&circle).unwrap());
    assert_eq!(store.set_hash(&circle).unwrap(), membership.set_hash);
    assert_eq!(store.state(&circle).unwrap(), state);
    assert_eq!(view.state, state.authority);
    let feed = FeedKey(keys().1.public());
    let height = rows.len() as u64 - 1;
    let head = Entry::Head {
        height,
        id: below.unwrap(),
    };
    assert_eq!(view.frontier.0.get(&feed), Some(&head));
}
