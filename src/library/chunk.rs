//! Sections: a document cut into pieces that can each be quoted whole.
//!
//! **Markdown** is cut at ATX headings (`#` to `######`); a heading inside fenced code is code. A
//! section carries the path of headings above it, and its bytes are the text below its own heading.
//! Underlined (setext) headings stay in the text: they are found, but cut nothing, since `---` is also
//! a rule, a table's line and a front matter's end. **Plain text** has no headings.
//!
//! What is longer than [`MAX_SECTION_BYTES`] is cut again: at the last blank line outside code that
//! fits, else at a line outside code, else at any line, else at white space, else between characters.
//! So no section is longer, whatever the document looks like.
//!
//! **Always holds.** Ranges ascend without overlap, lie on character boundaries, and are never empty;
//! nothing but headings and white space lies outside them.
//!
//! **Fails** only for more than [`MAX_SECTIONS`] sections. Time is linear in the text; memory, besides
//! the sections, is bounded by a constant.

use std::ops::Range;

use super::{Error, MAX_SECTIONS, MediaType};

/// The longest section, in bytes: about 350 English words or 680 Japanese characters, which is what
/// one terminal screen shows and what a reader takes in as one quotation.
pub const MAX_SECTION_BYTES: usize = 2048;

/// The longest line that is taken for a heading, in bytes. A longer one that begins with `#` is a
/// paragraph gone wrong, or data; it stays in the text.
const MAX_HEADING_BYTES: usize = 480;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Headings from the outermost in; empty above the first heading and in plain text.
    pub heading: Vec<String>,
    /// Its bytes in the document's text.
    pub range: Range<usize>,
    /// Authored phrasings of the question it answers; only the manual has them.
    pub asked: Vec<String>,
}

/// Cuts `text` into sections.
///
/// # Errors
/// [`Error::TooManySections`].
pub fn sections(text: &str, media_type: MediaType) -> Result<Vec<Section>, Error> {
    // A byte order mark is no part of any quotation, but offsets count it.
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut out = Out(Vec::new());
    match media_type {
        MediaType::Plain => {
            let mut block = Block::new(start);
            for line in lines(text, start) {
                block.line(text, &line, false);
                block.shed(text, &[], &mut out)?;
            }
            out.block(text, &[], block)?;
        }
        MediaType::Markdown => markdown(text, start, &mut out)?,
    }
    Ok(out.0)
}

fn markdown(text: &str, start: usize, out: &mut Out) -> Result<(), Error> {
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut heading_line: Option<(usize, Range<usize>)> = None;
    let mut block = Block::new(start);
    let mut fence: Option<Fence> = None;
    for line in lines(text, start) {
        let content = &text[line.clone()];
        let inside = fence.is_some();
        match fence {
            Some(open) if open.closed_by(content) => fence = None,
            Some(_) => {}
            None => fence = Fence::opened_by(content),
        }
        if !inside
            && fence.is_none()
            && let Some((level, title)) = atx_heading(content)
        {
            let done = std::mem::replace(&mut block, Block::new(line.end));
            let empty = text[done.range.clone()].trim().is_empty();
            // A heading with nothing below it but smaller headings lives on in their path; one with
            // nothing below it at all is its own text.
            match &heading_line {
                Some((above, own)) if empty && level <= *above => {
                    out.push(text, &path, own.clone())?;
                }
                _ => out.block(text, &path, done)?,
            }
            path.retain(|&(above, _)| above < level);
            path.push((level, title));
            heading_line = Some((level, line));
        } else {
            block.line(text, &line, inside);
            block.shed(text, &path, out)?;
        }
    }
    if text[block.range.clone()].trim().is_empty()
        && let Some((_, own)) = heading_line
    {
        return out.push(text, &path, own);
    }
    out.block(text, &path, block)
}

/// The lines of `text` from `start` on, each with its line break.
fn lines(text: &str, start: usize) -> impl Iterator<Item = Range<usize>> {
    text[start..].split_inclusive('\n').scan(start, |at, line| {
        let from = *at;
        *at += line.len();
        Some(from..*at)
    })
}

