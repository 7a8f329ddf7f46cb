//! What messages of every kind do, natively and in the circuit alike (C-01 to C-08, C-14, C-20 to C-24).

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use maci_circuits::{Circuit, Inputs, check, testing::KeyMatrices};
use maci_crypto::{
    Fr,
    babyjubjub::{self, RawPoint, Scalar, scalar_to_field},
    keypair::PrivateKey,
};
use maci_protocol::{
    message::{Message, SignedCommand, VoteCommand},
    testing::points::{low_order, off_curve, order_8},
    types::{Nonce, PollId, StateIndex, VoteOptionIndex},
};
use maci_verifier::{CircuitId, Mode};

use crate::common::{Poll, key, process};

/// Native check and circuit accept every batch of the poll, with the roots of the native machine.
#[track_caller]
fn agrees(poll: &Poll) {
    for (id, inputs) in poll.everything() {
        accepted(id, inputs);
    }
}

#[track_caller]
fn accepted(id: CircuitId, inputs: Inputs) {
    assert_eq!(check(id, &inputs), Ok(()), "{id}");
    let refusals = KeyMatrices::of(id)
        .unwrap()
        .refusals(Circuit::new(id, inputs).unwrap())
        .unwrap();
    assert!(refusals.is_empty(), "{id}: {refusals:?}");
}

fn fr(value: u64) -> Fr {
    Fr::from(value)
}

/// Weight of voter 0's option 2 after the poll.
fn weight(poll: &Poll) -> u64 {
    poll.after(1).1.votes[2]
}

#[test]
fn c_01_a_padding_slot_is_inert_whatever_it_holds() {
    for (mode, votes) in [(Mode::Qv, 3), (Mode::NonQv, 3), (Mode::Full, 100)] {
        for used in 1..4 {
            let mut poll = Poll::new(mode, 4, &[fr(100), fr(50)]);
            for _ in 1..used {
                poll.vote(1, 0, 0, 1);
            }
            let next = poll.encrypt(&poll.signed(0, &poll.command(0, 2, votes, 1)));
            let inputs = poll.batch();
            for slot in used..4 {
                let mut filled = inputs.clone();
                filled.messages[slot] = next;
                // The statement, new commitment included, is that of the batch without the message.
                accepted(inputs.circuit, process(&filled));
            }
            // In the batch the same message counts.
            poll.publish(&next);
            assert_eq!(weight(&poll), votes);
        }
    }
}

#[test]
fn c_02_a_command_for_another_poll_counts_on_both_sides() {
    let mut poll = Poll::new(Mode::Qv, 2, &[fr(100)]);
    let mut command = poll.command(0, 2, 3, 1);
    command.poll_id = PollId(9);
    let message = poll.encrypt(&poll.signed(0, &command));
    agrees(poll.publish(&message));
    assert_eq!(weight(&poll), 3);
}

#[test]
fn c_03_any_encryption_key_is_processable_in_every_slot() {
    let torsion = order_8().to_point().unwrap();
    let base = babyjubjub::base8().mul_bigint([12_345u64]);
    let mixed = [4u64, 2, 1]
        .map(|times| RawPoint::from((base + torsion.mul_bigint([times])).into_affine()));
    let points = low_order().into_iter().chain(mixed).chain(off_curve());
    for (number, point) in points.enumerate() {
        // The point moves through the slots; slot 0 of the first batch is the placeholder's.
        let slot = 1 + number % 2;
        let mut poll = Poll::new(Mode::NonQv, 3, &[fr(100), fr(50)]);
        let signed = poll.signed(0, &poll.command(0, 2, 3, 1));
        let strange = poll.encrypt_under(&signed, point);
        for place in 1..3 {
            if place == slot {
                poll.publish(&strange);
            } else {
                poll.vote(1, 0, 1, 1);
            }
        }
        agrees(&poll);
        let counts = point.to_point().is_some();
        assert_eq!(weight(&poll), if counts { 3 } else { 0 }, "point {number}");
    }
}

#[test]
fn c_04_the_tag_is_not_a_condition() {
    let mut poll = Poll::new(Mode::Qv, 2, &[fr(100)]);
    let mut message = poll.encrypt(&poll.signed(0, &poll.command(0, 2, 3, 1)));
    message.data[9] += Fr::ONE;
    agrees(poll.publish(&message));
    assert_eq!(weight(&poll), 3);
}

#[test]
fn c_05_signature_scalar_alias_gives_the_flag_zero() {
    let mut poll = Poll::new(Mode::Qv, 2, &[fr(100)]);
    let mut signed = poll.signed(0, &poll.command(0, 2, 3, 1));
    signed.signature.s += scalar_to_field(&-Scalar::ONE) + Fr::ONE;
    let message = poll.encrypt(&signed);
    agrees(poll.publish(&message));
    assert_eq!(weight(&poll), 0);
}

