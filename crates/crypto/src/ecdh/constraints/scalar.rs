//! The coordinator's scalar k as a quotient of two short numbers, once per batch: v·k ≡ u modulo ℓ, |u|, v ≤ 2^126.
//!
//! The lattice of all (u, v) with v·k ≡ u has determinant ℓ, so by Minkowski every k has a non-zero vector with
//! |u|, |v| ≤ √ℓ < 2^126; v = 0 would make u a multiple of ℓ, hence 0. Both numbers are sums of signed digits ±1 minus a
//! parity, and the relation is checked over the integers (`docs/gadgets.md` §3).

use alloc::vec::Vec;
use core::fmt;

use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField};
use ark_r1cs_std::{GR1CSVar, boolean::Boolean};
use ark_relations::gr1cs::SynthesisError;
use num_bigint::BigInt as Integer;

use crate::{
    Fr,
    babyjubjub::{Scalar, constraints::SCALAR_BITS},
    bits::{
        Cs, FrVar, bit, enforce_product, enforce_range, linear, pack, product, value_of, witness,
    },
    parts::enter,
};

/// Digits of each of the two numbers.
pub(super) const DIGITS: usize = 126;

/// The digit d of u and e of −v at one place, for the multiple d·P + e·R.
#[derive(Clone, Debug)]
pub(super) struct JointDigit {
    /// d = e: the multiple is ±(P + R), otherwise ±(P − R).
    pub(super) same: FrVar,
    /// (d + e)/2, the factor of P + R.
    pub(super) of_sum: FrVar,
    /// (d − e)/2, the factor of P − R.
    pub(super) of_difference: FrVar,
}

/// The canonical scalar of a batch, prepared for [`super::shared_key`].
#[derive(Clone)]
pub struct SharedScalar {
    pub(super) cs: Cs,
    /// k mod 8.
    pub(super) torsion: FrVar,
    /// Highest first; e of the highest is −1.
    pub(super) digits: Vec<JointDigit>,
    /// What the digits of u and of v are too large by, not both 1.
    pub(super) parity: [FrVar; 2],
    pub(super) native: Option<Native>,
}

impl fmt::Debug for SharedScalar {
    /// Shows nothing of the scalar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedScalar").finish_non_exhaustive()
    }
}

/// The assigned values.
#[derive(Clone)]
pub(super) struct Native {
    pub(super) scalar: Scalar,
    /// Whether d and e are 1, highest first.
    pub(super) digits: Vec<[bool; 2]>,
}

/// A short vector: u = 2·left − 2^126 + 1 − parity₀, v = 2^126 − 1 − 2·right − parity₁ and v·k = u + quotient·ℓ.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Relation {
    pub(super) left: u128,
    pub(super) right: u128,
    pub(super) parity: [bool; 2],
    pub(super) quotient: u128,
}

impl Relation {
    /// By the Euclidean algorithm on (ℓ, k), stopped at the first remainder of at most √ℓ.
    pub(super) fn find(k: &Scalar) -> Option<Self> {
        let order = Integer::from(num_bigint::BigUint::from(Scalar::MODULUS));
        let k = Integer::from(num_bigint::BigUint::from(k.into_bigint()));
        // Remainders r ≡ t·k; |t| times the remainder before is at most ℓ.
        let (mut r0, mut r1) = (order.clone(), k.clone());
        let (mut t0, mut t1) = (Integer::ZERO, Integer::from(1));
        while &r1 * &r1 > order {
            let quotient = &r0 / &r1;
            let (r2, t2) = (&r0 - &quotient * &r1, &t0 - &quotient * &t1);
            (r0, r1, t0, t1) = (r1, r2, t1, t2);
        }
        let negative = t1 < Integer::ZERO;
        let (mut u, mut v) = if negative { (-r1, -t1) } else { (r1, t1) };
        let is_even = |x: &Integer| !x.bit(0);
        while is_even(&u) && is_even(&v) {
            u /= 2;
            v /= 2;
        }
        let parity = [is_even(&u), is_even(&v)];
        let quotient = (&v * k - &u) / order;
        let all = (Integer::from(1) << DIGITS) - 1;
        let [left, right] = [
            u + u8::from(parity[0]) + &all,
            all - v - u8::from(parity[1]),
        ];
        Some(Self {
            left: u128::try_from(left / 2).ok()?,
            right: u128::try_from(right / 2).ok()?,
            parity,
            quotient: u128::try_from(quotient).ok()?,
        })
    }
}

impl SharedScalar {
    /// From the 251 bits of the canonical scalar in [0, ℓ), lowest first: 635 rows.
    ///
    /// An alias k + ℓ would act differently on a point with torsion (`docs/circuits.md` §7, S3).
    pub fn new(bits: &[Boolean<Fr>]) -> Result<Self, SynthesisError> {
        let values = bits.iter().map(|bit| bit.value().ok());
        let scalar = values
            .collect::<Option<Vec<_>>>()
            .and_then(|bits| Scalar::from_bigint(BigInt::from_bits_le(&bits)));
        Self::new_as(bits, scalar, scalar.and_then(|k| Relation::find(&k)))
    }

