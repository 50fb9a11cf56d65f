//! Downloading: what is missing is asked for piece by piece, from every peer that has it.
//!
//! A transfer belongs to one circle: only sessions of that circle are asked, and what came is that circle's. It lies in
//! `partial/HASH-CIRCLE`. After an interruption each piece in it is verified again, and only what does not
//! fit is asked for. A whole file is held against its SHA-256 too before it becomes a blob.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;

use crate::record::{BlobHash, BlobRef, CircleId, RootKey};
use crate::store::Store;
use crate::sync::pieces::{Cut, List};
use crate::sync::{Input, Part};

use super::claims::Doubts;
use super::hashing::{good_pieces, sha256};
use super::requests::{Answered, Request, Requests};
use crate::node::clock::now;
use crate::node::content::missing::{PARTIAL, partial_name};
use crate::node::content::policy::ContentPolicy;
use crate::node::net::hub::Hub;
use crate::node::net::work::Work;
use crate::node::{Exit, Failure};

/// Pieces asked of one peer at once: enough to keep a line busy, little to send again.
const AHEAD: usize = 8;
/// Transfers at once.
const TRANSFERS: usize = 4;

/// What another thread found out about a file.
pub(in crate::node::net) enum Looked {
    /// Which pieces of an unfinished file are good.
    Pieces { key: Key, good: Vec<bool> },
    /// The SHA-256 of a whole file.
    Whole { key: Key, sha256: Option<[u8; 32]> },
}

/// A transfer is of one circle: what was begun for one is not completed by another.
type Key = (CircleId, BlobHash);

struct Transfer {
    blob: BlobRef,
    list: Option<Arc<List>>,
    list_asked: bool,
    file: File,
    path: PathBuf,
    good: Vec<bool>,
    /// Pieces on their way, and from whom.
    asked: BTreeSet<u64>,
    /// Another thread looks at the file.
    looking: bool,
    left: u64,
}

/// The missing blobs, and those of them that are on their way.
pub(in crate::node::net) struct Downloads {
    folder: PathBuf,
    work: Sender<Work>,
    /// Blobs that circles name and that are not here, by circle, with what is said of each.
    lacking: BTreeMap<CircleId, BTreeMap<BlobHash, Vec<BlobRef>>>,
    pub(super) doubts: Doubts,
    policy: ContentPolicy,
    transfers: BTreeMap<Key, Transfer>,
    requests: Requests,
    stale: bool,
    /// When the names were read, and how long that took: reading a large circle again can wait.
    read: Option<(Instant, Duration)>,
}

impl Downloads {
    pub fn new(home: &Path, work: Sender<Work>, policy: ContentPolicy) -> Self {
        Self {
            folder: home.join(PARTIAL),
            work,
            lacking: BTreeMap::new(),
            doubts: Doubts::default(),
            policy,
            transfers: BTreeMap::new(),
            requests: Requests::default(),
            stale: true,
            read: None,
        }
    }

    /// Records came or went: the names may be others.
    pub fn stale(&mut self) {
        self.stale = true;
    }

    /// Blobs that a circle names and this node lacks, for its acknowledgements.
    pub fn wanted(&self, circle: &CircleId) -> Vec<[u8; 32]> {
        let lacking = self.lacking.get(circle).into_iter().flatten();
        lacking.map(|(hash, _)| hash.0).collect()
    }

    pub fn missing(&self) -> usize {
        self.lacking.values().map(BTreeMap::len).sum()
    }

    /// Nothing is on its way, and nothing that somebody connected might have is missing.
    pub fn idle(&self) -> bool {
        !self.stale && self.requests.is_empty() && self.transfers.values().all(|it| !it.looking)
    }

    /// A session ended: what was asked of it is asked of others.
    pub fn lost(&mut self, connection: u64) {
        self.doubts.lost(connection);
        for ask in self.requests.lost(connection) {
            self.release(ask);
        }
    }

    /// A peer told what it lacks in a circle: what it does not name any more, it may be asked for.
    pub fn told(&mut self, connection: u64, circle: &CircleId, wanted: &[[u8; 32]]) {
        self.requests.told(connection, circle, wanted);
    }

    /// A member who shares a blob and may still bring so many bytes into the circle.
    fn sharer_within_quota(
        &mut self,
        store: &Store,
        circle: &CircleId,
        blob: &BlobRef,
    ) -> Result<Option<RootKey>, Failure> {
        let sharers = store.sharers(circle, &blob.blake3)?;
        self.policy.first_taken(store, circle, &sharers, blob.size)
    }

