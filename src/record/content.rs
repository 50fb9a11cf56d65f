//! Contents: a content has a name, lies in a blob, and is shared by a record. A kind of content is
//! one row of `ContentKind` and one variant of `Content`; `node::content::kinds` says how a node
//! treats it. Any member may share any kind, and only its author withdraws it.

use minicbor::Decoder;

use super::cbor::{self, Read, Writer, Written};
use super::ids::BlobHash;
use super::{Body, Kind, limits};

/// The kinds of content. Their order is the one in which a circle's state lists them, and in which a bundle has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentKind {
    Document,
    Model,
}

impl ContentKind {
    /// All of them, ascending.
    pub const ALL: [Self; 2] = [Self::Document, Self::Model];

    /// The kind of the records that share such content.
    pub const fn record(self) -> Kind {
        match self {
            Self::Document => Kind::DOCUMENT,
            Self::Model => Kind::MODEL,
        }
    }

    /// The kind of content that records of this kind share, if any.
    pub fn of(kind: Kind) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.record() == kind)
    }
}

/// A shared content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Document(Document),
    Model(Model),
}

impl Content {
    pub fn kind(&self) -> ContentKind {
        match self {
            Self::Document(_) => ContentKind::Document,
            Self::Model(_) => ContentKind::Model,
        }
    }

    /// Its name for people: a document's title, a model's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Document(document) => &document.title,
            Self::Model(model) => &model.name,
        }
    }

    /// The blob in which it lies.
    pub fn blob(&self) -> BlobRef {
        match self {
            Self::Document(document) => document.blob,
            Self::Model(model) => model.blob,
        }
    }

    pub fn as_document(&self) -> Option<&Document> {
        match self {
            Self::Document(document) => Some(document),
            Self::Model(_) => None,
        }
    }

    pub fn as_model(&self) -> Option<&Model> {
        match self {
            Self::Document(_) => None,
            Self::Model(model) => Some(model),
        }
    }

    pub(super) fn write(&self, e: &mut Writer<'_>) -> Written {
        match self {
            Self::Document(it) => {
                e.array(6)?
                    .str(&it.title)?
                    .str(&it.media_type)?
                    .str(&it.language)?;
                e.str(&it.source)?.str(&it.licence)?;
                it.blob.write(e)?;
            }
            Self::Model(it) => {
                e.array(8)?
                    .str(&it.name)?
                    .str(&it.format)?
                    .str(&it.architecture)?;
                e.str(&it.source)?
                    .str(&it.licence)?
                    .str(&it.note)?
                    .bool(it.toy)?;
                it.blob.write(e)?;
            }
        }
        Ok(())
    }

    pub(super) fn read(kind: ContentKind, d: &mut Decoder<'_>) -> Read<Self> {
        let name = |d: &mut Decoder<'_>| cbor::text(d, limits::NAME_BYTES);
        let words = |d: &mut Decoder<'_>| cbor::text(d, limits::TEXT_BYTES);
        Ok(match kind {
            ContentKind::Document => {
                cbor::array(d, 6)?;
                Self::Document(Document {
                    title: name(d)?,
                    media_type: name(d)?,
                    language: name(d)?,
                    source: words(d)?,
                    licence: words(d)?,
                    blob: BlobRef::read(d)?,
                })
            }
            ContentKind::Model => {
                cbor::array(d, 8)?;
                Self::Model(Model {
                    name: name(d)?,
                    format: name(d)?,
                    architecture: name(d)?,
                    source: words(d)?,
                    licence: words(d)?,
                    note: words(d)?,
                    toy: d.bool()?,
                    blob: BlobRef::read(d)?,
                })
            }
        })
    }
}

impl From<Document> for Content {
    fn from(document: Document) -> Self {
        Self::Document(document)
    }
}

impl From<Model> for Content {
    fn from(model: Model) -> Self {
        Self::Model(model)
    }
}

/// A record that shares a content.
impl<T: Into<Content>> From<T> for Body {
    fn from(content: T) -> Self {
        Self::Content(content.into())
    }
}

/// A content-addressed blob: its BLAKE3, its SHA-256 (for stock tools) and its size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobRef {
    pub blake3: BlobHash,
    pub sha256: [u8; 32],
    pub size: u64,
}

impl BlobRef {
    pub(super) fn write(&self, e: &mut Writer<'_>) -> Written {
        e.array(3)?
            .bytes(&self.blake3.0)?
            .bytes(&self.sha256)?
            .u64(self.size)?;
        Ok(())
    }

    pub(super) fn read(d: &mut Decoder<'_>) -> Read<Self> {
        cbor::array(d, 3)?;
        let blake3 = BlobHash(cbor::fixed(d)?);
        let sha256 = cbor::fixed(d)?;
        let size = d.u64()?;
        if size > limits::HEIGHT {
            return Err(minicbor::decode::Error::message("size out of range"));
        }
        Ok(Self {
            blake3,
            sha256,
            size,
        })
    }
}

/// A shared document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub title: String,
    /// Media type, such as `text/markdown`.
    pub media_type: String,
    /// BCP 47 tag, or empty when unknown.
    pub language: String,
    /// Its origin, in its sharer's words; may be empty.
    pub source: String,
    /// SPDX expression or free words; may be empty.
    pub licence: String,
    pub blob: BlobRef,
}

/// A shared model file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub name: String,
    /// File format; `gguf` today.
    pub format: String,
    pub architecture: String,
    pub source: String,
    pub licence: String,
    /// A note for people, to be read before use; may be empty.
    pub note: String,
    /// It shows that the engine runs and is no assistant.
    pub toy: bool,
    pub blob: BlobRef,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind that shared its number with another would be read as the other; a critical one would decide who may do what.
    #[test]
    fn each_kind_has_a_number_of_its_own() {
        assert!(ContentKind::ALL.is_sorted_by(|a, b| a < b && a.record() < b.record()));
        for kind in ContentKind::ALL {
            assert_eq!(ContentKind::of(kind.record()), Some(kind));
            assert!(!kind.record().is_critical());
        }
        assert_eq!(ContentKind::of(Kind::WITHDRAW), None);
    }
}
