use proptest::prelude::*;

use super::super::*;
use super::codec::mantissa;
use super::layout;

proptest! {
    /// What is left over is at most half a unit, and nothing is lost: it comes with the next one.
    #[test]
    fn quantizing_keeps_what_it_drops(seed: u64, mantissa in mantissa()) {
        let layout = layout(mantissa);
        let mut dice = Dice(seed);
        let update: Vec<f32> = (0..21).map(|_| dice.below(2_000) as f32 / 1_000.0 - 1.0).collect();
        let (delta, left) = quantize(&layout, &update, &Residual::none(&layout), 1, None).unwrap();
        for (range, exponent) in layout.ranges().zip(delta.exponents()) {
            for at in range {
                let unit = 1.0 / (1_u32 << exponent) as f32;
                let said = f32::from(delta.mantissas()[at]) * unit;
                prop_assert!((said + left.0[at] - update[at]).abs() < 1e-6);
                prop_assert!(left.0[at].abs() <= unit / 2.0);
            }
        }
    }
}

#[test]
fn a_budget_is_kept_and_rubbish_is_zero() {
    let layout = layout(Mantissa::Int8);
    let update: Vec<f32> = (0..21).map(|n| (n as f32 * 0.37).sin()).collect();
    let none = Residual::none(&layout);
    let sizes: Vec<usize> = [None, Some(25), Some(18)]
        .into_iter()
        .map(|most| {
            quantize(&layout, &update, &none, 1, most)
                .unwrap()
                .0
                .encode(&layout)
                .len()
        })
        .collect();
    assert!(
        sizes[0] > 25 && sizes[1] <= 25 && sizes[2] <= 18,
        "{sizes:?}"
    );
    let rubbish = [f32::NAN, f32::INFINITY, 1e30, -1e-30].repeat(6)[..21].to_vec();
    let (delta, left) = quantize(&layout, &rubbish, &none, 1, None).unwrap();
    assert_eq!(delta.mantissas()[..4], [0, 0, 127, 0]);
    assert!(left.0.iter().all(|it| it.is_finite()));
    let finest = quantize(&layout, &[1e-9; 21], &none, 1, None).unwrap().0;
    assert_eq!(finest.mantissas(), [0; 21]);
}

/// Two rings, one inside of the other: not separable by a line.
fn rings(seed: u64) -> Examples {
    let (mut dice, mut rings) = (
        Dice(seed),
        Examples {
            width: 2,
            ..Examples::default()
        },
    );
    while rings.len() < 200 {
        let mut point = || dice.below(2_001) as f32 / 1_000.0 - 1.0;
        let (x, y) = (point(), point());
        let r = x * x + y * y;
        if !(0.3..0.5).contains(&r) {
            rings.push(&[x, y], u8::from(r > 0.4));
        }
    }
    rings
}

#[test]
fn a_perceptron_learns_and_a_seed_is_a_seed() {
    let mlp = Mlp::new(&[2, 16, 2]);
    let mut dice = Dice(1);
    let base: Vec<f32> = (0..mlp.parameters())
        .map(|_| dice.below(2_001) as f32 / 1_000.0 - 1.0)
        .collect();
    let how = Training {
        epochs: 60,
        batch: 16,
        rate: 0.3,
        calibration: 0.0,
        gain: 2.0,
        seed: 5,
    };
    let (trained, update) = mlp.learn(&base, &rings(1), &how);
    assert!(mlp.accuracy(&trained, &rings(2)) > 0.95);
    assert!(mlp.loss(&trained, &rings(2)) < mlp.loss(&base, &rings(2)));
    assert_eq!(update[3], 2.0 * (trained[3] - base[3]));
    assert_eq!(mlp.learn(&base, &rings(1), &how).0, trained);
    assert_ne!(
        mlp.learn(&base, &rings(1), &Training { seed: 6, ..how }).0,
        trained
    );
    assert_eq!(
        mlp.learn(
            &base,
            &Examples {
                width: 2,
                ..Examples::default()
            },
            &how
        )
        .0,
        base
    );
}
