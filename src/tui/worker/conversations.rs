//! The worker that keeps conversations and finds them again.
//!
//! **Always holds.** Its work is short. A message is on the disk before the next question is
//! answered; a piece of an answer that grows waits at most `PATIENCE` for the next one before it is
//! written. When its channel closes it writes everything and ends.
//!
//! **Failure.** A failure is told in words to the face, and the worker goes on.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use crate::messages::say;
use crate::node::{Failure, Growing, Handle, ManualAnswer};

use super::super::event_loop::Incoming;
use super::super::state::{Effect, Event, Keep, LOCAL, Reply};

/// Most messages that a search gives.
const FOUND: usize = 200;
/// How long a piece of an answer that is not written yet may wait for the next one.
const PATIENCE: Duration = Duration::from_millis(250);

/// A failure in words: what happened, and what to do now.
pub fn words(failure: &Failure) -> String {
    let message = say(failure.code, &failure.about);
    let hint = say(&format!("{}.hint", failure.code), &failure.about);
    if hint.is_empty() {
        message
    } else {
        format!("{message}\n{hint}")
    }
}

/// Keeps and finds until nobody asks any more.
pub fn run(node: Handle, inbox: &Receiver<Effect>, outbox: &Sender<Incoming>) {
    let mut keeper = Keeper {
        node,
        numbers: HashMap::new(),
        growing: HashMap::new(),
        quoted: None,
    };
    loop {
        let effect = match inbox.recv_timeout(PATIENCE) {
            Ok(effect) => effect,
            Err(RecvTimeoutError::Timeout) => {
                let node = &keeper.node;
                let flushed = keeper
                    .growing
                    .values_mut()
                    .try_for_each(|it| node.history().flush_answer(it));
                if let Err(failure) = flushed {
                    let _ = outbox.send(Reply::Refused(words(&failure)).into());
                }
                if keeper.growing.is_empty() {
                    // Nothing grows: sleep until somebody asks.
                    match inbox.recv() {
                        Ok(effect) => effect,
                        Err(_) => return,
                    }
                } else {
                    continue;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if let Effect::Ask(ask) = effect {
            if outbox.send(Incoming::Ask(ask)).is_err() {
                return;
            }
            continue;
        }
        let reply = match keeper.work(effect) {
            Ok(None) => continue,
            Ok(Some(reply)) => reply,
            Err(failure) => Reply::Refused(words(&failure)),
        };
        if outbox.send(Incoming::Event(Event::Reply(reply))).is_err() {
            return;
        }
    }
}

struct Keeper {
    node: Handle,
    /// The face's numbers and those of the database.
    numbers: HashMap<i64, i64>,
    growing: HashMap<i64, Growing>,
    quoted: Option<ManualAnswer>,
}

impl Keeper {
    fn work(&mut self, effect: Effect) -> Result<Option<Reply>, Failure> {
        Ok(match effect {
            Effect::Keep(keep) => return self.keep(keep),
            Effect::ListSessions => Some(Reply::Sessions(self.node.history().sessions()?)),
            Effect::OpenSession(id, at) => Some(Reply::Opened(
                Box::new(self.node.history().session(id)?),
                at,
            )),
            Effect::Search(query) => {
                let hits = self.node.history().find_messages(&query, FOUND)?;
                Some(Reply::Found(query, hits))
            }
            Effect::Manual(question) => {
                let answer = self.node.ask_manual(&question)?;
                self.quoted = Some(answer.clone());
                Some(Reply::Quoted(Box::new(answer)))
            }
            _ => None,
        })
    }

    /// The database's number.
    fn real(&self, id: i64) -> i64 {
        if id < LOCAL {
            id
        } else {
            self.numbers.get(&id).copied().unwrap_or(id)
        }
    }

    fn keep(&mut self, keep: Keep) -> Result<Option<Reply>, Failure> {
        match keep {
            Keep::Begin {
                session,
                question,
                system,
            } => {
                let real = self.node.history().begin_session(&question, &system)?;
                self.numbers.insert(session, real);
                return Ok(Some(Reply::Began(session, real)));
            }
            Keep::Question {
                session,
                id,
                parent,
                text,
            } => {
                let parent = parent.map(|id| self.real(id));
                let real = self
                    .node
                    .history()
                    .keep_question(self.real(session), parent, &text)?;
                self.numbers.insert(id, real);
            }
            Keep::Answer {
                session,
                id,
                parent,
                model,
            } => {
                let parent = Some(self.real(parent));
                let growing =
                    self.node
                        .history()
                        .keep_answer(self.real(session), parent, &model)?;
                self.numbers.insert(id, growing.id);
                self.growing.insert(id, growing);
            }
            Keep::Grow { id, piece } => {
                if let Some(growing) = self.growing.get_mut(&id) {
                    self.node.history().grow_answer(growing, &piece)?;
                }
            }
            Keep::End { id, answer } => {
                if let Some(growing) = self.growing.remove(&id) {
                    self.node.history().end_answer(&growing, answer.as_ref())?;
                }
            }
            Keep::Quotes {
                session,
                id,
                parent,
            } => {
                if let Some(answer) = self.quoted.take() {
                    let parent = Some(self.real(parent));
                    let real =
                        self.node
                            .history()
                            .keep_quotes(self.real(session), parent, &answer)?;
                    self.numbers.insert(id, real);
                }
            }
            Keep::Branch { session, leaf } => {
                let leaf = leaf.map(|id| self.real(id));
                self.node
                    .history()
                    .choose_branch(self.real(session), leaf)?;
            }
            Keep::Title { session, text } => self
                .node
                .history()
                .title_session(self.real(session), &text)?,
            Keep::System { session, text } => {
                self.node
                    .history()
                    .instruct_session(self.real(session), &text)?;
            }
            Keep::Delete(session) => {
                let count = self.node.history().delete_sessions(&[self.real(session)])?;
                let words = say("history-deleted", &[("count", count.to_string())]);
                return Ok(Some(Reply::Said(words)));
            }
        }
        Ok(None)
    }
}
