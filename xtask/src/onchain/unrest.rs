//! Submission while the chain is restless (security.md N-03, N-07, N-08): fees jump, blocks vanish with our transactions in them,
//! and a transaction that is not included is given up.

use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use maci_chain::BlockNumberOrTag;
use maci_chain::primitives::Address;
use serde_json::{Value, json};

use super::finish::{PATIENCE, automine};
use super::maci::Maci;
use super::small::SmallPoll;

/// Brings a proven poll onto a restless chain. Returns the figures.
pub(crate) fn hold(maci: &Maci, poll: &SmallPoll, proven: &str) -> Result<Value> {
    let start = Instant::now();
    let first = maci.client().head()? + 1;
    let before = poll.nonce(maci)?;
    let versions = given_up(maci, poll, proven)?;
    let (bumped, lost) = submitted(maci, poll, proven)?;
    poll.check_results(maci)?;
    // The canonical chain holds every step once, none failed, and one empty transfer.
    let (included, failed) = sent_since(maci, poll.operator.address, first)?;
    let sent = poll.nonce(maci)? - before;
    ensure!(
        failed == 0 && included == sent,
        "{included} transactions of {sent} are on the chain, {failed} failed"
    );
    let planned = maci.ok(&words(&poll.line(&["submit", "--dry-run"], proven)))?;
    ensure!(planned["calls"] == json!([]), "steps are left: {planned}");
    Ok(json!({
        "transactions": sent,
        "withdrawn_after_versions": versions,
        "bumped": bumped,
        "lost_to_a_reorganisation": lost,
        "seconds": start.elapsed().as_secs(),
    }))
}

fn words(line: &[String]) -> Vec<&str> {
    line.iter().map(String::as_str).collect()
}

/// One transaction stays out until it is withdrawn. Returns how many versions it had.
fn given_up(maci: &Maci, poll: &SmallPoll, proven: &str) -> Result<u64> {
    automine(maci, false)?;
    let submit = ["submit", "--bump-after", "1", "--patience", "3"];
    let line = poll.line(&submit, proven);
    maci.refused(&words(&line), 3, "transaction_pending")?;
    let withdraw = poll.line(&["submit", "--withdraw"], proven);
    let account = poll.operator.address;
    let (status, envelope) = scope(|threads| {
        let withdrawn = threads.spawn(|| maci.with(&withdraw, &[]));
        until(|| Ok(withdrawn.is_finished() || is_in_pool(maci, account)?))?;
        mine(maci)?;
        withdrawn
            .join()
            .map_err(|_| anyhow::anyhow!("the command could not be run"))?
    })?;
    ensure!(status.success(), "withdrawing ended: {envelope}");
    let settled = &envelope["data"]["settled"];
    ensure!(
        settled["call"] == json!("withdrawal of mergeState"),
        "what was withdrawn is {settled}"
    );
    let again = maci.ok(&words(&withdraw))?;
    ensure!(
        again["settled"].is_null(),
        "there is nothing more to give up"
    );
    settled["versions"].as_u64().context("no versions")
}

/// Whether the account's transfer to itself waits for a block.
fn is_in_pool(maci: &Maci, account: Address) -> Result<bool> {
    let block: Value = maci
        .client()
        .request_once("eth_getBlockByNumber", ("pending", true))?;
    let wanted = account.to_string().to_lowercase();
    let transactions = block["transactions"].as_array().context("no block")?;
    Ok(transactions.iter().any(|tx| {
        let is = |name: &str| tx[name].as_str().map(str::to_lowercase).as_ref() == Some(&wanted);
        is("from") && is("to")
    }))
}

