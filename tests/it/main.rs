//! The one integration binary: a file per subject.

mod airgap;
mod architecture;
mod bundle_stock_tools;
mod catalogue;
mod generated;
mod manual;
mod model;
mod peer;
mod source;
