//! The preflight against real contracts, and the node that submission asks.

use maci_chain::Client;
use maci_chain::client::Call;
use maci_chain::contracts::Poll;
use maci_chain::deploy::{PolicyConfig, PollRecord, Record, Steps, Store, poll};
use maci_chain::doctor::{Checkup, Expected, Outcome, examine};
use maci_chain::submit::{Addresses, Chain as _, Node as _, OnChain};
use maci_verifier::{CircuitId, Mode, VkId};

use crate::support::{Chain, account, key, poll_config, shipped_keys};

fn outcome(checkup: &Checkup, name: &str) -> Outcome {
    let of_name = checkup.checks.iter().filter(|check| check.name == name);
    of_name.map(|check| check.outcome).max().unwrap()
}

fn shipped(circuit: CircuitId) -> Option<VkId> {
    let keys = shipped_keys();
    keys.iter()
        .find(|key| *key.circuit() == circuit)
        .map(maci_verifier::VerifyingKey::id)
}

fn hold(chain: &Chain, client: &Client) -> (Record, PollRecord) {
    let record = chain.deploy(client, PolicyConfig::Free);
    let store = Store::existing(&chain.path("deployment.json")).unwrap();
    let mut quiet = |_: &str| {};
    let mut steps = Steps::new(client, store, &mut quiet).unwrap();
    let made = poll::create(
        &mut steps,
        &poll_config(Mode::Qv, PolicyConfig::Free),
        &key(2).public_key(),
        &shipped_keys(),
    );
    (record, made.unwrap().unwrap())
}

fn set_next_time(client: &Client, time: u64) {
    let _: serde_json::Value = client
        .request_once("evm_setNextBlockTimestamp", (time,))
        .unwrap();
    let _: serde_json::Value = client.request_once("evm_mine", ()).unwrap();
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn the_preflight_sees_the_end_the_funds_and_every_key_of_the_registry() {
    let chain = Chain::start();
    let client = chain.client(0);
    let (record, made) = hold(&chain, &client);
    let maci = record.maci().unwrap();
    let look = |key_of: &dyn Fn(CircuitId) -> Option<VkId>| {
        let expected = Expected {
            account: Some(account(&chain, 0)),
            ..Expected::default()
        };
        examine(&client, maci, 0, &expected, key_of).0
    };
    let open = look(&shipped);
    // Anvil's blocks lie on no grid.
    assert_eq!(outcome(&open, "end_date"), Outcome::Warning);
    let content = [
        "registry_joining_key",
        "registry_joined_key",
        "tally_verifier",
        "poll_verifier",
        "poll_registry",
        "funds",
    ];
    for name in content {
        assert_eq!(outcome(&open, name), Outcome::Pass, "{name}");
    }
    // A deployer who kept the secrets of the joining key lets in whom he likes.
    let foreign = look(&|circuit| match circuit {
        CircuitId::PollJoining { state_tree_depth } => {
            shipped(CircuitId::PollJoined { state_tree_depth })
        }
        other => shipped(other),
    });
    assert_eq!(outcome(&foreign, "registry_joining_key"), Outcome::Failure);

    // Once the poll is over its end cannot be hit any more.
    set_next_time(&client, made.end + 1);
    let over = look(&shipped);
    assert!(over.checks.iter().all(|check| check.name != "end_date"));
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn n_05_calls_are_tried_on_a_block_that_was_seen() {
    let chain = Chain::start();
    let client = chain.client(0);
    let (record, made) = hold(&chain, &client);
    let at = Addresses::find(&client, record.maci().unwrap(), 0).unwrap();
    assert_eq!(at.poll, made.poll);
    let node = OnChain::new(&client, at);
    let position = node.position(0).unwrap().unwrap();
    let merge = Call::function(at.poll, &Poll::mergeStateCall {});
    assert!(
        node.simulate(&merge, position.block).is_err(),
        "voting is open"
    );
    set_next_time(&client, position.end_date + 1);
    // A block that no replica has yet is no refusal by the contract.
    let ahead = node.simulate(&merge, position.block + 100).unwrap_err();
    assert!(
        matches!(ahead, maci_chain::Error::Refused { .. }),
        "{ahead}"
    );
    let node = OnChain::new(&client, at);
    node.simulate(&merge, position.block).unwrap();
    assert!(node.estimate(&merge, position.block).unwrap() > 21_000);
    assert!(!node.knows([7; 32].into()).unwrap());
}
