//! Partial sets: bundles that come on several media, in any order. Slices that arrive early are
//! kept as they are, still encrypted, in a folder of this node's disk, until the rest is there:
//!
//! ```text
//! slices/<handle>-<16 hex>/NNN.age     slices that were compared with their SUMS and synced
//! slices/<handle>-<16 hex>/NNN.sums    the SUMS of the medium whose first slice is NNN, written last
//! ```
//!
//! The 16 digits are BLAKE3 of the tokens in SUMS: parts of one bundle agree in them.
//!
//! **Always holds.** A slice counts as kept only after it was compared with its SUMS and synced.
//! All kept slices together stay within a bound.
//!
//! **Failure.** A killed run leaves whole slices and a `.tmp`, and the next one goes on from there.
//! One process at a time works here (`Busy`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::MediaError;
use super::files::Files;
use super::medium::{self, Found, Sums, slice_name};

/// The folder below the home.
pub const FOLDER: &str = "slices";

/// The kept slices of a home, locked.
#[derive(Debug)]
pub struct PartialSets {
    files: Files,
    /// Bytes that all kept slices may have.
    most: u64,
    _lock: Option<File>,
}

/// The state of a set after its parts were put together.
#[derive(Debug)]
pub enum Gathered {
    /// All slices are at hand; some of them perhaps among the kept ones.
    Whole(Found),
    /// Slices are missing.
    Waiting(Waiting),
}

/// A bundle whose other slices are elsewhere.
#[derive(Debug)]
pub struct Waiting {
    pub handle: String,
    /// Slices at hand.
    pub have: usize,
    /// Slices that were not kept before and are now.
    pub kept: usize,
    /// The missing ones, for a person: `003-005, 007 and what follows`.
    pub missing: String,
    /// The slices at hand from the first one on, for salvage.
    pub prefix: Option<Found>,
}

struct Slice {
    path: PathBuf,
    sha256: [u8; 32],
    kept: bool,
}

/// The name under which a set's slices are kept; `None` for what is no part of a bundle on a medium.
pub fn key(found: &Found) -> Option<String> {
    let (handle, sums) = (found.handle.as_ref()?, found.sums.as_ref()?);
    let tokens = blake3::hash(&sums.tokens.concat());
    let short = tokens.as_bytes().get(..8)?;
    Some(format!("{handle}-{}", HEXLOWER.encode(short)))
}

impl PartialSets {
    /// Locks the kept slices below a home.
    pub fn take(files: &Files) -> Result<Self, MediaError> {
        let at = files.path(FOLDER);
        files.ensure_dir(FOLDER).map_err(MediaError::io(&at))?;
        Ok(Self {
            files: files.clone(),
            most: u64::MAX,
            _lock: medium::lock(&at)?,
        })
    }

    /// From now on no more than so many bytes are kept in all.
    pub fn bound(&mut self, most: u64) {
        self.most = most;
    }

    /// Bytes that all kept slices take.
    pub fn holds(&self) -> Result<u64, MediaError> {
        let sets = self.sets()?;
        Ok(sets
            .iter()
            .map(|(_, _, bytes)| bytes)
            .fold(0, |a, b| a.saturating_add(*b)))
    }

    /// The keys of all sets that are kept, with the time (seconds since 1970) at which each last grew, and bytes.
    pub fn sets(&self) -> Result<Vec<(String, u64, u64)>, MediaError> {
        let at = self.files.path(FOLDER);
        let mut found = Vec::new();
        for entry in fs::read_dir(&at).map_err(MediaError::io(&at))?.flatten() {
            let Ok(data) = entry.metadata() else { continue };
            let since = data.modified().ok();
            let since = since.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            let files = fs::read_dir(entry.path()).into_iter().flatten().flatten();
            let bytes = files.map(|file| medium::weight(&file.path())).sum();
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push((name, since.map_or(0, |since| since.as_secs()), bytes));
        }
        found.sort();
        Ok(found)
    }

    /// Drops a set.
    pub fn drop_set(&self, key: &str) -> Result<(), MediaError> {
        let folder = Path::new(FOLDER).join(key);
        let gone = self.files.remove_all(&folder);
        gone.map_err(MediaError::io(&self.files.path(&folder)))
    }

