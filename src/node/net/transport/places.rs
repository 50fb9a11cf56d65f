//! Which places that others name are dialled: a member's word must not make this node knock at a router, a cloud's metadata
//! service or a stranger's relay. What a person entered is not asked about here. `docs/network.md` says the rule.

use std::net::{IpAddr, SocketAddr};

use crate::carrier::node_addr::relay_allowed;

/// Ports below are services of systems, no nodes.
const FIRST_PORT: u16 = 1_024;

/// What this node's own settings and network allow.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowed {
    /// Relays that a person named, without a slash at the end.
    pub relays: Vec<String>,
    /// The relays of n0 too.
    pub n0: bool,
    /// Addresses of this node: a private network that it is in itself may be another's too.
    pub own: Vec<IpAddr>,
}

impl Allowed {
    /// Whether a place may be dialled on the word of somebody who was heard over the local network (`near`), or from afar.
    pub fn takes(&self, place: &str, near: bool) -> bool {
        match place.parse::<SocketAddr>() {
            Ok(address) => {
                let ip = address.ip().to_canonical();
                let private = is_private(ip);
                address.port() >= FIRST_PORT
                    && !never(ip)
                    && (!private || near || self.own.iter().any(|own| neighbours(*own, ip)))
            }
            Err(_) => relay_allowed(place, &self.relays, self.n0),
        }
    }
}

/// Addresses of this machine, of one wire, of many, of nobody; and those at which clouds tell machines their secrets.
fn never(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, ..] = ip.octets();
            first == 0 || first >= 224 || ip.is_loopback() || ip.is_link_local()
        }
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.segments();
            // fec0::/10 is what fe80::/10 was to a site; 64:ff9b::/96 and 2002::/16 lead to IPv4 addresses of any kind.
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || (first & 0xff80) == 0xfe80
                || (first, second) == (0x64, 0xff9b)
                || first == 0x2002
                || ip.to_string() == "fd00:ec2::254"
        }
    }
}

/// Addresses that mean another machine in each network.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private()
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (b & 0xfe) == 18)
        }
        IpAddr::V6(ip) => (ip.segments()[0] & 0xfe00) == 0xfc00,
    }
}

/// Whether two private addresses may be of one network: by 16 bits of IPv4, or the 48 of a site in IPv6.
fn neighbours(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.octets()[..2] == b.octets()[..2],
        (IpAddr::V6(a), IpAddr::V6(b)) => a.segments()[..3] == b.segments()[..3],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_others_are_dialled_only_where_settings_allow() {
        let mut allowed = Allowed {
            relays: vec!["https://relay.example/".into()],
            n0: false,
            own: vec![
                "10.77.0.9".parse().unwrap(),
                "fd12:3456:789a::9".parse().unwrap(),
            ],
        };
        for place in [
            "192.0.2.7:6543",
            "[2001:db8::7]:6543",
            "https://relay.example",
            "https://relay.example/",
            "10.77.0.2:6543",
            "[fd12:3456:789a:1::2]:6543",
        ] {
            assert!(allowed.takes(place, false), "{place}");
        }
        for place in [
            "127.0.0.1:6543",
            "[::1]:6543",
            "[::ffff:127.0.0.1]:6543",
            "0.0.0.0:6543",
            "169.254.169.254:6543",
            "[fd00:ec2::254]:6543",
            "[fe80::1]:6543",
            "[fec0::1]:6543",
            "224.0.0.251:6543",
            "255.255.255.255:6543",
            "[ff02::fb]:6543",
            "[64:ff9b::7f00:1]:6543",
            "[2002:7f00:1::]:6543",
            "192.0.2.7:53",
            "http://169.254.169.254/",
            "http://localhost:8080",
            "https://relay.example:444",
            "https://relay.elsewhere.example",
            "https://use1-1.relay.n0.iroh.link.",
        ] {
            for near in [true, false] {
                assert!(!allowed.takes(place, near), "{place}");
            }
        }
        // Another private network means other machines, unless it was heard on this very one.
        for place in ["192.168.1.1:6543", "100.64.0.1:6543", "[fd12::7]:6543"] {
            assert!(
                !allowed.takes(place, false) && allowed.takes(place, true),
                "{place}"
            );
        }
        allowed.n0 = true;
        assert!(allowed.takes("https://use1-1.relay.n0.iroh.link.", false));
        for place in [
            "https://evil.example/.iroh.link",
            "https://eviliroh.link",
            "https://a.iroh.link:1",
        ] {
            assert!(!allowed.takes(place, false), "{place}");
        }
    }
}
