//! Cutting text into words before byte-pair encoding, as each model's authors did at training time.
//!
//! A file names its scheme in `tokenizer.ggml.pre`. Each scheme is a list of patterns, applied one after the
//! other: what a pattern matches becomes a word, and so does what lies between two matches. The patterns are
//! those of the models' own `tokenizer.json` files.
//!
//! All of them contain `\s+(?!\S)`: white space up to, but without, its last character if a word follows. A
//! regular expression with such a look-ahead needs backtracking. Here the patterns say `\s+` and the last
//! character is given back afterwards ([`Pattern::cut`]), so that every pattern is a plain automaton and
//! the time is linear in the text, whatever the text.

use std::sync::{Arc, Mutex, PoisonError};

use fancy_regex::Regex;

/// `\s+(?!\S)` stands as `\s+` in all of these.
const GPT_2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";
const LLAMA_3: &str = r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";
const QWEN_2: &str = r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";
const QWEN_35: &str = r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";
const MINICPM_5: &str = r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";
const SEED_CODER: &str = r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s*[\r\n]+|\s+";
const BAILING: &str = r"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+";
const BLOOM: &str = r" ?[^(\s|.,!?…。，、।۔،)]+";
const DEEPSEEK_3: &str = r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+"##;
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]*[\p{L}--[A-Z]]+|[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]+[\p{L}--[A-Z]]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+";
const GPT_4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]*[\p{L}--[A-Z]]+(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]+[\p{L}--[A-Z]]*(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+";
/// Chinese, Japanese and Korean runs, as DeepSeek's first tokenizers have them.
const DEEPSEEK_CJK: &str = r"[\x{4E00}-\x{9FA5}\x{0800}-\x{4E00}\x{AC00}-\x{D7FF}]+";

/// How a text is cut into words.
pub(super) struct Pre {
    patterns: Arc<[Pattern]>,
    /// A word that is a token as a whole is taken so.
    pub(super) ignore_merges: bool,
    /// Whether a text begins with the BOS token where the file does not say.
    pub(super) add_bos: bool,
    /// Whether text is brought into composed form (NFC) first.
    composes: bool,
}

/// The schemes of models whose own tokenizers compose text first (`"normalizer": {"type": "NFC"}` in their
/// `tokenizer.json`): Qwen and what is built on it, GPT-NeoX and what is built on it, Command R.
const COMPOSE: [&str; 9] = [
    "qwen2",
    "qwen35",
    "deepseek-r1-qwen",
    "megrez",
    "kormo",
    "olmo",
    "mpt",
    "modern-bert",
    "command-r",
];

struct Pattern {
    regex: Regex,
    /// Whether `\s+` stands for `\s+(?!\S)|\s+`.
    gives_back: bool,
    /// Whether `\s*[\r\n]+` comes before it, which keeps its last line break.
    keeps_breaks: bool,
}

impl Pre {
    /// The scheme called `name`, or `None` where it is unknown. No name means the oldest scheme.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (patterns, ignore_merges) = scheme(name)?;
        Some(Self {
            patterns: compiled(patterns)?,
            ignore_merges,
            composes: COMPOSE.contains(&name),
            // The Llama 3 and Mistral families do so; the other schemes leave it to the file.
            add_bos: patterns == [LLAMA_3] && ignore_merges && !name.starts_with("glm")
                || patterns == [TEKKEN],
        })
    }

    /// The text in the form that the model was trained with.
    pub(super) fn normalized<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        use unicode_normalization::{UnicodeNormalization, is_nfc};
        match self.composes && !is_nfc(text) {
            true => text.nfc().collect::<String>().into(),
            false => text.into(),
        }
    }

    /// Calls `word` with each word of the text, in order; together they are the text.
    pub(super) fn words<'t>(&self, text: &'t str, word: &mut dyn FnMut(&'t str)) {
        cut_all(&self.patterns, text, word);
    }
}

