//! A simulated poll for the circuit benches.

use std::error::Error;

use maci_circuits::Inputs;
use maci_protocol::{
    layout::compact::{process_batches, tally_batches},
    secrets::RunSeed,
    testing::{Spec, simulate},
};
use maci_verifier::{CircuitId, PollParams};

/// The newest message batch and the second tally batch of an honest poll of one and a half message batches.
pub fn inputs(params: PollParams) -> Result<[(CircuitId, Inputs); 2], Box<dyn Error>> {
    let params = params.validate()?;
    let messages = u64::from(params.message_batch_size) * 3 / 2;
    let ballots = 1u64 << params.tally_processing_state_tree_depth;
    let poll = simulate(&Spec::honest(params, 2 * ballots, messages, 1));
    let mut salts = RunSeed::derive(
        poll.coordinator.private(),
        poll.log.chain_id,
        poll.log.poll_address,
    );
    let processed = process_batches(&poll.log, &poll.coordinator, &mut salts)?;
    let tallied = tally_batches(&poll.log, processed.last, &mut salts);
    let process = processed
        .batches
        .into_iter()
        .next()
        .ok_or("no message batch")?;
    let tally = tallied
        .batches
        .into_iter()
        .nth(1)
        .ok_or("no second tally batch")?;
    Ok([
        (params.process_circuit(), Inputs::Process(Box::new(process))),
        (params.tally_circuit(), Inputs::Tally(Box::new(tally))),
    ])
}
