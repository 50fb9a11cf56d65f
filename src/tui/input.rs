//! One input: several lines, the keys of readline, a cursor that is the terminal's own.
//!
//! Positions are bytes of the text and always stand between grapheme clusters. Where the cursor is shown is measured
//! in cells, so that an input method finds its place beside wide characters.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;

use super::text::width;

/// A text that is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    text: String,
    cursor: usize,
    /// What was cut last, for ^Y.
    cut: String,
    /// The last key cut something: the next cut joins it.
    cutting: bool,
}

/// One row of an input as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub text: String,
    /// Byte of the whole text at which the row begins.
    pub start: usize,
}

impl Input {
    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The byte before which the cursor stands.
    #[cfg(test)]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Takes the text away; what was cut stays.
    pub fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Puts a text in place of the one that is there, the cursor behind it.
    pub fn set(&mut self, text: &str) {
        self.text = text.to_owned();
        self.cursor = self.text.len();
    }

    /// Writes at the cursor.
    pub fn insert(&mut self, text: &str) {
        // A terminal sends line ends of pasted text as carriage returns.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let clean: String = text
            .chars()
            .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
            .collect();
        self.text.insert_str(self.cursor, &clean);
        self.cursor += clean.len();
        self.cutting = false;
    }

    /// Cuts everything, as ^U on a single line does; ^Y brings it back.
    pub fn cut_all(&mut self) {
        if !self.text.is_empty() {
            self.cut = self.take();
        }
    }

    /// Handles a key of readline. Returns whether it was one.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let cutting = std::mem::replace(&mut self.cutting, false);
        match key.code {
            KeyCode::Char(c) if control && !alt => {
                return self.control(c.to_ascii_lowercase(), cutting);
            }
            KeyCode::Char(c) if alt && !control => return self.alt(c, cutting),
            KeyCode::Char(c) if !control && !alt => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if alt || control => {
                self.cut(self.word_left(), self.cursor, cutting)
            }
            KeyCode::Backspace => self.remove(self.left(), self.cursor),
            KeyCode::Delete => self.remove(self.cursor, self.right()),
            KeyCode::Left if control || alt => self.cursor = self.word_left(),
            KeyCode::Right if control || alt => self.cursor = self.word_right(),
            KeyCode::Left => self.cursor = self.left(),
            KeyCode::Right => self.cursor = self.right(),
            KeyCode::Home => self.cursor = self.line_start(),
            KeyCode::End => self.cursor = self.line_end(),
            _ => return false,
        }
        true
    }

    fn control(&mut self, c: char, cutting: bool) -> bool {
        match c {
            'a' => self.cursor = self.line_start(),
            'e' => self.cursor = self.line_end(),
            'b' => self.cursor = self.left(),
            'f' => self.cursor = self.right(),
            'h' => self.remove(self.left(), self.cursor),
            'd' if !self.text.is_empty() => self.remove(self.cursor, self.right()),
            'w' => self.cut(self.space_left(), self.cursor, cutting),
            'u' => self.cut(self.line_start(), self.cursor, cutting),
            'k' => {
                // At the end of a line its end is what is cut.
                let end = self.line_end();
                let end = if end == self.cursor {
                    self.right()
                } else {
                    end
                };
                self.cut(self.cursor, end, cutting);
            }
            'y' => {
                let cut = self.cut.clone();
                self.insert(&cut);
            }
            'j' => self.insert("\n"),
            't' => self.swap(),
            _ => return false,
        }
        true
    }

    fn alt(&mut self, c: char, cutting: bool) -> bool {
        match c {
            'b' => self.cursor = self.word_left(),
            'f' => self.cursor = self.word_right(),
            'd' => self.cut(self.cursor, self.word_right(), cutting),
            _ => return false,
        }
        true
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
    }

    fn cut(&mut self, from: usize, to: usize, joins: bool) {
        let piece = self.text.get(from..to).unwrap_or_default().to_owned();
        if !joins {
            self.cut = piece;
        } else if to == self.cursor && from < to {
            self.cut = piece + &self.cut;
        } else {
            self.cut.push_str(&piece);
        }
        self.cutting = true;
        self.remove(from, to);
    }

    /// Swaps the characters around the cursor, at the end the last two.
    fn swap(&mut self) {
        let right = if self.cursor == self.text.len() {
            self.cursor
        } else {
            self.right()
        };
        let middle = self.before(right);
        let left = self.before(middle);
        if left < middle {
            let swapped = format!("{}{}", &self.text[middle..right], &self.text[left..middle]);
            self.text.replace_range(left..right, &swapped);
            self.cursor = right;
        }
    }

    fn before(&self, at: usize) -> usize {
        let last = self.text[..at].grapheme_indices(true).next_back();
        last.map_or(0, |(at, _)| at)
    }

    fn left(&self) -> usize {
        self.before(self.cursor)
    }

    fn right(&self) -> usize {
        let next = self.text[self.cursor..].graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    fn line_start(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        let rest = &self.text[self.cursor..];
        self.cursor + rest.find('\n').unwrap_or(rest.len())
    }

    fn word_left(&self) -> usize {
        let mut words = self.text[..self.cursor].unicode_word_indices();
        words.next_back().map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let mut words = self.text[self.cursor..].unicode_word_indices();
        words
            .next()
            .map_or(self.text.len(), |(at, word)| self.cursor + at + word.len())
    }

    /// The beginning of what ^W cuts: back to a space.
    fn space_left(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before.rfind(char::is_whitespace).map_or(0, |at| {
            at + before[at..].chars().next().map_or(0, char::len_utf8)
        })
    }

    /// The text in rows of `cells`, and the cursor as row and cell.
    pub fn rows(&self, cells: usize) -> (Vec<Row>, (usize, usize)) {
        // One cell is kept free, so that the cursor stands behind the last character of a full row.
        let cells = cells.saturating_sub(1).max(2);
        let mut rows = vec![Row {
            text: String::new(),
            start: 0,
        }];
        let (mut used, mut cursor) = (0, (0, 0));
        for (at, cluster) in self.text.grapheme_indices(true) {
            let wide = shown(cluster);
            if cluster != "\n" && used + wide > cells {
                rows.push(Row {
                    text: String::new(),
                    start: at,
                });
                used = 0;
            }
            if at == self.cursor {
                cursor = (rows.len() - 1, used);
            }
            if cluster == "\n" {
                rows.push(Row {
                    text: String::new(),
                    start: at + 1,
                });
                used = 0;
            } else if let Some(row) = rows.last_mut() {
                row.text
                    .push_str(if cluster == "\t" { "    " } else { cluster });
                used += wide;
            }
        }
        if self.cursor == self.text.len() {
            cursor = (rows.len() - 1, used);
        }
        (rows, cursor)
    }

    /// Moves the cursor a row up or down. Returns false where there is none.
    pub fn move_row(&mut self, down: bool, cells: usize) -> bool {
        let (rows, (row, cell)) = self.rows(cells);
        let target = if down { row + 1 } else { row.wrapping_sub(1) };
        let Some(target) = rows.get(target) else {
            return false;
        };
        let (mut at, mut used) = (target.start, 0);
        let end = target.start
            + self.text[target.start..]
                .find('\n')
                .unwrap_or(self.text.len() - target.start);
        for cluster in self.text[target.start..end].graphemes(true) {
            if used + shown(cluster) > cell {
                break;
            }
            used += shown(cluster);
            at += cluster.len();
        }
        self.cursor = at;
        true
    }
}

