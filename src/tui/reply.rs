//! What the node's threads answer, put into the state.

use ratatui::text::Line;

use crate::messages::say;
use crate::node::{Card, printable_line, quoted_name};
use crate::present::units::size;

use super::chat::Model;
use super::dialog::{Dialog, Purpose};
use super::pairing;
use super::state::{Effect, Overlay, Reply, Screen, State};

/// Handles a reply.
pub fn reply(state: &mut State, reply: Reply) -> Vec<Effect> {
    let (now, wall) = (state.now, state.wall);
    match reply {
        Reply::Loaded {
            name,
            toy,
            note,
            origin,
            context,
        } => {
            if let Some(origin) = origin {
                let about = [("name", name.clone()), ("origin", quoted_name(&origin))];
                state.say(say("chat-foreign", &about));
            }
            if toy {
                let about = [("name", name.clone()), ("note", note.clone())];
                state.say(say("chat-toy", &about));
            }
            let model = Model::Ready {
                name,
                toy,
                note,
                context,
            };
            return state.chat.loaded(model, now, wall);
        }
        Reply::NotLoaded(words) => {
            state.complain(words);
            return state.chat.not_loaded(now, wall);
        }
        Reply::Reading { done, total } => {
            if let Some(answering) = &mut state.chat.answering {
                answering.reading = Some((done, total));
                answering.prompt = total as u64;
            }
        }
        Reply::Text(piece) => return state.chat.piece(&piece, now),
        Reply::Thought => {
            if let Some(answering) = &mut state.chat.answering {
                answering.thinking = true;
                answering.pieces += 1;
            }
        }
        Reply::Done(answer) => {
            state.no_longer_busy();
            state.chat.note_rate(now);
            if answer.left_out > 0 {
                let count = answer.left_out.to_string();
                state.say(say("chat-left-out", &[("count", count)]));
            }
            return state.chat.done(Some(answer));
        }
        Reply::Failed(words) => {
            state.complain(words);
            let empty = state.chat.answer_is_empty();
            let effects = state.chat.done(None);
            // Nothing came of it: the question is not to be written again.
            if empty && state.chat.input.is_empty() && state.chat.chosen.is_none() {
                state.chat.edit();
            }
            return effects;
        }
        Reply::Quoted(answer) => {
            state.no_longer_busy();
            let (text, quotes) = crate::node::quoted(&answer);
            return state.chat.quoted(&text, quotes, wall);
        }
        Reply::Began(local, real) => {
            if state.chat.session == Some(local) {
                state.chat.session = Some(real);
            }
        }
        Reply::Sessions(rows) => {
            if let Some(Overlay::Sessions(sessions)) = &mut state.overlay {
                sessions.rows = rows;
                sessions.read = true;
                sessions.go(0);
            }
        }
        Reply::Opened(opened, at) => {
            let (row, messages) = *opened;
            state.screen = Screen::Chat;
            state.chat.open(row, messages, at);
        }
        Reply::Found(query, hits) => {
            if let Some(Overlay::Find(find)) = &mut state.overlay {
                find.found(&query, hits);
            }
        }
        Reply::Overview(overview) => {
            state.monitor.looking = false;
            if let Some(before) = &state.monitor.overview
                && let Some(new) = overview
                    .sticks
                    .iter()
                    .find(|stick| !before.sticks.contains(stick))
            {
                state.say(say("tui-stick-there", &[("path", new.path.clone())]));
            }
            state.monitor.overview = Some(*overview);
        }
        Reply::Peers(overview, busy) => pairing::looked(state, *overview, busy),
        Reply::Invited(ticket) => {
            state.peers.busy |= ticket.here;
            state.overlay = Some(Overlay::Ticket(*ticket));
        }
        Reply::Joined(words) => {
            if matches!(&state.overlay, Some(Overlay::Dialog(_))) {
                show(state, words, |()| Purpose::Say);
            } else {
                state.say(words.join(" · "));
            }
        }
        Reply::Models(rows, used, coming) => {
            state.chat.models = rows.iter().map(|row| row.name.clone()).collect();
            state.models.read(rows, used, coming, now);
        }
        Reply::Card(name, card) => {
            let dialog = Dialog::new(name, card_lines(&card), Purpose::Say);
            state.overlay = Some(Overlay::Dialog(dialog));
        }
        Reply::Preview(path, lines, takes) => show(state, lines, |_| {
            if takes {
                Purpose::Import(path)
            } else {
                Purpose::Say
            }
        }),
        Reply::Imported(lines) => {
            state.monitor.overview = None;
            show(state, lines, |_| Purpose::Say);
            return vec![Effect::ListModels];
        }
        Reply::Said(words) => state.say(words),
        Reply::Refused(words) => {
            state.monitor.looking = false;
            state.peers.looking = false;
            state.models.looking = false;
            if matches!(&state.overlay, Some(Overlay::Dialog(_))) {
                show(state, words.lines().map(str::to_owned).collect(), |_| {
                    Purpose::Say
                });
            } else {
                state.complain(words);
            }
        }
        Reply::Edited(text) => {
            state.chat.chosen = None;
            state.chat.input.set(text.trim_end_matches('\n'));
        }
    }
    Vec::new()
}

/// Puts other words into the window that is open; one that was closed stays closed.
fn show(state: &mut State, lines: Vec<String>, purpose: impl FnOnce(()) -> Purpose) {
    if let Some(Overlay::Dialog(dialog)) = &mut state.overlay {
        let words = lines
            .iter()
            .map(|line| Line::raw(printable_line(line).into_owned()));
        dialog.lines = words.collect();
        dialog.scroll = 0;
        dialog.purpose = purpose(());
    }
}

/// What is known of a model.
fn card_lines(card: &Card) -> Vec<Line<'static>> {
    let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let rows = [
        (say("tui-card-name", &[]), text(&card.name)),
        (say("tui-card-architecture", &[]), text(&card.architecture)),
        (
            say("tui-card-parameters", &[]),
            format!("{:.1} M", card.parameters as f64 / 1e6),
        ),
        (say("tui-card-type", &[]), card.file_type.clone()),
        (say("tui-card-size", &[]), size(card.bytes)),
        (say("tui-card-context", &[]), number(card.context)),
        (say("tui-card-licence", &[]), text(&card.license)),
        (say("tui-card-about", &[]), text(&card.description)),
    ];
    let known = rows.into_iter().filter(|(_, value)| !value.is_empty());
    known
        .map(|(name, value)| Line::raw(printable_line(&format!("{name}: {value}")).into_owned()))
        .collect()
}
