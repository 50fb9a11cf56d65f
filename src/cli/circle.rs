//! `okibi circle`

use std::io::Read;

use serde_json::json;

use crate::identity::{KeyCard, Words, fingerprint, words};
use crate::messages::say;
use crate::node::{CircleView, Decision, Exit, Failure, Handle, Standing, paste};
use crate::record::Policy;

use super::Outcome;
use super::args::{Circle, Of, Sure};
use super::decide;
use super::home::{member_json, member_line};
use super::out::{Out, broken, printable};

/// Bytes read from a file or standard input that should hold a key card.
const CARD_BYTES: u64 = 64 * 1024;

/// Makes a decision once the circle is found.
type Make = Box<dyn FnOnce(&Handle, &CircleView) -> Made>;

/// Runs one of the circle commands.
pub fn run(out: &Out, node: &mut Handle, command: Circle) -> Outcome {
    let (of, sure, make): (Of, Sure, Make) = match command {
        Circle::Found { name, me, with } => return found(out, node, &name, &me, &with),
        Circle::List => return list(out, node),
        Circle::Offers => return super::offers::list(out, node),
        Circle::Accept { name, sure } => {
            return super::offers::accept(out, node, name.as_deref(), &sure);
        }
        Circle::Forget { name, sure } => return forget(out, node, &name, &sure),
        #[cfg(feature = "lan")]
        Circle::Invite(it) => return super::network::invite(out, node, &it),
        #[cfg(feature = "lan")]
        Circle::Join(it) => return super::network::join(out, node, &it),
        #[cfg(feature = "lan")]
        Circle::Confirm { words } => return super::network::confirm(out, node, &words),
        #[cfg(feature = "lan")]
        Circle::Tickets => return super::network::tickets(out, node),
        #[cfg(feature = "lan")]
        Circle::Withdraw { id } => return super::network::withdraw(out, node, &id),
        Circle::Members { of } => return members(out, node, of.circle.as_deref()),
        Circle::Log { of } => {
            let circle = node.find_circle(of.circle.as_deref())?;
            return decide::log(out, node, &circle);
        }
        Circle::Explain { what, of } => {
            let circle = node.find_circle(of.circle.as_deref())?;
            return decide::explain(out, node, &circle, &what);
        }
        Circle::Refound { name, of, sure } => return refound(out, node, &name, &of, &sure),
        Circle::Policy {
            invitations: None,
            quorum: None,
            of,
            ..
        } => {
            let circle = node.find_circle(of.circle.as_deref())?;
            let policy = circle.state.policy;
            let value = json!({
                "invitations": policy.invitations, "quorum": policy.quorum, "rules": policy.rules,
            });
            return said(
                out,
                "policy",
                value,
                "policy",
                &decide::policy_words(&policy),
            );
        }
        Circle::Admit {
            card: text,
            name,
            of,
            sure,
        } => {
            let card = card(&text)?;
            let root = card.root();
            let about = [
                ("fingerprint", fingerprint(&root)),
                ("words", words(&root, Words::English).join(" ")),
            ];
            out.note("compare", &about)
                .map_err(|error| broken(&error))?;
            (
                of,
                sure,
                Box::new(move |_, _| Ok(Decision::Admit { card, name })),
            )
        }
        Circle::Endorse { what, of, sure } => (
            of,
            sure,
            Box::new(move |node, circle| {
                Ok(Decision::Endorse {
                    target: node.find_endorsable(circle, &what)?,
                })
            }),
        ),
        Circle::Suspend {
            member,
            reason,
            from_start,
            of,
            sure,
        } => (
            of,
            sure,
            Box::new(move |node, circle| {
                let root = node.find_member(circle, &member)?;
                Ok(Decision::Suspend {
                    root,
                    reason,
                    from_start,
                })
            }),
        ),
        Circle::Lift { member, of, sure } => (
            of,
            sure,
            Box::new(move |node, circle| {
                Ok(Decision::Lift {
                    root: node.find_member(circle, &member)?,
                })
            }),
        ),
        Circle::Readmit { member, of, sure } => (
            of,
            sure,
            Box::new(move |node, circle| {
                Ok(Decision::Readmit {
                    root: node.find_member(circle, &member)?,
                })
            }),
        ),
        Circle::AddAdmin { member, of, sure } => (
            of,
            sure,
            Box::new(move |node, circle| {
                Ok(Decision::AddAdmin {
                    root: node.find_member(circle, &member)?,
                })
            }),
        ),
        Circle::Policy {
            invitations,
            quorum,
            of,
            sure,
        } => (
            of,
            sure,
            Box::new(move |_, circle| {
                let now = circle.state.policy;
                let policy = Policy {
                    invitations: invitations.unwrap_or(now.invitations),
                    quorum: quorum.unwrap_or(now.quorum),
                    // Rules are raised by the okibi that brings them.
                    rules: now.rules,
                };
                Ok(Decision::Policy { policy })
            }),
        ),
    };
    let circle = node.find_circle(of.circle.as_deref())?;
    let decision = make(node, &circle)?;
    decide::decide(out, node, &circle, &decision, &sure)
}

