//! Pairing: inviting, joining, and the words that two people compare, as windows of the peers'
//! screen.
//!
//! **Always holds.** Nobody is admitted by a key that was meant for something else: only `y` says
//! that the words are the same, only `n` that they differ, and `Esc` leaves the question open.
//! Everything here is pure: keys change the state and give effects; `worker::network` carries them
//! out.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::text::Line;

use crate::messages::say;
use crate::node::{Fate, PeersOverview, Waiting, printable_line};
use crate::record::CircleId;

use super::dialog::{Dialog, Purpose};
use super::keys::{Action, BACK, Binding, DOWN, UP, action, bind, foot, key, letter};
use super::monitor::member_words;
use super::overlay::{step, turned};
use super::peers::{self, Row, long};
use super::state::{Effect, Overlay, Screen, State};
use super::update;

/// Keys of the comparison.
pub const KEYS: &[Binding] = &[
    foot(&[letter('y')], Action::Confirm, "tui-key-same"),
    foot(&[letter('n')], Action::Refuse, "tui-key-differ"),
    foot(&[key(KeyCode::Esc)], Action::Back, "tui-key-later"),
    bind(&[key(KeyCode::Up)], Action::Up, "tui-key-up"),
    bind(&[key(KeyCode::Down)], Action::Down, "tui-key-down"),
];

/// Keys of the window that shows a ticket.
pub const TICKET: &[Binding] = &[
    foot(&[letter('c'), letter('y')], Action::Copy, "tui-key-copy"),
    foot(&[letter('l')], Action::Show, "tui-key-line"),
    foot(&[letter('w')], Action::Delete, "tui-key-withdraw"),
    BACK,
    UP,
    DOWN,
];

/// Lines that a ticket is scrolled by at most.
const MOST: usize = 40;

/// An invitation that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub id: [u8; 16],
    pub circle: String,
    /// The line that the other person types or pastes.
    pub line: String,
    /// The modules of its QR code, row by row; true is dark. Empty where there is none.
    pub code: Vec<Vec<bool>>,
    /// Milliseconds since 1970.
    pub expires: u64,
    /// This program is on the network to honour it; else a node that runs does.
    pub here: bool,
    /// Lines that are scrolled away.
    pub scroll: usize,
    /// Only the line is shown, from the first column on: the mouse selects nothing else.
    pub bare: bool,
}

/// Handles a key of the screen.
pub fn pressed(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    match action(&[peers::KEYS], &key) {
        Some(Action::Chat) => return update::open(state, Screen::Chat),
        Some(Action::Help) => return update::help(state),
        Some(Action::Invite) => return invite(state),
        Some(Action::Join) => {
            let lines = vec![Line::raw(say("tui-join-how", &[]))];
            let dialog = Dialog::new(say("tui-join-title", &[]), lines, Purpose::Ticket);
            state.overlay = Some(Overlay::Dialog(dialog));
        }
        Some(Action::Round) => return round(state),
        Some(Action::Show) => return show(state),
        Some(Action::Delete) => {
            if let Some(Row::Invited(it)) = state.peers.row()
                && it.fate == Fate::Open
            {
                return vec![Effect::Withdraw(long(&it.id))];
            }
        }
        Some(action) => {
            if let Some(by) = step(state, action) {
                state.peers.go(by);
            }
        }
        None => {}
    }
    Vec::new()
}

/// One round with whoever is there.
pub fn round(state: &mut State) -> Vec<Effect> {
    state.say(say("tui-round-begins", &[]));
    vec![Effect::Round]
}

fn invite(state: &mut State) -> Vec<Effect> {
    let circle: Option<CircleId> = state.peers.circle();
    match circle {
        Some(circle) => vec![Effect::Invite(circle)],
        None => {
            state.complain(say("tui-peers-alone", &[]));
            Vec::new()
        }
    }
}

/// The details of the chosen row.
fn show(state: &mut State) -> Vec<Effect> {
    match state.peers.row() {
        Some(Row::Waiting(it)) if it.answer.is_none() => {
            let dialog = comparison(it);
            state.overlay = Some(Overlay::Dialog(dialog));
        }
        Some(Row::Invited(it)) if it.fate == Fate::Open => return vec![Effect::Ticket(it.id)],
        Some(Row::Member(_, member)) => {
            let name = printable_line(&member.name).into_owned();
            let about = say(
                "tui-member-fingerprint",
                &[("fingerprint", member.fingerprint.clone())],
            );
            let lines = vec![
                Line::raw(about),
                Line::raw(printable_line(&member_words(member)).into_owned()),
                Line::default(),
                Line::styled(say("tui-member-how", &[]), state.theme.quiet()),
            ];
            state.overlay = Some(Overlay::Dialog(Dialog::new(name, lines, Purpose::Say)));
        }
        _ => {}
    }
    Vec::new()
}

/// The window in which words are compared.
fn comparison(it: &Waiting) -> Dialog {
    let about = [("name", it.name.clone())];
    let (title, first) = match it.joining {
        true => (say("tui-join-title", &[]), say("pairing-joining", &about)),
        false => (say("tui-pair-title", &[]), say("pairing-asked", &[])),
    };
    // Facts first: what somebody chose stands behind them.
    let called = match it.joining {
        true => Line::default(),
        false => Line::raw(format!("  {}", say("pairing-called", &about))),
    };
    let strong = ratatui::style::Modifier::BOLD;
    let words = |text: &str| Line::styled(format!("  {text}"), strong);
    let lines = vec![
        Line::raw(first),
        Line::default(),
        Line::raw(format!("  {}", it.fingerprint)),
        called,
        words(&it.english),
        words(&it.japanese),
        Line::default(),
        Line::raw(say("tui-pair-how", &[])),
    ];
    Dialog::new(title, lines, Purpose::Compare(it.id, it.ticket))
}

