//! Lists on the whole screen: conversations, search, models, and the help.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::messages::say;
use crate::node::printable_line;
use crate::present::time::duration;

use super::find::Find;
use super::help::Help;
use super::models::Models;
use super::monitor::coming_words;
use super::sessions::Sessions;
use super::state::State;
use super::text::{fit, pad, width, wrap, wrap_plain};
use super::theme::Theme;
use super::view::{scrolled, speaker, write_input};

/// A row of a list: what it is called, and what is quietly said of it.
struct Row {
    name: String,
    about: String,
}

/// Draws rows with the chosen one in sight; each takes one line, or two where there is no room.
fn rows(frame: &mut Frame<'_>, area: Rect, rows: &[Row], chosen: usize, theme: Theme) {
    let height = usize::from(area.height).max(1);
    let first = (chosen + 1).saturating_sub(height);
    let cells = usize::from(area.width);
    for (at, row) in rows.iter().enumerate().skip(first).take(height) {
        let y = area.y + u16::try_from(at - first).unwrap_or(0);
        let about = fit(&row.about, cells / 2);
        let room = cells.saturating_sub(width(&about) + 5);
        let mark = if at == chosen { "▸ " } else { "  " };
        let name = format!("{mark}{} ", pad(&row.name, room));
        let (first, second) = if at == chosen {
            (theme.chosen(), theme.chosen())
        } else {
            (theme.text(), theme.quiet())
        };
        let line = Line::from(vec![
            Span::styled(name, first),
            Span::styled(format!(" {about} "), second),
        ]);
        frame.buffer_mut().set_line(area.x, y, &line, area.width);
    }
}

fn heading(frame: &mut Frame<'_>, area: Rect, words: &str, theme: Theme) -> Rect {
    let line = Line::styled(fit(words, usize::from(area.width)), theme.strong());
    frame
        .buffer_mut()
        .set_line(area.x, area.y, &line, area.width);
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    }
}

fn paragraph(frame: &mut Frame<'_>, area: Rect, words: &str, theme: Theme) {
    let lines = wrap_plain(
        words,
        usize::from(area.width.saturating_sub(2)).min(72),
        theme.quiet(),
    );
    let area = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(2),
        ..area
    };
    scrolled(frame, area, &lines, 0);
}

/// The conversations.
pub fn sessions(frame: &mut Frame<'_>, area: Rect, it: &Sessions, state: &State) {
    let theme = state.theme;
    let title = if it.sure {
        let name = it.row().map(|row| row.title.clone()).unwrap_or_default();
        say(
            "tui-delete-sure",
            &[("name", printable_line(&name).into_owned())],
        )
    } else {
        say("tui-sessions", &[])
    };
    let area = heading(
        frame,
        area,
        &title,
        if it.sure { theme } else { state.theme },
    );
    if it.read && it.rows.is_empty() {
        return paragraph(frame, area, &say("tui-sessions-empty", &[]), theme);
    }
    let shown: Vec<Row> = it
        .rows
        .iter()
        .map(|row| {
            let model = row
                .model
                .clone()
                .unwrap_or_else(|| say("tui-the-manual", &[]));
            let past = say(
                "tui-ago",
                &[("age", duration(state.wall.saturating_sub(row.touched)))],
            );
            let messages = say("tui-messages", &[("count", row.messages.to_string())]);
            let about = if area.width >= 60 {
                format!("{model} · {messages} · {past}")
            } else {
                past
            };
            Row {
                name: printable_line(&row.title).into_owned(),
                about: printable_line(&about).into_owned(),
            }
        })
        .collect();
    rows(frame, area, &shown, it.chosen, theme);
}

/// The search in all conversations.
pub fn find(frame: &mut Frame<'_>, area: Rect, it: &Find, state: &State) {
    let theme = state.theme;
    let area = heading(frame, area, &say("tui-find", &[]), theme);
    let list = Rect {
        height: area.height.saturating_sub(1),
        ..area
    };
    let input = Rect {
        y: list.bottom(),
        height: 1,
        ..area
    };
    if it.input.is_empty() {
        paragraph(frame, list, &say("tui-find-how", &[]), theme);
    } else if it.hits.is_empty() && it.asked == it.input.text() {
        paragraph(frame, list, &say("tui-find-nothing", &[]), theme);
    }
    let shown: Vec<Row> = it
        .hits
        .iter()
        .map(|hit| {
            let who = speaker(hit.role);
            Row {
                name: printable_line(&hit.around).into_owned(),
                about: if area.width >= 60 {
                    printable_line(&format!("{who} · {}", hit.title)).into_owned()
                } else {
                    who
                },
            }
        })
        .collect();
    rows(frame, list, &shown, it.chosen, theme);
    write_input(frame, input, &it.input, "? ", true, state);
}

