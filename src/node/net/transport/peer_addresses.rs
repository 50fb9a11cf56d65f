//! The addresses of peers beyond the local network: which members this node looks for there, and at
//! which places.
//!
//! A place is known from a person, from the member itself, or from other members. The asynchronous
//! half (`listen`) is told whom to look for, and is told again when more is known; peers are told
//! the places of others in PLACES frames.
//!
//! **Always holds.** Only members of a common circle are looked for, and a former member is let go.
//! A node's own word goes first; others have one word each, of which `RUMOURS` are kept, so that
//! one liar cannot push out what the rest say. A place that somebody names is dialled only where
//! `places::Allowed` takes it. Only a node's own word is passed on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::carrier::lan::Interfaces;
use crate::carrier::node_addr::NodeAddr;
use crate::carrier::wire::Road;
use crate::record::{CircleId, Role, RootKey};
use crate::sync::{Input, Whereabouts, limits};

use super::places::Allowed;
use crate::node::Failure;
use crate::node::net::hub::Hub;

/// So many members are dialled at once: those that come after this node in the order of keys, so that the whole circle
/// hangs together when everybody does the same.
const NEIGHBOURS: usize = 64;

/// Members whose word on somebody else's places is kept: one liar among them cannot push out what the others say.
const RUMOURS: usize = 4;
/// Places are told to a peer at most this often.
const TELL: Duration = Duration::from_secs(5);

/// Whom `listen` shall look for beyond the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::node::net) enum Wish {
    /// This node, at these places and wherever it is found; again when other places are known.
    Look(NodeAddr),
    /// This key no more, unless a person named it.
    Forget([u8; 32]),
}

/// The known places of others beyond the network.
#[derive(Default)]
pub(in crate::node::net) struct PeerAddresses {
    /// None: this node does not go there.
    wanted: Option<mpsc::UnboundedSender<Wish>>,
    dialled: BTreeMap<[u8; 32], NodeAddr>,
    /// Who is looked for, with the circles that both are in.
    near: BTreeMap<[u8; 32], BTreeSet<CircleId>>,
    heard: BTreeMap<(CircleId, [u8; 32]), Heard>,
    /// What each session was told last, by circle.
    told: BTreeMap<(u64, CircleId), (Instant, Vec<Whereabouts>)>,
    stale: bool,
}

/// The words on a node in a circle.
#[derive(Default)]
struct Heard {
    /// By itself: this alone is passed on.
    itself: Option<NodeAddr>,
    /// By others, one word each.
    rumours: VecDeque<(RootKey, NodeAddr)>,
}

impl PeerAddresses {
    pub fn new(wanted: Option<mpsc::UnboundedSender<Wish>>) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Somebody may have come into a circle, or left it, or have another key.
    pub fn stale(&mut self) {
        self.stale = true;
    }

    /// Takes a word on a node: its own, or somebody else's.
    fn hear(&mut self, circle: CircleId, far: NodeAddr, teller: Option<RootKey>) {
        let heard = self.heard.entry((circle, far.key)).or_default();
        match teller {
            None => heard.itself = Some(far),
            Some(root) => {
                heard.rumours.retain(|(teller, _)| *teller != root);
                heard.rumours.truncate(RUMOURS - 1);
                heard.rumours.push_front((root, far));
            }
        }
        self.stale = true;
    }

    /// Where a node may be: by its own word first, then by one place of each who spoke of it, and so on.
    fn places(&self, key: [u8; 32]) -> NodeAddr {
        let mut far = NodeAddr::new(key);
        let mut rumours: Vec<Vec<String>> = Vec::new();
        for (_, heard) in self.heard.iter().filter(|((_, other), _)| *other == key) {
            for place in heard.itself.iter().flat_map(NodeAddr::places) {
                far.add(&place);
            }
            rumours.extend(heard.rumours.iter().map(|(_, far)| far.places()));
        }
        for turn in 0..limits::PLACES {
            for place in rumours.iter().filter_map(|places| places.get(turn)) {
                far.add(place);
            }
        }
        far
    }

    /// The names of those whom `listen` was told to dial.
    pub fn dialled(&self) -> impl Iterator<Item = String> {
        self.dialled.values().map(NodeAddr::name)
    }

    /// Takes up who is near now; whoever is not any more, a former member, is let go. Returns who is near.
    fn come_near(&mut self, near: BTreeMap<[u8; 32], BTreeSet<CircleId>>) -> Vec<[u8; 32]> {
        self.heard.retain(|(circle, key), _| {
            near.get(key)
                .is_some_and(|circles| circles.contains(circle))
        });
        let gone = self
            .dialled
            .extract_if(.., |key, _| !near.contains_key(key));
        for (key, _) in gone {
            wish(self.wanted.as_ref(), Wish::Forget(key));
        }
        self.near = near;
        self.near.keys().copied().collect()
    }

