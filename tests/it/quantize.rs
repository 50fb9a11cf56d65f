//! Packing weights into fewer bits: what comes out is a model that says nearly the same.

use std::process::Command;

use okibi::model::file::ModelFile;
use okibi::model::gguf::{self, DType, Gguf};
use okibi::model::quantize::{RECIPES, Recipe, plan};
use okibi::model::sample::log_probability;
use okibi::model::{ModelError, Options, load};

use crate::maker::{self, small};
use crate::model::{fixture, ids, json};
use crate::peer;

fn packed(file: &ModelFile, name: &str) -> Vec<u8> {
    let plan = plan(file, Recipe::named(name).unwrap(), false).unwrap();
    let (mut out, mut last) = (Vec::new(), 0);
    plan.run(&mut out, &mut |done| last = done).unwrap();
    assert_eq!(
        (out.len() as u64, last <= plan.bytes),
        (plan.bytes, true),
        "{name}"
    );
    out
}

/// Mean negative log likelihood per token, the first given.
fn mean_nll(file: &ModelFile, tokens: &[u32]) -> f64 {
    let mut model = load(file, Options::default()).unwrap();
    let mut sum = 0.0;
    for pos in 0..tokens.len() - 1 {
        let logits = model.forward(&tokens[pos..=pos], pos).unwrap();
        sum -= log_probability(logits, tokens[pos + 1]).unwrap();
    }
    sum / (tokens.len() - 1) as f64
}

/// Everything but the type of the weights is as it was, and the types are said.
fn same_but_packed(before: &Gguf<'_>, after: &Gguf<'_>) {
    for (key, value) in before.metadata() {
        if *key != "general.file_type" && *key != "general.quantization_version" {
            assert_eq!(after.get(key), Some(value), "{key}");
        }
    }
    for (old, new) in before.tensors().iter().zip(after.tensors()) {
        assert_eq!((old.name, &old.dims), (new.name, &new.dims));
        if old.dims.len() == 1 {
            assert_eq!(before.bytes_of(old), after.bytes_of(new), "{}", old.name);
        }
    }
    assert_eq!(before.tensors().len(), after.tensors().len());
}

#[test]
fn ember_says_nearly_the_same_in_every_type() {
    let file = ModelFile::open(&fixture("ember/ember-f32.gguf")).unwrap();
    let before = file.gguf().unwrap();
    let text = "Once upon a time there was a king who had three sons. ある日、おじいさんは山へ行きました。";
    let tokens = okibi::model::tokenizer::Tokenizer::from_gguf(&before)
        .unwrap()
        .encode_prompt(text);
    let exact = mean_nll(&file, &tokens);
    for recipe in RECIPES.into_iter().filter(|recipe| recipe.name != "F32") {
        let bytes = packed(&file, recipe.name);
        let after = gguf::parse(&bytes).unwrap();
        same_but_packed(&before, &after);
        let again = ModelFile::from_bytes(&bytes).unwrap();
        let nll = mean_nll(&again, &tokens);
        println!(
            "{}: {} bytes, {:+.4}",
            recipe.name,
            bytes.len(),
            nll - exact
        );
        let bound = match recipe.name {
            "F16" | "BF16" | "Q8_0" | "Q6_K" => 0.02,
            "Q5_K_M" | "Q5_K_S" | "Q5_0" | "Q5_1" => 0.1,
            _ => 0.4,
        };
        assert!(
            (nll - exact).abs() < bound,
            "{}: {nll} {exact}",
            recipe.name
        );
    }
}

/// What is packed here is about as good as what llama.cpp packed from the same weights.
#[test]
fn stories_packed_here_are_as_good_as_llama_cpps() {
    let (Some(source), Some(expected), Some(canon)) = (
        peer::file("models/stories260K-pad256-bf16.gguf"),
        peer::file("models/expected.json"),
        peer::file("models/canon_ids.json"),
    ) else {
        return;
    };
    let (expected, canon) = (json(&expected), ids(&json(&canon)));
    let file = ModelFile::open(&source).unwrap();
    for name in ["Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0"] {
        let theirs = format!("stories260K-pad256-{}.gguf", name.to_lowercase());
        let theirs = expected["models"][theirs]["mean_nll_llama_cpp"]
            .as_f64()
            .unwrap();
        let nll = mean_nll(
            &ModelFile::from_bytes(&packed(&file, name)).unwrap(),
            &canon,
        );
        println!("{name}: {nll:.4} here, {theirs:.4} llama.cpp");
        assert!(nll < theirs + 0.03, "{name}: {nll}, but {theirs} is there");
    }
}

