//! The good things of the vectors, made from fixed seeds.

use std::collections::{BTreeMap, BTreeSet};

use okibi::identity::{Holder, KeyCard, ReceiveSecret, Receiving, Signer, SigningSecret, verify};
use okibi::record::{
    Ack, Admin, BlobHash, BlobRef, Body, CircleId, Claim, Document, Entry, Epoch, FeedKey,
    Frontier, Hlc, Kind, Model, Payload, Place, Policy, Predecessor, Previous, Record, RecordId,
    Role, RootKey, Signed, Statement, StatementId, limits, statements_hash,
};

/// Secret seeds are one byte, 32 times: nobody takes them for real keys.
pub const ROOT: u8 = 0x11;
pub const SIGN: u8 = 0x12;
pub const OTHER_ROOT: u8 = 0x21;
pub const OTHER_SIGN: u8 = 0x22;

pub fn secret(seed: u8) -> SigningSecret {
    SigningSecret::from_bytes(&[seed; 32])
}

pub fn public(seed: u8) -> [u8; 32] {
    secret(seed).public()
}

pub fn sign<T: Payload>(value: T, seed: u8) -> Signed<T> {
    Signed::build(value, |message| secret(seed).sign(message))
}

/// A certificate by the root of one seed for the key of another.
pub fn certificate(
    seed: u8,
    role: Role,
    key: u8,
    replaces: Option<StatementId>,
) -> Signed<Statement> {
    let receive = ReceiveSecret::from_bytes([key; 32]);
    let (signing, receiving) = (
        secret(key),
        Receiving {
            secret: &receive,
            random: [key; 64],
        },
    );
    let holder: &dyn Holder = match role {
        Role::Receive => &receiving,
        _ => &signing,
    };
    let root = RootKey(public(seed));
    let proof = holder.prove(&Statement::proof_message(&root, role, &holder.certified()));
    let claim = Claim::Certificate {
        role,
        key: holder.certified(),
        replaces,
        proof,
    };
    statement(seed, claim)
}

/// A receive key and its proof, as `certificate` has them.
pub fn receive_parts(key: u8) -> ([u8; 32], [u8; 64]) {
    match &certificate(ROOT, Role::Receive, key, None).value().claim {
        Claim::Certificate { key, proof, .. } => (*key, *proof),
        _ => unreachable!(),
    }
}

pub fn statement(seed: u8, claim: Claim) -> Signed<Statement> {
    let statement = Statement {
        root: RootKey(public(seed)),
        time: Hlc(0x0192_0000_0000_0001),
        claim,
    };
    sign(statement, seed)
}

/// The certificate of the feed that all record vectors stand in.
pub fn feed_certificate() -> Signed<Statement> {
    certificate(ROOT, Role::Sign, SIGN, None)
}

pub fn blob() -> BlobRef {
    BlobRef {
        blake3: BlobHash([0xb3; 32]),
        sha256: [0x52; 32],
        size: 123_456,
    }
}

pub fn genesis() -> Signed<Record> {
    let body = Body::Genesis {
        name: "Hearth 熾".to_owned(),
        salt: [0x5a; 16],
        policy: Policy::default(),
        admins: vec![Admin {
            name: "alice".to_owned(),
            root: RootKey(public(ROOT)),
            paper: None,
        }],
        predecessor: None,
    };
    record(0, Kind::GENESIS, None, body.encode())
}

pub fn circle() -> CircleId {
    genesis().id().into()
}

pub fn record(height: u64, kind: Kind, circle: Option<CircleId>, body: Vec<u8>) -> Signed<Record> {
    let previous = match height {
        0 => Previous::Certificate(feed_certificate().id()),
        _ => Previous::Record(RecordId([0x70; 32])),
    };
    sign(
        Record {
            circle,
            feed: FeedKey(public(SIGN)),
            height,
            previous,
            time: Hlc(0x0192_0000_0000_0000 + height),
            kind,
            seen: vec![],
            cut: vec![],
            body,
        },
        SIGN,
    )
}

