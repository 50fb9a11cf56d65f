//! What a person puts into the node and shares from it: documents and models. Sharing writes a record;
//! nothing becomes one without a command.

use std::collections::BTreeSet;
use std::path::Path;

use crate::library::{self, MediaType, NewDocument, Shelf};
use crate::record::{
    BlobHash, BlobRef, Body, CircleId, Content, ContentKind, Document, Model, RecordId,
};
use crate::store::{CircleView, Compacted, ModelRow, Scope, Swept};

use super::reconcile::shelf_key;
use crate::node::{Exit, Failure, Handle};

/// What is said of a shared thing besides its content.
#[derive(Debug, Clone, Default)]
pub struct Label {
    pub title: Option<String>,
    pub language: String,
    pub source: String,
    pub licence: String,
}

impl Handle {
    /// Adds a file to the private library. The flag says whether it was new.
    pub fn add_document(
        &mut self,
        path: &Path,
        label: &Label,
    ) -> Result<(library::Document, bool), Failure> {
        let refused = |error: library::Error| {
            Failure::new("document-refused", Exit::Failed)
                .with("path", path.display())
                .with("error", error)
        };
        let media_type = MediaType::of_name(path).map_err(refused)?;
        let size = std::fs::metadata(path)
            .map_err(|error| Failure::io(path, error))?
            .len();
        if size > library::MAX_DOCUMENT_BYTES as u64 {
            let bytes = usize::try_from(size).unwrap_or(usize::MAX);
            return Err(refused(library::Error::TooLarge {
                bytes,
                limit: library::MAX_DOCUMENT_BYTES,
            }));
        }
        let bytes = std::fs::read(path).map_err(|error| Failure::io(path, error))?;
        let title = match &label.title {
            Some(title) => {
                crate::node::circle::membership::valid_name(title)?;
                title.clone()
            }
            None => path
                .file_stem()
                .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
        };
        let blob = BlobHash(*blake3::hash(&bytes).as_bytes());
        let new = NewDocument {
            blob: blob.0,
            title: &title,
            media_type,
            language: &label.language,
            origin: "local",
            record: None,
            circle: None,
            shelf: Shelf::Private,
            bytes: &bytes,
        };
        // The text is checked before the blob is kept; the index row follows the blob it names.
        library::chunk::sections(std::str::from_utf8(&bytes).unwrap_or_default(), media_type)
            .map_err(refused)?;
        let _work = self.store.work()?;
        self.store.add_blob_bytes(&bytes)?;
        let added = self
            .store
            .immediately(|| self.index().add(&new).map_err(refused))?;
        let all = self.index().list(library::Scope::All)?;
        let document = all.into_iter().find(|document| document.id == added.id);
        let document = document.ok_or_else(|| Failure::new("library-failed", Exit::Failed))?;
        Ok((document, added.new))
    }

    /// The documents of the library, the manual aside.
    pub fn documents(&self) -> Result<Vec<library::Document>, Failure> {
        let mut found = self.index().list(library::Scope::Library)?;
        found.retain(|document| !document.hidden);
        Ok(found)
    }

    /// The sections closest to some words.
    pub fn search(
        &self,
        words: &str,
        scope: library::Scope,
        limit: usize,
    ) -> Result<Vec<library::Hit>, Failure> {
        self.index().search(words, scope, limit)
    }

    /// The document that `name` means: its title or the beginning of its hash.
    pub fn find_document(&self, name: &str) -> Result<library::Document, Failure> {
        let mut found = self.documents()?;
        found.retain(|document| {
            document.title == name
                || (name.len() >= 4 && BlobHash(document.blob).to_string().starts_with(name))
        });
        // Nobody's title stands in front of one's own.
        let own: BTreeSet<[u8; 32]> = found
            .iter()
            .filter(|document| document.shelf == Shelf::Private)
            .map(|document| document.blob)
            .collect();
        found.retain(|document| own.is_empty() || own.contains(&document.blob));
        // One file may stand on two shelves; what is shared comes first.
        found.sort_by_key(|document| document.record.is_none());
        match found.len() {
            0 => Err(Failure::new("document-unknown", Exit::Failed).with("name", name)),
            _ if found.iter().any(|document| document.blob != found[0].blob) => {
                Err(Failure::new("document-ambiguous", Exit::Usage).with("name", name))
            }
            _ => Ok(found.swap_remove(0)),
        }
    }

