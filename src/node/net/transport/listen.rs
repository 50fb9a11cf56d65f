//! The asynchronous half: it listens on the sockets, looks out for others, and runs one task for
//! each connection.
//!
//! `Listening` is the handle that the hub's side keeps; `Endpoints` is what every task shares: the
//! socket of the local network, the endpoint of the wide area, the way to the hub, and the places
//! for sessions. Whom to dial comes from three sides: addresses that a person gave, multicast, and
//! the wishes of `peer_addresses`. `dial` does the dialling.
//!
//! **Always holds.** Nothing here touches the database or judges a peer: each question of a session
//! goes to the hub as `Work`. A connection from outside holds a place of `Admission` until its
//! session opens. Sessions are at most `SESSIONS`, and others that show themselves are dialled up
//! to `ALIASES` of them.
//!
//! **Failure.** Only opening can fail (`network-failed`). Later a connection that breaks ends its
//! own task, and when the hub is gone or `stop` is set, all tasks say goodbye and end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::carrier::admission::{Admission, Entry, Place};
use crate::carrier::lan::{Found, Interfaces, Lan, Lookout, lookout};
use crate::carrier::node_addr::NodeAddr;
use crate::carrier::wire::{Link, Streams};
use crate::record::RootKey;
use crate::sync::{Closed, Session, Setup, Side};

use super::dial::{Target, keep_connected};
use super::peer_addresses::Wish;
use super::wide_area::{Iroh, Ways};
use crate::node::clock::random;
use crate::node::net::NetOptions;
use crate::node::net::work::Work;
use crate::node::{Exit, Failure, Handle};

/// How long an alias and its TLS key live.
const ALIAS: Duration = Duration::from_secs(3_600);
/// How often it is looked whether this node is reached elsewhere.
const GLANCE: Duration = Duration::from_secs(1);
/// Others on the network that are visited at once: anybody can show itself under any number of names.
const ALIASES: usize = 512;
/// Sessions at once, those that wait for admission among them; who comes then is turned away.
const SESSIONS: usize = 256;

/// Who is connected: root and instance, with the number of connections.
pub(super) type Live = Arc<Mutex<BTreeMap<(RootKey, [u8; 8]), usize>>>;

/// The asynchronous half while it runs.
pub(in crate::node::net) struct Listening {
    stop: watch::Sender<bool>,
    main: Option<tokio::task::JoinHandle<()>>,
    wanted: Option<mpsc::UnboundedSender<Wish>>,
    wide_area: Option<Arc<Iroh>>,
}

impl Listening {
    /// Whether the DHT has answered up to now; none where it is not used.
    pub fn dht(&self) -> Option<bool> {
        self.wide_area
            .as_ref()
            .and_then(|wide_area| wide_area.dht())
    }

    /// Takes whom to look for beyond the network; none where this node does not go there.
    pub fn wanted(&self) -> Option<mpsc::UnboundedSender<Wish>> {
        self.wanted.clone()
    }

    /// Says goodbye everywhere.
    pub async fn close(self) {
        let _ = self.stop.send(true);
        if let Some(main) = self.main {
            let _ = tokio::time::timeout(Duration::from_secs(5), main).await;
        }
    }
}

/// The endpoints of this node, and everything else that a connection's task needs.
#[derive(Clone)]
pub(super) struct Endpoints {
    pub lan: Arc<Lan>,
    pub wide_area: Option<Arc<Iroh>>,
    pub work: Sender<Work>,
    pub stop: watch::Receiver<bool>,
    links: Arc<AtomicU64>,
    room: Arc<tokio::sync::Semaphore>,
    admission: Admission,
    pub joining: bool,
}

