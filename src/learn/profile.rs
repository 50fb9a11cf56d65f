//! How a lineage merges, as data. A profile is part of a lineage's beginning and never changes in it.

use super::limits;

/// How the deltas of one generation become one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// The mean, weighted by weight and sample count (McMahan et al., "Communication-Efficient Learning of Deep Networks from
    /// Decentralized Data", 2017: FedAvg).
    Mean,
    /// The coordinate-wise trimmed mean (Yin et al., "Byzantine-Robust Distributed Learning", 2018): `trim` full weights
    /// are cut off at each end of every coordinate. Sample counts are claims and do not count. Authors who are lacking to
    /// `quorum` full weights, or to `2 * trim + 1`, vote zero: "no change".
    TrimmedMean { trim: u16, quorum: u16 },
}

/// What takes the weight of a delta that does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Judging {
    /// Judges on the roster.
    pub judges: u16,
    /// A greater leave-one-out loss is harm, in units of 2^-16 nats.
    pub threshold: i64,
}

/// A lineage's rules of merging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Profile {
    pub aggregate: Aggregate,
    /// A: authors whose deltas of one generation a delta of the next must cite (threshold clock).
    pub clock: u16,
    /// mu, of 256: what of the step before is done again. Below 256.
    pub momentum: u8,
    /// `C_max`: the greatest norm of a delta that is not clipped, in units of 2^-24.
    pub clip: u64,
    pub judging: Option<Judging>,
}

/// `C_max` of both profiles: a norm of 32, far above what honest nodes come to with weights of this kind, so that the median decides.
const CLIP: u64 = 32 << limits::EXPONENT;

impl Profile {
    /// For few who know each other: the weighted mean, one delta turns the clock, no momentum. One liar can spoil it.
    pub const FAMILY: Self = Self {
        aggregate: Aggregate::Mean,
        clock: 1,
        momentum: 0,
        clip: CLIP,
        judging: None,
    };

    /// For five members or more, of whom a fifth may lie: trimmed mean, the clock of a majority, mu = 0.5; `threshold` is the judges'.
    pub fn community(members: u16, threshold: i64) -> Self {
        Self {
            aggregate: Aggregate::TrimmedMean {
                trim: members / 5,
                quorum: 0,
            },
            clock: members / 2 + 1,
            momentum: 128,
            clip: CLIP,
            judging: Some(Judging {
                judges: members,
                threshold,
            }),
        }
    }
}
