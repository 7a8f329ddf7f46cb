//! Bit splits that have one witness for a value in range and none for any other.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField};
use ark_r1cs_std::{GR1CSVar, boolean::Boolean};
use ark_relations::gr1cs::SynthesisError;

use super::{
    Cs, FrVar, bit, compare::MAX_BITS, compare::bits_of, enforce_equal, enforce_product, is_equal,
    is_zero, linear, pack, value_of, witness,
};
use crate::{Fr, parts::enter};

/// Bits of the modulus.
const FIELD_BITS: usize = 254;
/// A bound with at least this many zero low bits is compared above them, for three rows more.
const WORTHWHILE_ZEROS: usize = 8;

/// The `n` bits of a value below 2^n, lowest first; n ≤ 253. n + 1 rows.
pub fn split(x: &FrVar, n: usize) -> Result<Vec<Boolean<Fr>>, SynthesisError> {
    if n > MAX_BITS {
        return Err(SynthesisError::ArityMismatch);
    }
    let Some(cs) = open(x, |v| v.num_bits() as usize <= n)? else {
        return Ok(constant_bits(x, n));
    };
    let bits = allocate(&cs, value_of(x).map(bits_of).as_deref(), n)?;
    enforce_equal(&pack(&bits)?, x)?;
    Ok(bits)
}

/// The `count` lanes of `width` bits that `x` consists of, lowest first: `count · width` rows, at most 253 bits.
///
/// Σ laneᵢ·2^(i·width) = x with every lane in range is unique and has no witness for a larger x. The lanes are variables,
/// the last one a combination of x and the others, so that what reads them stays short.
pub fn lanes(x: &FrVar, count: usize, width: usize) -> Result<Vec<FrVar>, SynthesisError> {
    if count == 0 || width == 0 || count * width > MAX_BITS {
        return Err(SynthesisError::ArityMismatch);
    }
    let total = count * width;
    let hint = value_of(x).map(bits_of);
    let value = |i: usize| {
        let bits = hint.as_ref()?.get(i * width..(i + 1) * width)?;
        Fr::from_bigint(BigInt::from_bits_le(bits))
    };
    let Some(cs) = open(x, |v| v.num_bits() as usize <= total)? else {
        let constant = |i| value(i).map(FrVar::Constant);
        return (0..count)
            .map(|i| constant(i).ok_or(SynthesisError::AssignmentMissing))
            .collect();
    };
    let mut lanes = (1..count)
        .map(|i| witness(&cs, value(i - 1)))
        .collect::<Result<Vec<_>, _>>()?;
    let shift = Fr::from(2u64).pow([width as u64]);
    let down = Fr::from(2u64)
        .pow([(total - width) as u64])
        .inverse()
        .unwrap_or(Fr::ZERO);
    let mut terms = alloc::vec![(down, x)];
    let mut weight = -down;
    for lane in &lanes {
        terms.push((weight, lane));
        weight *= shift;
    }
    let last = linear(&terms, Fr::ZERO)?;
    lanes.push(last);
    for lane in &lanes {
        enforce_range(lane, width)?;
    }
    Ok(lanes)
}

/// Enforces x < 2^n, n ≤ 253: n rows.
pub fn enforce_range(x: &FrVar, n: usize) -> Result<(), SynthesisError> {
    bits_above_lowest(x, n).map(drop)
}

/// The 254 bits of the canonical representative of `x`: 374 rows, against 515 of circomlib's strict split.
///
/// The alias x + p, which fits 254 bits for small x, is unsatisfiable.
pub fn split_canonical(x: &FrVar) -> Result<Vec<Boolean<Fr>>, SynthesisError> {
    split_below(x, &Fr::MODULUS)
}

/// The bits of a value in `[0, bound)`, as many as `bound − 1` has; `bound ≤ p`. For ℓ: 381 rows.
pub fn split_below(x: &FrVar, bound: &BigInt<4>) -> Result<Vec<Boolean<Fr>>, SynthesisError> {
    let n = predecessor(bound)?.num_bits() as usize;
    let Some(cs) = open(x, |v| v < bound)? else {
        return Ok(constant_bits(x, n));
    };
    split_below_as(&cs, x, bound, value_of(x).map(bits_of).as_deref())
}

/// [`split_below`] with the prover's choice of bits.
fn split_below_as(
    cs: &Cs,
    x: &FrVar,
    bound: &BigInt<4>,
    hint: Option<&[bool]>,
) -> Result<Vec<Boolean<Fr>>, SynthesisError> {
    let bits = allocate(cs, hint, predecessor(bound)?.num_bits() as usize)?;
    enforce_equal(&pack(&bits)?, x)?;
    enforce_below(&bits, bound)?;
    Ok(bits)
}

