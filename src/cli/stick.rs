//! `okibi export-bundle`, `import-bundle`, `inspect-bundle`, `verify-bundle`

use std::io::IsTerminal;
use std::path::Path;

use serde_json::json;

use crate::identity::fingerprint;
use crate::messages::say;
use crate::node::{
    Addressee, Ask, Exit, Export, Failure, Handle, ImportOptions, ImportReport, Imported, Part,
    Seen, Target, passphrase_file, ranges, ssh_recipients,
};
use crate::record::foreign::listed;

use super::Outcome;
use super::args::{Export as ExportArgs, Import, Inspect, OpenedBy};
use super::ask;
use super::media;
use super::offers;
use super::out::{Out, broken, printable};
use crate::present::units::size;

/// `okibi export-bundle`
pub fn export(out: &Out, node: &mut Handle, args: &ExportArgs) -> Outcome {
    let circle = node.find_circle_of(args.circle.as_deref(), &args.to)?;
    let foreign = addressees(args)?;
    let mut to = Vec::new();
    for name in &args.to {
        to.push(node.find_member(&circle, name)?);
    }
    to.sort();
    to.dedup();
    let (paths, layout) = media::export_target(node, args)?;
    let options = media::options(args)?;
    let mut stdout = std::io::stdout();
    let standard = args.output.as_deref() == Some(Path::new("-"));
    if standard && stdout.is_terminal() {
        return Err(Failure::new("output-is-terminal", Exit::Usage));
    }
    if let Some(path) = args.output.as_deref().filter(|_| !standard) {
        crate::node::may_replace(path)?;
    }
    let mut ask = media::ask_next(out, paths.last());
    let target = match &args.output {
        Some(_) if standard => Target::Stream(&mut stdout),
        Some(path) if layout.parity > 0 => Target::FileParity(path, layout.parity),
        Some(path) => Target::File(path),
        None => Target::Media {
            paths: &paths,
            ask: ask.as_mut().map(|ask| &mut **ask as &mut Ask<'_>),
            layout,
        },
    };
    let (report, names): (_, Vec<String>) = if foreign.is_empty() {
        let report = node.export_with(&circle, &to, target, options)?;
        let names = to.iter().map(|root| node.name_of(&circle, root));
        (report, names.collect())
    } else {
        let report = node.export_foreign(&circle, &foreign, target, args.dry_run)?;
        (report, foreign.iter().map(Addressee::shown).collect())
    };
    let quiet = Out {
        json: out.json,
        quiet: out.quiet || standard,
    };
    tell_export(&quiet, &report, &listed(&names), args.dry_run)?;
    if standard && !out.json && report.written.is_some() {
        media::tell_safety(out, false, false)?;
    }
    Ok(Exit::Done)
}

/// Recipients from outside, as they are named.
fn addressees(args: &ExportArgs) -> Result<Vec<Addressee>, Failure> {
    let mut to = Vec::new();
    for text in &args.to_ssh {
        to.extend(ssh_recipients(text)?);
    }
    if let Some(path) = &args.passphrase_file {
        let words = crate::node::new_passphrase(passphrase_file(path)?)?;
        to.push(Addressee::Passphrase(words));
    } else if args.passphrase {
        to.push(Addressee::Passphrase(ask::new_passphrase(
            "ask-new-bundle",
        )?));
    }
    Ok(to)
}

/// Lends the node what else opens bundles.
fn lend(node: &mut Handle, by: &OpenedBy) -> Result<(), Failure> {
    for path in &by.ssh_key {
        let asked = [("path", path.display().to_string())];
        node.lend_ssh_key(path, || ask::passphrase("ask-ssh-key", &asked))?;
    }
    if let Some(path) = &by.passphrase_file {
        node.lend_passphrase(passphrase_file(path)?);
    } else if by.passphrase {
        node.lend_passphrase(ask::passphrase("ask-bundle", &[])?);
    }
    Ok(())
}

/// Says that part of a medium was not looked at.
pub(super) fn tell_unseen(out: &Out, count: usize) -> Exit {
    let failure = Failure::new("medium-crowded", Exit::Partly).with("count", count);
    out.failure(&failure);
    failure.exit
}

/// Says for whom nothing can be written.
pub(super) fn tell_left_out(out: &Out, names: &[String]) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    out.warn("recipient-left-out", &[("names", listed(names))])
        .map_err(|error| broken(&error))
}

