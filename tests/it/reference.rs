//! The plain, obvious forward pass against which the engine is held: full precision (weights unpacked to
//! `f32`, sums in `f64`), every token at every layer, no cache, no threads, no tricks.

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use okibi::model::file::ModelFile;
use okibi::model::gguf::{self, DType, Gguf};
use okibi::model::{Options, load};

use crate::maker::{self, Noise, Shape, candle_type, head, model_with, small};

struct Reference<'a> {
    gguf: Gguf<'a>,
    architecture: &'a str,
}

type Rows = Vec<Vec<f64>>;

impl<'a> Reference<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let gguf = gguf::parse(bytes).unwrap();
        let architecture = gguf.str("general.architecture").unwrap();
        Self { gguf, architecture }
    }

    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    fn size(&self, name: &str) -> usize {
        self.gguf.u64(&self.key(name)).unwrap() as usize
    }

    fn number(&self, name: &str) -> f64 {
        self.gguf.f32(&self.key(name)).unwrap().into()
    }

    fn maybe(&self, name: &str) -> Option<Vec<f64>> {
        let tensor = self.gguf.tensor(name)?;
        if let Some(values) = maker::decode_levels(self.gguf.bytes_of(tensor), tensor.dtype) {
            return Some(values.into_iter().map(f64::from).collect());
        }
        let dtype: GgmlDType = candle_type(tensor.dtype);
        // Copied, because the bytes of a test's file need not be aligned.
        let bytes: Vec<u64> = self
            .gguf
            .bytes_of(tensor)
            .chunks(8)
            .map(|chunk| {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                u64::from_le_bytes(word)
            })
            .collect();
        // SAFETY: eight bytes per word, and at least as many as asked for.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), tensor.len) };
        let storage = QStorage::from_data(bytes.into(), &Device::Cpu, dtype).unwrap();
        let values = QTensor::new(storage, tensor.elements() as usize).unwrap();
        let values = values.dequantize(&Device::Cpu).unwrap();
        let values = values.to_vec1::<f32>().unwrap();
        Some(values.into_iter().map(f64::from).collect())
    }

    fn weights(&self, name: &str) -> Vec<f64> {
        self.maybe(name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// `weight * x (+ bias)` for each row of x.
    fn linear(&self, name: &str, x: &Rows) -> Rows {
        let weight = self.weights(&format!("{name}.weight"));
        let bias = self.maybe(&format!("{name}.bias"));
        x.iter()
            .map(|x| {
                weight
                    .chunks(x.len())
                    .enumerate()
                    .map(|(i, row)| {
                        let dot: f64 = row.iter().zip(x).map(|(a, b)| a * b).sum();
                        dot + bias.as_ref().map_or(0.0, |bias| bias[i])
                    })
                    .collect()
            })
            .collect()
    }

    fn norm_one(&self, weight: &[f64], x: &[f64]) -> Vec<f64> {
        let eps = self.number("attention.layer_norm_rms_epsilon");
        let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
        x.iter()
            .zip(weight)
            .map(|(x, w)| x / (mean + eps).sqrt() * w)
            .collect()
    }

    fn norm(&self, name: &str, x: &Rows) -> Rows {
        let weight = self.weights(&format!("{name}.weight"));
        x.iter().map(|x| self.norm_one(&weight, x)).collect()
    }

    /// Rotates one head at a position.
    fn rotate(&self, layer: usize, head: &mut [f64], position: usize) {
        let n = head.len();
        let local = self.architecture == "gemma3" && layer % 6 != 5;
        let base = if local {
            10_000.0
        } else {
            self.number("rope.freq_base")
        };
        let factors = self
            .maybe("rope_freqs.weight")
            .or(self.maybe("rope_factors_long.weight"));
        let magnitude = match self.architecture {
            "phi3" => self.number("rope.scaling.attn_factor"),
            _ if self.gguf.str(&self.key("rope.scaling.type")) == Some("yarn") => {
                1.0 + 0.1 * self.number("rope.scaling.factor").ln()
            }
            _ => 1.0,
        };
        let text = |name: &str| self.gguf.str(&self.key(name)).unwrap_or("none");
        let yarn = text("rope.scaling.type") == "yarn";
        for i in 0..n / 2 {
            let mut angle = position as f64 * base.powf(-2.0 * i as f64 / n as f64);
            if let Some(factors) = &factors {
                angle /= factors[i];
            }
            if !local && text("rope.scaling.type") == "linear" {
                angle /= self.number("rope.scaling.factor");
            }
            if yarn {
                // Appendix A of the paper: r(i) turns within the original context; below 1 all of the factor, above
                // 32 none of it, between them a ramp, which files count in pairs and round outwards.
                let original = self.number("rope.scaling.original_context_length");
                let pair = |turns: f64| {
                    n as f64 * (original / (turns * std::f64::consts::TAU)).ln() / (2.0 * base.ln())
                };
                let (low, high) = (
                    pair(32.0).floor().max(0.0),
                    pair(1.0).ceil().min(n as f64 - 1.0),
                );
                let kept = 1.0 - ((i as f64 - low) / (high - low)).clamp(0.0, 1.0);
                angle = angle * kept + angle / self.number("rope.scaling.factor") * (1.0 - kept);
            }
            let (a, b) = match self.architecture {
                "llama" => (2 * i, 2 * i + 1),
                _ => (i, i + n / 2),
            };
            let (x, y) = (head[a], head[b]);
            head[a] = (x * angle.cos() - y * angle.sin()) * magnitude;
            head[b] = (x * angle.sin() + y * angle.cos()) * magnitude;
        }
    }

    /// The first position that a layer sees from another.
    fn first_seen(&self, layer: usize, position: usize) -> usize {
        let windowed = match self.architecture {
            "gemma2" => layer.is_multiple_of(2),
            "gemma3" => layer % 6 != 5,
            _ => false,
        };
        match windowed {
            true => (position + 1).saturating_sub(self.size("attention.sliding_window")),
            false => 0,
        }
    }

    fn gemma(&self) -> bool {
        matches!(self.architecture, "gemma2" | "gemma3")
    }

    /// Queries, keys and values.
    fn qkv(&self, layer: usize, x: &Rows) -> [Rows; 3] {
        let name = |part: &str| format!("blk.{layer}.{part}");
        if self.architecture != "phi3" {
            return ["attn_q", "attn_k", "attn_v"].map(|part| self.linear(&name(part), x));
        }
        let n = self.size("attention.key_length");
        let q = self.size("attention.head_count") * n;
        let kv = self.size("attention.head_count_kv") * n;
        let all = self.linear(&name("attn_qkv"), x);
        [0..q, q..q + kv, q + kv..q + 2 * kv]
            .map(|part| all.iter().map(|row| row[part.clone()].to_vec()).collect())
    }

    /// The gate and what it lets through.
    fn gate_up(&self, layer: usize, x: &Rows) -> [Rows; 2] {
        let name = |part: &str| format!("blk.{layer}.{part}");
        if self.architecture != "phi3" {
            return ["ffn_gate", "ffn_up"].map(|part| self.linear(&name(part), x));
        }
        let inner = self.size("feed_forward_length");
        let all = self.linear(&name("ffn_up"), x);
        [0..inner, inner..2 * inner]
            .map(|part| all.iter().map(|row| row[part.clone()].to_vec()).collect())
    }

    fn activate(&self, x: f64) -> f64 {
        match self.gemma() {
            true => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
                0.5 * x * (1.0 + inner.tanh())
            }
            false => x / (1.0 + (-x).exp()),
        }
    }

    /// The logits after the last token.
    fn logits(&self, tokens: &[u32]) -> Vec<f64> {
        let width = self.size("embedding_length");
        let heads = self.size("attention.head_count");
        let group = heads / self.size("attention.head_count_kv");
        let n = self.size("attention.key_length");
        let embedding = self.weights("token_embd.weight");
        let mut x: Rows = tokens
            .iter()
            .map(|&token| embedding[token as usize * width..][..width].to_vec())
            .collect();
        if self.gemma() {
            let scale = (width as f64).sqrt();
            x.iter_mut().flatten().for_each(|x| *x *= scale);
        }
        let cap = |key: &str, x: f64| match self.gguf.f32(&self.key(key)).map(f64::from) {
            Some(cap) => cap * (x / cap).tanh(),
            None => x,
        };

        for layer in 0..self.size("block_count") {
            let name = |part: &str| format!("blk.{layer}.{part}");
            let normed = self.norm(&name("attn_norm"), &x);
            let [mut q, mut k, v] = self.qkv(layer, &normed);
            for (rows, norm) in [
                (&mut q, "attn_q_norm.weight"),
                (&mut k, "attn_k_norm.weight"),
            ] {
                let norm = self.maybe(&name(norm));
                for (position, row) in rows.iter_mut().enumerate() {
                    for head in row.chunks_mut(n) {
                        if let Some(norm) = &norm {
                            head.copy_from_slice(&self.norm_one(norm, head));
                        }
                        self.rotate(layer, head, position);
                    }
                }
            }
            let mut mixed: Rows = Vec::new();
            for (position, q) in q.iter().enumerate() {
                let mut row = Vec::new();
                for head in 0..heads {
                    let q = &q[head * n..][..n];
                    let at = head / group * n;
                    let first = self.first_seen(layer, position);
                    let scores: Vec<f64> = (first..=position)
                        .map(|other| {
                            let dot: f64 = q.iter().zip(&k[other][at..]).map(|(a, b)| a * b).sum();
                            cap("attn_logit_softcapping", dot / (n as f64).sqrt()).exp()
                        })
                        .collect();
                    let total: f64 = scores.iter().sum();
                    row.extend((0..n).map(|i| {
                        let sum: f64 = scores
                            .iter()
                            .zip(&v[first..])
                            .map(|(s, v)| s * v[at + i])
                            .sum();
                        sum / total
                    }));
                }
                mixed.push(row);
            }
            let mut change = self.linear(&name("attn_output"), &mixed);
            if self.gemma() {
                change = self.norm(&name("post_attention_norm"), &change);
            }
            add(&mut x, &change);

            let normed = self.norm(&name("ffn_norm"), &x);
            let [gate, up] = self.gate_up(layer, &normed);
            let inner: Rows = gate
                .iter()
                .zip(&up)
                .map(|(gate, up)| {
                    let pairs = gate.iter().zip(up);
                    pairs.map(|(gate, up)| self.activate(*gate) * up).collect()
                })
                .collect();
            let mut change = self.linear(&name("ffn_down"), &inner);
            if self.gemma() {
                change = self.norm(&name("post_ffw_norm"), &change);
            }
            add(&mut x, &change);
        }
        let last = self.norm("output_norm", &vec![x.pop().unwrap()]);
        let head = match self.gguf.tensor("output.weight") {
            Some(_) => "output",
            None => "token_embd",
        };
        let logits = self.linear(head, &last).remove(0);
        let capped = logits
            .into_iter()
            .map(|x| cap("final_logit_softcapping", x));
        capped.collect()
    }
}