/// The level and the text of an ATX heading (CommonMark 4.2).
pub(crate) fn atx_heading(line: &str) -> Option<(usize, String)> {
    let line = line.trim_end();
    let body = line.trim_start_matches(' ');
    if line.len() > MAX_HEADING_BYTES || line.len() - body.len() > 3 {
        return None;
    }
    let title = body.trim_start_matches('#');
    let level = body.len() - title.len();
    if !(1..=6).contains(&level) || !(title.is_empty() || title.starts_with([' ', '\t'])) {
        return None;
    }
    let mut title = title.trim();
    // A closing run of # counts only after a space.
    let open = title.trim_end_matches('#');
    if open.is_empty() || open.ends_with([' ', '\t']) {
        title = open.trim_end();
    }
    Some((level, title.to_owned()))
}

/// Fenced code (CommonMark 4.5): its character and the length of its opening run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    fn run(line: &str) -> Option<(Self, &str)> {
        let body = line.trim_start_matches(' ');
        let mark = body.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let rest = body.trim_start_matches(mark);
        let length = body.len() - rest.len();
        (line.len() - body.len() <= 3 && length >= 3).then_some((Self { mark, length }, rest))
    }

    pub(crate) fn opened_by(line: &str) -> Option<Self> {
        let (fence, info) = Self::run(line)?;
        // A backtick in the info string makes it inline code.
        (fence.mark == '~' || !info.contains('`')).then_some(fence)
    }

    pub(crate) fn closed_by(self, line: &str) -> bool {
        Self::run(line).is_some_and(|(fence, rest)| {
            fence.mark == self.mark && fence.length >= self.length && rest.trim().is_empty()
        })
    }
}

/// How good a place is to cut at, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    Paragraph,
    Line,
    CodeLine,
}

/// Consecutive lines under one heading, with the places where they may be cut.
struct Block {
    range: Range<usize>,
    breaks: Vec<(usize, Break)>,
    after_blank: bool,
}

impl Block {
    fn new(start: usize) -> Self {
        Self {
            range: start..start,
            breaks: Vec::new(),
            after_blank: false,
        }
    }

    fn line(&mut self, text: &str, line: &Range<usize>, in_code: bool) {
        let kind = match (in_code, self.after_blank) {
            (true, _) => Break::CodeLine,
            (false, true) => Break::Paragraph,
            (false, false) => Break::Line,
        };
        self.breaks.push((line.start, kind));
        self.after_blank = text[line.clone()].trim().is_empty();
        self.range.end = line.end;
    }

    /// Gives away sections from the front once there is much more than one, so that a document of
    /// eight million lines under one heading does not keep as many places to cut.
    fn shed(&mut self, text: &str, path: &[(usize, String)], out: &mut Out) -> Result<(), Error> {
        while self.range.len() > 4 * MAX_SECTION_BYTES {
            let cut = best_cut(text, self.range.start, &self.breaks);
            out.push(text, path, self.range.start..cut)?;
            self.range.start = cut;
            let passed = self.breaks.partition_point(|&(at, _)| at < cut);
            self.breaks.drain(..passed);
        }
        Ok(())
    }
}

/// The sections made so far.
struct Out(Vec<Section>);

impl Out {
    fn push(
        &mut self,
        text: &str,
        path: &[(usize, String)],
        range: Range<usize>,
    ) -> Result<(), Error> {
        let Some(range) = trimmed(text, range) else {
            return Ok(());
        };
        if self.0.len() == MAX_SECTIONS {
            return Err(Error::TooManySections {
                limit: MAX_SECTIONS,
            });
        }
        let heading = path.iter().map(|(_, title)| title.clone()).collect();
        let asked = Vec::new();
        self.0.push(Section {
            heading,
            range,
            asked,
        });
        Ok(())
    }

