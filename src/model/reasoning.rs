//! Reasoning: a model's thoughts are told from its answer while both stream.
//!
//! Models that reason write their thoughts between two marks (such as `<think>` and `</think>`)
//! before they answer; with some the template has already written the opening mark.
//!
//! **Always holds.** Only a block at the very beginning counts; later on the marks are text. A
//! splitter holds back only text that may still become a mark, and `finish` gives what it holds.

/// The marks that open and close a block of thoughts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    open: &'static str,
    close: &'static str,
}

/// The marks of all families that are known. In some files they are control tokens, in others plain text.
const MARKS: [Marks; 9] = [
    marks("<think>", "</think>"),
    marks("[THINK]", "[/THINK]"),
    marks("<thinking>", "</thinking>"),
    marks("<thought>", "</thought>"),
    marks("<reasoning>", "</reasoning>"),
    marks("<seed:think>", "</seed:think>"),
    marks("<|START_THINKING|>", "<|END_THINKING|>"),
    marks("\u{25c1}think\u{25b7}", "\u{25c1}/think\u{25b7}"),
    marks("Here is my thought process:", "Here is my response:"),
];

const fn marks(open: &'static str, close: &'static str) -> Marks {
    Marks { open, close }
}

/// Whether a token's text opens or closes thoughts, so that it is shown even where it is a control token.
pub(super) fn is_mark(text: &[u8]) -> bool {
    let same = |mark: &str| mark.as_bytes() == text;
    MARKS.iter().any(|it| same(it.open) || same(it.close))
}

/// A piece of what a model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// Part of its reasoning.
    Thought(&'a str),
    /// Part of its answer.
    Answer(&'a str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Beginning,
    /// Right behind the opening mark: white space is dropped.
    Opened,
    Thinking,
    /// Right behind the block: white space before the answer is dropped.
    Between,
    Answering,
}

/// Splits a stream of text. Feed it every piece with [`Splitter::push`], then call [`Splitter::finish`].
#[derive(Clone, Debug)]
pub struct Splitter {
    state: State,
    marks: Marks,
    held: String,
}

impl Splitter {
    /// A splitter for one answer. `thinking`: the marks whose opening one the prompt itself ended with
    /// ([`opens_thought`]).
    pub fn new(thinking: Option<Marks>) -> Self {
        let state = match thinking {
            Some(_) => State::Opened,
            None => State::Beginning,
        };
        Self {
            state,
            marks: thinking.unwrap_or(MARKS[0]),
            held: String::new(),
        }
    }

    /// Takes the next piece and gives on what is certain.
    pub fn push(&mut self, text: &str, on: &mut dyn FnMut(Said<'_>)) {
        self.held.push_str(text);
        loop {
            match self.state {
                State::Beginning => {
                    let trimmed = self.held.trim_start();
                    let opened = MARKS.iter().find(|it| trimmed.starts_with(it.open));
                    if let Some(marks) = opened {
                        self.held = trimmed[marks.open.len()..].to_owned();
                        self.marks = *marks;
                        self.state = State::Opened;
                    } else if MARKS.iter().any(|it| it.open.starts_with(trimmed)) {
                        return;
                    } else {
                        self.state = State::Answering;
                    }
                }
                State::Thinking => {
                    if let Some(at) = self.held.find(self.marks.close) {
                        give(Said::Thought, self.held[..at].trim_end(), on);
                        self.held.drain(..at + self.marks.close.len());
                        self.state = State::Between;
                    } else {
                        let kept = kept_back(&self.held, self.marks.close);
                        let certain = self.held.len() - kept;
                        give(Said::Thought, &self.held[..certain], on);
                        self.held.drain(..certain);
                        return;
                    }
                }
                State::Opened | State::Between => {
                    self.held = self.held.trim_start().to_owned();
                    if self.held.is_empty() {
                        return;
                    }
                    self.state = match self.state {
                        State::Opened => State::Thinking,
                        _ => State::Answering,
                    };
                }
                State::Answering => {
                    give(Said::Answer, &self.held, on);
                    self.held.clear();
                    return;
                }
            }
        }
    }

    /// Gives on what was held back.
    pub fn finish(&mut self, on: &mut dyn FnMut(Said<'_>)) {
        match self.state {
            State::Thinking => give(Said::Thought, self.held.trim_end(), on),
            _ => give(Said::Answer, &self.held, on),
        }
        self.held.clear();
    }
}

/// The marks of the block of thoughts that a prompt ends inside of.
pub fn opens_thought(prompt: &str) -> Option<Marks> {
    let prompt = prompt.trim_end();
    MARKS.iter().find(|it| prompt.ends_with(it.open)).copied()
}

fn give<'t>(kind: fn(&'t str) -> Said<'t>, text: &'t str, on: &mut dyn FnMut(Said<'_>)) {
    if !text.is_empty() {
        on(kind(text));
    }
}

/// Bytes at the end that may be white space before the closing mark, or the beginning of it.
fn kept_back(text: &str, close: &str) -> usize {
    let begun = (1..close.len())
        .rev()
        .find(|&len| close.is_char_boundary(len) && text.ends_with(&close[..len]))
        .unwrap_or(0);
    let before = text[..text.len() - begun].trim_end();
    text.len() - before.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thoughts and answer of a text that comes in pieces of `size` characters.
    fn split(thinking: bool, text: &str, size: usize) -> (String, String) {
        let (mut thoughts, mut answer) = (String::new(), String::new());
        let mut splitter = Splitter::new(thinking.then_some(MARKS[0]));
        let mut on = |said: Said<'_>| match said {
            Said::Thought(text) => thoughts.push_str(text),
            Said::Answer(text) => answer.push_str(text),
        };
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(size) {
            splitter.push(&piece.iter().collect::<String>(), &mut on);
        }
        splitter.finish(&mut on);
        (thoughts, answer)
    }

    #[test]
    fn thoughts_and_answers_are_told_apart_however_they_come() {
        for size in 1..12 {
            for (thinking, text, thoughts, answer) in [
                (false, "<think>\na\n\nb </think>\n\nc d", "a\n\nb", "c d"),
                (true, "a</think>b", "a", "b"),
                (false, " \n<think>\n\n</think>\n\nc", "", "c"),
                (false, "no <think>a</think>", "", "no <think>a</think>"),
                (false, "<thin", "", "<thin"),
                (false, "  x", "", "  x"),
                (true, "a < b </thin", "a < b </thin", ""),
                (
                    false,
                    "<think>a</think>b<think>c</think>",
                    "a",
                    "b<think>c</think>",
                ),
                (false, "", "", ""),
                (false, "[THINK]a </think>[/THINK] b", "a </think>", "b"),
                (false, "<thinking>a</think></thinking>b", "a</think>", "b"),
                (false, "◁think▷a◁b◁/think▷c", "a◁b", "c"),
                (false, "[THIN", "", "[THIN"),
                (false, "<think>熾 火</think>熾", "熾 火", "熾"),
            ] {
                let expected = (thoughts.to_owned(), answer.to_owned());
                assert_eq!(split(thinking, text, size), expected, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn a_prompt_may_open_the_block() {
        assert_eq!(opens_thought("<|assistant|><think>\n"), Some(MARKS[0]));
        assert_eq!(opens_thought("<think>\n\n</think>\n\n"), None);
        assert_eq!(opens_thought("a [THINK]"), Some(MARKS[1]));
    }
}
