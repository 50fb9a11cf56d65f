//! What records say of a blob, where they do not agree: its BLAKE3 is its name, but a record may give it a wrong size or a
//! wrong SHA-256, by mistake or to keep others from it. One word of each member counts, so a lie stands beside the truth
//! and never in front of it; what does not fit a word is held against the word as long as there is another one.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{BlobHash, BlobRef, CircleId};
use crate::sync::Input;

use crate::node::Failure;
use crate::node::net::hub::Hub;

/// Words that nobody acts on any more.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// A session whose pieces did not fit a word: one of the two lies.
    unfit: BTreeSet<(u64, BlobRef)>,
    /// Words that the whole content has proven wrong.
    wrong: BTreeSet<BlobRef>,
}

impl Doubts {
    /// By which of some words a blob is fetched: one that fewest sessions contradict.
    pub fn choose(&self, claims: &[BlobRef]) -> Option<BlobRef> {
        let against = |claim: &BlobRef| self.unfit.iter().filter(|(_, it)| it == claim).count();
        let open = claims.iter().filter(|claim| !self.wrong.contains(claim));
        open.min_by_key(|claim| against(claim)).copied()
    }

    pub fn fits(&self, connection: u64, claim: &BlobRef) -> bool {
        !self.unfit.contains(&(connection, *claim))
    }

    /// Whether anything is held against what is said of a blob: then it is read again who says what.
    pub fn about(&self, blob: &BlobHash) -> bool {
        self.unfit.iter().any(|(_, claim)| claim.blake3 == *blob)
            || self.wrong.iter().any(|claim| claim.blake3 == *blob)
    }

    pub fn lost(&mut self, connection: u64) {
        self.unfit.retain(|(other, _)| *other != connection);
    }

    /// What is not missing any more needs no doubts.
    pub fn settle(&mut self, lacking: &BTreeMap<CircleId, BTreeMap<BlobHash, Vec<BlobRef>>>) {
        let missing = |hash: &BlobHash| lacking.values().any(|set| set.contains_key(hash));
        self.unfit.retain(|(_, claim)| missing(&claim.blake3));
        self.wrong.retain(|claim| missing(&claim.blake3));
    }
}

impl Hub<'_> {
    /// What is said of a blob in the circle that it is fetched for; what others say matters elsewhere.
    fn said_of(&self, circle: &CircleId, hash: &BlobHash) -> Result<BTreeSet<BlobRef>, Failure> {
        Ok(self.node.store.claims(circle, hash)?.into_iter().collect())
    }

    /// What a session sent does not fit: where another size is said to be right, that is tried, else the peer lies.
    pub fn unfit(&mut self, connection: u64, key: (CircleId, BlobHash)) -> Result<(), Failure> {
        let (circle, hash) = key;
        let Some(claim) = self.downloads.claim(&key) else {
            return Ok(());
        };
        let said = self.said_of(&circle, &hash)?;
        if said.iter().all(|other| other.size == claim.size) {
            // Nobody sends a wrong piece by mistake.
            tracing::warn!(blob = %hash.short(), "a peer sent a wrong piece");
            self.say(connection, Input::Close);
            return Ok(());
        }
        tracing::debug!(blob = %hash.short(), size = claim.size, "a piece does not fit this size");
        let same_size = said.into_iter().filter(|it| it.size == claim.size);
        let doubts = same_size.map(|claim| (connection, claim));
        self.downloads.doubts.unfit.extend(doubts);
        self.downloads.abandon(&key);
        self.look_for_blobs()
    }

    /// The word that a whole file fits; all others on it are wrong.
    pub fn fitting(
        &mut self,
        circle: &CircleId,
        whole: &BlobRef,
        sha256: Option<[u8; 32]>,
    ) -> Result<Option<BlobRef>, Failure> {
        let said = self.said_of(circle, &whole.blake3)?;
        let fits = |claim: &BlobRef| claim.size == whole.size && Some(claim.sha256) == sha256;
        let (right, wrong): (Vec<BlobRef>, Vec<BlobRef>) = said.into_iter().partition(fits);
        if sha256.is_some() {
            self.downloads.doubts.wrong.extend(wrong);
        }
        Ok(right.first().copied())
    }
}
