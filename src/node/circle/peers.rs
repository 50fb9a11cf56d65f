//! The peers of this node, as a face shows them together: members and how far they are,
//! invitations, offers, people whose words wait to be compared, and the node that runs in this
//! home.
//!
//! **Always holds.** Everything is taken at one moment, and nothing is written. Invitations that
//! are over are cut to the last few; a pairing that is too old waits for nobody any more.
//!
//! **Failure.** Only the store can fail. A node that does not answer on its control socket counts
//! as one that does not run.

use serde_json::Value;

use crate::identity::{Words, fingerprint, words_of};
use crate::record::{CircleId, RootKey};

use crate::node::clock::now;
use crate::node::{CircleStatus, Failure, Handle, Offer, PeerRow};

/// A pairing that is older than this waits for nobody any more (docs/sync.md, section 7).
const PAIRING: u64 = 600_000;
/// Invitations that are over and still shown.
const OVER: usize = 3;

/// Everybody, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeersOverview {
    /// The circles that this node belongs to.
    pub circles: Vec<CircleStatus>,
    /// The open invitations, the newest first, then the last few that are over.
    pub invitations: Vec<Invited>,
    /// Circles that admit this node and that nobody here joined.
    pub offers: Vec<Offer>,
    /// People whose words wait to be compared.
    pub waiting: Vec<Waiting>,
    /// The node that runs in this home.
    pub running: Option<Running>,
    /// The name of this node in its first circle, or nothing.
    pub called: String,
    /// Milliseconds since 1970.
    pub at: u64,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    pub id: [u8; 16],
    pub circle: CircleId,
    pub circle_name: String,
    /// Milliseconds since 1970, by this node's clock.
    pub expires: u64,
    pub fate: Fate,
}

/// The fate of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Open,
    Expired,
    Withdrawn,
    /// Somebody was admitted by it: the name in the circle.
    Spent(String),
}

/// Somebody who asks to be admitted, or whom this node asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub id: i64,
    pub ticket: [u8; 16],
    pub root: RootKey,
    pub name: String,
    pub fingerprint: String,
    pub english: String,
    pub japanese: String,
    /// This node asked to join.
    pub joining: bool,
    /// The answer that was given here.
    pub answer: Option<bool>,
}

/// The node that runs in this home, as it says itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Running {
    pub port: u16,
    pub offline: bool,
    /// Its address beyond its network, as a ticket says it.
    pub far: Option<String>,
    /// The peers that are connected now: root keys, as they are written.
    pub connected: Vec<String>,
}

impl Handle {
    /// The addresses that a person gave, and when somebody was reached there.
    pub fn addresses(&self) -> Result<Vec<PeerRow>, Failure> {
        Ok(self.store.peers()?)
    }

    /// Forgets an address that a person gave; whether it was there.
    pub fn remove_peer(&mut self, address: &str) -> Result<bool, Failure> {
        Ok(self.store.remove_peer(address)?)
    }

    /// Speaks with somebody no longer, or again.
    pub fn set_blocked(&mut self, root: &RootKey, blocked: bool) -> Result<(), Failure> {
        Ok(self.store.set_blocked(root, blocked)?)
    }

    /// Calls somebody by a name of one's own; none: no longer.
    pub fn set_nick(&mut self, root: &RootKey, nick: Option<&str>) -> Result<(), Failure> {
        Ok(self.store.set_nick(root, nick)?)
    }

