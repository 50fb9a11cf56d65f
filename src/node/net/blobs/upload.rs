//! Uploading: parts of blobs that are here, for members of a circle that names them.
//!
//! **Always holds.** Of a blob that is here privately, or by another circle, nothing is said: the
//! answer is the same as for one that is not here. The audit trail says who gets which content
//! before its first byte leaves. Lists of pieces are made one at a time on a thread of their own,
//! since each reads a whole file.
//!
//! **Failure.** A file that cannot be read is answered like one that is not here; only the database
//! can fail.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::Sender;

use bytes::Bytes;
use serde_json::json;

use crate::record::{BlobHash, BlobRef, CircleId};
use crate::store::{Scope, Store};
use crate::sync::pieces::Cut;
use crate::sync::{Input, Part};

use super::hashing::values;
use crate::node::Failure;
use crate::node::clock::now;
use crate::node::net::hub::Hub;
use crate::node::net::work::Work;

/// Lists of pieces that are kept in memory.
const LISTS: usize = 16;

/// The list of the pieces of a blob that is here, made on another thread for a peer that asks.
pub(in crate::node::net) struct Listed {
    connection: u64,
    ask: u64,
    blob: BlobHash,
    /// None: its file could not be read.
    list: Option<Bytes>,
}

/// Lists and pieces that are made for peers who ask.
pub(in crate::node::net) struct Uploads {
    work: Sender<Work>,
    lists: BTreeMap<BlobHash, Bytes>,
    /// Lists that peers wait for: each session waits for a few at most, and one is made at a time.
    waiting: VecDeque<(u64, u64, BlobHash, Cut)>,
    hashing: bool,
}

impl Uploads {
    pub fn new(work: Sender<Work>) -> Self {
        Self {
            work,
            lists: BTreeMap::new(),
            waiting: VecDeque::new(),
            hashing: false,
        }
    }

    /// A session ended: nobody waits there any more.
    pub fn lost(&mut self, connection: u64) {
        self.waiting.retain(|(waiting, ..)| *waiting != connection);
    }

    /// Makes the next list that a peer waits for, on another thread: one at a time, since each reads a whole file.
    fn hash_next(&mut self, store: &Store) {
        if self.hashing {
            return;
        }
        let Some((connection, ask, blob, cut)) = self.waiting.pop_front() else {
            return;
        };
        self.hashing = true;
        let work = self.work.clone();
        let path = store.blob_path(&blob);
        std::thread::spawn(move || {
            let list = File::open(path).ok().and_then(|file| values(&file, &cut));
            let list = list.map(Bytes::from);
            let _ = work.send(Work::Listed(Listed {
                connection,
                ask,
                blob,
                list,
            }));
        });
    }
}

impl Hub<'_> {
    /// Serves a part of a blob that a circle in common names, to an ask of a session.
    pub fn serve(
        &mut self,
        (connection, ask): (u64, u64),
        circle: CircleId,
        hash: BlobHash,
        part: Part,
    ) -> Result<(), Failure> {
        self.read_names()?;
        let none = Input::Served {
            id: ask,
            bytes: None,
        };
        // As what it is, where somebody in the circle says so: whoever lies gets no piece that does not fit. Of what is
        // here privately or by another circle nothing is said.
        let store = &self.node.store;
        let claims = store.claims(&circle, &hash)?;
        let held = store.blob_in(Scope::Circle(circle), &hash)?;
        let Some(blob) = held.filter(|blob| claims.contains(blob)) else {
            self.say(connection, none);
            return Ok(());
        };
        let Some(cut) = Cut::of(blob.size) else {
            self.say(connection, none);
            return Ok(());
        };
        self.begin_serving(connection, &blob)?;
        let path = self.node.store.blob_path(&hash);
        match part {
            Part::List if cut.count() == 1 => {
                self.say(
                    connection,
                    Input::Served {
                        id: ask,
                        bytes: Some(Bytes::new()),
                    },
                );
            }
            Part::List => match self.uploads.lists.get(&hash) {
                Some(list) => {
                    let bytes = Some(list.clone());
                    self.say(connection, Input::Served { id: ask, bytes });
                }
                None => {
                    self.uploads.waiting.push_back((connection, ask, hash, cut));
                    self.uploads.hash_next(&self.node.store);
                }
            },
            Part::Piece(number) => {
                let bytes = cut.range(number).and_then(|(start, length)| {
                    let mut bytes = vec![0; usize::try_from(length).ok()?];
                    File::open(&path)
                        .ok()?
                        .read_exact_at(&mut bytes, start)
                        .ok()?;
                    Some(bytes.into())
                });
                self.say(connection, Input::Served { id: ask, bytes });
            }
        }
        Ok(())
    }

    /// A list was made: it is kept, and given to whoever asked.
    pub fn listed(&mut self, made: Listed) {
        self.uploads.hashing = false;
        self.uploads.hash_next(&self.node.store);
        if let Some(list) = &made.list {
            if self.uploads.lists.len() >= LISTS {
                self.uploads.lists.pop_first();
            }
            self.uploads.lists.insert(made.blob, list.clone());
        }
        let served = Input::Served {
            id: made.ask,
            bytes: made.list,
        };
        self.say(made.connection, served);
    }

    /// The audit trail says before the first byte leaves who gets which content.
    fn begin_serving(&mut self, id: u64, blob: &BlobRef) -> Result<(), Failure> {
        let Some(connection) = self.connections.get_mut(id) else {
            return Ok(());
        };
        if connection.served.insert(blob.blake3.0)
            && let Some(root) = connection.root
        {
            let road = connection.road.name();
            let line = json!({
                "what": "sync-content", "state": "begun", "to": [self.called(&root)],
                "blob": blob.blake3, "bytes": blob.size, "road": road,
            });
            self.node.store.audit(now(), &line)?;
        }
        Ok(())
    }
}
