//! Giving back: records that can never count and statements of roots that nothing here names go, and the database's file
//! shrinks to what is left.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, params};

use crate::identity::Verified;
use crate::record::{
    Body, CircleId, Claim, FeedKey, Record, RootKey, Statement, StatementId, limits,
};

use super::{BUSY_TIMEOUT, DATABASE, Store, StoreError, cache, meta, own, pool};

/// Free pages in bytes from which on the file is written anew, whatever their share of it.
const WORTHWHILE: u64 = 8 * 1024 * 1024;
/// Room on the disk that stays, in bytes.
const MARGIN: u64 = 8 * 1024 * 1024;
/// How long giving pages back waits for other processes.
const PATIENCE: Duration = Duration::from_secs(3);

/// What went out of the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Records that waited and can never count.
    pub records: usize,
    /// Statements of roots that nothing here names.
    pub statements: usize,
    /// Bytes of both.
    pub bytes: u64,
}

/// Why the database's file keeps its size for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Another process reads or writes it.
    Busy,
    /// The disk has no room for writing it anew.
    NoSpace,
}

impl Left {
    /// Its name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::NoSpace => "no-space",
        }
    }
}

/// What the file system got back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes by which the database's files are smaller.
    pub bytes: u64,
    pub left: Option<Left>,
}

impl Store {
    /// Removes waiting records that can never count, statements of roots that nothing here names, and notices that were
    /// told; with `dry` only counts. No set of a circle changes by it.
    pub fn sweep(&mut self, dry: bool) -> Result<Swept, StoreError> {
        if self.is_read_only() {
            return Ok(Swept::default());
        }
        let tx = self
            .db
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let (records, first) = dead_records(&tx)?;
        let (statements, second) = loose_statements(&tx)?;
        tx.execute("DELETE FROM notice WHERE shown = 1", [])?;
        if !dry {
            tx.commit()?;
        }
        Ok(Swept {
            records,
            statements,
            bytes: first + second,
        })
    }

    /// Bytes of the pages that hold nothing.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        Ok(pragma(&self.db, "freelist_count")? * pragma(&self.db, "page_size")?)
    }

    /// Gives free pages back to the file system, where that is worthwhile. A database that another process uses, or a
    /// disk without room for it, is no failure: the pages stay and are used again. A crash leaves the old file.
    pub fn compact(&self) -> Result<Compacted, StoreError> {
        let before = self.file_bytes();
        self.db.busy_timeout(PATIENCE)?;
        let shrunk = self.shrink();
        self.db.busy_timeout(BUSY_TIMEOUT)?;
        let left = match shrunk {
            Ok(left) => left,
            Err(StoreError::Busy) => Some(Left::Busy),
            Err(StoreError::NoSpace) => Some(Left::NoSpace),
            Err(error) => return Err(error),
        };
        let bytes = before.saturating_sub(self.file_bytes());
        Ok(Compacted { bytes, left })
    }

    fn shrink(&self) -> Result<Option<Left>, StoreError> {
        if !truncate(&self.db)? {
            return Ok(Some(Left::Busy));
        }
        let page = pragma(&self.db, "page_size")?;
        let (pages, free) = (
            pragma(&self.db, "page_count")?,
            pragma(&self.db, "freelist_count")?,
        );
        if free * page <= WORTHWHILE && free * 10 <= pages {
            return Ok(None);
        }
        // What is left is written twice: into a temporary file, and into the log.
        let needed = 2 * pages.saturating_sub(free) * page + MARGIN;
        let room = rustix::fs::statvfs(&self.home);
        if room.is_ok_and(|room| room.f_bavail.saturating_mul(room.f_frsize) < needed) {
            return Ok(Some(Left::NoSpace));
        }
        self.db.execute_batch("VACUUM")?;
        Ok((!truncate(&self.db)?).then_some(Left::Busy))
    }

    /// Bytes of the database's file and of its log.
    fn file_bytes(&self) -> u64 {
        let size = |name: String| {
            let path: PathBuf = self.home.join(name);
            path.metadata().map_or(0, |data| data.len())
        };
        size(DATABASE.to_owned()) + size(format!("{DATABASE}-wal"))
    }
}

fn pragma(db: &Connection, name: &str) -> Result<u64, StoreError> {
    let value: i64 = db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
    Ok(value.unsigned_abs())
}

