//! The small arithmetic that circuits share. Gadgets of a primitive live beside the primitive in `maci-crypto`; here is
//! only what ties them together.

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::alloc::AllocVar;
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::vec::Vec;
use maci_crypto::{Fr, bits::linear};

pub(crate) use maci_crypto::bits::FrVar;

/// A private value; `None` in set-up.
pub(crate) fn witness(
    cs: &ConstraintSystemRef<Fr>,
    value: Option<Fr>,
) -> Result<FrVar, SynthesisError> {
    FrVar::new_witness(cs.clone(), || {
        value.ok_or(SynthesisError::AssignmentMissing)
    })
}

/// A public value; `None` in set-up.
pub(crate) fn public(
    cs: &ConstraintSystemRef<Fr>,
    value: Option<Fr>,
) -> Result<FrVar, SynthesisError> {
    FrVar::new_input(cs.clone(), || {
        value.ok_or(SynthesisError::AssignmentMissing)
    })
}

/// a − b, at no cost in rows.
pub(crate) fn difference(a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    linear(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)
}

/// The plain sum, as one linear combination.
pub(crate) fn sum<'a>(terms: impl IntoIterator<Item = &'a FrVar>) -> Result<FrVar, SynthesisError> {
    let terms: Vec<_> = terms.into_iter().map(|var| (Fr::ONE, var)).collect();
    linear(&terms, Fr::ZERO)
}
