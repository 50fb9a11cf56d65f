//! Dialling: one task for each target keeps a connection to it, or tries again with patience.
//!
//! A target is an address that a person gave, a node that multicast shows, or a key beyond the
//! network with the places where it may be. Places may change while the task runs; it reads the
//! newest.
//!
//! **Always holds.** The wait before a target is dialled again doubles up to `BACKOFF.1`. A peer
//! that is reached already by another connection is not dialled a second time. The task ends when
//! its target is gone, when the target turns out to be this very node, or when everything ends.
//!
//! **Failure.** A connection that does not come about is no failure of the node: it is logged and
//! tried again.

use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::watch;

use crate::carrier::node_addr::NodeAddr;
use crate::record::RootKey;
use crate::sync::Closed;

use super::listen::{Ended, Endpoints, Live, talk};
use crate::node::net::work::Work;

/// The first wait before an address is dialled again, doubled up to the second.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// Who is no member, or does not believe us, is asked again after this.
const STRANGERS: Duration = Duration::from_secs(120);
/// How often it is looked whether a peer that is reached by another connection has been lost.
const WATCH: Duration = Duration::from_secs(1);
/// New places are tried after this.
const MOVED: Duration = Duration::from_secs(2);

/// Somebody to be reached, again and again.
pub(super) enum Target {
    /// By an address that a person gave.
    Given(String),
    /// By what multicast said; gone when the sender is.
    Seen {
        addresses: watch::Receiver<Vec<SocketAddr>>,
        first: bool,
    },
    /// Beyond the network, by its key.
    Far(watch::Receiver<NodeAddr>),
}

impl Target {
    /// Nobody tells any more where it is.
    fn gone(&self) -> bool {
        match self {
            Self::Given(_) => false,
            Self::Seen { addresses, .. } => addresses.has_changed().is_err(),
            Self::Far(far) => far.has_changed().is_err(),
        }
    }
}

/// One way to somebody.
enum Way {
    Near(SocketAddr),
    Far(NodeAddr),
}

impl Endpoints {
    /// Dials, and holds a session where somebody answers; none: nobody does.
    async fn visit(&self, way: &Way, name: Option<String>, live: &Live) -> Option<Ended> {
        let failed = match (way, &self.wide_area) {
            (Way::Near(address), _) => match self.lan.dial(*address).await {
                Ok(link) => return Some(talk(self, link, name, live, None).await),
                Err(error) => (address.to_string(), error.to_string()),
            },
            (Way::Far(far), Some(wide_area)) => match wide_area.dial(far).await {
                Ok(link) => return Some(talk(self, link, name, live, None).await),
                Err(error) => (far.to_string(), error.to_string()),
            },
            (Way::Far(_), None) => return None,
        };
        tracing::debug!(address = failed.0, error = failed.1, "no connection");
        None
    }
}

/// Dials one target for as long as it is wanted, with patience.
pub(super) async fn keep_connected(mut endpoints: Endpoints, mut target: Target, live: Live) {
    let mut wait = BACKOFF.0;
    let mut known: Option<(RootKey, [u8; 8])> = None;
    let mut unknown = false;
    if let Target::Seen { first: false, .. } = &target {
        rest(&mut endpoints.stop, Duration::from_millis(1_500)).await;
    }
    loop {
        if let Some(who) = known
            && !lost(who, &mut endpoints.stop, &target, &live).await
        {
            return;
        }
        let near = |all: Vec<SocketAddr>| all.into_iter().map(Way::Near).collect();
        let (ways, name): (Vec<Way>, _) = match &target {
            Target::Given(name) => {
                let given = name.clone();
                let resolved =
                    tokio::task::spawn_blocking(move || crate::node::net::resolve(&given)).await;
                let found = match resolved.unwrap_or_else(|error| Err(error.into())) {
                    Ok(found) => {
                        unknown = false;
                        found
                    }
                    Err(error) => {
                        // Once, however often it is tried.
                        if !std::mem::replace(&mut unknown, true) {
                            tracing::warn!(address = %name, %error, "a name does not resolve; it is tried again");
                        }
                        Vec::new()
                    }
                };
                (near(found), Some(name.clone()))
            }
            Target::Seen { addresses, .. } => (near(addresses.borrow().clone()), None),
            Target::Far(far) => {
                let far = far.borrow().clone();
                let name = far.name();
                (vec![Way::Far(far)], Some(name))
            }
        };
        let mut end = None;
        for way in ways {
            end = endpoints.visit(&way, name.clone(), &live).await;
            if end.is_some() {
                break;
            }
        }
        let pause = match &end {
            Some(Ended { who: Some(who), .. }) => {
                known = Some(*who);
                wait = BACKOFF.0;
                wait
            }
            // Nothing in common, or refused: perhaps later.
            Some(Ended {
                why: Some(Closed::Stranger | Closed::Refused),
                ..
            }) => STRANGERS,
            Some(Ended {
                why: Some(Closed::Myself),
                ..
            }) => return,
            _ => wait,
        };
        if end.is_none()
            && let Some(name) = name
        {
            let _ = endpoints.work.send(Work::Silent { address: name });
        }
        if endpoints.joining && end.is_some_and(|end| end.why != Some(Closed::Stranger)) {
            return;
        }
        wait = (wait * 2).min(BACKOFF.1);
        let moved = async {
            match &mut target {
                Target::Seen { addresses, .. } => addresses.changed().await.is_err(),
                Target::Far(far) => {
                    let gone = far.changed().await.is_err();
                    // By somebody's word: not as often as somebody likes.
                    tokio::time::sleep(MOVED).await;
                    gone
                }
                Target::Given(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            stopped = rest(&mut endpoints.stop, pause) => if stopped { return },
            // Its address changed: at once. It is gone: nobody to visit.
            gone = moved => if gone { return },
        }
    }
}

/// Waits until somebody is connected no more, by whatever way; false: everything shall stop, or the target is gone. (A node
/// shows itself under a new alias each hour. Who waited on regardless was one more task for each hour of a connection.)
async fn lost(
    who: (RootKey, [u8; 8]),
    stop: &mut watch::Receiver<bool>,
    target: &Target,
    live: &Live,
) -> bool {
    let connected = || {
        let live = live.lock().unwrap_or_else(PoisonError::into_inner);
        live.contains_key(&who)
    };
    while connected() {
        if target.gone() || rest(stop, WATCH).await {
            return false;
        }
    }
    true
}

/// Waits; says whether everything shall stop.
async fn rest(stop: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::time::timeout(time, stop.changed()).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An alias that is gone is waited for no longer, though who had it is connected still.
    #[test]
    fn an_old_alias_is_let_go() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let who = (RootKey([1; 32]), [2; 8]);
            let live = Live::default();
            live.lock().unwrap().insert(who, 1);
            let (_stop, mut stopped) = watch::channel(false);
            let (alias, addresses) = watch::channel(Vec::new());
            let target = Target::Seen {
                addresses,
                first: true,
            };
            assert!(!target.gone());
            drop(alias);
            let waiting = lost(who, &mut stopped, &target, &live);
            let patience = Duration::from_secs(30);
            assert_eq!(tokio::time::timeout(patience, waiting).await, Ok(false));
            // Who is lost is dialled again.
            live.lock().unwrap().clear();
            assert!(lost(who, &mut stopped, &target, &live).await);
        });
    }
}
