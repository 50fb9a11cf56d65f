//! Tests of the shelf and the search, over an in-memory database with the real schema.

use proptest::prelude::*;

use super::*;
use crate::library::hide_record;

fn database() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(include_str!("../store/schema/library.sql"))
        .unwrap();
    db
}

fn private<'a>(title: &'a str, text: &'a str) -> NewDocument<'a> {
    NewDocument {
        blob: *blake3::hash(text.as_bytes()).as_bytes(),
        title,
        media_type: MediaType::Markdown,
        language: "en",
        origin: "local",
        record: None,
        circle: None,
        shelf: Shelf::Private,
        bytes: text.as_bytes(),
    }
}

fn shared<'a>(title: &'a str, text: &'a str, record: u8, circle: u8) -> NewDocument<'a> {
    NewDocument {
        origin: "Aiko",
        record: Some([record; 32]),
        circle: Some([circle; 32]),
        shelf: Shelf::Shared,
        ..private(title, text)
    }
}

fn count(db: &Connection, table: &str) -> i64 {
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
        row.get(0)
    })
    .unwrap()
}

fn titles(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.title.as_str()).collect()
}

const WELLS: &str = "# Wells\n\nA well needs a cover.\n\n## Depth\n\nDig until water stands.\n";

#[test]
fn a_section_is_found_word_for_word() {
    let db = database();
    let added = add(&db, &private("Water", WELLS)).unwrap();
    assert_eq!((added.sections, added.new), (2, true));
    let hits = search(&db, "How deep do I DIG?", Scope::All, 3).unwrap();
    assert_eq!(hits.len(), 1);
    let hit = &hits[0];
    assert_eq!(hit.text, "Dig until water stands.");
    assert_eq!(hit.heading, "Wells › Depth");
    assert_eq!(hit.origin, "local");
    let (start, end) = (hit.range.start as usize, hit.range.end as usize);
    assert_eq!(&WELLS[start..end], hit.text);
    assert!(hit.score > 0.0);
    assert!(
        hit.citation()
            .to_string()
            .starts_with("Water › Wells › Depth (local; ")
    );
}

#[test]
fn japanese_is_found_by_bigrams() {
    let db = database();
    let text = "# 井戸\n\n井戸には蓋が必要です。\n\n# ガラス\n\n窓のガラスを拭く。\n";
    add(&db, &private("水", text)).unwrap();
    let hits = search(&db, "ｶﾞﾗｽはどう拭きますか", Scope::All, 3).unwrap();
    assert_eq!(hits[0].heading, "ガラス");
    let hits = search(&db, "井戸の蓋", Scope::All, 3).unwrap();
    assert_eq!(hits[0].heading, "井戸");
}

#[test]
fn adding_again_changes_nothing() {
    let db = database();
    let first = add(&db, &shared("Water", WELLS, 1, 9)).unwrap();
    let again = add(&db, &shared("Water", WELLS, 1, 9)).unwrap();
    assert_eq!(
        again,
        Added {
            new: false,
            ..first
        }
    );
    assert_eq!(count(&db, "library_section"), 2);
    assert_eq!(count(&db, "library_terms"), 2);
    // Another title is written under the same id.
    let renamed = add(&db, &shared("Springs", WELLS, 1, 9)).unwrap();
    assert_eq!((renamed.id, renamed.new), (first.id, true));
    assert_eq!(count(&db, "library_terms"), 2);
    let first = add(&db, &private("Water", WELLS)).unwrap();
    assert!(!add(&db, &private("Water", WELLS)).unwrap().new);
    assert_ne!(first.id, renamed.id);
}

