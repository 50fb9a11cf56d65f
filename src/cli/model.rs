//! `okibi model`

use serde_json::json;

use crate::messages::say;
use crate::node::{Card, Exit, Failure, Handle, Label, ModelRow};

use super::Outcome;
use super::args::Model;
use super::circle::said;
use super::home::size;
use super::library::withdraw;
use super::out::{Out, broken, line, printable};

/// Runs one of the model commands.
pub fn run(out: &Out, node: &mut Handle, command: Model) -> Outcome {
    match command {
        Model::Add { file, name, label } => {
            let label = Label {
                source: label.source,
                licence: label.licence,
                ..Label::default()
            };
            let (row, card) = node.add_model(&file, name.as_deref(), &label)?;
            let about = [("name", row.name.clone()), ("size", size(card.bytes))];
            said(
                out,
                "model",
                model_json(&row, Some(&card)),
                "model-added",
                &about,
            )
        }
        Model::List => list(out, node),
        Model::Show { name } => show(out, node, &name),
        Model::Use { name } => {
            node.use_model(name.as_deref())?;
            let code = if name.is_some() {
                "model-used"
            } else {
                "model-unused"
            };
            let shown = name.clone().unwrap_or_default();
            said(
                out,
                "model-used",
                json!({"name": name}),
                code,
                &[("name", shown)],
            )
        }
        Model::Share {
            name,
            circle,
            label,
        } => {
            let circle = node.find_circle(circle.as_deref())?;
            let row = node.find_model(&name)?;
            let card = node.model_card(&row)?;
            let licence = if label.licence.is_empty() {
                &row.licence
            } else {
                &label.licence
            };
            if licence.is_empty() {
                return Err(Failure::new("model-licence", Exit::Usage).with("name", name));
            }
            let label = Label {
                source: label.source,
                licence: label.licence,
                ..Label::default()
            };
            let architecture = card.architecture.unwrap_or_default();
            let id = node.share_model(&circle, &row, &architecture, &label)?;
            let about = [
                ("name", name.clone()),
                ("circle", circle.state.name.clone()),
            ];
            said(
                out,
                "shared",
                json!({"record": id, "name": name}),
                "shared",
                &about,
            )
        }
        Model::Withdraw { name, circle } => withdraw(out, node, &name, circle.as_deref()),
        Model::Remove { name } => {
            let row = node.find_model(&name)?;
            node.remove_model(&row)?;
            let code = match row.record {
                Some(_) => "model-removed-shared",
                None => "model-removed",
            };
            said(
                out,
                "removed",
                json!({"name": name}),
                code,
                &[("name", name.clone())],
            )
        }
    }
}

fn model_json(row: &ModelRow, card: Option<&Card>) -> serde_json::Value {
    json!({
        "name": row.name, "blob": row.blob, "origin": row.origin, "toy": row.toy, "note": row.note,
        "licence": row.licence, "source": row.source, "record": row.record, "circle": row.circle,
        "architecture": card.and_then(|card| card.architecture.clone()),
        "file_type": card.map(|card| card.file_type.clone()),
        "parameters": card.map(|card| card.parameters),
        "context": card.and_then(|card| card.context),
        "bytes": card.map(|card| card.bytes),
        "template": card.map(|card| card.has_template),
        "refusal": card.and_then(|card| card.refusal.clone()),
    })
}

fn list(out: &Out, node: &Handle) -> Outcome {
    let used = node.used_model()?;
    for row in node.store().models()? {
        let card = node.model_card(&row).ok();
        out.fact("model", model_json(&row, card.as_ref()), || {
            let mark = if used.as_deref() == Some(&row.name) {
                "*"
            } else {
                " "
            };
            let kind = card.as_ref().map_or_else(String::new, |card| {
                format!(
                    "{} {}, {}",
                    card.architecture.clone().unwrap_or_default(),
                    card.file_type,
                    size(card.bytes)
                )
            });
            let toy = if row.toy {
                format!("  {}", say("model-toy", &[]))
            } else {
                String::new()
            };
            line(&format!(
                "{mark} {:<24} {kind}  ({}){toy}",
                row.name, row.origin
            ))
        })
        .map_err(|error| broken(&error))?;
    }
    Ok(Exit::Done)
}

fn show(out: &Out, node: &Handle, name: &str) -> Outcome {
    let row = node.find_model(name)?;
    let card = node.model_card(&row)?;
    out.fact("model", model_json(&row, Some(&card)), || {
        let or = |text: &str| {
            if text.is_empty() {
                "-".to_owned()
            } else {
                line(text)
            }
        };
        let mut lines = vec![
            format!("name          {}", row.name),
            format!(
                "title         {}",
                or(card.name.as_deref().unwrap_or_default())
            ),
            format!(
                "architecture  {}",
                or(card.architecture.as_deref().unwrap_or_default())
            ),
            format!(
                "weights       {} ({} parameters, {})",
                card.file_type,
                card.parameters,
                size(card.bytes)
            ),
            format!(
                "context       {}",
                card.context
                    .map_or_else(|| "-".to_owned(), |n| format!("{n} tokens"))
            ),
        ];
        if let (Some(context), Some(each)) = (card.context, card.bytes_per_token) {
            // What chat makes room for by default is at most 4,096 positions.
            let cache = context.min(4_096).saturating_mul(each);
            lines.push(format!(
                "memory        {} file, {} context",
                size(card.bytes),
                size(cache)
            ));
        }
        lines.push(format!(
            "template      {}",
            say(
                if card.has_template {
                    "yes"
                } else {
                    "model-no-template"
                },
                &[]
            )
        ));
        lines.push(format!("licence       {}", or(&row.licence)));
        lines.push(format!("origin        {}", line(&row.origin)));
        lines.push(format!("source        {}", or(row.source.trim())));
        lines.push(format!("blob          {}", row.blob));
        if row.toy {
            lines.push(format!("{}: {}", say("model-toy", &[]), line(&row.note)));
        }
        printable(&lines.join("\n"))
    })
    .map_err(|error| broken(&error))?;
    Ok(Exit::Done)
}
