//! Learning together: many nodes train one small model, and the model is a function of the *set* of their updates.
//!
//! A **lineage** begins with base weights, the shapes of its tensors ([`Layout`]) and its rules ([`Profile`]). In each
//! **generation** an author trains on data that stays at home and publishes one **delta**: [`Mlp::learn`] trains, [`quantize()`] turns the
//! update into mantissas of 4 or 8 bits, [`Delta::encode`] into a blob. What the circle's fold lets count goes into a [`Set`],
//! and [`Merge::fold`] says what the weights are ([`Weights`]), or for which blobs they wait. `docs/learning.md` says all of it to
//! the byte.
//!
//! What always holds:
//! - the same set and the same blobs give the same weights, to the bit, on every processor, whatever came when: between a blob and
//!   the one conversion to `f32` at the end there are only integers, and their sums are proven to fit;
//! - no blob, no record and no order of arrival panics; what cannot be taken is refused with its reason, and the rest goes on;
//! - no clock, no randomness but seeds that are arguments, no files.
//!
//! Call order: [`Set::insert`] and [`Set::judge`] as records come, in any order; [`Merge::fold`] whenever theta is wanted. A set
//! only grows: when the circle's fold takes something back, or an author's weight is another, it is made anew of what counts now.

mod aggregate;
mod coder;
mod delta;
mod layout;
pub mod limits;
mod merge;
mod mlp;
mod profile;
mod quantize;
mod set;
#[cfg(test)]
mod tests;
mod weights;

pub use delta::{Delta, DeltaError, VERSION};
pub use layout::{Layout, LayoutError, Mantissa, Shape};
pub use merge::{Merge, Merged, Refusal};
pub use mlp::{Dice, Examples, Mlp, Training};
pub use profile::{Aggregate, Judging, Profile};
pub use quantize::{Residual, quantize};
pub use set::{Entry, Set};
pub use weights::{BaseError, Weights};
