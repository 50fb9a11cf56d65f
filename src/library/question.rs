//! Questions: which of their terms are worth searching.
//!
//! A question carries its subject in a frame of grammar: *How do I … ?*, 「…はどうすればいいですか」. The
//! frame is alike in all questions and would match wherever somebody else asked something. So it goes:
//!
//! - English stop words (`STOP_WORDS`).
//! - In Japanese each stretch of hiragana that consists of particles, endings and question words only
//!   (`PARTICLES`, `FUNCTION_WORDS`). Another stretch stays whole: りんご is a subject. A stretch
//!   behind a Han character may keep the verb's ending: 運び of 運びたい. A stretch
//!   that begins a sentence must not begin with a particle: かに is a crab there, and no か with に.
//!
//! If nothing would be left, the question is searched as it stands. What is indexed loses nothing, so
//! this can change without a new index. The terms themselves are [`super::text`]'s.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use super::text;

/// The most distinct terms of one question that are searched for: a page of text, where a question
/// has about ten. It bounds the work of a search whatever is pasted into it.
pub const MAX_TERMS: usize = 128;

/// The distinct terms that a question is searched with, sorted; at most [`MAX_TERMS`], the first ones
/// of the question.
#[must_use]
pub fn terms(question: &str) -> Vec<String> {
    let folded: String = text::fold(question).collect();
    let mut distinct = BTreeSet::new();
    for term in text::terms(&without_grammar(&folded)) {
        if distinct.len() == MAX_TERMS {
            break;
        }
        if !STOP_TERMS.contains(&term) {
            distinct.insert(term);
        }
    }
    if distinct.is_empty() {
        distinct.extend(text::terms(&folded).into_iter().take(MAX_TERMS));
    }
    distinct.into_iter().collect()
}

/// `folded` with a space for each stretch of hiragana that is grammar only.
fn without_grammar(folded: &str) -> String {
    let mut out = String::with_capacity(folded.len());
    let mut stretch = String::new();
    for c in folded.chars() {
        if text::is_hiragana(c) {
            stretch.push(c);
        } else {
            close(&mut stretch, &mut out);
            out.push(c);
        }
    }
    close(&mut stretch, &mut out);
    out
}

/// Appends a finished stretch of hiragana to `out`, less the grammar at its end.
fn close(stretch: &mut String, out: &mut String) {
    let before = out.chars().next_back();
    let follows = before.is_some_and(char::is_alphanumeric);
    // A verb's ending stands in hiragana behind its Han character (運びたい): up to two stay with it.
    let endings = if before.is_some_and(text::is_han) {
        2
    } else {
        0
    };
    let kept = (0..=endings)
        .map(|count| count * HIRAGANA_BYTES)
        .take_while(|&count| count < stretch.len())
        .find(|&count| {
            let rest = stretch.get(count..).unwrap_or_default();
            is_grammar(rest, follows)
        });
    match kept.and_then(|count| stretch.get(..count)) {
        Some(ending) => {
            out.push_str(ending);
            out.push(' ');
        }
        None => out.push_str(stretch),
    }
    stretch.clear();
}

/// Every hiragana has three bytes in UTF-8.
const HIRAGANA_BYTES: usize = 3;

/// Whether `stretch` can be read as a row of particles and function words. `follows` says that a word
/// stands before it, so that it may begin with a particle.
fn is_grammar(stretch: &str, follows: bool) -> bool {
    // Which places are reached by a row of whole words. Words are short, so the work is linear.
    let mut reached = vec![false; stretch.len() + 1];
    reached[0] = true;
    for at in (0..stretch.len()).step_by(HIRAGANA_BYTES) {
        if !reached[at] {
            continue;
        }
        let rest = stretch.get(at..).unwrap_or_default();
        let particles = if at > 0 || follows { PARTICLES } else { "" };
        let words = FUNCTION_WORDS.split_whitespace();
        for word in words.chain(particles.split_whitespace()) {
            if rest.starts_with(word) {
                reached[at + word.len()] = true;
            }
        }
    }
    reached[stretch.len()]
}

