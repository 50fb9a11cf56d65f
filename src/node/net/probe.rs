//! `okibi doctor PEER`: goes the way to a peer step by step and says which step fails.

use std::time::Duration;

use crate::record::RootKey;
use crate::sync::Closed;

use super::NetOptions;
use super::transport::plain;
use crate::node::clock::now;
use crate::node::home::doctor::Finding;
use crate::node::{Failure, Handle};

/// How long a look may take.
const LOOK: Duration = Duration::from_secs(12);
/// A clock that stands further behind what was heard from others is worth a word.
const BEHIND: u64 = 3_600_000;

/// How a session that did not open ended, for people.
pub(super) fn reason(why: Option<&Closed>) -> &'static str {
    match why {
        Some(Closed::Stranger) => "stranger",
        Some(Closed::Refused) => "refused",
        Some(Closed::Myself) => "myself",
        Some(Closed::Version(_) | Closed::Bye(2)) => "version",
        Some(_) => "broken",
        // Who has nothing in common with us, or does not want us, hangs up without a word.
        None => "hung-up",
    }
}

impl Handle {
    /// Looks for a peer: by its address, or by what it is called in a circle. Everything on the way is a finding.
    pub fn probe(&mut self, peer: &str, mut options: NetOptions) -> Result<Vec<Finding>, Failure> {
        let address = super::valid_address(peer).then(|| peer.to_owned());
        let root = match &address {
            Some(_) => None,
            None => Some(self.known_as(peer)?),
        };
        let mut findings = vec![self.check_clock()?];
        if let Some(root) = &root
            && self.store.opinion(root)?.blocked
        {
            findings.push(Finding::new("doctor-peer-blocked", false).with("name", peer));
        }
        options.port = 0;
        options.once = Some(LOOK);
        options.peers.extend(address.clone());
        let discover = options.discover;
        let relays = options.wide_area.relays.len();
        let report = self.run_network(options, &mut |_| None)?;
        if discover {
            let seen = report.seen.len();
            findings.push(Finding::new("doctor-peer-seen", seen > 0).with("count", seen));
        }
        if let Some(here) = &report.here {
            findings.push(Finding::new("doctor-iroh", true).with("address", here));
            if relays > 0 {
                // This node's own address names a relay once that has answered.
                let answers = here.contains("://");
                findings.push(Finding::new("doctor-relay", answers).with("count", relays));
            }
            if let Some(answers) = report.dht {
                findings.push(Finding::new("doctor-dht", answers));
            }
        }
        let reached = report.peers.iter().find(|it| match (&address, &root) {
            (Some(address), _) => it.address == plain(address),
            (None, Some(root)) => it.root == *root,
            (None, None) => false,
        });
        if let Some(reached) = reached {
            let way = if reached.relayed {
                "doctor-peer-relayed"
            } else {
                "doctor-peer-udp"
            };
            findings.push(Finding::new(way, true).with("address", &reached.address));
            findings.push(Finding::new("doctor-peer-member", true).with("name", &reached.name));
            let code = "doctor-peer-in-step";
            findings.push(Finding::new(code, reached.in_step).with("name", &reached.name));
            return Ok(findings);
        }
        let mut ways = report.turned_away.iter();
        let turned = match &address {
            Some(address) => ways.find(|(at, _)| *at == plain(address)),
            None => ways.next(),
        };
        match turned {
            Some((address, why)) => {
                findings.push(Finding::new("doctor-peer-udp", true).with("address", address));
                let code = match *why {
                    "version" => "doctor-peer-version",
                    "myself" => "doctor-peer-myself",
                    "refused" => "doctor-peer-refused",
                    "broken" => "doctor-peer-broken",
                    _ => "doctor-peer-stranger",
                };
                findings.push(Finding::new(code, false).with("address", address));
            }
            None => {
                let address = address.unwrap_or_else(|| peer.to_owned());
                findings.push(Finding::new("doctor-peer-silent", false).with("address", address));
            }
        }
        Ok(findings)
    }

    /// The member of any circle that a name means.
    fn known_as(&self, name: &str) -> Result<RootKey, Failure> {
        let mut last = None;
        for circle in self.store.circles()? {
            match self.find_member(&circle, name) {
                Ok(root) => return Ok(root),
                Err(failure) => last = Some(failure),
            }
        }
        Err(last.unwrap_or_else(|| Failure::new("no-circle", crate::node::Exit::Failed)))
    }

    /// Others have written later than this clock says it is.
    fn check_clock(&self) -> Result<Finding, Failure> {
        let heard = self
            .store
            .meta("clock")?
            .and_then(|bytes| bytes.try_into().ok());
        let heard = heard.map_or(0, u64::from_be_bytes) >> 16;
        let behind = heard.saturating_sub(now());
        let minutes = behind / 60_000;
        Ok(Finding::new("doctor-clock", behind < BEHIND).with("minutes", minutes))
    }
}
