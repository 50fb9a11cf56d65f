//! The message catalogue and the code that speaks: every code that is said exists, every code that exists
//! is said, and a sentence's values are given wherever that can be seen in the text of the call.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{
    Entry, Expression, InlineExpression, Pattern, PatternElement, Variant, VariantKey,
};

use super::source::{Source, literal, sources};

/// Codes that are never shown, each with its reason.
const SILENT: [&str; 1] = [
    // A closed pipe is no failure: it exits 0 and says nothing.
    "broken-pipe",
];

/// Nouns that are counted in the catalogue.
const COUNTED: [&str; 21] = [
    "admins",
    "bundles",
    "characters",
    "circles",
    "conversations",
    "days",
    "documents",
    "files",
    "items",
    "lines",
    "members",
    "messages",
    "models",
    "nodes",
    "people",
    "recipients",
    "records",
    "releases",
    "slices",
    "statements",
    "tokens",
];

/// How a code is handed over: the text before the parenthesis, and which argument it is.
const CALLS: [(&str, usize); 10] = [
    ("say", 0),
    (".note", 0),
    (".warn", 0),
    ("warn", 1),
    ("said", 3),
    ("Failure::new", 0),
    ("Finding::new", 0),
    ("bind", 2),
    ("foot", 2),
    ("command", 2),
];

#[test]
fn every_code_that_is_said_exists() {
    let catalogue = catalogue();
    let missing: Vec<String> = calls()
        .into_iter()
        .filter(|call| !catalogue.contains_key(&call.code) && !SILENT.contains(&call.code.as_str()))
        .map(|call| format!("{}: {}", call.place, call.code))
        .collect();
    assert!(
        missing.is_empty(),
        "not in src/messages/en.ftl:\n{}",
        missing.join("\n")
    );
}

/// Whatever is said is said in every language, with the same values; and no language says what English does not.
#[test]
fn the_languages_say_the_same() {
    let (english, japanese) = (catalogue(), read("ja"));
    for (code, text) in &japanese {
        let original = english.get(code);
        let original = original.unwrap_or_else(|| panic!("{code} is in no other language"));
        assert_eq!(text.values, original.values, "{code}: other values");
        assert_eq!(
            text.quoted, original.quoted,
            "{code}: other values are quoted"
        );
        assert!(!text.ends_with('。'), "{code}: no full stop at the end");
    }
    let missing: Vec<&str> = english
        .keys()
        .filter(|code| !japanese.contains_key(*code))
        .map(String::as_str)
        .collect();
    assert!(
        missing.is_empty(),
        "not in src/messages/ja.ftl:\n{}",
        missing.join("\n")
    );
}

