//! The signature flag of a command (D6): a verdict on any field elements, never a failure.

use ark_r1cs_std::boolean::Boolean;
use ark_relations::gr1cs::SynthesisError;

use ark_ff::PrimeField;

use crate::{
    Fr,
    babyjubjub::{
        Scalar, base8,
        constraints::{CurvePointVar, PointVar, ReducedScalar, SCALAR_BITS, mul_base8},
    },
    bits::{FrVar, all, is_zero, split_flagged_below},
    poseidon::constraints::hash,
};

/// Whether (R8, S) is a signature of `msg` under the key A, the twin of [`super::verify`].
///
/// 0 if A or R8 is off the curve, 8A is the identity or S ≥ ℓ; otherwise the truth of S·Base8 == R8 + h·8A with h the
/// canonical integer of H5(R8, A, msg). A and S are judged by flags and replaced before any arithmetic uses them; R8 is only
/// compared with S·Base8 − h·8A, a point of the curve, so an R8 off the curve is unequal to it. Every input has exactly one
/// flag and a witness for it (`docs/gadgets.md` §4). 3,074 rows.
pub fn verify_flag(
    a: &PointVar,
    r8: &PointVar,
    s: &FrVar,
    msg: &FrVar,
) -> Result<Boolean<Fr>, SynthesisError> {
    let challenge = hash(&[
        r8.x.clone(),
        r8.y.clone(),
        a.x.clone(),
        a.y.clone(),
        msg.clone(),
    ])?;
    let h = ReducedScalar::new(&challenge)?;
    let (s_canonical, s_bits) = split_flagged_below(s, &Scalar::MODULUS)?;

    let (a_on_curve, a_safe) = a.judge(&base8())?;
    let a8 = a_safe.double()?.double()?.double()?;
    // x = 0 holds for the identity and for (0, −1), which has order 2; 8A has order ℓ or 1, so it is the identity.
    let low_order = is_zero(&a8.coordinates().x)?;
    let key = CurvePointVar::select(&low_order, &CurvePointVar::constant(&base8()), &a8)?;

    // For S ≥ ℓ these are bits of S − ℓ, cut: a point all the same, under a flag that is 0.
    let left = mul_base8(&s_bits[..SCALAR_BITS])?;
    let expected = left.add(&h.mul(&key)?.negate()?)?;
    let [x_equal, y_equal] = expected.coordinates().coordinate_flags(r8)?;
    all(&[a_on_curve, !low_order, s_canonical, x_equal, y_equal])
}

#[cfg(test)]
mod tests;
