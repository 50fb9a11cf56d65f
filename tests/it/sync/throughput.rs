//! How fast a blob goes over loopback, beside a bare stream of the same library; no test, because it prints timings:
//! `OKIBI_BLOB_MIB=512 OKIBI_RUNS=5 cargo test --release --test it throughput -- --ignored --nocapture`
//!
//! Runs are interleaved (bare, okibi, bare, okibi ...). With okibi every piece is verified by its chaining value before the
//! next is asked for; the bare stream brings the same bytes, which are read and thrown away. Both ends are one process, so both pay for both ends.
//! `OKIBI_ROAD=lan` or `iroh` runs one road alone.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use okibi::carrier::iroh::{Iroh, Ways};
use okibi::carrier::lan::Lan;
use okibi::carrier::node_addr::NodeAddr;
use okibi::carrier::wire::{Link, Streams};
use okibi::record::BlobHash;
use okibi::sync::pieces::{Cut, List};
use okibi::sync::{Input, Output, Part, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::cost::{CIRCLE, Owner, two};

const CHUNK: usize = 64 << 10;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

struct Blob {
    bytes: Bytes,
    hash: BlobHash,
    list: Vec<u8>,
}

impl Blob {
    fn new(size: usize) -> Self {
        let mut bytes = vec![0; size];
        blake3::Hasher::new().finalize_xof().fill(&mut bytes);
        let cut = Cut::of(size as u64).unwrap();
        let list = (0..cut.count()).flat_map(|number| {
            let (start, length) = cut.range(number).unwrap();
            cut.value(number, &bytes[start as usize..(start + length) as usize])
        });
        let list = list.collect();
        let hash = BlobHash(*blake3::hash(&bytes).as_bytes());
        let bytes = bytes.into();
        Self { bytes, hash, list }
    }
}

/// How fast, by the clock and by the processor time of the whole process: MB a second.
#[derive(Clone, Copy)]
struct Rate {
    wall: f64,
    processor: f64,
}

struct Watch(Instant, f64);

impl Watch {
    fn begin() -> Self {
        Self(Instant::now(), Self::processor())
    }

    fn processor() -> f64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        // proc(5): utime and stime are the 14th and 15th field, in hundredths of a second.
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        let ticks: f64 = fields[11..13]
            .iter()
            .map(|it| it.parse::<f64>().unwrap())
            .sum();
        ticks / 100.0
    }

    fn rate(&self, bytes: usize) -> Rate {
        let megabytes = bytes as f64 / 1e6;
        Rate {
            wall: megabytes / self.0.elapsed().as_secs_f64(),
            processor: megabytes / (Self::processor() - self.1),
        }
    }
}

/// The whole blob over one connection.
async fn blob<S: Streams + 'static>(
    client: Link<S>,
    server: impl Future<Output = Link<S>> + Send + 'static,
    blob: Arc<Blob>,
) -> Rate {
    let mut owners = two(3, 10);
    let (serves, asks) = (owners.pop().unwrap(), owners.pop().unwrap());
    let watch = Watch::begin();
    let content = Arc::clone(&blob);
    // A stream shows itself to the server with its first bytes, which are the session's.
    let serving = tokio::spawn(async move { serve(server.await, serves, content).await });
    fetch(client, asks, &blob).await;
    let rate = watch.rate(blob.bytes.len());
    serving.await.unwrap();
    rate
}

async fn serve<S: Streams>(mut link: Link<S>, mut owner: Owner, blob: Arc<Blob>) {
    let mut session = owner.session(Side::Server);
    let (say, inputs) = mpsc::unbounded_channel();
    let cut = Cut::of(blob.bytes.len() as u64).unwrap();
    link.drive(&mut session, inputs, |output| {
        let input = match output {
            Output::Serve { id, part, .. } => Some(Input::Served {
                id,
                bytes: Some(match part {
                    Part::List => blob.list.clone().into(),
                    Part::Piece(number) => {
                        let (start, length) = cut.range(number).unwrap();
                        blob.bytes.slice(start as usize..(start + length) as usize)
                    }
                }),
            }),
            other => owner.answer(other),
        };
        input.is_none_or(|input| say.send(input).is_ok())
    })
    .await;
    link.finish().await;
}

