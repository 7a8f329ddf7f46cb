//! Eight BN254 scalar-field elements at once.
//!
//! AVX-512 IFMA multiplies eight pairs of 52-bit limbs in one instruction. This crate has field arithmetic on eight
//! lanes and the Poseidon permutation over it, and nothing else: callers keep the scalar code for every other
//! processor and for rests shorter than a vector. Whether the processor has the instructions is found at run time;
//! [`available`] tells, and `MACI_FIELD=scalar` in the environment forces the scalar code.
//!
//! The only `unsafe` of the workspace is in this crate: entering code compiled for the instructions, which a value of
//! [`Poseidon`] proves to be there.

mod limbs;
mod poseidon;

#[cfg(target_arch = "x86_64")]
mod ifma;

pub use poseidon::{Poseidon, Schedule};

use std::sync::OnceLock;

/// Lanes of a vector.
pub const LANES: usize = 8;

/// Full rounds in each half of the permutation.
pub const HALF: usize = 4;

/// Whether vectors are used: the processor has AVX-512 F and IFMA, and `MACI_FIELD` is not `scalar`.
pub fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        detected() && std::env::var_os("MACI_FIELD").is_none_or(|choice| choice != "scalar")
    })
}

#[cfg(target_arch = "x86_64")]
fn detected() -> bool {
    std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512ifma")
}

#[cfg(not(target_arch = "x86_64"))]
fn detected() -> bool {
    false
}
