//! The messages of a conversation as lines, and which of them are on the screen.
//!
//! Only what is seen is rendered: the place on the screen is a message and a line of it, or the end. So ten thousand
//! messages cost as much as ten. A message that was rendered is remembered for its width; of one that grows, only the
//! last segment is rendered again.

use std::collections::HashMap;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use serde_json::Value;

use crate::messages::say;
use crate::node::{MessageRow, Speaker, printable_line, printable_text};

use super::chat::{Answering, Chat};
use super::markdown::{render, segments};
use super::text::{fit, width, wrap, wrap_plain};
use super::theme::Theme;

/// Rendered messages that are remembered: some screens full of short ones.
const REMEMBERED: usize = 512;
/// Cells that a message's text stands to the right of who said it.
const INDENT: usize = 2;
/// The mark of what stayed on this machine.
const HERE: &str = "⌂";

/// What stands at the top of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// The newest line stands at the bottom, also when another one comes.
    #[default]
    End,
    /// This line of this message stands at the top.
    At(usize, usize),
}

/// The view of a conversation.
#[derive(Debug, Default)]
pub struct Transcript {
    place: Place,
    rendered: HashMap<i64, Rendered>,
    /// Cells and rows when it was drawn last.
    cells: usize,
    rows: usize,
    /// The chosen message shall be seen when it is drawn next.
    seek: Option<usize>,
}

#[derive(Debug, Default)]
struct Rendered {
    cells: usize,
    /// Bytes of the text that were rendered, and how many of them are final.
    bytes: usize,
    frozen: usize,
    frozen_lines: usize,
    lines: Vec<Line<'static>>,
}

impl Transcript {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.rendered.clear();
        self.place = Place::End;
        self.seek = None;
    }

    /// Goes to the end and stays there.
    pub fn go_to_end(&mut self) {
        self.seek = None;
        self.place = Place::End;
    }

    /// Whether the end is shown.
    pub fn at_end(&self) -> bool {
        self.place == Place::End
    }

    /// Has a message seen.
    pub fn show(&mut self, place: usize) {
        self.seek = Some(place);
    }

    /// Shows a message at the top of the screen.
    pub fn begin_at(&mut self, place: usize) {
        self.place = Place::At(place, 0);
    }

    /// How many messages are remembered as lines.
    #[cfg(test)]
    pub fn remembered(&self) -> usize {
        self.rendered.len()
    }

    /// Rows of a page, but one.
    pub fn page(&self) -> i32 {
        i32::try_from(self.rows.saturating_sub(1))
            .unwrap_or(1)
            .max(1)
    }
}

/// Scrolls by lines: negative is up.
pub fn scroll(chat: &mut Chat, lines: i32, theme: Theme) {
    let last = chat.path.len().saturating_sub(1);
    let (mut at, mut line) = top(chat, theme);
    let mut left = lines.unsigned_abs() as usize;
    if lines < 0 {
        while left > line && at > 0 {
            left -= line + 1;
            at -= 1;
            line = height(chat, at, theme).saturating_sub(1);
        }
        line = line.saturating_sub(left);
        chat.transcript.place = Place::At(at, line);
    } else {
        line += left;
        while line >= height(chat, at, theme) && at < last {
            line -= height(chat, at, theme);
            at += 1;
        }
        chat.transcript.place = Place::At(at, line);
    }
    settle(chat, theme);
}

/// Goes to the first message.
pub fn to_start(chat: &mut Chat, theme: Theme) {
    chat.transcript.seek = None;
    chat.transcript.place = Place::At(0, 0);
    settle(chat, theme);
}

/// Where less than a screen is left below the top, the end is shown.
fn settle(chat: &mut Chat, theme: Theme) {
    if let Place::At(at, line) = chat.transcript.place {
        let rows = chat.transcript.rows;
        let (mut seen, mut place) = (0, at);
        while place < chat.path.len() && seen < rows + line + 1 {
            seen += height(chat, place, theme);
            place += 1;
        }
        if place >= chat.path.len() && seen <= rows + line {
            chat.transcript.place = Place::End;
        }
    }
}

/// The message and line at the top of the screen.
fn top(chat: &mut Chat, theme: Theme) -> (usize, usize) {
    match chat.transcript.place {
        Place::At(at, line) => (at.min(chat.path.len().saturating_sub(1)), line),
        Place::End => {
            let mut left = chat.transcript.rows;
            for at in (0..chat.path.len()).rev() {
                let lines = height(chat, at, theme);
                if lines >= left {
                    return (at, lines - left);
                }
                left -= lines;
            }
            (0, 0)
        }
    }
}

