//! This node on a network: it owns the sessions, answers them from the store, fetches blobs, and ends in good order.
//!
//! Two halves. The asynchronous one (`transport`, on tokio) owns sockets, discovery and one task for each
//! connection, which drives a session. The *hub* (`hub`, on the thread of whoever called) owns the home: it answers what sessions ask, takes in
//! what they bring, and is the only one that touches the database. They talk through channels, on whose way signatures
//! are verified (`proof`); a session's window bounds what can lie in them. Other processes may write into the home at
//! the same time: the hub notices.
//!
//! `run` returns when it was told to stop (a signal, the control socket, or one round that is done). Sessions say
//! goodbye first; nothing is lost when they cannot.

mod answer;
mod blobs;
mod connections;
mod control;
mod events;
mod hub;
mod introduce;
mod pairing;
mod pairs;
mod peers;
mod probe;
mod proof;
mod record_pages;
mod room;
mod round;
#[cfg(test)]
mod tests;
mod ticket;
mod transport;
mod work;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::json;

use crate::carrier::node_addr::NodeAddr;
use crate::record::{CircleId, RootKey};
use crate::sync::JoinRequest;

use super::{Exit, Failure, Handle};

pub use control::ask as ask_daemon;
pub use pairing::{Compared, Invitation};
pub use ticket::Ticket;

/// How a node goes onto the network.
#[derive(Debug, Clone, Default)]
pub struct NetOptions {
    /// Addresses to dial beside those that are kept.
    pub peers: Vec<String>,
    /// Look out by multicast, and be seen.
    pub discover: bool,
    /// Ends when nothing is left to do, at the latest after this.
    pub once: Option<Duration>,
    /// Answer on the control socket.
    pub control: bool,
    /// Open no socket but the control socket.
    pub offline: bool,
    /// The port to listen on; 0 for any.
    pub port: u16,
    /// Network interfaces by name; empty: all but virtual ones.
    pub interfaces: Vec<String>,
    /// The wide area.
    pub wide_area: WideArea,
    /// Join by a ticket: speak with nobody else.
    pub join: Option<Joining>,
    /// End when this invitation is no longer open.
    pub until_spent: Option<[u8; 16]>,
    /// End when a face sets this.
    pub stop: Arc<AtomicBool>,
}

/// How a node goes beyond its network: not at all, unless something of this is set or a peer is only there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WideArea {
    /// Be reached there, also without any relay.
    pub on: bool,
    /// The UDP port; 0 for any.
    pub port: u16,
    /// Relays by URL.
    pub relays: Vec<String>,
    /// Use the lookup service and, where no relays are named, the relays of n0.
    pub n0: bool,
    /// Be found in the mainline DHT, and look there for others.
    pub dht: bool,
    /// Nodes of the DHT to begin with, by address or name and port.
    pub bootstrap: Vec<String>,
    /// Stay on the local network whatever else is set: another process of this home is beyond it, and one key is one
    /// place there.
    pub never: bool,
}

impl WideArea {
    /// Whether anything of it is set.
    pub fn asked(&self) -> bool {
        !self.never && (self.on || self.n0 || self.dht || !self.relays.is_empty())
    }
}

/// What a joiner brings.
#[derive(Debug, Clone)]
pub struct Joining {
    pub secret: [u8; 32],
    pub ticket: [u8; 16],
    pub request: JoinRequest,
    /// Where the issuer is beyond the network: kept once joined, since multicast does not find it there.
    pub far: Option<NodeAddr>,
}

/// A peer that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub root: RootKey,
    pub name: String,
    pub address: String,
    pub in_step: bool,
    /// Through a relay.
    pub relayed: bool,
}

