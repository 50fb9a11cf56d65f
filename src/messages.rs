//! The message catalogue: every sentence that a person reads, by a stable code. Another language is another
//! file beside `messages/en.toml`, not a rewrite. `{name}` stands for a value.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::record::Foreign;
use crate::record::foreign::{self, harmless_line, harmless_text};

const ENGLISH: &str = include_str!("messages/en.toml");
const JAPANESE: &str = include_str!("messages/ja.toml");

/// Values that somebody chose, who may be a stranger: quoted and cut wherever they stand in a sentence.
const CHOSEN: [&str; 5] = ["circle", "member", "signer", "author", "reason"];
/// Columns of a reason, at most.
const REASON: usize = 80;

type Catalogue = HashMap<String, String>;

/// The languages that there are catalogues of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Language {
    #[default]
    English,
    Japanese,
}

/// The language that is spoken: set once, when the program starts.
static SPOKEN: AtomicU8 = AtomicU8::new(Language::English as u8);

impl Language {
    /// The language of a BCP 47 tag or of a locale such as `ja_JP.UTF-8`; none: there is no catalogue of it.
    pub fn parse(tag: &str) -> Option<Self> {
        match tag
            .split(['-', '_', '.', '@'])
            .next()?
            .to_ascii_lowercase()
            .as_str()
        {
            "en" | "c" | "posix" => Some(Self::English),
            "ja" => Some(Self::Japanese),
            _ => None,
        }
    }

    /// The language of the locale: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that says something; English else.
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter();
        let said = names.filter_map(variable).find(|value| !value.is_empty());
        said.and_then(|value| Self::parse(&value))
            .unwrap_or_default()
    }

    /// From now on this language is spoken.
    pub fn speak(self) {
        SPOKEN.store(self as u8, Ordering::Relaxed);
    }
}

#[cfg(not(test))]
fn spoken() -> u8 {
    SPOKEN.load(Ordering::Relaxed)
}

#[cfg(test)]
thread_local! {
    /// Tests run side by side: each thread speaks its own language.
    static HERE: std::cell::Cell<u8> = const { std::cell::Cell::new(Language::English as u8) };
}

#[cfg(test)]
fn spoken() -> u8 {
    HERE.get()
}

#[cfg(test)]
impl Language {
    /// This thread speaks it until the work is done.
    pub fn during(self, work: impl FnOnce()) {
        HERE.set(self as u8);
        work();
        HERE.set(Self::English as u8);
    }
}

fn read(source: &str) -> Catalogue {
    // The catalogues are part of the binary and a test parses them; without them codes are shown.
    let table: toml::Table = source.parse().unwrap_or_default();
    let texts = table.into_iter();
    texts
        .filter_map(|(code, text)| Some((code, text.as_str()?.to_owned())))
        .collect()
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| read(ENGLISH))
}

/// The text of a code in the language that is spoken; what is not translated is said in English.
fn text(code: &str) -> Option<&'static String> {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    if spoken() == Language::Japanese as u8
        && let Some(text) = CATALOGUE.get_or_init(|| read(JAPANESE)).get(code)
    {
        return Some(text);
    }
    catalogue().get(code)
}

/// The text of a code with its values put in; hints may be missing and are then empty.
pub fn say(code: &str, about: &[(&str, String)]) -> String {
    let Some(text) = text(code) else {
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
        let (name, chosen) = match name.strip_prefix('@') {
            Some(name) => (name, true),
            None => (name, CHOSEN.contains(&name)),
        };
        let value = about.iter().find(|(key, _)| *key == name);
        let value = value.map_or("?", |(_, value)| value);
        // What others chose must not look like a sentence of ours. Lists were quoted where they were made.
        match name {
            "error" => words.push_str(&harmless_text(value)),
            _ if chosen => {
                let columns = if name == "reason" {
                    REASON
                } else {
                    foreign::NAME
                };
                let shown = Foreign::wide(value, columns).to_string();
                words.push_str(&in_quotes_of(text, shown));
            }
            _ => words.push_str(&harmless_line(value)),
        }
        rest = tail;
    }
    words.push_str(rest);
    words
}

/// Quotation marks of the language that a text is in.
fn in_quotes_of(text: &str, shown: String) -> String {
    let japanese = text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}'));
    match japanese {
        true => shown.replace('“', "「").replace('”', "」"),
        false => shown,
    }
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
    fn locales_and_tags_name_languages() {
        assert_eq!(Language::parse("ja_JP.UTF-8"), Some(Language::Japanese));
        assert_eq!(Language::parse("ja"), Some(Language::Japanese));
        assert_eq!(Language::parse("en-GB"), Some(Language::English));
        assert_eq!(Language::parse("tlh"), None);
        let locale = |pairs: &'static [(&str, &str)]| {
            Language::of_locale(|name| {
                let pair = pairs.iter().find(|(key, _)| *key == name);
                pair.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(locale(&[("LANG", "ja_JP.UTF-8")]), Language::Japanese);
        assert_eq!(
            locale(&[("LC_ALL", "C"), ("LANG", "ja_JP.UTF-8")]),
            Language::English
        );
        assert_eq!(
            locale(&[("LC_ALL", ""), ("LC_MESSAGES", "ja")]),
            Language::Japanese
        );
        assert_eq!(locale(&[]), Language::English);
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
