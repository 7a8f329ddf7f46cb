//! What anyone needs to check a MACI v3 poll offline: statements, codecs, verifying keys, verification of one proof and of
//! many, and the transcript of a whole poll.
//!
//! The crate is `no_std` and knows no circuit: an integrator who takes only it builds few crates (architecture.md §3).
//! With the feature `std` its types also read and write JSON; with `parallel` a batch uses all threads.
//!
//! - [`statement`]: the typed public inputs of each circuit, in the contracts' order.
//! - [`params`] and [`circuit_id`]: which circuit proves which poll.
//! - [`proof`], [`vk`] and [`codec`]: strict readers and writers, and the checks that make a key trustworthy.
//! - [`verify()`] and [`batch`]: one proof, and many at once.
//! - [`transcript`]: from the closing state of a poll to its results.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// Readers of outside bytes and proofs must not panic (V-18).
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

extern crate alloc;

pub mod batch;
pub mod circuit_id;
pub mod codec;
pub mod error;
#[cfg(feature = "std")]
mod json;
mod miller;
pub mod newtypes;
pub mod params;
pub mod proof;
mod psi;
pub mod statement;
pub mod transcript;
pub mod verify;
pub mod vk;

pub use circuit_id::CircuitId;
pub use error::{Error, KeyError, Malformed};
pub use newtypes::{
    BallotRoot, ChainHash, Nullifier, PublicKeyHash, Salt, SbCommitment, StateRoot, TallyCommitment,
};
pub use params::{Mode, ParamsError, PollParams};
pub use proof::Proof;
pub use statement::{
    AnyStatement, PollJoined, PollJoining, ProcessBatch, Statement, StatementKind, TallyBatch,
};
pub use transcript::{
    PollSnapshot, PollTranscript, ProvedProcess, ProvedTally, TallyOpening, TranscriptError,
    VerifiedTally, VoiceCredits,
};
pub use verify::{Verified, verify};
pub use vk::{KeyPoints, VerifyingKey, VkId};