fn add(x: &mut Rows, change: &Rows) {
    for (x, change) in x.iter_mut().zip(change) {
        for (x, change) in x.iter_mut().zip(change) {
            *x += change;
        }
    }
}

/// `|a - b| / |b|` over whole vectors.
fn distance(a: &[f32], b: &[f64]) -> f64 {
    let difference: f64 = a
        .iter()
        .zip(b)
        .map(|(&a, b)| (f64::from(a) - b).powi(2))
        .sum();
    let norm: f64 = b.iter().map(|b| b * b).sum();
    (difference / norm).sqrt()
}

fn tokens(n: usize, vocab: usize) -> Vec<u32> {
    let mut noise = Noise(n as u64);
    (0..n)
        .map(|_| (noise.next() % vocab as u64) as u32)
        .collect()
}

/// The engine's distance from the reference after `n` tokens.
fn off(bytes: &[u8], shape: &Shape, n: usize) -> f64 {
    let tokens = tokens(n, shape.vocab);
    let expected = Reference::new(bytes).logits(&tokens);
    let file = ModelFile::from_bytes(bytes).unwrap();
    let mut model = load(&file, Options::default()).unwrap();
    distance(model.forward(&tokens, 0).unwrap(), &expected)
}

#[test]
fn every_architecture_is_exact_in_full_precision() {
    for architecture in ["llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"] {
        let shape = small(architecture);
        let off = off(&maker::model(&shape, DType::F32, 3), &shape, 40);
        println!("{architecture}: {off:.2e}");
        assert!(off < 2e-6, "{architecture}: {off}");
    }
}

