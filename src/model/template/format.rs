//! Texts that are put together after a pattern: Python's `%` and `str.format`, padding, and dates.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::value::Kwargs;
use minijinja::{Error, ErrorKind, Value};

use super::budget::Budget;

/// Widest field. Real templates stay below a hundred.
const WIDEST: usize = 10_000;

fn wrong(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, why)
}

/// Where a text stands in its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    Center,
}

/// A text in a field of at least `width` characters.
pub(super) fn pad(
    budget: &Budget,
    text: &str,
    width: usize,
    fill: char,
    align: Align,
) -> Result<String, Error> {
    if width > WIDEST {
        return Err(wrong("a field that is too wide"));
    }
    let missing = width.saturating_sub(text.chars().count());
    budget.charge((text.len() + missing * fill.len_utf8()) as u64)?;
    let left = match align {
        Align::Left => 0,
        Align::Right => missing,
        Align::Center => missing / 2,
    };
    let fills = |count| std::iter::repeat_n(fill, count);
    Ok(fills(left)
        .chain(text.chars())
        .chain(fills(missing - left))
        .collect())
}

/// How a field is written: `[[fill]align][sign][0][width][.precision][type]` of Python's format language.
#[derive(Debug, Default)]
struct Field {
    fill: Option<char>,
    align: Option<Align>,
    plus: bool,
    width: usize,
    precision: Option<usize>,
    kind: Option<char>,
}

impl Field {
    fn read(spec: &str) -> Result<Self, Error> {
        let align = |c: char| match c {
            '<' => Some(Align::Left),
            '>' => Some(Align::Right),
            '^' => Some(Align::Center),
            _ => None,
        };
        let mut field = Self::default();
        let mut rest = spec;
        let mut ahead = rest.chars();
        let (first, second) = (ahead.next(), ahead.next());
        if let Some(found) = second.and_then(align) {
            field.align = Some(found);
            field.fill = first;
            rest = ahead.as_str();
        } else if let Some(found) = first.and_then(align) {
            field.align = Some(found);
            rest = &rest[1..];
        }
        if let Some(signed) = rest.strip_prefix(['+', '-']) {
            field.plus = rest.starts_with('+');
            rest = signed;
        }
        if rest.starts_with('0') {
            field.fill = field.fill.or(Some('0'));
            field.align = field.align.or(Some(Align::Right));
        }
        let number = |text: &str| -> Result<(usize, usize), Error> {
            let end = text
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len());
            let number = text[..end].parse().unwrap_or(0);
            (number <= WIDEST)
                .then_some((number, end))
                .ok_or_else(|| wrong("a field that is too wide"))
        };
        let (width, end) = number(rest)?;
        field.width = width;
        rest = &rest[end..];
        if let Some(digits) = rest.strip_prefix('.') {
            let (precision, end) = number(digits)?;
            field.precision = Some(precision);
            rest = &digits[end..];
        }
        let mut kind = rest.chars();
        field.kind = kind.next();
        match kind.next() {
            None => Ok(field),
            Some(_) => Err(wrong("a format that is not supported")),
        }
    }

    fn write(&self, budget: &Budget, value: &Value) -> Result<String, Error> {
        budget.deep(value)?;
        let number = value.is_number();
        let float = || f64::try_from(value.clone()).map_err(|_| wrong("a number was expected"));
        let whole = || i128::try_from(value.clone()).or_else(|_| float().map(|x| x as i128));
        let precision = self.precision.unwrap_or(6).min(100);
        let mut text = match self.kind {
            None | Some('s' | 'r') if !number || self.precision.is_none() => value.to_string(),
            None | Some('f' | 'F') => format!("{:.precision$}", float()?),
            Some('d' | 'i' | 'u') => whole()?.to_string(),
            Some('x') => format!("{:x}", whole()?),
            Some('X') => format!("{:X}", whole()?),
            Some('o') => format!("{:o}", whole()?),
            Some('b') => format!("{:b}", whole()?),
            Some('e') => format!("{:.precision$e}", float()?),
            Some('%') => format!("{:.precision$}%", float()? * 100.0),
            Some('g') => float()?.to_string(),
            Some('s') => value.to_string(),
            _ => return Err(wrong("a format that is not supported")),
        };
        if let Some(most) = self.precision.filter(|_| !number) {
            text = text.chars().take(most).collect();
        }
        if self.plus && number && !text.starts_with('-') {
            text.insert(0, '+');
        }
        let natural = if number { Align::Right } else { Align::Left };
        let fill = self.fill.unwrap_or(' ');
        let zeros = fill == '0' && number && text.starts_with(['-', '+']);
        match zeros {
            // The sign stands before the zeros.
            true => {
                let digits = pad(
                    budget,
                    &text[1..],
                    self.width.saturating_sub(1),
                    fill,
                    Align::Right,
                )?;
                Ok(text[..1].to_owned() + &digits)
            }
            false => pad(
                budget,
                &text,
                self.width,
                fill,
                self.align.unwrap_or(natural),
            ),
        }
    }
}

