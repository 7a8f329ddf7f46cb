//! Poseidon, Baby Jubjub, EdDSA-Poseidon, ECDH, the Poseidon cipher and Merkle trees, native and as constraints.
//!
//! Each primitive is a module whose native code and constraint twin (`constraints`, feature of the same name) have the
//! same names and are tested against each other. The rules are those of `docs/protocol.md`; the native half is
//! `no_std`.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod babyjubjub;
#[cfg(feature = "constraints")]
pub mod bits;
mod blake512;
pub mod cipher;
pub mod ecdh;
pub mod eddsa;
pub mod field;
pub mod keypair;
#[cfg(feature = "constraints")]
pub mod mutation;
#[cfg(feature = "constraints")]
pub mod parts;
pub mod poseidon;
mod self_test;
pub mod tree;

pub use self_test::{NUMS, SelfTestError, self_test};

#[cfg(test)]
mod testing;

/// The BN254 scalar field, which is Baby Jubjub's base field: the field of every circuit value.
pub type Fr = ark_bn254::Fr;
