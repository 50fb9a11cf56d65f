//! The command line face. It parses, asks a `node::Handle`, and prints; it has no rules of its own.
//!
//! Standard output is data, standard error everything else; no prompt without a terminal; every failure says
//! what happened and what to do now, and has its exit code.

pub mod args;
mod ask;
mod backup;
mod chat;
mod circle;
mod courier;
mod decide;
mod generate;
mod history;
mod home;
mod key;
mod library;
mod media;
mod model;
#[cfg(feature = "tui")]
mod monitor;
#[cfg(feature = "lan")]
mod network;
#[cfg(feature = "lan")]
pub mod network_args;
mod offers;
mod out;
mod plain;
mod stick;
mod update;
mod wrap;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::config::{Config, ConfigError};
use crate::identity::fingerprint;
use crate::messages::Language;
use crate::node::{Event, Exit, Failure, Handle, Sink};

use args::{Cli, Command, Global};
use out::Out;

/// What a command comes to: an exit class that is no failure, or a failure.
type Outcome = Result<Exit, Failure>;

/// Runs the program with the process's arguments.
pub fn run() -> ExitCode {
    // Whatever is made by this program is its owner's alone, whatever mode asks for it.
    crate::node::private_by_default();
    crate::node::hide_caught_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, everything else is a usage error; clap writes either where it belongs.
            let script = std::env::args_os().any(|arg| arg == "--json");
            if script && error.use_stderr() {
                usage(&error);
            } else {
                let _ = error.print();
            }
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            return ExitCode::from(code as u8);
        }
    };
    let out = Out {
        json: cli.global.json,
        quiet: cli.global.quiet,
    };
    match cli.global.lang.as_deref().map(Language::parse) {
        None => Language::of_locale(|name| std::env::var(name).ok()).speak(),
        Some(Some(language)) => language.speak(),
        Some(None) => {
            let failure = Failure::new("bad-option", Exit::Usage);
            out.failure(&failure.with("name", "--lang").with("want", "en or ja"));
            return ExitCode::from(Exit::Usage as u8);
        }
    }
    let exit = match dispatch(cli, &out) {
        Ok(exit) => exit,
        Err(failure) => {
            if failure.exit != Exit::Done {
                out.failure(&failure);
            }
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}

/// A usage error for a script that asked for JSON.
fn usage(error: &clap::Error) {
    let text = error.render().to_string();
    // Below the first paragraph clap repeats usage and help for people.
    let said = text.split("\n\n").next().unwrap_or_default();
    let said = said.trim_start_matches("error: ").replace('\n', " ");
    let out = Out {
        json: true,
        quiet: false,
    };
    out.failure(&Failure::new("usage", Exit::Usage).with("error", said));
}

fn dispatch(cli: Cli, out: &Out) -> Outcome {
    let Some(command) = cli.command else {
        #[cfg(feature = "tui")]
        if monitor::whole_terminal(out) {
            let node = open(&cli.global, out)?;
            return monitor::chat(node, None);
        }
        let mut command = Cli::command();
        command.print_help().map_err(|error| out::broken(&error))?;
        return Ok(Exit::Done);
    };
    let global = cli.global;
    match command {
        Command::Completions { shell } => generate::completions(shell),
        Command::Man { command } => generate::man(&command),
        Command::Internal(args::Internal::Man { dir }) => generate::man_pages(&dir),
        Command::Internal(args::Internal::Completions { dir }) => generate::all_completions(&dir),
        Command::Internal(args::Internal::Starter {
            sources,
            model,
            out: file,
        }) => generate::starter(out, configure(&global)?, (&sources, &model, &file)),
        Command::Restore(it) => backup::restore(out, &configure(&global)?, &it, sink(out)),
        Command::Config(args::Config::Show) => home::config(out, &configure(&global)?),
        #[cfg(feature = "tui")]
        Command::Monitor(it) => monitor::run(out, open(&global, out)?, &it),
        #[cfg(feature = "tui")]
        Command::Chat(it) if monitor::fits(out, &it) => {
            monitor::chat(open(&global, out)?, Some(&it))
        }
        command => {
            if expects_a_home(&command, out.quiet) {
                let config = configure(&global)?;
                if !Handle::is_there(&config) {
                    let path = config.home.display();
                    return Err(Failure::new("home-missing", Exit::Failed).with("path", path));
                }
            }
            let mut node = open(&global, out)?;
            with_node(command, &mut node, out)
        }
    }
}

/// Whether a command watches a home or saves it: where there is none, a name is wrong, and a new home that is well
/// would hide that.
fn expects_a_home(command: &Command, quiet: bool) -> bool {
    match command {
        Command::Backup(_) | Command::Gc(_) => true,
        Command::Audit(_) => quiet,
        Command::Status(it) => quiet || it.max_age.is_some() || it.strict,
        Command::Doctor(it) => quiet || it.strict,
        _ => false,
    }
}

fn with_node(command: Command, node: &mut Handle, out: &Out) -> Outcome {
    match command {
        Command::Status(it) => home::status(out, node, &it),
        Command::ExportBundle(it) => stick::export(out, node, &it),
        Command::ImportBundle(it) => stick::import(out, node, &it),
        Command::InspectBundle(it) => stick::inspect(out, node, &it, false),
        Command::VerifyBundle(it) => stick::inspect(out, node, &it, true),
        Command::Courier(it) => courier::run(out, node, &it),
        Command::Model(it) => model::run(out, node, it),
        Command::Chat(it) => chat::run(out, node, &it),
        Command::Circle(it) => circle::run(out, node, it),
        Command::Library(it) => library::run(out, node, it),
        Command::Audit(it) => home::audit(out, node, &it),
        Command::History(it) => history::run(out, node, &it),
        Command::Key(it) => key::run(out, node, &it),
        Command::Doctor(it) => home::doctor(out, node, &it),
        Command::Backup(it) => backup::backup(out, node, &it),
        Command::Update(it) => update::run(out, node, &it),
        Command::Gc(it) => home::gc(out, node, &it),
        #[cfg(feature = "lan")]
        Command::Node(it) => network::node(out, node, &it),
        #[cfg(feature = "lan")]
        Command::Sync(it) => network::sync(out, node, &it),
        #[cfg(feature = "lan")]
        Command::Peer(it) => network::peer(out, node, it),
        // Answered before a home was opened.
        _ => Ok(Exit::Done),
    }
}

fn configure(global: &Global) -> Result<Config, Failure> {
    let loaded = Config::load(global.home.as_deref(), |name| std::env::var_os(name));
    loaded.map_err(|error| {
        let code = match &error {
            ConfigError::NoHome => "no-home",
            ConfigError::Relative { .. } => "home-relative",
            ConfigError::Unreadable { .. } => "config-unreadable",
            ConfigError::Value { .. } | ConfigError::UnknownKey { .. } => "config-value",
        };
        Failure::new(code, Exit::Usage).with("error", error)
    })
}

/// Opens the home; what happens on the way is said on standard error.
fn open(global: &Global, out: &Out) -> Result<Handle, Failure> {
    let node = Handle::open(configure(global)?, sink(out))?;
    Ok(match ask::anybody() {
        true => node.asking(Box::new(|| ask::passphrase("ask-root", &[]))),
        false => node,
    })
}

/// Where events are told.
fn sink(out: &Out) -> Sink {
    let events = Out {
        json: out.json,
        quiet: out.quiet,
    };
    let progress = std::io::stderr().is_terminal() && !out.quiet && !out.json;
    Box::new(move |event: Event| {
        let _ = tell(&events, &event, progress);
    })
}

fn tell(out: &Out, event: &Event, progress: bool) -> std::io::Result<()> {
    use std::io::Write;
    match event {
        Event::IdentityMade { root } => {
            out.note("identity-made", &[("fingerprint", fingerprint(root))])
        }
        Event::StarterTaken { documents, models } => {
            let about = [
                ("documents", documents.to_string()),
                ("models", models.to_string()),
            ];
            out.note("starter-taken", &about)
        }
        Event::DecisionChanged { circle, changes } => {
            let count = [
                ("circle", circle.short()),
                ("count", changes.len().to_string()),
            ];
            out.warn("decision-changed", &count)
        }
        Event::HomeReadOnly => out.warn("home-read-only", &[]),
        Event::HomeMoved => out.warn("home-moved", &[]),
        Event::HomeClosed => out.warn("home-closed", &[]),
        Event::Progress { what, done, total } if progress => {
            let percent = done * 100 / (*total).max(1);
            let mut err = std::io::stderr().lock();
            write!(err, "\r\x1b[K{what} {percent} %")?;
            if done >= total {
                write!(err, "\r\x1b[K")?;
            }
            err.flush()
        }
        Event::Progress { .. } => Ok(()),
    }
}
