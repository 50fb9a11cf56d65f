//! Writing a bundle: what do the recipients lack, in order of value; said in the audit trail before the first
//! byte leaves.
//!
//! What a recipient has is what it *acknowledged*, never what was sent. `trust/` holds what is needed
//! to judge the rest: statements, and the past of authority records; `records/` the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::bundle::{Kind as UnitKind, limits as bundle_limits};
use crate::carrier::media::files::Files;
use crate::carrier::media::keyring::Addressee;
use crate::carrier::media::medium::Medium;
use crate::carrier::media::plan::{Content, Plan};
use crate::carrier::media::write::{Destination, Written, write_bundle};
use crate::carrier::media::{MediaError, Small};
use crate::identity::{Directory, Verified};
use crate::record::{
    Ack, BlobHash, BlobRef, Body, CircleId, Frontier, Record, RecordId, Role, RootKey, Statement,
};
use crate::store::{CircleView, OwnFeed, STAGING, Scope, Sent, Standing};

use super::authority_closure;
use super::export_target::{ExportOptions, Target};
use crate::node::clock::now;
use crate::node::{Exit, Failure, Handle};

/// What a bundle would hold or holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    pub statements: usize,
    pub records: usize,
    pub documents: usize,
    pub models: usize,
    /// Bytes of documents and models.
    pub content_bytes: u64,
    /// Bytes of statements and records before compression, of documents, of models.
    pub record_bytes: u64,
    pub document_bytes: u64,
    pub model_bytes: u64,
    pub standalone: bool,
    /// Recipients that never acknowledged anything.
    pub unacknowledged: usize,
    /// What was written; none when there was nothing new, or with a dry run.
    pub written: Option<Written>,
    /// Recipients that it is not for, by name: nothing can be encrypted to their keys.
    pub left_out: Vec<String>,
}

/// Everything that goes to a set of recipients.
pub(super) struct Shipment {
    pub statements: Vec<Verified<Statement>>,
    pub trust: Vec<Verified<Record>>,
    pub records: Vec<Verified<Record>>,
    pub contents: Vec<(UnitKind, BlobRef)>,
    pub acks: Vec<Verified<Ack>>,
    pub standalone: bool,
    /// An acknowledgement says something that was not said before.
    pub news: bool,
}

impl Handle {
    /// Writes what these members lack. Nothing new: nothing is written.
    pub fn export(
        &mut self,
        circle: &CircleView,
        to: &[RootKey],
        target: Target<'_>,
        full: bool,
        dry: bool,
    ) -> Result<Export, Failure> {
        let options = ExportOptions {
            full,
            dry_run: dry,
            since: None,
        };
        self.export_with(circle, to, target, options)
    }

    /// The same, with every option.
    pub fn export_with(
        &mut self,
        circle: &CircleView,
        to: &[RootKey],
        target: Target<'_>,
        options: ExportOptions,
    ) -> Result<Export, Failure> {
        let (full, dry) = (options.full, options.dry_run);
        self.may_write(circle)?;
        let (to, left_out) = self.reachable(circle, to)?;
        if to.is_empty() && !left_out.is_empty() {
            let name = left_out.first().cloned().unwrap_or_default();
            return Err(Failure::new("recipient-unusable", Exit::Failed).with("name", name));
        }
        let to = to.as_slice();
        let receive = self.receive_keys_of(circle, to)?;
        let shipment = self.shipment(circle, to, options)?;
        let mut report = shipment.report();
        report.left_out = left_out;
        for root in to {
            let ack = self.store.ack(&circle.id, root, &self.root)?;
            report.unacknowledged += usize::from(ack.is_none());
        }
        if !dry && (full || shipment.news || !shipment.is_bare()) {
            let names: Vec<String> = to.iter().map(|root| self.name_of(circle, root)).collect();
            report.written = Some(self.ship(circle, shipment, &receive, target, &names, "export")?);
        }
        Ok(report)
    }