    /// Has a node looked for, if it is not looked for at these places already.
    fn look_for(&mut self, far: NodeAddr) {
        if self.dialled.get(&far.key) != Some(&far) {
            wish(self.wanted.as_ref(), Wish::Look(far.clone()));
            self.dialled.insert(far.key, far);
        }
    }
}

fn wish(wanted: Option<&mpsc::UnboundedSender<Wish>>, wish: Wish) {
    if let Some(wanted) = wanted {
        // `listen` is closed before the hub ends: then nobody is looked for any more.
        let _ = wanted.send(wish);
    }
}

/// One name for what may be written in several ways: a node beyond the network goes by its key.
pub(in crate::node::net) fn plain(address: &str) -> String {
    match address.parse::<NodeAddr>() {
        Ok(far) => far.name(),
        Err(()) => address.to_owned(),
    }
}

impl Hub<'_> {
    /// Tells `listen` whom to look for.
    pub fn look_beyond(&mut self) -> Result<(), Failure> {
        if self.peer_addresses.wanted.is_none() || self.options.join.is_some() {
            return Ok(());
        }
        let members = self.members_beyond()?;
        let relays = self.options.wide_area.relays.clone();
        let lookup = self.options.wide_area.n0 || self.options.wide_area.dht;
        self.peer_addresses.stale = false;
        for key in self.peer_addresses.come_near(members) {
            let mut far = self.peer_addresses.places(key);
            for relay in &relays {
                far.add(relay);
            }
            if lookup || !far.direct.is_empty() || !far.relays.is_empty() {
                self.peer_addresses.look_for(far);
            }
        }
        Ok(())
    }

    /// What a peer says of places: of itself, and of others in the same circle.
    pub fn hear_places(
        &mut self,
        id: u64,
        circle: CircleId,
        nodes: Vec<Whereabouts>,
    ) -> Result<(), Failure> {
        let Some(root) = self.connections.root(id) else {
            return Ok(());
        };
        if self.peer_addresses.stale {
            // They may speak of one who was let in just now.
            self.look_beyond()?;
        }
        let directory = self.node.store.directory()?;
        // The key that counts, which is the one that is dialled: others that it certified are somebody's, or nobody's.
        let own = directory
            .current(&root, Role::Transport)
            .map(|(_, key)| key);
        let wide_area = &self.options.wide_area;
        let mut allowed = Allowed {
            relays: wide_area.relays.clone(),
            n0: wide_area.n0,
            own: crate::carrier::lan::own_addresses(&Interfaces {
                only: self.options.interfaces.clone(),
            }),
        };
        // A relay in a line that a person entered is named by a person.
        let kept = self
            .node
            .store
            .peers()?
            .into_iter()
            .map(|peer| peer.address);
        let given = kept.chain(self.options.peers.iter().cloned());
        let given = given.filter_map(|line| line.parse::<NodeAddr>().ok());
        allowed.relays.extend(given.flat_map(|far| far.relays));
        let near = self
            .connections
            .get(id)
            .is_some_and(|connection| connection.road == Road::Lan);
        for node in nodes {
            let known = self.peer_addresses.near.get(&node.key);
            // Members of this circle alone: nobody else is dialled on somebody's word.
            if !known.is_some_and(|circles| circles.contains(&circle)) {
                continue;
            }
            let mut far = NodeAddr::new(node.key);
            for place in node.places.iter().filter(|it| allowed.takes(it, near)) {
                far.add(place);
            }
            let teller = (own != Some(node.key)).then_some(root);
            self.peer_addresses.hear(circle, far, teller);
        }
        Ok(())
    }

    /// Tells connected members where this node is, and where those are who said it themselves.
    pub fn tell_places(&mut self) -> Result<(), Failure> {
        if self.peer_addresses.wanted.is_none() {
            return Ok(());
        }
        if self.peer_addresses.stale {
            self.look_beyond()?;
        }
        let connections = &self.connections;
        self.peer_addresses
            .told
            .retain(|(id, _), _| connections.get(*id).is_some());
        let mut news = Vec::new();
        for (id, _, connection) in self.connections.known() {
            for circle in &connection.circles {
                let nodes = self.places_for(circle);
                let told = self.peer_addresses.told.get(&(id, *circle));
                let due = told.is_none_or(|(at, told)| at.elapsed() > TELL && *told != nodes);
                if due && !nodes.is_empty() {
                    news.push((id, *circle, nodes));
                }
            }
        }
        for (id, circle, nodes) in news {
            let told = (Instant::now(), nodes.clone());
            self.peer_addresses.told.insert((id, circle), told);
            self.say(id, Input::Places { circle, nodes });
        }
        Ok(())
    }

    fn places_for(&self, circle: &CircleId) -> Vec<Whereabouts> {
        let whereabouts = |far: &NodeAddr| Whereabouts {
            key: far.key,
            places: far.places(),
        };
        let me = self.here.iter().map(whereabouts);
        let others = self
            .peer_addresses
            .heard
            .range((*circle, [0; 32])..=(*circle, [255; 32]));
        let others = others.filter_map(|(_, heard)| heard.itself.as_ref().map(whereabouts));
        me.chain(others).take(limits::PLACES_NODES).collect()
    }

    /// Members that may be spoken with, by their transport keys, with the circles in common.
    fn members_beyond(&self) -> Result<BTreeMap<[u8; 32], BTreeSet<CircleId>>, Failure> {
        let me = self.node.root;
        let store = &self.node.store;
        let directory = store.directory()?;
        let mut roots: BTreeMap<RootKey, BTreeSet<CircleId>> = BTreeMap::new();
        for circle in store.memberships()? {
            for (root, member) in store.outline(&circle)?.state.members {
                if member.suspension.is_none() && root != me {
                    roots.entry(root).or_default().insert(circle);
                }
            }
        }
        let mut keys = BTreeMap::new();
        for (root, circles) in roots {
            if !store.opinion(&root)?.blocked
                && let Some((_, key)) = directory.current(&root, Role::Transport)
            {
                keys.insert(key, circles);
            }
        }
        let mine = directory.current(&me, Role::Transport);
        let after = mine.map_or([0; 32], |(_, key)| key);
        let later = keys.range(after..).chain(keys.range(..after));
        let near = later.take(NEIGHBOURS);
        let near = near.map(|(key, circles)| (*key, circles.clone()));
        Ok(near.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIRCLE: CircleId = CircleId([1; 32]);

    fn far(ports: std::ops::Range<u16>) -> NodeAddr {
        let mut far = NodeAddr::new([7; 32]);
        for port in ports {
            far.add(&format!("192.0.2.7:{port}"));
        }
        far
    }

    /// Who left every circle is not looked for any more, and nothing is kept of it.
    #[test]
    fn a_former_member_is_let_go() {
        let (wanted, mut wishes) = mpsc::unbounded_channel();
        let mut peer_addresses = PeerAddresses::new(Some(wanted));
        let circles = BTreeSet::from([CIRCLE]);
        let near = BTreeMap::from([([7; 32], circles.clone()), ([8; 32], circles.clone())]);
        assert_eq!(peer_addresses.come_near(near), [[7; 32], [8; 32]]);
        peer_addresses.hear(CIRCLE, far(1..2), None);
        peer_addresses.look_for(far(1..2));
        peer_addresses.look_for(NodeAddr::new([8; 32]));
        // Said once.
        peer_addresses.look_for(far(1..2));
        assert_eq!(
            peer_addresses.come_near([([8; 32], circles)].into()),
            [[8; 32]]
        );
        assert!(peer_addresses.heard.is_empty());
        let names: Vec<String> = peer_addresses.dialled().collect();
        assert_eq!(names, [NodeAddr::new([8; 32]).name()]);
        let said: Vec<Wish> = std::iter::from_fn(|| wishes.try_recv().ok()).collect();
        let eight = Wish::Look(NodeAddr::new([8; 32]));
        assert_eq!(said, [Wish::Look(far(1..2)), eight, Wish::Forget([7; 32])]);
    }

    #[test]
    fn one_liar_does_not_hide_a_member() {
        let mut peer_addresses = PeerAddresses::default();
        peer_addresses.hear(CIRCLE, far(1..2), Some(RootKey([2; 32])));
        // Again and again, with as many places as there is room for.
        for turn in 0..9 {
            let lies = far(100 + 10 * turn..110 + 10 * turn);
            peer_addresses.hear(CIRCLE, lies, Some(RootKey([3; 32])));
        }
        assert!(
            peer_addresses
                .places([7; 32])
                .direct
                .contains(&"192.0.2.7:1".parse().unwrap())
        );
        assert_eq!(
            peer_addresses.places([7; 32]).direct.len(),
            crate::carrier::node_addr::DIRECT
        );
        // Its own word comes first, and only that is passed on.
        peer_addresses.hear(CIRCLE, far(5..6), None);
        assert_eq!(
            peer_addresses.places([7; 32]).direct[0],
            "192.0.2.7:5".parse().unwrap()
        );
        for teller in 10..90 {
            peer_addresses.hear(CIRCLE, far(1..9), Some(RootKey([teller; 32])));
        }
        let heard = &peer_addresses.heard[&(CIRCLE, [7; 32])];
        assert_eq!(heard.rumours.len(), RUMOURS);
        assert_eq!(heard.itself, Some(far(5..6)));
    }
}
