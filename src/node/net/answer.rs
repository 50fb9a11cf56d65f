//! The answers to what sessions ask, and what happens with what they bring.

use serde_json::json;

use crate::fold::{self, Authority};
use crate::identity::{Verified, fingerprint};
use crate::record::{Ack, CircleId, Record, Role, RootKey, Statement};
use crate::store::{Batch, Join, OwnFeed, Receipt, Source, Standing};
use crate::sync::{Chain, Holdings, Input, Output, Verdict, limits};

use super::hub::Hub;
use super::proof::{Arrived, Convinced, Facts};
use super::record_pages::Pages;
use crate::node::admit::{Admission, Admitted, Occasion};
use crate::node::clock::now;
use crate::node::{Exit, Failure};

/// Records of a peer that did not decode or verify, after which it is not spoken with.
const REFUSED: u64 = 64;

impl Hub<'_> {
    /// Answers one question or takes in one piece of news.
    pub fn answer(&mut self, id: u64, output: Output) -> Result<(), Failure> {
        match output {
            Output::Judge {
                circle,
                root,
                certificate,
                // One that brings a chain is verified on its way here, and comes as `Work::Judge`.
                chain: _,
            } => self.give_verdict(id, circle, &root, &certificate, None)?,
            Output::Introduce { exporter } => {
                let sealed = self.introduction(&exporter)?;
                self.say(id, Input::Introduction(sealed));
            }
            Output::Introduced { exporter, sealed } => {
                let offer = self.introduced(&exporter, &sealed)?;
                self.say(id, Input::Recognised(offer));
            }
            Output::Chain { circle } => {
                let chain = self.chain(&circle)?;
                self.say(id, Input::Chain { circle, chain });
            }
            Output::Opened {
                root,
                instance,
                circles,
            } => self.opened(id, root, instance, circles)?,
            Output::State { circle, peer } => {
                let state = Box::new(self.state(&circle, &peer)?);
                self.say(id, Input::State { circle, state });
            }
            Output::Ids { circle } => {
                let outline = self.node.store.outline(&circle)?;
                let ids = outline.statements.iter().map(|id| id.0).collect();
                self.say(id, Input::Ids { circle, ids });
            }
            Output::Statements { circle, known } => {
                let mut ids = self.node.store.outline(&circle)?.statements;
                ids.retain(|id| {
                    let start = id.0.first_chunk().copied().unwrap_or_default();
                    known.binary_search(&start).is_err()
                });
                let statements = self.node.store.statement_bytes(&ids)?;
                self.say(id, Input::Statements { circle, statements });
            }
            Output::Fill {
                circle,
                theirs,
                wanted,
            } => {
                let mut mine = self.node.store.outline(&circle)?.frontier;
                // What I wrote since a fork by accident waits until the other end has shown what it holds of it.
                let strange = self.node.store.strange_feeds(&self.node.root, &theirs)?;
                mine.0.retain(|feed, _| !strange.contains(feed));
                let pages = Pages::new(&self.node.store, &circle, mine, &theirs, &wanted)?;
                self.begin_sending(id, &circle, pages.planned())?;
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.pages.insert(circle, pages);
                }
                self.page(id, circle)?;
            }
            Output::More { circle } => self.page(id, circle)?,
            // Verified on their way here, they come as `Work::Arrived`, `Work::Acknowledged` and `Work::Joined`.
            Output::Arrived { .. } | Output::Ack { .. } | Output::Joined { .. } => {}
            Output::Places { circle, nodes } => {
                self.hear_places(id, circle, nodes)?;
                self.say(id, Input::Placed);
            }
            Output::InStep { circle } => self.came_in_step(id, circle),
            Output::Serve {
                circle,
                id: ask,
                blob,
                part,
            } => self.serve((id, ask), circle, blob, part)?,
            Output::Got { id: ask, bytes } => self.got(id, ask, Some(bytes))?,
            Output::Lacking { id: ask } => self.got(id, ask, None)?,
            Output::Compare { request, digest } => self.compare(id, request, digest)?,
            Output::Admit { card, request } => self.admit(id, card, request)?,
        }
        Ok(())
    }

    /// Judges a peer with the chain that it brought.
    pub fn convinced(&mut self, it: Convinced) -> Result<(), Failure> {
        self.give_verdict(it.id, it.circle, &it.root, &it.certificate, Some(it.facts))
    }

    /// Tells a session whether its peer may be spoken with in a circle.
    fn give_verdict(
        &mut self,
        id: u64,
        circle: CircleId,
        root: &RootKey,
        certificate: &Verified<Statement>,
        facts: Option<Facts>,
    ) -> Result<(), Failure> {
        let verdict = self.judge(self.road(id), &circle, root, certificate, facts)?;
        self.say(id, Input::Verdict { circle, verdict });
        Ok(())
    }

    /// Whether a root may be spoken with in a circle.
    fn judge(
        &mut self,
        road: &'static str,
        circle: &CircleId,
        root: &RootKey,
        certificate: &Verified<Statement>,
        facts: Option<Facts>,
    ) -> Result<Verdict, Failure> {
        if self.node.store.opinion(root)?.blocked {
            return Ok(Verdict::No);
        }
        let key = match &certificate.value().claim {
            crate::record::Claim::Certificate { key, .. } => *key,
            _ => return Ok(Verdict::No),
        };
        let mut directory = self.node.store.directory()?;
        directory.insert(certificate.clone());
        let (mut statements, records) = facts.unwrap_or_default();
        for statement in &statements {
            directory.insert(statement.clone());
        }
        let stands = directory
            .standing(root, Role::Transport)
            .any(|(_, standing)| standing == key);
        if !stands {
            return Ok(Verdict::No);
        }
        let verdict = |state: &Authority| match state.members.get(root) {
            Some(member) if member.suspension.is_none() => Verdict::Yes,
            Some(_) => Verdict::No,
            None => Verdict::Unknown,
        };
        let known = verdict(&self.node.store.outline(circle)?.state);
        if known != Verdict::Unknown || records.is_empty() {
            return Ok(known);
        }
        let mut candidate = self.node.store.history(circle)?;
        for statement in &statements {
            candidate.add_statement(statement.clone());
        }
        for record in &records {
            candidate.add_record(record.clone());
        }
        let judged = verdict(&fold::evaluate(&candidate).1);
        if judged == Verdict::Yes {
            statements.push(certificate.clone());
            self.take(road, circle, root, statements, records)?;
        }
        Ok(judged)
    }

    /// What convinces others of this node's own admission.
    pub fn chain(&self, circle: &CircleId) -> Result<Chain, Failure> {
        let ids = self.node.store.outline(circle)?.statements;
        let statements = self.node.store.statement_bytes(&ids)?;
        let used: usize = statements
            .iter()
            .map(|statement| statement.len() + 64)
            .sum();
        let room = limits::CHAIN_BYTES.saturating_sub(used);
        Ok(Chain {
            records: self.node.store.chain(circle, room)?,
            statements,
        })
    }

    fn state(&mut self, circle: &CircleId, peer: &RootKey) -> Result<Holdings, Failure> {
        let me = self.node.root;
        let said = self.node.store.ack(circle, &me, peer)?;
        let heard = self.node.store.ack(circle, peer, &me)?;
        let (secret, certificate) = self.node.identity().sign_key()?;
        let owner = OwnFeed {
            root: me,
            signer: &secret,
            certificate,
        };
        let missing = self.downloads.wanted(circle);
        let (ack, _) = self
            .node
            .store
            .acknowledge(circle, &owner, peer, &missing)?;
        Ok(Holdings {
            ack: ack.into_signed(),
            said: said.map(|ack| ack.value().clone()),
            heard: heard.map(|ack| ack.value().clone()),
        })
    }

    /// Says in the audit trail what will leave, before it does.
    fn begin_sending(&mut self, id: u64, circle: &CircleId, count: u64) -> Result<(), Failure> {
        let root = self.connections.root(id);
        if let (Some(root), 1..) = (root, count) {
            let name = self.node.store.outline(circle)?.state.name;
            let line = json!({
                "what": "sync", "state": "begun", "circle": name, "to": [self.called(&root)],
                "records": count, "road": self.road(id),
            });
            let begun = self.node.store.audit(now(), &line)?;
            if let Some(connection) = self.connections.get_mut(id) {
                connection.begun.insert(*circle, begun);
            }
        }
        Ok(())
    }

    fn page(&mut self, id: u64, circle: CircleId) -> Result<(), Failure> {
        let Some(connection) = self.connections.get_mut(id) else {
            return Ok(());
        };
        let Some(pages) = connection.pages.get_mut(&circle) else {
            return Ok(());
        };
        let (records, more) = pages.next(&self.node.store, &circle)?;
        self.report.records_out += records.len() as u64;
        let (upto, sent) = (pages.upto.clone(), pages.sent);
        if !more {
            connection.pages.remove(&circle);
            if let Some(begun) = connection.begun.remove(&circle) {
                let line =
                    json!({"what": "sync", "state": "done", "finishes": begun, "records": sent});
                self.node.store.audit(now(), &line)?;
            }
        }
        let input = Input::Records {
            circle,
            records,
            upto,
            more,
        };
        self.say(id, input);
        Ok(())
    }

    /// Takes in what came by a session, and tells it so.
    pub fn arrived(&mut self, arrived: Arrived) -> Result<(), Failure> {
        let Arrived { id, circle, .. } = arrived;
        let Some(root) = self.connections.root(id) else {
            return Ok(());
        };
        if let Some(connection) = self.connections.get_mut(id) {
            connection.refused += arrived.refused;
            if connection.refused > REFUSED {
                tracing::warn!(peer = %fingerprint(&root), "sends what does not verify");
                self.say(id, Input::Close);
                return Ok(());
            }
        }
        let (statements, records) = arrived.facts;
        self.take(self.road(id), &circle, &root, statements, records)?;
        for bytes in arrived.frames {
            self.say(id, Input::Taken { circle, bytes });
        }
        Ok(())
    }

    /// Takes in what a member brought: the one path of all roads.
    pub fn take(
        &mut self,
        road: &'static str,
        circle: &CircleId,
        from: &RootKey,
        statements: Vec<Verified<Statement>>,
        records: Vec<Verified<Record>>,
    ) -> Result<Receipt, Failure> {
        if statements.is_empty() && records.is_empty() {
            return Ok(Receipt::default());
        }
        let occasion = Occasion::Exchange {
            circle: self.node.store.outline(circle)?.state.name,
            from: self.called(from),
        };
        let authority = records.iter().any(|it| it.value().kind.is_critical());
        let members = authority || !statements.is_empty();
        let batch = Batch {
            statements,
            records,
            ..Batch::default()
        };
        let admission = Admission::new(*circle, Source::Member(*from), road, occasion);
        let Admitted { receipt, mended } = admission.whole(self.node, batch)?;
        if mended {
            tracing::warn!(
                "this home was set back: its own feed was forked, and goes on in a new one"
            );
            self.changed(&[*circle].into());
        }
        self.report.records_in += receipt.taken as u64;
        let new = receipt.taken + receipt.statements + receipt.waiting;
        if new > 0 {
            tracing::debug!(circle = %circle.short(), taken = receipt.taken, waiting = receipt.waiting, "taken in");
            self.tell(
                "records",
                json!({"circle": circle, "from": from, "taken": receipt.taken}),
            );
            self.changed(&[*circle].into());
            self.shelves_due = true;
            self.downloads.stale();
            if members {
                self.peer_addresses.stale();
                self.pairs.stale();
            }
        }
        Ok(receipt)
    }

    /// Takes in what a peer says it has; none: that did not verify.
    pub fn acknowledged(
        &mut self,
        id: u64,
        circle: &CircleId,
        ack: Option<Verified<Ack>>,
    ) -> Result<(), Failure> {
        let Some(root) = self.connections.root(id) else {
            return Ok(());
        };
        let Some(ack) = ack else {
            // A home that was set back tells its difference to another one than I hold under that number: the next
            // session tells it whole.
            self.node.store.forget_ack(circle, &root, &self.node.root)?;
            let why = "an acknowledgement does not verify";
            return Err(Failure::new("session-failed", Exit::Failed).with("error", why));
        };
        self.downloads.told(id, circle, &ack.value().wanted);
        if let Some(held) = self.node.store.ack(circle, &root, &self.node.root)?
            && held.value() == ack.value()
        {
            return Ok(());
        }
        let batch = Batch {
            acks: vec![ack],
            ..Batch::default()
        };
        let road = self.road(id);
        let occasion = Occasion::Acknowledgement;
        let admission = Admission::new(*circle, Source::Member(root), road, occasion);
        admission.whole(self.node, batch)?;
        Ok(())
    }

    /// The joiner's side: admitted.
    pub fn joined(&mut self, id: u64, circle: CircleId, facts: Facts) -> Result<(), Failure> {
        let (statements, records) = facts;
        let road = self.road(id);
        let batch = Batch {
            statements,
            records,
            join: Some(Join {
                standing: Standing::Member,
            }),
            ..Batch::default()
        };
        let me = self.node.root;
        let issuer = self
            .options
            .join
            .as_ref()
            .map_or(me, |it| it.request.issuer);
        let admission = Admission::new(circle, Source::Member(issuer), road, Occasion::Join);
        admission.whole(self.node, batch)?;
        let far = self.options.join.as_ref().and_then(|it| it.far.clone());
        if let Some(far) = far {
            self.node.add_peer(&far.to_string())?;
        }
        self.report.joined = Some(circle);
        self.shelves_due = true;
        self.say(id, Input::Close);
        Ok(())
    }
}
