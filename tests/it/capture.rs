//! Every packet that a node sends, on a network whose resolver never answers: multicast DNS on the local network and the
//! peers that a person named, and nothing else (threat 25). Needs root and iproute2, like `netns`.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, eth, recv, socket_with, sockopt,
};

use crate::homes::{Home, Place};
use crate::namespace_process::Inside;
use crate::netns::{Network, agree, ip, run, text, three};

/// Set for the process that listens.
const BE_THE_EAR: &str = "OKIBI_BE_THE_EAR";
/// Where no resolver is, though its link-layer address is known: questions leave, and nothing comes back.
const RESOLVER: &str = "10.77.0.53";
/// Where the configured peer is.
const PEER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// Bytes that wait to be read: far more than a test sends.
const BUFFER: usize = 64 << 20;

/// This test binary again, inside of a namespace: with each line that it reads it says what was sent or received on any
/// interface since.
#[test]
#[ignore = "run by the tests below"]
fn be_the_ear() {
    if std::env::var_os(BE_THE_EAR).is_none() {
        return;
    }
    let kind = (AddressFamily::PACKET, SocketType::RAW);
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(kind.0, kind.1, flags, Some(eth::ALL)).unwrap();
    sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER).unwrap();
    println!("listening");
    let mut frame = vec![0; 65_536];
    for _ in std::io::stdin().lines() {
        while let Ok((_, count)) = recv(&socket, &mut frame[..], RecvFlags::DONTWAIT) {
            println!("frame {}", data_encoding::HEXLOWER.encode(&frame[..count]));
        }
        println!("so far");
        std::io::stdout().flush().unwrap();
    }
}

/// Hears everything in a node's namespace.
struct Ear {
    inside: Inside,
    /// The link-layer address of the namespace's cable.
    own: Vec<u8>,
    sent: Vec<Vec<u8>>,
}

impl Ear {
    fn start(network: &Network, node: usize) -> Self {
        let space = network.space(node);
        let shown = Command::new("ip")
            .args(["-n", &space, "-j", "link", "show", "eth0"])
            .output()
            .unwrap();
        let links: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
        let own = links[0]["address"].as_str().unwrap().replace(':', "");
        let be = (BE_THE_EAR, "1");
        Self {
            inside: Inside::start(&space, "capture::be_the_ear", be, "listening"),
            own: data_encoding::HEXLOWER.decode(own.as_bytes()).unwrap(),
            sent: Vec::new(),
        }
    }

    /// Every frame that left the namespace, or went around inside of it, up to now.
    fn sent(&mut self) -> &[Vec<u8>] {
        for frame in self.inside.ask("", "frame") {
            // Loopback has zeros for a sender.
            let from = &frame[6..12];
            if from == self.own || from == [0; 6] {
                self.sent.push(frame);
            }
        }
        &self.sent
    }

