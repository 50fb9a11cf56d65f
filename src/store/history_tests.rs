use serde_json::json;

use super::*;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 1, [7; 8]).unwrap();
    (dir, store)
}

fn say(store: &Store, session: i64, parent: Option<i64>, role: Speaker, text: &str) -> i64 {
    let quotes = json!([]);
    let new = NewMessage {
        session,
        parent,
        role,
        text,
        at: 5,
        model: (role == Speaker::Model).then_some("ember"),
        quotes: &quotes,
        ended: Some("model"),
    };
    store.add_message(&new).unwrap()
}

#[test]
fn a_tree_of_messages_comes_back() {
    let (_dir, store) = store();
    let session = store.new_session("Fire", "Be brief.", 2).unwrap();
    let question = say(&store, session, None, Speaker::User, "What is fire?");
    let first = say(&store, session, Some(question), Speaker::Model, "Hot.");
    let second = say(&store, session, Some(question), Speaker::Model, "Light.");
    let messages = store.messages(session).unwrap();
    let tree: Vec<_> = messages.iter().map(|m| (m.id, m.parent)).collect();
    assert_eq!(
        tree,
        [
            (question, None),
            (first, Some(question)),
            (second, Some(question))
        ]
    );
    assert!(messages.iter().all(|m| m.privacy == Privacy::Local));
    let row = store.session(session).unwrap().unwrap();
    assert_eq!((row.leaf, row.messages, row.touched), (Some(second), 3, 5));
    assert_eq!(row.model.as_deref(), Some("ember"));
    store.set_leaf(session, Some(first)).unwrap();
    assert_eq!(store.session(session).unwrap().unwrap().leaf, Some(first));
}

#[test]
fn an_answer_grows_and_ends() {
    let (dir, store) = store();
    let session = store.new_session("x", "", 2).unwrap();
    let quotes = json!([]);
    let new = NewMessage {
        session,
        parent: None,
        role: Speaker::Model,
        text: "",
        at: 3,
        model: Some("ember"),
        quotes: &quotes,
        ended: None,
    };
    let id = store.add_message(&new).unwrap();
    store.grow_message(id, "Once upon").unwrap();
    // Another process, after a kill of this one: what was grown is there, and is found.
    let other = Store::open(dir.path(), 9, [8; 8]).unwrap();
    let killed = &other.messages(session).unwrap()[0];
    assert_eq!((killed.text.as_str(), &killed.ended), ("Once upon", &None));
    assert_eq!(other.find_messages("upon", 5).unwrap().len(), 1);
    let figures = Figures {
        prompt_tokens: 4,
        tokens: 3,
        rate: 2.5,
    };
    store
        .end_message(id, "Once upon a time", "model", figures)
        .unwrap();
    store.grow_message(id, "late").unwrap();
    let ended = &store.messages(session).unwrap()[0];
    assert_eq!((ended.text.as_str(), ended.rate), ("Once upon a time", 2.5));
    assert_eq!(store.find_messages("time", 5).unwrap().len(), 1);
}

#[test]
fn every_word_is_found_in_every_script() {
    let (_dir, store) = store();
    let session = store.new_session("x", "", 2).unwrap();
    say(
        &store,
        session,
        None,
        Speaker::User,
        "Turn the Compost warm, 100% sure",
    );
    say(
        &store,
        session,
        None,
        Speaker::User,
        "堆肥を温かいうちに返す。",
    );
    say(
        &store,
        session,
        None,
        Speaker::User,
        "\"quoted\" OR NOT NEAR( a_b",
    );
    let count = |query: &str| store.find_messages(query, 9).unwrap().len();
    assert_eq!(count("compost"), 1);
    assert_eq!(count("warm compost"), 1);
    assert_eq!(count("warm compast"), 0);
    assert_eq!(count("堆肥"), 1);
    assert_eq!(count("温かい"), 1);
    assert_eq!(count("0%"), 1);
    assert_eq!(count("%"), 1);
    assert_eq!(count("_"), 1);
    assert_eq!(count("\"quoted\""), 1);
    assert_eq!(count("NEAR( OR"), 1);
    assert_eq!(count("  "), 0);
    let found = &store.find_messages("温かい", 1).unwrap()[0];
    assert!(found.around.contains("温かい"));
}

#[test]
fn what_is_deleted_leaves_the_file() {
    let (dir, store) = store();
    let session = store.new_session("a secret title", "", 2).unwrap();
    let word = "zanzibarquux";
    let question = say(
        &store,
        session,
        None,
        Speaker::User,
        &format!("{word} {word}"),
    );
    say(&store, session, Some(question), Speaker::Model, word);
    assert_eq!(store.delete_sessions(&[session]).unwrap(), 1);
    assert_eq!(store.delete_sessions(&[session]).unwrap(), 0);
    assert!(store.find_messages(word, 5).unwrap().is_empty());
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for needle in [word.as_bytes(), b"a secret title"] {
                let there = bytes.windows(needle.len()).any(|window| window == needle);
                assert!(!there, "{}", path.display());
            }
        }
    }
}

/// A home of layout 1 is taken over: what was there stays, a copy is kept, conversations can begin.
#[test]
fn a_home_of_layout_one_is_migrated() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("okibi.db");
    let old = super::super::migrate::open(&path, &super::super::migrate::LAYOUTS[..1]).unwrap();
    old.execute("INSERT INTO meta VALUES ('place', X'01')", [])
        .unwrap();
    drop(old);
    let store = Store::open(dir.path(), 1, [7; 8]).unwrap();
    assert_eq!(store.meta("place").unwrap().as_deref(), Some(&[1][..]));
    assert!(dir.path().join("okibi.db.before-layout-2").exists());
    let session = store.new_session("x", "", 2).unwrap();
    say(&store, session, None, Speaker::User, "first words");
    assert_eq!(store.find_messages("words", 5).unwrap().len(), 1);
}
