//! Bundles on real folders, through whole homes: salvage and damage of every kind, and in `set` what goes over several
//! sticks or is repaired. Threats 10, 13, 14, 15, 16 and 29 have their tests here by name, beside those in `tamper`, in
//! `crash` and in the library.

mod killed;
mod set;
mod strange;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use okibi::carrier::media::files::{Failure as Fails, Fault, Files};
use okibi::carrier::media::medium::{Found, scan};
use okibi::node::{
    Exit, ExportOptions, Failure, Handle, ImportOptions, ImportReport, Layout, Since, Target,
};

use crate::homes::{self, Place, ails, circle, import, onto, open, patiently, share, state};

/// Alice and Bob, and something for him.
struct Scene {
    place: Place,
    alice: Handle,
    before: PathBuf,
}

impl Scene {
    /// With this many texts of this many bytes.
    fn with(texts: usize, bytes: usize) -> Self {
        let place = Place::new();
        let (bob_at, before) = (place.path("bob"), place.path("bob-before"));
        let mut alice = open(&place.path("alice"));
        alice.found("hearth", "alice", &[]).unwrap();
        let mut bob = open(&bob_at);
        homes::admit(&mut alice, &bob, "bob");
        let first = place.path("first.okb");
        homes::export(&mut alice, "bob", Target::File(&first)).unwrap();
        import(&mut bob, &first);
        drop(bob);
        homes::copy(&bob_at, &before);
        for number in 0..texts {
            let line = format!("text {number}, words that say nothing at all\n");
            let text = line.repeat(bytes / line.len() + 1);
            share(&mut alice, &place, &format!("text-{number}"), &text);
        }
        Self {
            place,
            alice,
            before,
        }
    }

    fn bob(&self) -> Handle {
        let at = self.place.path("bob");
        fs::remove_dir_all(&at).unwrap();
        homes::copy(&self.before, &at);
        open(&at)
    }

    fn stick(&self, name: &str) -> PathBuf {
        PathBuf::from(self.place.stick(name))
    }

    fn export(
        &mut self,
        paths: &[PathBuf],
        layout: Layout,
    ) -> Result<okibi::node::Export, Failure> {
        let target = Target::Media {
            paths,
            ask: None,
            layout,
        };
        homes::export(&mut self.alice, "bob", target)
    }
}