/// The recipes give more bits to the same tensors as llama.cpp's: its own files say which.
#[test]
fn recipes_are_llama_cpps() {
    let Some(source) = peer::file("models/stories260K-pad256-bf16.gguf") else {
        return;
    };
    let file = ModelFile::open(&source).unwrap();
    for name in ["Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0"] {
        let theirs = format!("models/stories260K-pad256-{}.gguf", name.to_lowercase());
        let theirs = std::fs::read(peer::file(&theirs).unwrap()).unwrap();
        let (ours, theirs) = (packed(&file, name), gguf::parse(&theirs).unwrap());
        let ours = gguf::parse(&ours).unwrap();
        for tensor in theirs.tensors() {
            let found = ours.tensor(tensor.name).unwrap().dtype;
            assert_eq!(found, tensor.dtype, "{name} {}", tensor.name);
        }
        assert_eq!(
            ours.u64("general.file_type"),
            theirs.u64("general.file_type")
        );
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused = |bytes: &[u8], name: &str, again: bool| {
        let file = ModelFile::from_bytes(bytes).unwrap();
        plan(&file, Recipe::named(name).unwrap(), again).err()
    };
    let shape = small("llama");
    let packed = maker::model(&shape, DType::Q8_0, 3);
    assert!(matches!(
        refused(&packed, "Q4_0", false),
        Some(ModelError::Packed { .. })
    ));
    assert!(refused(&packed, "Q4_0", true).is_none());
    assert!(matches!(
        refused(&packed, "Q8_0", true),
        Some(ModelError::NothingToGain("Q8_0"))
    ));
    let half = maker::model(&shape, DType::F16, 3);
    assert!(matches!(
        refused(&half, "F32", false),
        Some(ModelError::NothingToGain("F32"))
    ));
    assert!(matches!(
        refused(&half, "F16", false),
        Some(ModelError::NothingToGain("F16"))
    ));
    let empty = gguf::write::Writer::new()
        .str("general.architecture", "llama")
        .finish();
    assert!(matches!(
        refused(&empty, "Q4_0", false),
        Some(ModelError::NoModel(_))
    ));
    assert!(Recipe::named("Q9_K").is_none() && Recipe::named("q4_k_m").is_some());

    let broken = [1.0, f32::NAN].map(|x| maker::encode(&vec![x; 256 * 300], 256, DType::F32));
    for (bytes, fine) in broken.iter().zip([true, false]) {
        let mut whole = maker::model(&shape, DType::F32, 3);
        let at = gguf::parse(&whole)
            .unwrap()
            .tensor("token_embd.weight")
            .unwrap()
            .start;
        whole[at..at + bytes.len()].copy_from_slice(bytes);
        let file = ModelFile::from_bytes(&whole).unwrap();
        let plan = plan(&file, Recipe::named("Q4_K_M").unwrap(), false).unwrap();
        let done = plan.run(&mut std::io::sink(), &mut |_| {});
        assert_eq!(done.is_ok(), fine);
    }
}

/// The command: whole or nothing, and clear words.
#[test]
fn the_command_writes_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("q4.gguf");
    let run = |args: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_okibi"))
            .arg("--home")
            .arg(folder.path().join("home"))
            .args(["--json", "model", "quantize"])
            .arg(fixture("ember/ember-f32.gguf"))
            .arg(&out)
            .args(args)
            .output()
            .unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        let last: serde_json::Value = said.lines().last().unwrap().parse().unwrap();
        (done.status.code().unwrap(), last)
    };
    let (code, said) = run(&["--type", "Q4_K_M", "--dry-run"]);
    assert_eq!((code, out.exists()), (0, false), "{said}");
    let bytes = said["bytes"].as_u64().unwrap();
    // What a broken-off run left.
    std::fs::write(folder.path().join(".q4.gguf.part"), vec![7; 1 << 20]).unwrap();
    let (code, said) = run(&["--type", "q4_k_m"]);
    assert_eq!((code, &said["recipe"]), (0, &"Q4_K_M".into()), "{said}");
    assert_eq!(out.metadata().unwrap().len(), bytes);
    assert!(!folder.path().join(".q4.gguf.part").exists());
    let (code, said) = run(&["--type", "Q4_0"]);
    assert_eq!((code, &said["code"]), (1, &"file-exists".into()));
    let (code, said) = run(&["--type", "Q4_9"]);
    assert_eq!((code, &said["code"]), (2, &"model-type-unknown".into()));
}
