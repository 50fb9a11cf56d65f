//! Reads the crate's own sources as text, for the tests that hold them against a table. No parser: comments
//! and literals are blanked, which is enough to find paths and calls.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One file under `src/`.
pub struct Source {
    pub path: String,
    /// First part of the module path; empty for lib.rs and main.rs.
    pub module: String,
    pub text: String,
    /// The text with comments and the contents of literals blanked; line numbers stay.
    pub code: String,
    /// `code` without what only tests are built from.
    pub shipped: String,
}

impl Source {
    /// Takes a file apart; `path` begins with `src/`.
    pub fn new(path: String, text: String) -> Self {
        let code = blanked(&text);
        let only_tests =
            path.ends_with("tests.rs") || path.ends_with("laws.rs") || path.contains("/tests/");
        let shipped = if only_tests {
            String::new()
        } else {
            without_tests(&code)
        };
        Self {
            module: parts(&path).first().cloned().unwrap_or_default(),
            path,
            text,
            code,
            shipped,
        }
    }

    /// Lines and names of the other modules at the crate's root that this file uses.
    pub fn edges(&self, roots: &BTreeSet<&str>) -> Vec<(usize, String)> {
        let mut edges = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            let line = self.line(at);
            let rest = &self.code[at + "crate::".len()..];
            edges.extend(heads(rest).into_iter().map(|name| (line, name)));
        }
        let depth = parts(&self.path).len();
        let mut at = 0;
        while let Some(found) = self.code[at..].find("super::") {
            let start = at + found;
            let mut rest = &self.code[start..];
            let mut count = 0;
            while let Some(after) = rest.strip_prefix("super::") {
                (rest, count) = (after, count + 1);
            }
            at = self.code.len() - rest.len();
            // An inline module makes a chain one step longer; then it ends at a name that is no root module's.
            if count >= depth {
                let known = |name: &String| roots.contains(name.as_str());
                let line = self.line(start);
                edges.extend(
                    heads(rest)
                        .into_iter()
                        .filter(known)
                        .map(|name| (line, name)),
                );
            }
        }
        edges.sort();
        edges.dedup();
        edges.retain(|(_, name)| *name != self.module);
        edges.sort_by_key(|(line, _)| *line);
        edges
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

/// The module path of a file, from its place under `src/`.
fn parts(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if matches!(
        parts.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        parts.pop();
    }
    parts
}

/// The first names of a path or of a group of paths: `a::b` gives a; `{a::{b, c}, d}` gives a and d.
fn heads(rest: &str) -> Vec<String> {
    let name = |text: &str| -> Option<String> {
        let text = text.trim_start();
        let end = text
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(text.len());
        (end > 0).then(|| text[..end].to_owned())
    };
    let Some(group) = rest.strip_prefix('{') else {
        return name(rest).into_iter().collect();
    };
    let (mut depth, mut names, mut fresh) = (1, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                names.extend(name(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

/// Blanks comments and the contents of literals; byte offsets, line ends and the quotes of plain strings stay.
fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let identifier = out
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        let end = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(end) = raw_string(rest).filter(|_| !identifier) {
            end
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        if c == '"' && end >= 2 {
            out.push('"');
            blank(&mut out, &rest[1..end - 1]);
            out.push('"');
        } else {
            blank(&mut out, &rest[..end]);
        }
        rest = &rest[end..];
    }
    out
}

/// Spaces for every byte but the line ends.
fn blank(out: &mut String, piece: &str) {
    out.extend(
        piece
            .bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
    );
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The end of a raw string that begins here, if one does.
fn raw_string(rest: &str) -> Option<usize> {
    let start = ["r", "br", "cr"]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix))?;
    let hashes = start.len() - start.trim_start_matches('#').len();
    let body = start[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body
        .find(&close)
        .map_or(body.len(), |end| end + close.len());
    Some(rest.len() - body.len() + end)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    rest.len()
}

/// Tells a character literal from a lifetime.
fn is_character(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    matches!(
        (chars.next(), chars.next()),
        (Some('\\'), _) | (Some(_), Some('\''))
    )
}

/// Takes out every item under `#[cfg(test)]`; `code` is blanked already, so braces are real ones.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let mut depth = 0;
        let end = item.char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ';' if depth == 0 => return Some(at + 1),
                _ => {}
            }
            (c == '}' && depth == 0).then_some(at + 1)
        });
        let end = end.unwrap_or(item.len());
        blank(&mut out, &item[..end]);
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

/// Every file under `src/`, by path.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    files.sort();
    assert!(files.len() > 10, "the sources were not found");
    let read = |file: PathBuf| {
        let path = file.strip_prefix(root).expect("under the root");
        let text = std::fs::read_to_string(&file).expect("readable UTF-8");
        Source::new(
            path.to_str().expect("a plain name").replace('\\', "/"),
            text,
        )
    };
    files.into_iter().map(read).collect()
}

/// Adds every Rust file below a folder.
pub fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

impl Source {
    /// Where `words` stands in code that is built into the program.
    pub fn shipped_matches<'a>(&'a self, words: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        self.shipped.match_indices(words)
    }

    /// The arguments of a call whose parenthesis ends before `open`, as byte ranges, and the end of the call.
    pub fn arguments(&self, open: usize) -> (Vec<(usize, usize)>, usize) {
        let (mut depth, mut start, mut found) = (0, open, Vec::new());
        for (at, c) in self.code[open..].char_indices() {
            let at = open + at;
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' if depth == 0 => {
                    found.push((start, at));
                    return (found, at + 1);
                }
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.push((start, at));
                    start = at + 1;
                }
                _ => {}
            }
        }
        (found, self.code.len())
    }

    /// The names of the values that are chained on to a failure at `end`: `.with("name", value)`, and `.because(error)`,
    /// which gives `error`.
    pub fn chained(&self, mut end: usize) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        loop {
            let rest = self.code[end..].trim_start();
            let (after, source) = match rest.strip_prefix(".with(") {
                Some(after) => (Some(after), false),
                None => (rest.strip_prefix(".because("), true),
            };
            let Some(after) = after else {
                return names;
            };
            let (arguments, next) = self.arguments(self.code.len() - after.len());
            names.extend(match source {
                true => Some("error".to_owned()),
                false => arguments
                    .first()
                    .and_then(|&(from, to)| literal(&self.text[from..to])),
            });
            end = next;
        }
    }

    /// Every plain string literal of the code that is built into the program.
    pub fn literals(&self) -> Vec<String> {
        let quotes: Vec<usize> = self.shipped.match_indices('"').map(|(at, _)| at).collect();
        let pairs = quotes.chunks_exact(2);
        pairs
            .map(|pair| self.text[pair[0] + 1..pair[1]].to_owned())
            .collect()
    }
}

/// The content of a plain string literal that is all of `text`.
pub fn literal(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains(['"', '\\'])).then(|| inner.to_owned())
}
