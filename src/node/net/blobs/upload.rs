//! Uploading: parts of blobs that are here, for members of a circle that names them.
//!
//! **Always holds.** Of a blob that is here privately, or by another circle, nothing is said: the
//! answer is the same as for one that is not here. The audit trail says who gets which content
//! before its first byte leaves. Lists of pieces are made one at a time on a thread of their own,
//! since each reads a whole file.
//!
//! **Failure.** A file that cannot be read is answered like one that is not here; only the database
//! can fail.

use std::fs::File;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use serde_json::json;

use crate::record::{BlobHash, BlobRef, CircleId};
use crate::store::Scope;
use crate::sync::pieces::Cut;
use crate::sync::{Input, Part};

use super::downloads::Looked;
use super::hashing::values;
use crate::node::Failure;
use crate::node::clock::now;
use crate::node::net::hub::Hub;
use crate::node::net::work::Work;

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
            Part::List => match self.blobs.lists.get(&hash) {
                Some(list) => {
                    let bytes = Some(list.clone());
                    self.say(connection, Input::Served { id: ask, bytes });
                }
                None => {
                    self.blobs.unhashed.push_back((connection, ask, hash, cut));
                    self.hash_next();
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

    /// Makes the next list that a peer waits for, on another thread: one at a time, since each reads a whole file.
    pub fn hash_next(&mut self) {
        if self.blobs.hashing {
            return;
        }
        let Some((connection, ask, blob, cut)) = self.blobs.unhashed.pop_front() else {
            return;
        };
        self.blobs.hashing = true;
        let work = self.blobs.work.clone();
        let path = self.node.store.blob_path(&blob);
        std::thread::spawn(move || {
            let list = File::open(path).ok().and_then(|file| values(&file, &cut));
            let list = list.map(Bytes::from);
            let _ = work.send(Work::Blob(Looked::List {
                connection,
                ask,
                blob,
                list,
            }));
        });
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
