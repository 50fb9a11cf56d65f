//! Whom a bundle is sealed to, and what opens it: the receive key of a member, or something that comes from
//! outside of okibi, an SSH key or a passphrase.
//!
//! HEAD names each of them by its `name`, hashed with the bundle's id: the receive key, the blob of the SSH
//! public key, or a fixed word for "a passphrase". What a passphrase *is* never goes into a hash that is cheaper to
//! try than scrypt: there only the sealed token tells whether HEAD means it (docs/decisions/015).
//!
//! Nothing here asks a person: a locked SSH key comes with its passphrase, or is refused as `Locked`.

use std::str::FromStr;

use age::ssh::{Identity as SshIdentity, ParseRecipientKeyError, Recipient as SshRecipient};
use data_encoding::BASE64;
use secrecy::SecretString;

use crate::bundle::limits::{SCRYPT_ACCEPT, SCRYPT_WRITE};
use crate::identity::ReceiveSecret;

use super::MediaError;
use super::seal;

/// What stands for "a passphrase" where HEAD names a recipient.
const PASSPHRASE: &[u8] = b"okibi passphrase";

/// Somebody whom a bundle is sealed to.
#[derive(Clone)]
pub enum Addressee {
    /// A receive key, of a member's certificate.
    Receive([u8; 32]),
    /// An SSH public key: `ssh-ed25519` or `ssh-rsa` of 2,048 to 4,096 bits.
    Ssh(SshRecipient),
    /// Whoever knows it. It stands alone in a bundle.
    Passphrase(SecretString),
}

/// Something that may open a bundle.
pub enum Secret {
    /// The secret half of a receive key.
    Receive(ReceiveSecret),
    /// An unlocked SSH key, and the blob of its public half.
    Ssh(Box<SshIdentity>, Vec<u8>),
    /// A passphrase.
    Passphrase(SecretString),
}

/// Why a key from outside cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("{0}")]
    Unusable(String),
    /// The key has a passphrase of its own, which was not given or is another one.
    #[error("the key is locked by a passphrase")]
    Locked,
}

fn unusable(why: impl Into<String>) -> KeyringError {
    KeyringError::Unusable(why.into())
}

fn ssh_problem(error: ParseRecipientKeyError) -> KeyringError {
    match error {
        ParseRecipientKeyError::RsaModulusTooLarge => {
            unusable("an RSA key of more than 4,096 bits")
        }
        ParseRecipientKeyError::RsaModulusTooSmall => {
            unusable("an RSA key of less than 2,048 bits")
        }
        ParseRecipientKeyError::Unsupported(kind) => {
            unusable(format!("keys of type {kind} do not encrypt"))
        }
        _ => unusable("not an SSH public key"),
    }
}

/// The blob of a public key: what its line holds in base64.
fn blob(key: &SshRecipient) -> Vec<u8> {
    match key {
        SshRecipient::SshRsa(blob, _) | SshRecipient::SshEd25519(blob, _) => blob.clone(),
    }
}

impl From<[u8; 32]> for Addressee {
    fn from(receive: [u8; 32]) -> Self {
        Self::Receive(receive)
    }
}

impl From<ReceiveSecret> for Secret {
    fn from(secret: ReceiveSecret) -> Self {
        Self::Receive(secret)
    }
}

impl Addressee {
    /// An SSH public key as its line says it: `ssh-ed25519 AAAA... comment`.
    pub fn ssh(line: &str) -> Result<Self, KeyringError> {
        // A private key's file would be read as "invalid", which does not tell why.
        if line.contains("PRIVATE KEY") {
            return Err(unusable(
                "it is a private key; the line of its .pub file is asked for",
            ));
        }
        SshRecipient::from_str(line.trim())
            .map(Self::Ssh)
            .map_err(ssh_problem)
    }

    /// An age recipient, `age1...`.
    pub fn age_line(line: &str) -> Result<Self, KeyringError> {
        seal::recipient_from_string(line.trim())
            .map(Self::Receive)
            .ok_or_else(|| unusable("not an age recipient"))
    }

    /// What HEAD names it by.
    pub fn name(&self) -> Vec<u8> {
        match self {
            Self::Receive(key) => key.to_vec(),
            Self::Ssh(key) => blob(key),
            Self::Passphrase(_) => PASSPHRASE.to_vec(),
        }
    }

