//! From a file to a model that runs, or to the reason why it does not.

use std::sync::Arc;

use super::arch::{self, ARCHITECTURES};
use super::chat::Chat;
use super::config::Config;
use super::file::ModelFile;
use super::generate::Session;
use super::gguf::Gguf;
use super::tokenizer::Tokenizer;
use super::weights::Loader;
use super::{LanguageModel, ModelError};

/// Context where neither the caller nor the model says less: enough for a long conversation, and for a model
/// of a billion parameters some hundred megabytes of keys and values.
pub const DEFAULT_CONTEXT: u64 = 4096;

/// How to load a model.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Positions to make room for. Without it: what the model was trained for, at most 4,096. More than
    /// the model was trained for is never given.
    pub context: Option<usize>,
    /// The source of a chat template in place of the file's own.
    pub template: Option<String>,
}

/// Refuses by name what cannot run, from the metadata and the table of tensors alone.
pub(super) fn check(gguf: &Gguf<'_>) -> Result<(), ModelError> {
    let architecture = gguf
        .str("general.architecture")
        .ok_or(ModelError::NoModel("general.architecture is missing"))?;
    if !ARCHITECTURES.contains(&architecture) {
        return Err(ModelError::Architecture(architecture.into()));
    }
    if let Some(parts) = gguf.u64("split.count").filter(|&parts| parts > 1) {
        let part = gguf.u64("split.no").unwrap_or(0).saturating_add(1);
        return Err(ModelError::Split { part, parts });
    }
    if gguf.tensors().is_empty() {
        return Err(ModelError::NoModel("it has no weights"));
    }
    match gguf.tensors().iter().find(|tensor| !tensor.dtype.runs()) {
        Some(tensor) => Err(ModelError::TensorType {
            tensor: tensor.name.into(),
            dtype: tensor.dtype.name(),
        }),
        None => Ok(()),
    }
}

/// Makes a model that runs from a file. Weights stay in the map, so this takes milliseconds.
///
/// # Errors
/// Where the file's architecture or a tensor's type is not implemented, where a tensor is missing, unknown
/// or of another shape than the metadata says, and where there is no memory for the context.
pub fn load(file: &ModelFile, options: Options) -> Result<Box<dyn LanguageModel>, ModelError> {
    let gguf = file.gguf()?;
    check(&gguf)?;
    let config = Config::read(&gguf)?;
    let context = options
        .context
        .unwrap_or(DEFAULT_CONTEXT as usize)
        .clamp(1, config.context);
    file.read_ahead();
    let loader = Loader::new(&gguf, file.map());
    arch::decoder(&config, loader, context)
}

/// All that a conversation with the model of a file needs: the model in a session, and how messages become
/// prompts.
///
/// # Errors
/// As [`load`], and where the file's tokenizer or template cannot be used.
pub fn start(file: &ModelFile, mut options: Options) -> Result<(Session, Chat), ModelError> {
    let gguf = file.gguf()?;
    // First what is decided quickly, so that a file that does not run is refused at once.
    let template = options.template.take();
    let model = load(file, options)?;
    let tokenizer = Arc::new(Tokenizer::from_gguf(&gguf)?);
    let chat = match template {
        Some(source) => Chat::with_template(&source, Arc::clone(&tokenizer))?,
        None => Chat::from_gguf(&gguf, Arc::clone(&tokenizer))?,
    };
    Ok((Session::new(model, tokenizer), chat))
}
