//! The products: rows of activations with rows of weights that are unpacked as they come.
//!
//! A few rows of weights (as many as a vector has lanes, times `V`) are unpacked for [`CHUNK`] numbers into a panel that stays in the
//! nearest cache, and all rows of activations go over it, [`Lanes::ROWS`] at a time, with their sums in registers. A single row of
//! activations needs no panel: what is unpacked is multiplied at once.
//!
//! However the work is cut, each result is made by the same steps in the same order: for each 32 (or 16) numbers an exact sum
//! of integers, then `result = sum * scale of activations * scale of weights + result`, rounded after the first and
//! at the end. So it depends neither on the number of threads nor on how many rows there are.

use std::marker::PhantomData;
use std::ops::Range;

use super::activations::{self, Block, FIELDS, LEN};
use super::formats::{Format, Kind, Sink};
use super::lanes::{Lanes, Task, Tile};

/// Blocks of 32 numbers in a panel: two blocks of a k-quant. With 32 rows of weights it has 24 KiB.
const CHUNK: usize = 16;

/// Where results go, `[m][n]`. Threads write to columns of their own.
#[derive(Clone, Copy)]
pub(super) struct Out<'o> {
    start: *mut f32,
    m: usize,
    n: usize,
    life: PhantomData<&'o mut [f32]>,
}

// SAFETY: it is a borrow of floats; `Out::part` says what its callers see to.
unsafe impl Send for Out<'_> {}
// SAFETY: as above.
unsafe impl Sync for Out<'_> {}

impl<'o> Out<'o> {
    /// Results of `m` rows and `n` columns; `None` where there is no room.
    pub(super) fn new(out: &'o mut [f32], m: usize, n: usize) -> Option<Self> {
        let out = out.get_mut(..m.checked_mul(n)?)?;
        Some(Self {
            start: out.as_mut_ptr(),
            m,
            n,
            life: PhantomData,
        })
    }

    /// At most `len` numbers from `column` of a row.
    ///
    /// # Safety
    /// No other thread may take columns that overlap, and the caller only one part of them at a time.
    #[inline(always)]
    pub(super) unsafe fn part(&self, row: usize, column: usize, len: usize) -> &'o mut [f32] {
        assert!(row < self.m && column < self.n);
        let len = len.min(self.n - column);
        // SAFETY: row and column are inside of the `m * n` numbers (see `new`), and with them `len` numbers of the row; nobody
        // else has them, as the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(row * self.n + column), len) }
    }
}

/// One product: `out[m][n] = x[m][k] * weights[n][k]^T`.
#[derive(Clone, Copy)]
pub(super) struct Product<'p> {
    /// `n` rows.
    pub(super) weights: &'p [u8],
    /// Bytes of a row.
    pub(super) stride: usize,
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    /// The activations, packed (`activations`).
    pub(super) x: &'p [u32],
    pub(super) out: Out<'p>,
}

/// Some of the columns of a product: `units` of `V` vectors of weights. Two tasks of a product must not run at once with the same.
pub(super) struct Columns<'p, F, const V: usize> {
    pub(super) product: Product<'p>,
    pub(super) units: Range<usize>,
    pub(super) format: PhantomData<F>,
}

impl<F: Format, const V: usize> Columns<'_, F, V> {
    #[inline(always)]
    pub(super) fn run<L: Lanes>(self, l: L) {
        let (p, mut edge) = (self.product, Vec::new());
        if p.m == 1 {
            for tile in self.units.start * V..self.units.end * V {
                single::<F, L>(l, p, tile, &mut edge);
            }
            return;
        }
        let mut panel = [Unpacked::<L, V>::new(l); CHUNK];
        for unit in self.units {
            for first in (0..p.k / LEN).step_by(CHUNK) {
                let count = CHUNK.min(p.k / LEN - first);
                let panel = &mut panel[..count];
                for v in 0..V {
                    let blocks = first * LEN / F::LEN..(first + count) * LEN / F::LEN;
                    let tile = tile::<F, L>(p, unit * V + v, blocks, &mut edge);
                    let Some((tile, blocks)) = tile else {
                        break;
                    };
                    let sink = Fill { panel, at: 0, v };
                    l.enter(Unpack::<F, _> {
                        tile,
                        blocks,
                        sink,
                        format: PhantomData,
                    });
                }
                l.enter(Over::<F::Kind, L, V> {
                    product: p,
                    column: unit * V * L::COUNT,
                    first,
                    panel,
                    kind: PhantomData,
                });
            }
        }
    }
}

