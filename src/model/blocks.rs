//! Block types that candle-core does not have: IQ4_NL and MXFP4 (layouts of ggml's `ggml-common.h`).
//!
//! Both look four-bit codes up in a table. The product unpacks a block and multiplies it with activations in
//! full precision, so it is exact; it is not fast.

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

impl Unpack for BlockIq4Nl {
    fn unpack(&self) -> [f32; LEN] {
        look_up(&self.codes, &IQ4_NL, self.scale.to_f32())
    }
}

impl Unpack for BlockMxFp4 {
    fn unpack(&self) -> [f32; LEN] {
        // 2^(e - 127); the smallest is a subnormal number. 255 means that the block is no number.
        let scale = match self.exponent {
            0 => f32::from_bits(1 << 22),
            255 => f32::NAN,
            e => f32::from_bits(u32::from(e) << 23),
        };
        look_up(&self.codes, &E2M1, scale)
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

            /// Only activations are packed here; files of these types are made elsewhere.
            fn from_float(_: &[f32], _: &mut [Self]) {}

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
