//! Threats 1 and 2, exhaustively: a small bundle with every byte flipped, cut at every length, with every slice gone,
//! foreign, doubled or swapped. Never is part of a unit applied, and the exit code says what is wrong.
//!
//! Every position is tried in every run: the homes lie in memory where the system has a place for that, and all cores
//! take part.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use okibi::carrier::media::medium::{Found, Sums, scan};
use okibi::node::{Exit, Handle, ImportOptions, ImportReport, Layout, Target};
use sha2::{Digest, Sha256};

use crate::homes::{self, Place, import, open, patiently, share, state};

/// Alice's bundle on a stick, and Bob as he was before it.
struct Scene {
    place: Place,
    stick: PathBuf,
    before: PathBuf,
    /// What Bob's circle looks like with all of the bundle.
    after: ([u8; 32], [u8; 32]),
    /// The bundle's bytes, slice by slice.
    slices: Vec<Vec<u8>>,
}

impl Scene {
    /// With so many texts of so many bytes, in slices of that size.
    fn with((texts, bytes): (usize, usize), slice: Option<u64>) -> Self {
        let place = Place::in_memory();
        let (alice_at, bob_at) = (place.path("alice"), place.path("bob-before"));
        let mut alice = open(&alice_at);
        alice.found("hearth", "alice", &[]).unwrap();
        let mut bob = open(&bob_at);
        homes::admit(&mut alice, &bob, "bob");
        let first = place.path("first.okb");
        homes::export(&mut alice, "bob", Target::File(&first)).unwrap();
        import(&mut bob, &first);
        drop(bob);
        for number in 0..texts {
            // What compresses is one slice only.
            let text = format!("text {number} ").repeat(bytes / 7 + 1);
            share(&mut alice, &place, &format!("text-{number}"), &text);
        }
        let stick = PathBuf::from(place.stick("stick"));
        let target = Target::Media {
            paths: std::slice::from_ref(&stick),
            ask: None,
            layout: Layout { slice, parity: 0 },
        };
        homes::export(&mut alice, "bob", target).unwrap();
        let slices = only(&stick).slices;
        let slices = slices.iter().map(|path| fs::read(path).unwrap()).collect();
        Self {
            after: state(&alice).unwrap(),
            before: bob_at,
            place,
            stick,
            slices,
        }
    }

    fn in_order(&self) -> Vec<Option<Vec<u8>>> {
        self.slices.iter().cloned().map(Some).collect()
    }

    /// Runs `work` for every number below `count`, each worker with a Bob, a stick and a file of its own.
    fn each(&self, count: usize, work: impl Fn(&mut Bench<'_>, usize) + Sync) {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let next = AtomicUsize::new(0);
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers.min(8) {
                let (next, work) = (&next, &work);
                scope.spawn(move || {
                    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                    let mut bench = Bench::new(self, number);
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= count {
                            break;
                        }
                        work(&mut bench, at);
                    }
                    bench.takes_the_whole();
                });
            }
        });
    }
}

/// Bob, and what is put before him.
struct Bench<'a> {
    scene: &'a Scene,
    home: PathBuf,
    bob: Handle,
    old: Option<([u8; 32], [u8; 32])>,
    stick: PathBuf,
    found: Found,
    file: PathBuf,
}

impl<'a> Bench<'a> {
    fn new(scene: &'a Scene, number: usize) -> Self {
        let home = scene.place.path(&format!("bob-{number}"));
        homes::copy(&scene.before, &home);
        let stick = scene.place.path(&format!("stick-{number}"));
        homes::copy(&scene.stick, &stick);
        let bob = open(&home);
        Self {
            scene,
            old: state(&bob),
            bob,
            home,
            found: only(&stick),
            stick,
            file: scene.place.path(&format!("file-{number}.okb")),
        }
    }

    fn import(&mut self, path: &Path) -> ImportReport {
        patiently(|| self.bob.import_path(path, ImportOptions::default())).unwrap()
    }

    /// Nothing of what lies there is applied, and that is the only thing said.
    fn refuses(&mut self, what: Bent<'_>, said: &[Exit], about: &str) {
        let path = match what {
            Bent::Stick => self.stick.clone(),
            Bent::File(bytes) => {
                fs::write(&self.file, bytes).unwrap();
                self.file.clone()
            }
        };
        let report = self.import(&path);
        let exits: Vec<Exit> = report.failures.iter().map(|(_, it)| it.exit).collect();
        let exit = match (&exits[..], report.for_others) {
            ([exit], 0) => *exit,
            ([], 1) => Exit::NothingForMe,
            _ => panic!("{about}: {report:?}"),
        };
        assert!(said.contains(&exit), "{about}: {report:?}");
        assert!(report.imported.is_empty(), "{about}: {report:?}");
        assert_eq!(state(&self.bob), self.old, "{about}");
    }

    /// What is whole again is taken: the bench was not blind. Then everything is as before.
    fn takes_the_whole(&mut self) {
        let stick = self.stick.clone();
        let report = self.import(&stick);
        assert_eq!(report.imported.len(), 1, "{report:?}");
        assert_eq!(state(&self.bob), Some(self.scene.after));
        fs::remove_dir_all(&self.home).unwrap();
        homes::copy(&self.scene.before, &self.home);
        self.bob = open(&self.home);
        let done = format!("okibi/{}.done", self.found.handle.clone().unwrap());
        fs::remove_file(self.stick.join(done)).unwrap();
    }

