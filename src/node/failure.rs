//! What can go wrong, for people and scripts: a stable code (the key of the message and of its hint in
//! the catalogue), what it is about, the exit class, and the error that it comes from.
//!
//! A code is for the catalogue and for scripts. Code that decides asks the class or the source.

use std::error::Error;
use std::{fmt, io};

use crate::store::StoreError;
use crate::store::keys::KeyError;

/// Exit classes of `okibi(1)`. The number is the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Partly = 3,
    NothingForMe = 10,
    SliceMissing = 11,
    Refused = 12,
    Lower = 13,
    Stale = 14,
    Fork = 15,
    NoSpace = 16,
    Waiting = 17,
    Busy = 18,
    Locked = 19,
    Newer = 20,
    NoMedium = 21,
    Interrupted = 130,
}

impl Exit {
    /// Every class, in the order in which one is taken when several apply; the rest apply only to commands that ask.
    pub const ALL: [Self; 17] = [
        Self::Interrupted,
        Self::Usage,
        Self::Busy,
        Self::Newer,
        Self::Locked,
        Self::NoMedium,
        Self::Refused,
        Self::NoSpace,
        Self::SliceMissing,
        Self::Lower,
        Self::Failed,
        Self::Partly,
        Self::NothingForMe,
        Self::Stale,
        Self::Fork,
        Self::Waiting,
        Self::Done,
    ];
}

impl Exit {
    /// Of several the one that is told; none: done.
    pub fn first(exits: &[Self]) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|exit| exits.contains(exit)).unwrap_or(Self::Done)
    }
}

/// Something that did not work.
#[derive(Debug)]
pub struct Failure {
    /// Key of the message catalogue; `CODE.hint` says what to do now.
    pub code: &'static str,
    pub exit: Exit,
    /// Named values for the message.
    pub about: Vec<(&'static str, String)>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure with nothing more to say than its code.
    pub fn new(code: &'static str, exit: Exit) -> Self {
        Self {
            code,
            exit,
            about: Vec::new(),
            source: None,
        }
    }

    /// Keeps the error that it comes from; the message says it as `error`.
    #[must_use]
    pub fn because(self, error: impl Error + Send + Sync + 'static) -> Self {
        let mut failure = self.with("error", &error);
        failure.source = Some(Box::new(error));
        failure
    }

    /// The operating system's error kind, if the failure comes from there.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        let source = self.source.as_ref()?;
        source.downcast_ref::<io::Error>().map(io::Error::kind)
    }

    /// Adds a named value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.about.push((name, value.to_string()));
        self
    }

    /// An error of the operating system at a path.
    pub fn io(path: &std::path::Path, error: io::Error) -> Self {
        let (code, exit) = match error.kind() {
            io::ErrorKind::NotFound => ("file-not-found", Exit::Failed),
            io::ErrorKind::PermissionDenied => ("file-denied", Exit::Failed),
            io::ErrorKind::StorageFull => ("no-space", Exit::NoSpace),
            io::ErrorKind::IsADirectory => ("file-is-folder", Exit::Failed),
            io::ErrorKind::ReadOnlyFilesystem => ("file-read-only", Exit::Failed),
            _ => ("file-failed", Exit::Failed),
        };
        Self::new(code, exit)
            .with("path", path.display())
            .because(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)?;
        for (name, value) in &self.about {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = self.source.as_deref()?;
        Some(source)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::new("store-busy", Exit::Busy),
            StoreError::NoSpace => Self::new("no-space", Exit::NoSpace),
            StoreError::Newer { found, known } => Self::new("store-newer", Exit::Newer)
                .with("found", found)
                .with("known", known),
            StoreError::NewerCircle => Self::new("circle-newer", Exit::Newer),
            StoreError::NotHere(id) => Self::new("target-not-here", Exit::Failed).with("id", id),
            StoreError::FeedFull => Self::new("feed-full", Exit::Failed),
            StoreError::FeedStopped(why) => {
                Self::new("feed-stopped", Exit::Failed).with("why", why)
            }
            StoreError::UnknownCircle(id) => {
                Self::new("circle-unknown", Exit::Failed).with("name", id)
            }
            StoreError::Damaged(why) => Self::new("store-damaged", Exit::Failed).with("error", why),
            StoreError::Io { path, source } => Self::io(&path, source),
            StoreError::Sql(error) => Self::new("store-failed", Exit::Failed).because(error),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
                Self::new("key-missing", Exit::Locked).with("path", path.display())
            }
            KeyError::Io { path, source } => Self::io(&path, source),
            KeyError::Malformed(path) => {
                Self::new("key-malformed", Exit::Locked).with("path", path.display())
            }
            KeyError::ReadBack(path) => {
                Self::new("read-back", Exit::Failed).with("path", path.display())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operating system's error kind reaches its reader through every boundary.
    #[test]
    fn the_source_stays() {
        let place = std::path::PathBuf::from("/media/stick");
        let kind = io::ErrorKind::ReadOnlyFilesystem;
        let failure = Failure::from(StoreError::Io {
            path: place.clone(),
            source: kind.into(),
        });
        assert_eq!(
            (failure.code, failure.io_kind()),
            ("file-read-only", Some(kind))
        );
        assert!(failure.source().is_some());
        let failure = Failure::from(crate::carrier::media::MediaError::Busy(place));
        assert_eq!((failure.exit, failure.io_kind()), (Exit::Busy, None));
        let said = failure.source().map(ToString::to_string);
        assert_eq!(failure.about, [("error", said.unwrap_or_default())]);
    }
}
