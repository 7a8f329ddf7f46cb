//! Range, canonicity and alias tests of the splits.

#![allow(clippy::unwrap_used)]

use alloc::{vec, vec::Vec};

use ark_ff::{BigInteger, MontFp, PrimeField};
use ark_r1cs_std::alloc::AllocVar;
use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{
    babyjubjub::Scalar,
    mutation::{Snapshot, matrices, setup_matrices},
};

fn variable(value: Fr) -> (Cs, FrVar) {
    let cs = ConstraintSystem::new_ref();
    let x = FrVar::new_witness(cs.clone(), || Ok(value)).unwrap();
    (cs, x)
}

fn values(bits: &[Boolean<Fr>]) -> Vec<bool> {
    bits.iter().map(|b| b.value().unwrap()).collect()
}

fn expected(value: Fr, n: usize) -> Vec<bool> {
    let mut bits = value.into_bigint().to_bits_le();
    bits.truncate(n);
    bits
}

/// `value` plus an integer, as bits, not reduced.
fn sum_bits(value: Fr, addend: &BigInt<4>) -> Vec<bool> {
    let mut sum = value.into_bigint();
    assert!(!sum.add_with_carry(addend));
    sum.to_bits_le()
}

fn power(n: u64) -> Fr {
    Fr::from(2u64).pow([n])
}

/// 2^254 − p: values below it have an alias of 254 bits.
fn aliased() -> Fr {
    power(254)
}

fn edges() -> Vec<Fr> {
    let ell = Fr::from_bigint(Scalar::MODULUS).unwrap();
    let c28 = power(28);
    let mut edges = vec![
        Fr::ZERO,
        Fr::ONE,
        -Fr::ONE,
        -Fr::from(2u64),
        -c28,
        -c28 - Fr::ONE,
        c28 - Fr::ONE,
        aliased() - Fr::ONE,
        aliased(),
        aliased() + Fr::ONE,
        ell - Fr::ONE,
        ell,
        ell + Fr::ONE,
        -ell,
        -ell - Fr::ONE,
        -ell + Fr::ONE,
        MontFp!("1234567890123456789012345678901234567890123456789012345678901234567890"),
    ];
    for n in [
        1, 50, 100, 113, 125, 126, 127, 128, 140, 141, 142, 250, 251, 252, 253,
    ] {
        edges.extend([power(n) - Fr::ONE, power(n), -power(n)]);
    }
    edges
}

#[test]
fn c_06_canonical_split_is_the_integer_for_every_edge() {
    for value in edges() {
        let (cs, x) = variable(value);
        let bits = split_canonical(&x).unwrap();
        assert_eq!(values(&bits), expected(value, 254), "{value}");
        assert!(cs.is_satisfied().unwrap(), "{value}");
        assert_eq!(cs.num_constraints(), 374);
        let constant = split_canonical(&FrVar::Constant(value)).unwrap();
        assert_eq!(values(&constant), expected(value, 254));
    }
}

#[test]
fn c_06_alias_plus_p_is_unsatisfied() {
    for value in [
        Fr::ZERO,
        Fr::ONE,
        power(28) - Fr::ONE,
        power(28),
        power(200),
        aliased() - Fr::ONE,
    ] {
        let (cs, x) = variable(value);
        let alias = sum_bits(value, &Fr::MODULUS);
        let bits = split_below_as(&cs, &x, &Fr::MODULUS, Some(&alias)).unwrap();
        assert_eq!(
            pack(&bits).unwrap().value().unwrap(),
            value,
            "the packing row holds"
        );
        assert!(!cs.is_satisfied().unwrap(), "{value}");
    }
}

#[test]
fn c_06_scalars_at_or_above_the_order_are_unsatisfied() {
    let bound = Scalar::MODULUS;
    let ell = Fr::from_bigint(bound).unwrap();
    for value in [
        Fr::ZERO,
        Fr::ONE,
        power(125),
        power(126),
        power(250),
        ell - Fr::ONE,
    ] {
        let (cs, x) = variable(value);
        let bits = split_below(&x, &bound).unwrap();
        assert_eq!(values(&bits), expected(value, 251), "{value}");
        assert!(cs.is_satisfied().unwrap(), "{value}");
        assert_eq!(cs.num_constraints(), 381);
        let snapshot = Snapshot::of(&cs).unwrap();
        assert_eq!(snapshot.survivors(), [], "{value}");
        assert!(snapshot.loose([]).is_empty());
    }
    for value in [
        ell,
        ell + Fr::ONE,
        power(251) - Fr::ONE,
        power(251),
        -Fr::ONE,
    ] {
        let (cs, x) = variable(value);
        split_below(&x, &bound).unwrap();
        assert!(!cs.is_satisfied().unwrap(), "{value}");
        assert!(split_below(&FrVar::Constant(value), &bound).is_err());
    }
}

#[test]
fn c_27_constant_bounds_are_exact() {
    for bound in [1u64, 2, 3, 5, 6, 8, 13, 256, 257] {
        for value in 0..=300u64 {
            let (cs, x) = variable(Fr::from(value));
            split_below(&x, &BigInt::from(bound)).unwrap();
            assert_eq!(
                cs.is_satisfied().unwrap(),
                value < bound,
                "{value} < {bound}"
            );
            let bits = constant_bits(&FrVar::Constant(value.into()), 10);
            let constant = enforce_below(&bits, &BigInt::from(bound));
            assert_eq!(constant.is_ok(), value < bound);
        }
    }
}

