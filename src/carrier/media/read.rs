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

use sha2::{Digest, Sha256};

use crate::bundle::limits::{HEAD_BYTES, SIGNATURE_BYTES};
use crate::bundle::sshsig::SshSig;
use crate::bundle::{BundleError, Entry, Head, Kind, Manifest, names, pad, tar};

use super::files::{Files, OpenFile};
use super::keyring::Secret;
use super::medium::{self, Found};
use super::records::Items;
use super::seal::{self, Opened, TOKEN_BYTES};
use super::{MediaError, Small};

/// Bytes that pass at once.
const BUFFER: usize = 256 * 1024;

/// Where a sealed bundle comes from.
pub enum Source<'a> {
    /// What a scan found.
    Found(&'a Found),
    /// A pipe or memory.
    Stream(&'a mut dyn Read),
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

/// A member that lies in staging, durable and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedMember {
    /// The member's name; of a content in several parts, without the part's number.
    pub name: String,
    /// The unit of apply.
    pub unit: u64,
    /// The unit's kind.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Of the whole file.
    pub sha256: [u8; 32],
    /// Of the whole file.
    pub blake3: [u8; 32],
    /// The file.
    pub path: PathBuf,
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
    files: Files,
    folder: PathBuf,
    _lock: Option<File>,
}

impl Staged {
    /// The records of all records members, in order.
    pub fn records(&self) -> Items {
        let records = self.members.iter().filter(|m| m.kind == Kind::Records);
        Items::new(records.map(|member| member.path.clone()).collect())
    }

    /// Empties the staging folder: what was to be kept has been moved away.
    pub fn clear(self) -> Result<(), MediaError> {
        clear(&self.files, &self.folder)
    }
}

/// Reads HEAD and manifest only. Errors as `stage`.
pub fn inspect(source: Source<'_>, secrets: &[Secret]) -> Result<Front, MediaError> {
    read(source, |input, at| Ok(front(input, at, secrets)?.0)).map_err(Failure::whole)
}

/// Reads everything and keeps nothing. Errors as `stage`.
pub fn verify(source: Source<'_>, secrets: &[Secret]) -> Result<Front, MediaError> {
    read(source, |input, at| {
        let (front, mut tar) = front(input, at, secrets)?;
        trust(&front, &mut tar).map_err(MediaError::reading(at))?;
        rest(&front, &mut tar, None, at)?;
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
    (files, folder): (&Files, &Path),
    judge: impl FnOnce(&Front, &[Small]) -> Result<(), E>,
) -> Result<Staged, E> {
    let place = files.path(folder);
    let made = files.ensure_dir(folder).map_err(MediaError::io(&place));
    made?;
    let lock = medium::lock(&place)?;
    clear(files, folder)?;
    let staged = read(source, |input, at| {
        let (front, mut tar) = front(input, at, secrets)?;
        let trust = trust(&front, &mut tar).map_err(MediaError::reading(at))?;
        judge(&front, &trust).map_err(Failure::judged)?;
        let mut sink = Sink {
            files,
            folder,
            members: Vec::new(),
        };
        sink.fits(&front.manifest)?;
        rest(&front, &mut tar, Some(&mut sink), at)?;
        files.sync_dir(folder).map_err(MediaError::io(&place))?;
        Ok((front, trust, sink.members))
    });
    match staged {
        Ok((front, trust, members)) => Ok(Staged {
            front,
            trust,
            members,
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

type Input<'a> = BufReader<Box<dyn Read + 'a>>;

/// Opens the source and runs `body`. If the bytes are refused and `SUMS` knows better, the slice is
/// what is at fault.
fn read<T, E: From<MediaError>>(
    source: Source<'_>,
    body: impl FnOnce(Input<'_>, &Path) -> Result<T, Failure<E>>,
) -> Result<T, Failure<E>> {
    match source {
        Source::Stream(stream) => {
            let input: Box<dyn Read> = Box::new(stream);
            body(
                BufReader::with_capacity(BUFFER, input),
                Path::new("the input"),
            )
        }
        Source::Found(found) => {
            let slices: Box<dyn Read> = Box::new(found.open()?);
            let at = found.slices.first().map(PathBuf::as_path);
            let input = BufReader::with_capacity(BUFFER, slices);
            match body(input, at.unwrap_or(Path::new("the medium"))) {
                Err(failure) if failure.refused => match found.damaged() {
                    Ok(Some(which)) => Err(MediaError::SliceMissing { which }.into()),
                    _ => Err(failure),
                },
                other => other,
            }
        }
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

/// All members behind the trust, into the sink if there is one; then the padding and the end.
fn rest<R: Read>(
    front: &Front,
    tar: &mut tar::Reader<R>,
    mut sink: Option<&mut Sink<'_>>,
    at: &Path,
) -> Result<(), MediaError> {
    let manifest = &front.manifest;
    let listed = manifest.entries.iter().filter(|e| e.kind != Kind::Trust);
    let mut buffer = vec![0; BUFFER];
    let mut whole = Hashes::default();
    let mut file: Option<OpenFile> = None;
    let mut listed = listed.peekable();
    while let Some(entry) = listed.next() {
        step(tar, manifest, entry).map_err(MediaError::reading(at))?;
        if let Some(sink) = &sink
            && file.is_none()
        {
            file = Some(sink.create(entry)?);
        }
        let mut hashes = Hashes::default();
        let several = part(entry).is_some();
        let mut left = entry.size;
        while left > 0 {
            let most = BUFFER.min(usize::try_from(left).unwrap_or(BUFFER));
            let count = tar
                .read(&mut buffer[..most])
                .map_err(|error| MediaError::reading(at)(error.into()))?;
            let bytes = &buffer[..count];
            hashes.update(bytes);
            if several {
                whole.update(bytes);
            }
            if let (Some(file), Some(sink)) = (&mut file, &sink) {
                let written = file.write_all(bytes);
                written.map_err(MediaError::io(&sink.path(entry)))?;
            }
            left -= count as u64;
        }
        let mut found = hashes.finish();
        if found != (entry.sha256, entry.blake3) {
            return Err(MediaError::reading(at)(differs(entry, "another hash")));
        }
        if several {
            if listed.peek().is_some_and(|next| stem(next) == stem(entry)) {
                continue;
            }
            found = std::mem::take(&mut whole).finish();
            if names::parse(&entry.name).and_then(|name| name.content) != Some(found.1) {
                let why = "the parts together have another hash";
                return Err(MediaError::reading(at)(differs(entry, why)));
            }
        }
        if let (Some(file), Some(sink)) = (file.take(), &mut sink) {
            sink.keep(entry, file, found)?;
        }
    }
    ending(front, tar).map_err(MediaError::reading(at))
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

fn part(entry: &Entry) -> Option<u16> {
    names::parse(&entry.name)?.part
}

/// The name without the part's number.
fn stem(entry: &Entry) -> &str {
    match part(entry) {
        Some(_) => &entry.name[..entry.name.len() - ".000".len()],
        None => &entry.name,
    }
}

/// Both hashes of one content.
#[derive(Default)]
struct Hashes {
    sha256: Sha256,
    blake3: blake3::Hasher,
}

impl Hashes {
    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.blake3.update(bytes);
    }

    fn finish(self) -> ([u8; 32], [u8; 32]) {
        (
            self.sha256.finalize().into(),
            *self.blake3.finalize().as_bytes(),
        )
    }
}

/// Where members are staged.
struct Sink<'a> {
    files: &'a Files,
    folder: &'a Path,
    members: Vec<StagedMember>,
}

impl Sink<'_> {
    fn fits(&self, manifest: &Manifest) -> Result<(), MediaError> {
        // A folder's entries and the last blocks of files come on top.
        const MARGIN: u64 = 1024 * 1024;
        let listed = manifest.entries.iter().filter(|e| e.kind != Kind::Trust);
        let need = listed.map(|e| e.size.next_multiple_of(4096)).sum::<u64>() + MARGIN;
        let place = self.files.path(self.folder);
        let have = self.files.free_space().map_err(MediaError::io(&place))?;
        if have < need {
            return Err(MediaError::NoSpace { place, need, have });
        }
        Ok(())
    }

    /// A member's file: its name with `-` for `/`, so that staging is one flat folder.
    fn name(&self, entry: &Entry) -> PathBuf {
        self.folder.join(stem(entry).replace('/', "-"))
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.files.path(self.name(entry))
    }

    fn create(&self, entry: &Entry) -> Result<OpenFile, MediaError> {
        let made = self.files.create(self.name(entry));
        made.map_err(MediaError::io(&self.path(entry)))
    }

    fn keep(
        &mut self,
        entry: &Entry,
        mut file: OpenFile,
        (sha256, blake3): ([u8; 32], [u8; 32]),
    ) -> Result<(), MediaError> {
        let path = self.path(entry);
        file.sync().map_err(MediaError::io(&path))?;
        self.members.push(StagedMember {
            name: stem(entry).to_owned(),
            unit: entry.unit,
            kind: entry.kind,
            size: file.len(),
            sha256,
            blake3,
            path,
        });
        Ok(())
    }
}

/// Empties a folder and leaves it, because its lock lies on it.
fn clear(files: &Files, folder: &Path) -> Result<(), MediaError> {
    let at = files.path(folder);
    let emptied = || -> std::io::Result<()> {
        for entry in std::fs::read_dir(&at)? {
            files.remove_all(folder.join(entry?.file_name()))?;
        }
        Ok(())
    };
    emptied().map_err(MediaError::io(&at))
}
