//! What lies on media, in folders and in files, and what of it is for this node: bundles are found, those that come
//! in parts put together, damaged ones repaired where parity allows, and each is handed to `import`. Then it
//! is acknowledged where it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::carrier::media::MediaError;
use crate::carrier::media::keyring::Secret;
use crate::carrier::media::medium::{self, Found, Medium};
use crate::carrier::media::parity;
use crate::carrier::media::partial_sets::{self, Gathered, PartialSets};
use crate::carrier::media::read::{Opens, Source as Stream, inspect, opens};
use crate::identity::verify;
use crate::record::{Claim, Signed, Statement};
use crate::store::Standing;

use super::import::{Imported, Policy, Taken};
use crate::node::circle::offers::{Left, Offer};
use crate::node::{Exit, Failure, Handle};

/// How an import shall act.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    pub dry_run: bool,
    /// Write acknowledgements and receipts to the medium.
    pub acknowledge: bool,
    /// Take the whole units that stand before a damage.
    pub salvage: bool,
    /// A person says yes to every circle that these bundles offer.
    pub accept: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            dry_run: false,
            acknowledge: true,
            salvage: false,
            accept: false,
        }
    }
}

/// What became of each bundle of the media.
#[derive(Debug, Default)]
pub struct ImportReport {
    pub imported: Vec<Imported>,
    /// Circles that admit this node and that nobody here joined: nothing of these bundles was kept.
    pub offers: Vec<Offer>,
    /// Bundles that were left alone, because a person here said so.
    pub left: Vec<Left>,
    /// Folders of the bundles of both: who did not accept a circle does not spread it.
    pub unasked: BTreeSet<String>,
    /// Bundles that no key of mine opens.
    pub for_others: usize,
    pub failures: Vec<(Option<String>, Failure)>,
    /// Folders whose writer did not finish.
    pub unfinished: usize,
    /// There is no bundle at all.
    pub blank: bool,
    /// Damaged slices that parity gave back.
    pub mended: Vec<Repair>,
    /// At least so many folders of the media were not looked into.
    pub unseen: usize,
}

/// What parity gave back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    pub handle: String,
    pub slices: Vec<String>,
    pub blocks: usize,
}

/// May this failure come from damaged bytes? A plain file has no `SUMS` that could tell.
pub(super) fn is_damage(failure: &Failure) -> bool {
    matches!(failure.exit, Exit::SliceMissing | Exit::Refused)
}

/// A bundle that is all here, and on which of the media.
struct Candidate {
    found: Found,
    media: Vec<usize>,
    /// Under which its early slices are kept.
    key: Option<String>,
}

/// Bytes of slices that wait for the others of a bundle which no fellow member signed.
const STRANGE_SLICES: u64 = 2 << 30;

/// Bytes of a bundle up to which it is repaired although no key is known to open it: its header may be what was lost.
const SMALL: u64 = 1 << 30;

/// Whether a bundle may be read through without knowing that it is mine.
fn is_small(found: &Found) -> bool {
    let (bytes, holes) = found.weight();
    bytes <= SMALL && !holes
}

/// What is here of a set from its first slice on, with what was kept; none: the first slice was never here.
fn front_of(shelf: &PartialSets, parts: &[Found]) -> Result<Option<Found>, Failure> {
    Ok(match shelf.gather(parts, true)? {
        Gathered::Whole(found) => Some(found),
        Gathered::Waiting(waiting) => waiting.prefix,
    })
}

/// A place for repaired copies; it is emptied when the command ends.
struct Bench {
    folder: PathBuf,
    number: usize,
}

/// Bundles that were found, each with its place among the media that are held, and where these are.
type Media<'a> = (Vec<(usize, Found)>, &'a [Option<Medium>], &'a [&'a Path]);

impl Handle {
    /// Imports everything that a medium, a folder or a file has for this node.
    pub fn import_path(
        &mut self,
        path: &Path,
        options: ImportOptions,
    ) -> Result<ImportReport, Failure> {
        self.import_paths(&[path], options)
    }

