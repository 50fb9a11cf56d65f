//! Bundles of every format, committed once and opened for ever: by okibi's reader, by stock tools through a reader in
//! Python, and to the same state. Threat 27.

use std::path::{Path, PathBuf};
use std::process::Command;

use okibi::carrier::media::files::Files;
use okibi::carrier::media::keyring::Secret;
use okibi::carrier::media::medium::{Found, scan};
use okibi::carrier::media::partial_sets::{Gathered, PartialSets};
use okibi::carrier::media::read::{Front, Source, stage};
use okibi::carrier::media::{MediaError, Small};
use okibi::fold::{History, evaluate};
use okibi::identity::{ReceiveSecret, verify};
use okibi::record::{CircleId, Kind, Record, Signed, Statement};

/// Set hash and state hash of what is in `small`, and in all others; `OKIBI_BLESS=1` writes them.
fn hashes() -> [[String; 2]; 2] {
    let text = std::fs::read_to_string(folder().join("hashes.txt")).unwrap();
    let mut words = text.split_whitespace().map(str::to_owned);
    [(); 2].map(|()| [(); 2].map(|()| words.next().unwrap()))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/bundles/1")
}

fn identity(name: &str) -> Secret {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    let (_, key) = bech32::decode(text.trim()).unwrap();
    Secret::Receive(ReceiveSecret::from_bytes(key.try_into().unwrap()))
}

fn only(stick: &str) -> Found {
    let mut found = scan(&folder().join(stick)).unwrap().bundles;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// What two media of a set come to.
fn together(home: &Path, sticks: [&str; 2]) -> Found {
    let shelf = PartialSets::take(&Files::new(home)).unwrap();
    let parts: Vec<Found> = sticks.map(only).into();
    match shelf.gather(&parts, false).unwrap() {
        Gathered::Whole(found) => found,
        Gathered::Waiting(waiting) => panic!("{waiting:?}"),
    }
}

/// Opens a bundle and folds what is in it.
fn opened(source: Source<'_>, secret: Secret) -> [String; 2] {
    let scratch = tempfile::tempdir().unwrap();
    let files = Files::new(scratch.path());
    let mut trust = Vec::new();
    let keep = |_: &Front, members: &[Small]| {
        trust = members.to_vec();
        Ok::<_, MediaError>(())
    };
    let staged = stage(source, &[secret], (&files, Path::new("staged")), keep).unwrap();
    let mut records: Vec<Vec<u8>> = staged.records().map(Result::unwrap).collect();
    let mut statements: Vec<Vec<u8>> = vec![staged.front.head.certificate.clone()];
    for member in trust {
        let items = || {
            let mut decoder = minicbor::Decoder::new(&member.bytes);
            let mut items = Vec::new();
            while decoder.position() < member.bytes.len() {
                let start = decoder.position();
                decoder.skip().unwrap();
                items.push(member.bytes[start..decoder.position()].to_vec());
            }
            items
        };
        match member.name.split_once('-').unwrap().1 {
            "statements.cborseq" => statements.extend(items()),
            "records.cborseq" => records.extend(items()),
            other => panic!("{other}"),
        }
    }
    let records: Vec<_> = records
        .iter()
        .map(|bytes| verify(Signed::<Record>::decode(bytes).unwrap()).unwrap())
        .collect();
    let genesis = records
        .iter()
        .find(|record| record.value().kind == Kind::GENESIS);
    let mut history = History::new(CircleId::from(genesis.unwrap().id()));
    for bytes in &statements {
        history.add_statement(verify(Signed::<Statement>::decode(bytes).unwrap()).unwrap());
    }
    for record in records {
        history.add_record(record);
    }
    let (membership, state) = evaluate(&history);
    let hex = |hash: &[u8; 32]| data_encoding::HEXLOWER.encode(hash);
    [hex(&membership.set_hash), hex(&state.state_hash())]
}

#[test]
fn bundles_of_format_1_open_for_ever() {
    let scratch = tempfile::tempdir().unwrap();
    let small = opened(
        Source::Found(&only("small")),
        identity("small-identity.txt"),
    );
    if std::env::var_os("OKIBI_BLESS").is_some() {
        let hearth = opened(
            Source::Found(&only("two-recipients")),
            identity("identity.txt"),
        );
        let lines = [&small, &hearth].map(|hashes| hashes.join(" ") + "\n");
        std::fs::write(folder().join("hashes.txt"), lines.concat()).unwrap();
    }
    let [expected, hearth] = hashes();
    assert_eq!(small, expected);
    for stick in ["two-recipients", "parity"] {
        let state = opened(Source::Found(&only(stick)), identity("identity.txt"));
        assert_eq!(state, hearth, "{stick}");
    }
    for sticks in [["set-1", "set-2"], ["set-2", "set-1"]] {
        let found = together(scratch.path(), sticks);
        let state = opened(Source::Found(&found), identity("identity.txt"));
        assert_eq!(state, hearth, "{sticks:?}");
    }
    let read = |name: &str| std::fs::read(folder().join(name)).unwrap();
    let passphrase = String::from_utf8(read("passphrase.txt")).unwrap();
    let secrets = [
        ("file.okb", identity("identity.txt")),
        ("ssh.okb", Secret::ssh(&read("ssh"), None).unwrap()),
        (
            "passphrase.okb",
            Secret::Passphrase(passphrase.trim_end().to_owned().into()),
        ),
    ];
    for (file, secret) in secrets {
        let bytes = read(file);
        let state = opened(Source::Stream(&mut bytes.as_slice()), secret);
        assert_eq!(state, hearth, "{file}");
    }
}

#[test]
fn another_reader_opens_them() {
    let tools = ["python3", "age", "age-keygen", "b3sum", "zstd"];
    if !crate::bundle_stock_tools::have(&tools) {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundle/open_bundle.py");
    let run = |sticks: &[&str], key: &str| {
        let mut command = Command::new("python3");
        command.arg("-B").arg(&script);
        command.args(sticks.iter().map(|stick| folder().join(stick)));
        let output = command.arg(folder().join(key)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), said)
    };
    let (good, said) = run(&["small"], "small-identity.txt");
    assert!(good && said.contains("title=bread"), "{said}");
    for (sticks, bundles) in [
        (&["two-recipients", "file.okb"][..], 2),
        (&["parity"], 1),
        (&["set-2", "set-1"], 1),
    ] {
        let (good, said) = run(sticks, "identity.txt");
        assert!(good, "{sticks:?}");
        assert_eq!(said.matches("kind=withdraw").count(), bundles, "{said}");
    }
    let (good, _) = run(&["set-1"], "identity.txt");
    assert!(!good, "half of a bundle was taken for a whole one");
    let (good, _) = run(&["file.okb"], "small-identity.txt");
    assert!(!good, "a bundle opened with another's key");
}
