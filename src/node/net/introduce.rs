//! A member that this node has not heard of shows the admissions that lead to it, and this node shows its own to others:
//! `docs/sync.md`, section 2, "Introduction". What it opens is a chance to be asked for a proof; the circle's records decide.

use crate::fold::Authority;
use crate::identity::{Directory, verify};
use crate::record::{
    Body, CircleId, Claim, FeedKey, Kind, Record, RecordId, Role, RootKey, Signed, Statement,
};
use crate::sync::{Introduction, Link, Offer, Subject, limits, pair_key};

use super::hub::Hub;
use super::pairs::own_keys;
use crate::node::Failure;
use crate::node::clock::random;

/// What is said, and the receive keys of those who can open it.
type Sealed = (Introduction, Vec<[u8; 32]>);

impl Hub<'_> {
    /// What this node says to somebody who does not recognise it; where it has nothing to say, bytes that look the same.
    pub fn introduction(&mut self, exporter: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        let said = match self.options.join {
            Some(_) => None,
            None => self.myself()?,
        };
        let (said, to) = said.unzip();
        let to = to.unwrap_or_default();
        Ok(Introduction::seal(said.as_ref(), &to, exporter, &random()?))
    }

    /// This node's admission to one of its circles, and receive keys of members there: by chance, since one message has room
    /// for one path and some members, and there are more connections.
    fn myself(&self) -> Result<Option<Sealed>, Failure> {
        let (store, me) = (&self.node.store, self.node.root);
        let dice: [u8; 32] = random()?;
        let draw = |bytes: &[u8]| *blake3::keyed_hash(&dice, bytes).as_bytes();
        let mut circles = store.memberships()?;
        circles.sort_by_key(|circle| draw(&circle.0));
        let directory = store.directory()?;
        let receive = directory.current(&me, Role::Receive);
        let receive = receive.map(|(id, _)| store.statement_bytes(&[id]));
        let Some(receive) = receive.transpose()?.and_then(|mut all| all.pop()) else {
            return Ok(None);
        };
        for circle in circles {
            let state = store.outline(&circle)?.state;
            let Some(path) = self.path(&state, &directory)? else {
                continue;
            };
            let keys = directory.all_current(Role::Receive);
            let mut to = Vec::new();
            for (root, _) in state.active().filter(|(root, _)| **root != me) {
                if let Some(key) = keys.get(root)
                    && !store.opinion(root)?.blocked
                {
                    to.push(*key);
                }
            }
            to.sort_by_key(|key| draw(key));
            to.truncate(limits::INTRODUCED_TO);
            let said = Introduction {
                circle,
                receive: receive.clone(),
                path,
            };
            if !to.is_empty() && said.encode().is_some() {
                return Ok(Some((said, to)));
            }
        }
        Ok(None)
    }

    /// The admissions from an admin of genesis to this node; none where it is no active member.
    fn path(&self, state: &Authority, directory: &Directory) -> Result<Option<Vec<Link>>, Failure> {
        let genesis = RecordId::from(state.circle);
        let (mut path, mut root) = (Vec::new(), self.node.root);
        loop {
            let Some(member) = state
                .members
                .get(&root)
                .filter(|it| it.suspension.is_none())
            else {
                return Ok(None);
            };
            if member.admission == genesis {
                path.reverse();
                return Ok(Some(path));
            }
            let Some(record) = self.node.store.record(&member.admission)? else {
                return Ok(None);
            };
            let Some(certificate) = signing(directory, &member.sponsor, &record.value().feed)
            else {
                return Ok(None);
            };
            if path.len() == limits::PATH {
                return Ok(None);
            }
            path.push(Link {
                certificate,
                record: record.bytes().to_vec(),
            });
            root = member.sponsor;
        }
    }

    /// Whether somebody whom this node does not recognise shows a way on which it was admitted.
    pub fn introduced(
        &mut self,
        exporter: &[u8; 32],
        sealed: &[u8],
    ) -> Result<Option<Offer>, Failure> {
        let store = &self.node.store;
        let directory = store.directory()?;
        for mine in own_keys(self.node, &directory)? {
            let Some(said) = Introduction::open(sealed, &mine, exporter) else {
                continue;
            };
            if !store.memberships()?.contains(&said.circle) {
                return Ok(None);
            }
            let state = store.outline(&said.circle)?.state;
            let Some((root, key)) = believed(&said, &state, &directory) else {
                return Ok(None);
            };
            if root == self.node.root || store.opinion(&root)?.blocked {
                return Ok(None);
            }
            let shared = mine.agree(&key);
            return Ok(shared.map(|shared| Offer {
                secret: pair_key(&shared, &said.circle, [&self.node.root, &root]),
                subject: Subject::Pair {
                    circle: said.circle,
                    root,
                },
            }));
        }
        Ok(None)
    }
}

/// The certificate of a root's sign or spare key.
fn signing(directory: &Directory, root: &RootKey, feed: &FeedKey) -> Option<Vec<u8>> {
    let mut all = directory.of(*root);
    let found = all.find(|statement| certifies(statement.value(), root, feed));
    found.map(|statement| statement.bytes().to_vec())
}

fn certifies(statement: &Statement, root: &RootKey, feed: &FeedKey) -> bool {
    statement.root == *root
        && matches!(statement.claim, Claim::Certificate { role: Role::Sign | Role::Spare, key, .. } if key == feed.0)
}

/// Who introduces itself, and the receive key by which it is to be recognised, if what it says holds: its own key stands,
/// it is not suspended, and it is a member here or an active member's admissions lead to it, all by authors that nobody
/// suspended.
fn believed(
    said: &Introduction,
    state: &Authority,
    directory: &Directory,
) -> Option<(RootKey, [u8; 32])> {
    let receive = verify(Signed::<Statement>::decode(&said.receive).ok()?).ok()?;
    let root = receive.value().root;
    let Claim::Certificate {
        role: Role::Receive,
        key,
        ..
    } = receive.value().claim
    else {
        return None;
    };
    let mut known = directory.clone();
    known.insert(receive);
    let mut standing = known.standing(&root, Role::Receive);
    if !standing.any(|(_, standing)| standing == key) {
        return None;
    }
    let suspended = |root: &RootKey| {
        state
            .members
            .get(root)
            .is_some_and(|it| it.suspension.is_some())
    };
    if suspended(&root) {
        return None;
    }
    if state.is_active(&root) {
        return Some((root, key));
    }
    let mut from: Option<RootKey> = None;
    let mut rooted = false;
    for link in &said.path {
        let (author, admitted) = admission(link, &said.circle, directory)?;
        if suspended(&author) || from.is_some_and(|expected| expected != author) {
            return None;
        }
        rooted |= state.is_active(&author);
        from = Some(admitted);
    }
    (rooted && from == Some(root)).then_some((root, key))
}

/// Who admitted whom.
fn admission(link: &Link, circle: &CircleId, directory: &Directory) -> Option<(RootKey, RootKey)> {
    let certificate = verify(Signed::<Statement>::decode(&link.certificate).ok()?).ok()?;
    let record = verify(Signed::<Record>::decode(&link.record).ok()?).ok()?;
    let (author, value) = (certificate.value().root, record.value());
    let ours = value.circle(record.id()) == *circle && value.kind == Kind::ADMIT;
    if !ours
        || !certifies(certificate.value(), &author, &value.feed)
        || directory.is_revoked(&author, &value.feed.0)
    {
        return None;
    }
    match Body::decode(value.kind, &value.body)? {
        Body::Admit { root, .. } => Some((author, root)),
        _ => None,
    }
}
