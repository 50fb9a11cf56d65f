//! The laws of the codec, of the merge and of training.

mod codec;
mod merge;
mod training;

use super::*;

fn shape(rows: u32, columns: u32) -> Shape {
    Shape { rows, columns }
}

fn layout(mantissa: Mantissa) -> Layout {
    Layout::new(vec![shape(4, 3), shape(1, 3), shape(3, 2)], mantissa).unwrap()
}

/// A delta with something in every part of the code.
fn some(layout: &Layout, seed: u64) -> Delta {
    let mut dice = Dice(seed);
    let most = usize::from(layout.mantissa().most());
    let mantissas = (0..layout.parameters()).map(|_| match dice.below(3) {
        0 => 0,
        1 => dice.below(3) as i8 - 1,
        _ => (dice.below(2 * most + 1) as i16 - most as i16) as i8,
    });
    let mantissas = mantissas.collect();
    let exponents = layout
        .tensors()
        .iter()
        .map(|_| dice.below(25) as u8)
        .collect();
    Delta::new(layout, dice.below(1_000) as u32, exponents, mantissas).unwrap()
}
