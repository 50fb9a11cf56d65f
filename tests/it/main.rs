//! The one integration binary: a file per subject.

mod manual;
