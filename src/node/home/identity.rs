//! The keys of this home: which of them are in use, and how they are replaced.
//!
//! `Identity` answers what is in use, and changes nothing. The commands below it certify new keys, for which they need the
//! root key, and take old ones back.
//!
//! **Always holds.** A key's file is on the disk before any statement names it: what no statement names is harmless.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde_json::json;

use crate::carrier::media::keyring::Secret;
use crate::carrier::media::seal::secret_string;
use crate::identity::{
    Holder, KeyCard, ReceiveSecret, Receiving, Signer, SigningSecret, Verified, certificate,
    revocation, verify,
};
use crate::record::{FeedKey, Hlc, Role, RootKey, Signed, Statement, StatementId};
use crate::store::keys::KeyFolder;
use crate::store::{AckAuthor, OwnFeed, Store};

use super::open::place;
use crate::node::clock::{now, random};
use crate::node::{Exit, Failure, Handle};

/// Spare sign keys that are certified with a new identity, for a restored home whose root is locked.
const SPARES: usize = 1;

/// Where a rotation could not be finished, and why: a text for `okibi doctor`.
pub(super) const ROTATION_TROUBLE: &str = "rotation-trouble";

/// The keys that are in use.
pub(in crate::node) struct Identity<'a> {
    store: &'a Store,
    keys: &'a KeyFolder,
    root: RootKey,
    lent: &'a [Secret],
}

impl Handle {
    pub(in crate::node) fn identity(&self) -> Identity<'_> {
        Identity {
            store: &self.store,
            keys: &self.keys,
            root: self.root,
            lent: &self.lent,
        }
    }

    /// The key card of this home.
    pub fn card(&self) -> Result<KeyCard, Failure> {
        self.identity().card()
    }

    /// The current receive key as an age identity (`AGE-SECRET-KEY-1...`), for opening bundles with stock tools.
    pub fn age_identity(&self) -> Result<SecretString, Failure> {
        self.identity().age_identity()
    }
}

