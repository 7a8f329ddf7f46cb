//! Linear forms, products and selection in every allocation mode.

#![allow(clippy::unwrap_used)]

use ark_r1cs_std::alloc::AllocationMode::{self, Constant, Input, Witness};
use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::mutation::{Snapshot, matrices, setup_matrices};

const MODES: [AllocationMode; 3] = [Constant, Input, Witness];

fn new(cs: &Cs, value: u64, mode: AllocationMode) -> FrVar {
    FrVar::new_variable(cs.clone(), || Ok(Fr::from(value)), mode).unwrap()
}

#[test]
fn linear_forms_are_free_and_exact() {
    for a_mode in MODES {
        for b_mode in MODES {
            let cs = ConstraintSystem::new_ref();
            let (a, b) = (new(&cs, 7, a_mode), new(&cs, 9, b_mode));
            let form = linear(
                &[(2u64.into(), &a), (-Fr::ONE, &b), (Fr::ONE, &a)],
                5u64.into(),
            );
            assert_eq!(form.unwrap().value().unwrap(), Fr::from(17u64));
            let zero = linear(&[(Fr::ONE, &a), (-Fr::ONE, &a)], Fr::ZERO).unwrap();
            assert_eq!(zero.value().unwrap(), Fr::ZERO);
            assert_eq!(cs.num_constraints(), 0);
        }
    }
    assert_eq!(linear(&[], Fr::ONE).unwrap().value().unwrap(), Fr::ONE);
}

#[test]
fn products_cost_a_row_unless_a_factor_is_constant() {
    for a_mode in MODES {
        for b_mode in MODES {
            let cs = ConstraintSystem::new_ref();
            let (a, b) = (new(&cs, 7, a_mode), new(&cs, 9, b_mode));
            let result = product(&a, &b).unwrap();
            assert_eq!(result.value().unwrap(), Fr::from(63u64));
            let free = a_mode == Constant || b_mode == Constant;
            assert_eq!(cs.num_constraints(), usize::from(!free));
            enforce_product(&a, &b, &result).unwrap();
            enforce_equal(&result, &FrVar::Constant(63u64.into())).unwrap();
            assert!(cs.is_satisfied().unwrap());
        }
    }
}

#[test]
fn c_11_wrong_relations_are_unsatisfied_or_refused() {
    let three = FrVar::Constant(3u64.into());
    for mode in MODES {
        let cs = ConstraintSystem::new_ref();
        let two = new(&cs, 2, mode);
        let results = [
            enforce_equal(&two, &three),
            enforce_product(&two, &two, &three),
        ];
        if mode == Constant {
            assert_eq!(results, [Err(SynthesisError::Unsatisfiable); 2]);
        } else {
            assert_eq!(results, [Ok(()); 2]);
            assert_eq!(Snapshot::of(&cs).unwrap().unsatisfied_rows(), [0, 1]);
        }
    }
}

#[test]
fn pack_is_little_endian() {
    for value in 0..16u64 {
        let cs = ConstraintSystem::new_ref();
        let bits: Vec<_> = (0..4)
            .map(|i| bit(&cs, Some(value >> i & 1 == 1)).unwrap())
            .collect();
        assert_eq!(pack(&bits).unwrap().value().unwrap(), Fr::from(value));
        assert_eq!(cs.num_constraints(), 4);
    }
    assert_eq!(pack(&[]).unwrap().value().unwrap(), Fr::ZERO);
}

#[test]
fn select_takes_either_side() {
    for choice in [false, true] {
        for (a_mode, b_mode, rows) in [
            (Witness, Input, 1),
            (Witness, Constant, 1),
            (Constant, Witness, 1),
            (Constant, Constant, 0),
        ] {
            let cs = ConstraintSystem::new_ref();
            let condition = bit(&cs, Some(choice)).unwrap();
            let (a, b) = (new(&cs, 7, a_mode), new(&cs, 9, b_mode));
            let expected = Fr::from(if choice { 7u64 } else { 9 });
            let picked = select(&condition, &a, &b).unwrap();
            assert_eq!(picked.value().unwrap(), expected);
            assert_eq!(cs.num_constraints(), 1 + rows);
            let picked = select(&Boolean::constant(choice), &a, &b).unwrap();
            assert_eq!(picked.value().unwrap(), expected);
            assert_eq!(cs.num_constraints(), 1 + rows);
            assert!(cs.is_satisfied().unwrap());
        }
    }
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let synthesise = |cs: &Cs, value: u64| {
        let x = FrVar::new_witness(cs.clone(), || Ok(Fr::from(value)))?;
        let condition = bit(cs, Some(value % 2 == 1))?;
        let chosen = select(&condition, &x, &FrVar::Constant(5u64.into()))?;
        let square = product(&chosen, &chosen)?;
        enforce_product(&chosen, &chosen, &square)
    };
    let expected = setup_matrices(|cs| synthesise(cs, 0)).unwrap();
    for value in [0, 1, 2] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, value).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}
