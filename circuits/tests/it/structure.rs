//! What the rows themselves must be like: no unused variable, no public input without rows of its own, no shape that depends
//! on a witness.

use std::collections::BTreeMap;

use ark_ff::AdditiveGroup;
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem, OptimizationGoal};
use maci_circuits::{Circuit, Inputs, Matrices, PINNED, matrices};
use maci_crypto::Fr;
use maci_protocol::testing::{Balances, Spec, simulate};
use maci_verifier::{CircuitId, Mode};

use crate::{
    common::{Poll, deep, everything, params},
    joining::{joined, joining},
};

/// A batch with a vote that counts and one that does not, and a tally batch, of every mode; and both joining circuits.
pub(crate) fn samples() -> Vec<(CircuitId, Inputs)> {
    let mut samples = vec![joining(), joined()];
    for (mode, weight) in [(Mode::Qv, 3), (Mode::NonQv, 3), (Mode::Full, 100)] {
        let mut poll = Poll::new(
            mode,
            3,
            &[Fr::from(100u64), Fr::from(50u64), Fr::from(1u64)],
        );
        poll.vote(0, 2, weight, 1).vote(1, 1, 7, 9);
        samples.extend(poll.everything());
    }
    let mut poll = Poll::with(deep(Mode::Qv, 2), &[Fr::from(100u64); 9]);
    samples.extend(poll.vote(3, 7, 2, 1).everything());
    samples
}

/// Unused-input lint: a variable in no row, public or private, is bound by nothing.
#[test]
fn c_15_every_variable_stands_in_a_row() {
    for id in PINNED {
        let matrices = matrices(id).unwrap();
        let mut used = vec![false; matrices.instance_variables + matrices.witness_variables];
        for matrix in [&matrices.a, &matrices.b, &matrices.c] {
            for (coefficient, column) in matrix.iter().flatten() {
                used[*column] |= *coefficient != Fr::ZERO;
            }
        }
        let unused: Vec<usize> = (0..used.len()).filter(|column| !used[*column]).collect();
        assert!(unused.is_empty(), "{id}: {unused:?}");
    }
}

/// S9: a public input that stands in no row, or two that stand in the same, would make points of the key coincide.
#[test]
fn public_inputs_stand_in_rows_of_their_own() {
    for id in maci_circuits::SHIPPED {
        let matrices = matrices(id).unwrap();
        let column = |wanted: usize| -> Vec<(usize, usize, Fr)> {
            let all = [&matrices.a, &matrices.b, &matrices.c]
                .into_iter()
                .enumerate();
            all.flat_map(|(which, matrix)| {
                matrix.iter().enumerate().flat_map(move |(row, entries)| {
                    let found = entries.iter().filter(move |(_, column)| *column == wanted);
                    found.map(move |(coefficient, _)| (which, row, *coefficient))
                })
            })
            .collect()
        };
        let columns: Vec<_> = (0..matrices.instance_variables).map(column).collect();
        for (i, entries) in columns.iter().enumerate() {
            assert!(!entries.is_empty(), "{id}, input {i}");
            assert!(!columns[..i].contains(entries), "{id}, input {i}");
        }
    }
}

#[test]
fn every_row_belongs_to_a_named_clause() {
    for id in maci_circuits::SHIPPED {
        let matrices = matrices(id).unwrap();
        let mut next = 0;
        for clause in &matrices.clauses {
            assert_eq!(clause.rows.start, next, "{id}, before {}", clause.name);
            next = clause.rows.end;
        }
        assert_eq!(next, matrices.a.len(), "{id}");
    }
}

/// The matrices of a witness synthesis.
fn with_witness(circuit: Circuit) -> Matrices {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    circuit.generate_constraints(cs.clone()).unwrap();
    cs.finalize();
    Matrices::of(&cs).unwrap()
}

#[test]
fn c_26_structure_is_independent_of_the_witness() {
    for (id, inputs) in samples() {
        let expected = matrices(id).unwrap().digest();
        assert_eq!(
            with_witness(Circuit::new(id, inputs).unwrap()).digest(),
            expected,
            "{id}"
        );
    }
    let mut expected = BTreeMap::new();
    for seed in 0..20 {
        let mode = [Mode::Qv, Mode::NonQv, Mode::Full][seed as usize % 3];
        let spec = Spec {
            params: params(mode, 2, 2),
            voters: seed % 4,
            messages: 1 + seed % 3,
            hostile_percent: 70,
            balances: Balances::Extreme,
            seed,
        };
        let poll = simulate(&spec);
        for (id, inputs) in everything(&poll.log, &poll.coordinator) {
            let expected = expected
                .entry(id.to_string())
                .or_insert_with(|| matrices(id).unwrap().digest());
            assert_eq!(
                with_witness(Circuit::new(id, inputs).unwrap()).digest(),
                *expected,
                "seed {seed}, {id}"
            );
        }
    }
}
