//! Witness mutation (C-25): what the rows do not notice is on a reviewed list, with the reason why that proves nothing.

use std::collections::BTreeSet;

use maci_circuits::{Inputs, clause::clause_of, message_processor, vote_tally};
use maci_verifier::CircuitId;

use crate::{
    common::{honest, process, recorded, tally},
    structure::samples,
};

/// Variables of each shipped circuit that are mutated.
const SAMPLE: usize = 2500;

/// Clauses with a variable that may take any value, and when. Every such variable is moreover registered by its gadget
/// ([`FreeHints`](maci_crypto::bits::FreeHints)): it is the inverse in a zero test `x·inverse = 1 − z, x·z = 0` where x
/// is 0. The flag z is 1 for every value of the inverse, and no other row reads it.
const REVIEWED: &[(&str, &str)] = &[
    (
        message_processor::FIRST_ROOT,
        "the ballot root is MACI's constant for empty ballots",
    ),
    (
        message_processor::SHARED_KEY,
        "the encryption key is on the curve: the residue of the curve equation is 0",
    ),
    (
        message_processor::SIGNATURE,
        "a point is on the curve, or two coordinates agree: the difference is 0",
    ),
    (
        message_processor::STATE_INDEX,
        "the index's high bits are all 0",
    ),
    (
        message_processor::VOTE_OPTION,
        "the option's high bits are all 0",
    ),
    (message_processor::NONCE, "the nonce is the next one"),
    (
        message_processor::CREDITS,
        "credits and cost, or a limb and its bound, are equal",
    ),
    (vote_tally::FIRST, "the index is 0: this is the first batch"),
];

/// Mutates variables and returns the clauses of those whose change no row notices.
fn survivors(id: CircuitId, inputs: Inputs, sample: Option<usize>) -> BTreeSet<&'static str> {
    let trial = honest(id, inputs);
    let snapshot = &trial.snapshot;
    assert!(snapshot.is_satisfied(), "{id}");
    let variables = snapshot.witnesses();
    let tried: BTreeSet<usize> = match sample {
        Some(count) => (0..count)
            .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % variables)
            .collect(),
        None => (0..variables).collect(),
    };
    println!("{id}: {} of {variables} variables", tried.len());
    assert!(tried.len() >= 2000.min(variables), "{id}");
    let survivors = snapshot.accepted_among(tried);
    let clauses = survivors.into_iter().map(|survivor| {
        let registered = snapshot.free_hints().binary_search(&survivor.witness);
        assert!(
            registered.is_ok(),
            "{id}: {survivor:?} is no registered hint"
        );
        let row = snapshot.first_row_of(survivor.witness);
        let clause = row.and_then(|row| clause_of(&trial.clauses, row));
        clause.map_or("nowhere", |(name, _)| name)
    });
    clauses.collect()
}

/// Every variable, and every entry of the list has a survivor.
#[test]
fn c_25_no_wire_can_be_changed_alone() {
    let mut found = BTreeSet::new();
    for (id, inputs) in samples() {
        found.extend(survivors(id, inputs, None));
    }
    assert_eq!(found, reviewed());
}

/// A sample of every recorded poll's second batch and tally, at the shipped parameters.
#[test]
fn c_25_sampled_wires_of_shipped_circuits_cannot_be_changed_alone() {
    for poll in ["maci-v3", "maci-v3-nonqv", "maci-v3-full"] {
        let recorded = recorded(poll);
        let (batch, ballots) = (&recorded.process[1], &recorded.tally[1]);
        for (id, inputs) in [
            (batch.circuit, process(batch)),
            (ballots.circuit, tally(ballots)),
        ] {
            let found = survivors(id, inputs, Some(SAMPLE));
            assert!(found.is_subset(&reviewed()), "{id}: {found:?}");
        }
    }
}

fn reviewed() -> BTreeSet<&'static str> {
    REVIEWED.iter().map(|(clause, _)| *clause).collect()
}
