//! The face on the whole terminal: chat, monitor, models, help.
//!
//! **Structure.** `State` is everything that is shown; `update(state, event) -> effects` is pure; one loop
//! (`event_loop`) waits for whatever happens first, feeds it in, carries the effects out and draws. Components declare
//! their keys in tables that also make the help. **Threads.** One reads the terminal, one waits for signals, one keeps
//! conversations, one does what takes longer (both in `worker`), and each loaded model has its own. They answer through
//! the one channel, so that a key is never behind a matrix product or a disk.
//!
//! **Always holds.** The terminal is given back as it was, however this ends: by a key, a signal, a panic. What is foreign
//! (a model's words, names of people) passes `printable_text` before it is drawn. Nothing is said by colour alone. The
//! terminal's cursor stands where the next character will.

mod chat;
mod commands;
mod dialog;
mod event_loop;
mod find;
mod help;
mod input;
mod keys;
mod lists;
mod markdown;
mod models;
mod monitor;
mod overlay;
mod pairing;
mod palette;
mod peers;
mod reply;
mod sessions;
mod state;
mod terminal;
mod text;
mod theme;
mod ticket;
mod transcript;
mod update;
mod view;
mod worker;

#[cfg(test)]
mod tests;

pub use event_loop::{Options, run};
pub use monitor::{Work, audit_line, plain as monitor_lines};
pub use state::Screen;
