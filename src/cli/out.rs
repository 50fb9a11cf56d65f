//! Standard output is data, standard error everything else. A fact is one JSON line or its words.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::messages::say;
use crate::node::{Exit, Failure};
use crate::record::foreign::ascii_json;

/// Where a command's words go.
pub struct Out {
    pub json: bool,
    pub quiet: bool,
}

impl Out {
    /// Prints a fact: as a JSON line with this `type`, or in words.
    pub fn fact(
        &self,
        kind: &str,
        mut value: Value,
        words: impl FnOnce() -> String,
    ) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let line = if self.json {
            if let Some(map) = value.as_object_mut() {
                map.insert("type".to_owned(), json!(kind));
            }
            ascii(&value)
        } else {
            words()
        };
        if line.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// Says something that is no data: on standard error, or as a JSON line of type `note`.
    pub fn note(&self, code: &str, about: &[(&str, String)]) -> io::Result<()> {
        self.aside("note", code, about)
    }

    /// Says that something deserves attention: one line on standard error, or a JSON line of type `warning`.
    pub fn warn(&self, code: &str, about: &[(&str, String)]) -> io::Result<()> {
        self.aside("warning", code, about)
    }

    fn aside(&self, kind: &str, code: &str, about: &[(&str, String)]) -> io::Result<()> {
        if self.quiet && kind == "note" {
            return Ok(());
        }
        let words = printable(&say(code, about));
        if self.json {
            let line = json!({"type": kind, "code": code, "message": words});
            return writeln!(io::stdout().lock(), "{}", ascii(&line));
        }
        writeln!(io::stderr().lock(), "okibi: {words}")
    }

    /// Says why a command failed and what to do now.
    pub fn failure(&self, failure: &Failure) {
        let about: Vec<(&str, String)> = failure.about.clone();
        let message = printable(&say(failure.code, &about));
        let hint = printable(&say(&format!("{}.hint", failure.code), &about));
        if self.json {
            let line = json!({
                "type": "error", "code": failure.code, "exit": failure.exit as u8,
                "message": message, "hint": hint,
            });
            let _ = writeln!(io::stdout().lock(), "{}", ascii(&line));
        } else {
            let mut err = io::stderr().lock();
            let _ = writeln!(err, "okibi: {message}");
            if !hint.is_empty() {
                let _ = writeln!(err, "  {hint}");
            }
        }
    }
}

/// JSON in printable ASCII: what a terminal would obey is spelled out, whoever chose it.
fn ascii(value: &Value) -> String {
    ascii_json(&value.to_string()).into_owned()
}

/// Text of foreign origin, without anything that steers a terminal; line ends stay.
pub fn printable(text: &str) -> String {
    crate::node::printable_text(text).into_owned()
}

/// The same on one line: a name must not look like a line of ours.
pub fn line(text: &str) -> String {
    crate::node::printable_line(text).into_owned()
}

/// A failure to write: a closed pipe is no failure at all.
pub fn broken(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::new("broken-pipe", Exit::Done);
    }
    Failure::new("output-failed", Exit::Failed).with("error", error)
}
