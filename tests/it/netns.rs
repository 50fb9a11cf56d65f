//! Real processes on real networks: namespaces on a bridge, found by multicast, cut and healed. Needs root and
//! iproute2: without them the tests are skipped loudly, and fail where CI is set.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::homes::{Home, Place};

/// Nothing here is timed; only what hangs ends after this.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub fn run(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub fn ip(args: &str) -> bool {
    run(Command::new("ip").args(args.split(' ')))
}

/// Where all reach, when they do not reach each other.
pub const MIDDLE: &str = "10.90.0.1";

/// A bridge with a namespace for each node, and one for the bridge.
pub struct Network {
    tag: String,
    nodes: usize,
}

impl Network {
    /// None where this machine cannot have one.
    pub fn new(nodes: usize) -> Option<Self> {
        let network = Self::hub_alone(nodes)?;
        let hub = network.hub();
        assert!(ip(&format!(
            "-n {hub} link add name hub type bridge mcast_snooping 0"
        )));
        assert!(ip(&format!("-n {hub} link set hub up")));
        for node in 0..nodes {
            let space = network.plug(node, &format!("10.77.0.{}/24", node + 1));
            assert!(ip(&format!("-n {hub} link set p{node} master hub up")));
            assert!(ip(&format!("-n {space} link set eth0 up")));
        }
        Some(network)
    }

    /// Nodes that reach nothing but `MIDDLE`, in the hub, and not each other.
    pub fn apart(nodes: usize) -> Option<Self> {
        let network = Self::hub_alone(nodes)?;
        let hub = network.hub();
        assert!(ip(&format!("-n {hub} link set lo up")));
        assert!(ip(&format!("-n {hub} addr add {MIDDLE}/32 dev lo")));
        for node in 0..nodes {
            let space = network.plug(node, &format!("10.78.{node}.1/24"));
            assert!(ip(&format!(
                "-n {hub} addr add 10.78.{node}.254/24 dev p{node}"
            )));
            assert!(ip(&format!("-n {hub} link set p{node} up")));
            assert!(ip(&format!("-n {space} link set eth0 up")));
            assert!(ip(&format!(
                "-n {space} route add {MIDDLE} via 10.78.{node}.254"
            )));
        }
        Some(network)
    }

    /// A namespace with a cable to the hub.
    fn plug(&self, node: usize, address: &str) -> String {
        let (hub, space) = (self.hub(), self.space(node));
        assert!(ip(&format!("netns add {space}")));
        assert!(ip(&format!(
            "link add eth0 netns {space} type veth peer name p{node} netns {hub}"
        )));
        assert!(ip(&format!("-n {space} addr add {address} dev eth0")));
        assert!(ip(&format!("-n {space} link set lo up")));
        space
    }

    fn hub_alone(nodes: usize) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let tag = format!("ok{}-{number}", std::process::id());
        let network = Self { tag, nodes };
        if !ip(&format!("netns add {}", network.hub())) {
            // `CI` set: a machine without namespaces would let everything below pass unseen.
            assert!(
                std::env::var_os("CI").is_none(),
                "no network namespaces: root and iproute2 are needed"
            );
            eprintln!("SKIPPED: no network namespaces here (root and iproute2 are needed)");
            return None;
        }
        Some(network)
    }

    pub fn hub(&self) -> String {
        format!("{}-hub", self.tag)
    }

    pub fn space(&self, node: usize) -> String {
        format!("{}-{node}", self.tag)
    }

    /// Takes a node's cable out, or puts it back.
    pub fn cable(&self, node: usize, plugged: bool) {
        let way = if plugged { "up" } else { "down" };
        assert!(ip(&format!("-n {} link set p{node} {way}", self.hub())));
    }

    /// The same command, inside of a node's namespace.
    pub fn within(&self, node: usize, command: &Command) -> Command {
        inside_of(&self.space(node), command)
    }

    pub fn node(&self, node: usize, home: &Home) -> Node {
        Node::start(self.within(node, &home.command(["node"])), home)
    }
}

/// The same command in a namespace, with the environment that was set for it and nothing else.
pub fn inside_of(space: &str, command: &Command) -> Command {
    let mut inside = Command::new("ip");
    inside.args(["netns", "exec", space]);
    inside.arg(command.get_program()).args(command.get_args());
    inside.env_clear().stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            inside.env(name, value);
        }
    }
    inside
}

