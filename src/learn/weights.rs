//! The weights of a lineage after a generation: whole units of 2^-24, one hash, and the one
//! conversion to floating point.
//!
//! **Always holds.** Between the base and that conversion there are only integers, so that two
//! nodes with the same deltas have the same weights and the same hash on every processor.
//!
//! **Failure.** Only a base can be refused (`BaseError`): a weight that is no number or too large,
//! or a wrong length.

use thiserror::Error;

use super::limits;

/// A base that no lineage can start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BaseError {
    #[error("{there} weights, where the layout has {wanted}")]
    Lengths { there: usize, wanted: usize },
    #[error("weight {0} is not a number, or not below {limit} in size", limit = limits::BASE)]
    Weight(usize),
}

/// Weights after a generation, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    /// In units of 2^-24, in the layout's order.
    pub(super) state: Vec<i64>,
    /// The last generation in it; 0 is the base.
    pub(super) generation: u32,
}

impl Weights {
    /// Base weights, rounded to units of 2^-24, halves up.
    pub fn base(weights: &[f32]) -> Result<Self, BaseError> {
        let units = |(at, weight): (usize, &f32)| {
            let there = weight.is_finite() && weight.abs() < limits::BASE;
            // A product with a power of two is exact, and below 2^39 so is the sum but for what the floor drops.
            let unit = (f64::from(*weight) * f64::from(1 << limits::EXPONENT) + 0.5).floor();
            there.then_some(unit as i64).ok_or(BaseError::Weight(at))
        };
        let state = weights.iter().enumerate().map(units);
        Ok(Self {
            state: state.collect::<Result<_, _>>()?,
            generation: 0,
        })
    }

    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// In units of 2^-24.
    pub fn units(&self) -> &[i64] {
        &self.state
    }

    /// The weights: each is rounded once, to the nearest, ties to even; the product with a power of two is exact.
    pub fn weights(&self) -> Vec<f32> {
        let unit = 1.0 / (1_u32 << limits::EXPONENT) as f32;
        self.state.iter().map(|it| *it as f32 * unit).collect()
    }

    /// BLAKE3 of the units, 8 bytes little-endian each: what observers sign.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("okibi 2026 theta v1");
        for unit in &self.state {
            hasher.update(&unit.to_le_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}
