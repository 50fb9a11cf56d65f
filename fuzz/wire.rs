//! What comes by wire: frames, whole sessions, and the lines that people copy (see `entry.rs`).

use okibi::carrier::node_addr::NodeAddr;
use okibi::node::Ticket;
use okibi::record::{Ack, Frontier, Signed};
use okibi::sync::{self, FrameReader, Input, Output, Phase, Session};

/// Frames of the exchange, one after another; the phase is the first byte.
pub fn frame(bytes: &[u8]) -> bool {
    let Some((&phase, bytes)) = bytes.split_first() else {
        return false;
    };
    let phase = [Phase::Hello, Phase::Auth, Phase::Open][usize::from(phase % 3)];
    let mut reader = FrameReader::default();
    reader.push(bytes);
    let (mut taken, mut at) = (false, 0);
    while let Ok(Some(frame)) = reader.next(phase) {
        let again = frame.encode();
        assert!(
            bytes.get(at..at + again.len()) == Some(&again[..]),
            "a second spelling was taken"
        );
        (taken, at) = (true, at + again.len());
    }
    taken
}

/// What an unknown member says, sealed for this node: its form, and whatever it may be inside.
pub fn introduction(bytes: &[u8]) -> bool {
    let mine = okibi::identity::ReceiveSecret::from_bytes([1; 32]);
    let exporter = [7; 32];
    assert!(
        sync::Introduction::open(bytes, &mine, &exporter).is_none_or(|it| it.encode().is_some()),
        "longer than it may be"
    );
    let Some(said) = sync::Introduction::decode(bytes) else {
        return false;
    };
    let Some(again) = said.encode() else {
        return false;
    };
    assert!(again == bytes, "a second spelling was taken");
    let sealed = sync::Introduction::seal(Some(&said), &[mine.public()], &exporter, &[3; 64]);
    assert!(sync::Introduction::open(&sealed, &mine, &exporter) == Some(said));
    true
}

/// A whole session: the bytes are what a client sends to a member that believes it. The corpus begins with a client
/// that tells the truth, so that mutations come behind the handshake.
pub fn session(bytes: &[u8]) -> bool {
    let mut session = Session::new(session_setup(sync::Side::Server));
    let mut opened = false;
    let mut rest = bytes;
    while !rest.is_empty() {
        // Frame by frame, as its client sent them: it answered what it had heard.
        let length = rest.get(1..5).and_then(|length| length.try_into().ok());
        let length = length.map_or(0, u32::from_be_bytes) as usize;
        let (part, after) = rest.split_at(length.saturating_add(5).min(rest.len()));
        rest = after;
        session.handle_bytes(part);
        while let Some(output) = session.poll() {
            opened |= matches!(output, Output::Opened { .. });
            if let Some(input) = session_answer(output) {
                session.handle(input);
            }
        }
        while session.poll_transmit().is_some() {}
    }
    opened
        && !matches!(
            session.closed(),
            Some(sync::Closed::Frame(_) | sync::Closed::Wrong(_))
        )
}

/// One end of a session between two members with fixed keys.
pub fn session_setup(side: sync::Side) -> sync::Setup {
    use okibi::identity::{Signer, SigningSecret, certificate};
    let secret = |n: u8| SigningSecret::from_bytes(&[n + side as u8; 32]);
    let (root, transport) = (secret(1), secret(3));
    let role = okibi::record::Role::Transport;
    let time = okibi::record::Hlc(0);
    sync::Setup {
        side,
        root: okibi::record::RootKey(root.public()),
        exporter: [5; 32],
        offers: [sync::Offer {
            secret: [6; 32],
            subject: sync::Subject::Pair {
                circle: okibi::record::CircleId([7; 32]),
                root: okibi::record::RootKey(
                    SigningSecret::from_bytes(&[1 + side.other() as u8; 32]).public(),
                ),
            },
        }]
        .into(),
        proof: sync::Proof {
            key: transport.public(),
            certificate: certificate(&root, role, &transport, None, time)
                .bytes()
                .to_vec(),
            instance: [8; 8],
            signature: sync::prove(&transport, &[5; 32], side, &[8; 8]),
        },
        seed: [9; 32],
        request: None,
    }
}

/// An owner that believes everybody and holds nothing.
pub fn session_answer(output: Output) -> Option<Input> {
    Some(match output {
        Output::Introduced { .. } => Input::Recognised(None),
        Output::Introduce { .. } => Input::Introduction(vec![0; sync::limits::INTRODUCTION]),
        Output::Judge { circle, .. } => Input::Verdict {
            circle,
            verdict: sync::Verdict::Yes,
        },
        Output::State { circle, peer } => Input::State {
            circle,
            state: Box::new(sync::Holdings {
                ack: Signed::build(session_ack(circle, peer), |_| [1; 64]),
                said: None,
                heard: None,
            }),
        },
        Output::Chain { circle } => Input::Chain {
            circle,
            chain: sync::Chain::default(),
        },
        Output::Ids { circle } => Input::Ids {
            circle,
            ids: vec![[3; 32]],
        },
        Output::Statements { circle, .. } => Input::Statements {
            circle,
            statements: vec![vec![1, 2, 3]],
        },
        Output::Fill { circle, .. } | Output::More { circle } => Input::Records {
            circle,
            records: Vec::new(),
            upto: Frontier::default(),
            more: false,
        },
        Output::Arrived { circle, bytes, .. } => Input::Taken { circle, bytes },
        Output::Serve { id, .. } => Input::Served { id, bytes: None },
        _ => return None,
    })
}

fn session_ack(circle: okibi::record::CircleId, to: okibi::record::RootKey) -> Ack {
    Ack {
        circle,
        from: okibi::record::RootKey([0; 32]),
        feed: okibi::record::FeedKey([1; 32]),
        certificate: okibi::record::StatementId([2; 32]),
        to,
        epoch: okibi::record::Epoch::next(None, 1, [0; 8]),
        sequence: 1,
        statements: [to.0[0]; 32],
        frontier: Frontier::default(),
        wanted: vec![],
    }
}

/// Where a node is beyond its network, as a line.
pub fn node_addr(bytes: &[u8]) -> bool {
    let Some(far) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse::<NodeAddr>().ok())
    else {
        return false;
    };
    assert!(far.to_string().parse() == Ok(far), "read back as another");
    true
}

/// What stands in a ticket's line, before its check: as the first form, or as the second.
pub fn ticket(bytes: &[u8]) -> bool {
    let check = blake3::hash(bytes);
    let whole = [bytes, &check.as_bytes()[..4]].concat();
    let line = data_encoding::BASE64URL_NOPAD.encode(&whole);
    let forms = ["okibi-ticket-1:", "okibi-ticket-2:"];
    let mut read = forms
        .iter()
        .filter_map(|form| Ticket::parse(&format!("{form}{line}")));
    let Some(ticket) = read.next() else {
        return false;
    };
    assert!(read.next().is_none(), "one line in two forms");
    assert!(
        Ticket::parse(&ticket.to_string()) == Some(ticket),
        "read back as another"
    );
    true
}
