//! What a state becomes by an event, and what shall be done then. Pure: the loop gives the time and does the rest.

use ratatui::crossterm::event::{KeyEvent, KeyEventKind};
use ratatui::text::Line;
use serde_json::Value;

use crate::messages::say;
use crate::node::{printable_line, printable_text};

use super::chat::{KEYS, LEAVE, READING, STOP};
use super::commands;
use super::dialog::{Dialog, Purpose};
use super::find::{self, Find};
use super::help::{self, Help};
use super::keys::{Action, GLOBAL, LIST, action};
use super::sessions::{self, Sessions};
use super::state::{Effect, Event, Keep, Overlay, Screen, State};
use super::transcript::{scroll, to_start};
use super::{models, monitor, overlay, pairing, peers, reply};

/// Milliseconds between two looks of the monitor.
const LOOK: u64 = 1_000;
/// Lines that one step of the wheel turns.
pub const WHEEL: i32 = 3;

/// Handles an event.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Event::Key(key) => {
            let stays = state.key_came();
            let effects = pressed(state, key);
            if state.notice != stays
                && let Some(notice) = &mut state.notice
            {
                notice.asked = true;
            }
            effects
        }
        Event::Paste(text) => {
            paste(state, &text);
            Vec::new()
        }
        Event::Wheel(lines) => {
            if state.overlay.is_none() && state.screen == Screen::Chat {
                scroll(&mut state.chat, lines, state.theme);
            }
            Vec::new()
        }
        Event::Resize(columns, rows) => {
            state.size = (columns, rows);
            Vec::new()
        }
        Event::Tick => tick(state),
        Event::Reply(reply) => reply::reply(state, reply),
    }
}

fn tick(state: &mut State) -> Vec<Effect> {
    state.chat.note_rate(state.now);
    if state
        .notice
        .as_ref()
        .is_some_and(|notice| notice.until <= state.now)
    {
        state.notice = None;
        state.leaving = false;
    }
    let mut effects = look(state);
    effects.extend(look_at_peers(state));
    effects.extend(look_at_models(state));
    effects
}

/// Asks for the monitor's next look, when it is time.
fn look(state: &mut State) -> Vec<Effect> {
    let due = state.monitor.overview.is_none() || state.now >= state.monitor.looked + LOOK;
    if state.screen != Screen::Monitor || state.monitor.looking || !due {
        return Vec::new();
    }
    state.monitor.looking = true;
    state.monitor.looked = state.now;
    vec![Effect::Look]
}

/// Asks who is there, when it is time.
fn look_at_peers(state: &mut State) -> Vec<Effect> {
    let wanted = state.screen == Screen::Peers || state.peers.busy;
    let due = state.peers.overview.is_none() || state.now >= state.peers.looked + LOOK;
    if !wanted || state.peers.looking || !due {
        return Vec::new();
    }
    state.peers.looking = true;
    state.peers.looked = state.now;
    vec![Effect::LookAtPeers]
}

/// Reads the models again, while some are on their way.
fn look_at_models(state: &mut State) -> Vec<Effect> {
    let models = &mut state.models;
    let wanted = state.screen == Screen::Models && state.now < models.until;
    if !wanted || models.looking || state.now < models.looked + LOOK {
        return Vec::new();
    }
    models.looking = true;
    models.looked = state.now;
    vec![Effect::ListModels]
}

fn paste(state: &mut State, text: &str) {
    match &mut state.overlay {
        Some(Overlay::Find(find)) => find.input.insert(&text.replace('\n', " ")),
        Some(Overlay::Help(help)) => help.filter.insert(&text.replace('\n', " ")),
        // A long line may have been broken on its way.
        Some(Overlay::Dialog(dialog)) if dialog.purpose == Purpose::Ticket => {
            let whole: String = text.split_whitespace().collect();
            dialog.input.insert(&whole);
        }
        Some(Overlay::Dialog(dialog)) => dialog.input.insert(text.trim()),
        Some(Overlay::Sessions(_) | Overlay::Ticket(_)) => {}
        None if state.screen == Screen::Chat => {
            state.chat.chosen = None;
            state.chat.picked = None;
            state.chat.input.insert(text);
        }
        None => {}
    }
}

