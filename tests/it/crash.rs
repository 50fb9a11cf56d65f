//! Threats 13, 14 and 16: whatever stops an import or an export, the old state or the new one is there, the next
//! run completes, nothing ails and nothing is left lying about.
//!
//! A missing fsync cannot be found by killing: the first tests record every operation of the file layer and
//! rebuild what a power cut would have left after each. SQLite is trusted for its own file, which is
//! taken as it was at that moment. The later ones kill real processes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use okibi::carrier::media::files::{
    Failure as Fails, Fault, Files, Operation, Recording, Survival,
};
use okibi::fold::testing::random::Dice;
use okibi::node::{Handle, Target};

use crate::homes::{
    self, Hashes, Home, Place, ails, export, import, onto, open, patiently, share, state,
    try_import,
};

const KILLS: u64 = 50;

type State = Option<([u8; 32], [u8; 32])>;

/// Alice has something for Bob: on a stick, and in a file.
struct Scene {
    place: Place,
    /// Bob's home, closed, before anything came; copied to `bob` for each try.
    before: PathBuf,
    stick: PathBuf,
    old: State,
    new: State,
}

impl Scene {
    fn new() -> Self {
        let place = Place::new();
        let (bob_at, before) = (place.path("bob"), place.path("bob-before"));
        let stick = PathBuf::from(place.stick("stick"));
        let mut alice = open(&place.path("alice"));
        alice.found("hearth", "alice", &[]).unwrap();
        let mut bob = open(&bob_at);
        homes::admit(&mut alice, &bob, "bob");
        let first = place.path("first.okb");
        export(&mut alice, "bob", Target::File(&first)).unwrap();
        import(&mut bob, &first);
        let old = state(&bob);
        drop(bob);
        homes::copy(&bob_at, &before);
        share(&mut alice, &place, "one", "a first text for bob\n");
        share(&mut alice, &place, "two", "a second text for bob\n");
        onto(&mut alice, "bob", &stick).unwrap();
        let new = state(&alice);
        assert_ne!(old, new);
        Self {
            place,
            before,
            stick,
            old,
            new,
        }
    }

    fn bob_at(&self) -> PathBuf {
        self.place.path("bob")
    }

    /// Bob's home and the stick as they were before the import.
    fn again(&self) -> PathBuf {
        let stick = self.place.path("stick-before");
        if !stick.exists() {
            homes::copy(&self.stick, &stick);
        }
        replace(&stick, &self.stick);
        replace(&self.before, &self.bob_at());
        self.bob_at()
    }

    /// One of the two states, all of it; the next import completes; nothing ails, nothing lies about.
    fn recovers(&self, what: &str) -> bool {
        let mut bob = open(&self.bob_at());
        let found = state(&bob);
        assert!(found == self.old || found == self.new, "{what}");
        assert_eq!(ails(&bob), [] as [&str; 0], "{what}");
        let report = try_import(&mut bob, &self.stick).unwrap();
        assert!(report.failures.is_empty(), "{what}: {:?}", report.failures);
        assert_eq!(state(&bob), self.new, "{what}");
        assert_eq!(ails(&bob), [] as [&str; 0], "{what}");
        assert_eq!(bob.documents().unwrap().len(), 2, "{what}");
        patiently(|| bob.collect_garbage(false)).unwrap();
        assert_eq!(
            names(&self.bob_at().join("staging")),
            [] as [String; 0],
            "{what}"
        );
        assert_eq!(bob.stray(), 0, "{what}");
        found == self.new
    }
}

/// What only a test asks.
trait Stray {
    fn stray(&self) -> usize;
}

impl Stray for Handle {
    /// Files among the blobs that no row names.
    fn stray(&self) -> usize {
        self.store().stray_files(true).unwrap().0
    }
}

