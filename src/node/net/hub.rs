//! The hub: the one owner of the home while it is on the network. It takes work from the tasks one by one, so that no
//! two sessions touch the database at once, and does what has to be done now and then: it notices what other processes
//! wrote, asks for missing blobs, brings the shelves in line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;

use crate::carrier::node_addr::NodeAddr;
use crate::carrier::wire::Road;
use crate::identity::{Signer, SigningSecret};
use crate::record::{CircleId, Foreign, RootKey};
use crate::sync::{Closed, Input, Offer, Proof, Setup, Side, Subject, prove};

use super::blobs::Blobs;
use super::pairing::{Compared, Pairing};
use super::pairs::Pairs;
use super::record_pages::Pages;
use super::room::Full;
use super::transport::{PeerAddresses, plain};
use super::work::Work;
use super::{NetOptions, NetReport, Reached};
use crate::node::clock::{now, random};
use crate::node::content::policy::ContentPolicy;
use crate::node::{Exit, Failure, Handle};

/// How often it is looked whether another process wrote, or a person answered.
const TICK: Duration = Duration::from_millis(100);
/// Shelves are brought in line at most this often while much arrives.
const SHELVES: Duration = Duration::from_secs(2);

/// So many who showed up are counted: anybody on the network can show up under any number of addresses.
const SEEN: usize = 64;
/// Conversations that did not come about are remembered for `doctor`, so many of them.
const TURNED_AWAY: usize = 64;

/// One session.
pub(super) struct PeerConnection {
    pub answers: mpsc::UnboundedSender<Input>,
    pub address: String,
    pub road: Road,
    pub relayed: bool,
    side: Side,
    pub root: Option<RootKey>,
    instance: [u8; 8],
    pub circles: Vec<CircleId>,
    pub in_step: BTreeSet<CircleId>,
    pub pages: BTreeMap<CircleId, Pages>,
    /// Lines of the audit trail that say what is on its way, by circle.
    pub begun: BTreeMap<CircleId, u64>,
    pub served: BTreeSet<[u8; 32]>,
    pub refused: u64,
    pub since: Instant,
}

pub(super) struct Hub<'a> {
    pub node: &'a mut Handle,
    pub options: NetOptions,
    pub connections: BTreeMap<u64, PeerConnection>,
    pub blobs: Blobs,
    pub pairing: Option<Pairing>,
    /// Pairings that this side's person confirmed, by session.
    pub confirmed: BTreeMap<u64, i64>,
    pub report: NetReport,
    transport: (SigningSecret, Vec<u8>),
    instance: [u8; 8],
    version: i64,
    pub port: u16,
    /// This node beyond its network, if it goes there.
    pub here: Option<NodeAddr>,
    pub peer_addresses: PeerAddresses,
    pub pairs: Pairs,
    pub full: Full,
    pub begun: Instant,
    pub last_news: Instant,
    pub shelves_due: bool,
    /// When they were, and how long they can wait: in a large circle it is done less often while much arrives.
    shelves_done: (Instant, Duration),
    pub listeners: Vec<mpsc::UnboundedSender<String>>,
    pub stop: Option<bool>,
    pub silent: BTreeSet<String>,
    /// Addresses at which somebody was spoken with.
    pub answered: BTreeSet<String>,
}

impl<'a> Hub<'a> {
    pub fn new(
        node: &'a mut Handle,
        options: NetOptions,
        work: Sender<Work>,
        peer_addresses: PeerAddresses,
    ) -> Result<Self, Failure> {
        let (certificate, secret) = node.transport_key()?;
        let secret = SigningSecret::from_bytes(&secret);
        let envelope = node.store.statement_bytes(&[certificate])?.pop();
        let envelope = envelope.ok_or_else(|| {
            Failure::new("identity-broken", Exit::Locked).with("error", "no transport certificate")
        })?;
        let version = node.store.version()?;
        Ok(Self {
            transport: (secret, envelope),
            instance: random()?,
            version,
            port: 0,
            here: None,
            peer_addresses,
            pairs: Pairs::new(),
            full: Full::default(),
            begun: Instant::now(),
            last_news: Instant::now(),
            shelves_due: false,
            shelves_done: (Instant::now(), Duration::ZERO),
            listeners: Vec::new(),
            stop: None,
            silent: BTreeSet::new(),
            answered: BTreeSet::new(),
            blobs: Blobs::new(
                node.store.home(),
                work,
                ContentPolicy::new(node.config.contents, node.root),
            ),
            node,
            options,
            connections: BTreeMap::new(),
            pairing: None,
            confirmed: BTreeMap::new(),
            report: NetReport::default(),
        })
    }