fn pressed(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let global = action(&[GLOBAL], &key);
    if global != Some(Action::Interrupt) {
        state.leaving = false;
    }
    match global {
        Some(Action::Suspend) => return vec![Effect::Suspend],
        Some(Action::Redraw) => return vec![Effect::Redraw],
        Some(Action::Interrupt) => return interrupt(state),
        Some(Action::Help) => return help(state),
        Some(Action::Mouse) => return mouse(state),
        Some(Action::Chat) => return open(state, Screen::Chat),
        Some(Action::Monitor) => return open(state, Screen::Monitor),
        Some(Action::Models) => return open(state, Screen::Models),
        Some(Action::Peers) => return open(state, Screen::Peers),
        _ => {}
    }
    if let Some(overlay) = state.overlay.take() {
        return overlay::pressed(state, overlay, key);
    }
    match state.screen {
        Screen::Chat if state.chat.chosen.is_some() => reading(state, key),
        Screen::Chat => writing(state, key),
        Screen::Monitor => monitoring(state, key),
        Screen::Models => choosing(state, key),
        Screen::Peers => pairing::pressed(state, key),
    }
}

/// ^C stops an answer, then empties the input, then asks, then ends.
fn interrupt(state: &mut State) -> Vec<Effect> {
    if let Some(effects) = state.chat.stop() {
        return effects;
    }
    if state.overlay.take().is_some() {
        return Vec::new();
    }
    if !state.chat.input.is_empty() && state.screen == Screen::Chat {
        state.chat.input.cut_all();
        state.chat.editing = None;
        return Vec::new();
    }
    if state.leaving {
        state.quit = true;
        return Vec::new();
    }
    state.leaving = true;
    state.say(say("tui-leave-again", &[]));
    Vec::new()
}