/// The poll is submitted while fees jump and the newest blocks vanish once. Returns how many transactions were replaced and how
/// many were lost.
fn submitted(maci: &Maci, poll: &SmallPoll, proven: &str) -> Result<(usize, u64)> {
    let submit = ["submit", "--bump-after", "1", "--confirmations", "2"];
    let line = poll.line(&submit, proven);
    scope(|threads| {
        let submitting = threads.spawn(|| maci.with(&line, &[]));
        let mut lost = 0;
        let mut blocks = 0u64;
        let begin = poll.nonce(maci)?;
        while !submitting.is_finished() {
            let waiting = pending(maci, poll)? > poll.nonce(maci)?;
            if waiting {
                // Every third transaction finds that the next block costs ten times what it would pay.
                if blocks.is_multiple_of(3) {
                    raise_fees(maci)?;
                    mine(maci)?;
                    let out = poll.nonce(maci)?;
                    until(|| Ok(submitting.is_finished() || is_affordable(maci, poll, out)?))?;
                }
                mine(maci)?;
                blocks += 1;
            } else {
                mine(maci)?;
                sleep(Duration::from_millis(100));
            }
            let sent = poll.nonce(maci)?;
            if lost == 0 && sent >= begin + 3 {
                let _: Value = maci.client().request_once("anvil_reorg", (2, json!([])))?;
                lost = sent - poll.nonce(maci)?;
            }
        }
        let (status, mut envelope) = submitting
            .join()
            .map_err(|_| anyhow::anyhow!("the command could not be run"))??;
        ensure!(status.success(), "submission ended: {envelope}");
        let done = envelope["data"]["transactions"].take();
        let done = done.as_array().context("no transactions")?;
        let bumped = done
            .iter()
            .filter(|done| done["versions"].as_u64() > Some(1))
            .count();
        ensure!(bumped > 0, "nothing was replaced: {done:?}");
        ensure!(lost > 0, "no transaction was lost");
        Ok((bumped, lost))
    })
}

fn pending(maci: &Maci, poll: &SmallPoll) -> Result<u64> {
    let account = poll.operator.address;
    Ok(maci.client().nonce(account, BlockNumberOrTag::Pending)?)
}

/// The next block burns ten times the fees that the waiting transaction offers.
fn raise_fees(maci: &Maci) -> Result<()> {
    let block: Value = maci
        .client()
        .request_once("eth_getBlockByNumber", ("pending", true))?;
    let offered = block["transactions"][0]["maxFeePerGas"].as_str();
    let offered = offered.context("nothing waits")?.trim_start_matches("0x");
    let fee = u128::from_str_radix(offered, 16)? * 10;
    let _: Value = maci
        .client()
        .request_once("anvil_setNextBlockBaseFeePerGas", (format!("{fee:#x}"),))?;
    Ok(())
}

/// Whether the transaction after `included` ones would be in the next block, after it was replaced.
fn is_affordable(maci: &Maci, poll: &SmallPoll, included: u64) -> Result<bool> {
    let block: Value = maci
        .client()
        .request_once("eth_getBlockByNumber", ("pending", true))?;
    let transactions = block["transactions"].as_array().context("no block")?;
    Ok(!transactions.is_empty() || poll.nonce(maci)? > included)
}

/// Transactions of an account since a block, and how many of them failed.
fn sent_since(maci: &Maci, account: Address, first: u64) -> Result<(u64, u64)> {
    let (mut included, mut failed) = (0, 0);
    for number in first..=maci.client().head()? {
        let receipts: Value = maci
            .client()
            .request_once("eth_getBlockReceipts", (format!("{number:#x}"),))?;
        for receipt in receipts.as_array().context("no receipts")? {
            let from: Address = receipt["from"].as_str().context("no sender")?.parse()?;
            if from == account {
                included += 1;
                failed += u64::from(receipt["status"] != json!("0x1"));
            }
        }
    }
    Ok((included, failed))
}

fn mine(maci: &Maci) -> Result<()> {
    let _: Value = maci.client().request_once("evm_mine", ())?;
    Ok(())
}

/// Waits until something is the case.
fn until(mut is: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is()? {
        if start.elapsed() > PATIENCE {
            bail!("nothing happens");
        }
        sleep(Duration::from_millis(50));
    }
    Ok(())
}
