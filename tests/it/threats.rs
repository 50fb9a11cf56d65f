//! `docs/threats.md` names tests; each of them exists.

use std::collections::BTreeSet;
use std::path::Path;

use crate::source;

#[test]
fn every_test_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("docs/threats.md")).unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| is_row(line)).collect();
    let mut numbers = BTreeSet::new();
    let mut tests = BTreeSet::new();
    for folder in ["src", "tests"] {
        let mut files = Vec::new();
        source::collect(&root.join(folder), &mut files);
        for path in files {
            let text = std::fs::read_to_string(path).unwrap();
            tests.extend(functions(&text).map(str::to_owned));
        }
    }
    for row in rows {
        let mut cells = row.trim_matches('|').split('|');
        let number = cells.next().unwrap().trim();
        assert!(numbers.insert(number.to_owned()), "twice: {number}");
        let named: Vec<&str> = cells
            .next_back()
            .unwrap()
            .split('`')
            .skip(1)
            .step_by(2)
            .collect();
        assert!(!named.is_empty(), "threat {number} names no test");
        for name in named {
            assert!(tests.contains(name), "threat {number}: no test {name}");
        }
    }
    assert!(numbers.len() > 25, "{numbers:?}");
}

fn is_row(line: &str) -> bool {
    line.strip_prefix("| ")
        .is_some_and(|line| line.starts_with(|c: char| c.is_ascii_digit()))
}

/// Names of functions that a test attribute stands above.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    let mut marked = false;
    text.lines().filter_map(move |line| {
        let line = line.trim_start();
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        }
        let name = line
            .strip_prefix("fn ")
            .or(line.strip_prefix("async fn "))?;
        let was = std::mem::take(&mut marked);
        was.then(|| name.split(['(', '<']).next().unwrap_or(name))
    })
}
