//! The authority closure of a bundle, its `trust/`: the statements and records that a reader needs
//! to judge the rest.
//!
//! It is written and read here. `split` parts the records that judge from the others, `members`
//! makes the files of `trust/`, and `AuthorityClosure::read` verifies them.
//!
//! **Always holds.** What is read is verified item by item. An item that does not decode or verify
//! is counted as refused and left out, and the others stay.
//!
//! **Failure.** A member that is no sequence of CBOR items refuses the bundle.

use std::collections::BTreeMap;

use crate::carrier::media::Small;
use crate::identity::{Verified, verify_all};
use crate::record::{FeedKey, Kind, Payload, Record, Signed, Statement};

use crate::node::{Exit, Failure};

/// Bytes of one `trust/` member; a sequence of statements or records is cut at this size.
const TRUST_MEMBER_BYTES: usize = 1 << 20;

/// The members of `trust/`, verified.
#[derive(Default)]
pub(super) struct AuthorityClosure {
    pub statements: Vec<Verified<Statement>>,
    pub records: Vec<Verified<Record>>,
    /// The number of items that did not decode or verify.
    pub refused: usize,
}

impl AuthorityClosure {
    pub fn read(members: &[Small]) -> Result<Self, Failure> {
        let mut trust = Self::default();
        for member in members {
            let kind = member.name.split_once('-').map_or("", |(_, kind)| kind);
            match kind {
                "statements.cborseq" => {
                    let (good, bad) = items::<Statement>(&member.bytes)?;
                    trust.statements.extend(good);
                    trust.refused += bad;
                }
                "records.cborseq" => {
                    let (good, bad) = items::<Record>(&member.bytes)?;
                    trust.records.extend(good);
                    trust.refused += bad;
                }
                // A member of a newer okibi: what rests on it will wait.
                _ => {}
            }
        }
        Ok(trust)
    }
}

/// A sequence of envelopes: those that verify, and how many do not.
fn items<T: Payload + Send>(bytes: &[u8]) -> Result<(Vec<Verified<T>>, usize), Failure> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let (mut signed, mut refused) = (Vec::new(), 0);
    while decoder.position() < bytes.len() {
        let start = decoder.position();
        decoder.skip().map_err(|_| {
            let why = "trust/ is no sequence of CBOR items";
            Failure::new("bundle-refused", Exit::Refused).with("error", why)
        })?;
        match Signed::<T>::decode(bytes.get(start..decoder.position()).unwrap_or_default()) {
            Ok(item) => signed.push(item),
            Err(_) => refused += 1,
        }
    }
    let mut good = Vec::with_capacity(signed.len());
    for item in verify_all(signed) {
        match item {
            Ok(item) => good.push(item),
            Err(_) => refused += 1,
        }
    }
    Ok((good, refused))
}

/// Parts records into the past of authority records and the rest. Presence is a matter of chains: an authority
/// record can only be judged with all below it in its feed, and what it cites is authority again.
pub(in crate::node) fn split(
    records: Vec<Verified<Record>>,
) -> (Vec<Verified<Record>>, Vec<Verified<Record>>) {
    let mut reach: BTreeMap<FeedKey, u64> = BTreeMap::new();
    for record in records
        .iter()
        .filter(|record| record.value().kind.is_critical())
    {
        let top = reach.entry(record.value().feed).or_default();
        *top = (*top).max(record.value().height);
    }
    let mut records = records;
    // Genesis first, then by height: what others rest on comes before them.
    records.sort_by_key(|record| {
        let value = record.value();
        (value.kind != Kind::GENESIS, value.height, record.id())
    });
    records.into_iter().partition(|record| {
        reach
            .get(&record.value().feed)
            .is_some_and(|top| record.value().height <= *top)
    })
}

/// The members of `trust/` for a shipment.
pub(in crate::node) fn members(
    statements: &[Verified<Statement>],
    records: &[Verified<Record>],
) -> Vec<Small> {
    let mut members = Vec::new();
    let mut add = |what: &str, bytes: Vec<u8>| {
        let name = format!("trust/{:04}-{what}", members.len());
        members.push(Small { name, bytes });
    };
    for bytes in sequences(statements.iter().map(|statement| statement.bytes())) {
        add("statements.cborseq", bytes);
    }
    for bytes in sequences(records.iter().map(|record| record.bytes())) {
        add("records.cborseq", bytes);
    }
    members
}

/// Joins items into sequences of about `TRUST_MEMBER_BYTES`.
fn sequences<'a>(items: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for item in items {
        match all.last_mut() {
            Some(last) if last.len() + item.len() <= TRUST_MEMBER_BYTES => last.extend(item),
            _ => all.push(item.to_vec()),
        }
    }
    all
}
