//! A bundle is taken in by several transactions of bounded size: whatever happens between two of them, the home has the
//! beginning of the bundle, and the same bundle goes on from there without loss and without counting twice. And what one
//! member's bundle may leave behind is bounded across all of them.
//!
//! `prepare` makes a bundle of `OKIBI_STEPS_RECORDS` records in `OKIBI_STEPS_HOME`, whose import is measured from outside:
//! `/usr/bin/time -v okibi --home HOME/bob import-bundle HOME/bundle.okb`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use okibi::carrier::media::files::{Failure as Fails, Fault, Files};
use okibi::config::Config;
use okibi::identity::SigningSecret;
use okibi::node::{
    Event, ExportOptions, Handle, ImportOptions, Imported, Since, Target, wall_clock,
};
use okibi::record::{Body, Document, StatementId, limits};
use okibi::store::keys::KeyFolder;
use okibi::store::{Draft, OwnFeed, Scope, Store};

use crate::homes::{self, Place, ails, import, onto, open, patiently, share, state, try_import};

/// Set for the process that is killed: the folder in which everything lies, and before which step it stops.
const BE_THE_IMPORTER: &str = "OKIBI_BE_THE_IMPORTER";
const AT: &str = "OKIBI_BE_THE_IMPORTER_AT";
/// Documents that Alice shares: each is a step of its own, and has a content.
const STEPS: usize = 5;

/// Alice has a circle, some texts in it, and Bob's key card; Bob has nothing yet.
struct Scene {
    place: Place,
    stick: PathBuf,
    new: Option<([u8; 32], [u8; 32])>,
}

impl Scene {
    fn new() -> Self {
        let place = Place::new();
        let stick = PathBuf::from(place.stick("stick"));
        let mut alice = open(&place.path("alice"));
        alice.found("hearth", "alice", &[]).unwrap();
        let bob = open(&place.path("bob"));
        homes::admit(&mut alice, &bob, "bob");
        drop(bob);
        for number in 0..STEPS {
            share(
                &mut alice,
                &place,
                &format!("text {number}"),
                &format!("text {number} for bob\n"),
            );
        }
        onto(&mut alice, "bob", &stick).unwrap();
        let new = state(&alice);
        let scene = Self { place, stick, new };
        homes::copy(&scene.bob_at(), &scene.place.path("bob-before"));
        homes::copy(&scene.stick, &scene.place.path("stick-before"));
        scene
    }

    fn bob_at(&self) -> PathBuf {
        self.place.path("bob")
    }

    /// Everything as it was.
    fn again(&self) {
        for (from, to) in [
            (self.place.path("bob-before"), self.bob_at()),
            (self.place.path("stick-before"), self.stick.clone()),
        ] {
            std::fs::remove_dir_all(&to).unwrap();
            homes::copy(&from, &to);
        }
    }

    /// What Bob has of Alice's texts: the beginning of the bundle, each with its content. Nothing is wrong with it, and
    /// nothing says that the bundle was taken in.
    fn has_a_beginning(&self, what: &str) -> usize {
        let bob = open(&self.bob_at());
        assert_eq!(ails(&bob), [] as [&str; 0], "{what}");
        let Ok(circle) = bob.find_circle(None) else {
            return 0;
        };
        let shelf = bob.store().shelf(&circle.id).unwrap();
        let mut titles: Vec<_> = shelf
            .contents
            .values()
            .map(|it| it.content.name().to_owned())
            .collect();
        titles.sort();
        let expected: Vec<_> = (0..titles.len()).map(|it| format!("text {it}")).collect();
        assert_eq!(titles, expected, "{what}");
        for shared in shelf.contents.values() {
            let blob = shared.content.blob().blake3;
            assert!(bob.store().blob(&blob).unwrap().is_some(), "{what}");
            assert!(bob.store().blob_path(&blob).is_file(), "{what}");
        }
        titles.len()
    }

    fn audited(&self) -> usize {
        let lines = open(&self.bob_at()).store().audit_lines().unwrap();
        lines
            .iter()
            .filter(|it| it.line["what"] == "import")
            .count()
    }

    fn receipts(&self) -> usize {
        let names = std::fs::read_dir(self.stick.join("okibi")).unwrap();
        let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".done")).count()
    }

    /// The same bundle once more: all of it is here then, and nothing lies about.
    fn completes(&self, what: &str) -> Imported {
        let audited = self.audited();
        let mut bob = open(&self.bob_at()).in_steps_of(2);
        let mut report = import(&mut bob, &self.stick);
        assert_eq!(state(&bob), self.new, "{what}");
        assert_eq!(ails(&bob), [] as [&str; 0], "{what}");
        assert_eq!(bob.documents().unwrap().len(), STEPS, "{what}");
        patiently(|| bob.collect_garbage(false)).unwrap();
        assert_eq!(bob.store().stray_files(true).unwrap().0, 0, "{what}");
        assert_eq!(self.receipts(), 1, "{what}");
        drop(bob);
        assert_eq!(self.audited(), audited + 1, "{what}");
        report.imported.remove(0)
    }
}

