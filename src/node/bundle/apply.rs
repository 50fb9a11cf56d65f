//! Taking what was judged and staged: records are read, decoded and verified a bounded number at a time, and each of these is
//! one transaction, in the order of the file. Whatever ends it, the home has the beginning of the bundle, and the same bundle
//! goes on from there. Receipt, acknowledgement, audit line and the signer's number come with the last one.
//!
//! A preview does the same, and takes it back.

use std::collections::BTreeSet;
use std::path::Path;

use crate::bundle::Kind as UnitKind;
use crate::carrier::media::files::Files;
use crate::carrier::media::read::Staged;
use crate::fold::Authority;
use crate::identity::{Verified, fingerprint, verify};
use crate::record::{
    Ack, BlobHash, Body, CircleId, ContentKind, Entry, FeedKey, Frontier, Payload, RecordId, Signed,
};
use crate::store::{Batch, Delivered, Join, Receipt, Source, Standing};

use super::batches::Batches;
use super::import::{Imported, Judged, Policy, named};
use super::named::Contents;
use crate::node::admit::{Admission, Occasion};
use crate::node::content::policy::ContentPolicy;
use crate::node::{Event, Failure, Handle};

/// What stands in the database from the first transaction of an import until its result was told.
struct Begun {
    /// SHA-256 of the bundle's HEAD.
    head: [u8; 32],
    /// The newest record that was here before.
    arrival: i64,
    /// The circle was not known here before.
    joined: bool,
}

impl Begun {
    /// One for each circle: what is begun later replaces it.
    fn key(circle: &CircleId) -> String {
        format!("import/{circle}")
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.head.to_vec();
        bytes.extend(self.arrival.to_be_bytes());
        bytes.push(self.joined.into());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk()?;
        let (arrival, rest) = rest.split_first_chunk()?;
        Some(Self {
            head: *head,
            arrival: i64::from_be_bytes(*arrival),
            joined: rest == [1],
        })
    }
}

impl Handle {
    /// Takes in what was staged; with `dry` only to say what would be.
    pub(super) fn apply(
        &mut self,
        judged: Judged,
        staged: &Staged,
        files: &Files,
        policy: Policy,
        dry: bool,
    ) -> Result<Imported, Failure> {
        // Read through once before anything counts: what is no sequence of records refuses the whole bundle.
        for item in staged.records() {
            item?;
        }
        if !dry {
            return self.take(judged, staged, Some(files), policy);
        }
        self.store.begin_rehearsal()?;
        let foreseen = self.take(judged, staged, None, policy);
        self.store.end_rehearsal()?;
        foreseen
    }

