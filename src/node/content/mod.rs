//! Contents: the documents, models and releases that a person puts in and shares, and those that come from others.

pub(super) mod find_gguf;
pub(super) mod index;
pub(super) mod kinds;
pub(super) mod missing;
pub(super) mod models;
pub(super) mod policy;
pub(super) mod quantize;
pub(super) mod reconcile;
pub(super) mod share;
pub(super) mod update;
