//! The relay store of a courier: sealed bundles of other people on their way, in a folder of this
//! home that is laid out like a medium.
//!
//! They are copied from one stick to the next as they are and checked against `SUMS`. They are
//! never opened and never executed. Only whole bundles are carried; one of a set of media waits for
//! its other parts where it is.
//!
//! **Always holds.** Only a bundle is carried, as far as anybody can tell without a key: its age
//! header parses and has a stanza for each token of its `SUMS`, and no slice has holes, which would
//! be bytes that nobody wrote.
//!
//! The store is bounded in bytes, number and days. One stick fills a quarter of it at a time, and a
//! tenth of each stick stays free for its owner. Nothing that is carried is pushed out by something
//! new, so a stick full of rubbish can fill the store for some days and cannot empty it.
//!
//! A bundle leaves when its receipts say that all its recipients have it (only those who opened
//! HEAD know a token). Its receipts stay as a mark, so that another stick that still has it is
//! told, and it is not carried again; a bundle that was dropped for its age or its damage leaves a
//! mark `.gone` for the same end.
//!
//! **Failure.** A bundle that cannot be copied stays behind and is counted (`Moved::left`); `Busy`
//! if another process has the store.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::files::Files;
use super::medium::{self, Found, Medium, Scan, is_handle, token_hash};
use super::{MediaError, seal};

/// Marks of bundles that are through: beyond it the oldest go.
const MARKS: usize = 4_096;
/// Bytes that stay free on the home's disk, whatever the quota says.
const HOME_MARGIN: u64 = 256 << 20;
/// Bytes that stay free on a medium: `SUMS`, receipts and folders take a few blocks.
const MEDIUM_MARGIN: u64 = 64 << 10;
/// Of a medium so many parts of a hundred stay free, for what its owner wants to put there.
const MEDIUM_SHARE: u64 = 10;
/// One stick fills at most this part of the store at a time.
const STICK_SHARE: u64 = 4;
/// A mark of something dropped is kept for this many times the time that a bundle is carried.
const MARK_AGES: u64 = 4;
/// Bytes that pass at once.
const BUFFER: usize = 256 << 10;

/// The bounds of what is carried.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all carried bundles; 0: nothing is carried.
    pub bytes: u64,
    /// Bundles.
    pub count: usize,
    /// Milliseconds that one stays.
    pub age: u64,
}

/// The bundles that were moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    pub count: usize,
    pub bytes: u64,
    /// Bundles that stayed behind: no room, part of a set, or damaged.
    pub left: usize,
}

/// The store, locked.
#[derive(Debug)]
pub struct RelayStore {
    medium: Medium,
}

impl RelayStore {
    /// Opens the store in the folder `files` is rooted at; made if missing. `Busy` if another process has it.
    pub fn open(files: &Files) -> Result<Self, MediaError> {
        let root = files.root();
        if !root.is_dir() {
            fs::create_dir_all(root).map_err(MediaError::io(root))?;
        }
        let medium = Medium::keep(files)?;
        medium.sweep()?;
        Ok(Self { medium })
    }

    fn folder(&self) -> PathBuf {
        self.medium.files().path(medium::FOLDER)
    }

    fn scan(&self) -> Result<Scan, MediaError> {
        medium::scan(self.medium.files().root())
    }

    /// The number of bundles that are carried, and their bytes.
    pub fn holds(&self) -> Result<(usize, u64), MediaError> {
        let bundles = self.scan()?.bundles;
        let bytes = bundles.iter().map(size).sum();
        Ok((bundles.len(), bytes))
    }

    /// Whether this bundle is carried, or was.
    pub fn knows(&self, handle: &str) -> bool {
        let folder = self.folder();
        let mark = |suffix| folder.join(format!("{handle}.{suffix}")).is_file();
        is_handle(handle) && (folder.join(handle).is_dir() || mark("done") || mark("gone"))
    }

