//! Numbered byte strings in one buffer, with an index.
//!
//! A vocabulary of 150,000 tokens would otherwise be as many small allocations. The hash is keyed at
//! random, so that a hostile vocabulary cannot choose strings that collide.

use std::hash::{BuildHasher, RandomState};

/// Marks a free slot. No vocabulary comes near this many strings (see `super::MAX_TOKENS`).
const FREE: Slot = Slot {
    id: u32::MAX,
    tag: 0,
};

/// Where a string may be found: its number and half of its hash, which spares most looks at other strings.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot {
    id: u32,
    tag: u32,
}

pub(super) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Open addressing with linear probing; never more than half full.
    slots: Vec<Slot>,
    indexed: usize,
    hasher: RandomState,
}

impl Strings {
    /// An empty collection with room in its index for `count` strings.
    pub(super) fn new(count: usize) -> Self {
        Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            slots: vec![FREE; (2 * count).next_power_of_two().max(64)],
            indexed: 0,
            hasher: RandomState::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The string with this number; empty for a number that is not there.
    pub(super) fn get(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let Some(&end) = self.ends.get(id) else {
            return &[];
        };
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.bytes[start..end]
    }

    /// Adds a string under the next number without looking at the index.
    pub(super) fn push(&mut self, string: &[u8]) -> u32 {
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len());
        (self.ends.len() - 1) as u32
    }

    /// The slot of a string, free or not, and its tag.
    fn slot(&self, string: &[u8]) -> (usize, u32) {
        let mask = self.slots.len() - 1;
        let hash = self.hasher.hash_one(string);
        let tag = (hash >> 32) as u32;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == FREE || (slot.tag == tag && self.get(slot.id) == string) {
                return (at, tag);
            }
            at = (at + 1) & mask;
        }
    }

    pub(super) fn find(&self, string: &[u8]) -> Option<u32> {
        let slot = self.slots[self.slot(string).0];
        (slot != FREE).then_some(slot.id)
    }

    /// Makes string number `id` findable, unless an equal one already is.
    pub(super) fn index(&mut self, id: u32) {
        if (self.indexed + 1) * 2 > self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![FREE; old.len() * 2];
            for slot in old.into_iter().filter(|&slot| slot != FREE) {
                let (at, _) = self.slot(self.get(slot.id));
                self.slots[at] = slot;
            }
        }
        let (at, tag) = self.slot(self.get(id));
        if self.slots[at] == FREE {
            self.slots[at] = Slot { id, tag };
            self.indexed += 1;
        }
    }

    /// The number of an equal string, which is added and made findable if need be.
    pub(super) fn intern(&mut self, string: &[u8]) -> u32 {
        self.find(string).unwrap_or_else(|| {
            let id = self.push(string);
            self.index(id);
            id
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_put_in() {
        let mut strings = Strings::new(0);
        for n in 0..1000u32 {
            assert_eq!(strings.intern(n.to_string().as_bytes()), n);
        }
        for n in 0..1000u32 {
            assert_eq!(strings.intern(n.to_string().as_bytes()), n);
            assert_eq!(strings.get(n), n.to_string().as_bytes());
        }
        assert_eq!(strings.find(b"1000"), None);
        assert_eq!(strings.get(5000), b"");
        let twin = strings.push(b"7");
        strings.index(twin);
        assert_eq!(strings.find(b"7"), Some(7), "the first of equals is found");
    }
}
