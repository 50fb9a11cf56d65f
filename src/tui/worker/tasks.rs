//! The worker for everything that may take long: loading models, looking at the whole node, taking
//! bundles in.
//!
//! **Always holds.** One task runs at a time, in the order in which the face asked. An import is
//! shown before it is done: the preview changes nothing.
//!
//! **Failure.** A failure is told in words to the face, and the next task begins.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};

use crate::messages::say;
use crate::node::{
    ChatOptions, Event as Happening, Exit, Failure, Handle, ImportOptions, ImportReport, Imported,
    Left, Offer, Piece, Sink, fingerprint, quoted_name,
};
use crate::record::foreign::listed;

use super::super::event_loop::Incoming;
use super::super::state::{Effect, Reply};
use super::conversations::words;

/// Tells the face what happens while the node works.
pub fn sink(outbox: Sender<Incoming>) -> Sink {
    let mut last = (0, "");
    Box::new(move |event| {
        let reply = match event {
            Happening::Progress { what, done, total } => {
                let percent = done.saturating_mul(100) / total.max(1);
                if (percent, what) == last {
                    return;
                }
                last = (percent, what);
                let about = [("what", what.to_owned()), ("percent", percent.to_string())];
                Reply::Said(say("tui-progress", &about))
            }
            Happening::DecisionChanged { circle, changes } => {
                let about = [
                    ("circle", circle.short()),
                    ("count", changes.len().to_string()),
                ];
                Reply::Said(say("decision-changed", &about))
            }
            Happening::HomeMoved => Reply::Refused(say("home-moved", &[])),
            Happening::HomeClosed => Reply::Refused(say("home-closed", &[])),
            Happening::HomeReadOnly => Reply::Refused(say("home-read-only", &[])),
            Happening::IdentityMade { .. } | Happening::StarterTaken { .. } => return,
        };
        let _ = outbox.send(reply.into());
    })
}

/// Works until nobody asks any more.
pub fn run(
    mut node: Handle,
    options: &ChatOptions,
    inbox: &Receiver<Effect>,
    outbox: &Sender<Incoming>,
) {
    let mut options = options.clone();
    #[cfg(feature = "lan")]
    let mut network = super::network::Network::new(outbox.clone());
    while let Ok(effect) = inbox.recv() {
        #[cfg(feature = "lan")]
        let effect = match travel(&mut node, &mut network, effect) {
            Ok(effect) => effect,
            Err(reply) => {
                if reply.is_some_and(|reply| outbox.send(reply.into()).is_err()) {
                    return;
                }
                continue;
            }
        };
        let done = match effect {
            Effect::Context(tokens) => {
                options.context = Some(tokens);
                continue;
            }
            Effect::Load(name) => Ok(load(&node, &name, &options, outbox)),
            effect => work(&mut node, effect),
        };
        let reply = match done {
            Ok(None) => continue,
            Ok(Some(reply)) => reply,
            Err(failure) => Reply::Refused(words(&failure)),
        };
        if outbox.send(reply.into()).is_err() {
            return;
        }
    }
}

/// Does what concerns the network; gives back what does not. An error is what was answered.
#[cfg(feature = "lan")]
fn travel(
    node: &mut Handle,
    network: &mut super::network::Network,
    effect: Effect,
) -> Result<Effect, Option<Reply>> {
    let done = match effect {
        Effect::LookAtPeers => node.peers_overview().map(|overview| {
            let busy = network.looked(&overview);
            Some(Reply::Peers(Box::new(overview), busy))
        }),
        Effect::Invite(circle) => network.invite(node, circle).map(Some),
        Effect::Ticket(id) => network.show(node, id).map(Some),
        Effect::Withdraw(id) => node.withdraw_invitation(&id).map(|row| {
            let id = crate::tui::peers::short(&row.id);
            Some(Reply::Said(say("ticket-withdrawn", &[("id", id)])))
        }),
        Effect::Join(ticket, name) => network.join(node, &ticket, &name).map(|()| None),
        Effect::StopJoin => {
            network.leave();
            Ok(None)
        }
        Effect::Answer(id, same) => node.answer_pairing(id, same).map(|()| None),
        Effect::Round => network.round(node),
        effect => return Ok(effect),
    };
    Err(done.unwrap_or_else(|failure| Some(Reply::Refused(words(&failure)))))
}

fn work(node: &mut Handle, effect: Effect) -> Result<Option<Reply>, Failure> {
    Ok(match effect {
        Effect::Look => Some(Reply::Overview(Box::new(node.overview()?))),
        Effect::ListModels => {
            let mut coming = node.missing()?;
            coming.retain(|it| it.model);
            let rows = node.models()?;
            Some(Reply::Models(rows, node.used_model()?, coming))
        }
        Effect::ShowModel(name) => {
            let row = node.find_model(&name)?;
            Some(Reply::Card(name, Box::new(node.model_card(&row)?)))
        }
        Effect::UseModel(name) => {
            node.use_model(Some(&name))?;
            None
        }
        Effect::Preview(path) => {
            let report = import(node, &path, true)?;
            let takes = report.imported.iter().any(brings);
            Some(Reply::Preview(path, report_words(&report, true), takes))
        }
        Effect::Import(path) => {
            let report = import(node, &path, false)?;
            Some(Reply::Imported(report_words(&report, false)))
        }
        Effect::Write(path, text) => {
            let path = expand(&path);
            crate::node::write_new(&path, text.as_bytes())?;
            let about = [("path", path.display().to_string())];
            Some(Reply::Said(say("history-exported", &about)))
        }
        _ => None,
    })
}

