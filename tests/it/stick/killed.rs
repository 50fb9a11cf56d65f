//! Processes that are killed between the sticks of a set: what one stick has, harms nobody, and the next run completes.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use okibi::carrier::media::files::Files;
use okibi::carrier::media::medium::scan;
use okibi::fold::testing::random::Dice;
use okibi::node::{Exit, Full, Handle, ImportOptions, Layout, Target};

use super::set::only_part;
use super::{Scene, exits, try_import};
use crate::crash::{killed, span};
use crate::homes::{self, ails, open, state};

/// Set for the process that is killed: the folder in which everything lies.
const BE_THE_EXPORTER: &str = "OKIBI_BE_THE_EXPORTER";

/// A home for which every stick is small.
fn small(home: &Path) -> Handle {
    let at = home.to_owned();
    open(home).over(Box::new(move |path| match path.starts_with(&at) {
        true => Files::new(path),
        false => Files::bounded(path, 256 * 1024 + 14_000),
    }))
}

/// This test binary again: it fills one stick, asks for the next, and gets no answer.
#[test]
#[ignore = "run by the test below"]
fn be_the_exporter() {
    let Some(place) = std::env::var_os(BE_THE_EXPORTER).map(PathBuf::from) else {
        return;
    };
    let stick = place.join("s0");
    let mut alice = small(&place.join("alice"));
    let mut ask = |_: Full| -> Option<PathBuf> {
        println!("full");
        std::io::stdout().flush().unwrap();
        loop {
            std::thread::park();
        }
    };
    let target = Target::Media {
        paths: std::slice::from_ref(&stick),
        ask: Some(&mut ask),
        layout: Layout::default(),
    };
    homes::export(&mut alice, "bob", target).unwrap();
}

#[test]
fn an_export_that_was_killed_between_two_sticks_is_begun_again() {
    let mut scene = Scene::with(6, 4_000);
    let home = scene.place.path("alice");
    let sticks: Vec<PathBuf> = (0..8)
        .map(|number| scene.stick(&format!("s{number}")))
        .collect();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "stick::killed::be_the_exporter"])
        .args(["--ignored", "--nocapture"])
        .env(BE_THE_EXPORTER, scene.place.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("full")));
    child.kill().unwrap();
    child.wait().unwrap();
    let left = only_part(&sticks[0]).handle.unwrap();
    // Who gets that one stick keeps what it may, and takes nothing in.
    let mut bob = scene.bob();
    let old = state(&bob);
    let report = try_import(&mut bob, &sticks[..1], ImportOptions::default());
    assert_eq!(exits(&report), [Exit::SliceMissing]);
    assert_eq!(state(&bob), old);
    assert_eq!(ails(&bob), [] as [&str; 0]);
    // The same once more, over as many sticks as it wants: the half one makes room.
    scene.alice = small(&home);
    assert_eq!(ails(&scene.alice), [] as [&str; 0]);
    let mut next = sticks[1..].iter();
    let mut ask = |_: Full| next.next().cloned();
    let target = Target::Media {
        paths: &sticks[..1],
        ask: Some(&mut ask),
        layout: Layout::default(),
    };
    let done = homes::export(&mut scene.alice, "bob", target).unwrap();
    let used = usize::from(done.written.unwrap().media);
    assert!(used > 1, "{used}");
    let there = scan(&sticks[0]).unwrap();
    assert!(
        there
            .bundles
            .iter()
            .all(|it| it.handle != Some(left.clone()))
    );
    assert!(there.unfinished.is_empty() && there.damaged.is_empty());
    let report = try_import(&mut bob, &sticks[..used], ImportOptions::default());
    assert_eq!(exits(&report), []);
    assert_eq!(state(&bob), state(&scene.alice));
    assert_eq!(ails(&bob), [] as [&str; 0]);
}

#[test]
fn an_import_that_was_killed_between_two_sticks_goes_on() {
    let mut scene = Scene::with(6, 4_000);
    let sticks = scene.dealt(10_000);
    let new = state(&scene.alice);
    let at = scene.place.path("bob");
    let old = state(&scene.bob());
    let bob = scene.place.home("bob");
    let import = |stick: &Path| bob.command(["import-bundle", stick.to_str().unwrap()]);
    // The last one does the most.
    drop(scene.bob());
    let (last, others) = sticks.split_last().unwrap();
    for stick in others {
        import(stick).output().unwrap();
    }
    let span = span(import(last));
    let (mut dice, mut caught) = (Dice(21), 0);
    for round in 0..6 {
        drop(scene.bob());
        let mut order: Vec<&PathBuf> = sticks.iter().collect();
        if round % 2 == 1 {
            // The first one stays the first: it tells whose the bundle is.
            order.reverse();
            order.rotate_right(1);
        }
        for (turn, stick) in order.iter().enumerate() {
            caught += u64::from(killed(import(stick), &mut dice, span));
            let found = state(&open(&at));
            assert!(found == old || found == new, "round {round}, turn {turn}");
            let again = import(stick).output().unwrap();
            let whole = turn + 1 == order.len();
            // Killed after all was taken in, and before it was written onto the stick that it was: one stick alone does not tell.
            let codes = match (whole, found == new) {
                (false, _) => vec![11],
                (true, false) => vec![0],
                (true, true) => vec![0, 11],
            };
            assert!(codes.contains(&again.status.code().unwrap()), "{again:?}");
            assert_eq!(state(&open(&at)), if whole { new } else { old });
        }
        let all = order.iter().map(|stick| stick.to_str().unwrap());
        bob.ok(["import-bundle"].into_iter().chain(all));
        assert_eq!(ails(&open(&at)), [] as [&str; 0], "round {round}");
        bob.ok(["gc"]);
        for folder in ["slices", "staging"] {
            let rest = fs::read_dir(at.join(folder)).map_or(0, Iterator::count);
            assert_eq!(rest, 0, "round {round}: {folder}");
        }
    }
    println!("{caught} were alive within {span:?}");
    assert!(caught > 3, "{caught} were alive");
}
