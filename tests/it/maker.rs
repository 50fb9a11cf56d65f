//! Small model files, made here: every architecture with random weights, and vocabularies.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use okibi::model::gguf::DType;
use okibi::model::gguf::write::Writer;

/// Random numbers for weights: SplitMix64, so that a file is the same everywhere.
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Roughly normal, mean 0, deviation 1: the sum of twelve uniform numbers.
    pub fn normal(&mut self) -> f32 {
        let sum: f64 = (0..12)
            .map(|_| (self.next() >> 11) as f64 / (1u64 << 53) as f64)
            .sum();
        (sum - 6.0) as f32
    }
}

/// The shape of a model to make.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub architecture: &'static str,
    pub width: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_len: usize,
    pub inner: usize,
    pub vocab: usize,
    pub context: u32,
}

/// A small shape in which every pair of sizes differs, so that no two can be confused.
pub fn small(architecture: &'static str) -> Shape {
    Shape {
        architecture,
        width: 256,
        // The sixth of gemma3's layers is of another kind.
        layers: if architecture == "gemma3" { 7 } else { 2 },
        heads: 8,
        kv_heads: 2,
        head_len: 64,
        inner: 768,
        vocab: 300,
        context: 512,
    }
}

/// As flat as k-quants allow, for tests with many types; five of gemma3's layers are of one kind, the sixth is not.
pub fn flat(architecture: &'static str) -> Shape {
    Shape {
        layers: if architecture == "gemma3" { 6 } else { 1 },
        heads: 4,
        kv_heads: 1,
        inner: 256,
        vocab: 64,
        ..small(architecture)
    }
}

/// The smallest llama that runs, for seeds and mutations: some 10 kB.
pub fn tiny() -> Shape {
    Shape {
        architecture: "llama",
        width: 32,
        layers: 1,
        heads: 2,
        kv_heads: 1,
        head_len: 16,
        inner: 32,
        vocab: 12,
        context: 16,
    }
}

pub fn candle_type(dtype: DType) -> GgmlDType {
    match dtype {
        DType::F16 => GgmlDType::F16,
        DType::BF16 => GgmlDType::BF16,
        DType::Q4_0 => GgmlDType::Q4_0,
        DType::Q4_1 => GgmlDType::Q4_1,
        DType::Q5_0 => GgmlDType::Q5_0,
        DType::Q5_1 => GgmlDType::Q5_1,
        DType::Q8_0 => GgmlDType::Q8_0,
        DType::Q2_K => GgmlDType::Q2K,
        DType::Q3_K => GgmlDType::Q3K,
        DType::Q4_K => GgmlDType::Q4K,
        DType::Q5_K => GgmlDType::Q5K,
        DType::Q6_K => GgmlDType::Q6K,
        _ => GgmlDType::F32,
    }
}

const IQ4_NL: [f32; 16] = [
    -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0,
    89.0, 113.0,
];
const MXFP4: [f32; 16] = [
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0,
];

/// Blocks of 32 values as a scale and the nearest of 16 levels, for the types that candle does not have.
fn encode_levels(values: &[f32], dtype: DType) -> Vec<u8> {
    let mut out = Vec::new();
    for block in values.chunks(32) {
        let most = block.iter().fold(0f32, |a, b| a.max(b.abs()));
        let (scale, levels) = match dtype {
            DType::MXFP4 => {
                let exponent = (most / 6.0).log2().ceil() as i32 + 127;
                out.push(exponent as u8);
                (2f32.powi(exponent - 127), MXFP4)
            }
            _ => {
                let scale = half::f16::from_f32(most / 113.0);
                out.extend(scale.to_le_bytes());
                (scale.to_f32(), IQ4_NL)
            }
        };
        let code = |x: f32| {
            let off = |level: f32| (level * scale - x).abs();
            (0..16u8)
                .min_by(|&a, &b| off(levels[a as usize]).total_cmp(&off(levels[b as usize])))
                .unwrap()
        };
        out.extend((0..16).map(|i| code(block[i]) | code(block[i + 16]) << 4));
    }
    out
}

/// The values behind bytes of the types that candle does not have.
pub fn decode_levels(bytes: &[u8], dtype: DType) -> Option<Vec<f32>> {
    let (head, levels) = match dtype {
        DType::MXFP4 => (1, MXFP4),
        DType::IQ4_NL => (2, IQ4_NL),
        _ => return None,
    };
    let mut out = Vec::new();
    for block in bytes.chunks(head + 16) {
        let scale = match head {
            1 => 2f32.powi(i32::from(block[0]) - 127),
            _ => half::f16::from_le_bytes([block[0], block[1]]).to_f32(),
        };
        let codes = &block[head..];
        out.extend(
            codes
                .iter()
                .map(|code| scale * levels[usize::from(code & 15)]),
        );
        out.extend(
            codes
                .iter()
                .map(|code| scale * levels[usize::from(code >> 4)]),
        );
    }
    Some(out)
}

