//! Block types that candle-core does not have: IQ4_NL and MXFP4 (layouts of ggml's `ggml-common.h`).
//!
//! Both look four-bit codes up in a table. They are packed and unpacked here; the products that models are made of are those
//! of `kernels`, and the one here is for `GgmlType` alone.

use candle_core::quantized::GgmlDType;
use candle_core::quantized::k_quants::GgmlType;
use half::f16;

/// Elements per block of both types.
const LEN: usize = 32;

/// The levels of IQ4_NL, denser around zero.
const IQ4_NL: [f32; 16] = [
    -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0,
    89.0, 113.0,
];

/// The levels of MXFP4: the four-bit float E2M1 of the OCP Microscaling specification 1.0.
const E2M1: [f32; 16] = [
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0,
];

/// 32 weights with a scale; the low halves of the bytes are the first sixteen.
#[derive(Clone)]
#[repr(C)]
pub(super) struct BlockIq4Nl {
    scale: f16,
    codes: [u8; LEN / 2],
}

/// 32 weights with a power of two as their scale (E8M0), packed as in [`BlockIq4Nl`].
#[derive(Clone)]
#[repr(C)]
pub(super) struct BlockMxFp4 {
    exponent: u8,
    codes: [u8; LEN / 2],
}

/// 32 activations as they are.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Floats([f32; LEN]);

const _: () = assert!(size_of::<BlockIq4Nl>() == 18);
const _: () = assert!(size_of::<BlockMxFp4>() == 17);

/// A block that can be unpacked.
trait Unpack {
    fn unpack(&self) -> [f32; LEN];
}

fn look_up(codes: &[u8; LEN / 2], table: &[f32; 16], scale: f32) -> [f32; LEN] {
    let mut out = [0.0; LEN];
    for (i, &pair) in codes.iter().enumerate() {
        out[i] = scale * table[usize::from(pair & 15)];
        out[i + LEN / 2] = scale * table[usize::from(pair >> 4)];
    }
    out
}

/// The codes of the levels nearest to `x / scale`.
fn codes(x: &[f32], table: &[f32; 16], scale: f32) -> [u8; LEN / 2] {
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    let nearest = |x: f32| {
        let off = |code: usize| (table[code] - x * inverse).abs();
        (0..16)
            .min_by(|&a, &b| off(a).total_cmp(&off(b)))
            .unwrap_or(0) as u8
    };
    std::array::from_fn(|i| nearest(x[i]) | nearest(x[i + LEN / 2]) << 4)
}

fn largest(x: &[f32]) -> f32 {
    let of_two = |a: f32, b: &f32| if b.abs() > a.abs() { *b } else { a };
    x.iter().fold(0.0, of_two)
}

impl BlockIq4Nl {
    /// Tries scales that put the largest number near the end of the table, and keeps the one with the least
    /// error, where large weights count more (as in ggml).
    fn pack(x: &[f32]) -> Self {
        let largest = largest(x);
        let mut best = (0.0, 0.0);
        for step in -7..=7i8 {
            let scale = largest / (IQ4_NL[0] + f32::from(step));
            let levels = look_up(&codes(x, &IQ4_NL, scale), &IQ4_NL, 1.0);
            let (mut both, mut own) = (0.0, 0.0);
            for (x, level) in x.iter().zip(levels) {
                both += x * x * x * level;
                own += x * x * level * level;
            }
            // With these levels `both / own` is the best scale, and this is what it takes off the error.
            if own > 0.0 && both * both / own > best.0 {
                best = (both * both / own, both / own);
            }
        }
        let scale = f16::from_f32(best.1);
        Self {
            scale,
            codes: codes(x, &IQ4_NL, scale.to_f32()),
        }
    }
}

impl BlockMxFp4 {
    /// The scale of the OCP specification: the largest number's power of two, less the format's own (2^2).
    fn pack(x: &[f32]) -> Self {
        let largest = largest(x).abs();
        let exponent = match largest > 0.0 {
            true => (largest.log2().floor() as i32 - 2 + 127).clamp(0, 254) as u8,
            false => 0,
        };
        let empty = Self {
            exponent,
            codes: [0; LEN / 2],
        };
        let codes = codes(x, &E2M1, empty.scale());
        Self { exponent, codes }
    }

    /// 2^(e - 127); the smallest is a subnormal number. 255 means that the block is no number.
    fn scale(&self) -> f32 {
        match self.exponent {
            0 => f32::from_bits(1 << 22),
            255 => f32::NAN,
            e => f32::from_bits(u32::from(e) << 23),
        }
    }
}

impl Unpack for BlockIq4Nl {
    fn unpack(&self) -> [f32; LEN] {
        look_up(&self.codes, &IQ4_NL, self.scale.to_f32())
    }
}

impl Unpack for BlockMxFp4 {
    fn unpack(&self) -> [f32; LEN] {
        look_up(&self.codes, &E2M1, self.scale())
    }
}

impl Unpack for Floats {
    fn unpack(&self) -> [f32; LEN] {
        self.0
    }
}

fn to_float<T: Unpack>(blocks: &[T], out: &mut [f32]) {
    for (block, out) in blocks.iter().zip(out.chunks_exact_mut(LEN)) {
        out.copy_from_slice(&block.unpack());
    }
}

