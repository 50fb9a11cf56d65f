//! Every kernel against a plain sum in double precision, and every instruction set against the portable one.

use half::f16;
use proptest::prelude::*;

use super::activations::LEN;
use super::*;
use crate::model::weights::unpack;

/// The types, and where the `f16` of their blocks are.
const TYPES: [(DType, &[usize]); 12] = [
    (DType::Q4_0, &[0]),
    (DType::Q4_1, &[0, 2]),
    (DType::Q5_0, &[0]),
    (DType::Q5_1, &[0, 2]),
    (DType::Q8_0, &[0]),
    (DType::Q2_K, &[80, 82]),
    (DType::Q3_K, &[108]),
    (DType::Q4_K, &[0, 2]),
    (DType::Q5_K, &[0, 2]),
    (DType::Q6_K, &[208]),
    (DType::IQ4_NL, &[0]),
    (DType::MXFP4, &[]),
];

/// Numbers like random ones, by the generator of Steele, Lea and Flood 2014.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From -1 to 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Rows of blocks with the bytes of `byte` and the scales of `scale`.
fn blocks(
    (dtype, scales): (DType, &[usize]),
    k: usize,
    n: usize,
    mut byte: impl FnMut() -> u8,
    mut scale: impl FnMut() -> f16,
) -> Vec<u8> {
    let (len, size) = (dtype.block_len() as usize, dtype.block_bytes() as usize);
    let mut bytes: Vec<u8> = (0..k / len * size * n).map(|_| byte()).collect();
    for block in bytes.chunks_exact_mut(size) {
        for &at in scales {
            block[at..at + 2].copy_from_slice(&scale().to_le_bytes());
        }
        if scales.is_empty() {
            // A power of two: MXFP4.
            block[0] = 1 + (block[0] & 127);
        }
    }
    bytes
}

/// The activations as `activations` says: scales per 32 with 22 significant bits, bytes rounded to the nearest.
fn rounded(x: &[f32]) -> Vec<f64> {
    let round = |x: &[f32]| -> Vec<f64> {
        let largest = x.iter().fold(0.0f32, |a, x| a.max(x.abs()));
        if largest < 1e-30 {
            return vec![0.0; x.len()];
        }
        let scale = f32::from_bits((largest / 127.0).to_bits() & !3);
        let inverse = 1.0 / scale;
        let byte = |x: &f32| (f64::from(*x) * f64::from(inverse)).round_ties_even();
        x.iter().map(|x| byte(x) * f64::from(scale)).collect()
    };
    x.chunks_exact(LEN).flat_map(round).collect()
}

