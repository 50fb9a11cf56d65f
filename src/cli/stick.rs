//! `okibi export-bundle`, `import-bundle`, `inspect-bundle`, `verify-bundle`

use std::io::{IsTerminal, Read};
use std::path::Path;

use serde_json::json;

use crate::carrier::media::medium;
use crate::carrier::media::read::{Front, Source as Stream};
use crate::identity::fingerprint;
use crate::messages::say;
use crate::node::{Exit, Export, Failure, Handle, ImportOptions, ImportReport, Imported, Target};

use super::Outcome;
use super::args::{Export as ExportArgs, Import, Inspect};
use super::home::size;
use super::out::{Out, broken, printable};

/// `okibi export-bundle`
pub fn export(out: &Out, node: &mut Handle, args: &ExportArgs) -> Outcome {
    let circle = node.find_circle(args.circle.as_deref())?;
    let mut to = Vec::new();
    for name in &args.to {
        to.push(node.find_member(&circle, name)?);
    }
    to.sort();
    to.dedup();
    let mut stdout = std::io::stdout();
    let standard = args.output.as_deref() == Some(Path::new("-"));
    if standard && stdout.is_terminal() {
        return Err(Failure::new("output-is-terminal", Exit::Usage));
    }
    let target = match (&args.output, &args.medium) {
        (Some(_), _) if standard => Target::Stream(&mut stdout),
        (Some(path), _) => Target::File(path),
        (None, Some(path)) => Target::Medium(path),
        // clap asks for one of the two.
        (None, None) => return Err(Failure::new("no-medium", Exit::Usage)),
    };
    let report = node.export(&circle, &to, target, args.full, args.dry_run)?;
    let names: Vec<String> = to.iter().map(|root| node.name_of(&circle, root)).collect();
    let quiet = Out {
        json: out.json,
        quiet: out.quiet || standard,
    };
    tell_export(&quiet, &report, &names.join(", "), args.dry_run)?;
    Ok(Exit::Done)
}

fn tell_export(out: &Out, report: &Export, to: &str, dry: bool) -> Result<(), Failure> {
    let written = report.written.as_ref();
    let value = json!({
        "to": to, "dry_run": dry, "statements": report.statements, "records": report.records,
        "documents": report.documents, "models": report.models,
        "content_bytes": report.content_bytes, "standalone": report.standalone,
        "unacknowledged": report.unacknowledged,
        "bundle": written.map(|w| data_encoding::HEXLOWER.encode(&w.bundle)),
        "handle": written.and_then(|w| w.handle.clone()),
        "bytes": written.map(|w| w.sealed_bytes), "read_back": written.map(|w| w.read_back),
    });
    let about = [
        ("to", to.to_owned()),
        ("records", report.records.to_string()),
        ("documents", report.documents.to_string()),
        ("models", report.models.to_string()),
        ("content", size(report.content_bytes)),
        ("size", size(written.map_or(0, |w| w.sealed_bytes))),
    ];
    let code = match written {
        Some(_) => "exported",
        None if dry => "would-export",
        None => "export-nothing",
    };
    out.fact("export", value, || printable(&say(code, &about)))
        .map_err(|error| broken(&error))?;
    if written.is_some_and(|w| w.read_back) {
        out.note("safe-to-remove", &[])
            .map_err(|error| broken(&error))?;
    }
    Ok(())
}

