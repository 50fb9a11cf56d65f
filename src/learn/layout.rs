//! The layout of a lineage's weights: the shapes of its tensors and the width of a mantissa, fixed
//! once for all deltas.
//!
//! **Always holds.** A reader knows the layout before it reads a delta, so a delta never says how
//! much memory it wants. A layout has at least one tensor and no empty one, and its numbers are
//! within `limits`.
//!
//! **Failure.** Only making one can fail (`LayoutError`).

use thiserror::Error;

use super::limits;

/// The width of a mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mantissa {
    /// -7 to 7.
    Int4,
    /// -127 to 127.
    Int8,
}

impl Mantissa {
    /// Bits, as the format writes them.
    pub fn bits(self) -> u8 {
        match self {
            Self::Int4 => 4,
            Self::Int8 => 8,
        }
    }

    /// The greatest magnitude: symmetric, so that the opposite of a delta is one too.
    pub fn most(self) -> u8 {
        match self {
            Self::Int4 => 7,
            Self::Int8 => 127,
        }
    }
}

/// A tensor of `rows * columns` numbers, row by row; a vector has one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    pub rows: u32,
    pub columns: u32,
}

impl Shape {
    /// Numbers in it; 2^64 at most, so callers hold it against a limit before they take memory.
    pub fn len(self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns)
    }

    /// Whether it holds nothing; no layout has such a tensor.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Shapes that no lineage can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LayoutError {
    #[error("a layout has 1 to {} tensors", limits::TENSORS)]
    Tensors,
    #[error("tensor {0} is empty")]
    Empty(usize),
    #[error("more than {} parameters", limits::PARAMETERS)]
    Parameters,
}

/// The shapes of a lineage's tensors, in order, and its mantissas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    tensors: Vec<Shape>,
    mantissa: Mantissa,
    parameters: usize,
}

impl Layout {
    /// Within [`limits::TENSORS`] and [`limits::PARAMETERS`], none of them empty.
    pub fn new(tensors: Vec<Shape>, mantissa: Mantissa) -> Result<Self, LayoutError> {
        if tensors.is_empty() || tensors.len() > limits::TENSORS {
            return Err(LayoutError::Tensors);
        }
        if let Some(at) = tensors.iter().position(|shape| shape.is_empty()) {
            return Err(LayoutError::Empty(at));
        }
        // At most 2^12 tensors of less than 2^64 each.
        let all: u128 = tensors.iter().map(|shape| u128::from(shape.len())).sum();
        let parameters = usize::try_from(all)
            .ok()
            .filter(|all| *all <= limits::PARAMETERS)
            .ok_or(LayoutError::Parameters)?;
        Ok(Self {
            tensors,
            mantissa,
            parameters,
        })
    }

    pub fn tensors(&self) -> &[Shape] {
        &self.tensors
    }

    pub fn mantissa(&self) -> Mantissa {
        self.mantissa
    }

    /// Numbers in all tensors together.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// The place of each tensor in a flat vector of all parameters.
    pub fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        self.tensors.iter().scan(0, |at, shape| {
            let start = *at;
            *at += shape.len() as usize;
            Some(start..*at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_held_against_the_limits() {
        let shape = |rows, columns| Shape { rows, columns };
        let layout = |tensors| Layout::new(tensors, Mantissa::Int4);
        assert_eq!(layout(vec![]), Err(LayoutError::Tensors));
        assert_eq!(layout(vec![shape(1, 1); 4_097]), Err(LayoutError::Tensors));
        assert_eq!(
            layout(vec![shape(1, 1), shape(0, 9)]),
            Err(LayoutError::Empty(1))
        );
        assert_eq!(
            layout(vec![shape(u32::MAX, u32::MAX); 4_096]),
            Err(LayoutError::Parameters)
        );
        assert_eq!(
            layout(vec![shape(1, 1 << 24), shape(1, 1)]),
            Err(LayoutError::Parameters)
        );
        let mlp = layout(vec![
            shape(64, 32),
            shape(1, 32),
            shape(32, 10),
            shape(1, 10),
        ])
        .unwrap();
        assert_eq!(mlp.parameters(), 2_410);
        assert_eq!(mlp.ranges().last(), Some(2_400..2_410));
    }
}
