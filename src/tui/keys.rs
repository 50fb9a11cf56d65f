//! Keys: every component declares its own as a table of bindings. The tables decide what a key does, and the help
//! and the foot line are made of them, so that no key works that is not shown and none is shown that does not work.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for. Which of them a component knows is in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    // Everywhere.
    Help,
    Chat,
    Monitor,
    Models,
    #[cfg_attr(
        not(feature = "lan"),
        expect(dead_code, reason = "only a network brings it")
    )]
    Peers,
    Suspend,
    Redraw,
    Interrupt,
    Leave,
    Back,
    Mouse,
    // Lists.
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Choose,
    // Writing.
    Send,
    NewLine,
    Editor,
    Complete,
    Find,
    Sessions,
    NewSession,
    Older,
    Newer,
    Transcript,
    // Messages.
    Copy,
    CopyCode,
    Edit,
    Again,
    PreviousBranch,
    NextBranch,
    Sources,
    // Monitor and models.
    Import,
    Show,
    Delete,
    Confirm,
    Refuse,
    // Peers.
    Invite,
    Join,
    Round,
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chord {
    pub code: KeyCode,
    pub modifiers: KeyModifiers,
}

/// Keys, what they do, and the code of the words that say so.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    pub chords: &'static [Chord],
    pub action: Action,
    /// Message of the catalogue.
    pub words: &'static str,
    /// Shown in the foot line, where there is room.
    pub foot: bool,
}

/// A plain key.
pub const fn key(code: KeyCode) -> Chord {
    Chord {
        code,
        modifiers: KeyModifiers::NONE,
    }
}

/// A letter.
pub const fn letter(c: char) -> Chord {
    key(KeyCode::Char(c))
}

/// A letter with Ctrl.
pub const fn control(c: char) -> Chord {
    Chord {
        code: KeyCode::Char(c),
        modifiers: KeyModifiers::CONTROL,
    }
}

/// A key with Alt.
pub const fn alt(code: KeyCode) -> Chord {
    Chord {
        code,
        modifiers: KeyModifiers::ALT,
    }
}

/// A binding that only the help shows.
pub const fn bind(chords: &'static [Chord], action: Action, words: &'static str) -> Binding {
    Binding {
        chords,
        action,
        words,
        foot: false,
    }
}

/// A binding that the foot line shows as well.
pub const fn foot(chords: &'static [Chord], action: Action, words: &'static str) -> Binding {
    Binding {
        chords,
        action,
        words,
        foot: true,
    }
}

impl Chord {
    /// Whether a key that was pressed is this one.
    pub fn is(self, key: &KeyEvent) -> bool {
        // Terminals report capital letters with or without Shift.
        let modifiers = match key.code {
            KeyCode::Char(_) | KeyCode::BackTab => key.modifiers.difference(KeyModifiers::SHIFT),
            _ => key.modifiers,
        };
        let code = match key.code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(c.to_ascii_lowercase())
            }
            code => code,
        };
        code == self.code && modifiers == self.modifiers
    }

    /// How the key is written: `^R`, `Alt-Enter`, `F1`.
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                return format!("^{}", c.to_ascii_uppercase());
            }
            KeyCode::Char(c) => c.to_string(),
            KeyCode::F(n) => format!("F{n}"),
            KeyCode::Enter => "Enter".to_owned(),
            KeyCode::Esc => "Esc".to_owned(),
            KeyCode::Tab => "Tab".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::Home => "Home".to_owned(),
            KeyCode::End => "End".to_owned(),
            KeyCode::Delete => "Del".to_owned(),
            _ => "?".to_owned(),
        };
        if self.modifiers.contains(KeyModifiers::ALT) {
            format!("Alt-{name}")
        } else {
            name
        }
    }
}

/// What a key means in the first of some tables that knows it.
pub fn action(tables: &[&[Binding]], key: &KeyEvent) -> Option<Action> {
    let bindings = tables.iter().flat_map(|table| table.iter());
    let mut fitting = bindings.filter(|binding| binding.chords.iter().any(|chord| chord.is(key)));
    fitting.next().map(|binding| binding.action)
}

/// The names of a binding's keys, `^P ↑`.
pub fn names(binding: &Binding) -> String {
    let names: Vec<String> = binding.chords.iter().map(|chord| chord.name()).collect();
    names.join(" ")
}

/// Up and down in what is only read.
pub const UP: Binding = bind(&[key(KeyCode::Up), letter('k')], Action::Up, "tui-key-up");
pub const DOWN: Binding = bind(
    &[key(KeyCode::Down), letter('j')],
    Action::Down,
    "tui-key-down",
);

