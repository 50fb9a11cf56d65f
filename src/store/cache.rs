//! The folded state as a rebuildable cache, and the one short cut that keeps it true.
//!
//! What authority decided, who belongs, the frontier and the ids of the statements stand in the circle's row;
//! documents and models that count stand as rows of `fact`. `settle` computes all of it from the pool.
//!
//! `extend` takes one ordinary record at the head of a chain that nothing cuts, and changes only what that
//! record changes: its cost does not depend on how many records there are. Whatever it cannot be sure of it
//! declines, and the caller settles. The hash of the set is computed when somebody asks for it.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use crate::fold::{self, Authority, Lack, Membership, Shared, State};
use crate::identity::Verified;
use crate::record::{
    BlobHash, Body, CircleId, Claim, Entry, FeedKey, ForkEvidence, Frontier, Kind, Previous,
    Record, RecordId, RootKey, Signed, Statement, StatementId, limits, set_hash, statements_hash,
};

use super::StoreError;
use super::pool::{self, decode, history};

/// A circle computed from its pool.
pub(super) struct Settled {
    pub membership: Membership,
    pub state: State,
}

impl Settled {
    /// Ids of records and certificates that would let waiting records in.
    pub fn wanted(&self) -> BTreeSet<[u8; 32]> {
        let lacks = self.membership.waiting.values().flatten();
        let ids = lacks.filter_map(|lack| match lack {
            Lack::Record(id) => Some(id.0),
            Lack::Certificate(id) => Some(id.0),
            _ => None,
        });
        ids.take(limits::WANTED).collect()
    }
}

/// What is kept of a circle between two transactions.
pub(super) struct Cached {
    pub authority: Authority,
    pub frontier: Frontier,
    pub statements: BTreeSet<StatementId>,
    /// Something waits in the pool that an arrival may let in. Branches that nothing reaches do not: only authority
    /// records reach into other feeds.
    pub waiting: bool,
    /// Whose feeds may be extended, as far as `extend` asked; true until something else than `extend` changes the
    /// circle.
    owners: HashMap<FeedKey, Option<RootKey>>,
    /// Ordinary records and their bytes in these feeds, as far as `extend` asked.
    spent: HashMap<FeedKey, (u64, u64)>,
}

/// Computes a circle from its pool.
pub(super) fn compute(db: &Connection, id: &CircleId) -> Result<Settled, StoreError> {
    let (membership, state) = fold::evaluate(&history(db, id)?);
    Ok(Settled { membership, state })
}

/// What of a circle's pool counts and what waits, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    pub set_hash: [u8; 32],
    /// Records in the set.
    pub records: u64,
    /// Records that wait for something that may still come.
    pub waiting: usize,
    /// Ids of records and certificates that would let them in; `limits::WANTED` at most.
    pub wanted: BTreeSet<[u8; 32]>,
}

/// Counts a circle; where nothing waits, without a look at its records.
pub(super) fn tally(db: &Connection, id: &CircleId) -> Result<Tally, StoreError> {
    if let Some(cached) = load(db, id)?
        && !cached.waiting
    {
        let sql = "SELECT count(*) FROM record WHERE circle = ?1 AND in_set = 1";
        let records: i64 = db.query_row(sql, [id.0], |row| row.get(0))?;
        return Ok(Tally {
            set_hash: cached.set_hash(db, id)?,
            records: records.unsigned_abs(),
            waiting: 0,
            wanted: BTreeSet::new(),
        });
    }
    let settled = compute(db, id)?;
    Ok(Tally {
        set_hash: settled.membership.set_hash,
        records: settled.membership.records.len() as u64,
        waiting: settled.membership.pending(),
        wanted: settled.wanted(),
    })
}

/// Computes a circle from its pool and keeps the result: what is in the set, and what it comes to.
pub(super) fn settle(db: &Connection, id: &CircleId) -> Result<Settled, StoreError> {
    let (membership, state, permissions) = fold::evaluate_and_keep(&history(db, id)?);
    let settled = Settled { membership, state };
    mark(db, id, &settled.membership)?;
    keep_facts(db, id, &settled)?;
    let Settled { membership, state } = &settled;
    let cached = Cached {
        authority: state.authority.clone(),
        frontier: membership.frontier.clone(),
        statements: membership.statements.clone(),
        waiting: membership.pending() > 0,
        owners: HashMap::new(),
        spent: HashMap::new(),
    };
    save(db, id, &cached, Some(&membership.set_hash))?;
    let sql = "UPDATE circle SET permissions = ?2 WHERE id = ?1";
    db.execute(sql, params![id.0, permissions.encode()])?;
    Ok(settled)
}

