//! The requests for parts of blobs that are on their way: who was asked for what, and how long an
//! answer is waited for.
//!
//! **Always holds.** An answer counts only if it comes from the peer that was asked. A peer that
//! sends nothing for `SILENT` is given up, and others are asked; for a list, which may mean that
//! the peer reads a whole file first, the wait grows with the blob's size. An answer that comes
//! late is taken all the same, up to `LATE` of them for each peer. A peer that lacks a blob, or was
//! given up, is not asked for it again until it says that it has it, or until everybody is
//! forgiven.
//!
//! Time is an argument, so nothing here can fail or wait.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::record::{BlobHash, CircleId};
use crate::sync::Part;

/// A peer that was asked for pieces and sends no part for so long is not waited for: a piece on the slowest line takes less.
/// Whoever was asked for a list has so long before others are asked as well.
const SILENT: Duration = Duration::from_secs(60);
/// Who is asked for a list may have to read the whole file first: so many bytes a second, and no longer than this.
const SLOWEST_DISK: u64 = 5_000_000;
const READING: Duration = Duration::from_secs(1_800);
/// Parts of one peer that nobody waits for any more and that are taken all the same if they come.
const LATE: usize = 64;

/// One part that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub connection: u64,
    /// For which circle.
    pub circle: CircleId,
    pub blob: BlobHash,
    pub part: Part,
    /// Bytes of the whole blob.
    pub size: u64,
}

struct Open {
    request: Request,
    since: Instant,
    /// Others were asked meanwhile.
    shared: bool,
}

/// What an answer is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    InTime(Request),
    /// Somebody else may have been asked for it.
    Late(Request),
}

/// Everything that is on its way.
#[derive(Default)]
pub(super) struct Requests {
    open: BTreeMap<u64, Open>,
    late: BTreeMap<u64, Request>,
    last: u64,
    /// When each of those that were asked last sent anything, or was asked.
    heard: BTreeMap<u64, Instant>,
    /// Who has not got which, in which circle.
    without: BTreeSet<(u64, CircleId, BlobHash)>,
}

impl Requests {
    /// A number for a new one.
    pub fn open(&mut self, request: Request, now: Instant) -> u64 {
        self.last += 1;
        let open = Open {
            request,
            since: now,
            shared: false,
        };
        self.open.insert(self.last, open);
        self.heard.entry(request.connection).or_insert(now);
        self.last
    }

    /// An answer came; none where it is to nothing that this peer was asked. Who was given up and says something after all may
    /// be asked again.
    pub fn answered(&mut self, connection: u64, id: u64, now: Instant) -> Option<Answered> {
        if let Some(request) = self
            .late
            .get(&id)
            .copied()
            .filter(|request| request.connection == connection)
        {
            self.late.remove(&id);
            self.without
                .remove(&(connection, request.circle, request.blob));
            return Some(Answered::Late(request));
        }
        let request = self.open.get(&id)?.request;
        if request.connection != connection {
            return None;
        }
        let shared = self.open.remove(&id)?.shared;
        self.heard.insert(connection, now);
        Some(match shared {
            true => Answered::Late(request),
            false => Answered::InTime(request),
        })
    }

    /// How many are open at a peer.
    pub fn of(&self, connection: u64) -> usize {
        self.open
            .values()
            .filter(|it| it.request.connection == connection)
            .count()
    }

