//! Five limbs of 52 bits, and the way from and to arkworks' four of 64.
//!
//! arkworks keeps x·2^256 mod p, the vectors keep a number congruent to x·2^260, below 17·p: five limbs of 52 bits
//! hold 260 bits, and p < 2^254. The change of form is a shift by four bits on the way in and one multiplication on
//! the way out.

use ark_bn254::Fr;
use ark_ff::{BigInt, PrimeField};

use crate::LANES;

/// 52 bits in each limb, least significant first.
pub(crate) type Limbs = [u64; 5];

pub(crate) const MASK: u64 = (1 << 52) - 1;

/// The modulus.
pub(crate) const P: Limbs = split(&Fr::MODULUS.0, 0);

/// −p⁻¹ mod 2^52.
pub(crate) const NEGATED_INVERSE: u64 = {
    let p = Fr::MODULUS.0[0];
    let mut inverse = 1u64;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(inverse)));
        step += 1;
    }
    inverse.wrapping_neg() & MASK
};

/// 2^256 mod p as a plain number: a Montgomery product with it turns x·2^260 into x·2^256.
pub(crate) const TO_ARKWORKS: Limbs = split(&<Fr as PrimeField>::MODULUS.montgomery_r().0, 0);

/// Limbs of `a`·2^`shift`, `shift` < 5.
const fn split(a: &[u64; 4], shift: u32) -> Limbs {
    [
        a[0] << shift & MASK,
        (a[0] >> (52 - shift) | a[1] << (12 + shift)) & MASK,
        (a[1] >> (40 - shift) | a[2] << (24 + shift)) & MASK,
        (a[2] >> (28 - shift) | a[3] << (36 + shift)) & MASK,
        a[3] >> (16 - shift),
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
        let [a, b, c, d, e] = limbs.map(|limb| limb[lane]);
        let joined = [
            a | b << 52,
            b >> 12 | c << 40,
            c >> 24 | d << 28,
            d >> 36 | e << 16,
        ];
        Fr::new_unchecked(BigInt(less_p(joined)))
    })
}

fn less_p(a: [u64; 4]) -> [u64; 4] {
    let mut difference = [0; 4];
    let mut borrow = false;
    for ((out, a), p) in difference.iter_mut().zip(a).zip(Fr::MODULUS.0) {
        let (first, under) = a.overflowing_sub(p);
        let (second, under_again) = first.overflowing_sub(u64::from(borrow));
        *out = second;
        borrow = under | under_again;
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
        assert_eq!(P[0].wrapping_mul(NEGATED_INVERSE) & MASK, MASK);
    }
}
