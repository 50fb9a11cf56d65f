//! The mainline DHT: nodes find each other by their keys, and no server knows of them. What is put there anybody can read
//! who knows the key, and so can those who keep it. Hence only this leaves: the key, the relay, and addresses that the
//! whole internet can reach.
//!
//! This node is a guest: it asks and answers nobody. One task puts and renews; it ends with the endpoint. (The lookup that
//! iroh's makers offer ready-made keeps its task and its socket beyond that, tries an hour later what failed, and takes the
//! first answer for the newest.)

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iroh::address_lookup::{AddressLookup, EndpointData, Error, Item};
use iroh::endpoint_info::EndpointInfo;
use iroh::{EndpointId, SecretKey, TransportAddr};
use iroh_dns::pkarr::{SignedPacket, Timestamp};
use n0_future::boxed::BoxStream;
use n0_future::{Stream, StreamExt, stream};
use n0_mainline::{Dht, DhtBuilder, MutableItem, RequestFilter, RequestSpecific, ServerSettings};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::carrier::node_addr::relay_allowed;

/// How long a lookup may take, the start of the DHT included: less than setting a connection up may.
const LOOKUP: Duration = Duration::from_secs(8);
/// How long a name may take to resolve, and something to be put.
const NAMES: Duration = Duration::from_secs(5);
const PUT: Duration = Duration::from_secs(60);
/// The task looks this often whether something changed. It counts its turns: that is the clock here.
const TURN: Duration = Duration::from_millis(200);
/// What is there is put again after so many turns (an hour): others forget it after two.
const RENEW: u64 = turns(3_600);
/// Seconds after which what failed is tried again: the first, doubled up to the second.
const RETRY: (u64, u64) = (5, 300);
/// Seconds in which changes are put together: the first, doubled by each change that follows another up to the second.
const SETTLE: (u64, u64) = (3, 300);
/// Seconds without any node of the DHT after which it is left, and begun again with patience: it would ask without a pause.
const ALONE: u64 = 30;
/// Once a name of a node to begin with has resolved, the others have so long.
const OTHERS: Duration = Duration::from_millis(500);
/// Turns after which one key may be looked up again: the first, doubled up to the second, so that who is asleep is not asked
/// for each minute. Whoever comes back looks for others itself.
const AGAIN: (u64, u64) = (1, turns(300));
/// Most addresses and relays of one node: with these it is below the 1000 bytes that others keep.
const DIRECT: usize = 6;
const RELAYS: usize = 1;
/// Seconds that are said to be how long this holds; nobody acts upon it.
const TTL: u32 = 30;

const fn turns(seconds: u64) -> u64 {
    seconds * 5
}

/// What the endpoint asks, and tells where it is.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    here: watch::Sender<Vec<TransportAddr>>,
    /// None: not begun yet, or ended.
    dht: watch::Sender<Option<Dht>>,
    /// Whom this node dials, and nobody else.
    asked: Arc<Mutex<BTreeMap<EndpointId, Asked>>>,
    turn: Arc<AtomicU64>,
    /// Relays that a person named here, and whether n0's are used.
    relays: Arc<(Vec<String>, bool)>,
}

/// When a key was looked up, and what came of it.
#[derive(Debug)]
struct Asked {
    next: u64,
    wait: u64,
    newest: i64,
    places: Vec<TransportAddr>,
}

impl Lookup {
    pub fn new(relays: Vec<String>, n0: bool) -> Self {
        Self {
            relays: Arc::new((relays, n0)),
            here: watch::Sender::new(Vec::new()),
            dht: watch::Sender::new(None),
            asked: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// Whether a key may be looked up now; else what is known of it.
    fn due(&self, id: EndpointId) -> Result<(), Vec<TransportAddr>> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.turn.load(Ordering::Relaxed);
        let asked = asked.entry(id).or_insert_with(|| Asked {
            next: now,
            wait: AGAIN.0,
            newest: i64::MIN,
            places: Vec::new(),
        });
        if now < asked.next {
            return Err(asked.places.clone());
        }
        asked.next = now + asked.wait;
        asked.wait = (asked.wait * 2).min(AGAIN.1);
        Ok(())
    }

    /// What of a node's word is dialled: its relays only where they are this node's own.
    fn allowed(&self, mut places: Vec<TransportAddr>) -> Vec<TransportAddr> {
        let (relays, n0) = &*self.relays;
        places.retain(|place| match place {
            TransportAddr::Relay(url) => relay_allowed(url.as_str(), relays, *n0),
            _ => true,
        });
        places
    }

    /// Keeps what was found.
    fn found(&self, id: EndpointId, seq: i64, places: &[TransportAddr]) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = asked.get_mut(&id)
            && seq > asked.newest
        {
            asked.newest = seq;
            asked.places = places.to_vec();
            asked.wait = AGAIN.0;
        }
    }
}

