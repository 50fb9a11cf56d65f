//! Sealed bundle -> verified files in staging. One order, shared by `inspect`, `verify` and `stage`:
//!
//! age header -> HEAD -> its signature -> does HEAD name me -> manifest against HEAD -> `01-MANIFEST.sha256`
//! -> trust members -> the caller's judgement -> free space -> every other member, hashed against the
//! manifest while it is written, fsync -> padding -> the archive's end *and* the age stream's end.
//!
//! age releases authentic bytes before it can know of a truncation, so nothing is `Staged` before
//! that end was seen. On any error the staging folder is emptied. Staging always starts clean: what an
//! earlier run left is removed, the medium is read again.
//!
//! `Staged` holds the staging folder's lock: until it is dropped nobody else stages there, and what is
//! applied is the staged copy, whatever happens to the medium meanwhile.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;

use sha2::{Digest, Sha256};

use crate::bundle::limits::{HEAD_BYTES, SIGNATURE_BYTES};
use crate::bundle::sshsig::SshSig;
use crate::bundle::{BundleError, Entry, Head, Kind, Manifest, names, pad, tar};

use super::files::Files;
use super::keyring::Secret;
use super::medium::{self, Found};
use super::pipe::pipe;
use super::records::Items;
use super::seal::{self, Opened, TOKEN_BYTES};
pub use super::staging::StagedMember;
use super::staging::{Hashes, Sink, clear, part, stem};
use super::{MediaError, Small};

/// Bytes that pass at once.
const BUFFER: usize = 256 * 1024;
/// Bytes of a bundle that no key opens and that is still compared with its `SUMS`, to name the slice at fault. Beyond it
/// nobody spends hours on what may be for nobody.
const UNOPENED: u64 = 16 << 20;

