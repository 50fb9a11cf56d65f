//! The list of conversations.

use ratatui::crossterm::event::KeyCode;

use crate::node::SessionRow;

use super::find::moved;
use super::keys::{Action, Binding, HELP, bind, foot, key, letter};

/// Keys of the list, beside those of every list.
pub const KEYS: &[Binding] = &[
    foot(&[letter('n')], Action::NewSession, "tui-key-new-session"),
    foot(
        &[letter('d'), key(KeyCode::Delete)],
        Action::Delete,
        "tui-key-delete",
    ),
    bind(&[letter('k')], Action::Up, "tui-key-up"),
    bind(&[letter('j')], Action::Down, "tui-key-down"),
    bind(&[letter('/')], Action::Find, "tui-key-find"),
    HELP,
];

/// The conversations, newest first.
#[derive(Debug, Default)]
pub struct Sessions {
    pub rows: Vec<SessionRow>,
    pub chosen: usize,
    /// The list was read.
    pub read: bool,
    /// Asked whether to delete the chosen one.
    pub sure: bool,
}

impl Sessions {
    /// Moves the choice.
    pub fn go(&mut self, by: i32) {
        self.chosen = moved(self.chosen, by, self.rows.len());
        self.sure = false;
    }

    /// The chosen conversation.
    pub fn row(&self) -> Option<&SessionRow> {
        self.rows.get(self.chosen)
    }
}
