//! Small vocabularies by hand; the real ones are in `tests/it/model.rs`.

use super::super::gguf::{parse, write::Writer};
use super::*;

fn spm_writer() -> Writer {
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
    let scores = [
        0.0, 0.0, 0.0, -9.0, -9.0, -9.0, -1.0, -2.0, 0.0, 0.0, 0.0, 0.0,
    ];
    Writer::new()
        .str("tokenizer.ggml.model", "llama")
        .strings("tokenizer.ggml.tokens", &tokens)
        .f32s("tokenizer.ggml.scores", &scores)
        .i32s(
            "tokenizer.ggml.token_type",
            &[2, 3, 3, 1, 1, 1, 1, 1, 6, 6, 6, 4],
        )
        .u32("tokenizer.ggml.bos_token_id", 1)
        .u32("tokenizer.ggml.eos_token_id", 2)
        .u32("tokenizer.ggml.unknown_token_id", 0)
}

fn tokenizer(writer: Writer) -> Result<Tokenizer, TokenizerError> {
    Tokenizer::from_gguf(&parse(&writer.finish()).unwrap())
}

fn bpe_writer(pre: &str) -> Writer {
    Writer::new()
        .str("tokenizer.ggml.model", "gpt2")
        .str("tokenizer.ggml.pre", pre)
        .strings(
            "tokenizer.ggml.tokens",
            &["a", "b", "Ġ", "Ġa", "Ġab", "<|im_end|>", "ç", "Ĩ", "¾"],
        )
        .i32s("tokenizer.ggml.token_type", &[1, 1, 1, 1, 1, 3, 1, 1, 1])
        .strings("tokenizer.ggml.merges", &["Ġ a", "Ġa b"])
}

#[test]
fn spm_joins_by_score_and_falls_back_to_bytes() {
    let t = tokenizer(spm_writer()).unwrap();
    assert_eq!(t.encode("ab", false), [7]);
    assert_eq!(t.encode("aab ab", false), [3, 4, 6, 7]);
    assert_eq!(t.encode("熾", false), [3, 8, 9, 10]);
    assert_eq!(t.encode("c", false), [3, 0], "a byte without a token");
    assert_eq!(t.encode("", false), [0u32; 0]);
    assert_eq!(t.encode_prompt("ab"), [1, 7]);
    assert_eq!(t.encode_prompt("<s>ab"), [1, 7], "not two beginnings");
    // A user-defined token is found in any text; a control token only when asked for.
    assert_eq!(t.encode("ab\nab", false), [7, 11, 7]);
    assert_eq!(t.encode("</s>", true), [2]);
    assert!(!t.encode("</s>", false).contains(&2));
    assert_eq!(t.decode(&[1, 7, 8, 9, 10, 11, 2]), "ab熾\n");
    assert_eq!(t.decode(&[8, 9, 5, 999]), "\u{fffd}b");
    assert!(t.is_end(2) && !t.is_end(1));
    assert_eq!((t.token("</s>"), t.token("zz")), (Some(2), None));
}

#[test]
fn bpe_joins_by_rank() {
    let t = tokenizer(bpe_writer("gpt-2")).unwrap();
    assert_eq!(t.encode("ab ab b", false), [0, 1, 4, 2, 1]);
    assert_eq!(t.encode("熾", false), [6, 7, 8]);
    assert_eq!(t.encode(" ab<|im_end|>", true), [4, 5]);
    assert_eq!(t.decode(&[0, 1, 4, 5, 6, 7, 8]), "ab ab熾");
    assert!(t.is_end(5), "a known end of turn");
    assert_eq!(t.encode_prompt("a"), [0], "no beginning by default");
}

#[test]
fn misfits_are_refused() {
    use TokenizerError as E;
    let empty = Writer::new();
    assert_eq!(
        tokenizer(empty.clone()).unwrap_err(),
        E::Missing("tokenizer.ggml.model")
    );
    let kind = empty.clone().str("tokenizer.ggml.model", "t5");
    assert_eq!(tokenizer(kind).unwrap_err(), E::Kind("t5".into()));
    let llama = empty.str("tokenizer.ggml.model", "llama");
    assert_eq!(
        tokenizer(llama.clone()).unwrap_err(),
        E::Missing("tokenizer.ggml.tokens")
    );
    let none: [&str; 0] = [];
    let no_tokens = llama.clone().strings("tokenizer.ggml.tokens", &none);
    assert_eq!(tokenizer(no_tokens).unwrap_err(), E::Size(0));
    let numbers = llama.clone().f32s("tokenizer.ggml.tokens", &[1.0]);
    assert_eq!(
        tokenizer(numbers).unwrap_err(),
        E::List("tokenizer.ggml.tokens")
    );
    let tokens = llama.strings("tokenizer.ggml.tokens", &["a", "b"]);
    assert_eq!(
        tokenizer(tokens.clone()).unwrap_err(),
        E::Missing("tokenizer.ggml.scores")
    );
    let scores = tokens.clone().f32s("tokenizer.ggml.scores", &[1.0]);
    assert_eq!(
        tokenizer(scores).unwrap_err(),
        E::List("tokenizer.ggml.scores")
    );
    let types = tokens.clone().i32s("tokenizer.ggml.token_type", &[1]);
    assert_eq!(
        tokenizer(types).unwrap_err(),
        E::List("tokenizer.ggml.token_type")
    );
    // A token that does not exist is none: old converters wrote -1.
    let scores = tokens.clone().f32s("tokenizer.ggml.scores", &[1.0, 2.0]);
    for id in [2, u32::MAX] {
        let none = scores.clone().u32("tokenizer.ggml.bos_token_id", id);
        assert_eq!(tokenizer(none).unwrap().bos(), None);
    }
    assert_eq!(
        tokenizer(bpe_writer("martian")).unwrap_err(),
        E::Pre("martian".into())
    );
}

#[test]
fn long_texts_take_no_quadratic_time() {
    // Quadratic behaviour would make this test run for hours.
    let text = "ab".repeat(200_000);
    for t in [
        tokenizer(spm_writer()).unwrap(),
        tokenizer(bpe_writer("gpt-2")).unwrap(),
    ] {
        assert_eq!(t.decode(&t.encode(&text, true)), text);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_encoded(text in "[ab <>/s|\n熾\u{e000}]{0,40}") {
        let t = tokenizer(spm_writer()).unwrap();
        for special in [false, true] {
            for token in t.encode(&text, special) {
                proptest::prop_assert!((token as usize) < t.len());
            }
        }
    }
}
