//! What the records of circles put on this node's shelves: documents that can be searched and models that can
//! be named. Derived, and made true again whenever a home is opened or something was taken in.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::library::{self, MediaType, NewDocument};
use crate::record::{BlobHash, CircleId, RecordId};
use crate::store::{CircleView, ModelRow, Shelf, Standing};

use super::{Exit, Failure, Handle};

/// Most names tried for a shared model whose own name is taken.
const NAMES: usize = 1_000;

impl Handle {
    /// Brings library and model table in line with the folded states.
    pub(super) fn refresh_shelves(&mut self) -> Result<(), Failure> {
        self.refresh_shelves_until(None).map(drop)
    }

    /// The same until that moment, and for one document at least; says whether everything is done.
    pub(super) fn refresh_shelves_until(&mut self, end: Option<Instant>) -> Result<bool, Failure> {
        for circle in self.store.circles()? {
            let key = format!("shelves:{}", circle.id);
            let done =
                |mark: &[u8; 32]| Ok::<_, Failure>(self.store.meta(&key)?.as_deref() == Some(mark));
            if done(&self.store.shelf_mark(&circle.id)?)? {
                continue;
            }
            // Several processes may see this at once; one after the other looks again and does what is left.
            let all = self.store.immediately(|| {
                let circle = self.store.circle(&circle.id)?;
                // Contents that are missing are in the mark: with the first that comes it is another one.
                let mark = self.store.shelf_mark(&circle.id)?;
                if done(&mark)? {
                    return Ok::<_, Failure>(true);
                }
                let shelf = self.store.shelf(&circle.id)?;
                if !self.refresh_documents(&circle, &shelf, end)? {
                    return Ok(false);
                }
                self.refresh_models(&circle, &shelf)?;
                self.store.set_meta(&key, &mark)?;
                Ok(true)
            })?;
            if !all {
                return Ok(false);
            }
        }
        Ok(true)
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

    /// Says whether it came to the end before that moment.
    fn refresh_documents(
        &self,
        circle: &CircleView,
        shelf: &Shelf,
        end: Option<Instant>,
    ) -> Result<bool, Failure> {
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
            // A member's document that cannot be read must not keep the others from the shelf, and is no step forward.
            let added = library::index::add(db, &new).is_ok();
            if added && end.is_some_and(|end| Instant::now() >= end) {
                return Ok(false);
            }
        }
        Ok(true)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::node::Label;

    /// Without any time there is one document at a time, and in the end all of them are there.
    #[test]
    fn a_hurried_refresh_comes_to_its_end_step_by_step() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::load(Some(&folder.path().join("home")), |_| None).unwrap();
        let mut handle = Handle::open_bare(config, Box::new(|_| {})).unwrap();
        handle.found("hearth", "me", &[]).unwrap();
        let circle = handle.find_circle(None).unwrap();
        for number in 0..3 {
            let path = folder.path().join(format!("{number}.txt"));
            std::fs::write(&path, format!("The {number}th text.")).unwrap();
            let (document, _) = handle.add_document(&path, &Label::default()).unwrap();
            let label = Label::default();
            handle.share_document(&circle, &document, &label).unwrap();
        }
        let shelf = library::Scope::Circle(circle.id.0);
        let shown = |handle: &Handle| {
            let all = library::index::list(handle.store.database(), shelf).unwrap();
            all.into_iter().filter(|document| document.record.is_some())
        };
        assert_eq!(shown(&handle).count(), 3);
        // As on a node that has only the records and their contents yet.
        for document in shown(&handle) {
            library::index::remove(handle.store.database(), document.id).unwrap();
        }
        let key = format!("shelves:{}", circle.id);
        handle.store.set_meta(&key, b"").unwrap();
        for step in 1..=3 {
            let all = handle.refresh_shelves_until(Some(Instant::now())).unwrap();
            assert!(!all);
            assert_eq!(shown(&handle).count(), step);
        }
        assert!(handle.refresh_shelves_until(Some(Instant::now())).unwrap());
        assert_eq!(shown(&handle).count(), 3);
    }
}
