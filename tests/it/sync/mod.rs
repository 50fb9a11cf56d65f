//! The exchange without any network: hundreds of nodes in memory, over lines that are slow, break and lie.
//!
//! `OKIBI_SIM_SEEDS` asks for more runs, `OKIBI_SIM_NODES` for more nodes, `OKIBI_SIM_WRITES` for more records,
//! `OKIBI_SIM_SEED` for one seed alone. A
//! failure names its seed.

mod cost;
mod hostile;
mod node;
mod pairing;
mod sim;
mod throughput;

use std::panic::{AssertUnwindSafe, catch_unwind};

use okibi::record::{Epoch, FeedKey, Frontier, StatementId};
use okibi::sync::{AckFrame, Frame, Part, Whereabouts};

use super::records::made;
use sim::{Plan, Sim};

/// One frame of each type, with the number of the phase in which it may come: seeds for mutations.
pub fn frames() -> Vec<(&'static str, u8, Frame)> {
    let hello = Frame::Hello {
        version: 1,
        tags: (0..16).map(|n| [n; 16]).collect(),
    };
    let auth = Frame::Auth {
        key: [1; 32],
        certificate: vec![2; 200],
        instance: [3; 8],
        signature: [4; 64],
    };
    let chain = Frame::Chain {
        circle: 0,
        last: true,
        statements: vec![vec![1; 9]],
        records: vec![vec![2; 9], vec![]],
    };
    let epoch = Epoch::next(None, 7, [1; 8]);
    let open = Frame::Open {
        circle: 1,
        statements: [2; 32],
        have: Some((epoch, 3)),
    };
    let ack = |base, changed, wanted| {
        Frame::Ack(Box::new(AckFrame {
            circle: 0,
            consumed: 1,
            certificate: StatementId([1; 32]),
            feed: FeedKey([2; 32]),
            epoch,
            sequence: 4,
            statements: [5; 32],
            base,
            changed,
            gone: vec![FeedKey([9; 32])],
            wanted,
            signature: [6; 64],
        }))
    };
    let ask = |part| Frame::Ask {
        circle: 0,
        id: 1,
        blob: [1; 32],
        part,
    };
    vec![
        ("hello", 0, hello),
        (
            "introduce",
            0,
            Frame::Introduce(vec![7; okibi::sync::limits::INTRODUCTION]),
        ),
        ("auth", 1, auth),
        ("verdict", 1, Frame::Verdict(vec![0, 1, 2])),
        ("chain", 1, chain),
        (
            "join",
            1,
            Frame::Join {
                card: "card".into(),
                name: "dora".into(),
                proof: [1; 32],
            },
        ),
        ("confirm", 1, Frame::Confirm),
        ("admitted", 1, Frame::Admitted { circle: [1; 32] }),
        ("open", 2, open),
        (
            "ack",
            2,
            ack(Some((epoch, 3)), made::frontier(), Some(vec![[1; 32]])),
        ),
        ("ack-same", 2, ack(None, Frontier::default(), None)),
        (
            "ids",
            2,
            Frame::Ids {
                circle: 0,
                prefixes: vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2],
            },
        ),
        (
            "statements",
            2,
            Frame::Statements {
                circle: 0,
                last: true,
                statements: vec![vec![1; 30]],
            },
        ),
        (
            "records",
            2,
            Frame::Records {
                circle: 0,
                records: vec![vec![1; 30], vec![2; 300]],
            },
        ),
        ("sent", 2, Frame::Sent { circle: 0, acks: 1 }),
        ("credit", 2, Frame::Credit(1 << 20)),
        (
            "places",
            2,
            Frame::Places {
                circle: 0,
                nodes: vec![
                    Whereabouts {
                        key: [7; 32],
                        places: vec!["192.0.2.7:6543".into(), "https://relay.example".into()],
                    },
                    Whereabouts {
                        key: [8; 32],
                        places: vec![],
                    },
                ],
            },
        ),
        ("ask-list", 2, ask(Part::List)),
        ("ask-piece", 2, ask(Part::Piece(7))),
        (
            "piece",
            2,
            Frame::Piece {
                id: 1,
                bytes: vec![1; 100].into(),
            },
        ),
        ("lack", 2, Frame::Lack { id: 1 }),
        ("bye", 2, Frame::Bye(0)),
    ]
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn run(plan: Plan) {
    let seed = plan.seed;
    let done = catch_unwind(AssertUnwindSafe(|| Sim::new(plan).run()));
    if done.is_err() {
        panic!("the simulation with OKIBI_SIM_SEED={seed} failed");
    }
}

/// The law: whatever happened on the way, in the end one set hash and one state hash, and no record lost.
#[test]
fn every_history_of_a_network_ends_in_one_state() {
    let nodes = asked("OKIBI_SIM_NODES").unwrap_or(12) as usize;
    let seeds = match asked("OKIBI_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..asked("OKIBI_SIM_SEEDS").unwrap_or(6),
    };
    // Everybody hears of every write: the work grows with the square of the nodes, and with the writes.
    let writes = asked("OKIBI_SIM_WRITES").map_or((4 * nodes).min(120), |it| it as usize);
    for seed in seeds {
        run(Plan {
            seed,
            nodes: nodes + seed as usize % 3,
            writes,
            hostile: 2,
        });
    }
}

/// A larger one, so that what only many nodes do is seen here too. By hand, hundreds in the optimised build:
/// `OKIBI_SIM_NODES=200 OKIBI_SIM_SEEDS=1 cargo test --release --test it sync::every_history`.
#[test]
fn forty_nodes_end_in_one_state() {
    run(Plan {
        seed: 40,
        nodes: 40,
        writes: 40,
        hostile: 5,
    });
}
