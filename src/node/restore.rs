//! `okibi restore`: a home out of a backup. It is unpacked beside its place, checked to the last byte, given a new
//! life, and only then gets its name: what fails leaves nothing.
//!
//! A new life: a new store epoch, so that acknowledgements of the old life are void and everybody sends again what
//! this home forgot; and a new feed, because the old one may have gone on after the backup was made, and two records at
//! one height are a fork. The new feed's key is certified by the root. Where the root is locked or was not in the
//! backup, the home reads and writes nothing until `okibi key new-feed`.
//!
//! Nothing of the archive is believed: only regular files of exactly the names that a backup has are written, each
//! is hashed, and the list at the end must name all of them.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::carrier::media::files::Files;
use crate::carrier::media::keyring::Secret;
use crate::carrier::media::{MediaError, seal};
use crate::config::Config;
use crate::record::{BlobHash, RootKey};
use crate::store::Store;
use crate::store::keys::{KeyFolder, is_key_file};

use super::backup::{BEGIN, CONFIG, DATABASE, FORMAT, SUMS};
use super::event::Sink;
use super::home::{now, place_of, random};
use super::unlock::AskPassphrase;
use super::{Exit, Failure, Handle};

/// Bytes of the first member.
const BEGIN_BYTES: u64 = 4 << 10;
/// Bytes of the list: 10^6 blobs of 141 bytes each.
const SUMS_BYTES: u64 = 256 << 20;
/// Files in one backup.
const FILES: usize = 1_000_000;
/// Bytes of a key file or the configuration.
const SMALL_BYTES: u64 = 1 << 20;

/// A home that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub root: RootKey,
    pub keys: usize,
    pub blobs: usize,
    /// A new feed is open; without one the home only reads.
    pub new_feed: bool,
}

/// What the first member says.
struct Begin {
    root: RootKey,
}

/// Restores the home that `config` names from a backup. `secrets` open it; the home must not exist, or be empty.
pub fn restore(
    config: &Config,
    backup: &mut dyn Read,
    secrets: &[Secret],
    ask: Option<AskPassphrase>,
    sink: Sink,
) -> Result<Restored, Failure> {
    let home = &config.home;
    must_be_free(home)?;
    let parent = home
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|error| Failure::io(parent, &error))?;
    let mut name = home.file_name().unwrap_or_default().to_owned();
    name.push(format!(".restoring-{}", std::process::id()));
    let temporary = parent.join(name);
    let files = Files::new(parent);
    let beside = Path::new(temporary.file_name().unwrap_or_default());
    let fail = |error: std::io::Error| Failure::io(&temporary, &error);
    files.remove_all(beside).map_err(fail)?;
    let done = unpack(&temporary, backup, secrets).and_then(|(begin, keys, blobs)| {
        let new_feed = new_life(config, &temporary, &begin, ask, sink)?;
        // An empty folder of this name gives way; anything else does not.
        std::fs::rename(&temporary, home).map_err(|error| Failure::io(home, &error))?;
        let root = begin.root;
        Ok(Restored {
            root,
            keys,
            blobs,
            new_feed,
        })
    });
    match &done {
        Ok(_) => files.sync_dir("").map_err(fail)?,
        Err(_) => _ = files.remove_all(beside),
    }
    done
}

fn must_be_free(home: &Path) -> Result<(), Failure> {
    let taken = || Failure::new("restore-not-empty", Exit::Usage).with("path", home.display());
    match std::fs::read_dir(home) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(taken()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Err(taken()),
        Err(error) => Err(Failure::io(home, &error)),
    }
}

fn refused(why: impl std::fmt::Display) -> Failure {
    Failure::new("backup-refused", Exit::Refused).with("error", why)
}

/// Unpacks into `folder`, which is made; the first member, and how many keys and blobs there were.
fn unpack(
    folder: &Path,
    backup: &mut dyn Read,
    secrets: &[Secret],
) -> Result<(Begin, usize, usize), Failure> {
    let opened = seal::open(BufReader::with_capacity(1 << 18, backup), secrets).map_err(
        |error| match error {
            MediaError::NothingForMe => Failure::new("backup-closed", Exit::Refused),
            other => other.into(),
        },
    )?;
    make_folder(folder)?;
    contents(opened, &mut |name, input, size| {
        write(&folder.join(name), input, size)
    })
}

