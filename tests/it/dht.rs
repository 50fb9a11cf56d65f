//! The mainline DHT: members find each other by key alone, what strangers hear of it, and what happens without it. The DHT
//! is one of our own, a process in the hub's namespace; the public addresses are real ones of the internet, in namespaces
//! that lead nowhere. (Addresses for documentation are not published, and a switch that publishes them would be one more
//! thing to leave on.) Needs root and iproute2, like `netns`.

use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::capture::Resolver;
use crate::homes::{Home, Place};
use crate::namespace_process::Inside;
use crate::netns::{MIDDLE, Network, agree, documents, ip, text, three};
use crate::wide_area::{OTHER_RELAY, RELAY, Relay};

/// Set for the process that is the DHT, to the address where it is.
const BE_THE_DHT: &str = "OKIBI_BE_THE_DHT";
/// The bridge's own address.
const HUB: &str = "10.77.0.254";
const PORT: u16 = 6881;
const NODES: u16 = 3;

/// This test binary again, as a DHT of a few nodes. It says what is held under a key that it reads, and with `heard` every
/// packet that came from another address.
#[test]
#[ignore = "run by the tests below"]
fn be_the_dht() {
    let Ok(own) = std::env::var(BE_THE_DHT) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let own: Ipv4Addr = own.parse().unwrap();
    let heard: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let nodes = runtime.block_on(async {
        let mut nodes = Vec::new();
        for number in 0..NODES {
            let mut builder = n0_mainline::DhtBuilder::default();
            builder.server_mode().port(PORT + number).no_bootstrap();
            if number > 0 {
                builder.bootstrap(&[format!("{own}:{PORT}")]);
            }
            let node = builder.build().unwrap();
            let heard = heard.clone();
            let ear = n0_mainline::DatagramHook::new(move |bytes, from| {
                if *from.ip() != own {
                    heard.lock().unwrap().push(bytes.to_vec());
                }
                false
            });
            node.set_datagram_hook(Some(ear)).await.unwrap();
            nodes.push(node);
        }
        for node in &nodes {
            node.bootstrapped().await.unwrap();
        }
        nodes
    });
    println!("the DHT is there");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        if line == "heard" {
            for packet in heard.lock().unwrap().iter() {
                println!("packet {}", HEXLOWER.encode(packet));
            }
        } else {
            let key = HEXLOWER.decode(line.as_bytes()).unwrap();
            let key = key.try_into().unwrap();
            let item = runtime.block_on(nodes[1].get_mutable_most_recent(&key, None));
            if let Some(item) = item.unwrap() {
                println!("item {}", HEXLOWER.encode(item.value()));
            }
        }
        println!("so far");
        std::io::stdout().flush().unwrap();
    }
}

struct Dht(Inside);

impl Dht {
    /// On the bridge.
    fn on_the_bridge(network: &Network) -> Self {
        let hub = network.hub();
        assert!(ip(&format!("-n {hub} addr add {HUB}/24 dev hub")));
        assert!(ip(&format!("-n {hub} link set lo up")));
        Self::start(network, HUB)
    }

    /// In the hub, which has this address.
    fn start(network: &Network, address: &str) -> Self {
        let be = (BE_THE_DHT, address);
        Self(Inside::start(
            &network.hub(),
            "dht::be_the_dht",
            be,
            "the DHT is there",
        ))
    }

    /// What is held under a key, as text.
    fn holds(&mut self, key: &str) -> Option<String> {
        let item = self.0.ask(key, "item").pop()?;
        Some(String::from_utf8_lossy(&item).into_owned())
    }

    /// Every packet that nodes sent to it.
    fn heard(&mut self) -> Vec<Vec<u8>> {
        self.0.ask("heard", "packet")
    }
}

fn configure(home: &Home, lines: &str) {
    let text = format!("[network]\n{lines}\n");
    std::fs::write(home.path.join("config.toml"), text).unwrap();
}

/// A home that knows others by the DHT and by nothing else.
fn by_dht(home: &Home) {
    let lines = format!("discovery = false\ndht = true\ndht-bootstrap = \"{HUB}:{PORT}\"");
    configure(home, &lines);
}

