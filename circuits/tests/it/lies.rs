//! A prover that lies about one outcome of one clause is refused by that clause and by no other.

use std::collections::BTreeSet;

use maci_circuits::{Circuit, clause::Tamper, message_processor::*, testing::Trial};
use maci_crypto::{
    Fr, poseidon,
    tree::{binary::root_from_path, quinary},
};
use maci_protocol::{
    layout::maci::ProcessInputs,
    message::Message,
    state::StateLeaf,
    testing::{Balances, Spec, simulate},
};
use maci_verifier::{ChainHash, Mode, PublicKeyHash, SbCommitment};

use crate::common::{Poll, everything, key, lie, only, params, process, refused_by};

const ONE: Fr = ark_ff::MontFp!("1");
const ZERO: Fr = ark_ff::MontFp!("0");

/// One voter of 100 credits, B = 2: slot 0 is the placeholder, slot 1 this message.
fn poll_with(mode: Mode, message: impl FnOnce(&Poll) -> Message) -> Poll {
    let mut poll = Poll::new(mode, 2, &[Fr::from(100u64), Fr::from(50u64)]);
    let message = message(&poll);
    poll.publish(&message);
    poll
}

fn voting(mode: Mode, option: u64, weight: u64, nonce: u64) -> ProcessInputs {
    poll_with(mode, |poll| {
        poll.encrypt(&poll.signed(0, &poll.command(0, option, weight, nonce)))
    })
    .batch()
}

/// A vote that only its nonce keeps from counting.
fn ignored() -> ProcessInputs {
    voting(Mode::Qv, 2, 3, 5)
}

/// Random elements under a proper key.
fn garbage() -> ProcessInputs {
    poll_with(Mode::Qv, |_| Message {
        data: core::array::from_fn(|i| Fr::from(i as u64 + 9)),
        encryption_public_key: key(100).public_key().coordinates(),
    })
    .batch()
}

/// What slot 1 leaves behind, for a prover who makes its commitment fit.
struct After {
    leaf: StateLeaf,
    nonce: Fr,
    weight: Fr,
    option_root: Option<Fr>,
}

/// The roots after slot 1 of a one-vote batch. Slot 0 is the placeholder and changes nothing.
fn roots(inputs: &ProcessInputs, index: u64, option: u64, after: &After) -> (Fr, Fr) {
    let depth = inputs.statement.actual_state_tree_depth as usize;
    let state = root_from_path(
        after.leaf.hash(),
        index,
        &inputs.current_state_leaves_path_elements[1][..depth],
    );
    let option_root = after.option_root.unwrap_or_else(|| {
        quinary::root_from_path(
            after.weight,
            option,
            &inputs.current_vote_weights_path_elements[1],
        )
    });
    let ballot = poseidon::hash2(after.nonce, option_root);
    (
        state,
        root_from_path(ballot, index, &inputs.current_ballots_path_elements[1]),
    )
}

fn commit(inputs: &mut ProcessInputs, (state, ballots): (Fr, Fr)) {
    let commitment = poseidon::hash3(state, ballots, inputs.new_sb_salt);
    inputs.statement.new_sb_commitment = SbCommitment(commitment);
}

/// Makes slot 0, processed after slot 1, open what slot 1 left: both trees changed at index 1, so position 0's first
/// sibling did.
fn settle(inputs: &mut ProcessInputs, after: &After, option: u64) {
    let option_root = quinary::root_from_path(
        after.weight,
        option,
        &inputs.current_vote_weights_path_elements[1],
    );
    let option_root = after.option_root.unwrap_or(option_root);
    inputs.current_state_leaves_path_elements[0][0] = after.leaf.hash();
    inputs.current_ballots_path_elements[0][0] = poseidon::hash2(after.nonce, option_root);
    let roots = roots(inputs, 1, option, after);
    commit(inputs, roots);
}

/// What a vote for `weight` leaves, whether or not it should.
fn outcome_of(inputs: &ProcessInputs, balance: Fr, weight: u64) -> After {
    After {
        leaf: StateLeaf {
            voice_credit_balance: balance,
            ..inputs.current_state_leaves[1]
        },
        nonce: inputs.current_ballots[1].0 + ONE,
        weight: Fr::from(weight),
        option_root: None,
    }
}

/// Slot 1 with the leaf, ballot and weight of position 0.
fn reopened(honest: &ProcessInputs) -> ProcessInputs {
    let zero = garbage();
    let mut inputs = honest.clone();
    inputs.current_state_leaves[1] = zero.current_state_leaves[1];
    inputs.current_state_leaves_path_elements[1]
        .clone_from(&zero.current_state_leaves_path_elements[1]);
    inputs.current_ballots[1] = zero.current_ballots[1];
    inputs.current_ballots_path_elements[1].clone_from(&zero.current_ballots_path_elements[1]);
    inputs.current_vote_weights[1] = zero.current_vote_weights[1];
    inputs.current_vote_weights_path_elements[1]
        .clone_from(&zero.current_vote_weights_path_elements[1]);
    inputs
}

