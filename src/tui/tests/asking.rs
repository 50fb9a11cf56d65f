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

fn loaded(name: &str) -> Reply {
    Reply::Loaded {
        name: name.into(),
        toy: false,
        note: String::new(),
        origin: None,
        context: 256,
    }
}

fn list(state: &mut State, names: &[&str]) {
    state.chat.models = names.iter().map(|name| (*name).to_owned()).collect();
}

fn notice(state: &State) -> &str {
    state.notice.as_ref().map_or("", |it| &it.words)
}

/// A typing error in `/model` once dropped the model that answered.
#[test]
fn a_typing_error_keeps_the_model() {
    let mut state = state((80, 24));
    tell(&mut state, loaded("smol"));
    list(&mut state, &["smol", "Ember-1", "Ember-2"]);
    let mut command = |text: &str| {
        state.notice = None;
        state.chat.input.set(text);
        let effects = press(&mut state, "Enter");
        (effects, notice(&state).to_owned())
    };
    let (effects, words) = command("/model sml");
    assert_eq!(effects, []);
    assert!(words.contains("did you mean “smol”"), "{words}");
    let (effects, words) = command("/model zzzzzzz");
    assert_eq!(effects, []);
    assert!(words.contains("F4 lists"), "{words}");
    let (effects, words) = command("/model emb");
    assert_eq!(effects, []);
    assert!(words.contains("Ember-1, Ember-2"), "{words}");
    // The beginning of one name is that model, in letters of any size.
    let (effects, _) = command("/model SMO");
    assert_eq!(effects, [Effect::Stop, Effect::Load("smol".into())]);
}

/// A model that cannot be loaded gives way to the one before it; one that never answered, to the manual.
#[test]
fn the_model_before_comes_back() {
    let mut state = state((80, 24));
    tell(&mut state, loaded("smol"));
    list(&mut state, &["smol", "broken"]);
    state.chat.input.set("/model broken");
    press(&mut state, "Enter");
    let effects = tell(&mut state, Reply::NotLoaded("damaged".into()));
    assert_eq!(effects, [Effect::Load("smol".into())]);
    assert_eq!(notice(&state), "damaged");
    let effects = tell(&mut state, Reply::NotLoaded("gone".into()));
    assert_eq!(effects, []);
    assert_eq!(state.chat.model, crate::tui::chat::Model::Manual);
}

/// An error once stayed for twelve seconds over the keys of the foot, on every screen.
#[test]
fn a_key_takes_away_what_it_was_told() {
    let mut state = state((80, 24));
    press(&mut state, "/zzz Enter");
    assert!(notice(&state).contains("/zzz"));
    press(&mut state, "F3");
    assert_eq!(state.notice, None);
    // What came by itself is seen by who is typing.
    state.now = 5_000;
    tell(&mut state, Reply::Refused("the disk is full".into()));
    press(&mut state, "F2 abc");
    assert_eq!(notice(&state), "the disk is full");
    state.now = 7_000;
    press(&mut state, "d");
    assert_eq!(state.notice, None);
}

/// "An answer is on its way" once stood there after the answer had ended.
#[test]
fn nothing_is_on_its_way_when_the_answer_has_ended() {
    let mut state = state((80, 24));
    load(&mut state);
    press(&mut state, "Hi Enter second Enter");
    assert!(notice(&state).contains("on its way"));
    tell(&mut state, Reply::Done(answer(End::Cancelled)));
    assert_eq!(state.notice, None);
}

#[test]
fn the_foot_says_how_to_stop_and_how_to_leave() {
    for (size, japanese) in [((80, 24), false), ((40, 12), false), ((40, 12), true)] {
        let foot = |state: &mut State| text(&drawn(state).0).pop().unwrap();
        let look = |seen: &mut Vec<String>| {
            let mut state = state(size);
            load(&mut state);
            seen.push(foot(&mut state));
            press(&mut state, "Hi Enter");
            seen.push(foot(&mut state));
        };
        let mut seen = Vec::new();
        let words = match japanese {
            true => ("^D 終了", "^C 停止"),
            false => ("^D leave", "^C stop"),
        };
        match japanese {
            true => Language::Japanese.during(|| look(&mut seen)),
            false => look(&mut seen),
        }
        let (leave, stop) = (&seen[0], &seen[1]);
        assert!(leave.contains(words.0), "{leave}");
        assert!(stop.contains(words.1) && !stop.contains("^D"), "{stop}");
        assert!(leave.contains("F1") && stop.contains("F1"));
    }
}

