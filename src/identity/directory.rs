//! Which keys are whose: an index over a set of statements.
//!
//! It answers by the whole set, as certificates are read; what a revocation does to *records* is the
//! fold's affair. Among several standing certificates of one root and role, the one with the greatest
//! id counts, so that every node with the same set picks the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{Claim, Role, RootKey, Statement, StatementId};

use super::Verified;

/// An index over verified statements.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    statements: BTreeMap<StatementId, Verified<Statement>>,
    replaced: BTreeSet<(RootKey, StatementId)>,
    /// Revoked in every circle.
    revoked: BTreeSet<(RootKey, [u8; 32])>,
}

impl Directory {
    /// Adds a statement; adding one twice changes nothing.
    pub fn insert(&mut self, statement: Verified<Statement>) {
        let root = statement.value().root;
        match &statement.value().claim {
            Claim::Certificate {
                replaces: Some(old),
                ..
            } => {
                self.replaced.insert((root, *old));
            }
            Claim::Revocation {
                key, circle: None, ..
            } => {
                self.revoked.insert((root, *key));
            }
            _ => {}
        }
        self.statements.insert(statement.id(), statement);
    }

    /// The certificate with this id: its root, role and key.
    pub fn certificate(&self, id: &StatementId) -> Option<(RootKey, Role, [u8; 32])> {
        let statement = self.statements.get(id)?.value();
        match statement.claim {
            Claim::Certificate { role, key, .. } => Some((statement.root, role, key)),
            _ => None,
        }
    }

    /// The standing certificate of a root for a role: neither replaced by that root nor revoked everywhere.
    pub fn current(&self, root: &RootKey, role: Role) -> Option<(StatementId, [u8; 32])> {
        self.standing(root, role).next_back()
    }

    /// All standing certificates of a root for a role, by id.
    pub fn standing(
        &self,
        root: &RootKey,
        role: Role,
    ) -> impl DoubleEndedIterator<Item = (StatementId, [u8; 32])> {
        self.statements
            .values()
            .filter_map(move |statement| match statement.value().claim {
                Claim::Certificate {
                    role: found, key, ..
                } if found == role
                    && statement.value().root == *root
                    && !self.replaced.contains(&(*root, statement.id()))
                    && !self.revoked.contains(&(*root, key)) =>
                {
                    Some((statement.id(), key))
                }
                _ => None,
            })
    }

    /// The receive keys of a root, the current one and those before it, that it did not take back; by certificate.
    pub fn receive_keys(&self, root: &RootKey) -> Vec<[u8; 32]> {
        let keys = self.of(*root).filter_map(|it| match it.value().claim {
            Claim::Certificate {
                role: Role::Receive,
                key,
                ..
            } => Some(key),
            _ => None,
        });
        let mut keys: Vec<[u8; 32]> = keys.filter(|key| !self.is_revoked(root, key)).collect();
        keys.dedup();
        keys
    }

    /// The key of each root that counts for a role now: those of `current`, of all roots at once.
    pub fn all_current(&self, role: Role) -> BTreeMap<RootKey, [u8; 32]> {
        let standing = self.statements.values().filter_map(|statement| {
            let root = statement.value().root;
            match statement.value().claim {
                Claim::Certificate {
                    role: found, key, ..
                } if found == role
                    && !self.replaced.contains(&(root, statement.id()))
                    && !self.revoked.contains(&(root, key)) =>
                {
                    Some((root, key))
                }
                _ => None,
            }
        });
        // Ascending by id: the last one stays.
        standing.collect()
    }

    /// Whether a root took this key back in all circles.
    pub fn is_revoked(&self, root: &RootKey, key: &[u8; 32]) -> bool {
        self.revoked.contains(&(*root, *key))
    }

    /// All statements, by id.
    pub fn statements(&self) -> impl Iterator<Item = &Verified<Statement>> {
        self.statements.values()
    }

    /// All statements of one root, by id.
    pub fn of(&self, root: RootKey) -> impl Iterator<Item = &Verified<Statement>> {
        self.statements
            .values()
            .filter(move |statement| statement.value().root == root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Signer, SigningSecret, certificate, revocation, verify};
    use crate::record::Hlc;

    fn key(seed: u8) -> SigningSecret {
        SigningSecret::from_bytes(&[seed; 32])
    }

    #[test]
    fn replaced_and_revoked_keys_do_not_stand() {
        let root = SigningSecret::from_bytes(&[1; 32]);
        let whose = RootKey(crate::identity::Signer::public(&root));
        let mut directory = Directory::default();
        let (old, new) = (key(2), key(3));
        let first = verify(certificate(&root, Role::Sign, &old, None, Hlc(0))).unwrap();
        directory.insert(first.clone());
        assert_eq!(
            directory.current(&whose, Role::Sign),
            Some((first.id(), old.public()))
        );
        assert_eq!(directory.current(&whose, Role::Receive), None);

        let next = certificate(&root, Role::Sign, &new, Some(first.id()), Hlc(1));
        directory.insert(verify(next.clone()).unwrap());
        let new = new.public();
        assert_eq!(
            directory.current(&whose, Role::Sign),
            Some((next.id(), new))
        );

        directory.insert(verify(revocation(&root, new, None, None, Hlc(2))).unwrap());
        assert_eq!(directory.current(&whose, Role::Sign), None);
    }

    #[test]
    fn another_root_cannot_replace_or_revoke() {
        let (root, other) = (
            SigningSecret::from_bytes(&[1; 32]),
            SigningSecret::from_bytes(&[9; 32]),
        );
        let whose = RootKey(crate::identity::Signer::public(&root));
        let mut directory = Directory::default();
        let mine = key(2).public();
        let first = verify(certificate(&root, Role::Sign, &key(2), None, Hlc(0))).unwrap();
        directory.insert(first.clone());
        let hostile = certificate(&other, Role::Sign, &key(4), Some(first.id()), Hlc(0));
        directory.insert(verify(hostile).unwrap());
        directory.insert(verify(revocation(&other, mine, None, None, Hlc(0))).unwrap());
        assert_eq!(
            directory.current(&whose, Role::Sign),
            Some((first.id(), mine))
        );
    }
}
