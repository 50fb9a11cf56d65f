//! A release of okibi that travels with a circle: shared with its signature, written out, never executed.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::homes::{Home, Place};

/// A release file and its signature for this namespace.
fn release(place: &Place, name: &str, namespace: &str) -> (String, String) {
    let key = place.path("release-key");
    if !key.exists() {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key)
            .status();
        assert!(made.unwrap().success());
    }
    // If anything ran it, this would show.
    let script = format!(
        "#!/bin/sh\n# {name}\ntouch '{}'\n",
        place.path("executed").display()
    );
    let file = place.file(name, script);
    let signature = format!("{file}.sig");
    let _ = std::fs::remove_file(&signature);
    let signed = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
        .arg(&key)
        .arg(&file)
        .status();
    assert!(signed.unwrap().success());
    (file, signature)
}

fn share(home: &Home, file: &str, signature: &str) -> Option<i32> {
    let run = home.run(["update", "--share", file, "--signature", signature]);
    run.status.code()
}

#[test]
fn a_release_is_carried_written_out_and_checked_by_hand() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let (file, signature) = release(&place, "okibi-99.0.0-x86_64-linux", "okibi-release@v1");
    assert_eq!(share(&alice, &file, &signature), Some(0));
    assert_eq!(share(&alice, &file, &signature), Some(1));
    let stick = place.stick("stick");
    alice.ok(["courier", &stick]);
    bob.ok(["courier", &stick]);
    // It is no document to read.
    assert!(bob.facts("document", ["library", "list"]).is_empty());
    assert_eq!(bob.fact("release", ["update"])["here"], true);
    let out = place.path("out");
    std::fs::create_dir(&out).unwrap();
    let folder = out.to_str().unwrap();
    // Whose it is Bob does not know: nothing is taken unasked.
    let run = bob.run(["update", "--extract", folder]);
    assert_eq!(run.status.code(), Some(12), "{run:#?}");
    assert!(run.err.contains("ssh-ed25519 AAAA"), "{run:#?}");
    let key = std::fs::read_to_string(place.path("release-key.pub")).unwrap();
    let run = bob.ok(["update", "--extract", folder, "--key", key.trim()]);
    assert!(run.out.contains("ssh-keygen -Y verify"), "{run:#?}");
    let written = out.join("okibi-99.0.0-x86_64-linux");
    assert_eq!(
        std::fs::read(&written).unwrap(),
        std::fs::read(&file).unwrap()
    );
    assert_eq!(
        std::fs::metadata(&written).unwrap().permissions().mode() & 0o111,
        0
    );
    // What the command says, done.
    let public = std::fs::read_to_string(place.path("release-key.pub")).unwrap();
    place.file("allowed", format!("okibi {public}"));
    let script = format!(
        "ssh-keygen -Y verify -f allowed -I okibi -n okibi-release@v1 -s '{0}.sig' < '{0}'",
        written.display()
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(place.path(""))
        .output();
    assert!(output.unwrap().status.success());
    // Nothing is overwritten.
    assert_eq!(
        bob.run(["update", "--extract", folder]).status.code(),
        Some(1)
    );
    assert!(!place.path("executed").exists());
}

#[test]
fn what_is_no_release_is_refused() {
    let place = Place::new();
    let (alice, _bob) = place.alice_and_bob();
    let (file, signature) = release(&place, "okibi-99.0.0-linux", "file");
    assert_eq!(share(&alice, &file, &signature), Some(12));
    let (file, signature) = release(&place, "okibi-99.0.0-linux", "okibi-release@v1");
    let other = place.file("okibi-99.0.1-linux", "another file\n");
    assert_eq!(share(&alice, &other, &signature), Some(12));
    let (emacs, signed) = release(&place, "emacs-99.0.0", "okibi-release@v1");
    assert_eq!(share(&alice, &emacs, &signed), Some(2));
    assert_eq!(share(&alice, &file, "absent"), Some(1));
    assert!(
        alice
            .ok(["update", "--json"])
            .json()
            .iter()
            .all(|it| it["type"] != "release")
    );
}

/// Threat 7, for programs: an older one is stored and inert; who asks for it is told with 13.
#[test]
fn an_older_release_is_13() {
    let place = Place::new();
    let (alice, _bob) = place.alice_and_bob();
    let (file, signature) = release(&place, "okibi-0.0.1-linux", "okibi-release@v1");
    assert_eq!(share(&alice, &file, &signature), Some(0));
    let out = place.stick("out");
    let run = alice.run(["update", "--extract", &out, "--json"]);
    assert_eq!(run.status.code(), Some(13), "{run:#?}");
    assert_eq!(run.json().last().unwrap()["code"], "release-lower");
    alice.ok(["update", "--extract", &out, "--older"]);
    // The newest is taken when none is named.
    let (file, signature) = release(&place, "okibi-99.10.0-linux", "okibi-release@v1");
    assert_eq!(share(&alice, &file, &signature), Some(0));
    let (file, signature) = release(&place, "okibi-99.9.0-linux", "okibi-release@v1");
    assert_eq!(share(&alice, &file, &signature), Some(0));
    let newest = alice.fact("release", ["update", "--extract", &out]);
    assert_eq!(newest["name"], "okibi-99.10.0-linux");
}

/// Somebody else's release is no newer one, whatever its number is.
#[test]
fn the_confirmed_key_goes_before_the_highest_number() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let (file, signature) = release(&place, "okibi-98.0.0-linux", "okibi-release@v1");
    assert_eq!(share(&alice, &file, &signature), Some(0));
    let key = std::fs::read_to_string(place.path("release-key.pub")).unwrap();
    std::fs::remove_file(place.path("release-key")).unwrap();
    let (file, signature) = release(&place, "okibi-99.0.0-linux", "okibi-release@v1");
    assert_eq!(share(&alice, &file, &signature), Some(0));
    let stick = place.stick("stick");
    alice.ok(["courier", &stick]);
    bob.ok(["courier", &stick]);
    let out = place.stick("out");
    let args = ["update", "--extract", &out, "--key", key.trim()];
    let taken = bob.fact("release", args);
    assert_eq!(taken["name"], "okibi-98.0.0-linux");
    let named = ["update", "--extract", &out, "--name", "okibi-99.0.0-linux"];
    bob.ok(named);
}
