//! Model files from strangers: what each refusal says, and that no damage does more than be refused.

use std::path::Path;

use okibi::model::file::ModelFile;
use okibi::model::gguf::{self, DType, write::Writer};
use okibi::model::template::{Context, Message, Template};
use okibi::model::tokenizer::Tokenizer;
use okibi::model::{Card, ModelError, Options, load};

use crate::maker::{self, Noise, Shape, head, model, model_with, tiny};

/// The corpora that the fuzz targets start from: small, made by `maker`, committed.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let tiny_head = |architecture| {
        let shape = Shape {
            architecture,
            ..tiny()
        };
        head(&shape)
    };
    let other = |architecture| {
        let shape = Shape {
            architecture,
            ..tiny()
        };
        model(&shape, DType::Q8_0, 1)
    };
    let chatml = "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m.content|trim ~ '<|im_end|>\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
    vec![
        ("gguf/empty.gguf", Writer::new().finish()),
        ("gguf/tiny-f32.gguf", model(&tiny(), DType::F32, 1)),
        ("gguf/tiny-q8_0.gguf", model(&tiny(), DType::Q8_0, 1)),
        ("gguf/tiny-bf16.gguf", model(&tiny(), DType::BF16, 1)),
        ("gguf/tiny-qwen2.gguf", other("qwen2")),
        ("gguf/tiny-qwen3.gguf", other("qwen3")),
        ("gguf/tiny-gemma2.gguf", other("gemma2")),
        ("gguf/tiny-gemma3.gguf", other("gemma3")),
        ("gguf/tiny-phi3.gguf", other("phi3")),
        ("gguf/tiny-mxfp4.gguf", model(&tiny(), DType::MXFP4, 1)),
        ("gguf/other-architecture.gguf", tiny_head("rwkv").finish()),
        (
            "gguf/kinds.gguf",
            Writer::new()
                .raw("u8", 0, &[1])
                .raw("i8", 1, &[0xff])
                .raw("u16", 2, &[1, 2])
                .raw("i16", 3, &[0xff, 0xff])
                .raw("u64", 10, &[1; 8])
                .raw("i64", 11, &[0xff; 8])
                .raw("f64", 12, &1.5f64.to_le_bytes())
                .bool("bool", true)
                .str("text", "熾火")
                .u32("general.alignment", 32)
                .tensor("iq", &[256, 2], DType::IQ2_XXS, &[7; 132])
                .finish(),
        ),
        ("tokenizer/spm.gguf", maker::spm_vocabulary()),
        ("tokenizer/bpe.gguf", maker::bpe_vocabulary()),
        ("template/chatml.jinja", chatml.into()),
        (
            "template/macro.jinja",
            "{%- macro m(x, y=1) -%}[{{ x ~ y }}]{%- endmacro -%}{{ m('a') }}{{ m(messages|length, y=2) }}{# c #}".into(),
        ),
        (
            "template/namespace.jinja",
            "{% set ns = namespace(n=0, s='') %}{% for m in messages[::-1] %}{% set ns.n = ns.n + 1 %}{% set ns.s = ns.s ~ m.content.strip().split(' ')[-1] %}{% if loop.last %}{{ ns|string }}{% endif %}{% endfor %}{{ {'a': [1, none, true]}|tojson(indent=2) }}".into(),
        ),
        (
            "template/bomb.jinja",
            "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}".into(),
        ),
        (
            "template/raise.jinja",
            "{% if messages[0].role != 'user' %}{{ raise_exception('first ' + messages[0].role) }}{% endif %}{{ strftime_now('%Y-%m-%d') }}".into(),
        ),
    ]
}

/// With `OKIBI_BLESS` set the corpora are written anew; without, they must be what `maker` makes.
#[test]
fn corpora_are_what_the_maker_makes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
    for (name, bytes) in seeds() {
        let path = root.join(name);
        if std::env::var_os("OKIBI_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        let found = std::fs::read(&path).unwrap_or_default();
        assert!(
            found == bytes,
            "{name} differs: run again with OKIBI_BLESS=1"
        );
    }
}