fn only(stick: &Path) -> Found {
    let mut found = scan(stick).unwrap().bundles;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn try_import(node: &mut Handle, paths: &[PathBuf], options: ImportOptions) -> ImportReport {
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    patiently(|| node.import_paths(&paths, options)).unwrap()
}

fn exits(report: &ImportReport) -> Vec<Exit> {
    report
        .failures
        .iter()
        .map(|(_, failure)| failure.exit)
        .collect()
}

const SALVAGE: ImportOptions = ImportOptions {
    dry_run: false,
    acknowledge: true,
    salvage: true,
    accept: false,
};

/// Threat 10: the second half of a bundle is withheld. Without salvage nothing is applied; with it whole units are, it is
/// said what was not, no receipt is written, and the whole bundle completes it.
#[test]
fn threat_10_half_a_bundle_is_nothing_or_salvaged_in_whole_units() {
    let mut scene = Scene::with(8, 60_000);
    let stick = scene.stick("stick");
    let layout = Layout {
        slice: Some(100_000),
        parity: 0,
    };
    scene.export(std::slice::from_ref(&stick), layout).unwrap();
    let found = only(&stick);
    let last = found.slices.last().unwrap();
    let bytes = fs::read(last).unwrap();
    fs::remove_file(last).unwrap();
    let mut bob = scene.bob();
    let old = state(&bob);
    let paths = [stick.clone()];
    assert_eq!(
        exits(&try_import(&mut bob, &paths, ImportOptions::default())),
        [Exit::SliceMissing]
    );
    assert_eq!(state(&bob), old);
    let report = try_import(&mut bob, &paths, SALVAGE);
    let [imported] = &report.imported[..] else {
        panic!("{report:?}");
    };
    assert!(imported.skipped_why.is_some() && !imported.skipped.is_empty());
    assert!(
        imported
            .skipped
            .iter()
            .all(|name| name.starts_with("docs/"))
    );
    // The records are one unit and came whole; of the documents' contents some are here, each of them whole.
    assert_eq!(state(&bob), state(&scene.alice));
    let here = bob.store().blobs().unwrap().len();
    let all = scene.alice.store().blobs().unwrap().len();
    assert_eq!(here + imported.skipped.len(), all);
    assert!(here > 0 && here < all);
    assert_eq!(ails(&bob), [] as [&str; 0]);
    assert!(only_with_slices(&stick).done.is_empty());
    // Damaged in its trust it is refused, salvage or not.
    fs::write(last, &bytes).unwrap();
    let first = &found.slices[0];
    let whole = fs::read(first).unwrap();
    let mut bent = whole.clone();
    bent[3_000] ^= 1;
    fs::write(first, bent).unwrap();
    let mut second = scene.bob();
    let report = try_import(&mut second, &paths, SALVAGE);
    assert_eq!(exits(&report), [Exit::SliceMissing]);
    assert_eq!(state(&second), old);
    fs::write(first, whole).unwrap();
    let mut bob = open(&scene.place.path("bob"));
    import(&mut bob, &stick);
    assert_eq!(bob.store().blobs().unwrap().len(), all);
}

fn only_with_slices(stick: &Path) -> Found {
    let found = scan(stick).unwrap().bundles;
    found
        .into_iter()
        .find(|found| found.slices.len() > 1)
        .unwrap()
}

/// Threat 14: from any operation on, the stick claims to write and does not: the export fails, whatever the layout.
#[test]
fn threat_14_a_stick_that_loses_writes_fails_the_read_back() {
    let mut scene = Scene::with(2, 9_000);
    let layout = Layout {
        slice: Some(9_000),
        parity: 20,
    };
    let home = scene.place.path("alice");
    let run = |stick: &Path, fault: Option<Fault>| {
        let (files, recording) = Files::recording(stick, fault).unwrap();
        let alice = open(&home).over(Box::new(move |asked: &Path| match asked == files.root() {
            true => files.clone(),
            false => Files::new(asked),
        }));
        (alice, recording)
    };
    scene.alice = open(&scene.place.path("nobody"));
    let export = |alice: &mut Handle, stick: &Path| {
        let paths = [stick.to_owned()];
        let target = Target::Media {
            paths: &paths,
            ask: None,
            layout,
        };
        homes::export(alice, "bob", target)
    };
    let stick = scene.stick("stick-whole");
    let (mut alice, recording) = run(&stick, None);
    export(&mut alice, &stick).unwrap();
    let all = recording.attempts();
    assert!(all > 20 && recording.operations().len() as u64 == all);
    // Lost writes at every operation; the others, which the library's own tests take at every one, in turn.
    let failures = [Fails::NoSpace, Fails::Io, Fails::Crash, Fails::Short];
    for (at, turn) in (0..all).zip(failures.into_iter().cycle()) {
        for failure in [Fails::Lose, turn] {
            let stick = scene.stick(&format!("stick-{failure:?}-{at}"));
            let (mut alice, recording) = run(&stick, Some(Fault { at, failure }));
            let done = export(&mut alice, &stick);
            let what = format!("{failure:?} at {at} of {all}: {done:?}");
            let found = scan(&stick).unwrap();
            let whole = found
                .bundles
                .iter()
                .all(|found| matches!(found.damaged(), Ok(None)));
            // age's header differs in length from run to run, and the number of writes with it.
            if recording.attempts() <= at {
                assert!(done.is_ok() && whole, "{what}");
                continue;
            }
            match failure {
                Fails::Short => assert!(done.is_ok() && whole, "{what}"),
                Fails::Lose => {
                    // Loses nothing if no write is left to lose.
                    let done_of = recording.operations().len() as u64;
                    let lost = recording.attempts() > done_of;
                    assert_eq!(done.is_err(), lost, "{what}");
                    assert!(done.is_ok() || found.bundles.is_empty(), "{what}");
                }
                Fails::NoSpace => assert_eq!(done.unwrap_err().exit, Exit::NoSpace, "{what}"),
                Fails::Io => assert_eq!(done.unwrap_err().exit, Exit::Failed, "{what}"),
                Fails::Crash => assert!(done.is_err() && whole, "{what}"),
            }
            drop(alice);
            // The next export takes up whatever was left.
            let (mut alice, _) = run(&stick, None);
            export(&mut alice, &stick).unwrap();
            let found = scan(&stick).unwrap();
            assert!(
                found.unfinished.is_empty() && found.damaged.is_empty(),
                "{what}"
            );
            fs::remove_dir_all(&stick).unwrap();
        }
    }
}

/// Threat 13 with a set: import fails at every operation of the home while early slices are kept and used; the next run completes.
#[test]
fn threat_13_early_slices_survive_a_failure_at_every_operation() {
    let mut scene = Scene::with(2, 9_000);
    // The first one tells whose the bundle is, so it stays the first.
    let mut sticks = scene.dealt(9_000);
    sticks.reverse();
    sticks.rotate_right(1);
    let new = state(&scene.alice);
    let at = scene.place.path("bob");
    let run = |scene: &Scene, fault| {
        drop(scene.bob());
        let (files, recording) = Files::recording(&at, fault).unwrap();
        let mut bob = open(&at).over(Box::new(move |asked: &Path| match asked == files.root() {
            true => files.clone(),
            false => Files::new(asked),
        }));
        for stick in &sticks {
            let _ = bob.import_paths(&[stick], ImportOptions::default());
        }
        recording.attempts()
    };
    let all = run(&scene, None);
    assert_eq!(state(&open(&at)), new);
    // Each operation meets one of them; the library's own tests take them all.
    let failures = [Fails::NoSpace, Fails::Io, Fails::Short, Fails::Crash];
    for (index, failure) in (0..all).zip(failures.into_iter().cycle()) {
        run(&scene, Some(Fault { at: index, failure }));
        let mut bob = open(&at);
        let what = format!("{failure:?} at {index} of {all}");
        for stick in &sticks {
            try_import(
                &mut bob,
                std::slice::from_ref(stick),
                ImportOptions::default(),
            );
        }
        assert_eq!(state(&bob), new, "{what}");
        assert_eq!(ails(&bob), [] as [&str; 0], "{what}");
        patiently(|| bob.collect_garbage(false)).unwrap();
        assert_eq!(
            fs::read_dir(at.join("staging")).unwrap().count(),
            0,
            "{what}"
        );
    }
}

/// Threat 15: a stick that changes between the first look and the last byte.
#[test]
fn threat_15_what_is_applied_is_what_was_checked() {
    let mut scene = Scene::with(2, 9_000);
    let stick = scene.stick("stick");
    onto(&mut scene.alice, "bob", &stick).unwrap();
    let found = only(&stick);
    let whole = fs::read(&found.slices[0]).unwrap();
    let (mut bob, old) = {
        let bob = scene.bob();
        let old = state(&bob);
        (bob, old)
    };
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut bent = whole.clone();
            let middle = bent.len() - 2_000;
            bent[middle] ^= 1;
            while !stop.load(Ordering::Relaxed) {
                fs::write(&found.slices[0], &bent).unwrap();
                fs::write(&found.slices[0], &whole).unwrap();
            }
        });
        for _ in 0..10 {
            let report = try_import(
                &mut bob,
                std::slice::from_ref(&stick),
                ImportOptions::default(),
            );
            let now = state(&bob);
            let done = !report.imported.is_empty();
            assert!(
                now == old && !done || now == state(&scene.alice),
                "{report:?}"
            );
        }
        stop.store(true, Ordering::Relaxed);
    });
    import(&mut bob, &stick);
    assert_eq!(state(&bob), state(&scene.alice));
    assert_eq!(ails(&bob), [] as [&str; 0]);
}