pub(super) fn tell_export(out: &Out, report: &Export, to: &str, dry: bool) -> Result<(), Failure> {
    tell_left_out(out, &report.left_out)?;
    let written = report.written.as_ref();
    let value = json!({
        "to": to, "dry_run": dry, "statements": report.statements, "records": report.records,
        "documents": report.documents, "models": report.models,
        "content_bytes": report.content_bytes, "record_bytes": report.record_bytes,
        "document_bytes": report.document_bytes, "model_bytes": report.model_bytes,
        "standalone": report.standalone,
        "unacknowledged": report.unacknowledged, "left_out": report.left_out,
        "bundle": written.map(|w| data_encoding::HEXLOWER.encode(&w.bundle)),
        "handle": written.and_then(|w| w.handle.clone()),
        "bytes": written.map(|w| w.sealed_bytes), "read_back": written.map(|w| w.read_back),
        "reread": written.map(|w| w.reread), "slices": written.map(|w| w.slices),
        "media": written.map(|w| w.media), "parity_bytes": written.map(|w| w.parity_bytes),
    });
    let about = [
        ("to", to.to_owned()),
        ("records", report.records.to_string()),
        ("documents", report.documents.to_string()),
        ("models", report.models.to_string()),
        ("content", size(report.content_bytes)),
        ("size", size(written.map_or(0, |w| w.sealed_bytes))),
    ];
    let ack = report.records + report.documents + report.models == 0;
    let code = match written {
        Some(_) if ack => "exported-ack",
        Some(_) => "exported",
        None if dry => "would-export",
        None => "export-nothing",
    };
    out.fact("export", value, || {
        let mut lines = vec![say(code, &about)];
        if dry {
            for (kind, count, bytes) in [
                (
                    "records",
                    report.statements + report.records,
                    report.record_bytes,
                ),
                ("documents", report.documents, report.document_bytes),
                ("models", report.models, report.model_bytes),
            ] {
                lines.push(format!("  {kind:<10} {count:>5}  {}", size(bytes)));
            }
        }
        if let Some(written) = written.filter(|w| w.slices > 1 || w.parity_bytes > 0) {
            let laid = [
                ("slices", written.slices.to_string()),
                ("media", written.media.to_string()),
                ("parity", size(written.parity_bytes)),
            ];
            lines.push(format!("  {}", say("exported-slices", &laid)));
        }
        printable(&lines.join("\n"))
    })
    .map_err(|error| broken(&error))?;
    if let Some(written) = written.filter(|w| w.read_back) {
        // A folder of its own: it lies on a medium.
        media::tell_safety(out, written.handle.is_some(), written.reread)?;
    }
    Ok(())
}

/// `okibi import-bundle`
pub fn import(out: &Out, node: &mut Handle, args: &Import) -> Outcome {
    lend(node, &args.opened)?;
    let options = ImportOptions {
        dry_run: args.dry_run,
        acknowledge: !args.no_ack,
        salvage: args.salvage,
        accept: args.accept,
    };
    let sources = media::import_sources(node, args)?;
    let report = if sources.iter().any(|path| path == Path::new("-")) {
        if sources.len() > 1 {
            return Err(Failure::new("stdin-alone", Exit::Usage));
        }
        node.import_stream(&mut std::io::stdin(), options)?
    } else {
        let sources: Vec<&Path> = sources.iter().map(AsRef::as_ref).collect();
        node.import_paths(&sources, options)?
    };
    let mut exits = tell_report(out, &report, args.dry_run)?;
    if args.strict {
        for imported in &report.imported {
            exits.extend(imported.older_than.is_some().then_some(Exit::Stale));
            let forks = imported.has_forks || !imported.set_back.is_empty();
            exits.extend(forks.then_some(Exit::Fork));
            exits.extend((imported.receipt.waiting > 0).then_some(Exit::Waiting));
        }
    }
    // When several apply, the first of the documented order.
    Ok(Exit::first(&exits))
}

