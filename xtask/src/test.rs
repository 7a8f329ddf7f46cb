//! The one test command: what it needs is installed first, then everything runs, with the time of each stage.

use std::path::Path;

use anyhow::Result;

use crate::stages::{self, Stages, available};
use crate::{bare, e2e, layers, onchain};

const PROFILE: &str = "ci";

/// Runs every test; `thorough` adds the slow gates.
fn run_all(root: &Path, thorough: bool, stages: &mut Stages) -> Result<()> {
    let cargo = |args: &[&str], env: &[(&str, &str)]| stages::run(root, "cargo", args, env);
    stages.run("format", || cargo(&["fmt", "--all", "--check"], &[]))?;
    stages.run("layers", || layers::check(root))?;
    stages.run("clippy", || {
        cargo(
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--profile",
                PROFILE,
                "--quiet",
                "--",
                "-D",
                "warnings",
            ],
            &[],
        )
    })?;
    stages.run("test runner", || {
        if available("cargo-nextest") {
            return Ok(());
        }
        cargo(&["install", "cargo-nextest", "--locked", "--quiet"], &[])
    })?;
    let fuzz: &[(&str, &str)] = if thorough {
        &[
            ("MACI_FUZZ_CASES", "10000"),
            ("MACI_HOSTILE_SEEDS", "10000"),
        ]
    } else {
        &[]
    };
    stages.run("tests", || {
        cargo(
            &[
                "nextest",
                "run",
                "--workspace",
                "--cargo-profile",
                PROFILE,
                "--no-fail-fast",
            ],
            fuzz,
        )
    })?;
    stages.run("documentation tests", || {
        cargo(
            &[
                "test",
                "--doc",
                "--workspace",
                "--profile",
                PROFILE,
                "--quiet",
            ],
            &[],
        )
    })?;
    stages.run("snarkjs accepts our proofs", || e2e::run(root))?;
    stages.run("examples", || e2e::examples(root))?;
    stages.run("polls on a chain", || {
        onchain::run(root, onchain::Options::default())
    })?;
    if thorough {
        stages.run("cargo-deny", || {
            if !available("cargo-deny") {
                cargo(&["install", "cargo-deny", "--locked", "--quiet"], &[])?;
            }
            // The crates of other systems too: cargo-deny looks at all of them.
            cargo(&["fetch", "--locked", "--quiet"], &[])?;
            cargo(
                &["deny", "--offline", "check", "licenses", "bans", "sources"],
                &[],
            )
        })?;
        stages.run("no_std and WebAssembly", || bare::run(root))?;
    }
    Ok(())
}

/// Runs every test and prints the time of each stage, also on failure.
pub(crate) fn run(root: &Path, thorough: bool) -> Result<()> {
    let mut stages = Stages::default();
    let result = run_all(root, thorough, &mut stages);
    stages.report();
    result
}
