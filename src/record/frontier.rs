//! Frontiers: what a node has of a circle, and the one function that says what another lacks.
//!
//! `feed -> (height, head id)` is enough while a feed is a chain. A forked feed counts below its lowest
//! fork only; its entry carries the two smallest ids seen there, as evidence, and the tips of those
//! branches that other feeds' records or cuts reach.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use minicbor::Decoder;

use super::cbor::{self, Read, Writer, Written};
use super::ids::{FeedKey, RecordId, StatementId};
use super::limits;

/// How far one feed is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A chain from 0 to `height`, with `id` at its head.
    Head { height: u64, id: RecordId },
    /// A chain up to `height - 1`, then two records. `first < second`; `tips` ascending, each at or above `height`.
    Forked {
        height: u64,
        first: RecordId,
        second: RecordId,
        tips: Vec<RecordId>,
    },
}

/// What a node has of one circle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier(pub BTreeMap<FeedKey, Entry>);

/// What must be moved of one feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub feed: FeedKey,
    /// Heights of the chain.
    pub heights: Range<u64>,
    /// Fork halves and branch tips: each is moved with its ancestors down to the fork.
    pub branches: BTreeSet<RecordId>,
}

/// What `mine` has and `theirs` lacks, by feed. `at` looks an id up in my own chain of a feed (at and
/// above a fork: none).
///
/// It never asks for less than is lacking: where the other's head does not stand in my chain, the
/// whole chain is moved, and the receiver finds the fork.
pub fn difference(
    mine: &Frontier,
    theirs: &Frontier,
    mut at: impl FnMut(&FeedKey, u64) -> Option<RecordId>,
) -> Vec<Gap> {
    let gaps = mine
        .0
        .iter()
        .map(|(feed, entry)| gap(feed, entry, theirs.0.get(feed), &mut at));
    gaps.filter(|gap| !gap.heights.is_empty() || !gap.branches.is_empty())
        .collect()
}

fn gap(
    feed: &FeedKey,
    mine: &Entry,
    theirs: Option<&Entry>,
    mut at: impl FnMut(&FeedKey, u64) -> Option<RecordId>,
) -> Gap {
    // The chain that I hold, and what I hold of branches above it.
    let (chain, mut branches) = match mine {
        Entry::Head { height, .. } => (height + 1, BTreeSet::new()),
        Entry::Forked {
            height,
            first,
            second,
            tips,
        } => (
            *height,
            tips.iter().chain([first, second]).copied().collect(),
        ),
    };
    let start = match theirs {
        None => 0,
        Some(Entry::Head { height, id }) if *height >= chain => {
            // They are past my chain. Either they extend it, or they sit on a branch of my fork, which
            // the evidence shows them.
            branches.remove(id);
            chain
        }
        Some(Entry::Head { height, id }) => match at(feed, *height) {
            Some(own) if own == *id => height + 1,
            _ => 0,
        },
        Some(Entry::Forked {
            height,
            first,
            second,
            tips,
        }) => {
            for id in tips.iter().chain([first, second]) {
                branches.remove(id);
            }
            // Theirs is the lower fork if it is below my head: it holds, and only a smaller half of mine
            // could change their pair. What I have above it they drop.
            if *height < chain
                && let Some(own) = at(feed, *height)
                && own < *second
                && own != *first
            {
                branches.insert(own);
            }
            chain
        }
    };
    Gap {
        feed: *feed,
        heights: start.min(chain)..chain,
        branches,
    }
}

