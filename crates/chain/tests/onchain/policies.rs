//! Policies let in whom they should, once; refusals come with the contract's own name and cost nothing.

use maci_chain::client::Call;
use maci_chain::contracts::{MockERC20, artifact};
use maci_chain::deploy::{Amount, PolicyConfig};
use maci_chain::primitives::{Address, Bytes, U256};
use maci_chain::sol_types::SolConstructor as _;
use maci_chain::{Client, Error, voter};

use crate::support::{Chain, account, key};

fn sign_up(client: &Client, maci: Address, number: u8, evidence: Bytes) -> Result<u64, Error> {
    let receipt = client.send(&voter::sign_up(maci, &key(number).public_key(), evidence))?;
    Ok(voter::signed_up(&receipt, maci)?.state_index)
}

fn refused_as(result: Result<u64, Error>, name: &str) {
    match result {
        Err(Error::Reverted { revert, .. }) => assert!(revert.is(name), "{revert}"),
        other => panic!("expected {name}, found {other:?}"),
    }
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn n_11_a_list_lets_in_who_stands_on_it_and_once() {
    let chain = Chain::start();
    let policy = PolicyConfig::List {
        addresses: vec![
            account(&chain, 0),
            account(&chain, 1),
            Address::repeat_byte(7),
        ],
    };
    let maci = chain
        .deploy(&chain.client(0), policy.clone())
        .maci()
        .unwrap();
    let (first, second, stranger) = (chain.client(0), chain.client(1), chain.client(2));
    let evidence = |index| policy.evidence(account(&chain, index), None);
    assert_eq!(sign_up(&first, maci, 1, evidence(0).unwrap()).unwrap(), 1);
    refused_as(
        sign_up(&first, maci, 2, evidence(0).unwrap()),
        "AlreadyEnforced",
    );
    assert!(evidence(2).is_err());
    refused_as(
        sign_up(&stranger, maci, 3, evidence(1).unwrap()),
        "InvalidProof",
    );
    // A key signs up once, whoever sends it.
    refused_as(
        sign_up(&second, maci, 1, evidence(1).unwrap()),
        "LeafAlreadyExists",
    );
    assert_eq!(sign_up(&second, maci, 4, evidence(1).unwrap()).unwrap(), 2);

    let keys = voter::signed_up_keys(&first, maci, 0).unwrap();
    let expected = [key(1).public_key(), key(4).public_key()];
    assert_eq!(keys[1..], expected);
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn a_token_gate_asks_for_more_than_its_threshold_and_lets_in_once() {
    let chain = Chain::start();
    let holder = chain.client(0);
    let constructor = MockERC20::constructorCall {
        name: "Test".to_owned(),
        symbol: "TST".to_owned(),
    };
    let code = artifact("MockERC20")
        .unwrap()
        .creation_code(
            &maci_chain::contracts::Libraries::new(),
            &constructor.abi_encode(),
        )
        .unwrap();
    let receipt = holder.send(&Call::deployment("MockERC20", code)).unwrap();
    let token = receipt.contract_address.unwrap();
    let give = MockERC20::transferCall {
        to: account(&chain, 2),
        value: U256::from(10),
    };
    holder.send(&Call::function(token, &give)).unwrap();

    let policy = PolicyConfig::Erc20 {
        token,
        threshold: Amount(U256::from(10)),
    };
    let maci = chain.deploy(&holder, policy).maci().unwrap();
    assert_eq!(sign_up(&holder, maci, 1, Bytes::new()).unwrap(), 1);
    refused_as(sign_up(&holder, maci, 2, Bytes::new()), "AlreadyEnforced");
    refused_as(
        sign_up(&chain.client(1), maci, 3, Bytes::new()),
        "BalanceTooLow",
    );
    refused_as(
        sign_up(&chain.client(2), maci, 4, Bytes::new()),
        "BalanceTooLow",
    );
}
