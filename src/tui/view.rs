//! The frame: a title line, the screen, a foot line with what can be pressed or what just happened.
//!
//! Drawing changes nothing but what it remembers of rendered lines and where the end of a scroll is.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::messages::say;
use crate::node::{Speaker, printable_line};

use super::chat::Model;
use super::dialog::Purpose;
use super::input::Input;
use super::keys::{Action, Binding};
use super::monitor::{self, Work};
use super::state::{Overlay, Screen, State};
use super::text::{fit, pad, width, wrap, wrap_plain};
use super::{transcript, update};

/// Text is not set wider than this: longer lines are hard to read.
const WIDEST: u16 = 100;
/// From here on there is room for words beside marks.
const ROOMY: u16 = 60;
/// Most rows of a notice.
const FOOT: usize = 4;

/// Asks for the coloured form of the character before it.
const EMOJI_STYLE: char = '\u{fe0f}';

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, state: &mut State) {
    compose(frame, state);
    // Terminals disagree on the width of an emoji with U+FE0F behind it; without, all draw one column. The column
    // that it loses is blank.
    for cell in &mut frame.buffer_mut().content {
        if cell.symbol().contains(EMOJI_STYLE) {
            let plain = cell.symbol().replace(EMOJI_STYLE, "");
            cell.set_symbol(&plain);
        }
    }
}

fn compose(frame: &mut Frame<'_>, state: &mut State) {
    let area = frame.area();
    if area.height < 4 || area.width < 10 {
        return;
    }
    title(frame, Rect { height: 1, ..area }, state);
    let foot = foot_lines(state, (area.width, area.height));
    let height = u16::try_from(foot.len()).unwrap_or(1);
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1 - height,
        ..area
    };
    for (y, line) in (body.bottom()..).zip(&foot) {
        frame.buffer_mut().set_line(area.x, y, line, area.width);
    }
    let overlay = state.overlay.take();
    match &overlay {
        Some(Overlay::Help(help)) => super::lists::help(frame, body, help, state.theme),
        Some(Overlay::Find(find)) => super::lists::find(frame, body, find, state),
        Some(Overlay::Sessions(sessions)) => super::lists::sessions(frame, body, sessions, state),
        Some(Overlay::Dialog(dialog)) => self::dialog(frame, body, dialog, state),
        Some(Overlay::Ticket(ticket)) => super::ticket::draw(frame, body, ticket, state),
        None => match state.screen {
            Screen::Chat => chat(frame, body, state),
            Screen::Monitor => self::monitor(frame, body, state),
            Screen::Models => super::lists::models(frame, body, state),
            Screen::Peers => peers(frame, body, state),
        },
    }
    state.overlay = overlay;
}

fn title(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let theme = state.theme;
    let mut left = vec![Span::styled("okibi", theme.ember())];
    let shown = match state.screen {
        Screen::Chat => printable_line(&state.chat.title).into_owned(),
        Screen::Monitor => say("tui-monitor", &[]),
        Screen::Models => say("tui-models", &[]),
        Screen::Peers => say("tui-peers", &[]),
    };
    let tabs = if area.width >= ROOMY {
        let names = [
            (Screen::Chat, "F2", say("tui-chat", &[])),
            (Screen::Monitor, "F3", say("tui-monitor", &[])),
            (Screen::Models, "F4", say("tui-models", &[])),
            #[cfg(feature = "lan")]
            (Screen::Peers, "F5", say("tui-peers", &[])),
        ];
        let shown = names
            .into_iter()
            .filter(|(screen, ..)| *screen != state.screen);
        let words: Vec<String> = shown
            .map(|(_, key, name)| format!("{key} {name}"))
            .collect();
        words.join("  ")
    } else {
        String::new()
    };
    let room = usize::from(area.width).saturating_sub(width(&tabs) + 9);
    left.push(Span::raw(format!("  {}", fit(&shown, room))));
    frame
        .buffer_mut()
        .set_line(area.x, area.y, &Line::from(left), area.width);
    let at = area
        .right()
        .saturating_sub(u16::try_from(width(&tabs)).unwrap_or(0));
    frame
        .buffer_mut()
        .set_line(at, area.y, &Line::styled(tabs, theme.quiet()), area.width);
}

