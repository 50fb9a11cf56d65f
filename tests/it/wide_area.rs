//! Beyond the local network: iroh directly, by a relay of one's own, and with whom is spoken when nothing is configured.
//! The tests need root and iproute2, like those of `netns`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::homes::{Home, Place};
use crate::namespace_process::Inside;
use crate::netns::{MIDDLE, Network, Node, agree, documents, text, three};

/// The relay's port: iroh's own choice for a relay without TLS.
pub const RELAY: u16 = 3340;
/// Another one beside it.
pub const OTHER_RELAY: u16 = 3341;

/// Set for the process that is the relay.
const BE_THE_RELAY: &str = "OKIBI_BE_THE_RELAY";

/// What a home's network is like.
fn configure(home: &Home, lines: &str) {
    std::fs::create_dir_all(&home.path).unwrap();
    std::fs::write(
        home.path.join("config.toml"),
        format!("[network]\n{lines}\n"),
    )
    .unwrap();
}

const IROH: &str = "discovery = false\niroh = true";

/// A command of a node in its namespace: what it tells as facts of a type.
fn facts(network: &Network, node: usize, home: &Home, kind: &str, args: &[&str]) -> Vec<Value> {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    let output = network.within(node, &home.command(args)).output().unwrap();
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let facts = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let facts: Vec<Value> = facts.filter(|fact| fact["type"] == kind).collect();
    assert!(!facts.is_empty(), "{output:?}");
    facts
}

/// The roads of a node's conversations.
fn roads(node: &Node) -> Vec<String> {
    let status = node.ask().unwrap();
    let lines = status["connections"].as_array().unwrap().iter();
    let mut roads: Vec<String> = lines
        .map(|line| line["road"].as_str().unwrap().to_owned())
        .collect();
    roads.sort();
    roads
}

/// Where a running node is reached by iroh.
fn address(node: &Node) -> String {
    let mut address = String::new();
    node.until("an address beyond the network", || {
        let status = node.ask().unwrap_or_default();
        address = status["iroh"].as_str().unwrap_or_default().to_owned();
        address.contains('@')
    });
    address
}

/// One set of facts by LAN, by iroh and by stick: A and B find each other by multicast, A and C by iroh, B and C not at
/// all. C's cable is cut while both sides write, a stick goes between them, and A is killed.
#[test]
fn one_state_by_lan_iroh_and_stick() {
    let Some(network) = Network::new(3) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, carol] = three(&place);
    configure(&alice, "iroh = true");
    configure(&carol, IROH);
    text(&place, &alice, "one");
    let a = network.node(0, &alice);
    let b = network.node(1, &bob);
    carol.ok(["peer", "add", &address(&a)]);
    let c = network.node(2, &carol);
    let together = |a: &Node| {
        a.in_step_with(2);
        b.in_step_with(1);
        c.in_step_with(1);
        agree(&[a, &b, &c], &[&alice, &bob, &carol]);
    };
    together(&a);
    assert_eq!(roads(&a), ["iroh", "lan"]);
    assert_eq!(
        (roads(&b), roads(&c)),
        (vec!["lan".into()], vec!["iroh".into()])
    );
    c.until("the text of one", || documents(&carol) == ["one"]);

    network.cable(2, false);
    text(&place, &bob, "two");
    text(&place, &carol, "three");
    let stick = place.stick("stick");
    bob.ok(["export-bundle", "--to", "carol", &stick]);
    carol.ok(["import-bundle", &stick]);
    assert!(documents(&carol).contains(&"two".to_owned()));
    a.kill("-9");
    network.cable(2, true);
    let a = network.node(0, &alice);
    together(&a);
    for home in [&alice, &bob, &carol] {
        a.until("all texts", || documents(home) == ["one", "three", "two"]);
        assert_eq!(home.ails(), [] as [&str; 0]);
    }
    let said = carol.ok(["audit", "--json"]).out;
    assert!(
        said.contains("\"iroh\"") && said.contains("\"usb\""),
        "{said}"
    );
    for node in [a, b, c] {
        node.kill("-TERM");
    }
}

/// Two members who know only a third find each other by its word, and in that circle only.
#[test]
fn members_find_each_other_by_one_whom_both_know() {
    let Some(network) = Network::new(3) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, carol] = three(&place);
    for home in [&alice, &bob, &carol] {
        configure(home, IROH);
    }
    let a = network.node(0, &alice);
    let there = address(&a);
    bob.ok(["peer", "add", &there]);
    carol.ok(["peer", "add", &there]);
    let b = network.node(1, &bob);
    let c = network.node(2, &carol);
    for node in [&a, &b, &c] {
        node.in_step_with(2);
    }
    assert_eq!(roads(&b), ["iroh", "iroh"]);
    // The one who knew both is gone: they go on.
    a.kill("-TERM");
    text(&place, &bob, "two");
    agree(&[&b], &[&bob, &carol]);
    b.kill("-TERM");
    c.kill("-TERM");
}

/// This test binary again, as two relays: a process of its own in a namespace of its own.
#[test]
#[ignore = "run by the tests below"]
fn be_the_relay() {
    use iroh_relay::server::{RelayConfig, Server, ServerConfig};
    // Whoever runs all that is ignored does not wait for it for ever.
    if std::env::var_os(BE_THE_RELAY).is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut servers = Vec::new();
        for port in [RELAY, OTHER_RELAY] {
            let mut config = ServerConfig::default();
            config.relay = Some(RelayConfig::new(([0, 0, 0, 0], port)));
            servers.push(Server::spawn(config).await.unwrap());
        }
        println!("relay at {}", servers[0].http_addr().unwrap());
        std::io::stdout().flush().unwrap();
        // Until it is killed.
        std::future::pending::<()>().await;
    });
}

