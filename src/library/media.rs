//! Which documents are taken, and what is said about the others.
//!
//! The decision is made by name and by content: the name says what somebody means it to be, the first
//! bytes say what it is. Formats that people will try (PDF, HTML, office files) are refused by their
//! name with a way out; guessing text out of them would put words into a quotation that nobody wrote.

use std::path::Path;

use super::{Error, MAX_DOCUMENT_BYTES};

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MediaType {
    /// Markdown: headings and fenced code are understood.
    Markdown,
    /// Plain text: cut by size at blank lines.
    Plain,
}

/// Known formats that are not read: endings, name, and the way out.
const REFUSED: &[(&[&str], &str, &str)] = &[
    (
        &["pdf"],
        "PDF",
        "make text of it first, for example with: pdftotext -layout FILE.pdf FILE.txt",
    ),
    (
        &["html", "htm", "xhtml", "mhtml"],
        "HTML",
        "save it as text or markdown first, for example with: pandoc -t gfm FILE.html -o FILE.md",
    ),
    (
        &["doc", "docx", "odt", "rtf", "pages"],
        "a word processor's file",
        "save it as plain text (UTF-8) or markdown first",
    ),
    (
        &["epub", "mobi", "azw3"],
        "an e-book",
        "make text of it first, for example with: pandoc -t gfm FILE.epub -o FILE.md",
    ),
    (
        &["zip", "gz", "zst", "xz", "tar", "7z"],
        "an archive",
        "unpack it and add the text files in it",
    ),
    (
        &["gguf", "safetensors"],
        "a model file",
        "add it with: okibi model add FILE",
    ),
    (
        &["png", "jpg", "jpeg", "gif", "webp", "heic", "tif", "tiff"],
        "an image",
        "add its text instead",
    ),
];

impl MediaType {
    /// The media type as it is stored and shared.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown",
            Self::Plain => "text/plain",
        }
    }

    /// Reads back what [`MediaType::as_str`] wrote; a parameter such as `; charset=utf-8` is ignored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split(';').next().map(str::trim) {
            Some("text/markdown") => Some(Self::Markdown),
            Some("text/plain") => Some(Self::Plain),
            _ => None,
        }
    }

    /// The type that a file name asks for. A name without an ending is plain text; whether the bytes
    /// are text is decided when it is read.
    ///
    /// # Errors
    /// [`Error::UnsupportedFormat`] with a way out, or [`Error::UnknownExtension`].
    pub fn of_name(path: &Path) -> Result<Self, Error> {
        let Some(extension) = path.extension() else {
            return Ok(Self::Plain);
        };
        let extension = extension.to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "md" | "markdown" | "mkd" => Ok(Self::Markdown),
            "txt" | "text" | "log" | "org" | "rst" | "adoc" | "csv" | "tsv" => Ok(Self::Plain),
            other => Err(refused(other).unwrap_or(Error::UnknownExtension { extension })),
        }
    }
}

/// The refusal of a format by its usual ending.
fn refused(extension: &str) -> Option<Error> {
    let (_, format, hint) = REFUSED
        .iter()
        .find(|(ends, _, _)| ends.contains(&extension))?;
    Some(Error::UnsupportedFormat { format, hint })
}

/// The document's text, or why there is none. Byte offsets of sections count in this text, a byte
/// order mark included.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::UnsupportedFormat`] (recognised by its first bytes whatever the file
/// is called), [`Error::OtherEncoding`], [`Error::Binary`], [`Error::NotUtf8`], [`Error::Empty`].
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, Error> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(Error::TooLarge {
            bytes: bytes.len(),
            limit: MAX_DOCUMENT_BYTES,
        });
    }
    let magic: &[(&[u8], &str)] = &[
        (b"%PDF-", "pdf"),
        (b"PK\x03\x04", "zip"),
        (b"GGUF", "gguf"),
        (b"\x1f\x8b", "gz"),
        (b"\x28\xb5\x2f\xfd", "zst"),
        (b"{\\rtf", "rtf"),
        (b"\x89PNG", "png"),
    ];
    for (start, extension) in magic {
        if bytes.starts_with(start)
            && let Some(error) = refused(extension)
        {
            return Err(error);
        }
    }
    // UTF-32LE begins with UTF-16LE's mark, so it is asked first.
    let marks: &[(&[u8], &str)] = &[
        (b"\xff\xfe\0\0", "UTF-32"),
        (b"\0\0\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    ];
    for &(mark, encoding) in marks {
        if bytes.starts_with(mark) {
            return Err(Error::OtherEncoding { encoding });
        }
    }
    if let Some(offset) = bytes.iter().position(|&byte| byte == 0) {
        return Err(Error::Binary { offset });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Error::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    let start: String = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .chars()
        .take(15)
        .collect::<String>()
        .to_ascii_lowercase();
    if (start.starts_with("<!doctype html") || start.starts_with("<html"))
        && let Some(error) = refused("html")
    {
        return Err(error);
    }
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(Error::Empty);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_what_is_meant() {
        let of = |name: &str| MediaType::of_name(Path::new(name));
        assert_eq!(of("a/notes.md").ok(), Some(MediaType::Markdown));
        assert_eq!(of("NOTES.TXT").ok(), Some(MediaType::Plain));
        assert_eq!(of("README").ok(), Some(MediaType::Plain));
        for name in ["a.pdf", "b.HTML", "c.docx", "d.epub", "e.tar", "f.gguf"] {
            assert!(
                matches!(of(name), Err(Error::UnsupportedFormat { .. })),
                "{name}"
            );
        }
        assert!(matches!(of("x.exe"), Err(Error::UnknownExtension { .. })));
    }

    #[test]
    fn bytes_decide_what_it_is() {
        assert!(matches!(
            decode(b"%PDF-1.7 ..."),
            Err(Error::UnsupportedFormat { format: "PDF", .. })
        ));
        assert!(matches!(
            decode(b"  <!DOCTYPE HTML><p>x"),
            Err(Error::UnsupportedFormat { format: "HTML", .. })
        ));
        assert!(matches!(
            decode(b"\xff\xfeh\0i\0"),
            Err(Error::OtherEncoding { encoding: "UTF-16" })
        ));
        assert!(matches!(
            decode(b"\xff\xfe\0\0"),
            Err(Error::OtherEncoding { encoding: "UTF-32" })
        ));
        assert!(matches!(decode(b"a\0b"), Err(Error::Binary { offset: 1 })));
        assert!(matches!(
            decode(b"ab\xffc"),
            Err(Error::NotUtf8 { offset: 2 })
        ));
        assert!(matches!(decode(b" \n\t "), Err(Error::Empty)));
        assert!(matches!(decode(b""), Err(Error::Empty)));
        assert!(matches!(
            decode(&vec![b'a'; MAX_DOCUMENT_BYTES + 1]),
            Err(Error::TooLarge { .. })
        ));
        assert_eq!(
            decode(&vec![b'a'; MAX_DOCUMENT_BYTES]).unwrap().len(),
            MAX_DOCUMENT_BYTES
        );
        assert_eq!(decode("熾火".as_bytes()).unwrap(), "熾火");
    }

    #[test]
    fn stored_names_are_read_back() {
        for kind in [MediaType::Markdown, MediaType::Plain] {
            assert_eq!(MediaType::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(
            MediaType::parse("text/plain; charset=utf-8"),
            Some(MediaType::Plain)
        );
        assert_eq!(MediaType::parse("text/html"), None);
    }
}
