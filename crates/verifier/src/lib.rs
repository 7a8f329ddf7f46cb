//! What anyone needs to check a MACI v3 poll offline: statements, codecs, verifying keys, verification of one proof and of
//! many, and the transcript of a whole poll.
//!
//! The crate is `no_std` and knows no circuit: an integrator who takes only it builds few crates (architecture.md §3).
//! With the feature `std` its types also read and write JSON.
//!
//! - [`statement`]: the typed public inputs of each circuit, in the contracts' order.
//! - [`params`] and [`circuit_id`]: which circuit proves which poll.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod circuit_id;
pub mod error;
#[cfg(feature = "std")]
mod json;
pub mod newtypes;
pub mod params;
pub mod statement;
pub mod transcript;

pub use circuit_id::CircuitId;
pub use error::{Error, KeyError, Malformed};
pub use newtypes::{
    BallotRoot, ChainHash, Nullifier, PublicKeyHash, Salt, SbCommitment, StateRoot, TallyCommitment,
};
pub use params::{Mode, ParamsError, PollParams};
pub use statement::{
    AnyStatement, PollJoined, PollJoining, ProcessBatch, Statement, StatementKind, TallyBatch,
};
