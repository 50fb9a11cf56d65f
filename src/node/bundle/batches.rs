//! The records of a staged bundle, a bounded number at a time: decoded and verified, in the order of the file. An import
//! needs as much memory for a hundred thousand records as for ten thousand.

use std::iter::Peekable;

use crate::carrier::media::records::Items;
use crate::identity::{Verified, verify_all};
use crate::record::{Record, Signed};

use crate::node::Failure;

/// Records of one transaction: a signature takes some 20 microseconds of one core, so that nobody else waits for the
/// database much longer than a tenth of a second; and the pages of its random indices are still written once for many.
const RECORDS: usize = 4_096;
/// Bytes of their envelopes: those of a whole member, which is in memory at that time anyway.
const BYTES: usize = 8 << 20;
/// How many times as much one transaction may take at most: then it has as many bytes as may wait in quarantine in all.
const WIDEST: usize = 8;

/// How much one transaction takes.
#[derive(Debug, Clone, Copy)]
pub(in crate::node) struct Step {
    records: usize,
    bytes: usize,
}

impl Default for Step {
    fn default() -> Self {
        Self::of(RECORDS)
    }
}

impl Step {
    /// At most so many records.
    pub fn of(records: usize) -> Self {
        Self {
            records: records.max(1),
            bytes: BYTES,
        }
    }
}

/// What is left of a bundle's records.
#[derive(Debug)]
pub(super) struct Batches {
    items: Peekable<Items>,
    step: Step,
    /// How many steps the next batch may take.
    width: usize,
    /// How many did not decode or verify so far.
    pub refused: usize,
    /// Bytes that were handed out so far, and batches.
    pub bytes: u64,
    count: usize,
}

impl Batches {
    pub fn new(items: Items, step: Step) -> Self {
        Self {
            items: items.peekable(),
            step,
            width: 1,
            refused: 0,
            bytes: 0,
            count: 0,
        }
    }

    /// Whether nothing is left.
    pub fn ended(&mut self) -> bool {
        self.items.peek().is_none()
    }

    /// Whether more than one was needed.
    pub fn several(&self) -> bool {
        self.count > 1
    }

    /// The next of them, fewer where some do not verify; none at the end.
    ///
    /// # Errors
    /// What is no sequence of bounded items.
    pub fn take(&mut self) -> Result<Vec<Verified<Record>>, Failure> {
        let (records, bytes) = (
            self.step.records.saturating_mul(self.width),
            self.step.bytes.saturating_mul(self.width),
        );
        let (mut signed, mut count, mut size) = (Vec::new(), 0, 0);
        while count < records && size < bytes {
            let Some(item) = self.items.next() else { break };
            let item = item?;
            (count, size) = (count + 1, size + item.len());
            match Signed::<Record>::decode(&item) {
                Ok(record) => signed.push(record),
                Err(_) => self.refused += 1,
            }
        }
        self.bytes = self.bytes.saturating_add(size as u64);
        self.count += 1;
        let mut good = Vec::with_capacity(signed.len());
        for verified in verify_all(signed) {
            match verified {
                Ok(record) => good.push(record),
                Err(_) => self.refused += 1,
            }
        }
        Ok(good)
    }

    /// Says whether the last batch had to be folded together with all that is here. Such a fold costs as much as
    /// everything, so the next batches are larger; whoever writes a bundle in which each needs one gains little by it.
    pub fn folded(&mut self, whole: bool) {
        self.width = match whole {
            true => (self.width * 2).min(WIDEST),
            false => 1,
        };
    }
}
