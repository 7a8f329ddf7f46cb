//! From the closed poll to its results on the chain, and the chain's word against the count by hand.

use anyhow::{Context, Result, ensure};
use maci_chain::contracts::{MessageProcessor, Tally};
use maci_chain::primitives::{Address, U256};
use serde_json::{Value, json};

use super::gas::Gas;
use super::maci::Maci;
use super::scenario::{Held, expected};

/// The calls that bring a poll onto the chain, by selector.
const CALLS: [(&str, &str); 3] = [
    ("0xb1a263d3", "processMessages"),
    ("0x23e3feb1", "tallyVotes"),
    ("0x", "addTallyResults"),
];

/// Runs the coordinator and compares what the chain then says.
pub(crate) fn bring(maci: &Maci, held: &Held, gas: &mut Gas) -> Result<()> {
    // anvil calls a block final when two epochs of 32 blocks lie on top of it.
    maci.mine(100)?;
    let before = maci.client().head()?;
    let instance = held.maci.to_string();
    let run = [
        "run",
        "--maci",
        &instance,
        "--poll",
        "0",
        "--key-file",
        "coordinator.key",
        "--eth-key-file",
        &held.operator.file,
        "--confirmations",
        "0",
        "--datadir",
        "job",
    ];
    maci.ok(&run)?;
    submission_gas(maci, held, before + 1, gas)?;
    check(maci, held)?;
    // Everything is done: a second run sends nothing.
    let done = maci.client().head()?;
    maci.ok(&run)?;
    ensure!(
        maci.client().head()? == done,
        "a second run sent a transaction"
    );
    Ok(())
}

/// Votes, spent credits and completion, asked from the contracts.
fn check(maci: &Maci, held: &Held) -> Result<()> {
    let client = maci.client();
    let (votes, spent) = expected();
    let complete = client.call(
        held.message_processor,
        &MessageProcessor::processingCompleteCall {},
    )?;
    let tallied = client.call(held.tally, &Tally::isTalliedCall {})?;
    ensure!(complete && tallied, "the poll is not processed and tallied");
    for (option, expected) in votes.iter().enumerate() {
        let call = Tally::getTallyResultsCall {
            index: U256::from(option),
        };
        let found = client.call(held.tally, &call)?;
        ensure!(
            found.isSet && found.value == U256::from(*expected),
            "option {option} has {} votes on the chain, expected {expected}",
            found.value
        );
    }
    let total = client.call(held.tally, &Tally::totalSpentCall {})?;
    ensure!(
        total == U256::from(spent),
        "the chain says that {total} voice credits are spent, expected {spent}"
    );
    let results = client.call(held.tally, &Tally::totalTallyResultsCall {})?;
    ensure!(
        results == U256::from(votes.len()),
        "{results} results are set"
    );
    Ok(())
}

/// The gas of the coordinator's transactions, read from the blocks.
fn submission_gas(maci: &Maci, held: &Held, from: u64, gas: &mut Gas) -> Result<()> {
    let client = maci.client();
    let contracts: [Address; 2] = [held.message_processor, held.tally];
    for number in from..=client.head()? {
        let block: Value =
            client.request("eth_getBlockByNumber", (format!("{number:#x}"), true))?;
        for transaction in block["transactions"].as_array().context("no block")? {
            let to = transaction["to"].as_str().and_then(|to| to.parse().ok());
            if !to.is_some_and(|to: Address| contracts.contains(&to)) {
                continue;
            }
            let input = transaction["input"].as_str().unwrap_or_default();
            let Some((_, name)) = CALLS
                .iter()
                .find(|(selector, _)| input.starts_with(selector))
            else {
                continue;
            };
            let hash = transaction["hash"].as_str().context("no hash")?.parse()?;
            let receipt = client.receipt(hash)?.context("no receipt")?;
            gas.note(name, &json!(receipt.gas_used))?;
        }
    }
    Ok(())
}
