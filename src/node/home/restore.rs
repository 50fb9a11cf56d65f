//! `okibi restore`: a home out of a backup. It is unpacked beside its place, checked to the last byte, given a new
//! life, and only then gets its name: what fails leaves nothing.
//!
//! A new life: a new store epoch, so that acknowledgements of the old life are void and everybody sends again what
//! this home forgot; and a new feed, because the old one may have gone on after the backup was made, and two records at
//! one height are a fork. The new feed's key is certified by the root. Where the root is locked or was not in the
//! backup, the home reads and writes nothing until `okibi key new-feed`.
//!
//! The backup is signed by the identity that it holds, and it is said whose it is and from when: age would take one from
//! anybody. Its records and statements are verified once more. Of its configuration, what decides whom this node speaks
//! to and where its passphrase is comes along only when that is asked for.
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
use crate::identity::{fingerprint, verify, verify_message};
use crate::record::{BlobHash, Claim, Role, RootKey, Signed, Statement};
use crate::store::Store;
use crate::store::keys::{KeyFolder, is_key_file};

use super::backup::{BEGIN, CONFIG, DATABASE, FORMAT, SIGNATURE, SUMS, signed_of};
use super::open::place_of;
use super::unlock::AskPassphrase;
use crate::node::circle::who::{Meant, who_is_meant};
use crate::node::clock::{now, random};
use crate::node::{Exit, Failure, Handle, Sink};

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
    /// When the backup was made, milliseconds since 1970 by the clock of who made it.
    pub made: u64,
    /// Sections of the configuration that were left out.
    pub left_out: Vec<String>,
}

/// How a home is restored.
#[derive(Debug, Clone, Copy, Default)]
pub struct RestoreOptions<'a> {
    /// Take the settings about networks and passphrases, too.
    pub with_network_settings: bool,
    /// The fingerprint, or its beginning, that the identity must have.
    pub of: Option<&'a str>,
}

/// Sections of the configuration that decide whom a node speaks to, and what it reads its secrets from.
const GUARDED: [&str; 2] = ["network", "keys"];

/// What the first member says.
struct Begin {
    root: RootKey,
    made: u64,
    /// The key that signed, certified by the root.
    signer: [u8; 32],
}

/// Restores the home that `config` names from a backup. `secrets` open it; the home must not exist, or be empty.
pub fn restore(
    config: &Config,
    backup: &mut dyn Read,
    secrets: &[Secret],
    options: RestoreOptions<'_>,
    ask: Option<AskPassphrase>,
    sink: Sink,
) -> Result<Restored, Failure> {
    let home = &config.home;
    must_be_free(home)?;
    let parent = home
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|error| Failure::io(parent, error))?;
    let mut name = home.file_name().unwrap_or_default().to_owned();
    name.push(format!(".restoring-{}", std::process::id()));
    let temporary = parent.join(name);
    let files = Files::new(parent);
    let beside = Path::new(temporary.file_name().unwrap_or_default());
    let fail = |error: std::io::Error| Failure::io(&temporary, error);
    files.remove_all(beside).map_err(fail)?;
    let done = unpack(&temporary, backup, secrets).and_then(|(begin, keys, blobs)| {
        if let Some(of) = options.of {
            is_of(&begin.root, of)?;
        }
        let left_out = match options.with_network_settings {
            true => Vec::new(),
            false => leave_out(&temporary.join(CONFIG))?,
        };
        let new_feed = new_life(config, &temporary, &begin, ask, sink)?;
        // An empty folder of this name gives way; anything else does not.
        std::fs::rename(&temporary, home).map_err(|error| Failure::io(home, error))?;
        let root = begin.root;
        Ok(Restored {
            root,
            keys,
            blobs,
            new_feed,
            made: begin.made,
            left_out,
        })
    });
    match &done {
        Ok(_) => files.sync_dir("").map_err(fail)?,
        Err(_) => _ = files.remove_all(beside),
    }
    done
}

