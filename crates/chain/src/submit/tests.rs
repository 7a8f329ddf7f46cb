//! The plan against what MACI's own coordinator sent, and the sender against every way in which a node or this process can fail.

mod recorded;
mod replicas;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use alloy::sol_types::SolCall as _;
use maci_crypto::Fr;

use super::drive::{Notice, SubmitOptions, Submitted, close, submit};
use super::plan::{Planned, Step, plan};
use super::sender::{Attempt, SendOptions, bumped, first_fees, replacement_fees};
use super::withdraw::withdraw;
use crate::client::transact::Fees;
use crate::contracts::Tally;
use crate::error::Error;
use recorded::{POLLS, Poll};
use world::{World, at};

const OPTIONS: SubmitOptions = SubmitOptions {
    send: SendOptions {
        fee_cap: 1_000,
        bump_after: Duration::from_secs(10),
        patience: Duration::from_secs(200),
    },
    confirmations: 2,
    results_per_call: 10,
};

fn run(world: &World, poll: &Poll) -> Result<Submitted, Error> {
    run_as(world, poll, &OPTIONS, &|| false, &mut |_| {})
}

fn run_as(
    world: &World,
    poll: &Poll,
    options: &SubmitOptions,
    stop: &dyn Fn() -> bool,
    observe: &mut dyn FnMut(&Notice),
) -> Result<Submitted, Error> {
    submit(
        world,
        &mut world.store(),
        poll.work(),
        &at(),
        options,
        &|_| Ok(()),
        stop,
        observe,
    )
}

/// Runs to the end, and everything is on the chain.
#[track_caller]
fn finish(world: &World, poll: &Poll, what: &str) {
    assert!(run(world, poll).unwrap().complete, "{what}");
    assert_done(world, poll, what);
}

/// [`finish`], and how many transactions were given up on the way.
#[track_caller]
fn finish_giving_up(world: &World, poll: &Poll, what: &str) -> u32 {
    let mut given_up = 0;
    let done = run_as(world, poll, &OPTIONS, &|| false, &mut |notice| {
        if let Notice::Settled { settled, .. } = notice {
            given_up += u32::from(settled.included.is_none());
        }
    });
    assert!(done.unwrap().complete, "{what}");
    assert_done(world, poll, what);
    given_up
}

/// The calls that are left.
fn left(world: &World, poll: &Poll) -> Vec<Planned> {
    plan(&world.position_now(), poll.work(), &at(), 10)
        .unwrap()
        .left
}

/// Everything is on the chain, each step once, and no nonce ever stood for two calls.
#[track_caller]
fn assert_done(world: &World, poll: &Poll, what: &str) {
    let position = world.position_now();
    assert!(
        position.merged && position.processing_complete && position.tallied,
        "{what}"
    );
    assert!(position.results.iter().all(|set| *set), "{what}");
    let accepted = world.accepted();
    let distinct: BTreeSet<String> = accepted.iter().cloned().collect();
    assert_eq!(accepted.len(), distinct.len(), "{what}: {accepted:?}");
    assert_eq!(
        accepted.len(),
        1 + poll.process() + poll.tally() + 3,
        "{what}"
    );
    assert_eq!(
        world.failed(),
        0,
        "{what}: a transaction was paid for and failed"
    );
    world.assert_nonces_have_one_payload(what);
}

#[test]
fn the_calldata_is_what_macis_own_coordinator_sent() {
    for name in POLLS {
        let poll = Poll::new(name);
        let world = World::new(&poll);
        let planned = plan(&world.position_now(), poll.work(), &at(), 25).unwrap();
        let sent = poll.transactions();
        assert_eq!(planned.left.len(), sent.len(), "{name}");
        assert_eq!((planned.total, planned.done()), (sent.len() as u64, 0));
        for (ours, (theirs, gas)) in planned.left.iter().zip(&sent) {
            if let Step::Results { .. } = ours.step {
                let decode =
                    |data: &[u8]| Tally::addTallyResultsCall::abi_decode(data).unwrap().args;
                let (ours, mut theirs) = (decode(&ours.call.data), decode(theirs));
                // Ignored by the contract outside quadratic voting.
                if poll.params().mode != maci_verifier::Mode::Qv {
                    theirs.perVOSpentVoiceCreditsHash = ours.perVOSpentVoiceCreditsHash;
                }
                assert_eq!(ours, theirs, "{name}");
            } else {
                assert_eq!(ours.call.data, *theirs, "{name} {}", ours.step);
            }
            // The estimate is above what it took, and not wildly so.
            assert!(
                ours.usual_gas >= *gas && ours.usual_gas < gas * 3 / 2,
                "{name} {}: {gas}",
                ours.step
            );
        }
    }
}

