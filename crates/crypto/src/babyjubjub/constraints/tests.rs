//! The complete law, the judges and both scalar multiplications, for points of every order.

#![allow(clippy::unwrap_used)]

use alloc::vec::Vec;

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, MontFp, PrimeField};
use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{
    babyjubjub::{self, BabyJubjubConfig, PointProj, Scalar, base8, pad_key},
    bits::{split, split_below, split_canonical},
    mutation::{Snapshot, matrices, setup_matrices},
    testing::order_8,
};

/// Points of order 1, 2, 4, 8, ℓ, ℓ, 2ℓ, 4ℓ and 8ℓ.
pub(crate) fn points_of_every_order() -> Vec<Point> {
    let eight = order_8();
    let torsion: Vec<Point> = [8u64, 4, 2, 1]
        .map(|k| eight.mul_bigint([k]).into_affine())
        .to_vec();
    let mut points = torsion.clone();
    points.extend([base8(), pad_key()]);
    points.extend(torsion[1..].iter().map(|t| (base8() + t).into_affine()));
    points
}

/// Coordinates that are no points: (0, 0), one coordinate of a point changed, large values.
pub(crate) fn off_curve() -> Vec<RawPoint> {
    let base = base8();
    [
        (Fr::ZERO, Fr::ZERO),
        (Fr::ONE, Fr::ONE),
        (base.x, base.y + Fr::ONE),
        (base.y, base.x),
        (-Fr::ONE, -Fr::ONE),
        (Fr::ZERO, Fr::from(2u64)),
    ]
    .map(|(x, y)| RawPoint { x, y })
    .to_vec()
}

pub(crate) fn point_witness(cs: &Cs, point: RawPoint) -> PointVar {
    PointVar::new_witness(cs, Some(point)).unwrap()
}

fn on_curve(cs: &Cs, point: &Point) -> CurvePointVar {
    CurvePointVar(point_witness(cs, (*point).into()))
}

fn value(point: &CurvePointVar) -> RawPoint {
    point.coordinates().value().unwrap()
}

fn ell() -> Fr {
    Fr::from_bigint(Scalar::MODULUS).unwrap()
}

#[test]
fn addition_is_complete_and_equals_native_for_every_pair_of_orders() {
    for p in points_of_every_order() {
        for q in points_of_every_order() {
            let expected: RawPoint = (p + q).into_affine().into();
            let cs = ConstraintSystem::new_ref();
            let (p_var, q_var) = (on_curve(&cs, &p), on_curve(&cs, &q));
            assert_eq!(value(&p_var.add(&q_var).unwrap()), expected);
            assert_eq!(cs.num_constraints(), 6);
            let constant = CurvePointVar::constant(&q);
            assert_eq!(value(&p_var.add(&constant).unwrap()), expected);
            assert_eq!(cs.num_constraints(), 9);
            assert!(cs.is_satisfied().unwrap());
            let folded = CurvePointVar::constant(&p).add(&constant).unwrap();
            assert_eq!(value(&folded), expected);
        }
    }
}

#[test]
fn doubling_and_negation_equal_native() {
    for p in points_of_every_order() {
        let cs = ConstraintSystem::new_ref();
        let p_var = on_curve(&cs, &p);
        let doubled: RawPoint = (p + p).into_affine().into();
        assert_eq!(value(&p_var.double().unwrap()), doubled);
        assert_eq!(cs.num_constraints(), 5);
        let negated: RawPoint = (-p).into();
        assert_eq!(value(&p_var.negate().unwrap()), negated);
        assert!(cs.is_satisfied().unwrap());
    }
}

#[test]
fn c_28_addition_and_doubling_leave_no_witness_free() {
    for p in points_of_every_order() {
        for q in [p, -p, base8(), order_8(), Point::zero()] {
            let cs = ConstraintSystem::new_ref();
            let input =
                |p: &Point| CurvePointVar(PointVar::new_input(&cs, Some((*p).into())).unwrap());
            let (p_var, q_var) = (input(&p), input(&q));
            p_var.add(&q_var).unwrap().double().unwrap();
            let snapshot = Snapshot::of(&cs).unwrap();
            assert_eq!(snapshot.survivors(), [], "{p} {q}");
            assert!(snapshot.loose([]).is_empty());
        }
    }
}

#[test]
fn c_28_off_curve_points_are_judged_then_replaced() {
    for point in off_curve() {
        let cs = ConstraintSystem::new_ref();
        let (flag, safe) = point_witness(&cs, point).judge(&base8()).unwrap();
        assert!(!flag.value().unwrap(), "{point:?}");
        assert_eq!(value(&safe), base8().into());
        assert!(cs.is_satisfied().unwrap());
        assert_eq!(cs.num_constraints(), 7);
        assert!(
            !PointVar::constant(point)
                .is_on_curve()
                .unwrap()
                .value()
                .unwrap()
        );
    }
    for point in points_of_every_order() {
        let cs = ConstraintSystem::new_ref();
        let (flag, safe) = point_witness(&cs, point.into()).judge(&base8()).unwrap();
        assert!(flag.value().unwrap());
        assert_eq!(value(&safe), point.into());
        assert!(cs.is_satisfied().unwrap());
    }
}