/// Rows of numbers in the bytes of a type.
pub fn encode(values: &[f32], cols: usize, dtype: DType) -> Vec<u8> {
    if matches!(dtype, DType::IQ4_NL | DType::MXFP4) {
        return encode_levels(values, dtype);
    }
    let shape = (values.len() / cols, cols);
    let tensor = Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
    let quantized = QTensor::quantize(&tensor, candle_type(dtype)).unwrap();
    quantized.data().unwrap().into_owned()
}

/// A maker in the middle of a file.
struct Maker {
    writer: Option<Writer>,
    noise: Noise,
    dtype: DType,
}

impl Maker {
    fn put(&mut self, name: &str, dims: &[u64], dtype: DType, bytes: &[u8]) {
        self.writer = self
            .writer
            .take()
            .map(|w| w.tensor(name, dims, dtype, bytes));
    }

    fn matrix(&mut self, name: &str, cols: usize, rows: usize) {
        let scale = 1.0 / (cols as f32).sqrt();
        let values: Vec<f32> = (0..cols * rows)
            .map(|_| self.noise.normal() * scale)
            .collect();
        let bytes = encode(&values, cols, self.dtype);
        self.put(name, &[cols as u64, rows as u64], self.dtype, &bytes);
    }

    /// A vector of numbers around `mean`.
    fn vector(&mut self, name: &str, len: usize, mean: f32) {
        let values: Vec<f32> = (0..len).map(|_| mean + 0.1 * self.noise.normal()).collect();
        let bytes = encode(&values, len, DType::F32);
        self.put(name, &[len as u64], DType::F32, &bytes);
    }
}

/// Metadata and a vocabulary of `vocab` tokens of the `llama` kind.
pub fn head(shape: &Shape) -> Writer {
    let key = |name: &str| format!("{}.{name}", shape.architecture);
    let tokens: Vec<String> = (0..shape.vocab)
        .map(|id| match id {
            0 => "<unk>".into(),
            1 => "<s>".into(),
            2 => "</s>".into(),
            3 => "\u{2581}".into(),
            4..=29 => char::from(b'a' + id as u8 - 4).to_string(),
            _ => format!("t{id}"),
        })
        .collect();
    let scores: Vec<f32> = (0..shape.vocab).map(|id| -(id as f32)).collect();
    let types: Vec<i32> = (0..shape.vocab)
        .map(|id| match id {
            0 => 2,
            1 | 2 => 3,
            _ => 1,
        })
        .collect();
    let writer = match shape.architecture {
        "gemma2" => Writer::new()
            .f32(&key("attn_logit_softcapping"), 2.0)
            .f32(&key("final_logit_softcapping"), 3.0)
            .u32(&key("attention.sliding_window"), 8),
        "gemma3" => Writer::new()
            .u32(&key("attention.sliding_window"), 8)
            .str(&key("rope.scaling.type"), "linear")
            .f32(&key("rope.scaling.factor"), 8.0),
        "phi3" => Writer::new()
            .u32(&key("rope.scaling.original_context_length"), 20)
            .f32(&key("rope.scaling.attn_factor"), 1.25),
        _ => Writer::new(),
    };
    let base = if shape.architecture == "gemma3" {
        1e6
    } else {
        1e4
    };
    writer
        .str("general.architecture", shape.architecture)
        .str("general.name", "random weights")
        .u32(&key("context_length"), shape.context)
        .u32(&key("embedding_length"), shape.width as u32)
        .u32(&key("block_count"), shape.layers as u32)
        .u32(&key("feed_forward_length"), shape.inner as u32)
        .u32(&key("attention.head_count"), shape.heads as u32)
        .u32(&key("attention.head_count_kv"), shape.kv_heads as u32)
        .u32(&key("attention.key_length"), shape.head_len as u32)
        .u32(&key("attention.value_length"), shape.head_len as u32)
        .f32(&key("attention.layer_norm_rms_epsilon"), 1e-5)
        .f32(&key("rope.freq_base"), base)
        .str("tokenizer.ggml.model", "llama")
        .strings("tokenizer.ggml.tokens", &tokens)
        .f32s("tokenizer.ggml.scores", &scores)
        .i32s("tokenizer.ggml.token_type", &types)
        .u32("tokenizer.ggml.bos_token_id", 1)
        .u32("tokenizer.ggml.eos_token_id", 2)
        .u32("tokenizer.ggml.unknown_token_id", 0)
}

/// A whole file with random matrices of one type.
pub fn model(shape: &Shape, dtype: DType, seed: u64) -> Vec<u8> {
    model_with(head(shape), shape, dtype, seed)
}

