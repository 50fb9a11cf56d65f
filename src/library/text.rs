//! Terms: what is compared when a question is held against a section.
//!
//! One function makes the terms of documents and questions alike, so that they can meet:
//!
//! 1. NFKC (full-width letters and half-width katakana become the usual ones), lower case, NFKC again.
//! 2. The text falls into runs. A *word* is a run of letters, digits and combining marks; an
//!    apostrophe inside it is left out. A *CJK run* is a run of Han, Hiragana and Katakana.
//! 3. A word of ASCII letters is stemmed lightly ([`stem`]); any other word stays as it is. (Hangul
//!    is written with spaces and counts as words. Scripts without spaces other than CJK, such as
//!    Thai, come out as long words: they are found only by the same run.)
//! 4. A CJK run gives its overlapping bigrams, since no dictionary is at hand to find its words. A
//!    single character gives itself, and so does a Han character with no Han beside it: in Japanese
//!    that is nearly always a word of its own (鍵, 送る).
//!
//! What a question loses besides is [`super::question`]'s affair.
//!
//! Every term consists of ASCII letters and digits and of characters beyond ASCII, so it survives any
//! quoting and the index's tokenizer unharmed. No input makes any of this fail.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The longest term kept, in characters. The longest words in use stay below it; beyond are keys,
/// hashes and encoded data, which nobody types in full.
pub const MAX_TERM_CHARS: usize = 48;

/// The characters of `text` in the form in which they are compared.
pub(crate) fn fold(text: &str) -> impl Iterator<Item = char> {
    // The two small sigmas are one letter, and capitals do not say which.
    text.nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .nfkc()
}

/// The terms of `text`, in order and with repetitions.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut run = Vec::new();
    for c in fold(text) {
        if is_cjk(c) {
            flush_word(&mut word, &mut out);
            run.push(c);
        } else if is_word_char(c) || (is_apostrophe(c) && !word.is_empty()) {
            flush_run(&mut run, &mut out);
            word.push(c);
        } else {
            flush_word(&mut word, &mut out);
            flush_run(&mut run, &mut out);
        }
    }
    flush_word(&mut word, &mut out);
    flush_run(&mut run, &mut out);
    out
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && (c.is_alphanumeric() || is_combining_mark(c)))
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

pub(crate) fn is_hiragana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{309f}')
}

