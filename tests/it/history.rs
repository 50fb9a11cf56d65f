//! `okibi history`: what is kept of conversations, and that it stays here.

use okibi::config::Config;
use okibi::node::Handle;

use crate::homes::{Home, Place};

/// Keeps two conversations as the faces do, one with two branches.
fn told(home: &Home) {
    let config = Config::load(Some(&home.path), |_| None).unwrap();
    let node = Handle::open(config, Box::new(|_| {})).unwrap();
    let first = node
        .history()
        .begin_session("What is fire?\nSay it briefly.", "Be brief.")
        .unwrap();
    let question = node
        .history()
        .keep_question(first, None, "What is fire?")
        .unwrap();
    for answer in ["Hot.", "Light \u{1b}[31mand heat."] {
        let mut growing = node
            .history()
            .keep_answer(first, Some(question), "ember")
            .unwrap();
        node.history().grow_answer(&mut growing, answer).unwrap();
        node.history().end_answer(&growing, None).unwrap();
    }
    let second = node.history().begin_session("堆肥はいつ返す", "").unwrap();
    let question = node
        .history()
        .keep_question(second, None, "堆肥はいつ返す")
        .unwrap();
    let manual = node.ask_manual("stick").unwrap();
    node.history()
        .keep_quotes(second, Some(question), &manual)
        .unwrap();
}

#[test]
fn conversations_are_listed_shown_exported_and_deleted() {
    let place = Place::new();
    let home = place.home("alice");
    assert!(
        home.run(["history", "list"])
            .err
            .contains("no conversation is kept yet")
    );
    told(&home);

    let listed = home.facts("session", ["history", "list"]);
    let titles: Vec<&str> = listed
        .iter()
        .map(|row| row["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["堆肥はいつ返す", "What is fire?"]);
    let found = home.facts("message", ["history", "list", "堆肥"]);
    assert_eq!(found.len(), 1);

    let shown = home.ok(["history", "show", "1"]);
    assert!(
        shown.out.contains("and heat.") && !shown.out.contains("Hot."),
        "the branch shown last: {shown:?}"
    );
    assert!(!shown.out.contains('\u{1b}'), "foreign words are harmless");
    assert_eq!(
        home.facts("message", ["history", "show", "1", "--all"])
            .len(),
        3
    );

    let exported = home.ok(["history", "export", "last"]);
    assert!(exported.out.starts_with("# 堆肥はいつ返す"), "{exported:?}");
    assert!(
        exported.out.contains("\n> ") && exported.out.contains("bytes "),
        "quoted, with the place"
    );
    let file = place.path("talk.md");
    home.ok(["history", "export", "1", "-o", file.to_str().unwrap()]);
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .contains("> Be brief.")
    );

    // Without a terminal nothing is deleted unasked.
    assert_eq!(home.run(["history", "delete", "1"]).status.code(), Some(1));
    assert_eq!(home.facts("session", ["history", "list"]).len(), 2);
    home.ok(["history", "delete", "1", "--yes"]);
    assert_eq!(home.facts("session", ["history", "list"]).len(), 1);
    home.ok(["history", "delete", "--all", "--yes"]);
    assert!(home.facts("session", ["history", "list"]).is_empty());
    let gone = home.run(["--json", "history", "show", "1"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(gone.out.contains("session-unknown"), "{gone:?}");
}

/// A conversation goes on where it stood, and a single question of a script leaves nothing behind.
#[test]
fn resumed_and_not_kept() {
    let place = Place::new();
    let home = place.home("alice");
    home.ok(["chat", "-m", "ember", "--max-tokens", "4", "alone"]);
    assert!(home.facts("session", ["history", "list"]).is_empty());
    told(&home);
    home.ok([
        "chat",
        "-m",
        "ember",
        "--max-tokens",
        "4",
        "--resume",
        "1",
        "--",
        "And then?",
    ]);
    let messages = home.facts("message", ["history", "show", "1"]);
    let texts: Vec<&str> = messages
        .iter()
        .map(|row| row["text"].as_str().unwrap())
        .collect();
    assert_eq!((texts.len(), texts[2]), (4, "And then?"));
    assert_eq!(messages[3]["ended"], "length");
    let unknown = home.run(["chat", "--resume", "77", "--", "x"]);
    assert_eq!(unknown.status.code(), Some(1));
}

/// Nothing of a conversation is in a bundle, however it is written.
#[test]
fn no_conversation_travels() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    told(&alice);
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", "--full", &stick]);
    bob.ok(["import-bundle", &stick]);
    assert!(bob.facts("session", ["history", "list"]).is_empty());
    let audit = alice.ok(["audit"]);
    assert!(!audit.out.contains("fire"), "{audit:?}");
}