    fn block(&mut self, text: &str, path: &[(usize, String)], block: Block) -> Result<(), Error> {
        let Some(Range { mut start, end }) = trimmed(text, block.range) else {
            return Ok(());
        };
        while end - start > MAX_SECTION_BYTES {
            let cut = best_cut(text, start, &block.breaks);
            self.push(text, path, start..cut)?;
            start = cut;
        }
        self.push(text, path, start..end)
    }
}

/// Where to end a section that begins at `start` and has more than [`MAX_SECTION_BYTES`] to come.
/// Always beyond `start`, never beyond the limit.
fn best_cut(text: &str, start: usize, breaks: &[(usize, Break)]) -> usize {
    let limit = text.floor_char_boundary(start + MAX_SECTION_BYTES);
    // A cut in the first quarter would leave a scrap; a less natural one later on is better.
    let earliest = start + MAX_SECTION_BYTES / 4;
    let from = breaks.partition_point(|&(at, _)| at < earliest);
    let to = breaks.partition_point(|&(at, _)| at <= limit);
    let fitting = breaks.get(from..to).unwrap_or_default();
    for wanted in [Break::Paragraph, Break::Line, Break::CodeLine] {
        if let Some(&(at, _)) = fitting.iter().rfind(|&&(_, kind)| kind == wanted) {
            return at;
        }
    }
    let window = &text[start..limit];
    let space = window
        .char_indices()
        .rfind(|&(at, c)| start + at >= earliest && (c.is_whitespace() || c == '。'));
    match space {
        Some((at, c)) => start + at + c.len_utf8(),
        None => limit,
    }
}

