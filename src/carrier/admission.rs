//! Admission: how many connections from outside may wait to prove that this node may speak with
//! their other end.
//!
//! One address must not keep the others out. `EACH` connections from one address may wait at once;
//! one more takes the place of the oldest from there, which had its time: a member needs a few
//! round trips, and an address that holds places without using them loses them one by one. The same
//! holds for `ALL` of them together, where the address with the most gives way. A connection that
//! is let in counts no more.
//!
//! **Always holds.** A sender can write any address. So an address that is not proven pushes nobody
//! out: it is asked for proof first.
//!
//! **Failure.** There is none: a place that is lost is told to its holder, who closes the
//! connection.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Places for one address: some members behind one router, while somebody there takes places without end.
const EACH: usize = 16;
/// Places in all: as many again are left of a node's sessions for those that were let in.
const ALL: usize = 128;

/// The origin of a connection, as far as origins can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// An IPv4 address, or the 64 bits of an IPv6 address that one network has to itself.
    Address(IpAddr),
    /// A key that a relay says to have seen, where there is no address.
    Key([u8; 32]),
    /// One that has neither.
    Elsewhere,
}

impl Origin {
    pub fn of(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
            four => four,
        })
    }
}

/// The answer to a newcomer.
#[derive(Debug)]
pub enum Entry {
    In(Place),
    /// Many are here from there, and the address may be anybody's: it is to be proven first.
    Prove,
}

/// A place among those that wait for admission, until it is dropped.
#[derive(Debug)]
pub struct Place {
    pub held: Held,
    pub lost: Lost,
}

/// Holds a place.
#[derive(Debug)]
pub struct Held {
    admission: Admission,
    origin: Origin,
    number: u64,
}

/// Tells that a place is somebody else's now.
#[derive(Debug)]
pub struct Lost(oneshot::Receiver<()>);

impl Lost {
    /// Returns when the place was lost, and never when it was given up.
    pub async fn wait(&mut self) {
        if (&mut self.0).await.is_err() {
            std::future::pending().await
        }
    }
}

/// The admission of a node, for all of its roads.
#[derive(Debug, Clone, Default)]
pub struct Admission(Arc<Mutex<Guests>>);

type Queue = VecDeque<(u64, oneshot::Sender<()>)>;

#[derive(Debug, Default)]
struct Guests {
    /// The oldest first; no queue is empty.
    waiting: BTreeMap<Origin, Queue>,
    next: u64,
}

