//! How things move between nodes. Carriers move bytes and decide nothing: what they bring is judged
//! by the core and taken in by the store.

#[cfg(feature = "lan")]
pub mod admission;
#[cfg(feature = "iroh")]
pub mod iroh;
#[cfg(feature = "lan")]
pub mod lan;
pub mod media;
#[cfg(feature = "lan")]
pub mod node_addr;
#[cfg(feature = "lan")]
pub mod wire;
