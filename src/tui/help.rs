//! The help: all keys, made from the tables that decide what they do, and found by typing.

use ratatui::crossterm::event::KeyCode;

use crate::messages::say;
use crate::present::commands::COMMANDS;

use super::input::Input;
use super::keys::{Action, Binding, GLOBAL, LIST, PAGE_UP, bind, control, foot, key, names};
use super::{chat, dialog, find, models, monitor, sessions};
#[cfg(feature = "lan")]
use super::{pairing, peers};

/// Keys of the help; every other key is looked for.
pub const KEYS: &[Binding] = &[
    foot(
        &[key(KeyCode::Esc), key(KeyCode::Enter), control('g')],
        Action::Back,
        "tui-key-back",
    ),
    foot(
        &[key(KeyCode::Down), control('n')],
        Action::Down,
        "tui-key-down",
    ),
    bind(&[key(KeyCode::Up), control('p')], Action::Up, "tui-key-up"),
    PAGE_UP,
    foot(
        &[key(KeyCode::PageDown)],
        Action::PageDown,
        "tui-key-page-down",
    ),
];

/// The help, scrolled and filtered.
#[derive(Debug, Default)]
pub struct Help {
    pub filter: Input,
    pub scroll: usize,
}

/// A part of the help: its heading, and pairs of keys and what they do.
pub struct Section {
    pub title: String,
    pub rows: Vec<(String, String)>,
}

/// Headings, by code, and the tables below each.
const TABLES: &[(&str, &[&[Binding]])] = &[
    ("tui-help-global", &[GLOBAL]),
    ("tui-help-chat", &[chat::KEYS]),
    ("tui-help-reading", &[chat::READING]),
    ("tui-help-lists", &[LIST]),
    ("tui-help-find", &[find::KEYS]),
    ("tui-help-sessions", &[sessions::KEYS]),
    ("tui-help-monitor", &[monitor::KEYS]),
    ("tui-help-models", &[models::KEYS]),
    #[cfg(feature = "lan")]
    ("tui-help-peers", &[peers::KEYS]),
    #[cfg(feature = "lan")]
    ("tui-help-pair", &[pairing::KEYS]),
    ("tui-help-dialog", &[dialog::KEYS]),
];

/// What an input knows by itself, as a shell does: keys, code of the words.
const WRITING: &[(&str, &str)] = &[
    ("^A ^E", "tui-readline-ends"),
    ("^B ^F ← →", "tui-readline-moves"),
    ("Alt-B Alt-F", "tui-readline-words"),
    ("^W ^U ^K", "tui-readline-cuts"),
    ("^Y", "tui-readline-yanks"),
    ("^T", "tui-readline-swaps"),
];

impl Help {
    /// The sections that hold the words of the filter.
    pub fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<Section> = TABLES
            .iter()
            .map(|(title, tables)| Section {
                title: say(title, &[]),
                rows: tables
                    .iter()
                    .flat_map(|table| table.iter())
                    .map(|binding| (names(binding), say(binding.words, &[])))
                    .collect(),
            })
            .collect();
        sections.push(Section {
            title: say("tui-help-writing", &[]),
            rows: WRITING
                .iter()
                .map(|(keys, words)| ((*keys).to_owned(), say(words, &[])))
                .collect(),
        });
        sections.push(Section {
            title: say("tui-help-commands", &[]),
            rows: COMMANDS
                .iter()
                .map(|it| (format!("/{}", it.name), say(it.words, &[])))
                .collect(),
        });
        sections.push(Section {
            title: say("tui-help-marks", &[]),
            rows: vec![
                ("⌂".to_owned(), say("tui-mark-here", &[])),
                ("‹1/2›".to_owned(), say("tui-mark-branches", &[])),
            ],
        });
        let wanted = self.filter.text().to_lowercase();
        for section in &mut sections {
            if !section.title.to_lowercase().contains(&wanted) {
                let fits = |text: &str| text.to_lowercase().contains(&wanted);
                section
                    .rows
                    .retain(|(keys, words)| fits(keys) || fits(words));
            }
        }
        sections.retain(|section| !section.rows.is_empty());
        sections
    }
}
