//! okibi (熾火): a terminal-first node for AI that is yours.
//!
//! The library holds everything; the binary only starts it. Arrows point down: faces (`cli`, `tui`)
//! use what they share (`present`) and the runtime (`node`), which uses the edges (`carrier`,
//! `store`, `model`, `library`), which use the pure core (`bundle`, `fold`, `identity`, `learn`,
//! `record`, `sync`). `docs/architecture.md` has the picture, and
//! `tests/it/architecture.rs` the table that holds the code to it.

pub mod bundle;
pub mod carrier;
pub mod cli;
pub mod config;
pub mod fold;
pub mod identity;
pub mod learn;
pub mod library;
pub mod messages;
pub mod model;
pub mod node;
pub mod present;
pub mod record;
pub mod store;
pub mod sync;
#[cfg(feature = "tui")]
pub mod tui;