async fn fetch<S: Streams>(mut link: Link<S>, mut owner: Owner, blob: &Blob) {
    let mut session = owner.session(Side::Client);
    let (say, inputs) = mpsc::unbounded_channel();
    let mut list: Option<List> = None;
    let (mut next, mut done, mut begun) = (0, 0, false);
    let size = blob.bytes.len() as u64;
    let ask = |id, part| Input::Fetch {
        circle: CIRCLE,
        id,
        blob: blob.hash,
        part,
    };
    link.drive(&mut session, inputs, |output| {
        let input = match output {
            Output::InStep { .. } if !begun => {
                begun = true;
                Some(ask(u64::MAX, Part::List))
            }
            Output::Got { bytes, .. } if list.is_none() => {
                let verified = List::verify(blob.hash, size, &bytes).unwrap();
                while next < verified.cut().count().min(32) {
                    say.send(ask(next, Part::Piece(next))).unwrap();
                    next += 1;
                }
                list = Some(verified);
                None
            }
            Output::Got { id, bytes } => {
                let list = list.as_ref().unwrap();
                assert!(list.fits(id, &bytes));
                done += 1;
                if next < list.cut().count() {
                    next += 1;
                    Some(ask(next - 1, Part::Piece(next - 1)))
                } else {
                    (done == list.cut().count()).then_some(Input::Close)
                }
            }
            other => owner.answer(other),
        };
        input.is_none_or(|input| say.send(input).is_ok())
    })
    .await;
    assert_eq!(done, list.unwrap().cut().count());
    link.finish().await;
}

/// A bare stream.
macro_rules! bare {
    ($send:expr, $recv:expr, $content:expr) => {{
        let (mut send, mut recv, bytes) = ($send, $recv, $content.bytes.clone());
        let size = bytes.len();
        let watch = Watch::begin();
        let sending = tokio::spawn(async move {
            for chunk in bytes.chunks(CHUNK) {
                send.write_all(chunk).await.unwrap();
            }
            send.shutdown().await.unwrap();
            let _ = send.stopped().await;
        });
        let mut buffer = vec![0; CHUNK];
        let mut got = 0;
        loop {
            // As a reader of any stream does: through the trait.
            match AsyncReadExt::read(&mut recv, &mut buffer).await.unwrap() {
                0 => break,
                count => got += count,
            }
        }
        assert_eq!(got, size);
        let rate = watch.rate(size);
        sending.await.unwrap();
        rate
    }};
}

async fn lan(content: Arc<Blob>) -> (Rate, Rate) {
    let (a, b) = (quinn_endpoint(), quinn_endpoint());
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, b.local_addr().unwrap().port()));
    let (one, other) = tokio::join!(
        async { a.connect(to, "bare").unwrap().await.unwrap() },
        async { b.accept().await.unwrap().await.unwrap() }
    );
    let send = one.open_uni().await.unwrap();
    let bare = {
        // The stream shows itself with its first byte.
        let mut send = send;
        send.write_all(&[7; CHUNK]).await.unwrap();
        let mut recv = other.accept_uni().await.unwrap();
        recv.read_exact(&mut [0; CHUNK]).await.unwrap();
        bare!(send, recv, content)
    };
    let (a, b) = (
        Lan::open(0, &[1; 32]).unwrap(),
        Lan::open(0, &[2; 32]).unwrap(),
    );
    let b = Arc::new(b);
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, b.port().unwrap()));
    let door = Arc::clone(&b);
    let server = async move { door.accept().await.unwrap().answer().await.unwrap() };
    let server = tokio::spawn(server);
    let client = a.dial(to).await.unwrap();
    let server = async move { server.await.unwrap() };
    let verified = blob(client, server, content).await;
    b.close().await;
    (bare, verified)
}

