//! Writer and reader together.

mod corpus;
mod crash;
mod forged;
mod scene;
mod sets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::files::Files;
use super::medium::{self, Medium, scan};
use super::read::{Source, inspect, verify};
use super::*;
use crate::bundle::Kind;
use scene::{Scene, refused_by_judge, secret, staged_files};

#[test]
fn what_was_written_is_staged() {
    let scene = Scene::new();
    let written = scene.write_to_medium();
    let scan = scan(&scene.stick()).unwrap();
    let found = &scan.bundles[0];
    assert_eq!(found.handle, written.handle);
    for seed in [1, 2] {
        let staged = scene.stage(Source::Found(found), seed).unwrap();
        assert_eq!(staged.front.head.bundle, written.bundle);
        assert_eq!(staged.front.head_sha256, written.head_sha256);
        assert_eq!(staged.front.head.sequence, 7);
        assert_eq!(staged.front.recipient, usize::from(seed) - 1);
        let token = medium::token_hash(&staged.front.token);
        let sums = found.sums.as_ref().unwrap();
        assert_eq!(sums.tokens[staged.front.recipient], token);
        assert_eq!(staged.trust, scene.trust());
        let records: Result<Vec<_>, _> = staged.records().collect();
        assert_eq!(records.unwrap(), scene.records());
        let ack = staged
            .members
            .iter()
            .find(|m| m.kind == Kind::Acks)
            .unwrap();
        assert_eq!(fs::read(&ack.path).unwrap(), scene.acks()[0].bytes);
        let contents: Vec<_> = staged
            .members
            .iter()
            .filter(|m| m.kind >= Kind::Adapter)
            .collect();
        assert_eq!(contents.len(), scene.contents().len());
        for (staged, content) in contents.iter().zip(scene.contents()) {
            assert_eq!(staged.kind, content.kind);
            assert_eq!(staged.blake3, content.blake3);
            assert_eq!(staged.sha256, content.sha256);
            assert_eq!(
                fs::read(&staged.path).unwrap(),
                fs::read(&content.path).unwrap()
            );
        }
        let units: Vec<_> = staged.members.iter().map(|m| m.unit).collect();
        assert_eq!(units, [1, 2, 3, 4, 5, 6]);
        staged.clear().unwrap();
        assert_eq!(staged_files(&scene), 0);
    }
}

#[test]
fn the_same_bundle_goes_through_file_and_pipe() {
    let scene = Scene::new();
    let sealed = scene.sealed();
    assert_eq!(sealed.1.sealed_bytes, sealed.0.len() as u64);
    assert_eq!(sealed.1.tar_bytes % 4096, 0);
    let staged = scene.stage(Source::Stream(&mut &sealed.0[..]), 2).unwrap();
    assert_eq!(staged.members.len(), 6);
    drop(staged);

    let files = Files::new(scene.stick());
    fs::write(scene.stick().join("x.okb"), b"old").unwrap();
    let path = Path::new("x.okb");
    let written = scene
        .write(super::write::Destination::File {
            files: &files,
            path,
        })
        .unwrap();
    assert!(written.read_back);
    assert_eq!(fs::read_dir(scene.stick()).unwrap().count(), 1);
    let found = scan(&scene.stick().join("x.okb"))
        .unwrap()
        .bundles
        .remove(0);
    assert_eq!(
        inspect(Source::Found(&found), &[secret(1)]).unwrap().signer,
        scene.signer()
    );
    verify(Source::Found(&found), &[secret(9), secret(2)]).unwrap();
}

#[test]
fn who_is_not_named_gets_nothing() {
    let scene = Scene::new();
    let (sealed, _) = scene.sealed();
    let found = scene.stage(Source::Stream(&mut &sealed[..]), 3);
    assert!(matches!(found, Err(MediaError::NothingForMe)));
    let none = inspect(Source::Stream(&mut &sealed[..]), &[]);
    assert!(matches!(none, Err(MediaError::NothingForMe)));
}