    /// The same for slices; also with a marker that was made to fit, and as one file.
    fn refuses_slices(&mut self, order: Vec<Option<Vec<u8>>>, about: &str) {
        let marker = fs::read(self.sums()).unwrap();
        let mut fitting = Sums::decode(&marker).unwrap();
        let paths = self.found.slices.clone();
        for (number, bytes) in order.iter().enumerate() {
            match bytes {
                Some(bytes) => {
                    fs::write(&paths[number], bytes).unwrap();
                    fitting.slices[number] = Sha256::digest(bytes).into();
                }
                None => fs::remove_file(&paths[number]).unwrap(),
            }
        }
        self.refuses(Bent::Stick, &[Exit::SliceMissing], about);
        if order.iter().all(Option::is_some) {
            fs::write(self.sums(), fitting.encode()).unwrap();
            // What does not begin as age does is damage, whatever the marker says.
            self.refuses(Bent::Stick, &[Exit::Refused, Exit::SliceMissing], about);
            fs::write(self.sums(), &marker).unwrap();
        }
        let flat: Vec<u8> = order.into_iter().flatten().flatten().collect();
        self.refuses(Bent::File(&flat), &[Exit::Refused], about);
        for (path, bytes) in paths.iter().zip(&self.scene.slices) {
            fs::write(path, bytes).unwrap();
        }
    }

    fn sums(&self) -> PathBuf {
        self.found.slices[0].with_file_name("SUMS")
    }
}

enum Bent<'a> {
    Stick,
    File(&'a [u8]),
}

fn only(stick: &Path) -> Found {
    let mut found = scan(stick).unwrap().bundles;
    found.retain(|found| found.slices.len() > 1 || found.done.is_empty());
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// The stanzas of the age header: where they are bent, the bundle may be nobody's any more.
fn stanzas(sealed: &[u8]) -> Range<usize> {
    let end = sealed.windows(5).position(|it| it == b"\n--- ");
    22..end.unwrap() + 1
}

/// Threat 1: every byte of a bundle flipped, as a file and on a stick.
#[test]
fn threat_1_no_flipped_byte_is_ever_applied() {
    let scene = Scene::with((1, 100), None);
    let whole = &scene.slices[0];
    let stanzas = stanzas(whole);
    scene.each(whole.len(), |bench, at| {
        let mut bent = whole.clone();
        bent[at] ^= 1 << (at % 8);
        let about = format!("byte {at}");
        let path = bench.found.slices[0].clone();
        fs::write(&path, &bent).unwrap();
        let (mut stick, mut file) = (vec![Exit::SliceMissing], vec![Exit::Refused]);
        if stanzas.contains(&at) {
            stick.push(Exit::NothingForMe);
            file.push(Exit::NothingForMe);
        }
        bench.refuses(Bent::Stick, &stick, &about);
        bench.refuses(Bent::File(&bent), &file, &about);
        fs::write(&path, whole).unwrap();
    });
}

/// Threat 1: every byte of the commit marker beside it. A bundle whose marker is bent does not exist.
#[test]
fn threat_1_no_flipped_byte_of_the_marker_is_believed() {
    let scene = Scene::with((1, 100), None);
    let marker = fs::read(only(&scene.stick).slices[0].with_file_name("SUMS")).unwrap();
    scene.each(marker.len(), |bench, at| {
        let mut bent = marker.clone();
        bent[at] ^= 1 << (at % 8);
        fs::write(bench.sums(), &bent).unwrap();
        bench.refuses(Bent::Stick, &[Exit::SliceMissing], &format!("byte {at}"));
        fs::write(bench.sums(), &marker).unwrap();
    });
}

/// Threats 1 and 2: a bundle cut at every length, as a file and on a stick.
#[test]
fn threat_2_no_truncation_is_ever_applied() {
    let scene = Scene::with((1, 100), None);
    let whole = &scene.slices[0];
    scene.each(whole.len(), |bench, length| {
        let about = format!("{length} bytes");
        let path = bench.found.slices[0].clone();
        let cut = &whole[..length];
        fs::write(&path, cut).unwrap();
        bench.refuses(Bent::Stick, &[Exit::SliceMissing], &about);
        bench.refuses(Bent::File(cut), &[Exit::Refused], &about);
        fs::write(&path, whole).unwrap();
    });
}

/// Threat 2: every slice gone, cut, doubled, of another place, and every two swapped; with the marker as it was and with
/// one that was made to fit: then the stream itself does not open.
#[test]
fn threat_2_slices_that_do_not_belong_are_named() {
    let scene = Scene::with((6, 5_000), Some(6_000));
    let count = scene.slices.len();
    assert!(count >= 5, "{count}");
    scene.each(count * count, |bench, pair| {
        let (one, other) = (pair / count, pair % count);
        let with = |number: usize, bytes: Option<&[u8]>| {
            let mut order = scene.in_order();
            order[number] = bytes.map(<[u8]>::to_vec);
            order
        };
        if one == other {
            bench.refuses_slices(with(one, None), &format!("{one} gone"));
            let cut = &scene.slices[one][1..];
            bench.refuses_slices(with(one, Some(cut)), &format!("{one} cut"));
            let mut twice = scene.slices.clone();
            twice.insert(one, scene.slices[one].clone());
            let about = format!("a file with {one} twice");
            bench.refuses(Bent::File(&twice.concat()), &[Exit::Refused], &about);
        } else {
            let mut swapped = scene.in_order();
            swapped.swap(one, other);
            bench.refuses_slices(swapped, &format!("{one} and {other} swapped"));
            let doubled = with(one, Some(&scene.slices[other]));
            bench.refuses_slices(doubled, &format!("{other} in the place of {one}"));
        }
    });
}
