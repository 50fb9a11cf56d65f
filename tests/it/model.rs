//! The engine against what other engines say.

use okibi::model::gguf;
use okibi::model::tokenizer::Tokenizer;

use crate::peer;

/// Holds one vocabulary against llama.cpp's own vectors: `.inp` has the cases, `.out` a line of token
/// numbers for each; nothing is added and special tokens are not parsed.
fn vocabulary(name: &str) {
    let base = format!("vocab/ggml-vocab-{name}.gguf");
    let (Some(model), Some(inputs), Some(outputs)) = (
        peer::file(&base),
        peer::file(&format!("{base}.inp")),
        peer::file(&format!("{base}.out")),
    ) else {
        return;
    };
    let bytes = std::fs::read(model).unwrap();
    let tokenizer = Tokenizer::from_gguf(&gguf::parse(&bytes).unwrap()).unwrap();
    let inputs = std::fs::read_to_string(inputs).unwrap();
    let mut cases: Vec<&str> = inputs.split("\n__ggml_vocab_test__\n").collect();
    cases.pop();
    let outputs = std::fs::read_to_string(outputs).unwrap();
    let expected: Vec<Vec<u32>> = outputs
        .lines()
        .map(|line| {
            line.split_whitespace()
                .map(|id| id.parse().unwrap())
                .collect()
        })
        .collect();
    assert_eq!((cases.len(), expected.len()), (46, 46));
    for (case, expected) in cases.iter().zip(&expected) {
        let tokens = tokenizer.encode(case, false);
        assert_eq!(&tokens, expected, "{name}: {case:?}");
        assert_eq!(&tokenizer.decode(&tokens), case, "{name}");
    }
}

#[test]
fn llama_spm_is_cut_as_by_llama_cpp() {
    vocabulary("llama-spm");
}

#[test]
fn gpt_2_is_cut_as_by_llama_cpp() {
    vocabulary("gpt-2");
}

#[test]
fn qwen_2_is_cut_as_by_llama_cpp() {
    vocabulary("qwen2");
}

#[test]
fn deepseek_coder_is_cut_as_by_llama_cpp() {
    vocabulary("deepseek-coder");
}
