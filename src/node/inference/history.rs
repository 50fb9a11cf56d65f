//! Conversations that this node remembers for its person. They stay in the database: no command here makes a
//! record, and none gives them to a carrier.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::store::{Figures, FoundMessage, MessageRow, NewMessage, SessionRow, Speaker, Store};

use super::chat::{Answer, ManualAnswer, Turn, end_word};
use crate::node::clock::Stopwatch;
use crate::node::clock::now;
use crate::node::{Exit, Failure, Handle};

/// Most characters of a title that is taken from a question.
const TITLE: usize = 60;

/// Milliseconds between two writings of an answer that grows: a commit waits for the disk, and a fast model makes
/// hundreds of pieces a second.
const MOMENT: u64 = 200;

/// An answer that is being kept while it is made.
#[derive(Debug)]
pub struct Growing {
    pub id: i64,
    pub text: String,
    written: Option<Stopwatch>,
    /// Some of the text is not written yet.
    behind: bool,
}

/// The conversations that are kept in one home. They need nothing of it but its database.
#[derive(Clone, Copy)]
pub struct History<'a>(&'a Store);

impl Handle {
    /// The conversations that are kept here.
    pub fn history(&self) -> History<'_> {
        History(&self.store)
    }
}

impl History<'_> {
    /// All conversations, the one touched last first.
    pub fn sessions(&self) -> Result<Vec<SessionRow>, Failure> {
        Ok(self.0.sessions()?)
    }

    /// A conversation with all its messages, whatever their branch.
    pub fn session(&self, id: i64) -> Result<(SessionRow, Vec<MessageRow>), Failure> {
        let row = self.0.session(id)?.ok_or_else(|| unknown(&id))?;
        Ok((row, self.0.messages(id)?))
    }

    /// The conversation that a person names: its number, or `last`.
    pub fn find_session(&self, name: &str) -> Result<SessionRow, Failure> {
        if name == "last" {
            let newest = self.0.sessions()?.into_iter().next();
            return newest.ok_or_else(|| Failure::new("no-session", Exit::Failed));
        }
        let id: i64 = name.parse().map_err(|_| unknown(&name))?;
        self.0.session(id)?.ok_or_else(|| unknown(&name))
    }

    /// Begins a conversation; its title is the question's first line.
    pub fn begin_session(&self, question: &str, system: &str) -> Result<i64, Failure> {
        Ok(self.0.new_session(&title(question), system, now())?)
    }

    /// Keeps a question.
    pub fn keep_question(
        &self,
        session: i64,
        parent: Option<i64>,
        text: &str,
    ) -> Result<i64, Failure> {
        let place = (session, parent);
        self.keep(place, Speaker::User, text, None, &json!([]), Some("said"))
    }

    /// Keeps the place of an answer that is going to grow.
    pub fn keep_answer(
        &self,
        session: i64,
        parent: Option<i64>,
        model: &str,
    ) -> Result<Growing, Failure> {
        let place = (session, parent);
        let id = self.keep(place, Speaker::Model, "", Some(model), &json!([]), None)?;
        Ok(Growing {
            id,
            text: String::new(),
            written: None,
            behind: false,
        })
    }

    /// Keeps quotations of the manual, with their places.
    pub fn keep_quotes(
        &self,
        session: i64,
        parent: Option<i64>,
        answer: &ManualAnswer,
    ) -> Result<i64, Failure> {
        let (text, quotes) = quoted(answer);
        let place = (session, parent);
        self.keep(place, Speaker::Manual, &text, None, &quotes, Some("quoted"))
    }

    fn keep(
        &self,
        (session, parent): (i64, Option<i64>),
        role: Speaker,
        text: &str,
        model: Option<&str>,
        quotes: &Value,
        ended: Option<&str>,
    ) -> Result<i64, Failure> {
        Ok(self.0.add_message(&NewMessage {
            session,
            parent,
            role,
            text,
            at: now(),
            model,
            quotes,
            ended,
        })?)
    }

    /// Adds a piece to an answer that grows. It is written at once, or with a later piece if the last writing was
    /// a moment ago.
    pub fn grow_answer(&self, answer: &mut Growing, piece: &str) -> Result<(), Failure> {
        answer.text.push_str(piece);
        if answer.written.is_none_or(|at| at.millis() >= MOMENT) {
            self.0.grow_message(answer.id, &answer.text)?;
            answer.written = Some(Stopwatch::start());
            answer.behind = false;
        } else {
            answer.behind = true;
        }
        Ok(())
    }

    /// Writes what waits for a later piece.
    pub fn flush_answer(&self, answer: &mut Growing) -> Result<(), Failure> {
        if std::mem::take(&mut answer.behind) {
            self.0.grow_message(answer.id, &answer.text)?;
        }
        Ok(())
    }

    /// Completes an answer. None: it failed.
    pub fn end_answer(&self, grown: &Growing, answer: Option<&Answer>) -> Result<(), Failure> {
        let figures = Figures {
            prompt_tokens: answer.map_or(0, |it| it.prompt_tokens as u64),
            tokens: answer.map_or(0, |it| it.tokens as u64),
            rate: answer.map_or(0.0, |it| it.rate),
        };
        let ended = answer.map_or("failed", |it| end_word(it.end));
        Ok(self.0.end_message(grown.id, &grown.text, ended, figures)?)
    }

    /// Says which branch of a conversation is shown.
    pub fn choose_branch(&self, session: i64, leaf: Option<i64>) -> Result<(), Failure> {
        Ok(self.0.set_leaf(session, leaf)?)
    }

    /// Gives a conversation another title.
    pub fn title_session(&self, session: i64, text: &str) -> Result<(), Failure> {
        Ok(self.0.title_session(session, &title(text))?)
    }

    /// Gives a conversation other instructions.
    pub fn instruct_session(&self, session: i64, system: &str) -> Result<(), Failure> {
        Ok(self.0.instruct_session(session, system)?)
    }

    /// Deletes conversations for good; returns how many there were.
    pub fn delete_sessions(&self, ids: &[i64]) -> Result<usize, Failure> {
        Ok(self.0.delete_sessions(ids)?)
    }

    /// Messages that hold every word of a query, newest first.
    pub fn find_messages(&self, query: &str, limit: usize) -> Result<Vec<FoundMessage>, Failure> {
        Ok(self.0.find_messages(query, limit)?)
    }
}

