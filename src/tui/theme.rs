//! Few styles, by what they mean. Only the terminal's own sixteen colours are used, on its own background, so that
//! light and dark terminals both stay readable; whatever a colour says is said by a word or a mark as well.

use ratatui::style::{Color, Modifier, Style};

/// Styles by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    colours: bool,
}

impl Theme {
    /// `colours` is false under `NO_COLOR`.
    pub fn new(colours: bool) -> Self {
        Self { colours }
    }

    pub(super) fn coloured(self, colour: Color) -> Style {
        if self.colours {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    /// Text.
    pub fn text(self) -> Style {
        Style::new()
    }

    /// What is there to be found, not to be read.
    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Headings and names.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The embers: who speaks, where the focus is.
    pub fn ember(self) -> Style {
        self.coloured(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Keys that can be pressed.
    pub fn key(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Code of any language.
    pub fn code(self) -> Style {
        self.coloured(Color::Magenta)
    }

    /// What deserves attention.
    pub fn bad(self) -> Style {
        self.coloured(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// The chosen line of a list.
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}
