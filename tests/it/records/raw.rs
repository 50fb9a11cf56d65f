//! A writer of envelopes that does not know the rules: it makes what `docs/records.md` refuses.

use data_encoding::BASE64URL_NOPAD;
use okibi::identity::{Signer, SigningSecret};
use okibi::record::{Ack, Payload, Record, Signed, Statement};

/// One tampered thing: what it pretends to be, what is wrong with it, its bytes.
pub type Tampered = (&'static str, &'static str, Vec<u8>);

const PROTECTED: &[u8] = b"\xa1\x01\x27";
/// The order of the base point, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A head in its shortest form.
pub fn head(major: u8, value: u64) -> Vec<u8> {
    let major = major << 5;
    match value {
        0..24 => vec![major | value as u8],
        24..0x100 => vec![major | 24, value as u8],
        0x100..0x1_0000 => [&[major | 25][..], &(value as u16).to_be_bytes()].concat(),
        0x1_0000..0x1_0000_0000 => [&[major | 26][..], &(value as u32).to_be_bytes()].concat(),
        _ => [&[major | 27][..], &value.to_be_bytes()].concat(),
    }
}

pub fn string(bytes: &[u8]) -> Vec<u8> {
    [head(2, bytes.len() as u64), bytes.to_vec()].concat()
}

fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [head(4, items.len() as u64), items.concat()].concat()
}

fn uint(value: u64) -> Vec<u8> {
    head(0, value)
}

/// The signature over any payload in any context.
fn signature(context: &str, payload: &[u8], seed: u8) -> [u8; 64] {
    let message = [
        b"\x84\x6aSignature1".to_vec(),
        string(PROTECTED),
        string(context.as_bytes()),
        string(payload),
    ]
    .concat();
    SigningSecret::from_bytes(&[seed; 32]).sign(&message)
}

fn envelope(context: &str, payload: &[u8], seed: u8) -> Vec<u8> {
    let signature = signature(context, payload, seed);
    [
        b"\xd2\x84\x43\xa1\x01\x27\xa0".to_vec(),
        string(payload),
        string(&signature),
    ]
    .concat()
}

/// A key card of any envelopes; `wrong` is added to the checksum.
pub fn card(envelopes: &[Vec<u8>], wrong: u8) -> String {
    let items: Vec<Vec<u8>> = envelopes.iter().map(|bytes| string(bytes)).collect();
    let mut bytes = array(&items);
    let mut sum = blake3::hash(&bytes).as_bytes()[..4].to_vec();
    sum[0] ^= wrong;
    bytes.extend(sum);
    format!("okibi-card-1:{}", BASE64URL_NOPAD.encode(&bytes))
}

/// Splits an array's items; ours hold no more than arrays, integers, strings and null.
fn items(payload: &[u8]) -> Vec<Vec<u8>> {
    let mut decoder = minicbor::Decoder::new(payload);
    let count = decoder.array().expect("an array").expect("a length");
    let item = |_| {
        let start = decoder.position();
        decoder.skip().expect("an item");
        payload[start..decoder.position()].to_vec()
    };
    (0..count).map(item).collect()
}

/// Everything of this kind that must be refused, made from things that are good.
pub fn tampered(
    genesis: &Signed<Record>,
    record: &Signed<Record>,
    statement: &Signed<Statement>,
    ack: &Signed<Ack>,
) -> Vec<Tampered> {
    let mut all = Vec::new();
    envelopes("record", record, 0x12, &mut all);
    envelopes("statement", statement, 0x11, &mut all);
    envelopes("acknowledgement", ack, 0x12, &mut all);
    payloads(record, &mut all);
    records(genesis, record, &mut all);
    statements(statement, &mut all);
    acks(ack, &mut all);
    all
}