#[test]
fn exit_leaves() {
    let mut state = state((80, 24));
    press(&mut state, "/exit Enter");
    assert!(state.quit);
}

/// `/system` alone once deleted the instructions.
#[test]
fn looking_at_the_instructions_keeps_them() {
    let mut state = state((80, 24));
    let mut command = |text: &str| {
        state.chat.input.set(text);
        press(&mut state, "Enter");
        (state.chat.system.clone(), notice(&state).to_owned())
    };
    assert!(command("/system").1.contains("no instructions"));
    assert_eq!(command("/system Be brief.").0, "Be brief.");
    let (system, words) = command("/system");
    assert_eq!(system, "Be brief.");
    assert!(words.contains("instructions: Be brief."), "{words}");
    assert_eq!(command("/system -").0, "");
}

/// A question that is too long for the context once was lost, and the advice was to begin okibi anew.
#[test]
fn a_question_that_failed_is_given_back() {
    let mut state = state((80, 24));
    load(&mut state);
    press(&mut state, "long Enter");
    tell(&mut state, Reply::Failed("too long".into()));
    assert_eq!(state.chat.input.text(), "long");
    state.chat.input.set("/context 8192");
    let effects = press(&mut state, "Enter");
    let load = |name: &str| Effect::Load(name.into());
    let with = [Effect::Context(8192), Effect::Stop, load("ember")];
    assert_eq!(effects, with);
    // The file has no room for it: as before.
    let effects = tell(&mut state, Reply::NotLoaded("no".into()));
    assert_eq!(effects, [Effect::Context(256), load("ember")]);
    tell(&mut state, loaded("ember"));
    state.chat.input.set("/context");
    press(&mut state, "Enter");
    assert!(notice(&state).contains("of 256 tokens"));
    state.chat.input.set("/context many");
    assert_eq!(press(&mut state, "Enter"), []);
}

/// The draft that was written meanwhile is not replaced by the question that failed.
#[test]
fn a_draft_is_worth_more_than_a_question_that_failed() {
    let mut state = state((80, 24));
    load(&mut state);
    press(&mut state, "long Enter draft");
    tell(&mut state, Reply::Failed("too long".into()));
    assert_eq!(state.chat.input.text(), "draft");
}

/// While an answer grew, "0 of 256 tokens" stood there.
#[test]
fn tokens_are_counted_while_they_come() {
    let mut state = state((80, 24));
    load(&mut state);
    press(&mut state, "Hi Enter");
    let reading = Reply::Reading {
        done: 20,
        total: 20,
    };
    tell(&mut state, reading);
    for _ in 0..3 {
        tell(&mut state, Reply::Text("x".into()));
    }
    let shown = text(&drawn(&mut state).0).join("\n");
    assert!(shown.contains("23 of 256 tokens"), "{shown}");
}

/// The offers once ended with the eighth, and a long name was cut off.
#[test]
fn every_offer_is_reached() {
    everywhere("palette", |state| {
        press(state, "/");
        for _ in 0..10 {
            press(state, "Down");
        }
    });
    let mut state = state((80, 24));
    press(&mut state, "/ Up Tab");
    assert_eq!(state.chat.input.text(), "/exit");
    let long = "SmolLM2-1.7B-Instruct-Q4_K_M-から-来た-とても長い名前";
    list(&mut state, &["ember", long]);
    state.chat.input.set("/model s");
    let shown = text(&drawn(&mut state).0).join("\n");
    assert!(shown.contains(&format!("/model {long}")), "{shown}");
    assert_eq!(
        press(&mut state, "Down Enter"),
        [Effect::Stop, Effect::Load(long.into())]
    );
    // A command that wants something behind it waits for that.
    state.chat.input.set("/te");
    assert_eq!(press(&mut state, "Down Enter"), []);
    assert_eq!(state.chat.input.text(), "/temp ");
    // What is written puts the choice away, and Up finds the last question again.
    press(&mut state, "Up x");
    assert_eq!(state.chat.picked, None);
}