fn public(node: usize) -> String {
    format!("1.2.3.{}", node + 1)
}

/// A node has its address of the internet by itself.
fn on_the_internet(network: &Network, node: usize) {
    let (space, address) = (network.space(node), public(node));
    assert!(ip(&format!("-n {space} addr add {address}/24 dev eth0")));
}

/// A router has the node's address and passes everything on: the node finds no such address on its interfaces, and others
/// see what it sends come from there.
fn behind_a_router(network: &Network, node: usize, others: &[usize]) {
    let (space, address) = (network.space(node), public(node));
    let inside = format!("10.77.0.{}", node + 1);
    assert!(ip(&format!("-n {space} addr add {address}/32 dev lo")));
    for there in [HUB, "1.2.3.0/24"] {
        assert!(ip(&format!(
            "-n {space} route add {there} dev eth0 src {address}"
        )));
    }
    assert!(ip(&format!(
        "-n {} route add {address} via {inside}",
        network.hub()
    )));
    for other in others {
        let space = network.space(*other);
        assert!(ip(&format!("-n {space} route add {address} via {inside}")));
    }
}

/// A node's transport key, in hexadecimal.
fn key(home: &Home) -> String {
    let address = home.fact("address", ["peer", "address"]);
    let line = address["address"].as_str().unwrap();
    let key = line.strip_prefix("iroh:").unwrap();
    key.split('@').next().unwrap().to_owned()
}

/// One round: what it came to, and how long it took.
fn round(network: &Network, node: usize, home: &Home) -> (Value, Duration) {
    let begun = Instant::now();
    let output = network
        .within(node, &home.command(["sync", "--json"]))
        .output()
        .unwrap();
    let took = begun.elapsed();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut facts = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let fact = facts.find(|fact| fact["type"] == "sync").unwrap();
    (fact, took)
}

/// Whether `doctor` says that the DHT answers.
fn answers(network: &Network, node: usize, home: &Home, peer: &str) -> bool {
    let command = home.command(["doctor", peer, "--json"]);
    let output = network.within(node, &command).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut facts = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = facts.find(|fact| fact["code"] == "doctor-dht").unwrap();
    found["good"] == true
}

/// Members who know nothing of each other but their keys come to the same state; what strangers hear of it are the keys and
/// the addresses of the internet.
#[test]
fn members_find_each_other_by_key_alone() {
    let Some(network) = Network::new(2) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, _] = three(&place);
    for home in [&alice, &bob] {
        by_dht(home);
    }
    let mut dht = Dht::on_the_bridge(&network);
    on_the_internet(&network, 1);
    behind_a_router(&network, 0, &[1]);
    let keys = [key(&alice), key(&bob)];
    text(&place, &alice, "one");

    // Alice is there: Bob finds her by one round, and is not published by it.
    let a = network.node(0, &alice);
    a.until("Alice is published", || dht.holds(&keys[0]).is_some());
    a.until("her address as others see it", || {
        dht.holds(&keys[0]).unwrap().contains("addr=1.2.3.1:6543")
    });
    let (round, _) = round(&network, 1, &bob);
    assert_eq!(round["peers"][0]["in_step"], true, "{round}");
    assert_eq!(bob.hashes(), alice.hashes());
    assert_eq!(documents(&bob), ["one"]);
    assert_eq!(dht.holds(&keys[1]), None);
    assert!(answers(&network, 1, &bob, "alice"));
    a.kill("-TERM");

    // Both are there, and both are published.
    let b = network.node(1, &bob);
    b.until("Bob is published", || dht.holds(&keys[1]).is_some());
    let a = network.node(0, &alice);
    for node in [&a, &b] {
        node.in_step_with(1);
    }
    text(&place, &bob, "two");
    agree(&[&a, &b], &[&alice, &bob]);
    for node in [a, b] {
        node.kill("-TERM");
    }

    // What is held: one address each, and it is the public one.
    for (node, key) in keys.iter().enumerate() {
        let held = dht.holds(key).unwrap();
        let address = format!("addr={}:6543", public(node));
        assert!(held.contains(&address), "{held:?}");
        let places = held.matches("addr=").count() + held.matches("relay=").count();
        assert_eq!(places, 1, "{held:?}");
    }
    // What was heard, of all packets.
    let heard = dht.heard();
    assert!(heard.len() > 20, "{}", heard.len());
    let has =
        |packet: &[u8], text: &str| packet.windows(text.len()).any(|at| at == text.as_bytes());
    assert!(heard.iter().any(|packet| has(packet, "addr=1.2.3.2:6543")));
    for packet in &heard {
        for secret in ["alice", "bob", "carol", "hearth", "10.77.", "okibi"] {
            let shown = String::from_utf8_lossy(packet);
            assert!(!has(packet, secret), "{secret}: {shown:?}");
        }
    }
}