/// Python's `pattern % args`.
pub(super) fn printf(budget: &Budget, pattern: &str, args: &[Value]) -> Result<String, Error> {
    budget.charge(pattern.len() as u64)?;
    let mut values = args.iter();
    let named = args
        .last()
        .cloned()
        .and_then(|it| Kwargs::try_from(it).ok());
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let mut value = None;
        if let Some((name, after)) = rest.strip_prefix('(').and_then(|it| it.split_once(')')) {
            value = named
                .as_ref()
                .and_then(|named| named.get::<Value>(name).ok());
            rest = after;
        }
        let end = rest
            .find(|c: char| c.is_ascii_alphabetic())
            .ok_or_else(|| wrong("an unfinished format"))?;
        let left = rest.starts_with('-');
        let spec = rest[..=end].trim_start_matches('-');
        let mut field = Field::read(spec)?;
        rest = &rest[end + 1..];
        // `%` aligns to the right unless told otherwise.
        field.align = Some(if left { Align::Left } else { Align::Right });
        let value = match value {
            Some(value) => value,
            None => values
                .next()
                .cloned()
                .ok_or_else(|| wrong("not enough arguments for a format"))?,
        };
        out.push_str(&field.write(budget, &value)?);
    }
    out.push_str(rest);
    Ok(out)
}

/// Python's `pattern.format(args)`: positions, names, attributes and indices, and the format language.
pub(super) fn braces(budget: &Budget, pattern: &str, args: &[Value]) -> Result<String, Error> {
    budget.charge(pattern.len() as u64)?;
    let named = args
        .last()
        .cloned()
        .and_then(|it| Kwargs::try_from(it).ok());
    let mut next = 0;
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        let (field, after) = rest
            .split_once('}')
            .filter(|_| brace == "{")
            .ok_or_else(|| wrong("a single brace in a format"))?;
        rest = after;
        let (field, spec) = field.split_once(':').unwrap_or((field, ""));
        let field = field.split('!').next().unwrap_or_default();
        let cut = field.find(['.', '[']).unwrap_or(field.len());
        let (name, mut path) = field.split_at(cut);
        let missing = || wrong("a format names an argument that is not there");
        let mut value = match name.parse::<usize>() {
            Ok(position) => args.get(position).cloned().ok_or_else(missing)?,
            Err(_) if name.is_empty() => {
                next += 1;
                args.get(next - 1).cloned().ok_or_else(missing)?
            }
            Err(_) => {
                let named = named.as_ref().ok_or_else(missing)?;
                named.get::<Value>(name).map_err(|_| missing())?
            }
        };
        while !path.is_empty() {
            let (key, after) = match path.strip_prefix('[') {
                Some(inner) => inner.split_once(']').ok_or_else(missing)?,
                None => {
                    let inner = &path[1..];
                    inner.split_at(inner.find(['.', '[']).unwrap_or(inner.len()))
                }
            };
            value = match key.parse::<i64>() {
                Ok(index) => value.get_item(&index.into())?,
                Err(_) => value.get_item(&key.into())?,
            };
            path = after;
        }
        out.push_str(&Field::read(spec)?.write(budget, &value)?);
    }
    out.push_str(rest);
    Ok(out)
}

