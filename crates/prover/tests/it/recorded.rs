//! Recorded batches of MACI's own coordinator under our keys.

use std::sync::Arc;

use maci_circuits::Inputs;
use maci_protocol::layout::maci::TallyInputs;
use maci_prover::cancel::Cancel;
use maci_prover::{Job, Pool};
use maci_verifier::batch::{Claim, verify_many};

use crate::support::{key_of, randomness};

#[test]
fn every_recorded_tally_batch_is_proved_and_verified() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/maci-v3-nonqv");
    let batches: Vec<TallyInputs> = (0..4)
        .map(|index| {
            let path = format!("{folder}/inputs/tally_{index}.input.json");
            TallyInputs::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
        })
        .collect();
    let key = Arc::new(key_of(batches[0].circuit));
    let jobs = batches
        .iter()
        .map(|inputs| Job::new(key.clone(), Inputs::Tally(Box::new(inputs.clone()))))
        .collect();
    let proofs = Pool::new()
        .prove(
            jobs,
            &|_, public, digest| randomness(public, digest),
            &Cancel::new(),
            &mut |_| {},
        )
        .unwrap();
    let claims: Vec<Claim<'_>> = batches
        .iter()
        .zip(&proofs)
        .map(|(inputs, proof)| Claim {
            key: key.verifying_key(),
            statement: &inputs.statement,
            proof,
        })
        .collect();
    assert_eq!(verify_many(&claims).unwrap().len(), 4);
}