impl Frontier {
    pub(crate) fn write(&self, e: &mut Writer<'_>) -> Written {
        e.array(self.0.len() as u64)?;
        for (feed, entry) in &self.0 {
            match entry {
                Entry::Head { height, id } => {
                    e.array(3)?.bytes(&feed.0)?.u64(*height)?.bytes(&id.0)?;
                }
                Entry::Forked {
                    height,
                    first,
                    second,
                    tips,
                } => {
                    e.array(5)?
                        .bytes(&feed.0)?
                        .u64(*height)?
                        .bytes(&first.0)?
                        .bytes(&second.0)?;
                    e.array(tips.len() as u64)?;
                    for tip in tips {
                        e.bytes(&tip.0)?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn read(d: &mut Decoder<'_>) -> Read<Self> {
        let mut last = None;
        let entries = cbor::list(d, limits::ACK_BYTES, |d| {
            let (feed, entry) = read_entry(d)?;
            if last.is_some_and(|last| last >= feed) {
                return Err(minicbor::decode::Error::message("feeds are not ascending"));
            }
            last = Some(feed);
            Ok((feed, entry))
        })?;
        Ok(Self(entries.into_iter().collect()))
    }
}

fn read_entry(d: &mut Decoder<'_>) -> Read<(FeedKey, Entry)> {
    let length = d.array()?;
    let (feed, height) = (FeedKey(cbor::fixed(d)?), d.u64()?);
    if height > limits::HEIGHT {
        return Err(minicbor::decode::Error::message("height out of range"));
    }
    let first = RecordId(cbor::fixed(d)?);
    let entry = match length {
        Some(3) => Entry::Head { height, id: first },
        Some(5) => {
            let second = RecordId(cbor::fixed(d)?);
            let tips = cbor::list(d, limits::TIPS, |d| cbor::fixed(d).map(RecordId))?;
            if first >= second || !tips.is_sorted_by(|a, b| a < b) {
                return Err(minicbor::decode::Error::message(
                    "fork halves or tips out of order",
                ));
            }
            Entry::Forked {
                height,
                first,
                second,
                tips,
            }
        }
        _ => {
            return Err(minicbor::decode::Error::message(
                "an entry has three or five elements",
            ));
        }
    };
    Ok((feed, entry))
}

/// A fork in a circle's set: `(feed, height, first, second)`.
pub type ForkEvidence = (FeedKey, u64, RecordId, RecordId);

/// The hash of a circle's set: over the sorted ids of its statements and records, and the two smallest ids of each fork.
pub fn set_hash(
    statements: &BTreeSet<StatementId>,
    records: &BTreeSet<RecordId>,
    forks: &BTreeSet<ForkEvidence>,
) -> [u8; 32] {
    let bytes = cbor::encode(|e| {
        e.array(3)?.array(statements.len() as u64)?;
        for id in statements {
            e.bytes(&id.0)?;
        }
        e.array(records.len() as u64)?;
        for id in records {
            e.bytes(&id.0)?;
        }
        e.array(forks.len() as u64)?;
        for (feed, height, first, second) in forks {
            e.array(4)?
                .bytes(&feed.0)?
                .u64(*height)?
                .bytes(&first.0)?
                .bytes(&second.0)?;
        }
        Ok(())
    });
    blake3::derive_key("okibi 2026 set hash v1", &bytes)
}

/// The hash of a set of statements alone, which acknowledgements carry.
pub fn statements_hash(statements: &BTreeSet<StatementId>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("okibi 2026 statements hash v1");
    for id in statements {
        hasher.update(&id.0);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> RecordId {
        RecordId([n; 32])
    }
    const FEED: FeedKey = FeedKey([7; 32]);

    fn head(height: u64, n: u8) -> Frontier {
        Frontier(BTreeMap::from([(FEED, Entry::Head { height, id: id(n) })]))
    }
    fn forked(height: u64, first: u8, second: u8) -> Frontier {
        let entry = Entry::Forked {
            height,
            first: id(first),
            second: id(second),
            tips: vec![],
        };
        Frontier(BTreeMap::from([(FEED, entry)]))
    }
    /// My chain has id `n` at height `n`.
    fn chain(_: &FeedKey, height: u64) -> Option<RecordId> {
        Some(id(height as u8))
    }
    fn moved(mine: &Frontier, theirs: &Frontier) -> Option<(Range<u64>, Vec<RecordId>)> {
        let gaps = difference(mine, theirs, chain);
        gaps.into_iter()
            .next()
            .map(|gap| (gap.heights, gap.branches.into_iter().collect()))
    }

    #[test]
    fn chains() {
        assert_eq!(
            moved(&head(5, 5), &Frontier::default()),
            Some((0..6, vec![]))
        );
        assert_eq!(moved(&head(5, 5), &head(3, 3)), Some((4..6, vec![])));
        assert_eq!(moved(&head(5, 5), &head(5, 5)), None);
        assert_eq!(moved(&head(5, 5), &head(9, 9)), None);
    }

    #[test]
    fn a_head_that_is_not_mine_moves_the_whole_chain() {
        assert_eq!(moved(&head(5, 5), &head(5, 99)), Some((0..6, vec![])));
        assert_eq!(moved(&head(5, 5), &head(3, 99)), Some((0..6, vec![])));
    }

    #[test]
    fn evidence_of_a_fork_is_moved() {
        let mine = forked(4, 4, 44);
        assert_eq!(
            moved(&mine, &Frontier::default()),
            Some((0..4, vec![id(4), id(44)]))
        );
        assert_eq!(moved(&mine, &head(2, 2)), Some((3..4, vec![id(4), id(44)])));
        assert_eq!(moved(&mine, &head(4, 4)), Some((4..4, vec![id(44)])));
        assert_eq!(moved(&mine, &forked(4, 4, 44)), None);
        assert_eq!(moved(&mine, &forked(4, 4, 50)), Some((4..4, vec![id(44)])));
    }

    #[test]
    fn a_smaller_half_is_moved_to_who_holds_a_lower_fork() {
        assert_eq!(
            moved(&head(9, 9), &forked(4, 50, 60)),
            Some((10..10, vec![id(4)]))
        );
        assert_eq!(moved(&head(9, 9), &forked(4, 1, 2)), None);
    }
}
