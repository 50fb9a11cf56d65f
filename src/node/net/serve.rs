//! What is here and asked for: parts of blobs for members of a circle that names them.

use std::fs::File;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use serde_json::json;

use crate::record::{BlobHash, BlobRef};
use crate::sync::pieces::Cut;
use crate::sync::{Input, Part};

use super::super::Failure;
use super::super::home::now;
use super::blobs::Looked;
use super::hub::{Hub, Work};
use super::look::values;

impl Hub<'_> {
    /// Serves a part of a blob that a circle in common names.
    pub fn serve(
        &mut self,
        line: u64,
        ask: u64,
        hash: BlobHash,
        part: Part,
    ) -> Result<(), Failure> {
        self.read_names()?;
        let none = Input::Served {
            id: ask,
            bytes: None,
        };
        let Some(serving) = self.lines.get(&line) else {
            return Ok(());
        };
        // As what it is, where somebody in these circles says so: whoever lies gets no piece that does not fit.
        let held = self.node.store.blob(&hash)?;
        let mut named = false;
        for circle in &serving.circles {
            let claims = self.node.store.claims(circle, &hash)?;
            named |= held.is_some_and(|blob| claims.contains(&blob));
        }
        let (Some(blob), true) = (held, named) else {
            self.say(line, none);
            return Ok(());
        };
        let Some(cut) = Cut::of(blob.size) else {
            self.say(line, none);
            return Ok(());
        };
        self.begin_serving(line, &blob)?;
        let path = self.node.store.blob_path(&hash);
        match part {
            Part::List if cut.count() == 1 => {
                self.say(
                    line,
                    Input::Served {
                        id: ask,
                        bytes: Some(Bytes::new()),
                    },
                );
            }
            Part::List => match self.blobs.lists.get(&hash) {
                Some(list) => {
                    let bytes = Some(list.clone());
                    self.say(line, Input::Served { id: ask, bytes });
                }
                None => {
                    let work = self.blobs.work.clone();
                    std::thread::spawn(move || {
                        let list = File::open(path).ok().and_then(|file| values(&file, &cut));
                        let list = list.map(Bytes::from);
                        let _ = work.send(Work::Blob(Looked::List {
                            line,
                            ask,
                            blob: hash,
                            list,
                        }));
                    });
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
                self.say(line, Input::Served { id: ask, bytes });
            }
        }
        Ok(())
    }

    /// The audit trail says before the first byte leaves who gets which content.
    fn begin_serving(&mut self, id: u64, blob: &BlobRef) -> Result<(), Failure> {
        let Some(line) = self.lines.get_mut(&id) else {
            return Ok(());
        };
        if line.served.insert(blob.blake3.0)
            && let Some(root) = line.root
        {
            let road = line.road.name();
            let line = json!({
                "what": "sync-content", "state": "begun", "to": [self.called(&root)],
                "blob": blob.blake3, "bytes": blob.size, "road": road,
            });
            self.node.store.audit(now(), &line)?;
        }
        Ok(())
    }
}
