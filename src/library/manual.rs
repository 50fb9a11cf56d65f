//! The manual's own form, and what every section of it owes its reader.
//!
//! The manual is markdown that reads well as it stands. A file is a *part*:
//!
//! ```text
//! # Title of the part
//!
//! ## Heading of a section
//!
//! Text, lists and fenced code; no further headings.
//!
//! > Also asked as:
//! > - a question that this section answers
//! > - 同じことを尋ねる日本語
//! ```
//!
//! The block closes its section. Its phrasings are searched and never quoted: they are how people who
//! do not know our words find the section, in English and in Japanese while the text is English. A
//! section has [`MIN_PHRASINGS`] to [`MAX_PHRASINGS`] of them in each of the two languages.
//!
//! **Fails** with [`Error`], which names the line. [`parse`] looks at one part, [`check`] at all of
//! them together. Sections come out with byte ranges of the source, as from any other document.

use std::collections::HashMap;
use std::ops::Range;

use super::chunk::{Fence, MAX_SECTION_BYTES, Section, atx_heading, trimmed};

/// The line that opens the block of phrasings.
pub const ASKED: &str = "> Also asked as:";

/// The fewest phrasings in one language. A Japanese question has little else to match while the text
/// is English, and one or two phrasings have too few words in common with it.
pub const MIN_PHRASINGS: usize = 3;

/// The most phrasings in one language. With more, a section answers more than one question: it should
/// be two.
pub const MAX_PHRASINGS: usize = 5;

/// The longest phrasing in bytes: a question of one line, also in Japanese at three bytes a character.
pub const MAX_PHRASING_BYTES: usize = 160;

/// One file of the manual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its first heading.
    pub title: String,
    /// Its sections in order, each with one heading.
    pub sections: Vec<Section>,
}

/// A line of the manual, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct Error {
    /// Counted from 1; in [`check`] it counts sections of the part instead of lines.
    pub line: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a manual.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The part does not begin with a level-one heading.
    #[error("a part begins with its title: # Title")]
    NoTitle,
    /// Text between the title and the first section.
    #[error("text outside a section; begin one with: ## Heading")]
    OutsideSection,
    /// A heading of another level than two.
    #[error("a heading of level {level}; sections have level 2 and are not divided further")]
    Level {
        /// Its level.
        level: usize,
    },
    /// A part without sections.
    #[error("the part has no sections")]
    NoSections,
    /// A heading or a section without text.
    #[error("the section {heading:?} has no heading or no text")]
    NoText {
        /// Its heading.
        heading: String,
    },
    /// A section that could not be quoted whole.
    #[error("the section {heading:?} has {bytes} bytes, more than {limit}; make two of it")]
    TooLong {
        /// Its heading.
        heading: String,
        /// Length of its text.
        bytes: usize,
        /// [`MAX_SECTION_BYTES`].
        limit: usize,
    },
    /// A section that does not say how it is asked for.
    #[error("the section {heading:?} does not end with a block {ASKED:?}")]
    NoBlock {
        /// Its heading.
        heading: String,
    },
    /// Text after the block of phrasings.
    #[error("the block of phrasings closes its section; move this above it")]
    AfterBlock,
    /// A line in the block that is no phrasing.
    #[error("a phrasing is one line of the form: > - question")]
    NotAPhrasing,
    /// An empty or overlong phrasing.
    #[error("a phrasing has 1 to {limit} bytes")]
    PhrasingLength {
        /// [`MAX_PHRASING_BYTES`].
        limit: usize,
    },
    /// Too few or too many in one language.
    #[error(
        "the section {heading:?} has {count} phrasings in {language}, not {MIN_PHRASINGS} to {MAX_PHRASINGS}"
    )]
    Count {
        /// Its heading.
        heading: String,
        /// The language.
        language: &'static str,
        /// How many there are.
        count: usize,
    },
    /// A heading that another section has.
    #[error("the heading {text:?} occurs twice")]
    SameHeading {
        /// The heading.
        text: String,
    },
    /// A phrasing that another section has: it cannot lead to both.
    #[error("the phrasing {text:?} occurs twice")]
    SamePhrasing {
        /// The phrasing.
        text: String,
    },
}

