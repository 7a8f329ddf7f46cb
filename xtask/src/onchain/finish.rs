//! From the end of voting to the results on the chain, with the process killed wherever a crash would hurt most.
//!
//! 1. `maci doctor` finds nothing to object to, and objects to a wrong coordinator key.
//! 2. `maci run` is killed with -9 while it proves.
//! 3. With blocks held back, `maci submit` is killed with -9 between sending and the receipt of every single transaction.
//! 4. The last `maci run` finds everything on the chain; the operator's nonce says that nothing was sent twice, and the chain's
//!    results are those that were counted by hand. MACI's own packages accept the tally file on MACI's own Tally contract.

use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use maci_chain::BlockNumberOrTag;
use maci_chain::contracts::{MessageProcessor, Tally};
use maci_chain::primitives::{Address, U256};
use serde_json::{Value, json};

use super::gas::Gas;
use super::maci::Maci;
use super::scenario::{self, Held};
use crate::stages;

/// Longer than any step takes on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(15);

/// Takes a closed poll to its results. Returns the figures.
pub(crate) fn finish(maci: &Maci, root: &Path, held: &Held, gas: &mut Gas) -> Result<Value> {
    let instance = held.maci.to_string();
    let poll = ["--maci", &instance, "--poll", "0"];
    doctor(maci, held, &poll)?;
    let key = ["--key-file", "coordinator.key", "--datadir", "data"];
    let pays = [
        "--eth-key-file",
        &held.operator.file,
        "--confirmations",
        "0",
    ];
    let run = [&["run"], &poll[..], &key, &pays, &["--finality", "0"]].concat();
    let submit = [&["submit"], &key[..], &pays].concat();

    killed_while_proving(maci, &run)?;
    let prove = [&["prove"], &key[..]].concat();
    same_circuits(maci, root, &maci.ok(&prove)?)?;
    let planned = maci.ok(&[&submit[..], &["--dry-run"]].concat())?;
    let steps = planned["calls"].as_array().context("no calls")?.len();
    let nonce = maci
        .client()
        .nonce(held.operator.address, BlockNumberOrTag::Latest)?;
    for step in 0..steps {
        killed_before_the_receipt(maci, held, &submit)
            .with_context(|| format!("at step {step} of {steps}"))?;
    }

    let done = maci.ok(&run)?;
    for transaction in done["transactions"].as_array().context("no transactions")? {
        ensure!(
            transaction["success"] == json!(true),
            "a transaction failed: {transaction}"
        );
        gas.note(
            transaction["call"].as_str().context("no call")?,
            &transaction["gas"],
        )?;
    }
    check_results(maci, held, &done["results"])?;
    macis_checks(maci, root, &held.tally.to_string(), "data")?;
    // Once more changes nothing, and nothing was ever sent twice.
    maci.ok(&run)?;
    maci.ok(&submit)?;
    let sent = maci
        .client()
        .nonce(held.operator.address, BlockNumberOrTag::Latest)?
        - nonce;
    ensure!(
        sent == steps as u64,
        "{steps} steps took {sent} transactions"
    );
    maci.ok(&["bundle", "verify", "data/bundle.json"])?;
    Ok(json!({ "steps": steps, "kills": steps + 1, "results": done["results"] }))
}

/// The matrices that were proved are those of `circuits stats`, and those that the registered keys were made for.
fn same_circuits(maci: &Maci, root: &Path, proved: &Value) -> Result<()> {
    let directory = root.join("keys").display().to_string();
    let listed = maci.ok(&["keys", "list", "--dir", &directory])?;
    let keys = listed["verifying_keys"].as_array().context("no keys")?;
    let circuits = proved["circuits"].as_array().context("no circuits")?;
    ensure!(
        circuits.len() == 2,
        "two circuits prove a poll: {circuits:?}"
    );
    for circuit in circuits {
        let (id, digest) = (&circuit["circuit"], &circuit["digest"]);
        let measured = maci.ok(&["circuits", "stats", id.as_str().context("no id")?])?;
        ensure!(measured["digest"] == *digest, "stats measures another {id}");
        let entry = keys.iter().find(|key| key["circuit"] == *id);
        let entry = entry.context("no key in the manifest")?;
        ensure!(
            entry["circuit_digest"] == *digest,
            "{id} was proved with matrices {digest}, its key was made for {}",
            entry["circuit_digest"]
        );
    }
    Ok(())
}

