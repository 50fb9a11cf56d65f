//! The records that a peer lacks, page by page.
//!
//! Records that judge others go first, then the rest. A few are collected and sorted at once; where
//! they are more than `FEW`, the circle is walked through in the order in which records came here.
//! In both orders a record follows those that it cites.
//!
//! **Always holds.** A page has about `BATCH_TARGET` bytes, so the memory of an answer does not
//! grow with the circle.
//!
//! **Failure.** Only the database can fail (`StoreError`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::record::{CircleId, FeedKey, Frontier, Gap, Kind, Payload, Record, RecordId};
use crate::store::{Store, StoreError, Walk};
use crate::sync::limits;

/// Up to so many records are collected at once; beyond that the circle is walked through.
const FEW: u64 = 4_096;

/// The pages of one answer.
#[derive(Default)]
pub(super) struct Pages {
    /// Ready to go, in order; from the end.
    ready: Vec<Vec<u8>>,
    walks: Vec<(Walk, BTreeMap<FeedKey, Range<u64>>)>,
    pub upto: Frontier,
    /// How many have gone.
    pub sent: u64,
}

impl Pages {
    /// What fills the gaps between two frontiers, and what is wanted by id.
    pub fn new(
        store: &Store,
        circle: &CircleId,
        mine: Frontier,
        theirs: &Frontier,
        wanted: &[[u8; 32]],
    ) -> Result<Self, StoreError> {
        let mut gaps = store.lacking(circle, &mine, theirs)?;
        let count: u64 = gaps
            .iter()
            .map(|gap| gap.heights.end - gap.heights.start)
            .sum();
        let mut pages = Self {
            upto: mine,
            ..Self::default()
        };
        let mut records = Vec::new();
        if count > FEW {
            pages.walks = walks(store, circle, &gaps)?;
            for gap in &mut gaps {
                gap.heights.start = gap.heights.end;
            }
        }
        records.extend(store.fill(circle, &gaps)?);
        for id in wanted {
            records.extend(store.record_of(circle, &RecordId(*id))?);
        }
        // What judges others goes before the rest; within a feed what stands lower.
        let mut tops: BTreeMap<FeedKey, u64> = BTreeMap::new();
        for record in records
            .iter()
            .filter(|record| record.value().kind.is_critical())
        {
            let top = tops.entry(record.value().feed).or_default();
            *top = (*top).max(record.value().height);
        }
        records.sort_by_key(|record| {
            let value: &Record = record.value();
            let judges = tops
                .get(&value.feed)
                .is_some_and(|top| value.height <= *top);
            (
                !judges,
                value.kind != Kind::GENESIS,
                value.height,
                record.id(),
            )
        });
        let mut seen = BTreeSet::new();
        records.retain(|record| seen.insert(record.id()));
        records.reverse();
        pages.ready = records
            .iter()
            .map(|record| record.bytes().to_vec())
            .collect();
        pages.walks.reverse();
        Ok(pages)
    }

    /// The next page, and whether another follows.
    pub fn next(
        &mut self,
        store: &Store,
        circle: &CircleId,
    ) -> Result<(Vec<Vec<u8>>, bool), StoreError> {
        let mut page = Vec::new();
        let mut room = limits::BATCH_TARGET - Record::LIMIT;
        while let Some(record) = self.ready.pop() {
            room = room.saturating_sub(record.len());
            page.push(record);
            if room == 0 {
                break;
            }
        }
        while room > 0
            && let Some((walk, wanted)) = self.walks.last_mut()
        {
            let chosen = store.walk(circle, walk, room, |feed, height| {
                wanted
                    .get(feed)
                    .is_some_and(|heights| heights.contains(&height))
            })?;
            room = room.saturating_sub(chosen.iter().map(Vec::len).sum());
            page.extend(chosen);
            if walk.ended() {
                self.walks.pop();
            }
        }
        self.sent += page.len() as u64;
        Ok((page, !self.ready.is_empty() || !self.walks.is_empty()))
    }

    /// Roughly how many records are to go.
    pub fn planned(&self) -> u64 {
        let ranges = self.walks.iter().flat_map(|(_, wanted)| wanted.values());
        let walked: u64 = ranges.map(|heights| heights.end - heights.start).sum();
        self.ready.len() as u64 + walked
    }
}

type Ranges = BTreeMap<FeedKey, Range<u64>>;

/// Two walks: up to the highest authority record of each feed, and what lies above.
fn walks(
    store: &Store,
    circle: &CircleId,
    gaps: &[Gap],
) -> Result<Vec<(Walk, Ranges)>, StoreError> {
    let (mut first, mut then) = (Ranges::new(), Ranges::new());
    for gap in gaps.iter().filter(|gap| !gap.heights.is_empty()) {
        let top = store.authority_top(circle, &gap.feed, &gap.heights)?;
        let middle = top.map_or(gap.heights.start, |top| top + 1);
        first.insert(gap.feed, gap.heights.start..middle);
        then.insert(gap.feed, middle..gap.heights.end);
    }
    first.retain(|_, heights| !heights.is_empty());
    then.retain(|_, heights| !heights.is_empty());
    let both = [first, then].into_iter();
    Ok(both
        .filter(|ranges| !ranges.is_empty())
        .map(|ranges| (Walk::default(), ranges))
        .collect())
}
