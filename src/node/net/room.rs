//! Space on this node's disk: contents by wire are fetched only where a margin stays free, and a full disk ends what needs
//! it, never the node.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::record::{BlobHash, BlobRef, CircleId};
use crate::sync::Input;

use super::hub::Hub;
use crate::node::content::missing::{PARTIAL, partial_name};
use crate::node::{Exit, Failure};

/// What stays free: a twentieth of the file system, and no more than this, in bytes.
const MARGIN: u64 = 1 << 30;
/// How long nothing is tried again where there was no space.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where there was no space, and until when nothing is tried.
#[derive(Debug, Default)]
pub(super) struct Full {
    /// For contents.
    contents: Option<Instant>,
    /// For what sessions bring: none begins.
    sessions: Option<Instant>,
}

impl Full {
    fn holds(until: Option<Instant>) -> bool {
        until.is_some_and(|until| Instant::now() < until)
    }

    pub fn contents(&self) -> bool {
        Self::holds(self.contents)
    }

    pub fn sessions(&self) -> bool {
        Self::holds(self.sessions)
    }
}

/// Whether so many bytes more leave a margin free on a file system with so many bytes, and so many of them free.
fn fits(more: u64, free: u64, all: u64) -> bool {
    let margin = MARGIN.min(all / 20);
    free.checked_sub(margin).is_some_and(|room| more <= room)
}

/// Whether a file of `size` bytes may be fetched into `folder`, of which some may be there.
fn room(folder: &Path, name: &str, size: u64) -> bool {
    use std::os::unix::fs::MetadataExt;
    let there = std::fs::metadata(folder.join(PARTIAL).join(name));
    // Holes are not there.
    let there = there.map_or(0, |it| it.blocks().saturating_mul(512).min(size));
    // A system that does not say is taken at its word when it says that it is full.
    rustix::fs::statvfs(folder).map_or(true, |space| {
        let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
        fits(size - there, bytes(space.f_bavail), bytes(space.f_blocks))
    })
}

impl Hub<'_> {
    /// Whether there is room for a blob; where there is none it is said, and looked again later.
    pub fn room_for(&mut self, circle: &CircleId, blob: &BlobRef) -> bool {
        if self.full.contents() {
            return false;
        }
        let fits = room(
            self.node.store.home(),
            &partial_name(circle, &blob.blake3),
            blob.size,
        );
        if !fits {
            self.no_room("contents");
        }
        fits
    }

    /// There is no space for contents: what was on its way stays in its files, for later.
    pub fn contents_full(&mut self, key: &(CircleId, BlobHash)) {
        self.downloads.abandon(key);
        self.no_room("contents");
    }

    /// What concerns one session ends it, and so does a full disk; a home that does not work ends the node.
    pub fn or_give_up(&mut self, id: u64, done: Result<(), Failure>) -> Result<(), Failure> {
        match done {
            Err(failure) if failure.exit == Exit::NoSpace => {
                self.disk_full(&failure);
                self.say(id, Input::Close);
                Ok(())
            }
            Err(failure) if failure.exit != Exit::Locked => {
                tracing::warn!(%failure, "a session was given up");
                self.say(id, Input::Close);
                Ok(())
            }
            done => done,
        }
    }

    /// A full disk is waited for.
    pub fn or_wait(&mut self, done: Result<(), Failure>) -> Result<(), Failure> {
        match done {
            Err(failure) if failure.exit == Exit::NoSpace => {
                if !self.full.sessions() {
                    self.disk_full(&failure);
                }
                Ok(())
            }
            done => done,
        }
    }

    /// The disk is full: no session is begun for a while.
    fn disk_full(&mut self, failure: &Failure) {
        tracing::warn!(%failure, "no space");
        self.full.sessions = Some(Instant::now() + PATIENCE);
        self.no_room("records");
    }

    fn no_room(&mut self, what: &'static str) {
        if !self.full.contents() {
            tracing::warn!(what, "no space; it is tried again later");
            self.tell("no-space", json!({"what": what}));
        }
        self.full.contents = Some(Instant::now() + PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_stays_free() {
        let all = 100 << 30;
        assert!(fits(1, MARGIN + 1, all));
        assert!(!fits(2, MARGIN + 1, all));
        assert!(!fits(0, MARGIN - 1, all));
        // On a small one, a twentieth.
        assert!(fits(95, 100, 100) && !fits(96, 100, 100));
        assert!(!fits(u64::MAX, u64::MAX, u64::MAX));
    }
}
