//! Rotary position embedding (Su et al. 2021) and the ways of stretching it to longer contexts.

use super::ModelError;
use super::config::Config;

/// Which numbers of a head are rotated together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairs {
    /// `(0, 1), (2, 3), ...`: the order of GGUF files of the llama architecture.
    Adjacent,
    /// `(0, n/2), (1, n/2 + 1), ...`: the order of GPT-NeoX and most others.
    Halves,
}

/// How a model was stretched beyond the context that it was first trained for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scaling {
    None,
    /// All positions divided by the factor (Chen et al. 2023).
    Linear(f64),
    /// Fast pairs as they are, slow pairs divided, a ramp between (Peng et al. 2023).
    Yarn {
        factor: f64,
        /// Context of the first training, in tokens.
        original: f64,
        /// Pairs that turn more often than this in the original context stay as they are.
        beta_fast: f64,
        /// Pairs that turn less often than this are divided by the whole factor.
        beta_slow: f64,
        /// Factor on the rotated numbers, on top of the paper's.
        attention: f64,
    },
}

impl Scaling {
    /// What the file says under `{architecture}.rope.scaling`.
    pub(super) fn read(config: &Config<'_>) -> Result<Self, ModelError> {
        let number = |key: &str| config.f32(&format!("rope.scaling.{key}")).map(f64::from);
        let positive = |key: &str, value: Option<f64>| match value {
            Some(value) if value.is_finite() && value > 0.0 => Ok(value),
            _ => Err(config.bad_key(&format!("rope.scaling.{key}"))),
        };
        // Older files have only a factor, under one of two names; zero stands for none.
        let factor = number("factor").or(config.f32("rope.scale_linear").map(f64::from));
        let default = match factor {
            Some(factor) if factor != 0.0 => "linear",
            _ => "none",
        };
        match config.str("rope.scaling.type").unwrap_or(default) {
            "none" => Ok(Self::None),
            "linear" => Ok(Self::Linear(positive("factor", factor)?)),
            "yarn" => {
                let original = number("original_context_length").or(Some(config.context as f64));
                Ok(Self::Yarn {
                    factor: positive("factor", number("factor"))?,
                    original: positive("original_context_length", original)?,
                    beta_fast: positive("yarn_beta_fast", number("yarn_beta_fast").or(Some(32.0)))?,
                    beta_slow: positive("yarn_beta_slow", number("yarn_beta_slow").or(Some(1.0)))?,
                    attention: positive("attn_factor", number("attn_factor").or(Some(1.0)))?,
                })
            }
            other => Err(ModelError::Feature(format!("rope scaling {other:?}"))),
        }
    }
}

/// The rotation of one model.
#[derive(Clone, Debug)]
pub(super) struct Rope {
    pairs: Pairs,
    /// The angle per position of each pair.
    frequencies: Vec<f64>,
    /// Factor on the rotated numbers (YaRN's attention factor), else 1.
    magnitude: f64,
}

impl Rope {
    /// Frequencies `base^(-2i/len)` for a rotated part of `len` numbers, each divided by its factor where
    /// there are some (`rope_freqs.weight`, Llama 3), and scaled.
    pub(super) fn new(
        pairs: Pairs,
        len: usize,
        base: f64,
        factors: Option<&[f32]>,
        scaling: Scaling,
    ) -> Self {
        let factor = |i: usize| factors.map_or(1.0, |factors| f64::from(factors[i]));
        let plain = |i: usize| base.powf(-2.0 * i as f64 / len as f64) / factor(i);
        let frequency = |i: usize| match scaling {
            Scaling::None => plain(i),
            Scaling::Linear(factor) => plain(i) / factor,
            Scaling::Yarn {
                factor,
                original,
                beta_fast,
                beta_slow,
                ..
            } => {
                // The pair that turns `beta` times in the original context.
                let pair = |beta: f64| {
                    let turns = original / (beta * std::f64::consts::TAU);
                    len as f64 * turns.ln() / (2.0 * base.ln())
                };
                let low = pair(beta_fast).floor().max(0.0);
                let high = pair(beta_slow).ceil().min(len as f64 - 1.0);
                let ramp = ((i as f64 - low) / (high - low).max(0.001)).clamp(0.0, 1.0);
                plain(i) * (1.0 - ramp) + plain(i) / factor * ramp
            }
        };
        let magnitude = match scaling {
            Scaling::Yarn {
                factor, attention, ..
            } => attention * (1.0 + 0.1 * factor.ln()),
            _ => 1.0,
        };
        Self {
            pairs,
            frequencies: (0..len / 2).map(frequency).collect(),
            magnitude,
        }
    }

