//! The qwen2 architecture (Yang et al. 2024): Qwen 2 and 2.5.
//!
//! Llama with biases on queries, keys and values, and rotation by halves.

use super::super::ModelError;
use super::super::cache::LayerCache;
use super::super::config::Config;
use super::super::decoder::{Architecture, Frame};
use super::super::ops::{Attention, add, add_bias, attention, rms_norm, silu_gate};
use super::super::rope::{Pairs, Rope, Scaling};
use super::super::weights::{Loader, Matrix};

/// The layers of a qwen2 model.
pub(super) struct Qwen2 {
    layers: Vec<Layer>,
    rope: Rope,
    attention: Attention,
    head_len: usize,
    eps: f32,
}

struct Layer {
    attention_norm: Vec<f32>,
    query: (Matrix, Vec<f32>),
    key: (Matrix, Vec<f32>),
    value: (Matrix, Vec<f32>),
    output: Matrix,
    feed_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

impl Qwen2 {
    /// Takes its tensors from the loader.
    pub(super) fn load(config: &Config<'_>, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let (width, inner) = (config.width, config.inner);
        let (q_width, kv_width) = (config.q_width(), config.kv_width());
        let mut layers = Vec::new();
        for index in 0..config.layers {
            let name = |part: &str| format!("blk.{index}.{part}.weight");
            let mut biased = |part: &str, rows: usize| -> Result<_, ModelError> {
                let bias = format!("blk.{index}.{part}.bias");
                let matrix = loader.matrix(&name(part), width, rows)?;
                Ok((matrix, loader.vector(&bias, rows)?))
            };
            layers.push(Layer {
                query: biased("attn_q", q_width)?,
                key: biased("attn_k", kv_width)?,
                value: biased("attn_v", kv_width)?,
                attention_norm: loader.vector(&name("attn_norm"), width)?,
                output: loader.matrix(&name("attn_output"), q_width, width)?,
                feed_norm: loader.vector(&name("ffn_norm"), width)?,
                gate: loader.matrix(&name("ffn_gate"), width, inner)?,
                up: loader.matrix(&name("ffn_up"), width, inner)?,
                down: loader.matrix(&name("ffn_down"), inner, width)?,
            });
        }
        let scaling = Scaling::read(config)?;
        let rope = Rope::new(
            Pairs::Halves,
            config.rope_len,
            config.rope_base,
            None,
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

impl Architecture for Qwen2 {
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
        for ((matrix, bias), out) in [
            (&layer.query, &mut f.q),
            (&layer.key, &mut f.k),
            (&layer.value, &mut f.v),
        ] {
            matrix.multiply(&f.normed, out)?;
            add_bias(out, bias);
        }
        let angles = &f.angles[0];
        self.rope
            .apply(&mut f.q, layer.query.0.rows, self.head_len, angles);
        self.rope
            .apply(&mut f.k, layer.key.0.rows, self.head_len, angles);
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