pub fn statements() -> Vec<(&'static str, Signed<Statement>)> {
    let first = feed_certificate();
    let revocation = |circle, cut| Claim::Revocation {
        key: public(SIGN),
        circle,
        cut,
    };
    vec![
        ("certificate sign", first.clone()),
        (
            "certificate transport",
            certificate(ROOT, Role::Transport, 0x13, None),
        ),
        (
            "certificate receive",
            certificate(ROOT, Role::Receive, 0x14, None),
        ),
        (
            "certificate spare",
            certificate(ROOT, Role::Spare, 0x15, None),
        ),
        (
            "certificate with predecessor",
            certificate(ROOT, Role::Sign, 0x16, Some(first.id())),
        ),
        (
            "revocation everywhere",
            statement(ROOT, revocation(None, None)),
        ),
        (
            "revocation in a circle with a cut",
            statement(
                ROOT,
                revocation(Some(CircleId([0xcc; 32])), Some((7, RecordId([0xdd; 32])))),
            ),
        ),
        (
            "recovery",
            statement(
                ROOT,
                Claim::Recovery {
                    circle: CircleId([0xcc; 32]),
                    old: RootKey(public(ROOT)),
                    new: RootKey(public(OTHER_ROOT)),
                },
            ),
        ),
        (
            "unknown kind",
            statement(
                ROOT,
                Claim::Unknown {
                    kind: 4_711,
                    elements: 2,
                    rest: vec![0x01, 0x41, 0xff],
                },
            ),
        ),
        (
            "unknown role",
            statement(
                ROOT,
                Claim::Unknown {
                    kind: 0,
                    elements: 4,
                    rest: [
                        &[0x04, 0x58, 0x20],
                        &[9; 32][..],
                        &[0x40, 0x58, 0x40],
                        &[8; 64],
                    ]
                    .concat(),
                },
            ),
        ),
        (
            "certificate of an unknown shape: without a proof",
            statement(
                ROOT,
                Claim::Unknown {
                    kind: 0,
                    elements: 3,
                    rest: [&[0x00, 0x58, 0x20], &[9; 32][..], &[0x40]].concat(),
                },
            ),
        ),
    ]
}

pub fn bodies() -> Vec<Body> {
    let root = || RootKey(public(OTHER_ROOT));
    let id = |n: u8| RecordId([n; 32]);
    vec![
        Body::Genesis {
            name: "again".to_owned(),
            salt: [1; 16],
            policy: Policy {
                invitations: 0,
                quorum: 2,
                rules: 1,
            },
            admins: vec![
                Admin {
                    name: "bob".to_owned(),
                    root: RootKey([2; 32]),
                    paper: None,
                },
                Admin {
                    name: "葵".to_owned(),
                    root: RootKey([3; 32]),
                    paper: Some(RootKey([4; 32])),
                },
            ],
            predecessor: Some(Predecessor {
                circle: CircleId([5; 32]),
                set_hash: [6; 32],
                admins: vec![RootKey([2; 32]), RootKey([7; 32])],
            }),
        },
        Body::Admit {
            root: root(),
            name: "Bo".to_owned(),
            lifts: vec![],
            feeds: vec![],
        },
        Body::Admit {
            root: root(),
            name: "Bo".to_owned(),
            lifts: vec![id(1), id(2)],
            feeds: vec![FeedKey([3; 32]), FeedKey([4; 32])],
        },
        Body::Suspend {
            root: root(),
            reason: "鍵を失くした".to_owned(),
        },
        Body::Lift { suspension: id(1) },
        Body::AddAdmin { root: root() },
        Body::Endorse { target: id(1) },
        Body::Policy {
            replaces: id(1),
            policy: Policy {
                invitations: 24,
                quorum: 256,
                rules: 2,
            },
        },
        Body::Pointer {
            slot: 1,
            replaces: id(1),
            target: id(2),
        },
        Body::Vote {
            subject: id(1),
            choice: u64::MAX,
        },
        Body::Successor {
            feed: FeedKey([3; 32]),
        },
        Body::Recover {
            old: RootKey([1; 32]),
            new: root(),
        },
        Body::Merge,
        Body::from(Document {
            title: "Notes".to_owned(),
            media_type: "text/markdown".to_owned(),
            language: "en".to_owned(),
            source: String::new(),
            licence: "CC0-1.0".to_owned(),
            blob: blob(),
        }),
        Body::from(Model {
            name: "ember".to_owned(),
            format: "gguf".to_owned(),
            architecture: "llama".to_owned(),
            source: "made here".to_owned(),
            licence: "MIT".to_owned(),
            note: "a toy".to_owned(),
            toy: true,
            blob: BlobRef {
                size: limits::HEIGHT,
                ..blob()
            },
        }),
        Body::Withdraw { target: id(1) },
    ]
}

