//! Native equals circuit, row counts, structure and mutation of the permutation.

#![allow(clippy::unwrap_used)]

use ark_r1cs_std::alloc::{AllocVar, AllocationMode};
use proptest::prelude::*;

use super::*;
use crate::{
    mutation::{Snapshot, matrices, setup_matrices},
    poseidon,
    testing::arb_fr,
};

fn allocate(cs: &Cs, values: &[Fr], mode: AllocationMode) -> Vec<FrVar> {
    values
        .iter()
        .map(|v| FrVar::new_variable(cs.clone(), || Ok(*v), mode).unwrap())
        .collect()
}

fn numbers(n: usize) -> Vec<Fr> {
    (1..=n as u64).map(Fr::from).collect()
}

#[test]
fn hash_equals_native_in_every_allocation_mode() {
    for n in 1..=16 {
        let values = numbers(n);
        let expected = poseidon::hash(&values);
        for mode in [
            AllocationMode::Constant,
            AllocationMode::Input,
            AllocationMode::Witness,
        ] {
            let cs = ConstraintSystem::new_ref();
            let output = hash(&allocate(&cs, &values, mode)).unwrap();
            assert_eq!(output.value().unwrap(), expected, "{n} inputs, {mode:?}");
            assert!(cs.is_satisfied().unwrap(), "{n} inputs, {mode:?}");
            if mode == AllocationMode::Constant {
                assert_eq!(cs.num_constraints(), 0);
            }
        }
    }
}

#[test]
fn rows_and_entries_are_those_of_the_budget() {
    for (n, rows, most_entries) in [
        (2, 240, 2917),
        (3, 261, 3210),
        (4, 297, 3930),
        (5, 321, 4350),
    ] {
        let cs = ConstraintSystem::new_ref();
        let _ = hash(&allocate(&cs, &numbers(n), AllocationMode::Witness)).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert_eq!(snapshot.rows(), rows, "H{n}");
        assert!(
            snapshot.entries() <= most_entries,
            "H{n} has {} entries",
            snapshot.entries()
        );
    }
    let cs = ConstraintSystem::new_ref();
    let inputs = allocate(&cs, &numbers(12), AllocationMode::Witness);
    let inputs: [FrVar; 12] = inputs.try_into().unwrap();
    let output = hash12(&inputs).unwrap();
    assert_eq!(cs.num_constraints(), 939);
    let numbers: [Fr; 12] = numbers(12).try_into().unwrap();
    assert_eq!(output.value().unwrap(), poseidon::hash12(&numbers));
}

#[test]
fn constant_lanes_fold() {
    let values = numbers(4);
    let mut expected = values.clone();
    poseidon::permute(&mut expected);
    for constants in 0u32..16 {
        let cs = ConstraintSystem::new_ref();
        let state: Vec<FrVar> = (values.iter().enumerate())
            .map(|(lane, v)| {
                let mode = if constants >> lane & 1 == 1 {
                    AllocationMode::Constant
                } else {
                    AllocationMode::Witness
                };
                FrVar::new_variable(cs.clone(), || Ok(*v), mode).unwrap()
            })
            .collect();
        let output: Vec<Fr> = (permute(&state).unwrap().iter())
            .map(|x| x.value().unwrap())
            .collect();
        assert_eq!(output, expected);
        assert!(cs.is_satisfied().unwrap());
        let rows = if constants == 15 {
            0
        } else {
            264 - 3 * constants.count_ones() as usize
        };
        assert_eq!(cs.num_constraints(), rows, "constants {constants:04b}");
    }
}

#[test]
fn inputs_may_be_linear_combinations_and_repeat() {
    let cs = ConstraintSystem::new_ref();
    let x = FrVar::new_witness(cs.clone(), || Ok(Fr::from(7u64))).unwrap();
    let sum = &x + &x + Fr::ONE;
    let output = hash2(&sum, &sum).unwrap();
    let output = hash3(&output, &x, &sum).unwrap();
    let inner = poseidon::hash2(Fr::from(15u64), Fr::from(15u64));
    let expected = poseidon::hash3(inner, Fr::from(7u64), Fr::from(15u64));
    assert_eq!(output.value().unwrap(), expected);
    let snapshot = Snapshot::of(&cs).unwrap();
    assert!(snapshot.is_satisfied());
    assert_eq!(snapshot.survivors(), []);
    assert!(snapshot.loose([0]).is_empty());
}

#[test]
fn c_26_set_up_and_witness_matrices_are_equal() {
    let synthesise = |cs: &Cs, seed: u64| -> Result<(), SynthesisError> {
        let inputs: Vec<_> = (0..5)
            .map(|i| FrVar::new_witness(cs.clone(), || Ok(Fr::from(seed * i))).unwrap())
            .collect();
        let first = hash(&inputs)?;
        permute(&[FrVar::Constant(Fr::ZERO), first, inputs[0].clone()]).map(drop)
    };
    let expected = setup_matrices(|cs| synthesise(cs, 0)).unwrap();
    for seed in [0, 1, 99] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, seed).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}

#[test]
fn values_do_not_need_matrices() {
    let cs = ConstraintSystem::new_ref();
    cs.set_mode(ark_relations::gr1cs::SynthesisMode::Prove {
        construct_matrices: false,
        generate_lc_assignments: false,
    });
    let inputs = allocate(&cs, &numbers(5), AllocationMode::Witness);
    let output = hash(&inputs).unwrap();
    assert_eq!(output.value().unwrap(), poseidon::hash(&numbers(5)));
    assert_eq!(cs.num_constraints(), 0);

    let full = ConstraintSystem::new_ref();
    let _ = hash(&allocate(&full, &numbers(5), AllocationMode::Witness)).unwrap();
    assert_eq!(
        cs.witness_assignment().unwrap(),
        full.witness_assignment().unwrap()
    );
}

#[test]
fn c_25_no_witness_is_free() {
    for n in 1..=5 {
        let cs = ConstraintSystem::new_ref();
        let _ = hash(&allocate(&cs, &numbers(n), AllocationMode::Input)).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert_eq!(snapshot.survivors(), [], "H{n}");
        assert!(snapshot.loose([]).is_empty());
    }
    let cs = ConstraintSystem::new_ref();
    permute(&allocate(&cs, &numbers(4), AllocationMode::Input)).unwrap();
    let snapshot = Snapshot::of(&cs).unwrap();
    assert_eq!(snapshot.survivors(), []);
    assert!(snapshot.loose([]).is_empty());
}

#[test]
fn unsupported_widths_are_refused() {
    let inputs = vec![FrVar::Constant(Fr::ONE); 18];
    assert_eq!(permute(&inputs).unwrap_err(), SynthesisError::ArityMismatch);
    assert_eq!(
        hash(&inputs[..17]).unwrap_err(),
        SynthesisError::ArityMismatch
    );
    assert_eq!(
        permute(&inputs[..1]).unwrap_err(),
        SynthesisError::ArityMismatch
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn permutation_equals_native(values in proptest::collection::vec(arb_fr(), 2..=6)) {
        let cs = ConstraintSystem::new_ref();
        let output: Vec<Fr> = permute(&allocate(&cs, &values, AllocationMode::Witness))
            .unwrap()
            .iter()
            .map(|x| x.value().unwrap())
            .collect();
        let mut expected = values;
        poseidon::permute(&mut expected);
        prop_assert_eq!(output, expected);
        prop_assert!(cs.is_satisfied().unwrap());
    }
}
