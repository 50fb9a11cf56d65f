//! Opening a home: folders, identity, the check that this is still the same machine, the starter shelf.

use std::path::Path;

use crate::carrier::media::files::Files;
use crate::config::Config;
use crate::record::RootKey;
use crate::store::Store;
use crate::store::keys::KeyFolder;

use super::identity::make_identity;
use super::modes::{lock_file, private_folder};
use crate::node::clock::{now, random};
use crate::node::{Event, Exit, Failure, Handle, Sink};

impl Handle {
    /// Whether a home lies where the configuration says; opening would make one.
    pub fn is_there(config: &Config) -> bool {
        Store::exists(&config.home)
    }

    /// Opens the home; at first run makes an identity and takes the starter bundle in.
    pub fn open(config: Config, sink: Sink) -> Result<Self, Failure> {
        let mut handle = Self::open_bare(config, sink)?;
        if handle.store.is_read_only() {
            return Ok(handle);
        }
        handle.take_starter()?;
        handle.refresh_shelves()?;
        Ok(handle)
    }

    /// Opens the home without the starter shelf: what makes a starter bundle does not need one.
    pub fn open_bare(config: Config, mut sink: Sink) -> Result<Self, Failure> {
        private_folder(&config.home, &mut sink)?;
        // One process at a time makes the identity; the lock goes with the process.
        let path = config.home.join("first-run.lock");
        let lock = match lock_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem => {
                return Self::open_read_only(config, sink);
            }
            other => other.map_err(|error| Failure::io(&path, error))?,
        };
        lock.lock().map_err(|error| Failure::io(&path, error))?;
        // The database is made before the first key: keys without one are a home that lost it. A new
        // identity beside the old keys would look like the loss of everything, and hide that they are there.
        if !Store::exists(&config.home) && KeyFolder::of(&config.home).has("root") {
            let place = config.home.display();
            return Err(Failure::new("database-missing", Exit::Locked).with("path", place));
        }
        let mut store = Store::open(&config.home, now(), random()?)?;
        let keys = KeyFolder::of(&config.home);
        let root = match store
            .meta("root")?
            .and_then(|bytes| RootKey::from_slice(&bytes))
        {
            Some(root) => root,
            None => {
                let root = make_identity(&mut store, &keys)?;
                sink(Event::IdentityMade { root });
                root
            }
        };
        check_place(&store, &config.home, &mut sink)?;
        let mut handle = Self {
            config,
            store,
            keys,
            root,
            sink,
            layer: Box::new(|root| Files::new(root)),
            step: crate::node::bundle::batches::Step::default(),
            lent: Vec::new(),
            system: "/".into(),
            ask: None,
        };
        if handle.store.meta("signing")?.is_none() {
            // Of a home that was made before this was kept.
            let (_, _, certificate) = handle.identity().signing()?;
            handle.store.set_meta("signing", &certificate.0)?;
        }
        handle.finish_rotation()?;
        drop(lock);
        Ok(handle)
    }

    /// Opens a home that cannot be written: it is shown as it was left.
    fn open_read_only(config: Config, mut sink: Sink) -> Result<Self, Failure> {
        let store = Store::open_read_only(&config.home)?;
        let root = store
            .meta("root")?
            .and_then(|bytes| RootKey::from_slice(&bytes));
        let root = root.ok_or_else(|| {
            Failure::new("identity-broken", Exit::Locked).with("error", "no root")
        })?;
        sink(Event::HomeReadOnly);
        Ok(Self {
            keys: KeyFolder::of(&config.home),
            config,
            store,
            root,
            sink,
            layer: Box::new(|root| Files::new(root)),
            step: crate::node::bundle::batches::Step::default(),
            lent: Vec::new(),
            ask: None,
            system: "/".into(),
        })
    }

    /// The root key of this home.
    pub fn root(&self) -> RootKey {
        self.root
    }
}

/// The future place of a home that does not exist yet.
pub(super) fn place_of(home: &Path) -> String {
    let parent = home
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    match (parent, home.file_name()) {
        (Ok(parent), Some(name)) => place(&parent.join(name)),
        _ => place(home),
    }
}

/// Machine and folder, hashed: a copied or moved home stands elsewhere.
pub(super) fn place(home: &Path) -> String {
    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let folder = home.canonicalize().unwrap_or_else(|_| home.to_owned());
    let mut hasher = blake3::Hasher::new_derive_key("okibi 2026 place of a home v1");
    hasher.update(machine.trim().as_bytes()).update(b"\n");
    hasher.update(folder.as_os_str().as_encoded_bytes());
    hasher.finalize().to_hex().to_string()
}

fn check_place(store: &Store, home: &Path, sink: &mut Sink) -> Result<(), Failure> {
    let here = place(home);
    if store
        .meta("place")?
        .is_some_and(|there| there != here.as_bytes())
    {
        store.set_meta("stopped", b"moved")?;
        sink(Event::HomeMoved);
    }
    Ok(())
}
