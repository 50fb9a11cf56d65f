//! The root key at rest: in clear, under a passphrase, or under an age plugin (a token, a TPM). It is needed for
//! few things: statements about keys. Everything else goes on while it is locked.
//!
//! A locked root is `keys/root-PUBLIC.age`, an age file of the line that the plain key file would hold, so that
//! `age -d` alone gives it back. Under a plugin `keys/root-PUBLIC.identity` beside it says which; a plugin is a program
//! `age-plugin-NAME` in the PATH of whoever runs okibi, never anything from a medium.
//!
//! A passphrase comes from the file that the configuration names (`keys.passphrase-file`), else the face asks a person;
//! where there is nobody, the command ends with "key locked".

use std::io::{Read, Write};
use std::path::Path;

use age::plugin::{Identity, IdentityPluginV1, Recipient, RecipientPluginV1};
use data_encoding::HEXLOWER;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::carrier::media::keyring::{Addressee, Secret};
use crate::carrier::media::{MediaError, seal};
use crate::identity::{Signer, SigningSecret};
use crate::record::RootKey;
use crate::store::keys::{KeyFolder, Rest};

use crate::node::bundle::external_recipients::passphrase_file;
use crate::node::{Exit, Failure, Handle};

/// Asks a person for the passphrase of the root key.
pub type AskPassphrase = Box<dyn Fn() -> Result<SecretString, Failure> + Send>;

/// Bytes of a locked key file: ours have about 300.
const LOCKED_BYTES: u64 = 64 << 10;

/// How the root key is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootLock {
    Plain,
    Passphrase,
    /// The plugin's name.
    Plugin(String),
    /// There is no file of it in this home.
    Missing,
}

fn locked(error: impl std::fmt::Display) -> Failure {
    Failure::new("key-locked", Exit::Locked).with("error", error)
}

/// The root key of one home, as it lies there.
pub struct RootAtRest<'a> {
    keys: &'a KeyFolder,
    root: RootKey,
    passphrase_file: Option<&'a Path>,
    ask: Option<&'a AskPassphrase>,
}

impl Handle {
    /// Says how a person is asked for the passphrase.
    #[must_use]
    pub fn asking(mut self, ask: AskPassphrase) -> Self {
        self.ask = Some(ask);
        self
    }

    /// The root key, as it lies in this home.
    pub fn root_at_rest(&self) -> RootAtRest<'_> {
        RootAtRest {
            keys: &self.keys,
            root: self.root,
            passphrase_file: self.config.passphrase_file.as_deref(),
            ask: self.ask.as_ref(),
        }
    }

    /// The root key, unlocked if need be.
    pub(super) fn root_secret(&self) -> Result<SigningSecret, Failure> {
        self.root_at_rest().secret()
    }
}

