//! A whole poll on a test chain, held by the real binary on MACI's unmodified contracts.
//!
//! anvil and MACI's own packages come from npm (`tools/chain`). The scenario's outcome is known beforehand, counted by hand
//! in [`scenario`], so that what the chain says in the end is compared with something that no code of ours computed.

mod canary;
mod finish;
mod gas;
mod kills;
mod maci;
mod modes;
mod scenario;
mod small;
mod unrest;
mod voters;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use maci_chain::contracts::Poll;
use maci_chain::testing::{Anvil, anvil};

use crate::stages;

use gas::Gas;
use maci::Maci;

/// What a run is asked for.
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Print one JSON object with the figures.
    pub(crate) json: bool,
    /// Write the pinned gas instead of comparing with it.
    pub(crate) bless: bool,
    /// Leave the chain crate's own tests out.
    pub(crate) poll_only: bool,
    /// Only the small poll: killed at every step, and on a restless chain.
    pub(crate) small_only: bool,
}

/// Installs anvil, runs the chain crate's tests on it, and holds the poll.
pub(crate) fn run(root: &Path, options: Options) -> Result<()> {
    let binary = install(root)?;
    if !(options.poll_only || options.small_only) {
        chain_tests(root)?;
    }
    let work = root.join("target/e2e-onchain");
    if work.exists() {
        std::fs::remove_dir_all(&work)
            .with_context(|| format!("cannot empty {}", work.display()))?;
    }
    std::fs::create_dir_all(&work)?;
    let chain = Anvil::spawn(&binary, &[]).context("anvil does not start")?;
    let maci = Maci::build(root, &work, chain.url())?;
    let small = small(&maci, &binary)?;
    if options.small_only {
        maci::print(&small);
        return Ok(());
    }
    let mut gas = Gas::default();
    let held = scenario::hold(&maci, root, &mut gas)?;
    check_counts(&maci, &held)?;
    let finished = finish::finish(&maci, root, &held, &mut gas)?;
    let modes = modes::hold(&maci, root, &held, &mut gas)?;
    gas.hold(&root.join("crates/chain/gas.json"), options.bless)?;
    if options.json {
        maci::print(&serde_json::json!({
            "gas": gas.rows(),
            "messages": held.messages,
            "leaves": held.leaves,
            "small": small,
            "finished": finished,
            "modes": modes,
        }));
    }
    Ok(())
}

/// A small poll, tallied many times.
fn small(maci: &Maci, anvil: &Path) -> Result<serde_json::Value> {
    let (maci, poll) = small::hold(maci, anvil)?;
    let killed = kills::hold(&maci, &poll)?;
    let unrest = unrest::hold(&maci, &poll, "killed")?;
    Ok(serde_json::json!({ "killed": killed, "unrest": unrest }))
}

/// The chain's own counts of what was published and joined.
fn check_counts(maci: &Maci, held: &scenario::Held) -> Result<()> {
    let counts = maci
        .client()
        .call(held.poll, &Poll::totalSignupsAndMessagesCall {})?;
    let found: (u64, u64) = (
        counts.numSUps.saturating_to(),
        counts.numMsgs.saturating_to(),
    );
    ensure!(
        found == (held.leaves, held.messages),
        "the poll counts {found:?} leaves and messages, expected {:?}",
        (held.leaves, held.messages)
    );
    ensure!(
        held.messages > 41 && !held.messages.is_multiple_of(20),
        "one batch must be partial"
    );
    Ok(())
}

/// Installs the packages of `tools/chain` when absent and returns anvil's binary.
fn install(root: &Path) -> Result<std::path::PathBuf> {
    let tools = root.join("tools/chain");
    if !tools.join("node_modules/.package-lock.json").is_file() {
        ensure!(
            stages::available("npm"),
            "npm is not installed: the on-chain tests need Node 20 with npm"
        );
        let install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        stages::run(&tools, "npm", &install, &[])?;
    }
    Ok(anvil::binary(&tools))
}

/// The chain crate's own tests that need a chain. The whole workspace is named, as in the test run before, so that nothing
/// is built a second time with other features.
fn chain_tests(root: &Path) -> Result<()> {
    let args = [
        "nextest",
        "run",
        "--workspace",
        "--cargo-profile",
        "ci",
        "--run-ignored",
        "only",
        "--filter-expr",
        "package(maci-chain) & binary(onchain)",
    ];
    stages::run(root, "cargo", &args, &[])
}
