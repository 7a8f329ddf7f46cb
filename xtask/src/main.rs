//! Chores of the workspace: `cargo xtask test | snarkjs | e2e | vectors | contracts | pinned | layers`.
//!
//! `test` is the one test command of the README and of CI. The other commands regenerate committed files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

mod bare;
mod bench;
mod contracts;
mod e2e;
mod layers;
mod onchain;
mod pinned;
mod stages;
mod test;
mod vectors;

/// Chores and generated files of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the end-to-end tests need and run every test.
    Test {
        /// Also run the long fuzz, cargo-deny and the builds without an operating system.
        #[arg(long)]
        thorough: bool,
    },
    /// Prove a recorded and a simulated poll and have snarkjs check every proof.
    Snarkjs,
    /// Build maci-verifier for a microcontroller and for WebAssembly.
    Bare,
    /// Hold a whole poll on a test chain.
    #[command(subcommand)]
    E2e(E2e),
    /// Check the layering of the crates (docs/architecture.md, section 3).
    Layers,
    /// Rewrite circuits/pinned from the circuits.
    Pinned,
    /// Rewrite the JSON test vectors from the npm packages that they come from.
    Vectors,
    /// Measure beside other programs, in one run.
    #[command(subcommand)]
    Bench(Bench),
    /// Rewrite crates/chain/abi from MACI's npm package of compiled contracts.
    Contracts,
}

/// Whole polls on a chain.
#[derive(Debug, Subcommand)]
enum E2e {
    /// On anvil, with MACI's unmodified contracts and the real binary.
    Onchain {
        /// Print the figures as one JSON object.
        #[arg(long)]
        json: bool,
        /// Write the pinned gas instead of comparing with it.
        #[arg(long)]
        bless: bool,
        /// Hold the poll without the chain crate's own tests before it.
        #[arg(long)]
        poll_only: bool,
        /// Only the small poll: killed at every step, and on a restless chain.
        #[arg(long)]
        small_only: bool,
    },
}

/// What is measured.
#[derive(Debug, Subcommand)]
enum Bench {
    /// Our prover beside ark-groth16, snarkjs and the rapidsnark that the variable RAPIDSNARK names.
    Prover {
        /// Print the figures as one JSON object.
        #[arg(long)]
        json: bool,
        /// Write benches/report.
        #[arg(long)]
        report: bool,
        /// Also a whole batch beside rapidsnark on a circuit as large as MACI's for the same batch.
        #[arg(long)]
        end_to_end: bool,
        /// The profile to build with.
        #[arg(long, default_value = "release")]
        profile: String,
        /// Logarithms of the domain's sizes; 14, 16 and 18 when none is given.
        sizes: Vec<u32>,
    },
}

fn main() -> Result<()> {
    let root = workspace_root()?;
    match Cli::parse().command {
        Command::Test { thorough } => test::run(&root, thorough),
        Command::Snarkjs => e2e::run(&root),
        Command::Bare => bare::run(&root),
        Command::E2e(E2e::Onchain {
            json,
            bless,
            poll_only,
            small_only,
        }) => {
            let options = onchain::Options {
                json,
                bless,
                poll_only,
                small_only,
            };
            onchain::run(&root, options)
        }
        Command::Layers => layers::check(&root),
        Command::Pinned => pinned::run(&root),
        Command::Vectors => vectors::run(&root),
        Command::Bench(Bench::Prover {
            json,
            report,
            end_to_end,
            profile,
            sizes,
        }) => {
            let options = bench::Options {
                json,
                report,
                end_to_end,
                profile,
                sizes,
            };
            bench::prover(&root, &options)
        }
        Command::Contracts => contracts::run(&root),
    }
}

fn workspace_root() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .context("xtask lies one level below the workspace root")
}
