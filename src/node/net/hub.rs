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
use crate::identity::{Signer, SigningSecret};
use crate::record::{CircleId, Foreign, RootKey};
use crate::sync::{Closed, Input, Offer, Proof, Setup, Side, Subject, prove};

use super::blobs::{Downloads, Uploads};
use super::connections::{Connections, PeerConnection};
use super::pairing::{Compared, Pairing};
use super::pairs::Pairs;
use super::peers::Peers;
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

pub(super) struct Hub<'a> {
    pub node: &'a mut Handle,
    pub options: NetOptions,
    pub connections: Connections,
    pub peers: Peers,
    pub downloads: Downloads,
    pub uploads: Uploads,
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
}

impl<'a> Hub<'a> {
    pub fn new(
        node: &'a mut Handle,
        options: NetOptions,
        work: Sender<Work>,
        peer_addresses: PeerAddresses,
    ) -> Result<Self, Failure> {
        let (certificate, secret) = node.identity().transport_key()?;
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
            uploads: Uploads::new(work.clone()),
            downloads: Downloads::new(
                node.store.home(),
                work,
                ContentPolicy::new(node.config.contents, node.root),
            ),
            node,
            options,
            connections: Connections::default(),
            peers: Peers::default(),
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
        let given = self.given();
        self.peers.report(&given, &mut self.report);
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
                let connection = PeerConnection::new(answers, address, road, side);
                self.connections.begin(id, connection);
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
                self.peers.saw(&addresses);
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                self.tell("seen", json!({"addresses": addresses}));
            }
            Work::Silent { address } => {
                tracing::debug!(%address, "nobody answers");
                self.peers.is_silent(address);
            }
            Work::Blob(looked) => self.blob_looked(looked)?,
            Work::Listed(made) => self.listed(made),
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
        self.connections.say(id, input);
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
        let loser = self
            .connections
            .loser(id, &root, &instance, &self.node.root);
        let mut address = String::new();
        if let Some(connection) = self.connections.get_mut(id) {
            connection.opened(root, instance, circles);
            address.clone_from(&connection.address);
            let kept = self.node.store.peers()?.into_iter();
            for peer in kept.filter(|peer| plain(&peer.address) == address) {
                self.node.store.peer_reached(&peer.address, &root, now())?;
            }
        }
        let name = self.called(&root);
        tracing::info!(peer = %Foreign::name(name.as_str()), %address, "connected");
        self.tell(
            "connected",
            json!({"peer": name, "root": root, "address": address}),
        );
        // Who came from outside has a new port each time: only what was asked for is kept.
        if self.given().contains(&address) || self.peer_addresses.dialled().any(|it| it == address)
        {
            self.peers.answered_at(address.clone());
        }
        if loser != Some(id) {
            self.peers.reached(Reached {
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
        let Some(connection) = self.connections.end(id) else {
            return Ok(());
        };
        self.downloads.lost(id);
        self.uploads.lost(id);
        let compared = self.pairing_ended(id)?;
        if let Some(root) = connection.root {
            let name = self.called(&root);
            let seconds = connection.since.elapsed().as_secs();
            tracing::info!(peer = %Foreign::name(name.as_str()), ?why, received, sent, seconds, "disconnected");
            self.tell("disconnected", json!({"peer": name, "root": root}));
        } else {
            tracing::debug!(address = %connection.address, ?why, "turned away");
            let why = super::probe::reason(why.as_ref());
            self.peers.turned_away(connection.address, why);
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
        self.connections.changed(circles);
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
            let all = self.connections.circles();
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
        for (_, root, connection) in self.connections.known() {
            if self.node.store.opinion(&root)?.blocked {
                connection.say(Input::Close);
            }
        }
        Ok(())
    }

    /// Ends all sessions and waits a moment for what they have to say.
    fn goodbye(&mut self, inbox: &Receiver<Work>) {
        self.connections.close();
        let end = Instant::now() + Duration::from_secs(2);
        while !self.connections.is_empty() && Instant::now() < end {
            if let Ok(Work::End {
                id, received, sent, ..
            }) = inbox.recv_timeout(TICK)
            {
                self.report.bytes_in += received;
                self.report.bytes_out += sent;
                self.connections.end(id);
            }
        }
        tracing::info!("stopped");
    }
}
