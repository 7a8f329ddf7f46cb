//! The shared key for every coordinator key and encryption keys of every order and of none.

#![allow(clippy::unwrap_used)]

use alloc::collections::BTreeSet;

use ark_ec::AffineRepr;
use ark_ff::{BigInt, BigInteger};
use ark_r1cs_std::{GR1CSVar, alloc::AllocVar};
use ark_relations::gr1cs::ConstraintSystem;
use proptest::prelude::*;

use super::{scalar::Relation, *};
use crate::{
    NUMS,
    babyjubjub::{
        self, RawPoint, Scalar,
        constraints::tests::{off_curve, point_witness, points_of_every_order},
    },
    bits::{Cs, FrVar, split_below},
    ecdh, field,
    mutation::{Snapshot, matrices, setup_matrices},
    parts::parts,
    testing::{arb_curve_point, arb_scalar, order_8},
};

const ROWS: usize = 1225;
const BATCH_ROWS: usize = 635;

fn bits_of(cs: &Cs, k: &Scalar) -> Vec<Boolean<Fr>> {
    let k = babyjubjub::scalar_to_field(k);
    let k = FrVar::new_witness(cs.clone(), || Ok(k)).unwrap();
    split_below(&k, &Scalar::MODULUS).unwrap()
}

fn shared_scalar(cs: &Cs, k: &Scalar) -> SharedScalar {
    SharedScalar::new(&bits_of(cs, k)).unwrap()
}

fn half() -> Scalar {
    Scalar::from(2u64).inverse().unwrap()
}

/// Small, large and balanced keys: ½ has no short vector modulo 8ℓ, 2^125 and its inverse are as long as they get.
fn scalars() -> Vec<Scalar> {
    let mut scalars: Vec<Scalar> = (2..10u64).map(Scalar::from).collect();
    scalars.extend((2..6u64).map(|k| -Scalar::from(k)));
    let long = Scalar::from(2u64).pow([125]);
    scalars.extend([half(), -half(), half() + Scalar::ONE, half().square()]);
    scalars.extend([long, long + Scalar::ONE, long.inverse().unwrap(), -long]);
    scalars.push(MontFp!(
        "180011252386902481731817865914295220342827624875569997039374307850655534216"
    ));
    scalars
}

/// A scalar that is large in every sense.
fn typical() -> Scalar {
    MontFp!("217586940897777061036130405789277058930504326370702211429295818245106887332")
}

#[test]
fn the_starts_are_nothing_up_my_sleeve_points_and_the_ends_their_multiples() {
    let candidates = (1..u64::MAX).filter_map(|counter| {
        // The packed form with the sign bit clear: the smaller x.
        babyjubjub::unpack(&field::to_be_bytes(&(NUMS + Fr::from(counter))))
    });
    for ((candidate, start), end) in candidates.zip(STARTS).zip(ENDS) {
        assert_eq!(candidate.mul_bigint([8u64]).into_affine(), start);
        let mut power = [false; 256];
        power[125] = true;
        let power = BigInt::<4>::from_bits_le(&power);
        assert_eq!(RawPoint::from(start.mul_bigint(power).into_affine()), end);
        assert!(!babyjubjub::has_low_order(&start));
    }
    assert_ne!(STARTS[0], STARTS[1]);
}

#[test]
fn every_key_has_a_short_vector() {
    let mut scalars = scalars();
    scalars.extend([Scalar::ZERO, Scalar::ONE, -Scalar::ONE, typical()]);
    scalars.extend((0..251).map(|power| Scalar::from(2u64).pow([power])));
    scalars.extend((1..251).map(|power| Scalar::from(2u64).pow([power]).inverse().unwrap()));
    for k in scalars {
        let relation = Relation::find(&k).unwrap();
        assert!(
            relation.left < 1 << 126 && relation.right < 1 << 125 && relation.quotient < 1 << 126
        );
        let field = |n: u128| Scalar::from(n);
        let most = field((1 << 126) - 1);
        let u = field(relation.left).double() - most - Scalar::from(relation.parity[0]);
        let v = most - field(relation.right).double() - Scalar::from(relation.parity[1]);
        assert_eq!(v * k, u, "{k}");
        assert_ne!(v, Scalar::ZERO);
        let cs = ConstraintSystem::new_ref();
        let bits = bits_of(&cs, &k);
        let before = cs.num_constraints();
        SharedScalar::new(&bits).unwrap();
        assert_eq!(cs.num_constraints() - before, BATCH_ROWS);
        assert!(cs.is_satisfied().unwrap(), "{k}");
    }
}

