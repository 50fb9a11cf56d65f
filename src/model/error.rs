//! Why a model cannot be opened, loaded or run.

use std::path::PathBuf;

use super::gguf::GgufError;
use super::template::TemplateError;
use super::tokenizer::TokenizerError;

/// Why a model cannot be opened, loaded or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file could not be opened or mapped.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// It is no GGUF file, or a damaged one.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// Its tokenizer cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// Its chat template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The file does not say what it is, or has no weights.
    #[error("the file holds no language model ({0})")]
    NoModel(&'static str),
    /// One part of a model that was divided.
    #[error(
        "it is part {part} of {parts} of a split file; join the parts first (llama-gguf-split --merge FIRST-PART WHOLE.gguf)"
    )]
    Split {
        /// Which part, from 1.
        part: u64,
        /// How many there are.
        parts: u64,
    },
    /// An architecture that is not implemented.
    #[error("models of the architecture {0:?} do not run here (these do: {list})", list = super::arch::ARCHITECTURES.join(", "))]
    Architecture(String),
    /// A variant of an architecture that is not implemented.
    #[error("this model needs {0}, which is not implemented")]
    Feature(String),
    /// A tensor's type is not implemented.
    #[error("the tensor {tensor:?} is of the type {dtype}, which does not run here")]
    TensorType {
        /// The tensor.
        tensor: String,
        /// The name of its type.
        dtype: &'static str,
    },
    /// The architecture needs a value that is missing or senseless.
    #[error("the file's {key:?} is missing or out of range")]
    Key {
        /// The metadata key.
        key: String,
    },
    /// The architecture needs a tensor that is missing.
    #[error("the tensor {0:?} is missing")]
    MissingTensor(String),
    /// The file has a tensor that the architecture does not know; without it the answers would be wrong.
    #[error("the file has the tensor {0:?}, which this architecture has no use for")]
    UnknownTensor(String),
    /// A tensor has other dimensions than the file's own numbers ask for.
    #[error("the tensor {tensor:?} has the dimensions {found:?} instead of {expected:?}")]
    Shape {
        /// The tensor.
        tensor: String,
        /// Its dimensions in the file.
        found: Vec<u64>,
        /// What they should be.
        expected: Vec<u64>,
    },
    /// There is not enough memory for the context.
    #[error("no memory for a context of {context} tokens ({bytes} bytes)")]
    Memory {
        /// The context in tokens.
        context: usize,
        /// What it takes.
        bytes: u64,
    },
    /// Positions beyond the context, or beyond what was run.
    #[error("position {position} is outside the context of {context} tokens")]
    Position {
        /// The position.
        position: usize,
        /// The limit.
        context: usize,
    },
    /// The prompt leaves no room for an answer.
    #[error("the prompt has {tokens} tokens, and the context holds {context}")]
    PromptTooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// Tokens of the context.
        context: usize,
    },
    /// A token that is not in the vocabulary.
    #[error("the token {0} does not exist")]
    Token(u32),
    /// Nothing to run.
    #[error("there is no token to begin with")]
    Empty,
    /// A file of packed weights is to be packed again, which loses twice.
    #[error(
        "its weights are packed already (the tensor {tensor:?} is {dtype}), and packing again loses more"
    )]
    Packed {
        /// A tensor that is.
        tensor: String,
        /// The name of its type.
        dtype: &'static str,
    },
    /// A file would not become smaller.
    #[error("its weights have no more bits than {0}")]
    NothingToGain(&'static str),
    /// A new file could not be written.
    #[error("cannot write")]
    Write(#[source] std::io::Error),
    /// A kernel failed.
    #[error("a matrix kernel failed")]
    Kernel(#[from] candle_core::Error),
    /// The model computed something that is no number.
    #[error("the model's output is not a number (is the file damaged?)")]
    NotANumber,
}
