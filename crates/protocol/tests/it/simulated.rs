//! Simulated polls: the machine does what the simulator expects, the naive second implementation agrees on every
//! commitment, every witness opens what it says, and the written files read back as the same poll.

use maci_crypto::{Fr, poseidon, tree::binary::root_from_path};
use maci_protocol::{
    ProcessInputs,
    layout::{
        Processing,
        maci::{MaciLayout, Tallying, process_batches, tally_batches},
    },
    machine::{self, Effect, Reason},
    recorded,
    secrets::RunSeed,
    testing::{Kind, SimulatedPoll, Spec, arb_poll, fixture, simulate},
};
use maci_verifier::{Mode, PollParams, Statement};
use proptest::prelude::*;

use crate::naive;

fn seed_of(poll: &SimulatedPoll) -> RunSeed {
    RunSeed::derive(
        poll.coordinator.private(),
        poll.log.chain_id,
        poll.log.poll_address,
    )
}

/// The simulator's account, the machine's, the naive implementation's and the witnesses.
fn check(poll: &SimulatedPoll) {
    let (log, key) = (&poll.log, &poll.coordinator);
    let context = format!("{:?}", poll.spec);
    let transitions = machine::process(log, key);
    for transition in &transitions {
        let expected = poll.outlook[transition.index as usize];
        assert_eq!(
            transition.step.effect, expected.effect,
            "message {} {expected:?} {context}",
            transition.index
        );
    }
    let mut salts = seed_of(poll);
    let naive = naive::run(log, key, &mut salts);
    for transition in &transitions {
        let applied = transition.step.effect == Effect::Apply;
        assert_eq!(
            applied, naive.applied[transition.index as usize],
            "{context}"
        );
    }

    let processed = process_batches(log, key, &mut salts).unwrap();
    assert_eq!(processed.batches.len() as u64, log.message_batches());
    let mut covered = log.num_messages();
    for (batch, inputs) in processed.batches.iter().enumerate() {
        let statement = &inputs.statement;
        statement.check_against(&inputs.circuit).unwrap();
        assert_eq!(
            statement.current_sb_commitment.0, naive.sb_commitments[batch],
            "{context}"
        );
        assert_eq!(
            statement.new_sb_commitment.0,
            naive.sb_commitments[batch + 1],
            "{context}"
        );
        assert_eq!(statement.batch_end_index, covered);
        covered = statement.index;
        replay(inputs, &transitions);
        let again = ProcessInputs::from_json(log.params.mode, &inputs.to_json()).unwrap();
        assert!(again == *inputs, "{context}");
    }
    assert_eq!(covered, 0);

    let tallied = tally_batches(log, processed.last, &mut salts);
    let commitments: Vec<_> = tallied
        .batches
        .iter()
        .map(|inputs| inputs.statement.new_tally_commitment.0)
        .collect();
    assert_eq!(commitments, naive.tally_commitments, "{context}");
    let votes: Vec<_> = naive
        .votes
        .iter()
        .map(|votes| Fr::from(votes.clone()))
        .collect();
    assert_eq!(tallied.outcome.results.votes, votes);
    assert_eq!(tallied.outcome.results.spent, Fr::from(naive.spent));
    for inputs in &tallied.batches {
        inputs.statement.check_against(&inputs.circuit).unwrap();
        let nodes: Vec<_> = inputs
            .ballots
            .iter()
            .map(|(nonce, root)| poseidon::hash2(*nonce, *root))
            .collect();
        let mut nodes = nodes;
        while nodes.len() > 1 {
            nodes = nodes.chunks(2).map(poseidon::hash).collect();
        }
        let position = inputs.statement.index / inputs.ballots.len() as u64;
        let root = root_from_path(nodes[0], position, &inputs.ballot_path_elements);
        assert_eq!(root, inputs.ballot_root, "{context}");
        let read = maci_protocol::TallyInputs::from_json(&inputs.to_json()).unwrap();
        assert!(read == *inputs, "{context}");
    }
}

