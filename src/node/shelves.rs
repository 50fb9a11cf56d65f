//! What the records of circles put on this node's shelves: documents that can be searched and models that can
//! be named. Derived, and made true again whenever a home is opened or something was taken in.

use std::collections::BTreeSet;

use crate::library::{self, MediaType, NewDocument};
use crate::record::{BlobHash, CircleId, RecordId};
use crate::store::{CircleView, ModelRow, Shelf, Standing};

use super::{Exit, Failure, Handle};

/// Most names tried for a shared model whose own name is taken.
const NAMES: usize = 1_000;

impl Handle {
    /// Brings library and model table in line with the folded states.
    pub(super) fn refresh_shelves(&mut self) -> Result<(), Failure> {
        for circle in self.store.circles()? {
            let key = format!("shelves:{}", circle.id);
            let done =
                |mark: &[u8; 32]| Ok::<_, Failure>(self.store.meta(&key)?.as_deref() == Some(mark));
            if done(&self.store.shelf_mark(&circle.id)?)? {
                continue;
            }
            // Several processes may see this at once; one after the other looks again and does what is left.
            self.store.immediately(|| {
                let circle = self.store.circle(&circle.id)?;
                // Contents that are missing are in the mark: with the first that comes it is another one.
                let mark = self.store.shelf_mark(&circle.id)?;
                if done(&mark)? {
                    return Ok::<_, Failure>(());
                }
                let shelf = self.store.shelf(&circle.id)?;
                self.refresh_documents(&circle, &shelf)?;
                self.refresh_models(&circle, &shelf)?;
                self.store.set_meta(&key, &mark)?;
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

    fn refresh_documents(&self, circle: &CircleView, shelf: &Shelf) -> Result<(), Failure> {
        let db = self.store.database();
        let shelved = library::index::list(db, library::Scope::Circle(circle.id.0))
            .map_err(library_failed)?;
        for document in &shelved {
            if let Some(record) = document.record
                && !shelf.documents.contains_key(&RecordId(record))
            {
                library::index::hide_record(db, &record).map_err(library_failed)?;
            }
        }
        // A hidden one counts again, as after a suspension that was lifted: it is written anew.
        let shown = shelved.iter().filter(|document| !document.hidden);
        let shown: BTreeSet<_> = shown.filter_map(|document| document.record).collect();
        for (record, shared) in &shelf.documents {
            if shown.contains(&record.0) {
                continue;
            }
            // A media type of a newer okibi, or a release of it: the record stands, the text waits for a version that reads it.
            let Some(media_type) = MediaType::parse(&shared.content.media_type) else {
                continue;
            };
            let Some(bytes) = self.blob_bytes(&shared.content.blob.blake3)? else {
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
                shelf: if manual {
                    library::Shelf::Manual
                } else {
                    library::Shelf::Shared
                },
                bytes: &bytes,
            };
            // A member's document that cannot be read must not keep the others from the shelf.
            let _ = library::index::add(db, &new);
        }
        Ok(())
    }

    fn refresh_models(&self, circle: &CircleView, shelf: &Shelf) -> Result<(), Failure> {
        let rows = self.store.models()?;
        for row in rows.iter().filter(|row| row.circle == Some(circle.id)) {
            let gone = row.record.is_some_and(|id| !shelf.models.contains_key(&id));
            if gone && row.origin != "local" {
                self.store.remove_model(&row.name)?;
            }
        }
        for (record, shared) in &shelf.models {
            if rows.iter().any(|row| row.record == Some(*record))
                || self.store.model_is_away(record)?
            {
                continue;
            }
            let model = &shared.content;
            if self.store.blob(&model.blob.blake3)?.is_none() {
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
        Ok(())
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
