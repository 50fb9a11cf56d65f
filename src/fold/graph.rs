//! A pool as a graph with dense indices: which records are present, who wrote them, what each reaches.
//!
//! A record is *present* when all that it reaches by `previous`, `seen` and cut entries is in the pool and
//! stands where the record says it stands, and when the certificates of the feeds are in the pool. Present
//! records are numbered in a causal order (`Graph::records`). Among them the *nodes* are numbered again:
//! authority records and the records that have a sibling in their feed. Ordinary records are links between
//! nodes only, so pasts are bit strings over nodes and cost nothing for a hundred thousand documents.
//!
//! Ids are hashes over what they reach, so the graph has no cycles.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::record::{
    Body, Claim, FeedKey, Kind, Place, Previous, Record, RecordId, Role, RootKey, StatementId,
};

use super::bits::Bits;
use super::history::{History, Lack};
use super::stretches::{Spot, Stretches};

/// "None" among dense indices.
pub(super) const NONE: u32 = u32::MAX;
/// Lacks that are told of one waiting record; what is told suffices to ask for something useful.
const LACKS: usize = 64;

/// A present record.
pub(super) struct Present<'a> {
    pub(super) id: RecordId,
    pub(super) record: &'a Record,
    /// Whom its chain's certificate belongs to.
    pub(super) root: u32,
    pub(super) feed: u32,
    /// The record below in its feed, or `NONE`.
    pub(super) previous: u32,
    /// What it names: previous, `seen` and cut entries.
    pub(super) names: Vec<u32>,
    /// The certificate at the bottom of its chain.
    pub(super) certificate: StatementId,
    /// Whether that is a spare key's.
    pub(super) spare: bool,
    /// An unbranched stretch of its feed.
    pub(super) stretch: u32,
    /// Whether its own chain names a successor below it.
    pub(super) succeeded: bool,
    /// The nearest node at or below it in its own chain, or `NONE`.
    pub(super) anchor: u32,
}

/// What stands at the bottom of a chain.
struct Chain {
    certificate: StatementId,
    spare: bool,
    root: RootKey,
}

/// What an authority record says, with everything that it names looked up in its past.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Genesis,
    Admit {
        root: u32,
        lifts: Vec<u32>,
        feeds: Vec<u32>,
    },
    Suspend {
        root: u32,
    },
    Lift {
        suspension: u32,
    },
    AddAdmin {
        root: u32,
    },
    Endorse {
        target: u32,
    },
    Policy,
    Pointer {
        slot: u64,
    },
    Vote,
    Successor {
        feed: u32,
    },
    Recover,
    Merge,
    /// It names something that is not in its past or is of the wrong kind.
    Dangling,
    /// The body does not fit the kind.
    Unreadable,
    /// A critical kind of a newer okibi.
    Newer,
    /// An ordinary record that has a sibling.
    Link,
}

/// An authority record, or a record with a sibling.
pub(super) struct Node {
    pub(super) record: u32,
    pub(super) act: Act,
    pub(super) body: Option<Body>,
    /// All nodes that it reaches, without itself.
    pub(super) past: Bits,
}

/// The pool, indexed.
pub(super) struct Graph<'a> {
    pub(super) history: &'a History,
    pub(super) records: Vec<Present<'a>>,
    /// All ids of the pool, ascending, and the numbers of those that are present.
    ids: Vec<RecordId>,
    numbers: Vec<u32>,
    pub(super) nodes: Vec<Node>,
    pub(super) roots: Vec<RootKey>,
    pub(super) feeds: Vec<FeedKey>,
    pub(super) root_index: HashMap<RootKey, u32>,
    pub(super) feed_index: HashMap<FeedKey, u32>,
    /// Records of one feed at one height with one predecessor, where there are several: feed, height, nodes.
    pub(super) siblings: Vec<(u32, u64, Vec<u32>)>,
    /// What is not present, with what it lacks.
    pub(super) absent: BTreeMap<RecordId, BTreeSet<Lack>>,
    pub(super) stretches: Stretches,
}

impl<'a> Graph<'a> {
    /// Indexes a pool.
    pub(super) fn new(history: &'a History) -> Self {
        let mut graph = Self {
            history,
            records: Vec::new(),
            ids: Vec::new(),
            numbers: Vec::new(),
            nodes: Vec::new(),
            roots: Vec::new(),
            feeds: Vec::new(),
            root_index: HashMap::new(),
            feed_index: HashMap::new(),
            siblings: Vec::new(),
            absent: BTreeMap::new(),
            stretches: Stretches::default(),
        };
        graph.find_present();
        graph.find_nodes();
        graph
    }

