//! Spans and dates, read and written for people.

use crate::messages::say;

/// Milliseconds of a span such as `90m`, `26h`, `7d`; none when it is no span.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = match text.chars().last()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    let number: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    number.checked_mul(unit)
}

/// A span in its largest fitting unit, in words.
pub fn words(millis: u64) -> String {
    let seconds = millis / 1_000;
    let (code, count) = match seconds {
        0..120 => ("tui-age-seconds", seconds),
        120..7_200 => ("tui-age-minutes", seconds / 60),
        7_200..172_800 => ("tui-age-hours", seconds / 3_600),
        _ => ("tui-age-days", seconds / 86_400),
    };
    say(code, &[("count", count.to_string())])
}

/// Milliseconds since 1970 as `YYYY-MM-DD HH:MM:SS` in UTC (days to civil date after Howard Hinnant's
/// `chrono`-compatible low-level date algorithms).
pub fn date(millis: u64) -> String {
    let seconds = millis / 1_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Milliseconds since 1970 of a date `YYYY-MM-DD`, with ` HH:MM` or `THH:MM` behind it or not, in UTC (civil date to days
/// after Howard Hinnant); none when it is no date.
pub fn parse_date(text: &str) -> Option<u64> {
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let number = |text: &str, digits: usize| {
        let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<u64>().ok()).flatten()
    };
    let mut parts = day.splitn(3, '-');
    let (year, month) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?);
    let day = number(parts.next()?, 2)?;
    let (hour, minute) = time.split_once(':')?;
    let (hour, minute) = (number(hour, 2)?, number(minute, 2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    let year = year.checked_sub(u64::from(month <= 2))?;
    let shifted = (month + 9) % 12;
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    Some(((days * 24 + hour) * 60 + minute) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!(parse("26h"), Some(26 * 3_600_000));
        assert_eq!(parse(" 7d "), Some(7 * 86_400_000));
        for text in ["", "h", "12", "-1h", "1.5h", "1é", "999999999999999999d"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(words(119_000), "119 s");
        assert_eq!(words(3 * 86_400_000), "3 d");
    }

    #[test]
    fn dates_are_read() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("2000-02-29", Some(951_782_400_000)),
            ("2099-12-31T23:59", Some(4_102_444_740_000)),
            ("2099-12-31 23:59", Some(4_102_444_740_000)),
        ] {
            assert_eq!(parse_date(text), expected, "{text}");
        }
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-1-1",
            "1969-12-31",
            "2026-01-01T24:00",
            "é",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn dates() {
        assert_eq!(date(0), "1970-01-01 00:00:00");
        // `date -u -d @951782400` and `date -u -d @4102444799`.
        assert_eq!(date(951_782_400_000), "2000-02-29 00:00:00");
        assert_eq!(date(4_102_444_799_000), "2099-12-31 23:59:59");
    }
}