    /// The same with another factor on the rotated numbers.
    pub(super) fn magnified(mut self, magnitude: f64) -> Self {
        self.magnitude *= magnitude;
        self
    }

    /// Writes the cosine and sine of every pair for `m` positions from `pos`: `[m][pair] -> (cos, sin)`.
    pub(super) fn table(&self, pos: usize, m: usize, out: &mut Vec<(f32, f32)>) {
        out.clear();
        for position in pos..pos + m {
            out.extend(self.frequencies.iter().map(|frequency| {
                // In double precision: at position 100,000 an `f32` angle would be off by a hundredth.
                let (sin, cos) = (position as f64 * frequency).sin_cos();
                ((cos * self.magnitude) as f32, (sin * self.magnitude) as f32)
            }));
        }
    }

    /// Rotates the heads of each row of `x` (`[m][heads][head_len]`, `width` numbers per row) by the angles
    /// of [`Rope::table`]. Numbers of a head beyond the rotated part stay.
    pub(super) fn apply(&self, x: &mut [f32], width: usize, head_len: usize, table: &[(f32, f32)]) {
        let pairs = self.frequencies.len();
        for (row, angles) in x.chunks_exact_mut(width).zip(table.chunks_exact(pairs)) {
            for head in row.chunks_exact_mut(head_len) {
                for (i, &(cos, sin)) in angles.iter().enumerate() {
                    let (a, b) = match self.pairs {
                        Pairs::Adjacent => (2 * i, 2 * i + 1),
                        Pairs::Halves => (i, i + pairs),
                    };
                    let (x, y) = (head[a], head[b]);
                    head[a] = x * cos - y * sin;
                    head[b] = x * sin + y * cos;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_turns_each_pair() {
        for (pairs, expected) in [
            (Pairs::Adjacent, [-2.0, 1.0, -4.0, 3.0, 5.0]),
            (Pairs::Halves, [-3.0, -4.0, 1.0, 2.0, 5.0]),
        ] {
            let mut rope = Rope::new(pairs, 4, 1.0, None, Scaling::None);
            rope.frequencies = vec![std::f64::consts::FRAC_PI_2; 2];
            let mut table = Vec::new();
            rope.table(1, 1, &mut table);
            let mut x = [1.0, 2.0, 3.0, 4.0, 5.0];
            rope.apply(&mut x, 5, 5, &table);
            for (x, expected) in x.iter().zip(expected) {
                assert!((x - expected).abs() < 1e-5, "{x} is not {expected}");
            }
        }
    }

    #[test]
    fn frequencies_fall_and_are_divided_by_their_factors() {
        let new = |factors, scaling| Rope::new(Pairs::Halves, 4, 100.0, factors, scaling);
        assert_eq!(new(None, Scaling::None).frequencies, [1.0, 0.1]);
        assert_eq!(
            new(Some(&[1.0, 2.0]), Scaling::None).frequencies,
            [1.0, 0.05]
        );
        assert_eq!(new(None, Scaling::Linear(4.0)).frequencies, [0.25, 0.025]);
    }

    #[test]
    fn yarn_keeps_the_fast_pairs_and_divides_the_slow_ones() {
        let yarn = Scaling::Yarn {
            factor: 4.0,
            original: 4096.0,
            beta_fast: 32.0,
            beta_slow: 1.0,
            attention: 1.0,
        };
        let plain = Rope::new(Pairs::Adjacent, 128, 10_000.0, None, Scaling::None);
        let scaled = Rope::new(Pairs::Adjacent, 128, 10_000.0, None, yarn);
        let ratio = |i: usize| plain.frequencies[i] / scaled.frequencies[i];
        assert!((ratio(0) - 1.0).abs() < 1e-9);
        // ln(4096 / (32 * tau)) * 64 / ln(10000) = 20.9; for one turn it is 45.03.
        assert!((ratio(20) - 1.0).abs() < 1e-9);
        assert!(ratio(21) > 1.0 && ratio(45) < 4.0);
        assert!((ratio(46) - 4.0).abs() < 1e-9);
        assert!((scaled.magnitude - 1.138_629).abs() < 1e-6);
    }
}
