//! The beginning of a session: recognise, prove, convince; or, with a ticket, pair.
//!
//! Call order of frames (client left, server right):
//!
//! ```text
//! HELLO ->                   a tag of every pair and ticket, padded
//!          <- HELLO, AUTH    tags of what both know, the rest is random; AUTH only after a match
//! AUTH, VERDICT ->           the server has proven itself, and is a member in my eyes
//!          <- VERDICT        of the client in each circle in common; 2 asks for a chain
//! CHAIN -> <- VERDICT        only when asked for
//! ```
//!
//! Without a match the client sends INTRODUCE, whatever it has to say, and the server answers with a second HELLO:
//! a tag and AUTH, if it believes it, or random numbers.
//!
//! A side that finds nothing in common, or refuses, closes and says nothing more.

mod pairing;

use std::collections::BTreeMap;

use crate::identity::{KeyCard, Verified};
use crate::record::{CircleId, RootKey, Statement};

use super::event::{
    Chain, Closed, Input, Offer, Output, Request, Setup, Subject, Verdict, Violation,
};
use super::frame::{Frame, VERSION};
use super::hello::{self, Side, Tag};
use super::limits;
use super::session::batches;

/// Where the handshake stands.
pub(super) enum Stage {
    Hello,
    /// The client, unknown, asks its owner what to say.
    Introducing,
    /// The server waits for what an unknown client has to say.
    AwaitIntroduction,
    /// The owner looks at it.
    Looking,
    /// I wait for the other's AUTH.
    AwaitAuth,
    /// The server waits for the client's verdict, which comes behind its AUTH.
    AwaitVerdict,
    /// The owner judges the other.
    Judging,
    /// I sent AUTH and wait for the verdict.
    Proving,
    /// Pairing: I wait for the joiner's request.
    AwaitJoin,
    /// Pairing: people compare words.
    Pairing {
        mine: bool,
        theirs: bool,
    },
    /// Pairing: the owner writes the admission, or the joiner waits for it.
    Admitting,
    Done,
}

/// What the handshake comes to.
pub(super) enum Step {
    Go,
    Open,
    Close(Closed),
}

pub(super) struct Handshake {
    pub stage: Stage,
    pub setup: Setup,
    /// The client has said who it is to whoever may know it.
    introduced: bool,
    /// What both know, in the order of the client's tags: pairs of one root, or one ticket.
    pub common: Vec<Subject>,
    pub peer: Option<(RootKey, [u8; 8])>,
    certificate: Option<Verified<Statement>>,
    /// The owner's verdicts on the peer, by number.
    verdicts: BTreeMap<u64, Option<Verdict>>,
    chains: BTreeMap<u64, Chain>,
    chains_asked: bool,
    chain_bytes: usize,
    /// The peer's final verdict on me.
    accepted: Vec<bool>,
    /// Chains that the owner still owes me to send.
    owing: usize,
    request: Option<(KeyCard, Request)>,
}

impl Handshake {
    pub fn new(setup: Setup) -> Self {
        Self {
            stage: Stage::Hello,
            setup,
            introduced: false,
            common: Vec::new(),
            peer: None,
            certificate: None,
            verdicts: BTreeMap::new(),
            chains: BTreeMap::new(),
            chains_asked: false,
            chain_bytes: 0,
            accepted: Vec::new(),
            owing: 0,
            request: None,
        }
    }

    /// The client's first frame.
    pub fn start(&self, frames: &mut Vec<Frame>) {
        if self.setup.side == Side::Client {
            let tags = self.setup.offers.iter();
            let tags = tags.map(|offer| self.tag(&offer.secret, Side::Client));
            frames.push(Frame::Hello {
                version: VERSION,
                tags: hello::padded(tags.collect(), &self.setup.seed),
            });
        }
    }

    fn tag(&self, secret: &[u8; 32], side: Side) -> Tag {
        hello::tag(secret, &self.setup.exporter, side)
    }

    fn auth(&self) -> Frame {
        let proof = &self.setup.proof;
        Frame::Auth {
            key: proof.key,
            certificate: proof.certificate.clone(),
            instance: proof.instance,
            signature: proof.signature,
        }
    }

