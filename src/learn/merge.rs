//! The merge: theta as a function of the set. Whoever has the same set and the same blobs has the same state, to the bit.
//!
//! A `Merge` keeps the step of each generation, with a mark of who voted in it. That is only speed: what it answers is the same
//! as that of a new one. A late delta changes one mark; its bucket is computed again and the steps are added up.
//!
//! ```text
//! theta_0 = base,  v_0 = 0
//! v_g     = step_g + floor((mu * v_(g-1) + 128) / 256)
//! theta_g = theta_(g-1) + v_g
//! ```
//!
//! Bounds: `|step| < 2^31` and `mu <= 255`, so `|v| < 2^31 * 256 + 2^8 < 2^40`; 2^20 generations and the base stay below 2^61.

use thiserror::Error;

use crate::record::RecordId;

use super::aggregate::{Vote, aggregate};
use super::delta::{Delta, DeltaError};
use super::layout::Layout;
use super::limits;
use super::profile::Profile;
use super::set::{Set, Voter};
use super::weights::{BaseError, Weights};

/// Why a delta does not vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("generations go from 1 to {}", limits::GENERATION - 1)]
    Generation,
    #[error("it cites timely deltas of the generation before by {0} authors, which is too few")]
    Early(usize),
    #[error("its generation has {} authors already", limits::AUTHORS)]
    Crowd,
    #[error("more than half of the judges measured harm")]
    Harmful,
    #[error("its blob is refused: {0}")]
    Blob(#[from] DeltaError),
}

/// What a set comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// After the last generation that is known.
    pub theta: Weights,
    /// Deltas of the first generation that is not known, whose blobs are missing. Empty if theta is that of the whole set.
    pub waiting: Vec<RecordId>,
    /// Deltas that do not vote, and why. Superseded and withdrawn ones are not among them.
    pub refused: Vec<(RecordId, Refusal)>,
    /// Generations whose step was computed, and not kept from before.
    pub computed: usize,
}

/// One generation's step, for as long as the same deltas vote in it.
#[derive(Debug, Clone)]
struct Bucket {
    mark: [u8; 32],
    step: Vec<i32>,
    refused: Vec<(RecordId, Refusal)>,
}

/// The merge of one lineage.
#[derive(Debug, Clone)]
pub struct Merge {
    layout: Layout,
    profile: Profile,
    base: Weights,
    /// By generation, from 1. Behind those that the last fold knew there may be some of an earlier fold.
    buckets: Vec<Bucket>,
    known: usize,
}

