//! `okibi chat`: one answer, or a conversation line by line.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use crate::messages::say;
use crate::node::{
    Answer, ChatOptions, Conversation, End, Exit, Failure, Growing, Handle, Likelihood,
    ManualAnswer, Piece, Question, TokenChoice, Turn, end_word, quoted_name,
};

use super::Outcome;
use super::args::Chat;
use super::history::Memory;
use super::library::{hit_json, hit_words};
use super::out::{Out, broken, printable};
use super::plain::Said;

/// Bytes of a question that comes from standard input: more than any context holds.
const QUESTION_BYTES: u64 = 1 << 20;

/// Most tokens that `--logprobs` shows at one place.
const MOST_LIKELIEST: usize = 100;

/// `okibi chat`
pub fn run(out: &Out, node: &mut Handle, args: &Chat) -> Outcome {
    check(args, out.json)?;
    let model = node.chat_model(args.model.as_deref())?;
    let conversation = match &model {
        Some(name) => Some(node.converse(name, &options(args))?),
        None => None,
    };
    let canceller = Arc::new(Mutex::new(
        conversation.as_ref().map(|it| it.engine.canceller()),
    ));
    let interrupted = Arc::new(AtomicBool::new(false));
    let answering = Arc::new(AtomicBool::new(true));
    if let Some(conversation) = &conversation {
        let (cancel, flag) = (Arc::clone(&canceller), Arc::clone(&interrupted));
        let (busy, told) = (Arc::clone(&answering), !out.quiet && !out.json);
        // Without a handler Ctrl-C ends the program, which is no worse.
        let _ = ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(Exit::Interrupted as u8));
            }
            let cancel = cancel.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(cancel) = &*cancel {
                cancel.store(true, Ordering::SeqCst);
            }
            drop(cancel);
            if told && !busy.load(Ordering::SeqCst) {
                let _ = write!(io::stderr().lock(), "\n{}\n> ", say("chat-idle", &[]));
            }
        });
        if let Some(origin) = &conversation.engine.origin {
            let about = [
                ("name", conversation.engine.model.clone()),
                ("origin", quoted_name(origin)),
            ];
            out.warn("chat-foreign", &about)
                .map_err(|error| broken(&error))?;
        }
        if conversation.engine.toy {
            let about = [
                ("name", conversation.engine.model.clone()),
                ("note", conversation.engine.note.clone()),
            ];
            out.warn("chat-toy", &about)
                .map_err(|error| broken(&error))?;
        }
    }
    let question = question(args)?;
    let memory = Memory::begin(node, args, question.is_none())?;
    let mut chat = Face {
        out,
        node,
        conversation,
        memory,
        options: options(args),
        unsaved: Vec::new(),
        canceller,
        interrupted,
        answering,
        thoughts: args.thoughts,
        log_probabilities: args.logprobs.is_some(),
    };
    match question {
        Some(question) => chat.answer(&question),
        None => chat.converse(),
    }
}

pub fn check(args: &Chat, json: bool) -> Result<(), Failure> {
    let bad = |name: &str, want: &str| {
        Err(Failure::new("bad-option", Exit::Usage)
            .with("name", name)
            .with("want", want))
    };
    if args.temperature.is_some_and(|t| !(0.0..=5.0).contains(&t)) {
        return bad("--temperature", "0 to 5");
    }
    if args.top_p.is_some_and(|p| !(p > 0.0 && p <= 1.0)) {
        return bad("--top-p", "above 0, up to 1");
    }
    if args.min_p.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
        return bad("--min-p", "0 to 1");
    }
    if args
        .repeat_penalty
        .is_some_and(|r| !(0.5..=2.0).contains(&r))
    {
        return bad("--repeat-penalty", "0.5 to 2");
    }
    if args.logprobs.is_some_and(|n| n > MOST_LIKELIEST || !json) {
        return bad("--logprobs", "0 to 100, with --json");
    }
    if args.context == Some(0) || args.max_tokens == Some(0) {
        return bad("--context, --max-tokens", "1 or more");
    }
    Ok(())
}