    /// Without `files` nothing outside of the database is touched.
    fn take(
        &mut self,
        mut judged: Judged,
        staged: &Staged,
        files: Option<&Files>,
        policy: Policy,
    ) -> Result<Imported, Failure> {
        let (circle, signer) = (judged.circle, judged.signer);
        let head = staged.front.head_sha256;
        let before = self.store.circle(&circle).ok();
        let earlier = self.store.meta(&Begun::key(&circle))?;
        let earlier = earlier.and_then(|bytes| Begun::decode(&bytes));
        let earlier = earlier.filter(|begun| begun.head == head && before.is_some());
        let resumed = earlier.is_some();
        let begun = match earlier {
            Some(begun) => begun,
            None => Begun {
                head,
                arrival: self.store.last_arrival()?,
                joined: before.is_none(),
            },
        };
        self.store.note_shared(&circle, begun.arrival)?;
        let brought_before = self.store.brought_since(&circle, &signer, begun.arrival)?;
        let mut imported = Imported::begin(&judged, staged, begun.joined);
        imported.resumed = resumed;
        let known = self.store.last_bundle_of(&circle, &signer)?;
        imported.older_than = known.filter(|known| *known > imported.sequence);
        let forks = before.as_ref().map(|view| forked(&view.frontier));
        let (source, standing, road) = match policy {
            Policy::Member => (Source::Member(signer), Standing::Member, "usb"),
            Policy::Pinned(_) => (Source::Shelf, Standing::Shelf, "builtin"),
        };
        let settings = match policy {
            Policy::Member => Some(ContentPolicy::new(self.config.contents, self.root)),
            Policy::Pinned(_) => None,
        };
        let states = [
            before.as_ref().map(|view| &view.state),
            Some(&judged.candidate.authority),
        ];
        let mut contents = Contents::new(staged, (circle, signer), states, settings);
        let total = staged.front.manifest.raw(UnitKind::Records);
        let mut batches = Batches::new(staged.records(), self.step);
        let mut acks = self.read_acks(staged);
        let occasion = Occasion::Bundle {
            circle: judged.candidate.name.clone(),
            from: fingerprint(&signer),
        };
        let mut admission = Admission::new(circle, source, road, occasion);
        let mut join = before.is_none().then_some(Join { standing });
        let mut mark = Some((Begun::key(&circle), begun.encode()));
        loop {
            let mut records = std::mem::take(&mut judged.records);
            records.extend(batches.take()?);
            let (first, last) = (mark.is_some(), batches.ended());
            let brought = contents.named_by(&self.store, &records)?;
            // Files first: a name without a row is rubbish, a row without its file would be a lie.
            if let Some(files) = files {
                for (path, blob) in &brought {
                    if self.store.blob(&blob.blake3)?.is_none() {
                        self.publish(files, path, &blob.blake3)?;
                    }
                }
            }
            // A part of a bundle is not the bundle: what was left out may still come.
            let delivered = (last && staged.skipped.is_none()).then_some(Delivered {
                signer,
                sequence: staged.front.head.sequence,
                head,
                previous: staged.front.head.previous,
            });
            let batch = Batch {
                statements: std::mem::take(&mut judged.statements),
                records,
                acks: match last {
                    true => std::mem::take(&mut acks),
                    false => Vec::new(),
                },
                blobs: brought.into_iter().map(|(_, blob)| blob).collect(),
                join: join.take(),
                mark: mark.take(),
                bundle: delivered,
                ..Batch::default()
            };
            let folded = admission.take(self, batch, last)?;
            // The first brings what judges the rest, and is folded as a matter of course.
            batches.folded(folded && !first);
            if files.is_some() {
                self.tell_progress(&batches, last, total);
            }
            if last {
                break;
            }
        }
        imported.receipt = match files {
            Some(_) => admission.finish(self)?.receipt,
            None => admission.rehearsed(),
        };
        imported.refused += batches.refused;
        imported.held_back = contents.held();
        if resumed {
            // What the broken import took in was told to nobody.
            imported.receipt.taken += brought_before;
            imported.receipt.known = imported.receipt.known.saturating_sub(brought_before);
        }
        if files.is_some() {
            self.refresh_shelves()?;
        }
        let after = self.store.circle(&circle)?;
        imported.signer_name = self.name_of(&after, &signer);
        imported.missing = self.missing_bundles(&after, &signer)?;
        if imported.missing.is_empty() {
            self.store.close_gaps(&circle, &signer)?;
        }
        let old = before.as_ref().filter(|_| !begun.joined);
        self.tell_apart(&mut imported, old.map(|view| &view.state), &after.state)?;
        let now_forked = forked(&after.frontier);
        imported.has_forks = !now_forked.is_empty();
        imported.set_back = self.said_by(&after)?;
        for feed in now_forked.difference(&forks.unwrap_or_default()) {
            let mut members = after.state.members.iter();
            let owner = members.find(|(_, member)| member.feeds.contains(feed));
            let name =
                owner.map_or_else(|| feed.to_string(), |(root, _)| self.name_of(&after, root));
            imported.forked.push(name);
        }
        Ok(imported)
    }

    /// The result of an import was told, and answered where it came from.
    pub(in crate::node) fn told(&self, imported: &Imported) -> Result<(), Failure> {
        Ok(self.store.forget_meta(&Begun::key(&imported.circle))?)
    }

    /// Only what needs several transactions takes long enough to be told.
    fn tell_progress(&mut self, batches: &Batches, last: bool, total: u64) {
        let done = match last {
            true => total,
            false => batches.bytes,
        };
        if !last || batches.several() {
            (self.sink)(Event::Progress {
                what: "import",
                done,
                total,
            });
        }
    }

