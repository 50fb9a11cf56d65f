//! The llama architecture (Touvron et al. 2023): Llama 1 to 3, Mistral, SmolLM, TinyLlama and many more.
//!
//! Each layer adds two things to the vector of each token: what attention gathers from the tokens before
//! it, and what a gated feed-forward network makes of it.

use super::super::ModelError;
use super::super::cache::LayerCache;
use super::super::config::Config;
use super::super::decoder::{Architecture, Frame};
use super::super::ops::{Attention, add, attention, rms_norm, silu_gate};
use super::super::rope::{Pairs, Rope, Scaling};
use super::super::weights::{Loader, Matrix};

/// The layers of a llama model.
pub(super) struct Llama {
    layers: Vec<Layer>,
    rope: Rope,
    attention: Attention,
    head_len: usize,
    eps: f32,
}

struct Layer {
    attention_norm: Vec<f32>,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    feed_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

impl Llama {
    /// Takes its tensors from the loader.
    pub(super) fn load(config: &Config<'_>, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        if config.optional_size("expert_count")?.is_some() {
            return Err(ModelError::Feature("a mixture of experts".into()));
        }
        let (width, inner) = (config.width, config.inner);
        let (q_width, kv_width) = (config.q_width(), config.kv_width());
        let mut layers = Vec::new();
        for index in 0..config.layers {
            let name = |part: &str| format!("blk.{index}.{part}.weight");
            layers.push(Layer {
                attention_norm: loader.vector(&name("attn_norm"), width)?,
                query: loader.matrix(&name("attn_q"), width, q_width)?,
                key: loader.matrix(&name("attn_k"), width, kv_width)?,
                value: loader.matrix(&name("attn_v"), width, kv_width)?,
                output: loader.matrix(&name("attn_output"), q_width, width)?,
                feed_norm: loader.vector(&name("ffn_norm"), width)?,
                gate: loader.matrix(&name("ffn_gate"), width, inner)?,
                up: loader.matrix(&name("ffn_up"), width, inner)?,
                down: loader.matrix(&name("ffn_down"), inner, width)?,
            });
        }
        // Llama 3.1 and later slow the rotation of some pairs by factors of their own.
        let factors = loader.optional_vector("rope_freqs.weight", config.rope_len / 2)?;
        let scaling = Scaling::read(config)?;
        let rope = Rope::new(
            Pairs::Adjacent,
            config.rope_len,
            config.rope_base,
            factors.as_deref(),
            scaling,
        );
        Ok(Self {
            layers,
            rope,
            attention: Attention {
                heads: config.heads,
                scale: 1.0 / (config.head_len as f32).sqrt(),
                cap: None,
                window: None,
            },
            head_len: config.head_len,
            eps: config.eps,
        })
    }
}

impl Architecture for Llama {
    fn ropes(&self) -> &[Rope] {
        std::slice::from_ref(&self.rope)
    }

    fn layer(
        &self,
        index: usize,
        pos: usize,
        f: &mut Frame,
        mut cache: LayerCache<'_>,
    ) -> Result<(), ModelError> {
        let layer = &self.layers[index];

        // What do the tokens before say about this one?
        rms_norm(&f.x, &layer.attention_norm, self.eps, &mut f.normed);
        layer.query.multiply(&f.normed, &mut f.q)?;
        layer.key.multiply(&f.normed, &mut f.k)?;
        layer.value.multiply(&f.normed, &mut f.v)?;
        let angles = &f.angles[0];
        self.rope
            .apply(&mut f.q, layer.query.rows, self.head_len, angles);
        self.rope
            .apply(&mut f.k, layer.key.rows, self.head_len, angles);
        cache.store(pos, &f.k, &f.v);
        attention(self.attention, &f.q, &cache, pos, &mut f.mixed);
        layer.output.multiply(&f.mixed, &mut f.change)?;
        add(&mut f.x, &f.change);

        // What follows from that?
        rms_norm(&f.x, &layer.feed_norm, self.eps, &mut f.normed);
        layer.gate.multiply(&f.normed, &mut f.gate)?;
        layer.up.multiply(&f.normed, &mut f.up)?;
        silu_gate(&mut f.gate, &f.up, layer.gate.rows);
        layer.down.multiply(&f.gate, &mut f.change)?;
        add(&mut f.x, &f.change);
        Ok(())
    }
}
