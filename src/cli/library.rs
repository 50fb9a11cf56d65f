//! `okibi library`

use serde_json::json;

use crate::messages::say;
use crate::node::{Exit, Handle, Hit, Label, Scope};
use crate::record::{BlobHash, CircleId, RecordId};

use super::Outcome;
use super::args::Library;
use super::circle::said;
use super::out::{Out, broken, line, printable};
use super::wrap;

/// What stands before each line of a quotation.
const MARK: &str = "  | ";

/// Runs one of the library commands.
pub fn run(out: &Out, node: &mut Handle, command: Library) -> Outcome {
    match command {
        Library::Add {
            files,
            title,
            language,
        } => add(out, node, &files, title, &language),
        Library::List => list(out, node),
        Library::Search {
            words,
            limit,
            manual,
        } => {
            let scope = if manual { Scope::All } else { Scope::Library };
            search(out, node, &words.join(" "), scope, limit)
        }
        Library::Share {
            document,
            circle,
            label,
        } => {
            let circle = node.find_circle(circle.as_deref())?;
            let document = node.find_document(&document)?;
            let label = Label {
                source: label.source,
                licence: label.licence,
                ..Label::default()
            };
            let id = node.share_document(&circle, &document, &label)?;
            let about = [
                ("name", document.title.clone()),
                ("circle", circle.state.name.clone()),
            ];
            said(
                out,
                "shared",
                json!({"record": id, "title": document.title}),
                "shared",
                &about,
            )
        }
        Library::Withdraw { document, circle } => withdraw(out, node, &document, circle.as_deref()),
        Library::Remove { document } => {
            let document = node.find_document(&document)?;
            node.remove_document(&document)?;
            let about = [("name", document.title.clone())];
            said(
                out,
                "removed",
                json!({"title": document.title}),
                "removed",
                &about,
            )
        }
    }
}

/// Takes back something that this home shared.
pub fn withdraw(out: &Out, node: &mut Handle, name: &str, circle: Option<&str>) -> Outcome {
    let circle = node.find_circle(circle)?;
    let target = node.find_shared(&circle, name)?;
    let id = node.withdraw(&circle, target)?;
    let about = [
        ("name", name.to_owned()),
        ("circle", circle.state.name.clone()),
    ];
    said(
        out,
        "withdrawn",
        json!({"record": id, "target": target}),
        "withdrawn",
        &about,
    )
}

fn add(
    out: &Out,
    node: &mut Handle,
    files: &[std::path::PathBuf],
    title: Option<String>,
    language: &str,
) -> Outcome {
    let one = files.len() == 1;
    let (mut failed, mut taken) = (None, 0);
    for file in files {
        let label = Label {
            title: title.clone().filter(|_| one),
            language: language.to_owned(),
            ..Label::default()
        };
        match node.add_document(file, &label) {
            Ok((document, new)) => {
                taken += 1;
                let value = json!({
                    "title": document.title, "blob": BlobHash(document.blob), "new": new,
                    "media_type": document.media_type,
                });
                let code = if new {
                    "document-added"
                } else {
                    "document-known"
                };
                said(
                    out,
                    "document",
                    value,
                    code,
                    &[("name", document.title.clone())],
                )?;
            }
            Err(failure) if one => return Err(failure),
            Err(failure) => {
                out.failure(&failure);
                failed = Some(failure.exit);
            }
        }
    }
    // Some files of several: partly done.
    Ok(match failed {
        Some(_) if taken > 0 => Exit::Partly,
        Some(exit) => exit,
        None => Exit::Done,
    })
}

fn list(out: &Out, node: &Handle) -> Outcome {
    let documents = node.documents()?;
    if documents.is_empty() {
        out.note("library-empty", &[])
            .map_err(|error| broken(&error))?;
    }
    for document in documents {
        let value = json!({
            "title": document.title, "blob": BlobHash(document.blob), "origin": document.origin,
            "shelf": document.shelf.as_str(), "media_type": document.media_type,
            "language": document.language, "record": document.record.map(RecordId),
            "circle": document.circle.map(CircleId),
        });
        out.fact("document", value, || {
            let hash = BlobHash(document.blob).short();
            line(&format!(
                "{hash}  {:<8} {}  ({})",
                document.shelf.as_str(),
                document.title,
                document.origin
            ))
        })
        .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

fn search(out: &Out, node: &Handle, words: &str, scope: Scope, limit: usize) -> Outcome {
    let hits = node.search(words, scope, limit)?;
    if hits.is_empty() {
        out.note("nothing-found", &[])
            .map_err(|error| broken(&error))?;
    }
    for (number, hit) in hits.iter().enumerate() {
        out.fact("hit", hit_json(hit), || {
            let first = if number == 0 { "" } else { "\n" };
            format!("{first}{}", hit_words(number + 1, hit))
        })
        .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

/// A hit as JSON.
pub fn hit_json(hit: &Hit) -> serde_json::Value {
    json!({
        "name": hit.citation().name(), "title": hit.title, "heading": hit.heading, "text": hit.text,
        "origin": hit.origin, "shelf": hit.shelf.as_str(), "blob": BlobHash(hit.blob),
        "record": hit.record.map(RecordId), "circle": hit.circle.map(CircleId),
        "start": hit.range.start, "end": hit.range.end, "score": hit.score,
    })
}

/// A hit in words: its number and name, the quotation marked line by line, where it comes from.
pub fn hit_words(number: usize, hit: &Hit) -> String {
    let mut lines = vec![format!("[{number}] {}", hit.citation().name())];
    let text = printable(hit.text.trim_end());
    let text = match wrap::columns() {
        Some(columns) => wrap::wrapped(&text, columns - MARK.len()),
        None => text.lines().map(str::to_owned).collect(),
    };
    lines.extend(
        text.iter()
            .map(|line| format!("{MARK}{line}").trim_end().to_owned()),
    );
    lines.push(format!(
        "  {}",
        printable(&say("hit-origin", &[("origin", hit.origin.clone())]))
    ));
    lines.join("\n")
}