#[test]
fn c_03_any_encryption_key_gives_the_native_shared_key() {
    for k in scalars() {
        let cs = ConstraintSystem::new_ref();
        let scalar = shared_scalar(&cs, &k);
        for e in points_of_every_order() {
            let before = cs.num_constraints();
            let (flag, key) = shared_key(&scalar, &point_witness(&cs, e.into())).unwrap();
            assert_eq!(cs.num_constraints() - before, ROWS);
            assert!(flag.value().unwrap());
            assert_eq!(key.value(), ecdh::shared_key(&k, &e.into()), "{k}·{e}");
        }
        assert!(cs.is_satisfied().unwrap(), "{k}");
    }
}

#[test]
fn c_03_off_curve_keys_are_flagged_and_satisfiable() {
    for k in [Scalar::from(2u64), typical()] {
        let cs = ConstraintSystem::new_ref();
        let scalar = shared_scalar(&cs, &k);
        for e in off_curve() {
            let (flag, key) = shared_key(&scalar, &point_witness(&cs, e)).unwrap();
            assert!(!flag.value().unwrap(), "{e:?}");
            assert_eq!(ecdh::shared_key(&k, &e), None);
            assert_eq!(key.value(), Some(babyjubjub::mul_base8(&k).into()));
        }
        assert!(cs.is_satisfied().unwrap());
    }
}

#[test]
fn degenerate_keys_are_refused_by_name_and_have_no_witness() {
    for k in [Scalar::ZERO, Scalar::ONE, -Scalar::ONE] {
        let error = ecdh::check_scalar(&k).unwrap_err();
        assert!(error.to_string().contains("generate another key"));
        let cs = ConstraintSystem::new_ref();
        let scalar = shared_scalar(&cs, &k);
        assert!(cs.is_satisfied().unwrap());
        let e = point_witness(&cs, base8().into());
        assert!(shared_key(&scalar, &e).is_err() || !cs.is_satisfied().unwrap());
    }
    for k in scalars() {
        assert_eq!(ecdh::check_scalar(&k), Ok(()));
    }
}

/// Encryption keys made so that the chain from the first start meets an exception: its author would know the start's
/// multiple of the key, but not the second start's.
#[test]
fn c_21_a_key_aimed_at_one_start_is_provable_from_the_other() {
    let k = typical();
    let relation = Relation::find(&k).unwrap();
    let sign = |number: u128, place: usize| {
        let one = Scalar::ONE;
        if number >> place & 1 == 1 { one } else { -one }
    };
    // After the digits from the top down to `place`: 2^i·S + multiple·P.
    let mut multiple = Scalar::ZERO;
    let mut power = half();
    let order_8 = order_8();
    for place in (0..126).rev() {
        let digit = sign(relation.left, place) + k * sign(relation.right, place);
        let before = multiple;
        power = power.double();
        multiple = multiple.double() + digit;
        if ![125, 124, 60, 0].contains(&place) {
            continue;
        }
        // A = ±T, A + T = −A.
        let collisions = if place == 125 {
            vec![digit, -digit]
        } else {
            vec![digit - before, -digit - before]
        };
        let scale = if place == 125 {
            Scalar::ONE
        } else {
            power * half()
        };
        let mut targets: Vec<Scalar> = collisions
            .iter()
            .map(|c| scale.inverse().unwrap() * c)
            .collect();
        if place < 125 {
            targets.push(-power.inverse().unwrap() * multiple);
        }
        // A multiple of 0 cannot collide: 2^i·S is not the identity.
        targets.retain(|target| *target != Scalar::ZERO);
        for target in targets {
            // S = target·P.
            let p = mul(&STARTS[0], &target.inverse().unwrap());
            let e = (p + order_8).into_affine();
            let cs = ConstraintSystem::new_ref();
            let scalar = shared_scalar(&cs, &k);
            let native = scalar.native.as_ref().unwrap();
            assert!(
                Chain::find(native, [p, mul(&p, &k)], Some(false)).is_none(),
                "{place}"
            );
            let (_, key) = shared_key(&scalar, &point_witness(&cs, e.into())).unwrap();
            assert_eq!(key.value(), ecdh::shared_key(&k, &e.into()));
            assert!(cs.is_satisfied().unwrap(), "{place}");
        }
    }
}

/// Whether a prover with these hints is accepted, and the key it gets.
fn attempt(k: &Scalar, e: &Point, hints: &Hints) -> (bool, Option<RawPoint>) {
    let cs = ConstraintSystem::new_ref();
    let scalar = shared_scalar(&cs, k);
    let e = CurvePointVar::of_curve(point_witness(&cs, (*e).into()));
    match shared_key_as(&scalar, &e, Some(hints)) {
        Ok(key) => (cs.is_satisfied().unwrap(), key.value()),
        Err(_) => (false, None),
    }
}