/// What a report says that must not go by how often an import was broken off.
fn told(imported: &Imported) -> (bool, usize, usize, Vec<String>, Vec<String>) {
    let mut documents = imported.documents.clone();
    documents.sort();
    let receipt = &imported.receipt;
    let (taken, known) = (receipt.taken, receipt.known);
    (
        imported.joined,
        taken,
        known,
        documents,
        imported.members.clone(),
    )
}

/// This test binary again: it imports, a record in each step, and waits for its end behind one of them.
#[test]
#[ignore = "run by the test below"]
fn be_the_importer() {
    let Some(place) = std::env::var_os(BE_THE_IMPORTER).map(PathBuf::from) else {
        return;
    };
    let mut left: usize = std::env::var(AT).unwrap().parse().unwrap();
    let config = Config::load(Some(&place.join("bob")), |_| None).unwrap();
    let sink = move |event| {
        if let Event::Progress { .. } = event {
            if left == 0 {
                println!("here");
                std::io::stdout().flush().unwrap();
                loop {
                    std::thread::park();
                }
            }
            left -= 1;
        }
    };
    let bob = Handle::open_bare(config, Box::new(sink)).unwrap();
    import(&mut bob.in_steps_of(1), &place.join("stick"));
}

#[test]
fn an_import_that_was_killed_between_two_transactions_goes_on() {
    let scene = Scene::new();
    let mut bob = open(&scene.bob_at()).in_steps_of(1);
    let whole = import(&mut bob, &scene.stick).imported.remove(0);
    drop(bob);
    assert_eq!(state(&open(&scene.bob_at())), scene.new);
    assert!(!whole.resumed);
    assert_eq!(scene.audited(), 1);
    // The last one is killed after everything was committed, before the receipt was written.
    for at in 0..STEPS {
        scene.again();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "steps::be_the_importer",
                "--ignored",
                "--nocapture",
            ])
            .env(BE_THE_IMPORTER, scene.place.path(""))
            .env(AT, at.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("here")), "{at}");
        child.kill().unwrap();
        child.wait().unwrap();
        let what = format!("killed behind transaction {at}");
        assert_eq!(scene.has_a_beginning(&what), at + 1, "{what}");
        let last = at + 1 == STEPS;
        assert_eq!(scene.audited(), usize::from(last), "{what}");
        assert_eq!(scene.receipts(), 0, "{what}");
        let report = scene.completes(&what);
        assert!(report.resumed, "{what}");
        assert_eq!(told(&report), told(&whole), "{what}");
        assert!(report.acknowledged, "{what}");
        // It was told: the next time it is known, and nothing else.
        let again = import(&mut open(&scene.bob_at()), &scene.stick)
            .imported
            .remove(0);
        assert!(!again.resumed && again.documents.is_empty(), "{what}");
        assert_eq!(again.receipt.taken, 0, "{what}");
    }
}

#[test]
fn an_import_in_steps_survives_a_failure_at_every_operation() {
    let scene = Scene::new();
    let run = |fault| {
        scene.again();
        let root = scene.bob_at();
        let (files, recording) = Files::recording(&root, fault).unwrap();
        let layer = move |asked: &Path| match asked == files.root() {
            true => files.clone(),
            false => Files::new(asked),
        };
        let mut bob = open(&root).over(Box::new(layer)).in_steps_of(1);
        (try_import(&mut bob, &scene.stick), recording.attempts())
    };
    let (report, all) = run(None);
    let whole = report.unwrap().imported.remove(0);
    let mut beginnings = std::collections::BTreeSet::new();
    for at in 0..all {
        let failure = Fails::Crash;
        let (report, _) = run(Some(Fault { at, failure }));
        let what = format!("a crash at {at} of {all}");
        let done = report.is_ok_and(|report| !report.imported.is_empty());
        let beginning = scene.has_a_beginning(&what);
        assert!(!done || beginning == STEPS, "{what}");
        beginnings.insert(beginning);
        let report = scene.completes(&what);
        if !done {
            assert_eq!(told(&report), told(&whole), "{what}");
        }
    }
    // Contents are published in their record's step: a failure there leaves what came before it.
    assert_eq!(beginnings, (0..=STEPS).collect());
}

#[test]
fn a_preview_says_what_happens_then() {
    let scene = Scene::new();
    let before = state(&open(&scene.bob_at()));
    for step in [1, 100] {
        scene.again();
        let mut bob = open(&scene.bob_at()).in_steps_of(step);
        let options = ImportOptions {
            dry_run: true,
            ..ImportOptions::default()
        };
        let foreseen = bob
            .import_path(&scene.stick, options)
            .unwrap()
            .imported
            .remove(0);
        assert_eq!(state(&bob), before);
        assert_eq!((scene.audited(), scene.receipts()), (0, 0));
        assert!(bob.store().blobs().unwrap().is_empty());
        assert_eq!(bob.store().stray_files(true).unwrap().0, 0);
        let taken = import(&mut bob, &scene.stick).imported.remove(0);
        assert_eq!(told(&foreseen), told(&taken));
        assert_eq!(foreseen.receipt.blobs, taken.receipt.blobs);
        assert_eq!(foreseen.receipt.statements, taken.receipt.statements);
        assert!(!taken.resumed);
    }
}

