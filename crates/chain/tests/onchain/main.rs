//! The crate on a test chain with MACI's own contracts. Run by `cargo xtask e2e onchain`, which installs anvil first.
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

mod closing;
mod deployment;
mod doctor;
mod ingest;
mod interrupted;
mod policies;
mod support;