/// The same with metadata (or tensors) that the caller began.
pub fn model_with(writer: Writer, shape: &Shape, dtype: DType, seed: u64) -> Vec<u8> {
    let mut maker = Maker {
        writer: Some(writer),
        noise: Noise(seed),
        dtype,
    };
    let (q_width, kv_width) = (
        shape.heads * shape.head_len,
        shape.kv_heads * shape.head_len,
    );
    maker.matrix("token_embd.weight", shape.width, shape.vocab);
    maker.vector("output_norm.weight", shape.width, 1.0);
    if shape.architecture == "phi3" {
        maker.vector("rope_factors_long.weight", shape.head_len / 2, 4.0);
        maker.vector("rope_factors_short.weight", shape.head_len / 2, 1.0);
    }
    if shape.architecture == "llama" {
        maker.matrix("output.weight", shape.width, shape.vocab);
        maker.vector("rope_freqs.weight", shape.head_len / 2, 2.0);
    }
    for layer in 0..shape.layers {
        let name = |part: &str| format!("blk.{layer}.{part}");
        maker.vector(&name("attn_norm.weight"), shape.width, 1.0);
        match shape.architecture {
            "phi3" => {
                let rows = q_width + 2 * kv_width;
                maker.matrix(&name("attn_qkv.weight"), shape.width, rows);
            }
            _ => {
                maker.matrix(&name("attn_q.weight"), shape.width, q_width);
                maker.matrix(&name("attn_k.weight"), shape.width, kv_width);
                maker.matrix(&name("attn_v.weight"), shape.width, kv_width);
            }
        }
        maker.matrix(&name("attn_output.weight"), q_width, shape.width);
        match shape.architecture {
            "qwen2" => {
                maker.vector(&name("attn_q.bias"), q_width, 0.0);
                maker.vector(&name("attn_k.bias"), kv_width, 0.0);
                maker.vector(&name("attn_v.bias"), kv_width, 0.0);
            }
            "qwen3" | "gemma3" => {
                maker.vector(&name("attn_q_norm.weight"), shape.head_len, 1.0);
                maker.vector(&name("attn_k_norm.weight"), shape.head_len, 1.0);
            }
            _ => {}
        }
        maker.vector(&name("ffn_norm.weight"), shape.width, 1.0);
        match shape.architecture {
            "phi3" => maker.matrix(&name("ffn_up.weight"), shape.width, 2 * shape.inner),
            _ => {
                maker.matrix(&name("ffn_gate.weight"), shape.width, shape.inner);
                maker.matrix(&name("ffn_up.weight"), shape.width, shape.inner);
            }
        }
        if matches!(shape.architecture, "gemma2" | "gemma3") {
            maker.vector(&name("post_attention_norm.weight"), shape.width, 1.0);
            maker.vector(&name("post_ffw_norm.weight"), shape.width, 1.0);
        }
        maker.matrix(&name("ffn_down.weight"), shape.inner, shape.width);
    }
    maker.writer.unwrap().finish()
}

/// A vocabulary of the `gpt2` kind and no weights.
pub fn bpe_vocabulary() -> Vec<u8> {
    Writer::new()
        .str("general.architecture", "llama")
        .str("tokenizer.ggml.model", "gpt2")
        .str("tokenizer.ggml.pre", "llama-bpe")
        .strings(
            "tokenizer.ggml.tokens",
            &[
                "a",
                "b",
                "Ġ",
                "Ġa",
                "Ġab",
                "<|im_end|>",
                "ç",
                "Ĩ",
                "¾",
                "aa",
                "aaaa",
                "Ċ",
            ],
        )
        .i32s(
            "tokenizer.ggml.token_type",
            &[1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1],
        )
        .strings(
            "tokenizer.ggml.merges",
            &["Ġ a", "Ġa b", "a a", "aa aa", "aaaa aaaa"],
        )
        .u32("tokenizer.ggml.eos_token_id", 5)
        .finish()
}

/// A vocabulary of the `llama` kind and no weights.
pub fn spm_vocabulary() -> Vec<u8> {
    let tokens = [
        "<unk>",
        "<s>",
        "</s>",
        "\u{2581}",
        "a",
        "b",
        "ab",
        "\u{2581}ab",
        "<0xE7>",
        "<0x86>",
        "<0xBE>",
        "\n",
    ];
    Writer::new()
        .str("general.architecture", "llama")
        .str("tokenizer.ggml.model", "llama")
        .strings("tokenizer.ggml.tokens", &tokens)
        .f32s(
            "tokenizer.ggml.scores",
            &[
                0.0, 0.0, 0.0, -9.0, -9.0, -9.0, -1.0, -2.0, 0.0, 0.0, 0.0, 0.0,
            ],
        )
        .i32s(
            "tokenizer.ggml.token_type",
            &[2, 3, 3, 1, 1, 1, 1, 1, 6, 6, 6, 4],
        )
        .u32("tokenizer.ggml.bos_token_id", 1)
        .u32("tokenizer.ggml.eos_token_id", 2)
        .u32("tokenizer.ggml.unknown_token_id", 0)
        .finish()
}
