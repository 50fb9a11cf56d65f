//! The one way in. Every shared fact, by whatever road, comes through `ingest`: idempotent, indifferent to
//! order, one transaction. What is verified enters the pool; the fold says what of it is in the set; what
//! waits is bounded, oldest out first, and what was put out is asked for again.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use crate::fold::{Authority, Change, State, Subject, changes};
use crate::identity::Verified;
use crate::identity::fingerprint;
use crate::record::{
    Ack, BlobRef, CircleId, FeedKey, Record, RecordId, RootKey, Statement, limits,
};

use super::cache::{self, Cached, Settled};
use super::circle::Standing;
use super::gaps::{self, Delivered};
use super::{Scope, Store, StoreError, ack, audit, blobs, clock, offers, own, pool, set_clock};

/// Who brought a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// This node itself.
    Own,
    /// A member of the circle; quarantine is counted for it.
    Member(RootKey),
    /// The signer of a read-only shelf.
    Shelf,
}

/// A circle that this node enters with a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    pub standing: Standing,
}

/// What one delivery brings of one circle.
#[derive(Debug, Default)]
pub struct Batch {
    pub statements: Vec<Verified<Statement>>,
    pub records: Vec<Verified<Record>>,
    pub acks: Vec<Verified<Ack>>,
    /// Blobs whose files were published before.
    pub blobs: Vec<BlobRef>,
    /// Enter the circle.
    pub join: Option<Join>,
    /// Keeps a small named value together with the batch: how far something is that needs several.
    pub mark: Option<(String, Vec<u8>)>,
    /// Which bundle brought this, if one did.
    pub bundle: Option<Delivered>,
    /// What the audit trail says of it.
    pub audit: Option<Value>,
    /// By which road it came: `usb`, `lan`, `iroh`, `builtin`.
    pub road: &'static str,
}

/// What an ingest did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Records that are in the set now and were not before.
    pub taken: usize,
    /// Records that were there already.
    pub known: usize,
    /// Statements that were new.
    pub statements: usize,
    /// Blobs that were new.
    pub blobs: usize,
    /// Acknowledgements that were newer than what was held.
    pub acks: usize,
    /// Records of this circle that wait in quarantine.
    pub waiting: usize,
    /// Records put out of quarantine for want of space.
    pub evicted: usize,
    /// Records and certificates that would let waiting ones in.
    pub wanted: BTreeSet<[u8; 32]>,
    /// Everything at hand was folded anew: as expensive as the circle is large.
    pub folded: bool,
    /// Records of other circles than the batch's: refused.
    pub foreign: usize,
    /// What was decided before and is decided otherwise now.
    pub changed: Vec<Change>,
}

impl Receipt {
    /// What this and a later batch of one delivery did together.
    pub fn add(&mut self, later: Self) {
        self.taken += later.taken;
        self.known += later.known;
        self.statements += later.statements;
        self.blobs += later.blobs;
        self.acks += later.acks;
        self.evicted += later.evicted;
        self.foreign += later.foreign;
        // Where nothing was folded, nothing waits that did not wait before.
        if later.folded {
            self.folded = true;
            self.waiting = later.waiting;
            self.wanted = later.wanted;
        }
        for change in later.changed {
            match self
                .changed
                .iter()
                .position(|it| it.subject == change.subject)
            {
                None => self.changed.push(change),
                Some(at) if self.changed[at].was == change.is => _ = self.changed.remove(at),
                Some(at) => self.changed[at].is = change.is,
            }
        }
    }
}

