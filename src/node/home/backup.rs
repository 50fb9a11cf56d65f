//! `okibi backup`: the whole home in one age file, made while the home is in use.
//!
//! ```text
//! age( tar: 00-BACKUP, okibi.db, config.toml, keys/..., blobs/ab/<hash>..., 99-SUMS, 99-SUMS.sig )
//! ```
//!
//! The database is a snapshot that SQLite makes (`VACUUM INTO`), the blobs are those that the snapshot names, and
//! nobody removes files meanwhile. `99-SUMS` is what `sha256sum -c` reads. Everything streams; the file gets its name
//! once it is synced and was read back. Stock tools open it: `age -d FILE | tar -xf - ; sha256sum -c 99-SUMS`.
//!
//! age authenticates no sender: whoever knows the recipient can make such a file. So the node's sign key signs the first
//! member and the list, `00-BACKUP` carries that key's certificate, and `restore` says whose the backup is and from when.
//!
//! Who has the file and opens it has this node: its keys (unless they were left out), its chats, its documents.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::carrier::media::keyring::Addressee;
use crate::carrier::media::{medium, seal};
use crate::identity::Signer;
use crate::record::BlobHash;

use crate::node::clock::now;
use crate::node::{Exit, Failure, Handle};

/// First member: what this is.
pub(super) const BEGIN: &str = "00-BACKUP";
/// Last member: sha256 of every other one but the first.
pub(in crate::node) const SUMS: &str = "99-SUMS";
/// Behind it: the sign key's signature over what the first member and the list are, 128 hexadecimal digits and a line end.
pub(super) const SIGNATURE: &str = "99-SUMS.sig";

/// What is signed.
pub(super) fn signed_of(begin: &[u8], sums: &[u8]) -> Vec<u8> {
    let parts = [Sha256::digest(begin), Sha256::digest(sums)];
    [&b"okibi backup v1\n"[..], &parts.concat()].concat()
}

/// The database's name in a home and in a backup.
pub(super) const DATABASE: &str = "okibi.db";
/// The configuration's name in a home and in a backup.
pub(super) const CONFIG: &str = "config.toml";
/// Version of the layout, and least version that reads it.
pub(super) const FORMAT: u32 = 1;

/// Where a backup goes.
pub enum BackupTarget<'a> {
    File(&'a Path),
    Stream(&'a mut dyn Write),
}

/// What a backup holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backup {
    pub keys: usize,
    pub blobs: usize,
    /// Bytes of the encrypted file.
    pub bytes: u64,
    /// Blobs that are not what their name says; they were left out.
    pub damaged: usize,
    /// It was read back from where it was written to.
    pub read_back: bool,
}

impl Handle {
    /// Writes a backup for `to`; `keys`: whether the secret keys go along.
    pub fn backup(
        &mut self,
        target: BackupTarget<'_>,
        to: &[Addressee],
        keys: bool,
    ) -> Result<Backup, Failure> {
        // Nobody removes blobs or staged files until this is dropped.
        let _work = self.store.work()?;
        let files = self.files(self.store.home());
        let folder = self.workplace(&files, "backup")?;
        let snapshot = files.path(&folder).join(DATABASE);
        let road = match &target {
            BackupTarget::File(path) => path.display().to_string(),
            BackupTarget::Stream(_) => "standard output".to_owned(),
        };
        let names: Vec<String> = to.iter().map(Addressee::shown).collect();
        let begun = self.store.audit(
            now(),
            &json!({"what": "backup", "state": "begun", "to": names, "keys": keys, "place": road}),
        )?;
        let done = self
            .store
            .snapshot(&snapshot)
            .map_err(Failure::from)
            .and_then(|()| self.backup_to(target, &snapshot, to, keys));
        // What cannot be removed now goes with the next work here.
        let _ = files.remove_all(&folder);
        let done = done?;
        let line =
            json!({"what": "backup", "state": "done", "finishes": begun, "bytes": done.bytes});
        self.store.audit(now(), &line)?;
        Ok(done)
    }

    fn backup_to(
        &self,
        target: BackupTarget<'_>,
        snapshot: &Path,
        to: &[Addressee],
        keys: bool,
    ) -> Result<Backup, Failure> {
        match target {
            BackupTarget::Stream(out) => {
                let at = Path::new("the output");
                let out = Counting::new(out);
                let (mut report, out) = self.pack(out, at, snapshot, to, keys)?;
                report.bytes = out.size;
                Ok(report)
            }
            BackupTarget::File(path) => {
                let (files, name) = self.beside(path)?;
                let fail = |error: io::Error| Failure::io(path, error);
                let mut partial = name.as_os_str().to_owned();
                partial.push(".partial");
                let partial = PathBuf::from(partial);
                files.remove_all(&partial).map_err(fail)?;
                let written = (|| {
                    let file = files.create(&partial).map_err(fail)?;
                    let (mut report, out) =
                        self.pack(Counting::new(file), path, snapshot, to, keys)?;
                    let Counting {
                        mut out,
                        sha256,
                        size,
                    } = out;
                    out.sync().map_err(fail)?;
                    out.forget();
                    drop(out);
                    let sha256: [u8; 32] = sha256.finalize().into();
                    if medium::hash_file(&files.path(&partial))? != sha256 {
                        let why = path.display();
                        return Err(Failure::new("read-back", Exit::Failed).with("error", why));
                    }
                    files.publish(&partial, name).map_err(fail)?;
                    report.bytes = size;
                    report.read_back = true;
                    Ok(report)
                })();
                if written.is_err() {
                    let _ = files.remove_all(&partial);
                }
                written
            }
        }
    }

