//! Text to tokens and back, straight from a GGUF's metadata.
//!
//! Three kinds: `llama` (SentencePiece by score, in `spm`), `gpt2` (byte-level byte-pair encoding by rank, in
//! `bpe`, with the cutting schemes of `pre`) and `bert` (WordPiece, in `wordpiece`). What each was held against is
//! in [`Conformance`] and `docs/models.md`.
//!
//! A [`Tokenizer`] owns its data and is immutable, so it can be shared. Encoding takes O(n log n) for any
//! text and any vocabulary. A vocabulary from a stranger can make nonsense but no panic, no loop and no
//! memory beyond a small multiple of the file.
//!
//! Special tokens are recognised in text only where the caller asks for it: text that a person or a
//! document supplied must not be able to end a turn.

mod bpe;
mod pre;
mod special;
mod spm;
mod stream;
mod strings;
mod wordpiece;

use bpe::Bpe;
use pre::Pre;
use special::{Part, Specials};
use spm::Spm;
pub use stream::Stream;
use strings::Strings;
use wordpiece::WordPiece;

use super::gguf::Gguf;

/// Most tokens of a vocabulary. The largest known has 262,144.
const MAX_TOKENS: usize = 1 << 21;
/// The mark that SentencePiece writes for a space.
const SPACE_MARK: &str = "\u{2581}";

/// Why a file's tokenizer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// The file has no tokenizer.
    #[error("the file has no tokenizer ({0} is missing)")]
    Missing(&'static str),
    /// A kind of tokenizer that is not implemented.
    #[error("the tokenizer {0:?} is not supported (\"llama\", \"gpt2\" and \"bert\" are)")]
    Kind(String),
    /// A cutting scheme that is not implemented.
    #[error("the pre-tokenizer {0:?} is not supported")]
    Pre(String),
    /// A list has another length than the list of tokens, or elements of a wrong type.
    #[error("the tokenizer's list {0} does not fit its tokens")]
    List(&'static str),
    /// No tokens, or absurdly many.
    #[error("a vocabulary of {0} tokens")]
    Size(usize),
}

/// How a file's way of cutting text was checked: the reference that it agrees with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conformance {
    /// Test vectors of the model's own vocabulary.
    Vectors,
    /// llama.cpp, on vocabularies made for that (`tests/llama_cpp`), for want of vectors here.
    Compared,
}

/// Cutting schemes with test vectors; so have SentencePiece and WordPiece.
const WITH_VECTORS: [&str; 3] = ["gpt-2", "qwen2", "deepseek-coder"];

/// The purpose of a token (`tokenizer.ggml.token_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Byte,
}

enum Scheme {
    Spm(Spm),
    Bpe(Bpe, Pre),
    WordPiece(WordPiece),
}

/// A vocabulary with its rules. See the module's header.
pub struct Tokenizer {
    strings: Strings,
    classes: Vec<Class>,
    specials: Specials,
    scheme: Scheme,
    bos: Option<u32>,
    eos: Option<u32>,
    ends: Vec<u32>,
    /// Control tokens around a model's thoughts.
    marks: Vec<u32>,
    add_bos: bool,
    add_eos: bool,
    add_space_prefix: bool,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.scheme {
            Scheme::Spm(_) => "llama",
            Scheme::Bpe(..) => "gpt2",
            Scheme::WordPiece(_) => "bert",
        };
        write!(f, "Tokenizer({kind}, {} tokens)", self.len())
    }
}

/// Texts of control tokens that end a turn in files that do not say so (llama.cpp has such a list, too).
const END_TEXTS: [&[u8]; 17] = [
    b"<|eot_id|>",
    b"<|eom_id|>",
    b"<|im_end|>",
    b"<|end|>",
    b"<end_of_turn>",
    b"<|endoftext|>",
    b"<|end_of_text|>",
    b"<|return|>",
    b"<|call|>",
    b"<|flush|>",
    b"<EOT>",
    b"_<EOT>",
    b"[EOT]",
    b"[EOS]",
    b"<end_of_utterance>",
    b"<turn|>",
    "<\u{ff5c}end\u{2581}of\u{2581}sentence\u{ff5c}>".as_bytes(),
];

/// Further texts that steer, whatever type a converter gave them.
const BEGIN_TEXTS: [&[u8]; 4] = [
    b"<|im_start|>",
    b"<|start_header_id|>",
    b"<|end_header_id|>",
    b"<start_of_turn>",
];

/// The kinds of tokenizers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Llama,
    Gpt2,
    Bert,
}

