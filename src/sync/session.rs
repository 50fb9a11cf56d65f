//! One exchange with one peer over a pair of byte streams. It holds no socket, clock or store: bytes from the peer go
//! in by `handle_bytes` (or `space` and `filled`, without a copy), the owner's answers by `handle`; bytes for the peer
//! come out of `poll_transmit`, questions and news for the owner out of `poll`.
//!
//! Call order: `new`, then in any order `handle_bytes`, `filled` and `handle`, and after each of them `poll` and `poll_transmit`
//! until both have nothing. `closed` says that the session has ended; what `poll_transmit` still has may be sent.
//! Each question (`Output`) of the kinds that name an answer (`Input`) is answered once.
//!
//! What is held for the peer is bounded by `limits`; deadlines (a handshake that does not come to an end, a silent
//! peer) belong to who owns the clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::buf::Limit;
use bytes::{Bytes, BytesMut};

use crate::record::{BlobHash, CircleId, RootKey};

use super::event::{Closed, Input, Output, Setup, Violation, Whereabouts};
use super::exchange::Exchange;
use super::frame::{Frame, Part, Phase};
use super::handshake::{Handshake, Step};
use super::limits;
use super::reader::FrameReader;

/// The exchange.
pub struct Session {
    reader: FrameReader,
    phase: Phase,
    handshake: Handshake,
    exchanges: Vec<Exchange>,
    outputs: VecDeque<Output>,
    /// Frames but pieces, in order.
    control: VecDeque<Bytes>,
    /// Pieces, each in two parts; they wait for everything else.
    bulk: VecDeque<(Bytes, Bytes)>,
    /// The second part of a piece that is on its way.
    rest: Option<Bytes>,
    queued: usize,
    /// What the peer may still be sent before it has taken something in.
    window: u64,
    /// What came and has not been taken in.
    untaken: u64,
    asked: BTreeSet<u64>,
    waiting: VecDeque<(CircleId, u64, BlobHash, Part)>,
    serving: usize,
    /// Where nodes are, as the peer told last, by circle; and whether the owner is busy with such news.
    places: BTreeMap<CircleId, Vec<Whereabouts>>,
    placing: bool,
    closed: Option<Closed>,
    received: u64,
    transmitted: u64,
}

impl Session {
    /// A session on a fresh connection.
    pub fn new(setup: Setup) -> Self {
        let mut session = Self {
            reader: FrameReader::default(),
            phase: Phase::Hello,
            handshake: Handshake::new(setup),
            exchanges: Vec::new(),
            outputs: VecDeque::new(),
            control: VecDeque::new(),
            bulk: VecDeque::new(),
            rest: None,
            queued: 0,
            window: limits::WINDOW,
            untaken: 0,
            asked: BTreeSet::new(),
            waiting: VecDeque::new(),
            serving: 0,
            places: BTreeMap::new(),
            placing: false,
            closed: None,
            received: 0,
            transmitted: 0,
        };
        let mut frames = Vec::new();
        session.handshake.start(&mut frames);
        session.send(frames);
        session
    }

    /// Why the session ended, if it did.
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Whether both sides know each other.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Who the peer proved to be.
    pub fn peer(&self) -> Option<RootKey> {
        self.handshake.peer.map(|(root, _)| root)
    }

    /// Bytes that came and went.
    pub fn traffic(&self) -> (u64, u64) {
        (self.received, self.transmitted)
    }

