//! One case per refusal, and that nothing outside the bytes is ever touched.

use super::write::Writer;
use super::*;

/// A small file with a bit of everything.
fn sample() -> Vec<u8> {
    Writer::new()
        .str("general.architecture", "llama")
        .u32("llama.block_count", 2)
        .f32("llama.rope.freq_base", 10_000.0)
        .bool("tokenizer.ggml.add_bos_token", true)
        .strings("tokenizer.ggml.tokens", &["<unk>", "a", "b"])
        .f32s("tokenizer.ggml.scores", &[0.0, -1.0, -2.0])
        .i32s("tokenizer.ggml.token_type", &[2, 1, -1])
        .tensor("a", &[4, 2], DType::F32, &[1; 32])
        .tensor("b", &[32, 3], DType::Q8_0, &[2; 102])
        .finish()
}

#[test]
fn a_file_is_read_as_written() {
    let file = sample();
    let gguf = parse(&file).unwrap();
    assert_eq!(gguf.version(), 3);
    assert_eq!(gguf.str("general.architecture"), Some("llama"));
    assert_eq!(gguf.u64("llama.block_count"), Some(2));
    assert_eq!(gguf.f32("llama.rope.freq_base"), Some(10_000.0));
    assert_eq!(gguf.bool("tokenizer.ggml.add_bos_token"), Some(true));
    let tokens = gguf.array("tokenizer.ggml.tokens").unwrap();
    assert_eq!((tokens.kind(), tokens.len()), (Kind::Str, 3));
    assert_eq!(
        tokens.strings().collect::<Vec<_>>(),
        [&b"<unk>"[..], b"a", b"b"]
    );
    let types: Vec<_> = gguf
        .array("tokenizer.ggml.token_type")
        .unwrap()
        .iter()
        .collect();
    assert_eq!(types[2], Value::Signed(-1));
    let b = gguf.tensor("b").unwrap();
    assert_eq!((b.dtype, b.elements(), b.len), (DType::Q8_0, 96, 102));
    assert_eq!(gguf.bytes_of(b), [2; 102]);
    assert_eq!(gguf.tensors().len(), 2);
}

#[test]
fn every_truncation_is_refused() {
    let file = sample();
    // The padding behind the last tensor is not missed.
    let needed = {
        let gguf = parse(&file).unwrap();
        let last = gguf.tensor("b").unwrap();
        last.start + last.len
    };
    for len in 0..needed {
        assert!(
            parse(&file[..len]).is_err(),
            "{len} of {needed} bytes were taken"
        );
    }
    parse(&file[..needed]).unwrap();
}

#[test]
fn wrong_beginnings_are_refused() {
    let mut file = sample();
    file[0] = b'g';
    assert_eq!(parse(&file).unwrap_err(), GgufError::NotGguf);
    let mut file = sample();
    file[4] = 1;
    assert_eq!(parse(&file).unwrap_err(), GgufError::Version(1));
    file[4..8].copy_from_slice(&3u32.to_be_bytes());
    assert_eq!(parse(&file).unwrap_err(), GgufError::BigEndian);
    assert_eq!(parse(b"GG").unwrap_err(), GgufError::Truncated);
}

#[test]
fn absurd_counts_are_refused_before_memory_is_taken() {
    for (at, what) in [(8, "tensors"), (16, "metadata")] {
        for count in [u64::MAX, 1 << 40, 60_000] {
            let mut file = sample();
            file[at..at + 8].copy_from_slice(&count.to_le_bytes());
            assert_eq!(
                parse(&file).unwrap_err(),
                GgufError::Count { what, count },
                "at {at}"
            );
        }
    }
    for kind in [0u32, 6, 8, 10] {
        let mut array = kind.to_le_bytes().to_vec();
        array.extend((u64::MAX / 4).to_le_bytes());
        let file = Writer::new().raw("k", 9, &array).finish();
        assert_eq!(parse(&file).unwrap_err(), GgufError::Value("k".into()));
    }
}

