//! The clock and the dice of the operating system: nothing else in the program asks for the time or for random numbers.
//! Faces show ages by it and measure nothing else.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::{Exit, Failure};

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Random bytes of the operating system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new("no-randomness", Exit::Failed).because(error))?;
    Ok(bytes)
}

/// Milliseconds since 1970 by the system's clock.
pub fn wall_clock() -> u64 {
    now()
}

/// Seconds since 1970 of the local time zone's clock on the wall, as if it showed UTC.
pub(super) fn local_seconds() -> Option<i64> {
    let at = i64::try_from(wall_clock() / 1_000).ok()?;
    let moment = jiff::Timestamp::from_second(at).ok()?;
    let offset = jiff::tz::TimeZone::system().to_offset(moment);
    Some(at + i64::from(offset.seconds()))
}

/// Counts on, whatever happens to the system's clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since the start.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Microseconds since the start.
    #[must_use]
    pub fn micros(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
