//! Slash commands of `okibi chat --plain`: those of the interface that need no whole terminal.

use std::path::Path;
use std::sync::PoisonError;

use crate::messages::say;
use crate::node::{Exit, Failure, branch};
use crate::present::commands::{COMMANDS, meant, named};

use super::chat::Face;
use super::history::markdown;
use super::out::broken;

/// The commands that need nothing but lines.
const LINES: [&str; 10] = [
    "model", "system", "temp", "context", "new", "title", "save", "help", "quit", "exit",
];

/// The meaning of a line.
pub enum Said {
    Question(String),
    /// A command, which was carried out.
    Nothing,
    End,
}

impl Face<'_> {
    /// Carries a line out that begins with a slash. Two of them begin a question.
    pub fn command(&mut self, line: &str) -> Result<Said, Failure> {
        let line = line.trim_end();
        let Some(written) = line.strip_prefix('/') else {
            return Ok(Said::Question(line.to_owned()));
        };
        if written.starts_with('/') {
            return Ok(Said::Question(written.to_owned()));
        }
        let (name, argument) = written
            .split_once(char::is_whitespace)
            .unwrap_or((written, ""));
        let argument = argument.trim();
        let Some(command) = named(name) else {
            return self.tell(say("tui-no-command", &[("name", name.to_owned())]));
        };
        match command.name {
            "quit" | "exit" => return Ok(Said::End),
            "help" => {
                for it in COMMANDS.iter().filter(|it| LINES.contains(&it.name)) {
                    self.tell(format!("/{:<9} {}", it.name, say(it.words, &[])))?;
                }
            }
            "model" => return self.model(argument),
            "system" => return self.system(argument),
            "temp" => match argument.parse::<f32>() {
                Ok(value) if (0.0..=5.0).contains(&value) => {
                    self.options.temperature = Some(value);
                    if let Some(memory) = &mut self.memory {
                        memory.temperature = Some(value);
                    }
                    return self.tell(say("tui-temp-set", &[("value", value.to_string())]));
                }
                _ => return self.tell(say("tui-temp-bad", &[])),
            },
            "context" => return self.context(argument),
            "new" => {
                self.unsaved.clear();
                if let Some(memory) = &mut self.memory {
                    memory.renew();
                }
                return self.tell(say("plain-new", &[]));
            }
            "title" | "save" if argument.is_empty() => {
                let about = [("name", command.name.to_owned())];
                return self.tell(say("plain-argument", &about));
            }
            "title" | "save" => {
                let session = self.memory.as_ref().and_then(|it| it.session());
                let Some(session) = session else {
                    return self.tell(say("plain-nothing-kept", &[]));
                };
                if command.name == "title" {
                    self.node.history().title_session(session, argument)?;
                    return Ok(Said::Nothing);
                }
                let (row, messages) = self.node.history().session(session)?;
                let text = markdown(&row, &branch(&messages, row.leaf));
                crate::node::write_new(Path::new(argument), text.as_bytes())?;
                let about = [("path", argument.to_owned())];
                return self.tell(say("history-exported", &about));
            }
            name => {
                let about = [("name", name.to_owned())];
                return self.tell(say("plain-whole-terminal", &about));
            }
        }
        Ok(Said::Nothing)
    }

    /// Says something beside the conversation.
    fn tell(&self, words: String) -> Result<Said, Failure> {
        let value = serde_json::json!({"message": words});
        self.out
            .fact("chat", value, || words.clone())
            .map_err(|error| broken(&error))?;
        Ok(Said::Nothing)
    }

    fn model(&mut self, name: &str) -> Result<Said, Failure> {
        let models = self.node.models()?;
        let names: Vec<String> = models.into_iter().map(|it| it.name).collect();
        if name.is_empty() {
            let used = match &self.conversation {
                Some(conversation) => conversation.engine.model.clone(),
                None => say("tui-manual", &[]),
            };
            let about = [("name", used), ("names", names.join(", "))];
            return self.tell(say("plain-models", &about));
        }
        match meant(&names, name) {
            Ok(name) => self.load(&name),
            Err(words) => self.tell(words),
        }
    }

    /// The model in use stays if the other one cannot be loaded.
    fn load(&mut self, name: &str) -> Result<Said, Failure> {
        let conversation = self.node.converse(name, &self.options)?;
        let cancel = conversation.engine.canceller();
        *self
            .canceller
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(cancel);
        let about = [("name", conversation.engine.model.clone())];
        let toy = conversation
            .engine
            .toy
            .then(|| conversation.engine.note.clone());
        self.conversation = Some(conversation);
        if let Some(note) = toy {
            let about = [about[0].clone(), ("note", note)];
            self.tell(say("chat-toy", &about))?;
        }
        self.tell(say("plain-model", &about))
    }

    fn system(&mut self, text: &str) -> Result<Said, Failure> {
        let now = match &self.memory {
            Some(memory) => memory.system.clone(),
            None => self.options.system.clone().unwrap_or_default(),
        };
        match text {
            "" if now.is_empty() => return self.tell(say("tui-system-empty", &[])),
            "" => return self.tell(say("tui-system-shown", &[("text", now)])),
            _ => {}
        }
        let text = if text == "-" { "" } else { text };
        self.options.system = Some(text.to_owned());
        if let Some(memory) = &mut self.memory {
            text.clone_into(&mut memory.system);
            if let Some(session) = memory.session() {
                self.node.history().instruct_session(session, text)?;
            }
        }
        self.tell(say(
            if text.is_empty() {
                "tui-system-none"
            } else {
                "tui-system-set"
            },
            &[],
        ))
    }

    fn context(&mut self, argument: &str) -> Result<Said, Failure> {
        let Some(conversation) = &self.conversation else {
            return self.tell(say("tui-context-none", &[]));
        };
        let engine = &conversation.engine;
        let (model, context) = (engine.model.clone(), engine.context);
        if argument.is_empty() {
            let about = [("context", context.to_string())];
            return self.tell(say("plain-context", &about));
        }
        match argument.parse::<usize>() {
            Ok(wanted) if wanted > 0 => {
                let before = self.options.context.replace(wanted);
                let loaded = self.load(&model);
                if matches!(&loaded, Err(failure) if failure.exit != Exit::Done) {
                    self.options.context = before;
                }
                loaded
            }
            _ => self.tell(say("tui-context-bad", &[])),
        }
    }
}