fn dot<T: Unpack>(blocks: &[T], x: &[Floats]) -> f32 {
    let mut total = 0.0;
    for (block, x) in blocks.iter().zip(x) {
        // Eight sums side by side, which the compiler turns into one vector.
        let mut sums = [0.0f32; 8];
        let weights = block.unpack();
        for (w, x) in weights.chunks_exact(8).zip(x.0.chunks_exact(8)) {
            for i in 0..8 {
                sums[i] += w[i] * x[i];
            }
        }
        total += sums.iter().sum::<f32>();
    }
    total
}

macro_rules! ggml_type {
    ($block:ty) => {
        impl GgmlType for $block {
            // Only a label, which the kernels use to choose among schedules.
            const DTYPE: GgmlDType = GgmlDType::F32;
            const BLCK_SIZE: usize = LEN;
            type VecDotType = Floats;

            fn to_float(blocks: &[Self], out: &mut [f32]) {
                to_float(blocks, out);
            }

            fn from_float(x: &[f32], blocks: &mut [Self]) {
                for (x, block) in x.chunks_exact(LEN).zip(blocks) {
                    *block = Self::pack(x);
                }
            }

            fn vec_dot(_: usize, blocks: &[Self], x: &[Floats]) -> f32 {
                dot(blocks, x)
            }

            fn vec_dot_unopt(_: usize, blocks: &[Self], x: &[Floats]) -> f32 {
                dot(blocks, x)
            }
        }
    };
}

ggml_type!(BlockIq4Nl);
ggml_type!(BlockMxFp4);

impl GgmlType for Floats {
    const DTYPE: GgmlDType = GgmlDType::F32;
    const BLCK_SIZE: usize = LEN;
    type VecDotType = Self;

    fn to_float(blocks: &[Self], out: &mut [f32]) {
        to_float(blocks, out);
    }

    fn from_float(x: &[f32], blocks: &mut [Self]) {
        for (x, block) in x.chunks_exact(LEN).zip(blocks) {
            block.0.copy_from_slice(x);
        }
    }

    fn vec_dot(_: usize, blocks: &[Self], x: &[Self]) -> f32 {
        dot(blocks, x)
    }

    fn vec_dot_unopt(_: usize, blocks: &[Self], x: &[Self]) -> f32 {
        dot(blocks, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_looked_up_low_halves_first() {
        let mut codes = [0u8; 16];
        codes[0] = 0x8f;
        let block = BlockIq4Nl {
            scale: f16::from_f32(0.5),
            codes,
        };
        let values = block.unpack();
        assert_eq!((values[0], values[16], values[1]), (56.5, 0.5, -63.5));

        codes[0] = 0xf3;
        let block = |exponent| BlockMxFp4 { exponent, codes }.unpack();
        let values = block(128);
        assert_eq!((values[0], values[16], values[1]), (3.0, -12.0, 0.0));
        assert_eq!(block(127)[0], 1.5);
        assert_eq!(block(1)[16], -6.0 * f32::MIN_POSITIVE);
        assert_eq!(block(0)[16], -3.0 * f32::MIN_POSITIVE);
        assert!(block(255)[0].is_nan());
    }

    /// Numbers up to 1 come back with about the error that sixteen levels must have.
    #[test]
    fn packing_takes_the_nearest_levels() {
        let x: Vec<f32> = (0..LEN)
            .map(|i| ((i * 37 % 32) as f32 - 15.5) / 16.0)
            .collect();
        let error = |y: [f32; LEN]| {
            let squares = x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f32>();
            (squares / LEN as f32).sqrt()
        };
        let (mut blocks, mut others) = (vec![BlockIq4Nl::zeros()], vec![BlockMxFp4::zeros()]);
        BlockIq4Nl::from_float(&x, &mut blocks);
        BlockMxFp4::from_float(&x, &mut others);
        let (a, b) = (error(blocks[0].unpack()), error(others[0].unpack()));
        assert!(a < 0.05 && b < 0.09, "{a} {b}");
        // Powers of two are levels of MXFP4, whatever the scale.
        let powers: Vec<f32> = (0..LEN).map(|i| [0.5, -1.0, 2.0, 0.0][i % 4]).collect();
        BlockMxFp4::from_float(&powers, &mut others);
        assert_eq!(others[0].unpack()[..], powers);
        BlockIq4Nl::from_float(&[0.0; LEN], &mut blocks);
        assert_eq!(blocks[0].unpack(), [0.0; LEN]);
    }

    #[test]
    fn products_are_those_of_the_unpacked_weights() {
        let blocks: Vec<BlockIq4Nl> = (0..3u8)
            .map(|b| BlockIq4Nl {
                scale: f16::from_f32(f32::from(b) + 0.25),
                codes: std::array::from_fn(|i| (i as u8).wrapping_mul(37) ^ b),
            })
            .collect();
        let x: Vec<f32> = (0..96).map(|i| (i as f32 * 0.37).sin()).collect();
        let mut packed = vec![Floats::zeros(); 3];
        Floats::from_float(&x, &mut packed);
        let mut weights = vec![0.0; 96];
        BlockIq4Nl::to_float(&blocks, &mut weights);
        let expected: f32 = weights.iter().zip(&x).map(|(w, x)| w * x).sum();
        let found = BlockIq4Nl::vec_dot(96, &blocks, &packed);
        assert!((found - expected).abs() < 1e-3, "{found} is not {expected}");
    }
}