/// Makes the chosen message seen.
fn seek(chat: &mut Chat, theme: Theme) {
    let Some(wanted) = chat.transcript.seek.take() else {
        return;
    };
    let (at, line) = top(chat, theme);
    if wanted < at || (wanted == at && line > 0) {
        chat.transcript.place = Place::At(wanted, 0);
    } else {
        let rows = chat.transcript.rows;
        let mut below = 0;
        for place in at..=wanted.min(chat.path.len().saturating_sub(1)) {
            below += height(chat, place, theme);
            if below > rows + line + height(chat, wanted, theme) {
                break;
            }
        }
        let over = below.saturating_sub(line);
        if over > rows {
            // The end of the message at the bottom, or its beginning at the top if it is longer than that.
            let own = height(chat, wanted, theme);
            if own >= rows || over > rows + own {
                chat.transcript.place = Place::At(wanted, 0);
            } else {
                let lines = i32::try_from(over - rows).unwrap_or(i32::MAX);
                return scroll(chat, lines, theme);
            }
        }
    }
    settle(chat, theme);
}

/// Lines of the message at a place of the path: an empty one, who said it, its text.
fn height(chat: &mut Chat, place: usize, theme: Theme) -> usize {
    let cells = chat.transcript.cells;
    let Some(message) = chat.path.get(place).and_then(|at| chat.messages.get(*at)) else {
        return 0;
    };
    2 + body(&mut chat.transcript.rendered, message, cells, theme).len()
}

fn body<'a>(
    rendered: &'a mut HashMap<i64, Rendered>,
    message: &MessageRow,
    cells: usize,
    theme: Theme,
) -> &'a [Line<'static>] {
    if rendered.len() > REMEMBERED && !rendered.contains_key(&message.id) {
        rendered.clear();
    }
    let it = rendered.entry(message.id).or_default();
    if it.cells != cells {
        *it = Rendered {
            cells,
            ..Rendered::default()
        };
    }
    if it.bytes != message.text.len() || (it.lines.is_empty() && message.role == Speaker::Manual) {
        renew(it, message, cells.saturating_sub(INDENT), theme);
        it.bytes = message.text.len();
    }
    &it.lines
}

fn renew(it: &mut Rendered, message: &MessageRow, cells: usize, theme: Theme) {
    match message.role {
        Speaker::User => {
            it.lines = indented(wrap_plain(
                &printable_text(message.text.trim_end()),
                cells,
                theme.text(),
            ));
        }
        Speaker::Manual => it.lines = indented(quotations(message, cells, theme)),
        Speaker::Model => {
            let text = printable_text(&message.text);
            it.lines.truncate(it.frozen_lines);
            let ranges = segments(&text);
            let last = ranges.last().map_or(0, |range| range.start);
            for range in ranges {
                if range.start < it.frozen {
                    continue;
                }
                if !it.lines.is_empty() {
                    it.lines.push(Line::default());
                }
                if range.start == last {
                    it.frozen = last;
                    it.frozen_lines = it
                        .lines
                        .len()
                        .saturating_sub(usize::from(!it.lines.is_empty()));
                }
                let source = text.get(range).unwrap_or_default();
                it.lines.extend(indented(render(source, cells, theme)));
            }
        }
    }
}

fn quotations(message: &MessageRow, cells: usize, theme: Theme) -> Vec<Line<'static>> {
    let quotes = message.quotes.as_array().map_or(&[][..], Vec::as_slice);
    let code = if quotes.is_empty() {
        "manual-nothing"
    } else {
        "tui-quoted"
    };
    let mut lines = wrap_plain(&say(code, &[]), cells, theme.quiet());
    for (number, quote) in quotes.iter().enumerate() {
        let word = |key: &str| quote.get(key).and_then(Value::as_str).unwrap_or_default();
        lines.push(Line::default());
        let name = format!("[{}] {}", number + 1, printable_line(word("name")));
        lines.extend(wrap(
            &[(name, theme.strong())],
            cells,
            &[],
            &[("    ".to_owned(), Style::new())],
        ));
        let bar = ("▎ ".to_owned(), theme.quiet());
        let text = printable_text(word("text"));
        let mut first = true;
        for range in segments(&text) {
            if !std::mem::take(&mut first) {
                lines.push(Line::styled("▎", theme.quiet()));
            }
            for line in render(
                text.get(range).unwrap_or_default(),
                cells.saturating_sub(2),
                theme,
            ) {
                let mut spans = vec![Span::styled(bar.0.clone(), bar.1)];
                spans.extend(
                    line.spans
                        .into_iter()
                        .map(|span| span.patch_style(line.style)),
                );
                lines.push(Line::from(spans));
            }
        }
    }
    lines
}

