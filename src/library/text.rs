//! Terms: what is compared when a question is held against a section.
//!
//! One function makes the terms of documents and questions alike, so that they can meet:
//!
//! 1. NFKC (full-width letters and half-width katakana become the usual ones), lower case, NFKC again.
//!    Invisible characters (soft hyphens, zero-width joiners, variation selectors) vanish.
//! 2. The text falls into runs. A *word* is a run of letters, digits and combining marks, perhaps with
//!    apostrophes inside. A *run without spaces* is one of Han, Hiragana and Katakana, one of Hangul, or
//!    one of Thai, Lao, Khmer or Burmese letters.
//! 3. A word of ASCII letters is stemmed lightly ([`stem`]); any other word stays as it is. A word with
//!    marks also gives itself without them (`café` is found by `cafe`), and a word with an apostrophe
//!    also gives what stands behind it (`l'eau` is found by `eau`).
//! 4. A run without spaces gives its overlapping bigrams, since no dictionary is at hand to find its
//!    words or to take the particles off a Korean noun. A single character gives itself, and so does a
//!    Han character with no Han beside it: in Japanese that is nearly always a word of its own (鍵, 送る).
//!    In the scripts of South-East Asia a character is a letter with the marks above and below it.
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
        .filter(|&c| !is_invisible(c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .nfkc()
}

/// Characters that people do not see and do not type: soft hyphens, zero-width spaces and joiners, marks of
/// direction, variation selectors, the Arabic stretch.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{640}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{e0100}'..='\u{e01ef}')
}

/// Scripts in which words cannot be told by spaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Cjk,
    /// With spaces, but a noun carries its particles.
    Hangul,
    /// Thai, Lao, Burmese, Khmer.
    Mainland,
}

fn run_of(c: char) -> Option<Run> {
    match c {
        _ if is_cjk(c) => Some(Run::Cjk),
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7fb}' => {
            Some(Run::Hangul)
        }
        // The digits of these scripts count as words.
        '\u{e01}'..='\u{e3a}'
        | '\u{e40}'..='\u{e4e}'
        | '\u{e81}'..='\u{ecf}'
        | '\u{edc}'..='\u{edf}'
        | '\u{1000}'..='\u{103f}'
        | '\u{1050}'..='\u{108f}'
        | '\u{1780}'..='\u{17d3}' => Some(Run::Mainland),
        _ => None,
    }
}

/// The terms of `text`, in order and with repetitions.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut run: (Option<Run>, Vec<char>) = (None, Vec::new());
    for c in fold(text) {
        let script = run_of(c);
        if script != run.0 {
            flush(&mut run, &mut out);
        }
        if script.is_some() {
            flush_word(&mut word, &mut out);
            run.0 = script;
            run.1.push(c);
        } else if is_word_char(c) || (is_apostrophe(c) && !word.is_empty()) {
            word.push(c);
        } else {
            flush_word(&mut word, &mut out);
        }
    }
    flush_word(&mut word, &mut out);
    flush(&mut run, &mut out);
    out
}

fn flush(run: &mut (Option<Run>, Vec<char>), out: &mut Vec<String>) {
    match run.0.take() {
        Some(Run::Cjk) => flush_run(&mut run.1, out),
        Some(Run::Hangul) => bigrams(run.1.drain(..).map(String::from), out),
        Some(Run::Mainland) => {
            let mut letters: Vec<String> = Vec::new();
            for c in run.1.drain(..) {
                match letters.last_mut().filter(|_| is_combining_mark(c)) {
                    // A stack of marks without end is none that anybody types.
                    Some(letter) if letter.len() < 24 => letter.push(c),
                    Some(_) => {}
                    None => letters.push(c.into()),
                }
            }
            bigrams(letters.into_iter(), out);
        }
        None => {}
    }
}

/// Two neighbours at a time; a single one gives itself, and the first of two does, too: it may be a noun with its
/// particle.
fn bigrams(letters: impl Iterator<Item = String>, out: &mut Vec<String>) {
    let letters: Vec<String> = letters.collect();
    if let [only] | [only, _] = letters.as_slice() {
        out.push(only.clone());
    }
    out.extend(letters.windows(2).map(<[String]>::concat));
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && (c.is_alphanumeric() || is_combining_mark(c)))
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2bc}' | '\u{2018}' | '\u{2019}')
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

/// Letters behind an apostrophe from which on they are a word: `l'eau`, `dell'acqua`, not `we'll` or `they've`.
const BEHIND_APOSTROPHE: usize = 3;