    /// Whether a peer owes the list of a blob.
    pub fn owes_list(&self, connection: u64, circle: &CircleId, blob: &BlobHash) -> bool {
        let mut open = self.open.values().map(|it| &it.request);
        open.any(|request| {
            (request.connection, request.part) == (connection, Part::List)
                && (request.circle, request.blob) == (*circle, *blob)
        })
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// A peer has not got it.
    pub fn lacks(&mut self, connection: u64, circle: CircleId, blob: BlobHash) {
        self.without.insert((connection, circle, blob));
    }

    /// Whether it may be asked.
    pub fn may_have(&self, connection: u64, circle: &CircleId, blob: &BlobHash) -> bool {
        !self.without.contains(&(connection, *circle, *blob))
    }

    /// A peer told what it lacks: what it lacked before and does not name any more, it may be asked for again.
    pub fn told(&mut self, connection: u64, circle: &CircleId, wanted: &[[u8; 32]]) {
        self.without.retain(|(other, of, blob)| {
            (*other, of) != (connection, circle) || wanted.contains(&blob.0)
        });
    }

    /// What is named is read again: everybody may be asked for everything.
    pub fn forgive(&mut self) {
        self.without.clear();
    }

    /// A blob is not wanted any more.
    pub fn abandon(&mut self, key: &(CircleId, BlobHash)) {
        let of = |request: &Request| (request.circle, request.blob) == *key;
        self.open.retain(|_, it| !of(&it.request));
        self.late.retain(|_, request| !of(request));
    }

    /// A session ended. Returns what it was asked for.
    pub fn lost(&mut self, connection: u64) -> Vec<Request> {
        self.without.retain(|(other, ..)| *other != connection);
        self.late
            .retain(|_, request| request.connection != connection);
        self.heard.remove(&connection);
        let gone = self
            .open
            .extract_if(.., |_, it| it.request.connection == connection);
        gone.map(|(_, it)| it.request).collect()
    }

    /// Who was asked and is silent for too long has not got it, as far as this node goes. Returns what others may be asked for.
    pub fn give_up(&mut self, now: Instant) -> Vec<Request> {
        let asked: BTreeSet<u64> = self.open.values().map(|it| it.request.connection).collect();
        self.heard
            .retain(|connection, _| asked.contains(connection));
        let passed = |since: Instant| now.saturating_duration_since(since);
        let heard = &self.heard;
        let over = self.open.extract_if(.., |_, it| match it.request.part {
            Part::Piece(_) => heard
                .get(&it.request.connection)
                .is_none_or(|at| passed(*at) >= SILENT),
            Part::List => passed(it.since) >= SILENT + reading(it.request.size),
        });
        let over: Vec<(u64, Open)> = over.collect();
        let mut others = Vec::new();
        for (
            id,
            Open {
                request, shared, ..
            },
        ) in over
        {
            self.without
                .insert((request.connection, request.circle, request.blob));
            self.late.insert(id, request);
            let of: Vec<u64> = self
                .late
                .iter()
                .filter(|(_, it)| it.connection == request.connection)
                .map(|(id, _)| *id)
                .collect();
            for old in of.iter().rev().skip(LATE) {
                self.late.remove(old);
            }
            others.extend(Some(request).filter(|_| !shared));
        }
        for it in self.open.values_mut() {
            if it.request.part == Part::List && !it.shared && passed(it.since) >= SILENT {
                it.shared = true;
                others.push(it.request);
            }
        }
        others
    }
}

/// How long a peer may have to read until it can answer.
fn reading(size: u64) -> Duration {
    Duration::from_secs(size / SLOWEST_DISK).min(READING)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOB: BlobHash = BlobHash([7; 32]);
    const CIRCLE: CircleId = CircleId([8; 32]);

    fn piece(connection: u64, number: u64) -> Request {
        Request {
            connection,
            circle: CIRCLE,
            blob: BLOB,
            part: Part::Piece(number),
            size: 1_000,
        }
    }

    fn list(connection: u64, size: u64) -> Request {
        Request {
            part: Part::List,
            size,
            ..piece(connection, 0)
        }
    }

    /// A peer that takes asks and says nothing holds nothing up; one that sends is waited for.
    #[test]
    fn a_silent_peer_is_not_waited_for() {
        let start = Instant::now();
        let mut requests = Requests::default();
        let first = requests.open(piece(1, 0), start);
        requests.open(piece(1, 1), start);
        let second = requests.open(piece(2, 2), start);
        requests.open(piece(2, 3), start);
        // One of another peer's is no answer.
        assert_eq!(requests.answered(1, second, start), None);
        let later = start + SILENT;
        let in_time = Some(Answered::InTime(piece(2, 2)));
        assert_eq!(requests.answered(2, second, later), in_time);
        assert_eq!(requests.give_up(later), [piece(1, 0), piece(1, 1)]);
        assert!(!requests.may_have(1, &CIRCLE, &BLOB) && requests.may_have(2, &CIRCLE, &BLOB));
        assert_eq!((requests.of(1), requests.of(2)), (0, 1));
        assert!(requests.give_up(later).is_empty());
        // It was only slow: what it sends is taken, once.
        let late = Some(Answered::Late(piece(1, 0)));
        assert_eq!(requests.answered(2, first, later), None);
        assert_eq!(requests.answered(1, first, later), late);
        assert_eq!(requests.answered(1, first, later), None);
        assert!(requests.may_have(1, &CIRCLE, &BLOB));
        // Nothing is kept of who has nothing to say any more.
        assert_eq!(requests.lost(2), [piece(2, 3)]);
        assert!(requests.lost(1).is_empty());
        assert!(requests.is_empty() && requests.heard.is_empty());
        assert!(requests.without.is_empty() && requests.late.is_empty());
    }

    /// Who has to read a large file before it can answer is given the time for it, and others are asked meanwhile.
    #[test]
    fn who_reads_a_large_file_is_waited_for() {
        let start = Instant::now();
        let mut requests = Requests::default();
        let large = list(3, 600 * SLOWEST_DISK);
        let id = requests.open(large, start);
        assert!(requests.give_up(start + SILENT / 2).is_empty());
        assert_eq!(requests.give_up(start + SILENT), [large]);
        assert!(requests.owes_list(3, &CIRCLE, &BLOB) && requests.may_have(3, &CIRCLE, &BLOB));
        assert!(requests.give_up(start + 10 * SILENT).is_empty());
        assert_eq!(requests.of(3), 1);
        let answer = requests.answered(3, id, start + 10 * SILENT);
        assert_eq!(answer, Some(Answered::Late(large)));
        // Not for ever, whatever it says of the size.
        requests.open(list(3, u64::MAX), start);
        requests.give_up(start + SILENT);
        assert!(requests.give_up(start + SILENT + READING).is_empty());
        assert!(requests.is_empty() && !requests.may_have(3, &CIRCLE, &BLOB));
    }

    /// The time that a list may take is nobody's time for pieces, and who sends pieces does not keep a list back for ever.
    #[test]
    fn lists_and_pieces_have_their_own_time() {
        let start = Instant::now();
        let mut requests = Requests::default();
        requests.open(list(1, u64::MAX), start);
        requests.open(piece(1, 7), start);
        assert_eq!(
            requests.give_up(start + SILENT),
            [piece(1, 7), list(1, u64::MAX)]
        );
        let mut requests = Requests::default();
        requests.open(list(1, 0), start);
        let sent = requests.open(piece(1, 7), start);
        requests.answered(1, sent, start + SILENT);
        assert_eq!(requests.give_up(start + SILENT), [list(1, 0)]);
    }

    /// What nobody waits for any more is bounded, whoever is forgiven how often.
    #[test]
    fn what_is_late_is_bounded() {
        let start = Instant::now();
        let mut requests = Requests::default();
        for turn in 1..100 {
            for number in 0..8 {
                requests.open(piece(1, number), start + (turn - 1) * SILENT);
            }
            assert_eq!(requests.give_up(start + turn * SILENT).len(), 8);
            requests.forgive();
        }
        assert_eq!(requests.late.len(), LATE);
    }
}