impl RootAtRest<'_> {
    /// The way in which it is kept.
    pub fn lock_state(&self) -> RootLock {
        let exists = |rest| self.keys.path_of("root", &self.root.0, rest).exists();
        if exists(Rest::Plain) {
            RootLock::Plain
        } else if !exists(Rest::Locked) {
            RootLock::Missing
        } else if exists(Rest::Identity) && !self.under_passphrase() {
            // The last line is the newest.
            let lines = self.plugins().unwrap_or_default();
            RootLock::Plugin(
                lines
                    .last()
                    .map_or_else(|| "?".to_owned(), |(name, _)| name.clone()),
            )
        } else {
            RootLock::Passphrase
        }
    }

    /// The age file itself says what opens it: while a lock is changed, another's identity may lie beside it.
    fn under_passphrase(&self) -> bool {
        let bytes = self
            .keys
            .read_bytes("root", &self.root.0, Rest::Locked)
            .unwrap_or_default();
        bytes.starts_with(&[seal::MAGIC.as_slice(), b"-> scrypt "].concat())
    }

    /// Unlocks it, if need be.
    fn secret(&self) -> Result<SigningSecret, Failure> {
        let line = match self.lock_state() {
            // Where nothing is, the plain file is what is missed.
            RootLock::Plain | RootLock::Missing => {
                let bytes = self.keys.read("root", &self.root.0)?;
                return Ok(SigningSecret::from_bytes(&bytes));
            }
            RootLock::Passphrase => {
                let secret = [Secret::Passphrase(self.words()?)];
                let bytes = self.keys.read_bytes("root", &self.root.0, Rest::Locked)?;
                let mut line = Zeroizing::new(Vec::new());
                let opened = seal::open(&bytes[..], &secret).map_err(|error| match error {
                    MediaError::NothingForMe => locked("that is not its passphrase"),
                    other => locked(other),
                })?;
                opened
                    .take(LOCKED_BYTES)
                    .read_to_end(&mut line)
                    .map_err(locked)?;
                line
            }
            RootLock::Plugin(_) => self.ask_plugin()?,
        };
        self.root_of(&line)
    }

    /// Reads the line of a key file; it must be the key of this identity.
    fn root_of(&self, line: &[u8]) -> Result<SigningSecret, Failure> {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let mut bytes = Zeroizing::new([0; 32]);
        let fits = matches!(HEXLOWER.decode_len(text.len()), Ok(32))
            && HEXLOWER.decode_mut(text, &mut bytes[..]).is_ok();
        let secret = SigningSecret::from_bytes(&bytes);
        if fits && secret.public() == self.root.0 {
            return Ok(secret);
        }
        let path = self.keys.path_of("root", &self.root.0, Rest::Locked);
        Err(Failure::new("key-malformed", Exit::Locked).with("path", path.display()))
    }

    /// The passphrase of the root key.
    fn words(&self) -> Result<SecretString, Failure> {
        match (self.passphrase_file, self.ask) {
            (Some(path), _) => passphrase_file(path),
            (None, Some(ask)) => ask(),
            (None, None) => Err(locked("nobody can be asked for its passphrase")),
        }
    }

    /// Puts the root key under a passphrase; one that it had before is asked for.
    pub fn lock(&self, words: SecretString) -> Result<(), Failure> {
        let secret = self.secret()?;
        let to = [Addressee::Passphrase(words.clone())];
        let mut sealer = seal::seal(Vec::new(), &to)?;
        let line = Zeroizing::new(format!("{}\n", HEXLOWER.encode(&*secret.to_bytes())));
        sealer.write_all(line.as_bytes()).map_err(locked)?;
        let sealed = sealer.finish().map_err(locked)?;
        // Opened from the disk before anything else goes: what does not open is no copy.
        let opens = |bytes: &[u8]| -> Result<(), Failure> {
            let mut back = Zeroizing::new(Vec::new());
            let opened = seal::open(bytes, &[Secret::Passphrase(words)])?;
            opened
                .take(LOCKED_BYTES)
                .read_to_end(&mut back)
                .map_err(locked)?;
            self.root_of(&back).map(drop)
        };
        self.keys
            .write_bytes("root", &self.root.0, Rest::Locked, &sealed, opens)?;
        self.keys.remove("root", &self.root.0, Rest::Identity)?;
        self.keys.remove("root", &self.root.0, Rest::Plain)?;
        Ok(())
    }

    /// Takes passphrase or plugin off the root key: it lies in clear again.
    pub fn unlock(&self) -> Result<(), Failure> {
        let secret = self.secret()?;
        self.keys.write("root", &self.root.0, &secret.to_bytes())?;
        self.keys.remove("root", &self.root.0, Rest::Locked)?;
        self.keys.remove("root", &self.root.0, Rest::Identity)?;
        Ok(())
    }

    /// Puts the root key under an age plugin: `recipient` as the plugin prints it (`age1NAME1...`), `identity` a file with
    /// its `AGE-PLUGIN-NAME-1...` line.
    pub fn lock_by_plugin(&self, recipient: &str, identity: &Path) -> Result<(), Failure> {
        let bad = |error: &dyn std::fmt::Display| {
            Failure::new("plugin-failed", Exit::Failed).with("error", error)
        };
        let recipient: Recipient = recipient.parse().map_err(|error: &str| bad(&error))?;
        let text =
            std::fs::read_to_string(identity).map_err(|error| Failure::io(identity, error))?;
        let line = text
            .lines()
            .find(|line| line.starts_with("AGE-PLUGIN-"))
            .ok_or_else(|| bad(&"the file holds no AGE-PLUGIN- line"))?;
        let secret = self.secret()?;
        let plugin = RecipientPluginV1::new(
            recipient.plugin(),
            std::slice::from_ref(&recipient),
            &[],
            self.callbacks(),
        )
        .map_err(|error| bad(&error))?;
        let to = [&plugin as &dyn age::Recipient];
        let encryptor =
            age::Encryptor::with_recipients(to.into_iter()).map_err(|error| bad(&error))?;
        let mut writer = encryptor
            .wrap_output(Vec::new())
            .map_err(|error| bad(&error))?;
        let plain = Zeroizing::new(format!("{}\n", HEXLOWER.encode(&*secret.to_bytes())));
        writer
            .write_all(plain.as_bytes())
            .map_err(|error| bad(&error))?;
        let sealed = writer.finish().map_err(|error| bad(&error))?;
        let root = self.root.0;
        // Until the new age file stands, the old one may need the identity that was there: both are named.
        let before = self.plugins().unwrap_or_default();
        let mut both: String = before.iter().map(|(_, line)| format!("{line}\n")).collect();
        both.push_str(&format!("{line}\n"));
        let keep = |_: &[u8]| Ok::<(), Failure>(());
        self.keys
            .write_bytes("root", &root, Rest::Identity, both.as_bytes(), keep)?;
        // Opened from the disk before anything else goes: what the plugin does not give back is no copy.
        let opens = |bytes: &[u8]| -> Result<(), Failure> {
            let back = self.open_by_plugin(line, bytes)?;
            self.root_of(&back).map(drop)
        };
        self.keys
            .write_bytes("root", &root, Rest::Locked, &sealed, opens)?;
        let line = format!("{line}\n");
        self.keys
            .write_bytes("root", &root, Rest::Identity, line.as_bytes(), keep)?;
        self.keys.remove("root", &root, Rest::Plain)?;
        Ok(())
    }

    /// The plugins that may open a locked root: names and identities' lines. There is one, and two while one takes the
    /// place of the other.
    fn plugins(&self) -> Result<Vec<(String, String)>, Failure> {
        let bytes = self.keys.read_bytes("root", &self.root.0, Rest::Identity)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().take(2).map(|line| {
            let identity: Identity = line.parse().map_err(|error: &str| locked(error))?;
            Ok((identity.plugin().to_owned(), line.to_owned()))
        });
        lines.collect()
    }

    fn ask_plugin(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let bytes = self.keys.read_bytes("root", &self.root.0, Rest::Locked)?;
        let mut last = locked("the file of its plugin is empty");
        for (_, line) in self.plugins()?.iter().rev() {
            match self.open_by_plugin(line, &bytes) {
                Ok(found) => return Ok(found),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    fn open_by_plugin(&self, line: &str, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let identity: Identity = line.parse().map_err(|error: &str| locked(error))?;
        let plugin = IdentityPluginV1::new(
            identity.plugin(),
            std::slice::from_ref(&identity),
            self.callbacks(),
        )
        .map_err(locked)?;
        let decryptor = age::Decryptor::new_buffered(bytes).map_err(locked)?;
        let opened = decryptor
            .decrypt(std::iter::once(&plugin as &dyn age::Identity))
            .map_err(locked)?;
        let mut line = Zeroizing::new(Vec::new());
        opened
            .take(LOCKED_BYTES)
            .read_to_end(&mut line)
            .map_err(locked)?;
        Ok(line)
    }

    /// What a plugin may ask: nothing but a PIN or passphrase from the configured file. Tokens blink by themselves.
    fn callbacks(&self) -> Words {
        Words(
            self.passphrase_file
                .and_then(|path| passphrase_file(path).ok()),
        )
    }
}

/// Answers a plugin's question for a PIN.
#[derive(Clone)]
struct Words(Option<SecretString>);

impl age::Callbacks for Words {
    fn display_message(&self, _: &str) {}

    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }

    fn request_public_string(&self, _: &str) -> Option<String> {
        None
    }

    fn request_passphrase(&self, _: &str) -> Option<SecretString> {
        self.0.clone()
    }
}
