//! docs/air-gap.md is run as it stands, and the files in `contrib/` are what their programs accept.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::homes::Place;
use crate::readme::{blocks, sh};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn the_air_gap_guide_runs_as_written() {
    let text = std::fs::read_to_string(root().join("docs/air-gap.md")).unwrap();
    let place = Place::new();
    place.stick("stick");
    place.file("rules.md", "# Rules\n\nWear white coats.\n");
    place.file("results.md", "# Results\n\nThe third sample is blue.\n");
    place.file("notice.md", "# Notice\n\nA fire drill on Monday.\n");
    let names = ["archive", "bench", "clinic", "stranger"];
    let homes = names.map(|name| place.home(&format!("home-{name}")));
    let mut ran = Vec::new();
    for (who, block) in blocks(&text, "guide") {
        let at = names.iter().position(|name| *name == who);
        let home = &homes[at.unwrap_or_else(|| panic!("nobody is called {who}"))];
        let run = sh(&place, home, &block);
        if block.contains("white coats") {
            assert!(run.out.contains("| Wear white coats."), "{run:#?}");
        }
        if block.contains("fire drill") {
            assert!(run.out.contains("| A fire drill on Monday."), "{run:#?}");
        }
        if block.contains("okibi library list") {
            assert!(
                run.out.contains("House rules") && run.out.contains("Results"),
                "{run:#?}"
            );
        }
        if block.contains("--quiet --only-prepared") {
            assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
        }
        if block.contains("okibi status\n") || block.ends_with("okibi status") {
            assert!(run.out.contains("site"), "{run:#?}");
        }
        ran.push(who);
    }
    // Every block of shell in the guide is one that ran.
    assert_eq!(text.matches("```sh").count(), ran.len());
    assert!(ran.len() > 15, "{ran:?}");
    // A last round: all three have one state.
    let [archive, bench, clinic, _] = &homes;
    let stick = place.path("stick").to_str().unwrap().to_owned();
    for home in [archive, bench, clinic, archive, bench, clinic] {
        home.ok(["courier", &stick]);
    }
    assert_eq!(archive.hashes(), bench.hashes());
    assert_eq!(archive.hashes(), clinic.hashes());
}

/// Runs a checker; none where it is not installed.
fn check(program: &str, args: &[&str], folder: &Path) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(folder)
        .output();
    match output {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{program} {args:?}: {said}");
            Some(said)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Not among the tools that CI installs: the units are also read below.
            eprintln!("SKIPPED: {program} is not installed");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// Copies of the units in which programs and users of another machine stand for okibi's.
#[test]
fn the_units_are_sound() {
    let place = Place::new();
    let folder = place.path("units");
    std::fs::create_dir(&folder).unwrap();
    let from = root().join("contrib/systemd");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        // Man pages and programs are looked for on this machine.
        let text = text
            .replace("/usr/bin/okibi", "/bin/true")
            .replace("Documentation=man:okibi-courier(1)\n", "")
            .replace("Documentation=man:okibi-node(1)\n", "");
        let name = path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .replace('@', "@sdx1");
        std::fs::write(folder.join(&name), text).unwrap();
        names.push(name);
    }
    names.sort();
    assert_eq!(names.len(), 4, "{names:?}");
    let paths: Vec<String> = names.iter().map(|name| format!("./{name}")).collect();
    let mut args = vec!["verify"];
    args.extend(paths.iter().map(String::as_str));
    check("systemd-analyze", &args, &folder);
    let rules = root().join("contrib/udev/90-okibi-courier.rules");
    check("udevadm", &["verify", rules.to_str().unwrap()], &folder);
}

/// What they run exists with these arguments, and none of them runs anything from a medium.
#[test]
fn the_shipped_lines_are_commands_of_okibi() {
    let place = Place::new();
    let home = place.home("home");
    let stick = place.stick("stick");
    std::fs::create_dir(place.path("stick/okibi")).unwrap();
    let mut lines = 0;
    for name in [
        "systemd/okibi-courier@.service",
        "systemd/okibi-courier-home.service",
        "cron/okibi",
    ] {
        let text = std::fs::read_to_string(root().join("contrib").join(name)).unwrap();
        for line in text.lines().filter(|line| line.contains("/usr/bin/okibi ")) {
            let (_, args) = line.split_once("/usr/bin/okibi ").unwrap();
            let args: Vec<&str> = args.split(' ').collect();
            let (path, options) = args.split_last().unwrap();
            assert!(path.starts_with('/') || path.starts_with("%t/"), "{line}");
            let run = home.ok(options.iter().chain(&[stick.as_str()]));
            assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""), "{line}");
            lines += 1;
        }
        assert!(
            name.starts_with("cron") || text.contains("PrivateNetwork=yes"),
            "{name}"
        );
        assert!(
            !text.contains("mount ") || text.contains("noexec"),
            "{name}"
        );
    }
    assert_eq!(lines, 3);
}
