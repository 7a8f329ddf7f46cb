//! `cargo xtask bench prover`: the prover's bench, built with optimisation and run with its arguments.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{e2e, stages};

/// What to measure and how to show it.
pub(crate) struct Options {
    pub(crate) json: bool,
    pub(crate) report: bool,
    pub(crate) end_to_end: bool,
    pub(crate) profile: String,
    pub(crate) sizes: Vec<u32>,
}

/// Builds and runs the bench; what it prints goes to standard output as it is. snarkjs is installed where npm is.
pub(crate) fn prover(root: &Path, options: &Options) -> Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(root)
        // arkworks' assembler takes effect on a named processor only; a peer is measured at its best.
        .env("RUSTFLAGS", "-C target-cpu=native")
        .args(["bench", "--quiet", "--profile", &options.profile])
        .args(["-p", "maci-benches", "--features", "asm"])
        .args(["--bench", "prover", "--"])
        .args(options.sizes.iter().map(u32::to_string));
    if options.json {
        command.arg("--json");
    }
    if options.report {
        command.arg("--report");
    }
    if options.end_to_end {
        command.arg("--end-to-end");
    }
    if stages::available("npm") {
        e2e::install(root)?;
        command.env(
            "SNARKJS",
            root.join("tools/e2e/node_modules/snarkjs/build/cli.cjs"),
        );
    }
    let status = command.status().context("cargo cannot be started")?;
    ensure!(status.success(), "the prover's bench failed");
    Ok(())
}
