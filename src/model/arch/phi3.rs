//! The phi3 architecture (Abdin et al. 2024): Phi 3, Phi 3.5 and Phi 4 mini.
//!
//! Phi3 with queries, keys and values in one matrix, and both halves of the feed-forward gate in another;
//! rotation by halves. Long-context files bring two sets of factors for the rotation, one for contexts as in
//! the first training and one for longer ones. The window that some files name is left out, as llama.cpp
//! leaves it out: it is about as long as their context.

use super::super::ModelError;
use super::super::cache::LayerCache;
use super::super::config::Config;
use super::super::decoder::{Architecture, Frame};
use super::super::ops::{Attention, add, attention, rms_norm, silu_gate};
use super::super::rope::{Pairs, Rope, Scaling};
use super::super::weights::{Loader, Matrix};

/// The layers of a phi3 model.
pub(super) struct Phi3 {
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

impl Phi3 {
    /// Takes its tensors from the loader.
    pub(super) fn load(
        config: &Config<'_>,
        loader: &mut Loader<'_>,
        context: usize,
    ) -> Result<Self, ModelError> {
        let (width, inner) = (config.width, config.inner);
        let (q_width, kv_width) = (config.q_width(), config.kv_width());
        let mut layers = Vec::new();
        for index in 0..config.layers {
            let name = |part: &str| format!("blk.{index}.{part}.weight");
            let qkv = loader.matrix(&name("attn_qkv"), width, q_width + 2 * kv_width)?;
            let gate_up = loader.matrix(&name("ffn_up"), width, 2 * inner)?;
            layers.push(Layer {
                attention_norm: loader.vector(&name("attn_norm"), width)?,
                query: qkv.part(0, q_width),
                key: qkv.part(q_width, kv_width),
                value: qkv.part(q_width + kv_width, kv_width),
                output: loader.matrix(&name("attn_output"), q_width, width)?,
                feed_norm: loader.vector(&name("ffn_norm"), width)?,
                gate: gate_up.part(0, inner),
                up: gate_up.part(inner, inner),
                down: loader.matrix(&name("ffn_down"), inner, width)?,
            });
        }
        let long = loader.optional_vector("rope_factors_long.weight", config.rope_len / 2)?;
        let short = loader.optional_vector("rope_factors_short.weight", config.rope_len / 2)?;
        let original = config.optional_size("rope.scaling.original_context_length")?;
        let factors = match original.is_some_and(|original| context > original) {
            true => long,
            false => short,
        };
        let scaling = match config.str("rope.scaling.type") {
            // What the factors are for.
            Some("longrope") => Scaling::None,
            _ => Scaling::read(config)?,
        };
        let rope = Rope::new(
            Pairs::Halves,
            config.rope_len,
            config.rope_base,
            factors.as_deref(),
            scaling,
        );
        let magnitude = config.f32("rope.scaling.attn_factor").unwrap_or(1.0);
        let rope = rope.magnified(magnitude.into());
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

impl Architecture for Phi3 {
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