fn load(
    node: &Handle,
    name: &str,
    options: &ChatOptions,
    outbox: &Sender<Incoming>,
) -> Option<Reply> {
    let mut listener = Telling(outbox.clone());
    let listener = Box::new(move |piece| listener.tell(piece));
    let engine = match node.engine(name, options, listener) {
        Ok(engine) => engine,
        Err(failure) => return Some(Reply::NotLoaded(words(&failure))),
    };
    let reply = Reply::Loaded {
        name: engine.model.clone(),
        toy: engine.toy,
        note: engine.note.clone(),
        origin: engine.origin.clone(),
        context: engine.context,
    };
    let _ = outbox.send(Incoming::Engine(engine));
    Some(reply)
}

/// Passes the pieces of an answer to the face.
struct Telling(Sender<Incoming>);

impl Telling {
    fn tell(&mut self, piece: Piece) -> bool {
        let reply = match piece {
            Piece::Reading { done, total } => Reply::Reading { done, total },
            Piece::Text(text) => Reply::Text(text),
            Piece::Thought(_) => Reply::Thought,
            // Only who asks for probabilities is given them.
            Piece::Token(_) => return true,
            Piece::Done(answer) => Reply::Done(answer),
            Piece::Failed(failure) => Reply::Failed(words(&failure)),
        };
        self.0.send(reply.into()).is_ok()
    }
}

impl Drop for Telling {
    /// A model's thread that breaks down leaves its question open: the face shall not wait for ever.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.send(model_gone().into());
        }
    }
}

/// The answer in place of a model whose thread has ended.
pub fn model_gone() -> Reply {
    Reply::Failed(words(&Failure::new("model-gone", Exit::Failed)))
}

fn import(node: &mut Handle, path: &str, dry_run: bool) -> Result<ImportReport, Failure> {
    node.import_path(
        &expand(path),
        ImportOptions {
            dry_run,
            ..ImportOptions::default()
        },
    )
}

/// A path as people write it: `~` is the home folder.
fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// Whether a bundle has something that is not here yet.
fn brings(it: &Imported) -> bool {
    let receipt = &it.receipt;
    it.joined || receipt.taken + receipt.blobs + receipt.acks + receipt.statements > 0
}

/// A circle that nobody here joined, and how one does.
pub fn offer_words(offer: &Offer) -> String {
    let founder = offer.founder.map(|root| fingerprint(&root));
    let about = [
        ("name", quoted_name(&offer.name)),
        ("founder", founder.unwrap_or_else(|| "?".to_owned())),
        ("id", offer.circle.short()),
    ];
    say("tui-offer", &about)
}

/// The report of an import that is done, or that would be done, line by line.
fn report_words(report: &ImportReport, dry: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for it in &report.imported {
        let about = [
            ("circle", it.circle_name.clone()),
            ("signer", it.signer_name.clone()),
            (
                "founder",
                it.founder
                    .map(|root| fingerprint(&root))
                    .unwrap_or_default(),
            ),
            ("records", it.receipt.taken.to_string()),
        ];
        if it.joined {
            lines.push(say(if dry { "would-join" } else { "joined" }, &[]));
            lines.push(format!("  {}", say("circle-founded-by", &about)));
            lines.push(format!("  {}", say("circle-called", &about)));
        }
        lines.push(match (dry, brings(it)) {
            (_, false) => say("import-nothing-new", &about),
            (true, true) => say("would-import", &about),
            (false, true) if it.receipt.taken == 0 => say("imported-no-records", &about),
            (false, true) => say("imported", &about),
        });
        for (code, names) in [
            ("import-members", &it.members),
            ("import-suspended", &it.suspended),
            ("import-documents", &it.documents),
            ("import-models", &it.models),
        ] {
            if !names.is_empty() {
                lines.push(say(code, &[("names", listed(names))]));
            }
        }
        if it.receipt.waiting > 0 {
            lines.push(say(
                "import-waiting",
                &[("count", it.receipt.waiting.to_string())],
            ));
        }
        if it.acknowledged {
            lines.push(say("import-acknowledged", &[]));
        }
        if it.ack_failed {
            lines.push(say("ack-later", &[]));
        }
    }
    for offer in &report.offers {
        lines.push(say("offer-here", &[]));
        lines.push(offer_words(offer));
    }
    for left in &report.left {
        lines.push(match left {
            Left::Blocked { root, name } => {
                let about = [
                    ("name", quoted_name(name)),
                    ("fingerprint", fingerprint(root)),
                ];
                say("bundle-blocked", &about)
            }
            Left::Forgotten { circle, name } => {
                let about = [("name", quoted_name(name)), ("id", circle.short())];
                say("bundle-forgotten", &about)
            }
        });
    }
    if report.blank {
        lines.push(say("medium-blank", &[]));
    }
    if report.for_others > 0 && report.imported.is_empty() {
        lines.push(say("nothing-for-me", &[]));
    }
    if report.unseen > 0 {
        lines.push(say(
            "medium-crowded",
            &[("count", report.unseen.to_string())],
        ));
    }
    if report.unfinished > 0 {
        lines.push(say(
            "bundle-unfinished",
            &[("count", report.unfinished.to_string())],
        ));
    }
    for (_, failure) in &report.failures {
        lines.extend(words(failure).lines().map(str::to_owned));
    }
    lines
}
