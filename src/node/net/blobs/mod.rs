//! Blobs by wire: what is missing is asked for piece by piece, from every peer that has it; what is here is served to
//! members of a circle that names it.

mod claims;
mod downloads;
mod hashing;
mod requests;
mod upload;

pub(super) use downloads::{Downloads, Looked};
pub(super) use upload::{Listed, Uploads};
