//! Rows of security.md §2.3 over keys and proofs recorded from MACI v3's own contracts and coordinator, and over keys made
//! here with ark-groth16.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod batch;
mod codec;
mod frozen;
mod fuzz;
mod keys;
mod mutation;
mod support;
mod transcript;
mod verify;
