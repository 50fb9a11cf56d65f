//! Every parser of foreign bytes against its corpus and against seeded mutations of it: the stable stand-in for
//! fuzzing (`docs/fuzzing.md`). The parsers and what must hold of them are `fuzz/entry.rs`, which the fuzz
//! targets run too.
//!
//! 100,000 mutations for each parser; `OKIBI_MUTATIONS=N` asks for another number, `OKIBI_SEED=N` for
//! another seed. A failure prints the input in hexadecimal: put it into the corpus when it is mended.
//! `OKIBI_BLESS=1` writes those corpora again that are made from the golden vectors.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use data_encoding::HEXLOWER as HEX;
use okibi::record::{Claim, Role};

use super::records::made;

#[path = "../../fuzz/entry.rs"]
mod entry;

/// Asked for by the project for each parser.
const MUTATIONS: u64 = 100_000;
/// Any number; a failure names it.
const SEED: u64 = 20_261_121;
/// A mutated input does not grow beyond this, or the largest seed if that is more: time is better spent on many.
const LARGEST: usize = 4_096;

/// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is above 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Numbers at the edges of what parsers decide by.
const EDGES: [u64; 12] = [
    0,
    1,
    0x17,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 53,
    i64::MAX as u64,
    u64::MAX,
];

/// Changes `bytes` in one to four places, as a fuzzer does: bits, bytes, numbers, pieces copied, moved, taken from another seed.
fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let largest = LARGEST.max(bytes.len());
    for _ in 0..=dice.below(4) {
        let length = bytes.len();
        if length == 0 {
            bytes.push(dice.next() as u8);
            continue;
        }
        // Heads are where the decisions are: half of the changes go there.
        let reach = if dice.below(2) == 0 {
            length
        } else {
            length.min(96)
        };
        let at = dice.below(reach);
        let span = 1 + dice.below(16.min(length - at));
        match dice.below(10) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = dice.next() as u8,
            2 => bytes[at] = bytes[at].wrapping_add(if dice.below(2) == 0 { 1 } else { 255 }),
            3 => {
                let number = EDGES[dice.below(EDGES.len())];
                let width = (1 << dice.below(4)).min(length - at);
                let piece = match dice.below(2) {
                    0 => number.to_le_bytes()[..width].to_vec(),
                    _ => number.to_be_bytes()[8 - width..].to_vec(),
                };
                bytes[at..at + width].copy_from_slice(&piece);
            }
            4 => bytes.truncate(at),
            5 => drop(bytes.drain(at..at + span)),
            6 => {
                let piece = bytes[at..at + span].to_vec();
                let to = dice.below(length);
                bytes.splice(to..to, piece);
            }
            7 => {
                let fresh: Vec<u8> = (0..1 + dice.below(4)).map(|_| dice.next() as u8).collect();
                bytes.splice(at..at, fresh);
            }
            8 => {
                let other = &seeds[dice.below(seeds.len())];
                if !other.is_empty() {
                    let from = dice.below(other.len());
                    let piece = other[from..(from + span * 4).min(other.len())].to_vec();
                    let end = (at + piece.len()).min(length);
                    bytes.splice(at..end, piece);
                }
            }
            _ => {
                let (a, b) = (at, dice.below(length));
                bytes.swap(a, b);
            }
        }
        bytes.truncate(largest);
    }
}

fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(otherwise, |text| text.parse().expect("a number"))
}

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus")
}

/// The corpus of a parser, by file name.
fn corpus(name: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = corpora().join(name);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files: BTreeMap<String, Vec<u8>> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read(path).expect("readable"))
        })
        .collect();
    assert!(!files.is_empty(), "{name} has no corpus");
    files
}

/// Runs one input; a panic is turned into a failure that shows the input.
fn feed(name: &str, parse: fn(&[u8]) -> bool, bytes: &[u8], origin: &str) -> bool {
    catch_unwind(AssertUnwindSafe(|| parse(bytes))).unwrap_or_else(|_| {
        panic!(
            "{name}: {origin}: this input ends the program:\n{}",
            HEX.encode(bytes)
        )
    })
}

/// How many times fewer mutations some entries get: they fold circles, and open stores and homes.
fn slowness(name: &str) -> u64 {
    match name {
        "introduction" => 10,
        "fold" => 25,
        "ingest" => 100,
        "import" => 1_000,
        _ => 1,
    }
}

