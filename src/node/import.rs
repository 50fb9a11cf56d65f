//! Taking one bundle in, from wherever it comes (`intake` finds it), by the same steps.
//!
//! read HEAD, its signature and `trust/` -> fold trust over what is here as a *candidate* -> is the signer a
//! member under the candidate, does the circle know me? -> stage everything, durably -> publish blobs
//! under their hashes -> one database transaction, which is the commit -> shelves -> acknowledge.
//!
//! Content is judged by each record's own signature, never by HEAD's signer. A record that does not decode or
//! verify is counted and left out; the rest goes on.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::bundle::Kind as UnitKind;
use crate::carrier::media::Small;
use crate::carrier::media::files::Files;
use crate::carrier::media::keyring::Secret;
use crate::carrier::media::read::{Front, Source as Stream, Staged, stage_what_is_there};
use crate::fold::{self, History, State};
use crate::identity::{Verified, fingerprint, verify, verify_all};
use crate::record::{
    Ack, BlobHash, CircleId, Claim, Entry, FeedKey, Frontier, Kind, Payload, Record, RecordId,
    Role, RootKey, Signed, Statement,
};
use crate::store::{Batch, Consent, Delivered, Join, OfferRow as Offer, Receipt, Source, Standing};

use super::authority_closure::AuthorityClosure;
use super::home::now;
use super::intake::ImportOptions;
use super::named::named_blobs;
use super::offers::Left;
use super::{Event, Exit, Failure, Handle};

/// What one bundle brought.
#[derive(Debug, Clone)]
pub struct Imported {
    pub circle: CircleId,
    pub circle_name: String,
    /// The circle was not known here before.
    pub joined: bool,
    pub founder: Option<RootKey>,
    pub signer: RootKey,
    pub signer_name: String,
    pub sequence: u64,
    pub receipt: Receipt,
    /// Records that did not decode or verify.
    pub refused: usize,
    /// Documents, models and members that are new, by name.
    pub documents: Vec<String>,
    pub models: Vec<String>,
    pub members: Vec<String>,
    pub suspended: Vec<String>,
    /// Whose suspension was lifted, who became an admin, what became current, what was taken back; by name.
    pub lifted: Vec<String>,
    pub admins: Vec<String>,
    pub current: Vec<String>,
    pub withdrawn: Vec<String>,
    /// The circle decides in another way now.
    pub policy: bool,
    /// What was left out of a damaged bundle (salvage), by member, and why; empty if it was whole.
    pub skipped: Vec<String>,
    pub skipped_why: Option<String>,
    /// Contents that this node's settings keep out; they stay wanted.
    pub held_back: usize,
    /// A later bundle of this signer was taken in before: its number.
    pub older_than: Option<u64>,
    /// Bundles of this signer that did not come here while it has records that are not here, by number, from one to another.
    pub missing: Vec<(u64, u64)>,
    /// Members with a feed that is forked, and was not before.
    pub forked: Vec<String>,
    /// Some feed of the circle is forked.
    pub has_forks: bool,
    /// Members who say that they hold records of my own feed that are not here.
    pub set_back: Vec<String>,
    /// Its folder on the medium.
    pub handle: Option<String>,
    /// An acknowledgement was written to the medium.
    pub acknowledged: bool,
    /// The medium cannot be written; the acknowledgement goes with the next export.
    pub ack_failed: bool,
}

/// What became of a bundle that may speak.
#[derive(Debug)]
pub(super) enum Taken {
    /// It was taken in; the token that a receipt reveals.
    In(Box<Imported>, [u8; 16]),
    /// Of a circle that nobody here joined: nothing of it was kept.
    Offered(Offer),
    /// Left alone, because a person here said so.
    Left(Left),
}

/// What `trust/` and HEAD come to.
struct Judged {
    circle: CircleId,
    signer: RootKey,
    statements: Vec<Verified<Statement>>,
    records: Vec<Verified<Record>>,
    refused: usize,
    /// The state under the candidate.
    candidate: State,
}

/// By whose word a bundle is taken.
#[derive(Clone, Copy)]
pub(super) enum Policy {
    /// A member's bundle, addressed to me.
    Member,
    /// The starter bundle: this genesis, as a read-only shelf.
    Pinned(CircleId),
}

