//! The shelf itself: documents in, documents out, and the search.
//!
//! Functions over the caller's connection; the schema is `store/schema/library.sql`. What writes runs
//! in a savepoint: inside an import it belongs to the import's transaction, alone it is one of its own.
//! Either all of a document is on the shelf or nothing.
//!
//! **Search** is BM25 (Robertson and Zaragoza 2009, as FTS5 computes it) over three columns with the
//! weights of [`WEIGHTS`]; a section counts when it has any term of the question. The expression is
//! built from [`question::terms`], each one quoted, so no question can reach FTS5's own syntax.
//!
//! **Order.** By score, rounded to 10^-6 so that the last bits of a processor's logarithm decide
//! nothing; ties by blob, ordinal, then document id. One text on several shelves is one hit.
//!
//! **Limits of the score.** Rarity of terms is counted over all shelves, hidden documents excepted,
//! since those have no sections. A score compares hits of one search, and nothing else.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use super::chunk::{self, Section};
use super::citation::PATH_JOINT;
use super::{Citation, Error, MAX_LABEL_BYTES, MediaType, glossary, manual, media, question, text};

/// How much a term weighs in the heading, in the phrasings and in the text. A heading says what a
/// section is about in few words. Chosen by the phrasings of the manual, each left out in turn (a test
/// in `tests/it/manual.rs` prints the figure); the result hardly depends on them.
pub const WEIGHTS: [f64; 3] = [4.0, 1.0, 1.0];

/// The most hits of one search: more than anybody reads, and few enough to hold in memory.
pub const MAX_HITS: usize = 100;

/// A row of `library_document`. It is local to one database and never shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(pub i64);

/// Where a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shelf {
    /// okibi's own manual, from a starter bundle; its phrasings are read.
    Manual,
    /// Shared in a circle, by me or by another member.
    Shared,
    /// Mine alone.
    Private,
}

impl Shelf {
    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Shared => "shared",
            Self::Private => "private",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Manual, Self::Shared, Self::Private]
            .into_iter()
            .find(|shelf| shelf.as_str() == text)
    }
}

/// Which documents a search or a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every shelf.
    All,
    /// Shared and private documents, without the manual.
    Library,
    /// One shelf.
    Shelf(Shelf),
    /// What was shared in one circle.
    Circle([u8; 32]),
}

/// A document to add.
#[derive(Debug, Clone, Copy)]
pub struct NewDocument<'a> {
    /// BLAKE3 under which the store holds `bytes`; the store has checked it.
    pub blob: [u8; 32],
    /// The title that people see, 1 to [`MAX_LABEL_BYTES`] bytes.
    pub title: &'a str,
    /// How to cut it.
    pub media_type: MediaType,
    /// BCP 47 tag, or empty.
    pub language: &'a str,
    /// Who it came from, in words; 1 to [`MAX_LABEL_BYTES`] bytes.
    pub origin: &'a str,
    /// The record that shared it; required on the shared shelf, impossible on the private one.
    pub record: Option<[u8; 32]>,
    /// The circle that it was shared in; as `record`.
    pub circle: Option<[u8; 32]>,
    /// The shelf.
    pub shelf: Shelf,
    /// Its bytes: UTF-8, at most [`super::MAX_DOCUMENT_BYTES`].
    pub bytes: &'a [u8],
}

/// What [`add`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The document.
    pub id: DocumentId,
    /// How many sections it has.
    pub sections: usize,
    /// False when it was there already, as it is: nothing was written.
    pub new: bool,
}

/// A document on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its row.
    pub id: DocumentId,
    /// BLAKE3 of its bytes.
    pub blob: [u8; 32],
    /// Its title, as given: not made harmless for a terminal.
    pub title: String,
    /// What it is written in, as [`MediaType::as_str`].
    pub media_type: String,
    /// BCP 47 tag, or empty.
    pub language: String,
    /// Who it came from, as given.
    pub origin: String,
    /// The record that shared it.
    pub record: Option<[u8; 32]>,
    /// The circle it was shared in.
    pub circle: Option<[u8; 32]>,
    /// Its shelf.
    pub shelf: Shelf,
    /// Withdrawn: no text is left here.
    pub hidden: bool,
    /// Number of its sections.
    pub sections: u64,
}

