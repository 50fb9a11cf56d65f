//! The k-quants: blocks of 256 numbers, whose parts have scales of few bits under one of sixteen.

use super::{
    Format, Halves, Least, LeastHalves, Sink, bits, both, byte, columns, signed_byte, zeros,
};
use crate::model::kernels::lanes::{Lanes, Tile};

/// The head of Q4_K and Q5_K, which is sixteen bytes: two `f16`, then eight scales and eight minimums of six bits.
struct Head<L: Lanes> {
    scale: L::F,
    /// Taken off, so it is negative.
    least: L::F,
    /// Four bytes each.
    scales: [L::I; 2],
    leasts: [L::I; 2],
}

impl<L: Lanes> Head<L> {
    #[inline(always)]
    fn read(l: L, tile: Tile<'_>, at: usize) -> Self {
        let [halves, a, b, c] = l.columns(tile, at);
        let (six, four, two) = (
            l.splat(0x3f3f_3f3f),
            l.splat(0x0f0f_0f0f),
            l.splat(0x3030_3030),
        );
        // The first four have their six bits in one byte; the others four there and two above those of the first.
        let joined = |low, high| l.or(l.and(low, four), l.and(l.shr(high, 2), two));
        Self {
            scale: l.half(halves),
            least: l.mul(l.half(l.shr(halves, 16)), l.splat_float(-1.0)),
            scales: [l.and(a, six), joined(c, a)],
            leasts: [l.and(b, six), joined(l.shr(c, 4), b)],
        }
    }

    /// Gives part `i` of eight on.
    #[inline(always)]
    fn put<S: Sink<L>>(&self, l: L, i: usize, weights: [L::I; 8], sink: &mut S) {
        let scale = l.mul(self.scale, byte(l, self.scales[i / 4], i % 4));
        let least = l.mul(self.least, byte(l, self.leasts[i / 4], i % 4));
        sink.put(weights, [scale; 2], [least; 2]);
    }
}

/// Eight parts of 32 numbers from 0 to 15 above a least one.
pub(in crate::model::kernels) struct Q4K;

impl Format for Q4K {
    type Kind = Least;
    const LEN: usize = 256;
    const BYTES: usize = 144;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        let head = Head::read(l, tile, at);
        for pair in 0..4 {
            let weights = columns(l, tile, at + 16 + 32 * pair);
            head.put(l, 2 * pair, bits(l, weights, 0, 0x0f0f_0f0f), sink);
            head.put(l, 2 * pair + 1, bits(l, weights, 4, 0x0f0f_0f0f), sink);
        }
    }
}

/// Eight parts of 32 numbers from 0 to 31 above a least one.
pub(in crate::model::kernels) struct Q5K;

impl Format for Q5K {
    type Kind = Least;
    const LEN: usize = 256;
    const BYTES: usize = 176;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        let head = Head::read(l, tile, at);
        for pair in 0..4 {
            // Bit i of these bytes is the fifth of part i.
            let mut high = columns(l, tile, at + 16);
            for x in &mut high {
                *x = l.shr(*x, 2 * pair as u32);
            }
            let weights = columns(l, tile, at + 48 + 32 * pair);
            for part in 0..2 {
                let low = bits(l, weights, 4 * part, 0x0f0f_0f0f);
                let mut fifth = high;
                for x in &mut fifth {
                    *x = l.and(l.shl(*x, 4 - part), l.splat(0x1010_1010));
                }
                head.put(l, 2 * pair + part as usize, both(l, low, fifth), sink);
            }
        }
    }
}

/// Sixteen parts of 16 numbers from -32 to 31.
pub(in crate::model::kernels) struct Q6K;