impl Merge {
    /// `base`: the weights that the lineage begins with, in the layout's order.
    pub fn new(layout: Layout, profile: Profile, base: &[f32]) -> Result<Self, BaseError> {
        if base.len() != layout.parameters() {
            return Err(BaseError::Lengths {
                there: base.len(),
                wanted: layout.parameters(),
            });
        }
        Ok(Self {
            base: Weights::base(base)?,
            layout,
            profile,
            buckets: Vec::new(),
            known: 0,
        })
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Weights of `set`. `blob` gives a delta's bytes, `None` where they are not here yet; it is asked only for generations that
    /// changed since the last call.
    pub fn fold(
        &mut self,
        set: &Set,
        mut blob: impl FnMut(&RecordId) -> Option<Vec<u8>>,
    ) -> Merged {
        let plan = set.plan(&self.profile);
        let (mut refused, mut waiting) = (plan.refused, Vec::new());
        let (mut known, mut computed) = (0, 0);
        self.buckets.truncate(plan.buckets.len());
        for voters in &plan.buckets {
            let mark = mark(voters);
            if self.buckets.get(known).is_none_or(|kept| kept.mark != mark) {
                let opened = self.open(voters, &mut blob);
                if !opened.missing.is_empty() {
                    // Later steps are kept by their marks: they hold again once this one is known.
                    waiting = opened.missing;
                    break;
                }
                let bucket = Bucket {
                    mark,
                    step: aggregate(&self.layout, &self.profile, &opened.votes()),
                    refused: opened.refused,
                };
                computed += 1;
                match self.buckets.get_mut(known) {
                    Some(kept) => *kept = bucket,
                    None => self.buckets.push(bucket),
                }
            }
            known += 1;
        }
        self.known = known;
        let known = self.buckets.get(..known).unwrap_or_default();
        refused.extend(known.iter().flat_map(|it| it.refused.iter().copied()));
        refused.sort_unstable_by_key(|(id, _)| *id);
        let mut walk = Walk::new(&self.base, self.profile.momentum);
        known.iter().for_each(|bucket| walk.step(&bucket.step));
        Merged {
            theta: walk.theta,
            waiting,
            refused,
            computed,
        }
    }

    /// Weights after a generation that the last fold knew: what the next one is learnt on.
    pub fn after(&self, generation: u32) -> Option<Weights> {
        let known = self.buckets.get(..self.known)?;
        let steps = known.get(..generation as usize)?;
        let mut walk = Walk::new(&self.base, self.profile.momentum);
        steps.iter().for_each(|bucket| walk.step(&bucket.step));
        Some(walk.theta)
    }

    /// Leave-one-out: for each delta that votes in `generation` and can be read, `measure` of theta after that generation, less
    /// `measure` of what theta would be without the delta. Nothing if a blob up to that generation is missing.
    ///
    /// What a judge signs, where `measure` is its loss in units of 2^-16 nats.
    pub fn leave_one_out(
        &mut self,
        set: &Set,
        generation: u32,
        mut blob: impl FnMut(&RecordId) -> Option<Vec<u8>>,
        mut measure: impl FnMut(&Weights) -> i64,
    ) -> Vec<(RecordId, i64)> {
        let plan = set.plan(&self.profile);
        let Some(at) = (generation as usize).checked_sub(1) else {
            return Vec::new();
        };
        let Some(voters) = plan.buckets.get(at) else {
            return Vec::new();
        };
        let merged = self.fold(set, &mut blob);
        let opened = self.open(voters, &mut blob);
        if (merged.theta.generation as usize) <= at || !opened.missing.is_empty() {
            return Vec::new();
        }
        let mut before = Walk::new(&self.base, self.profile.momentum);
        let known = self.buckets.iter().take(at);
        known.for_each(|bucket| before.step(&bucket.step));
        let votes = opened.votes();
        let mut after = |votes: &[Vote<'_>]| {
            let mut walk = before.clone();
            walk.step(&aggregate(&self.layout, &self.profile, votes));
            measure(&walk.theta)
        };
        let with = after(&votes);
        let without = |left_out: usize| {
            let rest = votes.iter().enumerate().filter(|(at, _)| *at != left_out);
            let rest: Vec<Vote<'_>> = rest.map(|(_, vote)| *vote).collect();
            with.saturating_sub(after(&rest))
        };
        let losses = (0..votes.len()).map(without);
        let ids = opened.deltas.iter().map(|(voter, _)| voter.id);
        ids.zip(losses).collect()
    }

    /// Reads what votes.
    fn open(
        &self,
        voters: &[Voter],
        blob: &mut impl FnMut(&RecordId) -> Option<Vec<u8>>,
    ) -> Opened {
        let mut opened = Opened::default();
        for voter in voters {
            match blob(&voter.id).map(|bytes| Delta::decode(&self.layout, &bytes)) {
                None => opened.missing.push(voter.id),
                Some(Err(error)) => opened.refused.push((voter.id, error.into())),
                Some(Ok(delta)) => opened.deltas.push((*voter, delta)),
            }
        }
        opened
    }
}

/// The blobs of one generation.
#[derive(Default)]
struct Opened {
    deltas: Vec<(Voter, Delta)>,
    refused: Vec<(RecordId, Refusal)>,
    missing: Vec<RecordId>,
}

impl Opened {
    fn votes(&self) -> Vec<Vote<'_>> {
        self.deltas
            .iter()
            .map(|(voter, delta)| Vote {
                delta,
                weight: voter.weight,
            })
            .collect()
    }
}

/// Names who votes, and with which weight: the same mark, the same step.
fn mark(voters: &[Voter]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("okibi 2026 bucket v1");
    for voter in voters {
        hasher.update(&voter.id.0);
        hasher.update(&voter.weight.to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// Step 7: adds the steps up.
#[derive(Clone)]
struct Walk {
    theta: Weights,
    velocity: Vec<i64>,
    momentum: i64,
}

impl Walk {
    fn new(base: &Weights, momentum: u8) -> Self {
        Self {
            theta: base.clone(),
            velocity: vec![0; base.state.len()],
            momentum: i64::from(momentum),
        }
    }

    fn step(&mut self, step: &[i32]) {
        let state = self.theta.state.iter_mut().zip(&mut self.velocity);
        for ((weight, velocity), step) in state.zip(step) {
            *velocity = i64::from(*step) + ((self.momentum * *velocity + 128) >> 8);
            *weight += *velocity;
        }
        self.theta.generation += 1;
    }
}
