//! `01-MANIFEST.cbor`: every member behind `01-MANIFEST.sha256` and before `99-PAD`, in order.
//! Deterministic CBOR in the profile of `record::cbor`:
//!
//! ```text
//! manifest = [1, [* entry]]
//! entry    = [name: tstr, unit: uint, kind: uint, size: uint, raw: uint, sha256: bstr .size 32,
//!             blake3: bstr .size 32, offset: uint]
//! ```
//!
//! `raw` is what the member has when it is unpacked: for records the exact bytes of what their frame
//! holds, within `limits::records_raw_bytes` and `limits::RECORDS_BYTES`; for all others it is `size`.
//!
//! `kind`: 1 trust, 2 acks, 3 records, 4 adapter, 5 document, 6 blob; it is the kind of the name's
//! folder. `offset` is where the member's data starts in the whole tar; it must be where the sizes
//! before it put it. `unit` numbers the units of apply from 0 in steps of one; members of one unit
//! stand together and have one kind; all of `trust/`, `acks/` and `records/` are one unit each, and
//! so are the parts of one content. The name of a content of one part is its blake3; of several
//! parts, which start at 000, it is that of all of them together. No name stands twice.
//!
//! `01-MANIFEST.sha256` has one line per entry, in order: 64 hex digits of sha256, two spaces, the
//! name, LF. At most 16 MiB, 10^6 entries, `limits::MEMBER_BYTES` per member.

use std::collections::HashSet;

use data_encoding::HEXLOWER;

use super::names::{self, Class, Name};
use super::{BundleError, limits, tar};
use crate::record::cbor;

/// What a unit of apply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Trust = 1,
    Acks = 2,
    Records = 3,
    Adapter = 4,
    Document = 5,
    Blob = 6,
}

impl Kind {
    /// The kind of a class of names; HEAD, manifest and padding have none.
    pub fn of(class: Class) -> Option<Self> {
        match class {
            Class::Trust => Some(Self::Trust),
            Class::Acks => Some(Self::Acks),
            Class::Records => Some(Self::Records),
            Class::Adapter => Some(Self::Adapter),
            Class::Document => Some(Self::Document),
            Class::Blob => Some(Self::Blob),
            _ => None,
        }
    }

    /// The class of names of a kind.
    pub fn class(self) -> Class {
        match self {
            Self::Trust => Class::Trust,
            Self::Acks => Class::Acks,
            Self::Records => Class::Records,
            Self::Adapter => Class::Adapter,
            Self::Document => Class::Document,
            Self::Blob => Class::Blob,
        }
    }

    /// For people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Acks => "acks",
            Self::Records => "records",
            Self::Adapter => "adapter",
            Self::Document => "document",
            Self::Blob => "blob",
        }
    }
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In the grammar of `names`.
    pub name: String,
    /// The unit of apply.
    pub unit: u64,
    /// The unit's kind.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Bytes when it is unpacked; `size` for what is not compressed.
    pub raw: u64,
    /// Of the member's bytes.
    pub sha256: [u8; 32],
    /// Of the member's bytes.
    pub blake3: [u8; 32],
    /// Where the data starts in the tar.
    pub offset: u64,
}

/// All members, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// In the order of the tar.
    pub entries: Vec<Entry>,
}