    pub fn frame(
        &mut self,
        frame: Frame,
        frames: &mut Vec<Frame>,
        outputs: &mut Vec<Output>,
    ) -> Step {
        match (&self.stage, frame) {
            (Stage::Hello, Frame::Hello { version, tags }) => {
                self.hello(version, &tags, frames, outputs)
            }
            (Stage::AwaitIntroduction, Frame::Introduce(sealed)) => {
                self.stage = Stage::Looking;
                let exporter = self.setup.exporter;
                outputs.push(Output::Introduced { exporter, sealed });
                Step::Go
            }
            (
                Stage::AwaitAuth,
                Frame::Auth {
                    key,
                    certificate,
                    instance,
                    signature,
                },
            ) => {
                let exporter = &self.setup.exporter;
                let side = self.setup.side.other();
                let proven =
                    hello::proven(&key, &certificate, &instance, &signature, exporter, side);
                let Some((root, statement)) = proven else {
                    return Step::Close(Closed::Refused);
                };
                self.peer = Some((root, instance));
                if let Some(request) = self.setup.request.clone() {
                    return self.ask_to_join(&request, root, frames, outputs);
                }
                // Who was recognised is who has to prove it.
                if self.expected() != Some(root) {
                    return Step::Close(Closed::Refused);
                }
                self.certificate = Some(statement);
                if self.setup.side == Side::Server {
                    self.stage = Stage::AwaitVerdict;
                    return Step::Go;
                }
                self.stage = Stage::Judging;
                self.judge(outputs);
                Step::Go
            }
            (Stage::AwaitVerdict, Frame::Verdict(values)) => {
                if values.len() != self.common.len() || values.iter().any(|value| *value > 1) {
                    return Step::Close(Closed::Wrong(Violation::Verdict));
                }
                self.accepted = values.iter().map(|value| *value == 1).collect();
                if !self.accepted.contains(&true) {
                    return Step::Close(Closed::Refused);
                }
                self.stage = Stage::Judging;
                self.judge(outputs);
                Step::Go
            }
            (Stage::Proving, Frame::Verdict(values)) => {
                self.verdict_on_me(&values, frames, outputs)
            }
            (
                Stage::Judging,
                Frame::Chain {
                    circle,
                    last,
                    statements,
                    records,
                },
            ) => self.chain(circle, last, (statements, records), frames, outputs),
            (
                Stage::Admitting,
                Frame::Chain {
                    statements,
                    records,
                    ..
                },
            ) if self.setup.request.is_some() => {
                if !self.hold(0, statements, records) {
                    return Step::Close(Closed::Wrong(Violation::LongChain));
                }
                Step::Go
            }
            (Stage::AwaitJoin, Frame::Join { card, name, proof }) => {
                self.joiner(&card, name, &proof, outputs)
            }
            (Stage::Pairing { mine, .. }, Frame::Confirm) => {
                self.stage = Stage::Pairing {
                    mine: *mine,
                    theirs: true,
                };
                self.paired(outputs);
                Step::Go
            }
            (Stage::Admitting, Frame::Admitted { circle }) if self.setup.request.is_some() => {
                let chain = self.chains.remove(&0).unwrap_or_default();
                self.stage = Stage::Done;
                outputs.push(Output::Joined {
                    circle: CircleId(circle),
                    chain,
                });
                Step::Go
            }
            _ => Step::Close(Closed::Wrong(Violation::OutOfTurn)),
        }
    }

    fn hello(
        &mut self,
        version: u64,
        tags: &[Tag],
        frames: &mut Vec<Frame>,
        outputs: &mut Vec<Output>,
    ) -> Step {
        let server = self.setup.side == Side::Server;
        let theirs = self.setup.side.other();
        let known = |offer: &&Offer| tags.binary_search(&self.tag(&offer.secret, theirs)).is_ok();
        let common = one_of(self.setup.offers.iter().filter(known).copied().collect());
        let mut common: Vec<(Tag, Offer)> = common
            .into_iter()
            .map(|offer| (self.tag(&offer.secret, Side::Client), offer))
            .collect();
        common.sort_by_key(|(tag, _)| *tag);
        common.truncate(limits::COMMON);
        if server {
            let mine = common.iter();
            let mine = mine.map(|(_, offer)| self.tag(&offer.secret, Side::Server));
            let tags = hello::padded(mine.collect(), &self.setup.seed);
            frames.push(Frame::Hello {
                version: VERSION,
                tags,
            });
        }
        let common: Vec<Subject> = common.into_iter().map(|(_, offer)| offer.subject).collect();
        let first = common.first().copied();
        if first == Some(Subject::Own) {
            return Step::Close(Closed::Myself);
        }
        self.common = common;
        if self.common.is_empty() {
            if server {
                self.stage = Stage::AwaitIntroduction;
                return Step::Go;
            }
            if std::mem::replace(&mut self.introduced, true) {
                return Step::Close(Closed::Stranger);
            }
            self.stage = Stage::Introducing;
            let exporter = self.setup.exporter;
            outputs.push(Output::Introduce { exporter });
            return Step::Go;
        }
        if version != VERSION {
            return Step::Close(Closed::Version(version));
        }
        let pairing = matches!(first, Some(Subject::Ticket(_)));
        if server {
            // The client showed that it is one of two who can know the tag.
            frames.push(self.auth());
        }
        self.stage = match (server, pairing) {
            (true, true) => Stage::AwaitJoin,
            _ => Stage::AwaitAuth,
        };
        Step::Go
    }

