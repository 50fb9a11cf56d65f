//! Bundles: taking them in, writing them, looking at them, and the courier that does all of it on a medium.

pub(super) mod apply;
pub(super) mod authority_closure;
pub(super) mod batches;
pub(super) mod courier;
pub(super) mod export;
pub(super) mod export_target;
pub(super) mod external_recipients;
pub(super) mod import;
pub(super) mod inspect;
pub(super) mod intake;
pub(super) mod named;
pub(super) mod prune;
pub(super) mod shipment;
pub(super) mod starter;
pub(super) mod watch;
