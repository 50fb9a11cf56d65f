//! The deltas of one generation become one step: dequantize, clip, mean. Integers only.
//!
//! What bounds the sums (`limits`): a number is `mantissa << (24 - exponent)`, so at most `127 * 2^24 < 2^31`, and fits an
//! `i32` before and after clipping and in every mean. A square is below 2^62, and 2^24 of them below 2^86 (`u128`). A trimmed
//! sum has at most 10,000 full weights, besides those that vote zero: below `2^31 * 2^14 * 2^16 = 2^61` (`i64`). A mean's
//! weights are at most `2^16 * 2^24`, its sums below `2^31 * 2^40 * 2^14 = 2^85` (`i128`).

use super::delta::Delta;
use super::layout::Layout;
use super::limits;
use super::profile::{Aggregate, Profile};

/// A delta and the weight of its author, 1 to 2^16.
#[derive(Clone, Copy)]
pub(super) struct Vote<'a> {
    pub(super) delta: &'a Delta,
    pub(super) weight: u32,
}

/// Steps 3 to 6: the step of one generation, in units of 2^-24, one for each parameter. At most 10,000 votes.
pub(super) fn aggregate(layout: &Layout, profile: &Profile, votes: &[Vote<'_>]) -> Vec<i32> {
    let norms: Vec<u64> = votes.iter().map(|vote| norm(layout, vote.delta)).collect();
    let most = profile
        .clip
        .min(lower_median(&norms, votes).saturating_mul(3) / 2);
    let numbers: Vec<Vec<i32>> = votes
        .iter()
        .zip(&norms)
        .map(|(vote, norm)| dequantize(layout, vote.delta, ratio(*norm, most)))
        .collect();
    match profile.aggregate {
        Aggregate::Mean => mean(layout, votes, &numbers),
        Aggregate::TrimmedMean { trim, quorum } => trimmed(layout, votes, &numbers, trim, quorum),
    }
}

/// The Euclidean norm in units of 2^-24, rounded down; below 2^43.
fn norm(layout: &Layout, delta: &Delta) -> u64 {
    let mut all = 0_u128;
    for (range, exponent) in layout.ranges().zip(delta.exponents()) {
        let squares = delta.mantissas()[range].iter();
        let sum: u64 = squares.map(|m| u64::from(m.unsigned_abs()).pow(2)).sum();
        all += u128::from(sum) << (2 * (limits::EXPONENT - exponent));
    }
    all.isqrt() as u64
}

/// The smallest norm that, with all smaller ones, has at least half of the weight: of equal weights the lower median. 0 of none.
fn lower_median(norms: &[u64], votes: &[Vote<'_>]) -> u64 {
    let weights = votes.iter().map(|vote| u64::from(vote.weight));
    let all: u64 = weights.clone().sum();
    let mut sorted: Vec<(u64, u64)> = norms.iter().copied().zip(weights).collect();
    sorted.sort_unstable();
    let mut below = 0;
    let middle = sorted.iter().find(|(_, weight)| {
        below += weight;
        below * 2 >= all
    });
    middle.map_or(0, |(norm, _)| *norm)
}

/// What a delta of this norm is multiplied with, of 2^16, rounded down.
fn ratio(norm: u64, most: u64) -> i64 {
    match norm <= most {
        true => 1 << 16,
        // `most < norm < 2^43`, so the quotient is below 2^16.
        false => ((most << 16) / norm) as i64,
    }
}

/// Numbers in units of 2^-24, each multiplied with the ratio and rounded half up.
fn dequantize(layout: &Layout, delta: &Delta, ratio: i64) -> Vec<i32> {
    let mut numbers = Vec::with_capacity(layout.parameters());
    for (range, exponent) in layout.ranges().zip(delta.exponents()) {
        let shift = limits::EXPONENT - exponent;
        let clipped = |m: &i8| (((i64::from(*m) << shift) * ratio + (1 << 15)) >> 16) as i32;
        numbers.extend(delta.mantissas()[range].iter().map(clipped));
    }
    numbers
}

/// `sum / all`, half up: `floor(sum / all + 1/2)`.
fn half_up(sum: i128, all: i128) -> i32 {
    // A mean of `i32`s.
    (2 * sum + all).div_euclid(2 * all) as i32
}

fn mean(layout: &Layout, votes: &[Vote<'_>], numbers: &[Vec<i32>]) -> Vec<i32> {
    let weight = |vote: &Vote<'_>| i128::from(vote.weight) * i128::from(vote.delta.samples());
    let weights: Vec<i128> = votes.iter().map(weight).collect();
    let all: i128 = weights.iter().sum();
    if all == 0 {
        return vec![0; layout.parameters()];
    }
    let at = |at: usize| {
        let sum = weights
            .iter()
            .zip(numbers)
            .map(|(w, n)| w * i128::from(n[at]));
        half_up(sum.sum(), all)
    };
    (0..layout.parameters()).map(at).collect()
}

/// Equal numbers weigh together, so the order among them, and so of the votes, makes no difference.
fn trimmed(
    layout: &Layout,
    votes: &[Vote<'_>],
    numbers: &[Vec<i32>],
    trim: u16,
    quorum: u16,
) -> Vec<i32> {
    let full = i64::from(limits::WEIGHT);
    let there: i64 = votes.iter().map(|vote| i64::from(vote.weight)).sum();
    let cut = i64::from(trim) * full;
    let all = there.max(2 * cut + full).max(i64::from(quorum) * full);
    let kept = all - 2 * cut;
    let mut column: Vec<(i32, i64)> = Vec::with_capacity(votes.len() + 1);
    let mut step = Vec::with_capacity(layout.parameters());
    for at in 0..layout.parameters() {
        column.clear();
        let votes = votes.iter().zip(numbers);
        column.extend(votes.map(|(vote, n)| (n[at], i64::from(vote.weight))));
        column.push((0, all - there));
        column.sort_unstable();
        let (mut skip, mut left, mut sum) = (cut, kept, 0_i64);
        for (number, weight) in &column {
            let skipped = skip.min(*weight);
            skip -= skipped;
            let taken = left.min(weight - skipped);
            left -= taken;
            sum += i64::from(*number) * taken;
        }
        step.push((2 * sum + kept).div_euclid(2 * kept) as i32);
    }
    step
}
