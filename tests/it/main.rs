//! The one integration binary: a file per subject.

mod bundle_stock_tools;
mod fold;
mod manual;
mod model;
mod peer;