/// Up and down among rows of which one is chosen.
pub const ROW_UP: Binding = bind(
    &[key(KeyCode::Up), letter('k'), control('p')],
    Action::Up,
    "tui-key-up",
);
pub const ROW_DOWN: Binding = bind(
    &[key(KeyCode::Down), letter('j'), control('n')],
    Action::Down,
    "tui-key-down",
);

/// Pages; where letters are written, a space is one of them.
pub const PAGE_UP: Binding = bind(&[key(KeyCode::PageUp)], Action::PageUp, "tui-key-page-up");
pub const PAGE_DOWN: Binding = bind(
    &[key(KeyCode::PageDown), letter(' ')],
    Action::PageDown,
    "tui-key-page-down",
);
pub const PAGE_DOWN_WRITING: Binding = bind(
    &[key(KeyCode::PageDown)],
    Action::PageDown,
    "tui-key-page-down",
);

/// Both ends.
pub const FIRST: Binding = bind(
    &[letter('g'), key(KeyCode::Home)],
    Action::First,
    "tui-key-first",
);
pub const LAST: Binding = bind(
    &[letter('G'), key(KeyCode::End)],
    Action::Last,
    "tui-key-last",
);

/// The help, where no letters are written.
pub const HELP: Binding = bind(&[letter('?')], Action::Help, "tui-key-help");

/// Out of a screen, and out of a window that only says something.
pub const TO_CHAT: Binding = foot(
    &[key(KeyCode::Esc), letter('q')],
    Action::Chat,
    "tui-key-to-chat",
);
pub const BACK: Binding = foot(
    &[key(KeyCode::Esc), key(KeyCode::Enter), letter('q')],
    Action::Back,
    "tui-key-back",
);

/// Keys that work everywhere.
pub const GLOBAL: &[Binding] = &[
    foot(&[key(KeyCode::F(1))], Action::Help, "tui-key-help"),
    bind(
        &[key(KeyCode::F(2)), alt(KeyCode::Char('1'))],
        Action::Chat,
        "tui-key-chat",
    ),
    bind(
        &[key(KeyCode::F(3)), alt(KeyCode::Char('2'))],
        Action::Monitor,
        "tui-key-monitor",
    ),
    bind(
        &[key(KeyCode::F(4)), alt(KeyCode::Char('3'))],
        Action::Models,
        "tui-key-models",
    ),
    #[cfg(feature = "lan")]
    bind(
        &[key(KeyCode::F(5)), alt(KeyCode::Char('4'))],
        Action::Peers,
        "tui-key-peers",
    ),
    bind(&[control('c')], Action::Interrupt, "tui-key-interrupt"),
    bind(&[control('z')], Action::Suspend, "tui-key-suspend"),
    bind(&[control('l')], Action::Redraw, "tui-key-redraw"),
    bind(&[alt(KeyCode::Char('m'))], Action::Mouse, "tui-key-mouse"),
];

/// Keys of every list.
pub const LIST: &[Binding] = &[
    bind(&[key(KeyCode::Up), control('p')], Action::Up, "tui-key-up"),
    bind(
        &[key(KeyCode::Down), control('n')],
        Action::Down,
        "tui-key-down",
    ),
    PAGE_UP,
    PAGE_DOWN_WRITING,
    foot(&[key(KeyCode::Enter)], Action::Choose, "tui-key-choose"),
    foot(
        &[key(KeyCode::Esc), control('g')],
        Action::Back,
        "tui-key-back",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_people_write_them() {
        let names: Vec<String> = [
            control('r'),
            alt(KeyCode::Enter),
            key(KeyCode::F(1)),
            letter('?'),
        ]
        .into_iter()
        .map(Chord::name)
        .collect();
        assert_eq!(names, ["^R", "Alt-Enter", "F1", "?"]);
    }

    /// Moving, deleting, cutting and pasting as in every shell: no table takes these away from an input.
    #[test]
    fn no_key_of_readline_is_taken() {
        let tables = [
            GLOBAL,
            LIST,
            super::super::chat::KEYS,
            super::super::find::KEYS,
        ];
        for c in "aewukybfhdt".chars() {
            let pressed = KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
            // ^D at an empty input leaves, as in a shell; the component looks at the input first.
            if c != 'd' {
                assert_eq!(action(&tables, &pressed), None, "^{c}");
            }
        }
        for c in "bfd".chars() {
            let pressed = KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT);
            assert_eq!(action(&tables, &pressed), None, "Alt-{c}");
        }
    }
}
