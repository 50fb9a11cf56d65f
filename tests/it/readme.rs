//! The README's quickstarts are run as they stand: each block marked `<!-- quickstart: WHO ... -->` by a shell, with
//! the built program first in the path, a home for each person, and one folder `stick` for both.

use std::path::Path;
use std::process::Command;

use crate::homes::{Home, Place, Run};

/// Person and text of each block of shell marked `<!-- MARK: WHO -->`, in order.
pub fn blocks(text: &str, mark: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut rest = text;
    let marker = format!("<!-- {mark}: ");
    while let Some((_, after)) = rest.split_once(&marker) {
        let (who, after) = after.split_once(" -->\n").expect("a marker ends");
        let block = after
            .strip_prefix("```sh\n")
            .expect("a block of shell follows the marker");
        let (block, after) = block.split_once("\n```").expect("a block ends");
        blocks.push((who.to_owned(), block.to_owned()));
        rest = after;
    }
    blocks
}

/// Runs lines of shell as a person would type them; the first that fails ends them.
pub fn sh(place: &Place, home: &Home, script: &str) -> Run {
    let program = Path::new(env!("CARGO_BIN_EXE_okibi"));
    assert!(
        program.ends_with("okibi"),
        "the README's name of the program"
    );
    let old = std::env::var_os("PATH").unwrap_or_default();
    let folders = program
        .parent()
        .map(Path::to_owned)
        .into_iter()
        .chain(std::env::split_paths(&old));
    let output = Command::new("sh")
        .args(["-e", "-c", script])
        .env_clear()
        .env("PATH", std::env::join_paths(folders).unwrap())
        .env("HOME", place.path(""))
        .env("OKIBI_HOME", &home.path)
        .current_dir(place.path(""))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let run = Run {
        status: output.status,
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(run.status.success(), "{script}\n{run:#?}");
    run
}

#[test]
fn the_quickstarts_run_as_written() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.unwrap();
    let place = Place::new();
    let (alice, bob) = (place.home("alice"), place.home("bob"));
    place.stick("stick");
    place.file(
        "compost.md",
        "# Compost\n\nTurn the compost when its heart is warm.\n",
    );
    let card = "okibi key card > bob.card";
    assert!(
        readme.contains(card),
        "the README says how Bob made his card"
    );
    sh(&place, &bob, card);

    let mut ran = Vec::new();
    for (who, block) in blocks(&readme, "quickstart") {
        let home = if who.starts_with("alice") {
            &alice
        } else {
            &bob
        };
        let run = sh(&place, home, &block);
        match who.as_str() {
            "bob" => {
                assert!(
                    run.out
                        .contains("| Turn the compost when its heart is warm."),
                    "{run:#?}"
                );
                assert!(run.out.contains("from alice in garden"), "{run:#?}");
            }
            "alice again" => {
                assert!(
                    run.out.contains("“bob” acknowledged what it has"),
                    "{run:#?}"
                );
                assert!(run.out.contains("nothing new for “bob”"), "{run:#?}");
            }
            _ => {}
        }
        ran.push(who);
    }
    assert_eq!(ran, ["alice", "bob", "alice again"]);
    assert_eq!(alice.hashes(), bob.hashes());
}