/// Reads one part and holds each of its sections to the form.
///
/// # Errors
/// The first [`Error`] from the top.
pub fn parse(source: &str) -> Result<Part, Error> {
    let mut title = None;
    let mut sections = Vec::new();
    let mut open: Option<Draft> = None;
    let mut fence: Option<Fence> = None;
    let mut at = 0;
    for (index, text) in source.split_inclusive('\n').enumerate() {
        let line = index + 1;
        let range = at..at + text.len();
        at = range.end;
        let fail = |fault| Err(Error { line, fault });
        let inside = fence.is_some();
        match fence {
            Some(mark) if mark.closed_by(text) => fence = None,
            Some(_) => {}
            None => fence = Fence::opened_by(text),
        }
        let heading = if inside || fence.is_some() {
            None
        } else {
            atx_heading(text)
        };
        match (heading, &mut open) {
            (Some((1, name)), _) if title.is_none() => title = Some(name),
            (Some((2, name)), _) if title.is_some() => {
                if let Some(draft) = open.take() {
                    sections.push(draft.finish(source)?);
                }
                open = Some(Draft::new(name, line, range.end));
            }
            _ if text.trim().is_empty() && !inside => {}
            _ if title.is_none() => return fail(Fault::NoTitle),
            (Some((level, _)), _) => return fail(Fault::Level { level }),
            (None, None) => return fail(Fault::OutsideSection),
            (None, Some(draft)) => {
                if let Err(fault) = draft.line(text, range, inside) {
                    return fail(fault);
                }
            }
        }
    }
    let line = source.lines().count().max(1);
    let Some(title) = title else {
        return Err(Error {
            line,
            fault: Fault::NoTitle,
        });
    };
    if let Some(draft) = open {
        sections.push(draft.finish(source)?);
    }
    if sections.is_empty() {
        return Err(Error {
            line,
            fault: Fault::NoSections,
        });
    }
    Ok(Part { title, sections })
}

/// Holds all parts together: no heading and no phrasing leads to two places.
///
/// # Errors
/// [`Fault::SameHeading`] or [`Fault::SamePhrasing`], with the number of the later section.
pub fn check(parts: &[Part]) -> Result<(), Error> {
    let mut seen: HashMap<String, ()> = HashMap::new();
    for part in parts {
        for (index, section) in part.sections.iter().enumerate() {
            let line = index + 1;
            for text in &section.heading {
                if seen.insert(format!("#{text}"), ()).is_some() {
                    let text = text.clone();
                    return Err(Error {
                        line,
                        fault: Fault::SameHeading { text },
                    });
                }
            }
            for text in &section.asked {
                if seen.insert(text.to_lowercase(), ()).is_some() {
                    let text = text.clone();
                    return Err(Error {
                        line,
                        fault: Fault::SamePhrasing { text },
                    });
                }
            }
        }
    }
    Ok(())
}

/// A section while it is read.
struct Draft {
    heading: String,
    line: usize,
    body: Range<usize>,
    block: bool,
    asked: Vec<String>,
}

impl Draft {
    fn new(heading: String, line: usize, start: usize) -> Self {
        Self {
            heading,
            line,
            body: start..start,
            block: false,
            asked: Vec::new(),
        }
    }

    fn line(&mut self, text: &str, range: Range<usize>, inside_code: bool) -> Result<(), Fault> {
        let content = text.trim_end();
        if self.block {
            let Some(quoted) = content.strip_prefix('>') else {
                return Err(Fault::AfterBlock);
            };
            let Some(phrasing) = quoted.trim_start().strip_prefix("- ") else {
                return Err(Fault::NotAPhrasing);
            };
            let phrasing = phrasing.trim();
            if !(1..=MAX_PHRASING_BYTES).contains(&phrasing.len()) {
                return Err(Fault::PhrasingLength {
                    limit: MAX_PHRASING_BYTES,
                });
            }
            self.asked.push(phrasing.to_owned());
        } else if content == ASKED && !inside_code {
            self.block = true;
        } else {
            self.body.end = range.end;
        }
        Ok(())
    }

    fn finish(self, source: &str) -> Result<Section, Error> {
        let line = self.line;
        let heading = self.heading.clone();
        let fail = |fault| Err(Error { line, fault });
        let Some(range) = trimmed(source, self.body).filter(|_| !heading.is_empty()) else {
            return fail(Fault::NoText { heading });
        };
        if range.len() > MAX_SECTION_BYTES {
            let (bytes, limit) = (range.len(), MAX_SECTION_BYTES);
            return fail(Fault::TooLong {
                heading,
                bytes,
                limit,
            });
        }
        if !self.block {
            return fail(Fault::NoBlock { heading });
        }
        let japanese = self.asked.iter().filter(|text| is_japanese(text)).count();
        let english = self.asked.len() - japanese;
        for (count, language) in [(english, "English"), (japanese, "Japanese")] {
            if !(MIN_PHRASINGS..=MAX_PHRASINGS).contains(&count) {
                return fail(Fault::Count {
                    heading,
                    language,
                    count,
                });
            }
        }
        Ok(Section {
            heading: vec![heading],
            range,
            asked: self.asked,
        })
    }
}

