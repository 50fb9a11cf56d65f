//! Inspection of bundles: what a recipient sees in them, and whether every byte is sound.
//!
//! **Always holds.** Nothing is taken in, and nothing is written on the medium. A damaged bundle is
//! tried once more with its parity files, and the slices that parity gives back are named.
//!
//! **Failure.** A bundle that cannot be read is part of the answer, so that the others of the same
//! medium are still shown; only a medium that cannot be listed fails as a whole.

use std::io::Read;
use std::path::Path;

use crate::carrier::media::MediaError;
use crate::carrier::media::medium::{self, Found};
use crate::carrier::media::parity;
use crate::carrier::media::read::{Front, Source as Stream, inspect, verify as check};
use crate::identity::{fingerprint, verify};
use crate::record::{CircleId, Claim, RootKey, Signed, Statement};

use super::authority_closure::AuthorityClosure;
use super::intake::is_damage;
use crate::node::{Failure, Handle};

/// The view of a bundle that is addressed to this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub bundle: [u8; 32],
    pub sequence: u64,
    pub standalone: bool,
    pub recipients: usize,
    /// None: HEAD's certificate does not belong to the key that signed HEAD.
    pub signer: Option<RootKey>,
    pub signer_name: String,
    /// None: a circle that is not known here.
    pub circle: Option<CircleId>,
    pub circle_name: Option<String>,
    /// Kind of member, how many, their bytes.
    pub members: Vec<(&'static str, usize, u64)>,
}

/// Slices of a bundle whose others lie on other media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Numbers of the first and the last one here.
    pub first: u16,
    pub last: u16,
    /// The last one here is the bundle's last.
    pub ends: bool,
}

/// One bundle of a medium.
#[derive(Debug)]
pub struct Inspected {
    /// Its folder on the medium; a file or a stream has none.
    pub handle: Option<String>,
    /// Bytes of its slices.
    pub bytes: u64,
    /// Parity files that are damaged; the bundle itself may be whole.
    pub parity_damaged: Vec<String>,
    /// Slices that are damaged, and that parity gives back.
    pub mended: Vec<String>,
    /// One medium of several: which slices lie here.
    pub part: Option<Part>,
    /// None: it is for others. Of a part it is what its beginning tells, none if that lies elsewhere.
    pub seen: Result<Option<Seen>, Failure>,
}

impl Handle {
    /// Looks at every bundle of a medium, a folder or a file; to the last byte if `whole`.
    pub fn inspect(&self, path: &Path, whole: bool) -> Result<Vec<Inspected>, Failure> {
        let scan = medium::scan(path)?;
        let mut looked = Vec::new();
        for found in &scan.bundles {
            let sizes = found
                .slices
                .iter()
                .filter_map(|slice| std::fs::metadata(slice).ok());
            let bytes = sizes.map(|data| data.len()).sum();
            let mut mended = Vec::new();
            let part = part(found);
            let mut seen = match &part {
                Some(_) => self.see_part(found, whole),
                None => self.see(Stream::Found(found), whole),
            };
            if seen.as_ref().is_err_and(is_damage) {
                seen = self.see_mended(found, whole, &mut mended).unwrap_or(seen);
            }
            looked.push(Inspected {
                handle: found.handle.clone(),
                bytes,
                parity_damaged: match whole {
                    true => parity::damaged_parity(found)?,
                    false => Vec::new(),
                },
                mended,
                part,
                seen,
            });
        }
        for handle in scan.damaged {
            let which = format!("{handle}/SUMS");
            let seen = Err(MediaError::SliceMissing { which }.into());
            looked.push(Inspected {
                handle: Some(handle),
                bytes: 0,
                parity_damaged: Vec::new(),
                mended: Vec::new(),
                part: None,
                seen,
            });
        }
        Ok(looked)
    }

