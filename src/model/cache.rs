//! The keys and values of all positions so far, for every layer.
//!
//! Allocated once for the whole context, from pages that the operating system hands out as they are first
//! written: a long context costs memory only as far as it is used. Layout per layer: values `[kv head][position]
//! [head length]`, keys `[kv head][position / SIDE][head length][SIDE]`, so that attention over one head reads
//! one unbroken stretch and finds number `i` of the keys of many positions side by side.

use memmap2::MmapMut;

use super::ModelError;
use super::kernels::SIDE;

/// Keys and values for `context` positions of every layer.
pub(super) struct Cache {
    map: MmapMut,
    layers: usize,
    pub(super) heads: usize,
    pub(super) head_len: usize,
    pub(super) context: usize,
    /// The context in whole stretches of `SIDE` positions.
    room: usize,
}

impl Cache {
    pub(super) fn new(
        layers: usize,
        heads: usize,
        head_len: usize,
        context: usize,
    ) -> Result<Self, ModelError> {
        let room = context.saturating_add(SIDE - 1) / SIDE * SIDE;
        let bytes = [2, layers, heads, head_len, room, size_of::<f32>()]
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
            room,
        })
    }

    /// Keys and values of one layer.
    pub(super) fn layer(&mut self, layer: usize) -> LayerCache<'_> {
        let half = self.heads * self.room * self.head_len;
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
            room: self.room,
        }
    }
}

/// One layer's part of the cache.
pub(super) struct LayerCache<'c> {
    keys: &'c mut [f32],
    values: &'c mut [f32],
    heads: usize,
    head_len: usize,
    room: usize,
}

impl LayerCache<'_> {
    /// Stores the keys and values (`[m][kv head][head length]`) of the positions from `pos`.
    pub(super) fn store(&mut self, pos: usize, keys: &[f32], values: &[f32]) {
        let (width, len) = (self.heads * self.head_len, self.head_len);
        let rows = keys.chunks_exact(width).zip(values.chunks_exact(width));
        for (at, (key, value)) in rows.enumerate() {
            let position = pos + at;
            let heads = key.chunks_exact(len).zip(value.chunks_exact(len));
            for (head, (key, value)) in heads.enumerate() {
                let start = head * self.room * len;
                let to = start + position * len;
                self.values[to..to + len].copy_from_slice(value);
                let to = start + position / SIDE * SIDE * len + position % SIDE;
                let places = self.keys[to..].iter_mut().step_by(SIDE);
                for (place, &x) in places.zip(key) {
                    *place = x;
                }
            }
        }
    }

    /// Keys and values of one head, as they are laid out.
    pub(super) fn head(&self, head: usize) -> (&[f32], &[f32]) {
        let all = head * self.room * self.head_len..(head + 1) * self.room * self.head_len;
        (&self.keys[all.clone()], &self.values[all])
    }

    pub(super) fn head_len(&self) -> usize {
        self.head_len
    }

    pub(super) fn heads(&self) -> usize {
        self.heads
    }
}