/// "1 documents" is known from many programs: a count before a noun of several has a form for one.
#[test]
fn one_thing_is_spoken_of_as_one() {
    let mut wrong = Vec::new();
    for (code, text) in catalogue() {
        for said in &text.variants {
            for noun in COUNTED {
                if said.contains(&format!("\u{fffc} {noun}")) {
                    wrong.push(format!("{code}: {said}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "no form for one:\n{}", wrong.join("\n"));
}

#[test]
fn every_code_that_exists_is_said() {
    let mut literals = BTreeSet::new();
    for source in sources() {
        literals.extend(source.literals());
    }
    let unsaid: Vec<String> = catalogue()
        .into_keys()
        // `why-CODE` is what the fold's reason CODE is called.
        .filter(|code| {
            let code = code.trim_end_matches(".hint");
            !literals.contains(code) && !literals.contains(code.trim_start_matches("why-"))
        })
        .collect();
    assert!(
        unsaid.is_empty(),
        "in the catalogue, and nowhere said:\n{}",
        unsaid.join("\n")
    );
}

/// Every reason of docs/circles.md has words.
#[test]
fn every_reason_has_words() {
    let catalogue = catalogue();
    let document = include_str!("../../docs/circles.md");
    let (_, reasons) = document
        .split_once("## Reasons")
        .expect("the document lists the reasons");
    let (_, codes) = document
        .split_once("## 3. Permission")
        .expect("the document has the codes of permission");
    let rows = codes.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|line| line.split('|').nth(1));
    let named: Vec<&str> = cells
        .chain([reasons])
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .filter(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    for code in named {
        assert!(catalogue.contains_key(&format!("why-{code}")), "why-{code}");
    }
}

#[test]
fn a_hint_belongs_to_a_message() {
    let catalogue = catalogue();
    for code in catalogue.keys() {
        if let Some(message) = code.strip_suffix(".hint") {
            assert!(catalogue.contains_key(message), "{code} has no message");
        }
    }
}

#[test]
fn values_are_given() {
    let catalogue = catalogue();
    let mut wrong = Vec::new();
    for call in calls() {
        let Some(given) = &call.given else { continue };
        for part in [call.code.clone(), format!("{}.hint", call.code)] {
            let wanted = catalogue.get(&part).map(|text| text.values.iter());
            for name in wanted.into_iter().flatten() {
                if !given.contains(name) {
                    wrong.push(format!("{}: {part} wants {{{name}}}", call.place));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "values that nobody gives:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn sentences_are_sentences() {
    for (code, text) in catalogue() {
        assert!(
            !text.ends_with('.') || text.variants.iter().any(|it| it.ends_with(" .")),
            "{code}: no full stop; the face joins them"
        );
    }
}

#[test]
fn the_scanner_sees_what_it_must() {
    let source = |text: &str| Source::new("src/cli/a.rs".to_owned(), text.to_owned());
    let seen = |text: &str| {
        let calls = calls_of(&source(text));
        let call = calls.into_iter().next().expect("a call");
        (
            call.code,
            call.given
                .map(|given| given.into_iter().collect::<Vec<_>>()),
        )
    };
    let given = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(
        seen(r#"Failure::new("a-b", Exit::Done).with("x", f(1)).with("y", z)"#),
        ("a-b".into(), given(&["x", "y"]))
    );
    assert_eq!(
        seen(r#"say("a-b", &[("x", "say(1)".into()), ("y", b)])"#),
        ("a-b".into(), given(&["x", "y"]))
    );
    assert_eq!(seen(r#"out.note("a-b", &about)"#), ("a-b".into(), None));
    assert_eq!(
        seen("said(\n out,\n \"kind\",\n json!({\"a\": [1, 2]}),\n \"a-b\",\n &about)"),
        ("a-b".into(), None)
    );
    assert_eq!(
        calls_of(&source(
            "fn say(code: &str) {} say(code, &[]); essay(\"x\", &[])"
        ))
        .len(),
        0
    );
}

/// One place where a code is said.
struct Call {
    place: String,
    code: String,
    /// Names of the values, where the call shows them all.
    given: Option<BTreeSet<String>>,
}

fn calls() -> Vec<Call> {
    let calls: Vec<Call> = sources().iter().flat_map(calls_of).collect();
    assert!(calls.len() > 50, "the scanner finds the calls");
    calls
}

fn calls_of(source: &Source) -> Vec<Call> {
    let mut found = Vec::new();
    for (name, position) in CALLS {
        let call = format!("{name}(");
        for (at, _) in source.shipped_matches(&call) {
            let before = source.code[..at].chars().next_back().unwrap_or(' ');
            // `essay(` is not `say(`, and `.warn(` is another call than `warn(`.
            if !name.starts_with('.')
                && (before.is_alphanumeric() || before == '_' || before == '.')
            {
                continue;
            }
            let open = at + call.len();
            let (arguments, end) = source.arguments(open);
            let Some(code) = arguments
                .get(position)
                .and_then(|&(from, to)| literal(&source.text[from..to]))
            else {
                continue;
            };
            let bound = source.code[..at].rsplit('\n').next().unwrap_or_default();
            let given = if bound.trim_start().starts_with("let ") {
                // Values may be added later.
                None
            } else if name.ends_with("::new") {
                Some(source.chained(end))
            } else {
                arguments
                    .get(position + 1)
                    .map(|&(from, to)| source.text[from..to].trim())
                    .filter(|values| values.starts_with("&[") || values.starts_with("vec!["))
                    .map(names)
            };
            found.push(Call {
                place: format!("{}:{}", source.path, source.line(at)),
                code,
                given,
            });
        }
    }
    found
}

/// The first halves of `("name", value)` pairs.
fn names(pairs: &str) -> BTreeSet<String> {
    pairs
        .match_indices('(')
        .filter_map(|(at, _)| literal(pairs[at + 1..].split(',').next()?))
        .collect()
}

/// A message, or an attribute of one.
#[derive(Debug, Default)]
struct Text {
    /// Names of its values.
    values: BTreeSet<String>,
    /// Those of them that are quoted.
    quoted: BTreeSet<String>,
    /// Its parts without selectors, and each variant of a selector; a value is U+FFFC.
    variants: Vec<String>,
}

impl Text {
    fn of(pattern: &Pattern<&str>) -> Self {
        let mut text = Self::default();
        text.pattern(pattern);
        text
    }

    fn pattern(&mut self, pattern: &Pattern<&str>) {
        let mut said = String::new();
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => said.push_str(value),
                PatternElement::Placeable { expression } => {
                    match expression {
                        Expression::Inline(inline) => self.inline(inline, false),
                        Expression::Select { selector, variants } => {
                            self.inline(selector, false);
                            self.select(variants);
                        }
                    }
                    said.push('\u{fffc}');
                }
            }
        }
        assert!(!said.contains('\n'), "one line: {said}");
        self.variants.push(said);
    }

    /// Variants; the one for several is not looked at where there is one for one.
    fn select(&mut self, variants: &[Variant<&str>]) {
        let named = |variant: &Variant<&str>, wanted: &str| matches!(&variant.key, VariantKey::Identifier { name } if *name == wanted);
        let before = self.variants.len();
        for variant in variants {
            self.pattern(&variant.value);
        }
        if variants.iter().any(|it| named(it, "one")) {
            let shown = self.variants.split_off(before);
            let kept = shown.into_iter().map(|said| said.replace('\u{fffc}', "#"));
            self.variants.extend(kept);
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>, quoted: bool) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.values.insert(id.name.to_owned());
                if quoted {
                    self.quoted.insert(id.name.to_owned());
                }
            }
            InlineExpression::FunctionReference { id, arguments } => {
                assert_eq!(id.name, "QUOTED", "no other function is there");
                for argument in &arguments.positional {
                    self.inline(argument, true);
                }
            }
            InlineExpression::StringLiteral { .. } => {}
            other => panic!("the catalogue has no need of {other:?}"),
        }
    }

    fn ends_with(&self, end: char) -> bool {
        self.variants.iter().any(|said| said.ends_with(end))
    }
}

fn catalogue() -> BTreeMap<String, Text> {
    read("en")
}

fn read(language: &str) -> BTreeMap<String, Text> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join(format!("src/messages/{language}.ftl"));
    let source = std::fs::read_to_string(path).expect("the catalogue");
    let resource = fluent_syntax::parser::parse(source.as_str()).expect("Fluent");
    let mut texts = BTreeMap::new();
    for entry in &resource.body {
        let Entry::Message(message) = entry else {
            continue;
        };
        let code = message.id.name;
        let value = message.value.as_ref();
        texts.insert(code.to_owned(), Text::of(value.expect("a text")));
        for attribute in &message.attributes {
            let code = format!("{code}.{}", attribute.id.name);
            texts.insert(code, Text::of(&attribute.value));
        }
    }
    texts
}
