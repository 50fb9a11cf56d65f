//! Asking: what is kept, branches, drafts, and what interrupts.

use super::*;

#[test]
fn a_question_is_kept_before_it_is_asked() {
    let mut state = state((80, 24));
    load(&mut state);
    let effects = press(&mut state, "Hi Enter");
    let kinds: Vec<&str> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Keep(Keep::Begin { .. }) => "begin",
            Effect::Keep(Keep::Question { .. }) => "question",
            Effect::Keep(Keep::Answer { .. }) => "answer",
            Effect::Ask(_) => "ask",
            _ => "?",
        })
        .collect();
    assert_eq!(kinds, ["begin", "question", "answer", "ask"]);
    state.chat.saves = false;
    let effects = tell(&mut state, Reply::Text("x".into()));
    assert!(effects.is_empty(), "{effects:?}");
}

#[test]
fn an_edited_question_is_another_branch_and_the_model_hears_only_that() {
    let mut state = state((80, 24));
    conversation(&mut state);
    state.chat.input.insert("second");
    press(&mut state, "Enter");
    tell(&mut state, Reply::Text("two".into()));
    tell(&mut state, Reply::Done(answer(End::Model)));
    press(&mut state, "M-e");
    assert_eq!(state.chat.input.text(), "second");
    let effects = press(&mut state, "! Enter");
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Ask(ask) => Some(ask),
        _ => None,
    });
    let asked = asked.unwrap();
    assert_eq!(asked.question, "second!");
    assert_eq!(
        asked.before.len(),
        2,
        "the other branch is not said: {asked:?}"
    );
    let question = state.chat.shown().nth(2).unwrap().clone();
    assert_eq!(state.chat.siblings(&question), (2, 2));
}

#[test]
fn escape_gives_the_draft_back() {
    let mut state = state((80, 24));
    press(&mut state, "half ^r fire Esc");
    assert_eq!(state.chat.input.text(), "half");
    assert!(state.overlay.is_none());
}

#[test]
fn interrupt_stops_then_empties_then_asks_then_leaves() {
    let mut state = state((80, 24));
    load(&mut state);
    press(&mut state, "Hi Enter");
    assert_eq!(press(&mut state, "draft ^c"), [Effect::Stop]);
    tell(&mut state, Reply::Done(answer(End::Cancelled)));
    press(&mut state, "^c");
    assert!(state.chat.input.is_empty() && !state.leaving);
    press(&mut state, "^c");
    assert!(state.leaving && !state.quit);
    press(&mut state, "^c");
    assert!(state.quit);
}

#[test]
fn a_question_waits_for_the_model() {
    let mut state = state((80, 24));
    press(&mut state, "/model");
    state.chat.input.insert(" ember");
    let effects = press(&mut state, "Enter");
    assert_eq!(effects, [Effect::Stop, Effect::Load("ember".into())]);
    let asked = press(&mut state, "Hi Enter");
    assert!(!asked.iter().any(|effect| matches!(effect, Effect::Ask(_))));
    let loaded = Reply::Loaded {
        name: "ember".into(),
        toy: true,
        note: String::new(),
        origin: None,
        context: 9,
    };
    let effects = tell(&mut state, loaded);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Ask(_)))
    );
}