    /// The same for several at once: parts of one bundle may lie on different ones.
    pub fn import_paths(
        &mut self,
        paths: &[&Path],
        options: ImportOptions,
    ) -> Result<ImportReport, Failure> {
        let mut report = ImportReport {
            blank: true,
            ..ImportReport::default()
        };
        let (mut held, mut found) = (Vec::new(), Vec::new());
        for (number, path) in paths.iter().enumerate() {
            let mut scan = medium::scan(path)?;
            // On a medium nobody else writes or takes away meanwhile; what was looked at before that may be gone.
            let medium = self.hold(&scan)?;
            if medium.is_some() {
                scan = medium::scan(path)?;
            }
            held.push(medium);
            report.unseen += scan.unseen;
            report.unfinished += scan.unfinished.len();
            report.blank &= scan.bundles.is_empty() && scan.damaged.is_empty() && scan.unseen == 0;
            for handle in scan.damaged {
                let which = format!("{handle}/SUMS");
                let failure = Failure::from(MediaError::SliceMissing { which });
                report.failures.push((Some(handle), failure));
            }
            found.extend(scan.bundles.into_iter().map(|found| (number, found)));
        }
        // While this is held nobody takes repaired copies for rubbish.
        let _work = self.store.work()?;
        let files = self.files(self.store.home());
        let mut bench = Bench {
            folder: self.workplace(&files, "mend")?,
            number: 0,
        };
        let media = (found, &held[..], paths);
        let done = self.import_found(media, &mut bench, options, &mut report);
        let _ = files.remove_all(&bench.folder);
        done.map(|()| report)
    }

