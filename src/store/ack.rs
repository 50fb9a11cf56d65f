//! Acknowledgements, both ways, and when peers were last heard.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use crate::identity::{Directory, Verified, from_own_store, verify};
use crate::record::{
    Ack, CircleId, Claim, Epoch, FeedKey, Role, RootKey, Signed, StatementId, statements_hash,
};

use super::{OwnFeed, Store, StoreError, cache, meta, own, pool, reclaim};

/// The author of an acknowledgement, and the key that signs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AckAuthor {
    pub root: RootKey,
    pub feed: FeedKey,
    /// The certificate that gives the key to the root.
    pub certificate: StatementId,
}

/// An acknowledgement that is due to somebody.
#[derive(Debug, Clone)]
pub enum Owed {
    /// It was said, and still holds.
    Said(Verified<Ack>),
    /// It is new: it has the number of the one before, and no signature.
    New(Ack),
}

impl Store {
    /// The latest that `from` acknowledged to `to`.
    pub fn ack(
        &self,
        circle: &CircleId,
        from: &RootKey,
        to: &RootKey,
    ) -> Result<Option<Verified<Ack>>, StoreError> {
        ack(&self.db, circle, from, to)
    }

    /// Forgets what `from` acknowledged to `to`: its next one is told whole.
    pub fn forget_ack(
        &mut self,
        circle: &CircleId,
        from: &RootKey,
        to: &RootKey,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM ack WHERE circle = ?1 AND from_root = ?2 AND to_root = ?3";
        self.db.execute(sql, params![circle.0, from.0, to.0])?;
        Ok(())
    }

    /// The acknowledgement that is due to `to` now. Nothing is signed, and nothing kept.
    pub fn owed(
        &self,
        circle: &CircleId,
        by: &AckAuthor,
        to: &RootKey,
        missing_blobs: &[[u8; 32]],
    ) -> Result<Owed, StoreError> {
        owed(&self.db, circle, by, to, missing_blobs, self.epoch()?)
    }

    /// What I acknowledge to `to` now: the one said last if nothing changed since, else a new one, signed and kept.
    /// The flag says whether it is new.
    pub fn acknowledge(
        &mut self,
        circle: &CircleId,
        owner: &OwnFeed<'_>,
        to: &RootKey,
        missing_blobs: &[[u8; 32]],
    ) -> Result<(Verified<Ack>, bool), StoreError> {
        let epoch = self.epoch()?;
        let by = AckAuthor {
            root: owner.root,
            feed: FeedKey(owner.signer.public()),
            certificate: owner.certificate,
        };
        self.transaction(|tx| {
            let fresh = match owed(tx, circle, &by, to, missing_blobs, epoch)? {
                Owed::Said(before) => return Ok((before, false)),
                Owed::New(fresh) => fresh,
            };
            let fresh = Ack {
                sequence: fresh.sequence + 1,
                ..fresh
            };
            let signed = Signed::build(fresh, |message| owner.signer.sign(message));
            let ack = verify(signed)
                .map_err(|_| StoreError::FeedStopped("its key does not make valid signatures"))?;
            keep(tx, &ack)?;
            Ok((ack, true))
        })
    }

    /// When a peer was last heard (milliseconds, local clock) and by which road.
    pub fn heard(
        &self,
        circle: &CircleId,
        root: &RootKey,
    ) -> Result<Option<(u64, String)>, StoreError> {
        let sql = "SELECT at, road FROM heard WHERE circle = ?1 AND root = ?2";
        let row = self.db.query_row(sql, params![circle.0, root.0], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
        });
        Ok(row.optional()?)
    }

    /// The sequence and HEAD hash of the last bundle that was written in a circle.
    pub fn last_bundle(&self, circle: &CircleId) -> Result<Option<(u64, [u8; 32])>, StoreError> {
        let sql = "SELECT sequence, head FROM bundle_out WHERE circle = ?1 AND head IS NOT NULL
                   ORDER BY sequence DESC LIMIT 1";
        let row = self.db.query_row(sql, [circle.0], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
        });
        Ok(row.optional()?)
    }

    /// The number of the newest bundle of a signer that was taken in.
    pub fn last_bundle_of(
        &self,
        circle: &CircleId,
        signer: &RootKey,
    ) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT sequence FROM bundle_in WHERE circle = ?1 AND signer = ?2";
        let row = self.db.query_row(sql, params![circle.0, signer.0], |row| {
            Ok(row.get::<_, i64>(0)?.unsigned_abs())
        });
        Ok(row.optional()?)
    }

    /// Takes the next bundle sequence of a circle: it is spent even when the export then fails.
    pub fn next_bundle(&mut self, circle: &CircleId) -> Result<u64, StoreError> {
        self.transaction(|tx| {
            let sql = "SELECT coalesce(max(sequence), 0) + 1 FROM bundle_out WHERE circle = ?1";
            let next: i64 = tx.query_row(sql, [circle.0], |row| row.get(0))?;
            let sql = "INSERT INTO bundle_out (circle, sequence) VALUES (?1, ?2)";
            tx.execute(sql, params![circle.0, next])?;
            Ok(next.unsigned_abs())
        })
    }

    /// Remembers the folder of a bundle that is being written; until `bundle_written` it counts as unfinished.
    pub fn bundle_begun(
        &self,
        circle: &CircleId,
        sequence: u64,
        handle: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE bundle_out SET handle = ?3 WHERE circle = ?1 AND sequence = ?2";
        self.db
            .execute(sql, params![circle.0, sequence as i64, handle])?;
        Ok(())
    }

    /// Whether this store began the bundle in this folder and never finished it; it may still be at work.
    pub fn left_unfinished(&self, handle: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM bundle_out WHERE handle = ?1 AND head IS NULL";
        let mut sql = self.db.prepare_cached(sql)?;
        Ok(sql.exists([handle])?)
    }

    /// Remembers a bundle that was written, and its folder on the medium.
    pub fn bundle_written(
        &self,
        circle: &CircleId,
        sequence: u64,
        head: &[u8; 32],
        handle: Option<&str>,
    ) -> Result<(), StoreError> {
        let sql =
            "UPDATE bundle_out SET head = ?3, handle = ?4 WHERE circle = ?1 AND sequence = ?2";
        self.db
            .execute(sql, params![circle.0, sequence as i64, head, handle])?;
        Ok(())
    }

    /// Whether this store wrote the bundle in this folder of a medium.
    pub fn wrote_handle(&self, handle: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM bundle_out WHERE handle = ?1";
        Ok(self
            .db
            .query_row(sql, [handle], |_| Ok(()))
            .optional()?
            .is_some())
    }
}

