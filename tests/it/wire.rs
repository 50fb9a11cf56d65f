//! Content over a real connection, broken off and shared out, and strangers at the door: real processes on loopback.
//! And how fast a new node takes a large circle in (`cargo test --release --test it wire::many_records -- --ignored
//! --nocapture`; `OKIBI_COST_RECORDS` says how many).

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use okibi::carrier::lan::Lan;
use okibi::identity::{SigningSecret, verify};
use okibi::record::{BlobHash, BlobRef, Body, Document, Record, Role, Signed};
use okibi::store::keys::KeyFolder;
use okibi::store::{Draft, OwnFeed, Store};
use okibi::sync::Frame;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::homes::{Home, Place};
use crate::netns::{Network, Node, PATIENCE, agree, three};

/// Bytes of the content that travels: not a whole number of pieces.
const SIZE: usize = (5 << 20) + 77_777;
/// What may come twice after a broken transfer.
const TWICE: u64 = 1 << 20;
/// What QUIC and the session add to the content of one transfer, at most: a tenth, and the handshakes.
const AROUND: u64 = SIZE as u64 / 10 + (64 << 10);

/// A pipe for datagrams between one client at a time and a server, that counts and can end.
pub struct Pipe {
    pub address: SocketAddr,
    /// Bytes that went to the client, and how many may.
    passed: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

impl Pipe {
    fn to(server: SocketAddr) -> Self {
        Self::between("127.0.0.1", server)
    }

    /// The server sees the client at this address.
    pub fn between(seen: &str, server: SocketAddr) -> Self {
        let front = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let back = Arc::new(UdpSocket::bind((seen, 0)).unwrap());
        back.connect(server).unwrap();
        let pipe = Self {
            address: front.local_addr().unwrap(),
            passed: Arc::default(),
            most: Arc::new(AtomicU64::new(u64::MAX)),
        };
        let client = Arc::new(std::sync::Mutex::new(None::<SocketAddr>));
        let (forth, from, known) = (back.clone(), front.clone(), client.clone());
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok((count, source)) = from.recv_from(&mut buffer) {
                *known.lock().unwrap() = Some(source);
                let _ = forth.send(&buffer[..count]);
            }
        });
        let (passed, most) = (pipe.passed.clone(), pipe.most.clone());
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            loop {
                // A server that is gone answers with an error; another may come.
                let Ok(count) = back.recv(&mut buffer) else {
                    std::thread::yield_now();
                    continue;
                };
                let Some(client) = *client.lock().unwrap() else {
                    continue;
                };
                if passed.load(Ordering::Relaxed) + count as u64 <= most.load(Ordering::Relaxed) {
                    passed.fetch_add(count as u64, Ordering::Relaxed);
                    let _ = front.send_to(&buffer[..count], client);
                }
            }
        });
        pipe
    }

    fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }
}

/// Text without repetitions.
fn text() -> String {
    let mut hash = blake3::Hasher::new_derive_key("okibi tests wire").finalize_xof();
    let mut bytes = vec![0; SIZE];
    hash.fill(&mut bytes);
    let letters = b"abcdefghijklmnopqrstuvwxyz      ";
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = if at % 80 == 79 {
            b'\n'
        } else {
            letters[usize::from(*byte) % letters.len()]
        };
    }
    String::from_utf8(bytes).unwrap()
}

/// Alice and Bob, who know of each other and have no content yet.
pub fn two(place: &Place) -> (Home, Home) {
    let (alice, bob) = place.alice_and_bob();
    let bundle = place.path("first.okb");
    let bundle = bundle.to_str().unwrap();
    alice.ok(["export-bundle", "--to", "bob", "-o", bundle]);
    bob.ok(["import-bundle", bundle]);
    (alice, bob)
}

pub fn serve(home: &Home) -> (Node, SocketAddr) {
    let node = Node::start(
        home.command(["node", "--no-discovery", "--port", "0"]),
        home,
    );
    let mut port = None;
    node.until("it listens", || {
        port = node
            .ask()
            .and_then(|status| status["port"].as_u64())
            .filter(|port| *port > 0);
        port.is_some()
    });
    (
        node,
        format!("127.0.0.1:{}", port.unwrap()).parse().unwrap(),
    )
}

