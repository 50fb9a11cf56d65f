//! What was asked of whom, and how long an answer is waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::record::BlobHash;
use crate::sync::Part;

/// A peer that was asked and sends no part for so long is not waited for: a piece on the slowest line takes less.
const SILENT: Duration = Duration::from_secs(60);
/// Who is asked for a list may have to read the whole file first: so many bytes a second.
const SLOWEST_DISK: u64 = 5_000_000;

/// One part that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub line: u64,
    pub blob: BlobHash,
    pub part: Part,
    /// Bytes of the whole blob.
    pub size: u64,
}

/// Everything that is on its way.
#[derive(Default)]
pub(super) struct Asks {
    open: BTreeMap<u64, Ask>,
    last: u64,
    /// When each of those that were asked last sent anything, or was asked.
    heard: BTreeMap<u64, Instant>,
    /// Who has not got which.
    without: BTreeSet<(u64, BlobHash)>,
}

impl Asks {
    /// A number for a new one.
    pub fn open(&mut self, ask: Ask, now: Instant) -> u64 {
        self.last += 1;
        self.open.insert(self.last, ask);
        self.heard.entry(ask.line).or_insert(now);
        self.last
    }

    /// An answer came. None where nothing is waited for: who was given up says something after all, and may be asked again.
    pub fn answered(&mut self, line: u64, id: u64, now: Instant) -> Option<Ask> {
        if !self.open.contains_key(&id) {
            self.without.retain(|(other, _)| *other != line);
        }
        let ask = *self.open.get(&id).filter(|ask| ask.line == line)?;
        self.open.remove(&id);
        self.heard.insert(line, now);
        Some(ask)
    }

    /// How many are open at a peer.
    pub fn of(&self, line: u64) -> usize {
        self.open.values().filter(|ask| ask.line == line).count()
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// A peer has not got it.
    pub fn lacks(&mut self, line: u64, blob: BlobHash) {
        self.without.insert((line, blob));
    }

    /// Whether it may be asked.
    pub fn may_have(&self, line: u64, blob: &BlobHash) -> bool {
        !self.without.contains(&(line, *blob))
    }

    /// A peer told what it lacks: what it lacked before and does not name any more, it may be asked for again.
    pub fn told(&mut self, line: u64, wanted: &[[u8; 32]]) {
        self.without
            .retain(|(other, blob)| *other != line || wanted.contains(&blob.0));
    }

    /// What is named is read again: everybody may be asked for everything.
    pub fn forgive(&mut self) {
        self.without.clear();
    }

    /// A blob is not wanted any more.
    pub fn abandon(&mut self, blob: &BlobHash) {
        self.open.retain(|_, ask| ask.blob != *blob);
    }

    /// A session ended. Returns what it was asked for.
    pub fn lost(&mut self, line: u64) -> Vec<Ask> {
        self.without.retain(|(other, _)| *other != line);
        self.drop_of(line)
    }

    /// Who was asked and is silent for too long has not got it, as far as this node goes. Returns what others are to be
    /// asked for.
    pub fn give_up(&mut self, now: Instant) -> Vec<Ask> {
        let asked: BTreeSet<u64> = self.open.values().map(|ask| ask.line).collect();
        self.heard.retain(|line, _| asked.contains(line));
        let silent = self.heard.iter().filter(|(line, at)| {
            now.saturating_duration_since(**at) >= SILENT + self.reading(**line)
        });
        let silent: Vec<u64> = silent.map(|(line, _)| *line).collect();
        let mut over = Vec::new();
        for line in silent {
            let asks = self.drop_of(line);
            self.without.extend(asks.iter().map(|ask| (line, ask.blob)));
            over.extend(asks);
        }
        over
    }

    /// How long a peer may have to read until it can answer.
    fn reading(&self, line: u64) -> Duration {
        let lists = self
            .open
            .values()
            .filter(|ask| ask.line == line && ask.part == Part::List);
        let bytes = lists.fold(0_u64, |sum, ask| sum.saturating_add(ask.size));
        Duration::from_secs(bytes / SLOWEST_DISK)
    }

    fn drop_of(&mut self, line: u64) -> Vec<Ask> {
        self.heard.remove(&line);
        let gone = self.open.extract_if(.., |_, ask| ask.line == line);
        gone.map(|(_, ask)| ask).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOB: BlobHash = BlobHash([7; 32]);

    fn piece(line: u64, number: u64) -> Ask {
        Ask {
            line,
            blob: BLOB,
            part: Part::Piece(number),
            size: 1_000,
        }
    }

    /// A peer that takes asks and says nothing holds nothing up; one that sends is waited for.
    #[test]
    fn a_silent_peer_is_not_waited_for() {
        let start = Instant::now();
        let mut asks = Asks::default();
        let first = asks.open(piece(1, 0), start);
        asks.open(piece(1, 1), start);
        let second = asks.open(piece(2, 2), start);
        asks.open(piece(2, 3), start);
        // One of another peer's is no answer.
        assert_eq!(asks.answered(1, second, start), None);
        let later = start + SILENT;
        assert_eq!(asks.answered(2, second, later), Some(piece(2, 2)));
        assert_eq!(asks.give_up(later), [piece(1, 0), piece(1, 1)]);
        assert!(!asks.may_have(1, &BLOB) && asks.may_have(2, &BLOB));
        assert_eq!((asks.of(1), asks.of(2)), (0, 1));
        assert!(asks.give_up(later).is_empty());
        // It was only slow.
        assert_eq!(asks.answered(1, first, later), None);
        assert!(asks.may_have(1, &BLOB));
        // Nothing is kept of who has nothing to say any more.
        assert_eq!(asks.lost(2), [piece(2, 3)]);
        assert!(asks.is_empty() && asks.heard.is_empty() && asks.without.is_empty());
    }

    /// Who has to read a large file before it can answer is given the time for it.
    #[test]
    fn who_reads_a_large_file_is_waited_for() {
        let start = Instant::now();
        let list = Ask {
            part: Part::List,
            size: 600 * SLOWEST_DISK,
            ..piece(3, 0)
        };
        let mut asks = Asks::default();
        asks.open(list, start);
        assert!(asks.give_up(start + 10 * SILENT).is_empty());
        assert_eq!(asks.give_up(start + 11 * SILENT), [list]);
    }
}