/// Each result with the sum of the sizes of what is added up in it.
fn plain(dtype: DType, Shape { m, k, n }: Shape, weights: &[u8], x: &[f32]) -> Vec<(f64, f64)> {
    let mut wide = vec![0.0; k * n];
    unpack(dtype, weights, &mut wide).unwrap();
    let x = rounded(&x[..m * k]);
    let mut out = Vec::new();
    for x in x.chunks_exact(k) {
        for w in wide.chunks_exact(k) {
            let products = || w.iter().zip(x).map(|(w, x)| f64::from(*w) * x);
            out.push((products().sum(), products().map(f64::abs).sum()));
        }
    }
    out
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// Holds all sets against the plain sum and each other.
fn check(dtype: DType, shape: Shape, weights: &[u8], x: &[f32]) {
    let Shape { m, k, n } = shape;
    let expected = plain(dtype, shape, weights, x);
    let mut first: Option<Vec<f32>> = None;
    for set in Set::all().into_iter().rev() {
        let mut out = vec![f32::NAN; m * n];
        with_set(set, dtype, shape, weights, x, &mut out).unwrap();
        for (at, (found, (sum, size))) in out.iter().zip(&expected).enumerate() {
            // Offsets and minimums are taken off afterwards, so what is added up may be sixteen times as large; and below
            // the normal numbers steps are absolute.
            let slack = 16.0 * size * 2e-7 * (1.0 + (k / LEN) as f64 / 16.0) + 1e-36 * k as f64;
            let off = (f64::from(*found) - sum).abs();
            assert!(
                off <= slack,
                "{} {m}x{k}x{n} at {at}: {found}, not {sum} (slack {slack:e})",
                dtype.name()
            );
        }
        // A row on its own gives what it gives among others.
        let mut alone = vec![f32::NAN; n];
        let one = Shape { m: 1, ..shape };
        for row in [0, m - 1] {
            with_set(set, dtype, one, weights, &x[row * k..], &mut alone).unwrap();
            assert_eq!(bits(&alone), bits(&out[row * n..][..n]), "{}", dtype.name());
        }
        match &first {
            Some(first) => assert_eq!(bits(first), bits(&out), "{}", dtype.name()),
            None => first = Some(out),
        }
    }
}

#[test]
fn products_are_those_of_the_unpacked_weights() {
    let mut noise = Noise(1);
    for types in TYPES {
        let len = types.0.block_len() as usize;
        for (m, blocks_of_row, n) in [
            (1, 1, 1),
            (2, 3, 15),
            (3, 2, 16),
            (5, 1, 17),
            (6, 5, 31),
            (7, 2, 33),
            (31, 1, 47),
            (33, 3, 5),
        ] {
            // At least once more numbers than a panel has.
            let k = match len {
                32 => 7 * blocks_of_row * len,
                _ => blocks_of_row * len,
            };
            let mut other = Noise(noise.next());
            let weights = blocks(
                types,
                k,
                n,
                || noise.next() as u8,
                || f16::from_f32(0.1 * other.unit()),
            );
            let x: Vec<f32> = (0..m * k).map(|_| noise.unit()).collect();
            check(types.0, Shape { m, k, n }, &weights, &x);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The ends of what blocks and activations can hold.
    #[test]
    fn extremes_are_exact(
        bytes in proptest::collection::vec(prop_oneof![Just(0u8), Just(0x7f), Just(0x80), Just(0xff), any::<u8>()], 8),
        scales in proptest::collection::vec(
            prop_oneof![Just(0u16), Just(1), Just(0x8001), Just(0x03ff), Just(0x7bff), Just(0xfbff), Just(0x3c00)], 5),
        values in proptest::collection::vec(
            prop_oneof![Just(0.0f32), Just(1.0), Just(-1.0), Just(1e12), Just(-1e12), Just(1e-29), Just(1e-31), Just(f32::MIN_POSITIVE), Just(1e-40), -1.0f32..1.0], 1..9),
    ) {
        for types in TYPES {
            let shape = Shape { m: 2, k: 256, n: 3 };
            let (mut byte, mut scale) = (bytes.iter().cycle(), scales.iter().cycle());
            let weights = blocks(
                types, shape.k, shape.n,
                || *byte.next().unwrap(),
                || f16::from_bits(*scale.next().unwrap()),
            );
            let x: Vec<f32> = values.iter().cycle().take(512).copied().collect();
            check(types.0, shape, &weights, &x);
        }
    }
}

#[test]
fn what_is_no_number_stays_none() {
    for set in Set::all() {
        for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e31] {
            let mut x = [[x; 32], [1.0; 32]].concat();
            x[1] = 1.0;
            let mut out = [0.0; 2];
            let weights = [[0, 0x3c].as_slice(), &[1; 32]].concat();
            let shape = Shape { m: 2, k: 32, n: 1 };
            with_set(set, DType::Q8_0, shape, &weights, &x, &mut out).unwrap();
            assert!(out[0].is_nan());
            assert!((out[1] - 32.0).abs() < 1e-5);
        }
    }
}

#[test]
fn what_does_not_fit_is_left_to_the_caller() {
    let (weights, x, mut out) = ([0; 34 * 4], [0.0; 64], [0.0; 4]);
    let mut run = |dtype, m, k, n| {
        let shape = Shape { m, k, n };
        multiply(dtype, shape, &weights, &x, &mut out).is_some()
    };
    assert!(run(DType::Q8_0, 2, 32, 2));
    assert!(!run(DType::F16, 2, 32, 2));
    assert!(!run(DType::Q8_0, 2, 33, 2));
    assert!(!run(DType::Q8_0, 3, 32, 1));
    assert!(!run(DType::Q8_0, 1, 32, 5));
    assert!(!run(DType::Q8_0, 1, 64, 3));
    assert!(!run(DType::Q8_0, 0, 0, usize::MAX));
    assert!(!run(DType::Q8_0, usize::MAX, 32, 1));
    assert!(!run(DType::Q6_K, 1, 32, 1));
    // Nothing to do, and numbers that no machine has room for.
    assert!(run(DType::Q8_0, 0, 32, 1) && run(DType::Q8_0, 2, 32, 0));
    assert!(!run(DType::Q8_0, 0, 17_361_641_481_138_401_536, 1));
    assert!(run(DType::Q8_0, 0, 1 << 63, 0));
}

/// A scale that says that its numbers are none makes none, in every set.
#[test]
fn what_mxfp4_says_is_no_number_stays_none() {
    for set in Set::all() {
        let (weights, x, mut out) = ([[255; 17], [127; 17]].concat(), [-1.0; 64], [0.0; 4]);
        let shape = Shape { m: 2, k: 32, n: 2 };
        with_set(set, DType::MXFP4, shape, &weights, &x, &mut out).unwrap();
        assert!(out[0].is_nan() && out[1].is_finite());
        assert!(out[2].is_nan() && out[3].is_finite());
    }
}

/// Many rows of activations are packed by several threads; few, by one.
#[test]
fn rows_packed_together_are_those_packed_alone() {
    let mut noise = Noise(9);
    let (k, n) = (512, 18);
    let types = TYPES[0];
    let weights = blocks(types, k, n, || (k % 251) as u8, || f16::from_f32(0.1));
    let m = super::SMALL_PACK / k + 12;
    let x: Vec<f32> = (0..m * k).map(|_| noise.unit()).collect();
    let mut together = vec![0.0; m * n];
    multiply(types.0, Shape { m, k, n }, &weights, &x, &mut together).unwrap();
    for (x, together) in x.chunks_exact(k).zip(together.chunks_exact(n)) {
        let mut alone = vec![0.0; n];
        multiply(types.0, Shape { m: 1, k, n }, &weights, x, &mut alone).unwrap();
        assert_eq!(bits(&alone), bits(together));
    }
}

/// Each query by itself, in double precision and with all scores at once.
fn plain_attention(
    how: Attention,
    q: &[f32],
    keys: &[f32],
    values: &[f32],
    pos: usize,
    kv: usize,
    len: usize,
) -> Vec<f64> {
    let width = kv * len;
    let mut out = Vec::new();
    for (index, q) in q.chunks_exact(len).enumerate() {
        let (row, head) = (index / how.heads, index % how.heads / (how.heads / kv));
        let last = pos + row;
        let first = how.window.map_or(0, |n| (last + 1).saturating_sub(n));
        let score = |at: usize| {
            let key = &keys[at * width + head * len..][..len];
            let dot: f64 = key
                .iter()
                .zip(q)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum();
            let score = f64::from(how.scale) * dot;
            how.cap
                .map_or(score, |cap| {
                    f64::from(cap) * (score / f64::from(cap)).tanh()
                })
                .exp()
        };
        let scores: Vec<f64> = (first..=last).map(score).collect();
        let total: f64 = scores.iter().sum();
        out.extend((0..len).map(|i| {
            let value = |at: usize| f64::from(values[at * width + head * len + i]);
            scores
                .iter()
                .zip(first..)
                .map(|(s, at)| s / total * value(at))
                .sum::<f64>()
        }));
    }
    out
}

#[test]
fn attention_is_the_weighted_average() {
    let mut noise = Noise(5);
    for (len, kv, group, pos, m) in [
        (8, 1, 2, 0, 1),
        (8, 2, 1, 149, 1),
        (64, 2, 7, 60, 5),
        (40, 1, 4, 0, 70),
        (128, 1, 3, 15, 20),
        (33, 3, 1, 63, 2),
    ] {
        let positions = pos + m;
        let mut cache = crate::model::cache::Cache::new(1, kv, len, positions).unwrap();
        let mut numbers = |n: usize| -> Vec<f32> { (0..n).map(|_| noise.unit()).collect() };
        let (keys, values) = (numbers(positions * kv * len), numbers(positions * kv * len));
        let q: Vec<f32> = numbers(m * kv * group * len)
            .iter()
            .map(|x| 4.0 * x)
            .collect();
        let mut layer = cache.layer(0);
        layer.store(0, &keys, &values);
        for (window, cap) in [
            (None, None),
            (Some(5), None),
            (Some(1000), Some(2.0)),
            (Some(65), None),
        ] {
            let how = Attention {
                heads: kv * group,
                scale: 0.3,
                cap,
                window,
            };
            let expected = plain_attention(how, &q, &keys, &values, pos, kv, len);
            let mut first: Option<Vec<f32>> = None;
            for set in Set::all() {
                let mut out = vec![f32::NAN; q.len()];
                attend_with(set, how, &q, &layer, pos, &mut out, false);
                for (a, b) in out.iter().zip(&expected) {
                    assert!(
                        (f64::from(*a) - b).abs() < 2e-6,
                        "{a} is not {b}: {len} {kv} {group} {pos} {m} {window:?}"
                    );
                }
                let row = q.len() / m;
                let mut alone = vec![f32::NAN; row];
                for r in [0, m - 1] {
                    attend_with(
                        set,
                        how,
                        &q[r * row..][..row],
                        &layer,
                        pos + r,
                        &mut alone,
                        true,
                    );
                    assert_eq!(bits(&alone), bits(&out[r * row..][..row]));
                }
                match &first {
                    Some(first) => assert_eq!(bits(first), bits(&out)),
                    None => first = Some(out),
                }
            }
        }
    }
}

/// Threads share the columns, not the results.
#[test]
fn large_products_are_small_ones_side_by_side() {
    let mut noise = Noise(9);
    let (dtype, k, m, n) = (DType::Q4_K, 512, 40, 80);
    let mut other = Noise(3);
    let weights = blocks(
        (dtype, &[0, 2]),
        k,
        n,
        || noise.next() as u8,
        || f16::from_f32(other.unit()),
    );
    let x: Vec<f32> = (0..m * k).map(|_| noise.unit()).collect();
    let mut out = vec![0.0; m * n];
    multiply(dtype, Shape { m, k, n }, &weights, &x, &mut out).unwrap();
    let mut alone = vec![0.0; n];
    for (x, out) in x.chunks_exact(k).zip(out.chunks_exact(n)) {
        multiply(dtype, Shape { m: 1, k, n }, &weights, x, &mut alone).unwrap();
        assert_eq!(bits(&alone), bits(out));
    }
}
