//! `okibi courier`: both directions at one medium, again and again, and sealed bundles of third parties on their way.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufRead;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::homes::{Home, Place, Run};

fn scene() -> (Place, Home, Home) {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    alice.share_document("Note", &place.file("note.txt", "a note about nothing\n"));
    (place, alice, bob)
}

/// Handles of the bundles on a stick.
fn bundles(place: &Place, stick: &str) -> BTreeSet<String> {
    handles(&place.path(stick).join("okibi"))
}

fn handles(folder: &std::path::Path) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return BTreeSet::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.len() == 16).collect()
}

fn courier(home: &Home, stick: &str) -> serde_json::Value {
    home.fact("courier", ["courier", stick])
}

#[test]
fn both_directions_and_again_without_harm() {
    let (place, alice, bob) = scene();
    let stick = place.stick("stick");
    let first = courier(&alice, &stick);
    assert_eq!(
        (&first["written"], &first["imported"]),
        (&1.into(), &0.into())
    );
    let lies = bundles(&place, "stick");
    // The same stick, still in its slot: nothing is written twice.
    let again = courier(&alice, &stick);
    assert_eq!((&again["written"], &again["there"]), (&0.into(), &1.into()));
    assert_eq!(bundles(&place, "stick"), lies);
    // One more document: one bundle, which replaces the other.
    alice.share_document("More", &place.file("more.txt", "more words\n"));
    let more = courier(&alice, &stick);
    assert_eq!((&more["written"], &more["cleared"]), (&1.into(), &1.into()));
    assert_eq!(bundles(&place, "stick").len(), 1);
    // Bob was admitted, but has no circle yet: his first courier brings it.
    let taken = courier(&bob, &stick);
    assert_eq!(taken["imported"], 1);
    bob.share_document("Answer", &place.file("answer.txt", "an answer\n"));
    courier(&bob, &stick);
    courier(&alice, &stick);
    assert_eq!(alice.hashes(), bob.hashes());
    // After some rounds nothing moves any more, and the stick is as good as empty.
    for _ in 0..3 {
        courier(&bob, &stick);
        courier(&alice, &stick);
    }
    let still = courier(&bob, &stick);
    assert_eq!(
        (&still["written"], &still["imported"]),
        (&0.into(), &0.into())
    );
    assert!(
        bundles(&place, "stick").is_empty(),
        "{:?}",
        bundles(&place, "stick")
    );
}

#[test]
fn a_bundle_that_was_damaged_is_written_anew() {
    let (place, alice, bob) = scene();
    let stick = place.stick("stick");
    courier(&alice, &stick);
    let [handle] = Vec::from_iter(bundles(&place, "stick")).try_into().unwrap();
    let slice = place.path("stick/okibi").join(&handle).join("000.age");
    let mut bytes = std::fs::read(&slice).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&slice, bytes).unwrap();
    let bobs = bob.run(["courier", &stick]);
    assert_eq!(bobs.status.code(), Some(11), "{bobs:#?}");
    assert_eq!(courier(&alice, &stick)["written"], 1);
    assert!(!bundles(&place, "stick").contains(&handle));
    assert_eq!(courier(&bob, &stick)["imported"], 1);
}

#[test]
fn dry_run_writes_nothing() {
    let (place, alice, _bob) = scene();
    let stick = place.stick("stick");
    let run = alice.ok(["courier", &stick, "--dry-run"]);
    assert!(run.out.contains("bob"), "{run:#?}");
    assert!(std::fs::read_dir(&stick).unwrap().next().is_none());
    // A stick of somebody's photographs is left alone by what runs by itself.
    let run = alice.ok(["courier", &stick, "--only-prepared", "--json"]);
    assert_eq!(run.json().last().unwrap()["skipped"], true);
    assert!(std::fs::read_dir(&stick).unwrap().next().is_none());
}

