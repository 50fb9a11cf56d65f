//! What a co-recipient can do: build any payload under the same recipients, with the true HEAD and
//! signature, with a HEAD of its own, or with the writer's own key misused. Threats 3, 4, 5, 10, 11, 12.

use std::io::Read;

use super::scene::{self, Scene, secret, staged_files};
use crate::bundle::testing::Key;
use crate::bundle::{Head, Manifest, compose, names, tar};
use crate::carrier::media::MediaError;
use crate::carrier::media::read::Source;
use crate::carrier::media::seal;
use std::io::Write;

type Members = Vec<(String, Vec<u8>)>;

/// The members of a sealed bundle.
fn opened(scene: &Scene) -> Members {
    let (sealed, _) = scene.sealed();
    let stream = seal::open(&sealed[..], &[secret(1)]).unwrap();
    let mut tar = tar::Reader::new(stream);
    let mut members = Vec::new();
    while let Some(member) = tar.next().unwrap() {
        let mut bytes = Vec::new();
        tar.read_to_end(&mut bytes).unwrap();
        members.push((member.name, bytes));
    }
    members
}

fn sealed_tar(bytes: &[u8], to: &[u8]) -> Vec<u8> {
    let keys: Vec<_> = to.iter().map(|&seed| scene::to(seed)).collect();
    let mut sealer = seal::seal(Vec::new(), &keys).unwrap();
    sealer.write_all(bytes).unwrap();
    sealer.finish().unwrap()
}

fn packed(members: &Members) -> Vec<u8> {
    let mut writer = tar::Writer::new(Vec::new());
    for (name, bytes) in members {
        writer.member(name, bytes).unwrap();
    }
    writer.finish().unwrap()
}

