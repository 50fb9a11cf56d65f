//! The kinds of things of which a party may say as many as fit into a bundle.

use super::*;

/// One more thing of a kind that a party says; the number of what it said before.
pub type Say = fn(&mut Scene, &mut Dice, usize, usize) -> usize;

/// The kinds of loads, each with the bytes that one more of it takes in a bundle.
pub const FAMILIES: [(&str, Say); 17] = [
    ("records that compress", zeros),
    ("many small records", small),
    ("statements of throw-away roots", throw_away),
    ("statements of one root", one_root),
    ("many feeds", many_feeds),
    ("siblings", siblings),
    ("forks in many feeds", forks),
    ("wide citations", wide),
    ("branches, each cited", cited),
    ("admissions of many, who write", guests),
    ("a chain of guests", chain),
    ("decisions", decisions),
    ("records that wait", waiting),
    ("contents of other people's names", contents),
    ("withdrawals of everything", withdrawals),
    ("revocations with cuts", revocations),
    (
        "a branch at each height, revoked again and again",
        branches_revoked,
    ),
];

/// The next free device of a party.
fn device(scene: &mut Scene, who: usize, n: usize) -> FeedKey {
    scene.world.device(who, 1 + n)
}

fn length(scene: &Scene, before: (usize, usize)) -> usize {
    let statements = scene.world.statements[before.0..].iter();
    let records = scene.world.records[before.1..].iter();
    statements.map(|it| it.bytes().len()).sum::<usize>()
        + records.map(|it| it.bytes().len()).sum::<usize>()
}

fn said(scene: &Scene) -> (usize, usize) {
    (scene.world.statements.len(), scene.world.records.len())
}

fn ordinary(feed: FeedKey, body: Vec<u8>) -> Draft {
    let mut draft = Draft::new(feed, &Body::Merge);
    (draft.kind, draft.body) = (Kind(200), body);
    draft
}

/// Deterministic CBOR of bytes.
fn bytes(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    [&[0x59][..], &length.to_be_bytes(), content].concat()
}

/// As much as a member of 32 times its size may unpack to; each feed has 16 MiB.
fn zeros(scene: &mut Scene, dice: &mut Dice, who: usize, n: usize) -> usize {
    let feed = device(scene, who, n / 240);
    let noise: Vec<u8> = (0..2_048).map(|_| dice.roll() as u8).collect();
    let mut content = vec![0; 60_000];
    content[..noise.len()].copy_from_slice(&noise);
    scene.world.add(ordinary(feed, bytes(&content)));
    noise.len() + 300
}

fn small(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n % 4);
    scene.world.add(ordinary(feed, vec![0x80]));
    length(scene, before)
}

fn throw_away(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    scene.world.device(1_000 + 10_000 * who + n, 0);
    length(scene, before)
}

fn one_root(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    scene.world.device(who, 1_000 + n);
    length(scene, before)
}

fn many_feeds(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n);
    scene.world.merge(feed);
    scene.world.add(ordinary(feed, vec![0x80]));
    length(scene, before)
}

fn siblings(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, 0);
    let genesis = RecordId::from(scene.world.circle);
    let body = Body::Vote {
        subject: genesis,
        choice: n as u64,
    };
    let seen = scene.known_tip();
    scene
        .world
        .add(Draft::new(feed, &body).first().seen(&[seen]));
    length(scene, before)
}

fn forks(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n);
    for number in 0..2 {
        let body = vec![0x81, number];
        scene.world.add(ordinary(feed, body).first());
    }
    length(scene, before)
}

fn wide(scene: &mut Scene, dice: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n % 8);
    let all: Vec<RecordId> = scene.world.records.iter().map(|it| it.id()).collect();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..200 {
        let id = all[dice.below(all.len())];
        let record = scene.world.records.iter().find(|it| it.id() == id).unwrap();
        if record.value().kind.is_critical() && seen.len() < 60 {
            seen.insert(record.value().feed, id);
        }
    }
    let seen: Vec<RecordId> = seen.into_values().collect();
    scene.world.add(Draft::new(feed, &Body::Merge).seen(&seen));
    length(scene, before)
}

/// A sibling in one feed, a record on it, and a record in another feed that cites it.
fn cited(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let (forked, citing) = (device(scene, who, 0), device(scene, who, 1 + n / 250));
    let genesis = RecordId::from(scene.world.circle);
    let body = Body::Vote {
        subject: genesis,
        choice: n as u64,
    };
    let tip = scene.known_tip();
    let branch = scene
        .world
        .add(Draft::new(forked, &body).first().seen(&[tip]));
    let top = scene
        .world
        .add(Draft::new(forked, &Body::Merge).after(branch).seen(&[]));
    scene
        .world
        .add(Draft::new(citing, &Body::Merge).seen(&[top]));
    length(scene, before)
}

fn guests(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n / 3);
    let guest = 100_000 + 10_000 * who + n;
    let root = scene.world.root(guest);
    let tip = scene.known_tip();
    let below = scene.world.add(Draft::new(feed, &admit(root)).seen(&[tip]));
    let theirs = scene.world.device(guest, 0);
    scene
        .world
        .add(Draft::new(theirs, &Body::Merge).seen(&[below]));
    scene.world.add(ordinary(theirs, vec![0x80]));
    length(scene, before)
}

