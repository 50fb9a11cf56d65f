//! From a prompt to streamed text.
//!
//! A [`Session`] owns a model and remembers which tokens stand in its cache: a prompt that begins like the
//! last one (the next turn of a conversation) computes only what is new, even where the model spelled its
//! answer in other tokens than the tokenizer would. Each call of
//! [`Session::generate`] runs to its end in the caller's thread; another thread stops it through the
//! request's flag, which is looked at between tokens and between pieces of a long prompt. Time is not
//! known here: a caller that wants durations looks at its clock when the events arrive.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sample::{Sampler, Sampling, likeliest, log_probability};
use super::tokenizer::{Stream, Tokenizer};
use super::{LanguageModel, ModelError};

/// Tokens of a prompt between two looks at the flag: some seconds on a slow machine with a large model.
const PIECE: usize = 128;

/// What to generate.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// The whole prompt, from the first token of the conversation.
    pub prompt: &'a [u32],
    /// How to choose tokens.
    pub sampling: Sampling,
    /// Most tokens of the answer; `None` for as many as the context has room for.
    pub max_tokens: Option<usize>,
    /// Texts that end the answer. They are not part of it.
    pub stop: &'a [String],
    /// Tell how probable each token was, and so many of the likeliest ones at its place.
    pub log_probabilities: Option<usize>,
    /// Set by another thread to end the answer.
    pub cancel: Option<&'a AtomicBool>,
}

/// How probable a token was: by the model's own numbers, before the sampler bent them.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The token.
    pub token: u32,
    /// Natural logarithm of its probability.
    pub log_probability: f64,
    /// The likeliest tokens at its place, the likeliest first.
    pub likeliest: Vec<(u32, f64)>,
}