fn shown(cluster: &str) -> usize {
    if cluster == "\t" { 4 } else { width(cluster) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn press(input: &mut Input, keys: &str) {
        for word in keys.split(' ') {
            let (code, modifiers) = match word.as_bytes() {
                [b'^', c] => (KeyCode::Char(char::from(*c)), KeyModifiers::CONTROL),
                [b'M', b'-', c] => (KeyCode::Char(char::from(*c)), KeyModifiers::ALT),
                b"Left" => (KeyCode::Left, KeyModifiers::NONE),
                b"Bs" => (KeyCode::Backspace, KeyModifiers::NONE),
                _ => {
                    input.insert(word);
                    continue;
                }
            };
            assert!(input.key(KeyEvent::new(code, modifiers)), "{word}");
        }
    }

    fn after(start: &str, keys: &str) -> (String, usize) {
        let mut input = Input::default();
        input.set(start);
        press(&mut input, keys);
        (input.text().to_owned(), input.cursor())
    }

    #[test]
    fn the_keys_of_readline_are_where_they_were() {
        assert_eq!(after("one two", "^a x"), ("xone two".into(), 1));
        assert_eq!(after("one two", "^a ^e x"), ("one twox".into(), 8));
        assert_eq!(after("one two", "^w"), ("one ".into(), 4));
        assert_eq!(after("one two", "^w ^w ^y"), ("one two".into(), 7));
        assert_eq!(after("one two", "^u ^y ^y"), ("one twoone two".into(), 14));
        assert_eq!(after("one two", "^a M-f ^k"), ("one".into(), 3));
        assert_eq!(after("one\ntwo", "^a ^b ^k"), ("onetwo".into(), 3));
        assert_eq!(after("one two", "M-b M-d"), ("one ".into(), 4));
        assert_eq!(after("ab", "^t"), ("ba".into(), 2));
        assert_eq!(after("abc", "^b ^t"), ("acb".into(), 3));
        assert_eq!(after("日本", "Left Bs"), ("本".into(), 0));
        assert_eq!(after("👩‍👩‍👧‍👦", "Bs"), (String::new(), 0));
        assert_eq!(after("a", "^j b"), ("a\nb".into(), 3));
    }

    #[test]
    fn the_cursor_is_measured_in_cells() {
        let mut input = Input::default();
        input.set("日本語");
        assert_eq!(input.rows(20).1, (0, 6));
        input.key(KeyEvent::new(KeyCode::Left, KeyModifiers::NONE));
        assert_eq!(input.rows(20).1, (0, 4));
        let (rows, cursor) = input.rows(5);
        let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!((texts, cursor), (vec!["日本", "語"], (1, 0)));
        assert!(input.move_row(false, 5));
        assert_eq!(input.cursor(), 0);
        assert!(!input.move_row(false, 5));
    }

    #[test]
    fn pasted_text_keeps_its_lines_and_loses_its_controls() {
        let mut input = Input::default();
        input.insert("a\r\nb\rc\u{1b}[31m");
        assert_eq!(input.text(), "a\nb\nc[31m");
    }

    proptest! {
        #[test]
        fn no_key_breaks_a_text(text in "[a 日\n👍]{0,12}", keys in prop::collection::vec(0usize..16, 0..24)) {
            const KEYS: [&str; 16] = [
                "^a", "^e", "^b", "^f", "^h", "^d", "^w", "^u", "^k", "^y", "^t", "M-b", "M-f", "M-d", "Left", "Bs",
            ];
            let mut input = Input::default();
            input.set(&text);
            for key in keys {
                let name = KEYS[key];
                if name != "^d" || !input.is_empty() {
                    press(&mut input, name);
                }
                prop_assert!(input.text().is_char_boundary(input.cursor()));
                let (rows, (row, cell)) = input.rows(8);
                prop_assert!(row < rows.len() && cell < 8);
            }
        }
    }
}
