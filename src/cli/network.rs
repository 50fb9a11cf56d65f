//! `okibi node`, `okibi sync`, `okibi peer`, and the invitations of `okibi circle`.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::{Value, json};

use crate::identity::fingerprint;
use crate::messages::say;
use crate::node::{
    Compared, Exit, Failure, Finding, Handle, NetOptions, NetReport, Ticket, ask_daemon,
    valid_address,
};
use crate::record::RootKey;
use crate::record::foreign::{ascii_json, harmless_line};

use super::Outcome;
use super::courier;
use super::decide::confirmed;
use super::network_args::{Invite, Join, Node, Peer, Road, Sync};
use super::out::{Out, broken, line};

/// A pairing that nobody finishes ends after this.
const JOIN: Duration = Duration::from_secs(900);
/// The round that brings what the admission promised.
const FIRST_ROUND: Duration = Duration::from_secs(60);

fn options(node: &Handle, road: &Road) -> Result<NetOptions, Failure> {
    for address in &road.peers {
        if !valid_address(address) {
            return Err(Failure::new("bad-address", Exit::Usage).with("value", address));
        }
    }
    let mut options = node.net_options()?;
    options.peers.clone_from(&road.peers);
    options.discover &= !road.no_discovery;
    options.offline |= road.offline;
    options.port = road.port.unwrap_or(options.port);
    Ok(options)
}

/// Nobody is asked: words wait for `okibi circle confirm`.
fn nobody(_: &Compared) -> Option<bool> {
    None
}

/// `okibi node`
pub fn node(out: &Out, node: &mut Handle, args: &Node) -> Outcome {
    let mut options = options(node, &args.road)?;
    options.control = true;
    log(out);
    out.note(
        "node-starts",
        &[("home", node.home().display().to_string())],
    )
    .map_err(|error| broken(&error))?;
    let (stop, stopped) = std::sync::mpsc::channel();
    let config = node.config().clone();
    std::thread::scope(|scope| {
        if args.watch_media {
            // On the home like a process of its own: the network's thread does not wait for a stick.
            scope.spawn(move || {
                let watched = Handle::open(config, super::sink(out))
                    .and_then(|mut node| courier::serve(out, &mut node, &stopped));
                if let Err(failure) = watched {
                    out.failure(&failure);
                }
            });
        }
        let ran = node.run_network(options, &mut nobody);
        // A courier at work comes to its end first.
        drop(stop);
        ran
    })?;
    Ok(Exit::Done)
}

/// Structured lines on standard error; `RUST_LOG` says how many.
fn log(out: &Out) {
    let level = if out.quiet {
        "okibi=warn"
    } else {
        "okibi=info"
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    // One writer for whatever others chose; colours would be escapes among theirs.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Plain::default)
        .with_ansi(false);
    // Somebody else's subscriber stays: then the lines go there.
    let _ = if out.json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
}

/// Standard error for logs: an event is one line, and nothing in it acts on a terminal, whichever field it stands in.
#[derive(Default)]
struct Plain(Vec<u8>);

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let text = plain_line(&self.0);
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// One event as one line of characters that only show. Of JSON nothing but ASCII stays.
fn plain_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches('\n');
    let shown = match text.starts_with('{') {
        true => ascii_json(text),
        false => harmless_line(text),
    };
    format!("{shown}\n")
}

/// `okibi sync`
pub fn sync(out: &Out, node: &mut Handle, args: &Sync) -> Outcome {
    let mut options = options(node, &args.road)?;
    if options.offline {
        return Err(Failure::new("sync-offline", Exit::Usage));
    }
    // A node of this home has the port and the alias; a round beside it takes any.
    if ask_daemon(node.home(), &json!({"type": "status"})).is_some() {
        options.port = 0;
        // What is beyond the network it keeps in step by itself.
        options.wide_area.never = true;
    }
    options.once = Some(Duration::from_secs(args.timeout));
    let report = node.run_network(options, &mut nobody)?;
    tell(out, &report)?;
    Ok(Exit::Done)
}

