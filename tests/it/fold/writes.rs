//! Whatever others wrote, an honest member's next record can be written and says what it should.

use okibi::fold::testing::random::told;
use okibi::fold::testing::{Draft as Told, World, admit};
use okibi::fold::{Membership, State};
use okibi::identity::SigningSecret;
use okibi::node::Handle;
use okibi::record::{
    BlobHash, BlobRef, Body, Document, FeedKey, Kind, Policy, RecordId, Role, RootKey,
};
use okibi::store::{Batch, Draft, Join, OwnFeed, Source, Standing, Store, StoreError};

use super::scenes::Scene;
use crate::homes::{Place, ails, circle, open};

/// The store of one device, with everything that was ever written in a world.
struct Desk {
    store: Store,
    world: World,
    feed: FeedKey,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new(world: World, feed: FeedKey) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), 1, [0; 8]).unwrap();
        let batch = Batch {
            statements: world.statements.clone(),
            records: world.records.clone(),
            join: Some(Join {
                standing: Standing::Member,
            }),
            ..Batch::default()
        };
        let me = world.owner(feed);
        store
            .ingest(world.circle, batch, Source::Own, me, 1)
            .unwrap();
        Self {
            store,
            world,
            feed,
            _folder: folder,
        }
    }

    fn write(&mut self, draft: impl Into<Draft>) -> Result<RecordId, StoreError> {
        let signer: SigningSecret = self.world.secret(self.feed);
        let owner = OwnFeed {
            root: self.world.owner(self.feed),
            signer: &signer,
            certificate: self.world.certificate(self.feed),
        };
        let circle = self.world.circle;
        let ids = self.store.append(&circle, &owner, &[draft.into()], 2)?;
        assert_eq!(ids.len(), 1, "merge records are nobody's business");
        Ok(ids[0])
    }

    fn found(&self) -> (Membership, State) {
        let circle = self.world.circle;
        let membership = self.store.membership(&circle).unwrap();
        (membership, self.store.state(&circle).unwrap())
    }
}

fn suspend(root: RootKey) -> Body {
    Body::Suspend {
        root,
        reason: String::new(),
    }
}

fn text() -> Body {
    Body::from(Document {
        title: "a text".into(),
        media_type: "text/plain".into(),
        language: String::new(),
        source: String::new(),
        licence: String::new(),
        blob: BlobRef {
            blake3: BlobHash([1; 32]),
            sha256: [2; 32],
            size: 3,
        },
    })
}

/// Others keep more heads than one record may cite, and a new admin's first decisions count.
fn crowd(heads: usize) {
    const FEEDS: usize = 31;
    let mut scene = Scene::new(true, 1, 2);
    let (world, feeds, roots) = (&mut scene.world, &scene.feeds, &scene.roots);
    world.admit(feeds[0], roots[1]);
    let guest = world.admit(feeds[0], roots[2]);
    let mut last = world.add_admin(feeds[0], roots[1]);
    let many = 10..10 + heads.div_ceil(FEEDS);
    for n in many.clone() {
        let root = world.root(n);
        last = world.admit(feeds[0], root);
    }
    for n in 0..heads {
        let feed = world.device(many.start + n / FEEDS, n % FEEDS);
        world.add(Told::new(feed, &Body::Merge).seen(&[last]));
    }
    let mallory = world.root(many.start);
    let mut desk = Desk::new(scene.world, scene.feeds[1]);
    let endorsement = desk.write(Body::Endorse { target: guest }).unwrap();
    let suspension = desk.write(suspend(mallory)).unwrap();
    let (membership, state) = desk.found();
    assert!(membership.records.contains(&suspension));
    assert!(state.members[&mallory].suspension.is_some());
    for id in [endorsement, suspension] {
        assert_eq!(state.without_effect.get(&id), None);
    }
}

#[test]
fn more_than_64_heads_crowd_nothing_out() {
    crowd(65);
    crowd(251);
}

#[test]
fn more_than_5000_heads_crowd_nothing_out() {
    crowd(5_001);
}