    /// The receive keys of active members.
    pub(in crate::node) fn receive_keys_of(
        &self,
        circle: &CircleView,
        to: &[RootKey],
    ) -> Result<Vec<Addressee>, Failure> {
        let directory = self.store.directory()?;
        let mut keys = Vec::new();
        for root in to {
            let name = self.name_of(circle, root);
            if *root == self.root {
                return Err(Failure::new("export-to-self", Exit::Usage));
            }
            if !circle.state.is_active(root) {
                return Err(Failure::new("recipient-suspended", Exit::Failed).with("name", name));
            }
            if self.store.opinion(root)?.blocked {
                return Err(Failure::new("peer-is-blocked", Exit::Failed).with("name", name));
            }
            let (_, key) = directory
                .current(root, Role::Receive)
                .ok_or_else(|| Failure::new("recipient-no-key", Exit::Failed).with("name", name))?;
            keys.push(key);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys.into_iter().map(Addressee::from).collect())
    }

    /// What these members lack of a circle.
    pub(super) fn shipment(
        &mut self,
        circle: &CircleView,
        to: &[RootKey],
        options: ExportOptions,
    ) -> Result<Shipment, Failure> {
        let ExportOptions {
            full,
            dry_run: dry,
            since,
        } = options;
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
        if !dry {
            let missing = self.store.missing_blobs(&circle.id)?;
            let (secret, certificate) = self.sign_key()?;
            let owner = OwnFeed {
                root: self.root,
                signer: &secret,
                certificate,
            };
            for root in to {
                let (ack, new) = self.store.acknowledge(&circle.id, &owner, root, &missing)?;
                // An acknowledgement of one's own records only is no news to anybody.
                let of_others = ack.value().frontier.0.keys().any(|feed| {
                    circle
                        .state
                        .members
                        .get(root)
                        .is_some_and(|member| member.feeds.contains(feed))
                });
                news |= new && of_others;
                acks.push(ack);
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
    ) -> Result<Vec<(UnitKind, BlobRef)>, Failure> {
        let mut shared: Vec<(UnitKind, BlobRef)> = Vec::new();
        if standalone {
            let shelf = self.store.shelf(&circle.id)?;
            let documents = shelf.documents.values();
            shared.extend(documents.map(|it| (UnitKind::Document, it.content.blob)));
            let models = shelf.models.values();
            shared.extend(models.map(|it| (UnitKind::Blob, it.content.blob)));
        } else {
            // By index: most of what a circle shares is none of this bundle's business.
            for id in records.keys() {
                shared.extend(self.store.shared(&circle.id, id)?.and_then(content));
            }
            for hash in wanted {
                let named = self.store.shared_blob(&circle.id, &BlobHash(*hash))?;
                shared.extend(named.and_then(content));
            }
        }
        // One that is a document as well goes as a document.
        shared.sort_by_key(|(kind, _)| *kind != UnitKind::Document);
        let mut contents: Vec<(UnitKind, BlobRef)> = Vec::new();
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

    /// Writes a shipment as one bundle.
    pub(super) fn ship(
        &mut self,
        circle: &CircleView,
        shipment: Shipment,
        receive: &[Addressee],
        target: Target<'_>,
        names: &[String],
        what: &str,
    ) -> Result<Written, Failure> {
        let report = shipment.report();
        // A reader to whom the circle is new needs its beginning.
        let mut shipment = shipment;
        let beginning = RecordId::from(circle.id);
        if shipment.trust.iter().all(|record| record.id() != beginning)
            && let Some(genesis) = self.store.record(&beginning)?
        {
            shipment.trust.insert(0, genesis);
        }
        let (secret, certificate) = self.sign_key()?;
        let directory = self.store.directory()?;
        let certificate = statement_bytes(&directory, &certificate).ok_or_else(|| {
            Failure::new("identity-broken", Exit::Locked).with("error", "no certificate")
        })?;
        let previous = self.store.last_bundle(&circle.id)?.map(|(_, head)| head);
        let sequence = self.store.next_bundle(&circle.id)?;
        let plan = Plan {
            circle: circle.id.0,
            certificate,
            sequence,
            previous,
            standalone: shipment.standalone,
            trust: authority_closure::members(&shipment.statements, &shipment.trust),
            acks: ack_members(&shipment.acks),
            records: shipment
                .records
                .iter()
                .map(|r| Ok::<_, MediaError>(r.bytes().to_vec())),
            contents: self.content_files(&shipment.contents),
            part_bytes: bundle_limits::MEMBER_BYTES,
        };
        let road = match &target {
            Target::Medium(path) | Target::File(path) | Target::FileParity(path, _) => {
                path.display().to_string()
            }
            Target::Media { paths, .. } => {
                let paths = paths.iter().map(|path| path.display().to_string());
                paths.collect::<Vec<_>>().join(", ")
            }
            Target::Held(medium) => medium.files().root().display().to_string(),
            Target::Stream(_) => "standard output".to_owned(),
        };
        let begun = self.store.audit(
            now(),
            &json!({
                "what": what, "state": "begun", "circle": circle.state.name, "to": names,
                "records": report.records, "documents": report.documents, "models": report.models,
                "content_bytes": report.content_bytes, "road": "usb", "place": road,
            }),
        )?;
        let written = self.put(&circle.id, plan, &secret, receive, target)?;
        let head = written.head_sha256;
        self.store
            .bundle_written(&circle.id, sequence, &head, written.handle.as_deref())?;
        let line = json!({
            "what": what, "state": "done", "finishes": begun, "bytes": written.sealed_bytes,
        });
        self.store.audit(now(), &line)?;
        Ok(written)
    }

    fn put<R: Iterator<Item = Result<Vec<u8>, MediaError>>>(
        &self,
        circle: &CircleId,
        plan: Plan<R>,
        signer: &dyn crate::identity::Signer,
        receive: &[Addressee],
        target: Target<'_>,
    ) -> Result<Written, Failure> {
        self.clear_unfinished(&target)?;
        let _work = self.store.work()?;
        let scratch = self.files(self.store.home());
        let spool = self.workplace(&scratch, "export")?;
        let sequence = plan.sequence;
        let mut begun = |handle: &str| {
            let noted = self.store.bundle_begun(circle, sequence, handle);
            noted.map_err(|error| MediaError::Io {
                path: self.store.home().to_owned(),
                source: std::io::Error::other(error),
            })
        };
        let mut unlucky = None;
        let mut fill = |bytes: &mut [u8]| {
            if let Err(error) = getrandom::fill(bytes) {
                unlucky = Some(error);
            }
        };
        let write = |destination: Destination<'_>| {
            let spool = (&scratch, spool.as_path());
            write_bundle(spool, destination, plan, signer, receive, &mut fill)
                .map_err(Failure::from)
        };
        let written = match target {
            Target::Medium(path) => Medium::take(&self.files(path))
                .map_err(Failure::from)
                .and_then(|medium| {
                    self.prune(&medium)?;
                    write(Destination::Medium(&medium))
                }),
            Target::Media { paths, ask, layout } => {
                self.fill(paths, (ask, &mut begun), layout, write)
            }
            Target::FileParity(path, parity) => self.beside(path).and_then(|(files, name)| {
                let (files, path) = (&files, name);
                write(Destination::FileParity {
                    files,
                    path,
                    parity,
                })
            }),
            Target::Held(medium) => self
                .prune(medium)
                .and_then(|_| write(Destination::Medium(medium))),
            Target::File(path) => self.beside(path).and_then(|(files, name)| {
                let files = &files;
                write(Destination::File { files, path: name })
            }),
            Target::Stream(out) => write(Destination::Stream(out)),
        };
        // What cannot be removed now goes with the next work here.
        let _ = scratch.remove_all(&spool);
        let written = written?;
        match unlucky {
            // age and ids came from a generator that failed: the bundle must not be used.
            Some(error) => Err(Failure::new("no-randomness", Exit::Failed).with("error", error)),
            None => Ok(written),
        }
    }

    /// The file layer of a file's folder, and its name there.
    pub(in crate::node) fn beside<'a>(&self, path: &'a Path) -> Result<(Files, &'a Path), Failure> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let name = path.file_name().ok_or_else(|| {
            Failure::new("file-not-found", Exit::Usage).with("path", path.display())
        })?;
        Ok((self.files(folder), Path::new(name)))
    }

    fn content_files(&self, contents: &[(UnitKind, BlobRef)]) -> Vec<Content> {
        let mut files: Vec<Content> = contents
            .iter()
            .map(|(kind, blob)| Content {
                kind: *kind,
                blake3: blob.blake3.0,
                sha256: blob.sha256,
                size: blob.size,
                path: self.store.blob_path(&blob.blake3),
            })
            .collect();
        // Documents before models; the small before the large, so that a broken-off copy has the most.
        files.sort_by_key(|content| {
            (
                content.kind != UnitKind::Document,
                content.size,
                content.blake3,
            )
        });
        files
    }

    /// A new folder in staging, this process's own.
    pub(in crate::node) fn workplace(&self, files: &Files, what: &str) -> Result<PathBuf, Failure> {
        let fail = |error: std::io::Error| Failure::io(&files.path(STAGING), &error);
        files.ensure_dir(STAGING).map_err(fail)?;
        let mut number = 0u64;
        loop {
            let name = format!("{what}-{}-{number}", std::process::id());
            let folder = Path::new(STAGING).join(name);
            match files.mkdir(&folder) {
                Ok(()) => return Ok(folder),
                // Of another process of this number, in another container.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(fail(error)),
            }
        }
    }

    /// Writes an acknowledgement alone to who signed a bundle on this medium.
    pub(super) fn ship_ack(
        &mut self,
        circle: &CircleView,
        to: &RootKey,
        medium: &Medium,
    ) -> Result<Option<Written>, Failure> {
        if circle.standing == Standing::Shelf
            || *to == self.root
            || !circle.state.is_active(&self.root)
        {
            return Ok(None);
        }
        let receive = self.receive_keys_of(circle, &[*to])?;
        let missing = self.store.missing_blobs(&circle.id)?;
        let (secret, certificate) = self.sign_key()?;
        let owner = OwnFeed {
            root: self.root,
            signer: &secret,
            certificate,
        };
        let (ack, _) = self.store.acknowledge(&circle.id, &owner, to, &missing)?;
        let shipment = Shipment {
            statements: Vec::new(),
            trust: Vec::new(),
            records: Vec::new(),
            contents: Vec::new(),
            acks: vec![ack],
            standalone: false,
            news: true,
        };
        let names = [self.name_of(circle, to)];
        let target = Target::Held(medium);
        let written = self.ship(circle, shipment, &receive, target, &names, "acknowledge")?;
        self.remember(&written, &[*to], &Sent::ACK)?;
        Ok(Some(written))
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

    pub(in crate::node) fn report(&self) -> Export {
        let of = |kind: UnitKind| {
            self.contents
                .iter()
                .filter(|(found, _)| *found == kind)
                .count()
        };
        let bytes = |kind: UnitKind| {
            let of = self.contents.iter().filter(|(found, _)| *found == kind);
            of.map(|(_, blob)| blob.size).sum::<u64>()
        };
        let statements = self.statements.iter().map(|it| it.bytes().len());
        let records = self.trust.iter().chain(&self.records);
        let records = records.map(|it| it.bytes().len());
        Export {
            record_bytes: statements.chain(records).sum::<usize>() as u64,
            document_bytes: bytes(UnitKind::Document),
            model_bytes: bytes(UnitKind::Blob),
            statements: self.statements.len(),
            records: self.trust.len() + self.records.len(),
            documents: of(UnitKind::Document),
            models: of(UnitKind::Blob),
            content_bytes: self.contents.iter().map(|(_, blob)| blob.size).sum(),
            standalone: self.standalone,
            unacknowledged: 0,
            written: None,
            left_out: Vec::new(),
        }
    }
}

/// What a document's or a model's record names.
fn content(body: Body) -> Option<(UnitKind, BlobRef)> {
    match body {
        Body::Document(document) => Some((UnitKind::Document, document.blob)),
        Body::Model(model) => Some((UnitKind::Blob, model.blob)),
        _ => None,
    }
}

fn statement_bytes(directory: &Directory, id: &crate::record::StatementId) -> Option<Vec<u8>> {
    directory
        .statements()
        .find(|s| s.id() == *id)
        .map(|s| s.bytes().to_vec())
}

fn ack_members(acks: &[Verified<Ack>]) -> Vec<Small> {
    let named = acks.iter().enumerate();
    named
        .map(|(n, ack)| Small {
            name: format!("acks/{n:04}-ack"),
            bytes: ack.bytes().to_vec(),
        })
        .collect()
}
