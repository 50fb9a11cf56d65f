//! Words, units and reports that both faces share: below `cli` and `tui`, above `node`. Nothing here
//! prints, draws or changes anything.

pub mod time;
pub mod units;