    /// The server's second HELLO: a tag if the owner believes what an unknown client said, else noise again.
    fn recognised(&mut self, offer: Option<Offer>, frames: &mut Vec<Frame>) -> Step {
        let mine = offer.iter().map(|it| self.tag(&it.secret, Side::Server));
        // Other noise than the first time: what stays the same would tell it from a tag.
        let seed = blake3::keyed_hash(&self.setup.seed, b"again");
        let tags = hello::padded(mine.collect(), seed.as_bytes());
        frames.push(Frame::Hello {
            version: VERSION,
            tags,
        });
        let Some(offer) = offer else {
            return Step::Close(Closed::Stranger);
        };
        self.common = vec![offer.subject];
        frames.push(self.auth());
        self.stage = Stage::AwaitAuth;
        Step::Go
    }

    /// Whom the tags stand for.
    fn expected(&self) -> Option<RootKey> {
        self.common.iter().find_map(|subject| match subject {
            Subject::Pair { root, .. } => Some(*root),
            _ => None,
        })
    }

    fn number(&self, circle: CircleId) -> Option<u64> {
        let mut common = self.common.iter();
        let at = common.position(|it| it.circle() == Some(circle));
        at.map(|at| at as u64)
    }

    /// Asks the owner about the peer in every circle; the server only in those in which it was accepted itself.
    fn judge(&mut self, outputs: &mut Vec<Output>) {
        let (Some((root, _)), Some(certificate)) = (self.peer, &self.certificate) else {
            return;
        };
        for (number, subject) in (0..).zip(&self.common) {
            let Some(circle) = subject.circle() else {
                continue;
            };
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            if self.accepted.get(at) == Some(&false) {
                self.verdicts.insert(number, Some(Verdict::No));
                continue;
            }
            self.verdicts.insert(number, None);
            outputs.push(Output::Judge {
                circle,
                root,
                certificate: certificate.clone(),
                chain: None,
            });
        }
    }

    fn judged(&mut self, circle: CircleId, verdict: Verdict, frames: &mut Vec<Frame>) -> Step {
        let Some(number) = self.number(circle) else {
            return Step::Go;
        };
        // Who brought a chain and is still unknown is not known better by a second one; and a server that I do not hold
        // for a member convinces me of nothing.
        let verdict = match verdict {
            Verdict::Unknown if self.chains_asked || self.setup.side == Side::Client => Verdict::No,
            other => other,
        };
        self.verdicts.insert(number, Some(verdict));
        let all: Option<Vec<Verdict>> = self.verdicts.values().copied().collect();
        let Some(all) = all else { return Step::Go };
        if all.iter().all(|verdict| *verdict == Verdict::No) {
            return Step::Close(Closed::Refused);
        }
        let values = all.iter().map(|verdict| *verdict as u64).collect();
        if self.setup.side == Side::Client {
            frames.push(self.auth());
            frames.push(Frame::Verdict(values));
            self.stage = Stage::Proving;
            return Step::Go;
        }
        frames.push(Frame::Verdict(values));
        if all.contains(&Verdict::Unknown) {
            self.chains_asked = true;
            return Step::Go;
        }
        self.open()
    }

    fn hold(&mut self, circle: u64, statements: Vec<Vec<u8>>, records: Vec<Vec<u8>>) -> bool {
        let all = statements.iter().chain(&records);
        // What lies around a small item counts too.
        self.chain_bytes += all.map(|item| item.len() + 64).sum::<usize>();
        let chain = self.chains.entry(circle).or_default();
        chain.statements.extend(statements);
        chain.records.extend(records);
        self.chain_bytes <= limits::CHAIN_BYTES
    }

    fn chain(
        &mut self,
        circle: u64,
        last: bool,
        (statements, records): (Vec<Vec<u8>>, Vec<Vec<u8>>),
        _frames: &mut Vec<Frame>,
        outputs: &mut Vec<Output>,
    ) -> Step {
        let asked = self.verdicts.get(&circle) == Some(&Some(Verdict::Unknown));
        if !self.chains_asked || !asked {
            return Step::Close(Closed::Wrong(Violation::UnaskedChain));
        }
        if !self.hold(circle, statements, records) {
            return Step::Close(Closed::Wrong(Violation::LongChain));
        }
        if last {
            let (Some((root, _)), Some(certificate)) = (self.peer, &self.certificate) else {
                return Step::Close(Closed::Wrong(Violation::OutOfTurn));
            };
            let subject = usize::try_from(circle)
                .ok()
                .and_then(|at| self.common.get(at));
            if let Some(id) = subject.and_then(Subject::circle) {
                self.verdicts.insert(circle, None);
                outputs.push(Output::Judge {
                    circle: id,
                    root,
                    certificate: certificate.clone(),
                    chain: self.chains.remove(&circle),
                });
            }
        }
        Step::Go
    }