/// All that okibi does with a model file, with small limits.
fn use_file(bytes: &[u8]) -> Result<(), ModelError> {
    let file = ModelFile::from_bytes(bytes)?;
    let card = Card::read(&file)?;
    assert!(card.bytes == bytes.len() as u64);
    let gguf = file.gguf()?;
    let tokenizer = Tokenizer::from_gguf(&gguf)?;
    let tokens = tokenizer.encode("ab aab\n熾火<|im_end|></s>  b", true);
    tokenizer.decode(&tokens);
    if let Some(template) = Template::from_gguf(&gguf, &tokenizer)? {
        template.render(&[Message::new("user", "a")], Context::default())?;
    }
    let mut model = load(
        &file,
        Options {
            context: Some(8),
            ..Options::default()
        },
    )?;
    let tokens: Vec<u32> = tokens.into_iter().take(4).collect();
    model.forward(&tokens, 0)?;
    Ok(())
}

fn use_template(source: &str) {
    let messages = [Message::new("user", "a b"), Message::new("assistant", "c")];
    if let Ok(template) = Template::new(source, "<s>".into(), "</s>".into()) {
        let context = Context {
            answer: true,
            now: Some(0),
            ..Context::default()
        };
        let _ = template.render(&messages, context);
    }
}

/// Changes some bytes, a number, or the length, as a fuzzer would.
fn mutate(bytes: &mut Vec<u8>, noise: &mut Noise) {
    for _ in 0..1 + noise.next() % 4 {
        if bytes.is_empty() {
            return;
        }
        // Headers are where the decisions are: half of the changes go to the first 600 bytes.
        let reach = match noise.next() % 2 {
            0 => bytes.len(),
            _ => bytes.len().min(600),
        };
        let at = (noise.next() % reach as u64) as usize;
        match noise.next() % 6 {
            0 => bytes[at] ^= 1 << (noise.next() % 8),
            1 => bytes[at] = noise.next() as u8,
            2 => {
                let number = [0, 1, 255, 1 << 31, 1 << 40, u64::MAX][noise.next() as usize % 6];
                let end = (at + 8).min(bytes.len());
                bytes[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
            }
            3 => bytes.truncate(at),
            4 => {
                let end = (at + 16).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                let end = (at + 4).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
}

/// 100,000 damaged files: an answer for each, never a panic.
#[test]
fn damaged_files_are_refused_or_run() {
    let seeds: Vec<Vec<u8>> = seeds()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".gguf"))
        .map(|(_, bytes)| bytes)
        .collect();
    let mut noise = Noise(20_261_121);
    let (mut ran, mut parsed) = (0, 0);
    for round in 0..100_000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        mutate(&mut bytes, &mut noise);
        parsed += usize::from(gguf::parse(&bytes).is_ok());
        ran += usize::from(use_file(&bytes).is_ok());
    }
    // A mutation that nothing survives would test nothing.
    assert!(parsed > 10_000 && ran > 1_000, "{parsed} parsed, {ran} ran");
}

#[test]
fn damaged_templates_are_refused_or_run() {
    let seeds: Vec<Vec<u8>> = seeds()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".jinja"))
        .map(|(_, bytes)| bytes)
        .collect();
    let mut noise = Noise(7);
    for round in 0..100_000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        mutate(&mut bytes, &mut noise);
        use_template(&String::from_utf8_lossy(&bytes));
    }
}

fn refusal(bytes: &[u8]) -> String {
    use_file(bytes).unwrap_err().to_string()
}

#[test]
fn a_made_file_runs() {
    use_file(&model(&tiny(), DType::F32, 1)).unwrap();
}