    /// Drops a kept slice that turned out to be damaged; the rest of its set stays.
    pub fn drop_slice(&self, path: &Path) {
        if let Ok(below) = path.strip_prefix(self.files.root())
            && below.starts_with(FOLDER)
        {
            // What stays is refused again, and dropped by `okibi gc` in the end.
            let _ = self.files.remove_all(below);
        }
    }

    /// Puts the parts of one set together. What is still incomplete is kept, unless `dry`.
    pub fn gather(&self, parts: &[Found], dry: bool) -> Result<Gathered, MediaError> {
        let Some(key) = parts.first().and_then(key) else {
            return Err(MediaError::Plan("no part of a bundle".to_owned()));
        };
        let folder = Path::new(FOLDER).join(&key);
        let mut all = self.kept(&folder)?;
        all.extend(parts.iter().filter_map(|part| part.sums.clone()));
        let mut slices = BTreeMap::new();
        let mut last = None;
        for sums in &all {
            for (number, sha256) in (sums.first..).zip(&sums.slices) {
                let path = self.files.path(folder.join(slice_name(number)));
                let kept = fs::symlink_metadata(&path).is_ok();
                let sha256 = *sha256;
                slices.entry(number).or_insert(Slice { path, sha256, kept });
            }
            if sums.last {
                last = sums
                    .slices
                    .len()
                    .checked_sub(1)
                    .map(|more| usize::from(sums.first) + more);
            }
        }
        for part in parts {
            let first = part.sums.as_ref().map_or(0, |sums| sums.first);
            for (number, path) in (first..).zip(&part.slices) {
                if let Some(slice) = slices.get_mut(&number)
                    && !slice.kept
                    && fs::symlink_metadata(&slice.path).is_err()
                {
                    slice.path.clone_from(path);
                }
            }
        }
        let here = |slice: &&Slice| fs::symlink_metadata(&slice.path).is_ok();
        let run = (0u16..)
            .map_while(|number| slices.get(&number).filter(here))
            .collect::<Vec<_>>();
        let tokens = all
            .first()
            .map(|sums| sums.tokens.clone())
            .unwrap_or_default();
        let done = parts.iter().flat_map(|part| part.done.iter().copied());
        let front = Found {
            handle: parts.first().and_then(|part| part.handle.clone()),
            sums: Some(Sums {
                first: 0,
                last: true,
                tokens,
                slices: run.iter().map(|slice| slice.sha256).collect(),
                parity: Vec::new(),
            }),
            slices: run.iter().map(|slice| slice.path.clone()).collect(),
            done: done.collect(),
        };
        if last.is_some_and(|last| run.len() == last + 1) {
            return Ok(Gathered::Whole(front));
        }
        let missing = missing(&slices, last);
        let have = slices.values().filter(here).count();
        let prefix = (!front.slices.is_empty()).then_some(front);
        let mut waiting = Waiting {
            handle: parts
                .first()
                .and_then(|part| part.handle.clone())
                .unwrap_or_default(),
            have,
            kept: 0,
            missing,
            prefix,
        };
        if !dry {
            for part in parts {
                waiting.kept += self.keep(&folder, part)?;
            }
        }
        Ok(Gathered::Waiting(waiting))
    }

