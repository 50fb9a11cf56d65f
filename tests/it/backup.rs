//! `okibi backup` and `restore`, and threat 26: whatever comes of a copy of a home, its owner never forks.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::homes::{Home, Place};

const WORDS: &str = "correct horse battery staple\n";

fn scene() -> (Place, Home, Home, String) {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    alice.share_document("Note", &place.file("note.txt", "a note about nothing\n"));
    let words = place.file("words", WORDS);
    (place, alice, bob, words)
}

fn backup(home: &Home, place: &Place, name: &str, words: &str) -> String {
    let path = place.path(name).to_str().unwrap().to_owned();
    home.ok(["backup", &path, "--passphrase-file", words]);
    path
}

/// Moves everything both ways.
fn meet(place: &Place, one: &Home, other: &Home) {
    let stick = place.stick("meeting");
    for _ in 0..2 {
        one.ok(["courier", &stick]);
        other.ok(["courier", &stick]);
    }
    one.ok(["courier", &stick]);
}

fn forks(home: &Home) -> usize {
    let status = home.fact("status", ["status"]);
    let circles = status["circles"].as_array().unwrap().iter();
    circles
        .map(|it| it["forked"].as_array().unwrap().len())
        .sum()
}

fn sign_key(home: &Home) -> String {
    home.fact("key", ["key", "show"])["sign"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_restored_home_is_the_same_node_with_a_new_feed() {
    let (place, alice, bob, words) = scene();
    meet(&place, &alice, &bob);
    let file = backup(&alice, &place, "alice.backup", &words);
    // What comes after the backup reaches Bob, and then the home is lost.
    alice.share_document("Later", &place.file("later.txt", "written later\n"));
    meet(&place, &alice, &bob);
    let (key, fingerprint) = (
        sign_key(&alice),
        alice.fact("key", ["key", "show"])["root"].clone(),
    );
    let hashes = alice.hashes();
    std::fs::remove_dir_all(&alice.path).unwrap();
    let restored = alice.fact("restore", ["restore", &file, "--passphrase-file", &words]);
    assert_eq!(
        (&restored["new_feed"], &restored["root"]),
        (&true.into(), &fingerprint)
    );
    assert_ne!(sign_key(&alice), key);
    assert_eq!(alice.ails(), [] as [String; 0]);
    // It writes at once, where the lost life has written, too.
    alice.share_document("Again", &place.file("again.txt", "a new life\n"));
    meet(&place, &alice, &bob);
    assert_eq!((forks(&alice), forks(&bob)), (0, 0));
    assert_eq!(alice.hashes(), bob.hashes());
    assert_ne!(alice.hashes(), hashes);
    let titles: Vec<String> = alice
        .facts("document", ["library", "list"])
        .iter()
        .map(|it| it["title"].as_str().unwrap().to_owned())
        .collect();
    for title in ["Note", "Later", "Again"] {
        assert!(titles.iter().any(|it| it == title), "{title}: {titles:?}");
    }
}

#[test]
fn a_backup_restores_into_an_empty_place_only() {
    let (place, alice, _bob, words) = scene();
    let file = backup(&alice, &place, "alice.backup", &words);
    let run = alice.run(["restore", &file, "--passphrase-file", &words, "--json"]);
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
    assert_eq!(run.json().last().unwrap()["code"], "restore-not-empty");
    // An empty folder will do, and nothing is left beside it.
    let other = place.home("other");
    std::fs::create_dir(&other.path).unwrap();
    other.ok(["restore", &file, "--passphrase-file", &words]);
    let beside: Vec<_> = std::fs::read_dir(place.path("")).unwrap().collect();
    assert!(beside.iter().all(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        !name.to_string_lossy().contains("restoring")
    }));
    // A wrong passphrase, no passphrase, no backup at all.
    let wrong = place.file("wrong", "another one\n");
    let third = place.home("third");
    let code = |args: &[&str]| {
        let run = third.run(args);
        assert!(!third.path.exists(), "{run:#?}");
        run.status.code()
    };
    assert_eq!(
        code(&["restore", &file, "--passphrase-file", &wrong]),
        Some(12)
    );
    assert_eq!(code(&["restore", &file]), Some(19));
    let bundle = place.path("bundle.okb").to_str().unwrap().to_owned();
    alice.ok(["export-bundle", "--passphrase-file", &words, "-o", &bundle]);
    assert_eq!(
        code(&["restore", &bundle, "--passphrase-file", &words]),
        Some(12)
    );
    assert_eq!(
        code(&["restore", "absent", "--passphrase-file", &words]),
        Some(1)
    );
}

#[test]
fn a_damaged_backup_leaves_nothing() {
    let (place, alice, _bob, _) = scene();
    // An age key instead of a passphrase: each try is cheap.
    let identity = place.path("id").to_str().unwrap().to_owned();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f", &identity])
        .status();
    assert!(made.unwrap().success());
    let file = place.path("alice.backup");
    let name = file.to_str().unwrap();
    alice.ok(["backup", name, "--to", &format!("{identity}.pub")]);
    let bytes = std::fs::read(&file).unwrap();
    let other = place.home("other");
    let refused = |changed: &[u8], what: &str| {
        std::fs::write(&file, changed).unwrap();
        let run = other.run(["restore", name, "--identity", &identity]);
        assert!(
            matches!(run.status.code(), Some(10 | 12)),
            "{what}: {run:#?}"
        );
        assert!(!other.path.exists(), "{what}");
    };
    for part in 0..12 {
        let mut changed = bytes.clone();
        let at = (bytes.len() - 1) * part / 11;
        changed[at] ^= 1;
        refused(&changed, &format!("flip at {at}"));
        refused(&bytes[..at], &format!("cut at {at}"));
    }
    refused(&[&bytes[..], b"x"].concat(), "one byte more");
    std::fs::write(&file, &bytes).unwrap();
    other.ok(["restore", name, "--identity", &identity]);
}

/// Stock tools open it, and a hostile archive under the same key writes nowhere.
#[test]
fn stock_tools_open_it_and_foreign_members_are_refused() {
    let (place, alice, _bob, _) = scene();
    let identity = place.path("id").to_str().unwrap().to_owned();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f", &identity])
        .status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(format!("{identity}.pub")).unwrap();
    let file = place.path("alice.backup");
    let name = file.to_str().unwrap();
    alice.ok(["backup", name, "--to", public.trim()]);
    let folder = place.path("open");
    std::fs::create_dir(&folder).unwrap();
    let script = "age -d -i \"$1\" \"$2\" | tar -xf - && sha256sum --quiet -c 99-SUMS";
    let output = Command::new("sh")
        .args(["-e", "-c", script, "sh", &identity, name])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(folder.join("okibi.db").is_file() && folder.join("keys").is_dir());
    // Built anew with a member that has no business there.
    let other = place.home("other");
    for extra in [
        "ln -s /tmp link",
        "mkdir -p keys; echo x > keys/run.sh",
        "echo x > blobs/x",
    ] {
        let script =
            format!("{extra}; tar -cf - 00-BACKUP okibi.db * | age -R \"$1.pub\" > \"$2\"");
        let output = Command::new("sh")
            .args(["-e", "-c", &script, "sh", &identity, name])
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let run = other.run(["restore", name, "--identity", &identity]);
        assert_eq!(run.status.code(), Some(12), "{extra}: {run:#?}");
        assert!(!other.path.exists());
    }
}

#[test]
fn keys_may_stay_elsewhere() {
    let (place, alice, _bob, words) = scene();
    let file = place.path("alice.backup").to_str().unwrap().to_owned();
    alice.ok([
        "backup",
        &file,
        "--passphrase-file",
        &words,
        "--without-keys",
    ]);
    let other = place.home("other");
    let restored = other.fact("restore", ["restore", &file, "--passphrase-file", &words]);
    assert_eq!(
        (&restored["keys"], &restored["new_feed"]),
        (&0.into(), &false.into())
    );
    assert_eq!(other.run(["key", "card"]).status.code(), Some(0));
    other.ok(["status"]);
    let note = place.file("n.txt", "n\n");
    other.ok(["library", "add", &note]);
    let run = other.run(["library", "share", "n"]);
    assert_eq!(run.status.code(), Some(19), "{run:#?}");
    assert_eq!(other.run(["key", "new-feed"]).status.code(), Some(19));
    crate::homes::copy(&alice.path.join("keys"), &other.path.join("keys"));
    // With the keys it still waits for the word of its owner.
    assert_eq!(other.run(["library", "share", "n"]).status.code(), Some(1));
    other.ok(["key", "new-feed"]);
    other.ok(["library", "share", "n"]);
}

/// Others write while the backup is made: what comes out is one moment of the home.
#[test]
fn a_backup_of_a_home_in_use_is_consistent() {
    let (place, alice, _bob, words) = scene();
    let writers: Vec<_> = (0..3)
        .map(|at| {
            let path = place.file(&format!("d{at}.txt"), format!("document {at}\n"));
            let home = alice.clone();
            std::thread::spawn(move || {
                home.ok(["library", "add", &path]);
                home.ok(["library", "share", &format!("d{at}")]);
            })
        })
        .collect();
    let files: Vec<_> = (0..3)
        .map(|at| backup(&alice, &place, &format!("b{at}"), &words))
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    for (at, file) in files.iter().enumerate() {
        let home = place.home(&format!("r{at}"));
        home.ok(["restore", file, "--passphrase-file", &words]);
        assert_eq!(home.ails(), [] as [String; 0]);
        home.ok(["audit", "--verify"]);
    }
    assert!(alice.staged().is_empty());
}

/// Threat 26: a home that was copied beside the first. Both are used; nobody forks.
#[test]
fn a_cloned_home_is_detected_and_opens_a_new_feed() {
    let (place, alice, bob, _) = scene();
    meet(&place, &alice, &bob);
    let clone = place.home("clone");
    alice.copy(&clone.path);
    assert!(clone.ails().contains(&"doctor-home-moved".to_owned()));
    assert_eq!(alice.ails(), [] as [String; 0]);
    let path = place.file("clone.txt", "by the clone\n");
    clone.ok(["library", "add", &path]);
    let run = clone.run(["library", "share", "clone", "--json"]);
    assert_eq!(
        run.json().last().unwrap()["code"],
        "feed-stopped",
        "{run:#?}"
    );
    clone.ok(["key", "new-feed"]);
    clone.ok(["library", "share", "clone"]);
    alice.share_document("Mine", &place.file("mine.txt", "by the first\n"));
    meet(&place, &alice, &bob);
    meet(&place, &clone, &bob);
    meet(&place, &alice, &bob);
    for home in [&alice, &bob, &clone] {
        assert_eq!(forks(home), 0);
    }
    // Acknowledgements are a root's, so one home has spoken for both: the other asks for everything.
    let stick = place.stick("full");
    bob.ok(["export-bundle", "--to", "alice", "--full", &stick]);
    alice.ok(["import-bundle", &stick]);
    assert_eq!(forks(&alice), 0);
    assert_eq!(alice.hashes(), bob.hashes());
}

/// The same folder on another machine: only its machine id tells.
#[test]
fn a_home_on_another_machine_is_detected() {
    let (place, alice, _bob, _) = scene();
    let id = place.file("machine-id", "0123456789abcdef0123456789abcdef\n");
    let script = r#"mount --bind "$1" /etc/machine-id || exit 99; shift; exec "$@""#;
    let command = alice.command(["doctor", "--json"]);
    let mut shell = Command::new("unshare");
    shell.args(["-m", "sh", "-c", script, "sh", &id]);
    shell
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let output = shell.output();
    let mounted = output.as_ref().is_ok_and(|it| it.status.success());
    if !mounted {
        assert!(std::env::var_os("CI").is_none(), "{output:?}");
        eprintln!("SKIPPED: a machine id of its own needs root");
        return;
    }
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(said.contains("doctor-home-moved"), "{said}");
}

/// A machine that was set back to a snapshot, folder, id and all: its peers know more of its feed than it does.
#[test]
fn a_home_that_was_set_back_stops_once_a_peer_knows_better() {
    let (place, alice, bob, _) = scene();
    meet(&place, &alice, &bob);
    let before = place.path("snapshot");
    alice.copy(&before);
    alice.share_document("Lost", &place.file("lost.txt", "forgotten\n"));
    meet(&place, &alice, &bob);
    std::fs::remove_dir_all(&alice.path).unwrap();
    crate::homes::copy(&before, &alice.path);
    // Bob's acknowledgement tells.
    let stick = place.stick("other");
    bob.ok(["export-bundle", "--to", "alice", "--full", &stick]);
    alice.ok(["import-bundle", &stick]);
    alice.ok(["library", "add", &place.file("new.txt", "new\n")]);
    let run = alice.run(["library", "share", "new", "--json"]);
    // What Bob had came with it, so the feed goes on above; nothing is written twice.
    if !run.status.success() {
        assert_eq!(
            run.json().last().unwrap()["code"],
            "feed-stopped",
            "{run:#?}"
        );
        alice.ok(["key", "new-feed"]);
        alice.ok(["library", "share", "new"]);
    }
    meet(&place, &alice, &bob);
    assert_eq!((forks(&alice), forks(&bob)), (0, 0));
    assert_eq!(alice.hashes(), bob.hashes());
}

fn with_words(home: &Home, words: &str, args: &[&str]) -> std::process::Output {
    let mut command = home.command(args);
    command
        .env("OKIBI_PASSPHRASE_FILE", words)
        .output()
        .unwrap()
}

fn root_files(home: &Home) -> Vec<String> {
    let entries = std::fs::read_dir(home.path.join("keys")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("root-")).collect();
    names.sort();
    names
}

#[test]
fn a_root_under_a_passphrase() {
    let (place, alice, bob, words) = scene();
    meet(&place, &alice, &bob);
    alice.ok(["key", "passphrase", "set", "--passphrase-file", &words]);
    let [file] = root_files(&alice).try_into().unwrap();
    assert!(file.ends_with(".age"));
    assert_eq!(
        alice.fact("key", ["key", "show"])["root_kept"],
        "passphrase"
    );
    assert_eq!(alice.ails(), [] as [String; 0]);
    // Everything but statements about keys goes on.
    alice.share_document("More", &place.file("more.txt", "more words\n"));
    meet(&place, &alice, &bob);
    let run = alice.run(["key", "rotate", "--json"]);
    assert_eq!(run.status.code(), Some(19), "{run:#?}");
    assert_eq!(run.json().last().unwrap()["code"], "key-locked");
    let wrong = place.file("wrong", "something else\n");
    assert_eq!(
        with_words(&alice, &wrong, &["key", "rotate"]).status.code(),
        Some(19)
    );
    let key = sign_key(&alice);
    assert!(
        with_words(&alice, &words, &["key", "rotate"])
            .status
            .success()
    );
    assert_ne!(sign_key(&alice), key);
    // Another passphrase needs the one before; and back in clear.
    let other = place.file("other", "another one\n");
    let set = ["key", "passphrase", "set", "--passphrase-file", &other];
    assert_eq!(alice.run(set).status.code(), Some(19));
    assert!(with_words(&alice, &words, &set).status.success());
    assert!(
        !with_words(&alice, &words, &["key", "passphrase", "remove"])
            .status
            .success()
    );
    assert!(
        with_words(&alice, &other, &["key", "passphrase", "remove"])
            .status
            .success()
    );
    let [file] = root_files(&alice).try_into().unwrap();
    assert!(file.ends_with(".key"));
    alice.ok(["key", "rotate"]);
}

/// Restored while the root is locked: it reads; a spare key lets it write, decisions wait for the root.
#[test]
fn a_restored_home_with_a_locked_root_goes_on_with_its_spare_key() {
    let (place, alice, bob, words) = scene();
    alice.ok(["key", "passphrase", "set", "--passphrase-file", &words]);
    meet(&place, &alice, &bob);
    let file = backup(&alice, &place, "alice.backup", &words);
    alice.share_document("Later", &place.file("later.txt", "written later\n"));
    meet(&place, &alice, &bob);
    std::fs::remove_dir_all(&alice.path).unwrap();
    let restored = alice.fact("restore", ["restore", &file, "--passphrase-file", &words]);
    assert_eq!(restored["new_feed"], false);
    assert!(alice.ails().contains(&"doctor-home-restored".to_owned()));
    alice.ok(["library", "add", &place.file("new.txt", "new\n")]);
    assert_eq!(
        alice.run(["library", "share", "new"]).status.code(),
        Some(1)
    );
    assert_eq!(alice.run(["key", "new-feed"]).status.code(), Some(19));
    alice.ok(["key", "new-feed", "--spare"]);
    assert_eq!(alice.ails(), ["doctor-spare"]);
    alice.ok(["library", "share", "new"]);
    meet(&place, &alice, &bob);
    assert_eq!((forks(&alice), forks(&bob)), (0, 0));
    assert_eq!(alice.hashes(), bob.hashes());
    // A spare key decides nothing.
    let carol = place.home("carol").ok(["key", "card"]).out;
    let admit = ["circle", "admit", carol.trim(), "--name", "carol", "--yes"];
    let run = alice.run(admit.iter().chain(&["--json"]));
    assert_eq!(run.status.code(), Some(19), "{run:#?}");
    assert_eq!(run.json().last().unwrap()["code"], "spare-only");
    // A spare key serves once.
    let run = alice.run(["key", "new-feed", "--spare"]);
    assert_eq!(run.status.code(), Some(19), "{run:#?}");
    assert!(
        with_words(&alice, &words, &["key", "rotate"])
            .status
            .success()
    );
    alice.ok(admit);
    meet(&place, &alice, &bob);
    assert_eq!((forks(&alice), forks(&bob)), (0, 0));
    assert_eq!(alice.hashes(), bob.hashes());
    assert_eq!(alice.ails(), [] as [String; 0]);
}

/// A plugin as age knows them: it "locks" by turning every byte around and needs a PIN for nothing.
const PLUGIN: &str = r#"#!/usr/bin/env python3
import base64, sys
def enc(b): return base64.b64encode(b).decode().rstrip('=')
def dec(s): return base64.b64decode(s + '=' * (-len(s) % 4))
def read():
    line = sys.stdin.readline().rstrip('\n')
    assert line.startswith('-> '), line
    args, body = line[3:].split(' '), ''
    while True:
        part = sys.stdin.readline().rstrip('\n')
        body += part
        if len(part) < 64: return args, dec(body)
def send(args, body=b''):
    text = enc(body)
    lines = [text[i:i + 64] for i in range(0, len(text), 64)] or ['']
    if len(lines[-1]) == 64: lines.append('')
    print('-> ' + ' '.join(args)); print('\n'.join(lines), flush=True)
turn = lambda b: bytes(255 - x for x in b)
machine, keys, stanzas = sys.argv[1].split('=')[1], [], []
while True:
    args, body = read()
    if args[0] == 'done': break
    if args[0] == 'wrap-file-key': keys.append(body)
    if args[0] == 'recipient-stanza': stanzas.append((args[1], args[2], body))
if machine == 'recipient-v1':
    for at, key in enumerate(keys):
        send(['recipient-stanza', str(at), 'fake'], turn(key)); read()
else:
    for at, tag, body in stanzas:
        if tag == 'fake':
            send(['file-key', at], turn(body)); read()
send(['done'])
"#;

#[test]
fn a_root_under_an_age_plugin() {
    use std::os::unix::fs::PermissionsExt;
    let (place, alice, _bob, _) = scene();
    let folder = place.path("plugins");
    std::fs::create_dir(&folder).unwrap();
    let program = folder.join("age-plugin-fake");
    let mut file = std::fs::File::create(&program).unwrap();
    file.write_all(PLUGIN.as_bytes()).unwrap();
    drop(file);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let line = |prefix: &str| {
        let hrp = bech32::Hrp::parse(prefix).unwrap();
        bech32::encode::<bech32::Bech32>(hrp, b"fake").unwrap()
    };
    let identity = line("age-plugin-fake-").to_uppercase();
    let identity = place.file("fake.txt", format!("# made by a test\n{identity}\n"));
    let recipient = line("age1fake");
    let old = std::env::var_os("PATH").unwrap_or_default();
    let paths: Vec<PathBuf> = [folder]
        .into_iter()
        .chain(std::env::split_paths(&old))
        .collect();
    let path = std::env::join_paths(paths).unwrap();
    let args = [
        "key",
        "plugin",
        "--recipient",
        &recipient,
        "--identity",
        &identity,
    ];
    // Without the program nothing changes.
    let run = alice.run(args);
    assert_eq!(run.status.code(), Some(1), "{run:#?}");
    assert!(root_files(&alice)[0].ends_with(".key"));
    let with = |args: &[&str]| alice.command(args).env("PATH", &path).output().unwrap();
    let output = with(&args);
    assert!(output.status.success(), "{output:?}");
    let files = root_files(&alice);
    assert!(files.len() == 2 && files[0].ends_with(".age") && files[1].ends_with(".identity"));
    assert_eq!(
        alice.fact("key", ["key", "show"])["root_kept"],
        "plugin fake"
    );
    assert_eq!(alice.run(["key", "rotate"]).status.code(), Some(19));
    assert!(with(&["key", "rotate"]).status.success());
    assert!(with(&["key", "passphrase", "remove"]).status.success());
    assert!(root_files(&alice)[0].ends_with(".key"));
}
