//! Random authority histories: plausible enough that much of them counts, hostile enough that every rule
//! is met. One seed gives one history, for ever.

use crate::record::{Body, Claim, FeedKey, Kind, Policy, RecordId, Role, RootKey};

use super::{Draft, Shares, World, admit, document, readmit, suspend};

/// SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, 2014).
pub struct Dice(pub u64);

impl Dice {
    /// 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; `n` is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    /// Whether something of so many per cent happens.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.roll() % 100 < percent
    }

    /// One of them, if there are any.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.below(all.len())])
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

struct Play {
    world: World,
    /// Whether members crowd: many feeds, many forks, many invitations, and little that was seen.
    crowd: bool,
    dice: Dice,
    roots: Vec<RootKey>,
    /// Numbers of the roots that genesis or some admission names.
    named: Vec<usize>,
    authority: Vec<RecordId>,
    ordinary: Vec<RecordId>,
    /// What can be endorsed; newer ones come last.
    proposals: Vec<RecordId>,
    suspensions: Vec<(RecordId, usize)>,
    policies: Vec<RecordId>,
    pointers: Vec<RecordId>,
}

/// The history of a seed: genesis, then `records` records by up to `roots` roots.
pub fn history(seed: u64, roots: usize, records: usize) -> World {
    told(World::new(false), seed, roots, records)
}

/// The same history told in an empty world of the caller's.
pub fn told(world: World, seed: u64, roots: usize, records: usize) -> World {
    tell(world, false, seed, roots, records)
}

/// A history whose members have more feeds, forks and guests than there are shares for: two feeds and one or two seats.
pub fn crowd(seed: u64, roots: usize, records: usize) -> World {
    let mut world = World::new(false);
    world.shares = Shares {
        feeds: 2,
        seats: 1 + (seed % 2) as usize,
    };
    tell(world, true, seed ^ 0xc0_0bed, roots, records)
}

fn tell(mut world: World, crowd: bool, seed: u64, roots: usize, records: usize) -> World {
    let mut dice = Dice(seed);
    let keys: Vec<RootKey> = (0..roots).map(|n| world.root(n)).collect();
    let admins = 1 + dice.below(if crowd { 2 } else { 4.min(roots) });
    let policy = Policy {
        invitations: dice.roll() % 3 + u64::from(crowd),
        quorum: dice.roll() % 3,
        rules: 1,
    };
    let founder = world.device(0, 0);
    let genesis = world.found(founder, &keys[..admins], policy);
    let mut play = Play {
        world,
        crowd,
        dice,
        roots: keys,
        named: (0..admins).collect(),
        authority: vec![genesis],
        ordinary: Vec::new(),
        proposals: Vec::new(),
        suspensions: Vec::new(),
        policies: vec![genesis],
        pointers: vec![genesis],
    };
    if crowd {
        for member in admins..admins + 2 {
            let body = admit(play.roots[member]);
            let id = play.world.write(founder, &body);
            play.remember(id, &body, true);
        }
    }
    while play.world.records.len() <= records {
        play.step();
    }
    play.world
}

impl Play {
    fn step(&mut self) {
        let anybody = self.dice.below(self.roots.len());
        let author = if self.dice.chance(92) {
            self.dice.pick(&self.named).unwrap_or(anybody)
        } else {
            anybody
        };
        // Where members crowd, admins are seldom heard.
        let author = match self.crowd && self.dice.chance(60) {
            true => 1 + self.dice.below(3),
            false => author,
        };
        let feed = match self.dice.roll() % 100 {
            10..50 if self.crowd => self.world.device(author, 1),
            50..70 if self.crowd => self.world.device(author, 2),
            70..88 if self.crowd => self.world.device(author, 3),
            0..74 => self.world.device(author, 0),
            74..92 => self.world.device(author, 1),
            92..97 => self.world.device(author, 2),
            _ => self.spare(author),
        };
        if self.dice.chance(4) {
            self.revoke();
        }
        let Some((body, cut)) = self.body(author) else {
            return;
        };
        let mut draft = Draft::new(feed, &body).cut(&cut);
        if self.dice.chance(1) && draft.kind != Kind::DOCUMENT {
            draft.kind = if self.dice.chance(50) {
                Kind::ADMIT
            } else {
                Kind(40)
            };
        }
        draft.seen = match self.dice.roll() % 100 {
            0..65 if self.crowd => Some(self.admitted(author)),
            0..60 => None,
            60..90 => {
                let count = 1 + self.dice.below(3);
                let picks = (0..count).filter_map(|_| self.dice.pick(&self.authority));
                Some(picks.collect())
            }
            _ => Some(vec![RecordId::from(self.world.circle)]),
        };
        let standing = self.world.of_feed(feed);
        if self.dice.chance(if self.crowd { 25 } else { 5 }) {
            // A second record at some height: an old key in other hands, or a restored backup.
            match self.dice.pick(&standing) {
                Some(id) if self.dice.chance(80) => draft.after = Some(id),
                _ if feed != self.world.device(0, 0) => draft.first = true,
                _ => {}
            }
        }
        let critical = draft.kind.is_critical();
        let id = self.world.add(draft);
        self.remember(id, &body, critical);
    }