/// A bundle that the courier left on a medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub handle: String,
    /// Its recipients.
    pub to: Vec<RootKey>,
    /// What it held, for whom.
    pub digest: [u8; 32],
}

impl Sent {
    /// The digest of what holds acknowledgements only.
    pub const ACK: [u8; 32] = [0; 32];

    /// Whether it holds acknowledgements only.
    pub fn is_ack(&self) -> bool {
        self.digest == Self::ACK
    }
}

impl Store {
    /// Remembers what the bundle in this folder of a medium holds, and for whom.
    pub fn mark_sent(
        &self,
        handle: &str,
        to: &[RootKey],
        digest: &[u8; 32],
    ) -> Result<(), StoreError> {
        let roots: Vec<u8> = to.iter().flat_map(|root| root.0).collect();
        let sql = "UPDATE bundle_out SET recipients = ?2, digest = ?3 WHERE handle = ?1";
        self.db.execute(sql, params![handle, roots, digest])?;
        Ok(())
    }

    /// What `mark_sent` remembered of this folder, if it belongs to this circle.
    pub fn sent(&self, circle: &CircleId, handle: &str) -> Result<Option<Sent>, StoreError> {
        let sql = "SELECT recipients, digest FROM bundle_out
                   WHERE handle = ?2 AND circle = ?1 AND digest IS NOT NULL";
        let row = self.db.query_row(sql, params![circle.0, handle], |row| {
            let roots: Vec<u8> = row.get(0)?;
            let to = roots.chunks_exact(32).filter_map(RootKey::from_slice);
            Ok(Sent {
                handle: handle.to_owned(),
                to: to.collect(),
                digest: row.get(1)?,
            })
        });
        Ok(row.optional()?)
    }
}

/// The last number that was spent in a circle before it was forgotten here.
fn spent(db: &Connection, circle: &CircleId) -> Result<u64, StoreError> {
    let bytes = meta(db, &reclaim::spent_key(circle))?.and_then(|bytes| bytes.try_into().ok());
    Ok(bytes.map_or(0, u64::from_be_bytes))
}

fn owed(
    db: &Connection,
    circle: &CircleId,
    by: &AckAuthor,
    to: &RootKey,
    missing_blobs: &[[u8; 32]],
    epoch: Epoch,
) -> Result<Owed, StoreError> {
    let cached = match cache::load(db, circle)? {
        Some(cached) if !cached.waiting => Ok(cached),
        _ => Err(cache::compute(db, circle)?),
    };
    let (statements, frontier, lacks) = match cached {
        Ok(cached) => (cached.statements_hash(), cached.frontier, BTreeSet::new()),
        Err(settled) => {
            let lacks = settled.wanted();
            let membership = settled.membership;
            (
                statements_hash(&membership.statements),
                membership.frontier,
                lacks,
            )
        }
    };
    let before = ack(db, circle, &by.root, to)?;
    let mut wanted: Vec<[u8; 32]> = lacks.into_iter().collect();
    // What `to` says that it holds of my own feeds and is not here: it may show it.
    let said = own::said(db, circle, &by.root)?;
    wanted.extend(said.iter().filter(|it| it.from == *to).map(|it| it.id));
    wanted.extend(missing_blobs);
    wanted.sort_unstable();
    wanted.dedup();
    wanted.truncate(crate::record::limits::WANTED);
    let fresh = Ack {
        circle: *circle,
        from: by.root,
        feed: by.feed,
        certificate: by.certificate,
        to: *to,
        epoch,
        sequence: match &before {
            Some(ack) => ack.value().sequence,
            None => spent(db, circle)?,
        },
        statements,
        frontier,
        wanted,
    };
    Ok(match before {
        Some(before) if *before.value() == fresh => Owed::Said(before),
        _ => Owed::New(fresh),
    })
}

