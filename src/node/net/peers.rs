//! The peers that were met while this node is on the network, for the report at the end.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::record::RootKey;

use super::{NetReport, Reached};

/// So many who showed up are counted: anybody on the network can show up under any number of addresses.
const SEEN: usize = 64;
/// Conversations that did not come about are remembered for `doctor`, so many of them.
const TURNED_AWAY: usize = 64;

/// Everybody who was met.
#[derive(Default)]
pub(super) struct Peers {
    /// Addresses at which nobody answered.
    silent: BTreeSet<String>,
    /// Addresses at which somebody was spoken with.
    answered: BTreeSet<String>,
    seen: BTreeSet<SocketAddr>,
    reached: Vec<Reached>,
    /// The newest first.
    turned_away: Vec<(String, &'static str)>,
}

impl Peers {
    /// Somebody is on the network.
    pub fn saw(&mut self, addresses: &[SocketAddr]) {
        if self.seen.len() < SEEN {
            self.seen.extend(addresses.first());
        }
    }

    /// Nobody answers at an address that was dialled.
    pub fn is_silent(&mut self, address: String) {
        self.silent.insert(address);
    }

    /// Somebody was spoken with at an address that was dialled.
    pub fn answered_at(&mut self, address: String) {
        self.answered.insert(address);
    }

    /// Whether it is known by now of an address if somebody answers there.
    pub fn settled(&self, address: &str) -> bool {
        self.answered.contains(address) || self.silent.contains(address)
    }

    /// A session opened, in place of an earlier one with the same peer.
    pub fn reached(&mut self, peer: Reached) {
        self.reached.retain(|it| it.root != peer.root);
        self.reached.push(peer);
    }

    /// The entry of a peer that was reached.
    pub fn of(&mut self, root: &RootKey) -> Option<&mut Reached> {
        self.reached.iter_mut().find(|it| it.root == *root)
    }

    /// Those who did not come into step.
    pub fn behind(&self) -> impl Iterator<Item = &RootKey> {
        let behind = self.reached.iter().filter(|it| !it.in_step);
        behind.map(|it| &it.root)
    }

    /// A conversation did not come about. The newest few are kept: strangers must not fill the memory.
    pub fn turned_away(&mut self, address: String, why: &'static str) {
        self.turned_away.truncate(TURNED_AWAY);
        self.turned_away.insert(0, (address, why));
    }

    /// Puts it into the report; of the silent addresses only those that a person `given`: who is looked for among the
    /// members may well be asleep.
    pub fn report(self, given: &BTreeSet<String>, report: &mut NetReport) {
        let silent = self.silent.difference(&self.answered);
        report.silent = silent.filter(|it| given.contains(*it)).cloned().collect();
        report.seen = self.seen;
        report.peers = self.reached;
        report.turned_away = self.turned_away;
    }
}