/// Where what a decision rests on takes more room than one record has, merge records come first.
#[test]
fn what_does_not_fit_is_merged_first() {
    let mut scene = Scene::new(true, 3, 1);
    let first = scene.world.admit(scene.feeds[0], scene.roots[3]);
    // Every admin writes with thirty devices, none of which has seen another.
    for admin in 0..3 {
        for device in 1..=30 {
            let feed = scene.world.device(admin, device);
            scene
                .world
                .add(Told::new(feed, &Body::Merge).seen(&[first]));
        }
    }
    let mut desk = Desk::new(scene.world, scene.feeds[1]);
    let before = desk.found().0.records.len();
    let suspension = desk.write(suspend(scene.roots[3])).unwrap();
    let (membership, state) = desk.found();
    assert_eq!(membership.records.len(), before + 2, "one merge");
    assert_eq!(state.without_effect.get(&suspension), None);
    assert!(state.members[&scene.roots[3]].suspension.is_some());
}

#[test]
fn nothing_dangling_is_written() {
    let mut scene = Scene::new(true, 1, 1);
    scene.world.admit(scene.feeds[0], scene.roots[1]);
    let paper = scene.world.document(scene.feeds[0], "no decision");
    let mut desk = Desk::new(scene.world, scene.feeds[0]);
    let before = desk.found().0.set_hash;
    for target in [RecordId([9; 32]), paper] {
        let refused = desk.write(Body::Endorse { target });
        assert!(matches!(refused, Err(StoreError::NotHere(_))));
    }
    assert_eq!(desk.found().0.set_hash, before);
}

/// A record of a kind that nobody knows takes nothing from anybody.
#[test]
fn an_unknown_kind_stops_nobody() {
    let mut scene = Scene::new(true, 1, 2);
    for whom in [1, 2] {
        scene.world.admit(scene.feeds[0], scene.roots[whom]);
    }
    for kind in [12, 40, 63] {
        let mut draft = Told::new(scene.feeds[1], &Body::Merge);
        draft.kind = Kind(kind);
        scene.world.add(draft);
    }
    let mut desk = Desk::new(scene.world, scene.feeds[0]);
    desk.write(admit(RootKey([5; 32]))).unwrap();
    desk.write(text()).unwrap();
    desk.write(suspend(scene.roots[1])).unwrap();
    let state = desk.found().1;
    assert!(!state.newer());
    assert!(state.members[&scene.roots[1]].suspension.is_some());
    let codes: Vec<_> = state.without_effect.values().copied().collect();
    assert_eq!(codes, ["newer"; 3]);
}

/// Only the admins raise the version of a circle; sharing, suspending and ending a feed stay possible then.
#[test]
fn a_newer_policy_leaves_what_defends() {
    let mut scene = Scene::new(true, 1, 2);
    for whom in [1, 2] {
        scene.world.admit(scene.feeds[0], scene.roots[whom]);
    }
    let raised = Policy {
        rules: 2,
        ..Policy::default()
    };
    let by_a_member = scene.world.policy(scene.feeds[1], scene.genesis, raised);
    assert!(!scene.world.evaluate().1.newer());
    scene.world.policy(scene.feeds[0], scene.genesis, raised);
    let mut desk = Desk::new(scene.world, scene.feeds[0]);
    assert!(desk.found().1.newer());
    for body in [
        admit(RootKey([5; 32])),
        Body::Endorse {
            target: by_a_member,
        },
    ] {
        assert!(matches!(desk.write(body), Err(StoreError::NewerCircle)));
    }
    desk.write(text()).unwrap();
    desk.write(suspend(scene.roots[1])).unwrap();
    let next = scene.feeds[2];
    desk.write(Body::Successor { feed: next }).unwrap();
    let state = desk.found().1;
    assert!(state.members[&scene.roots[1]].suspension.is_some());
}

