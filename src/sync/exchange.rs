//! One circle within a session: who has told what, what is on its way, and what comes next.
//!
//! Both sides tell what they hold as an acknowledgement, by its difference to the one that the other still has. Each
//! then sends what the other lacks, and says when it has nothing more. `advance` is asked after everything that
//! happened; it only looks at what is known now, so no order of events is special.

use std::collections::BTreeMap;

use crate::record::{Ack, CircleId, Entry, Epoch, FeedKey, Frontier, RootKey, Signed};

use super::event::{Holdings, Output, Violation};
use super::frame::{AckFrame, Frame};
use super::limits;

pub(super) struct Exchange {
    pub circle: CircleId,
    /// The circle's number in this session.
    number: u64,
    me: RootKey,
    peer: RootKey,

    /// Something may have changed since the owner was last asked.
    dirty: bool,
    asking: bool,
    mine: Option<Signed<Ack>>,
    /// What the peer surely holds of mine.
    told: Option<Ack>,
    /// What I last told before this session, for as long as the peer has not opened.
    before: Option<Ack>,
    heard: Option<Ack>,
    opened: bool,
    peer_opened: bool,
    /// What the peer holds of mine, as it says when it opens.
    peer_has: Option<(Epoch, u64)>,
    /// The statements' hash that the peer told last.
    peer_statements: [u8; 32],

    /// The peer's hash for which its statements were asked.
    pulled_for: Option<[u8; 32]>,
    pulling: bool,
    pull_bytes: u64,
    /// My own hash when I asked last, and how many questions in a row changed nothing of it.
    pulled_at: Option<[u8; 32]>,
    fruitless: u32,
    /// My own hash for which the peer asked and was answered.
    served_for: Option<[u8; 32]>,
    /// How often it asked again for the same.
    served_again: u32,
    serving: bool,

    /// The frontier that will be the peer's when all that was sent has been taken in.
    sent: Option<Frontier>,
    refills: u32,
    wants_fill: bool,
    filling: bool,
    /// More records wait for the window.
    pub more: bool,
    frames_sent: u64,
    peer_consumed: u64,
    consumed_told: u64,
    frames_received: u64,
    records_received: u64,
    frames_taken: u64,
    /// Acknowledgements sent and received in this session.
    acks_sent: u64,
    acks_heard: u64,
    /// How many of mine the peer had heard when it last had nothing more to send.
    peer_done: Option<u64>,
    done_told: Option<u64>,
    in_step: bool,
}

impl Exchange {
    pub fn new(circle: CircleId, number: u64, me: RootKey, peer: RootKey) -> Self {
        Self {
            circle,
            number,
            me,
            peer,
            dirty: true,
            asking: false,
            mine: None,
            told: None,
            before: None,
            heard: None,
            opened: false,
            peer_opened: false,
            peer_has: None,
            peer_statements: [0; 32],
            pulled_for: None,
            pulling: false,
            pull_bytes: 0,
            pulled_at: None,
            fruitless: 0,
            served_for: None,
            served_again: 0,
            serving: false,
            sent: None,
            refills: 0,
            wants_fill: false,
            filling: false,
            more: false,
            frames_sent: 0,
            peer_consumed: 0,
            consumed_told: 0,
            frames_received: 0,
            records_received: 0,
            frames_taken: 0,
            acks_sent: 0,
            acks_heard: 0,
            peer_done: None,
            done_told: None,
            in_step: false,
        }
    }

    pub fn number(&self) -> u64 {
        self.number
    }

    /// The owner's state may be another than before.
    pub fn changed(&mut self) {
        self.dirty = true;
        self.in_step = false;
    }

    /// The owner's answer to `Output::State`.
    pub fn state(&mut self, state: Holdings) {
        self.asking = false;
        if self.mine.is_none() {
            self.before = state.said;
            self.heard = state.heard;
        }
        if self
            .mine
            .as_ref()
            .is_none_or(|mine| mine.value() != state.ack.value())
        {
            self.wants_fill = true;
        }
        self.mine = Some(state.ack);
    }

    pub fn peer_opens(
        &mut self,
        statements: [u8; 32],
        have: Option<(Epoch, u64)>,
    ) -> Result<(), Violation> {
        if self.peer_opened {
            return Err(Violation::OpenedTwice);
        }
        self.peer_opened = true;
        self.peer_statements = statements;
        self.peer_has = have;
        Ok(())
    }

