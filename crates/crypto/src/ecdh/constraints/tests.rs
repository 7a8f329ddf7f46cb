//! The shared key for encryption keys of every order and for none.

#![allow(clippy::unwrap_used)]

use ark_ff::{MontFp, PrimeField};
use ark_r1cs_std::{GR1CSVar, alloc::AllocVar};
use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{
    babyjubjub::{
        self, RawPoint, Scalar,
        constraints::tests::{off_curve, point_witness, points_of_every_order},
    },
    bits::{Cs, FrVar, split_below},
    ecdh,
    mutation::Snapshot,
};

fn digits(cs: &Cs, k: &Scalar) -> ScalarDigits {
    let k = babyjubjub::scalar_to_field(k);
    let k = FrVar::new_witness(cs.clone(), || Ok(k)).unwrap();
    ScalarDigits::new(&split_below(&k, &Scalar::MODULUS).unwrap()).unwrap()
}

fn scalars() -> [Scalar; 6] {
    let one = Scalar::from(1u64);
    [
        Scalar::from(0u64),
        one,
        Scalar::from(2u64),
        -one,
        Scalar::from_bigint(Scalar::MODULUS_MINUS_ONE_DIV_TWO).unwrap() + one,
        MontFp!("180011252386902481731817865914295220342827624875569997039374307850655534216"),
    ]
}

#[test]
fn c_03_any_encryption_key_gives_the_native_shared_key() {
    for k in scalars() {
        let cs = ConstraintSystem::new_ref();
        let digits = digits(&cs, &k);
        for e in points_of_every_order() {
            let before = cs.num_constraints();
            let (flag, key) = shared_key(&digits, &point_witness(&cs, e.into())).unwrap();
            assert_eq!(cs.num_constraints() - before, 2396);
            assert!(flag.value().unwrap());
            assert_eq!(key.value(), ecdh::shared_key(&k, &e.into()), "{k}·{e}");
        }
        assert!(cs.is_satisfied().unwrap());
    }
}

#[test]
fn c_03_off_curve_keys_are_flagged_and_satisfiable() {
    for k in [Scalar::from(0u64), Scalar::from(7u64)] {
        let cs = ConstraintSystem::new_ref();
        let digits = digits(&cs, &k);
        for e in off_curve() {
            let (flag, key) = shared_key(&digits, &point_witness(&cs, e)).unwrap();
            assert!(!flag.value().unwrap(), "{e:?}");
            assert_eq!(ecdh::shared_key(&k, &e), None);
            assert_eq!(key.value(), Some(babyjubjub::mul_base8(&k).into()));
        }
        assert!(cs.is_satisfied().unwrap());
    }
}

#[test]
fn s_3_an_alias_of_the_scalar_would_change_a_key_with_torsion() {
    // Why the caller's split must be canonical: k and k + ℓ differ on a point of order 8.
    let e = crate::testing::order_8();
    let k = Scalar::from(3u64);
    let mut alias = k.into_bigint();
    ark_ff::BigInteger::add_with_carry(&mut alias, &Scalar::MODULUS);
    let other = ark_ec::AffineRepr::mul_bigint(&e, alias);
    assert_ne!(
        ecdh::shared_key(&k, &e.into()),
        Some(ark_ec::CurveGroup::into_affine(other).into())
    );
}

#[test]
fn c_25_no_hint_of_the_shared_key_is_free() {
    let points = points_of_every_order().into_iter().map(RawPoint::from);
    for e in points.chain(off_curve()) {
        let cs = ConstraintSystem::new_ref();
        let k = FrVar::new_input(cs.clone(), || Ok(Fr::from(12_345u64))).unwrap();
        let bits = split_below(&k, &Scalar::MODULUS).unwrap();
        let e = PointVar::new_input(&cs, Some(e)).unwrap();
        let _ = shared_key(&ScalarDigits::new(&bits).unwrap(), &e).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert_eq!(snapshot.survivors(), []);
        assert!(snapshot.loose([]).is_empty());
    }
}

#[test]
fn every_allocation_mode_gives_the_native_key() {
    use ark_r1cs_std::alloc::AllocationMode::{Constant, Input, Witness};
    let k = Scalar::from(123_456_789u64);
    for e in points_of_every_order() {
        let expected = ecdh::shared_key(&k, &e.into());
        for (mode, point_mode) in [(Constant, Constant), (Witness, Constant), (Constant, Input)] {
            let cs = ConstraintSystem::new_ref();
            let new = |v: Fr, mode| FrVar::new_variable(cs.clone(), || Ok(v), mode).unwrap();
            let scalar = new(babyjubjub::scalar_to_field(&k), mode);
            let bits = split_below(&scalar, &Scalar::MODULUS).unwrap();
            let e = PointVar {
                x: new(e.x, point_mode),
                y: new(e.y, point_mode),
            };
            let (flag, key) = shared_key(&ScalarDigits::new(&bits).unwrap(), &e).unwrap();
            assert!(flag.value().unwrap());
            assert_eq!(key.value(), expected, "{mode:?} {point_mode:?}");
            assert!(cs.is_satisfied().unwrap());
        }
    }
}
