//! Circles that admit this node and that it has not joined: offers, and what a person said about them. A circle is joined
//! by a person's word only; until then one bounded row is all that is kept of it.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::record::{CircleId, RootKey};

use super::{Store, StoreError};

/// Offers that are kept; beyond them the one that was not seen for longest goes. It comes back with its stick.
pub const OFFERS: usize = 64;
/// Characters of a name in an offer.
const NAME: usize = 64;
/// Bytes of a place: Linux' `PATH_MAX`.
const PLACE: usize = 4_096;

/// A circle that admits this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferRow {
    pub circle: CircleId,
    pub name: String,
    pub founder: Option<RootKey>,
    /// Who signed the bundle, and what that root is called in the circle.
    pub signer: RootKey,
    pub called: String,
    /// Who admitted this node.
    pub sponsor: RootKey,
    /// Milliseconds since 1970 when it was first seen.
    pub first: u64,
    /// The medium, folder or file where it was seen last; none for a pipe.
    pub place: Option<String>,
}

/// What a person said about a circle that is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// It is joined when a bundle of it comes.
    Accepted,
    /// It was forgotten, under this name: it stays away.
    Forgotten(String),
}

impl Store {
    /// Keeps an offer, or notes that it was seen again. An older sight of it keeps its date.
    pub fn note_offer(&self, offer: &OfferRow) -> Result<(), StoreError> {
        let short = |text: &str| text.chars().take(NAME).collect::<String>();
        let place = offer.place.as_ref().filter(|place| place.len() <= PLACE);
        let sql = "INSERT INTO offer (circle, name, founder, signer, called, sponsor, first, last, place)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)
                   ON CONFLICT (circle) DO UPDATE SET name = excluded.name, signer = excluded.signer,
                       called = excluded.called, sponsor = excluded.sponsor,
                       last = max(last, excluded.last), place = coalesce(excluded.place, place)";
        self.db.execute(
            sql,
            params![
                offer.circle.0,
                short(&offer.name),
                offer.founder.map(|root| root.0),
                offer.signer.0,
                short(&offer.called),
                offer.sponsor.0,
                offer.first as i64,
                place,
            ],
        )?;
        let sql = "DELETE FROM offer WHERE circle IN
                   (SELECT circle FROM offer ORDER BY last DESC, circle LIMIT -1 OFFSET ?1)";
        self.db.execute(sql, [OFFERS as i64])?;
        Ok(())
    }

    /// All offers, the oldest first.
    pub fn offers(&self) -> Result<Vec<OfferRow>, StoreError> {
        let sql = "SELECT circle, name, founder, signer, called, sponsor, first, place FROM offer
                   ORDER BY first, circle";
        let mut sql = self.db.prepare(sql)?;
        let rows = sql.query_map([], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether this node belongs to a circle, or has it as a shelf.
    pub fn belongs(&self, circle: &CircleId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM circle WHERE id = ?1";
        Ok(self.db.prepare_cached(sql)?.exists([circle.0])?)
    }

    /// What a person said about a circle that is not here.
    pub fn consent(&self, circle: &CircleId) -> Result<Option<Consent>, StoreError> {
        let sql = "SELECT forgotten, name FROM consent WHERE circle = ?1";
        let row = self.db.query_row(sql, [circle.0], |row| {
            Ok(match row.get(0)? {
                true => Consent::Forgotten(row.get(1)?),
                false => Consent::Accepted,
            })
        });
        Ok(row.optional()?)
    }

    /// The circles that a person forgot: id, and name at that time.
    pub fn forgotten(&self) -> Result<Vec<(CircleId, String)>, StoreError> {
        let sql = "SELECT circle, name FROM consent WHERE forgotten = 1 ORDER BY name, circle";
        let mut sql = self.db.prepare(sql)?;
        let rows = sql.query_map([], |row| Ok((CircleId(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps what a person said.
    pub fn set_consent(&self, circle: &CircleId, said: &Consent) -> Result<(), StoreError> {
        say(&self.db, circle, said)
    }
}

/// Keeps what a person said.
pub(super) fn say(db: &Connection, circle: &CircleId, said: &Consent) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO consent (circle, forgotten, name) VALUES (?1, ?2, ?3)";
    let (forgotten, name) = match said {
        Consent::Accepted => (false, ""),
        Consent::Forgotten(name) => (true, name.as_str()),
    };
    db.execute(sql, params![circle.0, forgotten, name])?;
    db.execute("DELETE FROM offer WHERE circle = ?1", [circle.0])?;
    Ok(())
}

/// The circle is here: there is nothing to be said about it any more.
pub(super) fn joined(db: &Connection, circle: &CircleId) -> Result<(), StoreError> {
    db.execute("DELETE FROM offer WHERE circle = ?1", [circle.0])?;
    db.execute("DELETE FROM consent WHERE circle = ?1", [circle.0])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<OfferRow> {
    Ok(OfferRow {
        circle: CircleId(row.get(0)?),
        name: row.get(1)?,
        founder: row.get::<_, Option<[u8; 32]>>(2)?.map(RootKey),
        signer: RootKey(row.get(3)?),
        called: row.get(4)?,
        sponsor: RootKey(row.get(5)?),
        first: row.get::<_, i64>(6)?.unsigned_abs(),
        place: row.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(number: u8, at: u64) -> OfferRow {
        OfferRow {
            circle: CircleId([number; 32]),
            name: "garden".repeat(40),
            founder: None,
            signer: RootKey([1; 32]),
            called: "alice".into(),
            sponsor: RootKey([2; 32]),
            first: at,
            place: Some("/media/stick".into()),
        }
    }

    /// However many circles admit this node, few rows are kept, and what is seen again comes back.
    #[test]
    fn offers_are_few_and_small() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), 1, [0; 8]).unwrap();
        for number in 0..200 {
            store.note_offer(&offer(number, u64::from(number))).unwrap();
        }
        let kept = store.offers().unwrap();
        assert_eq!(kept.len(), OFFERS);
        assert!(kept.iter().all(|it| it.name.chars().count() == NAME));
        assert_eq!(kept[0].circle, CircleId([136; 32]));
        store.note_offer(&offer(3, 1_000)).unwrap();
        let kept = store.offers().unwrap();
        assert!(kept.iter().any(|it| it.circle == CircleId([3; 32])));
        // Seen again, it keeps the date of its first sight.
        store.note_offer(&offer(140, 2_000)).unwrap();
        let again = store.offers().unwrap();
        assert!(again.iter().any(|it| it.first == 140));
    }

    #[test]
    fn what_a_person_said_replaces_the_offer() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), 1, [0; 8]).unwrap();
        let id = CircleId([7; 32]);
        store.note_offer(&offer(7, 1)).unwrap();
        assert_eq!(store.consent(&id).unwrap(), None);
        let gone = Consent::Forgotten("garden".into());
        store.set_consent(&id, &gone).unwrap();
        assert_eq!(store.consent(&id).unwrap(), Some(gone));
        assert!(store.offers().unwrap().is_empty());
        assert_eq!(store.forgotten().unwrap(), [(id, "garden".to_owned())]);
        store.set_consent(&id, &Consent::Accepted).unwrap();
        assert_eq!(store.consent(&id).unwrap(), Some(Consent::Accepted));
        assert!(store.forgotten().unwrap().is_empty());
    }
}