    /// Works until told to stop.
    pub fn run(
        &mut self,
        inbox: &Receiver<Work>,
        compare: &mut dyn FnMut(&Compared) -> Option<bool>,
    ) -> Result<(), Failure> {
        let mut last = Instant::now();
        self.look_for_blobs()?;
        self.look_beyond()?;
        let mut held = None;
        loop {
            let next = match held.take() {
                Some(work) => Ok(work),
                None => inbox.recv_timeout(TICK),
            };
            match next {
                Ok(Work::Arrived(mut arrived)) => {
                    held = arrived.gather(inbox);
                    let done = self.turn(Work::Arrived(arrived));
                    self.or_wait(done)?;
                }
                Ok(work) => {
                    let done = self.turn(work);
                    self.or_wait(done)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // Much work does not starve what is done now and then.
            if last.elapsed() >= TICK {
                last = Instant::now();
                let done = self.tick(compare);
                self.or_wait(done)?;
            }
            if let Some(interrupted) = self.stop {
                self.goodbye(inbox);
                if interrupted && self.options.once.is_some() {
                    return Err(Failure::new("interrupted", Exit::Interrupted));
                }
                break;
            }
        }
        Ok(())
    }

    pub fn into_report(mut self) -> NetReport {
        // Only what a person gave: who is looked for among the members may well be asleep.
        let given = self.given();
        let silent = self.silent.difference(&self.answered);
        let silent = silent.filter(|address| given.contains(*address));
        self.report.silent = silent.cloned().collect();
        self.report.here = self.here.map(|here| here.to_string());
        self.report
    }

    pub fn turn(&mut self, work: Work) -> Result<(), Failure> {
        match work {
            Work::Listening { port } => {
                self.port = port;
                tracing::info!(port, "listening");
                self.tell("listening", json!({"port": port}));
            }
            Work::WideArea { here } => {
                tracing::info!(address = %here, "reachable by iroh");
                self.tell("beyond", json!({"address": here.to_string()}));
                self.here = Some(here);
            }
            Work::Begin {
                id,
                side,
                road,
                exporter,
                address,
                answers,
                reply,
            } => {
                if self.full.sessions() {
                    // It would be broken off: the other side tries again with patience.
                    let _ = reply.send(None);
                    return Ok(());
                }
                let setup = self.setup(side, exporter)?;
                let connection = PeerConnection {
                    answers,
                    address,
                    road,
                    relayed: false,
                    side,
                    root: None,
                    instance: [0; 8],
                    circles: Vec::new(),
                    in_step: BTreeSet::new(),
                    pages: BTreeMap::new(),
                    begun: BTreeMap::new(),
                    served: BTreeSet::new(),
                    refused: 0,
                    since: Instant::now(),
                };
                self.connections.insert(id, connection);
                let _ = reply.send(Some(setup));
            }
            Work::Output { id, output } => {
                let answered = self.answer(id, output);
                self.or_give_up(id, answered)?;
            }
            Work::Acknowledged(id, circle, ack) => {
                let heard = self.acknowledged(id, &circle, ack);
                self.or_give_up(id, heard)?;
            }
            Work::Judge(it) => {
                let (id, judged) = (it.id, self.convinced(*it));
                self.or_give_up(id, judged)?;
            }
            Work::Joined(id, circle, facts) => {
                let joined = self.joined(id, circle, *facts);
                self.or_give_up(id, joined)?;
            }
            Work::Arrived(arrived) => {
                let id = arrived.id;
                let taken = self.arrived(arrived);
                self.or_give_up(id, taken)?;
            }
            Work::End {
                id,
                why,
                received,
                sent,
            } => self.ended(id, why, received, sent)?,
            Work::Relayed { id, relayed } => self.relayed(id, relayed),
            Work::Seen { addresses } => {
                tracing::debug!(?addresses, "seen on the network");
                if self.report.seen.len() < SEEN {
                    self.report.seen.extend(addresses.iter().copied().take(1));
                }
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                self.tell("seen", json!({"addresses": addresses}));
            }
            Work::Silent { address } => {
                tracing::debug!(%address, "nobody answers");
                self.silent.insert(address);
            }
            Work::Blob(looked) => self.blob_looked(looked)?,
            Work::Control { request, reply } => self.control(&request, reply)?,
            Work::Stop { interrupted } => self.stop = Some(interrupted),
        }
        Ok(())
    }

    /// How a session begins: by what this node may be recognised, and the proof of who it is.
    fn setup(&mut self, side: Side, exporter: [u8; 32]) -> Result<Setup, Failure> {
        let mut offers: Arc<[Offer]>;
        let mut request = None;
        if let Some(joining) = &self.options.join {
            offers = Arc::new([Offer {
                secret: joining.secret,
                subject: Subject::Ticket(joining.ticket),
            }]);
            request = Some(joining.request.clone());
        } else {
            offers = self.pairs.offers(self.node)?;
            let tickets = match side {
                Side::Server => self.node.store.open_tickets(now())?,
                Side::Client => Vec::new(),
            };
            if !tickets.is_empty() {
                let tickets = tickets.into_iter().map(|ticket| Offer {
                    secret: ticket.secret,
                    subject: Subject::Ticket(ticket.id),
                });
                offers = tickets.chain(offers.iter().copied()).collect();
            }
        }
        let (key, certificate) = &self.transport;
        Ok(Setup {
            side,
            root: self.node.root,
            exporter,
            offers,
            proof: Proof {
                key: key.public(),
                certificate: certificate.clone(),
                instance: self.instance,
                signature: prove(key, &exporter, side, &self.instance),
            },
            seed: random()?,
            request,
        })
    }

    /// Answers a session.
    pub fn say(&self, id: u64, input: Input) {
        if let Some(connection) = self.connections.get(&id) {
            // A connection that is gone says so by itself.
            let _ = connection.answers.send(input);
        }
    }

    /// A session opened: of two connections with one peer, one is enough.
    pub fn opened(
        &mut self,
        id: u64,
        root: RootKey,
        instance: [u8; 8],
        circles: Vec<CircleId>,
    ) -> Result<(), Failure> {
        self.last_news = Instant::now();
        let me = self.node.root;
        let twin = self.connections.iter().find(|(other, connection)| {
            **other != id
                && connection.root == Some(root)
                && connection.instance == instance
                && !connection.circles.is_empty()
        });
        // Both sides keep the nearer road, then the connection that the smaller root opened; of two such, the newer.
        let client = |side: Side| if side == Side::Client { me } else { root };
        let mine = self.connections.get(&id);
        let mine = mine.map(|connection| (connection.road, client(connection.side)));
        let loser = twin.zip(mine).map(|((other, connection), mine)| {
            if mine <= (connection.road, client(connection.side)) {
                *other
            } else {
                id
            }
        });
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.root = Some(root);
            connection.instance = instance;
            connection.circles = circles.clone();
            let kept = self.node.store.peers()?.into_iter();
            for peer in kept.filter(|peer| plain(&peer.address) == connection.address) {
                self.node.store.peer_reached(&peer.address, &root, now())?;
            }
        }
        let name = self.called(&root);
        let address = self
            .connections
            .get(&id)
            .map(|connection| connection.address.clone())
            .unwrap_or_default();
        tracing::info!(peer = %Foreign::name(name.as_str()), %address, "connected");
        self.tell(
            "connected",
            json!({"peer": name, "root": root, "address": address}),
        );
        // Who came from outside has a new port each time: only what was asked for is kept.
        if self.given().contains(&address) || self.peer_addresses.dialled().any(|it| it == address)
        {
            self.answered.insert(address.clone());
        }
        if loser != Some(id) {
            self.report.peers.retain(|peer| peer.root != root);
            self.report.peers.push(Reached {
                root,
                name,
                address,
                in_step: false,
                relayed: false,
            });
        }
        if let Some(loser) = loser {
            self.say(loser, Input::Close);
        }
        self.look_for_blobs()
    }

    fn ended(
        &mut self,
        id: u64,
        why: Option<Closed>,
        received: u64,
        sent: u64,
    ) -> Result<(), Failure> {
        self.report.bytes_in += received;
        self.report.bytes_out += sent;
        let Some(connection) = self.connections.remove(&id) else {
            return Ok(());
        };
        self.blobs.lost(id);
        let compared = self.pairing_ended(id)?;
        if let Some(root) = connection.root {
            let name = self.called(&root);
            let seconds = connection.since.elapsed().as_secs();
            tracing::info!(peer = %Foreign::name(name.as_str()), ?why, received, sent, seconds, "disconnected");
            self.tell("disconnected", json!({"peer": name, "root": root}));
        } else {
            tracing::debug!(address = %connection.address, ?why, "turned away");
            // The newest few: strangers must not fill the memory.
            self.report.turned_away.truncate(TURNED_AWAY);
            let away = (
                connection.address.clone(),
                super::probe::reason(why.as_ref()),
            );
            self.report.turned_away.insert(0, away);
        }
        if self.options.join.is_some() && compared && self.report.joined.is_none() {
            self.report.denied = true;
            self.stop = Some(false);
        }
        self.ask_for_blobs()
    }

    /// Circles changed: every session hears of it.
    pub fn changed(&mut self, circles: &BTreeSet<CircleId>) {
        self.last_news = Instant::now();
        for connection in self.connections.values_mut() {
            for circle in connection
                .circles
                .iter()
                .filter(|circle| circles.contains(circle))
            {
                connection.in_step.remove(circle);
                let _ = connection.answers.send(Input::Changed { circle: *circle });
            }
        }
    }

    /// What is done now and then.
    pub fn tick(
        &mut self,
        compare: &mut dyn FnMut(&Compared) -> Option<bool>,
    ) -> Result<(), Failure> {
        let version = self.node.store.version()?;
        if version != self.version {
            // Another process wrote: a command beside this node, or cron.
            self.version = version;
            self.pairs.stale();
            let all = self
                .connections
                .values()
                .flat_map(|connection| connection.circles.iter().copied());
            let all: BTreeSet<CircleId> = all.collect();
            self.changed(&all);
            self.look_for_blobs()?;
            self.look_at_blocks()?;
            self.look_beyond()?;
        }
        self.look_at_pairing(compare)?;
        self.tell_places()?;
        self.ask_for_blobs()?;
        let (done, pause) = self.shelves_done;
        if self.shelves_due && done.elapsed() > pause {
            let begun = Instant::now();
            let all = self.node.refresh_shelves_until(Some(begun + TICK))?;
            self.shelves_due = !all;
            let took = begun.elapsed();
            let pause = match all {
                true => SHELVES.max(took * 8),
                // Whoever asks something meanwhile is answered in between.
                false => took,
            };
            self.shelves_done = (Instant::now(), pause);
        }
        if let Some(ticket) = self.options.until_spent {
            let open = self.node.store.open_tickets(now())?;
            if self.pairing.is_none() && open.iter().all(|it| it.id != ticket) {
                self.stop = Some(false);
            }
        }
        if self.options.stop.load(Ordering::Relaxed) {
            self.stop = Some(false);
        }
        if let Some(limit) = self.options.once
            && (self.begun.elapsed() > limit || self.round_is_over())
        {
            self.stop = Some(false);
        }
        Ok(())
    }

    /// Whom a person does not want to speak with any more.
    fn look_at_blocks(&mut self) -> Result<(), Failure> {
        for connection in self.connections.values() {
            if let Some(root) = &connection.root
                && self.node.store.opinion(root)?.blocked
            {
                let _ = connection.answers.send(Input::Close);
            }
        }
        Ok(())
    }

    /// Ends all sessions and waits a moment for what they have to say.
    fn goodbye(&mut self, inbox: &Receiver<Work>) {
        for connection in self.connections.values() {
            let _ = connection.answers.send(Input::Close);
        }
        let end = Instant::now() + Duration::from_secs(2);
        while !self.connections.is_empty() && Instant::now() < end {
            if let Ok(Work::End {
                id, received, sent, ..
            }) = inbox.recv_timeout(TICK)
            {
                self.report.bytes_in += received;
                self.report.bytes_out += sent;
                self.connections.remove(&id);
            }
        }
        tracing::info!("stopped");
    }
}
