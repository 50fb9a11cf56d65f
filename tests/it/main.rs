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

mod admission;
mod airgap;
mod append;
mod architecture;
mod backup;
mod bundle_stock_tools;
mod capture;
mod catalogue;
mod consent;
mod convergence;
mod cost;
mod courier;
mod crash;
mod dht;
mod exit_codes;
mod false_claims;
mod fold;
mod foreign;
mod generated;
mod golden;
mod guide;
mod history;
mod home_upkeep;
mod homes;
mod hostile;
mod latency;
mod learn;
mod maker;
mod manual;
mod media_fs;
#[cfg(feature = "lan")]
mod meeting;
mod model;
mod mutations;
mod namespace_process;
mod netns;
mod newcomer;
mod no_side_effects;
mod order;
mod peer;
mod quantize;
mod readme;
mod recognition;
mod records;
mod reference;
mod scope;
#[cfg(feature = "lan")]
mod setback;
mod shots;
mod source;
mod space;
mod speed;
mod starter;
mod steps;
mod stick;
mod story;
mod sync;
mod tamper;
mod terminal;
mod threats;
mod update;
mod vouched;
mod wide_area;
mod wire;
mod worst;
