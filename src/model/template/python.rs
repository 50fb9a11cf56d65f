//! Methods of Python's strings and dictionaries, and filters, as chat templates use them.
//!
//! Templates are written for Jinja2 in Python, where `'a,b'.split(',')` works on any string. What is here
//! is what published chat templates use; anything else is an unknown method.

use minijinja::value::{Kwargs, ValueKind, from_args};
use minijinja::{Error, ErrorKind, Value};
use serde::Serialize;

use super::budget::Budget;
use super::format::{self, Align};

fn unknown() -> Error {
    Error::from(ErrorKind::UnknownMethod)
}

/// Calls a method on a value.
pub(super) fn method(
    budget: &Budget,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    budget.shallow(value)?;
    args.iter().try_for_each(|arg| budget.shallow(arg))?;
    match (value.kind(), value.as_str()) {
        (_, Some(text)) => on_text(budget, text, name, args),
        (ValueKind::Map, _) => on_map(value, name, args),
        (ValueKind::Seq, _) => match name {
            "count" | "index" => {
                let (wanted,): (Value,) = from_args(args)?;
                budget.deep(value)?;
                let mut elements = value.try_iter()?;
                match name {
                    "count" => Ok(elements.filter(|element| *element == wanted).count().into()),
                    _ => Ok(elements.position(|element| element == wanted).into()),
                }
            }
            _ => Err(unknown()),
        },
        _ => Err(unknown()),
    }
}

fn on_map(value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    match name {
        "get" => {
            let (key, default): (Value, Option<Value>) = from_args(args)?;
            let found = value.get_item(&key)?;
            Ok(match found.is_undefined() {
                true => default.unwrap_or(Value::from(())),
                false => found,
            })
        }
        "keys" => Ok(value.try_iter()?.collect()),
        "values" => value.try_iter()?.map(|key| value.get_item(&key)).collect(),
        "items" => value
            .try_iter()?
            .map(|key| Ok(Value::from(vec![key.clone(), value.get_item(&key)?])))
            .collect(),
        _ => Err(unknown()),
    }
}

