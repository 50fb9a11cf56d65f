//! What a person told this node about others: addresses, nicknames, blocks; and invitations with their pairings. All of
//! it is local: nothing here enters the fold or leaves the node.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use crate::record::{CircleId, RootKey};

use super::{Store, StoreError};

/// An address that a person gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRow {
    pub address: String,
    /// Who answered there last.
    pub root: Option<RootKey>,
    /// When, in milliseconds.
    pub reached: Option<u64>,
}

/// What a person thinks of a root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opinion {
    pub nick: Option<String>,
    pub blocked: bool,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRow {
    pub id: [u8; 16],
    pub circle: CircleId,
    pub secret: [u8; 32],
    pub expires: u64,
    /// `open`, `spent` or `withdrawn`.
    pub state: String,
    pub root: Option<RootKey>,
}

/// A pairing that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingRow {
    pub id: i64,
    pub ticket: [u8; 16],
    pub root: RootKey,
    pub name: String,
    pub digest: [u8; 32],
    pub answer: Option<bool>,
    /// When it began, in milliseconds.
    pub at: u64,
}

impl Store {
    /// Remembers an address; whether it was new.
    pub fn add_peer(&self, address: &str, now: u64) -> Result<bool, StoreError> {
        let sql = "INSERT OR IGNORE INTO peer (address, added) VALUES (?1, ?2)";
        Ok(self.db.execute(sql, params![address, now as i64])? > 0)
    }

    /// Forgets an address; whether it was there.
    pub fn remove_peer(&self, address: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM peer WHERE address = ?1";
        Ok(self.db.execute(sql, [address])? > 0)
    }

