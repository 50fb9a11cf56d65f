//! The small operations between the matrix products: norm, attention, activation.
//!
//! All work on rows of `f32` and are split over threads by rows; a row is always computed by one thread in
//! one order, so the result does not depend on how many threads there are.

use candle_core::utils::barrier_pool;

use super::cache::LayerCache;
use super::kernels;
pub(super) use super::kernels::{Attention, MAX_HEAD_LEN};

/// Less work than this (in multiplications) is not worth waking another thread.
const SMALL: usize = 128 * 1024;

/// Calls `row(index, slice)` for each row of `out`, in parallel. `cost` is the work per row in about as many
/// multiplications.
fn for_rows(out: &mut [f32], width: usize, cost: usize, row: impl Fn(usize, &mut [f32]) + Sync) {
    let rows = out.len() / width;
    if rows == 1 || rows.saturating_mul(cost) < SMALL {
        for (index, slice) in out.chunks_exact_mut(width).enumerate() {
            row(index, slice);
        }
        return;
    }
    let base = out.as_mut_ptr() as usize;
    barrier_pool().execute_chunked(rows, |range| {
        for index in range {
            // SAFETY: `index < rows`, so the slice lies inside `out`; the pool gives each index to one
            // thread only and returns before the borrow of `out` ends.
            let slice = unsafe {
                std::slice::from_raw_parts_mut((base as *mut f32).add(index * width), width)
            };
            row(index, slice);
        }
    });
}

/// Root mean square norm (Zhang and Sennrich 2019): `out = x / sqrt(mean(x^2) + eps) * weight`, row by row.
pub(super) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let width = weight.len();
    for_rows(&mut out[..x.len()], width, 2 * width, |index, out| {
        out.copy_from_slice(&x[index * width..(index + 1) * width]);
        rms_norm_row(out, weight, eps);
    });
}

/// [`rms_norm`] of each stretch of `weight.len()` numbers, in place: the norm of single heads.
pub(super) fn rms_norm_in_place(x: &mut [f32], weight: &[f32], eps: f32) {
    let width = weight.len();
    for_rows(x, width, 2 * width, |_, row| rms_norm_row(row, weight, eps));
}

fn rms_norm_row(row: &mut [f32], weight: &[f32], eps: f32) {
    let squares: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let scale = 1.0 / (squares / row.len() as f64 + f64::from(eps)).sqrt();
    for (x, weight) in row.iter_mut().zip(weight) {
        *x = (f64::from(*x) * scale) as f32 * weight;
    }
}

/// `x += y`.
pub(super) fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// Adds `bias` to each row.
pub(super) fn add_bias(x: &mut [f32], bias: &[f32]) {
    for row in x.chunks_exact_mut(bias.len()) {
        add(row, bias);
    }
}

/// `gate = silu(gate) * up`, the gated unit of Shazeer 2020.
pub(super) fn silu_gate(gate: &mut [f32], up: &[f32], width: usize) {
    for_rows(gate, width, 8 * width, |index, gate| {
        let up = &up[index * width..(index + 1) * width];
        for (gate, up) in gate.iter_mut().zip(up) {
            *gate = *gate / (1.0 + (-*gate).exp()) * up;
        }
    });
}

/// `gate = gelu(gate) * up` with the tangent form of Hendrycks and Gimpel 2016.
pub(super) fn gelu_gate(gate: &mut [f32], up: &[f32], width: usize) {
    for_rows(gate, width, 8 * width, |index, gate| {
        let up = &up[index * width..(index + 1) * width];
        for (gate, up) in gate.iter_mut().zip(up) {
            let x = *gate;
            let inner = (2.0 / std::f32::consts::PI).sqrt() * x * (1.0 + 0.044_715 * x * x);
            *gate = 0.5 * x * (1.0 + inner.tanh()) * up;
        }
    });
}

/// Causal attention with grouped queries (Ainslie et al. 2023): for each row of `q`
/// (`[m][heads][head_len]`, at the positions from `pos`) the average of the cached values, weighted by
/// `softmax(scale * q * keys)`, over all positions up to its own, or the last `window` of them.
pub(super) fn attention(
    how: Attention,
    q: &[f32],
    cache: &LayerCache<'_>,
    pos: usize,
    out: &mut [f32],
) {
    let seen = how.window.unwrap_or(usize::MAX).min(pos + 1);
    let alone = (2 * q.len()).saturating_mul(seen) < SMALL;
    kernels::attend(how, q, cache, pos, &mut out[..q.len()], alone);
}

#[cfg(test)]
mod tests {
    use super::super::cache::Cache;
    use super::*;

    fn close(a: &[f32], b: &[f32]) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() < 1e-5, "{a} is not {b}");
        }
    }

    #[test]
    fn norm_has_unit_mean_square() {
        let mut out = [0.0; 4];
        rms_norm(&[3.0, -3.0, 1.0, 1.0], &[1.0, 2.0], 0.0, &mut out);
        close(&out, &[1.0, -2.0, 1.0, 2.0]);
        rms_norm(&[0.0; 4], &[1.0, 2.0], 1e-5, &mut out);
        close(&out, &[0.0; 4]);
    }

    /// The textbook's formula with all scores at once.
    fn plain_attention(q: &[f32], keys: &[f32], values: &[f32], n: usize, scale: f32) -> Vec<f32> {
        let scores: Vec<f32> = keys
            .chunks(q.len())
            .map(|key| (scale * key.iter().zip(q).map(|(a, b)| a * b).sum::<f32>()).exp())
            .collect();
        let total: f32 = scores.iter().sum();
        (0..q.len())
            .map(|i| {
                (0..n)
                    .map(|j| scores[j] / total * values[j * q.len() + i])
                    .sum()
            })
            .collect()
    }

    #[test]
    fn attention_is_the_weighted_average() {
        // More positions than a block, two query heads per cached head, a window.
        let (head_len, n) = (8, 150);
        let mut cache = Cache::new(1, 1, head_len, n).unwrap();
        let noise = |i: usize| ((i * 7919 % 1000) as f32) / 500.0 - 1.0;
        let keys: Vec<f32> = (0..n * head_len).map(noise).collect();
        let values: Vec<f32> = (0..n * head_len).map(|i| noise(i + 31)).collect();
        let q: Vec<f32> = (0..2 * head_len).map(|i| 3.0 * noise(i + 77)).collect();
        cache.layer(0).store(0, &keys, &values);
        let layer = cache.layer(0);
        for (window, first) in [(None, 0), (Some(5), n - 5), (Some(1000), 0)] {
            let mut out = vec![0.0; 2 * head_len];
            let how = Attention {
                heads: 2,
                scale: 0.35,
                cap: None,
                window,
            };
            attention(how, &q, &layer, n - 1, &mut out);
            for head in 0..2 {
                let part = head * head_len..(head + 1) * head_len;
                let expected = plain_attention(
                    &q[part.clone()],
                    &keys[first * head_len..],
                    &values[first * head_len..],
                    n - first,
                    0.35,
                );
                close(&out[part], &expected);
            }
        }
    }

    #[test]
    fn gates_are_silu_or_gelu_times_up() {
        let mut gate = [0.0, 1.0, -1.0];
        silu_gate(&mut gate, &[5.0, 2.0, 2.0], 3);
        close(&gate, &[0.0, 1.462_117_2, -0.537_882_8]);
        let mut gate = [0.0, 1.0, -1.0];
        gelu_gate(&mut gate, &[5.0, 2.0, 2.0], 3);
        close(&gate, &[0.0, 1.682_384, -0.317_616]);
    }
}