/// Words of English questions that any subject may have. "Not", "without", "before", "same" and the
/// like are absent on purpose: in a question they are often the subject.
const STOP_WORDS: &str = "\
    a about all also although am an and another any anybody anyone anything are as at be because \
    been but by can can't cannot could did do does doesn't doing don't else even ever exactly \
    for from get gets getting give go going got had has have having he help her here hers him \
    his how i i'd i'll i'm i've if in into is isn't it it's its just know let like look make \
    makes many may me mean means might mine more most much must my need needs no now of on one \
    onto or other others our ours out over own please put really say says shall she should show \
    so some somebody someone something still such sure take tell than that the their theirs them \
    then there these they thing things think this those to too up us use used using very want \
    wants was way we were what when where which while who whom whose why will with would yes you \
    your yours";

/// [`STOP_WORDS`] and [`FRAME_TERMS`] in the form in which a question has them.
static STOP_TERMS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    STOP_WORDS
        .split_whitespace()
        .flat_map(text::terms)
        .chain(FRAME_TERMS.split_whitespace().map(str::to_owned))
        .collect()
});

/// Japanese particles and short endings: they follow a word and never begin a sentence.
const PARTICLES: &str = "\
    の は が を に で と も か へ や ね よ な た て だ ば から まで より など って だけ しか \
    ので のに には では とは なら たら れば たい ます ました ません ない";

/// Japanese words that a question has whatever it is about: question words, demonstratives, the copula,
/// and the commonest verbs and endings of asking and wishing.
const FUNCTION_WORDS: &str = "\
    です でした でしょう ですか ますか だった だろう である する した して します しました \
    しない すれ しまう しまった しまい される された されて されます できる できない できます \
    できません できた ある あり あった いる います いた いって いい よい なる なり なった どう \
    どうやって どうして どうしたら どこ なぜ なに なん いつ だれ どれ どの どんな いくつ これ \
    それ あれ この その あの ここ そこ こと もの とき ため ほう よう という について によって \
    ください おしえて ほしい もらう もらい もらった くれ くれる しよう たく れて れた れる";

/// Japanese words of the frame that are written in Han: a person, a thing, a way, a case, and the verbs
/// of seeing, knowing and using where they stand alone.
const FRAME_TERMS: &str = "\
    何 人 中 出 入 見 使 方 後 時 今 私 分 知 思 言 行 来 教 必要 方法 場合 手順 知り 教え 使い \
    使う 見た 自分 分か";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn english_questions_lose_their_frame() {
        assert_eq!(terms("How do I share the documents?"), ["document", "shar"]);
        assert_eq!(terms("I'd like to use my keys, please"), ["key"]);
        // Nothing but grammar is better than nothing.
        assert_eq!(terms("who am I"), ["am", "i", "who"]);
    }

    #[test]
    fn japanese_questions_lose_their_frame() {
        assert_eq!(terms("鍵はどこですか"), ["鍵"]);
        assert_eq!(
            terms("モデルを追加するにはどうすればいいですか"),
            ["デル", "モデ", "追加"]
        );
        assert_eq!(
            terms("USBメモリで運びたい"),
            ["usb", "メモ", "モリ", "運", "運び"]
        );
        assert_eq!(terms("どこですか"), ["こで", "すか", "です", "どこ"]);
    }

    #[test]
    fn a_subject_in_hiragana_stays() {
        assert!(terms("りんごはどこですか").contains(&"りん".to_owned()));
        // A crab, not two particles; after a word it would be particles.
        assert!(terms("かにの値段").contains(&"かに".to_owned()));
        assert_eq!(terms("鍵かにの"), ["鍵"]);
    }

    #[test]
    fn a_pasted_page_is_bounded() {
        let page: String = (0..10_000).map(|n| format!("word{n} ")).collect();
        assert_eq!(terms(&page).len(), MAX_TERMS);
        assert!(terms(&"の".repeat(10_000)).len() <= MAX_TERMS);
    }

    #[test]
    fn the_lists_are_hiragana() {
        let words = PARTICLES.split_whitespace();
        for word in words.chain(FUNCTION_WORDS.split_whitespace()) {
            assert!(word.chars().all(text::is_hiragana), "{word}");
            assert!(word.chars().count() <= 7, "{word}");
        }
    }

    proptest! {
        #[test]
        fn whatever_has_terms_is_searched(question in any::<String>()) {
            prop_assert_eq!(terms(&question).is_empty(), text::terms(&question).is_empty());
        }

        #[test]
        fn hiragana_of_any_kind_is_read(question in "[ぁ-ゟ a火]{0,60}") {
            for term in terms(&question) {
                prop_assert!(text::terms(&question).contains(&term) || term.chars().count() == 1, "{}", term);
            }
        }
    }
}