impl Identity<'_> {
    /// The key card of this home.
    pub fn card(&self) -> Result<KeyCard, Failure> {
        let directory = self.store.directory_of(&self.root)?;
        let mut ids: Vec<StatementId> = Vec::new();
        for role in [Role::Sign, Role::Transport, Role::Receive] {
            ids.extend(directory.current(&self.root, role).map(|(id, _)| id));
        }
        ids.extend(
            directory
                .standing(&self.root, Role::Spare)
                .map(|(id, _)| id),
        );
        let statements = directory
            .of(self.root)
            .filter(|s| ids.contains(&s.id()))
            .cloned()
            .collect();
        KeyCard::new(statements)
            .map_err(|error| Failure::new("identity-broken", Exit::Locked).because(error))
    }

    /// The sign key in use: its secret and its certificate. It is this home's own choice: a copy of this home, with the
    /// same root, may have certified another one, even in this one's place, and each goes on in its own feed.
    pub fn sign_key(&self) -> Result<(SigningSecret, StatementId), Failure> {
        let (role, public, certificate) = self.signing()?;
        let secret = self.keys.read(role.name(), &public)?;
        Ok((SigningSecret::from_bytes(&secret), certificate))
    }

    /// The author of this home's acknowledgements: the same key, without its secret.
    pub fn acknowledger(&self) -> Result<AckAuthor, Failure> {
        let (_, public, certificate) = self.signing()?;
        Ok(AckAuthor {
            root: self.root,
            feed: FeedKey(public),
            certificate,
        })
    }

    pub(super) fn signing(&self) -> Result<(Role, [u8; 32], StatementId), Failure> {
        let directory = self.store.directory_of(&self.root)?;
        let chosen = self.store.meta("signing")?;
        if let Some(id) = chosen.and_then(|bytes| StatementId::from_slice(&bytes))
            && let Some((root, role, public)) = directory.certificate(&id)
            && root == self.root
            && !directory.is_revoked(&self.root, &public)
        {
            return Ok((role, public, id));
        }
        let current = directory.current(&self.root, Role::Sign);
        let (id, public) = current.ok_or_else(|| {
            Failure::new("identity-broken", Exit::Locked).with("error", "no sign key")
        })?;
        Ok((Role::Sign, public, id))
    }

    /// What opens bundles: every receive key of this root that it did not take back, and what was lent.
    pub fn receive_keys(&self) -> Result<Vec<Secret>, Failure> {
        let directory = self.store.directory_of(&self.root)?;
        let mut keys = self.lent.to_vec();
        for public in directory.receive_keys(&self.root) {
            let secret = ReceiveSecret::from_bytes(*self.keys.read("receive", &public)?);
            keys.push(secret.into());
        }
        Ok(keys)
    }

    /// The current receive key as an age identity (`AGE-SECRET-KEY-1...`), for opening bundles with stock tools.
    pub fn age_identity(&self) -> Result<SecretString, Failure> {
        let directory = self.store.directory_of(&self.root)?;
        let (_, public) = directory
            .current(&self.root, Role::Receive)
            .ok_or_else(|| {
                Failure::new("identity-broken", Exit::Locked).with("error", "no receive key")
            })?;
        let secret = ReceiveSecret::from_bytes(*self.keys.read("receive", &public)?);
        Ok(secret_string(&secret))
    }

    /// The key that proves in a session who this node is, and names it beyond its network; with its certificate.
    #[cfg(feature = "lan")]
    pub fn transport_key(&self) -> Result<(StatementId, zeroize::Zeroizing<[u8; 32]>), Failure> {
        let directory = self.store.directory()?;
        let current = directory.current(&self.root, Role::Transport);
        let (certificate, public) = current.ok_or_else(|| {
            Failure::new("identity-broken", Exit::Locked).with("error", "no transport key")
        })?;
        Ok((certificate, self.keys.read("transport", &public)?))
    }

    /// Whether a spare key signs here.
    pub fn spare_signs(&self) -> Result<bool, Failure> {
        Ok(self.signing()?.0 == Role::Spare)
    }
}

impl Handle {
    /// Rotates the sign key: a new key and certificate, and in every circle a last record that names the successor.
    pub fn rotate(&mut self) -> Result<(), Failure> {
        if self.identity().spare_signs()? {
            // The feed before was left for the spare one, which its certificate does not end.
            return self.new_feed();
        }
        let (_, certificate) = self.identity().sign_key()?;
        self.new_sign_key(Some(certificate))?;
        self.finish_rotation()
    }

    /// Replaces the transport or receive key. An old receive key still opens what was written for it, until it is
    /// revoked; exports of who heard of the new one go to that one only.
    pub fn rotate_key(&mut self, role: Role) -> Result<(), Failure> {
        let directory = self.store.directory_of(&self.root)?;
        let before = directory.current(&self.root, role).map(|(id, _)| id);
        self.new_key(role, before)
    }

    /// Takes the transport or receive key in use back, everywhere, and goes on with a new one. What was written for a
    /// revoked receive key is not opened here any more.
    pub fn revoke_key(&mut self, role: Role) -> Result<(), Failure> {
        let directory = self.store.directory_of(&self.root)?;
        let before = directory.current(&self.root, role);
        self.new_key(role, before.map(|(id, _)| id))?;
        let Some((_, public)) = before else {
            return Ok(());
        };
        let root = self.root_secret()?;
        let time = Hlc::from_millis(now());
        let statement = own(revocation(&root, public, None, None, time))?;
        self.store.add_statements(&[statement])?;
        Ok(())
    }