/// B = 3: a vote of weight 3 for option 2 (slot 2), then one of weight 7 for `option` (slot 1).
fn second_vote(option: u64, nonce: u64) -> ProcessInputs {
    let mut poll = Poll::new(Mode::Qv, 3, &[Fr::from(100u64), Fr::from(50u64)]);
    poll.vote(0, option, 7, nonce).vote(0, 2, 3, 1).batch()
}

/// The same with option 0 opened in slot 1 in place of option 2.
fn misread(nonce: u64) -> ProcessInputs {
    let mut inputs = second_vote(2, nonce);
    let other = second_vote(0, nonce);
    inputs.current_vote_weights[1] = other.current_vote_weights[1];
    inputs.current_vote_weights_path_elements[1]
        .clone_from(&other.current_vote_weights_path_elements[1]);
    inputs
}

#[test]
fn c_05_signature_flag_cannot_be_raised() {
    let mut inputs = poll_with(Mode::Qv, |poll| {
        poll.encrypt(&poll.command(0, 2, 3, 1).sign(&key(77)).unwrap())
    })
    .batch();
    assert_eq!(
        lie(&inputs, SIGNATURE, Some(1), |_| ZERO),
        BTreeSet::new(),
        "the honest flag is 0"
    );
    let after = outcome_of(&inputs, Fr::from(91u64), 3);
    settle(&mut inputs, &after, 2);
    assert_eq!(lie(&inputs, SIGNATURE, Some(1), |_| ONE), only(SIGNATURE));
}

#[test]
fn c_05_no_flag_of_a_vote_can_be_lowered_to_drop_it() {
    let honest = voting(Mode::Qv, 2, 3, 1);
    assert_eq!(refused_by(&honest), BTreeSet::new());
    // The batch as it would be if the vote did not count.
    let mut dropped = honest.clone();
    let before = After {
        leaf: honest.current_state_leaves[1],
        nonce: honest.current_ballots[1].0,
        weight: honest.current_vote_weights[1],
        option_root: None,
    };
    settle(&mut dropped, &before, 2);
    for flag in [SIGNATURE, NONCE, CREDITS, VALIDITY] {
        assert_eq!(lie(&dropped, flag, Some(1), |_| ZERO), only(flag));
    }
    let dropped = reopened(&dropped);
    for flag in [STATE_INDEX, POSITION, SHARED_KEY] {
        assert_eq!(lie(&dropped, flag, Some(1), |_| ZERO), only(flag));
    }
}

#[test]
fn c_05_nonce_flag_cannot_be_raised() {
    let mut inputs = ignored();
    let after = outcome_of(&inputs, Fr::from(91u64), 3);
    settle(&mut inputs, &after, 2);
    assert_eq!(lie(&inputs, NONCE, Some(1), |_| ONE), only(NONCE));
    assert_eq!(lie(&inputs, VALIDITY, Some(1), |_| ONE), only(VALIDITY));
}

#[test]
fn c_05_credit_flag_cannot_be_raised() {
    for (mode, weight, cost) in [
        (Mode::Qv, 11, 121u64),
        (Mode::NonQv, 101, 101),
        (Mode::Full, 99, 99),
    ] {
        let mut inputs = voting(mode, 2, weight, 1);
        assert_eq!(
            lie(&inputs, CREDITS, Some(1), |_| ZERO),
            BTreeSet::new(),
            "the honest flag is 0"
        );
        let after = outcome_of(&inputs, Fr::from(100u64) - Fr::from(cost), weight);
        settle(&mut inputs, &after, 2);
        assert_eq!(
            lie(&inputs, CREDITS, Some(1), |_| ONE),
            only(CREDITS),
            "{mode:?}"
        );
    }
}

/// Flag-flip search: over arbitrary polls, every flag of every slot has one value; the other is refused by the clause.
#[test]
fn c_05_no_validity_flag_has_two_values() {
    let flags = [
        SHARED_KEY,
        SIGNATURE,
        STATE_INDEX,
        VOTE_OPTION,
        POSITION,
        NONCE,
        CREDITS,
        VALIDITY,
    ];
    for seed in 0..6 {
        let mode = [Mode::Qv, Mode::NonQv, Mode::Full][seed as usize % 3];
        let mut spec = Spec::hostile(params(mode, 2, 2), 3, 1, seed);
        spec.balances = Balances::Equal(100);
        let poll = simulate(&spec);
        let (id, inputs) = everything(&poll.log, &poll.coordinator).swap_remove(0);
        for slot in 0..2 {
            for flag in flags {
                let flip: Tamper = Box::new(move |name, at, honest| {
                    (name == flag && at == Some(slot)).then(|| ONE - honest)
                });
                let circuit = Circuit::new(id, inputs.clone()).unwrap();
                let refused = Trial::tampered(circuit, flip).unwrap().violations();
                assert!(
                    refused.contains(&(flag, Some(slot))),
                    "{flag}, slot {slot}, {spec:?}"
                );
            }
        }
    }
}

