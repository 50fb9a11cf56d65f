//! Weights into fewer bits.
//!
//! Each matrix is unpacked a few rows at a time, packed again and written: memory does not grow with the model.
//! Vectors (norms, biases) stay as they are, and so does the metadata, except for the key that names the type.
//! The mixed recipes (`Q4_K_M` and the like) give more bits to the tensors that answers depend on most, by the rules
//! of llama.cpp's files of these names; no importance matrix is used.

use std::io::Write;
use std::sync::Mutex;

use rayon::prelude::*;

use super::file::ModelFile;
use super::gguf::write::Writer;
use super::gguf::{DType, Gguf, Tensor};
use super::load;
use super::weights::{Matrix, pack};
use super::{ModelError, config};

/// Numbers that are unpacked at a time.
const CHUNK: usize = 4 << 20;

/// A recipe: what becomes of each tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Its name, such as `Q4_K_M`.
    pub name: &'static str,
    /// Its number in `general.file_type`.
    file_type: u32,
    /// The type of most matrices.
    base: DType,
}

const fn recipe(name: &'static str, file_type: u32, base: DType) -> Recipe {
    Recipe {
        name,
        file_type,
        base,
    }
}

/// Every recipe. MXFP4 is not among them: its files are mixtures of experts.
pub const RECIPES: [Recipe; 19] = [
    recipe("F32", 0, DType::F32),
    recipe("F16", 1, DType::F16),
    recipe("BF16", 32, DType::BF16),
    recipe("Q8_0", 7, DType::Q8_0),
    recipe("Q6_K", 18, DType::Q6_K),
    recipe("Q5_K_M", 17, DType::Q5_K),
    recipe("Q5_K_S", 16, DType::Q5_K),
    recipe("Q5_1", 9, DType::Q5_1),
    recipe("Q5_0", 8, DType::Q5_0),
    recipe("Q4_K_M", 15, DType::Q4_K),
    recipe("Q4_K_S", 14, DType::Q4_K),
    recipe("Q4_1", 3, DType::Q4_1),
    recipe("Q4_0", 2, DType::Q4_0),
    recipe("IQ4_NL", 25, DType::IQ4_NL),
    recipe("Q3_K_L", 13, DType::Q3_K),
    recipe("Q3_K_M", 12, DType::Q3_K),
    recipe("Q3_K_S", 11, DType::Q3_K),
    recipe("Q2_K", 10, DType::Q2_K),
    recipe("Q2_K_S", 21, DType::Q2_K),
];

impl Recipe {
    /// The recipe of this name, in capitals or not.
    pub fn named(name: &str) -> Option<Self> {
        RECIPES
            .into_iter()
            .find(|recipe| recipe.name.eq_ignore_ascii_case(name))
    }
}

/// What a recipe looks at beside the tensor.
struct Shape {
    layers: usize,
    /// Query heads per head of keys.
    group: usize,
    /// The embedding is the head, too.
    tied: bool,
}

/// Bits per weight, to tell whether a type says more than another.
fn bits(dtype: DType) -> f64 {
    8.0 * dtype.block_bytes() as f64 / dtype.block_len() as f64
}

fn float(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F16 | DType::BF16)
}

/// Layers at both ends, and every third between, get more bits.
fn more_bits(layer: usize, layers: usize) -> bool {
    let eighth = layers / 8;
    layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2
}

/// The layer in a name such as `blk.7.attn_v.weight`, and the part behind it.
fn place(name: &str) -> (usize, &str) {
    name.strip_prefix("blk.")
        .and_then(|rest| rest.split_once('.'))
        .and_then(|(layer, part)| Some((layer.parse().ok()?, part)))
        .unwrap_or((0, name))
}

