//! Searches for a second witness over whole circuits, in every mode: none where all rows stand, and one for every clause
//! whose rows are taken away (security.md §3, C-05, C-25).

use std::collections::{BTreeMap, BTreeSet};

use ark_ff::{AdditiveGroup, Field};
use maci_circuits::{
    Circuit, Inputs, PINNED, message_processor as process,
    testing::forward::{Found, Outcome, Search, Statement},
};
use maci_crypto::{Fr, poseidon};
use maci_protocol::testing::{Spec, simulate};
use maci_verifier::{CircuitId, Mode, StateRoot};

use crate::{
    common::{Poll, everything, params},
    joining::{joined, joining},
};

/// One vote that counts and one that does not, in the newest batch of a poll each, and its last tally batch.
fn samples(mode: Mode, batch: u8) -> Vec<(CircuitId, Inputs)> {
    let weight = if mode == Mode::Full { 100 } else { 3 };
    let mut samples = Vec::new();
    for nonce in [1, 5] {
        let mut poll = Poll::new(mode, batch, &[Fr::from(100u64), Fr::from(50u64)]);
        poll.vote(0, 2, weight, nonce);
        let mut all = poll.everything();
        samples.extend(all.pop());
        samples.push(all.swap_remove(0));
    }
    samples
}

fn search(id: CircuitId, inputs: Inputs) -> Search {
    Search::of(Circuit::new(id, inputs).unwrap()).unwrap()
}

fn clauses(search: &Search) -> BTreeSet<&'static str> {
    search.matrices().clauses.iter().map(|c| c.name).collect()
}

/// The joining circuits with a tree as deep as they allow: what lies above a smaller tree belongs to nothing.
fn deepest() -> [(CircuitId, Inputs); 2] {
    let grow = |StateRoot(root): &mut StateRoot, siblings: &mut [Fr], depth: &mut u64| {
        let sibling = Fr::from(7u64);
        siblings[*depth as usize] = sibling;
        *root = poseidon::hash2(*root, sibling);
        *depth += 1;
        assert_eq!(*depth, siblings.len() as u64);
    };
    [joining(), joined()].map(|(id, mut inputs)| {
        match &mut inputs {
            Inputs::Joining(i) => grow(
                &mut i.statement.state_root,
                &mut i.siblings,
                &mut i.actual_state_tree_depth,
            ),
            Inputs::Joined(i) => grow(
                &mut i.statement.state_root,
                &mut i.siblings,
                &mut i.actual_state_tree_depth,
            ),
            _ => unreachable!("{id}"),
        }
        (id, inputs)
    })
}

/// Other values for a variable: the other bit first.
fn others(honest: Fr) -> Vec<Fr> {
    let random = poseidon::hash2(honest, Fr::ONE);
    [Fr::ONE - honest, honest + Fr::ONE, Fr::ZERO, random]
        .into_iter()
        .filter(|value| *value != honest)
        .collect()
}

/// A false statement that all other clauses accept: the variable that is changed first.
///
/// Tried are the public inputs of the clause, what it hands on (the last computed first: its outcome is among that), and
/// then what the circuit takes in.
fn lie_without(whole: &Search, clause: &'static str) -> Option<usize> {
    let search = whole.without(clause);
    let publics = whole.matrices().instance_variables;
    let (public, private): (Vec<_>, Vec<_>) =
        (whole.variables_of(clause).into_iter()).partition(|variable| *variable < publics);
    let handed_on = private.into_iter().rev();
    let handed_on = handed_on.filter(|variable| !search.readers(*variable).is_empty());
    let mut tried = public.into_iter().chain(handed_on).chain(whole.inputs());
    tried.find(|variable| {
        others(whole.value(*variable).unwrap())
            .into_iter()
            .any(|value| {
                matches!(
                    search.change(*variable, value, Statement::Any),
                    Outcome::Accepted(found)
                        if found.statement && found.violates && !whole.proves(&found)
                )
            })
    })
}

/// Constraint-family deletion: without any one clause, another statement is provable with the same inputs.
fn every_clause_is_needed(samples: Vec<(CircuitId, Inputs)>) {
    let mut needed: BTreeMap<CircuitId, BTreeMap<&'static str, bool>> = BTreeMap::new();
    for (id, inputs) in samples {
        let whole = search(id, inputs);
        let found = needed.entry(id).or_default();
        for clause in clauses(&whole) {
            let killed = found.entry(clause).or_default();
            if *killed {
                continue;
            }
            if let Some(variable) = lie_without(&whole, clause) {
                let home = whole.readers(variable);
                println!("{id}: without {clause}, variable {variable} of {home:?} is free");
                *killed = true;
            }
        }
    }
    for (id, found) in needed {
        let survivors: Vec<_> = found.iter().filter(|(_, killed)| !**killed).collect();
        assert!(survivors.is_empty(), "{id}: nothing needs {survivors:?}");
    }
}

