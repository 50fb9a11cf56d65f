//! One function for each parser of foreign bytes: what the fuzz targets run, and what the stable test
//! `tests/it/mutations.rs` runs. A function takes any bytes and must neither panic nor hang nor take memory beyond
//! its parser's limits; where something is taken, it says what must hold of it.
//!
//! This file uses the library's public items only, so that it compiles in both places.

use okibi::bundle::{Head, Manifest, names, sshsig::SshSig, tar};
use okibi::carrier::media::medium::{Sums, decode_done, encode_done};
use okibi::carrier::media::parity::Index;
use okibi::carrier::media::{records, seal};
use okibi::config::Config;
use okibi::identity::{KeyCard, ReceiveSecret, Signer, SigningSecret, verify};
use okibi::learn::{Delta, Layout, Mantissa, Shape};
use okibi::library::{MediaType, chunk, manual, question};
use okibi::model::Card;
use okibi::model::file::ModelFile;
use okibi::model::gguf;
use okibi::model::template::{Context, Message, Template};
use okibi::model::tokenizer::Tokenizer;
use okibi::model::{Options, load};
use okibi::node::backup_holds;
use okibi::record::{
    Ack, Body, Claim, Frontier, Hlc, Kind, Payload, Record, Role, RootKey, Signed, Statement,
    check_cbor, difference,
};

#[path = "acts.rs"]
pub mod acts;
#[path = "wire.rs"]
pub mod wire;

