//! Runs that died or were given up, and what the next one makes of them: no step twice, and no poll other than it says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use maci_chain::contracts::{InitialVoiceCreditProxy, MACI, MerkleProofChecker, Policy};
use maci_chain::deploy::list::AccountTree;
use maci_chain::deploy::{
    Amount, CreditsConfig, PolicyConfig, Record, Sending, Steps, Store, maci, poll,
};
use maci_chain::primitives::{Address, Bytes, U256};
use maci_chain::submit::SendOptions;
use maci_chain::{BlockNumberOrTag, Client, Error};
use maci_verifier::Mode;
use serde_json::json;

use crate::support::{Chain, ask, key, poll_config, shipped_keys};

fn list(accounts: &[u8]) -> PolicyConfig {
    PolicyConfig::List {
        addresses: accounts.iter().copied().map(Address::repeat_byte).collect(),
    }
}

fn read(chain: &Chain) -> Record {
    Record::read(&chain.path("deployment.json")).unwrap()
}

fn existing(chain: &Chain) -> Store {
    Store::existing(&chain.path("deployment.json")).unwrap()
}

fn polls(client: &Client, record: &Record) -> U256 {
    client
        .call(record.maci().unwrap(), &MACI::nextPollIdCall {})
        .unwrap()
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn a_description_that_changed_between_two_runs_never_gets_the_first_ones_contracts() {
    let chain = Chain::start();
    let client = chain.client(0);
    chain.deploy(&client, PolicyConfig::Free);
    let coordinator = key(2).public_key();
    let create = |config: &_| {
        let mut quiet = |_: &str| {};
        let mut steps = Steps::new(&client, existing(&chain), &mut quiet).unwrap();
        poll::create(&mut steps, config, &coordinator, &shipped_keys())
    };
    // The run ends after the policy and the credits are made: this poll would end at once.
    let mut first = poll_config(Mode::Qv, list(&[1, 2]));
    first.duration = 0;
    assert!(matches!(create(&first), Err(Error::Parameter(_))));
    let left = read(&chain);
    let left_policy = left.require("poll 0 policy").unwrap();

    let mut second = poll_config(Mode::Qv, list(&[1, 2, 3]));
    second.credits = CreditsConfig::Constant {
        amount: Amount(U256::from(7)),
    };
    let made = create(&second).unwrap().unwrap();
    assert_ne!(made.policy_address, left_policy);
    let checker = client
        .call(made.policy_address, &Policy::BASE_CHECKERCall {})
        .unwrap();
    let root = client
        .call(checker, &MerkleProofChecker::rootCall {})
        .unwrap();
    let accounts = [1, 2, 3].map(Address::repeat_byte);
    assert_eq!(root, AccountTree::new(&accounts).unwrap().root());
    let credits = InitialVoiceCreditProxy::getVoiceCreditsCall {
        voter: accounts[0],
        data: Bytes::new(),
    };
    assert_eq!(
        client.call(made.credit_proxy, &credits).unwrap(),
        U256::from(7)
    );
    assert_eq!(made.policy, second.policy);
    assert!(read(&chain).unfinished.is_none());
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn a_poll_that_is_on_the_chain_is_finished_as_it_was_begun_or_not_at_all() {
    let chain = Chain::start();
    let client = chain.client(0);
    chain.deploy(&client, PolicyConfig::Free);
    let config = poll_config(Mode::Qv, list(&[1, 2]));
    // Dies after deployPoll and before the policy is bound to the poll.
    let died = catch_unwind(AssertUnwindSafe(|| {
        let mut dies = |step: &str| assert_ne!(step, "poll 0 policy target", "on purpose");
        let mut steps = Steps::new(&client, existing(&chain), &mut dies).unwrap();
        poll::create(&mut steps, &config, &key(2).public_key(), &shipped_keys())
    }));
    assert!(died.is_err());
    let left = read(&chain);
    assert_eq!(
        left.poll_under_way()
            .map(|draft| draft.coordinator_public_key.clone()),
        Some(key(2).public_key().serialise())
    );
    assert!(left.polls.is_empty());

    let create = |config: &_, number: u8| {
        let mut quiet = |_: &str| {};
        let mut steps = Steps::new(&client, existing(&chain), &mut quiet).unwrap();
        poll::create(
            &mut steps,
            config,
            &key(number).public_key(),
            &shipped_keys(),
        )
    };
    let mut longer = config.clone();
    longer.duration += 1;
    for refused in [
        create(&config, 3),
        create(&poll_config(Mode::Qv, list(&[1])), 2),
        create(&poll_config(Mode::Full, list(&[1, 2])), 2),
        create(&longer, 2),
    ] {
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    let made = create(&config, 2).unwrap().unwrap();
    assert_eq!(made.coordinator_public_key, key(2).public_key().serialise());
    assert_eq!(made.end - made.start, 3600);
    assert_eq!(polls(&client, &left), U256::from(1));
    let guarded = client
        .call(made.policy_address, &Policy::guardedCall {})
        .unwrap();
    assert_eq!(guarded, made.poll);
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn n_08_a_step_that_stays_out_is_replaced_and_takes_effect_once() {
    let chain = Chain::start();
    let client = chain.client(0);
    let stop = || false;
    let sending = |patience, bump_after| Sending {
        options: SendOptions {
            patience,
            bump_after,
            ..SendOptions::default()
        },
        stop: &stop,
    };
    // Nobody makes blocks: the first step stays out, and the run gives up.
    ask(&client, "evm_setAutomine", json!([false]));
    let mut quiet = |_: &str| {};
    let store = chain.fresh(&client, PolicyConfig::Free);
    let short = sending(Duration::from_millis(200), Duration::from_mins(1));
    let mut steps = Steps::paid(&client, store, short, &mut quiet).unwrap();
    let given_up = maci::deploy(&mut steps, &shipped_keys());
    assert!(
        matches!(given_up, Err(Error::Pending { .. })),
        "{given_up:?}"
    );
    drop(steps);
    let pending = read(&chain).pending.unwrap();
    assert_eq!(pending.attempts.len(), 1);

    // Another account and another chain are refused, and the pending step stays.
    let mut quiet = |_: &str| {};
    let other = chain.client(1);
    let refused = Steps::new(&other, existing(&chain), &mut quiet);
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(read(&chain).pending.as_ref(), Some(&pending));

    // Blocks come again, and they cost more than the first version pays.
    let dearer = pending.attempts[0].max_fee_per_gas * 2;
    ask(
        &client,
        "anvil_setNextBlockBaseFeePerGas",
        json!([dearer.to_string()]),
    );
    ask(&client, "evm_mine", json!([]));
    ask(&client, "evm_setIntervalMining", json!([1]));
    let mut quiet = |_: &str| {};
    let patient = sending(Duration::from_mins(2), Duration::from_millis(100));
    let steps = Steps::paid(&client, existing(&chain), patient, &mut quiet).unwrap();
    let done = steps.record().steps.get(&pending.step).unwrap().clone();
    drop(steps);
    assert_ne!(done.transaction, pending.attempts[0].hash);

    ask(&client, "evm_setIntervalMining", json!([0]));
    ask(&client, "evm_setAutomine", json!([true]));
    let mut quiet = |_: &str| {};
    let mut steps = Steps::new(&client, existing(&chain), &mut quiet).unwrap();
    maci::deploy(&mut steps, &shipped_keys()).unwrap();
    let record = steps.record();
    let sent = client.nonce(record.deployer, BlockNumberOrTag::Latest);
    assert_eq!(sent.unwrap(), record.steps.len() as u64);
}
