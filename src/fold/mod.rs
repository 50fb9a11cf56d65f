//! From a set of records to what a circle is: who belongs, who decides, what is shared, what is current.
//!
//! Pure functions of verified records; nothing here asks a clock, a store or another node. Two members
//! with the same records compute the same state, whatever arrived when. `docs/circles.md` is the
//! algorithm for a second implementer, `tests/fold/second.py` such an implementation, and the vectors
//! in `fixtures/fold/` hold both to it.
//!
//! Call order: fill a `History` with everything that is at hand (what is in the set and what waits),
//! ask `membership` which of it is in the set, and `fold` for the state of that set; or `evaluate` for
//! both at once. Nothing here fails: what does not fit is left without effect, with a reason.

mod bits;
mod build;
mod count;
mod encode;
mod explain;
mod graph;
mod history;
mod keep;
mod known;
#[cfg(test)]
mod laws;
mod membership;
mod outlook;
mod permit;
mod rules;
mod state;
mod stretches;
mod suspend;
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod weight;

pub use explain::{Reason, Subject, explain};
pub use history::{History, Lack, Membership, Shares};
pub use known::Permissions;
pub use outlook::{Change, changes};
pub use state::{Authority, Member, Shared, State, Vote};

use graph::Graph;
use rules::Rules;

/// Version of the rules; it tags state hashes and cached states.
pub const VERSION: u64 = 1;

/// Which part of a pool is the circle's set: a function of the pool alone.
pub fn membership(history: &History) -> Membership {
    let graph = Graph::new(history);
    membership::sift(&graph, &Rules::new(&graph))
}

/// The state of the set that `membership` found in this history.
pub fn fold(history: &History, membership: &Membership) -> State {
    let graph = Graph::new(history);
    build::state(&Rules::new(&graph), membership)
}

/// Both at once, at half the cost.
pub fn evaluate(history: &History) -> (Membership, State) {
    let (membership, state, _) = evaluate_and_keep(history);
    (membership, state)
}

/// Both, with what `History::know` spares the next evaluation of this pool or of one that grew out of it.
pub fn evaluate_and_keep(history: &History) -> (Membership, State, Permissions) {
    let graph = Graph::new(history);
    let rules = Rules::new(&graph);
    let membership = membership::sift(&graph, &rules);
    let state = build::state(&rules, &membership);
    let permissions = Permissions::of(&rules);
    (membership, state, permissions)
}
