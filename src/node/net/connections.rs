//! The sessions that are open, by number: what each is about, and the way back to its task.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use tokio::sync::mpsc;

use crate::carrier::wire::Road;
use crate::record::{CircleId, RootKey};
use crate::sync::{Input, Side};

use super::record_pages::Pages;

/// One session.
pub(super) struct PeerConnection {
    answers: mpsc::UnboundedSender<Input>,
    pub address: String,
    pub road: Road,
    pub relayed: bool,
    side: Side,
    /// The member at the other end; none until it has proven that.
    pub root: Option<RootKey>,
    instance: [u8; 8],
    pub circles: Vec<CircleId>,
    in_step: BTreeSet<CircleId>,
    pub pages: BTreeMap<CircleId, Pages>,
    /// Lines of the audit trail that say what is on its way, by circle.
    pub begun: BTreeMap<CircleId, u64>,
    /// Contents of which the audit trail says that they are sent.
    pub served: BTreeSet<[u8; 32]>,
    /// The number of things that came and did not decode or verify.
    pub refused: u64,
    pub since: Instant,
}

impl PeerConnection {
    /// A connection that stands, before anybody has said who he is.
    pub fn new(
        answers: mpsc::UnboundedSender<Input>,
        address: String,
        road: Road,
        side: Side,
    ) -> Self {
        Self {
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
        }
    }

    /// The other end has proven who it is.
    pub fn opened(&mut self, root: RootKey, instance: [u8; 8], circles: Vec<CircleId>) {
        self.root = Some(root);
        self.instance = instance;
        self.circles = circles;
    }

    /// Both sides have the same of a circle.
    pub fn came_in_step(&mut self, circle: CircleId) {
        self.in_step.insert(circle);
    }

    /// Both sides have the same of every circle.
    pub fn is_in_step(&self) -> bool {
        self.in_step.len() == self.circles.len()
    }

    /// A connection that is gone says so by itself.
    pub fn say(&self, input: Input) {
        let _ = self.answers.send(input);
    }
}

/// All sessions.
#[derive(Default)]
pub(super) struct Connections(BTreeMap<u64, PeerConnection>);

impl Connections {
    pub fn begin(&mut self, id: u64, connection: PeerConnection) {
        self.0.insert(id, connection);
    }

    pub fn end(&mut self, id: u64) -> Option<PeerConnection> {
        self.0.remove(&id)
    }

    pub fn get(&self, id: u64) -> Option<&PeerConnection> {
        self.0.get(&id)
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut PeerConnection> {
        self.0.get_mut(&id)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those whose other end has proven who it is.
    pub fn known(&self) -> impl Iterator<Item = (u64, RootKey, &PeerConnection)> {
        let all = self.0.iter();
        all.filter_map(|(id, connection)| Some((*id, connection.root?, connection)))
    }

    /// The numbers of all.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.0.keys().copied()
    }

    /// The member at the other end of a session, once it has proven that.
    pub fn root(&self, id: u64) -> Option<RootKey> {
        self.get(id)?.root
    }

    /// Answers a session.
    pub fn say(&self, id: u64, input: Input) {
        if let Some(connection) = self.get(id) {
            connection.say(input);
        }
    }

    /// Ends all.
    pub fn close(&self) {
        for connection in self.0.values() {
            connection.say(Input::Close);
        }
    }

    /// The circles that any of them is about.
    pub fn circles(&self) -> BTreeSet<CircleId> {
        let all = self.0.values();
        all.flat_map(|connection| connection.circles.iter().copied())
            .collect()
    }

    /// Circles changed: every session that is about them hears of it, and is not in step any more.
    pub fn changed(&mut self, circles: &BTreeSet<CircleId>) {
        for connection in self.0.values_mut() {
            for circle in connection.circles.clone() {
                if circles.contains(&circle) {
                    connection.in_step.remove(&circle);
                    connection.say(Input::Changed { circle });
                }
            }
        }
    }

    /// Of two connections with one node, one is enough: which of this new one and an older one goes. `me`: this node.
    pub fn loser(&self, id: u64, root: &RootKey, instance: &[u8; 8], me: &RootKey) -> Option<u64> {
        let (twin, other) = self.0.iter().find(|(other, connection)| {
            **other != id
                && connection.root == Some(*root)
                && connection.instance == *instance
                && !connection.circles.is_empty()
        })?;
        // Both sides keep the nearer road, then the connection that the smaller root opened; of two such, the newer.
        let rank = |connection: &PeerConnection| {
            let client = if connection.side == Side::Client {
                me
            } else {
                root
            };
            (connection.road, *client)
        };
        let mine = rank(self.get(id)?);
        Some(if mine <= rank(other) { *twin } else { id })
    }
}
