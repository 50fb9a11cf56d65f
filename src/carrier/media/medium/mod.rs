//! What lies on a stick:
//!
//! ```text
//! okibi/README.txt              static text, no names
//! okibi/<16 hex, random>/000.age, 001.age ...     slices of one age stream
//! okibi/<16 hex, random>/000.par ...     what repairs them, if it was asked for
//! okibi/<16 hex, random>/SUMS   written last: the commit marker
//! okibi/<16 hex>.done           receipts
//! ```
//!
//! A folder without a valid `SUMS` is no bundle: unfinished (none) or damaged (another). All names are
//! random or fixed, so a found stick tells sizes, in buckets, and numbers of recipients, and nothing else.
//!
//! Foreign media are read by one rule: only regular files and folders of exactly these names are
//! opened, links are not followed, sizes are bounded, nothing is executed. A medium of a set has a part of the
//! slices and says which.
//!
//! One lock per medium, of the operating system on the folder `okibi`, so it ends with its process
//! and also works on a read-only medium. Locked: `MediaError::Busy`. File systems without locks work
//! without.

mod sums;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use sums::{SLICES, Sums, decode_done, encode_done, parity_name, slice_name};

use super::MediaError;
use super::files::Files;
use super::seal::TOKEN_BYTES;

/// The folder on the medium.
pub const FOLDER: &str = "okibi";
/// The text beside the bundles.
pub const README: &str = include_str!("README.txt");
/// Folders that are looked into, by name; the rest of a medium is not looked at, and the scan says so.
const MOST_BUNDLES: usize = 131_072;
/// Names that are read of a folder at all.
const MOST_NAMES: usize = 1 << 20;
/// Bytes of all `SUMS` that a scan holds in memory.
const MOST_SUMS: u64 = 64 << 20;
/// Unfinished folders that are removed at once: each costs some waiting for the device.
const MOST_SWEPT: usize = 256;

/// A medium that is locked for writing.
#[derive(Debug)]
pub struct Medium {
    files: Files,
    _lock: Option<File>,
}

/// What a scan found.
#[derive(Debug, Default)]
pub struct Scan {
    /// The folder that bundles were looked for in; none for a single file.
    pub folder: Option<PathBuf>,
    /// Bundles, by handle.
    pub bundles: Vec<Found>,
    /// Handles of folders without `SUMS`: a writer did not finish.
    pub unfinished: Vec<String>,
    /// Handles of folders whose `SUMS` is not one, or cannot be read: damaged.
    pub damaged: Vec<String>,
    /// At least so many folders were not looked into: there are more than a medium of ours ever has.
    pub unseen: usize,
}

/// One bundle on a medium, or one file that may be one.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its folder's name; a single file has none.
    pub handle: Option<String>,
    /// What `SUMS` says; a single file has none.
    pub sums: Option<Sums>,
    /// The slices' paths, in order; some may not be there.
    pub slices: Vec<PathBuf>,
    /// Tokens revealed by those who have taken it in.
    pub done: Vec<[u8; TOKEN_BYTES]>,
}

/// Looks at a medium's root, its folder `okibi`, one bundle's folder or a single file. An empty medium
/// gives an empty scan; a path that is not there is `NoMedium`.
pub fn scan(path: &Path) -> Result<Scan, MediaError> {
    scan_at_most(path, MOST_BUNDLES)
}

fn scan_at_most(path: &Path, most: usize) -> Result<Scan, MediaError> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(MediaError::NoMedium(path.to_owned()));
        }
        other => other.map_err(MediaError::io(path))?,
    };
    if !found.is_dir() {
        let single = Found {
            handle: None,
            sums: None,
            slices: vec![path.to_owned()],
            done: Vec::new(),
        };
        return Ok(Scan {
            bundles: vec![single],
            ..Scan::default()
        });
    }
    let below = path.join(FOLDER);
    let folder = if is_folder(&below) {
        below
    } else if let Some(handle) = path.file_name().and_then(|name| name.to_str())
        && is_handle(handle)
        && let Some(parent) = path.parent()
    {
        let mut scan = Scan::default();
        look(parent, handle, &mut scan);
        scan.folder = Some(parent.to_owned());
        return Ok(scan);
    } else {
        path.to_owned()
    };
    let (mut handles, mut names) = (BTreeSet::new(), 0);
    let mut scan = Scan::default();
    for entry in fs::read_dir(&folder).map_err(MediaError::io(&folder))? {
        // A folder that breaks off in the middle has told what it can.
        let (Ok(entry), true) = (entry, names < MOST_NAMES) else {
            scan.unseen += 1;
            break;
        };
        names += 1;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_handle(name)) else {
            continue;
        };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            handles.insert(name.to_owned());
        }
    }
    let mut bytes = 0;
    for (number, handle) in handles.iter().enumerate() {
        if number >= most || bytes > MOST_SUMS {
            scan.unseen += handles.len() - number;
            break;
        }
        bytes += look(&folder, handle, &mut scan);
    }
    scan.folder = Some(folder);
    Ok(scan)
}

