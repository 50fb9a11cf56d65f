//! The seeds of the fuzz corpora in `fixtures/corpus/`, and a stable stand-in for fuzzing: each parser
//! takes a hundred thousand seeded mutations of its seeds without a panic, and whatever it takes is
//! the one encoding of what it says (threat 24).
//!
//! Seeds named `ok-*` are taken, `bad-*` are refused. `OKIBI_BLESS=1` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::bundle::testing::Key;
use crate::bundle::{Head, Manifest, compose, head, manifest, names, sshsig, tar};
use crate::carrier::media::medium::{Sums, decode_done, encode_done};
use crate::carrier::media::parity::{Index, Shape};

/// A parser, and the encoder that must give the same bytes back.
type Parser = (&'static str, fn(&[u8]) -> Option<Vec<u8>>);

const PARSERS: [Parser; 7] = [
    ("head", |bytes| {
        let head = Head::decode(bytes).ok()?;
        // Lines of later formats are skipped, so only this one's encoding is unique.
        Some(if head.format == 1 {
            head.encode()
        } else {
            bytes.to_vec()
        })
    }),
    ("manifest", |bytes| {
        Some(Manifest::decode(bytes).ok()?.encode())
    }),
    ("sshsig", |bytes| {
        Some(sshsig::SshSig::decode(bytes).ok()?.encode())
    }),
    ("tar", |bytes| {
        let members = tar::list(bytes).ok()?;
        let mut writer = tar::Writer::new(Vec::new());
        for member in members {
            let start = member.offset as usize;
            let data = &bytes[start..start + member.size as usize];
            writer.member(&member.name, data).ok()?;
        }
        writer.finish().ok()
    }),
    ("sums", |bytes| Some(Sums::decode(bytes)?.encode())),
    ("parity", |bytes| Some(Index::decode(bytes)?.encode())),
    ("done", |bytes| Some(encode_done(&decode_done(bytes)?))),
];

fn seeds() -> BTreeMap<String, Vec<u8>> {
    let composed = compose(
        head::tests::sample(),
        manifest::tests::sample(),
        &Key::new(1),
    )
    .unwrap();
    let text = String::from_utf8(composed.head_bytes.clone()).unwrap();
    let later = "okibi-bundle: 2\nreader: 1\nlater: x\n";
    let newer = "okibi-bundle: 9\nreader: 9\n";
    let versions = "okibi-bundle: 1\nreader: 1\n";
    let signature = String::from_utf8(composed.signature.clone()).unwrap();
    let archive = |members: &[(&str, &[u8])]| {
        let mut writer = tar::Writer::new(Vec::new());
        for (name, bytes) in members {
            writer.member(name, bytes).unwrap();
        }
        writer.finish().unwrap()
    };
    let small = archive(&[
        (names::HEAD, b"x"),
        ("trust/0000-a.cose", b""),
        (names::PAD, &[0; 600]),
    ]);
    let mut linked = small.clone();
    linked[156] = b'2';
    let sums = Sums {
        first: 0,
        last: true,
        tokens: vec![[1; 32], [2; 32]],
        slices: vec![[3; 32]],
        parity: vec![],
    };
    let torn = sums.encode();
    let parity = Sums {
        slices: vec![[3; 32], [4; 32]],
        parity: vec![[5; 32]],
        ..sums.clone()
    };
    let mut found = BTreeMap::new();
    let mut add = |path: &str, bytes: Vec<u8>| found.insert(path.to_owned(), bytes);
    add("head/ok-two-recipients", composed.head_bytes.clone());
    add(
        "head/ok-later-format",
        text.replacen(versions, later, 1).into_bytes(),
    );
    add(
        "head/bad-newer-reader",
        text.replacen(versions, newer, 1).into_bytes(),
    );
    add(
        "head/bad-unknown-key",
        text.replacen(versions, &format!("{versions}x: y\n"), 1)
            .into_bytes(),
    );
    add("manifest/ok-every-kind", composed.manifest_bytes.clone());
    add("manifest/ok-empty", Manifest::default().encode());
    add(
        "manifest/bad-count",
        b"\x82\x01\x9b\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
    );
    add("sshsig/ok-ed25519", composed.signature.clone());
    add(
        "sshsig/bad-crlf",
        signature.replace('\n', "\r\n").into_bytes(),
    );
    add("tar/ok-small", small);
    add("tar/ok-empty", archive(&[]));
    add("tar/bad-link", linked);
    add("sums/ok-one-slice", torn.clone());
    add("sums/ok-parity", parity.encode());
    add("sums/bad-torn", torn[..torn.len() - 40].to_vec());
    let mut index = Index::new(3, vec![4_096, 5_904], 1 << 20, Shape::of(10_000, 40));
    index.set_data(1, &[7; 16]);
    let index = index.encode();
    add("parity/ok-two-slices", index.clone());
    add("parity/bad-torn", index[..index.len() - 16].to_vec());
    add(
        "parity/bad-count",
        [&index[..3], b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"].concat(),
    );
    add("done/ok-two", encode_done(&[[1; 16], [2; 16]]));
    add("done/bad-none", b"okibi-done: 1\n".to_vec());
    found
}

#[test]
fn the_seeds_are_what_they_are_called() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
    for (path, bytes) in seeds() {
        let at = folder.join(&path);
        if std::env::var_os("OKIBI_BLESS").is_some() {
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(&at, &bytes).unwrap();
        }
        assert_eq!(fs::read(&at).unwrap_or_default(), bytes, "{path}");
    }
    for (name, parse) in PARSERS {
        for entry in fs::read_dir(folder.join(name)).unwrap() {
            let entry = entry.unwrap();
            let taken = parse(&fs::read(entry.path()).unwrap()).is_some();
            let called = entry.file_name().to_string_lossy().starts_with("ok-");
            assert_eq!(taken, called, "{}", entry.path().display());
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as usize
}

#[test]
fn a_hundred_thousand_mutations_each_do_no_harm() {
    let seeds = seeds();
    for (name, parse) in PARSERS {
        let mine: Vec<_> = seeds
            .iter()
            .filter(|(path, _)| path.split('/').next() == Some(name))
            .map(|(_, bytes)| bytes)
            .collect();
        let mut state = 1;
        let mut taken = 0;
        for _ in 0..100_000 {
            let mut bytes = mine[next(&mut state) % mine.len()].clone();
            for _ in 0..=next(&mut state) % 3 {
                let at = next(&mut state) % bytes.len().max(1);
                match next(&mut state) % 5 {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at.min(bytes.len()), next(&mut state) as u8),
                    2 if at < bytes.len() => drop(bytes.remove(at)),
                    3 if at < bytes.len() => bytes[at] ^= 1 << (next(&mut state) % 8),
                    _ if at < bytes.len() => bytes[at] = next(&mut state) as u8,
                    _ => {}
                }
            }
            if let Some(again) = parse(&bytes) {
                assert_eq!(again, bytes, "{name}");
                taken += 1;
            }
        }
        // A mutation that changes nothing is taken, so the parser was really reached.
        assert!(taken > 0, "{name}");
    }
}
