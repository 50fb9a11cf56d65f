//! A day of some nodes, without sockets and in compressed time: real hubs on real homes, real sessions between them, and
//! what a network does to them. What is measured is the memory of this program, by an allocator that counts; SQLite has its own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::carrier::node_addr::NodeAddr;
use crate::carrier::wire::Road;
use crate::config::Config;
use crate::identity::{Signer, SigningSecret};
use crate::node::{Decision, ImportOptions, Label, Target};
use crate::record::BlobHash;
use crate::sync::{Frame, Input, Output, Session, Side};

use super::hub::Hub;
use super::proof::proven;
use super::transport::PeerAddresses;
use super::work::Work;
use super::{Handle, NetOptions};

/// Bytes that are allocated and not given back.
static LIVE: AtomicIsize = AtomicIsize::new(0);

struct Counting;

// SAFETY: everything is handed to the system's allocator as it came, and counted beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller keeps the same promises to this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller keeps the same promises to this function.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Set for the process that lives through the day: other tests of this program would be counted with it.
const BE_THE_DAY: &str = "OKIBI_BE_THE_DAY";
/// What all nodes together may hold more after a day in which nothing was written than after its first hours, in bytes:
/// strings and trees of this and that which differ from hour to hour, and nothing that goes by the number of sessions.
const SILENT: isize = 8 << 10;
/// The same after a day of records, against nodes that were just started on the same homes.
const BUSY: isize = 16 << 10;
/// Only what hangs ends after this.
const PATIENCE: Duration = Duration::from_secs(120);
const NODES: usize = 3;
/// Times in an hour that each two meet anew, and that strangers knock at each.
const MEETINGS: usize = 6;
const STRANGERS: usize = 12;
/// Hours after which everything that is bounded by a number is full.
const WARM: usize = 7;

type Order = Box<dyn FnOnce(&mut Hub<'_>, &Receiver<Work>) + Send>;

/// A node on a thread of its own; none for an order: it is killed and starts again.
struct Node {
    home: PathBuf,
    orders: Sender<Option<Order>>,
}

fn open(home: &Path) -> Handle {
    let config = Config::load(Some(home), |_| None).unwrap();
    Handle::open_bare(config, Box::new(|_| {})).unwrap()
}

impl Node {
    fn start(home: PathBuf) -> Self {
        let (orders, inbox) = channel();
        let at = home.clone();
        std::thread::spawn(move || live(&at, &inbox));
        Self { home, orders }
    }

    fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Hub<'_>, &Receiver<Work>) -> T + Send + 'static,
    ) -> T {
        let (reply, answer) = channel();
        let order: Order = Box::new(move |hub, inbox| reply.send(what(hub, inbox)).unwrap());
        self.orders.send(Some(order)).unwrap();
        answer.recv().unwrap()
    }

    fn work(&self, work: Vec<Work>) {
        self.ask(move |hub, _| {
            for work in work {
                hub.turn(work).unwrap();
            }
        });
    }
}

fn live(home: &Path, orders: &Receiver<Option<Order>>) {
    loop {
        let mut handle = open(home);
        let (_, secret) = handle.identity().transport_key().unwrap();
        let mut here = NodeAddr::new(SigningSecret::from_bytes(&secret).public());
        here.add("192.0.2.7:6543");
        let (work, inbox) = channel();
        let (wanted, mut wishes) = mpsc::unbounded_channel();
        let options = NetOptions {
            peers: vec!["192.0.2.1:6542".into()],
            ..NetOptions::default()
        };
        let mut hub =
            Hub::new(&mut handle, options, work, PeerAddresses::new(Some(wanted))).unwrap();
        hub.look_for_blobs().unwrap();
        hub.look_beyond().unwrap();
        hub.turn(Work::WideArea { here }).unwrap();
        loop {
            match orders.recv() {
                Ok(Some(order)) => order(&mut hub, &inbox),
                Ok(None) => break,
                Err(_) => return,
            }
            while wishes.try_recv().is_ok() {}
        }
    }
}

struct End {
    node: usize,
    id: u64,
    session: Session,
    answers: mpsc::UnboundedReceiver<Input>,
}

struct Town {
    _folder: tempfile::TempDir,
    nodes: Vec<Node>,
    wires: Vec<[End; 2]>,
    next: u64,
    written: usize,
}

