//! Sessions over a scripted model: every way to end, reuse of the cache, and what is held back.

use super::super::Scripted;
use super::super::gguf::{parse, write::Writer};
use super::super::scripted::Calls;
use super::*;

/// Token 3 + n is the letter `a` + n; 0 is unknown, 1 begins, 2 ends, and the last two are the bytes of `é`.
fn tokenizer() -> Arc<Tokenizer> {
    let letters: Vec<String> = ('a'..='z').map(String::from).collect();
    let mut tokens: Vec<&str> = vec!["<unk>", "<s>", "</s>"];
    tokens.extend(letters.iter().map(String::as_str));
    tokens.extend(["<0xC3>", "<0xA9>"]);
    let mut types = vec![2, 3, 3];
    types.extend([1; 26]);
    types.extend([6, 6]);
    let file = Writer::new()
        .str("tokenizer.ggml.model", "llama")
        .strings("tokenizer.ggml.tokens", &tokens)
        .f32s("tokenizer.ggml.scores", &vec![0.0; tokens.len()])
        .i32s("tokenizer.ggml.token_type", &types)
        .u32("tokenizer.ggml.bos_token_id", 1)
        .u32("tokenizer.ggml.eos_token_id", 2)
        .bool("tokenizer.ggml.add_space_prefix", false)
        .finish();
    Arc::new(Tokenizer::from_gguf(&parse(&file).unwrap()).unwrap())
}

fn session(reply: &str, context: usize) -> (Session, Calls) {
    let tokenizer = tokenizer();
    let reply = tokenizer.encode(reply, false);
    let model = Scripted::new(tokenizer.len(), context, reply, 2);
    let calls = model.calls();
    (Session::new(Box::new(model), tokenizer), calls)
}

fn greedy<'a>(prompt: &'a [u32]) -> Request<'a> {
    Request {
        prompt,
        sampling: Sampling::greedy(),
        ..Request::default()
    }
}

