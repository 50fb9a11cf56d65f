//! The table of slash commands in a conversation, which both faces offer, and the model that is meant by
//! a name behind `/model`.

use strsim::levenshtein;

use crate::messages::say;

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
    command("context", true, "tui-command-context"),
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
    command("exit", false, "tui-command-quit"),
];

/// The command of this name, or the only one that begins so.
pub fn named(name: &str) -> Option<&'static Command> {
    let mut known = COMMANDS.iter().filter(|it| it.name.starts_with(name));
    let exact = known.clone().find(|it| it.name == name);
    exact.or_else(|| known.next().filter(|_| known.next().is_none()))
}

/// The model that a name means: itself, in capital or small letters, or the only one that begins so.
///
/// # Errors
/// Otherwise the words for a person, with a suggestion; the model that answers stays.
pub fn meant(models: &[String], name: &str) -> Result<String, String> {
    // Before the list was read, the name is tried as it is.
    if models.is_empty() || models.iter().any(|it| it == name) {
        return Ok(name.to_owned());
    }
    let wanted = name.to_lowercase();
    let same = models.iter().filter(|it| it.to_lowercase() == wanted);
    let begin = models
        .iter()
        .filter(|it| it.to_lowercase().starts_with(&wanted));
    for found in [same.collect::<Vec<_>>(), begin.collect()] {
        match found.as_slice() {
            [] => {}
            [only] => return Ok((*only).clone()),
            several => {
                let names: Vec<&str> = several.iter().map(|it| it.as_str()).collect();
                let about = [("name", name.to_owned()), ("names", names.join(", "))];
                return Err(say("tui-model-several", &about));
            }
        }
    }
    // A letter in three may be wrong.
    let most = wanted.chars().count().div_ceil(3);
    let near = models
        .iter()
        .map(|it| (levenshtein(&it.to_lowercase(), &wanted), it))
        .filter(|(far, _)| *far <= most)
        .min();
    let about = |other: &str| [("name", name.to_owned()), ("other", other.to_owned())];
    Err(match near {
        Some((_, other)) => say("tui-model-near", &about(other)),
        None => say("tui-model-none", &about("")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_names_a_command_if_only_one_begins_so() {
        let name = |text: &str| named(text).map(|it| it.name);
        assert_eq!(name("model"), Some("model"), "models begins so, too");
        assert_eq!(name("tem"), Some("temp"));
        assert_eq!(name("e"), None, "edit, exit");
        assert_eq!(name("modle"), None);
    }

    #[test]
    fn a_model_is_meant() {
        let models = ["Smol".to_owned(), "smollm2".to_owned(), "ember".to_owned()];
        for (name, found) in [
            ("Smol", "Smol"),
            ("smol", "Smol"),
            ("SMOLL", "smollm2"),
            ("em", "ember"),
        ] {
            assert_eq!(meant(&models, name).as_deref(), Ok(found), "{name}");
        }
        let near = meant(&models, "embr").unwrap_err();
        assert!(near.contains("“ember”"), "{near}");
        let several = meant(&models, "s").unwrap_err();
        assert!(several.contains("Smol, smollm2"), "{several}");
        let none = meant(&models, "llama").unwrap_err();
        assert!(!none.contains("mean"), "{none}");
    }
}
