//! The contents of a bundle before it is written: everything that its recipients have not
//! acknowledged. Asking changes nothing; a new acknowledgement is signed only when it is shipped.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::Verified;
use crate::record::{
    Ack, BlobHash, BlobRef, CircleId, ContentKind, Frontier, Record, RecordId, RootKey, Statement,
};
use crate::store::{CircleView, Owed, OwnFeed, Scope, Sent};

use super::authority_closure;
use super::export::Export;
use super::export_target::Since;
use crate::node::{Failure, Handle};

/// Everything that goes to a set of recipients.
pub(super) struct Shipment {
    pub statements: Vec<Verified<Statement>>,
    pub trust: Vec<Verified<Record>>,
    pub records: Vec<Verified<Record>>,
    pub contents: Vec<(ContentKind, BlobRef)>,
    /// The acknowledgement for each of them.
    pub acks: Vec<(RootKey, Owed)>,
    pub standalone: bool,
    /// An acknowledgement says something that was not said before.
    pub news: bool,
}

impl Handle {
    /// Everything that these members lack of a circle. Nothing is signed before it is shipped.
    pub(super) fn shipment(
        &self,
        circle: &CircleView,
        to: &[RootKey],
        full: bool,
        since: Option<Since>,
    ) -> Result<Shipment, Failure> {
        let (hash, statements) = self.store.circle_statements(&circle.id)?;
        let mut records: BTreeMap<RecordId, Verified<Record>> = BTreeMap::new();
        let mut wanted: BTreeSet<[u8; 32]> = BTreeSet::new();
        let (mut standalone, mut same_statements) = (full, !full);
        // Nobody in particular: whoever reads it has nothing yet.
        let mut known: Vec<Option<Verified<Ack>>> = Vec::new();
        for root in to {
            known.push(
                self.store
                    .ack(&circle.id, root, &self.root)?
                    .filter(|_| !full),
            );
        }
        if known.is_empty() {
            known.push(None);
        }
        if let Some(since) = since {
            // As if all older had been acknowledged: for a road on which no acknowledgement comes back.
            for record in self.store.records_since(&circle.id, since.millis())? {
                records.insert(record.id(), record);
            }
            (standalone, same_statements) = (false, false);
            known.clear();
        }
        for ack in &known {
            let ack = ack.as_ref().map(|ack| ack.value());
            standalone |= ack.is_none();
            same_statements &= ack.is_some_and(|ack| ack.statements == hash);
            let nothing = Frontier::default();
            let gaps = self
                .store
                .gaps(circle, ack.map_or(&nothing, |ack| &ack.frontier))?;
            for record in self.store.fill(&circle.id, &gaps)? {
                records.insert(record.id(), record);
            }
            wanted.extend(ack.into_iter().flat_map(|ack| ack.wanted.iter().copied()));
        }
        for id in &wanted {
            if let Some(record) = self.store.record(&RecordId(*id))?
                && record.value().circle(record.id()) == circle.id
            {
                records.insert(record.id(), record);
            }
        }
        // Whoever holds records of my feeds that are not here is asked for them first. What this home wrote since would
        // fork the feed there, and take from them what they have.
        for said in self.store.said_of_mine(&circle.id, &self.root)? {
            if to.contains(&said.from) {
                records.retain(|_, record| record.value().feed != said.feed);
            }
        }
        let contents = self.contents(circle, &records, &wanted, standalone)?;
        let (mut acks, mut news) = (Vec::new(), false);
        if !to.is_empty() {
            let missing = self.store.missing_blobs(&circle.id)?;
            let me = self.identity().acknowledger()?;
            for root in to {
                let owed = self.store.owed(&circle.id, &me, root, &missing)?;
                // An acknowledgement of one's own records only is no news to anybody.
                news |= matches!(&owed, Owed::New(ack) if ack.frontier.0.keys().any(|feed| {
                    circle
                        .state
                        .members
                        .get(root)
                        .is_some_and(|member| member.feeds.contains(feed))
                }));
                acks.push((*root, owed));
            }
        }
        let (trust, records) = authority_closure::split(records.into_values().collect());
        Ok(Shipment {
            statements: if same_statements {
                Vec::new()
            } else {
                statements
            },
            trust,
            records,
            contents,
            acks,
            standalone,
            news,
        })
    }