#[test]
fn c_27_ranges_are_exact() {
    for n in [1, 8, 50, 100, 252, 253] {
        for value in [
            Fr::ZERO,
            Fr::ONE,
            power(n) - Fr::ONE,
            power(n),
            -Fr::ONE,
            -power(n),
        ] {
            let fits = u64::from(value.into_bigint().num_bits()) <= n;
            let n = n as usize;
            let (cs, x) = variable(value);
            split(&x, n).unwrap();
            assert_eq!(cs.is_satisfied().unwrap(), fits, "{value} in {n} bits");
            assert_eq!(cs.num_constraints(), n + 1);
            let (cs, x) = variable(value);
            enforce_range(&x, n).unwrap();
            assert_eq!(cs.is_satisfied().unwrap(), fits, "{value} in {n} bits");
            assert_eq!(cs.num_constraints(), n);
            assert_eq!(split(&FrVar::Constant(value), n).is_ok(), fits);
        }
    }
    let (_, x) = variable(Fr::ONE);
    assert!(split(&x, 254).is_err());
    assert!(enforce_range(&x, 0).is_err());
}

#[test]
fn c_05_flagged_split_is_exact_and_total() {
    let bound = Scalar::MODULUS;
    let ell = Fr::from_bigint(bound).unwrap();
    for value in edges() {
        let below = value.into_bigint() < bound;
        let (cs, x) = variable(value);
        let (flag, bits) = split_flagged_below(&x, &bound).unwrap();
        assert_eq!(flag.value().unwrap(), below, "{value}");
        let rest = if below { value } else { value - ell };
        assert_eq!(values(&bits), expected(rest, 254));
        assert!(cs.is_satisfied().unwrap(), "{value}");
        assert_eq!(cs.num_constraints(), 386);
        let (flag, _) = split_flagged_below(&FrVar::Constant(value), &bound).unwrap();
        assert_eq!(flag.value().unwrap(), below);
    }
}

#[test]
fn c_05_flagged_split_has_no_second_witness() {
    let bound = Scalar::MODULUS;
    let ell = Fr::from_bigint(bound).unwrap();
    for value in edges() {
        let below = value.into_bigint() < bound;
        for flag in [below, !below] {
            let target = if flag { value } else { value - ell };
            // Both representations of the target that fit 254 bits, under the honest and the flipped flag.
            let mut representations = vec![target.into_bigint().to_bits_le()];
            if target.into_bigint() < aliased().into_bigint() {
                representations.push(sum_bits(target, &Fr::MODULUS));
            }
            for (alias, bits) in representations.into_iter().enumerate() {
                let (cs, x) = variable(value);
                let _ = split_flagged_below_as(&cs, &x, &bound, Some(flag), Some(&bits)).unwrap();
                let honest = flag == below && alias == 0;
                assert_eq!(cs.is_satisfied().unwrap(), honest, "{value} {flag} {alias}");
            }
        }
    }
}

#[test]
fn c_25_no_hint_is_free() {
    for value in [Fr::ZERO, Fr::ONE, -Fr::ONE, -power(28), power(200)] {
        let (cs, x) = variable(value);
        split_canonical(&x).unwrap();
        let _ = split_flagged_below(&x, &Scalar::MODULUS).unwrap();
        split(&linear(&[(Fr::ZERO, &x)], Fr::from(5u64)).unwrap(), 8).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert!(snapshot.is_satisfied());
        assert_eq!(snapshot.survivors(), [], "{value}");
        assert!(snapshot.loose([]).is_empty());
        assert_eq!(snapshot.unused(), Vec::<usize>::new());
    }
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let synthesise = |cs: &Cs, value: Fr| {
        let x = FrVar::new_witness(cs.clone(), || Ok(value))?;
        split_canonical(&x)?;
        let _ = split_flagged_below(&x, &Scalar::MODULUS)?;
        split_below(&x, &Scalar::MODULUS)?;
        enforce_range(&x, 50)
    };
    let expected = setup_matrices(|cs| synthesise(cs, Fr::ZERO)).unwrap();
    for value in [Fr::ZERO, Fr::ONE, -Fr::ONE, power(252)] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, value).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}

#[test]
fn c_06_lanes_are_unique_and_refuse_what_does_not_fit() {
    let full = power(250) - Fr::ONE;
    let mixed = power(3) + power(50) * Fr::from(7u64) + power(249);
    for value in [
        Fr::ZERO,
        Fr::ONE,
        power(49),
        power(50),
        power(200),
        full,
        mixed,
    ] {
        let cs = ConstraintSystem::new_ref();
        let x = FrVar::new_input(cs.clone(), || Ok(value)).unwrap();
        let found = lanes(&x, 5, 50).unwrap();
        let bits = expected(value, 250);
        for (lane, bits) in found.iter().zip(bits.chunks(50)) {
            assert_eq!(lane.value().unwrap(), pack_constant(bits), "{value}");
        }
        assert_eq!(cs.num_constraints(), 250);
        let snapshot = Snapshot::of(&cs).unwrap();
        assert!(snapshot.is_satisfied());
        assert_eq!(snapshot.survivors(), []);
        let constant = lanes(&FrVar::Constant(value), 5, 50).unwrap();
        assert_eq!(constant[3].value().unwrap(), found[3].value().unwrap());
    }
    for value in [power(250), power(253), -Fr::ONE, -power(250)] {
        let (cs, x) = variable(value);
        lanes(&x, 5, 50).unwrap();
        assert!(!cs.is_satisfied().unwrap(), "{value}");
        assert!(lanes(&FrVar::Constant(value), 5, 50).is_err());
    }
    let (_, x) = variable(Fr::ONE);
    assert!(lanes(&x, 6, 50).is_err() && lanes(&x, 0, 50).is_err());
}