pub fn sync(home: &Home, from: &[SocketAddr]) -> Child {
    let mut args = vec!["sync".to_owned(), "--json".into(), "--no-discovery".into()];
    args.extend(["--port".into(), "0".into()]);
    args.extend(
        from.iter()
            .flat_map(|address| ["--peer".to_owned(), address.to_string()]),
    );
    home.command(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub fn report(child: Child) -> Value {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut facts = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    facts.find(|fact| fact["type"] == "sync").unwrap()
}

fn has_it(home: &Home) -> bool {
    let listed = home.facts("document", ["library", "list"]);
    listed.iter().any(|it| it["title"] == "long")
}

/// The receiver is killed at some byte of the content, three times over; what came stays, and less than a MiB of it
/// comes again each time.
#[test]
fn a_killed_transfer_goes_on_where_it_was() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    alice.share_document("long", &place.file("long.txt", text()));
    let (node, address) = serve(&alice);
    let pipe = Pipe::to(address);
    let mut dice = okibi::fold::testing::random::Dice(7);
    for round in 1..=3_u64 {
        let share = SIZE as u64 / 4;
        pipe.most.store(
            pipe.passed() + share / 2 + dice.below(share as usize) as u64,
            Ordering::Relaxed,
        );
        let mut child = sync(&bob, &[pipe.address]);
        let most = pipe.most.load(Ordering::Relaxed);
        let mut last = 0;
        // As soon as nothing more comes through.
        node.until("the pipe is used up", || {
            let now = pipe.passed();
            let same = std::mem::replace(&mut last, now) == now;
            same && now + 2_048 > most
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!has_it(&bob), "round {round}");
    }
    pipe.most.store(u64::MAX, Ordering::Relaxed);
    let report = report(sync(&bob, &[pipe.address]));
    assert_eq!(report["blobs_in"], 1, "{report}");
    assert!(has_it(&bob));
    let (passed, size) = (pipe.passed(), SIZE as u64);
    println!("{passed} bytes for {size}, broken off three times");
    assert!(passed < size + 3 * TWICE + AROUND, "{passed}");
    assert_eq!(bob.hashes(), alice.hashes());
    drop(node);
}

/// A home set back to an earlier state, as a machine's snapshot does, says other things under numbers that it has used
/// before. That may cost a session, and no more.
#[test]
fn a_home_that_was_set_back_comes_into_step_again() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    let (_node, address) = serve(&alice);
    let before = place.path("before");
    bob.copy(&before);
    for number in 0..3 {
        let name = format!("before {number}");
        alice.share_document(&name, &place.file("before.txt", &name));
        report(sync(&bob, &[address]));
    }
    assert_eq!(report(sync(&bob, &[address]))["peers"][0]["in_step"], true);
    std::fs::remove_dir_all(&bob.path).unwrap();
    std::fs::rename(&before, &bob.path).unwrap();
    // Sooner or later the same number as the acknowledgement that Alice has, and another content.
    for number in 0..6 {
        let name = format!("after {number}");
        bob.share_document(&name, &place.file("after.txt", &name));
        let mut report = report(sync(&bob, &[address]));
        if report["peers"][0]["in_step"] != true {
            report = self::report(sync(&bob, &[address]));
        }
        assert_eq!(report["peers"][0]["in_step"], true, "{number}: {report}");
        assert_eq!(bob.hashes(), alice.hashes(), "{number}");
    }
}

/// Two peers send one blob at once; when one falls silent, the other sends the rest.
#[test]
fn one_blob_comes_from_two_peers() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    let carol = place.home("carol");
    alice.admit(&carol, "carol");
    let bundle = place.path("carol.okb");
    let bundle = bundle.to_str().unwrap();
    alice.ok(["export-bundle", "--to", "carol", "-o", bundle]);
    carol.ok(["import-bundle", bundle]);
    alice.share_document("long", &place.file("long.txt", text()));
    let (first, of_alice) = serve(&alice);
    report(sync(&bob, &[of_alice]));
    assert!(has_it(&bob));
    let (second, of_bob) = serve(&bob);
    let pipes = [Pipe::to(of_alice), Pipe::to(of_bob)];
    // Alice's line falls silent when she has sent a quarter.
    pipes[0].most.store(SIZE as u64 / 4, Ordering::Relaxed);
    let report = report(sync(&carol, &pipes.each_ref().map(|pipe| pipe.address)));
    assert_eq!(report["blobs_in"], 1, "{report}");
    assert!(has_it(&carol));
    let passed = pipes.each_ref().map(Pipe::passed);
    println!("{passed:?} bytes for {SIZE}");
    assert!(passed[0] > SIZE as u64 / 4 - 4_096, "{passed:?}");
    assert!(passed[1] > SIZE as u64 / 2, "{passed:?}");
    // Nothing came twice but what was on its way on the line that fell silent.
    assert!(
        passed[0] + passed[1] < SIZE as u64 + TWICE + 2 * AROUND,
        "{passed:?}"
    );
    drop((first, second));
}

