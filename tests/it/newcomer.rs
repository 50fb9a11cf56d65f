//! What a newcomer stumbled over, one test each: what is said, and the exit code.

use crate::homes::Place;

#[test]
fn the_receive_key_opens_bundles_without_okibi() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    alice.share_document("Note", &place.file("note.txt", "a note about nothing\n"));
    let file = place.path("bundle.age");
    alice.ok(["export-bundle", "--to", "bob", "-o", file.to_str().unwrap()]);

    let run = bob.ok(["key", "identity"]);
    let line = run.out.trim();
    assert!(
        line.starts_with("AGE-SECRET-KEY-1") && !line.contains('\n'),
        "{run:#?}"
    );
    assert!(
        run.err.contains("secret"),
        "a warning stands on standard error: {run:#?}"
    );
    assert_eq!(bob.fact("identity", ["key", "identity"])["identity"], line);

    let secret = okibi::carrier::media::seal::secret_from_string(line).unwrap();
    let bundle = std::io::BufReader::new(std::fs::File::open(file).unwrap());
    assert!(okibi::carrier::media::seal::open(bundle, &[secret.into()]).is_ok());
}

#[test]
fn a_folder_is_not_a_missing_file() {
    let place = Place::new();
    let home = place.home("home");
    let folder = place.stick("folder");
    for args in [
        ["model", "add", folder.as_str()],
        ["library", "add", folder.as_str()],
    ] {
        let run = home.run(args);
        assert_eq!(run.status.code(), Some(1), "{run:#?}");
        assert!(run.err.contains("this is a folder"), "{run:#?}");
    }
}

#[test]
fn a_circle_is_not_founded_twice_by_mistake() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let again = alice.run(["circle", "found", "hearth"]);
    assert_eq!(again.status.code(), Some(2), "{again:#?}");
    assert!(again.err.contains("“hearth” already"), "{again:#?}");

    let card = bob.ok(["key", "card"]).out;
    let (one, two) = (
        format!("one={}", card.trim()),
        format!("two={}", card.trim()),
    );
    let twice = alice.run(["circle", "found", "other", "--with", &one, "--with", &two]);
    assert_eq!(twice.status.code(), Some(2), "{twice:#?}");
    let own = format!("me={}", alice.ok(["key", "card"]).out.trim());
    let mine = alice.run(["circle", "found", "other", "--with", &own]);
    assert_eq!(mine.status.code(), Some(2), "{mine:#?}");
    assert_eq!(
        alice.facts("circle", ["circle", "list"]).len(),
        1,
        "nothing was founded"
    );
}

#[test]
fn the_recipient_says_which_circle() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    alice.ok(["circle", "found", "other", "--as", "alice"]);
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", &stick]);
    let run = bob.ok(["import-bundle", &stick]);
    assert!(run.out.contains("hearth"), "{run:#?}");
    // Where nothing decides, the circles are named.
    let run = alice.run(["circle", "members"]);
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
    assert!(
        run.err.contains("“hearth” (") && run.err.contains("“other” ("),
        "{run:#?}"
    );
}

#[test]
fn what_is_said_of_an_export_is_so() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let stick = place.stick("stick");
    let run = alice.ok(["export-bundle", "--to", "bob", &stick]);
    assert!(run.err.contains("safe to remove"), "{run:#?}");
    let file = place.path("bundle.age");
    let args = [
        "export-bundle",
        "--to",
        "bob",
        "--full",
        "-o",
        file.to_str().unwrap(),
    ];
    let run = alice.ok(args);
    assert!(
        run.err.contains("verified") && !run.err.contains("remove"),
        "{run:#?}"
    );

    bob.ok(["import-bundle", "--no-ack", &stick]);
    let run = bob.ok(["export-bundle", "--to", "alice", &stick]);
    assert!(run.out.contains("only the acknowledgement"), "{run:#?}");
    let run = alice.ok(["import-bundle", &stick]);
    assert!(run.out.contains("no new records from “bob”"), "{run:#?}");
    let audit = alice.ok(["audit"]).out;
    assert!(audit.contains("to bob") && !audit.contains('['), "{audit}");
}

#[test]
fn a_name_begins_no_line() {
    let place = Place::new();
    let home = place.home("home");
    home.ok([
        "library",
        "add",
        &place.file("a\nokibi: all is lost.txt", "some text\n"),
    ]);
    let list = home.ok(["library", "list"]).out;
    assert_eq!(list.lines().count(), 1, "{list}");
    let bad = home.run([
        "library",
        "add",
        "--title",
        "a\nb",
        &place.file("b.txt", "other text\n"),
    ]);
    assert_eq!(bad.status.code(), Some(2), "{bad:#?}");
}

