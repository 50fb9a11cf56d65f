//! The commands of `README.txt` on the stick, run word for word with the real tools; and the other way
//! round, what those tools write is read here. A missing tool skips loudly, and fails where `CI` is
//! set. Threat 24 (differential) and the promise of the container: no okibi is needed to open one.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use okibi::bundle::sshsig::SshSig;
use okibi::bundle::{Kind, sshsig, tar};
use okibi::carrier::media::files::Files;
use okibi::carrier::media::medium::{Medium, README, scan};
use okibi::carrier::media::plan::{Content, Plan};
use okibi::carrier::media::read::{Source, inspect, stage};
use okibi::carrier::media::write::{Destination, write_bundle};
use okibi::carrier::media::{MediaError, Small, seal};
use okibi::identity::{ReceiveSecret, Signer, SigningSecret};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

/// Are these tools here? Says so if not.
pub fn have(tools: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let missing: Vec<_> = tools
        .iter()
        .filter(|tool| !std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()))
        .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "not installed: {missing:?}"
    );
    eprintln!("SKIPPED: not installed: {missing:?}");
    false
}

fn run(folder: &Path, command: &str) -> String {
    let output = Command::new("sh")
        .args(["-ec", command])
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}\n{text}\n{errors}");
    text
}

fn signer() -> SigningSecret {
    SigningSecret::from_bytes(&[42; 32])
}

fn receiver() -> ReceiveSecret {
    ReceiveSecret::from_bytes([1; 32])
}

/// `ssh-ed25519 AAAA...`: RFC 8709, section 4.
fn ssh_public(key: &[u8; 32]) -> String {
    let blob = [&b"\0\0\0\x0bssh-ed25519\0\0\0\x20"[..], key].concat();
    format!("ssh-ed25519 {}", data_encoding::BASE64.encode(&blob))
}

const RECORDS: [&[u8]; 2] = [b"\x43abc", b"\x44defg"];

/// A stick with one bundle of every kind of member; returns the handle.
fn export(root: &Path) -> String {
    let (stick, home) = (root.join("stick"), root.join("home"));
    fs::create_dir(&stick).unwrap();
    fs::create_dir(&home).unwrap();
    let content = |kind, bytes: &[u8]| {
        let blake3 = *blake3::hash(bytes).as_bytes();
        let path: PathBuf = home.join(data_encoding::HEXLOWER.encode(&blake3));
        fs::write(&path, bytes).unwrap();
        Content {
            kind,
            blake3,
            sha256: Sha256::digest(bytes).into(),
            size: bytes.len() as u64,
            path,
        }
    };
    let small = |name: &str| Small {
        name: name.to_owned(),
        bytes: name.as_bytes().to_vec(),
    };
    let plan = Plan {
        circle: [9; 32],
        certificate: b"certificate".to_vec(),
        sequence: 1,
        previous: None,
        standalone: true,
        trust: vec![small("trust/0000-genesis.cose")],
        acks: vec![small("acks/0000-ack.cose")],
        records: RECORDS
            .iter()
            .map(|item| Ok::<_, MediaError>(item.to_vec())),
        contents: vec![
            content(Kind::Document, b"# A document\n"),
            content(Kind::Blob, &vec![5; 100_000]),
        ],
        part_bytes: 60_000,
    };
    let mut seed = blake3::Hasher::new().update(b"stock tools").finalize_xof();
    let medium = Medium::take(&Files::new(stick)).unwrap();
    let written = write_bundle(
        (&Files::new(home), Path::new("spool")),
        Destination::Medium(&medium),
        plan,
        &signer(),
        &[receiver().public().into(), [7; 32].into()],
        &mut |bytes| seed.fill(bytes),
    );
    written.unwrap().handle.unwrap()
}

/// The empty folder that README.txt asks for, with its two files, and the commands with their placeholders filled in.
fn prepare(root: &Path, handle: &str) -> (PathBuf, Vec<String>) {
    let work = root.join("work");
    fs::create_dir(&work).unwrap();
    let key = seal::secret_string(&receiver());
    fs::write(work.join("key.txt"), key.expose_secret()).unwrap();
    let allowed = format!("NAME {}\n", ssh_public(&signer().public()));
    fs::write(work.join("allowed"), allowed).unwrap();
    let (_, commands) = README
        .split_once("HANDLE the name of the bundle:\n")
        .unwrap();
    let stick = root.join("stick").display().to_string();
    let commands = commands
        .lines()
        .filter_map(|line| line.strip_prefix("    "));
    let filled = commands.map(|line| line.replace("HANDLE", handle).replace("STICK", &stick));
    (work, filled.collect())
}

