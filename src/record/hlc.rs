//! Hybrid logical time (Kulkarni et al., *Logical Physical Clocks*, 2014) in 63 bits: milliseconds since
//! 1970 in the upper 47, a counter in the lower 16. It orders what one person sees; it never decides.

use minicbor::Decoder;

use super::cbor::Read;
use super::limits;

/// One hybrid logical time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc(pub u64);

impl Hlc {
    /// The time of a wall clock, with counter 0.
    pub fn from_millis(millis: u64) -> Self {
        Self((millis & ((1 << 47) - 1)) << 16)
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> u64 {
        self.0 >> 16
    }

    /// The next time of a clock that showed `self`, with the wall at `now_millis`.
    #[must_use]
    pub fn tick(self, now_millis: u64) -> Self {
        Self::from_millis(now_millis).max(Self((self.0 + 1) & (i64::MAX as u64)))
    }

    /// The clock after it saw a foreign time, which may move it at most `limits::HLC_AHEAD_MS` ahead of the wall.
    #[must_use]
    pub fn observe(self, foreign: Self, now_millis: u64) -> Self {
        let bound = Self::from_millis(now_millis.saturating_add(limits::HLC_AHEAD_MS));
        if foreign > bound {
            self
        } else {
            self.max(foreign)
        }
    }

    pub(crate) fn read(d: &mut Decoder<'_>) -> Read<Self> {
        match d.u64()? {
            time if i64::try_from(time).is_ok() => Ok(Self(time)),
            _ => Err(minicbor::decode::Error::message("time out of range")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_never_goes_back() {
        let clock = Hlc::from_millis(1_000);
        assert!(clock.tick(10) > clock);
        assert_eq!(clock.tick(2_000).millis(), 2_000);
    }

    #[test]
    fn a_foreign_time_moves_the_clock_by_a_day_at_most() {
        let clock = Hlc::from_millis(1_000);
        let near = Hlc::from_millis(2_000);
        let far = Hlc::from_millis(1_000 + 2 * limits::HLC_AHEAD_MS);
        assert_eq!(clock.observe(near, 1_000), near);
        assert_eq!(clock.observe(far, 1_000), clock);
    }
}