type Made = Result<Decision, Failure>;

fn refound(out: &Out, node: &mut Handle, name: &str, of: &Of, sure: &Sure) -> Outcome {
    let old = node.find_circle(of.circle.as_deref())?;
    let about = [("name", name.to_owned()), ("old", old.state.name.clone())];
    out.note("would-refound", &about)
        .map_err(|error| broken(&error))?;
    if sure.dry_run || !(sure.yes || decide::confirmed(out)?) {
        return decide::undecided(sure);
    }
    let founded = node.refound(&old, name)?;
    let value = json!({"circle": founded.circle, "name": name, "predecessor": old.id});
    let about = [("name", name.to_owned()), ("id", founded.circle.short())];
    said(out, "circle", value, "circle-founded", &about)
}

fn forget(out: &Out, node: &mut Handle, name: &str, sure: &Sure) -> Outcome {
    let circle = node.find_circle(Some(name))?;
    let about = [("name", circle.state.name.clone())];
    out.note("would-forget", &about)
        .map_err(|error| broken(&error))?;
    if sure.dry_run || !(sure.yes || decide::confirmed(out)?) {
        return decide::undecided(sure);
    }
    let count = node.forget_circle(&circle)?;
    let about = [
        ("name", circle.state.name.clone()),
        ("id", circle.id.short()),
        ("count", count.to_string()),
    ];
    let value = json!({"circle": circle.id, "name": circle.state.name, "records": count});
    said(out, "circle-forgot", value, "circle-forgot", &about)
}

/// Prints a fact whose words are in the catalogue.
pub fn said(
    out: &Out,
    kind: &str,
    value: serde_json::Value,
    code: &str,
    about: &[(&str, String)],
) -> Outcome {
    out.fact(kind, value, || printable(&say(code, about)))
        .map_err(|error| broken(&error))?;
    Ok(Exit::Done)
}

fn found(out: &Out, node: &mut Handle, name: &str, me: &str, with: &[String]) -> Outcome {
    let mut cards = Vec::new();
    for text in with {
        let (name, text) = text
            .split_once('=')
            .ok_or_else(|| Failure::new("card-unnamed", Exit::Usage).with("value", text))?;
        cards.push((name.to_owned(), card(text)?));
    }
    let founded = node.found(name, me, &cards)?;
    let value = json!({"circle": founded.circle, "name": name, "admins": founded.admins});
    let about = [("name", name.to_owned()), ("id", founded.circle.short())];
    said(out, "circle", value, "circle-founded", &about)?;
    if founded.admins.len() < 3 {
        out.note("few-admins", &[("count", founded.admins.len().to_string())])
            .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

fn list(out: &Out, node: &Handle) -> Outcome {
    let mut any = false;
    for circle in node.circles()? {
        if circle.standing == Standing::Shelf {
            continue;
        }
        any = true;
        let members = circle.state.active().count();
        let value = json!({
            "circle": circle.id, "name": circle.state.name, "members": members,
            "founder": circle.state.founder, "me": circle.state.is_active(&node.root()),
        });
        out.fact("circle", value, || {
            let founder = circle
                .state
                .founder
                .map_or_else(String::new, |root| fingerprint(&root));
            let about = [
                ("name", circle.state.name.clone()),
                ("id", circle.id.short()),
                ("count", members.to_string()),
                ("founder", founder),
            ];
            printable(&say("circle-line", &about))
        })
        .map_err(|error| broken(&error))?;
    }
    if !any {
        out.note("status-alone", &[])
            .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

fn members(out: &Out, node: &Handle, name: Option<&str>) -> Outcome {
    let circle = node.find_circle(name)?;
    let max_age = node.config().stale_hours.saturating_mul(3_600_000);
    let status = node.status(max_age)?;
    let members = status
        .circles
        .into_iter()
        .find(|it| it.id == circle.id)
        .map(|it| it.members);
    for member in members.unwrap_or_default() {
        out.fact("member", member_json(&member), || {
            printable(&member_line(&member))
        })
        .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

/// A key card from the argument itself, a file, or standard input.
fn card(text: &str) -> Result<KeyCard, Failure> {
    let mut bytes = Vec::new();
    if text == "-" {
        std::io::stdin()
            .take(CARD_BYTES)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new("card-bad", Exit::Failed).with("error", error))?;
    } else if text.trim_start().starts_with("okibi-card-") {
        bytes.extend_from_slice(text.as_bytes());
    } else {
        let path = std::path::Path::new(text);
        let file = std::fs::File::open(path).map_err(|error| Failure::io(path, error))?;
        file.take(CARD_BYTES)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new("card-bad", Exit::Failed).with("error", error))?;
    }
    let pasted = paste::text(&bytes).unwrap_or_default();
    paste::card(&pasted).map_err(|error| {
        let exit = match error {
            crate::identity::CardError::Newer => Exit::Newer,
            crate::identity::CardError::Forged(_) => Exit::Refused,
            _ => Exit::Failed,
        };
        Failure::new("card-bad", exit).with("error", error)
    })
}
