//! From a set of records to what a circle is: who belongs, who decides, what is shared, what is current.
//!
//! Pure functions of verified records; nothing here asks a clock, a store or another node. Two members
//! with the same records compute the same state, whatever arrived when.
//!
//! Call order: fill a `History` with everything that is at hand (what is in the set and what waits),
//! ask `membership` which of it is in the set, and `fold` for the state of that set.

mod history;
mod state;

pub use history::{History, Lack, Membership};
pub use state::{Member, Shared, State};

/// Version of the rules; it tags state hashes and cached states.
pub const VERSION: u64 = 1;