/// A section that a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The document it is from.
    pub document: DocumentId,
    /// BLAKE3 of that document.
    pub blob: [u8; 32],
    /// Title of that document, as given.
    pub title: String,
    /// Heading path, joined by [`PATH_JOINT`]; empty in plain text.
    pub heading: String,
    /// The section word for word: bytes `range` of the document. Not made harmless for a terminal;
    /// see [`super::citation::printable_text`].
    pub text: String,
    /// Who the document came from, as given.
    pub origin: String,
    /// Its shelf.
    pub shelf: Shelf,
    /// The record that shared it.
    pub record: Option<[u8; 32]>,
    /// The circle it was shared in.
    pub circle: Option<[u8; 32]>,
    /// BM25, higher is closer; comparable within one search only.
    pub score: f64,
    /// Bytes of the document's text.
    pub range: Range<u64>,
    /// Place of the section in the document, from 0.
    pub ordinal: u64,
}

impl Hit {
    /// How this quotation is named.
    #[must_use]
    pub fn citation(&self) -> Citation {
        Citation::from(self)
    }
}

/// Puts a document on its shelf and makes it findable. Adding the same again (the same record, or the
/// same blob without a record on the same shelf) changes nothing unless its labels differ or it was
/// hidden: then it is written anew under its id. Whether a withdrawn record may come back is for the
/// caller, who has asked the fold.
///
/// # Errors
/// Every refusal of [`Error`]; nothing was written then.
pub fn add(db: &Connection, new: &NewDocument<'_>) -> Result<Added, Error> {
    check_labels(new)?;
    check_shelf(new)?;
    let content = media::decode(new.bytes)?;
    let sections = match new.shelf {
        Shelf::Manual => manual::parse(content)?.sections,
        Shelf::Shared | Shelf::Private => chunk::sections(content, new.media_type)?,
    };
    atomically(db, || write(db, new, content, &sections))
}

fn check_labels(new: &NewDocument<'_>) -> Result<(), Error> {
    for (field, value) in [("title", new.title), ("origin", new.origin)] {
        if value.trim().is_empty() || value.len() > MAX_LABEL_BYTES {
            let limit = MAX_LABEL_BYTES;
            return Err(Error::Label { field, limit });
        }
    }
    Ok(())
}

fn check_shelf(new: &NewDocument<'_>) -> Result<(), Error> {
    let rule = match (new.shelf, new.record, new.circle) {
        (Shelf::Private, None, None)
        | (Shelf::Shared, Some(_), Some(_))
        | (Shelf::Manual, _, _) => {
            return Ok(());
        }
        (Shelf::Private, _, _) => "has neither record nor circle",
        (Shelf::Shared, _, _) => "needs the record that shared it and its circle",
    };
    let shelf = new.shelf.as_str();
    Err(Error::Shelf { shelf, rule })
}

