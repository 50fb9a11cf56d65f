//! The engine against what other engines say.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use okibi::model::file::ModelFile;
use okibi::model::generate::{End, Event, Request};
use okibi::model::gguf::{self, DType};
use okibi::model::sample::{Sampler, Sampling, log_probability};
use okibi::model::template::{Context, Message};
use okibi::model::tokenizer::Tokenizer;
use okibi::model::{Card, LanguageModel, Options, load, start};

use crate::{maker, peer};

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
        // WordPiece forgets case and white space.
        if name != "bert-bge" {
            assert_eq!(&tokenizer.decode(&tokens), case, "{name}");
        }
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
fn bert_is_cut_as_by_llama_cpp() {
    vocabulary("bert-bge");
}

#[test]
fn deepseek_coder_is_cut_as_by_llama_cpp() {
    vocabulary("deepseek-coder");
}

/// A file of our own, committed.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn ids(value: &serde_json::Value) -> Vec<u32> {
    let ids = value.as_array().unwrap().iter();
    ids.map(|id| id.as_u64().unwrap() as u32).collect()
}

fn open(path: &Path) -> (Box<dyn LanguageModel>, Tokenizer) {
    let file = ModelFile::open(path).unwrap();
    let tokenizer = Tokenizer::from_gguf(&file.gguf().unwrap()).unwrap();
    (load(&file, Options::default()).unwrap(), tokenizer)
}

/// The `n` tokens that the model finds most probable after `prompt`, one after the other.
fn greedy(model: &mut dyn LanguageModel, prompt: &[u32], n: usize) -> Vec<u32> {
    let mut sampler = Sampler::new(Sampling::greedy());
    let mut tokens = Vec::new();
    let mut logits = model.forward(prompt, 0).unwrap();
    loop {
        tokens.push(sampler.choose(logits, &[]).unwrap());
        if tokens.len() == n {
            return tokens;
        }
        let pos = prompt.len() + tokens.len() - 1;
        logits = model.forward(&tokens[tokens.len() - 1..], pos).unwrap();
    }
}