/// Held for as long as the relay is to be there.
pub struct Relay {
    _inside: Inside,
}

impl Relay {
    pub fn start(network: &Network) -> Self {
        let be = (BE_THE_RELAY, "1");
        let inside = Inside::start(&network.hub(), "wide_area::be_the_relay", be, "relay at");
        Self { _inside: inside }
    }
}

/// Two nodes that reach nothing but a relay: one is invited by ticket, and they stay in step.
#[test]
fn by_a_relay_of_ones_own() {
    let Some(network) = Network::apart(2) else {
        return;
    };
    let place = Place::new();
    let (alice, dora) = (place.home("alice"), place.home("dora"));
    alice.ok(["circle", "found", "hearth", "--as", "alice"]);
    let url = format!("http://{MIDDLE}:{RELAY}");
    configure(&alice, &format!("discovery = false\nrelays = \"{url}\""));
    // Who is invited has configured nothing.
    configure(&dora, "discovery = false");
    let relay = Relay::start(&network);
    let a = network.node(0, &alice);
    a.until("the relay", || address(&a).contains("://"));
    let ticket = alice.fact("ticket", ["circle", "invite", "--no-wait"]);
    let ticket = ticket["ticket"].as_str().unwrap();
    assert!(ticket.starts_with("okibi-ticket-2:"));
    let args = ["circle", "join", ticket, "--name", "dora", "--json"];
    let mut joining = network
        .within(1, &dora.command(args))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(joining.stdout.as_mut().unwrap()).lines();
    let words = lines
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
        .find(|fact| fact["type"] == "pairing")
        .unwrap()["words"]
        .as_str()
        .unwrap()
        .to_owned();
    for home in [&alice, &dora] {
        home.ok(["circle", "confirm"].into_iter().chain(words.split(' ')));
    }
    assert!(joining.wait().unwrap().success());
    assert_eq!(dora.hashes(), alice.hashes());

    // The ticket's way is kept: the next round goes by it.
    text(&place, &alice, "one");
    let round = facts(&network, 1, &dora, "sync", &["sync"]).remove(0);
    let peer = &round["peers"][0];
    assert_eq!(
        (&peer["in_step"], &peer["relayed"]),
        (&json!(true), &json!(true)),
        "{round}"
    );
    assert_eq!(round["blobs_in"], 1);
    assert_eq!(dora.hashes(), alice.hashes());

    // `doctor` says by what way, and what fails when the relay is gone.
    let codes = |peer: &str| -> Vec<(String, bool)> {
        let found = facts(&network, 1, &dora, "finding", &["doctor", peer]);
        let found = found.iter().map(|it| {
            let code = it["code"].as_str().unwrap().to_owned();
            (code, it["good"] == true)
        });
        found.collect()
    };
    let good = codes("alice");
    for code in [
        "doctor-iroh",
        "doctor-peer-relayed",
        "doctor-peer-member",
        "doctor-peer-in-step",
    ] {
        assert!(good.contains(&(code.to_owned(), true)), "{code}: {good:?}");
    }
    drop(relay);
    configure(&dora, &format!("discovery = false\nrelays = \"{url}\""));
    let bad = codes("alice");
    for code in ["doctor-relay", "doctor-peer-silent"] {
        assert!(bad.contains(&(code.to_owned(), false)), "{code}: {bad:?}");
    }
    a.kill("-TERM");
}

/// With whom a node speaks: with nobody but multicast and the peers that a person named, also when it listens for iroh.
/// Names are not even asked for: the resolver of the namespace would be one more address.
#[test]
fn nobody_else_is_spoken_with() {
    let Some(network) = Network::new(2) else {
        return;
    };
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let key = "58".repeat(32);
    let named = format!("iroh:{key}@10.77.0.2:6543");
    for (home, lines, args) in [
        (&alice, "", vec!["sync"]),
        (&bob, "iroh = true", vec!["sync", "--peer", &named]),
    ] {
        configure(home, lines);
        let trace = place.path("trace");
        let mut command = Command::new("strace");
        let calls = "trace=connect,sendto,sendmsg,sendmmsg";
        let plain = home.command(&args);
        command
            .args(["-f", "-qq", "-s", "0", "-e", calls, "-o"])
            .arg(&trace);
        command.arg(plain.get_program()).args(plain.get_args());
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        let output = match network.within(0, &command).output() {
            Ok(output) if trace.exists() => output,
            _ => {
                assert!(std::env::var_os("CI").is_none(), "strace is needed");
                eprintln!("SKIPPED: strace is needed");
                return;
            }
        };
        assert!(output.status.success(), "{output:?}");
        let calls = std::fs::read_to_string(&trace).unwrap();
        let mut seen = 0;
        for line in calls.lines().filter(|line| line.contains("sin")) {
            // Which interface is the first: asked of the routing table by a datagram socket that never sends.
            let asks = ["\"10.254.254.254\"", "\"fdff:ffff:"];
            if line.contains("connect(") && asks.iter().any(|it| line.contains(it)) {
                continue;
            }
            let allowed = [
                "224.0.0.251",
                "ff02::fb",
                "\"10.77.0.2\"",
                "::ffff:10.77.0.2\"",
            ];
            assert!(
                allowed.iter().any(|known| line.contains(known)),
                "{args:?}: {line}"
            );
            seen += 1;
        }
        assert!(seen > 0, "the trace shows nothing: {calls}");
    }
}
