//! The multiplier of a field element is its canonical integer modulo ℓ, and no other.

#![allow(clippy::unwrap_used)]

use ark_r1cs_std::alloc::AllocVar;
use ark_relations::gr1cs::ConstraintSystem;
use num_bigint::BigUint;

use super::*;
use crate::mutation::{Snapshot, matrices, setup_matrices};

fn order() -> BigUint {
    BigUint::from(Scalar::MODULUS)
}

fn modulus() -> BigUint {
    BigUint::from(Fr::MODULUS)
}

fn shift() -> BigUint {
    BigUint::from(1u8) << 250
}

/// Integers at the edges of all tiles, in [0, p).
fn edges() -> Vec<BigUint> {
    let mut edges = Vec::new();
    for multiple in 0..9u8 {
        let base = order() * multiple;
        for middle in [base.clone(), base + shift()] {
            for distance in 0..3u8 {
                edges.push(&middle + distance);
                if middle >= BigUint::from(distance) {
                    edges.push(&middle - distance);
                }
            }
        }
    }
    edges.extend([modulus() - 1u8, modulus() - 2u8, modulus() - shift()]);
    edges.retain(|x| *x < modulus());
    edges
}

fn field(x: &BigUint) -> Fr {
    Fr::from(x.clone())
}

fn variable(x: &BigUint) -> (Cs, FrVar) {
    let cs = ConstraintSystem::new_ref();
    let x = FrVar::new_witness(cs.clone(), || Ok(field(x))).unwrap();
    (cs, x)
}

fn multiplier(bits: &[Boolean<Fr>]) -> BigUint {
    let values: Vec<bool> = bits.iter().map(|bit| bit.value().unwrap()).collect();
    (BigUint::from(BigInt::<4>::from_bits_le(&values)) + shift()) % order()
}

#[test]
fn every_value_has_its_multiplier() {
    for x in edges() {
        let (cs, var) = variable(&x);
        let bits = split_reduced(&var).unwrap();
        assert_eq!(multiplier(&bits), &x % order(), "{x}");
        assert!(cs.is_satisfied().unwrap(), "{x}");
        assert_eq!(cs.num_constraints(), 388);
        let constant = split_reduced(&FrVar::Constant(field(&x))).unwrap();
        assert_eq!(multiplier(&constant), &x % order());
    }
}

/// Every choice of quotient and flags, with the bits that satisfy the sum modulo p: where the rows hold, the multiplier is
/// right.
#[test]
fn c_06_no_choice_gives_another_multiplier() {
    let mut accepted = 0;
    for x in edges() {
        for choice in 0..32u8 {
            let flag = |place: u8| choice >> place & 1 == 1;
            let quotient = [flag(0), flag(1), flag(2)];
            let (below, above) = (flag(3), flag(4));
            let weight = u8::from(flag(0)) + 2 * u8::from(flag(1)) + 3 * u8::from(flag(2));
            let added = order() * (weight + u8::from(above)) + shift();
            let taken = order() * u8::from(below);
            // b ≡ x + taken − added, and the next representative, as far as they have 251 bits.
            let least = (&x + taken + modulus() * 2u8 - added) % modulus();
            for b in [least.clone(), least + modulus()] {
                if b.bits() > REDUCED_BITS as u64 {
                    continue;
                }
                let tile = Tile {
                    bits: BigInt::try_from(b).unwrap(),
                    quotient,
                    below,
                    above,
                };
                let (cs, var) = variable(&x);
                let bits = split_reduced_as(&cs, &var, Some(tile)).unwrap();
                if cs.is_satisfied().unwrap() {
                    accepted += 1;
                    assert_eq!(multiplier(&bits), &x % order(), "{x} by {tile:?}");
                }
            }
        }
    }
    assert!(accepted >= edges().len());
}

#[test]
fn c_05_aliases_beyond_both_ends_are_refused() {
    // x + p as a sum above p, and x − p as a sum below 0.
    for x in [BigUint::from(0u8), BigUint::from(5u8), shift() / 4u8] {
        let tile = Tile {
            bits: BigInt::try_from(&x + modulus() - order() * 7u8 - shift()).unwrap(),
            quotient: [true; 3],
            below: false,
            above: true,
        };
        let (cs, var) = variable(&x);
        split_reduced_as(&cs, &var, Some(tile)).unwrap();
        assert!(!cs.is_satisfied().unwrap(), "{x} + p");
    }
    for distance in [1u8, 2, 200] {
        let x = modulus() - distance;
        let tile = Tile {
            bits: BigInt::try_from(order() - shift() - distance).unwrap(),
            quotient: [false; 3],
            below: true,
            above: false,
        };
        let (cs, var) = variable(&x);
        split_reduced_as(&cs, &var, Some(tile)).unwrap();
        assert!(!cs.is_satisfied().unwrap(), "−{distance}");
    }
}

#[test]
fn c_25_no_hint_is_free() {
    for x in edges() {
        let (cs, var) = variable(&x);
        split_reduced(&var).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert_eq!(snapshot.survivors(), [], "{x}");
        assert!(snapshot.loose([]).is_empty());
        assert_eq!(snapshot.unused(), Vec::<usize>::new());
    }
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let synthesise = |cs: &Cs, x: Fr| {
        let x = FrVar::new_witness(cs.clone(), || Ok(x))?;
        split_reduced(&x).map(drop)
    };
    let expected = setup_matrices(|cs| synthesise(cs, Fr::ZERO)).unwrap();
    for x in [Fr::ZERO, -Fr::ONE] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, x).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}
