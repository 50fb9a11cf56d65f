//! Signatures are verified beside the hub: while it writes what came, the next is verified here. Everything that the
//! tasks have for the hub passes through in its order, so that the hub hears of a session as it happened.

use std::sync::mpsc::{Receiver, Sender, channel};

use crate::identity::{Verified, verify, verify_all};
use crate::record::{Ack, CircleId, Payload, Record, RootKey, Signed, Statement};
use crate::sync::{Chain, Output};

use super::work::Work;

/// Frames that are taken in together weigh at most this, in bytes: what is written at once costs less, and a person who
/// asks something meanwhile does not wait for long.
const TOGETHER: u64 = 1 << 20;

/// What came of one circle by one session, verified.
pub(super) struct Arrived {
    pub id: u64,
    pub circle: CircleId,
    pub facts: Facts,
    /// How many envelopes did not decode or verify.
    pub refused: u64,
    /// What each of its frames weighs: the answers that the session waits for.
    pub frames: Vec<u64>,
}

/// What shall convince this node of somebody's admission, verified.
pub(super) struct Convinced {
    pub id: u64,
    pub circle: CircleId,
    pub root: RootKey,
    pub certificate: Verified<Statement>,
    pub facts: Facts,
}

pub(super) type Facts = (Vec<Verified<Statement>>, Vec<Verified<Record>>);

impl Arrived {
    /// Takes up what came right behind it, as long as it can go together, and gives back the first that cannot.
    pub fn gather(&mut self, inbox: &Receiver<Work>) -> Option<Work> {
        while let Ok(next) = inbox.try_recv() {
            match next {
                Work::Arrived(next)
                    if (next.id, next.circle) == (self.id, self.circle)
                        && self.frames.iter().sum::<u64>() < TOGETHER =>
                {
                    self.facts.0.extend(next.facts.0);
                    self.facts.1.extend(next.facts.1);
                    self.refused += next.refused;
                    self.frames.extend(next.frames);
                }
                other => return Some(other),
            }
        }
        None
    }
}

/// Starts the thread; it ends when nobody sends any more.
pub(super) fn verifier(hub: Sender<Work>) -> Sender<Work> {
    let (sender, inbox) = channel();
    std::thread::spawn(move || work(&inbox, &hub));
    sender
}

fn work(inbox: &Receiver<Work>, hub: &Sender<Work>) {
    for work in inbox {
        if hub.send(proven(work)).is_err() {
            break;
        }
    }
}

/// What came of statements and records is verified; anything else is as it was.
pub(super) fn proven(work: Work) -> Work {
    match work {
        Work::Output {
            id,
            output:
                Output::Arrived {
                    circle,
                    statements,
                    records,
                    bytes,
                },
        } => {
            let (facts, refused) = read(Chain {
                statements,
                records,
            });
            Work::Arrived(Arrived {
                id,
                circle,
                facts,
                refused,
                frames: vec![bytes],
            })
        }
        Work::Output {
            id,
            output:
                Output::Judge {
                    circle,
                    root,
                    certificate,
                    chain: Some(chain),
                },
        } => Work::Judge(Box::new(Convinced {
            id,
            circle,
            root,
            certificate,
            facts: read(chain).0,
        })),
        Work::Output {
            id,
            output: Output::Joined { circle, chain },
        } => Work::Joined(id, circle, Box::new(read(chain).0)),
        // Put together from differences: only the signature says that it is what the peer means.
        Work::Output {
            id,
            output: Output::Ack { circle, ack },
        } => {
            let ack = Signed::decode(ack.bytes()).ok();
            Work::Acknowledged(id, circle, ack.and_then(|ack| verify::<Ack>(ack).ok()))
        }
        other => other,
    }
}

/// Envelopes that verify, and how many do not.
fn read(chain: Chain) -> (Facts, u64) {
    let (statements, bad) = verified::<Statement>(&chain.statements);
    let (records, worse) = verified::<Record>(&chain.records);
    ((statements, records), bad + worse)
}

fn verified<T: Payload + Send + Sync>(envelopes: &[Vec<u8>]) -> (Vec<Verified<T>>, u64) {
    let decoded = envelopes
        .iter()
        .filter_map(|bytes| Signed::decode(bytes).ok());
    let good: Vec<Verified<T>> = verify_all(decoded.collect())
        .into_iter()
        .flatten()
        .collect();
    let bad = (envelopes.len() - good.len()) as u64;
    (good, bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What belongs together is taken together, in order, and nothing is lost.
    #[test]
    fn frames_are_gathered_up_to_a_limit() {
        let frame = |id, weight| Arrived {
            id,
            circle: CircleId([1; 32]),
            facts: (Vec::new(), Vec::new()),
            refused: 1,
            frames: vec![weight],
        };
        let (sender, inbox) = channel();
        let half = TOGETHER / 2;
        for work in [
            Work::Arrived(frame(1, half)),
            Work::Arrived(frame(1, half)),
            Work::Arrived(frame(1, 7)),
            Work::Stop { interrupted: false },
            Work::Arrived(frame(1, 8)),
            Work::Arrived(frame(2, 9)),
        ] {
            sender.send(work).unwrap();
        }
        let (mut held, mut seen) = (None, Vec::new());
        while let Some(work) = held.take().or_else(|| inbox.try_recv().ok()) {
            match work {
                Work::Arrived(mut arrived) => {
                    held = arrived.gather(&inbox);
                    assert_eq!(arrived.refused, arrived.frames.len() as u64);
                    seen.push((arrived.id, arrived.frames));
                }
                _ => seen.push((0, vec![])),
            }
        }
        let expected = [
            (1, vec![half, half]),
            (1, vec![7]),
            (0, vec![]),
            (1, vec![8]),
            (2, vec![9]),
        ];
        assert_eq!(seen, expected);
    }
}
