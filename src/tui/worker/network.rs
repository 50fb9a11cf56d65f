//! The worker that opens the network as far as the face needs it: to honour an invitation while no
//! node runs in this home, to join a circle, and for one round.
//!
//! Each of these has a thread of its own and a `Handle` of its own. People answer through the
//! database, as beside a node that runs.
//!
//! **Always holds.** There is at most one thread of each kind. A flag ends a thread; an invitation
//! that nobody uses any more closes the network by itself.
//!
//! **Failure.** A failure is told in words to the face and ends that thread alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::messages::say;
use crate::node::{Exit, Failure, Fate, Handle, NetOptions, NetReport, PeersOverview, Ticket};
use crate::record::CircleId;

use super::super::event_loop::Incoming;
use super::super::pairing;
use super::super::state::Reply;
use super::conversations::words;
use super::tasks::sink;

/// An invitation may be used for this many minutes, as with `okibi circle invite`.
const MINUTES: u64 = 60;
/// A pairing that nobody finishes ends after this.
const JOIN: Duration = Duration::from_secs(900);
/// The round that brings what the admission promised.
const FIRST_ROUND: Duration = Duration::from_secs(60);
/// A round that a person asked for.
const ROUND: Duration = Duration::from_secs(120);
/// Looks after the last invitation was used, in which who was admitted may fetch what is there: about a minute.
const LINGER: u32 = 60;

/// The threads that run now.
pub struct Network {
    outbox: Sender<Incoming>,
    /// Setting one ends that thread.
    inviting: Option<Arc<AtomicBool>>,
    joining: Option<Arc<AtomicBool>>,
    round: Arc<AtomicBool>,
    idle: u32,
}

impl Network {
    pub fn new(outbox: Sender<Incoming>) -> Self {
        Self {
            outbox,
            inviting: None,
            joining: None,
            round: Arc::new(AtomicBool::new(false)),
            idle: 0,
        }
    }

    /// Makes an invitation, and sees to it that somebody honours it.
    pub fn invite(&mut self, node: &mut Handle, circle: CircleId) -> Result<Reply, Failure> {
        let circle = node.find_circle(Some(&circle.to_string()))?;
        let invitation = node.invite(&circle, MINUTES, &[], None)?;
        self.show(node, invitation.ticket.id)
    }

    /// An open invitation, to be shown.
    pub fn show(&mut self, node: &Handle, id: [u8; 16]) -> Result<Reply, Failure> {
        let overview = node.peers_overview()?;
        let here = overview.running.is_none();
        let port = overview
            .running
            .as_ref()
            .map_or(node.config().network.port, |running| running.port);
        if here {
            self.open(node)?;
        }
        let far = match overview.running {
            Some(running) => running.far,
            None => node.wide_area(&node.net_options()?.wide_area)?,
        };
        let invitation = node.invitation(&id, &node.own_addresses(port), far)?;
        let made = overview.invitations.iter().find(|it| it.id == id);
        Ok(Reply::Invited(Box::new(pairing::Ticket {
            id,
            circle: made.map(|it| it.circle_name.clone()).unwrap_or_default(),
            line: invitation.ticket.to_string(),
            code: square(&invitation.ticket.compact()),
            expires: invitation.expires,
            here,
            scroll: 0,
            bare: false,
        })))
    }

    /// Goes onto the network until no invitation is open any more.
    fn open(&mut self, node: &Handle) -> Result<(), Failure> {
        self.idle = 0;
        if self
            .inviting
            .as_ref()
            .is_some_and(|it| !it.load(Ordering::Relaxed))
        {
            return Ok(());
        }
        let options = options(node)?;
        let stop = Arc::clone(&options.stop);
        let mut other = another(node, &self.outbox)?;
        let (outbox, ended) = (self.outbox.clone(), Arc::clone(&stop));
        start(move || {
            if let Err(failure) = other.run_network(options, &mut |_| None) {
                let _ = outbox.send(Reply::Refused(words(&failure)).into());
            }
            ended.store(true, Ordering::Relaxed);
        })?;
        self.inviting = Some(stop);
        Ok(())
    }

    /// After a look: whether this program is on the network, which it leaves when it is not needed there.
    pub fn looked(&mut self, overview: &PeersOverview) -> bool {
        let open = overview.invitations.iter().any(|it| it.fate == Fate::Open);
        let needed = open || !overview.waiting.is_empty();
        self.idle = if needed { 0 } else { self.idle + 1 };
        if self.idle > LINGER
            && let Some(stop) = self.inviting.take()
        {
            stop.store(true, Ordering::Relaxed);
        }
        let runs = |it: &Option<Arc<AtomicBool>>| {
            it.as_ref()
                .is_some_and(|stop| !stop.load(Ordering::Relaxed))
        };
        runs(&self.inviting) || runs(&self.joining)
    }