fn why(scene: &Scene, sealed: &[u8], seed: u8) -> String {
    let found = scene.stage(Source::Stream(&mut &sealed[..]), seed);
    assert_eq!(staged_files(scene), 0);
    match found {
        Err(MediaError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Signs the edited HEAD and manifest with the true key, and seals them to the true recipients.
fn composed_anew(members: &Members, head: impl FnOnce(&mut Head), key: u8) -> Vec<u8> {
    let mut new = Head::decode(&members[0].1).unwrap();
    head(&mut new);
    let manifest = Manifest::decode(&members[2].1).unwrap();
    let composed = compose(new, manifest, &Key::new(key)).unwrap();
    let mut changed = members.clone();
    changed[0].1 = composed.head_bytes;
    changed[1].1 = composed.signature;
    changed[2].1 = composed.manifest_bytes;
    changed[3].1 = composed.sums;
    sealed_tar(&packed(&changed), &[1, 2])
}

#[test]
fn the_unchanged_payload_is_taken() {
    let scene = Scene::new();
    let sealed = sealed_tar(&packed(&opened(&scene)), &[1, 2]);
    scene.stage(Source::Stream(&mut &sealed[..]), 2).unwrap();
}

/// Threat 3: the true HEAD over another payload.
#[test]
fn a_forged_payload_is_refused() {
    let scene = Scene::new();
    let members = opened(&scene);
    let refused = |what: &str, edit: &dyn Fn(&mut Members)| {
        let mut changed = members.clone();
        edit(&mut changed);
        let why = why(&scene, &sealed_tar(&packed(&changed), &[1, 2]), 2);
        assert!(why.contains(what), "{what}: {why}");
    };
    let find = |name: &str| members.iter().position(|m| m.0.starts_with(name)).unwrap();
    let (records, blob, pad) = (find("records/"), find("blobs/"), find("99-PAD"));
    refused("another hash", &|m| m[blob].1[0] ^= 1);
    refused("another hash", &|m| m[records].1[0] ^= 1);
    refused("another hash", &|m| m[4].1[0] ^= 1);
    refused("another size", &|m| m[blob].1.truncate(10));
    refused("not valid over", &|m| {
        let at = m[0]
            .1
            .windows(11)
            .position(|w| w == b"sequence: 7")
            .unwrap();
        m[0].1[at + 10] = b'8';
    });
    refused("armour", &|m| m[1].1 = m[1].1[1..].to_vec());
    refused("not the one that HEAD names", &|m| m[2].1[10] ^= 1);
    refused("larger than its limit", &|m| m[2].1.push(0));
    refused("not the one that HEAD names", &|m| m[2].1.truncate(100));
    refused("what follows from the manifest", &|m| m[3].1[0] ^= 1);
    refused(&format!("{} is missing", members[blob].0), &|m| {
        drop(m.remove(blob))
    });
    refused(&format!("{} is missing", members[blob].0), &|m| {
        m.swap(blob, blob + 1)
    });
    refused("trust/0001-more.cose is missing", &|m| drop(m.remove(5)));
    refused("records/0001.cborseq.zst is not in the manifest", &|m| {
        m.insert(records + 1, (names::records(1), vec![]));
    });
    refused("trust/0009-x is not in the manifest", &|m| {
        m.insert(6, ("trust/0009-x".into(), vec![]));
    });
    refused("99-PAD is missing", &|m| drop(m.remove(pad)));
    refused("size bucket", &|m| m[pad].1.extend([0; 4096]));
    refused("not zero", &|m| m[pad].1[5] = 1);
    refused("99-PAD is not in the manifest", &|m| {
        m.push(("99-PAD".into(), vec![]))
    });
    refused("00-HEAD is missing", &|m| drop(m.remove(0)));
    refused("00-HEAD.sig is missing", &|m| drop(m.remove(1)));
    refused("01-MANIFEST.cbor is missing", &|m| drop(m.remove(2)));
    refused("01-MANIFEST.sha256 is missing", &|m| drop(m.remove(3)));
    refused("00-HEAD is missing", &|m| m.clear());
}

#[test]
fn a_payload_that_does_not_end_as_it_should_is_refused() {
    let scene = Scene::new();
    let whole = packed(&opened(&scene));
    for cut in [
        0,
        100,
        512,
        5_000,
        whole.len() - 1024,
        whole.len() - 512,
        whole.len() - 1,
    ] {
        let why = why(&scene, &sealed_tar(&whole[..cut], &[1, 2]), 1);
        assert!(!why.is_empty());
    }
    let more = [&whole[..], &[0; 512]].concat();
    assert!(why(&scene, &sealed_tar(&more, &[1, 2]), 1).contains("follow the end"));
}

/// Threat 4 and 3: another key's signature is valid SSHSIG; the judge sees whose it is.
#[test]
fn another_signer_is_shown_to_the_judge() {
    let scene = Scene::new();
    let sealed = composed_anew(&opened(&scene), |_| (), 43);
    assert_eq!(why(&scene, &sealed, 2), "the signer is no member");
    let right = composed_anew(&opened(&scene), |_| (), 42);
    scene.stage(Source::Stream(&mut &right[..]), 2).unwrap();
}

/// Threat 5: what was sealed for A and B, sealed again for C, is not C's.
#[test]
fn a_bundle_forwarded_to_a_third_is_refused() {
    let scene = Scene::new();
    let sealed = sealed_tar(&packed(&opened(&scene)), &[3]);
    assert!(why(&scene, &sealed, 3).contains("does not name this node"));
    // Naming C in HEAD needs the signer; a token that C cannot open is refused too.
    let sealed = composed_anew(
        &opened(&scene),
        |head| head.recipients[0].sealed = b"noise".to_vec(),
        42,
    );
    assert!(why(&scene, &sealed, 1).contains("token"));
}

#[test]
fn a_newer_bundle_says_so() {
    let scene = Scene::new();
    let mut members = opened(&scene);
    let text = String::from_utf8(members[0].1.clone()).unwrap();
    let newer = text.replacen(
        "okibi-bundle: 1\nreader: 1\n",
        "okibi-bundle: 3\nreader: 2\n",
        1,
    );
    members[0].1 = newer.into_bytes();
    let sealed = sealed_tar(&packed(&members), &[1, 2]);
    let found = scene.stage(Source::Stream(&mut &sealed[..]), 1);
    assert!(matches!(found, Err(MediaError::NewerOkibi { needs: 2 })));
}

/// Threat 11: a manifest that promises more than the disk holds stops before the first byte of it.
#[test]
fn a_promise_beyond_the_disk_is_no_space() {
    let scene = Scene::new();
    let members = opened(&scene);
    let mut manifest = Manifest::default();
    for content in super::scene::huge_contents() {
        manifest.entries.push(crate::bundle::Entry {
            name: names::part(names::Class::Blob, &content.blake3, None).unwrap(),
            unit: manifest.entries.len() as u64,
            kind: content.kind,
            size: content.size,
            raw: content.size,
            sha256: content.sha256,
            blake3: content.blake3,
            offset: 0,
        });
    }
    let head = Head::decode(&members[0].1).unwrap();
    let composed = compose(head, manifest, &Key::new(42)).unwrap();
    let mut writer = tar::Writer::new(Vec::new());
    composed.write_front(&mut writer).unwrap();
    let sealed = sealed_tar(&writer.finish().unwrap(), &[1, 2]);
    let found = scene.stage(Source::Stream(&mut &sealed[..]), 1);
    assert!(
        matches!(found, Err(MediaError::NoSpace { .. })),
        "{found:?}"
    );
    assert_eq!(staged_files(&scene), 0);
}