#[test]
fn scopes_hold() {
    let db = database();
    add(&db, &private("mine", "water one")).unwrap();
    add(&db, &shared("ours", "water two", 1, 7)).unwrap();
    add(&db, &shared("theirs", "water three", 2, 8)).unwrap();
    let manual = "# M\n## S\nwater four\n> Also asked as:\n> - a\n> - b\n> - c\n> - みず\n> - ミズ\n> - おみず\n";
    let manual = NewDocument {
        shelf: Shelf::Manual,
        origin: "manual",
        ..private("handbook", manual)
    };
    add(&db, &manual).unwrap();
    let found = |scope| {
        let hits = search(&db, "water", scope, 10).unwrap();
        let mut names: Vec<String> = hits.into_iter().map(|hit| hit.title).collect();
        names.sort();
        let mut listed: Vec<String> = list(&db, scope)
            .unwrap()
            .into_iter()
            .map(|document| document.title)
            .collect();
        listed.sort();
        assert_eq!(names, listed);
        names
    };
    assert_eq!(found(Scope::All), ["handbook", "mine", "ours", "theirs"]);
    assert_eq!(found(Scope::Library), ["mine", "ours", "theirs"]);
    assert_eq!(found(Scope::Shelf(Shelf::Manual)), ["handbook"]);
    assert_eq!(found(Scope::Shelf(Shelf::Private)), ["mine"]);
    assert_eq!(found(Scope::Circle([7; 32])), ["ours"]);
    // Phrasings are searched and never quoted.
    let hits = search(&db, "みず", Scope::All, 1).unwrap();
    assert_eq!(hits[0].text, "water four");
}

#[test]
fn a_withdrawn_document_is_gone_but_named() {
    let db = database();
    let added = add(&db, &shared("Water", WELLS, 1, 9)).unwrap();
    assert!(hide_record(&db, &[1; 32]).unwrap());
    assert!(!hide(&db, added.id).unwrap());
    assert!(!hide_record(&db, &[2; 32]).unwrap());
    assert!(search(&db, "dig water", Scope::All, 9).unwrap().is_empty());
    assert_eq!(count(&db, "library_section"), 0);
    assert_eq!(count(&db, "library_terms"), 0);
    let listed = list(&db, Scope::All).unwrap();
    assert!(listed[0].hidden && listed[0].sections == 0 && listed[0].title == "Water");
    // The fold may decide otherwise when more records arrive.
    assert!(add(&db, &shared("Water", WELLS, 1, 9)).unwrap().new);
    assert_eq!(search(&db, "dig", Scope::All, 9).unwrap().len(), 1);
}

#[test]
fn a_name_is_a_title_or_the_beginning_of_a_hash() {
    let db = database();
    add(&db, &private("Water", WELLS)).unwrap();
    add(&db, &private("Fire", "embers")).unwrap();
    let gone = add(&db, &shared("Water", "other", 1, 1)).unwrap();
    hide(&db, gone.id).unwrap();
    let named = |name: &str| -> Vec<String> {
        let found = named(&db, name, Scope::All).unwrap();
        found.into_iter().map(|document| document.title).collect()
    };
    assert_eq!(named("Water"), ["Water"]);
    let hex = blake3::hash(b"embers").to_hex().to_string();
    assert_eq!(named(&hex[..6]), ["Fire"]);
    assert_eq!(named(&hex.to_uppercase()), ["Fire"]);
    for nothing in [&hex[..5], "", "water", "Fi", "%"] {
        assert!(named(nothing).is_empty(), "{nothing}");
    }
}

#[test]
fn removal_leaves_nothing() {
    for enforce in [true, false] {
        let db = database();
        db.pragma_update(None, "foreign_keys", enforce).unwrap();
        let one = add(&db, &private("one", WELLS)).unwrap();
        add(&db, &private("two", "water elsewhere")).unwrap();
        assert!(remove(&db, one.id).unwrap());
        assert!(!remove(&db, one.id).unwrap());
        assert_eq!(count(&db, "library_document"), 1);
        assert_eq!(count(&db, "library_section"), 1);
        assert_eq!(
            titles(&search(&db, "water", Scope::All, 9).unwrap()),
            ["two"]
        );
    }
}

