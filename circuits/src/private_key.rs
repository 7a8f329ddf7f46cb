//! A private key in a circuit: the canonical scalar in [0, ℓ), its bits and its public key.

use ark_ff::{BigInt, BigInteger, PrimeField};
use ark_r1cs_std::{alloc::AllocVar, boolean::Boolean};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::vec::Vec;
use maci_crypto::{
    Fr,
    babyjubjub::{
        Scalar,
        constraints::{CurvePointVar, PointVar, SCALAR_BITS, enforce_mul_base8, mul_base8},
    },
    bits::{enforce_below, pack},
    ecdh::constraints::SharedScalar,
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
        Self::of_integer(cs, key.map(PrimeField::into_bigint))
    }

    /// The prover's choice of an integer of 251 bits.
    fn of_integer(
        cs: &ConstraintSystemRef<Fr>,
        integer: Option<BigInt<4>>,
    ) -> Result<Self, SynthesisError> {
        let bits = (0..SCALAR_BITS)
            .map(|bit| {
                Boolean::new_witness(cs.clone(), || {
                    let integer = integer.ok_or(SynthesisError::AssignmentMissing)?;
                    Ok(integer.get_bit(bit))
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

    /// The scalar prepared for the shared keys of a batch.
    pub(crate) fn shared(&self) -> Result<SharedScalar, SynthesisError> {
        SharedScalar::new(&self.bits)
    }

    /// The scalar times Base8.
    pub(crate) fn public_key(&self) -> Result<CurvePointVar, SynthesisError> {
        mul_base8(&self.bits)
    }

    /// Enforces that the scalar times Base8 is the given point.
    pub(crate) fn enforce_public_key(&self, public: &PointVar) -> Result<(), SynthesisError> {
        enforce_mul_base8(&self.bits, public)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ark_relations::gr1cs::ConstraintSystem;

    use super::*;

    fn accepted(integer: BigInt<4>) -> bool {
        let cs = ConstraintSystem::new_ref();
        PrivateKeyVar::of_integer(&cs, Some(integer)).unwrap();
        cs.is_satisfied().unwrap()
    }

    fn plus(a: BigInt<4>, b: u64) -> BigInt<4> {
        let mut sum = a;
        sum.add_with_carry(&BigInt::from(b));
        sum
    }

    /// S3, C-17: k and k + ℓ have the same public key and decrypt differently under a key with torsion.
    /// C-19: they would have different nullifiers.
    #[test]
    fn c_19_an_alias_of_the_key_is_unsatisfied() {
        let order = Scalar::MODULUS;
        let mut last = order;
        last.sub_with_borrow(&BigInt::from(1u64));
        for canonical in [
            BigInt::from(0u64),
            BigInt::from(1u64),
            BigInt::from(u64::MAX),
            last,
        ] {
            assert!(accepted(canonical));
        }
        for offset in [0, 1, 2, u64::MAX] {
            assert!(!accepted(plus(order, offset)), "ℓ + {offset}");
        }
        let mut all = BigInt::from(1u64);
        all <<= SCALAR_BITS as u32;
        all.sub_with_borrow(&BigInt::from(1u64));
        assert!(!accepted(all), "2^251 − 1");
    }
}