impl Drop for Network {
    fn drop(&mut self) {
        for node in 0..self.nodes {
            ip(&format!("netns del {}", self.space(node)));
        }
        ip(&format!("netns del {}", self.hub()));
    }
}

/// A running `okibi node`.
pub struct Node {
    pub child: Child,
    pub socket: PathBuf,
    pub log: PathBuf,
}

impl Node {
    pub fn start(mut command: Command, home: &Home) -> Self {
        let log = home.path.with_extension("log");
        let file = std::fs::File::create(&log).unwrap();
        let child = command
            .env("RUST_LOG", "okibi=debug")
            .stderr(file)
            .spawn()
            .unwrap();
        let node = Self {
            child,
            socket: home.path.join("control.sock"),
            log,
        };
        node.until("the node answers", || node.ask().is_some());
        node
    }

    pub fn until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done() {
            let log = || std::fs::read_to_string(&self.log).unwrap_or_default();
            assert!(Instant::now() < end, "{what}\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn ask(&self) -> Option<Value> {
        use std::io::Write;
        let mut stream = std::os::unix::net::UnixStream::connect(&self.socket).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .ok()?;
        writeln!(stream, "{}", json!({"type": "status"})).ok()?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }

    /// Waits until it is connected with so many others, and in step with each.
    pub fn in_step_with(&self, count: usize) {
        self.until("connected and in step", || {
            let status = self.ask().unwrap_or_default();
            let lines = status["connections"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            lines.len() == count
                && lines.iter().all(|line| line["in_step"] == true)
                && status["blobs_missing"] == 0
        });
    }

    /// A process id of the program itself, below `ip netns exec` (which execs: it is the same).
    pub fn kill(mut self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(run(Command::new("kill").args([signal, &id])));
        self.child.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Homes agree, and stay in agreement.
pub fn agree(nodes: &[&Node], homes: &[&Home]) {
    for node in nodes {
        node.until("one state", || {
            let hashes = homes[0].hashes();
            homes.iter().all(|home| home.hashes() == hashes)
        });
    }
}

pub fn text(place: &Place, home: &Home, title: &str) {
    home.share_document(
        title,
        &place.file(
            &format!("{title}.md"),
            format!("# {title}\n\nOf {title}.\n"),
        ),
    );
}

pub fn documents(home: &Home) -> Vec<String> {
    let listed = home.facts("document", ["library", "list"]);
    let mut titles: Vec<String> = listed
        .iter()
        .map(|it| it["title"].as_str().unwrap().to_owned())
        .collect();
    titles.sort();
    titles
}

/// Alice's circle with Bob and Carol, who know of it by a bundle each.
pub fn three(place: &Place) -> [Home; 3] {
    let (alice, bob) = place.alice_and_bob();
    let carol = place.home("carol");
    alice.admit(&carol, "carol");
    for (name, home) in [("bob", &bob), ("carol", &carol)] {
        let bundle = place.path("first.okb");
        let bundle = bundle.to_str().unwrap();
        alice.ok(["export-bundle", "--to", name, "-o", bundle]);
        home.ok(["import-bundle", bundle]);
    }
    [alice, bob, carol]
}

/// The one end-state test for all roads: discovery, a killed node, a cut cable, a partition in which both sides write,
/// and a stick between the sides.
#[test]
fn three_nodes_on_a_bridge_and_a_stick() {
    let Some(network) = Network::new(3) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, carol] = three(&place);
    text(&place, &alice, "one");
    let a = network.node(0, &alice);
    let b = network.node(1, &bob);
    let c = network.node(2, &carol);
    // B and C find A by multicast, and each other; content comes too.
    for node in [&a, &b, &c] {
        node.in_step_with(2);
    }
    agree(&[&b, &c], &[&alice, &bob, &carol]);
    b.until("the text of one", || documents(&bob) == ["one"]);

    // A is killed, C's cable is out: both come back by themselves.
    a.kill("-9");
    network.cable(2, false);
    text(&place, &bob, "two");
    text(&place, &carol, "three");
    network.cable(2, true);
    let a = network.node(0, &alice);
    for node in [&a, &b, &c] {
        node.in_step_with(2);
    }
    agree(&[&a, &b, &c], &[&alice, &bob, &carol]);

    // A partition of two and one; both sides write, and a stick goes from one side to the other.
    network.cable(2, false);
    text(&place, &alice, "four");
    text(&place, &carol, "five");
    let stick = place.stick("stick");
    bob_has(&b, &bob, "four");
    bob.ok(["export-bundle", "--to", "carol", &stick]);
    carol.ok(["import-bundle", &stick]);
    assert!(documents(&carol).contains(&"four".to_owned()));
    bob.ok(["import-bundle", &stick]);
    text(&place, &carol, "six");
    network.cable(2, true);
    for node in [&a, &b, &c] {
        node.in_step_with(2);
    }
    agree(&[&a, &b, &c], &[&alice, &bob, &carol]);
    for home in [&alice, &bob, &carol] {
        let all = ["five", "four", "one", "six", "three", "two"];
        a.until("all texts", || documents(home) == all);
        assert_eq!(home.ails(), [] as [&str; 0]);
    }
    // Ended in good order: the socket is gone, and nothing lies around.
    for (node, home) in [(a, &alice), (b, &bob), (c, &carol)] {
        node.kill("-TERM");
        assert!(!home.path.join("control.sock").exists());
        assert_eq!(home.staged(), [] as [&Path; 0]);
    }
}

fn bob_has(node: &Node, bob: &Home, title: &str) {
    node.until("the text came", || {
        documents(bob).contains(&title.to_owned())
    });
}

/// `okibi sync` beside a node: one round, exit 0, also where nobody is.
#[test]
fn one_round_and_an_address_where_multicast_fails() {
    let Some(network) = Network::new(2) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, carol] = three(&place);
    text(&place, &alice, "one");
    let once = |node: usize, home: &Home, args: &[&str]| -> Value {
        let args: Vec<&str> = ["sync", "--json"].iter().chain(args).copied().collect();
        let output = network.within(node, &home.command(args)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let mut facts = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        facts.find(|fact| fact["type"] == "sync").unwrap()
    };
    // Nobody there: no failure.
    assert_eq!(once(1, &bob, &[])["peers"], json!([]));
    let silent = once(1, &bob, &["--no-discovery", "--peer", "10.77.0.1:9"]);
    assert_eq!(silent["silent"], json!(["10.77.0.1:9"]));
    let a = network.node(0, &alice);
    let there = ["--no-discovery", "--peer", "10.77.0.1:6542"];
    let round = once(1, &bob, &there);
    assert_eq!(round["peers"][0]["name"], "alice", "{round}");
    assert_eq!(
        (&round["peers"][0]["in_step"], &round["blobs_in"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(bob.hashes(), alice.hashes());
    // Blocked: not spoken with, until it is again.
    alice.ok(["peer", "block", "bob"]);
    text(&place, &bob, "two");
    assert_eq!(once(1, &bob, &there)["peers"], json!([]));
    alice.ok(["peer", "unblock", "bob"]);
    alice.ok(["peer", "nick", "bob", "robert"]);
    assert_eq!(once(1, &bob, &there)["peers"][0]["in_step"], true);
    assert_eq!(bob.hashes(), alice.hashes());
    // A suspended member is turned away without a word.
    alice.ok(["circle", "suspend", "carol", "--yes"]);
    let round = once(1, &carol, &there);
    assert_eq!(round["peers"], json!([]));
    assert_ne!(carol.hashes(), alice.hashes());
    a.kill("-TERM");
}

/// In an empty namespace: `--offline` opens nothing but the control socket.
#[test]
fn offline_sends_nothing() {
    let Some(network) = Network::new(2) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, _] = three(&place);
    let packets = |node: usize| -> String {
        let mut command = Command::new("ip");
        command.args([
            "-n",
            &network.space(node),
            "-s",
            "-j",
            "link",
            "show",
            "eth0",
        ]);
        let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let links: Value = serde_json::from_str(&text).unwrap();
        links[0]["stats64"]["tx"]["packets"].to_string()
    };
    let sockets = |node: usize| -> String {
        let mut command = Command::new("ip");
        command.args([
            "netns",
            "exec",
            &network.space(node),
            "cat",
            "/proc/net/udp",
            "/proc/net/udp6",
            "/proc/net/tcp",
        ]);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    // Whatever is configured.
    let config = "[network]\niroh = true\nrelays = \"http://10.77.0.2:3340\"\ndht = true\ndht-bootstrap = \"10.77.0.2:6881\"\n";
    std::fs::write(alice.path.join("config.toml"), config).unwrap();
    let before = sockets(0);
    let offline = Node::start(
        network.within(0, &alice.command(["node", "--offline"])),
        &alice,
    );
    assert_eq!(offline.ask().unwrap()["offline"], true);
    assert_eq!(sockets(0), before, "a socket was opened");
    // Another node that does speak finds nobody, which also gives the first one time to betray itself.
    let sent = packets(0);
    let run = network
        .within(1, &bob.command(["sync", "--json"]))
        .output()
        .unwrap();
    assert!(
        String::from_utf8(run.stdout)
            .unwrap()
            .contains("\"peers\":[]")
    );
    // IPv6 of the kernel itself says hello when a link comes up; this process adds nothing.
    let link_up = 16;
    let count = |text: &str| text.parse::<u64>().unwrap();
    assert!(count(&packets(0)) <= count(&sent) + link_up);
    let refused = alice.run(["sync", "--offline"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    offline.kill("-TERM");
}

/// A ticket, and what goes wrong with tickets.
#[test]
fn nobody_is_admitted_by_a_ticket_alone() {
    let Some(network) = Network::new(2) else {
        return;
    };
    let place = Place::new();
    let [alice, _, _] = three(&place);
    let (dora, mallory) = (place.home("dora"), place.home("mallory"));
    let a = network.node(0, &alice);
    let members = || alice.facts("member", ["circle", "members"]).len();
    let before = members();
    let ticket = || alice.fact("ticket", ["circle", "invite", "--no-wait"]);
    let join = |home: &Home, ticket: &Value, name: &str| -> Child {
        let args = [
            "circle",
            "join",
            ticket["ticket"].as_str().unwrap(),
            "--name",
            name,
            "--json",
        ];
        let mut command = network.within(1, &home.command(args));
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    // The words that a joining process shows.
    let words = |child: &mut Child| -> String {
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        for line in lines {
            let fact: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if fact["type"] == "pairing" {
                return fact["words"].as_str().unwrap().to_owned();
            }
        }
        panic!("no words were shown");
    };
    let confirm = |home: &Home, words: &str| -> Option<i32> {
        let args: Vec<&str> = ["circle", "confirm"]
            .into_iter()
            .chain(words.split(' '))
            .collect();
        home.run(args).status.code()
    };
    let ended = |mut child: Child| child.wait().unwrap().code();

    // Somebody photographed the ticket: Alice reads Dora's words, which are not those of this connection.
    let first = ticket();
    let mut stranger = join(&mallory, &first, "dora");
    words(&mut stranger);
    assert_eq!(
        confirm(&alice, "abandon ability able about above absent"),
        Some(12)
    );
    assert_eq!(ended(stranger), Some(12));
    assert_eq!(members(), before);

    // One side alone is not both.
    let mut one = join(&dora, &first, "dora");
    let shown = words(&mut one);
    assert_eq!(confirm(&alice, &shown), Some(0));
    assert_eq!(members(), before);
    // Withdrawn while they compare: nobody is admitted any more.
    alice.ok(["circle", "withdraw", &first["id"].as_str().unwrap()[..8]]);
    assert_eq!(confirm(&dora, &shown), Some(0));
    assert_ne!(ended(one), Some(0));
    assert_eq!(members(), before);
    // A withdrawn ticket is nobody's: the issuer answers as to a stranger. (The process would look on for long.)
    let mut late = join(&dora, &first, "dora");
    let mut second_knock = false;
    a.until("turned away", || {
        second_knock |= std::fs::read_to_string(&a.log)
            .unwrap()
            .contains("Stranger");
        second_knock
    });
    late.kill().unwrap();
    late.wait().unwrap();
    assert_eq!(members(), before);

    // As it should be: both confirm, and a first round follows.
    let second = ticket();
    let mut joining = join(&dora, &second, "dora");
    let shown = words(&mut joining);
    assert_eq!(confirm(&alice, &shown), Some(0));
    assert_eq!(confirm(&dora, &shown), Some(0));
    assert_eq!(ended(joining), Some(0));
    assert_eq!(members(), before + 1);
    assert_eq!(dora.hashes(), alice.hashes());
    // Used once, it is used.
    let mut again = join(&mallory, &second, "mallory");
    let log = || {
        std::fs::read_to_string(&a.log)
            .unwrap()
            .matches("Stranger")
            .count()
    };
    let known = log();
    a.until("turned away", || log() > known);
    again.kill().unwrap();
    again.wait().unwrap();
    assert_eq!(members(), before + 1);
    a.kill("-TERM");
}
