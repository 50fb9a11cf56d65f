//! Products of floats: F16 and BF16 weights, widened a stretch at a time and multiplied with activations as they
//! are, and plain rows of F32.
//!
//! candle-core chooses its float kernels when it is compiled, so that a program for every machine of a kind gets the
//! slow ones, and rounds the activations to halves. Here the same loop is compiled twice, and the wider one runs where the
//! machine has it. Both add in the same order, without fused steps: the result is the same everywhere.

use candle_core::quantized::GgmlDType;
use candle_core::quantized::k_quants::GgmlType;
use half::{bf16, f16, slice::HalfFloatSliceExt};

/// Numbers that are widened at a time.
const STRETCH: usize = 256;
/// Sums side by side.
const LANES: usize = 32;

/// Adds products to the sums; what is no whole number of lanes is returned as a sum of its own.
fn add_products(sums: &mut [f32; LANES], a: &[f32], b: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the machine has what the function was compiled for.
        return unsafe { add_products_avx2(sums, a, b) };
    }
    add_products_body(sums, a, b)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_products_avx2(sums: &mut [f32; LANES], a: &[f32], b: &[f32]) -> f32 {
    add_products_body(sums, a, b)
}

#[inline(always)]
fn add_products_body(sums: &mut [f32; LANES], a: &[f32], b: &[f32]) -> f32 {
    let len = a.len().min(b.len());
    let ((a, a_rest), (b, b_rest)) = (a[..len].as_chunks::<LANES>(), b[..len].as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum()
}

fn total(sums: &[f32; LANES]) -> f32 {
    let mut sums = *sums;
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

/// Floats of 16 bits.
trait Narrow: Copy {
    fn widen(from: &[Self], to: &mut [f32]);
    fn narrow(x: f32) -> Self;
}

/// A weight of the type F16.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Half(f16);

/// A weight of the type BF16.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Brain(bf16);

impl Narrow for Half {
    fn widen(from: &[Self], to: &mut [f32]) {
        // SAFETY: `Half` is an `f16` in memory.
        let from = unsafe { std::slice::from_raw_parts(from.as_ptr().cast::<f16>(), from.len()) };
        // Uses the machine's instruction where there is one.
        from.convert_to_f32_slice(to);
    }

    fn narrow(x: f32) -> Self {
        Self(f16::from_f32(x))
    }
}

impl Narrow for Brain {
    fn widen(from: &[Self], to: &mut [f32]) {
        for (from, to) in from.iter().zip(to) {
            // The upper half of an `f32`.
            *to = f32::from_bits(u32::from(from.0.to_bits()) << 16);
        }
    }

    fn narrow(x: f32) -> Self {
        Self(bf16::from_f32(x))
    }
}

fn narrow_dot<T: Narrow>(weights: &[T], x: &[f32]) -> f32 {
    let (mut sums, mut rest) = ([0.0; LANES], 0.0);
    let mut wide = [0.0; STRETCH];
    for (weights, x) in weights.chunks(STRETCH).zip(x.chunks(STRETCH)) {
        let wide = &mut wide[..weights.len()];
        T::widen(weights, wide);
        rest += add_products(&mut sums, wide, x);
    }
    total(&sums) + rest
}

macro_rules! ggml_type {
    ($weight:ty, $dtype:expr) => {
        impl GgmlType for $weight {
            const DTYPE: GgmlDType = $dtype;
            const BLCK_SIZE: usize = 1;
            type VecDotType = f32;

            fn to_float(weights: &[Self], out: &mut [f32]) {
                Self::widen(weights, out);
            }

            fn from_float(x: &[f32], weights: &mut [Self]) {
                for (x, weight) in x.iter().zip(weights) {
                    *weight = Self::narrow(*x);
                }
            }

            fn vec_dot(_: usize, weights: &[Self], x: &[f32]) -> f32 {
                narrow_dot(weights, x)
            }

            fn vec_dot_unopt(_: usize, weights: &[Self], x: &[f32]) -> f32 {
                narrow_dot(weights, x)
            }
        }
    };
}

ggml_type!(Half, GgmlDType::F16);
ggml_type!(Brain, GgmlDType::BF16);

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize, seed: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * 1.37 + seed).sin()).collect()
    }

    #[test]
    fn products_are_those_of_the_widened_weights() {
        for len in [1, 31, 32, 255, 256, 300, 896] {
            let (a, x) = (noise(len, 0.1), noise(len, 0.7));
            let mut halves = vec![Half::zeros(); len];
            let mut brains = vec![Brain::zeros(); len];
            Half::from_float(&a, &mut halves);
            Brain::from_float(&a, &mut brains);
            let mut wide = vec![0.0; len];
            let exact = |wide: &[f32]| -> f64 {
                let products = wide
                    .iter()
                    .zip(&x)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b));
                products.sum()
            };
            Half::to_float(&halves, &mut wide);
            assert!((f64::from(Half::vec_dot(len, &halves, &x)) - exact(&wide)).abs() < 1e-4);
            assert!(wide.iter().zip(&a).all(|(w, a)| (w - a).abs() < 1e-3));
            Brain::to_float(&brains, &mut wide);
            assert!((f64::from(Brain::vec_dot(len, &brains, &x)) - exact(&wide)).abs() < 1e-4);
            assert!(wide.iter().zip(&a).all(|(w, a)| (w - a).abs() < 1e-2));
        }
    }

    /// A seed is the same text on every machine.
    #[test]
    fn wide_and_plain_loops_agree_to_the_bit() {
        let (a, b) = (noise(1000, 0.3), noise(1000, 0.9));
        let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
        let rests = (
            add_products(&mut x, &a, &b),
            add_products_body(&mut y, &a, &b),
        );
        assert_eq!((x, rests.0), (y, rests.1));
    }
}
