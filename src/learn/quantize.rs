//! Quantizing: from an update in floating point to a delta, with the residual for the next one.
//!
//! A tensor takes the finest unit in which its largest number fits; units are made coarser while
//! the blob is over its budget. The part that a delta drops is kept and added to the author's next
//! update (error feedback).

use super::delta::{Delta, DeltaError};
use super::layout::Layout;
use super::limits;

/// The residual: the part that quantizing dropped, added to the next update: error feedback (Seide et al., "1-Bit Stochastic Gradient Descent",
/// 2014; Karimireddy et al., "Error Feedback Fixes SignSGD", 2019).
#[derive(Debug, Clone, PartialEq)]
pub struct Residual(pub Vec<f32>);

impl Residual {
    /// Nothing left over yet.
    pub fn none(layout: &Layout) -> Self {
        Self(vec![0.0; layout.parameters()])
    }
}

/// The delta nearest to `update + residual`, in the layout's order, and what it leaves over.
///
/// Each tensor takes the greatest exponent with which its largest number still fits. While the blob is larger than `most`
/// bytes, the finest of all units is doubled (of several, that of the largest tensor): equal units for all lose least for their bits.
/// A number without a coarser unit stays larger. One that is not a number counts as zero, and one beyond every exponent is cut off; neither
/// is left over.
pub fn quantize(
    layout: &Layout,
    update: &[f32],
    residual: &Residual,
    samples: u32,
    most: Option<usize>,
) -> Result<(Delta, Residual), DeltaError> {
    if update.len() != layout.parameters() || residual.0.len() != layout.parameters() {
        return Err(DeltaError::Lengths);
    }
    let finite = |x: f32| if x.is_finite() { x } else { 0.0 };
    let wanted: Vec<f32> = update
        .iter()
        .zip(&residual.0)
        .map(|(u, r)| finite(u + r))
        .collect();
    let limit = f32::from(layout.mantissa().most());
    let mut exponents: Vec<u8> = layout
        .ranges()
        .map(|range| {
            let largest = wanted[range]
                .iter()
                .fold(0.0_f32, |most, x| most.max(x.abs()));
            let fits = |e: &u8| (largest * unit(*e)).round() <= limit;
            (0..=limits::EXPONENT).rev().find(fits).unwrap_or(0)
        })
        .collect();
    loop {
        let mut mantissas = Vec::with_capacity(layout.parameters());
        for (range, exponent) in layout.ranges().zip(&exponents) {
            let scaled = wanted[range].iter().map(|x| (x * unit(*exponent)).round());
            mantissas.extend(scaled.map(|x| x.clamp(-limit, limit) as i8));
        }
        let delta = Delta::new(layout, samples, exponents.clone(), mantissas)?;
        let coarser = (0..exponents.len())
            .filter(|at| exponents[*at] > 0)
            .max_by_key(|at| (exponents[*at], layout.tensors()[*at].len()));
        if let (Some(most), Some(at)) = (most, coarser)
            && delta.encode(layout).len() > most
        {
            exponents[at] -= 1;
            continue;
        }
        let left = left_over(layout, &wanted, &delta);
        return Ok((delta, left));
    }
}

/// `2^exponent`.
fn unit(exponent: u8) -> f32 {
    (1_u32 << exponent.min(limits::EXPONENT)) as f32
}

/// The part of `wanted` that the delta does not say, at most half a unit for each number.
fn left_over(layout: &Layout, wanted: &[f32], delta: &Delta) -> Residual {
    let mut left = Vec::with_capacity(wanted.len());
    for (range, exponent) in layout.ranges().zip(delta.exponents()) {
        let unit = unit(*exponent);
        let pairs = wanted[range.clone()].iter().zip(&delta.mantissas()[range]);
        left.extend(pairs.map(|(x, m)| (x - f32::from(*m) / unit).clamp(-0.5 / unit, 0.5 / unit)));
    }
    Residual(left)
}