fn write(
    db: &Connection,
    new: &NewDocument<'_>,
    content: &str,
    sections: &[Section],
) -> Result<Added, Error> {
    let known: Option<i64> = match new.record {
        Some(record) => db
            .prepare_cached("SELECT id FROM library_document WHERE record = ?1")?
            .query_row([record], |row| row.get(0))
            .optional()?,
        None => db
            .prepare_cached(
                "SELECT id FROM library_document WHERE record IS NULL AND shelf = ?1 AND blob = ?2",
            )?
            .query_row(params![new.shelf.as_str(), new.blob], |row| row.get(0))
            .optional()?,
    };
    let id = match known {
        Some(id) => {
            if is_unchanged(db, id, new)? {
                return Ok(Added {
                    id: DocumentId(id),
                    sections: sections.len(),
                    new: false,
                });
            }
            delete_sections(db, DocumentId(id))?;
            db.prepare_cached(
                "UPDATE library_document SET blob = :blob, title = :title, media_type = :media_type,
                 language = :language, origin = :origin, record = :record, circle = :circle,
                 shelf = :shelf, hidden = 0 WHERE id = :id",
            )?
            .execute(named_params! {
                ":blob": new.blob, ":title": new.title, ":media_type": new.media_type.as_str(),
                ":language": new.language, ":origin": new.origin, ":record": new.record,
                ":circle": new.circle, ":shelf": new.shelf.as_str(), ":id": id,
            })?;
            id
        }
        None => {
            db.prepare_cached(
                "INSERT INTO library_document
                 (blob, title, media_type, language, origin, record, circle, shelf)
                 VALUES (:blob, :title, :media_type, :language, :origin, :record, :circle, :shelf)",
            )?
            .execute(named_params! {
                ":blob": new.blob, ":title": new.title, ":media_type": new.media_type.as_str(),
                ":language": new.language, ":origin": new.origin, ":record": new.record,
                ":circle": new.circle, ":shelf": new.shelf.as_str(),
            })?;
            db.last_insert_rowid()
        }
    };
    write_sections(db, id, new, content, sections)?;
    Ok(Added {
        id: DocumentId(id),
        sections: sections.len(),
        new: true,
    })
}

fn is_unchanged(db: &Connection, id: i64, new: &NewDocument<'_>) -> Result<bool, Error> {
    Ok(db
        .prepare_cached(
            "SELECT 1 FROM library_document WHERE id = :id AND hidden = 0 AND blob = :blob
             AND title = :title AND media_type = :media_type AND language = :language
             AND origin = :origin AND circle IS :circle AND shelf = :shelf",
        )?
        .exists(named_params! {
            ":id": id, ":blob": new.blob, ":title": new.title,
            ":media_type": new.media_type.as_str(), ":language": new.language,
            ":origin": new.origin, ":circle": new.circle, ":shelf": new.shelf.as_str(),
        })?)
}

fn write_sections(
    db: &Connection,
    id: i64,
    new: &NewDocument<'_>,
    content: &str,
    sections: &[Section],
) -> Result<(), Error> {
    let mut row = db.prepare_cached(
        "INSERT INTO library_section (document, ordinal, heading, start, finish, body, asked)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut index = db.prepare_cached(
        "INSERT INTO library_terms (rowid, heading, asked, body) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (ordinal, section) in sections.iter().enumerate() {
        let body = content.get(section.range.clone()).unwrap_or_default();
        let heading = section.heading.join(PATH_JOINT);
        let asked = section.asked.join("\n");
        row.execute(params![
            id,
            as_i64(ordinal),
            heading,
            as_i64(section.range.start),
            as_i64(section.range.end),
            body,
            asked
        ])?;
        // The title is said by every section of its document, so it weighs as text, not as a heading.
        let said = format!("{}\n{body}", new.title);
        index.execute(params![
            db.last_insert_rowid(),
            text::terms(&heading).join(" "),
            text::terms(&asked).join(" "),
            text::terms(&said).join(" ")
        ])?;
    }
    Ok(())
}