fn ack(
    db: &Connection,
    circle: &CircleId,
    from: &RootKey,
    to: &RootKey,
) -> Result<Option<Verified<Ack>>, StoreError> {
    let sql = "SELECT bytes FROM ack WHERE circle = ?1 AND from_root = ?2 AND to_root = ?3";
    let bytes: Option<Vec<u8>> = db
        .query_row(sql, params![circle.0, from.0, to.0], |row| row.get(0))
        .optional()?;
    let Some(bytes) = bytes else { return Ok(None) };
    let signed = Signed::decode(&bytes).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(Some(from_own_store(signed)))
}

/// A year and a day, in milliseconds.
const AHEAD: u64 = 366 * 86_400_000;

/// Bytes of an acknowledgement that is kept: so many, and so many more for each feed that is known here.
const BYTES: usize = 256 * 1024;
const BYTES_PER_FEED: usize = 256;

/// Whether an acknowledgement may count: its certificate stands, nobody took its key back, its epoch lies no more than
/// a year ahead of the clock (`now`, milliseconds), and it is no larger than what is known of the circle explains.
pub(super) fn counts(
    db: &Connection,
    ack: &Verified<Ack>,
    now: u64,
    feeds: usize,
) -> Result<bool, StoreError> {
    let value = ack.value();
    Ok(value.epoch.counter <= now.saturating_add(AHEAD)
        && ack.bytes().len() <= BYTES + BYTES_PER_FEED * feeds
        && stands(db, value)?)
}

/// Whether the key of an acknowledgement is one that its root certified last and took back nowhere.
fn stands(db: &Connection, ack: &Ack) -> Result<bool, StoreError> {
    let directory = pool::of_root(db, &ack.from)?;
    let standing = [Role::Sign, Role::Spare].into_iter().any(|role| {
        let mut all = directory.standing(&ack.from, role);
        all.any(|(id, key)| id == ack.certificate && key == ack.feed.0)
    });
    Ok(standing && !revoked(&directory, ack))
}

fn revoked(directory: &Directory, ack: &Ack) -> bool {
    directory
        .statements()
        .any(|statement| match &statement.value().claim {
            Claim::Revocation { key, circle, .. } => {
                *key == ack.feed.0 && circle.is_none_or(|id| id == ack.circle)
            }
            _ => false,
        })
}

/// Forgets what a root's revoked keys acknowledged to others.
pub(super) fn drop_revoked(
    db: &Connection,
    root: &RootKey,
    me: &RootKey,
) -> Result<(), StoreError> {
    if root == me {
        return Ok(());
    }
    let directory = pool::of_root(db, root)?;
    let mut sql = db.prepare("SELECT bytes FROM ack WHERE from_root = ?1")?;
    let acks = sql.query_map([root.0], |row| row.get::<_, Vec<u8>>(0))?;
    for bytes in acks.collect::<Result<Vec<_>, _>>()? {
        let ack: Verified<Ack> = pool::decode(&bytes)?;
        if revoked(&directory, ack.value()) {
            forget(db, ack.value())?;
        }
    }
    Ok(())
}

fn forget(db: &Connection, like: &Ack) -> Result<(), StoreError> {
    let sql = "DELETE FROM ack WHERE circle = ?1 AND from_root = ?2 AND to_root = ?3";
    db.execute(sql, params![like.circle.0, like.from.0, like.to.0])?;
    Ok(())
}

/// Keeps an acknowledgement that counts if it is later than the one held, or that one's certificate does not stand any more.
pub(super) fn keep_of_peer(db: &Connection, new: &Verified<Ack>) -> Result<bool, StoreError> {
    let value = new.value();
    if let Some(held) = ack(db, &value.circle, &value.from, &value.to)?
        && held.value().certificate != value.certificate
        && !stands(db, held.value())?
    {
        forget(db, held.value())?;
    }
    keep(db, new)
}

/// Keeps an acknowledgement if it is later than the one held.
pub(super) fn keep(db: &Connection, ack: &Verified<Ack>) -> Result<bool, StoreError> {
    let sql = "INSERT INTO ack (circle, from_root, to_root, epoch, sequence, bytes)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (circle, from_root, to_root) DO UPDATE
               SET epoch = excluded.epoch, sequence = excluded.sequence, bytes = excluded.bytes
               WHERE (excluded.epoch, excluded.sequence) > (epoch, sequence)";
    let value = ack.value();
    let changed = db.execute(
        sql,
        params![
            value.circle.0,
            value.from.0,
            value.to.0,
            value.epoch.to_bytes(),
            value.sequence as i64,
            ack.bytes()
        ],
    )?;
    Ok(changed > 0)
}