fn item(id: EndpointId, places: Vec<TransportAddr>) -> Item {
    let info = EndpointInfo::from_parts(id, EndpointData::new(places));
    Item::new(info, "dht", None)
}

impl AddressLookup for Lookup {
    fn publish(&self, data: &EndpointData) {
        let here: Vec<TransportAddr> = data.addrs().cloned().collect();
        self.here.send_if_modified(|known| {
            let other = *known != here;
            *known = here;
            other
        });
    }

    fn resolve(&self, id: EndpointId) -> Option<BoxStream<Result<Item, Error>>> {
        if let Err(known) = self.due(id) {
            let known = (!known.is_empty()).then(|| item(id, known))?;
            return Some(Box::pin(stream::once(Ok(known))));
        }
        let mut late = Box::pin(tokio::time::sleep(LOOKUP));
        let mut dht = self.dht.subscribe();
        let lookup = self.clone();
        let asked = async move {
            // The guard of the channel must not be held while the DHT is asked.
            let dht = tokio::select! {
                dht = dht.wait_for(Option::is_some) => dht.ok()?.clone()?,
                () = &mut late => return None,
            };
            let words = dht.get_mutable(id.as_bytes(), None, None).await.ok()?;
            Some((words, late, i64::MIN, lookup))
        };
        let items = stream::once_future(asked)
            .filter_map(|begin| begin)
            .map(move |begin| {
                stream::unfold(
                    begin,
                    move |(mut words, mut late, mut newest, lookup)| async move {
                        let places = tokio::select! {
                            places = newer(&mut words, &mut newest, id) => places?,
                            () = &mut late => return None,
                        };
                        let places = lookup.allowed(places);
                        tracing::debug!(key = %id, places = places.len(), "found in the DHT");
                        lookup.found(id, newest, &places);
                        Some((Ok(item(id, places)), (words, late, newest, lookup)))
                    },
                )
            })
            .flatten();
        Some(Box::pin(items))
    }
}

/// What the next word on a node says that is newer than what was heard before; none when nobody says more.
async fn newer(
    words: &mut (impl Stream<Item = MutableItem> + Unpin),
    newest: &mut i64,
    id: EndpointId,
) -> Option<Vec<TransportAddr>> {
    loop {
        let word = words.next().await?;
        if word.seq() <= *newest {
            continue;
        }
        *newest = word.seq();
        if let Some(places) = read(&word, id) {
            return Some(places);
        }
    }
}

/// The part of the endpoint's owner: it ends with this.
#[derive(Debug)]
pub(super) struct Guest {
    task: tokio::task::AbortHandle,
    lookup: Lookup,
    answers: Arc<AtomicBool>,
}

impl Guest {
    /// Begins with these nodes, each `host:port`. What is said of this node goes out under the key, with the IPv4 port where
    /// others reach it; without them nothing is published.
    pub fn begin(lookup: Lookup, nodes: Vec<String>, publish: Option<(SecretKey, u16)>) -> Self {
        let answers = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(stay(lookup.clone(), nodes, publish, answers.clone()));
        Self {
            task: task.abort_handle(),
            lookup,
            answers,
        }
    }

    /// Whether a node of the DHT has answered.
    pub fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// Ends the task, and with it the socket.
    pub fn end(&self) {
        self.task.abort();
        self.lookup.dht.send_replace(None);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.end();
    }
}

/// What others ask is not answered: a node that anybody reaches would begin after a quarter of an hour to store what strangers
/// bring, and to serve them without any limit.
#[derive(Debug, Clone)]
struct Nobody;

