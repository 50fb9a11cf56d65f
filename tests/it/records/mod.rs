//! Golden vectors of `docs/records.md`: made here from fixed seeds, committed in `fixtures/records/`, and read by
//! this crate and by `tests/records/check.py`, a second reader written from the document alone.
//!
//! `OKIBI_BLESS=1 cargo test --test it records::` writes the files again. A difference in a file that
//! was published is a break of the format.

pub mod made;
mod raw;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::HEXLOWER as HEX;
use okibi::identity::{KeyCard, VerifyError, Words, fingerprint, verify, words};
use okibi::record::{
    Ack, Body, Entry, EnvelopeError, FeedKey, Frontier, Gap, Kind, Payload, Record, RecordId, Role,
    RootKey, Signed, Statement, StatementId, check_cbor, difference, set_hash, statements_hash,
};
use serde_json::{Value, json};

use made::{
    OTHER_ROOT, OTHER_SIGN, ROOT, SIGN, ack, bodies, card, certificate, circle, feed_certificate,
    frontier, genesis, public, record, records, statements,
};

fn vector<T: Payload>(name: &str, signed: &Signed<T>) -> Value {
    json!({
        "name": name,
        "payload": HEX.encode(&signed.value().encode()),
        "sig_structure": HEX.encode(&signed.message()),
        "id": HEX.encode(&signed.raw_id()),
        "signer": HEX.encode(&signed.value().signer()),
        "signature": HEX.encode(&signed.signature()),
        "bytes": HEX.encode(signed.bytes()),
    })
}

/// Bodies with whether they fit their kind.
fn fits() -> Vec<Value> {
    let wrong: [(&str, u64, Vec<u8>); 12] = [
        ("merge with an element", 11, vec![0x81, 0x00]),
        ("merge as a map", 11, vec![0xa0]),
        (
            "endorse with 31 bytes",
            5,
            [&[0x81, 0x58, 0x1f][..], &[1; 31]].concat(),
        ),
        (
            "endorse with text",
            5,
            [&[0x81, 0x78, 0x20][..], &[b'a'; 32]].concat(),
        ),
        (
            "withdraw without an array",
            66,
            [&[0x58, 0x20][..], &[1; 32]].concat(),
        ),
        (
            "suspend with a reason of 4,097 bytes",
            2,
            [
                &[0x82, 0x58, 0x20][..],
                &[1; 32],
                &[0x79, 0x10, 0x01],
                &[b'a'; 4_097],
            ]
            .concat(),
        ),
        (
            "admit with a name of 257 bytes",
            1,
            [
                &[0x84, 0x58, 0x20][..],
                &[1; 32],
                &[0x79, 0x01, 0x01],
                &[b'a'; 257],
                &[0x80, 0x80],
            ]
            .concat(),
        ),
        (
            "admit with feeds in the wrong order",
            1,
            [
                &[0x84, 0x58, 0x20][..],
                &[1; 32],
                &[0x60, 0x80, 0x82, 0x58, 0x20],
                &[2; 32],
                &[0x58, 0x20],
                &[1; 32],
            ]
            .concat(),
        ),
        (
            "admit with one lift twice",
            1,
            [
                &[0x84, 0x58, 0x20][..],
                &[1; 32],
                &[0x60, 0x82, 0x58, 0x20],
                &[2; 32],
                &[0x58, 0x20],
                &[2; 32],
                &[0x80],
            ]
            .concat(),
        ),
        (
            "vote with a negative choice",
            8,
            [&[0x82, 0x58, 0x20][..], &[1; 32], &[0x20]].concat(),
        ),
        ("unknown kind", 67, vec![0x80]),
        ("unknown critical kind", 12, vec![0x80]),
    ];
    let good = bodies()
        .into_iter()
        .map(|body| (body.kind(), body.encode(), true));
    let wrong = wrong
        .into_iter()
        .map(|(name, kind, body)| (name.to_owned(), Kind(kind), body, false));
    let good =
        good.map(|(kind, body, fits)| (kind.name().expect("known").to_owned(), kind, body, fits));
    good.chain(wrong)
        .map(|(name, kind, body, fits)| {
            assert_eq!(check_cbor(&body), Ok(()), "{name}");
            assert_eq!(Body::decode(kind, &body).is_some(), fits, "{name}");
            json!({"name": name, "kind": kind.0, "body": HEX.encode(&body), "fits": fits})
        })
        .collect()
}