/// Opens sockets and begins to listen, look out and dial.
pub(in crate::node::net) fn open(
    node: &Handle,
    runtime: &Runtime,
    options: &NetOptions,
    work: Sender<Work>,
) -> Result<Listening, Failure> {
    let fail = |error: String| Failure::new("network-failed", Exit::Failed).with("error", error);
    let (stop, stopped) = watch::channel(false);
    let signals = work.clone();
    let _guard = runtime.enter();
    runtime.spawn(signal(signals));
    if options.offline {
        return Ok(Listening {
            stop,
            main: None,
            wanted: None,
            wide_area: None,
        });
    }
    let lan = Lan::open(options.port, &random()?).map_err(|error| fail(error.to_string()))?;
    let port = lan.port().map_err(|error| fail(error.to_string()))?;
    let _ = work.send(Work::Listening { port });
    let mut look = None;
    if options.discover {
        let interfaces = Interfaces {
            only: options.interfaces.clone(),
        };
        look = Some(lookout(&interfaces).map_err(|error| fail(error.to_string()))?);
    }
    let mut peers = options.peers.clone();
    if options.join.is_none() {
        peers.extend(node.addresses()?.into_iter().map(|peer| peer.address));
    }
    peers.sort();
    peers.dedup();
    let mut far: Vec<NodeAddr> = peers.iter().filter_map(|it| it.parse().ok()).collect();
    peers.retain(|address| address.parse::<NodeAddr>().is_err());
    if options.wide_area.never {
        far.clear();
    }
    let wide_area = match ways(options, &far) {
        Some(ways) => {
            let (_, secret) = node.identity().transport_key()?;
            let open = runtime.block_on(Iroh::open(&secret, &ways));
            Some(Arc::new(open.map_err(|error| fail(error.to_string()))?))
        }
        None => None,
    };
    let (wanted, wishes) = mpsc::unbounded_channel();
    let endpoints = Endpoints {
        lan: Arc::new(lan),
        wide_area,
        work,
        stop: stopped,
        links: Arc::new(AtomicU64::new(1)),
        // Who joins asks one after the other: two connections with one issuer would have two sets of words.
        room: Arc::new(tokio::sync::Semaphore::new(match options.join {
            Some(_) => 1,
            None => SESSIONS,
        })),
        admission: Admission::default(),
        joining: options.join.is_some(),
    };
    let wanted = endpoints.wide_area.is_some().then_some(wanted);
    let wide_area = endpoints.wide_area.clone();
    let main = runtime.spawn(run(endpoints, look, port, (peers, far), wishes));
    Ok(Listening {
        stop,
        main: Some(main),
        wanted,
        wide_area,
    })
}

/// How to go beyond the network; none where nobody asked for it and no peer is only there.
fn ways(options: &NetOptions, far: &[NodeAddr]) -> Option<Ways> {
    let wide_area = &options.wide_area;
    if !wide_area.asked() && far.is_empty() {
        return None;
    }
    let mut relays = wide_area.relays.clone();
    if relays.is_empty() && !wide_area.n0 {
        // A peer that a person named by its relay is reached through that one.
        relays = far.iter().flat_map(|it| it.relays.clone()).collect();
    }
    // Who is there for a moment takes any port and is not looked for.
    let passing = options.join.is_some() || options.once.is_some();
    Some(Ways {
        port: if passing { 0 } else { wide_area.port },
        relays,
        n0: wide_area.n0,
        dht: wide_area.dht.then(|| wide_area.bootstrap.clone()),
        passing,
    })
}

/// Ctrl-C and the service manager's word.
async fn signal(work: Sender<Work>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return;
    };
    let interrupted = tokio::select! {
        _ = term.recv() => false,
        _ = int.recv() => true,
    };
    let _ = work.send(Work::Stop { interrupted });
}