fn flush_word(word: &mut String, out: &mut Vec<String>) {
    if word.is_empty() {
        return;
    }
    let taken = std::mem::take(word);
    // "node's" and "nodes'" are the node; "don't" is one word, "dont".
    let mut bare = taken.trim_end_matches(is_apostrophe);
    if let Some(rest) = bare.strip_suffix('s')
        && let Some(owner) = rest.strip_suffix(is_apostrophe)
    {
        bare = owner;
    }
    let joined: String = bare.chars().filter(|&c| !is_apostrophe(c)).collect();
    push_word(&joined, out);
    let mut parts = bare.split(is_apostrophe);
    parts.next();
    for part in parts.filter(|part| part.chars().count() >= BEHIND_APOSTROPHE) {
        push_word(part, out);
    }
}

/// A word, and the same without marks where it has any.
fn push_word(word: &str, out: &mut Vec<String>) {
    let word: String = word.chars().take(MAX_TERM_CHARS).collect();
    if word.is_empty() {
        return;
    }
    let stemmed = |word: String| match word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        true => stem(&word),
        false => word,
    };
    if !word.is_ascii() {
        let plain: String = without_marks(&word).take(MAX_TERM_CHARS).collect();
        if plain != word && !plain.is_empty() {
            out.push(word);
            out.push(stemmed(plain));
            return;
        }
    }
    out.push(stemmed(word));
}

/// A word as people type it who have no key for its marks. Only in scripts where marks are left out in writing or
/// on keyboards: in those of India a mark is a vowel.
fn without_marks(word: &str) -> impl Iterator<Item = char> {
    let mut keeps = false;
    word.nfd()
        .filter(move |&c| {
            if !is_combining_mark(c) {
                keeps = !loses_marks(c);
                return true;
            }
            keeps
        })
        .flat_map(|c| {
            plain_letters(c)
                .chars()
                .chain(plain_letters(c).is_empty().then_some(c))
        })
        .nfc()
}

/// Latin, Greek, Cyrillic, Hebrew, Arabic.
fn loses_marks(c: char) -> bool {
    matches!(c,
        'a'..='z' | '\u{c0}'..='\u{24f}' | '\u{250}'..='\u{2af}' | '\u{370}'..='\u{52f}'
        | '\u{5d0}'..='\u{5ea}' | '\u{620}'..='\u{64a}' | '\u{66e}'..='\u{6d3}'
        | '\u{1e00}'..='\u{1fff}')
}

/// Letters whose marks are a part of them in Unicode; empty for all others.
fn plain_letters(c: char) -> &'static str {
    match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ŋ' => "n",
        'þ' => "th",
        'ŧ' => "t",
        // Alef maksura and teh marbuta, as they are often typed.
        '\u{649}' => "\u{64a}",
        '\u{629}' => "\u{647}",
        _ => "",
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
            [
                "überblick",
                "uberblick",
                "naïve",
                "naiv",
                "σίσυφοσ",
                "σισυφοσ"
            ]
        );
        assert_eq!(terms("don't nodes' it’s"), ["dont", "nod", "it"]);
        assert_eq!(
            terms("l'eau dell’acqua we'll"),
            ["leau", "eau", "dellacqua", "acqua", "wel"]
        );
        assert_eq!(terms("soft\u{ad}ware"), terms("software"));
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
    fn words_are_found_without_their_marks() {
        for (written, typed) in [
            ("café", "cafe"),
            ("Genève", "geneve"),
            ("\u{130}stanbul", "istanbul"),
            ("Łódź", "lodz"),
            ("straße", "strasse"),
            ("كِتَاب", "كتاب"),
            ("أحمد", "احمد"),
            ("шёл", "шел"),
        ] {
            let written = terms(written);
            for term in terms(typed) {
                assert!(written.contains(&term), "{written:?} lacks {term}");
            }
        }
        // The vowel signs of India are no marks that anybody leaves out.
        assert_eq!(terms("हिन्दी"), ["हिन्दी"]);
    }

    #[test]
    fn korean_and_thai_give_bigrams() {
        assert_eq!(terms("서울에서"), ["서울", "울에", "에서"]);
        assert_eq!(terms("서울"), ["서", "서울"]);
        assert_eq!(terms("산"), ["산"]);
        let text = terms("แม่น้ำเจ้าพระยา");
        assert!(terms("แม่น้ำ").iter().all(|term| text.contains(term)));
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
