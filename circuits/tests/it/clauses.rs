//! Every input has a constraint, natively and in the circuit, and both name the same clause (C-10, C-11).

use maci_circuits::{
    CheckError, Circuit, InputError, Inputs, check, message_processor as process, testing::Trial,
    vote_tally,
};
use maci_crypto::{Fr, babyjubjub::Scalar};
use maci_protocol::layout::compact::{ProcessInputs, TallyInputs};
use maci_verifier::{CircuitId, Mode};

use crate::common::{Poll, deep, key};

const ONE: Fr = ark_ff::MontFp!("1");

/// The native check names `clause`, and the circuit's rows of that clause do not hold.
#[track_caller]
fn refused(id: CircuitId, inputs: Inputs, clause: &'static str, what: usize) {
    let Err(CheckError::Clause(violation)) = check(id, &inputs) else {
        panic!("change {what} is accepted natively");
    };
    assert_eq!(violation.clause, clause, "change {what}");
    let trial = Trial::honest(Circuit::new(id, inputs).unwrap()).unwrap();
    assert!(
        trial
            .violations()
            .contains(&(violation.clause, violation.slot)),
        "change {what}: {violation}, circuit {:?}",
        trial.violations()
    );
}

#[test]
fn c_10_every_processing_input_is_bound() {
    type Change = fn(&mut ProcessInputs);
    for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
        let mut poll = Poll::with(deep(mode, 2), &[Fr::from(9u64); 10]);
        let weight = if mode == Mode::Qv { 3 } else { 9 };
        let inputs = poll.vote(0, 2, weight, 1).batch();
        let changes: [(Change, &'static str); 28] = [
            (|i| i.statement.total_signups = 17, process::COUNTS),
            (
                |i| i.statement.output_batch_hash.0 += ONE,
                process::OUTPUT_BATCH_HASH,
            ),
            (|i| i.statement.actual_state_tree_depth = 1, process::COUNTS),
            (
                |i| i.statement.actual_state_tree_depth = 8,
                process::STATE_TREE_DEPTH,
            ),
            (
                |i| i.statement.coordinator_public_key_hash.0 += ONE,
                process::COORDINATOR_KEY,
            ),
            (|i| i.statement.vote_options = 26, process::COUNTS),
            (
                |i| i.statement.current_sb_commitment.0 += ONE,
                process::COMMITMENT,
            ),
            (
                |i| i.statement.new_sb_commitment.0 += ONE,
                process::NEW_COMMITMENT,
            ),
            (|i| i.statement.index += 3, process::SLOT_GATE),
            (|i| i.statement.batch_end_index += 1, process::SLOT_GATE),
            (|i| i.input_batch_hash += ONE, process::OUTPUT_BATCH_HASH),
            (|i| i.messages[1].data[0] += ONE, process::OUTPUT_BATCH_HASH),
            (
                |i| i.messages[0].encryption_public_key.x += ONE,
                process::OUTPUT_BATCH_HASH,
            ),
            (
                |i| i.coordinator_private_key = key(7).formatted(),
                process::COORDINATOR_KEY,
            ),
            (|i| i.state_root += ONE, process::COMMITMENT),
            (|i| i.current_ballot_root += ONE, process::COMMITMENT),
            (|i| i.current_sb_salt += ONE, process::COMMITMENT),
            (|i| i.state_cells[0] += ONE, process::STATE_CELLS),
            (|i| i.ballot_cells[1] += ONE, process::BALLOT_CELLS),
            (
                |i| i.slots[0].leaf.voice_credit_balance += ONE,
                process::STATE_LEAF,
            ),
            (|i| i.slots[0].leaf_path[1] += ONE, process::STATE_LEAF),
            (|i| i.slots[0].ballot.nonce += ONE, process::BALLOT),
            (|i| i.slots[0].ballot.key_change[1] += ONE, process::BALLOT),
            (|i| i.slots[1].ballot_families[0][3] += ONE, process::BALLOT),
            (|i| i.slots[1].weight += ONE, process::VOTE_WEIGHT),
            (|i| i.slots[1].element += ONE, process::VOTE_WEIGHT),
            (|i| i.slots[1].vote_families[0][3] += ONE, process::BALLOT),
            (|i| i.new_sb_salt += ONE, process::NEW_COMMITMENT),
        ];
        for (what, (change, clause)) in changes.into_iter().enumerate() {
            let mut changed = inputs.clone();
            change(&mut changed);
            refused(
                inputs.circuit,
                Inputs::Process(Box::new(changed)),
                clause,
                what,
            );
        }
    }
}

