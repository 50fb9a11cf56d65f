//! Asking: conversations with a language model or the manual, and those that are kept.

pub(super) mod chat;
pub(super) mod engine;
pub(super) mod history;
