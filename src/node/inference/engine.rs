//! The engine: a model on a thread of its own, and what it remembers of the conversation.
//!
//! Questions go in through a channel and an answer comes out piece by piece to a listener, so that a face never waits for
//! a matrix product. An atomic flag ends the answer in progress. The thread ends with its engine.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use crate::model::ModelError;
use crate::model::chat::{Chat, Prompt};
use crate::model::generate::{Event, Request, Scored, Session};
use crate::model::reasoning::{Said, Splitter};
use crate::model::sample::Sampling;
use crate::model::template::{Context, Message};
use crate::model::tokenizer::Tokenizer;
use crate::store::ModelRow;

use super::chat::{Answer, Likelihood, Piece, Question, TokenChoice};
use crate::node::clock::local_seconds;
use crate::node::{Exit, Failure};

/// One part in so many of the context is kept for the answer while there are older messages to leave out.
const ROOM: usize = 4;
/// The nice value of a model that computes behind its face.
const NICE: i32 = 10;

/// Receives an answer piece by piece, on the model's thread. It returns false when nobody listens any
/// more; then the answer ends.
pub type Listener = Box<dyn FnMut(Piece) -> bool + Send>;

/// A model on a thread of its own.
pub struct Engine {
    questions: Sender<Order>,
    cancel: Arc<AtomicBool>,
    /// The model's name.
    pub model: String,
    /// A toy is labelled one wherever it appears.
    pub toy: bool,
    pub note: String,
    /// The member who shared it; none: a person added it here, or it came with okibi.
    pub origin: Option<String>,
    /// Positions of context.
    pub context: usize,
}

/// A model whose pieces wait until somebody takes them.
pub struct Conversation {
    pub engine: Engine,
    pieces: Receiver<Piece>,
}

impl Engine {
    /// Starts the thread. `behind`: it computes behind the other threads of this program.
    pub(super) fn start(
        worker: Worker,
        row: ModelRow,
        behind: bool,
        mut listener: Listener,
    ) -> Result<Self, Failure> {
        let (questions, inbox) = channel();
        let (cancel, context) = (Arc::clone(&worker.cancel), worker.session.context());
        std::thread::Builder::new()
            .name("inference".to_owned())
            .spawn(move || {
                if behind {
                    step_back();
                }
                worker.run(&inbox, &mut *listener);
            })
            .map_err(|error| Failure::new("no-thread", Exit::Failed).with("error", error))?;
        Ok(Self {
            questions,
            cancel,
            origin: row.is_foreign().then(|| row.origin.clone()),
            model: row.name,
            toy: row.toy,
            note: row.note,
            context,
        })
    }

    /// Asks; the answer comes to the listener. False: the model's thread has ended, and nobody will answer.
    pub fn ask(&self, question: &str) -> bool {
        self.order(Order::Next(question.to_owned()))
    }

    /// Asks with other words before the question: another branch, or a conversation of yesterday.
    pub fn ask_after(&self, ask: Question) -> bool {
        self.order(Order::After(ask))
    }

    fn order(&self, order: Order) -> bool {
        self.cancel.store(false, Ordering::Relaxed);
        self.questions.send(order).is_ok()
    }

    /// Ends the answer in progress.
    pub fn stop(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// Setting this ends the answer in progress.
    pub fn canceller(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancel)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The thread ends with its channel once the answer in progress is broken off.
        self.stop();
    }
}

impl Conversation {
    /// The channel in which pieces wait: its listener, and a conversation out of the engine that speaks to it.
    pub(super) fn channel() -> (Listener, impl FnOnce(Engine) -> Self) {
        let (outbox, pieces) = channel();
        let listener = Box::new(move |piece| outbox.send(piece).is_ok());
        (listener, move |engine| Self { engine, pieces })
    }

    /// Waits for the next piece; none: the model's thread has ended.
    pub fn next(&self) -> Option<Piece> {
        self.pieces.recv().ok()
    }
}

/// A request to the model's thread.
enum Order {
    Next(String),
    After(Question),
}

/// The thread's own state.
pub(super) struct Worker {
    pub session: Session,
    pub prompts: Chat,
    pub sampling: Sampling,
    pub max_tokens: usize,
    pub stop: Vec<String>,
    pub log_probabilities: Option<usize>,
    pub history: Vec<Message>,
    pub cancel: Arc<AtomicBool>,
    pub name: String,
}

impl Worker {
    fn run(mut self, inbox: &Receiver<Order>, listener: &mut dyn FnMut(Piece) -> bool) {
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
            let piece = match self.answer(listener) {
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
            if !listener(piece) {
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

    fn answer(
        &mut self,
        listener: &mut dyn FnMut(Piece) -> bool,
    ) -> Result<(String, Answer), Failure> {
        let context = Context {
            answer: true,
            now: local_seconds(),
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
                    splitter.push(piece, &mut |said| lost |= !give(said, &mut text, listener));
                }
                Event::Token(scored) => {
                    let choice = Piece::Token(choice(&tokenizer, scored));
                    lost |= !listener(choice);
                }
                Event::Prompt { done, total } => {
                    lost |= !listener(Piece::Reading { done, total });
                }
            }
            if lost {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        splitter.finish(&mut |said| _ = give(said, &mut text, listener));
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
fn give(said: Said<'_>, answer: &mut String, listener: &mut dyn FnMut(Piece) -> bool) -> bool {
    let piece = match said {
        Said::Thought(text) => Piece::Thought(text.to_owned()),
        Said::Answer(text) => {
            answer.push_str(text);
            Piece::Text(text.to_owned())
        }
    };
    listener(piece)
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