fn indented(lines: Vec<Line<'static>>) -> Vec<Line<'static>> {
    let indent = |mut line: Line<'static>| {
        if !line.spans.is_empty() {
            line.spans.insert(0, Span::raw(" ".repeat(INDENT)));
        }
        line
    };
    lines.into_iter().map(indent).collect()
}

/// Who said a message, and what is to be said of it.
fn head(chat: &Chat, place: usize, now: u64, theme: Theme) -> Line<'static> {
    let Some(message) = chat.at(place) else {
        return Line::default();
    };
    let cells = chat.transcript.cells;
    let chosen = chat.chosen == Some(place);
    let (name, style) = match message.role {
        Speaker::User => (say("tui-you", &[]), theme.strong()),
        Speaker::Manual => (say("tui-the-manual", &[]), theme.ember()),
        Speaker::Model => (message.model.clone().unwrap_or_default(), theme.ember()),
    };
    let name = printable_line(&name).into_owned();
    let mark = if chosen { "▸ " } else { "" };
    let style = if chosen { theme.chosen() } else { style };
    let mut spans = vec![Span::styled(
        format!("{mark}{}", fit(&name, cells / 2)),
        style,
    )];
    let mut said = Vec::new();
    let (number, of) = chat.siblings(message);
    if of > 1 {
        said.push(format!("‹{number}/{of}›"));
    }
    let answering = chat
        .answering
        .as_ref()
        .filter(|it| it.id == Some(message.id));
    match (answering, message.role, message.ended.as_deref()) {
        (Some(answering), ..) => said.push(progress(answering, now)),
        (None, Speaker::Model, None) => said.push(say("tui-broken-off", &[])),
        (None, _, Some("cancelled")) => said.push(say("tui-stopped", &[])),
        (None, _, Some("failed")) => said.push(say("tui-failed", &[])),
        (None, _, Some("context")) => said.push(say("tui-context-full", &[])),
        (None, _, Some("length")) => said.push(say("tui-length", &[])),
        _ => {}
    }
    if message.rate > 0.0 {
        let rate = [("rate", format!("{:.0}", message.rate))];
        said.push(say("tui-rate", &rate));
    }
    let words = if cells >= 60 {
        format!("{HERE} {}", say("tui-here", &[]))
    } else {
        HERE.to_owned()
    };
    said.push(words);
    let used: usize = spans.iter().map(|span| width(&span.content)).sum();
    let room = cells.saturating_sub(used + 2);
    spans.push(Span::styled(
        format!("  {}", fit(&said.join(" · "), room)),
        theme.quiet(),
    ));
    Line::from(spans)
}

/// How far an answer is that is being made.
pub fn progress(answering: &Answering, now: u64) -> String {
    if answering.stopping {
        return say("tui-stopping", &[]);
    }
    if answering.thinking {
        return say("tui-thinking", &[]);
    }
    match (answering.first, answering.reading) {
        (Some(first), _) => {
            let millis = now.saturating_sub(first).max(1);
            let rate = answering.pieces.saturating_sub(1) * 1_000 / millis;
            say("tui-answering", &[("rate", rate.to_string())])
        }
        (None, Some((done, total))) => {
            let percent = done * 100 / total.max(1);
            say("tui-reading", &[("percent", percent.to_string())])
        }
        (None, None) => say("tui-waiting", &[]),
    }
}

/// Draws what is to be seen.
pub fn draw(frame: &mut Frame<'_>, area: Rect, chat: &mut Chat, now: u64, theme: Theme) {
    chat.transcript.cells = usize::from(area.width);
    chat.transcript.rows = usize::from(area.height);
    seek(chat, theme);
    settle(chat, theme);
    let (mut at, mut skip) = top(chat, theme);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let rows = usize::from(area.height);
    while lines.len() < rows && at < chat.path.len() {
        let whole = height(chat, at, theme);
        let head = head(chat, at, now, theme);
        let id = chat.at(at).map_or(0, |it| it.id);
        let rendered = chat.transcript.rendered.get(&id);
        let texts = rendered.map_or(&[][..], |it| it.lines.as_slice());
        let all = [Line::default(), head];
        let all = all.iter().chain(texts).skip(skip).take(rows - lines.len());
        lines.extend(all.cloned());
        skip = skip.saturating_sub(whole);
        at += 1;
    }
    let buffer = frame.buffer_mut();
    for (row, line) in (area.y..area.bottom()).zip(&lines) {
        buffer.set_line(area.x, row, line, area.width);
    }
}
