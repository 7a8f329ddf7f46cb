//! `cargo xtask bench prover`: the prover's bench, built with optimisation and run with its arguments.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Builds and runs the bench; what it prints goes to standard output as it is.
pub(crate) fn prover(root: &Path, profile: &str, json: bool, sizes: &[u32]) -> Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(root)
        .args(["bench", "--quiet", "--profile", profile])
        .args(["-p", "maci-benches", "--bench", "prover", "--"])
        .args(sizes.iter().map(u32::to_string));
    if json {
        command.arg("--json");
    }
    let status = command.status().context("cargo cannot be started")?;
    ensure!(status.success(), "the prover's bench failed");
    Ok(())
}