/// The range without blank lines at its start and white space at its end; `None` when nothing is
/// left. The first line keeps its indentation: it may be code.
pub(crate) fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let part = &text[range.clone()];
    let kept = part.trim_end().len();
    if kept == 0 {
        return None;
    }
    let blank = part.len() - part.trim_start().len();
    let first = part[..blank].rfind('\n').map_or(0, |at| at + 1);
    Some(range.start + first..range.start + kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<(String, &str)> {
        sections(text, MediaType::Markdown)
            .unwrap()
            .into_iter()
            .map(|section| (section.heading.join("/"), &text[section.range]))
            .collect()
    }

    fn pairs<'a>(expected: &[(&str, &'a str)]) -> Vec<(String, &'a str)> {
        expected
            .iter()
            .map(|&(path, text)| (path.to_owned(), text))
            .collect()
    }

    #[test]
    fn headings_make_sections() {
        let text = "intro\n\n# A\n\nfirst\nsecond\n\n## B ##\n\n    code\n\n# C\nlast";
        assert_eq!(
            cut(text),
            pairs(&[
                ("", "intro"),
                ("A", "first\nsecond"),
                ("A/B", "    code"),
                ("C", "last")
            ])
        );
    }

    #[test]
    fn a_heading_in_code_is_code() {
        let text = "# A\n```sh\n# no heading\n```\n~~~~\n~~~\n# nor this\n~~~~\n## B\nx\n";
        let got = cut(text);
        assert_eq!(got.len(), 2);
        assert!(got[0].1.contains("# no heading") && got[0].1.contains("# nor this"));
        // An open fence lasts to the end of the document.
        assert_eq!(cut("# A\n```\n# B\n"), pairs(&[("A", "```\n# B")]));
        // Inline code is no fence.
        assert_eq!(
            cut("``` x```\n# B\ny"),
            pairs(&[("", "``` x```"), ("B", "y")])
        );
    }

    #[test]
    fn empty_headings_are_kept_once() {
        assert_eq!(
            cut("# A\n## B\ntext\n## C\n## D\n"),
            pairs(&[("A/B", "text"), ("A/C", "## C"), ("A/D", "## D")])
        );
        assert_eq!(
            cut("#hash\n####### seven\n"),
            pairs(&[("", "#hash\n####### seven")])
        );
    }

    #[test]
    fn windows_line_ends_and_marks_count_as_bytes() {
        let text = "\u{feff}# A\r\n\r\none\r\ntwo\r\n\r\n# B\r\nx\r\n";
        assert_eq!(cut(text), pairs(&[("A", "one\r\ntwo"), ("B", "x")]));
        assert_eq!(
            sections(text, MediaType::Markdown).unwrap()[0].range.start,
            10
        );
    }

    #[test]
    fn long_text_is_cut_at_blank_lines() {
        let paragraph = "word ".repeat(150);
        let text = [paragraph.trim(); 6].join("\n\n");
        let got = sections(&text, MediaType::Plain).unwrap();
        assert_eq!(got.len(), 3);
        for section in &got {
            let body = &text[section.range.clone()];
            assert!(body.starts_with("word") && body.ends_with("word"));
            assert_eq!(body.len(), 749 * 2 + 2);
        }
    }

    #[test]
    fn code_is_not_cut_while_anything_else_fits() {
        let code = format!("```\n{}```\n", "let x = 1;\n\n".repeat(100));
        let text = format!("# A\n{}\n{code}\nend\n", "Prose goes here.\n".repeat(60));
        let got = cut(&text);
        assert_eq!(got.len(), 2);
        assert!(got[1].1.starts_with("```\n"), "{}", got[1].1);
        // Longer than any section: cut between its lines.
        let long = format!("```\n{}```\n", "let x = 1;\n".repeat(1000));
        assert!(
            cut(&long)
                .iter()
                .all(|(_, body)| body.len() <= MAX_SECTION_BYTES)
        );
    }

    /// A heading with nothing below it is its own text; one of several kilobytes once made a section
    /// longer than any may be.
    #[test]
    fn an_endless_heading_is_text() {
        let text = format!("# {}\n", "鍵".repeat(900));
        let got = sections(&text, MediaType::Markdown).unwrap();
        assert_eq!(got.len(), 2);
        assert!(got.iter().all(|section| section.heading.is_empty()));
    }

    #[test]
    fn many_short_lines_are_gathered() {
        let text = "a\n".repeat(100_000);
        let got = sections(&text, MediaType::Plain).unwrap();
        assert_eq!(got.len(), text.len().div_ceil(MAX_SECTION_BYTES));
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters() {
        let text = "火".repeat(10_000);
        let got = sections(&text, MediaType::Plain).unwrap();
        assert_eq!(got.iter().map(|s| s.range.len()).sum::<usize>(), text.len());
    }

    #[test]
    fn a_document_of_headings_is_bounded() {
        let text = "# a\n".repeat(MAX_SECTIONS + 1);
        assert!(matches!(
            sections(&text, MediaType::Markdown),
            Err(Error::TooManySections { .. })
        ));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_repeated(
            parts in prop::collection::vec(prop_oneof![
                Just("\n".to_owned()), Just("# ".to_owned()), Just("```\n".to_owned()), Just("## B\n".to_owned()),
                "[a-z 火。\r\n#`~]{0,30}", Just("long ".repeat(300)), Just("鍵".repeat(900)),
            ], 0..40),
            plain in any::<bool>(),
        ) {
            let text = parts.concat();
            let kind = if plain { MediaType::Plain } else { MediaType::Markdown };
            let mut at = 0;
            for section in sections(&text, kind).unwrap() {
                prop_assert!(section.range.start >= at && !section.range.is_empty());
                prop_assert!(section.range.len() <= MAX_SECTION_BYTES);
                let gap = &text[at..section.range.start];
                prop_assert!(gap.lines().all(|line| line.trim().is_empty() || atx_heading(line).is_some()), "{gap:?}");
                prop_assert!(!text[section.range.clone()].trim().is_empty());
                at = section.range.end;
            }
            let rest = &text[at..];
            prop_assert!(rest.lines().all(|line| line.trim().is_empty() || atx_heading(line).is_some()), "{rest:?}");
        }

        #[test]
        fn any_text_is_cut_without_panic(text in any::<String>()) {
            for section in sections(&text, MediaType::Markdown).unwrap() {
                prop_assert!(text.get(section.range).is_some());
            }
        }
    }
}