    fn import_found(
        &mut self,
        (found, held, places): Media<'_>,
        bench: &mut Bench,
        options: ImportOptions,
        report: &mut ImportReport,
    ) -> Result<(), Failure> {
        let secrets = self.identity().receive_keys()?;
        let (parts, whole): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(_, found)| found.is_part());
        let candidates = whole.into_iter().map(|(number, found)| Candidate {
            found,
            media: vec![number],
            key: None,
        });
        let mut candidates: Vec<_> = candidates.collect();
        let mut shelf = match parts.is_empty() {
            true => None,
            false => Some(PartialSets::take(&self.files(self.store.home()))?),
        };
        if let Some(shelf) = &mut shelf {
            let put = self.put_together(shelf, parts, &secrets, bench, options, report);
            candidates.extend(put?);
        }
        // Older bundles of one signer first: the newer ones rest on them.
        let mut fronts: Vec<(u64, Candidate)> = Vec::new();
        for mut candidate in candidates {
            match self.front(&mut candidate, &secrets, bench, options.salvage, report) {
                Ok(Some(sequence)) => fronts.push((sequence, candidate)),
                Ok(None) => {
                    report.for_others += 1;
                    if let (Some(shelf), Some(key)) = (&shelf, &candidate.key) {
                        shelf.drop_set(key)?;
                    }
                }
                Err(failure) => {
                    self.give_up(shelf.as_ref(), &candidate);
                    report
                        .failures
                        .push((candidate.found.handle.clone(), failure));
                }
            }
        }
        fronts.sort_by_key(|(sequence, _)| *sequence);
        for (_, mut candidate) in fronts {
            match self.take_in(&mut candidate, &secrets, bench, options, report) {
                Ok(Taken::In(imported, token)) => {
                    let mut imported = *imported;
                    imported.handle.clone_from(&candidate.found.handle);
                    if !options.dry_run && options.acknowledge {
                        for number in &candidate.media {
                            if let Some(Some(medium)) = held.get(*number) {
                                self.answer(&mut imported, medium, &candidate.found, token);
                            }
                        }
                    }
                    if !options.dry_run {
                        self.told(&imported)?;
                    }
                    if let (Some(shelf), Some(key)) = (&shelf, &candidate.key)
                        && !options.dry_run
                        && imported.skipped_why.is_none()
                    {
                        shelf.drop_set(key)?;
                    }
                    report.imported.push(imported);
                }
                Ok(other) => {
                    // The medium keeps its slices; none of them stay here for what nobody asked for.
                    if let (Some(shelf), Some(key)) = (&shelf, &candidate.key) {
                        shelf.drop_set(key)?;
                    }
                    report.unasked.extend(candidate.found.handle.clone());
                    let number = candidate.media.first().copied();
                    let place = number.and_then(|number| places.get(number).copied());
                    self.note(other, place, options.dry_run, report)?;
                }
                Err(failure) => {
                    self.give_up(shelf.as_ref(), &candidate);
                    report
                        .failures
                        .push((candidate.found.handle.clone(), failure));
                }
            }
        }
        Ok(())
    }

    /// Puts parts together with what was kept before. What stays incomplete is a failure that says what is missing; it is
    /// kept only if its first slice is here, or was, and a key of mine opens it.
    fn put_together(
        &self,
        shelf: &mut PartialSets,
        parts: Vec<(usize, Found)>,
        secrets: &[Secret],
        bench: &mut Bench,
        options: ImportOptions,
        report: &mut ImportReport,
    ) -> Result<Vec<Candidate>, Failure> {
        let mut sets: BTreeMap<String, (Vec<usize>, Vec<Found>)> = BTreeMap::new();
        for (number, part) in parts {
            let Some(key) = partial_sets::key(&part) else {
                continue;
            };
            // What this node wrote is for others.
            let handle = part.handle.as_deref().unwrap_or_default();
            if self.store.wrote_handle(handle)? {
                report.for_others += 1;
                continue;
            }
            let set = sets.entry(key).or_default();
            set.0.push(number);
            set.1.push(part);
        }
        let mut candidates = Vec::new();
        for (key, (media, parts)) in sets {
            let handle = parts.first().and_then(|part| part.handle.clone());
            let set = (key.as_str(), parts);
            match self.put_one_together(shelf, set, secrets, bench, options, report) {
                Ok(None) => {}
                Ok(Some(found)) => candidates.push(Candidate {
                    found,
                    media,
                    key: Some(key),
                }),
                Err(failure) => report.failures.push((handle, failure)),
            }
        }
        Ok(candidates)
    }

    /// One set of parts; none if it is somebody else's.
    fn put_one_together(
        &self,
        shelf: &mut PartialSets,
        (key, mut parts): (&str, Vec<Found>),
        secrets: &[Secret],
        bench: &mut Bench,
        options: ImportOptions,
        report: &mut ImportReport,
    ) -> Result<Option<Found>, Failure> {
        // A part that lost something is repaired first: its parity lies beside it and nowhere else. What may be for
        // nobody is only read through if it is small.
        let mut front = front_of(shelf, &parts)?;
        let whose = |front: &Option<Found>| front.as_ref().map(|found| opens(found, secrets));
        let mut opened = whose(&front);
        for part in &mut parts {
            let known = opened == Some(Opens::Mine);
            if !parity::parity_files(part).is_empty()
                && (known || is_small(part))
                && opened != Some(Opens::Others)
                && !matches!(part.damaged(), Ok(None))
                && let Some(mended) = self.mend(part, bench, report)?
            {
                *part = mended;
            }
        }
        if opened != Some(Opens::Mine) {
            front = front_of(shelf, &parts)?;
            opened = whose(&front);
        }
        if opened == Some(Opens::Others) {
            report.for_others += 1;
            shelf.drop_set(key)?;
            return Ok(None);
        }
        let mine = opened == Some(Opens::Mine);
        if mine {
            shelf.bound(self.room_for_slices(shelf, front.as_ref(), secrets)?);
        }
        match shelf.gather(&parts, options.dry_run || !mine)? {
            Gathered::Whole(found) => Ok(Some(found)),
            Gathered::Waiting(waiting) => {
                if let Some(prefix) = waiting.prefix.filter(|_| options.salvage) {
                    return Ok(Some(prefix));
                }
                let code = match (mine, options.dry_run) {
                    (false, _) => "slices-first",
                    (true, true) => "slices-elsewhere",
                    (true, false) => "slices-kept",
                };
                Err(Failure::new(code, Exit::SliceMissing)
                    .with("have", waiting.have)
                    .with("kept", waiting.kept)
                    .with("missing", waiting.missing))
            }
        }
    }

    /// Bytes that all slices which wait may have. Whoever knows my key card can make a first slice that I can open; only
    /// one that a fellow member signed may take what a large bundle needs.
    fn room_for_slices(
        &self,
        shelf: &PartialSets,
        front: Option<&Found>,
        secrets: &[Secret],
    ) -> Result<u64, Failure> {
        let home = self.store.home();
        let free = self.files(home).free_space();
        let free = free.map_err(|error| Failure::io(home, error))?;
        let all = free.saturating_add(shelf.holds()?);
        let known = front.is_some_and(|found| self.signed_by_fellow(found, secrets));
        Ok(match known {
            true => all / 2,
            false => STRANGE_SLICES.min(all / 8),
        })
    }

    /// Whether HEAD is signed by an active member of a circle of mine. A beginning that is too short to tell is not.
    fn signed_by_fellow(&self, found: &Found, secrets: &[Secret]) -> bool {
        let Ok(front) = inspect(Stream::Found(found), secrets) else {
            return false;
        };
        let certificate = Signed::<Statement>::decode(&front.head.certificate).map(verify);
        let Ok(Ok(certificate)) = certificate else {
            return false;
        };
        let statement = certificate.value();
        let signs =
            matches!(&statement.claim, Claim::Certificate { key, .. } if *key == front.signer);
        let circles = self.store.circles().unwrap_or_default();
        signs
            && circles.iter().any(|circle| {
                circle.standing == Standing::Member && circle.state.is_active(&statement.root)
            })
    }

    /// The sequence of a bundle that is for this node; repaired, or cut to its beginning, if that is needed.
    fn front(
        &self,
        candidate: &mut Candidate,
        secrets: &[Secret],
        bench: &mut Bench,
        salvage: bool,
        report: &mut ImportReport,
    ) -> Result<Option<u64>, Failure> {
        let mut look = inspect(Stream::Found(&candidate.found), secrets);
        if matches!(
            look,
            Err(MediaError::SliceMissing { .. } | MediaError::Refused(_))
        ) {
            // What no key opens is read through only if it is small.
            let worth =
                opens(&candidate.found, secrets) == Opens::Mine || is_small(&candidate.found);
            let mended = match worth {
                true => self.mend(&candidate.found, bench, report)?,
                false => None,
            };
            if let Some(found) = mended {
                candidate.found = found;
                look = inspect(Stream::Found(&candidate.found), secrets);
            } else if salvage && let Some(prefix) = candidate.found.prefix() {
                candidate.found = prefix;
                look = inspect(Stream::Found(&candidate.found), secrets);
            }
        }
        match look {
            Ok(front) => Ok(Some(front.head.sequence)),
            Err(MediaError::NothingForMe) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Imports a bundle; if a slice turns out to be damaged, once more after its repair.
    fn take_in(
        &mut self,
        candidate: &mut Candidate,
        secrets: &[Secret],
        bench: &mut Bench,
        options: ImportOptions,
        report: &mut ImportReport,
    ) -> Result<Taken, Failure> {
        // Salvage would be content with less than a repair gives.
        let repairable = !parity::parity_files(&candidate.found).is_empty();
        let first = ImportOptions {
            salvage: options.salvage && !repairable,
            ..options
        };
        let policy = Policy::Member;
        let done = self.import_one(Stream::Found(&candidate.found), secrets, policy, first);
        match done {
            Err(failure) if repairable && is_damage(&failure) => {
                match self.mend(&candidate.found, bench, report)? {
                    Some(found) => candidate.found = found,
                    None if options.salvage => {}
                    None => return Err(failure),
                }
                self.import_one(Stream::Found(&candidate.found), secrets, policy, options)
            }
            done => done,
        }
    }

    /// Repairs what a medium lost of a bundle, if its parity can.
    fn mend(
        &self,
        found: &Found,
        bench: &mut Bench,
        report: &mut ImportReport,
    ) -> Result<Option<Found>, Failure> {
        let files = self.files(self.store.home());
        bench.number += 1;
        let folder = bench.folder.join(bench.number.to_string());
        let place = files.path(&folder);
        let made = files.mkdir(&folder);
        made.map_err(|error| Failure::io(&place, error))?;
        let Some(mended) = parity::mend((&files, &folder), found)? else {
            return Ok(None);
        };
        report.mended.push(Repair {
            handle: found.handle.clone().unwrap_or_default(),
            slices: mended.slices,
            blocks: mended.blocks,
        });
        Ok(Some(mended.found))
    }

    /// Drops the kept slices of a set that make no bundle: the damaged one if it can be named, else all.
    fn give_up(&self, shelf: Option<&PartialSets>, candidate: &Candidate) {
        let (Some(shelf), Some(key)) = (shelf, &candidate.key) else {
            return;
        };
        let sums = candidate.found.sums.iter().flat_map(|sums| &sums.slices);
        let mut named = false;
        for (path, expected) in candidate.found.slices.iter().zip(sums) {
            if medium::hash_file(path).is_ok_and(|hash| hash != *expected) {
                shelf.drop_slice(path);
                named = true;
            }
        }
        if !named {
            // The next run finds the medium's own slices, or keeps them anew.
            let _ = shelf.drop_set(key);
        }
    }

    /// Locks the medium that a scan found bundles on, if its folder has the right name.
    pub(in crate::node) fn hold(&self, scan: &medium::Scan) -> Result<Option<Medium>, Failure> {
        let Some(folder) = &scan.folder else {
            return Ok(None);
        };
        let folder = folder
            .canonicalize()
            .map_err(|error| Failure::io(folder, error))?;
        if folder.file_name() != Some(medium::FOLDER.as_ref()) {
            return Ok(None);
        }
        let root = folder.parent().unwrap_or(&folder);
        Ok(Some(Medium::hold(&self.files(root))?))
    }

    /// Imports one bundle from a stream.
    pub fn import_stream(
        &mut self,
        stream: &mut (dyn Read + Send),
        options: ImportOptions,
    ) -> Result<ImportReport, Failure> {
        let secrets = self.identity().receive_keys()?;
        let source = Stream::Stream(stream);
        let mut report = ImportReport::default();
        match self.import_one(source, &secrets, Policy::Member, options)? {
            Taken::In(imported, _) => {
                if !options.dry_run {
                    self.told(&imported)?;
                }
                report.imported.push(*imported);
            }
            other => self.note(other, None, options.dry_run, &mut report)?,
        }
        Ok(report)
    }

    /// Writes the receipt, and the acknowledgement where it tells the signer something.
    fn answer(&mut self, imported: &mut Imported, medium: &Medium, found: &Found, token: [u8; 16]) {
        let Some(handle) = &found.handle else { return };
        let receipt = &imported.receipt;
        let again = found.done.contains(&token);
        // Taken in before, from this very medium, and answered then.
        if again && receipt.taken + receipt.statements + receipt.blobs + receipt.acks == 0 {
            return;
        }
        let mut written = medium.explain();
        // Who took in a part has not taken in the bundle: it stays for a better try.
        if imported.skipped_why.is_none() {
            written = written.and_then(|()| medium.acknowledge(handle, token));
        }
        imported.ack_failed = written.is_err();
        let receipt = &imported.receipt;
        // A bundle that brought acknowledgements only asks for no answer.
        let content = receipt.taken + receipt.known + receipt.waiting + receipt.blobs > 0;
        if imported.ack_failed || !content {
            return;
        }
        let acknowledged = match self.store.circle(&imported.circle) {
            Ok(circle) => self.ship_ack(&circle, &imported.signer, medium),
            Err(error) => Err(error.into()),
        };
        match acknowledged {
            Ok(written) => imported.acknowledged |= written.is_some(),
            Err(_) => imported.ack_failed = true,
        }
    }
}
