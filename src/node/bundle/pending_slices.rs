//! Slices of bundles that wait for those on other media, encrypted as they came, and how long they do.

use crate::carrier::media::partial_sets::{self, PartialSets};

use crate::node::{Failure, Handle};

/// Seconds after which slices that wait for the others of their bundle are dropped by `okibi gc`: 30 days. Whoever
/// carries the rest later than that starts again from the first medium.
const STALE_SLICES: u64 = 30 * 24 * 3600;

impl Handle {
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
            let age = (crate::node::home::open::now() / 1_000).saturating_sub(since);
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