#[test]
fn every_clause_of_qv_is_needed() {
    every_clause_is_needed(samples(Mode::Qv, 2));
}

#[test]
fn every_clause_of_nonqv_is_needed() {
    every_clause_is_needed(samples(Mode::NonQv, 2));
}

#[test]
fn every_clause_of_full_is_needed() {
    every_clause_is_needed(samples(Mode::Full, 2));
}

#[test]
fn every_clause_of_joining_is_needed() {
    every_clause_is_needed(vec![joining(), joined()]);
}

/// The small circuits whose clauses are taken away have every clause of those that ship, and no other.
#[test]
fn no_clause_of_a_pinned_circuit_is_left_out_of_the_search() {
    let mut small = vec![joining(), joined()];
    for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
        small.extend(samples(mode, 2));
    }
    // A circuit's name up to its parameters.
    let kind = |id: CircuitId| {
        let name = id.to_string();
        name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-')
            .to_owned()
    };
    let searched: BTreeMap<String, BTreeSet<&str>> = (small.into_iter())
        .map(|(id, inputs)| (kind(id), clauses(&search(id, inputs))))
        .collect();
    for id in PINNED {
        let file = format!("{}/pinned/{id}.json", env!("CARGO_MANIFEST_DIR"));
        let pinned = std::fs::read_to_string(&file).unwrap();
        let pinned: serde_json::Value = serde_json::from_str(&pinned).unwrap();
        let names: BTreeSet<&str> = (pinned["clauses"].as_object().unwrap().keys())
            .map(String::as_str)
            .collect();
        assert_eq!(searched.get(&kind(id)), Some(&names), "{id}");
    }
}

/// Clauses with several variables that may have other values together, and why that proves nothing else. A variable that
/// may change alone is reviewed by the mutation tests.
const FREE: &[(&str, &str)] = &[
    (
        process::SHARED_KEY,
        "the start of the chain: either of two points leads to the same key (docs/gadgets.md §3)",
    ),
    (
        process::SIGNATURE,
        "the multiplier's bits and quotient: what is congruent modulo ℓ multiplies alike (docs/gadgets.md §2)",
    ),
];

/// A second witness of the same statement is only harmless where a clause keeps it to itself: none of its values is read
/// by another clause, and the clause is on the list.
#[track_caller]
fn is_harmless(id: CircuitId, search: &Search, variable: usize, found: &Found) {
    let readers: BTreeSet<_> = (found.changed.keys())
        .flat_map(|changed| search.readers(*changed))
        .collect();
    let reviewed = FREE.iter().any(|(clause, _)| {
        let mut readers = readers.iter();
        readers.all(|(name, _)| name == clause)
    });
    assert!(
        readers.len() == 1 && (reviewed || found.changed.len() == 1),
        "{id}: variable {variable} of {readers:?} has a second value: {found:?}"
    );
}

/// Flag-flip search: every variable that a row holds to 0 or 1 is flipped, and what follows is computed anew.
#[track_caller]
fn no_bit_has_two_values(id: CircuitId, inputs: Inputs) {
    let search = search(id, inputs);
    let mut bits = 0;
    for variable in search.booleans() {
        bits += 1;
        let flipped = Fr::ONE - search.value(variable).unwrap();
        if let Outcome::Accepted(found) = search.change(variable, flipped, Statement::Same) {
            is_harmless(id, &search, variable, &found);
        }
    }
    println!("{id}: {bits} bits");
    assert!(bits > 0, "{id}");
}

#[test]
fn c_05_no_bit_of_a_whole_circuit_has_two_values() {
    for (id, inputs) in deepest() {
        no_bit_has_two_values(id, inputs);
    }
    for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
        for (id, inputs) in samples(mode, 1) {
            no_bit_has_two_values(id, inputs);
        }
    }
    for seed in 0..4 {
        let mode = [Mode::Qv, Mode::Full][seed as usize % 2];
        let poll = simulate(&Spec::hostile(params(mode, 2, 1), 2, 1, seed));
        let (id, inputs) = everything(&poll.log, &poll.coordinator).swap_remove(0);
        no_bit_has_two_values(id, inputs);
    }
}

/// Every private variable gets another value, and what follows is computed anew.
#[test]
fn c_25_no_variable_has_a_second_value_that_the_rest_can_follow() {
    let mut all = deepest().to_vec();
    for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
        all.extend(samples(mode, 1));
    }
    for (id, inputs) in all {
        let search = search(id, inputs);
        let first = search.matrices().instance_variables;
        let last = first + search.matrices().witness_variables;
        let mut second = 0;
        for variable in first..last {
            for value in others(search.value(variable).unwrap()) {
                let outcome = search.change(variable, value, Statement::Same);
                if let Outcome::Accepted(found) = outcome {
                    second += 1;
                    is_harmless(id, &search, variable, &found);
                }
            }
        }
        println!("{id}: {second} harmless second witnesses");
    }
}
