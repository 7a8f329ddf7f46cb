//! Integration tests: bundles and verdicts of toy polls with real proofs, and of the recorded MACI polls.
#![allow(clippy::unwrap_used, missing_docs)]

mod audit;
mod mutation;
mod recorded;
mod verdict;
