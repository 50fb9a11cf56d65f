//! Slash commands of the chat: a table that completion and help read, and what each does.

use crate::messages::say;
use crate::node::Speaker;

use super::chat::Model;
use super::state::{Effect, Keep, Screen, State};

/// A command: its name, and the code of the words that say what it does.
pub struct Command {
    pub name: &'static str,
    pub words: &'static str,
    /// It wants something behind it.
    pub argument: bool,
}

const fn command(name: &'static str, argument: bool, words: &'static str) -> Command {
    Command {
        name,
        words,
        argument,
    }
}

/// All commands, in the order in which they are offered.
pub const COMMANDS: &[Command] = &[
    command("model", true, "tui-command-model"),
    command("system", true, "tui-command-system"),
    command("temp", true, "tui-command-temp"),
    command("new", false, "tui-command-new"),
    command("again", false, "tui-command-again"),
    command("edit", false, "tui-command-edit"),
    command("copy", false, "tui-command-copy"),
    command("title", true, "tui-command-title"),
    command("save", true, "tui-command-save"),
    command("sessions", false, "tui-command-sessions"),
    command("find", false, "tui-command-find"),
    command("monitor", false, "tui-command-monitor"),
    command("models", false, "tui-command-models"),
    #[cfg(feature = "lan")]
    command("peers", false, "tui-command-peers"),
    command("mouse", false, "tui-command-mouse"),
    command("help", false, "tui-command-help"),
    command("quit", false, "tui-command-quit"),
];

/// What could be meant by what is written: the whole text each would become, and what it does.
pub fn completions(text: &str, models: &[String]) -> Vec<(String, String)> {
    let Some(written) = text.strip_prefix('/') else {
        return Vec::new();
    };
    if text.contains('\n') || written.starts_with('/') {
        return Vec::new();
    }
    if let Some(name) = written.strip_prefix("model ") {
        let fitting = models.iter().filter(|model| model.starts_with(name));
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
    let known: Vec<&Command> = COMMANDS
        .iter()
        .filter(|it| it.name.starts_with(name))
        .collect();
    let exact = known.iter().find(|it| it.name == name);
    // The beginning of one command is that command.
    let Some(it) = exact.or(if let [only] = known.as_slice() {
        Some(only)
    } else {
        None
    }) else {
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
        "model" => {
            chat.model = Model::Loading(argument.to_owned());
            vec![Effect::Stop, Effect::Load(argument.to_owned())]
        }
        "system" => {
            chat.system = argument.to_owned();
            let code = if argument.is_empty() {
                "tui-system-none"
            } else {
                "tui-system-set"
            };
            let keep = chat.session.filter(|_| chat.saves);
            state.say(say(code, &[]));
            let text = argument.to_owned();
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
        "quit" => {
            state.quit = true;
            Vec::new()
        }
        _ => Vec::new(),
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