/// `okibi import-bundle`
pub fn import(out: &Out, node: &mut Handle, args: &Import) -> Outcome {
    let options = ImportOptions {
        dry_run: args.dry_run,
        acknowledge: !args.no_ack,
    };
    let report = if args.source == Path::new("-") {
        let mut stdin = std::io::stdin().lock();
        let imported = node.import_stream(&mut stdin, options)?;
        ImportReport {
            imported: vec![imported],
            ..ImportReport::default()
        }
    } else {
        node.import_path(&args.source, options)?
    };
    for imported in &report.imported {
        tell_import(out, imported, args.dry_run)?;
    }
    let mut exits = Vec::new();
    for (handle, failure) in &report.failures {
        if report.failures.len() + report.imported.len() > 1
            && let Some(handle) = handle
        {
            out.note("bundle-named", &[("handle", handle.clone())])
                .map_err(|error| broken(&error))?;
        }
        out.failure(failure);
        exits.push(failure.exit);
    }
    if report.unfinished > 0 {
        out.warn(
            "bundle-unfinished",
            &[("count", report.unfinished.to_string())],
        )
        .map_err(|error| broken(&error))?;
    }
    if report.blank {
        out.note("medium-blank", &[])
            .map_err(|error| broken(&error))?;
    } else if report.imported.is_empty() && exits.is_empty() && report.for_others > 0 {
        out.failure(
            &Failure::new("nothing-for-me", Exit::NothingForMe).with("error", report.for_others),
        );
        exits.push(Exit::NothingForMe);
    }
    // When several apply, the first of the documented order.
    Ok(Exit::ALL
        .into_iter()
        .find(|exit| exits.contains(exit))
        .unwrap_or(Exit::Done))
}

fn tell_import(out: &Out, it: &Imported, dry: bool) -> Result<(), Failure> {
    let receipt = &it.receipt;
    let value = json!({
        "dry_run": dry, "circle": it.circle, "circle_name": it.circle_name, "joined": it.joined,
        "founder": it.founder, "signer": it.signer, "signer_name": it.signer_name,
        "sequence": it.sequence, "handle": it.handle, "records": receipt.taken,
        "known": receipt.known, "statements": receipt.statements, "blobs": receipt.blobs,
        "acks": receipt.acks, "waiting": receipt.waiting, "evicted": receipt.evicted,
        "refused": it.refused + receipt.foreign, "documents": it.documents, "models": it.models,
        "members": it.members, "suspended": it.suspended, "acknowledged": it.acknowledged,
    });
    out.fact("import", value, || {
        let founder = it
            .founder
            .map_or_else(String::new, |root| fingerprint(&root));
        let about = [
            ("circle", it.circle_name.clone()),
            ("signer", it.signer_name.clone()),
            ("founder", founder),
            ("records", receipt.taken.to_string()),
        ];
        let mut lines = Vec::new();
        if it.joined {
            lines.push(say(if dry { "would-join" } else { "joined" }, &about));
        }
        let nothing = receipt.taken + receipt.blobs + receipt.acks + receipt.statements == 0;
        lines.push(match (dry, nothing) {
            (true, _) => say("would-import", &about),
            (false, true) => say("import-nothing-new", &about),
            (false, false) => say("imported", &about),
        });
        for (code, names) in [
            ("import-members", &it.members),
            ("import-suspended", &it.suspended),
            ("import-documents", &it.documents),
            ("import-models", &it.models),
        ] {
            if !names.is_empty() {
                lines.push(format!("  {}", say(code, &[("names", names.join(", "))])));
            }
        }
        if receipt.acks > 0 {
            lines.push(format!("  {}", say("import-acks", &about)));
        }
        if receipt.waiting > 0 {
            let count = [("count", receipt.waiting.to_string())];
            lines.push(format!("  {}", say("import-waiting", &count)));
        }
        if it.acknowledged {
            lines.push(format!("  {}", say("import-acknowledged", &about)));
        }
        printable(&lines.join("\n"))
    })
    .map_err(|error| broken(&error))?;
    if it.refused + receipt.foreign > 0 {
        let count = (it.refused + receipt.foreign).to_string();
        out.warn("import-refused", &[("count", count)])
            .map_err(|error| broken(&error))?;
    }
    if it.ack_failed {
        out.note("ack-later", &[]).map_err(|error| broken(&error))?;
    }
    Ok(())
}

