//! How things move between nodes. Carriers move bytes and decide nothing: what they bring is judged
//! by the core and taken in by the store.

pub mod media;
