use proptest::prelude::*;

use super::*;

fn entry(name: &str, unit: u64, size: u64) -> Entry {
    let parsed = names::parse(name).unwrap();
    Entry {
        name: name.to_owned(),
        unit,
        kind: Kind::of(parsed.class).unwrap(),
        size,
        raw: size,
        sha256: [1; 32],
        blake3: parsed.content.unwrap_or([2; 32]),
        offset: 0,
    }
}

fn content(class: Class, byte: u8, part: Option<u16>) -> String {
    names::part(class, &[byte; 32], part).unwrap()
}

pub fn sample() -> Manifest {
    let mut manifest = Manifest {
        entries: vec![
            entry("trust/0000-genesis.cose", 0, 100),
            entry("trust/0001-b.cose", 0, 0),
            entry("acks/0000-a.cose", 1, 300),
            entry("records/0000.cborseq.zst", 2, 512),
            entry("records/0001.cborseq.zst", 2, 513),
            entry(&content(Class::Adapter, 9, None), 3, 1),
            entry(&content(Class::Adapter, 3, None), 3, 1),
            entry(&content(Class::Document, 7, None), 4, 1),
            entry(&content(Class::Blob, 5, Some(0)), 5, limits::MEMBER_BYTES),
            entry(&content(Class::Blob, 5, Some(1)), 5, 3),
            entry(&content(Class::Blob, 4, None), 6, 0),
        ],
    };
    manifest.place(4096);
    manifest
}

#[test]
fn a_manifest_survives_its_bytes() {
    let manifest = sample();
    let bytes = manifest.encode();
    let read = Manifest::decode(&bytes).unwrap();
    assert_eq!(read, manifest);
    assert_eq!(read.encode(), bytes);
    assert!(read.placed(4096).is_ok());
    assert!(read.placed(4608).is_err());
    assert_eq!(
        Manifest::decode(&Manifest::default().encode()).unwrap(),
        Manifest::default()
    );
    assert!(
        String::from_utf8(read.sums())
            .unwrap()
            .contains("01  trust/0001-b.cose\n")
    );
}

#[test]
fn broken_rules_are_refused() {
    let refused = |what: &str, edit: &dyn Fn(&mut Vec<Entry>)| {
        let mut manifest = sample();
        edit(&mut manifest.entries);
        let found = Manifest::decode(&manifest.encode());
        assert!(matches!(found, Err(BundleError::Manifest(_))), "{what}");
    };
    refused("first unit", &|e| e[0].unit = 1);
    refused("two trust units", &|e| {
        e.iter_mut().skip(1).for_each(|e| e.unit += 1)
    });
    refused("a gap in the units", &|e| {
        e.iter_mut().skip(2).for_each(|e| e.unit += 1)
    });
    refused("a unit of two kinds", &|e| e[2].unit = 0);
    refused("a unit backwards", &|e| e[10].unit = 0);
    refused("parts in two units", &|e| {
        e[9].unit = 6;
        e[10].unit = 7;
    });
    refused("kind", &|e| e[0].kind = Kind::Acks);
    refused("kind of a content", &|e| e[10].kind = Kind::Document);
    refused("order", &|e| e.swap(0, 1));
    refused("class order", &|e| e.swap(7, 10));
    refused("twice", &|e| e[1].name = e[0].name.clone());
    refused("content twice", &|e| {
        let again = Entry {
            unit: 7,
            ..e[10].clone()
        };
        e.push(again);
    });
    refused("content in two folders", &|e| {
        e[7].name = content(Class::Document, 9, None);
        e[7].blake3 = [9; 32];
    });
    refused("grammar", &|e| e[0].name = "trust/../x".into());
    refused("HEAD listed", &|e| e[0].name = "00-HEAD".into());
    refused("name is not blake3", &|e| e[10].blake3 = [0; 32]);
    refused("too large", &|e| e[10].size = limits::MEMBER_BYTES + 1);
    refused("size overflow", &|e| e[10].size = u64::MAX);
    refused("trust too large", &|e| e[0].size = limits::TRUST_BYTES + 1);
    refused("acks too large", &|e| e[2].size = limits::ACKS_BYTES + 1);
    refused("last part missing", &|e| drop(e.remove(9)));
    refused("first part missing", &|e| drop(e.remove(8)));
    refused("a part skipped", &|e| {
        e[9].name = content(Class::Blob, 5, Some(2))
    });
    refused("a lone part at the end", &|e| e.truncate(9));
    refused("raw of what is not compressed", &|e| e[0].raw += 1);
    refused("raw of a content", &|e| e[8].raw -= 1);
    refused("raw over the ratio", &|e| {
        e[3].raw = limits::records_raw_bytes(512) + 1;
    });
    refused("raw of a records member", &|e| {
        e[3].size = limits::MEMBER_BYTES;
        e[3].raw = limits::RECORDS_RAW_BYTES as u64 + 1;
    });
    refused("raw overflow", &|e| e[3].raw = u64::MAX);
    refused("long name", &|e| {
        e[0].name = format!("trust/0000-{}", "a".repeat(100))
    });
}

/// A bundle's records have a sum, too: no member is over its own bound here.
#[test]
fn the_records_of_a_bundle_are_bounded_together() {
    let each = limits::RECORDS_RAW_BYTES as u64;
    let most = limits::RECORDS_BYTES / each;
    let of = |count: u64| {
        let named = |number| names::records(usize::try_from(number).unwrap());
        let entries = (0..count).map(|number| Entry {
            raw: each,
            ..entry(&named(number), 0, each)
        });
        let mut manifest = Manifest {
            entries: entries.collect(),
        };
        manifest.place(4096);
        Manifest::decode(&manifest.encode())
    };
    assert_eq!(of(most).unwrap().raw(Kind::Records), most * each);
    assert!(matches!(of(most + 1), Err(BundleError::Manifest(_))));
}

#[test]
fn other_encodings_are_refused() {
    let bytes = sample().encode();
    for cut in 0..bytes.len() {
        assert!(Manifest::decode(&bytes[..cut]).is_err());
    }
    assert!(Manifest::decode(&[&bytes[..], b"\0"].concat()).is_err());
    for foreign in [
        &b"\x82\x02\x80"[..],
        b"\x82\x01\xa0",
        b"\x80",
        b"\x9f\x01\x80\xff",
        b"\x82\x18\x01\x80",
    ] {
        assert!(Manifest::decode(foreign).is_err(), "{foreign:02x?}");
    }
    // A count that no input of this size can hold is refused without allocating for it.
    assert!(Manifest::decode(b"\x82\x01\x9a\x00\x0f\x42\x40").is_err());
    assert!(Manifest::decode(&vec![0; limits::MANIFEST_BYTES as usize + 1]).is_err());
}

proptest! {
    #[test]
    fn taken_means_canonical(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = sample().encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(manifest) = Manifest::decode(&bytes) {
            prop_assert_eq!(manifest.encode(), bytes);
            let _ = manifest.placed(4096);
        }
    }
}