/// A preview did not know what lies on the stick: it said that everything there would be written.
#[test]
fn dry_run_sees_what_is_there() {
    let (place, alice, _bob) = scene();
    let stick = place.stick("stick");
    courier(&alice, &stick);
    let lies = bundles(&place, "stick");
    let run = alice.ok(["courier", &stick, "--dry-run", "--json"]);
    assert_eq!(run.json().last().unwrap()["there"], lies.len());
    assert_eq!(bundles(&place, "stick"), lies);
}

/// Runs okibi where `folder` is mounted read-only; none where that is not allowed.
fn read_only(home: &Home, folder: &str, args: &[&str]) -> Option<Run> {
    let script = r#"mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
                    shift; exec "$@""#;
    let command = home.command(args);
    let mut shell = Command::new("unshare");
    shell.args(["-m", "sh", "-c", script, "sh", folder]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_clear();
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let output = shell.current_dir(place_of(home)).output().ok()?;
    let run = Run {
        status: output.status,
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    (run.status.code() != Some(99) && !run.err.contains("unshare failed")).then_some(run)
}

fn place_of(home: &Home) -> PathBuf {
    home.path.parent().unwrap().to_owned()
}

#[test]
fn a_read_only_medium_is_read() {
    let (place, alice, bob) = scene();
    let stick = place.stick("stick");
    courier(&alice, &stick);
    let Some(run) = read_only(&bob, &stick, &["courier", &stick]) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "mounting is not allowed here"
        );
        eprintln!("SKIPPED: mounting read-only needs root");
        return;
    };
    // He has it; only his acknowledgement waits. What others lack is more than that: partly done.
    assert_eq!(run.status.code(), Some(0), "{run:#?}");
    assert!(run.err.contains("cannot be written"), "{run:#?}");
    assert_eq!(carried(&bob), 0);
    assert_eq!(alice.hashes(), bob.hashes());
    // The acknowledgement was not lost: it goes with the next stick that takes it.
    let other = place.stick("other");
    assert_eq!(courier(&bob, &other)["written"], 1);
    courier(&alice, &other);
    assert_eq!(courier(&alice, &stick)["written"], 0);
    bob.share_document("Answer", &place.file("answer.txt", "an answer\n"));
    let run = read_only(&bob, &stick, &["courier", "-q", &stick]).unwrap();
    assert_eq!(run.status.code(), Some(3), "{run:#?}");
    assert!(run.err.contains("was not left there"), "{run:#?}");
    // Nothing to write, nothing missed.
    let run = read_only(&alice, &stick, &["courier", &stick]).unwrap();
    assert_eq!(run.status.code(), Some(0), "{run:#?}");
}

#[test]
fn for_cron() {
    let (place, alice, bob) = scene();
    let stick = place.stick("stick");
    let silent = |home: &Home, args: &[&str]| {
        let run = home.ok(args);
        assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""), "{run:#?}");
    };
    silent(&alice, &["-q", "courier", &stick]);
    silent(&bob, &["-q", "courier", &stick]);
    silent(&bob, &["-q", "courier", &stick]);
    silent(&place.home("stranger"), &["-q", "courier", &stick]);
    // One medium is missing: the other one is served, and the code tells.
    alice.share_document("More", &place.file("more.txt", "more words\n"));
    let run = alice.run(["courier", "nowhere", &stick, "--json"]);
    assert_eq!(run.status.code(), Some(21), "{run:#?}");
    assert!(
        run.json()
            .iter()
            .any(|it| it["type"] == "courier" && it["written"] == 1)
    );
    let file = place.file("file", "text");
    assert_eq!(alice.run(["courier", &file]).status.code(), Some(2));
    // Somebody else works on the medium, or carries.
    let lock = File::open(place.path("stick/okibi")).unwrap();
    lock.lock().unwrap();
    assert_eq!(alice.run(["courier", &stick]).status.code(), Some(18));
    drop(lock);
    let lock = File::open(alice.path.join("carried/okibi")).unwrap();
    lock.lock().unwrap();
    assert_eq!(alice.run(["courier", &stick]).status.code(), Some(18));
    drop(lock);
    alice.ok(["courier", &stick]);
}

