//! What a model file says about itself, for lists and for questions before it is used.

use super::file::ModelFile;
use super::gguf::{Gguf, types};
use super::template::Template;
use super::tokenizer::{Conformance, Tokenizer};
use super::{ModelError, load};

/// A summary of a model file. Making one reads metadata only.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Card {
    /// `general.name`.
    pub name: Option<String>,
    /// `general.architecture`, such as `llama`.
    pub architecture: Option<String>,
    /// `general.description`.
    pub description: Option<String>,
    /// `general.license`, usually an SPDX name in lower case.
    pub license: Option<String>,
    /// Number of weights.
    pub parameters: u64,
    /// What most weights are, such as `Q4_K_M`.
    pub file_type: String,
    /// Tokens that the model was trained to attend to.
    pub context: Option<u64>,
    /// Number of tokens in the vocabulary.
    pub vocabulary: Option<u64>,
    /// What the tokenizer is called.
    pub tokenizer: Option<String>,
    /// What its way of cutting text was held against.
    pub tokenizer_verified: Option<Conformance>,
    /// Whether the file brings a chat template: whether it was made for conversation.
    pub has_template: bool,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Memory for each token of context, in bytes, on top of the file.
    pub bytes_per_token: Option<u64>,
    /// Why its chat template cannot be used; `None` if it can as far as it was read, or there is none.
    pub template_refusal: Option<String>,
    /// Why it does not run here; `None` if it does as far as metadata can tell.
    pub refusal: Option<String>,
}

impl Card {
    /// Reads a file's card.
    ///
    /// # Errors
    /// Only if the file was changed since it was opened.
    pub fn read(file: &ModelFile) -> Result<Self, ModelError> {
        let gguf = file.gguf()?;
        let text = |key: &str| gguf.str(key).map(clean).filter(|text| !text.is_empty());
        let architecture = text("general.architecture");
        let number = |key: &str| {
            let architecture = architecture.as_deref()?;
            gguf.u64(&format!("{architecture}.{key}"))
        };
        let bytes_per_token = || {
            let heads = number("attention.head_count_kv").or(number("attention.head_count"))?;
            let head_len = number("attention.key_length").or_else(|| {
                number("embedding_length")?.checked_div(number("attention.head_count")?)
            })?;
            // Keys and values, in `f32`.
            [number("block_count")?, heads, head_len]
                .iter()
                .try_fold(2 * 4, |product: u64, factor| product.checked_mul(*factor))
        };
        let refusal = load::check(&gguf)
            .and_then(|()| Ok(Tokenizer::check(&gguf)?))
            .err()
            .map(|error| error.to_string());
        let (tokenizer, tokenizer_verified) = Tokenizer::describe(&gguf).unzip();
        let template_refusal = match Template::source(&gguf) {
            Ok(Some(source)) => Template::new(source, String::new(), String::new()).err(),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        Ok(Self {
            template_refusal: template_refusal.map(|error| error.to_string()),
            tokenizer,
            tokenizer_verified,
            name: text("general.name"),
            description: text("general.description"),
            license: text("general.license"),
            // Cannot overflow: each tensor lies in the file, so the sum is at most a few times its size.
            parameters: gguf.tensors().iter().map(|tensor| tensor.elements()).sum(),
            file_type: file_type(&gguf),
            context: number("context_length"),
            vocabulary: gguf
                .array("tokenizer.ggml.tokens")
                .map(|tokens| tokens.len() as u64),
            has_template: Template::source(&gguf).is_ok_and(|source| source.is_some()),
            bytes: file.bytes().len() as u64,
            bytes_per_token: bytes_per_token(),
            refusal,
            architecture,
        })
    }
}

/// Text from a stranger's file for one line on a terminal: no control characters, not endless.
fn clean(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(400)
        .collect();
    line.trim().into()
}

/// What the file says, or else the type of the largest part of its bytes.
fn file_type(gguf: &Gguf<'_>) -> String {
    let named = gguf
        .u64("general.file_type")
        .and_then(|number| types::file_type_name(u32::try_from(number).ok()?));
    if let Some(name) = named {
        return name.into();
    }
    let mut sizes: Vec<(usize, &str)> = Vec::new();
    for tensor in gguf.tensors() {
        match sizes
            .iter_mut()
            .find(|(_, name)| *name == tensor.dtype.name())
        {
            Some((size, _)) => *size += tensor.len,
            None => sizes.push((tensor.len, tensor.dtype.name())),
        }
    }
    sizes.iter().max().map_or("none", |(_, name)| name).into()
}
