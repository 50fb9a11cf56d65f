//! `okibi courier`: both directions at each medium, for a person and for cron.

use std::sync::mpsc::Receiver;

use serde_json::json;

use crate::messages::say;
use crate::node::{CourierOptions, CourierReport, Delivery, Exit, Failure, Handle, WATCH_INTERVAL};
use crate::record::foreign::listed;

use super::Outcome;
use super::args::Courier;
use super::offers;
use super::out::{Out, broken, printable};
use super::stick::{tell_export, tell_import, tell_left_out, tell_unseen};
use crate::present::units::size;

/// `okibi courier`
pub fn run(out: &Out, node: &mut Handle, args: &Courier) -> Outcome {
    let options = CourierOptions {
        dry_run: args.dry_run,
        only_prepared: args.only_prepared,
    };
    if args.watch {
        return watch(out, node);
    }
    let media = match args.usb {
        true => node.removable(),
        false => args.media.clone(),
    };
    if media.is_empty() {
        return Err(Failure::new("no-removable", Exit::NoMedium));
    }
    let mut exits = Vec::new();
    for path in &media {
        match node.courier(path, options) {
            Ok(report) => exits.extend(tell(out, path, &report, args.dry_run)?),
            // The next medium is served all the same.
            Err(failure) => {
                out.failure(&failure);
                exits.push(failure.exit);
            }
        }
    }
    Ok(Exit::first(&exits))
}

/// Serves what is plugged in, until Ctrl-C.
fn watch(out: &Out, node: &mut Handle) -> Outcome {
    let (sender, stop) = std::sync::mpsc::channel();
    // Without a handler Ctrl-C ends the process, which is as good: nothing is left half done.
    let _ = ctrlc::set_handler(move || _ = sender.send(()));
    serve(out, node, &stop)?;
    Ok(Exit::Interrupted)
}

/// Serves what is plugged in, until `stop` gets a message or loses its sender; for a thread beside a node, too.
pub(super) fn serve(out: &Out, node: &mut Handle, stop: &Receiver<()>) -> Result<(), Failure> {
    out.note("courier-watching", &[])
        .map_err(|error| broken(&error))?;
    node.watch_media(WATCH_INTERVAL, stop, &mut |(path, served)| {
        match served {
            // What is no medium of ours is not worth a line.
            Ok(report) if report.skipped => {}
            Ok(report) => _ = tell(out, path, report, false)?,
            Err(failure) => out.failure(failure),
        }
        Ok(())
    })
}

fn tell(
    out: &Out,
    path: &std::path::Path,
    report: &CourierReport,
    dry: bool,
) -> Result<Vec<Exit>, Failure> {
    let mut exits = Vec::new();
    for imported in &report.import.imported {
        tell_import(out, imported, dry)?;
    }
    for offer in &report.import.offers {
        offers::tell(out, offer)?;
        let about = [("id", offer.circle.short())];
        out.note("offer-how", &about)
            .map_err(|error| broken(&error))?;
    }
    for left in &report.import.left {
        offers::tell_left(out, left)?;
    }
    for (_, failure) in &report.import.failures {
        out.failure(failure);
        exits.push(failure.exit);
    }
    if report.import.unfinished > 0 {
        let count = [("count", report.import.unfinished.to_string())];
        out.warn("bundle-unfinished", &count)
            .map_err(|error| broken(&error))?;
    }
    if report.import.unseen > 0 {
        exits.push(tell_unseen(out, report.import.unseen));
    }
    tell_left_out(out, &report.left_out)?;
    for delivery in report.deliveries.iter().filter(|delivery| !delivery.there) {
        if !report.read_only {
            tell_export(out, &delivery.export, &listed(&delivery.to), dry)?;
        }
    }
    for failure in &report.failures {
        out.failure(failure);
        exits.push(failure.exit);
    }
    let missed = |delivery: &&Delivery| !delivery.there;
    let missed = report.deliveries.iter().filter(missed).count();
    if report.read_only && missed > 0 {
        let failure = Failure::new("courier-read-only", Exit::Partly).with("path", path.display());
        out.failure(&failure);
        exits.push(failure.exit);
    }
    let there = report.deliveries.iter().filter(|it| it.there).count();
    let (inward, outward) = (report.carried_in, report.carried_out);
    let value = json!({
        "path": path.display().to_string(), "dry_run": dry, "skipped": report.skipped,
        "imported": report.import.imported.len(), "offers": report.import.offers.len(),
        "alone": report.import.left.len(), "for_others": report.import.for_others,
        "failed": report.import.failures.len() + report.failures.len(),
        "written": report.deliveries.iter().filter(|it| it.export.written.is_some()).count(),
        "there": there, "cleared": report.cleared, "read_only": report.read_only,
        "carried_in": inward.count, "carried_out": outward.count,
        "left": inward.left + outward.left, "delivered": report.delivered,
        "unseen": report.import.unseen, "left_out": report.left_out,
    });
    out.fact("courier", value, || {
        let mut lines = Vec::new();
        let quiet =
            report.deliveries.iter().all(|it| it.there) && report.import.imported.is_empty();
        if report.skipped {
            let about = [("path", path.display().to_string())];
            lines.push(say("courier-skipped", &about));
        } else if quiet && exits.is_empty() {
            lines.push(say(
                if there > 0 {
                    "courier-there"
                } else {
                    "courier-nothing"
                },
                &[],
            ));
        }
        if report.cleared > 0 {
            lines.push(say(
                "courier-cleared",
                &[("count", report.cleared.to_string())],
            ));
        }
        for (code, moved) in [
            ("courier-carried-in", inward),
            ("courier-carried-out", outward),
        ] {
            if moved.count > 0 {
                let about = [
                    ("count", moved.count.to_string()),
                    ("size", size(moved.bytes)),
                ];
                lines.push(say(code, &about));
            }
        }
        if inward.left + outward.left > 0 {
            let about = [("count", (inward.left + outward.left).to_string())];
            lines.push(say("courier-left", &about));
        }
        if report.delivered > 0 {
            lines.push(say(
                "courier-delivered",
                &[("count", report.delivered.to_string())],
            ));
        }
        printable(&lines.join("\n"))
    })
    .map_err(|error| broken(&error))?;
    Ok(exits)
}