impl Town {
    /// Members of one circle who know of each other.
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.unwrap();
        let homes: Vec<PathBuf> = (0..NODES)
            .map(|n| folder.path().join(n.to_string()))
            .collect();
        let mut founder = open(&homes[0]);
        founder.found("hearth", "0", &[]).unwrap();
        for (n, home) in homes.iter().enumerate().skip(1) {
            let card = open(home).card().unwrap();
            let circle = founder.find_circle(None).unwrap();
            let name = n.to_string();
            founder
                .decide(&circle, &Decision::Admit { card, name })
                .unwrap();
        }
        for (n, home) in homes.iter().enumerate().skip(1) {
            let circle = founder.find_circle(None).unwrap();
            let to = founder.find_member(&circle, &n.to_string()).unwrap();
            let file = folder.path().join("first.okb");
            founder
                .export(&circle, &[to], Target::File(&file), false, false)
                .unwrap();
            let options = ImportOptions {
                accept: true,
                ..ImportOptions::default()
            };
            open(home).import_path(&file, options).unwrap();
        }
        drop(founder);
        Self {
            nodes: homes.into_iter().map(Node::start).collect(),
            _folder: folder,
            wires: Vec::new(),
            next: 1,
            written: 0,
        }
    }

    fn begin(&mut self, node: usize, side: Side, number: u64) -> End {
        let id = self.next;
        self.next += 1;
        let (answers, inputs) = mpsc::unbounded_channel();
        let (reply, mut setup) = oneshot::channel();
        let mut exporter = [0; 32];
        exporter[..8].copy_from_slice(&number.to_be_bytes());
        let port = 1_024 + number % 60_000;
        self.nodes[node].work(vec![Work::Begin {
            id,
            side,
            road: Road::Lan,
            exporter,
            address: format!("10.0.0.{node}:{port}"),
            answers,
            reply,
        }]);
        End {
            node,
            id,
            session: Session::new(setup.try_recv().unwrap().unwrap()),
            answers: inputs,
        }
    }

    /// A connection comes about, in place of the one there was between the two.
    fn meet(&mut self, from: usize, to: usize) {
        while let Some(at) = self
            .wires
            .iter()
            .position(|wire| wire.iter().all(|end| [from, to].contains(&end.node)))
        {
            self.cut(at);
        }
        let number = self.next;
        let ends = [
            self.begin(from, Side::Client, number),
            self.begin(to, Side::Server, number),
        ];
        self.wires.push(ends);
        self.settle();
    }

    fn cut(&mut self, wire: usize) {
        for end in self.wires.swap_remove(wire) {
            let (received, sent) = end.session.traffic();
            let why = end.session.closed().cloned();
            self.nodes[end.node].work(vec![Work::End {
                id: end.id,
                why,
                received,
                sent,
            }]);
        }
    }

    fn restart(&mut self, node: usize) {
        while let Some(at) = self
            .wires
            .iter()
            .position(|wire| wire.iter().any(|end| end.node == node))
        {
            self.cut(at);
        }
        self.nodes[node].orders.send(None).unwrap();
    }

    /// Somebody without any of the secrets.
    fn stranger(&mut self, node: usize) {
        let number = self.next;
        let mut end = self.begin(node, Side::Server, number);
        let tags = vec![[number as u8; 16]; 16];
        end.session
            .handle_bytes(&Frame::Hello { version: 1, tags }.encode());
        let said = Frame::Introduce(vec![0; crate::sync::limits::INTRODUCTION]);
        end.session.handle_bytes(&said.encode());
        assert!(matches!(
            end.session.poll(),
            Some(Output::Introduced { .. })
        ));
        end.session.handle(Input::Recognised(None));
        assert!(end.session.closed().is_some());
        let seen = format!("10.9.{}.{}:6542", number / 250 % 250, number % 250);
        self.nodes[node].work(vec![
            Work::End {
                id: end.id,
                why: end.session.closed().cloned(),
                received: 0,
                sent: 0,
            },
            Work::Seen {
                addresses: vec![seen.parse().unwrap()],
            },
            Work::Silent {
                address: "192.0.2.1:6542".into(),
            },
        ]);
    }

    /// Moves everything until nobody has anything to say or to look at.
    fn settle(&mut self) {
        let end = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < end, "it does not come to rest");
            let mut quiet = true;
            for wire in &mut self.wires {
                for side in 0..2 {
                    let it = &mut wire[side];
                    let id = it.id;
                    let outputs: Vec<_> = std::iter::from_fn(|| it.session.poll()).collect();
                    if !outputs.is_empty() {
                        quiet = false;
                        let work = outputs
                            .into_iter()
                            .map(|output| proven(Work::Output { id, output }));
                        self.nodes[it.node].work(work.collect());
                    }
                    while let Ok(input) = it.answers.try_recv() {
                        quiet = false;
                        it.session.handle(input);
                    }
                    while let Some(bytes) = wire[side].session.poll_transmit() {
                        quiet = false;
                        wire[1 - side].session.handle_bytes(&bytes);
                    }
                }
            }
            let over = |wire: &[End; 2]| wire.iter().any(|end| end.session.closed().is_some());
            if quiet && let Some(at) = self.wires.iter().position(over) {
                self.cut(at);
                quiet = false;
            }
            for node in &self.nodes {
                let idle = node.ask(move |hub, inbox| {
                    if quiet {
                        hub.tick(&mut |_| None).unwrap();
                    }
                    // Another thread may be looking at a file.
                    let mut work = inbox.try_recv().ok();
                    if work.is_none() && quiet && !hub.downloads.idle() {
                        work = inbox.recv_timeout(Duration::from_millis(5)).ok();
                    }
                    let nothing = work.is_none() && hub.downloads.idle();
                    if let Some(work) = work {
                        hub.turn(work).unwrap();
                    }
                    nothing
                });
                quiet &= idle;
            }
            if quiet
                && self
                    .wires
                    .iter()
                    .flatten()
                    .all(|end| end.answers.is_empty())
            {
                return;
            }
        }
    }

    /// An hour: everybody meets everybody some times, strangers come, and a text is written by each, or not.
    fn hour(&mut self, writes: bool) {
        for meeting in 0..MEETINGS {
            for one in 0..NODES {
                for _ in 0..STRANGERS / MEETINGS {
                    self.stranger(one);
                }
                if writes && meeting == one {
                    self.write(one, false);
                }
                let other = (one + 1) % NODES;
                let (from, to) = if meeting % 2 == 0 {
                    (one, other)
                } else {
                    (other, one)
                };
                self.meet(from, to);
            }
        }
    }

    /// Another process of a node's home shares a text; it may lose the content before anybody has it.
    fn write(&mut self, node: usize, lost: bool) {
        self.written += 1;
        let home = &self.nodes[node].home;
        let file = home.with_extension("txt");
        std::fs::write(
            &file,
            format!("text {} of {node}, words that say nothing\n", self.written),
        )
        .unwrap();
        let mut other = open(home);
        let (document, _) = other.add_document(&file, &Label::default()).unwrap();
        let circle = other.find_circle(None).unwrap();
        other
            .share_document(&circle, &document, &Label::default())
            .unwrap();
        if lost {
            other.store().drop_blob(&BlobHash(document.blob)).unwrap();
        }
        drop(other);
        self.settle();
    }

    fn size(&self) -> isize {
        // Nobody is in the middle of anything: each has answered.
        for node in &self.nodes {
            node.ask(|hub, _| assert!(hub.downloads.idle() && hub.downloads.missing() == 1));
        }
        LIVE.load(Ordering::Relaxed)
    }

    fn documents(&self, node: usize) -> usize {
        let other = open(&self.nodes[node].home);
        let circle = other.find_circle(None).unwrap();
        other.store().shelf(&circle.id).unwrap().contents.len()
    }
}

