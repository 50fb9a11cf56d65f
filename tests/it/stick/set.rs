//! Bundles over several sticks: in any order, half written, looked at one by one, filled one after the other; and what
//! parity repairs of one.

use std::fs;
use std::path::{Path, PathBuf};

use okibi::carrier::media::files::Files;
use okibi::carrier::media::medium::{Found, Medium, scan};
use okibi::node::{Exit, ExportOptions, Full, ImportOptions, Layout, Target};

use super::{Scene, exits, only, try_import};
use crate::homes::{self, ails, circle, import, open, share, state};

impl Scene {
    /// One bundle dealt out over as many sticks as it has slices.
    pub(super) fn dealt(&mut self, slice: u64) -> Vec<PathBuf> {
        let whole = self.stick("whole");
        let layout = Layout {
            slice: Some(slice),
            parity: 0,
        };
        self.export(std::slice::from_ref(&whole), layout).unwrap();
        deal(&whole, &self.place.path("set"))
    }
}

/// A stick for each slice of the only bundle on `whole`.
fn deal(whole: &Path, to: &Path) -> Vec<PathBuf> {
    let found = only(whole);
    let (handle, sums) = (found.handle.unwrap(), found.sums.unwrap());
    let sticks = found.slices.iter().enumerate().map(|(number, path)| {
        let stick = PathBuf::from(format!("{}-{number}", to.display()));
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
        stick
    });
    sticks.collect()
}

/// The first stick tells whether the bundle is for this node: it comes first, the others in any order; all at once they may
/// come as they like.
#[test]
fn a_set_of_sticks_comes_in_any_order_behind_its_first() {
    let mut scene = Scene::with(6, 4_000);
    let sticks = scene.dealt(10_000);
    assert!(sticks.len() >= 3);
    let new = state(&scene.alice);
    // Without the first one nothing is kept of the others.
    let mut bob = scene.bob();
    for stick in sticks.iter().skip(1) {
        let stick = std::slice::from_ref(stick);
        let report = try_import(&mut bob, stick, ImportOptions::default());
        assert_eq!(report.failures[0].1.code, "slices-first");
        assert_eq!(exits(&report), [Exit::SliceMissing]);
    }
    let kept = fs::read_dir(scene.place.path("bob/slices")).map_or(0, Iterator::count);
    assert_eq!(kept, 0);
    let mut back: Vec<_> = sticks.iter().rev().cloned().collect();
    back.rotate_right(1);
    let orders = [sticks.clone(), back];
    for order in &orders {
        let mut bob = scene.bob();
        let old = state(&bob);
        for (turn, stick) in order.iter().enumerate() {
            // Looked at only: nothing is kept.
            let dry = ImportOptions {
                dry_run: true,
                ..ImportOptions::default()
            };
            let kept = scene.place.path("bob/slices");
            let before = fs::read_dir(&kept).map_or(0, Iterator::count);
            try_import(&mut bob, std::slice::from_ref(stick), dry);
            assert_eq!(fs::read_dir(&kept).map_or(0, Iterator::count), before);
            let report = try_import(
                &mut bob,
                std::slice::from_ref(stick),
                ImportOptions::default(),
            );
            let last = turn + 1 == order.len();
            assert_eq!(exits(&report), vec![Exit::SliceMissing; usize::from(!last)]);
            assert_eq!(state(&bob), if last { new } else { old });
        }
        assert_eq!(ails(&bob), [] as [&str; 0]);
        assert_eq!(
            fs::read_dir(scene.place.path("bob/slices"))
                .unwrap()
                .count(),
            0
        );
        let mut bob = scene.bob();
        let turned: Vec<_> = order.iter().rev().cloned().collect();
        let report = try_import(&mut bob, &turned, ImportOptions::default());
        assert_eq!(exits(&report), []);
        assert_eq!(report.imported.len(), 1);
        assert_eq!(state(&bob), new);
        // Each of the sticks has the receipt.
        for stick in order {
            assert_eq!(only_done(stick), 1);
        }
    }
}

