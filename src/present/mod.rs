//! Words, units and tables that both faces share: below `cli` and `tui`, above `node`. Nothing here
//! prints, draws or changes anything.

pub mod commands;
pub mod time;
pub mod units;
