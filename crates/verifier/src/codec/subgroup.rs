//! Membership of BN254's G2, by the endomorphism ψ in place of a multiplication by the order.
//!
//! With x the curve's parameter, a point P of the twist is in G2 iff [x+1]P + ψ([x]P) + ψ²([x]P) = ψ³([2x]P) (El Housni,
//! Guillevic, Piellard, eprint 2022/348, §3). Why it suffices: with g(X) = 2xX³ − xX² − xX − (x+1) the condition is
//! g(ψ)P = 0, and χ(ψ) = 0 for χ(X) = X² − tX + p on the whole twist. Some integer combination of g and χ is their
//! resultant R, so R·P = 0. The twist has h·r points, and gcd(R, h·r) = r: P's order divides r.

use ark_bn254::{Config, G2Affine, G2Projective};
use ark_ec::AdditiveGroup;
use ark_ec::bn::BnConfig;
use ark_ff::Zero;

use crate::psi::jacobian;

/// Whether a point of the twist is in G2.
pub(super) fn contains(point: &G2Affine) -> bool {
    let multiple = times_x(point);
    let once = jacobian(&multiple);
    let twice = jacobian(&once);
    let thrice = jacobian(&twice);
    multiple + point + once + twice == thrice.double()
}

/// [x]P; bit by bit, because a multiplication that reduces its scalar modulo r is wrong outside of G2.
fn times_x(point: &G2Affine) -> G2Projective {
    let mut sum = G2Projective::zero();
    for limb in <Config as BnConfig>::X.iter().rev() {
        for bit in (0..u64::BITS).rev() {
            sum.double_in_place();
            if limb >> bit & 1 == 1 {
                sum += point;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ark_bn254::{Fq, Fq2, Fr};
    use ark_ec::{AffineRepr, CurveConfig, CurveGroup};
    use ark_ff::PrimeField;

    /// Points of the twist, by the first abscissas that have one; nearly none is in G2.
    fn points(count: u64) -> Vec<G2Affine> {
        let mut found = Vec::new();
        for start in 0u64.. {
            let x = Fq2::new(Fq::from(start), Fq::from(3u64));
            found.extend(G2Affine::get_point_from_x_unchecked(x, start % 2 == 0));
            if found.len() as u64 == count {
                break;
            }
        }
        found
    }

    fn times(point: &G2Affine, scalar: &[u64]) -> G2Affine {
        let mut sum = G2Projective::zero();
        for limb in scalar.iter().rev() {
            for bit in (0..u64::BITS).rev() {
                sum.double_in_place();
                if limb >> bit & 1 == 1 {
                    sum += point;
                }
            }
        }
        sum.into_affine()
    }

    #[test]
    fn v_11_a_point_is_in_g2_iff_r_times_it_is_zero() {
        let order = <Fr as PrimeField>::MODULUS;
        let cofactor = <ark_bn254::g2::Config as CurveConfig>::COFACTOR;
        for point in points(40) {
            let judged = |point: &G2Affine| {
                let inside = times(point, &order.0).is_zero();
                assert_eq!(contains(point), inside, "{point}");
                assert_eq!(
                    contains(point),
                    point.is_in_correct_subgroup_assuming_on_curve()
                );
                inside
            };
            assert!(!judged(&point));
            let good = times(&point, cofactor);
            assert!(!good.is_zero() && judged(&good));
            // The part of the point outside of G2, alone and beside a part inside.
            let bad = times(&point, &order.0);
            assert!(!bad.is_zero() && !judged(&bad));
            assert!(!judged(&(bad + good).into_affine()));
        }
    }

    #[test]
    fn v_11_points_of_small_order_are_outside() {
        // h = 10069 · 5864401 · 1875725156269 · a prime: the quotients leave points of exactly one of the small orders.
        let h = "21888242871839275222246405745257275088844257914179612981679871602714643921549";
        let h: num_bigint::BigUint = h.parse().unwrap();
        let r: num_bigint::BigUint = Fr::MODULUS.into();
        let point = points(1).pop().unwrap();
        let good = times(&point, <ark_bn254::g2::Config as CurveConfig>::COFACTOR);
        for small in [10_069u64, 5_864_401, 1_875_725_156_269] {
            assert_eq!(&h % small, num_bigint::BigUint::default());
            let scalar = (&h / small * &r).to_u64_digits();
            let low = times(&point, &scalar);
            assert!(!low.is_zero() && times(&low, &[small]).is_zero());
            assert!(!contains(&low), "order {small}");
            assert!(!contains(&(good + low).into_affine()), "order {small}");
        }
        assert!(contains(&G2Affine::generator()));
        assert!(contains(&G2Affine::zero()));
    }
}