fn kind(gguf: &Gguf<'_>) -> Result<Kind, TokenizerError> {
    match gguf.str("tokenizer.ggml.model") {
        Some("llama") => Ok(Kind::Llama),
        Some("gpt2") => Ok(Kind::Gpt2),
        Some("bert") => Ok(Kind::Bert),
        Some(other) => Err(TokenizerError::Kind(other.into())),
        None => Err(TokenizerError::Missing("tokenizer.ggml.model")),
    }
}

fn pre(gguf: &Gguf<'_>) -> Result<Pre, TokenizerError> {
    let name = gguf.str("tokenizer.ggml.pre").unwrap_or_default();
    Pre::named(name).ok_or_else(|| TokenizerError::Pre(name.into()))
}

impl Tokenizer {
    /// Refuses a kind of tokenizer that is not implemented, without reading the vocabulary.
    pub(super) fn check(gguf: &Gguf<'_>) -> Result<(), TokenizerError> {
        let name = gguf.str("tokenizer.ggml.pre").unwrap_or_default();
        match kind(gguf)? != Kind::Gpt2 || pre::scheme(name).is_some() {
            true => Ok(()),
            false => Err(TokenizerError::Pre(name.into())),
        }
    }

    /// The name of a file's tokenizer (`gpt2, llama-bpe`), and how it was checked; `None` where it has
    /// none that is known.
    pub(super) fn describe(gguf: &Gguf<'_>) -> Option<(String, Conformance)> {
        Some(match kind(gguf).ok()? {
            Kind::Llama => ("llama".into(), Conformance::Vectors),
            Kind::Bert => ("bert".into(), Conformance::Vectors),
            Kind::Gpt2 => {
                let name = gguf.str("tokenizer.ggml.pre").unwrap_or("default");
                pre::scheme(name)?;
                let verified = match WITH_VECTORS.contains(&name) {
                    true => Conformance::Vectors,
                    false => Conformance::Compared,
                };
                (format!("gpt2, {name}"), verified)
            }
        })
    }

