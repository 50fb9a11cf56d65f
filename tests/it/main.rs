//! All integration tests in one binary, a file per subject.

mod hostile;
mod maker;
mod model;
mod peer;
mod reference;
mod speed;
