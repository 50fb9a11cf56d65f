//! Models of this node: added from files, shown, chosen.

use std::path::Path;

use crate::model::file::ModelFile;
use crate::model::{Card, DEFAULT_CONTEXT, Options, start};
use crate::store::ModelRow;

use super::reconcile::{NAMES, model_name};
use super::share::Label;
use crate::node::inference::engine::model_failed;
use crate::node::{Exit, Failure, Handle};

/// The program itself, and what the vectors of a pass take at least.
const SCRATCH: u64 = 16 << 20;
/// Positions of context with which a model is tried before it is added.
const TRIAL: usize = 64;
/// Bytes of the tokenizer for each token.
const PER_TOKEN: u64 = 200;

/// What a model takes, and whether it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// Positions of context that this is reckoned for.
    pub context: u64,
    /// Keys and values of so many positions, in bytes.
    pub cache: u64,
    /// With the weights and scratch memory, in bytes.
    pub needed: u64,
    /// What can be taken now, where that is known, in bytes.
    pub available: Option<u64>,
}

impl Fit {
    /// Whether there is enough; none: nobody knows.
    pub fn fits(&self) -> Option<bool> {
        self.available.map(|available| self.needed <= available)
    }
}

/// Whether a licence lets a model be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It lets everybody, on light terms.
    Given,
    /// It has terms that a person should have read, or is not known here.
    Unsure,
    /// Its words forbid it.
    Denied,
    /// There is none.
    Unknown,
}

/// Licences that let everybody pass a work on, by the beginnings of their SPDX names in lower case.
const GIVEN: [&str; 20] = [
    "apache-",
    "mit",
    "bsd-",
    "0bsd",
    "isc",
    "cc0-",
    "cc-by-4",
    "cc-by-3",
    "cc-by-2",
    "cc-by-sa-",
    "unlicense",
    "gpl-",
    "lgpl-",
    "agpl-",
    "mpl-",
    "eupl-",
    "artistic-",
    "zlib",
    "bsl-1",
    "odc-by",
];
/// Words that forbid it.
const DENIED: [&str; 8] = [
    "proprietary",
    "all rights reserved",
    "no redistribution",
    "do not distribute",
    "not for distribution",
    "confidential",
    "internal use",
    "no-derivatives-no-share",
];

impl Permission {
    /// What the words of a licence say. An expression (`MIT OR Apache-2.0`) is as free as its freest part.
    pub fn of(licence: &str) -> Self {
        let licence = licence.trim().to_lowercase();
        if licence.is_empty() || ["unknown", "none", "other"].contains(&licence.as_str()) {
            return Self::Unknown;
        }
        if DENIED.iter().any(|words| licence.contains(words)) {
            return Self::Denied;
        }
        let given = |part: &str| {
            GIVEN
                .iter()
                .any(|name| part.trim_matches(['(', ')', ' ']).starts_with(name))
        };
        let all = |part: &str| part.split(" and ").all(given);
        match licence.split(" or ").any(all) {
            true => Self::Given,
            false => Self::Unsure,
        }
    }
}

impl Handle {
    /// The models of this node, by name.
    pub fn models(&self) -> Result<Vec<ModelRow>, Failure> {
        Ok(self.store.models()?)
    }

    /// What a model takes with a context, as chat would have it where none is named, and whether that fits now.
    pub fn fit(&self, card: &Card, context: Option<u64>) -> Option<Fit> {
        let asked = context.or(self.config.chat.context.map(|n| n as u64));
        let context = asked.unwrap_or(DEFAULT_CONTEXT).min(card.context?);
        let cache = context.saturating_mul(card.bytes_per_token?);
        // The vectors of a pass grow with the width of the model, about as a part of its file does.
        let tokenizer = card.vocabulary.unwrap_or(0).saturating_mul(PER_TOKEN);
        let scratch = (SCRATCH + card.bytes / 32).saturating_add(tokenizer);
        Some(Fit {
            context,
            cache,
            needed: card.bytes.saturating_add(cache).saturating_add(scratch),
            available: crate::node::home::memory::available(),
        })
    }