    /// The SUMS whose slices are kept.
    fn kept(&self, folder: &Path) -> Result<Vec<Sums>, MediaError> {
        let at = self.files.path(folder);
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(MediaError::io(&at)(error)),
        };
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        names.sort();
        let sums = names
            .iter()
            .filter(|path| path.extension().is_some_and(|it| it == "sums"));
        Ok(sums
            .filter_map(|path| Sums::decode(&fs::read(path).ok()?))
            .collect())
    }

    /// Copies a part's slices; returns how many are new. A damaged one is passed over: it is missing still.
    fn keep(&self, folder: &Path, part: &Found) -> Result<usize, MediaError> {
        let Some(sums) = &part.sums else { return Ok(0) };
        let at = self.files.path(folder);
        self.files.ensure_dir(folder).map_err(MediaError::io(&at))?;
        self.fits(&at, part, folder)?;
        let mut kept = 0;
        let mut whole = true;
        for ((number, path), sha256) in (sums.first..).zip(&part.slices).zip(&sums.slices) {
            let name = folder.join(slice_name(number));
            if fs::symlink_metadata(self.files.path(&name)).is_ok() {
                continue;
            }
            match self.copy(path, &name, sha256) {
                Ok(true) => kept += 1,
                Ok(false) => whole = false,
                Err(error) => return Err(error),
            }
        }
        let name = folder.join(format!("{:03}.sums", sums.first));
        if whole && fs::symlink_metadata(self.files.path(&name)).is_err() {
            let written = self.files.replace(&name, &sums.encode());
            written.map_err(MediaError::io(&at))?;
        }
        Ok(kept)
    }

    fn fits(&self, place: &Path, part: &Found, folder: &Path) -> Result<(), MediaError> {
        // What the node itself needs to go on working.
        const MARGIN: u64 = 64 << 20;
        let first = part.sums.as_ref().map_or(0, |sums| sums.first);
        let sizes = (first..).zip(&part.slices).filter_map(|(number, path)| {
            let name = self.files.path(folder.join(slice_name(number)));
            let new = fs::symlink_metadata(name).is_err();
            Some(medium::weight(path)).filter(|_| new)
        });
        let need = sizes.fold(0, u64::saturating_add);
        let free = self.files.free_space().map_err(MediaError::io(place))?;
        if need > 0 && need > self.most.saturating_sub(self.holds()?) {
            return Err(MediaError::NoSpace {
                place: place.to_owned(),
                need,
                have: self.most.saturating_sub(self.holds()?),
            });
        }
        let have = free;
        if need > 0 && have < need.saturating_add(MARGIN) {
            let place = place.to_owned();
            let need = need.saturating_add(MARGIN);
            return Err(MediaError::NoSpace { place, need, have });
        }
        Ok(())
    }

    /// Copies one slice, if it is what SUMS says.
    fn copy(&self, from: &Path, to: &Path, expected: &[u8; 32]) -> Result<bool, MediaError> {
        // Nobody makes it longer meanwhile.
        let source = medium::open_file(from).map(|file| {
            let size = file.metadata().map_or(0, |data| data.len());
            (file, size)
        });
        let (file, size) = match source {
            Ok(source) => source,
            Err(MediaError::Io { source, .. }) if super::parity::lost(&source) => return Ok(false),
            Err(MediaError::Refused(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        if medium::has_hole(&file) {
            return Ok(false);
        }
        let mut source = file.take(size);
        let tmp = to.with_extension("tmp");
        let at = self.files.path(&tmp);
        self.files.remove_all(&tmp).map_err(MediaError::io(&at))?;
        let mut file = self.files.create(&tmp).map_err(MediaError::io(&at))?;
        let mut sha256 = Sha256::new();
        let mut buffer = vec![0; 1 << 18];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    sha256.update(bytes);
                    file.write_all(bytes).map_err(MediaError::io(&at))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if super::parity::lost(&error) => break,
                Err(error) => return Err(MediaError::io(from)(error)),
            }
        }
        let found: [u8; 32] = sha256.finalize().into();
        if found != *expected {
            self.files.remove_all(&tmp).map_err(MediaError::io(&at))?;
            return Ok(false);
        }
        let published = file.sync().and_then(|()| self.files.publish(&tmp, to));
        published.map_err(MediaError::io(&at))?;
        Ok(true)
    }
}

/// Names the missing slices, as far as they are known.
fn missing(slices: &BTreeMap<u16, Slice>, last: Option<usize>) -> String {
    let here = |number: u16| {
        let slice = slices.get(&number);
        slice.is_some_and(|slice| fs::symlink_metadata(&slice.path).is_ok())
    };
    let known = slices
        .keys()
        .last()
        .map_or(0, |last| usize::from(*last) + 1);
    let end = last.map_or(known, |last| last + 1);
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for number in (0..end).filter_map(|number| u16::try_from(number).ok()) {
        if here(number) {
            continue;
        }
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == number => *end = number,
            _ => ranges.push((number, number)),
        }
    }
    let words = ranges.iter().map(|(first, last)| {
        if first == last {
            slice_name(*first)
        } else {
            format!("{} to {}", slice_name(*first), slice_name(*last))
        }
    });
    let mut words: Vec<String> = words.collect();
    if last.is_none() {
        words.push(format!("{end:03}.age and what may follow"));
    }
    words.join(", ")
}
