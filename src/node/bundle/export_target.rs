//! The target of an export: where a bundle goes, what shall go, and the media that it is written
//! over.
//!
//! An export over several media asks a person for the next one when a medium is full. A medium that
//! this process holds already is not locked a second time.
//!
//! **Failure.** A medium that cannot be taken, or a person who has no further one, ends the export;
//! the parts that were written are no bundle, and `prune` takes them away.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::carrier::media::MediaError;
use crate::carrier::media::medium::Medium;
use crate::carrier::media::slices::{Begun, Full, Layout, Media};
use crate::carrier::media::write::{Destination, Written};

use crate::node::clock::now;
use crate::node::{Exit, Failure, Handle};

/// Asks a person for the folder of another medium; none to stop.
pub type Ask<'a> = dyn FnMut(Full) -> Option<PathBuf> + Send + 'a;

/// The place where a bundle goes.
pub enum Target<'a> {
    /// A folder on a medium.
    Medium(&'a Path),
    /// Folders on media, filled in this order, and who knows of more.
    Media {
        paths: &'a [PathBuf],
        ask: Option<&'a mut Ask<'a>>,
        layout: Layout,
    },
    /// One plain age file, with so many percent of parity beside it.
    FileParity(&'a Path, u8),
    /// A medium that is locked already.
    Held(&'a Medium),
    /// One plain age file.
    File(&'a Path),
    /// A pipe.
    Stream(&'a mut (dyn std::io::Write + Send)),
}

/// The choice of what shall go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// Everything, whatever was acknowledged.
    pub full: bool,
    /// Say what would be written, and write nothing.
    pub dry_run: bool,
    /// Only what came in here since then, whatever was acknowledged.
    pub since: Option<Since>,
}

/// A moment, by the local clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So many milliseconds ago.
    Ago(u64),
    /// Milliseconds since 1970.
    At(u64),
}

impl Since {
    pub(in crate::node) fn millis(self) -> u64 {
        match self {
            Self::Ago(span) => now().saturating_sub(span),
            Self::At(time) => time,
        }
    }
}

impl Handle {
    /// Takes the media and writes over them; whoever can be asked is asked for more.
    pub(in crate::node) fn fill(
        &self,
        paths: &[PathBuf],
        (ask, begun): (Option<&mut Ask<'_>>, &mut Begun<'_>),
        layout: Layout,
        write: impl FnOnce(Destination<'_>) -> Result<Written, Failure>,
    ) -> Result<Written, Failure> {
        let mut taken = Vec::new();
        for path in paths {
            let medium = Medium::take(&self.files(path))?;
            self.prune(&medium)?;
            taken.push(medium);
        }
        let layer = &self.layer;
        let Some(ask) = ask else {
            let more = None;
            return write(Destination::Media(Media {
                taken,
                more,
                layout,
                begun: Some(begun),
            }));
        };
        let mut more = |mut full: Full| loop {
            let Some(path) = ask(full.clone()) else {
                return Err(MediaError::NoSpace {
                    place: paths.last().cloned().unwrap_or_default(),
                    need: full.left,
                    have: 0,
                });
            };
            let medium = Medium::take(&layer(&path)).and_then(|medium| {
                medium.sweep()?;
                Ok(medium)
            });
            match medium {
                Ok(medium) => return Ok(medium),
                // Not mounted yet, mounted read-only, or in use: asked again.
                Err(_) => full.unfit = true,
            }
        };
        write(Destination::Media(Media {
            taken,
            more: Some(&mut more),
            layout,
            begun: Some(begun),
        }))
    }
}

impl From<MediaError> for Failure {
    fn from(error: MediaError) -> Self {
        let (code, exit) = match error {
            MediaError::Io { path, source } if source.kind() != ErrorKind::BrokenPipe => {
                return Self::io(&path, source);
            }
            MediaError::Io { .. } => ("output-closed", Exit::Failed),
            MediaError::NothingForMe => ("nothing-for-me", Exit::NothingForMe),
            MediaError::SliceMissing { .. } => ("slice-missing", Exit::SliceMissing),
            MediaError::Refused(_) => ("bundle-refused", Exit::Refused),
            MediaError::NoSpace { .. } => ("no-space", Exit::NoSpace),
            MediaError::Busy(_) => ("medium-busy", Exit::Busy),
            MediaError::NewerOkibi { .. } => ("bundle-newer", Exit::Newer),
            MediaError::NoMedium(_) => ("no-medium", Exit::NoMedium),
            MediaError::ReadBack(_) => ("read-back", Exit::Failed),
            MediaError::Changed(_) => ("content-changed", Exit::Failed),
            MediaError::Plan(_) => ("bundle-plan", Exit::Failed),
        };
        Self::new(code, exit).because(error)
    }
}
