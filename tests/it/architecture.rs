//! The code is held against the picture of `docs/architecture.md`. The table here is the truth: an arrow
//! that is not in it does not exist, and a module that is not in it has no place yet.
//!
//! Sources are read as text, without comments and string literals; `crate::x`, `crate::{x, y}` and
//! `super::` chains that leave their module are the edges. Test code counts too: what a module's tests
//! need from above belongs into `tests/it/`.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, sources};

/// Core: the signed facts and what they come to. Pure: no clock, no randomness, no I/O.
const CORE: [&str; 6] = ["record", "identity", "fold", "bundle", "sync", "learn"];

/// What each module may use of the others.
const TABLE: [(&str, &[&str]); 16] = [
    ("record", &[]),
    ("identity", &["record"]),
    ("fold", &["record", "identity"]),
    ("bundle", &["record", "identity"]),
    ("sync", &["record", "identity"]),
    // Numbers, and the ids of who made them.
    ("learn", &["record"]),
    ("store", &["record", "identity", "fold"]),
    // Files and numbers only; it could be lifted out as it stands.
    ("model", &[]),
    ("library", &["record"]),
    ("carrier", &["record", "identity", "bundle", "sync"]),
    // One typed value, built by the face and handed down.
    ("config", &[]),
    (
        "node",
        &[
            "record", "identity", "fold", "bundle", "sync", "store", "model", "library", "carrier",
            "config",
        ],
    ),
    // Sentences for people; only faces speak. What others chose is quoted by `record::Foreign`.
    ("messages", &["record"]),
    // The face on the whole terminal: what `node` offers, and words. Its tests make states by hand.
    ("present", &["messages"]),
    ("tui", &["record", "node", "messages", "present"]),
    // The face: `node`, and the core's types to show what they hold. It is where the other faces are opened from.
    (
        "cli",
        &[
            "record", "identity", "fold", "node", "config", "messages", "present", "tui",
        ],
    ),
];

/// Lines after which a file is two things.
const LINES: usize = 600;

#[test]
fn edges_stand_in_the_table() {
    let wrong: Vec<String> = sources()
        .iter()
        .flat_map(|source| {
            source
                .edges(&modules())
                .into_iter()
                .map(move |edge| (source, edge))
        })
        .filter(|(source, (_, to))| !allowed(&source.module, to))
        .map(|(source, (line, to))| format!("{}:{line}: {} -> {to}", source.path, source.module))
        .collect();
    assert!(
        wrong.is_empty(),
        "edges outside the table:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_table_names_every_module_and_no_other() {
    let there: BTreeSet<String> = sources().into_iter().map(|source| source.module).collect();
    let there: BTreeSet<&str> = there
        .iter()
        .map(String::as_str)
        .filter(|m| !m.is_empty())
        .collect();
    assert_eq!(there, modules());
}

/// The table has no cycle: in its order, every module uses only what stands before it.
#[test]
fn arrows_point_down() {
    for (at, (module, uses)) in TABLE.iter().enumerate() {
        for used in *uses {
            let place = TABLE.iter().position(|(name, _)| name == used);
            assert!(place.is_some_and(|place| place < at), "{module} -> {used}");
        }
    }
}

#[test]
fn files_stay_readable() {
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(
            lines <= LINES,
            "{}: {lines} lines; when a file passes {LINES} it is two things",
            source.path
        );
        let tests = source.path.ends_with("tests.rs") || source.path.contains("/tests/");
        assert!(
            tests || source.text.starts_with("//! "),
            "{}: opens with what it is for (`//!`)",
            source.path
        );
    }
}

#[test]
fn nothing_is_left_to_do() {
    refuse(
        &sources(),
        &["todo!(", "unimplemented!(", "dbg!("],
        |source| &source.code,
    );
}

#[test]
fn no_path_of_a_build_machine() {
    let machine = [
        "\"/root/",
        "\"/home/",
        "\"/work/",
        "\"/Users/",
        "\"C:\\\\Users",
    ];
    refuse(&sources(), &machine, |source| &source.text);
}

/// Time and randomness are arguments of the core, files and network are not its business.
#[test]
fn the_core_is_pure() {
    let core: Vec<Source> = sources()
        .into_iter()
        .filter(|source| CORE.contains(&source.module.as_str()))
        .collect();
    let ambient = [
        "SystemTime",
        "Instant::",
        "getrandom",
        "rand::",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "std::path",
        "tokio::",
        "rusqlite::",
        "OsRng",
    ];
    refuse(&core, &ambient, |source| &source.shipped);
}

/// Every carrier hands shared facts to `node::admit`, so that all of them are judged, noted and told
/// in one way.
#[test]
fn there_is_one_way_in() {
    let others: Vec<Source> = sources()
        .into_iter()
        .filter(|source| source.path != "src/node/admit.rs")
        .collect();
    refuse(&others, &[".ingest("], |source| &source.shipped);
}

