//! The message catalogue: every sentence that a person reads, by a stable code. Another language is another
//! file beside `messages/en.toml`, not a rewrite. `{name}` stands for a value.

use std::collections::HashMap;
use std::sync::OnceLock;

const ENGLISH: &str = include_str!("messages/en.toml");

fn catalogue() -> &'static HashMap<String, String> {
    static CATALOGUE: OnceLock<HashMap<String, String>> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        // The catalogue is part of the binary and a test parses it; without it codes are shown.
        let table: toml::Table = ENGLISH.parse().unwrap_or_default();
        let texts = table.into_iter();
        texts
            .filter_map(|(code, text)| Some((code, text.as_str()?.to_owned())))
            .collect()
    })
}

/// The text of a code with its values put in; hints may be missing and are then empty.
pub fn say(code: &str, about: &[(&str, String)]) -> String {
    let Some(text) = catalogue().get(code) else {
        return if code.ends_with(".hint") {
            String::new()
        } else {
            code.to_owned()
        };
    };
    let mut words = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        words.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let value = about.iter().find(|(key, _)| *key == name);
        let value = value.map_or("?", |(_, value)| value);
        // A name with a line break must not look like a sentence of ours.
        match name {
            "error" => words.push_str(value),
            _ => words.extend(value.chars().map(|c| if c == '\n' { ' ' } else { c })),
        }
        rest = tail;
    }
    words.push_str(rest);
    words
}

/// Every code of the catalogue.
pub fn codes() -> impl Iterator<Item = &'static str> {
    catalogue().keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_readable() {
        assert!(ENGLISH.parse::<toml::Table>().is_ok());
        assert!(codes().count() > 50);
    }

    #[test]
    fn a_value_begins_no_line() {
        let said = say("removed", &[("name", "a\nokibi: b".to_owned())]);
        assert!(!said.contains('\n'), "{said}");
    }

    #[test]
    fn values_are_put_in_once() {
        let said = say("file-not-found", &[("path", "{error}".to_owned())]);
        assert!(said.contains("{error}"), "a value is no template: {said}");
        assert_eq!(say("no-such-code", &[]), "no-such-code");
    }
}