/// Rows of the foot: a notice that is longer than a line is read to its end, because its end says what to do.
fn foot_lines(state: &State, (columns, rows): (u16, u16)) -> Vec<Line<'static>> {
    let Some(notice) = &state.notice else {
        return vec![keys_line(state, columns)];
    };
    let theme = state.theme;
    let (mark, style) = if notice.bad {
        ("! ", theme.bad())
    } else {
        ("", theme.text())
    };
    let words = printable_line(&notice.words.replace('\n', " · ")).into_owned();
    let cells = usize::from(columns);
    let first = [(mark.to_owned(), style)];
    let rest = [(" ".repeat(width(mark)), style)];
    let mut lines = wrap(&[(words, style)], cells, &first, &rest);
    lines.truncate(usize::from(rows / 4).clamp(1, FOOT));
    lines
}

/// The keys that are in force, the nearest first; the help among them at any width.
fn keys_line(state: &State, columns: u16) -> Line<'static> {
    let theme = state.theme;
    let shown = |binding: &Binding| {
        let name = binding.chords.first().map(|chord| chord.name());
        (name.unwrap_or_default(), say(binding.words, &[]))
    };
    let cells = |binding: &Binding| {
        let (name, words) = shown(binding);
        width(&name) + width(&words) + 3
    };
    let tables = update::tables(state);
    let all = || {
        tables
            .iter()
            .flat_map(|table| table.iter())
            .filter(|it| it.foot)
    };
    // Help, and the way out, have their place at any width.
    let helps = |it: &&Binding| {
        let ends = matches!(it.action, Action::Leave | Action::Interrupt);
        it.action == Action::Help || ends
    };
    let kept: usize = all().filter(helps).map(cells).sum();
    let mut left = (usize::from(columns) + 2).saturating_sub(kept);
    let mut spans: Vec<Span<'static>> = Vec::new();
    for binding in all() {
        if !helps(&binding) {
            if cells(binding) > left {
                continue;
            }
            left -= cells(binding);
        }
        let (name, words) = shown(binding);
        spans.push(Span::styled(name, theme.key()));
        spans.push(Span::styled(format!(" {words}  "), theme.quiet()));
    }
    Line::from(spans)
}

fn chat(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let theme = state.theme;
    let cells = update::input_cells(area.width);
    let (rows, _) = state.chat.input.rows(cells);
    let most = usize::from(area.height / 3).max(1);
    let input_rows = u16::try_from(rows.len().min(most)).unwrap_or(1);
    let text = Rect {
        height: area.height.saturating_sub(input_rows + 1),
        ..area
    };
    let seen = Rect {
        width: text.width.min(WIDEST),
        ..text
    };
    if state.chat.path.is_empty() {
        welcome(frame, seen, state);
    } else {
        transcript::draw(frame, seen, &mut state.chat, state.now, theme);
    }
    let rule = Rect {
        y: text.bottom(),
        height: 1,
        ..area
    };
    status_rule(frame, rule, state);
    let input = Rect {
        y: rule.bottom(),
        height: input_rows,
        ..area
    };
    let focused = state.chat.chosen.is_none();
    write_input(frame, input, &state.chat.input, "› ", focused, state);
    super::palette::draw(frame, text, state);
}

