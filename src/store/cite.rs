//! Which authority records a new one cites: first what its body is about and what its author's rights rest on, then the
//! newest of every admin, then the rest, as far as `seen` has room. Where the first two take more room than there is,
//! merge records come before it. So nobody can crowd out of a decision what the decision needs, however many heads
//! they keep (`docs/records.md`, section 5).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::Connection;

use crate::fold::Authority;
use crate::identity::Verified;
use crate::record::{
    Body, CircleId, Entry, FeedKey, Frontier, Place, Previous, Record, RecordId, RootKey, limits,
};

use super::StoreError;
use super::pool::decode;

/// An authority record of the set.
struct Known {
    record: Verified<Record>,
    body: Option<Body>,
    /// What it reaches directly, as numbers: what it cites, its cut, the authority record before it in its feed.
    names: Vec<usize>,
}

/// The authority records of a set, as somebody sees them who is about to write one.
pub(super) struct Sight<'a> {
    state: &'a Authority,
    frontier: &'a Frontier,
    me: RootKey,
    feed: FeedKey,
    known: Vec<Known>,
    numbers: HashMap<RecordId, usize>,
}

/// What to cite: `merges` in merge records of their own, in this order, then `seen`.
pub(super) struct Cited {
    pub(super) merges: Vec<Vec<Place>>,
    pub(super) seen: Vec<Place>,
}

impl<'a> Sight<'a> {
    /// Reads the set's authority records.
    pub(super) fn of(
        db: &Connection,
        circle: &CircleId,
        (state, frontier): (&'a Authority, &'a Frontier),
        (me, feed): (RootKey, FeedKey),
    ) -> Result<Self, StoreError> {
        let sql = "SELECT bytes FROM record WHERE circle = ?1 AND in_set = 1 AND kind < 64 ORDER BY feed, height, id";
        let mut sql = db.prepare(sql)?;
        let mut known: Vec<Known> = Vec::new();
        for bytes in sql.query_map([circle.0], |row| row.get::<_, Vec<u8>>(0))? {
            let record: Verified<Record> = decode(&bytes?)?;
            let body = Body::decode(record.value().kind, &record.value().body);
            let names = Vec::new();
            known.push(Known {
                record,
                body,
                names,
            });
        }
        let numbers: HashMap<RecordId, usize> = known
            .iter()
            .enumerate()
            .map(|(at, known)| (known.record.id(), at))
            .collect();
        for at in 0..known.len() {
            let value = known[at].record.value();
            let places = value.seen.iter().chain(&value.cut);
            let mut names: Vec<usize> = places
                .filter_map(|place| numbers.get(&place.id).copied())
                .collect();
            let below = match value.previous {
                Previous::Record(id) => numbers.get(&id).copied(),
                Previous::Certificate(_) => None,
            };
            // Ordinary records may stand between. On a forked feed this may name another branch's: that only makes
            // one head less, and what a body is about is cited by itself there.
            let before = at.checked_sub(1).filter(|&before| {
                let before = known[before].record.value();
                before.feed == value.feed && before.height < value.height
            });
            names.extend(below.or(before));
            known[at].names = names;
        }
        Ok(Self {
            state,
            frontier,
            me,
            feed,
            known,
            numbers,
        })
    }

    /// What a body written now has to cite; an error, if it is about something that is not here.
    pub(super) fn cite(&self, body: &Body) -> Result<Cited, StoreError> {
        for id in self.about(body) {
            if !self.numbers.contains_key(&id) {
                return Err(StoreError::NotHere(id.to_string()));
            }
        }
        let own = self.own_past();
        let heads = self.heads();
        let best = self.best_heads(&heads);
        let mut chosen = BTreeSet::new();
        let mut needed: Vec<usize> = Vec::new();
        let required = self.required(body).into_iter().map(|at| (at, true));
        let of_admins = self.newest_of_admins().into_iter().map(|at| (at, false));
        for (at, exact) in required.chain(of_admins) {
            if own.contains(&at) {
                continue;
            }
            let feed = &self.known[at].record.value().feed;
            let forked = matches!(self.frontier.0.get(feed), Some(Entry::Forked { .. }));
            let cited = if exact && forked {
                Some(at)
            } else {
                best[at].filter(|&head| self.known[head].record.value().feed != self.feed)
            };
            let cited = cited.unwrap_or(at);
            if chosen.insert(cited) {
                needed.push(cited);
            }
        }
        let place = |at: &usize| self.known[*at].record.place();
        let mut merges = Vec::new();
        while needed.len() > limits::SEEN {
            let rest = needed.split_off(limits::SEEN);
            merges.push(sorted(needed.iter().map(place).collect()));
            needed = rest;
        }
        let rest = heads
            .iter()
            .filter(|at| !chosen.contains(at) && self.known[**at].record.value().feed != self.feed);
        let room = limits::SEEN - needed.len();
        needed.extend(rest.take(room));
        Ok(Cited {
            merges,
            seen: sorted(needed.iter().map(place).collect()),
        })
    }

