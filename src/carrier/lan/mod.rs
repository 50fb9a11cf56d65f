//! The local network: QUIC between nodes that find each other by multicast DNS, or by an address that a person gave.
//!
//! Owns one UDP socket for both directions. It dials, answers and hands out `wire::Link`s, an
//! encrypted pair of streams and its exporter, over which `carrier::wire` drives a session. What strangers can cost is bounded here: connections
//! that wait for their first bytes, and how long they may wait. `close` ends all connections and waits until the last
//! word is sent.

mod discover;
mod tls;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Endpoint, EndpointConfig, ServerConfig, TransportConfig, VarInt};
use thiserror::Error;

use crate::sync::Side;

use super::admission::Origin;
use super::wire::{self, Link, Outgoing, Road, exporter};

pub use discover::{Found, Interfaces, Lookout, lookout, own_addresses};

/// A stream's window: the fastest on loopback; larger ones were measured slower.
const STREAM_WINDOW: u32 = 2 << 20;
/// Socket buffers, asked for; the kernel may give less.
const SOCKET_BUFFER: usize = 4 << 20;
/// A silent connection ends after this; both sides say something three times as often.
const IDLE: Duration = Duration::from_secs(15);
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Connections that are being set up at once, over all strangers.
const INCOMING: usize = 64;
/// How long a connection, and its first stream, may take to come about.
const SETUP: Duration = Duration::from_secs(5);
/// What is on its way to a stranger before its address is proven, in bytes.
const INCOMING_BUFFER: u64 = 64 << 10;

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum LanError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("encryption: {0}")]
    Tls(#[from] rustls::Error),
    #[error("encryption: {0}")]
    Suite(#[from] quinn::crypto::rustls::NoInitialCipherSuite),
    #[error("{0}")]
    Connect(#[from] quinn::ConnectError),
    #[error("{0}")]
    Connection(#[from] quinn::ConnectionError),
    #[error("no answer")]
    Silent,
    #[error("the connection gives no exporter")]
    Exporter,
}

/// The streams of a connection.
pub struct Streams {
    send: quinn::SendStream,
    recv: quinn::RecvStream,
    connection: quinn::Connection,
}

impl wire::Streams for Streams {
    type Recv = quinn::RecvStream;
    type Send = quinn::SendStream;
    const ROAD: Road = Road::Lan;

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
        || false
    }
}

impl Outgoing for quinn::SendStream {
    async fn put(&mut self, bytes: &mut Bytes) -> Option<()> {
        let sent = self.write_chunks(std::slice::from_mut(bytes)).await;
        sent.ok().map(drop)
    }
}

/// A node's place on the local network.
pub struct Lan {
    endpoint: Endpoint,
    client: ClientConfig,
    incoming: Arc<tokio::sync::Semaphore>,
}

impl Lan {
    /// Opens the socket: on `port`, or on any where that is taken or 0. `seed` makes the first ephemeral key. Needs a
    /// tokio runtime around it.
    pub fn open(port: u16, seed: &[u8; 32]) -> Result<Self, LanError> {
        let socket = bind(port)?;
        let runtime = Arc::new(quinn::TokioRuntime);
        let config = EndpointConfig::default();
        let endpoint = Endpoint::new(config, Some(server(seed)?), socket, runtime)?;
        let crypto = QuicClientConfig::try_from(tls::client()?)?;
        let mut client = ClientConfig::new(Arc::new(crypto));
        client.transport_config(transport());
        Ok(Self {
            endpoint,
            client,
            incoming: Arc::new(tokio::sync::Semaphore::new(INCOMING)),
        })
    }

    /// The port that others reach.
    pub fn port(&self) -> Result<u16, LanError> {
        Ok(self.endpoint.local_addr()?.port())
    }

    /// Shows another key from now on; connections that stand are not touched.
    pub fn rotate(&self, seed: &[u8; 32]) -> Result<(), LanError> {
        self.endpoint.set_server_config(Some(server(seed)?));
        Ok(())
    }

    /// Dials an address.
    pub async fn dial(&self, address: SocketAddr) -> Result<Link<Streams>, LanError> {
        // A socket of both families reaches IPv4 by its mapped form.
        let local_v6 = self.endpoint.local_addr()?.is_ipv6();
        let target = match (local_v6, address) {
            (true, SocketAddr::V4(v4)) => {
                SocketAddr::new(IpAddr::V6(v4.ip().to_ipv6_mapped()), v4.port())
            }
            (_, other) => other,
        };
        let connecting = self
            .endpoint
            .connect_with(self.client.clone(), target, "okibi")?;
        let connection = timely(connecting).await??;
        let (send, recv) = timely(connection.open_bi()).await??;
        link(Side::Client, connection, send, recv)
    }

    /// The next connection from outside, before anything was done for it; none when the socket is closed.
    pub async fn accept(&self) -> Option<Incoming> {
        let incoming = self.endpoint.accept().await?;
        Some(Incoming {
            incoming,
            room: self.incoming.clone(),
        })
    }

    /// Ends all connections and waits until they are told.
    pub async fn close(&self) {
        self.endpoint.close(VarInt::from_u32(0), b"");
        let _ = tokio::time::timeout(Duration::from_secs(2), self.endpoint.wait_idle()).await;
    }
}

/// A connection from outside that is not admitted yet.
pub struct Incoming {
    incoming: quinn::Incoming,
    room: Arc<tokio::sync::Semaphore>,
}

impl Incoming {
    /// Where it comes from.
    pub fn origin(&self) -> Origin {
        Origin::of(self.incoming.remote_address().ip())
    }

    /// Whether it receives what is sent to the address that it comes from.
    pub fn proven(&self) -> bool {
        self.incoming.remote_address_validated()
    }

    /// Asks for proof of the address.
    pub fn prove(self) {
        if self.incoming.may_retry() {
            let _ = self.incoming.retry();
        }
    }

    /// Lets it in as far as its first stream. Too many at once are turned away; an address that is not proven is asked
    /// for proof while there are many.
    pub async fn answer(self) -> Result<Link<Streams>, LanError> {
        let crowded = self.room.available_permits() < INCOMING / 2;
        if crowded && !self.proven() {
            self.prove();
            return Err(LanError::Silent);
        }
        let Ok(_permit) = self.room.try_acquire_owned() else {
            self.incoming.refuse();
            return Err(LanError::Silent);
        };
        let connection = timely(self.incoming.accept()?).await??;
        let (send, recv) = timely(connection.accept_bi()).await??;
        link(Side::Server, connection, send, recv)
    }
}

async fn timely<F: IntoFuture>(future: F) -> Result<F::Output, LanError> {
    let waited = tokio::time::timeout(SETUP, future).await;
    waited.map_err(|_| LanError::Silent)
}

fn link(
    side: Side,
    connection: quinn::Connection,
    send: quinn::SendStream,
    recv: quinn::RecvStream,
) -> Result<Link<Streams>, LanError> {
    let exporter =
        exporter(|to, label, context| connection.export_keying_material(to, label, context))
            .map_err(|_| LanError::Exporter)?;
    let address = plain(connection.remote_address()).to_string();
    let streams = Streams {
        send,
        recv,
        connection,
    };
    Ok(Link::new(side, exporter, address, streams))
}

/// An IPv4 address in its own form.
fn plain(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(IpAddr::V4(v4), v6.port()),
            None => address,
        },
        SocketAddr::V4(_) => address,
    }
}

