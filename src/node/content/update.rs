//! Releases of okibi that travel with a circle: a document record of a media type of its own, whose `source` is the
//! release key's signature. They are stored and carried as any document; none is shown in the library, and nothing
//! here or elsewhere ever executes one. `extract` writes file and signature out and says how to check them.
//!
//! A valid signature says that file and signature belong together. Whose key it is, a person must know from elsewhere.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha512};

use crate::bundle::sshsig::{self, SshSig};
use crate::record::{BlobRef, ContentKind, Document, RecordId};
use crate::store::{CircleView, Scope};

use crate::node::{Exit, Failure, Handle};

/// The media type of a release.
pub const RELEASE: &str = "application/vnd.okibi.release";
/// What a release key signs for.
pub const NAMESPACE: &str = "okibi-release@v1";
/// Where the key is kept whose releases a person here takes.
const RELEASE_KEY: &str = "release-key";
/// Releases that are named where none can be chosen.
const NAMED: usize = 8;
/// Bytes of a signature's file; ours have about 310.
const SIGNATURE_BYTES: u64 = 4 << 10;

/// A release that a circle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub record: RecordId,
    pub circle: String,
    /// Who shared it.
    pub author: String,
    /// `okibi-VERSION-TARGET...`: the file's name.
    pub name: String,
    pub version: Vec<u64>,
    pub blob: BlobRef,
    /// The signature, armoured.
    pub signature: String,
    /// The key that signed, as its line says it; none: the signature is of another kind.
    pub signer: Option<String>,
    /// That key is the one that a person here confirmed.
    pub confirmed: bool,
    /// Its content is here.
    pub here: bool,
}

/// A release that was written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    pub release: Release,
    pub file: PathBuf,
    pub signature: PathBuf,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// The version in a release's name; none: it is no name of a release, or no safe name of a file.
fn version_of(name: &str) -> Option<Vec<u64>> {
    let safe = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if name.len() > crate::record::limits::NAME_BYTES || !name.chars().all(safe) {
        return None;
    }
    let version = name.strip_prefix("okibi-")?.split('-').next()?;
    let parts: Option<Vec<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
    parts.filter(|parts| parts.len() == 3)
}

/// The version of this program.
fn own_version() -> Vec<u64> {
    let parts = env!("CARGO_PKG_VERSION").split(['.', '-', '+']).take(3);
    parts.filter_map(|part| part.parse().ok()).collect()
}

/// Checks a release's signature over a file; the key's line.
fn signer_of(armour: &str, file: &mut dyn Read) -> Result<String, Failure> {
    let refuse = |why: &dyn std::fmt::Display| {
        Failure::new("release-refused", Exit::Refused).with("error", why)
    };
    let signature =
        SshSig::decode_for(armour.as_bytes(), NAMESPACE).map_err(|error| refuse(&error))?;
    let mut hasher = Sha512::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = file.read(&mut buffer).map_err(|error| refuse(&error))?;
        if count == 0 {
            break;
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
    }
    signature
        .verify_digest(NAMESPACE, &hasher.finalize().into())
        .map_err(|error| refuse(&error))?;
    Ok(sshsig::public_line(&signature.key))
}

impl Handle {
    /// The releases that this node's circles hold, the newest first.
    pub fn releases(&self) -> Result<Vec<Release>, Failure> {
        let mut found = Vec::new();
        let pinned = self.release_key()?;
        for circle in self.store.circles()? {
            let scope = Scope::Circle(circle.id);
            for (record, shared) in &self.store.shelf(&circle.id)?.contents {
                let Some(content) = shared.content.as_document() else {
                    continue;
                };
                let Some(version) = version_of(&content.title) else {
                    continue;
                };
                if content.media_type != RELEASE {
                    continue;
                }
                let signature = SshSig::decode_for(content.source.as_bytes(), NAMESPACE);
                let signer = signature.ok().map(|it| sshsig::public_line(&it.key));
                found.push(Release {
                    record: *record,
                    circle: circle.state.name.clone(),
                    author: self.name_of(&circle, &shared.author),
                    name: content.title.clone(),
                    version,
                    blob: content.blob,
                    signature: content.source.clone(),
                    confirmed: pinned.is_some() && signer == pinned,
                    signer,
                    here: self.store.blob_in(scope, &content.blob.blake3)?.is_some(),
                });
            }
        }
        found.sort_by(|a, b| (&b.version, &a.name).cmp(&(&a.version, &b.name)));
        Ok(found)
    }

    /// The key whose releases a person here takes, as its line says it.
    pub fn release_key(&self) -> Result<Option<String>, Failure> {
        let key = self.store.meta(RELEASE_KEY)?;
        Ok(key.map(|key| String::from_utf8_lossy(&key).into_owned()))
    }

    /// A person confirms a release key: its line, as `ssh-keygen` writes it.
    pub fn confirm_release_key(&mut self, line: &str) -> Result<(), Failure> {
        let mut words = line.split_whitespace();
        let (Some(kind @ "ssh-ed25519"), Some(key)) = (words.next(), words.next()) else {
            return Err(Failure::new("release-key-bad", Exit::Usage));
        };
        let key = format!("{kind} {key}");
        self.store.set_meta(RELEASE_KEY, key.as_bytes())?;
        Ok(())
    }

