//! Exit codes that say something of what a bundle is, or of what came with it.

use std::process::Stdio;

use super::{fails, hearth};

#[test]
fn nothing_for_me_is_10() {
    let (place, alice, _bob) = hearth();
    let carol = place.home("carol");
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", &stick]);
    fails(&carol, &["import-bundle", &stick], 10, "nothing-for-me");
    // A stick without any bundle is no failure.
    let blank = place.stick("blank");
    carol.ok(["import-bundle", &blank]);
    assert_eq!(
        carol.run(["inspect-bundle", &stick]).status.code(),
        Some(10)
    );
}

#[test]
fn a_missing_or_damaged_slice_is_11() {
    let (place, alice, bob) = hearth();
    let stick = place.stick("stick");
    let export = alice.fact("export", ["export-bundle", "--to", "bob", &stick]);
    let handle = export["handle"].as_str().unwrap();
    let slice = place.path("stick/okibi").join(handle).join("000.age");
    let bytes = std::fs::read(&slice).unwrap();
    let mut bent = bytes.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    std::fs::write(&slice, &bent).unwrap();
    fails(&bob, &["import-bundle", &stick], 11, "slice-missing");
    std::fs::write(&slice, &bytes[..middle]).unwrap();
    fails(&bob, &["verify-bundle", &stick], 11, "slice-missing");
    std::fs::remove_file(&slice).unwrap();
    fails(&bob, &["import-bundle", &stick], 11, "slice-missing");
    std::fs::write(&slice, &bytes).unwrap();
    bob.ok(["import-bundle", &stick]);
}

#[test]
fn a_part_of_a_set_is_11_until_the_rest_is_here() {
    let (place, alice, bob) = hearth();
    let (whole, first, second) = (
        place.stick("whole"),
        place.stick("first"),
        place.stick("second"),
    );
    let args = ["export-bundle", "--to", "bob", "--slice", "12K", &whole];
    let export = alice.fact("export", args);
    assert_eq!(export["slices"], 2, "{export}");
    let sums = okibi::carrier::media::medium::scan(whole.as_ref())
        .unwrap()
        .bundles[0]
        .sums
        .clone()
        .unwrap();
    let handle = export["handle"].as_str().unwrap();
    for (number, stick) in [(0u16, &first), (1, &second)] {
        let files = okibi::carrier::media::files::Files::new(stick);
        let medium = okibi::carrier::media::medium::Medium::take(&files).unwrap();
        let folder = place.path(stick).join("okibi").join(handle);
        std::fs::create_dir(&folder).unwrap();
        let name = okibi::carrier::media::medium::slice_name(number);
        let from = place.path(&whole).join("okibi").join(handle).join(&name);
        std::fs::copy(from, folder.join(name)).unwrap();
        let mut part = sums.clone();
        (part.first, part.last) = (number, number == 1);
        part.slices = vec![sums.slices[usize::from(number)]];
        medium.commit(handle, &part).unwrap();
    }
    // Only the first slice tells for whom a set is: nothing is kept of one that does not begin with it.
    fails(&bob, &["import-bundle", &second], 11, "slices-first");
    fails(
        &bob,
        &["import-bundle", &first, "--dry-run"],
        11,
        "slices-elsewhere",
    );
    fails(&bob, &["import-bundle", &first], 11, "slices-kept");
    // What is missing is named.
    assert!(
        bob.run(["import-bundle", &first])
            .err
            .contains("missing: 001.age")
    );
    bob.ok(["import-bundle", &second]);
    let looked = bob.run(["import-bundle", &first, &second, "-q"]);
    assert_eq!(
        (
            looked.status.code(),
            looked.out.as_str(),
            looked.err.as_str()
        ),
        (Some(0), "", "")
    );
}

#[test]
fn salvaged_is_3_and_a_reader_that_leaves_is_1() {
    let (place, alice, bob) = hearth();
    let text: String = (0..30_000).map(|n| format!("line {n} of many\n")).collect();
    alice.share_document("Long", &place.file("long.txt", text));
    let file = place.path("x.okb");
    let name = file.to_str().unwrap();
    alice.ok(["export-bundle", "--to", "bob", "-o", name]);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 70_000]).unwrap();
    fails(&bob, &["import-bundle", name], 12, "bundle-refused");
    let run = bob.run(["import-bundle", name, "--salvage", "--json"]);
    assert_eq!(run.status.code(), Some(3), "{run:#?}");
    let facts = run.json();
    let import = facts.iter().find(|fact| fact["type"] == "import").unwrap();
    assert!(
        !import["skipped"].as_array().unwrap().is_empty(),
        "{import}"
    );
    assert!(facts.iter().any(|fact| fact["code"] == "import-salvaged"));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let export = ["export-bundle", "--to", "bob", "--full", "-o", "-"];
    let output = alice
        .command(export)
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("okibi: the reader closed the pipe"),
        "{said}"
    );
}

