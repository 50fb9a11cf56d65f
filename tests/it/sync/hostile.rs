//! What somebody who means ill makes a session do: say nothing, hold little, end.

use okibi::fold::testing::World;
use okibi::identity::{Signer, SigningSecret, certificate};
use okibi::record::{Hlc, Policy, Role, RootKey};
use okibi::sync::{
    Closed, Frame, FrameReader, Input, Output, Part, Phase, Proof, Session, Side, Violation,
    Whereabouts, limits, prove,
};

use super::node::{Node, Notary, Pages, introduce, pair};

/// A circle of four: the founder and three members; the last is suspended.
pub(super) fn circle() -> Vec<Node> {
    people(true)
}

/// One of them, who has not heard of the suspension.
fn before_the_suspension(n: usize) -> Node {
    people(false).swap_remove(n)
}

fn people(suspended: bool) -> Vec<Node> {
    let mut world = World::new(true);
    let roots: Vec<RootKey> = (0..4).map(|n| introduce(&mut world, n)).collect();
    let founder = world.device(0, 0);
    world.found(founder, &roots[..1], Policy::default());
    for root in &roots[1..] {
        world.admit(founder, *root);
    }
    if suspended {
        world.suspend(founder, roots[3], &[]);
    }
    let nodes = roots.iter().enumerate().map(|(n, root)| {
        let mut node = Node::new(&world, n, *root);
        node.take(
            world.statements.iter().cloned(),
            world.records.iter().cloned(),
            &mut Notary::default(),
        );
        node
    });
    nodes.collect()
}

pub(super) fn everything(session: &mut Session) -> Vec<u8> {
    std::iter::from_fn(|| session.poll_transmit())
        .flatten()
        .collect()
}

pub(super) fn outputs(session: &mut Session) -> Vec<Output> {
    std::iter::from_fn(|| session.poll()).collect()
}

/// Lets two nodes talk until both are quiet; returns every byte that each sent.
fn talk(a: (&mut Node, &mut Session), b: (&mut Node, &mut Session)) -> [Vec<u8>; 2] {
    let (mut notary, mut said) = (Notary::default(), [Vec::new(), Vec::new()]);
    let mut pages = [Pages::default(), Pages::default()];
    let (mut ends, mut quiet) = ([a, b], false);
    while !quiet {
        quiet = true;
        for side in 0..2 {
            let peer = ends[side].1.peer();
            while let Some(output) = ends[side].1.poll() {
                let (node, session) = &mut ends[side];
                let (input, grew) = node.answer(output, peer, &mut pages[side], &mut notary);
                if let Some(input) = input {
                    session.handle(input);
                }
                if grew {
                    let circle = node.circle;
                    session.handle(Input::Changed { circle });
                }
            }
            let bytes = everything(ends[side].1);
            if !bytes.is_empty() {
                quiet = false;
                said[side].extend(&bytes);
                ends[1 - side].1.handle_bytes(&bytes);
            }
        }
    }
    said
}