#[test]
fn bad_values_are_refused_with_their_key() {
    let file = Writer::new().raw("k", 13, &[0; 8]).finish();
    let error = GgufError::ValueType {
        key: "k".into(),
        number: 13,
    };
    assert_eq!(parse(&file).unwrap_err(), error);
    // An array of arrays.
    let mut nested = 9u32.to_le_bytes().to_vec();
    nested.extend(1u64.to_le_bytes());
    let file = Writer::new().raw("k", 9, &nested).finish();
    assert!(matches!(
        parse(&file).unwrap_err(),
        GgufError::ValueType { number: 9, .. }
    ));
    // A string that claims to be longer than the file.
    let file = Writer::new().raw("k", 8, &u64::MAX.to_le_bytes()).finish();
    assert_eq!(parse(&file).unwrap_err(), GgufError::Value("k".into()));
    let file = Writer::new().u32("k", 1).u32("k", 2).finish();
    assert_eq!(
        parse(&file).unwrap_err(),
        GgufError::DuplicateKey("k".into())
    );
}

#[test]
fn bad_keys_are_refused() {
    let long = "x".repeat(65_536);
    let file = Writer::new().u32(&long, 1).finish();
    assert!(matches!(
        parse(&file).unwrap_err(),
        GgufError::TooLong { what: "key", .. }
    ));
    let mut file = Writer::new().u32("kk", 1).finish();
    let at = file.windows(2).position(|pair| pair == b"kk").unwrap();
    file[at] = 0xff;
    assert_eq!(parse(&file).unwrap_err(), GgufError::NotUtf8("key"));
    let long = "x".repeat(65);
    let file = Writer::new().tensor_at(&long, &[1], 0, 0).finish();
    assert!(matches!(
        parse(&file).unwrap_err(),
        GgufError::TooLong { .. }
    ));
}

#[test]
fn bad_alignments_are_refused() {
    for alignment in [0, 1, 4, 7, 24, 1 << 21] {
        let file = Writer::new().u32("general.alignment", alignment).finish();
        assert_eq!(
            parse(&file).unwrap_err(),
            GgufError::Alignment(alignment.into())
        );
    }
    let file = Writer::new().u32("general.alignment", 64).finish();
    parse(&file).unwrap();
}

#[test]
fn bad_tensors_are_refused() {
    let one = |dims: &[u64], dtype, offset| {
        let file = Writer::new()
            .tensor("ok", &[8], DType::F32, &[0; 32])
            .tensor_at("t", dims, dtype, offset)
            .finish();
        parse(&file).map(|_| ()).unwrap_err()
    };
    let t = || "t".to_string();
    assert_eq!(one(&[], 0, 32), GgufError::Dimensions(t()));
    assert_eq!(one(&[1, 1, 1, 1, 1], 0, 32), GgufError::Dimensions(t()));
    assert_eq!(one(&[0], 0, 32), GgufError::Dimensions(t()));
    assert_eq!(one(&[1 << 62, 4], 0, 32), GgufError::Dimensions(t()));
    assert_eq!(one(&[u64::MAX], 0, 32), GgufError::Dimensions(t()));
    assert_eq!(
        one(&[32], 4, 32),
        GgufError::UnknownType {
            tensor: t(),
            number: 4
        }
    );
    assert_eq!(
        one(&[33], 2, 32),
        GgufError::Blocks {
            tensor: t(),
            dtype: "Q4_0"
        }
    );
    assert_eq!(one(&[1], 0, 4), GgufError::Unaligned(t()));
    assert_eq!(one(&[1], 0, 32), GgufError::Outside(t()));
    assert_eq!(one(&[1 << 40], 0, 0), GgufError::Outside(t()));
    assert_eq!(one(&[1], 0, u64::MAX - 31), GgufError::Outside(t()));
    assert!(matches!(one(&[1], 0, 0), GgufError::Overlap(..)));
    let twice = Writer::new()
        .tensor("t", &[1], DType::F32, &[0; 4])
        .tensor("t", &[1], DType::F32, &[0; 4])
        .finish();
    assert_eq!(parse(&twice).unwrap_err(), GgufError::DuplicateTensor(t()));
}

proptest::proptest! {
    /// Whatever the bytes, and whichever bytes of a good file are changed: an answer, never a panic, and
    /// tensors that lie inside the file.
    #[test]
    fn damaged_files_never_panic(
        changes in proptest::collection::vec((0usize..2000, proptest::num::u8::ANY), 0..12)
    ) {
        let mut file = sample();
        for (at, byte) in changes {
            let len = file.len();
            file[at % len] = byte;
        }
        if let Ok(gguf) = parse(&file) {
            for tensor in gguf.tensors() {
                proptest::prop_assert_eq!(gguf.bytes_of(tensor).len(), tensor.len);
            }
            for (_, value) in gguf.metadata() {
                if let Value::Array(array) = value {
                    proptest::prop_assert_eq!(array.iter().count(), array.len());
                }
            }
        }
    }
}
