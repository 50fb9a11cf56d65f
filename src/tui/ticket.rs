//! The window that shows an invitation: the line, and its QR code where the terminal has room for it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Line;

use crate::messages::say;
use crate::node::printable_line;
use crate::present::time::duration;

use super::pairing::Ticket;
use super::state::State;
use super::text::wrap_plain;
use super::view::scrolled;

/// Modules of light around the code: four by the standard (ISO/IEC 18004), fewer where there is no room.
const QUIET: [usize; 3] = [4, 2, 1];
/// Cells that the words want beside the code.
const BESIDE: usize = 28;

/// Draws the window.
pub fn draw(frame: &mut Frame<'_>, area: Rect, ticket: &Ticket, state: &State) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    if ticket.bare {
        return bare(frame, area, ticket, state);
    }
    let side = ticket.code.len();
    let fits = |quiet: &usize| {
        let (cells, rows) = (side + 2 * quiet, (side + 2 * quiet).div_ceil(2));
        side > 0 && rows <= height && cells + BESIDE <= width
    };
    let code = QUIET.into_iter().find(fits);
    let code = code.map(|quiet| rows(&ticket.code, quiet));
    let left = code.as_ref().map_or(0, |rows| {
        rows.first().map_or(0, |row| row.chars().count()) + 2
    });
    if let Some(rows) = &code {
        let style = state.theme.printed();
        for (y, row) in (area.y..).zip(rows) {
            frame.buffer_mut().set_string(area.x, y, row, style);
        }
    }
    let words = Rect {
        x: area.x + u16::try_from(left).unwrap_or(0),
        width: area.width.saturating_sub(u16::try_from(left).unwrap_or(0)),
        ..area
    };
    let cells = usize::from(words.width.saturating_sub(1)).clamp(4, 76);
    let need = (side + 2 + BESIDE, (side + 2).div_ceil(2) + 2);
    let lines = lines(ticket, state, cells, code.is_none().then_some(need));
    let most = lines.len().saturating_sub(height);
    scrolled(frame, words, &lines, ticket.scroll.min(most));
}

/// The line alone, over the whole width, with nothing beside it; what is to be said stands below, where there is room.
fn bare(frame: &mut Frame<'_>, area: Rect, ticket: &Ticket, state: &State) {
    let cells = usize::from(area.width).max(4);
    let line: Vec<char> = ticket.line.chars().collect();
    let rows = line.chunks(cells).map(|row| row.iter().collect::<String>());
    let mut lines: Vec<Line<'static>> = rows
        .map(|row| Line::styled(row, state.theme.code()))
        .collect();
    lines.push(Line::default());
    let words = say("tui-ticket-bare", &[]);
    lines.extend(wrap_plain(&words, cells.min(76), state.theme.quiet()));
    let most = lines.len().saturating_sub(usize::from(area.height));
    // No marks of a scroll: they would be selected as well.
    let shown = lines.iter().skip(ticket.scroll.min(most));
    for (y, line) in (area.y..area.bottom()).zip(shown) {
        frame.buffer_mut().set_line(area.x, y, line, area.width);
    }
}

fn lines(
    ticket: &Ticket,
    state: &State,
    cells: usize,
    need: Option<(usize, usize)>,
) -> Vec<Line<'static>> {
    let theme = state.theme;
    let circle = printable_line(&ticket.circle).into_owned();
    let title = say("tui-ticket-title", &[("circle", circle)]);
    let mut lines = wrap_plain(&title, cells, theme.strong());
    // The line itself is broken wherever the row ends: it has no spaces, and whoever reads it takes breaks out.
    let line: Vec<char> = ticket.line.chars().collect();
    let rows = line.chunks(cells).map(|row| row.iter().collect::<String>());
    lines.extend(rows.map(|row| Line::styled(row, theme.code())));
    let left = duration(ticket.expires.saturating_sub(state.wall));
    lines.extend(wrap_plain(
        &say("tui-ticket-how", &[("left", left)]),
        cells,
        theme.text(),
    ));
    if ticket.here {
        lines.extend(wrap_plain(
            &say("tui-ticket-here", &[]),
            cells,
            theme.quiet(),
        ));
    }
    if let Some((columns, rows)) = need {
        let about = [("columns", columns.to_string()), ("rows", rows.to_string())];
        lines.extend(wrap_plain(
            &say("tui-ticket-small", &about),
            cells,
            theme.quiet(),
        ));
    }
    lines
}

/// A code as half blocks, two rows of modules to a row of the terminal, dark as the block.
fn rows(code: &[Vec<bool>], quiet: usize) -> Vec<String> {
    let side = code.len() + 2 * quiet;
    let dark = |x: usize, y: usize| {
        let row = y.checked_sub(quiet).and_then(|y| code.get(y));
        let cell = row
            .zip(x.checked_sub(quiet))
            .and_then(|(row, x)| row.get(x));
        cell.copied().unwrap_or(false)
    };
    let block = |x, y| match (dark(x, y), dark(x, y + 1)) {
        (false, false) => ' ',
        (true, false) => '▀',
        (false, true) => '▄',
        (true, true) => '█',
    };
    (0..side)
        .step_by(2)
        .map(|y| (0..side).map(|x| block(x, y)).collect())
        .collect()
}

impl super::theme::Theme {
    /// Dark on light, whatever the terminal's own background is, as a camera expects it; without colours the other way
    /// round on a dark terminal, which most readers can do as well.
    fn printed(self) -> Style {
        match self.coloured(Color::Black).fg {
            Some(black) => Style::new().fg(black).bg(Color::White),
            None => Style::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_with_light_around_it() {
        let code = vec![
            vec![true, false, true],
            vec![false, true, false],
            vec![true, true, false],
        ];
        assert_eq!(rows(&code, 1), [" ▄ ▄ ", " ▄█  ", "     "]);
        assert_eq!(rows(&code, 2).len(), 4);
        assert!(rows(&code, 2).iter().all(|row| row.chars().count() == 7));
    }
}