    /// Reads the tokenizer of a file.
    ///
    /// # Errors
    /// Where the file has none, or one that is not supported or does not fit together.
    pub fn from_gguf(gguf: &Gguf<'_>) -> Result<Self, TokenizerError> {
        let kind = kind(gguf)?;
        let tokens = gguf
            .array("tokenizer.ggml.tokens")
            .ok_or(TokenizerError::Missing("tokenizer.ggml.tokens"))?;
        if tokens.is_empty() || tokens.len() > MAX_TOKENS {
            return Err(TokenizerError::Size(tokens.len()));
        }
        let mut classes = classes(gguf, tokens.len())?;
        for (text, class) in tokens.strings().zip(&mut classes) {
            // Converters call a special token normal where it stands in the base vocabulary.
            if *class == Class::Normal && (END_TEXTS.contains(&text) || BEGIN_TEXTS.contains(&text))
            {
                *class = Class::Control;
            }
        }

        let mut strings = Strings::new(tokens.len() + 512);
        let mut specials = Specials::default();
        for (text, &class) in tokens.strings().zip(&classes) {
            let plain = matches!(class, Class::Normal | Class::Byte);
            // Only normal tokens of the gpt2 kind are in printable form; an added token is as it is.
            let id = match class {
                Class::Normal if kind == Kind::Gpt2 => strings.push(&bpe::decode(text)),
                _ => strings.push(text),
            };
            if !plain {
                specials.add(text, id, class == Class::UserDefined);
            }
        }
        if eats_space(gguf) {
            // Which tokens do is not in the files; these do not.
            let plain = [&b"<unk>"[..], b"<s>", b"<|endoftext|>"];
            specials.eat_space_except(&plain);
        }
        if strings.len() != tokens.len() {
            return Err(TokenizerError::List("tokenizer.ggml.tokens"));
        }
        // Normal tokens first, so that they win over an added token with the same bytes.
        for normal in [true, false] {
            for (id, &class) in classes.iter().enumerate() {
                let found = matches!(class, Class::Normal | Class::UserDefined);
                if found && normal == (class == Class::Normal) {
                    strings.index(id as u32);
                }
            }
        }

        let id = |key: &str| special_id(gguf, key, tokens.len());
        let (mut bos, mut eos) = (
            id("tokenizer.ggml.bos_token_id"),
            id("tokenizer.ggml.eos_token_id"),
        );
        if kind == Kind::Bert {
            // The key is misspelt in the format itself.
            bos = id("tokenizer.ggml.cls_token_id").or(bos);
            eos = id("tokenizer.ggml.seperator_token_id").or(eos);
        }
        let mut ends: Vec<u32> = eos.into_iter().collect();
        ends.extend(id("tokenizer.ggml.eot_token_id"));
        ends.extend(id("tokenizer.ggml.eom_token_id"));
        ends.extend((0..).zip(&classes).filter_map(|(id, &class)| {
            let end = class != Class::Normal && END_TEXTS.contains(&strings.get(id));
            end.then_some(id)
        }));
        ends.sort_unstable();
        ends.dedup();
        let marks = (0..).zip(&classes).filter_map(|(id, &class)| {
            let mark = class == Class::Control && super::reasoning::is_mark(strings.get(id));
            mark.then_some(id)
        });
        let marks = marks.collect();

        let unknown = id("tokenizer.ggml.unknown_token_id");
        let (scheme, add_bos) = match kind {
            Kind::Llama => (Scheme::Spm(spm_scheme(gguf, tokens, unknown)?), true),
            Kind::Bert => {
                let longest = tokens.strings().map(<[u8]>::len).max().unwrap_or(0);
                let flag = |key: &str| gguf.bool(&format!("tokenizer.ggml.normalizer.{key}"));
                let lowercase = flag("lowercase").unwrap_or(true);
                let wordpiece = WordPiece {
                    unknown,
                    longest,
                    lowercase,
                    strip_accents: flag("strip_accents").unwrap_or(lowercase),
                };
                (Scheme::WordPiece(wordpiece), true)
            }
            Kind::Gpt2 => {
                let pre = pre(gguf)?;
                let merges = gguf
                    .array("tokenizer.ggml.merges")
                    .ok_or(TokenizerError::Missing("tokenizer.ggml.merges"))?;
                let bpe = Bpe::new(&mut strings, merges.strings(), pre.ignore_merges);
                let add_bos = pre.add_bos;
                (Scheme::Bpe(bpe, pre), add_bos)
            }
        };
        let flag = |key: &str, default| gguf.bool(key).unwrap_or(default);
        Ok(Self {
            strings,
            classes,
            specials,
            scheme,
            bos,
            eos,
            ends,
            marks,
            add_bos: flag("tokenizer.ggml.add_bos_token", add_bos),
            add_eos: flag("tokenizer.ggml.add_eos_token", kind == Kind::Bert),
            add_space_prefix: flag("tokenizer.ggml.add_space_prefix", kind != Kind::Gpt2),
        })
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether the vocabulary is empty, which [`Tokenizer::from_gguf`] refuses.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The token that begins a text.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The token that ends a text.
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// Whether `token` ends a text or a turn.
    pub fn is_end(&self, token: u32) -> bool {
        self.ends.binary_search(&token).is_ok()
    }

    /// The token with exactly this text, special ones included.
    pub fn token(&self, text: &str) -> Option<u32> {
        match self.specials.split(text, true).as_slice() {
            [Part::Token(id)] => Some(*id),
            _ => self.strings.find(text.as_bytes()),
        }
        .filter(|&id| (id as usize) < self.len())
    }

    /// The tokens of a text, with nothing added. With `special`, the texts of control tokens become these
    /// tokens; without, they are text like any other.
    pub fn encode(&self, text: &str, special: bool) -> Vec<u32> {
        self.encode_with(text, special, |_| None)
    }

    /// The same, with the text between special tokens replaced by what `undisguise` gives for it.
    pub(super) fn encode_with(
        &self,
        text: &str,
        special: bool,
        undisguise: impl Fn(&str) -> Option<String>,
    ) -> Vec<u32> {
        let mut out = Vec::new();
        let mut after_special = true;
        let mut spaced = String::new();
        for part in self.specials.split(text, special) {
            let text = match part {
                Part::Token(id) => {
                    out.push(id);
                    after_special = true;
                    continue;
                }
                Part::Text(text) => text,
            };
            let undisguised = undisguise(text);
            let text = undisguised.as_deref().unwrap_or(text);
            match &self.scheme {
                Scheme::Spm(spm) => {
                    spaced.clear();
                    if self.add_space_prefix && after_special {
                        spaced.push_str(SPACE_MARK);
                    }
                    for character in text.chars() {
                        match character {
                            ' ' => spaced.push_str(SPACE_MARK),
                            other => spaced.push(other),
                        }
                    }
                    spm.encode(&self.strings, &spaced, &mut out);
                }
                Scheme::WordPiece(wordpiece) => {
                    wordpiece.encode(&self.strings, text, &mut out);
                }
                Scheme::Bpe(bpe, pre) => {
                    let composed = pre.normalized(text);
                    pre.words(&composed, &mut |word| {
                        bpe.encode(&self.strings, word.as_bytes(), &mut out);
                    });
                }
            }
            after_special = false;
        }
        out
    }

    /// The tokens of a whole prompt: special tokens are recognised, and the beginning (and end) that the
    /// model was trained with is added unless the text has it already, as chat templates often do.
    pub fn encode_prompt(&self, text: &str) -> Vec<u32> {
        let mut tokens = self.encode(text, true);
        self.add_beginning(&mut tokens);
        if let Some(eos) = self.eos.filter(|_| self.add_eos) {
            tokens.push(eos);
        }
        tokens
    }

    /// Puts the token that begins a text in front, where the model was trained so and it is not there yet.
    pub(super) fn add_beginning(&self, tokens: &mut Vec<u32>) {
        if let Some(bos) = self.bos.filter(|_| self.add_bos)
            && tokens.first() != Some(&bos)
        {
            tokens.insert(0, bos);
        }
    }

    /// Where texts of control tokens stand in `text`.
    pub(super) fn control_tokens_in(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        self.specials.find(text)
    }

    /// Appends the bytes of a token. Control tokens have none unless `special` asks for their text.
    pub fn piece(&self, token: u32, special: bool, out: &mut Vec<u8>) {
        let Some(&class) = self.classes.get(token as usize) else {
            return;
        };
        let bytes = self.strings.get(token);
        match (class, &self.scheme) {
            (Class::Control, _) if !special => {}
            (Class::Byte, Scheme::Spm(_)) => out.extend(spm_byte(bytes)),
            (Class::Normal | Class::UserDefined, Scheme::Spm(_) | Scheme::WordPiece(_)) => {
                let mut rest = bytes;
                while let Some((&first, tail)) = rest.split_first() {
                    if let Some(tail) = rest.strip_prefix(SPACE_MARK.as_bytes()) {
                        out.push(b' ');
                        rest = tail;
                    } else {
                        out.push(first);
                        rest = tail;
                    }
                }
            }
            _ => out.extend_from_slice(bytes),
        }
    }

    /// The text of some tokens, without control tokens and without the space that [`Tokenizer::encode`]
    /// puts in front.
    pub fn decode(&self, tokens: &[u32]) -> String {
        let mut text = String::new();
        let mut stream = Stream::new();
        for &token in tokens {
            stream.push(self, token, &mut text);
        }
        stream.finish(&mut text);
        if self.add_space_prefix && text.starts_with(' ') {
            text.remove(0);
        }
        text
    }
}

/// The classes of all tokens; everything is normal where the file does not say.
fn classes(gguf: &Gguf<'_>, len: usize) -> Result<Vec<Class>, TokenizerError> {
    let Some(types) = gguf.array("tokenizer.ggml.token_type") else {
        return Ok(vec![Class::Normal; len]);
    };
    let classes: Vec<Class> = types
        .iter()
        .map_while(|value| value.as_u64().or(Some(0)))
        .map(|number| match number {
            2 => Class::Unknown,
            3 => Class::Control,
            4 => Class::UserDefined,
            6 => Class::Byte,
            _ => Class::Normal,
        })
        .collect();
    if classes.len() != len {
        return Err(TokenizerError::List("tokenizer.ggml.token_type"));
    }
    Ok(classes)
}

/// Whether white space behind special tokens belongs to them: so for Phi 3, whose files do not say so (llama.cpp
/// goes by their name, too).
fn eats_space(gguf: &Gguf<'_>) -> bool {
    let name = gguf.str("general.name").unwrap_or_default().to_lowercase();
    name.contains("phi-3") || name.contains("phi3")
}

/// The token that a key names. Old converters wrote -1 for "none", and some files name a token beyond the
/// vocabulary: that is none, too (llama.cpp warns and goes on).
fn special_id(gguf: &Gguf<'_>, key: &str, len: usize) -> Option<u32> {
    let id = gguf.u64(key).filter(|&id| id < len as u64)?;
    u32::try_from(id).ok()
}

/// The byte that a token such as `<0x0A>` stands for.
fn spm_byte(text: &[u8]) -> Option<u8> {
    let digits = text.strip_prefix(b"<0x")?.strip_suffix(b">")?;
    match digits {
        [_, _] => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok(),
        _ => None,
    }
}

fn spm_scheme(
    gguf: &Gguf<'_>,
    tokens: &super::gguf::Array<'_>,
    unknown: Option<u32>,
) -> Result<Spm, TokenizerError> {
    let scores: Vec<f32> = gguf
        .array("tokenizer.ggml.scores")
        .ok_or(TokenizerError::Missing("tokenizer.ggml.scores"))?
        .iter()
        .map_while(|value| value.as_f32())
        .collect();
    if scores.len() != tokens.len() {
        return Err(TokenizerError::List("tokenizer.ggml.scores"));
    }
    let mut byte_tokens = Box::new([None; 256]);
    for (id, text) in (0..).zip(tokens.strings()) {
        if let Some(byte) = spm_byte(text) {
            byte_tokens[byte as usize].get_or_insert(id);
        }
    }
    Ok(Spm {
        scores,
        byte_tokens,
        unknown,
    })
}

#[cfg(test)]
mod tests;