/// The type that a matrix gets.
fn choose(recipe: Recipe, tensor: &Tensor<'_>, shape: &Shape) -> DType {
    use DType::{F16, IQ4_NL, Q2_K, Q3_K, Q4_0, Q4_K, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0};
    let (layer, part) = place(tensor.name);
    let (layers, base) = (shape.layers, recipe.base);
    let head = tensor.name == "output.weight" || (shape.tied && tensor.name == "token_embd.weight");
    let wanted = match (part, recipe.name) {
        _ if float(base) => base,
        _ if head && base == Q8_0 => Q8_0,
        _ if head => Q6_K,
        ("attn_v.weight" | "attn_qkv.weight", name) => match name {
            "Q2_K" | "Q2_K_S" if shape.group >= 4 => Q4_K,
            "Q2_K" => Q3_K,
            "Q3_K_M" if layer < 2 => Q5_K,
            "Q3_K_M" => Q4_K,
            "Q3_K_L" => Q5_K,
            "IQ4_NL" if shape.group >= 4 => Q5_K,
            "Q4_K_M" | "Q5_K_M" if more_bits(layer, layers) => Q6_K,
            "Q4_K_S" if layer < 4 => Q5_K,
            _ => base,
        },
        ("ffn_down.weight", name) => match name {
            "Q2_K" => Q3_K,
            "Q2_K_S" if layer < layers / 8 => Q4_K,
            "Q3_K_M" if layer < layers / 16 => Q5_K,
            "Q3_K_M" => Q4_K,
            "Q3_K_L" => Q5_K,
            "Q4_K_M" | "Q5_K_M" if more_bits(layer, layers) => Q6_K,
            "IQ4_NL" | "Q4_K_S" if layer < layers / 8 => Q5_K,
            _ => base,
        },
        ("attn_output.weight", "Q2_K") => Q3_K,
        ("attn_output.weight", "Q3_K_M") => Q4_K,
        ("attn_output.weight", "Q3_K_L") => Q5_K,
        _ => base,
    };
    // Where a row is no whole number of the type's blocks, the nearest type that fits.
    let fits = |dtype: DType| {
        let cols = tensor.dims.first().copied().unwrap_or(0);
        cols.is_multiple_of(dtype.block_len())
    };
    let fallback = match wanted {
        _ if fits(wanted) => wanted,
        Q2_K | Q3_K => Q4_0,
        Q4_K => Q5_0,
        Q5_K => Q5_1,
        Q6_K => Q8_0,
        IQ4_NL => IQ4_NL,
        other => other,
    };
    if fits(fallback) { fallback } else { F16 }
}

/// A file that is to be made.
pub struct Plan<'f> {
    file: &'f ModelFile,
    /// Name of each tensor, and the type that it gets.
    types: Vec<DType>,
    head: Vec<u8>,
    alignment: usize,
    /// Size of the new file in bytes.
    pub bytes: u64,
}

/// Says what becomes of a file, and refuses what makes no sense: a file that does not run here, one that is packed
/// already (unless `again` says that its loss is accepted), and a recipe with more bits than the file has.
///
/// # Errors
/// As said, and where the file is damaged.
pub fn plan(file: &ModelFile, recipe: Recipe, again: bool) -> Result<Plan<'_>, ModelError> {
    let gguf = file.gguf()?;
    load::check(&gguf)?;
    let shape = config::Config::read(&gguf)?;
    if gguf.u64("split.count").is_some_and(|count| count > 1) {
        return Err(ModelError::Feature(
            "the other parts of a split file".into(),
        ));
    }
    let matrix = |tensor: &Tensor<'_>| {
        let dims = tensor.dims.len();
        dims == 2 && tensor.name.ends_with(".weight") && !tensor.name.contains("_norm.")
    };
    let most = gguf.tensors().iter().filter(|tensor| matrix(tensor));
    let most = most.map(|tensor| bits(tensor.dtype)).fold(0.0, f64::max);
    if bits(recipe.base) >= most && !(float(recipe.base) && again) {
        return Err(ModelError::NothingToGain(recipe.name));
    }
    if let Some(packed) = gguf
        .tensors()
        .iter()
        .find(|t| !float(t.dtype))
        .filter(|_| !again)
    {
        return Err(ModelError::Packed {
            tensor: packed.name.into(),
            dtype: packed.dtype.name(),
        });
    }
    let shape = Shape {
        layers: shape.layers,
        group: shape.heads / shape.kv_heads,
        tied: gguf.tensor("output.weight").is_none(),
    };
    let types: Vec<DType> = gguf
        .tensors()
        .iter()
        .map(|tensor| match matrix(tensor) {
            true => choose(recipe, tensor, &shape),
            false => tensor.dtype,
        })
        .collect();
    let alignment = gguf.alignment() as usize;
    let (head, data) = head(&gguf, recipe, &types, alignment);
    Ok(Plan {
        file,
        types,
        bytes: head.len() as u64 + data,
        head,
        alignment,
    })
}