async fn far(content: Arc<Blob>) -> (Rate, Rate) {
    let endpoint = || async {
        iroh::Endpoint::builder(iroh::endpoint::presets::Minimal)
            .alpns(vec![b"bare".to_vec()])
            .bind()
            .await
            .unwrap()
    };
    let (a, b) = (endpoint().await, endpoint().await);
    let port = |endpoint: &iroh::Endpoint| {
        let sockets = endpoint.bound_sockets();
        sockets.iter().find(|it| it.is_ipv4()).unwrap().port()
    };
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port(&b)));
    let to = iroh::EndpointAddr::new(b.id()).with_ip_addr(to);
    let (one, other) = tokio::join!(async { a.connect(to, b"bare").await.unwrap() }, async {
        b.accept().await.unwrap().await.unwrap()
    });
    let mut send = one.open_uni().await.unwrap();
    send.write_all(&[7; CHUNK]).await.unwrap();
    let mut recv = other.accept_uni().await.unwrap();
    recv.read_exact(&mut [0; CHUNK]).await.unwrap();
    let bare = bare!(send, recv, content);
    a.close().await;
    b.close().await;
    let open = |seed| async move { Iroh::open(&[seed; 32], &Ways::default()).await.unwrap() };
    let (a, b) = (open(1).await, Arc::new(open(2).await));
    let mut to = NodeAddr::new(b.here().key);
    to.add(&format!("127.0.0.1:{}", b.port().unwrap()));
    let door = Arc::clone(&b);
    let server = async move { door.accept().await.unwrap().answer().await.unwrap() };
    let server = tokio::spawn(server);
    let client = a.dial(&to).await.unwrap();
    let server = async move { server.await.unwrap() };
    let verified = blob(client, server, content).await;
    a.close().await;
    b.close().await;
    (bare, verified)
}

/// Raw keys, as on the LAN, and the library's own settings but for the windows and buffers that were found fastest.
fn quinn_endpoint() -> quinn::Endpoint {
    use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pkcs8 = [
        &[
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ][..],
        &[7; 32],
    ]
    .concat();
    let key = rustls::crypto::ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).unwrap();
    let public = CertificateDer::from(key.public_key().unwrap().to_vec());
    let key = rustls::sign::CertifiedKey::new(vec![public], key);
    let resolver = rustls::server::AlwaysResolvesServerRawPublicKeys::new(Arc::new(key));
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    let client = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    let mut transport = quinn::TransportConfig::default();
    transport.stream_receive_window(quinn::VarInt::from_u32(2 << 20));
    let transport = Arc::new(transport);
    let mut server =
        quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(server).unwrap()));
    server.transport_config(Arc::clone(&transport));
    let mut client =
        quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(client).unwrap()));
    client.transport_config(transport);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4 << 20).unwrap();
    rustix::net::sockopt::set_socket_send_buffer_size(&socket, 4 << 20).unwrap();
    let runtime = Arc::new(quinn::TokioRuntime);
    let config = quinn::EndpointConfig::default();
    let mut endpoint = quinn::Endpoint::new(config, Some(server), socket, runtime).unwrap();
    endpoint.set_default_client_config(client);
    endpoint
}

#[derive(Debug)]
struct Anybody(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &rustls::pki_types::CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let key = rustls::pki_types::SubjectPublicKeyInfoDer::from(key.as_ref());
        let schemes = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature_with_raw_key(message, &key, signature, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![rustls::SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

#[test]
#[ignore = "prints timings; see the file's header"]
fn throughput() {
    let size = number("OKIBI_BLOB_MIB", 256) << 20;
    let runs = number("OKIBI_RUNS", 5);
    let content = Arc::new(Blob::new(size));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let only = std::env::var("OKIBI_ROAD").ok();
    let roads = ["lan", "iroh"].into_iter();
    for road in roads.filter(|road| only.as_deref().is_none_or(|only| only == *road)) {
        let mut figures = Vec::new();
        for _ in 0..runs {
            let content = Arc::clone(&content);
            let pair = runtime.block_on(async {
                match road {
                    "lan" => lan(content).await,
                    _ => far(content).await,
                }
            });
            println!(
                "{road:5} bare {:5.0} MB/s ({:5.0} per processor second), okibi {:5.0} ({:5.0})",
                pair.0.wall, pair.0.processor, pair.1.wall, pair.1.processor
            );
            figures.push(pair);
        }
        for (what, of) in [
            ("MB/s", (|it| it.wall) as fn(&Rate) -> f64),
            ("MB per processor second", |it| it.processor),
        ] {
            let bare = median(figures.iter().map(|it| of(&it.0)).collect());
            let okibi = median(figures.iter().map(|it| of(&it.1)).collect());
            println!(
                "{road:5} median of {runs}: bare {bare:.0}, okibi {okibi:.0} {what}, {:.2}",
                okibi / bare
            );
        }
    }
}