/// What a stranger may try, one connection each.
async fn knock(lan: &Lan, address: SocketAddr, number: u64) -> Option<()> {
    let mut link = lan.dial(address).await.ok()?;
    let hello = Frame::Hello {
        version: 1,
        tags: vec![[number as u8; 16]; 16],
    }
    .encode();
    let mut answer = Vec::new();
    let patience = Duration::from_secs(1);
    match number % 5 {
        // Says nothing at all.
        0 => {}
        // One byte of a frame, and no more.
        1 => link.write(&hello[..1]).await.ok()?,
        // Noise, and a frame that claims to be huge.
        2 => link.write(&[number as u8; 3_000]).await.ok()?,
        3 => link.write(&[1, 0xff, 0xff, 0xff, 0xff]).await.ok()?,
        // A greeting with somebody's tags, and an introduction that nobody can open.
        _ => {
            link.write(&hello).await.ok()?;
            let said = Frame::Introduce(vec![number as u8; okibi::sync::limits::INTRODUCTION]);
            link.write(&said.encode()).await.ok()?;
        }
    }
    let mut buffer = [0; 4_096];
    while let Ok(Ok(count @ 1..)) = tokio::time::timeout(patience, link.read(&mut buffer)).await {
        answer.extend_from_slice(&buffer[..count]);
    }
    for secret in [&b"hearth"[..], b"alice", b"bob"] {
        assert!(!answer.windows(secret.len()).any(|window| window == secret));
    }
    assert!(
        answer.len() < 1_024,
        "{} bytes for a stranger",
        answer.len()
    );
    Some(())
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Peak memory of a process in KiB.
fn peak(process: u32) -> u64 {
    try_peak(process).unwrap()
}

/// None where it has ended.
fn try_peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Many strangers, some of them slow, some loud: they learn no name, take bounded memory, and the members come into
/// step all the same. `OKIBI_STRANGERS` says how many (10,000 take some minutes).
#[test]
fn a_crowd_of_strangers_is_borne() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    let (node, address) = serve(&alice);
    let count: u64 = std::env::var("OKIBI_STRANGERS").map_or(400, |text| text.parse().unwrap());
    let before = peak(node.child.id());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let let_in = runtime.block_on(async {
        let lan = Arc::new(Lan::open(0, &[3; 32]).unwrap());
        let mut guests = tokio::task::JoinSet::new();
        let mut let_in = 0;
        for number in 0..count {
            let lan = lan.clone();
            guests.spawn(async move { knock(&lan, address, number).await.is_some() });
            if guests.len() >= 100 {
                let_in += u64::from(guests.join_next().await.unwrap().unwrap());
            }
        }
        while let Some(was) = guests.join_next().await {
            let_in += u64::from(was.unwrap());
        }
        lan.close().await;
        let_in
    });
    let grown = peak(node.child.id()) - before;
    println!("{count} strangers, {let_in} of them let in, {grown} KiB more");
    assert!(
        let_in > count / 10,
        "the crowd did not even get to the door: {let_in}"
    );
    assert!(grown < 64 << 10, "{grown} KiB more");
    assert_eq!(node.ask().unwrap()["connections"], json!([]));
    alice.share_document("short", &place.file("short.txt", "A few words.\n"));
    node.until("bob is in step", || {
        let report = report(sync(&bob, &[address]));
        report["peers"][0]["in_step"] == true
    });
    assert_eq!(bob.hashes(), alice.hashes());
}

/// Writes records into the circle, a thousand at a time, without a process for each and with nobody who looks at them.
pub fn append(home: &Home, bodies: &[Body]) {
    let root = {
        let node = crate::homes::open(&home.path);
        node.root()
    };
    let mut store = Store::open(&home.path, 1, [0; 8]).unwrap();
    let (certificate, public) = store
        .directory()
        .unwrap()
        .current(&root, Role::Sign)
        .unwrap();
    let secret = KeyFolder::of(&home.path).read("sign", &public).unwrap();
    let signer = SigningSecret::from_bytes(&secret);
    let owner = OwnFeed {
        root,
        signer: &signer,
        certificate,
    };
    let circles = store.circles().unwrap();
    let circle = circles
        .iter()
        .find(|circle| circle.state.name == "hearth")
        .unwrap();
    let now = okibi::node::wall_clock();
    for some in bodies.chunks(1_000) {
        let drafts: Vec<Draft> = some.iter().cloned().map(Draft::from).collect();
        store.append(&circle.id, &owner, &drafts, now).unwrap();
    }
}