/// The models of this node.
pub fn models(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (it, theme) = (&state.models, state.theme);
    let area = heading(frame, area, &say("tui-models-here", &[]), theme);
    if it.read && it.rows.is_empty() && it.missing.is_empty() {
        return paragraph(frame, area, &say("tui-welcome-add", &[]), theme);
    }
    let shown: Vec<Row> = it
        .rows
        .iter()
        .map(|row| {
            let used = it.used.as_deref() == Some(row.name.as_str());
            let mut words = Vec::new();
            if used {
                words.push(say("tui-used", &[]));
            }
            if row.toy {
                words.push(say("model-toy", &[]));
            }
            words.push(row.origin.clone());
            if !row.licence.is_empty() {
                words.push(row.licence.clone());
            }
            let mark = if used { "● " } else { "  " };
            let about = printable_line(&words.join(" · ")).into_owned();
            Row {
                name: format!("{mark}{}", printable_line(&row.name)),
                about,
            }
        })
        .collect();
    let note = it.row().map(|row| row.note.clone()).unwrap_or_default();
    let coming = coming(it, area, theme);
    let below = 3 + u16::try_from(coming.len()).unwrap_or(0);
    let list = Rect {
        height: area.height.saturating_sub(below),
        ..area
    };
    rows(frame, list, &shown, it.chosen, theme);
    let under = Rect {
        y: area.bottom() - below,
        height: below - 3,
        ..area
    };
    scrolled(frame, under, &coming, 0);
    let below = Rect {
        y: area.bottom() - 2,
        height: 2,
        ..area
    };
    paragraph(frame, below, &printable_line(&note), theme);
}

/// Models that members share and that are not here yet, as far as there is room: half of the screen.
fn coming(it: &Models, area: Rect, theme: Theme) -> Vec<Line<'static>> {
    let cells = usize::from(area.width);
    let most = usize::from(area.height.saturating_sub(3) / 2);
    if it.missing.is_empty() || most < 2 {
        return Vec::new();
    }
    let title = say("tui-models-coming", &[]);
    let mut lines = vec![Line::styled(fit(&title, cells), theme.strong())];
    for model in &it.missing {
        let name = printable_line(&model.name).into_owned();
        let words = coming_words(model);
        let text = format!("{}  {words}", pad(&name, cells / 3));
        lines.push(Line::raw(format!(
            "    {}",
            fit(&text, cells.saturating_sub(4))
        )));
    }
    lines.truncate(most);
    lines
}

/// The help: keys beside what they do, or above it where there is no room.
pub fn help(frame: &mut Frame<'_>, area: Rect, it: &Help, theme: Theme) {
    let cells = usize::from(area.width);
    let column = if cells >= 60 { 22 } else { 14 };
    let mut lines: Vec<Line<'static>> = Vec::new();
    for section in it.sections() {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(fit(&section.title, cells), theme.strong()));
        for (keys, words) in section.rows {
            let first = [(format!("  {} ", pad(&keys, column)), theme.key())];
            let rest = [(" ".repeat(column + 3), theme.text())];
            lines.extend(wrap(&[(words, theme.text())], cells, &first, &rest));
        }
    }
    if lines.is_empty() {
        lines.push(Line::styled(say("tui-help-nothing", &[]), theme.quiet()));
    }
    let list = Rect {
        height: area.height.saturating_sub(1),
        ..area
    };
    let scroll = it
        .scroll
        .min(lines.len().saturating_sub(usize::from(list.height)));
    scrolled(frame, list, &lines, scroll);
    let mark = say("tui-filter", &[]);
    let left = u16::try_from(width(&mark)).unwrap_or(8);
    let y = area.bottom() - 1;
    frame
        .buffer_mut()
        .set_line(area.x, y, &Line::styled(mark, theme.quiet()), area.width);
    let text = it.filter.text().to_owned();
    frame.buffer_mut().set_line(
        area.x + left,
        y,
        &Line::raw(text),
        area.width.saturating_sub(left),
    );
    let (_, (_, cell)) = it
        .filter
        .rows(usize::from(area.width.saturating_sub(left)).max(4));
    let x = area.x + left + u16::try_from(cell).unwrap_or(0);
    frame.set_cursor_position((x.min(area.right().saturating_sub(1)), y));
}
