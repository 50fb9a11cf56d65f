//! Contents of a delivery on their way in: a content is kept with the records that name it, in their transaction. What no
//! record names is not kept, whoever sent it; what this node's settings do not take is held back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use crate::carrier::media::read::Staged;
use crate::fold::Authority;
use crate::identity::Verified;
use crate::record::{BlobHash, BlobRef, Body, CircleId, ContentKind, FeedKey, Record, RootKey};
use crate::store::Store;

use crate::node::Failure;
use crate::node::content::kinds::is_content;
use crate::node::content::policy::ContentPolicy;

/// A staged file, and what it is.
pub(super) type Brought<'a> = (&'a Path, BlobRef);

/// The members who share a content, each with its kind there.
type Sharers = Vec<(RootKey, ContentKind)>;

/// The contents of one delivery.
pub(in crate::node) struct Contents<'a> {
    circle: CircleId,
    /// Whose a record is counted as where its feed is nobody's.
    signer: RootKey,
    owners: HashMap<FeedKey, RootKey>,
    /// Not taken yet, by hash; the number is the place in the bundle, which is in an order of value.
    left: BTreeMap<BlobHash, (usize, Brought<'a>)>,
    held: BTreeSet<BlobHash>,
    /// None: everything that is named is taken.
    policy: Option<ContentPolicy>,
    /// What is here was asked for names.
    asked: bool,
}

impl<'a> Contents<'a> {
    pub fn new(
        staged: &'a Staged,
        (circle, signer): (CircleId, RootKey),
        states: [Option<&Authority>; 2],
        policy: Option<ContentPolicy>,
    ) -> Self {
        let mut owners = HashMap::new();
        for state in states.into_iter().flatten() {
            for (root, member) in &state.members {
                owners.extend(member.feeds.iter().map(|feed| (*feed, *root)));
            }
        }
        let contents = staged.members.iter();
        let contents = contents.filter(|member| is_content(member.kind));
        let left = contents.enumerate().map(|(place, member)| {
            let blob = BlobRef {
                blake3: BlobHash(member.blake3),
                sha256: member.sha256,
                size: member.size,
            };
            (blob.blake3, (place, (member.path.as_path(), blob)))
        });
        Self {
            circle,
            signer,
            owners,
            left: left.collect(),
            held: BTreeSet::new(),
            policy,
            asked: false,
        }
    }

    /// The contents that are kept with these records, in the order of the bundle; the first time also those that what is
    /// here names.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn named_by(
        &mut self,
        store: &Store,
        records: &[Verified<Record>],
    ) -> Result<Vec<Brought<'a>>, Failure> {
        let mut named: BTreeMap<usize, (Brought<'a>, Sharers)> = BTreeMap::new();
        if !std::mem::replace(&mut self.asked, true) {
            for (place, brought) in self.left.values() {
                if store.names_blob(&self.circle, &brought.1)? {
                    named.insert(*place, (*brought, Vec::new()));
                }
            }
        }
        for record in records {
            let value = record.value();
            // A record of another circle is refused, and names nothing here.
            if value.circle(record.id()) != self.circle {
                continue;
            }
            let Some(Body::Content(content)) = Body::decode(value.kind, &value.body) else {
                continue;
            };
            let blob = content.blob();
            if let Some((place, brought)) = self.left.get(&blob.blake3)
                && brought.1 == blob
            {
                let author = self.owners.get(&value.feed).unwrap_or(&self.signer);
                let entry = named.entry(*place);
                let entry = entry.or_insert((*brought, Vec::new()));
                entry.1.push((*author, content.kind()));
            }
        }
        let mut taken = Vec::new();
        for (brought, who) in named.into_values() {
            let hash = brought.1.blake3;
            if self.rule(store, &brought.1, who)? {
                self.left.remove(&hash);
                self.held.remove(&hash);
                taken.push(brought);
            } else {
                self.held.insert(hash);
            }
        }
        Ok(taken)
    }

    /// Whether this node's settings take a content.
    fn rule(&mut self, store: &Store, blob: &BlobRef, mut who: Sharers) -> Result<bool, Failure> {
        let Some(policy) = &mut self.policy else {
            return Ok(true);
        };
        who.extend(store.sharers(&self.circle, &blob.blake3)?);
        let author = policy.first_taken(store, &self.circle, &who, blob.size)?;
        if let Some(author) = &author {
            policy.took(store, &self.circle, author, blob.size)?;
        }
        Ok(author.is_some())
    }

    /// How many are named and held back.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}