fn writing(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let cells = input_cells(state.size.0);
    if let Some(effects) = super::palette::pressed(state, &key) {
        return effects;
    }
    let Some(action) = action(&[KEYS], &key) else {
        if key.code == ratatui::crossterm::event::KeyCode::Char('?') && state.chat.input.is_empty()
        {
            return help(state);
        }
        if key.code == ratatui::crossterm::event::KeyCode::Esc {
            state.chat.editing = None;
        }
        state.chat.write(key);
        return Vec::new();
    };
    let (now, wall) = (state.now, state.wall);
    match action {
        Action::Send => send(state),
        Action::NewLine => {
            state.chat.input.insert("\n");
            Vec::new()
        }
        Action::Editor => vec![Effect::Editor(state.chat.input.text().to_owned())],
        Action::Find => find(state),
        Action::Sessions => sessions(state),
        Action::Transcript => {
            if state.chat.input.text().starts_with('/') {
                super::palette::complete(state);
            } else if !state.chat.path.is_empty() {
                let last = state.chat.path.len() - 1;
                state.chat.chosen = Some(last);
                state.chat.transcript.show(last);
            }
            Vec::new()
        }
        Action::Older => {
            if !state.chat.input.move_row(false, cells) {
                state.chat.recall(true);
            }
            Vec::new()
        }
        Action::Newer => {
            if !state.chat.input.move_row(true, cells) {
                state.chat.recall(false);
            }
            Vec::new()
        }
        Action::PageUp | Action::PageDown => {
            let page = state.chat.transcript.page();
            let lines = if action == Action::PageUp {
                -page
            } else {
                page
            };
            scroll(&mut state.chat, lines, state.theme);
            Vec::new()
        }
        Action::NewSession => {
            renew(state);
            Vec::new()
        }
        Action::Again if state.chat.answering.is_none() => state.chat.again(now, wall),
        Action::Edit => {
            state.chat.edit();
            Vec::new()
        }
        Action::CopyCode => copy(state, true),
        Action::Sources => sources(state),
        Action::Leave => {
            if state.chat.input.is_empty() {
                state.quit = true;
            } else {
                state.chat.write(key);
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

pub fn send(state: &mut State) -> Vec<Effect> {
    let text = state.chat.input.text().to_owned();
    if text.trim().is_empty() {
        return Vec::new();
    }
    if let Some(effects) = commands::run(state, &text) {
        return effects;
    }
    if state.chat.answering.is_some() {
        state.say(say("tui-busy", &[]));
        return Vec::new();
    }
    state.chat.input.take();
    let question = if text.starts_with("//") {
        text[1..].to_owned()
    } else {
        text
    };
    state.chat.send(question, state.now, state.wall)
}

fn reading(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let Some(action) = action(&[READING], &key) else {
        return Vec::new();
    };
    let (now, wall, theme) = (state.now, state.wall, state.theme);
    let chat = &mut state.chat;
    let last = chat.path.len().saturating_sub(1);
    let page = chat.transcript.page();
    let place = chat.chosen.unwrap_or(last);
    match action {
        Action::Down if place >= last => {
            chat.transcript.go_to_end();
            Vec::new()
        }
        Action::Up | Action::Down => {
            let place = if action == Action::Up {
                place.saturating_sub(1)
            } else {
                place + 1
            };
            chat.chosen = Some(place);
            chat.transcript.show(place);
            Vec::new()
        }
        Action::Last => {
            chat.chosen = Some(last);
            chat.transcript.go_to_end();
            Vec::new()
        }
        Action::First => {
            chat.chosen = Some(0);
            to_start(chat, theme);
            Vec::new()
        }
        Action::PageUp | Action::PageDown => {
            scroll(
                chat,
                if action == Action::PageUp {
                    -page
                } else {
                    page
                },
                theme,
            );
            Vec::new()
        }
        Action::Back => {
            chat.chosen = None;
            chat.transcript.go_to_end();
            Vec::new()
        }
        Action::Again if chat.answering.is_none() => chat.again(now, wall),
        Action::Edit => {
            chat.edit();
            Vec::new()
        }
        Action::PreviousBranch | Action::NextBranch if chat.answering.is_none() => {
            chat.beside(action == Action::NextBranch)
        }
        Action::Copy => copy(state, false),
        Action::CopyCode => copy(state, true),
        Action::Sources => sources(state),
        Action::Help => help(state),
        _ => Vec::new(),
    }
}

fn monitoring(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let Some(action) = action(&[monitor::KEYS], &key) else {
        return Vec::new();
    };
    let page = usize::from(state.size.1).saturating_sub(4).max(1);
    let scroll = &mut state.monitor.scroll;
    match action {
        Action::Up => *scroll = scroll.saturating_sub(1),
        Action::Down => *scroll = scroll.saturating_add(1),
        Action::PageUp => *scroll = scroll.saturating_sub(page),
        Action::PageDown => *scroll = scroll.saturating_add(page),
        Action::First => *scroll = 0,
        // Drawing brings it back to what there is.
        Action::Last => *scroll = usize::MAX / 2,
        Action::Chat => return open(state, Screen::Chat),
        Action::Help => return help(state),
        Action::Import => return import(state),
        _ => {}
    }
    Vec::new()
}

fn choosing(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let name = state.models.row().map(|row| row.name.clone());
    match (action(&[models::KEYS], &key), name) {
        (Some(Action::Up), _) => state.models.go(-1),
        (Some(Action::Down), _) => state.models.go(1),
        (Some(Action::Chat), _) => return open(state, Screen::Chat),
        (Some(Action::Help), _) => return help(state),
        (Some(Action::Round), _) => return pairing::round(state),
        (Some(Action::Show), Some(name)) => return vec![Effect::ShowModel(name)],
        (Some(Action::Choose), Some(name)) => {
            state.models.used = Some(name.clone());
            let mut effects = vec![Effect::UseModel(name.clone())];
            effects.extend(state.chat.load(name));
            open(state, Screen::Chat);
            return effects;
        }
        _ => {}
    }
    Vec::new()
}

/// Looks at the stick that is there; where there is none, or several, it asks which.
fn import(state: &mut State) -> Vec<Effect> {
    let sticks = state
        .monitor
        .overview
        .as_ref()
        .map(|it| it.sticks.clone())
        .unwrap_or_default();
    let title = say("tui-import-title", &[]);
    if let [only] = sticks.as_slice() {
        let path = only.path.clone();
        let lines = vec![say("tui-looking", &[("path", path.clone())]).into()];
        let purpose = Purpose::Looking(path.clone());
        state.overlay = Some(Overlay::Dialog(Dialog::new(title, lines, purpose)));
        return vec![Effect::Preview(path)];
    }
    let lines = vec![Line::raw(say("tui-import-what", &[]))];
    let mut dialog = Dialog::new(title, lines, Purpose::Path);
    if let Some(first) = sticks.first() {
        dialog.input.set(&first.path);
    }
    state.overlay = Some(Overlay::Dialog(dialog));
    Vec::new()
}

/// Goes to a screen.
pub fn open(state: &mut State, screen: Screen) -> Vec<Effect> {
    state.screen = screen;
    state.overlay = None;
    match screen {
        Screen::Chat => Vec::new(),
        Screen::Monitor => look(state),
        Screen::Models => vec![Effect::ListModels],
        Screen::Peers => look_at_peers(state),
    }
}

/// Opens the help.
pub fn help(state: &mut State) -> Vec<Effect> {
    state.overlay = Some(Overlay::Help(Help::default()));
    Vec::new()
}

/// Opens the search; the draft stays where it is.
pub fn find(state: &mut State) -> Vec<Effect> {
    state.overlay = Some(Overlay::Find(Find::default()));
    Vec::new()
}

/// Opens the list of conversations.
pub fn sessions(state: &mut State) -> Vec<Effect> {
    state.overlay = Some(Overlay::Sessions(Sessions::default()));
    vec![Effect::ListSessions]
}

/// Begins a new conversation.
pub fn renew(state: &mut State) {
    if state.chat.answering.is_some() {
        state.say(say("tui-busy", &[]));
    } else {
        state.chat.renew();
    }
}

/// The mouse on or off.
pub fn mouse(state: &mut State) -> Vec<Effect> {
    state.mouse = !state.mouse;
    let code = if state.mouse {
        "tui-mouse-on"
    } else {
        "tui-mouse-off"
    };
    state.say(say(code, &[]));
    vec![Effect::Mouse(state.mouse)]
}

/// Copies the chosen message, or its code.
pub fn copy(state: &mut State, code: bool) -> Vec<Effect> {
    match state.chat.copied(code) {
        Some(text) => {
            let count = text.chars().count().to_string();
            state.say(say("tui-copied", &[("count", count)]));
            vec![Effect::Copy(text)]
        }
        None => {
            let code = if code {
                "tui-no-code"
            } else {
                "tui-nothing-to-copy"
            };
            state.say(say(code, &[]));
            Vec::new()
        }
    }
}

/// Shows where quotations come from.
fn sources(state: &mut State) -> Vec<Effect> {
    let quotes = state.chat.sources();
    if quotes.is_empty() {
        state.say(say("tui-no-sources", &[]));
        return Vec::new();
    }
    let mut lines = Vec::new();
    for (number, quote) in quotes.iter().enumerate() {
        let word = |key: &str| quote.get(key).and_then(Value::as_str).unwrap_or_default();
        if number > 0 {
            lines.push(Line::default());
        }
        let name = format!("[{}] {}", number + 1, printable_line(word("name")));
        lines.push(Line::styled(name, state.theme.strong()));
        lines.push(Line::raw(printable_line(word("source")).into_owned()));
        let origin = [("origin", word("origin").to_owned())];
        lines.push(Line::styled(
            printable_text(&say("hit-origin", &origin)).into_owned(),
            state.theme.quiet(),
        ));
    }
    let dialog = Dialog::new(say("tui-sources", &[]), lines, Purpose::Say);
    state.overlay = Some(Overlay::Dialog(dialog));
    Vec::new()
}

/// Deletes the conversation that is named; if it is the one shown, a new one begins.
pub fn delete(state: &mut State, session: i64) -> Vec<Effect> {
    if state.chat.session == Some(session) {
        state.chat.renew();
    }
    vec![Effect::Keep(Keep::Delete(session)), Effect::ListSessions]
}

/// Cells of the input on a terminal of some columns: a mark stands before it.
pub fn input_cells(columns: u16) -> usize {
    usize::from(columns).saturating_sub(3).max(4)
}

/// The tables of keys that are in force, the nearest first: the foot line is made of them.
pub fn tables(state: &State) -> Vec<&'static [super::keys::Binding]> {
    let stop = match state.chat.answering {
        Some(_) => STOP,
        None => &[],
    };
    let leave = match state.chat.answering.is_none() && state.chat.input.is_empty() {
        true => LEAVE,
        false => &[],
    };
    match &state.overlay {
        Some(Overlay::Help(_)) => vec![help::KEYS],
        Some(Overlay::Find(_)) => vec![LIST, find::KEYS],
        Some(Overlay::Sessions(_)) => vec![LIST, sessions::KEYS],
        Some(Overlay::Dialog(dialog)) if dialog.asks() => vec![LIST],
        Some(Overlay::Dialog(dialog)) => vec![dialog.keys()],
        Some(Overlay::Ticket(_)) => vec![pairing::TICKET],
        None => match state.screen {
            Screen::Chat if state.chat.chosen.is_some() => vec![stop, READING],
            Screen::Chat => vec![stop, KEYS, leave, GLOBAL],
            Screen::Monitor => vec![stop, monitor::KEYS, GLOBAL],
            Screen::Models => vec![stop, models::KEYS, GLOBAL],
            Screen::Peers => vec![stop, peers::KEYS, GLOBAL],
        },
    }
}