/// A parser's name, which is also the name of its corpus, and the function that feeds it. It says whether the
/// bytes were taken.
pub type Entry = (&'static str, fn(&[u8]) -> bool);

/// Every parser of foreign bytes.
pub const ENTRIES: [Entry; 33] = [
    ("ack", ack),
    ("backup", backup),
    ("body", body),
    ("card", card),
    ("cbor", cbor),
    ("certified", certified),
    ("config", config),
    ("delta", delta),
    ("done", done),
    ("node-addr", wire::node_addr),
    ("fold", acts::fold),
    ("frontier", frontier),
    ("gguf", model),
    ("head", head),
    ("import", acts::import),
    ("ingest", acts::ingest),
    ("introduction", wire::introduction),
    ("manifest", manifest),
    ("manual", handbook),
    ("markdown", markdown),
    ("member-name", member_name),
    ("parity", parity),
    ("record", record),
    ("sealed", sealed),
    ("session", wire::session),
    ("sshsig", signature),
    ("statement", statement),
    ("sums", sums),
    ("sync-frame", wire::frame),
    ("tar", archive),
    ("template", template),
    ("ticket", wire::ticket),
    ("tokenizer", tokenizer),
];

/// What decodes is canonical: it encodes to the very bytes that came. Its signature may be anything.
fn envelope<T: Payload + Clone>(bytes: &[u8]) -> Option<Signed<T>> {
    let signed = Signed::<T>::decode(bytes).ok()?;
    let signature = signed.signature();
    let again = Signed::build(signed.value().clone(), |_| signature);
    assert!(again.bytes() == bytes, "a second spelling was taken");
    assert!(again.raw_id() == signed.raw_id(), "one thing with two ids");
    let _ = verify(signed.clone());
    Some(signed)
}

pub fn record(bytes: &[u8]) -> bool {
    let Some(signed) = envelope::<Record>(bytes) else {
        return false;
    };
    let record = signed.value();
    assert!(
        check_cbor(&record.body) == Ok(()),
        "a body outside the profile"
    );
    if let Some(body) = Body::decode(record.kind, &record.body) {
        assert!(body.kind() == record.kind, "a body of another kind");
    }
    true
}

pub fn statement(bytes: &[u8]) -> bool {
    envelope::<Statement>(bytes).is_some()
}

pub fn ack(bytes: &[u8]) -> bool {
    envelope::<Ack>(bytes).is_some()
}

/// A frontier alone, inside an acknowledgement that is good otherwise; then the difference with others.
pub fn frontier(bytes: &[u8]) -> bool {
    let mut payload = vec![0x8b, 0x01];
    let mut push = |bytes: &[u8]| payload.extend(bytes);
    for length in [32, 32, 32, 32, 32, 16_usize] {
        match length {
            32 => push(&[0x58, 0x20]),
            _ => push(&[0x50]),
        }
        push(&[1; 32][..length]);
    }
    push(&[0x00, 0x58, 0x20]);
    push(&[2; 32]);
    push(bytes);
    push(&[0x80]);
    if check_cbor(&payload).is_err() {
        return false;
    }
    let Ok(ack) = Ack::decode(&payload) else {
        return false;
    };
    assert!(ack.encode() == payload, "a second spelling was taken");
    let frontier = ack.frontier;
    let nothing = Frontier::default();
    let at = |_: &_, _| {
        frontier.0.values().next().map(|entry| match entry {
            okibi::record::Entry::Head { id, .. } => *id,
            okibi::record::Entry::Forked { first, .. } => *first,
        })
    };
    assert!(
        difference(&nothing, &frontier, at).is_empty(),
        "nothing has something"
    );
    let all = difference(&frontier, &nothing, at);
    assert!(
        all.len() == frontier.0.len() || frontier.0.is_empty(),
        "everything is lacking"
    );
    difference(&frontier, &frontier, at);
    true
}

/// The kind in the first byte, the body behind it.
pub fn body(bytes: &[u8]) -> bool {
    let Some((&kind, body)) = bytes.split_first() else {
        return false;
    };
    let kind = Kind(u64::from(kind));
    let Some(read) = Body::decode(kind, body) else {
        return false;
    };
    if check_cbor(body).is_ok() {
        assert!(read.encode() == body, "a second spelling was taken");
    }
    true
}

pub fn cbor(bytes: &[u8]) -> bool {
    if check_cbor(bytes).is_err() {
        return false;
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    assert!(
        decoder.skip().is_ok() && decoder.position() == bytes.len(),
        "no item, or more than one"
    );
    true
}

pub fn card(bytes: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(card) = KeyCard::parse(line) else {
        return false;
    };
    assert!(
        card.to_string() == line.trim(),
        "a second spelling was taken"
    );
    for statement in card.statements() {
        sealed_for(statement.value());
    }
    true
}

/// Encrypts for the receive key of a certificate that was believed, as an export does.
fn sealed_for(statement: &Statement) {
    if let Claim::Certificate {
        role: Role::Receive,
        key,
        ..
    } = statement.claim
    {
        let sealed = seal::seal(Vec::new(), &[key.into()]).map(seal::Sealer::finish);
        assert!(matches!(sealed, Ok(Ok(_))), "a certified key takes nothing");
    }
}

/// Role, key and proof of a certificate that its root signed well; whoever is believed is written to, and nobody else is.
pub fn certified(bytes: &[u8]) -> bool {
    let Some((&[role], rest)) = bytes.split_first_chunk::<1>() else {
        return false;
    };
    let Some((key, proof)) = rest.split_first_chunk::<32>() else {
        return false;
    };
    let (Some(role), Ok(proof)) = (
        [Role::Sign, Role::Transport, Role::Receive, Role::Spare].get(usize::from(role)),
        proof.try_into(),
    ) else {
        return false;
    };
    let root = SigningSecret::from_bytes(&[0x11; 32]);
    let statement = Statement {
        root: RootKey(root.public()),
        time: Hlc(0),
        claim: Claim::Certificate {
            role: *role,
            key: *key,
            replaces: None,
            proof,
        },
    };
    let Ok(believed) = verify(Signed::build(statement, |message| root.sign(message))) else {
        // To a key that nobody could certify, sealing is an error and no panic.
        if !seal::is_usable(key) {
            assert!(seal::seal(Vec::new(), &[(*key).into()]).is_err());
        }
        return false;
    };
    sealed_for(believed.value());
    true
}

pub fn head(bytes: &[u8]) -> bool {
    let Ok(head) = Head::decode(bytes) else {
        return false;
    };
    // Lines of a later format are skipped, so only this one's encoding is unique.
    assert!(
        head.format > 1 || head.encode() == bytes,
        "a second spelling was taken"
    );
    true
}

pub fn manifest(bytes: &[u8]) -> bool {
    let Ok(manifest) = Manifest::decode(bytes) else {
        return false;
    };
    assert!(manifest.encode() == bytes, "a second spelling was taken");
    manifest.sums();
    true
}

pub fn signature(bytes: &[u8]) -> bool {
    let Ok(signature) = SshSig::decode(bytes) else {
        return false;
    };
    assert!(signature.encode() == bytes, "a second spelling was taken");
    let _ = signature.verify(b"okibi");
    true
}

/// What is inside a backup, once it is decrypted.
pub fn backup(mut bytes: &[u8]) -> bool {
    let size = bytes.len();
    let Ok((keys, blobs)) = backup_holds(&mut bytes) else {
        return false;
    };
    // Each member has a header of its own.
    assert!((keys + blobs) * 512 < size, "more members than bytes");
    true
}

pub fn archive(bytes: &[u8]) -> bool {
    let Ok(members) = tar::list(bytes) else {
        return false;
    };
    for member in members {
        assert!(
            names::parse(&member.name).is_some(),
            "a name outside the grammar"
        );
        assert!(
            member.offset + member.size <= bytes.len() as u64,
            "a member outside the archive"
        );
    }
    true
}

pub fn member_name(bytes: &[u8]) -> bool {
    let Some(name) = std::str::from_utf8(bytes)
        .ok()
        .filter(|name| names::parse(name).is_some())
    else {
        return false;
    };
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    assert!(
        name.chars().all(harmless) && !name.contains("..") && !name.starts_with('/'),
        "{name}"
    );
    true
}

pub fn sums(bytes: &[u8]) -> bool {
    let Some(sums) = Sums::decode(bytes) else {
        return false;
    };
    assert!(sums.encode() == bytes, "a second spelling was taken");
    true
}

pub fn parity(bytes: &[u8]) -> bool {
    let Some(index) = Index::decode(bytes) else {
        return false;
    };
    assert!(index.encode() == bytes, "a second spelling was taken");
    let shape = index.shape();
    assert!(
        index.data(shape.blocks - 1).is_some(),
        "a block without a hash"
    );
    assert!(index.data(shape.blocks).is_none(), "a hash without a block");
    true
}

/// A delta of a small form, in either width.
pub fn delta(bytes: &[u8]) -> bool {
    let shape = |rows, columns| Shape { rows, columns };
    let mut taken = false;
    for mantissa in [Mantissa::Int4, Mantissa::Int8] {
        let Ok(layout) = Layout::new(vec![shape(4, 3), shape(1, 3), shape(3, 2)], mantissa) else {
            return false;
        };
        let Ok(delta) = Delta::decode(&layout, bytes) else {
            continue;
        };
        taken = true;
        assert!(
            delta.encode(&layout) == bytes,
            "a second spelling was taken"
        );
        let most = mantissa.most();
        let fits = |it: &i8| it.unsigned_abs() <= most;
        assert!(delta.mantissas().iter().all(fits), "too large a mantissa");
        let parts = (delta.exponents().to_vec(), delta.mantissas().to_vec());
        let again = Delta::new(&layout, delta.samples(), parts.0, parts.1);
        assert!(again == Ok(delta), "not in lowest terms");
    }
    taken
}

pub fn done(bytes: &[u8]) -> bool {
    let Some(tokens) = decode_done(bytes) else {
        return false;
    };
    assert!(encode_done(&tokens) == bytes, "a second spelling was taken");
    true
}

/// An age stream as it lies on a stick, and a records member, which is zstd behind the length that is listed for it.
pub fn sealed(bytes: &[u8]) -> bool {
    use std::io::Read;
    let _ = seal::open_token(bytes, &ReceiveSecret::from_bytes([1; 32]).into());
    // What the manifest lists stands in front, in four bytes.
    if let Some((raw, frame)) = bytes.split_first_chunk() {
        let raw = u64::from(u32::from_le_bytes(*raw));
        if let Ok(found) = records::decompress_exactly(frame, raw) {
            assert!(found.len() as u64 == raw, "another length than was listed");
            return !found.is_empty();
        }
    }
    let secrets = [ReceiveSecret::from_bytes([1; 32]).into()];
    let Ok(opened) = seal::open(bytes, &secrets) else {
        return false;
    };
    let limit = bytes.len() as u64 + 1;
    let mut plain = Vec::new();
    let whole = opened.take(limit).read_to_end(&mut plain).is_ok();
    assert!(plain.len() <= bytes.len(), "more came out than went in");
    whole
}

/// Everything that is read of a model file, and a first pass where it runs: nothing of it may panic, read outside of the
/// file or loop, whatever the answer.
pub fn model(bytes: &[u8]) -> bool {
    let Ok(file) = ModelFile::from_bytes(bytes) else {
        return false;
    };
    let _ = Card::read(&file);
    if let Ok(mut model) = load(
        &file,
        Options {
            context: Some(4),
            ..Options::default()
        },
    ) {
        let vocab = model.vocab_len();
        assert!(vocab > 0, "a model without tokens");
        for token in [0, vocab as u32 / 2] {
            if let Ok(logits) = model.forward(&[token, 0], 0) {
                assert!(logits.len() == vocab, "too few logits");
            }
        }
    }
    let Ok(gguf) = gguf::parse(bytes) else {
        return false;
    };
    for (key, _) in gguf.metadata() {
        let _ = gguf.str(key);
        if let Some(array) = gguf.array(key) {
            assert!(
                array.iter().take(1_000).count() <= array.len(),
                "more than there is"
            );
        }
    }
    for tensor in gguf.tensors() {
        assert!(
            gguf.bytes_of(tensor).len() <= bytes.len(),
            "outside of the file"
        );
    }
    true
}

pub fn tokenizer(bytes: &[u8]) -> bool {
    let Some(tokenizer) = gguf::parse(bytes)
        .ok()
        .and_then(|gguf| Tokenizer::from_gguf(&gguf).ok())
    else {
        return false;
    };
    let tokens = tokenizer.encode(" ab aab\n熾火<s></s> 12 ", true);
    assert!(
        tokens
            .iter()
            .all(|token| (*token as usize) < tokenizer.len()),
        "no such token"
    );
    tokenizer.decode(&tokens);
    true
}

pub fn template(bytes: &[u8]) -> bool {
    let Ok(source) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(template) = Template::new(source, "<s>".into(), "</s>".into()) else {
        return false;
    };
    let messages = [Message::new("user", "a b"), Message::new("assistant", "c")];
    let context = Context {
        answer: true,
        now: Some(0),
        ..Context::default()
    };
    template.render(&messages, context).is_ok()
}

/// A shared document: sections lie in order on character boundaries, in either media type.
pub fn markdown(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    for media_type in [MediaType::Markdown, MediaType::Plain] {
        let Ok(sections) = chunk::sections(text, media_type) else {
            return false;
        };
        let mut end = 0;
        for section in sections {
            assert!(
                section.range.start >= end && !section.range.is_empty(),
                "sections overlap"
            );
            assert!(
                text.get(section.range.clone()).is_some(),
                "a range cuts a character"
            );
            end = section.range.end;
        }
    }
    let _ = question::terms(text);
    true
}

/// A part of the manual, as it lies in the starter bundle.
pub fn handbook(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(part) = manual::parse(text) else {
        return false;
    };
    let _ = manual::check(&[part]);
    true
}

/// The configuration file, by way of a real file; in memory where the system has a place for that.
pub fn config(bytes: &[u8]) -> bool {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let home = folder.join(format!("okibi-config-{}", std::process::id()));
    let written = std::fs::create_dir_all(&home)
        .and_then(|()| std::fs::write(home.join("config.toml"), bytes));
    assert!(written.is_ok(), "the folder can be written");
    let taken = Config::load(Some(&home), |_| None).is_ok();
    let _ = std::fs::remove_dir_all(home);
    taken
}
