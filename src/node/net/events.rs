//! The events of the hub, for people and programs: names, what happened, and the answers on the
//! control socket.
//!
//! A listener is a channel to one program on the control socket. It is dropped when nobody reads it
//! any more; that is no failure. The roads by which sessions go have the names that the audit trail
//! and `status` use.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::carrier::wire::Road;
use crate::identity::fingerprint;
use crate::record::RootKey;

use super::event;
use super::hub::Hub;
use crate::node::Failure;

impl Hub<'_> {
    /// By which road a session goes, as the audit trail and `status` name it.
    pub fn road(&self, id: u64) -> &'static str {
        let connection = self.connections.get(id);
        connection
            .map_or(Road::Lan, |connection| connection.road)
            .name()
    }

    /// The roads of all conversations: content may come by several at once.
    pub fn roads(&self) -> String {
        let open = self.connections.known();
        let roads: BTreeSet<&str> = open.map(|(_, _, it)| it.road.name()).collect();
        let roads: Vec<&str> = roads.into_iter().collect();
        roads.join("+")
    }

    /// What a root is called here: by nickname, by its name in a circle, by its fingerprint.
    pub fn called(&self, root: &RootKey) -> String {
        let opinion = self.node.store.opinion(root).unwrap_or_default();
        if let Some(nick) = opinion.nick {
            return nick;
        }
        for circle in self.node.store.memberships().unwrap_or_default() {
            if let Ok(outline) = self.node.store.outline(&circle)
                && let Some(member) = outline.state.members.get(root)
                && !member.name.is_empty()
            {
                return member.name.clone();
            }
        }
        fingerprint(root)
    }

    pub fn tell(&mut self, what: &str, about: Value) {
        if self.listeners.is_empty() {
            return;
        }
        let line = event(what, about);
        self.listeners
            .retain(|listener| listener.send(line.clone()).is_ok());
    }

    /// Answers the control socket.
    pub fn control(
        &mut self,
        request: &Value,
        reply: mpsc::UnboundedSender<String>,
    ) -> Result<(), Failure> {
        let answer = match request["type"].as_str() {
            Some("status") => self.status(),
            Some("events") => {
                let _ = reply.send(json!({"type": "subscribed"}).to_string());
                self.listeners.push(reply);
                return Ok(());
            }
            Some("stop") => {
                self.stop = Some(false);
                json!({"type": "stopping"})
            }
            _ => json!({"type": "error", "code": "control-unknown"}),
        };
        let _ = reply.send(answer.to_string());
        Ok(())
    }

    fn status(&self) -> Value {
        let connections = self.connections.known().map(|(_, root, connection)| {
            json!({
                "root": root, "name": self.called(&root), "address": connection.address, "road": connection.road.name(), "relayed": connection.relayed,
                "circles": connection.circles, "in_step": connection.is_in_step(),
                "seconds": connection.since.elapsed().as_secs(),
            })
        });
        json!({
            "type": "node", "port": self.port, "iroh": self.here.as_ref().map(ToString::to_string), "process": std::process::id(),
            "seconds": self.begun.elapsed().as_secs(), "connections": connections.collect::<Vec<_>>(),
            "blobs_missing": self.downloads.missing(), "offline": self.options.offline,
        })
    }
}
