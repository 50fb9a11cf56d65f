//! Whose a backup is, and what of it decides about others: signed by the identity that it holds, its settings about
//! networks and secrets left behind.

use std::path::Path;
use std::process::Command;

use crate::homes::{Home, Place};

/// An SSH key that backups are encrypted to: each try is cheap.
fn recipient(place: &Place) -> String {
    let identity = place.path("id").to_str().unwrap().to_owned();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f", &identity])
        .status();
    assert!(made.unwrap().success());
    identity
}

fn backup(home: &Home, file: &str, identity: &str) {
    home.ok(["backup", file, "--to", &format!("{identity}.pub")]);
}

/// Opens a backup, lets a script change it, and seals it again with its members in their order.
fn changed(file: &str, identity: &str, script: &str, at: &Path) {
    std::fs::create_dir(at).unwrap();
    let script = format!(
        "age -d -i \"$1\" \"$2\" > all.tar; tar -tf all.tar > names; tar -xf all.tar; {script}; \
         tar -cf - --no-recursion -T names | age -R \"$1.pub\" > \"$2\""
    );
    let output = Command::new("sh")
        .args(["-e", "-c", &script, "sh", identity, file])
        .current_dir(at)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Whoever knows the recipient can write such a file; without the identity's own signature it restores nothing.
#[test]
fn a_backup_that_its_identity_did_not_sign_is_refused() {
    let place = Place::new();
    let (alice, _bob) = place.alice_and_bob();
    let identity = recipient(&place);
    let file = place.path("a.backup").to_str().unwrap().to_owned();
    let forged = [
        // Not signed, signed over something else, another list, another first member.
        "sed -i '/99-SUMS.sig/d' names",
        "tr 0-9 1-90 < 99-SUMS.sig > x; mv x 99-SUMS.sig",
        "echo >> keys/$(ls keys | head -1); sha256sum $(grep -v -e 00-B -e 99-S names) > 99-SUMS",
        "sed -i 's/^made: .*/made: 9999999999999/' 00-BACKUP",
        "sed -i '/^certificate/d' 00-BACKUP",
    ];
    for (number, script) in forged.iter().enumerate() {
        backup(&alice, &file, &identity);
        changed(
            &file,
            &identity,
            script,
            &place.path(&format!("open-{number}")),
        );
        let other = place.home("other");
        let run = other.run(["restore", &file, "--identity", &identity]);
        assert_eq!(run.status.code(), Some(12), "{script}: {run:#?}");
        assert!(!other.path.exists(), "{script}");
    }
    // The same road without a change works: it is the signature that decides.
    backup(&alice, &file, &identity);
    changed(&file, &identity, "true", &place.path("open"));
    place
        .home("other")
        .ok(["restore", &file, "--identity", &identity]);
}

/// A file of somebody else's home for the same recipient: it is his, and that is said; asked for mine it is refused.
#[test]
fn whose_a_backup_is_is_said_and_may_be_asked_for() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let identity = recipient(&place);
    let file = place.path("a.backup").to_str().unwrap().to_owned();
    let print = |home: &Home| {
        home.fact("key", ["key", "show"])["fingerprint"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (hers, his) = (print(&alice), print(&bob));
    backup(&bob, &file, &identity);
    let other = place.home("other");
    let run = other.run(["restore", &file, "--identity", &identity, "--of", &hers]);
    assert_eq!(run.status.code(), Some(12), "{run:#?}");
    assert!(run.err.contains(&his) && !other.path.exists(), "{run:#?}");
    let run = other.ok(["restore", &file, "--identity", &identity, "--of", &his[..9]]);
    assert_eq!(run.out.lines().nth(1).unwrap().trim(), his, "{run:#?}");
}

#[test]
fn settings_about_others_come_out_of_a_backup_only_when_asked_for() {
    let place = Place::new();
    let home = place.home("home");
    home.ok(["status"]);
    let config = "[network]\nn0 = true\nrelays = \"https://relay.evil.example\"\n\
                  [keys]\npassphrase-file = \"/tmp/x\"\n[chat]\ntop-k = 7\n";
    std::fs::write(home.path.join("config.toml"), config).unwrap();
    let identity = recipient(&place);
    let file = place.path("a.backup").to_str().unwrap().to_owned();
    backup(&home, &file, &identity);
    let restore = |name: &str, more: &[&str]| {
        let other = place.home(name);
        let args = ["restore", &file, "--identity", &identity];
        let told = other.fact("restore", args.iter().chain(more));
        let text = std::fs::read_to_string(other.path.join("config.toml")).unwrap();
        (told["left_out"].clone(), text)
    };
    let (left, text) = restore("careful", &[]);
    assert_eq!(left, serde_json::json!(["network", "keys"]));
    assert!(
        text.contains("top-k = 7") && !text.contains("relay") && !text.contains("/tmp/x"),
        "{text}"
    );
    let (left, text) = restore("asked", &["--with-network-settings"]);
    assert_eq!((left, text.as_str()), (serde_json::json!([]), config));
}

/// The end of the trail, cut off: `--verify` tells, and prints the last hash where nothing was.
#[test]
fn a_trail_without_its_end_is_told() {
    let place = Place::new();
    let (alice, _bob) = place.alice_and_bob();
    alice.share_document("Note", &place.file("note.txt", "a note about nothing\n"));
    let stick = place.stick("stick");
    alice.ok(["courier", &stick]);
    let whole = alice.fact("audit-verified", ["audit", "--verify"]);
    assert!(whole["lines"].as_u64().unwrap() > 1);
    assert_eq!(whole["head"].as_str().unwrap().len(), 64);
    let db = rusqlite::Connection::open(alice.path.join("okibi.db")).unwrap();
    db.execute("DELETE FROM audit WHERE sequence > 1", [])
        .unwrap();
    drop(db);
    let run = alice.run(["audit", "--verify"]);
    assert_eq!(run.status.code(), Some(1), "{run:#?}");
}
