//! The tally of a recorded poll under our keys.

use std::sync::Arc;

use maci_circuits::Inputs;
use maci_protocol::{
    layout::compact::{process_batches, tally_batches},
    recorded,
    secrets::RunSeed,
};
use maci_prover::cancel::Cancel;
use maci_prover::{Job, Pool};
use maci_verifier::batch::{Claim, verify_many};

use crate::support::{key_of, randomness};

#[test]
fn every_recorded_tally_batch_is_proved_and_verified() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/maci-v3-nonqv");
    let text = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    let log = recorded::parse(&text("deployment.json"), &text("logs.json")).unwrap();
    let coordinator = recorded::coordinator_key(&text("keys.json")).unwrap();
    let mut seed = RunSeed::derive(coordinator.private(), log.chain_id, log.poll_address);
    let processed = process_batches(&log, &coordinator, &mut seed).unwrap();
    let batches = tally_batches(&log, processed.last, &mut seed).batches;
    assert_eq!(batches.len(), 4);
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
