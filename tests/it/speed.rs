//! How fast a model file runs here; no test, because nothing is held against anything:
//! `OKIBI_SPEED_FILE=FILE cargo test --release --test it speed -- --ignored --nocapture`
//! (ember where no file is named).

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use okibi::model::file::ModelFile;
use okibi::model::generate::{Event, Request, Session};
use okibi::model::sample::Sampling;
use okibi::model::tokenizer::Tokenizer;
use okibi::model::{Options, load};

#[test]
#[ignore = "prints timings"]
fn speed() {
    let ember = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/ember/ember-q8_0.gguf"
    );
    let path = std::env::var_os("OKIBI_SPEED_FILE").map_or(ember.into(), PathBuf::from);

    let start = Instant::now();
    let ms = |since: Instant| since.elapsed().as_secs_f64() * 1e3;
    let file = ModelFile::open(&path).unwrap();
    println!("open       {:8.1} ms", ms(start));
    let tokenizer = Arc::new(Tokenizer::from_gguf(&file.gguf().unwrap()).unwrap());
    println!("tokenizer  {:8.1} ms", ms(start));
    let model = load(&file, Options::default()).unwrap();
    let mut session = Session::new(model, Arc::clone(&tokenizer));
    println!("loaded     {:8.1} ms", ms(start));

    let prompt = tokenizer.encode_prompt("Once upon a time");
    let mut first = None;
    let request = Request {
        prompt: &prompt,
        sampling: Sampling::greedy(),
        max_tokens: Some(128),
        ..Request::default()
    };
    let outcome = session.generate(&request, &mut |event| {
        if matches!(event, Event::Text(_)) {
            first.get_or_insert_with(Instant::now);
        }
        ControlFlow::Continue(())
    });
    let generated = outcome.unwrap().generated_tokens;
    let first = first.expect("no text came");
    println!("first text {:8.1} ms", ms(start) - ms(first));
    let rate = (generated - 1) as f64 / first.elapsed().as_secs_f64();
    println!("decode     {rate:8.1} tokens/s ({generated} tokens)");

    let mut long = prompt.clone();
    let room = session.context().saturating_sub(2).min(512);
    long.extend((0..(room - prompt.len()) as u32).map(|i| 3 + i * 7 % 200));
    let begin = Instant::now();
    let request = Request {
        prompt: &long,
        max_tokens: Some(1),
        ..request
    };
    let outcome = session.generate(&request, &mut |_| ControlFlow::Continue(()));
    let new = long.len() - outcome.unwrap().reused_tokens;
    let rate = new as f64 / begin.elapsed().as_secs_f64();
    println!("prefill    {rate:8.1} tokens/s ({new} tokens)");
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
            println!("{line}");
        }
    }
}