#[test]
fn c_06_bits_past_the_250th_are_signed_and_ignored() {
    let mut poll = Poll::new(Mode::Qv, 2, &[fr(100)]);
    let mut packed = poll.command(0, 2, 3, 1).pack().unwrap();
    packed[0] += fr(2).pow([251]);
    let signed = SignedCommand::sign_packed(packed, &poll.voters[0]);
    let message = poll.encrypt(&signed);
    agrees(poll.publish(&message));
    assert_eq!(weight(&poll), 3);
}

#[test]
fn c_08_an_unusable_new_key_stands_and_authenticates_nobody() {
    for new_key in low_order().into_iter().chain(off_curve()) {
        let mut poll = Poll::new(Mode::Qv, 4, &[fr(100)]);
        // Published first, processed after the key change: under the old key and nonce 2.
        poll.vote(0, 1, 4, 2);
        let mut change = poll.command(0, 2, 3, 1);
        change.new_public_key = new_key;
        let message = poll.encrypt(&poll.signed(0, &change));
        agrees(poll.publish(&message));
        let (leaf, ballot) = poll.after(1);
        assert_eq!(leaf.public_key, new_key);
        assert_eq!(ballot.votes, [0, 0, 3, 0, 0]);
    }
}

#[test]
fn c_14_unknown_messages_change_nothing() {
    let mut poll = Poll::new(Mode::Qv, 3, &[fr(100)]);
    let before = poll.after(1);
    for element in [Fr::ZERO, -Fr::ONE] {
        poll.publish(&Message {
            data: [element; 10],
            encryption_public_key: key(100).public_key().coordinates(),
        });
    }
    agrees(&poll);
    assert_eq!(poll.after(1), before);
}

#[test]
fn c_16_index_bounds_are_exact() {
    for (index, option, counts) in [
        (1, 3, true),
        (2, 3, true),
        (3, 3, false),
        (4, 3, false),
        (1 << 49, 3, false),
        (1, 4, false),
        (1, 5, false),
        (1, 1 << 49, false),
    ] {
        // Leaves 0, 1, 2 and options 0 to 3: the last ones count, the next ones do not.
        let mut poll = Poll::new(Mode::Qv, 2, &[fr(100), fr(100)]);
        let voter = usize::from(index == 2);
        let mut command = poll.command(voter, option, 3, 1);
        command.state_index = StateIndex(index);
        command.vote_option_index = VoteOptionIndex(option);
        let message = poll.encrypt(&poll.signed(voter, &command));
        agrees(poll.publish(&message));
        let applied = (1..3).any(|index| poll.after(index).1.nonce == 1);
        assert_eq!(applied, counts, "index {index}, option {option}");
    }
}

#[test]
fn c_20_bad_leaf_keys_and_signature_points_are_flagged() {
    let strange: Vec<RawPoint> = low_order().into_iter().chain(off_curve()).collect();
    for point in &strange {
        let mut poll = Poll::new(Mode::Qv, 2, &[fr(100)]);
        poll.log.leaves[1].public_key = *point;
        agrees(poll.vote(0, 2, 3, 1));
        assert_eq!(weight(&poll), 0);
        let mut poll = Poll::new(Mode::Qv, 2, &[fr(100)]);
        let mut signed = poll.signed(0, &poll.command(0, 2, 3, 1));
        signed.signature.r8 = *point;
        let message = poll.encrypt(&signed);
        agrees(poll.publish(&message));
        assert_eq!(weight(&poll), 0);
    }
}

#[test]
fn c_22_weights_and_balances_are_total() {
    let power = |bits: u64| fr(2).pow([bits]);
    let most = (1u64 << 50) - 1;
    for (mode, cost) in [
        (Mode::Qv, fr(most).square()),
        (Mode::NonQv, fr(most)),
        (Mode::Full, fr(most)),
    ] {
        for balance in [
            cost - Fr::ONE,
            cost,
            cost + Fr::ONE,
            power(100),
            power(126),
            power(252),
            -Fr::ONE,
        ] {
            let mut poll = Poll::new(mode, 2, &[balance]);
            agrees(poll.vote(0, 2, most, 1));
            let enough = match mode {
                Mode::Full => balance == cost,
                _ => balance.into_bigint() >= cost.into_bigint(),
            };
            assert_eq!(weight(&poll) == most, enough, "{mode:?}, {balance}");
        }
    }
}

