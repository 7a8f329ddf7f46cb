//! Byte and text forms of points, proofs and verifying keys.
//!
//! Each form has one spelling per value: coordinates below q, scalars below p, exact lengths, nothing after the end, and
//! every point on its curve, in the group of prime order and not the identity (V-10, V-11, V-19). What passes a reader is
//! written back as the same bytes.
//!
//! - [`points`]: coordinates and arkworks' compressed points, 32 and 64 bytes.
//! - [`evm`]: Solidity words, imaginary part of an extension field element first (protocol.md §11).
//! - [`snarkjs`]: snarkjs' JSON, real part first (feature `std`).

pub mod evm;
pub mod points;
#[cfg(feature = "std")]
pub mod snarkjs;
mod subgroup;