    fn new_key(&mut self, role: Role, replaces: Option<StatementId>) -> Result<(), Failure> {
        let root = self.root_secret()?;
        let (seed, time) = (random()?, Hlc::from_millis(now()));
        let (signing, receive) = (
            SigningSecret::from_bytes(&seed),
            ReceiveSecret::from_bytes(seed),
        );
        let receiving = Receiving {
            secret: &receive,
            random: random()?,
        };
        let holder: &dyn Holder = match role {
            Role::Receive => &receiving,
            Role::Sign | Role::Spare | Role::Transport => &signing,
        };
        self.keys.write(role.name(), &holder.certified(), &seed)?;
        let statement = own(certificate(&root, role, holder, replaces, time))?;
        self.store.add_statements(&[statement])?;
        Ok(())
    }

    /// Opens a new feed where the old one may not be written any more (a restored, moved or copied home).
    pub fn new_feed(&mut self) -> Result<(), Failure> {
        let before = self.feed()?;
        self.start_feed()?;
        self.mend_forks(&before)?;
        self.store
            .set_meta("place", place(&self.config.home).as_bytes())?;
        Ok(())
    }

    /// The same with a spare key, for a home whose root is locked: ordinary records only. A spare key serves one
    /// life; a second home that takes the same one forks its feed.
    pub fn new_feed_spare(&mut self) -> Result<(), Failure> {
        let directory = self.store.directory_of(&self.root)?;
        let mut unused = None;
        for (certificate, public) in directory.standing(&self.root, Role::Spare) {
            if !self.store.feed_known(&FeedKey(public))? {
                self.keys.read(Role::Spare.name(), &public)?;
                unused = Some(certificate);
            }
        }
        let spare = unused.ok_or_else(|| Failure::new("spare-used", Exit::Locked))?;
        self.store.set_meta("signing", &spare.0)?;
        self.store.forget_meta("rotating")?;
        self.store
            .set_meta("place", place(&self.config.home).as_bytes())?;
        self.store.renew_epoch(now(), random()?)?;
        self.store.forget_meta("stopped")?;
        Ok(())
    }

    /// A new sign key, with no successor record in the feed before it: that one may have gone on elsewhere.
    pub(super) fn start_feed(&mut self) -> Result<(), Failure> {
        let (_, _, before) = self.identity().signing()?;
        self.new_sign_key(Some(before))?;
        self.store.forget_meta("rotating")?;
        // An older copy has lost what its acknowledgements say it has; a new life voids them.
        self.store.renew_epoch(now(), random()?)?;
        self.store.forget_meta("stopped")?;
        Ok(())
    }

    fn new_sign_key(&mut self, replaces: Option<StatementId>) -> Result<(), Failure> {
        let root = self.root_secret()?;
        let secret = SigningSecret::from_bytes(&random()?);
        self.keys
            .write("sign", &secret.public(), &secret.to_bytes())?;
        if let Some(old) = &replaces {
            let mut owed = self.store.meta("rotating")?.unwrap_or_default();
            owed.extend(old.0);
            self.store.set_meta("rotating", &owed)?;
        }
        let time = Hlc::from_millis(now());
        let statement = own(certificate(&root, Role::Sign, &secret, replaces, time))?;
        let id = statement.id();
        let mut statements = vec![statement];
        statements.extend(self.fresh_spare(&root, time)?);
        self.store.add_statements(&statements)?;
        self.store.set_meta("signing", &id.0)?;
        Ok(())
    }

    /// Certifies another spare key where none is left that never wrote.
    fn fresh_spare(
        &self,
        root: &SigningSecret,
        time: Hlc,
    ) -> Result<Option<Verified<Statement>>, Failure> {
        let directory = self.store.directory_of(&self.root)?;
        for (_, public) in directory.standing(&self.root, Role::Spare) {
            if !self.store.feed_known(&FeedKey(public))? {
                return Ok(None);
            }
        }
        let secret = SigningSecret::from_bytes(&random()?);
        let name = Role::Spare.name();
        self.keys
            .write(name, &secret.public(), &secret.to_bytes())?;
        let spare = certificate(root, Role::Spare, &secret, None, time);
        Ok(Some(own(spare)?))
    }