fn replace(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    homes::copy(from, to);
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// The node over a layer that records below `root`, and fails there as asked.
fn recorded(node: Handle, root: &Path, fault: Option<Fault>) -> (Handle, Recording) {
    let (files, recording) = Files::recording(root, fault).unwrap();
    let layer = move |asked: &Path| match asked == files.root() {
        true => files.clone(),
        false => Files::new(asked),
    };
    (node.over(Box::new(layer)), recording)
}

/// The last operation that was done, for a message.
fn until(operations: &[Operation], prefix: usize) -> String {
    let last = match prefix.checked_sub(1).map(|last| &operations[last]) {
        None => "nothing".to_owned(),
        Some(Operation::Write { offset, bytes, .. }) => {
            format!("a write of {} bytes at {offset}", bytes.len())
        }
        Some(other) => format!("{other:?}"),
    };
    format!("{prefix} of {}, up to {last}", operations.len())
}

fn database(home: &Path) -> Vec<u8> {
    // A closed database has no log beside it.
    assert!(!home.join("okibi.db-wal").exists());
    fs::read(home.join("okibi.db")).unwrap()
}

#[test]
fn an_import_survives_a_power_cut_after_every_operation() {
    let scene = Scene::new();
    let home = scene.again();
    let before = database(&home);
    let (mut bob, recording) = recorded(open(&home), &home, None);
    import(&mut bob, &scene.stick);
    drop(bob);
    let after = database(&home);
    let operations = recording.operations();
    // The transaction comes after the last blob was published and before anything is cleared away.
    let published = |operation: &Operation| matches!(operation, Operation::SyncDir { path } if path == Path::new("blobs"));
    let commit = operations.iter().rposition(published).unwrap() + 1;
    assert!(operations.len() > commit, "{operations:?}");
    let mut tries = 0;
    for prefix in 0..=operations.len() {
        for survival in Survival::EACH {
            for (name, database, possible) in [
                ("old", &before, prefix <= commit),
                ("new", &after, prefix >= commit),
            ] {
                if !possible {
                    continue;
                }
                scene.again();
                fs::remove_dir_all(&home).unwrap();
                fs::create_dir(&home).unwrap();
                recording.rebuild(prefix, survival, &home).unwrap();
                for name in names(&home.join("keys")) {
                    let mode = fs::Permissions::from_mode(0o600);
                    fs::set_permissions(home.join("keys").join(name), mode).unwrap();
                }
                for end in ["-wal", "-shm"] {
                    let _ = fs::remove_file(home.join(format!("okibi.db{end}")));
                }
                fs::write(home.join("okibi.db"), database).unwrap();
                let what = format!(
                    "{name} database, {survival:?}, {}",
                    until(&operations, prefix)
                );
                assert_eq!(scene.recovers(&what), name == "new", "{what}");
                tries += 1;
            }
        }
    }
    assert!(tries > 60, "{tries}");
}

#[test]
fn an_import_survives_a_failure_at_every_operation() {
    let scene = Scene::new();
    let run = |root: &Path, fault| {
        let home = scene.again();
        let (mut bob, recording) = recorded(open(&home), root, fault);
        (try_import(&mut bob, &scene.stick), recording.attempts())
    };
    for root in [scene.bob_at(), scene.stick.clone()] {
        let (report, all) = run(&root, None);
        assert!(report.unwrap().imported[0].acknowledged);
        assert!(scene.recovers("no failure"));
        for failure in [Fails::NoSpace, Fails::Short, Fails::Crash] {
            for at in 0..all {
                let (report, _) = run(&root, Some(Fault { at, failure }));
                let what = format!("{failure:?} at {at} of {all} below {}", root.display());
                // What goes wrong on the stick costs the acknowledgement and nothing else.
                let done = report.is_ok_and(|report| !report.imported.is_empty());
                assert!(done || root != scene.stick, "{what}");
                assert!(done || failure != Fails::Short, "{what}");
                assert_eq!(scene.recovers(&what), done, "{what}");
            }
        }
    }
}

#[test]
fn an_export_survives_a_power_cut_after_every_operation() {
    let scene = Scene::new();
    let stick = PathBuf::from(scene.place.stick("other"));
    let (mut alice, recording) = recorded(open(&scene.place.path("alice")), &stick, None);
    onto(&mut alice, "bob", &stick).unwrap();
    drop(alice);
    let mut alice = open(&scene.place.path("alice"));
    let operations = recording.operations();
    let mut whole = 0;
    for prefix in 0..=operations.len() {
        for survival in Survival::EACH {
            let what = format!("{survival:?}, {}", until(&operations, prefix));
            fs::remove_dir_all(&stick).unwrap();
            fs::create_dir(&stick).unwrap();
            recording.rebuild(prefix, survival, &stick).unwrap();
            scene.again();
            let mut bob = open(&scene.bob_at());
            let report = try_import(&mut bob, &stick).unwrap();
            assert!(report.failures.is_empty(), "{what}: {:?}", report.failures);
            let taken = !report.imported.is_empty();
            assert_eq!(
                state(&bob),
                if taken { scene.new } else { scene.old },
                "{what}"
            );
            whole += usize::from(taken);
            // The next export takes up whatever was left.
            onto(&mut alice, "bob", &stick).unwrap();
            let report = import(&mut bob, &stick);
            assert_eq!(report.unfinished, 0, "{what}");
            assert_eq!(state(&bob), scene.new, "{what}");
        }
    }
    assert!(whole >= 3, "the last prefix leaves a whole bundle");
}

#[test]
fn an_export_survives_a_failure_at_every_operation() {
    let scene = Scene::new();
    let alice_at = scene.place.path("alice");
    let stick = PathBuf::from(scene.place.stick("other"));
    let run = |root: &Path, fault| {
        fs::remove_dir_all(&stick).unwrap();
        fs::create_dir(&stick).unwrap();
        let (mut alice, recording) = recorded(open(&alice_at), root, fault);
        let written = onto(&mut alice, "bob", &stick);
        (written, recording.attempts())
    };
    for root in [alice_at.clone(), stick.clone()] {
        let (_, all) = run(&root, None);
        for failure in [Fails::Io, Fails::Crash] {
            for at in 0..all {
                let (written, _) = run(&root, Some(Fault { at, failure }));
                let what = format!("{failure:?} at {at} of {all} below {}", root.display());
                scene.again();
                let mut bob = open(&scene.bob_at());
                let report = try_import(&mut bob, &stick).unwrap();
                assert!(report.failures.is_empty(), "{what}: {:?}", report.failures);
                let taken = !report.imported.is_empty();
                assert!(taken || written.is_err(), "{what}");
                let mut alice = open(&alice_at);
                onto(&mut alice, "bob", &stick).unwrap();
                import(&mut bob, &stick);
                assert_eq!(state(&bob), scene.new, "{what}");
                assert_eq!(ails(&alice), [] as [&str; 0], "{what}");
                patiently(|| alice.collect_garbage(false)).unwrap();
                assert_eq!(
                    names(&alice_at.join("staging")),
                    [] as [String; 0],
                    "{what}"
                );
            }
        }
    }
}

/// Runs a command and kills it at a moment of chance; true when it was still alive then.
pub fn killed(mut command: Command, dice: &mut Dice, span: Duration) -> bool {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let micros = u64::try_from(span.as_micros()).unwrap();
    std::thread::sleep(Duration::from_micros(dice.roll() % micros));
    child.kill().unwrap();
    child.wait().unwrap().signal() == Some(9)
}

/// How long a command takes that nobody stops.
pub fn span(mut command: Command) -> Duration {
    let start = Instant::now();
    assert!(command.output().unwrap().status.success());
    start.elapsed()
}

/// Alice and Bob with a letter and a model between them, by the real binary.
struct Street {
    place: Place,
    alice: Home,
    bob: Home,
    stick: String,
    old: Hashes,
    new: Hashes,
}

impl Street {
    fn new() -> Self {
        let place = Place::new();
        let (alice, bob) = place.alice_and_bob();
        let stick = place.stick("stick");
        alice.ok(["export-bundle", "--to", "bob", &stick]);
        bob.ok(["import-bundle", &stick]);
        alice.ok(["import-bundle", &stick]);
        let old = bob.hashes();
        let text = "Embers under the ash.\n\n".repeat(400);
        alice.share_document("Letter", &place.file("letter.md", text));
        let ember = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ember/ember-q8_0.gguf");
        // The same weights as the starter's would be there already.
        let mut other = fs::read(ember).unwrap();
        other.extend([0; 4_096]);
        let model = place.file("hearthling.gguf", other);
        alice.ok(["model", "add", &model]);
        alice.ok(["model", "share", "hearthling", "--licence", "MIT"]);
        let new = alice.hashes();
        assert_ne!(old, new);
        Self {
            place,
            alice,
            bob,
            stick,
            old,
            new,
        }
    }
}

#[test]
fn a_killed_import_leaves_the_old_state_or_the_new_one() {
    let street = Street::new();
    let (bob, stick) = (&street.bob, Path::new(&street.stick));
    street
        .alice
        .ok(["export-bundle", "--to", "bob", &street.stick]);
    let (home, medium) = (
        street.place.path("bob-before"),
        street.place.path("stick-before"),
    );
    bob.copy(&home);
    homes::copy(stick, &medium);
    let args = ["import-bundle", &street.stick];
    let span = span(bob.command(args));
    let (mut dice, mut caught, mut rests, mut news) = (Dice(11), 0, 0, 0);
    for round in 0..KILLS {
        replace(&home, &bob.path);
        replace(&medium, stick);
        caught += u64::from(killed(bob.command(args), &mut dice, span));
        rests += u64::from(!bob.staged().is_empty());
        let found = bob.hashes();
        assert!(
            found == street.old || found == street.new,
            "{round}: {found:?}"
        );
        assert_eq!(bob.ails(), [] as [&str; 0], "{round}");
        news += u64::from(found == street.new);
        bob.ok(args);
        assert_eq!(bob.hashes(), street.new, "{round}");
        assert_eq!(bob.ails(), [] as [&str; 0], "{round}");
        bob.ok(["gc"]);
        assert_eq!(bob.staged(), [] as [PathBuf; 0], "{round}");
        let models = bob.facts("model", ["model", "list"]);
        assert_eq!(models.len(), 2, "{round}: {models:?}");
        let documents = bob.facts("document", ["library", "list"]);
        assert_eq!(documents.len(), 1, "{round}: {documents:?}");
    }
    println!(
        "{KILLS} kills within {span:?}: {caught} alive, {rests} left files, {news} had the new state"
    );
    assert!(caught >= KILLS / 4, "{caught} of {KILLS} were alive");
}

#[test]
fn a_killed_export_leaves_a_whole_bundle_or_none() {
    let street = Street::new();
    let alice = &street.alice;
    let (home, medium) = (
        street.place.path("alice-before"),
        street.place.path("stick-before"),
    );
    let stick = Path::new(&street.stick);
    alice.copy(&home);
    homes::copy(stick, &medium);
    let args = ["export-bundle", "--to", "bob", &street.stick];
    let span = span(alice.command(args));
    let (mut dice, mut caught, mut rests) = (Dice(12), 0, 0);
    let before = street.place.path("bob-before");
    street.bob.copy(&before);
    for round in 0..KILLS {
        replace(&home, &alice.path);
        replace(&medium, stick);
        replace(&before, &street.bob.path);
        caught += u64::from(killed(alice.command(args), &mut dice, span));
        rests += u64::from(!alice.staged().is_empty());
        // Whole or none: nothing on the stick is damaged. (What Bob wrote for Alice is nothing for him.)
        let looked = street.bob.run(["verify-bundle", &street.stick]);
        assert!(
            [Some(0), Some(10)].contains(&looked.status.code()),
            "{looked:?}"
        );
        alice.ok(args);
        assert_eq!(alice.hashes(), street.new, "{round}");
        assert_eq!(alice.ails(), [] as [&str; 0], "{round}");
        assert_eq!(alice.staged(), [] as [PathBuf; 0], "{round}");
        alice.ok(["audit", "--verify"]);
        street.bob.ok(["import-bundle", &street.stick]);
        assert_eq!(street.bob.hashes(), street.new, "{round}");
    }
    println!("{KILLS} kills within {span:?}: {caught} alive, {rests} left files");
    assert!(caught >= KILLS / 4, "{caught} of {KILLS} were alive");
}

#[test]
fn ten_imports_at_once() {
    let street = Street::new();
    let bob = &street.bob;
    street
        .alice
        .ok(["export-bundle", "--to", "bob", &street.stick]);
    let start = || {
        bob.command(["import-bundle", &street.stick])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..10).map(|_| start()).collect();
    let codes: Vec<_> = children
        .into_iter()
        .map(|mut child| child.wait().unwrap().code())
        .collect();
    // One has the medium, who comes meanwhile is told so, who comes later finds nothing new.
    assert!(
        codes.iter().all(|code| [Some(0), Some(18)].contains(code)),
        "{codes:?}"
    );
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert_eq!(bob.hashes(), street.new);
    assert_eq!(bob.ails(), [] as [&str; 0]);
    assert_eq!(bob.facts("model", ["model", "list"]).len(), 2);
    assert_eq!(bob.facts("document", ["library", "list"]).len(), 1);
    bob.ok(["gc"]);
    assert_eq!(bob.staged(), [] as [PathBuf; 0]);
    // One acknowledgement on the stick, and it is good.
    let back = street
        .alice
        .fact("import", ["import-bundle", &street.stick]);
    assert_eq!(back["acks"], 1);
}

#[test]
fn eight_first_commands_at_once() {
    let place = Place::new();
    let home = place.home("home");
    let children: Vec<_> = (0..8)
        .map(|number| {
            let text = format!("text number {number}\n");
            let file = place.file(&format!("{number}.txt"), text);
            home.command(["library", "add", &file])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(home.facts("document", ["library", "list"]).len(), 8);
    assert_eq!(home.facts("model", ["model", "list"]).len(), 1);
    assert_eq!(home.ails(), [] as [&str; 0]);
    assert_eq!(home.staged(), [] as [PathBuf; 0]);
    // One identity: one root key file.
    let roots = names(&home.path.join("keys"));
    assert_eq!(
        roots
            .iter()
            .filter(|name| name.starts_with("root-"))
            .count(),
        1
    );
}

#[test]
fn a_killed_first_command_leaves_a_home_that_works() {
    let place = Place::new();
    let home = place.home("home");
    let span = span(home.command(["status"]));
    let mut dice = Dice(13);
    for round in 0..12 {
        fs::remove_dir_all(&home.path).unwrap();
        killed(home.command(["status"]), &mut dice, span);
        home.ok(["status"]);
        assert_eq!(home.ails(), [] as [&str; 0], "{round}");
        assert_eq!(home.facts("model", ["model", "list"]).len(), 1, "{round}");
        home.ok(["gc"]);
        assert_eq!(home.staged(), [] as [PathBuf; 0], "{round}");
    }
}