    /// The archive itself; gives the writer back once the age stream has its end.
    fn pack<W: Write>(
        &self,
        out: Counting<W>,
        at: &Path,
        snapshot: &Path,
        to: &[Addressee],
        keys: bool,
    ) -> Result<(Backup, Counting<W>), Failure> {
        let fail = |error: io::Error| Failure::io(at, error);
        let sealer = seal::seal(BufWriter::with_capacity(1 << 18, out), to)?;
        let mut pack = Pack {
            tar: tar::Builder::new(sealer),
            sums: String::new(),
        };
        let (signer, certificate) = self.identity().sign_key()?;
        let directory = self.store.directory()?;
        let certificate = directory.of(self.root).find(|it| it.id() == certificate);
        let certificate = certificate.map(|it| HEXLOWER.encode(it.bytes()));
        let (lines, last) = self.store.audit_head()?;
        let head = format!(
            "okibi-backup: {FORMAT}\nreader: {FORMAT}\nroot: {}\nmade: {}\nkeys: {}\naudit: {lines} {}\ncertificate: {}\n",
            self.root,
            now(),
            if keys { "yes" } else { "no" },
            HEXLOWER.encode(&last),
            certificate.unwrap_or_default(),
        );
        pack.bytes(BEGIN, head.as_bytes()).map_err(fail)?;
        pack.sums.clear();
        pack.file(DATABASE, snapshot)?;
        if self.config.file.is_file() {
            pack.file(CONFIG, &self.config.file)?;
        }
        let mut report = Backup::default();
        if keys {
            for path in self.keys.files() {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                pack.file(&format!("keys/{name}"), &path)?;
                report.keys += 1;
            }
        }
        for (hash, sha256) in crate::store::blobs_of(snapshot)? {
            let path = self.store.blob_path(&hash);
            if !sound(&path, &sha256) {
                report.damaged += 1;
                continue;
            }
            pack.file(&blob_name(&hash), &path)?;
            report.blobs += 1;
        }
        let sums = std::mem::take(&mut pack.sums);
        pack.bytes(SUMS, sums.as_bytes()).map_err(fail)?;
        let signature = signer.sign(&signed_of(head.as_bytes(), sums.as_bytes()));
        let signature = format!("{}\n", HEXLOWER.encode(&signature));
        pack.bytes(SIGNATURE, signature.as_bytes()).map_err(fail)?;
        let sealer = pack.tar.into_inner().map_err(fail)?;
        let out = sealer.finish().map_err(fail)?;
        let out = out.into_inner().map_err(|error| fail(error.into_error()))?;
        Ok((report, out))
    }
}

/// A blob's name in a backup: as in the home.
pub(super) fn blob_name(hash: &BlobHash) -> String {
    let name = hash.to_string();
    let begin = name.get(..2).unwrap_or_default().to_owned();
    format!("blobs/{begin}/{name}")
}

/// Whether a blob's file is what the database says.
fn sound(path: &Path, sha256: &[u8; 32]) -> bool {
    medium::hash_file(path).is_ok_and(|found| found == *sha256)
}

struct Pack<W: Write> {
    tar: tar::Builder<W>,
    sums: String,
}

impl<W: Write> Pack<W> {
    fn bytes(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.member(name, bytes.len() as u64, bytes)
    }

    fn file(&mut self, name: &str, path: &Path) -> Result<(), Failure> {
        let fail = |error: io::Error| Failure::io(path, error);
        let file = File::open(path).map_err(fail)?;
        let size = file.metadata().map_err(fail)?.len();
        self.member(name, size, file).map_err(fail)
    }

    /// Exactly `size` bytes; a file that has become shorter is an error, what it has grown by is left out.
    fn member(&mut self, name: &str, size: u64, input: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(0);
        let mut input = Hashing {
            input: input.take(size),
            sha256: Sha256::new(),
            size: 0,
        };
        self.tar.append_data(&mut header, name, &mut input)?;
        if input.size != size {
            return Err(io::Error::other(
                "the file became shorter while it was read",
            ));
        }
        let hash = HEXLOWER.encode(&input.sha256.finalize());
        self.sums.push_str(&format!("{hash}  {name}\n"));
        Ok(())
    }
}

struct Hashing<R> {
    input: R,
    sha256: Sha256,
    size: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.sha256.update(buffer.get(..count).unwrap_or_default());
        self.size += count as u64;
        Ok(count)
    }
}

struct Counting<W> {
    out: W,
    sha256: Sha256,
    size: u64,
}

impl<W> Counting<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            sha256: Sha256::new(),
            size: 0,
        }
    }
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.out.write(buffer)?;
        self.sha256.update(buffer.get(..count).unwrap_or_default());
        self.size += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
