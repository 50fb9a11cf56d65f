//! Missing content: documents and models that members share and this node does not have yet, with
//! how much of each has come.
//!
//! A circle's records name content by its hash. Content that is named here comes with the next
//! round on a network, or by a stick. An unfinished transfer lies in `partial/` under its hash and
//! its circle, so that nobody completes with one circle's help what another began.
//!
//! **Failure.** Only the store can fail; a transfer that cannot be read counts as one that has
//! brought nothing.

use std::os::unix::fs::MetadataExt;

use crate::record::{BlobHash, BlobRef, CircleId, ContentKind};

use crate::node::{Failure, Handle};

/// Folder of unfinished transfers, in the home.
pub(in crate::node) const PARTIAL: &str = "partial";
/// The file of an unfinished transfer. Each circle has its own: who can complete what another circle began has not
/// brought it.
pub(in crate::node) fn partial_name(circle: &CircleId, blob: &BlobHash) -> String {
    format!("{blob}-{circle}")
}

/// Bytes of a block, as `st_blocks` counts (POSIX `sys/stat.h`, and Linux).
const BLOCK: u64 = 512;

/// A shared document or model whose content is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub name: String,
    pub model: bool,
    /// The member that shares it, by its name in the circle.
    pub from: String,
    pub circle_name: String,
    /// Bytes: all, and what an unfinished transfer has of them.
    pub size: u64,
    pub here: u64,
}

impl Handle {
    /// The content that the circles of this node name and that it lacks, models first.
    pub fn missing(&self) -> Result<Vec<Missing>, Failure> {
        let mut missing = Vec::new();
        for circle in self.store.circles()? {
            for (content, author) in self.store.missing(&circle.id)? {
                missing.push(Missing {
                    name: content.name().to_owned(),
                    model: content.kind() == ContentKind::Model,
                    from: self.name_of(&circle, &author),
                    circle_name: circle.state.name.clone(),
                    size: content.blob().size,
                    here: self.fetched(&circle.id, &content.blob()),
                });
            }
        }
        missing.sort_by(|a, b| (!a.model, &a.name).cmp(&(!b.model, &b.name)));
        Ok(missing)
    }

    /// Bytes of an unfinished transfer. Its file has its full length from the beginning, with holes where pieces are missing.
    fn fetched(&self, circle: &CircleId, blob: &BlobRef) -> u64 {
        let folder = self.store.home().join(PARTIAL);
        let path = folder.join(partial_name(circle, &blob.blake3));
        let blocks = std::fs::metadata(path).map_or(0, |data| data.blocks());
        blocks.saturating_mul(BLOCK).min(blob.size)
    }
}