    /// Shares a document of the library in a circle.
    pub fn share_document(
        &mut self,
        circle: &CircleView,
        document: &library::Document,
        label: &Label,
    ) -> Result<RecordId, Failure> {
        self.may_write(circle)?;
        let blob = self.blob_of(&BlobHash(document.blob))?;
        let shelf = self.store.shelf(&circle.id)?;
        if let Some(id) = shelf.find(ContentKind::Document, &blob) {
            return Err(Failure::new("already-shared", Exit::Failed)
                .with("name", &document.title)
                .with("id", id.short()));
        }
        let content = Document {
            title: label
                .title
                .clone()
                .unwrap_or_else(|| document.title.clone()),
            media_type: document.media_type.clone(),
            language: if label.language.is_empty() {
                document.language.clone()
            } else {
                label.language.clone()
            },
            source: label.source.clone(),
            licence: label.licence.clone(),
            blob,
        };
        let id = self.write_content(circle, content)?;
        self.refresh_shelves()?;
        // It stands on the shared shelf now; once is enough.
        if document.shelf == Shelf::Private {
            self.index().remove(document.id)?;
        }
        Ok(id)
    }

    /// Writes a record that shares a content of this node: from then on it is the circle's, too.
    pub(super) fn write_content(
        &mut self,
        circle: &CircleView,
        content: impl Into<Content>,
    ) -> Result<RecordId, Failure> {
        let content = content.into();
        let blob = content.blob().blake3;
        let scope = Scope::Circle(circle.id);
        let new = self.store.add_scope(scope, &blob)?;
        let written = self.write(&circle.id, Body::Content(content).into());
        if written.is_err() && new {
            self.store.drop_scope(scope, &blob)?;
        }
        written
    }

    /// Removes a private document; what is shared stays.
    pub fn remove_document(&mut self, document: &library::Document) -> Result<(), Failure> {
        // The same text may also stand on the private shelf: that copy is ours to remove.
        let private = self
            .documents()?
            .into_iter()
            .find(|other| other.record.is_none() && other.blob == document.blob)
            .ok_or_else(|| {
                Failure::new("document-shared", Exit::Failed).with("name", &document.title)
            })?;
        self.index().remove(private.id)?;
        Ok(())
    }

    /// Withdraws what this home shared: every node hides it and drops its content.
    pub fn withdraw(&mut self, circle: &CircleView, target: RecordId) -> Result<RecordId, Failure> {
        self.may_write(circle)?;
        let shelf = self.store.shelf(&circle.id)?;
        let shared = shelf.contents.get(&target);
        let shared = shared.map(|it| (it.author, it.content.blob().blake3));
        let (author, blob) = shared.unzip();
        match author {
            Some(author) if author == self.root => {}
            Some(author) => {
                return Err(Failure::new("not-yours", Exit::Failed)
                    .with("name", self.name_of(circle, &author)));
            }
            None => return Err(Failure::new("not-shared", Exit::Failed).with("id", target.short())),
        }
        let id = self.write(&circle.id, Body::Withdraw { target }.into())?;
        // Whoever names it now has to bring it.
        if let Some(blob) = blob
            && self.store.shared_blob(&circle.id, &blob)?.is_none()
        {
            self.store.drop_scope(Scope::Circle(circle.id), &blob)?;
        }
        self.refresh_shelves()?;
        Ok(id)
    }

    /// What `text` means among the things shared in a circle: the beginning of a record id, a title or a model's name.
    pub fn find_shared(&self, circle: &CircleView, text: &str) -> Result<RecordId, Failure> {
        let shelf = self.store.shelf(&circle.id)?;
        let shared = shelf.contents.iter();
        let found: Vec<RecordId> = shared
            .map(|(id, it)| (id, it.content.name()))
            .filter(|(id, name)| {
                *name == text || (text.len() >= 4 && id.to_string().starts_with(text))
            })
            .map(|(id, _)| *id)
            .collect();
        match found.as_slice() {
            [id] => Ok(*id),
            [] => Err(Failure::new("not-shared", Exit::Failed).with("id", text)),
            _ => Err(Failure::new("document-ambiguous", Exit::Usage).with("name", text)),
        }
    }

    /// The model of this name.
    pub fn find_model(&self, name: &str) -> Result<ModelRow, Failure> {
        self.store
            .model(name)?
            .ok_or_else(|| Failure::new("model-unknown", Exit::Failed).with("name", name))
    }

    /// Shares a model in a circle.
    pub fn share_model(
        &mut self,
        circle: &CircleView,
        model: &ModelRow,
        architecture: &str,
        label: &Label,
    ) -> Result<RecordId, Failure> {
        self.may_write(circle)?;
        let blob = self.blob_of(&model.blob)?;
        let shelf = self.store.shelf(&circle.id)?;
        if let Some(id) = shelf.find(ContentKind::Model, &blob) {
            return Err(Failure::new("already-shared", Exit::Failed)
                .with("name", &model.name)
                .with("id", id.short()));
        }
        let or = |given: &str, known: &str| if given.is_empty() { known } else { given }.to_owned();
        let content = Model {
            name: model.name.clone(),
            format: "gguf".to_owned(),
            architecture: architecture.to_owned(),
            source: or(&label.source, &model.source),
            licence: or(&label.licence, &model.licence),
            note: model.note.clone(),
            toy: model.toy,
            blob,
        };
        let id = self.write_content(circle, content)?;
        self.store.mark_model_shared(&model.name, &circle.id, &id)?;
        self.refresh_shelves()?;
        Ok(id)
    }