/// Reads what a backup holds, to its last byte, and writes nothing: how many keys and blobs. For fuzzing, too: this is
/// all that is believed of a backup before its database is opened.
pub fn backup_holds(archive: &mut dyn Read) -> Result<(usize, usize), Failure> {
    let (_, keys, blobs) = contents(archive, &mut |_, input, size| {
        let mut hasher = Sha256::new();
        pour(input, size, &mut |bytes| {
            hasher.update(bytes);
            Ok(())
        })?;
        Ok(data_encoding::HEXLOWER.encode(&hasher.finalize()))
    })?;
    Ok((keys, blobs))
}

/// Takes a member of this name and size; its sha256.
type Take<'a> = dyn FnMut(&str, &mut dyn Read, u64) -> Result<String, Failure> + 'a;

/// Goes through the archive; the first member, and how many keys and blobs there were.
fn contents(opened: impl Read, take: &mut Take<'_>) -> Result<(Begin, usize, usize), Failure> {
    // What the stream says of itself is a refusal, not an error of a file.
    let broken = |error: std::io::Error| refused(error);
    let mut tar = tar::Archive::new(opened);
    let mut begin = None;
    let mut hashes: BTreeMap<String, String> = BTreeMap::new();
    let mut sums = None;
    let (mut keys, mut blobs) = (0, 0);
    for entry in tar.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| refused("a name is not UTF-8"))?;
        if !entry.header().entry_type().is_file() || sums.is_some() {
            return Err(refused(format!("{name} does not belong there")));
        }
        let size = entry.header().entry_size().map_err(broken)?;
        let whole = |limit: u64, entry: &mut dyn Read| -> Result<String, Failure> {
            let mut text = String::new();
            if size > limit {
                return Err(refused(format!("{name} is too large")));
            }
            entry
                .take(limit)
                .read_to_string(&mut text)
                .map_err(broken)?;
            Ok(text)
        };
        if begin.is_none() {
            if name != BEGIN {
                return Err(refused("it is no backup of okibi"));
            }
            begin = Some(read_begin(&whole(BEGIN_BYTES, &mut entry)?)?);
            continue;
        }
        if name == SUMS {
            sums = Some(whole(SUMS_BYTES, &mut entry)?);
            continue;
        }
        let kind = kind_of(&name).ok_or_else(|| refused(format!("{name} has no place")))?;
        if hashes.len() == FILES || hashes.contains_key(&name) {
            return Err(refused(format!("{name} is one too many")));
        }
        if kind == Kind::Small && size > SMALL_BYTES {
            return Err(refused(format!("{name} is too large")));
        }
        keys += usize::from(name.starts_with("keys/"));
        blobs += usize::from(kind == Kind::Blob);
        let hash = take(&name, &mut entry, size)?;
        hashes.insert(name, hash);
    }
    // age tells of a truncation at its end only.
    let mut stream = tar.into_inner();
    std::io::copy(&mut stream, &mut std::io::sink()).map_err(broken)?;
    let listed: String = hashes
        .iter()
        .map(|(name, hash)| format!("{hash}  {name}\n"))
        .collect();
    let mut lines: Vec<&str> = sums.as_deref().unwrap_or_default().lines().collect();
    lines.sort_unstable();
    let mut found: Vec<&str> = listed.lines().collect();
    found.sort_unstable();
    let begin = begin.ok_or_else(|| refused("it is no backup of okibi"))?;
    if sums.is_none() || lines != found || !hashes.contains_key(DATABASE) {
        return Err(refused("it is not whole"));
    }
    Ok((begin, keys, blobs))
}

