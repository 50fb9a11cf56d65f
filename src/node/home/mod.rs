//! The home: opening one, its keys at rest, who may read it, its backup, and what is wrong with it.

pub(super) mod backup;
pub(super) mod doctor;
pub(super) mod identity;
pub(super) mod memory;
pub(super) mod modes;
pub(super) mod open;
pub(super) mod overwrite;
pub(super) mod own_feed;
pub(super) mod restore;
pub(super) mod status;
pub(super) mod system_stats;
pub(super) mod unlock;
