//! The named histories: each an attack or an accident, with what must come of it.

use okibi::fold::State;
use okibi::fold::testing::{Draft, World, admit, document, readmit, suspend};
use okibi::record::{Body, FeedKey, Kind, Policy, Predecessor, RecordId, Role, RootKey};

/// A circle under construction: `n` is a root's number, its feed is its first device.
pub struct Scene {
    pub world: World,
    pub roots: Vec<RootKey>,
    pub feeds: Vec<FeedKey>,
    pub genesis: RecordId,
}

/// Builds a scene: name, history, what must hold.
pub type Build = fn() -> (&'static str, World, Check);

/// What must hold of the state.
pub type Check = Box<dyn Fn(&State)>;

impl Scene {
    pub fn new(signed: bool, admins: usize, others: usize) -> Self {
        let mut world = World::new(signed);
        let roots: Vec<RootKey> = (0..admins + others).map(|n| world.root(n)).collect();
        let feeds: Vec<FeedKey> = (0..admins + others).map(|n| world.device(n, 0)).collect();
        let genesis = world.found(feeds[0], &roots[..admins], Policy::default());
        Self {
            world,
            roots,
            feeds,
            genesis,
        }
    }

    /// Root `by` admits root `whom`.
    fn admit(&mut self, by: usize, whom: usize) -> RecordId {
        self.world.admit(self.feeds[by], self.roots[whom])
    }

    fn document(&mut self, by: usize, title: &str) -> RecordId {
        self.world.document(self.feeds[by], title)
    }

    /// `by` suspends `whom` with a cut, and the others endorse it.
    fn suspend(&mut self, by: usize, whom: usize, cut: &[RecordId], with: &[usize]) -> RecordId {
        let id = self.world.suspend(self.feeds[by], self.roots[whom], cut);
        for &other in with {
            self.world.endorse(self.feeds[other], id);
        }
        id
    }

    fn blind(&self, by: usize, body: &Body, seen: &[RecordId]) -> Draft {
        Draft::new(self.feeds[by], body).seen(seen)
    }
}

pub fn holds(check: impl Fn(&State) + 'static) -> Check {
    Box::new(check)
}

/// Every scene: name, history, what must hold.
pub fn all() -> Vec<(&'static str, World, Check)> {
    let scenes: [Build; 20] = [
        suspended_founder,
        sybils_beyond_a_cut,
        old_key_forks_at_height_one,
        revocation_settles_the_fork,
        disjoint_quorums,
        mutual_suspensions,
        halves_seen_apart,
        admission_voided_later,
        backdated_pointers,
        thief_revokes_at_zero,
        member_admits_many,
        readmission_against_a_second_suspension,
        two_devices,
        sole_admin_ends_the_circle,
        one_of_three_gains_nothing,
        promotion_knew_of_the_suspension,
        spare_key_waits,
        two_admins_and_the_weight,
        trunks_without_circles,
        refounded,
    ];
    let more = super::offices::ALL;
    scenes
        .into_iter()
        .chain(more)
        .chain(super::shares::ALL)
        .map(|scene| scene())
        .collect()
}

/// A founder, suspended by the other two admins, opens a new feed from genesis as if nothing had happened.
fn suspended_founder() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 3, 1);
    let honest = s.document(0, "honest");
    s.suspend(1, 0, &[honest], &[2]);
    let again = s.world.device(0, 1);
    let genesis = s.genesis;
    let body = admit(s.roots[3]);
    let admission = s.world.add(Draft::new(again, &body).seen(&[genesis]));
    s.document(3, "by a guest of nobody");
    let (founder, guest) = (s.roots[0], s.roots[3]);
    let check = holds(move |state| {
        assert!(!state.is_active(&founder) && !state.members.contains_key(&guest));
        assert_eq!(state.contents.keys().collect::<Vec<_>>(), [&honest]);
        assert_eq!(state.without_effect[&admission], "beyond");
    });
    (
        "suspended-founder-opens-a-feed-from-genesis",
        s.world,
        check,
    )
}

/// What is built on an admission beyond a cut goes with it; what is within stays.
fn sybils_beyond_a_cut() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 6);
    s.admit(0, 1);
    let kept = s.admit(1, 2);
    for whom in [3, 4] {
        s.admit(1, whom);
    }
    s.admit(3, 5);
    s.document(5, "by a Sybil's Sybil");
    let stays = s.document(2, "by an honest guest");
    s.suspend(0, 1, &[kept], &[]);
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(state.is_active(&roots[2]));
        for gone in [3, 4, 5] {
            assert!(!state.members.contains_key(&roots[gone]), "{gone}");
        }
        assert_eq!(state.contents.keys().collect::<Vec<_>>(), [&stays]);
    });
    ("sybils-admitted-beyond-a-cut", s.world, check)
}

