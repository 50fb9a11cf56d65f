//! `okibi history`, and how the line mode of `okibi chat` keeps what is said.

use std::io::IsTerminal;

use serde_json::{Value, json};

use crate::messages::say;
use crate::node::{
    Conversation, Exit, Failure, Growing, Handle, ManualAnswer, MessageRow, Question, SessionRow,
    Speaker, branch, turns,
};

use super::args::{Chat, History, Sure};
use super::circle::said;
use super::out::{Out, broken, line, printable};
use crate::present::time;

use super::Outcome;

/// Most messages that a search shows.
const FOUND: usize = 200;

/// Runs one of the history commands.
pub fn run(out: &Out, node: &mut Handle, command: &History) -> Outcome {
    match command {
        History::List { words } => list(out, node, &words.join(" ")),
        History::Show { session, all } => show(out, node, session, *all),
        History::Export { session, output } => {
            let row = node.history().find_session(session)?;
            let (row, messages) = node.history().session(row.id)?;
            let text = markdown(&row, &branch(&messages, row.leaf));
            let Some(path) = output else {
                let value = json!({"session": row.id, "title": row.title, "markdown": text});
                out.fact("conversation", value, || printable(text.trim_end()))
                    .map_err(|error| broken(&error))?;
                return Ok(Exit::Done);
            };
            crate::node::write_new(path, text.as_bytes())?;
            let about = [("path", path.display().to_string())];
            let value = json!({"session": row.id, "path": path.display().to_string()});
            said(out, "exported", value, "history-exported", &about)
        }
        History::Delete {
            sessions,
            all,
            sure,
        } => delete(out, node, sessions, *all, sure),
    }
}

