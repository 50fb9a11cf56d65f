//! The keys and values of all positions so far, for every layer.
//!
//! Allocated once for the whole context, from pages that the operating system hands out as they are first
//! written: a long context costs memory only as far as it is used. Layout per layer: `[kv head][position]
//! [head length]`, so that attention over one head reads one unbroken stretch.

use memmap2::MmapMut;

use super::ModelError;

/// Keys and values for `context` positions of every layer.
pub(super) struct Cache {
    map: MmapMut,
    layers: usize,
    pub(super) heads: usize,
    pub(super) head_len: usize,
    pub(super) context: usize,
}

impl Cache {
    pub(super) fn new(
        layers: usize,
        heads: usize,
        head_len: usize,
        context: usize,
    ) -> Result<Self, ModelError> {
        let bytes = [2, layers, heads, head_len, context, size_of::<f32>()]
            .iter()
            .try_fold(1u64, |product, &factor| product.checked_mul(factor as u64));
        let memory = || ModelError::Memory {
            context,
            bytes: bytes.unwrap_or(u64::MAX),
        };
        let len = bytes
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or_else(memory)?;
        let map = MmapMut::map_anon(len.max(1)).map_err(|_| memory())?;
        Ok(Self {
            map,
            layers,
            heads,
            head_len,
            context,
        })
    }

    /// Keys and values of one layer.
    pub(super) fn layer(&mut self, layer: usize) -> LayerCache<'_> {
        let half = self.heads * self.context * self.head_len;
        debug_assert!(layer < self.layers);
        // SAFETY: the map is page-aligned and holds `layers * 2 * half` floats (see `new`); every bit pattern
        // is a float; the borrow of `self` is kept by the result.
        let floats = unsafe {
            std::slice::from_raw_parts_mut(
                self.map.as_mut_ptr().cast::<f32>(),
                self.layers * 2 * half,
            )
        };
        let (keys, values) = floats[layer * 2 * half..(layer + 1) * 2 * half].split_at_mut(half);
        LayerCache {
            keys,
            values,
            heads: self.heads,
            head_len: self.head_len,
            context: self.context,
        }
    }
}

/// One layer's part of the cache.
pub(super) struct LayerCache<'c> {
    keys: &'c mut [f32],
    values: &'c mut [f32],
    heads: usize,
    head_len: usize,
    context: usize,
}

impl LayerCache<'_> {
    /// Stores the keys and values (`[m][kv head][head length]`) of the positions from `pos`.
    pub(super) fn store(&mut self, pos: usize, keys: &[f32], values: &[f32]) {
        let width = self.heads * self.head_len;
        let rows = keys.chunks_exact(width).zip(values.chunks_exact(width));
        for (at, (key, value)) in rows.enumerate() {
            for head in 0..self.heads {
                let from = head * self.head_len..(head + 1) * self.head_len;
                let to = (head * self.context + pos + at) * self.head_len;
                self.keys[to..to + self.head_len].copy_from_slice(&key[from.clone()]);
                self.values[to..to + self.head_len].copy_from_slice(&value[from]);
            }
        }
    }

    /// Keys and values of one head for the positions in `range`.
    pub(super) fn head(&self, head: usize, range: std::ops::Range<usize>) -> (&[f32], &[f32]) {
        let start = (head * self.context + range.start) * self.head_len;
        let end = (head * self.context + range.end) * self.head_len;
        (&self.keys[start..end], &self.values[start..end])
    }

    pub(super) fn head_len(&self) -> usize {
        self.head_len
    }

    pub(super) fn heads(&self) -> usize {
        self.heads
    }
}