/// The patterns of a scheme, and whether a word that is a token is taken whole.
pub(super) fn scheme(name: &str) -> Option<(&'static [&'static str], bool)> {
    Some(match name {
        "gpt-2" | "phi-2" | "mpt" | "olmo" | "jais" | "trillion" | "roberta-bpe" | "jina-es"
        | "jina-de" | "jina-v1-en" | "jina-v2-es" | "jina-v2-de" | "jina-v2-code" | "gigachat"
        | "granite-docling" | "exaone4" | "a.x-4.0" | "mellum" | "modern-bert" => (&[GPT_2], false),
        "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "falcon-h1" | "pixtral" | "midm-2.0"
        | "lfm2" | "jina-v5-nano" | "glm4" | "glm5" => (&[LLAMA_3], true),
        "dbrx" | "smaug-bpe" | "chatglm-bpe" => (&[LLAMA_3], false),
        "qwen2" | "stablelm2" | "hunyuan" | "deepseek-r1-qwen" | "megrez" | "kormo" | "f2llmv2"
        | "solar-open" | "grok-2" => (&[QWEN_2], false),
        "qwen35" => (&[QWEN_35], false),
        "bailingmoe" | "bailingmoe2" | "llada-moe" => (&[BAILING], false),
        "seed-coder" => (&[SEED_CODER], false),
        "minicpm5" => (&[r"\p{N}{1,3}", MINICPM_5], true),
        "poro-chat" | "bloom" | "gpt3-finnish" => (&[BLOOM], false),
        "viking" => (&[BLOOM, r"\p{N}"], false),
        "deepseek-llm" => (
            &[
                r"[\r\n]",
                // Cased letters, without the mathematical alphabets.
                r"\s?[[\p{Lu}\p{Ll}\p{Lt}]--[\x{1D400}-\x{1D7FF}]]+",
                r"\s?[!-/:-~！-／：-～‘-‟　-。]+",
                r"\s+$",
                DEEPSEEK_CJK,
                r"\p{N}+",
            ],
            false,
        ),
        "deepseek-coder" => (
            &[
                r"[\r\n]",
                r"\s?\p{L}+",
                r"\s?\p{P}+",
                DEEPSEEK_CJK,
                r"\p{N}",
            ],
            false,
        ),
        "deepseek-v3" | "hunyuan-dense" | "joyai-llm" | "hy_v4" => (
            &[
                r"\p{N}{1,3}",
                r"[一-龥\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+",
                DEEPSEEK_3,
            ],
            false,
        ),
        "falcon" => (&[r"[\p{P}$+<=>^~|`]+", GPT_2, r"[0-9][0-9][0-9]"], false),
        "starcoder" | "refact" | "command-r" | "smollm" | "codeshell" | "exaone" | "minerva-7b"
        | "mellum2" => (&[r"\p{N}", GPT_2], false),
        "tekken" => (&[TEKKEN], true),
        "gpt-4o" | "llama4" | "kanana2" | "talkie" | "minimax-m2" => (&[GPT_4O], false),
        "default" | "" => (
            &[r"[\p{P}$+<=>^~|]+", GPT_2, r"\p{N}+", r"[0-9][0-9][0-9]"],
            false,
        ),
        _ => return None,
    })
}

/// Compiles patterns, once per process: with their Unicode classes it takes milliseconds.
fn compiled(patterns: &'static [&'static str]) -> Option<Arc<[Pattern]>> {
    type Known = Vec<(&'static [&'static str], Arc<[Pattern]>)>;
    static KNOWN: Mutex<Known> = Mutex::new(Vec::new());
    // A thread that panicked while it held the lock left a list that is still sound.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, found)) = known.iter().find(|(key, _)| *key == patterns) {
        return Some(Arc::clone(found));
    }
    let fresh: Arc<[Pattern]> = patterns
        .iter()
        .map(|pattern| {
            Some(Pattern {
                regex: Regex::new(pattern).ok()?,
                gives_back: pattern.ends_with(r"|\s+"),
                keeps_breaks: [r"|\s*[\r\n]+|\s+", r"|\s*[\r\n]|\s+"]
                    .iter()
                    .any(|end| pattern.ends_with(end)),
            })
        })
        .collect::<Option<_>>()?;
    known.push((patterns, Arc::clone(&fresh)));
    Some(fresh)
}

