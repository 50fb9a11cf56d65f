//! The peers' screen: members, invitations, and words that two people compare.

use super::*;
use crate::node::{Fate, Invited, PeersOverview, Running, Waiting};
use crate::tui::pairing::Ticket;

fn overview() -> PeersOverview {
    let circles = super::overview().status.circles;
    let invited = |at: u8, expires: u64, fate: Fate| Invited {
        id: [at; 16],
        circle: CircleId([2; 32]),
        circle_name: "庭".into(),
        expires,
        fate,
    };
    PeersOverview {
        circles,
        invitations: vec![
            invited(1, 1_000_000 + 42 * 60_000, Fate::Open),
            invited(2, 0, Fate::Spent("花子".into())),
            invited(3, 0, Fate::Expired),
        ],
        offers: Vec::new(),
        waiting: Vec::new(),
        running: None,
        called: "alice".into(),
        at: 1_000_000,
    }
}

fn waiting(joining: bool) -> Waiting {
    Waiting {
        id: 7,
        ticket: [1; 16],
        root: RootKey([9; 32]),
        name: "bob".into(),
        fingerprint: "abcd-efgh-jkmn-pqrs".into(),
        english: "globe estate gain mixture ripple cart".into(),
        japanese: "たいねつ おんだん けしき にあう まもる えほん".into(),
        joining,
        answer: None,
    }
}

fn company_of(waiting: Vec<Waiting>) -> Reply {
    let overview = PeersOverview {
        waiting,
        ..overview()
    };
    Reply::Peers(Box::new(overview), true)
}

/// A code of version 6, as a ticket with one address has.
fn ticket() -> Ticket {
    let code = (0..41).map(|y| (0..41).map(|x| (x * y + x) % 3 == 0).collect());
    Ticket {
        id: [1; 16],
        circle: "庭".into(),
        line: format!("okibi-ticket-1:{}", "hFABAQEBAQ".repeat(16)),
        code: code.collect(),
        expires: 1_000_000_000 + 60 * 60_000,
        here: true,
        scroll: 0,
        bare: false,
    }
}

#[test]
fn the_peers() {
    everywhere("peers", |state| {
        press(state, "F5");
        tell(state, Reply::Peers(Box::new(overview()), false));
        press(state, "j");
    });
}

#[test]
fn the_peers_beside_a_node_that_runs() {
    everywhere("peers-running", |state| {
        press(state, "F5");
        let running = Running {
            port: 6542,
            offline: false,
            far: None,
            connected: vec![overview().circles[0].members[1].root.to_string()],
        };
        let overview = PeersOverview {
            running: Some(running),
            waiting: vec![waiting(false)],
            ..overview()
        };
        tell(state, Reply::Peers(Box::new(overview), false));
        press(state, "Esc");
    });
}

#[test]
fn nobody_yet() {
    everywhere("peers-alone", |state| {
        press(state, "F5");
        let overview = PeersOverview {
            circles: Vec::new(),
            invitations: Vec::new(),
            ..overview()
        };
        tell(state, Reply::Peers(Box::new(overview), false));
        assert_eq!(press(state, "i"), []);
    });
}

#[test]
fn an_invitation() {
    everywhere("ticket", |state| {
        press(state, "F5");
        tell(state, Reply::Peers(Box::new(overview()), false));
        assert_eq!(press(state, "i"), [Effect::Invite(CircleId([2; 32]))]);
        tell(state, Reply::Invited(Box::new(ticket())));
    });
}

/// Beside a code the mouse selects the line and the code: `l` shows the line alone.
#[test]
fn the_line_of_an_invitation_alone() {
    everywhere("ticket-line", |state| {
        press(state, "F5");
        tell(state, Reply::Invited(Box::new(ticket())));
        press(state, "l");
        let rows = text(&drawn(state).0);
        let width = usize::from(state.size.0);
        let line = ticket().line;
        let first: String = line.chars().take(width).collect();
        assert_eq!(rows[1], first);
        assert!(rows[1..].concat().contains(&line));
    });
}

/// Bob's screen once called the person who had invited him "bob".
#[test]
fn the_other_side_is_named() {
    let mut state = state((80, 24));
    press(&mut state, "F5");
    tell(&mut state, company_of(vec![waiting(true)]));
    press(&mut state, "Esc");
    let shown = text(&drawn(&mut state).0).join("\n");
    assert!(shown.contains("the inviter"), "{shown}");
    assert!(!shown.contains("! bob"), "{shown}");
    state.peers.told.clear();
    press(&mut state, "F2");
    tell(&mut state, company_of(vec![waiting(true)]));
    let words = &state.notice.as_ref().unwrap().words;
    assert!(words.contains("abcd-efgh"), "{words}");
}

