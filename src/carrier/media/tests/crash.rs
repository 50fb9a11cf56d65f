//! Threats 13 and 14: power cuts, full disks, failing devices and lying sticks, at every operation.

use std::path::Path;

use super::scene::{Scene, random, secret, staged_files, to};
use crate::bundle::testing::Key;
use crate::carrier::media::MediaError;
use crate::carrier::media::files::{Failure, Fault, Files, Recording, Survival};
use crate::carrier::media::medium::{Medium, scan};
use crate::carrier::media::read::{Source, stage, verify};
use crate::carrier::media::write::{Destination, Written, write_bundle};

/// One export onto the scene's stick, recorded.
fn export(scene: &Scene, fault: Option<Fault>) -> (Result<Written, MediaError>, Recording) {
    export_seeded(scene, fault, 1)
}

fn export_seeded(
    scene: &Scene,
    fault: Option<Fault>,
    seed: u8,
) -> (Result<Written, MediaError>, Recording) {
    let (files, recording) = Files::recording(scene.stick(), fault).unwrap();
    let written = Medium::take(&files).and_then(|medium| {
        let plan = scene.plan_of(scene.contents());
        scene.write_seeded(Destination::Medium(&medium), plan, seed)
    });
    (written, recording)
}

#[test]
fn after_every_prefix_the_bundle_is_there_whole_or_not_at_all() {
    let scene = Scene::small();
    let (written, recording) = export(&scene, None);
    written.unwrap();
    let all = recording.operations().len();
    let mut there = [0; 3];
    for prefix in 0..=all {
        for (place, survival) in Survival::EACH.into_iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            recording.rebuild(prefix, survival, folder.path()).unwrap();
            let scan = scan(folder.path()).unwrap();
            assert!(scan.damaged.is_empty(), "{prefix} {survival:?}");
            assert!(prefix < all || scan.bundles.len() == 1);
            for found in &scan.bundles {
                verify(Source::Found(found), &[secret(2)]).unwrap();
                there[place] += 1;
            }
            // The next export takes up whatever was left.
            let files = Files::new(folder.path());
            let medium = Medium::take(&files).unwrap();
            assert_eq!(medium.sweep().unwrap(), scan.unfinished.len());
            drop(medium);
            assert!(super::scan(folder.path()).unwrap().unfinished.is_empty());
        }
    }
    // Durable is later than visible, and both do happen.
    assert!(there[0] >= 1 && there[2] >= there[0], "{there:?}");
}

#[test]
fn taking_a_bundle_off_never_leaves_half_of_one() {
    let scene = Scene::small();
    let handle = scene.write_to_medium().handle.unwrap();
    let (files, recording) = Files::recording(scene.stick(), None).unwrap();
    let medium = Medium::take(&files).unwrap();
    medium.acknowledge(&handle, [1; 16]).unwrap();
    medium.discard(&handle).unwrap();
    let all = recording.operations().len();
    for prefix in 0..=all {
        for survival in Survival::EACH {
            let folder = tempfile::tempdir().unwrap();
            recording.rebuild(prefix, survival, folder.path()).unwrap();
            let scan = scan(folder.path()).unwrap();
            assert!(prefix < all || scan.bundles.is_empty());
            for found in &scan.bundles {
                verify(Source::Found(found), &[secret(2)]).unwrap();
            }
        }
    }
}

#[test]
fn a_failing_device_fails_the_export_and_the_next_one_works() {
    let (_, recording) = export(&Scene::small(), None);
    let all = recording.attempts();
    for failure in [
        Failure::NoSpace,
        Failure::Io,
        Failure::Crash,
        Failure::Lose,
        Failure::Short,
    ] {
        for at in 0..all {
            let scene = Scene::small();
            let (written, recording) = export(&scene, Some(Fault { at, failure }));
            let found = scan(&scene.stick()).unwrap();
            let what = format!("{failure:?} at {at} of {all}: {written:?}");
            match failure {
                Failure::Short => assert!(written.is_ok(), "{what}"),
                // Loses nothing if no write is left to lose.
                Failure::Lose => {
                    let lost = recording.operations().len() as u64;
                    assert!(written.is_err() || lost == all, "{what}");
                }
                Failure::NoSpace => {
                    assert!(
                        matches!(written, Err(MediaError::NoSpace { need: 0, .. })),
                        "{what}"
                    );
                }
                Failure::Io | Failure::Crash => assert!(written.is_err(), "{what}"),
            }
            match written {
                Ok(_) => assert_eq!(found.bundles.len(), 1, "{what}"),
                // Past the rename of SUMS the bundle may be there although its writer cannot know.
                Err(_) if failure == Failure::Crash => {
                    for bundle in &found.bundles {
                        verify(Source::Found(bundle), &[secret(1)]).unwrap();
                    }
                }
                Err(_) => assert!(found.bundles.is_empty(), "{what}"),
            }
            let before = found.bundles.len();
            let (again, _) = export_seeded(&scene, None, 2);
            assert!(again.is_ok(), "{what}: {again:?}");
            let scan = scan(&scene.stick()).unwrap();
            assert_eq!(scan.bundles.len(), before + 1, "{what}");
        }
    }
}

