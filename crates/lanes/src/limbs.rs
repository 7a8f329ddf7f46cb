//! Five limbs of 52 bits, the moduli in that form, and the way from and to arkworks' four limbs of 64.
//!
//! arkworks keeps x·2^256 mod p, the vectors keep a number congruent to x·2^260: five limbs of 52 bits hold 260 bits,
//! and p < 2^254. A change of form is a shift by four bits or one multiplication.

use ark_bn254::{Fq, Fr};
use ark_ff::{BigInt, PrimeField};

use crate::LANES;

/// 52 bits in each limb, least significant first.
pub(crate) type Limbs = [u64; 5];

pub(crate) const MASK: u64 = (1 << 52) - 1;

/// A prime of 254 bits and what reduction needs of it.
pub(crate) trait Modulus: Copy + 'static {
    /// The prime in words.
    const WORDS: [u64; 4];
    /// The prime in limbs.
    const P: Limbs = split(&Self::WORDS, 0);
    /// −p⁻¹ mod 2^52.
    const NEGATED_INVERSE: u64 = negated_inverse(Self::WORDS[0]);
    /// Limb j of 0·p, 1·p, …, 7·p.
    const MULTIPLES: [[u64; LANES]; 5] = multiples(&Self::P);
    /// A little less than 2^280 / p: a number's top limb without its 20 low bits, times this, over 2^52, is how many
    /// times p is in it; too small by one at most, and only for a number within 2^-22 of a multiple.
    const RATIO: u64 = ratio(&Self::WORDS);
    /// 2^264 mod p: a Montgomery product with it turns x·2^256 into x·2^260.
    const FROM_ARKWORKS: Limbs = split(&power_of_two(&Self::WORDS, 264), 0);
    /// 2^256 mod p: a Montgomery product with it turns x·2^260 into x·2^256.
    const TO_ARKWORKS: Limbs = split(&power_of_two(&Self::WORDS, 256), 0);
    /// 2^260 mod p: the number one.
    const ONE: Limbs = split(&power_of_two(&Self::WORDS, 260), 0);
}

/// The field of Poseidon, of scalars and of polynomials.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScalarField;

/// The field of the curve's coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BaseField;

impl Modulus for ScalarField {
    const WORDS: [u64; 4] = Fr::MODULUS.0;
}

impl Modulus for BaseField {
    const WORDS: [u64; 4] = Fq::MODULUS.0;
}

const fn negated_inverse(p: u64) -> u64 {
    let mut inverse = 1u64;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(inverse)));
        step += 1;
    }
    inverse.wrapping_neg() & MASK
}

const fn multiples(p: &Limbs) -> [[u64; LANES]; 5] {
    let mut out = [[0; LANES]; 5];
    let mut factor = 0;
    while factor < LANES {
        let mut carry = 0;
        let mut limb = 0;
        while limb < 5 {
            let value = p[limb] * factor as u64 + carry;
            out[limb][factor] = value & MASK;
            carry = value >> 52;
            limb += 1;
        }
        factor += 1;
    }
    out
}

const fn ratio(p: &[u64; 4]) -> u64 {
    // p = 2^192·top + …, so 2^280 / p lies between 2^88 / (top + 1) and 2^88 / top.
    ((1u128 << 88) / (p[3] as u128 + 1)) as u64 - 1
}

/// 2^`exponent` mod p.
pub(crate) const fn power_of_two(p: &[u64; 4], exponent: u32) -> [u64; 4] {
    let mut value = [1, 0, 0, 0];
    let mut done = 0;
    while done < exponent {
        // value < p < 2^254, so a doubling stays in four words.
        value = [
            value[0] << 1,
            value[1] << 1 | value[0] >> 63,
            value[2] << 1 | value[1] >> 63,
            value[3] << 1 | value[2] >> 63,
        ];
        value = less_p(value, p);
        done += 1;
    }
    value
}