/// Whether a phrasing is Japanese: it has kana. A Japanese question without any does not occur.
#[must_use]
pub fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3041}'..='\u{30ff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Part\n\n## One\n\nText.\n\n```sh\n# no heading\n\n> Also asked as:\n```\n\n> Also asked as:\n> - How?\n> - Why?\n> - When?\n> - なぜですか\n> - いつ\n> - どうやって\n\n## Two\nMore.\n> Also asked as:\n> - A?\n> - B?\n> - C?\n> - ア\n> - イ\n> - ウ\n";

    fn fault(source: &str) -> (usize, Fault) {
        let error = parse(source).unwrap_err();
        (error.line, error.fault)
    }

    #[test]
    fn a_good_part_is_read() {
        let part = parse(GOOD).unwrap();
        assert_eq!(part.title, "Part");
        let texts: Vec<&str> = part
            .sections
            .iter()
            .map(|section| &GOOD[section.range.clone()])
            .collect();
        assert_eq!(
            texts,
            [
                "Text.\n\n```sh\n# no heading\n\n> Also asked as:\n```",
                "More."
            ]
        );
        assert_eq!(
            part.sections[0].asked,
            ["How?", "Why?", "When?", "なぜですか", "いつ", "どうやって"]
        );
        assert_eq!(check(&[part]), Ok(()));
    }

    #[test]
    fn each_fault_is_named_with_its_line() {
        assert_eq!(fault(""), (1, Fault::NoTitle));
        assert_eq!(fault("text\n"), (1, Fault::NoTitle));
        assert_eq!(fault("# A\n\n"), (2, Fault::NoSections));
        assert_eq!(fault("# A\nx\n"), (2, Fault::OutsideSection));
        assert_eq!(
            fault("# A\n## B\nx\n### C\n"),
            (4, Fault::Level { level: 3 })
        );
        assert_eq!(fault("# A\n## B\nx\n# C\n"), (4, Fault::Level { level: 1 }));
        let heading = || "B".to_owned();
        assert_eq!(
            fault("# A\n## B\n## C\n"),
            (2, Fault::NoText { heading: heading() })
        );
        assert_eq!(
            fault("# A\n## B\nx\n"),
            (2, Fault::NoBlock { heading: heading() })
        );
        let block = "# A\n## B\nx\n> Also asked as:\n";
        let with = |rest: &str| fault(&format!("{block}{rest}"));
        let count = |language, count| {
            let heading = heading();
            let fault = Fault::Count {
                heading,
                language,
                count,
            };
            (2, fault)
        };
        assert_eq!(with(""), count("English", 0));
        let english = "> - a\n> - b\n> - c\n";
        assert_eq!(with(english), count("Japanese", 0));
        assert_eq!(with("> - あ\n> - い\n> - う\n"), count("English", 0));
        assert_eq!(
            with(&format!("{english}> - あ\n> - い\n")),
            count("Japanese", 2)
        );
        assert_eq!(with(&english.repeat(2)), count("English", 6));
        assert_eq!(with("> a\n"), (5, Fault::NotAPhrasing));
        assert_eq!(with(">\n"), (5, Fault::NotAPhrasing));
        assert_eq!(with("> - a\n\ntext\n"), (7, Fault::AfterBlock));
        let limit = MAX_PHRASING_BYTES;
        assert_eq!(
            with(&format!("> - {}\n", "x".repeat(limit + 1))),
            (5, Fault::PhrasingLength { limit })
        );
        let long = format!("# A\n## B\n{}\n", "x".repeat(MAX_SECTION_BYTES + 1));
        assert!(matches!(fault(&long), (2, Fault::TooLong { .. })));
    }

    #[test]
    fn nothing_leads_to_two_places() {
        let part = parse(GOOD).unwrap();
        let twice = check(&[part.clone(), part.clone()]).unwrap_err();
        assert!(matches!(twice.fault, Fault::SameHeading { .. }));
        let mut other = part.clone();
        for section in &mut other.sections {
            section.heading = vec![format!("other {:?}", section.heading)];
            section.asked.push("HOW?".to_owned());
        }
        let twice = check(&[part, other]).unwrap_err();
        assert!(matches!(twice.fault, Fault::SamePhrasing { .. }));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(# A\n|## B\n|> Also asked as:\n|> - [a-zあ]{0,4}\n|```\n|x\n|\n){0,30}") {
            if let Ok(part) = parse(&text) {
                for section in part.sections {
                    proptest::prop_assert!(text.get(section.range).is_some());
                }
            }
        }
    }
}