/// A part on a stick that was taken out already, of a bundle whose end was never written: it goes with the next export
/// from there, unless a process of that home is still at work; nobody else touches it.
#[test]
fn a_part_whose_rest_was_never_written_goes_with_the_next_export() {
    let mut scene = Scene::with(6, 4_000);
    let (stick, away) = (scene.stick("s0"), scene.place.path("away"));
    let small = |path: &Path| Files::bounded(path, 256 * 1024 + 14_000);
    let home = scene.place.path("alice");
    scene.alice = open(&home).over(Box::new(move |path| match path.starts_with(&home) {
        true => Files::new(path),
        false => small(path),
    }));
    // The first is full and taken out; then nobody knows of another one.
    let (from, to) = (stick.clone(), away.clone());
    let mut ask = |_: Full| {
        fs::rename(&from, &to).unwrap();
        None
    };
    let target = Target::Media {
        paths: std::slice::from_ref(&stick),
        ask: Some(&mut ask),
        layout: Layout::default(),
    };
    let failed = homes::export(&mut scene.alice, "bob", target).unwrap_err();
    assert_eq!(failed.exit, Exit::NoSpace);
    fs::rename(&away, &stick).unwrap();
    let left = only_part(&stick).handle.unwrap();
    scene.alice = open(&scene.place.path("alice"));
    let layout = Layout::default();
    let paths = std::slice::from_ref(&stick);
    let handles = || -> Vec<String> {
        let found = scan(&stick).unwrap().bundles;
        found.into_iter().filter_map(|found| found.handle).collect()
    };
    // Another process of this home may be writing it.
    let other = open(&scene.place.path("alice"));
    let work = other.store().work().unwrap();
    scene.export(paths, layout).unwrap();
    assert!(handles().contains(&left));
    drop(work);
    // Bob's own export leaves it alone.
    let mut bob = scene.bob();
    share(&mut bob, &scene.place, "answer", "An answer.\n");
    let target = Target::Media {
        paths,
        ask: None,
        layout,
    };
    homes::export(&mut bob, "alice", target).unwrap();
    assert!(handles().contains(&left));
    let before = handles().len();
    scene.export(paths, layout).unwrap();
    assert!(!handles().contains(&left));
    assert_eq!(handles().len(), before, "only the part went");
}

