//! Cells of a terminal: how wide text is, and where its lines break.
//!
//! Wide characters of East Asian scripts and emoji take two cells, what joins the character before it takes none.
//! Everything that is drawn was measured here, in whole grapheme clusters, so that no character is cut in two.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Cells that a tab is shown as.
const TAB: &str = "    ";
/// Characters that close what stands before them: no line begins with one (JIS X 4051, the common part).
const CLOSING: &str =
    "、。，．・：；？！）］｝」』】〉》ーゝ々ぁぃぅぇぉっゃゅょァィゥェォッャュョ”’,.:;?!)]}";

/// Cells of a text.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A piece of text in one style.
pub type Run = (String, Style);

/// The beginning of a text that fits into `cells`, with an ellipsis where something is left out.
pub fn fit(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut fitted = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        used += width(cluster);
        if used >= cells {
            break;
        }
        fitted.push_str(cluster);
    }
    if cells > 0 {
        fitted.push('…');
    }
    fitted
}

/// A text filled up with spaces to `cells`, or cut to them.
pub fn pad(text: &str, cells: usize) -> String {
    let text = fit(text, cells);
    let missing = cells.saturating_sub(width(&text));
    text + &" ".repeat(missing)
}

/// Breaks runs into lines of at most `cells`; the first line begins with `first`, the others with `rest`. Lines break
/// behind spaces and beside wide characters; a word that is longer than a line breaks where it must.
pub fn wrap(runs: &[Run], cells: usize, first: &[Run], rest: &[Run]) -> Vec<Line<'static>> {
    let mut page = Page {
        cells,
        rest,
        lines: Vec::new(),
        line: first.to_vec(),
        used: runs_width(first),
        empty: true,
    };
    let mut word = Word::default();
    let mut wide = false;
    for (text, style) in runs {
        for cluster in text.graphemes(true) {
            let cluster = if cluster == "\t" { TAB } else { cluster };
            if matches!(cluster, "\n" | "\r\n") {
                page.put(&mut word);
                page.turn();
                wide = false;
                continue;
            }
            let space = cluster.bytes().all(|byte| byte == b' ');
            let cells = width(cluster);
            let closing = cluster.chars().next().is_some_and(|c| CLOSING.contains(c));
            let chance = !word.spaces.is_empty() || ((wide || cells >= 2) && !closing);
            if !space && chance {
                page.put(&mut word);
            }
            if space {
                word.spaces.push_str(cluster);
                word.space_style = *style;
            } else {
                word.cells += cells;
                word.clusters.push((cluster.to_owned(), *style));
            }
            wide = cells >= 2;
        }
    }
    page.put(&mut word);
    page.turn();
    page.lines
}

/// One plain text, broken into lines.
pub fn wrap_plain(text: &str, cells: usize, style: Style) -> Vec<Line<'static>> {
    wrap(&[(text.to_owned(), style)], cells, &[], &[])
}

/// Cells of runs.
pub fn runs_width(runs: &[Run]) -> usize {
    runs.iter().map(|(text, _)| width(text)).sum()
}

/// What is not broken if it can be helped, and the spaces behind it.
#[derive(Default)]
struct Word {
    clusters: Vec<Run>,
    cells: usize,
    spaces: String,
    space_style: Style,
}

struct Page<'a> {
    cells: usize,
    rest: &'a [Run],
    lines: Vec<Line<'static>>,
    line: Vec<Run>,
    used: usize,
    /// Nothing but its beginning stands on the line.
    empty: bool,
}

impl Page<'_> {
    /// Puts a word on the line, or on the next one, and its spaces where there is room for them.
    fn put(&mut self, word: &mut Word) {
        let word = std::mem::take(word);
        if self.used + word.cells > self.cells && !self.empty {
            self.turn();
        }
        for (cluster, style) in word.clusters {
            let cells = width(&cluster);
            if self.used + cells > self.cells && !self.empty {
                self.turn();
            }
            self.add(&cluster, style, cells);
        }
        for _ in 0..word.spaces.len() {
            if self.used < self.cells {
                self.add(" ", word.space_style, 1);
            }
        }
    }

    fn add(&mut self, text: &str, style: Style, cells: usize) {
        match self.line.last_mut() {
            Some((run, last)) if *last == style => run.push_str(text),
            _ => self.line.push((text.to_owned(), style)),
        }
        self.used += cells;
        self.empty = false;
    }

    fn turn(&mut self) {
        let line = std::mem::replace(&mut self.line, self.rest.to_vec());
        let spans = line
            .into_iter()
            .map(|(text, style)| Span::styled(text, style));
        self.lines.push(Line::from(spans.collect::<Vec<_>>()));
        self.used = runs_width(self.rest);
        self.empty = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str, cells: usize) -> Vec<String> {
        let lines = wrap_plain(text, cells, Style::new());
        lines
            .iter()
            .map(|line| line.to_string().trim_end().to_owned())
            .collect()
    }

    #[test]
    fn words_stay_whole_and_wide_characters_do_not_split() {
        assert_eq!(lines("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(
            lines("堆肥を温かいうちに返す。", 10),
            ["堆肥を温か", "いうちに返", "す。"]
        );
        assert_eq!(lines("あいうえお。か", 10), ["あいうえ", "お。か"]);
        assert_eq!(lines("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(lines("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 4), ["👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"]);
    }

    #[test]
    fn lines_begin_as_asked() {
        let first = [("- ".to_owned(), Style::new())];
        let rest = [("  ".to_owned(), Style::new())];
        let made = wrap(&[("one two".to_owned(), Style::new())], 6, &first, &rest);
        let made: Vec<String> = made.iter().map(ToString::to_string).collect();
        assert_eq!(made, ["- one ", "  two"]);
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(pad("ab", 4), "ab  ");
        assert_eq!(fit("abc", 0), "");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(text in "[a-c 日本。👍\n]{0,60}", cells in 2usize..20) {
            let made = wrap_plain(&text, cells, Style::new());
            let said: String = made.iter().map(ToString::to_string).collect();
            let squeeze = |text: &str| text.replace([' ', '\n'], "");
            prop_assert_eq!(squeeze(&said), squeeze(&text));
            for line in &made {
                prop_assert!(line.width() <= cells, "{:?}", line);
            }
        }
    }
}