    /// What the frames are, each once.
    fn said(&mut self) -> std::collections::BTreeSet<What> {
        self.sent().iter().map(|frame| what(frame)).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// Of the link itself: ARP, neighbours, groups that are joined.
    Link,
    /// Multicast DNS.
    Multicast,
    /// A datagram to an address and port.
    Datagram(Ipv4Addr, u16),
    /// A question to a resolver, and for which name.
    Question(String),
    Else(String),
}

fn what(frame: &[u8]) -> What {
    let other = || What::Else(data_encoding::HEXLOWER.encode(&frame[..frame.len().min(80)]));
    let Some((kind, packet)) = frame
        .get(12..)
        .and_then(|rest| rest.split_first_chunk::<2>())
    else {
        return other();
    };
    let port = |udp: &[u8]| udp.get(2..4).map(|it| u16::from_be_bytes([it[0], it[1]]));
    match u16::from_be_bytes(*kind) {
        0x0806 => What::Link,
        0x0800 if packet.len() >= 20 => {
            let to = Ipv4Addr::new(packet[16], packet[17], packet[18], packet[19]);
            let inner = &packet[usize::from(packet[0] & 15) * 4..];
            match (packet[9], port(inner)) {
                // The system's own word to the peer that nobody listens any more.
                (1, _) if to == PEER => What::Link,
                // IGMP, to all routers.
                (2, _) if to == Ipv4Addr::new(224, 0, 0, 22) => What::Link,
                (17, Some(5353)) if to == Ipv4Addr::new(224, 0, 0, 251) => What::Multicast,
                (17, Some(53)) if to.to_string() == RESOLVER => What::Question(name(&inner[8..])),
                (17, Some(port)) => What::Datagram(to, port),
                _ => other(),
            }
        }
        0x86dd if packet.len() >= 40 => {
            let to: [u8; 16] = packet[24..40].try_into().unwrap();
            let to = Ipv6Addr::from(to);
            // MLD has a header of options before it.
            let (kind, inner) = match packet[6] {
                0 if packet.len() >= 48 => (packet[40], &packet[48..]),
                kind => (kind, &packet[40..]),
            };
            let mdns = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
            match (kind, inner.first(), port(inner)) {
                // Routers and neighbours (RFC 4861), groups (RFC 3810), all on this link.
                (58, Some(131..=136 | 143), _)
                    if to.is_multicast() || to.is_unicast_link_local() =>
                {
                    What::Link
                }
                (17, _, Some(5353)) if to == mdns => What::Multicast,
                _ => other(),
            }
        }
        _ => other(),
    }
}

/// The name that a message of DNS asks for.
fn name(message: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut rest = &message[12..];
    while let Some((length, after)) = rest.split_first()
        && *length > 0
    {
        let (label, after) = after.split_at(usize::from(*length));
        labels.push(String::from_utf8_lossy(label).into_owned());
        rest = after;
    }
    labels.join(".")
}

/// A resolver for the namespace that nobody answers for; the file goes with it.
pub struct Resolver(std::path::PathBuf);

impl Resolver {
    pub fn in_space(space: &str) -> Self {
        let folder = std::path::Path::new("/etc/netns").join(space);
        std::fs::create_dir_all(&folder).unwrap();
        let lines = format!("nameserver {RESOLVER}\noptions timeout:1 attempts:1\n");
        std::fs::write(folder.join("resolv.conf"), lines).unwrap();
        let neighbour = "lladdr 02:00:00:00:00:53 dev eth0 nud permanent";
        assert!(ip(&format!("-n {space} neigh add {RESOLVER} {neighbour}")));
        Self(folder)
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn peer() -> What {
    What::Datagram(PEER, 6542)
}

/// Bob is where Alice was told; he looks for nobody.
fn bob_waits(network: &Network, bob: &Home) -> crate::netns::Node {
    let mut command = network.within(1, &bob.command(["node", "--no-discovery"]));
    command.stdout(Stdio::null());
    crate::netns::Node::start(command, bob)
}

/// The default configuration and one configured peer: multicast and that peer. No name is asked for.
#[test]
fn by_default_only_multicast_and_peers_that_were_named() {
    let Some(network) = Network::new(2) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, _] = three(&place);
    alice.ok(["peer", "add", "10.77.0.2:6542"]);
    text(&place, &alice, "one");
    let _resolver = Resolver::in_space(&network.space(0));
    let b = bob_waits(&network, &bob);
    let mut ear = Ear::start(&network, 0);
    let a = network.node(0, &alice);
    a.in_step_with(1);
    agree(&[&a], &[&alice, &bob]);
    // What is looked for by multicast is seen, so what is not would be as well.
    a.until("multicast", || ear.said().contains(&What::Multicast));
    a.kill("-TERM");
    let said = ear.said();
    assert!(said.contains(&peer()), "{said:#?}");
    let expected = [What::Link, What::Multicast, peer()];
    let surprising: Vec<&What> = said.iter().filter(|it| !expected.contains(it)).collect();
    assert!(surprising.is_empty(), "{surprising:#?}");
    b.kill("-TERM");
}

/// A peer by a name that cannot be resolved: that name is asked for and no other, it is said why nobody is reached there,
/// and the node does its work with the other peer.
#[test]
fn a_name_that_nobody_resolves_is_the_only_question() {
    let Some(network) = Network::new(2) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, _] = three(&place);
    alice.ok(["peer", "add", "10.77.0.2:6542"]);
    alice.ok(["peer", "add", "nowhere.example:6542"]);
    let _resolver = Resolver::in_space(&network.space(0));
    let b = bob_waits(&network, &bob);
    let mut ear = Ear::start(&network, 0);
    let a = network.node(0, &alice);
    a.until("it is said why", || {
        let log = std::fs::read_to_string(&a.log).unwrap();
        log.lines()
            .any(|line| line.contains("does not resolve") && line.contains("nowhere.example"))
    });
    text(&place, &alice, "two");
    a.in_step_with(1);
    agree(&[&a], &[&alice, &bob]);
    a.kill("-TERM");
    let said = ear.said();
    let question = What::Question("nowhere.example".into());
    assert!(said.contains(&question), "{said:#?}");
    let expected = [What::Link, What::Multicast, peer(), question];
    let surprising: Vec<&What> = said.iter().filter(|it| !expected.contains(it)).collect();
    assert!(surprising.is_empty(), "{surprising:#?}");
    b.kill("-TERM");
}

/// `--offline`: not one packet, whatever is configured. (IPv6 is switched off, since the system itself greets with it.)
#[test]
fn offline_not_one_packet_is_sent() {
    let Some(network) = Network::new(2) else {
        return;
    };
    let place = Place::new();
    let [alice, bob, _] = three(&place);
    for peer in ["10.77.0.2:6542", "nowhere.example:6542"] {
        alice.ok(["peer", "add", peer]);
    }
    let config = "[network]\niroh = true\nrelays = \"http://relay.example:3340\"\nn0 = true\ndht = true\ndht-bootstrap = \"10.77.0.2:6881,nowhere.example:6881\"\n";
    std::fs::write(alice.path.join("config.toml"), config).unwrap();
    let space = network.space(0);
    let six = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6";
    assert!(run(
        Command::new("ip").args(["netns", "exec", &space, "sh", "-c", six])
    ));
    let _resolver = Resolver::in_space(&space);
    let b = bob_waits(&network, &bob);
    let mut ear = Ear::start(&network, 0);
    let a = crate::netns::Node::start(
        network.within(0, &alice.command(["node", "--offline"])),
        &alice,
    );
    // It is at work: what another process of its home writes is taken notice of.
    let file = place.file("one.md", "# one\n\nOf one.\n");
    for args in [
        &["library", "add", &file][..],
        &["library", "share", "one"],
        &["status"],
        &["doctor"],
    ] {
        let done = network.within(0, &alice.command(args)).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
    assert_eq!(a.ask().unwrap()["offline"], true);
    a.kill("-TERM");
    let sent: Vec<What> = ear.sent().iter().map(|frame| what(frame)).collect();
    assert_eq!(sent, []);
    // The same without `--offline` is heard.
    std::fs::write(alice.path.join("config.toml"), "").unwrap();
    let args = ["sync", "--no-discovery", "--port", "0"];
    let online = network.within(0, &alice.command(args)).output().unwrap();
    assert!(online.status.success(), "{online:?}");
    assert!(ear.said().contains(&peer()));
    b.kill("-TERM");
}
