//! The line that invites its reader to ask: who, where, and the secret of one question. `docs/sync.md`, section 6.

use std::fmt;
use std::net::SocketAddr;

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use minicbor::{Decoder, Encoder};

use crate::carrier::node_addr::{DIRECT, NodeAddr, RELAYS};
use crate::record::RootKey;

/// A ticket of a node on the local network, and one of a node that is reached beyond it too.
const NEAR: &str = "okibi-ticket-1:";
const FAR: &str = "okibi-ticket-2:";
/// The same lines as capital letters, which take less room in a QR code.
const CAPITALS: [&str; 2] = ["OKIBI-TICKET-1:", "OKIBI-TICKET-2:"];
/// Most addresses of a ticket, and characters of one.
pub(super) const ADDRESSES: usize = 8;
/// Characters of a ticket: what a QR code on a terminal can show.
const LONGEST: usize = 1_024;

/// A line that invites its reader to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub id: [u8; 16],
    pub secret: [u8; 32],
    pub issuer: RootKey,
    /// Where the issuer may be reached, beside by multicast.
    pub addresses: Vec<SocketAddr>,
    /// The same beyond its network, where it goes there.
    pub far: Option<NodeAddr>,
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::new();
        let mut e = Encoder::new(&mut bytes);
        // Writing into memory does not fail.
        let _ = e.array(4 + u64::from(self.far.is_some())).and_then(|e| {
            e.bytes(&self.id)?
                .bytes(&self.secret)?
                .bytes(&self.issuer.0)?;
            e.array(self.addresses.len() as u64)?;
            for address in &self.addresses {
                e.str(&address.to_string())?;
            }
            if let Some(far) = &self.far {
                let places = far.places();
                e.array(1 + places.len() as u64)?.bytes(&far.key)?;
                for place in &places {
                    e.str(place)?;
                }
            }
            Ok(())
        });
        let check = blake3::hash(&bytes);
        bytes.extend(check.as_bytes().iter().take(4));
        if f.alternate() {
            let [near, far] = CAPITALS;
            let prefix = if self.far.is_some() { far } else { near };
            return write!(f, "{prefix}{}", BASE32_NOPAD.encode(&bytes));
        }
        let prefix = if self.far.is_some() { FAR } else { NEAR };
        write!(f, "{prefix}{}", BASE64URL_NOPAD.encode(&bytes))
    }
}

impl Ticket {
    /// The line that a QR code holds: in capital letters, and with one address, so that it fits on a small terminal.
    pub fn compact(&self) -> String {
        let first = self.addresses.iter().find(|address| address.is_ipv4());
        let first = first.or(self.addresses.first());
        let small = Self {
            addresses: first.copied().into_iter().collect(),
            ..self.clone()
        };
        format!("{small:#}")
    }

    /// Reads a line.
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let (prefix, body) = line.split_at_checked(NEAR.len())?;
        if body.len() > LONGEST {
            return None;
        }
        let bytes = match prefix {
            NEAR | FAR => BASE64URL_NOPAD.decode(body.as_bytes()).ok()?,
            _ if CAPITALS.contains(&prefix) => BASE32_NOPAD.decode(body.as_bytes()).ok()?,
            _ => return None,
        };
        let parts = if prefix.eq_ignore_ascii_case(NEAR) {
            4
        } else {
            5
        };
        let (bytes, check) = bytes.split_last_chunk::<4>()?;
        if !blake3::hash(bytes).as_bytes().starts_with(check) {
            return None;
        }
        let mut d = Decoder::new(bytes);
        if d.array().ok()? != Some(parts) {
            return None;
        }
        let id = d.bytes().ok()?.try_into().ok()?;
        let secret = d.bytes().ok()?.try_into().ok()?;
        let issuer = RootKey::from_slice(d.bytes().ok()?)?;
        let count = d.array().ok()??;
        let mut addresses = Vec::new();
        for _ in 0..count.min(ADDRESSES as u64 + 1) {
            addresses.push(d.str().ok()?.parse().ok()?);
        }
        let far = match parts {
            4 => None,
            _ => Some(far(&mut d)?),
        };
        let whole = d.position() == bytes.len() && addresses.len() <= ADDRESSES;
        whole.then_some(Self {
            id,
            secret,
            issuer,
            addresses,
            far,
        })
    }
}

/// A node beyond the network: its key, and its places.
fn far(d: &mut Decoder<'_>) -> Option<NodeAddr> {
    let count = d.array().ok()??.checked_sub(1)?;
    let mut far = NodeAddr::new(d.bytes().ok()?.try_into().ok()?);
    if count > (DIRECT + RELAYS) as u64 {
        return None;
    }
    for _ in 0..count {
        if !far.add(d.str().ok()?) {
            return None;
        }
    }
    Some(far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_survives_its_line() {
        let ticket = Ticket {
            id: [1; 16],
            secret: [2; 32],
            issuer: RootKey([3; 32]),
            addresses: vec![
                "10.0.0.1:6542".parse().unwrap(),
                "[fe80::1]:6542".parse().unwrap(),
            ],
            far: None,
        };
        // A node of before there was a wide area reads what has nothing of it.
        assert!(ticket.to_string().starts_with(NEAR));
        let place = "iroh:0707070707070707070707070707070707070707070707070707070707070707@192.0.2.7:6543,https://relay.example/";
        let far = Ticket {
            far: Some(place.parse().unwrap()),
            ..ticket.clone()
        };
        for ticket in [ticket, far] {
            survives(&ticket);
        }
    }

    /// What a QR code holds is the same invitation, in the 41 modules of a version 6 code: 22 rows of a terminal.
    #[test]
    fn a_ticket_fits_into_a_small_code() {
        let ticket = Ticket {
            id: [1; 16],
            secret: [2; 32],
            issuer: RootKey([3; 32]),
            addresses: vec![
                "[2001:db8:1111:2222:3333:4444:5555:6666]:65432"
                    .parse()
                    .unwrap(),
                "192.168.100.100:6542".parse().unwrap(),
            ],
            far: None,
        };
        let line = ticket.compact();
        assert_eq!(line, line.to_uppercase());
        let read = Ticket::parse(&line).unwrap();
        assert_eq!(read.addresses, ticket.addresses[1..]);
        assert_eq!(
            (read.id, read.secret, read.issuer),
            (ticket.id, ticket.secret, ticket.issuer)
        );
        let code = qrcode::QrCode::with_error_correction_level(&line, qrcode::EcLevel::L).unwrap();
        assert!(code.width() <= 41, "{}", code.width());
        assert_eq!(Ticket::parse(&line.to_lowercase()), None);
    }

    fn survives(ticket: &Ticket) {
        let line = ticket.to_string();
        assert_eq!(Ticket::parse(&format!(" {line}\n")), Some(ticket.clone()));
        for at in NEAR.len()..line.len() {
            let mut wrong = line.clone().into_bytes();
            wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                Ticket::parse(std::str::from_utf8(&wrong).unwrap()),
                None,
                "{at}"
            );
            assert_eq!(Ticket::parse(&line[..at]), None);
        }
    }
}
