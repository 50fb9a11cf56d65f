//! The kernels' vectors on machines with AVX2, and those that have VNNI for 256 bits besides: eight lanes.

use std::arch::x86_64::*;

use super::lanes::{Lanes, Task, Tile};

const LANES: usize = 8;

/// A machine with AVX2, FMA and F16C; with `VNNI` AVX-VNNI, too.
#[derive(Clone, Copy)]
pub(super) struct Avx2<const VNNI: bool>(());

impl<const VNNI: bool> Avx2<VNNI> {
    /// `None` where the machine lacks it.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c")
            && (!VNNI || is_x86_feature_detected!("avxvnni")))
        .then_some(Self(()))
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn enter<const VNNI: bool, T: Task<Avx2<VNNI>>>(lanes: Avx2<VNNI>, task: T) {
    task.run(lanes);
}

#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn enter_vnni<const VNNI: bool, T: Task<Avx2<VNNI>>>(lanes: Avx2<VNNI>, task: T) {
    task.run(lanes);
}

/// Calls an intrinsic that has no other condition than the instruction set.
macro_rules! op {
    ($call:expr) => {{
        // SAFETY: a value of `Avx2` exists, so the machine has the instructions.
        unsafe { $call }
    }};
}

impl<const VNNI: bool> Lanes for Avx2<VNNI> {
    type I = __m256i;
    type F = __m256;
    const COUNT: usize = LANES;
    const ROWS: usize = if VNNI { 6 } else { 4 };
    const SIGNED_OFFSET: i32 = if VNNI { 128 } else { 0 };

    #[inline(always)]
    fn enter<T: Task<Self>>(self, task: T) {
        match VNNI {
            true => op!(enter_vnni(self, task)),
            false => op!(enter(self, task)),
        }
    }

    #[inline(always)]
    fn splat(self, x: u32) -> __m256i {
        op!(_mm256_set1_epi32(x as i32))
    }
    #[inline(always)]
    fn splat_float(self, x: f32) -> __m256 {
        op!(_mm256_set1_ps(x))
    }
    #[inline(always)]
    fn and(self, a: __m256i, b: __m256i) -> __m256i {
        op!(_mm256_and_si256(a, b))
    }
    #[inline(always)]
    fn or(self, a: __m256i, b: __m256i) -> __m256i {
        op!(_mm256_or_si256(a, b))
    }
    #[inline(always)]
    fn plus(self, a: __m256i, b: __m256i) -> __m256i {
        op!(_mm256_add_epi32(a, b))
    }
    #[inline(always)]
    fn shl(self, x: __m256i, bits: u32) -> __m256i {
        op!(_mm256_sllv_epi32(x, _mm256_set1_epi32(bits as i32)))
    }
    #[inline(always)]
    fn shr(self, x: __m256i, bits: u32) -> __m256i {
        op!(_mm256_srlv_epi32(x, _mm256_set1_epi32(bits as i32)))
    }
    #[inline(always)]
    fn sar(self, x: __m256i, bits: u32) -> __m256i {
        op!(_mm256_srav_epi32(x, _mm256_set1_epi32(bits as i32)))
    }

