//! The starter bundle: the manual and a toy model, built into the binary and taken in at first run through the
//! same code as any stick. It is a read-only shelf: a circle of a throw-away key whose genesis is
//! pinned here, addressed to an age identity that everybody knows.

use std::path::Path;

use crate::carrier::media::read::Source as Stream;
use crate::carrier::media::seal::secret_from_string;
use crate::identity::ReceiveSecret;
use crate::library::{MediaType, manual};
use crate::model::{Card, file::ModelFile};
use crate::record::{Admin, Body, CircleId, Document, Model, Policy as CirclePolicy};
use crate::store::{OwnFeed, Scope, Standing};

use super::export_target::Target;
use super::import::{Policy, Taken};
use super::intake::ImportOptions;
use crate::node::clock::{now, random};
use crate::node::{Event, Exit, Failure, Handle};

/// The bundle; `just starter` makes it from `bundles/starter/`.
const STARTER: &[u8] = include_bytes!("../../../bundles/starter.okb");
/// The id of its genesis record, in hexadecimal.
const PIN: &str = include_str!("../../../bundles/starter.pin");
/// An age identity that is no secret: the starter is public, and still an ordinary sealed bundle.
const PUBLIC_IDENTITY: &str = include_str!("../../../bundles/starter.identity");
/// The toy's licence, as it stands beside its weights.
const EMBER_LICENCE: &str = "MIT OR Apache-2.0";
const EMBER_NOTE: &str =
    "1.3 M parameters that dream fairy tales; it shows that the engine runs and is no assistant";

/// The genesis of the shelf that belongs to this binary.
fn pin() -> Result<CircleId, Failure> {
    PIN.trim().parse().map_err(|_| broken("the pin is no id"))
}

fn broken(why: &str) -> Failure {
    Failure::new("starter-broken", Exit::Failed).with("error", why)
}

fn public_identity() -> Result<ReceiveSecret, Failure> {
    let line = PUBLIC_IDENTITY
        .lines()
        .find(|line| !line.starts_with('#'))
        .unwrap_or_default();
    secret_from_string(line.trim()).ok_or_else(|| broken("the public identity is no age key"))
}

impl Handle {
    /// Takes the built-in starter bundle in, once for each version of it.
    pub(in crate::node) fn take_starter(&mut self) -> Result<(), Failure> {
        let pin = pin()?;
        let circles = self.store.circles()?;
        if circles.iter().any(|circle| circle.id == pin) {
            return Ok(());
        }
        let secrets = [public_identity()?.into()];
        let mut bytes = STARTER;
        let policy = Policy::Pinned(pin);
        let taken = self.import_one(
            Stream::Stream(&mut bytes),
            &secrets,
            policy,
            ImportOptions::default(),
        )?;
        let Taken::In(imported, _) = taken else {
            return Err(broken("it was not taken in"));
        };
        self.told(&imported)?;
        // The shelf of an older okibi goes once the new one is in place.
        for circle in circles
            .iter()
            .filter(|circle| circle.standing == Standing::Shelf)
        {
            self.drop_shelf(&circle.id, None)?;
        }
        let (documents, models) = (imported.documents.len(), imported.models.len());
        // Another process that was started at the same moment may have been first.
        if documents + models > 0 {
            (self.sink)(Event::StarterTaken { documents, models });
        }
        Ok(())
    }

    /// Makes a starter bundle out of the manual's parts in `sources` and a toy model, signed by the identity of
    /// this home, which is meant to be thrown away. Returns the id to pin.
    pub fn make_starter(
        &mut self,
        sources: &Path,
        model: &Path,
        out: &Path,
    ) -> Result<CircleId, Failure> {
        let (secret, certificate) = self.identity().sign_key()?;
        let genesis = Body::Genesis {
            name: "okibi starter".to_owned(),
            salt: random()?,
            policy: CirclePolicy::default(),
            admins: vec![Admin {
                root: self.root,
                name: "okibi".to_owned(),
                paper: None,
            }],
            predecessor: None,
        };
        let owner = OwnFeed {
            root: self.root,
            signer: &secret,
            certificate,
        };
        let id = self
            .store
            .found(&owner, genesis, Standing::Member, &[], now())?;
        for (title, text) in manual_parts(&sources.join("manual"))? {
            let blob = self.store.add_blob_bytes(text.as_bytes())?;
            let document = Document {
                title,
                media_type: MediaType::Markdown.as_str().to_owned(),
                language: "en".to_owned(),
                source: "okibi".to_owned(),
                licence: "MIT OR Apache-2.0".to_owned(),
                blob,
            };
            self.store.add_scope(Scope::Circle(id), &blob.blake3)?;
            self.write(&id, Body::from(document).into())?;
        }
        let mut content = toy(self.store.add_blob(model)?, model)?;
        let attribution = sources.join("ember-attribution.txt");
        content.source = std::fs::read_to_string(&attribution)
            .map_err(|error| Failure::io(&attribution, error))?;
        self.store
            .add_scope(Scope::Circle(id), &content.blob.blake3)?;
        self.write(&id, Body::from(content).into())?;

        let circle = self.store.circle(&id)?;
        let shipment = self.shipment(&circle, &[], true, None)?;
        let receive = [public_identity()?.public().into()];
        self.ship(
            &circle,
            shipment,
            &receive,
            Target::File(out),
            &[],
            "starter",
        )?;
        Ok(id)
    }
}

/// Title and text of each part of the manual, in the order of the file names.
fn manual_parts(sources: &Path) -> Result<Vec<(String, String)>, Failure> {
    let fail = |error: std::io::Error| Failure::io(sources, error);
    let mut paths: Vec<_> = std::fs::read_dir(sources)
        .map_err(fail)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.sort();
    let (mut parts, mut texts) = (Vec::new(), Vec::new());
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::io(&path, error))?;
        let part = manual::parse(&text)
            .map_err(|error| broken(&format!("{}: {error}", path.display())))?;
        texts.push((part.title.clone(), text));
        parts.push(part);
    }
    manual::check(&parts).map_err(|error| broken(&error.to_string()))?;
    Ok(texts)
}

fn toy(blob: crate::record::BlobRef, path: &Path) -> Result<Model, Failure> {
    let card = ModelFile::open(path)
        .and_then(|file| Card::read(&file))
        .map_err(|error| broken(&error.to_string()))?;
    Ok(Model {
        name: "ember".to_owned(),
        format: "gguf".to_owned(),
        architecture: card.architecture.unwrap_or_default(),
        source: String::new(),
        licence: EMBER_LICENCE.to_owned(),
        note: EMBER_NOTE.to_owned(),
        toy: true,
        blob,
    })
}