#[test]
fn c_05_curve_flag_cannot_be_flipped() {
    let points = points_of_every_order().into_iter().map(RawPoint::from);
    for point in points.chain(off_curve()) {
        let cs = ConstraintSystem::new_ref();
        let coordinates = PointVar::new_input(&cs, Some(point)).unwrap();
        let flag = coordinates.is_on_curve().unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert!(snapshot.is_satisfied());
        assert_eq!(snapshot.survivors(), []);
        assert!(snapshot.loose([]).is_empty());
        let index = flag.variable().index().unwrap();
        let flipped = Fr::ONE - snapshot.witness(index).unwrap();
        for inverse in [
            Fr::ZERO,
            Fr::ONE,
            -Fr::ONE,
            snapshot.witness(index + 1).unwrap(),
        ] {
            let mut attack = snapshot.clone();
            attack.set_witness(index, flipped);
            attack.set_witness(index + 1, inverse);
            assert!(!attack.is_satisfied(), "{point:?}");
        }
    }
}

#[test]
fn our_own_points_are_enforced_on_the_curve() {
    for (point, holds) in [(base8().into(), true), (RawPoint::default(), false)] {
        let cs = ConstraintSystem::new_ref();
        point_witness(&cs, point).enforce_on_curve().unwrap();
        assert_eq!(cs.is_satisfied().unwrap(), holds);
        assert_eq!(cs.num_constraints(), 4);
    }
}

#[test]
fn equality_compares_both_coordinates() {
    let p: RawPoint = base8().into();
    let mirrored: RawPoint = (-base8()).into();
    let lower = RawPoint { x: p.x, y: -p.y };
    for (q, expected) in [(p, true), (mirrored, false), (lower, false)] {
        let cs = ConstraintSystem::new_ref();
        let equal = point_witness(&cs, p)
            .is_equal(&point_witness(&cs, q))
            .unwrap();
        assert_eq!(equal.value().unwrap(), expected);
        assert_eq!(cs.num_constraints(), 5);
        assert!(cs.is_satisfied().unwrap());
    }
}

/// Scalars at the edges of [0, ℓ); (ℓ + 1)/2 has no short lattice vector modulo 8ℓ.
fn scalars() -> Vec<Fr> {
    let half = (ell() + Fr::ONE) / Fr::from(2u64);
    let mut scalars: Vec<Fr> = (0..9u64).map(Fr::from).collect();
    scalars.extend([half, ell() - Fr::ONE, ell() - Fr::from(2u64)]);
    scalars.push(MontFp!(
        "217586940897777061036130405789277058930504326370702211429295818245106887332"
    ));
    scalars
}

fn native_mul(point: &Point, scalar: Fr) -> RawPoint {
    point.mul_bigint(scalar.into_bigint()).into_affine().into()
}

/// Field elements at the edges of the tiles of `split_reduced`, and those for which N is ℓ, 2ℓ, … or next to one.
fn multipliers() -> Vec<Fr> {
    let mut scalars = scalars();
    let offset = Fr::from(2u64).pow([250]);
    for multiple in 0..9u64 {
        let multiple = ell() * Fr::from(multiple);
        for distance in [
            Fr::ZERO,
            Fr::ONE,
            Fr::from(2u64),
            Fr::from(3u64),
            Fr::from(4u64),
        ] {
            scalars.extend([multiple + distance, multiple - distance]);
            scalars.extend([multiple + offset + distance, multiple + offset - distance]);
        }
    }
    scalars
}

#[test]
fn variable_base_equals_native_for_every_kind_of_multiplier() {
    for scalar in multipliers() {
        let cs = ConstraintSystem::new_ref();
        let s = witness(&cs, Some(scalar)).unwrap();
        let reduced = ReducedScalar::new(&s).unwrap();
        assert_eq!(cs.num_constraints(), 388);
        for point in [base8(), pad_key()] {
            let before = cs.num_constraints();
            let product = reduced.mul(&on_curve(&cs, &point)).unwrap();
            assert_eq!(
                value(&product),
                native_mul(&point, scalar),
                "{scalar}·{point}"
            );
            assert_eq!(cs.num_constraints() - before, 1520);
        }
        assert!(cs.is_satisfied().unwrap(), "{scalar}");
    }
}

