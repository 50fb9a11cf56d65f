use data_encoding::HEXLOWER as HEX;
use proptest::prelude::*;

use super::super::*;
use super::{layout, some};

/// A change to the format shows here; old blobs must stay readable for ever.
#[test]
fn golden_blobs() {
    for (mantissa, hex) in [
        (Mantissa::Int4, "0104900000000600185e81ca5754c8ac8fa4"),
        (
            Mantissa::Int8,
            "0108900000000600185e7f74407205bd54827c7dff014e",
        ),
    ] {
        let layout = layout(mantissa);
        let mantissas: Vec<i8> = match mantissa {
            Mantissa::Int4 => vec![
                0, 0, 1, -7, 7, 2, -3, 0, 0, 4, 5, -6, 0, 0, 0, 1, -1, 0, 0, 0, 3,
            ],
            Mantissa::Int8 => vec![
                0, 0, 1, -127, 127, 64, -65, 0, 0, 31, 8, -15, 0, 0, 0, 1, -1, 0, 0, 0, 99,
            ],
        };
        let delta = Delta::new(&layout, 144, vec![6, 9, 24], mantissas).unwrap();
        assert_eq!(HEX.encode(&delta.encode(&layout)), hex);
        // The tensor of zeros has no exponent.
        assert_eq!(delta.exponents(), [6, 0, 24]);
        let blob = HEX.decode(hex.as_bytes()).unwrap();
        assert_eq!(Delta::decode(&layout, &blob), Ok(delta));
    }
}

#[test]
fn tampered_blobs_are_refused() {
    let layout = layout(Mantissa::Int4);
    let blob = some(&layout, 3).encode(&layout);
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = blob.clone();
        change(&mut bytes);
        Delta::decode(&layout, &bytes).unwrap_err()
    };
    assert_eq!(refused(&|it| it.clear()), DeltaError::Short);
    assert_eq!(refused(&|it| it.truncate(8)), DeltaError::Short);
    assert_eq!(refused(&|it| it[0] = 2), DeltaError::Version(2));
    assert_eq!(refused(&|it| it[1] = 8), DeltaError::Width(8));
    assert_eq!(
        refused(&|it| it[5] = 2),
        DeltaError::Samples(2 << 24 | some(&layout, 3).samples())
    );
    let high = DeltaError::Exponent {
        tensor: 1,
        exponent: 25,
    };
    assert_eq!(refused(&|it| it[7] = 25), high);
    assert_eq!(refused(&|it| it.push(0)), DeltaError::Spelling);
    assert_eq!(refused(&|it| it.push(1)), DeltaError::Spelling);
    let zeros = Delta::new(&layout, 0, vec![0; 3], vec![0; 21])
        .unwrap()
        .encode(&layout);
    let mut lifted = zeros.clone();
    lifted[6] = 1;
    assert_eq!(Delta::decode(&layout, &lifted), Err(DeltaError::Terms(0)));
    let twos = Delta::new(&layout, 0, vec![0; 3], vec![2; 21])
        .unwrap()
        .encode(&layout);
    let mut lifted = twos;
    lifted[8] = 24;
    assert_eq!(Delta::decode(&layout, &lifted), Err(DeltaError::Terms(2)));
}

#[test]
fn parts_that_do_not_fit_make_no_delta() {
    let layout = layout(Mantissa::Int4);
    let new =
        |samples, exponents, mantissas| Delta::new(&layout, samples, exponents, mantissas).err();
    assert_eq!(new(0, vec![0; 2], vec![0; 21]), Some(DeltaError::Lengths));
    assert_eq!(new(0, vec![0; 3], vec![0; 20]), Some(DeltaError::Lengths));
    assert_eq!(new(0, vec![0; 3], vec![-8; 21]), Some(DeltaError::Mantissa));
    let many = limits::SAMPLES + 1;
    assert_eq!(
        new(many, vec![0; 3], vec![0; 21]),
        Some(DeltaError::Samples(many))
    );
}

pub(super) fn mantissa() -> impl Strategy<Value = Mantissa> {
    prop_oneof![Just(Mantissa::Int4), Just(Mantissa::Int8)]
}

proptest! {
    #[test]
    fn a_delta_comes_back(mantissa in mantissa(), seed: u64) {
        let layout = layout(mantissa);
        let delta = some(&layout, seed);
        let blob = delta.encode(&layout);
        prop_assert_eq!(Delta::decode(&layout, &blob), Ok(delta.clone()));
        // What is cut off is refused, or is another delta's one spelling: that a blob is whole, its hash says.
        for cut in 0..blob.len() {
            if let Ok(other) = Delta::decode(&layout, &blob[..cut]) {
                prop_assert_eq!(other.encode(&layout), &blob[..cut]);
                prop_assert_ne!(&other, &delta);
            }
        }
    }

    /// Whatever is taken is spelt in the one way.
    #[test]
    fn any_bytes_do_no_harm(mantissa in mantissa(), rest in proptest::collection::vec(any::<u8>(), 0..40)) {
        let layout = layout(mantissa);
        let bytes = [&[VERSION, mantissa.bits(), 1, 0, 0, 0, 3, 0, 5][..], &rest].concat();
        if let Ok(delta) = Delta::decode(&layout, &bytes) {
            prop_assert_eq!(delta.encode(&layout), bytes);
        }
    }
}