#[test]
fn c_16_a_valid_option_cannot_be_opened_elsewhere() {
    // A vote that does not count, so that nothing but the opening depends on its option.
    let inputs = misread(9);
    assert!(
        refused_by(&inputs).contains(VOTE_WEIGHT),
        "the position is the message's own"
    );
    assert_eq!(
        lie(&inputs, VOTE_OPTION, Some(1), |_| ZERO),
        only(VOTE_OPTION)
    );
    assert_eq!(
        lie(&inputs, "position/option", Some(1), |_| ZERO),
        only(POSITION)
    );
}

#[test]
fn c_13_looked_up_values_are_truthful() {
    let valid = voting(Mode::Qv, 2, 3, 1);
    // Leaf 0 in place of leaf 1, and option 0 in place of option 2.
    let refused = refused_by(&reopened(&valid));
    assert!(
        refused.contains(STATE_LEAF) && refused.contains(BALLOT),
        "{refused:?}"
    );
    let refused = refused_by(&misread(2));
    assert!(refused.contains(VOTE_WEIGHT), "{refused:?}");
    // A weight that is not there.
    let mut inputs = ignored();
    inputs.current_vote_weights[1] += ONE;
    assert!(refused_by(&inputs).contains(VOTE_WEIGHT));
}

#[test]
fn c_17_the_coordinator_key_is_bound() {
    let mut inputs = voting(Mode::Qv, 2, 3, 1);
    inputs.statement.coordinator_public_key_hash = PublicKeyHash(ONE);
    assert_eq!(refused_by(&inputs), only(COORDINATOR_KEY));
    // Garbage stays garbage under another key, so nothing but the key's own clause can notice.
    let mut inputs = garbage();
    inputs.coordinator_private_key = key(3).formatted();
    assert_eq!(refused_by(&inputs), only(COORDINATOR_KEY));
}

#[test]
fn c_01_the_slot_gate_cannot_be_opened_or_closed() {
    // B = 2 and the placeholder alone: slot 1 is filler, which a lie makes part of the batch, chain hash included.
    let mut inputs = Poll::new(Mode::Qv, 2, &[Fr::from(100u64)]).batch();
    let chain = poseidon::hash2(
        inputs.statement.output_batch_hash.0,
        inputs.messages[1].hash(),
    );
    inputs.statement.output_batch_hash = ChainHash(chain);
    assert_eq!(lie(&inputs, SLOT_GATE, Some(1), |_| ONE), only(SLOT_GATE));
    // A batch of two whose last message is left out.
    let mut inputs = garbage();
    let chain = poseidon::hash2(inputs.input_batch_hash, inputs.messages[0].hash());
    inputs.statement.output_batch_hash = ChainHash(chain);
    assert_eq!(lie(&inputs, SLOT_GATE, Some(1), |_| ZERO), only(SLOT_GATE));
    // A gap: slot 0 out, slot 1 in.
    let chain = poseidon::hash2(inputs.input_batch_hash, inputs.messages[1].hash());
    inputs.statement.output_batch_hash = ChainHash(chain);
    inputs.statement.batch_end_index -= 1;
    assert_eq!(gated(&inputs, [0, 1]), only(SLOT_GATE));
    // A gate of 2 in place of two gates, the chain doubled accordingly.
    let start = inputs.input_batch_hash;
    let step = poseidon::hash2(start, inputs.messages[0].hash()) - start;
    inputs.statement.output_batch_hash = ChainHash(start + step + step);
    inputs.statement.batch_end_index += 1;
    let refused = gated(&inputs, [2, 0]);
    assert!(
        refused.contains(SLOT_GATE) && !refused.contains(OUTPUT_BATCH_HASH),
        "{refused:?}"
    );
}

/// The clauses that refuse a batch of two with these gates.
fn gated(inputs: &ProcessInputs, gates: [u64; 2]) -> BTreeSet<&'static str> {
    let tamper: Tamper = Box::new(move |name, slot, _| {
        let gate = gates.get(slot?)?;
        (name == SLOT_GATE).then(|| Fr::from(*gate))
    });
    let circuit = Circuit::new(inputs.circuit, process(inputs)).unwrap();
    Trial::tampered(circuit, tamper).unwrap().unsatisfied()
}