/// Sorts one folder into the scan; the bytes of its `SUMS`. What is wrong with it is wrong with it alone.
fn look(folder: &Path, handle: &str, scan: &mut Scan) -> u64 {
    let at = folder.join(handle);
    let marker = at.join("SUMS");
    let bytes = match read_small(&marker, sums::SUMS_BYTES) {
        Ok(bytes) => bytes,
        Err(MediaError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            scan.unfinished.push(handle.to_owned());
            return 0;
        }
        Err(_) => Vec::new(),
    };
    let Some(sums) = Sums::decode(&bytes) else {
        scan.damaged.push(handle.to_owned());
        return 0;
    };
    let numbers = (sums.first..).take(sums.slices.len());
    scan.bundles.push(Found {
        slices: numbers.map(|number| at.join(slice_name(number))).collect(),
        handle: Some(handle.to_owned()),
        sums: Some(sums),
        done: read_done(folder, handle),
    });
    bytes.len() as u64
}

/// The tokens of a bundle's receipt beside it; none where there is none that can be read.
pub(crate) fn receipts(folder: &Path, handle: &str) -> Vec<[u8; TOKEN_BYTES]> {
    read_done(folder, handle)
}

fn read_done(folder: &Path, handle: &str) -> Vec<[u8; TOKEN_BYTES]> {
    // A receipt that cannot be read is none: the bundle only stays longer.
    let path = folder.join(format!("{handle}.done"));
    let bytes = read_small(&path, sums::DONE_BYTES).unwrap_or_default();
    decode_done(&bytes).unwrap_or_default()
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Sixteen lower-case hexadecimal digits.
pub fn is_handle(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Opens a foreign file for reading: no link is followed, nothing but a regular file is taken, and a
/// FIFO does not block.
pub(crate) fn open_file(path: &Path) -> Result<File, MediaError> {
    use rustix::fs::OFlags;
    let open = |flags: OFlags| {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits() as i32)
            .open(path)
    };
    // A reading leaves no time behind, where the system lets its owner choose.
    let file = match open(OFlags::NOATIME) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error()) => {
            open(OFlags::empty())
        }
        other => other,
    };
    let refused = || MediaError::Refused(format!("{} is no regular file", path.display()));
    let file = match file {
        // A link, and a socket.
        Err(error)
            if [rustix::io::Errno::LOOP, rustix::io::Errno::NXIO]
                .iter()
                .any(|errno| error.raw_os_error() == Some(errno.raw_os_error())) =>
        {
            return Err(refused());
        }
        other => other.map_err(MediaError::io(path))?,
    };
    if file.metadata().map_err(MediaError::io(path))?.is_file() {
        Ok(file)
    } else {
        Err(refused())
    }
}

fn read_small(path: &Path, limit: u64) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Vec::new();
    let file = open_file(path)?;
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(MediaError::io(path))?;
    if bytes.len() as u64 > limit {
        return Err(MediaError::Refused(format!(
            "{} is too large",
            path.display()
        )));
    }
    Ok(bytes)
}

/// Whether bytes of a file were never written. A slice is made of random-looking bytes to its end, so a hole in one is
/// damage, and may claim more bytes than any disk has.
pub(crate) fn has_hole(file: &File) -> bool {
    let Ok(size) = file.metadata().map(|data| data.len()) else {
        return false;
    };
    // Where the system knows no holes, it names the end.
    let hole = rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(0));
    let _ = rustix::fs::seek(file, rustix::fs::SeekFrom::Start(0));
    size > 0 && hole.is_ok_and(|at| at < size)
}

/// What a file takes, by its length or by its blocks, whichever says more.
pub(crate) fn weight(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let data = fs::symlink_metadata(path);
    data.map_or(0, |data| data.len().max(data.blocks().saturating_mul(512)))
}

/// sha256 of a file, read from the device where the system allows that.
pub(crate) fn hash_file(path: &Path) -> Result<[u8; 32], MediaError> {
    let mut file = open_file(path)?;
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Sequential);
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(MediaError::io(path)(error)),
        }
    }
}