    /// Forgets a model's name here.
    pub fn remove_model(&mut self, model: &ModelRow) -> Result<(), Failure> {
        if self.used_model()?.as_deref() == Some(&model.name) {
            self.use_model(None)?;
        }
        // One that a circle shares would come back with the circle's next record.
        if let Some(record) = &model.record {
            self.store.keep_model_away(record, true)?;
        }
        self.store.remove_model(&model.name)?;
        Ok(())
    }

    /// Takes a circle's model back that was removed here.
    pub fn fetch_model(&mut self, name: &str) -> Result<(), Failure> {
        let mut found = Vec::new();
        for circle in self.store.circles()? {
            for (record, shared) in &self.store.shelf(&circle.id)?.contents {
                let named = shared.content.name() == name
                    || (name.len() >= 4 && record.to_string().starts_with(name));
                let model = shared.content.kind() == ContentKind::Model;
                if model && named && self.store.model_is_away(record)? {
                    found.push((circle.id, *record));
                }
            }
        }
        let [(circle, record)] = found.as_slice() else {
            return Err(match found.is_empty() {
                true => Failure::new("model-unknown", Exit::Failed).with("name", name),
                false => Failure::new("document-ambiguous", Exit::Usage).with("name", name),
            });
        };
        self.store.keep_model_away(record, false)?;
        self.store.forget_meta(&shelf_key(circle))?;
        self.refresh_shelves()
    }

    fn blob_of(&self, hash: &BlobHash) -> Result<BlobRef, Failure> {
        let missing = || Failure::new("blob-missing", Exit::Failed).with("id", hash.short());
        self.store.blob(hash)?.ok_or_else(missing)
    }

    /// Removes blobs that nothing names and rests of interrupted commands. Returns how many and their bytes.
    /// Busy while another process works on files: what nothing names yet may be named in a moment.
    pub fn collect_garbage(&mut self, dry: bool) -> Result<(usize, u64), Failure> {
        let alone = self.store.alone()?;
        if alone.is_none() && !dry {
            return Err(Failure::new("home-busy", Exit::Busy));
        }
        let named = self.named()?;
        let scopes = self.store.scopes()?;
        let (held, loose): (Vec<_>, Vec<_>) = scopes.into_iter().partition(|it| named.contains(it));
        if !dry {
            for (scope, blob) in loose {
                self.store.drop_scope(scope, &blob)?;
            }
        }
        let held: BTreeSet<BlobHash> = held.into_iter().map(|(_, blob)| blob).collect();
        let (mut count, mut bytes) = (0, 0);
        for blob in self.store.blobs()? {
            if !held.contains(&blob.blake3) {
                (count, bytes) = (count + 1, bytes + blob.size);
                if !dry {
                    self.store.drop_blob(&blob.blake3)?;
                }
            }
        }
        let (files, size) = self.store.stray_files(dry)?;
        let (sets, kept) = self.stale_slices(dry)?;
        Ok((count + files + sets, bytes + size + kept))
    }

    /// Removes from the database what can never count and what nothing rests on, and gives its pages back to the file
    /// system. With `dry` only counts; the bytes are then what would be free.
    pub fn shrink_database(&mut self, dry: bool) -> Result<(Swept, Compacted), Failure> {
        let swept = self.store.sweep(dry)?;
        let compacted = match dry {
            true => Compacted {
                bytes: swept.bytes + self.store.free_bytes()?,
                left: None,
            },
            false => self.store.compact()?,
        };
        Ok((swept, compacted))
    }

    /// What is named, in each scope: by the records of a circle, or by a person here.
    fn named(&self) -> Result<BTreeSet<(Scope, BlobHash)>, Failure> {
        let mut named = BTreeSet::new();
        for circle in self.store.circles()? {
            let shelf = self.store.shelf(&circle.id)?;
            let scope = Scope::Circle(circle.id);
            let shared = shelf.contents.values();
            named.extend(shared.map(|it| (scope, it.content.blob().blake3)));
        }
        for model in self.store.models()? {
            // A model of one's own that was shared is still one's own.
            let own = (model.origin == "local").then_some(Scope::Private);
            let scopes = own.into_iter().chain(model.circle.map(Scope::Circle));
            named.extend(scopes.map(|scope| (scope, model.blob)));
        }
        let all = self.index().list(library::Scope::All)?;
        // What was withdrawn is hidden, and its content goes.
        for document in all.into_iter().filter(|document| !document.hidden) {
            let circle = document.circle.map(CircleId).map(Scope::Circle);
            let scope = circle.unwrap_or(Scope::Private);
            named.insert((scope, BlobHash(document.blob)));
        }
        Ok(named)
    }
}
