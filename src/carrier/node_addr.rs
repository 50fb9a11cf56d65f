//! The address of a node beyond the local network: `iroh:KEY`, or `iroh:KEY@PLACE,PLACE` with IP
//! addresses and relays.
//!
//! **Always holds.** The key is the node's transport key, so a stranger who answers at a place is
//! not taken for the node. An address has at most `DIRECT` IP addresses and `RELAYS` relays, each
//! once: others may name places, and this bounds what they make us dial. It is written and read
//! back as the same value.
//!
//! **Failure.** A text that is no address is refused as a whole.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use data_encoding::HEXLOWER;

const SCHEME: &str = "iroh:";
/// Most IP addresses, and most relays, of one node: what a ticket or a peer's word may make us dial.
pub const DIRECT: usize = 8;
pub const RELAYS: usize = 4;
/// Most bytes of a relay's URL.
const URL: usize = 200;

/// A node, and where it may be reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeAddr {
    /// Its transport key.
    pub key: [u8; 32],
    pub direct: Vec<SocketAddr>,
    /// Relays by URL, each of the form that `relay` asks for.
    pub relays: Vec<String>,
}

/// Whether this can be a relay's URL: `http` or `https`, and nothing in it that separates.
pub fn relay(text: &str) -> bool {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | '@' | '"' | '\\');
    host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
        && text.chars().all(plain)
        && text.len() <= URL
}

/// Where n0's own relays are.
const N0: &str = ".iroh.link";

/// Whether a relay that somebody else named may be used: one of those that a person named here, or n0's, where those are
/// used at all. Whoever names a relay chooses whom this node contacts, and shows it the node's lasting key.
pub fn relay_allowed(url: &str, named: &[String], n0: bool) -> bool {
    if !relay(url) {
        return false;
    }
    let url = url.trim_end_matches('/');
    let host = url.strip_prefix("https://").unwrap_or_default();
    // A port, a path, or a name that only begins like one of n0's is none of them.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let of_n0 = host.chars().all(plain) && host.trim_end_matches('.').ends_with(N0);
    named.iter().any(|it| it.trim_end_matches('/') == url) || (n0 && of_n0)
}

impl NodeAddr {
    /// A node whose places are not known.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            direct: Vec::new(),
            relays: Vec::new(),
        }
    }

    /// Adds a place in its written form; false where it is none, or there are too many.
    pub fn add(&mut self, place: &str) -> bool {
        if let Ok(address) = place.parse::<SocketAddr>() {
            let known = self.direct.contains(&address);
            if !known && self.direct.len() < DIRECT && address.port() != 0 {
                self.direct.push(address);
                return true;
            }
            return known;
        }
        // One relay in two spellings is one relay.
        let place = place.trim_end_matches('/');
        let known = self.relays.iter().any(|known| known == place);
        if !known && relay(place) && self.relays.len() < RELAYS {
            self.relays.push(place.to_owned());
            return true;
        }
        known
    }

    /// Its places in their written form.
    pub fn places(&self) -> Vec<String> {
        let direct = self.direct.iter().map(ToString::to_string);
        direct.chain(self.relays.iter().cloned()).collect()
    }

    /// The node without its places: what it is called everywhere.
    pub fn name(&self) -> String {
        format!("{SCHEME}{}", HEXLOWER.encode(&self.key))
    }
}

impl fmt::Display for NodeAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        for (at, place) in self.places().iter().enumerate() {
            write!(f, "{}{place}", if at == 0 { '@' } else { ',' })?;
        }
        Ok(())
    }
}

impl FromStr for NodeAddr {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.strip_prefix(SCHEME).ok_or(())?;
        let (key, places) = match text.split_once('@') {
            Some((key, places)) => (key, Some(places)),
            None => (text, None),
        };
        let key = HEXLOWER.decode(key.as_bytes()).map_err(|_| ())?;
        let mut far = Self::new(key.try_into().map_err(|_| ())?);
        for place in places.into_iter().flat_map(|places| places.split(',')) {
            if !far.add(place) {
                return Err(());
            }
        }
        Ok(far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_its_line() {
        let mut far = NodeAddr::new([0xa7; 32]);
        assert_eq!(far.to_string().parse(), Ok(far.clone()));
        for place in [
            "192.0.2.7:6543",
            "[2001:db8::7]:6543",
            "https://relay.example",
            "http://127.0.0.1:3340/",
        ] {
            assert!(far.add(place), "{place}");
        }
        assert_eq!(far.to_string().parse(), Ok(far.clone()));
        assert_eq!(far.places().len(), 4);
    }

    #[test]
    fn what_is_none_is_refused() {
        let key = "a7".repeat(32);
        for wrong in [
            "".to_owned(),
            key.clone(),
            format!("iroh:{}", &key[1..]),
            format!("iroh:{}", key.to_uppercase()),
            format!("iroh:{key}@"),
            format!("iroh:{key}@192.0.2.7"),
            format!("iroh:{key}@192.0.2.7:0"),
            format!("iroh:{key}@ftp://relay.example"),
            format!("iroh:{key}@https://"),
            format!("iroh:{key}@https://a b"),
            format!("iroh:{key}@https://{}", "a".repeat(200)),
            format!("iroh:{key}@{}", ["192.0.2.7:1,"; 1].concat()),
        ] {
            assert_eq!(wrong.parse::<NodeAddr>(), Err(()), "{wrong}");
        }
        let many: Vec<String> = (1..=9).map(|port| format!("192.0.2.7:{port}")).collect();
        assert_eq!(
            format!("iroh:{key}@{}", many.join(",")).parse::<NodeAddr>(),
            Err(())
        );
    }
}