/// What is wrong with the envelope of any thing.
fn envelopes<T: Payload>(thing: &'static str, good: &Signed<T>, seed: u8, all: &mut Vec<Tampered>) {
    let bytes = good.bytes();
    let payload = good.value().encode();
    let mut add = |name, bytes: Vec<u8>| all.push((thing, name, bytes));
    let end = bytes.len() - 66;
    add("empty", vec![]);
    add("without a tag", bytes[1..].to_vec());
    add("tag 98", [&[0xd8, 0x62], &bytes[1..]].concat());
    add(
        "tag in a longer form",
        [&[0xd8, 0x12], &bytes[1..]].concat(),
    );
    add(
        "another algorithm",
        [&bytes[..5], &[0x26], &bytes[6..]].concat(),
    );
    add(
        "empty protected header",
        [&[0xd2, 0x84, 0x40, 0xa0], &bytes[7..]].concat(),
    );
    add(
        "protected header as a map",
        [&[0xd2, 0x84, 0xa1, 0x01, 0x27, 0xa0], &bytes[7..]].concat(),
    );
    add(
        "a key in the unprotected header",
        [&bytes[..6], &[0xa1, 0x04, 0x41, 0x01], &bytes[7..]].concat(),
    );
    add(
        "detached payload",
        [&bytes[..7], &[0xf6], &bytes[end..]].concat(),
    );
    let longer = [&[0x5a][..], &(payload.len() as u32).to_be_bytes()].concat();
    add(
        "payload head in a longer form",
        [&bytes[..7], &longer, &payload[..], &bytes[end..]].concat(),
    );
    add(
        "payload in pieces",
        [&bytes[..7], &[0x5f], &bytes[7..end], &[0xff], &bytes[end..]].concat(),
    );
    add(
        "signature of 63 bytes",
        [
            &bytes[..end],
            &[0x58, 0x3f],
            &bytes[end + 2..bytes.len() - 1],
        ]
        .concat(),
    );
    add(
        "signature of 65 bytes",
        [&bytes[..end], &[0x58, 0x41], &bytes[end + 2..], &[0]].concat(),
    );
    add("a byte behind", [bytes, &[0]].concat());
    add("cut", bytes[..bytes.len() - 1].to_vec());
    add("signature of another content", {
        let mut wrong = bytes.to_vec();
        wrong[end + 10] ^= 1;
        wrong
    });
    add(
        "signature of another key",
        envelope(T::CONTEXT, &payload, 0x66),
    );
    add(
        "signature of another context",
        envelope("okibi-other@v1", &payload, seed),
    );
    add("signature with S + L", {
        let mut wrong = bytes.to_vec();
        let mut carry = 0_u16;
        let start = wrong.len() - 32;
        for (byte, order) in wrong[start..].iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(order);
            *byte = carry as u8;
            carry >>= 8;
        }
        wrong
    });
    // The size is judged before anything else.
    add("larger than the limit", vec![0; T::LIMIT + 1]);
    let mut newer = items(&payload);
    newer[0] = uint(2);
    add("version 2", envelope(T::CONTEXT, &array(&newer), seed));
    newer[0] = uint(0);
    add("version 0", envelope(T::CONTEXT, &array(&newer), seed));
    add("version as text", {
        newer[0] = vec![0x61, b'1'];
        envelope(T::CONTEXT, &array(&newer), seed)
    });
    add(
        "payload that is no array",
        envelope(T::CONTEXT, &[0xa0], seed),
    );
    add(
        "payload of two items",
        envelope(T::CONTEXT, &[&payload[..], &[0x00]].concat(), seed),
    );
}