impl Store {
    /// Takes in a batch of one circle.
    pub fn ingest(
        &mut self,
        id: CircleId,
        batch: Batch,
        source: Source,
        me: RootKey,
        now: u64,
    ) -> Result<Receipt, StoreError> {
        self.transaction(|tx| {
            enter(tx, &id, batch.join.as_ref())?;
            let before = cache::load(tx, &id)?;
            let mut receipt = Receipt::default();
            for statement in &batch.statements {
                receipt.statements += usize::from(pool::insert_statement(tx, statement)?);
            }
            let deliverer = match &source {
                Source::Member(root) => Some(&root.0),
                Source::Own | Source::Shelf => None,
            };
            pool::arriving(tx, now)?;
            let of_circle = |record: &&Verified<Record>| record.value().circle(record.id()) == id;
            let records: Vec<_> = batch.records.iter().filter(of_circle).collect();
            receipt.foreign = batch.records.len() - records.len();
            for blob in &batch.blobs {
                blobs::insert(tx, blob)?;
                // Counted by what this circle's scope lacked: what is here otherwise is nobody's business.
                let new = blobs::add_scope(tx, Scope::Circle(id), &blob.blake3)?;
                receipt.blobs += usize::from(new);
            }
            let quick = match before {
                // While something waits, only the whole pool tells what still does.
                Some(before)
                    if receipt.statements == 0 && (!before.waiting || records.is_empty()) =>
                {
                    shortcut(tx, &id, before, &records, deliverer)?
                }
                _ => None,
            };
            let (state, arrived) = match quick {
                Some((cached, arrived)) => {
                    receipt.taken = arrived.len();
                    receipt.known = records.len() - arrived.len();
                    (cached.authority, arrived)
                }
                None => {
                    let (state, arrived) =
                        all_anew(tx, &id, &records, deliverer, (&me, now), &mut receipt)?;
                    trim_statements(tx, &batch.statements)?;
                    receipt.folded = true;
                    (state.authority, arrived)
                }
            };
            if receipt.statements > 0 {
                let roots: BTreeSet<RootKey> =
                    batch.statements.iter().map(|it| it.value().root).collect();
                for root in roots {
                    ack::drop_revoked(tx, &root, &me)?;
                }
            }
            let mut time = clock(tx)?;
            for record in &records {
                time = time.observe(record.value().time, now);
            }
            set_clock(tx, time)?;
            receipt.acks = take_acks(tx, &id, &batch.acks, &state, deliverer, me, now)?;
            let feeds: BTreeSet<_> = arrived.iter().map(|record| record.value().feed).collect();
            for (root, member) in &state.members {
                if *root != me && !member.feeds.is_disjoint(&feeds) {
                    heard(tx, &id, root, batch.road, now)?;
                }
            }
            if let Some(bundle) = &batch.bundle
                && gaps::delivered(tx, &id, bundle, now)?
            {
                heard(tx, &id, &bundle.signer, batch.road, now)?;
            }
            if let Some((key, value)) = &batch.mark {
                super::set_meta(tx, key, value)?;
            }
            if let Some(line) = &batch.audit {
                audit::append(tx, now, line)?;
            }
            Ok(receipt)
        })
    }
}

/// Makes sure that the circle is one of ours.
fn enter(db: &Connection, id: &CircleId, join: Option<&Join>) -> Result<(), StoreError> {
    if let Some(join) = join {
        let sql = "INSERT INTO circle (id, standing) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING";
        db.execute(sql, params![id.0, join.standing.as_str()])?;
        offers::joined(db, id)?;
    }
    let known = db
        .query_row("SELECT 1 FROM circle WHERE id = ?1", [id.0], |_| Ok(()))
        .optional()?;
    known.ok_or_else(|| StoreError::UnknownCircle(id.short()))
}

/// Records of a batch that were new.
type Fresh<'a> = Vec<&'a Verified<Record>>;

/// Takes records in one by one, each as the head of its feed, and returns those that were new; with the first
/// that is more than that, none, and nothing has changed.
fn shortcut<'a>(
    db: &Connection,
    id: &CircleId,
    mut cached: Cached,
    records: &[&'a Verified<Record>],
    deliverer: Option<&[u8; 32]>,
) -> Result<Option<(Cached, Fresh<'a>)>, StoreError> {
    let mut in_order = records.to_vec();
    in_order.sort_by_key(|record| (record.value().feed, record.value().height));
    let mut arrived = Vec::new();
    db.execute_batch("SAVEPOINT shortcut")?;
    for record in in_order {
        if pool::has_record(db, &record.id())? {
            continue;
        }
        if !cached.extend(db, id, record, deliverer)? {
            db.execute_batch("ROLLBACK TO shortcut; RELEASE shortcut")?;
            return Ok(None);
        }
        arrived.push(record);
    }
    db.execute_batch("RELEASE shortcut")?;
    if !arrived.is_empty() {
        cache::save(db, id, &cached, None)?;
    }
    Ok(Some((cached, arrived)))
}