    fn remember(&mut self, id: RecordId, body: &Body, critical: bool) {
        if critical {
            self.authority.push(id);
        } else {
            self.ordinary.push(id);
        }
        let number = |root: &RootKey| self.roots.iter().position(|other| other == root);
        match body {
            Body::Admit { root, .. } => {
                self.named.extend(number(root));
                self.proposals.push(id);
            }
            Body::Suspend { root, .. } => {
                self.suspensions.extend(number(root).map(|n| (id, n)));
                self.proposals.push(id);
            }
            Body::Lift { .. } | Body::AddAdmin { .. } => self.proposals.push(id),
            Body::Policy { .. } => {
                self.policies.push(id);
                self.proposals.push(id);
            }
            Body::Pointer { .. } => {
                self.pointers.push(id);
                self.proposals.push(id);
            }
            _ => {}
        }
    }

    /// What somebody has seen who knows of nothing but his own admission.
    fn admitted(&self, author: usize) -> Vec<RecordId> {
        let names = |id: &&RecordId| {
            let record = self.world.records.iter().find(|it| it.id() == **id);
            record.is_some_and(|record| {
                let value = record.value();
                let body = Body::decode(value.kind, &value.body);
                matches!(body, Some(Body::Admit { root, .. }) if root == self.roots[author])
            })
        };
        let admission = self.authority.iter().find(names);
        admission
            .or(self.authority.first())
            .into_iter()
            .copied()
            .collect()
    }

    fn spare(&mut self, author: usize) -> FeedKey {
        let spare = self.world.spare(author);
        if self.dice.chance(40) {
            self.world.certify(self.roots[author], spare, Role::Sign);
        }
        spare
    }

    fn revoke(&mut self) {
        let author = self.dice.below(self.roots.len());
        let device = self.dice.below(2);
        let feed = self.world.device(author, device);
        let standing = self.world.of_feed(feed);
        match self.dice.pick(&standing) {
            Some(id) if self.dice.chance(80) => {
                self.world.revoke(feed, Some(id));
            }
            Some(_) => {
                self.world.revoke(feed, None);
            }
            None => {
                // Nobody can revoke for another root.
                let other = self.roots[(author + 1) % self.roots.len()];
                let claim = Claim::Revocation {
                    key: feed.0,
                    circle: None,
                    cut: None,
                };
                self.world.state(other, claim);
            }
        }
    }

    fn body(&mut self, author: usize) -> Option<(Body, Vec<RecordId>)> {
        let whom = self.dice.below(self.roots.len());
        let known = self.dice.pick(&self.named)?;
        let free = |body| Some((body, Vec::new()));
        match self.dice.roll() % 100 {
            0..20 => free(admit(self.roots[whom])),
            20..27 | 33..36 | 40..45 | 85..88 if self.crowd => free(admit(self.roots[whom])),
            20..33 => {
                let cut = self.cut(known);
                Some((suspend(self.roots[known]), cut))
            }
            33..40 => {
                let (suspension, of) = self.dice.pick(&self.suspensions)?;
                if self.dice.chance(40) {
                    return free(Body::Lift { suspension });
                }
                let feeds: Vec<FeedKey> = (0..3)
                    .filter(|_| self.dice.chance(60))
                    .map(|device| self.world.device(of, device))
                    .collect();
                let all = self.suspensions.iter().filter(|(_, n)| *n == of);
                let mut lifts: Vec<RecordId> = all.map(|(id, _)| *id).collect();
                if self.dice.chance(50) {
                    lifts = vec![suspension];
                }
                lifts.truncate(8);
                free(readmit(self.roots[of], &lifts, &feeds))
            }
            40..50 => free(Body::AddAdmin {
                root: self.roots[known],
            }),
            50..76 => {
                // Fresh proposals are the likelier ones.
                let recent = self.proposals.len().saturating_sub(6);
                let target = if self.dice.chance(75) {
                    self.dice.pick(&self.proposals[recent..])?
                } else {
                    self.dice.pick(&self.authority)?
                };
                free(Body::Endorse { target })
            }
            76..81 => {
                let replaces = self.dice.pick(&self.policies)?;
                let policy = Policy {
                    invitations: self.dice.roll() % 4,
                    quorum: self.dice.roll() % 4,
                    rules: 1 + u64::from(self.dice.chance(20)),
                };
                free(Body::Policy { replaces, policy })
            }
            81..85 => {
                let replaces = self.dice.pick(&self.pointers)?;
                let target = self.dice.pick(&self.authority)?;
                free(Body::Pointer {
                    slot: self.dice.roll() % 2,
                    replaces,
                    target,
                })
            }
            85..88 => free(Body::Vote {
                subject: self.dice.pick(&self.authority[..1])?,
                choice: self.dice.roll() % 3,
            }),
            88..90 => free(Body::Successor {
                feed: self.world.device(author, 1),
            }),
            90 => free(Body::Merge),
            91 => free(Body::Recover {
                old: self.roots[known],
                new: self.roots[whom],
            }),
            92..97 => free(document(&format!("document {}", self.dice.roll() % 1000))),
            _ => free(Body::Withdraw {
                target: self.dice.pick(&self.ordinary)?,
            }),
        }
    }

    fn cut(&mut self, of: usize) -> Vec<RecordId> {
        let mut cut = Vec::new();
        for device in 0..3 {
            let feed = self.world.device(of, device);
            let standing = self.world.of_feed(feed);
            if self.dice.chance(75) {
                if self.dice.chance(60) {
                    cut.extend(standing.last());
                } else {
                    cut.extend(self.dice.pick(&standing));
                }
            }
        }
        cut
    }
}