/// Cron overlaps with itself and with a person: the lock holds, and the end is the same (threat 16).
#[test]
fn ten_at_once() {
    let (place, alice, bob) = scene();
    let stick = place.stick("stick");
    courier(&alice, &stick);
    let children: Vec<_> = (0..10)
        .map(|at| {
            let home = if at % 2 == 0 { &bob } else { &alice };
            let mut command = home.command(["courier", "-q", &stick]);
            command.stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 18)), "{code:?}");
    }
    courier(&bob, &stick);
    courier(&alice, &stick);
    assert_eq!(alice.hashes(), bob.hashes());
    assert!(bob.staged().is_empty() && alice.staged().is_empty());
}

/// Alice and Bob never meet; Carol, who belongs to nothing of theirs, passes both.
#[test]
fn a_stranger_carries_what_she_cannot_read() {
    let (place, alice, bob) = scene();
    let carol = place.home("carol");
    let (here, there) = (place.stick("here"), place.stick("there"));
    courier(&alice, &here);
    assert_eq!(courier(&carol, &here)["carried_in"], 1);
    // Once is enough.
    assert_eq!(courier(&carol, &here)["carried_in"], 0);
    let out = courier(&carol, &there);
    assert_eq!(
        (&out["carried_out"], &out["imported"]),
        (&1.into(), &0.into())
    );
    assert_eq!(
        carol.run(["inspect-bundle", &there]).status.code(),
        Some(10)
    );
    assert_eq!(courier(&bob, &there)["imported"], 1);
    assert_eq!(alice.hashes(), bob.hashes());
    // His receipt: it goes from her shelf and from the stick where she put it; his own bundle comes along.
    let back = courier(&carol, &there);
    assert!(back["delivered"].as_u64().unwrap() >= 1, "{back}");
    assert_eq!(back["carried_in"], 1, "{back}");
    let lies = bundles(&place, "there");
    // The stick that still has it is told, and it is not carried once more.
    let told = courier(&carol, &here);
    assert_eq!(
        (&told["carried_in"], &told["carried_out"]),
        (&0.into(), &1.into()),
        "{told}"
    );
    assert_eq!(bundles(&place, "there"), lies);
    let home = courier(&alice, &here);
    assert_eq!(home["imported"], 1, "{home}");
    assert!(home["cleared"].as_u64().unwrap() >= 1 || bundles(&place, "here").len() <= 1);
    // Alice knows now what Bob has.
    assert_eq!(
        alice.fact("export", ["export-bundle", "--to", "bob", &here])["records"],
        0
    );
}

fn carried(home: &Home) -> usize {
    let Ok(entries) = std::fs::read_dir(home.path.join("carried/okibi")) else {
        return 0;
    };
    entries
        .filter(|entry| entry.as_ref().unwrap().path().is_dir())
        .count()
}