impl Guests {
    fn count(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    /// Whose oldest gives way: the origin with the most, and of several the one that has waited longest.
    fn largest(&self) -> Option<Origin> {
        let age = |queue: &Queue| queue.front().map(|(number, _)| std::cmp::Reverse(*number));
        let most = self
            .waiting
            .iter()
            .max_by_key(|(_, queue)| (queue.len(), age(queue)));
        most.map(|(origin, _)| *origin)
    }

    fn push_out(&mut self, origin: Origin) {
        if let Some(queue) = self.waiting.get_mut(&origin) {
            if let Some((_, lost)) = queue.pop_front() {
                // Who has just left needs no telling.
                let _ = lost.send(());
            }
            if queue.is_empty() {
                self.waiting.remove(&origin);
            }
        }
    }
}

impl Admission {
    /// Somebody comes; `proven`: whether it was seen to receive what is sent to its address.
    pub fn enter(&self, origin: Origin, proven: bool) -> Entry {
        let mut guests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from_there = guests.waiting.get(&origin).map_or(0, VecDeque::len);
        let all = guests.count();
        if !proven && (from_there >= EACH / 2 || all >= ALL / 2) {
            return Entry::Prove;
        }
        if from_there >= EACH {
            guests.push_out(origin);
        } else if all >= ALL
            && let Some(largest) = guests.largest()
        {
            guests.push_out(largest);
        }
        let number = guests.next;
        guests.next += 1;
        let (sender, lost) = oneshot::channel();
        let queue = guests.waiting.entry(origin).or_default();
        queue.push_back((number, sender));
        Entry::In(Place {
            held: Held {
                admission: self.clone(),
                origin,
                number,
            },
            lost: Lost(lost),
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut guests = self
            .admission
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = guests.waiting.get_mut(&self.origin) {
            queue.retain(|(number, _)| *number != self.number);
            if queue.is_empty() {
                guests.waiting.remove(&self.origin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::of(text.parse().unwrap())
    }

    fn enter(admission: &Admission, from: &str) -> Place {
        match admission.enter(origin(from), true) {
            Entry::In(place) => place,
            Entry::Prove => panic!("it was proven"),
        }
    }

    fn lost(places: &mut [Place]) -> Vec<usize> {
        let mut gone = Vec::new();
        for (at, place) in places.iter_mut().enumerate() {
            if place.lost.0.try_recv().is_ok() {
                gone.push(at);
            }
        }
        gone
    }

    #[test]
    fn what_counts_as_one_address() {
        assert_eq!(origin("::ffff:192.0.2.7"), origin("192.0.2.7"));
        assert_ne!(origin("192.0.2.8"), origin("192.0.2.7"));
        assert_eq!(origin("2001:db8:1:2::7"), origin("2001:db8:1:2:ffff::1"));
        assert_ne!(origin("2001:db8:1:2::7"), origin("2001:db8:1:3::7"));
    }

    /// Who fills an address's places pushes out its own, the oldest first, and nobody else.
    #[test]
    fn one_address_pushes_out_its_own() {
        let admission = Admission::default();
        let mut others: Vec<Place> = (0..3).map(|_| enter(&admission, "192.0.2.7")).collect();
        let mut crowd: Vec<Place> = (0..EACH + 5)
            .map(|_| enter(&admission, "192.0.2.66"))
            .collect();
        assert_eq!(lost(&mut crowd), [0, 1, 2, 3, 4]);
        assert_eq!(lost(&mut others), [0; 0]);
        // Who leaves, by being let in or by going, makes room.
        crowd.truncate(EACH);
        crowd.push(enter(&admission, "192.0.2.66"));
        assert_eq!(lost(&mut crowd), [0; 0]);
        drop((crowd, others));
        assert!(admission.0.lock().unwrap().waiting.is_empty());
    }

    /// Many addresses with one each push out each other; the address with more than one gives way first.
    #[test]
    fn all_addresses_together_are_bounded() {
        let admission = Admission::default();
        let mut two: Vec<Place> = (0..2).map(|_| enter(&admission, "198.51.100.1")).collect();
        let mut crowd: Vec<Place> = (1..ALL)
            .map(|n| enter(&admission, &format!("10.0.{}.{}", n / 250, n % 250)))
            .collect();
        assert_eq!(lost(&mut two), [0]);
        assert_eq!(lost(&mut crowd), [0; 0]);
        crowd.push(enter(&admission, "10.1.0.0"));
        // Now all have one: the oldest of all.
        assert_eq!(lost(&mut two[1..]), [0]);
        assert_eq!(lost(&mut crowd), [0; 0]);
        crowd.push(enter(&admission, "10.1.0.1"));
        assert_eq!(lost(&mut crowd), [0]);
        assert_eq!(admission.0.lock().unwrap().count(), ALL);
    }

    /// Packets with somebody else's address as their sender take nothing from whoever is there.
    #[test]
    fn who_proves_nothing_pushes_nobody_out() {
        let admission = Admission::default();
        let mut member: Vec<Place> = (0..EACH).map(|_| enter(&admission, "192.0.2.7")).collect();
        for _ in 0..100 {
            assert!(matches!(
                admission.enter(origin("192.0.2.7"), false),
                Entry::Prove
            ));
        }
        assert_eq!(lost(&mut member), [0; 0]);
        assert!(matches!(
            admission.enter(Origin::Key([7; 32]), false),
            Entry::In(_)
        ));
    }
}