/// What stands between the messages and the input: who answers, how full its context is, how fast it is.
fn status_rule(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (chat, theme) = (&state.chat, state.theme);
    let mut words = vec![chat.model_words()];
    if chat.editing.is_some() {
        words.push(say("tui-editing", &[]));
    }
    if let Some(answering) = &chat.answering {
        words.push(transcript::progress(answering, state.now));
    }
    if let Model::Ready { context, .. } = &chat.model {
        // The last token of an answer that filled the context was never read again.
        let used = chat.tokens().min(*context as u64);
        let about = [("used", used.to_string()), ("context", context.to_string())];
        let code = if area.width >= ROOMY {
            "tui-context"
        } else {
            "tui-context-short"
        };
        words.push(say(code, &about));
        if chat.rate > 0.0 && chat.answering.is_none() {
            words.push(say("tui-rate", &[("rate", format!("{:.0}", chat.rate))]));
        }
    }
    if !chat.saves {
        words.push(say("tui-not-kept", &[]));
    }
    if !chat.transcript.at_end() {
        words.push(say("tui-more-below", &[]));
    }
    let words = printable_line(&words.join(" · ")).into_owned();
    let words = fit(&words, usize::from(area.width).saturating_sub(6));
    let rest = usize::from(area.width).saturating_sub(width(&words) + 4);
    let line = Line::styled(format!("── {words} {}", "─".repeat(rest)), theme.quiet());
    frame
        .buffer_mut()
        .set_line(area.x, area.y, &line, area.width);
}

/// Draws an input, and puts the terminal's cursor where it is written.
pub fn write_input(
    frame: &mut Frame<'_>,
    area: Rect,
    input: &Input,
    mark: &str,
    focused: bool,
    state: &State,
) {
    let left = u16::try_from(width(mark)).unwrap_or(2);
    let cells = usize::from(area.width.saturating_sub(left + 1)).max(4);
    let (rows, (row, cell)) = input.rows(cells);
    let height = usize::from(area.height.max(1));
    // The row of the cursor is always seen.
    let first = (row + 1).saturating_sub(height);
    let mark_style = if focused {
        state.theme.ember()
    } else {
        state.theme.quiet()
    };
    let buffer = frame.buffer_mut();
    for (at, shown) in rows.iter().skip(first).take(height).enumerate() {
        let y = area.y + u16::try_from(at).unwrap_or(0);
        if at + first == 0 {
            buffer.set_line(
                area.x,
                y,
                &Line::styled(mark.to_owned(), mark_style),
                area.width,
            );
        }
        let text = printable_line(&shown.text).into_owned();
        buffer.set_line(
            area.x + left,
            y,
            &Line::raw(text),
            area.width.saturating_sub(left),
        );
    }
    if focused {
        let x = area.x + left + u16::try_from(cell).unwrap_or(0);
        let y = area.y + u16::try_from(row - first).unwrap_or(0);
        frame.set_cursor_position(Position {
            x: x.min(area.right().saturating_sub(1)),
            y,
        });
    }
}

/// What a person sees who has asked nothing yet.
fn welcome(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let theme = state.theme;
    let cells = usize::from(area.width.saturating_sub(4)).min(64);
    let mut lines = Vec::new();
    match &state.chat.model {
        Model::Manual => {
            lines.extend(wrap_plain(
                &say("tui-welcome-manual", &[]),
                cells,
                theme.text(),
            ));
            lines.push(Line::default());
            lines.extend(wrap_plain(
                &say("tui-welcome-add", &[]),
                cells,
                theme.quiet(),
            ));
        }
        Model::Loading(_) | Model::Ready { .. } => {
            let name = [("name", state.chat.model_words())];
            lines.extend(wrap_plain(&say("tui-welcome", &name), cells, theme.text()));
            if let Model::Ready {
                toy: true,
                name,
                note,
                ..
            } = &state.chat.model
            {
                let about = [("name", name.clone()), ("note", note.clone())];
                let words = printable_line(&say("chat-toy", &about)).into_owned();
                lines.extend(wrap_plain(&words, cells, theme.text()));
            }
            lines.push(Line::default());
            lines.extend(wrap_plain(
                &say("tui-welcome-here", &[]),
                cells,
                theme.quiet(),
            ));
        }
    }
    lines.push(Line::default());
    for (keys, code) in [
        ("Enter", "tui-key-send"),
        ("^R", "tui-key-find"),
        ("^O", "tui-key-sessions"),
        ("/", "tui-help-commands"),
        ("F1 ?", "tui-key-help"),
    ] {
        lines.push(Line::from(vec![
            Span::styled(pad(keys, 8), theme.key()),
            Span::styled(say(code, &[]), theme.quiet()),
        ]));
    }
    let above = usize::from(area.height).saturating_sub(lines.len()) / 3;
    for (at, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        let y = area.y + u16::try_from(at + above).unwrap_or(0);
        if y < area.bottom() {
            frame
                .buffer_mut()
                .set_line(area.x + 2, y, line, area.width.saturating_sub(2));
        }
    }
}

