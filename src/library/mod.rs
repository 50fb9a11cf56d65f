//! Documents that can be asked: sections, full-text search and citations.
//!
//! **Purpose.** A document (UTF-8 text or markdown) is cut into sections that can be quoted whole; a
//! question finds the closest ones by BM25 over words and CJK bigrams. Nothing here writes an answer:
//! a [`Hit`] is a quotation, word for word, with the place that it comes from.
//!
//! **Owns.** The tables of `store/schema/library.sql`, and nothing on disk besides. The functions of
//! [`index`] take the caller's connection and never open a transaction of their own on it unless it
//! has none, so that an import stays one transaction.
//!
//! **Always holds.** A hit's text is exactly the bytes `start..finish` of its document. A query,
//! whatever it contains, is made of quoted terms only and cannot change the meaning of the search.
//! The same documents and the same question give the same hits in the same order, on every machine.
//! A withdrawn document is never found, and its text is no longer in these tables.
//!
//! **Fails** with [`Error`]: a document that is refused says why and what would be taken instead.
//! Content is data to quote, never instructions to follow.

pub mod chunk;
pub mod citation;
pub mod index;
pub mod manual;
pub mod question;
pub mod text;

mod glossary;
mod media;
mod record;

pub use citation::Citation;
pub use index::{Added, Document, DocumentId, Hit, NewDocument, Scope, Shelf};
pub use media::MediaType;
pub use record::{hide_record, shown, shows};

/// The largest document taken, in bytes. A long novel is about 1 MiB; 16 MiB leaves room for whole
/// reference works, while the text, its sections and its terms still fit into memory several times
/// over on a small machine.
pub const MAX_DOCUMENT_BYTES: usize = 16 << 20;

/// The most sections that one document may have. At the usual section of about 1 KiB this is reached
/// only by a document of nothing but headings; without the bound 16 MiB of `#` lines would make eight
/// million rows.
pub const MAX_SECTIONS: usize = 65_536;

/// The longest title or origin kept, in bytes: both are printed on one line, beside each quotation.
pub const MAX_LABEL_BYTES: usize = 512;

/// Why a document was not taken, or a search not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A format that is known, and not read in this version.
    #[error("{format} is not read yet; {hint}")]
    UnsupportedFormat {
        /// The format's common name, for example `PDF`.
        format: &'static str,
        /// What to do now.
        hint: &'static str,
    },
    /// A file name whose ending says nothing about text.
    #[error(
        "a file ending in .{extension} is not known to be text; rename a copy to .txt or .md if it is"
    )]
    UnknownExtension {
        /// The ending as found, without the dot.
        extension: String,
    },
    /// Bytes that are no UTF-8.
    #[error("not UTF-8 at byte {offset}; convert it first, for example with: iconv -t UTF-8")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        offset: usize,
    },
    /// UTF-16 or UTF-32, by its byte order mark.
    #[error(
        "the text is {encoding}, not UTF-8; convert it first, for example with: iconv -f {encoding} -t UTF-8"
    )]
    OtherEncoding {
        /// The encoding as `iconv` calls it.
        encoding: &'static str,
    },
    /// NUL bytes: not text, whatever it is called.
    #[error("a NUL byte at {offset}: this is not a text file")]
    Binary {
        /// Offset of the first NUL.
        offset: usize,
    },
    /// More than [`MAX_DOCUMENT_BYTES`].
    #[error("{bytes} bytes are more than the {limit} taken for one document; split it into parts")]
    TooLarge {
        /// Size of the document.
        bytes: usize,
        /// [`MAX_DOCUMENT_BYTES`].
        limit: usize,
    },
    /// More than [`MAX_SECTIONS`].
    #[error("more than {limit} sections; split it into parts")]
    TooManySections {
        /// [`MAX_SECTIONS`].
        limit: usize,
    },
    /// Nothing but white space.
    #[error("nothing to read: the document is empty")]
    Empty,
    /// A title or an origin that is empty or longer than [`MAX_LABEL_BYTES`].
    #[error("the {field} must have 1 to {limit} bytes")]
    Label {
        /// `title` or `origin`.
        field: &'static str,
        /// [`MAX_LABEL_BYTES`].
        limit: usize,
    },
    /// Record, circle and shelf do not fit together.
    #[error("a document on the {shelf} shelf {rule}")]
    Shelf {
        /// The shelf asked for.
        shelf: &'static str,
        /// The rule that was broken.
        rule: &'static str,
    },
    /// The manual does not keep its own form.
    #[error("the manual is malformed")]
    Manual(#[from] manual::Error),
    /// The database said no.
    #[error("the library's database failed")]
    Database(#[from] rusqlite::Error),
}