/// Moves the log into the file; whether nobody stood in the way.
fn truncate(db: &Connection) -> Result<bool, StoreError> {
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = db.query_row(sql, [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// Removes records that wait and can never be in the set, but what shows a fork and what my own keys signed.
fn dead_records(db: &Connection) -> Result<(usize, u64), StoreError> {
    let mine = match own_root(db)? {
        Some(me) => own::feeds(db, &me)?,
        None => BTreeSet::new(),
    };
    let circles: Vec<[u8; 32]> = {
        let mut sql = db.prepare("SELECT DISTINCT circle FROM record WHERE in_set = 0")?;
        let rows = sql.query_map([], |row| row.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    let (mut count, mut bytes) = (0, 0);
    for id in circles.into_iter().map(CircleId) {
        let before = count;
        let membership = cache::compute(db, &id)?.membership;
        for record in membership.waiting.keys() {
            if !membership.may_drop(record) {
                continue;
            }
            let sql = "SELECT feed, length(bytes) FROM record WHERE id = ?1";
            let (feed, size) = db.query_row(sql, [record.0], |row| {
                Ok((FeedKey(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
            })?;
            if mine.contains(&feed) {
                continue;
            }
            db.execute("DELETE FROM record WHERE id = ?1", [record.0])?;
            (count, bytes) = (count + 1, bytes + size);
        }
        if count > before {
            cache::settle(db, &id)?;
        }
    }
    forget_arrivals(db)?;
    Ok((count, bytes))
}

/// The next record takes the number behind the last one that is here: no time may stand there already.
pub(super) fn forget_arrivals(db: &Connection) -> Result<(), StoreError> {
    let sql = "DELETE FROM arrived
               WHERE arrival > coalesce((SELECT max(arrival) FROM record), 0)";
    db.execute(sql, [])?;
    Ok(())
}

fn own_root(db: &Connection) -> Result<Option<RootKey>, StoreError> {
    Ok(meta(db, "root")?.and_then(|bytes| RootKey::from_slice(&bytes)))
}

/// Roots that are named here, and how much that is worth.
#[derive(Default)]
struct Named {
    /// All statements of these stay: my own root, members of the circles and whose statements are in their sets, whom
    /// this node paired with or reaches by an address.
    roots: BTreeSet<RootKey>,
    /// Named by authority records only, whether these count or wait: so much of them stays as may wait of one member.
    perhaps: BTreeSet<RootKey>,
    /// Feeds of records that wait: their certificates' roots, likewise.
    feeds: BTreeSet<FeedKey>,
}

impl Named {
    fn read(db: &Connection) -> Result<Self, StoreError> {
        let mut named = Self::default();
        named.roots.extend(own_root(db)?);
        let sql = "SELECT root FROM pairing UNION SELECT root FROM ticket WHERE root IS NOT NULL
                   UNION SELECT root FROM peer WHERE root IS NOT NULL";
        for root in rows(db, sql)? {
            named.roots.extend(RootKey::from_slice(&root));
        }
        let mut used = BTreeSet::new();
        for id in rows(db, "SELECT id FROM circle")? {
            let Some(id) = CircleId::from_slice(&id) else {
                continue;
            };
            match cache::load(db, &id)? {
                Some(cached) => {
                    named.roots.extend(cached.authority.members.into_keys());
                    used.extend(cached.statements);
                }
                None => {
                    let settled = cache::compute(db, &id)?;
                    let members = settled.state.authority.members;
                    named.roots.extend(members.into_keys());
                    used.extend(settled.membership.statements);
                }
            }
        }
        for StatementId(id) in used {
            let sql = "SELECT root FROM statement WHERE id = ?1";
            let mut sql = db.prepare_cached(sql)?;
            let mut found = sql.query([id])?;
            if let Some(row) = found.next()? {
                named.roots.insert(RootKey(row.get(0)?));
            }
        }
        for bytes in rows(db, "SELECT bytes FROM record WHERE kind < 64")? {
            let record: Verified<Record> = pool::decode(&bytes)?;
            named.by(record.value());
        }
        for feed in rows(db, "SELECT DISTINCT feed FROM record WHERE in_set = 0")? {
            named.feeds.extend(FeedKey::from_slice(&feed));
        }
        Ok(named)
    }

    /// Adds the roots that a record names.
    fn by(&mut self, record: &Record) {
        match Body::decode(record.kind, &record.body) {
            Some(Body::Genesis { admins, .. }) => {
                self.perhaps.extend(admins.iter().map(|admin| admin.root));
            }
            Some(
                Body::Admit { root, .. } | Body::Suspend { root, .. } | Body::AddAdmin { root },
            ) => {
                self.perhaps.insert(root);
            }
            _ => {}
        }
    }
}

fn rows(db: &Connection, sql: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut sql = db.prepare(sql)?;
    let rows = sql.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes the statements of roots that nothing here names. Whoever is admitted later brings them again.
pub(super) fn loose_statements(db: &Connection) -> Result<(usize, u64), StoreError> {
    let mut named = Named::read(db)?;
    let mut loose: Vec<(RootKey, [u8; 32])> = {
        let mut sql = db.prepare("SELECT root, id FROM statement ORDER BY id")?;
        let rows = sql.query_map([], |row| Ok((RootKey(row.get(0)?), row.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    loose.retain(|(root, _)| !named.roots.contains(root));
    let read = |id: &[u8; 32]| -> Result<Vec<u8>, StoreError> {
        let mut sql = db.prepare_cached("SELECT bytes FROM statement WHERE id = ?1")?;
        Ok(sql.query_row([id], |row| row.get(0))?)
    };
    if !named.feeds.is_empty() {
        for (root, id) in &loose {
            if named.perhaps.contains(root) {
                continue;
            }
            let statement: Verified<Statement> = pool::decode(&read(id)?)?;
            if let Claim::Certificate { key, .. } = &statement.value().claim
                && named.feeds.contains(&FeedKey(*key))
            {
                named.perhaps.insert(*root);
            }
        }
    }
    let (mut count, mut bytes, mut kept) = (0, 0, 0);
    for (root, id) in &loose {
        let size = read(id)?.len() as u64;
        if named.perhaps.contains(root) && kept + size <= limits::QUARANTINE_MEMBER_BYTES {
            kept += size;
            continue;
        }
        db.execute("DELETE FROM statement WHERE id = ?1", [id])?;
        (count, bytes) = (count + 1, bytes + size);
    }
    Ok((count, bytes))
}

/// Removes everything that is kept about a circle but what a person said about it, and what keeps this node's own numbers
/// from being given twice: others take only what is newer.
pub(super) fn forget_circle(db: &Connection, id: &CircleId) -> Result<(), StoreError> {
    let spent = "SELECT max(sequence) FROM ack WHERE circle = ?1 AND from_root = ?2";
    if let Some(me) = own_root(db)? {
        let spent: Option<i64> = db.query_row(spent, params![id.0, me.0], |row| row.get(0))?;
        if let Some(spent) = spent {
            super::set_meta(db, &spent_key(id), &spent.to_be_bytes())?;
        }
    }
    let numbers = "DELETE FROM pairing WHERE ticket IN (SELECT id FROM ticket WHERE circle = ?1)";
    db.execute(numbers, [id.0])?;
    for table in [
        "fact",
        "record",
        "scope",
        "model",
        "ack",
        "heard",
        "bundle_in",
        "bundle_gap",
        "ticket",
    ] {
        db.execute(&format!("DELETE FROM {table} WHERE circle = ?1"), [id.0])?;
    }
    // A folder on a stick is taken off it once it is collected, and the last number is where the next begins.
    let sql = "DELETE FROM bundle_out WHERE circle = ?1 AND handle IS NULL AND sequence NOT IN
               (SELECT sequence FROM bundle_out WHERE circle = ?1 AND head IS NOT NULL
                ORDER BY sequence DESC LIMIT 1)
               AND sequence < (SELECT max(sequence) FROM bundle_out WHERE circle = ?1)";
    db.execute(sql, [id.0])?;
    let sql = "UPDATE bundle_out SET recipients = NULL, digest = NULL WHERE circle = ?1";
    db.execute(sql, [id.0])?;
    db.execute("DELETE FROM circle WHERE id = ?1", [id.0])?;
    forget_arrivals(db)?;
    loose_statements(db)?;
    Ok(())
}

/// Where the last number of this node's acknowledgements in a forgotten circle is kept.
pub(super) fn spent_key(id: &CircleId) -> String {
    format!("acknowledged:{id}")
}
