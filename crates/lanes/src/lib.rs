//! BN254's fields and curves, eight elements at once.
//!
//! AVX-512 IFMA multiplies eight pairs of 52-bit limbs in one instruction. This crate has field arithmetic on eight
//! lanes and what is built right on it: the Poseidon permutation ([`Poseidon`]) and sums of many pairs of points
//! ([`PointSums`]), with a scalar twin where the caller has none. Points lie in key files as vectors read them ([`PackedG1`],
//! [`Mapped`]). Whether the processor has the instructions is found at
//! run time; [`available`] tells, and `MACI_FIELD=scalar` in the environment or the feature `scalar` forces the scalar code.
//!
//! The only `unsafe` of the workspace is in this crate: entering code compiled for the instructions, which a value of
//! [`Ifma`] or [`Poseidon`] proves to be there, moving vectors from and to memory, and mapping files.

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(
    clippy::large_types_passed_by_value,
    reason = "small functions of vectors are inlined: nothing is passed"
)]

mod inverse;
mod limbs;
mod mapped;
mod points;
mod poseidon;
mod prefetch;
mod stored;

#[cfg(not(target_arch = "x86_64"))]
mod absent;
#[cfg(target_arch = "x86_64")]
mod fq2;
#[cfg(target_arch = "x86_64")]
mod ifma;
#[cfg(target_arch = "x86_64")]
mod packed;
#[cfg(target_arch = "x86_64")]
mod pairs;
#[cfg(target_arch = "x86_64")]
mod transform;
#[cfg(target_arch = "x86_64")]
mod vector_points;

#[cfg(not(target_arch = "x86_64"))]
pub use absent::{VectorG1, VectorG2};
pub use mapped::Mapped;
pub use points::{Pair, Plain, PlainScratch, PointSums, ScalarG1, ScalarG2};
pub use poseidon::{Poseidon, Schedule};
pub use stored::{PackedG1, PackedG2};
#[cfg(target_arch = "x86_64")]
pub use transform::{Eight, Plan};
#[cfg(target_arch = "x86_64")]
pub use vector_points::{ScratchG1, ScratchG2, VectorG1, VectorG2};

use std::sync::OnceLock;

/// Lanes of a vector.
pub const LANES: usize = 8;

/// Full rounds in each half of the permutation.
pub const HALF: usize = 4;

/// Whether vectors are used: the processor has AVX-512 F and IFMA, and neither `MACI_FIELD` nor the feature
/// forces `scalar`.
pub fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        !cfg!(feature = "scalar")
            && detected()
            && std::env::var_os("MACI_FIELD").is_none_or(|choice| choice != "scalar")
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

/// The proof that vectors are there and wanted.
#[derive(Clone, Copy, Debug)]
pub struct Ifma(
    #[cfg(target_arch = "x86_64")] (),
    #[cfg(not(target_arch = "x86_64"))] core::convert::Infallible,
);

impl Ifma {
    /// `None` where [`available`] is false.
    #[cfg(target_arch = "x86_64")]
    pub fn detect() -> Option<Self> {
        available().then_some(Self(()))
    }

    /// Always `None`.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn detect() -> Option<Self> {
        None
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn never(self) -> ! {
        match self.0 {}
    }
}