/// Metadata and the table of tensors, and the bytes that their data takes.
fn head(gguf: &Gguf<'_>, recipe: Recipe, types: &[DType], alignment: usize) -> (Vec<u8>, u64) {
    const OURS: [&str; 2] = ["general.file_type", "general.quantization_version"];
    let mut writer = Writer::aligned(alignment);
    for (_, entry) in gguf.entries().filter(|(key, _)| !OURS.contains(key)) {
        writer = writer.entry(entry);
    }
    writer = writer.u32(OURS[0], recipe.file_type).u32(OURS[1], 2);
    let mut offset = 0;
    for (tensor, dtype) in gguf.tensors().iter().zip(types) {
        writer = writer.tensor_at(tensor.name, &tensor.dims, dtype.number(), offset);
        let len = tensor.elements() / dtype.block_len() * dtype.block_bytes();
        offset += len.next_multiple_of(alignment as u64);
    }
    (writer.head(), offset)
}

impl Plan<'_> {
    /// How many tensors get each type, the most frequent first.
    pub fn types(&self) -> Vec<(&'static str, usize)> {
        let mut counts: Vec<(&'static str, usize)> = Vec::new();
        for dtype in &self.types {
            match counts.iter_mut().find(|(name, _)| *name == dtype.name()) {
                Some((_, count)) => *count += 1,
                None => counts.push((dtype.name(), 1)),
            }
        }
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        counts
    }

    /// Writes the new file. `progress` hears how many bytes are written.
    ///
    /// # Errors
    /// Where writing fails ([`ModelError::Write`]), and where a weight is no number.
    pub fn run(
        &self,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), ModelError> {
        let gguf = self.file.gguf()?;
        let mut written = self.head.len() as u64;
        out.write_all(&self.head).map_err(ModelError::Write)?;
        for (tensor, &dtype) in gguf.tensors().iter().zip(&self.types) {
            let begin = written;
            let mut put = |bytes: &[u8]| -> Result<(), ModelError> {
                out.write_all(bytes).map_err(ModelError::Write)?;
                written += bytes.len() as u64;
                progress(written);
                Ok(())
            };
            if dtype == tensor.dtype {
                gguf.bytes_of(tensor).chunks(CHUNK).try_for_each(&mut put)?;
            } else {
                repack(self.file, tensor, dtype, &mut put)?;
            }
            let len = (written - begin) as usize;
            let padding = len.next_multiple_of(self.alignment) - len;
            out.write_all(&vec![0; padding])
                .map_err(ModelError::Write)?;
            written += padding as u64;
        }
        Ok(())
    }
}

/// Gives the rows of a matrix in another type to `put`, in order.
fn repack(
    file: &ModelFile,
    tensor: &Tensor<'_>,
    dtype: DType,
    put: &mut dyn FnMut(&[u8]) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    let matrix = Matrix::new(file.map(), tensor)?;
    // Scales are half floats, too.
    let largest = match dtype {
        DType::F32 | DType::BF16 => f32::MAX,
        _ => 65_504.0,
    };
    let rows_at_once = (CHUNK / matrix.cols).max(1);
    let mut packed: Vec<Vec<u8>> = Vec::new();
    for first in (0..matrix.rows).step_by(rows_at_once) {
        let rows = rows_at_once.min(matrix.rows - first);
        packed.resize_with(rows, Vec::new);
        let failed = Mutex::new(None);
        packed.par_iter_mut().enumerate().for_each_init(
            || vec![0.0; matrix.cols],
            |values, (row, out)| {
                out.clear();
                let done = matrix.row(first + row, values).and_then(|()| {
                    match values.iter().all(|x| x.abs() <= largest) {
                        true => pack(dtype, values, out),
                        false => Err(ModelError::NotANumber),
                    }
                });
                if let Err(error) = done
                    && let Ok(mut failed) = failed.lock()
                {
                    failed.get_or_insert(error);
                }
            },
        );
        if let Ok(Some(error)) = failed.into_inner() {
            return Err(error);
        }
        packed.iter().try_for_each(|row| put(row))?;
    }
    Ok(())
}
