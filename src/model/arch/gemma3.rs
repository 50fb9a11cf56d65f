//! The gemma3 architecture (Gemma Team 2025), text only.
//!
//! Like gemma2 without its caps, with a norm on each head of queries and keys. Of six layers five see only a
//! window and are rotated with a base of their own; the sixth sees everything and may be stretched.

use super::super::ModelError;
use super::super::cache::LayerCache;
use super::super::config::Config;
use super::super::decoder::{Architecture, Frame};
use super::super::ops::{Attention, add, attention, gelu_gate, rms_norm, rms_norm_in_place};
use super::super::rope::{Pairs, Rope, Scaling};
use super::super::weights::{Loader, Matrix};

/// The layers of a gemma3 model.
pub(super) struct Gemma3 {
    layers: Vec<Layer>,
    /// For the layers that see everything, and for those with a window.
    ropes: [Rope; 2],
    attention: Attention,
    head_len: usize,
    eps: f32,
    embedding_scale: f32,
    logit_cap: Option<f32>,
}

struct Layer {
    attention_norm: Vec<f32>,
    query: Matrix,
    query_norm: Vec<f32>,
    key: Matrix,
    key_norm: Vec<f32>,
    value: Matrix,
    output: Matrix,
    attention_post_norm: Vec<f32>,
    feed_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
    feed_post_norm: Vec<f32>,
}

impl Gemma3 {
    /// Takes its tensors from the loader.
    pub(super) fn load(config: &Config<'_>, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let (width, inner) = (config.width, config.inner);
        let (q_width, kv_width) = (config.q_width(), config.kv_width());
        let mut layers = Vec::new();
        for index in 0..config.layers {
            let name = |part: &str| format!("blk.{index}.{part}.weight");
            layers.push(Layer {
                attention_norm: loader.vector(&name("attn_norm"), width)?,
                query: loader.matrix(&name("attn_q"), width, q_width)?,
                key: loader.matrix(&name("attn_k"), width, kv_width)?,
                query_norm: loader.vector(&name("attn_q_norm"), config.head_len)?,
                key_norm: loader.vector(&name("attn_k_norm"), config.head_len)?,
                value: loader.matrix(&name("attn_v"), width, kv_width)?,
                output: loader.matrix(&name("attn_output"), q_width, width)?,
                attention_post_norm: loader.vector(&name("post_attention_norm"), width)?,
                feed_norm: loader.vector(&name("ffn_norm"), width)?,
                gate: loader.matrix(&name("ffn_gate"), width, inner)?,
                up: loader.matrix(&name("ffn_up"), width, inner)?,
                down: loader.matrix(&name("ffn_down"), inner, width)?,
                feed_post_norm: loader.vector(&name("post_ffw_norm"), width)?,
            });
        }
        let scaling = Scaling::read(config)?;
        let local_base = config.f32("rope.freq_base_swa").unwrap_or(10_000.0);
        let rope =
            |base: f64, scaling| Rope::new(Pairs::Halves, config.rope_len, base, None, scaling);
        let ropes = [
            rope(config.rope_base, scaling),
            rope(local_base.into(), Scaling::None),
        ];
        // The largest of the family divides by the width per head, not by the head's length.
        let divisor = match config.layers {
            62 => config.width / config.heads,
            _ => config.head_len,
        };
        Ok(Self {
            layers,
            ropes,
            attention: Attention {
                heads: config.heads,
                scale: 1.0 / (divisor as f32).sqrt(),
                cap: None,
                window: config
                    .optional_size("attention.sliding_window")?
                    .or(Some(1024)),
            },
            logit_cap: config.f32("final_logit_softcapping"),
            embedding_scale: (config.width as f32).sqrt(),
            head_len: config.head_len,
            eps: config.eps,
        })
    }
}

impl Architecture for Gemma3 {
    fn ropes(&self) -> &[Rope] {
        &self.ropes
    }

    fn embedding_scale(&self) -> f32 {
        self.embedding_scale
    }

    fn logit_cap(&self) -> Option<f32> {
        self.logit_cap
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
        rms_norm_in_place(&mut f.q, &layer.query_norm, self.eps);
        rms_norm_in_place(&mut f.k, &layer.key_norm, self.eps);
        let local = index % 6 < 5;
        let angles = &f.angles[usize::from(local)];
        let rope = &self.ropes[usize::from(local)];
        rope.apply(&mut f.q, layer.query.rows, self.head_len, angles);
        rope.apply(&mut f.k, layer.key.rows, self.head_len, angles);
        cache.store(pos, &f.k, &f.v);
        let mut how = self.attention;
        if !local {
            how.window = None;
        }
        attention(how, &f.q, &cache, pos, &mut f.mixed);
        layer.output.multiply(&f.mixed, &mut f.change)?;
        rms_norm_in_place(&mut f.change, &layer.attention_post_norm, self.eps);
        add(&mut f.x, &f.change);

        // What follows from that?
        rms_norm(&f.x, &layer.feed_norm, self.eps, &mut f.normed);
        layer.gate.multiply(&f.normed, &mut f.gate)?;
        layer.up.multiply(&f.normed, &mut f.up)?;
        gelu_gate(&mut f.gate, &f.up, layer.gate.rows);
        layer.down.multiply(&f.gate, &mut f.change)?;
        rms_norm_in_place(&mut f.change, &layer.feed_post_norm, self.eps);
        add(&mut f.x, &f.change);
        Ok(())
    }
}
