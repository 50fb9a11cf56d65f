//! More named histories: offices lost and regained, weight, and what a fork's evidence stands on. Each of them
//! tells one line of `docs/circles.md` from a wrong one that all the others would let pass.

use okibi::fold::testing::{Draft, World, admit, document, readmit, suspend};
use okibi::record::Body;

use super::scenes::{Build, Check, Scene, holds};

pub const ALL: [Build; 11] = [
    guests_invite_nobody,
    unknown_kinds_take_nothing,
    members_suspend_by_weight,
    successors_after_a_readmission,
    readmitted_admin_is_a_member,
    office_by_an_endorsement_that_fell,
    nobody_vouches_for_himself,
    evidence_keeps_an_admission,
    endorser_who_lost_the_office,
    forked_successor_is_not_followed,
    genesis_has_rivals,
];

/// Members suspend a member without any admin, by more than half of the weight of their past.
fn members_suspend_by_weight() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 2, 5);
    let mut last = s.genesis;
    for whom in 2..7 {
        let admission = s.world.admit(s.feeds[0], s.roots[whom]);
        last = s.world.endorse(s.feeds[1], admission);
    }
    // Seven trunks; three of them are not enough, four are.
    let weak = s.world.suspend(s.feeds[2], s.roots[6], &[]);
    for by in [3, 4] {
        s.world.endorse(s.feeds[by], weak);
    }
    let draft = Draft::new(s.feeds[2], &suspend(s.roots[5]));
    let strong = s.world.add(draft.seen(&[last]));
    for by in [3, 4, 6] {
        let endorsement = Body::Endorse { target: strong };
        s.world
            .add(Draft::new(s.feeds[by], &endorsement).seen(&[strong]));
    }
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(state.is_active(&roots[6]));
        assert_eq!(state.members[&roots[5]].suspension, Some(strong));
        assert_eq!(state.without_effect[&weak], "votes");
    });
    ("members-suspend-by-weight", s.world, check)
}

/// A re-admission gives one feed back; the keys that it is rotated to afterwards need no other one.
fn successors_after_a_readmission() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 1);
    s.world.admit(s.feeds[0], s.roots[1]);
    let stolen = s.world.device(1, 3);
    let theft = s.world.document(stolen, "by the thief");
    let suspension = s.world.suspend(s.feeds[0], s.roots[1], &[]);
    let body = readmit(s.roots[1], &[suspension], &[s.feeds[1]]);
    s.world.write(s.feeds[0], &body);
    let mut feed = s.feeds[1];
    for device in [1, 2] {
        let next = s.world.device(1, device);
        s.world.write(feed, &Body::Successor { feed: next });
        feed = next;
    }
    let written = s.world.document(feed, "two keys later");
    let check = holds(move |state| {
        assert!(state.contents.contains_key(&written) && !state.contents.contains_key(&theft));
    });
    ("successors-after-a-readmission", s.world, check)
}

/// An admin is suspended, re-admitted and, later, promoted. What he did as admin without knowing of the
/// suspension does not count even in a feed that counts again.
fn readmitted_admin_is_a_member() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 3, 5);
    let genesis = s.genesis;
    // The fourth admin has the office by a record, the first by genesis; the same happens to both.
    let base = s.world.admit(s.feeds[1], s.roots[3]);
    let grant = s.world.add_admin(s.feeds[1], s.roots[3]);
    let granted = s.world.endorse(s.feeds[2], grant);
    let unknowing = [
        (
            0,
            4,
            s.world.add(
                Draft::new(s.feeds[0], &admit(s.roots[4]))
                    .after(genesis)
                    .seen(&[]),
            ),
        ),
        (
            3,
            5,
            s.world
                .add(Draft::new(s.feeds[3], &admit(s.roots[5])).seen(&[granted])),
        ),
    ];
    for whom in [0, 3] {
        let draft = Draft::new(s.feeds[1], &suspend(s.roots[whom])).seen(&[base, granted]);
        let suspension = s.world.add(draft);
        let endorsement = Body::Endorse { target: suspension };
        let last = s
            .world
            .add(Draft::new(s.feeds[2], &endorsement).seen(&[suspension]));
        let third = match whom {
            0 => s.feeds[3],
            _ => s.feeds[1],
        };
        let last = s.world.add(Draft::new(third, &endorsement).seen(&[last]));
        let body = readmit(s.roots[whom], &[suspension], &[s.feeds[whom]]);
        let back = s.world.add(Draft::new(s.feeds[1], &body).seen(&[last]));
        let endorsement = Body::Endorse { target: back };
        s.world
            .add(Draft::new(s.feeds[2], &endorsement).seen(&[back]));
    }
    s.world.admit(s.feeds[0], s.roots[6]);
    s.world.admit(s.feeds[3], s.roots[7]);
    let roots = s.roots.clone();
    let check = holds(move |state| {
        for (by, whom, admission) in &unknowing {
            assert!(state.is_active(&roots[*by]) && !state.members[&roots[*by]].admin);
            assert!(!state.members.contains_key(&roots[*whom]));
            assert_eq!(state.without_effect[admission], "unsupported");
        }
        assert_eq!(state.admins().count(), 2);
        assert_eq!(
            state.members[&roots[6]].sponsor, roots[0],
            "a member's invitation"
        );
        assert_eq!(
            state.members[&roots[7]].sponsor, roots[3],
            "a member's invitation"
        );
    });
    ("readmitted-admin-is-a-member", s.world, check)
}

