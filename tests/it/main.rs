//! All integration tests in one binary, a file per subject.

mod model;
mod peer;
