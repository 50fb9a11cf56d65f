//! The fold against its golden vectors, and the vectors for whoever writes it again.
//!
//! `OKIBI_WRITE_VECTORS=1` writes `fixtures/fold/` anew; a change of what is there is a change of the rules
//! and takes a new `fold::VERSION`. `OKIBI_FOLD_COUNT` asks for more random histories in the comparison with the
//! second implementation, `OKIBI_FOLD_FROM` for other seeds, `OKIBI_FOLD_DUMP` for keeping them in a file.
//! `fixtures/readings.jsonl` holds histories that tell readings of `docs/circles.md` apart; `OKIBI_FOLD_REPLAY` names
//! another file of such.

mod neutral;
mod offices;
mod replay;
mod scale;
mod scenes;
mod search;
mod shares;
mod writes;

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use okibi::fold::testing::random::{crowd, history};
use okibi::fold::testing::{Draft, World, admit};
use okibi::fold::{History, Shares, evaluate};
use okibi::identity::verify;
use okibi::record::{Body, CircleId, Record, Role, Signed, Statement};
use serde_json::{Value, json};

use neutral::Names;
use scenes::Scene;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/fold")
}

#[test]
fn scenes_come_out_as_they_must() {
    for (name, world, check) in scenes::all() {
        println!("{name}");
        let (membership, state) = world.evaluate();
        check(&state);
        let mut vector = json!({"name": name, "version": okibi::fold::VERSION});
        let Value::Object(rest) = neutral::dump(&world, &Names::Hex, (&membership, &state), true)
        else {
            unreachable!("a history is an object");
        };
        vector.as_object_mut().unwrap().extend(rest);
        let path = folder().join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
        if std::env::var_os("OKIBI_WRITE_VECTORS").is_some() {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap();
        assert!(golden == text, "{name}: the vector has changed");
    }
}

/// The vectors as a stranger reads them: nothing but their bytes goes in.
#[test]
fn vectors_hold_by_their_bytes() {
    let bytes = |value: &Value| data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes());
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let vector: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let circle: CircleId = vector["circle"].as_str().unwrap().parse().unwrap();
        let shares = vector.get("shares").map_or_else(Shares::default, |it| {
            let number = |at: usize| usize::try_from(it[at].as_u64().unwrap()).unwrap();
            Shares {
                feeds: number(0),
                seats: number(1),
            }
        });
        let mut history = History::with_shares(circle, shares);
        for record in vector["records"].as_array().unwrap().iter().rev() {
            let signed: Signed<Record> = Signed::decode(&bytes(&record["bytes"]).unwrap()).unwrap();
            assert_eq!(signed.id().to_string(), record["id"].as_str().unwrap());
            history.add_record(verify(signed).unwrap());
        }
        for statement in vector["statements"].as_array().unwrap() {
            let decoded = Signed::decode(&bytes(&statement["bytes"]).unwrap());
            let signed: Signed<Statement> = decoded.unwrap();
            history.add_statement(verify(signed).unwrap());
        }
        let (membership, state) = evaluate(&history);
        let hex = |hash: [u8; 32]| data_encoding::HEXLOWER.encode(&hash);
        assert_eq!(vector["set"]["hash"], hex(membership.set_hash), "{path:?}");
        assert_eq!(vector["state"]["hash"], hex(state.state_hash()), "{path:?}");
        count += 1;
    }
    assert_eq!(count, scenes::all().len());
}

/// Threat 21b: one member's key, a thousand admissions on as many branches and devices.
#[test]
fn a_thousand_admissions_by_one_member_are_three() {
    let mut scene = Scene::new(false, 1, 1);
    let admission = scene.world.admit(scene.feeds[0], scene.roots[1]);
    for n in 0..1000 {
        let whom = scene.world.root(100 + n);
        let feed = scene.world.device(1, n % 50);
        let draft = Draft::new(feed, &admit(whom)).seen(&[admission]);
        scene
            .world
            .add(if n % 7 == 0 { draft.first() } else { draft });
    }
    let (_, state) = scene.world.evaluate();
    assert!(state.members.len() <= 5, "{}", state.members.len());
}

/// A root with more feeds and more statements than one root may have, some of them in use.
fn crowded() -> World {
    let mut scene = Scene::new(false, 1, 2);
    let (world, feeds) = (&mut scene.world, &scene.feeds);
    world.admit(feeds[0], scene.roots[1]);
    let base = world.admit(feeds[0], scene.roots[2]);
    let mut written = Vec::new();
    for device in 0..300 {
        let feed = world.device(1, device);
        if device % 6 == 0 {
            written.push((
                feed,
                world.add(Draft::new(feed, &Body::Merge).seen(&[base])),
            ));
        }
    }
    let spare = world.spare(1);
    world.certify(scene.roots[1], spare, Role::Sign);
    world.add(Draft::new(spare, &Body::Merge).seen(&[base]));
    written.sort();
    let cited = [written[40].1, written[44].1];
    world.add(Draft::new(feeds[2], &Body::Merge).seen(&cited));
    // More than one feed may write.
    for _ in 0..260 {
        world.write(feeds[2], &Body::Merge);
    }
    world.document(feeds[2], "behind what waits");
    scene.world
}

/// Random histories with their results, one JSON object a line; then those that others wrote, and the crowded one.
fn dump(path: &Path, seeds: Range<u64>) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let worlds = seeds.flat_map(|seed| {
        [
            (format!("seed {seed}"), history(seed, 8, 60)),
            (format!("crowd {seed}"), crowd(seed, 10, 60)),
        ]
    });
    let written = std::env::var_os("OKIBI_FOLD_REPLAY")
        .map_or_else(|| folder().with_file_name("readings.jsonl"), PathBuf::from);
    let written = std::fs::read_to_string(written).unwrap();
    let replayed = written.lines().map(|line| {
        let fields: Value = serde_json::from_str(line).unwrap();
        (
            fields["name"].as_str().unwrap().to_owned(),
            replay::world(&fields),
        )
    });
    let crowded = [("crowded".to_owned(), crowded())];
    for (name, world) in worlds.chain(replayed).chain(crowded) {
        let (membership, state) = world.evaluate();
        let mut line = neutral::dump(&world, &Names::ranks(&world), (&membership, &state), false);
        line["name"] = json!(name);
        writeln!(out, "{line}").unwrap();
    }
    out.flush().unwrap();
}

/// `tests/fold/second.py`, written from `docs/circles.md`, finds the same in every vector and in random histories.
/// Without a `python3` on this machine there is nothing to compare with, and the test says so.
#[test]
fn the_second_implementation_agrees() {
    let number = |name: &str, default: u64| {
        let text = std::env::var(name).ok();
        text.and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let from = number("OKIBI_FOLD_FROM", 0);
    let scratch = tempfile::tempdir().unwrap();
    let random = std::env::var_os("OKIBI_FOLD_DUMP").map_or_else(
        || scratch.path().join("random.jsonl"),
        std::path::PathBuf::from,
    );
    dump(&random, from..from + number("OKIBI_FOLD_COUNT", 250));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fold/second.py");
    let vectors = std::fs::read_dir(folder()).unwrap();
    let mut command = std::process::Command::new("python3");
    command.arg(script).arg(random);
    command.args(vectors.map(|entry| entry.unwrap().path()));
    match command.output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            let wrong = String::from_utf8_lossy(&output.stderr);
            println!("{said}{wrong}");
            assert!(output.status.success());
        }
        Err(error) => println!("SKIPPED: no python3 on this machine: {error}"),
    }
}
