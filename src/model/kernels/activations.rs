//! Activations as the products take them: signed bytes with a scale for each 32 numbers of a row.
//!
//! Layout, in words of 32 bits: groups of [`Lanes::ROWS`] rows (the last may have fewer, `r`), in each group the blocks of 32
//! numbers one after the other, in each block [`FIELDS`] fields of `r` words, one for each row. So a product that walks through
//! the blocks of a group reads one unbroken stretch. The fields are
//!
//! - 8: four numbers each, as bytes from -127 to 127;
//! - 2: what the integer sums of the two halves begin with (`START`, less what the weights' offset adds);
//! - 1: the scale; 1: what takes [`MAGIC`] off again;
//! - 2: the sums of the two halves, which weights with a minimum want.
//!
//! With weights that have one scale for all 32 numbers the first of the two stands for both halves.
//!
//! Integers become floats without a step of their own: a sum `s` begins with the bits of `MAGIC = 1.5 * 2^23`, so that its
//! bits are those of the float `MAGIC + s` as long as `|s| < 2^22` (it is at most 32 * 127 * 255), and `scale * s` is one fused
//! step, `scale * (MAGIC + s) - scale * MAGIC`. The last product is exact because scales have 22 significant bits.

use super::lanes::{Lanes, Task};

/// Numbers with one scale.
pub(super) const LEN: usize = 32;
/// Words for each row of a block.
pub(super) const FIELDS: usize = 14;

/// 1.5 * 2^23: adding it to a small number rounds that to an integer, which stands in the lowest bits then.
const MAGIC: f32 = 12_582_912.0;
/// Its bits.
const START: i32 = MAGIC.to_bits() as i32;

/// A block with a larger number overflows: its results are no numbers.
const LARGEST: f32 = 1e30;
/// A block with smaller numbers only counts as zeros. Its scale times `MAGIC` stays a normal number.
const SMALLEST: f32 = 1e-30;

/// Block `r` rows of a group.
pub(super) type Block<const R: usize> = [[u32; R]; FIELDS];

/// The blocks of a group of `R` rows.
pub(super) fn blocks<const R: usize>(words: &[u32]) -> &[Block<R>] {
    words.as_chunks::<R>().0.as_chunks::<FIELDS>().0
}

/// What weights want of the activations.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// What was added to each weight.
    pub(super) offset: i32,
    /// Two scales for each 32 weights.
    pub(super) halves: bool,
}

/// Packs one group of rows, `x[r][k]`, into `out`.
pub(super) struct Pack<'a> {
    pub(super) x: &'a [f32],
    pub(super) k: usize,
    pub(super) wanted: Wanted,
    pub(super) out: &'a mut [u32],
}

impl<L: Lanes> Task<L> for Pack<'_> {
    #[inline(always)]
    fn run(self, l: L) {
        let rows = self.x.len() / self.k;
        for (row, x) in self.x.chunks_exact(self.k).enumerate() {
            let blocks = self.out.chunks_exact_mut(FIELDS * rows);
            for (x, out) in x.as_chunks::<LEN>().0.iter().zip(blocks) {
                let fields = pack(l, x, self.wanted);
                for (out, field) in out[row..].iter_mut().step_by(rows).zip(fields) {
                    *out = field;
                }
            }
        }
    }
}

/// The fields of 32 numbers.
#[inline(always)]
fn pack<L: Lanes>(l: L, x: &[f32; LEN], wanted: Wanted) -> [u32; FIELDS] {
    // As integers, because then the largest is found in vectors, and what is no number is larger than all.
    let mut largest = 0;
    for x in x {
        largest = largest.max(x.to_bits() & 0x7fff_ffff);
    }
    let largest = f32::from_bits(largest);
    let (scale, inverse) = if largest < SMALLEST {
        (0.0, 0.0)
    } else if largest <= LARGEST {
        let scale = f32::from_bits((largest / 127.0).to_bits() & !3);
        (scale, 1.0 / scale)
    } else {
        (f32::NAN, 0.0)
    };
    let mut quants = [0; LEN];
    let mut sums = [0i32; 2];
    let vectors = x
        .chunks_exact(L::COUNT)
        .zip(quants.chunks_exact_mut(L::COUNT));
    for (i, (x, quants)) in vectors.enumerate() {
        // With the scale rounded down the largest may come out as 127.00006, which is still 127.
        let (inverse, magic) = (l.splat_float(inverse), l.splat_float(MAGIC));
        let rounded = l.bits(l.fma(l.load(x), inverse, magic));
        l.narrow(rounded, quants);
        let whole = l.plus(rounded, l.splat(START.wrapping_neg() as u32));
        let sum = &mut sums[i * L::COUNT / (LEN / 2)];
        *sum = sum.wrapping_add(l.total(whole));
    }
    if scale.is_nan() {
        // What is no number was not rounded to one.
        sums = [0; 2];
    }
    if !wanted.halves {
        sums = [sums[0] + sums[1]; 2];
    }
    let mut fields = [0; FIELDS];
    for (field, four) in fields.iter_mut().zip(quants.as_chunks::<4>().0) {
        *field = u32::from_le_bytes(*four);
    }
    fields[8] = (START - wanted.offset * sums[0]) as u32;
    fields[9] = (START - wanted.offset * sums[1]) as u32;
    fields[10] = scale.to_bits();
    fields[11] = (-MAGIC * scale).to_bits();
    fields[12] = (scale * sums[0] as f32).to_bits();
    fields[13] = (scale * sums[1] as f32).to_bits();
    fields
}