fn chain(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let number = |n: usize| 200_000 + 10_000 * who + n;
    let feed = match n {
        0 => device(scene, who, 0),
        n => scene.world.device(number(n - 1), 0),
    };
    let root = scene.world.root(number(n));
    scene.world.admit(feed, root);
    length(scene, before)
}

fn decisions(scene: &mut Scene, dice: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n / 250);
    let all = &scene.world.records;
    let target = all[dice.below(all.len())].id();
    let root = scene.world.root(dice.below(10));
    let body = match dice.below(7) {
        0 => Body::Suspend {
            root,
            reason: "x".repeat(200),
        },
        1 => Body::Endorse { target },
        2 => Body::Vote {
            subject: target,
            choice: n as u64,
        },
        3 => Body::AddAdmin { root },
        4 => Body::Lift { suspension: target },
        5 => Body::Policy {
            replaces: target,
            policy: Policy::default(),
        },
        _ => admit(root),
    };
    let tip = scene.known_tip();
    scene.world.add(Draft::new(feed, &body).seen(&[tip]));
    length(scene, before)
}

/// Each second record of a feed, so that all wait for what never comes.
fn waiting(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n % 16);
    scene.world.add(ordinary(feed, vec![0x80]));
    scene.world.records.pop();
    scene.world.add(ordinary(feed, vec![0x80]));
    length(scene, before)
}

fn contents(scene: &mut Scene, dice: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n % 4);
    let mut blake3 = [0; 32];
    blake3.fill_with(|| dice.roll() as u8);
    let own = OWN.get(n).map(|(_, text)| text.as_bytes());
    let blake3 = own.map_or(blake3, |text| *blake3::hash(text).as_bytes());
    let body = Body::from(Document {
        title: format!("{n}"),
        media_type: "text/plain".into(),
        language: String::new(),
        source: String::new(),
        licence: String::new(),
        blob: BlobRef {
            blake3: BlobHash(blake3),
            sha256: [0; 32],
            size: 60 << 30,
        },
    });
    scene.world.add(Draft::new(feed, &body));
    length(scene, before)
}

fn withdrawals(scene: &mut Scene, dice: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n % 4);
    let all = &scene.world.records;
    let target = all[dice.below(all.len())].id();
    scene
        .world
        .add(Draft::new(feed, &Body::Withdraw { target }));
    length(scene, before)
}

fn revocations(scene: &mut Scene, _: &mut Dice, who: usize, n: usize) -> usize {
    let before = said(scene);
    let feed = device(scene, who, n);
    let low = scene.world.add(ordinary(feed, vec![0x80]));
    scene.world.add(ordinary(feed, vec![0x80]));
    scene.world.revoke(feed, Some(low));
    length(scene, before)
}

/// A feed that branches at each height, and as many revocations of it as count, each of which holds all of it in: each
/// branch was walked for each record and each revocation.
fn branches_revoked(scene: &mut Scene, _: &mut Dice, who: usize, _: usize) -> usize {
    const HEIGHTS: u8 = 60;
    let before = said(scene);
    let feed = device(scene, who, 0);
    let own = scene.world.records.iter().rev();
    let mut tip = own
        .map(|it| (it.value().feed, it.id()))
        .find(|it| it.0 == feed)
        .map(|it| it.1);
    let mut siblings = Vec::new();
    for height in 0..HEIGHTS {
        let [sibling, next] = [vec![0x18, height | 0x80], vec![0x80]].map(|body| {
            let draft = ordinary(feed, body);
            scene.world.add(match tip {
                None => draft.first(),
                Some(tip) => draft.after(tip),
            })
        });
        siblings.push(sibling);
        tip = Some(next);
    }
    let other = scene.feeds[who];
    scene
        .world
        .add(Draft::new(other, &Body::Merge).seen(&siblings));
    for _ in 0..4 {
        scene.world.revoke(feed, tip);
    }
    length(scene, before)
}

/// An acknowledgement with as many feeds and wishes as it may have.
pub fn acknowledgement(scene: &mut Scene, who: usize, dice: &mut Dice) -> Vec<u8> {
    let mut key = || {
        let mut key = [0; 32];
        key.fill_with(|| dice.roll() as u8);
        key
    };
    let frontier = (0..9_000).map(|_| {
        let entry = Entry::Head {
            height: 1 << 40,
            id: RecordId(key()),
        };
        (FeedKey(key()), entry)
    });
    let frontier = Frontier(frontier.collect());
    let mut wanted: Vec<[u8; 32]> = (0..okibi::record::limits::WANTED).map(|_| key()).collect();
    wanted.sort_unstable();
    let feed = scene.feeds[who];
    let secret = scene.world.secret(feed);
    let ack = Ack {
        circle: scene.world.circle,
        from: scene.world.root(who),
        feed,
        certificate: scene.world.certificate(feed),
        to: scene.card.root(),
        epoch: Epoch::next(None, 1, [1; 8]),
        sequence: 1 << 40,
        statements: [0; 32],
        frontier,
        wanted,
    };
    use okibi::identity::Signer;
    Signed::build(ack, |message| secret.sign(message))
        .bytes()
        .to_vec()
}
