//! A window over a screen that says something and may ask for one thing: sources, a model's card, an import.

use ratatui::crossterm::event::KeyCode;
use ratatui::text::Line;

use super::input::Input;
use super::keys::{Action, BACK, Binding, DOWN, PAGE_DOWN, PAGE_UP, UP, foot, key, letter};

/// Keys of a window that asks.
pub const KEYS: &[Binding] = &[
    foot(
        &[key(KeyCode::Enter), letter('y')],
        Action::Confirm,
        "tui-key-confirm",
    ),
    foot(
        &[key(KeyCode::Esc), letter('n')],
        Action::Refuse,
        "tui-key-refuse",
    ),
];

/// Keys of a window that only says.
pub const SAYING: &[Binding] = &[BACK, UP, DOWN, PAGE_UP, PAGE_DOWN];

/// What a window is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// It says something.
    Say,
    /// It waits for the preview of what lies at a path.
    Looking(String),
    /// Take in what lies at this path?
    Import(String),
    /// It asks for a path.
    Path,
    /// It asks for a ticket.
    Ticket,
    /// It asks by which name to join with this ticket.
    JoinAs(String),
    /// It waits for the other side.
    Joining,
    /// Are the words of this pairing the same? The ticket beside it.
    Compare(i64, [u8; 16]),
    /// They are, on this side.
    Compared(i64, [u8; 16]),
}

/// The window.
#[derive(Debug)]
pub struct Dialog {
    pub title: String,
    /// Paragraphs, broken when they are drawn.
    pub lines: Vec<Line<'static>>,
    pub scroll: usize,
    pub purpose: Purpose,
    pub input: Input,
}

impl Dialog {
    pub fn new(title: String, lines: Vec<Line<'static>>, purpose: Purpose) -> Self {
        Self {
            title,
            lines,
            scroll: 0,
            purpose,
            input: Input::default(),
        }
    }

    /// A line is written into it.
    pub fn asks(&self) -> bool {
        matches!(
            self.purpose,
            Purpose::Path | Purpose::Ticket | Purpose::JoinAs(_)
        )
    }

    /// The keys that it knows.
    pub fn keys(&self) -> &'static [Binding] {
        match self.purpose {
            Purpose::Import(_) => KEYS,
            Purpose::Compare(..) => super::pairing::KEYS,
            _ => SAYING,
        }
    }
}