    fn verdict_on_me(
        &mut self,
        values: &[u64],
        _frames: &mut Vec<Frame>,
        outputs: &mut Vec<Output>,
    ) -> Step {
        if values.len() != self.common.len() || self.owing > 0 {
            return Step::Close(Closed::Wrong(Violation::Verdict));
        }
        if values.contains(&2) {
            if self.chains_asked_of_me() {
                return Step::Close(Closed::Wrong(Violation::ChainTwice));
            }
            for ((number, subject), value) in (0..).zip(&self.common).zip(values) {
                let mine = self.verdicts.get(&number).copied().flatten();
                if let (Some(circle), 2) = (subject.circle(), value) {
                    // Only whom I hold for an active member of this circle I tell about it.
                    if mine != Some(Verdict::Yes) {
                        return Step::Close(Closed::Wrong(Violation::Verdict));
                    }
                    self.owing += 1;
                    outputs.push(Output::Chain { circle });
                }
            }
            // Marks that they were asked for.
            self.accepted = vec![false];
            return Step::Go;
        }
        self.accepted = values.iter().map(|value| *value == 1).collect();
        self.open()
    }

    fn chains_asked_of_me(&self) -> bool {
        !self.accepted.is_empty()
    }

    fn open(&mut self) -> Step {
        self.stage = Stage::Done;
        if self.circles().next().is_none() {
            return Step::Close(Closed::Refused);
        }
        Step::Open
    }

    /// The circles in which both accepted each other, with their numbers.
    pub fn circles(&self) -> impl Iterator<Item = (u64, CircleId)> {
        let all = (0..).zip(&self.common).zip(&self.accepted);
        all.filter_map(|((number, subject), accepted)| {
            let mine = self.verdicts.get(&number).copied().flatten();
            let both = *accepted && mine == Some(Verdict::Yes);
            Some((number, subject.circle().filter(|_| both)?))
        })
    }

    pub fn input(
        &mut self,
        input: Input,
        frames: &mut Vec<Frame>,
        outputs: &mut Vec<Output>,
    ) -> Step {
        match (&self.stage, input) {
            (Stage::Introducing, Input::Introduction(sealed)) => {
                frames.push(Frame::Introduce(sealed));
                self.stage = Stage::Hello;
            }
            (Stage::Looking, Input::Recognised(offer)) => return self.recognised(offer, frames),
            (Stage::Judging, Input::Verdict { circle, verdict }) => {
                return self.judged(circle, verdict, frames);
            }
            (Stage::Proving, Input::Chain { circle, chain }) if self.owing > 0 => {
                if let Some(number) = self.number(circle) {
                    self.owing -= 1;
                    send_chain(number, chain, frames);
                }
            }
            (Stage::Pairing { theirs, .. }, Input::Confirm) => {
                let theirs = *theirs;
                frames.push(Frame::Confirm);
                self.stage = Stage::Pairing { mine: true, theirs };
                self.paired(outputs);
            }
            (Stage::Pairing { .. } | Stage::AwaitJoin, Input::Deny) => {
                return Step::Close(Closed::Denied);
            }
            (Stage::Admitting, Input::Admitted { circle, chain }) => {
                send_chain(0, chain, frames);
                frames.push(Frame::Admitted { circle: circle.0 });
                self.stage = Stage::Done;
            }
            _ => {}
        }
        Step::Go
    }
}

fn send_chain(circle: u64, chain: Chain, frames: &mut Vec<Frame>) {
    let statements = batches(chain.statements);
    let records = batches(chain.records);
    for statements in statements {
        frames.push(Frame::Chain {
            circle,
            last: false,
            statements,
            records: Vec::new(),
        });
    }
    for records in records {
        frames.push(Frame::Chain {
            circle,
            last: false,
            statements: Vec::new(),
            records,
        });
    }
    frames.push(Frame::Chain {
        circle,
        last: true,
        statements: Vec::new(),
        records: Vec::new(),
    });
}

/// Of what was recognised, what one session is about: a ticket, or this node itself, or the pairs of one root.
fn one_of(mut known: Vec<Offer>) -> Vec<Offer> {
    let alone = |it: &Offer| !matches!(it.subject, Subject::Pair { .. });
    if let Some(at) = known.iter().position(alone) {
        return vec![known.swap_remove(at)];
    }
    let Some(Subject::Pair { root: first, .. }) = known.first().map(|it| it.subject) else {
        return known;
    };
    known.retain(|it| matches!(it.subject, Subject::Pair { root, .. } if root == first));
    known.sort_by_key(|it| it.subject.circle());
    known.dedup_by_key(|it| it.subject.circle());
    known
}
