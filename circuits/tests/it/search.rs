//! Searches for a second witness over whole circuits, in every mode: none where all rows stand, and one for every clause
//! whose rows are taken away (security.md §3, C-05, C-25).

use std::collections::{BTreeMap, BTreeSet};

use ark_ff::{AdditiveGroup, Field};
use maci_circuits::{
    Circuit, Inputs,
    testing::forward::{Freedom, Outcome, Search},
};
use maci_crypto::{Fr, poseidon};
use maci_protocol::testing::{Spec, simulate};
use maci_verifier::{CircuitId, Mode};

use crate::{
    common::{Poll, everything, params},
    joining::{joined, joining},
};

/// Variables of a clause that are tried before the clause counts as not killed.
const TRIES: usize = 300;

/// One vote that counts and one that does not, alone in a batch each, and a tally batch that is not the first.
fn samples(mode: Mode) -> Vec<(CircuitId, Inputs)> {
    let weight = if mode == Mode::Full { 100 } else { 3 };
    let mut samples = Vec::new();
    for nonce in [1, 5] {
        let mut poll = Poll::new(mode, 1, &[Fr::from(100u64), Fr::from(50u64)]);
        poll.vote(0, 2, weight, nonce);
        let mut all = poll.everything();
        let tally = all.iter().rposition(|(id, _)| is_tally(*id)).unwrap();
        samples.push(all.swap_remove(tally));
        samples.push(all.swap_remove(0));
    }
    samples
}

fn is_tally(id: CircuitId) -> bool {
    matches!(id, CircuitId::VoteTally { .. })
}

fn search(id: CircuitId, inputs: Inputs) -> Search {
    Search::of(Circuit::new(id, inputs).unwrap()).unwrap()
}

/// Other values for a variable: the other bit first.
fn others(honest: Fr) -> Vec<Fr> {
    let random = poseidon::hash2(honest, Fr::ONE);
    [Fr::ONE - honest, honest + Fr::ONE, Fr::ZERO, random]
        .into_iter()
        .filter(|value| *value != honest)
        .collect()
}

/// A false statement that all other clauses accept: what is changed first, and where that variable is at home.
fn lie_without(search: &Search, clause: &'static str) -> Option<(usize, &'static str)> {
    let freedom = Freedom {
        without: Some(clause),
        statement: true,
    };
    // Public inputs first, then what the clause computed last: its outcome is among that.
    let publics = search.matrices().instance_variables;
    let (public, mut private): (Vec<_>, Vec<_>) =
        (search.variables_of(clause).into_iter()).partition(|variable| *variable < publics);
    private.reverse();
    for variable in public.into_iter().chain(private.into_iter().take(TRIES)) {
        for value in others(search.value(variable).unwrap()) {
            if let Outcome::Accepted {
                statement: true,
                violates: true,
                ..
            } = search.change(variable, value, freedom)
            {
                return Some((variable, search.home(variable).unwrap_or("public")));
            }
        }
    }
    None
}

/// Constraint-family deletion: without any one clause, another statement is provable with the same inputs.
fn every_clause_is_needed(samples: Vec<(CircuitId, Inputs)>) {
    let mut clauses: BTreeMap<CircuitId, BTreeSet<&'static str>> = BTreeMap::new();
    let mut killed: BTreeMap<CircuitId, BTreeMap<&'static str, String>> = BTreeMap::new();
    for (id, inputs) in samples {
        let search = search(id, inputs);
        let names: BTreeSet<_> = search.matrices().clauses.iter().map(|c| c.name).collect();
        let found = killed.entry(id).or_default();
        for clause in names
            .iter()
            .filter(|name| !found.contains_key(*name))
            .copied()
            .collect::<Vec<_>>()
        {
            if let Some((variable, home)) = lie_without(&search, clause) {
                found.insert(clause, format!("variable {variable} of {home}"));
            }
        }
        clauses.entry(id).or_default().extend(names);
    }
    for (id, clauses) in clauses {
        for (clause, lie) in &killed[&id] {
            println!("{id}: without {clause}, {lie} is free");
        }
        let survivors: Vec<_> = clauses
            .iter()
            .filter(|clause| !killed[&id].contains_key(*clause))
            .filter(|clause| !BY_HAND.iter().any(|(name, _)| name == *clause))
            .collect();
        assert!(survivors.is_empty(), "{id}: nothing needs {survivors:?}");
    }
}

/// Clauses whose lies need more than one changed value, and the test that has one.
const BY_HAND: &[(&str, &str)] = &[];

#[test]
fn every_clause_of_qv_is_needed() {
    every_clause_is_needed(samples(Mode::Qv));
}

#[test]
fn every_clause_of_nonqv_is_needed() {
    every_clause_is_needed(samples(Mode::NonQv));
}

#[test]
fn every_clause_of_full_is_needed() {
    every_clause_is_needed(samples(Mode::Full));
}

#[test]
fn every_clause_of_joining_is_needed() {
    every_clause_is_needed(vec![joining(), joined()]);
}

/// Flag-flip search: every variable that a row holds to 0 or 1 is flipped, and what follows is computed anew.
#[track_caller]
fn no_bit_has_two_values(id: CircuitId, inputs: Inputs) {
    let search = search(id, inputs);
    let mut bits = 0;
    for variable in search.booleans() {
        bits += 1;
        let flipped = Fr::ONE - search.value(variable).unwrap();
        let outcome = search.change(variable, flipped, Freedom::default());
        assert!(
            matches!(outcome, Outcome::Refused { .. }),
            "{id}: variable {variable} of {:?} may be {flipped}: {outcome:?}",
            search.home(variable)
        );
    }
    println!("{id}: {bits} bits");
    assert!(bits > 0, "{id}");
}

#[test]
fn c_05_no_bit_of_a_whole_circuit_has_two_values() {
    for (id, inputs) in [joining(), joined()] {
        no_bit_has_two_values(id, inputs);
    }
    for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
        for (id, inputs) in samples(mode) {
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

/// Every variable of the joining circuits, and a sample of the others', with everything after it recomputed.
#[test]
fn c_25_no_variable_has_a_second_value_that_the_rest_can_follow() {
    let mut all = vec![joining(), joined()];
    all.extend(samples(Mode::Qv));
    for (id, inputs) in all {
        let search = search(id, inputs);
        let first = search.matrices().instance_variables;
        let variables = first + search.matrices().witness_variables;
        let step = (variables / 4000).max(1);
        let mut accepted = BTreeMap::new();
        for variable in (first..variables).step_by(step) {
            for value in others(search.value(variable).unwrap()) {
                let outcome = search.change(variable, value, Freedom::default());
                if let Outcome::Accepted { .. } = outcome {
                    *accepted
                        .entry(search.home(variable).unwrap_or("nowhere"))
                        .or_insert(0) += 1;
                }
            }
        }
        println!("{id}: {accepted:?}");
        for (clause, count) in accepted {
            assert!(
                FREE.iter().any(|(name, _)| *name == clause),
                "{id}: {count} values in {clause} have a second witness"
            );
        }
    }
}

/// Clauses with variables that may have another value, and why that proves nothing else.
const FREE: &[(&str, &str)] = &[];
