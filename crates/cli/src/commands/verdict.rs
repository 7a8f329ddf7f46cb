//! `maci verdict`: what a proven tally means for a market, as a file that anyone can check again.

mod make;
mod show;
mod verify;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// What can be done with verdicts.
#[derive(Debug, Subcommand)]
pub(crate) enum VerdictCommand {
    /// Audit a bundle and judge it under a market's terms
    Make(make::MakeArgs),
    /// Judge the bundle again and compare every field
    Verify(verify::VerifyArgs),
    /// Show what a verdict file says; proves nothing
    Show(show::ShowArgs),
}

/// Does it.
pub(crate) fn run(context: &Context<'_>, command: &VerdictCommand) -> Result<Report, Failure> {
    match command {
        VerdictCommand::Make(args) => make::run(context, args),
        VerdictCommand::Verify(args) => verify::run(context, args),
        VerdictCommand::Show(args) => show::run(context, args),
    }
}