    /// For people: the beginning of what it is.
    pub fn shown(&self) -> String {
        match self {
            Self::Receive(key) => seal::recipient_string(key),
            Self::Ssh(key) => {
                let kind = match key {
                    SshRecipient::SshRsa(..) => "ssh-rsa",
                    SshRecipient::SshEd25519(..) => "ssh-ed25519",
                };
                // As `ssh-keygen -l` shows it.
                let hash = <sha2::Sha256 as sha2::Digest>::digest(blob(key));
                let hash = BASE64.encode(&hash);
                format!("{kind} SHA256:{}", hash.trim_end_matches('='))
            }
            Self::Passphrase(_) => "passphrase".to_owned(),
        }
    }

    /// Bytes of its stanza in an age header, at most.
    pub(super) fn stanza_bytes(&self) -> u64 {
        match self {
            Self::Receive(_) => 98,
            // Tag, a short hash and an ephemeral key; the same body.
            Self::Ssh(SshRecipient::SshEd25519(..)) => 128,
            // 512 bytes in base64, in lines of 64.
            Self::Ssh(SshRecipient::SshRsa(..)) => 720,
            Self::Passphrase(_) => 96,
        }
    }

    pub(super) fn age(&self) -> Result<Box<dyn age::Recipient>, MediaError> {
        Ok(match self {
            Self::Receive(key) => Box::new(seal::recipient(key)?),
            Self::Ssh(key) => Box::new(key.clone()),
            Self::Passphrase(words) => {
                let mut recipient = age::scrypt::Recipient::new(words.clone());
                recipient.set_work_factor(SCRYPT_WRITE);
                Box::new(recipient)
            }
        })
    }
}

/// A passphrase that does not fit opens nothing, like a key that does not: on one stick there may be bundles for
/// several.
struct Words(age::scrypt::Identity);

impl age::Identity for Words {
    fn unwrap_stanza(
        &self,
        stanza: &age_core::format::Stanza,
    ) -> Option<Result<age_core::format::FileKey, age::DecryptError>> {
        match self.0.unwrap_stanza(stanza) {
            Some(Err(age::DecryptError::DecryptionFailed)) => None,
            other => other,
        }
    }
}

impl Clone for Secret {
    fn clone(&self) -> Self {
        match self {
            Self::Receive(secret) => Self::Receive(ReceiveSecret::from_bytes(*secret.to_bytes())),
            Self::Ssh(identity, blob) => Self::Ssh(identity.clone(), blob.clone()),
            Self::Passphrase(words) => Self::Passphrase(words.clone()),
        }
    }
}

impl Secret {
    /// An SSH private key, of OpenSSH's or PEM's format; `passphrase` unlocks it if it is locked.
    pub fn ssh(text: &[u8], passphrase: Option<SecretString>) -> Result<Self, KeyringError> {
        let found =
            SshIdentity::from_buffer(text, None).map_err(|_| unusable("not an SSH private key"))?;
        let unlocked = match found {
            SshIdentity::Encrypted(key) => {
                let passphrase = passphrase.ok_or(KeyringError::Locked)?;
                let key = key.decrypt(passphrase).map_err(|_| KeyringError::Locked)?;
                SshIdentity::from(key)
            }
            other => other,
        };
        let public = SshRecipient::try_from(unlocked.clone()).map_err(ssh_problem)?;
        Ok(Self::Ssh(Box::new(unlocked), blob(&public)))
    }

    /// What HEAD would name it by.
    pub fn name(&self) -> Vec<u8> {
        match self {
            Self::Receive(secret) => secret.public().to_vec(),
            Self::Ssh(_, blob) => blob.clone(),
            Self::Passphrase(_) => PASSPHRASE.to_vec(),
        }
    }

    pub(super) fn age(&self) -> Result<Box<dyn age::Identity>, MediaError> {
        Ok(match self {
            Self::Receive(secret) => Box::new(seal::identity(secret)?),
            Self::Ssh(identity, _) => Box::new((**identity).clone()),
            Self::Passphrase(words) => {
                let mut identity = age::scrypt::Identity::new(words.clone());
                identity.set_max_work_factor(SCRYPT_ACCEPT);
                Box::new(Words(identity))
            }
        })
    }
}
