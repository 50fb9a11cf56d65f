//! The models of this node: what is here, which one answers, what is known of each.

use ratatui::crossterm::event::KeyCode;

use crate::node::ModelRow;

use super::find::moved;
use super::keys::{Action, Binding, bind, foot, key, letter};

/// Keys of the screen.
pub const KEYS: &[Binding] = &[
    foot(
        &[key(KeyCode::Enter), letter('u')],
        Action::Choose,
        "tui-key-use",
    ),
    foot(
        &[letter('s'), key(KeyCode::Right)],
        Action::Show,
        "tui-key-show",
    ),
    foot(
        &[key(KeyCode::Esc), letter('q')],
        Action::Chat,
        "tui-key-to-chat",
    ),
    bind(
        &[key(KeyCode::Up), letter('k'), super::keys::control('p')],
        Action::Up,
        "tui-key-up",
    ),
    bind(
        &[key(KeyCode::Down), letter('j'), super::keys::control('n')],
        Action::Down,
        "tui-key-down",
    ),
    bind(&[letter('?')], Action::Help, "tui-key-help"),
];

/// The screen.
#[derive(Debug, Default)]
pub struct Models {
    pub rows: Vec<ModelRow>,
    /// The model that chat uses when none is named.
    pub used: Option<String>,
    pub chosen: usize,
    pub read: bool,
}

impl Models {
    /// Moves the choice.
    pub fn go(&mut self, by: i32) {
        self.chosen = moved(self.chosen, by, self.rows.len());
    }

    /// The chosen model.
    pub fn row(&self) -> Option<&ModelRow> {
        self.rows.get(self.chosen)
    }
}
