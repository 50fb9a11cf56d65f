//! The offers above the input while a slash command is written: drawn, gone through, taken.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use crate::node::printable_line;
use crate::present::commands::COMMANDS;

use super::commands::completions;
use super::find::moved;
use super::state::{Effect, State};
use super::text::{fit, pad, width};
use super::update;

/// Offers that are shown at once.
const OFFERS: usize = 8;
/// Least cells of the column in which they stand.
const COLUMN: usize = 12;

/// Handles a key that goes through the offers. None: it means something else.
pub fn pressed(state: &mut State, key: &KeyEvent) -> Option<Vec<Effect>> {
    let offered = completions(state.chat.input.text(), &state.chat.models);
    let control = key.modifiers == KeyModifiers::CONTROL;
    let by = match key.code {
        KeyCode::Up => -1,
        KeyCode::Down => 1,
        KeyCode::Char('p') if control => -1,
        KeyCode::Char('n') if control => 1,
        KeyCode::Enter if key.modifiers.is_empty() => {
            let picked = state.chat.picked.take()?;
            let (text, _) = offered.get(picked)?;
            state.chat.input.set(text);
            let bare = text.strip_prefix('/').unwrap_or_default().trim_end();
            let open = COMMANDS.iter().any(|it| it.argument && it.name == bare);
            return Some(if open {
                Vec::new()
            } else {
                update::send(state)
            });
        }
        KeyCode::Esc if state.chat.picked.is_some() => {
            state.chat.picked = None;
            return Some(Vec::new());
        }
        _ => return None,
    };
    if offered.is_empty() {
        return None;
    }
    let last = offered.len() - 1;
    state.chat.picked = Some(match state.chat.picked {
        Some(at) => moved(at, by, offered.len()),
        None if by < 0 => last,
        None => 0,
    });
    Some(Vec::new())
}

/// Completes what is written: to the chosen offer, else as far as it is certain.
pub fn complete(state: &mut State) {
    let offered = completions(state.chat.input.text(), &state.chat.models);
    let Some((first, _)) = offered.first() else {
        return;
    };
    let picked = state.chat.picked.take().and_then(|at| offered.get(at));
    if let Some((text, _)) = picked {
        state.chat.input.set(text);
        return;
    }
    let mut common = first.clone();
    for (text, _) in &offered {
        while !text.starts_with(common.as_str()) {
            common.pop();
        }
    }
    let written = state.chat.input.text().len();
    let text = if common.len() > written {
        common
    } else {
        first.clone()
    };
    state.chat.input.set(&text);
}

/// Draws the offers above the input, the chosen one in sight.
pub fn draw(frame: &mut Frame<'_>, above: Rect, state: &State) {
    let offered = completions(state.chat.input.text(), &state.chat.models);
    if offered.is_empty() || state.chat.chosen.is_some() {
        return;
    }
    let rows = offered.len().min(OFFERS).min(usize::from(above.height));
    let height = u16::try_from(rows).unwrap_or(0);
    let area = Rect {
        y: above.bottom() - height,
        height,
        ..above
    };
    frame.render_widget(Clear, area);
    let cells = usize::from(area.width).saturating_sub(2);
    let widest = offered.iter().map(|(text, _)| width(text)).max();
    let column = (widest.unwrap_or(0) + 1).clamp(COLUMN, cells.max(COLUMN));
    let picked = state.chat.picked;
    let first = picked.map_or(0, |at| (at + 1).saturating_sub(rows));
    let shown = offered.iter().enumerate().skip(first).take(rows);
    for (at, (text, words)) in shown {
        let y = area.y + u16::try_from(at - first).unwrap_or(0);
        let more = match at {
            _ if at + 1 == first + rows && offered.len() > first + rows => " ↓",
            _ if at == first && first > 0 => " ↑",
            _ => "",
        };
        let (name, about) = if picked == Some(at) {
            (state.theme.chosen(), state.theme.chosen())
        } else {
            (state.theme.key(), state.theme.quiet())
        };
        let text = printable_line(text).into_owned();
        let room = cells.saturating_sub(column + width(more));
        let line = Line::from(vec![
            Span::styled(pad(&text, column), name),
            Span::styled(format!("{}{more}", fit(words, room)), about),
        ]);
        frame
            .buffer_mut()
            .set_line(area.x + 2, y, &line, area.width.saturating_sub(2));
    }
}
