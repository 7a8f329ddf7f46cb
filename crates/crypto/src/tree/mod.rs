//! The three Merkle trees of MACI v3 (`docs/protocol.md` §8), and one of our own.
//!
//! - [`lean_imt`]: sign-ups, growing, no zero values;
//! - [`binary`]: poll state and ballots, fixed depth, one zero leaf;
//! - [`quinary`]: vote options and results, five children a node;
//! - [`wide`]: 2 to 16 children a node, the ballots of the compact layout.

use thiserror::Error;

pub mod binary;
pub mod lean_imt;
pub mod quinary;
mod store;
pub mod wide;

/// An index that does not exist in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("leaf index {index} is outside a tree of {capacity} leaves")]
pub struct IndexError {
    /// The index asked for.
    pub index: u64,
    /// How many leaves the tree has room for, or has in the case of a LeanIMT.
    pub capacity: u64,
}