    /// Gives a staged file its name among the blobs, durably.
    fn publish(&self, files: &Files, staged: &Path, hash: &BlobHash) -> Result<(), Failure> {
        let home = self.store.home();
        let target = self.store.blob_path(hash);
        let below = |path: &Path| path.strip_prefix(home).unwrap_or(path).to_owned();
        let (from, to) = (below(staged), below(&target));
        let folder = to.parent().unwrap_or(Path::new(""));
        let published = files
            .ensure_dir(folder)
            .and_then(|()| files.publish(from, &to))
            // A killed process may have made the folder and not come to this.
            .and_then(|()| files.sync_dir("blobs"));
        published.map_err(|error| Failure::io(&target, error))
    }

    fn read_acks(&self, staged: &Staged) -> Vec<Verified<Ack>> {
        let members = staged
            .members
            .iter()
            .filter(|member| member.kind == UnitKind::Acks);
        let bytes = members.filter(|member| member.size <= Ack::LIMIT as u64);
        bytes
            .filter_map(|member| std::fs::read(&member.path).ok())
            .filter_map(|bytes| verify(Signed::<Ack>::decode(&bytes).ok()?).ok())
            .filter(|ack| ack.value().to == self.root)
            .collect()
    }

    /// Says what is new between two states.
    fn tell_apart(
        &self,
        imported: &mut Imported,
        before: Option<&Authority>,
        after: &Authority,
    ) -> Result<(), Failure> {
        for (root, member) in &after.members {
            let was = before.and_then(|state| state.members.get(root));
            let name = || named(&member.name, root);
            if was.is_none() {
                imported.members.push(name());
            }
            let stood = before.is_some_and(|state| state.is_active(root));
            if stood && member.suspension.is_some() {
                imported.suspended.push(name());
            }
            if was.is_some_and(|was| was.suspension.is_some()) && member.suspension.is_none() {
                imported.lifted.push(name());
            }
            if was.is_some_and(|was| !was.admin) && member.admin {
                imported.admins.push(name());
            }
        }
        if let Some(before) = before {
            imported.policy = before.policy != after.policy;
            for (slot, target) in &after.pointers {
                if before.pointers.get(slot) != Some(target) {
                    imported.current.push(self.title(target)?);
                }
            }
            for id in after.withdrawn.difference(&before.withdrawn) {
                imported.withdrawn.push(self.title(id)?);
            }
        }
        let news = self.store.news(&imported.circle)?;
        for (kind, name) in news.names {
            match kind {
                ContentKind::Document => imported.documents.push(name),
                ContentKind::Model => imported.models.push(name),
            }
        }
        imported.unnamed = news.unnamed;
        Ok(())
    }

    /// What a person calls a shared thing.
    fn title(&self, id: &RecordId) -> Result<String, Failure> {
        let record = self.store.record(id)?;
        let body = record.and_then(|it| Body::decode(it.value().kind, &it.value().body));
        Ok(match body {
            Some(Body::Content(content)) => content.name().to_owned(),
            _ => id.short(),
        })
    }
}

impl Imported {
    /// What is known of a bundle before it is taken.
    fn begin(judged: &Judged, staged: &Staged, joined: bool) -> Self {
        let (skipped, skipped_why) = match &staged.skipped {
            Some(skipped) => (skipped.members.clone(), Some(skipped.why.to_string())),
            None => (Vec::new(), None),
        };
        Self {
            circle: judged.circle,
            circle_name: judged.candidate.name.clone(),
            joined,
            founder: judged.candidate.founder,
            signer: judged.signer,
            signer_name: fingerprint(&judged.signer),
            sequence: staged.front.head.sequence,
            receipt: Receipt::default(),
            refused: judged.refused,
            resumed: false,
            documents: Vec::new(),
            models: Vec::new(),
            unnamed: 0,
            members: Vec::new(),
            suspended: Vec::new(),
            lifted: Vec::new(),
            admins: Vec::new(),
            current: Vec::new(),
            withdrawn: Vec::new(),
            policy: false,
            skipped,
            skipped_why,
            held_back: 0,
            older_than: None,
            missing: Vec::new(),
            forked: Vec::new(),
            has_forks: false,
            set_back: Vec::new(),
            handle: None,
            acknowledged: false,
            ack_failed: false,
        }
    }
}

/// The feeds of a frontier that are forked.
fn forked(frontier: &Frontier) -> BTreeSet<FeedKey> {
    let entries = frontier.0.iter();
    entries
        .filter(|(_, entry)| matches!(entry, Entry::Forked { .. }))
        .map(|(feed, _)| *feed)
        .collect()
}
