//! Choosing the next token from logits.
//!
//! The order is llama.cpp's default: repetition penalty, top-k, top-p, min-p, temperature, then the dice.
//! Dice come from a small generator of our own, so that a seed means the same text on every machine, for
//! every number of threads, and after every update of a dependency.

use std::cmp::Ordering;

use super::ModelError;

/// How to choose. [`Sampling::default`] has llama.cpp's numbers and seed 0; [`Sampling::greedy`] rolls no
/// dice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Above 1 flattens, below 1 sharpens; 0 (or less) always takes the most probable token.
    pub temperature: f32,
    /// Only the `top_k` most probable tokens; 0 for all.
    pub top_k: usize,
    /// Only the most probable tokens that together reach this probability; 1 for all.
    pub top_p: f32,
    /// Only tokens at least this probable, relative to the most probable one; 0 for all.
    pub min_p: f32,
    /// Makes recent tokens less likely (Keskar et al. 2019); 1 does nothing.
    pub repetition_penalty: f32,
    /// How many of the latest tokens count as recent.
    pub repetition_window: usize,
    /// Seed of the dice.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.8,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.05,
            repetition_penalty: 1.0,
            repetition_window: 64,
            seed: 0,
        }
    }
}

impl Sampling {
    /// Always the most probable token.
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            ..Self::default()
        }
    }
}

/// The generator xoshiro256++ 1.0 (Blackman and Vigna 2019), seeded by SplitMix64 as its authors advise.
#[derive(Clone, Debug)]
struct Dice([u64; 4]);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number in `[0, 1)` with 53 random bits.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A sampler with its dice. Use one per answer.
#[derive(Clone, Debug)]
pub struct Sampler {
    settings: Sampling,
    dice: Dice,
    candidates: Vec<(f32, u32)>,
}

