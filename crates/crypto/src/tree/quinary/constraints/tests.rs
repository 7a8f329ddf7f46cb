//! Roots equal native, digits are unary and exact, one path reads and writes.

#![allow(clippy::unwrap_used)]

use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{
    mutation::{Snapshot, matrices, setup_matrices},
    tree::quinary::{self, QuinTree},
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

/// Replaces leaf `position` of a tree of 25 by 99 and returns both roots.
fn replaced(
    cs: &ConstraintSystemRef<Fr>,
    position: u64,
    old: Fr,
) -> Result<(FrVar, FrVar), SynthesisError> {
    let tree = QuinTree::from_leaves(2, leaves(25)).unwrap();
    let siblings = tree.path(position).unwrap();
    let position = FrVar::new_input(cs.clone(), || Ok(Fr::from(position)))?;
    let digits = DigitVar::of_position(cs, &position, 2)?;
    let old = FrVar::new_input(cs.clone(), || Ok(old))?;
    let new = FrVar::new_input(cs.clone(), || Ok(Fr::from(99u64)))?;
    replace(cs, &digits, Some(&siblings), &old, &new)
}

#[test]
fn replacement_equals_native_at_every_position() {
    let all = leaves(25);
    for position in [0u64, 1, 4, 5, 12, 23, 24] {
        let cs = ConstraintSystem::new_ref();
        let (old, new) = replaced(&cs, position, all[position as usize]).unwrap();
        let mut tree = QuinTree::from_leaves(2, all.clone()).unwrap();
        assert_eq!(old.value().unwrap(), tree.root());
        tree.update(position, Fr::from(99u64)).unwrap();
        assert_eq!(new.value().unwrap(), tree.root());
        assert_eq!(cs.num_constraints(), 11 + 2 * (8 + 642));
        let snapshot = Snapshot::of(&cs).unwrap();
        assert!(snapshot.is_satisfied());
        assert!(snapshot.unused().is_empty());
    }
}

#[test]
fn c_13_another_old_leaf_has_another_root() {
    let all = leaves(25);
    let cs = ConstraintSystem::new_ref();
    let (old, _) = replaced(&cs, 7, all[7] + Fr::ONE).unwrap();
    assert!(cs.is_satisfied().unwrap());
    assert_ne!(old.value().ok(), quinary::root_of(&all, 2));
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let all = leaves(25);
    let synthesise = |cs: &ConstraintSystemRef<Fr>, position: u64| {
        replaced(cs, position, all[position as usize]).map(drop)
    };
    let expected = setup_matrices(|cs| synthesise(cs, 0)).unwrap();
    for position in [0, 13, 24] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, position).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}
