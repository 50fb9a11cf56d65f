//! A delta as a blob: what one author learnt in one generation, exact to the bit.
//!
//! ```text
//! blob    = version (1) || mantissa bits (4 or 8) || samples: 4 bytes little-endian
//!           || exponent of each tensor: 1 byte, 0 to 24 || coded mantissas
//! value   = mantissa * 2^-exponent of its tensor
//! ```
//!
//! The mantissas are written tensor by tensor, row by row, as bits of the arithmetic coder in [`coder`](super::coder). Each is
//! a question "is it zero", then its sign, then its magnitude: in unary the number of bits behind the leading one,
//! then these bits, high ones first. What a question's chance depends on (its *context*) is how large the neighbours to the left and
//! above are: updates are sparse in rows and columns. Each tensor begins with fresh chances.
//!
//! What always holds: one value has one blob. Exponents are in lowest terms (0, or some mantissa is odd; 0 for a tensor of
//! zeros), and a reader writes what it read again and refuses bytes that differ, so neither bytes behind the end nor another
//! ending of the code pass. Memory and time go by the layout, which is known before, never by what the blob says.

use thiserror::Error;

use super::coder::{Chance, Decoder, Encoder};
use super::layout::{Layout, Mantissa, Shape};
use super::limits;

/// The version that is written and the only one read.
pub const VERSION: u8 = 1;
/// Bytes before the exponents.
const HEAD: usize = 6;

/// Why a blob is no delta of this layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DeltaError {
    #[error("the blob ends inside of its head")]
    Short,
    #[error("version {0} of the format is not known")]
    Version(u8),
    #[error("mantissas of {0} bits, where the lineage has others")]
    Width(u8),
    #[error("it speaks for {0} samples; at most {most} count", most = limits::SAMPLES)]
    Samples(u32),
    #[error("an exponent of {exponent} in tensor {tensor}; at most {most} counts", most = limits::EXPONENT)]
    Exponent { tensor: usize, exponent: u8 },
    #[error("the exponent of tensor {0} is not in lowest terms")]
    Terms(usize),
    #[error("another spelling of what the blob says, or bytes behind its end")]
    Spelling,
    #[error("the parts have other lengths than the layout")]
    Lengths,
    #[error("a mantissa is too large for its width")]
    Mantissa,
}

/// What one author learnt in one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    samples: u32,
    /// One for each tensor.
    exponents: Vec<u8>,
    /// All tensors' mantissas, in the layout's order.
    mantissas: Vec<i8>,
}

impl Delta {
    /// A delta in lowest terms.
    pub fn new(
        layout: &Layout,
        samples: u32,
        exponents: Vec<u8>,
        mantissas: Vec<i8>,
    ) -> Result<Self, DeltaError> {
        if exponents.len() != layout.tensors().len() || mantissas.len() != layout.parameters() {
            return Err(DeltaError::Lengths);
        }
        if mantissas
            .iter()
            .any(|m| m.unsigned_abs() > layout.mantissa().most())
        {
            return Err(DeltaError::Mantissa);
        }
        check(samples, &exponents)?;
        let mut delta = Self {
            samples,
            exponents,
            mantissas,
        };
        for (exponent, range) in delta.exponents.iter_mut().zip(layout.ranges()) {
            let tensor = &mut delta.mantissas[range];
            *exponent -= match common_zeros(tensor) {
                ZEROS => *exponent,
                halved => {
                    let shift = halved.min(*exponent);
                    tensor.iter_mut().for_each(|m| *m >>= shift);
                    shift
                }
            };
        }
        Ok(delta)
    }

    /// Examples that it was learnt from, as its author says.
    pub fn samples(&self) -> u32 {
        self.samples
    }

    pub fn exponents(&self) -> &[u8] {
        &self.exponents
    }

    pub fn mantissas(&self) -> &[i8] {
        &self.mantissas
    }

    /// The blob. `layout` is the one that the delta was made or read with.
    pub fn encode(&self, layout: &Layout) -> Vec<u8> {
        let mut bytes = vec![VERSION, layout.mantissa().bits()];
        bytes.extend(self.samples.to_le_bytes());
        bytes.extend(&self.exponents);
        let least = bytes.len();
        let mut encoder = Encoder::after(bytes);
        for (shape, range) in layout.tensors().iter().zip(layout.ranges()) {
            let mut bits = Bits::of(layout.mantissa());
            let tensor = &self.mantissas[range];
            for at in 0..tensor.len() {
                bits.write(&mut encoder, tensor[at], Near::of(tensor, at, shape));
            }
        }
        encoder.finish(least)
    }

