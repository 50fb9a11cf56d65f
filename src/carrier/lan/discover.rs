//! Finding each other: one multicast DNS service under a random alias that changes, and nothing else in it.
//!
//! The name says neither who nor which circle; host name and instance are both the alias. Interfaces of containers and
//! virtual machines are left out: what answers there is mostly this very machine.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use mdns_sd::{IfKind, IfPredicate, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo};

/// The service type; the version of what is spoken is told inside.
const SERVICE: &str = "_okibi._udp.local.";
/// Names of interfaces that are made by programs, by their beginnings.
const VIRTUAL: [&str; 12] = [
    "docker", "br-", "veth", "virbr", "vnet", "vmnet", "vboxnet", "lxc", "lxd", "cni", "flannel",
    "podman",
];

/// Which interfaces are used.
#[derive(Debug, Clone, Default)]
pub struct Interfaces {
    /// These alone, by name; empty: all that are not virtual.
    pub only: Vec<String>,
}

impl Interfaces {
    fn allows(&self, name: &str, loopback: bool) -> bool {
        if self.only.is_empty() {
            return !loopback && !VIRTUAL.iter().any(|start| name.starts_with(start));
        }
        self.only.iter().any(|only| only == name)
    }
}

/// Addresses of this machine by which others may reach it; those that need a scope are left out.
pub fn own_addresses(interfaces: &Interfaces) -> Vec<IpAddr> {
    let all = if_addrs::get_if_addrs().unwrap_or_default().into_iter();
    let mut own: Vec<IpAddr> = all
        .filter(|it| interfaces.allows(&it.name, it.is_loopback()) && !it.is_link_local())
        .map(|it| it.ip())
        .collect();
    own.sort_by_key(|address| (address.is_ipv6(), *address));
    own.dedup();
    own
}

/// Somebody on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An alias, and where it can be reached.
    Here {
        alias: String,
        addresses: Vec<SocketAddr>,
    },
    Gone {
        alias: String,
    },
}

/// Shows this node under an alias and looks out for others.
pub struct Lookout {
    daemon: ServiceDaemon,
    shown: Option<String>,
    events: mdns_sd::Receiver<ServiceEvent>,
    /// The newest aliases of its own: what was just taken back may still be heard.
    mine: VecDeque<String>,
}

/// Own aliases that are remembered.
const MINE: usize = 4;

/// Begins to look out. Sends questions by multicast, and nothing else.
pub fn lookout(interfaces: &Interfaces) -> Result<Lookout, mdns_sd::Error> {
    let daemon = ServiceDaemon::new()?;
    let chosen = interfaces.clone();
    let allowed =
        IfPredicate::new(move |interface| chosen.allows(&interface.name, interface.is_loopback()));
    daemon.disable_interface(IfKind::All)?;
    daemon.enable_interface(IfKind::Predicate(allowed))?;
    let events = daemon.browse(SERVICE)?;
    Ok(Lookout {
        daemon,
        shown: None,
        events,
        mine: VecDeque::new(),
    })
}

impl Lookout {
    /// Shows this node as `alias`, and no longer as it was shown before.
    pub fn show(&mut self, alias: &str, port: u16) -> Result<(), mdns_sd::Error> {
        self.hide();
        let host = format!("{alias}.local.");
        let nothing: &[(&str, &str)] = &[];
        let info = ServiceInfo::new(SERVICE, alias, &host, "", port, nothing)?.enable_addr_auto();
        self.shown = Some(info.get_fullname().to_owned());
        self.mine.truncate(MINE - 1);
        self.mine.push_front(alias.to_owned());
        self.daemon.register(info)
    }

    /// Takes the alias back: others hear that it is gone.
    pub fn hide(&mut self) {
        if let Some(name) = self.shown.take() {
            let _ = self.daemon.unregister(&name);
        }
    }

    /// The next that is found or gone; none when the lookout has ended.
    pub async fn next(&self) -> Option<Found> {
        loop {
            let found = match self.events.recv_async().await.ok()? {
                ServiceEvent::ServiceResolved(it) => Found::Here {
                    alias: alias(&it.fullname),
                    addresses: addresses(&it.addresses, it.port),
                },
                ServiceEvent::ServiceRemoved(_, name) => Found::Gone {
                    alias: alias(&name),
                },
                _ => continue,
            };
            let name = match &found {
                Found::Here { alias, .. } | Found::Gone { alias } => alias,
            };
            if !self.mine.contains(name) {
                return Some(found);
            }
        }
    }

    /// Ends it; what was shown is taken back first.
    pub async fn end(mut self) {
        if let Some(name) = self.shown.take()
            && let Ok(done) = self.daemon.unregister(&name)
        {
            let _ = done.recv_async().await;
        }
        if let Ok(done) = self.daemon.shutdown() {
            let _ = done.recv_async().await;
        }
    }
}

fn alias(name: &str) -> String {
    let alias = name.strip_suffix(SERVICE).unwrap_or(name);
    alias.strip_suffix('.').unwrap_or(alias).to_owned()
}

/// Addresses to try, those of IPv4 first: they need no scope.
fn addresses(found: &std::collections::HashSet<ScopedIp>, port: u16) -> Vec<SocketAddr> {
    let mut all: Vec<SocketAddr> = found
        .iter()
        .map(|ip| match ip {
            ScopedIp::V6(v6) => {
                // A link-local address means nothing without its interface.
                let scope = if v6.addr().is_unicast_link_local() {
                    v6.scope_id().index
                } else {
                    0
                };
                SocketAddr::V6(SocketAddrV6::new(*v6.addr(), port, 0, scope))
            }
            other => SocketAddr::new(other.to_ip_addr(), port),
        })
        .collect();
    all.sort_by_key(|address| {
        let local = matches!(address.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local());
        (address.is_ipv6(), local, *address)
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_interfaces_are_left_out() {
        let all = Interfaces::default();
        for name in ["eth0", "enp3s0", "wlan0", "wlp2s0", "usb0", "bond0", "br0"] {
            assert!(all.allows(name, false), "{name}");
        }
        for name in [
            "docker0", "br-1f2e", "veth3a", "virbr0", "vboxnet0", "lxcbr0", "cni0",
        ] {
            assert!(!all.allows(name, false), "{name}");
        }
        assert!(!all.allows("lo", true));
        let one = Interfaces {
            only: vec!["lo".into()],
        };
        assert!(one.allows("lo", true) && !one.allows("eth0", false));
    }

    #[test]
    fn an_alias_is_what_stands_before_the_service() {
        assert_eq!(alias("0f3a._okibi._udp.local."), "0f3a");
        assert_eq!(alias("x"), "x");
    }
}