#[test]
fn one_text_on_two_shelves_is_one_hit() {
    let db = database();
    add(&db, &private("Water", WELLS)).unwrap();
    add(&db, &shared("Water", WELLS, 1, 9)).unwrap();
    let hits = search(&db, "dig", Scope::All, 9).unwrap();
    assert_eq!(hits.len(), 1);
    // The one that says who it came from.
    assert_eq!(hits[0].origin, "Aiko");
}

#[test]
fn order_is_the_same_whatever_came_first() {
    let texts = ["water alpha", "water beta", "water gamma", "water delta"];
    let mut orders = Vec::new();
    for turn in 0..texts.len() {
        let db = database();
        for at in 0..texts.len() {
            let text = texts[(at + turn) % texts.len()];
            add(&db, &private("same", text)).unwrap();
        }
        let hits = search(&db, "water", Scope::All, 9).unwrap();
        orders.push(hits.into_iter().map(|hit| hit.text).collect::<Vec<_>>());
    }
    assert!(orders.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_refused_document_leaves_nothing() {
    let db = database();
    assert!(matches!(
        add(&db, &private("x", "%PDF-1.4")),
        Err(Error::UnsupportedFormat { .. })
    ));
    assert!(matches!(
        add(&db, &private(" ", "text")),
        Err(Error::Label { field: "title", .. })
    ));
    let mut new = private("x", "text");
    new.circle = Some([1; 32]);
    assert!(matches!(add(&db, &new), Err(Error::Shelf { .. })));
    let mut new = shared("x", "text", 1, 1);
    new.record = None;
    assert!(matches!(add(&db, &new), Err(Error::Shelf { .. })));
    let mut new = private("x", "# no form");
    new.shelf = Shelf::Manual;
    assert!(matches!(add(&db, &new), Err(Error::Manual(_))));
    assert_eq!(count(&db, "library_document"), 0);
    assert!(db.is_autocommit());
}

#[test]
fn writing_joins_the_callers_transaction() {
    let mut db = database();
    let transaction = db.transaction().unwrap();
    add(&transaction, &private("Water", WELLS)).unwrap();
    transaction.rollback().unwrap();
    assert_eq!(count(&db, "library_document"), 0);
    assert_eq!(count(&db, "library_terms"), 0);
}

#[test]
fn the_syntax_of_the_index_is_out_of_reach() {
    let db = database();
    add(&db, &private("Water", WELLS)).unwrap();
    for question in [
        "\"",
        "\"\"\"",
        "dig\"",
        "NEAR(dig well, 2)",
        "heading : dig",
        "-dig",
        "dig*",
        "^dig",
        "dig AND",
        "OR OR",
        "NOT",
        "{heading body}: dig",
        "(((",
        ");--",
        "dig\0",
        "'; DROP TABLE x",
        "\u{ff02}dig\u{ff02}",
        "a\u{301}\"",
        "%",
        "_",
        "",
    ] {
        let hits = search(&db, question, Scope::All, 9).unwrap();
        assert_eq!(
            !hits.is_empty(),
            question.to_lowercase().contains("dig"),
            "{question:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_document_and_any_question_are_taken(
        title in "[^\\s\0]{1,20}", text in "[^\0]{0,400}", question in any::<String>(),
    ) {
        let db = database();
        let mut new = private(&title, &text);
        for media_type in [MediaType::Markdown, MediaType::Plain] {
            new.media_type = media_type;
            match add(&db, &new) {
                Ok(_) | Err(Error::Empty | Error::UnsupportedFormat { .. }) => {}
                Err(other) => prop_assert!(false, "{other:?}"),
            }
            for hit in search(&db, &question, Scope::All, 5).unwrap() {
                let range = hit.range.start as usize..hit.range.end as usize;
                prop_assert_eq!(&text[range], hit.text);
            }
        }
        // Whatever a section says, it is found by its own words.
        if let Some(section) = chunk::sections(&text, MediaType::Plain).unwrap().first() {
            let body = &text[section.range.clone()];
            if !question::terms(body).is_empty() && add(&db, &new).is_ok() {
                prop_assert!(!search(&db, body, Scope::All, 5).unwrap().is_empty());
            }
        }
    }
}
