//! Weights as they lie in the file, and the products with them.
//!
//! A [`Matrix`] is a place in the map. Packed weights are multiplied there by the kernels of `kernels`, with activations
//! that are rounded to eight bits with a scale for each 32. Floats are multiplied with activations as they are, by candle-core's
//! loop over rows with the products of `half_floats`. Packing and unpacking whole rows is candle-core's, for two types that
//! it does not have that of `blocks`. Nothing of a matrix is copied or unpacked beforehand.

use std::sync::Arc;

use candle_core::quantized::k_quants::{self, GgmlType};
use memmap2::Mmap;

use super::ModelError;
use super::blocks::{BlockIq4Nl, BlockMxFp4};
use super::gguf::{DType, Gguf, Tensor};
use super::half_floats::{Brain, Half};
use super::kernels;

/// A matrix of `rows` rows of length `cols` in a mapped file.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    map: Arc<Mmap>,
    start: usize,
    len: usize,
    dtype: DType,
    pub(super) rows: usize,
    pub(super) cols: usize,
}

/// Products of fewer multiplications are done by the calling thread: they take some ten microseconds, and
/// waking another thread on a busy machine may take a hundred times as long.
const SMALL: usize = 512 * 1024;

/// `out[m, n] = x[m, k] * blocks[n, k]^T` in this thread. To the bit what `k_quants::matmul` gives, because
/// it takes the rows in the same fours.
fn small_product<T: GgmlType>(
    (m, k, n): (usize, usize, usize),
    x: &[f32],
    blocks: &[T],
    out: &mut [f32],
) {
    let per_row = k / T::BLCK_SIZE;
    let row = |at: usize| &blocks[at * per_row..(at + 1) * per_row];
    let mut packed = vec![T::VecDotType::zeros(); per_row];
    for (x, out) in x.chunks_exact(k).take(m).zip(out.chunks_exact_mut(n)) {
        match T::DIRECT_COPY {
            true => T::VecDotType::direct_copy(x, &mut packed),
            false => T::VecDotType::from_float(x, &mut packed),
        }
        let mut at = 0;
        while at + 4 <= n {
            let (a, b, c, d) =
                T::vec_dot_4(k, row(at), row(at + 1), row(at + 2), row(at + 3), &packed);
            out[at..at + 4].copy_from_slice(&[a, b, c, d]);
            at += 4;
        }
        if at + 2 <= n {
            let (a, b) = T::vec_dot_2(k, row(at), row(at + 1), &packed);
            out[at..at + 2].copy_from_slice(&[a, b]);
            at += 2;
        }
        if at < n {
            out[at] = T::vec_dot(k, row(at), &packed);
        }
    }
}

/// Calls `$body` with `$block` standing for the block type of `$dtype`.
macro_rules! with_block {
    ($dtype:expr, $block:ident => $body:expr) => {
        match $dtype {
            DType::F32 => {
                type $block = f32;
                $body
            }
            DType::F16 => {
                type $block = Half;
                $body
            }
            DType::BF16 => {
                type $block = Brain;
                $body
            }
            DType::Q4_0 => {
                type $block = k_quants::BlockQ4_0;
                $body
            }
            DType::Q4_1 => {
                type $block = k_quants::BlockQ4_1;
                $body
            }
            DType::Q5_0 => {
                type $block = k_quants::BlockQ5_0;
                $body
            }
            DType::Q5_1 => {
                type $block = k_quants::BlockQ5_1;
                $body
            }
            DType::Q8_0 => {
                type $block = k_quants::BlockQ8_0;
                $body
            }
            DType::Q2_K => {
                type $block = k_quants::BlockQ2K;
                $body
            }
            DType::Q3_K => {
                type $block = k_quants::BlockQ3K;
                $body
            }
            DType::Q4_K => {
                type $block = k_quants::BlockQ4K;
                $body
            }
            DType::Q5_K => {
                type $block = k_quants::BlockQ5K;
                $body
            }
            DType::Q6_K => {
                type $block = k_quants::BlockQ6K;
                $body
            }
            DType::IQ4_NL => {
                type $block = BlockIq4Nl;
                $body
            }
            DType::MXFP4 => {
                type $block = BlockMxFp4;
                $body
            }
            other => Err(unsupported("a matrix", other)),
        }
    };
}