/// Enforces that the integer with these bits is below the constant `bound`; at most 254 bits.
///
/// The bits and `bound − 1` are compared as two halves: one equality flag, and one range check of the half that decides
/// (`docs/gadgets.md` §5). Zero low bits of `bound − 1` stay out of the halves; at equality above them they must be
/// zero. 119 rows for p, 129 for ℓ.
pub fn enforce_below(bits: &[Boolean<Fr>], bound: &BigInt<4>) -> Result<(), SynthesisError> {
    let max = predecessor(bound)?.to_bits_le();
    let max_len = predecessor(bound)?.num_bits() as usize;
    if bits.len() < max_len {
        return Ok(());
    }
    if bits.cs().is_none() {
        let values = bits.iter().map(GR1CSVar::value);
        let value = BigInt::from_bits_le(&values.collect::<Result<Vec<_>, _>>()?);
        let holds = value < *bound;
        return holds.then_some(()).ok_or(SynthesisError::Unsatisfiable);
    }
    let zeros = max.iter().take_while(|b| !**b).count().min(max_len);
    let zeros = if zeros < WORTHWHILE_ZEROS { 0 } else { zeros };
    let half = (bits.len() - zeros).div_ceil(2);
    let (low, high) = bits[zeros..].split_at(half);
    let max_low = pack_constant(&max[zeros..zeros + half]);
    let max_high = pack_constant(&max[zeros + half..]);
    let decision = Decision::enforce(
        half,
        (&pack(low)?, &pack(high)?),
        (&FrVar::Constant(max_low), &FrVar::Constant(max_high)),
    )?;
    if zeros > 0 {
        let tie = is_zero(&linear(
            &[
                (Fr::ONE, &decision.margin),
                (-Fr::ONE, &FrVar::from(decision.tie)),
            ],
            Fr::ONE,
        )?)?;
        enforce_product(
            &FrVar::from(tie),
            &pack(&bits[..zeros])?,
            &FrVar::Constant(Fr::ZERO),
        )?;
    }
    Ok(())
}

/// Whether x < `bound`, with the 254 bits of x if so and of x − `bound` otherwise: 386 rows, never unsatisfiable.
///
/// One decomposition of `t = x − (1 − flag)·bound`, compared with `bound` if the flag is set and with `p − bound`
/// otherwise. For x < bound and flag 0, t = x − bound + p would have to be below p − bound; for x ≥ bound and flag 1,
/// t = x (or x + p) would have to be below bound. So flag and bits are determined.
pub fn split_flagged_below(
    x: &FrVar,
    bound: &BigInt<4>,
) -> Result<(Boolean<Fr>, Vec<Boolean<Fr>>), SynthesisError> {
    let field_bound = Fr::from_bigint(*bound).ok_or(SynthesisError::ArityMismatch)?;
    let value = value_of(x);
    let flag = value.map(|v| v.into_bigint() < *bound);
    let rest = |v: Fr, flag: bool| if flag { v } else { v - field_bound };
    let hint = value.zip(flag).map(|(v, flag)| bits_of(rest(v, flag)));
    let cs = x.cs();
    if cs.is_none() {
        let (flag, v) = flag.zip(value).ok_or(SynthesisError::AssignmentMissing)?;
        let bits = constant_bits(&FrVar::Constant(rest(v, flag)), FIELD_BITS);
        return Ok((Boolean::constant(flag), bits));
    }
    split_flagged_below_as(&cs, x, bound, flag, hint.as_deref())
}

/// [`split_flagged_below`] with the prover's choice of flag and bits.
fn split_flagged_below_as(
    cs: &Cs,
    x: &FrVar,
    bound: &BigInt<4>,
    flag: Option<bool>,
    hint: Option<&[bool]>,
) -> Result<(Boolean<Fr>, Vec<Boolean<Fr>>), SynthesisError> {
    let field_bound = Fr::from_bigint(*bound).ok_or(SynthesisError::ArityMismatch)?;
    let _part = enter(cs, "flagged-split");
    let flag = bit(cs, flag)?;
    let selector = FrVar::from(flag.clone());
    let bits = allocate(cs, hint, FIELD_BITS)?;
    // pack may wrap: the bound below excludes every wrapped value.
    let t = linear(&[(Fr::ONE, x), (field_bound, &selector)], -field_bound)?;
    enforce_equal(&pack(&bits)?, &t)?;

    let mut above = Fr::MODULUS;
    above.sub_with_borrow(bound);
    let (below_max, above_max) = (
        predecessor(bound)?.to_bits_le(),
        predecessor(&above)?.to_bits_le(),
    );
    let half = FIELD_BITS / 2;
    let pick = |range: core::ops::Range<usize>| {
        let below = pack_constant(&below_max[range.clone()]);
        let above = pack_constant(&above_max[range]);
        linear(&[(below - above, &selector)], above)
    };
    let (low, high) = bits.split_at(half);
    Decision::enforce(
        half,
        (&pack(low)?, &pack(high)?),
        (&pick(0..half)?, &pick(half..FIELD_BITS)?),
    )?;
    Ok((flag, bits))
}