fn hashes() -> Value {
    let statements: BTreeSet<StatementId> = statements().iter().map(|(_, it)| it.id()).collect();
    let records: BTreeSet<RecordId> = records().iter().map(|(_, it)| it.id()).collect();
    let fork = (FeedKey([3; 32]), 24, RecordId([4; 32]), RecordId([5; 32]));
    let names = |ids: Vec<String>| json!(ids);
    json!({
        "statements": names(statements.iter().map(ToString::to_string).collect()),
        "records": names(records.iter().map(ToString::to_string).collect()),
        "forks": [[fork.0.to_string(), fork.1, fork.2.to_string(), fork.3.to_string()]],
        "set_hash": HEX.encode(&set_hash(&statements, &records, &BTreeSet::from([fork]))),
        "empty_set_hash": HEX.encode(&set_hash(&BTreeSet::new(), &BTreeSet::new(), &BTreeSet::new())),
        "statements_hash": HEX.encode(&statements_hash(&statements)),
    })
}

/// Cases of the difference: my chain has id `n` at height `n`.
fn differences() -> Vec<Value> {
    let id = |n: u8| RecordId([n; 32]);
    let head = |height, n| Some(Entry::Head { height, id: id(n) });
    let fork = |height, first, second, tips: &[u8]| {
        let tips = tips.iter().map(|n| id(*n)).collect();
        Some(Entry::Forked {
            height,
            first: id(first),
            second: id(second),
            tips,
        })
    };
    let cases = [
        (head(5, 5), None),
        (head(5, 5), head(3, 3)),
        (head(5, 5), head(5, 5)),
        (head(5, 5), head(9, 9)),
        (head(5, 5), head(5, 99)),
        (head(5, 5), head(3, 99)),
        (fork(4, 4, 44, &[50, 60]), None),
        (fork(4, 4, 44, &[]), head(2, 2)),
        (fork(4, 4, 44, &[]), head(4, 4)),
        (fork(4, 4, 44, &[50, 60]), head(7, 60)),
        (fork(4, 4, 44, &[50]), fork(4, 4, 44, &[50])),
        (fork(4, 4, 44, &[50]), fork(4, 4, 45, &[])),
        (head(9, 9), fork(4, 50, 60, &[])),
        (head(9, 9), fork(4, 1, 2, &[])),
        (head(9, 9), fork(4, 4, 60, &[])),
        (fork(6, 6, 66, &[]), fork(4, 50, 60, &[])),
    ];
    let feed = FeedKey([7; 32]);
    let frontier =
        |entry: Option<Entry>| Frontier(entry.into_iter().map(|entry| (feed, entry)).collect());
    let show = |entry: &Option<Entry>| match entry {
        None => Value::Null,
        Some(Entry::Head { height, id }) => json!({"height": height, "id": id}),
        Some(Entry::Forked {
            height,
            first,
            second,
            tips,
        }) => {
            json!({"height": height, "first": first, "second": second, "tips": tips})
        }
    };
    cases
        .into_iter()
        .map(|(mine, theirs)| {
            let at = |_: &FeedKey, height: u64| Some(id(height as u8));
            let gaps = difference(&frontier(mine.clone()), &frontier(theirs.clone()), at);
            let moved = gaps.into_iter().next().map(
                |Gap {
                     heights, branches, ..
                 }| {
                    json!({"start": heights.start, "end": heights.end, "branches": branches})
                },
            );
            json!({"mine": show(&mine), "theirs": show(&theirs), "moved": moved})
        })
        .collect()
}

