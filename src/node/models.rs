//! Models of this node: added from files, shown, chosen.

use std::path::Path;

use crate::model::Card;
use crate::model::file::ModelFile;
use crate::store::ModelRow;

use super::chat::model_failed;
use super::share::Label;
use super::shelves::model_name;
use super::{Exit, Failure, Handle};

impl Handle {
    /// Copies a GGUF file into the node. What does not run here is refused before a byte is copied.
    pub fn add_model(
        &mut self,
        path: &Path,
        name: Option<&str>,
        label: &Label,
    ) -> Result<(ModelRow, Card), Failure> {
        let shown = path.display().to_string();
        if !path.is_file() {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Failure::io(path, &missing));
        }
        let file = ModelFile::open(path).map_err(|error| model_failed(&shown, &error))?;
        let card = Card::read(&file).map_err(|error| model_failed(&shown, &error))?;
        if let Some(why) = &card.refusal {
            return Err(Failure::new("model-refused", Exit::Failed)
                .with("name", shown)
                .with("error", why));
        }
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let chosen = name.unwrap_or(&stem);
        let clean = model_name(chosen);
        if name.is_some_and(|name| name != clean) {
            return Err(Failure::new("bad-model-name", Exit::Usage).with("name", chosen));
        }
        if let Some(taken) = self.store.model(&clean)? {
            return Err(Failure::new("model-name-taken", Exit::Failed).with("name", taken.name));
        }
        let _work = self.store.work()?;
        let blob = self.store.add_blob(path)?;
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