#[test]
fn carrying_is_bounded_and_takes_only_what_is_sealed() {
    let (place, alice, _bob) = scene();
    let carol = place.home("carol");
    let stick = place.stick("stick");
    courier(&alice, &stick);
    let with = |name: &str, value: &str, home: &Home| {
        let output = home
            .command(["courier", &stick])
            .env(name, value)
            .output()
            .unwrap();
        // 11: rubbish that might be for this home is told.
        assert!(matches!(output.status.code(), Some(0 | 11)), "{output:?}");
        carried(home)
    };
    assert_eq!(with("OKIBI_CARRY_MIB", "0", &carol), 0);
    // Another folder of the right shape, whose content is no age file; one whose slice is not what SUMS says.
    let handle = bundles(&place, "stick").pop_first().unwrap();
    let folder = place.path("stick/okibi").join(&handle);
    let rubbish = place.path("stick/okibi/00000000000000aa");
    crate::homes::copy(&folder, &rubbish);
    let sums = std::fs::read_to_string(rubbish.join("SUMS")).unwrap();
    let mut text: Vec<&str> = sums
        .lines()
        .filter(|line| !line.starts_with("# end"))
        .collect();
    let hash = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(b"rubbish"));
    let line = format!("{hash}  000.age");
    text.pop();
    text.push(&line);
    let body = format!("{}\n", text.join("\n"));
    let end = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(&body));
    std::fs::write(rubbish.join("SUMS"), format!("{body}# end: {end}\n")).unwrap();
    std::fs::write(rubbish.join("000.age"), "rubbish").unwrap();
    let bent = place.path("stick/okibi/00000000000000bb");
    crate::homes::copy(&folder, &bent);
    let mut bytes = std::fs::read(bent.join("000.age")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(bent.join("000.age"), bytes).unwrap();
    assert_eq!(with("OKIBI_CARRY_MIB", "1024", &carol), 1);
    assert!(carol.path.join("carried/okibi").join(&handle).is_dir());
    // Too long on the shelf: gone, and never taken again, or nodes would hand it to each other for ever.
    let marker = carol.path.join("carried/okibi").join(&handle).join("SUMS");
    let file = File::options().write(true).open(marker).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    drop(file);
    let empty = place.stick("empty");
    let gone = courier(&carol, &empty);
    assert_eq!(
        (&gone["delivered"], &gone["carried_out"]),
        (&1.into(), &0.into()),
        "{gone}"
    );
    assert_eq!(carried(&carol), 0);
    assert_eq!(with("OKIBI_CARRY_MIB", "1024", &carol), 0);
    // A quota below the bundle.
    std::fs::remove_dir_all(&rubbish).unwrap();
    std::fs::remove_dir_all(&bent).unwrap();
    let large = place.file("large.txt", "a long line of words\n".repeat(60_000));
    alice.share_document("Large", &large);
    courier(&alice, &stick);
    let dave = place.home("dave");
    assert_eq!(with("OKIBI_CARRY_MIB", "1", &dave), 0);
}

/// What a daemon does when a stick is plugged in: a made-up `sys` and `proc` say that there is one.
#[test]
fn a_medium_that_is_plugged_in_is_served_once() {
    use okibi::node::Watch;
    let (place, alice, bob) = scene();
    alice.ok(["courier", &place.stick("stick")]);
    // Beside it one that nobody prepared.
    let (stick, camera) = (place.path("stick"), place.path("camera"));
    std::fs::create_dir(&camera).unwrap();
    let system = place.path("system");
    for (disk, device) in [("sdb", "8:16"), ("sdc", "8:32")] {
        let folder = system.join("sys/block").join(disk);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("removable"), "1\n").unwrap();
        std::fs::write(folder.join("dev"), format!("{device}\n")).unwrap();
    }
    let table = system.join("proc/self/mountinfo");
    std::fs::create_dir_all(table.parent().unwrap()).unwrap();
    let mounted = |paths: &[(&str, &PathBuf)]| {
        let lines = paths.iter().map(|(device, path)| {
            format!("40 22 {device} / {} rw - vfat /dev/x rw\n", path.display())
        });
        std::fs::write(&table, lines.collect::<String>()).unwrap();
    };
    let mut node = crate::homes::open(&bob.path).on_system(&system);
    let mut watch = Watch::default();
    let mut look = || node.look_for_media(&mut watch);
    assert!(look().is_empty());
    mounted(&[("8:16", &stick), ("8:32", &camera)]);
    let served = look();
    assert_eq!(served.len(), 2);
    for (path, report) in served {
        let report = report.unwrap();
        assert_eq!(report.skipped, path == camera);
        assert_eq!(report.import.imported.len(), usize::from(path == stick));
    }
    assert!(std::fs::read_dir(&camera).unwrap().next().is_none());
    // Still there: nothing. Taken out and put in again: served again.
    assert!(look().is_empty());
    mounted(&[]);
    assert!(look().is_empty());
    mounted(&[("8:16", &stick)]);
    assert_eq!(look().len(), 1);
    // In use: tried again at the next look.
    mounted(&[]);
    look();
    mounted(&[("8:16", &stick)]);
    let lock = File::open(stick.join("okibi")).unwrap();
    lock.lock().unwrap();
    assert!(look()[0].1.is_err());
    drop(lock);
    assert_eq!(look().len(), 1);
    assert!(look().is_empty());
    assert_eq!(alice.hashes(), bob.hashes());
}

