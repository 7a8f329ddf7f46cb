//! `maci poll`: making, closing and looking at polls.

mod close;
mod create;
mod show;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

pub(crate) use show::describe_data;

/// What can be done with a poll.
#[derive(Debug, Subcommand)]
pub(crate) enum PollCommand {
    /// Show a poll's parameters, counts and on-chain values; needs no key
    Show(show::ShowArgs),
    /// Create a poll on a chain, with a fresh coordinator key (was: deployPoll)
    Create(create::CreateArgs),
    /// Merge a poll's state after its end (was: mergeSignups)
    Close(close::CloseArgs),
}

/// Does it.
pub(crate) fn run(context: &Context<'_>, command: &PollCommand) -> Result<Report, Failure> {
    match command {
        PollCommand::Show(args) => show::run(context, args),
        PollCommand::Create(args) => create::run(context, args),
        PollCommand::Close(args) => close::run(context, args),
    }
}