/// Brings the records' `in_set` in line with the membership.
fn mark(db: &Connection, id: &CircleId, membership: &Membership) -> Result<(), StoreError> {
    let mut wrong: Vec<([u8; 32], bool)> = Vec::new();
    {
        let mut sql = db.prepare("SELECT id, in_set FROM record WHERE circle = ?1")?;
        let mut rows = sql.query([id.0])?;
        while let Some(row) = rows.next()? {
            let (record, cached): ([u8; 32], bool) = (row.get(0)?, row.get(1)?);
            let counts = membership.records.contains(&RecordId(record));
            if counts != cached {
                wrong.push((record, counts));
            }
        }
    }
    let mut sql = db.prepare("UPDATE record SET in_set = ?2 WHERE id = ?1")?;
    for (record, counts) in wrong {
        sql.execute(params![record, counts])?;
    }
    Ok(())
}

fn keep_facts(db: &Connection, id: &CircleId, settled: &Settled) -> Result<(), StoreError> {
    db.execute("DELETE FROM fact WHERE circle = ?1", [id.0])?;
    for (record, shared) in &settled.state.contents {
        let blob = shared.content.blob().blake3;
        let kind = shared.content.kind().record();
        insert_fact(db, id, record, kind, What::Shared(&shared.author, &blob))?;
    }
    // Withdrawals stand by their target, so that a target that comes later is noticed.
    let sql = "SELECT bytes FROM record WHERE circle = ?1 AND in_set = 1 AND kind = ?2";
    let mut sql = db.prepare(sql)?;
    for bytes in sql.query_map(params![id.0, Kind::WITHDRAW.0 as i64], |row| {
        row.get::<_, Vec<u8>>(0)
    })? {
        let record: Verified<Record> = decode(&bytes?)?;
        if let Some(Body::Withdraw { target }) =
            Body::decode(record.value().kind, &record.value().body)
        {
            insert_fact(
                db,
                id,
                &record.id(),
                Kind::WITHDRAW,
                What::Withdrawn(&target),
            )?;
        }
    }
    Ok(())
}

/// What a fact says.
enum What<'a> {
    /// Who shared it, and its content.
    Shared(&'a RootKey, &'a BlobHash),
    /// Its target.
    Withdrawn(&'a RecordId),
}

fn insert_fact(
    db: &Connection,
    id: &CircleId,
    record: &RecordId,
    kind: Kind,
    what: What<'_>,
) -> Result<(), StoreError> {
    let (author, blob, target) = match what {
        What::Shared(author, blob) => (Some(author.0), Some(blob.0), None),
        What::Withdrawn(target) => (None, None, Some(target.0)),
    };
    // From here on the triggers on `scope` keep `lacking` true.
    let sql = "INSERT OR REPLACE INTO fact (arrival, circle, kind, author, target, blob, lacking)
               SELECT arrival, ?2, ?3, ?4, ?5, ?6, ?6 IS NOT NULL AND
                      NOT EXISTS (SELECT 1 FROM scope WHERE blob = ?6 AND circle = ?2)
               FROM record WHERE id = ?1";
    let mut sql = db.prepare_cached(sql)?;
    sql.execute(params![record.0, id.0, kind.0 as i64, author, target, blob])?;
    Ok(())
}

/// What is kept of a circle; none where nothing is, or of an older version of the rules.
pub(super) fn load(db: &Connection, id: &CircleId) -> Result<Option<Cached>, StoreError> {
    let sql = "SELECT fold_version, state, frontier, statements, waiting FROM circle WHERE id = ?1";
    let row = db.query_row(sql, [id.0], |row| {
        let version: Option<i64> = row.get(0)?;
        let blob = |at| row.get::<_, Option<Vec<u8>>>(at);
        let blobs = (blob(1)?, blob(2)?, blob(3)?);
        Ok((version, blobs, row.get(4)?))
    });
    let Some((Some(version), (Some(state), Some(frontier), Some(statements)), waiting)) =
        row.optional()?
    else {
        return Ok(None);
    };
    if version != fold::VERSION as i64 {
        return Ok(None);
    }
    let (Some(authority), Some(frontier)) = (
        State::decode(&state).map(|state| state.authority),
        Frontier::decode(&frontier),
    ) else {
        return Ok(None);
    };
    let ids = statements
        .chunks_exact(32)
        .filter_map(StatementId::from_slice);
    Ok(Some(Cached {
        authority,
        frontier,
        statements: ids.collect(),
        waiting,
        owners: HashMap::new(),
        spent: HashMap::new(),
    }))
}