/// Adds records to the pool and computes the circle from it; returns its state and those of the records that were
/// new and are in the set.
fn all_anew<'a>(
    db: &Connection,
    id: &CircleId,
    records: &[&'a Verified<Record>],
    deliverer: Option<&[u8; 32]>,
    (me, now): (&RootKey, u64),
    receipt: &mut Receipt,
) -> Result<(State, Fresh<'a>), StoreError> {
    let before = match cache::load(db, id)? {
        Some(cached) => Some(cached.state(db, id)?),
        None => None,
    };
    let mut arrived = Vec::new();
    for record in records {
        if pool::insert_record(db, record, deliverer, false)? {
            arrived.push(*record);
        }
    }
    receipt.known = records.len() - arrived.len();
    let taken_before = count_in_set(db, id)?;
    let mut settled = cache::settle(db, id)?;
    receipt.evicted = evict(db, id, me, &mut settled)?;
    let set = &settled.membership.records;
    receipt.taken = set.len().saturating_sub(taken_before);
    receipt.waiting = settled.membership.pending();
    receipt.wanted = settled.wanted();
    arrived.retain(|record| set.contains(&record.id()));
    if let Some(before) = before {
        receipt.changed = changes(&before, &settled.state);
        announce(db, &settled.state, &receipt.changed, &arrived, now)?;
    }
    Ok((settled.state, arrived))
}

/// Tells once, in the audit trail and by `status`, that a late record changed earlier decisions.
fn announce(
    db: &Connection,
    state: &State,
    changed: &[Change],
    arrived: &[&Verified<Record>],
    now: u64,
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let by = arrived
        .iter()
        .filter(|record| record.value().kind.is_critical());
    let by: Vec<RecordId> = by.map(|record| record.id()).collect();
    let changes: Vec<Value> = changed
        .iter()
        .map(|change| {
            let what = match change.subject {
                Subject::Root(root) => state.members.get(&root).map(|member| member.name.clone()),
                Subject::Record(_) => None,
            };
            let what =
                what.filter(|name| !name.is_empty())
                    .unwrap_or_else(|| match change.subject {
                        Subject::Root(root) => fingerprint(&root),
                        Subject::Record(id) => id.short(),
                    });
            json!({"what": what, "was": change.was, "is": change.is})
        })
        .collect();
    let line = json!({
        "what": "decision-changed", "circle": state.name, "changes": changes, "by": by,
    });
    audit::append(db, now, &line)?;
    let sql = "INSERT INTO notice (at, line) VALUES (?1, ?2)";
    db.execute(sql, params![now as i64, line.to_string()])?;
    Ok(())
}

