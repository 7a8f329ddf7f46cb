//! D16 and S-10: salts are fresh, secret and the same on every run.

use std::collections::BTreeSet;

use maci_crypto::{Fr, field};
use maci_protocol::{
    Address, PollLog,
    keys::PrivateKey,
    layout::{
        Processing,
        maci::{MaciLayout, process_batches, tally_batches},
    },
    secrets::{RunSeed, SaltRole, SaltSource},
    testing::{Spec, simulate},
};
use maci_verifier::{CircuitId, Mode, PollParams, Salt, VkId};

/// Keeps every salt that was drawn.
struct Recorder(RunSeed, Vec<Salt>);

impl SaltSource for Recorder {
    fn salt(&mut self, circuit: &CircuitId, role: SaltRole, batch: u64, input: Fr) -> Salt {
        let salt = SaltSource::salt(&mut self.0, circuit, role, batch, input);
        self.1.push(salt);
        salt
    }
}

fn poll() -> maci_protocol::testing::SimulatedPoll {
    let params = PollParams {
        state_tree_depth: 4,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 1,
        message_batch_size: 3,
        vote_options: 5,
        mode: Mode::Qv,
    };
    simulate(&Spec::hostile(params, 12, 40, 1))
}

#[test]
fn s_10_every_role_and_batch_has_its_own_salt() {
    let poll = poll();
    let seed = RunSeed::derive(
        poll.coordinator.private(),
        poll.log.chain_id,
        poll.log.poll_address,
    );
    let mut recorder = Recorder(seed.clone(), Vec::new());
    let processed = process_batches(&poll.log, &poll.coordinator, &mut recorder).unwrap();
    let batches = processed.batches.len();
    let tallied = tally_batches(&poll.log, processed.last, &mut recorder);
    assert_eq!(recorder.1.len(), batches + 3 * tallied.batches.len());
    let distinct: BTreeSet<_> = recorder.1.iter().map(|salt| salt.0).collect();
    assert_eq!(distinct.len(), recorder.1.len());
    // Never of low entropy: no salt is small.
    assert!(
        distinct
            .iter()
            .all(|salt| field::to_be_bytes(salt)[..16] != [0; 16])
    );

    // Batches that change nothing do not look the same.
    let mut idle = poll;
    idle.log.messages.truncate(1);
    for _ in 0..8 {
        idle.log
            .messages
            .push(maci_protocol::Message::placeholder());
    }
    idle.log.recompute_batch_hashes();
    let processed = process_batches(&idle.log, &idle.coordinator, &mut seed.clone()).unwrap();
    let commitments: BTreeSet<_> = processed
        .batches
        .iter()
        .map(|inputs| inputs.statement.new_sb_commitment)
        .collect();
    assert_eq!(commitments.len(), 3);
}

#[test]
fn s_10_salts_depend_on_the_key_and_on_every_part_of_their_purpose() {
    let key = |raw: u8| PrivateKey::from_be_bytes(&[raw]);
    let address = Address([7; 20]);
    let seed = RunSeed::derive(&key(1), 1, address);
    let qv = |batch_size| CircuitId::MessageProcessor {
        mode: Mode::Qv,
        state_tree_depth: 10,
        message_batch_size: batch_size,
        vote_option_tree_depth: 2,
    };
    let one = Fr::from(1u64);
    let mut all = vec![
        seed.salt(&qv(20), "results", 0, one),
        seed.salt(&qv(21), "results", 0, one),
        seed.salt(&qv(20), "spent", 0, one),
        seed.salt(&qv(20), "results", 1, one),
        seed.salt(&qv(20), "results", 0, Fr::from(2u64)),
    ];
    // Public data is the same, the key is not; and the other way round.
    for other in [
        RunSeed::derive(&key(2), 1, address),
        RunSeed::derive(&key(1), 2, address),
        RunSeed::derive(&key(1), 1, Address([8; 20])),
    ] {
        all.push(other.salt(&qv(20), "results", 0, one));
    }
    let distinct: BTreeSet<_> = all.iter().map(|salt| salt.0).collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(seed.salt(&qv(20), "results", 0, one), all[0]);
    assert_eq!(format!("{seed:?} {:?}", all[0]), "RunSeed(..) Salt(..)");
}

#[test]
fn groth16_randomness_is_bound_to_key_statement_and_witness() {
    let seed = RunSeed::derive(&PrivateKey::from_be_bytes(&[1]), 1, Address([7; 20]));
    let circuit = CircuitId::PollJoined {
        state_tree_depth: 10,
    };
    let one = Fr::from(1u64);
    let key = VkId([3; 32]);
    let (r, s) = seed.proof_randomness(&circuit, key, &[one], [1; 32]);
    assert_ne!(r, s);
    assert_eq!(
        seed.proof_randomness(&circuit, key, &[one], [1; 32]),
        (r, s)
    );
    for (key, inputs, digest) in [
        (key, vec![one], [2; 32]),
        (key, vec![one, one], [1; 32]),
        (key, vec![], [1; 32]),
        (VkId([4; 32]), vec![one], [1; 32]),
    ] {
        let (other_r, other_s) = seed.proof_randomness(&circuit, key, &inputs, digest);
        assert!(other_r != r && other_s != s);
    }
}

#[test]
fn s_10_two_logs_that_differ_in_a_message_without_effect_share_no_commitment() {
    let poll = poll();
    let first = |log: &PollLog| {
        let mut salts = RunSeed::derive(poll.coordinator.private(), log.chain_id, log.poll_address);
        let mut processing = Processing::<MaciLayout>::new(log, &poll.coordinator).unwrap();
        processing.advance(&mut salts).unwrap()
    };
    // The placeholder again, as newest message: nobody signed it, so it does nothing.
    let mut longer = poll.log.clone();
    longer.messages.push(longer.messages[0]);
    longer.recompute_batch_hashes();
    let (without, with) = (first(&poll.log), first(&longer));
    assert_eq!(
        without.statement.current_sb_commitment,
        with.statement.current_sb_commitment
    );
    assert_ne!(without.new_salt, with.new_salt);
    assert_ne!(
        without.statement.new_sb_commitment,
        with.statement.new_sb_commitment
    );
}
