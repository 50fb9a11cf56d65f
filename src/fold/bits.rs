//! A set of small numbers; the past of an authority record is one of these.
//!
//! The numbers stand in shared chunks: the pasts of two records that follow each other differ in one or
//! two, so that ten thousand pasts do not take the square of that.

use std::rc::Rc;

const WORDS: usize = 32;
const CHUNK: u32 = WORDS as u32 * 64;

type Chunk = Rc<[u64; WORDS]>;

/// A set of dense indices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Bits(Vec<Option<Chunk>>);

impl Bits {
    pub(super) fn insert(&mut self, index: u32) {
        let chunk = (index / CHUNK) as usize;
        if self.0.len() <= chunk {
            self.0.resize(chunk + 1, None);
        }
        let words = Rc::make_mut(self.0[chunk].get_or_insert_with(|| Rc::new([0; WORDS])));
        words[(index % CHUNK) as usize / 64] |= 1 << (index % 64);
    }

    pub(super) fn has(&self, index: u32) -> bool {
        match self.0.get((index / CHUNK) as usize) {
            Some(Some(words)) => words[(index % CHUNK) as usize / 64] >> (index % 64) & 1 == 1,
            _ => false,
        }
    }

    /// Adds all of another set.
    pub(super) fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), None);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            match (&mut *mine, theirs) {
                (_, None) => {}
                (None, Some(theirs)) => *mine = Some(Rc::clone(theirs)),
                (Some(own), Some(theirs)) if Rc::ptr_eq(own, theirs) => {}
                (Some(own), Some(theirs)) => {
                    if own.iter().zip(theirs.iter()).all(|(a, b)| a | b == *b) {
                        // Nothing of our own: share.
                        *own = Rc::clone(theirs);
                    } else if !own.iter().zip(theirs.iter()).all(|(a, b)| a | b == *a) {
                        let words = Rc::make_mut(own);
                        for (mine, theirs) in words.iter_mut().zip(theirs.iter()) {
                            *mine |= theirs;
                        }
                    }
                }
            }
        }
    }

    /// What both have; without empty chunks, so that equal sets are equal values.
    pub(super) fn meet(&self, other: &Self) -> Self {
        let both = self.0.iter().zip(&other.0).map(|pair| match pair {
            (Some(a), Some(b)) => {
                let mut words = [0; WORDS];
                for ((word, a), b) in words.iter_mut().zip(a.iter()).zip(b.iter()) {
                    *word = a & b;
                }
                (words != [0; WORDS]).then(|| Rc::new(words))
            }
            _ => None,
        });
        let mut chunks: Vec<Option<Chunk>> = both.collect();
        while let Some(None) = chunks.last() {
            chunks.pop();
        }
        Self(chunks)
    }

    /// The indices, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        let words = self.0.iter().zip(0..).flat_map(|(chunk, number)| {
            let words = chunk.iter().flat_map(|words| words.iter());
            words
                .zip(0..)
                .map(move |(&word, at)| (word, number * CHUNK + at * 64))
        });
        words.flat_map(|(word, start)| {
            let mut rest: u64 = word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    start + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_behave() {
        let (mut a, mut b) = (Bits::default(), Bits::default());
        for n in [0, 63, 64, 200, 5_000] {
            a.insert(n);
        }
        for n in [63, 65] {
            b.insert(n);
        }
        assert_eq!(a.iter().collect::<Vec<_>>(), [0, 63, 64, 200, 5_000]);
        assert_eq!(a.meet(&b).iter().collect::<Vec<_>>(), [63]);
        b.join(&a);
        assert_eq!(b.iter().collect::<Vec<_>>(), [0, 63, 64, 65, 200, 5_000]);
        assert!(b.has(65) && b.has(5_000) && !b.has(1_000) && !b.has(50_000));
        assert!(!a.has(65), "what was shared is not changed");
        let mut only = Bits::default();
        only.insert(63);
        assert_eq!(a.meet(&b).meet(&only), only);
        a.join(&b);
        assert_eq!(a, b);
    }
}