fn old_key() -> (Scene, FeedKey, RecordId, RecordId) {
    let mut s = Scene::new(true, 2, 2);
    let first = s.admit(1, 2);
    let second = s.admit(1, 3);
    let next = s.world.device(1, 1);
    let last = s.world.write(s.feeds[1], &Body::Successor { feed: next });
    s.world.document(next, "in the new feed");
    // Years later somebody finds the old key.
    let theft = Draft::new(s.feeds[1], &admit(s.roots[0])).after(first);
    s.world.add(theft.seen(&[]));
    (s, next, second, last)
}

/// A stolen old key forks its feed at height 1: what the owner did there no longer counts.
fn old_key_forks_at_height_one() -> (&'static str, World, Check) {
    let (s, _, second, last) = old_key();
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(state.is_active(&roots[2]) && !state.members.contains_key(&roots[3]));
        assert_eq!(state.without_effect.get(&second), None, "not in the set");
        assert_eq!(state.without_effect.get(&last), None);
        assert_eq!(state.contents.len(), 1, "the new feed goes on");
    });
    ("stolen-old-key-forks-at-height-1", s.world, check)
}

/// The owner revokes the old key with a cut on his own branch.
fn revocation_settles_the_fork() -> (&'static str, World, Check) {
    let (mut s, _, _, last) = old_key();
    s.world.revoke(s.feeds[1], Some(last));
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(state.is_active(&roots[2]) && state.is_active(&roots[3]));
    });
    ("revocation-settles-the-fork", s.world, check)
}

/// Of four admins two cannot suspend anybody, whichever two; three can.
fn disjoint_quorums() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 4, 0);
    let genesis = s.genesis;
    let draft = s.blind(0, &suspend(s.roots[2]), &[genesis]);
    let one = s.world.add(draft);
    let draft = s.blind(1, &Body::Endorse { target: one }, &[one]);
    s.world.add(draft);
    let draft = s.blind(2, &suspend(s.roots[0]), &[genesis]);
    let two = s.world.add(draft);
    let draft = s.blind(3, &Body::Endorse { target: two }, &[two]);
    s.world.add(draft);
    let third = s.suspend(0, 3, &[], &[1, 2]);
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(state.is_active(&roots[0]) && state.is_active(&roots[2]));
        assert_eq!(state.without_effect[&one], "votes");
        assert_eq!(state.without_effect[&two], "votes");
        assert_eq!(state.members[&roots[3]].suspension, Some(third));
    });
    ("disjoint-quorums-of-four-admins", s.world, check)
}

/// Of five admins three suspend C and three suspend A, neither knowing of the other: both hold.
fn mutual_suspensions() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 5, 0);
    let genesis = s.genesis;
    for (by, whom, with) in [(0, 2, [1, 4]), (2, 0, [3, 4])] {
        let draft = s.blind(by, &suspend(s.roots[whom]), &[genesis]);
        let id = s.world.add(draft);
        for other in with {
            let draft = s.blind(other, &Body::Endorse { target: id }, &[id]);
            s.world.add(draft);
        }
    }
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(!state.is_active(&roots[0]) && !state.is_active(&roots[2]));
        assert_eq!(state.admins().count(), 3);
    });
    ("mutual-suspensions", s.world, check)
}

/// Two nodes hold one half of a fork each; an honest member cites one of them before the other appears.
fn halves_seen_apart() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 2);
    s.admit(0, 1);
    let base = s.admit(0, 2);
    let root = s.world.add(s.blind(1, &Body::Merge, &[base]));
    let left = s
        .world
        .add(Draft::new(s.feeds[1], &document("left")).after(root));
    let cited = s
        .world
        .add(Draft::new(s.feeds[1], &Body::Merge).after(left).seen(&[]));
    let right = s
        .world
        .add(Draft::new(s.feeds[1], &document("right")).after(root));
    let draft = s.blind(2, &Body::Merge, &[base, cited]);
    s.world.add(draft);
    let check = holds(move |state| {
        assert!(state.contents.is_empty());
        assert_eq!(state.without_effect[&cited], "forked");
        assert_eq!(state.without_effect.get(&right), None);
    });
    ("halves-of-a-fork-one-cited", s.world, check)
}