/// A point in time as the `strftime` of Python writes it with the C locale, from seconds since 1970 on the clock on
/// the wall; `-` between `%` and a letter leaves out leading zeros.
pub(super) fn strftime(seconds: i64, format: &str) -> Result<String, Error> {
    let at = Timestamp::from_second(seconds).map_err(|_| wrong("a date out of range"))?;
    let at = at.to_zoned_datetime(TimeZone::UTC);
    let (year, month, day) = (
        i64::from(at.year()),
        i64::from(at.month()),
        i64::from(at.day()),
    );
    let name = |letter: &str| at.strftime(letter).to_string();
    let (hour, minute, second) = (i64::from(at.hour()), at.minute().into(), at.second().into());
    let mut out = String::new();
    let mut characters = format.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut letter = characters.next();
        let plain = letter == Some('-');
        if plain {
            letter = characters.next();
        }
        let number = |value: i64, width: usize| match plain {
            true => value.to_string(),
            false => format!("{value:0width$}"),
        };
        let part = match letter {
            Some('Y') => year.to_string(),
            Some('y') => number(year.rem_euclid(100), 2),
            Some('m') => number(month, 2),
            Some('d') => number(day, 2),
            Some('e') => format!("{day:2}"),
            Some('j') => number(at.day_of_year().into(), 3),
            Some('B') => name("%B"),
            Some('b' | 'h') => name("%b"),
            Some('A') => name("%A"),
            Some('a') => name("%a"),
            Some('w') => at.weekday().to_sunday_zero_offset().to_string(),
            Some('u') => at.weekday().to_monday_one_offset().to_string(),
            Some('H') => number(hour, 2),
            Some('I') => number((hour + 11) % 12 + 1, 2),
            Some('p') => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            Some('M') => number(minute, 2),
            Some('S') => number(second, 2),
            Some('f') => "000000".to_owned(),
            Some('s') => seconds.to_string(),
            Some('F') => strftime(seconds, "%Y-%m-%d")?,
            Some('T' | 'X') => strftime(seconds, "%H:%M:%S")?,
            Some('R') => strftime(seconds, "%H:%M")?,
            Some('r') => strftime(seconds, "%I:%M:%S %p")?,
            Some('D' | 'x') => strftime(seconds, "%m/%d/%y")?,
            Some('c') => strftime(seconds, "%a %b %e %H:%M:%S %Y")?,
            // As for Python's naive times.
            Some('z' | 'Z') => String::new(),
            Some('n') => "\n".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('%') => "%".to_owned(),
            _ => return Err(wrong("a date format that is not supported")),
        };
        out.push_str(&part);
    }
    Ok(out)
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
        assert_eq!(
            strftime(1_709_210_096, "%-d %I %p %j %u %F").unwrap(),
            "29 12 PM 060 4 2024-02-29"
        );
        assert_eq!(strftime(0, "%-I%p").unwrap(), "12AM");
        assert!(strftime(0, "%Q").is_err());
    }

    #[test]
    fn patterns_are_filled_as_python_fills_them() {
        let budget = Budget::new(1 << 20, 1 << 16);
        let values = [Value::from("a"), Value::from(7), Value::from(1.5)];
        for (pattern, expected) in [
            ("{}-{}", "a-7"),
            ("{1}{0}", "7a"),
            ("{{{0}}}", "{a}"),
            ("{2:.2f}", "1.50"),
            ("{1:03d}|{0:>3}|{0:*^3}", "007|  a|*a*"),
        ] {
            assert_eq!(braces(&budget, pattern, &values).unwrap(), expected);
        }
        assert!(braces(&budget, "{3}", &values).is_err());
        assert!(braces(&budget, "}", &values).is_err());
        for (pattern, expected) in [
            ("%s!", "a!"),
            ("%s %d %.1f 100%%", "a 7 1.5 100%"),
            ("%3s|%-3d|", "  a|7  |"),
        ] {
            assert_eq!(printf(&budget, pattern, &values).unwrap(), expected);
        }
        assert!(printf(&budget, "%s%s%s%s", &values).is_err());
        assert!(printf(&budget, "%99999s", &values).is_err());
    }
}
