//! Keys of what lies over a screen.

use ratatui::crossterm::event::KeyEvent;

use crate::messages::say;

use super::dialog::{Dialog, Purpose};
use super::find::{self, Find};
use super::help::{self, Help};
use super::keys::{Action, LIST, action};
use super::pairing;
use super::sessions::{self, Sessions};
use super::state::{Effect, Overlay, State};
use super::update;

/// Handles a key of the overlay, which is put back unless it closed itself.
pub fn pressed(state: &mut State, overlay: Overlay, key: KeyEvent) -> Vec<Effect> {
    match overlay {
        Overlay::Help(help) => help_key(state, help, key),
        Overlay::Find(find) => find_key(state, find, key),
        Overlay::Sessions(sessions) => sessions_key(state, sessions, key),
        Overlay::Dialog(dialog) => dialog_key(state, dialog, key),
        Overlay::Ticket(ticket) => pairing::ticket_key(state, ticket, key),
    }
}

/// How far an action moves in a list.
pub fn step(state: &State, action: Action) -> Option<i32> {
    let page = i32::from(state.size.1).saturating_sub(6).max(1);
    Some(match action {
        Action::Up => -1,
        Action::Down => 1,
        Action::PageUp => -page,
        Action::PageDown => page,
        _ => return None,
    })
}

/// What is scrolled away after an action.
pub fn turned(state: &State, scroll: usize, action: Action) -> usize {
    let by = isize::try_from(step(state, action).unwrap_or(0)).unwrap_or(0);
    scroll.saturating_add_signed(by)
}

fn help_key(state: &mut State, mut help: Help, key: KeyEvent) -> Vec<Effect> {
    match action(&[help::KEYS], &key) {
        Some(Action::Back) => return Vec::new(),
        Some(action) => help.scroll = turned(state, help.scroll, action),
        None => {
            help.filter.key(key);
            help.scroll = 0;
        }
    }
    state.overlay = Some(Overlay::Help(help));
    Vec::new()
}

fn find_key(state: &mut State, mut find: Find, key: KeyEvent) -> Vec<Effect> {
    let mut effects = Vec::new();
    match action(&[find::KEYS, LIST], &key) {
        Some(Action::Back) => return Vec::new(),
        Some(Action::Choose) => {
            let Some(hit) = find.hit() else {
                return Vec::new();
            };
            if state.chat.answering.is_some() {
                state.say(say("tui-busy", &[]));
                return Vec::new();
            }
            return vec![Effect::OpenSession(hit.session, Some(hit.message))];
        }
        Some(Action::Complete) => {
            if let Some(hit) = find.hit() {
                state.chat.input.insert(hit.around.trim_start_matches('…'));
                return Vec::new();
            }
        }
        Some(action) => find.go(step(state, action).unwrap_or(0)),
        None => {
            find.input.key(key);
            if find.input.is_empty() {
                find.hits.clear();
                find.asked.clear();
            } else {
                effects.push(Effect::Search(find.input.text().to_owned()));
            }
        }
    }
    state.overlay = Some(Overlay::Find(find));
    effects
}

fn sessions_key(state: &mut State, mut sessions: Sessions, key: KeyEvent) -> Vec<Effect> {
    let mut effects = Vec::new();
    let row = sessions.row().map(|row| row.id);
    match (action(&[LIST, sessions::KEYS], &key), row) {
        (Some(Action::Back), _) if sessions.sure => sessions.sure = false,
        (Some(Action::Back), _) => return Vec::new(),
        (Some(Action::NewSession), _) => {
            update::renew(state);
            return Vec::new();
        }
        (Some(Action::Find), _) => return update::find(state),
        (Some(Action::Help), _) => return update::help(state),
        (Some(Action::Choose), Some(id)) if sessions.sure => {
            sessions.sure = false;
            effects = update::delete(state, id);
        }
        (Some(Action::Choose), Some(id)) => {
            if state.chat.answering.is_some() {
                state.say(say("tui-busy", &[]));
                return Vec::new();
            }
            return vec![Effect::OpenSession(id, None)];
        }
        (Some(Action::Delete), Some(_)) => sessions.sure = true,
        (Some(action), _) => {
            if let Some(by) = step(state, action) {
                sessions.go(by);
            }
        }
        (None, _) => {}
    }
    state.overlay = Some(Overlay::Sessions(sessions));
    effects
}

fn dialog_key(state: &mut State, mut dialog: Dialog, key: KeyEvent) -> Vec<Effect> {
    let mut effects = Vec::new();
    if let Purpose::Compare(..) = dialog.purpose {
        return pairing::compared(state, dialog, key);
    }
    match (&dialog.purpose, action(&[dialog.keys()], &key)) {
        (Purpose::Path | Purpose::Ticket | Purpose::JoinAs(_), _) => match action(&[LIST], &key) {
            Some(Action::Back) => return Vec::new(),
            Some(Action::Choose) if !dialog.input.is_empty() => {
                if dialog.purpose != Purpose::Path {
                    return pairing::asked(state, dialog);
                }
                let path = dialog.input.text().trim().to_owned();
                dialog.purpose = Purpose::Looking(path.clone());
                dialog.lines = vec![say("tui-looking", &[("path", path.clone())]).into()];
                effects.push(Effect::Preview(path));
            }
            Some(_) => {}
            None => {
                dialog.input.key(key);
            }
        },
        (Purpose::Import(path), Some(Action::Confirm)) => {
            let path = path.clone();
            dialog.lines = vec![say("tui-importing", &[("path", path.clone())]).into()];
            dialog.purpose = Purpose::Looking(path.clone());
            effects.push(Effect::Import(path));
        }
        (Purpose::Joining, Some(Action::Back)) => {
            state.say(say("tui-join-left", &[]));
            return vec![Effect::StopJoin];
        }
        (_, Some(Action::Back | Action::Refuse)) => return Vec::new(),
        (_, Some(action)) => dialog.scroll = turned(state, dialog.scroll, action),
        (_, None) => {}
    }
    state.overlay = Some(Overlay::Dialog(dialog));
    effects
}