#[test]
fn a_stale_bundle_is_14_only_with_strict() {
    let (place, alice, bob) = hearth();
    let (old, new) = (place.stick("old"), place.stick("new"));
    alice.ok(["export-bundle", "--to", "bob", &old]);
    alice.share_document("Later", &place.file("later.txt", "a later note\n"));
    alice.ok(["export-bundle", "--to", "bob", &new]);
    bob.ok(["import-bundle", &new, "--strict"]);
    bob.ok(["import-bundle", &old]);
    let run = bob.run(["import-bundle", &old, "--strict", "--json"]);
    assert_eq!(run.status.code(), Some(14), "{run:#?}");
    // Only what came in later, over a road without acknowledgements: what it rests on is not here yet.
    let carol = place.home("carol");
    alice.admit(&carol, "carol");
    let diode = place.path("diode.okb");
    let name = diode.to_str().unwrap();
    alice.ok([
        "export-bundle",
        "--to",
        "carol",
        "--since",
        "1d",
        "-o",
        name,
    ]);
    carol.ok(["import-bundle", name, "--strict"]);
}

/// Two homes that write with one key: what Alice holds of it is a fork, told when asked.
#[test]
fn a_fork_is_15_only_when_asked() {
    let (place, alice, bob) = hearth();
    let stick = place.stick("stick");
    alice.ok(["courier", &stick]);
    bob.ok(["courier", &stick]);
    let twin = place.home("twin");
    bob.copy(&twin.path);
    // What keeps an honest twin from writing is taken out.
    let db = rusqlite::Connection::open(twin.path.join("okibi.db")).unwrap();
    db.execute("DELETE FROM meta WHERE key IN ('place', 'stopped')", [])
        .unwrap();
    drop(db);
    bob.share_document("One", &place.file("one.txt", "one\n"));
    twin.share_document("Two", &place.file("two.txt", "two\n"));
    bob.ok(["courier", &stick]);
    alice.ok(["courier", &stick]);
    let other = place.stick("other");
    twin.ok(["courier", &other]);
    alice.ok(["courier", &other]);
    let run = alice.ok(["status", "--json"]);
    assert!(
        run.json().iter().any(|it| it["code"] == "status-fork"),
        "{run:#?}"
    );
    let run = alice.run(["status", "--strict", "--max-age", "1h", "--json"]);
    assert_eq!(run.status.code(), Some(15), "{run:#?}");
    run.json();
    // The import that brings it says so, too, and only then.
    let late = place.stick("late");
    twin.ok(["export-bundle", "--full", "--to", "alice", &late]);
    alice.ok(["import-bundle", &late]);
    let run = alice.run(["import-bundle", "--strict", &late]);
    assert_eq!(run.status.code(), Some(15), "{run:#?}");
}

/// A home that was set back gets what rests on what it forgot.
#[test]
fn waiting_is_17_only_when_asked() {
    let (place, alice, bob) = hearth();
    let stick = place.stick("stick");
    alice.ok(["courier", &stick]);
    bob.ok(["courier", &stick]);
    alice.ok(["courier", &stick]);
    let before = place.path("before");
    bob.copy(&before);
    for name in ["first", "second"] {
        alice.share_document(
            name,
            &place.file(&format!("{name}.txt"), format!("{name}\n")),
        );
        let stick = place.stick(name);
        alice.ok(["courier", &stick]);
        if name == "first" {
            bob.ok(["courier", &stick]);
            alice.ok(["courier", &stick]);
        } else {
            std::fs::remove_dir_all(&bob.path).unwrap();
            crate::homes::copy(&before, &bob.path);
            bob.ok(["import-bundle", &stick]);
        }
    }
    let run = bob.ok(["status", "--json"]);
    assert!(
        run.json().iter().any(|it| it["code"] == "status-waiting"),
        "{run:#?}"
    );
    let run = bob.run(["status", "--strict", "--max-age", "1h", "--json"]);
    assert_eq!(run.status.code(), Some(17), "{run:#?}");
    run.json();
    let run = bob.run([
        "import-bundle",
        "--strict",
        &place.path("second").to_string_lossy(),
    ]);
    assert_eq!(run.status.code(), Some(17), "{run:#?}");
}
