//! What strangers leave on a stick beside an honest bundle, without any key of this node: it ends no import of another, it
//! fills no disk, it is not read for hours, and it is not carried on. Threat 11 has tests here by name.

use std::fs::{self, File};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use okibi::carrier::media::files::Files;
use okibi::carrier::media::keyring::Addressee;
use okibi::carrier::media::medium::{Medium, Sums, scan, slice_name, token_hash};
use okibi::carrier::media::relay_store::{Limits, RelayStore};
use okibi::carrier::media::seal;
use okibi::identity::ReceiveSecret;
use okibi::node::{Exit, ExportOptions, ImportOptions, ImportReport, Since, Target};

use super::{Scene, exits, try_import};
use crate::homes::{circle, import, onto, share, state};

/// A folder of the right shape with one slice that somebody else fills.
fn strange(stick: &Path, handle: &str, first: u16, last: bool, fill: impl FnOnce(&Path)) {
    let folder = stick.join("okibi").join(handle);
    fs::create_dir_all(&folder).unwrap();
    fill(&folder.join(slice_name(first)));
    let sums = Sums {
        first,
        last,
        tokens: vec![token_hash(&[7; 16])],
        slices: vec![[1; 32]],
        parity: Vec::new(),
    };
    fs::write(folder.join("SUMS"), sums.encode()).unwrap();
}

fn holes(bytes: u64) -> impl FnOnce(&Path) {
    move |path| File::create(path).unwrap().set_len(bytes).unwrap()
}

/// The beginning of a true age file for somebody else, and holes behind it.
fn sealed_holes(bytes: u64) -> impl FnOnce(&Path) {
    move |path| {
        let to = Addressee::Receive(ReceiveSecret::from_bytes([9; 32]).public());
        let sealed = seal::seal(Vec::new(), &[to]).unwrap().finish().unwrap();
        fs::write(path, sealed).unwrap();
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(bytes)
            .unwrap();
    }
}

fn socket(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
}

fn report(scene: &Scene, stick: &Path) -> ImportReport {
    let mut bob = scene.bob();
    let report = try_import(&mut bob, &[stick.to_owned()], ImportOptions::default());
    assert_eq!(
        state(&bob),
        state(&scene.alice),
        "the honest bundle arrived"
    );
    report
}

type Fill = Box<dyn FnOnce(&Path)>;

#[test]
fn threat_11_one_entry_of_a_stranger_ends_no_import_of_another() {
    let mut scene = Scene::with(1, 1_000);
    let cases: Vec<(&str, u16, bool, Fill)> = vec![
        (
            "garbage",
            0,
            true,
            Box::new(|path| fs::write(path, "garbage").unwrap()),
        ),
        ("socket", 0, true, Box::new(socket)),
        ("pipe", 0, true, Box::new(fifo)),
        (
            "folder",
            0,
            true,
            Box::new(|path| fs::create_dir(path).unwrap()),
        ),
        ("40 GiB of holes", 0, true, Box::new(holes(40 << 30))),
        (
            "sealed, then 40 GiB of holes",
            0,
            true,
            Box::new(sealed_holes(40 << 30)),
        ),
        ("a part that is a socket", 0, false, Box::new(socket)),
        ("a part that is a pipe", 3, false, Box::new(fifo)),
        (
            "a part larger than any disk",
            0,
            false,
            Box::new(holes(1 << 42)),
        ),
        (
            "a later part larger than any disk",
            9,
            false,
            Box::new(holes(1 << 42)),
        ),
        ("a sealed part", 0, false, Box::new(sealed_holes(1 << 42))),
    ];
    let honest = scene.stick("honest");
    onto(&mut scene.alice, "bob", &honest).unwrap();
    for (number, (what, first, last, fill)) in cases.into_iter().enumerate() {
        let stick = scene.place.path(&format!("stick-{number}"));
        crate::homes::copy(&honest, &stick);
        strange(&stick, "0000000000000000", first, last, fill);
        let report = report(&scene, &stick);
        let told = report.failures.len() + report.for_others;
        assert_eq!((report.imported.len(), told), (1, 1), "{what}: {report:?}");
        let codes = [Exit::SliceMissing, Exit::Refused];
        assert!(
            exits(&report).iter().all(|exit| codes.contains(exit)),
            "{what}: {report:?}"
        );
        assert_eq!(kept(&scene), 0, "{what}");
    }
}

