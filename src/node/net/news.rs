//! What the hub tells people and programs: names, events, and the answers on the control socket.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::carrier::wire::Road;
use crate::identity::fingerprint;
use crate::record::RootKey;

use super::super::Failure;
use super::event;
use super::hub::Hub;

impl Hub<'_> {
    /// By which road a session goes, as the audit trail and `status` name it.
    pub fn road(&self, id: u64) -> &'static str {
        let line = self.lines.get(&id);
        line.map_or(Road::Lan, |line| line.road).name()
    }

    /// The roads of all conversations: content may come by several at once.
    pub fn roads(&self) -> String {
        let open = self.lines.values().filter(|line| line.root.is_some());
        let roads: BTreeSet<&str> = open.map(|line| line.road.name()).collect();
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
        let lines = self.lines.values().filter_map(|line| {
            let root = line.root?;
            Some(json!({
                "root": root, "name": self.called(&root), "address": line.address, "road": line.road.name(), "relayed": line.relayed,
                "circles": line.circles, "in_step": line.in_step.len() == line.circles.len(),
                "seconds": line.since.elapsed().as_secs(),
            }))
        });
        json!({
            "type": "node", "port": self.port, "iroh": self.here.as_ref().map(ToString::to_string), "process": std::process::id(),
            "seconds": self.begun.elapsed().as_secs(), "connections": lines.collect::<Vec<_>>(),
            "blobs_missing": self.blobs.missing(), "offline": self.options.offline,
        })
    }
}
