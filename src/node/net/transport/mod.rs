//! Transport: the asynchronous half. It owns sockets, discovery and one task for each connection, and decides which places
//! are dialled. It knows nothing of what is said.

mod dial;
mod listen;
mod peer_addresses;
mod places;
mod wide_area;

pub(super) use listen::open;
pub(super) use peer_addresses::{PeerAddresses, plain};
