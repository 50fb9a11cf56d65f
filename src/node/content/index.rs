//! The library's index, which lies in this home's database. No other place hands the database to somebody.

use rusqlite::Connection;

use crate::library::{self, Added, Document, DocumentId, Hit, NewDocument, Scope};

use crate::node::{Exit, Failure, Handle};

/// The index of one home.
pub(in crate::node) struct Index<'a>(&'a Connection);

impl Handle {
    pub(super) fn index(&self) -> Index<'_> {
        Index(self.store.database())
    }
}

impl Index<'_> {
    /// Adds a document; what it is refused for is for the caller to say.
    pub fn add(&self, new: &NewDocument<'_>) -> Result<Added, library::Error> {
        library::index::add(self.0, new)
    }

    pub fn remove(&self, document: DocumentId) -> Result<bool, Failure> {
        library::index::remove(self.0, document).map_err(failed)
    }

    pub fn list(&self, scope: Scope) -> Result<Vec<Document>, Failure> {
        library::index::list(self.0, scope).map_err(failed)
    }

    pub fn search(&self, words: &str, scope: Scope, limit: usize) -> Result<Vec<Hit>, Failure> {
        library::index::search(self.0, words, scope, limit).map_err(failed)
    }

    /// Whether the document of a record can be searched.
    pub fn shows(&self, record: &[u8; 32]) -> Result<bool, Failure> {
        library::shows(self.0, record).map_err(failed)
    }

    /// Some records of a circle whose documents can be searched, behind `after`.
    pub fn shown(&self, circle: &[u8; 32], after: &[u8; 32]) -> Result<Vec<[u8; 32]>, Failure> {
        library::shown(self.0, circle, after).map_err(failed)
    }

    pub fn hide_record(&self, record: &[u8; 32]) -> Result<bool, Failure> {
        library::hide_record(self.0, record).map_err(failed)
    }
}

fn failed(error: library::Error) -> Failure {
    Failure::new("library-failed", Exit::Failed).because(error)
}
