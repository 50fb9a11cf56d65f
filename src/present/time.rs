//! Durations and dates, read and written for people: dates in the local time zone of the machine
//! (`TZ`, or else `/etc/localtime`).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use crate::messages::say;

/// Milliseconds of a duration such as `90m`, `26h`, `7d` or `2w`; none when it is no duration.
pub fn parse_duration(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = match text.chars().last()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        'w' => 7 * 86_400_000,
        _ => return None,
    };
    let number: u64 = text.get(..text.len() - 1)?.trim_end().parse().ok()?;
    number.checked_mul(unit)
}

/// A duration of so many milliseconds in its largest fitting unit, in words.
pub fn duration(millis: u64) -> String {
    let seconds = millis / 1_000;
    let (code, count) = match seconds {
        0..120 => ("tui-age-seconds", seconds),
        120..7_200 => ("tui-age-minutes", seconds / 60),
        7_200..172_800 => ("tui-age-hours", seconds / 3_600),
        _ => ("tui-age-days", seconds / 86_400),
    };
    say(code, &[("count", count.to_string())])
}

/// Milliseconds since 1970 as `YYYY-MM-DD HH:MM:SS` in local time. What lies after the year 9999,
/// as somebody else's clock may say, is shown as its last second.
pub fn date(millis: u64) -> String {
    date_in(millis, TimeZone::system())
}

fn date_in(millis: u64, zone: TimeZone) -> String {
    let at = i64::try_from(millis).ok();
    let at = at.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    let at = ZonedDateTime::new(at.unwrap_or(Timestamp::MAX), zone);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Milliseconds since 1970 of a local date `YYYY-MM-DD`, with ` HH:MM` or `THH:MM` behind it or not;
/// none when it is no date.
pub fn parse_date(text: &str) -> Option<u64> {
    parse_date_in(text, TimeZone::system())
}

fn parse_date_in(text: &str, zone: TimeZone) -> Option<u64> {
    let date: DateTime = match text.contains([' ', 'T']) {
        true => DateTime::strptime("%Y-%m-%d %H:%M", text.replacen('T', " ", 1)).ok()?,
        false => format!("{text}T00:00").parse().ok()?,
    };
    let at = date.to_zoned_datetime(zone).ok()?.timestamp();
    u64::try_from(at.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse_duration("26h"), Some(26 * 3_600_000));
        assert_eq!(parse_duration(" 7d "), Some(7 * 86_400_000));
        assert_eq!(parse_duration("1w"), parse_duration("7d"));
        for text in ["", "h", "12", "-1h", "1.5h", "1é", "999999999999999999d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(duration(119_000), "119 s");
        assert_eq!(duration(3 * 86_400_000), "3 d");
    }

    #[test]
    fn dates_are_read() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("2000-02-29", Some(951_782_400_000)),
            ("2099-12-31T23:59", Some(4_102_444_740_000)),
            ("2099-12-31 23:59", Some(4_102_444_740_000)),
        ] {
            assert_eq!(parse_date_in(text, TimeZone::UTC), expected, "{text}");
        }
        for text in [
            "",
            "2026",
            "2026-13-01",
            "1969-12-31",
            "2026-01-01T24:00",
            "é",
            "2026-01-01 é",
        ] {
            assert_eq!(parse_date_in(text, TimeZone::UTC), None, "{text}");
        }
    }

    #[test]
    fn dates() {
        let utc = |millis| date_in(millis, TimeZone::UTC);
        assert_eq!(utc(0), "1970-01-01 00:00:00");
        // `date -u -d @951782400` and `date -u -d @4102444799`.
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00");
        assert_eq!(utc(4_102_444_799_000), "2099-12-31 23:59:59");
        assert!(utc(u64::MAX).starts_with("9999-"));
    }

    #[test]
    fn dates_are_local() {
        let tokyo = TimeZone::fixed(jiff::tz::offset(9));
        assert_eq!(date_in(0, tokyo.clone()), "1970-01-01 09:00:00");
        let read = parse_date_in("1970-01-01 10:30", tokyo);
        assert_eq!(read, Some(90 * 60_000));
    }
}
