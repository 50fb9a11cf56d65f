//! Attention for a few queries of one key head at a time.
//!
//! Scores are made for [`SIDE`] positions side by side, from keys that the cache keeps that way; values are added up for as many
//! numbers of a head side by side as a vector has lanes. Several queries go together, so that keys and values are read once for
//! all of them. The softmax is accumulated block by block with a running maximum (Milakov and Gimelshein 2018), so that no row of
//! scores is ever stored.
//!
//! Blocks begin at multiples of [`BLOCK`] positions, and each number is made by fused steps in the order of the head's numbers and of
//! the positions: a query gives the same result with any others beside it, on any instruction set.

use std::ops::Range;

use super::lanes::{Lanes, Task};
use super::product::Out;

/// Positions that lie side by side in the keys.
pub(in crate::model) const SIDE: usize = 16;
/// Positions whose scores are held at a time: keys and values of a head for so many fit the nearest cache.
const BLOCK: usize = 64;
/// Longest head; real ones have at most 256 numbers.
pub(in crate::model) const MAX_HEAD_LEN: usize = 512;
/// Vectors of values at a time.
const D: usize = 2;

/// How a layer attends.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Attention {
    /// Number of query heads.
    pub(in crate::model) heads: usize,
    /// Factor on the scores, usually `1 / sqrt(head length)`.
    pub(in crate::model) scale: f32,
    /// Scores are bent to stay within plus and minus this: `cap * tanh(score / cap)`.
    pub(in crate::model) cap: Option<f32>,
    /// Only so many of the latest positions are seen.
    pub(in crate::model) window: Option<usize>,
}

/// Queries `which` of those that share key head `head`: number `i` is of row `i / group` and of the head's query head `i % group`.
pub(super) struct Queries<'a> {
    pub(super) how: Attention,
    pub(super) head: usize,
    pub(super) group: usize,
    pub(super) which: Range<usize>,
    /// All queries, `[m][heads][head length]`, and their length.
    pub(super) q: &'a [f32],
    pub(super) head_len: usize,
    /// Position of the first row.
    pub(super) pos: usize,
    /// The key head's keys, `[position / SIDE][head length][SIDE]`, and values, `[position][head length]`.
    pub(super) keys: &'a [f32],
    pub(super) values: &'a [f32],
    /// As `q`, one row for each query.
    pub(super) out: Out<'a>,
}