/// Over random histories: an admin suspends, a member shares, somebody endorses, a feed is ended.
#[test]
fn honest_records_can_always_be_written() {
    let mut written = 0;
    for seed in 0..40 {
        let world = told(World::new(true), seed, 8, 60);
        let (membership, state) = world.evaluate();
        // An honest feed stands in the set as a whole.
        let whole = |feed: &FeedKey| {
            let of_feed = world.of_feed(*feed).into_iter();
            of_feed.clone().all(|id| membership.records.contains(&id))
        };
        let open = state.members.iter().filter(|it| it.1.suspension.is_none());
        let open: Vec<(RootKey, bool, FeedKey)> = open
            .filter_map(|(root, it)| {
                Some((*root, it.admin, *it.open.iter().find(|feed| whole(feed))?))
            })
            .collect();
        let Some(&(writer, admin, feed)) = open.iter().max_by_key(|it| it.1) else {
            continue;
        };
        let spare = world
            .statements
            .iter()
            .any(|it| matches!(it.value().claim, okibi::record::Claim::Certificate { role: Role::Spare, key, .. } if key == feed.0));
        if spare {
            continue;
        }
        let target = state.members.keys().find(|root| **root != writer);
        let endorsed = state
            .members
            .values()
            .map(|it| it.admission)
            .find(|id| *id != state.policy_head);
        let mut desk = Desk::new(world, feed);
        let said = std::iter::once(text())
            .chain(target.map(|root| suspend(*root)))
            .chain(endorsed.map(|target| Body::Endorse { target }))
            .chain([Body::Successor {
                feed: FeedKey([8; 32]),
            }]);
        for body in said {
            let kind = body.kind();
            let id = match desk.write(body) {
                Err(StoreError::NewerCircle) if kind == Kind::ENDORSE => continue,
                other => other.unwrap_or_else(|error| panic!("seed {seed}, {kind:?}: {error}")),
            };
            let (membership, state) = desk.found();
            assert!(membership.records.contains(&id), "seed {seed}, {kind:?}");
            let code = state.without_effect.get(&id).copied();
            assert!(
                !matches!(code, Some("dangling" | "no-member" | "newer")),
                "seed {seed}, {kind:?}: {code:?}, admin {admin}"
            );
            written += 1;
        }
    }
    assert!(written > 80, "{written}");
}

/// A circle in which a feed cannot be ended keeps no home from opening, and is tried again.
#[test]
fn a_rotation_that_cannot_end_a_feed_locks_nobody_out() {
    let place = Place::new();
    let home = place.home("alice");
    home.ok(["circle", "found", "garden"]);
    let mut node = open(&home.path);
    let refuse =
        "CREATE TRIGGER refuse BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'no'); END";
    node.store().database().execute_batch(refuse).unwrap();
    node.rotate().unwrap();
    node.rotate().unwrap();
    drop(node);
    let node = open(&home.path);
    assert!(ails(&node).contains(&"doctor-rotation"));
    let feeds = |node: &Handle| {
        let state = &circle(node).state;
        state.members[&node.root()].open.len()
    };
    assert_eq!(feeds(&node), 1, "the feed that was left stays open");
    node.store()
        .database()
        .execute_batch("DROP TRIGGER refuse")
        .unwrap();
    drop(node);
    let node = open(&home.path);
    assert!(!ails(&node).contains(&"doctor-rotation"));
    assert_eq!(feeds(&node), 0);
}

/// Who would write over the budget of a feed is told so, and nothing is written.
#[test]
fn a_full_feed_says_so() {
    let mut scene = Scene::new(true, 1, 1);
    scene.world.admit(scene.feeds[0], scene.roots[1]);
    for _ in 0..okibi::record::limits::FEED_AUTHORITY {
        scene.world.merge(scene.feeds[1]);
    }
    let mut desk = Desk::new(scene.world, scene.feeds[1]);
    let before = desk.found().0.set_hash;
    let refused = desk.write(suspend(RootKey([4; 32])));
    assert!(matches!(refused, Err(StoreError::FeedFull)));
    assert_eq!(desk.found().0.set_hash, before);
    desk.write(text()).unwrap();
}
