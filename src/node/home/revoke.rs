//! Taking a stolen sign key back: in every circle what this home knows of the key's feed stays, and nothing that anybody
//! writes with it later counts. The root says so, so it works while the thief still writes.

use crate::identity::{Verified, revocation};
use crate::record::{CircleId, Claim, Entry, FeedKey, Hlc, Previous, RootKey, Statement};

use super::open::{now, own};
use crate::node::{Exit, Failure, Handle};

impl Handle {
    /// Takes the sign key in use back and goes on with a new one. Returns in how many circles something of it stays.
    pub fn revoke(&mut self) -> Result<usize, Failure> {
        let root = self.root_secret()?;
        let feed: FeedKey = self.feed()?;
        let time = Hlc::from_millis(now());
        let (mut statements, mut kept) = (Vec::new(), 0);
        for circle in self.store.circles()? {
            let cut = match circle.frontier.0.get(&feed) {
                Some(Entry::Head { height, id }) => Some((*height, *id)),
                // Below the fork is one chain: the record that both halves follow.
                Some(Entry::Forked { height, first, .. }) if *height > 0 => self
                    .store
                    .record(first)?
                    .and_then(|half| match half.value().previous {
                        Previous::Record(id) => Some((height - 1, id)),
                        Previous::Certificate(_) => None,
                    }),
                _ => None,
            };
            kept += usize::from(cut.is_some());
            let statement = revocation(&root, feed.0, Some(circle.id), cut, time);
            statements.push(own(statement)?);
        }
        // The new key is there before the old one goes: a crash in between leaves one that signs.
        self.start_feed()?;
        self.store.add_statements(&statements)?;
        Ok(kept)
    }

    /// A key that its root took back, here or in the bundle itself, signs nothing any more.
    pub(in crate::node) fn not_revoked(
        &self,
        brought: &[Verified<Statement>],
        root: &RootKey,
        key: &[u8; 32],
        circle: &CircleId,
    ) -> Result<(), Failure> {
        let directory = self.store.directory_of(root)?;
        let revoked = directory.of(*root).chain(brought).any(|statement| {
            statement.value().root == *root
                && matches!(
                    &statement.value().claim,
                    Claim::Revocation { key: taken, circle: within, .. }
                        if taken == key && within.is_none_or(|id| id == *circle)
                )
        });
        if revoked {
            let why = "its signer's key was revoked";
            return Err(Failure::new("bundle-refused", Exit::Refused).with("error", why));
        }
        Ok(())
    }
}
