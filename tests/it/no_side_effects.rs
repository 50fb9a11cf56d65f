//! Bundle commands have no side effects: they open no socket (threat 25), execute nothing (20),
//! tell a finder of the stick nothing (19), and let no key count that was taken back (18).

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::homes::{Home, Place};

/// Runs a command in an empty network namespace with its calls written down; none where that is not possible.
fn traced(home: &Home, args: &[&str], trace: &Path) -> Option<Output> {
    let command = home.command(args);
    let mut shell = Command::new("unshare");
    shell.args([
        "-n",
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=%network,execve",
        "-o",
    ]);
    shell
        .arg(trace)
        .arg(command.get_program())
        .args(command.get_args());
    shell.env_clear().current_dir(trace.parent().unwrap());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    // Without a trace nothing ran.
    let output = shell.output().ok()?;
    std::fs::metadata(trace)
        .is_ok_and(|data| data.len() > 0)
        .then_some(output)
}

fn skipped(why: &str) -> bool {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("SKIPPED: {why}");
    true
}

/// Threats 20 and 25: every bundle command, on a stick full of programs, with the stick itself in front of the path.
#[test]
fn no_bundle_command_opens_a_socket_or_executes_anything() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    alice.share_document("Note", &place.file("note.txt", "a note\n"));
    let stick = place.stick("stick");
    let words = place.file("words", "a passphrase\n");
    let mark = place.path("executed");
    let plant = || {
        let script = format!("#!/bin/sh\ntouch '{}'\n", mark.display());
        let mut folders = vec![place.path("stick"), place.path("stick/okibi")];
        let okibi = std::fs::read_dir(place.path("stick/okibi"))
            .into_iter()
            .flatten();
        folders.extend(okibi.map(|it| it.unwrap().path()).filter(|it| it.is_dir()));
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            for name in [
                "autorun.inf",
                "autorun.sh",
                "okibi.sh",
                "age",
                "age-plugin-x",
                "tar",
                "sh",
            ] {
                let path = folder.join(name);
                std::fs::write(&path, &script).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
    };
    plant();
    let path = |name: &str| place.path(name).to_str().unwrap().to_owned();
    let (file, sealed, backup, out) = (
        path("b.okb"),
        path("p.okb"),
        path("backup"),
        place.stick("out"),
    );
    let bobs: Vec<Vec<&str>> = vec![
        vec!["inspect-bundle", &stick],
        vec!["verify-bundle", &stick],
        vec!["import-bundle", &stick, "--dry-run"],
        vec!["import-bundle", &stick],
        vec!["import-bundle", &file],
        vec!["import-bundle", &sealed, "--passphrase-file", &words],
        vec!["courier", &stick],
        vec!["status"],
        vec!["doctor"],
        vec!["audit"],
        vec!["key", "signers"],
        vec!["gc"],
    ];
    let alices: Vec<Vec<&str>> = vec![
        vec!["export-bundle", "--to", "bob", &stick],
        vec!["export-bundle", "--to", "bob", "-o", &file],
        vec!["export-bundle", "--passphrase-file", &words, "-o", &sealed],
        vec!["courier", &stick],
        vec!["backup", &backup, "--passphrase-file", &words],
        vec!["update"],
        vec!["update", "--extract", &out],
        vec!["key", "rotate"],
    ];
    let third = place.home("third");
    let thirds = vec![
        vec!["restore", &backup, "--passphrase-file", &words],
        vec!["courier", &stick],
    ];
    let trace = place.path("trace");
    for (home, commands) in [(&alice, alices), (&bob, bobs), (&third, thirds)] {
        for args in commands {
            plant();
            let _ = std::fs::remove_file(&trace);
            let Some(output) = traced(home, &args, &trace) else {
                skipped("tracing in a network namespace needs root, unshare and strace");
                return;
            };
            let calls = std::fs::read_to_string(&trace).unwrap();
            let calls: Vec<&str> = calls.lines().filter(|line| line.contains('(')).collect();
            let (run, network): (Vec<&str>, Vec<&str>) =
                calls.iter().partition(|line| line.contains("execve("));
            assert!(network.is_empty(), "{args:?}: {network:#?}");
            // The program itself, and nothing after it.
            assert_eq!(run.len(), 1, "{args:?}: {run:#?}");
            let expected = args == ["update", "--extract", out.as_str()];
            assert!(output.status.success() != expected, "{args:?}: {output:?}");
        }
    }
    assert!(!mark.exists());
    // The trace would show it: a command that does execute and connect.
    let _ = std::fs::remove_file(&trace);
    let script = "exec python3 -c 'import socket; socket.socket()'";
    let shown = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=%network,execve", "-o"])
        .arg(&trace)
        .args(["sh", "-c", script])
        .status();
    assert!(shown.unwrap().success());
    let calls = std::fs::read_to_string(&trace).unwrap();
    assert!(
        calls.contains("socket(") && calls.matches("execve(").count() > 1,
        "{calls}"
    );
}

fn bytes_below(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes_below(&path, found);
        } else {
            found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
}

