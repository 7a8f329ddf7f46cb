//! A proof's assignment, which builds no linear combination, equals full synthesis value by value.

use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, OptimizationGoal, SynthesisMode,
};
use maci_circuits::{Circuit, Inputs};
use maci_crypto::Fr;
use maci_protocol::testing::{Balances, Spec, simulate};
use maci_verifier::{CircuitId, Mode};

use crate::{
    common::{everything, params},
    joining::{joined, joining},
};

/// All values, with the constant 1 and the public inputs first.
fn values(id: CircuitId, inputs: &Inputs, mode: SynthesisMode) -> Vec<Fr> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(mode);
    let circuit = Circuit::new(id, inputs.clone()).unwrap();
    circuit.generate_constraints(cs.clone()).unwrap();
    let mut values = cs.instance_assignment().unwrap();
    values.extend(cs.witness_assignment().unwrap());
    values
}

#[track_caller]
fn agree(id: CircuitId, inputs: &Inputs) {
    let full = SynthesisMode::Prove {
        construct_matrices: true,
        generate_lc_assignments: true,
    };
    let alone = SynthesisMode::Prove {
        construct_matrices: false,
        generate_lc_assignments: false,
    };
    let (full, alone) = (values(id, inputs, full), values(id, inputs, alone));
    assert_eq!(full.len(), alone.len(), "{id}");
    for (place, (full, alone)) in full.iter().zip(&alone).enumerate() {
        assert_eq!(full, alone, "{id}, variable {place}");
    }
}

#[test]
fn assignment_equals_full_synthesis_value_by_value() {
    for (id, inputs) in [joining(), joined()] {
        agree(id, &inputs);
    }
    for seed in 0..18 {
        let mode = [Mode::Qv, Mode::NonQv, Mode::Full][seed as usize % 3];
        let spec = Spec {
            params: params(mode, 2 + (seed % 2) as u8, 3),
            voters: seed % 4,
            messages: 1 + seed % 5,
            hostile_percent: 60,
            balances: Balances::Extreme,
            seed,
        };
        let poll = simulate(&spec);
        for (id, inputs) in everything(&poll.log, &poll.coordinator) {
            agree(id, &inputs);
        }
    }
}