/// Two sessions of two nodes, open and at rest.
fn open(nodes: &mut [Node], a: usize, b: usize) -> (Session, Session, [Vec<u8>; 2]) {
    let mut client = Session::new(nodes[a].setup(Side::Client, [9; 32], 1));
    let mut server = Session::new(nodes[b].setup(Side::Server, [9; 32], 2));
    let (left, right) = nodes.split_at_mut(a.max(b));
    let (x, y) = (&mut left[a.min(b)], &mut right[0]);
    let (x, y) = if a < b { (x, y) } else { (y, x) };
    let said = talk((x, &mut client), (y, &mut server));
    (client, server, said)
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn members_open_and_come_into_step() {
    let mut nodes = circle();
    let (client, server, _) = open(&mut nodes, 1, 2);
    assert!(client.is_open() && server.is_open());
    assert_eq!((client.closed(), server.closed()), (None, None));
}

#[test]
fn a_stranger_learns_nothing() {
    let nodes = circle();
    let bob = &nodes[1];
    for tags in [16, 64, limits::TAGS] {
        let mut server = Session::new(bob.setup(Side::Server, [9; 32], 1));
        let hello = Frame::Hello {
            version: 1,
            tags: vec![[3; 16]; tags],
        };
        server.handle_bytes(&hello.encode());
        let introduction = Frame::Introduce(vec![0; limits::INTRODUCTION]);
        server.handle_bytes(&introduction.encode());
        assert!(matches!(
            outputs(&mut server).as_slice(),
            [Output::Introduced { .. }]
        ));
        server.handle(Input::Recognised(None));
        assert_eq!(server.closed(), Some(&Closed::Stranger));
        assert!(outputs(&mut server).is_empty());
        let said = everything(&mut server);
        for secret in [&bob.circle.0[..], &bob.root.0, b"hearth"] {
            assert!(!contains(&said, secret));
        }
        // Always as many: a node with nothing in common and one without any circle look alike.
        let mut reader = FrameReader::default();
        reader.push(&said);
        let mut heard = Vec::new();
        for _ in 0..2 {
            match reader.next(Phase::Hello).unwrap().unwrap() {
                Frame::Hello { tags, .. } => heard.push(tags),
                other => panic!("{other:?}"),
            }
        }
        assert!(heard.iter().all(|tags| tags.len() == limits::TAGS_LEAST));
        assert!(heard[0].iter().all(|tag| !heard[1].contains(tag)));
        assert_eq!(reader.held(), 0, "a stranger gets no third frame");
    }
}

#[test]
fn rubbish_is_refused_before_it_is_held() {
    let nodes = circle();
    let cases: [&[u8]; 6] = [
        &[0xff; 64],
        b"GET / HTTP/1.1\r\n\r\n",
        // HELLO of 4 GiB, AUTH before HELLO, records before anything, tags in an odd number.
        &[0x01, 0xff, 0xff, 0xff, 0xff],
        &[0x02, 0, 0, 0, 1, 0],
        &[0x14, 0, 0, 0, 1, 0],
        &[0x01, 0, 0, 0, 3, 0x82, 0x01, 0x40],
    ];
    for case in cases {
        let mut server = Session::new(nodes[1].setup(Side::Server, [9; 32], 1));
        server.handle_bytes(case);
        assert!(
            matches!(server.closed(), Some(Closed::Frame(_))),
            "{case:02x?}"
        );
        assert!(everything(&mut server).is_empty(), "{case:02x?}");
    }
    // One byte after another, without an end: no more than one frame is held.
    let mut reader = FrameReader::default();
    reader.push(&[0x01, 0, 0, 0x20, 0]);
    for _ in 0..limits::HELLO_BYTES {
        if reader.next(Phase::Hello).unwrap().is_some() {
            break;
        }
        reader.push(&[0]);
        assert!(reader.held() <= limits::HELLO_BYTES + 5);
        if reader.held() == 0x2000 + 5 {
            assert!(reader.next(Phase::Hello).is_err());
            return;
        }
    }
    panic!("the frame never ended");
}

#[test]
fn a_suspended_member_is_not_even_told_who_answers() {
    let mut nodes = circle();
    // It has not heard of its suspension, or does not care: it holds everybody for a member and so shows its tags.
    nodes[3] = before_the_suspension(3);
    let (client, server, said) = open(&mut nodes, 3, 1);
    assert_eq!(server.closed(), Some(&Closed::Stranger));
    assert!(!client.is_open() && outputs_none(client));
    only_tags(&said[1]);
    // The other way round, where it lies in wait: a member that dials it says nothing to it but random numbers.
    let (client, server, said) = open(&mut nodes, 1, 3);
    assert_eq!(client.closed(), Some(&Closed::Stranger));
    assert_eq!(server.closed(), Some(&Closed::Stranger));
    assert!(outputs_none(server));
    only_tags(&said[0]);
}

/// Frames that tell nothing: tags, and what nobody here could open.
fn only_tags(said: &[u8]) {
    let mut reader = FrameReader::default();
    reader.push(said);
    while let Some(frame) = reader.next(Phase::Hello).unwrap() {
        assert!(matches!(frame, Frame::Hello { .. } | Frame::Introduce(_)));
    }
    assert_eq!(reader.held(), 0);
}

/// Somebody whom the server has not heard of goes on as anybody else once its introduction was believed: both prove who
/// they are, and only then the chain is asked for and sent.
#[test]
fn who_is_introduced_still_has_to_prove_it() {
    let mut nodes = circle();
    let (dora, alice) = (1, 0);
    let mut setup = nodes[alice].setup(Side::Server, [9; 32], 1);
    setup.offers = [].into();
    let mut server = Session::new(setup);
    let mut client = Session::new(nodes[dora].setup(Side::Client, [9; 32], 2));
    server.handle_bytes(&everything(&mut client));
    client.handle_bytes(&everything(&mut server));
    let asked = outputs(&mut client);
    assert!(matches!(asked.as_slice(), [Output::Introduce { .. }]));
    client.handle(Input::Introduction(vec![0; limits::INTRODUCTION]));
    server.handle_bytes(&everything(&mut client));
    let _ = outputs(&mut server);
    let believed = pair(&nodes[0].circle, &nodes[alice].root, &nodes[dora].root);
    server.handle(Input::Recognised(Some(believed)));
    let (left, right) = nodes.split_at_mut(1);
    talk((&mut right[0], &mut client), (&mut left[0], &mut server));
    assert!(client.is_open() && server.is_open());
    assert_eq!((client.closed(), server.closed()), (None, None));
}

/// Somebody's chain is asked for only by who has proven to be a member: a server that says "unknown" before it has
/// shown anything, and one that somebody else's keys made, hear nothing of the circle.
#[test]
fn no_chain_before_the_proof() {
    let nodes = circle();
    let bob = &nodes[1];
    let carol = &nodes[2];
    let begin = || {
        let mut client = Session::new(bob.setup(Side::Client, [9; 32], 1));
        let mut reader = FrameReader::default();
        reader.push(&everything(&mut client));
        assert!(matches!(
            reader.next(Phase::Hello).unwrap(),
            Some(Frame::Hello { .. })
        ));
        // Who has stolen carol's receive key recognises bob, and he "her".
        let secret = pair(&bob.circle, &bob.root, &carol.root).secret;
        let mut tags = vec![[0; limits::TAG_BYTES]; limits::TAGS_LEAST];
        tags[15] = okibi::sync::tag(&secret, &[9; 32], Side::Server);
        let hello = Frame::Hello { version: 1, tags };
        client.handle_bytes(&hello.encode());
        assert_eq!(client.closed(), None);
        client
    };
    let mut client = begin();
    client.handle_bytes(&Frame::Verdict(vec![2]).encode());
    assert_eq!(client.closed(), Some(&Closed::Wrong(Violation::OutOfTurn)));
    // Another root than the tag's, however well proven.
    let dave = nodes[0].setup(Side::Server, [9; 32], 2).proof;
    let mut client = begin();
    client.handle_bytes(
        &Frame::Auth {
            key: dave.key,
            certificate: dave.certificate,
            instance: dave.instance,
            signature: dave.signature,
        }
        .encode(),
    );
    assert_eq!(client.closed(), Some(&Closed::Refused));
    assert!(everything(&mut client).is_empty() && outputs_none(client));
}

fn outputs_none(mut session: Session) -> bool {
    outputs(&mut session).is_empty()
}

#[test]
fn who_sits_between_two_connections_passes_for_nobody() {
    let mut nodes = circle();
    // Two encrypted connections have two exporters: the one in the middle hands every byte on.
    let mut client = Session::new(nodes[1].setup(Side::Client, [1; 32], 1));
    let mut server = Session::new(nodes[2].setup(Side::Server, [2; 32], 2));
    let (left, right) = nodes.split_at_mut(2);
    talk((&mut left[1], &mut client), (&mut right[0], &mut server));
    assert_eq!(server.closed(), Some(&Closed::Stranger));
    assert_eq!(client.closed(), Some(&Closed::Stranger));
}

/// Somebody with the receive key of a member, from an old disk, and without the transport key.
#[test]
fn a_receive_key_alone_opens_nothing() {
    let mut nodes = circle();
    let thief = SigningSecret::from_bytes(&[77; 32]);
    let transport = SigningSecret::from_bytes(&[78; 32]);
    let own = certificate(&thief, Role::Transport, &transport, None, Hlc(0));
    // With a certificate of its own; and with Carol's, whose key it has not got.
    let carols = nodes[2].setup(Side::Client, [9; 32], 3).proof;
    for (key, envelope) in [
        (transport.public(), own.bytes().to_vec()),
        (carols.key, carols.certificate),
        (
            transport.public(),
            nodes[2].setup(Side::Client, [9; 32], 3).proof.certificate,
        ),
    ] {
        let mut setup = nodes[2].setup(Side::Client, [9; 32], 3);
        setup.proof = Proof {
            key,
            certificate: envelope,
            instance: [1; 8],
            signature: prove(&transport, &[9; 32], Side::Client, &[1; 8]),
        };
        let mut client = Session::new(setup);
        let mut server = Session::new(nodes[1].setup(Side::Server, [9; 32], 1));
        let (left, right) = nodes.split_at_mut(2);
        let said = talk((&mut right[0], &mut client), (&mut left[1], &mut server));
        assert_eq!(server.closed(), Some(&Closed::Refused));
        // It learned that bob answers, which his proof shows, and nothing of the circle.
        for secret in [&left[1].circle.0[..], b"hearth"] {
            assert!(!contains(&said[1], secret));
        }
    }
}

#[test]
fn a_member_that_floods_is_cut_off() {
    let floods: [Box<dyn Fn(u64) -> Frame>; 5] = [
        Box::new(|_| Frame::Records {
            circle: 0,
            records: vec![vec![0; 60_000]; 4],
        }),
        Box::new(|n| Frame::Ask {
            circle: 0,
            id: n,
            blob: [1; 32],
            part: Part::List,
        }),
        Box::new(|_| Frame::Statements {
            circle: 0,
            last: false,
            statements: vec![vec![0; 4096]],
        }),
        Box::new(|_| Frame::Ids {
            circle: 0,
            prefixes: vec![],
        }),
        Box::new(|n| Frame::Piece {
            id: n,
            bytes: vec![0; 1 << 20].into(),
        }),
    ];
    for flood in floods {
        let mut nodes = circle();
        let (_, mut server, _) = open(&mut nodes, 1, 2);
        let mut sent = 0;
        // The owner is busy: nothing is answered.
        while server.closed().is_none() {
            let bytes = flood(sent).encode();
            sent += 1;
            server.handle_bytes(&bytes);
            assert!(sent < 1_000, "nothing stopped it");
        }
        assert!(matches!(server.closed(), Some(Closed::Wrong(_))));
        let held: u64 = outputs(&mut server)
            .iter()
            .map(|output| match output {
                Output::Arrived { bytes, .. } => *bytes,
                _ => 0,
            })
            .sum();
        assert!(held <= limits::WINDOW + limits::BATCH_BYTES as u64);
    }
}

/// A member that tells another hash of its statements each time, and never sends what would give it, is asked a few times;
/// one that asks for the same again and again is cut off.
#[test]
fn questions_for_statements_have_an_end() {
    let mut nodes = circle();
    let (_, mut server, _) = open(&mut nodes, 1, 2);
    let _ = outputs(&mut server);
    let ask = Frame::Ids {
        circle: 0,
        prefixes: vec![],
    };
    for _ in 0..=limits::PULLS + 1 {
        server.handle_bytes(&ask.encode());
        for output in outputs(&mut server) {
            if let Output::Statements { circle, .. } = output {
                let statements = Vec::new();
                server.handle(Input::Statements { circle, statements });
            }
        }
        let _ = everything(&mut server);
    }
    assert!(matches!(server.closed(), Some(Closed::Wrong(_))));
}

/// Places are news that nobody asked for: while the owner is busy, one is waiting for each circle, and it is the newest.
#[test]
fn places_are_not_piled_up() {
    let mut nodes = circle();
    let (_, mut server, _) = open(&mut nodes, 1, 2);
    let _ = outputs(&mut server);
    let node = |n: u64| Whereabouts {
        key: [7; 32],
        places: vec![format!("192.0.2.7:{n}")],
    };
    for n in 1..1_000 {
        let nodes = vec![node(n)];
        let frame = Frame::Places { circle: 0, nodes };
        server.handle_bytes(&frame.encode());
    }
    let told = |server: &mut Session| -> Vec<Vec<Whereabouts>> {
        let told = outputs(server).into_iter().filter_map(|it| match it {
            Output::Places { nodes, .. } => Some(nodes),
            _ => None,
        });
        told.collect()
    };
    assert_eq!(told(&mut server), [vec![node(1)]]);
    server.handle(Input::Placed);
    assert_eq!(told(&mut server), [vec![node(999)]]);
    server.handle(Input::Placed);
    assert_eq!(told(&mut server), [] as [Vec<Whereabouts>; 0]);
    assert_eq!(server.closed(), None);
    // A circle that is not in common has no places.
    let frame = Frame::Places {
        circle: 1,
        nodes: vec![],
    };
    server.handle_bytes(&frame.encode());
    let unknown = Closed::Wrong(Violation::UnknownCircle);
    assert_eq!(server.closed(), Some(&unknown));
}