/// What a time on the network came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetReport {
    pub peers: Vec<Reached>,
    /// Addresses that a person gave and nobody answered at.
    pub silent: Vec<String>,
    /// Where this node was reached beyond its network, as far as it knew.
    pub here: Option<String>,
    /// Whether the DHT answered; none where it was not used.
    pub dht: Option<bool>,
    /// Who showed up by multicast.
    pub seen: BTreeSet<SocketAddr>,
    /// Who was connected with and not spoken with, and why.
    pub turned_away: Vec<(String, &'static str)>,
    pub records_in: u64,
    pub records_out: u64,
    pub blobs_in: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// The circle that was joined.
    pub joined: Option<CircleId>,
    /// Somebody said that the words differ, or the ticket was refused.
    pub denied: bool,
}

impl Handle {
    /// How this home goes onto the network, as its configuration says.
    pub fn net_options(&self) -> Result<NetOptions, Failure> {
        let network = &self.config.network;
        if let Some(wrong) = network.relays.iter().find(|url| !valid_relay(url)) {
            return Err(Failure::new("bad-relay", Exit::Usage).with("value", wrong));
        }
        let bootstrap = &network.dht_bootstrap;
        if let Some(wrong) = bootstrap.iter().find(|place| !valid_bootstrap(place)) {
            return Err(Failure::new("bad-bootstrap", Exit::Usage).with("value", wrong));
        }
        Ok(NetOptions {
            discover: network.discovery,
            offline: network.offline,
            port: network.port,
            interfaces: network.interfaces.clone(),
            wide_area: WideArea {
                on: network.iroh,
                port: network.iroh_port,
                relays: network.relays.clone(),
                n0: network.n0,
                dht: network.dht,
                bootstrap: bootstrap.clone(),
                never: false,
            },
            ..NetOptions::default()
        })
    }

    /// Goes onto the network until told to stop. What happens meanwhile is told to the sink.
    pub fn run_network(
        &mut self,
        options: NetOptions,
        compare: &mut dyn FnMut(&Compared) -> Option<bool>,
    ) -> Result<NetReport, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::new("network-failed", Exit::Failed).because(error))?;
        let (work, inbox) = std::sync::mpsc::channel();
        let listening = transport::open(self, &runtime, &options, proof::verifier(work.clone()))?;
        let control = if options.control {
            Some(control::open(&self.config.home, &runtime, work.clone())?)
        } else {
            None
        };
        let mut hub = hub::Hub::new(
            self,
            options,
            work,
            transport::PeerAddresses::new(listening.wanted()),
        )?;
        let ended = hub.run(&inbox, compare);
        let shelves_due = hub.shelves_due;
        let mut report = hub.into_report();
        report.dht = listening.dht();
        // Nobody answers any more: what still waits for an answer learns it by that.
        drop((inbox, control));
        runtime.block_on(listening.close());
        runtime.shutdown_timeout(Duration::from_secs(1));
        ended?;
        if shelves_due {
            self.refresh_shelves()?;
        }
        Ok(report)
    }
}

/// The addresses that a name stands for: an IP address with a port, or a host name. Names are resolved by the system.
fn resolve(address: &str) -> std::io::Result<Vec<SocketAddr>> {
    use std::net::ToSocketAddrs;
    if let Ok(address) = address.parse() {
        return Ok(vec![address]);
    }
    Ok(address.to_socket_addrs()?.collect())
}

/// Whether this can be an address: host and port, or a node beyond the network.
pub fn valid_address(address: &str) -> bool {
    if address.parse::<NodeAddr>().is_ok() {
        return cfg!(feature = "iroh");
    }
    if address.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    let name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    !host.is_empty() && host.chars().all(name) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether this can be a relay.
pub fn valid_relay(url: &str) -> bool {
    crate::carrier::node_addr::relay(url)
}

/// Whether this can be a node of the DHT: host and port.
fn valid_bootstrap(place: &str) -> bool {
    place.parse::<NodeAddr>().is_err() && valid_address(place)
}

/// An event for the control socket's listeners.
fn event(what: &str, mut about: serde_json::Value) -> String {
    if let Some(map) = about.as_object_mut() {
        map.insert("type".into(), json!("event"));
        map.insert("event".into(), json!(what));
    }
    about.to_string()
}