/// Limbs of `a`·2^`shift`, `shift` < 5.
pub(crate) const fn split(a: &[u64; 4], shift: u32) -> Limbs {
    [
        a[0] << shift & MASK,
        (a[0] >> (52 - shift) | a[1] << (12 + shift)) & MASK,
        (a[1] >> (40 - shift) | a[2] << (24 + shift)) & MASK,
        (a[2] >> (28 - shift) | a[3] << (36 + shift)) & MASK,
        a[3] >> (16 - shift),
    ]
}

/// Four words of normalised limbs below 2^256.
pub(crate) const fn join(limbs: &Limbs) -> [u64; 4] {
    let [a, b, c, d, e] = *limbs;
    [
        a | b << 52,
        b >> 12 | c << 40,
        c >> 24 | d << 28,
        d >> 36 | e << 16,
    ]
}

/// x·2^260 mod p, fully reduced: the form of constants.
pub(crate) fn constant(x: &Fr) -> Limbs {
    let sixteen = Fr::from(16u64);
    split(&(*x * sixteen).0.0, 0)
}

/// One element of each lane, limb by limb; below 16·p.
pub(crate) fn transpose(lanes: &[Fr; LANES]) -> [[u64; LANES]; 5] {
    let mut out = [[0; LANES]; 5];
    for (lane, x) in lanes.iter().enumerate() {
        for (limb, value) in out.iter_mut().zip(split(&x.0.0, 4)) {
            limb[lane] = value;
        }
    }
    out
}

/// The elements of vectors that hold x·2^256, normalised and below 2·p.
pub(crate) fn untranspose(limbs: &[[u64; LANES]; 5]) -> [Fr; LANES] {
    core::array::from_fn(|lane| {
        let joined = join(&limbs.map(|limb| limb[lane]));
        Fr::new_unchecked(BigInt(less_p(joined, &Fr::MODULUS.0)))
    })
}

/// `a`, or `a` − p where that is not negative.
pub(crate) const fn less_p(a: [u64; 4], p: &[u64; 4]) -> [u64; 4] {
    let mut difference = [0; 4];
    let mut borrow = false;
    let mut word = 0;
    while word < 4 {
        let (first, under) = a[word].overflowing_sub(p[word]);
        let (second, under_again) = first.overflowing_sub(borrow as u64);
        difference[word] = second;
        borrow = under | under_again;
        word += 1;
    }
    if borrow { a } else { difference }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field};

    #[test]
    fn limbs_keep_the_number() {
        let edges = [
            Fr::ZERO,
            Fr::ONE,
            -Fr::ONE,
            Fr::new_unchecked(BigInt([u64::MAX, u64::MAX, u64::MAX, Fr::MODULUS.0[3] - 1])),
            Fr::new_unchecked(BigInt([1 << 52, 1 << 40, 1 << 28, 1 << 16])),
            Fr::from(2u64).inverse().unwrap_or_default(),
            Fr::from(7u64),
            -Fr::from(7u64),
        ];
        // What comes in as 16·x leaves as x, once divided.
        let sixteenths = edges.map(|x| x * Fr::from(16u64).inverse().unwrap_or_default());
        for (constant, x) in edges.iter().map(constant).zip(edges) {
            assert_eq!(constant, split(&(x * Fr::from(16u64)).0.0, 0));
        }
        let plain: [[u64; LANES]; 5] =
            core::array::from_fn(|limb| sixteenths.map(|x| constant(&x)[limb]));
        assert_eq!(untranspose(&plain), edges);
        for (limb, values) in transpose(&edges).iter().enumerate() {
            let shifted = edges.map(|x| split(&x.0.0, 4)[limb]);
            assert_eq!(*values, shifted);
        }
    }

    #[test]
    fn the_inverse_is_one_of_the_modulus() {
        fn holds<M: Modulus>() {
            assert_eq!(M::P[0].wrapping_mul(M::NEGATED_INVERSE) & MASK, MASK);
        }
        holds::<ScalarField>();
        holds::<BaseField>();
    }
}
