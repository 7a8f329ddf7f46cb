//! Witness mutation: what the rows do not notice is on a reviewed list, with the reason why that proves nothing.

use std::collections::BTreeMap;

use maci_circuits::{
    Circuit, Inputs, PINNED, SHIPPED, clause::clause_of, matrices, message_processor as process,
    testing::Trial, vote_tally,
};
use maci_crypto::Fr;
use maci_protocol::testing::{Balances, Spec, simulate};
use maci_verifier::{CircuitId, Mode, PollParams};

use crate::{
    common::{everything, params},
    joining::{joined, joining},
};

/// Wires of each shipped circuit that are mutated.
const SAMPLE: usize = 2500;

/// Clauses with a wire that may take any value, and why. Every such wire is moreover registered by its gadget
/// (`FreeHints`): it is the inverse in a zero test `x·inverse = 1 − z, x·z = 0` where x is 0. The flag z is 1 for every
/// value of the inverse, and no other row reads it.
const REVIEWED: &[(&str, &str)] = &[
    (
        process::COORDINATOR_KEY,
        "a half of the key's bits equals that of ℓ − 1: the other half decides",
    ),
    (
        process::SHARED_KEY,
        "the encryption key is on the curve: the residue of the curve equation is 0",
    ),
    (
        process::UNPACKING,
        "the halves of the command's bits equal those of p − 1: the low bits decide",
    ),
    (
        process::SIGNATURE,
        "a point is on the curve, or two coordinates agree: the difference is 0",
    ),
    (process::STATE_INDEX, "the index's high bits are all 0"),
    (process::VOTE_OPTION, "the option's high bits are all 0"),
    (process::NONCE, "the nonce is the next one"),
    (
        process::CREDITS,
        "the difference of credits and cost, or of a limb and its bound, is 0",
    ),
    (
        "first-root",
        "the ballot root is MACI's constant for empty ballots",
    ),
    (process::BALLOT, "the opened ballot is blank: its leaf is 0"),
    (vote_tally::FIRST, "the index is 0: this is the first batch"),
];

/// Mutates wires and holds what survives against the list; returns how many were tried.
fn survivors_are_reviewed(id: CircuitId, inputs: Inputs, sample: Option<usize>) -> usize {
    let trial = Trial::honest(Circuit::new(id, inputs).unwrap()).unwrap();
    assert!(trial.snapshot.is_satisfied(), "{id}");
    let wires = trial.snapshot.witnesses();
    let tried: Vec<usize> = match sample {
        Some(count) => (0..count)
            .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % wires)
            .collect(),
        None => (0..wires).collect(),
    };
    let count = tried.len();
    let mut found: BTreeMap<&'static str, usize> = BTreeMap::new();
    for survivor in trial.snapshot.accepted_among(tried) {
        let row = trial.snapshot.first_row_of(survivor.witness);
        let clause = row.and_then(|row| clause_of(&trial.clauses, row));
        let clause = clause.map_or("nowhere", |(name, _)| name);
        assert!(
            trial
                .snapshot
                .free_hints()
                .binary_search(&survivor.witness)
                .is_ok(),
            "{id}: {survivor:?} of {clause} is no registered hint"
        );
        *found.entry(clause).or_default() += 1;
    }
    println!("{id}: {count} wires, survivors {found:?}");
    for clause in found.keys() {
        assert!(
            REVIEWED.iter().any(|(name, _)| name == clause),
            "{id}: survivors in {clause} are not reviewed"
        );
    }
    count
}

#[test]
fn c_25_every_wire_of_small_circuits_is_noticed_or_reviewed() {
    for (id, inputs) in [joining(), joined()] {
        survivors_are_reviewed(id, inputs, None);
    }
    for (seed, mode) in (0..).zip([Mode::Qv, Mode::NonQv, Mode::Full]) {
        let spec = Spec {
            params: params(mode, 2, 3),
            voters: 3,
            messages: 2,
            hostile_percent: 50,
            balances: Balances::Equal(100),
            seed,
        };
        let poll = simulate(&spec);
        for (id, inputs) in everything(&poll.log, &poll.coordinator) {
            survivors_are_reviewed(id, inputs, None);
        }
    }
}

/// A sample of the circuits that ship.
#[test]
fn c_25_sampled_wires_of_every_shipped_poll_circuit_are_noticed_or_reviewed() {
    for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
        let spec = Spec {
            params: PollParams {
                state_tree_depth: 10,
                tally_processing_state_tree_depth: 1,
                vote_option_tree_depth: 2,
                message_batch_size: 20,
                vote_options: 25,
                mode,
            },
            voters: 3,
            messages: 25,
            hostile_percent: 40,
            balances: Balances::Equal(100),
            seed: 7,
        };
        let poll = simulate(&spec);
        let mut all = everything(&poll.log, &poll.coordinator);
        let tally = all.pop().unwrap();
        for (id, inputs) in [all.swap_remove(0), tally] {
            assert!(SHIPPED.contains(&id), "{id}");
            assert!(survivors_are_reviewed(id, inputs, Some(SAMPLE)) >= 2000);
        }
    }
}

/// Unused-input lint: a variable in no row, public or private, is bound by nothing.
#[test]
fn c_10_every_variable_of_every_pinned_circuit_stands_in_a_row() {
    for id in PINNED {
        let matrices = matrices(id).unwrap();
        let mut used = vec![false; matrices.instance_variables + matrices.witness_variables];
        for matrix in [&matrices.a, &matrices.b, &matrices.c] {
            for (coefficient, column) in matrix.iter().flatten() {
                used[*column] |= *coefficient != Fr::from(0u64);
            }
        }
        let unused: Vec<usize> = (0..used.len()).filter(|column| !used[*column]).collect();
        assert!(unused.is_empty(), "{id}: {unused:?}");
    }
}
