//! The affine law where it is used, and what would be free where it is not.

#![allow(clippy::unwrap_used)]

use ark_ec::CurveGroup;
use ark_ff::LegendreSymbol;
use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{
    babyjubjub::{self, Scalar, base8, mul, pad_key},
    mutation::Snapshot,
    testing::order_8,
};

fn coordinates(point: &Point) -> Montgomery {
    Montgomery::of(point).unwrap()
}

fn variable(cs: &Cs, point: &Point) -> MontgomeryVar {
    MontgomeryVar::new_witness(cs, Some(coordinates(point))).unwrap()
}

fn eighth(point: &Point) -> Montgomery {
    coordinates(&mul(point, &babyjubjub::eighth()))
}

#[test]
fn the_form_has_no_second_point_of_order_2_and_none_with_u_minus_1() {
    let a = MONTGOMERY_A;
    let discriminant = a.square() - Fr::from(4u64);
    assert_eq!(discriminant.legendre(), LegendreSymbol::QuadraticNonResidue);
    // v² at u = −1 is A − 2.
    let residue = (a - Fr::from(2u64)).legendre();
    assert_eq!(residue, LegendreSymbol::QuadraticNonResidue);
}

#[test]
fn both_maps_are_inverse_and_lose_only_the_identity_and_order_2() {
    for point in [
        base8(),
        pad_key(),
        order_8(),
        (base8() + order_8()).into_affine(),
    ] {
        let there = coordinates(&point);
        assert_eq!(
            there.v.square(),
            there.u * (there.u.square() + MONTGOMERY_A * there.u + Fr::ONE)
        );
        assert_eq!(there.to_projective().into_affine(), point);
    }
    assert_eq!(Montgomery::of(&Point::default()), None);
    assert_eq!(
        Montgomery::of(&(order_8() + order_8()).into_affine()).map(|p| p.v == Fr::ZERO),
        Some(false)
    );
    let order_2 = Point::new_unchecked(Fr::ZERO, -Fr::ONE);
    assert_eq!(Montgomery::of(&order_2), None);
}

#[test]
fn every_operation_equals_native() {
    let (p, q) = (base8(), pad_key());
    let cs = ConstraintSystem::new_ref();
    let (p_var, q_var) = (variable(&cs, &p), variable(&cs, &q));
    let rows = |expected: usize, before: usize| assert_eq!(cs.num_constraints() - before, expected);
    let before = cs.num_constraints();
    let doubled = p_var.double().unwrap();
    rows(4, before);
    assert_eq!(doubled.value(), Some(coordinates(&(p + p).into_affine())));
    let hints = [
        additions(p.into(), &[q.into()]).unwrap()[0],
        additions(p.into(), &[(-q).into()]).unwrap()[0],
    ];
    let before = cs.num_constraints();
    let [sum, difference] = p_var.add_and_subtract(&q_var, Some(&hints)).unwrap();
    rows(6, before);
    assert_eq!(sum.value(), Some(coordinates(&(p + q).into_affine())));
    assert_eq!(
        difference.value(),
        Some(coordinates(&(p - q).into_affine()))
    );
    let step = steps(p.into(), &[q]).unwrap();
    let before = cs.num_constraints();
    let (stepped, _) = p_var.double_and_add(&q_var, step.first()).unwrap();
    rows(5, before);
    assert_eq!(
        stepped.value(),
        Some(coordinates(&(p + p + q).into_affine()))
    );
    let before = cs.num_constraints();
    let edwards = stepped.to_edwards().unwrap();
    rows(2, before);
    let back = MontgomeryVar::from_edwards(&edwards).unwrap();
    rows(4, before);
    assert_eq!(back.value(), stepped.value());
    let before = cs.num_constraints();
    let eightfold = MontgomeryVar::eightfold(&cs, Some(eighth(&q))).unwrap();
    rows(14, before);
    assert_eq!(eightfold.value(), q_var.value());
    assert!(cs.is_satisfied().unwrap());
    let snapshot = Snapshot::of(&cs).unwrap();
    // The last point of the eightfold is the prover's choice: three witnesses are u, v of it.
    let chosen = cs.num_witness_variables() - 14;
    assert!(snapshot.loose([0, 1, 2, 3, chosen, chosen + 1]).is_empty());
}