/// Threat 16: two processes with two sticks of one set at one time: one of them waits its turn (18), and nothing is lost.
#[test]
fn threat_16_two_parts_at_once_are_busy_or_done() {
    let mut scene = Scene::with(3, 9_000);
    let sticks = scene.dealt(9_000);
    let at = scene.place.path("bob");
    // The first one was here: it tells whose the bundle is.
    try_import(&mut scene.bob(), &sticks[..1], ImportOptions::default());
    std::thread::scope(|scope| {
        for stick in &sticks {
            let at = &at;
            scope.spawn(move || {
                let mut bob = open(at);
                let paths = [stick.clone()];
                try_import(&mut bob, &paths, ImportOptions::default());
            });
        }
    });
    let bob = open(&at);
    assert_eq!(state(&bob), state(&scene.alice));
    assert_eq!(ails(&bob), [] as [&str; 0]);
    let held = fs::File::open(at.join("slices")).unwrap();
    held.lock().unwrap();
    let mut bob = bob;
    let paths: Vec<&Path> = sticks.iter().map(PathBuf::as_path).collect();
    let busy = bob
        .import_paths(&paths, ImportOptions::default())
        .unwrap_err();
    assert_eq!(busy.exit, Exit::Busy);
}

/// Threat 29: a stick is lost; the next one has all since the last acknowledgement, and `--since` has what its span says.
#[test]
fn threat_29_a_lost_stick_costs_nothing() {
    let mut scene = Scene::with(1, 500);
    let (lost, found) = (scene.stick("lost"), scene.stick("found"));
    onto(&mut scene.alice, "bob", &lost).unwrap();
    fs::remove_dir_all(&lost).unwrap();
    let late = scene.place.stick("late");
    share(&mut scene.alice, &scene.place, "later", "a later text\n");
    let second = onto(&mut scene.alice, "bob", &found).unwrap();
    assert_eq!(second.documents, 2);
    let mut bob = scene.bob();
    import(&mut bob, &found);
    assert_eq!(state(&bob), state(&scene.alice));
    let circle = circle(&scene.alice);
    let to = scene.alice.find_member(&circle, "bob").unwrap();
    for (since, records) in [
        (Since::Ago(24 * 3_600_000), true),
        (Since::At(u64::MAX >> 1), true),
    ] {
        let options = ExportOptions {
            since: Some(since),
            ..ExportOptions::default()
        };
        let target = Target::Medium(Path::new(&late));
        let done = scene
            .alice
            .export_with(&circle, &[to], target, options)
            .unwrap();
        assert_eq!(done.records > 0, records, "{since:?} {done:?}");
        assert!(!done.standalone);
    }
}