    /// Reads a blob of `layout`, in time and memory of the layout's parameters.
    pub fn decode(layout: &Layout, blob: &[u8]) -> Result<Self, DeltaError> {
        let least = HEAD + layout.tensors().len();
        let (Some((head, rest)), true) = (blob.split_first_chunk::<HEAD>(), blob.len() >= least)
        else {
            return Err(DeltaError::Short);
        };
        let [version, bits, samples @ ..] = *head;
        if version != VERSION {
            return Err(DeltaError::Version(version));
        }
        if bits != layout.mantissa().bits() {
            return Err(DeltaError::Width(bits));
        }
        let samples = u32::from_le_bytes(samples);
        let (exponents, code) = rest.split_at(layout.tensors().len());
        check(samples, exponents)?;
        let mut decoder = Decoder::new(code);
        let mut mantissas = vec![0; layout.parameters()];
        for (shape, range) in layout.tensors().iter().zip(layout.ranges()) {
            let mut bits = Bits::of(layout.mantissa());
            let tensor = &mut mantissas[range];
            for at in 0..tensor.len() {
                tensor[at] = bits.read(&mut decoder, Near::of(tensor, at, shape));
            }
        }
        for (at, range) in layout.ranges().enumerate() {
            if exponents[at] > 0 && common_zeros(&mantissas[range]) > 0 {
                return Err(DeltaError::Terms(at));
            }
        }
        let delta = Self {
            samples,
            exponents: exponents.to_vec(),
            mantissas,
        };
        match delta.encode(layout) == blob {
            true => Ok(delta),
            false => Err(DeltaError::Spelling),
        }
    }
}

fn check(samples: u32, exponents: &[u8]) -> Result<(), DeltaError> {
    if samples > limits::SAMPLES {
        return Err(DeltaError::Samples(samples));
    }
    let high = exponents.iter().position(|it| *it > limits::EXPONENT);
    high.map_or(Ok(()), |tensor| {
        Err(DeltaError::Exponent {
            tensor,
            exponent: exponents[tensor],
        })
    })
}

/// What `common_zeros` says of a tensor of zeros.
const ZEROS: u8 = u8::BITS as u8;

/// How often all of a tensor's mantissas can be halved, or `ZEROS`.
fn common_zeros(tensor: &[i8]) -> u8 {
    let all = tensor.iter().fold(0_u8, |all, m| all | m.unsigned_abs());
    all.trailing_zeros() as u8
}

/// What the neighbours that are known already say of a mantissa.
struct Near {
    /// 0 to 4, by the sum of their magnitudes.
    size: usize,
    /// The sign of the one above: 0 none, 1 plus, 2 minus.
    sign: usize,
}

/// Contexts by size.
const SIZES: usize = 5;

impl Near {
    /// Of the mantissa at `at` of a tensor: the one to the left in its row, and the one above.
    fn of(tensor: &[i8], at: usize, shape: &Shape) -> Self {
        let columns = shape.columns as usize;
        let column = at % columns;
        let value = |there: bool, back: usize| if there { tensor[at - back] } else { 0 };
        let above = value(at >= columns, columns);
        let left = value(column > 0, 1);
        let sum = u16::from(left.unsigned_abs()) + u16::from(above.unsigned_abs());
        Self {
            size: match sum {
                0..=2 => usize::from(sum),
                3..=5 => 3,
                _ => 4,
            },
            sign: match above {
                0 => 0,
                1.. => 1,
                _ => 2,
            },
        }
    }
}

/// The chances of one tensor's bits.
struct Bits {
    /// Most bits behind the leading one of a magnitude: 2 or 6.
    most: u32,
    zero: [Chance; SIZES],
    minus: [Chance; 3],
    /// By size and length so far: whether another bit follows.
    longer: [[Chance; 6]; SIZES],
    /// By the magnitude's bits so far, leading one included.
    next: [Chance; 64],
}

impl Bits {
    fn of(mantissa: Mantissa) -> Self {
        Self {
            most: u32::from(mantissa.most()).ilog2(),
            zero: [Chance::NEW; SIZES],
            minus: [Chance::NEW; 3],
            longer: [[Chance::NEW; 6]; SIZES],
            next: [Chance::NEW; 64],
        }
    }

    /// `|value|` is below `2^(most + 1)`.
    fn write(&mut self, encoder: &mut Encoder, value: i8, near: Near) {
        encoder.bit(&mut self.zero[near.size], value == 0);
        if value == 0 {
            return;
        }
        encoder.bit(&mut self.minus[near.sign], value < 0);
        let magnitude = u32::from(value.unsigned_abs());
        let length = magnitude.ilog2();
        for bit in 0..length {
            encoder.bit(&mut self.longer[near.size][bit as usize], true);
        }
        if length < self.most {
            encoder.bit(&mut self.longer[near.size][length as usize], false);
        }
        for bit in (0..length).rev() {
            let so_far = (magnitude >> (bit + 1)) as usize;
            encoder.bit(&mut self.next[so_far], magnitude >> bit & 1 == 1);
        }
    }

    /// Whatever the bits, the magnitude is below `2^(most + 1)`, which is 128 at most.
    fn read(&mut self, decoder: &mut Decoder<'_>, near: Near) -> i8 {
        if decoder.bit(&mut self.zero[near.size]) {
            return 0;
        }
        let minus = decoder.bit(&mut self.minus[near.sign]);
        let mut length = 0;
        while length < self.most && decoder.bit(&mut self.longer[near.size][length as usize]) {
            length += 1;
        }
        let mut magnitude = 1_usize;
        for _ in 0..length {
            magnitude = magnitude << 1 | usize::from(decoder.bit(&mut self.next[magnitude]));
        }
        let value = magnitude as i8;
        if minus { -value } else { value }
    }
}