    #[inline(always)]
    fn columns(self, tile: Tile<'_>, at: usize) -> [__m256i; 4] {
        let (p, stride) = tile.place(at, 16, LANES);
        // SAFETY: `place` has seen to it that 16 bytes can be read in each of the rows.
        let row = |row: usize| unsafe { _mm_loadu_si128(p.add(row * stride).cast()) };
        // Rows r and r + 4 side by side, so that a transposition within halves puts rows in order.
        macro_rules! rows {
            ($r:expr) => {
                _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(row($r)), row($r + 4))
            };
        }
        op!({
            let (a, b, c, d) = (rows!(0), rows!(1), rows!(2), rows!(3));
            let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
            let (ab2, cd2) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
            [
                _mm256_unpacklo_epi64(ab, cd),
                _mm256_unpackhi_epi64(ab, cd),
                _mm256_unpacklo_epi64(ab2, cd2),
                _mm256_unpackhi_epi64(ab2, cd2),
            ]
        })
    }
    #[inline(always)]
    fn words(self, tile: Tile<'_>, at: usize) -> __m256i {
        let (p, stride) = tile.place(at, 4, LANES);
        // SAFETY: `place` has seen to it that 4 bytes can be read in each of the rows.
        let word = |row: usize| unsafe { p.add(row * stride).cast::<i32>().read_unaligned() };
        op!({
            let low = _mm_setr_epi32(word(0), word(1), word(2), word(3));
            let high = _mm_setr_epi32(word(4), word(5), word(6), word(7));
            _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
        })
    }
    #[inline(always)]
    fn spread(self, x: __m256i) -> __m256i {
        op!({
            // The lowest byte four times, of which each place keeps its own bit.
            let first = _mm256_set_epi32(
                0x0c0c_0c0c,
                0x0808_0808,
                0x0404_0404,
                0,
                0x0c0c_0c0c,
                0x0808_0808,
                0x0404_0404,
                0,
            );
            let own = _mm256_set1_epi32(0x0804_0201);
            let bits = _mm256_and_si256(_mm256_shuffle_epi8(x, first), own);
            _mm256_and_si256(_mm256_cmpeq_epi8(bits, own), _mm256_set1_epi8(0x10))
        })
    }
    #[inline(always)]
    fn look_up(self, table: &[u8; 16], x: __m256i) -> __m256i {
        op!({
            // SAFETY: the table has 16 bytes.
            let table = _mm_loadu_si128(table.as_ptr().cast());
            _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), x)
        })
    }

    #[inline(always)]
    fn signed(self, x: __m256i) -> __m256i {
        match VNNI {
            true => op!(_mm256_xor_si256(x, _mm256_set1_epi8(-128))),
            false => x,
        }
    }
    #[inline(always)]
    fn dot<const WIDE: bool>(self, sums: __m256i, weights: __m256i, x: __m256i) -> __m256i {
        if VNNI {
            return op!(_mm256_dpbusd_avx_epi32(sums, weights, x));
        }
        op!({
            // Pairs are added in 16 bits, which saturate beyond 32,767: two products of at most 63 * 127 stay below, and so do
            // two of at most 128 * 127, where the sign of a wide weight goes over to the activation.
            let pairs = match WIDE {
                true => {
                    _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights))
                }
                false => _mm256_maddubs_epi16(weights, x),
            };
            _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        })
    }

    #[inline(always)]
    fn narrow(self, x: __m256i, to: &mut [u8]) {
        if let Some(to) = to.first_chunk_mut::<LANES>() {
            op!({
                let bytes = _mm256_and_si256(x, _mm256_set1_epi32(0xff));
                let words = _mm256_packus_epi32(bytes, bytes);
                let words = _mm256_permute4x64_epi64::<0b1000>(words);
                let bytes = _mm256_castsi256_si128(_mm256_packus_epi16(words, words));
                // SAFETY: there is room for eight bytes.
                _mm_storel_epi64(to.as_mut_ptr().cast(), bytes);
            });
        }
    }
    #[inline(always)]
    fn total(self, x: __m256i) -> i32 {
        op!({
            let x = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
            let x = _mm_add_epi32(x, _mm_shuffle_epi32::<0b0000_1110>(x));
            let x = _mm_add_epi32(x, _mm_shuffle_epi32::<0b0000_0001>(x));
            _mm_cvtsi128_si32(x)
        })
    }
    #[inline(always)]
    fn number(self, x: __m256i) -> __m256 {
        op!(_mm256_cvtepi32_ps(x))
    }
    #[inline(always)]
    fn half(self, x: __m256i) -> __m256 {
        op!({
            let low = _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
            let packed = _mm256_permute4x64_epi64::<0b1000>(_mm256_packus_epi32(low, low));
            _mm256_cvtph_ps(_mm256_castsi256_si128(packed))
        })
    }
    #[inline(always)]
    fn float(self, x: __m256i) -> __m256 {
        op!(_mm256_castsi256_ps(x))
    }
    #[inline(always)]
    fn bits(self, x: __m256) -> __m256i {
        op!(_mm256_castps_si256(x))
    }
    #[inline(always)]
    fn zero_below(self, x: __m256, least: f32, value: __m256) -> __m256 {
        op!({
            let keep = _mm256_cmp_ps::<_CMP_NLT_UQ>(x, _mm256_set1_ps(least));
            _mm256_and_ps(keep, value)
        })
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        op!(_mm256_mul_ps(a, b))
    }
    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        op!(_mm256_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> __m256 {
        let mut whole = [0.0; LANES];
        let from = match from.first_chunk::<LANES>() {
            Some(from) => from,
            None => {
                whole[..from.len()].copy_from_slice(from);
                &whole
            }
        };
        // SAFETY: there are eight numbers.
        op!(_mm256_loadu_ps(from.as_ptr()))
    }
    #[inline(always)]
    fn store(self, x: __m256, to: &mut [f32]) {
        if let Some(to) = to.first_chunk_mut::<LANES>() {
            // SAFETY: there is room for eight numbers.
            op!(_mm256_storeu_ps(to.as_mut_ptr(), x));
            return;
        }
        let mut whole = [0.0; LANES];
        // SAFETY: there is room for eight numbers.
        op!(_mm256_storeu_ps(whole.as_mut_ptr(), x));
        let len = to.len();
        to.copy_from_slice(&whole[..len]);
    }
    #[inline(always)]
    fn prefetch(self, from: *const u8, len: usize) {
        for at in (0..len).step_by(64) {
            op!(_mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(at).cast()));
        }
    }
}