/// Replays the corpus, then mutates it.
fn run(name: &str) {
    let (_, parse) = entry::ENTRIES
        .into_iter()
        .find(|(entry, _)| *entry == name)
        .expect("an entry");
    let files = corpus(name);
    for (file, bytes) in &files {
        let taken = feed(name, parse, bytes, file);
        if file.starts_with("ok-") || file.starts_with("bad-") {
            assert_eq!(taken, file.starts_with("ok-"), "{name}/{file}");
        }
    }
    let (count, seed) = (
        asked("OKIBI_MUTATIONS", MUTATIONS) / slowness(name),
        asked("OKIBI_SEED", SEED),
    );
    let seeds: Vec<Vec<u8>> = files.into_values().collect();
    let mut dice = Dice(seed);
    let (mut taken, begun) = (0_u64, Instant::now());
    for round in 0..count {
        let mut bytes = seeds[dice.below(seeds.len())].clone();
        mutate(&mut bytes, &seeds, &mut dice);
        taken += u64::from(feed(
            name,
            parse,
            &bytes,
            &format!("seed {seed}, round {round}"),
        ));
    }
    // Where nothing is taken, the mutations never came behind the first check.
    assert!(
        taken > 0 || count < MUTATIONS,
        "{name}: no mutation was taken"
    );
    println!(
        "{name}: {count} mutations with seed {seed}, {taken} taken, {:.1} s",
        begun.elapsed().as_secs_f64()
    );
}

macro_rules! parsers {
    ($($test:ident $name:literal)*) => {
        $(#[test]
        fn $test() {
            run($name);
        })*

        /// No parser is forgotten: each has its test, its corpus and its fuzz target.
        #[test]
        fn every_parser_is_here() {
            let named: Vec<&str> = entry::ENTRIES.iter().map(|(name, _)| *name).collect();
            assert_eq!(named, [$($name),*]);
            let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
            let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).expect("fuzz/Cargo.toml");
            for name in named {
                corpus(name);
                assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name} has no target");
                assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
            }
        }
    };
}

parsers! {
    ack "ack"
    backup "backup"
    body "body"
    card "card"
    cbor "cbor"
    certified "certified"
    config "config"
    delta "delta"
    done "done"
    node_addr "node-addr"
    fold "fold"
    frontier "frontier"
    gguf "gguf"
    head "head"
    import "import"
    ingest "ingest"
    introduction "introduction"
    manifest "manifest"
    manual "manual"
    markdown "markdown"
    member_name "member-name"
    parity "parity"
    record "record"
    sealed "sealed"
    session "session"
    sshsig "sshsig"
    statement "statement"
    sums "sums"
    sync_frame "sync-frame"
    tar "tar"
    template "template"
    ticket "ticket"
    tokenizer "tokenizer"
}

/// The corpora that are made from the golden vectors.
fn made() -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let file = |name: &str| name.replace([' ', ',', ':'], "-");
    for (name, it) in made::statements() {
        all.insert(format!("statement/ok-{}", file(name)), it.bytes().to_vec());
    }
    let roles = [Role::Sign, Role::Transport, Role::Receive, Role::Spare];
    for (number, role) in (0..).zip(roles) {
        let certificate = made::certificate(made::ROOT, role, 0x14, None);
        let Claim::Certificate { key, proof, .. } = &certificate.value().claim else {
            unreachable!("a certificate")
        };
        let bytes = [&[number][..], key, proof].concat();
        all.insert(format!("certified/ok-{}", role.name()), bytes);
        let mut one = vec![number; 97];
        one[1..].fill(0);
        one[33] = 1;
        all.insert(format!("certified/bad-small-order-{}", role.name()), one);
    }
    for (name, it) in made::records() {
        all.insert(format!("record/ok-{}", file(&name)), it.bytes().to_vec());
    }
    let full = made::ack(made::frontier(), vec![[1; 32]]);
    all.insert("ack/ok-full".to_owned(), full.bytes().to_vec());
    let nothing = made::ack(okibi::record::Frontier::default(), vec![]);
    all.insert("ack/ok-nothing".to_owned(), nothing.bytes().to_vec());
    for (n, body) in made::bodies().into_iter().enumerate() {
        let bytes = [vec![body.kind().0 as u8], body.encode()].concat();
        all.insert(
            format!("body/ok-{n:02}-{}", body.kind().name().expect("known")),
            bytes,
        );
    }
    all.insert(
        "card/ok-four".to_owned(),
        made::card().to_string().into_bytes(),
    );
    let id = |n: u8| [&[0x58, 0x20][..], &[n; 32]].concat();
    let head = [&[0x83][..], &id(1), &[0x18, 0x2a], &id(2)].concat();
    let fork = [
        &[0x85][..],
        &id(3),
        &[0x01],
        &id(4),
        &id(5),
        &[0x81],
        &id(6),
    ]
    .concat();
    all.insert("frontier/ok-nothing".to_owned(), vec![0x80]);
    all.insert("frontier/ok-head".to_owned(), [&[0x81][..], &head].concat());
    all.insert(
        "frontier/ok-head-and-fork".to_owned(),
        [&[0x82][..], &head, &fork].concat(),
    );
    all.insert(
        "cbor/ok-every-type".to_owned(),
        b"\x88\x18\x2a\x38\x2a\x42ab\x63\xe7\x86\xbe\xa2\x01\x80\x61a\xa0\xf4\xf5\xf6".to_vec(),
    );
    all.insert(
        "cbor/ok-long".to_owned(),
        [
            &[0x82, 0x59, 0x01, 0x00][..],
            &[7; 256],
            b"\x1b\x00\x00\x00\x01\x00\x00\x00\x00",
        ]
        .concat(),
    );
    all.insert("cbor/bad-indefinite".to_owned(), b"\x9f\x00\xff".to_vec());
    all.insert("session/ok-client".to_owned(), client());
    for name in ["fold", "ingest", "import"] {
        for act in 0..14_u8 {
            let acts = (0..24).flat_map(|n| [act, n * 11]);
            all.insert(format!("{name}/act-{act:02}"), acts.collect());
        }
        let mixed = (0..160_u8).flat_map(|n| [n.wrapping_mul(37), n.wrapping_mul(91)]);
        all.insert(format!("{name}/ok-mixed"), mixed.collect());
        all.insert(
            format!("{name}/something-is-lost"),
            [9, 1, 0, 5, 2, 2, 77].repeat(9),
        );
    }
    for links in [0, 1, 8] {
        let link = okibi::sync::Link {
            certificate: vec![2; 200],
            record: vec![3; 400],
        };
        let said = okibi::sync::Introduction {
            circle: okibi::record::CircleId([1; 32]),
            receive: vec![4; 200],
            path: vec![link; links],
        };
        let bytes = said.encode().expect("short");
        all.insert(format!("introduction/ok-{links}"), bytes);
    }
    all.insert(
        "backup/ok-least".to_owned(),
        signed_backup(&[("okibi.db", b"no database here")]),
    );
    let (ab, cd) = (HEX.encode(&[0xab; 32]), HEX.encode(&[0xcd; 32]));
    let (key, blob) = (format!("keys/root-{ab}.key"), format!("blobs/cd/{cd}"));
    let members: [(&str, &[u8]); 4] = [
        ("okibi.db", b"no database here"),
        ("config.toml", b"[chat]\n"),
        (&key, b"no key\n"),
        (&blob, b"a blob\n"),
    ];
    all.insert("backup/ok-small".to_owned(), signed_backup(&members));
    for (name, phase, frame) in super::sync::frames() {
        let bytes = [vec![phase], frame.encode()].concat();
        all.insert(format!("sync-frame/ok-{name}"), bytes);
    }
    all
}