fn count_in_set(db: &Connection, id: &CircleId) -> Result<usize, StoreError> {
    let sql = "SELECT count(*) FROM record WHERE circle = ?1 AND in_set = 1";
    let count: i64 = db.query_row(sql, [id.0], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Keeps the smallest ids of a root that states too much, and whatever a circle's set holds; the rule is
/// indifferent to order.
fn trim_statements(db: &Connection, batch: &[Verified<Statement>]) -> Result<(), StoreError> {
    let roots: BTreeSet<RootKey> = batch
        .iter()
        .map(|statement| statement.value().root)
        .collect();
    let used: BTreeSet<[u8; 32]> = {
        let mut sql = db.prepare("SELECT statements FROM circle WHERE statements IS NOT NULL")?;
        let sets = sql.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        let sets: Vec<Vec<u8>> = sets.collect::<Result<_, _>>()?;
        let ids = sets.iter().flat_map(|set| set.chunks_exact(32));
        ids.filter_map(|id| id.try_into().ok()).collect()
    };
    let sql = "SELECT id FROM statement WHERE root = ?1 ORDER BY id LIMIT -1 OFFSET ?2";
    for root in &roots {
        let mut sql = db.prepare(sql)?;
        let limit = limits::STATEMENTS_PER_ROOT as i64;
        let over = sql.query_map(params![root.0, limit], |row| row.get::<_, [u8; 32]>(0))?;
        let over: Vec<[u8; 32]> = over.collect::<Result<_, _>>()?;
        for id in over.iter().filter(|id| !used.contains(*id)) {
            db.execute("DELETE FROM statement WHERE id = ?1", [id])?;
        }
    }
    strangers(db, &roots, &used)
}

/// Bounds the statements of roots that are in no circle's set, such as those whose admission is still on its way: first those go
/// that this batch did not bring, then any. Who is admitted later brings them again, since the statements hash differs.
fn strangers(
    db: &Connection,
    brought: &BTreeSet<RootKey>,
    used: &BTreeSet<[u8; 32]>,
) -> Result<(), StoreError> {
    let sql = "SELECT coalesce(sum(length(bytes)), 0) FROM statement";
    let bytes: i64 = db.query_row(sql, [], |row| row.get(0))?;
    if bytes.unsigned_abs() <= limits::QUARANTINE_MEMBER_BYTES {
        return Ok(());
    }
    let mut sql = db.prepare("SELECT id, root, length(bytes) FROM statement")?;
    let rows = sql.query_map([], |row| {
        Ok((
            row.get::<_, [u8; 32]>(0)?,
            RootKey(row.get(1)?),
            row.get::<_, i64>(2)?.unsigned_abs(),
        ))
    })?;
    let all: Vec<([u8; 32], RootKey, u64)> = rows.collect::<Result<_, _>>()?;
    let known: BTreeSet<RootKey> = all
        .iter()
        .filter(|(id, ..)| used.contains(id))
        .map(|(_, root, _)| *root)
        .collect();
    let own = super::meta(db, "root")?.and_then(|bytes| RootKey::from_slice(&bytes));
    let mut strange: Vec<_> = all
        .into_iter()
        .filter(|(_, root, _)| !known.contains(root) && own != Some(*root))
        .collect();
    let mut total: u64 = strange.iter().map(|(.., size)| size).sum();
    strange.sort_by_key(|(id, root, _)| (brought.contains(root), *id));
    for (id, _, size) in strange {
        if total <= limits::QUARANTINE_MEMBER_BYTES {
            break;
        }
        db.execute("DELETE FROM statement WHERE id = ?1", [id])?;
        total -= size;
    }
    Ok(())
}

/// Puts records out until every deliverer and the whole fit their bounds: first those that can never count, then those that
/// wait longest.
fn evict(
    db: &Connection,
    id: &CircleId,
    me: &RootKey,
    settled: &mut Settled,
) -> Result<usize, StoreError> {
    let sql =
        "SELECT id, deliverer, length(bytes), feed FROM record WHERE in_set = 0 AND circle = ?1
               AND deliverer IS NOT NULL ORDER BY arrival DESC";
    // What shows a fork is kept and passed on like the set itself.
    let evidence: BTreeSet<RecordId> = settled.membership.evidence().collect();
    let mine = own::feeds(db, me)?;
    let mut out = Vec::new();
    {
        let mut sql = db.prepare(sql)?;
        let mut rows = sql.query([id.0])?;
        let mut all: Vec<([u8; 32], [u8; 32], u64)> = Vec::new();
        while let Some(row) = rows.next()? {
            let (record, size): ([u8; 32], i64) = (row.get(0)?, row.get(2)?);
            // Only my own key makes records of mine: they show that this home was set back.
            if evidence.contains(&RecordId(record)) || mine.contains(&FeedKey(row.get(3)?)) {
                continue;
            }
            all.push((record, row.get(1)?, size.unsigned_abs()));
        }
        // What can never count is counted last, and so it is the first that is too much.
        all.sort_by_key(|(record, ..)| settled.membership.may_drop(&RecordId(*record)));
        let mut total = 0;
        let mut each = std::collections::BTreeMap::<[u8; 32], u64>::new();
        for (record, deliverer, size) in all {
            let used = each.entry(deliverer).or_default();
            *used += size;
            total += size;
            if *used > limits::QUARANTINE_MEMBER_BYTES || total > limits::QUARANTINE_BYTES {
                out.push(record);
            }
        }
    }
    for record in &out {
        db.execute("DELETE FROM record WHERE id = ?1", [record])?;
        settled.membership.waiting.remove(&RecordId(*record));
    }
    Ok(out.len())
}

fn take_acks(
    db: &Connection,
    id: &CircleId,
    acks: &[Verified<Ack>],
    state: &Authority,
    deliverer: Option<&[u8; 32]>,
    me: RootKey,
    now: u64,
) -> Result<usize, StoreError> {
    if acks.is_empty() {
        return Ok(0);
    }
    let feeds: usize = state
        .members
        .values()
        .map(|member| member.feeds.len())
        .sum();
    // A clock that was never set must not make everybody else's acknowledgements lie in the future.
    let now_or_known = now.max(clock(db)?.millis());
    let mut taken = 0;
    for ack in acks {
        let value = ack.value();
        let fits = value.circle == *id
            && value.to == me
            && state.members.contains_key(&value.from)
            && deliverer.is_none_or(|root| *root == value.from.0);
        if fits && ack::counts(db, ack, now_or_known, feeds)? && ack::keep_of_peer(db, ack)? {
            heard(db, id, &value.from, "ack", now)?;
            taken += 1;
        }
    }
    Ok(taken)
}

fn heard(
    db: &Connection,
    id: &CircleId,
    root: &RootKey,
    road: &str,
    now: u64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO heard (circle, root, at, road) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (circle, root) DO UPDATE SET at = excluded.at, road = excluded.road";
    db.execute(sql, params![id.0, root.0, now as i64, road])?;
    Ok(())
}
