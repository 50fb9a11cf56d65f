//! What a node tells its faces while it works.

use crate::fold::Change;
use crate::record::{CircleId, RootKey};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An identity was made, without a question.
    IdentityMade { root: RootKey },
    /// The starter bundle that is built into the binary was taken in.
    StarterTaken { documents: usize, models: usize },
    /// Step `done` of `total` of something that takes a while; bytes.
    Progress {
        what: &'static str,
        done: u64,
        total: u64,
    },
    /// What arrived changed what was decided before.
    DecisionChanged {
        circle: CircleId,
        changes: Vec<Change>,
    },
    /// This home stands elsewhere than where it was; writing is stopped until a new feed is opened.
    HomeMoved,
    /// This home cannot be written.
    HomeReadOnly,
    /// Others could have read this home until now; it is closed.
    HomeClosed,
}

/// Where events go.
pub type Sink = Box<dyn FnMut(Event) + Send>;
