//! s·P for a point P of order ℓ, s being a field element's canonical integer: 6 rows a bit.
//!
//! [`split_reduced`] gives bits b with N = b + 2^250 ≡ s modulo ℓ. With B = ⌊b/4⌋ and signs dᵢ = 2·Bᵢ − 1 of its 249 bits,
//! A ← 2A + dᵢ·P from A = 2P, highest first, ends at a·P with a = 2^250 + Σ dᵢ·2ⁱ = 2B + 2^249 + 1, and N = 2a + ρ with
//! ρ = 2·b₁ + b₀ − 2.
//!
//! *No exception in the chain:* before a step 2 ≤ a < ℓ/2, as 3·2^249 < ℓ bounds the last result. So a is not ±1 modulo ℓ, a + d
//! is neither a nor −a, and 2a + d is in (0, ℓ): every step adds points that are neither equal nor opposite, and none is the
//! identity. N itself may be ℓ; the last doubling and ρ·P use the complete law.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{GR1CSVar, boolean::Boolean};
use ark_relations::gr1cs::SynthesisError;

use super::{
    CurvePointVar, PointVar,
    montgomery::{MontgomeryVar, Step, steps},
};
use crate::{
    Fr,
    babyjubjub::PointProj,
    bits::{FrVar, linear, product, split_reduced},
    parts::enter,
};

/// The canonical integer of a field element, as a multiplier of points of order ℓ.
#[derive(Clone, Debug)]
pub struct ReducedScalar {
    bits: Vec<Boolean<Fr>>,
}

impl ReducedScalar {
    /// 388 rows.
    pub fn new(x: &FrVar) -> Result<Self, SynthesisError> {
        Ok(Self {
            bits: split_reduced(x)?,
        })
    }

    /// s·P: 1,520 rows. P has order ℓ, which the caller has shown.
    pub fn mul(&self, point: &CurvePointVar) -> Result<CurvePointVar, SynthesisError> {
        let [lowest, second, signs @ ..] = self.bits.as_slice() else {
            return Err(SynthesisError::ArityMismatch);
        };
        let _part = enter(
            &point.coordinates().cs().or(self.bits.cs()),
            "variable-base",
        );
        let one = MontgomeryVar::from_edwards(point)?;
        let two = one.double()?;
        let hints = chain(point, signs);
        let mut hints = hints.iter().flatten();
        let mut sum = two.clone();
        for sign in signs.iter().rev() {
            let addend = one.signed(sign)?;
            (sum, _) = sum.double_and_add(&addend, hints.next())?;
        }
        let last = correction([lowest, second], point, &two.to_edwards()?)?;
        sum.to_edwards()?.double()?.add(&last)
    }
}

/// The values of the chain, if there are any.
fn chain(point: &CurvePointVar, signs: &[Boolean<Fr>]) -> Option<Vec<Step>> {
    let point = point.point()?;
    let addends = signs.iter().rev().map(|sign| {
        let sign = sign.value().ok()?;
        Some(if sign { point } else { -point })
    });
    let double = PointProj::from(point) + point;
    steps(double, &addends.collect::<Option<Vec<_>>>()?)
}

/// −2P, −P, 0 or P, for the two lowest bits 0 to 3: 5 rows.
fn correction(
    [lowest, second]: [&Boolean<Fr>; 2],
    point: &CurvePointVar,
    double: &CurvePointVar,
) -> Result<CurvePointVar, SynthesisError> {
    let one = Fr::ONE;
    let (lowest, second) = (FrVar::from(lowest.clone()), FrVar::from(second.clone()));
    let both = product(&lowest, &second)?;
    let minus_two = linear(&[(-one, &lowest), (-one, &second), (one, &both)], one)?;
    let minus_one = linear(&[(one, &lowest), (-one, &both)], Fr::ZERO)?;
    let nothing = linear(&[(one, &second), (-one, &both)], Fr::ZERO)?;
    let sign = linear(&[(one, &both), (-one, &minus_one)], Fr::ZERO)?;
    let (p, p2) = (point.coordinates(), double.coordinates());
    let x = [product(&sign, &p.x)?, product(&minus_two, &p2.x)?];
    // `lowest` says that the multiple is 1 or −1.
    let y = [product(&lowest, &p.y)?, product(&minus_two, &p2.y)?];
    Ok(CurvePointVar(PointVar {
        x: linear(&[(one, &x[0]), (-one, &x[1])], Fr::ZERO)?,
        y: linear(&[(one, &y[0]), (one, &y[1]), (one, &nothing)], Fr::ZERO)?,
    }))
}