fn unsupported(tensor: &str, dtype: DType) -> ModelError {
    ModelError::TensorType {
        tensor: tensor.into(),
        dtype: dtype.name(),
    }
}

/// Appends numbers as blocks of a type: whole rows, so that no block holds numbers of two.
pub(super) fn pack(dtype: DType, values: &[f32], out: &mut Vec<u8>) -> Result<(), ModelError> {
    with_block!(dtype, Block => {
        let mut blocks = vec![Block::zeros(); values.len() / Block::BLCK_SIZE];
        match Block::DIRECT_COPY {
            true => Block::direct_copy(values, &mut blocks),
            false => Block::from_float(values, &mut blocks),
        }
        let len = size_of_val(blocks.as_slice());
        // SAFETY: `blocks` is that long, and its type is plain integers and floats without padding (the sizes
        // in `gguf::types` say so), of which every byte is initialised.
        out.extend(unsafe { std::slice::from_raw_parts(blocks.as_ptr().cast::<u8>(), len) });
        Ok(())
    })
}

/// Bytes as blocks of `T`.
fn blocks<T: GgmlType>(bytes: &[u8]) -> Result<&[T], ModelError> {
    // SAFETY: the block types of `k_quants` and `blocks` are plain integers and floats (or arrays of them), for
    // which every bit pattern is valid. `align_to` sees to bounds and alignment, and the check below to nothing
    // being left over.
    let (before, blocks, after) = unsafe { bytes.align_to::<T>() };
    if !before.is_empty() || !after.is_empty() {
        return Err(ModelError::NoModel("a weight is not aligned"));
    }
    Ok(blocks)
}

/// Blocks of a type as numbers in full precision: as many as `out` has room for.
pub(super) fn unpack(dtype: DType, bytes: &[u8], out: &mut [f32]) -> Result<(), ModelError> {
    with_block!(dtype, Block => {
        Block::to_float(blocks::<Block>(bytes)?, out);
        Ok(())
    })
}

impl Matrix {
    pub(super) fn new(map: &Arc<Mmap>, tensor: &Tensor<'_>) -> Result<Self, ModelError> {
        let (cols, rows) = match tensor.dims[..] {
            [cols] => (cols, 1),
            [cols, rows] => (cols, rows),
            _ => {
                return Err(ModelError::Shape {
                    tensor: tensor.name.into(),
                    found: tensor.dims.clone(),
                    expected: vec![0, 0],
                });
            }
        };
        if !tensor.dtype.runs() {
            return Err(unsupported(tensor.name, tensor.dtype));
        }
        Ok(Self {
            map: Arc::clone(map),
            start: tensor.start,
            len: tensor.len,
            dtype: tensor.dtype,
            rows: rows as usize,
            cols: cols as usize,
        })
    }

    /// The matrix of `rows` rows from row `first`, which must exist.
    pub(super) fn part(&self, first: usize, rows: usize) -> Self {
        let row_bytes = self.len / self.rows;
        Self {
            map: Arc::clone(&self.map),
            start: self.start + first * row_bytes,
            len: rows * row_bytes,
            rows,
            ..*self
        }
    }

    /// The mapped bytes.
    fn bytes(&self) -> &[u8] {
        let bytes = self.map.get(self.start..self.start + self.len);
        bytes.unwrap_or_default()
    }

