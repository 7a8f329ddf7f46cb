//! A prover that lies about one outcome of one clause is refused by that clause and by no other.

use std::collections::BTreeSet;

use maci_circuits::{Circuit, clause::Tamper, message_processor::*, testing::Trial};
use maci_crypto::{Fr, poseidon, tree::wide};
use maci_protocol::{
    layout::{
        compact::{BallotHead, ProcessInputs, SlotInputs, empty_root, pack, shape::ProcessShape},
        maci::empty_ballot_root,
    },
    message::Message,
    testing::{Balances, Spec, simulate},
};
use maci_verifier::{ChainHash, Mode, PublicKeyHash, SbCommitment};

use crate::common::{Poll, deep, everything, key, lie, only, params, process, refused_by};

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
    head: BallotHead,
    element: Fr,
}

impl After {
    /// What a vote leaves, whether or not it should.
    fn vote(inputs: &ProcessInputs, balance: u64, option: u64, weight: u64) -> Self {
        let opened = &inputs.slots[1];
        let mut lanes = [0; 5];
        lanes[option as usize] = weight;
        Self {
            head: BallotHead {
                nonce: opened.ballot.nonce + ONE,
                balance_change: Fr::from(balance) - opened.leaf.voice_credit_balance,
                ..opened.ballot
            },
            element: pack(&lanes)[0],
        }
    }
}

/// The root over ballot cells, of which slot 1 put a leaf at index 1. Slot 0 is the placeholder and changes nothing.
fn root(inputs: &ProcessInputs, leaf: Option<Fr>) -> Fr {
    let shape = ProcessShape::of(&inputs.circuit).unwrap();
    assert_eq!(shape.ballot_levels, 0, "cells are leaves at this depth");
    let mut cells = inputs.ballot_cells.clone();
    if let Some(leaf) = leaf {
        cells[1] = leaf;
    }
    wide::fold(shape.upper(), &cells).unwrap()
}

/// Commits to a ballot root after the batch.
fn commit(inputs: &mut ProcessInputs, ballots: Fr) {
    let commitment = poseidon::hash3(inputs.state_root, ballots, inputs.new_sb_salt);
    inputs.statement.new_sb_commitment = SbCommitment(commitment);
}

/// Commits to what slot 1 left.
fn settle(inputs: &mut ProcessInputs, after: &After) {
    let root = root(inputs, Some(after.head.leaf(&[after.element])));
    commit(inputs, root);
}

/// Slot 1 with the leaf, ballot and weight of position 0, as the placeholder in slot 0 opens them.
fn reopened(honest: &ProcessInputs) -> ProcessInputs {
    let mut inputs = honest.clone();
    inputs.slots[1] = inputs.slots[0].clone();
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
    inputs.slots[1] = second_vote(0, nonce).slots[1].clone();
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
    let after = After::vote(&inputs, 91, 2, 3);
    settle(&mut inputs, &after);
    assert_eq!(lie(&inputs, SIGNATURE, Some(1), |_| ONE), only(SIGNATURE));
}

