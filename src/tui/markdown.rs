//! Markdown for a terminal: what a model writes, as lines of some width.
//!
//! A text is cut into segments at blank lines outside of code fences, and every segment is rendered by itself. So
//! what stands before the last segment is final while an answer streams in: only the tail is rendered again.
//! What is written is kept: marks that a terminal cannot show (the address of a link) stand beside the words.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::text::{Run, pad, runs_width, width, wrap};
use super::theme::Theme;

/// Narrower than this a table is written as lists.
const COLUMN: usize = 6;

/// The segments of a text. All but the last stay as they are when something is added to the text.
pub fn segments(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut start, mut at) = (Vec::new(), 0, 0);
    let mut fence: Option<(char, usize)> = None;
    let mut blank = false;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let indented = line.starts_with([' ', '\t']);
        if blank && fence.is_none() && !bare.is_empty() && !indented && at > start {
            found.push(start..at);
            start = at;
        }
        match (fence, fence_of(bare.trim_start())) {
            (None, Some(opened)) => fence = Some(opened),
            (Some((mark, length)), Some((c, n)))
                if c == mark && n >= length && bare.trim_start().chars().all(|x| x == c) =>
            {
                fence = None;
            }
            _ => {}
        }
        blank = bare.is_empty();
        at += line.len();
    }
    if start < text.len() {
        found.push(start..text.len());
    }
    found
}

fn fence_of(line: &str) -> Option<(char, usize)> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == mark).count();
    (length >= 3).then_some((mark, length))
}