#[test]
fn c_11_an_eightfold_is_of_order_l_or_has_no_witness() {
    // Every point of the curve that the prover may choose, those of order 2·…: the result has order ℓ.
    for torsion in 0..8u64 {
        let q = base8() + ark_ec::AffineRepr::mul_bigint(&order_8(), [torsion]);
        let cs = ConstraintSystem::new_ref();
        let point = MontgomeryVar::eightfold(&cs, Montgomery::of(&q.into_affine())).unwrap();
        let expected = mul(&base8(), &Scalar::from(8u64));
        assert_eq!(point.value(), Some(coordinates(&expected)));
        assert!(cs.is_satisfied().unwrap());
    }
    // Order 8 and 4 reach (0, 0), and (0, 0) has no tangent.
    let order_4 = (order_8() + order_8()).into_affine();
    let low = [
        coordinates(&order_8()),
        coordinates(&order_4),
        Montgomery::default(),
    ];
    for point in low {
        let cs = ConstraintSystem::new_ref();
        MontgomeryVar::eightfold(&cs, Some(point)).unwrap();
        assert!(!cs.is_satisfied().unwrap(), "{point:?}");
    }
    // Off the curve.
    let off = Montgomery {
        v: coordinates(&base8()).v + Fr::ONE,
        ..coordinates(&base8())
    };
    let cs = ConstraintSystem::new_ref();
    MontgomeryVar::eightfold(&cs, Some(off)).unwrap();
    assert!(!cs.is_satisfied().unwrap());
}

#[test]
fn equal_or_opposite_points_have_no_table() {
    for q in [base8(), -base8()] {
        for slope in [Fr::ZERO, Fr::ONE, Fr::from(7u64)] {
            let cs = ConstraintSystem::new_ref();
            let (p, q) = (variable(&cs, &base8()), variable(&cs, &q));
            let sum = Montgomery::default();
            let hints = [Addition { slope, sum }; 2];
            p.add_and_subtract(&q, Some(&hints)).unwrap();
            let snapshot = Snapshot::of(&cs).unwrap();
            // The slope's rows are the first and the fourth.
            let refused = snapshot.unsatisfied_rows();
            assert!(refused.contains(&0) || refused.contains(&3));
        }
    }
}

#[test]
fn c_28_a_collision_frees_the_slope_and_only_the_guard_sees_it() {
    let a = base8();
    let at = coordinates(&a);
    for slope in [Fr::from(2u64), Fr::from(3u64), -Fr::from(11u64)] {
        // A = T: any slope satisfies all five rows.
        let middle = slope.square() - MONTGOMERY_A - at.u.double();
        let second = at.v.double() * (at.u - middle).inverse().unwrap() - slope;
        let u = second.square() - MONTGOMERY_A - at.u - middle;
        let sum = Montgomery {
            u,
            v: second * (at.u - u) - at.v,
        };
        let step = Step {
            slope,
            middle,
            second,
            sum,
        };
        let cs = ConstraintSystem::new_ref();
        let (a_var, t_var) = (variable(&cs, &a), variable(&cs, &a));
        let (_, denominator) = a_var.double_and_add(&t_var, Some(&step)).unwrap();
        assert!(cs.is_satisfied().unwrap());
        assert_eq!(value_of(&denominator), Some(Fr::ZERO));
    }
    assert!(steps(a.into(), &[a]).is_none() && steps(a.into(), &[-a]).is_none());
    // A + T = −A and the identity on the way are refused too.
    assert!(steps(a.into(), &[-(a + a).into_affine()]).is_none());
    assert!(steps(PointProj::default(), &[a]).is_none());
}