/// D is admin by A's record and B's endorsement, and admits X. B's key turns out to be stolen before; C endorses D
/// as well, but X's admission did not know that.
fn office_by_an_endorsement_that_fell() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 3, 3);
    s.world.admit(s.feeds[0], s.roots[3]);
    let grant = s.world.add_admin(s.feeds[0], s.roots[3]);
    let good = s.world.document(s.feeds[1], "before the theft");
    let endorsement = Body::Endorse { target: grant };
    let fell = s
        .world
        .add(Draft::new(s.feeds[1], &endorsement).seen(&[grant]));
    let early = s.world.admit(s.feeds[3], s.roots[4]);
    s.world
        .add(Draft::new(s.feeds[2], &endorsement).seen(&[grant]));
    let late = s.world.admit(s.feeds[3], s.roots[5]);
    s.world.revoke(s.feeds[1], Some(good));
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(state.members[&roots[3]].admin);
        assert_eq!(state.without_effect[&fell], "revoked");
        assert_eq!(state.without_effect[&early], "unsupported");
        assert!(!state.without_effect.contains_key(&late) && state.is_active(&roots[5]));
    });
    ("office-by-an-endorsement-that-fell", s.world, check)
}

/// An admin endorses his own admission and is no trunk for that.
fn nobody_vouches_for_himself() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 2, 1);
    let admission = s.world.admit(s.feeds[0], s.roots[2]);
    let grant = s.world.add_admin(s.feeds[0], s.roots[2]);
    s.world.endorse(s.feeds[1], grant);
    s.world.endorse(s.feeds[2], admission);
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert!(state.members[&roots[2]].admin);
        assert_eq!(state.members[&roots[2]].trunk, roots[0]);
        assert_eq!(state.members[&roots[2]].weight, 1 << 15);
    });
    ("nobody-vouches-for-himself", s.world, check)
}

/// X was admitted on a branch that nobody cites and forked at once: the evidence needs the admission.
fn evidence_keeps_an_admission() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 2);
    let base = s.world.admit(s.feeds[0], s.roots[1]);
    let first = s
        .world
        .add(Draft::new(s.feeds[1], &admit(s.roots[2])).seen(&[base]));
    s.world
        .add(Draft::new(s.feeds[1], &document("another first")).first());
    s.world
        .add(Draft::new(s.feeds[2], &document("one")).first());
    s.world
        .add(Draft::new(s.feeds[2], &document("two")).first());
    let root = s.roots[2];
    let check = holds(move |state| {
        assert!(state.contents.is_empty() && !state.members.contains_key(&root));
        assert_eq!(state.without_effect[&first], "forked");
    });
    ("evidence-keeps-an-admission", s.world, check)
}

/// C endorses, as a member, what was proposed when he was an admin: it counts as a member's word.
fn endorser_who_lost_the_office() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 4, 0);
    let genesis = s.genesis;
    let target = s.roots[3];
    let draft = Draft::new(s.feeds[0], &suspend(target)).seen(&[genesis]);
    let proposal = s.world.add(draft);
    let endorsement = Body::Endorse { target: proposal };
    s.world
        .add(Draft::new(s.feeds[1], &endorsement).seen(&[proposal]));
    // Three of four are needed. The third one is taken out of office and comes back as a member first.
    let draft = Draft::new(s.feeds[0], &suspend(s.roots[2])).seen(&[genesis]);
    let off = s.world.add(draft);
    for by in [1, 3] {
        s.world.endorse(s.feeds[by], off);
    }
    let body = readmit(s.roots[2], &[off], &[s.feeds[2]]);
    let back = s.world.write(s.feeds[0], &body);
    for by in [1, 3] {
        s.world.endorse(s.feeds[by], back);
    }
    s.world.endorse(s.feeds[2], proposal);
    let member = s.roots[2];
    let check = holds(move |state| {
        assert!(state.is_active(&member) && !state.members[&member].admin);
        assert!(state.is_active(&target));
        assert_eq!(state.without_effect[&proposal], "votes");
    });
    ("endorser-who-lost-the-office", s.world, check)
}

