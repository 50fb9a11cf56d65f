//! The kernels' vectors on machines with AVX-512 and its VNNI: sixteen lanes, four products of bytes in one step.

use std::arch::x86_64::*;

use super::lanes::{Lanes, Task, Tile};

const LANES: usize = 16;

/// A machine with AVX-512 (F, BW, VNNI).
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    /// `None` where the machine lacks it.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("f16c")
            && is_x86_feature_detected!("fma"))
        .then_some(Self(()))
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2,fma")]
fn enter<T: Task<Avx512>>(lanes: Avx512, task: T) {
    task.run(lanes);
}

/// Calls an intrinsic that has no other condition than the instruction set.
macro_rules! op {
    ($call:expr) => {{
        // SAFETY: a value of `Avx512` exists, so the machine has the instructions.
        unsafe { $call }
    }};
}

impl Lanes for Avx512 {
    type I = __m512i;
    type F = __m512;
    const COUNT: usize = LANES;
    const ROWS: usize = 6;
    const SIGNED_OFFSET: i32 = 128;

    #[inline(always)]
    fn enter<T: Task<Self>>(self, task: T) {
        op!(enter(self, task));
    }

    #[inline(always)]
    fn splat(self, x: u32) -> __m512i {
        op!(_mm512_set1_epi32(x as i32))
    }
    #[inline(always)]
    fn splat_float(self, x: f32) -> __m512 {
        op!(_mm512_set1_ps(x))
    }
    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        op!(_mm512_and_si512(a, b))
    }
    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        op!(_mm512_or_si512(a, b))
    }
    #[inline(always)]
    fn plus(self, a: __m512i, b: __m512i) -> __m512i {
        op!(_mm512_add_epi32(a, b))
    }
    #[inline(always)]
    fn shl(self, x: __m512i, bits: u32) -> __m512i {
        op!(_mm512_sllv_epi32(x, _mm512_set1_epi32(bits as i32)))
    }
    #[inline(always)]
    fn shr(self, x: __m512i, bits: u32) -> __m512i {
        op!(_mm512_srlv_epi32(x, _mm512_set1_epi32(bits as i32)))
    }
    #[inline(always)]
    fn sar(self, x: __m512i, bits: u32) -> __m512i {
        op!(_mm512_srav_epi32(x, _mm512_set1_epi32(bits as i32)))
    }

    #[inline(always)]
    fn columns(self, tile: Tile<'_>, at: usize) -> [__m512i; 4] {
        let (p, stride) = tile.place(at, 16, LANES);
        // SAFETY: `place` has seen to it that 16 bytes can be read in each of the rows.
        let row = |row: usize| unsafe { _mm_loadu_si128(p.add(row * stride).cast()) };
        // Rows r, r + 4, r + 8, r + 12 side by side, so that a transposition within quarters puts rows in order.
        macro_rules! rows {
            ($r:expr) => {{
                let quarter = _mm512_castsi128_si512(row($r));
                let quarter = _mm512_inserti32x4::<1>(quarter, row($r + 4));
                let quarter = _mm512_inserti32x4::<2>(quarter, row($r + 8));
                _mm512_inserti32x4::<3>(quarter, row($r + 12))
            }};
        }
        op!({
            let (a, b, c, d) = (rows!(0), rows!(1), rows!(2), rows!(3));
            let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
            let (ab2, cd2) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
            [
                _mm512_unpacklo_epi64(ab, cd),
                _mm512_unpackhi_epi64(ab, cd),
                _mm512_unpacklo_epi64(ab2, cd2),
                _mm512_unpackhi_epi64(ab2, cd2),
            ]
        })
    }
    #[inline(always)]
    fn words(self, tile: Tile<'_>, at: usize) -> __m512i {
        let (p, stride) = tile.place(at, 4, LANES);
        // SAFETY: `place` has seen to it that 4 bytes can be read in each of the rows.
        let word = |row: usize| unsafe { p.add(row * stride).cast::<i32>().read_unaligned() };
        macro_rules! four {
            ($r:expr) => {
                _mm_setr_epi32(word($r), word($r + 1), word($r + 2), word($r + 3))
            };
        }
        op!({
            let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(four!(0)), four!(4));
            let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(four!(8)), four!(12));
            _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
        })
    }
    #[inline(always)]
    fn spread(self, x: __m512i) -> __m512i {
        // All sixteen answers; the instruction looks at the lowest four bits only.
        op!({
            let table = _mm512_setr_epi32(
                0x0000_0000,
                0x0000_0010,
                0x0000_1000,
                0x0000_1010,
                0x0010_0000,
                0x0010_0010,
                0x0010_1000,
                0x0010_1010,
                0x1000_0000,
                0x1000_0010,
                0x1000_1000,
                0x1000_1010,
                0x1010_0000,
                0x1010_0010,
                0x1010_1000,
                0x1010_1010,
            );
            _mm512_permutexvar_epi32(x, table)
        })
    }
    #[inline(always)]
    fn look_up(self, table: &[u8; 16], x: __m512i) -> __m512i {
        op!({
            // SAFETY: the table has 16 bytes.
            let table = _mm_loadu_si128(table.as_ptr().cast());
            _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), x)
        })
    }

    #[inline(always)]
    fn signed(self, x: __m512i) -> __m512i {
        op!(_mm512_xor_si512(x, _mm512_set1_epi8(-128)))
    }
    #[inline(always)]
    fn dot<const WIDE: bool>(self, sums: __m512i, weights: __m512i, x: __m512i) -> __m512i {
        op!(_mm512_dpbusd_epi32(sums, weights, x))
    }

    #[inline(always)]
    fn narrow(self, x: __m512i, to: &mut [u8]) {
        if let Some(to) = to.first_chunk_mut::<LANES>() {
            op!({
                // SAFETY: there is room for sixteen bytes.
                _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(x));
            });
        }
    }
    #[inline(always)]
    fn total(self, x: __m512i) -> i32 {
        op!(_mm512_reduce_add_epi32(x))
    }
    #[inline(always)]
    fn number(self, x: __m512i) -> __m512 {
        op!(_mm512_cvtepi32_ps(x))
    }
    #[inline(always)]
    fn half(self, x: __m512i) -> __m512 {
        op!(_mm512_cvtph_ps(_mm512_cvtepi32_epi16(x)))
    }
    #[inline(always)]
    fn float(self, x: __m512i) -> __m512 {
        op!(_mm512_castsi512_ps(x))
    }
    #[inline(always)]
    fn bits(self, x: __m512) -> __m512i {
        op!(_mm512_castps_si512(x))
    }
    #[inline(always)]
    fn zero_below(self, x: __m512, least: f32, value: __m512) -> __m512 {
        op!({
            let keep = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(x, _mm512_set1_ps(least));
            _mm512_maskz_mov_ps(keep, value)
        })
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        op!(_mm512_mul_ps(a, b))
    }
    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        op!(_mm512_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> __m512 {
        let mask = mask(from.len());
        // SAFETY: only lanes that the slice has are read.
        op!(_mm512_maskz_loadu_ps(mask, from.as_ptr()))
    }
    #[inline(always)]
    fn store(self, x: __m512, to: &mut [f32]) {
        let mask = mask(to.len());
        // SAFETY: only lanes that the slice has are written.
        op!(_mm512_mask_storeu_ps(to.as_mut_ptr(), mask, x));
    }
    #[inline(always)]
    fn prefetch(self, from: *const u8, len: usize) {
        for at in (0..len).step_by(64) {
            op!(_mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(at).cast()));
        }
    }
}

/// The lanes below `len`.
#[inline(always)]
fn mask(len: usize) -> u16 {
    match len < LANES {
        true => (1 << len) - 1,
        false => u16::MAX,
    }
}