#[test]
fn hints_that_the_rows_leave_open_do_not_reach_the_key() {
    let k = typical();
    for e in points_of_every_order() {
        let honest = Hints::find(&k, &e);
        let expected = ecdh::shared_key(&k, &e.into());
        assert_eq!(attempt(&k, &e, &honest), (true, expected));
        for start in [false, true] {
            let chosen = Hints {
                start: Some(start),
                ..honest.clone()
            };
            assert_eq!(
                attempt(&k, &e, &chosen),
                (true, expected),
                "either start gives the same key"
            );
        }
        // The eighths are fixed up to torsion only.
        let moved = honest.eighths.map(|p| (p + order_8()).into_affine());
        let moved = Hints {
            eighths: moved,
            ..honest
        };
        assert_eq!(attempt(&k, &e, &moved), (true, expected));
    }
}

/// The innermost parts of the rows that refuse a prover with these hints.
fn refused_by(k: &Scalar, e: &Point, hints: &Hints) -> BTreeSet<&'static str> {
    let cs = ConstraintSystem::new_ref();
    let scalar = shared_scalar(&cs, k);
    let e = CurvePointVar::of_curve(point_witness(&cs, (*e).into()));
    shared_key_as(&scalar, &e, Some(hints)).unwrap();
    let parts = parts(&cs);
    let rows = Snapshot::of(&cs).unwrap().unsatisfied_rows();
    rows.into_iter()
        .filter_map(|row| parts.iter().rfind(|part| part.rows.contains(&row)))
        .map(|part| part.name)
        .collect()
}

#[test]
fn c_25_each_lie_is_refused_by_its_own_part() {
    let k = typical();
    let low_bits = scalar_low_bits(&k);
    let eighth = |p: &Point| mul(p, &babyjubjub::eighth());
    for e in points_of_every_order() {
        let honest = Hints::find(&k, &e);
        assert_eq!(refused_by(&k, &e, &honest), BTreeSet::new());
        let [t, s, j] = honest.torsion;
        // Another t, with the s and j that belong to it.
        for t in (0..8).filter(|other| *other != t) {
            let product = low_bits * t;
            let lie = Hints {
                torsion: [t, product % 8, product / 8],
                ..honest.clone()
            };
            assert_eq!(refused_by(&k, &e, &lie), ["key-split"].into());
        }
        // Another P with its R.
        let other = eighth(&mul(&base8(), &typical()));
        let lie = Hints {
            eighths: [other, mul(&other, &k)],
            ..honest.clone()
        };
        assert_eq!(refused_by(&k, &e, &lie), ["key-split"].into());
        // Low order claimed of a proper key and the reverse.
        let base = eighth(&base8());
        let lie = Hints {
            low_order: !honest.low_order,
            ..honest.clone()
        };
        assert_eq!(refused_by(&k, &e, &lie), ["key-split"].into());
        let lie = Hints {
            eighths: [base, mul(&base, &k)],
            ..lie
        };
        assert_eq!(refused_by(&k, &e, &lie), ["key-split"].into());
        // Another R.
        for factor in [
            k + Scalar::ONE,
            -k,
            k.inverse().unwrap(),
            Scalar::from(2u64),
        ] {
            let lie = Hints {
                eighths: [honest.eighths[0], mul(&honest.eighths[0], &factor)],
                ..honest.clone()
            };
            assert_eq!(refused_by(&k, &e, &lie), ["half-gcd-chain"].into());
        }
        // Another s or j.
        for other in 0..8 {
            for torsion in [[t, other, j], [t, s, other]] {
                let lie = Hints {
                    torsion,
                    ..honest.clone()
                };
                let expected = if torsion == honest.torsion {
                    [].into()
                } else {
                    ["torsion-multiple"].into()
                };
                assert_eq!(refused_by(&k, &e, &lie), expected);
            }
        }
    }
}

#[test]
fn c_25_lying_short_vectors_are_refused() {
    for k in [Scalar::from(2u64), half(), typical()] {
        let honest = Relation::find(&k).unwrap();
        let accepted = |lie: Relation| {
            let cs = ConstraintSystem::new_ref();
            let bits = bits_of(&cs, &k);
            SharedScalar::new_as(&bits, Some(k), Some(lie)).unwrap();
            cs.is_satisfied().unwrap()
        };
        assert!(accepted(honest));
        let Relation {
            left,
            right,
            parity,
            quotient,
        } = honest;
        // v = 0 and u = 0 solve the relation and say nothing.
        let zero = Relation {
            left: 1 << 125,
            right: (1 << 125) - 1,
            parity: [true, true],
            quotient: 0,
        };
        let zero_v = Relation {
            parity: [false, true],
            ..zero
        };
        for lie in [
            zero,
            zero_v,
            Relation {
                left: left ^ 1,
                ..honest
            },
            Relation {
                right: right ^ 1,
                ..honest
            },
            Relation {
                parity: [!parity[0], parity[1]],
                ..honest
            },
            Relation {
                parity: [parity[0], !parity[1]],
                ..honest
            },
            Relation {
                quotient: quotient + 1,
                ..honest
            },
            // A quotient that solves the low limb modulo 2^126 only.
            Relation {
                quotient: quotient + (1 << 126),
                ..honest
            },
            Relation {
                quotient: u128::MAX,
                ..honest
            },
        ] {
            assert!(!accepted(lie), "{k} {lie:?}");
        }
    }
}

