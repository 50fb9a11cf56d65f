//! Asking: a language model where there is one, the built-in manual where there is none.
//!
//! A conversation owns an OS thread with the model in it; questions go in and pieces of text come out through
//! channels, so that a face never waits for a matrix product. Manual mode quotes and says so: it
//! never passes a quotation off as an answer.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use crate::library::{Hit, Scope, Shelf};
use crate::model::chat::{Chat, Prompt};
use crate::model::file::ModelFile;
use crate::model::generate::{End, Event, Request, Scored, Session};
use crate::model::reasoning::{Said, Splitter};
use crate::model::sample::Sampling;
use crate::model::template::{Context, Message};
use crate::model::tokenizer::Tokenizer;
use crate::model::{ModelError, Options, start};

use crate::node::clock::{now, random};
use crate::node::{Exit, Failure, Handle};

/// Sections that manual mode quotes.
const QUOTED: usize = 3;
/// Tokens that count as recent for the repetition penalty, as llama.cpp has it.
const REPETITION_WINDOW: usize = 64;
/// One part in so many of the context is kept for the answer while there are older messages to leave out.
const ROOM: usize = 4;
/// Most bytes read of a template's file: more than a template may have.
const TEMPLATE_BYTES: u64 = 1 << 20;
/// The nice value of a model that computes behind its face.
const NICE: i32 = 10;
/// Bounds of the search for GGUF files: folders deep, entries looked at, files named.
const DEPTH: usize = 5;
const ENTRIES: usize = 20_000;
const FOUND: usize = 10;

/// What manual mode has to say.
#[derive(Debug, Clone)]
pub struct ManualAnswer {
    /// The closest sections, word for word.
    pub hits: Vec<Hit>,
    /// GGUF files found on this machine.
    pub files: Vec<PathBuf>,
}

/// How a conversation is to be held; what is none comes from the configuration.
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

/// What comes out of a conversation.
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

/// How an answer came about.
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

/// A model on a thread of its own, and the conversation held with it.
pub struct Conversation {
    questions: Sender<Order>,
    pieces: Receiver<Piece>,
    cancel: Arc<AtomicBool>,
    /// The model's name.
    pub model: String,
    /// A toy is labelled one wherever it appears.
    pub toy: bool,
    pub note: String,
    /// Who shared it; none: a person added it here, or it came with okibi.
    pub origin: Option<String>,
    /// Positions of context.
    pub context: usize,
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
            files: find_models(),
        })
    }

    /// Loads a model and starts a conversation with it.
    pub fn converse(&self, name: &str, options: &ChatOptions) -> Result<Conversation, Failure> {
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
        let context = session.context();
        let (questions, inbox) = channel();
        let (outbox, pieces) = channel();
        let cancel = Arc::new(AtomicBool::new(false));
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
            cancel: Arc::clone(&cancel),
            name: name.to_owned(),
        };
        let behind = options.behind;
        std::thread::Builder::new()
            .name("inference".to_owned())
            .spawn(move || {
                if behind {
                    step_back();
                }
                worker.run(&inbox, &outbox);
            })
            .map_err(|error| Failure::new("no-thread", Exit::Failed).with("error", error))?;
        let origin = row.is_foreign().then(|| row.origin.clone());
        Ok(Conversation {
            questions,
            pieces,
            cancel,
            model: row.name,
            toy: row.toy,
            origin,
            note: row.note,
            context,
        })
    }
}

/// The source of a chat template, as far as one may be long.
fn read_template(path: &Path) -> Result<String, Failure> {
    let failed = |error: &std::io::Error| Failure::io(path, error);
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut source = String::new();
    file.take(TEMPLATE_BYTES)
        .read_to_string(&mut source)
        .map_err(|error| failed(&error))?;
    Ok(source)
}

impl Conversation {
    /// Asks; the answer comes through `next`.
    pub fn ask(&self, question: &str) {
        self.cancel.store(false, Ordering::Relaxed);
        // A worker that is gone shows at `next`.
        let _ = self.questions.send(Order::Next(question.to_owned()));
    }

    /// Asks with other words before the question: another branch, or a conversation of yesterday.
    pub fn ask_after(&self, ask: Question) {
        self.cancel.store(false, Ordering::Relaxed);
        let _ = self.questions.send(Order::After(ask));
    }

    /// Waits for the next piece; none: the model's thread has ended.
    pub fn next(&self) -> Option<Piece> {
        self.pieces.recv().ok()
    }

    /// Setting this ends the answer in progress.
    pub fn canceller(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancel)
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // The thread ends with its channel once the answer in progress is broken off.
        self.cancel.store(true, Ordering::Relaxed);
    }
}

