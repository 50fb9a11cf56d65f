//! Language models on this machine: GGUF files, tokenizers, chat templates, the forward pass, sampling.
//!
//! The way through it: [`file::ModelFile`] maps a file, [`Card`] says what is in it without touching a
//! weight, [`load()`] makes a [`LanguageModel`], a [`chat::Chat`] makes prompts, and a [`generate::Session`]
//! streams text. [`start`] does the last three at once.
//!
//! What always holds:
//! - A file comes from a stranger. What okibi cannot run is refused by name before any weight is read, and
//!   no file makes it panic, loop or take memory out of proportion to the file and the context asked for.
//! - Weights stay in the map; the operating system brings them in as they are needed. Only vectors (norms,
//!   biases) are copied.
//! - Nothing here knows the clock, the network or the random numbers of the system: a seed is an argument,
//!   and the same seed gives the same text whatever the number of threads.
//!
//! The matrix kernels are our own (`kernels`), on the mapped blocks themselves: candle-core's tensors would copy every weight and
//! pack some of them a second time. Candle packs and unpacks rows of weights.
//!
//! Each architecture is one file in `arch` that reads like the page of a textbook (`llama`, `qwen2`, ...); what they
//! share is in `decoder` (the loop over layers), `ops` (norm, attention), `rope` and `weights`.

mod arch;
mod blocks;
mod cache;
mod card;
pub mod chat;
mod config;
mod decoder;
mod error;
pub mod file;
pub mod generate;
pub mod gguf;
mod half_floats;
mod kernels;
mod load;
mod ops;
pub mod quantize;
pub mod reasoning;
mod rope;
pub mod sample;
mod scripted;
pub mod template;
pub mod tokenizer;
mod weights;

pub use card::Card;
pub use error::ModelError;
pub use load::{DEFAULT_CONTEXT, Options, load, start};
pub use scripted::Scripted;

/// Something that predicts the next token: a loaded model, or a [`Scripted`] one in tests.
pub trait LanguageModel: Send {
    /// Runs `tokens`, which stand at the positions `pos..`, and returns the logits (one per token of the
    /// vocabulary) for what follows the last of them.
    ///
    /// The model remembers what it was given below `pos`; a smaller `pos` than before goes back there and
    /// forgets the rest.
    ///
    /// # Errors
    /// Where `tokens` is empty, a token does not exist, or the positions reach beyond what was run before
    /// or beyond [`LanguageModel::context`].
    fn forward(&mut self, tokens: &[u32], pos: usize) -> Result<&[f32], ModelError>;

    /// Number of logits.
    fn vocab_len(&self) -> usize;

    /// Number of positions there are.
    fn context(&self) -> usize;
}

/// `out[m][n] = x[m][k] * weights[n][k]^T` with packed weights, as layers make it; for benchmarks. `None` where `dtype` is not packed
/// or the slices do not fit the shape `[m, k, n]`.
pub fn product(
    dtype: gguf::DType,
    [m, k, n]: [usize; 3],
    weights: &[u8],
    x: &[f32],
    out: &mut [f32],
) -> Option<()> {
    kernels::multiply(dtype, kernels::Shape { m, k, n }, weights, x, out)
}

#[cfg(target_endian = "big")]
compile_error!("weights are used as they lie in the file, which is little-endian");