/// Says what became of each bundle; the exits that belong to it.
pub(super) fn tell_report(
    out: &Out,
    report: &ImportReport,
    dry: bool,
) -> Result<Vec<Exit>, Failure> {
    let mut exits = Vec::new();
    for repair in &report.mended {
        tell_repair(out, &repair.handle, &repair.slices)?;
    }
    for imported in &report.imported {
        tell_import(out, imported, dry)?;
    }
    for imported in &report.imported {
        exits.extend(imported.skipped_why.is_some().then_some(Exit::Partly));
    }
    for offer in &report.offers {
        offers::tell(out, offer)?;
        let about = [("id", offer.circle.short())];
        out.note("offer-how", &about)
            .map_err(|error| broken(&error))?;
        exits.push(Exit::Waiting);
    }
    for left in &report.left {
        offers::tell_left(out, left)?;
        exits.extend(report.imported.is_empty().then_some(Exit::NothingForMe));
    }
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
    if report.unseen > 0 {
        exits.push(tell_unseen(out, report.unseen));
    }
    if report.blank && report.failures.is_empty() {
        out.note("medium-blank", &[])
            .map_err(|error| broken(&error))?;
    } else if report.imported.is_empty() && exits.is_empty() && report.for_others > 0 {
        out.failure(
            &Failure::new("nothing-for-me", Exit::NothingForMe).with("error", report.for_others),
        );
        exits.push(Exit::NothingForMe);
    }
    Ok(exits)
}

