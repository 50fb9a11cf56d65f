//! The engine's side of a comparison with another engine (`tests/llama_cpp/compare.py`); no part of the program.
//!
//! - `peer tokens FILE`: reads JSON strings, one a line, and answers each with the numbers of its tokens
//!   (nothing added, control tokens not parsed; with `--special` parsed).
//! - `peer logits FILE OUT LAST`: reads a JSON list of tokens, runs all but the last `LAST - 1` of them at once and
//!   the others one by one, and writes the `LAST` rows of logits as little-endian `f32`.
//! - `peer speed FILE PROMPT ANSWER`: runs so many tokens at once, and so many one by one; prints tokens per
//!   second of the whole process's CPU time, and the peak of its memory.

use std::error::Error;
use std::io::{BufRead, Read, Write};
use std::path::Path;

use okibi::model::file::ModelFile;
use okibi::model::tokenizer::Tokenizer;
use okibi::model::{Options, load};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tokens", file] => tokens(Path::new(file), false),
        ["tokens", file, "--special"] => tokens(Path::new(file), true),
        ["logits", file, out, last] => logits(Path::new(file), Path::new(out), last.parse()?),
        ["speed", file, prompt, answer] => speed(Path::new(file), prompt.parse()?, answer.parse()?),
        _ => Err("peer tokens FILE | logits FILE OUT LAST | speed FILE PROMPT ANSWER".into()),
    }
}

fn tokens(file: &Path, special: bool) -> Outcome {
    let file = ModelFile::open(file)?;
    let tokenizer = Tokenizer::from_gguf(&file.gguf()?)?;
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        let tokens = tokenizer.encode(&text, special);
        writeln!(stdout, "{}", serde_json::to_string(&tokens)?)?;
    }
    Ok(())
}

fn logits(file: &Path, out: &Path, last: usize) -> Outcome {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let tokens: Vec<u32> = serde_json::from_str(&text)?;
    let first = (tokens.len() + 1)
        .checked_sub(last)
        .filter(|&first| first > 0 && last > 0)
        .ok_or("LAST is from 1 to the number of tokens")?;
    let context = Some(tokens.len());
    let mut model = load(
        &ModelFile::open(file)?,
        Options {
            context,
            ..Options::default()
        },
    )?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(out)?);
    let mut put = |row: &[f32]| -> std::io::Result<()> {
        row.iter().try_for_each(|x| out.write_all(&x.to_le_bytes()))
    };
    put(model.forward(&tokens[..first], 0)?)?;
    for pos in first..tokens.len() {
        put(model.forward(&tokens[pos..=pos], pos)?)?;
    }
    out.flush()?;
    Ok(())
}

/// CPU seconds of this process so far, all threads together.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| fields.get(at).and_then(|word| word.parse::<f64>().ok());
    // Fields 14 and 15 of proc(5), in hundredths of a second.
    Ok((ticks(11).ok_or("no times")? + ticks(12).ok_or("no times")?) / 100.0)
}

fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn speed(file: &Path, prompt: usize, answer: usize) -> Outcome {
    let context = Some(prompt + answer);
    let mut model = load(
        &ModelFile::open(file)?,
        Options {
            context,
            ..Options::default()
        },
    )?;
    let vocab = model.vocab_len() as u32;
    let token = |i: usize| (i as u32 * 7919 + 5) % vocab;
    let tokens: Vec<u32> = (0..prompt).map(token).collect();
    let begin = cpu_seconds()?;
    model.forward(&tokens, 0)?;
    let middle = cpu_seconds()?;
    for pos in prompt..prompt + answer {
        model.forward(&[token(pos)], pos)?;
    }
    let end = cpu_seconds()?;
    let value = serde_json::json!({
        "prefill": prompt as f64 / (middle - begin),
        "decode": answer as f64 / (end - middle),
        "peak_kilobytes": peak_kilobytes(),
    });
    writeln!(std::io::stdout(), "{value}")?;
    Ok(())
}