#[test]
fn what_does_not_run_is_refused_by_name() {
    let rwkv = Shape {
        architecture: "rwkv",
        ..tiny()
    };
    assert_eq!(
        refusal(&model(&rwkv, DType::F32, 1)).split('(').next(),
        Some("models of the architecture \"rwkv\" do not run here ")
    );
    let iq = head(&tiny()).tensor("blk.0.attn_q.weight", &[256], DType::IQ2_XXS, &[0; 66]);
    assert_eq!(
        refusal(&iq.finish()),
        "the tensor \"blk.0.attn_q.weight\" is of the type IQ2_XXS, which does not run here"
    );
    assert_eq!(
        refusal(&head(&tiny()).finish()),
        "the file holds no language model (it has no weights)"
    );
    let card = Card::read(&ModelFile::from_bytes(&model(&rwkv, DType::F32, 1)).unwrap()).unwrap();
    assert!(card.refusal.unwrap().contains("rwkv"));
}

#[test]
fn files_that_do_not_fit_together_are_refused() {
    let cases: [(&str, Vec<u8>); 9] = [
        (
            "the file has the tensor \"surprise\", which this architecture has no use for",
            model_with(
                head(&tiny()).tensor("surprise", &[1], DType::F32, &[0; 4]),
                &tiny(),
                DType::F32,
                1,
            ),
        ),
        (
            "the tensor \"blk.1.attn_norm.weight\" is missing",
            model_with(
                head(&Shape {
                    layers: 2,
                    ..tiny()
                }),
                &tiny(),
                DType::F32,
                1,
            ),
        ),
        (
            "the tensor \"blk.0.attn_q.weight\" has the dimensions [32, 32] instead of [32, 16]",
            model_with(head(&Shape { heads: 1, ..tiny() }), &tiny(), DType::F32, 1),
        ),
        (
            "the file's \"llama.attention.head_count_kv\" is missing or out of range",
            model(
                &Shape {
                    heads: 3,
                    kv_heads: 2,
                    ..tiny()
                },
                DType::F32,
                1,
            ),
        ),
        (
            "the file's \"llama.attention.key_length\" is missing or out of range",
            model_with(
                head(&Shape {
                    head_len: 4096,
                    ..tiny()
                }),
                &tiny(),
                DType::F32,
                1,
            ),
        ),
        (
            "the file's \"llama.block_count\" is missing or out of range",
            model_with(
                head(&Shape {
                    layers: 1 << 30,
                    ..tiny()
                }),
                &tiny(),
                DType::F32,
                1,
            ),
        ),
        (
            "this model needs a mixture of experts, which is not implemented",
            model_with(
                head(&tiny()).u32("llama.expert_count", 8),
                &tiny(),
                DType::F32,
                1,
            ),
        ),
        (
            "this model needs rope scaling \"dynamic\", which is not implemented",
            model_with(
                head(&tiny()).str("llama.rope.scaling.type", "dynamic"),
                &tiny(),
                DType::F32,
                1,
            ),
        ),
        (
            "the file's \"llama.rope.scaling.factor\" is missing or out of range",
            model_with(
                head(&tiny()).str("llama.rope.scaling.type", "linear"),
                &tiny(),
                DType::F32,
                1,
            ),
        ),
    ];
    for (expected, bytes) in cases {
        assert_eq!(refusal(&bytes), expected);
    }
}

#[test]
fn positions_and_tokens_are_checked() {
    let file = ModelFile::from_bytes(&model(&tiny(), DType::F32, 1)).unwrap();
    let mut model = load(&file, Options::default()).unwrap();
    assert_eq!((model.context(), model.vocab_len()), (16, 12));
    assert!(matches!(model.forward(&[], 0), Err(ModelError::Empty)));
    assert!(matches!(
        model.forward(&[12], 0),
        Err(ModelError::Token(12))
    ));
    for (tokens, pos) in [(&[1][..], 1), (&[1; 17], 0), (&[1], usize::MAX)] {
        assert!(matches!(
            model.forward(tokens, pos),
            Err(ModelError::Position { .. })
        ));
    }
    model.forward(&[1; 16], 0).unwrap();
    model.forward(&[1], 3).unwrap();
    assert!(
        model.forward(&[1], 5).is_err(),
        "what stood above is forgotten"
    );
}
