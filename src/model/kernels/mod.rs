//! What the time goes into: products of packed weights with activations, `out[m][n] = x[m][k] * weights[n][k]^T`, straight from the
//! file's own blocks, and attention.
//!
//! `activations` rounds the activations to bytes, `formats` unpacks weights to bytes, `product` multiplies; `attention` works on floats. All are written in terms
//! of `lanes` and compiled for each instruction set (`avx512`, `avx2`, `neon`, `portable`), of which the machine's best is chosen when
//! the first product is asked for.
//!
//! What always holds:
//! - a result does not depend on the number of threads, on the number of rows of activations, or on the instruction set, to the bit;
//! - nothing of the weights is kept unpacked, and no memory is taken for a product but the activations', which is kept.
//!
//! It cannot fail: shapes are held against the slices before anything is read, and what does not fit is left to the caller.

mod activations;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod formats;
mod lanes;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod product;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::OnceLock;

use candle_core::utils::barrier_pool;

use self::activations::{FIELDS, LEN, Pack, Wanted};
use self::attention::Queries;
pub(super) use self::attention::{Attention, MAX_HEAD_LEN, SIDE};
use self::formats::{Format, Kind};
use self::lanes::Lanes;
use self::portable::Portable;
use self::product::{Columns, Out, Product};
use super::cache::LayerCache;
use super::gguf::DType;

/// Products of fewer multiplications are done by the calling thread: they take some ten microseconds, and
/// waking another thread on a busy machine may take a hundred times as long.
const SMALL: usize = 512 * 1024;

/// Fewer activations than these are packed by the calling thread.
const SMALL_PACK: usize = 64 * 1024;

/// Rows and lengths: `m` rows of activations, `n` rows of weights, all of `k` numbers.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
}

/// An instruction set.
#[derive(Clone, Copy)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(avx2::Avx2<true>),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2<false>),
    #[cfg(target_arch = "aarch64")]
    NeonDot(neon::Neon<true>),
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon<false>),
    Portable(Portable),
}

