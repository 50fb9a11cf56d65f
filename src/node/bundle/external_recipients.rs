//! External recipients: bundles for somebody who has no receive key here, by an SSH key or by a
//! passphrase.
//!
//! Such a bundle holds everything of the circle that its members have, because nothing is known of
//! what its reader has already. It admits nobody.
//!
//! **Always holds.** Files that should hold a key or a passphrase are read up to a bound. Secrets
//! are wiped from memory when they are dropped.
//!
//! **Failure.** A key or passphrase that cannot be used is refused by name before anything is
//! written.

use std::io::Read;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::carrier::media::keyring::{Addressee, KeyringError, Secret};
use crate::carrier::media::seal;
use crate::identity::{Words, words_of};
use crate::store::CircleView;

use super::export::Export;
use super::export_target::Target;
use crate::node::{Exit, Failure, Handle};

/// Bytes of a file that should hold a key or a passphrase: an RSA key of 4,096 bits has about 3,400.
const KEY_BYTES: u64 = 32 * 1024;

/// Characters of a new passphrase, at least. Whoever has the file tries as many as his machines can.
const PASSPHRASE: usize = 10;
/// Words of one that okibi makes up: 110 bits.
const MADE_UP: usize = 10;

/// Takes a new passphrase, if it is long enough.
pub fn new_passphrase(words: SecretString) -> Result<SecretString, Failure> {
    match words.expose_secret().chars().count() {
        0 => Err(Failure::new("passphrase-empty", Exit::Usage)),
        count if count < PASSPHRASE => {
            Err(Failure::new("passphrase-short", Exit::Usage).with("least", PASSPHRASE))
        }
        _ => Ok(words),
    }
}

/// Ten words by chance, to be written down.
pub fn made_up_words() -> Result<SecretString, Failure> {
    let mut words: Vec<String> = Vec::new();
    while words.len() < MADE_UP {
        let chance = Zeroizing::new(crate::node::clock::random::<32>()?);
        words.extend(words_of(&chance, Words::English));
    }
    words.truncate(MADE_UP);
    Ok(words.join("-").into())
}

/// The passphrase that a file holds: its first line. A file that others can read is refused, as ssh refuses such keys.
pub fn passphrase_file(path: &Path) -> Result<SecretString, Failure> {
    crate::node::home::modes::is_private(path)?;
    let text = Zeroizing::new(small(path)?);
    let bad = || Failure::new("passphrase-bad", Exit::Usage).with("path", path.display());
    let text = Zeroizing::new(crate::node::paste::text(&text).ok_or_else(bad)?);
    let line = crate::node::paste::passphrase(text.lines().next().unwrap_or_default());
    if line.is_empty() {
        return Err(Failure::new("passphrase-bad", Exit::Usage).with("path", path.display()));
    }
    Ok(line.into())
}

/// Recipients of a backup: `age1...`, an SSH public key's line, or a file of such lines.
pub fn recipients(text: &str) -> Result<Vec<Addressee>, Failure> {
    if text.starts_with("age1") {
        let bad = |error| Failure::new("ssh-key-bad", Exit::Usage).with("error", error);
        return Ok(vec![Addressee::age_line(text).map_err(bad)?]);
    }
    ssh_recipients(text)
}

/// The secret that opens a backup, from a file: an age identity (`AGE-SECRET-KEY-1...`) or an SSH private key, which `passphrase` is
/// asked for if it is locked.
pub fn identity_file(
    path: &Path,
    passphrase: impl FnOnce() -> Result<SecretString, Failure>,
) -> Result<Secret, Failure> {
    crate::node::home::modes::is_private(path)?;
    let text = Zeroizing::new(small(path)?);
    let lines = String::from_utf8_lossy(&text);
    let age = lines
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-1"));
    if let Some(secret) = age.and_then(|line| seal::secret_from_string(line.trim())) {
        return Ok(secret.into());
    }
    ssh_secret(path, &text, passphrase)
}

fn ssh_secret(
    path: &Path,
    text: &[u8],
    passphrase: impl FnOnce() -> Result<SecretString, Failure>,
) -> Result<Secret, Failure> {
    let secret = match Secret::ssh(text, None) {
        Err(KeyringError::Locked) => Secret::ssh(text, Some(passphrase()?)),
        other => other,
    };
    secret.map_err(|error| match error {
        KeyringError::Locked => {
            Failure::new("ssh-key-locked", Exit::Locked).with("path", path.display())
        }
        other => Failure::new("ssh-key-bad", Exit::Usage).with("error", other),
    })
}

/// SSH public keys: a line, or a file that holds lines as `authorized_keys` does.
pub fn ssh_recipients(text: &str) -> Result<Vec<Addressee>, Failure> {
    let bad = |error: KeyringError| Failure::new("ssh-key-bad", Exit::Usage).with("error", error);
    if text.starts_with("ssh-") {
        return Ok(vec![Addressee::ssh(text).map_err(bad)?]);
    }
    let path = Path::new(text);
    let bytes = Zeroizing::new(small(path)?);
    let lines = String::from_utf8_lossy(&bytes);
    let lines = lines.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<Addressee> = lines
        .map(Addressee::ssh)
        .collect::<Result<_, _>>()
        .map_err(bad)?;
    if keys.is_empty() {
        return Err(Failure::new("ssh-key-bad", Exit::Usage).with("error", path.display()));
    }
    Ok(keys)
}

fn small(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |error: std::io::Error| Failure::io(path, error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(fail)?;
    file.take(KEY_BYTES).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

impl Handle {
    /// Lends an SSH private key to this handle: bundles for it open, too. `passphrase` is asked for if the key is
    /// locked.
    pub fn lend_ssh_key(
        &mut self,
        path: &Path,
        passphrase: impl FnOnce() -> Result<SecretString, Failure>,
    ) -> Result<(), Failure> {
        let text = Zeroizing::new(small(path)?);
        self.lent.push(ssh_secret(path, &text, passphrase)?);
        Ok(())
    }

    /// Lends a passphrase to this handle: bundles for it open, too.
    pub fn lend_passphrase(&mut self, passphrase: SecretString) {
        self.lent.push(Secret::Passphrase(passphrase));
    }

    /// Writes all of a circle for recipients from outside.
    pub fn export_foreign(
        &mut self,
        circle: &CircleView,
        to: &[Addressee],
        target: Target<'_>,
        dry: bool,
    ) -> Result<Export, Failure> {
        self.may_write(circle)?;
        let shipment = self.shipment(circle, &[], true, None)?;
        let mut report = shipment.report();
        report.unacknowledged = to.len();
        if !dry {
            let names: Vec<String> = to.iter().map(Addressee::shown).collect();
            report.written = Some(self.ship(circle, shipment, to, target, &names, "export")?);
        }
        Ok(report)
    }
}