    /// Puts a peer's acknowledgement together again. Its signature is the owner's affair.
    pub fn hear(&mut self, frame: AckFrame) -> Result<Signed<Ack>, Violation> {
        let base = match (&frame.base, &self.heard) {
            (None, _) => None,
            (Some(base), Some(heard)) if *base == mark(heard) => Some(heard),
            _ => return Err(Violation::UnknownBase),
        };
        let mut frontier = base.map(|ack| ack.frontier.clone()).unwrap_or_default();
        for feed in &frame.gone {
            frontier.0.remove(feed);
        }
        frontier.0.extend(frame.changed.0);
        let wanted = match frame.wanted {
            Some(wanted) => wanted,
            None => base.map(|ack| ack.wanted.clone()).unwrap_or_default(),
        };
        let ack = Ack {
            circle: self.circle,
            from: self.peer,
            feed: frame.feed,
            certificate: frame.certificate,
            to: self.me,
            epoch: frame.epoch,
            sequence: frame.sequence,
            statements: frame.statements,
            frontier,
            wanted,
        };
        if frame.consumed > self.frames_sent || frame.consumed < self.peer_consumed {
            return Err(Violation::MoreTaken);
        }
        let grown = self.heard.as_ref().map(|heard| &heard.frontier) != Some(&ack.frontier);
        self.peer_consumed = frame.consumed;
        self.peer_statements = frame.statements;
        self.acks_heard += 1;
        self.wants_fill = true;
        self.in_step = false;
        if self.peer_consumed == self.frames_sent && self.sent.is_some() && !self.filling {
            // Everything arrived: what it still lacks is sent again, but not for ever.
            self.refills = if grown { 0 } else { self.refills + 1 };
            if self.refills <= limits::REFILLS {
                self.sent = None;
            }
        }
        self.heard = Some(ack.clone());
        Ok(Signed::build(ack, |_| frame.signature))
    }

    /// A frame of records or statements came.
    pub fn received(&mut self, records: bool) {
        self.frames_received += 1;
        if records {
            self.records_received += 1;
            self.peer_done = None;
        }
        self.in_step = false;
    }

    /// The last frame of the statements that were asked for came.
    pub fn pulled(&mut self) {
        (self.pulling, self.pull_bytes) = (false, 0);
    }

    /// Statements came: only when asked for, and not without end.
    pub fn statements_weigh(&mut self, bytes: u64) -> Result<(), Violation> {
        self.pull_bytes += bytes;
        match (self.pulling, self.pull_bytes) {
            (false, 1..) => Err(Violation::UnaskedStatements),
            (_, bytes) if bytes > limits::CHAIN_BYTES as u64 => Err(Violation::TooManyStatements),
            _ => Ok(()),
        }
    }

    /// The owner took frames in.
    pub fn taken(&mut self, frames: u64) {
        self.frames_taken += frames;
        self.changed();
    }

    pub fn peer_sent(&mut self, acks: u64) -> Result<(), Violation> {
        if acks > self.acks_sent {
            return Err(Violation::MoreHeard);
        }
        self.peer_done = Some(acks);
        self.dirty |= self.frames_taken > self.consumed_told;
        Ok(())
    }

    /// The peer asks for statements: the owner is asked for those that it lacks.
    pub fn statements_asked(&mut self) -> Result<(), Violation> {
        if std::mem::replace(&mut self.serving, true) {
            return Err(Violation::AskedTwiceAtOnce);
        }
        let mine = self.mine.as_ref().map(|ack| ack.value().statements);
        self.served_again = match mine.is_some() && mine == self.served_for {
            true => self.served_again + 1,
            false => 0,
        };
        if self.served_again > limits::PULLS {
            return Err(Violation::AskedAgain);
        }
        self.in_step = false;
        Ok(())
    }

    /// The owner's statements for the peer are on their way, in so many frames.
    pub fn statements_served(&mut self, frames: u64) {
        self.serving = false;
        self.frames_sent += frames;
        self.served_for = self.mine.as_ref().map(|ack| ack.value().statements);
    }

    /// A page of records goes out in so many frames.
    pub fn records_served(&mut self, frames: u64, upto: Frontier, more: bool) {
        self.frames_sent += frames;
        self.more = more;
        if !more {
            self.filling = false;
            self.sent = Some(upto);
            self.done_told = None;
        }
    }

    /// Everything that came has been taken in, and the peer has no more for now.
    fn quiet(&self) -> bool {
        self.frames_received == self.frames_taken
            && (self.records_received == 0 || self.peer_done.is_some())
    }

