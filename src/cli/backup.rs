//! `okibi backup` and `okibi restore`

use std::io::IsTerminal;
use std::path::Path;

use serde_json::json;

use crate::config::Config;
use crate::identity::fingerprint;
use crate::messages::say;
use crate::node::{
    Addressee, BackupTarget, Exit, Failure, Handle, RestoreOptions, Secret, Sink, identity_file,
    passphrase_file, recipients,
};

use super::args::{Backup, Restore};
use super::ask;
use super::out::{Out, broken, printable};
use crate::present::time;
use crate::present::units::size;

use super::Outcome;

/// `okibi backup`
pub fn backup(out: &Out, node: &mut Handle, args: &Backup) -> Outcome {
    let mut stdout = std::io::stdout();
    let standard = args.file == Path::new("-");
    if standard && stdout.is_terminal() {
        return Err(Failure::new("output-is-terminal", Exit::Usage));
    }
    if !standard {
        crate::node::may_replace(&args.file)?;
    }
    let mut to = Vec::new();
    for text in &args.to {
        to.extend(recipients(text)?);
    }
    if let Some(path) = &args.passphrase_file {
        let words = crate::node::new_passphrase(passphrase_file(path)?)?;
        to.push(Addressee::Passphrase(words));
    } else if to.is_empty() {
        to.push(Addressee::Passphrase(ask::new_passphrase(
            "ask-new-backup",
        )?));
    }
    let target = match standard {
        true => BackupTarget::Stream(&mut stdout),
        false => BackupTarget::File(&args.file),
    };
    let made = node.backup(target, &to, !args.without_keys)?;
    let said = Out {
        json: out.json,
        quiet: out.quiet || standard,
    };
    let value = json!({
        "keys": made.keys, "blobs": made.blobs, "bytes": made.bytes, "damaged": made.damaged,
        "read_back": made.read_back, "path": args.file.display().to_string(),
    });
    let about = [
        ("path", args.file.display().to_string()),
        ("size", size(made.bytes)),
        ("count", made.blobs.to_string()),
    ];
    said.fact("backup", value, || {
        printable(&say(
            if made.keys == 0 {
                "backup-without-keys"
            } else {
                "backup-done"
            },
            &about,
        ))
    })
    .map_err(|error| broken(&error))?;
    if made.damaged > 0 {
        let count = [("count", made.damaged.to_string())];
        let failure = Failure::new("backup-damaged", Exit::Partly).with("count", &count[0].1);
        out.failure(&failure);
        return Ok(Exit::Partly);
    }
    Ok(Exit::Done)
}

/// `okibi restore`
pub fn restore(out: &Out, config: &Config, args: &Restore, sink: Sink) -> Outcome {
    let mut secrets: Vec<Secret> = Vec::new();
    for path in &args.identity {
        let asked = [("path", path.display().to_string())];
        secrets.push(identity_file(path, || {
            ask::passphrase("ask-ssh-key", &asked)
        })?);
    }
    if let Some(path) = &args.passphrase_file {
        secrets.push(Secret::Passphrase(passphrase_file(path)?));
    } else if secrets.is_empty() {
        secrets.push(Secret::Passphrase(ask::passphrase("ask-backup", &[])?));
    }
    let ask: Option<crate::node::AskPassphrase> = ask::anybody()
        .then(|| -> crate::node::AskPassphrase { Box::new(|| ask::passphrase("ask-root", &[])) });
    let options = RestoreOptions {
        with_network_settings: args.with_network_settings,
        of: args.of.as_deref(),
    };
    let restored = if args.file == Path::new("-") {
        crate::node::restore(
            config,
            &mut std::io::stdin().lock(),
            &secrets,
            options,
            ask,
            sink,
        )?
    } else {
        let mut file =
            std::fs::File::open(&args.file).map_err(|error| Failure::io(&args.file, error))?;
        crate::node::restore(config, &mut file, &secrets, options, ask, sink)?
    };
    let value = json!({
        "root": restored.root, "fingerprint": fingerprint(&restored.root),
        "home": config.home.display().to_string(), "keys": restored.keys,
        "blobs": restored.blobs, "new_feed": restored.new_feed, "made_ms": restored.made,
        "left_out": restored.left_out,
    });
    let about = [
        ("path", config.home.display().to_string()),
        ("count", restored.blobs.to_string()),
    ];
    out.fact("restore", value, || {
        let age = crate::node::wall_clock().saturating_sub(restored.made);
        let lines = [
            say("restored", &about),
            format!("  {}", fingerprint(&restored.root)),
            format!(
                "  {}",
                say("restored-made", &[("age", time::duration(age))])
            ),
        ];
        printable(&lines.join("\n"))
    })
    .map_err(|error| broken(&error))?;
    if !restored.left_out.is_empty() {
        let names = [("names", restored.left_out.join(", "))];
        out.warn("restored-left-out", &names)
            .map_err(|error| broken(&error))?;
    }
    if !restored.new_feed {
        out.warn("restored-stopped", &[])
            .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}