/// The code blocks of a text, first to last.
pub fn code_blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for event in Parser::new_ext(text, options()) {
        match (event, &mut open) {
            (Event::Start(Tag::CodeBlock(_)), _) => open = Some(String::new()),
            (Event::Text(words), Some(block)) => block.push_str(&words),
            (Event::End(TagEnd::CodeBlock), _) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

/// A segment as lines of at most `cells`.
pub fn render(text: &str, cells: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut writer = Writer {
        theme,
        cells: cells.max(8),
        lines: Vec::new(),
        runs: Vec::new(),
        styles: vec![theme.text()],
        frames: Vec::new(),
        code: None,
        table: None,
        links: Vec::new(),
    };
    for event in Parser::new_ext(text, options()) {
        writer.event(event);
    }
    writer.paragraph();
    writer.lines
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// Something that lines stand in.
enum Frame {
    /// The next number, or none for bullets.
    List(Option<u64>),
    /// The mark of the item, until it was written.
    Item(Option<String>, usize),
    Quote,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<Vec<Run>>>,
}

struct Writer {
    theme: Theme,
    cells: usize,
    lines: Vec<Line<'static>>,
    runs: Vec<Run>,
    styles: Vec<Style>,
    frames: Vec<Frame>,
    /// Language and text of the code block that is open.
    code: Option<(String, String)>,
    table: Option<Table>,
    links: Vec<(String, usize)>,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(words) => match &mut self.code {
                Some((_, code)) => code.push_str(&words),
                None => self.say(&words),
            },
            Event::Code(words) => {
                let style = self.style().patch(self.theme.code());
                self.runs.push((format!("`{words}`"), style));
            }
            Event::SoftBreak => self.say(" "),
            Event::HardBreak => self.say("\n"),
            Event::Rule => {
                self.paragraph();
                let rule = "─".repeat(self.cells.min(24));
                self.lines.push(Line::styled(rule, self.theme.quiet()));
            }
            Event::TaskListMarker(done) => self.say(if done { "[x] " } else { "[ ] " }),
            Event::Html(words) | Event::InlineHtml(words) => self.say(&words),
            Event::FootnoteReference(words)
            | Event::InlineMath(words)
            | Event::DisplayMath(words) => {
                self.say(&words);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.space(),
            Tag::Heading { .. } => {
                self.space();
                self.lean(Modifier::BOLD);
            }
            Tag::BlockQuote(_) => {
                self.space();
                self.frames.push(Frame::Quote);
            }
            Tag::CodeBlock(kind) => {
                self.paragraph();
                self.space();
                let language = match kind {
                    CodeBlockKind::Fenced(words) => {
                        words.split(' ').next().unwrap_or_default().to_owned()
                    }
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(first) => {
                self.paragraph();
                if !self
                    .frames
                    .iter()
                    .any(|frame| matches!(frame, Frame::List(_)))
                {
                    self.space();
                }
                self.frames.push(Frame::List(first));
            }
            Tag::Item => {
                let mark = match self.frames.last_mut() {
                    Some(Frame::List(Some(number))) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "• ".to_owned(),
                };
                let cells = width(&mark);
                self.frames.push(Frame::Item(Some(mark), cells));
            }
            Tag::Emphasis => self.lean(Modifier::ITALIC),
            Tag::Strong => self.lean(Modifier::BOLD),
            Tag::Strikethrough => self.lean(Modifier::CROSSED_OUT),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.into_string(), self.runs.len()));
                self.lean(Modifier::UNDERLINED);
            }
            Tag::Table(_) => {
                self.space();
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.paragraph(),
            TagEnd::Heading(_) => {
                self.styles.pop();
                self.paragraph();
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => {
                self.paragraph();
                self.frames.pop();
            }
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                self.styles.pop();
                if let Some((address, from)) = self.links.pop() {
                    let words: String = self
                        .runs
                        .iter()
                        .skip(from)
                        .map(|(text, _)| text.as_str())
                        .collect();
                    if words != address && !address.is_empty() {
                        let quiet = self.theme.quiet();
                        self.runs.push((format!(" ({address})"), quiet));
                    }
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.runs);
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => self.write_table(),
            _ => {}
        }
    }

    fn style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn lean(&mut self, modifier: Modifier) {
        self.styles.push(self.style().add_modifier(modifier));
    }

    fn say(&mut self, words: &str) {
        let style = self.style();
        self.runs.push((words.to_owned(), style));
    }

    /// An empty line before a block, but for the first one and those that begin an item.
    fn space(&mut self) {
        let fresh = self
            .frames
            .iter()
            .any(|frame| matches!(frame, Frame::Item(Some(_), _)));
        if !self.lines.is_empty() && !fresh {
            let mut runs = self.beginning(false);
            if let Some((text, _)) = runs.last_mut() {
                text.truncate(text.trim_end().len());
            }
            let spans: Vec<Span<'static>> = runs
                .into_iter()
                .map(|(text, style)| Span::styled(text, style))
                .collect();
            self.lines.push(Line::from(spans));
        }
    }

    /// What a line begins with; `mark` says the mark of an item that is new.
    fn beginning(&mut self, mark: bool) -> Vec<Run> {
        let (quiet, text) = (self.theme.quiet(), self.theme.text());
        let mut runs = Vec::new();
        for frame in &mut self.frames {
            match frame {
                Frame::List(_) => {}
                Frame::Quote => runs.push(("▎ ".to_owned(), quiet)),
                Frame::Item(it, cells) => match it.take_if(|_| mark) {
                    Some(it) => runs.push((it, quiet)),
                    None => runs.push((" ".repeat(*cells), text)),
                },
            }
        }
        runs
    }

    fn paragraph(&mut self) {
        if self.runs.is_empty() {
            return;
        }
        let runs = std::mem::take(&mut self.runs);
        let first = self.beginning(true);
        let rest = self.beginning(false);
        self.lines.extend(wrap(&runs, self.cells, &first, &rest));
    }

    fn code_block(&mut self) {
        let Some((language, code)) = self.code.take() else {
            return;
        };
        let quiet = self.theme.quiet();
        let mut first = self.beginning(true);
        if !language.is_empty() {
            first.push((format!("┌ {language}"), quiet));
            let spans: Vec<Span<'static>> = first
                .iter()
                .map(|(text, style)| Span::styled(text.clone(), *style))
                .collect();
            self.lines.push(Line::from(spans));
        }
        let mut rest = self.beginning(false);
        rest.push(("│ ".to_owned(), quiet));
        let style = self.theme.code();
        for line in code.trim_end_matches('\n').split('\n') {
            let runs = [(line.to_owned(), style)];
            self.lines.extend(wrap(&runs, self.cells, &rest, &rest));
        }
    }

    fn write_table(&mut self) {
        let Some(table) = self.table.take() else {
            return;
        };
        let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|at| {
                let cells = table.rows.iter().filter_map(|row| row.get(at));
                cells.map(|cell| runs_width(cell)).max().unwrap_or(0)
            })
            .collect();
        let whole: usize = widths.iter().sum::<usize>() + columns.saturating_sub(1) * 3;
        let quiet = self.theme.quiet();
        if whole <= self.cells || columns * (COLUMN + 3) > self.cells * 4 {
            for (number, row) in table.rows.iter().enumerate() {
                let mut spans: Vec<Span<'static>> = Vec::new();
                for (at, cell) in row.iter().enumerate() {
                    let wanted = widths.get(at).copied().unwrap_or(0);
                    if at > 0 {
                        spans.push(Span::styled(" │ ", quiet));
                    }
                    let missing = wanted.saturating_sub(runs_width(cell));
                    spans.extend(cell.iter().map(|(text, style)| {
                        let style = if number == 0 {
                            style.add_modifier(Modifier::BOLD)
                        } else {
                            *style
                        };
                        Span::styled(text.clone(), style)
                    }));
                    spans.push(Span::raw(" ".repeat(missing)));
                }
                self.lines.push(Line::from(spans));
                if number == 0 {
                    let rule: Vec<String> = widths.iter().map(|cells| "─".repeat(*cells)).collect();
                    self.lines.push(Line::styled(rule.join("─┼─"), quiet));
                }
            }
            return;
        }
        // Too wide: every row as a list of what its columns are called and hold.
        let names: Vec<String> = table.rows.first().map_or_else(Vec::new, |row| {
            row.iter()
                .map(|cell| cell.iter().map(|(text, _)| text.as_str()).collect())
                .collect()
        });
        let longest = names
            .iter()
            .map(|name| width(name))
            .max()
            .unwrap_or(0)
            .min(self.cells / 3);
        for row in table.rows.iter().skip(1) {
            self.space();
            for (at, cell) in row.iter().enumerate() {
                let name = names.get(at).map_or("", String::as_str);
                let first = [(format!("{}  ", pad(name, longest)), quiet)];
                let rest = [(" ".repeat(longest + 2), quiet)];
                self.lines.extend(wrap(cell, self.cells, &first, &rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(text: &str, cells: usize) -> Vec<String> {
        let lines = render(text, cells, Theme::new(true));
        lines
            .iter()
            .map(|line| line.to_string().trim_end().to_owned())
            .collect()
    }

    #[test]
    fn blocks_look_like_what_they_are() {
        let text = "# Fire\n\nIt is **hot** and [light](https://e.org).\n\n1. wood\n2. air\n   - cold\n\n> said\n\n```rust\nfn main() {}\n```";
        let all: Vec<String> = segments(text)
            .into_iter()
            .flat_map(|range| said(&text[range], 40))
            .collect();
        assert_eq!(
            all,
            [
                "Fire",
                "It is hot and light (https://e.org).",
                "1. wood",
                "2. air",
                "   • cold",
                "▎ said",
                "┌ rust",
                "│ fn main() {}",
            ]
        );
    }

    #[test]
    fn a_table_fits_or_becomes_a_list() {
        let text = "| name | what |\n|---|---|\n| oak | 火 |\n| ash | slow |";
        assert_eq!(
            said(text, 40),
            ["name │ what", "─────┼─────", "oak  │ 火", "ash  │ slow"]
        );
        let narrow = said(text, 9);
        assert!(narrow.iter().any(|line| line.contains("oak")), "{narrow:?}");
    }

    #[test]
    fn a_fence_is_one_segment_however_many_blank_lines_it_has() {
        let text = "a\n\n```\nx\n\n\ny\n```\n\nb";
        let parts: Vec<&str> = segments(text)
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(parts, ["a\n\n", "```\nx\n\n\ny\n```\n\n", "b"]);
        assert_eq!(code_blocks(text), ["x\n\n\ny\n"]);
    }

    proptest! {
        /// What was frozen stays: whatever follows, all segments of the beginning but the last are there again.
        #[test]
        fn segments_are_final(parts in prop::collection::vec("[-a`~#>1. |\n]{0,12}", 1..8)) {
            let mut text = String::new();
            let mut frozen: Vec<Range<usize>> = Vec::new();
            for part in parts {
                text.push_str(&part);
                let now = segments(&text);
                prop_assert!(now.starts_with(&frozen), "{:?} {:?}", now, frozen);
                prop_assert_eq!(now.iter().map(|range| range.len()).sum::<usize>(), text.len());
                // The last one is open, and a line that is not ended may still become something else.
                let whole = text.rfind('\n').map_or(0, |at| at + 1);
                frozen = now.into_iter().rev().skip(1).rev().filter(|range| range.end <= whole).collect();
            }
        }

        #[test]
        fn nothing_is_wider_than_asked(text in "[a-c日*_`#>|1. \n-]{0,80}", cells in 12usize..40) {
            for range in segments(&text) {
                for line in render(&text[range], cells, Theme::new(true)) {
                    // A nesting deeper than the width has no room for words; tables that fit nowhere are cut when drawn.
                    let deep = line.to_string().contains('│') || line.spans.len() > cells / 4;
                    prop_assert!(line.width() <= cells || deep, "{:?}", line);
                }
            }
        }
    }
}
