//! Our proofs beside those of ark-groth16, from the same key in its own form.
#![allow(missing_docs, clippy::unwrap_used)]

use maci_benches::prover::{Subject, agree};

#[test]
fn with_r_1_the_proof_is_the_one_that_ark_groth16_makes_with_r_0() {
    for circuit in ["poll-joined-2", "poll-joining-2", "vote-tally-qv-2-1-1"] {
        let subject = Subject::new(circuit.parse().unwrap()).unwrap();
        assert!(
            agree(&subject, &subject.ark().unwrap()).unwrap(),
            "{circuit}"
        );
    }
}
