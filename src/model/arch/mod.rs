//! The architectures that run: each is a file that reads like the page of a textbook.
//!
//! A file holds the layers of one family, the names of their tensors and the order of their operations. The loop over
//! the layers, the norms, attention and the positions are shared (`decoder`, `ops`, `rope`, `weights`), so that a new
//! family is one file here and one line in each of two places: [`ARCHITECTURES`] and [`decoder`].
//!
//! **Always holds.** A model runs only under a name of the list. A tensor that is missing, unknown or of another shape
//! than the metadata says is refused by name before anything is computed.

mod gemma2;
mod gemma3;
mod llama;
mod phi3;
mod qwen2;
mod qwen3;

use gemma2::Gemma2;
use gemma3::Gemma3;
use llama::Llama;
use phi3::Phi3;
use qwen2::Qwen2;
use qwen3::Qwen3;

use super::config::Config;
use super::decoder::Decoder;
use super::weights::Loader;
use super::{LanguageModel, ModelError};

/// The architectures that run, by their name in `general.architecture`.
pub(super) const ARCHITECTURES: [&str; 6] = ["llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"];

/// The model of a file, with room for so many positions.
///
/// # Errors
/// Where the architecture is none of the list, where a tensor does not fit, and where there is no memory.
pub(super) fn decoder(
    config: &Config,
    mut loader: Loader<'_>,
    context: usize,
) -> Result<Box<dyn LanguageModel>, ModelError> {
    /// The layers of an architecture, with all that is around them.
    macro_rules! decoder {
        ($layers:expr) => {{
            let layers = $layers;
            Ok(Box::new(Decoder::new(layers, config, loader, context)?))
        }};
    }
    match config.architecture {
        "llama" => decoder!(Llama::load(config, &mut loader)?),
        "qwen2" => decoder!(Qwen2::load(config, &mut loader)?),
        "qwen3" => decoder!(Qwen3::load(config, &mut loader)?),
        "gemma2" => decoder!(Gemma2::load(config, &mut loader)?),
        "gemma3" => decoder!(Gemma3::load(config, &mut loader)?),
        "phi3" => decoder!(Phi3::load(config, &mut loader, context)?),
        other => Err(ModelError::Architecture(other.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::ARCHITECTURES;

    #[test]
    fn the_manual_and_the_readme_name_every_architecture() {
        let manual = include_str!("../../../bundles/starter/manual/02-models.md");
        let readme = include_str!("../../../README.md");
        for name in ARCHITECTURES {
            let name = format!("`{name}`");
            assert!(
                manual.contains(&name),
                "the manual lacks {name}; then: just starter"
            );
            assert!(readme.contains(&name), "the README lacks {name}");
        }
    }
}