pub(super) fn tell_import(out: &Out, it: &Imported, dry: bool) -> Result<(), Failure> {
    let receipt = &it.receipt;
    let value = json!({
        "dry_run": dry, "circle": it.circle, "circle_name": it.circle_name, "joined": it.joined,
        "founder": it.founder, "signer": it.signer, "signer_name": it.signer_name,
        "sequence": it.sequence, "handle": it.handle, "records": receipt.taken,
        "known": receipt.known, "statements": receipt.statements, "blobs": receipt.blobs,
        "acks": receipt.acks, "waiting": receipt.waiting, "evicted": receipt.evicted,
        "refused": it.refused + receipt.foreign, "documents": it.documents, "models": it.models,
        "members": it.members, "suspended": it.suspended, "acknowledged": it.acknowledged,
        "lifted": it.lifted, "admins": it.admins, "policy": it.policy, "current": it.current,
        "withdrawn": it.withdrawn, "skipped": it.skipped, "skipped_why": it.skipped_why,
        "held_back": it.held_back, "older_than": it.older_than, "forked": it.forked, "set_back": it.set_back,
        "missing": it.missing, "resumed": it.resumed, "unnamed": it.unnamed,
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
            lines.push(say(if dry { "would-join" } else { "joined" }, &[]));
            lines.push(format!("  {}", say("circle-founded-by", &about)));
            lines.push(format!("  {}", say("circle-called", &about)));
        }
        let nothing = receipt.taken + receipt.blobs + receipt.acks + receipt.statements == 0;
        lines.push(match (dry, nothing) {
            (true, _) => say("would-import", &about),
            (false, true) => say("import-nothing-new", &about),
            (false, false) if receipt.taken == 0 => say("imported-no-records", &about),
            (false, false) => say("imported", &about),
        });
        for (code, names) in changes(it, dry) {
            if !names.is_empty() {
                lines.push(format!("  {}", say(code, &[("names", listed(names))])));
            }
        }
        if it.unnamed > 0 {
            let count = [("count", it.unnamed.to_string())];
            lines.push(format!("  {}", say("import-unnamed", &count)));
        }
        if it.resumed {
            lines.push(format!("  {}", say("import-resumed", &[])));
        }
        if it.policy {
            let code = if dry { "would-policy" } else { "import-policy" };
            lines.push(format!("  {}", say(code, &[])));
        }
        if receipt.acks > 0 {
            lines.push(format!("  {}", say("import-acks", &about)));
        }
        if receipt.waiting > 0 {
            let count = [("count", receipt.waiting.to_string())];
            lines.push(format!("  {}", say("import-waiting", &count)));
        }
        if it.held_back > 0 {
            let count = [("count", it.held_back.to_string())];
            lines.push(format!("  {}", say("import-held-back", &count)));
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
    let number = |number: u64| number.to_string();
    if let Some(newer) = it.older_than {
        let about = [
            ("signer", it.signer_name.clone()),
            ("sequence", number(it.sequence)),
            ("newer", number(newer)),
        ];
        out.note("import-older", &about)
            .map_err(|error| broken(&error))?;
    }
    tell_missing(out, &it.circle_name, &it.signer_name, &it.missing)?;
    if !it.forked.is_empty() {
        out.warn("import-forked", &[("names", listed(&it.forked))])
            .map_err(|error| broken(&error))?;
    }
    if !it.set_back.is_empty() {
        out.warn("import-set-back", &[("names", it.set_back.join(", "))])
            .map_err(|error| broken(&error))?;
    }
    if let Some(why) = &it.skipped_why {
        let about = [
            ("why", why.clone()),
            ("count", it.skipped.len().to_string()),
            ("names", shortened(&it.skipped)),
        ];
        out.warn("import-salvaged", &about)
            .map_err(|error| broken(&error))?;
    }
    if it.ack_failed {
        out.note("ack-later", &[]).map_err(|error| broken(&error))?;
    }
    Ok(())
}

/// Says which bundles of a member are missing.
pub(super) fn tell_missing(
    out: &Out,
    circle: &str,
    signer: &str,
    missing: &[(u64, u64)],
) -> Result<(), Failure> {
    if missing.is_empty() {
        return Ok(());
    }
    let about = [
        ("circle", circle.to_owned()),
        ("signer", signer.to_owned()),
        ("numbers", ranges(missing)),
    ];
    out.warn("bundles-missing", &about)
        .map_err(|error| broken(&error))
}

/// Sentences about what changes, for what did and for what would.
fn changes(it: &Imported, dry: bool) -> [(&'static str, &Vec<String>); 8] {
    let word = |did: &'static str, would: &'static str| if dry { would } else { did };
    [
        (word("import-members", "would-members"), &it.members),
        (word("import-suspended", "would-suspend"), &it.suspended),
        (word("import-lifted", "would-lift"), &it.lifted),
        (word("import-admins", "would-admins"), &it.admins),
        (word("import-documents", "would-documents"), &it.documents),
        (word("import-models", "would-models"), &it.models),
        (word("import-withdrawn", "would-withdraw"), &it.withdrawn),
        (word("import-current", "would-current"), &it.current),
    ]
}

/// The first few of many names.
fn shortened(names: &[String]) -> String {
    const FEW: usize = 5;
    let mut few = names.iter().take(FEW).cloned().collect::<Vec<_>>();
    if names.len() > FEW {
        few.push("...".to_owned());
    }
    few.join(", ")
}

fn tell_repair(out: &Out, handle: &str, slices: &[String]) -> Result<(), Failure> {
    let about = [("handle", handle.to_owned()), ("names", slices.join(", "))];
    out.warn("slices-repaired", &about)
        .map_err(|error| broken(&error))
}

/// `okibi inspect-bundle` and `okibi verify-bundle`
pub fn inspect(out: &Out, node: &mut Handle, args: &Inspect, whole: bool) -> Outcome {
    lend(node, &args.opened)?;
    let looked = if args.source == Path::new("-") {
        vec![node.inspect_stream(&mut std::io::stdin(), whole)?]
    } else {
        node.inspect(&args.source, whole)?
    };
    if looked.is_empty() {
        out.note("medium-blank", &[])
            .map_err(|error| broken(&error))?;
    }
    let (mut exits, mut mine) = (Vec::new(), false);
    for it in looked {
        let handle = it.handle.clone().unwrap_or_default();
        if !it.mended.is_empty() {
            tell_repair(out, &handle, &it.mended)?;
        }
        if !it.parity_damaged.is_empty() {
            let about = [
                ("handle", handle.clone()),
                ("names", it.parity_damaged.join(", ")),
            ];
            out.warn("parity-damaged", &about)
                .map_err(|error| broken(&error))?;
        }
        match (it.seen, it.part) {
            (Ok(seen), Some(part)) => {
                mine |= seen.is_some();
                if let Some(seen) = seen {
                    tell_seen(out, &seen, it.handle.as_deref(), false)?;
                }
                tell_part(out, &handle, part, it.bytes, whole)?;
                exits.push(Exit::Partly);
            }
            (Ok(Some(seen)), None) => {
                mine = true;
                tell_seen(out, &seen, it.handle.as_deref(), whole)?;
            }
            (Ok(None), None) => {
                exits.push(Exit::NothingForMe);
                let value = json!({"handle": it.handle, "for_me": false, "bytes": it.bytes});
                out.fact("bundle", value, || {
                    say(
                        "bundle-for-others",
                        &[("handle", handle), ("size", size(it.bytes))],
                    )
                })
                .map_err(|error| broken(&error))?;
            }
            (Err(failure), _) => {
                out.failure(&failure);
                exits.push(failure.exit);
            }
        }
    }
    // Bundles for others are no fault where there is one for me.
    exits.retain(|exit| !(mine && *exit == Exit::NothingForMe));
    Ok(Exit::ALL
        .into_iter()
        .find(|exit| exits.contains(exit))
        .unwrap_or(Exit::Done))
}

/// Slices that go on elsewhere: what can be said of them alone.
fn tell_part(out: &Out, handle: &str, part: Part, bytes: u64, whole: bool) -> Result<(), Failure> {
    let value = json!({
        "handle": handle, "first_slice": part.first, "last_slice": part.last, "ends": part.ends,
        "bytes": bytes, "undamaged": whole.then_some(true),
    });
    let about = [
        ("handle", handle.to_owned()),
        ("first", format!("{:03}", part.first)),
        ("last", format!("{:03}", part.last)),
        ("size", size(bytes)),
    ];
    let what = match (part.first, part.ends) {
        (0, _) => "bundle-begins",
        (_, true) => "bundle-ends",
        (_, false) => "bundle-middle",
    };
    out.fact("part", value, || {
        let mut said = say(what, &about);
        if whole {
            said = format!("{said}; {}", say("part-undamaged", &[]));
        }
        said
    })
    .map_err(|error| broken(&error))?;
    out.note("part-import", &[]).map_err(|error| broken(&error))
}

fn tell_seen(out: &Out, seen: &Seen, handle: Option<&str>, whole: bool) -> Result<(), Failure> {
    let id = data_encoding::HEXLOWER.encode(&seen.bundle);
    let members: Vec<_> = seen
        .members
        .iter()
        .map(|(kind, count, bytes)| json!({"kind": kind, "count": count, "bytes": bytes}))
        .collect();
    let value = json!({
        "handle": handle, "for_me": true, "bundle": id, "verified": whole,
        "sequence": seen.sequence, "standalone": seen.standalone, "recipients": seen.recipients,
        "signer": seen.signer, "signer_name": seen.signer_name,
        "circle": seen.circle, "circle_name": seen.circle_name, "members": members,
    });
    out.fact("bundle", value, || {
        let circle = seen
            .circle_name
            .clone()
            .unwrap_or_else(|| say("circle-not-known", &[]));
        let about = [
            ("id", id[..8].to_owned()),
            ("signer", seen.signer_name.clone()),
            ("circle", circle),
            ("sequence", seen.sequence.to_string()),
            ("count", seen.recipients.to_string()),
        ];
        let mut lines = vec![say(
            if whole {
                "bundle-verified"
            } else {
                "bundle-head"
            },
            &about,
        )];
        for (kind, count, bytes) in &seen.members {
            lines.push(format!("  {kind:<10} {count:>5}  {}", size(*bytes)));
        }
        printable(&lines.join("\n"))
    })
    .map_err(|error| broken(&error))
}