impl Manifest {
    /// The one encoding.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(2)?.u64(1)?.array(self.entries.len() as u64)?;
            for entry in &self.entries {
                e.array(8)?.str(&entry.name)?.u64(entry.unit)?;
                e.u64(entry.kind as u64)?.u64(entry.size)?.u64(entry.raw)?;
                e.bytes(&entry.sha256)?.bytes(&entry.blake3)?;
                e.u64(entry.offset)?;
            }
            Ok(())
        })
    }

    /// Reads a manifest and holds it to every rule but the offsets' start; all errors are
    /// `BundleError::Manifest`.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        use BundleError::Manifest as Bad;
        if bytes.len() as u64 > limits::MANIFEST_BYTES {
            return Err(Bad("larger than 16 MiB"));
        }
        cbor::check(bytes).map_err(|_| Bad("not deterministic CBOR"))?;
        let entries = read(bytes).map_err(|_| Bad("not of the manifest's shape"))?;
        let manifest = Self { entries };
        manifest.check()?;
        Ok(manifest)
    }

    /// The content of `01-MANIFEST.sha256`.
    pub fn sums(&self) -> Vec<u8> {
        let mut text = String::new();
        for entry in &self.entries {
            text.push_str(&HEXLOWER.encode(&entry.sha256));
            text.push_str("  ");
            text.push_str(&entry.name);
            text.push('\n');
        }
        text.into_bytes()
    }

    /// Puts every offset where it must be if the first member's header stands at `start`; returns
    /// where the last member ends.
    pub fn place(&mut self, start: u64) -> u64 {
        let mut end = start;
        for entry in &mut self.entries {
            entry.offset = end + tar::BLOCK;
            end = entry.offset + tar::padded(entry.size);
        }
        end
    }

    /// Checks the offsets against the place where the first member's header stands; returns where
    /// the last member ends.
    pub fn placed(&self, start: u64) -> Result<u64, BundleError> {
        let mut end = start;
        for entry in &self.entries {
            if entry.offset != end + tar::BLOCK {
                return Err(BundleError::Manifest(
                    "an offset is not where its member is",
                ));
            }
            end = entry.offset + tar::padded(entry.size);
        }
        Ok(end)
    }

    /// Bytes of all members of a kind.
    pub fn size(&self, kind: Kind) -> u64 {
        let of_kind = self.entries.iter().filter(|entry| entry.kind == kind);
        of_kind.map(|entry| entry.size).sum()
    }

    /// Bytes of all members of a kind when they are unpacked.
    pub fn raw(&self, kind: Kind) -> u64 {
        let of_kind = self.entries.iter().filter(|entry| entry.kind == kind);
        of_kind.map(|entry| entry.raw).sum()
    }

    /// Holds the entries to the rules; the writer calls it too.
    pub fn check(&self) -> Result<(), BundleError> {
        use BundleError::Manifest as Bad;
        if self.entries.len() > limits::MEMBERS {
            return Err(Bad("more than a million members"));
        }
        let mut contents = HashSet::new();
        let mut last: Option<(&Entry, Name)> = None;
        let mut parts = 0;
        for entry in &self.entries {
            let name = names::parse(&entry.name).ok_or(Bad("a name outside the grammar"))?;
            if Kind::of(name.class) != Some(entry.kind) {
                return Err(Bad("a kind that is not its folder's"));
            }
            if entry.size > limits::MEMBER_BYTES {
                return Err(Bad("a member over 4 GiB"));
            }
            match entry.kind {
                // Nothing is unpacked that this does not allow.
                Kind::Records if entry.raw > limits::records_raw_bytes(entry.size) => {
                    return Err(Bad("records that unpack to more than they may"));
                }
                Kind::Records => {}
                _ if entry.raw != entry.size => {
                    return Err(Bad("another length for what is not compressed"));
                }
                _ => {}
            }
            if name.part.is_none() && name.content.is_some_and(|hash| hash != entry.blake3) {
                return Err(Bad("a content whose name is not its blake3"));
            }
            let together = last.is_some_and(|(_, before)| continues(&before, &name));
            if let Some(hash) = name.content
                && !together
                && !contents.insert(hash)
            {
                return Err(Bad("a content stands twice"));
            }
            match (last, name.part) {
                (Some((_, before)), Some(part)) if together => {
                    if before.part.and_then(|part| part.checked_add(1)) != Some(part) {
                        return Err(Bad("parts of a content are out of order"));
                    }
                    parts += 1;
                }
                (_, part) => {
                    if parts == 1 || part.is_some_and(|part| part != 0) {
                        return Err(Bad("parts of a content are missing"));
                    }
                    parts = usize::from(part.is_some());
                }
            }
            match last {
                None if entry.unit != 0 => return Err(Bad("the first unit is not 0")),
                None => {}
                Some((before, before_name)) => {
                    if !tar::in_order(&before.name, &entry.name) {
                        return Err(Bad("members are out of order"));
                    }
                    let same_kind = before.kind == entry.kind;
                    let one_unit = together || (same_kind && before_name.content.is_none());
                    let fits = match entry.unit.checked_sub(before.unit) {
                        Some(0) => same_kind,
                        Some(1) => !one_unit,
                        _ => false,
                    };
                    if !fits {
                        return Err(Bad("units are out of order"));
                    }
                }
            }
            last = Some((entry, name));
        }
        if parts == 1 {
            return Err(Bad("parts of a content are missing"));
        }
        if self.raw(Kind::Records) > limits::RECORDS_BYTES {
            return Err(Bad("more than 16 GiB of records"));
        }
        if self.size(Kind::Trust) > limits::TRUST_BYTES {
            return Err(Bad("more than 32 MiB of trust"));
        }
        if self.size(Kind::Acks) > limits::ACKS_BYTES {
            return Err(Bad("more than 64 MiB of acknowledgements"));
        }
        Ok(())
    }
}

/// Is this another part of the content before it?
fn continues(before: &Name, name: &Name) -> bool {
    name.content.is_some()
        && before.content == name.content
        && before.class == name.class
        && before.part.is_some()
        && name.part.is_some()
}

fn read(bytes: &[u8]) -> cbor::Read<Vec<Entry>> {
    let bad = || minicbor::decode::Error::message("value out of range");
    let mut d = minicbor::Decoder::new(bytes);
    cbor::array(&mut d, 2)?;
    if d.u64()? != 1 {
        return Err(bad());
    }
    let entries = cbor::list(&mut d, limits::MEMBERS, |d| {
        cbor::array(d, 8)?;
        Ok(Entry {
            name: cbor::text(d, 99)?,
            unit: d.u64()?,
            kind: match d.u64()? {
                1 => Kind::Trust,
                2 => Kind::Acks,
                3 => Kind::Records,
                4 => Kind::Adapter,
                5 => Kind::Document,
                6 => Kind::Blob,
                _ => return Err(bad()),
            },
            size: d.u64()?,
            raw: d.u64()?,
            sha256: cbor::fixed(d)?,
            blake3: cbor::fixed(d)?,
            offset: d.u64()?,
        })
    })?;
    cbor::end(&d)?;
    Ok(entries)
}

#[cfg(test)]
pub(crate) mod tests;
