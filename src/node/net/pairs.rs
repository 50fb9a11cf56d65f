//! By what this node may be recognised on a wire, and recognises others: a key for each pair of it and an active member
//! of one of its circles, out of receive keys that both have anyway. Nobody else can compute it, so a former member, a
//! stranger and who found an old disk see random numbers. `docs/sync.md`, section 2, says how.
//!
//! What X25519 comes to is kept for as long as the node is on the network; a connection costs one hash for each pair.

use std::collections::BTreeMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::identity::{Directory, ReceiveSecret};
use crate::record::{CircleId, Claim, Role, RootKey};
use crate::sync::{Offer, Subject, limits, pair_key};

use crate::node::{Failure, Handle};

/// What two receive keys come to, by their public halves: mine and the other's. None: a key of low order.
type Agreed = BTreeMap<([u8; 32], [u8; 32]), Option<Zeroizing<[u8; 32]>>>;

/// The pairs of this node.
pub(super) struct Pairs {
    offers: Arc<[Offer]>,
    agreed: Agreed,
    stale: bool,
}

impl Pairs {
    pub fn new() -> Self {
        Self {
            offers: Arc::new([]),
            agreed: Agreed::new(),
            stale: true,
        }
    }

    /// Somebody may have come into a circle, or left it, or have another key.
    pub fn stale(&mut self) {
        self.stale = true;
    }

    /// All pairs, and this node itself; `limits::TAGS` at most.
    pub fn offers(&mut self, node: &Handle) -> Result<Arc<[Offer]>, Failure> {
        if std::mem::take(&mut self.stale)
            && let Err(failure) = self.read(node)
        {
            self.stale = true;
            return Err(failure);
        }
        Ok(self.offers.clone())
    }

    fn read(&mut self, node: &Handle) -> Result<(), Failure> {
        let me = node.root;
        let directory = node.store.directory()?;
        let keys = own_keys(node, &directory)?;
        let receive = directory.all_current(Role::Receive);
        let before = std::mem::take(&mut self.agreed);
        let mut offers = Vec::new();
        let mut add = |circle: Option<CircleId>, root: RootKey, theirs: [u8; 32]| {
            for mine in &keys {
                let place = (mine.public(), theirs);
                let known = self.agreed.get(&place).or(before.get(&place));
                let shared = known.cloned().unwrap_or_else(|| mine.agree(&theirs));
                if let Some(shared) = &shared
                    && offers.len() < limits::TAGS
                {
                    // A node is not in a circle with itself.
                    let within = circle.unwrap_or(CircleId([0; 32]));
                    offers.push(Offer {
                        secret: pair_key(shared, &within, [&me, &root]),
                        subject: match circle {
                            Some(circle) => Subject::Pair { circle, root },
                            None => Subject::Own,
                        },
                    });
                }
                self.agreed.insert(place, shared);
            }
        };
        if let Some(own) = keys.first() {
            add(None, me, own.public());
        }
        for circle in node.store.memberships()? {
            for (root, member) in &node.store.outline(&circle)?.state.members {
                let Some(theirs) = receive.get(root) else {
                    continue;
                };
                if *root != me && member.suspension.is_none() && !node.store.opinion(root)?.blocked
                {
                    add(Some(circle), *root, *theirs);
                }
            }
        }
        self.offers = offers.into();
        Ok(())
    }
}

/// This node's receive key, and the one before it, which others may not have seen replaced; not one that was revoked.
pub(super) fn own_keys(
    node: &Handle,
    directory: &Directory,
) -> Result<Vec<ReceiveSecret>, Failure> {
    let me = node.root;
    let Some((id, public)) = directory.current(&me, Role::Receive) else {
        return Ok(Vec::new());
    };
    let mut publics = vec![public];
    let mut own = directory.of(me);
    let replaced = own.find(|statement| statement.id() == id);
    if let Some(Claim::Certificate {
        replaces: Some(before),
        ..
    }) = replaced.map(|statement| &statement.value().claim)
        && let Some((root, Role::Receive, key)) = directory.certificate(before)
        && root == me
        && key != public
        && !directory.is_revoked(&me, &key)
    {
        publics.push(key);
    }
    let mut keys = Vec::new();
    for (at, public) in publics.iter().enumerate() {
        match node.keys.read("receive", public) {
            Ok(secret) => keys.push(ReceiveSecret::from_bytes(*secret)),
            // The one before may be gone for good.
            Err(error) if at == 0 => return Err(error.into()),
            Err(_) => {}
        }
    }
    Ok(keys)
}
