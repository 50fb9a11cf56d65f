//! Bundles over several slices and several media, parity, and what is salvaged of a damaged one.

use std::fs;
use std::path::{Path, PathBuf};

use super::scene::{Scene, secret, staged_files};
use crate::bundle::Kind;
use crate::carrier::media::MediaError;
use crate::carrier::media::files::{Failure, Fault, Files};
use crate::carrier::media::medium::{Found, Medium, scan};
use crate::carrier::media::parity;
use crate::carrier::media::partial_sets::{Gathered, PartialSets, key};
use crate::carrier::media::read::{Source, stage_what_is_there, verify};
use crate::carrier::media::slices::{Full, Layout, Media};
use crate::carrier::media::write::{Destination, Written};

fn layout(slice: u64, parity: u8) -> Layout {
    Layout {
        slice: Some(slice),
        parity,
    }
}

fn cut(scene: &Scene, layout: Layout) -> Result<Written, MediaError> {
    let taken = vec![Medium::take(&Files::new(scene.stick())).unwrap()];
    scene.write(Destination::Media(Media {
        taken,
        more: None,
        layout,
        begun: None,
    }))
}

fn only(stick: &Path) -> Found {
    let mut found = scan(stick).unwrap().bundles;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// The bundle on the stick, dealt out over as many sticks as it has slices.
fn dealt(scene: &Scene) -> Vec<PathBuf> {
    let found = only(&scene.stick());
    let (handle, sums) = (found.handle.unwrap(), found.sums.unwrap());
    let mut sticks = Vec::new();
    for (number, path) in found.slices.iter().enumerate() {
        let stick = scene.root.path().join(format!("stick-{number}"));
        fs::create_dir(&stick).unwrap();
        let medium = Medium::take(&Files::new(&stick)).unwrap();
        let folder = stick.join(Medium::folder(&handle));
        fs::create_dir(&folder).unwrap();
        fs::copy(path, folder.join(path.file_name().unwrap())).unwrap();
        let mut part = sums.clone();
        part.first = u16::try_from(number).unwrap();
        part.last = number + 1 == found.slices.len();
        part.slices = vec![sums.slices[number]];
        medium.commit(&handle, &part).unwrap();
        sticks.push(stick);
    }
    sticks
}

fn gather(scene: &Scene, stick: &Path) -> Gathered {
    let shelf = PartialSets::take(&scene.home()).unwrap();
    shelf.gather(&[only(stick)], false).unwrap()
}

#[test]
fn slices_are_cut_and_read_again() {
    for (slice, expected) in [(4_096, 9), (10_000, 4), (1 << 20, 1)] {
        let scene = Scene::new();
        let written = cut(&scene, layout(slice, 0)).unwrap();
        let found = only(&scene.stick());
        assert_eq!(found.slices.len(), usize::from(written.slices));
        assert!(found.slices.len().abs_diff(expected) <= 1, "{written:?}");
        let sizes: Vec<u64> = found
            .slices
            .iter()
            .map(|path| fs::metadata(path).unwrap().len())
            .collect();
        assert_eq!(sizes.iter().sum::<u64>(), written.sealed_bytes);
        let (last, whole) = sizes.split_last().unwrap();
        assert!(whole.iter().all(|size| *size == slice) && (1..=slice).contains(last));
        assert!(!found.is_part());
        verify(Source::Found(&found), &[secret(2)]).unwrap();
    }
}

#[test]
fn too_many_slices_are_refused_before_the_first_byte() {
    let scene = Scene::new();
    let written = cut(&scene, layout(10, 0));
    assert!(matches!(written, Err(MediaError::Plan(_))), "{written:?}");
    assert!(scan(&scene.stick()).unwrap().unfinished.is_empty());
}

/// Parts come one by one, in every order of three: what came early is kept, and the last one completes.
#[test]
fn sticks_may_come_in_any_order() {
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let scene = Scene::new();
        let written = cut(&scene, layout(12_000, 0)).unwrap();
        assert_eq!(written.slices, 3);
        let sticks = dealt(&scene);
        for (turn, number) in order.into_iter().enumerate() {
            let gathered = gather(&scene, &sticks[number]);
            match gathered {
                Gathered::Waiting(waiting) => {
                    assert!(turn < 2, "{order:?} {waiting:?}");
                    assert_eq!((waiting.have, waiting.kept), (turn + 1, 1));
                    assert!(!waiting.missing.is_empty());
                    // Once more changes nothing.
                    let Gathered::Waiting(again) = gather(&scene, &sticks[number]) else {
                        panic!("{order:?}");
                    };
                    assert_eq!((again.have, again.kept), (turn + 1, 0));
                }
                Gathered::Whole(found) => {
                    assert_eq!(turn, 2, "{order:?}");
                    scene.stage(Source::Found(&found), 1).unwrap();
                }
            }
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    let scene = Scene::new();
    cut(&scene, layout(4_096, 0)).unwrap();
    let sticks = dealt(&scene);
    let missing = |number: usize| match gather(&scene, &sticks[number]) {
        Gathered::Waiting(waiting) => waiting.missing,
        Gathered::Whole(_) => panic!("whole"),
    };
    assert_eq!(
        missing(2),
        "000.age to 001.age, 003.age and what may follow"
    );
    assert_eq!(
        missing(4),
        "000.age to 001.age, 003.age, 005.age and what may follow"
    );
    let last = sticks.len() - 1;
    assert_eq!(
        missing(last),
        format!(
            "000.age to 001.age, 003.age, 005.age to {:03}.age",
            last - 1
        )
    );
}

/// Threat 2: a slice of another bundle in the place of one, a slice twice, two slices swapped, one dropped.
#[test]
fn slices_of_two_bundles_do_not_mix() {
    let scene = Scene::new();
    cut(&scene, layout(8_000, 0)).unwrap();
    let found = only(&scene.stick());
    let whole: Vec<Vec<u8>> = found
        .slices
        .iter()
        .map(|it| fs::read(it).unwrap())
        .collect();
    let other = Scene::new();
    let medium = Medium::take(&Files::new(other.stick())).unwrap();
    let destination = Destination::Media(Media {
        taken: vec![medium],
        more: None,
        layout: layout(8_000, 0),
        begun: None,
    });
    let plan = other.plan_of(other.contents());
    other.write_seeded(destination, plan, 9).unwrap();
    let foreign = only(&other.stick());
    let count = whole.len();
    assert!(count >= 4);
    let refused = |what: String| {
        for seed in [1, 2] {
            let found = scene.stage(Source::Found(&found), seed);
            let Err(MediaError::SliceMissing { which }) = found else {
                panic!("{what}: {found:?}");
            };
            assert!(which.ends_with(".age"), "{what}: {which}");
            assert_eq!(staged_files(&scene), 0);
        }
    };
    let restore = || {
        for (path, bytes) in found.slices.iter().zip(&whole) {
            fs::write(path, bytes).unwrap();
        }
    };
    for number in 0..count {
        fs::remove_file(&found.slices[number]).unwrap();
        refused(format!("{number} dropped"));
        restore();
        fs::copy(
            &foreign.slices[number % foreign.slices.len()],
            &found.slices[number],
        )
        .unwrap();
        refused(format!("{number} of another bundle"));
        restore();
        for with in (0..count).filter(|with| *with != number) {
            fs::write(&found.slices[number], &whole[with]).unwrap();
            refused(format!("{with} twice, instead of {number}"));
            fs::write(&found.slices[with], &whole[number]).unwrap();
            refused(format!("{number} and {with} swapped"));
            restore();
        }
    }
    scene.stage(Source::Found(&found), 1).unwrap();
}

/// A bundle over media of which each takes a part; the set is whole, whatever the order.
#[test]
fn media_are_filled_in_order_and_asked_for() {
    let scene = Scene::new();
    let sticks: Vec<PathBuf> = (0..3)
        .map(|number| scene.root.path().join(format!("more-{number}")))
        .collect();
    for stick in &sticks {
        fs::create_dir(stick).unwrap();
    }
    let taken = vec![Medium::take(&Files::new(scene.stick())).unwrap()];
    let mut asked = Vec::new();
    // Every medium has room for all here, so that nothing is asked for.
    let mut more = |full: Full| {
        asked.push(full);
        Err(MediaError::NoMedium("none".into()))
    };
    let written = scene
        .write(Destination::Media(Media {
            taken,
            more: Some(&mut more),
            layout: layout(9_000, 0),
            begun: None,
        }))
        .unwrap();
    assert_eq!((written.media, asked.len()), (1, 0));
}

/// Killed half-way: what was kept whole stays, what was half is taken again.
#[test]
fn early_slices_survive_a_failure_at_every_operation() {
    let scene = Scene::new();
    cut(&scene, layout(12_000, 0)).unwrap();
    let sticks = dealt(&scene);
    let home = scene.root.path().join("home");
    let keep = |fault| {
        let (files, recording) = Files::recording(&home, fault).unwrap();
        let kept = PartialSets::take(&files).and_then(|shelf| {
            let parts = [only(&sticks[1]), only(&sticks[2])];
            shelf.gather(&parts, false)
        });
        (kept, recording)
    };
    let all = keep(None).1.attempts();
    let mut failed = 0;
    for failure in [
        Failure::Crash,
        Failure::NoSpace,
        Failure::Io,
        Failure::Short,
    ] {
        for at in 0..all {
            fs::remove_dir_all(home.join("slices")).unwrap();
            let (kept, _) = keep(Some(Fault { at, failure }));
            let what = format!("{failure:?} at {at}: {kept:?}");
            assert_eq!(kept.is_ok(), failure == Failure::Short, "{what}");
            failed += usize::from(kept.is_err());
            let Gathered::Waiting(waiting) = keep(None).0.unwrap() else {
                panic!("{what}");
            };
            assert_eq!(waiting.missing, "000.age", "{what}");
            let Gathered::Whole(found) = gather(&scene, &sticks[0]) else {
                panic!("{what}");
            };
            verify(Source::Found(&found), &[secret(1)]).unwrap();
        }
    }
    assert!(failed > 30, "{failed}");
}

#[test]
fn a_damaged_early_slice_is_not_kept() {
    let scene = Scene::new();
    cut(&scene, layout(12_000, 0)).unwrap();
    let sticks = dealt(&scene);
    let part = only(&sticks[1]);
    let bytes = fs::read(&part.slices[0]).unwrap();
    let mut bent = bytes.clone();
    bent[77] ^= 1;
    fs::write(&part.slices[0], bent).unwrap();
    let Gathered::Waiting(waiting) = gather(&scene, &sticks[1]) else {
        panic!("whole");
    };
    assert_eq!(waiting.kept, 0);
    let folder = scene.home().path("slices").join(key(&part).unwrap());
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    fs::write(&part.slices[0], bytes).unwrap();
    gather(&scene, &sticks[1]);
    gather(&scene, &sticks[2]);
    assert!(matches!(gather(&scene, &sticks[0]), Gathered::Whole(_)));
}

fn mend(scene: &Scene, found: &Found) -> Option<parity::Mended> {
    let home = scene.home();
    let _ = fs::remove_dir_all(home.path("mend"));
    fs::create_dir(home.path("mend")).unwrap();
    parity::mend((&home, Path::new("mend")), found).unwrap()
}

/// Every slice in turn is lost or damaged, and given back byte for byte; so is a stretch over two slices.
#[test]
fn parity_gives_back_what_a_stick_lost() {
    let scene = Scene::new();
    let written = cut(&scene, layout(8_192, 25)).unwrap();
    assert!(written.parity_bytes > written.sealed_bytes / 4);
    let found = only(&scene.stick());
    assert!(mend(&scene, &found).is_none(), "nothing to repair");
    let whole: Vec<Vec<u8>> = found
        .slices
        .iter()
        .map(|it| fs::read(it).unwrap())
        .collect();
    for (number, path) in found.slices.iter().enumerate() {
        let bytes = &whole[number];
        let mut bent = bytes.clone();
        bent[bytes.len() / 2] ^= 0x40;
        let mut longer = bytes.clone();
        longer.extend([1; 7]);
        for damage in [None, Some(vec![]), Some(bent), Some(bytes[..100].to_vec())] {
            match &damage {
                None => fs::remove_file(path).unwrap(),
                Some(bytes) => fs::write(path, bytes).unwrap(),
            }
            let mended = mend(&scene, &found).unwrap_or_else(|| panic!("{number} {damage:?}"));
            assert_eq!(mended.slices, [format!("{number:03}.age")]);
            assert_eq!(&fs::read(&mended.found.slices[number]).unwrap(), bytes);
            verify(Source::Found(&mended.found), &[secret(1)]).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    // More than a quarter is lost: nothing is given back, and nothing is made up.
    fs::remove_file(&found.slices[0]).unwrap();
    fs::remove_file(&found.slices[1]).unwrap();
    assert!(mend(&scene, &found).is_none());
    fs::write(&found.slices[0], &whole[0]).unwrap();
    // The index stands twice, at both ends; the parity blocks are needed.
    let files = parity::parity_files(&found);
    assert!(files.len() > 1, "cut like the slices");
    for (path, end) in [
        (files.first().unwrap(), false),
        (files.last().unwrap(), true),
    ] {
        let bytes = fs::read(path).unwrap();
        let mut bent = bytes.clone();
        let from = if end { bytes.len() - 60 } else { 0 };
        bent[from..from + 60].fill(0xee);
        fs::write(path, bent).unwrap();
        assert!(mend(&scene, &found).is_some(), "{end}");
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(parity::damaged_parity(&found).unwrap(), [name]);
        fs::write(path, &bytes).unwrap();
    }
    for path in files {
        fs::remove_file(path).unwrap();
        assert!(mend(&scene, &found).is_none());
    }
}

/// Every single byte of parity, flipped beside a lost slice: either the slice comes back whole, or nothing does.
#[test]
fn damaged_parity_never_makes_a_wrong_slice() {
    let scene = Scene::small();
    cut(&scene, layout(8_192, 34)).unwrap();
    let found = only(&scene.stick());
    let bytes = fs::read(&found.slices[1]).unwrap();
    fs::remove_file(&found.slices[1]).unwrap();
    let parity = found.slices[0].with_file_name("000.par");
    let whole = fs::read(&parity).unwrap();
    let (mut back, mut none) = (0, 0);
    for at in (0..whole.len()).step_by(13) {
        let mut bent = whole.clone();
        bent[at] ^= 1 << (at % 8);
        fs::write(&parity, bent).unwrap();
        match mend(&scene, &found) {
            None => none += 1,
            Some(mended) => {
                assert_eq!(fs::read(&mended.found.slices[1]).unwrap(), bytes, "{at}");
                back += 1;
            }
        }
    }
    // Flips in either copy of the index do no harm, flips in the blocks that are needed do.
    assert!(back > 10 && none > 10, "{back} {none}");
}

#[test]
fn parity_of_a_file_lies_beside_it() {
    let scene = Scene::new();
    let files = Files::new(scene.stick());
    let path = Path::new("x.okb");
    let parity = 10;
    let destination = Destination::FileParity {
        files: &files,
        path,
        parity,
    };
    let written = scene.write(destination).unwrap();
    assert!(written.parity_bytes > 0);
    let found = only(&scene.stick().join(path));
    let whole = fs::read(&found.slices[0]).unwrap();
    let mut bent = whole.clone();
    bent[9_000] ^= 1;
    fs::write(&found.slices[0], bent).unwrap();
    let mended = mend(&scene, &found).unwrap();
    assert_eq!(fs::read(&mended.found.slices[0]).unwrap(), whole);
    // Without parity the old one goes: it would belong to another file.
    scene
        .write(Destination::File {
            files: &files,
            path,
        })
        .unwrap();
    assert_eq!(fs::read_dir(scene.stick()).unwrap().count(), 1);
}

/// What stands whole before the damage is staged, in whole units; what stands behind is named.
#[test]
fn salvage_takes_whole_units_of_an_intact_prefix() {
    // Over several of age's chunks of 64 KiB: within one, nothing is authentic unless all is.
    let contents: Vec<Vec<u8>> = (0..5u8).map(|seed| vec![seed; 60_000]).collect();
    let scene = Scene::of(&contents, &[10, 300, 20], 25_000);
    let (sealed, _) = scene.sealed();
    let home = scene.home();
    let staged = stage_what_is_there(
        Source::Stream(&mut &sealed[..]),
        &[secret(1)],
        (&home, Path::new("staging")),
        true,
        |_, _| Ok::<_, MediaError>(()),
    )
    .unwrap();
    assert!(staged.skipped.is_none());
    let all: Vec<_> = staged
        .members
        .iter()
        .map(|it| (it.name.clone(), it.blake3))
        .collect();
    drop(staged);
    let mut counts = std::collections::BTreeSet::new();
    let (mut refused, mut taken) = (0, 0);
    for at in (0..sealed.len()).step_by(997) {
        let mut bent = sealed.clone();
        bent[at] ^= 1;
        for bytes in [&bent[..], &sealed[..at]] {
            let staged = stage_what_is_there(
                Source::Stream(&mut &bytes[..]),
                &[secret(1)],
                (&home, Path::new("staging")),
                true,
                |_, _| Ok::<_, MediaError>(()),
            );
            let Ok(staged) = staged else {
                refused += 1;
                assert_eq!(staged_files(&scene), 0);
                continue;
            };
            taken += 1;
            let skipped = staged.skipped.as_ref().unwrap();
            let here: Vec<_> = staged
                .members
                .iter()
                .map(|it| (it.name.clone(), it.blake3))
                .collect();
            assert_eq!(here, all[..here.len()], "{at}");
            assert!(here.len() < all.len() || skipped.members.is_empty());
            assert_eq!(staged_files(&scene), here.len());
            for member in &staged.members {
                let bytes = fs::read(&member.path).unwrap();
                assert_eq!(*blake3::hash(&bytes).as_bytes(), member.blake3);
                assert!(member.kind != Kind::Trust);
            }
            counts.insert(here.len());
        }
    }
    assert!(
        refused > 10 && taken > 10 && !counts.is_empty(),
        "{refused} {taken} {counts:?}"
    );
}
