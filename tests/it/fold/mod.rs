//! The fold against its golden vectors, and the vectors for whoever writes it again.
//!
//! `OKIBI_WRITE_VECTORS=1` writes `fixtures/fold/` anew; a change of what is there is a change of the rules
//! and takes a new `fold::VERSION`. `OKIBI_FOLD_DUMP=FILE` writes random histories with their results, one
//! JSON object a line (`OKIBI_FOLD_COUNT` of them, from seed `OKIBI_FOLD_FROM`).

mod neutral;
mod offices;
mod scale;
mod scenes;
mod search;

use std::io::Write;
use std::path::PathBuf;

use okibi::fold::testing::random::history;
use okibi::fold::testing::{Draft, admit};
use okibi::fold::{History, evaluate};
use okibi::identity::verify;
use okibi::record::{CircleId, Record, Signed, Statement};
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
        let mut history = History::new(circle);
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

/// Writes random histories for the second implementation.
#[test]
fn dump_random_histories() {
    let Some(path) = std::env::var_os("OKIBI_FOLD_DUMP") else {
        return;
    };
    let number = |name: &str, default: u64| {
        let text = std::env::var(name).ok();
        text.and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (from, count) = (
        number("OKIBI_FOLD_FROM", 0),
        number("OKIBI_FOLD_COUNT", 100),
    );
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for seed in from..from + count {
        let world = history(seed, 8, 60);
        let (membership, state) = world.evaluate();
        let mut line = neutral::dump(&world, &Names::ranks(&world), (&membership, &state), false);
        line["name"] = json!(format!("seed {seed}"));
        writeln!(out, "{line}").unwrap();
    }
}