#[test]
#[ignore = "run by the test below"]
fn be_the_day() {
    let Some(days) = std::env::var(BE_THE_DAY)
        .ok()
        .and_then(|text| text.parse::<usize>().ok())
    else {
        return;
    };
    let hours = 24 * days;
    let mut town = Town::new();
    // Asked for at each meeting, and nobody has it.
    town.write(0, true);
    let warm = |town: &mut Town| (0..WARM).for_each(|_| town.hour(false));
    warm(&mut town);
    let early = town.size();
    // A silent day. Each starts again now and then.
    for hour in 0..hours {
        if hour % 5 == 4 && hour + WARM < hours {
            town.restart(hour / 5 % NODES);
        }
        town.hour(false);
    }
    let silent = town.size() - early;
    // A day of writing, without a restart; then all start on what they have.
    for _ in 0..hours {
        town.hour(true);
    }
    for node in 0..NODES {
        assert_eq!(town.documents(node), town.written);
    }
    warm(&mut town);
    let late = town.size();
    for node in 0..NODES {
        town.restart(node);
    }
    // Whoever took something in has opened what it needs for that.
    town.hour(true);
    warm(&mut town);
    let busy = late - town.size();
    println!(
        "{hours} hours, {NODES} nodes of {} bytes: silent {silent}, after {} texts {busy}",
        early, town.written
    );
    assert!(silent < SILENT, "a silent day left {silent} bytes");
    assert!(busy < BUSY, "a day of records left {busy} bytes");
}

/// What a node holds of its network does not go by how long it is there: a day in which nothing is written, and one of
/// records against nodes that were just started on the same homes. `OKIBI_DAYS=30` takes longer.
#[test]
fn memory_is_flat_over_a_day() {
    let days = std::env::var("OKIBI_DAYS").unwrap_or("1".into());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "node::net::tests::be_the_day",
        "--ignored",
        "--nocapture",
    ]);
    // One thread that verifies: others would open what they need at any hour.
    command.env(BE_THE_DAY, days).env("RAYON_NUM_THREADS", "1");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("hours"), "{said}");
}