/// The half-GCD chain cannot add P to 0 or ±P, so the three keys are refused before any row.
#[test]
fn c_17_degenerate_coordinator_keys_are_refused_by_name() {
    let mut poll = Poll::new(Mode::Qv, 2, &[Fr::from(9u64)]);
    let inputs = poll.vote(0, 2, 3, 1).batch();
    for key in [Scalar::from(0u64), Scalar::from(1u64), -Scalar::from(1u64)] {
        let mut changed = inputs.clone();
        changed.coordinator_private_key = key;
        let changed = Inputs::Process(Box::new(changed));
        let refusal = Circuit::new(inputs.circuit, changed.clone()).unwrap_err();
        assert!(
            matches!(refusal, InputError::CoordinatorKey(_)),
            "{refusal}"
        );
        let checked = check(inputs.circuit, &changed);
        assert!(matches!(
            checked,
            Err(CheckError::Input(InputError::CoordinatorKey(_)))
        ));
    }
}

#[test]
fn c_10_every_tally_input_is_bound() {
    type Change = fn(&mut TallyInputs);
    for mode in [Mode::Qv, Mode::NonQv] {
        let mut poll = Poll::new(
            mode,
            3,
            &[Fr::from(100u64), Fr::from(50u64), Fr::from(70u64)],
        );
        let tallies = poll.vote(0, 2, 3, 1).vote(1, 0, 5, 1).tallies();
        let inputs = &tallies[1];
        let changes: [(Change, &'static str); 18] = [
            (
                |i| i.statement.sb_commitment.0 += ONE,
                vote_tally::COMMITMENT,
            ),
            (
                |i| i.statement.current_tally_commitment.0 += ONE,
                vote_tally::CURRENT_TALLY,
            ),
            (
                |i| i.statement.new_tally_commitment.0 += ONE,
                vote_tally::NEW_TALLY,
            ),
            (|i| i.statement.index = 1, vote_tally::POSITION),
            (|i| i.statement.index = 4, vote_tally::POSITION),
            (|i| i.statement.index = 0, vote_tally::BALLOTS),
            (|i| i.statement.total_signups = 1, vote_tally::START),
            (|i| i.state_root += ONE, vote_tally::COMMITMENT),
            (|i| i.sb_salt += ONE, vote_tally::COMMITMENT),
            (|i| i.ballots[1].head.nonce += ONE, vote_tally::BALLOTS),
            (
                |i| i.ballots[1].head.balance_change += ONE,
                vote_tally::BALLOTS,
            ),
            (|i| i.ballot_families[0][0] += ONE, vote_tally::BALLOTS),
            (|i| i.ballots[0].packed[0] += ONE, vote_tally::BALLOTS),
            (|i| i.ballots[0].packed[0] = -ONE, vote_tally::VOTES),
            (|i| i.current.votes[1] += ONE, vote_tally::CURRENT_TALLY),
            (|i| i.current.spent += ONE, vote_tally::CURRENT_TALLY),
            (
                |i| i.current_salts.results.0 += ONE,
                vote_tally::CURRENT_TALLY,
            ),
            (|i| i.new_salts.results.0 += ONE, vote_tally::NEW_TALLY),
        ];
        for (what, (change, clause)) in changes.into_iter().enumerate() {
            let mut changed = inputs.clone();
            change(&mut changed);
            refused(
                inputs.circuit,
                Inputs::Tally(Box::new(changed)),
                clause,
                what,
            );
        }
        let mut changed = inputs.clone();
        let Some(spent) = &mut changed.current.per_option_spent else {
            continue;
        };
        spent[0] += ONE;
        refused(
            inputs.circuit,
            Inputs::Tally(Box::new(changed)),
            vote_tally::CURRENT_TALLY,
            18,
        );
    }
}

#[test]
fn c_12_public_counts_outside_their_range_are_refused() {
    let mut poll = Poll::new(Mode::Qv, 2, &[Fr::from(100u64)]);
    let inputs = poll.vote(0, 2, 3, 1).batch();
    let trial =
        Trial::honest(Circuit::new(inputs.circuit, crate::common::process(&inputs)).unwrap())
            .unwrap();
    let far = |bits: u32| Fr::from(1u128 << bits);
    // Place in the statement after the constant one, value, clause.
    for (place, values, clause) in [
        (
            1,
            vec![Fr::from(3u64), Fr::from(5u64), far(50), -ONE, -far(2)],
            process::COUNTS,
        ),
        (
            3,
            vec![Fr::from(0u64), Fr::from(3u64), far(64), -ONE],
            process::STATE_TREE_DEPTH,
        ),
        (
            5,
            vec![Fr::from(6u64), Fr::from(8u64), far(50), -ONE, -far(3)],
            process::COUNTS,
        ),
        (8, vec![far(50), far(100), -ONE, -far(49)], process::COUNTS),
        (9, vec![Fr::from(3u64), far(50), -ONE], process::SLOT_GATE),
    ] {
        for value in values {
            let mut trial = trial.clone();
            trial.snapshot.set_public(place, value);
            assert!(
                trial.unsatisfied().contains(clause),
                "input {place} = {value}"
            );
        }
    }
}
