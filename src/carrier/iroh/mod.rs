//! Beyond the local network: iroh connections between nodes that know each other's transport key, directly where a way
//! is found, by a relay where one is configured.
//!
//! Owns one iroh endpoint, whose id is the node's transport key. It dials, answers and hands out `wire::Link`s like
//! `carrier::lan`. It asks nobody for anything unless it was told whom: no relay, no lookup and no public resolver of
//! names is used otherwise. What a stranger who knows the key can cost is bounded here. `close` ends all connections and
//! waits until the last word is sent.

mod dht;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use iroh::dns::DnsResolver;
use iroh::endpoint::{
    BindOpts, Connection, IncomingAddr, QuicTransportConfig, RecvStream, SendStream, VarInt,
    presets,
};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, RelayUrl, SecretKey, TransportAddr};
use thiserror::Error;

use crate::sync::Side;

use super::admission::Origin;
use super::node_addr::NodeAddr;
use super::wire::{self, Link, Outgoing, Road, exporter};

/// The application protocol: its version is the session's, as on the LAN.
const ALPN: &[u8] = b"okibi/1";
/// Connections that are being set up at once, over all strangers.
const INCOMING: usize = 64;
/// How long a connection may take to come about: a relay and a way through two gateways want more than a LAN.
const SETUP: Duration = Duration::from_secs(10);
/// A silent connection ends after this, as on the LAN; iroh says something three times as often.
const IDLE: Duration = Duration::from_secs(15);
/// How long an end may take; after this the operating system ends what is left.
const FAREWELL: Duration = Duration::from_secs(3);

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum IrohError {
    /// iroh's own words: its errors are many and none of them is acted upon.
    #[error("{0}")]
    Iroh(String),
    #[error("`{0}` is no relay's URL")]
    Relay(String),
    #[error("no answer")]
    Silent,
    #[error("the connection gives no exporter")]
    Exporter,
}

fn told(error: impl std::fmt::Display) -> IrohError {
    IrohError::Iroh(error.to_string())
}

/// The streams of a connection.
pub struct Streams {
    send: SendStream,
    recv: RecvStream,
    connection: Connection,
}

impl wire::Streams for Streams {
    type Recv = RecvStream;
    type Send = SendStream;
    const ROAD: Road = Road::Iroh;

    fn halves(&mut self) -> (&mut Self::Recv, &mut Self::Send) {
        (&mut self.recv, &mut self.send)
    }

    fn close(&self) {
        self.connection.close(VarInt::from_u32(0), b"");
    }

    async fn farewell(&mut self) {
        let _ = self.send.finish();
        let _ = self.send.stopped().await;
    }

    fn relay(&self) -> impl Fn() -> bool + Send + 'static {
        let connection = self.connection.clone();
        move || relayed(&connection)
    }
}

/// How a node goes beyond its network.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// UDP port; another is taken where it is in use, any where it is 0.
    pub port: u16,
    /// Relays by URL: this node is reached through them.
    pub relays: Vec<String>,
    /// Publish at n0's lookup service, ask there, and use n0's relays where none are named.
    pub n0: bool,
    /// Nodes of the mainline DHT to begin with, each `host:port`; none: the DHT is not used.
    pub dht: Option<Vec<String>>,
    /// Here for a moment: others are looked for, and nothing is published in the DHT.
    pub passing: bool,
}

impl Outgoing for SendStream {
    async fn put(&mut self, bytes: &mut Bytes) -> Option<()> {
        let sent = self
            .write_many_chunks(&mut std::slice::from_mut(bytes))
            .await;
        sent.ok().map(drop)
    }
}

/// A node's place beyond its network.
pub struct Iroh {
    endpoint: Endpoint,
    incoming: Arc<tokio::sync::Semaphore>,
    guest: Option<dht::Guest>,
}

impl Iroh {
    /// Opens the socket, under the node's transport key.
    pub async fn open(secret: &[u8; 32], ways: &Ways) -> Result<Self, IrohError> {
        match Self::bind(secret, ways, ways.port).await {
            Err(_) if ways.port != 0 => Self::bind(secret, ways, 0).await,
            other => other,
        }
    }