/// Every architecture in every type. What remains is the rounding of the activations in the kernels.
#[test]
fn every_architecture_runs_in_every_type() {
    use DType::*;
    let types = [
        F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, MXFP4,
    ];
    for architecture in ["llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"] {
        let shape = maker::flat(architecture);
        for dtype in types {
            let off = off(&maker::model(&shape, dtype, 5), &shape, 5);
            let bound = match dtype {
                F32 | F16 | BF16 => 2e-6,
                _ => 8e-2,
            };
            println!("{architecture} {}: {off:.1e}", dtype.name());
            assert!(off < bound, "{architecture} {}: {off}", dtype.name());
        }
    }
}

/// Contexts stretched by linear scaling and by YaRN, where queries and keys are rotated by halves and by neighbours.
#[test]
fn stretched_contexts_are_exact() {
    for architecture in ["llama", "qwen2", "qwen3"] {
        let shape = small(architecture);
        let key = |name: &str| format!("{architecture}.rope.scaling.{name}");
        for kind in ["linear", "yarn"] {
            let writer = head(&shape)
                .str(&key("type"), kind)
                .f32(&key("factor"), 4.0)
                .u32(&key("original_context_length"), 128);
            let bytes = model_with(writer, &shape, DType::F32, 3);
            let off = off(&bytes, &shape, 40);
            println!("{architecture} {kind}: {off:.1e}");
            assert!(off < 2e-6, "{architecture} {kind}: {off}");
        }
    }
}

/// A stretched context changes the answer, and older files say it in other words.
#[test]
fn older_words_for_linear_scaling_are_understood() {
    let shape = small("llama");
    let tokens = tokens(40, shape.vocab);
    let run = |writer| {
        let bytes = model_with(writer, &shape, DType::F32, 3);
        let file = ModelFile::from_bytes(&bytes).unwrap();
        let mut model = load(&file, Options::default()).unwrap();
        model.forward(&tokens, 0).unwrap().to_vec()
    };
    let linear = run(head(&shape)
        .str("llama.rope.scaling.type", "linear")
        .f32("llama.rope.scaling.factor", 4.0));
    for key in ["llama.rope.scaling.factor", "llama.rope.scale_linear"] {
        assert_eq!(run(head(&shape).f32(key, 4.0)), linear, "{key}");
    }
    let plain: Vec<f64> = run(head(&shape)).into_iter().map(f64::from).collect();
    assert!(distance(&linear, &plain) > 1e-3);
}