#[test]
fn a_failing_disk_fails_the_staging_and_the_next_one_works() {
    let scene = Scene::small();
    let (sealed, _) = scene.sealed();
    let run = |fault| {
        let (files, recording) = Files::recording(scene.root.path().join("home"), fault).unwrap();
        let staging = (&files, Path::new("staging"));
        let source = Source::Stream(&mut &sealed[..]);
        let staged = stage(
            source,
            &[secret(1)],
            staging,
            |_, _| Ok::<_, MediaError>(()),
        );
        (staged.map(|staged| staged.members.len()), recording)
    };
    // From scratch each time, so that the indices are the same.
    let fresh = || std::fs::remove_dir_all(scene.root.path().join("home/staging"));
    let (staged, recording) = run(None);
    let members = staged.unwrap();
    for failure in [
        Failure::NoSpace,
        Failure::Io,
        Failure::Crash,
        Failure::Short,
    ] {
        for at in 0..recording.attempts() {
            let _ = fresh();
            let (staged, _) = run(Some(Fault { at, failure }));
            let what = format!("{failure:?} at {at}: {staged:?}");
            assert_eq!(staged.is_ok(), failure == Failure::Short, "{what}");
            if staged.is_err() && failure != Failure::Crash {
                assert_eq!(staged_files(&scene), 0, "{what}");
            }
            assert_eq!(run(None).0.unwrap(), members, "{what}");
        }
    }
}

/// What is `Staged` is durable: after a power cut at that moment every file is there with its bytes.
#[test]
fn what_is_staged_survives_a_power_cut() {
    let scene = Scene::new();
    let (sealed, _) = scene.sealed();
    let (files, recording) = Files::recording(scene.root.path().join("home"), None).unwrap();
    let staging = (&files, Path::new("staging"));
    let source = Source::Stream(&mut &sealed[..]);
    let staged = stage(
        source,
        &[secret(1)],
        staging,
        |_, _| Ok::<_, MediaError>(()),
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let all = recording.operations().len();
    recording
        .rebuild(all, Survival::Synced, folder.path())
        .unwrap();
    for member in &staged.members {
        let name = member.path.file_name().unwrap();
        let bytes = std::fs::read(folder.path().join("staging").join(name)).unwrap();
        assert_eq!(*blake3::hash(&bytes).as_bytes(), member.blake3);
    }
}

#[test]
fn a_failing_spool_fails_before_the_stick_is_touched() {
    let scene = Scene::small();
    for at in 0..4 {
        let fault = Fault {
            at,
            failure: Failure::NoSpace,
        };
        let home = scene.root.path().join("home");
        let (files, _) = Files::recording(home, Some(fault)).unwrap();
        let medium = Medium::take(&Files::new(scene.stick())).unwrap();
        let written = write_bundle(
            (&files, Path::new("spool")),
            Destination::Medium(&medium),
            scene.plan_of(scene.contents()),
            &Key::new(42),
            &[to(1)],
            &mut random(1),
        );
        let none = scan(&scene.stick()).unwrap();
        assert!(none.bundles.is_empty() || written.is_ok());
        assert!(
            matches!(written, Err(MediaError::NoSpace { need: 0, .. })) || at == 3,
            "{at}: {written:?}"
        );
        if written.is_ok() {
            break;
        }
    }
}

/// A handle that is taken already, which chance never makes, costs the new bundle and not the old one.
#[test]
fn a_taken_handle_is_left_alone() {
    let scene = Scene::small();
    export(&scene, None).0.unwrap();
    export(&scene, None).0.unwrap_err();
    let found = scan(&scene.stick()).unwrap().bundles;
    assert_eq!(found.len(), 1);
    verify(Source::Found(&found[0]), &[secret(1)]).unwrap();
}

/// `-o FILE` over an older export: a power cut leaves the old file or the whole new one.
#[test]
fn a_file_is_replaced_at_once() {
    let scene = Scene::small();
    let name = Path::new("out.okb");
    std::fs::write(scene.stick().join(name), b"old").unwrap();
    let (files, recording) = Files::recording(scene.stick(), None).unwrap();
    scene
        .write(Destination::File {
            files: &files,
            path: name,
        })
        .unwrap();
    let all = recording.operations().len();
    for prefix in 0..=all {
        for survival in Survival::EACH {
            let folder = tempfile::tempdir().unwrap();
            recording.rebuild(prefix, survival, folder.path()).unwrap();
            let bytes = std::fs::read(folder.path().join(name)).unwrap();
            if bytes != b"old" {
                verify(Source::Stream(&mut &bytes[..]), &[secret(1)]).unwrap();
            }
            assert!(prefix < all || bytes != b"old", "{prefix} {survival:?}");
        }
    }
}

/// Threat 15: what is applied is the staged copy, whatever becomes of the stick.
#[test]
fn the_stick_may_change_after_staging() {
    let scene = Scene::new();
    scene.write_to_medium();
    let found = scan(&scene.stick()).unwrap().bundles.remove(0);
    let staged = scene.stage(Source::Found(&found), 1).unwrap();
    std::fs::write(&found.slices[0], b"swapped").unwrap();
    let records: Result<Vec<_>, _> = staged.records().collect();
    assert_eq!(records.unwrap(), scene.records());
    for member in &staged.members {
        let bytes = std::fs::read(&member.path).unwrap();
        assert_eq!(*blake3::hash(&bytes).as_bytes(), member.blake3);
    }
}
