//! Sums of products with one Montgomery reduction: the inner loop of every hash.
//!
//! A sum of up to 17 products of elements below p, plus one element times 2^256, stays below 2^512
//! (22.3·p² with p < 0.19·2^256), so eight limbs hold it, and its reduction stays below 5.3·p < 2^256: below
//! (2 + 0.19·N)·p for N products.

use ark_ff::{BigInt, PrimeField};

use super::MAX_WIDTH;
use crate::Fr;

const P: [u64; 4] = Fr::MODULUS.0;
/// −p⁻¹ mod 2^64.
const NEGATED_INVERSE: u64 = {
    let mut inverse = 1u64;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(P[0].wrapping_mul(inverse)));
        step += 1;
    }
    inverse.wrapping_neg()
};
const TWICE_P: [u64; 4] = doubled(P);
const FOUR_P: [u64; 4] = doubled(TWICE_P);

const fn doubled(a: [u64; 4]) -> [u64; 4] {
    [
        a[0] << 1,
        a[1] << 1 | a[0] >> 63,
        a[2] << 1 | a[1] >> 63,
        a[3] << 1 | a[2] >> 63,
    ]
}

/// `start` + Σ aᵢ·bᵢ.
#[inline]
pub(super) fn dot<const N: usize>(start: &Fr, a: &[Fr; N], b: &[Fr; N]) -> Fr {
    const { assert!(N <= MAX_WIDTH) };
    let mut sum = [0; 8];
    sum[4..].copy_from_slice(&(start.0).0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (&(a.0).0, &(b.0).0);
        let mut overflow = 0u64;
        for i in 0..4 {
            let mut carry = 0u128;
            for j in 0..4 {
                carry += u128::from(sum[i + j]) + u128::from(a[i]) * u128::from(b[j]);
                sum[i + j] = carry as u64;
                carry >>= 64;
            }
            carry += u128::from(sum[i + 4]) + u128::from(overflow);
            sum[i + 4] = carry as u64;
            overflow = (carry >> 64) as u64;
        }
        debug_assert_eq!(overflow, 0, "the bound in the module's head holds");
    }
    reduce(sum, N > 10)
}

/// sum / 2^256 mod p; without `large`, the reduction must stay below 4·p.
#[inline]
fn reduce(mut sum: [u64; 8], large: bool) -> Fr {
    let mut overflow = 0u64;
    for i in 0..4 {
        let factor = u128::from(sum[i].wrapping_mul(NEGATED_INVERSE));
        let mut carry = 0u128;
        for j in 0..4 {
            carry += u128::from(sum[i + j]) + factor * u128::from(P[j]);
            sum[i + j] = carry as u64;
            carry >>= 64;
        }
        carry += u128::from(sum[i + 4]) + u128::from(overflow);
        sum[i + 4] = carry as u64;
        overflow = (carry >> 64) as u64;
    }
    debug_assert_eq!(overflow, 0, "the bound in the module's head holds");
    let mut value = [sum[4], sum[5], sum[6], sum[7]];
    if large {
        value = subtract_if_not_less(value, &FOUR_P);
    }
    for multiple in [&TWICE_P, &P] {
        value = subtract_if_not_less(value, multiple);
    }
    Fr::new_unchecked(BigInt(value))
}

#[inline]
fn subtract_if_not_less(a: [u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let mut difference = [0; 4];
    let mut borrow = false;
    for ((out, a), b) in difference.iter_mut().zip(a).zip(b) {
        let (first, under) = a.overflowing_sub(*b);
        let (second, under_again) = first.overflowing_sub(u64::from(borrow));
        *out = second;
        borrow = under | under_again;
    }
    if borrow { a } else { difference }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::arb_fr;
    use ark_ff::Field;
    use proptest::prelude::*;

    #[test]
    fn the_largest_sum_is_exact() {
        let most = -Fr::ONE;
        // The Montgomery form p − 1 is the largest number of limbs that can be multiplied.
        let largest = Fr::new_unchecked(BigInt([P[0] - 1, P[1], P[2], P[3]]));
        for value in [most, largest] {
            let expected = value + value.square() * Fr::from(17u64);
            assert_eq!(dot(&value, &[value; 17], &[value; 17]), expected);
            let expected = value + value.square() * Fr::from(10u64);
            assert_eq!(dot(&value, &[value; 10], &[value; 10]), expected);
        }
    }

    proptest! {
        #[test]
        fn sums_equal_arkworks(start in arb_fr(), a in proptest::array::uniform9(arb_fr()), b in proptest::array::uniform9(arb_fr())) {
            let expected: Fr = a.iter().zip(&b).map(|(a, b)| *a * b).sum();
            prop_assert_eq!(dot(&start, &a, &b), start + expected);
            prop_assert_eq!(dot(&start, &[a[0]], &[b[0]]), start + a[0] * b[0]);
        }
    }
}