impl Set {
    /// All that the machine has, the best first.
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(avx512::Avx512::detect().map(Self::Avx512));
            all.extend(avx2::Avx2::detect().map(Self::AvxVnni));
            all.extend(avx2::Avx2::detect().map(Self::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        {
            all.extend(neon::Neon::detect().map(Self::NeonDot));
            all.extend(neon::Neon::detect().map(Self::Neon));
        }
        all.push(Self::Portable(Portable));
        all
    }

    fn best() -> Self {
        static BEST: OnceLock<Set> = OnceLock::new();
        *BEST.get_or_init(|| Self::all()[0])
    }
}

/// Multiplies. `None` where there is no kernel for the type, or the slices do not fit the shape.
pub(super) fn multiply(
    dtype: DType,
    shape: Shape,
    weights: &[u8],
    x: &[f32],
    out: &mut [f32],
) -> Option<()> {
    with_set(Set::best(), dtype, shape, weights, x, out)
}

fn with_set(
    set: Set,
    dtype: DType,
    shape: Shape,
    weights: &[u8],
    x: &[f32],
    out: &mut [f32],
) -> Option<()> {
    /// The kernel of a format for each set. A vector of AVX-512 leaves room for two of weights in a panel.
    macro_rules! run {
        ($format:ty) => {
            match set {
                #[cfg(target_arch = "x86_64")]
                Set::Avx512(l) => run::<$format, _, 2>(l, shape, weights, x, out),
                #[cfg(target_arch = "x86_64")]
                Set::AvxVnni(l) => run::<$format, _, 1>(l, shape, weights, x, out),
                #[cfg(target_arch = "x86_64")]
                Set::Avx2(l) => run::<$format, _, 1>(l, shape, weights, x, out),
                #[cfg(target_arch = "aarch64")]
                Set::NeonDot(l) => run::<$format, _, 1>(l, shape, weights, x, out),
                #[cfg(target_arch = "aarch64")]
                Set::Neon(l) => run::<$format, _, 1>(l, shape, weights, x, out),
                Set::Portable(l) => run::<$format, _, 1>(l, shape, weights, x, out),
            }
        };
    }
    match dtype {
        DType::Q4_0 => run!(formats::Q4_0),
        DType::Q4_1 => run!(formats::Q4_1),
        DType::Q5_0 => run!(formats::Q5_0),
        DType::Q5_1 => run!(formats::Q5_1),
        DType::Q8_0 => run!(formats::Q8_0),
        DType::Q2_K => run!(formats::Q2K),
        DType::Q3_K => run!(formats::Q3K),
        DType::Q4_K => run!(formats::Q4K),
        DType::Q5_K => run!(formats::Q5K),
        DType::Q6_K => run!(formats::Q6K),
        DType::IQ4_NL => run!(formats::Iq4Nl),
        DType::MXFP4 => run!(formats::MxFp4),
        _ => None,
    }
}

thread_local! {
    /// Packed activations: as many words as the largest product of this thread wanted.
    static SCRATCH: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
}

fn run<F: Format, L: Lanes, const V: usize>(
    l: L,
    shape: Shape,
    weights: &[u8],
    x: &[f32],
    out: &mut [f32],
) -> Option<()> {
    let Shape { m, k, n } = shape;
    if k == 0 || !k.is_multiple_of(F::LEN) {
        return None;
    }
    let stride = (k / F::LEN).checked_mul(F::BYTES)?;
    let weights = weights.get(..n.checked_mul(stride)?)?;
    let x = x.get(..m.checked_mul(k)?)?;
    let out = Out::new(out, m, n)?;
    if m == 0 || n == 0 {
        return Some(());
    }
    let mut scratch = SCRATCH.take();
    let words = m * (k / LEN) * FIELDS;
    if scratch.len() < words {
        scratch.resize(words, 0);
    }
    pack::<F, L>(l, k, x, &mut scratch[..words]);
    let product = Product {
        weights,
        stride,
        m,
        k,
        n,
        x: &scratch[..words],
        out,
    };
    let columns = |units| {
        Columns::<F, V> {
            product,
            units,
            format: PhantomData,
        }
        .run(l);
    };
    let units = n.div_ceil(V * L::COUNT);
    if m.saturating_mul(k).saturating_mul(n) < SMALL {
        columns(0..units);
    } else {
        barrier_pool().execute_chunked(units, columns);
    }
    SCRATCH.set(scratch);
    Some(())
}

/// Packs the activations, `L::ROWS` rows at a time.
fn pack<F: Format, L: Lanes>(l: L, k: usize, x: &[f32], out: &mut [u32]) {
    let wanted = Wanted {
        offset: F::OFFSET + if F::Kind::WIDE { L::SIGNED_OFFSET } else { 0 },
        halves: F::Kind::HALVES,
    };
    let rows = x.len() / k;
    let group_words = L::ROWS * (k / LEN) * FIELDS;
    let group = |index: usize, out: &mut [u32]| {
        let last = ((index + 1) * L::ROWS).min(rows);
        let x = &x[index * L::ROWS * k..last * k];
        l.enter(Pack { x, k, wanted, out });
    };
    if x.len() < SMALL_PACK {
        for (index, out) in out.chunks_mut(group_words).enumerate() {
            group(index, out);
        }
        return;
    }
    let (start, len) = (out.as_mut_ptr() as usize, out.len());
    barrier_pool().execute_chunked(rows.div_ceil(L::ROWS), |groups| {
        for index in groups {
            let first = index * group_words;
            let words = group_words.min(len - first);
            // SAFETY: the stretch lies inside of `out`, no other group's overlaps, the pool gives each index to one thread only
            // and returns before the borrow of `out` ends.
            let out =
                unsafe { std::slice::from_raw_parts_mut((start as *mut u32).add(first), words) };
            group(index, out);
        }
    });
}

/// Queries of one key head that a thread takes at a time.
const QUERIES: usize = 16;

/// Attention: see `ops::attention`. `alone`: it is too little to wake another thread.
pub(super) fn attend(
    how: Attention,
    q: &[f32],
    cache: &LayerCache<'_>,
    pos: usize,
    out: &mut [f32],
    alone: bool,
) {
    attend_with(Set::best(), how, q, cache, pos, out, alone);
}

fn attend_with(
    set: Set,
    how: Attention,
    q: &[f32],
    cache: &LayerCache<'_>,
    pos: usize,
    out: &mut [f32],
    alone: bool,
) {
    let (heads, head_len) = (cache.heads(), cache.head_len());
    let (m, group) = (q.len() / (how.heads * head_len), how.heads / heads);
    let Some(out) = Out::new(out, m * how.heads, head_len) else {
        return;
    };
    let parts = (m * group).div_ceil(QUERIES);
    let some = |units: std::ops::Range<usize>| {
        for unit in units {
            // The latest first, which see the most.
            let (head, part) = (unit % heads, parts - 1 - unit / heads);
            let (keys, values) = cache.head(head);
            let queries = Queries {
                how,
                head,
                group,
                which: part * QUERIES..((part + 1) * QUERIES).min(m * group),
                q,
                head_len,
                pos,
                keys,
                values,
                out,
            };
            match set {
                #[cfg(target_arch = "x86_64")]
                Set::Avx512(l) => l.enter(queries),
                #[cfg(target_arch = "x86_64")]
                Set::AvxVnni(l) => l.enter(queries),
                #[cfg(target_arch = "x86_64")]
                Set::Avx2(l) => l.enter(queries),
                #[cfg(target_arch = "aarch64")]
                Set::NeonDot(l) => l.enter(queries),
                #[cfg(target_arch = "aarch64")]
                Set::Neon(l) => l.enter(queries),
                Set::Portable(l) => l.enter(queries),
            }
        }
    };
    match alone {
        true => some(0..heads * parts),
        false => barrier_pool().execute_chunked(heads * parts, some),
    }
}