async fn run(
    mut endpoints: Endpoints,
    mut look: Option<Lookout>,
    port: u16,
    (near, given): (Vec<String>, Vec<NodeAddr>),
    mut wishes: mpsc::UnboundedReceiver<Wish>,
) {
    let mut tasks = JoinSet::new();
    let live = Live::default();
    for address in near {
        tasks.spawn(keep_connected(
            endpoints.clone(),
            Target::Given(address),
            live.clone(),
        ));
    }
    // Whom to look for beyond the network, and where a person said that it is: these places stay. Each task reads the newest.
    let mut far: BTreeMap<[u8; 32], (Option<NodeAddr>, watch::Sender<NodeAddr>)> = BTreeMap::new();
    for given in given {
        // One node may have been named twice, by different places.
        if let Some((Some(all), places)) = far.get_mut(&given.key) {
            for place in given.places() {
                all.add(&place);
            }
            places.send_replace(all.clone());
            continue;
        }
        let (sender, places) = watch::channel(given.clone());
        far.insert(given.key, (Some(given), sender));
        tasks.spawn(keep_connected(
            endpoints.clone(),
            Target::Far(places),
            live.clone(),
        ));
    }
    let mut here = None;
    let mut glance = tokio::time::interval(GLANCE);
    let mut alias = String::new();
    let mut turn = tokio::time::interval(ALIAS);
    // What each alias resolves to; its task reads the newest.
    let mut seen: BTreeMap<String, watch::Sender<Vec<SocketAddr>>> = BTreeMap::new();
    loop {
        let found = async {
            match &look {
                Some(look) => look.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = endpoints.stop.changed() => break,
            _ = turn.tick() => {
                if let (Ok(seed), Ok(name)) = (random::<32>(), random::<8>()) {
                    let _ = endpoints.lan.rotate(&seed);
                    alias = data_encoding::HEXLOWER.encode(&name);
                    if let Some(look) = &mut look && !endpoints.joining {
                        let _ = look.show(&alias, port);
                    }
                }
            }
            incoming = endpoints.lan.accept() => {
                let Some(incoming) = incoming else { break };
                if endpoints.joining {
                    continue;
                }
                match endpoints.admission.enter(incoming.origin(), incoming.proven()) {
                    Entry::In(place) => {
                        tasks.spawn(receive(endpoints.clone(), live.clone(), place, incoming.answer()));
                    }
                    Entry::Prove => incoming.prove(),
                }
            }
            incoming = next_incoming(endpoints.wide_area.as_deref()) => {
                let Some(incoming) = incoming else { break };
                if endpoints.joining {
                    continue;
                }
                match endpoints.admission.enter(incoming.origin(), incoming.proven()) {
                    Entry::In(place) => {
                        tasks.spawn(receive(endpoints.clone(), live.clone(), place, incoming.answer()));
                    }
                    Entry::Prove => incoming.prove(),
                }
            }
            Some(wish) = wishes.recv() => match wish {
                Wish::Look(wish) => match far.get(&wish.key) {
                    Some((given, places)) if !places.is_closed() => {
                        let mut all = given.clone().unwrap_or_else(|| NodeAddr::new(wish.key));
                        for place in wish.places() {
                            all.add(&place);
                        }
                        change(places, all);
                    }
                    _ => {
                        let (sender, places) = watch::channel(wish.clone());
                        far.insert(wish.key, (None, sender));
                        tasks.spawn(keep_connected(endpoints.clone(), Target::Far(places), live.clone()));
                    }
                },
                Wish::Forget(key) => match far.get(&key) {
                    Some((Some(given), places)) => change(places, given.clone()),
                    // Its task sees that it is gone.
                    _ => drop(far.remove(&key)),
                },
            },
            _ = glance.tick() => {
                let now = endpoints.wide_area.as_ref().map(|it| it.here());
                if let Some(now) = now && here.as_ref() != Some(&now) {
                    let _ = endpoints.work.send(Work::WideArea { here: now.clone() });
                    here = Some(now);
                }
            }
            found = found => match found {
                Some(Found::Here { alias: other, addresses }) => match seen.get(&other) {
                    Some(known) if !known.is_closed() => _ = known.send(addresses),
                    None if seen.len() >= ALIASES => tracing::debug!("too many show themselves"),
                    _ => {
                        let _ = endpoints.work.send(Work::Seen { addresses: addresses.clone() });
                        // One of two begins, so that they do not both dial at once.
                        let first = alias < other || endpoints.joining;
                        let (sender, addresses) = watch::channel(addresses);
                        seen.insert(other, sender);
                        let target = Target::Seen { addresses, first };
                        tasks.spawn(keep_connected(endpoints.clone(), target, live.clone()));
                    }
                },
                Some(Found::Gone { alias }) => drop(seen.remove(&alias)),
                None => look = None,
            },
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
        }
    }
    if let Some(look) = look {
        let _ = tokio::time::timeout(Duration::from_secs(1), look.end()).await;
    }
    let goodbye = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), goodbye).await;
    if let Some(wide_area) = &endpoints.wide_area {
        wide_area.close().await;
    }
    endpoints.lan.close().await;
}