/// What is wrong with the profile, shown on a record's body.
fn payloads(good: &Signed<Record>, all: &mut Vec<Tampered>) {
    let bodies: [(&'static str, &[u8]); 10] = [
        ("body with a longer head", b"\x18\x01"),
        ("body of indefinite length", b"\x9f\xff"),
        ("body with a tag", b"\xc1\x00"),
        ("body with a float", b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
        ("body with undefined", b"\xf7"),
        ("body with bad UTF-8", b"\x61\xc0"),
        ("body with map keys out of order", b"\xa2\x61b\x00\x61a\x00"),
        ("body with a map key twice", b"\xa2\x00\x00\x00\x00"),
        (
            "body that claims too much",
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        ),
        ("body nested too deeply", &[0x81; 20]),
    ];
    for (name, body) in bodies {
        let mut parts = items(&good.value().encode());
        parts[9] = body.to_vec();
        all.push((
            "record",
            name,
            envelope(Record::CONTEXT, &array(&parts), 0x12),
        ));
    }
}

/// Changes items of a payload and signs it again.
fn changed<T: Payload>(good: &Signed<T>, seed: u8, changes: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut parts = items(&good.value().encode());
    for (at, item) in changes {
        parts[*at] = item.clone();
    }
    envelope(T::CONTEXT, &array(&parts), seed)
}

fn place(feed: u8, height: u64, id: u8) -> Vec<u8> {
    array(&[string(&[feed; 32]), uint(height), string(&[id; 32])])
}

fn records(genesis: &Signed<Record>, good: &Signed<Record>, all: &mut Vec<Tampered>) {
    let mut add = |name, bytes: Vec<u8>| all.push(("record", name, bytes));
    let one = |at: usize, item: Vec<u8>| changed(good, 0x12, &[(at, item)]);
    let parts = items(&good.value().encode());
    add(
        "nine elements",
        envelope(Record::CONTEXT, &array(&parts[..9]), 0x12),
    );
    add(
        "eleven elements",
        envelope(
            Record::CONTEXT,
            &array(&[&parts[..], &[vec![0xf6]]].concat()),
            0x12,
        ),
    );
    add("empty circle on another kind", one(1, string(&[])));
    add("circle of 31 bytes", one(1, string(&[1; 31])));
    add("feed of 33 bytes", one(2, string(&[1; 33])));
    add("negative height", one(3, vec![0x20]));
    add("height of 2^53", one(3, uint(1 << 53)));
    add("previous of 31 bytes", one(4, string(&[1; 31])));
    add("empty previous", one(4, string(&[])));
    add("time of 2^63", one(5, uint(1 << 63)));
    add("kind of 2^53", one(6, uint(1 << 53)));
    add("seen that is no array", one(7, vec![0xf6]));
    add(
        "seen out of order",
        one(7, array(&[place(2, 1, 1), place(1, 1, 1)])),
    );
    add(
        "seen with heights out of order",
        one(7, array(&[place(1, 2, 1), place(1, 1, 2)])),
    );
    add(
        "seen with one place twice",
        one(7, array(&[place(1, 1, 1), place(1, 1, 1)])),
    );
    add(
        "seen with a place of two",
        one(7, array(&[array(&[string(&[1; 32]), uint(1)])])),
    );
    add(
        "65 seen",
        one(
            7,
            array(&(0..65).map(|n| place(n, 1, 1)).collect::<Vec<_>>()),
        ),
    );
    add(
        "cut with one feed twice",
        one(8, array(&[place(1, 1, 1), place(1, 2, 1)])),
    );
    add(
        "cut out of order",
        one(8, array(&[place(2, 1, 1), place(1, 2, 1)])),
    );
    let places: Vec<Vec<u8>> = (0..257_u16)
        .map(|n| {
            array(&[
                string(&[&n.to_be_bytes()[..], &[0; 30]].concat()),
                uint(1),
                string(&[1; 32]),
            ])
        })
        .collect();
    add("257 places in a cut", one(8, array(&places)));
    add(
        "ordinary kind with seen",
        changed(good, 0x12, &[(6, uint(64)), (7, array(&[place(1, 1, 1)]))]),
    );
    add(
        "ordinary kind with a cut",
        changed(good, 0x12, &[(6, uint(64)), (8, array(&[place(1, 1, 1)]))]),
    );
    add(
        "genesis with a circle",
        changed(genesis, 0x12, &[(1, string(&[1; 32]))]),
    );
    add(
        "genesis at height 1",
        changed(genesis, 0x12, &[(3, uint(1))]),
    );
    add(
        "genesis with seen",
        changed(genesis, 0x12, &[(7, array(&[place(1, 1, 1)]))]),
    );
    add(
        "genesis with a cut",
        changed(genesis, 0x12, &[(8, array(&[place(1, 1, 1)]))]),
    );
    // The neutral element as a key: with R the neutral element too and S = 0 a lax predicate takes any message.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut weak = one(2, string(&neutral));
    let start = weak.len() - 64;
    weak[start..].fill(0);
    weak[start] = 1;
    add("key of small order", weak);
    // No point of the curve has this y.
    let mut nowhere = [0; 32];
    nowhere[0] = 2;
    add("key that is no point", one(2, string(&nowhere)));
}

fn statements(good: &Signed<Statement>, all: &mut Vec<Tampered>) {
    let mut add = |name, bytes: Vec<u8>| all.push(("statement", name, bytes));
    let parts = items(&good.value().encode());
    add(
        "three elements",
        envelope(Statement::CONTEXT, &array(&parts[..3]), 0x11),
    );
    add(
        "root of 31 bytes",
        changed(good, 0x11, &[(2, string(&[1; 31]))]),
    );
    add(
        "kind as text",
        changed(good, 0x11, &[(1, vec![0x61, b'0'])]),
    );
    add("time of 2^63", changed(good, 0x11, &[(3, uint(1 << 63))]));
    add(
        "signed as a record",
        envelope(Record::CONTEXT, &good.value().encode(), 0x11),
    );
    // Certificates, signed well by their root, without the certified key's own proof.
    add(
        "certificate with the proof of another role",
        changed(good, 0x11, &[(4, uint(1))]),
    );
    add(
        "certificate with another's key",
        changed(good, 0x11, &[(5, string(&super::made::public(0x22)))]),
    );
    add(
        "certificate of another root",
        changed(good, 0x21, &[(2, string(&super::made::public(0x21)))]),
    );
    add(
        "certificate with a proof of zeros",
        changed(good, 0x11, &[(7, string(&[0; 64]))]),
    );
    let mut one = [0; 64];
    one[0] = 1;
    let mut receive = |name, key: [u8; 32], proof: &[u8]| {
        let items = [(4, uint(2)), (5, string(&key)), (7, string(proof))];
        add(name, changed(good, 0x11, &items));
    };
    let mut u = [0; 32];
    receive("certificate of the receive key 0", u, &one);
    u[0] = 1;
    receive("certificate of the receive key 1", u, &one);
    u[0] = 2;
    receive("certificate of a receive key of the twist", u, &one);
    let (mut spelt, whole) = super::made::receive_parts(0x14);
    spelt[31] |= 0x80;
    receive(
        "certificate of a receive key spelt otherwise",
        spelt,
        &whole,
    );
    let (honest, mut proof) = super::made::receive_parts(0x14);
    proof[63] ^= 1;
    receive(
        "certificate of a receive key with another proof",
        honest,
        &proof,
    );
}

fn acks(good: &Signed<Ack>, all: &mut Vec<Tampered>) {
    let mut add = |name, bytes: Vec<u8>| all.push(("acknowledgement", name, bytes));
    let one = |at: usize, item: Vec<u8>| changed(good, 0x12, &[(at, item)]);
    let id = |n: u8| string(&[n; 32]);
    let parts = items(&good.value().encode());
    add(
        "ten elements",
        envelope(Ack::CONTEXT, &array(&parts[..10]), 0x12),
    );
    add("epoch of 15 bytes", one(6, string(&[1; 15])));
    add("sequence of 2^53", one(7, uint(1 << 53)));
    add("statements hash of 31 bytes", one(8, string(&[1; 31])));
    add("wanted out of order", one(10, array(&[id(2), id(1)])));
    add("wanted twice", one(10, array(&[id(1), id(1)])));
    let many = |n: u16| string(&[&n.to_be_bytes()[..], &[0; 30]].concat());
    add(
        "4,097 wanted",
        one(10, array(&(0..4_097).map(many).collect::<Vec<_>>())),
    );
    let head = |feed: u8, height| array(&[id(feed), uint(height), id(1)]);
    let fork = |first: u8, second: u8, tips: &[Vec<u8>]| {
        array(&[id(1), uint(1), id(first), id(second), array(tips)])
    };
    add(
        "feeds out of order",
        one(9, array(&[head(2, 0), head(1, 0)])),
    );
    add("one feed twice", one(9, array(&[head(1, 0), head(1, 1)])));
    add(
        "frontier height of 2^53",
        one(9, array(&[head(1, 1 << 53)])),
    );
    add(
        "entry of four",
        one(9, array(&[array(&[id(1), uint(1), id(1), id(2)])])),
    );
    add(
        "fork halves out of order",
        one(9, array(&[fork(2, 1, &[])])),
    );
    add("fork of one record", one(9, array(&[fork(1, 1, &[])])));
    add(
        "tips out of order",
        one(9, array(&[fork(1, 2, &[id(4), id(3)])])),
    );
    add(
        "65 tips",
        one(
            9,
            array(&[fork(1, 2, &(0..65).map(id).collect::<Vec<_>>())]),
        ),
    );
}
