//! O-06: a poll flooded with garbage still proves, at its first, middle and last batch.

use maci_circuits::Inputs;
use maci_crypto::Fr;
use maci_protocol::layout::{Processing, compact::CompactLayout};
use maci_protocol::secrets::RunSeed;
use maci_protocol::testing::{Balances, Spec, simulate};
use maci_verifier::{Mode, PollParams, verify};

use crate::support::key_of;

#[test]
fn o_06_batches_of_a_flooded_poll_are_proved() {
    let messages = std::env::var("MACI_SPAM").map_or(5_000, |n| n.parse().unwrap());
    let params = PollParams {
        state_tree_depth: 3,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 1,
        message_batch_size: 3,
        vote_options: 5,
        mode: Mode::Qv,
    };
    let poll = simulate(&Spec {
        params,
        voters: 7,
        messages,
        hostile_percent: 100,
        balances: Balances::Equal(100),
        seed: 6,
    });
    let key = key_of(params.process_circuit());
    let log = &poll.log;
    let mut salts = RunSeed::derive(poll.coordinator.private(), log.chain_id, log.poll_address);
    let mut processing = Processing::<CompactLayout>::new(log, &poll.coordinator).unwrap();
    let batches = processing.batches_left();
    let sampled = [batches, batches / 2, 1];
    let mut proved = 0;
    while processing.batches_left() > 0 {
        if !sampled.contains(&processing.batches_left()) {
            processing.advance(&mut salts).unwrap();
            continue;
        }
        let (summary, inputs) = processing.next_inputs(&mut salts).unwrap();
        let inputs = Inputs::Process(Box::new(inputs));
        let proof =
            maci_prover::prove(&key, inputs, |_, _| (Fr::from(3u64), Fr::from(5u64))).unwrap();
        let verified = verify(key.verifying_key(), &summary.statement, &proof);
        proved += u32::from(verified.is_ok());
    }
    assert_eq!(proved, 3);
}
