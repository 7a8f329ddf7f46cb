//! A field element as a multiplier of points of order ℓ: congruent modulo ℓ to its canonical integer.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField};
use ark_r1cs_std::{GR1CSVar, boolean::Boolean};
use ark_relations::gr1cs::SynthesisError;

use super::{
    Cs, FrVar, bit, enforce_equal, linear, pack, product,
    split::{Decision, allocate, pack_constant},
    value_of,
};
use crate::{Fr, babyjubjub::Scalar, parts::enter};

/// Bits of [`split_reduced`].
pub const REDUCED_BITS: usize = 251;
const LOW: usize = REDUCED_BITS.div_ceil(2);

/// Bits b of 251 places with `b + 2^250 ≡ x` modulo ℓ, x being the canonical integer in [0, p): 388 rows.
///
/// The integer V = b + 2^250 + c·ℓ equals x modulo p, and V is in [0, p), so V is x (S2: the alias x ± p would be another
/// multiplier). c = g + above − below with g in 0..=6 (bits of weight 1, 2 and 3), so
/// - without the two flags V is in [2^250, 2^250 + 2^251 + 6ℓ), within [0, p);
/// - *below* asks for b ≥ ℓ − 2^250, so V ≥ 0 for every g, and V is smaller than without it;
/// - *above* asks for b ≤ p − 1 − 2^250 − 7ℓ, so V < p for every g;
/// - both cancel and ask for nothing that matters.
///
/// Every x has a witness: *below* for x < 2^250, otherwise g = min(⌊(x − 2^250)/ℓ⌋, 6), and *above* where that quotient
/// is 7. Other witnesses may exist, b + ℓ for one; they are the same multiplier.
pub fn split_reduced(x: &FrVar) -> Result<Vec<Boolean<Fr>>, SynthesisError> {
    split_reduced_as(&x.cs(), x, value_of(x).map(|x| Tile::of(x.into_bigint())))
}

/// The hints of [`split_reduced`].
#[derive(Clone, Copy, Debug)]
struct Tile {
    bits: BigInt<4>,
    /// Bits of weight 1, 2 and 3.
    quotient: [bool; 3],
    below: bool,
    above: bool,
}

impl Tile {
    fn of(x: BigInt<4>) -> Self {
        let mut tile = Self {
            bits: x,
            quotient: [false; 3],
            below: x < offset(),
            above: false,
        };
        if tile.below {
            tile.bits.add_with_carry(&Scalar::MODULUS);
            tile.bits.sub_with_borrow(&offset());
            return tile;
        }
        tile.bits.sub_with_borrow(&offset());
        let mut quotient = 0;
        while tile.bits >= Scalar::MODULUS {
            tile.bits.sub_with_borrow(&Scalar::MODULUS);
            quotient += 1;
        }
        tile.above = quotient == 7;
        let quotient = quotient.min(6);
        let three = quotient >= 3;
        let rest = if three { quotient - 3 } else { quotient };
        tile.quotient = [rest & 1 == 1, rest & 2 == 2, three];
        tile
    }
}

/// 2^250.
fn offset() -> BigInt<4> {
    let mut bits = [false; 256];
    bits[REDUCED_BITS - 1] = true;
    BigInt::from_bits_le(&bits)
}

/// [`split_reduced`] with the prover's choice.
fn split_reduced_as(
    cs: &Cs,
    x: &FrVar,
    hint: Option<Tile>,
) -> Result<Vec<Boolean<Fr>>, SynthesisError> {
    let _part = enter(cs, "reduced-scalar");
    let one = Fr::ONE;
    let order = pack_constant(&Scalar::MODULUS.to_bits_le());
    let shift = pack_constant(&offset().to_bits_le());
    let values = hint.map(|tile| tile.bits.to_bits_le());
    let bits = allocate(cs, values.as_deref(), REDUCED_BITS)?;
    let flag = |value: Option<bool>| bit(cs, value).map(FrVar::from);
    let ones = flag(hint.map(|tile| tile.quotient[0]))?;
    let twos = flag(hint.map(|tile| tile.quotient[1]))?;
    let threes = flag(hint.map(|tile| tile.quotient[2]))?;
    let below = flag(hint.map(|tile| tile.below))?;
    let above = flag(hint.map(|tile| tile.above))?;
    let value = linear(
        &[
            (one, &pack(&bits)?),
            (order, &ones),
            (order.double(), &twos),
            (order.double() + order, &threes),
            (order, &above),
            (-order, &below),
        ],
        shift,
    )?;
    enforce_equal(&value, x)?;

    // *below* compares the complements, so that both bounds are upper ones.
    let mut least = Scalar::MODULUS;
    least.sub_with_borrow(&offset());
    let at_most = least
        .to_bits_le()
        .into_iter()
        .map(|bit| !bit)
        .collect::<Vec<_>>();
    let mut most = Fr::MODULUS;
    most.sub_with_borrow(&BigInt::from(1u64));
    most.sub_with_borrow(&offset());
    for _ in 0..7 {
        most.sub_with_borrow(&Scalar::MODULUS);
    }
    let most = most.to_bits_le();
    let (low, high) = bits.split_at(LOW);
    let half = |half: &[Boolean<Fr>], range: core::ops::Range<usize>| {
        let all = pack_constant(&alloc::vec![true; half.len()]);
        let packed = pack(half)?;
        let flipped = product(&below, &linear(&[(-Fr::from(2u64), &packed)], all)?)?;
        let below_bound = pack_constant(&at_most[range.clone()]);
        let above_bound = pack_constant(&most[range]);
        let bound = linear(
            &[(below_bound - all, &below), (above_bound - all, &above)],
            all,
        )?;
        Ok::<_, SynthesisError>((linear(&[(one, &packed), (one, &flipped)], Fr::ZERO)?, bound))
    };
    let (low, max_low) = half(low, 0..LOW)?;
    let (high, max_high) = half(high, LOW..REDUCED_BITS)?;
    Decision::enforce(LOW, (&low, &high), (&max_low, &max_high))?;
    Ok(bits)
}

#[cfg(test)]
mod tests;