fn tell(out: &Out, report: &NetReport) -> Result<(), Failure> {
    for address in &report.silent {
        out.warn("peer-silent", &[("address", address.clone())])
            .map_err(|error| broken(&error))?;
    }
    let peers: Vec<Value> = report
        .peers
        .iter()
        .map(|peer| {
            json!({"root": peer.root, "name": peer.name, "address": peer.address, "in_step": peer.in_step, "relayed": peer.relayed})
        })
        .collect();
    let value = json!({
        "peers": peers, "silent": report.silent, "records_in": report.records_in,
        "records_out": report.records_out, "blobs_in": report.blobs_in,
        "bytes_in": report.bytes_in, "bytes_out": report.bytes_out,
    });
    out.fact("sync", value, || {
        if report.peers.is_empty() {
            return say("sync-nobody", &[]);
        }
        let names: Vec<String> = report.peers.iter().map(|peer| line(&peer.name)).collect();
        let about = [
            ("names", names.join(", ")),
            ("in", report.records_in.to_string()),
            ("out", report.records_out.to_string()),
            ("blobs", report.blobs_in.to_string()),
        ];
        say("sync-done", &about)
    })
    .map_err(|error| broken(&error))
}

/// The member that a name means in any circle.
fn member(node: &Handle, name: &str) -> Result<RootKey, Failure> {
    node.find_person(name)
}

/// `okibi peer`
pub fn peer(out: &Out, node: &mut Handle, command: Peer) -> Outcome {
    match command {
        Peer::List => list(out, node)?,
        Peer::Add { address } => {
            if !valid_address(&address) {
                return Err(Failure::new("bad-address", Exit::Usage).with("value", &address));
            }
            node.add_peer(&address)?;
            said(
                out,
                json!({"address": address, "added": true}),
                "peer-added",
                &[("address", address.clone())],
            )?;
        }
        Peer::Address => {
            let options = options(node, &Road::default())?;
            let daemon = ask_daemon(node.home(), &json!({"type": "status"}));
            let address = far(node, &options, daemon.as_ref())?;
            let address = address.ok_or_else(|| Failure::new("iroh-off", Exit::Failed))?;
            let value = json!({"address": address});
            out.fact("address", value, || match std::io::stdout().is_terminal() {
                true => format!("{}{address}", code(&address)),
                false => address.clone(),
            })
            .map_err(|error| broken(&error))?;
        }
        Peer::Remove { address } => {
            if !node.remove_peer(&address)? {
                return Err(Failure::new("address-unknown", Exit::Failed).with("address", &address));
            }
            said(
                out,
                json!({"address": address, "added": false}),
                "peer-removed",
                &[("address", address.clone())],
            )?;
        }
        Peer::Block { member: name } => {
            let root = member(node, &name)?;
            node.set_blocked(&root, true)?;
            said(
                out,
                json!({"root": root, "blocked": true}),
                "peer-blocked",
                &[("name", name)],
            )?;
        }
        Peer::Unblock { member: name } => {
            let root = member(node, &name)?;
            node.set_blocked(&root, false)?;
            said(
                out,
                json!({"root": root, "blocked": false}),
                "peer-unblocked",
                &[("name", name)],
            )?;
        }
        Peer::Nick { member: who, name } => {
            let root = member(node, &who)?;
            node.set_nick(&root, name.as_deref())?;
            let shown = name.clone().unwrap_or_else(|| fingerprint(&root));
            said(
                out,
                json!({"root": root, "nick": name}),
                "peer-nick",
                &[("name", shown)],
            )?;
        }
    }
    Ok(Exit::Done)
}

fn said(out: &Out, value: Value, code: &str, about: &[(&str, String)]) -> Result<(), Failure> {
    out.fact("peer", value, || line(&say(code, about)))
        .map_err(|error| broken(&error))
}

fn list(out: &Out, node: &Handle) -> Result<(), Failure> {
    let daemon = ask_daemon(node.home(), &json!({"type": "status"}));
    let connected = daemon
        .as_ref()
        .and_then(|it| it["connections"].as_array().cloned())
        .unwrap_or_default();
    for peer in node.addresses()? {
        let value = json!({"address": peer.address, "root": peer.root, "reached_ms": peer.reached});
        out.fact("peer", value, || {
            let who = peer
                .root
                .map_or_else(|| say("peer-never", &[]), |root| fingerprint(&root));
            format!("{}  {who}", line(&peer.address))
        })
        .map_err(|error| broken(&error))?;
    }
    for it in connected {
        let name = it["name"].as_str().unwrap_or_default().to_owned();
        let address = it["address"].as_str().unwrap_or_default().to_owned();
        let mut value = it.clone();
        value["connected"] = json!(true);
        out.fact("peer", value, || {
            say(
                "peer-connected",
                &[("name", line(&name)), ("address", line(&address))],
            )
        })
        .map_err(|error| broken(&error))?;
    }
    Ok(())
}