#[test]
fn n_07_the_plan_holds_what_is_left_from_every_position() {
    let poll = Poll::new("maci-v3");
    let world = World::new(&poll);
    let all = plan(&world.position_now(), poll.work(), &at(), 10).unwrap();
    let steps: Vec<String> = all
        .left
        .iter()
        .map(|planned| planned.step.to_string())
        .collect();
    assert_eq!(
        steps,
        [
            "merge",
            "process_0",
            "process_1",
            "tally_0",
            "tally_1",
            "tally_2",
            "results_0..9",
            "results_10..19",
            "results_20..24"
        ]
    );
    for (done, planned) in all.left.iter().enumerate() {
        let left = plan(&world.position_now(), poll.work(), &at(), 10).unwrap();
        assert_eq!(left.left, all.left[done..], "after {done}");
        assert_eq!((left.done(), left.total), (done as u64, 9));
        world.apply(&planned.call).unwrap();
    }
    assert!(left(&world, &poll).is_empty());

    // Single results that are there already are not paid for again.
    let mut position = world.position_now();
    position.results[11] = false;
    position.results[19] = false;
    let left = plan(&position, poll.work(), &at(), 10).unwrap().left;
    assert_eq!(left.len(), 1);
    let args = Tally::addTallyResultsCall::abi_decode(&left[0].call.data)
        .unwrap()
        .args;
    assert_eq!(args.voteOptionIndices.len(), 2);
}