/// Nodes that nobody reaches, one with a relay of its own choice: the relay is what is published, and the other goes there
/// because its person named it, too.
#[test]
fn the_dht_says_which_relay_a_member_has() {
    let Some(network) = Network::apart(2) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, _] = three(&place);
    let _relays = Relay::start(&network);
    // The DHT answers from the address that it was asked at.
    for node in 0..2 {
        let route = format!("10.78.{node}.0/24 dev p{node} src {MIDDLE}");
        assert!(ip(&format!("-n {} route replace {route}", network.hub())));
    }
    let mut dht = Dht::start(&network, MIDDLE);
    let relay = |port: u16| format!("http://{MIDDLE}:{port}/");
    for (home, ports) in [(&alice, &[RELAY][..]), (&bob, &[OTHER_RELAY, RELAY])] {
        let nodes = format!("dht = true\ndht-bootstrap = \"{MIDDLE}:{PORT}\"");
        let urls: Vec<String> = ports.iter().map(|port| relay(*port)).collect();
        let relays = format!("relays = \"{}\"", urls.join(","));
        configure(home, &format!("discovery = false\n{relays}\n{nodes}"));
    }
    text(&place, &alice, "one");
    let key = key(&alice);
    let a = network.node(0, &alice);
    a.until("Alice is published", || dht.holds(&key).is_some());
    let held = dht.holds(&key).unwrap();
    assert!(
        held.contains(&format!("relay={}", relay(RELAY))),
        "{held:?}"
    );
    assert!(!held.contains("addr="), "{held:?}");
    let b = network.node(1, &bob);
    b.in_step_with(1);
    let status = b.ask().unwrap();
    assert_eq!(status["connections"][0]["relayed"], true, "{status}");
    b.until("the text of one", || documents(&bob) == ["one"]);
    for node in [a, b] {
        node.kill("-TERM");
    }
}

/// A DHT that does not answer, or whose names nobody resolves, keeps nobody from the other roads, and a round from ending.
#[test]
fn a_dht_that_does_not_answer_holds_nothing_up() {
    let Some(network) = Network::new(2) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, _] = three(&place);
    let _resolver = Resolver::in_space(&network.space(1));
    configure(&alice, "");
    let a = network.node(0, &alice);
    for (turn, nodes) in ["10.77.0.9:6881", "nowhere.example:6881"]
        .iter()
        .enumerate()
    {
        text(&place, &alice, &format!("number {turn}"));
        configure(&bob, &format!("dht = true\ndht-bootstrap = \"{nodes}\""));
        let (round, took) = round(&network, 1, &bob);
        assert_eq!(round["peers"][0]["in_step"], true, "{round}");
        assert_eq!(bob.hashes(), alice.hashes());
        assert!(took < Duration::from_secs(25), "{took:?}");
    }
    assert!(!answers(&network, 1, &bob, "alice"));
    // Nobody else is there.
    a.kill("-TERM");
    let (round, took) = round(&network, 1, &bob);
    assert_eq!(round["peers"], json!([]));
    assert!(took < Duration::from_secs(25), "{took:?}");
    configure(&bob, "dht = true\ndht-bootstrap = \"nowhere\"");
    assert_eq!(bob.run(["sync"]).status.code(), Some(2));
}
