//! Reads and writes equal native, one address reads and writes, selectors are boolean by the caller's rows.

#![allow(clippy::unwrap_used)]

use ark_r1cs_std::{GR1CSVar, alloc::AllocVar};
use ark_relations::gr1cs::{ConstraintSystem, ConstraintSystemRef};

use super::*;
use crate::{
    bits::split,
    mutation::{Snapshot, matrices, setup_matrices},
    tree::wide::{self, WideTree},
};

fn witness(cs: &ConstraintSystemRef<Fr>, value: Fr) -> FrVar {
    FrVar::new_witness(cs.clone(), || Ok(value)).unwrap()
}

fn input(cs: &ConstraintSystemRef<Fr>, value: Fr) -> FrVar {
    FrVar::new_input(cs.clone(), || Ok(value)).unwrap()
}

fn numbers(count: u64) -> Vec<Fr> {
    (0..count).map(|i| Fr::from(i * i + 3)).collect()
}

/// The bits of an index below 2^n.
fn address(cs: &ConstraintSystemRef<Fr>, index: u64, n: usize) -> Vec<FrVar> {
    let bits = split(&input(cs, Fr::from(index)), n).unwrap();
    bits.into_iter().map(FrVar::from).collect()
}

/// Reads an element of 2^n and adds 100 to it; the read is held against a public input.
fn changed(cs: &ConstraintSystemRef<Fr>, index: u64, n: usize) -> (FrVar, Vec<FrVar>) {
    let values: Vec<_> = numbers(1 << n).iter().map(|x| witness(cs, *x)).collect();
    let address = address(cs, index, n);
    let found = read(&address, &values).unwrap();
    let expected = input(cs, found.value().unwrap_or(Fr::ZERO));
    enforce_read(&address, &values, &expected).unwrap();
    let change = input(cs, Fr::from(100u64));
    let written = write(&address, &values, &change).unwrap();
    (found, written)
}

#[test]
fn an_address_reads_and_writes_its_own_value_alone() {
    for n in 0..=4usize {
        let values = numbers(1 << n);
        for index in 0..1u64 << n {
            let cs = ConstraintSystem::new_ref();
            let (found, written) = changed(&cs, index, n);
            assert_eq!(found.value().unwrap(), values[index as usize]);
            for (i, (new, old)) in written.iter().zip(&values).enumerate() {
                let added = if i == index as usize { 100u64 } else { 0 };
                assert_eq!(new.value().unwrap(), *old + Fr::from(added));
            }
            let split = n + 1;
            let rows = split + 3 * ((1 << n) - 1) + usize::from(n == 0);
            assert_eq!(cs.num_constraints(), rows);
            let snapshot = Snapshot::of(&cs).unwrap();
            assert!(snapshot.is_satisfied());
            for other in values.iter().filter(|x| **x != values[index as usize]) {
                let mut attack = snapshot.clone();
                attack.set_public(2, *other);
                assert!(!attack.is_satisfied(), "{index} of 2^{n}");
            }
        }
    }
}

#[test]
fn replacement_equals_native_at_every_place() {
    for bits in 1..=4u8 {
        let leaves = numbers(1 << bits);
        for index in 0..1u64 << bits {
            let cs = ConstraintSystem::new_ref();
            let address = address(&cs, index, bits.into());
            let before = cs.num_constraints();
            let family: Vec<_> = leaves.iter().map(|x| witness(&cs, *x)).collect();
            let (old, new) = (
                input(&cs, leaves[index as usize]),
                input(&cs, Fr::from(99u64)),
            );
            let (old, new) = replace(&address, &family, &old, &new).unwrap();
            let mut tree = WideTree::new(&[bits], Fr::ZERO);
            tree.update_many((0..).zip(leaves.iter().copied())).unwrap();
            assert_eq!(old.value().unwrap(), tree.root());
            tree.update_many([(index, Fr::from(99u64))]).unwrap();
            assert_eq!(new.value().unwrap(), tree.root());
            let arity = 1 << bits;
            let hash = [240, 297, 402, 609][usize::from(bits) - 1];
            assert_eq!(cs.num_constraints() - before, 2 * (arity - 1 + hash));
            let snapshot = Snapshot::of(&cs).unwrap();
            assert!(snapshot.is_satisfied());
            assert_eq!(snapshot.survivors(), []);
            // Another old leaf is not at this place.
            let mut attack = snapshot;
            attack.set_public(2, Fr::from(1u64));
            assert!(!attack.is_satisfied());
        }
    }
}

#[test]
fn folding_equals_native() {
    for form in [&[2u8, 1][..], &[1], &[]] {
        let leaves = numbers(1 << form.iter().sum::<u8>());
        let cs = ConstraintSystem::new_ref();
        let nodes: Vec<_> = leaves.iter().map(|x| witness(&cs, *x)).collect();
        let root = fold(form, &nodes).unwrap();
        assert_eq!(root.value().ok(), wide::fold(form, &leaves));
        assert!(cs.is_satisfied().unwrap());
        assert!(fold(&[1, 1, 1, 1], &nodes).is_err());
    }
    assert!(fold(&[], &[]).is_err());
}

#[test]
fn lists_that_do_not_fit_the_address_are_refused() {
    let cs = ConstraintSystem::new_ref();
    let values: Vec<_> = numbers(3).iter().map(|x| witness(&cs, *x)).collect();
    let address = address(&cs, 1, 2);
    assert!(read(&address, &values).is_err());
    assert!(enforce_read(&address, &values, &values[0]).is_err());
    assert!(write(&address, &values, &values[0]).is_err());
    assert!(read(&[], &[]).is_err());
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let synthesise = |cs: &ConstraintSystemRef<Fr>, index: u64| {
        let _ = changed(cs, index, 3);
        Ok(())
    };
    let expected = setup_matrices(|cs| synthesise(cs, 0)).unwrap();
    for index in [3, 7] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, index).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}