/// A backup's archive with these members, signed by the sign key of the golden root.
fn signed_backup(members: &[(&str, &[u8])]) -> Vec<u8> {
    use okibi::identity::Signer as _;
    use sha2::{Digest, Sha256};
    let certificate = made::certificate(made::ROOT, Role::Sign, 0x14, None);
    let begin = format!(
        "okibi-backup: 1\nreader: 1\nroot: {}\nmade: 1\nkeys: yes\ncertificate: {}\n",
        certificate.value().root,
        HEX.encode(certificate.bytes()),
    );
    let line =
        |(name, bytes): &(&str, &[u8])| format!("{}  {name}\n", HEX.encode(&Sha256::digest(bytes)));
    let sums: String = members.iter().map(line).collect();
    let hashes = [Sha256::digest(&begin), Sha256::digest(&sums)].concat();
    let signer = okibi::identity::SigningSecret::from_bytes(&[0x14; 32]);
    let signature = signer.sign(&[&b"okibi backup v1\n"[..], &hashes].concat());
    let signature = format!("{}\n", HEX.encode(&signature));
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(0);
        tar.append_data(&mut header, name, bytes).expect("memory");
    };
    add("00-BACKUP", begin.as_bytes());
    for (name, bytes) in members {
        add(name, bytes);
    }
    add("99-SUMS", sums.as_bytes());
    add("99-SUMS.sig", signature.as_bytes());
    tar.into_inner().expect("memory")
}

/// All that a client says to the server of `entry::wire::session` until both are at rest.
fn client() -> Vec<u8> {
    use okibi::sync::{Session, Side};
    let mut ends =
        [Side::Client, Side::Server].map(|side| Session::new(entry::wire::session_setup(side)));
    let (mut said, mut quiet) = (Vec::new(), false);
    while !quiet {
        quiet = true;
        for side in 0..2 {
            while let Some(output) = ends[side].poll() {
                if let Some(input) = entry::wire::session_answer(output) {
                    ends[side].handle(input);
                }
            }
            while let Some(bytes) = ends[side].poll_transmit() {
                quiet = false;
                ends[1 - side].handle_bytes(&bytes);
                if side == 0 {
                    said.extend(bytes);
                }
            }
        }
    }
    assert!(
        ends.iter()
            .all(|end| end.is_open() && end.closed().is_none())
    );
    said
}

#[test]
fn made_corpora_are_current() {
    for (name, bytes) in made() {
        let path = corpora().join(&name);
        if std::env::var_os("OKIBI_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &bytes).expect("written");
        }
        assert!(
            std::fs::read(&path).unwrap_or_default() == bytes,
            "{name}: run again with OKIBI_BLESS=1"
        );
    }
}
