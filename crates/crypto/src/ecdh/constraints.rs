//! The shared key as constraints, by the complete law for a point of any order (D5).

use ark_r1cs_std::boolean::Boolean;
use ark_relations::gr1cs::SynthesisError;

use crate::{
    Fr,
    babyjubjub::{
        base8,
        constraints::{PointVar, ScalarDigits},
    },
};

/// k·E for the coordinator's scalar and a message's encryption key, and whether E is on the curve: 2,396 rows.
///
/// `k` holds the digits of the canonical integer in [0, ℓ): an alias k + ℓ would act differently on a point with torsion
/// (`docs/circuits.md` §11, S3). If E is off the curve the flag is 0 and the point is k·Base8, which stands for nothing:
/// the message is a no-op whatever it decrypts to. Never unsatisfiable for any E.
pub fn shared_key(
    k: &ScalarDigits,
    e: &PointVar,
) -> Result<(Boolean<Fr>, PointVar), SynthesisError> {
    let (on_curve, safe) = e.judge(&base8())?;
    let key = k.mul(&safe)?.into_coordinates();
    Ok((on_curve, key))
}

#[cfg(test)]
mod tests;