    /// Bytes from the peer.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        self.reader.push(bytes);
        self.filled(bytes.len());
    }

    /// Where bytes from the peer go, instead of `handle_bytes`; `filled` says how many.
    pub fn space(&mut self) -> Limit<&mut BytesMut> {
        self.reader.space()
    }

    /// So many bytes from the peer were put into `space`.
    pub fn filled(&mut self, count: usize) {
        self.received += count as u64;
        while self.closed.is_none() {
            match self.reader.next(self.phase) {
                Ok(Some(frame)) => self.frame(frame),
                Ok(None) => break,
                Err(error) => self.close(Closed::Frame(error)),
            }
        }
        self.advance();
    }

    /// The owner's answers and wishes.
    pub fn handle(&mut self, input: Input) {
        if self.closed.is_some() {
            return;
        }
        if let Err(why) = self.input(input) {
            self.close(Closed::Wrong(why));
        }
        self.advance();
    }

    /// The next question or news.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Bytes for the peer, in their order: a frame, or the first or second part of a piece.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        let next = self.rest.take().or_else(|| self.control.pop_front());
        let bytes = match next {
            Some(bytes) => bytes,
            None => {
                let (head, rest) = self.bulk.pop_front()?;
                self.rest = Some(rest).filter(|rest| !rest.is_empty());
                head
            }
        };
        self.queued -= bytes.len();
        self.transmitted += bytes.len() as u64;
        self.advance();
        Some(bytes)
    }

    fn close(&mut self, why: Closed) {
        if self.closed.is_some() {
            return;
        }
        let code = match &why {
            Closed::Here => Some(0),
            Closed::Wrong(_) | Closed::Frame(_) => Some(1),
            Closed::Version(_) => Some(2),
            Closed::Denied => Some(3),
            // Who is no member learns nothing, not even why.
            Closed::Stranger | Closed::Refused | Closed::Myself | Closed::Bye(_) => None,
        };
        // A stranger is told nothing that it could not have guessed: only known peers get a word.
        let known = self.is_open() || !self.handshake.common.is_empty();
        if let Some(code) = code.filter(|_| known) {
            self.send(vec![Frame::Bye(code)]);
        }
        self.bulk.clear();
        self.closed = Some(why);
    }

    fn send(&mut self, frames: Vec<Frame>) {
        for frame in frames {
            let (bytes, content) = frame.parts();
            self.queued += bytes.len() + content.len();
            match frame {
                Frame::Piece { .. } => self.bulk.push_back((bytes.into(), content)),
                _ => self.control.push_back(bytes.into()),
            }
        }
    }

    fn frame(&mut self, frame: Frame) {
        if let Frame::Bye(code) = frame {
            return self.close(Closed::Bye(code));
        }
        if self.phase == Phase::Open {
            if let Err(why) = self.open_frame(frame) {
                self.close(Closed::Wrong(why));
            }
            return;
        }
        let (mut frames, mut outputs) = (Vec::new(), Vec::new());
        let step = self.handshake.frame(frame, &mut frames, &mut outputs);
        self.step(step, frames, outputs);
    }

    fn step(&mut self, step: Step, frames: Vec<Frame>, outputs: Vec<Output>) {
        self.send(frames);
        self.outputs.extend(outputs);
        if self.phase == Phase::Hello && !self.handshake.common.is_empty() {
            self.phase = Phase::Auth;
        }
        match step {
            Step::Go => {}
            Step::Close(why) => self.close(why),
            Step::Open => {
                self.phase = Phase::Open;
                let (me, Some((peer, instance))) = (self.handshake.setup.root, self.handshake.peer)
                else {
                    return self.close(Closed::Refused);
                };
                let circles = self.handshake.circles();
                self.exchanges = circles
                    .map(|(number, circle)| Exchange::new(circle, number, me, peer))
                    .collect();
                self.outputs.push_back(Output::Opened {
                    root: peer,
                    instance,
                    circles: self.exchanges.iter().map(|it| it.circle).collect(),
                });
            }
        }
    }

    fn exchange(&mut self, number: u64) -> Result<&mut Exchange, Violation> {
        let found = self.exchanges.iter_mut().find(|it| it.number() == number);
        found.ok_or(Violation::UnknownCircle)
    }

    fn open_frame(&mut self, frame: Frame) -> Result<(), Violation> {
        match frame {
            Frame::Open {
                circle,
                statements,
                have,
            } => self.exchange(circle)?.peer_opens(statements, have)?,
            Frame::Ack(ack) => {
                let exchange = self.exchange(ack.circle)?;
                let circle = exchange.circle;
                let ack = exchange.hear(*ack)?;
                self.outputs.push_back(Output::Ack { circle, ack });
            }
            Frame::Ids { circle, prefixes } => {
                let exchange = self.exchange(circle)?;
                exchange.statements_asked()?;
                let circle = exchange.circle;
                let known = prefixes.as_chunks().0.to_vec();
                self.outputs.push_back(Output::Statements { circle, known });
            }
            Frame::Statements {
                circle,
                last,
                statements,
            } => {
                self.arrived(circle, statements, Vec::new())?;
                if last {
                    self.exchange(circle)?.pulled();
                }
            }
            Frame::Records { circle, records } => self.arrived(circle, Vec::new(), records)?,
            Frame::Sent { circle, acks } => self.exchange(circle)?.peer_sent(acks)?,
            Frame::Credit(bytes) => {
                self.window = self.window.saturating_add(bytes).min(limits::WINDOW);
            }
            Frame::Places { circle, nodes } => {
                let circle = self.exchange(circle)?.circle;
                // What was not asked for is not piled up: the newest takes the place of what the owner has not seen.
                self.places.insert(circle, nodes);
            }
            Frame::Ask {
                circle,
                id,
                blob,
                part,
            } => {
                let circle = self.exchange(circle)?.circle;
                if self.waiting.len() + self.serving >= limits::ASKS {
                    return Err(Violation::TooManyPieces);
                }
                self.waiting.push_back((circle, id, BlobHash(blob), part));
            }
            Frame::Piece { id, bytes } => {
                if !self.asked.remove(&id) {
                    return Err(Violation::UnaskedPiece);
                }
                self.outputs.push_back(Output::Got { id, bytes });
            }
            Frame::Lack { id } => {
                if !self.asked.remove(&id) {
                    return Err(Violation::UnaskedPiece);
                }
                self.outputs.push_back(Output::Lacking { id });
            }
            _ => return Err(Violation::OutOfTurn),
        }
        Ok(())
    }

    fn arrived(
        &mut self,
        number: u64,
        statements: Vec<Vec<u8>>,
        records: Vec<Vec<u8>>,
    ) -> Result<(), Violation> {
        let bytes = weight(&records);
        self.untaken += bytes;
        // A frame may overdraw the window by itself, and no more.
        if self.untaken > limits::WINDOW + limits::BATCH_BYTES as u64 {
            return Err(Violation::MoreSent);
        }
        let exchange = self.exchange(number)?;
        exchange.statements_weigh(weight(&statements))?;
        exchange.received(!records.is_empty());
        let circle = exchange.circle;
        self.outputs.push_back(Output::Arrived {
            circle,
            statements,
            records,
            bytes,
        });
        Ok(())
    }

    fn input(&mut self, input: Input) -> Result<(), Violation> {
        if self.phase != Phase::Open {
            match input {
                Input::Close => self.close(Closed::Here),
                input => {
                    let (mut frames, mut outputs) = (Vec::new(), Vec::new());
                    let step = self.handshake.input(input, &mut frames, &mut outputs);
                    self.step(step, frames, outputs);
                }
            }
            return Ok(());
        }
        let find = |exchanges: &mut Vec<Exchange>, circle| {
            exchanges.iter().position(|it| it.circle == circle)
        };
        match input {
            Input::State { circle, state } => {
                if let Some(at) = find(&mut self.exchanges, circle) {
                    self.exchanges[at].state(*state);
                }
            }
            Input::Changed { circle } => {
                if let Some(at) = find(&mut self.exchanges, circle) {
                    self.exchanges[at].changed();
                }
            }
            Input::Ids { circle, ids } => {
                if let Some(at) = find(&mut self.exchanges, circle) {
                    let mut prefixes: Vec<[u8; limits::ID_PREFIX]> = ids
                        .iter()
                        .filter_map(|id| id.first_chunk().copied())
                        .collect();
                    prefixes.sort_unstable();
                    let frame = Frame::Ids {
                        circle: self.exchanges[at].number(),
                        prefixes: prefixes.into_flattened(),
                    };
                    self.send(vec![frame]);
                }
            }
            Input::Statements { circle, statements } => {
                if let Some(at) = find(&mut self.exchanges, circle) {
                    let number = self.exchanges[at].number();
                    let mut frames = Vec::new();
                    let mut batches = batches(statements).into_iter().peekable();
                    if batches.peek().is_none() {
                        frames.push(Frame::Statements {
                            circle: number,
                            last: true,
                            statements: Vec::new(),
                        });
                    }
                    while let Some(statements) = batches.next() {
                        frames.push(Frame::Statements {
                            circle: number,
                            last: batches.peek().is_none(),
                            statements,
                        });
                    }
                    self.exchanges[at].statements_served(frames.len() as u64);
                    self.send(frames);
                }
            }
            Input::Records {
                circle,
                records,
                upto,
                more,
            } => {
                if let Some(at) = find(&mut self.exchanges, circle) {
                    let number = self.exchanges[at].number();
                    let mut frames = Vec::new();
                    for records in batches(records) {
                        self.window = self.window.saturating_sub(weight(&records));
                        frames.push(Frame::Records {
                            circle: number,
                            records,
                        });
                    }
                    self.exchanges[at].records_served(frames.len() as u64, upto, more);
                    self.send(frames);
                }
            }
            Input::Taken { circle, bytes } => {
                self.untaken = self.untaken.saturating_sub(bytes);
                self.send(vec![Frame::Credit(bytes)]);
                if let Some(at) = find(&mut self.exchanges, circle) {
                    self.exchanges[at].taken(1);
                }
            }
            Input::Places { circle, mut nodes } => {
                if let Some(at) = find(&mut self.exchanges, circle) {
                    nodes.truncate(limits::PLACES_NODES);
                    for node in &mut nodes {
                        node.places.retain(|it| it.len() <= limits::PLACE_BYTES);
                        node.places.truncate(limits::PLACES);
                    }
                    let circle = self.exchanges[at].number();
                    self.send(vec![Frame::Places { circle, nodes }]);
                }
            }
            Input::Placed => self.placing = false,
            Input::Fetch {
                circle,
                id,
                blob,
                part,
            } => {
                let circle =
                    find(&mut self.exchanges, circle).map(|at| self.exchanges[at].number());
                if let Some(circle) = circle
                    && self.asked.len() < limits::ASKS
                    && self.asked.insert(id)
                {
                    let blob = blob.0;
                    self.send(vec![Frame::Ask {
                        circle,
                        id,
                        blob,
                        part,
                    }]);
                } else {
                    self.outputs.push_back(Output::Lacking { id });
                }
            }
            Input::Served { id, bytes } => {
                self.serving = self.serving.saturating_sub(1);
                self.send(vec![match bytes {
                    Some(bytes) => Frame::Piece { id, bytes },
                    None => Frame::Lack { id },
                }]);
            }
            Input::Close => self.close(Closed::Here),
            // Answers to questions of the handshake that came too late.
            _ => {}
        }
        Ok(())
    }

    /// Asks the owner for whatever there is room for.
    fn advance(&mut self) {
        if self.closed.is_some() || self.phase != Phase::Open {
            return;
        }
        let (mut frames, mut outputs) = (Vec::new(), Vec::new());
        for exchange in &mut self.exchanges {
            exchange.advance(&mut frames, &mut outputs);
            let room = self.window > 0 && self.queued < 4 * limits::BATCH_TARGET;
            if exchange.more && room {
                // Until it is answered.
                exchange.more = false;
                let circle = exchange.circle;
                outputs.push(Output::More { circle });
            }
        }
        self.send(frames);
        self.outputs.extend(outputs);
        if !self.placing
            && let Some((circle, nodes)) = self.places.pop_first()
        {
            self.placing = true;
            self.outputs.push_back(Output::Places { circle, nodes });
        }
        while self.bulk.len() + self.serving < limits::PIECES_AHEAD {
            let Some((circle, id, blob, part)) = self.waiting.pop_front() else {
                break;
            };
            self.serving += 1;
            self.outputs.push_back(Output::Serve {
                circle,
                id,
                blob,
                part,
            });
        }
    }
}

fn weight(items: &[Vec<u8>]) -> u64 {
    items.iter().map(|item| item.len() as u64).sum()
}

/// Envelopes in batches that fit a frame.
pub(super) fn batches(items: Vec<Vec<u8>>) -> Vec<Vec<Vec<u8>>> {
    let mut all: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut size = 0;
    for item in items {
        // An item's head has at most five bytes.
        let length = item.len() + 5;
        match all.last_mut() {
            Some(last) if size + length <= limits::BATCH_TARGET => last.push(item),
            _ => {
                size = 0;
                all.push(vec![item]);
            }
        }
        size += length;
    }
    all
}
