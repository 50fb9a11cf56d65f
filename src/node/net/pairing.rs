//! Pairing: invitations, and the two people who compare words. `docs/sync.md`, section 6, is what travels.
//!
//! Only the node that made a ticket honours it. It is spent when both have confirmed, in the moment in which the
//! admission is written, and never twice; until then it can be withdrawn, and it expires by this node's own clock. One
//! pairing at a time waits for its person; whoever comes meanwhile is turned away.

use std::net::SocketAddr;

use serde_json::json;

use crate::identity::{KeyCard, Words, words_of};
use crate::record::{Body, Role, RootKey};
use crate::store::{CircleView, OwnFeed, PairingRow, TicketRow};
use crate::sync::{Input, JoinRequest, Request};

use super::hub::Hub;
use super::ticket::{ADDRESSES, Ticket};
use super::{Joining, NetOptions, WideArea};
use crate::carrier::node_addr::NodeAddr;
use crate::node::clock::{now, random};
use crate::node::{Exit, Failure, Handle};

/// An invitation that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub ticket: Ticket,
    pub expires: u64,
}

/// What a person shall compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Who asks, or who was asked.
    pub root: RootKey,
    pub name: String,
    pub english: String,
    pub japanese: String,
    /// This node joins; else it issued the ticket.
    pub joining: bool,
}

/// The pairing that waits.
pub(super) struct Pairing {
    connection: u64,
    row: i64,
    shown: bool,
    about: Compared,
}

impl Handle {
    /// Makes an invitation to a circle.
    pub fn invite(
        &mut self,
        circle: &CircleView,
        minutes: u64,
        addresses: &[SocketAddr],
        far: Option<String>,
    ) -> Result<Invitation, Failure> {
        self.may_write(circle)?;
        let expires = now() + minutes * 60_000;
        let ticket = Ticket {
            id: random()?,
            secret: random()?,
            issuer: self.root,
            addresses: addresses.iter().take(ADDRESSES).copied().collect(),
            far: far.and_then(|far| far.parse().ok()),
        };
        let row = TicketRow {
            id: ticket.id,
            circle: circle.id,
            secret: ticket.secret,
            expires,
            state: "open".into(),
            root: None,
        };
        self.store.add_ticket(&row, now())?;
        Ok(Invitation { ticket, expires })
    }

    /// An open invitation once more, named by its id.
    pub fn invitation(
        &self,
        id: &[u8; 16],
        addresses: &[SocketAddr],
        far: Option<String>,
    ) -> Result<Invitation, Failure> {
        let mut open = self.store.open_tickets(now())?.into_iter();
        let row = open.find(|row| row.id == *id).ok_or_else(|| {
            let id = data_encoding::HEXLOWER.encode(id);
            Failure::new("ticket-unknown", Exit::Failed).with("id", id)
        })?;
        let ticket = Ticket {
            id: row.id,
            secret: row.secret,
            issuer: self.root,
            addresses: addresses.iter().take(ADDRESSES).copied().collect(),
            far: far.and_then(|far| far.parse().ok()),
        };
        Ok(Invitation {
            ticket,
            expires: row.expires,
        })
    }

    /// What a person says of the words of a pairing that waits here: they are the same on both sides, or not.
    pub fn answer_pairing(&self, id: i64, same: bool) -> Result<(), Failure> {
        Ok(self.store.answer_pairing(id, same)?)
    }

    /// Dials an address from now on.
    pub fn add_peer(&mut self, address: &str) -> Result<bool, Failure> {
        Ok(self.store.add_peer(address, now())?)
    }

    /// Where this node is reached by others on its networks.
    pub fn own_addresses(&self, port: u16) -> Vec<SocketAddr> {
        let interfaces = crate::carrier::lan::Interfaces {
            only: self.config.network.interfaces.clone(),
        };
        let own = crate::carrier::lan::own_addresses(&interfaces);
        own.into_iter()
            .map(|address| SocketAddr::new(address, port))
            .collect()
    }

    /// Where this node would be reached beyond its network; none where it does not go there.
    pub fn wide_area(&self, wide_area: &WideArea) -> Result<Option<String>, Failure> {
        if !wide_area.asked() {
            return Ok(None);
        }
        let directory = self.store.directory()?;
        let key = directory.current(&self.root, Role::Transport);
        let Some((_, key)) = key else {
            return Ok(None);
        };
        let mut far = NodeAddr::new(key);
        let direct = self.own_addresses(wide_area.port);
        let direct = direct.iter().map(ToString::to_string);
        for place in direct.chain(wide_area.relays.iter().cloned()) {
            far.add(&place);
        }
        Ok(Some(far.to_string()))
    }