fn list(out: &Out, node: &Handle, query: &str) -> Outcome {
    if !query.is_empty() {
        let found = node.history().find_messages(query, FOUND)?;
        if found.is_empty() {
            out.note("nothing-found", &[])
                .map_err(|error| broken(&error))?;
        }
        for hit in found {
            let words = line(&format!(
                "{:>5}  {}  {}",
                hit.session, hit.title, hit.around
            ));
            out.fact("message", json!(hit), || words)
                .map_err(|error| broken(&error))?;
        }
        return Ok(Exit::Done);
    }
    let sessions = node.history().sessions()?;
    if sessions.is_empty() {
        out.note("history-empty", &[])
            .map_err(|error| broken(&error))?;
    }
    for row in sessions {
        out.fact("session", json!(row), || row_words(&row))
            .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

fn row_words(row: &SessionRow) -> String {
    let date = time::date(row.touched);
    let date = date.get(..16).unwrap_or(&date);
    let model = row.model.as_deref().unwrap_or("manual");
    line(&format!(
        "{:>5}  {date}  {model:<12}  {}",
        row.id, row.title
    ))
}

fn show(out: &Out, node: &Handle, name: &str, all: bool) -> Outcome {
    let row = node.history().find_session(name)?;
    let (row, messages) = node.history().session(row.id)?;
    let shown: Vec<&MessageRow> = if all {
        messages.iter().collect()
    } else {
        branch(&messages, row.leaf)
    };
    out.fact("session", json!(row), || line(&row.title))
        .map_err(|error| broken(&error))?;
    for message in shown {
        let mut value = json!(message);
        if let Some(map) = value.as_object_mut() {
            map.insert("session".to_owned(), json!(row.id));
        }
        out.fact("message", value, || {
            let number = if all {
                let parent = message.parent.map_or("-".to_owned(), |id| id.to_string());
                format!("{} < {parent}  ", message.id)
            } else {
                String::new()
            };
            let text = printable(message.text.trim_end());
            format!("\n{number}{}\n{text}", line(&who(message)))
        })
        .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

/// Who said a message, when, and whether it was broken off.
fn who(message: &MessageRow) -> String {
    let name = match message.role {
        Speaker::User => say("history-you", &[]),
        Speaker::Manual => say("history-manual", &[]),
        Speaker::Model => message.model.clone().unwrap_or_default(),
    };
    let date = time::date(message.at);
    let date = date.get(..16).unwrap_or(&date);
    match message.ended.as_deref() {
        None => format!("{name}  {date}  {}", say("history-broken-off", &[])),
        Some("cancelled") => format!("{name}  {date}  {}", say("history-stopped", &[])),
        _ => format!("{name}  {date}"),
    }
}

pub fn markdown(row: &SessionRow, path: &[&MessageRow]) -> String {
    let mut text = format!("# {}\n", line(&row.title));
    if !row.system.is_empty() {
        text.push_str(&format!("\n> {}\n", row.system.replace('\n', "\n> ")));
    }
    for message in path {
        text.push_str(&format!("\n## {}\n\n", line(&who(message))));
        let quotes = message.quotes.as_array().map_or(&[][..], Vec::as_slice);
        if quotes.is_empty() {
            text.push_str(&format!("{}\n", message.text.trim_end()));
        }
        for quote in quotes {
            let word = |key: &str| quote.get(key).and_then(Value::as_str).unwrap_or_default();
            let quoted = word("text").replace('\n', "\n> ");
            text.push_str(&format!("> {quoted}\n\n({})\n\n", word("source")));
        }
    }
    text
}

fn delete(out: &Out, node: &Handle, names: &[String], all: bool, sure: &Sure) -> Outcome {
    let rows: Vec<SessionRow> = if all {
        node.history().sessions()?
    } else {
        let rows = names.iter().map(|name| node.history().find_session(name));
        rows.collect::<Result<_, _>>()?
    };
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    if sure.dry_run || !confirmed(out, &rows, sure)? {
        for row in &rows {
            out.fact("would-delete", json!(row), || row_words(row))
                .map_err(|error| broken(&error))?;
        }
        return super::decide::undecided(sure);
    }
    let count = node.history().delete_sessions(&ids)?;
    let about = [("count", count.to_string())];
    said(
        out,
        "deleted",
        json!({"count": count}),
        "history-deleted",
        &about,
    )
}

/// Asks on a terminal; without one only `--yes` deletes.
fn confirmed(out: &Out, rows: &[SessionRow], sure: &Sure) -> Result<bool, Failure> {
    if sure.yes || rows.is_empty() {
        return Ok(true);
    }
    if out.json || out.quiet || !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let failed = |error: std::io::Error| broken(&error);
    let mut err = std::io::stderr().lock();
    for row in rows {
        std::io::Write::write_all(&mut err, format!("{}\n", row_words(row)).as_bytes())
            .map_err(failed)?;
    }
    let question = format!("{} ", say("sure", &[]));
    std::io::Write::write_all(&mut err, question.as_bytes()).map_err(failed)?;
    drop(err);
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Where a conversation of the line mode is kept.
pub struct Memory {
    session: Option<i64>,
    leaf: Option<i64>,
    pub system: String,
    pub temperature: Option<f32>,
}

impl Memory {
    /// None: it is not kept. A single question is kept on a terminal only, so that scripts leave nothing behind.
    pub fn begin(node: &Handle, args: &Chat, converse: bool) -> Result<Option<Self>, Failure> {
        let mut memory = Self {
            session: None,
            leaf: None,
            system: args.system.clone().unwrap_or_default(),
            temperature: args.temperature,
        };
        if let Some(name) = &args.resume {
            let row = node.history().find_session(name)?;
            let (row, messages) = node.history().session(row.id)?;
            memory.session = Some(row.id);
            memory.leaf = branch(&messages, row.leaf).last().map(|message| message.id);
            if args.system.is_none() {
                memory.system = row.system;
            }
            return Ok(Some(memory));
        }
        let here = converse || std::io::stdout().is_terminal();
        Ok((node.config().chat.save && !args.no_save && here).then_some(memory))
    }

    /// The conversation's number, once something was said.
    pub fn session(&self) -> Option<i64> {
        self.session
    }

    /// Begins a new conversation, with the same instructions.
    pub fn renew(&mut self) {
        self.session = None;
        self.leaf = None;
    }

    fn question(&mut self, node: &Handle, question: &str) -> Result<i64, Failure> {
        let session = match self.session {
            Some(session) => session,
            None => node.history().begin_session(question, &self.system)?,
        };
        self.session = Some(session);
        self.leaf = Some(node.history().keep_question(session, self.leaf, question)?);
        Ok(session)
    }

    /// Keeps a question, asks it with all that was said before, and opens its answer.
    pub fn ask(
        &mut self,
        node: &Handle,
        conversation: &Conversation,
        question: &str,
    ) -> Result<Growing, Failure> {
        let before = match (self.session, self.leaf) {
            (Some(session), leaf @ Some(_)) => {
                let (_, messages) = node.history().session(session)?;
                turns(&branch(&messages, leaf))
            }
            _ => Vec::new(),
        };
        let session = self.question(node, question)?;
        let growing = node
            .history()
            .keep_answer(session, self.leaf, &conversation.engine.model)?;
        self.leaf = Some(growing.id);
        conversation.engine.ask_after(Question {
            system: self.system.clone(),
            before,
            question: question.to_owned(),
            temperature: self.temperature,
            again: false,
        });
        Ok(growing)
    }

    /// Keeps a question and what the manual has on it.
    pub fn quoted(
        &mut self,
        node: &Handle,
        question: &str,
        answer: &ManualAnswer,
    ) -> Result<(), Failure> {
        let session = self.question(node, question)?;
        self.leaf = Some(node.history().keep_quotes(session, self.leaf, answer)?);
        Ok(())
    }
}
