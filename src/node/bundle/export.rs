//! Writing a bundle: what do the recipients lack, in order of value; said in the audit trail before the first
//! byte leaves.
//!
//! What a recipient has is what it *acknowledged*, never what was sent. `trust/` holds what is needed
//! to judge the rest: statements, and the past of authority records; `records/` the others.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::bundle::{Kind as UnitKind, limits as bundle_limits};
use crate::carrier::media::files::Files;
use crate::carrier::media::keyring::Addressee;
use crate::carrier::media::medium::Medium;
use crate::carrier::media::plan::{Content, Plan};
use crate::carrier::media::write::{Destination, Written, write_bundle};
use crate::carrier::media::{MediaError, Small};
use crate::identity::Directory;
use crate::record::{BlobRef, CircleId, ContentKind, RecordId, Role, RootKey};
use crate::store::{CircleView, Owed, STAGING, Sent, Standing};

use super::authority_closure;
use super::export_target::{ExportOptions, Target};
use super::shipment::{Shipment, said};
use crate::node::clock::now;
use crate::node::content::kinds::traits;
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
        let ExportOptions {
            full,
            dry_run: dry,
            since,
        } = options;
        self.may_write(circle)?;
        let (to, left_out) = self.reachable(circle, to)?;
        if to.is_empty() && !left_out.is_empty() {
            let name = left_out.first().cloned().unwrap_or_default();
            return Err(Failure::new("recipient-unusable", Exit::Failed).with("name", name));
        }
        let to = to.as_slice();
        let receive = self.receive_keys_of(circle, to)?;
        let shipment = self.shipment(circle, to, full, since)?;
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
        self.acknowledge(&circle.id, &mut shipment.acks)?;
        let beginning = RecordId::from(circle.id);
        if shipment.trust.iter().all(|record| record.id() != beginning)
            && let Some(genesis) = self.store.record(&beginning)?
        {
            shipment.trust.insert(0, genesis);
        }
        let (secret, certificate) = self.identity().sign_key()?;
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
            Some(error) => Err(Failure::new("no-randomness", Exit::Failed).because(error)),
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

    fn content_files(&self, contents: &[(ContentKind, BlobRef)]) -> Vec<Content> {
        let mut files: Vec<Content> = contents
            .iter()
            .map(|(kind, blob)| Content {
                kind: traits(*kind).unit,
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
        let fail = |error: std::io::Error| Failure::io(&files.path(STAGING), error);
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
        let me = self.identity().acknowledger()?;
        let owed = self.store.owed(&circle.id, &me, to, &missing)?;
        let shipment = Shipment {
            statements: Vec::new(),
            trust: Vec::new(),
            records: Vec::new(),
            contents: Vec::new(),
            acks: vec![(*to, owed)],
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

fn statement_bytes(directory: &Directory, id: &crate::record::StatementId) -> Option<Vec<u8>> {
    directory
        .statements()
        .find(|s| s.id() == *id)
        .map(|s| s.bytes().to_vec())
}

fn ack_members(acks: &[(RootKey, Owed)]) -> Vec<Small> {
    let named = said(acks).enumerate();
    named
        .map(|(n, ack)| Small {
            name: format!("acks/{n:04}-ack"),
            bytes: ack.bytes().to_vec(),
        })
        .collect()
}