#[test]
fn words_are_compared() {
    everywhere("compare", |state| {
        press(state, "F5");
        tell(state, Reply::Invited(Box::new(ticket())));
        tell(state, company_of(vec![waiting(false)]));
    });
}

#[test]
fn a_ticket_is_asked_for() {
    everywhere("join", |state| {
        press(state, "F5 t");
        update(state, Event::Paste("okibi-ticket-1:abc\n  def\n".into()));
    });
}

/// Only `y` says that the words are the same; what is typed by habit says nothing.
#[test]
fn nobody_is_admitted_by_habit() {
    let mut state = state((80, 24));
    press(&mut state, "F5");
    tell(&mut state, company_of(vec![waiting(false)]));
    assert_eq!(press(&mut state, "Enter"), []);
    assert_eq!(press(&mut state, "a"), []);
    assert_eq!(press(&mut state, "Esc"), []);
    // The question stays, and opens by itself no second time.
    tell(&mut state, company_of(vec![waiting(false)]));
    assert!(state.overlay.is_none());
    press(&mut state, "Enter");
    assert_eq!(press(&mut state, "y"), [Effect::Answer(7, true)]);
    // Said once: a second key says nothing more.
    assert_eq!(press(&mut state, "n"), []);

    press(&mut state, "Esc");
    let other = Waiting {
        id: 8,
        ..waiting(false)
    };
    tell(&mut state, company_of(vec![other]));
    assert_eq!(press(&mut state, "n"), [Effect::Answer(8, false)]);
}

/// Whoever writes a question is not disturbed by a window: a line says who waits.
#[test]
fn a_window_never_comes_between_a_person_and_the_keys() {
    let mut state = state((80, 24));
    state.peers.busy = true;
    press(&mut state, "yes");
    tell(&mut state, company_of(vec![waiting(false)]));
    assert!(state.overlay.is_none());
    assert_eq!(press(&mut state, "y"), []);
    assert!(state.notice.as_ref().unwrap().words.contains("bob"));
    assert_eq!(state.chat.input.text(), "yesy");
}

/// How a pairing ended is said where it was shown: admitted, or not.
#[test]
fn the_end_of_a_pairing_is_told() {
    for (fate, words) in [
        (Fate::Spent("bob".into()), "“bob” is a member of"),
        (Fate::Open, "nobody was admitted"),
    ] {
        let mut state = state((80, 24));
        press(&mut state, "F5");
        tell(&mut state, company_of(vec![waiting(false)]));
        press(&mut state, "y");
        let mut over = overview();
        over.invitations[0].fate = fate;
        tell(&mut state, Reply::Peers(Box::new(over), true));
        let shown = text(&drawn(&mut state).0).join("\n");
        assert!(shown.contains(words), "{shown}");
    }
}

#[test]
fn joining_asks_for_a_ticket_and_a_name() {
    let mut state = state((80, 24));
    press(&mut state, "F5");
    tell(&mut state, Reply::Peers(Box::new(overview()), false));
    press(&mut state, "t");
    update(&mut state, Event::Paste(" okibi-ticket-1:\nabc ".into()));
    press(&mut state, "Enter");
    // The name that this node has elsewhere is offered.
    let effects = press(&mut state, "Enter");
    let join = Effect::Join("okibi-ticket-1:abc".into(), "alice".into());
    assert_eq!(effects, [join]);
    assert!(state.peers.busy);
    tell(&mut state, company_of(vec![waiting(true)]));
    assert_eq!(press(&mut state, "y"), [Effect::Answer(7, true)]);
    // The pairing is over; the thread that joins says how.
    tell(&mut state, company_of(Vec::new()));
    tell(&mut state, Reply::Joined(vec!["you are a member".into()]));
    let shown = text(&drawn(&mut state).0).join("\n");
    assert!(shown.contains("you are a member"), "{shown}");

    press(&mut state, "Esc t x Enter Enter");
    assert_eq!(press(&mut state, "Esc"), [Effect::StopJoin]);
}

#[test]
fn it_looks_while_it_is_on_the_network_and_no_longer() {
    let mut state = state((80, 24));
    assert_eq!(press(&mut state, "F5"), [Effect::LookAtPeers]);
    tell(&mut state, Reply::Peers(Box::new(overview()), true));
    press(&mut state, "Esc");
    state.now += 1_000;
    assert_eq!(update(&mut state, Event::Tick), [Effect::LookAtPeers]);
    tell(&mut state, Reply::Peers(Box::new(overview()), false));
    state.now += 1_000;
    assert_eq!(update(&mut state, Event::Tick), []);
    assert_eq!(state.patience(), None);
}