impl RequestFilter for Nobody {
    fn allow_request(&self, _: &RequestSpecific, _: std::net::SocketAddrV4) -> bool {
        false
    }
}

/// Opens the socket once there is somebody to ask, with patience: a network may come up later.
async fn begin(nodes: &[String]) -> Dht {
    let mut wait = RETRY.0;
    let mut said = false;
    loop {
        let known = resolve(nodes).await;
        if !known.is_empty() {
            let settings = ServerSettings {
                filter: Box::new(Nobody),
                ..ServerSettings::default()
            };
            let mut builder = DhtBuilder::default();
            builder.port(0).bootstrap(&known).server_settings(settings);
            match builder.build() {
                Ok(dht) => return dht,
                Err(error) => tracing::debug!(%error, "no socket for the DHT"),
            }
        } else if !std::mem::replace(&mut said, true) {
            tracing::warn!("no name of a node of the DHT resolves; it is tried again");
        }
        tokio::time::sleep(Duration::from_secs(wait)).await;
        wait = (wait * 2).min(RETRY.1);
    }
}

/// The addresses of the nodes to begin with: the DHT itself would wait for the names without any limit, and ask once only.
async fn resolve(nodes: &[String]) -> Vec<SocketAddr> {
    let mut names = tokio::task::JoinSet::new();
    for node in nodes.iter().cloned() {
        names.spawn(async move {
            let found = timeout(NAMES, tokio::net::lookup_host(node)).await;
            let found = found.ok().and_then(Result::ok).into_iter().flatten();
            // It speaks no IPv6.
            found.filter(SocketAddr::is_ipv4).collect::<Vec<_>>()
        });
    }
    let mut all = Vec::new();
    loop {
        // Who has somebody to ask does not wait for all of them.
        let patience = if all.is_empty() { NAMES * 2 } else { OTHERS };
        match timeout(patience, names.join_next()).await {
            Ok(Some(found)) => all.extend(found.unwrap_or_default()),
            Ok(None) | Err(_) => return all,
        }
    }
}

/// Is in the DHT until it is ended; what strangers send there ends nothing but what takes it, and that is begun again.
async fn stay(
    lookup: Lookup,
    nodes: Vec<String>,
    publish: Option<(SecretKey, u16)>,
    answers: Arc<AtomicBool>,
) {
    let mut wait = RETRY.0;
    loop {
        let dht = begin(&nodes).await;
        lookup.dht.send_replace(Some(dht.clone()));
        if keep(&lookup, &dht, publish.as_ref(), &answers).await {
            wait = RETRY.0;
        }
        // As long as anything holds it, it asks and asks.
        lookup.dht.send_replace(None);
        drop(dht);
        tracing::debug!(wait, "nobody of the DHT is there; it is begun again");
        tokio::time::sleep(Duration::from_secs(wait)).await;
        wait = (wait * 2).min(RETRY.1);
    }
}

/// Keeps what is said of this node there for as long as it has anybody to ask. Returns whether it ever had.
async fn keep(
    lookup: &Lookup,
    dht: &Dht,
    publish: Option<&(SecretKey, u16)>,
    answers: &AtomicBool,
) -> bool {
    // What was missed while something was put is made up for: the turns go with the time.
    let mut clock = tokio::time::interval(TURN);
    let mut last = Vec::new();
    let (mut settled, mut due, mut wait) = (0, 0, RETRY.0);
    let (mut settle, mut alone, mut ever) = (SETTLE.0, 0, false);
    loop {
        clock.tick().await;
        let now = lookup.turn.fetch_add(1, Ordering::Relaxed);
        let Ok(info) = dht.info().await else {
            return ever;
        };
        if info.routing_table_size() == 0 {
            alone += 1;
            if alone > turns(ALONE) {
                return ever;
            }
            continue;
        }
        (alone, ever) = (0, true);
        answers.store(true, Ordering::Relaxed);
        let Some((secret, port)) = publish else {
            continue;
        };
        let told = info.public_address().map(|address| *address.ip());
        let places = places(&lookup.here.borrow(), told, *port);
        if places.is_empty() || now < settled || (places == last && now < due) {
            continue;
        }
        let put = match write(secret, &places) {
            Some(item) => timeout(PUT, dht.put_mutable(item, None)).await,
            None => continue,
        };
        let stands = matches!(put, Ok(Ok(_)));
        tracing::debug!(stands, places = places.len(), "put into the DHT");
        // One change after another: whom the others tell of our address, say, lies.
        let again = places != last && !last.is_empty() && now < settled + turns(SETTLE.1);
        settle = match again {
            true => (settle * 2).min(SETTLE.1),
            false => SETTLE.0,
        };
        last = places;
        settled = now + turns(settle);
        if stands {
            due = now + RENEW;
            wait = RETRY.0;
        } else {
            due = now + turns(wait);
            wait = (wait * 2).min(RETRY.1);
        }
    }
}

