//! Limits of learning, each with its unit and its reason. With them all sums of the merge are proven to fit (see `merge`).

/// Parameters of one lineage: a decoder takes a byte for each, and the merge four for each of each vote of one generation.
pub const PARAMETERS: usize = 1 << 24;
/// Tensors of one lineage: a header byte for each.
pub const TENSORS: usize = 4_096;
/// The greatest exponent: a mantissa's unit is `2^-exponent`, and the merge counts in units of `2^-24`.
pub const EXPONENT: u8 = 24;
/// Samples that one delta may speak for: more than one node trains on, and the weight of a liar has an end.
pub const SAMPLES: u32 = 1 << 24;
/// Generations of one lineage: sums stay below 2^60.
pub const GENERATION: u32 = 1 << 20;
/// Deltas in one generation: members of a circle (10,000), and so below 2^14.
pub const AUTHORS: usize = 10_000;
/// A full weight: what a member's voice counts at most.
pub const WEIGHT: u32 = 1 << 16;
/// Base weights are smaller than this, in absolute value: 2^15 are 2^39 units.
pub const BASE: f32 = 32_768.0;
