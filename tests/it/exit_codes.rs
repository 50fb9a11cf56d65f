//! Threat 30: each class of failure gives its exit code and, with `--json`, one valid error object as the last
//! line; `-q` says nothing of success; a closed pipe is no failure.

mod bundles;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::Stdio;

use crate::homes::{Home, Place, Run};

/// Runs a command that must fail with `exit` and `code`, in words and as JSON.
fn fails(home: &Home, args: &[&str], exit: i32, code: &str) {
    let words = home.run(args);
    assert_eq!(words.status.code(), Some(exit), "{args:?}: {words:#?}");
    assert!(
        words.err.starts_with("okibi: ") || words.err.starts_with("error: "),
        "{words:#?}"
    );
    let run = home.run(args.iter().chain(&["--json"]));
    is_error(&run, exit, code);
}

fn is_error(run: &Run, exit: i32, code: &str) {
    assert_eq!(run.status.code(), Some(exit), "{run:#?}");
    let lines = run.json();
    let last = lines.last().unwrap_or_else(|| panic!("no line: {run:#?}"));
    assert_eq!(last["type"], "error", "{run:#?}");
    assert_eq!(last["code"], code, "{run:#?}");
    assert_eq!(last["exit"], exit, "{run:#?}");
    for field in ["message", "hint"] {
        let text = last[field]
            .as_str()
            .unwrap_or_else(|| panic!("no {field}: {run:#?}"));
        assert!(field == "hint" || !text.is_empty(), "{run:#?}");
        // A placeholder that nobody filled.
        assert!(!text.contains('{'), "{text}");
    }
}

/// Alice has a document to share; Bob is her only recipient.
fn hearth() -> (Place, Home, Home) {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    alice.share_document("Note", &place.file("note.txt", "a note about nothing\n"));
    (place, alice, bob)
}

