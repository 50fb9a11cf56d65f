//! Commands about this node itself: status, audit, doctor, gc, key, config.

use serde_json::json;

use crate::config::Config;
use crate::messages::say;
use crate::node::{CircleStatus, Exit, Failure, Handle, MemberStatus};
use crate::record::foreign::listed;

use super::args::{Audit, Doctor, Gc, Status};
use super::out::{Out, broken, line, printable};
use crate::present::time;
use crate::present::units::size;

use super::Outcome;

/// `okibi status`
pub fn status(out: &Out, node: &mut Handle, args: &Status) -> Outcome {
    let max_age = match &args.max_age {
        Some(text) => time::parse_duration(text)
            .ok_or_else(|| Failure::new("bad-age", Exit::Usage).with("value", text))?,
        None => node.config().stale_hours.saturating_mul(3_600_000),
    };
    let status = node.status(max_age)?;
    let circles: Vec<_> = status.circles.iter().map(circle_json).collect();
    let value = json!({
        "root": status.root, "fingerprint": status.fingerprint, "home": status.home,
        "models": status.models, "documents": status.documents, "blob_bytes": status.blob_bytes,
        "stopped": status.stopped, "circles": circles, "offers": status.offers, "version": env!("CARGO_PKG_VERSION"),
    });
    out.fact("status", value, || {
        let mut lines = vec![
            format!(
                "okibi {}  {}",
                env!("CARGO_PKG_VERSION"),
                status.fingerprint
            ),
            format!("home       {}", status.home),
            format!("models     {}", list(&status.models)),
            format!("documents  {}", status.documents),
            format!("blobs      {}", size(status.blob_bytes)),
        ];
        for circle in &status.circles {
            lines.push(String::new());
            lines.extend(circle_lines(circle));
        }
        if status.circles.iter().all(|circle| circle.shelf) {
            lines.push(String::new());
            lines.push(say("status-alone", &[]));
        }
        printable(&lines.join("\n"))
    })
    .map_err(|error| broken(&error))?;

    if status.offers > 0 {
        let about = [("count", status.offers.to_string())];
        out.note("status-offers", &about)
            .map_err(|error| broken(&error))?;
    }
    let mut exit = Exit::Done;
    for circle in &status.circles {
        let name = || vec![("circle", circle.name.clone())];
        let stale: Vec<String> = circle
            .members
            .iter()
            .filter(|member| member.stale)
            .map(|member| member.name.clone())
            .collect();
        if circle.waiting > 0 {
            warn(
                out,
                "status-waiting",
                [name(), vec![("count", circle.waiting.to_string())]].concat(),
            )?;
            exit = if args.strict { Exit::Waiting } else { exit };
        }
        for member in &circle.members {
            super::stick::tell_missing(out, &circle.name, &member.name, &member.missing)?;
        }
        if !circle.forked.is_empty() {
            warn(out, "status-fork", name())?;
            exit = if args.strict { Exit::Fork } else { exit };
        }
        if !circle.set_back.is_empty() {
            let who = vec![("names", circle.set_back.join(", "))];
            warn(out, "status-set-back", [name(), who].concat())?;
            exit = if args.strict { Exit::Fork } else { exit };
        }
        if circle.newer {
            warn(out, "status-newer", name())?;
            exit = Exit::Newer;
        }
        if !stale.is_empty() {
            warn(
                out,
                "status-stale",
                [name(), vec![("names", listed(&stale))]].concat(),
            )?;
            let asked = args.max_age.is_some() || args.strict;
            exit = if asked && exit != Exit::Newer {
                Exit::Stale
            } else {
                exit
            };
        }
    }
    if status.stopped {
        warn(out, "home-moved", vec![])?;
    }
    for notice in node.take_notices()? {
        let text = |value: &serde_json::Value, field: &str| -> String {
            value
                .get(field)
                .and_then(|text| text.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let list = |field: &str| {
            notice
                .get(field)
                .and_then(|it| it.as_array())
                .cloned()
                .unwrap_or_default()
        };
        let by: Vec<String> = list("by")
            .iter()
            .filter_map(|id| id.as_str()?.get(..8).map(str::to_owned))
            .collect();
        for change in list("changes") {
            let about = vec![
                ("circle", text(&notice, "circle")),
                ("what", text(&change, "what")),
                ("was", say(&format!("why-{}", text(&change, "was")), &[])),
                ("is", say(&format!("why-{}", text(&change, "is")), &[])),
                ("by", by.join(", ")),
            ];
            warn(out, "status-changed", about)?;
        }
    }
    Ok(exit)
}

fn warn(out: &Out, code: &str, about: Vec<(&str, String)>) -> Result<(), Failure> {
    out.warn(code, &about).map_err(|error| broken(&error))
}

fn circle_json(circle: &CircleStatus) -> serde_json::Value {
    let hex = |hash: &[u8; 32]| data_encoding::HEXLOWER.encode(hash);
    json!({
        "id": circle.id, "name": circle.name, "shelf": circle.shelf,
        "set_hash": hex(&circle.set_hash), "state_hash": hex(&circle.state_hash),
        "records": circle.records, "documents": circle.documents, "models": circle.models,
        "waiting": circle.waiting, "wanted": circle.wanted, "forked": circle.forked, "set_back": circle.set_back,
        "missing_blobs": circle.missing_blobs, "newer": circle.newer,
        "members": circle.members.iter().map(member_json).collect::<Vec<_>>(),
    })
}

/// A member as JSON.
pub fn member_json(member: &MemberStatus) -> serde_json::Value {
    let (age, road) = member.heard.clone().unzip();
    json!({
        "root": member.root, "name": member.name, "fingerprint": member.fingerprint,
        "admin": member.admin, "suspended": member.suspended, "me": member.me,
        "heard_ms_ago": age, "road": road, "behind": member.behind, "stale": member.stale,
        "missing": member.missing,
    })
}

fn circle_lines(circle: &CircleStatus) -> Vec<String> {
    let hash = data_encoding::HEXLOWER.encode(&circle.state_hash[..4]);
    let kind = if circle.shelf { "shelf " } else { "circle" };
    let mut lines = vec![format!(
        "{kind} {}  {} records, {} documents, {} models, state {hash}",
        line(&circle.name),
        circle.records,
        circle.documents,
        circle.models
    )];
    if circle.missing_blobs > 0 {
        lines.push(format!(
            "  {}",
            say(
                "status-blobs",
                &[("count", circle.missing_blobs.to_string())]
            )
        ));
    }
    if !circle.shelf {
        lines.extend(
            circle
                .members
                .iter()
                .map(|member| format!("  {}", member_line(member))),
        );
    }
    lines
}

/// A member in one line.
pub fn member_line(member: &MemberStatus) -> String {
    let mut parts = vec![format!("{:<16} {}", line(&member.name), member.fingerprint)];
    if member.me {
        parts.push(say("member-me", &[]));
    }
    if member.admin {
        parts.push(say("member-admin", &[]));
    }
    if member.suspended {
        parts.push(say("member-suspended", &[]));
    }
    if !member.me && !member.suspended {
        parts.push(match &member.heard {
            Some((_, road)) if member.future => {
                say("member-heard-future", &[("road", road.clone())])
            }
            Some((age, road)) => say(
                "member-heard",
                &[("age", time::duration(*age)), ("road", road.clone())],
            ),
            None => say("member-never-heard", &[]),
        });
        match member.behind {
            Some(0) => parts.push(say("member-even", &[])),
            Some(count) => parts.push(say("member-behind", &[("count", count.to_string())])),
            None => {}
        }
    }
    parts.join("  ")
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "-".to_owned()
    } else {
        names.join(", ")
    }
}

/// `okibi audit`
pub fn audit(out: &Out, node: &Handle, args: &Audit) -> Outcome {
    if args.verify {
        let checked = node.verify_audit()?;
        let (count, hash) = (checked.lines, checked.head);
        let hash = data_encoding::HEXLOWER.encode(&hash);
        out.fact(
            "audit-verified",
            json!({"lines": count, "head": hash}),
            || {
                let about = [("count", count.to_string()), ("hash", hash.clone())];
                say("audit-verified", &about)
            },
        )
        .map_err(|error| broken(&error))?;
        return Ok(Exit::Done);
    }
    let lines = node.audit()?;
    // A line that announced something leaving is finished by a later one that names it.
    let finished: std::collections::BTreeSet<u64> = lines
        .iter()
        .filter_map(|line| line.line.get("finishes")?.as_u64())
        .collect();
    for line in &lines {
        let open = line.line.get("state").is_some_and(|state| state == "begun")
            && !finished.contains(&line.sequence);
        let mut value = line.line.clone();
        if let Some(map) = value.as_object_mut() {
            map.insert("sequence".to_owned(), json!(line.sequence));
            map.insert("at_ms".to_owned(), json!(line.at));
            if open {
                map.insert("state".to_owned(), json!("possibly left"));
            }
        }
        let words = || {
            let field = |name: &str| match value.get(name) {
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(serde_json::Value::Array(names)) => names
                    .iter()
                    .map(|name| {
                        name.as_str()
                            .map_or_else(|| name.to_string(), str::to_owned)
                    })
                    .collect::<Vec<_>>()
                    .join(" and "),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            let rest: Vec<String> = value
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(key, _)| !["sequence", "at_ms", "what", "state"].contains(&key.as_str()))
                .map(|(key, _)| format!("{key} {}", field(key)))
                .collect();
            let time = time::date(line.at);
            let head = format!(
                "{:>4}  {time}  {}  {}",
                line.sequence,
                field("what"),
                field("state")
            );
            self::line(format!("{}  {}", head.trim_end(), rest.join(", ")).trim_end())
        };
        out.fact("audit", value.clone(), words)
            .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

/// `okibi doctor`
pub fn doctor(out: &Out, node: &mut Handle, args: &Doctor) -> Outcome {
    let mut bad = false;
    #[cfg(feature = "lan")]
    let findings = match &args.peer {
        Some(peer) => super::network::probe(node, peer)?,
        None => node.doctor()?,
    };
    #[cfg(not(feature = "lan"))]
    let findings = node.doctor()?;
    for finding in findings {
        bad |= !finding.good && !finding.advice;
        let message = say(finding.code, &finding.about);
        let hint = match finding.good {
            true => String::new(),
            false => say(&format!("{}.hint", finding.code), &finding.about),
        };
        let value = json!({"code": finding.code, "good": finding.good, "advice": finding.advice,
                   "message": message, "hint": hint});
        out.fact("finding", value, || {
            let mark = match (finding.good, finding.advice) {
                (true, _) => "doctor-good",
                (false, true) => "doctor-advice",
                (false, false) => "doctor-bad",
            };
            let mark = say(mark, &[]);
            let mut text = format!("{mark}  {message}");
            if !hint.is_empty() {
                text.push_str(&format!("\n    {hint}"));
            }
            printable(&text)
        })
        .map_err(|error| broken(&error))?;
    }
    Ok(if bad && args.strict {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// `okibi gc`
pub fn gc(out: &Out, node: &mut Handle, args: &Gc) -> Outcome {
    let (mut count, mut bytes) = node.collect_garbage(args.dry_run)?;
    if args.slices {
        let (sets, kept) = node.drop_slices(args.dry_run)?;
        (count, bytes) = (count + sets, bytes + kept);
    }
    let (swept, database) = node.shrink_database(args.dry_run)?;
    let left = database.left.map(|left| left.code());
    let value = json!({
        "files": count, "bytes": bytes, "dry_run": args.dry_run,
        "database": {
            "bytes": database.bytes, "records": swept.records, "statements": swept.statements, "left": left,
        },
    });
    out.fact("gc", value, || {
        let (files, rows) = match args.dry_run {
            true => ("gc-would", "gc-database-would"),
            false => ("gc-done", "gc-database"),
        };
        let files = say(
            files,
            &[("count", count.to_string()), ("size", size(bytes))],
        );
        let about = [
            ("size", size(database.bytes)),
            ("records", swept.records.to_string()),
            ("statements", swept.statements.to_string()),
        ];
        format!("{files}\n{}", say(rows, &about))
    })
    .map_err(|error| broken(&error))?;
    let note = match left {
        Some("busy") => "gc-database-busy",
        Some(_) => "gc-database-no-space",
        None => return Ok(Exit::Done),
    };
    out.note(note, &[]).map_err(|error| broken(&error))?;
    Ok(Exit::Done)
}

/// `okibi config show`
pub fn config(out: &Out, config: &Config) -> Outcome {
    let file = config.file.display().to_string();
    out.fact(
        "config-file",
        json!({"path": file, "exists": config.file.exists()}),
        || format!("{:<22} {file}", "file"),
    )
    .map_err(|error| broken(&error))?;
    for setting in config.settings() {
        let value = json!({
            "key": setting.key, "value": setting.value,
            "origin": setting.origin.name(), "variable": setting.variable,
        });
        out.fact("setting", value, || {
            let shown = if setting.value.is_empty() {
                "-"
            } else {
                &setting.value
            };
            format!(
                "{:<22} {shown:<24} {} ({})",
                setting.key,
                setting.origin.name(),
                setting.variable
            )
        })
        .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}
