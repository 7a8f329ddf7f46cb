//! One verdict for every signature, good, bad or senseless, and the same as natively.

#![allow(clippy::unwrap_used)]

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{GR1CSVar, alloc::AllocVar};
use ark_relations::gr1cs::ConstraintSystem;
use proptest::prelude::*;

use super::*;
use crate::{
    babyjubjub::{
        RawPoint,
        constraints::tests::{off_curve, point_witness, points_of_every_order},
    },
    bits::Cs,
    eddsa::{Signature, sign, verify},
    keypair::PrivateKey,
    mutation::{Snapshot, matrices, setup_matrices},
    testing::{arb_fr, arb_raw_point},
};

const MESSAGE: u64 = 42;

fn signed() -> (RawPoint, Signature) {
    let key = PrivateKey::from_decimal("1").unwrap();
    let signature = sign(&key, MESSAGE.into());
    (key.public_key().coordinates(), signature)
}

fn ell() -> Fr {
    Fr::from_bigint(Scalar::MODULUS).unwrap()
}

fn synthesise(
    cs: &Cs,
    a: RawPoint,
    signature: &Signature,
    message: Fr,
) -> Result<Boolean<Fr>, SynthesisError> {
    let s = FrVar::new_witness(cs.clone(), || Ok(signature.s))?;
    let message = FrVar::new_witness(cs.clone(), || Ok(message))?;
    let (a, r8) = (point_witness(cs, a), point_witness(cs, signature.r8));
    verify_flag(&a, &r8, &s, &message)
}

/// Checks that the circuit has a witness and its flag is the native verdict.
fn assert_flag(a: RawPoint, signature: &Signature, expected: bool) {
    let message = Fr::from(MESSAGE);
    let cs = ConstraintSystem::new_ref();
    let flag = synthesise(&cs, a, signature, message).unwrap();
    assert_eq!(flag.value().unwrap(), expected, "{a:?} {signature:?}");
    assert_eq!(verify(a, signature, message), expected);
    assert!(cs.is_satisfied().unwrap(), "{a:?} {signature:?}");
}

#[test]
fn a_good_signature_has_flag_1_and_3074_rows() {
    let (a, signature) = signed();
    assert_flag(a, &signature, true);
    let cs = ConstraintSystem::new_ref();
    let _ = synthesise(&cs, a, &signature, MESSAGE.into()).unwrap();
    assert_eq!(cs.num_constraints(), ROWS);
}

const ROWS: usize = 3074;

#[test]
fn any_changed_part_has_flag_0() {
    let (a, signature) = signed();
    let Signature { r8, s } = signature;
    let negated = |p: RawPoint| RawPoint { x: -p.x, y: p.y };
    assert_flag(negated(a), &signature, false);
    assert_flag(a, &Signature { r8: negated(r8), s }, false);
    for s in [s + Fr::ONE, Fr::ZERO, -s, ell() - s] {
        assert_flag(a, &Signature { r8, s }, false);
    }
    let cs = ConstraintSystem::new_ref();
    let flag = synthesise(&cs, a, &signature, Fr::from(MESSAGE + 1)).unwrap();
    assert!(!flag.value().unwrap());
    assert!(cs.is_satisfied().unwrap());
}

#[test]
fn c_05_signature_scalar_alias_has_flag_0() {
    let (a, signature) = signed();
    let mut s = signature.s;
    // S + ℓ, S + 2ℓ, … below p solve the equation, and none of them is canonical.
    for _ in 0..7 {
        s += ell();
        assert_flag(a, &Signature { s, ..signature }, false);
    }
    for s in [ell() - Fr::ONE, ell(), ell() + Fr::ONE, -Fr::ONE, Fr::ZERO] {
        assert_flag(a, &Signature { s, ..signature }, false);
    }
}

#[test]
fn c_20_low_order_keys_never_verify() {
    for a in &points_of_every_order()[..4] {
        // h·8A is the identity, so R8 = S·Base8 solves the equation.
        let s = Scalar::from(5u64);
        let r8 = crate::babyjubjub::mul_base8(&s).into();
        let signature = Signature {
            r8,
            s: Fr::from(5u64),
        };
        assert_flag((*a).into(), &signature, false);
    }
}

#[test]
fn c_20_identity_and_torsion_in_r8_are_judged_by_the_equation() {
    let (a, signature) = signed();
    for r8 in points_of_every_order() {
        assert_flag(
            a,
            &Signature {
                r8: r8.into(),
                ..signature
            },
            false,
        );
    }
    // R8 = identity, S = 8h·sk: the equation holds and so does the flag.
    let key = PrivateKey::from_decimal("1").unwrap();
    let r8 = RawPoint::IDENTITY;
    let h = crate::poseidon::hash5(&[r8.x, r8.y, a.x, a.y, MESSAGE.into()]);
    let h = Scalar::from_le_bytes_mod_order(&{
        let mut bytes = crate::field::to_be_bytes(&h);
        bytes.reverse();
        bytes
    });
    let s = crate::babyjubjub::scalar_to_field(&(Scalar::from(8u64) * h * key.formatted()));
    assert_flag(a, &Signature { r8, s }, true);
}

