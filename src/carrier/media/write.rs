//! Plan -> sealed bundle, in one pass after the records were spooled; memory stays bounded by the
//! small members and a few buffers.
//!
//! Order: spool the records (compressed, hashed) -> compose manifest, HEAD and signature -> check free
//! space -> stream tar through age into the slice -> fsync -> read back -> `SUMS`. A bundle on a medium
//! exists from `SUMS` on; whatever happens before leaves no bundle there, and what was begun is
//! removed if the process still can. A file (`-o FILE`) gets its name last; a pipe has no commit, its
//! reader sees a truncated age stream.
//!
//! Contents are read from the paths given and hashed again while they pass: a file that is no longer
//! what it was fails the write as `Changed`.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::bundle::names;
use crate::bundle::{Composed, FORMAT, Head, READER, Recipient, compose, head, tar};
use crate::identity::Signer;

use super::files::{Files, OpenFile};
use super::filesystem::Filesystem;
use super::keyring::Addressee;
use super::medium::{self, Medium};
use super::parity;
use super::pipe::{self, pipe};
use super::plan;
pub use super::plan::{Content, Plan};
use super::read_back::ReadBack;
use super::records::{self, Spooled};
use super::seal::{self, TOKEN_BYTES};
use super::slices::{self, Media};
use super::{MediaError, Small};

/// Bytes that pass at once.
const BUFFER: usize = 256 * 1024;

/// Bytes of a bundle from which on it is worth a second thread.
const THREADED: u64 = 4 << 20;

