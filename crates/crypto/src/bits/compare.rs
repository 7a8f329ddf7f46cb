//! Flags: zero, equality, order, conjunction. Each has exactly one provable value for every input.

use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use ark_r1cs_std::{GR1CSVar, boolean::Boolean, fields::fp::FpVar};
use ark_relations::gr1cs::SynthesisError;

use super::{
    Cs, FrVar, FreeHints, bit, enforce_product, linear, pack, split::bits_above_lowest,
    unchecked_bit, value_of, witness,
};
use crate::Fr;

/// The largest number of bits whose packed value cannot wrap in the field.
pub(super) const MAX_BITS: usize = 253;

/// Whether `x` is 0: 2 rows.
///
/// `x·inverse = 1 − z` and `x·z = 0`: for x ≠ 0 the second row gives z = 0, for x = 0 the first gives z = 1. So z is
/// boolean and determined; `inverse` is determined unless x = 0, where nothing reads it ([`FreeHints`]).
pub fn is_zero(x: &FrVar) -> Result<Boolean<Fr>, SynthesisError> {
    let cs = match x {
        FpVar::Constant(c) => return Ok(Boolean::constant(*c == Fr::ZERO)),
        FpVar::Var(v) => v.cs.clone(),
    };
    let value = value_of(x);
    let flag = unchecked_bit(&cs, value.map(|v| v == Fr::ZERO))?;
    let inverse = witness(&cs, value.map(|v| v.inverse().unwrap_or(Fr::ZERO)))?;
    FreeHints::register(&cs, x, &inverse);
    let z = FrVar::from(flag.clone());
    enforce_product(x, &inverse, &linear(&[(-Fr::ONE, &z)], Fr::ONE)?)?;
    enforce_product(x, &z, &FrVar::Constant(Fr::ZERO))?;
    Ok(flag)
}

/// Whether `a == b`: 2 rows.
pub fn is_equal(a: &FrVar, b: &FrVar) -> Result<Boolean<Fr>, SynthesisError> {
    is_zero(&linear(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)?)
}

/// The conjunction of any number of flags: at most 2 rows.
pub fn all(flags: &[Boolean<Fr>]) -> Result<Boolean<Fr>, SynthesisError> {
    if flags.contains(&Boolean::FALSE) {
        return Ok(Boolean::FALSE);
    }
    let open: alloc::vec::Vec<_> = flags.iter().filter(|f| **f != Boolean::TRUE).collect();
    if open.len() <= 3 {
        return Ok(open
            .into_iter()
            .fold(Boolean::TRUE, |conjunction, flag| &conjunction & flag));
    }
    // The number of false flags, at most their count, cannot wrap.
    let flags: alloc::vec::Vec<_> = open.iter().map(|f| FrVar::from((*f).clone())).collect();
    let terms: alloc::vec::Vec<_> = flags.iter().map(|f| (-Fr::ONE, f)).collect();
    is_zero(&linear(&terms, Fr::from(flags.len() as u64))?)
}

/// Whether `a < b`, for `a < 2^n` and `b ≤ 2^n` which the caller has enforced; n ≤ 252. n + 1 rows.
///
/// `a − b + 2^n` lies in `[0, 2^(n+1))`, so its split is unique, and its top bit is 0 iff `a < b`. Outside the
/// precondition it may be unsatisfiable, but proves no wrong order for values below 2^252.
pub fn is_below(a: &FrVar, b: &FrVar, n: usize) -> Result<Boolean<Fr>, SynthesisError> {
    if n == 0 || n >= MAX_BITS {
        return Err(SynthesisError::ArityMismatch);
    }
    let offset = Fr::from(2u64).pow([n as u64]);
    let shifted = linear(&[(Fr::ONE, a), (-Fr::ONE, b)], offset)?;
    let above = bits_above_lowest(&shifted, n + 1)?;
    above
        .last()
        .map(|top| !top)
        .ok_or(SynthesisError::ArityMismatch)
}

/// Whether the index with these bits is below `limit`, for `limit ≤ 2^low` which the caller has enforced: the high bits
/// are zero and the low bits compare (`docs/gadgets.md` §5). `low` + 4 rows.
pub fn is_index_below(
    bits: &[Boolean<Fr>],
    limit: &FrVar,
    low: usize,
) -> Result<Boolean<Fr>, SynthesisError> {
    let (low_bits, high_bits) = bits.split_at(low.min(bits.len()));
    let in_width = is_zero(&pack(high_bits)?)?;
    let below = is_below(&pack(low_bits)?, limit, low)?;
    Ok(&in_width & &below)
}

