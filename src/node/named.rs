//! Which contents of a delivery are kept: those that a record names.

use std::collections::BTreeSet;
use std::path::Path;

use crate::carrier::media::read::Staged;
use crate::fold::State;
use crate::identity::Verified;
use crate::record::{BlobHash, BlobRef, Body, CircleId, Record};

/// Staged contents that some record names: what nothing names is not kept, whoever sent it.
pub(super) fn named_blobs<'a>(
    staged: &'a Staged,
    circle: &CircleId,
    records: &[Verified<Record>],
    state: Option<&State>,
) -> Vec<(&'a Path, BlobRef)> {
    let mut named: BTreeSet<BlobRef> = BTreeSet::new();
    for record in records {
        // A record of another circle is refused, and names nothing here.
        if record.value().circle(record.id()) != *circle {
            continue;
        }
        match Body::decode(record.value().kind, &record.value().body) {
            Some(Body::Document(document)) => _ = named.insert(document.blob),
            Some(Body::Model(model)) => _ = named.insert(model.blob),
            _ => {}
        }
    }
    if let Some(state) = state {
        named.extend(state.documents.values().map(|shared| shared.content.blob));
        named.extend(state.models.values().map(|shared| shared.content.blob));
    }
    let contents = staged.members.iter().map(|member| {
        let blob = BlobRef {
            blake3: BlobHash(member.blake3),
            sha256: member.sha256,
            size: member.size,
        };
        (member.path.as_path(), blob)
    });
    contents.filter(|(_, blob)| named.contains(blob)).collect()
}