/// The comparison of two halves with a bound's halves.
pub(super) struct Decision {
    /// Whether the high halves are equal.
    tie: Boolean<Fr>,
    /// What the deciding half leaves to its bound.
    margin: FrVar,
}

impl Decision {
    /// Enforces `high·2^k + low ≤ max_high·2^k + max_low`, all four being below 2^k, k < 252: k + 3 rows.
    ///
    /// The margin is `max_low − low` at a tie and `max_high − 1 − high` otherwise. Halves and bounds are below 2^k, so a
    /// negative margin is a field element above 2^k and has no k-bit representation.
    pub(super) fn enforce(
        width: usize,
        (low, high): (&FrVar, &FrVar),
        (max_low, max_high): (&FrVar, &FrVar),
    ) -> Result<Self, SynthesisError> {
        let one = Fr::ONE;
        let tie = is_equal(high, max_high)?;
        let at_tie = linear(&[(one, max_low), (-one, low)], Fr::ZERO)?;
        let apart = linear(&[(one, max_high), (-one, high)], -one)?;
        let value = tie
            .value()
            .ok()
            .and_then(|tie| value_of(if tie { &at_tie } else { &apart }));
        let cs = low.cs().or(high.cs());
        let margin = pack(&allocate(&cs, value.map(bits_of).as_deref(), width)?)?;
        // tie·(at_tie − apart) = margin − apart
        enforce_product(
            &FrVar::from(tie.clone()),
            &linear(&[(one, &at_tie), (-one, &apart)], Fr::ZERO)?,
            &linear(&[(one, &margin), (-one, &apart)], Fr::ZERO)?,
        )?;
        Ok(Self { tie, margin })
    }
}

/// Bits 1 to n − 1 of a value below 2^n; n rows.
///
/// The lowest bit is not a variable but `x − Σ 2^i·bit_i`, which its row forces to be 0 or 1.
pub(super) fn bits_above_lowest(x: &FrVar, n: usize) -> Result<Vec<Boolean<Fr>>, SynthesisError> {
    if n == 0 || n > MAX_BITS {
        return Err(SynthesisError::ArityMismatch);
    }
    let Some(cs) = open(x, |v| v.num_bits() as usize <= n)? else {
        return Ok(constant_bits(x, n).split_off(1));
    };
    let hint = value_of(x).map(|v| bits_of(v).split_off(1));
    let bits = allocate(&cs, hint.as_deref(), n - 1)?;
    let lowest = linear(&[(Fr::ONE, x), (-Fr::from(2u64), &pack(&bits)?)], Fr::ZERO)?;
    enforce_product(
        &lowest,
        &linear(&[(Fr::ONE, &lowest)], -Fr::ONE)?,
        &FrVar::Constant(Fr::ZERO),
    )?;
    Ok(bits)
}

/// The constraint system of a variable; none for a constant in range, and an error for another constant.
fn open(x: &FrVar, in_range: impl Fn(&BigInt<4>) -> bool) -> Result<Option<Cs>, SynthesisError> {
    match (x.cs(), value_of(x)) {
        (Cs::None, Some(v)) if !in_range(&v.into_bigint()) => Err(SynthesisError::Unsatisfiable),
        (Cs::None, _) => Ok(None),
        (cs, _) => Ok(Some(cs)),
    }
}

fn constant_bits(x: &FrVar, n: usize) -> Vec<Boolean<Fr>> {
    let mut bits = value_of(x).map(bits_of).unwrap_or_default();
    bits.resize(n, false);
    bits.into_iter().map(Boolean::constant).collect()
}

/// `n` boolean witnesses with the lowest bits of the hint.
pub(super) fn allocate(
    cs: &Cs,
    hint: Option<&[bool]>,
    n: usize,
) -> Result<Vec<Boolean<Fr>>, SynthesisError> {
    (0..n)
        .map(|i| {
            let value = hint.map(|bits| bits.get(i).copied().unwrap_or(false));
            bit(cs, value)
        })
        .collect()
}

fn predecessor(bound: &BigInt<4>) -> Result<BigInt<4>, SynthesisError> {
    let mut max = *bound;
    if max.sub_with_borrow(&BigInt::from(1u64)) {
        return Err(SynthesisError::ArityMismatch);
    }
    Ok(max)
}

pub(super) fn pack_constant(bits: &[bool]) -> Fr {
    Fr::from_bigint(BigInt::from_bits_le(bits)).unwrap_or(Fr::ZERO)
}

#[cfg(test)]
mod tests;