/// Sizes here are bounded by [`super::MAX_DOCUMENT_BYTES`], far below where this would saturate.
fn as_i64(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Hides a withdrawn document: its text and terms are deleted, its name stays as a tombstone. True
/// when it was visible before.
///
/// # Errors
/// [`Error::Database`].
pub fn hide(db: &Connection, id: DocumentId) -> Result<bool, Error> {
    atomically(db, || {
        delete_sections(db, id)?;
        let changed = db
            .prepare_cached("UPDATE library_document SET hidden = 1 WHERE id = ?1 AND hidden = 0")?
            .execute([id.0])?;
        Ok(changed > 0)
    })
}

/// Takes a document off its shelf without a trace in these tables. True when it was there.
///
/// # Errors
/// [`Error::Database`].
pub fn remove(db: &Connection, id: DocumentId) -> Result<bool, Error> {
    atomically(db, || {
        // Not left to the cascade: whether foreign keys are enforced is the connection's affair.
        delete_sections(db, id)?;
        let gone = db
            .prepare_cached("DELETE FROM library_document WHERE id = ?1")?
            .execute([id.0])?;
        Ok(gone > 0)
    })
}

fn delete_sections(db: &Connection, id: DocumentId) -> Result<(), Error> {
    db.prepare_cached("DELETE FROM library_section WHERE document = ?1")?
        .execute([id.0])?;
    Ok(())
}

/// The documents of a scope, hidden ones included, by title, then blob, then id.
///
/// # Errors
/// [`Error::Database`].
pub fn list(db: &Connection, scope: Scope) -> Result<Vec<Document>, Error> {
    let (shelf, circle, no_manual) = scope_params(scope);
    let mut statement = db.prepare_cached(
        "SELECT d.id, d.blob, d.title, d.media_type, d.language, d.origin, d.record, d.circle,
                d.shelf, d.hidden, (SELECT count(*) FROM library_section s WHERE s.document = d.id)
         FROM library_document d
         WHERE (:shelf IS NULL OR d.shelf = :shelf) AND (:circle IS NULL OR d.circle = :circle)
           AND (NOT :no_manual OR d.shelf <> 'manual')
         ORDER BY d.title, d.blob, d.id",
    )?;
    let documents = statement
        .query_map(
            named_params! {":shelf": shelf, ":circle": circle, ":no_manual": no_manual},
            |row| {
                Ok(Document {
                    id: DocumentId(row.get(0)?),
                    blob: row.get(1)?,
                    title: row.get(2)?,
                    media_type: row.get(3)?,
                    language: row.get(4)?,
                    origin: row.get(5)?,
                    record: row.get(6)?,
                    circle: row.get(7)?,
                    shelf: shelf_at(row, 8)?,
                    hidden: row.get(9)?,
                    sections: size_at(row, 10)?,
                })
            },
        )?
        .collect::<Result<_, _>>()?;
    Ok(documents)
}

/// The documents of a scope that `name` may mean: those with exactly this title, or else those whose
/// blob begins with it in hexadecimal, six digits at least. Hidden ones are left out. Whoever acts on a
/// name takes one result only and shows the others.
///
/// # Errors
/// [`Error::Database`].
pub fn named(db: &Connection, name: &str, scope: Scope) -> Result<Vec<Document>, Error> {
    let mut visible = list(db, scope)?;
    visible.retain(|document| !document.hidden);
    let prefix = name.to_ascii_lowercase();
    let by_title = visible.iter().any(|document| document.title == name);
    visible.retain(|document| {
        let hex = || data_encoding::HEXLOWER.encode(&document.blob);
        match by_title {
            true => document.title == name,
            false => prefix.len() >= 6 && hex().starts_with(&prefix),
        }
    });
    Ok(visible)
}

/// The sections closest to `question`, best first, at most `limit` and never more than [`MAX_HITS`]. Of the manual, a
/// section whose heading has exactly the terms of the question stands before all others. A question without any term finds nothing.
///
/// # Errors
/// [`Error::Database`]; never because of what the question contains.
pub fn search(
    db: &Connection,
    question: &str,
    scope: Scope,
    limit: usize,
) -> Result<Vec<Hit>, Error> {
    let limit = limit.min(MAX_HITS);
    let expression = match_expression(question, scope);
    if expression.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let (shelf, circle, no_manual) = scope_params(scope);
    let [heading, asked, body] = WEIGHTS;
    // Only ids and scores are sorted; texts are read for those that are shown.
    let mut ranked = db.prepare_cached(
        "SELECT s.id, d.blob, s.start, -bm25(library_terms, :w_heading, :w_asked, :w_body) AS score, s.heading
         FROM library_terms
         JOIN library_section s ON s.id = library_terms.rowid
         JOIN library_document d ON d.id = s.document
         WHERE library_terms MATCH :expression AND d.hidden = 0
           AND (:shelf IS NULL OR d.shelf = :shelf) AND (:circle IS NULL OR d.circle = :circle)
           AND (NOT :no_manual OR d.shelf <> 'manual')
         ORDER BY round(score, 6) DESC, d.blob, s.ordinal, d.record IS NULL, d.id",
    )?;
    let mut rows = ranked.query(named_params! {
        ":w_heading": heading, ":w_asked": asked, ":w_body": body, ":expression": expression,
        ":shelf": shelf, ":circle": circle, ":no_manual": no_manual,
    })?;
    let mut places: Vec<([u8; 32], i64)> = Vec::new();
    let mut hits = Vec::new();
    // "What is okibi?" asks by a word that stands everywhere, and for the section that is named by nothing else.
    let named = (scope == Scope::Shelf(Shelf::Manual)).then(|| question::terms(question));
    let mut asked_for = 0;
    while hits.len() < limit || named.is_some() {
        let Some(row) = rows.next()? else { break };
        let place = (row.get(1)?, row.get(2)?);
        if places.contains(&place) {
            continue;
        }
        let heading: String = row.get(4)?;
        if named
            .as_ref()
            .is_some_and(|named| *named == question::terms(&heading))
        {
            places.push(place);
            hits.insert(asked_for, hit(db, row.get(0)?, row.get(3)?)?);
            asked_for += 1;
        } else if hits.len() < limit {
            places.push(place);
            hits.push(hit(db, row.get(0)?, row.get(3)?)?);
        }
    }
    hits.truncate(limit);
    Ok(hits)
}

/// The FTS5 expression of a question: its terms, quoted, any of which may match. The manual is asked in
/// its own words too.
fn match_expression(asked: &str, scope: Scope) -> String {
    let mut terms = question::terms(asked);
    if scope == Scope::Shelf(Shelf::Manual) {
        let ours = glossary::ours(asked, &terms);
        terms.extend(ours);
    }
    // A term has no quotation mark (see `text`), so quoting is exact.
    terms
        .iter()
        .map(|term| format!("\"{term}\""))
        .collect::<Vec<_>>()
        .join(" OR ")
}

type ScopeParams = (Option<&'static str>, Option<[u8; 32]>, bool);

fn scope_params(scope: Scope) -> ScopeParams {
    match scope {
        Scope::All => (None, None, false),
        Scope::Library => (None, None, true),
        Scope::Shelf(shelf) => (Some(shelf.as_str()), None, false),
        Scope::Circle(circle) => (None, Some(circle), false),
    }
}

fn hit(db: &Connection, section: i64, score: f64) -> Result<Hit, Error> {
    let hit = db
        .prepare_cached(
            "SELECT d.id, d.blob, d.title, s.heading, s.body, d.origin, d.shelf, d.record, d.circle,
                    s.start, s.finish, s.ordinal
             FROM library_section s JOIN library_document d ON d.id = s.document WHERE s.id = ?1",
        )?
        .query_row([section], |row| {
            Ok(Hit {
                document: DocumentId(row.get(0)?),
                blob: row.get(1)?,
                title: row.get(2)?,
                heading: row.get(3)?,
                text: row.get(4)?,
                origin: row.get(5)?,
                shelf: shelf_at(row, 6)?,
                record: row.get(7)?,
                circle: row.get(8)?,
                score,
                range: size_at(row, 9)?..size_at(row, 10)?,
                ordinal: size_at(row, 11)?,
            })
        })?;
    Ok(hit)
}

/// Sizes are stored as SQLite's signed integers; the tables' checks keep them from being negative.
fn size_at(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn shelf_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Shelf> {
    let text: String = row.get(column)?;
    // The table's own check leaves only the three names.
    Shelf::parse(&text).ok_or_else(|| {
        rusqlite::Error::InvalidColumnType(column, text, rusqlite::types::Type::Text)
    })
}

/// Runs `work` in a savepoint: all of it or nothing, inside the caller's transaction or alone.
fn atomically<T>(db: &Connection, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    db.execute_batch("SAVEPOINT library")?;
    match work().and_then(|value| {
        db.execute_batch("RELEASE library")?;
        Ok(value)
    }) {
        Ok(value) => Ok(value),
        Err(error) => {
            // The first error is the one to tell; a failing rollback means that SQLite has rolled
            // back the whole transaction already.
            let _ = db.execute_batch("ROLLBACK TO library; RELEASE library");
            Err(error)
        }
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