fn cbor() -> Vec<Value> {
    let cases: [(&[u8], bool); 38] = [
        (b"\x00", true),
        (b"\x17", true),
        (b"\x18\x18", true),
        (b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", true),
        (b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", true),
        (b"\x40", true),
        (b"\x63\xe7\x86\xbe", true),
        (b"\x80", true),
        (b"\xa0", true),
        (b"\xf4", true),
        (b"\xf5", true),
        (b"\xf6", true),
        (b"\xa3\x01\x00\x20\x00\x61a\x00", true),
        (b"\xa2\x18\x18\x00\x40\x00", true),
        (&[0x81; 15], false),
        (
            b"\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x80",
            true,
        ),
        (
            b"\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x80",
            false,
        ),
        (b"", false),
        (b"\x82\x01", false),
        (b"\x01\x01", false),
        (b"\x18\x17", false),
        (b"\x19\x00\xff", false),
        (b"\x1a\x00\x00\xff\xff", false),
        (b"\x1b\x00\x00\x00\x00\xff\xff\xff\xff", false),
        (b"\x58\x01a", false),
        (b"\x9f\xff", false),
        (b"\xbf\xff", false),
        (b"\x5f\x41a\xff", false),
        (b"\x7f\x61a\xff", false),
        (b"\xc1\x01", false),
        (b"\xf9\x3c\x00", false),
        (b"\xf7", false),
        (b"\xf8\x20", false),
        (b"\x1c", false),
        (b"\x61\xff", false),
        (b"\xa2\x02\x00\x01\x00", false),
        (b"\xa2\x01\x00\x01\x00", false),
        (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", false),
    ];
    cases
        .into_iter()
        .map(|(bytes, taken)| {
            assert_eq!(check_cbor(bytes).is_ok(), taken, "{}", HEX.encode(bytes));
            json!({"bytes": HEX.encode(bytes), "taken": taken})
        })
        .collect()
}

/// Why a thing is refused, as the vectors name it.
fn reason<T: Payload>(bytes: &[u8]) -> &'static str {
    match Signed::<T>::decode(bytes).map(verify) {
        Ok(Ok(_)) => "taken",
        Ok(Err(VerifyError::Key)) => "key",
        Ok(Err(VerifyError::Signature)) => "signature",
        Ok(Err(VerifyError::Proof)) => "proof",
        Err(EnvelopeError::TooLarge { .. }) => "size",
        Err(EnvelopeError::Shape) => "shape",
        Err(EnvelopeError::Payload(_)) => "cbor",
        Err(EnvelopeError::Newer { .. }) => "newer",
        Err(EnvelopeError::Malformed { .. }) => "malformed",
    }
}

fn refused() -> Vec<Value> {
    let mut all = Vec::new();
    for (thing, name, bytes) in raw::tampered(
        &genesis(),
        &record(3, Kind::MERGE, Some(circle()), vec![0x80]),
        &feed_certificate(),
        &ack(frontier(), vec![[1; 32]]),
    ) {
        let reason = match thing {
            "record" => reason::<Record>(&bytes),
            "statement" => reason::<Statement>(&bytes),
            _ => reason::<Ack>(&bytes),
        };
        assert_ne!(reason, "taken", "{thing}: {name}");
        // A few hundred kilobytes of filling would teach a reader nothing; their size does.
        let bytes = match bytes.len() {
            ..=8_192 => json!(HEX.encode(&bytes)),
            size => json!({"size": size}),
        };
        all.push(json!({"thing": thing, "name": name, "reason": reason, "bytes": bytes}));
    }
    assert!(all.len() > 50, "{}", all.len());
    all
}

fn cards() -> Value {
    let card = card();
    let line = card.to_string();
    let other = certificate(OTHER_ROOT, Role::Sign, OTHER_SIGN, None);
    let mut mixed: Vec<Vec<u8>> = statements()[..4]
        .iter()
        .map(|(_, it)| it.bytes().to_vec())
        .collect();
    let whole = mixed.clone();
    mixed.push(other.bytes().to_vec());
    let mut forged = whole.clone();
    forged[0][60] ^= 1;
    let refused = [
        (
            "no prefix",
            line.trim_start_matches("okibi-card-1:").to_owned(),
        ),
        ("newer", line.replace("card-1", "card-2")),
        ("cut", line[..line.len() - 1].to_owned()),
        ("padded", format!("{line}=")),
        ("white space inside", line.replace("card-1:", "card-1: ")),
        ("checksum", raw::card(&whole, 1)),
        ("two roots", raw::card(&mixed, 0)),
        ("no receive certificate", raw::card(&whole[..2], 0)),
        ("empty", raw::card(&[], 0)),
        ("forged", raw::card(&forged, 0)),
        (
            "17 statements",
            raw::card(
                &vec![whole[0].clone(); 17]
                    .into_iter()
                    .chain(whole.clone())
                    .collect::<Vec<_>>()[..],
                0,
            ),
        ),
    ];
    for (name, line) in &refused {
        assert!(KeyCard::parse(line).is_err(), "{name}");
    }
    assert_eq!(raw::card(&whole, 0), line);
    let refused = refused.map(|(name, line)| json!({"name": name, "line": line}));
    let fingerprints = [[7; 32], public(ROOT), public(OTHER_ROOT)].map(|root| {
        let root = RootKey(root);
        json!({
            "root": root,
            "fingerprint": fingerprint(&root),
            "english": words(&root, Words::English),
            "japanese": words(&root, Words::Japanese),
        })
    });
    json!({
        "line": line,
        "root": card.root(),
        "statements": whole.iter().map(|bytes| HEX.encode(bytes)).collect::<Vec<_>>(),
        "refused": refused,
        "fingerprints": fingerprints,
    })
}

fn files() -> Vec<(&'static str, Value)> {
    let seeds = [ROOT, SIGN, OTHER_ROOT, OTHER_SIGN].map(
        |seed| json!({"secret": HEX.encode(&[seed; 32]), "public": HEX.encode(&public(seed))}),
    );
    let statements: Vec<Value> = statements()
        .iter()
        .map(|(name, it)| vector(name, it))
        .collect();
    let records: Vec<Value> = records()
        .iter()
        .map(|(name, it)| vector(name, it))
        .collect();
    let acks = [
        vector(
            "frontier with a head and a fork, one wish",
            &ack(frontier(), vec![[1; 32]]),
        ),
        vector("nothing", &ack(Frontier::default(), vec![])),
    ];
    vec![
        ("keys.json", json!(seeds)),
        ("cbor.json", json!(cbor())),
        ("statements.json", json!(statements)),
        ("records.json", json!(records)),
        ("acks.json", json!(acks)),
        ("bodies.json", json!(fits())),
        ("hashes.json", hashes()),
        ("differences.json", json!(differences())),
        ("cards.json", cards()),
        ("refused.json", json!(refused())),
    ]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records")
}

#[test]
fn vectors_are_what_this_code_writes() {
    let files = files();
    if std::env::var_os("OKIBI_BLESS").is_some() {
        std::fs::create_dir_all(folder()).expect("a folder");
        for (name, value) in &files {
            let text = serde_json::to_string_pretty(value).expect("JSON");
            std::fs::write(folder().join(name), text + "\n").expect("written");
        }
    }
    for (name, value) in files {
        let text = std::fs::read_to_string(folder().join(name)).expect("the vectors are committed");
        let committed: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(committed, value, "{name}: the format has changed");
    }
}

#[test]
fn vectors_are_read_as_they_were_written() {
    fn read<T: Payload + PartialEq + std::fmt::Debug>(all: Vec<(String, Signed<T>)>) {
        for (name, signed) in all {
            let read = Signed::<T>::decode(signed.bytes());
            assert_eq!(read.as_ref(), Ok(&signed), "{name}");
            assert!(verify(signed).is_ok(), "{name}");
        }
    }
    let named = |(name, it): (&str, _)| (name.to_owned(), it);
    read::<Statement>(statements().into_iter().map(named).collect());
    read::<Record>(records());
    let wanted = vec![[1; 32], [2; 32]];
    read::<Ack>(vec![("ack".to_owned(), ack(frontier(), wanted))]);
    assert_eq!(KeyCard::parse(&card().to_string()), Ok(card()));
}

/// The second reader agrees with every vector.
#[test]
fn a_second_reader_agrees() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records/check.py");
    let run = Command::new("python3").arg(script).arg(folder()).output();
    let Ok(output) = run else {
        assert!(std::env::var_os("CI").is_none(), "python3 is not installed");
        eprintln!("SKIPPED: python3 is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
}