/// The more probable first, then the lower number.
fn order(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

impl Sampler {
    /// A sampler at the beginning of its seed's sequence.
    pub fn new(settings: Sampling) -> Self {
        Self {
            settings,
            dice: Dice::new(settings.seed),
            candidates: Vec::new(),
        }
    }

    /// Chooses a token. `recent` are the tokens so far, the latest last.
    ///
    /// # Errors
    /// [`ModelError::NotANumber`] if a logit is no number or none is finite.
    pub fn choose(&mut self, logits: &[f32], recent: &[u32]) -> Result<u32, ModelError> {
        let settings = self.settings;
        let candidates = &mut self.candidates;
        candidates.clear();
        candidates.extend(logits.iter().copied().zip(0..));

        let start = recent.len().saturating_sub(settings.repetition_window);
        let mut recent = recent[start..].to_vec();
        recent.sort_unstable();
        recent.dedup();
        for token in recent {
            if let Some((logit, _)) = candidates.get_mut(token as usize) {
                match *logit > 0.0 {
                    true => *logit /= settings.repetition_penalty,
                    false => *logit *= settings.repetition_penalty,
                }
            }
        }

        let best = candidates
            .iter()
            .min_by(|a, b| order(a, b))
            .copied()
            .ok_or(ModelError::NotANumber)?;
        // NaN of either sign is at one end of the total order; one look at each finds it.
        if !best.0.is_finite() || candidates.iter().any(|(logit, _)| logit.is_nan()) {
            return Err(ModelError::NotANumber);
        }
        if settings.temperature <= 0.0 {
            return Ok(best.1);
        }

        if settings.top_k > 0 {
            sort_front(candidates, settings.top_k);
            candidates.truncate(settings.top_k);
        }
        if settings.top_p < 1.0 {
            keep_top_p(candidates, best.0, settings.top_p);
        }
        if settings.min_p > 0.0 {
            let least = best.0 + settings.min_p.min(1.0).ln();
            candidates.retain(|(logit, _)| *logit >= least);
        }

        let temperature = f64::from(settings.temperature);
        let weight = |logit: f32| (f64::from(logit - best.0) / temperature).exp();
        let total: f64 = candidates.iter().map(|(logit, _)| weight(*logit)).sum();
        let mut rest = self.dice.unit() * total;
        for (logit, token) in candidates.iter() {
            rest -= weight(*logit);
            if rest < 0.0 {
                return Ok(*token);
            }
        }
        // Only rounding leads here.
        Ok(candidates.last().map_or(best.1, |(_, token)| *token))
    }
}

/// Brings the `n` most probable candidates to the front, sorted.
fn sort_front(candidates: &mut [(f32, u32)], n: usize) {
    if n < candidates.len() {
        candidates.select_nth_unstable_by(n, order);
    }
    let n = n.min(candidates.len());
    candidates[..n].sort_unstable_by(order);
}

/// Keeps the most probable candidates whose probabilities together reach `p`, at least one. Sorting more
/// and more from the front avoids sorting a whole vocabulary for the few that matter.
fn keep_top_p(candidates: &mut Vec<(f32, u32)>, best: f32, p: f32) {
    let weight = |logit: f32| f64::from(logit - best).exp();
    let total: f64 = candidates.iter().map(|(logit, _)| weight(*logit)).sum();
    let mut sorted = 64;
    loop {
        sort_front(candidates, sorted);
        let mut reached = 0.0;
        for (index, (logit, _)) in candidates.iter().take(sorted).enumerate() {
            reached += weight(*logit);
            if reached >= f64::from(p) * total {
                candidates.truncate(index + 1);
                return;
            }
        }
        if sorted >= candidates.len() {
            return;
        }
        sorted *= 4;
    }
}

/// The natural logarithm of the probability that `logits` give to `token`.
pub fn log_probability(logits: &[f32], token: u32) -> Option<f64> {
    let own = f64::from(*logits.get(token as usize)?);
    let best = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = logits.iter().map(|&x| (f64::from(x) - best).exp()).sum();
    Some(own - best - total.ln())
}

/// The `n` likeliest tokens with the natural logarithms of their probabilities, the likeliest first.
pub fn likeliest(logits: &[f32], n: usize) -> Vec<(u32, f64)> {
    let mut candidates: Vec<(f32, u32)> = logits.iter().copied().zip(0..).collect();
    sort_front(&mut candidates, n);
    candidates
        .iter()
        .take(n)
        .filter_map(|&(_, token)| Some((token, log_probability(logits, token)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(settings: Sampling, logits: &[f32], recent: &[u32]) -> Vec<usize> {
        let mut sampler = Sampler::new(settings);
        let mut counts = vec![0; logits.len()];
        for _ in 0..4000 {
            counts[sampler.choose(logits, recent).unwrap() as usize] += 1;
        }
        counts
    }

    fn open() -> Sampling {
        Sampling {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            ..Sampling::default()
        }
    }

    #[test]
    fn the_generator_is_the_published_one() {
        // xoshiro256++ from the state 1, 2, 3, 4: the first outputs of the reference code.
        let mut dice = Dice([1, 2, 3, 4]);
        let outputs = [dice.next(), dice.next(), dice.next()];
        assert_eq!(outputs, [41943041, 58720359, 3588806011781223]);
        // SplitMix64 from seed 0.
        assert_eq!(Dice::new(0).0[0], 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn dice_follow_the_probabilities() {
        let logits = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        let counts = counts(open(), &logits, &[]);
        for (count, p) in counts.iter().zip([0.5, 0.3, 0.2]) {
            assert!((*count as f64 / 4000.0 - p).abs() < 0.03, "{counts:?}");
        }
    }

    #[test]
    fn greedy_takes_the_first_of_the_best() {
        let mut sampler = Sampler::new(Sampling::greedy());
        assert_eq!(sampler.choose(&[1.0, 3.0, 3.0, -1.0], &[]).unwrap(), 1);
    }

    #[test]
    fn each_filter_leaves_what_it_should() {
        let logits: Vec<f32> = [0.4f32, 0.3, 0.15, 0.1, 0.05].map(f32::ln).to_vec();
        let left = |settings: Sampling| {
            let counts = counts(settings, &logits, &[]);
            counts.iter().filter(|&&count| count > 0).count()
        };
        assert_eq!(left(open()), 5);
        assert_eq!(left(Sampling { top_k: 2, ..open() }), 2);
        assert_eq!(
            left(Sampling {
                top_k: 99,
                ..open()
            }),
            5
        );
        assert_eq!(
            left(Sampling {
                top_p: 0.72,
                ..open()
            }),
            3
        );
        assert_eq!(
            left(Sampling {
                top_p: 0.0,
                ..open()
            }),
            1
        );
        assert_eq!(
            left(Sampling {
                min_p: 0.3,
                ..open()
            }),
            3
        );
        assert_eq!(
            left(Sampling {
                min_p: 5.0,
                ..open()
            }),
            1
        );
    }

    #[test]
    fn top_p_over_a_large_vocabulary_needs_no_full_sort() {
        let logits: Vec<f32> = (0..10_000)
            .map(|i| -((i * 7919 % 10_000) as f32) / 900.0)
            .collect();
        let mut all: Vec<(f32, u32)> = logits.iter().copied().zip(0..).collect();
        all.sort_by(order);
        let mut kept: Vec<(f32, u32)> = logits.iter().copied().zip(0..).collect();
        keep_top_p(&mut kept, 0.0, 0.9);
        assert!(kept.len() > 1000 && kept.len() < 3000);
        assert_eq!(kept[..], all[..kept.len()]);
    }

    #[test]
    fn repetition_is_penalised_whatever_the_sign() {
        let settings = Sampling {
            repetition_penalty: 10.0,
            repetition_window: 2,
            ..Sampling::greedy()
        };
        let mut sampler = Sampler::new(settings);
        assert_eq!(sampler.choose(&[5.0, 1.0], &[0, 0]).unwrap(), 1);
        assert_eq!(sampler.choose(&[-1.0, -2.0], &[0]).unwrap(), 1);
        assert_eq!(
            sampler.choose(&[5.0, 1.0], &[0, 9, 9]).unwrap(),
            0,
            "forgotten"
        );
    }

    #[test]
    fn a_seed_is_a_text() {
        let logits = [0.0; 50];
        let run = |seed| {
            let mut sampler = Sampler::new(Sampling { seed, ..open() });
            (0..20)
                .map(|_| sampler.choose(&logits, &[]).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let mut sampler = Sampler::new(open());
        for logits in [
            &[][..],
            &[f32::NAN, 1.0],
            &[-f32::NAN, 1.0],
            &[f32::INFINITY, 1.0],
            &[f32::NEG_INFINITY],
        ] {
            assert!(sampler.choose(logits, &[]).is_err(), "{logits:?}");
        }
    }

    #[test]
    fn log_probabilities_sum_to_one() {
        let logits = [1.0, 2.0, -3.0];
        let total: f64 = (0..3)
            .filter_map(|token| log_probability(&logits, token))
            .map(f64::exp)
            .sum();
        assert!((total - 1.0).abs() < 1e-12);
        assert_eq!(log_probability(&logits, 3), None);
        let tokens = |n| likeliest(&logits, n).into_iter().map(|(token, _)| token);
        assert!(tokens(2).eq([1, 0]) && tokens(9).eq([1, 0, 2]));
        assert!(likeliest(&logits, 0).is_empty());
        assert_eq!(
            likeliest(&logits, 1)[0].1,
            log_probability(&logits, 1).unwrap()
        );
    }
}
