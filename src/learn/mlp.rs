//! A small multilayer perceptron and its training, in plain `f32`: what the tests and the demonstrations learn with.
//!
//! Rectified linear units, softmax cross-entropy, minibatch SGD. Training may be as it likes on each machine, since only the
//! published delta has to be exact; yet this one uses nothing but sums, products and quotients in a fixed order, with an
//! exponential and a logarithm of its own, so that one seed gives one result on every processor and a test can hold it.

use super::layout::Shape;

/// Examples: `inputs` of equal length one after another, and a class for each.
#[derive(Debug, Clone, Default)]
pub struct Examples {
    /// Numbers of one input.
    pub width: usize,
    pub inputs: Vec<f32>,
    pub classes: Vec<u8>,
}

impl Examples {
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    pub fn input(&self, at: usize) -> &[f32] {
        &self.inputs[at * self.width..(at + 1) * self.width]
    }

    pub fn push(&mut self, input: &[f32], class: u8) {
        self.inputs.extend(input);
        self.classes.push(class);
    }
}

/// How one node trains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Training {
    pub epochs: u32,
    pub batch: usize,
    /// Step of SGD.
    pub rate: f32,
    /// Added to a class's logit while training: `strength` times the logarithm of its share among the examples. 0 trains plainly. With it a
    /// node that has never seen a class does not unlearn it (logit adjustment: Menon et al., ICLR 2021; for label skew
    /// among clients: Zhang et al., "Federated Learning with Label Distribution Skew via Logits Calibration", ICML 2022).
    pub calibration: f32,
    /// What is published is so many times what was learnt: a server learning rate (Reddi et al., "Adaptive Federated Optimization",
    /// 2021) that each author applies. Above 1 where members hold different classes, since the mean then divides what one alone knows.
    pub gain: f32,
    pub seed: u64,
}

/// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is above 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The shape of a perceptron: numbers in, in each hidden layer, and classes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mlp {
    sizes: Vec<usize>,
}

impl Mlp {
    /// `sizes` of at least two layers, input and output among them.
    pub fn new(sizes: &[usize]) -> Self {
        Self {
            sizes: sizes.to_vec(),
        }
    }

    /// Shapes of the parameters: for each layer its weights, a row for each input, and its biases.
    pub fn shapes(&self) -> Vec<Shape> {
        let layer = |pair: &[usize]| {
            let (rows, columns) = (pair[0] as u32, pair[1] as u32);
            [Shape { rows, columns }, Shape { rows: 1, columns }]
        };
        self.sizes.windows(2).flat_map(layer).collect()
    }

    /// Parameters in all.
    pub fn parameters(&self) -> usize {
        self.sizes.windows(2).map(|it| (it[0] + 1) * it[1]).sum()
    }

    /// Activations of all layers, input first; the last are logits.
    fn forward(&self, weights: &[f32], input: &[f32], layers: &mut [Vec<f32>]) {
        layers[0].copy_from_slice(input);
        let mut at = 0;
        for depth in 1..self.sizes.len() {
            let (rows, columns) = (self.sizes[depth - 1], self.sizes[depth]);
            let (below, above) = layers.split_at_mut(depth);
            let (x, y) = (&below[depth - 1], &mut above[0]);
            let bias = at + rows * columns;
            y.copy_from_slice(&weights[bias..bias + columns]);
            for (row, x) in weights[at..bias].chunks_exact(columns).zip(x) {
                // Half of the inputs are zero, and so are half of the hidden units.
                if *x != 0.0 {
                    y.iter_mut().zip(row).for_each(|(y, w)| *y += x * w);
                }
            }
            if depth + 1 < self.sizes.len() {
                y.iter_mut().for_each(|y| *y = y.max(0.0));
            }
            at = bias + columns;
        }
    }

    fn layers(&self) -> Vec<Vec<f32>> {
        self.sizes.iter().map(|size| vec![0.0; *size]).collect()
    }

