//! Pruning: of a medium before something new comes onto it, and of slices that wait here for those on other media.
//!
//! Of a medium three things go: the rests of unfinished writers, bundles of mine that all their recipients
//! have, and parts of mine whose other parts were never written.
//!
//! **Always holds.** Nobody else's bundle is touched. Unfinished parts are taken away only while no
//! other process of this home is at work, since they may be its own.
//!
//! **Failure.** A medium that cannot be written fails the command that asked for it.

use crate::carrier::media::medium::{self, Medium};
use crate::carrier::media::partial_sets::{self, PartialSets};

use super::export_target::Target;
use crate::node::clock::now;
use crate::node::{Failure, Handle};

/// Seconds after which slices that wait for the others of their bundle are dropped by `okibi gc`: 30 days. Whoever
/// carries the rest later than that starts again from the first medium.
const STALE_SLICES: u64 = 30 * 24 * 3600;

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
    /// Drops kept slices whose set has not grown for long; how many sets, and their bytes.
    pub(in crate::node) fn stale_slices(&self, dry: bool) -> Result<(usize, u64), Failure> {
        self.slices_older_than(STALE_SLICES, dry)
    }

    /// Drops all kept slices, at once; how many sets, and their bytes.
    pub fn drop_slices(&self, dry: bool) -> Result<(usize, u64), Failure> {
        self.slices_older_than(0, dry)
    }

    fn slices_older_than(&self, most: u64, dry: bool) -> Result<(usize, u64), Failure> {
        let files = self.files(self.store.home());
        if !files.path(partial_sets::FOLDER).is_dir() {
            return Ok((0, 0));
        }
        let shelf = PartialSets::take(&files)?;
        let (mut count, mut bytes) = (0, 0);
        for (key, since, size) in shelf.sets()? {
            let age = (now() / 1_000).saturating_sub(since);
            if most == 0 || age > most {
                (count, bytes) = (count + 1, bytes + size);
                if !dry {
                    shelf.drop_set(&key)?;
                }
            }
        }
        Ok((count, bytes))
    }
}