/// The branch of a tree that ends at `leaf`, or at the newest message below it: first message first.
pub fn branch(messages: &[MessageRow], leaf: Option<i64>) -> Vec<&MessageRow> {
    let by_id: HashMap<i64, &MessageRow> = messages.iter().map(|it| (it.id, it)).collect();
    let mut at = leaf
        .and_then(|id| by_id.get(&id))
        .or(messages.last().as_ref())
        .copied();
    let mut path = Vec::new();
    // A parent is always older than its child, so this ends.
    while let Some(message) = at {
        path.push(message);
        at = message
            .parent
            .filter(|parent| *parent < message.id)
            .and_then(|parent| by_id.get(&parent).copied());
    }
    path.reverse();
    path
}

/// What a model is given of a branch: what was asked of a model, and what it said. Quotations of the manual and
/// the questions that they answer are not its conversation.
pub fn turns(path: &[&MessageRow]) -> Vec<Turn> {
    let mut turns = Vec::new();
    for pair in path.windows(2) {
        if let [question, answer] = pair
            && question.role == Speaker::User
            && answer.role == Speaker::Model
        {
            for message in pair.iter().filter(|it| !it.text.is_empty()) {
                turns.push(Turn {
                    model: message.role == Speaker::Model,
                    text: message.text.clone(),
                });
            }
        }
    }
    joined(turns)
}

/// Turns in which the two sides alternate: a question without an answer (a limit cut it off) stands before the next
/// one.
fn joined(turns: Vec<Turn>) -> Vec<Turn> {
    let mut out: Vec<Turn> = Vec::new();
    for turn in turns {
        match out.last_mut().filter(|last| !last.model && !turn.model) {
            Some(last) => last.text = format!("{}\n\n{}", last.text, turn.text),
            None => out.push(turn),
        }
    }
    out
}

/// The words of a manual answer, and where each of its quotations comes from.
pub fn quoted(answer: &ManualAnswer) -> (String, Value) {
    let texts: Vec<&str> = answer.hits.iter().map(|hit| hit.text.trim_end()).collect();
    let quotes = answer.hits.iter().map(|hit| {
        let citation = hit.citation();
        json!({"name": citation.name(), "source": citation.to_string(), "origin": hit.origin, "text": hit.text.trim_end()})
    });
    (texts.join("\n\n"), quotes.collect())
}

fn title(question: &str) -> String {
    let line = question
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty());
    let line = line.unwrap_or("…");
    if line.chars().count() <= TITLE {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE - 1).collect();
    format!("{}…", cut.trim_end())
}

fn unknown(name: &dyn std::fmt::Display) -> Failure {
    Failure::new("session-unknown", Exit::Failed).with("name", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Privacy;

    fn message(id: i64, parent: Option<i64>, role: Speaker, text: &str) -> MessageRow {
        MessageRow {
            id,
            parent,
            role,
            text: text.to_owned(),
            at: 0,
            model: None,
            quotes: json!([]),
            prompt_tokens: 0,
            tokens: 0,
            rate: 0.0,
            privacy: Privacy::Local,
            ended: None,
        }
    }

    #[test]
    fn a_branch_is_a_path_and_only_the_models_part_is_its_own() {
        use Speaker::{Manual, Model, User};
        let tree = [
            message(1, None, User, "manual?"),
            message(2, Some(1), Manual, "a quotation"),
            message(3, Some(2), User, "q"),
            message(4, Some(3), Model, "a"),
            message(5, Some(3), Model, "b"),
            message(6, Some(5), User, "unanswered"),
        ];
        let ids = |leaf| {
            branch(&tree, leaf)
                .iter()
                .map(|it| it.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(Some(4)), [1, 2, 3, 4]);
        assert_eq!(ids(None), [1, 2, 3, 5, 6]);
        let given = turns(&branch(&tree, None));
        let texts: Vec<_> = given
            .iter()
            .map(|turn| (turn.model, turn.text.as_str()))
            .collect();
        assert_eq!(texts, [(false, "q"), (true, "b")]);
        // An answer that was cut off within its thoughts is empty; its question stays.
        let cut = [
            message(1, None, User, "q"),
            message(2, Some(1), Model, ""),
            message(3, Some(2), User, "r"),
            message(4, Some(3), Model, "a"),
        ];
        let given = turns(&branch(&cut, None));
        let texts: Vec<_> = given.iter().map(|turn| turn.text.as_str()).collect();
        assert_eq!(texts, ["q\n\nr", "a"]);
        assert!(branch(&[], None).is_empty());
    }

    #[test]
    fn titles_are_short_lines() {
        assert_eq!(title("\n  Why?\nmore"), "Why?");
        assert_eq!(title(&"火".repeat(99)).chars().count(), TITLE);
    }
}
