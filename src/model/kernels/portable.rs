//! The kernels in plain Rust, for machines without a set of their own here; what the others are held against.

use half::f16;

use super::lanes::{Lanes, Task, Tile};

const LANES: usize = 8;

/// Any machine.
#[derive(Clone, Copy)]
pub(super) struct Portable;

macro_rules! map {
    ($n:expr, $i:ident => $value:expr) => {{
        let mut out = [Default::default(); $n];
        for $i in 0..$n {
            out[$i] = $value;
        }
        out
    }};
}

impl Lanes for Portable {
    type I = [u32; LANES];
    type F = [f32; LANES];
    const COUNT: usize = LANES;
    const ROWS: usize = 4;
    const SIGNED_OFFSET: i32 = 0;

    #[inline(always)]
    fn enter<T: Task<Self>>(self, task: T) {
        task.run(self);
    }

    #[inline(always)]
    fn splat(self, x: u32) -> Self::I {
        [x; LANES]
    }
    #[inline(always)]
    fn splat_float(self, x: f32) -> Self::F {
        [x; LANES]
    }
    #[inline(always)]
    fn and(self, a: Self::I, b: Self::I) -> Self::I {
        map!(LANES, i => a[i] & b[i])
    }
    #[inline(always)]
    fn or(self, a: Self::I, b: Self::I) -> Self::I {
        map!(LANES, i => a[i] | b[i])
    }
    #[inline(always)]
    fn plus(self, a: Self::I, b: Self::I) -> Self::I {
        map!(LANES, i => a[i].wrapping_add(b[i]))
    }
    #[inline(always)]
    fn shl(self, x: Self::I, bits: u32) -> Self::I {
        map!(LANES, i => x[i] << bits)
    }
    #[inline(always)]
    fn shr(self, x: Self::I, bits: u32) -> Self::I {
        map!(LANES, i => x[i] >> bits)
    }
    #[inline(always)]
    fn sar(self, x: Self::I, bits: u32) -> Self::I {
        map!(LANES, i => (x[i] as i32 >> bits) as u32)
    }

    #[inline(always)]
    fn columns(self, tile: Tile<'_>, at: usize) -> [Self::I; 4] {
        let mut out = [[0; LANES]; 4];
        for (column, out) in out.iter_mut().enumerate() {
            *out = self.words(tile, at + 4 * column);
        }
        out
    }
    #[inline(always)]
    fn words(self, tile: Tile<'_>, at: usize) -> Self::I {
        map!(LANES, row => tile.word(row, at))
    }
    #[inline(always)]
    fn spread(self, x: Self::I) -> Self::I {
        // Bit i goes to 8 i by the copy of the four bits that begins at 7 i.
        map!(LANES, i => (((x[i] & 15) * 0x0020_4081) & 0x0101_0101) << 4)
    }
    #[inline(always)]
    fn look_up(self, table: &[u8; 16], x: Self::I) -> Self::I {
        map!(LANES, i => {
            let codes = x[i].to_le_bytes();
            u32::from_le_bytes(map!(4, j => table[usize::from(codes[j] & 15)]))
        })
    }

    #[inline(always)]
    fn signed(self, x: Self::I) -> Self::I {
        x
    }
    #[inline(always)]
    fn dot<const WIDE: bool>(self, sums: Self::I, weights: Self::I, x: Self::I) -> Self::I {
        map!(LANES, i => {
            let (w, x) = (weights[i].to_le_bytes(), x[i].to_le_bytes());
            let mut sum = sums[i] as i32;
            for j in 0..4 {
                let w = if WIDE { i32::from(w[j] as i8) } else { i32::from(w[j]) };
                sum += w * i32::from(x[j] as i8);
            }
            sum as u32
        })
    }

    #[inline(always)]
    fn narrow(self, x: Self::I, to: &mut [u8]) {
        for (to, x) in to.iter_mut().zip(x) {
            *to = x as u8;
        }
    }
    #[inline(always)]
    fn total(self, x: Self::I) -> i32 {
        x.iter().fold(0, |sum: i32, &x| sum.wrapping_add(x as i32))
    }
    #[inline(always)]
    fn number(self, x: Self::I) -> Self::F {
        map!(LANES, i => x[i] as i32 as f32)
    }
    #[inline(always)]
    fn half(self, x: Self::I) -> Self::F {
        map!(LANES, i => f16::from_bits(x[i] as u16).to_f32())
    }
    #[inline(always)]
    fn float(self, x: Self::I) -> Self::F {
        map!(LANES, i => f32::from_bits(x[i]))
    }
    #[inline(always)]
    fn bits(self, x: Self::F) -> Self::I {
        map!(LANES, i => x[i].to_bits())
    }
    #[inline(always)]
    fn zero_below(self, x: Self::F, least: f32, value: Self::F) -> Self::F {
        map!(LANES, i => if x[i] < least { 0.0 } else { value[i] })
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        map!(LANES, i => a[i] * b[i])
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        map!(LANES, i => a[i].mul_add(b[i], c[i]))
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::F {
        let mut out = [0.0; LANES];
        let len = from.len().min(LANES);
        out[..len].copy_from_slice(&from[..len]);
        out
    }
    #[inline(always)]
    fn store(self, x: Self::F, to: &mut [f32]) {
        let len = to.len().min(LANES);
        to[..len].copy_from_slice(&x[..len]);
    }
    #[inline(always)]
    fn prefetch(self, _: *const u8, _: usize) {}
}
