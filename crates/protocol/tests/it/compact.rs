//! The compact layout against MACI's: one machine, two layouts, equal statements but for the state commitments between.

use maci_crypto::{Fr, poseidon, tree::wide};
use maci_protocol::{
    layout::{
        Processing, Tallying,
        compact::{
            self, BallotHead, CompactLayout, empty_root, pack,
            shape::{ProcessShape, ballot_form},
            top_nodes,
        },
        maci::{self, empty_ballot_root, state_root},
    },
    machine::Machine,
    secrets::{SaltRole, SaltSource},
    state::StateLeaf,
    testing::{SimulatedPoll, Spec, simulate},
};
use maci_verifier::{CircuitId, Mode, PollParams, Salt};

use crate::common::{Folder, POLLS};

/// Salts by purpose alone, so that two layouts get equal ones.
#[derive(Clone)]
struct Numbered;

impl SaltSource for Numbered {
    fn salt(&mut self, _: &CircuitId, role: SaltRole, batch: u64, _: Fr) -> Salt {
        Salt(Fr::from(1000 * (role as u64 + 1) + batch))
    }
}

/// The root over all ballots, each leaf from the machine's state, no tree kept.
fn root_by_hand(machine: &Machine, merged: &[StateLeaf]) -> Fr {
    let params = machine.params();
    let leaves: Vec<_> = (0..1 << params.state_tree_depth)
        .map(|index: u64| {
            let head = match (
                machine.leaves().get(index as usize),
                merged.get(index as usize),
            ) {
                (Some(now), Some(then)) => [
                    Fr::from(machine.nonce(index)),
                    now.public_key.x - then.public_key.x,
                    now.public_key.y - then.public_key.y,
                    now.voice_credit_balance - then.voice_credit_balance,
                ],
                _ => [Fr::from(0u64); 4],
            };
            let elements = top_nodes(&pack(machine.votes(index)));
            poseidon::hash(&[head.as_slice(), &elements].concat())
        })
        .collect();
    wide::fold(&ballot_form(params.state_tree_depth), &leaves).unwrap()
}

fn compare(poll: &SimulatedPoll) {
    let (log, key) = (&poll.log, &poll.coordinator);
    let context = format!("{:?}", poll.spec);
    let ours = compact::process_batches(log, key, &mut Numbered).unwrap();
    let theirs = maci::process_batches(log, key, &mut Numbered).unwrap();
    let state = state_root(&log.leaves);
    let mut current = theirs.batches[0].statement.current_sb_commitment;
    for (ours, theirs) in ours.batches.iter().zip(&theirs.batches) {
        assert_eq!(ours.statement.current_sb_commitment, current, "{context}");
        current = ours.statement.new_sb_commitment;
        let mut equal = ours.statement;
        equal.current_sb_commitment = theirs.statement.current_sb_commitment;
        equal.new_sb_commitment = theirs.statement.new_sb_commitment;
        assert_eq!(equal, theirs.statement, "{context}");
        assert_eq!(ours.messages, theirs.messages);
        assert_eq!(ours.state_root, state);
    }
    let last = ours.last.clone();
    assert_eq!(last.commitment, current);
    let root = root_by_hand(&last.machine, &log.leaves);
    assert_eq!(
        current.0,
        poseidon::hash3(state, root, last.salt.0),
        "{context}"
    );

    let ours_tallied = compact::tally_batches(log, ours.last, &mut Numbered);
    let theirs_tallied = maci::tally_batches(log, theirs.last, &mut Numbered);
    assert_eq!(ours_tallied.outcome, theirs_tallied.outcome, "{context}");
    for (ours, theirs) in ours_tallied.batches.iter().zip(&theirs_tallied.batches) {
        let mut equal = ours.statement;
        equal.sb_commitment = theirs.statement.sb_commitment;
        assert_eq!(equal, theirs.statement, "{context}");
        assert_eq!(ours.ballot_root, root);
    }
}

#[test]
fn statements_are_those_of_macis_layout_but_for_state_commitments() {
    for seed in 0..60 {
        compare(&simulate(&Spec::arbitrary(seed)));
    }
    let params = PollParams {
        state_tree_depth: 7,
        tally_processing_state_tree_depth: 3,
        vote_option_tree_depth: 3,
        message_batch_size: 4,
        vote_options: 100,
        mode: Mode::Qv,
    };
    compare(&simulate(&Spec::hostile(params, 40, 30, 1)));
}

#[test]
fn recorded_polls_have_the_recorded_tally_commitments_in_our_layout() {
    for name in POLLS {
        let folder = Folder::new(name);
        let (log, key, mut salts) = (folder.log(), folder.key(), folder.salts());
        let processed = compact::process_batches(&log, &key, &mut salts).unwrap();
        let tallied = compact::tally_batches(&log, processed.last, &mut salts);
        for (batch, inputs) in tallied.batches.iter().enumerate() {
            let recorded = folder.public("tally", batch);
            let ours = inputs.statement.new_tally_commitment.0;
            assert_eq!(maci_crypto::field::to_dec(&ours), recorded[2], "{name}");
        }
    }
}

#[test]
fn the_fast_path_makes_the_same_statements() {
    for seed in 0..12 {
        let poll = simulate(&Spec::arbitrary(seed));
        let (log, key) = (&poll.log, &poll.coordinator);
        let slow = compact::process_batches(log, key, &mut Numbered).unwrap();
        let mut fast = Processing::<CompactLayout>::new(log, key).unwrap();
        let checkpoint = fast.clone();
        for inputs in &slow.batches {
            let summary = fast.advance(&mut Numbered).unwrap();
            assert_eq!(summary.statement, inputs.statement);
        }
        // Any batch's witness from any earlier checkpoint.
        let last = slow.batches.len() - 1;
        let mut again = checkpoint;
        for _ in 0..last {
            again.advance(&mut Numbered).unwrap();
        }
        assert!(again.next_inputs(&mut Numbered).unwrap().1 == slow.batches[last]);
        let outcome = Tallying::new(log, fast.finish()).finish(&mut Numbered);
        let tallied = compact::tally_batches(log, slow.last, &mut Numbered);
        assert_eq!(outcome, tallied.outcome);
    }
}

#[test]
fn empty_roots_are_our_own() {
    for depth in [1, 2, 5, 10] {
        for options in 1..=4 {
            let ours = empty_root(depth, options);
            assert_ne!(ours, empty_ballot_root(depth, options));
            let elements = vec![Fr::from(0u64); compact::packed_len(options)];
            let leaf = BallotHead::BLANK.leaf(&top_nodes(&elements));
            let leaves = vec![leaf; 1 << depth];
            assert_eq!(wide::fold(&ballot_form(depth), &leaves), Some(ours));
        }
    }
}

#[test]
fn cells_have_the_number_that_the_shape_says() {
    for seed in 0..20 {
        let poll = simulate(&Spec::arbitrary(seed));
        let processed =
            compact::process_batches(&poll.log, &poll.coordinator, &mut Numbered).unwrap();
        for inputs in &processed.batches {
            let shape = ProcessShape::of(&inputs.circuit).unwrap();
            assert_eq!(inputs.ballot_cells.len(), shape.ballot_cells());
            let cells = if shape.state_cells == 0 {
                0
            } else {
                1 << shape.state_cells
            };
            assert_eq!(inputs.state_cells.len(), cells);
            for slot in &inputs.slots {
                assert_eq!(slot.leaf_path.len(), shape.state_height);
                assert_eq!(slot.ballot_families.len(), shape.ballot_levels);
            }
        }
    }
}