    /// The addresses that a person gave.
    pub fn peers(&self) -> Result<Vec<PeerRow>, StoreError> {
        let mut sql = self
            .db
            .prepare("SELECT address, root, reached FROM peer ORDER BY address")?;
        let rows = sql.query_map([], |row| {
            Ok(PeerRow {
                address: row.get(0)?,
                root: row.get::<_, Option<[u8; 32]>>(1)?.map(RootKey),
                reached: row.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes who answered at an address.
    pub fn peer_reached(&self, address: &str, root: &RootKey, now: u64) -> Result<(), StoreError> {
        let sql = "UPDATE peer SET root = ?2, reached = ?3 WHERE address = ?1";
        self.db.execute(sql, params![address, root.0, now as i64])?;
        Ok(())
    }

    /// What is thought of a root here.
    pub fn opinion(&self, root: &RootKey) -> Result<Opinion, StoreError> {
        let sql = "SELECT nick, blocked FROM opinion WHERE root = ?1";
        let row = self.db.query_row(sql, [root.0], |row| {
            Ok(Opinion {
                nick: row.get(0)?,
                blocked: row.get(1)?,
            })
        });
        Ok(row.optional()?.unwrap_or_default())
    }

    /// The roots that nothing is taken from and nothing is written for.
    pub fn blocked(&self) -> Result<BTreeSet<RootKey>, StoreError> {
        let mut sql = self
            .db
            .prepare("SELECT root FROM opinion WHERE blocked = 1")?;
        let rows = sql.query_map([], |row| row.get(0).map(RootKey))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls a root by a name of one's own; none: no longer.
    pub fn set_nick(&self, root: &RootKey, nick: Option<&str>) -> Result<(), StoreError> {
        let sql = "INSERT INTO opinion (root, nick) VALUES (?1, ?2)
                   ON CONFLICT (root) DO UPDATE SET nick = excluded.nick";
        self.db.execute(sql, params![root.0, nick])?;
        Ok(())
    }

    /// Speaks with a root no longer, or again.
    pub fn set_blocked(&self, root: &RootKey, blocked: bool) -> Result<(), StoreError> {
        let sql = "INSERT INTO opinion (root, blocked) VALUES (?1, ?2)
                   ON CONFLICT (root) DO UPDATE SET blocked = excluded.blocked";
        self.db.execute(sql, params![root.0, blocked])?;
        Ok(())
    }

    /// Keeps a new invitation.
    pub fn add_ticket(&self, ticket: &TicketRow, now: u64) -> Result<(), StoreError> {
        let sql = "INSERT INTO ticket (id, circle, secret, made, expires, state)
                   VALUES (?1, ?2, ?3, ?4, ?5, 'open')";
        self.db.execute(
            sql,
            params![
                ticket.id,
                ticket.circle.0,
                ticket.secret,
                now as i64,
                ticket.expires as i64
            ],
        )?;
        Ok(())
    }

    /// All invitations of this node, the newest last.
    pub fn tickets(&self) -> Result<Vec<TicketRow>, StoreError> {
        let sql = "SELECT id, circle, secret, expires, state, root FROM ticket ORDER BY made, id";
        let mut sql = self.db.prepare(sql)?;
        let rows = sql.query_map([], |row| {
            Ok(TicketRow {
                id: row.get(0)?,
                circle: CircleId(row.get(1)?),
                secret: row.get(2)?,
                expires: row.get::<_, i64>(3)?.unsigned_abs(),
                state: row.get(4)?,
                root: row.get::<_, Option<[u8; 32]>>(5)?.map(RootKey),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Invitations that may still be used.
    pub fn open_tickets(&self, now: u64) -> Result<Vec<TicketRow>, StoreError> {
        let mut all = self.tickets()?;
        all.retain(|ticket| ticket.state == "open" && now < ticket.expires);
        Ok(all)
    }

    /// Spends an invitation on a root: only an open one, and only once. Whether it was.
    pub fn spend_ticket(
        &self,
        id: &[u8; 16],
        root: &RootKey,
        now: u64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE ticket SET state = 'spent', root = ?2
                   WHERE id = ?1 AND state = 'open' AND expires > ?3";
        Ok(self.db.execute(sql, params![id, root.0, now as i64])? > 0)
    }

    /// Takes an open invitation back; whether it was open.
    pub fn withdraw_ticket(&self, id: &[u8; 16]) -> Result<bool, StoreError> {
        let sql = "UPDATE ticket SET state = 'withdrawn' WHERE id = ?1 AND state = 'open'";
        Ok(self.db.execute(sql, [id])? > 0)
    }

    /// Puts a pairing before a person.
    pub fn add_pairing(
        &self,
        ticket: &[u8; 16],
        root: &RootKey,
        name: &str,
        digest: &[u8; 32],
        now: u64,
    ) -> Result<i64, StoreError> {
        // SQLite gives the number of a deleted row again, and an answer to one pairing must never reach the next.
        let sql = "INSERT INTO pairing (id, ticket, root, name, digest, at)
                   VALUES (abs(random() % 4611686018427387904), ?1, ?2, ?3, ?4, ?5)";
        self.db
            .execute(sql, params![ticket, root.0, name, digest, now as i64])?;
        Ok(self.db.last_insert_rowid())
    }

    /// The pairings that wait.
    pub fn pairings(&self) -> Result<Vec<PairingRow>, StoreError> {
        let sql = "SELECT id, ticket, root, name, digest, answer, at FROM pairing ORDER BY at, id";
        let mut sql = self.db.prepare(sql)?;
        let rows = sql.query_map([], |row| {
            Ok(PairingRow {
                id: row.get(0)?,
                ticket: row.get(1)?,
                root: RootKey(row.get(2)?),
                name: row.get(3)?,
                digest: row.get(4)?,
                answer: row.get(5)?,
                at: row.get::<_, i64>(6)?.unsigned_abs(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What a person said of a pairing: said once.
    pub fn answer_pairing(&self, id: i64, same: bool) -> Result<(), StoreError> {
        let sql = "UPDATE pairing SET answer = ?2 WHERE id = ?1 AND answer IS NULL";
        self.db.execute(sql, params![id, same])?;
        Ok(())
    }

    /// The pairing is over.
    pub fn end_pairing(&self, id: i64) -> Result<(), StoreError> {
        self.db.execute("DELETE FROM pairing WHERE id = ?1", [id])?;
        Ok(())
    }

    /// A number that changes when another connection has written.
    pub fn version(&self) -> Result<i64, StoreError> {
        version(&self.db)
    }
}

fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row("PRAGMA data_version", [], |row| row.get(0))?)
}
