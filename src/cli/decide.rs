//! Decisions in a circle: shown first, made on `--yes` or a confirmation.

use std::io::{IsTerminal, Write};

use serde_json::json;

use crate::fold::{Reason, Subject};
use crate::identity::fingerprint;
use crate::messages::say;
use crate::node::{Change, CircleView, Decision, Effect, Exit, Failure, Handle, kind_name};
use crate::record::RecordId;

use super::Outcome;
use super::args::Sure;
use super::out::{Out, broken, line, printable};
use crate::present::time;

/// Shows what a decision would do, and makes it when the person is sure.
pub fn decide(
    out: &Out,
    node: &mut Handle,
    circle: &CircleView,
    decision: &Decision,
    sure: &Sure,
) -> Outcome {
    if let Decision::Suspend { root, .. } = decision {
        let mut admins = circle.state.admins();
        if admins.next() == Some(root) && admins.next().is_none() {
            out.warn("sole-admin", &[("name", node.name_of(circle, root))])
                .map_err(|error| broken(&error))?;
        }
    }
    if !sure.yes {
        let would = node.look_at(circle, decision)?;
        tell(out, node, &would, false)?;
    }
    if sure.dry_run || !(sure.yes || confirmed(out)?) {
        return undecided(sure);
    }
    let done = node.decide(circle, decision)?;
    tell(out, node, &done, true)?;
    match done.without {
        // Waiting for endorsements is how such decisions begin.
        None | Some("votes") => Ok(Exit::Done),
        Some(why) => Err(Failure::new("without-effect", Exit::Failed)
            .with("why", say(&format!("why-{why}"), &[]))
            .with("id", done.record.short())),
    }
}

/// What was not confirmed: a preview that was asked for is done, anything else is not.
pub fn undecided(sure: &Sure) -> Outcome {
    match sure.dry_run {
        true => Ok(Exit::Done),
        false => Err(not_decided()),
    }
}

/// Nobody said yes. A script that goes on must not believe that it was done.
pub fn not_decided() -> Failure {
    Failure::new("not-decided", Exit::Failed)
}

/// Asks on a terminal; without one the answer is no.
pub fn confirmed(out: &Out) -> Result<bool, Failure> {
    if out.json || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let mut err = std::io::stderr().lock();
    write!(err, "{} ", say("sure", &[]))
        .and_then(|()| err.flush())
        .map_err(|error| broken(&error))?;
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| broken(&error))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes" | "はい"))
}

fn tell(out: &Out, node: &Handle, effect: &Effect, done: bool) -> Result<(), Failure> {
    let circle = &effect.after;
    let lines: Vec<String> = effect
        .changes
        .iter()
        .filter_map(|change| words(node, circle, effect.record, change))
        .collect();
    let value = json!({
        "record": effect.record, "done": done, "circle": circle.id,
        "without_effect": effect.without, "changes": lines,
    });
    out.fact("decision", value, || {
        let id = [("id", effect.record.short())];
        let mut all = vec![say(if done { "decided" } else { "would-decide" }, &id)];
        all.extend(lines.iter().map(|line| format!("  {line}")));
        if lines.is_empty() && effect.without.is_none() {
            all.push(format!("  {}", say("change-none", &[])));
        }
        if let Some(why) = effect.without {
            all.push(format!("  {}", say(&format!("why-{why}"), &[])));
        }
        printable(&all.join("\n"))
    })
    .map_err(|error| broken(&error))
}