/// M admits X; X writes and admits nobody. The suspension that voids M's admission arrives last.
fn admission_voided_later() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 2, 2);
    let before = s.admit(0, 2);
    let hello = s.document(2, "hello");
    let admission = s.admit(2, 3);
    s.document(3, "before");
    let genesis = s.genesis;
    let draft = s.blind(1, &suspend(s.roots[2]), &[genesis, before]);
    s.world.add(draft.cut(&[hello]));
    s.document(3, "after");
    let root = s.roots[3];
    let check = holds(move |state| {
        assert!(!state.members.contains_key(&root));
        assert_eq!(state.contents.keys().collect::<Vec<_>>(), [&hello]);
        assert_eq!(state.without_effect[&admission], "beyond");
    });
    ("admission-voided-by-a-late-suspension", s.world, check)
}

/// Two models follow each other under a quorum of two. A thief of one admin's key backdates a rival of the
/// first under the policy of genesis.
fn backdated_pointers() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 3, 0);
    let genesis = s.genesis;
    let pointer = |replaces, target| Body::Pointer {
        slot: 0,
        replaces,
        target,
    };
    let first = s.world.write(s.feeds[0], &pointer(genesis, genesis));
    s.world.endorse(s.feeds[1], first);
    let policy = Policy {
        invitations: 3,
        quorum: 3,
        ..Policy::default()
    };
    let stricter = s.world.policy(s.feeds[0], genesis, policy);
    s.world.endorse(s.feeds[1], stricter);
    let second = s.world.write(s.feeds[1], &pointer(first, first));
    s.world.endorse(s.feeds[0], second);
    s.world.endorse(s.feeds[2], second);
    // One key from the past, with a friend's: two of three were enough under the policy of genesis.
    let thief = s.world.device(2, 1);
    let rival = pointer(genesis, stricter);
    let rival = s.world.add(Draft::new(thief, &rival).seen(&[genesis]));
    let late = s
        .world
        .add(Draft::new(thief, &pointer(first, genesis)).seen(&[first]));
    let check = holds(move |state| {
        assert_eq!(state.policy, policy);
        assert_eq!(state.pointer_heads[&0], second);
        assert_eq!(state.without_effect[&rival], "votes");
        assert_eq!(state.without_effect[&late], "votes");
    });
    (
        "pointer-chain-backdated-under-an-old-policy",
        s.world,
        check,
    )
}

/// A thief of a root revokes its keys at zero and with that all that it ever admitted; a suspension with a cut at
/// the honest head brings it back.
fn thief_revokes_at_zero() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 3, 2);
    s.admit(0, 3);
    let head = s.admit(0, 4);
    let document = s.document(3, "by a guest");
    s.world.revoke(s.feeds[0], None);
    let (_, robbed) = s.world.evaluate();
    assert!(!robbed.members.contains_key(&s.roots[3]) && robbed.contents.is_empty());
    s.suspend(1, 0, &[head], &[2]);
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(state.is_active(&roots[3]) && state.is_active(&roots[4]));
        assert!(state.contents.contains_key(&document) && !state.is_active(&roots[0]));
    });
    ("thief-revokes-at-zero", s.world, check)
}

/// A member who admits many gets three in, and its weight is not more for it.
fn member_admits_many() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 13);
    s.admit(0, 1);
    for whom in 2..14 {
        s.admit(1, whom);
    }
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert_eq!(state.members.len(), 5);
        let under: u64 = roots[1..]
            .iter()
            .filter_map(|root| state.members.get(root))
            .map(|member| member.weight)
            .sum();
        assert_eq!(under, 1 << 16);
        let refused = state.without_effect.values();
        assert_eq!(refused.filter(|code| **code == "invitations").count(), 9);
    });
    ("member-admits-many", s.world, check)
}