/// Whether `l ≥ w` over the integers, for any field element `l` and `w ≤ 2^100` (D9): 263 rows, never unsatisfiable.
///
/// Two limbs (128 and 126 bits) carry one of three certificates, chosen by one-hot selectors:
/// - *insufficient*: limb₂ = l and limb₁ = w − 1 − l. As l < 2^126 and |w − 1 − l| < 2^127, limb₁ ≥ 0 says l < w.
/// - *sufficient*: l − w = limb₁ + 2^128·limb₂ = V with limb₂ ≠ q, q = ⌊p / 2^128⌋. Then V + w stays below p (limb₂ < q;
///   p mod 2^128 > 2^125), or V − p + w < p (limb₂ > q), so l is that sum without a wrap, and l ≥ w.
/// - *sufficient, near p*: limb₁ = p − 1 − l, so l ≥ p − 2^128 > w; limb₂ = 0.
///
/// For l < w the second has V = p + l − w in [p − 2^100, p), which is excluded, or V + p ≥ 2^254; so only the first
/// verdict exists. For l ≥ w the first has a negative limb₁. One of the last two always exists.
pub fn is_ge_exact(l: &FrVar, w: &FrVar) -> Result<Boolean<Fr>, SynthesisError> {
    let cs = l.cs().or(w.cs());
    let values = value_of(l).zip(value_of(w));
    if cs.is_none() {
        return values
            .map(|(l, w)| Boolean::constant(l.into_bigint() >= w.into_bigint()))
            .ok_or(SynthesisError::AssignmentMissing);
    }
    ge_certified(&cs, l, w, values.map(|(l, w)| Certificate::find(l, w)))
}

/// The hints of [`is_ge_exact`].
#[derive(Clone, Copy, Debug)]
struct Certificate {
    insufficient: bool,
    near_p: bool,
    low: u128,
    high: u128,
}

impl Certificate {
    const LOW_BITS: usize = 128;
    const HIGH_BITS: usize = 126;

    fn find(l: Fr, w: Fr) -> Self {
        if l.into_bigint() < w.into_bigint() {
            return Self::insufficient(l, w);
        }
        let sufficient = Self::sufficient(l, w);
        if sufficient.high == limbs(&Fr::MODULUS).1 {
            return Self::near_p(l);
        }
        sufficient
    }

    fn insufficient(l: Fr, w: Fr) -> Self {
        Self {
            insufficient: true,
            near_p: false,
            low: limbs(&(w - Fr::ONE - l).into_bigint()).0,
            high: limbs(&l.into_bigint()).0,
        }
    }

    fn sufficient(l: Fr, w: Fr) -> Self {
        let (low, high) = limbs(&(l - w).into_bigint());
        Self {
            insufficient: false,
            near_p: false,
            low,
            high,
        }
    }

    fn near_p(l: Fr) -> Self {
        Self {
            insufficient: false,
            near_p: true,
            low: limbs(&(-Fr::ONE - l).into_bigint()).0,
            high: 0,
        }
    }
}

/// The low and high 128 bits.
fn limbs(value: &ark_ff::BigInt<4>) -> (u128, u128) {
    let [a, b, c, d] = value.0;
    let join = |low: u64, high: u64| u128::from(low) | u128::from(high) << 64;
    (join(a, b), join(c, d))
}

fn ge_certified(
    cs: &Cs,
    l: &FrVar,
    w: &FrVar,
    hint: Option<Certificate>,
) -> Result<Boolean<Fr>, SynthesisError> {
    let one = Fr::ONE;
    let limb = |value: Option<u128>, n: usize| {
        let bits: Result<alloc::vec::Vec<_>, _> = (0..n)
            .map(|i| bit(cs, value.map(|v| v >> i & 1 == 1)))
            .collect();
        pack(&bits?)
    };
    let low = limb(hint.map(|h| h.low), Certificate::LOW_BITS)?;
    let high = limb(hint.map(|h| h.high), Certificate::HIGH_BITS)?;
    let insufficient = bit(cs, hint.map(|h| h.insufficient))?;
    let near_p = bit(cs, hint.map(|h| h.near_p))?;
    let (first, third) = (
        FrVar::from(insufficient.clone()),
        FrVar::from(near_p.clone()),
    );
    // The third selector is 1 minus the other two, which therefore exclude one another.
    enforce_product(&first, &third, &FrVar::Constant(Fr::ZERO))?;
    let second = linear(&[(-one, &first), (-one, &third)], one)?;

    let zero = FrVar::Constant(Fr::ZERO);
    let when = |selector: &FrVar, difference: FrVar| enforce_product(selector, &difference, &zero);
    let shift = Fr::from(2u64).pow([Certificate::LOW_BITS as u64]);
    when(&first, linear(&[(one, &high), (-one, l)], Fr::ZERO)?)?;
    when(&first, linear(&[(one, &low), (-one, w), (one, l)], one)?)?;
    when(
        &second,
        linear(
            &[(one, l), (-one, w), (-one, &low), (-shift, &high)],
            Fr::ZERO,
        )?,
    )?;
    when(&third, linear(&[(one, &low), (one, l)], one)?)?;
    when(&third, high.clone())?;
    // limb₂ ≠ q under the second selector; under the others limb₂ ≠ q already, so the hint is 0.
    let q = Fr::from(limbs(&Fr::MODULUS).1);
    let distance = linear(&[(one, &high)], -q)?;
    let inverse = witness(
        cs,
        value_of(&distance)
            .zip(value_of(&second))
            .map(|(d, s)| d.inverse().unwrap_or(Fr::ZERO) * s),
    )?;
    enforce_product(&distance, &inverse, &second)?;
    Ok(!&insufficient)
}

/// `value` as bits, lowest first.
pub(super) fn bits_of(value: Fr) -> alloc::vec::Vec<bool> {
    value.into_bigint().to_bits_le()
}

#[cfg(test)]
mod tests;