fn doctor(maci: &Maci, held: &Held, poll: &[&str]) -> Result<()> {
    let doctor = [&["doctor"], poll, &["--eth-key-file", &held.operator.file]].concat();
    let found = maci.ok(&[&doctor[..], &["--key-file", "coordinator.key"]].concat())?;
    for check in found["checks"].as_array().context("no checks")? {
        let name = check["check"].as_str().unwrap_or_default();
        let machine = name.starts_with("disk") || name == "memory";
        ensure!(
            machine || check["outcome"] == json!("pass"),
            "the doctor is not content: {check}"
        );
    }
    std::fs::write(maci.path("other.key"), "macisk.1234\n")?;
    let other = [&doctor[..], &["--key-file", "other.key"]].concat();
    maci.refused(&other, 1, "doctor_failed")
}

/// Kills `maci run` once a proof is on disk.
fn killed_while_proving(maci: &Maci, run: &[&str]) -> Result<()> {
    let proofs = maci.path("data/proofs");
    let mut child = maci.spawn(run)?;
    wait(&mut child, || {
        Ok(std::fs::read_dir(Path::new(&proofs)).is_ok_and(|files| files.count() > 0))
    })?;
    kill(child)
}

/// Lets `maci submit` send one transaction, kills it before any block, and only then lets the chain go on.
fn killed_before_the_receipt(maci: &Maci, held: &Held, submit: &[&str]) -> Result<()> {
    let account = held.operator.address;
    automine(maci, false)?;
    let before = maci.client().nonce(account, BlockNumberOrTag::Latest)?;
    let mut child = maci.spawn(submit)?;
    wait(&mut child, || {
        Ok(maci.client().nonce(account, BlockNumberOrTag::Pending)? > before)
    })?;
    kill(child)?;
    // A second process finds the first one's transaction and waits for it, without sending one of its own.
    let mut child = maci.spawn(submit)?;
    sleep(Duration::from_millis(500));
    let pending = maci.client().nonce(account, BlockNumberOrTag::Pending)?;
    ensure!(
        pending == before + 1,
        "{} transactions for one step",
        pending - before
    );
    ensure!(
        child.try_wait()?.is_none(),
        "submission ended without a receipt"
    );
    kill(child)?;
    automine(maci, true)?;
    let _: Value = maci.client().request_once("evm_mine", ())?;
    Ok(())
}

pub(crate) fn automine(maci: &Maci, on: bool) -> Result<()> {
    let _: Value = maci.client().request_once("evm_setAutomine", (on,))?;
    Ok(())
}

/// Waits until something is the case; the process must still run then.
fn wait(child: &mut Child, mut until: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !until()? {
        if let Some(status) = child.try_wait()? {
            bail!("the process ended by itself, with {status}");
        }
        ensure!(start.elapsed() < PATIENCE, "nothing happens");
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// kill -9: no destructor runs, nothing is flushed.
fn kill(mut child: Child) -> Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// The chain's own results against the count by hand, and ours against both.
fn check_results(maci: &Maci, held: &Held, ours: &Value) -> Result<()> {
    let (votes, spent) = scenario::expected();
    for (option, expected) in votes.iter().enumerate() {
        ensure!(ours["results"][option] == json!(expected.to_string()));
    }
    ensure!(ours["total_spent"] == json!(spent.to_string()));
    ensure!(
        maci.client().call(
            held.message_processor,
            &MessageProcessor::processingCompleteCall {}
        )?,
        "the poll is not processed"
    );
    check_on_chain(maci, held.tally, &votes, spent)
}

/// The chain's own results against a count by hand.
pub(crate) fn check_on_chain(maci: &Maci, tally: Address, votes: &[u64], spent: u64) -> Result<()> {
    let client = maci.client();
    ensure!(
        client.call(tally, &Tally::isTalliedCall {})?,
        "the poll is not tallied"
    );
    for (option, expected) in votes.iter().enumerate() {
        let index = U256::from(option);
        let found = client.call(tally, &Tally::getTallyResultsCall { index })?;
        ensure!(
            found.isSet && found.value == U256::from(*expected),
            "option {option} has {} votes on the chain, {expected} were counted by hand",
            found.value
        );
    }
    let total = client.call(tally, &Tally::totalSpentCall {})?;
    ensure!(
        total == U256::from(spent),
        "{total} credits are spent on the chain, {spent} were counted"
    );
    Ok(())
}

/// The poll's Tally contract checks our tally file, asked by a script on MACI's own packages.
pub(crate) fn macis_checks(maci: &Maci, root: &Path, tally: &str, data: &str) -> Result<()> {
    let file = maci.path(&format!("{data}/tally.json"));
    let checks = ["tally_checks.mjs", maci.url(), tally, &file];
    stages::run(&root.join("tools/chain"), "node", &checks, &[])
}