/// Writes documents into Alice's feed that all name one small content, each with so many bytes of text.
fn write_many(
    at: &Path,
    alice: &Handle,
    range: std::ops::Range<usize>,
    (bytes, now): (usize, u64),
) {
    let circle = homes::circle(alice).id;
    let blob = alice.store().add_blob_bytes(b"A line.\n").unwrap();
    alice
        .store()
        .add_scope(Scope::Circle(circle), &blob.blake3)
        .unwrap();
    let certificate = alice.store().meta("signing").unwrap().unwrap();
    let secret = KeyFolder::of(at).read("sign", &alice.feed().unwrap().0);
    let signer = SigningSecret::from_bytes(&secret.unwrap());
    let owner = OwnFeed {
        root: alice.root(),
        signer: &signer,
        certificate: StatementId::from_slice(&certificate).unwrap(),
    };
    let document = |number: usize| {
        Draft::from(Body::from(Document {
            title: format!("number {number}"),
            media_type: "text/plain".to_owned(),
            language: "en".to_owned(),
            // Nothing compresses it much.
            source: (0..bytes.div_ceil(64))
                .map(|part| blake3::hash(format!("{number} {part}").as_bytes()).to_string())
                .collect(),
            licence: String::new(),
            blob,
        }))
    };
    // A connection beside the open home's own, as another process would have it.
    let mut store = Store::open(at, 1, [0; 8]).unwrap();
    for start in range.clone().step_by(2_048) {
        let drafts: Vec<Draft> = (start..range.end.min(start + 2_048))
            .map(document)
            .collect();
        store.append(&circle, &owner, &drafts, now).unwrap();
    }
}

/// A bundle whose records all lack the one before them, in many transactions: what waits is bounded all the same.
#[test]
fn what_one_bundle_leaves_waiting_is_bounded_across_its_transactions() {
    let place = Place::new();
    let (at, bob_at) = (place.path("alice"), place.path("bob"));
    let mut alice = open(&at);
    alice.found("hearth", "alice", &[]).unwrap();
    let mut bob = open(&bob_at).in_steps_of(1_000);
    homes::admit(&mut alice, &bob, "bob");
    let first = place.path("first.okb");
    homes::export(&mut alice, "bob", Target::File(&first)).unwrap();
    import(&mut bob, &first);
    let old = state(&bob);
    let rests = 6_000;
    // What came last before that moment goes along; the first of all came earlier, and so it stays behind.
    let since = wall_clock() + 3_600_000;
    write_many(&at, &alice, 0..1, (64, since - 1_800_000));
    write_many(&at, &alice, 1..rests, (4_000, since - 900_000));
    let circle = homes::circle(&alice);
    let file = place.path("rest.okb");
    let to = alice.find_member(&circle, "bob").unwrap();
    let options = ExportOptions {
        since: Some(Since::At(since)),
        ..ExportOptions::default()
    };
    alice
        .export_with(&circle, &[to], Target::File(&file), options)
        .unwrap();
    let taken = import(&mut bob, &file).imported.remove(0);
    assert_eq!(taken.receipt.taken, 0);
    assert_eq!(state(&bob), old);
    let sql = "SELECT count(*), sum(length(bytes)) FROM record WHERE in_set = 0";
    let (count, bytes): (i64, i64) = {
        let db = bob.store().database();
        db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    };
    let (count, bytes) = (usize::try_from(count).unwrap(), bytes.unsigned_abs());
    assert!(bytes <= limits::QUARANTINE_MEMBER_BYTES, "{bytes}");
    assert!(bytes > limits::QUARANTINE_MEMBER_BYTES / 2, "{bytes}");
    assert_eq!(taken.receipt.waiting, count);
    assert_eq!(taken.receipt.evicted + count, rests - 1);
}

/// Makes `OKIBI_STEPS_HOME/bob` and a bundle for him.
#[test]
#[ignore = "makes large homes; see the module's header"]
fn prepare() {
    let at = PathBuf::from(std::env::var_os("OKIBI_STEPS_HOME").unwrap());
    let count = std::env::var("OKIBI_STEPS_RECORDS")
        .unwrap()
        .parse()
        .unwrap();
    let _ = std::fs::remove_dir_all(&at);
    std::fs::create_dir_all(&at).unwrap();
    let mut alice = open(&at.join("alice"));
    alice.found("hearth", "alice", &[]).unwrap();
    let bob = open(&at.join("bob"));
    homes::admit(&mut alice, &bob, "bob");
    drop(bob);
    write_many(&at.join("alice"), &alice, 0..count, (64, 1));
    let file = at.join("bundle.okb");
    homes::export(&mut alice, "bob", Target::File(&file)).unwrap();
}