/// How many tokens are equal before the first that is not.
fn agreement(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[test]
fn ember_says_what_llama_cpp_makes_it_say() {
    let expected = json(&fixture("ember/ember-expected.json"));
    let (mut model, tokenizer) = open(&fixture("ember/ember-f32.gguf"));
    for case in expected["f32"]["prompts"].as_array().unwrap() {
        let prompt = tokenizer.encode_prompt(case["prompt"].as_str().unwrap());
        assert_eq!(prompt, ids(&case["llama_cpp_prompt_ids"]), "{case}");
        let tokens = greedy(&mut *model, &prompt, 64);
        assert_eq!(tokens, ids(&case["greedy_ids_llama_cpp"]), "{case}");
        // How many U+FFFD stand for a broken character is a matter of taste.
        let whole = |text: &str| text.replace('\u{fffd}', "");
        let text = case["text"].as_str().unwrap();
        assert_eq!(whole(&tokenizer.decode(&tokens)), whole(text));
    }
}

/// With weights of 8 bits, activations are rounded, too, and engines differ in how: the beginning is the
/// same, and the first difference may come where two tokens are almost equally probable. Where llama.cpp leaves
/// the exact model's own answer (PyTorch's, in full precision), okibi may stay with that.
#[test]
fn ember_in_8_bits_begins_as_with_llama_cpp() {
    let expected = json(&fixture("ember/ember-expected.json"));
    let (mut model, tokenizer) = open(&fixture("ember/ember-q8_0.gguf"));
    for case in expected["q8_0"]["prompts"].as_array().unwrap() {
        let prompt = tokenizer.encode_prompt(case["prompt"].as_str().unwrap());
        let tokens = greedy(&mut *model, &prompt, 64);
        let [llama_cpp, exact] = ["greedy_ids_llama_cpp", "greedy_ids_torch_f32"]
            .map(|engine| agreement(&tokens, &ids(&case[engine])));
        println!(
            "{}: of 64 equal: {llama_cpp} with llama.cpp, {exact} with the exact model",
            case["prompt"]
        );
        assert!(
            llama_cpp.max(exact) >= 8,
            "{case}: only {llama_cpp} tokens are equal"
        );
    }
}

/// One of the stories260K files and what is expected of it.
fn stories(name: &str) -> Option<(serde_json::Value, Box<dyn LanguageModel>, Tokenizer)> {
    let path = peer::file(&format!("models/{name}"))?;
    let expected = json(&peer::file("models/expected.json")?);
    let (model, tokenizer) = open(&path);
    Some((expected["models"][name].clone(), model, tokenizer))
}

#[test]
fn stories_are_told_as_by_llama_cpp() {
    let Some((expected, mut model, tokenizer)) = stories("stories260K-f32.gguf") else {
        return;
    };
    for case in expected["prompts"].as_array().unwrap() {
        let prompt = tokenizer.encode_prompt(case["prompt"].as_str().unwrap());
        assert_eq!(prompt, ids(&case["llama_cpp_prompt_ids"]));
        let tokens = greedy(&mut *model, &prompt, 64);
        assert_eq!(tokens, ids(&case["greedy_ids_llama_cpp"]), "{case}");
    }
}

/// Half-wide weights: the same story as by llama.cpp after the first prompt. After others two tokens are almost
/// equally probable, and engines that round otherwise take the one or the other.
#[test]
fn a_story_in_bf16_is_told_as_by_llama_cpp() {
    let Some((expected, mut model, tokenizer)) = stories("stories260K-pad256-bf16.gguf") else {
        return;
    };
    let case = &expected["prompts"][0];
    let prompt = tokenizer.encode_prompt(case["prompt"].as_str().unwrap());
    let tokens = greedy(&mut *model, &prompt, 64);
    assert_eq!(tokens, ids(&case["greedy_ids_llama_cpp"]), "{case}");
}

/// Mean negative log likelihood per token over the canonical story, the first token given.
fn mean_nll(model: &mut dyn LanguageModel) -> Option<f64> {
    let canon = ids(&json(&peer::file("models/canon_ids.json")?));
    let mut sum = 0.0;
    for pos in 0..canon.len() - 1 {
        let logits = model.forward(&canon[pos..=pos], pos).unwrap();
        sum -= log_probability(logits, canon[pos + 1]).unwrap();
    }
    Some(sum / (canon.len() - 1) as f64)
}

#[test]
fn every_type_gives_the_expected_likelihood() {
    for kind in [
        "f32",
        "pad256-bf16",
        "pad256-q8_0",
        "pad256-q6_k",
        "pad256-q5_k_m",
        "pad256-q4_k_m",
        "pad256-q4_0",
    ] {
        let Some((expected, mut model, _)) = stories(&format!("stories260K-{kind}.gguf")) else {
            return;
        };
        let nll = mean_nll(&mut *model).unwrap();
        let llama_cpp = expected["mean_nll_llama_cpp"].as_f64().unwrap();
        let exact = expected["mean_nll_exact_dequantised"].as_f64().unwrap();
        println!("{kind}: {nll:.6} here, {llama_cpp:.6} llama.cpp, {exact:.6} exact");
        let off = (nll - llama_cpp).abs().min((nll - exact).abs());
        assert!(
            off < 0.01,
            "{kind}: {nll}, but {llama_cpp} or {exact} is expected"
        );
    }
}

/// A prompt may be run at once or in parts: to the last bit the same logits.
#[test]
fn parts_of_a_prompt_give_the_same_logits() {
    for name in ["ember/ember-f32.gguf", "ember/ember-q8_0.gguf"] {
        let (mut model, tokenizer) = open(&fixture(name));
        let text = "Once upon a time there was a little girl who lived in a forest. ある日、";
        let prompt = tokenizer.encode_prompt(text);
        let whole = model.forward(&prompt, 0).unwrap().to_vec();
        for cut in [1, 7, prompt.len() - 1] {
            model.forward(&prompt[..cut], 0).unwrap();
            let parts = model.forward(&prompt[cut..], cut).unwrap();
            assert_eq!(parts, whole, "{name} cut at {cut}");
        }
    }
}

#[test]
fn a_session_streams_ember_and_ends_at_its_context() {
    let file = ModelFile::open(&fixture("ember/ember-q8_0.gguf")).unwrap();
    let options = Options {
        context: Some(60),
        ..Options::default()
    };
    let (mut session, chat) = start(&file, options).unwrap();
    let messages = [Message::new("user", "ある日、")];
    let prompt = chat.prompt(&messages, Context::default()).unwrap();
    assert_eq!(prompt.tokens, session.tokenizer().encode_prompt("ある日、"));
    let mut tell = |seed| {
        let mut text = String::new();
        let request = Request {
            prompt: &prompt.tokens,
            sampling: Sampling {
                seed,
                ..Sampling::default()
            },
            ..Request::default()
        };
        let outcome = session.generate(&request, &mut |event| {
            if let Event::Text(piece) = event {
                text.push_str(piece);
            }
            ControlFlow::Continue(())
        });
        (text, outcome.unwrap())
    };
    let (first, outcome) = tell(1);
    assert_eq!((outcome.end, outcome.generated_tokens), (End::Context, 56));
    assert_eq!(tell(1).0, first, "a seed is a text");
    assert_ne!(tell(2).0, first);
}

#[test]
fn a_card_says_what_is_in_a_file() {
    let file = ModelFile::open(&fixture("ember/ember-q8_0.gguf")).unwrap();
    let card = Card::read(&file).unwrap();
    assert_eq!(card.name.as_deref(), Some("ember"));
    assert_eq!(card.architecture.as_deref(), Some("llama"));
    assert_eq!(card.file_type, "Q8_0");
    assert_eq!((card.context, card.vocabulary), (Some(256), Some(2048)));
    assert_eq!(card.bytes, 1_395_008);
    assert_eq!(card.bytes_per_token, Some(2 * 4 * 5 * 4 * 32));
    assert!((1_200_000..1_400_000).contains(&card.parameters));
    assert!(!card.has_template);
    assert_eq!((card.license, card.refusal), (None, None));
}

/// The second turn of a conversation computes what is new: its own question, the end of the answer, and the
/// words around them.
#[test]
fn a_second_turn_computes_only_what_is_new() {
    // Ember with a template, as if it were made for conversation.
    let ember = std::fs::read(fixture("ember/ember-q8_0.gguf")).unwrap();
    let ember = gguf::parse(&ember).unwrap();
    let template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}\n{% endfor %}[assistant]";
    let mut writer = gguf::write::Writer::new().str("tokenizer.chat_template", template);
    for (_, entry) in ember.entries() {
        writer = writer.entry(entry);
    }
    for tensor in ember.tensors() {
        let bytes = ember.bytes_of(tensor);
        writer = writer.tensor(tensor.name, &tensor.dims, tensor.dtype, bytes);
    }
    let file = ModelFile::from_bytes(&writer.finish()).unwrap();
    let (mut session, chat) = start(&file, Options::default()).unwrap();
    let mut messages = vec![Message::new("user", "Once upon a time there was a fox.")];
    for question in ["What did the fox say?", "And then?", ""] {
        let prompt = chat.prompt(&messages, Context::default()).unwrap();
        let mut answer = String::new();
        let request = Request {
            prompt: &prompt.tokens,
            // Ember's line break is a token of its own kind, behind which its tokenizer puts a space.
            stop: &["\n".to_owned()],
            max_tokens: Some(40),
            ..Request::default()
        };
        let outcome = session.generate(&request, &mut |event| {
            if let Event::Text(piece) = event {
                answer.push_str(piece);
            }
            ControlFlow::Continue(())
        });
        let outcome = outcome.unwrap();
        let computed = outcome.prompt_tokens - outcome.reused_tokens;
        if let [.., _, asked] = messages.as_slice() {
            // The last token of an answer was sampled, but not run yet.
            let new = format!("\n[user]{}\n[assistant]", asked.content);
            let new = session.tokenizer().encode(&new, false).len() + 2;
            assert!(computed <= new, "{computed} computed, {new} are new");
            assert!(outcome.reused_tokens > 20, "a conversation");
        }
        messages.push(Message::new("assistant", &answer));
        messages.push(Message::new("user", question));
    }
}