fn words(node: &Handle, circle: &CircleView, own: RecordId, change: &Change) -> Option<String> {
    let member = |code: &str, root| {
        let about = [
            ("name", node.name_of(circle, root)),
            ("fingerprint", fingerprint(root)),
        ];
        say(code, &about)
    };
    Some(match change {
        Change::Member(root) => member("change-member", root),
        Change::Suspended(root) => member("change-suspended", root),
        Change::Restored(root) => member("change-restored", root),
        Change::Admin(root) => member("change-admin", root),
        Change::NoAdmin(root) => member("change-no-admin", root),
        Change::Policy(policy) => say("change-policy", &policy_words(policy)),
        Change::Counts(id) => say("change-counts", &[("id", id.short())]),
        Change::WithoutEffect(id) if *id == own => return None,
        Change::WithoutEffect(id) => say("change-without-effect", &[("id", id.short())]),
    })
}

/// A policy's values for a message.
pub fn policy_words(policy: &crate::record::Policy) -> [(&'static str, String); 2] {
    let quorum = match policy.quorum {
        0 => say("policy-majority", &[]),
        number => number.to_string(),
    };
    [
        ("invitations", policy.invitations.to_string()),
        ("quorum", quorum),
    ]
}

/// `okibi circle log`
pub fn log(out: &Out, node: &Handle, circle: &CircleView) -> Outcome {
    for decided in node.decisions(circle)? {
        let record = &decided.record;
        let author = decided
            .author
            .map_or_else(|| "?".to_owned(), |root| node.name_of(circle, &root));
        let kind = kind_name(record.value().kind);
        let at = record.value().time.millis();
        let value = json!({
            "record": record.id(), "kind": kind, "author": decided.author, "author_name": author,
            "at_ms": at, "without_effect": decided.without,
        });
        out.fact("decision", value, || {
            let why = decided.without.map(|why| say(&format!("why-{why}"), &[]));
            let why = why.map_or_else(String::new, |why| format!("  ({why})"));
            line(&format!(
                "{}  {}  {kind:<10} {author}{why}",
                record.id().short(),
                time::date(at)
            ))
        })
        .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

/// `okibi circle explain`
pub fn explain(out: &Out, node: &Handle, circle: &CircleView, what: &str) -> Outcome {
    let (subject, reasons) = node.explain(circle, what)?;
    let shown = match subject {
        Subject::Root(root) => format!("{} ({})", node.name_of(circle, &root), fingerprint(&root)),
        Subject::Record(id) => describe(node, id)?,
    };
    let value =
        json!({"what": shown, "reasons": reasons.iter().map(reason_json).collect::<Vec<_>>()});
    out.fact("explanation", value, || {
        let mut lines = vec![line(&shown)];
        for reason in &reasons {
            lines.push(line(&format!("  {}", reason_words(node, circle, reason))));
        }
        lines.join("\n")
    })
    .map_err(|error| broken(&error))?;
    Ok(Exit::Done)
}

fn describe(node: &Handle, id: RecordId) -> Result<String, Failure> {
    let kind = node.kind_of(&id)?;
    Ok(format!("{} {}", kind.unwrap_or_default(), id.short()))
}

fn reason_json(reason: &Reason) -> serde_json::Value {
    json!({
        "code": reason.code, "records": reason.records, "statements": reason.statements,
        "roots": reason.roots, "message": say(&format!("why-{}", reason.code), &[]),
        "have": reason.count.map(|(have, _)| have), "need": reason.count.map(|(_, need)| need),
    })
}

fn reason_words(node: &Handle, circle: &CircleView, reason: &Reason) -> String {
    let mut line = say(&format!("why-{}", reason.code), &[]);
    if let Some((have, need)) = reason.count {
        let about = [("have", have.to_string()), ("need", need.to_string())];
        line.push_str(&format!(" {}", say("why-count", &about)));
    }
    if !reason.roots.is_empty() {
        let names: Vec<String> = reason
            .roots
            .iter()
            .map(|root| node.name_of(circle, root))
            .collect();
        line.push_str(&format!(" [{}]", names.join(", ")));
    }
    if !reason.records.is_empty() {
        let ids: Vec<String> = reason.records.iter().map(|id| id.short()).collect();
        line.push_str(&format!(" ({})", ids.join(", ")));
    }
    line
}