    /// Who was admitted by a ticket.
    pub fn spent_by(&self, id: &[u8; 16]) -> Result<Option<RootKey>, Failure> {
        let all = self.store.tickets()?;
        Ok(all
            .iter()
            .find(|row| row.id == *id)
            .and_then(|row| row.root))
    }

    /// Waits while the running node honours a ticket; who was admitted, if somebody was.
    pub fn await_invitation(
        &mut self,
        id: &[u8; 16],
        ask: &mut dyn FnMut(&Compared) -> Option<bool>,
    ) -> Result<Option<RootKey>, Failure> {
        let mut shown = None;
        loop {
            if self
                .store
                .open_tickets(now())?
                .iter()
                .all(|row| row.id != *id)
            {
                return self.spent_by(id);
            }
            for row in self.store.pairings()? {
                if row.ticket == *id && row.answer.is_none() && shown != Some(row.id) {
                    shown = Some(row.id);
                    let about = Compared {
                        root: row.root,
                        name: row.name,
                        english: words_of(&row.digest, Words::English).join(" "),
                        japanese: words_of(&row.digest, Words::Japanese).join(" "),
                        joining: false,
                    };
                    if let Some(same) = ask(&about) {
                        self.store.answer_pairing(row.id, same)?;
                    }
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    }

    /// This node's invitations; the flag says whether one may still be used.
    pub fn invitations(&self) -> Result<Vec<(TicketRow, bool)>, Failure> {
        let now = now();
        let all = self.store.tickets()?.into_iter();
        Ok(all
            .map(|ticket| {
                let open = ticket.state == "open" && now < ticket.expires;
                (ticket, open)
            })
            .collect())
    }

    /// Takes an invitation back, named by the beginning of its id.
    pub fn withdraw_invitation(&mut self, id: &str) -> Result<TicketRow, Failure> {
        let unknown = || Failure::new("ticket-unknown", Exit::Failed).with("id", id);
        let hex = |row: &TicketRow| data_encoding::HEXLOWER.encode(&row.id);
        let all = self.store.tickets()?;
        let mut found = all
            .into_iter()
            .filter(|row| id.len() >= 4 && hex(row).starts_with(id));
        let row = found.next().ok_or_else(unknown)?;
        if !self.store.withdraw_ticket(&row.id)? {
            return Err(unknown());
        }
        Ok(row)
    }

    /// What a joiner brings for a ticket.
    fn joining(&self, ticket: &Ticket, name: &str) -> Result<Joining, Failure> {
        crate::node::circle::membership::valid_name(name)?;
        if ticket.issuer == self.root {
            return Err(Failure::new("ticket-own", Exit::Usage));
        }
        Ok(Joining {
            secret: ticket.secret,
            ticket: ticket.id,
            far: ticket.far.clone(),
            request: JoinRequest {
                issuer: ticket.issuer,
                card: self.card()?,
                name: name.to_owned(),
            },
        })
    }

    /// Goes onto the network to join by a ticket, where its issuer may be.
    pub fn join_options(
        &self,
        options: &mut NetOptions,
        ticket: &Ticket,
        name: &str,
    ) -> Result<(), Failure> {
        if options.offline {
            return Err(Failure::new("sync-offline", Exit::Usage));
        }
        options.port = 0;
        options.join = Some(self.joining(ticket, name)?);
        let near = ticket.addresses.iter().map(ToString::to_string);
        options.peers.extend(near);
        options
            .peers
            .extend(ticket.far.iter().map(ToString::to_string));
        Ok(())
    }

    /// A person on this side read the words of the other side: they are compared with every pairing that waits here.
    pub fn confirm_words(&mut self, words: &str) -> Result<PairingRow, Failure> {
        let said = normal(words);
        let waiting = self.store.pairings()?;
        let waiting = waiting.into_iter().filter(|row| row.answer.is_none());
        let mut last = None;
        for row in waiting {
            let lists = [Words::English, Words::Japanese];
            let same = lists
                .iter()
                .any(|list| normal(&words_of(&row.digest, *list).join(" ")) == said);
            if same {
                self.store.answer_pairing(row.id, true)?;
                return Ok(row);
            }
            last = Some(row);
        }
        let Some(row) = last else {
            return Err(Failure::new("pairing-none", Exit::Failed));
        };
        // Other words are another connection, or another person: this one ends.
        self.store.answer_pairing(row.id, false)?;
        Err(Failure::new("pairing-words-differ", Exit::Refused))
    }
}

fn normal(words: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let words: Vec<String> = words
        .split_whitespace()
        .map(|word| word.nfc().collect())
        .collect();
    words.join(" ").to_lowercase()
}

impl Hub<'_> {
    /// Somebody with a ticket asks, or this node asked: a person compares.
    pub fn compare(&mut self, id: u64, request: Request, digest: [u8; 32]) -> Result<(), Failure> {
        if self.pairing.is_some() {
            self.say(id, Input::Close);
            return Ok(());
        }
        let row = self.node.store.add_pairing(
            &request.ticket,
            &request.root,
            &request.name,
            &digest,
            now(),
        )?;
        let about = Compared {
            root: request.root,
            name: request.name,
            english: words_of(&digest, Words::English).join(" "),
            japanese: words_of(&digest, Words::Japanese).join(" "),
            joining: self.options.join.is_some(),
        };
        self.tell(
            "pairing",
            json!({"root": about.root, "name": about.name, "words": about.english, "words_ja": about.japanese}),
        );
        self.pairing = Some(Pairing {
            connection: id,
            row,
            shown: false,
            about,
        });
        Ok(())
    }

    /// Whether a person has said something.
    pub fn look_at_pairing(
        &mut self,
        ask: &mut dyn FnMut(&Compared) -> Option<bool>,
    ) -> Result<(), Failure> {
        let Some(pairing) = &mut self.pairing else {
            return Ok(());
        };
        let (connection, row) = (pairing.connection, pairing.row);
        if !std::mem::replace(&mut pairing.shown, true)
            && let Some(same) = ask(&pairing.about)
        {
            self.node.store.answer_pairing(row, same)?;
        }
        let rows = self.node.store.pairings()?;
        match rows.iter().find(|it| it.id == row).and_then(|it| it.answer) {
            None => {}
            Some(true) => {
                // Said once: the row stays until the session has ended.
                if let Some(pairing) = self.pairing.take() {
                    self.say(connection, Input::Confirm);
                    self.confirmed.insert(connection, pairing.row);
                }
            }
            Some(false) => {
                // Said once: what ends the session ends the pairing.
                if let Some(pairing) = self.pairing.take() {
                    self.confirmed.insert(connection, pairing.row);
                }
                self.say(connection, Input::Deny);
            }
        }
        Ok(())
    }

    /// A session ended; whether words were compared in it.
    pub fn pairing_ended(&mut self, connection: u64) -> Result<bool, Failure> {
        let mut row = self.confirmed.remove(&connection);
        if self
            .pairing
            .as_ref()
            .is_some_and(|pairing| pairing.connection == connection)
        {
            row = self.pairing.take().map(|pairing| pairing.row);
        }
        if let Some(row) = row {
            self.node.store.end_pairing(row)?;
        }
        Ok(row.is_some())
    }

    /// Both confirmed: the ticket is spent and the admission written.
    pub fn admit(&mut self, id: u64, card: KeyCard, request: Request) -> Result<(), Failure> {
        let ticket = self.node.store.open_tickets(now())?;
        let Some(ticket) = ticket
            .into_iter()
            .find(|ticket| ticket.id == request.ticket)
        else {
            // Withdrawn, expired or used while people compared.
            self.say(id, Input::Close);
            return Ok(());
        };
        let circle = self.node.store.circle(&ticket.circle)?;
        if !self
            .node
            .store
            .spend_ticket(&ticket.id, &request.root, now())?
        {
            self.say(id, Input::Close);
            return Ok(());
        }
        if !circle.state.is_active(&request.root) {
            let (key, certificate) = self.node.identity().sign_key()?;
            let owner = OwnFeed {
                root: self.node.root,
                signer: &key,
                certificate,
            };
            let body = Body::Admit {
                root: request.root,
                name: free_name(&circle, &request),
                lifts: vec![],
                feeds: vec![],
            };
            let statements = card.statements();
            self.node
                .store
                .decide(&circle.id, &owner, statements, &[body.into()], now())?;
        }
        let line = json!({
            "what": "admit", "state": "done", "circle": circle.state.name, "root": request.root,
            "ticket": data_encoding::HEXLOWER.encode(&ticket.id), "road": self.road(id),
        });
        self.node.store.audit(now(), &line)?;
        self.tell(
            "admitted",
            json!({"root": request.root, "circle": circle.id}),
        );
        tracing::info!(root = %request.root.short(), "admitted by ticket");
        let chain = self.chain(&circle.id)?;
        self.peer_addresses.stale();
        self.pairs.stale();
        self.changed(&[circle.id].into());
        self.say(
            id,
            Input::Admitted {
                circle: circle.id,
                chain,
            },
        );
        Ok(())
    }
}

/// The name that was asked for, or one beside it that nobody has.
fn free_name(circle: &CircleView, request: &Request) -> String {
    let taken = |name: &str| {
        let mut others = circle
            .state
            .members
            .iter()
            .filter(|(root, _)| **root != request.root);
        others.any(|(_, member)| member.name == name)
    };
    let mut name = request.name.clone();
    let mut number = 2;
    while taken(&name) {
        name = format!("{} {number}", request.name);
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_as_people_write_them() {
        assert_eq!(
            normal("  Globe  estate\nGAIN "),
            normal("globe estate gain")
        );
    }
}
