//! The message catalogue: every sentence that a person reads, in Fluent, by a stable code. Another
//! language is another file beside `messages/en.ftl`. `CODE.hint` is an attribute of the message.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::record::Foreign;
use crate::record::foreign::{self, harmless_line, harmless_text};

/// Values that somebody chose, who may be a stranger. They are quoted and cut wherever they stand in
/// a sentence; a catalogue asks the same for any other value with `QUOTED($value)`.
const CHOSEN: [&str; 5] = ["circle", "member", "signer", "author", "reason"];
/// Columns of a reason, at most.
const REASON: usize = 80;
/// Digits of the longest number that a catalogue sees as a number: a 64-bit float holds all of them.
const EXACT_DIGITS: usize = 15;

type Catalogue = FluentBundle<FluentResource>;

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

impl Language {
    const ALL: [Self; 2] = [Self::English, Self::Japanese];

    fn spoken() -> Self {
        let spoken = spoken();
        let found = Self::ALL.into_iter().find(|it| *it as u8 == spoken);
        found.unwrap_or_default()
    }

    /// The language by its BCP 47 tag, whose rules of the plural hold.
    fn tag(self) -> LanguageIdentifier {
        let tag = match self {
            Self::English => "en",
            Self::Japanese => "ja",
        };
        tag.parse().unwrap_or_default()
    }

    const fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("messages/en.ftl"),
            Self::Japanese => include_str!("messages/ja.ftl"),
        }
    }

    /// A text in the quotation marks of the language.
    fn in_quotes(self, text: &str, columns: usize) -> String {
        let shown = Foreign::wide(text, columns).to_string();
        match self {
            Self::English => shown,
            Self::Japanese => shown.replace('“', "「").replace('”', "」"),
        }
    }

    fn catalogue(self) -> &'static Catalogue {
        static CATALOGUES: [OnceLock<Catalogue>; 2] = [OnceLock::new(), OnceLock::new()];
        let [english, japanese] = &CATALOGUES;
        let place = match self {
            Self::English => english,
            Self::Japanese => japanese,
        };
        place.get_or_init(|| self.read())
    }

    fn read(self) -> Catalogue {
        let mut bundle = FluentBundle::new_concurrent(vec![self.tag()]);
        bundle.set_use_isolating(false);
        // The catalogues are part of the binary and a test reads them without an error; of a broken
        // one the messages that can be read are shown, and codes in place of the others.
        let resource = FluentResource::try_new(self.source().to_owned());
        let _ = bundle.add_resource(resource.unwrap_or_else(|(partly, _)| partly));
        let _ = bundle.add_function("QUOTED", move |values, _| match values.first() {
            Some(FluentValue::String(text)) => self.in_quotes(text, foreign::NAME).into(),
            // A number, as a name that is all digits seems to be.
            Some(FluentValue::Number(number)) => {
                self.in_quotes(&number.as_string(), foreign::NAME).into()
            }
            _ => FluentValue::Error,
        });
        bundle
    }

    /// A value as a sentence of this language may hold it: it begins no line of its own, and what
    /// somebody else chose does not look like a sentence of ours.
    fn harmless<'a>(self, name: &str, value: &'a str) -> FluentValue<'a> {
        let text = match name {
            "error" => harmless_text(value),
            "reason" => Cow::Owned(self.in_quotes(value, REASON)),
            _ if CHOSEN.contains(&name) => Cow::Owned(self.in_quotes(value, foreign::NAME)),
            _ if is_count(value) => match value.parse::<f64>() {
                Ok(number) => return number.into(),
                Err(_) => Cow::Borrowed(value),
            },
            _ => harmless_line(value),
        };
        FluentValue::String(text)
    }

    /// A message with its values; none: this language has no such message.
    fn say(self, code: &str, about: &[(&str, String)]) -> Option<String> {
        let catalogue = self.catalogue();
        let pattern = match code.split_once('.') {
            None => catalogue.get_message(code)?.value()?,
            Some((code, part)) => catalogue.get_message(code)?.get_attribute(part)?.value(),
        };
        let mut values = FluentArgs::with_capacity(about.len());
        for (name, value) in about {
            values.set(*name, self.harmless(name, value));
        }
        let mut errors = Vec::new();
        let said = catalogue.format_pattern(pattern, Some(&values), &mut errors);
        Some(said.into_owned())
    }
}

/// Whether a text is a count, which as a number is written with the same digits.
fn is_count(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0')) && (1..=EXACT_DIGITS).contains(&text.len())
}

/// The text of a code with its values put in, in the language that is spoken or else in English. A
/// code without a text is shown itself; hints may be missing and are then empty.
pub fn say(code: &str, about: &[(&str, String)]) -> String {
    let said = Language::spoken().say(code, about);
    let said = said.or_else(|| Language::English.say(code, about));
    said.unwrap_or_else(|| match code.ends_with(".hint") {
        true => String::new(),
        false => code.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogues_are_read_without_an_error() {
        for language in Language::ALL {
            let read = FluentResource::try_new(language.source().to_owned());
            let errors = read.map_err(|(_, errors)| errors);
            let resource = errors.unwrap_or_else(|errors| panic!("{language:?}: {errors:?}"));
            let mut bundle = Catalogue::new_concurrent(vec![language.tag()]);
            let added = bundle.add_resource(resource);
            assert!(added.is_ok(), "{language:?}: a code twice: {added:?}");
        }
    }

    #[test]
    fn a_count_is_shown_as_it_is_given() {
        for text in [
            "0",
            "1",
            "21",
            "999999999999999",
            "9999999999999999999",
            "007",
            "1e3",
            "",
        ] {
            let said = say("file-exists", &[("path", text.to_owned())]);
            assert_eq!(said.split(' ').next(), Some(text), "{said}");
        }
        let said = say("name-taken", &[("name", "12".to_owned())]);
        assert!(said.contains("“12”"), "{said}");
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
