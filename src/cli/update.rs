//! `okibi update`: releases that came by bundle. Nothing is executed.

use serde_json::json;

use crate::messages::say;
use crate::node::{Exit, Failure, Handle};

use super::Outcome;
use super::args::Update;
use super::out::{Out, broken, printable};
use crate::present::units::size;

/// Runs it: shares, writes out, or lists.
pub fn run(out: &Out, node: &mut Handle, args: &Update) -> Outcome {
    if let (Some(path), Some(signature)) = (&args.share, &args.signature) {
        let circle = node.find_circle(args.circle.as_deref())?;
        let id = node.share_release(&circle, path, signature)?;
        let about = [
            ("name", path.display().to_string()),
            ("circle", circle.state.name.clone()),
        ];
        out.fact("shared", json!({"record": id, "circle": circle.id}), || {
            printable(&say("release-shared", &about))
        })
        .map_err(|error| broken(&error))?;
        return Ok(Exit::Done);
    }
    if let Some(key) = &args.key {
        node.confirm_release_key(key)?;
    }
    if let Some(folder) = &args.extract {
        let it = node.extract_release(folder, args.name.as_deref(), args.older)?;
        let hash = data_encoding::HEXLOWER.encode(&it.sha256);
        let key = it.release.signer.clone().unwrap_or_default();
        let (file, signature) = (
            it.file.display().to_string(),
            it.signature.display().to_string(),
        );
        let value = json!({
            "name": it.release.name, "file": file, "signature": signature, "sha256": hash,
            "signer": key, "author": it.release.author, "circle": it.release.circle,
        });
        let about = [
            ("author", it.release.author.clone()),
            ("circle", it.release.circle.clone()),
        ];
        let words = || {
            let check = format!(
                "  ssh-keygen -Y verify -f allowed -I NAME -n okibi-release@v1 -s '{signature}' < '{file}'"
            );
            let lines = [
                format!("release    {file}"),
                format!("signature  {signature}"),
                format!("sha256     {hash}"),
                format!("signed by  {key}"),
                say("release-whose", &about),
                say("release-check", &[]),
                check,
                say("release-inert", &[]),
            ];
            printable(&lines.join("\n"))
        };
        out.fact("release", value, words)
            .map_err(|error| broken(&error))?;
        return Ok(Exit::Done);
    }
    list(out, node)
}

fn list(out: &Out, node: &Handle) -> Outcome {
    let releases = node.releases()?;
    if releases.is_empty() {
        out.note("no-release", &[])
            .map_err(|error| broken(&error))?;
    }
    for it in releases {
        let value = json!({
            "name": it.name, "record": it.record, "circle": it.circle, "author": it.author,
            "bytes": it.blob.size, "signer": it.signer, "confirmed": it.confirmed, "here": it.here,
        });
        let about = [
            ("name", it.name.clone()),
            ("author", it.author.clone()),
            ("circle", it.circle.clone()),
            ("size", size(it.blob.size)),
        ];
        let code = if it.here {
            "release-line"
        } else {
            "release-line-missing"
        };
        out.fact("release", value, || printable(&say(code, &about)))
            .map_err(|error: std::io::Error| -> Failure { broken(&error) })?;
    }
    Ok(Exit::Done)
}