    /// `out[m, rows] = x[m, cols] * self^T`.
    pub(super) fn multiply(&self, x: &[f32], out: &mut [f32]) -> Result<(), ModelError> {
        let (m, k, n) = (x.len() / self.cols, self.cols, self.rows);
        let shape = kernels::Shape { m, k, n };
        if kernels::multiply(self.dtype, shape, self.bytes(), x, out).is_some() {
            return Ok(());
        }
        with_block!(self.dtype, Block => {
            let blocks = blocks::<Block>(self.bytes())?;
            let (shape, out) = ((m, k, n), &mut out[..m * n]);
            if m * k * n < SMALL {
                small_product(shape, x, blocks, out);
                Ok(())
            } else {
                Ok(k_quants::matmul(shape, x, blocks, out)?)
            }
        })
    }

    /// Writes row number `row` in full precision.
    pub(super) fn row(&self, row: usize, out: &mut [f32]) -> Result<(), ModelError> {
        let row_bytes = self.len / self.rows;
        let bytes = self.bytes().get(row * row_bytes..(row + 1) * row_bytes);
        let bytes = bytes.ok_or(ModelError::Token(row as u32))?;
        unpack(self.dtype, bytes, &mut out[..self.cols])
    }
}

/// Hands out a file's tensors with their dimensions checked, and knows at the end which were never asked
/// for.
pub(super) struct Loader<'a> {
    gguf: &'a Gguf<'a>,
    map: &'a Arc<Mmap>,
    taken: Vec<bool>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(gguf: &'a Gguf<'a>, map: &'a Arc<Mmap>) -> Self {
        let taken = vec![false; gguf.tensors().len()];
        Self { gguf, map, taken }
    }

    fn take(&mut self, name: &str, dims: &[usize]) -> Result<Option<&'a Tensor<'a>>, ModelError> {
        let tensors = self.gguf.tensors();
        let Some(index) = tensors.iter().position(|tensor| tensor.name == name) else {
            return Ok(None);
        };
        let tensor = &tensors[index];
        let expected: Vec<u64> = dims.iter().map(|&dim| dim as u64).collect();
        // Converters sometimes keep trailing dimensions of one.
        let found = tensor.dims.get(..expected.len());
        if found != Some(&expected) || tensor.elements() != expected.iter().product::<u64>() {
            return Err(ModelError::Shape {
                tensor: name.into(),
                found: tensor.dims.clone(),
                expected,
            });
        }
        self.taken[index] = true;
        Ok(Some(tensor))
    }

    /// The matrix `name`.
    pub(super) fn matrix(
        &mut self,
        name: &str,
        cols: usize,
        rows: usize,
    ) -> Result<Matrix, ModelError> {
        self.optional_matrix(name, cols, rows)?
            .ok_or_else(|| ModelError::MissingTensor(name.into()))
    }

    /// The matrix `name`, where there is one.
    pub(super) fn optional_matrix(
        &mut self,
        name: &str,
        cols: usize,
        rows: usize,
    ) -> Result<Option<Matrix>, ModelError> {
        let map = self.map;
        self.take(name, &[cols, rows])?
            .map(|tensor| Matrix::new(map, tensor))
            .transpose()
    }

    /// A vector in full precision: a copy, of some kilobytes.
    pub(super) fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        self.optional_vector(name, len)?
            .ok_or_else(|| ModelError::MissingTensor(name.into()))
    }

    /// A vector, where there is one.
    pub(super) fn optional_vector(
        &mut self,
        name: &str,
        len: usize,
    ) -> Result<Option<Vec<f32>>, ModelError> {
        let map = self.map;
        let Some(tensor) = self.take(name, &[len])? else {
            return Ok(None);
        };
        let mut out = vec![0.0; len];
        let flat = Tensor {
            dims: vec![len as u64],
            ..tensor.clone()
        };
        Matrix::new(map, &flat)?.row(0, &mut out)?;
        Ok(Some(out))
    }

    /// # Errors
    /// If the file has a tensor that nobody asked for.
    pub(super) fn finish(self) -> Result<(), ModelError> {
        let unused = self.taken.iter().position(|&taken| !taken);
        match unused.and_then(|index| self.gguf.tensors().get(index)) {
            Some(tensor) => Err(ModelError::UnknownTensor(tensor.name.into())),
            None => Ok(()),
        }
    }
}