pub fn options(args: &Chat) -> ChatOptions {
    ChatOptions {
        model: args.model.clone(),
        system: args.system.clone(),
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        min_p: args.min_p,
        repeat_penalty: args.repeat_penalty,
        seed: args.seed,
        context: args.context,
        max_tokens: args.max_tokens,
        stop: args.stop.clone(),
        template: args.template.clone(),
        log_probabilities: args.logprobs,
        behind: false,
    }
}

/// The question: words of the command line, then what a pipe or file brings. None: a conversation.
fn question(args: &Chat) -> Result<Option<String>, Failure> {
    let mut text = args.prompt.join(" ");
    let stdin = io::stdin();
    if feeds(&stdin, text.is_empty()) {
        let mut fed = String::new();
        stdin
            .lock()
            .take(QUESTION_BYTES)
            .read_to_string(&mut fed)
            .map_err(|error| {
                Failure::new("question-unreadable", Exit::Failed).with("error", error)
            })?;
        let fed = fed.trim_end();
        if !text.is_empty() && !fed.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(fed);
        if text.trim().is_empty() {
            return Err(Failure::new("question-empty", Exit::Usage));
        }
    }
    let given = !args.prompt.is_empty() || !text.is_empty();
    if given && text.trim().is_empty() {
        return Err(Failure::new("question-empty", Exit::Usage));
    }
    Ok(given.then_some(text))
}

/// Whether standard input is meant to be read as a question: beside a prompt only pipes and files are.
fn feeds(stdin: &io::Stdin, alone: bool) -> bool {
    if stdin.is_terminal() {
        return false;
    }
    let kind =
        rustix::fs::fstat(stdin).map(|data| rustix::fs::FileType::from_raw_mode(data.st_mode));
    let piped = matches!(
        kind,
        Ok(rustix::fs::FileType::Fifo | rustix::fs::FileType::RegularFile)
    );
    piped || alone
}

pub(super) struct Face<'a> {
    pub out: &'a Out,
    pub node: &'a Handle,
    pub conversation: Option<Conversation>,
    /// None: this conversation is not kept.
    pub memory: Option<Memory>,
    /// Options for loading a model, and its instructions.
    pub options: ChatOptions,
    /// The turns of a conversation that is not kept.
    pub unsaved: Vec<Turn>,
    /// The flag that Ctrl-C sets. It changes with the model in use.
    pub canceller: Arc<Mutex<Option<Arc<AtomicBool>>>>,
    interrupted: Arc<AtomicBool>,
    /// An answer is on its way: Ctrl-C stops it. Otherwise a second one ends the program.
    answering: Arc<AtomicBool>,
    /// Show what the model thinks.
    thoughts: bool,
    /// Say how probable each token was.
    log_probabilities: bool,
}

