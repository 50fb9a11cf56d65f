//! The members of a bundle's `trust/`: what is needed to judge the rest. Envelopes that do not decode or verify
//! are counted and left out.

use crate::carrier::media::Small;
use crate::identity::{Verified, verify_all};
use crate::record::{Payload, Record, Signed, Statement};

use super::{Exit, Failure};

/// The members of `trust/`, verified.
#[derive(Default)]
pub(super) struct Trust {
    pub secret: Option<[u8; 32]>,
    pub statements: Vec<Verified<Statement>>,
    pub records: Vec<Verified<Record>>,
    /// How many did not decode or verify.
    pub refused: usize,
}

impl Trust {
    pub fn read(members: &[Small]) -> Result<Self, Failure> {
        let mut trust = Self::default();
        for member in members {
            let kind = member.name.split_once('-').map_or("", |(_, kind)| kind);
            match kind {
                "secret" => trust.secret = <[u8; 32]>::try_from(member.bytes.as_slice()).ok(),
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