pub(crate) fn is_han(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

/// Han, Hiragana, Katakana with its small extensions and the prolonged sound mark. Half-width
/// katakana do not occur after NFKC; the middle dot is punctuation.
fn is_cjk(c: char) -> bool {
    is_han(c)
        || is_hiragana(c)
        || matches!(c, '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}')
}

fn flush_word(word: &mut String, out: &mut Vec<String>) {
    if word.is_empty() {
        return;
    }
    let taken = std::mem::take(word);
    // "node's" and "nodes'" are the node; "don't" is one word, "dont".
    let mut bare = taken.as_str();
    for end in ["'s", "\u{2019}s"] {
        bare = bare.strip_suffix(end).unwrap_or(bare);
    }
    let plain: String = bare
        .chars()
        .filter(|&c| !is_apostrophe(c))
        .take(MAX_TERM_CHARS)
        .collect();
    if plain.is_empty() {
        return;
    }
    if plain.bytes().all(|byte| byte.is_ascii_lowercase()) {
        out.push(stem(&plain));
    } else {
        out.push(plain);
    }
}

fn flush_run(run: &mut Vec<char>, out: &mut Vec<String>) {
    if let [only] = run.as_slice() {
        out.push(only.to_string());
    }
    for (at, pair) in run.windows(2).enumerate() {
        if let &[first, second] = pair {
            let before = at.checked_sub(1).and_then(|i| run.get(i)).copied();
            if is_han(first) && !is_han(second) && !before.is_some_and(is_han) {
                out.push(first.to_string());
            }
            out.push([first, second].iter().collect());
        }
    }
    if let [.., before, last] = run.as_slice()
        && is_han(*last)
        && !is_han(*before)
    {
        out.push(last.to_string());
    }
    run.clear();
}

/// Light stemming of an English word in lower-case ASCII letters.
///
/// Its only aim is that the forms of one word meet: `copies` and `copy`, `sharing` and `shared`,
/// `admitted` and `admit`, `rotation` and `rotate`. What comes out is a key, no word. Words of up to
/// three letters stay as they are; a suffix goes only if at least three letters with a vowel remain.
#[must_use]
pub fn stem(word: &str) -> String {
    if word.len() <= 3 {
        return word.to_owned();
    }
    let present = IRREGULAR.iter().find(|(past, _)| past.contains(&word));
    let mut key = present.map_or(word, |&(_, present)| present).to_owned();
    // Plural, third person and past of words in -y.
    if ["ies", "ied"].iter().any(|end| key.ends_with(end)) && key.len() > 4 {
        key.truncate(key.len() - 3);
        key.push('y');
    } else if ["sses", "xes", "ches", "shes", "zes"]
        .iter()
        .any(|end| key.ends_with(end))
    {
        key.truncate(key.len() - 2);
    } else if key.ends_with('s') && !["ss", "us", "is"].iter().any(|end| key.ends_with(end)) {
        key.truncate(key.len() - 1);
    }
    // Adverbs, then participles and nouns of action.
    strip(&mut key, "ly");
    if !strip(&mut key, "ing") && !strip(&mut key, "ed") && key.ends_with("tion") {
        strip(&mut key, "ion");
    }
    if key.len() > 3 && key.ends_with('e') {
        key.pop();
    }
    // "admitt" from "admitted" must meet "admit", so "install" loses an l as well.
    let bytes = key.as_bytes();
    if let [.., before, last] = bytes
        && key.len() > 3
        && before == last
        && !b"aeiou".contains(last)
    {
        key.pop();
    }
    key
}

/// Past forms that no rule leads back to their verb, of the verbs that people use about files, keys
/// and machines. "Found" is missing: here it is more often founding than finding.
const IRREGULAR: &[(&[&str], &str)] = &[
    (&["began", "begun"], "begin"),
    (&["bought"], "buy"),
    (&["broke", "broken"], "break"),
    (&["brought"], "bring"),
    (&["came"], "come"),
    (&["chose", "chosen"], "choose"),
    (&["forgot", "forgotten"], "forget"),
    (&["gave", "given"], "give"),
    (&["gone", "went"], "go"),
    (&["heard"], "hear"),
    (&["held"], "hold"),
    (&["kept"], "keep"),
    (&["left"], "leave"),
    (&["lost"], "lose"),
    (&["made"], "make"),
    (&["sent"], "send"),
    (&["shown"], "show"),
    (&["stole", "stolen"], "steal"),
    (&["taken", "took"], "take"),
    (&["told"], "tell"),
    (&["wrote", "written"], "write"),
];

/// Takes `suffix` off if three letters with a vowel among them remain.
fn strip(word: &mut String, suffix: &str) -> bool {
    let Some(rest) = word.strip_suffix(suffix) else {
        return false;
    };
    if rest.len() < 3 || !rest.bytes().any(|byte| b"aeiouy".contains(&byte)) {
        return false;
    }
    word.truncate(rest.len());
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_folded_and_stemmed() {
        assert_eq!(
            terms("Sharing the Node's keys, copies & COPY!"),
            ["shar", "the", "nod", "key", "copy", "copy"]
        );
        assert_eq!(terms("ＵＳＢ１２　ｏｋｉｂｉ"), ["usb12", "okibi"]);
        assert_eq!(
            terms("--json OKIBI_HOME 00-HEAD.sig"),
            ["json", "okibi", "hom", "00", "head", "sig"]
        );
        assert_eq!(
            terms("Überblick naïve ΣΊΣΥΦΟΣ"),
            ["überblick", "naïve", "σίσυφοσ"]
        );
        assert_eq!(terms("don't nodes' it’s"), ["dont", "nod", "it"]);
        assert!(terms(" -- \"*\" () ").is_empty());
    }

    #[test]
    fn forms_of_a_word_meet() {
        for family in [
            &["share", "shares", "shared", "sharing"][..],
            &["admit", "admits", "admitted", "admitting"],
            &["rotate", "rotates", "rotated", "rotation"],
            &["install", "installed", "installing"],
            &["copy", "copies", "copied", "copying"],
            &["key", "keys"],
            &["encrypt", "encrypted", "encryption"],
            &["pass", "passes", "passed"],
            &["box", "boxes"],
            &["question", "questions"],
            &["steal", "stole", "stolen", "stealing"],
        ] {
            let first = stem(family[0]);
            for word in family {
                assert_eq!(stem(word), first, "{word}");
            }
        }
        assert_eq!(stem("usb"), "usb");
        assert_eq!(stem("string"), "string");
        assert_ne!(stem("bus"), stem("bu"));
    }

    #[test]
    fn cjk_gives_bigrams_and_lone_han() {
        assert_eq!(terms("熾火"), ["熾火"]);
        assert_eq!(terms("鍵"), ["鍵"]);
        assert_eq!(terms("鍵を交換"), ["鍵", "鍵を", "を交", "交換"]);
        assert_eq!(terms("送る"), ["送", "送る"]);
        assert_eq!(terms("お茶"), ["お茶", "茶"]);
        assert_eq!(terms("ｶﾞﾗｽ"), ["ガラ", "ラス"]);
        assert_eq!(terms("ガラス"), ["ガラ", "ラス"]);
        assert_eq!(terms("サーバー"), ["サー", "ーバ", "バー"]);
        assert_eq!(terms("USBメモリ"), ["usb", "メモ", "モリ"]);
        assert_eq!(terms("モデル・鍵"), ["モデ", "デル", "鍵"]);
    }

    #[test]
    fn a_word_without_end_is_bounded() {
        let terms = terms(&"7".repeat(100_000));
        assert_eq!(terms.len(), 1);
        assert_eq!(terms[0].chars().count(), MAX_TERM_CHARS);
    }

    proptest! {
        #[test]
        fn terms_hold_no_ascii_but_letters_and_digits(text in any::<String>()) {
            for term in terms(&text) {
                prop_assert!(!term.is_empty());
                prop_assert!(term.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric()), "{term:?}");
                prop_assert!(!term.chars().any(char::is_whitespace));
            }
        }

        #[test]
        fn width_and_case_do_not_matter(text in "[a-zA-Z ァ-ンぁ-ん一-龠]{0,40}") {
            let wide: String = text.chars().map(|c| match c {
                '!'..='~' => char::from_u32(c as u32 + 0xfee0).unwrap_or(c),
                ' ' => '\u{3000}',
                c => c,
            }).collect();
            prop_assert_eq!(terms(&wide), terms(&text));
            prop_assert_eq!(terms(&text.to_uppercase()), terms(&text));
        }

        #[test]
        fn stemming_never_empties_a_word(word in "[a-z]{1,20}") {
            let key = stem(&word);
            prop_assert!(!key.is_empty() && key.len() <= word.len());
        }
    }
}