fn on_text(budget: &Budget, text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    // What `strip` and its relatives take away: white space, or the characters of their argument.
    let stripped = || -> Result<_, Error> {
        let (set,): (Option<String>,) = from_args(args)?;
        Ok(move |c: char| {
            set.as_ref()
                .map_or(c.is_whitespace(), |set| set.contains(c))
        })
    };
    // A prefix or suffix, or several of them.
    let any_of = |test: &dyn Fn(&str) -> bool| -> Result<Value, Error> {
        let (wanted,): (Value,) = from_args(args)?;
        match wanted.as_str() {
            Some(wanted) => Ok(test(wanted).into()),
            None => {
                let mut parts = wanted.try_iter()?;
                Ok(parts.any(|part| part.as_str().is_some_and(test)).into())
            }
        }
    };
    Ok(match name {
        "strip" => text.trim_matches(stripped()?).into(),
        "lstrip" => text.trim_start_matches(stripped()?).into(),
        "rstrip" => text.trim_end_matches(stripped()?).into(),
        "startswith" => any_of(&|part| text.starts_with(part))?,
        "endswith" => any_of(&|part| text.ends_with(part))?,
        "upper" => text.to_uppercase().into(),
        "lower" => text.to_lowercase().into(),
        "title" => title(text).into(),
        "capitalize" => capitalize(text).into(),
        "isalpha" => all_of(text, char::is_alphabetic),
        "isalnum" => all_of(text, char::is_alphanumeric),
        "isspace" => all_of(text, char::is_whitespace),
        "isnumeric" => all_of(text, char::is_numeric),
        "islower" => cased(text, char::is_lowercase, char::is_uppercase),
        "isupper" => cased(text, char::is_uppercase, char::is_lowercase),
        "casefold" => text.to_lowercase().into(),
        "format" => format::braces(budget, text, args)?.into(),
        "ljust" | "rjust" | "center" => {
            let (width, fill): (usize, Option<String>) = from_args(args)?;
            let fill = fill.and_then(|fill| fill.chars().next()).unwrap_or(' ');
            let align = match name {
                "ljust" => Align::Left,
                "rjust" => Align::Right,
                _ => Align::Center,
            };
            format::pad(budget, text, width, fill, align)?.into()
        }
        "zfill" => {
            let (width,): (usize,) = from_args(args)?;
            let (sign, digits) = match text.strip_prefix(['-', '+']) {
                Some(digits) => (&text[..1], digits),
                None => ("", text),
            };
            let width = width.saturating_sub(sign.len());
            let padded = format::pad(budget, digits, width, '0', Align::Right)?;
            (sign.to_owned() + &padded).into()
        }
        "partition" | "rpartition" => {
            let (separator,): (&str,) = from_args(args)?;
            let found = match name {
                "partition" => text.split_once(separator),
                _ => text.rsplit_once(separator),
            };
            let parts = match (found, name) {
                (Some((before, after)), _) => [before, separator, after],
                (None, "partition") => [text, "", ""],
                (None, _) => ["", "", text],
            };
            parts.into_iter().collect()
        }
        "rfind" => {
            let (part,): (&str,) = from_args(args)?;
            let at = text.rfind(part).map(|at| text[..at].chars().count() as i64);
            at.unwrap_or(-1).into()
        }
        "isdigit" => (!text.is_empty() && text.chars().all(|c| c.is_ascii_digit())).into(),
        "removeprefix" => {
            let (part,): (&str,) = from_args(args)?;
            text.strip_prefix(part).unwrap_or(text).into()
        }
        "removesuffix" => {
            let (part,): (&str,) = from_args(args)?;
            text.strip_suffix(part).unwrap_or(text).into()
        }
        "find" => {
            let (part,): (&str,) = from_args(args)?;
            let at = text.find(part).map(|at| text[..at].chars().count() as i64);
            at.unwrap_or(-1).into()
        }
        "count" => {
            let (part,): (&str,) = from_args(args)?;
            text.matches(part).count().into()
        }
        "split" | "rsplit" => {
            let (separator, most): (Option<&str>, Option<i64>) = from_args(args)?;
            budget.charge(text.len() as u64 * 32)?;
            let most = most.and_then(|most| usize::try_from(most).ok());
            split(text, separator, most, name == "rsplit")?
        }
        "splitlines" => {
            budget.charge(text.len() as u64 * 32)?;
            text.lines().collect()
        }
        "replace" => {
            let (from, to, most): (&str, &str, Option<i64>) = from_args(args)?;
            replace(budget, text, from, to, most)?.into()
        }
        "join" => {
            let (parts,): (Value,) = from_args(args)?;
            join(budget, &parts, text)?.into()
        }
        _ => return Err(unknown()),
    })
}

fn all_of(text: &str, test: impl Fn(char) -> bool) -> Value {
    (!text.is_empty() && text.chars().all(test)).into()
}

/// At least one character passes, and none is of the other case.
fn cased(text: &str, passes: fn(char) -> bool, fails: fn(char) -> bool) -> Value {
    (text.chars().any(passes) && !text.chars().any(fails)).into()
}

/// Markup characters as entities, as Jinja2's `escape` writes them.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Jinja2's `truncate(length=255, killwords=False, end='...', leeway=5)`.
pub(super) fn truncate(text: &str, args: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let (length, kill, end): (Option<usize>, Option<bool>, Option<String>) = from_args(args)?;
    let length = length.or(kwargs.get("length")?).unwrap_or(255);
    let kill = kill.or(kwargs.get("killwords")?).unwrap_or(false);
    let end = end.or(kwargs.get("end")?).unwrap_or_else(|| "...".into());
    let leeway: usize = kwargs.get::<Option<usize>>("leeway")?.unwrap_or(5);
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= length.saturating_add(leeway) {
        return Ok(text.to_owned());
    }
    let room = length.saturating_sub(end.chars().count());
    let cut: String = characters[..room.min(characters.len())].iter().collect();
    let kept = match (kill, cut.rfind(' ')) {
        (false, Some(space)) => &cut[..space],
        _ => cut.as_str(),
    };
    Ok(kept.to_owned() + &end)
}