    /// The number of a present record.
    pub(super) fn find(&self, id: &RecordId) -> Option<u32> {
        let at = self.ids.binary_search(id).ok()?;
        Some(self.numbers[at]).filter(|&number| number != NONE)
    }

    /// The node of a record, if it is one.
    pub(super) fn node_of(&self, record: u32) -> Option<u32> {
        let anchor = self.records[record as usize].anchor;
        (anchor != NONE && self.nodes[anchor as usize].record == record).then_some(anchor)
    }

    /// The present record that a node is.
    pub(super) fn record_of(&self, node: u32) -> &Present<'a> {
        &self.records[self.nodes[node as usize].record as usize]
    }

    /// Whether a record is another one or stands below it in the same chain.
    pub(super) fn at_or_below(&self, record: u32, top: u32) -> bool {
        let feed = |record: u32| self.records[record as usize].feed;
        let (low, high) = (self.spot(record), self.spot(top));
        feed(record) == feed(top) && self.stretches.at_or_below(low, high)
    }

    /// The place of a record in its feed.
    pub(super) fn spot(&self, record: u32) -> Spot {
        let present = &self.records[record as usize];
        Spot {
            stretch: present.stretch,
            height: present.record.height,
        }
    }

    /// Whether a record lies within a cut: of its feed the cut names it or something above it in its chain.
    pub(super) fn within(&self, record: u32, cut: &[Place]) -> bool {
        let feed = self.records[record as usize].record.feed;
        cut.binary_search_by(|place| place.feed.cmp(&feed))
            .ok()
            .and_then(|at| self.find(&cut[at].id))
            .is_some_and(|top| self.at_or_below(record, top))
    }

    pub(super) fn root(&mut self, key: RootKey) -> u32 {
        let roots = &mut self.roots;
        *self.root_index.entry(key).or_insert_with(|| {
            roots.push(key);
            roots.len() as u32 - 1
        })
    }

    fn feed(&mut self, key: FeedKey) -> u32 {
        let feeds = &mut self.feeds;
        *self.feed_index.entry(key).or_insert_with(|| {
            feeds.push(key);
            feeds.len() as u32 - 1
        })
    }

    /// Numbers what is present in a causal order; says of the rest what it lacks.
    fn find_present(&mut self) {
        let history = self.history;
        let ids: Vec<RecordId> = history.records.keys().copied().collect();
        let number = |id: &RecordId| ids.binary_search(id).ok().map(|at| at as u32);
        let records: Vec<&'a Record> = history.records.values().map(|r| r.value()).collect();
        let certified = certified_signers(history);

        let mut own = vec![BTreeSet::new(); ids.len()];
        let mut names = vec![Vec::new(); ids.len()];
        let mut named_by = vec![Vec::new(); ids.len()];
        let mut open = vec![0_u32; ids.len()];
        let mut belows = vec![NONE; ids.len()];
        for (at, record) in records.iter().enumerate() {
            for place in places(record) {
                match number(&place.id) {
                    None => {
                        own[at].insert(Lack::Record(place.id));
                    }
                    Some(other) => {
                        let found = records[other as usize];
                        if found.feed != place.feed || found.height != place.height {
                            own[at].insert(Lack::Never);
                        }
                        if record.previous == Previous::Record(place.id) {
                            belows[at] = other;
                        }
                        names[at].push(other);
                        named_by[other as usize].push(at as u32);
                        open[at] += 1;
                    }
                }
            }
        }

        let mut ready: Vec<u32> = (0..ids.len() as u32)
            .filter(|&at| open[at as usize] == 0)
            .collect();
        let mut lacks = own;
        let mut done = vec![NONE; ids.len()];
        while let Some(at) = ready.pop() {
            let here = at as usize;
            let mut lack = std::mem::take(&mut lacks[here]);
            for &other in &names[here] {
                if let Some(theirs) = self.absent.get(&ids[other as usize]) {
                    lack.extend(theirs.iter().cloned());
                }
            }
            let record = records[here];
            let below = match belows[here] {
                NONE => NONE,
                below => done[below as usize],
            };
            let chain = self.chain(record, below);
            match &chain {
                Ok(chain) if chain.spare && record.kind.is_critical() => {
                    if !certified.contains(&(chain.root, record.feed)) {
                        lack.insert(Lack::Certificate(chain.certificate));
                    }
                }
                Ok(_) | Err(None) => {}
                Err(Some(why)) => {
                    lack.insert(why.clone());
                }
            }
            if let (true, Ok(chain)) = (lack.is_empty(), chain) {
                done[here] = self.records.len() as u32;
                let (root, feed) = match below {
                    NONE => (self.root(chain.root), self.feed(record.feed)),
                    below => {
                        let below = &self.records[below as usize];
                        (below.root, below.feed)
                    }
                };
                let succeeded = below != NONE && {
                    let below = &self.records[below as usize];
                    below.succeeded
                        || below.record.kind == Kind::SUCCESSOR
                            && Body::decode(Kind::SUCCESSOR, &below.record.body).is_some()
                };
                self.records.push(Present {
                    id: ids[here],
                    record,
                    root,
                    feed,
                    previous: below,
                    names: names[here].iter().map(|&n| done[n as usize]).collect(),
                    certificate: chain.certificate,
                    spare: chain.spare,
                    stretch: NONE,
                    succeeded,
                    anchor: NONE,
                });
            } else {
                while lack.len() > LACKS {
                    lack.pop_last();
                }
                self.absent.insert(ids[here], lack);
            }
            for &above in &named_by[here] {
                open[above as usize] -= 1;
                if open[above as usize] == 0 {
                    ready.push(above);
                }
            }
        }
        self.numbers = done;
        self.ids = ids;
    }

    /// What a record's chain stands on. An error says what is lacking, or nothing where the record below
    /// already says it.
    fn chain(&self, record: &Record, below: u32) -> Result<Chain, Option<Lack>> {
        let certificate = match record.previous {
            Previous::Certificate(id) => id,
            Previous::Record(_) if below != NONE => {
                let below = &self.records[below as usize];
                return Ok(Chain {
                    certificate: below.certificate,
                    spare: below.spare,
                    root: self.roots[below.root as usize],
                });
            }
            Previous::Record(_) => return Err(None),
        };
        let Some(statement) = self.history.statements.get(&certificate) else {
            return Err(Some(Lack::Certificate(certificate)));
        };
        match statement.value().claim {
            Claim::Certificate {
                role: role @ (Role::Sign | Role::Spare),
                key,
                ..
            } if key == record.feed.0 => Ok(Chain {
                certificate,
                spare: role == Role::Spare,
                root: statement.value().root,
            }),
            _ => Err(Some(Lack::Never)),
        }
    }

    /// Finds stretches, siblings and nodes, and what each node reaches.
    fn find_nodes(&mut self) {
        let mut places: Vec<(u32, u64, u32, u32)> = self
            .records
            .iter()
            .zip(0..)
            .map(|(present, at)| (present.feed, present.record.height, present.previous, at))
            .collect();
        places.sort_unstable();
        let same =
            |a: &(u32, u64, u32, u32), b: &(u32, u64, u32, u32)| (a.0, a.1, a.2) == (b.0, b.1, b.2);
        let groups: Vec<&[(u32, u64, u32, u32)]> = places
            .chunk_by(same)
            .filter(|group| group.len() > 1)
            .collect();
        let branching: HashSet<u32> = groups.iter().flat_map(|g| g.iter().map(|p| p.3)).collect();

        for at in 0..self.records.len() {
            let (previous, height, kind) = {
                let present = &self.records[at];
                (present.previous, present.record.height, present.record.kind)
            };
            let sibling = branching.contains(&(at as u32));
            let below = (previous != NONE).then(|| &self.records[previous as usize]);
            let (below_stretch, below_anchor) =
                below.map_or((NONE, NONE), |below| (below.stretch, below.anchor));
            self.records[at].stretch = if previous == NONE || sibling {
                self.stretches.push(below_stretch, height)
            } else {
                below_stretch
            };
            if kind.is_critical() || sibling {
                self.records[at].anchor = self.nodes.len() as u32;
                self.add_node(at as u32);
            } else {
                self.records[at].anchor = below_anchor;
            }
        }
        for group in groups {
            let nodes = group.iter().map(|p| self.records[p.3 as usize].anchor);
            let (feed, height) = (group[0].0, group[0].1);
            self.siblings.push((feed, height, nodes.collect()));
        }
    }

    fn add_node(&mut self, at: u32) {
        let mut past = Bits::default();
        for &name in &self.records[at as usize].names {
            let anchor = self.records[name as usize].anchor;
            if anchor != NONE {
                past.join(&self.nodes[anchor as usize].past);
                past.insert(anchor);
            }
        }
        let record = self.records[at as usize].record;
        let critical = record.kind.is_critical();
        let body = critical
            .then(|| Body::decode(record.kind, &record.body))
            .flatten();
        let act = match &body {
            Some(body) => self.act(body, &past),
            None if !critical => Act::Link,
            None if record.kind.name().is_none() => Act::Newer,
            None => Act::Unreadable,
        };
        self.nodes.push(Node {
            record: at,
            act,
            body,
            past,
        });
    }

    fn act(&mut self, body: &Body, past: &Bits) -> Act {
        match body {
            Body::Genesis { admins, .. } => {
                for admin in admins {
                    self.root(admin.root);
                }
                Act::Genesis
            }
            Body::Admit {
                root, lifts, feeds, ..
            } => {
                let root = self.root(*root);
                let found: Option<Vec<u32>> = lifts
                    .iter()
                    .map(|id| self.suspension(id, past, Some(root)))
                    .collect();
                let feeds = feeds.iter().map(|feed| self.feed(*feed)).collect();
                found.map_or(Act::Dangling, |lifts| Act::Admit { root, lifts, feeds })
            }
            Body::Suspend { root, .. } => Act::Suspend {
                root: self.root(*root),
            },
            Body::Lift { suspension } => self
                .suspension(suspension, past, None)
                .map_or(Act::Dangling, |suspension| Act::Lift { suspension }),
            Body::AddAdmin { root } => Act::AddAdmin {
                root: self.root(*root),
            },
            Body::Endorse { target } => self
                .named(target, past)
                .map_or(Act::Dangling, |target| Act::Endorse { target }),
            Body::Policy { replaces, .. } => {
                let known = self.named(replaces, past).is_some();
                if known { Act::Policy } else { Act::Dangling }
            }
            Body::Pointer { slot, replaces, .. } => {
                let known = self.named(replaces, past).is_some();
                if known {
                    Act::Pointer { slot: *slot }
                } else {
                    Act::Dangling
                }
            }
            Body::Vote { .. } => Act::Vote,
            Body::Successor { feed } => Act::Successor {
                feed: self.feed(*feed),
            },
            Body::Recover { .. } => Act::Recover,
            Body::Merge => Act::Merge,
            Body::Content(_) | Body::Withdraw { .. } => Act::Link,
        }
    }

    /// The authority record of this id, if it stands in a past.
    fn named(&self, id: &RecordId, past: &Bits) -> Option<u32> {
        let node = self.node_of(self.find(id)?)?;
        let authority = self.record_of(node).record.kind.is_critical();
        (authority && past.has(node)).then_some(node)
    }

    /// The suspension of this id (of that root, if one is given), if it stands in a past.
    fn suspension(&self, id: &RecordId, past: &Bits, of: Option<u32>) -> Option<u32> {
        let node = self.named(id, past)?;
        match self.nodes[node as usize].act {
            Act::Suspend { root } if of.is_none_or(|of| of == root) => Some(node),
            _ => None,
        }
    }
}

/// All that a record names.
fn places(record: &Record) -> impl Iterator<Item = Place> {
    let below = match record.previous {
        Previous::Record(id) => Some(Place {
            feed: record.feed,
            height: record.height.wrapping_sub(1),
            id,
        }),
        Previous::Certificate(_) => None,
    };
    below
        .into_iter()
        .chain(record.seen.iter().copied())
        .chain(record.cut.iter().copied())
}

/// Keys that a root has certified as full sign keys.
fn certified_signers(history: &History) -> HashSet<(RootKey, FeedKey)> {
    let statements = history.statements.values().map(|s| s.value());
    statements
        .filter_map(|statement| match statement.claim {
            Claim::Certificate {
                role: Role::Sign,
                key,
                ..
            } => Some((statement.root, FeedKey(key))),
            _ => None,
        })
        .collect()
}
