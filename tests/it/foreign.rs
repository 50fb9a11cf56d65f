//! Bundles for SSH keys and passphrases (docs/bundle-format.md, section 4): who opens them, what they hold, and
//! that threats 3, 4 and 5 hold for them as for members.

use std::io::{Read, Write};
use std::process::Command;

use okibi::bundle::tar;
use okibi::carrier::media::keyring::{Addressee, Secret};
use okibi::carrier::media::seal;
use secrecy::SecretString;

use crate::homes::{Home, Place};

/// Makes an SSH key pair; the paths of both halves. Every machine that tests okibi has ssh-keygen (`.ci/run`).
fn ssh_key(place: &Place, name: &str, kind: &[&str], passphrase: &str) -> (String, String) {
    let path = place.path(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-N", passphrase, "-C", "test", "-f"])
        .arg(&path)
        .args(kind)
        .status();
    assert!(made.is_ok_and(|status| status.success()), "ssh-keygen");
    let path = path.to_str().unwrap().to_owned();
    (path.clone(), format!("{path}.pub"))
}

fn scene() -> (Place, Home, Home) {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    alice.share_document("Note", &place.file("note.txt", "a note about nothing\n"));
    (place, alice, bob)
}

fn tar_of(bundle: &[u8], secret: &Secret) -> Vec<(String, Vec<u8>)> {
    let mut plain = Vec::new();
    let mut opened = seal::open(bundle, std::slice::from_ref(secret)).unwrap();
    opened.read_to_end(&mut plain).unwrap();
    let mut reader = tar::Reader::new(&plain[..]);
    let mut members = Vec::new();
    while let Some(member) = reader.next().unwrap() {
        let bytes = reader.whole(member.size).unwrap();
        members.push((member.name, bytes));
    }
    members
}

/// Seals these members to somebody else, the archive as it was.
fn sealed_for(members: &[(String, Vec<u8>)], to: Addressee) -> Vec<u8> {
    let mut tar = tar::Writer::new(seal::seal(Vec::new(), &[to]).unwrap());
    for (name, bytes) in members {
        tar.member(name, bytes).unwrap();
    }
    tar.finish().unwrap().finish().unwrap()
}

fn holds(members: &[(String, Vec<u8>)], suffix: &str) -> bool {
    members.iter().any(|(name, _)| name.ends_with(suffix))
}

#[test]
fn ssh_keys_open_what_is_written_for_them() {
    let (place, alice, bob) = scene();
    let (ed, ed_pub) = ssh_key(&place, "ed", &["-t", "ed25519"], "");
    let (rsa, rsa_pub) = ssh_key(&place, "rsa", &["-t", "rsa", "-b", "4096"], "");
    let (stranger, _) = ssh_key(&place, "stranger", &["-t", "ed25519"], "");
    let stick = place.stick("stick");
    let export = alice.fact(
        "export",
        [
            "export-bundle",
            "--to-ssh",
            &ed_pub,
            "--to-ssh",
            &rsa_pub,
            &stick,
        ],
    );
    assert!(export["to"].as_str().unwrap().contains("ssh-rsa SHA256:"));
    let slice = place
        .path("stick/okibi")
        .join(export["handle"].as_str().unwrap())
        .join("000.age");
    let bytes = std::fs::read(&slice).unwrap();
    for key in [&ed, &rsa] {
        let secret = Secret::ssh(&std::fs::read(key).unwrap(), None).unwrap();
        let members = tar_of(&bytes, &secret);
        assert!(holds(&members, "-statements.cborseq"));
        // A reader with nothing but age and tar gets the same.
        let age = Command::new("age")
            .args(["-d", "-i", key])
            .arg(&slice)
            .output();
        let plain = age.unwrap().stdout;
        assert!(plain.windows(7).any(|bytes| bytes == b"00-HEAD"));
    }
    // Whom it is not for: no key, another key.
    assert_eq!(bob.run(["import-bundle", &stick]).status.code(), Some(10));
    let other = bob.run(["import-bundle", &stick, "--ssh-key", &stranger]);
    assert_eq!(other.status.code(), Some(10), "{other:#?}");
    let seen = bob.fact("bundle", ["inspect-bundle", &stick, "--ssh-key", &rsa]);
    assert_eq!(seen["recipients"], 2);
    let taken = bob.fact("import", ["import-bundle", &stick, "--ssh-key", &ed]);
    assert_eq!(taken["documents"][0], "Note");
    assert_eq!(alice.hashes(), bob.hashes());
    // From now on bob is an ordinary recipient: the next bundle holds what is new.
    alice.ok(["import-bundle", &stick]);
    alice.share_document("More", &place.file("more.txt", "more words\n"));
    let next = place.stick("next");
    let export = alice.fact("export", ["export-bundle", "--to", "bob", &next]);
    assert_eq!(export["standalone"], false);
    bob.ok(["import-bundle", &next]);
    assert_eq!(alice.hashes(), bob.hashes());
}

/// A home that was never admitted gets nothing, whatever key it holds (threat 5).
#[test]
fn a_key_is_no_admission() {
    let (place, alice, _bob) = scene();
    let (key, public) = ssh_key(&place, "key", &["-t", "ed25519"], "");
    let file = place.path("bundle.okb");
    let name = file.to_str().unwrap();
    alice.ok(["export-bundle", "--to-ssh", &public, "-o", name]);
    let carol = place.home("carol");
    let run = carol.run(["import-bundle", name, "--ssh-key", &key]);
    assert_eq!(run.status.code(), Some(12), "{run:#?}");
    assert!(run.err.contains("never admitted"), "{run:#?}");
    assert!(
        carol
            .ok(["circle", "list", "--json"])
            .json()
            .iter()
            .all(|it| it["type"] != "circle")
    );
}

#[test]
fn a_locked_ssh_key_needs_its_passphrase() {
    let (place, alice, bob) = scene();
    let (key, public) = ssh_key(&place, "key", &["-t", "ed25519"], "words of the key");
    let file = place.path("bundle.okb");
    let name = file.to_str().unwrap();
    alice.ok(["export-bundle", "--to-ssh", &public, "-o", name]);
    let run = bob.run(["import-bundle", name, "--ssh-key", &key, "--json"]);
    assert_eq!(run.status.code(), Some(19), "{run:#?}");
    assert_eq!(run.json().last().unwrap()["code"], "passphrase-no-terminal");
    let locked = std::fs::read(&key).unwrap();
    let words = |text: &str| Some(SecretString::from(text));
    assert!(Secret::ssh(&locked, words("other words")).is_err());
    assert!(Secret::ssh(&locked, words("words of the key")).is_ok());
}

#[test]
fn a_passphrase_opens_its_bundle_and_no_other_does() {
    let (place, alice, bob) = scene();
    let words = place.file("words", "correct horse battery staple\nsecond line\n");
    let wrong = place.file("wrong", "incorrect horse\n");
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--passphrase-file", &words, &stick]);
    // It does not mix with keys.
    let mixed = alice.run([
        "export-bundle",
        "--to",
        "bob",
        "--passphrase-file",
        &words,
        &stick,
    ]);
    assert_eq!(mixed.status.code(), Some(2), "{mixed:#?}");
    let run = bob.run(["import-bundle", &stick, "--passphrase-file", &wrong]);
    assert_eq!(run.status.code(), Some(10), "{run:#?}");
    assert_eq!(bob.run(["import-bundle", &stick]).status.code(), Some(10));
    bob.ok(["import-bundle", &stick, "--passphrase-file", &words]);
    assert_eq!(alice.hashes(), bob.hashes());
    // Without a terminal nobody is asked.
    let run = alice.run(["export-bundle", "--passphrase", &stick, "--json"]);
    assert_eq!(run.status.code(), Some(19), "{run:#?}");
    let empty = place.file("empty", "\n");
    let run = alice.run(["export-bundle", "--passphrase-file", &empty, &stick]);
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
}

/// Threats 3 and 5: who can open a bundle seals another payload, or the same one to somebody else.
#[test]
fn what_a_reader_makes_of_it_is_refused() {
    let (place, alice, bob) = scene();
    let (key, public) = ssh_key(&place, "key", &["-t", "ed25519"], "");
    let (other, other_public) = ssh_key(&place, "other", &["-t", "ed25519"], "");
    let file = place.path("bundle.okb");
    let name = file.to_str().unwrap();
    alice.ok(["export-bundle", "--to-ssh", &public, "-o", name]);
    let secret = Secret::ssh(&std::fs::read(&key).unwrap(), None).unwrap();
    let members = tar_of(&std::fs::read(&file).unwrap(), &secret);
    let line = |path: &str| Addressee::ssh(&std::fs::read_to_string(path).unwrap()).unwrap();
    let refused = |bytes: &[u8], args: &[&str]| {
        let name = place.file("forged.okb", bytes);
        let run = bob.run(["import-bundle", &name].iter().chain(args));
        assert_eq!(run.status.code(), Some(12), "{run:#?}");
        assert!(bob.staged().is_empty());
    };
    // The same archive is fine.
    let same = sealed_for(&members, line(&public));
    let same = place.file("same.okb", same);
    bob.ok(["verify-bundle", &same, "--ssh-key", &key]);
    // Another payload below the true HEAD (threat 3).
    let mut changed = members.clone();
    let document = changed
        .iter_mut()
        .find(|(name, _)| name.starts_with("docs/"))
        .unwrap();
    document.1.reverse();
    refused(&sealed_for(&changed, line(&public)), &["--ssh-key", &key]);
    // The true archive, sealed to another key, to a passphrase, or to a member (threat 5).
    refused(
        &sealed_for(&members, line(&other_public)),
        &["--ssh-key", &other],
    );
    let words = place.file("words", "a passphrase\n");
    refused(
        &sealed_for(&members, Addressee::Passphrase("a passphrase".into())),
        &["--passphrase-file", &words],
    );
    let receive = receive_key(&bob);
    refused(&sealed_for(&members, receive.into()), &[]);
    // A bundle for one passphrase, sealed to another: HEAD means "a passphrase", its token does not open.
    alice.ok(["export-bundle", "--passphrase-file", &words, "-o", name]);
    let secret = Secret::Passphrase("a passphrase".into());
    let members = tar_of(&std::fs::read(&file).unwrap(), &secret);
    let second = place.file("second", "another one\n");
    refused(
        &sealed_for(&members, Addressee::Passphrase("another one".into())),
        &["--passphrase-file", &second],
    );
}

/// Threat 4: no signature, one of another algorithm, one for another purpose.
#[test]
fn a_head_without_a_signature_of_ours_is_refused() {
    let (place, alice, bob) = scene();
    let file = place.path("bundle.okb");
    alice.ok(["export-bundle", "--to", "bob", "-o", file.to_str().unwrap()]);
    let secret = own_secret(&bob);
    let members = tar_of(&std::fs::read(&file).unwrap(), &secret);
    let head = place.path("HEAD");
    std::fs::write(&head, &members[0].1).unwrap();
    let sign = |kind: &[&str], namespace: &str| {
        let name = format!("signer-{}-{namespace}", kind.join("-"));
        let (key, _) = ssh_key(&place, &name, kind, "");
        let made = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f", &key])
            .arg(&head)
            .status();
        assert!(made.unwrap().success());
        let path = place.path("HEAD.sig");
        let signature = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        signature
    };
    let signatures = [
        // Valid, and of a stranger; valid, for another purpose; another algorithm; none at all.
        sign(&["-t", "ed25519"], "okibi-bundle@v1"),
        sign(&["-t", "ed25519"], "file"),
        sign(&["-t", "rsa", "-b", "2048"], "okibi-bundle@v1"),
        sign(&["-t", "ecdsa"], "okibi-bundle@v1"),
        Vec::new(),
    ];
    for signature in signatures {
        let mut changed = members.clone();
        changed[1].1 = signature;
        let forged = place.file("forged.okb", sealed_for(&changed, receive_key(&bob).into()));
        let run = bob.run(["import-bundle", &forged]);
        assert_eq!(run.status.code(), Some(12), "{run:#?}");
    }
    let mut without = members.clone();
    without.remove(1);
    let forged = place.file("forged.okb", sealed_for(&without, receive_key(&bob).into()));
    assert_eq!(bob.run(["import-bundle", &forged]).status.code(), Some(12));
}

fn own_secret(home: &Home) -> Secret {
    let identity = home.fact("identity", ["key", "identity"])["identity"].clone();
    seal::secret_from_string(identity.as_str().unwrap())
        .unwrap()
        .into()
}

fn receive_key(home: &Home) -> [u8; 32] {
    match own_secret(home) {
        Secret::Receive(secret) => secret.public(),
        _ => unreachable!(),
    }
}

/// Work factors: 16 is written, 18 is tried, more is refused unread.
#[test]
fn a_passphrase_costs_what_the_table_says() {
    let sealed = |work: u8| {
        let mut recipient = age::scrypt::Recipient::new("words".to_owned().into());
        recipient.set_work_factor(work);
        let encryptor = age::Encryptor::with_recipients([&recipient as _].into_iter()).unwrap();
        let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
        writer.write_all(b"text").unwrap();
        writer.finish().unwrap()
    };
    let secret = || [Secret::Passphrase("words".into())];
    assert!(seal::open(&sealed(18)[..], &secret()).is_ok());
    assert!(seal::open(&sealed(19)[..], &secret()).is_err());
    let ours = seal::seal(Vec::new(), &[Addressee::Passphrase("words".into())]).unwrap();
    let ours = ours.finish().unwrap();
    let header = String::from_utf8_lossy(&ours).into_owned();
    let stanza = header.lines().nth(1).unwrap();
    assert!(
        stanza.starts_with("-> scrypt ") && stanza.ends_with(" 18"),
        "{stanza}"
    );
}