impl Queries<'_> {
    /// Number of a query in `q` and `out`, and the positions it sees.
    #[inline(always)]
    fn query(&self, i: usize) -> (usize, Range<usize>) {
        let i = (self.which.start + i).min(self.which.end - 1);
        let (row, head) = (i / self.group, self.head * self.group + i % self.group);
        let end = self.pos + row + 1;
        let first = self.how.window.map_or(0, |n| end.saturating_sub(n));
        (row * self.how.heads + head, first..end)
    }

    /// All queries, `R` at a time. The last ones are computed more than once where they are fewer.
    #[inline(always)]
    fn all<const R: usize, const V: usize, L: Lanes>(mut self, l: L) {
        let all = self.which.clone();
        for start in all.clone().step_by(R) {
            self.which = start..(start + R).min(all.end);
            self.some::<R, V, L>(l);
        }
    }

    #[inline(always)]
    fn some<const R: usize, const V: usize, L: Lanes>(&self, l: L) {
        let len = self.head_len;
        let mut queries = [[0.0; R]; MAX_HEAD_LEN];
        let (mut lowest, mut end) = (usize::MAX, 0);
        for r in 0..R {
            let (index, seen) = self.query(r);
            (lowest, end) = (lowest.min(seen.start), end.max(seen.end));
            for (to, &x) in queries.iter_mut().zip(&self.q[index * len..][..len]) {
                to[r] = x;
            }
        }
        let mut sums = [[0.0; MAX_HEAD_LEN]; R];
        let mut maxima = [f32::NEG_INFINITY; R];
        let mut totals = [[l.splat_float(0.0); V]; R];
        for start in (lowest / BLOCK * BLOCK..end).step_by(BLOCK) {
            let n = BLOCK.min(end - start);
            let mut scores = [[f32::NEG_INFINITY; BLOCK]; R];
            for at in (0..n).step_by(SIDE) {
                let keys = &self.keys[(start + at) * len..][..SIDE * len];
                self.score::<R, V, L>(l, keys, &queries[..len], at, &mut scores);
            }
            for r in 0..R {
                let seen = self.query(r).1;
                self.weigh::<V, L>(
                    l,
                    seen.start.saturating_sub(start)..seen.end.saturating_sub(start),
                    &mut scores[r],
                    &mut maxima[r],
                    &mut totals[r],
                    &mut sums[r][..len],
                );
            }
            let values = &self.values[start * len..][..n * len];
            for at in (0..len).step_by(D * L::COUNT) {
                match at + D * L::COUNT <= len {
                    true => mix::<R, true, L>(l, values, len, at, &scores, &mut sums),
                    false => mix::<R, false, L>(l, values, len, at, &scores, &mut sums),
                }
            }
        }
        for r in 0..R {
            let mut lanes = [0.0; SIDE];
            for (lanes, &total) in lanes.chunks_exact_mut(L::COUNT).zip(&totals[r]) {
                l.store(total, lanes);
            }
            let total: f32 = lanes.iter().sum();
            // SAFETY: this query is this task's, and the part is used up here.
            let out = unsafe { self.out.part(self.query(r).0, 0, len) };
            for (out, sum) in out.iter_mut().zip(&sums[r]) {
                *out = sum / total;
            }
        }
    }

    /// Scores of `R` queries for `SIDE` positions.
    #[inline(always)]
    fn score<const R: usize, const V: usize, L: Lanes>(
        &self,
        l: L,
        keys: &[f32],
        queries: &[[f32; R]],
        at: usize,
        scores: &mut [[f32; BLOCK]; R],
    ) {
        let mut dots = [[l.splat_float(0.0); V]; R];
        for (keys, query) in keys.as_chunks::<SIDE>().0.iter().zip(queries) {
            let mut side = [l.splat_float(0.0); V];
            for (v, side) in side.iter_mut().enumerate() {
                *side = l.load(&keys[v * L::COUNT..(v + 1) * L::COUNT]);
            }
            for (dots, &x) in dots.iter_mut().zip(query) {
                let x = l.splat_float(x);
                for (dot, &side) in dots.iter_mut().zip(&side) {
                    *dot = l.fma(x, side, *dot);
                }
            }
        }
        let scale = l.splat_float(self.how.scale);
        for (scores, dots) in scores.iter_mut().zip(&dots) {
            for (to, &dot) in scores[at..at + SIDE].chunks_exact_mut(L::COUNT).zip(dots) {
                l.store(l.mul(dot, scale), to);
            }
        }
    }

    /// Makes weights of the scores of one query, of which those in `seen` count, and brings what is accumulated to the new
    /// maximum.
    #[inline(always)]
    fn weigh<const V: usize, L: Lanes>(
        &self,
        l: L,
        seen: Range<usize>,
        scores: &mut [f32; BLOCK],
        maximum: &mut f32,
        totals: &mut [L::F; V],
        sums: &mut [f32],
    ) {
        if let Some(cap) = self.how.cap {
            for score in scores.iter_mut() {
                *score = cap * (*score / cap).tanh();
            }
        }
        let (before, after) = (seen.start.min(BLOCK), seen.end.min(BLOCK));
        scores[..before].fill(f32::NEG_INFINITY);
        scores[after..].fill(f32::NEG_INFINITY);
        let mut highest = [f32::NEG_INFINITY; SIDE];
        for scores in scores.as_chunks::<SIDE>().0 {
            for (highest, &score) in highest.iter_mut().zip(scores) {
                *highest = if score > *highest { score } else { *highest };
            }
        }
        let highest = highest.iter().fold(*maximum, |a, &b| a.max(b));
        if highest > *maximum {
            let shrink = exp(l, l.splat_float(*maximum - highest));
            for total in totals.iter_mut() {
                *total = l.mul(*total, shrink);
            }
            for sums in sums.chunks_mut(L::COUNT) {
                l.store(l.mul(l.load(sums), shrink), sums);
            }
            *maximum = highest;
        }
        if before >= after {
            scores.fill(0.0);
            return;
        }
        let (one, off) = (l.splat_float(1.0), l.splat_float(-*maximum));
        for scores in scores.as_chunks_mut::<SIDE>().0 {
            for (scores, total) in scores.chunks_exact_mut(L::COUNT).zip(totals.iter_mut()) {
                let weight = exp(l, l.fma(l.load(scores), one, off));
                *total = l.fma(weight, one, *total);
                l.store(weight, scores);
            }
        }
    }
}

