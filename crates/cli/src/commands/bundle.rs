//! `maci bundle`: the audit bundle, everything that an auditor needs of one poll in one file.

mod make;
mod verify;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// What can be done with bundles.
#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Check all proofs as one transcript and write the bundle
    Make(make::MakeArgs),
    /// Audit a bundle offline; opens no connection and needs no key
    Verify(verify::VerifyArgs),
}

/// Does it.
pub(crate) fn run(context: &Context<'_>, command: &BundleCommand) -> Result<Report, Failure> {
    match command {
        BundleCommand::Make(args) => make::run(context, args),
        BundleCommand::Verify(args) => verify::run(context, args),
    }
}