#[test]
fn d_15_another_poll_and_other_salts_are_refused_before_anything_is_sent() {
    type Change = fn(&mut super::Position);
    let poll = Poll::new("maci-v3");
    let changes: [(&str, Change); 6] = [
        ("numMessages", |p| p.num_messages += 1),
        ("totalSignups", |p| p.total_signups += 1),
        ("chainHash", |p| p.chain_hash += Fr::from(1u64)),
        ("coordinatorPublicKeyHash", |p| {
            p.coordinator_public_key_hash += Fr::from(1u64);
        }),
        ("blank ballots", |p| p.empty_ballot_root += Fr::from(1u64)),
        ("at most", |p| p.batches_processed = 3),
    ];
    for (word, change) in changes {
        let mut position = World::new(&poll).position_now();
        change(&mut position);
        let error = plan(&position, poll.work(), &at(), 10).unwrap_err();
        assert!(
            matches!(error, Error::Conflict(_)) && error.to_string().contains(word),
            "{error}"
        );
    }
    let world = World::new(&poll);
    let all = left(&world, &poll);
    for planned in &all[..4] {
        world.apply(&planned.call).unwrap();
    }
    let foreign: [(&str, Change); 3] = [
        ("salts", |p| p.tally_commitment += Fr::from(1u64)),
        ("salts", |p| p.sb_commitment += Fr::from(1u64)),
        ("", |p| p.merged_state_root += Fr::from(1u64)),
    ];
    for (word, change) in foreign {
        let mut position = world.position_now();
        change(&mut position);
        let error = plan(&position, poll.work(), &at(), 10).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn o_10_nothing_is_sent_until_the_chains_time_is_past_the_end() {
    let poll = Poll::new("maci-v3");
    let world = World::new(&poll);
    let end = world.position_now().end_date;
    // At the end date itself the contract merges and still takes messages.
    for time in [end - 1, end] {
        world.set_time(time);
        let error = run(&world, &poll).unwrap_err();
        assert!(
            matches!(error, Error::VotingOpen { end: e, now } if (e, now) == (end, time)),
            "{error}"
        );
    }
    assert!(world.accepted().is_empty() && world.sent() == 0);
    world.set_time(end + 1);
    finish(&world, &poll, "after the end");
}

#[test]
fn n_09_a_proof_that_the_registry_would_refuse_costs_no_gas() {
    for name in POLLS {
        let poll = Poll::new(name);
        let keys = poll.registered_keys();
        let left = left(&World::new(&poll), &poll);
        keys.check(&poll.transcript, &left).unwrap();
        for wrong in poll.with_one_wrong_proof() {
            let world = World::new(&poll);
            let mut store = world.store();
            let error = submit(
                &world,
                &mut store,
                super::Work {
                    transcript: &wrong,
                    ..poll.work()
                },
                &at(),
                &OPTIONS,
                &|left| keys.check(&wrong, left),
                &|| false,
                &mut |_| {},
            )
            .unwrap_err();
            assert!(error.to_string().contains("nothing was sent"), "{error}");
            assert_eq!(world.sent(), 0, "not even the merge");
        }
    }
    // Keys of another poll, which are well-formed keys of the same circuits.
    let (poll, other) = (Poll::new("maci-v3-nonqv"), Poll::new("maci-v3-full"));
    let left = left(&World::new(&poll), &poll);
    assert!(
        other
            .registered_keys()
            .check(&poll.transcript, &left)
            .is_err()
    );
}

#[test]
fn n_07_death_at_any_moment_loses_nothing_and_sends_nothing_twice() {
    let poll = Poll::new("maci-v3");
    let calm = World::new(&poll);
    finish(&calm, &poll, "undisturbed");
    let moments = calm.moments();
    assert!(moments > 100, "{moments}");
    for moment in 0..moments {
        let world = World::new(&poll);
        world.die_at(moment);
        assert!(run(&world, &poll).is_err(), "moment {moment}");
        world.revive();
        finish(&world, &poll, &format!("moment {moment}"));
    }
    // Dying over and over, also while nothing is included for a time.
    for step in [3, 7, 11, 23] {
        let world = World::new(&poll);
        let mut lives = 0;
        loop {
            world.revive();
            world.mine_every(1 + lives % 3);
            world.die_at(step + lives);
            lives += 1;
            if run(&world, &poll).is_ok_and(|submitted| submitted.complete) {
                break;
            }
            assert!(lives < 200, "no end in sight");
        }
        assert_done(&world, &poll, &format!("every {step} moments"));
    }
}

#[test]
fn n_07_a_poll_is_closed_once_whenever_the_process_dies() {
    let poll = Poll::new("maci-v3");
    let run = |world: &World| -> Result<Submitted, Error> {
        let mut store = world.store();
        close(world, &mut store, &at(), &OPTIONS, &|| false, &mut |_| {})
    };
    let calm = World::new(&poll);
    assert!(run(&calm).unwrap().complete);
    for moment in 0..calm.moments() {
        let world = World::new(&poll);
        world.die_at(moment);
        assert!(run(&world).is_err(), "moment {moment}");
        world.revive();
        assert!(run(&world).unwrap().complete);
        assert_eq!(
            (world.accepted(), world.failed()),
            (vec!["merge".to_owned()], 0)
        );
    }
    let world = World::new(&poll);
    world.set_time(poll.end_time);
    assert!(matches!(run(&world), Err(Error::VotingOpen { .. })));
    assert_eq!(world.sent(), 0);
}

#[test]
fn n_07_steps_that_somebody_else_did_are_not_sent() {
    let poll = Poll::new("maci-v3");
    let world = World::new(&poll);
    let all = left(&world, &poll);
    for planned in &all[..3] {
        world.apply(&planned.call).unwrap();
    }
    assert!(run(&world, &poll).unwrap().complete);
    assert_eq!(world.sent(), 6);

    // A moment too late: the merge is ours in the pool, somebody else's comes first. Ours fails, and the rest goes on.
    let world = World::new(&poll);
    world.overtake_next(&all[0].call);
    assert!(run(&world, &poll).unwrap().complete);
    assert_eq!(world.failed(), 1);
}

#[test]
fn n_08_fees_rise_by_an_eighth_within_the_cap() {
    for fee in [0, 1, 7, 8, 1_000_000_000, u128::MAX / 2, u128::MAX] {
        let higher = bumped(fee);
        assert!(higher > fee || fee == u128::MAX);
        let eighths = fee.checked_mul(9).zip(higher.checked_mul(8));
        assert!(eighths.is_none_or(|(least, bumped)| bumped >= least));
        assert!(higher - fee <= fee / 8 + 1);
    }
    let fees = |base_fee, priority_fee| Fees {
        base_fee,
        priority_fee,
    };
    assert_eq!(first_fees(&fees(100, 10), 1_000), Some((210, 10)));
    assert_eq!(
        first_fees(&fees(100, 10), 150),
        Some((150, 10)),
        "less room, never above the cap"
    );
    assert_eq!(first_fees(&fees(100, 10), 109), None);
    let last = Attempt {
        hash: alloy::primitives::B256::ZERO,
        raw: alloy::primitives::Bytes::new(),
        max_fee_per_gas: 400,
        max_priority_fee_per_gas: 16,
    };
    assert_eq!(
        replacement_fees(&last, &fees(100, 10), 1_000),
        Some((450, 18))
    );
    assert_eq!(
        replacement_fees(&last, &fees(300, 30), 1_000),
        Some((630, 30))
    );
    assert_eq!(
        replacement_fees(&last, &fees(600, 30), 1_000),
        Some((1_000, 30))
    );
    assert_eq!(
        replacement_fees(&last, &fees(100, 10), 449),
        None,
        "an eighth more would exceed the cap"
    );
}

#[test]
fn n_08_a_stuck_transaction_is_replaced_by_the_same_call_and_the_cap_holds() {
    let poll = Poll::new("maci-v3");
    let world = World::new(&poll);
    world.set_base_fee(20);
    // Ten times dearer as soon as the first one is out.
    world.raise_base_fee_after_next(200);
    finish(&world, &poll, "ten times dearer");
    assert!(world.sent() > 9 && world.highest_fee() <= OPTIONS.send.fee_cap);

    // Above the cap: waits, sends nothing, and goes on once it is affordable again.
    let world = World::new(&poll);
    world.set_base_fee(5_000);
    let error = run(&world, &poll).unwrap_err();
    assert!(matches!(error, Error::FeeCap { cap: 1_000, .. }), "{error}");
    assert_eq!(world.sent(), 0);
    world.lower_base_fee_at(Duration::from_mins(5), 50);
    finish(&world, &poll, "after the fees fell");

    // Out there, and then above the cap: never replaced beyond it, taken up by the next run.
    let world = World::new(&poll);
    world.raise_base_fee_after_next(5_000);
    let error = run(&world, &poll).unwrap_err();
    assert!(matches!(error, Error::Pending { .. }), "{error}");
    assert!(world.highest_fee() <= OPTIONS.send.fee_cap);
    world.set_base_fee(50);
    finish(&world, &poll, "after the fees fell again");
}

#[test]
fn n_08_dropped_underpriced_and_unheard_transactions_are_offered_again() {
    let poll = Poll::new("maci-v3");
    for every in [2, 3, 5] {
        let world = World::new(&poll);
        world.drop_every(every);
        finish(&world, &poll, &format!("every {every}th is dropped"));

        let world = World::new(&poll);
        world.lose_answer_every(every);
        finish(&world, &poll, &format!("every {every}th answer is lost"));
    }
    let world = World::new(&poll);
    // The pool wants more than an eighth for a while.
    world.want_replacements_above(150);
    world.raise_base_fee_after_next(150);
    finish(&world, &poll, "underpriced replacements");
}

#[test]
fn n_08_foreign_transactions_of_the_account_open_no_gap() {
    let poll = Poll::new("maci-v3");
    let world = World::new(&poll);
    world.add_foreign(2, true);
    let error = run(&world, &poll).unwrap_err();
    assert!(
        matches!(error, Error::ForeignPending { count: 2, .. }),
        "{error}"
    );
    assert_eq!(
        world.sent(),
        0,
        "behind a transaction that may be dropped ours would hang"
    );
    world.include_foreign();
    finish(&world, &poll, "after the foreign ones");

    // Another program takes the nonce of a transaction that is out: it is given up, and the step is sent again.
    let world = World::new(&poll);
    world.steal_next_nonce();
    assert_eq!(finish_giving_up(&world, &poll, "a stolen nonce"), 1);
}

#[test]
fn n_08_a_call_that_never_comes_is_withdrawn_and_sent_anew() {
    let poll = Poll::new("maci-v3");
    let stop = || false;
    let stuck = || {
        let world = World::new(&poll);
        // Nothing is included, and the fees may not rise far enough.
        world.mine_every(0);
        assert!(matches!(run(&world, &poll), Err(Error::Pending { .. })));
        world
    };
    // Above the cap it cannot be replaced, and the message says what that takes.
    let world = stuck();
    let low = SendOptions {
        fee_cap: world.highest_fee(),
        ..OPTIONS.send
    };
    let refused = withdraw(&world, &mut world.store(), &low, &stop);
    assert!(matches!(refused, Err(Error::FeeCap { .. })), "{refused:?}");

    let calm = stuck();
    let before = calm.moments();
    let high = SendOptions {
        fee_cap: 1_000_000,
        ..OPTIONS.send
    };
    calm.mine_every(1);
    let settled = withdraw(&calm, &mut calm.store(), &high, &stop).unwrap();
    let settled = settled.unwrap();
    assert_eq!(settled.what, "withdrawal of mergeState");
    assert!(settled.included.is_some() && calm.kept().is_none());
    assert_eq!(calm.accepted(), ["transfer"]);
    let nothing = withdraw(&calm, &mut calm.store(), &high, &stop).unwrap();
    assert_eq!(nothing, None);
    // Whenever the process dies meanwhile, the nonce is free in the end and every step is done once.
    let moments = calm.moments() - before;
    for moment in 0..moments {
        let world = stuck();
        world.mine_every(1);
        world.die_at(moment);
        let _ = withdraw(&world, &mut world.store(), &high, &stop);
        world.revive();
        withdraw(&world, &mut world.store(), &high, &stop).unwrap();
        assert!(run(&world, &poll).unwrap().complete, "moment {moment}");
        let mut steps = world.accepted();
        steps.retain(|step| step != "transfer");
        let distinct: BTreeSet<String> = steps.iter().cloned().collect();
        assert_eq!(steps.len(), distinct.len(), "moment {moment}: {steps:?}");
        assert_eq!(steps.len(), 1 + poll.process() + poll.tally() + 3);
        assert_eq!(world.failed(), 0, "moment {moment}");
    }
    // The call itself is included after all: that is said, and it is not sent again.
    let world = stuck();
    world.mine_every(1);
    world.want_replacements_above(100_000);
    let settled = withdraw(&world, &mut world.store(), &high, &stop).unwrap();
    assert_eq!(settled.unwrap().what, "mergeState");
    world.want_replacements_above(112);
    assert!(run(&world, &poll).unwrap().complete);
    assert_eq!(
        world.accepted().len(),
        1 + poll.process() + poll.tally() + 3
    );
    assert_eq!(world.failed(), 0);
}

#[test]
fn n_08_an_account_that_cannot_pay_sends_nothing() {
    let poll = Poll::new("maci-v3");
    let world = World::new(&poll);
    world.set_balance(1_000);
    let error = run(&world, &poll).unwrap_err();
    assert!(matches!(error, Error::Funds { .. }), "{error}");
    assert_eq!((world.sent(), world.kept()), (0, None));
}

#[test]
fn o_09_a_stop_leaves_the_transaction_to_the_next_run() {
    let poll = Poll::new("maci-v3");
    let world = World::new(&poll);
    world.mine_every(0);
    let stopped = run_as(&world, &poll, &OPTIONS, &|| world.sent() > 0, &mut |_| {}).unwrap();
    assert!(!stopped.complete && stopped.total == 9);
    assert!(world.kept().is_some());
    world.mine_every(1);
    finish(&world, &poll, "after a stop");
}