#[test]
fn c_05_no_flag_of_a_vote_can_be_lowered_to_drop_it() {
    let honest = voting(Mode::Qv, 2, 3, 1);
    assert_eq!(refused_by(&honest), BTreeSet::new());
    // The batch as it would be if the vote did not count.
    let mut dropped = honest.clone();
    commit(&mut dropped, root(&honest, None));
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
    let after = After::vote(&inputs, 91, 2, 3);
    settle(&mut inputs, &after);
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
        let mut after = After::vote(&inputs, 100, 2, weight);
        after.head.balance_change = -Fr::from(cost);
        settle(&mut inputs, &after);
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
    // Leaf 0 in place of leaf 1. Blank ballots are all alike, so the other ballot shows once the voter has voted.
    let refused = refused_by(&reopened(&valid));
    assert!(refused.contains(STATE_LEAF), "{refused:?}");
    let refused = refused_by(&reopened(&second_vote(2, 2)));
    assert!(
        refused.contains(STATE_LEAF) && refused.contains(BALLOT),
        "{refused:?}"
    );
    // Option 0 in place of option 2.
    let refused = refused_by(&misread(2));
    assert!(refused.contains(VOTE_WEIGHT), "{refused:?}");
    // A weight that is not there.
    let mut inputs = ignored();
    inputs.slots[1].weight += ONE;
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

/// A vote on ballots that no one may start from: the current commitment is over a root that lies as far from these ballots'
/// own as MACI's empty root from ours, so that the swap would make it fit.
fn shifted_root(valid: &ProcessInputs) -> ProcessInputs {
    let mut inputs = valid.clone();
    inputs.ballot_cells[3] += ONE;
    inputs.current_ballot_root = root(&inputs, None) - empty_root(2, 1) + empty_ballot_root(2, 1);
    open(&mut inputs);
    settle(&mut inputs, &After::vote(valid, 91, 2, 3));
    inputs
}

/// Makes the current commitment one over the claimed ballot root.
fn open(inputs: &mut ProcessInputs) {
    let commitment = poseidon::hash3(
        inputs.state_root,
        inputs.current_ballot_root,
        inputs.current_sb_salt,
    );
    inputs.statement.current_sb_commitment = SbCommitment(commitment);
}

/// MACI's empty ballot root stands for our blank ballots, exactly; nothing else does, and no batch can commit to it.
#[test]
fn the_swap_of_the_first_root_is_exact() {
    let first = voting(Mode::Qv, 2, 3, 1);
    let maci = empty_ballot_root(2, 1);
    assert_eq!(first.current_ballot_root, maci);
    assert_eq!(first.current_sb_salt, ZERO);
    assert_eq!(refused_by(&first), BTreeSet::new());
    // A later batch that starts from blank ballots holds our root for them.
    let mut later = first.clone();
    later.current_ballot_root = empty_root(2, 1);
    open(&mut later);
    assert_eq!(refused_by(&later), BTreeSet::new());
    // Beside MACI's root no other root is swapped, honestly or by a lie.
    for claimed in [maci + ONE, ZERO, ONE, -maci] {
        let mut other = first.clone();
        other.current_ballot_root = claimed;
        open(&mut other);
        assert_eq!(refused_by(&other), only(BALLOT_CELLS));
        let refused = lie(&other, FIRST_ROOT, None, |_| ONE);
        assert!(refused.contains(FIRST_ROOT), "{refused:?}");
    }
    let mut scaled = first.clone();
    scaled.current_ballot_root = empty_root(2, 1) * Fr::from(2u64) - maci;
    open(&mut scaled);
    assert_eq!(lie(&scaled, FIRST_ROOT, None, |_| -ONE), only(FIRST_ROOT));
    assert!(lie(&first, FIRST_ROOT, None, |_| ZERO).contains(FIRST_ROOT));
    // MACI's root as the new one would forget every ballot in the next batch. Nothing folds to it.
    let mut forgotten = first.clone();
    commit(&mut forgotten, maci);
    assert_eq!(refused_by(&forgotten), only(NEW_COMMITMENT));
    assert_eq!(
        lie(&forgotten, BALLOT_FOLD, None, move |_| maci),
        only(BALLOT_FOLD)
    );
    // Neither as a cell, which would be read as a ballot.
    let mut cell = first.clone();
    cell.ballot_cells[1] = maci;
    assert!(refused_by(&cell).contains(BALLOT_CELLS));
}

/// A blank ballot opens as zeros, element by element: else a voter would start with a nonce, another key, more credits or
/// votes that nobody cast.
#[test]
fn a_blank_ballot_opens_as_zeros_alone() {
    type Change = fn(&mut SlotInputs);
    let mut poll = Poll::with(deep(Mode::Qv, 2), &[Fr::from(100u64); 9]);
    // Refused for its nonce, so that nothing but the opening depends on the ballot.
    let inputs = poll.vote(0, 7, 3, 5).batch();
    assert_eq!(inputs.slots[1].ballot, BallotHead::BLANK);
    assert_eq!(refused_by(&inputs), BTreeSet::new());
    let changes: [Change; 11] = [
        |s| s.ballot.nonce += ONE,
        |s| s.ballot.key_change[0] += ONE,
        |s| s.ballot.key_change[1] += ONE,
        |s| s.ballot.balance_change += ONE,
        |s| s.vote_families[0][0] += ONE,
        |s| s.vote_families[0][2] += ONE,
        |s| s.vote_families[0][3] += ONE,
        |s| s.vote_families[0][4] += ONE,
        // Option 7 is lane 2 of element 1.
        |s| {
            s.weight += ONE;
            s.element += pack(&[0, 0, 1])[0];
            s.vote_families[0][1] = s.element;
        },
        // A sum of 0 is not enough.
        |s| {
            s.vote_families[0][0] += ONE;
            s.vote_families[0][4] -= ONE;
        },
        |s| {
            s.ballot.nonce += ONE;
            s.ballot.balance_change -= ONE;
        },
    ];
    for (what, change) in changes.into_iter().enumerate() {
        let mut changed = inputs.clone();
        change(&mut changed.slots[1]);
        assert_eq!(refused_by(&changed), only(BALLOT), "change {what}");
    }
}

/// A position is the message's own bit by bit; bits other than 0 and 1 address nothing.
#[test]
fn c_18_addresses_of_cells_are_the_messages_own_bits() {
    let ignored = ignored();
    for bit in [Fr::from(2u64), -ONE, ark_ff::MontFp!("5")] {
        let refused = lie(&reopened(&ignored), "position/state", Some(1), move |_| bit);
        assert!(refused.contains(POSITION), "{bit}: {refused:?}");
    }
    // Position 3 in place of 1, opened and written as if it were the command's.
    let mut moved = voting(Mode::Qv, 2, 3, 1);
    moved.slots[1].leaf_path[0] = ONE;
    let refused = lie(&moved, "position/state", Some(1), |_| ONE);
    assert!(refused.contains(POSITION), "{refused:?}");
}

/// Below the cells a ballot's siblings are the tree's, and the new ballot takes the old one's place.
#[test]
fn c_13_ballots_below_the_cells_are_the_trees() {
    let mut poll = Poll::with(deep(Mode::Qv, 2), &[Fr::from(100u64); 9]);
    // The newest batch: a vote that counts in slot 1 and one that does not in slot 0, so that nothing but its opening
    // depends on what slot 0 opens.
    poll.vote(1, 3, 2, 1).vote(0, 7, 3, 9).vote(3, 11, 4, 1);
    let inputs = poll.batches().remove(0);
    assert_eq!(refused_by(&inputs), BTreeSet::new());
    for place in 0..16 {
        let mut changed = inputs.clone();
        changed.slots[0].ballot_families[0][place] += ONE;
        assert_eq!(refused_by(&changed), only(BALLOT), "{place}");
    }
    // The family as it was before slot 1 voted in it.
    let mut stale = inputs.clone();
    let before = inputs.slots[1].ballot_families[0].clone();
    assert_ne!(stale.slots[0].ballot_families[0], before);
    stale.slots[0].ballot_families[0] = before;
    assert_eq!(refused_by(&stale), only(BALLOT));
}

/// The merged state tree of every depth is read, below, at and above the height of its cells.
#[test]
fn c_07_every_depth_of_the_merged_state_tree_is_read() {
    for (voters, depth) in [(1, 1), (2, 2), (5, 3), (9, 4), (20, 5), (31, 5)] {
        let mut poll = Poll::with(params(Mode::Qv, 5, 2), &vec![Fr::from(100u64); voters]);
        let inputs = poll.vote(voters - 1, 2, 3, 1).batch();
        assert_eq!(inputs.statement.actual_state_tree_depth, depth);
        assert_eq!(ProcessShape::of(&inputs.circuit).unwrap().state_height, 4);
        assert_eq!(refused_by(&inputs), BTreeSet::new(), "depth {depth}");
        // Another leaf, and a sibling within the tree, are refused at every depth.
        let mut other = inputs.clone();
        other.slots[1].leaf.voice_credit_balance += ONE;
        assert!(refused_by(&other).contains(STATE_LEAF), "depth {depth}");
        for level in 0..(depth as usize).min(4) {
            let mut other = inputs.clone();
            other.slots[1].leaf_path[level] += ONE;
            assert_eq!(refused_by(&other), only(STATE_LEAF), "depth {depth}");
        }
        // Siblings above the tree belong to nothing.
        for level in depth as usize..4 {
            let mut other = inputs.clone();
            other.slots[1].leaf_path[level] += ONE;
            assert_eq!(refused_by(&other), BTreeSet::new(), "depth {depth}");
        }
        // The cells: those under the root are bound, those outside the tree are read by nobody.
        for cell in 0..2 {
            let mut other = inputs.clone();
            other.state_cells[cell] += ONE;
            let bound = depth == 5 || (depth == 4 && cell == 0);
            assert_eq!(
                refused_by(&other).contains(STATE_CELLS),
                bound,
                "depth {depth}, cell {cell}"
            );
            assert_eq!(refused_by(&other).is_empty(), !bound);
        }
        // A root at another depth.
        for other_depth in (1..=5).filter(|other| *other != depth && 1 << other > voters) {
            let mut other = inputs.clone();
            other.statement.actual_state_tree_depth = other_depth;
            assert!(!refused_by(&other).is_empty(), "{depth} as {other_depth}");
        }
    }
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
    case(lie(&reopened(&ignored), "position/state", Some(1), |_| {
        ZERO
    }));
    let mut raised = ignored.clone();
    let after = After::vote(&raised, 91, 2, 3);
    settle(&mut raised, &after);
    case(lie(&raised, NONCE, Some(1), |_| ONE));
    case(lie(&raised, VALIDITY, Some(1), |_| ONE));

    let mut richer = valid.clone();
    settle(&mut richer, &After::vote(&valid, 1000, 2, 3));
    case(lie(&richer, UPDATE, Some(1), |_| Fr::from(900u64)));
    let mut forged = valid.clone();
    let mut after = After::vote(&valid, 91, 2, 3);
    after.element = ONE;
    settle(&mut forged, &after);
    case(lie(&forged, VOTE_WEIGHT, Some(1), |_| ONE));
    commit(&mut forged, root(&valid, Some(ONE)));
    case(lie(&forged, BALLOT, Some(1), |_| ONE));
    commit(&mut forged, ONE);
    case(lie(&forged, BALLOT_FOLD, None, |_| ONE));
    // Slot 0 is the placeholder, so nothing depends on the leaf it opens but the opening.
    let mut other = valid.clone();
    other.slots[0].leaf.voice_credit_balance += ONE;
    case(refused_by(&other));
    // Cells that no slot reads.
    let mut other = valid.clone();
    other.state_cells[1] += ONE;
    case(refused_by(&other));
    let mut other = valid.clone();
    other.ballot_cells[3] += ONE;
    settle(&mut other, &After::vote(&valid, 91, 2, 3));
    case(refused_by(&other));
    case(lie(&shifted_root(&valid), FIRST_ROOT, None, |_| ONE));

    let stats = maci_circuits::stats(valid.circuit).unwrap();
    let all: BTreeSet<_> = stats.clauses.iter().map(|(name, _)| *name).collect();
    assert_eq!(refused, all);
}