/// Bytes of all slices that are kept in Bob's home.
fn kept(scene: &Scene) -> u64 {
    fn of(folder: &Path) -> u64 {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| match entry.path().is_dir() {
                true => of(&entry.path()),
                false => entry.metadata().unwrap().len(),
            })
            .sum()
    }
    of(&scene.place.path("bob/slices"))
}

/// Threat 11: a dozen parts of sets, each of 32 MiB that take no block on the stick, come with one look at it.
#[test]
fn threat_11_parts_of_strange_sets_fill_no_disk() {
    let mut scene = Scene::with(1, 1_000);
    let stick = scene.stick("stick");
    onto(&mut scene.alice, "bob", &stick).unwrap();
    for number in 0..12 {
        let handle = format!("{number:016x}");
        match number % 2 {
            0 => strange(&stick, &handle, 0, false, holes(32 << 20)),
            _ => strange(&stick, &handle, 0, false, |path| {
                fs::write(path, vec![7; 1 << 20]).unwrap()
            }),
        }
    }
    let report = report(&scene, &stick);
    assert_eq!(report.imported.len(), 1);
    assert_eq!(kept(&scene), 0);
}

/// Threat 11: slices that wait for the others of their set go at once when they are asked to.
#[test]
fn threat_11_kept_slices_are_given_back_when_asked() {
    let mut scene = Scene::with(6, 4_000);
    let sticks = scene.dealt(10_000);
    let mut bob = scene.bob();
    try_import(&mut bob, &sticks[..1], ImportOptions::default());
    assert!(kept(&scene) > 0);
    let (sets, bytes) = bob.drop_slices(true).unwrap();
    assert!(sets == 1 && bytes >= kept(&scene));
    bob.drop_slices(false).unwrap();
    assert_eq!(kept(&scene), 0);
}

/// Threat 11: empty folders by the thousand hide no bundle.
#[test]
fn threat_11_a_bundle_is_found_among_many_folders() {
    let mut scene = Scene::with(1, 1_000);
    let stick = scene.stick("stick");
    onto(&mut scene.alice, "bob", &stick).unwrap();
    for number in 0..20_000 {
        fs::create_dir(stick.join("okibi").join(format!("{number:016x}"))).unwrap();
    }
    let report = report(&scene, &stick);
    assert_eq!((report.imported.len(), report.unseen), (1, 0));
    assert_eq!(report.unfinished, 20_000);
}

const LIMITS: Limits = Limits {
    bytes: 1 << 30,
    count: 100,
    age: 1_000,
};

fn shelf(scene: &Scene, name: &str) -> RelayStore {
    RelayStore::open(&Files::new(scene.place.path(name))).unwrap()
}

/// Threat 11: what only begins as a bundle is not carried from stick to stick.
#[test]
fn threat_11_holes_are_not_carried_on() {
    let mut scene = Scene::with(1, 1_000);
    let stick = scene.stick("stick");
    onto(&mut scene.alice, "bob", &stick).unwrap();
    for number in 0..8 {
        let handle = format!("{number:016x}");
        strange(&stick, &handle, 0, true, sealed_holes(64 << 20));
    }
    let shelf = shelf(&scene, "carried");
    let moved = shelf
        .take_in(&scan(&stick).unwrap(), |_, _| false, LIMITS)
        .unwrap();
    assert_eq!((moved.count, moved.left), (1, 8), "{moved:?}");
}