impl Format for Q6K {
    type Kind = Halves;
    const LEN: usize = 256;
    const BYTES: usize = 210;
    const OFFSET: i32 = 32;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        let scales = l.columns(tile, at + 192);
        let scale = l.half(l.shr(l.words(tile, at + 206), 16));
        for half in 0..2 {
            let high = columns(l, tile, at + 128 + 32 * half);
            for part in 0..4 {
                // Low halves of 64 bytes are the first 64 numbers, high halves the others; the two highest bits of number
                // 32 p + i are bits 2 p and 2 p + 1 of byte i.
                let low = columns(l, tile, at + 64 * half + 32 * (part % 2));
                let low = bits(l, low, 4 * (part as u32 / 2), 0x0f0f_0f0f);
                let mut top = high;
                for x in &mut top {
                    let shifted = match part {
                        0 => l.shl(*x, 4),
                        1 => l.shl(*x, 2),
                        2 => *x,
                        _ => l.shr(*x, 2),
                    };
                    *x = l.and(shifted, l.splat(0x3030_3030));
                }
                let both = both(l, low, top);
                let scaled = |i: usize| l.mul(scale, signed_byte(l, scales[i / 4], i % 4));
                let i = 8 * half + 2 * part;
                sink.put(both, [scaled(i), scaled(i + 1)], zeros(l));
            }
        }
    }
}

/// Sixteen parts of 16 numbers from 0 to 3 above a least one.
pub(in crate::model::kernels) struct Q2K;

impl Format for Q2K {
    type Kind = LeastHalves;
    const LEN: usize = 256;
    const BYTES: usize = 84;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        let head = l.words(tile, at + 80);
        let scale = l.half(head);
        let least = l.mul(l.half(l.shr(head, 16)), l.splat_float(-1.0));
        // Four bits of scale, four of minimum for each part.
        let (mut scales, mut leasts) = (l.columns(tile, at), l.columns(tile, at));
        for (scales, leasts) in scales.iter_mut().zip(&mut leasts) {
            *scales = l.and(*scales, l.splat(0x0f0f_0f0f));
            *leasts = l.and(l.shr(*leasts, 4), l.splat(0x0f0f_0f0f));
        }
        for half in 0..2 {
            let weights = columns(l, tile, at + 16 + 32 * half);
            for part in 0..4 {
                let weights = bits(l, weights, 2 * part as u32, 0x0303_0303);
                let scaled = |i: usize| l.mul(scale, byte(l, scales[i / 4], i % 4));
                let least = |i: usize| l.mul(least, byte(l, leasts[i / 4], i % 4));
                let i = 8 * half + 2 * part;
                sink.put(
                    weights,
                    [scaled(i), scaled(i + 1)],
                    [least(i), least(i + 1)],
                );
            }
        }
    }
}

/// Sixteen parts of 16 numbers from -4 to 3.
pub(in crate::model::kernels) struct Q3K;

impl Format for Q3K {
    type Kind = Halves;
    const LEN: usize = 256;
    const BYTES: usize = 110;
    const OFFSET: i32 = 4;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        // Bytes 94 to 109: two that do not matter, twelve of scales and the scale of all. Scales have six bits, 32 too high: four
        // in the first eight bytes, low halves first, and two in the last four.
        let word = |i: usize| l.words(tile, at + 96 + 4 * i);
        let (a, b, top) = (word(0), word(1), word(2));
        let (four, two) = (l.splat(0x0f0f_0f0f), l.splat(0x3030_3030));
        let joined = |low, high| l.or(l.and(low, four), l.and(high, two));
        let scales = [
            joined(a, l.shl(top, 4)),
            joined(b, l.shl(top, 2)),
            joined(l.shr(a, 4), top),
            joined(l.shr(b, 4), l.shr(top, 2)),
        ];
        let scale = l.half(l.shr(l.words(tile, at + 106), 16));
        let off = l.mul(scale, l.splat_float(-32.0));
        let high = columns(l, tile, at);
        for half in 0..2 {
            let weights = columns(l, tile, at + 32 + 32 * half);
            for part in 0..4 {
                let low = bits(l, weights, 2 * part as u32, 0x0303_0303);
                // Bit i of these bytes is the third of part i.
                let mut third = high;
                for x in &mut third {
                    let i = (4 * half + part) as u32;
                    let shifted = match i {
                        0 | 1 => l.shl(*x, 2 - i),
                        _ => l.shr(*x, i - 2),
                    };
                    *x = l.and(shifted, l.splat(0x0404_0404));
                }
                let scaled = |i: usize| l.fma(byte(l, scales[i / 4], i % 4), scale, off);
                let i = 8 * half + 2 * part;
                sink.put(both(l, low, third), [scaled(i), scaled(i + 1)], zeros(l));
            }
        }
    }
}
