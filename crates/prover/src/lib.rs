//! The proving engine, and the pool that proves many batches at once.
//!
//! A vote reaches this crate as the inputs of one batch (architecture.md §4, step 8) and leaves it as a proof that has
//! already been verified. [`prove`] makes one; [`Pool`] makes a list of them, on all cores, within a memory limit, in an
//! order that changes no byte of the result (D16).
//!
//! - [`backend`]: in vectors or not.
//! - [`witness`]: inputs to assignment; matrices are not built again.
//! - [`groth16`]: the proof from key and assignment.
//! - [`circom`]: the same engine for snarkjs' keys and circom's witnesses.
//! - [`fft`]: the quotient polynomial.
//! - [`msm`]: sums of scalars times points.
//! - [`pool`]: many proofs at once.
//! - [`timings`]: the time of each step.
//! - [`plan`]: parameters for a poll that is still to be held, and what proving it will take.
//! - [`memory`]: what a proof needs and what the machine has.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod backend;
pub mod cancel;
pub mod circom;
pub mod error;
mod fft;
pub mod groth16;
pub mod memory;
pub mod msm;
pub mod plan;
pub mod pool;
mod prove;
pub mod timings;
pub mod witness;

pub use backend::Backend;
pub use cancel::Cancel;
pub use circom::{CircomError, CircomProof, prove_circom};
pub use error::ProveError;
pub use pool::{Event, Job, Pool, Randomness};
pub use prove::{Proved, prove, prove_timed};
pub use timings::{Step, Timings};
pub use witness::WitnessDigest;