/// Walks a witness with nothing but the transitions' effects: every opening lies under the roots of its moment.
fn replay(inputs: &ProcessInputs, transitions: &[machine::MessageTransition]) {
    let statement = &inputs.statement;
    let depth = statement.actual_state_tree_depth as usize;
    let (mut state, mut ballots) = (inputs.current_state_root, inputs.current_ballot_root);
    assert_eq!(
        poseidon::hash3(state, ballots, inputs.current_sb_salt),
        statement.current_sb_commitment.0
    );
    let mut hash = inputs.input_batch_hash;
    for (slot, message) in (statement.index..statement.batch_end_index).zip(&inputs.messages) {
        assert_eq!(
            transitions[transitions.len() - 1 - slot as usize].index,
            slot
        );
        hash = poseidon::hash2(hash, message.hash());
    }
    assert_eq!(hash, statement.output_batch_hash.0);
    for slot in (0..inputs.messages.len()).rev() {
        let index = statement.index + slot as u64;
        let transition = (index < statement.batch_end_index)
            .then(|| &transitions[transitions.len() - 1 - index as usize]);
        let place = transition.map_or(0, |transition| transition.step.state_index.0);
        let option = transition.map_or(0, |transition| transition.step.vote_option_index.0);
        let leaf = inputs.current_state_leaves[slot];
        let leaf_path = &inputs.current_state_leaves_path_elements[slot];
        assert_eq!(
            root_from_path(leaf.hash(), place, &leaf_path[..depth]),
            state
        );
        let (nonce, vo_root) = inputs.current_ballots[slot];
        let ballot_path = &inputs.current_ballots_path_elements[slot];
        assert_eq!(
            root_from_path(poseidon::hash2(nonce, vo_root), place, ballot_path),
            ballots
        );
        let vote_root = |weight: Fr| {
            let mut digit = option as usize;
            inputs.current_vote_weights_path_elements[slot]
                .iter()
                .fold(weight, |node, siblings| {
                    let mut nodes = siblings.to_vec();
                    nodes.insert(digit % 5, node);
                    digit /= 5;
                    poseidon::hash(&nodes)
                })
        };
        assert_eq!(vote_root(inputs.current_vote_weights[slot]), vo_root);
        if let Some(transition) = transition
            && transition.step.effect == Effect::Apply
        {
            let step = &transition.step;
            state = root_from_path(step.leaf_after.hash(), place, &leaf_path[..depth]);
            let ballot =
                poseidon::hash2(step.nonce_after.into(), vote_root(step.weight_after.into()));
            ballots = root_from_path(ballot, place, ballot_path);
        }
    }
    assert_eq!(
        poseidon::hash3(state, ballots, inputs.new_sb_salt),
        statement.new_sb_commitment.0
    );
}

#[test]
fn s_09_machine_naive_implementation_and_witnesses_agree_on_hostile_polls() {
    for seed in 0..120 {
        check(&arb_poll(seed));
    }
}

/// One poll of each mode with every kind of message in it: the simulator reaches every reason (S-11).
#[test]
fn s_11_every_kind_and_every_reason_occurs() {
    for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
        let params = PollParams {
            state_tree_depth: 4,
            tally_processing_state_tree_depth: 1,
            vote_option_tree_depth: 2,
            message_batch_size: 50,
            vote_options: 20,
            mode,
        };
        let poll = simulate(&Spec {
            hostile_percent: 90,
            ..Spec::hostile(params, 15, 600, 11)
        });
        check(&poll);
        for kind in Kind::ALL {
            assert!(
                poll.outlook.iter().any(|outlook| outlook.kind == kind),
                "{mode} {kind:?}"
            );
        }
        for reason in [
            Reason::EncryptionKey,
            Reason::StateIndex,
            Reason::Signature,
            Reason::Nonce,
            Reason::VoteOptionIndex,
            Reason::InsufficientCredits,
        ] {
            let effect = Effect::Ignore(reason);
            assert!(
                poll.outlook.iter().any(|outlook| outlook.effect == effect),
                "{mode} {reason}"
            );
        }
        let unspent = Effect::Ignore(Reason::UnspentCredits);
        assert_eq!(
            mode == Mode::Full,
            poll.outlook.iter().any(|outlook| outlook.effect == unspent)
        );
        // These kinds look wrong and count all the same.
        for kind in [
            Kind::IdentityEncryption,
            Kind::TorsionEncryption,
            Kind::WrongTag,
            Kind::HighBits,
            Kind::ForeignPoll,
        ] {
            let counts = |outlook: &maci_protocol::testing::Outlook| {
                outlook.kind == kind && outlook.effect == Effect::Apply
            };
            assert!(
                mode == Mode::Full || poll.outlook.iter().any(counts),
                "{mode} {kind:?}"
            );
        }
    }
}

