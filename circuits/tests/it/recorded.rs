//! Three polls recorded from MACI v3's own contracts: our circuits accept them with MACI's public inputs.
//!
//! State and ballot commitments between the first and the last are of our layout; every other public input, the first
//! commitment and the tally commitments included, is the one that MACI's own proof had. (That the native machine makes
//! MACI's state commitments too, in MACI's layout, is `maci-protocol`'s recorded test.)

use maci_circuits::{Inputs, check};
use maci_crypto::field;
use maci_verifier::statement::Statement;

use crate::common::{honest, process, recorded, tally};

#[test]
fn recorded_polls_satisfy_our_circuits_with_macis_public_inputs() {
    for poll in ["maci-v3", "maci-v3-nonqv", "maci-v3-full"] {
        let recorded = recorded(poll);
        let process = recorded.process.iter().enumerate().map(|(batch, inputs)| {
            // The new commitment is ours, and so is the current one after the first batch.
            let ours: &[usize] = if batch == 0 { &[6] } else { &[5, 6] };
            (inputs.circuit, process(inputs), ours)
        });
        let tally = recorded
            .tally
            .iter()
            .map(|inputs| (inputs.circuit, tally(inputs), &[0][..]));
        let all: Vec<_> = process.chain(tally).collect();
        assert_eq!(all.len(), recorded.publics.len(), "{poll}");
        for ((id, inputs, ours), theirs) in all.into_iter().zip(&recorded.publics) {
            let publics = inputs.public_inputs();
            assert_eq!(publics.len(), theirs.len());
            for (place, (found, expected)) in publics.iter().zip(theirs).enumerate() {
                let equal = field::to_dec(found) == *expected;
                assert_eq!(equal, !ours.contains(&place), "{poll} {id} input {place}");
            }
            assert_eq!(check(id, &inputs), Ok(()), "{poll} {id}");
            let trial = honest(id, inputs);
            assert!(
                trial.snapshot.is_satisfied(),
                "{poll} {id}: {:?}",
                trial.violations()
            );
        }
    }
}

/// A chain of statements: each starts from the commitment that the one before made, the first from the contracts' own.
#[test]
fn recorded_commitments_form_a_chain() {
    for poll in ["maci-v3", "maci-v3-nonqv", "maci-v3-full"] {
        let recorded = recorded(poll);
        let statements: Vec<_> = recorded.process.iter().map(|i| i.statement).collect();
        for pair in statements.windows(2) {
            assert_eq!(pair[0].new_sb_commitment, pair[1].current_sb_commitment);
        }
        let last = statements.last().unwrap().new_sb_commitment;
        for inputs in &recorded.tally {
            let Inputs::Tally(_) = tally(inputs) else {
                unreachable!()
            };
            assert_eq!(inputs.statement.sb_commitment, last);
            assert_eq!(
                inputs.statement.public_inputs()[0],
                last.0,
                "the tally opens the last commitment"
            );
        }
    }
}
