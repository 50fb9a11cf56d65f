//! Writing one's own feed. One immediate transaction reads the head, signs, inserts and settles, so that two
//! processes never make two records of one height; no record leaves by any carrier before it returned.

use std::collections::VecDeque;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::fold::{Lack, State};
use crate::identity::{Signer, Verified, verify};
use crate::record::{
    Body, CircleId, Entry, FeedKey, Place, Previous, Record, RecordId, RootKey, Signed, Statement,
    StatementId,
};

use super::circle::Standing;
use super::cite::Sight;
use super::{Store, StoreError, cache, clock, meta, pool, set_clock};

/// The key that writes, and whose it is.
pub struct OwnFeed<'a> {
    pub root: RootKey,
    pub signer: &'a dyn Signer,
    /// The certificate that gives the key to the root.
    pub certificate: StatementId,
}

/// A record to be written; where it stands and what it cites is found in the transaction.
#[derive(Debug, Clone)]
pub struct Draft {
    pub body: Body,
    pub cut: Vec<Place>,
}

impl From<Body> for Draft {
    fn from(body: Body) -> Self {
        Self {
            body,
            cut: Vec::new(),
        }
    }
}

impl Store {
    /// Founds a circle: its genesis record.
    pub fn found(
        &mut self,
        owner: &OwnFeed<'_>,
        genesis: Body,
        standing: Standing,
        statements: &[Verified<Statement>],
        now: u64,
    ) -> Result<CircleId, StoreError> {
        self.transaction(|tx| {
            writable(tx)?;
            for statement in statements {
                pool::insert_statement(tx, statement)?;
            }
            let time = clock(tx)?.tick(now);
            let record = Record {
                circle: None,
                feed: FeedKey(owner.signer.public()),
                height: 0,
                previous: Previous::Certificate(owner.certificate),
                time,
                kind: genesis.kind(),
                seen: vec![],
                cut: vec![],
                body: genesis.encode(),
            };
            let record = sign(owner, record)?;
            let id = CircleId::from(record.id());
            let sql = "INSERT INTO circle (id, standing) VALUES (?1, ?2)";
            tx.execute(sql, params![id.0, standing.as_str()])?;
            pool::arriving(tx, now)?;
            pool::insert_record(tx, &record, None, false)?;
            set_clock(tx, time)?;
            cache::settle(tx, &id)?;
            Ok(id)
        })
    }

    /// Appends records to one's own feed of a circle, all or none.
    pub fn append(
        &mut self,
        id: &CircleId,
        owner: &OwnFeed<'_>,
        drafts: &[Draft],
        now: u64,
    ) -> Result<Vec<RecordId>, StoreError> {
        self.transaction(|tx| append(tx, id, owner, drafts, now))
    }

    /// Appends records together with statements that they rest on, all or none; the state afterwards comes along.
    pub fn decide(
        &mut self,
        id: &CircleId,
        owner: &OwnFeed<'_>,
        statements: &[Verified<Statement>],
        drafts: &[Draft],
        now: u64,
    ) -> Result<(Vec<RecordId>, State), StoreError> {
        self.transaction(|tx| decide(tx, id, owner, statements, drafts, now))
    }

    /// What `decide` would do. The transaction is rolled back: nothing was written, and no record exists.
    pub fn foresee(
        &mut self,
        id: &CircleId,
        owner: &OwnFeed<'_>,
        statements: &[Verified<Statement>],
        drafts: &[Draft],
        now: u64,
    ) -> Result<(Vec<RecordId>, State), StoreError> {
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let foreseen = decide(&tx, id, owner, statements, drafts, now);
        tx.rollback()?;
        foreseen
    }

