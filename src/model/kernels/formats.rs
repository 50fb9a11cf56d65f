//! The formats of weights: how a block of packed numbers becomes bytes and scales.
//!
//! Layouts are those of ggml's `ggml-common.h`. Each format says, in terms of [`Lanes`], what the blocks number `block` of
//! as many rows as there are lanes hold, and gives it 32 numbers at a time, in order, to a [`Sink`]: eight vectors, each of which
//! has four neighbouring numbers of every row, and the scales. A weight is `scale * (byte - OFFSET) + least`.

use super::lanes::{Lanes, Tile};

/// Takes 32 numbers of each row.
pub(super) trait Sink<L: Lanes> {
    /// Scales and least numbers are those of the first and the second sixteen; where a format has them for 32, both
    /// are the same.
    fn put(&mut self, weights: [L::I; 8], scales: [L::F; 2], least: [L::F; 2]);
}

mod k;

pub(super) use k::{Q2K, Q3K, Q4K, Q5K, Q6K};

/// What the product has to know of a format.
pub(super) trait Kind {
    /// Scales are for 16 numbers, not for 32.
    const HALVES: bool = false;
    /// There is a least number.
    const LEAST: bool = false;
    /// Bytes are made by [`Lanes::signed`].
    const WIDE: bool = false;
}

/// One scale for 32 small numbers.
pub(super) struct Plain;
/// One scale and one least number for 32 small numbers.
pub(super) struct Least;
/// One scale for 32 signed bytes.
pub(super) struct Wide;
/// One scale for 16 small numbers.
pub(super) struct Halves;
/// One scale and one least number for 16 small numbers.
pub(super) struct LeastHalves;

impl Kind for Plain {}
impl Kind for Least {
    const LEAST: bool = true;
}
impl Kind for Wide {
    const WIDE: bool = true;
}
impl Kind for Halves {
    const HALVES: bool = true;
}
impl Kind for LeastHalves {
    const HALVES: bool = true;
    const LEAST: bool = true;
}

/// A format of weights.
pub(super) trait Format {
    type Kind: Kind;
    /// Numbers of a block.
    const LEN: usize;
    /// Bytes of a block.
    const BYTES: usize;
    /// What is added to each number to make it no less than zero; of wide ones the lanes know it.
    const OFFSET: i32 = 0;

    /// Unpacks block `block` of every row of the tile.
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S);
}

/// 32 bytes of each row.
#[inline(always)]
fn columns<L: Lanes>(l: L, tile: Tile<'_>, at: usize) -> [L::I; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (l.columns(tile, at), l.columns(tile, at + 16));
    [a, b, c, d, e, f, g, h]
}

/// `(x >> shift) & mask` of each.
#[inline(always)]
fn bits<L: Lanes>(l: L, mut x: [L::I; 8], shift: u32, mask: u32) -> [L::I; 8] {
    let mask = l.splat(mask);
    for x in &mut x {
        *x = l.and(l.shr(*x, shift), mask);
    }
    x
}

/// `a | b` of each.
#[inline(always)]
fn both<L: Lanes>(l: L, mut a: [L::I; 8], b: [L::I; 8]) -> [L::I; 8] {
    for i in 0..8 {
        a[i] = l.or(a[i], b[i]);
    }
    a
}

/// Sixteen bytes of pairs of four bits: the first sixteen numbers are the low ones.
#[inline(always)]
fn nibbles<L: Lanes>(l: L, tile: Tile<'_>, at: usize) -> [L::I; 8] {
    let [a, b, c, d] = l.columns(tile, at);
    let low = l.splat(0x0f0f_0f0f);
    [
        l.and(a, low),
        l.and(b, low),
        l.and(c, low),
        l.and(d, low),
        l.and(l.shr(a, 4), low),
        l.and(l.shr(b, 4), low),
        l.and(l.shr(c, 4), low),
        l.and(l.shr(d, 4), low),
    ]
}

/// Fifth bits, one after the other from bit 0 of a word, onto four bits.
#[inline(always)]
fn fifth<L: Lanes>(l: L, mut weights: [L::I; 8], high: L::I) -> [L::I; 8] {
    for (i, weight) in weights.iter_mut().enumerate() {
        *weight = l.or(*weight, l.spread(l.shr(high, 4 * i as u32)));
    }
    weights
}

/// Byte `i` of each lane, zero or more, as a number.
#[inline(always)]
fn byte<L: Lanes>(l: L, x: L::I, i: usize) -> L::F {
    l.number(l.and(l.shr(x, 8 * i as u32), l.splat(0xff)))
}