#[test]
fn fixed_base_equals_native() {
    for scalar in scalars() {
        let cs = ConstraintSystem::new_ref();
        let bits = split_below(&witness(&cs, Some(scalar)).unwrap(), &Scalar::MODULUS).unwrap();
        let before = cs.num_constraints();
        let product = mul_base8(&bits).unwrap();
        assert_eq!(cs.num_constraints() - before, 421);
        let expected = babyjubjub::mul_base8(&babyjubjub::scalar_from_field(&scalar).unwrap());
        assert_eq!(value(&product), expected.into(), "{scalar}");
        let before = cs.num_constraints();
        enforce_mul_base8(&bits, product.coordinates()).unwrap();
        assert_eq!(cs.num_constraints() - before, 421);
        assert!(cs.is_satisfied().unwrap());
        let other = point_witness(&cs, (expected + base8()).into_affine().into());
        enforce_mul_base8(&bits, &other).unwrap();
        assert!(!cs.is_satisfied().unwrap());
    }
    // Bits of 2^251 − 1, above ℓ: the integer counts.
    let all_ones = mul_base8(&[const { Boolean::TRUE }; SCALAR_BITS]).unwrap();
    let expected: PointProj = base8().mul_bigint({
        let mut bits = [true; 256];
        bits[251..].fill(false);
        ark_ff::BigInt::<4>::from_bits_le(&bits)
    });
    assert_eq!(value(&all_ones), expected.into_affine().into());
    assert!(mul_base8(&[Boolean::TRUE]).is_err());
}

/// Bits at which the window sums and the leading bits are extreme, and for which the product is the identity.
#[test]
fn fixed_base_takes_any_bits() {
    let half = (ell() - Fr::ONE) / Fr::from(2u64);
    let patterns = [
        Fr::ZERO,
        ell(),
        ell() + Fr::ONE,
        half,
        Fr::from(2u64).pow([249]),
        Fr::from(2u64).pow([249]) - Fr::ONE,
        Fr::from(2u64).pow([250]),
        Fr::from(2u64).pow([251]) - Fr::from(2u64),
    ];
    let cs = ConstraintSystem::new_ref();
    for pattern in patterns {
        let bits = split(&witness(&cs, Some(pattern)).unwrap(), SCALAR_BITS).unwrap();
        let product = mul_base8(&bits).unwrap();
        assert_eq!(value(&product), native_mul(&base8(), pattern), "{pattern}");
    }
    assert!(cs.is_satisfied().unwrap());
}

#[test]
fn c_25_scalar_multiplications_leave_no_witness_free() {
    for scalar in [Fr::ZERO, Fr::ONE, ell() - Fr::ONE, ell(), -Fr::ONE] {
        let cs = ConstraintSystem::new_ref();
        let scalar = FrVar::new_input(cs.clone(), || Ok(scalar)).unwrap();
        let bits = split_canonical(&scalar).unwrap();
        let _ = mul_base8(&bits[..SCALAR_BITS]).unwrap();
        let point = PointVar::new_input(&cs, Some(base8().into())).unwrap();
        let reduced = ReducedScalar::new(&scalar).unwrap();
        let _ = reduced.mul(&CurvePointVar(point)).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert!(snapshot.is_satisfied());
        assert_eq!(snapshot.survivors(), []);
        assert!(snapshot.loose([]).is_empty());
        assert_eq!(snapshot.unused(), Vec::<usize>::new());
    }
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let synthesise = |cs: &Cs, point: Option<RawPoint>, scalar: Fr| {
        let scalar = witness(cs, Some(scalar))?;
        let bits = split_canonical(&scalar)?;
        let (_, safe) = PointVar::new_witness(cs, point)?.judge(&base8())?;
        let product = ReducedScalar::new(&scalar)?.mul(&safe)?;
        let fixed = mul_base8(&bits[..SCALAR_BITS])?;
        product.0.is_equal(&fixed.0).map(drop)
    };
    let expected = setup_matrices(|cs| synthesise(cs, None, Fr::ZERO)).unwrap();
    for (point, scalar) in [
        (base8().into(), Fr::ZERO),
        (RawPoint::default(), Fr::ONE),
        (pad_key().into(), ell() - Fr::ONE),
    ] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, Some(point), scalar).unwrap();
        assert!(cs.is_satisfied().unwrap());
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}

#[test]
fn curve_coefficients_make_the_law_complete() {
    use ark_ec::twisted_edwards::TECurveConfig;
    use ark_ff::LegendreSymbol;
    let (a, d) = (BabyJubjubConfig::COEFF_A, BabyJubjubConfig::COEFF_D);
    assert_eq!((a, d), (A, D));
    assert_eq!(a.legendre(), LegendreSymbol::QuadraticResidue);
    assert_eq!(d.legendre(), LegendreSymbol::QuadraticNonResidue);
}
