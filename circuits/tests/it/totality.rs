//! D13: whatever voters publish, native machine and circuit agree on every root and commitment, and the circuit is
//! satisfied. `MACI_FUZZ_CASES` sets the number of arbitrary polls (504 by default).

use std::collections::BTreeMap;

use maci_circuits::{Circuit, check, testing::KeyMatrices};
use maci_protocol::testing::{Balances, Spec, simulate};
use maci_verifier::{Mode, PollParams};

use crate::common::everything;

/// A small hostile poll of one mode.
fn spec(mode: Mode, seed: u64) -> Spec {
    let pick = |salt: u64, bound: u64| {
        seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(salt as u32)
            % bound
    };
    let message_batch_size = 1 + pick(11, 4) as u8;
    // Every fourth poll is so deep that both trees have levels below their cells, above the merged tree and beside it,
    // and has two levels of votes.
    let deep = pick(17, 4) == 0;
    let state_tree_depth = if deep {
        6 + pick(23, 3)
    } else {
        2 + pick(23, 2)
    } as u8;
    let vote_option_tree_depth = if deep { 2 } else { 1 };
    Spec {
        params: PollParams {
            state_tree_depth,
            tally_processing_state_tree_depth: pick(31, if deep { 4 } else { 2 }) as u8,
            vote_option_tree_depth,
            message_batch_size,
            vote_options: 1 + pick(41, 5u64.pow(vote_option_tree_depth.into())),
            mode,
        },
        voters: pick(47, if deep { 24 } else { 8 }),
        messages: pick(53, 9),
        hostile_percent: [0, 30, 70, 100][pick(59, 4) as usize],
        balances: [Balances::Equal(100), Balances::Extreme][pick(7, 2) as usize],
        seed,
    }
}

fn fuzz(mode: Mode) {
    let cases: u64 = std::env::var("MACI_FUZZ_CASES").map_or(504, |number| {
        number
            .parse()
            .unwrap_or_else(|_| panic!("MACI_FUZZ_CASES: expected a number, found {number}"))
    });
    let mut keys = BTreeMap::new();
    for seed in 0..cases.div_ceil(3) {
        let spec = spec(mode, seed);
        let poll = simulate(&spec);
        for (id, inputs) in everything(&poll.log, &poll.coordinator) {
            assert_eq!(check(id, &inputs), Ok(()), "{id}, {spec:?}");
            let key = keys
                .entry(id)
                .or_insert_with(|| KeyMatrices::of(id).unwrap());
            let refusals = key.refusals(Circuit::new(id, inputs).unwrap()).unwrap();
            assert!(refusals.is_empty(), "{refusals:?}, {id}, {spec:?}");
        }
    }
}

#[test]
fn c_21_arbitrary_qv_polls_are_provable_and_agree_with_the_machine() {
    fuzz(Mode::Qv);
}

#[test]
fn c_21_arbitrary_nonqv_polls_are_provable_and_agree_with_the_machine() {
    fuzz(Mode::NonQv);
}

#[test]
fn c_21_arbitrary_full_polls_are_provable_and_agree_with_the_machine() {
    fuzz(Mode::Full);
}
