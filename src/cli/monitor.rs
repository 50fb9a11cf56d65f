//! Where the face on the whole terminal is opened from, and the monitor as plain lines.

use std::collections::HashSet;
use std::io::IsTerminal;
use std::time::Duration;

use serde_json::json;

use crate::messages::say;
use crate::node::{Exit, Handle, Overview};
use crate::tui::{self, Options, Screen, Work};

use super::args::{Chat, Monitor};
use super::out::{Out, broken, printable};
use super::{Outcome, chat, wrap};

/// Columns of the plain lines where there is no terminal to ask.
const COLUMNS: usize = 80;
/// Between two looks of the plain monitor.
const LOOK: Duration = Duration::from_secs(2);

/// Whether the whole terminal may be taken: there is one, it can do more than lines, and nobody wants plain words.
pub fn whole_terminal(out: &Out) -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb" || term.is_empty());
    let there = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    there && !dumb && !out.json && !out.quiet
}

/// Whether `okibi chat` means a conversation on the whole terminal.
pub fn fits(out: &Out, args: &Chat) -> bool {
    args.prompt.is_empty() && !args.plain && !args.thoughts && whole_terminal(out)
}

/// Opens the chat.
pub fn chat(node: Handle, args: Option<&Chat>) -> Outcome {
    let mut options = open(Screen::Chat, &node);
    if let Some(args) = args {
        chat::check(args, false)?;
        options.chat = chat::options(args);
        options.saves &= !args.no_save;
        if let Some(name) = &args.resume {
            options.resume = Some(node.history().find_session(name)?.id);
            options.saves = true;
        }
        // A name that is wrong is said before the terminal is taken.
        node.chat_model(args.model.as_deref())?;
    }
    tui::run(node, options)
}

fn open(screen: Screen, node: &Handle) -> Options {
    Options {
        chat: crate::node::ChatOptions::default(),
        screen,
        saves: node.config().chat.save,
        resume: None,
        colours: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// `okibi monitor`
pub fn run(out: &Out, node: Handle, args: &Monitor) -> Outcome {
    if !args.plain && whole_terminal(out) {
        let options = open(Screen::Monitor, &node);
        return tui::run(node, options);
    }
    let once = args.once || out.json || !std::io::stdout().is_terminal();
    let mut said = Said::default();
    loop {
        let overview = node.overview()?;
        let work = Work {
            model: node.chat_model(None).ok().flatten().unwrap_or_default(),
            ..Work::default()
        };
        let columns = wrap::columns().unwrap_or(COLUMNS);
        let lines = tui::monitor_lines(&overview, &work, columns);
        let new = said.news(&overview, &lines);
        let system = overview.system;
        let value = json!({
            "at": overview.at, "fingerprint": overview.status.fingerprint, "home": overview.status.home,
            "resident": system.resident, "memory": system.memory, "available": system.available,
            "disk": system.disk, "free": system.free, "blob_bytes": overview.status.blob_bytes,
            "models": overview.status.models, "lines": lines,
        });
        out.fact("monitor", value, || printable(&new.join("\n")))
            .map_err(|error| broken(&error))?;
        if once {
            return Ok(Exit::Done);
        }
        std::thread::sleep(LOOK);
    }
}

/// What a plain monitor has said already.
#[derive(Default)]
struct Said {
    /// Lines without their digits: an age that grows is no news.
    lines: HashSet<String>,
    /// The newest line of the audit trail.
    audit: Option<u64>,
}

impl Said {
    /// Everything at first, then only what was not said before.
    fn news(&mut self, overview: &Overview, lines: &[String]) -> Vec<String> {
        let mut news = Vec::new();
        // The trail's lines grow older; the new ones are known by their numbers.
        let trail = say("tui-audit", &[]);
        let end = lines.iter().position(|line| *line == trail);
        let end = end.filter(|_| self.audit.is_some()).unwrap_or(lines.len());
        for line in lines.iter().take(end) {
            let words: String = line.chars().filter(|c| !c.is_ascii_digit()).collect();
            if self.lines.insert(words) || self.audit.is_none() {
                news.push(line.clone());
            }
        }
        if let Some(last) = self.audit {
            news.retain(|line| !line.trim().is_empty());
            let new = overview.audit.iter().filter(|line| line.sequence > last);
            news.extend(new.map(tui::audit_line));
        }
        self.audit = Some(overview.audit.last().map_or(0, |line| line.sequence));
        news
    }
}
