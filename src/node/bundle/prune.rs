//! Pruning of a medium before something new comes onto it.
//!
//! Three things go: the rests of unfinished writers, bundles of mine that all their recipients
//! have, and parts of mine whose other parts were never written.
//!
//! **Always holds.** Nobody else's bundle is touched. Unfinished parts are taken away only while no
//! other process of this home is at work, since they may be its own.
//!
//! **Failure.** A medium that cannot be written fails the command that asked for it.

use crate::carrier::media::medium::{self, Medium};

use super::export_target::Target;
use crate::node::{Failure, Handle};

impl Handle {
    /// Takes off a medium what unfinished writers left, and what is collected.
    pub(super) fn prune(&self, medium: &Medium) -> Result<usize, Failure> {
        medium.sweep()?;
        self.clear_collected(medium)
    }

    /// Takes parts of mine off the media whose other parts were never written: their writer was killed, or no further
    /// medium was to be had. While another process of this home is at work they may be its own.
    pub(super) fn clear_unfinished(&self, target: &Target<'_>) -> Result<(), Failure> {
        let paths = match target {
            Target::Media { paths, .. } => paths,
            _ => return Ok(()),
        };
        let Some(_alone) = self.store.alone()? else {
            return Ok(());
        };
        for path in *paths {
            let medium = Medium::take(&self.files(path))?;
            let scan = medium::scan(path)?;
            for found in scan.bundles.iter().filter(|found| found.is_part()) {
                if let Some(handle) = &found.handle
                    && self.store.left_unfinished(handle)?
                {
                    medium.discard(handle)?;
                }
            }
        }
        Ok(())
    }

    /// Takes bundles of mine off a medium that all their recipients have taken in.
    fn clear_collected(&self, medium: &Medium) -> Result<usize, Failure> {
        let mut cleared = 0;
        let scan = medium::scan(medium.files().root())?;
        for found in &scan.bundles {
            let Some(handle) = &found.handle else {
                continue;
            };
            let collected = found.collected();
            if !collected.is_empty()
                && collected.iter().all(|done| *done)
                && self.store.wrote_handle(handle)?
            {
                medium.discard(handle)?;
                cleared += 1;
            }
        }
        Ok(cleared)
    }
}
