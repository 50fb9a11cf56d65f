//! Watching for media: looks at the mount table again and again, and runs the courier at each removable medium that was
//! not there before. It mounts nothing, and leaves a medium alone that has no folder `okibi`.
//!
//! A medium is known by where and as what it is mounted, so one that was taken out and put in again is served again.
//! One that is in use by another process is tried again at the next look. Shutdown: the sender of `stop` sends or goes
//! away; a courier at work comes to its end first.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use super::courier::{CourierOptions, CourierReport};
use crate::node::{Exit, Failure, Handle};

/// Time between two looks.
pub const INTERVAL: Duration = Duration::from_secs(2);

/// Which media were there at the last look.
#[derive(Debug, Default)]
pub struct Watch {
    seen: BTreeSet<(PathBuf, u64)>,
}

/// What became of one medium.
pub type Served = (PathBuf, Result<CourierReport, Failure>);

impl Watch {
    /// Those of the mounted media that were not there at the last look.
    fn arrived(&mut self, mounted: &[PathBuf]) -> Vec<(PathBuf, u64)> {
        let now: BTreeSet<(PathBuf, u64)> = mounted
            .iter()
            .map(|path| (path.clone(), mount_id(path)))
            .collect();
        let new = now.difference(&self.seen).cloned().collect();
        self.seen = now;
        new
    }

    /// At the next look this one is new once more.
    fn again(&mut self, medium: &(PathBuf, u64)) {
        self.seen.remove(medium);
    }
}

/// The number of a mount (statx(2)): another stick at the same place has another one. 0 where the kernel tells none.
fn mount_id(path: &Path) -> u64 {
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID);
    found.map_or(0, |found| found.stx_mnt_id)
}

impl Handle {
    /// One look: serves each medium that came since the last one.
    pub fn look_for_media(&mut self, watch: &mut Watch) -> Vec<Served> {
        let options = CourierOptions {
            dry_run: false,
            only_prepared: true,
        };
        let mut served = Vec::new();
        for medium in watch.arrived(&self.removable()) {
            let done = self.courier(&medium.0, options);
            if done
                .as_ref()
                .is_err_and(|failure| failure.exit == Exit::Busy)
            {
                watch.again(&medium);
            }
            served.push((medium.0, done));
        }
        served
    }

    /// Looks every `interval` until `stop` gets a message or loses its sender; `tell` hears of each medium.
    pub fn watch_media(
        &mut self,
        interval: Duration,
        stop: &Receiver<()>,
        tell: &mut dyn FnMut(&Served) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut watch = Watch::default();
        loop {
            for served in self.look_for_media(&mut watch) {
                tell(&served)?;
            }
            match stop.recv_timeout(interval) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_medium_arrives_once_until_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        let mut watch = Watch::default();
        let mut paths = |mounted: &[&PathBuf]| -> Vec<PathBuf> {
            let mounted: Vec<PathBuf> = mounted.iter().map(|path| (*path).clone()).collect();
            let arrived = watch.arrived(&mounted);
            arrived.into_iter().map(|(path, _)| path).collect()
        };
        assert_eq!(paths(&[&a]), vec![a.clone()]);
        assert_eq!(paths(&[&a]), [] as [PathBuf; 0]);
        assert_eq!(paths(&[&a, &b]), vec![b.clone()]);
        assert_eq!(paths(&[&b]), [] as [PathBuf; 0]);
        assert_eq!(paths(&[&b, &a]), vec![a.clone()]);
        let medium = (a.clone(), mount_id(&a));
        watch.again(&medium);
        assert_eq!(watch.arrived(&[a.clone(), b]), [medium]);
    }
}