fn split(
    text: &str,
    separator: Option<&str>,
    most: Option<usize>,
    from_right: bool,
) -> Result<Value, Error> {
    let Some(separator) = separator else {
        return Ok(text.split_whitespace().collect());
    };
    if separator.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "an empty separator",
        ));
    }
    let pieces = most.map_or(usize::MAX, |most| most.saturating_add(1));
    Ok(match from_right {
        false => text.splitn(pieces, separator).collect(),
        true => {
            let mut parts: Vec<&str> = text.rsplitn(pieces, separator).collect();
            parts.reverse();
            parts.into_iter().collect()
        }
    })
}

/// Python's `str.replace`; what it will make is charged before it is made.
pub(super) fn replace(
    budget: &Budget,
    text: &str,
    from: &str,
    to: &str,
    most: Option<i64>,
) -> Result<String, Error> {
    let most = most
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(usize::MAX);
    let count = text.matches(from).take(most).count() as u64;
    budget.charge(text.len() as u64 + count.saturating_mul(to.len() as u64))?;
    Ok(text.replacen(from, to, most))
}

/// Python's `str.join`; what it will make is charged before it is made.
pub(super) fn join(budget: &Budget, parts: &Value, separator: &str) -> Result<String, Error> {
    budget.deep(parts)?;
    let count = parts.len().unwrap_or(0) as u64;
    budget.charge(count.saturating_mul(separator.len() as u64))?;
    let mut out = String::new();
    for (index, part) in parts.try_iter()?.enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        match part.as_str() {
            Some(text) => out.push_str(text),
            None => out.push_str(&part.to_string()),
        }
    }
    Ok(out)
}

fn capitalize(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first
            .to_uppercase()
            .chain(characters.flat_map(char::to_lowercase))
            .collect(),
        None => String::new(),
    }
}

fn title(text: &str) -> String {
    text.split_inclusive(|c: char| !c.is_alphabetic())
        .map(capitalize)
        .collect()
}

/// Puts spaces where Python's `json.dumps` puts them: tool descriptions in prompts were trained so.
struct PythonFormat;

impl serde_json::ser::Formatter for PythonFormat {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        match first {
            true => Ok(()),
            false => writer.write_all(b", "),
        }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.begin_array_value(writer, first)
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

/// The filter `tojson` as Hugging Face's renderer has it: no escapes for HTML, Python's spaces, an optional
/// `indent` of at most 16.
pub(super) fn to_json(budget: &Budget, value: &Value, kwargs: &Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = kwargs.get("indent")?;
    // Other arguments of Python's (`ensure_ascii`, `separators`) change nothing that matters here.
    let indent = indent.map(|indent| " ".repeat(indent.min(16)));
    budget.deep(value)?;
    let mut out = Vec::new();
    let written = match &indent {
        None => {
            let mut writer = serde_json::Serializer::with_formatter(&mut out, PythonFormat);
            value.serialize(&mut writer)
        }
        Some(indent) => {
            let pretty = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
            let mut writer = serde_json::Serializer::with_formatter(&mut out, pretty);
            value.serialize(&mut writer)
        }
    };
    written
        .map_err(|_| Error::new(ErrorKind::BadSerialization, "a value that JSON cannot hold"))?;
    budget.charge(out.len() as u64)?;
    Ok(Value::from_safe_string(
        String::from_utf8_lossy(&out).into_owned(),
    ))
}