/// Other places of who is visited.
fn change(places: &watch::Sender<NodeAddr>, all: NodeAddr) {
    places.send_if_modified(|known| {
        *known != all && {
            *known = all;
            true
        }
    });
}

/// The next connection from beyond the network; never one where this node does not go there.
async fn next_incoming(wide_area: Option<&Iroh>) -> Option<super::wide_area::Incoming> {
    match wide_area {
        Some(wide_area) => wide_area.accept().await,
        None => std::future::pending().await,
    }
}

/// Answers a connection from outside, for as long as it has a place.
async fn receive<S: Streams, E>(
    endpoints: Endpoints,
    live: Live,
    mut place: Place,
    answer: impl Future<Output = Result<Link<S>, E>>,
) {
    let link = tokio::select! {
        link = answer => link,
        () = place.lost.wait() => return,
    };
    if let Ok(link) = link {
        talk(&endpoints, link, None, &live, Some(place)).await;
    }
}

/// The end of a session, for whoever dialled it.
pub(super) struct Ended {
    pub why: Option<Closed>,
    pub who: Option<(RootKey, [u8; 8])>,
}

/// Holds one session over one connection; who came from outside keeps its place until the session opens.
pub(super) async fn talk<S: Streams>(
    endpoints: &Endpoints,
    mut link: Link<S>,
    given: Option<String>,
    live: &Live,
    place: Option<Place>,
) -> Ended {
    let nobody = Ended {
        why: None,
        who: None,
    };
    let room = match endpoints.joining {
        true => endpoints.room.acquire().await,
        false => match endpoints.room.try_acquire() {
            Ok(room) => Ok(room),
            Err(_) => {
                link.close();
                return nobody;
            }
        },
    };
    let Ok(_room) = room else { return nobody };
    let id = endpoints.links.fetch_add(1, Ordering::Relaxed);
    let (answers, inputs) = mpsc::unbounded_channel();
    let (reply, setup) = oneshot::channel::<Option<Setup>>();
    let begin = Work::Begin {
        id,
        side: link.side,
        road: link.road(),
        exporter: link.exporter,
        address: given.unwrap_or_else(|| link.address.clone()),
        answers: answers.clone(),
        reply,
    };
    if endpoints.work.send(begin).is_err() {
        return nobody;
    }
    let Ok(Some(setup)) = setup.await else {
        link.close();
        return nobody;
    };
    let mut session = Session::new(setup);
    let mut stop = endpoints.stop.clone();
    let mut who = None;
    let (mut held, mut lost) = place.map(|place| (place.held, place.lost)).unzip();
    let relay = link.relay();
    let ask = |output| {
        use crate::sync::Output;
        // Let in; or it has a ticket, and people compare words.
        if matches!(output, Output::Opened { .. } | Output::Compare { .. }) {
            held = None;
        }
        if let Output::InStep { .. } = &output {
            let relayed = relay();
            let _ = endpoints.work.send(Work::Relayed { id, relayed });
        }
        if let Output::Opened { root, instance, .. } = &output {
            who = Some((*root, *instance));
            let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
            *live.entry((*root, *instance)).or_default() += 1;
        }
        endpoints.work.send(Work::Output { id, output }).is_ok()
    };
    let goodbye = async {
        let _ = stop.changed().await;
        let _ = answers.send(crate::sync::Input::Close);
        std::future::pending::<()>().await;
    };
    let pushed_out = async {
        match &mut lost {
            Some(lost) => lost.wait().await,
            None => std::future::pending().await,
        }
    };
    let why = {
        let driving = link.drive(&mut session, inputs, ask);
        tokio::select! {
            why = driving => why,
            () = goodbye => None,
            () = pushed_out => None,
        }
    };
    if let Some(who) = who {
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = live.get_mut(&who) {
            *count -= 1;
            if *count == 0 {
                live.remove(&who);
            }
        }
    }
    let (received, sent) = session.traffic();
    let _ = endpoints.work.send(Work::End {
        id,
        why: why.clone(),
        received,
        sent,
    });
    // Who was not let in has no last words to wait for.
    let nobody = who.is_none() && why.is_none();
    if link.side == Side::Server && (nobody || why == Some(Closed::Stranger)) {
        link.close();
    } else {
        link.finish().await;
    }
    Ended { why, who }
}