impl Found {
    /// The first slice that this medium should hold and does not, or that would have to come from
    /// another medium.
    pub fn missing(&self) -> Option<String> {
        let named = |name: &str| match &self.handle {
            Some(handle) => format!("{handle}/{name}"),
            None => name.to_owned(),
        };
        if let Some(sums) = &self.sums
            && sums.first > 0
        {
            return Some(named(&slice_name(0)));
        }
        if let Some(gone) = self.gone() {
            return Some(gone);
        }
        let sums = self.sums.as_ref().filter(|sums| !sums.last)?;
        let next = sums.first as usize + sums.slices.len();
        Some(named(&slice_name(u16::try_from(next).ok()?)))
    }

    /// The first slice that should lie here and does not.
    pub fn gone(&self) -> Option<String> {
        let gone = |path: &&PathBuf| fs::symlink_metadata(path).is_err();
        let path = self.slices.iter().find(gone)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Some(match &self.handle {
            Some(handle) => format!("{handle}/{name}"),
            None => name.into_owned(),
        })
    }

    /// The first slice that is not what `SUMS` says; reads all of them.
    pub fn damaged(&self) -> Result<Option<String>, MediaError> {
        let sums = self.sums.iter().flat_map(|sums| &sums.slices);
        for (path, expected) in self.slices.iter().zip(sums) {
            // Holes are not read through.
            let sound = !has_hole(&open_file(path)?) && hash_file(path)? == *expected;
            if !sound {
                let handle = self.handle.as_deref().unwrap_or_default();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                return Ok(Some(format!("{handle}/{name}")));
            }
        }
        Ok(None)
    }

    /// What its slices take, by their lengths or their blocks, whichever says more; and whether one of them has holes.
    pub fn weight(&self) -> (u64, bool) {
        let bytes = self.slices.iter().map(|path| weight(path));
        let holes = self
            .slices
            .iter()
            .any(|path| open_file(path).is_ok_and(|file| has_hole(&file)));
        (bytes.fold(0, u64::saturating_add), holes)
    }

    /// One medium of several: the other slices are elsewhere.
    pub fn is_part(&self) -> bool {
        let whole = |sums: &Sums| sums.first == 0 && sums.last;
        self.sums.as_ref().is_some_and(|sums| !whole(sums))
    }

    /// What is at hand from the first slice on, as if it were all: for salvage.
    pub fn prefix(&self) -> Option<Self> {
        let first = self.sums.as_ref().map_or(0, |sums| sums.first);
        let here = |path: &&PathBuf| fs::symlink_metadata(path).is_ok();
        let slices: Vec<_> = self.slices.iter().take_while(here).cloned().collect();
        if first > 0 || slices.is_empty() {
            return None;
        }
        let sums = self.sums.clone().map(|sums| Sums {
            last: true,
            slices: sums.slices.iter().take(slices.len()).copied().collect(),
            ..sums
        });
        let (handle, done) = (self.handle.clone(), self.done.clone());
        Some(Self {
            handle,
            sums,
            slices,
            done,
        })
    }

    /// All slices one behind the other. `SliceMissing` if one is not here.
    pub fn open(&self) -> Result<Slices, MediaError> {
        if let Some(which) = self.missing() {
            return Err(MediaError::SliceMissing { which });
        }
        let files = self.slices.iter().map(PathBuf::as_path).map(open_file);
        let files: Vec<_> = files.collect::<Result<_, _>>()?;
        Ok(Slices {
            files: files.into_iter(),
            current: None,
        })
    }

    /// For each recipient, in HEAD's order: has it revealed its token?
    pub fn collected(&self) -> Vec<bool> {
        let revealed: BTreeSet<_> = self.done.iter().map(token_hash).collect();
        let tokens = self.sums.iter().flat_map(|sums| &sums.tokens);
        tokens.map(|token| revealed.contains(token)).collect()
    }
}

/// What stands in `SUMS` for a token.
pub fn token_hash(token: &[u8; TOKEN_BYTES]) -> [u8; 32] {
    *blake3::hash(token).as_bytes()
}

/// The slices of a bundle as one stream.
#[derive(Debug)]
pub struct Slices {
    files: std::vec::IntoIter<File>,
    current: Option<File>,
}

impl Read for Slices {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.current.is_none() {
                self.current = self.files.next();
            }
            let Some(file) = &mut self.current else {
                return Ok(0);
            };
            match file.read(buffer)? {
                0 if !buffer.is_empty() => self.current = None,
                count => return Ok(count),
            }
        }
    }
}

