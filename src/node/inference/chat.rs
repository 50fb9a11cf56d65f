//! Asking: a language model where there is one, the built-in manual where there is none.
//!
//! Manual mode quotes and says so: it never passes a quotation off as an answer.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::library::{Hit, Scope, Shelf};
use crate::model::file::ModelFile;
use crate::model::generate::End;
use crate::model::sample::Sampling;
use crate::model::template::Message;
use crate::model::{ModelError, Options, start};

use super::engine::{Conversation, Engine, Listener, Worker, model_failed};
use crate::node::clock::random;
use crate::node::content::find_gguf::find_gguf;
use crate::node::{Exit, Failure, Handle};

/// Sections that manual mode quotes.
const QUOTED: usize = 3;
/// Tokens that count as recent for the repetition penalty, as llama.cpp has it.
const REPETITION_WINDOW: usize = 64;
/// Most bytes read of a template's file: more than a template may have.
const TEMPLATE_BYTES: u64 = 1 << 20;
/// An answer of manual mode.
#[derive(Debug, Clone)]
pub struct ManualAnswer {
    /// The closest sections, word for word.
    pub hits: Vec<Hit>,
    /// GGUF files found on this machine.
    pub files: Vec<PathBuf>,
}

/// Options of a conversation; those that are none come from the configuration.
#[derive(Debug, Clone, Default)]
pub struct ChatOptions {
    pub model: Option<String>,
    pub system: Option<String>,
    pub temperature: Option<f32>,
    pub top_k: Option<usize>,
    pub top_p: Option<f32>,
    pub min_p: Option<f32>,
    pub repeat_penalty: Option<f32>,
    pub seed: Option<u64>,
    pub context: Option<usize>,
    pub max_tokens: Option<usize>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// A file with a chat template in place of the model's own.
    pub template: Option<PathBuf>,
    /// Tell how probable each token was, and so many of the likeliest ones at its place.
    pub log_probabilities: Option<usize>,
    /// Compute behind the other threads of this program, so that a key is answered while both cores are busy.
    pub behind: bool,
}

/// A token by its text, and the natural logarithm of its probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Likelihood {
    pub token: u32,
    /// Bytes, because a token may be a part of a character.
    pub bytes: Vec<u8>,
    pub log_probability: f64,
}

/// A token of an answer with the likeliest ones at its place.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenChoice {
    pub chosen: Likelihood,
    pub likeliest: Vec<Likelihood>,
}

/// One message of what was said before a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The model said it, not the person.
    pub model: bool,
    pub text: String,
}

/// A question with all that stands before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Instructions that stand first, or none.
    pub system: String,
    /// In place of what this conversation remembers; whatever begins like it stays computed.
    pub before: Vec<Turn>,
    pub question: String,
    /// None: as before.
    pub temperature: Option<f32>,
    /// Move the seed on, so that the same question gets another answer.
    pub again: bool,
}

/// A piece of a conversation's output.
#[derive(Debug)]
pub enum Piece {
    /// So many tokens of the question, with all before it, are read.
    Reading { done: usize, total: usize },
    /// The next whole characters of the answer.
    Text(String),
    /// The next whole characters of what the model thinks before it answers.
    Thought(String),
    /// The next token, of thoughts or answer, where [`ChatOptions::log_probabilities`] asks for it.
    Token(TokenChoice),
    /// The answer is complete.
    Done(Answer),
    /// The answer failed; the conversation goes on.
    Failed(Failure),
}

/// Facts about a finished answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub prompt_tokens: usize,
    pub reused_tokens: usize,
    pub tokens: usize,
    /// Milliseconds from the question to the first piece of text.
    pub first_ms: u64,
    /// Tokens per second, from the first piece on.
    pub rate: f64,
    pub end: End,
    pub seed: u64,
    /// Whether all tokens of the answer were thoughts.
    pub only_thoughts: bool,
    /// The most tokens that the answer could have.
    pub max_tokens: usize,
    /// Earlier messages that the model did not read, because the context has no room for them.
    pub left_out: usize,
}