impl Face<'_> {
    /// One question, one answer.
    fn answer(&mut self, question: &str) -> Outcome {
        let Some(conversation) = &self.conversation else {
            let answer = self.node.ask_manual(question)?;
            if let Some(memory) = &mut self.memory {
                memory.quoted(self.node, question, &answer)?;
            }
            self.quote(&answer).map_err(|error| broken(&error))?;
            return Ok(Exit::Done);
        };
        let mut growing = match &mut self.memory {
            Some(memory) => Some(memory.ask(self.node, conversation, question)?),
            None => None,
        };
        if growing.is_none() {
            conversation.engine.ask_after(Question {
                system: self.options.system.clone().unwrap_or_default(),
                before: self.unsaved.clone(),
                question: question.to_owned(),
                temperature: self.options.temperature,
                again: false,
            });
        }
        let streamed = self.stream(conversation, growing.as_mut());
        if let Some(growing) = &growing {
            let heard = streamed.as_ref().ok().and_then(Option::as_ref);
            self.node
                .history()
                .end_answer(growing, heard.map(|heard| &heard.answer))?;
        }
        let Some(Heard {
            text,
            choices,
            answer,
        }) = streamed?
        else {
            return Err(Failure::new("model-gone", Exit::Failed));
        };
        if growing.is_none() {
            let said = [(false, question), (true, text.as_str())];
            // An answer that never came leaves its question open.
            let said = said.into_iter().filter(|(_, text)| !text.is_empty());
            let turns = said.map(|(model, text)| Turn {
                model,
                text: text.to_owned(),
            });
            self.unsaved.extend(turns);
        }
        let end = end_word(answer.end);
        let mut value = json!({
            "mode": "model", "model": conversation.engine.model, "origin": conversation.engine.origin,
            "toy": conversation.engine.toy, "text": text,
            "end": end, "prompt_tokens": answer.prompt_tokens, "reused_tokens": answer.reused_tokens,
            "tokens": answer.tokens, "first_ms": answer.first_ms, "tokens_per_second": answer.rate,
            "seed": answer.seed, "max_tokens": answer.max_tokens,
            "only_thoughts": answer.only_thoughts,
        });
        if self.log_probabilities {
            value["logprobs"] = choices.iter().map(choice_json).collect();
        }
        // In JSON the answer's own line says it: scripts read one line.
        if answer.end == End::Length && !self.out.json {
            let code = match answer.only_thoughts {
                true => "chat-limit-thoughts",
                false => "chat-limit",
            };
            let about = [("count", answer.max_tokens.to_string())];
            self.out
                .warn(code, &about)
                .map_err(|error| broken(&error))?;
        }
        if self.out.json {
            self.out
                .fact("answer", value, String::new)
                .map_err(|error| broken(&error))?;
        }
        if answer.end == End::Context {
            let about = [("context", conversation.engine.context.to_string())];
            self.out
                .note("chat-context-full", &about)
                .map_err(|error| broken(&error))?;
        }
        Ok(if answer.end == End::Cancelled {
            Exit::Interrupted
        } else {
            Exit::Done
        })
    }

    /// Prints an answer as it comes; returns its text and how it came about.
    fn stream(
        &self,
        conversation: &Conversation,
        mut kept: Option<&mut Growing>,
    ) -> Result<Option<Heard>, Failure> {
        let (mut text, mut choices, mut said) = (String::new(), Vec::new(), false);
        let write = |bytes: &str| -> Result<(), Failure> {
            if self.out.json {
                return Ok(());
            }
            let mut stdout = io::stdout().lock();
            stdout
                .write_all(bytes.as_bytes())
                .and_then(|()| stdout.flush())
                .map_err(|error| broken(&error))
        };
        while let Some(piece) = conversation.next() {
            match piece {
                Piece::Reading { .. } => {}
                Piece::Text(piece) => {
                    if let Some(kept) = kept.as_deref_mut() {
                        self.node.history().grow_answer(kept, &piece)?;
                    }
                    write(&printable(&piece))?;
                    text.push_str(&piece);
                }
                Piece::Thought(piece) if self.thoughts => {
                    let _ = write!(io::stderr().lock(), "{}", printable(&piece));
                }
                Piece::Thought(_) => {
                    if !std::mem::replace(&mut said, true) {
                        self.out
                            .note("chat-thinking", &[])
                            .map_err(|error| broken(&error))?;
                    }
                }
                Piece::Done(answer) => {
                    write("\n")?;
                    if answer.left_out > 0 {
                        let count = [("count", answer.left_out.to_string())];
                        self.out
                            .note("chat-left-out", &count)
                            .map_err(|error| broken(&error))?;
                    }
                    return Ok(Some(Heard {
                        text,
                        choices,
                        answer,
                    }));
                }
                Piece::Token(choice) => choices.push(choice),
                Piece::Failed(failure) => return Err(failure),
            }
        }
        Ok(None)
    }

    /// Line by line, until the input ends.
    fn converse(&mut self) -> Outcome {
        let code = if self.conversation.is_some() {
            "chat-begin"
        } else {
            "chat-begin-manual"
        };
        let name = self
            .conversation
            .as_ref()
            .map_or_else(String::new, |it| it.engine.model.clone());
        self.out
            .note(code, &[("name", name)])
            .map_err(|error| broken(&error))?;
        self.answering.store(false, Ordering::SeqCst);
        let mut lines = io::stdin().lock().lines();
        loop {
            if !self.out.quiet && !self.out.json {
                let mut err = io::stderr().lock();
                let _ = write!(err, "> ").and_then(|()| err.flush());
            }
            let line = match lines.next() {
                None => break,
                Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => break,
                Some(Err(error)) => {
                    return Err(
                        Failure::new("question-unreadable", Exit::Failed).with("error", error)
                    );
                }
                Some(Ok(line)) => line,
            };
            if line.trim().is_empty() {
                continue;
            }
            let line = match self.command(&line) {
                Ok(Said::Question(question)) => question,
                Ok(Said::Nothing) => continue,
                Ok(Said::End) => break,
                Err(failure) if failure.exit == Exit::Done => return Err(failure),
                Err(failure) => {
                    self.out.failure(&failure);
                    continue;
                }
            };
            self.interrupted.store(false, Ordering::SeqCst);
            self.answering.store(true, Ordering::SeqCst);
            let answered = self.answer(&line);
            self.answering.store(false, Ordering::SeqCst);
            // What stopped this answer shall not count towards ending the conversation.
            self.interrupted.store(false, Ordering::SeqCst);
            match answered {
                Ok(_) => {}
                Err(failure) if failure.exit == Exit::Done => return Err(failure),
                // One bad answer does not end a conversation.
                Err(failure) => self.out.failure(&failure),
            }
        }
        Ok(Exit::Done)
    }

    /// Manual mode: says first what it is, quotes, and says how to get a model.
    fn quote(&self, answer: &ManualAnswer) -> io::Result<()> {
        let command = "okibi model add FILE.gguf";
        let value = json!({
            "mode": "manual", "message": say("manual-mode", &[]), "command": command,
            "quotes": answer.hits.iter().map(hit_json).collect::<Vec<_>>(),
            "files": answer.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        });
        self.out.fact("answer", value, || {
            let mut parts = vec![say("manual-mode", &[])];
            if answer.hits.is_empty() {
                parts.push(say("manual-nothing", &[]));
            }
            parts.extend(
                answer
                    .hits
                    .iter()
                    .enumerate()
                    .map(|(n, hit)| hit_words(n + 1, hit)),
            );
            let mut last = vec![say("manual-add", &[("command", command.to_owned())])];
            if !answer.files.is_empty() {
                last.push(say("manual-files", &[]));
                last.extend(answer.files.iter().map(|path| {
                    printable(&format!(
                        "  okibi model add {}",
                        shell_word(&path.display().to_string())
                    ))
                }));
            }
            parts.push(last.join("\n"));
            parts.join("\n\n")
        })
    }
}

/// An answer as it was heard.
struct Heard {
    text: String,
    choices: Vec<TokenChoice>,
    answer: Answer,
}

fn choice_json(choice: &TokenChoice) -> serde_json::Value {
    let likelihood = |it: &Likelihood| {
        json!({
            "token": String::from_utf8_lossy(&it.bytes), "bytes": it.bytes, "id": it.token,
            "logprob": it.log_probability,
        })
    };
    let mut value = likelihood(&choice.chosen);
    value["top"] = choice.likeliest.iter().map(likelihood).collect();
    value
}

/// A path as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(shell_word("/a/b-1.gguf"), "/a/b-1.gguf");
        assert_eq!(shell_word("/a b/c'd.gguf"), "'/a b/c'\\''d.gguf'");
        assert_eq!(shell_word("$(x)"), "'$(x)'");
    }
}