    /// What was asked for is on its way no more.
    fn release(&mut self, ask: Request) {
        if let Some(transfer) = self.transfers.get_mut(&(ask.circle, ask.blob)) {
            match ask.part {
                Part::List => transfer.list_asked = false,
                Part::Piece(number) => _ = transfer.asked.remove(&number),
            }
        }
    }

    /// The word by which a blob is fetched.
    pub fn claim(&self, key: &Key) -> Option<BlobRef> {
        self.transfers.get(key).map(|transfer| transfer.blob)
    }

    /// Gives a transfer up; what lies in staging stays for the next.
    pub fn abandon(&mut self, key: &Key) {
        self.transfers.remove(key);
        self.requests.abandon(key);
    }
}

impl Hub<'_> {
    /// Reads again which blobs are named and missing.
    pub fn look_for_blobs(&mut self) -> Result<(), Failure> {
        self.downloads.stale = true;
        self.read_names()?;
        self.ask_for_blobs()
    }

    pub fn read_names(&mut self) -> Result<(), Failure> {
        let due = self
            .downloads
            .read
            .is_none_or(|(at, took)| at.elapsed() > 4 * took);
        if !self.downloads.stale || !due {
            return Ok(());
        }
        let begun = Instant::now();
        self.downloads.stale = false;
        let before = std::mem::take(&mut self.downloads.lacking);
        for circle in self.node.store.memberships()? {
            let known = before.get(&circle);
            let mut lacking = BTreeMap::new();
            for hash in self.node.store.missing_blobs(&circle)? {
                let hash = BlobHash(hash);
                let claims = match known.and_then(|known| known.get(&hash)) {
                    Some(claims) if !self.downloads.doubts.about(&hash) => claims.clone(),
                    _ => {
                        let mut claims = self.node.store.claims(&circle, &hash)?;
                        let sharers = self.node.store.sharers(&circle, &hash)?;
                        let (store, policy) = (&self.node.store, &mut self.downloads.policy);
                        let mut taken = Vec::new();
                        for claim in claims.drain(..) {
                            let from = policy.first_taken(store, &circle, &sharers, claim.size)?;
                            taken.extend(from.map(|_| claim));
                        }
                        taken
                    }
                };
                if !claims.is_empty() {
                    lacking.insert(hash, claims);
                }
            }
            self.downloads.lacking.insert(circle, lacking);
        }
        let changed = self
            .downloads
            .lacking
            .iter()
            .filter(|(id, set)| before.get(*id) != Some(*set));
        let changed: BTreeSet<CircleId> = changed.map(|(id, _)| *id).collect();
        self.downloads.transfers.retain(|(circle, hash), _| {
            let lacking = self.downloads.lacking.get(circle);
            lacking.is_some_and(|set| set.contains_key(hash))
        });
        self.downloads.doubts.settle(&self.downloads.lacking);
        self.downloads.requests.forgive();
        self.downloads.read = Some((Instant::now(), begun.elapsed()));
        // What is missing stands in acknowledgements.
        if !changed.is_empty() {
            self.changed(&changed);
        }
        Ok(())
    }

    /// Asks whoever may have it for what is missing.
    pub fn ask_for_blobs(&mut self) -> Result<(), Failure> {
        self.read_names()?;
        for ask in self.downloads.requests.give_up(Instant::now()) {
            self.downloads.release(ask);
        }
        self.make_room();
        let known = self.connections.known();
        let connections: Vec<(u64, Vec<CircleId>)> =
            known.map(|(id, _, it)| (id, it.circles.clone())).collect();
        for (connection, circles) in connections {
            let mut wanted: Vec<(CircleId, BlobRef)> = Vec::new();
            for circle in circles {
                let lacking = self.downloads.lacking.get(&circle).into_iter().flatten();
                let doubts = &self.downloads.doubts;
                wanted.extend(lacking.filter_map(|(hash, claims)| {
                    let begun = self.downloads.claim(&(circle, *hash));
                    let claim = begun.or_else(|| doubts.choose(claims));
                    let claim = claim.filter(|claim| doubts.fits(connection, claim))?;
                    Some((circle, claim))
                }));
            }
            // What is begun first, then the small before the large.
            wanted.sort_by_key(|(circle, blob)| {
                (
                    !self
                        .downloads
                        .transfers
                        .contains_key(&(*circle, blob.blake3)),
                    blob.size,
                    blob.blake3,
                )
            });
            for (circle, blob) in wanted {
                if self.downloads.requests.of(connection) >= AHEAD {
                    break;
                }
                if self
                    .downloads
                    .requests
                    .may_have(connection, &circle, &blob.blake3)
                {
                    self.ask_of(connection, circle, blob)?;
                }
            }
        }
        Ok(())
    }

    /// Lets transfers go that no peer here can go on with: they would keep others from beginning. What they have stays.
    fn make_room(&mut self) {
        if self.downloads.transfers.len() < TRANSFERS {
            return;
        }
        let stuck = self
            .downloads
            .transfers
            .iter()
            .filter(|((circle, hash), transfer)| {
                let idle = !transfer.looking && !transfer.list_asked && transfer.asked.is_empty();
                let mut known = self.connections.known();
                idle && !known.any(|(id, _, connection)| {
                    connection.circles.contains(circle)
                        && self.downloads.requests.may_have(id, circle, hash)
                        && self.downloads.doubts.fits(id, &transfer.blob)
                })
            });
        let stuck: Vec<Key> = stuck.map(|(key, _)| *key).collect();
        for key in stuck {
            self.downloads.abandon(&key);
        }
    }

    fn ask_of(&mut self, connection: u64, circle: CircleId, blob: BlobRef) -> Result<(), Failure> {
        let hash = blob.blake3;
        let key = (circle, hash);
        if !self.downloads.transfers.contains_key(&key) {
            if self.downloads.transfers.len() >= TRANSFERS
                || self
                    .downloads
                    .sharer_within_quota(&self.node.store, &circle, &blob)?
                    .is_none()
                || !self.room_for(&circle, &blob)
            {
                return Ok(());
            }
            match self.begin(circle, blob)? {
                Some(transfer) => _ = self.downloads.transfers.insert(key, transfer),
                // Too large for a wire: a stick brings it.
                None => return Ok(()),
            }
        }
        let free = AHEAD - self.downloads.requests.of(connection).min(AHEAD);
        let Some(transfer) = self.downloads.transfers.get_mut(&key) else {
            return Ok(());
        };
        let mut parts = Vec::new();
        if transfer.looking {
            return Ok(());
        }
        if transfer.list.is_none() {
            if !self
                .downloads
                .requests
                .owes_list(connection, &circle, &hash)
                && !std::mem::replace(&mut transfer.list_asked, true)
            {
                parts.push(Part::List);
            }
        } else {
            for (number, good) in (0..).zip(&transfer.good) {
                if parts.len() >= free {
                    break;
                }
                if !good && transfer.asked.insert(number) {
                    parts.push(Part::Piece(number));
                }
            }
        }
        for part in parts {
            let ask = Request {
                connection,
                circle,
                blob: hash,
                part,
                size: blob.size,
            };
            let id = self.downloads.requests.open(ask, Instant::now());
            self.say(
                connection,
                Input::Fetch {
                    circle,
                    id,
                    blob: hash,
                    part,
                },
            );
        }
        Ok(())
    }

    fn begin(&mut self, circle: CircleId, blob: BlobRef) -> Result<Option<Transfer>, Failure> {
        let Some(cut) = Cut::of(blob.size) else {
            return Ok(None);
        };
        let folder = self.downloads.folder.clone();
        std::fs::create_dir_all(&folder).map_err(|error| Failure::io(&folder, error))?;
        let path = folder.join(partial_name(&circle, &blob.blake3));
        let fail = |error: std::io::Error| Failure::io(&path, error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail)?;
        let begun = file.metadata().map_err(fail)?.len() > 0;
        // It grows with the pieces that come, and is never shortened before it is whole: what was fetched by another size
        // is not lost.
        let list = if cut.count() == 1 {
            List::verify(blob.blake3, blob.size, &[]).map(Arc::new)
        } else {
            None
        };
        let count = usize::try_from(cut.count()).unwrap_or(usize::MAX);
        tracing::debug!(blob = %blob.blake3.short(), size = blob.size, begun, "a blob is fetched");
        Ok(Some(Transfer {
            blob,
            list,
            list_asked: false,
            file,
            path,
            good: vec![false; count],
            asked: BTreeSet::new(),
            looking: false,
            left: cut.count(),
        }))
    }

    /// A part came, or the peer has not got it.
    pub fn got(&mut self, connection: u64, ask: u64, bytes: Option<Bytes>) -> Result<(), Failure> {
        let ask = match self
            .downloads
            .requests
            .answered(connection, ask, Instant::now())
        {
            Some(Answered::InTime(ask)) => {
                self.downloads.release(ask);
                ask
            }
            Some(Answered::Late(ask)) => ask,
            None => return Ok(()),
        };
        let (hash, part) = (ask.blob, ask.part);
        let key = (ask.circle, hash);
        let Some(bytes) = bytes else {
            self.downloads.requests.lacks(connection, ask.circle, hash);
            return self.ask_for_blobs();
        };
        let work = self.downloads.work.clone();
        let Some(transfer) = self.downloads.transfers.get_mut(&key) else {
            return Ok(());
        };
        let good = match (part, &transfer.list) {
            // Somebody else was faster.
            (Part::List, Some(_)) => true,
            (Part::List, None) => {
                let list = List::verify(hash, transfer.blob.size, &bytes).map(Arc::new);
                let good = list.is_some();
                if let Some(list) = list {
                    transfer.list = Some(list.clone());
                    transfer.looking = true;
                    let file = transfer
                        .file
                        .try_clone()
                        .map_err(|error| Failure::io(&transfer.path, error))?;
                    std::thread::spawn(move || {
                        let good = good_pieces(&file, &list);
                        let _ = work.send(Work::Blob(Looked::Pieces { key, good }));
                    });
                }
                good
            }
            (Part::Piece(number), Some(list)) => match list.cut().range(number) {
                Some((start, _)) if list.fits(number, &bytes) => {
                    if let Err(error) = transfer.file.write_all_at(&bytes, start) {
                        let failure = Failure::io(&transfer.path, error);
                        if failure.exit != Exit::NoSpace {
                            return Err(failure);
                        }
                        self.contents_full(&key);
                        return Ok(());
                    }
                    let slot = usize::try_from(number)
                        .ok()
                        .and_then(|at| transfer.good.get_mut(at));
                    if let Some(slot) = slot
                        && !std::mem::replace(slot, true)
                    {
                        transfer.left -= 1;
                    }
                    true
                }
                _ => false,
            },
            (Part::Piece(_), None) => false,
        };
        if !good {
            return self.unfit(connection, key);
        }
        if transfer.left == 0 && !transfer.looking {
            self.finish(key)?;
        }
        self.ask_for_blobs()
    }

    /// Every piece is here: the SHA-256 is looked at on another thread.
    fn finish(&mut self, key: Key) -> Result<(), Failure> {
        let work = self.downloads.work.clone();
        let Some(transfer) = self.downloads.transfers.get_mut(&key) else {
            return Ok(());
        };
        transfer.looking = true;
        let fail = |error: std::io::Error| Failure::io(&transfer.path, error);
        transfer.file.set_len(transfer.blob.size).map_err(fail)?;
        let file = transfer.file.try_clone().map_err(fail)?;
        std::thread::spawn(move || {
            let sha256 = sha256(&file);
            let _ = work.send(Work::Blob(Looked::Whole { key, sha256 }));
        });
        Ok(())
    }

    pub fn blob_looked(&mut self, looked: Looked) -> Result<(), Failure> {
        match looked {
            Looked::Pieces { key, good } => {
                // Not those of a transfer that was given up meanwhile.
                if let Some(transfer) = self.downloads.transfers.get_mut(&key)
                    && transfer.good.len() == good.len()
                {
                    transfer.looking = false;
                    transfer.left = good.iter().filter(|good| !**good).count() as u64;
                    transfer.good = good;
                    if transfer.left == 0 {
                        self.finish(key)?;
                    }
                }
                self.ask_for_blobs()
            }
            Looked::Whole { key, sha256 } => {
                let (circle, blob) = key;
                let Some(transfer) = self.downloads.transfers.remove(&key) else {
                    return Ok(());
                };
                let Some(right) = self.fitting(&circle, &transfer.blob, sha256)? else {
                    // Every record lies about its content: no peer can ever send what it names.
                    tracing::warn!(blob = %blob.short(), "content and record do not agree");
                    let _ = std::fs::remove_file(&transfer.path);
                    for connection in self.connections.ids() {
                        self.downloads.requests.lacks(connection, circle, blob);
                    }
                    return self.ask_for_blobs();
                };
                let store = &self.node.store;
                let sharer = self.downloads.sharer_within_quota(store, &circle, &right)?;
                self.node
                    .store
                    .adopt_blob(&transfer.path, &right, &circle)?;
                if let Some(sharer) = sharer {
                    let (store, policy) = (&self.node.store, &mut self.downloads.policy);
                    policy.took(store, &circle, &sharer, right.size)?;
                }
                let line = json!({
                    "what": "sync-content", "state": "done", "blob": blob, "bytes": right.size, "road": self.roads(),
                });
                self.node.store.audit(now(), &line)?;
                self.report.blobs_in += 1;
                self.tell("blob", json!({"blob": blob, "bytes": right.size}));
                self.shelves_due = true;
                self.downloads.stale = true;
                self.ask_for_blobs()
            }
        }
    }
}
