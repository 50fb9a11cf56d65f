//! A model that says what it was told to say, for tests of all that stands above a model.

use std::sync::{Arc, Mutex};

use super::{LanguageModel, ModelError};

/// The calls that a [`Scripted`] model has seen: position and tokens of each.
pub type Calls = Arc<Mutex<Vec<(usize, Vec<u32>)>>>;

/// Answers every prompt with the same tokens and then with its end token.
pub struct Scripted {
    reply: Vec<u32>,
    end: u32,
    past: Vec<u32>,
    context: usize,
    logits: Vec<f32>,
    calls: Calls,
}

impl Scripted {
    /// A model over `vocab_len` tokens that says `reply` and then `end`. Where it stands in its reply it sees
    /// from the end of what it was given; a prompt must not end like the beginning of the reply.
    pub fn new(vocab_len: usize, context: usize, reply: Vec<u32>, end: u32) -> Self {
        Self {
            reply,
            end,
            past: Vec::new(),
            context,
            logits: vec![0.0; vocab_len],
            calls: Calls::default(),
        }
    }

    /// What was asked of it, also after it was given away.
    pub fn calls(&self) -> Calls {
        Arc::clone(&self.calls)
    }
}

impl LanguageModel for Scripted {
    fn forward(&mut self, tokens: &[u32], pos: usize) -> Result<&[f32], ModelError> {
        let end = pos.saturating_add(tokens.len());
        if tokens.is_empty() {
            return Err(ModelError::Empty);
        }
        if pos > self.past.len() || end > self.context {
            return Err(ModelError::Position {
                position: end,
                context: self.context,
            });
        }
        if let Some(&token) = tokens.iter().find(|&&t| t as usize >= self.logits.len()) {
            return Err(ModelError::Token(token));
        }
        self.past.truncate(pos);
        self.past.extend(tokens);
        if let Ok(mut calls) = self.calls.lock() {
            calls.push((pos, tokens.to_vec()));
        }
        let said = (0..=self.reply.len())
            .rev()
            .find(|&said| self.past.ends_with(&self.reply[..said]))
            .unwrap_or(0);
        let next = self.reply.get(said).copied().unwrap_or(self.end);
        self.logits.fill(0.0);
        if let Some(logit) = self.logits.get_mut(next as usize) {
            *logit = 10.0;
        }
        Ok(&self.logits)
    }

    fn vocab_len(&self) -> usize {
        self.logits.len()
    }

    fn context(&self) -> usize {
        self.context
    }
}