pub fn records() -> Vec<(String, Signed<Record>)> {
    let mut all = vec![("genesis of the other vectors".to_owned(), genesis())];
    for (n, body) in bodies().into_iter().enumerate() {
        let kind = body.kind();
        let name = format!("kind {} {}", kind.0, kind.name().expect("a known kind"));
        let (height, circle) = if kind == Kind::GENESIS {
            (0, None)
        } else {
            (n as u64 + 1, Some(circle()))
        };
        all.push((name, record(height, kind, circle, body.encode())));
    }
    let place = |feed: u8, height, id: u8| Place {
        feed: FeedKey([feed; 32]),
        height,
        id: RecordId([id; 32]),
    };
    let mut cited = record(
        30,
        Kind::SUSPEND,
        Some(circle()),
        Body::Suspend {
            root: RootKey([1; 32]),
            reason: String::new(),
        }
        .encode(),
    )
    .value()
    .clone();
    cited.seen = vec![
        place(1, 5, 9),
        place(2, 3, 1),
        place(2, 3, 2),
        place(2, 300, 0),
    ];
    cited.cut = vec![place(3, 7, 1), place(4, limits::HEIGHT, 2)];
    all.push(("seen and cut".to_owned(), sign(cited, SIGN)));
    let unknown = vec![0xa2, 0x01, 0xf6, 0x61, 0x61, 0x82, 0x20, 0xf5];
    all.push((
        "unknown critical kind".to_owned(),
        record(31, Kind(63), Some(circle()), unknown.clone()),
    ));
    all.push((
        "unknown ordinary kind".to_owned(),
        record(32, Kind(4_096), Some(circle()), unknown),
    ));
    all.push((
        "body that does not fit its kind".to_owned(),
        record(33, Kind::WITHDRAW, Some(circle()), vec![0x05]),
    ));
    all.push(("greatest height, kind and time".to_owned(), {
        let mut last = record(1, Kind(limits::HEIGHT), Some(circle()), vec![0xf4])
            .value()
            .clone();
        (last.height, last.time) = (limits::HEIGHT, Hlc(i64::MAX as u64));
        sign(last, SIGN)
    }));
    all
}

pub fn frontier() -> Frontier {
    Frontier(BTreeMap::from([
        (
            FeedKey([1; 32]),
            Entry::Head {
                height: 0,
                id: RecordId([2; 32]),
            },
        ),
        (
            FeedKey([3; 32]),
            Entry::Forked {
                height: 24,
                first: RecordId([4; 32]),
                second: RecordId([5; 32]),
                tips: vec![RecordId([4; 32]), RecordId([6; 32])],
            },
        ),
    ]))
}

pub fn ack(frontier: Frontier, wanted: Vec<[u8; 32]>) -> Signed<Ack> {
    let ids: BTreeSet<StatementId> = statements().iter().map(|(_, it)| it.id()).collect();
    let ack = Ack {
        circle: circle(),
        from: RootKey(public(ROOT)),
        feed: FeedKey(public(SIGN)),
        certificate: feed_certificate().id(),
        to: RootKey(public(OTHER_ROOT)),
        epoch: Epoch {
            counter: 0x0192_0000_0000,
            random: [0xee; 8],
        },
        sequence: 3,
        statements: statements_hash(&ids),
        frontier,
        wanted,
    };
    sign(ack, SIGN)
}

pub fn card() -> KeyCard {
    let all = statements();
    let statements = all[..4]
        .iter()
        .map(|(_, it)| verify(it.clone()).expect("our own"));
    KeyCard::new(statements.collect()).expect("a whole card")
}
