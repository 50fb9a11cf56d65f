//! Inviting and joining in two windows, over the loopback interface: a ticket that is copied in one and pasted in the
//! other, words that are the same on both, and nobody admitted before both have said so.

use std::process::{Child, Stdio};

use crate::homes::{Home, Place};
use crate::terminal::Seat;

const SIZE: (u16, u16) = (80, 24);

/// A UDP port that nobody has now.
pub fn port() -> String {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port().to_string()
}

/// A window on the peers' screen of a home that is reached at this port, without multicast.
pub fn window(home: &Home, port: &str, heading: &str) -> Seat {
    // Addresses of this machine are nobody's business: its tickets are shown in pictures, and lie in logs.
    let env = [
        ("OKIBI_PORT", port),
        ("OKIBI_DISCOVERY", "false"),
        ("OKIBI_INTERFACES", "none"),
    ];
    let mut seat = Seat::new(home, &[], SIZE, &env);
    seat.see("manual");
    seat.press("\u{1b}[15~");
    seat.see(heading);
    seat
}

/// The text that was given to the clipboard last (OSC 52).
fn copied(seat: &Seat) -> String {
    let raw = String::from_utf8_lossy(seat.raw()).into_owned();
    let (_, last) = raw.rsplit_once("\u{1b}]52;c;").unwrap();
    let (coded, _) = last.split_once('\u{7}').unwrap();
    String::from_utf8(data_encoding::BASE64.decode(coded.as_bytes()).unwrap()).unwrap()
}

/// Makes an invitation and gives its ticket.
pub fn invite(seat: &mut Seat) -> String {
    seat.press("i");
    seat.see("Invitation to hearth");
    seat.press("c");
    seat.see("characters");
    let ticket = copied(seat);
    assert!(ticket.starts_with("okibi-ticket-1:"), "{ticket}");
    ticket
}

pub fn join(seat: &mut Seat, ticket: &str, name: &str) {
    seat.press("t");
    seat.see("begins with okibi-ticket-1:");
    // As a terminal pastes a line that another one has broken.
    let (first, second) = ticket.split_at(50);
    seat.press(&format!("\u{1b}[200~{first}\r\n{second}\u{1b}[201~\r"));
    seat.see("What shall the circle call you?");
    seat.press(&format!("\u{15}{name}\r"));
}

/// Circles that a home belongs to.
fn circles(home: &Home) -> usize {
    let status = home.fact("status", ["status"]);
    let circles = status["circles"].as_array().unwrap().iter();
    circles.filter(|circle| circle["shelf"] == false).count()
}

/// The words that stand on a screen to be compared.
pub fn words(seat: &mut Seat) -> Vec<String> {
    seat.see("Are they the same on both screens?");
    // The code of the screen before is below: the rest of the picture may still be on its way.
    for block in ["█", "▄", "▀"] {
        seat.see_no(block);
    }
    let screen = seat.screen.screen().contents();
    let lines = screen.lines().filter(|line| line.starts_with("  "));
    lines
        .map(|line| line.trim().to_owned())
        // Beside them stands whose fingerprint the other side has, and how it calls itself.
        .filter(|line| line.split_whitespace().count() == WORDS)
        .collect()
}

/// Words to be compared, in each language.
const WORDS: usize = 6;

/// A node that runs beside the window, ended with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Alice, with a document in her circle, and Bob, who knows where she is reached.
pub fn scene(place: &Place, port: &str) -> (Home, Home) {
    let (alice, bob) = (place.home("alice"), place.home("bob"));
    alice.ok(["circle", "found", "hearth", "--as", "alice"]);
    alice.share_document("compost", &place.file("compost.md", "# Compost\n\nWarm.\n"));
    bob.ok(["peer", "add", &format!("127.0.0.1:{port}")]);
    (alice, bob)
}