    /// Writes the last record of a replaced feed, unless the feed is empty, closed or may not be written.
    pub fn append_successor(
        &mut self,
        id: &CircleId,
        owner: &OwnFeed<'_>,
        next: [u8; 32],
        now: u64,
    ) -> Result<(), StoreError> {
        self.transaction(|tx| {
            let feed = FeedKey(owner.signer.public());
            let Some(last) = head(tx, id, &feed)? else {
                return Ok(());
            };
            let sql = "SELECT kind FROM record WHERE id = ?1";
            let kind: i64 = tx.query_row(sql, [last.id.0], |row| row.get(0))?;
            if kind.unsigned_abs() == crate::record::Kind::SUCCESSOR.0 {
                return Ok(());
            }
            let draft = Draft::from(Body::Successor {
                feed: FeedKey(next),
            });
            match append(tx, id, owner, &[draft], now) {
                Err(StoreError::FeedStopped(_)) | Ok(_) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    /// Whether any record of this feed is here, in whatever circle.
    pub fn feed_known(&self, feed: &FeedKey) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM record WHERE feed = ?1 LIMIT 1";
        let row = self.db.query_row(sql, [feed.0], |_| Ok(())).optional()?;
        Ok(row.is_some())
    }

    /// Adds own statements.
    pub fn add_statements(&mut self, statements: &[Verified<Statement>]) -> Result<(), StoreError> {
        self.transaction(|tx| {
            for statement in statements {
                pool::insert_statement(tx, statement)?;
            }
            let mut sql = tx.prepare("SELECT id FROM circle")?;
            let ids: Vec<[u8; 32]> = sql
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for id in ids {
                cache::settle(tx, &CircleId(id))?;
            }
            Ok(())
        })
    }
}

fn decide(
    db: &Connection,
    id: &CircleId,
    owner: &OwnFeed<'_>,
    statements: &[Verified<Statement>],
    drafts: &[Draft],
    now: u64,
) -> Result<(Vec<RecordId>, State), StoreError> {
    for statement in statements {
        pool::insert_statement(db, statement)?;
    }
    let ids = append(db, id, owner, drafts, now)?;
    Ok((ids, cache::compute(db, id)?.state))
}

fn append(
    db: &Connection,
    id: &CircleId,
    owner: &OwnFeed<'_>,
    drafts: &[Draft],
    now: u64,
) -> Result<Vec<RecordId>, StoreError> {
    writable(db)?;
    let standing = db.query_row("SELECT standing FROM circle WHERE id = ?1", [id.0], |row| {
        row.get::<_, String>(0)
    });
    match standing.optional()?.as_deref() {
        Some("member") => {}
        Some(_) => return Err(StoreError::FeedStopped("the starter shelf is read-only")),
        None => return Err(StoreError::UnknownCircle(id.short())),
    }
    let feed = FeedKey(owner.signer.public());
    let mut cached = cached(db, id)?;
    if cached.authority.newer() && !drafts.iter().all(|draft| timeless(&draft.body)) {
        return Err(StoreError::NewerCircle);
    }
    if let Some(Entry::Forked { .. }) = cached.frontier.0.get(&feed) {
        return Err(StoreError::FeedStopped(
            "two records stand at one height of it",
        ));
    }
    let mut head = head(db, id, &feed)?;
    if brought_and_waiting(db, id, &feed)? {
        return Err(StoreError::FeedStopped(
            "a peer brought records of it that this home did not write: it was set back, restored or copied",
        ));
    }
    let mut time = clock(db)?;
    pool::arriving(db, now)?;
    let mut written = Vec::new();
    let mut extended = false;
    let mut steps: VecDeque<(Draft, Option<Vec<Place>>, bool)> = VecDeque::new();
    for draft in drafts {
        steps.push_back((draft.clone(), None, true));
        while let Some((draft, seen, asked)) = steps.pop_front() {
            let kind = draft.body.kind();
            let seen = match seen {
                Some(seen) => seen,
                None if !kind.is_critical() => Vec::new(),
                None => {
                    let known = (&cached.authority, &cached.frontier);
                    let sight = Sight::of(db, id, known, (owner.root, feed))?;
                    let cited = sight.cite(&draft.body)?;
                    if !cited.merges.is_empty() {
                        // What the merges cite is below this one in its feed, then.
                        for merge in cited.merges {
                            steps.push_back((Body::Merge.into(), Some(merge), false));
                        }
                        steps.push_back((draft, Some(cited.seen), asked));
                        continue;
                    }
                    cited.seen
                }
            };
            time = time.tick(now);
            let record = Record {
                circle: Some(*id),
                feed,
                height: head.map_or(0, |place| place.height + 1),
                previous: match head {
                    None => Previous::Certificate(owner.certificate),
                    Some(place) => Previous::Record(place.id),
                },
                time,
                kind,
                seen,
                cut: draft.cut.clone(),
                body: draft.body.encode(),
            };
            let record = sign(owner, record)?;
            // Authority records cite what is in the set, so the set has to be true before the next one.
            extended = cached.extend(db, id, &record, None)?;
            if !extended {
                pool::insert_record(db, &record, None, false)?;
                let settled = cache::settle(db, id)?;
                let code = settled.state.without_effect.get(&record.id());
                let lacks = settled.membership.waiting.get(&record.id());
                if lacks.is_some_and(|lacks| lacks.contains(&Lack::Quota)) {
                    return Err(StoreError::FeedFull);
                }
                if code == Some(&"dangling") {
                    return Err(StoreError::NotHere(record.id().to_string()));
                }
                cached = self::cached(db, id)?;
            }
            head = Some(record.place());
            if asked {
                written.push(record.id());
            }
        }
    }
    if extended {
        cache::save(db, id, &cached, None)?;
    }
    set_clock(db, time)?;
    Ok(written)
}

/// Whether this may be written under rules of a newer okibi: it shares, it defends, or it ends a feed.
fn timeless(body: &Body) -> bool {
    let defends = matches!(body, Body::Suspend { .. } | Body::Successor { .. });
    defends || !body.kind().is_critical()
}

/// What is kept of a circle, settled where nothing is.
fn cached(db: &Connection, id: &CircleId) -> Result<cache::Cached, StoreError> {
    if let Some(cached) = cache::load(db, id)? {
        return Ok(cached);
    }
    cache::settle(db, id)?;
    cache::load(db, id)?.ok_or_else(|| StoreError::Damaged("the cache cannot be read back".into()))
}

fn sign(owner: &OwnFeed<'_>, record: Record) -> Result<Verified<Record>, StoreError> {
    let signed = Signed::build(record, |message| owner.signer.sign(message));
    // What a reader would refuse is not written: size, order and signature are checked as on the way in.
    let signed = Signed::decode(signed.bytes()).map_err(|_| {
        StoreError::FeedStopped("the record would be larger than 64 KiB or malformed")
    })?;
    verify(signed).map_err(|_| StoreError::FeedStopped("its key does not make valid signatures"))
}

/// Refuses while something says that this home is not the one that wrote the feed.
fn writable(db: &Connection) -> Result<(), StoreError> {
    match meta(db, "stopped")? {
        None => Ok(()),
        Some(_) => Err(StoreError::FeedStopped(
            "this home was moved or copied to another machine or folder",
        )),
    }
}

fn head(db: &Connection, id: &CircleId, feed: &FeedKey) -> Result<Option<Place>, StoreError> {
    let sql = "SELECT height, id FROM record WHERE circle = ?1 AND feed = ?2 ORDER BY height DESC LIMIT 1";
    let row = db.query_row(sql, params![id.0, feed.0], |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
    });
    Ok(row.optional()?.map(|(height, id)| Place {
        feed: *feed,
        height,
        id: RecordId(id),
    }))
}

/// Whether somebody brought a record that this feed's key signed and that does not follow what is here. Only such a
/// record is evidence; what others say that they hold is none (`own`).
fn brought_and_waiting(db: &Connection, id: &CircleId, feed: &FeedKey) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM record INDEXED BY record_waiting_feed
               WHERE circle = ?1 AND feed = ?2 AND in_set = 0 AND deliverer IS NOT NULL LIMIT 1";
    let mut sql = db.prepare_cached(sql)?;
    Ok(sql.exists(params![id.0, feed.0])?)
}
