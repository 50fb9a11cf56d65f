//! A binary arithmetic coder with adaptive probabilities, in integers only: every processor writes and reads the same bytes.
//!
//! The interval is `[low, high]` in 32 bits; a bit splits it in proportion to its probability, and leading bytes on which
//! both ends agree are written (Witten, Neal, Cleary, "Arithmetic Coding for Data Compression", CACM 1987, in the carry-less
//! form). A probability begins at one half and follows the bits seen by the estimator of Krichevsky and Trofimov (1981),
//! until its memory is full; from then on old bits fade.
//!
//! Zeros behind the last byte are implied, so an encoding never ends in one. A reader that gets other bytes than a writer
//! makes reads *something*: who needs one encoding for one value writes again and compares.

/// Bits that a probability remembers; a few hundred, so that it is learnt within one small tensor and still follows.
const MEMORY: usize = 254;
/// Probabilities stay this far from none and all, of 2^16: so that no bit is impossible.
const EDGE: i32 = 32;
/// `2^16 / (seen + 2)`: the step of the estimator after `seen` bits.
const STEP: [i32; MEMORY + 1] = {
    let mut table = [0; MEMORY + 1];
    let mut seen = 0;
    while seen <= MEMORY {
        table[seen] = (1 << 16) / (seen as i32 + 2);
        seen += 1;
    }
    table
};

/// What is expected of one kind of bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    /// Probability of a one, of 2^16.
    one: i32,
    seen: u8,
}

impl Chance {
    pub(super) const NEW: Self = Self {
        one: 1 << 15,
        seen: 0,
    };

    /// Learns a bit. `|goal - one| * step` stays below 2^31.
    fn learn(&mut self, bit: bool) {
        let goal = if bit { (1 << 16) - 1 } else { 0 };
        let step = STEP[usize::from(self.seen)];
        self.one = (self.one + (((goal - self.one) * step) >> 16)).clamp(EDGE, (1 << 16) - EDGE);
        if usize::from(self.seen) < MEMORY {
            self.seen += 1;
        }
    }
}

/// Where `[low, high]` is split for a bit with this chance: ones lie at and below it.
fn split(low: u32, high: u32, chance: &Chance) -> u32 {
    low + ((u64::from(high - low) * chance.one as u64) >> 16) as u32
}

/// Writes bits.
pub(super) struct Encoder {
    low: u32,
    high: u32,
    bytes: Vec<u8>,
}

impl Encoder {
    /// Goes on behind `bytes`.
    pub(super) fn after(bytes: Vec<u8>) -> Self {
        Self {
            low: 0,
            high: u32::MAX,
            bytes,
        }
    }

    pub(super) fn bit(&mut self, chance: &mut Chance, bit: bool) {
        let middle = split(self.low, self.high, chance);
        chance.learn(bit);
        match bit {
            true => self.high = middle,
            false => self.low = middle + 1,
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.bytes.push((self.high >> 24) as u8);
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
        }
    }

    /// The bytes, of which those before `least` are kept whatever they are.
    pub(super) fn finish(mut self, least: usize) -> Vec<u8> {
        // The ends differ in their first byte, so the next one, with zeros behind, lies between them.
        if self.low > 0 {
            self.bytes.push((self.low >> 24) as u8 + 1);
        }
        while self.bytes.len() > least && self.bytes.last() == Some(&0) {
            self.bytes.pop();
        }
        self.bytes
    }
}

/// Reads bits. Never fails: behind the end there are zeros.
pub(super) struct Decoder<'a> {
    low: u32,
    high: u32,
    code: u32,
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self {
            low: 0,
            high: u32::MAX,
            code: 0,
            rest: bytes,
        };
        for _ in 0..4 {
            decoder.shift();
        }
        decoder
    }

    fn shift(&mut self) {
        let (byte, rest) = self.rest.split_first().unwrap_or((&0, &[]));
        self.rest = rest;
        self.code = self.code << 8 | u32::from(*byte);
    }

    pub(super) fn bit(&mut self, chance: &mut Chance) -> bool {
        let middle = split(self.low, self.high, chance);
        let bit = self.code <= middle;
        chance.learn(bit);
        match bit {
            true => self.high = middle,
            false => self.low = middle + 1,
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
            self.shift();
        }
        bit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_come_back(bits in proptest::collection::vec(any::<(u8, bool)>(), 0..2_000)) {
            let mut chances = [Chance::NEW; 256];
            let mut encoder = Encoder::after(vec![]);
            for (kind, bit) in &bits {
                encoder.bit(&mut chances[usize::from(*kind)], *bit);
            }
            let bytes = encoder.finish(0);
            prop_assert_ne!(bytes.last(), Some(&0));
            let mut chances = [Chance::NEW; 256];
            let mut decoder = Decoder::new(&bytes);
            for (kind, bit) in &bits {
                prop_assert_eq!(decoder.bit(&mut chances[usize::from(*kind)]), *bit);
            }
        }
    }

    /// A thousand bits of which one in 32 is set hold 200 bits.
    #[test]
    fn what_is_expected_costs_little() {
        let mut chance = Chance::NEW;
        let mut encoder = Encoder::after(vec![]);
        (0..1_000).for_each(|n| encoder.bit(&mut chance, n % 32 == 7));
        let bytes = encoder.finish(0).len();
        assert!((24..=28).contains(&bytes), "{bytes}");
    }

    /// Ten thousand equal bits, then the other one: the edge bounds what a surprise costs.
    #[test]
    fn a_surprise_is_bounded() {
        for common in [false, true] {
            let mut chance = Chance::NEW;
            let mut encoder = Encoder::after(vec![]);
            (0..10_000).for_each(|_| encoder.bit(&mut chance, common));
            let before = encoder.bytes.len();
            encoder.bit(&mut chance, !common);
            assert!(encoder.finish(0).len() <= before + 3);
        }
    }
}
