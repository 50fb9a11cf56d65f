//! The numbers that describe a model's shape, read from the metadata and checked.

use super::ModelError;
use super::gguf::{Gguf, Value};

/// A model's shape. Metadata keys are `{architecture}.{name}`.
#[derive(Clone, Debug)]
pub(super) struct Config<'a> {
    gguf: &'a Gguf<'a>,
    pub(super) architecture: &'a str,
    /// Tokens that the model was trained to attend to.
    pub(super) context: usize,
    /// Length of the vector that runs through the layers.
    pub(super) width: usize,
    pub(super) layers: usize,
    /// Width of the feed-forward part.
    pub(super) inner: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_len: usize,
    /// How many numbers of each head are rotated.
    pub(super) rope_len: usize,
    pub(super) rope_base: f64,
    /// Added under the root of the norms.
    pub(super) eps: f32,
    pub(super) vocab: usize,
}

impl<'a> Config<'a> {
    /// Reads and checks the shape.
    pub(super) fn read(gguf: &'a Gguf<'a>) -> Result<Self, ModelError> {
        let architecture = gguf
            .str("general.architecture")
            .ok_or(ModelError::NoModel("general.architecture is missing"))?;
        let embedding = gguf
            .tensor("token_embd.weight")
            .ok_or(ModelError::NoModel("it has no token embedding"))?;
        let mut config = Self {
            gguf,
            architecture,
            context: 0,
            width: 0,
            layers: 0,
            inner: 0,
            heads: 0,
            kv_heads: 0,
            head_len: 0,
            rope_len: 0,
            rope_base: 0.0,
            eps: 0.0,
            vocab: embedding.dims.get(1).copied().unwrap_or(1) as usize,
        };
        config.context = config.size("context_length")?;
        config.width = config.size("embedding_length")?;
        config.layers = config.size("block_count")?;
        config.inner = config.size("feed_forward_length")?;
        config.heads = config.size("attention.head_count")?;
        config.kv_heads = config.size_or("attention.head_count_kv", config.heads)?;
        config.head_len = config.size_or("attention.key_length", config.width / config.heads)?;
        config.rope_len = config.size_or("rope.dimension_count", config.head_len)?;
        config.rope_base = config.f32("rope.freq_base").unwrap_or(10_000.0).into();
        config.eps = config
            .f32("attention.layer_norm_rms_epsilon")
            .ok_or_else(|| config.bad_key("attention.layer_norm_rms_epsilon"))?;

        let checks = [
            // A layer has several tensors, so more layers than tensors cannot be.
            (config.layers <= gguf.tensors().len(), "block_count"),
            (
                config.heads.is_multiple_of(config.kv_heads),
                "attention.head_count_kv",
            ),
            (
                (1..=super::ops::MAX_HEAD_LEN).contains(&config.head_len),
                "attention.key_length",
            ),
            (
                config.size_or("attention.value_length", config.head_len)? == config.head_len,
                "attention.value_length",
            ),
            (
                config.rope_len <= config.head_len && config.rope_len.is_multiple_of(2),
                "rope.dimension_count",
            ),
            (
                config.rope_base.is_finite() && config.rope_base > 1.0,
                "rope.freq_base",
            ),
            (
                config.eps.is_finite() && config.eps > 0.0,
                "attention.layer_norm_rms_epsilon",
            ),
        ];
        match checks.iter().find(|(fine, _)| !fine) {
            Some((_, key)) => Err(config.bad_key(key)),
            None => Ok(config),
        }
    }

    fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.gguf.get(&format!("{}.{key}", self.architecture))
    }

    pub(super) fn str(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    pub(super) fn f32(&self, key: &str) -> Option<f32> {
        self.get(key)?.as_f32()
    }

    pub(super) fn bad_key(&self, key: &str) -> ModelError {
        ModelError::Key {
            key: format!("{}.{key}", self.architecture),
        }
    }

    /// A number from 1 to 2^31, or `None` where there is no such key.
    pub(super) fn optional_size(&self, key: &str) -> Result<Option<usize>, ModelError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let number = match value {
            // Some converters write one number per layer, usually all the same.
            Value::Array(array) => {
                let mut numbers = array.iter().map(|value| value.as_u64());
                let first = numbers.next().flatten();
                if !numbers.all(|number| number == first) {
                    return Err(ModelError::Feature(format!("a different {key} per layer")));
                }
                first
            }
            value => value.as_u64(),
        };
        match number {
            Some(number @ 1..=0x8000_0000) => Ok(Some(number as usize)),
            _ => Err(self.bad_key(key)),
        }
    }

    fn size_or(&self, key: &str, default: usize) -> Result<usize, ModelError> {
        Ok(self.optional_size(key)?.unwrap_or(default))
    }

    fn size(&self, key: &str) -> Result<usize, ModelError> {
        self.optional_size(key)?.ok_or_else(|| self.bad_key(key))
    }

    /// Numbers of all query heads of one token.
    pub(super) fn q_width(&self) -> usize {
        self.heads * self.head_len
    }

    /// Numbers of all key (or value) heads of one token.
    pub(super) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_len
    }
}
