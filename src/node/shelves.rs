//! What the records of circles put on this node's shelves: documents that can be searched and models that can
//! be named. Derived, and made true again whenever a home is opened or something was taken in.

use crate::fold::State;
use crate::library::{self, MediaType, NewDocument, Shelf};
use crate::record::{BlobHash, CircleId, RecordId};
use crate::store::{CircleView, ModelRow, Standing};

use super::{Exit, Failure, Handle};

/// Most names tried for a shared model whose own name is taken.
const NAMES: usize = 1_000;

impl Handle {
    /// Brings library and model table in line with the folded states.
    pub(super) fn refresh_shelves(&mut self) -> Result<(), Failure> {
        for circle in self.store.circles()? {
            let key = format!("shelves:{}", circle.id);
            let done =
                |hash: &[u8; 32]| Ok::<_, Failure>(self.store.meta(&key)?.as_deref() == Some(hash));
            if done(&circle.state.state_hash())? {
                continue;
            }
            // Several processes may see this at once; one after the other looks again and does what is left.
            self.store.immediately(|| {
                let circle = self.store.circle(&circle.id)?;
                let hash = circle.state.state_hash();
                if done(&hash)? {
                    return Ok::<_, Failure>(());
                }
                let whole = self.refresh_documents(&circle)? & self.refresh_models(&circle)?;
                // While blobs are missing the next opening looks again.
                if whole {
                    self.store.set_meta(&key, &hash)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Takes a shelf away with everything on it.
    pub(super) fn drop_shelf(&mut self, circle: &CircleId) -> Result<(), Failure> {
        let db = self.store.database();
        for document in
            library::index::list(db, library::Scope::Circle(circle.0)).map_err(library_failed)?
        {
            library::index::remove(db, document.id).map_err(library_failed)?;
        }
        self.store.drop_circle(circle)?;
        Ok(())
    }

    /// Returns whether every blob was there.
    fn refresh_documents(&self, circle: &CircleView) -> Result<bool, Failure> {
        let db = self.store.database();
        let shelved = library::index::list(db, library::Scope::Circle(circle.id.0))
            .map_err(library_failed)?;
        for document in &shelved {
            if let Some(record) = document.record
                && !circle.state.documents.contains_key(&RecordId(record))
            {
                library::index::hide_record(db, &record).map_err(library_failed)?;
            }
        }
        let mut whole = true;
        for (record, shared) in &circle.state.documents {
            // A hidden one counts again, as after a suspension that was lifted: it is written anew.
            if shelved
                .iter()
                .any(|document| document.record == Some(record.0) && !document.hidden)
            {
                continue;
            }
            // A media type of a newer okibi, or a release of it: the record stands, the text waits for a version that reads it.
            let Some(media_type) = MediaType::parse(&shared.content.media_type) else {
                continue;
            };
            let Some(bytes) = self.blob_bytes(&shared.content.blob.blake3)? else {
                whole = false;
                continue;
            };
            let manual = circle.standing == Standing::Shelf;
            let origin = if manual {
                "manual".to_owned()
            } else {
                format!(
                    "{} in {}",
                    self.name_of(circle, &shared.author),
                    circle.state.name
                )
            };
            let new = NewDocument {
                blob: shared.content.blob.blake3.0,
                title: &shared.content.title,
                media_type,
                language: &shared.content.language,
                origin: &origin,
                record: Some(record.0),
                circle: Some(circle.id.0),
                shelf: if manual { Shelf::Manual } else { Shelf::Shared },
                bytes: &bytes,
            };
            // A member's document that cannot be read must not keep the others from the shelf.
            let _ = library::index::add(db, &new);
        }
        Ok(whole)
    }

    fn refresh_models(&self, circle: &CircleView) -> Result<bool, Failure> {
        let rows = self.store.models()?;
        for row in rows.iter().filter(|row| row.circle == Some(circle.id)) {
            let gone = row
                .record
                .is_some_and(|id| !circle.state.models.contains_key(&id));
            if gone && row.origin != "local" {
                self.store.remove_model(&row.name)?;
            }
        }
        let mut whole = true;
        for (record, shared) in &circle.state.models {
            if rows.iter().any(|row| row.record == Some(*record))
                || self.store.model_is_away(record)?
            {
                continue;
            }
            let model = &shared.content;
            if self.store.blob(&model.blob.blake3)?.is_none() {
                whole = false;
                continue;
            }
            if shared.author == self.root && rows.iter().any(|row| row.blob == model.blob.blake3) {
                continue;
            }
            let origin = match circle.standing {
                Standing::Shelf => "starter".to_owned(),
                Standing::Member => {
                    format!(
                        "{} in {}",
                        self.name_of(circle, &shared.author),
                        circle.state.name
                    )
                }
            };
            let mut row = ModelRow {
                name: model_name(&model.name),
                blob: model.blob.blake3,
                origin,
                record: Some(*record),
                circle: Some(circle.id),
                toy: model.toy,
                note: model.note.clone(),
                licence: model.licence.clone(),
                source: model.source.clone(),
            };
            let base = row.name.clone();
            for number in 2..NAMES {
                if self.store.add_model(&row)? {
                    break;
                }
                row.name = format!("{base}-{number}");
            }
        }
        Ok(whole)
    }

    /// A blob's content, if this store has it whole.
    pub(super) fn blob_bytes(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, Failure> {
        let Some(blob) = self.store.blob(hash)? else {
            return Ok(None);
        };
        if blob.size > library::MAX_DOCUMENT_BYTES as u64 {
            return Ok(None);
        }
        let path = self.store.blob_path(hash);
        let bytes = std::fs::read(&path).map_err(|error| Failure::io(&path, &error))?;
        if blake3::hash(&bytes).as_bytes() != &hash.0 {
            return Err(Failure::new("blob-damaged", Exit::Failed).with("path", path.display()));
        }
        Ok(Some(bytes))
    }

    /// Blobs that the circle's current documents and models name and this store lacks.
    pub(super) fn missing_blobs(&self, state: &State) -> Result<Vec<[u8; 32]>, Failure> {
        let documents = state
            .documents
            .values()
            .map(|shared| shared.content.blob.blake3);
        let models = state
            .models
            .values()
            .map(|shared| shared.content.blob.blake3);
        let mut missing = Vec::new();
        for hash in documents.chain(models) {
            if self.store.blob(&hash)?.is_none() {
                missing.push(hash.0);
            }
        }
        Ok(missing)
    }
}

/// A name that can be typed after `-m`: what a sharer called it, without spaces and control characters.
pub(super) fn model_name(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    let name = name.trim_matches('-').to_owned();
    if name.is_empty() {
        "model".to_owned()
    } else {
        name
    }
}

pub(super) fn library_failed(error: library::Error) -> Failure {
    Failure::new("library-failed", Exit::Failed).with("error", error)
}