fn server(seed: &[u8; 32]) -> Result<ServerConfig, LanError> {
    let crypto = QuicServerConfig::try_from(tls::server(seed)?)?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(transport());
    config.max_incoming(INCOMING * 4);
    config.incoming_buffer_size(INCOMING_BUFFER);
    config.incoming_buffer_size_total(INCOMING_BUFFER * INCOMING as u64);
    // A node that changed its address goes on with its connection.
    config.migration(true);
    Ok(config)
}

fn transport() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config.stream_receive_window(VarInt::from_u32(STREAM_WINDOW));
    // One stream in all: what else a stranger opens is not accepted.
    config.max_concurrent_bidi_streams(VarInt::from_u32(1));
    config.max_concurrent_uni_streams(VarInt::from_u32(0));
    config.datagram_receive_buffer_size(None);
    config.keep_alive_interval(Some(KEEP_ALIVE));
    // Within QUIC's range.
    config.max_idle_timeout(IDLE.try_into().ok());
    Arc::new(config)
}

/// A socket for both families, or for IPv4 alone where there is no IPv6.
fn bind(port: u16) -> std::io::Result<UdpSocket> {
    let open = |port: u16| {
        let both = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
        let four = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
        both_families(both).or_else(|_| UdpSocket::bind(four))
    };
    let socket = match open(port) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && port != 0 => open(0)?,
        other => other?,
    };
    // A small buffer is slow, and no reason to stop.
    let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, SOCKET_BUFFER);
    let _ = rustix::net::sockopt::set_socket_send_buffer_size(&socket, SOCKET_BUFFER);
    Ok(socket)
}

fn both_families(address: SocketAddr) -> std::io::Result<UdpSocket> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
    let kind = (AddressFamily::INET6, SocketType::DGRAM);
    let socket = socket_with(kind.0, kind.1, SocketFlags::CLOEXEC, None)?;
    sockopt::set_ipv6_v6only(&socket, false)?;
    bind(&socket, &address)?;
    Ok(UdpSocket::from(socket))
}
