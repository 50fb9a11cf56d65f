//! The kernels' vectors on 64-bit ARM: eight lanes in two registers, with the instruction for four products of bytes where the
//! machine has it.

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};

use super::lanes::{Lanes, Task, Tile};

const LANES: usize = 8;

/// A machine with NEON; with `DOT` the dot products of ARMv8.2, too.
#[derive(Clone, Copy)]
pub(super) struct Neon<const DOT: bool>(());

impl<const DOT: bool> Neon<DOT> {
    /// `None` where the machine lacks it.
    pub(super) fn detect() -> Option<Self> {
        (is_aarch64_feature_detected!("neon") && (!DOT || is_aarch64_feature_detected!("dotprod")))
            .then_some(Self(()))
    }
}

#[target_feature(enable = "neon")]
fn enter<const DOT: bool, T: Task<Neon<DOT>>>(lanes: Neon<DOT>, task: T) {
    task.run(lanes);
}

#[target_feature(enable = "neon,dotprod")]
fn enter_dot<const DOT: bool, T: Task<Neon<DOT>>>(lanes: Neon<DOT>, task: T) {
    task.run(lanes);
}

/// The instruction whose intrinsic is not stable yet.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn sdot(mut sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: it works on these three registers only, and the machine has it.
    unsafe {
        asm!(
            "sdot {0:v}.4s, {1:v}.16b, {2:v}.16b",
            inout(vreg) sums, in(vreg) a, in(vreg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sums
}

/// Calls an intrinsic that has no other condition than the instruction set.
macro_rules! op {
    ($call:expr) => {{
        // SAFETY: a value of `Neon` exists, so the machine has the instructions.
        unsafe { $call }
    }};
}

/// The same for both registers.
macro_rules! both {
    ($i:ident => $call:expr) => {
        op!([
            {
                let $i = 0;
                $call
            },
            {
                let $i = 1;
                $call
            }
        ])
    };
}

impl<const DOT: bool> Lanes for Neon<DOT> {
    type I = [uint32x4_t; 2];
    type F = [float32x4_t; 2];
    const COUNT: usize = LANES;
    const ROWS: usize = 4;
    const SIGNED_OFFSET: i32 = 0;

    #[inline(always)]
    fn enter<T: Task<Self>>(self, task: T) {
        match DOT {
            true => op!(enter_dot(self, task)),
            false => op!(enter(self, task)),
        }
    }

    #[inline(always)]
    fn splat(self, x: u32) -> Self::I {
        op!([vdupq_n_u32(x); 2])
    }
    #[inline(always)]
    fn splat_float(self, x: f32) -> Self::F {
        op!([vdupq_n_f32(x); 2])
    }
    #[inline(always)]
    fn and(self, a: Self::I, b: Self::I) -> Self::I {
        both!(i => vandq_u32(a[i], b[i]))
    }
    #[inline(always)]
    fn or(self, a: Self::I, b: Self::I) -> Self::I {
        both!(i => vorrq_u32(a[i], b[i]))
    }
    #[inline(always)]
    fn plus(self, a: Self::I, b: Self::I) -> Self::I {
        both!(i => vaddq_u32(a[i], b[i]))
    }
    #[inline(always)]
    fn shl(self, x: Self::I, bits: u32) -> Self::I {
        both!(i => vshlq_u32(x[i], vdupq_n_s32(bits as i32)))
    }
    #[inline(always)]
    fn shr(self, x: Self::I, bits: u32) -> Self::I {
        both!(i => vshlq_u32(x[i], vdupq_n_s32(-(bits as i32))))
    }
    #[inline(always)]
    fn sar(self, x: Self::I, bits: u32) -> Self::I {
        both!(i => {
            let shifted = vshlq_s32(vreinterpretq_s32_u32(x[i]), vdupq_n_s32(-(bits as i32)));
            vreinterpretq_u32_s32(shifted)
        })
    }

    #[inline(always)]
    fn columns(self, tile: Tile<'_>, at: usize) -> [Self::I; 4] {
        let (p, stride) = tile.place(at, 16, LANES);
        // SAFETY: `place` has seen to it that 16 bytes can be read in each of the rows.
        let row = |row: usize| unsafe { vreinterpretq_u32_u8(vld1q_u8(p.add(row * stride))) };
        let [a, b] = both!(i => {
            let (a, b, c, d) = (row(4 * i), row(4 * i + 1), row(4 * i + 2), row(4 * i + 3));
            let wide = |x: uint32x4_t| vreinterpretq_u64_u32(x);
            let (ab, cd) = (wide(vtrn1q_u32(a, b)), wide(vtrn1q_u32(c, d)));
            let (ab2, cd2) = (wide(vtrn2q_u32(a, b)), wide(vtrn2q_u32(c, d)));
            [
                vreinterpretq_u32_u64(vtrn1q_u64(ab, cd)),
                vreinterpretq_u32_u64(vtrn1q_u64(ab2, cd2)),
                vreinterpretq_u32_u64(vtrn2q_u64(ab, cd)),
                vreinterpretq_u32_u64(vtrn2q_u64(ab2, cd2)),
            ]
        });
        [[a[0], b[0]], [a[1], b[1]], [a[2], b[2]], [a[3], b[3]]]
    }
    #[inline(always)]
    fn words(self, tile: Tile<'_>, at: usize) -> Self::I {
        let (p, stride) = tile.place(at, 4, LANES);
        let mut words = [0u32; LANES];
        for (row, word) in words.iter_mut().enumerate() {
            // SAFETY: `place` has seen to it that 4 bytes can be read in each of the rows.
            *word = unsafe { p.add(row * stride).cast::<u32>().read_unaligned() };
        }
        // SAFETY: there are eight words.
        both!(i => vld1q_u32(words.as_ptr().add(4 * i)))
    }
    #[inline(always)]
    fn spread(self, x: Self::I) -> Self::I {
        // Bit i goes to 8 i by the copy of the four bits that begins at 7 i.
        both!(i => {
            let copies = vmulq_n_u32(vandq_u32(x[i], vdupq_n_u32(15)), 0x0020_4081);
            vshlq_n_u32::<4>(vandq_u32(copies, vdupq_n_u32(0x0101_0101)))
        })
    }
    #[inline(always)]
    fn look_up(self, table: &[u8; 16], x: Self::I) -> Self::I {
        // SAFETY: the table has 16 bytes.
        let table = op!(vld1q_u8(table.as_ptr()));
        both!(i => vreinterpretq_u32_u8(vqtbl1q_u8(table, vreinterpretq_u8_u32(x[i]))))
    }

    #[inline(always)]
    fn signed(self, x: Self::I) -> Self::I {
        x
    }
    #[inline(always)]
    fn dot<const WIDE: bool>(self, sums: Self::I, weights: Self::I, x: Self::I) -> Self::I {
        both!(i => {
            let sums = vreinterpretq_s32_u32(sums[i]);
            let (w, x) = (vreinterpretq_s8_u32(weights[i]), vreinterpretq_s8_u32(x[i]));
            let sums = match DOT {
                true => sdot(sums, w, x),
                false => {
                    // Two products of at most 128 * 127 fit 16 bits.
                    let low = vmull_s8(vget_low_s8(w), vget_low_s8(x));
                    vpadalq_s16(sums, vpaddq_s16(low, vmull_high_s8(w, x)))
                }
            };
            vreinterpretq_u32_s32(sums)
        })
    }

    #[inline(always)]
    fn narrow(self, x: Self::I, to: &mut [u8]) {
        if let Some(to) = to.first_chunk_mut::<LANES>() {
            op!({
                let words = vcombine_u16(vmovn_u32(x[0]), vmovn_u32(x[1]));
                // SAFETY: there is room for eight bytes.
                vst1_u8(to.as_mut_ptr(), vmovn_u16(words));
            });
        }
    }
    #[inline(always)]
    fn total(self, x: Self::I) -> i32 {
        op!(vaddvq_u32(vaddq_u32(x[0], x[1]))) as i32
    }
    #[inline(always)]
    fn number(self, x: Self::I) -> Self::F {
        both!(i => vcvtq_f32_s32(vreinterpretq_s32_u32(x[i])))
    }
    #[inline(always)]
    fn half(self, x: Self::I) -> Self::F {
        // Exponent and fraction as those of an `f32` are 2^112 too small, subnormal ones included; all ones stay all ones.
        both!(i => {
            let bits = vandq_u32(x[i], vdupq_n_u32(0x7fff));
            let small = vreinterpretq_f32_u32(vshlq_n_u32::<13>(bits));
            let number = vmulq_n_f32(small, f32::from_bits(239 << 23));
            let none = vcgeq_u32(bits, vdupq_n_u32(0x7c00));
            let none = vandq_u32(none, vdupq_n_u32(0x7f80_0000));
            let sign = vshlq_n_u32::<16>(vandq_u32(x[i], vdupq_n_u32(0x8000)));
            let number = vreinterpretq_u32_f32(number);
            vreinterpretq_f32_u32(vorrq_u32(vorrq_u32(number, none), sign))
        })
    }
    #[inline(always)]
    fn float(self, x: Self::I) -> Self::F {
        both!(i => vreinterpretq_f32_u32(x[i]))
    }
    #[inline(always)]
    fn bits(self, x: Self::F) -> Self::I {
        both!(i => vreinterpretq_u32_f32(x[i]))
    }
    #[inline(always)]
    fn zero_below(self, x: Self::F, least: f32, value: Self::F) -> Self::F {
        both!(i => {
            let below = vcltq_f32(x[i], vdupq_n_f32(least));
            vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(value[i]), below))
        })
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        both!(i => vmulq_f32(a[i], b[i]))
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        both!(i => vfmaq_f32(c[i], a[i], b[i]))
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::F {
        let mut whole = [0.0; LANES];
        let from = match from.first_chunk::<LANES>() {
            Some(from) => from,
            None => {
                whole[..from.len()].copy_from_slice(from);
                &whole
            }
        };
        // SAFETY: there are eight numbers.
        both!(i => vld1q_f32(from.as_ptr().add(4 * i)))
    }
    #[inline(always)]
    fn store(self, x: Self::F, to: &mut [f32]) {
        let mut whole = [0.0; LANES];
        // SAFETY: there is room for eight numbers.
        both!(i => vst1q_f32(whole.as_mut_ptr().add(4 * i), x[i]));
        match to.first_chunk_mut::<LANES>() {
            Some(to) => *to = whole,
            None => {
                let len = to.len();
                to.copy_from_slice(&whole[..len]);
            }
        }
    }
    #[inline(always)]
    fn prefetch(self, from: *const u8, len: usize) {
        for at in (0..len).step_by(64) {
            let line = from.wrapping_add(at);
            // SAFETY: a hint, whatever the address.
            unsafe {
                asm!("prfm pldl2keep, [{0}]", in(reg) line, options(nostack, readonly, preserves_flags));
            }
        }
    }
}
