//! Circles: founding, admitting, deciding, and finding them and their members by the names that people use.

pub(super) mod authority;
pub(super) mod membership;
pub(super) mod offers;
pub(super) mod peers;
pub(super) mod who;