impl Handle {
    /// Takes one bundle in, if this node belongs to its circle or a person accepted it.
    pub(super) fn import_one(
        &mut self,
        source: Stream<'_>,
        secrets: &[Secret],
        policy: Policy,
        how: ImportOptions,
    ) -> Result<Taken, Failure> {
        // Until the transaction is through: nobody takes staged files or new blobs for rubbish meanwhile.
        let _work = self.store.work()?;
        let files = self.files(self.store.home());
        let folder = self.workplace(&files, "import")?;
        let (mut judged, mut otherwise) = (None, None);
        let place = (&files, folder.as_path());
        let staged = stage_what_is_there(source, secrets, place, how.salvage, |front, trust| {
            let candidate = self.judge(front, trust, policy)?;
            if let Policy::Member = policy {
                otherwise = self.unasked(&candidate, how.accept)?;
            }
            judged = Some(candidate);
            match otherwise {
                // Nothing behind `trust/` is staged or looked at.
                Some(_) => Err(Failure::new("nothing-for-me", Exit::NothingForMe)),
                None => Ok(()),
            }
        });
        let imported = match otherwise {
            Some(taken) => Ok(taken),
            None => staged.and_then(|staged| {
                let judged = judged.ok_or_else(|| Failure::new("bundle-refused", Exit::Refused))?;
                let imported = self.apply(judged, &staged, &files, policy, how.dry_run)?;
                Ok(Taken::In(Box::new(imported), staged.front.token))
            }),
        };
        // What was to be kept has been moved away; what cannot be removed now goes with the next work here.
        let _ = files.remove_all(&folder);
        imported
    }

    /// What becomes of a bundle that a person here did not ask for; none: it is taken in.
    fn unasked(&self, judged: &Judged, accept: bool) -> Result<Option<Taken>, Failure> {
        let called = |root: &RootKey| {
            let member = judged.candidate.members.get(root);
            named(member.map_or("", |member| member.name.as_str()), root)
        };
        let blocked = |root: &RootKey| {
            let opinion = self.store.opinion(root)?;
            Ok::<_, Failure>(opinion.blocked.then(|| {
                Taken::Left(Left::Blocked {
                    root: *root,
                    name: called(root),
                })
            }))
        };
        if let Some(left) = blocked(&judged.signer)? {
            return Ok(Some(left));
        }
        if self.store.belongs(&judged.circle)? {
            return Ok(None);
        }
        let me = judged.candidate.members.get(&self.root);
        let sponsor = me.map_or(judged.signer, |member| member.sponsor);
        for root in judged.candidate.founder.iter().chain([&sponsor]) {
            if let Some(left) = blocked(root)? {
                return Ok(Some(left));
            }
        }
        match self.store.consent(&judged.circle)? {
            Some(Consent::Accepted) => return Ok(None),
            Some(Consent::Forgotten(name)) => {
                let circle = judged.circle;
                return Ok(Some(Taken::Left(Left::Forgotten { circle, name })));
            }
            None if accept => return Ok(None),
            None => {}
        }
        Ok(Some(Taken::Offered(Offer {
            circle: judged.circle,
            name: judged.candidate.name.clone(),
            founder: judged.candidate.founder,
            signer: judged.signer,
            called: called(&judged.signer),
            sponsor,
            first: now(),
            place: None,
        })))
    }

    /// Folds `trust/` over what is here and decides whether this bundle may speak.
    fn judge(&self, front: &Front, trust: &[Small], policy: Policy) -> Result<Judged, Failure> {
        let refuse = |why: &str| Failure::new("bundle-refused", Exit::Refused).with("error", why);
        let mut members = AuthorityClosure::read(trust)?;
        let certificate = Signed::<Statement>::decode(&front.head.certificate)
            .map_err(|_| refuse("HEAD carries no certificate"))?;
        let certificate =
            verify(certificate).map_err(|_| refuse("the signer's certificate is forged"))?;
        let signer = match certificate.value().claim {
            Claim::Certificate {
                role: Role::Sign | Role::Spare,
                key,
                ..
            } if key == front.signer => certificate.value().root,
            _ => return Err(refuse("the signer's certificate is for another key")),
        };
        members.statements.push(certificate);
        let circle = self.circle_of(front, &members).ok_or_else(|| {
            refuse(
                "it belongs to a circle that is not known here, and does not bring its beginning",
            )
        })?;
        let known = self.store.circles()?.iter().any(|view| view.id == circle);
        let mut history = if known {
            // Every bundle brings the beginning; here it is no news, and asks for no answer.
            let beginning = circle.into();
            members.records.retain(|record| record.id() != beginning);
            self.store.history(&circle)?
        } else {
            History::new(circle)
        };
        for statement in &members.statements {
            history.add_statement(statement.clone());
        }
        for record in &members.records {
            history.add_record(record.clone());
        }
        let (_, candidate) = fold::evaluate(&history);
        match policy {
            Policy::Pinned(pin) if circle == pin => {}
            Policy::Pinned(_) => return Err(refuse("it is not the starter bundle of this okibi")),
            Policy::Member => {
                if !candidate.is_active(&signer) {
                    return Err(refuse("its signer is no active member of the circle"));
                }
                if !candidate.members.contains_key(&self.root) {
                    return Err(refuse("this node was never admitted to the circle"));
                }
                self.not_revoked(&members.statements, &signer, &front.signer, &circle)?;
            }
        }
        Ok(Judged {
            circle,
            signer,
            statements: members.statements,
            records: members.records,
            refused: members.refused,
            candidate,
        })
    }

