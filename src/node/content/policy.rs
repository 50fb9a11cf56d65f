//! Which contents of others this node takes by itself, from a wire or a stick: by size, kind, and a quota for what each
//! member of a circle brings. (How much of the disk stays free is `net::room`'s and staging's affair.)
//!
//! What is held back stays *wanted*: it is said by `okibi doctor`, and comes as soon as the settings let it.

use std::collections::HashMap;

use crate::config::Contents;
use crate::record::{CircleId, ContentKind, RootKey};
use crate::store::Store;

use super::kinds::traits;
use crate::node::Failure;

/// What is decided of one content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Ruling {
    Taken,
    /// Larger than `contents.largest-mib`.
    TooLarge,
    /// Of a kind that the settings do not take unasked: a model, and `contents.models` is off.
    Kind,
    /// Who shares it has used up `contents.member-mib` in this circle.
    Quota,
}

/// The settings, and what each member's contents take here.
#[derive(Debug)]
pub(in crate::node) struct ContentPolicy {
    settings: Contents,
    /// This node's own root: a person's own contents, from another home, are held to nothing.
    me: RootKey,
    /// Bytes by circle and author, counted once and kept up to date.
    used: HashMap<CircleId, HashMap<RootKey, u64>>,
}

impl ContentPolicy {
    pub fn new(settings: Contents, me: RootKey) -> Self {
        Self {
            settings,
            me,
            used: HashMap::new(),
        }
    }

    /// Whether a content of `size` bytes that `author` shares in a circle is taken.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn rule(
        &mut self,
        store: &Store,
        circle: &CircleId,
        author: &RootKey,
        kind: ContentKind,
        size: u64,
    ) -> Result<Ruling, Failure> {
        if *author == self.me {
            return Ok(Ruling::Taken);
        }
        if !(traits(kind).unasked)(&self.settings) {
            return Ok(Ruling::Kind);
        }
        if size > mib(self.settings.largest_mib) {
            return Ok(Ruling::TooLarge);
        }
        let used = self.of(store, circle)?.get(author).copied().unwrap_or(0);
        Ok(
            match used.saturating_add(size) <= mib(self.settings.member_mib) {
                true => Ruling::Taken,
                false => Ruling::Quota,
            },
        )
    }

    /// The first of those who share a content from whom it is taken.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn first_taken(
        &mut self,
        store: &Store,
        circle: &CircleId,
        sharers: &[(RootKey, ContentKind)],
        size: u64,
    ) -> Result<Option<RootKey>, Failure> {
        for (author, kind) in sharers {
            if self.rule(store, circle, author, *kind, size)? == Ruling::Taken {
                return Ok(Some(*author));
            }
        }
        Ok(None)
    }

    /// A content of this author came in.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn took(
        &mut self,
        store: &Store,
        circle: &CircleId,
        author: &RootKey,
        size: u64,
    ) -> Result<(), Failure> {
        let used = self.of(store, circle)?.entry(*author).or_default();
        *used = used.saturating_add(size);
        Ok(())
    }

    fn of(
        &mut self,
        store: &Store,
        circle: &CircleId,
    ) -> Result<&mut HashMap<RootKey, u64>, Failure> {
        use std::collections::hash_map::Entry;
        Ok(match self.used.entry(*circle) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(store.contents_by_author(circle)?),
        })
    }
}

fn mib(count: u64) -> u64 {
    count.saturating_mul(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_kind_and_quota_are_held_to() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), 1, [0; 8]).unwrap();
        let settings = Contents {
            largest_mib: 2,
            member_mib: 3,
            models: false,
        };
        let (me, mallory, circle) = (RootKey([1; 32]), RootKey([2; 32]), CircleId([3; 32]));
        let mut policy = ContentPolicy::new(settings, me);
        let mut rule = |author: &RootKey, kind, size| {
            let ruling = policy.rule(&store, &circle, author, kind, size).unwrap();
            if ruling == Ruling::Taken {
                policy.took(&store, &circle, author, size).unwrap();
            }
            ruling
        };
        assert_eq!(rule(&mallory, ContentKind::Model, 1), Ruling::Kind);
        assert_eq!(
            rule(&mallory, ContentKind::Document, 3 << 20),
            Ruling::TooLarge
        );
        assert_eq!(
            rule(&mallory, ContentKind::Document, 2 << 20),
            Ruling::Taken
        );
        assert_eq!(
            rule(&mallory, ContentKind::Document, 2 << 20),
            Ruling::Quota
        );
        assert_eq!(
            rule(&mallory, ContentKind::Document, 1 << 20),
            Ruling::Taken
        );
        assert_eq!(rule(&mallory, ContentKind::Document, 1), Ruling::Quota);
        assert_eq!(rule(&me, ContentKind::Model, 9 << 20), Ruling::Taken);
    }
}
