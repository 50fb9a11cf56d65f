//! The set that a model is a function of, and which of its deltas vote in which generation.
//!
//! What gets into the set at all (membership, cuts, rosters, weights) is the circle's fold; this module sees its result.
//! A set only grows together: union is commutative, associative and idempotent, and all that follows is a function of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{RecordId, RootKey};

use super::limits;
use super::merge::Refusal;
use super::profile::{Judging, Profile};

/// A delta's record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub author: RootKey,
    /// From 1: the first is learnt on the base.
    pub generation: u32,
    /// Of several deltas of one author in one generation, the highest `(seq, id)` counts.
    pub seq: u64,
    /// Deltas of the generation before that its author had; others among them do no harm.
    pub cites: Vec<RecordId>,
    /// The author's weight in the circle, of 2^16; more is taken as full. Whoever counts no longer has 0: then what cites the
    /// delta still keeps the clock.
    pub weight: u32,
    /// Whether its author withdrew it: it no longer votes, and keeps the clock.
    pub withdrawn: bool,
}

/// Deltas, and what judges measured of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Set {
    entries: BTreeMap<RecordId, Entry>,
    /// By delta and judge.
    losses: BTreeMap<(RecordId, RootKey), i64>,
}

/// A delta that votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Voter {
    pub(super) id: RecordId,
    pub(super) author: RootKey,
    /// 1 to 2^16.
    pub(super) weight: u32,
}

/// Who votes where.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// One for each generation from 1 on without a gap; voters by author, ascending.
    pub(super) buckets: Vec<Vec<Voter>>,
    /// By generation, then by id.
    pub(super) refused: Vec<(RecordId, Refusal)>,
    /// Deltas in time, of the last generation and of the one before.
    timely: [BTreeMap<RecordId, RootKey>; 2],
}

impl Set {
    /// Adds a delta. One id has one entry, since it is the hash of its record; of two the smaller one is kept, withdrawn if one of
    /// them is. What may go both ways, a weight, has no union: when the circle's fold changes it, a set is made anew of its result.
    pub fn insert(&mut self, id: RecordId, entry: Entry) {
        let kept = self.entries.entry(id).or_insert_with(|| entry.clone());
        let withdrawn = kept.withdrawn || entry.withdrawn;
        if entry < *kept {
            *kept = entry;
        }
        kept.withdrawn = withdrawn;
    }

    /// Adds what a judge on the roster measured: the loss with the delta less the loss without it, in units of 2^-16 nats. Of
    /// two by one judge the smaller one is kept.
    pub fn judge(&mut self, delta: RecordId, judge: RootKey, loss: i64) {
        let kept = self.losses.entry((delta, judge)).or_insert(loss);
        *kept = (*kept).min(loss);
    }

    /// Adds all of another set.
    pub fn union(&mut self, other: &Self) {
        for (id, entry) in &other.entries {
            self.insert(*id, entry.clone());
        }
        for ((delta, judge), loss) in &other.losses {
            self.judge(*delta, *judge, *loss);
        }
    }

    pub fn get(&self, id: &RecordId) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub fn entries(&self) -> impl Iterator<Item = (&RecordId, &Entry)> {
        self.entries.iter()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The highest generation that the clock allows with what is here, and the deltas to cite in it.
    pub fn next(&self, profile: &Profile) -> (u32, Vec<RecordId>) {
        let plan = self.plan(profile);
        let last = plan.buckets.len() as u32;
        let [latest, before] = plan.timely;
        let authors: BTreeSet<&RootKey> = latest.values().collect();
        match authors.len() >= usize::from(profile.clock.max(1)) {
            true => (last + 1, latest.into_keys().collect()),
            false => (last.max(1), before.into_keys().collect()),
        }
    }

    /// Steps 1 and 2: buckets, and the threshold clock. A delta is in time if it cites timely deltas of the generation before by at
    /// least `clock` authors, so generations have no gap and there are no more of them than deltas.
    pub(super) fn plan(&self, profile: &Profile) -> Plan {
        let mut generations: BTreeMap<u32, Vec<(&RecordId, &Entry)>> = BTreeMap::new();
        for (id, entry) in &self.entries {
            generations
                .entry(entry.generation)
                .or_default()
                .push((id, entry));
        }
        let mut plan = Plan::default();
        for (generation, entries) in generations {
            let mut timely = BTreeMap::new();
            let mut latest: BTreeMap<RootKey, (u64, RecordId, u32)> = BTreeMap::new();
            for (id, entry) in entries {
                let authors: BTreeSet<&RootKey> = entry
                    .cites
                    .iter()
                    .filter_map(|it| plan.timely[0].get(it))
                    .collect();
                let refusal = match generation {
                    0 => Some(Refusal::Generation),
                    1 => None,
                    limits::GENERATION.. => Some(Refusal::Generation),
                    _ => (plan.buckets.len() as u32 != generation - 1
                        || authors.len() < usize::from(profile.clock.max(1)))
                    .then_some(Refusal::Early(authors.len())),
                };
                if let Some(refusal) = refusal {
                    plan.refused.push((*id, refusal));
                    continue;
                }
                timely.insert(*id, entry.author);
                if entry.withdrawn {
                    continue;
                }
                let own = (entry.seq, *id, entry.weight);
                let kept = latest.entry(entry.author).or_insert(own);
                *kept = (*kept).max(own);
            }
            if timely.is_empty() {
                continue;
            }
            let bucket = self.bucket(latest, profile.judging, &mut plan.refused);
            plan.buckets.push(bucket);
            plan.timely.swap(0, 1);
            plan.timely[0] = timely;
        }
        plan
    }

    fn bucket(
        &self,
        latest: BTreeMap<RootKey, (u64, RecordId, u32)>,
        judging: Option<Judging>,
        refused: &mut Vec<(RecordId, Refusal)>,
    ) -> Vec<Voter> {
        let mut bucket = Vec::new();
        for (author, (_, id, weight)) in latest {
            let refusal = match judging {
                _ if bucket.len() == limits::AUTHORS => Some(Refusal::Crowd),
                Some(judging) if self.harmful(&id, judging) => Some(Refusal::Harmful),
                _ => None,
            };
            match refusal {
                Some(refusal) => refused.push((id, refusal)),
                None if weight == 0 => {}
                None => bucket.push(Voter {
                    id,
                    author,
                    weight: weight.min(limits::WEIGHT),
                }),
            }
        }
        bucket
    }

    /// Whether the median over the roster's judges is above the threshold; who did not judge found no harm. So it takes more
    /// than half of the roster.
    fn harmful(&self, delta: &RecordId, judging: Judging) -> bool {
        let all = (*delta, RootKey([0; 32]))..=(*delta, RootKey([0xff; 32]));
        let above = self
            .losses
            .range(all)
            .filter(|(_, loss)| **loss > judging.threshold)
            .count();
        above * 2 > usize::from(judging.judges)
    }
}