/// Security.md §3, constraint deletion: for every clause a false witness that this clause alone refuses. Without the
/// clause's rows each of them would be accepted.
#[test]
fn every_clause_refuses_something_that_no_other_clause_refuses() {
    let mut refused = BTreeSet::new();
    let mut case = |found: BTreeSet<&'static str>| {
        assert_eq!(found.len(), 1, "{found:?}");
        refused.extend(found);
    };
    let valid = voting(Mode::Qv, 2, 3, 1);
    let statement = |change: &dyn Fn(&mut ProcessInputs)| {
        let mut inputs = valid.clone();
        change(&mut inputs);
        refused_by(&inputs)
    };
    case(statement(&|i| i.statement.current_sb_commitment.0 += ONE));
    case(statement(&|i| i.statement.new_sb_commitment.0 += ONE));
    case(statement(&|i| i.statement.output_batch_hash.0 += ONE));
    case(statement(&|i| {
        i.statement.coordinator_public_key_hash.0 += ONE;
    }));
    case(statement(&|i| i.statement.actual_state_tree_depth = 0));
    case(statement(&|i| i.statement.actual_state_tree_depth = 3));
    case(statement(&|i| i.statement.total_signups = 5));
    case(statement(&|i| i.statement.vote_options = 6));
    case(statement(&|i| {
        i.statement.index += 1 << 50;
        i.statement.batch_end_index += 1 << 50;
    }));
    case(statement(&|i| i.statement.batch_end_index += 1));

    // Another tag enters nothing but the chain.
    let mut tagged = valid.clone();
    tagged.messages[1].data[9] += ONE;
    let end = valid.statement.output_batch_hash.0;
    case(lie(&tagged, MESSAGE_CHAIN, Some(1), move |_| end));

    let mut off_curve = garbage();
    off_curve.messages[1].encryption_public_key.x += ONE;
    let chain = off_curve
        .messages
        .iter()
        .fold(off_curve.input_batch_hash, |chain, message| {
            poseidon::hash2(chain, message.hash())
        });
    off_curve.statement.output_batch_hash = ChainHash(chain);
    assert_eq!(refused_by(&off_curve), BTreeSet::new());
    case(lie(&off_curve, SHARED_KEY, Some(1), |_| ONE));
    case(lie(&garbage(), "shared-key/x", Some(1), |x| x + ONE));
    case(lie(&garbage(), DECRYPTION, Some(1), |x| x + ONE));
    let ignored = ignored();
    case(lie(&ignored, UNPACKING, Some(1), |weight| weight + ONE));
    case(lie(&ignored, SIGNATURE, Some(1), |_| ZERO));
    case(lie(&ignored, CREDITS, Some(1), |_| ZERO));
    case(lie(&ignored, COST, Some(1), |cost| cost + ONE));
    case(lie(&reopened(&ignored), STATE_INDEX, Some(1), |_| ZERO));
    case(lie(&reopened(&ignored), POSITION, Some(1), |_| ZERO));
    case(lie(&misread(9), VOTE_OPTION, Some(1), |_| ZERO));
    let mut raised = ignored.clone();
    let after = outcome_of(&raised, Fr::from(91u64), 3);
    settle(&mut raised, &after, 2);
    case(lie(&raised, NONCE, Some(1), |_| ONE));
    case(lie(&raised, VALIDITY, Some(1), |_| ONE));

    let mut richer = valid.clone();
    let after = outcome_of(&valid, Fr::from(1000u64), 3);
    settle(&mut richer, &after, 2);
    case(lie(&richer, UPDATE, Some(1), |_| Fr::from(1000u64)));
    let mut forged = valid.clone();
    let after = After {
        option_root: Some(ONE),
        ..outcome_of(&valid, Fr::from(91u64), 3)
    };
    settle(&mut forged, &after, 2);
    case(lie(&forged, VOTE_WEIGHT, Some(1), |_| ONE));
    // Slot 0 is applied last: its roots are committed.
    for (clause, lies_about_state) in [(STATE_LEAF, true), (BALLOT, false)] {
        let mut forged = valid.clone();
        let (state, ballots) = roots(&valid, 1, 2, &outcome_of(&valid, Fr::from(91u64), 3));
        commit(
            &mut forged,
            if lies_about_state {
                (ONE, ballots)
            } else {
                (state, ONE)
            },
        );
        case(lie(&forged, clause, Some(0), |_| ONE));
    }

    let stats = maci_circuits::stats(valid.circuit).unwrap();
    let all: BTreeSet<_> = stats.clauses.iter().map(|(name, _)| *name).collect();
    assert_eq!(refused, all);
}