/// Where a sealed bundle comes from.
pub enum Source<'a> {
    /// What a scan found.
    Found(&'a Found),
    /// A pipe or memory.
    Stream(&'a mut (dyn Read + Send)),
}

/// What a recipient sees before anything is unpacked: signed by `signer`, and addressed to me.
#[derive(Debug, Clone)]
pub struct Front {
    /// HEAD.
    pub head: Head,
    /// sha256 of HEAD.
    pub head_sha256: [u8; 32],
    /// The Ed25519 key whose signature over HEAD is valid. Whether that key may sign is for the
    /// caller to judge: it must be the certificate's key, or a pinned one.
    pub signer: [u8; 32],
    /// The manifest that HEAD names.
    pub manifest: Manifest,
    /// My place among HEAD's recipients.
    pub recipient: usize,
    /// My token: revealed in a receipt once the bundle is taken in.
    pub token: [u8; TOKEN_BYTES],
}

/// A whole bundle, verified from its first byte to its last.
#[derive(Debug)]
pub struct Staged {
    /// What was judged.
    pub front: Front,
    /// The members of `trust/`.
    pub trust: Vec<Small>,
    /// All others, in order; parts put together.
    pub members: Vec<StagedMember>,
    /// With salvage: what is not among them, and why.
    pub skipped: Option<Skipped>,
    files: Files,
    folder: PathBuf,
    _lock: Option<File>,
}

/// What salvage left behind.
#[derive(Debug)]
pub struct Skipped {
    /// What is wrong with the bundle from there on.
    pub why: MediaError,
    /// Names of the members that were not staged.
    pub members: Vec<String>,
}

impl Staged {
    /// The records of all records members, in order.
    pub fn records(&self) -> Items {
        let records = self.members.iter().filter(|m| m.kind == Kind::Records);
        let records = records.map(|member| (member.path.clone(), member.raw));
        Items::new(records.collect())
    }

    /// Empties the staging folder: what was to be kept has been moved away.
    pub fn clear(self) -> Result<(), MediaError> {
        clear(&self.files, &self.folder)
    }
}

/// Reads HEAD and manifest only. Errors as `stage`.
pub fn inspect(source: Source<'_>, secrets: &[Secret]) -> Result<Front, MediaError> {
    read(
        source,
        secrets,
        |input, at| Ok(front(input, at, secrets)?.0),
    )
    .map_err(Failure::whole)
}

/// Reads everything and keeps nothing. Errors as `stage`.
pub fn verify(source: Source<'_>, secrets: &[Secret]) -> Result<Front, MediaError> {
    read(source, secrets, |input, at| {
        let (front, mut tar) = front(input, at, secrets)?;
        trust(&front, &mut tar).map_err(MediaError::reading(at))?;
        rest(&front, tar, None, at).map_err(Broken::error)?;
        Ok(front)
    })
    .map_err(Failure::whole)
}

/// Stages a bundle in the folder `folder` (made if missing) of the layer `files`; whatever is in it is
/// removed first.
///
/// `judge` sees HEAD, signer, manifest and trust members before anything else is read, and refuses
/// with an error of its own.
///
/// Errors: `NothingForMe`, `SliceMissing`, `Refused`, `NewerOkibi`, `NoSpace`, `Busy`, `Io`, or what `judge`
/// says; nothing stays in staging then.
pub fn stage<E: From<MediaError>>(
    source: Source<'_>,
    secrets: &[Secret],
    place: (&Files, &Path),
    judge: impl FnOnce(&Front, &[Small]) -> Result<(), E>,
) -> Result<Staged, E> {
    stage_what_is_there(source, secrets, place, false, judge)
}

/// The same; with `salvage` a bundle that is damaged behind its trust gives up the whole units that stand before
/// the damage, and `Staged::skipped` says what is missing.
pub fn stage_what_is_there<E: From<MediaError>>(
    source: Source<'_>,
    secrets: &[Secret],
    (files, folder): (&Files, &Path),
    salvage: bool,
    judge: impl FnOnce(&Front, &[Small]) -> Result<(), E>,
) -> Result<Staged, E> {
    let place = files.path(folder);
    let made = files.ensure_dir(folder).map_err(MediaError::io(&place));
    made?;
    let lock = medium::lock(&place)?;
    clear(files, folder)?;
    let staged = read(source, secrets, |input, at| {
        let (front, mut tar) = front(input, at, secrets)?;
        let trust = trust(&front, &mut tar).map_err(MediaError::reading(at))?;
        judge(&front, &trust).map_err(Failure::judged)?;
        let mut sink = Sink {
            files,
            folder,
            members: Vec::new(),
        };
        sink.fits(&front.manifest)?;
        let skipped = match rest(&front, tar, Some(&mut sink), at) {
            Ok(()) => None,
            Err(Broken::Source { why, unit }) if salvage => {
                sink.drop_from(unit, &front.manifest)?;
                Some(skipped(&front, why, unit))
            }
            Err(broken) => return Err(broken.error().into()),
        };
        files.sync_dir(folder).map_err(MediaError::io(&place))?;
        Ok((front, trust, sink.members, skipped))
    });
    match staged {
        Ok((front, trust, members, skipped)) => Ok(Staged {
            front,
            trust,
            members,
            skipped,
            files: files.clone(),
            folder: folder.to_owned(),
            _lock: lock,
        }),
        Err(error) => {
            // What cannot be removed now is removed by the next run.
            let _ = clear(files, folder);
            Err(error.whole())
        }
    }
}

fn skipped(front: &Front, why: MediaError, unit: u64) -> Skipped {
    let entries = front.manifest.entries.iter();
    let members = entries.filter(|entry| entry.kind != Kind::Trust && entry.unit >= unit);
    Skipped {
        why,
        members: members.map(|entry| entry.name.clone()).collect(),
    }
}

/// Why `rest` stopped: the bundle itself, from a unit on, or the place where it is staged.
enum Broken {
    Source { why: MediaError, unit: u64 },
    Place(MediaError),
}

impl Broken {
    fn error(self) -> MediaError {
        match self {
            Self::Source { why, .. } | Self::Place(why) => why,
        }
    }
}

/// An error on its way out of `read`, and whether it speaks of the bytes: then `SUMS` is asked.
struct Failure<E> {
    error: E,
    refused: bool,
}

impl<E: From<MediaError>> From<MediaError> for Failure<E> {
    fn from(error: MediaError) -> Self {
        let refused = matches!(error, MediaError::Refused(_));
        let error = error.into();
        Self { error, refused }
    }
}

impl<E> Failure<E> {
    /// The caller's own refusal: the bytes were fine.
    fn judged(error: E) -> Self {
        let refused = false;
        Self { error, refused }
    }

    fn whole(self) -> E {
        self.error
    }
}

type Input<'a> = BufReader<Box<dyn Read + Send + 'a>>;

/// Opens the source and runs `body`. If the bytes are refused and `SUMS` knows better, the slice is
/// what is at fault.
fn read<T, E: From<MediaError>>(
    source: Source<'_>,
    secrets: &[Secret],
    body: impl FnOnce(Input<'_>, &Path) -> Result<T, Failure<E>>,
) -> Result<T, Failure<E>> {
    match source {
        Source::Stream(stream) => {
            let input: Box<dyn Read + Send> = Box::new(stream);
            body(
                BufReader::with_capacity(BUFFER, input),
                Path::new("the input"),
            )
        }
        Source::Found(found) => {
            let slices: Box<dyn Read + Send> = Box::new(found.open()?);
            let at = found.slices.first().map(PathBuf::as_path);
            let input = BufReader::with_capacity(BUFFER, slices);
            match body(input, at.unwrap_or(Path::new("the medium"))) {
                Err(failure) if failure.refused => match at_fault(found, secrets) {
                    Some(which) => Err(MediaError::SliceMissing { which }.into()),
                    None => Err(failure),
                },
                other => other,
            }
        }
    }
}

/// Which slice is not what `SUMS` says. What no key of mine opens is not read through.
fn at_fault(found: &Found, secrets: &[Secret]) -> Option<String> {
    found.sums.as_ref()?;
    let opened = opens(found, secrets);
    if matches!(opened, Opens::Never) {
        let handle = found.handle.as_deref().unwrap_or_default();
        let name = found.slices.first()?.file_name()?.to_string_lossy();
        return Some(format!("{handle}/{name}"));
    }
    let (bytes, holes) = found.weight();
    let affordable = matches!(opened, Opens::Mine) || holes || bytes <= UNOPENED;
    affordable.then(|| found.damaged().ok().flatten()).flatten()
}

/// Whom an age header is for, as far as one can tell from its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// A key of mine opens it.
    Mine,
    /// It is an age header, and no key of mine opens it.
    Others,
    /// It begins as an age file does, and its header is damaged, or is not all here.
    Damaged,
    /// It does not even begin as one.
    Never,
}

/// Looks at the age header of a bundle whose first slices are here; the others may be missing.
pub fn opens(found: &Found, secrets: &[Secret]) -> Opens {
    let Some(front) = found.prefix() else {
        return Opens::Damaged;
    };
    let Ok(slices) = front.open() else {
        return Opens::Damaged;
    };
    let mut input = BufReader::with_capacity(seal::HEADER_BUFFER, slices);
    match input.fill_buf() {
        Ok(bytes) if !seal::begins(bytes) => return Opens::Never,
        Ok(_) => {}
        Err(_) => return Opens::Damaged,
    }
    match seal::open(input, secrets) {
        Ok(_) => Opens::Mine,
        Err(MediaError::NothingForMe) => Opens::Others,
        Err(_) => Opens::Damaged,
    }
}

type Tar<R> = tar::Reader<Opened<R>>;

/// From the age header to `01-MANIFEST.sha256`.
fn front<R: BufRead>(
    input: R,
    at: &Path,
    secrets: &[Secret],
) -> Result<(Front, Tar<R>), MediaError> {
    let mut tar = tar::Reader::new(seal::open(input, secrets)?);
    let head_bytes = named(&mut tar, names::HEAD, HEAD_BYTES).map_err(MediaError::reading(at))?;
    let head = Head::decode(&head_bytes).map_err(MediaError::reading(at))?;
    let signer = signature(&mut tar, &head_bytes).map_err(MediaError::reading(at))?;
    let refused = |why: &str| MediaError::Refused(why.to_owned());
    let mine = secrets.iter().find_map(|secret| {
        let place = head.recipient(&secret.name())?;
        Some((place, secret))
    });
    let (recipient, secret) = mine.ok_or_else(|| refused("HEAD does not name this node"))?;
    let token = seal::open_token(&head.recipients[recipient].sealed, secret)
        .ok_or_else(|| refused("the token in HEAD does not open"))?;
    let manifest = manifest(&mut tar, &head).map_err(MediaError::reading(at))?;
    let front = Front {
        head_sha256: Sha256::digest(&head_bytes).into(),
        head,
        signer,
        manifest,
        recipient,
        token,
    };
    Ok((front, tar))
}

/// Reads a whole member that must be the next one.
fn named<R: Read>(
    tar: &mut tar::Reader<R>,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, BundleError> {
    match tar.next()? {
        Some(member) if member.name == name => tar.whole(limit),
        _ => Err(BundleError::MemberMissing {
            name: name.to_owned(),
        }),
    }
}

fn signature<R: Read>(tar: &mut tar::Reader<R>, head: &[u8]) -> Result<[u8; 32], BundleError> {
    let signature = SshSig::decode(&named(tar, names::SIGNATURE, SIGNATURE_BYTES)?)?;
    signature.verify(head)?;
    Ok(signature.key)
}

fn manifest<R: Read>(tar: &mut tar::Reader<R>, head: &Head) -> Result<Manifest, BundleError> {
    let bytes = named(tar, names::MANIFEST, head.manifest_size)?;
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    if bytes.len() as u64 != head.manifest_size || sha256 != head.manifest_sha256 {
        return Err(BundleError::Manifest("not the one that HEAD names"));
    }
    let manifest = Manifest::decode(&bytes)?;
    let sums = manifest.sums();
    if named(tar, names::SUMS, sums.len() as u64)? != sums {
        return Err(BundleError::MemberDiffers {
            name: names::SUMS.to_owned(),
            why: "not what follows from the manifest",
        });
    }
    manifest.placed(tar::padded(tar.position()))?;
    Ok(manifest)
}

/// Steps to the member that `entry` lists; a missing and an extra one are told apart.
fn step<R: Read>(
    tar: &mut tar::Reader<R>,
    manifest: &Manifest,
    entry: &Entry,
) -> Result<(), BundleError> {
    let missing = || BundleError::MemberMissing {
        name: entry.name.clone(),
    };
    let member = tar.next()?.ok_or_else(missing)?;
    if member.name != entry.name {
        let known = |name: &str| manifest.entries.iter().any(|entry| entry.name == name);
        return Err(if member.name == names::PAD || known(&member.name) {
            missing()
        } else {
            BundleError::MemberExtra { name: member.name }
        });
    }
    if (member.size, member.offset) != (entry.size, entry.offset) {
        return Err(differs(entry, "another size"));
    }
    Ok(())
}

fn differs(entry: &Entry, why: &'static str) -> BundleError {
    BundleError::MemberDiffers {
        name: entry.name.clone(),
        why,
    }
}

/// The trust members, which come first, in memory.
fn trust<R: Read>(front: &Front, tar: &mut tar::Reader<R>) -> Result<Vec<Small>, BundleError> {
    let mut found = Vec::new();
    for entry in &front.manifest.entries {
        if entry.kind != Kind::Trust {
            break;
        }
        step(tar, &front.manifest, entry)?;
        let bytes = tar.whole(entry.size)?;
        let mut hashes = Hashes::default();
        hashes.update(&bytes);
        if hashes.finish() != (entry.sha256, entry.blake3) {
            return Err(differs(entry, "another hash"));
        }
        found.push(Small {
            name: entry.name.clone(),
            bytes,
        });
    }
    Ok(found)
}

/// Bytes of a bundle from which on it is worth a second thread.
const THREADED: u64 = 4 << 20;

/// All members behind the trust, into the sink if there is one; then the padding and the end. What is large is
/// decrypted on a thread of its own.
fn rest<R: Read + Send>(
    front: &Front,
    tar: Tar<R>,
    sink: Option<&mut Sink<'_>>,
    at: &Path,
) -> Result<(), Broken> {
    let bytes: u64 = front.manifest.entries.iter().map(|entry| entry.size).sum();
    if bytes < THREADED {
        return members(front, tar, sink, at);
    }
    thread::scope(|scope| {
        let tar = tar.over(|mut opened| {
            let (writer, reader) = pipe();
            scope.spawn(move || writer.carry(&mut opened));
            reader
        });
        members(front, tar, sink, at)
    })
}

fn members<R: Read>(
    front: &Front,
    mut tar: tar::Reader<R>,
    mut sink: Option<&mut Sink<'_>>,
    at: &Path,
) -> Result<(), Broken> {
    let tar = &mut tar;
    let manifest = &front.manifest;
    let listed = manifest.entries.iter().filter(|e| e.kind != Kind::Trust);
    let mut listed = listed.peekable();
    while let Some(first) = listed.next() {
        let broken = |error: BundleError| Broken::Source {
            why: MediaError::reading(at)(error),
            unit: first.unit,
        };
        let mut file = match &sink {
            Some(sink) => Some(sink.create(first).map_err(Broken::Place)?),
            None => None,
        };
        let (mut entry, mut whole) = (first, Hashes::default());
        let several = part(first).is_some();
        let found = loop {
            step(tar, manifest, entry).map_err(broken)?;
            let mut hashes = Hashes::default();
            pass(tar, entry.size, |bytes| {
                hashes.update(bytes);
                if several {
                    whole.update(bytes);
                }
                match (&mut file, &sink) {
                    (Some(file), Some(sink)) => {
                        let written = file.write_all(bytes);
                        written.map_err(MediaError::io(&sink.path(first)))
                    }
                    _ => Ok(()),
                }
            })
            .map_err(|error| match error {
                Passing::In(error) => broken(error),
                Passing::Out(error) => Broken::Place(error),
            })?;
            let found = hashes.finish();
            if found != (entry.sha256, entry.blake3) {
                return Err(broken(differs(entry, "another hash")));
            }
            match listed.next_if(|next| several && stem(next) == stem(first)) {
                Some(next) => entry = next,
                None => break found,
            }
        };
        let found = if several { whole.finish() } else { found };
        if several && names::parse(&first.name).and_then(|name| name.content) != Some(found.1) {
            let why = "the parts together have another hash";
            return Err(broken(differs(entry, why)));
        }
        if let (Some(file), Some(sink)) = (file.take(), &mut sink) {
            sink.keep(first, file, found).map_err(Broken::Place)?;
        }
    }
    ending(front, tar).map_err(|error| Broken::Source {
        why: MediaError::reading(at)(error),
        // Every unit is whole.
        unit: u64::MAX,
    })
}

/// Which side of `pass` failed.
enum Passing {
    In(BundleError),
    Out(MediaError),
}

/// Hands exactly `size` bytes on, piece by piece.
fn pass(
    input: &mut impl Read,
    size: u64,
    mut each: impl FnMut(&[u8]) -> Result<(), MediaError>,
) -> Result<(), Passing> {
    let mut buffer = vec![0; BUFFER.min(usize::try_from(size).unwrap_or(BUFFER))];
    let mut left = size;
    while left > 0 {
        let most = buffer.len().min(usize::try_from(left).unwrap_or(BUFFER));
        let count = input
            .read(&mut buffer[..most])
            .map_err(|error| Passing::In(error.into()))?;
        each(&buffer[..count]).map_err(Passing::Out)?;
        left -= count as u64;
    }
    Ok(())
}

/// The padding, which follows from the manifest, and the end.
fn ending<R: Read>(front: &Front, tar: &mut tar::Reader<R>) -> Result<(), BundleError> {
    let end = tar::padded(tar.position());
    let pad = tar.next()?.ok_or_else(|| BundleError::MemberMissing {
        name: names::PAD.to_owned(),
    })?;
    let listed = |name: &str| front.manifest.entries.iter().any(|e| e.name == name);
    if pad.name != names::PAD {
        return Err(if listed(&pad.name) {
            BundleError::Archive("a member stands twice")
        } else {
            BundleError::MemberExtra { name: pad.name }
        });
    }
    let bad = |why| BundleError::MemberDiffers {
        name: names::PAD.to_owned(),
        why,
    };
    if pad.size != pad::zeros(end) {
        return Err(bad("not up to the size bucket"));
    }
    let mut buffer = [0; 4096];
    loop {
        match tar.read(&mut buffer)? {
            0 => break,
            count if buffer[..count].iter().all(|&byte| byte == 0) => {}
            _ => return Err(bad("not zero")),
        }
    }
    match tar.next()? {
        None => Ok(()),
        Some(extra) => Err(BundleError::MemberExtra { name: extra.name }),
    }
}