/// Byte `i` of each lane, which has a sign, as a number.
#[inline(always)]
fn signed_byte<L: Lanes>(l: L, x: L::I, i: usize) -> L::F {
    l.number(l.sar(l.shl(x, 24 - 8 * i as u32), 24))
}

#[inline(always)]
fn zeros<L: Lanes>(l: L) -> [L::F; 2] {
    [l.splat_float(0.0); 2]
}

/// 32 numbers from -8 to 7.
pub(super) struct Q4_0;

impl Format for Q4_0 {
    type Kind = Plain;
    const LEN: usize = 32;
    const BYTES: usize = 18;
    const OFFSET: i32 = 8;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        let scale = l.half(l.words(tile, at));
        sink.put(nibbles(l, tile, at + 2), [scale; 2], zeros(l));
    }
}

/// 32 numbers from 0 to 15 above a least one.
pub(super) struct Q4_1;

impl Format for Q4_1 {
    type Kind = Least;
    const LEN: usize = 32;
    const BYTES: usize = 20;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        let head = l.words(tile, at);
        let least = l.half(l.shr(head, 16));
        sink.put(nibbles(l, tile, at + 4), [l.half(head); 2], [least; 2]);
    }
}

/// 32 numbers from -16 to 15.
pub(super) struct Q5_0;

impl Format for Q5_0 {
    type Kind = Plain;
    const LEN: usize = 32;
    const BYTES: usize = 22;
    const OFFSET: i32 = 16;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        let scale = l.half(l.words(tile, at));
        let weights = fifth(l, nibbles(l, tile, at + 6), l.words(tile, at + 2));
        sink.put(weights, [scale; 2], zeros(l));
    }
}

/// 32 numbers from 0 to 31 above a least one.
pub(super) struct Q5_1;

impl Format for Q5_1 {
    type Kind = Least;
    const LEN: usize = 32;
    const BYTES: usize = 24;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        let head = l.words(tile, at);
        let least = l.half(l.shr(head, 16));
        let weights = fifth(l, nibbles(l, tile, at + 8), l.words(tile, at + 4));
        sink.put(weights, [l.half(head); 2], [least; 2]);
    }
}

/// 32 numbers from -128 to 127.
pub(super) struct Q8_0;

impl Format for Q8_0 {
    type Kind = Wide;
    const LEN: usize = 32;
    const BYTES: usize = 34;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        let at = block * Self::BYTES;
        let scale = l.half(l.words(tile, at));
        let mut weights = columns(l, tile, at + 2);
        for weight in &mut weights {
            *weight = l.signed(*weight);
        }
        sink.put(weights, [scale; 2], zeros(l));
    }
}

/// Four bits into 16 levels, denser around zero, which have eight.
pub(super) struct Iq4Nl;

impl Format for Iq4Nl {
    type Kind = Wide;
    const LEN: usize = 32;
    const BYTES: usize = 18;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        const LEVELS: [u8; 16] = [
            -127i8 as u8,
            -104i8 as u8,
            -83i8 as u8,
            -65i8 as u8,
            -49i8 as u8,
            -35i8 as u8,
            -22i8 as u8,
            -10i8 as u8,
            1,
            13,
            25,
            38,
            53,
            69,
            89,
            113,
        ];
        let at = block * Self::BYTES;
        let scale = l.half(l.words(tile, at));
        let mut weights = nibbles(l, tile, at + 2);
        for weight in &mut weights {
            *weight = l.signed(l.look_up(&LEVELS, *weight));
        }
        sink.put(weights, [scale; 2], zeros(l));
    }
}

/// Four bits into the levels of the float E2M1, with a power of two as the scale (OCP Microscaling specification 1.0). All are
/// doubled here, to be integers, and twelve is added to have no sign.
pub(super) struct MxFp4;

impl Format for MxFp4 {
    type Kind = Plain;
    const LEN: usize = 32;
    const BYTES: usize = 17;
    const OFFSET: i32 = 12;

    #[inline(always)]
    fn unpack<L: Lanes, S: Sink<L>>(l: L, tile: Tile<'_>, block: usize, sink: &mut S) {
        const LEVELS: [u8; 16] = [12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0];
        let at = block * Self::BYTES;
        // 2^(e - 127), halved because the levels are doubled. The smallest, 2^-127, counts as zero; 255 says that these are no
        // numbers: its power is infinite, and times zero none.
        let power = l.float(l.shl(l.and(l.words(tile, at), l.splat(0xff)), 23));
        let none = l.mul(power, l.splat_float(0.0));
        let scale = l.fma(power, l.splat_float(0.5), none);
        let mut weights = nibbles(l, tile, at + 1);
        for weight in &mut weights {
            *weight = l.look_up(&LEVELS, *weight);
        }
        sink.put(weights, [scale; 2], zeros(l));
    }
}