    /// Shares a release file with its signature in a circle.
    pub fn share_release(
        &mut self,
        circle: &CircleView,
        path: &Path,
        signature: &Path,
    ) -> Result<RecordId, Failure> {
        self.may_write(circle)?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if version_of(&name).is_none() {
            return Err(Failure::new("release-name", Exit::Usage).with("name", name));
        }
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |error: std::io::Error| Failure::io(&path, error)
        };
        let mut armour = String::new();
        let file = File::open(signature).map_err(fail(signature))?;
        file.take(SIGNATURE_BYTES)
            .read_to_string(&mut armour)
            .map_err(fail(signature))?;
        let key = signer_of(&armour, &mut File::open(path).map_err(fail(path))?)?;
        // Who shares a release has looked whose it is.
        if self.release_key()?.is_none() {
            self.confirm_release_key(&key)?;
        }
        let _work = self.store.work()?;
        let blob = self.store.add_blob(path)?;
        // What was added is what was checked: the file may have changed in between.
        let added = self.store.blob_path(&blob.blake3);
        signer_of(&armour, &mut File::open(&added).map_err(fail(&added))?)?;
        let shelf = self.store.shelf(&circle.id)?;
        if let Some(id) = shelf.find(ContentKind::Document, &blob) {
            return Err(Failure::new("already-shared", Exit::Failed)
                .with("name", name)
                .with("id", id.short()));
        }
        let content = Document {
            title: name,
            media_type: RELEASE.to_owned(),
            language: String::new(),
            source: armour,
            licence: env!("CARGO_PKG_LICENSE").to_owned(),
            blob,
        };
        self.write_content(circle, content)
    }

    /// Writes a release and its signature into a folder: the named one, else the newest under the key that a person here
    /// confirmed; others are never taken unasked. Nothing is overwritten, and neither file is executable.
    pub fn extract_release(
        &self,
        folder: &Path,
        name: Option<&str>,
        older: bool,
    ) -> Result<Extracted, Failure> {
        let mut releases = self.releases()?;
        releases.retain(|release| name.is_none_or(|name| release.name == name));
        let others: BTreeSet<String> = releases
            .iter()
            .map(|it| {
                let key = it.signer.as_deref().unwrap_or("?");
                format!("{} ({key})", it.name)
            })
            .collect();
        let signers: BTreeSet<&Option<String>> = releases.iter().map(|it| &it.signer).collect();
        // A name is a person's word as long as it means one thing.
        let clear = name.is_some() && signers.len() == 1;
        let confirmed = releases.iter().any(|release| release.confirmed);
        if !releases.is_empty() && !confirmed && !clear {
            let named = others.into_iter().take(NAMED).collect::<Vec<_>>();
            return Err(Failure::new("release-unconfirmed", Exit::Refused)
                .with("releases", named.join(", ")));
        }
        releases.retain(|release| release.confirmed || !confirmed);
        // Of one name in several circles, the one whose content is here.
        releases.sort_by_key(|release| (!release.here, std::cmp::Reverse(release.version.clone())));
        let release = match (releases.into_iter().next(), name) {
            (Some(release), _) => release,
            (None, Some(name)) => {
                return Err(Failure::new("release-unknown", Exit::Failed).with("name", name));
            }
            (None, None) => return Err(Failure::new("no-release", Exit::Failed)),
        };
        if release.version < own_version() && !older {
            return Err(Failure::new("release-lower", Exit::Lower)
                .with("name", &release.name)
                .with("version", env!("CARGO_PKG_VERSION")));
        }
        if !release.here {
            return Err(
                Failure::new("blob-missing", Exit::Waiting).with("id", release.blob.blake3.short())
            );
        }
        let source = self.store.blob_path(&release.blob.blake3);
        let mut input = File::open(&source).map_err(|error| Failure::io(&source, error))?;
        signer_of(&release.signature, &mut input)?;
        let file = folder.join(&release.name);
        let signature = folder.join(format!("{}.sig", release.name));
        let mut input = File::open(&source).map_err(|error| Failure::io(&source, error))?;
        let sha256 = write_new(&file, &mut input)?;
        let written = write_new(&signature, &mut release.signature.as_bytes());
        if written.is_err() || sha256 != release.blob.sha256 {
            let _ = std::fs::remove_file(&file);
        }
        written?;
        if sha256 != release.blob.sha256 {
            let _ = std::fs::remove_file(&signature);
            return Err(Failure::new("blob-damaged", Exit::Failed).with("path", source.display()));
        }
        Ok(Extracted {
            release,
            file,
            signature,
            sha256,
        })
    }
}

/// Writes a file that is not there yet, durably; its SHA-256. What fails is removed.
fn write_new(path: &Path, input: &mut dyn Read) -> Result<[u8; 32], Failure> {
    let fail = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::new("file-exists", Exit::Failed).with("path", path.display())
        }
        _ => Failure::io(path, error),
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)
        .map_err(fail)?;
    let mut hasher = sha2::Sha256::new();
    let written = (|| {
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = input.read(&mut buffer)?;
            if count == 0 {
                return file.sync_all();
            }
            let bytes = buffer.get(..count).unwrap_or_default();
            hasher.update(bytes);
            file.write_all(bytes)?;
        }
    })();
    if let Err(error) = written {
        let _ = std::fs::remove_file(path);
        return Err(fail(error));
    }
    Ok(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_known_by_its_name() {
        assert_eq!(
            version_of("okibi-0.2.10-x86_64-linux.tar.gz"),
            Some(vec![0, 2, 10])
        );
        assert_eq!(version_of("okibi-1.0.0"), Some(vec![1, 0, 0]));
        for name in [
            "okibi-1.0",
            "okibi-x.y.z-a",
            "../okibi-1.0.0",
            "okibi-1.0.0/x",
            "emacs-1.0.0",
            "okibi-1.0.0 x",
            "",
        ] {
            assert_eq!(version_of(name), None, "{name}");
        }
        assert_eq!(own_version().len(), 3);
        assert!(vec![0, 10, 0] > vec![0, 9, 9]);
    }
}