/// `okibi inspect-bundle` and `okibi verify-bundle`
pub fn inspect(out: &Out, node: &mut Handle, args: &Inspect, whole: bool) -> Outcome {
    if args.source == Path::new("-") {
        let mut stdin: Box<dyn Read> = Box::new(std::io::stdin().lock());
        let front = node.look(Stream::Stream(&mut stdin), whole)?;
        tell_front(out, node, &front, None, whole)?;
        return Ok(Exit::Done);
    }
    let scan = medium::scan(&args.source)?;
    let mut exits = Vec::new();
    let mut good = false;
    for found in &scan.bundles {
        match node.look(Stream::Found(found), whole) {
            Ok(front) => {
                good = true;
                tell_front(out, node, &front, found.handle.as_deref(), whole)?;
            }
            Err(failure) if failure.exit == Exit::NothingForMe => {
                exits.push(failure.exit);
                let handle = found.handle.clone().unwrap_or_default();
                let bytes: u64 = found
                    .slices
                    .iter()
                    .filter_map(|path| std::fs::metadata(path).ok())
                    .map(|data| data.len())
                    .sum();
                let value = json!({"handle": handle, "for_me": false, "bytes": bytes});
                out.fact("bundle", value, || {
                    say(
                        "bundle-for-others",
                        &[("handle", handle.clone()), ("size", size(bytes))],
                    )
                })
                .map_err(|error| broken(&error))?;
            }
            Err(failure) => {
                out.failure(&failure);
                exits.push(failure.exit);
            }
        }
    }
    if scan.bundles.is_empty() {
        out.note("medium-blank", &[])
            .map_err(|error| broken(&error))?;
    }
    // Bundles for others are no fault where there is one for me.
    exits.retain(|exit| !(good && *exit == Exit::NothingForMe));
    Ok(Exit::ALL
        .into_iter()
        .find(|exit| exits.contains(exit))
        .unwrap_or(Exit::Done))
}

fn tell_front(
    out: &Out,
    node: &Handle,
    front: &Front,
    handle: Option<&str>,
    whole: bool,
) -> Result<(), Failure> {
    let hex = |bytes: &[u8; 32]| data_encoding::HEXLOWER.encode(bytes);
    let mut kinds: Vec<(&str, usize, u64)> = Vec::new();
    for entry in &front.manifest.entries {
        match kinds
            .iter_mut()
            .find(|(kind, _, _)| *kind == entry.kind.word())
        {
            Some((_, count, bytes)) => (*count, *bytes) = (*count + 1, *bytes + entry.size),
            None => kinds.push((entry.kind.word(), 1, entry.size)),
        }
    }
    let signer = node.signer_of(front);
    let value = json!({
        "handle": handle, "for_me": true, "bundle": hex(&front.head.bundle), "verified": whole,
        "sequence": front.head.sequence, "standalone": front.head.standalone,
        "recipients": front.head.recipients.len(), "signer": signer.root, "signer_name": signer.name,
        "circle": signer.circle, "circle_name": signer.circle_name,
        "members": kinds.iter().map(|(kind, count, bytes)| {
            json!({"kind": kind, "count": count, "bytes": bytes})
        }).collect::<Vec<_>>(),
    });
    out.fact("bundle", value, || {
        let mut lines = vec![say(
            if whole {
                "bundle-verified"
            } else {
                "bundle-head"
            },
            &[
                ("id", hex(&front.head.bundle)[..8].to_owned()),
                ("signer", signer.name.clone()),
                (
                    "circle",
                    signer
                        .circle_name
                        .clone()
                        .unwrap_or_else(|| say("circle-not-known", &[])),
                ),
                ("sequence", front.head.sequence.to_string()),
                ("count", front.head.recipients.len().to_string()),
            ],
        )];
        for (kind, count, bytes) in &kinds {
            lines.push(format!("  {kind:<10} {count:>5}  {}", size(*bytes)));
        }
        printable(&lines.join("\n"))
    })
    .map_err(|error| broken(&error))
}