    /// Blobs of current documents and models whose record goes along or that somebody asked for.
    fn contents(
        &self,
        circle: &CircleView,
        records: &BTreeMap<RecordId, Verified<Record>>,
        wanted: &BTreeSet<[u8; 32]>,
        standalone: bool,
    ) -> Result<Vec<(ContentKind, BlobRef)>, Failure> {
        let mut shared: Vec<(ContentKind, BlobRef)> = Vec::new();
        if standalone {
            let shelf = self.store.shelf(&circle.id)?;
            let all = shelf.contents.values();
            shared.extend(all.map(|it| (it.content.kind(), it.content.blob())));
        } else {
            // By index: most of what a circle shares is none of this bundle's business.
            for id in records.keys() {
                let found = self.store.shared(&circle.id, id)?;
                shared.extend(found.map(|it| (it.kind(), it.blob())));
            }
            for hash in wanted {
                let named = self.store.shared_blob(&circle.id, &BlobHash(*hash))?;
                shared.extend(named.map(|it| (it.kind(), it.blob())));
            }
        }
        // One that is a document as well goes as a document.
        shared.sort_by_key(|(kind, _)| *kind);
        let mut contents: Vec<(ContentKind, BlobRef)> = Vec::new();
        let mut once = BTreeSet::new();
        for (kind, blob) in shared {
            // By what it is, whatever records say of it; and only from where this circle has it.
            if once.insert(blob.blake3)
                && let Some(held) = self.store.blob_in(Scope::Circle(circle.id), &blob.blake3)?
            {
                contents.push((kind, held));
            }
        }
        Ok(contents)
    }

    /// Signs what has to be acknowledged to somebody and was not said yet.
    pub(super) fn acknowledge(
        &mut self,
        circle: &CircleId,
        acks: &mut [(RootKey, Owed)],
    ) -> Result<(), Failure> {
        if acks.iter().all(|(_, owed)| matches!(owed, Owed::Said(_))) {
            return Ok(());
        }
        let missing = self.store.missing_blobs(circle)?;
        let (secret, certificate) = self.identity().sign_key()?;
        let owner = OwnFeed {
            root: self.root,
            signer: &secret,
            certificate,
        };
        for (to, owed) in acks {
            let (ack, _) = self.store.acknowledge(circle, &owner, to, &missing)?;
            *owed = Owed::Said(ack);
        }
        Ok(())
    }
}

impl Shipment {
    /// Whether it holds acknowledgements only.
    pub(super) fn is_bare(&self) -> bool {
        self.records.is_empty()
            && self.trust.is_empty()
            && self.statements.is_empty()
            && self.contents.is_empty()
    }

    /// A hash over contents and recipients: two shipments with one digest are the same to their
    /// recipients. All shipments of an acknowledgement alone have one digest.
    pub(super) fn digest(&self, to: &[RootKey]) -> [u8; 32] {
        if self.is_bare() {
            return Sent::ACK;
        }
        let mut hasher = blake3::Hasher::new_derive_key("okibi 2026 shipment v1");
        let mut part = |items: &mut dyn Iterator<Item = Vec<u8>>| {
            let items: BTreeSet<Vec<u8>> = items.collect();
            hasher.update(&(items.len() as u64).to_be_bytes());
            for item in items {
                hasher.update(blake3::hash(&item).as_bytes());
            }
        };
        part(&mut to.iter().map(|root| root.0.to_vec()));
        part(&mut self.statements.iter().map(|it| it.id().0.to_vec()));
        let records = self.trust.iter().chain(&self.records);
        part(&mut records.map(|it| it.id().0.to_vec()));
        part(&mut self.contents.iter().map(|(_, blob)| blob.blake3.0.to_vec()));
        part(&mut said(&self.acks).map(|ack| ack.bytes().to_vec()));
        *hasher.finalize().as_bytes()
    }

    pub(in crate::node) fn report(&self) -> Export {
        let of = |kind: ContentKind| {
            self.contents
                .iter()
                .filter(|(found, _)| *found == kind)
                .count()
        };
        let bytes = |kind: ContentKind| {
            let of = self.contents.iter().filter(|(found, _)| *found == kind);
            of.map(|(_, blob)| blob.size).sum::<u64>()
        };
        let statements = self.statements.iter().map(|it| it.bytes().len());
        let records = self.trust.iter().chain(&self.records);
        let records = records.map(|it| it.bytes().len());
        Export {
            record_bytes: statements.chain(records).sum::<usize>() as u64,
            document_bytes: bytes(ContentKind::Document),
            model_bytes: bytes(ContentKind::Model),
            statements: self.statements.len(),
            records: self.trust.len() + self.records.len(),
            documents: of(ContentKind::Document),
            models: of(ContentKind::Model),
            content_bytes: self.contents.iter().map(|(_, blob)| blob.size).sum(),
            standalone: self.standalone,
            unacknowledged: 0,
            written: None,
            left_out: Vec::new(),
        }
    }
}

/// The acknowledgements that are signed.
pub(super) fn said(acks: &[(RootKey, Owed)]) -> impl Iterator<Item = &Verified<Ack>> {
    acks.iter().filter_map(|(_, owed)| match owed {
        Owed::Said(ack) => Some(ack),
        Owed::New(_) => None,
    })
}
