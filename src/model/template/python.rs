//! Methods of Python's strings and dictionaries, and filters, as chat templates use them.
//!
//! Templates are written for Jinja2 in Python, where `'a,b'.split(',')` works on any string. What is here
//! is what published chat templates use; anything else is an unknown method.

use minijinja::value::{Kwargs, ValueKind, from_args};
use minijinja::{Error, ErrorKind, Value};
use serde::Serialize;

use super::budget::Budget;

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

/// A point in time, in UTC, as the `strftime` of Python writes it. Only what templates ask for: the parts of
/// a date and of a time.
pub(super) fn strftime(seconds: i64, format: &str) -> Result<String, Error> {
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let month_name = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ][month as usize - 1];
    // 1 January 1970 was a Thursday.
    let weekday = [
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "Monday",
        "Tuesday",
        "Wednesday",
    ][days.rem_euclid(7) as usize];
    let mut out = String::new();
    let mut characters = format.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match characters.next() {
            Some('Y') => out.push_str(&year.to_string()),
            Some('y') => out.push_str(&format!("{:02}", year.rem_euclid(100))),
            Some('m') => out.push_str(&format!("{month:02}")),
            Some('d') => out.push_str(&format!("{day:02}")),
            Some('B') => out.push_str(month_name),
            Some('b') => out.push_str(&month_name[..3]),
            Some('A') => out.push_str(weekday),
            Some('a') => out.push_str(&weekday[..3]),
            Some('H') => out.push_str(&format!("{:02}", time / 3600)),
            Some('M') => out.push_str(&format!("{:02}", time / 60 % 60)),
            Some('S') => out.push_str(&format!("{:02}", time % 60)),
            Some('%') => out.push('%'),
            _ => {
                return Err(Error::new(
                    ErrorKind::InvalidOperation,
                    "a date format that is not supported",
                ));
            }
        }
    }
    Ok(out)
}

/// Year, month and day of a count of days since 1970-01-01 (Hinnant, "chrono-compatible low-level date
/// algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        let format =
            |seconds| strftime(seconds, "%A %d %B %Y, %y-%m-%d %H:%M:%S %b %a %%").unwrap();
        assert_eq!(
            format(1_709_210_096),
            "Thursday 29 February 2024, 24-02-29 12:34:56 Feb Thu %"
        );
        assert_eq!(
            format(-1),
            "Wednesday 31 December 1969, 69-12-31 23:59:59 Dec Wed %"
        );
        assert!(strftime(0, "%Q").is_err());
    }
}