impl Handle {
    /// The model that a chat uses: the one named, the one chosen, or the only one that a person added here. Somebody
    /// else's is never taken unasked. None: manual mode.
    pub fn chat_model(&self, named: Option<&str>) -> Result<Option<String>, Failure> {
        if let Some(name) = named.or(self.config.chat.model.as_deref()) {
            return Ok(Some(self.find_model(name)?.name));
        }
        if let Some(name) = self.store.meta("model")? {
            let name = String::from_utf8_lossy(&name).into_owned();
            return Ok(Some(self.find_model(&name)?.name));
        }
        let mut models = self.store.models()?;
        models.retain(|model| !model.toy && !model.is_foreign());
        match models.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only.name.clone())),
            _ => {
                let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
                Err(Failure::new("model-choose", Exit::Usage).with("names", names.join(", ")))
            }
        }
    }

    /// Quotes the manual's closest sections.
    pub fn ask_manual(&self, question: &str) -> Result<ManualAnswer, Failure> {
        let hits = self.search(question, Scope::Shelf(Shelf::Manual), QUOTED)?;
        Ok(ManualAnswer {
            hits,
            files: find_gguf(),
        })
    }

    /// Loads a model and starts a conversation with it.
    ///
    /// # Errors
    /// Fails where the model or its template cannot be used.
    pub fn converse(&self, name: &str, options: &ChatOptions) -> Result<Conversation, Failure> {
        let (listener, conversation) = Conversation::channel();
        Ok(conversation(self.engine(name, options, listener)?))
    }

    /// The same where a listener is given the pieces, on the model's thread.
    ///
    /// # Errors
    /// Fails where the model or its template cannot be used.
    pub fn engine(
        &self,
        name: &str,
        options: &ChatOptions,
        listener: Listener,
    ) -> Result<Engine, Failure> {
        let row = self.find_model(name)?;
        let path = self.store.blob_path(&row.blob);
        let refused = |error: ModelError| model_failed(name, &error);
        let file = ModelFile::open(&path).map_err(refused)?;
        let chat = &self.config.chat;
        let context = options.context.or(chat.context);
        let template = match &options.template {
            Some(path) => Some(read_template(path)?),
            None => None,
        };
        let (session, prompts) = start(&file, Options { context, template }).map_err(refused)?;
        let seed = match options.seed {
            Some(seed) => seed,
            None => u64::from_le_bytes(random()?),
        };
        let sampling = Sampling {
            temperature: options.temperature.unwrap_or(chat.temperature),
            top_k: options.top_k.unwrap_or(chat.top_k),
            top_p: options.top_p.unwrap_or(chat.top_p),
            min_p: options.min_p.unwrap_or(chat.min_p),
            repetition_penalty: options.repeat_penalty.unwrap_or(chat.repeat_penalty),
            repetition_window: REPETITION_WINDOW,
            seed,
        };
        let worker = Worker {
            session,
            prompts,
            sampling,
            max_tokens: options.max_tokens.unwrap_or(chat.max_tokens),
            stop: options.stop.clone(),
            log_probabilities: options.log_probabilities,
            history: options
                .system
                .iter()
                .map(|text| Message::new("system", text))
                .collect(),
            cancel: Arc::default(),
            name: name.to_owned(),
        };
        Engine::start(worker, row, options.behind, listener)
    }
}

/// The source of a chat template, as far as one may be long.
fn read_template(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::io(path, error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut source = String::new();
    file.take(TEMPLATE_BYTES)
        .read_to_string(&mut source)
        .map_err(failed)?;
    Ok(source)
}

/// The word for why an answer ended.
pub fn end_word(end: End) -> &'static str {
    match end {
        End::Model => "model",
        End::Stop => "stop",
        End::Length => "length",
        End::Context => "context",
        End::Cancelled => "cancelled",
        End::Consumer => "consumer",
    }
}