/// Slices that nobody completes are collected after 30 days.
#[test]
fn stale_slices_are_collected() {
    let mut scene = Scene::with(2, 9_000);
    let sticks = scene.dealt(9_000);
    let mut bob = scene.bob();
    try_import(&mut bob, &sticks[..1], ImportOptions::default());
    let kept = scene.place.path("bob/slices");
    let folder = fs::read_dir(&kept).unwrap().next().unwrap().unwrap().path();
    assert_eq!(patiently(|| bob.collect_garbage(false)).unwrap().0, 0);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(31 * 24 * 3600);
    fs::File::open(&folder).unwrap().set_modified(old).unwrap();
    assert_eq!(patiently(|| bob.collect_garbage(true)).unwrap().0, 1);
    assert!(folder.exists());
    let (count, bytes) = patiently(|| bob.collect_garbage(false)).unwrap();
    assert!(count == 1 && bytes > 8_000);
    assert!(!folder.exists());
}

#[test]
fn removable_media_are_found_by_themselves() {
    let mut scene = Scene::with(1, 100);
    let stick = scene.stick("MY - STICK");
    let system = scene.place.path("system");
    let put = |path: &str, text: &str| {
        let path = system.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("sys/block/sdx/removable", "1\n");
    put("sys/block/sdx/dev", "8:80\n");
    let escaped = stick.display().to_string().replace(' ', "\\040");
    put(
        "proc/self/mountinfo",
        &format!("40 22 8:80 / {escaped} rw - vfat /dev/sdx rw\n"),
    );
    let alice = scene.alice.on_system(&system);
    assert_eq!(alice.removable(), std::slice::from_ref(&stick));
    scene.alice = alice;
    onto(&mut scene.alice, "bob", &stick).unwrap();
    let bob = scene.bob().on_system(&system);
    assert_eq!(bob.removable(), [stick]);
}

/// After a small change a bundle has less than 16 KiB before it is padded, however much there was before.
#[test]
fn a_small_change_makes_a_small_bundle() {
    let mut scene = Scene::with(0, 0);
    let stick = scene.stick("stick");
    let mut bob = scene.bob();
    let mut sizes = Vec::new();
    for round in 0..3 {
        for number in 0..round * 20 {
            let title = format!("old-{round}-{number}");
            share(
                &mut scene.alice,
                &scene.place,
                &title,
                &format!("{title} says little\n"),
            );
        }
        onto(&mut scene.alice, "bob", &stick).unwrap();
        import(&mut bob, &stick);
        import(&mut scene.alice, &stick);
        share(
            &mut scene.alice,
            &scene.place,
            &format!("new-{round}"),
            &format!("{round} is new\n"),
        );
        let done = onto(&mut scene.alice, "bob", &stick).unwrap();
        assert_eq!(done.records, 1);
        let used = done.written.unwrap().used_bytes;
        assert!(used < 16 << 10, "{used}");
        sizes.push(used);
        import(&mut bob, &stick);
        import(&mut scene.alice, &stick);
        assert_eq!(state(&bob), state(&scene.alice));
    }
    // Nothing in it counts what went before, but for the digits of a height.
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    assert!(most - least <= 1_024, "{sizes:?}");
}