#[test]
fn a_private_copy_of_a_shared_document_can_go() {
    let place = Place::new();
    let (alice, _bob) = place.alice_and_bob();
    let path = place.file("note.txt", "a note about nothing\n");
    alice.share_document("Note", &path);
    alice.ok(["library", "add", "--title", "Note", &path]);
    assert_eq!(alice.facts("document", ["library", "list"]).len(), 2);
    alice.ok(["library", "remove", "Note"]);
    assert_eq!(alice.facts("document", ["library", "list"]).len(), 1);
    assert_eq!(
        alice.run(["library", "remove", "Note"]).status.code(),
        Some(1)
    );
}

#[test]
fn a_page_is_found_by_the_words_of_its_command() {
    let home = Place::new();
    let home = home.home("home");
    assert_eq!(
        home.ok(["man", "circle", "admit"]).out,
        home.ok(["man", "circle-admit"]).out
    );
}

#[test]
fn a_lost_database_makes_no_new_identity() {
    let place = Place::new();
    let home = place.home("home");
    home.ok(["key", "show"]);
    std::fs::remove_file(home.path.join("okibi.db")).unwrap();
    let run = home.run(["status"]);
    assert_eq!(run.status.code(), Some(19), "{run:#?}");
    assert!(
        run.err.contains("no database") && run.err.contains("move the folder"),
        "{run:#?}"
    );
    assert!(!home.path.join("okibi.db").exists(), "nothing was made");
    std::fs::rename(home.path.join("keys"), place.path("keys")).unwrap();
    assert!(home.ok(["status"]).err.contains("new identity"));
}

#[test]
fn an_only_admin_cannot_be_suspended_and_that_is_said() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", &stick]);
    bob.ok(["import-bundle", &stick]);
    let run = bob.ok(["circle", "suspend", "alice", "--dry-run"]);
    assert!(run.err.contains("“alice” is the only admin"), "{run:#?}");
    let run = alice.ok(["circle", "suspend", "bob", "--dry-run"]);
    assert!(!run.err.contains("only admin"), "{run:#?}");
}

/// A typing error in the name of a home made a new identity, and a watch that never failed again.
#[test]
fn a_home_that_is_not_there_is_not_watched_or_saved() {
    let place = Place::new();
    let nobody = place.home("nobody");
    let file = place.path("file").display().to_string();
    for args in [
        &["status", "-q"][..],
        &["status", "--max-age", "26h"],
        &["status", "--strict"],
        &["doctor", "--strict"],
        &["audit", "-q"],
        &["gc"],
        &["backup", &file],
    ] {
        let run = nobody.run(args);
        assert_eq!(run.status.code(), Some(1), "{args:?}: {run:#?}");
        assert!(run.err.contains("there is no okibi home"), "{run:#?}");
        assert!(
            !nobody.path.exists() && !place.path("file").exists(),
            "{args:?}"
        );
    }
}

#[test]
fn what_was_not_done_is_said() {
    let place = Place::new();
    let (alice, _bob) = place.alice_and_bob();
    for args in [
        vec!["circle", "refound", "other"],
        vec!["circle", "suspend", "bob"],
    ] {
        let quiet = alice.run(args.iter().chain(&["-q"]));
        let run = alice.run(args);
        for run in [run, quiet] {
            assert_eq!(run.status.code(), Some(1), "{run:#?}");
            assert!(run.err.contains("nothing was changed"), "{run:#?}");
        }
    }
    assert_eq!(alice.facts("circle", ["circle", "list"]).len(), 1);
}

#[test]
fn a_shared_models_file_stays() {
    let place = Place::new();
    let home = place.home("home");
    let run = home.ok(["model", "remove", "ember"]);
    assert!(run.out.contains("its file stays"), "{run:#?}");
}

#[test]
fn names_of_others_steer_no_terminal() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let card = place.home("carol").ok(["key", "card"]).out;
    alice.ok([
        "circle",
        "admit",
        card.trim(),
        "--name",
        "ca\u{202e}rol",
        "--yes",
    ]);
    let path = place.file(
        "note.txt",
        "\u{1b}]0;title\u{7} and \u{9b}31m red \u{202e}txet\n",
    );
    alice.share_document("No\u{202e}te", &path);
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", &stick]);
    for args in [
        vec!["import-bundle", "--dry-run", &stick],
        vec!["import-bundle", &stick],
        vec!["circle", "members"],
        vec!["circle", "log"],
        vec!["status"],
        vec!["library", "list"],
        vec!["library", "search", "red"],
        vec!["audit"],
    ] {
        let json = bob.ok(args.iter().copied().chain(["--json"]));
        let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n');
        assert!(json.out.bytes().all(plain), "{:?}", json.out);
        let run = bob.ok(args);
        for text in [&run.out, &run.err] {
            let bad =
                |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!text.contains(bad), "{text:?}");
        }
    }
}