#[test]
fn the_commands_of_the_readme_open_a_bundle() {
    if !have(&["age", "tar", "ssh-keygen", "sha256sum", "zstd", "sh", "cat"]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let handle = export(root.path());
    let (work, commands) = prepare(root.path(), &handle);
    assert_eq!(commands.len(), 4, "{commands:?}");
    for command in &commands {
        let said = run(&work, command);
        assert!(!said.contains("FAILED"), "{said}");
    }
    let unpacked = fs::read(work.join("records/0000.cborseq")).unwrap();
    assert_eq!(unpacked, RECORDS.concat());
    let trust = fs::read_to_string(work.join("trust/0000-genesis.cose")).unwrap();
    assert_eq!(trust, "trust/0000-genesis.cose");
    let parts = run(&work, "cat blobs/*.0* | sha256sum");
    let whole = data_encoding::HEXLOWER.encode(&Sha256::digest(vec![5; 100_000]));
    assert!(parts.starts_with(&whole));
    let head = fs::read_to_string(work.join("00-HEAD")).unwrap();
    let manifest = run(&work, "sha256sum 01-MANIFEST.cbor");
    let named = head
        .lines()
        .find_map(|line| line.strip_prefix("manifest-sha256: "));
    assert_eq!(named, manifest.split_whitespace().next());
    // A wrong byte is found by them too.
    let wrong = head.replacen("sequence: 1", "sequence: 2", 1);
    fs::write(work.join("00-HEAD"), wrong).unwrap();
    let verify = Command::new("sh")
        .args(["-c", &commands[2]])
        .current_dir(&work)
        .output();
    assert!(!verify.unwrap().status.success());
}

/// Taken apart and put together again by the tools alone, it is the same bundle.
#[test]
fn what_the_tools_pack_is_read() {
    if !have(&["age", "tar", "sh"]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let handle = export(root.path());
    let (work, _) = prepare(root.path(), &handle);
    let recipient = seal::recipient_string(&receiver().public());
    let listed = run(
        &work,
        &format!(
            "cat ../stick/okibi/{handle}/[0-9]*.age | age -d -i key.txt > ../ours.tar
             tar -tf ../ours.tar > ../names
             mkdir ../open && tar -xf ../ours.tar -C ../open
             tar --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=0644 -b1 \
                 -cf ../theirs.tar -C ../open -T ../names
             age -r {recipient} -o ../theirs.age ../theirs.tar
             cat ../names"
        ),
    );
    assert!(listed.starts_with("00-HEAD\n00-HEAD.sig\n") && listed.ends_with("99-PAD\n"));
    let ours = fs::read(root.path().join("ours.tar")).unwrap();
    let theirs = fs::read(root.path().join("theirs.tar")).unwrap();
    assert_eq!(ours, theirs);
    assert_eq!(tar::list(&theirs).unwrap().len(), listed.lines().count());
    let found = scan(&root.path().join("theirs.age")).unwrap();
    let home = Files::new(root.path().join("home"));
    let staged = stage(
        Source::Found(&found.bundles[0]),
        &[receiver().into()],
        (&home, Path::new("staging")),
        |front, _| {
            assert_eq!(front.signer, signer().public());
            Ok::<_, MediaError>(())
        },
    );
    assert_eq!(staged.unwrap().records().count(), RECORDS.len());
}

#[test]
fn ssh_keygen_and_this_reader_agree_on_signatures() {
    if !have(&["ssh-keygen", "sh"]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let at = root.path();
    fs::write(at.join("head"), b"okibi-bundle: 1\n").unwrap();
    run(at, "ssh-keygen -q -t ed25519 -N '' -C x -f key");
    run(at, "ssh-keygen -Y sign -q -f key -n okibi-bundle@v1 head");
    let theirs = fs::read(at.join("head.sig")).unwrap();
    let read = SshSig::decode(&theirs).unwrap();
    read.verify(b"okibi-bundle: 1\n").unwrap();
    assert_eq!(read.encode(), theirs);
    let public = fs::read_to_string(at.join("key.pub")).unwrap();
    assert!(public.starts_with(&ssh_public(&read.key)));

    // Another namespace, another hash, another kind of key.
    run(
        at,
        "mv head.sig right.sig; ssh-keygen -Y sign -q -f key -n file head",
    );
    assert!(SshSig::decode(&fs::read(at.join("head.sig")).unwrap()).is_err());
    run(
        at,
        "rm head.sig; ssh-keygen -Y sign -q -f key -n okibi-bundle@v1 -O hashalg=sha256 head",
    );
    assert!(SshSig::decode(&fs::read(at.join("head.sig")).unwrap()).is_err());
    run(at, "ssh-keygen -q -t ecdsa -N '' -C x -f other");
    run(
        at,
        "rm head.sig; ssh-keygen -Y sign -q -f other -n okibi-bundle@v1 head",
    );
    assert!(SshSig::decode(&fs::read(at.join("head.sig")).unwrap()).is_err());

    // And ours is accepted.
    let ours = sshsig::sign(b"okibi-bundle: 1\n", &signer()).encode();
    fs::write(at.join("ours.sig"), ours).unwrap();
    fs::write(
        at.join("allowed"),
        format!("NAME {}\n", ssh_public(&signer().public())),
    )
    .unwrap();
    run(
        at,
        "ssh-keygen -Y verify -f allowed -I NAME -n okibi-bundle@v1 -s ours.sig < head",
    );
}

/// age's own armour, passphrases and other recipients are refused or not for us, never misread.
#[test]
fn foreign_age_files_are_told_apart() {
    if !have(&["age", "age-keygen", "sh"]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let at = root.path();
    let recipient = seal::recipient_string(&receiver().public());
    run(at, "age-keygen -o other.txt 2>&1; echo no tar > plain");
    run(at, "age -r $(age-keygen -y other.txt) -o other.age plain");
    run(at, &format!("age -a -r {recipient} -o armour.age plain"));
    run(at, &format!("age -r {recipient} -o mine.age plain"));
    let read = |name: &str| {
        let mut file = fs::File::open(at.join(name)).unwrap();
        inspect(
            Source::Stream(&mut file as &mut (dyn Read + Send)),
            &[receiver().into()],
        )
        .unwrap_err()
    };
    assert!(matches!(read("other.age"), MediaError::NothingForMe));
    assert!(matches!(read("armour.age"), MediaError::Refused(_)));
    assert!(matches!(read("mine.age"), MediaError::Refused(_)));
    let other = fs::read_to_string(at.join("other.txt")).unwrap();
    let line = other
        .lines()
        .find(|line| line.starts_with("AGE-SECRET"))
        .unwrap();
    let secret = seal::secret_from_string(line).unwrap();
    let mut plain = String::new();
    let sealed = fs::read(at.join("other.age")).unwrap();
    seal::open(&sealed[..], &[secret.into()])
        .unwrap()
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, "no tar\n");
}
