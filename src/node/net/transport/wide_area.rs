//! The endpoint of the wide area, beyond the local network.
//!
//! In a build without iroh there is none: types without values stand in for it, so that no other
//! file has to know the feature. Opening one then fails, and says that this okibi was built without
//! iroh.

#[cfg(feature = "iroh")]
pub(super) use crate::carrier::iroh::{Incoming, Iroh, Ways};

#[cfg(not(feature = "iroh"))]
pub(super) use absent::{Incoming, Iroh, Ways};

#[cfg(not(feature = "iroh"))]
mod absent {
    use crate::carrier::admission::Origin;
    use crate::carrier::lan::Streams;
    use crate::carrier::node_addr::NodeAddr;
    use crate::carrier::wire::Link;

    /// The stand-in for `carrier::iroh::Ways`.
    #[expect(dead_code, reason = "nobody is there to read it")]
    pub struct Ways {
        pub port: u16,
        pub relays: Vec<String>,
        pub n0: bool,
        pub dht: Option<Vec<String>>,
        pub passing: bool,
    }

    /// There is none.
    pub enum Iroh {}

    /// Nobody comes from there.
    pub enum Incoming {}

    impl Incoming {
        pub fn origin(&self) -> Origin {
            match *self {}
        }

        pub fn proven(&self) -> bool {
            match *self {}
        }

        pub fn prove(self) {
            match self {}
        }

        pub async fn answer(self) -> Result<Link<Streams>, &'static str> {
            match self {}
        }
    }

    impl Iroh {
        pub async fn open(_: &[u8; 32], _: &Ways) -> Result<Self, &'static str> {
            Err("this okibi was built without iroh")
        }

        pub fn here(&self) -> NodeAddr {
            match *self {}
        }

        pub fn dht(&self) -> Option<bool> {
            match *self {}
        }

        pub async fn dial(&self, _: &NodeAddr) -> Result<Link<Streams>, &'static str> {
            match *self {}
        }

        pub async fn accept(&self) -> Option<Incoming> {
            match *self {}
        }

        pub async fn close(&self) {
            match *self {}
        }
    }
}
