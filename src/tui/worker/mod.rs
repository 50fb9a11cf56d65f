//! The threads behind the face, one for each role.
//!
//! `conversations` keeps what is said and finds it again, in short steps. `tasks` does everything
//! that may take long: it loads models, looks at the whole node and takes bundles in. `network`
//! opens the network as far as the face needs it, with a thread for each time.
//!
//! **Always holds.** A worker owns its own `Handle` and shares no memory with the loop: `Effect`s
//! come in through one channel, `Incoming` goes out through the loop's. It ends when its channel
//! closes. A failure is told in words and ends nothing else.

pub mod conversations;
#[cfg(feature = "lan")]
pub mod network;
pub mod tasks;