/// A text document with this content.
pub fn document(title: String, blob: BlobRef) -> Body {
    Body::from(Document {
        title,
        media_type: "text/plain".into(),
        language: String::new(),
        source: String::new(),
        licence: String::new(),
        blob,
    })
}

/// Content that nobody has: what is measured is the way of the records, not the library's.
fn write_many(home: &Home, count: usize) {
    let blob = BlobRef {
        blake3: BlobHash([7; 32]),
        sha256: [7; 32],
        size: 7,
    };
    let bodies = (0..count).map(|number| document(format!("document {number}"), blob));
    append(home, &bodies.collect::<Vec<_>>());
}

/// Verifies every record of a home on all cores; how many, and how long it took.
fn verify_bare(home: &Home) -> (usize, Duration) {
    let store = Store::open(&home.path, 1, [0; 8]).unwrap();
    let mut sql = store
        .database()
        .prepare("SELECT bytes FROM record")
        .unwrap();
    let rows = sql.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let bytes: Vec<Vec<u8>> = rows.map(Result::unwrap).collect();
    let begun = Instant::now();
    let good = |bytes: &Vec<u8>| verify(Signed::<Record>::decode(bytes).unwrap()).is_ok();
    assert!(bytes.par_iter().all(good));
    (bytes.len(), begun.elapsed())
}

/// A new node takes in a large circle over a session on loopback, both ends on this machine, beside the bare
/// verification of the same records in the same run.
#[test]
#[ignore = "measures; see the module's header"]
fn many_records_come_to_a_new_node() {
    let count = number("OKIBI_COST_RECORDS", 100_000);
    for _ in 0..number("OKIBI_RUNS", 3) {
        let place = Place::new();
        let (alice, bob) = two(&place);
        write_many(&alice, count);
        let (node, address) = serve(&alice);
        let (records, before) = verify_bare(&alice);
        let begun = Instant::now();
        let child = sync(&bob, &[address]);
        let process = child.id();
        let watch = std::thread::spawn(move || {
            let mut most = 0;
            while let Some(now) = try_peak(process) {
                most = now;
                std::thread::sleep(Duration::from_millis(20));
            }
            most
        });
        let report = report(child);
        let took = begun.elapsed();
        let (_, after) = verify_bare(&alice);
        let bare = (before + after) / 2;
        assert!(
            report["records_in"].as_u64().unwrap() >= count as u64,
            "{report}"
        );
        println!(
            "{records} records: verified in {bare:.2?}, a session in {took:.2?}: {:.2} of the bare rate; {:.0} records/s; \
             peak {} KiB here, {} KiB there",
            bare.as_secs_f64() / took.as_secs_f64(),
            records as f64 / took.as_secs_f64(),
            watch.join().unwrap(),
            peak(node.child.id()),
        );
    }
}

/// How long it takes until all of three have a record that one of them wrote, from the end of the command that wrote it:
/// `cargo test --release --test it wire::time_to -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn time_to_the_same_state() {
    let Some(network) = Network::new(3) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, carol] = three(&place);
    let nodes: Vec<Node> = [&alice, &bob, &carol]
        .into_iter()
        .enumerate()
        .map(|(at, home)| network.node(at, home))
        .collect();
    for node in &nodes {
        node.in_step_with(2);
    }
    let mut events: Vec<_> = nodes[1..]
        .iter()
        .map(|node| {
            let mut stream = std::os::unix::net::UnixStream::connect(&node.socket).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            writeln!(stream, "{}", json!({"type": "events"})).unwrap();
            let mut lines = BufReader::new(stream).lines();
            assert!(lines.next().unwrap().unwrap().contains("subscribed"));
            lines
        })
        .collect();
    let mut times: Vec<Duration> = (0..21)
        .map(|number| {
            let name = format!("note {number}");
            let file = place.file(&format!("{number}.md"), format!("# {name}\n\nWords.\n"));
            alice.ok(["library", "add", &file, "--title", &name]);
            alice.ok(["library", "share", &name]);
            let begun = Instant::now();
            for lines in &mut events {
                lines
                    .find(|line| line.as_ref().unwrap().contains("\"records\""))
                    .unwrap()
                    .unwrap();
            }
            let took = begun.elapsed();
            agree(&[&nodes[0]], &[&alice, &bob, &carol]);
            took
        })
        .collect();
    times.sort();
    println!(
        "one record to both others: median {:.1?}, all {:.1?} to {:.1?}",
        times[10], times[0], times[20]
    );
}
