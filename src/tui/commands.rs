//! The slash commands of the interface: completion, and the effect of each.

use crate::messages::say;
use crate::node::Speaker;
use crate::present::commands::{COMMANDS, meant, named};

use super::chat::Model;
use super::state::{Effect, Keep, Screen, State};

/// The offers for a text: the whole text that each would become, and its description.
pub fn completions(text: &str, models: &[String]) -> Vec<(String, String)> {
    let Some(written) = text.strip_prefix('/') else {
        return Vec::new();
    };
    if text.contains('\n') || written.starts_with('/') {
        return Vec::new();
    }
    if let Some(name) = written.strip_prefix("model ") {
        let name = name.to_lowercase();
        let begins = |model: &&String| model.to_lowercase().starts_with(&name);
        let fitting = models.iter().filter(begins);
        return fitting
            .map(|model| (format!("/model {model}"), String::new()))
            .collect();
    }
    let fitting = COMMANDS.iter().filter(|it| it.name.starts_with(written));
    fitting
        .map(|it| {
            let space = if it.argument { " " } else { "" };
            (format!("/{}{space}", it.name), say(it.words, &[]))
        })
        .collect()
}

/// Runs a line that begins with a slash. None: it is no command, but words that begin with two slashes.
pub fn run(state: &mut State, line: &str) -> Option<Vec<Effect>> {
    let written = line.strip_prefix('/')?;
    if written.starts_with('/') {
        return None;
    }
    let (name, argument) = written
        .split_once(char::is_whitespace)
        .unwrap_or((written, ""));
    let argument = argument.trim();
    let Some(it) = named(name) else {
        state.complain(say("tui-no-command", &[("name", name.to_owned())]));
        return Some(Vec::new());
    };
    state.chat.input.take();
    Some(act(state, it.name, argument))
}

fn act(state: &mut State, name: &str, argument: &str) -> Vec<Effect> {
    let chat = &mut state.chat;
    match name {
        "model" if argument.is_empty() => super::update::open(state, Screen::Models),
        "model" => match meant(&chat.models, argument) {
            Ok(name) => chat.load(name),
            Err(words) => {
                state.complain(words);
                Vec::new()
            }
        },
        "context" => context(state, argument),
        "system" if argument.is_empty() => {
            let text = chat.system.clone();
            state.say(match text.is_empty() {
                true => say("tui-system-empty", &[]),
                false => say("tui-system-shown", &[("text", text)]),
            });
            Vec::new()
        }
        "system" => {
            // A lone dash takes them away; looking at them never does.
            let text = if argument == "-" { "" } else { argument };
            chat.system = text.to_owned();
            let code = if text.is_empty() {
                "tui-system-none"
            } else {
                "tui-system-set"
            };
            let keep = chat.session.filter(|_| chat.saves);
            state.say(say(code, &[]));
            let text = text.to_owned();
            keep.map(|session| Effect::Keep(Keep::System { session, text }))
                .into_iter()
                .collect()
        }
        "temp" => {
            match argument.parse::<f32>() {
                Ok(value) if (0.0..=5.0).contains(&value) => {
                    chat.temperature = Some(value);
                    state.say(say("tui-temp-set", &[("value", value.to_string())]));
                }
                _ => state.complain(say("tui-temp-bad", &[])),
            }
            Vec::new()
        }
        "new" => {
            super::update::renew(state);
            Vec::new()
        }
        "again" if chat.answering.is_some() => {
            state.say(say("tui-busy", &[]));
            Vec::new()
        }
        "again" => chat.again(state.now, state.wall),
        "edit" => {
            chat.edit();
            Vec::new()
        }
        "copy" => super::update::copy(state, false),
        "title" => {
            let Some(session) = chat.session.filter(|_| !argument.is_empty()) else {
                return Vec::new();
            };
            chat.title = argument.to_owned();
            let keep = Keep::Title {
                session,
                text: argument.to_owned(),
            };
            vec![Effect::Keep(keep)]
        }
        "save" if argument.is_empty() => {
            state.complain(say("tui-save-where", &[]));
            Vec::new()
        }
        "save" => vec![Effect::Write(argument.to_owned(), transcript(state))],
        "sessions" => super::update::sessions(state),
        "find" => super::update::find(state),
        "monitor" => super::update::open(state, Screen::Monitor),
        "models" => super::update::open(state, Screen::Models),
        "peers" => super::update::open(state, Screen::Peers),
        "mouse" => super::update::mouse(state),
        "help" => super::update::help(state),
        "quit" | "exit" => {
            state.quit = true;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Shows the context, or loads the model again with another one.
fn context(state: &mut State, argument: &str) -> Vec<Effect> {
    let chat = &mut state.chat;
    let Model::Ready { name, context, .. } = &chat.model else {
        state.complain(say("tui-context-none", &[]));
        return Vec::new();
    };
    let (name, context) = (name.clone(), *context);
    if argument.is_empty() {
        let about = [
            ("used", chat.tokens().to_string()),
            ("context", context.to_string()),
        ];
        state.say(say("tui-context-shown", &about));
        return Vec::new();
    }
    match argument.parse::<usize>() {
        Ok(wanted) if wanted > 0 => {
            if chat.answering.is_some() {
                state.say(say("tui-busy", &[]));
                return Vec::new();
            }
            let mut effects = vec![Effect::Context(wanted)];
            effects.extend(chat.load(name.clone()));
            chat.before = Some((name, Some(context)));
            effects
        }
        _ => {
            state.complain(say("tui-context-bad", &[]));
            Vec::new()
        }
    }
}

/// The branch that is shown, as markdown.
fn transcript(state: &State) -> String {
    let chat = &state.chat;
    let mut text = format!("# {}\n", chat.title);
    for message in chat.shown() {
        let who = match message.role {
            Speaker::User => say("tui-you", &[]),
            Speaker::Manual => say("tui-the-manual", &[]),
            Speaker::Model => message.model.clone().unwrap_or_default(),
        };
        text.push_str(&format!("\n## {who}\n\n{}\n", message.text.trim_end()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_meant_is_offered() {
        let models = ["ember".to_owned(), "llama".to_owned()];
        let texts = |text: &str| {
            completions(text, &models)
                .into_iter()
                .map(|(text, _)| text)
                .collect::<Vec<_>>()
        };
        assert_eq!(texts("/mod"), ["/model ", "/models"]);
        assert_eq!(texts("/model l"), ["/model llama"]);
        assert_eq!(texts("mod"), [""; 0]);
        assert_eq!(texts("//x"), [""; 0]);
        assert_eq!(texts("/").len(), COMMANDS.len());
    }
}
