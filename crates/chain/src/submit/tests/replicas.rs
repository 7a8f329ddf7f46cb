//! Nodes that are several replicas, and operators who change their key: what is seen may be old, and is never believed too soon.

use std::time::Duration;

use alloy::primitives::Address;

use super::recorded::Poll;
use super::world::World;
use super::{OPTIONS, finish, finish_giving_up, left, run, run_as};
use crate::error::{Error, Kind};
use crate::submit::drive::SubmitOptions;

#[test]
fn n_05_a_replica_that_lags_makes_no_verdict_about_a_proof() {
    let poll = Poll::new("maci-v3");
    for questions in [1, 2, 3, 5, 20] {
        let world = World::new(&poll);
        world.lag(questions);
        finish(&world, &poll, &format!("{questions} stale answers"));
    }
    // A step that really is refused ends the run all the same, and costs nothing.
    let world = World::new(&poll);
    world.apply(&left(&world, &poll)[0].call).unwrap();
    world.forget_proofs();
    let error = run(&world, &poll).unwrap_err();
    assert!(matches!(error, Error::Reverted { .. }), "{error}");
    assert_eq!(world.sent(), 0);
}

#[test]
fn n_07_a_receipt_that_comes_late_is_no_displaced_transaction() {
    let poll = Poll::new("maci-v3");
    for seconds in [6, 9, 30, 100] {
        let world = World::new(&poll);
        world.delay_receipts(Duration::from_secs(seconds));
        let what = format!("receipts after {seconds} s");
        assert_eq!(finish_giving_up(&world, &poll, &what), 0, "{what}");
    }
}

#[test]
fn n_05_a_node_that_is_silent_now_and_then_ends_nothing() {
    let poll = Poll::new("maci-v3");
    for every in [2, 3, 7] {
        let world = World::new(&poll);
        world.silence_every(every);
        finish(
            &world,
            &poll,
            &format!("every {every}th question unanswered"),
        );
    }
    // One that is silent for good is named once the patience is over.
    let world = World::new(&poll);
    world.silence_every(1);
    let error = run(&world, &poll).unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Outside);
}

#[test]
fn n_07_a_pending_transaction_belongs_to_its_account_and_its_chain() {
    let poll = Poll::new("maci-v3");
    let world = World::new(&poll);
    world.mine_every(0);
    assert!(matches!(run(&world, &poll), Err(Error::Pending { .. })));
    let (kept, sent) = (world.kept(), world.sent());
    assert!(kept.is_some());

    world.set_account(Address::repeat_byte(8));
    let error = run(&world, &poll).unwrap_err();
    assert!(
        matches!(error, Error::OtherAccount { account, found, .. }
            if (account, found) == (Address::repeat_byte(9), Address::repeat_byte(8))),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::State);
    world.set_account(Address::repeat_byte(9));
    world.set_chain(1);
    assert!(matches!(
        run(&world, &poll),
        Err(Error::OtherAccount { .. })
    ));
    assert_eq!((world.kept(), world.sent()), (kept, sent));

    world.set_chain(31_337);
    world.mine_every(1);
    finish(&world, &poll, "with the key that it began with");
}

#[test]
fn confirmations_are_waited_for_by_whichever_run_is_the_last() {
    let poll = Poll::new("maci-v3");
    let world = World::new(&poll);
    let options = SubmitOptions {
        confirmations: 40,
        ..OPTIONS
    };
    let go = |stop: &dyn Fn() -> bool| run_as(&world, &poll, &options, stop, &mut |_| {});
    // Stopped once everything is there and nothing is confirmed.
    let all = 1 + poll.process() + poll.tally() + 3;
    let stopped = go(&|| world.accepted().len() == all).unwrap();
    assert!(!stopped.complete);
    let last = world.position_now().block;
    assert!(go(&|| false).unwrap().complete);
    assert!(world.position_now().block >= last + 40);

    // Nobody makes blocks: that is the chain's affair, and no contradiction.
    let world = World::new(&poll);
    let options = SubmitOptions {
        confirmations: 400,
        ..OPTIONS
    };
    let error = run_as(&world, &poll, &options, &|| false, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Behind { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Outside);
}
