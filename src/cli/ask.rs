//! Passphrases asked for on the terminal, without echo. Without a terminal nothing is asked: a script names a file.

use std::io::{IsTerminal, Write};

use secrecy::{ExposeSecret, SecretString};

use crate::messages::say;
use crate::node::{Exit, Failure, paste};

/// Whether somebody can be asked.
pub fn anybody() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks once, with the words of `code`.
pub fn passphrase(code: &str, about: &[(&str, String)]) -> Result<SecretString, Failure> {
    if !anybody() {
        return Err(Failure::new("passphrase-no-terminal", Exit::Locked));
    }
    let prompt = format!("{} ", super::out::printable(&say(code, about)));
    let typed = rpassword::prompt_password(prompt)
        .map_err(|error| Failure::new("output-failed", Exit::Failed).with("error", error))?;
    Ok(paste::passphrase(&typed).into())
}

/// Asks for one that did not exist before, twice. Who types none gets one that is made up, and is told it once.
pub fn new_passphrase(code: &str) -> Result<SecretString, Failure> {
    let first = passphrase(code, &[])?;
    if first.expose_secret().is_empty() {
        let words = crate::node::made_up_words()?;
        let mut err = std::io::stderr().lock();
        let said = say("passphrase-made-up", &[]);
        let shown = writeln!(err, "{said}\n\n  {}\n", words.expose_secret());
        shown.map_err(|error| super::out::broken(&error))?;
        return Ok(words);
    }
    let first = crate::node::new_passphrase(first)?;
    if first.expose_secret() != passphrase("ask-again", &[])?.expose_secret() {
        return Err(Failure::new("passphrase-differs", Exit::Usage));
    }
    Ok(first)
}