    /// Joins by a ticket, then fetches what the admission promised.
    pub fn join(&mut self, node: &Handle, line: &str, name: &str) -> Result<(), Failure> {
        let ticket = Ticket::parse(line).ok_or_else(|| Failure::new("ticket-bad", Exit::Usage))?;
        self.leave();
        let mut options = options(node)?;
        node.join_options(&mut options, &ticket, name)?;
        options.once = Some(JOIN);
        // An address that a person gave may be the issuer's, where multicast does not reach.
        let given = node.addresses()?;
        options
            .peers
            .extend(given.into_iter().map(|peer| peer.address));
        let stop = Arc::clone(&options.stop);
        let mut other = another(node, &self.outbox)?;
        let (outbox, ended) = (self.outbox.clone(), Arc::clone(&stop));
        start(move || {
            let reply = match joined(&mut other, options, &outbox) {
                Ok(words) => Reply::Joined(words),
                Err(failure) => Reply::Refused(words(&failure)),
            };
            if !ended.swap(true, Ordering::Relaxed) {
                let _ = outbox.send(reply.into());
            }
        })?;
        self.joining = Some(stop);
        Ok(())
    }

    /// Stops asking to be admitted.
    pub fn leave(&mut self) {
        if let Some(stop) = self.joining.take() {
            stop.store(true, Ordering::Relaxed);
        }
    }

    /// One round with whoever is there.
    pub fn round(&mut self, node: &Handle) -> Result<Option<Reply>, Failure> {
        if let Some(running) = node.peers_overview()?.running {
            let count = running.connected.len().to_string();
            return Ok(Some(Reply::Said(say(
                "tui-round-runs",
                &[("count", count)],
            ))));
        }
        if self.round.swap(true, Ordering::Relaxed) {
            return Ok(None);
        }
        let mut options = options(node)?;
        options.once = Some(ROUND);
        if self.inviting.is_some() {
            // The port belongs to the thread that honours invitations.
            options.port = 0;
        }
        let mut other = another(node, &self.outbox)?;
        let (outbox, busy) = (self.outbox.clone(), Arc::clone(&self.round));
        start(move || {
            let reply = match other.run_network(options, &mut |_| None) {
                Ok(report) => Reply::Said(round_words(&report)),
                Err(failure) => Reply::Refused(words(&failure)),
            };
            busy.store(false, Ordering::Relaxed);
            let _ = outbox.send(reply.into());
        })?;
        Ok(None)
    }
}

fn joined(
    node: &mut Handle,
    options: NetOptions,
    outbox: &Sender<Incoming>,
) -> Result<Vec<String>, Failure> {
    let mut round = options.clone();
    let report = node.run_network(options, &mut |_| None)?;
    let Some(circle) = report.joined else {
        let (code, exit) = match report.denied {
            true => ("join-denied", Exit::Refused),
            false => ("join-nobody", Exit::Failed),
        };
        return Err(Failure::new(code, exit));
    };
    let view = node.find_circle(Some(&circle.to_string()))?;
    let done = say("join-done", &[("circle", view.state.name)]);
    // Told at once; what the admission promised comes with the first round, or with a later one.
    let _ = outbox.send(Reply::Joined(vec![done.clone()]).into());
    round.join = None;
    round.once = Some(FIRST_ROUND);
    let report = node.run_network(round, &mut |_| None)?;
    Ok(vec![done, round_words(&report)])
}

fn round_words(report: &NetReport) -> String {
    if report.peers.is_empty() {
        return say("sync-nobody", &[]);
    }
    let names: Vec<&str> = report.peers.iter().map(|peer| peer.name.as_str()).collect();
    let about = [
        ("names", names.join(", ")),
        ("in", report.records_in.to_string()),
        ("out", report.records_out.to_string()),
        ("blobs", report.blobs_in.to_string()),
    ];
    say("sync-done", &about)
}

/// How this home goes onto the network, by its configuration.
fn options(node: &Handle) -> Result<NetOptions, Failure> {
    let options = node.net_options()?;
    if options.offline {
        return Err(Failure::new("sync-offline", Exit::Usage));
    }
    Ok(options)
}

fn another(node: &Handle, outbox: &Sender<Incoming>) -> Result<Handle, Failure> {
    Handle::open(node.config().clone(), sink(outbox.clone()))
}

fn start(work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = std::thread::Builder::new().name("network".to_owned());
    thread
        .spawn(work)
        .map(|_| ())
        .map_err(|error| Failure::new("no-thread", Exit::Failed).with("error", error))
}

/// The modules of a QR code, row by row; none where the text is too long for one.
fn square(text: &str) -> Vec<Vec<bool>> {
    let Ok(code) = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::L) else {
        return Vec::new();
    };
    let dark = |colour: &qrcode::Color| *colour == qrcode::Color::Dark;
    let colours = code.to_colors();
    let rows = colours.chunks(code.width().max(1));
    rows.map(|row| row.iter().map(dark).collect()).collect()
}