/// Rows of weights number `index * COUNT` and on, and which of their blocks are `blocks`; none where there are no rows. Where
/// there are too few for all lanes, these blocks of them, and no others, are copied to `edge` and followed by zeros.
#[inline(always)]
fn tile<'t, F: Format, L: Lanes>(
    p: Product<'t>,
    index: usize,
    blocks: Range<usize>,
    edge: &'t mut Vec<u8>,
) -> Option<(Tile<'t>, Range<usize>)> {
    let weights = p.weights.get(index * L::COUNT * p.stride..)?;
    if let Some(tile) = Tile::new(weights, L::COUNT, p.stride) {
        return Some((tile, blocks));
    }
    if weights.is_empty() {
        return None;
    }
    let stride = blocks.len() * F::BYTES;
    edge.clear();
    for row in weights.chunks_exact(p.stride) {
        edge.extend_from_slice(row.get(blocks.start * F::BYTES..blocks.end * F::BYTES)?);
    }
    edge.resize(L::COUNT * stride, 0);
    let tile = Tile::new(edge, L::COUNT, stride)?;
    Some((tile, 0..blocks.len()))
}

/// 32 numbers of `V` vectors of rows.
#[derive(Clone, Copy)]
struct Unpacked<L: Lanes, const V: usize> {
    weights: [[L::I; V]; 8],
    scales: [[L::F; V]; 2],
    least: [[L::F; V]; 2],
}

impl<L: Lanes, const V: usize> Unpacked<L, V> {
    fn new(l: L) -> Self {
        let zero = l.splat_float(0.0);
        Self {
            weights: [[l.splat(0); V]; 8],
            scales: [[zero; V]; 2],
            least: [[zero; V]; 2],
        }
    }
}

/// Unpacks some blocks of a tile.
struct Unpack<'t, F, S> {
    tile: Tile<'t>,
    blocks: Range<usize>,
    sink: S,
    format: PhantomData<F>,
}

impl<F: Format, L: Lanes, S: Sink<L>> Task<L> for Unpack<'_, F, S> {
    #[inline(always)]
    fn run(mut self, l: L) {
        for block in self.blocks {
            F::unpack(l, self.tile, block, &mut self.sink);
        }
    }
}

/// Fills vector `v` of a panel.
struct Fill<'a, L: Lanes, const V: usize> {
    panel: &'a mut [Unpacked<L, V>],
    at: usize,
    v: usize,
}

impl<L: Lanes, const V: usize> Sink<L> for Fill<'_, L, V> {
    #[inline(always)]
    fn put(&mut self, weights: [L::I; 8], scales: [L::F; 2], least: [L::F; 2]) {
        let to = &mut self.panel[self.at];
        for (to, weights) in to.weights.iter_mut().zip(weights) {
            to[self.v] = weights;
        }
        for half in 0..2 {
            to.scales[half][self.v] = scales[half];
            to.least[half][self.v] = least[half];
        }
        self.at += 1;
    }
}

/// Lets all rows of activations go over a panel.
struct Over<'p, K, L: Lanes, const V: usize> {
    product: Product<'p>,
    /// The column of the panel's first row.
    column: usize,
    /// The panel's first block.
    first: usize,
    panel: &'p [Unpacked<L, V>],
    kind: PhantomData<K>,
}

impl<K: Kind, L: Lanes, const V: usize> Task<L> for Over<'_, K, L, V> {
    #[inline(always)]
    fn run(self, l: L) {
        let p = self.product;
        for row in (0..p.m).step_by(L::ROWS) {
            match (p.m - row).min(L::ROWS) {
                1 => self.group::<1>(l, row),
                2 => self.group::<2>(l, row),
                3 => self.group::<3>(l, row),
                4 => self.group::<4>(l, row),
                5 if L::ROWS > 4 => self.group::<5>(l, row),
                6 if L::ROWS > 5 => self.group::<6>(l, row),
                _ => {}
            }
        }
    }
}

impl<K: Kind, L: Lanes, const V: usize> Over<'_, K, L, V> {
    /// `R` rows of activations.
    #[inline(always)]
    fn group<const R: usize>(&self, l: L, row: usize) {
        let p = self.product;
        // SAFETY: `Columns` has its columns for itself, and the part is used up in the next step.
        let part = |r: usize, v: usize| unsafe {
            p.out.part(row + r, self.column + v * L::COUNT, L::COUNT)
        };
        let there = |v: usize| self.column + v * L::COUNT < p.n;
        let mut sums = [[l.splat_float(0.0); V]; R];
        if self.first > 0 {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    if there(v) {
                        *sum = l.load(part(r, v));
                    }
                }
            }
        }
        let start = (row * (p.k / LEN) + self.first * R) * FIELDS;
        let x = p.x.get(start..).unwrap_or_default();
        for (x, weights) in activations::blocks::<R>(x).iter().zip(self.panel) {
            add::<K, L, R, V>(l, weights, x, &mut sums);
        }
        for (r, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                if there(v) {
                    l.store(sum, part(r, v));
                }
            }
        }
    }
}

