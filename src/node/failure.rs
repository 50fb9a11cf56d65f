//! What can go wrong, for people and scripts: a stable code (the key of the message and of its hint in
//! the catalogue), what it is about, and the exit class.

use std::fmt;

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
}

impl Failure {
    /// A failure with nothing more to say than its code.
    pub fn new(code: &'static str, exit: Exit) -> Self {
        Self {
            code,
            exit,
            about: Vec::new(),
        }
    }

    /// Adds a named value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.about.push((name, value.to_string()));
        self
    }

    /// An error of the operating system at a path.
    pub fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => "file-not-found",
            std::io::ErrorKind::PermissionDenied => "file-denied",
            std::io::ErrorKind::StorageFull => "no-space",
            std::io::ErrorKind::IsADirectory => "file-is-folder",
            std::io::ErrorKind::ReadOnlyFilesystem => "file-read-only",
            _ => "file-failed",
        };
        let exit = match code {
            "no-space" => Exit::NoSpace,
            _ => Exit::Failed,
        };
        Self::new(code, exit)
            .with("path", path.display())
            .with("error", error)
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

impl std::error::Error for Failure {}

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
            StoreError::Io { path, source } => Self::io(&path, &source),
            StoreError::Sql(error) => Self::new("store-failed", Exit::Failed).with("error", error),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Io { path, source } if source.kind() == std::io::ErrorKind::NotFound => {
                Self::new("key-missing", Exit::Locked).with("path", path.display())
            }
            KeyError::Io { path, source } => Self::io(&path, &source),
            KeyError::Malformed(path) => {
                Self::new("key-malformed", Exit::Locked).with("path", path.display())
            }
            KeyError::ReadBack(path) => {
                Self::new("read-back", Exit::Failed).with("path", path.display())
            }
        }
    }
}