fn monitor(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let theme = state.theme;
    let cells = usize::from(area.width.min(WIDEST));
    let work = work(state);
    let lines = match &state.monitor.overview {
        Some(overview) => monitor::lines(overview, &work, cells, theme),
        None => vec![Line::styled(say("tui-looking-around", &[]), theme.quiet())],
    };
    let most = lines.len().saturating_sub(usize::from(area.height));
    state.monitor.scroll = state.monitor.scroll.min(most);
    scrolled(frame, area, &lines, state.monitor.scroll);
}

fn peers(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let cells = usize::from(area.width.min(WIDEST));
    let (lines, (first, behind)) = super::peers::lines(&state.peers, cells, state.theme);
    // The chosen row is seen whole; of what stands above the first, everything.
    let height = usize::from(area.height);
    let mut scroll = behind.saturating_sub(height);
    if state.peers.chosen > 0 && first < scroll {
        scroll = first;
    }
    if behind + 2 >= lines.len() {
        scroll = lines.len().saturating_sub(height).min(first);
    }
    scrolled(frame, area, &lines, scroll);
}

/// What the model does now.
pub fn work(state: &State) -> Work {
    let chat = &state.chat;
    Work {
        model: chat.model_words(),
        doing: chat
            .answering
            .as_ref()
            .map(|it| transcript::progress(it, state.now))
            .unwrap_or_default(),
        rates: chat.rates.clone(),
    }
}

/// Lines from a place on; marks say whether there are more.
pub fn scrolled(frame: &mut Frame<'_>, area: Rect, lines: &[Line<'static>], scroll: usize) {
    let height = usize::from(area.height);
    let buffer = frame.buffer_mut();
    for (at, line) in lines.iter().skip(scroll).take(height).enumerate() {
        let y = area.y + u16::try_from(at).unwrap_or(0);
        buffer.set_line(area.x, y, line, area.width);
    }
    let edge = area.right().saturating_sub(1);
    if scroll > 0 {
        buffer.set_string(edge, area.y, "↑", ratatui::style::Style::new());
    }
    if lines.len() > scroll + height {
        buffer.set_string(
            edge,
            area.bottom().saturating_sub(1),
            "↓",
            ratatui::style::Style::new(),
        );
    }
}

fn dialog(frame: &mut Frame<'_>, area: Rect, dialog: &super::dialog::Dialog, state: &State) {
    let theme = state.theme;
    let cells = usize::from(area.width.saturating_sub(2).min(WIDEST));
    let mut lines = vec![
        Line::styled(fit(&dialog.title, cells), theme.strong()),
        Line::default(),
    ];
    for line in &dialog.lines {
        let style = line.style;
        let runs: Vec<(String, _)> = line
            .spans
            .iter()
            .map(|span| (span.content.to_string(), style.patch(span.style)))
            .collect();
        lines.extend(wrap(&runs, cells, &[], &[]));
    }
    if let Purpose::Import(_) = dialog.purpose {
        lines.push(Line::default());
        lines.extend(wrap_plain(
            &say("tui-import-sure", &[]),
            cells,
            theme.strong(),
        ));
    }
    let scroll = dialog
        .scroll
        .min(lines.len().saturating_sub(usize::from(area.height)));
    scrolled(
        frame,
        Rect {
            height: area.height.saturating_sub(1),
            ..area
        },
        &lines,
        scroll,
    );
    if dialog.asks() {
        let row = Rect {
            y: area.bottom() - 1,
            height: 1,
            ..area
        };
        write_input(frame, row, &dialog.input, "› ", true, state);
    }
}

/// Who speaks, in a word.
pub fn speaker(role: Speaker) -> String {
    match role {
        Speaker::User => say("tui-you", &[]),
        Speaker::Manual => say("tui-the-manual", &[]),
        Speaker::Model => say("tui-model", &[]),
    }
}
