//! What all architectures share: embedding, the loop over layers, the head, and the scratch memory.
//!
//! A long input is run in pieces of [`BATCH`] tokens, so that scratch memory is bounded. It is allocated
//! once, at the first piece, and kept.

use super::cache::{Cache, LayerCache};
use super::config::Config;
use super::ops;
use super::rope::Rope;
use super::weights::{Loader, Matrix};
use super::{LanguageModel, ModelError};

/// Most tokens in one pass: enough for the kernels to use each weight many times.
const BATCH: usize = 256;

/// What makes one architecture different from another.
pub(super) trait Architecture: Send {
    /// The rotations that its layers use. The angles for the current tokens are in [`Frame::angles`] under
    /// the same index.
    fn ropes(&self) -> &[Rope];

    /// Factor on the embedding of a token.
    fn embedding_scale(&self) -> f32 {
        1.0
    }

    /// Finite logits stay within plus and minus this.
    fn logit_cap(&self) -> Option<f32> {
        None
    }

    /// Runs layer number `index` on `frame.x`, whose rows are the tokens from `pos`.
    fn layer(
        &self,
        index: usize,
        pos: usize,
        frame: &mut Frame,
        cache: LayerCache<'_>,
    ) -> Result<(), ModelError>;
}

/// Scratch memory of one pass; each field holds one row per token.
#[derive(Default)]
pub(super) struct Frame {
    /// The vector that runs through the layers.
    pub(super) x: Vec<f32>,
    /// The norm of `x`.
    pub(super) normed: Vec<f32>,
    /// Queries, keys, values.
    pub(super) q: Vec<f32>,
    pub(super) k: Vec<f32>,
    pub(super) v: Vec<f32>,
    /// What attention mixed from the values.
    pub(super) mixed: Vec<f32>,
    /// The two inner vectors of the feed-forward part.
    pub(super) gate: Vec<f32>,
    pub(super) up: Vec<f32>,
    /// What is to be added to `x`.
    pub(super) change: Vec<f32>,
    /// Cosines and sines per rotation.
    pub(super) angles: Vec<Vec<(f32, f32)>>,
}

impl Frame {
    fn resize(&mut self, m: usize, shape: &Shape) {
        let parts = [
            (&mut self.x, shape.width),
            (&mut self.normed, shape.width),
            (&mut self.change, shape.width),
            (&mut self.q, shape.q_width),
            (&mut self.mixed, shape.q_width),
            (&mut self.k, shape.kv_width),
            (&mut self.v, shape.kv_width),
            (&mut self.gate, shape.inner),
            (&mut self.up, shape.inner),
        ];
        for (part, width) in parts {
            part.resize(m * width, 0.0);
        }
    }
}

struct Shape {
    width: usize,
    q_width: usize,
    kv_width: usize,
    inner: usize,
    layers: usize,
    eps: f32,
}

/// A model that predicts the next token from a stack of layers.
pub(super) struct Decoder<A> {
    architecture: A,
    shape: Shape,
    embedding: Matrix,
    norm: Vec<f32>,
    head: Matrix,
    cache: Cache,
    /// Positions that the cache holds.
    filled: usize,
    frame: Frame,
    logits: Vec<f32>,
}

impl<A: Architecture> Decoder<A> {
    /// Takes the parts that all models have from the loader.
    pub(super) fn new(
        architecture: A,
        config: &Config<'_>,
        mut loader: Loader<'_>,
        context: usize,
    ) -> Result<Self, ModelError> {
        let embedding = loader.matrix("token_embd.weight", config.width, config.vocab)?;
        let norm = loader.vector("output_norm.weight", config.width)?;
        // Many models use the embedding as their head, too.
        let head = loader
            .optional_matrix("output.weight", config.width, config.vocab)?
            .unwrap_or_else(|| embedding.clone());
        loader.finish()?;
        Ok(Self {
            architecture,
            shape: Shape {
                width: config.width,
                q_width: config.q_width(),
                kv_width: config.kv_width(),
                inner: config.inner,
                layers: config.layers,
                eps: config.eps,
            },
            embedding,
            norm,
            head,
            cache: Cache::new(config.layers, config.kv_heads, config.head_len, context)?,
            filled: 0,
            frame: Frame::default(),
            logits: vec![0.0; config.vocab],
        })
    }

    /// Runs up to [`BATCH`] tokens through all layers.
    fn pass(&mut self, tokens: &[u32], pos: usize) -> Result<(), ModelError> {
        let frame = &mut self.frame;
        frame.resize(tokens.len(), &self.shape);
        for (&token, row) in tokens
            .iter()
            .zip(frame.x.chunks_exact_mut(self.shape.width))
        {
            self.embedding.row(token as usize, row)?;
        }
        let scale = self.architecture.embedding_scale();
        if scale != 1.0 {
            frame.x.iter_mut().for_each(|x| *x *= scale);
        }
        let ropes = self.architecture.ropes();
        frame.angles.resize(ropes.len(), Vec::new());
        for (rope, angles) in ropes.iter().zip(&mut frame.angles) {
            rope.table(pos, tokens.len(), angles);
        }
        for index in 0..self.shape.layers {
            let cache = self.cache.layer(index);
            self.architecture.layer(index, pos, frame, cache)?;
        }
        Ok(())
    }
}

impl<A: Architecture> LanguageModel for Decoder<A> {
    fn forward(&mut self, tokens: &[u32], pos: usize) -> Result<&[f32], ModelError> {
        let context = self.cache.context;
        let end = pos.saturating_add(tokens.len());
        if tokens.is_empty() {
            return Err(ModelError::Empty);
        }
        if pos > self.filled || end > context {
            let position = if end > context { end - 1 } else { pos };
            return Err(ModelError::Position { position, context });
        }
        if let Some(&token) = tokens.iter().find(|&&t| t as usize >= self.logits.len()) {
            return Err(ModelError::Token(token));
        }
        // What stands above `pos` is overwritten; after an error half-way nothing of it may be used.
        self.filled = pos;
        for piece in tokens.chunks(BATCH) {
            self.pass(piece, self.filled)?;
            self.filled += piece.len();
        }
        let width = self.shape.width;
        let frame = &mut self.frame;
        let last = frame.x.len() - width;
        ops::rms_norm(
            &frame.x[last..],
            &self.norm,
            self.shape.eps,
            &mut frame.normed,
        );
        self.head
            .multiply(&frame.normed[..width], &mut self.logits)?;
        if let Some(cap) = self.architecture.logit_cap() {
            for logit in &mut self.logits {
                *logit = cap * (*logit / cap).tanh();
            }
        }
        Ok(&self.logits)
    }

    fn vocab_len(&self) -> usize {
        self.logits.len()
    }

    fn context(&self) -> usize {
        self.cache.context
    }
}