/// What a face asks of the model's thread.
enum Order {
    Next(String),
    After(Question),
}

struct Worker {
    session: Session,
    prompts: Chat,
    sampling: Sampling,
    max_tokens: usize,
    stop: Vec<String>,
    log_probabilities: Option<usize>,
    history: Vec<Message>,
    cancel: Arc<AtomicBool>,
    name: String,
}

impl Worker {
    fn run(mut self, inbox: &Receiver<Order>, outbox: &Sender<Piece>) {
        while let Ok(order) = inbox.recv() {
            let question = match order {
                Order::Next(question) => question,
                Order::After(ask) => self.restart(ask),
            };
            let before = self.history.len();
            let unanswered = self.history.pop_if(|last| last.role == "user");
            let question = match &unanswered {
                // Templates want the two sides by turns.
                Some(last) => format!("{}\n\n{question}", last.content),
                None => question,
            };
            self.history.push(Message::new("user", question));
            let piece = match self.answer(outbox) {
                Ok((text, answer)) => {
                    // An answer that never came, cut by a limit within its thoughts, leaves its question open.
                    if !text.is_empty() {
                        self.history.push(Message::new("assistant", text));
                    }
                    Piece::Done(answer)
                }
                Err(failure) => {
                    self.history.pop();
                    self.history.extend(unanswered);
                    debug_assert_eq!(self.history.len(), before);
                    Piece::Failed(failure)
                }
            };
            if outbox.send(piece).is_err() {
                return;
            }
        }
    }

    /// Puts other words before the question, and returns that.
    fn restart(&mut self, ask: Question) -> String {
        let system = Some(ask.system).filter(|text| !text.is_empty());
        let system = system.map(|text| Message::new("system", text));
        let before = ask.before.into_iter().map(|turn| {
            let role = if turn.model { "assistant" } else { "user" };
            Message::new(role, turn.text)
        });
        self.history = system.into_iter().chain(before).collect();
        if ask.again {
            self.sampling.seed = self.sampling.seed.wrapping_add(1);
        }
        if let Some(temperature) = ask.temperature {
            self.sampling.temperature = temperature;
        }
        ask.question
    }

