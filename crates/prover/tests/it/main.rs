//! Proofs of real small circuits, of recorded batches, and of lists of them.
#![allow(missing_docs, clippy::unwrap_used)]

mod circom;
mod flood;
mod pool;
mod prepared;
mod recorded;
mod single;
mod support;
