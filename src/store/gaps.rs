//! Which bundles of a signer came, and which did not. HEAD numbers a signer's bundles of a circle and names the one before;
//! whoever carries a stick can withhold one, and without a look at the numbers nobody would notice.

use rusqlite::{Connection, OptionalExtension, params};

use crate::record::{CircleId, RootKey};

use super::{Store, StoreError};

/// Gaps that are remembered of one signer in one circle; beyond it the oldest go.
const GAPS: usize = 64;

/// A bundle that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub signer: RootKey,
    pub sequence: u64,
    /// SHA-256 of its HEAD.
    pub head: [u8; 32],
    /// SHA-256 of the HEAD before it, as HEAD says.
    pub previous: Option<[u8; 32]>,
}

impl Store {
    /// Bundles of a signer that did not come here, by number, from one to another, ascending.
    pub fn bundle_gaps(
        &self,
        circle: &CircleId,
        signer: &RootKey,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        gaps(&self.db, circle, signer)
    }

    /// Nothing of that is missing any more.
    pub fn close_gaps(&self, circle: &CircleId, signer: &RootKey) -> Result<(), StoreError> {
        let sql = "DELETE FROM bundle_gap WHERE circle = ?1 AND signer = ?2";
        self.db.execute(sql, params![circle.0, signer.0])?;
        Ok(())
    }
}

fn gaps(
    db: &Connection,
    circle: &CircleId,
    signer: &RootKey,
) -> Result<Vec<(u64, u64)>, StoreError> {
    let sql = "SELECT first, last FROM bundle_gap WHERE circle = ?1 AND signer = ?2 ORDER BY first";
    let mut sql = db.prepare_cached(sql)?;
    let rows = sql.query_map(params![circle.0, signer.0], |row| {
        let (first, last): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok((first.unsigned_abs(), last.unsigned_abs()))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes note of a bundle; whether it is newer than all before. The first one of a signer leaves no gap: what came before
/// may have been before this node was a member.
pub(super) fn delivered(
    db: &Connection,
    circle: &CircleId,
    bundle: &Delivered,
    now: u64,
) -> Result<bool, StoreError> {
    let sql = "SELECT sequence, head FROM bundle_in WHERE circle = ?1 AND signer = ?2";
    let key = params![circle.0, bundle.signer.0];
    let known = db.query_row(sql, key, |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
    });
    let known: Option<(u64, [u8; 32])> = known.optional()?;
    let number = bundle.sequence.min(i64::MAX as u64);
    let mut missing = gaps(db, circle, &bundle.signer)?;
    match known {
        Some((last, head)) if number > last => {
            let next = last.saturating_add(1);
            if number > next {
                missing.push((next, number - 1));
            } else if bundle.previous != Some(head) {
                // Its writer went on from another one of that number than came here.
                missing.push((last, last));
            }
        }
        _ => missing = without(&missing, number),
    }
    let over = missing.len().saturating_sub(GAPS);
    let sql = "DELETE FROM bundle_gap WHERE circle = ?1 AND signer = ?2";
    db.execute(sql, params![circle.0, bundle.signer.0])?;
    let sql =
        "INSERT OR REPLACE INTO bundle_gap (circle, signer, first, last) VALUES (?1, ?2, ?3, ?4)";
    for (first, last) in missing.into_iter().skip(over) {
        let row = params![circle.0, bundle.signer.0, first as i64, last as i64];
        db.execute(sql, row)?;
    }
    let sql =
        "INSERT INTO bundle_in (circle, signer, sequence, at, head) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (circle, signer) DO UPDATE
               SET sequence = excluded.sequence, at = excluded.at, head = excluded.head
               WHERE excluded.sequence > sequence";
    let row = params![
        circle.0,
        bundle.signer.0,
        number as i64,
        now as i64,
        bundle.head
    ];
    Ok(db.execute(sql, row)? > 0)
}

/// Ranges without one number.
fn without(ranges: &[(u64, u64)], number: u64) -> Vec<(u64, u64)> {
    let mut left = Vec::new();
    for &(first, last) in ranges {
        if !(first..=last).contains(&number) {
            left.push((first, last));
            continue;
        }
        if first < number {
            left.push((first, number - 1));
        }
        if number < last {
            left.push((number + 1, last));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(store: &mut Store, number: u64, previous: u64) -> Vec<(u64, u64)> {
        let (circle, signer) = (CircleId([1; 32]), RootKey([2; 32]));
        let head = |number: u64| *blake3::hash(&number.to_be_bytes()).as_bytes();
        let bundle = Delivered {
            signer,
            sequence: number,
            head: head(number),
            previous: Some(head(previous)),
        };
        let taken = store.transaction(|tx| delivered(tx, &circle, &bundle, 1));
        taken.unwrap();
        store.bundle_gaps(&circle, &signer).unwrap()
    }

    #[test]
    fn what_did_not_come_is_noticed_and_closed_by_what_comes() {
        let home = tempfile::tempdir().unwrap();
        let mut store = Store::open(home.path(), 1, [1; 8]).unwrap();
        assert_eq!(take(&mut store, 5, 4), []);
        assert_eq!(take(&mut store, 6, 5), []);
        assert_eq!(take(&mut store, 8, 7), [(7, 7)]);
        assert_eq!(take(&mut store, 14, 13), [(7, 7), (9, 13)]);
        assert_eq!(take(&mut store, 11, 10), [(7, 7), (9, 10), (12, 13)]);
        assert_eq!(take(&mut store, 7, 6), [(9, 10), (12, 13)]);
        // The one before 15 is another 14 than came here.
        assert_eq!(take(&mut store, 15, 99), [(9, 10), (12, 13), (14, 14)]);
        assert_eq!(
            take(&mut store, u64::MAX, 1).last(),
            Some(&(16, i64::MAX as u64 - 1))
        );
        store
            .close_gaps(&CircleId([1; 32]), &RootKey([2; 32]))
            .unwrap();
        assert_eq!(take(&mut store, 5, 4), []);
    }

    #[test]
    fn gaps_are_bounded() {
        let home = tempfile::tempdir().unwrap();
        let mut store = Store::open(home.path(), 1, [1; 8]).unwrap();
        for number in 0..200 {
            let found = take(&mut store, 2 * number + 1, 0);
            assert!(found.len() <= GAPS);
        }
        assert_eq!(take(&mut store, 399, 0).len(), GAPS);
    }
}