/// This node beyond its network: as the one that runs says, or else as it would be; none where it does not go there.
fn far(
    node: &Handle,
    options: &NetOptions,
    daemon: Option<&Value>,
) -> Result<Option<String>, Failure> {
    match daemon {
        Some(daemon) => Ok(daemon["iroh"].as_str().map(str::to_owned)),
        None => node.wide_area(&options.wide_area),
    }
}

/// Shows the words and, on a terminal, asks whether they are the same on the other side.
fn compare(out: &Out, about: &Compared) -> Option<bool> {
    let value = json!({
        "root": about.root, "name": about.name, "fingerprint": fingerprint(&about.root),
        "words": about.english, "words_ja": about.japanese, "joining": about.joining,
    });
    let shown = out.fact("pairing", value, || {
        let name = [("name", about.name.clone())];
        // Facts first and on lines of their own: what somebody chose stands behind them.
        let mut facts = vec![fingerprint(&about.root)];
        let said = match about.joining {
            true => say("pairing-joining", &name),
            false => {
                facts.push(say("pairing-called", &name));
                say("pairing-asked", &[])
            }
        };
        let (facts, english, japanese) = (facts.join("\n  "), &about.english, &about.japanese);
        format!("{said}\n\n  {facts}\n\n  {english}\n  {japanese}\n")
    });
    if shown.is_err() || out.json || !std::io::stdin().is_terminal() {
        return None;
    }
    confirmed(out).ok()
}

/// `okibi circle invite`
pub fn invite(out: &Out, node: &mut Handle, args: &Invite) -> Outcome {
    let circle = node.find_circle(args.of.circle.as_deref())?;
    let mut options = options(node, &args.road)?;
    let daemon = ask_daemon(node.home(), &json!({"type": "status"}));
    let port = daemon
        .as_ref()
        .and_then(|it| it["port"].as_u64())
        .and_then(|port| u16::try_from(port).ok());
    let port = port.unwrap_or(options.port);
    let addresses = node.own_addresses(port);
    let far = far(node, &options, daemon.as_ref())?;
    let invitation = node.invite(&circle, args.minutes, &addresses, far)?;
    let ticket = invitation.ticket.to_string();
    let id = data_encoding::HEXLOWER.encode(&invitation.ticket.id);
    let value = json!({
        "ticket": ticket, "id": id, "circle": circle.id, "circle_name": circle.state.name,
        "expires_ms": invitation.expires,
    });
    out.fact("ticket", value, || {
        let mut text = String::new();
        if !args.no_qr && std::io::stdout().is_terminal() {
            text = code(&ticket);
        }
        format!("{text}{ticket}")
    })
    .map_err(|error| broken(&error))?;
    out.note(
        "ticket-how",
        &[
            ("minutes", args.minutes.to_string()),
            ("id", id[..8].to_owned()),
        ],
    )
    .map_err(|error| broken(&error))?;
    if args.no_wait {
        return Ok(Exit::Done);
    }
    let spent = if daemon.is_some() {
        node.await_invitation(&invitation.ticket.id, &mut |about| compare(out, about))?
    } else {
        if options.offline {
            return Err(Failure::new("sync-offline", Exit::Usage));
        }
        options.until_spent = Some(invitation.ticket.id);
        node.run_network(options, &mut |about| compare(out, about))?;
        node.spent_by(&invitation.ticket.id)?
    };
    match spent {
        Some(root) => {
            let circle = node.find_circle(Some(&circle.id.to_string()))?;
            let name = node.name_of(&circle, &root);
            let about = [("name", line(&name)), ("circle", line(&circle.state.name))];
            let value = json!({"root": root, "name": name, "circle": circle.id});
            out.fact("admitted", value, || say("ticket-admitted", &about))
                .map_err(|error| broken(&error))?;
            Ok(Exit::Done)
        }
        None => Err(Failure::new("ticket-unused", Exit::Failed)),
    }
}