    /// What comes next.
    pub fn advance(&mut self, frames: &mut Vec<Frame>, outputs: &mut Vec<Output>) {
        let circle = self.circle;
        if self.dirty && !self.asking && (self.mine.is_none() || self.quiet()) {
            (self.dirty, self.asking) = (false, true);
            outputs.push(Output::State {
                circle,
                peer: self.peer,
            });
        }
        let Some(mine) = &self.mine else { return };
        let statements = mine.value().statements;
        if !self.opened {
            self.opened = true;
            frames.push(Frame::Open {
                circle: self.number,
                statements,
                have: self.heard.as_ref().map(mark),
            });
        }
        if !self.peer_opened {
            return;
        }
        if self.acks_sent == 0 && self.told.is_none() {
            self.told = self.base();
        }
        let Some(mine) = &self.mine else { return };
        let news = self.acks_sent == 0
            || self.told.as_ref().map(mark) != Some(mark(mine.value()))
            || (self.quiet() && self.consumed_told < self.frames_taken);
        if news && !self.asking {
            frames.push(self.tell());
        }
        let differ = self.peer_statements != statements;
        let ask = differ && !self.pulling && self.pulled_for != Some(self.peer_statements);
        if ask && self.pulled_at == Some(statements) && self.fruitless >= limits::PULLS {
            // It tells new hashes and sends nothing that counts: the next session asks again.
            self.pulled_for = Some(self.peer_statements);
        } else if ask {
            self.fruitless = match self.pulled_at.replace(statements) {
                Some(before) if before == statements => self.fruitless + 1,
                _ => 0,
            };
            self.pulling = true;
            self.pulled_for = Some(self.peer_statements);
            outputs.push(Output::Ids { circle });
        }
        // Records rest on statements: they wait until the peer has mine.
        let rests = !differ || self.served_for == Some(statements);
        if self.wants_fill && !self.filling && self.acks_heard > 0 && rests {
            (self.wants_fill, self.filling) = (false, true);
            if let Some(heard) = &self.heard {
                outputs.push(Output::Fill {
                    circle,
                    theirs: self.theirs(heard),
                    wanted: heard.wanted.clone(),
                });
            }
        }
        if !self.filling
            && !self.wants_fill
            && self.acks_heard > 0
            && self.done_told != Some(self.acks_heard)
        {
            self.done_told = Some(self.acks_heard);
            frames.push(Frame::Sent {
                circle: self.number,
                acks: self.acks_heard,
            });
        }
        let in_step = !self.dirty
            && !self.asking
            && !self.pulling
            && !self.filling
            && !self.wants_fill
            && self.quiet()
            && self.consumed_told == self.frames_taken
            && self.peer_consumed == self.frames_sent
            && self.acks_sent > 0
            && self.peer_done == Some(self.acks_sent)
            && self.done_told == Some(self.acks_heard);
        if in_step && !self.in_step {
            outputs.push(Output::InStep { circle });
        }
        self.in_step = in_step;
    }

    /// What the peer named and I still have is what changes are told against.
    fn base(&self) -> Option<Ack> {
        let candidates = [
            self.mine.as_ref().map(|ack| ack.value()),
            self.before.as_ref(),
        ];
        let mut candidates = candidates.into_iter().flatten();
        candidates
            .find(|ack| self.peer_has == Some(mark(ack)))
            .cloned()
    }

    /// The peer's frontier as it will be when what was sent is taken in.
    fn theirs(&self, heard: &Ack) -> Frontier {
        let mut theirs = heard.frontier.clone();
        let Some(sent) = &self.sent else {
            return theirs;
        };
        for (feed, entry) in &sent.0 {
            let higher = match (theirs.0.get(feed), entry) {
                (None, _) => true,
                (Some(Entry::Head { height: a, .. }), Entry::Head { height: b, .. }) => b > a,
                // A fork is known to both when one has sent it and the other says so too.
                (Some(Entry::Head { .. }), Entry::Forked { .. }) => true,
                (Some(Entry::Forked { .. }), _) => false,
            };
            if higher {
                theirs.0.insert(*feed, entry.clone());
            }
        }
        theirs
    }

    /// My acknowledgement, as its difference to what the peer holds of mine.
    fn tell(&mut self) -> Frame {
        // `advance` asks only where there is one.
        let Some(mine) = &self.mine else {
            return Frame::Bye(0);
        };
        let ack = mine.value();
        let nothing = Frontier::default();
        let base = self.told.as_ref();
        let old = base.map_or(&nothing, |base| &base.frontier);
        let changed: BTreeMap<FeedKey, Entry> = ack
            .frontier
            .0
            .iter()
            .filter(|(feed, entry)| old.0.get(*feed) != Some(*entry))
            .map(|(feed, entry)| (*feed, entry.clone()))
            .collect();
        let gone = old
            .0
            .keys()
            .filter(|feed| !ack.frontier.0.contains_key(*feed));
        let same = base.map_or(ack.wanted.is_empty(), |base| base.wanted == ack.wanted);
        let frame = AckFrame {
            circle: self.number,
            consumed: self.frames_taken,
            certificate: ack.certificate,
            feed: ack.feed,
            epoch: ack.epoch,
            sequence: ack.sequence,
            statements: ack.statements,
            base: base.map(mark),
            changed: Frontier(changed),
            gone: gone.copied().collect(),
            wanted: (!same).then(|| ack.wanted.clone()),
            signature: mine.signature(),
        };
        self.told = Some(ack.clone());
        self.acks_sent += 1;
        self.consumed_told = self.frames_taken;
        Frame::Ack(Box::new(frame))
    }
}

/// What names an acknowledgement between two roots.
pub(super) fn mark(ack: &Ack) -> (Epoch, u64) {
    (ack.epoch, ack.sequence)
}