    /// Trains `weights` on the examples.
    pub fn train(&self, weights: &mut [f32], examples: &Examples, how: &Training) {
        if examples.is_empty() {
            return;
        }
        let offsets = self.offsets(examples, how.calibration);
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut dice = Dice(how.seed);
        let (mut layers, mut slopes) = (self.layers(), self.layers());
        let mut gradient = vec![0.0; weights.len()];
        for _ in 0..how.epochs {
            dice.shuffle(&mut order);
            for batch in order.chunks(how.batch.max(1)) {
                gradient.fill(0.0);
                for at in batch {
                    self.forward(weights, examples.input(*at), &mut layers);
                    let top = self.sizes.len() - 1;
                    let logits = &mut layers[top];
                    logits.iter_mut().zip(&offsets).for_each(|(l, o)| *l += o);
                    softmax(logits);
                    slopes[top].copy_from_slice(logits);
                    slopes[top][usize::from(examples.classes[*at])] -= 1.0;
                    self.backward(weights, &layers, &mut slopes, &mut gradient);
                }
                let step = how.rate / batch.len() as f32;
                let pairs = weights.iter_mut().zip(&gradient);
                pairs.for_each(|(w, g)| *w -= step * g);
            }
        }
    }

    /// Adds the gradient of one example, whose slope at the logits stands in the last of `slopes`.
    fn backward(
        &self,
        weights: &[f32],
        layers: &[Vec<f32>],
        slopes: &mut [Vec<f32>],
        gradient: &mut [f32],
    ) {
        let mut end = weights.len();
        for depth in (1..self.sizes.len()).rev() {
            let (rows, columns) = (self.sizes[depth - 1], self.sizes[depth]);
            let (below, above) = slopes.split_at_mut(depth);
            let (under, slope) = (&mut below[depth - 1], &above[0]);
            let bias = end - columns;
            let start = bias - rows * columns;
            let biases = gradient[bias..end].iter_mut();
            biases.zip(slope).for_each(|(g, s)| *g += s);
            for (row, x) in layers[depth - 1].iter().enumerate() {
                let range = start + row * columns..start + (row + 1) * columns;
                // A unit at zero passes nothing on, and neither do its weights change.
                under[row] = 0.0;
                if *x == 0.0 {
                    continue;
                }
                if depth > 1 {
                    let row_weights = weights[range.clone()].iter();
                    under[row] = row_weights.zip(slope).map(|(w, s)| w * s).sum();
                }
                let row_gradient = gradient[range].iter_mut();
                row_gradient.zip(slope).for_each(|(g, s)| *g += x * s);
            }
            end = start;
        }
    }

    /// One node's turn: trains a copy of `theta` and returns it with the update to publish, `gain * (trained - theta)`.
    pub fn learn(
        &self,
        theta: &[f32],
        examples: &Examples,
        how: &Training,
    ) -> (Vec<f32>, Vec<f32>) {
        let mut trained = theta.to_vec();
        self.train(&mut trained, examples, how);
        let pairs = trained.iter().zip(theta);
        let update = pairs.map(|(after, before)| how.gain * (after - before));
        let update = update.collect();
        (trained, update)
    }

    /// What is added to each logit while training.
    fn offsets(&self, examples: &Examples, strength: f32) -> Vec<f32> {
        let classes = self.sizes.last().copied().unwrap_or(0);
        if strength == 0.0 {
            return vec![0.0; classes];
        }
        let mut counts = vec![0_u32; classes];
        examples
            .classes
            .iter()
            .for_each(|it| counts[usize::from(*it)] += 1);
        // A class that is not there counts as a tenth of an example, so that its offset is finite.
        let share = |count: &u32| (*count as f32).max(0.1) / examples.len() as f32;
        counts.iter().map(|it| strength * ln(share(it))).collect()
    }

