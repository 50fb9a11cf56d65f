//! Documents that came with a circle's records: what of them is on the shelf, one by one and without all of the others.

use rusqlite::{Connection, OptionalExtension, params};

use super::Error;
use super::index::{DocumentId, hide};

/// Records in one answer of [`shown`].
const SOME: i64 = 512;

/// [`hide`] for the document that `record` shared; false when there is none.
///
/// # Errors
/// [`Error::Database`].
pub fn hide_record(db: &Connection, record: &[u8; 32]) -> Result<bool, Error> {
    let id: Option<i64> = db
        .prepare_cached("SELECT id FROM library_document WHERE record = ?1")?
        .query_row([record], |row| row.get(0))
        .optional()?;
    id.map_or(Ok(false), |id| hide(db, DocumentId(id)))
}

/// Whether the document that `record` shared is on the shelf and not hidden.
///
/// # Errors
/// [`Error::Database`].
pub fn shows(db: &Connection, record: &[u8; 32]) -> Result<bool, Error> {
    let mut sql =
        db.prepare_cached("SELECT 1 FROM library_document WHERE record = ?1 AND hidden = 0")?;
    Ok(sql.exists([record])?)
}

/// Records of a circle whose documents are on the shelf and not hidden: the next after `after`, ascending; none at the
/// end. The first call has all zeros there.
///
/// # Errors
/// [`Error::Database`].
pub fn shown(db: &Connection, circle: &[u8; 32], after: &[u8; 32]) -> Result<Vec<[u8; 32]>, Error> {
    let mut sql = db.prepare_cached(
        "SELECT record FROM library_document
         WHERE record > ?2 AND circle = ?1 AND hidden = 0 ORDER BY record LIMIT ?3",
    )?;
    let rows = sql.query_map(params![circle, after, SOME], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