    /// The circle that HEAD names, where it is known here or its beginning comes along.
    pub(super) fn circle_of(&self, front: &Front, trust: &AuthorityClosure) -> Option<CircleId> {
        let circle = CircleId(front.head.circle);
        let brought = trust.records.iter().any(|record| {
            record.value().kind == Kind::GENESIS && CircleId::from(record.id()) == circle
        });
        (brought || self.store.circle(&circle).is_ok()).then_some(circle)
    }

    fn apply(
        &mut self,
        judged: Judged,
        staged: &Staged,
        files: &Files,
        policy: Policy,
        dry: bool,
    ) -> Result<Imported, Failure> {
        let mut refused = judged.refused;
        let mut records = judged.records;
        let mut fresh = Vec::new();
        for item in staged.records() {
            match Signed::<Record>::decode(&item?) {
                Ok(signed) => fresh.push(signed),
                Err(_) => refused += 1,
            }
        }
        for verified in verify_all(fresh) {
            match verified {
                Ok(record) => records.push(record),
                Err(_) => refused += 1,
            }
        }
        let acks = self.read_acks(staged);
        let before = self.store.circle(&judged.circle).ok();
        let joined = before.is_none();
        let old = match joined {
            true => None,
            false => Some(self.store.state(&judged.circle)?),
        };
        let mut blobs = named_blobs(staged, &judged.circle, &records, old.as_ref());
        let mut held_back = 0;
        if matches!(policy, Policy::Member) {
            let states = (old.as_ref(), &judged.candidate);
            let signer = &judged.signer;
            (blobs, held_back) =
                self.contents_to_take(&judged.circle, blobs, &records, states, signer)?;
        }
        let mut imported = Imported {
            circle: judged.circle,
            circle_name: judged.candidate.name.clone(),
            joined,
            founder: judged.candidate.founder,
            signer: judged.signer,
            signer_name: fingerprint(&judged.signer),
            sequence: staged.front.head.sequence,
            receipt: Receipt::default(),
            refused,
            documents: Vec::new(),
            models: Vec::new(),
            members: Vec::new(),
            suspended: Vec::new(),
            lifted: Vec::new(),
            admins: Vec::new(),
            current: Vec::new(),
            withdrawn: Vec::new(),
            policy: false,
            skipped: Vec::new(),
            skipped_why: None,
            held_back,
            older_than: None,
            missing: Vec::new(),
            forked: Vec::new(),
            has_forks: false,
            set_back: Vec::new(),
            handle: None,
            acknowledged: false,
            ack_failed: false,
        };
        if let Some(skipped) = &staged.skipped {
            imported.skipped.clone_from(&skipped.members);
            imported.skipped_why = Some(skipped.why.to_string());
        }
        let known = self.store.last_bundle_of(&judged.circle, &judged.signer)?;
        imported.older_than = known.filter(|known| *known > imported.sequence);
        let forks = before.as_ref().map(|view| forked(&view.frontier));
        if dry {
            let after =
                self.foresee(&judged.circle, &judged.statements, &records, &mut imported)?;
            imported.receipt.acks = acks.len();
            imported.describe(old.as_ref(), &after);
            return Ok(imported);
        }
        // Files first: a name without a row is rubbish, a row without its file would be a lie.
        for (path, blob) in &blobs {
            if self.store.blob(&blob.blake3)?.is_none() {
                self.publish(files, path, &blob.blake3)?;
            }
        }
        let (source, standing, road) = match policy {
            Policy::Member => (Source::Member(judged.signer), Standing::Member, "usb"),
            Policy::Pinned(_) => (Source::Shelf, Standing::Shelf, "builtin"),
        };
        let line = json!({
            "what": "import", "state": "done", "circle": judged.candidate.name, "road": road,
            "from": fingerprint(&judged.signer), "records": records.len(), "blobs": blobs.len(),
        });
        let of_mine = self.any_of_mine(&records)?;
        let batch = Batch {
            statements: judged.statements,
            records,
            acks,
            blobs: blobs.into_iter().map(|(_, blob)| blob).collect(),
            join: joined.then_some(Join { standing }),
            // A part of a bundle is not the bundle: what was left out may still come.
            bundle: Some(Delivered {
                signer: judged.signer,
                sequence: staged.front.head.sequence,
                head: staged.front.head_sha256,
                previous: staged.front.head.previous,
            })
            .filter(|_| staged.skipped.is_none()),
            audit: Some(line),
            road,
        };
        imported.receipt = self
            .store
            .ingest(judged.circle, batch, source, self.root, now())?;
        self.heed(&judged.circle)?;
        if of_mine {
            self.mend_if_set_back(&judged.circle)?;
        }
        self.refresh_shelves()?;
        let after = self.store.circle(&judged.circle)?;
        imported.signer_name = self.name_of(&after, &judged.signer);
        imported.missing = self.missing_bundles(&after, &judged.signer)?;
        if imported.missing.is_empty() {
            self.store.close_gaps(&judged.circle, &judged.signer)?;
        }
        imported.describe(old.as_ref(), &self.store.state(&judged.circle)?);
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
        if !imported.receipt.changed.is_empty() {
            let changes = imported.receipt.changed.clone();
            (self.sink)(Event::DecisionChanged {
                circle: judged.circle,
                changes,
            });
        }
        Ok(imported)
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
        published.map_err(|error| Failure::io(&target, &error))
    }