#[test]
fn what_the_judge_refuses_leaves_nothing() {
    let scene = Scene::new();
    let (sealed, _) = scene.sealed();
    let refused = scene.stage_judged(Source::Stream(&mut &sealed[..]), 1, |front, trust| {
        assert_eq!(front.signer, scene.signer());
        assert_eq!(trust, scene.trust());
        Err(refused_by_judge())
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        refused_by_judge().to_string()
    );
    assert_eq!(staged_files(&scene), 0);
}

#[test]
fn staging_belongs_to_one_at_a_time_and_starts_clean() {
    let scene = Scene::new();
    let (sealed, _) = scene.sealed();
    let staged = scene.stage(Source::Stream(&mut &sealed[..]), 1).unwrap();
    let second = scene.stage(Source::Stream(&mut &sealed[..]), 1);
    assert!(matches!(second, Err(MediaError::Busy(_))));
    assert!(staged.members[0].path.exists());
    let left = staged.members[0].path.with_file_name("left-over");
    fs::write(&left, b"x").unwrap();
    drop(staged);
    let staged = scene.stage(Source::Stream(&mut &sealed[..]), 1).unwrap();
    assert!(!left.exists());
    assert_eq!(staged_files(&scene), staged.members.len());
}

/// Threats 1 and 2: each flip and each truncation is an error, and nothing of it stays.
#[test]
fn no_flip_and_no_truncation_is_staged() {
    let scene = Scene::small();
    let (sealed, _) = scene.sealed();
    // All of the header and the first kilobytes, then every seventh byte.
    let positions = (0..1024).chain((1024..sealed.len()).step_by(7));
    for at in positions {
        let mut changed = sealed.clone();
        changed[at] ^= 1 << (at % 8);
        let found = scene.stage(Source::Stream(&mut &changed[..]), 1);
        assert!(
            matches!(
                found,
                Err(MediaError::Refused(_) | MediaError::NothingForMe)
            ),
            "flip at {at}: {found:?}"
        );
        assert_eq!(staged_files(&scene), 0);
    }
    for cut in (0..512).chain((512..sealed.len()).step_by(31)) {
        let found = scene.stage(Source::Stream(&mut &sealed[..cut]), 1);
        assert!(
            matches!(found, Err(MediaError::Refused(_))),
            "cut at {cut}: {found:?}"
        );
        assert_eq!(staged_files(&scene), 0);
    }
    let longer = [&sealed[..], b"\0"].concat();
    assert!(scene.stage(Source::Stream(&mut &longer[..]), 1).is_err());
    scene.stage(Source::Stream(&mut &sealed[..]), 1).unwrap();
}

/// With `SUMS` beside it, a damaged slice is named instead of blamed on its writer.
#[test]
fn a_damaged_slice_is_named() {
    let scene = Scene::small();
    let written = scene.write_to_medium();
    let found = scan(&scene.stick()).unwrap().bundles.remove(0);
    let slice = found.slices[0].clone();
    let whole = fs::read(&slice).unwrap();
    let handle = written.handle.unwrap();
    let mut changed = whole.clone();
    let at = whole.len() - 100;
    changed[at] ^= 1;
    for bytes in [&changed[..], &whole[..whole.len() - 4096], b""] {
        fs::write(&slice, bytes).unwrap();
        let found = scene.stage(Source::Found(&found), 1);
        let Err(MediaError::SliceMissing { which }) = found else {
            panic!("{found:?}");
        };
        assert_eq!(which, format!("{handle}/000.age"));
    }
    fs::remove_file(&slice).unwrap();
    let gone = scene.stage(Source::Found(&found), 1);
    assert!(matches!(gone, Err(MediaError::SliceMissing { .. })));
}

#[test]
fn a_content_that_changed_is_not_sent() {
    let scene = Scene::new();
    let path = scene.contents().remove(2).path;
    let whole = fs::read(&path).unwrap();
    for bytes in [
        &whole[1..],
        &[&whole[..], b"x"].concat(),
        &vec![1; whole.len()],
    ] {
        fs::write(&path, bytes).unwrap();
        let mut out = Vec::new();
        let written = scene.write(super::write::Destination::Stream(&mut out));
        assert!(
            matches!(written, Err(MediaError::Changed(_))),
            "{written:?}"
        );
        let files = Files::new(scene.stick());
        let medium = Medium::take(&files).unwrap();
        scene
            .write(super::write::Destination::Medium(&medium))
            .unwrap_err();
        let scan = scan(&scene.stick()).unwrap();
        assert!(scan.bundles.is_empty() && scan.unfinished.is_empty());
    }
}

/// Threat 19: two bundles of about the same content have the same size, and no name stands outside.
#[test]
fn a_found_stick_tells_little() {
    let scene = Scene::new();
    let written = scene.write_to_medium();
    assert_eq!(
        crate::bundle::pad::bucket(written.tar_bytes),
        written.tar_bytes
    );
    let folder = scene.stick().join("okibi").join(written.handle.unwrap());
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["000.age", "SUMS"]);
    let slice = fs::read(folder.join("000.age")).unwrap();
    let sums = fs::read_to_string(folder.join("SUMS")).unwrap();
    let head = inspect(Source::Stream(&mut &slice[..]), &[secret(1)])
        .unwrap()
        .head;
    for word in [
        head.bundle.to_vec(),
        head.circle.to_vec(),
        scene.signer().to_vec(),
        head.recipients[0].hint.to_vec(),
    ] {
        let hex = data_encoding::HEXLOWER.encode(&word);
        assert!(!slice.windows(word.len()).any(|w| w == word));
        assert!(!sums.contains(&hex));
    }
}

#[test]
fn space_is_checked_before_the_first_byte() {
    let scene = Scene::new();
    let huge = scene::huge_contents();
    let files = Files::new(scene.stick());
    let medium = Medium::take(&files).unwrap();
    let destination = super::write::Destination::Medium(&medium);
    let written = scene.write_plan(destination, scene.plan_of(huge));
    assert!(matches!(written, Err(MediaError::NoSpace { have, need, .. }) if have < need));
    assert_eq!(
        fs::read_dir(scene.stick().join("okibi")).unwrap().count(),
        1
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_contents_round_trip(
        contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..3000), 0..6),
        records in proptest::collection::vec(1usize..500, 0..20),
        part_bytes in 700u64..4000,
    ) {
        let scene = Scene::of(&contents, &records, part_bytes);
        let (sealed, written) = scene.sealed();
        let staged = scene.stage(Source::Stream(&mut &sealed[..]), 1).unwrap();
        let read: Result<Vec<_>, _> = staged.records().collect();
        prop_assert_eq!(read.unwrap(), scene.records());
        let found: Vec<_> = staged.members.iter().filter(|m| m.kind == Kind::Blob).collect();
        prop_assert_eq!(found.len(), scene.contents().len());
        for (member, content) in found.iter().zip(scene.contents()) {
            prop_assert_eq!(fs::read(&member.path).unwrap(), fs::read(&content.path).unwrap());
        }
        prop_assert!(written.members >= found.len());
    }
}