    /// Looks at one bundle from a stream.
    pub fn inspect_stream(
        &self,
        stream: &mut (dyn Read + Send),
        whole: bool,
    ) -> Result<Inspected, Failure> {
        let seen = self.see(Stream::Stream(stream), whole);
        Ok(Inspected {
            handle: None,
            bytes: 0,
            parity_damaged: Vec::new(),
            mended: Vec::new(),
            part: None,
            seen,
        })
    }

    /// What one medium of several tells by itself: its slices are here and, with `whole`, are what was written; who
    /// wrote the bundle and for whom, if its beginning is among them.
    fn see_part(&self, found: &Found, whole: bool) -> Result<Option<Seen>, Failure> {
        if let Some(which) = found.gone() {
            return Err(MediaError::SliceMissing { which }.into());
        }
        if whole && let Some(which) = found.damaged()? {
            return Err(MediaError::SliceMissing { which }.into());
        }
        let Some(beginning) = found.prefix() else {
            return Ok(None);
        };
        match self.see(Stream::Found(&beginning), false) {
            // The beginning ends before the manifest does; the rest may be as it should.
            Err(failure) if is_damage(&failure) => Ok(None),
            Ok(None) => Err(MediaError::NothingForMe.into()),
            other => other,
        }
    }

    /// The same over what parity makes of it; none if it makes nothing.
    fn see_mended(
        &self,
        found: &Found,
        whole: bool,
        slices: &mut Vec<String>,
    ) -> Option<Result<Option<Seen>, Failure>> {
        let _work = self.store.work().ok()?;
        let files = self.files(self.store.home());
        let folder = self.workplace(&files, "mend").ok()?;
        let mended = parity::mend((&files, &folder), found);
        let seen = mended.ok().flatten().map(|mended| {
            slices.clone_from(&mended.slices);
            match part(found) {
                Some(_) => self.see_part(&mended.found, whole),
                None => self.see(Stream::Found(&mended.found), whole),
            }
        });
        let _ = files.remove_all(&folder);
        seen
    }

    fn see(&self, source: Stream<'_>, whole: bool) -> Result<Option<Seen>, Failure> {
        let secrets = self.identity().receive_keys()?;
        let front = if whole {
            check(source, &secrets)
        } else {
            inspect(source, &secrets)
        };
        match front {
            Ok(front) => Ok(Some(self.describe(&front))),
            Err(MediaError::NothingForMe) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn describe(&self, front: &Front) -> Seen {
        let certificate = Signed::<Statement>::decode(&front.head.certificate).ok();
        let certificate = certificate.and_then(|signed| verify(signed).ok());
        let signer = certificate.and_then(|statement| match statement.value().claim {
            Claim::Certificate { key, .. } if key == front.signer => Some(statement.value().root),
            _ => None,
        });
        let circle = self.circle_of(front, &AuthorityClosure::default());
        let view = circle.and_then(|id| self.store.circle(&id).ok());
        let signer_name = match (&signer, &view) {
            (Some(root), Some(view)) => self.name_of(view, root),
            (Some(root), None) => fingerprint(root),
            (None, _) => "?".to_owned(),
        };
        let mut members: Vec<(&'static str, usize, u64)> = Vec::new();
        for entry in &front.manifest.entries {
            match members
                .iter_mut()
                .find(|(kind, _, _)| *kind == entry.kind.word())
            {
                Some((_, count, bytes)) => (*count, *bytes) = (*count + 1, *bytes + entry.size),
                None => members.push((entry.kind.word(), 1, entry.size)),
            }
        }
        Seen {
            bundle: front.head.bundle,
            sequence: front.head.sequence,
            standalone: front.head.standalone,
            recipients: front.head.recipients.len(),
            signer,
            signer_name,
            circle,
            circle_name: view.map(|view| view.state.name),
            members,
        }
    }
}

/// The slices that lie on this one of several media.
fn part(found: &Found) -> Option<Part> {
    let sums = found.sums.as_ref().filter(|_| found.is_part())?;
    let more = u16::try_from(sums.slices.len().saturating_sub(1)).unwrap_or(u16::MAX);
    Some(Part {
        first: sums.first,
        last: sums.first.saturating_add(more),
        ends: sums.last,
    })
}
