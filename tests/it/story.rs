//! The story of the README, told by the real binary: a first question, then two homes and a stick.

use std::path::Path;

use crate::homes::{Home, Place};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The manual's sources, each line without spaces at its end.
fn manual() -> Vec<String> {
    let folder = root().join("bundles/starter/manual");
    let files = std::fs::read_dir(folder).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts.map(|text| trimmed(&text)).collect()
}

fn trimmed(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The quotations of an answer in manual mode.
fn quotations(answer: &str) -> Vec<String> {
    let mut quotations: Vec<String> = Vec::new();
    for line in answer.lines() {
        if line.starts_with('[') {
            quotations.push(String::new());
        } else if let Some(quoted) = line.strip_prefix("  |") {
            let last = quotations
                .last_mut()
                .expect("a name stands before a quotation");
            last.push_str(quoted.strip_prefix(' ').unwrap_or(quoted));
            last.push('\n');
        }
    }
    quotations
}

fn asks(home: &Home, question: &str) {
    let run = home.ok(["chat", question]);
    let first = run.out.lines().next().unwrap();
    assert!(first.starts_with("No language model is loaded."), "{first}");
    let quotations = quotations(&run.out);
    assert_eq!(quotations.len(), 3, "{}", run.out);
    let manual = manual();
    for quotation in &quotations {
        let quotation = trimmed(quotation);
        assert!(quotation.len() > 40, "{quotation}");
        assert!(
            manual.iter().any(|text| text.contains(&quotation)),
            "not in the manual word for word:\n{quotation}"
        );
    }
    assert!(run.out.contains("okibi model add FILE.gguf"), "{}", run.out);
}

#[test]
fn the_first_question_of_all() {
    let place = Place::new();
    let home = place.home("fresh");
    let question = "How do I bring updates to a machine without a network?";
    let run = home.ok(["chat", question]);
    let shown = home.fact("key", ["key", "show"]);
    let fingerprint = shown["fingerprint"].as_str().unwrap();
    assert!(run.err.contains(fingerprint), "{}", run.err);
    assert!(run.out.contains("okibi import-bundle DIR"), "{}", run.out);
    // The second time nothing is made any more, and nothing is said.
    assert_eq!(home.ok(["chat", question]).err, "");
    asks(&home, question);
    asks(
        &home,
        "ネットワークのない機械に更新を届けるにはどうすればよいですか",
    );
}

#[test]
fn two_homes_and_a_stick() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let stick = place.stick("stick");

    let letter =
        "# Embers\n\nThe glowing coal under the ash is called okibi and lights the next hearth.\n";
    alice.share_document("On embers", &place.file("embers.md", letter));
    let model = place.path("hearthling.gguf");
    std::fs::copy(root().join("fixtures/ember/ember-f32.gguf"), &model).unwrap();
    alice.ok(["model", "add", model.to_str().unwrap()]);
    // Sharing asks for a licence.
    let refused = alice.run(["model", "share", "hearthling"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    alice.ok([
        "model",
        "share",
        "hearthling",
        "--licence",
        "MIT OR Apache-2.0",
    ]);

    let first = alice.fact("export", ["export-bundle", "--to", "bob", &stick]);
    assert_eq!(
        (&first["documents"], &first["models"]),
        (&1.into(), &1.into())
    );
    assert_eq!(first["read_back"], true);

    // A dry run tells and changes nothing.
    let before = bob.hashes();
    let foreseen = bob.fact("import", ["import-bundle", "--dry-run", &stick]);
    assert_eq!(foreseen["joined"], true);
    assert_eq!(foreseen["documents"], serde_json::json!(["On embers"]));
    assert_eq!(bob.hashes(), before);
    assert_eq!(bob.staged(), [] as [&Path; 0]);
    let taken = bob.fact("import", ["import-bundle", &stick]);
    assert_eq!(taken["records"], foreseen["records"]);
    assert_eq!(taken["documents"], foreseen["documents"]);
    assert_eq!(taken["acknowledged"], true);
    assert_eq!(bob.hashes(), alice.hashes());

    // The document, with its origin, and the model, with its own words.
    let hits = bob.facts("hit", ["library", "search", "what lights the next hearth?"]);
    assert_eq!(hits[0]["title"], "On embers");
    assert_eq!(hits[0]["origin"], "alice in hearth");
    assert!(letter.contains(hits[0]["text"].as_str().unwrap().trim()));
    let chat = [
        "chat",
        "-m",
        "hearthling",
        "--seed",
        "7",
        "--max-tokens",
        "8",
        "Once upon a time",
    ];
    let said = bob.ok(chat);
    assert!(said.out.trim().len() > 4, "{said:?}");
    assert_eq!(said.out, alice.ok(chat).out, "one seed, one text");

    // The acknowledgement goes back on the same stick.
    let back = alice.fact("import", ["import-bundle", &stick]);
    assert_eq!((&back["acks"], &back["records"]), (&1.into(), &0.into()));
    let nothing = alice.fact(
        "export",
        ["export-bundle", "--to", "bob", "--dry-run", &stick],
    );
    for what in [
        "statements",
        "records",
        "documents",
        "models",
        "content_bytes",
    ] {
        assert_eq!(nothing[what], 0, "{what}: {nothing}");
    }
    let quiet = alice.fact("export", ["export-bundle", "--to", "bob", &stick]);
    assert!(quiet["bundle"].is_null(), "{quiet}");

    // One new document: the second bundle holds that and nothing else.
    let more = place.file(
        "ash.md",
        "# Ash\n\nAsh keeps the ember warm through the night.\n",
    );
    alice.share_document("On ash", &more);
    let second = alice.fact("export", ["export-bundle", "--to", "bob", &stick]);
    assert_eq!(
        (&second["records"], &second["documents"]),
        (&1.into(), &1.into())
    );
    assert_eq!(second["models"], 0);
    let (large, small) = (
        first["bytes"].as_u64().unwrap(),
        second["bytes"].as_u64().unwrap(),
    );
    assert!(small * 20 < large, "{small} against {large}");
    let taken = bob.fact("import", ["import-bundle", &stick]);
    assert_eq!(
        (&taken["records"], &taken["joined"]),
        (&1.into(), &false.into())
    );
    assert_eq!(bob.hashes(), alice.hashes());

    // A second time nothing changes.
    let still = bob.hashes();
    for again in bob.facts("import", ["import-bundle", &stick]) {
        assert_eq!((&again["records"], &again["blobs"]), (&0.into(), &0.into()));
    }
    assert_eq!(bob.hashes(), still);
    alice.ok(["import-bundle", &stick]);
    for home in [&alice, &bob] {
        assert_eq!(home.ails(), [] as [&str; 0]);
        assert_eq!(home.staged(), [] as [&Path; 0]);
        home.ok(["audit", "--verify"]);
    }
}

#[test]
fn the_order_of_bundles_does_not_matter() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let (older, newer) = (place.path("older.okb"), place.path("newer.okb"));
    let (older, newer) = (older.to_str().unwrap(), newer.to_str().unwrap());
    alice.share_document("One", &place.file("one.txt", "the first text of all\n"));
    alice.ok(["export-bundle", "--to", "bob", "-o", older]);
    alice.share_document("Two", &place.file("two.txt", "the second text of all\n"));
    alice.ok(["library", "withdraw", "One"]);
    alice.ok(["export-bundle", "--to", "bob", "-o", newer]);

    let before = place.path("before");
    bob.copy(&before);
    let (mut ends, mut blobs) = (Vec::new(), None);
    for order in [[older, newer], [newer, older], [newer, newer]] {
        std::fs::remove_dir_all(&bob.path).unwrap();
        crate::homes::copy(&before, &bob.path);
        for bundle in order {
            bob.ok(["import-bundle", bundle]);
        }
        ends.push(bob.hashes());
        let titles = bob.facts("document", ["library", "list"]);
        assert_eq!(titles.len(), 1, "{titles:?}");
        // What was withdrawn is given back by `gc`: the blobs are the same in each order, too.
        bob.ok(["gc"]);
        let bytes = bob.fact("status", ["status"])["blob_bytes"].clone();
        assert_eq!(*blobs.get_or_insert(bytes.clone()), bytes);
    }
    assert!(ends.iter().all(|end| *end == alice.hashes()), "{ends:#?}");
}
