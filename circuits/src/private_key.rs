//! A private key in a circuit: the canonical scalar in [0, ℓ), its bits and its public key.

use ark_ff::{BigInteger, PrimeField};
use ark_r1cs_std::{alloc::AllocVar, boolean::Boolean};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::vec::Vec;
use maci_crypto::{
    Fr,
    babyjubjub::{
        Scalar,
        constraints::{CurvePointVar, SCALAR_BITS, ScalarDigits, mul_base8},
    },
    bits::{enforce_below, pack},
};

use crate::gadget::FrVar;

/// A formatted private key.
///
/// Its public key binds it modulo ℓ only, while a shared key with a point of composite order sees it modulo 8ℓ and a
/// nullifier sees it modulo p. So the scalar is split once and canonically (S2, S3, D17): k + ℓ has no witness.
pub(crate) struct PrivateKeyVar {
    scalar: FrVar,
    bits: Vec<Boolean<Fr>>,
}

impl PrivateKeyVar {
    /// A private scalar below ℓ; `None` in set-up.
    pub(crate) fn new(
        cs: &ConstraintSystemRef<Fr>,
        key: Option<Scalar>,
    ) -> Result<Self, SynthesisError> {
        let bits = (0..SCALAR_BITS)
            .map(|bit| {
                Boolean::new_witness(cs.clone(), || {
                    let key = key.ok_or(SynthesisError::AssignmentMissing)?;
                    Ok(key.into_bigint().get_bit(bit))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        enforce_below(&bits, &Scalar::MODULUS)?;
        Ok(Self {
            scalar: pack(&bits)?,
            bits,
        })
    }

    /// The scalar as a field element.
    pub(crate) const fn scalar(&self) -> &FrVar {
        &self.scalar
    }

    /// The scalar's digits, for multiplying other points by it.
    pub(crate) fn digits(&self) -> Result<ScalarDigits, SynthesisError> {
        ScalarDigits::new(&self.bits)
    }

    /// The scalar times Base8.
    pub(crate) fn public_key(&self) -> Result<CurvePointVar, SynthesisError> {
        mul_base8(&self.bits)
    }
}