fn cut_all<'t>(patterns: &[Pattern], text: &'t str, word: &mut dyn FnMut(&'t str)) {
    match patterns.split_first() {
        None => word(text),
        Some((first, rest)) => first.cut(text, &mut |piece| cut_all(rest, piece, word)),
    }
}

impl Pattern {
    fn cut<'t>(&self, text: &'t str, piece: &mut dyn FnMut(&'t str)) {
        let mut at = 0;
        // A pattern without look-around cannot fail; if one did, the rest would stay in one piece.
        while let Ok(Some(found)) = self.regex.find_from_pos(text, at) {
            let (start, mut end) = (found.start(), found.end());
            if start == end {
                break;
            }
            let run = &text[start..end];
            let kept = self.keeps_breaks && run.ends_with(['\r', '\n']);
            if self.gives_back && !kept && end < text.len() {
                end -= given_back(run);
            }
            if at < start {
                piece(&text[at..start]);
            }
            piece(&text[start..end]);
            at = end;
        }
        if at < text.len() {
            piece(&text[at..]);
        }
    }
}

/// Bytes of the last character, if `run` is white space of more than one character.
fn given_back(run: &str) -> usize {
    let mut characters = run.chars();
    match characters.next_back() {
        Some(last)
            if last.is_whitespace()
                && !characters.as_str().is_empty()
                && characters.all(char::is_whitespace) =>
        {
            last.len_utf8()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<'t>(scheme: &str, text: &'t str) -> Vec<&'t str> {
        let mut words = Vec::new();
        Pre::named(scheme)
            .unwrap()
            .words(text, &mut |word| words.push(word));
        assert_eq!(words.concat(), text);
        words
    }

    #[test]
    fn every_scheme_compiles_and_loses_nothing() {
        for scheme in [
            "gpt-2",
            "llama-bpe",
            "dbrx",
            "qwen2",
            "deepseek-llm",
            "deepseek-coder",
            "deepseek-v3",
            "falcon",
            "starcoder",
            "tekken",
            "gpt-4o",
            "qwen35",
            "bailingmoe",
            "seed-coder",
            "minicpm5",
            "bloom",
            "viking",
            "default",
        ] {
            words(scheme, "Hello, wörld's 12345  \n\n  熾火 x=1;\t\tΑΒγ! 𝐀🜂 ");
            words(scheme, "");
        }
        assert!(Pre::named("no such").is_none());
    }

    #[test]
    fn white_space_before_a_word_gives_its_last_character_back() {
        assert_eq!(words("gpt-2", "a   b"), ["a", "  ", " b"]);
        assert_eq!(words("gpt-2", "a\t\tb "), ["a", "\t", "\t", "b", " "]);
        assert_eq!(words("gpt-2", "a\n\nb"), ["a", "\n", "\n", "b"]);
        assert_eq!(words("gpt-2", "a   "), ["a", "   "]);
        assert_eq!(words("llama-bpe", "a\n\nb"), ["a", "\n\n", "b"]);
        assert_eq!(words("llama-bpe", "a \n  b"), ["a", " \n", " ", " b"]);
        assert_eq!(words("llama-bpe", "1234"), ["123", "4"]);
        assert_eq!(words("qwen2", "12"), ["1", "2"]);
        assert_eq!(words("gpt-2", "it's"), ["it", "'s"]);
    }

    #[test]
    fn long_runs_take_linear_time() {
        // A backtracking matcher would give up (or not end) on runs of this length.
        for run in [" ", "\n", "a", "'", "1", "\u{3000}"] {
            let text = run.repeat(200_000) + "x";
            for scheme in ["gpt-2", "llama-bpe", "deepseek-llm"] {
                words(scheme, &text);
            }
        }
    }
}