/// What of this node's places may be published. A machine behind a router does not know the router's address: those whom
/// it asked tell it, and the port may be passed on.
fn places(here: &[TransportAddr], told: Option<Ipv4Addr>, port: u16) -> Vec<TransportAddr> {
    let mut places = shown(here);
    let four = |it: &TransportAddr| matches!(it, TransportAddr::Ip(SocketAddr::V4(_)));
    let told = told.map(|ip| SocketAddr::new(IpAddr::V4(ip), port));
    if let Some(told) = told.filter(|told| public(*told))
        && !places.iter().any(four)
    {
        places.insert(0, TransportAddr::Ip(told));
    }
    places
}

/// What of a node's places may stand in the DHT: relays, and addresses that the whole internet can reach, so many of each.
fn shown(all: &[TransportAddr]) -> Vec<TransportAddr> {
    let direct = all
        .iter()
        .filter(|it| matches!(it, TransportAddr::Ip(address) if public(*address)));
    let relays = all
        .iter()
        .filter(|it| matches!(it, TransportAddr::Relay(_)));
    let places: BTreeSet<TransportAddr> = direct
        .take(DIRECT)
        .chain(relays.take(RELAYS))
        .cloned()
        .collect();
    places.into_iter().collect()
}

/// Whether this is an address of the internet, and of no part of it that is kept for something else (the registries of IANA
/// for special purposes).
fn public(address: SocketAddr) -> bool {
    let global = match address.ip().to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            let kept = matches!(
                (a, b, c),
                (0 | 127 | 224.., _, _)
                    | (100, 64..=127, _)
                    | (192, 0, 0)
                    | (192, 88, 99)
                    | (198, 18 | 19, _)
            );
            !kept && !ip.is_private() && !ip.is_link_local() && !ip.is_documentation()
        }
        IpAddr::V6(ip) => {
            let [a, b, ..] = ip.segments();
            let kept = matches!(
                (a, b),
                (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff)
            );
            (0x2000..0x4000).contains(&a) && !kept
        }
    };
    global && address.port() != 0
}

/// The signed word on where a node is; none if it cannot be written, which these few places do not bring about.
fn write(secret: &SecretKey, places: &[TransportAddr]) -> Option<MutableItem> {
    let info = EndpointInfo::from_parts(secret.public(), EndpointData::new(places.to_vec()));
    let packet = info.to_pkarr_signed_packet(secret, TTL).ok()?;
    Some(MutableItem::new_signed_unchecked(
        *packet.public_key().as_bytes(),
        packet.signature().to_bytes(),
        packet.encoded_packet(),
        i64::try_from(packet.timestamp().as_micros()).ok()?,
        None,
    ))
}

/// Where a node is by its own word, whose signature was looked at when it came. What it may not publish is not dialled
/// either.
fn read(item: &MutableItem, id: EndpointId) -> Option<Vec<TransportAddr>> {
    let time = Timestamp::from_micros(u64::try_from(item.seq()).ok()?);
    let packet =
        SignedPacket::from_parts_unchecked(item.key(), item.signature(), time, item.value());
    let info = EndpointInfo::from_pkarr_signed_packet(&packet.ok()?).ok()?;
    let places: Vec<TransportAddr> = info.addrs().cloned().collect();
    let places = shown(&places);
    (info.endpoint_id == id && !places.is_empty()).then_some(places)
}

#[cfg(test)]
mod tests;
