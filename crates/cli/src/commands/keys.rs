//! `maci keys`: where proofs get their keys from.
//!
//! Until a ceremony exists every key comes from a public seed: anyone regenerates it, and anyone can forge proofs for it.
//! The files say so, and so does every command that touches them.

mod check;
mod export;
mod list;
mod prepare;
mod setup;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List verifying keys that ship and proving keys in the cache
    List(list::ListArgs),
    /// Make development keys from their public seed
    Setup(setup::SetupArgs),
    /// Check verifying keys against the manifest, their circuits and their seed
    Check(check::CheckArgs),
    /// Export a verifying key for snarkjs or for MACI's contracts
    Export(export::ExportArgs),
    /// Check a key of snarkjs once and write it in the form that loads fastest
    Prepare(prepare::PrepareArgs),
}

/// Where verifying keys lie.
#[derive(Args, Debug)]
pub(crate) struct KeyDirArgs {
    /// Directory of manifest.toml and the verifying keys
    #[arg(long, value_name = "DIR", default_value = "keys")]
    pub(crate) dir: PathBuf,
}

/// Does it.
pub(crate) fn run(context: &Context<'_>, command: &KeysCommand) -> Result<Report, Failure> {
    match command {
        KeysCommand::List(args) => list::run(context, args),
        KeysCommand::Setup(args) => setup::run(context, args),
        KeysCommand::Check(args) => check::run(context, args),
        KeysCommand::Export(args) => export::run(context, args),
        KeysCommand::Prepare(args) => prepare::run(context, args),
    }
}