/// A QR code in half blocks, dark on light as cameras expect.
fn code(text: &str) -> String {
    use qrcode::render::unicode::Dense1x2;
    let Ok(code) = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::L) else {
        return String::new();
    };
    // Broken at the edge it would be no code any more: the line stands below. Four modules on each side stay empty.
    let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    if code.width() + 8 > width {
        return String::new();
    }
    let colours = (Dense1x2::Light, Dense1x2::Dark);
    let shown = code
        .render::<Dense1x2>()
        .dark_color(colours.0)
        .light_color(colours.1)
        .build();
    format!("{shown}\n")
}

/// `okibi circle join`
pub fn join(out: &Out, node: &mut Handle, args: &Join) -> Outcome {
    let ticket =
        Ticket::parse(&args.ticket).ok_or_else(|| Failure::new("ticket-bad", Exit::Usage))?;
    let mut options = options(node, &args.road)?;
    node.join_options(&mut options, &ticket, &args.name)?;
    options.once = Some(JOIN);
    let mut round = options.clone();
    let report = node.run_network(options, &mut |about| compare(out, about))?;
    let Some(circle) = report.joined else {
        let code = if report.denied {
            "join-denied"
        } else {
            "join-nobody"
        };
        let exit = if report.denied {
            Exit::Refused
        } else {
            Exit::Failed
        };
        return Err(Failure::new(code, exit));
    };
    let view = node.find_circle(Some(&circle.to_string()))?;
    let value = json!({"circle": circle, "circle_name": view.state.name});
    out.fact("joined", value, || {
        say("join-done", &[("circle", line(&view.state.name))])
    })
    .map_err(|error| broken(&error))?;
    // What the admission promised comes with the first round; where it does not, a later one brings it.
    round.join = None;
    round.once = Some(FIRST_ROUND);
    let report = node.run_network(round, &mut nobody)?;
    tell(out, &report)?;
    Ok(Exit::Done)
}

/// `okibi doctor PEER`
pub fn probe(node: &mut Handle, peer: &str) -> Result<Vec<Finding>, Failure> {
    let options = options(node, &Road::default())?;
    if options.offline {
        return Err(Failure::new("sync-offline", Exit::Usage));
    }
    node.probe(peer, options)
}

/// `okibi circle confirm`
pub fn confirm(out: &Out, node: &mut Handle, words: &[String]) -> Outcome {
    let row = node.confirm_words(&words.join(" "))?;
    let value = json!({"root": row.root, "name": row.name, "same": true});
    out.fact("pairing", value, || {
        say("pairing-confirmed", &[("name", line(&row.name))])
    })
    .map_err(|error| broken(&error))?;
    Ok(Exit::Done)
}

/// `okibi circle tickets`
pub fn tickets(out: &Out, node: &Handle) -> Outcome {
    for (row, open) in node.invitations()? {
        let id = data_encoding::HEXLOWER.encode(&row.id);
        let state = if row.state == "open" && !open {
            "expired"
        } else {
            row.state.as_str()
        };
        let value = json!({"id": id, "circle": row.circle, "state": state, "expires_ms": row.expires, "root": row.root});
        out.fact("ticket", value, || format!("{}  {state}", &id[..8]))
            .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

/// `okibi circle withdraw`
pub fn withdraw(out: &Out, node: &mut Handle, id: &str) -> Outcome {
    let row = node.withdraw_invitation(id)?;
    let id = data_encoding::HEXLOWER.encode(&row.id);
    let about = [("id", id[..8].to_owned())];
    out.fact("ticket", json!({"id": id, "state": "withdrawn"}), || {
        say("ticket-withdrawn", &about)
    })
    .map_err(|error| broken(&error))?;
    std::io::stdout().flush().map_err(|error| broken(&error))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whichever field it stands in, what a peer chose is no line of the log and acts on no terminal.
    #[test]
    fn an_event_is_one_line_that_only_shows() {
        let name =
            "bob\u{1b}]0;x\u{7}\n2026-11-30T00:00:00Z  INFO okibi: all is well\u{9b}31m\u{202e}";
        let event = format!("2026-12-01T00:00:00Z  INFO okibi: connected peer={name}\n");
        let line = plain_line(event.as_bytes());
        assert_eq!(line.lines().count(), 1, "{line:?}");
        assert!(
            !line
                .trim_end()
                .chars()
                .any(crate::record::foreign::is_active)
        );
        let json = serde_json::json!({"peer": name}).to_string();
        let line = plain_line(json.as_bytes());
        assert!(
            line.trim_end()
                .bytes()
                .all(|byte| matches!(byte, b' '..=b'~'))
        );
        let back: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["peer"], name);
    }
}
