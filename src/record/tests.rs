//! Codec tests across the types: round trips, refusals, and the laws of the encoding.

use proptest::prelude::*;

use super::*;

fn sign(_: &[u8]) -> [u8; 64] {
    [9; 64]
}

fn bytes32() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>()
}

fn place() -> impl Strategy<Value = Place> {
    (bytes32(), 0..1000_u64, bytes32()).prop_map(|(feed, height, id)| Place {
        feed: FeedKey(feed),
        height,
        id: RecordId(id),
    })
}

fn blob() -> impl Strategy<Value = BlobRef> {
    (bytes32(), bytes32(), 0..1_u64 << 50).prop_map(|(blake3, sha256, size)| BlobRef {
        blake3: BlobHash(blake3),
        sha256,
        size,
    })
}

fn body() -> impl Strategy<Value = Body> {
    let root = || bytes32().prop_map(RootKey);
    let id = || bytes32().prop_map(RecordId);
    let policy = || {
        (0..9_u64, 0..9_u64, 0..3_u64).prop_map(|(invitations, quorum, rules)| Policy {
            invitations,
            quorum,
            rules,
        })
    };
    prop_oneof![
        (
            "[a-z]{0,9}",
            any::<[u8; 16]>(),
            policy(),
            prop::collection::btree_set(root(), 1..4),
            any::<bool>()
        )
            .prop_map(|(name, salt, policy, roots, old)| Body::Genesis {
                name,
                salt,
                policy,
                predecessor: old.then(|| Predecessor {
                    circle: CircleId([3; 32]),
                    set_hash: [4; 32],
                    admins: roots.iter().copied().collect(),
                }),
                admins: roots
                    .into_iter()
                    .map(|root| Admin {
                        root,
                        name: "n".into(),
                        paper: old.then_some(root)
                    })
                    .collect(),
            }),
        (
            root(),
            "\\PC{0,20}",
            prop::collection::btree_set(id(), 0..3),
            prop::collection::btree_set(bytes32(), 0..3)
        )
            .prop_map(|(root, name, lifts, feeds)| Body::Admit {
                root,
                name,
                lifts: lifts.into_iter().collect(),
                feeds: feeds.into_iter().map(FeedKey).collect(),
            }),
        (root(), "\\PC{0,20}").prop_map(|(root, reason)| Body::Suspend { root, reason }),
        id().prop_map(|suspension| Body::Lift { suspension }),
        root().prop_map(|root| Body::AddAdmin { root }),
        id().prop_map(|target| Body::Endorse { target }),
        (id(), policy()).prop_map(|(replaces, policy)| Body::Policy { replaces, policy }),
        (0..3_u64, id(), id()).prop_map(|(slot, replaces, target)| Body::Pointer {
            slot,
            replaces,
            target
        }),
        (id(), 0..9_u64).prop_map(|(subject, choice)| Body::Vote { subject, choice }),
        bytes32().prop_map(|feed| Body::Successor {
            feed: FeedKey(feed)
        }),
        (root(), root()).prop_map(|(old, new)| Body::Recover { old, new }),
        Just(Body::Merge),
        ("\\PC{0,20}", blob()).prop_map(|(title, blob)| Body::from(Document {
            title,
            media_type: "text/plain".into(),
            language: "ja".into(),
            source: String::new(),
            licence: "MIT".into(),
            blob,
        })),
        ("\\PC{0,20}", any::<bool>(), blob()).prop_map(|(name, toy, blob)| Body::from(Model {
            name,
            format: "gguf".into(),
            architecture: "llama".into(),
            source: String::new(),
            licence: String::new(),
            note: String::new(),
            toy,
            blob,
        })),
        id().prop_map(|target| Body::Withdraw { target }),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let places = || prop::collection::btree_map(bytes32(), place(), 0..4);
    (
        bytes32(),
        bytes32(),
        0..9_u64,
        bytes32(),
        0..1_u64 << 62,
        places(),
        places(),
        body(),
    )
        .prop_map(|(circle, feed, height, previous, time, seen, cut, body)| {
            let kind = body.kind();
            let genesis = kind == Kind::GENESIS;
            let cites = kind.is_critical() && !genesis;
            let height = if genesis { 0 } else { height };
            let mut seen: Vec<Place> = seen.into_values().filter(|_| cites).collect();
            seen.sort();
            let cut = cut.into_iter().filter(|_| cites);
            Record {
                circle: (!genesis).then_some(CircleId(circle)),
                feed: FeedKey(feed),
                height,
                previous: match height {
                    0 => Previous::Certificate(StatementId(previous)),
                    _ => Previous::Record(RecordId(previous)),
                },
                time: Hlc(time),
                kind,
                seen,
                cut: cut
                    .map(|(feed, place)| Place {
                        feed: FeedKey(feed),
                        ..place
                    })
                    .collect(),
                body: body.encode(),
            }
        })
}

proptest! {
    #[test]
    fn a_record_survives_its_encoding(record in record()) {
        let built = Signed::build(record, sign);
        let read = Signed::<Record>::decode(built.bytes()).unwrap();
        prop_assert_eq!(&read, &built);
        prop_assert_eq!(read.id(), built.id());
        let again = Signed::build(read.value().clone(), sign);
        prop_assert_eq!(again.bytes(), built.bytes(), "one value has one encoding");
        prop_assert!(Body::decode(read.value().kind, &read.value().body).is_some());
    }

    #[test]
    fn a_body_survives_its_encoding(body in body()) {
        let bytes = body.encode();
        prop_assert_eq!(check_cbor(&bytes), Ok(()));
        prop_assert_eq!(Body::decode(body.kind(), &bytes), Some(body));
    }

    /// Whatever decodes re-encodes to the very bytes that came: there is no second spelling.
    #[test]
    fn a_changed_byte_is_refused_or_another_value(record in record(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let built = Signed::build(record, sign);
        let mut bytes = built.bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(read) = Signed::<Record>::decode(&bytes) {
            let signature = read.signature();
            let again = Signed::build(read.value().clone(), |_| signature);
            prop_assert_eq!(again.bytes(), &bytes[..]);
            prop_assert!(read.id() != built.id() || signature != built.signature());
        }
    }

    #[test]
    fn an_acknowledgement_survives_its_encoding(
        feeds in prop::collection::btree_map(bytes32(), (0..99_u64, bytes32(), bytes32(), any::<bool>()), 0..5),
        wanted in prop::collection::btree_set(bytes32(), 0..4),
        sequence in 0..1_u64 << 40,
    ) {
        let entries = feeds.into_iter().map(|(feed, (height, a, b, forked))| {
            let entry = if forked && a != b {
                let (first, second) = (RecordId(a.min(b)), RecordId(a.max(b)));
                Entry::Forked { height, first, second, tips: vec![first] }
            } else {
                Entry::Head { height, id: RecordId(a) }
            };
            (FeedKey(feed), entry)
        });
        let ack = Ack {
            circle: CircleId([1; 32]),
            from: RootKey([2; 32]),
            feed: FeedKey([3; 32]),
            certificate: StatementId([4; 32]),
            to: RootKey([5; 32]),
            epoch: Epoch { counter: 6, random: [7; 8] },
            sequence,
            statements: [8; 32],
            frontier: Frontier(entries.collect()),
            wanted: wanted.into_iter().collect(),
        };
        let built = Signed::build(ack, sign);
        prop_assert_eq!(Signed::<Ack>::decode(built.bytes()).unwrap(), built);
    }

    #[test]
    fn rubbish_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Signed::<Record>::decode(&bytes);
        let _ = Signed::<Statement>::decode(&bytes);
        let _ = Signed::<Ack>::decode(&bytes);
        let _ = check_cbor(&bytes);
        for kind in 0..70 {
            let _ = Body::decode(Kind(kind), &bytes);
        }
    }
}

fn sample() -> Record {
    Record {
        circle: Some(CircleId([1; 32])),
        feed: FeedKey([2; 32]),
        height: 3,
        previous: Previous::Record(RecordId([4; 32])),
        time: Hlc(5),
        kind: Kind::MERGE,
        seen: vec![],
        cut: vec![],
        body: Body::Merge.encode(),
    }
}

fn decodes(record: Record) -> Result<(), EnvelopeError> {
    Signed::<Record>::decode(Signed::build(record, sign).bytes()).map(|_| ())
}

#[test]
fn rules_of_the_header() {
    let place = |n: u8| Place {
        feed: FeedKey([n; 32]),
        height: 1,
        id: RecordId([n; 32]),
    };
    assert_eq!(decodes(sample()), Ok(()));
    let bad: [fn(&mut Record); 7] = [
        |r| r.circle = None,
        |r| r.kind = Kind::GENESIS,
        |r| (r.kind, r.circle) = (Kind::GENESIS, None),
        |r| r.time = Hlc(1 << 63),
        |r| r.height = limits::HEIGHT + 1,
        |r| r.kind = Kind(limits::HEIGHT + 1),
        |r| r.body = vec![],
    ];
    for change in bad {
        let mut record = sample();
        change(&mut record);
        assert!(
            matches!(
                decodes(record.clone()),
                Err(EnvelopeError::Malformed { .. } | EnvelopeError::Payload(_))
            ),
            "{record:?}"
        );
    }
    for (seen, cut) in [
        (vec![place(2), place(1)], vec![]),
        (vec![place(1), place(1)], vec![]),
        (
            vec![],
            vec![
                place(1),
                Place {
                    height: 2,
                    ..place(1)
                },
            ],
        ),
        ((0..=limits::SEEN as u8).map(place).collect(), vec![]),
    ] {
        assert!(
            decodes(Record {
                seen,
                cut,
                ..sample()
            })
            .is_err()
        );
    }
    let ordinary = Record {
        kind: Kind::WITHDRAW,
        seen: vec![place(1)],
        ..sample()
    };
    assert!(decodes(ordinary).is_err());
}

#[test]
fn a_newer_version_is_said_to_be_newer() {
    let mut payload = sample().encode();
    payload[1] = 2;
    let found = Record::decode(&payload);
    assert_eq!(
        found,
        Err(EnvelopeError::Newer {
            what: "record",
            found: 2
        })
    );
}

#[test]
fn an_unknown_kind_is_kept() {
    let record = Record {
        kind: Kind(99),
        body: vec![0xa0],
        ..sample()
    };
    assert_eq!(decodes(record.clone()), Ok(()));
    assert_eq!(Body::decode(record.kind, &record.body), None);
}

#[test]
fn a_record_of_one_byte_too_many_is_refused() {
    let filled = |size: usize| {
        let mut body = vec![0x59, (size >> 8) as u8, size as u8];
        body.extend(std::iter::repeat_n(0, size));
        Signed::build(
            Record {
                kind: Kind(99),
                body,
                ..sample()
            },
            sign,
        )
    };
    let overhead = filled(60_000).bytes().len() - 60_000;
    let fits = filled(limits::RECORD_BYTES - overhead);
    assert_eq!(fits.bytes().len(), limits::RECORD_BYTES);
    assert!(Signed::<Record>::decode(fits.bytes()).is_ok());
    let large = filled(limits::RECORD_BYTES - overhead + 1);
    assert_eq!(
        Signed::<Record>::decode(large.bytes()),
        Err(EnvelopeError::TooLarge {
            limit: limits::RECORD_BYTES
        })
    );
}

#[test]
fn statements_survive_their_encoding_and_unknown_ones_are_kept() {
    let claims = [
        Claim::Certificate {
            role: Role::Spare,
            key: [1; 32],
            replaces: None,
            proof: [4; 64],
        },
        Claim::Certificate {
            role: Role::Receive,
            key: [1; 32],
            replaces: Some(StatementId([2; 32])),
            proof: [5; 64],
        },
        Claim::Revocation {
            key: [1; 32],
            circle: None,
            cut: None,
        },
        Claim::Revocation {
            key: [1; 32],
            circle: Some(CircleId([3; 32])),
            cut: Some((4, RecordId([5; 32]))),
        },
        Claim::Recovery {
            circle: CircleId([1; 32]),
            old: RootKey([2; 32]),
            new: RootKey([3; 32]),
        },
        Claim::Unknown {
            kind: 77,
            elements: 1,
            rest: vec![0x01],
        },
        Claim::Unknown {
            kind: 0,
            elements: 3,
            rest: vec![0x09, 0x40, 0x40],
        },
    ];
    for claim in claims {
        let statement = Statement {
            root: RootKey([9; 32]),
            time: Hlc(1),
            claim,
        };
        let built = Signed::build(statement, sign);
        assert_eq!(
            Signed::<Statement>::decode(built.bytes()).as_ref(),
            Ok(&built)
        );
    }
}
