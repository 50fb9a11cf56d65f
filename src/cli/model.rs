//! `okibi model`

use std::collections::BTreeMap;

use serde_json::json;

use crate::messages::say;
use crate::node::{Card, Conformance, Exit, Failure, Handle, Label, ModelRow, Packing, Permission};

use super::Outcome;
use super::args::Model;
use super::circle::said;
use super::decide;
use super::library::withdraw;
use super::out::{Out, broken, line, printable};
use crate::present::units::size;

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
            if let Some(why) = &card.template_refusal {
                let about = [("name", row.name.clone()), ("error", why.clone())];
                out.warn("model-template", &about)
                    .map_err(|error| broken(&error))?;
            }
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
        Model::Show { name, context } => show(out, node, &name, context),
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
            yes,
        } => {
            let circle = node.find_circle(circle.as_deref())?;
            let row = node.find_model(&name)?;
            let card = node.model_card(&row)?;
            let licence = if label.licence.is_empty() {
                &row.licence
            } else {
                &label.licence
            };
            let about = [("name", name.clone()), ("licence", line(licence))];
            match Permission::of(licence) {
                Permission::Given => {}
                Permission::Unknown => {
                    return Err(Failure::new("model-licence", Exit::Usage).with("name", name));
                }
                permission if !yes => {
                    let code = match permission {
                        Permission::Denied => "licence-denies",
                        _ => "licence-unsure",
                    };
                    out.warn(code, &about).map_err(|error| broken(&error))?;
                    if !decide::confirmed(out)? {
                        return Err(
                            Failure::new("licence-unanswered", Exit::Usage).with("name", name)
                        );
                    }
                }
                _ => {}
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
        Model::Quantize {
            input,
            output,
            kind,
            again,
            dry_run,
        } => {
            let how = Packing {
                recipe: &kind,
                again,
                dry_run,
            };
            let packed = node.quantize(&input, &output, how)?;
            let types: Vec<String> = packed
                .types
                .iter()
                .map(|(name, count)| format!("{count} {name}"))
                .collect();
            let about = [
                ("path", line(&output.display().to_string())),
                ("type", packed.recipe.to_owned()),
                ("before", size(packed.bytes_before)),
                ("after", size(packed.bytes)),
                ("types", types.join(", ")),
            ];
            let value = json!({
                "path": output, "recipe": packed.recipe, "dry_run": dry_run, "bytes": packed.bytes,
                "bytes_before": packed.bytes_before,
                "types": BTreeMap::from_iter(packed.types.iter().copied()),
            });
            let code = match dry_run {
                true => "would-quantize",
                false => "quantized",
            };
            said(out, "quantized", value, code, &about)
        }
        Model::Withdraw { name, circle } => withdraw(out, node, &name, circle.as_deref()),
        Model::Fetch { name } => {
            node.fetch_model(&name)?;
            let about = [("name", name.clone())];
            said(
                out,
                "fetched",
                json!({"name": name}),
                "model-fetched",
                &about,
            )
        }
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
        "template_refusal": card.and_then(|card| card.template_refusal.clone()),
    })
}

fn list(out: &Out, node: &Handle) -> Outcome {
    let used = node.used_model()?;
    for row in node.models()? {
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

fn show(out: &Out, node: &Handle, name: &str, context: Option<u64>) -> Outcome {
    let row = node.find_model(name)?;
    let card = node.model_card(&row)?;
    let fit = node.fit(&card, context);
    let mut value = model_json(&row, Some(&card));
    value["tokenizer"] = json!(card.tokenizer);
    value["tokenizer_verified"] = json!(card.tokenizer_verified);
    value["memory"] = json!(fit.map(|fit| json!({
        "context": fit.context, "cache": fit.cache, "needed": fit.needed, "available": fit.available,
        "fits": fit.fits(),
    })));
    out.fact("model", value, || {
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
        if let Some(fit) = fit {
            let about = [
                ("file", size(card.bytes)),
                ("cache", size(fit.cache)),
                ("context", fit.context.to_string()),
                ("needed", size(fit.needed)),
                ("available", fit.available.map(size).unwrap_or_default()),
            ];
            let code = match fit.fits() {
                Some(true) => "model-fits",
                Some(false) => "model-too-large",
                None => "model-needs",
            };
            lines.push(format!("memory        {}", say(code, &about)));
        }
        if let Some(tokenizer) = &card.tokenizer {
            let mark = match card.tokenizer_verified {
                Some(Conformance::Vectors) => String::new(),
                _ => format!(" ({})", say("tokenizer-unverified", &[])),
            };
            lines.push(format!("tokenizer     {}{mark}", line(tokenizer)));
        }
        if let Some(refusal) = &card.refusal {
            lines.push(format!("refused       {}", line(refusal)));
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