/// Where the bundle goes.
pub enum Destination<'a> {
    /// Onto a medium, as a new folder.
    Medium(&'a Medium),
    /// Over several media, or with a layout of one's own.
    Media(Media<'a>),
    /// Into one age file, which replaces what has that name.
    File { files: &'a Files, path: &'a Path },
    /// The same, with so many percent of parity in `FILE.par`.
    FileParity {
        files: &'a Files,
        path: &'a Path,
        parity: u8,
    },
    /// Into a pipe or a tape.
    Stream(&'a mut (dyn Write + Send)),
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The bundle's id.
    pub bundle: [u8; 32],
    /// Its folder on the medium.
    pub handle: Option<String>,
    /// sha256 of HEAD: the next bundle's `previous`.
    pub head_sha256: [u8; 32],
    /// Bytes of the tar, a size bucket.
    pub tar_bytes: u64,
    /// Bytes of it before it was padded.
    pub used_bytes: u64,
    /// Bytes of the age stream.
    pub sealed_bytes: u64,
    /// Members listed in the manifest.
    pub members: usize,
    /// What was written was asked for and came back.
    pub read_back: bool,
    /// It came back from the medium itself, not from this machine's memory of it.
    pub reread: bool,
    /// Slices, and media that they lie on; 0 for a pipe.
    pub slices: u16,
    pub media: u16,
    /// Bytes of parity beside the stream.
    pub parity_bytes: u64,
}

/// Writes a bundle.
///
/// `scratch` is a layer on this machine's disk and `spool` a folder below it that belongs to this call
/// alone: it is emptied, used and removed. `recipients` are 1 to 128, or one passphrase. `random` fills
/// bytes from a cryptographic generator: the bundle's id, its handle, the tokens (age draws its own).
///
/// Errors: `Plan` for what no reader would take; `NoSpace`, `Changed`, `ReadBack`, `Io`.
pub fn write_bundle<R, E>(
    (scratch, spool): (&Files, &Path),
    destination: Destination<'_>,
    plan: Plan<R>,
    signer: &dyn Signer,
    recipients: &[Addressee],
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<Written, MediaError>
where
    R: Iterator<Item = Result<Vec<u8>, E>>,
    E: Into<MediaError>,
{
    let at = scratch.path(spool);
    scratch
        .remove_all(spool)
        .and_then(|()| scratch.mkdir(spool))
        .map_err(MediaError::io(&at))?;
    let written = Draft::new(scratch, spool, plan, signer, recipients, random)
        .and_then(|draft| draft.deliver(destination, recipients, random));
    // What stays in the spool after a failure here is removed by the next call.
    let _ = scratch.remove_all(spool);
    written
}

/// Everything but the destination.
struct Draft<'a> {
    scratch: &'a Files,
    composed: Composed,
    small: Vec<Small>,
    records: Vec<Spooled>,
    contents: Vec<Content>,
    tokens: Vec<[u8; TOKEN_BYTES]>,
}

impl<'a> Draft<'a> {
    fn new<R, E>(
        scratch: &'a Files,
        spool: &Path,
        plan: Plan<R>,
        signer: &dyn Signer,
        recipients: &[Addressee],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, MediaError>
    where
        R: Iterator<Item = Result<Vec<u8>, E>>,
        E: Into<MediaError>,
    {
        let records = records::spool(scratch, spool, plan.records)?;
        let mut small = plan.trust;
        small.extend(plan.acks);
        let manifest = plan::manifest(&small, &records, &plan.contents, plan.part_bytes)?;
        let mut bundle = [0; 32];
        random(&mut bundle);
        let mut tokens = Vec::new();
        let mut sealed = Vec::new();
        for to in recipients {
            let mut token = [0; TOKEN_BYTES];
            random(&mut token);
            tokens.push(token);
            sealed.push(Recipient {
                hint: head::hint(&bundle, &to.name()),
                sealed: seal::seal_token(&token, to)?,
            });
        }
        let head = Head {
            format: FORMAT,
            reader: READER,
            bundle,
            circle: plan.circle,
            certificate: plan.certificate,
            sequence: plan.sequence,
            previous: plan.previous,
            standalone: plan.standalone,
            recipients: sealed,
            manifest_sha256: [0; 32],
            manifest_size: 0,
        };
        let composed =
            compose(head, manifest, signer).map_err(|e| MediaError::Plan(e.to_string()))?;
        Ok(Self {
            scratch,
            composed,
            small,
            records,
            contents: plan.contents,
            tokens,
        })
    }

    fn deliver(
        self,
        destination: Destination<'_>,
        recipients: &[Addressee],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Written, MediaError> {
        let mut written = Written {
            bundle: self.composed.head.bundle,
            handle: None,
            head_sha256: self.composed.head_sha256(),
            tar_bytes: self.composed.total,
            used_bytes: self.composed.total - self.composed.zeros,
            sealed_bytes: 0,
            members: self.composed.manifest.entries.len(),
            read_back: false,
            reread: false,
            slices: 0,
            media: 0,
            parity_bytes: 0,
        };
        match destination {
            Destination::Medium(medium) => {
                let (handle, hashes, need) = self.announce(recipients, random);
                let slices = slices::Writer::onto(medium, handle.clone(), hashes, need);
                self.onto_media(slices, handle, recipients, &mut written)?;
            }
            Destination::Media(mut media) => {
                let (handle, hashes, need) = self.announce(recipients, random);
                if let Some(begun) = media.begun.take() {
                    begun(&handle)?;
                }
                let slices = slices::Writer::over(media, handle.clone(), hashes, need);
                self.onto_media(slices, handle, recipients, &mut written)?;
            }
            Destination::File { files, path } => {
                self.put_file((files, path, 0), recipients, &mut written)?;
            }
            Destination::FileParity {
                files,
                path,
                parity,
            } => self.put_file((files, path, parity), recipients, &mut written)?,
            Destination::Stream(out) => {
                let at = Path::new("the output");
                // Buffered: age puts what the system says of its header's write into words, the kind is lost.
                let out = BufWriter::with_capacity(BUFFER, Hashing::new(out));
                let mut out = self.stream(out, at, recipients)?;
                out.flush().map_err(MediaError::io(at))?;
                written.sealed_bytes = out.get_ref().size;
            }
        }
        Ok(written)
    }

    /// A handle, what `SUMS` says of the tokens, and the most bytes that the stream may have.
    fn announce(
        &self,
        recipients: &[Addressee],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> (String, Vec<[u8; 32]>, u64) {
        let mut handle = [0; 8];
        random(&mut handle);
        let hashes = self.tokens.iter().map(medium::token_hash).collect();
        let need = seal::sealed_size(self.composed.total, recipients);
        (HEXLOWER.encode(&handle), hashes, need)
    }

    fn onto_media(
        &self,
        mut slices: slices::Writer<'_>,
        handle: String,
        recipients: &[Addressee],
        written: &mut Written,
    ) -> Result<(), MediaError> {
        slices.check()?;
        let at = Path::new("the medium");
        let out = BufWriter::with_capacity(BUFFER, &mut slices);
        let streamed = self.stream(out, at, recipients).and_then(|out| {
            out.into_inner()
                .map_err(|e| MediaError::io(at)(e.into_error()))
                .map(drop)
        });
        // What the medium said stands behind what the stream made of it.
        let done = match (slices.failure.take(), streamed) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(())) => slices.finish(),
        };
        if done.is_err() {
            slices.undo();
        }
        let laid = done?;
        written.handle = Some(handle);
        written.sealed_bytes = laid.bytes;
        written.parity_bytes = laid.parity;
        (written.slices, written.media) = (laid.slices, laid.media);
        (written.read_back, written.reread) = (true, laid.rereads);
        Ok(())
    }

    fn put_file(
        &self,
        (files, path, percent): (&Files, &Path, u8),
        recipients: &[Addressee],
        written: &mut Written,
    ) -> Result<(), MediaError> {
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let (partial, parity) = (beside(".partial"), beside(".par"));
        let partial_parity = beside(".par.partial");
        let at = files.path(path);
        self.fits(files, percent, recipients)?;
        let cleared = files
            .remove_all(&partial)
            .and_then(|()| files.remove_all(&partial_parity));
        cleared.map_err(MediaError::io(&at))?;
        let done = self
            .slice_file(files, &partial, recipients)
            .and_then(|size| {
                let data = (0, vec![files.path(&partial)], &[size][..]);
                let name = |_| partial_parity.clone();
                let made = parity::write_files(files, data, &name, percent, u64::MAX)?;
                // An older file's parity would only mislead: it goes before the file has its name.
                let named = files.remove_all(&parity).and_then(|()| {
                    if percent > 0 {
                        files.publish(&partial_parity, &parity)?;
                    }
                    files.publish(&partial, path)
                });
                named.map_err(MediaError::io(&at))?;
                Ok((size, made.bytes))
            });
        if done.is_err() {
            let _ = files.remove_all(&partial);
            let _ = files.remove_all(&partial_parity);
        }
        (written.sealed_bytes, written.parity_bytes) = done?;
        (written.slices, written.media) = (1, 1);
        (written.read_back, written.reread) = (true, Filesystem::of(files.root()).rereads);
        Ok(())
    }

    /// Writes, syncs and reads back one age file; its size.
    fn slice_file(
        &self,
        files: &Files,
        path: &Path,
        recipients: &[Addressee],
    ) -> Result<u64, MediaError> {
        let at = files.path(path);
        let file = files.create(path).map_err(MediaError::io(&at))?;
        let read_back = ReadBack::default();
        let out = BufWriter::with_capacity(BUFFER, Checked { file, read_back });
        let out = self.stream(out, &at, recipients)?;
        let out = out
            .into_inner()
            .map_err(|e| MediaError::io(&at)(e.into_error()))?;
        let Checked {
            mut file,
            read_back,
        } = out;
        file.sync().map_err(MediaError::io(&at))?;
        file.forget();
        if read_back.comes_back(&at)? {
            Ok(file.len())
        } else {
            Err(MediaError::ReadBack(at))
        }
    }

    /// Is there room, and may a file be so large?
    fn fits(&self, files: &Files, percent: u8, recipients: &[Addressee]) -> Result<(), MediaError> {
        // The folder's own blocks.
        const MARGIN: u64 = 64 * 1024;
        let place = files.root();
        let sealed = seal::sealed_size(self.composed.total, recipients);
        let parity = parity::size(sealed, 1, percent);
        let need = sealed + parity + MARGIN;
        let have = files.free_space().map_err(MediaError::io(place))?;
        if have < need {
            return Err(MediaError::NoSpace {
                place: place.to_owned(),
                need,
                have,
            });
        }
        if sealed.max(parity) > Filesystem::of(place).file() {
            return Err(MediaError::Plan(format!(
                "the file system of {} holds no file of 4 GiB; without -o the bundle is cut into slices",
                place.display()
            )));
        }
        Ok(())
    }

    /// tar through age; gives the writer back once the age stream has its end. What is small goes straight through;
    /// else contents are read, hashed and encrypted here, and hashed and written on a second thread: the halves take
    /// about as long as each other, and a third thread was measured to cost more in copies than it brings on two cores.
    fn stream<W: Write + Send>(
        &self,
        out: W,
        at: &Path,
        recipients: &[Addressee],
    ) -> Result<W, MediaError> {
        if self.composed.total < THREADED {
            let mut sealer = seal::seal(out, recipients)?;
            self.archive(&mut sealer, at)?;
            return sealer.finish().map_err(MediaError::io(at));
        }
        let (sealed, to_write) = pipe();
        thread::scope(|scope| {
            let writing = scope.spawn(move || {
                let mut out = out;
                to_write.pour(&mut out).map(|()| out)
            });
            // Dropped without its end, the pipe says so: nothing is written as if it were whole.
            let archived = seal::seal(sealed, recipients).and_then(|mut sealer| {
                self.archive(&mut sealer, at)?;
                let ended = sealer.finish().and_then(pipe::Writer::finish);
                ended.map_err(MediaError::io(at))
            });
            // The one that failed first is the one behind; the other only saw its pipe break.
            let written = writing.join().unwrap_or_else(|_| Err(lost_thread()));
            match (archived, written) {
                (Ok(()), Ok(out)) => Ok(out),
                (Err(error), Err(broken)) if broke_off(&broken) => Err(error),
                (_, Err(error)) => Err(MediaError::io(at)(error)),
                (Err(error), Ok(_)) => Err(error),
            }
        })
    }

    /// The whole tar.
    fn archive<W: Write>(&self, out: W, at: &Path) -> Result<(), MediaError> {
        let mut tar = tar::Writer::new(out);
        self.composed
            .write_front(&mut tar)
            .map_err(MediaError::io(at))?;
        let mut entries = self.composed.manifest.entries.iter();
        for (small, entry) in self.small.iter().zip(&mut entries) {
            tar.member(&entry.name, &small.bytes)
                .map_err(MediaError::io(at))?;
        }
        for (spooled, entry) in self.records.iter().zip(&mut entries) {
            let path = self.scratch.path(&spooled.path);
            tar.begin(&entry.name, entry.size)
                .map_err(MediaError::io(at))?;
            let mut file = medium::open_file(&path)?;
            let mut hasher = blake3::Hasher::new();
            pass(&mut file, &path, entry.size, &mut hasher, &mut tar, at)?;
            unchanged(&mut file, &path, &hasher, &spooled.blake3)?;
        }
        for content in &self.contents {
            let mut file = medium::open_file(&content.path)?;
            let mut hasher = blake3::Hasher::new();
            let mut left = content.size;
            loop {
                let Some(entry) = entries.next() else {
                    return Err(MediaError::Plan("a content is not in the manifest".into()));
                };
                tar.begin(&entry.name, entry.size)
                    .map_err(MediaError::io(at))?;
                pass(
                    &mut file,
                    &content.path,
                    entry.size,
                    &mut hasher,
                    &mut tar,
                    at,
                )?;
                left -= entry.size;
                if left == 0 {
                    break;
                }
            }
            unchanged(&mut file, &content.path, &hasher, &content.blake3)?;
        }
        self.close(tar).map_err(MediaError::io(at))
    }

    fn close<W: Write>(&self, mut tar: tar::Writer<W>) -> io::Result<()> {
        tar.begin(names::PAD, self.composed.zeros)?;
        io::copy(&mut io::repeat(0).take(self.composed.zeros), &mut tar)?;
        tar.finish().map(drop)
    }
}

/// A thread that panicked; its own message is on standard error.
fn lost_thread() -> io::Error {
    io::Error::other("a thread was lost")
}

/// Does this only say that another thread stopped first?
fn broke_off(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
        && matches!(
            error.kind(),
            io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof
        )
}

/// Passes exactly `size` bytes of a file on and hashes them.
pub(super) fn pass(
    file: &mut File,
    path: &Path,
    size: u64,
    hasher: &mut blake3::Hasher,
    out: &mut impl Write,
    at: &Path,
) -> Result<(), MediaError> {
    let mut buffer = vec![0; BUFFER];
    let mut left = size;
    while left > 0 {
        let most = BUFFER.min(usize::try_from(left).unwrap_or(BUFFER));
        let count = match file.read(&mut buffer[..most]) {
            Ok(0) => return Err(MediaError::Changed(path.to_owned())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(MediaError::io(path)(error)),
        };
        hasher.update(&buffer[..count]);
        out.write_all(&buffer[..count])
            .map_err(MediaError::io(at))?;
        left -= count as u64;
    }
    Ok(())
}

/// The file has ended and was what it should be.
fn unchanged(
    file: &mut File,
    path: &Path,
    hasher: &blake3::Hasher,
    expected: &[u8; 32],
) -> Result<(), MediaError> {
    let more = file.read(&mut [0]).map_err(MediaError::io(path))?;
    if more == 0 && hasher.finalize().as_bytes() == expected {
        Ok(())
    } else {
        Err(MediaError::Changed(path.to_owned()))
    }
}

/// A file, and what was written to it.
struct Checked {
    file: OpenFile,
    read_back: ReadBack,
}

impl Write for Checked {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.read_back.update(&buffer[..count]);
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Counts and hashes what passes.
pub(super) struct Hashing<W> {
    out: W,
    pub(super) sha256: Sha256,
    size: u64,
}

impl<W> Hashing<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            sha256: Sha256::new(),
            size: 0,
        }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.out.write(buffer)?;
        self.sha256.update(&buffer[..count]);
        self.size += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
