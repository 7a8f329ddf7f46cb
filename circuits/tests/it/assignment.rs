//! A proof's assignment, which builds no linear combination, equals full synthesis value by value; and full synthesis has
//! the matrices of key generation, whatever the values are (C-26).

use std::collections::BTreeMap;

use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, OptimizationGoal, SynthesisMode,
};
use maci_circuits::{Circuit, CircuitDigest, Inputs, Matrices, circuit_digest};
use maci_crypto::Fr;
use maci_protocol::testing::{Balances, Spec, simulate};
use maci_verifier::{CircuitId, Mode};

use crate::{
    common::{everything, params},
    joining::{joined, joining},
};

fn synthesise(id: CircuitId, inputs: &Inputs, with_matrices: bool) -> ConstraintSystemRef<Fr> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(SynthesisMode::Prove {
        construct_matrices: with_matrices,
        generate_lc_assignments: with_matrices,
    });
    let circuit = Circuit::new(id, inputs.clone()).unwrap();
    circuit.generate_constraints(cs.clone()).unwrap();
    cs
}

/// All values, with the constant 1 and the public inputs first.
fn values(cs: &ConstraintSystemRef<Fr>) -> Vec<Fr> {
    let mut values = cs.instance_assignment().unwrap();
    values.extend(cs.witness_assignment().unwrap());
    values
}

#[track_caller]
fn agree(keys: &mut BTreeMap<CircuitId, CircuitDigest>, id: CircuitId, inputs: &Inputs) {
    let full = synthesise(id, inputs, true);
    let alone = values(&synthesise(id, inputs, false));
    let expected = values(&full);
    assert_eq!(expected.len(), alone.len(), "{id}");
    for (place, (full, alone)) in expected.iter().zip(&alone).enumerate() {
        assert_eq!(full, alone, "{id}, variable {place}");
    }
    full.finalize();
    let key = keys
        .entry(id)
        .or_insert_with(|| circuit_digest(id).unwrap());
    assert_eq!(Matrices::of(&full).unwrap().digest(), *key, "{id}");
}

/// Twenty random polls in every mode, with messages of every kind and balances at every edge.
#[test]
fn assignment_equals_full_synthesis_value_by_value() {
    let mut keys = BTreeMap::new();
    for (id, inputs) in [joining(), joined()] {
        agree(&mut keys, id, &inputs);
    }
    for seed in 0..20 {
        let mode = [Mode::Qv, Mode::NonQv, Mode::Full][seed as usize % 3];
        let spec = Spec {
            params: params(mode, 2 + (seed % 2) as u8, 2),
            voters: seed % 4,
            messages: 1 + seed % 3,
            hostile_percent: 60,
            balances: Balances::Extreme,
            seed,
        };
        let poll = simulate(&spec);
        for (id, inputs) in everything(&poll.log, &poll.coordinator) {
            agree(&mut keys, id, &inputs);
        }
    }
}