    /// Copies a GGUF file into the node. What does not run here is refused before a byte is copied.
    pub fn add_model(
        &mut self,
        path: &Path,
        name: Option<&str>,
        label: &Label,
    ) -> Result<(ModelRow, Card), Failure> {
        let shown = path.display().to_string();
        if !path.is_file() {
            let kind = match path.is_dir() {
                true => std::io::ErrorKind::IsADirectory,
                false => std::io::ErrorKind::NotFound,
            };
            return Err(Failure::io(path, kind.into()));
        }
        let file = ModelFile::open(path).map_err(|error| model_failed(&shown, &error))?;
        let card = Card::read(&file).map_err(|error| model_failed(&shown, &error))?;
        if let Some(why) = &card.refusal {
            return Err(Failure::new("model-refused", Exit::Failed)
                .with("name", shown)
                .with("error", why));
        }
        // What `chat` would refuse is refused here, before a byte is copied. A template is told of only: the person
        // may give another one.
        let options = Options {
            context: Some(TRIAL),
            template: Some(String::new()),
        };
        start(&file, options).map_err(|error| model_failed(&shown, &error))?;
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let chosen = name.unwrap_or(&stem);
        let clean = model_name(chosen);
        if name.is_some_and(|name| name != clean) {
            return Err(Failure::new("bad-model-name", Exit::Usage).with("name", chosen));
        }
        if let Some(taken) = self.store.model(&clean)?
            && !taken.is_foreign()
        {
            return Err(Failure::new("model-name-taken", Exit::Failed).with("name", taken.name));
        }
        let _work = self.store.work()?;
        let blob = self.store.add_blob(path)?;
        // A name that somebody else's model has here is given way to one's own.
        if self.store.model(&clean)?.is_some() {
            for number in 2..NAMES {
                if self
                    .store
                    .rename_model(&clean, &format!("{clean}-{number}"))?
                {
                    break;
                }
            }
        }
        let licence = match label.licence.as_str() {
            "" => card.license.clone().unwrap_or_default(),
            given => given.to_owned(),
        };
        let row = ModelRow {
            name: clean,
            blob: blob.blake3,
            origin: "local".to_owned(),
            record: None,
            circle: None,
            toy: false,
            note: String::new(),
            licence,
            source: label.source.clone(),
        };
        self.store.add_model(&row)?;
        Ok((row, card))
    }

    /// What is known of a model, from its file.
    pub fn model_card(&self, model: &ModelRow) -> Result<Card, Failure> {
        let path = self.store.blob_path(&model.blob);
        ModelFile::open(&path)
            .and_then(|file| Card::read(&file))
            .map_err(|error| model_failed(&model.name, &error))
    }

    /// Chooses the model that chat uses when none is named; none: no choice.
    pub fn use_model(&mut self, name: Option<&str>) -> Result<(), Failure> {
        match name {
            Some(name) => {
                let row = self.find_model(name)?;
                self.store.set_meta("model", row.name.as_bytes())?;
            }
            None => self.store.forget_meta("model")?,
        }
        Ok(())
    }

    /// The model chosen with `use_model`.
    pub fn used_model(&self) -> Result<Option<String>, Failure> {
        let name = self.store.meta("model")?;
        Ok(name.map(|name| String::from_utf8_lossy(&name).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Permission::{self, *};

    #[test]
    fn licences_are_told_apart() {
        for (words, permission) in [
            ("apache-2.0", Given),
            ("MIT OR Apache-2.0", Given),
            ("(MIT AND CC-BY-4.0) OR LicenseRef-x", Given),
            ("MIT AND LicenseRef-x", Unsure),
            ("llama3.2", Unsure),
            ("gemma", Unsure),
            ("cc-by-nc-4.0", Unsure),
            ("Proprietary; internal use only", Denied),
            ("other", Unknown),
            (" ", Unknown),
        ] {
            assert_eq!(Permission::of(words), permission, "{words}");
        }
    }
}
