//! What a session costs: it grows with the difference, not with the history.

use std::collections::BTreeMap;

use okibi::identity::{Signer, SigningSecret, certificate};
use okibi::record::{
    Ack, CircleId, Entry, Epoch, FeedKey, Frontier, RecordId, RootKey, Signed, StatementId,
};
use okibi::record::{Hlc, Role};
use okibi::sync::{Holdings, Input, Offer, Output, Session, Setup, Side, Subject, Verdict, prove};

pub const CIRCLE: CircleId = CircleId([1; 32]);

/// A node that holds so many records in so many feeds; the session sees of them what stands here, and no more.
pub struct Owner {
    root: SigningSecret,
    frontier: Frontier,
    said: Ack,
    heard: Ack,
    /// The record that the other lacks.
    fresh: Option<Vec<u8>>,
}

fn frontier(feeds: u8, height: u64) -> Frontier {
    let entry = |n: u8| Entry::Head {
        height,
        id: RecordId([n; 32]),
    };
    Frontier(
        (0..feeds)
            .map(|n| (FeedKey([n; 32]), entry(n)))
            .collect::<BTreeMap<_, _>>(),
    )
}

fn ack(from: [u8; 32], to: [u8; 32], frontier: &Frontier, sequence: u64) -> Ack {
    Ack {
        circle: CIRCLE,
        from: RootKey(from),
        feed: FeedKey([7; 32]),
        certificate: StatementId([8; 32]),
        to: RootKey(to),
        epoch: Epoch::next(None, 1, [2; 8]),
        sequence,
        statements: [3; 32],
        frontier: frontier.clone(),
        wanted: vec![],
    }
}

impl Owner {
    pub fn session(&self, side: Side) -> Session {
        let transport = SigningSecret::from_bytes(&[side as u8 + 40; 32]);
        let certificate = certificate(&self.root, Role::Transport, &transport, None, Hlc(0));
        Session::new(Setup {
            side,
            root: RootKey(self.root.public()),
            exporter: [5; 32],
            offers: [Offer {
                secret: [6; 32],
                subject: Subject::Pair {
                    circle: CIRCLE,
                    root: RootKey(SigningSecret::from_bytes(&[31 - side as u8; 32]).public()),
                },
            }]
            .into(),
            proof: okibi::sync::Proof {
                key: transport.public(),
                certificate: certificate.bytes().to_vec(),
                instance: [0; 8],
                signature: prove(&transport, &[5; 32], side, &[0; 8]),
            },
            seed: [side as u8; 32],
            request: None,
        })
    }

    pub fn answer(&mut self, output: Output) -> Option<Input> {
        let circle = CIRCLE;
        Some(match output {
            Output::Judge { .. } => Input::Verdict {
                circle,
                verdict: Verdict::Yes,
            },
            Output::State { .. } => {
                let mut now = self.said.clone();
                now.frontier = self.frontier.clone();
                if now != self.said {
                    now.sequence += 1;
                }
                let said = Some(std::mem::replace(&mut self.said, now.clone()));
                Input::State {
                    circle,
                    state: Box::new(Holdings {
                        ack: Signed::build(now, |_| [9; 64]),
                        said,
                        heard: Some(self.heard.clone()),
                    }),
                }
            }
            Output::Fill { .. } => Input::Records {
                circle,
                records: self.fresh.take().into_iter().collect(),
                upto: self.frontier.clone(),
                more: false,
            },
            Output::Arrived { records, bytes, .. } => {
                if !records.is_empty() {
                    self.grow();
                }
                Input::Taken { circle, bytes }
            }
            _ => return None,
        })
    }

    fn grow(&mut self) {
        if let Some(Entry::Head { height, id }) = self.frontier.0.get_mut(&FeedKey([0; 32])) {
            *height += 1;
            *id = RecordId([99; 32]);
        }
    }
}

/// Two nodes that hold the same.
pub fn two(feeds: u8, height: u64) -> Vec<Owner> {
    let roots = [[30; 32], [31; 32]].map(|seed| SigningSecret::from_bytes(&seed));
    let keys = [roots[0].public(), roots[1].public()];
    let before = frontier(feeds, height);
    let owners = roots.into_iter().enumerate();
    owners
        .map(|(n, root)| Owner {
            root,
            frontier: before.clone(),
            said: ack(keys[n], keys[1 - n], &before, 4),
            heard: ack(keys[1 - n], keys[n], &before, 4),
            fresh: None,
        })
        .collect()
}

/// Bytes of a whole session, both ways, from the first tag until both are in step over one new record.
fn bytes_for_one_record(feeds: u8, height: u64) -> u64 {
    let mut owners = two(feeds, height);
    owners[0].fresh = Some(vec![1; 512]);
    owners[0].grow();
    let mut sessions = [
        owners[0].session(Side::Client),
        owners[1].session(Side::Server),
    ];
    let (mut quiet, mut in_step) = (false, [false; 2]);
    while !quiet {
        quiet = true;
        for side in 0..2 {
            while let Some(output) = sessions[side].poll() {
                in_step[side] |= matches!(output, Output::InStep { .. });
                if let Some(input) = owners[side].answer(output) {
                    sessions[side].handle(input);
                }
            }
            while let Some(bytes) = sessions[side].poll_transmit() {
                quiet = false;
                sessions[1 - side].handle_bytes(&bytes);
            }
        }
    }
    assert_eq!(
        sessions.each_ref().map(|session| session.closed()),
        [None, None]
    );
    assert_eq!(in_step, [true, true]);
    assert_eq!(owners[0].frontier, owners[1].frontier);
    sessions.iter().map(|session| session.traffic().1).sum()
}

/// Under 4 KiB, handshake and all, whatever stands in the feeds and however many there are.
#[test]
fn one_new_record_costs_the_same_in_any_history() {
    let small = bytes_for_one_record(3, 10);
    println!("one record of 512 bytes: {small} bytes of session");
    assert!(small < 4_096, "{small}");
    for (feeds, height) in [(3, 33_333), (200, 500), (200, 1_000_000)] {
        let bytes = bytes_for_one_record(feeds, height);
        // A larger number takes a few bytes more.
        assert!(bytes <= small + 32, "{bytes} {small}");
    }
}
