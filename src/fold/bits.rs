//! A set of small numbers as a bit string; the past of an authority record is one of these.

/// A set of dense indices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn insert(&mut self, index: u32) {
        let word = index as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (index % 64);
    }

    pub(super) fn has(&self, index: u32) -> bool {
        self.0
            .get(index as usize / 64)
            .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Adds all of another set.
    pub(super) fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    /// What both have; without trailing zeros, so that equal sets are equal values.
    pub(super) fn meet(&self, other: &Self) -> Self {
        let mut words: Vec<u64> = self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect();
        while words.last() == Some(&0) {
            words.pop();
        }
        Self(words)
    }

    /// The indices, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    at as u32 * 64 + bit
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
        for n in [0, 63, 64, 200] {
            a.insert(n);
        }
        for n in [63, 65] {
            b.insert(n);
        }
        assert_eq!(a.iter().collect::<Vec<_>>(), [0, 63, 64, 200]);
        assert_eq!(a.meet(&b).iter().collect::<Vec<_>>(), [63]);
        b.join(&a);
        assert!(b.has(65) && b.has(200) && !b.has(1000));
        let mut only = Bits::default();
        only.insert(63);
        assert_eq!(a.meet(&b).meet(&only), only);
    }
}