    /// Drops a bundle and remembers that it was: from the next stick it is not taken again.
    fn drop_for_good(&self, handle: &str) -> Result<(), MediaError> {
        self.medium.discard(handle)?;
        let mark = Path::new(medium::FOLDER).join(format!("{handle}.gone"));
        let files = self.medium.files();
        let written = files.replace(&mark, b"");
        written.map_err(MediaError::io(&files.path(&mark)))
    }

    /// Drops what all recipients have, what is damaged, and what was here too long; forgets the oldest marks.
    /// `now` in milliseconds since 1970. Returns how many bundles went.
    pub fn tidy(&self, limits: Limits, now: u64) -> Result<usize, MediaError> {
        let scan = self.scan()?;
        let mut gone = 0;
        for found in &scan.bundles {
            let Some(handle) = &found.handle else {
                continue;
            };
            if all_have(found) {
                self.bury(found)?;
            } else if limits.bytes == 0 || self.age(handle, now) > limits.age {
                self.drop_for_good(handle)?;
            } else {
                continue;
            }
            gone += 1;
        }
        for handle in &scan.damaged {
            self.drop_for_good(handle)?;
        }
        self.forget_marks(limits.age.saturating_mul(MARK_AGES), now)?;
        Ok(gone)
    }

    /// Takes bundles out of the store that are not to be carried any more; they may come again. Returns how many.
    pub fn drop_bundles(&self, unwanted: impl Fn(&Found) -> bool) -> Result<usize, MediaError> {
        let mut gone = 0;
        for found in &self.scan()?.bundles {
            if let Some(handle) = &found.handle
                && unwanted(found)
            {
                self.medium.discard(handle)?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// Takes a bundle out of the store and leaves its receipts.
    fn bury(&self, found: &Found) -> Result<(), MediaError> {
        if let Some(handle) = &found.handle {
            self.medium.discard(handle)?;
            for token in &found.done {
                self.medium.acknowledge(handle, *token)?;
            }
        }
        Ok(())
    }

    /// Milliseconds since a bundle came; a clock that was set back makes it young.
    fn age(&self, handle: &str, now: u64) -> u64 {
        now.saturating_sub(written(&self.folder().join(handle).join("SUMS")))
    }

    fn forget_marks(&self, most: u64, now: u64) -> Result<(), MediaError> {
        let folder = self.folder();
        let mut marks = Vec::new();
        for entry in fs::read_dir(&folder).map_err(MediaError::io(&folder))? {
            let entry = entry.map_err(MediaError::io(&folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let stem = name
                .strip_suffix(".done")
                .or_else(|| name.strip_suffix(".gone"));
            if let Some(handle) = stem.filter(|name| is_handle(name))
                && !folder.join(handle).exists()
            {
                marks.push((written(&entry.path()), name));
            }
        }
        marks.sort();
        let spare = marks.len().saturating_sub(MARKS);
        for (number, (time, name)) in marks.into_iter().enumerate() {
            if number >= spare && now.saturating_sub(time) <= most {
                break;
            }
            let path = Path::new(medium::FOLDER).join(name);
            let removed = self.medium.files().remove_all(&path);
            removed.map_err(MediaError::io(&folder))?;
        }
        Ok(())
    }

    /// Tells store and medium of each other's receipts. `to`: the medium, if it can be written.
    pub fn share_receipts(&self, scan: &Scan, to: Option<&Medium>) -> Result<(), MediaError> {
        for found in &scan.bundles {
            let Some(handle) = found.handle.as_deref().filter(|handle| self.knows(handle)) else {
                continue;
            };
            // Only tokens that `SUMS` knows: a receipt full of others is rubbish.
            let known: BTreeSet<_> = found.sums.iter().flat_map(|sums| &sums.tokens).collect();
            let true_ones = |tokens: &[[u8; seal::TOKEN_BYTES]]| -> BTreeSet<_> {
                let tokens = tokens.iter().copied();
                tokens
                    .filter(|token| known.contains(&token_hash(token)))
                    .collect()
            };
            let there = true_ones(&found.done);
            let here = true_ones(&medium::receipts(&self.folder(), handle));
            for token in there.difference(&here) {
                self.medium.acknowledge(handle, *token)?;
            }
            if let Some(to) = to {
                for token in here.difference(&there) {
                    to.acknowledge(handle, *token)?;
                }
            }
        }
        Ok(())
    }

    /// Copies bundles of third parties from a medium. `mine` says, of a handle and a number of recipients, which are none
    /// of theirs.
    pub fn take_in(
        &self,
        scan: &Scan,
        mine: impl Fn(&str, usize) -> bool,
        limits: Limits,
    ) -> Result<Moved, MediaError> {
        let mut moved = Moved::default();
        let (mut count, mut bytes) = self.holds()?;
        let (most, share) = (
            limits.count.div_ceil(STICK_SHARE as usize),
            limits.bytes / STICK_SHARE,
        );
        for found in &scan.bundles {
            let Some(handle) = &found.handle else {
                continue;
            };
            let recipients = found.sums.as_ref().map_or(0, |sums| sums.tokens.len());
            if limits.bytes == 0
                || mine(handle, recipients)
                || self.knows(handle)
                || all_have(found)
            {
                continue;
            }
            let size = size(found);
            let free = self.medium.files().free_space().unwrap_or(0);
            // One bundle alone may be larger than a stick's share.
            let alone = moved.count == 0;
            let fits = count < limits.count
                && moved.count < most
                && (alone || moved.bytes.saturating_add(size) <= share)
                && bytes.saturating_add(size) <= limits.bytes
                && free >= size.saturating_add(HOME_MARGIN);
            if !fits || !is_sealed(found) || copy(found, &self.medium).is_err() {
                moved.left += 1;
                continue;
            }
            (count, bytes) = (count + 1, bytes + size);
            (moved.count, moved.bytes) = (moved.count + 1, moved.bytes + size);
        }
        Ok(moved)
    }

    /// Puts what is carried onto a medium where it is missing, the oldest first.
    pub fn put_out(&self, scan: &Scan, to: &Medium) -> Result<Moved, MediaError> {
        let there: BTreeSet<&String> = scan
            .bundles
            .iter()
            .filter_map(|found| found.handle.as_ref())
            .chain(&scan.unfinished)
            .chain(&scan.damaged)
            .collect();
        let mut bundles = self.scan()?.bundles;
        bundles.sort_by_key(|found| {
            let handle = found.handle.clone().unwrap_or_default();
            (written(&self.folder().join(&handle).join("SUMS")), handle)
        });
        let mut moved = Moved::default();
        let total = to.files().total_space().unwrap_or(0);
        let spared = (total / 100 * MEDIUM_SHARE).max(MEDIUM_MARGIN);
        for found in &bundles {
            let missing = |handle: &&String| !there.contains(handle);
            if found.handle.as_ref().filter(missing).is_none() || all_have(found) {
                continue;
            }
            let size = size(found);
            let free = to.files().free_space().unwrap_or(0);
            if free < size.saturating_add(spared) || copy(found, to).is_err() {
                moved.left += 1;
                continue;
            }
            (moved.count, moved.bytes) = (moved.count + 1, moved.bytes + size);
        }
        Ok(moved)
    }

    /// Takes off a medium what this store put there or knows, once all recipients have it.
    pub fn clear(&self, scan: &Scan, medium: &Medium) -> Result<usize, MediaError> {
        let mut gone = 0;
        for found in &scan.bundles {
            if let Some(handle) = &found.handle
                && self.knows(handle)
                && all_have(found)
            {
                medium.discard(handle)?;
                gone += 1;
            }
        }
        Ok(gone)
    }
}

/// Every recipient has revealed its token.
fn all_have(found: &Found) -> bool {
    let collected = found.collected();
    !collected.is_empty() && collected.iter().all(|done| *done)
}

/// Milliseconds since 1970 at which a file was written; 0 if nobody knows.
fn written(path: &Path) -> u64 {
    let time = fs::metadata(path).and_then(|data| data.modified()).ok();
    let since = time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Name and sha256 of each file that `SUMS` lists.
fn listed(found: &Found) -> Vec<(String, [u8; 32])> {
    let text = found.sums.as_ref().map(medium::Sums::encode);
    let text = String::from_utf8(text.unwrap_or_default()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let entry = |line: &str| {
        let (hash, name) = line.split_once("  ")?;
        let hash = data_encoding::HEXLOWER.decode(hash.as_bytes()).ok()?;
        Some((name.to_owned(), hash.try_into().ok()?))
    };
    lines.filter_map(entry).collect()
}

fn folder_of(found: &Found) -> &Path {
    let first = found.slices.first().and_then(|slice| slice.parent());
    first.unwrap_or(Path::new(""))
}

/// Bytes of a bundle's files; those that are missing count nothing, and the copy fails.
fn size(found: &Found) -> u64 {
    let folder = folder_of(found);
    let sizes = listed(found)
        .into_iter()
        .map(|(name, _)| medium::weight(&folder.join(name)));
    sizes.fold(0, u64::saturating_add)
}

/// Whole, without holes, and its age header is for as many as its `SUMS` says: anything else is no bundle.
fn is_sealed(found: &Found) -> bool {
    let recipients = found.sums.as_ref().map_or(0, |sums| sums.tokens.len());
    if found.missing().is_some() || found.weight().1 {
        return false;
    }
    let stanzas = found
        .open()
        .and_then(|slices| seal::stanzas(BufReader::new(slices)));
    stanzas.is_ok_and(|count| count == recipients)
}

/// Copies a bundle, checked against its `SUMS` on the way, synced and read back. What fails leaves nothing.
fn copy(found: &Found, to: &Medium) -> Result<(), MediaError> {
    let (Some(handle), Some(sums)) = (&found.handle, &found.sums) else {
        return Err(MediaError::Plan(
            "only bundles on a medium are carried".into(),
        ));
    };
    let folder = Medium::folder(handle);
    let files = to.files();
    let at = files.path(&folder);
    files.mkdir(&folder).map_err(MediaError::io(&at))?;
    let copied = (|| {
        for (name, sha256) in listed(found) {
            let source = folder_of(found).join(&name);
            let target = folder.join(&name);
            copy_file(&source, files, &target, &sha256)?;
        }
        let synced = files
            .sync_dir(&folder)
            .and_then(|()| files.sync_dir(medium::FOLDER));
        synced.map_err(MediaError::io(&at))?;
        to.commit(handle, sums)?;
        for token in &found.done {
            to.acknowledge(handle, *token)?;
        }
        Ok(())
    })();
    if copied.is_err() {
        let _ = to.discard(handle);
    }
    copied
}

fn copy_file(
    source: &Path,
    files: &Files,
    target: &Path,
    sha256: &[u8; 32],
) -> Result<(), MediaError> {
    let at = files.path(target);
    let mut input = medium::open_file(source)?;
    // Nobody makes it longer meanwhile.
    let mut left = input.metadata().map_err(MediaError::io(source))?.len();
    let mut output = files.create(target).map_err(MediaError::io(&at))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    while left > 0 {
        let most = BUFFER.min(usize::try_from(left).unwrap_or(BUFFER));
        let part = buffer.get_mut(..most).unwrap_or_default();
        let count = match input.read(part) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(MediaError::io(source)(error)),
        };
        let bytes = part.get(..count).unwrap_or_default();
        hasher.update(bytes);
        output.write_all(bytes).map_err(MediaError::io(&at))?;
        left -= count as u64;
    }
    if hasher.finalize().as_slice() != sha256 {
        let which = source.display().to_string();
        return Err(MediaError::SliceMissing { which });
    }
    output.sync().map_err(MediaError::io(&at))?;
    output.forget();
    drop(output);
    if medium::hash_file(&at)? == *sha256 {
        Ok(())
    } else {
        Err(MediaError::ReadBack(at))
    }
}