/// Threat 19: names, ids, paths, times and titles are in no file's name and in no byte on the stick.
#[test]
fn a_found_stick_is_mute() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    alice.share_document(
        "Harvest plans",
        &place.file("plans.txt", "where the apples are\n"),
    );
    let stick = place.stick("stick");
    alice.ok(["courier", &stick]);
    bob.ok(["courier", &stick]);
    bob.share_document("Answer to them", &place.file("answer.txt", "an answer\n"));
    bob.ok(["courier", &stick]);
    let mut files = BTreeMap::new();
    bytes_below(&place.path("stick"), &mut files);
    assert!(files.len() > 3, "{:?}", files.keys());
    let mut words: Vec<Vec<u8>> = [
        "alice",
        "bob",
        "hearth",
        "Harvest",
        "apples",
        "Answer",
        "answer.txt",
        "plans",
    ]
    .map(|word| word.as_bytes().to_vec())
    .to_vec();
    for home in [&alice, &bob] {
        words.push(home.path.to_str().unwrap().as_bytes().to_vec());
        let key = home.fact("key", ["key", "show"]);
        for field in ["root", "sign", "fingerprint"] {
            let text = key[field].as_str().unwrap();
            words.push(text.as_bytes().to_vec());
            if let Ok(raw) = data_encoding::HEXLOWER.decode(text.as_bytes()) {
                words.push(raw);
            }
        }
        let status = home.fact("status", ["status"]);
        for circle in status["circles"].as_array().unwrap() {
            let id = circle["id"].as_str().unwrap();
            words.push(id.as_bytes().to_vec());
            words.push(data_encoding::HEXLOWER.decode(id.as_bytes()).unwrap());
        }
    }
    let here = place.path("").display().to_string();
    for (name, bytes) in &files {
        let name = name.strip_prefix(&here).unwrap();
        for word in &words {
            let told = |text: &[u8]| text.windows(word.len()).any(|part| part == &word[..]);
            let word = String::from_utf8_lossy(word);
            assert!(!told(name.as_bytes()), "{name}: {word}");
            assert!(!told(bytes), "{name} holds {word}");
        }
    }
    // Nearly the same content: the same size.
    let sizes: Vec<u64> = [1000, 1001, 1100]
        .into_iter()
        .map(|length| {
            let place = Place::new();
            let (alice, _bob) = place.alice_and_bob();
            alice.share_document("D", &place.file("d.txt", "x".repeat(length) + "\n"));
            let export = alice.fact(
                "export",
                ["export-bundle", "--to", "bob", &place.stick("s")],
            );
            // age adds a stanza of random length.
            export["bytes"].as_u64().unwrap() / 4096
        })
        .collect();
    assert!(sizes.windows(2).all(|pair| pair[0] == pair[1]), "{sizes:?}");
}

/// Threat 18: Bob's key is stolen, and taken back with what he knows of its feed. Who gets thief's work and revocation in
/// one bundle never sees the work; who had it loses it; the thief's own bundles are refused.
#[test]
fn a_revocation_goes_before_what_it_revokes() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let carol = place.home("carol");
    alice.admit(&carol, "carol");
    let meet = |one: &Home, other: &Home, name: &str| {
        let stick = place.stick(name);
        for home in [one, other, one, other] {
            // Nobody carries the thief's sealed bundles on, which would be refused where they arrive.
            let mut command = home.command(["courier", &stick]);
            let output = command.env("OKIBI_CARRY_MIB", "0").output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
    };
    meet(&alice, &bob, "ab");
    meet(&alice, &carol, "ac");
    bob.share_document("Honest", &place.file("honest.txt", "before the theft\n"));
    meet(&bob, &alice, "ab2");
    meet(&alice, &carol, "ac2");
    let thief = place.home("thief");
    bob.copy(&thief.path);
    // A thief is not kept from writing by a note in the home.
    let db = rusqlite::Connection::open(thief.path.join("okibi.db")).unwrap();
    db.execute("DELETE FROM meta WHERE key IN ('place', 'stopped')", [])
        .unwrap();
    drop(db);
    thief.share_document("Evil", &place.file("evil.txt", "by the thief\n"));
    meet(&thief, &carol, "tc");
    let titles = |home: &Home| -> Vec<String> {
        let documents = home.facts("document", ["library", "list"]);
        documents
            .iter()
            .map(|it| it["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(titles(&carol).contains(&"Evil".to_owned()));
    let run = bob.run(["key", "revoke"]);
    assert!(run.err.contains("--yes"), "{run:#?}");
    bob.ok(["key", "revoke", "--yes"]);
    bob.share_document("Good", &place.file("good.txt", "after it\n"));
    // Carol had it: it goes. Alice gets both from Carol at once: it never comes.
    meet(&bob, &carol, "bc");
    assert!(
        !titles(&carol).contains(&"Evil".to_owned()),
        "{:?}",
        titles(&carol)
    );
    meet(&carol, &alice, "ca");
    for home in [&alice, &carol] {
        let titles = titles(home);
        assert!(!titles.contains(&"Evil".to_owned()), "{titles:?}");
        for title in ["Honest", "Good"] {
            assert!(titles.contains(&title.to_owned()), "{titles:?}");
        }
    }
    assert_eq!(alice.hashes(), bob.hashes());
    assert_eq!(carol.hashes(), bob.hashes());
    // What the thief signs from now on is not even opened for its content.
    let late = place.stick("late");
    thief.ok(["export-bundle", "--to", "alice", "--full", &late]);
    let run = alice.run(["import-bundle", &late]);
    assert_eq!(run.status.code(), Some(12), "{run:#?}");
    assert!(run.err.contains("revoked"), "{run:#?}");
    assert_eq!(alice.hashes(), bob.hashes());
}