/// One stick of a set: what lies on it, and whether that is undamaged; never that the bundle is damaged.
#[test]
fn one_stick_of_a_set_is_looked_at_as_what_it_is() {
    // Slices of more than a chunk of age: the beginning opens by itself.
    let mut scene = Scene::with(5, 60_000);
    let sticks = scene.dealt(120_000);
    assert!(sticks.len() > 2);
    drop(scene.bob());
    let bob = scene.place.home("bob");
    for (number, stick) in sticks.iter().enumerate() {
        let path = stick.to_str().unwrap();
        let verified = bob.run(["verify-bundle", path, "--json"]);
        assert_eq!(verified.status.code(), Some(3), "{verified:#?}");
        let said = verified.json();
        let part = said.iter().find(|it| it["type"] == "part").unwrap();
        assert_eq!(part["first_slice"], number);
        assert_eq!(part["last_slice"], number);
        assert_eq!(part["ends"], number + 1 == sticks.len());
        assert_eq!(part["undamaged"], true);
        // The first one has the beginning: who wrote it, and that not all of it was verified.
        let head = said.iter().find(|it| it["type"] == "bundle");
        assert_eq!(head.is_some(), number == 0);
        assert!(head.is_none_or(|it| it["verified"] == false && it["for_me"] == true));
        let words = bob.run(["inspect-bundle", path]);
        assert_eq!(words.status.code(), Some(3));
        assert!(words.out.contains("on other media"), "{words:#?}");
        assert!(!words.out.contains("undamaged"), "{words:#?}");
        // Damaged or incomplete it is named, and 11.
        let slice = &only_part(stick).slices[0];
        let whole = fs::read(slice).unwrap();
        let mut bent = whole.clone();
        bent[5_000.min(whole.len() - 1)] ^= 1;
        fs::write(slice, bent).unwrap();
        let verified = bob.run(["verify-bundle", path, "--json"]);
        assert_eq!(verified.status.code(), Some(11), "{verified:#?}");
        fs::remove_file(slice).unwrap();
        for command in ["verify-bundle", "inspect-bundle"] {
            let gone = bob.run([command, path]);
            assert_eq!(gone.status.code(), Some(11), "{gone:#?}");
            assert!(gone.err.contains(&format!("{number:03}.age")), "{gone:#?}");
        }
        fs::write(slice, whole).unwrap();
    }
    // It is alice's own as well: what lies on the first stick is not for her.
    let alice = scene.place.home("alice");
    let verified = alice.run(["verify-bundle", sticks[0].to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(10), "{verified:#?}");
}

pub(super) fn only_part(stick: &Path) -> Found {
    let mut found = scan(stick).unwrap().bundles;
    found.retain(Found::is_part);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn only_done(stick: &Path) -> usize {
    let found = scan(stick).unwrap().bundles;
    let done = found
        .iter()
        .filter(|found| found.is_part())
        .map(|found| found.done.len());
    done.sum()
}

/// Media of a few kilobytes: the bundle goes on where one is full, and a person is asked where the list ends.
#[test]
fn media_are_filled_one_after_the_other() {
    let mut scene = Scene::with(6, 4_000);
    let sticks: Vec<PathBuf> = (0..8)
        .map(|number| scene.stick(&format!("s{number}")))
        .collect();
    let small = |path: &Path| Files::bounded(path, 256 * 1024 + 14_000);
    let home = scene.place.path("alice");
    let alice = open(&home).over(Box::new(move |path| match path.starts_with(&home) {
        true => Files::new(path),
        false => small(path),
    }));
    scene.alice = alice;
    let layout = Layout::default();
    // Too little is known before the first byte.
    let failed = scene.export(&sticks[..2], layout).unwrap_err();
    assert_eq!((failed.code, failed.exit), ("no-space", Exit::NoSpace));
    assert!(scan(&sticks[0]).unwrap().bundles.is_empty());
    let mut asked: Vec<Full> = Vec::new();
    let (order, mut next) = (sticks.clone(), 2);
    let mut ask = |full: Full| {
        let again = asked.is_empty();
        asked.push(full);
        // The first answer is a stick that has a part already.
        if again {
            return Some(order[1].clone());
        }
        next += 1;
        order.get(next - 1).cloned()
    };
    let target = Target::Media {
        paths: &sticks[..2],
        ask: Some(&mut ask),
        layout,
    };
    let done = homes::export(&mut scene.alice, "bob", target).unwrap();
    let written = done.written.unwrap();
    assert!(written.media > 2, "{written:?}");
    assert!(!asked[0].unfit && asked[1].unfit, "{asked:?}");
    assert!(asked[0].left > 0 && asked[0].written > 0);
    let used = usize::from(written.media);
    let mut bob = scene.bob();
    let backwards: Vec<PathBuf> = sticks[..used].iter().rev().cloned().collect();
    let report = try_import(&mut bob, &backwards, ImportOptions::default());
    assert_eq!(exits(&report), []);
    assert_eq!(state(&bob), state(&scene.alice));
    // Nobody knows of more: what was begun goes off the media that are at hand.
    let mut stop = |_: Full| None;
    let fresh: Vec<PathBuf> = (0..2)
        .map(|number| scene.stick(&format!("t{number}")))
        .collect();
    let target = Target::Media {
        paths: &fresh,
        ask: Some(&mut stop),
        layout,
    };
    let circle = circle(&scene.alice);
    let to = scene.alice.find_member(&circle, "bob").unwrap();
    let full = ExportOptions {
        full: true,
        ..ExportOptions::default()
    };
    let failed = scene
        .alice
        .export_with(&circle, &[to], target, full)
        .unwrap_err();
    assert_eq!(failed.exit, Exit::NoSpace);
}

#[test]
fn parity_repairs_on_the_way_in_and_says_so() {
    let mut scene = Scene::with(4, 20_000);
    let stick = scene.stick("stick");
    let layout = Layout {
        slice: Some(20_000),
        parity: 30,
    };
    scene.export(std::slice::from_ref(&stick), layout).unwrap();
    let found = only(&stick);
    let whole = fs::read(&found.slices[1]).unwrap();
    for damage in [None, Some(vec![0; whole.len()])] {
        match damage {
            None => fs::remove_file(&found.slices[1]).unwrap(),
            Some(bytes) => fs::write(&found.slices[1], bytes).unwrap(),
        }
        let mut bob = scene.bob();
        let looked = bob.inspect(&stick, true).unwrap();
        // Beside it may lie an acknowledgement.
        let looked = looked.iter().find(|it| it.handle == found.handle).unwrap();
        assert_eq!(looked.mended, ["001.age"]);
        assert!(looked.seen.as_ref().is_ok_and(Option::is_some));
        let report = import(&mut bob, &stick);
        assert_eq!(report.mended.len(), 1);
        assert_eq!(report.mended[0].slices, ["001.age"]);
        assert_eq!(state(&bob), state(&scene.alice));
        assert_eq!(
            fs::read_dir(scene.place.path("bob/staging"))
                .unwrap()
                .count(),
            0
        );
        // The receipt lets its writer take it away: the next try needs a new stick.
        let _ = fs::remove_file(
            stick
                .join("okibi")
                .join(format!("{}.done", found.handle.as_ref().unwrap())),
        );
    }
    // The same for a file: what `SUMS` would say is in the index.
    let file = scene.place.path("x.okb");
    homes::export(&mut scene.alice, "bob", Target::FileParity(&file, 20)).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 5_000].fill(7);
    fs::write(&file, bytes).unwrap();
    let mut bob = scene.bob();
    let report = import(&mut bob, &file);
    assert_eq!(report.mended.len(), 1);
    assert_eq!(state(&bob), state(&scene.alice));
}