/// The same seed gives the same text on one, two and three threads: a model large enough that products and
/// attention are split, the program as it is.
#[test]
fn threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let shape = maker::Shape {
        inner: 4096,
        vocab: 2100,
        ..maker::small("llama")
    };
    let okibi = |threads: &str, args: &[&str]| {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_okibi"))
            .arg("--home")
            .arg(folder.path().join("home"))
            .args(args)
            .env("RAYON_NUM_THREADS", threads)
            .env("CANDLE_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    for dtype in [DType::Q8_0, DType::Q4_K] {
        let path = folder.path().join(format!("{}.gguf", dtype.name()));
        std::fs::write(&path, maker::model(&shape, dtype, 11)).unwrap();
        okibi("1", &["model", "add", path.to_str().unwrap()]);
        let question = "a quick brown fox jumps over the lazy dog again and again";
        let name = dtype.name();
        let options = [
            "--seed",
            "7",
            "--temperature",
            "2",
            "--max-tokens",
            "12",
            "--logprobs",
            "3",
        ];
        let answers: Vec<serde_json::Value> = ["1", "2", "3"]
            .iter()
            .map(|threads| {
                let args = [&["--json", "chat", "-m", name][..], &options, &[question]].concat();
                let said = okibi(threads, &args);
                let answer: serde_json::Value = said.lines().last().unwrap().parse().unwrap();
                assert_eq!(answer["logprobs"].as_array().unwrap().len(), 12, "{answer}");
                serde_json::json!([answer["text"], answer["logprobs"]])
            })
            .collect();
        assert_eq!(answers[0], answers[1], "{name}");
        assert_eq!(answers[0], answers[2], "{name}");
    }
}
