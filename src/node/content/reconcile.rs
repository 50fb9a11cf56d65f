//! Reconciliation of this node's shelves with its circles: the documents that can be searched and
//! the models that can be named.
//!
//! **Always holds.** The shelves are derived from the folded records. They are made true again
//! whenever a home is opened or something was taken in; a mark for each circle says how far that
//! is, so that work which was broken off goes on, and work that is done is not done twice. Several
//! processes may see the need at once: one after the other looks again and does what is left.
//!
//! **Failure.** Only the store and the library can fail; the mark then stays as it was.

use std::time::Instant;

use crate::library::{self, MediaType, NewDocument};
use crate::record::{BlobHash, CircleId, Content, ContentKind, RecordId, RootKey};
use crate::store::{AtHand, CircleView, ModelRow, Standing};

use crate::node::{Exit, Failure, Handle};

/// Most names tried for a shared model whose own name is taken.
pub(super) const NAMES: usize = 1_000;

impl Handle {
    /// Brings library and model table in line with the folded states.
    pub(in crate::node) fn refresh_shelves(&mut self) -> Result<(), Failure> {
        self.refresh_shelves_until(None).map(drop)
    }

    /// The same until that moment; each call goes on for some documents at least. Says whether everything is done.
    pub(in crate::node) fn refresh_shelves_until(
        &mut self,
        end: Option<Instant>,
    ) -> Result<bool, Failure> {
        for circle in self.store.circles()? {
            let key = shelf_key(&circle.id);
            // The mark stands alone when everything is done, or before how far it is.
            let kept = || Ok::<_, Failure>(self.store.meta(&key)?.unwrap_or_default());
            if kept()? == self.store.shelf_mark(&circle.id)? {
                continue;
            }
            // Several processes may see this at once; one after the other looks again and does what is left.
            let all = self.store.immediately(|| {
                let circle = self.store.circle(&circle.id)?;
                // Contents that are missing are in the mark: with the first that comes it is another one.
                let mark = self.store.shelf_mark(&circle.id)?;
                let kept = kept()?;
                if kept == mark {
                    return Ok::<_, Failure>(true);
                }
                let begun = kept.strip_prefix(&mark).and_then(|at| at.try_into().ok());
                let begun = begun.map(i64::from_be_bytes);
                if let Some(at) = self.refresh_documents(&circle, begun, end)? {
                    let at = [&mark[..], &at.to_be_bytes()].concat();
                    self.store.set_meta(&key, &at)?;
                    return Ok(false);
                }
                self.refresh_models(&circle)?;
                self.store.set_meta(&key, &mark)?;
                Ok(true)
            })?;
            if !all {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes a shelf away with everything on it; what a person forgot stays away under this name.
    pub(in crate::node) fn drop_shelf(
        &mut self,
        circle: &CircleId,
        forgotten: Option<&str>,
    ) -> Result<(), Failure> {
        for document in self.index().list(library::Scope::Circle(circle.0))? {
            self.index().remove(document.id)?;
        }
        // The same circle may come back, with the same mark.
        self.store.forget_meta(&shelf_key(circle))?;
        self.store.drop_circle(circle, forgotten)?;
        Ok(())
    }

    /// Goes on behind `begun`, or begins. Where the moment came before the end, says how far it is.
    fn refresh_documents(
        &self,
        circle: &CircleView,
        begun: Option<i64>,
        end: Option<Instant>,
    ) -> Result<Option<i64>, Failure> {
        if begun.is_none() {
            let mut after = [0; 32];
            while let Some(last) = self.hide_withdrawn(circle, &after)? {
                after = last;
            }
        }
        let over = || end.is_some_and(|end| Instant::now() >= end);
        let mut after = begun.unwrap_or_default();
        loop {
            let some = self
                .store
                .at_hand(&circle.id, ContentKind::Document, after)?;
            if some.is_empty() {
                return Ok(None);
            }
            for it in &some {
                after = it.arrival;
                // A hidden one counts again, as after a suspension that was lifted: it is written anew.
                if self.index().shows(&it.record.0)? {
                    continue;
                }
                self.put_on_shelf(circle, it)?;
                if over() {
                    return Ok(Some(after));
                }
            }
            if over() {
                return Ok(Some(after));
            }
        }
    }

    /// Hides what does not count any more among some documents behind `after`; says which was the last of them.
    fn hide_withdrawn(
        &self,
        circle: &CircleView,
        after: &[u8; 32],
    ) -> Result<Option<[u8; 32]>, Failure> {
        let shown = self.index().shown(&circle.id.0, after)?;
        for record in &shown {
            if !self.store.is_shared(&circle.id, &RecordId(*record))? {
                self.index().hide_record(record)?;
            }
        }
        Ok(shown.last().copied())
    }

    /// Makes a shared document one that can be searched, if it can be read.
    fn put_on_shelf(&self, circle: &CircleView, it: &AtHand) -> Result<(), Failure> {
        let Content::Document(shared) = &it.content else {
            return Ok(());
        };
        // A media type of a newer okibi, or a release of it: the record stands, the text waits for a version that reads it.
        let Some(media_type) = MediaType::parse(&shared.media_type) else {
            return Ok(());
        };
        let Some(bytes) = self.blob_bytes(&shared.blob.blake3)? else {
            return Ok(());
        };
        let (origin, shelf) = match circle.standing {
            Standing::Shelf => ("manual".to_owned(), library::Shelf::Manual),
            Standing::Member => (self.origin(circle, &it.author), library::Shelf::Shared),
        };
        let new = NewDocument {
            blob: shared.blob.blake3.0,
            title: &shared.title,
            media_type,
            language: &shared.language,
            origin: &origin,
            record: Some(it.record.0),
            circle: Some(circle.id.0),
            shelf,
            bytes: &bytes,
        };
        // A member's document that cannot be read must not keep the others from the shelf.
        let _ = self.index().add(&new);
        Ok(())
    }

    /// The member that shared something, for people.
    fn origin(&self, circle: &CircleView, author: &RootKey) -> String {
        format!("{} in {}", self.name_of(circle, author), circle.state.name)
    }

    fn refresh_models(&self, circle: &CircleView) -> Result<(), Failure> {
        let rows = self.store.models()?;
        for row in rows.iter().filter(|row| row.circle == Some(circle.id)) {
            let shared = |id| self.store.is_shared(&circle.id, &id);
            let gone = row.record.map(shared).transpose()? == Some(false);
            if gone && row.origin != "local" {
                self.store.remove_model(&row.name)?;
            }
        }
        let mut after = 0;
        loop {
            let some = self.store.at_hand(&circle.id, ContentKind::Model, after)?;
            let Some(last) = some.last() else {
                return Ok(());
            };
            after = last.arrival;
            for it in &some {
                self.name_model(circle, it, &rows)?;
            }
        }
    }

    /// Gives a shared model a name by which it can be used, unless it has one or was taken away here.
    fn name_model(
        &self,
        circle: &CircleView,
        it: &AtHand,
        rows: &[ModelRow],
    ) -> Result<(), Failure> {
        let Content::Model(model) = &it.content else {
            return Ok(());
        };
        let own = it.author == self.root && rows.iter().any(|row| row.blob == model.blob.blake3);
        let known = rows.iter().any(|row| row.record == Some(it.record));
        if own || known || self.store.model_is_away(&it.record)? {
            return Ok(());
        }
        let origin = match circle.standing {
            Standing::Shelf => "starter".to_owned(),
            Standing::Member => self.origin(circle, &it.author),
        };
        let mut row = ModelRow {
            name: model_name(&model.name),
            blob: model.blob.blake3,
            origin,
            record: Some(it.record),
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
        Ok(())
    }

    /// A blob's content, if this store has it whole.
    pub(in crate::node) fn blob_bytes(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, Failure> {
        let Some(blob) = self.store.blob(hash)? else {
            return Ok(None);
        };
        if blob.size > library::MAX_DOCUMENT_BYTES as u64 {
            return Ok(None);
        }
        let path = self.store.blob_path(hash);
        let bytes = std::fs::read(&path).map_err(|error| Failure::io(&path, error))?;
        if blake3::hash(&bytes).as_bytes() != &hash.0 {
            return Err(Failure::new("blob-damaged", Exit::Failed).with("path", path.display()));
        }
        Ok(Some(bytes))
    }
}

/// The key under which it is kept how far a circle's shelf is.
pub(super) fn shelf_key(circle: &CircleId) -> String {
    format!("shelves:{circle}")
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
            let all = handle.index().list(shelf).unwrap();
            all.into_iter().filter(|document| document.record.is_some())
        };
        assert_eq!(shown(&handle).count(), 3);
        // As on a node that has only the records and their contents yet.
        for document in shown(&handle) {
            handle.index().remove(document.id).unwrap();
        }
        let key = shelf_key(&circle.id);
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