/// What was dropped for its age is not taken again from the next stick, or it would go round for ever.
#[test]
fn what_was_carried_long_enough_is_not_taken_again() {
    let mut scene = Scene::with(1, 1_000);
    let stick = scene.stick("stick");
    onto(&mut scene.alice, "bob", &stick).unwrap();
    let shelf = shelf(&scene, "carried");
    let take = || {
        shelf
            .take_in(&scan(&stick).unwrap(), |_, _| false, LIMITS)
            .unwrap()
            .count
    };
    let now = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.unwrap().as_millis() as u64
    };
    assert_eq!(take(), 1);
    assert_eq!(shelf.tidy(LIMITS, now() + 2_000).unwrap(), 1);
    assert_eq!((take(), shelf.holds().unwrap().0), (0, 0));
    // The mark goes in the end.
    assert_eq!(shelf.tidy(LIMITS, now() + 100_000).unwrap(), 0);
    assert_eq!(take(), 1);
}

/// Whoever carries for others leaves a tenth of a stick to its owner.
#[test]
fn a_tenth_of_a_stick_stays_free() {
    let mut scene = Scene::with(1, 100_000);
    let stick = scene.stick("stick");
    onto(&mut scene.alice, "bob", &stick).unwrap();
    let shelf = shelf(&scene, "carried");
    shelf
        .take_in(&scan(&stick).unwrap(), |_, _| false, LIMITS)
        .unwrap();
    let bytes = shelf.holds().unwrap().1;
    let room = 1 << 20;
    let tight = |name: &str, free: u64| {
        let stick: PathBuf = scene.stick(name);
        let medium = Medium::take(&Files::bounded(&stick, room)).unwrap();
        let used = room - medium.files().free_space().unwrap();
        let rest = room - used - free;
        File::create(stick.join("rest"))
            .unwrap()
            .set_len(rest)
            .unwrap();
        shelf.put_out(&scan(&stick).unwrap(), &medium).unwrap()
    };
    assert_eq!(tight("small", bytes + room / 10 - 1_000).count, 0);
    assert_eq!(tight("large", bytes + room / 10 + 1_000).count, 1);
}

/// A stick that never came: its number is missing until it comes, or until all that its writer has is here.
#[test]
fn a_withheld_bundle_is_missed() {
    let mut scene = Scene::with(1, 500);
    let mut bob = scene.bob();
    let first = scene.stick("first");
    onto(&mut scene.alice, "bob", &first).unwrap();
    import(&mut bob, &first);
    let missing = |bob: &okibi::node::Handle| {
        let status = bob.status(u64::MAX).unwrap();
        let circle = status.circles.into_iter().find(|it| !it.shelf).unwrap();
        let alice = circle.members.into_iter().find(|it| it.name == "alice");
        alice.unwrap().missing
    };
    assert_eq!(missing(&bob), []);
    // Two sticks; the second has only what was written after the first, which is withheld.
    let mut sticks = Vec::new();
    let to = scene
        .alice
        .find_member(&circle(&scene.alice), "bob")
        .unwrap();
    for (name, since) in [
        ("withheld", None),
        ("comes", Some(Since::At(u64::MAX >> 1))),
    ] {
        let stick = scene.stick(name);
        if since.is_some() {
            // Arrivals are noted by the minute; here one begins.
            let mark = "INSERT INTO arrived SELECT max(arrival) + 1, max(at) + 1 FROM
                        (SELECT arrival, 0 AS at FROM record UNION SELECT arrival, at FROM arrived)";
            let db = rusqlite::Connection::open(scene.place.path("alice/okibi.db")).unwrap();
            db.execute(mark, []).unwrap();
        }
        let text = format!("some words that are {name}\n");
        share(&mut scene.alice, &scene.place, name, &text);
        let options = ExportOptions {
            since,
            ..ExportOptions::default()
        };
        let circle = circle(&scene.alice);
        let target = Target::Medium(&stick);
        let done = scene.alice.export_with(&circle, &[to], target, options);
        assert!(done.unwrap().written.is_some());
        sticks.push(stick);
    }
    let report = import(&mut bob, &sticks[1]);
    let number = report.imported[0].sequence;
    assert_eq!(report.imported[0].missing, [(number - 1, number - 1)]);
    assert_eq!(missing(&bob), [(number - 1, number - 1)]);
    import(&mut bob, &sticks[0]);
    assert_eq!(missing(&bob), []);
    assert_eq!(state(&bob), state(&scene.alice));
}