    /// The class that each example is taken for.
    pub fn classify(&self, weights: &[f32], examples: &Examples) -> Vec<u8> {
        let mut layers = self.layers();
        let class = |at: usize| {
            self.forward(weights, examples.input(at), &mut layers);
            let logits = layers.last().map_or(&[][..], |it| it);
            let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]));
            best.unwrap_or(0) as u8
        };
        (0..examples.len()).map(class).collect()
    }

    /// The share of examples that are taken for what they are; 0 of none.
    pub fn accuracy(&self, weights: &[f32], examples: &Examples) -> f64 {
        let taken = self.classify(weights, examples);
        let right = taken.iter().zip(&examples.classes).filter(|(a, b)| a == b);
        right.count() as f64 / examples.len().max(1) as f64
    }

    /// Mean cross-entropy in units of 2^-16 nats, rounded down: what a judge signs differences of.
    pub fn loss(&self, weights: &[f32], examples: &Examples) -> i64 {
        let mut layers = self.layers();
        let mut sum = 0_i64;
        for at in 0..examples.len() {
            self.forward(weights, examples.input(at), &mut layers);
            let Some(logits) = layers.last_mut() else {
                continue;
            };
            softmax(logits);
            let right = logits[usize::from(examples.classes[at])].max(f32::MIN_POSITIVE);
            sum += (-ln(right) * 65_536.0) as i64;
        }
        sum / examples.len().max(1) as i64
    }
}

fn softmax(logits: &mut [f32]) {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|l| *l = exp(*l - most));
    let sum: f32 = logits.iter().sum();
    logits.iter_mut().for_each(|l| *l /= sum);
}

/// `e^x` for `x <= 0`, to about 2^-22: `2^k` by the exponent's bits, and the rest by its series.
fn exp(x: f32) -> f32 {
    if x.is_nan() || x < -87.0 {
        return 0.0;
    }
    let k = (x * std::f32::consts::LOG2_E).round();
    // ln 2 in two parts, the first with few digits, so that the difference is exact.
    let r = (x - k * 0.693_359_4) + k * 2.121_944_4e-4;
    let series = 1.0
        + r * (1.0
            + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r / 720.0)))));
    series * f32::from_bits(((k as i32 + 127) as u32) << 23)
}

/// The natural logarithm of a normal positive number, to about 2^-20: `ln(2^k * m) = k ln 2 + 2 artanh((m - 1) / (m + 1))`.
fn ln(x: f32) -> f32 {
    let bits = x.to_bits();
    let k = (bits >> 23) as i32 - 127;
    let m = f32::from_bits(bits & 0x7f_ffff | 127 << 23);
    let (m, k) = if m > std::f32::consts::SQRT_2 {
        (m / 2.0, k + 1)
    } else {
        (m, k)
    };
    let s = (m - 1.0) / (m + 1.0);
    let q = s * s;
    let series = 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q / 9.0))));
    k as f32 * std::f32::consts::LN_2 + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_and_logarithm_are_near_the_systems() {
        for n in 0..10_000 {
            let x = -(n as f32) / 150.0;
            let near = f64::from(x).exp();
            assert!((f64::from(exp(x)) - near).abs() <= near * 1e-6, "exp {x}");
            let y = 1e-6 * (n as f32 * 0.003).exp2();
            let near = f64::from(y).ln();
            assert!(
                (f64::from(ln(y)) - near).abs() <= 2e-6 * near.abs().max(1.0),
                "ln {y}"
            );
        }
        assert_eq!(
            (exp(0.0), exp(-1e9), exp(f32::NAN), ln(1.0)),
            (1.0, 0.0, 0.0, 0.0)
        );
    }

    /// The gradient against differences of the loss.
    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let mlp = Mlp::new(&[3, 4, 3]);
        let mut dice = Dice(3);
        let mut random = || dice.below(2_001) as f32 / 1_000.0 - 1.0;
        let weights: Vec<f32> = (0..mlp.parameters()).map(|_| random()).collect();
        let mut one = Examples {
            width: 3,
            ..Examples::default()
        };
        one.push(&[0.5, -0.25, 1.0], 2);
        let how = Training {
            epochs: 1,
            batch: 1,
            rate: 1.0,
            calibration: 0.0,
            gain: -1.0,
            seed: 0,
        };
        let (_, gradient) = mlp.learn(&weights, &one, &how);
        for at in 0..weights.len() {
            let loss = |by: f32| {
                let mut moved = weights.clone();
                moved[at] += by;
                mlp.loss(&moved, &one) as f64 / 65_536.0
            };
            let slope = (loss(0.02) - loss(-0.02)) / 0.04;
            assert!(
                (slope - f64::from(gradient[at])).abs() < 4e-3,
                "{at}: {slope} {}",
                gradient[at]
            );
        }
    }
}