/// What happens while an answer is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// So many tokens of the prompt stand in the cache.
    Prompt {
        /// Tokens that are done.
        done: usize,
        /// All of them.
        total: usize,
    },
    /// The next token of the answer, where [`Request::log_probabilities`] asks for it. Its text comes later:
    /// when its characters are whole and are no beginning of a stop text.
    Token(&'a Scored),
    /// The next piece of the answer: whole characters, never empty.
    Text(&'a str),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The model ended its turn.
    Model,
    /// A text of [`Request::stop`] appeared.
    Stop,
    /// [`Request::max_tokens`] was reached.
    Length,
    /// The context is full.
    Context,
    /// [`Request::cancel`] was set.
    Cancelled,
    /// The consumer broke off.
    Consumer,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// How many of them stood in the cache already.
    pub reused_tokens: usize,
    /// Tokens of the answer, without the one that ended it.
    pub generated_tokens: usize,
    /// Why it ended.
    pub end: End,
}

/// A model with its tokenizer and the conversation in its cache.
pub struct Session {
    model: Box<dyn LanguageModel>,
    tokenizer: Arc<Tokenizer>,
    past: Vec<u32>,
}

impl Session {
    /// A session with an empty cache.
    pub fn new(model: Box<dyn LanguageModel>, tokenizer: Arc<Tokenizer>) -> Self {
        Self {
            model,
            tokenizer,
            past: Vec::new(),
        }
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Arc<Tokenizer> {
        &self.tokenizer
    }

    /// Number of tokens that the context has room for.
    pub fn context(&self) -> usize {
        self.model.context()
    }

    /// Answers a prompt, giving text to `on_event` as soon as it is certain.
    ///
    /// # Errors
    /// [`ModelError::PromptTooLong`] where the prompt leaves no room for an answer, [`ModelError::Empty`]
    /// where there is none, and whatever the model fails with. The session stays usable.
    pub fn generate(
        &mut self,
        request: &Request<'_>,
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<Outcome, ModelError> {
        let result = self.run(request, on_event);
        if result.is_err() {
            // What the cache holds is uncertain now.
            self.past.clear();
        }
        result
    }

    fn run(
        &mut self,
        request: &Request<'_>,
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<Outcome, ModelError> {
        let prompt = &respelled(&self.tokenizer, &self.past, request.prompt);
        let context = self.model.context();
        if prompt.len() >= context {
            return Err(ModelError::PromptTooLong {
                tokens: prompt.len(),
                context,
            });
        }
        let last = prompt.len().checked_sub(1).ok_or(ModelError::Empty)?;
        // The last token runs in any case: its logits are what is wanted.
        let reused = self
            .past
            .iter()
            .zip(&prompt[..last])
            .take_while(|(a, b)| a == b)
            .count();
        self.past.truncate(reused);
        let mut outcome = Outcome {
            prompt_tokens: prompt.len(),
            reused_tokens: reused,
            generated_tokens: 0,
            end: End::Cancelled,
        };

        let cancelled = || {
            request
                .cancel
                .is_some_and(|flag| flag.load(Ordering::Relaxed))
        };
        let mut sampler = Sampler::new(request.sampling);
        let mut choose = |logits: &[f32], past: &[u32]| -> Result<_, ModelError> {
            let token = sampler.choose(logits, past)?;
            let scored = request.log_probabilities.map(|n| Scored {
                token,
                log_probability: log_probability(logits, token).unwrap_or(f64::NEG_INFINITY),
                likeliest: likeliest(logits, n),
            });
            Ok((token, scored))
        };
        let mut output = Output::new(request.stop);
        let mut token = None;
        for piece in prompt[reused..].chunks(PIECE) {
            if cancelled() {
                return Ok(outcome);
            }
            let logits = self.model.forward(piece, self.past.len())?;
            self.past.extend(piece);
            if self.past.len() == prompt.len() {
                token = Some(choose(logits, &self.past)?);
            }
            let event = Event::Prompt {
                done: self.past.len(),
                total: prompt.len(),
            };
            if on_event(event).is_break() {
                outcome.end = End::Consumer;
                return Ok(outcome);
            }
        }

        let most = request.max_tokens.unwrap_or(usize::MAX);
        outcome.end = loop {
            let Some((next, scored)) = token else {
                break End::Model;
            };
            if self.tokenizer.is_end(next) {
                break End::Model;
            }
            if outcome.generated_tokens >= most {
                break End::Length;
            }
            outcome.generated_tokens += 1;
            if let Some(scored) = &scored
                && on_event(Event::Token(scored)).is_break()
            {
                break End::Consumer;
            }
            if let ControlFlow::Break(end) = output.push(&self.tokenizer, next, on_event) {
                return Ok(Outcome { end, ..outcome });
            }
            if outcome.generated_tokens >= most {
                break End::Length;
            }
            if self.past.len() >= context {
                break End::Context;
            }
            if cancelled() {
                break End::Cancelled;
            }
            let logits = self.model.forward(&[next], self.past.len())?;
            self.past.push(next);
            token = Some(choose(logits, &self.past)?);
        };
        if output.finish(on_event).is_break() {
            outcome.end = End::Consumer;
        }
        Ok(outcome)
    }
}

/// The prompt with its beginning spelled as in `past`, as far as both are the same text.
///
/// A model need not write a text in the tokens that the tokenizer cuts it into. When an answer comes back as a part of
/// the next prompt, its own tokens are still in the cache: they stand for the same bytes, so they may stay. Control
/// tokens are equal only to themselves.
fn respelled(tokenizer: &Tokenizer, past: &[u32], prompt: &[u32]) -> Vec<u32> {
    /// One spelling: the token to come, and bytes of those before it that the other has not matched yet.
    struct Side<'t> {
        tokens: &'t [u32],
        next: usize,
        ahead: Vec<u8>,
    }
    impl Side<'_> {
        /// Takes the next token's bytes; `None` at the end and before a control token.
        fn read(&mut self, tokenizer: &Tokenizer) -> Option<()> {
            let (token, before) = (*self.tokens.get(self.next)?, self.ahead.len());
            tokenizer.piece(token, false, &mut self.ahead);
            self.next += 1;
            (self.ahead.len() > before).then_some(())
        }
    }
    let side = |tokens| Side {
        tokens,
        next: 0,
        ahead: Vec::new(),
    };
    let (mut old, mut new) = (side(past), side(prompt));
    let mut same = (0, 0);
    loop {
        if old.ahead.is_empty() && new.ahead.is_empty() {
            same = (old.next, new.next);
            match (past.get(old.next), prompt.get(new.next)) {
                (Some(a), Some(b)) if a == b => {
                    (old.next, new.next) = (old.next + 1, new.next + 1);
                    continue;
                }
                (Some(_), Some(_)) => {}
                _ => break,
            }
        }
        let shorter = match old.ahead.len() <= new.ahead.len() {
            true => &mut old,
            false => &mut new,
        };
        if shorter.read(tokenizer).is_none() {
            break;
        }
        let common = old.ahead.len().min(new.ahead.len());
        if old.ahead[..common] != new.ahead[..common] {
            break;
        }
        old.ahead.drain(..common);
        new.ahead.drain(..common);
    }
    [&past[..same.0], &prompt[same.1..]].concat()
}

/// Text on its way out: holds back what may be the beginning of a stop text.
struct Output<'a> {
    stop: &'a [String],
    stream: Stream,
    held: String,
}

impl<'a> Output<'a> {
    fn new(stop: &'a [String]) -> Self {
        Self {
            stop,
            stream: Stream::new(),
            held: String::new(),
        }
    }

    fn push(
        &mut self,
        tokenizer: &Tokenizer,
        token: u32,
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<End> {
        self.stream.push(tokenizer, token, &mut self.held);
        let stops = self.stop.iter().filter(|stop| !stop.is_empty());
        if let Some(at) = stops.filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.held.truncate(at);
            return match self.emit(self.held.len(), on_event) {
                ControlFlow::Break(()) => ControlFlow::Break(End::Consumer),
                ControlFlow::Continue(()) => ControlFlow::Break(End::Stop),
            };
        }
        let certain = self.held.len() - self.beginning_of_stop();
        match self.emit(certain, on_event) {
            ControlFlow::Break(()) => ControlFlow::Break(End::Consumer),
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
        }
    }

    /// Length of the longest end of the held text that a stop text begins with.
    fn beginning_of_stop(&self) -> usize {
        let ends = self.held.char_indices().map(|(at, _)| &self.held[at..]);
        ends.filter(|end| self.stop.iter().any(|stop| stop.starts_with(end)))
            .map(str::len)
            .max()
            .unwrap_or(0)
    }

    fn emit(
        &mut self,
        len: usize,
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if len == 0 {
            return ControlFlow::Continue(());
        }
        let flow = on_event(Event::Text(&self.held[..len]));
        self.held.drain(..len);
        flow
    }

    fn finish(
        &mut self,
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.stream.finish(&mut self.held);
        self.emit(self.held.len(), on_event)
    }
}

#[cfg(test)]
mod tests;
