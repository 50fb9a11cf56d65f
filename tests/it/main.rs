//! The one integration binary: a file per subject; a further binary would link everything once more.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails loudly"
)]

mod airgap;
mod append;
mod architecture;
mod bundle_stock_tools;
mod catalogue;
mod cost;
mod crash;
mod crowd;
mod exit_codes;
mod fold;
mod foreign;
mod generated;
mod history;
mod homes;
mod hostile;
mod latency;
mod maker;
mod manual;
mod model;
mod mutations;
mod newcomer;
mod order;
mod peer;
mod quantize;
mod readme;
mod records;
mod reference;
mod shots;
mod source;
mod speed;
mod starter;
mod story;
mod terminal;
mod threats;