/// The same through `okibi node --watch-media`, with a mount of its own: whatever is mounted when it starts counts as plugged
/// in. `sys/block` is made up, in a mount namespace; the mount table is the kernel's.
#[cfg(feature = "lan")]
#[test]
fn a_node_serves_media_beside_the_network() {
    if !rustix::process::geteuid().is_root()
        || !crate::bundle_stock_tools::have(&["unshare", "mount"])
    {
        assert!(
            std::env::var_os("CI").is_none(),
            "a mount namespace needs root"
        );
        eprintln!("SKIPPED: a mount namespace needs root");
        return;
    }
    let (place, alice, bob) = scene();
    let prepared = place.stick("prepared");
    alice.ok(["courier", &prepared]);
    let (stick, block) = (place.stick("stick"), place.path("block"));
    std::fs::create_dir_all(block.join("sdz")).unwrap();
    std::fs::write(block.join("sdz/removable"), "1\n").unwrap();
    let script = format!(
        "set -e; mount -t tmpfs stick '{stick}'; cp -r '{prepared}/okibi' '{stick}/'
         mountpoint -d '{stick}' > '{0}/sdz/dev'; mount --bind '{0}' /sys/block
         exec '{1}' --json node --offline --watch-media",
        block.display(),
        env!("CARGO_BIN_EXE_okibi"),
    );
    let mut command = Command::new("unshare");
    let command = command.args(["-m", "sh", "-c", &script]);
    let command = command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap());
    let command = command
        .env("OKIBI_HOME", &bob.path)
        .env("HOME", place.path(""));
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut node = command.spawn().unwrap();
    let lines = std::io::BufReader::new(node.stdout.take().unwrap()).lines();
    let said = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let mut before = Vec::new();
    let served = said
        .inspect(|it| before.push(it.to_string()))
        .find(|it| it["type"] == "courier");
    // Ctrl-C ends both threads.
    let pid = rustix::process::Pid::from_child(&node);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = node.wait().unwrap();
    let served = served.unwrap_or_else(|| panic!("{before:#?}"));
    assert_eq!(
        (&served["imported"], &served["failed"]),
        (&1.into(), &0.into()),
        "{served}"
    );
    assert!(ended.success(), "{ended}");
    assert_eq!(alice.hashes(), bob.hashes());
}

fn carried_by(home: &Home) -> BTreeSet<String> {
    handles(&home.path.join("carried/okibi"))
}

/// Who has not accepted a circle does not spread it, nor who forgot it; what is sealed for others alone goes on as ever.
#[test]
fn an_offered_circle_is_not_carried_on() {
    let (place, alice, _bob) = scene();
    let [stranger, carol, dave] = ["stranger", "carol", "dave"].map(|name| place.home(name));
    stranger.ok(["circle", "found", "garden", "--as", "stranger"]);
    stranger.admit_unasked(&carol, "carol");
    stranger.admit_unasked(&dave, "dave");
    let stick = place.stick("stick");
    stranger.ok(["export-bundle", "--to", "carol", &stick]);
    stranger.ok(["export-bundle", "--to", "carol", "--to", "dave", &stick]);
    let of_stranger = bundles(&place, "stick");
    assert_eq!(of_stranger.len(), 2);
    courier(&alice, &stick);
    let of_alice = &bundles(&place, "stick") - &of_stranger;
    assert_eq!(courier(&carol, &stick)["carried_in"], 1);
    assert_eq!(carried_by(&carol), of_alice);
    // A yes makes it a circle like any other: what is for somebody else as well is carried.
    carol.accept("garden");
    courier(&carol, &stick);
    let both = &carried_by(&carol) - &of_alice;
    assert_eq!(both.len(), 1);
    assert!(both.is_subset(&of_stranger));
    carol.ok(["circle", "forget", "garden", "--yes"]);
    assert_eq!(carried_by(&carol), of_alice);
    // Neither does the same stick bring it back.
    assert_eq!(courier(&carol, &stick)["carried_in"], 0);
    assert_eq!(carried_by(&carol), of_alice);
}