    /// What a body dangles without.
    fn about(&self, body: &Body) -> Vec<RecordId> {
        match body {
            Body::Admit { lifts, .. } => lifts.clone(),
            Body::Lift { suspension } => vec![*suspension],
            Body::Endorse { target } => vec![*target],
            Body::Policy { replaces, .. } | Body::Pointer { replaces, .. } => vec![*replaces],
            _ => Vec::new(),
        }
    }

    /// What a body is about, and what its author's rights rest on.
    fn required(&self, body: &Body) -> BTreeSet<usize> {
        let mut ids = self.about(body);
        match body {
            Body::Pointer { target: id, .. } | Body::Vote { subject: id, .. } => ids.push(*id),
            _ => {}
        }
        let mut required: BTreeSet<usize> = ids
            .iter()
            .filter_map(|id| self.numbers.get(id).copied())
            .collect();
        self.rests(&self.me, &mut required);
        match body {
            Body::Suspend { root, .. } | Body::AddAdmin { root } | Body::Admit { root, .. } => {
                self.rests(root, &mut required);
            }
            _ => {}
        }
        required
    }

    /// Admissions, grants, suspensions and liftings of a root that have an effect, and their endorsements.
    fn rests(&self, root: &RootKey, into: &mut BTreeSet<usize>) {
        let effective = |at: usize| {
            let id = self.known[at].record.id();
            !self.state.without_effect.contains_key(&id)
        };
        let mut of_root = BTreeSet::new();
        for (at, known) in self.known.iter().enumerate() {
            if let Some(
                Body::Admit { root: whom, .. }
                | Body::AddAdmin { root: whom }
                | Body::Suspend { root: whom, .. },
            ) = &known.body
                && whom == root
                && effective(at)
            {
                of_root.insert(at);
            }
        }
        for (at, known) in self.known.iter().enumerate() {
            if let Some(Body::Endorse { target: id } | Body::Lift { suspension: id }) = &known.body
                && self.numbers.get(id).is_some_and(|it| of_root.contains(it))
                && effective(at)
                && self.admins_feed(&known.record.value().feed)
            {
                into.insert(at);
            }
        }
        into.extend(of_root);
    }

    fn admins_feed(&self, feed: &FeedKey) -> bool {
        let mut members = self.state.members.values();
        members.any(|member| member.admin && member.feeds.contains(feed))
    }

    /// The newest authority record of each feed of each admin.
    fn newest_of_admins(&self) -> Vec<usize> {
        let admins = self.state.members.values().filter(|member| member.admin);
        let feeds: BTreeSet<FeedKey> = admins.flat_map(|member| &member.open).copied().collect();
        let mut newest = BTreeMap::new();
        for (at, known) in self.known.iter().enumerate() {
            let feed = known.record.value().feed;
            if feeds.contains(&feed) && feed != self.feed {
                newest.insert(feed, at);
            }
        }
        newest.into_values().collect()
    }

    /// The records that no other one reaches.
    fn heads(&self) -> Vec<usize> {
        let reached: BTreeSet<usize> = self.known.iter().flat_map(|k| &k.names).copied().collect();
        let all = 0..self.known.len();
        all.filter(|at| !reached.contains(at)).collect()
    }

    /// For each record a head that reaches it, an admin's where there is one.
    fn best_heads(&self, heads: &[usize]) -> Vec<Option<usize>> {
        let mut open = vec![0_usize; self.known.len()];
        for known in &self.known {
            for &name in &known.names {
                open[name] += 1;
            }
        }
        let rank = |head: usize| {
            let admin = self.admins_feed(&self.known[head].record.value().feed);
            (!admin, head)
        };
        let ranks: HashMap<usize, (bool, usize)> = heads.iter().map(|&at| (at, rank(at))).collect();
        let mut best: Vec<Option<usize>> = vec![None; self.known.len()];
        for &head in heads {
            best[head] = Some(head);
        }
        let mut ready = heads.to_vec();
        while let Some(at) = ready.pop() {
            for &name in &self.known[at].names {
                let both = best[at].into_iter().chain(best[name]);
                best[name] = both.min_by_key(|head| ranks[head]);
                open[name] -= 1;
                if open[name] == 0 {
                    ready.push(name);
                }
            }
        }
        best
    }

    /// What the author's own chain reaches.
    fn own_past(&self) -> BTreeSet<usize> {
        let of_feed = |at: &usize| self.known[*at].record.value().feed == self.feed;
        let mut open: Vec<usize> = (0..self.known.len()).filter(of_feed).collect();
        let mut past = BTreeSet::new();
        while let Some(at) = open.pop() {
            if past.insert(at) {
                open.extend(&self.known[at].names);
            }
        }
        past
    }
}

fn sorted(mut places: Vec<Place>) -> Vec<Place> {
    places.sort_unstable_by_key(|place| (place.feed, place.height, place.id));
    places
}