/// Keeps what was changed; the hash of the set, where it is not known, is computed when it is asked for.
pub(super) fn save(
    db: &Connection,
    id: &CircleId,
    cached: &Cached,
    hash: Option<&[u8; 32]>,
) -> Result<(), StoreError> {
    let statements: Vec<u8> = cached.statements.iter().flat_map(|id| id.0).collect();
    let sql = "UPDATE circle SET set_hash = ?2, fold_version = ?3, state = ?4, frontier = ?5,
               statements = ?6, waiting = ?7 WHERE id = ?1";
    db.execute(
        sql,
        params![
            id.0,
            hash,
            fold::VERSION as i64,
            State::from(cached.authority.clone()).encode(),
            cached.frontier.encode(),
            statements,
            cached.waiting
        ],
    )?;
    Ok(())
}

impl Cached {
    /// `record::statements_hash` of the circle's statements.
    pub fn statements_hash(&self) -> [u8; 32] {
        statements_hash(&self.statements)
    }

    /// The whole state: documents and models put back in.
    pub fn state(&self, db: &Connection, id: &CircleId) -> Result<State, StoreError> {
        let mut state = State::from(self.authority.clone());
        let sql = "SELECT r.bytes, f.author FROM fact f JOIN record r ON r.arrival = f.arrival
                   WHERE f.circle = ?1 AND f.author IS NOT NULL";
        let mut sql = db.prepare(sql)?;
        let rows = sql.query_map([id.0], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
        for row in rows {
            let (bytes, author) = row?;
            let (record, author): (Verified<Record>, _) = (decode(&bytes)?, RootKey(author));
            let time = record.value().time;
            if let Some(Body::Content(content)) =
                Body::decode(record.value().kind, &record.value().body)
            {
                let shared = Shared {
                    author,
                    time,
                    content,
                };
                state.contents.insert(record.id(), shared);
            }
        }
        Ok(state)
    }

    /// The hash of the set as it stands in the database.
    pub fn set_hash(&self, db: &Connection, id: &CircleId) -> Result<[u8; 32], StoreError> {
        let kept: Option<[u8; 32]> =
            db.query_row("SELECT set_hash FROM circle WHERE id = ?1", [id.0], |row| {
                row.get(0)
            })?;
        if let Some(hash) = kept {
            return Ok(hash);
        }
        let mut sql = db.prepare("SELECT id FROM record WHERE circle = ?1 AND in_set = 1")?;
        let records = sql.query_map([id.0], |row| row.get(0).map(RecordId))?;
        let records: BTreeSet<RecordId> = records.collect::<Result<_, _>>()?;
        let forks: BTreeSet<ForkEvidence> = self
            .frontier
            .0
            .iter()
            .filter_map(|(feed, entry)| match entry {
                Entry::Forked {
                    height,
                    first,
                    second,
                    ..
                } => Some((*feed, *height, *first, *second)),
                Entry::Head { .. } => None,
            })
            .collect();
        Ok(set_hash(&self.statements, &records, &forks))
    }

    /// Takes one record that is not in the pool yet into pool, set and state, if that is all it does. Returns
    /// whether it was; if not, the caller rolls back and settles.
    pub fn extend(
        &mut self,
        db: &Connection,
        id: &CircleId,
        record: &Verified<Record>,
        deliverer: Option<&[u8; 32]>,
    ) -> Result<bool, StoreError> {
        let value = record.value();
        if self.waiting || value.kind.is_critical() {
            return Ok(false);
        }
        let Some(Entry::Head { height, id: head }) = self.frontier.0.get(&value.feed) else {
            return Ok(false);
        };
        if value.height != height + 1 || value.previous != Previous::Record(*head) {
            return Ok(false);
        }
        let owner = match self.owners.get(&value.feed) {
            Some(owner) => *owner,
            None => {
                let owner = self.owner(db, id, &value.feed)?;
                self.owners.insert(value.feed, owner);
                owner
            }
        };
        let Some(owner) = owner else {
            return Ok(false);
        };
        let Some(news) = news(db, id, &owner, record)? else {
            return Ok(false);
        };
        if !self.within_budget(db, id, &owner, record)? {
            return Ok(false);
        }
        pool::insert_record(db, record, deliverer, true)?;
        self.take_fact(db, id, &owner, record, &news)?;
        let entry = Entry::Head {
            height: value.height,
            id: record.id(),
        };
        self.frontier.0.insert(value.feed, entry);
        Ok(true)
    }

    /// Whether an ordinary record still fits what its feed may write (`docs/circles.md`, section 4).
    fn within_budget(
        &mut self,
        db: &Connection,
        id: &CircleId,
        owner: &RootKey,
        record: &Verified<Record>,
    ) -> Result<bool, StoreError> {
        let value = record.value();
        let member = self.authority.members.get(owner);
        if member.is_some_and(|member| member.admission == RecordId::from(*id))
            || (value.height + 1) * limits::RECORD_BYTES as u64 <= limits::FEED_BYTES
        {
            return Ok(true);
        }
        let (count, bytes) = match self.spent.get(&value.feed) {
            Some(spent) => *spent,
            None => {
                let sql = "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM record
                           WHERE circle = ?1 AND feed = ?2 AND kind >= 64 AND in_set = 1";
                db.query_row(sql, params![id.0, value.feed.0], |row| {
                    let (count, bytes): (i64, i64) = (row.get(0)?, row.get(1)?);
                    Ok((count.unsigned_abs(), bytes.unsigned_abs()))
                })?
            }
        };
        let spent = (count + 1, bytes + record.bytes().len() as u64);
        self.spent.insert(value.feed, spent);
        Ok(spent.0 <= limits::FEED_ORDINARY && spent.1 <= limits::FEED_BYTES)
    }

    /// The root whose open feed this is, where nothing suspends the root and nothing may cut the feed.
    fn owner(
        &self,
        db: &Connection,
        id: &CircleId,
        feed: &FeedKey,
    ) -> Result<Option<RootKey>, StoreError> {
        let mut members = self.authority.members.iter();
        let owner = members.find(|(_, member)| member.open.contains(feed));
        let Some((owner, None)) = owner.map(|(root, member)| (*root, member.suspension)) else {
            return Ok(None);
        };
        Ok((!is_cut(db, id, &owner, feed)?).then_some(owner))
    }

    /// Writes down what a record of the pool says.
    fn take_fact(
        &mut self,
        db: &Connection,
        id: &CircleId,
        owner: &RootKey,
        record: &Verified<Record>,
        news: &News,
    ) -> Result<(), StoreError> {
        let kind = record.value().kind;
        match news {
            News::Shared(blob) => {
                insert_fact(db, id, &record.id(), kind, What::Shared(owner, blob))?;
            }
            News::Withdrawn(target) => {
                let sql =
                    "DELETE FROM fact WHERE arrival = (SELECT arrival FROM record WHERE id = ?1)";
                db.execute(sql, [target.0])?;
                insert_fact(db, id, &record.id(), kind, What::Withdrawn(target))?;
                self.authority.withdrawn.insert(*target);
            }
            News::None => {}
        }
        Ok(())
    }
}

/// What a record changes of a circle's facts.
enum News {
    None,
    Shared(BlobHash),
    Withdrawn(RecordId),
}

/// What a record says, if it touches nothing but itself.
fn news(
    db: &Connection,
    id: &CircleId,
    owner: &RootKey,
    record: &Verified<Record>,
) -> Result<Option<News>, StoreError> {
    let mut sql = db.prepare_cached("SELECT 1 FROM fact WHERE target = ?1")?;
    if sql.exists([record.id().0])? {
        return Ok(None);
    }
    let news = match Body::decode(record.value().kind, &record.value().body) {
        Some(Body::Content(content)) => News::Shared(content.blob().blake3),
        Some(Body::Withdraw { target }) => {
            let sql = "SELECT f.author FROM fact f JOIN record r ON r.arrival = f.arrival
                       WHERE r.id = ?2 AND f.circle = ?1 AND f.author IS NOT NULL";
            let author: Option<[u8; 32]> = db
                .query_row(sql, params![id.0, target.0], |row| row.get(0))
                .optional()?;
            if author != Some(owner.0) {
                return Ok(None);
            }
            News::Withdrawn(target)
        }
        _ => News::None,
    };
    Ok(Some(news))
}

/// Whether a revocation or a successor may speak of this feed.
fn is_cut(
    db: &Connection,
    id: &CircleId,
    owner: &RootKey,
    feed: &FeedKey,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM record WHERE circle = ?1 AND kind = ?2 AND feed = ?3";
    let closed = params![id.0, Kind::SUCCESSOR.0 as i64, feed.0];
    if db.query_row(sql, closed, |_| Ok(())).optional()?.is_some() {
        return Ok(true);
    }
    let mut sql = db.prepare("SELECT bytes FROM statement WHERE root = ?1")?;
    for bytes in sql.query_map([owner.0], |row| row.get::<_, Vec<u8>>(0))? {
        let statement = Signed::<Statement>::decode(&bytes?)
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        if matches!(&statement.value().claim, Claim::Revocation { key, .. } if *key == feed.0) {
            return Ok(true);
        }
    }
    Ok(false)
}
