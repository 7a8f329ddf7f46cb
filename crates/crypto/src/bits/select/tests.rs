//! Selectors pick what the digit says and accept nothing but unary digits.

#![allow(clippy::unwrap_used)]

use alloc::vec;

use ark_r1cs_std::alloc::AllocVar;
use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::mutation::{Snapshot, matrices, setup_matrices};

fn new_witness(cs: &Cs, value: u64) -> FrVar {
    FrVar::new_witness(cs.clone(), || Ok(Fr::from(value))).unwrap()
}

#[test]
fn select_takes_either_side() {
    for choice in [false, true] {
        let cs = ConstraintSystem::new_ref();
        let condition = Boolean::new_witness(cs.clone(), || Ok(choice)).unwrap();
        let (a, b) = (new_witness(&cs, 7), new_witness(&cs, 9));
        let (seven, nine) = (FrVar::Constant(7u64.into()), FrVar::Constant(9u64.into()));
        let expected = Fr::from(if choice { 7u64 } else { 9 });
        for (a, b, rows) in [
            (&a, &b, 1),
            (&a, &nine, 1),
            (&seven, &b, 1),
            (&seven, &nine, 0),
        ] {
            let before = cs.num_constraints();
            let picked = select(&condition, a, b).unwrap();
            assert_eq!(picked.value().unwrap(), expected);
            assert_eq!(cs.num_constraints() - before, rows);
            let picked = select(&Boolean::constant(choice), a, b).unwrap();
            assert_eq!(picked.value().unwrap(), expected);
        }
        assert!(cs.is_satisfied().unwrap());
    }
}

#[test]
fn one_hot_picks_and_replaces() {
    for digit in 0..5u64 {
        let cs = ConstraintSystem::new_ref();
        let items: Vec<_> = (10..15).map(|v| new_witness(&cs, v)).collect();
        let new = new_witness(&cs, 99);
        let one_hot = OneHot::new_witness(&cs, Some(digit), 5).unwrap();
        assert_eq!(cs.num_constraints(), 5);
        let old = one_hot.pick(&items).unwrap();
        assert_eq!(cs.num_constraints(), 9);
        let replaced = one_hot.replace(&items, &old, &new).unwrap();
        assert_eq!(cs.num_constraints(), 13);
        assert_eq!(one_hot.digit().unwrap().value().unwrap(), Fr::from(digit));
        assert_eq!(old.value().unwrap(), Fr::from(10 + digit));
        for (i, item) in (0u64..).zip(&replaced) {
            let expected = if i == digit { 99 } else { 10 + i };
            assert_eq!(item.value().unwrap(), Fr::from(expected));
        }
        assert!(cs.is_satisfied().unwrap());
    }
}

#[test]
fn c_12_digits_out_of_range_are_unsatisfied() {
    for (index, base, digits) in [(25u64, 5, 2), (26, 5, 2), (8, 2, 3), (u64::MAX, 5, 3)] {
        let cs = ConstraintSystem::new_ref();
        one_hot_digits(&new_witness(&cs, index), base, digits).unwrap();
        assert!(!cs.is_satisfied().unwrap(), "{index}");
    }
    let cs = ConstraintSystem::new_ref();
    let minus = FrVar::new_witness(cs.clone(), || Ok(-Fr::ONE)).unwrap();
    one_hot_digits(&minus, 5, 2).unwrap();
    assert!(!cs.is_satisfied().unwrap());

    let cs = ConstraintSystem::new_ref();
    OneHot::new_witness(&cs, Some(5), 5).unwrap();
    assert!(cs.is_satisfied().unwrap(), "digit 5 falls back to flag 0");
}

#[test]
fn c_12_digits_are_exact_and_fixed() {
    for index in 0..25u64 {
        let cs = ConstraintSystem::new_ref();
        let digits = one_hot_digits(&new_witness(&cs, index), 5, 2).unwrap();
        assert_eq!(cs.num_constraints(), 11);
        let value = |i: usize| digits[i].digit().unwrap().value().unwrap();
        assert_eq!(
            (value(0), value(1)),
            (Fr::from(index % 5), Fr::from(index / 5))
        );
        let snapshot = Snapshot::of(&cs).unwrap();
        assert!(snapshot.is_satisfied());
        assert_eq!(snapshot.survivors(), []);
        assert!(snapshot.loose([]).is_empty());
    }
}

#[test]
fn c_18_selectors_are_boolean() {
    // Two flags that sum to 1 without being boolean: 2 and −1.
    let cs = ConstraintSystem::new_ref();
    OneHot::new_witness(&cs, Some(1), 3).unwrap();
    let snapshot = Snapshot::of(&cs).unwrap();
    for (a, b) in [
        (2u64.into(), -Fr::ONE),
        (Fr::ONE, Fr::ONE),
        (Fr::ZERO, 2u64.into()),
    ] {
        let mut attack = snapshot.clone();
        attack.set_witness(0, a);
        attack.set_witness(1, b);
        assert!(!attack.is_satisfied());
    }
    let half = Fr::from(2u64).inverse().unwrap();
    let mut attack = snapshot;
    attack.set_witness(0, half);
    attack.set_witness(1, half);
    assert!(!attack.is_satisfied());
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let synthesise = |cs: &Cs, index: u64| {
        let index = FrVar::new_witness(cs.clone(), || Ok(Fr::from(index)))?;
        let digits = one_hot_digits(&index, 5, 2)?;
        let items = vec![index.clone(); 5];
        let old = digits[0].pick(&items)?;
        digits[1].replace(&items, &old, &index).map(drop)
    };
    let expected = setup_matrices(|cs| synthesise(cs, 0)).unwrap();
    for index in [0, 7, 24] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, index).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}