    fn answer(&mut self, outbox: &Sender<Piece>) -> Result<(String, Answer), Failure> {
        let seconds = i64::try_from(now() / 1_000).ok();
        let context = Context {
            answer: true,
            now: seconds,
            ..Context::default()
        };
        let (prompt, left_out) = self.fitting(context)?;
        let stop: Vec<String> = prompt.stop.iter().chain(&self.stop).cloned().collect();
        let request = Request {
            prompt: &prompt.tokens,
            sampling: self.sampling,
            max_tokens: Some(self.max_tokens),
            stop: &stop,
            log_probabilities: self.log_probabilities,
            cancel: Some(&self.cancel),
        };
        let mut splitter = Splitter::new(prompt.thinking);
        let (asked, mut first, mut text) = (Instant::now(), None, String::new());
        let mut lost = false;
        let tokenizer = Arc::clone(self.session.tokenizer());
        let outcome = self.session.generate(&request, &mut |event| {
            match event {
                Event::Text(piece) => {
                    first.get_or_insert_with(Instant::now);
                    splitter.push(piece, &mut |said| lost |= !give(said, &mut text, outbox));
                }
                Event::Token(scored) => {
                    let choice = Piece::Token(choice(&tokenizer, scored));
                    lost |= outbox.send(choice).is_err();
                }
                Event::Prompt { done, total } => {
                    lost |= outbox.send(Piece::Reading { done, total }).is_err();
                }
            }
            if lost {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        splitter.finish(&mut |said| _ = give(said, &mut text, outbox));
        let outcome = outcome.map_err(|error| model_failed(&self.name, &error))?;
        let first = first.unwrap_or(asked);
        let seconds = first.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 {
            outcome.generated_tokens as f64 / seconds
        } else {
            0.0
        };
        let answer = Answer {
            prompt_tokens: outcome.prompt_tokens,
            reused_tokens: outcome.reused_tokens,
            tokens: outcome.generated_tokens,
            first_ms: u64::try_from((first - asked).as_millis()).unwrap_or(u64::MAX),
            rate,
            end: outcome.end,
            seed: self.sampling.seed,
            only_thoughts: text.is_empty() && outcome.generated_tokens > 0,
            max_tokens: self.max_tokens,
            left_out,
        };
        Ok((text, answer))
    }

    /// The prompt, without the oldest messages where all together would leave less than [`ROOM`] of the context for the
    /// answer; and how many those are. Instructions and the question itself always stay.
    fn fitting(&self, context: Context) -> Result<(Prompt, usize), Failure> {
        let instructed = usize::from(self.history.first().is_some_and(|it| it.role == "system"));
        let room = self.session.context() / ROOM;
        let mut history = self.history.clone();
        let mut left_out = 0;
        loop {
            let prompt = self.prompts.prompt(&history, context);
            let prompt = prompt.map_err(|error| template_failed(&self.name, &error))?;
            let fits = prompt.tokens.len() + room <= self.session.context();
            if fits || history.len() < instructed + 3 {
                return Ok((prompt, left_out));
            }
            // A question and its answer go together: templates want them by turns. Half of what is too much at a time, so
            // that a long conversation is not put together again for each pair.
            let pairs = (history.len() - instructed - 1) / 2;
            let over = prompt.tokens.len() + room - self.session.context();
            let step = 2 * (pairs * over / prompt.tokens.len() / 2).clamp(1, pairs);
            history.drain(instructed..instructed + step);
            left_out += step;
        }
    }
}

/// This thread, and those that it starts, wait for others of this program. On Linux the value belongs to the thread
/// (setpriority(2), "C library/kernel differences"); where it cannot be set, the model computes as before.
fn step_back() {
    let _ = rustix::process::setpriority_process(None, NICE);
}

fn choice(tokenizer: &Tokenizer, scored: &Scored) -> TokenChoice {
    let likelihood = |(token, log_probability): (u32, f64)| {
        let mut bytes = Vec::new();
        tokenizer.piece(token, true, &mut bytes);
        Likelihood {
            token,
            bytes,
            log_probability,
        }
    };
    TokenChoice {
        chosen: likelihood((scored.token, scored.log_probability)),
        likeliest: scored.likeliest.iter().copied().map(likelihood).collect(),
    }
}

/// Passes a piece on; only the answer is remembered. Returns whether somebody still listens.
fn give(said: Said<'_>, answer: &mut String, outbox: &Sender<Piece>) -> bool {
    let piece = match said {
        Said::Thought(text) => Piece::Thought(text.to_owned()),
        Said::Answer(text) => {
            answer.push_str(text);
            Piece::Text(text.to_owned())
        }
    };
    outbox.send(piece).is_ok()
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

pub(in crate::node) fn model_failed(name: &str, error: &ModelError) -> Failure {
    if let ModelError::Template(error) = error {
        return template_failed(name, error);
    }
    let mut said = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        said.push_str(&format!(": {error}"));
        source = error.source();
    }
    let code = match error {
        ModelError::PromptTooLong { .. } => "prompt-too-long",
        _ => "model-refused",
    };
    Failure::new(code, Exit::Failed)
        .with("name", name)
        .with("error", said)
}

fn template_failed(name: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new("template-failed", Exit::Failed)
        .with("name", name)
        .with("error", error)
}

/// GGUF files in the places where people and other programs keep them; bounded. A link is named where it leads to a
/// file (the cache of Hugging Face's hub is made of such), never followed into a folder.
fn find_models() -> Vec<PathBuf> {
    let mut folders: Vec<(PathBuf, usize)> = Vec::new();
    folders.extend(std::env::current_dir().ok().map(|folder| (folder, 1)));
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let set = [
        named("HF_HUB_CACHE"),
        named("HUGGINGFACE_HUB_CACHE"),
        named("HF_HOME").map(|folder| folder.join("hub")),
        named("LLAMA_CACHE"),
    ];
    folders.extend(set.into_iter().flatten().map(|folder| (folder, DEPTH)));
    if let Ok(home) = etcetera::home_dir() {
        let known = [
            "Downloads",
            "models",
            "Models",
            ".cache/huggingface/hub",
            ".cache/lm-studio/models",
            ".cache/llama.cpp",
            "Library/Caches/llama.cpp",
        ];
        folders.extend(known.iter().map(|folder| (home.join(folder), DEPTH)));
        folders.extend([".lmstudio/models", ".local/share/models"].map(|f| (home.join(f), DEPTH)));
    }
    let (mut found, mut left) = (Vec::new(), ENTRIES);
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            left = left.saturating_sub(1);
            if left == 0 || found.len() >= FOUND {
                found.sort();
                return found;
            }
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let path = entry.path();
            if kind.is_dir() && depth > 1 {
                folders.push((path, depth - 1));
            } else if is_gguf(&path) && (kind.is_file() || kind.is_symlink() && path.is_file()) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn is_gguf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}