    /// What the circle would be with these facts.
    fn foresee(
        &self,
        circle: &CircleId,
        statements: &[Verified<Statement>],
        records: &[Verified<Record>],
        imported: &mut Imported,
    ) -> Result<State, Failure> {
        let mut history = if imported.joined {
            History::new(*circle)
        } else {
            self.store.history(circle)?
        };
        let before = fold::membership(&history).records.len();
        for statement in statements {
            history.add_statement(statement.clone());
        }
        for record in records {
            history.add_record(record.clone());
        }
        let (membership, state) = fold::evaluate(&history);
        imported.receipt.taken = membership.records.len().saturating_sub(before);
        imported.receipt.waiting = membership.pending();
        Ok(state)
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
}

impl Imported {
    /// Says what is new between two states.
    fn describe(&mut self, before: Option<&State>, after: &State) {
        let names =
            |state: &State| -> BTreeSet<RootKey> { state.members.keys().copied().collect() };
        let old = before.map(names).unwrap_or_default();
        for (root, member) in &after.members {
            if !old.contains(root) {
                self.members.push(named(&member.name, root));
            }
            let stood = before.is_some_and(|state| state.is_active(root));
            if stood && member.suspension.is_some() {
                self.suspended.push(named(&member.name, root));
            }
            let was = before.and_then(|state| state.members.get(root));
            if was.is_some_and(|was| was.suspension.is_some()) && member.suspension.is_none() {
                self.lifted.push(named(&member.name, root));
            }
            if was.is_some_and(|was| !was.admin) && member.admin {
                self.admins.push(named(&member.name, root));
            }
        }
        if let Some(before) = before {
            self.policy = before.policy != after.policy;
            for (slot, target) in &after.pointers {
                if before.pointers.get(slot) != Some(target) {
                    self.current.push(title(after, target));
                }
            }
            for id in after.withdrawn.difference(&before.withdrawn) {
                self.withdrawn.push(title(before, id));
            }
        }
        let had = |id| before.is_some_and(|state| state.documents.contains_key(id));
        let new = after.documents.iter().filter(|(id, _)| !had(id));
        self.documents = new
            .map(|(_, shared)| shared.content.title.clone())
            .collect();
        let had = |id| before.is_some_and(|state| state.models.contains_key(id));
        let new = after.models.iter().filter(|(id, _)| !had(id));
        self.models = new.map(|(_, shared)| shared.content.name.clone()).collect();
    }
}

/// What a person calls a shared thing.
fn title(state: &State, id: &RecordId) -> String {
    let model = state.models.get(id).map(|shared| &shared.content.name);
    let document = state.documents.get(id).map(|shared| &shared.content.title);
    model.or(document).cloned().unwrap_or_else(|| id.short())
}

fn named(name: &str, root: &RootKey) -> String {
    if name.is_empty() {
        fingerprint(root)
    } else {
        name.to_owned()
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