/// A re-admission lifts what it lists; a suspension that it did not know still holds.
fn readmission_against_a_second_suspension() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 2, 1);
    let admission = s.admit(0, 2);
    let hello = s.document(2, "hello");
    let draft = s.blind(0, &suspend(s.roots[2]), &[admission]);
    let one = s.world.add(draft.cut(&[hello]));
    let draft = s.blind(1, &suspend(s.roots[2]), &[admission]);
    let two = s.world.add(draft.cut(&[hello]));
    let body = readmit(s.roots[2], &[one], &[s.feeds[2]]);
    let draft = s.blind(0, &body, &[one]);
    let back = s.world.add(draft);
    s.document(2, "too early");
    let root = s.roots[2];
    let check = holds(move |state| {
        assert_eq!(state.members[&root].suspension, Some(two));
        assert_eq!(state.contents.len(), 1);
        assert!(!state.without_effect.contains_key(&back));
    });
    ("readmission-against-a-second-suspension", s.world, check)
}

/// Two devices of one member give six invitations without knowing of each other; three count.
fn two_devices() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 8);
    let admission = s.admit(0, 1);
    let other = s.world.device(1, 1);
    for (feed, whom) in [(s.feeds[1], 2), (s.feeds[1], 3), (s.feeds[1], 4)] {
        let draft = Draft::new(feed, &admit(s.roots[whom]));
        s.world.add(draft.seen(&[admission]));
    }
    for whom in [5, 6, 7] {
        let draft = Draft::new(other, &admit(s.roots[whom]));
        s.world.add(draft.seen(&[admission]));
    }
    let check = holds(move |state| {
        assert_eq!(state.members.len(), 5);
        let refused = state.without_effect.values();
        assert_eq!(refused.filter(|code| **code == "invitations").count(), 3);
    });
    ("two-devices-of-one-root", s.world, check)
}

/// Who was ever sole admin can undo everything since: the founder's thief makes a friend admin in a past
/// in which the founder was alone, and the two suspend the rest.
fn sole_admin_ends_the_circle() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 3);
    s.admit(0, 1);
    s.admit(0, 2);
    s.world.add_admin(s.feeds[0], s.roots[1]);
    let second = s.world.add_admin(s.feeds[0], s.roots[2]);
    s.world.endorse(s.feeds[1], second);
    let thief = s.world.device(0, 1);
    let genesis = s.genesis;
    let friend = s.feeds[3];
    let one = s
        .world
        .add(Draft::new(thief, &admit(s.roots[3])).seen(&[genesis]));
    let body = Body::AddAdmin { root: s.roots[3] };
    let two = s.world.add(Draft::new(thief, &body).seen(&[one]));
    for whom in [1, 2] {
        let draft = Draft::new(thief, &suspend(s.roots[whom])).seen(&[two]);
        let id = s.world.add(draft);
        let endorsement = Body::Endorse { target: id };
        s.world.add(Draft::new(friend, &endorsement).seen(&[id]));
    }
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(!state.is_active(&roots[1]) && !state.is_active(&roots[2]));
        assert!(state.is_active(&roots[3]));
    });
    ("sole-admin-ends-the-circle", s.world, check)
}

/// The same attempt where three founded: one root gains nothing, and the other two end it.
fn one_of_three_gains_nothing() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 3, 1);
    let honest = s.document(0, "honest");
    let thief = s.world.device(0, 1);
    let genesis = s.genesis;
    let friend = s.feeds[3];
    let one = s
        .world
        .add(Draft::new(thief, &admit(s.roots[3])).seen(&[genesis]));
    let body = Body::AddAdmin { root: s.roots[3] };
    let two = s.world.add(Draft::new(thief, &body).seen(&[one]));
    let endorsement = Body::Endorse { target: two };
    s.world.add(Draft::new(friend, &endorsement).seen(&[two]));
    for whom in [1, 2] {
        let draft = Draft::new(thief, &suspend(s.roots[whom])).seen(&[two]);
        let id = s.world.add(draft);
        let endorsement = Body::Endorse { target: id };
        s.world.add(Draft::new(friend, &endorsement).seen(&[id]));
    }
    s.suspend(1, 0, &[honest], &[2]);
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert_eq!(state.admins().collect::<Vec<_>>().len(), 2);
        assert!(state.is_active(&roots[1]) && state.is_active(&roots[2]));
        assert!(!state.is_active(&roots[0]) && !state.members.contains_key(&roots[3]));
    });
    ("one-of-three-admins-gains-nothing", s.world, check)
}

