//! Man pages and completions, made from the command line's own description.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::node::{Exit, Failure};

use super::args::Cli;
use super::{Outcome, out};

/// Prints completions for one shell.
pub fn completions(shell: Shell) -> Outcome {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "okibi", &mut bytes);
    print(&bytes)
}

/// Prints the manual page of okibi or of one command.
pub fn man(words: &[String]) -> Outcome {
    let pages = pages().map_err(|error| out::broken(&error))?;
    let wanted = [&["okibi".to_owned()], words].concat().join("-") + ".1";
    match pages.into_iter().find(|(file, _)| *file == wanted) {
        Some((_, bytes)) => print(&bytes),
        None => Err(Failure::new("no-such-command", Exit::Usage).with("name", words.join(" "))),
    }
}

/// Writes all man pages into a folder.
pub fn man_pages(dir: &Path) -> Outcome {
    for (name, bytes) in pages().map_err(|error| out::broken(&error))? {
        write(&dir.join(name), &bytes)?;
    }
    Ok(Exit::Done)
}

/// Writes completions of all shells into a folder.
pub fn all_completions(dir: &Path) -> Outcome {
    for (shell, name) in [
        (Shell::Bash, "okibi.bash"),
        (Shell::Zsh, "_okibi"),
        (Shell::Fish, "okibi.fish"),
        (Shell::PowerShell, "_okibi.ps1"),
    ] {
        let mut bytes = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "okibi", &mut bytes);
        write(&dir.join(name), &bytes)?;
    }
    Ok(Exit::Done)
}

/// `okibi.1` and one page per command, by file name.
fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = Cli::command();
    root.build();
    let mut pages = vec![("okibi.1".to_owned(), page(root.clone())?)];
    let mut commands: Vec<clap::Command> = root.get_subcommands().cloned().collect();
    while let Some(command) = commands.pop() {
        if command.is_hide_set() {
            continue;
        }
        let name = command
            .get_display_name()
            .unwrap_or(command.get_name())
            .to_owned();
        commands.extend(command.get_subcommands().cloned());
        pages.push((format!("{name}.1"), page(command)?));
    }
    pages.sort();
    Ok(pages)
}

fn page(command: clap::Command) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // No date: a page changes when the command does.
    clap_mangen::Man::new(command).date("").render(&mut bytes)?;
    Ok(bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| Failure::io(path, error))
}

fn print(bytes: &[u8]) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(bytes)
        .and_then(|()| stdout.flush())
        .map_err(|error| out::broken(&error))?;
    Ok(Exit::Done)
}

/// Makes the starter bundle and prints the id to pin.
pub fn starter(
    out: &super::out::Out,
    config: crate::config::Config,
    (sources, model, file): (&Path, &Path, &Path),
) -> Outcome {
    let mut node = crate::node::Handle::open_bare(config, Box::new(|_| {}))?;
    let id = node.make_starter(sources, model, file)?;
    out.fact("starter", serde_json::json!({"pin": id}), || id.to_string())
        .map_err(|error| out::broken(&error))?;
    Ok(Exit::Done)
}