    /// Looks at everybody.
    pub fn peers_overview(&self) -> Result<PeersOverview, Failure> {
        let now = now();
        let max_age = self.config.stale_hours.saturating_mul(3_600_000);
        let mut circles = self.status(max_age)?.circles;
        circles.retain(|circle| !circle.shelf);
        let me = circles
            .iter()
            .flat_map(|circle| &circle.members)
            .find(|member| member.me);
        let called = me.map(|member| member.name.clone()).unwrap_or_default();
        let mut invitations = Vec::new();
        for row in self.store.tickets()?.into_iter().rev() {
            let circle = circles.iter().find(|circle| circle.id == row.circle);
            let member = circle.and_then(|circle| {
                let mut members = circle.members.iter();
                members.find(|member| Some(member.root) == row.root)
            });
            let fate = match row.state.as_str() {
                "spent" => Fate::Spent(match (member, row.root) {
                    (Some(member), _) => member.name.clone(),
                    (None, root) => root.map(|root| fingerprint(&root)).unwrap_or_default(),
                }),
                "withdrawn" => Fate::Withdrawn,
                _ if row.expires <= now => Fate::Expired,
                _ => Fate::Open,
            };
            invitations.push(Invited {
                id: row.id,
                circle: row.circle,
                circle_name: circle.map(|circle| circle.name.clone()).unwrap_or_default(),
                expires: row.expires,
                fate,
            });
        }
        // The sort keeps the newest first.
        invitations.sort_by_key(|it| it.fate != Fate::Open);
        let open = invitations
            .iter()
            .filter(|it| it.fate == Fate::Open)
            .count();
        let issued: Vec<([u8; 16], bool, CircleId)> = invitations
            .iter()
            .map(|it| (it.id, it.fate == Fate::Open, it.circle))
            .collect();
        invitations.truncate(open + OVER);
        let waiting = self.store.pairings()?.into_iter();
        let waiting: Vec<Waiting> = waiting
            .filter(|row| now < row.at + PAIRING)
            .filter(|row| {
                let issued = issued.iter().find(|(id, ..)| *id == row.ticket);
                let open = issued.map(|(_, open, _)| *open);
                let circle = issued.map(|(.., circle)| *circle);
                let mut mine = circles
                    .iter()
                    .filter(|it| circle.is_none_or(|id| it.id == id));
                let member = mine.any(|it| it.members.iter().any(|it| it.root == row.root));
                waits(row.answer, open, member)
            })
            .map(|row| Waiting {
                id: row.id,
                ticket: row.ticket,
                root: row.root,
                fingerprint: fingerprint(&row.root),
                name: row.name,
                english: words_of(&row.digest, Words::English).join(" "),
                japanese: words_of(&row.digest, Words::Japanese).join(" "),
                joining: issued.iter().all(|(id, ..)| *id != row.ticket),
                answer: row.answer,
            })
            .collect();
        Ok(PeersOverview {
            circles,
            invitations,
            offers: self.offers()?,
            waiting,
            running: self.running(),
            called,
            at: now,
        })
    }

    #[cfg(feature = "lan")]
    fn running(&self) -> Option<Running> {
        let request = serde_json::json!({"type": "status"});
        crate::node::ask_daemon(self.store.home(), &request).map(|status| read(&status))
    }

    #[cfg(not(feature = "lan"))]
    #[expect(clippy::unused_self, reason = "without a network no node runs")]
    fn running(&self) -> Option<Running> {
        None
    }
}

/// Whether an attempt still waits for somebody: the answer given here, whether the ticket may still be used where this
/// node made it, and whether the other side is a member of that circle, or of one that was joined. An attempt that was
/// refused, or that led to an admission, is over, though its session may go on for a moment.
fn waits(answer: Option<bool>, open: Option<bool>, member: bool) -> bool {
    match (answer, open) {
        (Some(false), _) | (_, Some(false)) => false,
        (_, Some(true)) => !member,
        // Who is a member of another circle already may be joined once more.
        (None, None) => true,
        (Some(true), None) => !member,
    }
}

/// The node that the control socket tells of.
#[cfg_attr(not(feature = "lan"), expect(dead_code, reason = "nobody answers"))]
fn read(status: &Value) -> Running {
    let connected = status["connections"].as_array().into_iter().flatten();
    let root = |it: &Value| it["root"].as_str().map(str::to_owned);
    Running {
        port: status["port"]
            .as_u64()
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(0),
        offline: status["offline"] == true,
        far: status["iroh"].as_str().map(str::to_owned),
        connected: connected.filter_map(root).collect(),
    }
}

#[cfg(test)]
mod waiting_tests {
    use super::waits;

    /// After a pairing that had succeeded, "bob … refused here" still stood there among those who wait.
    #[test]
    fn what_is_over_waits_for_nobody() {
        for member in [false, true] {
            for open in [None, Some(false), Some(true)] {
                assert!(!waits(Some(false), open, member), "refused");
            }
            assert!(!waits(None, Some(false), member), "the ticket is spent");
            assert!(waits(None, None, member), "not compared yet");
        }
        assert!(waits(Some(true), Some(true), false));
        assert!(waits(Some(true), None, false));
        assert!(!waits(None, Some(true), true), "admitted");
        assert!(!waits(Some(true), None, true), "joined");
    }
}