impl<L: Lanes> Task<L> for Queries<'_> {
    #[inline(always)]
    fn run(self, l: L) {
        match (L::COUNT, self.which.len()) {
            (16, 1) => self.all::<1, 1, L>(l),
            (16, _) => self.all::<8, 1, L>(l),
            (8, 1) => self.all::<1, 2, L>(l),
            (8, _) => self.all::<4, 2, L>(l),
            _ => {}
        }
    }
}

/// Adds weighted values to numbers `at..at + D * COUNT` of the sums; `WHOLE` if the head has all of them.
#[inline(always)]
fn mix<const R: usize, const WHOLE: bool, L: Lanes>(
    l: L,
    values: &[f32],
    len: usize,
    at: usize,
    weights: &[[f32; BLOCK]; R],
    sums: &mut [[f32; MAX_HEAD_LEN]; R],
) {
    let mut mixed = [[l.splat_float(0.0); D]; R];
    for (mixed, sums) in mixed.iter_mut().zip(sums.iter()) {
        for (mixed, sums) in mixed.iter_mut().zip(sums[at..].chunks_exact(L::COUNT)) {
            *mixed = l.load(sums);
        }
    }
    for (i, value) in values.chunks_exact(len).enumerate().take(BLOCK) {
        let mut side = [l.splat_float(0.0); D];
        for (d, side) in side.iter_mut().enumerate() {
            let from = at + d * L::COUNT;
            *side = match WHOLE {
                true => l.load(&value[from..from + L::COUNT]),
                false => l.load(&value[from.min(len)..(from + L::COUNT).min(len)]),
            };
        }
        for (mixed, weights) in mixed.iter_mut().zip(weights) {
            let weight = l.splat_float(weights[i]);
            for (mixed, &side) in mixed.iter_mut().zip(&side) {
                *mixed = l.fma(weight, side, *mixed);
            }
        }
    }
    for (mixed, sums) in mixed.iter().zip(sums.iter_mut()) {
        for (&mixed, sums) in mixed.iter().zip(sums[at..].chunks_exact_mut(L::COUNT)) {
            l.store(mixed, sums);
        }
    }
}

/// `e^x` for `x` up to zero, within two units in the last place; zero below -87.
///
/// `x = n ln 2 + r` with a whole `n` (ln 2 in two parts, after Cody and Waite 1980), `e^r` by its series to the seventh power, and
/// `2^n` by its bits.
#[inline(always)]
fn exp<L: Lanes>(l: L, x: L::F) -> L::F {
    /// 1.5 * 2^23 + 127: after adding it the lowest bits are `n + 127`, the exponent of `2^n`.
    const MAGIC: f32 = 12_583_039.0;
    const SERIES: [f32; 7] = [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let magic = l.fma(
        x,
        l.splat_float(std::f32::consts::LOG2_E),
        l.splat_float(MAGIC),
    );
    let n = l.fma(magic, l.splat_float(1.0), l.splat_float(-MAGIC));
    let r = l.fma(n, l.splat_float(-0.693_359_4), x);
    let r = l.fma(n, l.splat_float(2.121_944_4e-4), r);
    let mut series = l.splat_float(1.0 / 5040.0);
    for term in SERIES {
        series = l.fma(series, r, l.splat_float(term));
    }
    let power = l.float(l.shl(l.bits(magic), 23));
    l.zero_below(x, -87.0, l.mul(series, power))
}
