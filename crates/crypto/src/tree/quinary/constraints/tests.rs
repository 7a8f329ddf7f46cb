//! Roots equal native, digits are unary and exact, one path reads and writes.

#![allow(clippy::unwrap_used)]

use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{
    mutation::{Snapshot, matrices, setup_matrices},
    tree::quinary,
};

fn new_witness(cs: &ConstraintSystemRef<Fr>, value: Fr) -> FrVar {
    FrVar::new_witness(cs.clone(), || Ok(value)).unwrap()
}

fn leaves(count: u64) -> Vec<Fr> {
    (0..count).map(|i| Fr::from(i * i + 3)).collect()
}

fn digit_value(DigitVar(flags): &DigitVar) -> Vec<u64> {
    let set = (0u64..).zip(flags);
    set.filter(|(_, flag)| flag.value().unwrap() == Fr::ONE)
        .map(|(digit, _)| digit)
        .collect()
}

#[test]
fn root_equals_native() {
    for depth in 0..=2u8 {
        let leaves = leaves(5u64.pow(depth.into()));
        let cs = ConstraintSystem::new_ref();
        let vars: Vec<_> = leaves.iter().map(|leaf| new_witness(&cs, *leaf)).collect();
        let root = root_of(&vars).unwrap();
        assert_eq!(root.value().ok(), quinary::root_of(&leaves, depth));
        assert!(cs.is_satisfied().unwrap());
    }
    assert!(root_of(&[]).is_err());
    assert!(root_of(&[const { FrVar::Constant(Fr::ZERO) }; 10]).is_err());
}

#[test]
fn c_12_positions_in_range_have_their_digits() {
    for position in 0..25u64 {
        let cs = ConstraintSystem::new_ref();
        let digits = DigitVar::of_position(&cs, &new_witness(&cs, position.into()), 2).unwrap();
        let found: Vec<_> = digits.iter().map(digit_value).collect();
        assert_eq!(found, [[position % 5], [position / 5]]);
        assert_eq!(cs.num_constraints(), 11);
        let snapshot = Snapshot::of(&cs).unwrap();
        assert!(snapshot.is_satisfied());
        assert_eq!(snapshot.survivors(), []);
        assert!(snapshot.loose([]).is_empty());
    }
}

#[test]
fn c_12_positions_out_of_range_are_unsatisfied() {
    let values = [25u64, 26, 29, 125, 1 << 63, u64::MAX].map(Fr::from);
    for position in values.into_iter().chain([-Fr::ONE, -Fr::from(20u64)]) {
        let cs = ConstraintSystem::new_ref();
        DigitVar::of_position(&cs, &new_witness(&cs, position), 2).unwrap();
        assert!(!cs.is_satisfied().unwrap(), "{position}");
    }
}

#[test]
fn c_18_digits_are_boolean() {
    let cs = ConstraintSystem::new_ref();
    DigitVar::new(&cs, Some(1)).unwrap();
    let snapshot = Snapshot::of(&cs).unwrap();
    let half = Fr::from(2u64).inverse().unwrap();
    for (a, b) in [
        (Fr::from(2u64), -Fr::ONE),
        (Fr::ONE, Fr::ONE),
        (Fr::ZERO, Fr::from(2u64)),
        (half, half),
        (-Fr::ONE, Fr::ONE),
    ] {
        let mut attack = snapshot.clone();
        attack.set_witness(0, a);
        attack.set_witness(1, b);
        assert!(!attack.is_satisfied(), "{a} {b}");
    }
}

/// Reads the value at a digit and adds 100 to it.
fn changed(
    cs: &ConstraintSystemRef<Fr>,
    values: &[Fr],
    digit: usize,
) -> Result<(FrVar, [FrVar; 5]), SynthesisError> {
    let digit = DigitVar::new(cs, Some(digit))?;
    let vars = [0, 1, 2, 3, 4].map(|i| new_witness(cs, values[i]));
    let read = digit.read(&vars)?;
    let expected = FrVar::new_input(cs.clone(), || read.value())?;
    digit.enforce_read(&vars, &expected)?;
    let change = FrVar::new_input(cs.clone(), || Ok(Fr::from(100u64)))?;
    let written = digit.write(&vars, &change)?;
    Ok((read, written))
}

#[test]
fn a_digit_reads_and_writes_its_own_value_alone() {
    let values = leaves(5);
    for digit in 0..5 {
        let cs = ConstraintSystem::new_ref();
        let (read, written) = changed(&cs, &values, digit).unwrap();
        assert_eq!(read.value().unwrap(), values[digit]);
        for (i, (new, old)) in written.iter().zip(&values).enumerate() {
            let added = if i == digit { 100u64 } else { 0 };
            assert_eq!(new.value().unwrap(), *old + Fr::from(added));
        }
        assert_eq!(cs.num_constraints(), 5 + 12);
        assert!(Snapshot::of(&cs).unwrap().is_satisfied());
    }
}

#[test]
fn c_13_another_value_is_not_read() {
    let values = leaves(5);
    for digit in 0..5 {
        let cs = ConstraintSystem::new_ref();
        let _ = changed(&cs, &values, digit).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        for other in values.iter().filter(|value| **value != values[digit]) {
            let mut attack = snapshot.clone();
            attack.set_public(1, *other);
            assert!(!attack.is_satisfied());
        }
    }
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let values = leaves(5);
    let expected = setup_matrices(|cs| changed(cs, &values, 0).map(drop)).unwrap();
    for digit in 1..5 {
        let cs = ConstraintSystem::new_ref();
        let _ = changed(&cs, &leaves(9)[4..], digit).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}