/// Faces ask `node`, never its store; and the database is handed to the library's index only.
#[test]
fn there_are_no_back_doors() {
    let faces: Vec<Source> = sources()
        .into_iter()
        .filter(|source| ["cli", "tui"].contains(&source.module.as_str()))
        .collect();
    refuse(&faces, &[".store()"], |source| &source.shipped);
    let others: Vec<Source> = sources()
        .into_iter()
        .filter(|source| source.path != "src/node/content/index.rs")
        .collect();
    refuse(&others, &[".database()"], |source| &source.shipped);
    let above: Vec<Source> = sources()
        .into_iter()
        .filter(|source| !["store", "library"].contains(&source.module.as_str()))
        .collect();
    refuse(&above, &["PRAGMA"], |source| &source.text);
}

/// The driver of sessions is the same for every road, so it names none.
#[test]
fn the_wire_knows_no_road() {
    let wire: Vec<Source> = sources()
        .into_iter()
        .filter(|source| source.path == "src/carrier/wire.rs")
        .collect();
    assert_eq!(wire.len(), 1);
    let roads = ["lan::", "iroh::", "quinn::", "cfg("];
    refuse(&wire, &roads, |source| &source.code);
}

/// `node` is the only place that asks the system for the time or for random numbers.
#[test]
fn one_module_asks_the_clock() {
    let others: Vec<Source> = sources()
        .into_iter()
        .filter(|source| source.module != "node")
        .collect();
    let ambient = [
        "SystemTime",
        "Instant::now",
        "getrandom::",
        "OsRng",
        "thread_rng",
    ];
    refuse(&others, &ambient, |source| &source.shipped);
}

#[test]
fn the_scanner_sees_what_it_must() {
    let source = |path: &str, text: &str| Source::new(path.to_owned(), text.to_owned());
    let edges = |path: &str, text: &str| -> Vec<String> {
        let edges = source(path, text).edges(&modules());
        edges
            .into_iter()
            .map(|(line, to)| format!("{line} {to}"))
            .collect()
    };
    assert_eq!(
        edges(
            "src/store/a.rs",
            "use crate::record::X;\n\nfn f() { crate::fold::g() }"
        ),
        ["1 record", "3 fold"]
    );
    assert_eq!(
        edges(
            "src/store/a.rs",
            "use crate::{\n    fold::{a, b},\n    node,\n};"
        ),
        ["1 fold", "1 node"]
    );
    assert_eq!(
        edges("src/store/a.rs", "use super::super::node::X; use super::b;"),
        ["1 node"]
    );
    assert_eq!(
        edges("src/store/mod.rs", "use super::node::X; use self::b;"),
        ["1 node"]
    );
    assert_eq!(edges("src/config.rs", "use super::node::X;"), ["1 node"]);
    assert_eq!(
        edges(
            "src/a/b.rs",
            "// crate::node\n/* crate::node */ let a = \"crate::node\"; let b = r#\"crate::node\"#;"
        ),
        [""; 0]
    );
    assert_eq!(
        edges(
            "src/a/b.rs",
            "let a = '\"'; crate::node::x(); let b = '\\''; fn c<'a>(d: &'a str) {} crate::fold::y()"
        ),
        ["1 fold", "1 node"]
    );
    assert_eq!(
        edges(
            "src/a/b.rs",
            "pub(in crate::a) fn f() {} macro_rules! m { () => { $crate::node::x() } }"
        ),
        ["1 node"]
    );
    assert!(allowed("store", "record") && !allowed("record", "store") && !allowed("cli", "store"));
    let with_tests = source(
        "src/a/b.rs",
        "fn f() {}\n#[cfg(test)]\nmod tests { fn g() { std::fs::read(\"}\") } }\nfn h() {}",
    );
    assert!(!with_tests.shipped.contains("std::fs") && with_tests.shipped.contains("fn h"));
    assert!(with_tests.code.contains("std::fs"));
}

fn modules() -> BTreeSet<&'static str> {
    TABLE.iter().map(|(module, _)| *module).collect()
}

/// Whether `module` may use `other`; the crate's root (lib.rs, main.rs) only lists and starts.
fn allowed(module: &str, other: &str) -> bool {
    let table = BTreeMap::from(TABLE);
    module == other
        || module.is_empty()
        || table.get(module).is_some_and(|uses| uses.contains(&other))
}

/// Fails with every place where a source says one of `words`.
fn refuse(sources: &[Source], words: &[&str], what: impl Fn(&Source) -> &String) {
    let mut found = Vec::new();
    for source in sources {
        for (number, line) in what(source).lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