/// u/v equal to k modulo p but not modulo ℓ: the field alone would accept it.
#[test]
fn c_25_the_relation_holds_over_the_integers() {
    let k = typical();
    let honest = Relation::find(&k).unwrap();
    let cs = ConstraintSystem::new_ref();
    let bits = bits_of(&cs, &k);
    SharedScalar::new_as(&bits, Some(k), Some(honest)).unwrap();
    let snapshot = Snapshot::of(&cs).unwrap();
    // The quotient is the witness after k, its 251 bits, the tie and margin of the split, and 253 digits and parities.
    let value = Fr::from(honest.quotient);
    let index = (0..snapshot.witnesses())
        .find(|i| snapshot.witness(*i) == Some(value))
        .unwrap();
    for forged in [
        -value,
        value + Fr::from(1u64 << 60),
        value * half_of_field(),
    ] {
        let mut attack = snapshot.clone();
        attack.set_witness(index, forged);
        assert!(!attack.is_satisfied());
    }
}

fn half_of_field() -> Fr {
    Fr::from(2u64).inverse().unwrap()
}

#[test]
fn s_3_an_alias_of_the_scalar_would_change_a_key_with_torsion() {
    // Why the caller's split must be canonical: k and k + ℓ differ on a point of order 8.
    let e = order_8();
    let k = Scalar::from(3u64);
    let mut alias = k.into_bigint();
    alias.add_with_carry(&Scalar::MODULUS);
    let other = e.mul_bigint(alias).into_affine();
    assert_ne!(ecdh::shared_key(&k, &e.into()), Some(other.into()));
}

#[test]
fn c_25_no_hint_of_the_shared_key_is_free() {
    let points = points_of_every_order().into_iter().map(RawPoint::from);
    for e in points.chain([RawPoint::default()]) {
        let cs = ConstraintSystem::new_ref();
        let k = FrVar::new_input(cs.clone(), || Ok(Fr::from(12_345u64))).unwrap();
        let bits = split_below(&k, &Scalar::MODULUS).unwrap();
        let e = PointVar::new_input(&cs, Some(e)).unwrap();
        let _ = shared_key(&SharedScalar::new(&bits).unwrap(), &e).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert_eq!(snapshot.survivors(), []);
        assert!(snapshot.loose([]).is_empty());
        assert_eq!(snapshot.unused(), Vec::<usize>::new());
    }
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let synthesise = |cs: &Cs, k: &Scalar, e: RawPoint| {
        let k = babyjubjub::scalar_to_field(k);
        let k = FrVar::new_witness(cs.clone(), || Ok(k))?;
        let scalar = SharedScalar::new(&split_below(&k, &Scalar::MODULUS)?)?;
        let e = PointVar::new_witness(cs, Some(e))?;
        shared_key(&scalar, &e).map(drop)
    };
    let expected = setup_matrices(|cs| synthesise(cs, &Scalar::ZERO, RawPoint::default())).unwrap();
    for (k, e) in [
        (typical(), base8().into()),
        (half(), RawPoint::IDENTITY),
        (-Scalar::from(2u64), RawPoint::default()),
    ] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, &k, e).unwrap();
        assert!(cs.is_satisfied().unwrap());
        assert_eq!(matrices(&cs).unwrap(), expected);
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
            let (flag, key) = shared_key(&SharedScalar::new(&bits).unwrap(), &e).unwrap();
            assert!(flag.value().unwrap());
            assert_eq!(key.value(), expected, "{mode:?} {point_mode:?}");
            assert!(cs.is_satisfied().unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn c_21_any_key_and_any_point_have_the_native_shared_key(k in arb_scalar(), e in arb_curve_point()) {
        prop_assume!(ecdh::check_scalar(&k).is_ok());
        let cs = ConstraintSystem::new_ref();
        let scalar = shared_scalar(&cs, &k);
        let (flag, key) = shared_key(&scalar, &point_witness(&cs, e.into())).unwrap();
        prop_assert!(flag.value().unwrap());
        prop_assert_eq!(key.value(), ecdh::shared_key(&k, &e.into()));
        prop_assert!(cs.is_satisfied().unwrap());
    }
}