    /// [`Self::new`] with the prover's choice of the short vector.
    pub(super) fn new_as(
        bits: &[Boolean<Fr>],
        scalar: Option<Scalar>,
        hint: Option<Relation>,
    ) -> Result<Self, SynthesisError> {
        if bits.len() != SCALAR_BITS {
            return Err(SynthesisError::ArityMismatch);
        }
        let one = Fr::ONE;
        let cs = bits.cs();
        let _part = enter(&cs, "short-vector");
        let flag = |value: Option<bool>| bit(&cs, value).map(FrVar::from);
        let at = |number: Option<u128>, place: usize| number.map(|n| n >> place & 1 == 1);
        let mut left = Vec::with_capacity(DIGITS);
        let mut right = Vec::with_capacity(DIGITS);
        for place in 0..DIGITS {
            left.push(flag(at(hint.map(|hint| hint.left), place))?);
            right.push(if place + 1 < DIGITS {
                flag(at(hint.map(|hint| hint.right), place))?
            } else {
                FrVar::Constant(Fr::ZERO)
            });
        }
        let parity = [
            flag(hint.map(|hint| hint.parity[0]))?,
            flag(hint.map(|hint| hint.parity[1]))?,
        ];
        enforce_product(&parity[0], &parity[1], &FrVar::Constant(Fr::ZERO))?;
        let number = |digits: &[FrVar], sign: Fr, parity: &FrVar| {
            let mut weight = sign.double();
            let mut terms = alloc::vec![(-one, parity)];
            for digit in digits {
                terms.push((weight, digit));
                weight.double_in_place();
            }
            linear(&terms, sign * (one - Fr::from(2u64).pow([DIGITS as u64])))
        };
        let u = number(&left, one, &parity[0])?;
        let v = number(&right, -one, &parity[1])?;
        let quotient = witness(&cs, hint.map(|hint| Fr::from(hint.quotient)))?;
        enforce_relation(bits, &u, &v, &quotient)?;
        let inverse = witness(&cs, value_of(&v).map(|v| v.inverse().unwrap_or(Fr::ZERO)))?;
        enforce_product(&v, &inverse, &FrVar::Constant(one))?;

        let digits = left.iter().zip(&right).rev().map(|(d, e)| {
            let both = product(d, e)?;
            Ok(JointDigit {
                same: linear(&[(-one, d), (-one, e), (Fr::from(2u64), &both)], one)?,
                of_sum: linear(&[(one, d), (one, e)], -one)?,
                of_difference: linear(&[(one, d), (-one, e)], Fr::ZERO)?,
            })
        });
        let native = scalar.zip(hint).map(|(scalar, hint)| Native {
            scalar,
            digits: (0..DIGITS)
                .rev()
                .map(|place| [hint.left >> place & 1 == 1, hint.right >> place & 1 == 1])
                .collect(),
        });
        Ok(Self {
            digits: digits.collect::<Result<_, SynthesisError>>()?,
            torsion: pack(&bits[..3])?,
            parity,
            native,
            cs,
        })
    }
}

/// v·k = u + q·ℓ over the integers, for |u|, v ≤ 2^126 and k < 2^251: 256 rows.
///
/// With k = k₀ + 2^126·k₁ and ℓ likewise, the two rows are v·k₁ = q·ℓ₁ + carry and v·k₀ + 2^126·carry = u + q·ℓ₀. All terms
/// are below 2^252 in absolute value, given 0 ≤ q < 2^126 and |carry| ≤ 2^126, and p is above 3·2^252, so neither row
/// wraps; together they are the relation.
fn enforce_relation(
    bits: &[Boolean<Fr>],
    u: &FrVar,
    v: &FrVar,
    quotient: &FrVar,
) -> Result<(), SynthesisError> {
    let one = Fr::ONE;
    let limb = Fr::from(2u64).pow([DIGITS as u64]);
    let order = Scalar::MODULUS.to_bits_le();
    let part = |bits: &[bool]| Fr::from_bigint(BigInt::from_bits_le(bits)).unwrap_or(Fr::ZERO);
    let (order_low, order_high) = (part(&order[..DIGITS]), part(&order[DIGITS..]));
    enforce_range(quotient, DIGITS)?;
    let high = product(v, &pack(&bits[DIGITS..])?)?;
    let carry = linear(&[(one, &high), (-order_high, quotient)], Fr::ZERO)?;
    enforce_range(&linear(&[(one, &carry)], limb)?, DIGITS + 1)?;
    enforce_product(
        v,
        &pack(&bits[..DIGITS])?,
        &linear(
            &[(one, u), (order_low, quotient), (-limb, &carry)],
            Fr::ZERO,
        )?,
    )
}
