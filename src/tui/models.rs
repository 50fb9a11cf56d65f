//! The models of this node: what is here, which one answers, what is known of each.

use ratatui::crossterm::event::KeyCode;

use crate::node::{Missing, ModelRow};

use super::find::moved;
use super::keys::{Action, Binding, HELP, ROW_DOWN, ROW_UP, TO_CHAT, foot, key, letter};

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
    #[cfg(feature = "lan")]
    foot(&[letter('f')], Action::Round, "tui-key-fetch"),
    TO_CHAT,
    ROW_UP,
    ROW_DOWN,
    HELP,
];

/// The screen.
#[derive(Debug, Default)]
pub struct Models {
    pub rows: Vec<ModelRow>,
    /// The model that chat uses when none is named.
    pub used: Option<String>,
    pub chosen: usize,
    pub read: bool,
    /// Models that members share and that are not here yet.
    pub missing: Vec<Missing>,
    /// A look is on its way, and when the last one was asked for.
    pub looking: bool,
    pub looked: u64,
    /// It is looked until then: what came last takes a moment to stand in the list.
    pub until: u64,
}

/// Milliseconds for which it is looked on after the last one came.
const AFTER: u64 = 10_000;

impl Models {
    /// Moves the choice.
    pub fn go(&mut self, by: i32) {
        self.chosen = moved(self.chosen, by, self.rows.len());
    }

    /// Takes what was read; while models are on their way it is read again.
    pub fn read(
        &mut self,
        rows: Vec<ModelRow>,
        used: Option<String>,
        missing: Vec<Missing>,
        now: u64,
    ) {
        if !missing.is_empty() {
            self.until = now + AFTER;
        }
        self.rows = rows;
        self.used = used;
        self.missing = missing;
        self.read = true;
        self.looking = false;
        self.go(0);
    }

    /// The chosen model.
    pub fn row(&self) -> Option<&ModelRow> {
        self.rows.get(self.chosen)
    }
}