/// Locks a folder against other processes, until the returned file is dropped; `Busy` if one has it.
/// `None` where the file system knows no locks.
pub fn lock(folder: &Path) -> Result<Option<File>, MediaError> {
    let file = File::open(folder).map_err(MediaError::io(folder))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(MediaError::Busy(folder.to_owned())),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

impl Medium {
    /// Takes the medium at `files`' root for writing: makes the folder and README.txt, and locks it. What is written there
    /// has no times of its own.
    pub fn take(files: &Files) -> Result<Self, MediaError> {
        Self::keep(&files.timeless())
    }

    /// The same for a folder of this home, whose times are needed.
    pub(super) fn keep(files: &Files) -> Result<Self, MediaError> {
        let root = files.root();
        if !root.is_dir() {
            return Err(MediaError::NoMedium(root.to_owned()));
        }
        let at = files.path(FOLDER);
        files.ensure_dir(FOLDER).map_err(MediaError::io(&at))?;
        let medium = Self {
            files: files.clone(),
            _lock: lock(&files.path(FOLDER))?,
        };
        medium.explain()?;
        Ok(medium)
    }

    /// Locks a medium that has its folder already, and writes nothing: for reading, and perhaps answering.
    pub fn hold(files: &Files) -> Result<Self, MediaError> {
        Ok(Self {
            files: files.timeless(),
            _lock: lock(&files.path(FOLDER))?,
        })
    }

    /// Puts README.txt there, unless it is.
    pub fn explain(&self) -> Result<(), MediaError> {
        let readme = Path::new(FOLDER).join("README.txt");
        let at = self.files.path(&readme);
        let limit = README.len() as u64;
        if read_small(&at, limit).ok().as_deref() != Some(README.as_bytes()) {
            let written = self.files.replace(&readme, README.as_bytes());
            written.map_err(MediaError::io(&at))?;
        }
        Ok(())
    }

    /// The file layer, rooted at the medium.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// A bundle's folder, relative to the root.
    pub fn folder(handle: &str) -> PathBuf {
        Path::new(FOLDER).join(handle)
    }

    /// Makes a bundle exist: its slices are written and synced, this writes `SUMS` and reads it back.
    pub fn commit(&self, handle: &str, sums: &Sums) -> Result<(), MediaError> {
        let folder = Self::folder(handle);
        let marker = folder.join("SUMS");
        let at = self.files.path(&marker);
        let bytes = sums.encode();
        let files = &self.files;
        let written = files
            .replace(&marker, &bytes)
            .and_then(|()| files.sync_dir(FOLDER));
        written.map_err(MediaError::io(&at))?;
        if read_small(&at, sums::SUMS_BYTES)? != bytes {
            return Err(MediaError::ReadBack(at));
        }
        Ok(())
    }

    /// Reveals my token: this recipient has taken the bundle in.
    pub fn acknowledge(&self, handle: &str, token: [u8; TOKEN_BYTES]) -> Result<(), MediaError> {
        if !is_handle(handle) {
            return Err(MediaError::Plan("a handle has 16 digits".into()));
        }
        let mut tokens = read_done(&self.files.path(FOLDER), handle);
        tokens.push(token);
        let path = Path::new(FOLDER).join(format!("{handle}.done"));
        let written = self.files.replace(&path, &encode_done(&tokens));
        written.map_err(MediaError::io(&self.files.path(&path)))
    }

    /// Takes a bundle and its receipts off the medium. `SUMS` goes first, durably: half a bundle
    /// never looks like one.
    pub fn discard(&self, handle: &str) -> Result<(), MediaError> {
        if !is_handle(handle) {
            return Err(MediaError::Plan("a handle has 16 digits".into()));
        }
        let folder = Self::folder(handle);
        let at = self.files.path(&folder);
        let gone = || -> io::Result<()> {
            self.files.remove_all(folder.join("SUMS"))?;
            if is_folder(&at) {
                self.files.sync_dir(&folder)?;
            }
            self.files.remove_all(&folder)?;
            let done = Path::new(FOLDER).join(format!("{handle}.done"));
            self.files.remove_all(done)?;
            self.files.sync_dir(FOLDER)
        };
        gone().map_err(MediaError::io(&at))
    }

    /// Removes what unfinished writers left; under the lock nobody else is writing. Returns how many.
    pub fn sweep(&self) -> Result<usize, MediaError> {
        let scan = scan(&self.files.path(FOLDER))?;
        let swept = scan.unfinished.iter().take(MOST_SWEPT);
        for handle in swept.clone() {
            self.discard(handle)?;
        }
        Ok(swept.len())
    }
}

#[cfg(test)]
mod tests;
