//! Long lines for a terminal: broken between words, so that the terminal does not break within them. Only the
//! width of characters is measured here; what is no terminal gets every line whole.

use std::io::IsTerminal;

/// The narrowest terminal that is worth it.
const NARROW: usize = 20;

/// Columns of the terminal on standard output; none if it is no terminal.
pub fn columns() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let (width, _) = terminal_size::terminal_size()?;
    Some(usize::from(width.0)).filter(|columns| *columns >= NARROW)
}

/// Breaks the lines of a text to `width` columns, after spaces or between characters of scripts that are written
/// without them. Words longer than a line and fenced code stay as they are: they are for copying.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut fenced) = (Vec::new(), false);
    for line in text.lines() {
        let mark = line.trim_start().starts_with("```");
        fenced ^= mark;
        if mark || fenced {
            lines.push(line.to_owned());
        } else {
            wrap(line, width, &mut lines);
        }
    }
    lines
}

fn wrap(line: &str, width: usize, lines: &mut Vec<String>) {
    let (mut start, mut columns) = (0, 0);
    // Where the line may be broken: behind this byte, which stands at this column.
    let mut chance: Option<(usize, usize)> = None;
    for (at, c) in line.char_indices() {
        let cells = cells(c);
        if columns + cells > width
            && c != ' '
            && let Some((cut, before)) = chance.take()
        {
            lines.push(line[start..cut].trim_end().to_owned());
            (start, columns) = (cut, columns - before);
        }
        columns += cells;
        // Closing marks of Japanese stay with what they close.
        let next = line[at + c.len_utf8()..].chars().next();
        let closing = next.is_some_and(|next| "、。」』）！？ー".contains(next));
        if c == ' ' || (cells == 2 && !closing) {
            chance = Some((at + c.len_utf8(), columns));
        }
    }
    lines.push(line[start..].trim_end().to_owned());
}

/// Columns of a character: two for what East Asian scripts write wide, none for what joins the one before it.
fn cells(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x200b..=0x200f | 0x3099..=0x309a | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole() {
        let lines = wrapped("the quick brown fox jumps", 10);
        assert_eq!(lines, ["the quick", "brown fox", "jumps"]);
        assert_eq!(
            wrapped("a verylongwordindeed b", 8),
            ["a", "verylongwordindeed", "b"]
        );
        assert_eq!(wrapped("short\n\nlines", 10), ["short", "", "lines"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let lines = wrapped("堆肥を温かいうちに返す。", 10);
        assert_eq!(lines, ["堆肥を温か", "いうちに返", "す。"]);
        assert!(
            wrapped("あいうえお。か", 10)
                .iter()
                .all(|line| !line.starts_with('。'))
        );
    }

    #[test]
    fn code_is_for_copying() {
        let text = "```\nokibi chat -m NAME --seed 1\n```\nand some words";
        let lines = wrapped(text, 10);
        assert_eq!(lines[1], "okibi chat -m NAME --seed 1");
        assert_eq!(lines.last().map(String::as_str), Some("words"));
    }

    #[test]
    fn nothing_is_lost() {
        let text =
            "One  two three: 日本語 and é, mixed 文字 in a line that is long enough to be broken";
        for width in 1..60 {
            let joined: String = wrapped(text, width).concat();
            let squeeze = |text: &str| text.replace(' ', "");
            assert_eq!(squeeze(&joined), squeeze(text), "{width}");
        }
    }
}
