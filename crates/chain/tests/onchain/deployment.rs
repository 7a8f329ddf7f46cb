//! Deploying: what lies on the chain is MACI's, an interrupted run goes on, and a dry run tells the truth.

use maci_chain::contracts::{self, MACI, Poll, artifact, field_of, implementation_of};
use maci_chain::deploy::ballots::empty_ballot_root;
use maci_chain::deploy::{PolicyConfig, Record, Steps, Store, maci, poll};
use maci_chain::primitives::U256;
use maci_chain::{Client, ClientOptions, Error};
use maci_verifier::Mode;

use crate::support::{Chain, key, poll_config, shipped_keys};

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn a_deployed_instance_is_macis_own_code_with_our_keys() {
    let chain = Chain::start();
    let client = chain.client(0);
    let record = chain.deploy(&client, PolicyConfig::Free);
    let matches = |name: &'static str, address| {
        let code = client.code(address).unwrap();
        assert!(
            artifact(name).unwrap().runtime().matches(&code),
            "{name} at {address}"
        );
    };
    for name in [
        "PoseidonT3",
        "PoseidonT6",
        "Verifier",
        "VerifyingKeysRegistry",
        "PollFactory",
        "MessageProcessorFactory",
        "TallyFactory",
        "MACI",
    ] {
        matches(name, record.require(name).unwrap());
    }
    let instance = record.maci().unwrap();
    let root = client
        .call(
            instance,
            &MACI::emptyBallotRootsCall {
                index: U256::from(1),
            },
        )
        .unwrap();
    assert_eq!(field_of(&root), empty_ballot_root(10, 2));

    // A second run finds everything done and sends nothing.
    let mut names = Vec::new();
    let mut report = |name: &str| names.push(name.to_owned());
    let before = client.head().unwrap();
    let store = Store::existing(&chain.path("deployment.json")).unwrap();
    let mut steps = Steps::new(&client, store, &mut report).unwrap();
    maci::deploy(&mut steps, &shipped_keys()).unwrap();
    let coordinator = key(2).public_key();
    let made = poll::create(
        &mut steps,
        &poll_config(Mode::Qv, PolicyConfig::Free),
        &coordinator,
        &shipped_keys(),
    );
    let made = made.unwrap().unwrap();
    drop(steps);
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("poll 0") || name.ends_with("Factory")),
        "{names:?}"
    );
    assert!(client.head().unwrap() > before);

    // The clones forward to implementations that are MACI's code too.
    for (name, address) in [
        ("Poll", made.poll),
        ("MessageProcessor", made.message_processor),
        ("Tally", made.tally),
        ("FreeForAllPolicy", made.policy_address),
        ("ConstantInitialVoiceCreditProxy", made.credit_proxy),
    ] {
        let clone = client.code(address).unwrap();
        matches(name, implementation_of(&clone).unwrap());
    }
    let hash = client
        .call(made.poll, &Poll::coordinatorPublicKeyHashCall {})
        .unwrap();
    assert_eq!(field_of(&hash), coordinator.hash());

    // One coordinator key, one poll (D12).
    let store = Store::existing(&chain.path("deployment.json")).unwrap();
    let mut quiet = |_: &str| {};
    let mut steps = Steps::new(&client, store, &mut quiet).unwrap();
    let again = poll::create(
        &mut steps,
        &poll_config(Mode::Full, PolicyConfig::Free),
        &coordinator,
        &shipped_keys(),
    );
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn an_interrupted_deployment_goes_on_and_repeats_nothing() {
    let chain = Chain::start();
    let client = chain.client(0);
    let whole = chain.deploy(&client, PolicyConfig::Free);
    let sent = client
        .nonce(whole.deployer, maci_chain::BlockNumberOrTag::Latest)
        .unwrap();
    assert_eq!(sent, whole.steps.len() as u64);

    // As if the run had died between sending a step and seeing its receipt.
    let path = chain.path("deployment.json");
    for step in ["PoseidonT4", "MACI checker", "MACI", "key poll-joining-10"] {
        let mut record: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let done = record["steps"]
            .as_object_mut()
            .unwrap()
            .remove(step)
            .unwrap();
        let sent: serde_json::Value = client
            .request("eth_getTransactionByHash", (&done["transaction"],))
            .unwrap();
        record["pending"] = serde_json::json!({
            "step": step,
            "to": sent["to"],
            "data": sent["input"],
            "nonce": 0,
            "gas_limit": 1,
            "attempts": [{
                "hash": done["transaction"],
                "raw": "0x",
                "max_fee_per_gas": 1,
                "max_priority_fee_per_gas": 1,
            }],
        });
        std::fs::write(&path, record.to_string()).unwrap();
        let mut quiet = |_: &str| {};
        let mut steps = Steps::new(&client, Store::existing(&path).unwrap(), &mut quiet).unwrap();
        maci::deploy(&mut steps, &shipped_keys()).unwrap();
        assert_eq!(*steps.record(), whole, "after {step}");
    }
    let now = client
        .nonce(whole.deployer, maci_chain::BlockNumberOrTag::Latest)
        .unwrap();
    assert_eq!(now, sent);
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn a_dry_run_sends_nothing_and_predicts_every_address() {
    let chain = Chain::start();
    let client = chain.client(0);
    let mut quiet = |_: &str| {};
    let fresh = chain.fresh(&client, PolicyConfig::Free);
    let mut steps = Steps::dry(&client, fresh, &mut quiet).unwrap();
    maci::deploy(&mut steps, &shipped_keys()).unwrap();
    let (planned, plan) = steps.into_plan();
    assert_eq!(client.head().unwrap(), 0);
    assert!(!chain.path("deployment.json").exists());
    assert_eq!(plan.len(), planned.steps.len());
    // A call to an empty address succeeds for next to nothing: no estimate is better than that one.
    for step in &plan {
        // MACI's own constructor asks its factories.
        let known = step.to.is_none() && step.step != "MACI";
        assert_eq!(step.gas.is_some(), known, "{}", step.step);
        assert_eq!(step.max_cost_wei.is_some(), step.gas.is_some());
        assert_eq!(step.data.is_some(), step.to.is_some());
    }

    let real = chain.deploy(&client, PolicyConfig::Free);
    let addresses = |record: &Record| -> Vec<_> {
        let steps = record.steps.iter();
        steps
            .filter_map(|(name, done)| Some((name.clone(), done.address?)))
            .collect()
    };
    let real = addresses(&real);
    let predicted: Vec<_> = addresses(&planned)
        .into_iter()
        .filter(|(name, _)| real.iter().any(|(other, _)| other == name))
        .collect();
    assert_eq!(predicted, real);
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn another_key_in_the_registry_is_found_before_a_poll_is_made() {
    let chain = Chain::start();
    let client = chain.client(0);
    let record = chain.deploy(&client, PolicyConfig::Free);
    let mut keys = shipped_keys();
    // The same circuit, a key of another setup: the registry's key of another circuit with as many inputs.
    let position = |name: &str, keys: &[maci_verifier::VerifyingKey]| {
        keys.iter()
            .position(|key| key.circuit().to_string() == name)
            .unwrap()
    };
    let qv = position("message-processor-qv-10-20-2", &keys);
    let other = position("message-processor-full-10-20-2", &keys);
    let points = keys[other].points().clone();
    keys[qv] = maci_verifier::VerifyingKey::new(*keys[qv].circuit(), points).unwrap();
    let store = Store::existing(&chain.path("deployment.json")).unwrap();
    let mut quiet = |_: &str| {};
    let mut steps = Steps::new(&client, store, &mut quiet).unwrap();
    let made = poll::create(
        &mut steps,
        &poll_config(Mode::Qv, PolicyConfig::Free),
        &key(2).public_key(),
        &keys,
    );
    assert!(matches!(made, Err(Error::Conflict(_))), "{made:?}");
    let instance = record.maci().unwrap();
    let polls = client.call(instance, &MACI::nextPollIdCall {}).unwrap();
    assert_eq!(polls, U256::ZERO);
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn n_05_another_chain_is_refused_and_a_wrong_address_is_named() {
    let chain = Chain::start();
    let options = ClientOptions {
        chain_id: Some(1),
        ..ClientOptions::default()
    };
    let refused = Client::connect(chain.anvil.url(), options);
    assert!(matches!(
        refused,
        Err(Error::WrongChain {
            expected: 1,
            found: 31337,
            ..
        })
    ));
    let client = chain.client(0);
    let nowhere = contracts::MACI::totalSignupsCall {};
    let answer = client.call(maci_chain::primitives::Address::repeat_byte(5), &nowhere);
    assert!(matches!(answer, Err(Error::NoCode { .. })), "{answer:?}");
}