/// Adds the products of 32 numbers.
#[inline(always)]
fn add<K: Kind, L: Lanes, const R: usize, const V: usize>(
    l: L,
    weights: &Unpacked<L, V>,
    x: &Block<R>,
    sums: &mut [[L::F; V]; R],
) {
    let halves = if K::HALVES { 2 } else { 1 };
    for half in 0..halves {
        let mut dots = [[l.splat(0); V]; R];
        for (dots, &start) in dots.iter_mut().zip(&x[8 + half]) {
            *dots = [l.splat(start); V];
        }
        for i in half * 8 / halves..(half + 1) * 8 / halves {
            for (dots, &x) in dots.iter_mut().zip(&x[i]) {
                let x = l.splat(x);
                for (dot, &weights) in dots.iter_mut().zip(&weights.weights[i]) {
                    *dot = if K::WIDE {
                        l.dot::<true>(*dot, weights, x)
                    } else {
                        l.dot::<false>(*dot, weights, x)
                    };
                }
            }
        }
        for r in 0..R {
            let scale = l.splat_float(f32::from_bits(x[10][r]));
            let back = l.splat_float(f32::from_bits(x[11][r]));
            for v in 0..V {
                let dot = l.fma(l.float(dots[r][v]), scale, back);
                sums[r][v] = l.fma(dot, weights.scales[half][v], sums[r][v]);
                if K::LEAST {
                    let sum = l.splat_float(f32::from_bits(x[12 + half][r]));
                    sums[r][v] = l.fma(sum, weights.least[half][v], sums[r][v]);
                }
            }
        }
    }
}

/// Multiplies what comes with one row of activations.
struct Dot<'x, K, L: Lanes> {
    lanes: L,
    x: std::slice::Iter<'x, Block<1>>,
    sum: L::F,
    kind: PhantomData<K>,
}

impl<K: Kind, L: Lanes> Sink<L> for Dot<'_, K, L> {
    #[inline(always)]
    fn put(&mut self, weights: [L::I; 8], scales: [L::F; 2], least: [L::F; 2]) {
        let Some(x) = self.x.next() else {
            return;
        };
        let unpacked = Unpacked {
            weights: weights.map(|weights| [weights]),
            scales: scales.map(|scale| [scale]),
            least: least.map(|least| [least]),
        };
        let mut sums = [[self.sum; 1]; 1];
        add::<K, L, 1, 1>(self.lanes, &unpacked, x, &mut sums);
        self.sum = sums[0][0];
    }
}

/// All of one row of activations with one vector of rows of weights.
struct Single<'p, F, L> {
    tile: Tile<'p>,
    x: &'p [Block<1>],
    out: &'p mut [f32],
    format: PhantomData<(F, L)>,
}

impl<F: Format, L: Lanes> Task<L> for Single<'_, F, L> {
    #[inline(always)]
    fn run(self, l: L) {
        let mut sink = Dot::<F::Kind, L> {
            lanes: l,
            x: self.x.iter(),
            sum: l.splat_float(0.0),
            kind: PhantomData,
        };
        let step = F::BYTES * L::COUNT;
        for block in 0..self.x.len() * LEN / F::LEN {
            // Tiles lie one after the other, so while this one is read in as many places as there are lanes, the next comes in
            // one stretch. Asked for before this block is read: behind its loads it would come too late.
            l.prefetch(self.tile.end().wrapping_add(block * step), step);
            F::unpack(l, self.tile, block, &mut sink);
        }
        l.store(sink.sum, self.out);
    }
}

#[inline(always)]
fn single<F: Format, L: Lanes>(l: L, p: Product<'_>, index: usize, edge: &mut Vec<u8>) {
    let Some((tile, _)) = tile::<F, L>(p, index, 0..p.k / F::LEN, edge) else {
        return;
    };
    l.enter(Single::<F, L> {
        tile,
        x: activations::blocks::<1>(p.x),
        // SAFETY: `Columns` has its columns for itself, and the part is used up in this step.
        out: unsafe { p.out.part(0, index * L::COUNT, L::COUNT) },
        format: PhantomData,
    });
}