#[test]
fn s_01_every_message_is_used_once() {
    for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
        for batch in [1u8, 2, 3, 7] {
            let b = u64::from(batch);
            // Counts 0, 1, B-1, B, B+1, 2B, 2B+1, once of all messages, placeholder included, and once without it.
            for messages in [0, 1, b - 1, b, b + 1, 2 * b - 1, 2 * b, 2 * b + 1] {
                let params = PollParams {
                    state_tree_depth: 2,
                    tally_processing_state_tree_depth: 1,
                    vote_option_tree_depth: 1,
                    message_batch_size: batch,
                    vote_options: 5,
                    mode,
                };
                let poll = simulate(&Spec::honest(params, 3, messages, messages));
                check(&poll);
                let log = &poll.log;
                let mut processing = Processing::<MaciLayout>::new(log, &poll.coordinator).unwrap();
                let mut salts = seed_of(&poll);
                let mut used = vec![0; log.messages.len()];
                let mut applied = 0;
                while let Some(summary) = processing.advance(&mut salts) {
                    let statement = summary.statement;
                    for message in statement.index..statement.batch_end_index {
                        used[message as usize] += 1;
                    }
                    applied += summary.counts.applied;
                    let used = statement.batch_end_index - statement.index;
                    assert_eq!(summary.counts.messages(), used);
                }
                assert_eq!(
                    used,
                    vec![1; log.messages.len()],
                    "B = {batch}, {messages} messages"
                );
                let expected = poll
                    .outlook
                    .iter()
                    .filter(|outlook| outlook.effect == Effect::Apply)
                    .count();
                assert_eq!(applied, expected as u64);
            }
        }
    }
}

#[test]
fn written_polls_read_back_as_they_are() {
    for seed in 0..40 {
        let poll = arb_poll(seed);
        let (deployment, logs, keys) = fixture::write(&poll);
        let read = recorded::parse(&deployment, &logs).unwrap();
        assert_eq!(read, poll.log, "{:?}", poll.spec);
        let key = recorded::coordinator_key(&keys).unwrap();
        read.check_coordinator(&key).unwrap();
        assert_eq!(
            fixture::write(&arb_poll(seed)),
            (deployment, logs, keys),
            "seed {seed} makes one poll"
        );
    }
}

#[test]
fn a_full_state_tree_is_processed() {
    let params = PollParams {
        state_tree_depth: 3,
        tally_processing_state_tree_depth: 2,
        vote_option_tree_depth: 3,
        message_batch_size: 4,
        vote_options: 125,
        mode: Mode::Qv,
    };
    let poll = simulate(&Spec::hostile(params, 7, 30, 3));
    assert_eq!(poll.log.total_signups(), 8);
    check(&poll);
    // No voter at all: only the blank leaf.
    check(&simulate(&Spec::hostile(params, 0, 9, 4)));
}

#[test]
fn rerunning_gives_the_same_commitments() {
    let poll = arb_poll(7);
    let run = || {
        let mut salts = seed_of(&poll);
        let processed = process_batches(&poll.log, &poll.coordinator, &mut salts).unwrap();
        let last = processed.last.commitment;
        let outcome = Tallying::new(&poll.log, processed.last).finish(&mut salts);
        (last, outcome)
    };
    assert_eq!(run(), run());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn s_09_arbitrary_polls_agree(poll in any::<u64>().prop_map(arb_poll)) {
        check(&poll);
    }
}