/// A member's stolen device stays cut off when all admins promote the member.
fn promotion_knew_of_the_suspension() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 3, 1);
    let admission = s.admit(0, 3);
    let kept = s.document(3, "kept");
    let stolen = s.world.device(3, 1);
    let theft = s.world.document(stolen, "by the thief");
    let one = s.suspend(0, 3, &[kept], &[]);
    let body = readmit(s.roots[3], &[one], &[s.feeds[3]]);
    s.world.write(s.feeds[0], &body);
    let grant = s.world.add_admin(s.feeds[0], s.roots[3]);
    s.world.endorse(s.feeds[1], grant);
    let again = s.document(3, "again");
    let root = s.roots[3];
    let check = holds(move |state| {
        assert!(state.members[&root].admin && state.is_active(&root));
        assert!(state.contents.contains_key(&kept) && state.contents.contains_key(&again));
        assert!(!state.contents.contains_key(&theft));
        assert!(!state.without_effect.contains_key(&admission));
    });
    ("promotion-knew-of-the-suspension", s.world, check)
}

/// What a spare key decides waits for the full certificate; its documents do not.
fn spare_key_waits() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 2);
    let spare = s.world.spare(0);
    let restored = s.world.document(spare, "restored");
    let waits = Draft::new(spare, &admit(s.roots[1]));
    let genesis = s.genesis;
    s.world.add(waits.seen(&[genesis]));
    let draft = s.blind(0, &admit(s.roots[2]), &[genesis]);
    let admission = s.world.add(draft);
    let other = s.world.spare(2);
    s.world.certify(s.roots[2], other, Role::Sign);
    let vote = Body::Vote {
        subject: restored,
        choice: 1,
    };
    s.world.add(Draft::new(other, &vote).seen(&[admission]));
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(state.contents.contains_key(&restored));
        assert!(!state.members.contains_key(&roots[1]));
        assert!(state.votes[&restored].contains_key(&roots[2]));
    });
    ("spare-key-waits", s.world, check)
}

/// With two admins the other one needs more than half of the members' weight.
fn two_admins_and_the_weight() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 2, 2);
    for whom in [2, 3] {
        let admission = s.admit(0, whom);
        s.world.endorse(s.feeds[1], admission);
    }
    // Four trunks: B alone and B with one of them are not enough, with both they are.
    let weak = s.suspend(1, 0, &[], &[2]);
    let strong = s.suspend(1, 0, &[], &[2, 3]);
    let root = s.roots[0];
    let check = holds(move |state| {
        assert_eq!(state.members[&root].suspension, Some(strong));
        assert_eq!(state.without_effect[&weak], "votes");
    });
    ("two-admins-and-the-weight", s.world, check)
}

/// X and Y are admitted by different members and, not knowing that, admit each other.
fn trunks_without_circles() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 6);
    let base = s.admit(0, 1);
    // Root 1 is a trunk (the only admin vouched for it) and admits X (2) and Y (3) on two devices.
    let one = s.world.add(s.blind(1, &admit(s.roots[2]), &[base]));
    let device = s.world.device(1, 1);
    let two = s
        .world
        .add(Draft::new(device, &admit(s.roots[3])).seen(&[base]));
    let draft = s.blind(2, &admit(s.roots[3]), &[one]);
    s.world.add(draft);
    let draft = s.blind(3, &admit(s.roots[2]), &[two]);
    s.world.add(draft);
    let roots = s.roots.clone();
    let check = holds(move |state| {
        for n in [2, 3] {
            assert_eq!(state.members[&roots[n]].trunk, roots[1]);
            assert_eq!(state.members[&roots[n]].weight, (1 << 16) / 3);
        }
    });
    ("trunks-without-circles", s.world, check)
}

/// A circle that goes on from another names it.
fn refounded() -> (&'static str, World, Check) {
    let mut world = World::new(true);
    let (root, feed) = (world.root(0), world.device(0, 0));
    let old = world.found(feed, &[root], Policy::default());
    let (membership, _) = world.evaluate();
    let predecessor = Predecessor {
        circle: old.into(),
        set_hash: membership.set_hash,
        admins: vec![root],
    };
    let mut next = World::new(true);
    let feed = next.device(0, 0);
    let body = Body::Genesis {
        name: "hearth again".into(),
        salt: [8; 16],
        policy: Policy::default(),
        admins: vec![okibi::record::Admin {
            root,
            name: String::new(),
            paper: None,
        }],
        predecessor: Some(predecessor.clone()),
    };
    let mut draft = Draft::new(feed, &body).first().seen(&[]);
    draft.kind = Kind::GENESIS;
    next.add(draft);
    let check = holds(move |state| {
        assert_eq!(state.predecessor.as_ref(), Some(&predecessor));
    });
    ("refounded", next, check)
}
