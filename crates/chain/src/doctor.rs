//! Preflight: everything about a poll on a chain that would stop its coordinator later, looked at before any work.
//!
//! Each check stands for itself: one that fails does not hide the others. Nothing is written and nothing is sent.
//!
//! - [`contracts`]: code where there should be code, MACI's own where it should be MACI's, wired to one another.
//! - [`poll`]: parameters, roots, keys, the coordinator's key, funds.

mod contracts;
mod poll;
mod report;

pub use poll::{Expected, examine};
pub use report::{Check, Checkup, Outcome};