#[test]
fn two_windows_meet() {
    let place = Place::new();
    let port = port();
    let (alice, bob) = scene(&place, &port);
    let mut hers = window(&alice, &port, "Circle hearth");
    let mut his = window(&bob, "0", "no circle yet");
    let ticket = invite(&mut hers);
    join(&mut his, &ticket, "bob");
    let (one, other) = (words(&mut hers), words(&mut his));
    assert_eq!(one, other);
    assert_eq!(one.len(), 2, "English and Japanese: {one:?}");
    hers.press("y");
    hers.see("Waiting for the other side");
    assert_eq!(circles(&bob), 0, "one of two is not enough");
    his.press("y");
    hers.see("bob is a member of hearth now");
    his.see("you are a member of hearth");
    // Her window stays on the network for a while: what the circle has comes with the first round.
    his.see("in step with alice");
    assert_eq!(alice.hashes(), bob.hashes());
    assert_eq!(bob.facts("document", ["library", "list"]).len(), 1);
    hers.press("\u{1b}");
    hers.see("used by bob");
    for mut seat in [hers, his] {
        seat.press("\u{3}\u{3}\u{3}");
        seat.end();
        seat.given_back();
    }
}

/// Beside a node that runs: that honours the invitation, and the window asks. Who says no ends it.
#[test]
fn a_window_beside_a_node_that_runs() {
    let place = Place::new();
    let port = port();
    let (alice, bob) = scene(&place, &port);
    let node = alice
        .command(["node", "--no-discovery", "--port", &port])
        .stderr(Stdio::null())
        .spawn();
    let _node = Daemon(node.unwrap());
    let mut hers = window(&alice, &port, "okibi node runs in this home");
    let mut his = window(&bob, "0", "no circle yet");
    let ticket = invite(&mut hers);
    join(&mut his, &ticket, "mallory");
    assert_eq!(words(&mut hers), words(&mut his));
    his.press("y");
    his.see("Waiting for the other side");
    hers.press("n");
    hers.see("refused: nobody is admitted");
    his.see("nobody was admitted");
    assert_eq!(circles(&bob), 0);

    // The ticket is still open, and this time it is Bob whom she expects. The question may wait.
    his.press("\u{1b}");
    his.see("no circle yet");
    join(&mut his, &ticket, "bob");
    words(&mut hers);
    hers.press("\u{1b}");
    hers.see("These people wait for an answer");
    hers.press("\r");
    assert_eq!(words(&mut hers), words(&mut his));
    his.press("y");
    hers.press("y");
    hers.see("bob is a member of hearth now");
    his.see("you are a member of hearth");
    his.see("in step with alice");
    assert_eq!(alice.hashes(), bob.hashes());
}

/// A model that a member shares is offered on the other's screen with how much of it is here, and comes when asked for.
#[test]
fn a_model_is_offered_and_fetched() {
    let place = Place::new();
    let port = port();
    let (alice, bob) = place.alice_and_bob();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/ember/ember-f32.gguf");
    alice.ok(["model", "add", file, "--name", "glow", "--licence", "MIT"]);
    alice.ok(["model", "share", "glow", "--yes"]);
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", &stick]);
    bob.ok(["import-bundle", &stick]);
    bob.ok(["peer", "add", &format!("127.0.0.1:{port}")]);
    lose(&bob, "glow");

    let node = alice
        .command(["node", "--no-discovery", "--port", &port])
        .stderr(Stdio::null())
        .spawn();
    let _node = Daemon(node.unwrap());
    let env = [("OKIBI_PORT", "0"), ("OKIBI_DISCOVERY", "false")];
    let mut seat = Seat::new(&bob, &[], SIZE, &env);
    seat.see("manual");
    seat.press("\u{1b}OS");
    seat.see("Offered by others, and not here yet");
    seat.see("0 %, 0 B of 4.9 MiB; ");
    seat.press("f");
    seat.see("in step with alice");
    seat.see_no("not here yet");
    seat.see("alice in hearth");
    seat.signal("TERM");
    seat.end();
    assert_eq!(bob.facts("model", ["model", "list"]).len(), 2);
}

/// As if a model of a circle had never come along: its file, what the database says of it, and that the shelf is whole.
fn lose(home: &Home, name: &str) {
    let db = rusqlite::Connection::open(home.path.join("okibi.db")).unwrap();
    let sql = "SELECT blob FROM model WHERE name = ?1";
    let blob: [u8; 32] = db.query_row(sql, [name], |row| row.get(0)).unwrap();
    db.execute("DELETE FROM model WHERE name = ?1", [name])
        .unwrap();
    db.execute("DELETE FROM blob WHERE blake3 = ?1", [blob])
        .unwrap();
    db.execute("DELETE FROM meta WHERE key LIKE 'shelves:%'", [])
        .unwrap();
    let node = crate::homes::open(&home.path);
    let path = node.store().blob_path(&okibi::record::BlobHash(blob));
    std::fs::remove_file(path).unwrap();
}