fn key_files(home: &Home, role: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(home.path.join("keys")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .filter(|path| {
            path.file_name()
                .unwrap()
                .as_bytes()
                .starts_with(role.as_bytes())
        })
        .collect()
}

#[test]
fn usage_is_2() {
    let place = Place::new();
    let home = place.home("home");
    fails(&home, &["no-such-command"], 2, "usage");
    fails(&home, &["export-bundle"], 2, "usage");
    fails(&home, &["status", "--no-such-flag"], 2, "usage");
    fails(
        &home,
        &["chat", "--temperature", "warm", "hello"],
        2,
        "usage",
    );
    fails(
        &home,
        &["chat", "--temperature", "9", "hello"],
        2,
        "bad-option",
    );
    fails(&home, &["chat", "   "], 2, "question-empty");
    fails(&home, &["status", "--max-age", "soon"], 2, "bad-age");
    fails(&home, &["import-bundle", "-", "stick"], 2, "stdin-alone");
    fails(&home, &["circle", "found", "two\nlines"], 2, "bad-name");
    fails(&home, &["man", "no-such-command"], 2, "no-such-command");
    let (_place, alice, _bob) = hearth();
    fails(
        &alice,
        &["export-bundle", "--to", "alice", "."],
        2,
        "export-to-self",
    );
    for (option, value, code) in [
        ("--slice", "much", "bad-slice"),
        ("--slice", "1K", "bad-slice"),
        ("--parity", "0%", "bad-parity"),
        ("--parity", "101%", "bad-parity"),
        ("--since", "yesterday", "bad-since"),
    ] {
        fails(
            &alice,
            &["export-bundle", "--to", "bob", option, value, "."],
            2,
            code,
        );
    }
    let piped = ["export-bundle", "--to", "bob", "--parity", "10%", "-o", "-"];
    fails(&alice, &piped, 2, "parity-of-pipe");
    std::fs::write(
        alice.path.join("config.toml"),
        "[chat]\ntemperature = \"hot\"\n",
    )
    .unwrap();
    fails(&alice, &["status"], 2, "config-value");
}

#[test]
fn no_home_is_2() {
    let place = Place::new();
    let mut command = place.home("home").command(["status", "--json"]);
    command.env_remove("HOME").env_remove("OKIBI_HOME");
    let output = command.output().unwrap();
    // The system may know a home folder of the user: then that one is used, and this asks nothing of it.
    if output.status.code() == Some(2) {
        assert!(String::from_utf8_lossy(&output.stdout).contains("\"no-home\""));
    }
}

#[test]
fn failed_is_1_and_partly_is_3() {
    let (place, alice, bob) = hearth();
    fails(&bob, &["circle", "members"], 1, "no-circle");
    fails(
        &alice,
        &["circle", "members", "--circle", "nowhere"],
        1,
        "circle-unknown",
    );
    fails(
        &alice,
        &["export-bundle", "--to", "nobody", "."],
        1,
        "member-unknown",
    );
    let rubbish = place.file("card.txt", "no card at all\n");
    fails(
        &alice,
        &["circle", "admit", &rubbish, "--name", "x"],
        1,
        "card-bad",
    );
    let card = bob.ok(["key", "card"]).out;
    fails(
        &alice,
        &["circle", "admit", card.trim(), "--name", "bobby"],
        1,
        "member-known",
    );
    fails(
        &alice,
        &["chat", "-m", "nothing", "hello"],
        1,
        "model-unknown",
    );
    fails(
        &alice,
        &["library", "share", "Nothing"],
        1,
        "document-unknown",
    );
    fails(&alice, &["library", "share", "Note"], 1, "already-shared");
    fails(&alice, &["library", "remove", "Note"], 1, "document-shared");
    fails(
        &alice,
        &["library", "add", "absent.txt"],
        1,
        "file-not-found",
    );
    let picture = place.file("picture.png", [0x89, 0x50, 0x4e, 0x47]);
    fails(&alice, &["library", "add", &picture], 1, "document-refused");
    let good = place.file("good.txt", "good\n");
    let both = alice.run(["library", "add", &good, &picture, "--json"]);
    assert_eq!(both.status.code(), Some(3), "{both:#?}");
    fails(&alice, &["model", "add", &good], 1, "model-refused");
}

#[test]
fn refused_is_12() {
    let (place, alice, bob) = hearth();
    let file = place.path("bundle.okb");
    let name = file.to_str().unwrap();
    alice.ok(["export-bundle", "--to", "bob", "-o", name]);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    fails(&bob, &["import-bundle", name], 12, "bundle-refused");
    fails(
        &bob,
        &[
            "import-bundle",
            &place.file("text.okb", "no bundle at all\n"),
        ],
        12,
        "bundle-refused",
    );
    assert_eq!(bob.staged(), [] as [PathBuf; 0]);
}

#[test]
fn stale_is_14_only_when_asked() {
    let (_place, alice, _bob) = hearth();
    let run = alice.run(["status", "--max-age", "1h", "--json"]);
    assert_eq!(run.status.code(), Some(14), "{run:#?}");
    assert_eq!(run.json()[0]["type"], "status");
    alice.ok(["status"]);
}

#[test]
fn no_space_is_16() {
    let (_place, alice, _bob) = hearth();
    // The device that is always full stands for a full disk.
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let export = ["export-bundle", "--to", "bob", "-o", "-"];
    let output = alice.command(export).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(16), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("okibi: there is not enough space"),
        "{said}"
    );
    assert_eq!(alice.staged(), [] as [PathBuf; 0]);
    let output = alice.command(["status"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn busy_is_18() {
    let (place, alice, bob) = hearth();
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", &stick]);
    let lock = File::open(place.path("stick/okibi")).unwrap();
    lock.lock().unwrap();
    fails(
        &alice,
        &["export-bundle", "--to", "bob", "--full", &stick],
        18,
        "medium-busy",
    );
    fails(&bob, &["import-bundle", &stick], 18, "medium-busy");
    drop(lock);
    bob.ok(["import-bundle", &stick]);
    // Files of the home: what nothing names yet may be half of somebody's import.
    let work = File::open(bob.path.join("staging")).unwrap();
    work.lock_shared().unwrap();
    fails(&bob, &["gc"], 18, "home-busy");
    bob.ok(["import-bundle", &stick]);
    drop(work);
    bob.ok(["gc"]);
}

#[test]
fn a_missing_key_is_19() {
    let (place, alice, bob) = hearth();
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", &stick]);
    for path in key_files(&bob, "receive-") {
        std::fs::remove_file(path).unwrap();
    }
    fails(&bob, &["import-bundle", &stick], 19, "key-missing");
    let [sign] = key_files(&alice, "sign-").try_into().unwrap();
    std::fs::write(&sign, "rubbish\n").unwrap();
    fails(
        &alice,
        &["export-bundle", "--to", "bob", "--full", &stick],
        19,
        "key-malformed",
    );
    assert!(alice.ails().contains(&"doctor-key-missing".to_owned()));
}

#[test]
fn a_locked_key_is_19() {
    let (place, alice, _bob) = hearth();
    let words = place.file("words", "a passphrase\n");
    alice.ok(["key", "passphrase", "set", "--passphrase-file", &words]);
    fails(&alice, &["key", "rotate"], 19, "key-locked");
    fails(&alice, &["key", "passphrase", "remove"], 19, "key-locked");
    let backup = place.path("b").to_str().unwrap().to_owned();
    fails(&alice, &["backup", &backup], 19, "passphrase-no-terminal");
}

#[test]
fn a_newer_home_is_20_and_stays_as_it_is() {
    let place = Place::new();
    let home = place.home("home");
    home.ok(["status"]);
    let path = home.path.join("okibi.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let before = std::fs::read(&path).unwrap();
    fails(&home, &["status"], 20, "store-newer");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn no_medium_is_21() {
    let (_place, alice, _bob) = hearth();
    fails(&alice, &["import-bundle", "nowhere"], 21, "no-medium");
    fails(
        &alice,
        &["export-bundle", "--to", "bob", "nowhere"],
        21,
        "no-medium",
    );
    fails(&alice, &["inspect-bundle", "nowhere"], 21, "no-medium");
}

#[test]
fn an_interrupted_answer_is_130() {
    let place = Place::new();
    let home = place.home("home");
    home.ok(["status"]);
    let chat = [
        "chat",
        "-m",
        "ember",
        "--max-tokens",
        "100000",
        "Once upon a time",
    ];
    let mut child = home
        .command(chat)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0]).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    std::io::copy(&mut out, &mut std::io::sink()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn quiet_says_nothing_of_success() {
    let (place, alice, bob) = hearth();
    let stick = place.stick("stick");
    let file = place.file("more.md", "# More\n\nmore words\n");
    let silent = |home: &Home, args: &[&str]| {
        let run = home.ok(args.iter().chain(&["-q"]));
        assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""), "{args:?}");
    };
    silent(&place.home("fresh"), &["library", "add", &file]);
    silent(&alice, &["library", "add", &file]);
    silent(&alice, &["library", "share", "more"]);
    silent(&alice, &["export-bundle", "--to", "bob", &stick]);
    silent(&bob, &["import-bundle", &stick, "--dry-run"]);
    silent(&bob, &["import-bundle", &stick]);
    silent(&bob, &["import-bundle", &stick]);
    silent(&alice, &["import-bundle", &stick]);
    silent(&alice, &["export-bundle", "--to", "bob", &stick]);
    silent(&alice, &["import-bundle", &place.stick("blank")]);
    silent(&alice, &["gc"]);
    silent(&alice, &["doctor"]);
    silent(&alice, &["audit", "--verify"]);
    silent(&alice, &["key", "rotate"]);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let (_place, alice, _bob) = hearth();
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["chat", "How do I add a model?"],
        &["audit"],
        &["--help"],
        &["completions", "bash"],
        &["man"],
        &["config", "show"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = alice
            .command(args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?} {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
    // The reader goes in the middle.
    let mut child = alice
        .command(["man"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