fn read_begin(text: &str) -> Result<Begin, Failure> {
    let value = |key: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(found, _)| *found == key)
            .map(|(_, value)| value)
    };
    let reader: Option<u32> = value("reader").and_then(|value| value.parse().ok());
    match reader {
        Some(reader) if reader > FORMAT => {
            return Err(Failure::new("backup-newer", Exit::Newer).with("found", reader));
        }
        Some(_) if value("okibi-backup").is_some() => {}
        _ => return Err(refused("it is no backup of okibi")),
    }
    let root = value("root").and_then(|value| value.parse().ok());
    Ok(Begin {
        root: root.ok_or_else(|| refused("it names no identity"))?,
    })
}

#[derive(PartialEq, Eq)]
enum Kind {
    Database,
    Small,
    Blob,
}

/// What a member of this name is; none: it has no place in a home.
fn kind_of(name: &str) -> Option<Kind> {
    if name == DATABASE {
        return Some(Kind::Database);
    }
    if name == CONFIG {
        return Some(Kind::Small);
    }
    if let Some(key) = name.strip_prefix("keys/") {
        return is_key_file(key).then_some(Kind::Small);
    }
    let hash: BlobHash = name.rsplit('/').next()?.parse().ok()?;
    (super::backup::blob_name(&hash) == name).then_some(Kind::Blob)
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|error| Failure::io(path, &error))
}

/// Writes a member durably, readable by its owner only; its sha256.
fn write(path: &Path, input: &mut dyn Read, size: u64) -> Result<String, Failure> {
    let fail = |error: std::io::Error| Failure::io(path, &error);
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(fail)?;
    let mut hasher = Sha256::new();
    pour(input, size, &mut |bytes| {
        hasher.update(bytes);
        file.write_all(bytes).map_err(fail)
    })?;
    file.sync_all().map_err(fail)?;
    Ok(data_encoding::HEXLOWER.encode(&hasher.finalize()))
}

/// Passes exactly so many bytes on.
fn pour(
    input: &mut dyn Read,
    size: u64,
    to: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // A size may lie; the buffer is no larger for it.
    const BUFFER: u64 = 1 << 18;
    let mut buffer = vec![0; usize::try_from(size.clamp(1, BUFFER)).unwrap_or(1)];
    let mut left = size;
    while left > 0 {
        let count = match input.read(&mut buffer) {
            Ok(0) => return Err(refused("it ends early")),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(refused(error)),
        };
        to(buffer.get(..count).unwrap_or_default())?;
        left = left.saturating_sub(count as u64);
    }
    Ok(())
}

/// Checks the database and makes this home one that never was: a new epoch, its own place, a new feed if the root
/// can certify one.
fn new_life(
    config: &Config,
    temporary: &Path,
    begin: &Begin,
    ask: Option<AskPassphrase>,
    sink: Sink,
) -> Result<bool, Failure> {
    let mut store = Store::open(temporary, now(), random()?)?;
    let sound: String = store
        .database()
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    let root = store
        .meta("root")?
        .and_then(|root| RootKey::from_slice(&root));
    if sound != "ok" || root != Some(begin.root) {
        return Err(refused("its database is damaged"));
    }
    store.renew_epoch(now(), random()?)?;
    store.set_meta("place", place_of(&config.home).as_bytes())?;
    store.set_meta("stopped", b"restored")?;
    store.audit(now(), &json!({"what": "restore", "state": "done"}))?;
    let mut node = Handle {
        config: config.clone(),
        keys: KeyFolder::of(temporary),
        store,
        root: begin.root,
        sink,
        layer: Box::new(|root| Files::new(root)),
        lent: Vec::new(),
        ask,
        system: "/".into(),
    };
    let opened = match node.start_feed() {
        Ok(()) => true,
        // No root key at hand: it stays a reader, and says so.
        Err(failure) if failure.exit == Exit::Locked => false,
        Err(failure) => return Err(failure),
    };
    // The log of the database belongs to the file before it is renamed.
    node.store.checkpoint()?;
    drop(node);
    sync_tree(temporary)?;
    Ok(opened)
}

/// Makes every folder of a tree durable.
fn sync_tree(folder: &Path) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::io(folder, &error);
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path: PathBuf = entry.map_err(fail)?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        }
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(fail)
}