#[test]
fn c_22_a_vote_is_changed_with_balance_and_freed_credits_past_2_252() {
    let power = |bits: u64| fr(2).pow([bits]);
    let most = (1u64 << 50) - 1;
    for mode in [Mode::Qv, Mode::NonQv] {
        let cost = |weight: u64| match mode {
            Mode::Qv => fr(weight).square(),
            _ => fr(weight),
        };
        // Where cur² + balance is 2^252 − 1, 2^252, past it with a balance still below, past it by the balance alone.
        for granted in [
            power(252) - Fr::ONE,
            power(252),
            power(252) + cost(most) - Fr::ONE,
            power(252) + cost(most),
            -Fr::ONE,
        ] {
            for weight in [0, most - 1, most] {
                let mut poll = Poll::new(mode, 3, &[granted]);
                // The last published is processed first: all of 50 bits, then the change.
                poll.vote(0, 2, weight, 2).vote(0, 2, most, 1);
                agrees(&poll);
                let (leaf, ballot) = poll.after(1);
                assert_eq!((ballot.nonce, ballot.votes[2]), (2, weight));
                assert_eq!(leaf.voice_credit_balance, granted - cost(weight));
            }
        }
    }
}

#[test]
fn c_23_index_zero_is_no_voter() {
    let mut poll = Poll::new(Mode::NonQv, 3, &[fr(100)]);
    let mut command = poll.command(0, 2, 0, 1);
    command.state_index = StateIndex(0);
    let signed = poll.signed(0, &command);
    let message = poll.encrypt(&signed);
    poll.publish(&message);
    agrees(&poll);
    assert_eq!(poll.after(0).1.nonce, 0);
}

/// Two commands of voter 0 in the order of publishing, in one batch and in one each: (who signs, command).
#[track_caller]
fn order(commands: &[(&PrivateKey, VoteCommand)], votes: [u64; 5], nonce: u64, owner: RawPoint) {
    for batch in [3, 1] {
        let mut poll = Poll::new(Mode::Qv, batch, &[fr(100)]);
        for (by, command) in commands {
            let signed = SignedCommand::sign_packed(command.pack().unwrap(), by);
            let message = poll.encrypt(&signed);
            poll.publish(&message);
        }
        agrees(&poll);
        let (leaf, ballot) = poll.after(1);
        assert_eq!((ballot.votes, ballot.nonce), (votes.to_vec(), nonce));
        assert_eq!(leaf.public_key, owner);
    }
}

#[test]
fn s_06_the_last_published_command_comes_first() {
    let (old, new) = (&key(1), &key(9));
    let (old_key, new_key) = (
        old.public_key().coordinates(),
        new.public_key().coordinates(),
    );
    let poll = Poll::new(Mode::Qv, 1, &[fr(100)]);
    let keeps = |key, option, weight, nonce| VoteCommand {
        new_public_key: key,
        ..poll.command(0, option, weight, nonce)
    };
    let change = keeps(new_key, 0, 1, 1);
    // (change, vote under the new key): the vote comes first, under the old key, and is a no-op.
    order(
        &[(old, change), (new, keeps(new_key, 1, 2, 2))],
        [1, 0, 0, 0, 0],
        1,
        new_key,
    );
    // (vote under the old key, change): the change voids the vote.
    order(
        &[(old, keeps(old_key, 1, 2, 2)), (old, change)],
        [1, 0, 0, 0, 0],
        1,
        new_key,
    );
    // Nonce 1 after nonce 1: the one published last counts.
    order(
        &[
            (old, keeps(old_key, 0, 5, 1)),
            (old, keeps(old_key, 1, 6, 1)),
        ],
        [0, 6, 0, 0, 0],
        1,
        old_key,
    );
    // A handed-over key: its vote counts when published before the change, with the next nonce.
    order(
        &[(new, keeps(new_key, 1, 2, 2)), (old, change)],
        [1, 2, 0, 0, 0],
        2,
        new_key,
    );
}

#[test]
fn c_24_full_mode_changes_only_the_addressed_option() {
    let mut poll = Poll::new(Mode::Full, 4, &[fr(100)]);
    // Processed from the last: all credits to option 1, then nothing is left for option 2.
    poll.vote(0, 2, 100, 2).vote(0, 2, 0, 2).vote(0, 1, 100, 1);
    agrees(&poll);
    let (leaf, ballot) = poll.after(1);
    assert_eq!(ballot.votes, [0, 100, 0, 0, 0]);
    assert_eq!((leaf.voice_credit_balance, ballot.nonce), (Fr::ZERO, 2));
    // Taking votes back without giving them elsewhere leaves credits, which FULL refuses.
    let mut poll = Poll::new(Mode::Full, 3, &[fr(100)]);
    poll.vote(0, 1, 40, 2).vote(0, 1, 100, 1);
    agrees(&poll);
    assert_eq!(poll.after(1).1.votes, [0, 100, 0, 0, 0]);
}

#[test]
fn c_27_nonces_of_every_width_compare_exactly() {
    for (nonce, counts) in [(0, false), (1, true), (2, false), ((1 << 50) - 1, false)] {
        let mut poll = Poll::new(Mode::Qv, 2, &[fr(100)]);
        let mut command = poll.command(0, 2, 3, 1);
        command.nonce = Nonce(nonce);
        let message = poll.encrypt(&poll.signed(0, &command));
        agrees(poll.publish(&message));
        assert_eq!(weight(&poll) == 3, counts, "nonce {nonce}");
    }
}