    async fn bind(secret: &[u8; 32], ways: &Ways, port: u16) -> Result<Self, IrohError> {
        let mut builder = match ways.n0 {
            true => Endpoint::builder(presets::N0),
            false => Endpoint::builder(presets::Minimal),
        };
        let relays: Result<Vec<RelayUrl>, IrohError> = ways
            .relays
            .iter()
            .map(|url| url.parse().map_err(|_| IrohError::Relay(url.clone())))
            .collect();
        let relays = relays?;
        if !relays.is_empty() {
            builder = builder.relay_mode(RelayMode::custom(relays));
        }
        let known = || dht::Lookup::new(ways.relays.clone(), ways.n0);
        let lookup = ways.dht.as_ref().map(|_| known());
        if let Some(lookup) = &lookup {
            builder = builder.address_lookup(lookup.clone());
        }
        let secret = SecretKey::from_bytes(secret);
        let streams = QuicTransportConfig::builder()
            // One stream in all: what else a stranger opens is not accepted. Windows stay iroh's own: larger ones were
            // seen to end transfers.
            .max_concurrent_bidi_streams(VarInt::from_u32(1))
            .max_concurrent_uni_streams(VarInt::from_u32(0))
            .datagram_receive_buffer_size(None)
            // Within QUIC's range.
            .max_idle_timeout(IDLE.try_into().ok());
        // A machine without IPv6 is no failure.
        let six = BindOpts::default().set_is_required(false);
        let endpoint = builder
            .secret_key(secret.clone())
            .alpns(vec![ALPN.to_vec()])
            .transport_config(streams.build())
            // Names (of relays) are asked of this system's resolvers and of no others.
            .dns_resolver(
                DnsResolver::builder()
                    .with_system_defaults()
                    .disable_fallback()
                    .build(),
            )
            .bind_addr(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port))
            .and_then(|it| {
                it.bind_addr_with_opts(
                    SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port),
                    six,
                )
            })
            .map_err(told)?
            .bind()
            .await
            .map_err(told)?;
        let mut iroh = Self {
            endpoint,
            incoming: Arc::new(tokio::sync::Semaphore::new(INCOMING)),
            guest: None,
        };
        if let (Some(lookup), Some(nodes)) = (lookup, &ways.dht) {
            let port = iroh.port().filter(|_| !ways.passing);
            let publish = port.map(|port| (secret, port));
            iroh.guest = Some(dht::Guest::begin(lookup, nodes.clone(), publish));
        }
        Ok(iroh)
    }

    /// Whether the DHT answers; none where it is not used.
    pub fn dht(&self) -> Option<bool> {
        self.guest.as_ref().map(dht::Guest::answers)
    }

    /// The port that others reach directly.
    pub fn port(&self) -> Option<u16> {
        let bound = self.endpoint.bound_sockets();
        let four = bound.iter().find(|address| address.is_ipv4());
        four.or(bound.first()).map(SocketAddr::port)
    }

    /// This node, and where it believes to be reached by now.
    pub fn here(&self) -> NodeAddr {
        let address = self.endpoint.addr();
        let mut far = NodeAddr::new(*address.id.as_bytes());
        for place in &address.addrs {
            let _ = match place {
                TransportAddr::Ip(ip) => far.add(&ip.to_string()),
                TransportAddr::Relay(url) => far.add(url.as_str()),
                _ => false,
            };
        }
        far
    }

    /// Dials a node at all of its places at once.
    pub async fn dial(&self, far: &NodeAddr) -> Result<Link<Streams>, IrohError> {
        let id = EndpointId::from_bytes(&far.key).map_err(told)?;
        let direct = far.direct.iter().copied().map(TransportAddr::Ip);
        let relays = far.relays.iter().filter_map(|url| url.parse().ok());
        let places = direct.chain(relays.map(TransportAddr::Relay));
        let address = EndpointAddr::from_parts(id, places);
        let connection = timely(self.endpoint.connect(address, ALPN))
            .await?
            .map_err(told)?;
        let (send, recv) = timely(connection.open_bi()).await?.map_err(told)?;
        link(Side::Client, connection, send, recv)
    }

    /// The next connection from outside, before anything was done for it; none when the endpoint is closed.
    pub async fn accept(&self) -> Option<Incoming> {
        let incoming = self.endpoint.accept().await?;
        Some(Incoming {
            incoming,
            room: self.incoming.clone(),
        })
    }

    /// Ends all connections and waits until they are told.
    pub async fn close(&self) {
        if let Some(guest) = &self.guest {
            guest.end();
        }
        let _ = tokio::time::timeout(FAREWELL, self.endpoint.close()).await;
    }
}

/// A connection from outside that is not admitted yet.
pub struct Incoming {
    incoming: ::iroh::endpoint::Incoming,
    room: Arc<tokio::sync::Semaphore>,
}

impl Incoming {
    /// Where it comes from.
    pub fn origin(&self) -> Origin {
        match self.incoming.remote_addr() {
            IncomingAddr::Ip(address) => Origin::of(address.ip()),
            IncomingAddr::Relay { endpoint_id, .. } => Origin::Key(*endpoint_id.as_bytes()),
            _ => Origin::Elsewhere,
        }
    }

    /// Whether it receives what is sent to the address that it comes from. What a relay brings was seen by the relay.
    pub fn proven(&self) -> bool {
        let direct = matches!(self.incoming.remote_addr(), IncomingAddr::Ip(_));
        !direct || self.incoming.remote_addr_validated()
    }

    /// Asks for proof of the address.
    pub fn prove(self) {
        let _ = self.incoming.retry();
    }

    /// Lets it in as far as its first stream. Too many at once are turned away; an address that is not proven is asked
    /// for proof while there are many.
    pub async fn answer(self) -> Result<Link<Streams>, IrohError> {
        let crowded = self.room.available_permits() < INCOMING / 2;
        if crowded && !self.proven() {
            self.prove();
            return Err(IrohError::Silent);
        }
        let Ok(_permit) = self.room.try_acquire_owned() else {
            self.incoming.refuse();
            return Err(IrohError::Silent);
        };
        let accepting = self.incoming.accept().map_err(told)?;
        let connection = timely(accepting).await?.map_err(told)?;
        let (send, recv) = timely(connection.accept_bi()).await?.map_err(told)?;
        link(Side::Server, connection, send, recv)
    }
}

/// Whether what is sent goes through a relay.
fn relayed(connection: &Connection) -> bool {
    let paths = connection.paths();
    paths
        .iter()
        .any(|path| path.is_selected() && path.is_relay())
}

async fn timely<F: IntoFuture>(future: F) -> Result<F::Output, IrohError> {
    let waited = tokio::time::timeout(SETUP, future).await;
    waited.map_err(|_| IrohError::Silent)
}

fn link(
    side: Side,
    connection: Connection,
    send: SendStream,
    recv: RecvStream,
) -> Result<Link<Streams>, IrohError> {
    let exporter =
        exporter(|to, label, context| connection.export_keying_material(to, label, context))
            .map_err(|_| IrohError::Exporter)?;
    let address = NodeAddr::new(*connection.remote_id().as_bytes()).name();
    let streams = Streams {
        send,
        recv,
        connection,
    };
    Ok(Link::new(side, exporter, address, streams))
}
