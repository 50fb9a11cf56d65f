//! Search in all conversations: words above, what holds them below, and the place in a conversation one key away.

use crate::node::FoundMessage;

use super::input::Input;
use super::keys::{Action, Binding, bind, control, foot, key};
use ratatui::crossterm::event::KeyCode;

/// Keys of the search, beside those of every list. Everything else is written into the search words.
pub const KEYS: &[Binding] = &[
    foot(&[key(KeyCode::Tab)], Action::Complete, "tui-key-take"),
    bind(&[control('r')], Action::Down, "tui-key-down"),
];

/// The search.
#[derive(Debug, Default)]
pub struct Find {
    pub input: Input,
    pub hits: Vec<FoundMessage>,
    pub chosen: usize,
    /// The words that the hits belong to.
    pub asked: String,
}

impl Find {
    /// Takes the hits of a search, if they are still wanted.
    pub fn found(&mut self, query: &str, hits: Vec<FoundMessage>) {
        if query == self.input.text() {
            self.asked = query.to_owned();
            self.hits = hits;
            self.chosen = 0;
        }
    }

    /// Moves the choice.
    pub fn go(&mut self, by: i32) {
        self.chosen = moved(self.chosen, by, self.hits.len());
    }

    /// The chosen hit.
    pub fn hit(&self) -> Option<&FoundMessage> {
        self.hits.get(self.chosen)
    }
}

/// A choice moved by some lines, within a list of `len`.
pub fn moved(chosen: usize, by: i32, len: usize) -> usize {
    let by = isize::try_from(by).unwrap_or(0);
    chosen.saturating_add_signed(by).min(len.saturating_sub(1))
}