    /// Writes the successor records that an interrupted rotation still owes. A circle in which that fails is noted
    /// and tried again at the next opening: no circle's trouble keeps a home from opening.
    pub(super) fn finish_rotation(&mut self) -> Result<(), Failure> {
        let Some(owed) = self.store.meta("rotating")? else {
            return Ok(());
        };
        let directory = self.store.directory_of(&self.root)?;
        let (_, next, id) = self.identity().signing()?;
        let mut left: Vec<u8> = Vec::new();
        let mut trouble = BTreeSet::new();
        for old in owed.chunks_exact(32).filter_map(StatementId::from_slice) {
            let Some((_, _, public)) = directory.certificate(&old).filter(|_| id != old) else {
                continue;
            };
            let failed = self.end_feed(old, &public, next);
            if !failed.is_empty() {
                left.extend(old.0);
                trouble.extend(failed);
            }
        }
        if left.is_empty() {
            self.store.forget_meta("rotating")?;
            self.store.forget_meta(ROTATION_TROUBLE)?;
            return Ok(());
        }
        self.store.set_meta("rotating", &left)?;
        let told = trouble.into_iter().collect::<Vec<_>>().join(", ");
        if self.store.meta(ROTATION_TROUBLE)?.as_deref() != Some(told.as_bytes()) {
            self.store.set_meta(ROTATION_TROUBLE, told.as_bytes())?;
            let line = json!({"what": "rotation-waits", "circles": told});
            self.store.audit(now(), &line)?;
        }
        Ok(())
    }

    /// Ends a replaced feed in every circle; returns where that failed, and why.
    fn end_feed(&mut self, old: StatementId, public: &[u8; 32], next: [u8; 32]) -> Vec<String> {
        let secret = match self.keys.read("sign", public) {
            Ok(secret) => SigningSecret::from_bytes(&secret),
            Err(error) => return vec![format!("* ({error})")],
        };
        let owner = OwnFeed {
            root: self.root,
            signer: &secret,
            certificate: old,
        };
        let circles = match self.store.circle_ids() {
            Ok(circles) => circles,
            Err(error) => return vec![format!("* ({error})")],
        };
        let mut failed = Vec::new();
        for circle in circles {
            let ended = self.store.append_successor(&circle, &owner, next, now());
            if let Err(error) = ended {
                failed.push(format!("{} ({error})", circle.short()));
            }
        }
        failed
    }
}

pub(in crate::node) fn own(statement: Signed<Statement>) -> Result<Verified<Statement>, Failure> {
    verify(statement).map_err(|error| Failure::new("identity-broken", Exit::Locked).because(error))
}

/// Makes keys and certificates. Key files come first: what no statement names is harmless.
pub(super) fn make_identity(store: &mut Store, keys: &KeyFolder) -> Result<RootKey, Failure> {
    let root = SigningSecret::from_bytes(&random()?);
    let time = Hlc::from_millis(now());
    keys.write("root", &root.public(), &root.to_bytes())?;
    let mut statements = Vec::new();
    let spares = std::iter::repeat_n(Role::Spare, SPARES);
    for role in [Role::Sign, Role::Transport].into_iter().chain(spares) {
        let secret = SigningSecret::from_bytes(&random()?);
        keys.write(role.name(), &secret.public(), &secret.to_bytes())?;
        statements.push(own(certificate(&root, role, &secret, None, time))?);
    }
    let receive = ReceiveSecret::from_bytes(random()?);
    keys.write(Role::Receive.name(), &receive.public(), &receive.to_bytes())?;
    let receiving = Receiving {
        secret: &receive,
        random: random()?,
    };
    statements.push(own(certificate(
        &root,
        Role::Receive,
        &receiving,
        None,
        time,
    ))?);
    store.add_statements(&statements)?;
    let place = place(store.home());
    store.set_meta("place", place.as_bytes())?;
    store.set_meta("root", &root.public())?;
    Ok(RootKey(root.public()))
}