/// Is this the identity that was asked for?
fn is_of(root: &RootKey, of: &str) -> Result<(), Failure> {
    let known = std::iter::once((*root, ""));
    match who_is_meant(known, &format!("id:{}", of.trim_start_matches("id:"))) {
        Meant::One(_) => Ok(()),
        _ => {
            Err(Failure::new("backup-of-another", Exit::Refused)
                .with("fingerprint", fingerprint(root)))
        }
    }
}

/// Takes the guarded sections out of a configuration; which there were. What is no configuration goes as a whole.
fn leave_out(path: &Path) -> Result<Vec<String>, Failure> {
    let fail = |error: std::io::Error| Failure::io(path, error);
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => String::from("?"),
        other => other.map_err(fail)?,
    };
    let Ok(mut table) = text.parse::<toml::Table>() else {
        std::fs::remove_file(path).map_err(fail)?;
        return Ok(vec![CONFIG.to_owned()]);
    };
    let gone = GUARDED
        .iter()
        .filter(|section| table.remove(**section).is_some());
    let gone: Vec<String> = gone.map(|section| (*section).to_owned()).collect();
    if !gone.is_empty() {
        std::fs::remove_file(path).map_err(fail)?;
        write(
            path,
            &mut table.to_string().as_bytes(),
            table.to_string().len() as u64,
        )?;
    }
    Ok(gone)
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
        Err(error) => Err(Failure::io(home, error)),
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
    let (mut sums, mut signature) = (None, None);
    let mut begin_text = String::new();
    let (mut keys, mut blobs) = (0, 0);
    for entry in tar.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| refused("a name is not UTF-8"))?;
        if !entry.header().entry_type().is_file()
            || signature.is_some()
            || (sums.is_some() && name != SIGNATURE)
        {
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
            begin_text = whole(BEGIN_BYTES, &mut entry)?;
            begin = Some(read_begin(&begin_text)?);
            continue;
        }
        if name == SIGNATURE && sums.is_some() {
            signature = Some(whole(BEGIN_BYTES, &mut entry)?);
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
    let signature = signature.as_deref().and_then(|line| {
        let bytes = data_encoding::HEXLOWER.decode(line.strip_suffix('\n')?.as_bytes());
        <[u8; 64]>::try_from(bytes.ok()?).ok()
    });
    let signature = signature.ok_or_else(|| refused("it is not signed"))?;
    let message = signed_of(begin_text.as_bytes(), sums.unwrap_or_default().as_bytes());
    verify_message(&begin.signer, &message, &signature)
        .map_err(|_| refused("its signature does not fit"))?;
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
    let root: Option<RootKey> = value("root").and_then(|value| value.parse().ok());
    let root = root.ok_or_else(|| refused("it names no identity"))?;
    let certificate = value("certificate")
        .and_then(|hex| data_encoding::HEXLOWER.decode(hex.as_bytes()).ok())
        .and_then(|bytes| Signed::<Statement>::decode(&bytes).ok())
        .and_then(|signed| verify(signed).ok());
    let signer = certificate.and_then(|it| match it.value().claim {
        Claim::Certificate {
            role: Role::Sign | Role::Spare,
            key,
            ..
        } if it.value().root == root => Some(key),
        _ => None,
    });
    Ok(Begin {
        root,
        made: value("made")
            .and_then(|value| value.parse().ok())
            .unwrap_or(0),
        signer: signer.ok_or_else(|| refused("no sign key of its identity is certified in it"))?,
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
    made.map_err(|error| Failure::io(path, error))
}

/// Writes a member durably, readable by its owner only; its sha256.
fn write(path: &Path, input: &mut dyn Read, size: u64) -> Result<String, Failure> {
    let fail = |error: std::io::Error| Failure::io(path, error);
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
    let sound = store.soundness(true)?;
    let root = store
        .meta("root")?
        .and_then(|root| RootKey::from_slice(&root));
    if sound != "ok" || root != Some(begin.root) {
        return Err(refused("its database is damaged"));
    }
    if !store.verify_all()? {
        return Err(refused("its database holds what nobody signed"));
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
        step: crate::node::bundle::batches::Step::default(),
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
    let fail = |error: std::io::Error| Failure::io(folder, error);
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