/// A feed that counts again was forked, and its successor stands on a branch: that leads nowhere.
fn forked_successor_is_not_followed() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 1);
    s.world.admit(s.feeds[0], s.roots[1]);
    let kept = s.world.document(s.feeds[1], "below the fork");
    let next = s.world.device(1, 1);
    let body = Body::Successor { feed: next };
    let successor = s.world.add(Draft::new(s.feeds[1], &body).after(kept));
    s.world
        .add(Draft::new(s.feeds[1], &document("the other half")).after(kept));
    s.world
        .add(Draft::new(s.feeds[0], &Body::Merge).seen(&[successor]));
    let suspension = s.world.suspend(s.feeds[0], s.roots[1], &[kept]);
    let body = readmit(s.roots[1], &[suspension], &[s.feeds[1]]);
    s.world.write(s.feeds[0], &body);
    s.world.document(next, "in the next feed");
    let check = holds(move |state| {
        assert_eq!(state.contents.keys().collect::<Vec<_>>(), [&kept]);
    });
    ("forked-successor-is-not-followed", s.world, check)
}

/// Whoever holds the founder's key writes two records beside genesis, with smaller ids. The circle stays; the feed is
/// closed from its beginning, and the founder goes on in another one.
fn genesis_has_rivals() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 2, 1);
    let early = s
        .world
        .document(s.feeds[1], "by the other admin, who cited nothing");
    let beyond = s.world.document(s.feeds[0], "above the fork");
    let mut rivals = 0;
    for n in 0.. {
        let feed = s.feeds[0];
        let title = format!("rival {n}");
        let id = s.world.add(Draft::new(feed, &document(&title)).first());
        if id < s.genesis {
            rivals += 1;
        } else {
            s.world.records.pop();
        }
        if rivals == 2 {
            break;
        }
    }
    let again = s.world.device(0, 1);
    let (genesis, guest) = (s.genesis, s.roots[2]);
    let body = admit(guest);
    s.world.add(Draft::new(again, &body).seen(&[genesis]));
    let admins = [s.roots[0], s.roots[1]];
    let check = holds(move |state| {
        assert!(admins.iter().all(|root| state.members[root].admin));
        assert!(state.members.contains_key(&guest));
        assert_eq!(state.contents.keys().collect::<Vec<_>>(), [&early]);
        assert!(!state.contents.contains_key(&beyond));
    });
    ("genesis-has-rivals", s.world, check)
}

/// Guests of a plain member invite nobody until an admin endorses their admission; endorsements by members do not help.
fn guests_invite_nobody() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 1, 4);
    s.world.admit(s.feeds[0], s.roots[1]);
    let guest = s.world.admit(s.feeds[1], s.roots[2]);
    s.world.endorse(s.feeds[1], guest);
    let early = s.world.admit(s.feeds[2], s.roots[3]);
    s.world.endorse(s.feeds[0], guest);
    s.world.admit(s.feeds[2], s.roots[4]);
    let roots = s.roots.clone();
    let check = holds(move |state| {
        assert_eq!(state.without_effect[&early], "invitations");
        assert!(!state.members.contains_key(&roots[3]));
        assert!(state.members.contains_key(&roots[4]));
    });
    ("guests-invite-nobody", s.world, check)
}

/// Records of unknown kinds, and a policy of later rules by a member alone, change nothing for anybody.
fn unknown_kinds_take_nothing() -> (&'static str, World, Check) {
    let mut s = Scene::new(true, 2, 2);
    for whom in [2, 3] {
        s.world.admit(s.feeds[0], s.roots[whom]);
    }
    for kind in [12, 63] {
        let mut draft = Draft::new(s.feeds[2], &Body::Merge);
        draft.kind = okibi::record::Kind(kind);
        s.world.add(draft);
    }
    let raised = okibi::record::Policy {
        rules: 2,
        ..okibi::record::Policy::default()
    };
    s.world.policy(s.feeds[2], s.genesis, raised);
    s.world.suspend(s.feeds[0], s.roots[2], &[]);
    let mallory = s.roots[2];
    let check = holds(move |state| {
        assert!(!state.newer() && !state.is_active(&mallory));
        assert_eq!(state.members.len(), 4);
    });
    ("unknown-kinds-take-nothing", s.world, check)
}