#[test]
fn c_20_torsion_in_the_key_is_killed_and_in_r8_is_not() {
    let (a, signature) = signed();
    let twisted = |p: RawPoint, t: &crate::babyjubjub::Point| -> RawPoint {
        (p.to_point().unwrap() + t).into_affine().into()
    };
    for torsion in &points_of_every_order()[1..4] {
        let r8 = twisted(signature.r8, torsion);
        assert_flag(a, &Signature { r8, ..signature }, false);
        // The challenge covers A, so another A needs its own S: sign for it with the same secret.
        let other = twisted(a, torsion);
        let key = PrivateKey::from_decimal("1").unwrap();
        let nonce = Scalar::from(77u64);
        let r8: RawPoint = crate::babyjubjub::mul_base8(&nonce).into();
        let h = crate::poseidon::hash5(&[r8.x, r8.y, other.x, other.y, MESSAGE.into()]);
        let h = Scalar::from_le_bytes_mod_order(&{
            let mut bytes = crate::field::to_be_bytes(&h);
            bytes.reverse();
            bytes
        });
        let s = nonce + Scalar::from(8u64) * h * key.formatted();
        let s = crate::babyjubjub::scalar_to_field(&s);
        assert_flag(other, &Signature { r8, s }, true);
    }
}

#[test]
fn c_28_off_curve_points_have_flag_0() {
    let (a, signature) = signed();
    for point in off_curve() {
        assert_flag(point, &signature, false);
        assert_flag(
            a,
            &Signature {
                r8: point,
                ..signature
            },
            false,
        );
        assert_flag(
            point,
            &Signature {
                r8: point,
                ..signature
            },
            false,
        );
    }
}

/// Signatures that fail for one reason each, and a good one.
fn specimens() -> Vec<(RawPoint, Signature)> {
    let (a, good) = signed();
    let torsion: RawPoint = crate::testing::order_8().into();
    let off = RawPoint::default();
    alloc::vec![
        (a, good),
        (
            a,
            Signature {
                s: good.s + ell(),
                ..good
            }
        ),
        (
            a,
            Signature {
                s: good.s + Fr::ONE,
                ..good
            }
        ),
        (a, Signature { r8: off, ..good }),
        (
            a,
            Signature {
                r8: torsion,
                s: Fr::ZERO
            }
        ),
        (off, good),
        (torsion, good),
        (
            RawPoint::IDENTITY,
            Signature {
                r8: RawPoint::IDENTITY,
                s: Fr::ZERO
            }
        ),
    ]
}

#[test]
fn c_25_no_witness_of_the_signature_is_free() {
    for (a, signature) in specimens() {
        let cs = ConstraintSystem::new_ref();
        let flag = synthesise(&cs, a, &signature, MESSAGE.into()).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert!(snapshot.is_satisfied());
        assert_eq!(snapshot.survivors(), [], "{a:?} {signature:?}");
        assert!(snapshot.loose(0..6).is_empty());
        assert_eq!(snapshot.unused(), Vec::<usize>::new());

        // The verdict flipped, with every hint for its zero test that could help.
        let index = flag.variable().index().unwrap();
        let flipped = Fr::ONE - snapshot.witness(index).unwrap();
        for hint in [0u64, 1, 2, 3, 4, 5, 6].map(|k| Fr::from(k).inverse().unwrap_or(Fr::ZERO)) {
            let mut attack = snapshot.clone();
            attack.set_witness(index, flipped);
            attack.set_witness(index + 1, hint);
            assert!(!attack.is_satisfied());
        }
    }
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let blank = (RawPoint::default(), Signature::default());
    let expected =
        setup_matrices(|cs| synthesise(cs, blank.0, &blank.1, Fr::ZERO).map(drop)).unwrap();
    for (a, signature) in specimens() {
        let cs = ConstraintSystem::new_ref();
        let _ = synthesise(&cs, a, &signature, MESSAGE.into()).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}

#[test]
fn every_allocation_mode_gives_the_native_verdict() {
    use ark_r1cs_std::alloc::AllocationMode::{Constant, Input, Witness};
    for (a, signature) in specimens() {
        let expected = verify(a, &signature, MESSAGE.into());
        for mode in [Constant, Input, Witness] {
            let cs = ConstraintSystem::new_ref();
            let new = |v: Fr| FrVar::new_variable(cs.clone(), || Ok(v), mode).unwrap();
            let point = |p: RawPoint| PointVar {
                x: new(p.x),
                y: new(p.y),
            };
            let (a, r8) = (point(a), point(signature.r8));
            let flag = verify_flag(&a, &r8, &new(signature.s), &new(MESSAGE.into())).unwrap();
            assert_eq!(flag.value().unwrap(), expected, "{mode:?}");
            assert!(cs.is_satisfied().unwrap());
            assert_eq!(cs.num_constraints() == 0, mode == Constant);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn c_21_any_field_elements_have_the_native_verdict(
        a in arb_raw_point(), r8 in arb_raw_point(), s in arb_fr(),
    ) {
        assert_flag(a, &Signature { r8, s }, verify(a, &Signature { r8, s }, MESSAGE.into()));
    }
}
