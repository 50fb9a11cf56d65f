//! One round, as cron wants it: when it is over, and who is in step.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::carrier::node_addr::NodeAddr;
use crate::record::{CircleId, Foreign};

use super::hub::Hub;
use super::transport::plain;

/// How long one round waits for others to show up.
const LOOK: Duration = Duration::from_secs(4);
/// How long one round waits for those who have not answered: longer where the DHT says where they are, since it is asked
/// first (a lookup takes 8 seconds at most).
const ANSWER: Duration = Duration::from_secs(8);
const ANSWER_DHT: Duration = Duration::from_secs(12);
/// How long one round waits for a peer that was lost before it was in step.
const RETURN: Duration = Duration::from_secs(5);

impl Hub<'_> {
    /// One round is over when whoever was found has been spoken with.
    pub fn round_is_over(&self) -> bool {
        if self.options.join.is_some() {
            return self.report.joined.is_some();
        }
        let quiet = self.last_news.elapsed() > Duration::from_millis(300);
        let time = self.begun.elapsed();
        let wide_area = &self.options.wide_area;
        let patience = match wide_area.dht && !wide_area.never {
            true => ANSWER_DHT,
            false => ANSWER,
        };
        let looked =
            (!self.options.discover || time > LOOK) && (self.answered() || time > patience);
        let mut known = self.connections.known();
        let nobody = self.connections.known().next().is_none();
        let in_step = known.all(|(_, _, connection)| connection.is_in_step());
        // Who was lost on the way is dialled again by its task: it gets a while to come back.
        let back = self.last_news.elapsed() > RETURN || !self.lost_somebody();
        looked && quiet && in_step && back && (self.downloads.idle() || nobody)
    }

    /// Somebody was reached, did not come into step, and is gone.
    fn lost_somebody(&self) -> bool {
        let mut behind = self.peers.behind();
        behind.any(|root| !self.connections.known().any(|(_, there, _)| there == *root))
    }

    /// Everybody who was to be dialled has answered, or is silent.
    fn answered(&self) -> bool {
        let given = self.given();
        let mut all = given.into_iter().chain(self.peer_addresses.dialled());
        all.all(|address| self.peers.settled(&address))
    }

    /// Whom a person named, by address.
    pub fn given(&self) -> BTreeSet<String> {
        let kept = self.node.store.peers().unwrap_or_default();
        let kept = kept.iter().map(|peer| &peer.address);
        kept.chain(&self.options.peers)
            .filter(|address| !self.options.wide_area.never || address.parse::<NodeAddr>().is_err())
            .map(|address| plain(address))
            .collect()
    }

    /// By what way a session goes.
    pub fn relayed(&mut self, id: u64, relayed: bool) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.relayed = relayed;
        if let Some(root) = connection.root
            && let Some(peer) = self.peers.of(&root)
        {
            peer.relayed = relayed;
        }
    }

    pub fn came_in_step(&mut self, id: u64, circle: CircleId) {
        self.last_news = Instant::now();
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.came_in_step(circle);
        if let Some(root) = connection.root
            && connection.is_in_step()
        {
            if let Some(peer) = self.peers.of(&root) {
                peer.in_step = true;
            }
            tracing::debug!(peer = %Foreign::name(self.called(&root)), "in step");
            self.tell("in-step", json!({"root": root, "circle": circle}));
        }
    }
}
