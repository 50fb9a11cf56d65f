//! What stands beside an answer: branches, earlier questions, and what is copied or shown of a message.

use ratatui::crossterm::event::KeyEvent;
use serde_json::Value;

use crate::messages::say;
use crate::node::{MessageRow, SessionRow, Speaker};

use super::super::markdown::code_blocks;
use super::super::state::{Effect, Keep};
use super::{Chat, Model};

impl Chat {
    /// Shows a conversation that was kept, at a message if one is named.
    pub fn open(&mut self, row: SessionRow, messages: Vec<MessageRow>, at: Option<i64>) {
        self.renew();
        self.session = Some(row.id);
        self.title = row.title;
        self.system = row.system;
        self.messages = messages;
        let leaf = match at {
            // The branch that the message is on, to its end.
            Some(at) => Some(self.end_of(at)),
            None => row.leaf,
        };
        self.follow(leaf);
        self.used = self
            .shown()
            .map(|it| it.prompt_tokens + it.tokens)
            .max()
            .unwrap_or(0);
        if let Some(place) = at.and_then(|id| self.shown().position(|it| it.id == id)) {
            self.chosen = Some(place);
            self.transcript.show(place);
        }
    }

    /// The newest end of the branches that go through a message.
    pub(super) fn end_of(&self, id: i64) -> i64 {
        let mut end = id;
        for message in &self.messages {
            if message.parent == Some(end) {
                end = message.id;
            }
        }
        end
    }

    /// Messages that stand at the same place in other branches: which one of how many.
    pub fn siblings(&self, message: &MessageRow) -> (usize, usize) {
        let same = self
            .messages
            .iter()
            .filter(|it| it.parent == message.parent);
        let ids: Vec<i64> = same.map(|it| it.id).collect();
        let at = ids.iter().position(|id| *id == message.id).unwrap_or(0);
        (at + 1, ids.len())
    }

    /// Goes to the branch beside the chosen message.
    pub fn beside(&mut self, next: bool) -> Vec<Effect> {
        let Some(place) = self.chosen else {
            return Vec::new();
        };
        let Some(message) = self.at(place) else {
            return Vec::new();
        };
        let parent = message.parent;
        let here = message.id;
        let same = self.messages.iter().filter(|it| it.parent == parent);
        let ids: Vec<i64> = same.map(|it| it.id).collect();
        let at = ids.iter().position(|id| *id == here).unwrap_or(0);
        let other = if next {
            ids.get(at + 1)
        } else {
            at.checked_sub(1).and_then(|at| ids.get(at))
        };
        let Some(other) = other.copied() else {
            return Vec::new();
        };
        let leaf = self.end_of(other);
        self.follow(Some(leaf));
        self.chosen = Some(place.min(self.path.len().saturating_sub(1)));
        let mut effects = Vec::new();
        if let Some(session) = self.session {
            self.keep(
                &mut effects,
                Keep::Branch {
                    session,
                    leaf: Some(leaf),
                },
            );
        }
        effects
    }

    /// Has the chosen answer, or the last one, made again: a sibling of it.
    pub fn again(&mut self, now: u64, wall: u64) -> Vec<Effect> {
        let last = self.path.len().saturating_sub(1);
        let place = self.chosen.unwrap_or(last);
        let places = (0..=place.min(last)).rev();
        let question = places
            .filter_map(|at| self.at(at))
            .find(|it| it.role == Speaker::User);
        let Some((id, text)) = question.map(|it| (it.id, it.text.clone())) else {
            return Vec::new();
        };
        self.chosen = None;
        self.transcript.go_to_end();
        self.follow(Some(id));
        self.ask(Some(id), text, true, now, wall)
    }

    /// Takes the chosen question, or the last one, into the input: sent again it begins another branch.
    pub fn edit(&mut self) {
        let last = self.path.len().saturating_sub(1);
        let place = self.chosen.unwrap_or(last);
        let mut places = (0..=place.min(last)).rev().filter_map(|at| self.at(at));
        let question = places.find(|it| it.role == Speaker::User);
        let Some((parent, text)) = question.map(|it| (it.parent, it.text.clone())) else {
            return;
        };
        self.editing = Some(parent);
        self.chosen = None;
        self.input.set(&text);
    }

    /// The text to copy: of the chosen message or the last answer; only its code if `code`.
    pub fn copied(&self, code: bool) -> Option<String> {
        let message = match self.chosen {
            Some(place) => self.at(place),
            None if code => self
                .shown()
                .rev()
                .find(|it| !code_blocks(&it.text).is_empty()),
            None => self.shown().next_back(),
        }?;
        if !code {
            return Some(message.text.clone());
        }
        code_blocks(&message.text).pop()
    }

    /// The quotations of the chosen message, or of the last one that has some.
    pub fn sources(&self) -> Vec<Value> {
        let has = |it: &&MessageRow| {
            it.quotes
                .as_array()
                .is_some_and(|quotes| !quotes.is_empty())
        };
        let message = match self.chosen {
            Some(place) => self.at(place).filter(has),
            None => self.shown().rev().find(has),
        };
        message
            .and_then(|it| it.quotes.as_array().cloned())
            .unwrap_or_default()
    }

    /// Goes through the questions of this conversation, as a shell goes through its history.
    pub fn recall(&mut self, older: bool) {
        let questions: Vec<String> = {
            let asked = self.messages.iter().filter(|it| it.role == Speaker::User);
            asked.map(|it| it.text.clone()).collect()
        };
        let at = match (self.recalled, older) {
            (None, true) => {
                self.draft = self.input.text().to_owned();
                questions.len().checked_sub(1)
            }
            (Some(at), true) => Some(at.saturating_sub(1)),
            (Some(at), false) if at + 1 < questions.len() => Some(at + 1),
            (Some(_), false) => {
                self.recalled = None;
                let draft = std::mem::take(&mut self.draft);
                self.input.set(&draft);
                return;
            }
            (None, false) => None,
        };
        if let Some(text) = at.and_then(|at| questions.get(at)) {
            self.recalled = at;
            self.input.set(text);
        }
    }

    /// No text of the answer that is on its way has come.
    pub fn answer_is_empty(&self) -> bool {
        let growing = self.answering.as_ref().and_then(|it| it.id);
        let growing = growing.and_then(|id| self.messages.iter().rfind(|it| it.id == id));
        growing.is_some_and(|it| it.text.is_empty())
    }

    /// A key that only changes the input.
    pub fn write(&mut self, key: KeyEvent) -> bool {
        self.picked = None;
        let wrote = self.input.key(key);
        if wrote {
            self.recalled = None;
        }
        if self.input.is_empty() {
            self.editing = None;
        }
        wrote
    }

    /// What answers, in a word or two.
    pub fn model_words(&self) -> String {
        match &self.model {
            Model::Manual => say("tui-manual", &[]),
            Model::Loading(name) => say("tui-loading", &[("name", name.clone())]),
            Model::Ready {
                name, toy: true, ..
            } => say("tui-toy", &[("name", name.clone())]),
            Model::Ready { name, .. } => name.clone(),
        }
    }
}