/// Handles a key of the comparison.
pub fn compared(state: &mut State, mut dialog: Dialog, key: KeyEvent) -> Vec<Effect> {
    let Purpose::Compare(id, ticket) = dialog.purpose else {
        return Vec::new();
    };
    let effects = match action(&[KEYS], &key) {
        Some(Action::Back) => return Vec::new(),
        Some(Action::Refuse) => {
            state.say(say("tui-pair-refused", &[]));
            return vec![Effect::Answer(id, false)];
        }
        Some(Action::Confirm) => {
            dialog.purpose = Purpose::Compared(id, ticket);
            dialog.lines = vec![Line::raw(say("tui-pair-said", &[]))];
            vec![Effect::Answer(id, true)]
        }
        Some(action) => {
            dialog.scroll = turned(state, dialog.scroll, action);
            Vec::new()
        }
        None => Vec::new(),
    };
    state.overlay = Some(Overlay::Dialog(dialog));
    effects
}

/// Handles a key of the window that shows a ticket.
pub fn ticket_key(state: &mut State, mut ticket: Ticket, key: KeyEvent) -> Vec<Effect> {
    match action(&[TICKET], &key) {
        Some(Action::Back) => return Vec::new(),
        Some(Action::Delete) => return vec![Effect::Withdraw(long(&ticket.id))],
        Some(Action::Copy) => {
            let count = ticket.line.chars().count().to_string();
            state.say(say("tui-copied", &[("count", count)]));
            let copy = Effect::Copy(ticket.line.clone());
            state.overlay = Some(Overlay::Ticket(ticket));
            return vec![copy];
        }
        Some(Action::Show) => {
            ticket.bare = !ticket.bare;
            ticket.scroll = 0;
        }
        // No ticket has more lines than this, and the last one is not passed.
        Some(action) => ticket.scroll = turned(state, ticket.scroll, action).min(MOST),
        None => {}
    }
    state.overlay = Some(Overlay::Ticket(ticket));
    Vec::new()
}

/// A line was written into a window that asks for a ticket, or for the name behind it.
pub fn asked(state: &mut State, mut dialog: Dialog) -> Vec<Effect> {
    let written = dialog.input.text().trim().to_owned();
    let mut effects = Vec::new();
    match dialog.purpose.clone() {
        Purpose::Ticket => {
            dialog.lines = vec![Line::raw(say("tui-join-as", &[]))];
            dialog.purpose = Purpose::JoinAs(written);
            let called = state.peers.overview.as_ref().map(|it| it.called.clone());
            dialog.input.set(&called.unwrap_or_default());
        }
        Purpose::JoinAs(ticket) => {
            dialog.lines = vec![Line::raw(say("tui-join-working", &[]))];
            dialog.purpose = Purpose::Joining;
            state.peers.busy = true;
            effects.push(Effect::Join(ticket, written));
        }
        _ => {}
    }
    state.overlay = Some(Overlay::Dialog(dialog));
    effects
}

/// A look has come in: whoever waits is told of, and a window whose pairing is over says how it ended.
pub fn looked(state: &mut State, overview: PeersOverview, busy: bool) {
    state.peers.looking = false;
    state.peers.busy = busy;
    state.peers.overview = Some(overview);
    state.peers.go(0);
    over(state);
    let Some(new) = state.peers.news() else {
        return;
    };
    let (id, fingerprint) = (new.id, new.fingerprint.clone());
    let waits = match new.joining {
        true => say("tui-pair-inviter-waits", &[("fingerprint", fingerprint)]),
        false => say("tui-pair-waits", &[("name", new.name.clone())]),
    };
    let window = comparison(new);
    let may_open = match &state.overlay {
        None => state.screen == Screen::Peers,
        Some(Overlay::Ticket(ticket)) => ticket.id == new.ticket,
        Some(Overlay::Dialog(dialog)) => dialog.purpose == Purpose::Joining,
        Some(_) => false,
    };
    if may_open {
        state.overlay = Some(Overlay::Dialog(window));
    } else {
        state.say(waits);
    }
    state.peers.told.insert(id);
}

/// Says how it ended, where a window shows what is over.
fn over(state: &mut State) {
    let Some(overview) = &state.peers.overview else {
        return;
    };
    let fate = |id: &[u8; 16]| {
        let it = overview.invitations.iter().find(|it| it.id == *id)?;
        (it.fate != Fate::Open).then(|| (it.fate.clone(), it.circle_name.clone()))
    };
    let shown = match &state.overlay {
        Some(Overlay::Ticket(ticket)) => fate(&ticket.id),
        // Who joins hears it from the thread that does it.
        Some(Overlay::Dialog(dialog)) => match dialog.purpose {
            Purpose::Compare(id, ticket) | Purpose::Compared(id, ticket)
                if overview.waiting.iter().all(|it| it.id != id) =>
            {
                let mut own = overview.invitations.iter();
                own.find(|it| it.id == ticket)
                    .map(|it| (it.fate.clone(), it.circle_name.clone()))
            }
            _ => None,
        },
        _ => None,
    };
    let Some((fate, circle)) = shown else {
        return;
    };
    let words = match fate {
        Fate::Spent(name) => {
            let name = printable_line(&name).into_owned();
            say("ticket-admitted", &[("name", name), ("circle", circle)])
        }
        _ => say("tui-pair-ended", &[]),
    };
    let dialog = Dialog::new(
        say("tui-pair-title", &[]),
        vec![Line::raw(words)],
        Purpose::Say,
    );
    state.overlay = Some(Overlay::Dialog(dialog));
}
