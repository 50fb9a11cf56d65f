//! Two homes and a stick in one temporary folder: what the tests write and read.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::bundle::testing::Key;
use crate::bundle::{Kind, limits};
use crate::carrier::media::files::Files;
use crate::carrier::media::keyring::{Addressee, Secret};
use crate::carrier::media::medium::Medium;
use crate::carrier::media::plan::{Content, Plan};
use crate::carrier::media::read::{Front, Source, Staged, stage};
use crate::carrier::media::write::{Destination, Written, write_bundle};
use crate::carrier::media::{MediaError, Small};
use crate::identity::{ReceiveSecret, Signer};

pub type Records = std::vec::IntoIter<Result<Vec<u8>, MediaError>>;

/// Who opens with the secret of this seed.
pub fn to(seed: u8) -> Addressee {
    ReceiveSecret::from_bytes([seed; 32]).public().into()
}

/// The X25519 secret with this seed; 1 and 2 are recipients.
pub fn secret(seed: u8) -> Secret {
    ReceiveSecret::from_bytes([seed; 32]).into()
}

pub fn refused_by_judge() -> MediaError {
    MediaError::Refused("the signer is no member".into())
}

/// Deterministic bytes that differ by place and are the same in each run.
pub fn random(seed: u8) -> impl FnMut(&mut [u8]) {
    let mut reader = blake3::Hasher::new().update(&[seed]).finalize_xof();
    move |bytes| reader.fill(bytes)
}

pub fn staged_files(scene: &Scene) -> usize {
    fs::read_dir(scene.root.path().join("home/staging")).map_or(0, Iterator::count)
}

/// Contents that no disk holds; they exist nowhere.
pub fn huge_contents() -> Vec<Content> {
    let one = |number: u32| {
        let mut blake3 = [7; 32];
        blake3[..4].copy_from_slice(&number.to_be_bytes());
        Content {
            kind: Kind::Blob,
            blake3,
            sha256: [1; 32],
            size: limits::MEMBER_BYTES,
            path: PathBuf::from("nowhere"),
        }
    };
    (0..20_000).map(one).collect()
}

pub struct Scene {
    pub root: tempfile::TempDir,
    contents: Vec<(Kind, Vec<u8>)>,
    records: Vec<Vec<u8>>,
    part_bytes: u64,
}

impl Scene {
    /// Every kind of member; the last blob has three parts.
    pub fn new() -> Self {
        Self::with(
            vec![
                (Kind::Adapter, vec![1; 700]),
                (Kind::Document, b"# words".to_vec()),
                (Kind::Blob, (0..=255u8).cycle().take(10_000).collect()),
                (Kind::Blob, vec![]),
            ],
            &[10, 300, 20],
            4_000,
        )
    }

    /// The least that has every class.
    pub fn small() -> Self {
        Self::with(vec![(Kind::Blob, b"blob".to_vec())], &[5], 4_000)
    }

    pub fn of(contents: &[Vec<u8>], records: &[usize], part_bytes: u64) -> Self {
        let mut contents: Vec<_> = contents.iter().map(|c| (Kind::Blob, c.clone())).collect();
        contents.sort();
        contents.dedup();
        Self::with(contents, records, part_bytes)
    }

    fn with(contents: Vec<(Kind, Vec<u8>)>, records: &[usize], part_bytes: u64) -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["stick", "home", "blobs"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let records = records.iter().enumerate().map(|(i, &length)| {
            let mut bytes = Vec::new();
            minicbor::Encoder::new(&mut bytes)
                .bytes(&vec![i as u8; length])
                .unwrap();
            bytes
        });
        Self {
            records: records.collect(),
            root,
            contents,
            part_bytes,
        }
    }

    pub fn stick(&self) -> PathBuf {
        self.root.path().join("stick")
    }

    pub fn home(&self) -> Files {
        Files::new(self.root.path().join("home"))
    }

    pub fn signer(&self) -> [u8; 32] {
        Key::new(42).public()
    }

    pub fn trust(&self) -> Vec<Small> {
        let small = |name: &str, byte| Small {
            name: name.to_owned(),
            bytes: vec![byte; 100],
        };
        vec![
            small("trust/0000-genesis.cose", 1),
            small("trust/0001-more.cose", 2),
        ]
    }

    pub fn acks(&self) -> Vec<Small> {
        vec![Small {
            name: "acks/0000-ack.cose".into(),
            bytes: vec![3; 600],
        }]
    }

    pub fn records(&self) -> Vec<Vec<u8>> {
        self.records.clone()
    }

    pub fn contents(&self) -> Vec<Content> {
        let folder = self.root.path().join("blobs");
        let each = self.contents.iter().map(|(kind, bytes)| {
            let blake3 = *blake3::hash(bytes).as_bytes();
            let path = folder.join(data_encoding::HEXLOWER.encode(&blake3));
            if !path.exists() {
                fs::write(&path, bytes).unwrap();
            }
            Content {
                kind: *kind,
                blake3,
                sha256: Sha256::digest(bytes).into(),
                size: bytes.len() as u64,
                path,
            }
        });
        each.collect()
    }

    pub fn plan_of(&self, contents: Vec<Content>) -> Plan<Records> {
        let records: Vec<_> = self.records.iter().cloned().map(Ok).collect();
        let part_bytes = if contents.len() > 1_000 {
            limits::MEMBER_BYTES
        } else {
            self.part_bytes
        };
        Plan {
            circle: [0x0c; 32],
            certificate: b"certificate".to_vec(),
            sequence: 7,
            previous: None,
            standalone: true,
            trust: self.trust(),
            acks: self.acks(),
            records: records.into_iter(),
            contents,
            part_bytes,
        }
    }

    pub fn write_plan(
        &self,
        destination: Destination<'_>,
        plan: Plan<Records>,
    ) -> Result<Written, MediaError> {
        self.write_seeded(destination, plan, 1)
    }

    /// Another seed gives another bundle id, other tokens and another handle.
    pub fn write_seeded(
        &self,
        destination: Destination<'_>,
        plan: Plan<Records>,
        seed: u8,
    ) -> Result<Written, MediaError> {
        let recipients = [to(1), to(2)];
        let home = self.home();
        let spool = (&home, Path::new("spool"));
        let key = Key::new(42);
        let written = write_bundle(
            spool,
            destination,
            plan,
            &key,
            &recipients,
            &mut random(seed),
        );
        assert!(!self.root.path().join("home/spool").exists());
        written
    }

    pub fn write(&self, destination: Destination<'_>) -> Result<Written, MediaError> {
        self.write_plan(destination, self.plan_of(self.contents()))
    }

    pub fn write_to_medium(&self) -> Written {
        let medium = Medium::take(&Files::new(self.stick())).unwrap();
        self.write(Destination::Medium(&medium)).unwrap()
    }

    pub fn sealed(&self) -> (Vec<u8>, Written) {
        let mut out = Vec::new();
        let written = self.write(Destination::Stream(&mut out)).unwrap();
        (out, written)
    }

    pub fn stage(&self, source: Source<'_>, seed: u8) -> Result<Staged, MediaError> {
        self.stage_judged(source, seed, |front, _| {
            if front.signer == self.signer() {
                Ok(())
            } else {
                Err(refused_by_judge())
            }
        })
    }

    pub fn stage_judged(
        &self,
        source: Source<'_>,
        seed: u8,
        judge: impl FnOnce(&Front, &[Small]) -> Result<(), MediaError>,
    ) -> Result<Staged, MediaError> {
        let home = self.home();
        stage(
            source,
            &[secret(seed)],
            (&home, Path::new("staging")),
            judge,
        )
    }
}
