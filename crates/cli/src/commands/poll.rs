//! `maci poll`: looking at polls.

mod show;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

pub(crate) use show::describe_data;

/// What can be asked about a poll.
#[derive(Debug, Subcommand)]
pub(crate) enum PollCommand {
    /// Show a poll's parameters, counts and on-chain values; needs no key
    Show(show::ShowArgs),
}

/// Answers it.
pub(crate) fn run(context: &Context<'_>, command: &PollCommand) -> Result<Report, Failure> {
    match command {
        PollCommand::Show(args) => show::run(context, args),
    }
}