/// Runs a request and gives the pieces of text with the outcome.
fn run(session: &mut Session, request: &Request<'_>) -> (Vec<String>, Outcome) {
    let mut pieces = Vec::new();
    let outcome = session
        .generate(request, &mut |event| {
            if let Event::Text(text) = event {
                pieces.push(text.to_owned());
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    (pieces, outcome)
}

#[test]
fn the_model_ends_its_turn() {
    let (mut session, _) = session("hello", 100);
    let (pieces, outcome) = run(&mut session, &greedy(&[1, 20]));
    assert_eq!(pieces, ["h", "e", "l", "l", "o"]);
    let expected = Outcome {
        prompt_tokens: 2,
        reused_tokens: 0,
        generated_tokens: 5,
        end: End::Model,
    };
    assert_eq!(outcome, expected);
}

#[test]
fn a_character_is_never_cut() {
    let (mut session, _) = session("aéb", 100);
    let (pieces, _) = run(&mut session, &greedy(&[1]));
    assert_eq!(pieces, ["a", "é", "b"]);
    // Cut off in the middle of a character.
    let request = Request {
        max_tokens: Some(2),
        ..greedy(&[1])
    };
    let (pieces, outcome) = run(&mut session, &request);
    assert_eq!(pieces, ["a", "\u{fffd}"]);
    assert_eq!(outcome.end, End::Length);
}

#[test]
fn stop_texts_end_the_answer_and_are_held_back() {
    let stop = ["xyz".to_string(), String::new()];
    for (reply, expected, end) in [
        ("abxyzc", "ab", End::Stop),
        ("abxyc", "abxyc", End::Model),
        ("xxyz", "x", End::Stop),
        ("abxy", "abxy", End::Model),
    ] {
        let (mut session, _) = session(reply, 100);
        let request = Request {
            stop: &stop,
            ..greedy(&[1])
        };
        let (pieces, outcome) = run(&mut session, &request);
        assert_eq!(pieces.concat(), expected, "{reply}");
        assert_eq!(outcome.end, end, "{reply}");
    }
}

#[test]
fn limits_end_the_answer() {
    let (mut session, _) = session("abcdefgh", 5);
    let (pieces, outcome) = run(&mut session, &greedy(&[1, 20]));
    // Positions 2, 3 and 4 are free; what follows the last of them still comes out.
    assert_eq!(pieces.concat(), "abcd");
    assert_eq!(outcome.end, End::Context);
    for most in [0, 1] {
        let request = Request {
            max_tokens: Some(most),
            ..greedy(&[1, 20])
        };
        let (pieces, outcome) = run(&mut session, &request);
        assert_eq!((pieces.len(), outcome.generated_tokens), (most, most));
        assert_eq!(outcome.end, End::Length);
    }
}

#[test]
fn prompts_that_do_not_fit_are_refused() {
    let (mut session, _) = session("a", 4);
    let mut none = |_: Event<'_>| ControlFlow::Continue(());
    assert!(matches!(
        session.generate(&greedy(&[]), &mut none),
        Err(ModelError::Empty)
    ));
    assert!(matches!(
        session.generate(&greedy(&[1, 3, 3, 3]), &mut none),
        Err(ModelError::PromptTooLong {
            tokens: 4,
            context: 4
        })
    ));
    assert!(matches!(
        session.generate(&greedy(&[999]), &mut none),
        Err(ModelError::Token(999))
    ));
    assert_eq!(run(&mut session, &greedy(&[1])).0, ["a"], "still usable");
}

#[test]
fn a_flag_or_the_consumer_ends_the_answer() {
    let (mut session, _) = session("hello", 100);
    let flag = AtomicBool::new(true);
    let request = Request {
        cancel: Some(&flag),
        ..greedy(&[1])
    };
    let (pieces, outcome) = run(&mut session, &request);
    assert_eq!((pieces.len(), outcome.end), (0, End::Cancelled));

    flag.store(false, Ordering::Relaxed);
    let outcome = session.generate(&request, &mut |event| {
        if matches!(event, Event::Text(_)) {
            flag.store(true, Ordering::Relaxed);
        }
        ControlFlow::Continue(())
    });
    let outcome = outcome.unwrap();
    assert_eq!((outcome.generated_tokens, outcome.end), (1, End::Cancelled));

    let outcome = session.generate(&greedy(&[1]), &mut |event| match event {
        Event::Text("e") => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    let outcome = outcome.unwrap();
    assert_eq!((outcome.generated_tokens, outcome.end), (2, End::Consumer));
}

#[test]
fn a_second_turn_computes_only_what_is_new() {
    let (mut session, calls) = session("yes", 1000);
    let first: Vec<u32> = [1].into_iter().chain([5; 300]).collect();
    run(&mut session, &greedy(&first));
    let mut second = first.clone();
    second.extend(session.tokenizer().encode("yes", false));
    second.extend([7, 8]);
    calls.lock().unwrap().clear();
    let (pieces, outcome) = run(&mut session, &greedy(&second));
    assert_eq!(pieces.concat(), "yes");
    assert_eq!(outcome.reused_tokens, 304);
    assert_eq!(calls.lock().unwrap()[0], (304, vec![7, 8]));
    // The same prompt again: only its last token runs.
    let (_, outcome) = run(&mut session, &greedy(&second));
    assert_eq!(outcome.reused_tokens, second.len() - 1);
    // Another conversation: what differs is forgotten.
    let (_, outcome) = run(&mut session, &greedy(&[1, 5, 6]));
    assert_eq!(outcome.reused_tokens, 2);
}

#[test]
fn each_token_is_told_with_its_probability() {
    let (mut session, _) = session("ab", 100);
    let request = Request {
        log_probabilities: Some(2),
        ..greedy(&[1, 20])
    };
    let mut told = Vec::new();
    let outcome = session.generate(&request, &mut |event| {
        match event {
            Event::Token(scored) => {
                told.push(format!("{} {}", scored.token, scored.likeliest.len()))
            }
            Event::Text(text) => told.push(text.to_owned()),
            Event::Prompt { .. } => {}
        }
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.unwrap().generated_tokens, 2);
    assert_eq!(told, ["3 2", "a", "4 2", "b"], "and none for the end");
    let outcome = session.generate(&request, &mut |event| match event {
        Event::Token(scored) => {
            assert_eq!(scored.likeliest[0], (scored.token, scored.log_probability));
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    assert_eq!(outcome.unwrap().end, End::Consumer);
}

/// Two spellings of one text: the one in the cache stays.
#[test]
fn an_answer_keeps_its_own_spelling() {
    let file = crate::model::gguf::write::Writer::new()
        .str("tokenizer.ggml.model", "llama")
        .strings(
            "tokenizer.ggml.tokens",
            &["?", "<s>", "</s>", "a", "b", "ab", "ba", "<|x|>"],
        )
        .f32s("tokenizer.ggml.scores", &[0.0; 8])
        .i32s("tokenizer.ggml.token_type", &[2, 3, 3, 1, 1, 1, 1, 3])
        .finish();
    let tokenizer = Tokenizer::from_gguf(&parse(&file).unwrap()).unwrap();
    let respelled = |past: &[u32], prompt: &[u32]| respelled(&tokenizer, past, prompt);
    // a b ab | ab ab: the same four letters, then more.
    assert_eq!(respelled(&[1, 3, 4, 5], &[1, 5, 5, 3]), [1, 3, 4, 5, 3]);
    // ab a|b against a ba b: boundaries meet only at the end.
    assert_eq!(respelled(&[5, 3, 4], &[3, 6, 4, 4]), [5, 3, 4, 4]);
    // The old spelling reaches beyond the last common boundary.
    assert_eq!(respelled(&[1, 3, 6], &[1, 5, 4]), [1, 5, 4]);
    assert_eq!(respelled(&[1, 3, 4, 6], &[1, 5, 4]), [1, 3, 4, 4]);
    // Control tokens stand for themselves, and other text is other text.
    assert_eq!(respelled(&[1, 7, 3], &[1, 2, 3]), [1, 2, 3]);
    assert_eq!(respelled(&[1, 3, 3], &[1, 5]), [1, 5]);
    assert_eq!(respelled(&[1, 3], &[]), [0; 0]);
    assert_eq!(respelled(&[], &[1]), [1]);
}
